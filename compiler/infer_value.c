/* SPDX-License-Identifier: Apache-2.0
 *
 * infer_value.c: values of every kind to nodes of the set IR, tensors to their elements and back. Out: a node, or a message that says
 * what stands there instead. Not here: what an expression means (infer_expr.c).
 */
#include "infer_internal.h"

#include <math.h>
#include <string.h>

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

value tensor_over_axes(infer *x, node_op op, node_id of, uint32_t slot_index, span at)
{
    set_id *domain = arena_array(x->a, set_id, 1);
    ivar_id *iv = arena_array(x->a, ivar_id, 1);
    domain[0] = set_axis(x, slot_index, at);
    iv[0] = bind_one(x, NULL, NULL, (value){.kind = V_SET, .set = domain[0]}, at);
    node_id args[2] = {of, node_ivar(x->p, iv[0], at)};
    bool alone = of == SETIR_NONE;
    node_id body = mk(x, op, elem_real(alone), args + alone, 2 - alone, &(node_imm){.slot = slot_index}, at);
    if (body == SETIR_NONE) {
        return value_error(at);
    }
    return (value){.kind = V_TENSOR, .at = at, .def = SETIR_NONE, .node = body, .ivar = iv, .domain = domain, .n = 1};
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
