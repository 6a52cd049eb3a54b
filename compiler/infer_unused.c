/* SPDX-License-Identifier: Apache-2.0
 *
 * infer_unused.c: In: a spec whose transforms have been read. Out: messages on what none of them reached:
 * structures, constants, functions that nothing calls. Nothing is compiled of these.
 */
#include "infer_internal.h"

/* a value of this type of which nothing else is known; anything else is silent */
static value opaque(infer *x, scope *s, const ast_param *p)
{
    elem e;
    unit u;
    double scale;
    bool pseudo, point;
    if (!p->type || p->type->n_domain || !type_elem(x, s, p->type, &e, &u, &scale, &pseudo, &point) ||
        e.kind != ELEM_REAL) {
        return value_error(p->at);
    }
    const parameter any = {.id = p->id, .at = p->at, .elem = e, .unit = u, .scale = 1};
    node_imm imm = {.param = program_param(x->p, any)};
    return value_node(mk(x, OP_PARAM, e, NULL, 0, &imm, p->at), p->at);
}

static void read_function(infer *x, scope *home, const stmt *function)
{
    scope *inner = scope_new(x, home, home->inst);
    for (uint32_t k = 0; k < function->def.lhs.n_param; k++) {
        const ast_param *p = &function->def.lhs.param[k];
        entry *e = scope_add(x, inner, p->id, p->at);
        e->state = ENTRY_DONE;
        e->v = opaque(x, inner, p);
    }
    infer_expr(x, inner, function->def.value);
}

/* on a copy of the program: nothing of it is compiled, nor are these parameters */
void infer_uncalled(infer *x, scope *top)
{
    program *whole = x->p;
    for (uint32_t k = 0; k < top->entries.n; k++) {
        const stmt *st = top->entries.at[k]->st;
        bool called = !st || st->kind != S_LET || st->def.lhs.kind != LHS_FUNCTION;
        for (uint32_t j = 0; !called && j < x->called.n; j++) {
            called = x->called.at[j] == st;
        }
        if (!called) {
            x->p = x->p == whole ? program_copy(x->a, whole) : x->p;
            read_function(x, top, st);
        }
    }
    x->p = whole;
}

void infer_unused(infer *x)
{
    const decl nothing = {.kind = D_TRANSFORM, .id = {intern_s(x->names, "nothing"), {0}}};
    infer_begin(x, &nothing);
    for (uint32_t k = 0; k < x->m->files.at[0]->n; k++) {
        const decl *d = x->m->files.at[0]->decl[k];
        entry *e = d->id.id ? scope_find(x->global, d->id.id) : NULL;
        if (d->kind == D_CONST && e) {
            eval_entry(x, x->global, e, d->at);
        } else if (d->kind == D_STRUCTURE && d->id.id) {
            const uint32_t made = infer_structure(x, d, d->id); /* before .at is read: it grows */
            scope *members = x->slot_scopes.at[made].members;
            for (uint32_t j = 0; j < members->entries.n; j++) {
                eval_entry(x, members, members->entries.at[j], d->at);
            }
        }
    }
}
