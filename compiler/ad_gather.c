/* SPDX-License-Identifier: Apache-2.0
 *
 * ad_gather.c: contributions to a leaf at an index, turned round into the leaf's own sum. In: value over the
 * variables of the place of use, and the index there. Out: for a given index, the sum over the variables for
 * which the place's index is that one: solved for the variables where it can be (a pair's other end is reached
 * by the reversed pair), else by a comparison.
 */
#include "ad_internal.h"

collector *ad_collector(ad *x, target to)
{
    for (uint32_t k = 0; k < x->to.n; k++)
        if (x->to.at[k].to.kind == to.kind && x->to.at[k].to.id == to.id) return &x->to.at[k];
    return NULL;
}

void ad_collect(ad *x, target to, const node_id *index, uint32_t n, guarded g, const node *leaf)
{
    collector *c = ad_collector(x, to);
    if (!c) {
        vec_push(x->a, &x->to, ((collector){.to = to}));
        c = &x->to.at[x->to.n - 1];
    }
    contribution *k = arena_new(x->a, contribution);
    *k = (contribution){c->list, g, index, n, leaf->free, leaf->n_free};
    c->list = k;
}

/* ---- solving for the variables ------------------------------------------------------------------------- */

typedef struct solution {
    ad *x;
    const contribution *c;
    node_id *value;  /* by position in c->vars; SETIR_NONE: open */
    ivar_list sums;  /* new variables, outermost first */
    node_id where;   /* in terms of the old variables too: replaced at the end */
} solution;

static uint32_t position(const solution *s, ivar_id v)
{
    for (uint32_t k = 0; k < s->c->n_vars; k++)
        if (s->c->vars[k] == v) return k;
    return SETIR_NONE;
}

static void fit(solution *s, node_id index, node_id q);

static void assign(solution *s, uint32_t at, node_id q)
{
    node_id row = s->x->p->ivars.at[s->c->vars[at]].row;
    s->value[at] = q;
    if (row != SETIR_NONE) fit(s, row, ad_index(s->x, OP_PAIR_I, q));
}

/* a pair variable of which one end is known runs over that end's row */
static node_id run_row(solution *s, ivar_id v, node_id row)
{
    ivar fresh = s->x->p->ivars.at[v];
    fresh.row = row;
    fresh.to = fresh.partner = SETIR_NONE;
    ivar_id made = program_ivar(s->x->p, fresh);
    vec_push(s->x->a, &s->sums, made);
    return ad_ivar(s->x, made);
}

static void fit(solution *s, node_id index, node_id q)
{
    ad *x = s->x;
    const node n = x->p->nodes.at[index];
    if (!elem_equal(n.elem, *ad_elem(x, q))) { /* the same place of another rank: a padded table */
        s->where = ad_and(x, s->where, ad_op(x, OP_EQ, elem_bool(), ad_place(x, index), ad_place(x, q)));
        return;
    }
    uint32_t at = n.op == OP_IVAR ? position(s, n.imm.ivar) : SETIR_NONE;
    if (at != SETIR_NONE && s->value[at] == SETIR_NONE) {
        assign(s, at, q);
        return;
    }
    if (n.op == OP_PAIR_REV) {
        fit(s, n.arg[0], ad_index(x, OP_PAIR_REV, q));
        return;
    }
    if (n.op == OP_PAIR_I || n.op == OP_PAIR_J) {
        const node *of = &x->p->nodes.at[n.arg[0]];
        uint32_t pair = of->op == OP_IVAR ? position(s, of->imm.ivar) : SETIR_NONE;
        if (n.op == OP_PAIR_I && of->op == OP_IVAR && x->p->ivars.at[of->imm.ivar].row != SETIR_NONE) {
            fit(s, x->p->ivars.at[of->imm.ivar].row, q);
            return;
        }
        if (pair != SETIR_NONE && s->value[pair] == SETIR_NONE) {
            node_id b = run_row(s, of->imm.ivar, q);
            assign(s, pair, n.op == OP_PAIR_I ? b : ad_index(x, OP_PAIR_REV, b));
            return;
        }
    }
    s->where = ad_and(x, s->where, ad_op(x, OP_INDEX_EQ, elem_bool(), index, q));
}

/* the other variables keep their ranges, under new names */
static void sum_open(solution *s)
{
    program *p = s->x->p;
    const contribution *c = s->c;
    for (uint32_t k = 0; k < c->n_vars; k++) {
        if (s->value[k] != SETIR_NONE) continue;
        ivar v = p->ivars.at[c->vars[k]];
        if (v.row != SETIR_NONE) v.row = program_substitute(p, v.row, c->vars, s->value, k);
        ivar_id made = program_ivar(p, v);
        vec_push(s->x->a, &s->sums, made);
        s->value[k] = ad_ivar(s->x, made);
    }
}

static node_id gather_one(ad *x, const contribution *c, const ivar_id *q)
{
    program *p = x->p;
    solution s = {.x = x, .c = c, .value = arena_array(x->a, node_id, c->n_vars + 1), .where = SETIR_NONE};
    for (uint32_t k = 0; k < c->n_vars; k++) s.value[k] = SETIR_NONE;
    for (uint32_t k = 0; k < c->n; k++) fit(&s, c->index[k], ad_ivar(x, q[k]));
    sum_open(&s);
    guarded g = c->g;
    g.value = program_substitute(p, g.value, c->vars, s.value, c->n_vars);
    g.where = ad_and(x, g.where, s.where);
    if (g.where != SETIR_NONE) g.where = program_substitute(p, g.where, c->vars, s.value, c->n_vars);
    return ad_sum(x, s.sums.at, s.sums.n, g);
}

node_id ad_gather(ad *x, const collector *c, const ivar_id *q, uint32_t n)
{
    node_id sum = SETIR_NONE;
    if (!c) return sum;
    for (const contribution *k = c->list; k; k = k->next) {
        if (k->n != n) continue;
        sum = ad_add(x, sum, gather_one(x, k, q));
    }
    return sum;
}

/* over everything: no index to fit */
void ad_virial(ad *x, guarded g, const node *leaf)
{
    if (g.value == SETIR_NONE) return;
    const contribution c = {.g = g, .vars = leaf->free, .n_vars = leaf->n_free};
    node_id all = gather_one(x, &c, NULL);
    vec_push(x->a, &x->virial, ((guarded){all, SETIR_NONE}));
}
