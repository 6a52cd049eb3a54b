/* SPDX-License-Identifier: Apache-2.0
 *
 * ad_rules.c: the adjoint of each operation. In: a node with its adjoint u. Out: what its arguments receive,
 * or, at a leaf, what is collected. Where a derivative does not exist (a kink, a root at 0) the rule gives a
 * finite, symmetric value: the mean of the sides, or 0; that it is not smooth there the checker says.
 */
#include "ad_internal.h"
#include "harmonics.h"

#include <math.h>

static node_id less(ad *x, node_id a, node_id b)
{
    return ad_op(x, OP_LT, elem_bool(), a, b);
}

static node_id plus_one(ad *x, node_id a, double sign)
{
    return ad_op(x, OP_ADD, elem_real(0), ad_real(x, 1), sign < 0 ? ad_neg(x, a) : a);
}

/* p a^(p - 1); at a = 0 with p < 1 there is none: 0 */
static node_id power_slope(ad *x, node_id a, double power)
{
    node_id slope = ad_scale(x, power, ad_pow(x, a, power - 1));
    bool root = power < 1 && power > 0;
    if (!root) return slope;
    node_id zero = ad_op(x, OP_EQ, elem_bool(), a, ad_real(x, 0));
    return ad_select(x, zero, SETIR_NONE, slope);
}

/* -1/B(n, n) (x (1 - x))^(n - 1) where x < 1: the envelope is 1 - I_x(n, n) */
static node_id envelope_slope(ad *x, node_id a, int n)
{
    double c = exp(lgamma(2.0 * n) - 2 * lgamma(n));
    node_id bump = ad_pow(x, ad_mul(x, a, plus_one(x, a, -1)), n - 1);
    return ad_select(x, less(x, a, ad_real(x, 1)), ad_scale(x, -round(c), bump), SETIR_NONE);
}

/* 1/sqrt(1 - a^2) inside (-1, 1), 0 at the ends, where it has none */
static node_id arc_slope(ad *x, node_id a)
{
    node_id rest = plus_one(x, ad_pow(x, a, 2), -1);
    return ad_select(x, less(x, ad_real(x, 0), rest), ad_pow(x, rest, -0.5), SETIR_NONE);
}

/* the slope of a function of one scalar, at its value f = op(a); SETIR_NONE: not such an operation */
static node_id slope_of(ad *x, const node *n, node_id f)
{
    node_id a = n->arg[0];
    switch ((int)n->op) {
    case OP_POW: return power_slope(x, a, n->imm.value[0]);
    case OP_EXP: return f;
    case OP_LOG: return ad_pow(x, a, -1);
    case OP_SIN: return ad_fun(x, OP_COS, a);
    case OP_COS: return ad_neg(x, ad_fun(x, OP_SIN, a));
    case OP_TAN: return plus_one(x, ad_pow(x, f, 2), 1);
    case OP_ASIN: return arc_slope(x, a);
    case OP_ACOS: return ad_neg(x, arc_slope(x, a));
    case OP_ATAN: return ad_pow(x, plus_one(x, ad_pow(x, a, 2), 1), -1);
    case OP_SINH: return ad_fun(x, OP_COSH, a);
    case OP_COSH: return ad_fun(x, OP_SINH, a);
    case OP_TANH: return plus_one(x, ad_pow(x, f, 2), -1);
    case OP_ERF:
    case OP_ERFC: {
        node_id bell = ad_fun(x, OP_EXP, ad_neg(x, ad_pow(x, a, 2)));
        return ad_scale(x, (n->op == OP_ERF ? 2 : -2) / sqrt(acos(-1)), bell);
    }
    case OP_ABS: return ad_fun(x, OP_SIGN, a);
    case OP_CUTOFF: return envelope_slope(x, a, n->imm.k);
    case OP_SPLINE: {
        node_imm imm = n->imm;
        imm.k++;
        return program_node(x->p, OP_SPLINE, elem_real(0), n->arg, n->n_args, &imm, x->at);
    }
    default: return SETIR_NONE;
    }
}

static node_id joined(ad *x, elem e, const node_id *part)
{
    node_id *all = arena_array(x->a, node_id, e.channels);
    for (int k = 0; k < e.channels; k++) all[k] = part[k] == SETIR_NONE ? ad_real(x, 0) : part[k];
    return program_node(x->p, OP_CHANNEL_CAT, e, all, (uint32_t)e.channels, NULL, x->at);
}

/* functions of channels act on each: their slopes too */
node_id ad_function(ad *x, const node *n, node_id value, node_id u)
{
    elem e = n->elem;
    int count = e.channels ? e.channels : 1;
    node_id *part = arena_array(x->a, node_id, count);
    for (int k = 0; k < count; k++) {
        node one = *n;
        node_id *arg = arena_copy(x->a, n->arg, n->n_args * sizeof *n->arg);
        arg[0] = ad_component(x, n->arg[0], k);
        one.arg = arg;
        node_id f = e.channels ? program_node(x->p, n->op, elem_real(0), arg, n->n_args, &n->imm, x->at) : value;
        node_id slope = slope_of(x, &one, f);
        if (slope == SETIR_NONE && n->op != OP_POW) ad_fail(x, n->at, "this operation");
        part[k] = ad_mul(x, slope, ad_component(x, u, k));
    }
    return e.channels ? joined(x, e, part) : part[0];
}

/* ---- arithmetic ---------------------------------------------------------------------------------------- */

typedef struct shares {
    node_id part[2];
} shares;

/* b a^b/a and a^b log a; at a = 0 that is 1 when b is 1, else 0: where there is none too; by b also for a < 0 */
static shares shares_of_power(ad *x, node_id f, node_id a, node_id b, node_id u)
{
    node_id zero = ad_op(x, OP_EQ, elem_bool(), a, ad_real(x, 0));
    node_id one = ad_op(x, OP_EQ, elem_bool(), b, ad_real(x, 1));
    node_id there = ad_select(x, one, ad_real(x, 1), SETIR_NONE);
    node_id below = ad_select(x, zero, there, ad_mul(x, b, ad_div(x, f, a)));
    node_id positive = ad_op(x, OP_LT, elem_bool(), ad_real(x, 0), a);
    node_id above = ad_select(x, positive, ad_mul(x, f, ad_fun(x, OP_LOG, a)), SETIR_NONE);
    return (shares){{ad_mul(x, u, below), ad_mul(x, u, above)}};
}

/* (a, -b)/(a^2 + b^2); 0 at a = b = 0, where the angle has none */
static shares shares_of_angle(ad *x, node_id b, node_id a, node_id u)
{
    node_id length = ad_add(x, ad_pow(x, a, 2), ad_pow(x, b, 2));
    node_id zero = ad_op(x, OP_EQ, elem_bool(), length, ad_real(x, 0));
    node_id each = ad_select(x, zero, SETIR_NONE, ad_div(x, u, length));
    return (shares){{ad_mul(x, each, a), ad_neg(x, ad_mul(x, each, b))}};
}

/* the chosen side; on a tie half to each, so that the two may be exchanged */
static shares shares_of_choice(ad *x, bool smaller, const node_id arg[2], node_id u)
{
    shares out;
    node_id half = ad_scale(x, 0.5, u);
    for (int k = 0; k < 2; k++) {
        node_id low = arg[smaller ? k : 1 - k], high = arg[smaller ? 1 - k : k];
        out.part[k] = ad_select(x, less(x, low, high), u, ad_select(x, less(x, high, low), SETIR_NONE, half));
    }
    return out;
}

/* what the arguments of f = arg[0] op arg[1] receive of the adjoint u; channels only on one side, that of u */
static shares shares_of(ad *x, node_op op, node_id f, const node_id arg[2], node_id u)
{
    node_id a = arg[0], b = arg[1];
    switch ((int)op) {
    case OP_ADD: return (shares){{u, u}};
    case OP_SUB: return (shares){{u, ad_neg(x, u)}};
    case OP_MUL: return (shares){{ad_dot(x, u, b), ad_mul(x, a, u)}};
    case OP_DIV: {
        node_id below = ad_active(x, b) ? ad_neg(x, ad_div(x, ad_dot(x, u, f), b)) : SETIR_NONE;
        return (shares){{ad_div(x, u, b), below}};
    }
    case OP_POWV: return shares_of_power(x, f, a, b, u);
    case OP_ATAN2: return shares_of_angle(x, a, b, u);
    default: return shares_of_choice(x, op == OP_MIN2, arg, u);
    }
}

/* channel by channel; a plain number beside channels receives what all of them pass on */
static void rule_channelwise(ad_walk *w, visit *v, const node *n)
{
    ad *x = w->x;
    elem e = n->elem;
    node_id *part[2], sum[2] = {SETIR_NONE, SETIR_NONE};
    for (int s = 0; s < 2; s++) part[s] = arena_array(x->a, node_id, e.channels);
    for (int k = 0; k < e.channels; k++) {
        node_id arg[2] = {ad_component(x, n->arg[0], k), ad_component(x, n->arg[1], k)};
        shares one = shares_of(x, n->op, ad_component(x, v->n, k), arg, ad_component(x, v->adjoint.value, k));
        for (int s = 0; s < 2; s++) {
            part[s][k] = one.part[s];
            sum[s] = ad_add(x, sum[s], one.part[s]);
        }
    }
    for (int s = 0; s < 2; s++) {
        if (!ad_active(x, n->arg[s])) continue;
        bool plain = !ad_elem(x, n->arg[s])->channels;
        ad_push(w, v, n->arg[s], plain ? sum[s] : joined(x, e, part[s]));
    }
}

node_id ad_binary(ad *x, const node *n, node_id value, uint32_t side, node_id t)
{
    elem e = n->elem;
    if (!e.channels) return shares_of(x, n->op, value, n->arg, t).part[side];
    node_id *part = arena_array(x->a, node_id, e.channels);
    for (int k = 0; k < e.channels; k++) {
        node_id arg[2] = {ad_component(x, n->arg[0], k), ad_component(x, n->arg[1], k)};
        part[k] = shares_of(x, n->op, ad_component(x, value, k), arg, ad_component(x, t, k)).part[side];
    }
    return joined(x, e, part);
}

static void rule_binary(ad_walk *w, visit *v, const node *n)
{
    elem e = n->elem;
    bool scaled = (n->op == OP_MUL && !ad_elem(w->x, n->arg[0])->channels) ||
                  (n->op == OP_DIV && !ad_elem(w->x, n->arg[1])->channels);
    bool alike = elem_equal(e, *ad_elem(w->x, n->arg[0])) && elem_equal(e, *ad_elem(w->x, n->arg[1]));
    if (e.channels && !scaled && !(alike && (n->op == OP_ADD || n->op == OP_SUB))) {
        rule_channelwise(w, v, n);
        return;
    }
    shares both = shares_of(w->x, n->op, v->n, n->arg, v->adjoint.value);
    for (int s = 0; s < 2; s++) ad_push(w, v, n->arg[s], both.part[s]);
}

static void rule_arithmetic(ad_walk *w, visit *v, const node *n)
{
    ad *x = w->x;
    node_id u = v->adjoint.value;
    switch ((int)n->op) {
    case OP_ASCRIBE: ad_push(w, v, n->arg[0], u); break;
    case OP_NEG: ad_push(w, v, n->arg[0], ad_neg(x, u)); break;
    case OP_SELECT:
        ad_push_where(w, v, n->arg[1], u, n->arg[0]);
        ad_push_where(w, v, n->arg[2], u, ad_not(x, n->arg[0]));
        break;
    default:
        if (op_table[n->op].group == OPS_BINARY)
            rule_binary(w, v, n);
        else
            ad_push(w, v, n->arg[0], ad_function(x, n, v->n, u));
        break;
    }
}

/* ---- vectors, tensors, channels ------------------------------------------------------------------------ */

/* 0 at the origin, where a length has no derivative; a pair's displacement is never zero */
static void rule_norm(ad_walk *w, visit *v, const node *n)
{
    ad *x = w->x;
    node_id slope = ad_mul(x, ad_div(x, v->adjoint.value, v->n), n->arg[0]);
    if (x->p->nodes.at[n->arg[0]].op != OP_PAIR_D)
        slope = ad_select(x, less(x, ad_real(x, 0), v->n), slope, SETIR_NONE);
    ad_push(w, v, n->arg[0], slope);
}

static node_id row_of(ad *x, node_id t, int k)
{
    node_id part[3];
    for (int m = 0; m < 3; m++) part[m] = ad_component(x, t, 3 * k + m);
    return program_node(x->p, OP_VEC3, elem_real(1), part, 3, NULL, x->at);
}

/* det = row 0 . (row 1 x row 2): the cofactors row by row */
node_id ad_cofactors(ad *x, node_id t)
{
    node_id sum = SETIR_NONE;
    for (int k = 0; k < 3; k++) {
        node_id cofactors = ad_op(x, OP_CROSS, elem_real(1), row_of(x, t, (k + 1) % 3), row_of(x, t, (k + 2) % 3));
        node_id axis = ad_unit(x, elem_real(1), k, ad_real(x, 1));
        sum = ad_add(x, sum, ad_outer(x, axis, cofactors));
    }
    return sum;
}

static node_id transpose(ad *x, node_id t)
{
    return ad_fun(x, OP_TRANSPOSE, t);
}

static void rule_vector(ad_walk *w, visit *v, const node *n)
{
    ad *x = w->x;
    node_id u = v->adjoint.value, a = n->arg[0], b = n->n_args > 1 ? n->arg[1] : SETIR_NONE;
    elem vector = elem_real(1), tensor = elem_real(2);
    switch ((int)n->op) {
    case OP_DOT:
        ad_push(w, v, a, ad_mul(x, u, b));
        ad_push(w, v, b, ad_mul(x, u, a));
        break;
    case OP_CROSS:
        ad_push(w, v, a, ad_op(x, OP_CROSS, vector, b, u));
        ad_push(w, v, b, ad_op(x, OP_CROSS, vector, u, a));
        break;
    case OP_OUTER:
        ad_push(w, v, a, ad_op(x, OP_MATVEC, vector, u, b));
        ad_push(w, v, b, ad_op(x, OP_MATVEC, vector, transpose(x, u), a));
        break;
    case OP_MATVEC:
        ad_push(w, v, a, ad_outer(x, u, b));
        ad_push(w, v, b, ad_op(x, OP_MATVEC, vector, transpose(x, a), u));
        break;
    case OP_MATMUL:
        ad_push(w, v, a, ad_op(x, OP_MATMUL, tensor, u, transpose(x, b)));
        ad_push(w, v, b, ad_op(x, OP_MATMUL, tensor, transpose(x, a), u));
        break;
    case OP_TRANSPOSE: ad_push(w, v, a, transpose(x, u)); break;
    case OP_TRACE:
        ad_push(w, v, a, ad_mul(x, u, program_node(x->p, OP_IDENTITY, tensor, NULL, 0, NULL, x->at)));
        break;
    case OP_NORM: rule_norm(w, v, n); break;
    case OP_DET: ad_push(w, v, a, ad_mul(x, u, ad_cofactors(x, a))); break;
    default:
        for (uint32_t k = 0; k < n->n_args; k++) ad_push(w, v, n->arg[k], ad_component(x, u, (int)k));
        break; /* VEC3 */
    }
}

/* channels `first` on of the adjoint of joined ones, as a value of type e */
static node_id channels_from(ad *x, node_id u, uint32_t first, elem e)
{
    uint32_t parts = elem_components(e);
    uint32_t *from = arena_array(x->a, uint32_t, parts);
    for (uint32_t m = 0; m < parts; m++) from[m] = first + m;
    node_imm imm = {.table = table_pick(x->p, *ad_elem(x, u), e, from)};
    return e.channels ? program_node(x->p, OP_LINEAR, e, &u, 1, &imm, x->at) : ad_component(x, u, (int)first);
}

static void rule_channels(ad_walk *w, visit *v, const node *n)
{
    ad *x = w->x;
    node_id u = v->adjoint.value;
    uint32_t at = 0;
    if (n->op != OP_CHANNEL_CAT) {
        ad_push(w, v, n->arg[0], ad_unit(x, *ad_elem(x, n->arg[0]), n->imm.k, u));
        return;
    }
    for (uint32_t k = 0; k < n->n_args; k++) {
        elem e = *ad_elem(x, n->arg[k]);
        if (ad_active(x, n->arg[k])) ad_push(w, v, n->arg[k], channels_from(x, u, at, e));
        at += elem_components(e);
    }
}

/* ---- irreps -------------------------------------------------------------------------------------------- */

/* the table of n with the argument of that side taken in place of the result */
static node_id by_table(ad *x, const node *n, table_side side, node_id a, node_id b)
{
    node_imm imm = {.table = table_exchange(x->p, n->imm.table, side)};
    return program_node(x->p, n->op, x->p->tables.at[imm.table].to, (node_id[]){a, b}, n->n_args, &imm, x->at);
}

/* the gradients of solid harmonics are those of one degree less: by the adjoint (TABLE_A), along a vector (TABLE_B) */
node_id ad_solid(ad *x, const node *n, node_id t, table_side by)
{
    node_imm below = {.k = n->imm.k - 1}, imm = {.table = harmonics_gradient(x->p, n->imm.k)};
    if (by == TABLE_B) imm.table = table_exchange(x->p, imm.table, TABLE_A);
    elem e = elem_irreps(x->p, irreps_harmonics(x->p, below.k));
    node_id args[2] = {t, program_node(x->p, OP_SOLID, e, n->arg, 1, &below, x->at)};
    return program_node(x->p, OP_BILINEAR, x->p->tables.at[imm.table].to, args, 2, &imm, x->at);
}

static void rule_irreps(ad_walk *w, visit *v, const node *n)
{
    ad *x = w->x;
    node_id u = v->adjoint.value;
    switch ((int)n->op) {
    case OP_SOLID:
        if (n->imm.k) ad_push(w, v, n->arg[0], ad_solid(x, n, u, TABLE_A));
        break;
    case OP_LINEAR: ad_push(w, v, n->arg[0], by_table(x, n, TABLE_A, u, SETIR_NONE)); break;
    case OP_BILINEAR:
        if (ad_active(x, n->arg[0])) ad_push(w, v, n->arg[0], by_table(x, n, TABLE_A, u, n->arg[1]));
        if (ad_active(x, n->arg[1])) ad_push(w, v, n->arg[1], by_table(x, n, TABLE_B, n->arg[0], u));
        break;
    default: { /* CHANNEL_AT, CHANNEL_PUT: each the other's adjoint */
        node_id *args = arena_copy(x->a, n->arg, n->n_args * sizeof *n->arg);
        args[0] = u;
        node_op op = n->op == OP_CHANNEL_AT ? OP_CHANNEL_PUT : OP_CHANNEL_AT;
        ad_push(w, v, n->arg[0], program_node(x->p, op, *ad_elem(x, n->arg[0]), args, n->n_args, NULL, x->at));
        break;
    }
    }
}

/* ---- reductions ---------------------------------------------------------------------------------------- */

/* the sum of something else over what a reduction runs over */
static node_id sum_again(ad *x, const node *n, node_id term)
{
    node_imm imm = {.reduce = RED_SUM, .ivars = n->imm.ivars, .n_ivars = n->imm.n_ivars};
    node_id args[2] = {term, n->n_args > 1 ? n->arg[1] : SETIR_NONE};
    return program_node(x->p, OP_REDUCE, *ad_elem(x, term), args, n->n_args, &imm, x->at);
}

/* the product of the others: right also where one factor is zero */
static node_id other_factors(ad *x, const visit *v)
{
    uint32_t n = v->own.n;
    ivar_id *other = arena_array(x->a, ivar_id, n);
    node_id *to = arena_array(x->a, node_id, n), differs = SETIR_NONE;
    for (uint32_t k = 0; k < n; k++) {
        ivar fresh = x->p->ivars.at[v->own.at[k]];
        if (fresh.row != SETIR_NONE) fresh.row = program_substitute(x->p, fresh.row, v->own.at, to, k);
        other[k] = program_ivar(x->p, fresh);
        to[k] = ad_ivar(x, other[k]);
        node_id here = ad_not(x, ad_op(x, OP_INDEX_EQ, elem_bool(), ad_ivar(x, v->own.at[k]), to[k]));
        differs = k ? ad_or(x, differs, here) : here;
    }
    node_id args[2] = {program_substitute(x->p, v->inner, v->own.at, to, n), differs};
    if (v->inner_where != SETIR_NONE)
        args[1] = ad_and(x, program_substitute(x->p, v->inner_where, v->own.at, to, n), differs);
    node_imm imm = {.reduce = RED_PROD, .ivars = other, .n_ivars = n};
    return program_node(x->p, OP_REDUCE, *ad_elem(x, v->inner), args, 2, &imm, x->at);
}

/* All places that reach the extreme share it: to within rounding, since a loop with vectors may compute the values with
 * other functions than the loop that found the extreme. */
static node_id share_of_extreme(ad *x, const visit *v, const node *n, node_id u, node_id *where)
{
    node_id width = sum_again(x, n, ad_fun(x, OP_ABS, n->arg[0]));
    node_id own = ad_alike(x, v->inner, v->n, width), here = ad_alike(x, n->arg[0], v->n, width);
    node_id hit = ad_select(x, here, ad_real(x, 1), SETIR_NONE);
    *where = ad_and(x, *where, own);
    return ad_div(x, u, sum_again(x, n, hit));
}

bool ad_unordered(const ad *x, const node *n)
{
    for (uint32_t k = 0; k < n->imm.n_ivars; k++)
        if (x->p->ivars.at[n->imm.ivars[k]].unordered) return true;
    return false;
}

node_id ad_reduce_share(ad *x, const visit *v, const node *n, node_id u, node_id *where)
{
    switch (n->imm.reduce) {
    case RED_SUM: break;
    case RED_MEAN: return ad_div(x, u, sum_again(x, n, ad_real(x, 1)));
    case RED_PROD:
        if (ad_unordered(x, n)) ad_fail(x, n->at, "a product over unordered pairs");
        return ad_mul(x, other_factors(x, v), u);
    case RED_MAX:
    case RED_MIN: return share_of_extreme(x, v, n, u, where);
    }
    return u;
}

static void rule_reduce(ad_walk *w, visit *v, const node *n)
{
    ad *x = w->x;
    node_id where = v->inner_where, u = ad_reduce_share(x, v, n, v->adjoint.value, &where);
    bool unordered = ad_unordered(x, n);
    if (unordered) u = ad_scale(x, 0.5, u);
    ad_push_where(w, v, v->inner, u, where);
}

/* ---- leaves -------------------------------------------------------------------------------------------- */

static void virial(ad *x, const visit *v, node_id a, node_id b)
{
    if (a == SETIR_NONE || b == SETIR_NONE) return;
    const node n = x->p->nodes.at[v->n];
    ad_virial(x, (guarded){ad_outer(x, a, b), v->adjoint.where}, &n);
}

/* of a reciprocal vector */
static uint32_t slot_of(const ad *x, const node *n)
{
    return x->p->sets.at[x->p->nodes.at[n->arg[0]].elem.set].slot;
}

/* What u . dk gives the strain, for k in the span of the lattice vectors and dual to them: out of the span k turns
 * with what is strained, in it against it. */
static void dual_virial(ad *x, const visit *v, uint32_t of, node_id k, node_id u)
{
    node_id inside = ad_in_span(x, of, u);
    virial(x, v, ad_neg(x, k), inside);
    if (inside != u) virial(x, v, ad_sub(x, u, inside), k);
}

/* What k . v, k as above, gives v and the strain, u k = slope. Where v is strained with the lattice there is nothing of the
 * strain but off the span; two terms that cancel are not written, since sums of them do not fall apart into factors. */
static void measured(ad_walk *w, visit *v, uint32_t of, node_id slope, node_id vector)
{
    ad *x = w->x;
    bool strained = x->strain && of == x->by.slot;
    if (!strained || !ad_goes_with_strain(x, vector)) {
        ad_push(w, v, vector, slope);
        if (strained) dual_virial(x, v, of, slope, vector);
        return;
    }
    ad_push_held(w, v, vector, slope);
    node_id inside = ad_in_span(x, of, vector);
    if (inside == vector) return;
    virial(x, v, slope, ad_sub(x, vector, inside));
    virial(x, v, ad_sub(x, vector, inside), slope);
}

/* a vector with the lattice: its component, phase, image moves with it too when strained */
static void rule_lattice(ad_walk *w, visit *v, const node *n)
{
    ad *x = w->x;
    node_id u = v->adjoint.value;
    switch ((int)n->op) {
    case OP_CELL_VEC:
    case OP_NIGGLI_VEC: virial(x, v, u, v->n); break;
    case OP_RECIP_K: dual_virial(x, v, slot_of(x, n), v->n, u); break;
    case OP_PHASE: {
        node_id k = node_1(x->p, OP_RECIP_K, elem_real(1), n->arg[0], x->at), slope = ad_mul(x, u, k);
        measured(w, v, slot_of(x, n), slope, n->arg[1]);
        break;
    }
    case OP_FRAC: {
        node_id slope = ad_mul(x, u, ad_dual(x, n->imm.slot, n->arg[1]));
        measured(w, v, n->imm.slot, slope, n->arg[0]);
        break;
    }
    case OP_NEAREST:
        ad_push(w, v, n->arg[0], u);
        if (x->strain && n->imm.slot == x->by.slot) virial(x, v, u, ad_sub(x, v->n, n->arg[0]));
        break;
    default: /* VOLUME: by its lattice vectors, which are strained as they stand */
        for (int k = 0, n_axes = ad_axes(x, n->imm.slot); k < n_axes; k++) {
            node_id a = ad_lattice(x, n->imm.slot, k), axis = x->p->nodes.at[a].arg[0];
            virial(x, v, ad_mul(x, ad_mul(x, u, v->n), ad_dual(x, n->imm.slot, axis)), a);
        }
        break;
    }
}

/* the sample is laid on its host so that the mean distance from the sites is none: spots move as the mean of the atoms */
static void rule_spot(ad *x, visit *v, const node *n)
{
    if (!ad_spots_move(x, n)) return;
    if (x->strain) virial(x, v, v->adjoint.value, v->n);
    set_id atoms = ad_spots(x, n)->sample;
    input_id position = x->p->slots.at[x->by.slot].position;
    ivar_id each = program_ivar(x->p, (ivar){.set = atoms, .row = SETIR_NONE, .to = SETIR_NONE, .partner = SETIR_NONE});
    node_id *index = arena_array(x->a, node_id, 1);
    index[0] = ad_ivar(x, each);
    ivar_list free = {0};
    for (uint32_t k = 0; k < n->n_free; k++) vec_push(x->a, &free, n->free[k]);
    vec_push(x->a, &free, each);
    const node leaf = {.free = free.at, .n_free = free.n};
    guarded g = {ad_div(x, v->adjoint.value, ad_count(x, atoms)), v->adjoint.where};
    ad_collect(x, (target){TO_INPUT, position}, index, 1, g, &leaf);
}

static void rule_leaf(ad_walk *w, visit *v, const node *n)
{
    ad *x = w->x;
    const node leaf = *n;
    if (n->op == OP_PAIR_D) {
        if (ad_spots(x, n) && !ad_spots_move(x, n)) return;
        ad_collect(x, (target){TO_PAIRS, x->p->nodes.at[n->arg[0]].elem.set}, leaf.arg, 1, v->adjoint, &leaf);
        return;
    }
    if (n->op == OP_PARAM) {
        ad_collect(x, (target){TO_PARAM, n->imm.param}, leaf.arg, leaf.n_args, v->adjoint, &leaf);
        return;
    }
    ad_collect(x, (target){TO_INPUT, n->imm.input}, leaf.arg, leaf.n_args, v->adjoint, &leaf);
    if (x->strain && !w->holds && x->p->inputs.at[n->imm.input].role == IN_POSITION) virial(x, v, v->adjoint.value, v->n);
}

/* its own value, and what its value is made of */
static void rule_named(ad_walk *w, visit *v, const node *n)
{
    ad *x = w->x;
    const node leaf = *n;
    if (x->by.kind == WRT_NAMED && n->imm.named == x->by.named)
        ad_collect(x, (target){TO_NAMED, n->imm.named}, leaf.arg + 1, leaf.n_args - 1, v->adjoint, &leaf);
    else
        ad_push(w, v, leaf.arg[0], v->adjoint.value);
}

static void rule_access(ad_walk *w, visit *v, const node *n)
{
    ad *x = w->x;
    const node leaf = *n;
    if (v->inner != SETIR_NONE) {
        ad_push(w, v, v->inner, v->adjoint.value);
        return;
    }
    if (x->p->defs.at[n->imm.def].nested) {
        ad_fail(x, n->at, "a library function of a table inside another");
        return;
    }
    ad_collect(x, (target){TO_DEF, n->imm.def}, leaf.arg, leaf.n_args, v->adjoint, &leaf);
}

void ad_rule(ad_walk *w, visit *v)
{
    const node n = w->x->p->nodes.at[v->n];
    switch ((int)n.op) {
    case OP_INPUT:
    case OP_PARAM:
    case OP_PAIR_D: rule_leaf(w, v, &n); break;
    case OP_NAMED: rule_named(w, v, &n); break;
    case OP_ACCESS:
    case OP_PADGET: rule_access(w, v, &n); break;
    case OP_CELL_VEC:
    case OP_NIGGLI_VEC:
    case OP_RECIP_K:
    case OP_PHASE:
    case OP_FRAC:
    case OP_NEAREST:
    case OP_VOLUME: rule_lattice(w, v, &n); break;
    case OP_REDUCE: rule_reduce(w, v, &n); break;
    case OP_COMP:
    case OP_CHANNEL_CAT:
    case OP_CHANNEL_GET: rule_channels(w, v, &n); break;
    case OP_CHANNEL_AT:
    case OP_CHANNEL_PUT:
    case OP_SOLID:
    case OP_LINEAR:
    case OP_BILINEAR: rule_irreps(w, v, &n); break;
    case OP_SPOT_R: rule_spot(w->x, v, &n); break;
    case OP_LOOKUP: ad_fail(w->x, n.at, "a value looked up in the sample"); break;
    default: (op_table[n.op].group == OPS_VECTOR ? rule_vector : rule_arithmetic)(w, v, &n); break;
    }
}
