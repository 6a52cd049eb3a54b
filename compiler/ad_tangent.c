/* SPDX-License-Identifier: Apache-2.0
 *
 * ad_tangent.c: the tangent of each operation. In: a node, the tangent of one of its arguments. Out: the part
 * of the node's tangent that comes from it; tangents of what moves itself. Where a derivative does not exist
 * the same values are given as by the adjoints (ad_rules.c).
 */
#include "ad_forward.h"

/* sums of values of one type, or such a value times or over a number */
static bool is_scaled(const ad *x, const node *n)
{
    if (n->op == OP_MUL) return !ad_elem(x, n->arg[0])->channels;
    if (n->op == OP_DIV) return !ad_elem(x, n->arg[1])->channels;
    bool alike = elem_equal(n->elem, *ad_elem(x, n->arg[0])) && elem_equal(n->elem, *ad_elem(x, n->arg[1]));
    return alike && (n->op == OP_ADD || n->op == OP_SUB);
}

static node_id scaled(ad *x, const node *n, node_id id, uint32_t k, node_id t)
{
    switch ((int)n->op) {
    case OP_ADD: return t;
    case OP_SUB: return k ? ad_neg(x, t) : t;
    case OP_MUL: return k == 0 ? ad_mul(x, t, n->arg[1]) : ad_mul(x, n->arg[0], t);
    default: return k == 0 ? ad_div(x, t, n->arg[1]) : ad_neg(x, ad_mul(x, ad_div(x, t, n->arg[1]), id));
    }
}

static node_id arithmetic(ad *x, const node *n, node_id id, uint32_t k, node_id t)
{
    switch ((int)n->op) {
    case OP_ASCRIBE:
    case OP_NAMED:
    case OP_SELECT: return t;
    case OP_NEG: return ad_neg(x, t);
    default:
        if (op_table[n->op].group != OPS_BINARY) return ad_function(x, n, id, t);
        return is_scaled(x, n) ? scaled(x, n, id, k, t) : ad_binary(x, n, id, k, t);
    }
}

static node_id length(ad *x, const node *n, node_id id, node_id t)
{
    node_id slope = ad_div(x, ad_dot(x, n->arg[0], t), id);
    if (x->p->nodes.at[n->arg[0]].op == OP_PAIR_D) return slope;
    return ad_select(x, ad_op(x, OP_LT, elem_bool(), ad_real(x, 0), id), slope, SETIR_NONE);
}

/* t in its place, zeros in the others' */
static node_id among_others(ad *x, const node *n, uint32_t k, node_id t)
{
    node_id *part = arena_array(x->a, node_id, n->n_args);
    for (uint32_t m = 0; m < n->n_args; m++) part[m] = m == k ? t : ad_zero(x, *ad_elem(x, n->arg[m]));
    return program_node(x->p, n->op, n->elem, part, n->n_args, NULL, x->at);
}

/* what is linear in its argument k, which is t instead */
static node_id linear(ad *x, const node *n, uint32_t k, node_id t)
{
    node_id *arg = arena_copy(x->a, n->arg, n->n_args * sizeof *n->arg);
    arg[k] = t;
    return program_node(x->p, n->op, n->elem, arg, n->n_args, &n->imm, x->at);
}

node_id ad_pass(ad *x, const node *n, node_id id, uint32_t k, node_id t)
{
    if (t == SETIR_NONE) return t;
    switch ((int)n->op) {
    case OP_DOT: return ad_dot(x, t, n->arg[1 - k]);
    case OP_CROSS:
    case OP_OUTER:
    case OP_MATVEC:
    case OP_MATMUL:
    case OP_LINEAR:
    case OP_BILINEAR: return linear(x, n, k, t);
    case OP_CHANNEL_AT:
    case OP_CHANNEL_PUT: return k == 0 ? linear(x, n, k, t) : SETIR_NONE;
    case OP_SOLID: return n->imm.k ? ad_solid(x, n, t, TABLE_B) : SETIR_NONE;
    case OP_TRANSPOSE: return ad_fun(x, OP_TRANSPOSE, t);
    case OP_TRACE: return node_1(x->p, OP_TRACE, elem_real(0), t, x->at);
    case OP_NORM: return length(x, n, id, t);
    case OP_DET: return ad_dot(x, ad_cofactors(x, n->arg[0]), t);
    case OP_COMP:
    case OP_CHANNEL_GET: return ad_component(x, t, n->imm.k);
    case OP_VEC3:
    case OP_CHANNEL_CAT: return among_others(x, n, k, t);
    case OP_PHASE: {
        node_id wave = node_1(x->p, OP_RECIP_K, elem_real(1), n->arg[0], x->at);
        return k == 1 ? ad_dot(x, wave, t) : SETIR_NONE;
    }
    case OP_FRAC: return k == 0 ? ad_dot(x, ad_dual(x, n->imm.slot, n->arg[1]), t) : SETIR_NONE;
    case OP_NEAREST: return t;
    default: return arithmetic(x, n, id, k, t);
    }
}

/* ---- what moves ---------------------------------------------------------------------------------------- */

static node_id direction_at(const forward *f, const node_id *index)
{
    ad *x = f->x;
    const def *d = &x->p->defs.at[f->along];
    return program_node(x->p, OP_ACCESS, d->elem, index, d->n_param, &(node_imm){.def = f->along}, x->at);
}

/* strain times a vector; transposed: its transpose */
static node_id strained(const forward *f, node_id v, bool transposed)
{
    ad *x = f->x;
    if (v == SETIR_NONE) return v;
    if (f->along != SETIR_NONE) {
        node_id e = direction_at(f, NULL);
        return ad_op(x, OP_MATVEC, elem_real(1), transposed ? ad_fun(x, OP_TRANSPOSE, e) : e, v);
    }
    int row = transposed ? f->lane % 3 : f->lane / 3, column = transposed ? f->lane / 3 : f->lane % 3;
    node_id one = ad_unit(x, elem_real(1), row, ad_component(x, v, column));
    if (!f->symmetric || row == column) return one;
    return ad_scale(x, 0.5, ad_add(x, one, ad_unit(x, elem_real(1), column, ad_component(x, v, row))));
}

static node_id unit_step(const forward *f, elem e)
{
    return e.rank || e.channels ? ad_unit(f->x, e, f->lane, ad_real(f->x, 1)) : ad_real(f->x, 1);
}

static void everywhere(forward *f, tangent_sum *out, node_id value)
{
    ad_term_add(f->x, out, (tangent_term){{value, SETIR_NONE}, SETIR_NONE, SETIR_NONE});
}

/* the element at `index` moves */
static void at_element(forward *f, tangent_sum *out, elem e, const node_id *index, double sign)
{
    ad *x = f->x;
    if (f->along != SETIR_NONE) {
        everywhere(f, out, ad_scale(x, sign, direction_at(f, index)));
        return;
    }
    node_id step = ad_scale(x, sign, unit_step(f, e));
    bool one = f->q == SETIR_NONE;
    ad_term_add(x, out, (tangent_term){{step, SETIR_NONE}, one ? SETIR_NONE : *index, one ? SETIR_NONE : ad_ivar(x, f->q)});
}

static void displacement(forward *f, const node *n, node_id id, tangent_sum *out)
{
    ad *x = f->x;
    bool spots = ad_spots(x, n) != NULL;
    if (f->by.kind == WRT_PAIRS) {
        at_element(f, out, n->elem, n->arg, 1);
    } else if (spots && !ad_spots_move(x, n)) {
        return;
    } else if (x->strain) {
        everywhere(f, out, strained(f, id, false));
    } else if (!spots) {
        node_id to = ad_index(x, OP_PAIR_J, n->arg[0]), from = ad_index(x, OP_PAIR_I, n->arg[0]);
        at_element(f, out, n->elem, &to, 1);
        at_element(f, out, n->elem, &from, -1);
    }
}

/* the place of a spot moves as the mean of the atoms */
static void spot(forward *f, const node *n, node_id id, tangent_sum *out)
{
    ad *x = f->x;
    if (!ad_spots_move(x, n)) return;
    if (x->strain) {
        everywhere(f, out, strained(f, id, false));
        return;
    }
    set_id atoms = ad_spots(x, n)->sample;
    node_id step = unit_step(f, n->elem);
    if (f->along != SETIR_NONE) {
        ivar_id each = program_ivar(x->p, (ivar){.set = atoms, .row = SETIR_NONE, .to = SETIR_NONE, .partner = SETIR_NONE});
        node_id index = ad_ivar(x, each);
        step = ad_sum(x, &each, 1, (guarded){direction_at(f, &index), SETIR_NONE});
    }
    everywhere(f, out, ad_div(x, step, ad_count(x, atoms)));
}

/* of a reciprocal vector */
static uint32_t slot_of(const ad *x, const node *n)
{
    return x->p->sets.at[x->p->nodes.at[n->arg[0]].elem.set].slot;
}

/* what a vector in the span of the lattice vectors and dual to them changes by: with the strain out of the span,
 * against it in the span */
static node_id dual_strained(const forward *f, uint32_t of, node_id k)
{
    ad *x = f->x;
    node_id against = ad_neg(x, ad_in_span(x, of, strained(f, k, true)));
    node_id along = strained(f, k, false);
    return ad_axes(x, of) == 3 ? against : ad_add(x, against, ad_sub(x, along, ad_in_span(x, of, along)));
}

/* V times the trace of the strain in the span of the lattice vectors */
static node_id growth(forward *f, const node *n, node_id id)
{
    ad *x = f->x;
    node_id sum = SETIR_NONE;
    node_id first = ad_lattice(x, n->imm.slot, 0);
    int32_t count = x->p->sets.at[ad_elem(x, x->p->nodes.at[first].arg[0])->set].count;
    for (int k = 0; k < count; k++) {
        node_id a = ad_lattice(x, n->imm.slot, k);
        node_id dual = ad_dual(x, n->imm.slot, x->p->nodes.at[a].arg[0]);
        sum = ad_add(x, sum, ad_dot(x, dual, strained(f, a, false)));
    }
    return ad_mul(x, sum, id);
}

void ad_leaf(forward *f, const node *n, node_id id, tangent_sum *out)
{
    ad *x = f->x;
    switch ((int)n->op) {
    case OP_PAIR_D: displacement(f, n, id, out); return;
    case OP_INPUT:
        if (x->strain)
            everywhere(f, out, strained(f, id, false));
        else
            at_element(f, out, n->elem, n->arg, 1);
        return;
    case OP_PARAM:
        if (f->by.kind == WRT_PARAM && n->imm.param == f->by.param) at_element(f, out, n->elem, n->arg, 1);
        return;
    case OP_NAMED:
        if (f->by.kind == WRT_NAMED && n->imm.named == f->by.named)
            at_element(f, out, n->elem, n->arg + 1, 1);
        return;
    case OP_SPOT_R: spot(f, n, id, out); return;
    case OP_LOOKUP: ad_fail(x, n->at, "a value looked up in the sample"); return;
    default: break;
    }
    if (!x->strain) return;
    switch ((int)n->op) {
    case OP_CELL_VEC:
    case OP_NIGGLI_VEC: everywhere(f, out, strained(f, id, false)); break;
    case OP_RECIP_K: everywhere(f, out, dual_strained(f, slot_of(x, n), id)); break;
    case OP_PHASE: {
        node_id wave = node_1(x->p, OP_RECIP_K, elem_real(1), n->arg[0], x->at);
        everywhere(f, out, ad_dot(x, dual_strained(f, slot_of(x, n), wave), n->arg[1]));
        break;
    }
    case OP_FRAC: {
        node_id dual = ad_dual(x, n->imm.slot, n->arg[1]);
        everywhere(f, out, ad_dot(x, dual_strained(f, n->imm.slot, dual), n->arg[0]));
        break;
    }
    case OP_NEAREST: everywhere(f, out, strained(f, ad_sub(x, id, n->arg[0]), false)); break;
    case OP_VOLUME: everywhere(f, out, growth(f, n, id)); break;
    default: break;
    }
}
