/* SPDX-License-Identifier: Apache-2.0
 *
 * infer_expr.c: In: expressions and the scope they stand in. Out: values, mostly nodes of the set IR; one case per
 * kind of expression, and the bounds of depth and size. Not here: the cases (infer_operator.c, infer_member.c,
 * infer_call.c, infer_set.c), statements (infer_statement.c).
 */
#include "infer_internal.h"

#define DEPTH_MOST 600
#define STEPS_MOST 3000000u

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
    case E_UNARY: return infer_unary(x, s, e);
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
