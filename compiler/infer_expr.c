/* SPDX-License-Identifier: Apache-2.0
 *
 * infer_expr.c: In: expressions and the scope they stand in. Out: values, mostly nodes of the set IR.
 * Not here: calls (infer_call.c), sets (infer_set.c), statements (infer.c).
 */
#include "infer_internal.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include <mtx/mtxrt.h>

#define DEPTH_MOST 600
#define STEPS_MOST 3000000u

/* ------------------------------------------------------------------------------------------------ tensors */

value tensor_of_def(infer *x, def_id id, span at)
{
    const def *d = &x->p->defs.at[id];
    value v = {.kind = V_TENSOR, .at = at, .def = id, .n = d->n_param, .node = SETIR_NONE};
    v.domain = arena_array(x->a, set_id, d->n_param + 1);
    for (uint32_t k = 0; k < d->n_param; k++) {
        v.domain[k] = x->p->ivars.at[d->param[k]].set;
    }
    if (v.n == 0) {
        return tensor_apply(x, v, NULL, 0, at);
    }
    return v;
}

value tensor_apply(infer *x, value t, const node_id *index, uint32_t n, span at)
{
    if (t.def == SETIR_NONE) {
        uint32_t known = x->p->nodes.n;
        node_id r = program_substitute(x->p, t.node, t.ivar, index, n);
        if (r != SETIR_NONE && r >= known && x->p->nodes.at[r].op == OP_INPUT) {
            x->p->nodes.at[r].at = at;            /* blame the use, not the declaration of the field          */
        }
        infer_units_of_new(x);
        return value_node(r, at);
    }
    const def *d = &x->p->defs.at[t.def];
    node_imm imm = {.def = t.def};
    return value_node(mk(x, OP_ACCESS, d->elem, index, n, &imm, at), at);
}

/* Whole-tensor functions need a def: bind fresh variables if the value is not one already. */
def_id tensor_to_def(infer *x, value t, name id, span at)
{
    if (t.def != SETIR_NONE) {
        return t.def;
    }
    def d = {.id = id, .at = at, .type_at = at, .param = t.ivar, .n_param = t.n, .body = t.node, .lib_arg = SETIR_NONE,
             .out_scale = 1};
    d.elem = elem_of(x, t.node);
    d.declared = d.elem;
    def_id made = program_def(x->p, d);
    while (x->def_unit.n <= made) {
        vec_push(x->a, &x->def_unit, unit_none());
    }
    x->def_unit.at[made] = infer_unit(x, t.node);
    return made;
}

value value_single_output(infer *x, value v)
{
    if (v.kind != V_RECORD) {
        return v;
    }
    const stmt *only = NULL;
    uint32_t outputs = 0;
    for (uint32_t k = 0; k < v.record->d->n; k++) {
        if (v.record->d->body[k]->kind == S_GIVES) {
            only = v.record->d->body[k];
            outputs++;
        }
    }
    if (outputs == 1) {
        return infer_member(x, v, only->def.lhs.id, v.at);
    }
    diag *d = infer_report(x, D_WHICH_OUTPUT, v.at, v.record->d->id.id);
    diag_label_primary(x->sink, d, "gives %u outputs: name one with a dot", outputs);
    return value_error(v.at);
}

/* [0, 0, 0], all in one unit: the same in all axes */
static bool zero_vector(infer *x, const node_id *c)
{
    bool zero = true;
    for (int k = 0; k < 3; k++) {
        const node *d = &x->p->nodes.at[c[k]];
        zero = zero && d->op == OP_CONST && d->imm.value[0] == 0 && unit_equal(d->imm.unit, x->p->nodes.at[c[0]].imm.unit);
    }
    return zero;
}

node_id value_to_node(infer *x, value v)
{
    v = value_single_output(x, v);
    switch (v.kind) {
    case V_NODE:
        return v.node;
    case V_LIST:
        if (v.n == 3) {
            node_id c[3];
            for (uint32_t k = 0; k < 3; k++) {
                c[k] = as_real(x, value_to_node(x, v.item[k]), v.item[k].at);
                if (c[k] == SETIR_NONE) {
                    return SETIR_NONE;
                }
                if (elem_of(x, c[k]).rank || elem_of(x, c[k]).channels) {
                    diag *d = infer_report(x, D_NOT_A_SCALAR, v.item[k].at);
                    diag_label_primary(x->sink, d, "this is a %s", elem_text(x, elem_of(x, c[k])));
                    return SETIR_NONE;
                }
            }
            return zero_vector(x, c) ? mk(x, OP_CONST, elem_real(1), NULL, 0, &x->p->nodes.at[c[0]].imm, v.at)
                                     : mk(x, OP_VEC3, elem_real(1), c, 3, NULL, v.at);
        }
        break;
    case V_ERROR:
        return SETIR_NONE;
    case V_NOT_YET: {
        diag *d = infer_report(x, D_NOT_YET, v.at, v.what);
        diag_label_primary(x->sink, d, "not implemented yet");
        return SETIR_NONE;
    }
    case V_TENSOR: {
        const char *sets = "";
        for (uint32_t k = 0; k < v.n; k++) {
            sets = arena_printf(x->a, "%s%s%s", sets, k ? ", " : "", set_text(x, v.domain[k]));
        }
        diag *d = infer_report(x, D_NOT_INDEXED, v.at, sets);
        diag_label_primary(x->sink, d, "needs %s in brackets", v.n == 1 ? "an index" : "its indices");
        hint_indices(x, d, v);
        return SETIR_NONE;
    }
    case V_SET: case V_ROW: case V_SLOT: case V_CELL: case V_FUNCTION: case V_TRANSFORM: case V_RECORD: case V_BUILTIN:
    case V_GIVEN: case V_FILE: case V_CURVE: case V_PARTS:
        break;
    case V_PART:
        return infer_part_alone(x, v);
    }
    static const char *const what[] = {[V_SET] = "a set", [V_ROW] = "a row of pairs", [V_SLOT] = "a structure",
                                       [V_CELL] = "a lattice", [V_FUNCTION] = "a function", [V_TRANSFORM] = "a transform",
                                       [V_BUILTIN] = "a function", [V_LIST] = "a list",
                                       [V_GIVEN] = "a structure", [V_FILE] = "a table",
                                       [V_CURVE] = "a function", [V_PARTS] = "all parts of irreps"};
    const char *w = (size_t)v.kind < sizeof what / sizeof what[0] && what[v.kind] ? what[v.kind] : "not a value";
    diag *d = infer_report(x, D_NOT_A_VALUE, v.at, w);
    diag_label_primary(x->sink, d, "this is %s", w);
    if (v.kind == V_PARTS) {
        diag_help(x->sink, d, "c.part[l]");
    }
    if (v.kind == V_FUNCTION || v.kind == V_BUILTIN || v.kind == V_TRANSFORM) {
        diag_help(x->sink, d, "call it:  %s(...)",
                  v.kind == V_BUILTIN ? builtin_table[v.builtin].name
                  : v.kind == V_FUNCTION ? v.function->def.lhs.id : v.transform->id.id);
    }
    return SETIR_NONE;
}

node_id infer_node(infer *x, scope *s, const expr *e)
{
    return value_to_node(x, infer_expr(x, s, e));
}

node_id infer_real(infer *x, scope *s, const expr *e, int rank)
{
    node_id n = as_real(x, infer_node(x, s, e), e->at);
    if (n == SETIR_NONE) {
        return n;
    }
    elem have = elem_of(x, n);
    if (rank >= 0 && (have.rank != rank || (rank > 0 && have.channels))) {
        diag *d = infer_report(x, rank == 0 ? D_NOT_A_SCALAR : D_NOT_A_VECTOR, e->at);
        diag_label_primary(x->sink, d, "this is a %s", elem_text(x, have));
        if (rank == 0 && have.rank == 1) {
            diag_help(x->sink, d, "norm(...)   for its length");
        }
        return SETIR_NONE;
    }
    return n;
}

bool infer_int(infer *x, scope *s, const expr *e, int *out)
{
    node_id n = infer_real(x, s, e, 0);
    double v;
    if (n == SETIR_NONE) {
        return false;
    }
    if (!const_value(x, n, &v) || v != floor(v) || fabs(v) > 1e9 || !unit_is_none(infer_unit(x, n))) {
        diag *d = infer_report(x, D_NOT_AN_INTEGER, e->at);
        diag_label_primary(x->sink, d, "a whole number known at compile time is needed here");
        return false;
    }
    constant_held(x, n, e->at);
    *out = (int)v;
    return true;
}

/* ------------------------------------------------------------------------------------- elementwise lifting */

/* Apply f to the values' nodes; where some are tensors over one and the same domain, pointwise over it. */
value map_values(infer *x, value *v, uint32_t n, span at, value (*f)(infer *, void *, const node_id *, span), void *user)
{
    node_id *args = arena_array(x->a, node_id, n + 1);
    span *arg_at = arena_array(x->a, span, n + 1);
    const value *shape = NULL;
    for (uint32_t k = 0; k < n; k++) {
        arg_at[k] = v[k].at;
        v[k] = value_single_output(x, v[k]);
        if (v[k].kind == V_ERROR) {
            return value_error(at);
        }
        if (v[k].kind == V_TENSOR) {
            if (shape && (shape->n != v[k].n || memcmp(shape->domain, v[k].domain, sizeof(set_id) * shape->n))) {
                diag *d = infer_report(x, D_DOMAIN_MISMATCH, at);
                diag_label_primary(x->sink, d, "write out the indices to say which belong together");
                return value_error(at);
            }
            shape = &v[k];
        }
    }
    ivar_id *iv = NULL;
    node_id *index = NULL;
    if (shape) {
        iv = arena_array(x->a, ivar_id, shape->n);
        index = arena_array(x->a, node_id, shape->n);
        for (uint32_t k = 0; k < shape->n; k++) {
            value over = {.kind = V_SET, .set = shape->domain[k]};
            iv[k] = bind_one(x, NULL, NULL, over, at);
            index[k] = node_ivar(x->p, iv[k], at);
        }
    }
    uint32_t domain_n = shape ? shape->n : 0;
    set_id *domain = shape ? shape->domain : NULL;
    for (uint32_t k = 0; k < n; k++) {
        value one = v[k].kind == V_TENSOR ? tensor_apply(x, v[k], index, domain_n, v[k].at) : v[k];
        args[k] = value_to_node(x, one);
        if (args[k] == SETIR_NONE) {
            return value_error(at);
        }
    }
    x->arg_at = arg_at;
    value r = f(x, user, args, at);
    if (!domain_n || r.kind != V_NODE) {
        return r;
    }
    return (value){.kind = V_TENSOR, .at = at, .def = SETIR_NONE, .node = r.node, .ivar = iv, .domain = domain, .n = domain_n};
}

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

static value infer_binary(infer *x, scope *s, const expr *e)
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

static value infer_if(infer *x, scope *s, const expr *e)
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

static value infer_reduce(infer *x, scope *s, const expr *e)
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

/* ---------------------------------------------------------------------------------------------- indexing */

node_id index_into(infer *x, node_id n, set_id want, span at)
{
    if (n == SETIR_NONE) {
        return n;
    }
    elem e = elem_of(x, n);
    const set *w = &x->p->sets.at[want];
    double number;
    if (e.kind == ELEM_INDEX && e.set == want) {
        return n;
    }
    if (e.kind == ELEM_INDEX && x->p->sets.at[e.set].kind == SET_DIFFER && x->p->sets.at[e.set].host == want) {
        return mk1(x, OP_SPOT_HOST, elem_index(want), n, at);
    }
    if (const_value(x, n, &number) && number == floor(number)) {
        constant_held(x, n, at);
        int lo = w->kind == SET_RANGE ? w->lo : 0;
        int hi = w->kind == SET_RANGE ? w->hi : w->kind == SET_BASE || w->kind == SET_PAIRS || w->kind == SET_DIFFER ||
                 w->kind == SET_RECIP || w->parent != SETIR_NONE ? INT_MAX : w->count - 1;
        if (number < lo || number > hi) {
            diag *d = infer_report(x, D_INDEX_RANGE, at);
            diag_label_primary(x->sink, d, "%g is not in %d..%d", number, lo, hi);
            return SETIR_NONE;
        }
        node_imm imm = {.k = (int32_t)number - lo, .set = want};
        return mk(x, OP_INDEX_CONST, elem_index(want), NULL, 0, &imm, at);
    }
    if (w->kind == SET_SPECIES && (e.kind == ELEM_SPECIES ||
                                   (e.kind == ELEM_INDEX && x->p->sets.at[e.set].kind == SET_SPECIES))) {
        return index_by_species(x, species_of(x, n, at), want, at);
    }
    /* a range inside another one, or a rank of the same length, may index it */
    if (e.kind == ELEM_INDEX) {
        const set *have = &x->p->sets.at[e.set];
        bool fixed_rank = w->kind == SET_RANK && w->parent == SETIR_NONE && have->kind == SET_RANGE && have->lo >= 0 &&
                          have->hi < w->count;
        if ((have->kind == SET_RANGE && w->kind == SET_RANGE && have->lo >= w->lo && have->hi <= w->hi) || fixed_rank) {
            diag *d = infer_report(x, D_WRONG_INDEX, at, set_text(x, want), elem_words(x, e));
            diag_label_primary(x->sink, d, "use one set for both");
            return SETIR_NONE;
        }
    }
    diag *d = infer_report(x, D_WRONG_INDEX, at, set_text(x, want), elem_words(x, e));
    diag_label_primary(x->sink, d, "this is %s", elem_words(x, e));
    return SETIR_NONE;
}

static value component(infer *x, node_id n, int k, span at)
{
    node_imm imm = {.k = k};
    elem e = elem_of(x, n);
    if (e.channels) {
        if (k < 0 || k >= e.channels) {
            diag *d = infer_report(x, D_INDEX_RANGE, at);
            diag_label_primary(x->sink, d, "%d is not in 0..%d", k, e.channels - 1);
            return value_error(at);
        }
        return value_node(mk(x, OP_CHANNEL_GET, elem_real(0), &n, 1, &imm, at), at);
    }
    return value_node(mk(x, OP_COMP, elem_real(0), &n, 1, &imm, at), at);
}

static value infer_index(infer *x, scope *s, const expr *e)
{
    value base = value_single_output(x, infer_expr(x, s, e->index.base));
    if (base.kind == V_CELL) {
        base = infer_member(x, base, intern_s(x->names, "vectors"), base.at);
    }
    if (base.kind == V_LIST) {
        node_id n = e->index.n == 1 ? infer_node(x, s, e->index.arg[0]) : SETIR_NONE;
        if (e->index.n != 1) {
            diag *d = infer_report(x, D_INDEX_COUNT, e->at, 1u, e->index.n);
            diag_label_primary(x->sink, d, "a list takes one index at a time");
        }
        return n == SETIR_NONE ? value_error(e->at) : list_at(x, base, n, e->at);
    }
    if (base.kind == V_NODE && base.node != SETIR_NONE && elem_of(x, base.node).kind == ELEM_REAL &&
        elem_of(x, base.node).channels && e->index.n == 1) {
        int k;
        return infer_int(x, s, e->index.arg[0], &k) ? component(x, base.node, k, e->at) : value_error(e->at);
    }
    if (base.kind == V_PARTS && e->index.n == 1) {
        return infer_part(x, base, infer_node(x, s, e->index.arg[0]), e->at);
    }
    if (base.kind != V_TENSOR) {
        if (base.kind == V_NOT_YET) {
            return value_to_node(x, base) == SETIR_NONE ? value_error(e->at) : base;
        }
        if (base.kind != V_ERROR) {
            diag *d = infer_report(x, D_NOT_INDEXABLE, e->index.base->at);
            diag_label_primary(x->sink, d, base.kind == V_SET ? "a set: its rows are written in parentheses, bond(i)"
                                                             : "takes no index");
            bool vector = base.kind == V_NODE && base.node != SETIR_NONE && elem_of(x, base.node).rank == 1;
            if (vector) {
                diag_help(x->sink, d, "v.x, v.y, v.z   for the components of a vector");
            }
        }
        return value_error(e->at);
    }
    if (base.n != e->index.n) {
        diag *d = infer_report(x, D_INDEX_COUNT, e->at, base.n, e->index.n);
        diag_label_primary(x->sink, d, "%u given", e->index.n);
        return value_error(e->at);
    }
    node_id *index = arena_array(x->a, node_id, base.n + 1);
    bool good = true;
    for (uint32_t k = 0; k < base.n; k++) {
        const expr *arg = e->index.arg[k];
        const set *w = &x->p->sets.at[base.domain[k]];
        node_id n;
        if (w->kind == SET_SPECIES && arg->kind == E_NAME && element_number(arg->ident.id)) {
            node_imm imm = {.k = element_number(arg->ident.id)};
            n = mk(x, OP_SPECIES_CONST, elem_species(), NULL, 0, &imm, arg->at);
        } else {
            n = infer_node(x, s, arg);
        }
        index[k] = index_into(x, n, base.domain[k], arg->at);
        good = good && index[k] != SETIR_NONE;
    }
    return good ? tensor_apply(x, base, index, base.n, e->at) : value_error(e->at);
}

/* ------------------------------------------------------------------------------------------------ members */

static value node_member(infer *x, value base, name field, span at)
{
    elem e = elem_of(x, base.node);
    if (e.kind == ELEM_REAL && e.rank == 1 && strlen(field) == 1 && field[0] >= 'x' && field[0] <= 'z') {
        return component(x, base.node, field[0] - 'x', at);
    }
    if (e.kind == ELEM_REAL && e.rank == 2 && strlen(field) == 2 && field[0] >= 'x' && field[0] <= 'z' && field[1] >= 'x' &&
        field[1] <= 'z') {
        return component(x, base.node, 3 * (field[0] - 'x') + field[1] - 'x', at);
    }
    if (e.kind == ELEM_REAL && e.irreps && strcmp(field, "part") == 0) {
        return infer_parts(x, base, at);
    }
    const set *s = e.kind == ELEM_INDEX ? &x->p->sets.at[e.set] : NULL;
    if (s && s->kind == SET_PAIRS) {
        if (strcmp(field, "i") == 0 || strcmp(field, "j") == 0) {
            return value_node(mk1(x, field[0] == 'i' ? OP_PAIR_I : OP_PAIR_J, elem_index(s->parent), base.node, at), at);
        }
        if (strcmp(field, "d") == 0) {
            return value_node(mk1(x, OP_PAIR_D, elem_real(1), base.node, at), at);
        }
        if (strcmp(field, "rev") == 0) {
            return value_node(mk1(x, OP_PAIR_REV, e, base.node, at), at);
        }
    }
    if (s && s->kind == SET_DIFFER) {
        if (strcmp(field, "r") == 0) {
            return value_node(mk1(x, OP_SPOT_R, elem_real(1), base.node, at), at);
        }
        if (strcmp(field, "host") == 0) {
            return value_node(mk1(x, OP_SPOT_HOST, elem_index(s->host), base.node, at), at);
        }
    }
    if (s && s->kind == SET_RECIP && strcmp(field, "k") == 0) {
        return value_node(mk1(x, OP_RECIP_K, elem_real(1), base.node, at), at);
    }
    static const char *const pair_fields[] = {"i", "j", "d", "rev"};
    diag *d = infer_report(x, D_NO_MEMBER, at, elem_text(x, e), field);
    diag_label_primary(x->sink, d, "no such part");
    if (s && s->kind == SET_PAIRS) {
        const char *near = text_closest(field, pair_fields, 4);
        diag_note(x->sink, d, "A pair has the ends .i and .j, the displacement .d and its reverse .rev.%s%s",
                  near ? " Did you mean ." : "", near ? near : "");
    } else if (s && s->kind == SET_BASE) {
        diag_note(x->sink, d, "Fields are written structure first:  s.%s[i]", field);
    } else if (e.kind == ELEM_REAL && e.rank == 1) {
        diag_note(x->sink, d, "A vector has the components .x, .y and .z.");
    }
    return value_error(at);
}

static value slot_member(infer *x, value base, name field, span at)
{
    const slot_scope *sc = &x->slot_scopes.at[base.slot];
    entry *found = scope_find(sc->members, field);
    if (found) {
        return infer_lookup(x, sc->members, field, at, false);
    }
    const slot *sl = &x->p->slots.at[base.slot];
    if (strcmp(field, "axis") == 0 && sl->axes) {
        return (value){.kind = V_SET, .at = at, .set = set_axis(x, base.slot, at), .row = SETIR_NONE, .to = SETIR_NONE,
                       .def = SETIR_NONE};
    }
    diag *d = infer_report(x, D_NO_MEMBER, at, sl->type, field);
    diag_label_primary(x->sink, d, "no such field or set");
    hint_members(x, d, sl->type, sl->id, sc->members, field);
    return value_error(at);
}

value infer_member(infer *x, value base, name field, span at)
{
    switch (base.kind) {
    case V_ERROR:
        return base;
    case V_SLOT:
        return slot_member(x, base, field, at);
    case V_RECORD: {
        entry *found = scope_find(base.record->top, field);
        if (found) {
            value v = infer_lookup(x, base.record->top, field, at, false);
            v.at = at;
            return v;
        }
        diag *d = infer_report(x, D_NO_MEMBER, at, base.record->d->id.id, field);
        diag_label_primary(x->sink, d, "no such output or set");
        hint_members(x, d, base.record->d->id.id, base.record->d->id.id, base.record->top, field);
        return value_error(at);
    }
    case V_NODE:
        return base.node == SETIR_NONE ? value_error(at) : node_member(x, base, field, at);
    case V_CELL: {
        if (strcmp(field, "vectors") == 0) {
            set_id axes = set_axis(x, base.slot, at);
            value over = {.kind = V_SET, .set = axes};
            ivar_id *iv = arena_array(x->a, ivar_id, 1);
            set_id *domain = arena_array(x->a, set_id, 1);
            iv[0] = bind_one(x, NULL, NULL, over, at);
            domain[0] = axes;
            node_id index = node_ivar(x->p, iv[0], at);
            node_imm imm = {.slot = base.slot};
            node_id body = mk(x, OP_CELL_VEC, elem_real(1), &index, 1, &imm, at);
            return (value){.kind = V_TENSOR, .at = at, .def = SETIR_NONE, .node = body, .ivar = iv, .domain = domain, .n = 1};
        }
        if (strlen(field) == 1 && field[0] >= 'a' && field[0] <= 'c') {
            node_id k = index_into(x, mk_const(x, field[0] - 'a', unit_none(), at), set_axis(x, base.slot, at), at);
            node_imm imm = {.slot = base.slot};
            node_id v = mk(x, OP_CELL_VEC, elem_real(1), &k, 1, &imm, at);
            return v == SETIR_NONE ? value_error(at) : value_node(mk1(x, OP_NORM, elem_real(0), v, at), at);
        }
        diag *d = infer_report(x, D_NO_MEMBER, at, "lattice", field);
        diag_label_primary(x->sink, d, "no such part");
        diag_note(x->sink, d, "A lattice has the vectors s.cell[k] and the lengths .a, .b and .c.");
        return value_error(at);
    }
    case V_FILE: return infer_file_member(x, base, field, at);
    case V_GIVEN:
        if (base.file->slot != SETIR_NONE) {
            base.slot = base.file->slot;
            return slot_member(x, base, field, at);
        }
        break;
    case V_NOT_YET: case V_TENSOR: case V_SET: case V_ROW: case V_FUNCTION: case V_TRANSFORM: case V_BUILTIN: case V_LIST:
    case V_CURVE:
    case V_PARTS: case V_PART:
        break;
    }
    diag *d = infer_report(x, D_NO_MEMBER, at, base.kind == V_TENSOR ? "a value over a set" : "this", field);
    diag_label_primary(x->sink, d, "no such part");
    if (base.kind == V_TENSOR && base.n == 1) {
        diag_note(x->sink, d, "Index it first:  x[i].%s", field);
    } else if (base.kind == V_SET || base.kind == V_ROW) {
        diag_note(x->sink, d, "This is a set: an element of it is named first, as in  sum b in %s: ... b.%s",
                  set_text(x, base.set), field);
    }
    return value_error(at);
}

/* --------------------------------------------------------------------------------------------------- main */

static value infer_number(infer *x, const expr *e)
{
    unit u;
    double scale;
    if (!units_resolve(x->sink, &e->number.unit, &u, &scale)) {
        return value_error(e->at);
    }
    return value_node(mk_const(x, e->number.value * scale, u, e->at), e->at);
}

static value infer_list(infer *x, scope *s, const expr *e)
{
    value v = {.kind = V_LIST, .at = e->at, .n = e->list.n, .item = arena_array(x->a, value, e->list.n + 1), .def = SETIR_NONE};
    for (uint32_t k = 0; k < e->list.n; k++) {
        v.item[k] = infer_expr(x, s, e->list.item[k]);
        if (v.item[k].kind == V_ERROR) {
            return value_error(e->at);
        }
    }
    return v;
}

static value not_yet(infer *x, const expr *e, const char *what)
{
    diag *d = infer_report(x, D_NOT_YET, e->at, what);
    diag_label_primary(x->sink, d, "not implemented yet");
    return value_error(e->at);
}

static value infer_any(infer *x, scope *s, const expr *e)
{
    switch (e->kind) {
    case E_ERROR: return value_error(e->at);
    case E_NUMBER: return infer_number(x, e);
    case E_STRING: {
        diag *d = infer_report(x, D_NOT_A_VALUE, e->at, "a text");
        diag_label_primary(x->sink, d, "this is a text");
        const char *symbol = hint_element(x, e->string.value);
        if (symbol) {
            diag_help(x->sink, d, "%s   without quotes", symbol);
        }
        return value_error(e->at);
    }
    case E_READ: return infer_read(x, e);
    case E_NAME: {
        value v = infer_lookup(x, s, e->ident.id, e->at, false);
        v.at = e->at;
        return v;
    }
    case E_LIST: return infer_list(x, s, e);
    case E_FIELD: {
        return infer_member(x, infer_expr(x, s, e->field.base), e->field.field, e->at);
    }
    case E_INDEX: return infer_index(x, s, e);
    case E_CALL: return infer_call(x, s, e);
    case E_UNARY: {
        value v = infer_expr(x, s, e->unary.arg);
        return map_values(x, &v, 1, e->at, unary_node, (void *)(uintptr_t)e);
    }
    case E_BINARY: return infer_binary(x, s, e);
    case E_IF: return infer_if(x, s, e);
    case E_REDUCE: return infer_reduce(x, s, e);
    case E_REPEAT: return not_yet(x, e, "`repeat`");
    case E_SOFTMAX: return not_yet(x, e, "`softmax`");
    case E_TABULATE: return infer_tabulate(x, s, e);
    }
    return value_error(e->at);
}

static value give_up(infer *x, span at, const char *why)
{
    x->gave_up = true;
    return infer_complain(x, D_TOO_LARGE, at, why);
}

static bool nests_too_deeply(infer *x, node_id n)
{
    while (x->height.n <= n) {
        vec_push(x->a, &x->height, 0);
        x->height.at[x->height.n - 1] = node_height(x->p, x->height.at, x->height.n - 1);
    }
    return x->height.at[n] > SETIR_HEIGHT;
}

value infer_expr(infer *x, scope *s, const expr *e)
{
    if (x->gave_up) {
        return value_error(e->at);
    }
    if (x->depth > DEPTH_MOST || ++x->steps > STEPS_MOST) {
        return give_up(x, e->at, x->depth > DEPTH_MOST ? "calls nest too deeply here" : "reached here after 3 million steps");
    }
    instance *before = x->inst;
    x->inst = s->inst;
    x->depth++;
    value v = infer_any(x, s, e);
    x->depth--;
    x->inst = before;
    if (v.kind == V_NODE && v.node == SETIR_NONE) {
        return value_error(e->at);
    }
    if (v.kind == V_NODE && nests_too_deeply(x, v.node)) {
        return give_up(x, e->at, "operations nest too deeply here: each `let` is written out where it is used");
    }
    return v;
}
