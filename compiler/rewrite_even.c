/* SPDX-License-Identifier: Apache-2.0
 *
 * rewrite_even.c: distances that only come in even powers. In: a program in normal form. Out: the same with
 * c^2 / (d d) in place of products of two c / d, where all that reads 1/d does so an even number of times, as in
 * (sigma/d)^6 and what its derivative by a place is: the odd power that is taken on the way, and the product with
 * 1/d, are not needed. Kept where it saves operations.
 */
#include "rewrite.h"

#include <string.h>

typedef struct even {
    rewriter *r;
    program *p;
    node_id norm;         /* the distance                                                     */
    double times;         /* c                                                                */
    node_id square;       /* c^2 / (d d)                                                      */
    uint32_t n;           /* nodes before                                                     */
    bool *live, *odd;     /* by node: outputs need it; a product with an odd power of 1/d     */
    node_id *full, *part; /* by node: the new value; of an odd one, divided by c / d          */
} even;

static const node *look(const even *x, node_id id)
{
    return &x->p->nodes.at[id];
}

static bool is_scalar(const node *n)
{
    return n->elem.kind == ELEM_REAL && !n->elem.channels && elem_components(n->elem) == 1;
}

static node_id number(const even *x, double value)
{
    return node_const(x->p, value, unit_none(), x->p->at);
}

static node_id product(const even *x, node_id a, node_id b)
{
    return rule_node(x->r, OP_MUL, elem_real(0), (node_id[]){a, b}, 2, NULL, look(x, a)->at);
}

/* ---- what is needed -------------------------------------------------------------------------------------- */

static void mark(const program *p, node_id id, bool *live)
{
    if (id == SETIR_NONE || live[id]) return;
    live[id] = true;
    const node *n = &p->nodes.at[id];
    for (uint32_t k = 0; k < n->n_args; k++) mark(p, n->arg[k], live);
    bool reads = n->op == OP_ACCESS || n->op == OP_PADGET;
    for (def_id d = reads ? n->imm.def : SETIR_NONE; d != SETIR_NONE;) {
        const def *t = &p->defs.at[d];
        mark(p, t->lib == LIB_NONE ? t->body : SETIR_NONE, live);
        d = t->lib == LIB_NONE ? SETIR_NONE : t->lib_arg;
    }
}

static bool *live_nodes(const even *x)
{
    bool *live = arena_array(x->r->memory, bool, x->p->nodes.n + 1);
    for (def_id d = 0; d < x->p->defs.n; d++)
        if (x->p->defs.at[d].output) mark(x->p, x->p->defs.at[d].body, live);
    return live;
}

static double cost(const even *x)
{
    const bool *live = live_nodes(x);
    double sum = 0;
    for (node_id k = 0; k < x->p->nodes.n; k++) sum += live[k] ? op_cost(x->p, look(x, k)) : 0;
    return sum;
}

/* ---- is every use even? ---------------------------------------------------------------------------------- */

static bool divides(const even *x, const node *n)
{
    return n->op == OP_DIV && is_scalar(n) && n->arg[1] == x->norm && n->arg[0] != x->norm;
}

static bool is_square(const even *x, const node *n)
{
    return n->op == OP_MUL && n->arg[0] == x->norm && n->arg[1] == x->norm;
}

/* the numerator, when that is a number */
static bool times_of(const even *x, const node *n, double *times)
{
    const node *top = look(x, n->arg[0]);
    if (top->op != OP_CONST || !is_scalar(top)) return false;
    *times = top->imm.value[0];
    return *times != 0;
}

/* fills `odd`; false: something reads the distance itself, or an odd power of its inverse */
static bool all_even(even *x)
{
    for (node_id k = 0; k < x->n; k++) {
        const node *n = look(x, k);
        double times = 1;
        if (!x->live[k]) continue;
        bool over = divides(x, n), scalar = n->op == OP_MUL && is_scalar(n);
        for (uint32_t m = 0; m < n->n_args; m++) {
            if (n->arg[m] == x->norm && !over && !is_square(x, n)) return false;
            if (x->odd[n->arg[m]] && !over && !scalar) return false;
            x->odd[k] ^= x->odd[n->arg[m]];
        }
        x->odd[k] ^= over;
        if (over && x->times == 1 && times_of(x, n, &times)) x->times = times;
    }
    for (def_id d = 0; d < x->p->defs.n; d++) {
        node_id body = x->p->defs.at[d].body;
        if (body != SETIR_NONE && x->live[body] && (x->odd[body] || body == x->norm)) return false;
    }
    return true;
}

/* ---- the new values -------------------------------------------------------------------------------------- */

static node_id rebuilt(const even *x, const node *n)
{
    node_id *arg = arena_array(x->r->memory, node_id, n->n_args + 1);
    bool same = true;
    for (uint32_t k = 0; k < n->n_args; k++) {
        arg[k] = x->full[n->arg[k]];
        same &= arg[k] == n->arg[k];
    }
    if (same) return SETIR_NONE;
    bool reads = n->op == OP_ACCESS || n->op == OP_PADGET; /* normal form leaves them as they are */
    return reads ? program_node(x->p, n->op, n->elem, arg, n->n_args, &n->imm, n->at)
                 : rule_node(x->r, n->op, n->elem, arg, n->n_args, &n->imm, n->at);
}

/* of a product or a quotient that has the distance in it */
static void rebuild_powers(even *x, node_id id)
{
    const node n = *look(x, id);
    bool over = divides(x, &n), first = x->odd[n.arg[0]], second = !over && x->odd[n.arg[1]];
    double times;
    node_id a = first ? x->part[n.arg[0]] : x->full[n.arg[0]];
    node_id b = over ? number(x, 1 / x->times) : second ? x->part[n.arg[1]] : x->full[n.arg[1]];
    node_id both = over && times_of(x, &n, &times) ? number(x, times / x->times) : product(x, b, a);
    if (x->odd[id])
        x->part[id] = both;
    else
        x->full[id] = product(x, x->square, both);
}

static void rebuild(even *x)
{
    node_id d = x->norm;
    double c2 = x->times * x->times;
    node_id d2 = program_node(x->p, OP_MUL, elem_real(0), (node_id[]){d, d}, 2, NULL, look(x, d)->at);
    x->square = program_node(x->p, OP_DIV, elem_real(0), (node_id[]){number(x, c2), d2}, 2, NULL, look(x, d)->at);
    for (node_id k = 0; k < x->n; k++) {
        const node n = *look(x, k);
        x->full[k] = k;
        if (!x->live[k]) continue;
        bool scalar = n.op == OP_MUL && is_scalar(&n);
        if (divides(x, &n) || (scalar && (x->odd[n.arg[0]] || x->odd[n.arg[1]]))) {
            rebuild_powers(x, k);
        } else {
            node_id made = rebuilt(x, &n);
            if (made != SETIR_NONE) x->full[k] = made;
        }
    }
}

static bool distance_in_even_powers(rewriter *r, node_id norm)
{
    program *p = r->p;
    uint32_t n = p->nodes.n;
    even x = {.r = r, .p = p, .norm = norm, .times = 1, .n = n};
    x.live = live_nodes(&x);
    x.odd = arena_array(r->memory, bool, n + 1);
    if (!x.live[norm] || !all_even(&x)) return false;
    bool any = false;
    for (node_id k = 0; k < n; k++) any |= x.odd[k];
    if (!any) return false;
    x.full = arena_array(r->memory, node_id, n + 1);
    x.part = arena_array(r->memory, node_id, n + 1);
    node_id *before = arena_array(r->memory, node_id, p->defs.n + 1);
    double old = cost(&x);
    rebuild(&x);
    for (def_id d = 0; d < p->defs.n; d++) {
        before[d] = p->defs.at[d].body;
        if (before[d] != SETIR_NONE) p->defs.at[d].body = x.full[before[d]];
    }
    if (cost(&x) < old) return true;
    for (def_id d = 0; d < p->defs.n; d++) p->defs.at[d].body = before[d];
    return false;
}

void rewrite_even(rewriter *r)
{
    for (node_id k = 0, n = r->p->nodes.n; k < n; k++) {
        const node *d = &r->p->nodes.at[k];
        if (d->op == OP_NORM && r->p->nodes.at[d->arg[0]].op == OP_PAIR_D && distance_in_even_powers(r, k))
            r->squares = true;
    }
}
