/* SPDX-License-Identifier: Apache-2.0
 *
 * infer_structure.c: structures of a spec to slots of the program: their lattice, sites and fields. Not here: expressions over
 * them (infer_member.c).
 */
#include "infer_internal.h"

#include <string.h>

/* --------------------------------------------------------------------------------------------- structures */

const decl *find_structure(infer *x, name id)
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

void add_value(infer *x, scope *s, ast_name n, value v)
{
    entry *e = scope_add(x, s, n.id, n.at);
    e->state = ENTRY_DONE;
    e->v = v;
}

value input_value(infer *x, input_id id, const set_id *domain, uint32_t n, elem e, span at)
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
