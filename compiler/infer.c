/* SPDX-License-Identifier: Apache-2.0
 *
 * infer.c: In: the declarations of a spec and of what it uses. Out: one program of the set IR per transform, with its
 * claims. Scopes hold statements until a name is asked for, so that the order of lines does not matter and cycles are
 * found. Not here: what a line says (infer_statement.c), structures (infer_structure.c), verdicts (claims.c).
 */
#include "infer_internal.h"

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
    if (e->st && e->st->kind == S_PARAM) {
        v = infer_param(x, s, e);
    } else if (e->st) {
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
    x->constants.n = x->held.n = x->sites.n = x->trained.n = 0;
    fill_global(x);
}

static void read_transform(infer *x, const decl *d)
{
    const uint32_t errors = x->sink->errors;
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
    infer_claims(x, d);
    constants_check(x);
    params_finish(x, outputs > 0 && x->sink->errors == errors);
    infer_uncalled(x, inst->top);
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
