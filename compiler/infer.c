/* SPDX-License-Identifier: Apache-2.0
 *
 * infer.c: In: the declarations of a spec and of what it uses. Out: one program of the set IR per transform, with its
 * claims. Scopes hold statements until a name is asked for, so that the order of lines does not matter and cycles are
 * found. Not here: expressions (infer_expr.c), verdicts (claims.c).
 */
#include "infer_internal.h"

#include <stdlib.h>
#include <string.h>

value value_error(span at)
{
    return (value){.kind = V_ERROR, .at = at, .node = SETIR_NONE, .def = SETIR_NONE};
}

value value_node(node_id n, span at)
{
    return (value){.kind = V_NODE, .at = at, .node = n, .def = SETIR_NONE};
}

value value_done(node_id n, span at)
{
    return n == SETIR_NONE ? value_error(at) : value_node(n, at);
}

value infer_complain(infer *x, diag_id id, span at, const char *label)
{
    diag *d = infer_report(x, id, at);
    diag_label_primary(x->sink, d, "%s", label);
    return value_error(at);
}

diag *infer_in_call(infer *x, diag *d)
{
    int shown = 0;
    for (const instance *i = x->inst; i && i->caller && shown < 4; i = i->caller, shown++) {
        diag_label_at(x->sink, d, i->call_at, "in this call of `%s`", i->d->id.id);
    }
    return d;
}

/* ------------------------------------------------------------------------------------------------- scopes */

scope *scope_new(infer *x, scope *outer, instance *inst)
{
    scope *s = arena_new(x->a, scope);
    s->outer = outer;
    s->inst = inst;
    return s;
}

entry *scope_find(scope *s, name id)
{
    for (uint32_t k = 0; k < s->entries.n; k++) {
        if (s->entries.at[k]->id == id) {
            return s->entries.at[k];
        }
    }
    return NULL;
}

entry *scope_add(infer *x, scope *s, name id, span at)
{
    entry *e = arena_new(x->a, entry);
    entry *before = scope_find(s, id);
    if (before) {
        diag *d = infer_report(x, D_TWICE, at, id);
        diag_label_primary(x->sink, d, "defined again");
        diag_label_at(x->sink, d, before->at, "first defined here");
        e->id = intern_s(x->names, "(twice)");
    } else {
        e->id = id;
    }
    e->at = at;
    vec_push(x->a, &s->entries, e);
    return e;
}

static value eval_statement(infer *x, scope *s, const stmt *st);

static value eval_const(infer *x, const decl *d)
{
    value v = infer_expr(x, x->global, d->value);
    if (d->type && v.kind == V_NODE) {
        elem e;
        unit u;
        double scale;
        bool pseudo, point;
        if (!type_elem(x, x->global, d->type, &e, &u, &scale, &pseudo, &point)) {
            return value_error(d->at);
        }
        v.node = ascribe(x, v.node, u, e, d->value->at, d->type->at);
        return v.node == SETIR_NONE ? value_error(d->at) : v;
    }
    return v;
}

value eval_entry(infer *x, scope *s, entry *e, span at)
{
    if (e->state == ENTRY_DONE) {
        return e->v;
    }
    if (e->state == ENTRY_BUSY) {
        diag *d = infer_report(x, D_CYCLE, e->at, e->id);
        diag_label_primary(x->sink, d, "is defined by itself");
        diag_label_at(x->sink, d, at, "used here on the way");
        e->state = ENTRY_DONE;
        e->v = value_error(at);
        return e->v;
    }
    e->state = ENTRY_BUSY;
    uint32_t depth = x->depth;
    x->depth++;
    value v = value_error(e->at);
    if (e->st) {
        v = eval_statement(x, s, e->st);
    } else if (e->d && e->d->kind == D_CONST) {
        v = eval_const(x, e->d);
    } else if (e->d && e->d->kind == D_TRANSFORM) {
        v = (value){.kind = V_TRANSFORM, .at = e->at, .transform = e->d, .def = SETIR_NONE};
    } else if (e->d) {
        v = (value){.kind = V_NOT_YET, .at = e->at, .what = "using this declaration as a value", .def = SETIR_NONE};
    }
    x->depth = depth;
    if (e->state == ENTRY_BUSY) {                 /* a cycle has already set it to an error                   */
        e->v = x->marks.n ? constant_named(x, e, v) : v;
        e->state = ENTRY_DONE;
    }
    return e->v;
}

static value unknown_name(infer *x, scope *s, name id, span at)
{
    diag *d = infer_report(x, D_UNKNOWN_NAME, at, id);
    diag_label_primary(x->sink, d, "not defined");
    hint_name(x, s, d, id);
    return value_error(at);
}

value infer_lookup(infer *x, scope *s, name id, span at, bool quiet)
{
    for (scope *k = s; k; k = k->outer) {
        entry *e = scope_find(k, id);
        if (e) {
            value v = eval_entry(x, k, e, at);
            v.at = at;
            return v;
        }
    }
    for (int k = 0; k < BI_COUNT_; k++) {
        if (strcmp(builtin_table[k].name, id) == 0) {
            return (value){.kind = V_BUILTIN, .at = at, .builtin = k, .def = SETIR_NONE};
        }
    }
    int z = element_number(id);
    if (z || strcmp(id, "vacancy") == 0) {
        node_imm imm = {.k = z};
        return value_node(mk(x, OP_SPECIES_CONST, elem_species(), NULL, 0, &imm, at), at);
    }
    return quiet ? value_error(at) : unknown_name(x, s, id, at);
}

/* --------------------------------------------------------------------------------------------- structures */

static const decl *find_structure(infer *x, name id)
{
    for (uint32_t k = 0; k < x->m->decls.n; k++) {
        const decl *d = x->m->decls.at[k].d;
        if (d->kind == D_STRUCTURE && d->id.id == id) {
            return d;
        }
    }
    return NULL;
}

static bool is_lattice(const ast_type *t)
{
    return t->n_domain == 0 && t->element.n == 1 && strcmp(t->element.part[0], "lattice") == 0;
}

static uint8_t lattice_axes(infer *x, const ast_type *t)
{
    uint8_t axes = 0;
    if (t->element.n_arg == 1 && t->element.arg[0].kind == TARG_NAME) {
        for (const char *c = t->element.arg[0].id; *c; c++) {
            if (*c < 'x' || *c > 'z') {
                axes = 0;
                break;
            }
            axes |= (uint8_t)(1 << (*c - 'x'));
        }
    }
    if (!axes) {
        diag *d = infer_report(x, D_LATTICE_AXES, t->at);
        diag_label_primary(x->sink, d, "along which lattice vectors does the structure repeat?");
        diag_help(x->sink, d, "lattice(xyz)   for a crystal,   lattice(xy)   for a layer,   lattice(z)   for a wire");
    }
    return axes;
}

static void add_value(infer *x, scope *s, ast_name n, value v)
{
    entry *e = scope_add(x, s, n.id, n.at);
    e->state = ENTRY_DONE;
    e->v = v;
}

static value input_value(infer *x, input_id id, const set_id *domain, uint32_t n, elem e, span at)
{
    ivar_id *iv = arena_array(x->a, ivar_id, n + 1);
    node_id *index = arena_array(x->a, node_id, n + 1);
    for (uint32_t k = 0; k < n; k++) {
        value over = {.kind = V_SET, .set = domain[k]};
        iv[k] = bind_one(x, NULL, NULL, over, at);
        index[k] = node_ivar(x->p, iv[k], at);
    }
    node_imm imm = {.input = id};
    node_id body = mk(x, OP_INPUT, e, index, n, &imm, at);
    if (n == 0) {
        return value_node(body, at);
    }
    value v = {.kind = V_TENSOR, .at = at, .def = SETIR_NONE, .node = body, .ivar = iv, .n = n};
    v.domain = arena_copy(x->a, domain, sizeof(set_id) * n);
    return v;
}

static void add_field(infer *x, uint32_t slot_index, scope *members, const stmt *st)
{
    const ast_type *t = st->decl.type;
    input in = {.slot = slot_index, .role = IN_FIELD, .from = st->decl.from, .key = st->decl.key};
    bool good = t && type_domain(x, members, t, &in.domain, &in.n_domain) &&
                type_elem(x, members, t, &in.elem, &in.unit, &in.scale, &in.pseudo, &in.is_point);
    unit length = unit_none();
    length.power[UNIT_LENGTH] = rational_new(1, 1);
    for (uint32_t k = 0; k < st->decl.n; k++) {
        ast_name n = st->decl.names[k];
        if (!good) {
            add_value(x, members, n, value_error(n.at));
            continue;
        }
        slot *sl = &x->p->slots.at[slot_index];
        bool on_sites = in.n_domain == 1 && in.domain[0] == sl->base;
        if (in.n_domain > 1 || (in.n_domain == 1 && !on_sites)) {
            diag *d = infer_report(x, D_NOT_YET, t->at, "a field over this set");
            diag_label_primary(x->sink, d, "fields belong to the sites or to the whole structure");
            add_value(x, members, n, value_error(n.at));
            continue;
        }
        in.id = n.id;
        in.at = n.at;
        in.role = IN_FIELD;
        if (in.is_point && !unit_equal(in.unit, length)) {
            diag *d = infer_report(x, D_UNIT_NOT_LENGTH, t->at, infer_unit_text(x, in.unit));
            diag_label_primary(x->sink, d, "a point has the unit of a length");
            diag_help(x->sink, d, "field %s : %s -> point [Å]", n.id, sl->base == SETIR_NONE ? "atom" : x->p->sets.at[sl->base].id);
        }
        if (on_sites && in.is_point && sl->position == SETIR_NONE && st->decl.from == FROM_NONE) {
            in.role = IN_POSITION;
        } else if (on_sites && in.elem.kind == ELEM_SPECIES && sl->species == SETIR_NONE && st->decl.from == FROM_NONE) {
            in.role = IN_SPECIES;
        } else if (in.from == FROM_NONE) {
            in.from = on_sites ? FROM_FIELD : FROM_INFO;
            in.key = n.id;
        }
        input_id id = program_input(x->p, in);
        if (in.role == IN_POSITION) {
            sl->position = id;
        } else if (in.role == IN_SPECIES) {
            sl->species = id;
        }
        add_value(x, members, n, input_value(x, id, in.domain, in.n_domain, in.elem, n.at));
    }
}

static void add_base_set(infer *x, uint32_t slot_index, scope *members, const stmt *st)
{
    slot *sl = &x->p->slots.at[slot_index];
    if (sl->base != SETIR_NONE) {
        diag *d = infer_report(x, D_NOT_YET, st->at, "a second set of sites in one structure");
        diag_label_primary(x->sink, d, "files hold one set of sites");
        add_value(x, members, st->set.id, value_error(st->at));
        return;
    }
    set made = {.kind = SET_BASE, .id = st->set.id.id, .at = st->set.id.at, .slot = slot_index, .parent = SETIR_NONE,
                .host = SETIR_NONE, .sample = SETIR_NONE, .cutoff = SETIR_NONE};
    set_id id = program_set(x->p, made);
    x->p->slots.at[slot_index].base = id;
    add_value(x, members, st->set.id, (value){.kind = V_SET, .at = st->at, .set = id, .row = SETIR_NONE,
                                              .to = SETIR_NONE, .def = SETIR_NONE});
}

uint32_t infer_structure(infer *x, const decl *structure, ast_name n)
{
    slot made = {.id = n.id, .type = structure->id.id, .at = n.at, .base = SETIR_NONE, .position = SETIR_NONE,
                 .species = SETIR_NONE};
    vec_push(x->a, &x->p->slots, made);
    uint32_t index = x->p->slots.n - 1;
    scope *members = scope_new(x, x->global, NULL);
    vec_push(x->a, &x->slot_scopes, ((slot_scope){members, structure}));
    for (uint32_t k = 0; k < structure->n; k++) {        /* lattice first: sets of pairs need its axes        */
        const stmt *st = structure->body[k];
        if (st->kind == S_FIELD && st->decl.type && is_lattice(st->decl.type)) {
            if (x->p->slots.at[index].axes || st->decl.n != 1) {
                diag *d = infer_report(x, D_TWICE, st->at, "lattice");
                diag_label_primary(x->sink, d, "a structure has one lattice");
                continue;
            }
            x->p->slots.at[index].axes = lattice_axes(x, st->decl.type);
            x->p->slots.at[index].cell_name = st->decl.names[0].id;
            value v = {.kind = V_CELL, .at = st->at, .slot = index, .def = SETIR_NONE};
            add_value(x, members, st->decl.names[0], v);
        } else if (st->kind == S_SET && !st->set.value) {
            add_base_set(x, index, members, st);
        }
    }
    for (uint32_t k = 0; k < structure->n; k++) {
        const stmt *st = structure->body[k];
        if (st->kind == S_SET && st->set.value) {
            entry *e = scope_add(x, members, st->set.id.id, st->set.id.at);
            e->st = st;
        } else if (st->kind == S_FIELD && !(st->decl.type && is_lattice(st->decl.type))) {
            add_field(x, index, members, st);
        }
    }
    return index;
}

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

static value eval_statement(infer *x, scope *s, const stmt *st)
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
    case S_PARAM:
        v = (value){.kind = V_NOT_YET, .at = st->at, .what = "trainable parameters (`param`)", .def = SETIR_NONE};
        break;
    case S_ERROR: case S_FIELD: case S_TAKES: case S_MINIMISE: case S_RESPECTS: case S_SOFTLY: case S_PRESERVES:
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

/* ------------------------------------------------------------------------------------------------- a file */

static void fill_global(infer *x)
{
    x->global = scope_new(x, NULL, NULL);
    for (uint32_t k = 0; k < x->m->decls.n; k++) {
        const decl *d = x->m->decls.at[k].d;
        if ((d->kind == D_CONST || d->kind == D_TRANSFORM) && d->id.id) {
            entry *seen = scope_find(x->global, d->id.id);
            if (seen && x->m->decls.at[k].file != x->m->files.at[0]) {
                continue;                         /* the spec's own declarations hide those it uses            */
            }
            scope_add(x, x->global, d->id.id, d->id.at)->d = d;
        }
    }
}

static void check_decl_names(infer *x)
{
    for (uint32_t k = 0; k < x->m->decls.n; k++) {
        const decl *d = x->m->decls.at[k].d;
        for (uint32_t j = 0; j < k && x->m->decls.at[k].file == x->m->files.at[0]; j++) {
            const decl *o = x->m->decls.at[j].d;
            if (o->kind == d->kind && o->id.id == d->id.id && d->id.id && x->m->decls.at[j].file == x->m->files.at[0] &&
                (d->kind == D_STRUCTURE || d->kind == D_LOSS || d->kind == D_DATASET || d->kind == D_TRAIN)) {
                diag *e = diag_report(x->sink, D_TWICE, d->id.at, d->id.id);
                diag_label_primary(x->sink, e, "defined again");
                diag_label_at(x->sink, e, o->id.at, "first defined here");
            }
        }
    }
}

void infer_claims(infer *x, const decl *d);       /* infer_claims.c */

void infer_begin(infer *x, const decl *d)
{
    x->p = program_new(x->a, d->id.id, d->id.at);
    x->p->doc = d->doc;
    x->node_unit.n = x->def_unit.n = x->height.n = x->slot_scopes.n = 0;
    x->depth = x->steps = 0;
    x->gave_up = false;
    x->calls = NULL;
    x->called.n = 0;
    x->inst = NULL;
    x->constants.n = x->held.n = 0;
    fill_global(x);
}

static void read_transform(infer *x, const decl *d)
{
    infer_begin(x, d);
    instance *inst = infer_instantiate(x, d, NULL, 0, d->id.at);
    x->inst = inst;
    for (uint32_t k = 0; k < inst->top->entries.n; k++) {
        eval_entry(x, inst->top, inst->top->entries.at[k], inst->top->entries.at[k]->at);
    }
    uint32_t outputs = 0;
    for (uint32_t k = 0; k < d->n; k++) {
        const stmt *st = d->body[k];
        outputs += st->kind == S_GIVES;
        if (st->kind == S_CITES) {
            vec_push(x->a, &x->p->cites, st->cites.text);
        } else if (st->kind == S_MINIMISE) {
            infer_real(x, inst->top, st->value.value, 0);
        }
    }
    if (d->kind == D_TRANSFORM && !outputs) {
        diag *e = infer_report(x, D_NO_OUTPUT, d->id.at, d->id.id);
        diag_label_primary(x->sink, e, "has no `gives` line");
        diag_help(x->sink, e, "gives x[i in s.atom] : scalar = ...      what comes out, in place of `let`");
    }
    infer_uncalled(x, inst->top);
    infer_claims(x, d);
    constants_check(x);
    x->inst = NULL;
}

/* x->p: what could be made of it. True when nothing was wrong. */
static bool infer_transform(infer *x, const decl *d)
{
    const diag_sink before = *x->sink;
    uint32_t known;
    x->marks.n = 0;
    do {                                          /* again when a derivative by a constant was met            */
        known = x->marks.n;
        *x->sink = before;
        read_transform(x, d);
    } while (x->marks.n > known);
    return x->sink->errors == before.errors;
}

infer_result *infer_module(arena *a, intern *names, diag_sink *sink, const spec_module *m)
{
    infer x = {.a = a, .names = names, .sink = sink, .m = m};
    infer_result *r = arena_new(a, infer_result);
    check_decl_names(&x);
    for (uint32_t k = 0; k < m->files.at[0]->n; k++) {
        const decl *d = m->files.at[0]->decl[k];
        if (d->kind == D_TRANSFORM || d->kind == D_LOSS) {
            bool good = infer_transform(&x, d);
            if (!good) {
                vec_push(a, &r->partial, x.p);
            } else if (d->kind == D_TRANSFORM) {
                vec_push(a, &r->programs, x.p);
            }
            if (d->kind == D_LOSS) {
                diag *e = diag_report(sink, D_NOT_CHECKED, d->id.at, "a loss");
                diag_label_primary(sink, e, "read and type-checked; not compiled yet");
            }
        } else if (d->kind == D_TEST) {
            test_program *t = infer_test(&x, d);
            if (t) {
                vec_push(a, &r->tests, t);
            }
        } else if (d->kind == D_TRAIN || d->kind == D_DATASET) {
            diag *e = diag_report(sink, D_NOT_CHECKED, d->at, d->kind == D_TRAIN ? "a training recipe" : "a data set");
            diag_label_primary(sink, e, "read, not used yet");
        }
    }
    infer_unused(&x);
    return r;
}
