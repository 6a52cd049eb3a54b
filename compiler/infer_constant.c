/* SPDX-License-Identifier: Apache-2.0
 *
 * infer_constant.c: constants that derivatives are taken by. In: `grad(E, epsilon)`, epsilon a number, list or table that
 * is known when compiling. Out: its value under a name (OP_NAMED) wherever it is used, so that ad.c finds it. Elsewhere
 * constants have no name: which ones need it is known after a transform has been read once, which is then read again.
 * Not here: other things that derivatives are taken by (infer_call.c), values put back (ad_named.c).
 */
#include "infer_internal.h"

#include "curve.h"

enum { LIST_DEPTH = 4 };

/* ---- what is known when compiling ---------------------------------------------------------------------- */

static bool fixed_set(infer *x, set_id s)
{
    return curve_set_size(x->p, s) > 0;
}

static bool is_fixed(infer *x, node_id n)
{
    const node *d = &x->p->nodes.at[n];
    for (uint32_t k = 0; k < d->n_args; k++) {
        if (!is_fixed(x, d->arg[k])) {
            return false;
        }
    }
    switch ((int)d->op) {
    case OP_CONST: case OP_BOOL_CONST: case OP_SPECIES_CONST: case OP_INDEX_REAL: case OP_INDEX_SPECIES: case OP_SPECIES_INDEX:
    case OP_INDEX_EQ: case OP_PROTONS: case OP_ELEMENT_DATA: case OP_TABLE: case OP_ASCRIBE: case OP_NAMED:
        return true;
    case OP_IVAR: case OP_INDEX_CONST: return fixed_set(x, d->elem.set);
    case OP_ACCESS: return x->p->defs.at[d->imm.def].lib == LIB_NONE && is_fixed(x, x->p->defs.at[d->imm.def].body);
    default: return d->op >= OP_NEG && d->op <= OP_SELECT;
    }
}

static bool number_fixed(infer *x, node_id n)
{
    return n != SETIR_NONE && elem_of(x, n).kind == ELEM_REAL && is_fixed(x, n);
}

/* the first number of a list whose items, and lists in it, are all alike; sizes by depth */
static node_id list_first(infer *x, value v, uint32_t depth, uint32_t size[LIST_DEPTH], uint32_t *deep)
{
    if (v.kind != V_LIST) {
        bool good = v.kind == V_NODE && depth && number_fixed(x, v.node) && (!*deep || *deep == depth);
        *deep = depth;
        return good ? v.node : SETIR_NONE;
    }
    if (depth == LIST_DEPTH || !v.n || (size[depth] && size[depth] != v.n)) {
        return SETIR_NONE;
    }
    size[depth] = v.n;
    node_id first = SETIR_NONE;
    for (uint32_t k = 0; k < v.n; k++) {
        node_id one = list_first(x, v.item[k], depth + 1, size, deep);
        if (one == SETIR_NONE || (first != SETIR_NONE && (!elem_equal(elem_of(x, one), elem_of(x, first)) ||
                                                          !unit_equal(infer_unit(x, one), infer_unit(x, first))))) {
            return SETIR_NONE;
        }
        first = first == SETIR_NONE ? one : first;
    }
    return first;
}

/* the sets of a constant and its type; false: not one */
static bool constant_of(infer *x, value v, constant *c)
{
    node_id one = v.kind == V_NODE ? v.node : SETIR_NONE;
    c->domain = arena_array(x->a, set_id, LIST_DEPTH + v.n);
    if (v.kind == V_LIST) {
        uint32_t size[LIST_DEPTH] = {0};
        one = list_first(x, v, 0, size, &c->n_domain);
        for (uint32_t k = 0; one != SETIR_NONE && k < c->n_domain; k++) {
            c->domain[k] = set_range(x, 0, (int)size[k] - 1, v.at);
        }
    } else if (v.kind == V_TENSOR) {
        const def *d = v.def == SETIR_NONE ? NULL : &x->p->defs.at[v.def];
        one = d ? (d->lib == LIB_NONE && !d->nested ? d->body : SETIR_NONE) : v.node;
        c->n_domain = v.n;
        for (uint32_t k = 0; k < v.n; k++) {
            c->domain[k] = v.domain[k];
            one = fixed_set(x, v.domain[k]) ? one : SETIR_NONE;
        }
    }
    if (!number_fixed(x, one)) {
        return false;
    }
    c->elem = elem_of(x, one);
    c->unit = infer_unit(x, one);
    return true;
}

/* ---- names --------------------------------------------------------------------------------------------- */

static bool is_marked(const infer *x, const void *declared, name column)
{
    for (uint32_t k = 0; k < x->marks.n; k++) {
        if (x->marks.at[k].declared == declared && x->marks.at[k].column == column) {
            return true;
        }
    }
    return false;
}

static node_id named(infer *x, uint32_t id, node_id n, const node_id *index, uint32_t n_index)
{
    node_id *args = arena_array(x->a, node_id, n_index + 1);
    args[0] = n;
    for (uint32_t k = 0; k < n_index; k++) {
        args[1 + k] = index[k];
    }
    node_imm imm = {.named = id};
    return mk(x, OP_NAMED, elem_of(x, n), args, n_index + 1, &imm, x->p->nodes.at[n].at);
}

static value named_list(infer *x, uint32_t id, value v, node_id *index, uint32_t depth)
{
    if (v.kind != V_LIST) {
        v.node = named(x, id, v.node, index, depth);
        return v;
    }
    v.item = arena_copy(x->a, v.item, sizeof *v.item * v.n);
    for (uint32_t k = 0; k < v.n; k++) {
        set_id s = x->constants.at[id].domain[depth];
        node_imm imm = {.k = (int32_t)k, .set = s};
        index[depth] = mk(x, OP_INDEX_CONST, elem_index(s), NULL, 0, &imm, v.at);
        v.item[k] = named_list(x, id, v.item[k], index, depth + 1);
    }
    return v;
}

static value name_value(infer *x, value v, name id, span at)
{
    constant c = {.id = id, .at = at};
    if (!constant_of(x, v, &c)) {
        return v;
    }
    vec_push(x->a, &x->constants, c);
    uint32_t own = x->constants.n - 1;
    node_id index[LIST_DEPTH];
    if (v.kind == V_NODE) {
        v.node = named(x, own, v.node, NULL, 0);
    } else if (v.kind == V_LIST) {
        v = named_list(x, own, v, index, 0);
    } else {
        ivar_id *iv = v.def == SETIR_NONE ? v.ivar : x->p->defs.at[v.def].param;
        node_id *at_iv = arena_array(x->a, node_id, v.n + 1);
        for (uint32_t k = 0; k < v.n; k++) {
            at_iv[k] = node_ivar(x->p, iv[k], at);
        }
        node_id body = named(x, own, v.def == SETIR_NONE ? v.node : x->p->defs.at[v.def].body, at_iv, v.n);
        v.node = v.def == SETIR_NONE ? body : v.node;
        if (v.def != SETIR_NONE) {
            x->p->defs.at[v.def].body = body;
        }
    }
    return v;
}

value constant_named(infer *x, const entry *e, value v)
{
    const void *declared = e->st ? (const void *)e->st : e->d;
    if (v.kind == V_FILE) {
        for (uint32_t k = 0; k < v.members->entries.n; k++) {
            entry *column = v.members->entries.at[k];
            if (is_marked(x, declared, column->id)) {
                column->v = name_value(x, column->v, column->id, column->at);
            }
        }
        return v;
    }
    return is_marked(x, declared, NULL) ? name_value(x, v, e->id, e->at) : v;
}

/* ---- derivatives --------------------------------------------------------------------------------------- */

/* which declaration `epsilon` or `table.epsilon` is; false: neither */
static bool declaration_of(infer *x, scope *s, const expr *by, mark *m)
{
    const expr *of = by->kind == E_FIELD ? by->field.base : by;
    if (of->kind != E_NAME) {
        return false;
    }
    entry *e = NULL;
    for (scope *k = s; k && !e; k = k->outer) {
        e = scope_find(k, of->ident.id);
    }
    if (!e || (!e->st && !(e->d && e->d->kind == D_CONST))) {
        return false;
    }
    *m = (mark){e->st ? (const void *)e->st : e->d, by->kind == E_FIELD ? by->field.field : NULL};
    return by->kind == E_NAME || eval_entry(x, s, e, by->at).kind == V_FILE;
}

static uint32_t name_of(infer *x, value v)
{
    while (v.kind == V_LIST && v.n) {
        v = v.item[0];
    }
    node_id n = v.kind == V_NODE ? v.node : SETIR_NONE;
    if (v.kind == V_TENSOR) {
        n = v.def == SETIR_NONE ? v.node : x->p->defs.at[v.def].body;
    }
    bool has = n != SETIR_NONE && x->p->nodes.at[n].op == OP_NAMED;
    return has ? x->p->nodes.at[n].imm.named : SETIR_NONE;
}

/* again: it will have a name when the transform is read once more */
bool grad_by_constant(infer *x, scope *s, const expr *by, value v, wrt *w, bool *again)
{
    mark m;
    constant c = {0};
    *again = false;
    if (!declaration_of(x, s, by, &m) || !constant_of(x, v, &c)) {
        return false;
    }
    w->kind = WRT_NAMED;
    w->named = name_of(x, v);
    if (!is_marked(x, m.declared, m.column)) {
        vec_push(x->a, &x->marks, m);
        *again = true;
    }
    return *again || w->named != SETIR_NONE;
}

bool constant_mentioned(infer *x, node_id n)
{
    const node *d = &x->p->nodes.at[n];
    if (d->op == OP_NAMED) {
        return true;
    }
    for (uint32_t k = 0; k < d->n_args; k++) {
        if (constant_mentioned(x, d->arg[k])) {
            return true;
        }
    }
    return d->op == OP_ACCESS && x->p->defs.at[d->imm.def].lib == LIB_NONE && constant_mentioned(x, x->p->defs.at[d->imm.def].body);
}

typedef struct finding { bool *seen; span at; } finding;

static void hold_all(infer *x, finding *f, node_id n)
{
    if (f->seen[n]) {
        return;
    }
    f->seen[n] = true;
    const node *d = &x->p->nodes.at[n];
    if (d->op == OP_NAMED) {
        vec_push(x->a, &x->held, ((held){d->imm.named, f->at}));
    }
    for (uint32_t k = 0; k < d->n_args; k++) {
        hold_all(x, f, d->arg[k]);
    }
    if (d->op == OP_ACCESS && x->p->defs.at[d->imm.def].lib == LIB_NONE) {
        hold_all(x, f, x->p->defs.at[d->imm.def].body);
    }
}

void constant_held(infer *x, node_id n, span at)
{
    if (n == SETIR_NONE || !x->constants.n) {
        return;
    }
    finding f = {arena_array(x->a, bool, x->p->nodes.n), at};
    hold_all(x, &f, n);
}

void constants_check(infer *x)
{
    for (uint32_t k = 0; k < x->p->defs.n; k++) {
        const def *d = &x->p->defs.at[k];
        for (uint32_t j = 0; lib_is_derivative(d->lib) && d->wrt.kind == WRT_NAMED && j < x->held.n; j++) {
            const constant *c = &x->constants.at[d->wrt.named];
            if (x->held.at[j].constant != d->wrt.named) {
                continue;
            }
            diag *e = infer_report(x, D_GRAD_HELD, d->lib_at, c->id);
            diag_label_primary(x->sink, e, "the derivative is taken here");
            diag_label_at(x->sink, e, x->held.at[j].at, "its value has to be known here");
            break;
        }
    }
}
