/* SPDX-License-Identifier: Apache-2.0
 *
 * infer_test.c: In: a `test` block. Out: a program over the files it reads, with the tensors that its expectations
 * compare. Not here: reading the files and comparing (cli_test.c).
 */
#include "infer_internal.h"

#include <string.h>

static def_id add_value_def(infer *x, value v, span at)
{
    if (v.kind == V_TENSOR) {
        return tensor_to_def(x, v, NULL, at);
    }
    node_id n = value_to_node(x, v);
    if (n == SETIR_NONE) {
        return SETIR_NONE;
    }
    value whole = {.kind = V_TENSOR, .def = SETIR_NONE, .node = n};
    return tensor_to_def(x, whole, NULL, at);
}

/* the outputs of a call, or the value itself */
static bool add_outputs(infer *x, value v, span at, test_expect *e, bool left)
{
    if (v.kind != V_RECORD) {
        def_id d = add_value_def(x, v, at);
        if (d != SETIR_NONE) {
            if (left) {
                vec_push(x->a, &e->lhs, d);
            } else {
                vec_push(x->a, &e->rhs, d);
            }
        }
        return d != SETIR_NONE;
    }
    for (uint32_t k = 0; k < v.record->d->n; k++) {
        const stmt *st = v.record->d->body[k];
        if (st->kind == S_GIVES && !add_outputs(x, infer_member(x, v, st->def.lhs.id, at), at, e, left)) {
            return false;
        }
    }
    return true;
}

static void add_expect(infer *x, test_program *t, const stmt *st, scope *s)
{
    test_expect e = {.kind = st->expect.kind, .at = st->at, .within = SETIR_NONE};
    value l = infer_expr(x, s, st->expect.lhs);
    if (l.kind == V_ERROR) {
        return;
    }
    if (e.kind == EXPECT_TRUE) {
        node_id n = value_to_node(x, l);
        if (n != SETIR_NONE && elem_of(x, n).kind != ELEM_BOOL) {
            diag *d = infer_report(x, D_NOT_A_CONDITION, st->expect.lhs->at);
            diag_label_primary(x->sink, d, "this is a %s", elem_text(x, elem_of(x, n)));
        } else if (n != SETIR_NONE && add_outputs(x, value_node(n, st->at), st->at, &e, true)) {
            vec_push(x->a, &t->expects, e);
        }
        return;
    }
    value r = infer_expr(x, s, st->expect.rhs);
    if (r.kind == V_ERROR) {
        return;
    }
    if (e.kind == EXPECT_NEAR) {
        node_id lhs = as_real(x, value_to_node(x, l), st->expect.lhs->at), rhs = as_real(x, value_to_node(x, r), st->expect.rhs->at);
        node_id within = infer_real(x, s, st->expect.within, 0);
        if (lhs == SETIR_NONE || rhs == SETIR_NONE || within == SETIR_NONE ||
            mk2(x, OP_SUB, elem_of(x, lhs), lhs, rhs, st->at) == SETIR_NONE ||
            mk2(x, OP_SUB, elem_real(0), mk2(x, OP_SUB, elem_of(x, lhs), lhs, rhs, st->at), within, st->at) == SETIR_NONE) {
            return;                               /* units that differ are reported                           */
        }
        e.within = add_value_def(x, value_node(within, st->at), st->at);
        l = value_node(lhs, st->at);
        r = value_node(rhs, st->at);
    }
    if (add_outputs(x, l, st->at, &e, true) && add_outputs(x, r, st->at, &e, false)) {
        vec_push(x->a, &t->expects, e);
    }
}

static test_program *read_test(infer *x, const decl *d)
{
    uint32_t errors = x->sink->errors;
    infer_begin(x, d);
    test_program *t = arena_new(x->a, test_program);
    *t = (test_program){.id = d->id.id, .at = d->at, .p = x->p};
    instance *inst = arena_new(x->a, instance);
    inst->d = d;
    inst->top = scope_new(x, x->global, inst);
    VEC(given *) files = {0};
    for (uint32_t k = 0; k < d->n; k++) {
        const stmt *st = d->body[k];
        if (st->kind != S_GIVEN) {
            continue;
        }
        entry *e = scope_add(x, inst->top, st->given.id.id, st->given.id.at);
        e->state = ENTRY_DONE;
        if (st->given.read) {
            given *g = arena_new(x->a, given);
            *g = (given){st->given.value->string.value, SETIR_NONE, st->given.id};
            vec_push(x->a, &files, g);
            e->v = (value){.kind = V_GIVEN, .at = st->at, .file = g, .def = SETIR_NONE};
        } else {
            e->v = infer_expr(x, inst->top, st->given.value);
        }
    }
    for (uint32_t k = 0; k < d->n; k++) {
        if (d->body[k]->kind == S_EXPECT) {
            add_expect(x, t, d->body[k], inst->top);
        }
    }
    params_finish(x, false);
    for (uint32_t s = 0; s < x->p->slots.n; s++) {
        name path = NULL;
        for (uint32_t k = 0; k < files.n; k++) {
            path = files.at[k]->slot == s ? files.at[k]->path : path;
        }
        vec_push(x->a, &t->path, path);
    }
    x->inst = NULL;
    return x->sink->errors == errors ? t : NULL;
}

test_program *infer_test(infer *x, const decl *d)
{
    const diag_sink before = *x->sink;
    test_program *t;
    uint32_t known;
    x->marks.n = 0;
    do {                                          /* again when a derivative by a constant was met            */
        known = x->marks.n;
        *x->sink = before;
        t = read_test(x, d);
    } while (x->marks.n > known);
    return t;
}
