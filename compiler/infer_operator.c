/* SPDX-License-Identifier: Apache-2.0
 *
 * infer_operator.c: operators, `if`, reductions. In: their arguments as values. Out: nodes, or tensors where an argument is one.
 * Not here: functions (infer_call.c).
 */
#include "infer_internal.h"

#include <math.h>

#include <mtx/mtxrt.h>

/* ---------------------------------------------------------------------------------------------- operators */

static bool want_same_shape(infer *x, const expr *e, node_id a, node_id b, elem *out)
{
    elem ea = elem_of(x, a), eb = elem_of(x, b);
    bool turning = ea.irreps || eb.irreps;       /* a number beside irreps would not turn with them           */
    if (turning ? elem_equal(ea, eb) : ea.rank == eb.rank && (ea.channels == eb.channels || !ea.channels || !eb.channels)) {
        *out = ea.channels ? ea : eb;
        return true;
    }
    diag *d = infer_report(x, D_SHAPE_MISMATCH, e->at, elem_text(x, ea), elem_text(x, eb));
    diag_label_at(x->sink, d, e->binary.lhs->at, "%s", elem_text(x, ea));
    diag_label_at(x->sink, d, e->binary.rhs->at, "%s", elem_text(x, eb));
    return false;
}

static node_id multiply(infer *x, const expr *e, node_id a, node_id b)
{
    elem ea = elem_of(x, a), eb = elem_of(x, b);
    if ((ea.irreps || ea.rank) && (eb.irreps || eb.rank) && (ea.irreps || eb.irreps)) {
        diag *d = infer_report(x, D_PRODUCT_OF_VECTORS, e->at);
        diag_label_primary(x->sink, d, "%s times %s", elem_text(x, ea), elem_text(x, eb));
        diag_help(x->sink, d, "product(a, b, lmax)   for all parts of the product,  dot(a, b)  for the invariant one");
        return SETIR_NONE;
    }
    if (ea.rank && eb.rank) {
        diag *d = infer_report(x, D_PRODUCT_OF_VECTORS, e->at);
        diag_label_primary(x->sink, d, "%s times %s", elem_text(x, ea), elem_text(x, eb));
        diag_help(x->sink, d, "dot(a, b)   for the scalar product,  cross(a, b)  for the vector product,  outer(a, b)");
        return SETIR_NONE;
    }
    if ((ea.channels && eb.rank) || (eb.channels && ea.rank) || (ea.irreps && eb.channels) || (eb.irreps && ea.channels) || (ea.channels && eb.channels && ea.channels != eb.channels)) {
        diag *d = infer_report(x, D_SHAPE_MISMATCH, e->at, elem_text(x, ea), elem_text(x, eb));
        diag_label_primary(x->sink, d, "shapes do not fit");
        return SETIR_NONE;
    }
    elem out = ea.channels ? ea : eb.channels ? eb : ea.rank ? ea : eb;
    node_id part = infer_part_scaled(x, OP_MUL, eb.irreps ? b : a, eb.irreps ? a : b, e->at);
    if (part != SETIR_NONE) {
        return part;
    }
    return ea.rank ? mk2(x, OP_MUL, out, b, a, e->at) : mk2(x, OP_MUL, out, a, b, e->at);
}

static node_id power(infer *x, const expr *e, node_id a, node_id b)
{
    elem ea = elem_of(x, a), eb = elem_of(x, b);
    bool first = ea.rank || ea.irreps;
    if (first || eb.rank || eb.channels) {
        diag *d = infer_report(x, D_NOT_A_SCALAR, first ? e->binary.lhs->at : e->binary.rhs->at);
        diag_label_primary(x->sink, d, "this is a %s", elem_text(x, first ? ea : eb));
        diag_help(x->sink, d, ea.rank == 1 || ea.irreps ? "norm2(...)   for the squared length" : "powers are taken of scalars");
        return SETIR_NONE;
    }
    double p;
    bool varied = x->constants.n && constant_mentioned(x, b) && unit_is_none(infer_unit(x, a));
    if (!varied && const_value(x, b, &p) && unit_is_none(infer_unit(x, b))) {
        constant_held(x, b, e->binary.rhs->at);
        node_imm imm = {.value = {p}};
        return mk(x, OP_POW, ea, &a, 1, &imm, e->at);
    }
    return mk2(x, OP_POWV, ea, a, b, e->at);
}

static node_id logic(infer *x, const expr *e, node_op op, node_id a, node_id b)
{
    node_id both[2] = {a, b};
    for (int k = 0; k < 2; k++) {
        if (elem_of(x, both[k]).kind != ELEM_BOOL) {
            diag *d = infer_report(x, D_NOT_A_CONDITION, k ? e->binary.rhs->at : e->binary.lhs->at);
            diag_label_primary(x->sink, d, "this is a %s", elem_text(x, elem_of(x, both[k])));
            return SETIR_NONE;
        }
    }
    return mk2(x, op, elem_bool(), a, b, e->at);
}

static node_id order(infer *x, const expr *e, node_id a, node_id b)
{
    elem ea = elem_of(x, a), eb = elem_of(x, b);
    bool swap = e->binary.op == B_GT || e->binary.op == B_GE, strict = e->binary.op == B_LT || e->binary.op == B_GT;
    if (swap) {
        node_id t = a;
        a = b;
        b = t;
    }
    if (ea.kind == ELEM_INDEX && eb.kind == ELEM_INDEX && ea.set == eb.set) {
        set_kind k = x->p->sets.at[ea.set].kind;
        if (k != SET_RANGE && k != SET_RANK) {
            node_id lt = mk2(x, OP_INDEX_LT, elem_bool(), strict ? a : b, strict ? b : a, e->at);
            return strict ? lt : mk1(x, OP_NOT, elem_bool(), lt, e->at);
        }
    }
    a = as_real(x, a, swap ? e->binary.rhs->at : e->binary.lhs->at);
    b = as_real(x, b, swap ? e->binary.lhs->at : e->binary.rhs->at);
    if (a == SETIR_NONE || b == SETIR_NONE) {
        return SETIR_NONE;
    }
    if (elem_of(x, a).rank || elem_of(x, b).rank || elem_of(x, a).channels || elem_of(x, b).channels) {
        diag *d = infer_report(x, D_NOT_A_SCALAR, e->at);
        diag_label_primary(x->sink, d, "only numbers are larger or smaller");
        return SETIR_NONE;
    }
    return mk2(x, strict ? OP_LT : OP_LE, elem_bool(), a, b, e->at);
}

/* an atomic number beside a species */
static void help_species(infer *x, diag *d, node_id number)
{
    double z;
    if (number != SETIR_NONE && elem_of(x, number).kind == ELEM_REAL && const_value(x, number, &z) && z >= 1 &&
        z < SETIR_SPECIES && z == floor(z)) {
        diag_help(x->sink, d, "%s   the symbol, or  protons(Z) == %g", mtx_element_symbol((int)z), z);
    }
}

static node_id equal(infer *x, const expr *e, node_id a, node_id b)
{
    elem ea = elem_of(x, a), eb = elem_of(x, b);
    node_id r = SETIR_NONE;
    if (ea.kind == ELEM_SPECIES || eb.kind == ELEM_SPECIES) {
        a = species_of(x, a, e->binary.lhs->at);
        b = species_of(x, b, e->binary.rhs->at);
        if (elem_of(x, a).kind == ELEM_SPECIES && elem_of(x, b).kind == ELEM_SPECIES) {
            r = mk2(x, OP_SPECIES_EQ, elem_bool(), a, b, e->at);
        }
    } else if (ea.kind == ELEM_INDEX && eb.kind == ELEM_INDEX) {
        if (ea.set == eb.set) {
            r = mk2(x, OP_INDEX_EQ, elem_bool(), a, b, e->at);
        }
    } else if (ea.kind == ELEM_BOOL && eb.kind == ELEM_BOOL) {
        node_id nb = mk1(x, OP_NOT, elem_bool(), b, e->at);
        node_id args[3] = {a, b, nb};
        r = mk(x, OP_SELECT, elem_bool(), args, 3, NULL, e->at);
    } else if (ea.kind != ELEM_BOOL && eb.kind != ELEM_BOOL) {
        a = as_real(x, a, e->binary.lhs->at);
        b = as_real(x, b, e->binary.rhs->at);
        if (a == SETIR_NONE || b == SETIR_NONE) {
            return SETIR_NONE;
        }
        if (!elem_of(x, a).rank && !elem_of(x, b).rank && !elem_of(x, a).channels && !elem_of(x, b).channels) {
            r = mk2(x, OP_EQ, elem_bool(), a, b, e->at);
            return e->binary.op == B_NE && r != SETIR_NONE ? mk1(x, OP_NOT, elem_bool(), r, e->at) : r;
        }
    }
    if (r == SETIR_NONE) {
        diag *d = infer_report(x, D_NOT_COMPARABLE, e->at, elem_text(x, ea), elem_text(x, eb));
        diag_label_at(x->sink, d, e->binary.lhs->at, "%s", elem_text(x, ea));
        diag_label_at(x->sink, d, e->binary.rhs->at, "%s", elem_text(x, eb));
        help_species(x, d, ea.kind == ELEM_SPECIES ? b : eb.kind == ELEM_SPECIES ? a : SETIR_NONE);
        return SETIR_NONE;
    }
    return e->binary.op == B_NE ? mk1(x, OP_NOT, elem_bool(), r, e->at) : r;
}

static value binary_nodes(infer *x, void *user, const node_id *n, span at)
{
    const expr *e = user;
    node_id a = n[0], b = n[1], r = SETIR_NONE;
    elem out;
    switch (e->binary.op) {
    case B_OR: r = logic(x, e, OP_OR, a, b); break;
    case B_AND: r = logic(x, e, OP_AND, a, b); break;
    case B_EQ: case B_NE: r = equal(x, e, a, b); break;
    case B_LT: case B_LE: case B_GT: case B_GE: r = order(x, e, a, b); break;
    case B_CONCAT: r = infer_concat(x, e, a, b); break;
    case B_ADD: case B_SUB: case B_MUL: case B_DIV: case B_POW:
        a = as_real(x, a, e->binary.lhs->at);
        b = as_real(x, b, e->binary.rhs->at);
        if (a == SETIR_NONE || b == SETIR_NONE) {
            break;
        }
        if (e->binary.op == B_MUL) {
            r = multiply(x, e, a, b);
        } else if (e->binary.op == B_POW) {
            r = power(x, e, a, b);
        } else if (e->binary.op == B_DIV) {
            if (elem_of(x, b).rank || elem_of(x, b).irreps || (elem_of(x, a).irreps && elem_of(x, b).channels)) {
                diag *d = infer_report(x, D_NOT_A_SCALAR, e->binary.rhs->at);
                diag_label_primary(x->sink, d, "division by a %s", elem_text(x, elem_of(x, b)));
            } else {
                out = elem_of(x, a);
                if (!out.rank && !out.channels) {
                    out = elem_of(x, b);
                }
                r = infer_part_scaled(x, OP_DIV, a, b, e->at);
                r = r == SETIR_NONE ? mk2(x, OP_DIV, out, a, b, e->at) : r;
            }
        } else if (want_same_shape(x, e, a, b, &out)) {
            r = mk2(x, e->binary.op == B_ADD ? OP_ADD : OP_SUB, out, a, b, e->at);
        }
        break;
    case B_WITHIN: case B_RANGE: break;
    }
    return r == SETIR_NONE ? value_error(at) : value_node(r, at);
}

/* `Z == S`: beside a species a chemical symbol means the element, whatever else bears that name. */
static bool symbol_beside_species(infer *x, scope *s, const expr *e, value *a, value *b)
{
    for (int k = 0; k < 2; k++) {
        const expr *word = k ? e->binary.rhs : e->binary.lhs, *other = k ? e->binary.lhs : e->binary.rhs;
        if (word->kind != E_NAME || !element_number(word->ident.id)) {
            continue;
        }
        value v = infer_expr(x, s, other);
        if (v.kind == V_NODE && v.node != SETIR_NONE &&
            (elem_of(x, v.node).kind == ELEM_SPECIES ||
             (elem_of(x, v.node).kind == ELEM_INDEX && x->p->sets.at[elem_of(x, v.node).set].kind == SET_SPECIES))) {
            node_imm imm = {.k = element_number(word->ident.id)};
            value c = value_node(mk(x, OP_SPECIES_CONST, elem_species(), NULL, 0, &imm, word->at), word->at);
            *a = k ? v : c;
            *b = k ? c : v;
            return true;
        }
    }
    return false;
}

value infer_binary(infer *x, scope *s, const expr *e)
{
    if (e->binary.op == B_WITHIN || e->binary.op == B_RANGE) {
        return infer_set(x, s, e);
    }
    value v[2];
    if (!((e->binary.op == B_EQ || e->binary.op == B_NE) && symbol_beside_species(x, s, e, &v[0], &v[1]))) {
        v[0] = infer_expr(x, s, e->binary.lhs);
        v[1] = infer_expr(x, s, e->binary.rhs);
    }
    return map_values(x, v, 2, e->at, binary_nodes, (void *)(uintptr_t)e);
}

static value unary_node(infer *x, void *user, const node_id *n, span at)
{
    const expr *e = user;
    node_id r;
    if (e->unary.op == U_NOT) {
        if (elem_of(x, n[0]).kind != ELEM_BOOL) {
            diag *d = infer_report(x, D_NOT_A_CONDITION, e->unary.arg->at);
            diag_label_primary(x->sink, d, "this is a %s", elem_text(x, elem_of(x, n[0])));
            return value_error(at);
        }
        r = mk1(x, OP_NOT, elem_bool(), n[0], at);
    } else {
        node_id a = as_real(x, n[0], e->unary.arg->at);
        if (a != SETIR_NONE && x->p->nodes.at[a].op == OP_CONST) {
            return value_node(mk_const(x, -x->p->nodes.at[a].imm.value[0], infer_unit(x, a), at), at);
        }
        r = a == SETIR_NONE ? a : mk1(x, OP_NEG, elem_of(x, a), a, at);
    }
    return r == SETIR_NONE ? value_error(at) : value_node(r, at);
}

value infer_unary(infer *x, scope *s, const expr *e)
{
    value v = infer_expr(x, s, e->unary.arg);
    return map_values(x, &v, 1, e->at, unary_node, (void *)(uintptr_t)e);
}

value infer_if(infer *x, scope *s, const expr *e)
{
    node_id c = infer_node(x, s, e->cond.cond);
    node_id a = infer_node(x, s, e->cond.then);
    node_id b = infer_node(x, s, e->cond.other);
    if (c == SETIR_NONE || a == SETIR_NONE || b == SETIR_NONE) {
        return value_error(e->at);
    }
    if (elem_of(x, c).kind != ELEM_BOOL) {
        diag *d = infer_report(x, D_NOT_A_CONDITION, e->cond.cond->at);
        diag_label_primary(x->sink, d, "this is a %s", elem_text(x, elem_of(x, c)));
        return value_error(e->at);
    }
    elem ea = elem_of(x, a), eb = elem_of(x, b);
    if (ea.kind == ELEM_SPECIES || eb.kind == ELEM_SPECIES) {
        a = species_of(x, a, e->cond.then->at);
        b = species_of(x, b, e->cond.other->at);
    } else if (ea.kind != eb.kind || (ea.kind == ELEM_INDEX && ea.set != eb.set)) {
        a = as_real(x, a, e->cond.then->at);
        b = as_real(x, b, e->cond.other->at);
    }
    if (a == SETIR_NONE || b == SETIR_NONE) {
        return value_error(e->at);
    }
    ea = elem_of(x, a);
    eb = elem_of(x, b);
    if (ea.kind != eb.kind || ea.rank != eb.rank || ea.channels != eb.channels || ea.irreps != eb.irreps) {
        diag *d = infer_report(x, D_BRANCHES, e->at, elem_text(x, ea), elem_text(x, eb));
        diag_label_at(x->sink, d, e->cond.then->at, "%s", elem_text(x, ea));
        diag_label_at(x->sink, d, e->cond.other->at, "%s", elem_text(x, eb));
        return value_error(e->at);
    }
    node_id args[3] = {c, a, b};
    node_id r = mk(x, OP_SELECT, ea, args, 3, NULL, e->at);
    return r == SETIR_NONE ? value_error(e->at) : value_node(r, e->at);
}

value infer_reduce(infer *x, scope *s, const expr *e)
{
    scope *inner = scope_new(x, s, s->inst);
    ivar_id *iv = NULL;
    uint32_t n = bind_all(x, inner, e->reduce.binder, e->reduce.n, &iv);
    if (n == UINT32_MAX) {
        infer_expr(x, inner, e->reduce.body);     /* for what else is wrong in it                             */
        return value_error(e->at);
    }
    node_id args[2];
    uint32_t n_args = 1;
    if (e->reduce.where) {
        args[1] = infer_node(x, inner, e->reduce.where);
        n_args = 2;
        if (args[1] != SETIR_NONE && elem_of(x, args[1]).kind != ELEM_BOOL) {
            diag *d = infer_report(x, D_NOT_A_CONDITION, e->reduce.where->at);
            diag_label_primary(x->sink, d, "this is a %s", elem_text(x, elem_of(x, args[1])));
            return value_error(e->at);
        }
    }
    args[0] = as_real(x, infer_node(x, inner, e->reduce.body), e->reduce.body->at);
    if (args[0] == SETIR_NONE || (n_args == 2 && args[1] == SETIR_NONE)) {
        return value_error(e->at);
    }
    static const reduction map[] = {[R_SUM] = RED_SUM, [R_MEAN] = RED_MEAN, [R_PROD] = RED_PROD, [R_MAX] = RED_MAX, [R_MIN] = RED_MIN};
    elem out = elem_of(x, args[0]);
    if ((out.rank || out.irreps) && e->reduce.op != R_SUM && e->reduce.op != R_MEAN) {
        diag *d = infer_report(x, D_NOT_A_SCALAR, e->reduce.body->at);
        diag_label_primary(x->sink, d, "this is a %s: only sums and means are taken of it", elem_text(x, out));
        return value_error(e->at);
    }
    if (e->reduce.op == R_SUM && n == 1 && n_args == 1) {
        node_id whole = infer_sum_of_parts(x, args[0], iv[0], e->at);
        if (whole != SETIR_NONE) {
            return value_node(whole, e->at);
        }
    }
    node_imm imm = {.reduce = map[e->reduce.op], .ivars = iv, .n_ivars = n};
    node_id r = mk(x, OP_REDUCE, out, args, n_args, &imm, e->at);
    return r == SETIR_NONE ? value_error(e->at) : value_node(r, e->at);
}
