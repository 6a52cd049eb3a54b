/* SPDX-License-Identifier: Apache-2.0
 *
 * rewrite_tables.c: rules of products by table whose factors are the same node. In: a product in normal form. Out: one
 * that counts each product of two components, or of three, once: x_a x_b and x_b x_a are one term, and what
 * cancels is gone (the product of a vector with itself to a vector, an odd degree three times): that is 0 also where
 * components are infinite.
 */
#include "rewrite.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDING  1e-14  /* of the terms that were added: what is left where they cancel                */
#define CUBE_MOST 200000 /* terms of three factors that are looked at                                   */

typedef struct
    monomial { /* of number k: weight x_a x_b x_c, a <= b <= c; size: of the weights that were added */
    uint32_t k, a, b, c;
    double weight, size;
} monomial;
typedef VEC(monomial) polynomial;

static int by_factors(const void *x, const void *y)
{
    const monomial *m = x, *n = y;
    if (m->k != n->k) return m->k < n->k ? -1 : 1;
    if (m->c != n->c) return m->c < n->c ? -1 : 1;
    if (m->b != n->b) return m->b < n->b ? -1 : 1;
    return m->a < n->a ? -1 : m->a > n->a;
}

static void exchange(uint32_t *a, uint32_t *b)
{
    if (*a <= *b) return;
    uint32_t kept = *a;
    *a = *b;
    *b = kept;
}

static void add_monomial(arena *memory, polynomial *p, uint32_t k, const uint32_t x[3], double weight)
{
    monomial m = {k, x[0], x[1], x[2], weight, fabs(weight)};
    exchange(&m.a, &m.b);
    exchange(&m.b, &m.c);
    exchange(&m.a, &m.b);
    vec_push(memory, p, m);
}

/* equal monomials become one; those that cancel go */
static void gather(polynomial *p)
{
    uint32_t made = 0, kept = 0;
    if (p->n) qsort(p->at, p->n, sizeof *p->at, by_factors);
    for (uint32_t i = 0; i < p->n; i++) {
        monomial m = p->at[i];
        if (made && by_factors(&p->at[made - 1], &m) == 0) {
            p->at[made - 1].weight += m.weight;
            p->at[made - 1].size += m.size;
        } else {
            p->at[made++] = m;
        }
    }
    for (uint32_t i = 0; i < made; i++)
        if (fabs(p->at[i].weight) > ROUNDING * p->at[i].size) p->at[kept++] = p->at[i];
    p->n = kept;
}

static node_id product(rewriter *r, node_id a, node_id b, const product_table *t, span at)
{
    node_imm imm = {.table = program_table(r->p, t->a, t->b, t->to, t->term, t->n)};
    return program_node(r->p, OP_BILINEAR, t->to, (node_id[]){a, b}, 2, &imm, at);
}

static node_id square(rewriter *r, node_id x, uint32_t table, span at)
{
    product_table t = r->p->tables.at[table];
    polynomial p = {0};
    for (uint32_t i = 0; i < t.n; i++)
        add_monomial(r->memory, &p, t.term[i].k, (uint32_t[]){0, t.term[i].i, t.term[i].j}, t.term[i].weight);
    gather(&p);
    if (p.n == t.n) return SETIR_NONE;
    t.term = arena_array(r->memory, product_term, p.n + 1);
    t.n = p.n;
    for (uint32_t i = 0; i < p.n; i++)
        t.term[i] = (product_term){p.at[i].k, p.at[i].b, p.at[i].c, p.at[i].weight};
    return product(r, x, x, &t, at);
}

/* the monomials of (x x) x by the two tables; false: too many */
static bool expand(rewriter *r, const product_table *pairs, const product_table *last, polynomial *out)
{
    for (uint32_t j = 0; j < last->n; j++)
        for (uint32_t i = 0; i < pairs->n; i++) {
            const product_term *s = &last->term[j], *t = &pairs->term[i];
            if (t->k != s->i) continue;
            if (out->n == CUBE_MOST) return false;
            add_monomial(r->memory, out, s->k, (uint32_t[]){t->i, t->j, s->j}, s->weight * t->weight);
        }
    gather(out);
    return true;
}

/* number k is the sum over c of x_c times the sum of the x_a x_b that stand with it */
static node_id cube(rewriter *r, node_id x, uint32_t first, uint32_t second, span at)
{
    product_table pairs = r->p->tables.at[first], last = r->p->tables.at[second];
    polynomial p = {0};
    if (!expand(r, &pairs, &last, &p)) return SETIR_NONE;
    product_term *inner = arena_array(r->memory, product_term, p.n + 1),
                 *outer = arena_array(r->memory, product_term, p.n + 1);
    uint32_t sums = 0;
    for (uint32_t i = 0; i < p.n; i++) {
        const monomial *m = &p.at[i];
        bool same = i && m->k == p.at[i - 1].k && m->c == p.at[i - 1].c;
        if (!same) {
            outer[sums] = (product_term){m->k, sums, m->c, 1};
            sums++;
        }
        inner[i] = (product_term){sums - 1, m->a, m->b, m->weight};
    }
    if (!sums || p.n + sums >= pairs.n + last.n) return SETIR_NONE;
    pairs = (product_table){pairs.a, pairs.b, elem_channels(sums), inner, p.n};
    node_id between = product(r, x, x, &pairs, at);
    last = (product_table){pairs.to, last.b, last.to, outer, sums};
    return product(r, between, x, &last, at);
}

node_id rule_bilinear(rewriter *r, const node_id *args, uint32_t table, span at)
{
    if (args[0] == args[1]) return square(r, args[0], table, at);
    const node *pairs = &r->p->nodes.at[args[0]];
    bool thrice = pairs->op == OP_BILINEAR && pairs->arg[0] == args[1] && pairs->arg[1] == args[1];
    return thrice ? cube(r, args[1], pairs->imm.table, table, at) : SETIR_NONE;
}
