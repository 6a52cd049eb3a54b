/* SPDX-License-Identifier: Apache-2.0
 *
 * infer_statement.c: lines of a transform: `set`, `let`, `gives` to values and tensors, `takes` to inputs; one transform called by
 * another. Not here: when a line is read (infer.c), what stands in it (infer_expr.c, infer_set.c).
 */
#include "infer_internal.h"

/* --------------------------------------------------------------------------------------------- statements */

static void name_set(infer *x, value v, name id)
{
    if (v.kind == V_SET && !x->p->sets.at[v.set].id) {
        x->p->sets.at[v.set].id = id;
    }
}

typedef struct declared { elem e; unit u; double scale; bool pseudo, point; set_id *domain; uint32_t n; } declared;

static bool read_type(infer *x, scope *s, const ast_type *t, declared *out)
{
    *out = (declared){.scale = 1};
    if (!type_domain(x, s, t, &out->domain, &out->n)) {
        return false;
    }
    return type_elem(x, s, t, &out->e, &out->u, &out->scale, &out->pseudo, &out->point);
}

static def_id add_def(infer *x, const stmt *st, ivar_id *param, uint32_t n, node_id body, const declared *type, bool output)
{
    def d = {.id = st->def.lhs.id, .at = st->def.lhs.name_at, .type_at = st->def.type ? st->def.type->at : st->def.lhs.at,
             .param = param, .n_param = n, .body = body, .lib_arg = SETIR_NONE, .output = output, .out_scale = 1,
             .doc = st->doc};
    d.elem = elem_of(x, body);
    d.declared = d.elem;
    if (type) {
        d.declared = type->e;
        d.out_unit = type->u;
        d.out_scale = 1 / type->scale;
        d.has_unit = st->def.type->unit.n > 0;
        d.pseudo = type->pseudo;
        d.is_point = type->point;
    }
    def_id id = program_def(x->p, d);
    while (x->def_unit.n <= id) {
        vec_push(x->a, &x->def_unit, unit_none());
    }
    x->def_unit.at[id] = infer_unit(x, body);
    return id;
}

static value eval_indexed(infer *x, scope *s, const stmt *st, const declared *type, bool output)
{
    scope *inner = scope_new(x, s, s->inst);
    ivar_id *iv = NULL;
    uint32_t n = bind_all(x, inner, st->def.lhs.binder, st->def.lhs.n_binder, &iv);
    if (n == UINT32_MAX) {
        infer_expr(x, inner, st->def.value);      /* for what else is wrong in it                             */
        return value_error(st->at);
    }
    for (uint32_t k = 0; k < n; k++) {
        const ivar *v = &x->p->ivars.at[iv[k]];
        if (v->row != SETIR_NONE || v->partner != SETIR_NONE) {
            diag *d = infer_report(x, D_DOMAIN_ROW, v->at);
            diag_label_primary(x->sink, d, "a definition runs over whole sets, one index each");
            return value_error(st->at);
        }
    }
    node_id body = infer_node(x, inner, st->def.value);
    if (body == SETIR_NONE) {
        return value_error(st->at);
    }
    if (type) {
        body = ascribe(x, body, type->u, type->e, st->def.value->at, st->def.type->at);
    } else if (elem_of(x, body).kind == ELEM_INDEX && x->p->sets.at[elem_of(x, body).set].kind == SET_RANGE) {
        body = as_real(x, body, st->def.value->at);
    }
    if (body == SETIR_NONE) {
        return value_error(st->at);
    }
    return tensor_of_def(x, add_def(x, st, iv, n, body, type, output), st->at);
}

static const char *domain_text(infer *x, const set_id *domain, uint32_t n)
{
    const char *all = n ? set_text(x, domain[0]) : "no set";
    for (uint32_t k = 1; k < n; k++) {
        all = arena_printf(x->a, "%s * %s", all, set_text(x, domain[k]));
    }
    return all;
}

static value whole_with_type(infer *x, const stmt *st, const declared *type, value v, bool output)
{
    v = value_single_output(x, v);
    if (v.kind == V_ERROR) {
        return v;
    }
    if (v.kind == V_TENSOR && v.n && type->n == 0) {
        diag *d = infer_report(x, D_NO_DOMAIN, st->def.type->at);
        diag_label_primary(x->sink, d, "the value runs over %s", set_text(x, v.domain[0]));
        diag_help(x->sink, d, "%s -> ...", set_text(x, v.domain[0]));
        return value_error(st->at);
    }
    bool fits = v.kind == V_TENSOR ? v.n == type->n : type->n == 0;
    for (uint32_t k = 0; fits && k < type->n; k++) {
        fits = v.domain[k] == type->domain[k];
    }
    if (!fits) {
        diag *d = infer_report(x, D_DOMAIN_DECLARED, st->def.value->at);
        diag_label_primary(x->sink, d, "runs over %s", domain_text(x, v.domain, v.kind == V_TENSOR ? v.n : 0));
        diag_label_at(x->sink, d, st->def.type->at, "declared over %s", domain_text(x, type->domain, type->n));
        return value_error(st->at);
    }
    ivar_id *iv = arena_array(x->a, ivar_id, type->n + 1);
    node_id *index = arena_array(x->a, node_id, type->n + 1);
    for (uint32_t k = 0; k < type->n; k++) {
        value over = {.kind = V_SET, .set = type->domain[k]};
        iv[k] = bind_one(x, NULL, NULL, over, st->at);
        index[k] = node_ivar(x->p, iv[k], st->at);
    }
    node_id body = type->n ? tensor_apply(x, v, index, type->n, st->def.value->at).node : value_to_node(x, v);
    if (body == SETIR_NONE) {
        return value_error(st->at);
    }
    body = ascribe(x, body, type->u, type->e, st->def.value->at, st->def.type->at);
    if (body == SETIR_NONE) {
        return value_error(st->at);
    }
    if (!output && type->n == 0) {
        return value_node(body, st->at);
    }
    return tensor_of_def(x, add_def(x, st, iv, type->n, body, type, output), st->at);
}

static value eval_def(infer *x, scope *s, const stmt *st)
{
    bool output = st->kind == S_GIVES && s->inst && !s->inst->caller;
    const ast_lhs *lhs = &st->def.lhs;
    declared type;
    if (st->def.type && !read_type(x, s, st->def.type, &type)) {
        return value_error(st->at);
    }
    if (lhs->kind == LHS_FUNCTION) {
        if (st->kind == S_GIVES) {
            diag *d = infer_report(x, D_GIVES_FUNCTION, lhs->at);
            diag_label_primary(x->sink, d, "an output is indexed with brackets");
            diag_help(x->sink, d, "%s[i in S]", lhs->id);
            return value_error(st->at);
        }
        return (value){.kind = V_FUNCTION, .at = st->at, .function = st, .home = s, .def = SETIR_NONE};
    }
    if (lhs->kind == LHS_INDEXED) {
        if (st->def.type && type.n) {
            diag *d = infer_report(x, D_DOMAIN_TWICE, st->def.type->at);
            diag_label_primary(x->sink, d, "the indices on the left already say over which sets");
            return value_error(st->at);
        }
        return eval_indexed(x, s, st, st->def.type ? &type : NULL, output);
    }
    value v = infer_expr(x, s, st->def.value);
    if (st->def.type) {
        return whole_with_type(x, st, &type, v, output);
    }
    if (output) {
        diag *d = infer_report(x, D_GIVES_UNTYPED, lhs->at, lhs->id);
        diag_label_primary(x->sink, d, "needs a type");
        return value_error(st->at);
    }
    if (v.kind == V_TENSOR && v.def == SETIR_NONE && v.n && !x->p->nodes.at[v.node].n_free) {
        return v;
    }
    return v;
}

value eval_statement(infer *x, scope *s, const stmt *st)
{
    instance *before = x->inst;
    x->inst = s->inst;
    value v = value_error(st->at);
    switch (st->kind) {
    case S_SET:
        if (st->set.value) {
            v = infer_set(x, s, st->set.value);
            if (v.kind == V_ROW) {
                diag *d = infer_report(x, D_NOT_A_SET, st->set.value->at);
                diag_label_primary(x->sink, d, "a row belongs to an index: write it where it is used");
                v = value_error(st->at);
            }
            name_set(x, v, st->set.id.id);
        } else {
            diag *d = infer_report(x, D_NOT_A_SET, st->at);
            diag_label_primary(x->sink, d, "in a transform a set needs a value");
        }
        break;
    case S_LET: case S_GIVES:
        v = eval_def(x, s, st);
        break;
    case S_ERROR: case S_PARAM: case S_FIELD: case S_TAKES: case S_MINIMISE: case S_RESPECTS: case S_SOFTLY: case S_PRESERVES:
    case S_LOSES: case S_ASSUME: case S_BREAKS: case S_SMOOTH: case S_EXTENSIVE: case S_INTENSIVE: case S_CITES:
    case S_FORMAT: case S_READS: case S_KEY: case S_SETTING: case S_GIVEN: case S_EXPECT:
        break;
    }
    x->inst = before;
    return v;
}

/* ---------------------------------------------------------------------------------------------- instances */

static const decl *taken_structure(infer *x, const stmt *st)
{
    const ast_type *t = st->decl.type;
    return t && t->n_domain == 0 && t->element.n == 1 ? find_structure(x, t->element.part[0]) : NULL;
}

static bool bind_take(infer *x, instance *inst, const stmt *st, uint32_t k, const value *arg)
{
    ast_name n = st->decl.names[k];
    const ast_type *t = st->decl.type;
    const decl *structure = taken_structure(x, st);
    if (structure) {
        value of_file;
        if (arg && arg->kind == V_GIVEN) {
            if (arg->file->slot == SETIR_NONE) {
                arg->file->slot = infer_structure(x, structure, arg->file->id);
            }
            of_file = (value){.kind = V_SLOT, .at = arg->at, .slot = arg->file->slot, .def = SETIR_NONE};
            arg = &of_file;
        }
        if (arg && (arg->kind != V_SLOT || x->slot_scopes.at[arg->slot].structure != structure)) {
            diag *d = infer_report(x, D_WRONG_STRUCTURE, arg->at, structure->id.id);
            diag_label_primary(x->sink, d, arg->kind == V_SLOT ? "this is a %s" : "this is no structure%s",
                               arg->kind == V_SLOT ? x->p->slots.at[arg->slot].type : "");
            return false;
        }
        value v = {.kind = V_SLOT, .at = n.at, .def = SETIR_NONE};
        v.slot = arg ? arg->slot : infer_structure(x, structure, n);
        add_value(x, inst->top, n, v);
        return true;
    }
    if (arg) {
        add_value(x, inst->top, n, *arg);
        return true;
    }
    declared type;
    if (!t || !read_type(x, inst->top, t, &type)) {
        add_value(x, inst->top, n, value_error(n.at));
        return false;
    }
    input in = {.role = IN_FIELD, .slot = SETIR_NONE, .id = n.id, .at = n.at, .elem = type.e, .unit = type.u,
                .scale = type.scale, .domain = type.domain, .n_domain = type.n, .is_point = type.point, .pseudo = type.pseudo};
    input_id id = program_input(x->p, in);
    add_value(x, inst->top, n, input_value(x, id, type.domain, type.n, type.e, n.at));
    return true;
}

/* those that are structures, or the others */
static bool bind_takes(infer *x, instance *inst, const value *args, bool structures)
{
    uint32_t used = 0;
    bool good = true;
    for (uint32_t k = 0; k < inst->d->n; k++) {
        const stmt *st = inst->d->body[k];
        for (uint32_t j = 0; st->kind == S_TAKES && j < st->decl.n; j++, used++) {
            if (structures == (taken_structure(x, st) != NULL)) {
                good = bind_take(x, inst, st, j, args ? &args[used] : NULL) && good;
            }
        }
    }
    return good;
}

static void add_statements(infer *x, instance *inst)
{
    for (uint32_t k = 0; k < inst->d->n; k++) {
        const stmt *st = inst->d->body[k];
        if (st->kind == S_SET || st->kind == S_LET || st->kind == S_GIVES) {
            ast_name nm = st->kind == S_SET ? st->set.id : (ast_name){st->def.lhs.id, st->def.lhs.name_at};
            scope_add(x, inst->top, nm.id, nm.at)->st = st;
        }
        for (uint32_t j = 0; st->kind == S_PARAM && j < st->decl.n; j++) {
            scope_add(x, inst->top, st->decl.names[j].id, st->decl.names[j].at)->st = st;
        }
    }
}

instance *infer_instantiate(infer *x, const decl *d, const value *args, uint32_t n, span at)
{
    instance *inst = arena_new(x->a, instance);
    inst->d = d;
    inst->caller = args ? x->inst : NULL;
    inst->call_at = at;
    inst->depth = inst->caller ? inst->caller->depth + 1 : 0;
    for (const instance *up = inst->caller; up; up = up->caller) {
        if (up->d == d) {
            diag *e = infer_report(x, D_CYCLE, at, d->id.id);
            diag_label_primary(x->sink, e, "calls itself");
            return NULL;
        }
    }
    uint32_t takes = 0;
    for (uint32_t k = 0; k < d->n; k++) {
        takes += d->body[k]->kind == S_TAKES ? d->body[k]->decl.n : 0;
    }
    if (args && n != takes) {
        diag *e = infer_report(x, D_ARGUMENT_COUNT, at, d->id.id, "one argument for each of its `takes`");
        diag_label_primary(x->sink, e, "%u given", n);
        return NULL;
    }
    inst->top = scope_new(x, x->global, inst);
    instance *before = x->inst;
    if (!args) {
        x->inst = inst;
    }
    bool good = bind_takes(x, inst, args, true);
    add_statements(x, inst);
    good = bind_takes(x, inst, args, false) && good;  /* their sets may be any of the transform               */
    x->inst = before;
    return args && !good ? NULL : inst;
}
