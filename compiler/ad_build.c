/* SPDX-License-Identifier: Apache-2.0
 *
 * ad_build.c: nodes for derivatives. In: nodes, SETIR_NONE for zero. Out: nodes with the obvious
 * simplifications, so that adjoints do not fill with zeros and ones; the rest is left to rewrite.c.
 */
#include "ad_internal.h"

#define ALIKE 1e-12
#include "irreps.h"

#include <math.h>

const elem *ad_elem(const ad *x, node_id n)
{
    return &x->p->nodes.at[n].elem;
}

static bool is_number(const ad *x, node_id n, double v)
{
    const node *d = &x->p->nodes.at[n];
    return d->op == OP_CONST && d->elem.rank == 0 && d->elem.channels == 0 && d->imm.value[0] == v;
}

node_id ad_real(ad *x, double v)
{
    return node_const(x->p, v, unit_none(), x->at);
}

node_id ad_count(ad *x, set_id s)
{
    return program_node(x->p, OP_COUNT, elem_real(0), NULL, 0, &(node_imm){.set = s}, x->at);
}

node_id ad_op(ad *x, node_op op, elem e, node_id a, node_id b)
{
    return node_2(x->p, op, e, a, b, x->at);
}

node_id ad_fun(ad *x, node_op op, node_id a)
{
    return node_1(x->p, op, *ad_elem(x, a), a, x->at);
}

node_id ad_place(ad *x, node_id index)
{
    return node_1(x->p, OP_INDEX_REAL, elem_real(0), index, x->at);
}

node_id ad_alike(ad *x, node_id a, node_id b, node_id size)
{
    node_id gap = ad_fun(x, OP_ABS, ad_sub(x, a, b));
    return ad_op(x, OP_LE, elem_bool(), gap, ad_scale(x, ALIKE, size));
}

node_id ad_neg(ad *x, node_id a)
{
    if (a == SETIR_NONE) return a;
    const node *d = &x->p->nodes.at[a];
    return d->op == OP_NEG ? d->arg[0] : ad_fun(x, OP_NEG, a);
}

node_id ad_add(ad *x, node_id a, node_id b)
{
    if (a == SETIR_NONE || b == SETIR_NONE) return a == SETIR_NONE ? b : a;
    return ad_op(x, OP_ADD, *ad_elem(x, a), a, b);
}

node_id ad_sub(ad *x, node_id a, node_id b)
{
    if (b == SETIR_NONE) return a;
    if (a == SETIR_NONE) return ad_neg(x, b);
    return ad_op(x, OP_SUB, *ad_elem(x, a), a, b);
}

node_id ad_mul(ad *x, node_id scalar, node_id b)
{
    if (scalar == SETIR_NONE || b == SETIR_NONE) return SETIR_NONE;
    if (is_number(x, scalar, 1)) return b;
    if (is_number(x, b, 1)) return scalar;
    if (is_number(x, scalar, 0)) return SETIR_NONE;
    return ad_op(x, OP_MUL, *ad_elem(x, b), scalar, b);
}

node_id ad_div(ad *x, node_id a, node_id scalar)
{
    return a == SETIR_NONE ? a : ad_op(x, OP_DIV, *ad_elem(x, a), a, scalar);
}

node_id ad_scale(ad *x, double c, node_id a)
{
    if (c == -1) return ad_neg(x, a);
    return ad_mul(x, ad_real(x, c), a);
}

node_id ad_pow(ad *x, node_id a, double power)
{
    if (power == 0) return ad_real(x, 1);
    if (power == 1) return a;
    return program_node(x->p, OP_POW, elem_real(0), &a, 1, &(node_imm){.value = {power}}, x->at);
}

node_id ad_component(ad *x, node_id v, int k)
{
    const node *d = &x->p->nodes.at[v];
    elem e = d->elem;
    if (!e.rank && !e.channels) return v;
    if (d->op == OP_VEC3) return d->arg[k];
    node_op op = e.channels ? OP_CHANNEL_GET : OP_COMP;
    return program_node(x->p, op, elem_real(0), &v, 1, &(node_imm){.k = k}, x->at);
}

node_id ad_dot(ad *x, node_id a, node_id b)
{
    if (a == SETIR_NONE || b == SETIR_NONE) return SETIR_NONE;
    elem e = *ad_elem(x, a);
    if (e.rank) return ad_op(x, OP_DOT, elem_real(0), a, b);
    if (e.channels > 1) return ad_op(x, OP_DOT, elem_real(0), a, b);
    return ad_mul(x, ad_component(x, a, 0), ad_component(x, b, 0));
}

node_id ad_outer(ad *x, node_id a, node_id b)
{
    if (a == SETIR_NONE || b == SETIR_NONE) return SETIR_NONE;
    return ad_op(x, OP_OUTER, elem_real(2), a, b);
}

/* one component of a value from a number; components beyond any: a zero that turns */
static node_id lifted(ad *x, elem e, uint32_t k, node_id v)
{
    product_term one = {k, 0, 0, 1};
    uint32_t table = program_table(x->p, elem_real(0), elem_real(0), e, &one, k < elem_components(e));
    return program_node(x->p, OP_LINEAR, e, &v, 1, &(node_imm){.table = table}, x->at);
}

node_id ad_zero(ad *x, elem e)
{
    if (!e.channels)
        return program_node(x->p, OP_CONST, e, NULL, 0, &(node_imm){.unit = unit_none()}, x->at);
    if (e.irreps) return lifted(x, e, e.channels, ad_real(x, 0));
    node_id *zero = arena_array(x->a, node_id, e.channels);
    for (int k = 0; k < e.channels; k++) zero[k] = ad_real(x, 0);
    return program_node(x->p, OP_CHANNEL_CAT, e, zero, e.channels, NULL, x->at);
}

node_id ad_unit(ad *x, elem e, int k, node_id v)
{
    uint32_t n = elem_components(e);
    if (e.rank == 2) {
        node_id one = ad_real(x, 1);
        return ad_mul(x, v, ad_outer(x, ad_unit(x, elem_real(1), k / 3, one), ad_unit(x, elem_real(1), k % 3, one)));
    }
    if (e.irreps) return lifted(x, e, (uint32_t)k, v);
    node_id *part = arena_array(x->a, node_id, n);
    for (uint32_t m = 0; m < n; m++) part[m] = (int)m == k ? v : ad_real(x, 0);
    return program_node(x->p, e.channels ? OP_CHANNEL_CAT : OP_VEC3, e, part, n, NULL, x->at);
}

node_id ad_ivar(ad *x, ivar_id v)
{
    return node_ivar(x->p, v, x->at);
}

node_id ad_index(ad *x, node_op op, node_id pair)
{
    const node *d = &x->p->nodes.at[pair];
    if (d->op == OP_PAIR_REV)
        return op == OP_PAIR_REV ? d->arg[0] : ad_index(x, op == OP_PAIR_I ? OP_PAIR_J : OP_PAIR_I, d->arg[0]);
    if (op == OP_PAIR_I && d->op == OP_IVAR && x->p->ivars.at[d->imm.ivar].row != SETIR_NONE)
        return x->p->ivars.at[d->imm.ivar].row;
    set_id s = d->elem.set;
    elem e = elem_index(op == OP_PAIR_REV ? s : x->p->sets.at[s].parent);
    return node_1(x->p, op, e, pair, x->at);
}

/* ---- conditions ---------------------------------------------------------------------------------------- */

node_id ad_and(ad *x, node_id a, node_id b)
{
    if (a == SETIR_NONE || b == SETIR_NONE || a == b) return a == SETIR_NONE ? b : a;
    return ad_op(x, OP_AND, elem_bool(), a, b);
}

node_id ad_or(ad *x, node_id a, node_id b)
{
    if (a == SETIR_NONE || b == SETIR_NONE) return SETIR_NONE;
    return a == b ? a : ad_op(x, OP_OR, elem_bool(), a, b);
}

node_id ad_not(ad *x, node_id a)
{
    const node *d = &x->p->nodes.at[a];
    return d->op == OP_NOT ? d->arg[0] : node_1(x->p, OP_NOT, elem_bool(), a, x->at);
}

node_id ad_select(ad *x, node_id where, node_id a, node_id b)
{
    if (where == SETIR_NONE || (a == SETIR_NONE && b == SETIR_NONE)) return a;
    elem e = *ad_elem(x, a != SETIR_NONE ? a : b);
    node_id zero = ad_zero(x, e);
    return node_3(x->p, OP_SELECT, e, where, a == SETIR_NONE ? zero : a, b == SETIR_NONE ? zero : b, x->at);
}

guarded guarded_add(ad *x, guarded a, guarded b)
{
    if (a.value == SETIR_NONE || b.value == SETIR_NONE) return a.value == SETIR_NONE ? b : a;
    if (a.where == b.where) return (guarded){ad_add(x, a.value, b.value), a.where};
    node_id left = ad_select(x, a.where, a.value, SETIR_NONE), right = ad_select(x, b.where, b.value, SETIR_NONE);
    return (guarded){ad_add(x, left, right), ad_or(x, a.where, b.where)};
}

node_id ad_sum(ad *x, const ivar_id *v, uint32_t n, guarded g)
{
    if (g.value == SETIR_NONE) return g.value;
    if (!n) return ad_select(x, g.where, g.value, SETIR_NONE);
    node_imm imm = {.reduce = RED_SUM, .ivars = (ivar_id *)v, .n_ivars = n};
    node_id args[2] = {g.value, g.where};
    return program_node(x->p, OP_REDUCE, *ad_elem(x, g.value), args, g.where == SETIR_NONE ? 1 : 2, &imm, x->at);
}

/* ---- the lattice --------------------------------------------------------------------------------------- */

int ad_axes(const ad *x, uint32_t of)
{
    unsigned axes = x->p->slots.at[of].axes;
    return (int)((axes & 1) + (axes >> 1 & 1) + (axes >> 2 & 1));
}

static set_id axes_of(ad *x, uint32_t of)
{
    program *p = x->p;
    for (uint32_t k = 0; k < p->sets.n; k++)
        if (p->sets.at[k].kind == SET_AXIS && p->sets.at[k].slot == of) return k;
    set s = {.kind = SET_AXIS, .slot = of, .parent = SETIR_NONE, .host = SETIR_NONE, .sample = SETIR_NONE,
             .cutoff = SETIR_NONE, .count = ad_axes(x, of), .at = x->at};
    return program_set(p, s);
}

node_id ad_lattice(ad *x, uint32_t of, int axis)
{
    set_id axes = axes_of(x, of);
    node_imm index = {.k = axis, .set = axes}, imm = {.slot = of};
    node_id k = program_node(x->p, OP_INDEX_CONST, elem_index(axes), NULL, 0, &index, x->at);
    return program_node(x->p, OP_CELL_VEC, elem_real(1), &k, 1, &imm, x->at);
}

static node_id cross(ad *x, node_id a, node_id b)
{
    return ad_op(x, OP_CROSS, elem_real(1), a, b);
}

/* the vector b_k with b_k . a_l = 1 for k = l, else 0, in the span of the lattice vectors */
static node_id dual_of(ad *x, uint32_t of, int n, int k)
{
    node_id a[3];
    for (int m = 0; m < n; m++) a[m] = ad_lattice(x, of, m);
    if (n == 1) return ad_div(x, a[0], ad_dot(x, a[0], a[0]));
    if (n == 2) {
        node_id normal = cross(x, a[0], a[1]);
        node_id v = k == 0 ? cross(x, a[1], normal) : cross(x, normal, a[0]);
        return ad_div(x, v, ad_dot(x, v, a[k]));
    }
    node_id v = cross(x, a[(k + 1) % 3], a[(k + 2) % 3]);
    return ad_div(x, v, ad_dot(x, v, a[k]));
}

node_id ad_in_span(ad *x, uint32_t of, node_id v)
{
    int n = ad_axes(x, of);
    node_id sum = SETIR_NONE;
    for (int k = 0; k < n && n < 3; k++)
        sum = ad_add(x, sum, ad_mul(x, ad_dot(x, v, dual_of(x, of, n, k)), ad_lattice(x, of, k)));
    return n == 3 ? v : sum;
}

node_id ad_dual(ad *x, uint32_t of, node_id axis)
{
    set_id axes = axes_of(x, of);
    int n = x->p->sets.at[axes].count;
    node_id result = dual_of(x, of, n, n - 1);
    for (int k = n - 1; k-- > 0;) {
        node_imm imm = {.k = k, .set = axes};
        node_id one = program_node(x->p, OP_INDEX_CONST, elem_index(axes), NULL, 0, &imm, x->at);
        node_id same = ad_op(x, OP_INDEX_EQ, elem_bool(), axis, one);
        result = ad_select(x, same, dual_of(x, of, n, k), result);
    }
    return result;
}
