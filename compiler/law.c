/* SPDX-License-Identifier: Apache-2.0
 *
 * law.c: In: a program. Out: law_info for every node, def and set, by one bottom-up walk that applies the
 * rule of each operation (law_rules.c). Not here: the rules, and what was claimed (claims.c).
 */
#include "law_internal.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>

law_info *law_of(law_cx *x, node_id n)
{
    return &x->r->node[n];
}

void law_start(law_info *r)
{
    *r = (law_info){.mod = SETIR_NONE};
    for (int s = 0; s < LAW_SLOTS; s++) { r->affine[s] = r->size[s] = (rational){0, 1}; }
    for (int g = 0; g < SYM_COUNT; g++) {
        r->status[g] = (law_status){.level = LAW_EXACT, .culprit = SETIR_NONE};
    }
}

void law_meet(law_info *r, const law_info *arg)
{
    for (int g = 0; g < SYM_COUNT; g++) {
        if (arg->status[g].level < r->status[g].level) { r->status[g] = arg->status[g]; }
    }
}

const char *law_say(law_cx *x, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    const char *s = arena_vprintf(x->a, format, ap);
    va_end(ap);
    return s;
}

void law_lower(law_cx *x, law_info *r, symmetry g, law_level level, node_id culprit, const char *why)
{
    if (r->status[g].level > level) {
        r->status[g] =
            (law_status){level, culprit, culprit == SETIR_NONE ? (span){0} : x->p->nodes.at[culprit].at, why};
    }
}

void law_break(law_cx *x, law_info *r, symmetry g, node_id culprit, const char *why)
{
    law_lower(x, r, g, LAW_BROKEN, culprit, why);
    if (g == SYM_CELL) { r->n_axis = 0; }
}

void law_break_rotations(law_cx *x, law_info *r, node_id culprit, const char *why)
{
    for (int g = SYM_ROTATE; g <= SYM_ROTATE_Z; g++) { law_break(x, r, (symmetry)g, culprit, why); }
}

void law_break_reflections(law_cx *x, law_info *r, node_id culprit, const char *why)
{
    for (int g = SYM_REFLECT; g <= SYM_REFLECT_Z; g++) { law_break(x, r, (symmetry)g, culprit, why); }
}

bool law_sign(const law_info *r, int axis)
{
    return r->odd != r->mirror[axis];
}

bool law_constant(const law_cx *x, node_id n, double *value)
{
    const node *d = &x->p->nodes.at[n];
    double a = 0, b = 0;
    if (d->elem.kind != ELEM_REAL || d->elem.rank || d->elem.channels || d->n_args > 2) { return false; }
    if (d->op == OP_CONST) {
        *value = d->imm.value[0];
        return true;
    }
    bool arithmetic = d->op == OP_NEG || d->op == OP_ADD || d->op == OP_SUB || d->op == OP_MUL ||
                      d->op == OP_DIV || d->op == OP_ASCRIBE;
    if (!arithmetic || !law_constant(x, d->arg[0], &a) ||
        (d->n_args == 2 && !law_constant(x, d->arg[1], &b))) {
        return false;
    }
    *value = d->op == OP_NEG   ? -a
             : d->op == OP_ADD ? a + b
             : d->op == OP_SUB ? a - b
             : d->op == OP_MUL ? a * b
             : d->op == OP_DIV ? a / b
                               : a;
    return true;
}

bool law_is_zero(const law_cx *x, node_id n)
{
    double v;
    return law_constant(x, n, &v) && v == 0;
}

bool law_places_spots(const program *p)
{
    for (uint32_t k = 0; k < p->sets.n; k++) {
        if (p->sets.at[k].kind == SET_DIFFER) { return true; }
    }
    return false;
}

/* Membership of a set: exact when its cutoff is an invariant number. */
static void set_law(law_cx *x, set_id id)
{
    const set *s = &x->p->sets.at[id];
    law_info *r = &x->sets[id];
    law_start(r);
    if (s->parent != SETIR_NONE) { law_meet(r, &x->sets[s->parent]); }
    if (s->kind == SET_DIFFER) {
        law_meet(r, &x->sets[s->host]);
        law_meet(r, &x->sets[s->sample]);
    }
    if (s->kind == SET_RANK && s->parent != SETIR_NONE) {
        law_lower(x, r, SYM_SUPERCELL, LAW_BROKEN, SETIR_NONE, "the number of places grows with the cell");
        r->status[SYM_SUPERCELL].at = s->at;
    }
    if (s->cutoff != SETIR_NONE) {
        const law_info *c = law_of(x, s->cutoff);
        law_meet(r, c);
        for (int k = 0; k < LAW_SLOTS; k++) {
            if (c->size[k].num) {
                law_break(x, r, SYM_SUPERCELL, s->cutoff, "the cutoff changes with the size of the cell");
            }
        }
        for (int k = 0; k < 3; k++) {
            if (law_sign(c, k)) {
                law_break_reflections(x, r, s->cutoff, "the cutoff changes sign in a mirror");
            }
        }
        if (c->period != 0 || c->sign || c->n_axis) {
            law_break(x, r, SYM_WRAP, s->cutoff, "the cutoff depends on the choice of images");
            law_break(x, r, SYM_CELL, s->cutoff, "the cutoff depends on the choice of cell");
            law_break(x, r, SYM_SUPERCELL, s->cutoff, "the cutoff depends on the choice of cell");
        }
    }
}

/* The elements that a tensor runs over: its rows follow as its index variables do. */
static void domain_law(law_cx *x, const def *d, law_info *r)
{
    for (uint32_t k = 0; k < d->n_param; k++) {
        const ivar *v = &x->p->ivars.at[d->param[k]];
        law_meet(r, &x->sets[v->set]);
        if (v->row != SETIR_NONE) { law_meet(r, law_of(x, v->row)); }
        if (v->to != SETIR_NONE) {
            law_meet(r, law_of(x, v->to));
            law_lower(x, r, SYM_SUPERCELL, LAW_BROKEN, v->to,
                      "the images between two atoms are shared out among their copies");
        }
    }
    if (r->status[SYM_CELL].level == LAW_BROKEN) { r->n_axis = 0; }
}

/* A tensor over reciprocal vectors has more elements in a supercell. */
static void table_law(law_cx *x, const def *d, law_info *r)
{
    for (uint32_t k = 0; k < d->n_param; k++) {
        const set *s = &x->p->sets.at[x->p->ivars.at[d->param[k]].set];
        if (s->kind != SET_RECIP || r->status[SYM_SUPERCELL].level == LAW_BROKEN) { continue; }
        law_lower(x, r, SYM_SUPERCELL, LAW_BROKEN, SETIR_NONE, law_more_waves);
        r->status[SYM_SUPERCELL].at = s->at;
    }
}

/* Powers beyond what is followed exactly are not followed at all. */
static void limit_powers(law_cx *x, node_id n, law_info *r)
{
    enum { MOST = 1 << 15 };
    for (int s = 0; s < LAW_SLOTS; s++) {
        if (abs(r->size[s].num) > MOST || r->size[s].den > MOST) {
            law_break(x, r, SYM_SUPERCELL, n, "too high a power of the size of the cell");
            r->size[s] = (rational){0, 1};
        }
        if (abs(r->affine[s].num) > MOST || r->affine[s].den > MOST) {
            law_break(x, r, SYM_TRANSLATE, n, "too involved a multiple of a position");
            r->affine[s] = (rational){0, 1};
        }
    }
}

/* Atoms are listed in the order of the file, pairs, spots and reciprocal vectors in one that comes from the
 * lattice vectors and the images. */
static void list_order(law_cx *x, law_info *r, set_kind kind)
{
    bool built = kind == SET_PAIRS || kind == SET_DIFFER || kind == SET_RECIP;
    for (int g = 0; g < SYM_COUNT; g++) {
        if (built || (kind == SET_BASE && g == SYM_PERMUTE)) {
            law_lower(x, r, (symmetry)g, LAW_BROKEN, SETIR_NONE,
                      "lists the elements in the order of the file");
        }
    }
    if (kind == SET_AXIS) { law_lower(x, r, SYM_CELL, LAW_BROKEN, SETIR_NONE, "lists lattice vectors"); }
}

static void lib_law(law_cx *x, const def *d, law_info *r)
{
    const law_info *arg = &x->r->def[d->lib_arg];
    *r = *arg;
    span at = d->lib_at;
    if (lib_is_derivative(d->lib)) {
        law_derivative(x, d, r);
        return;
    }
    static const char *const what[] = {[LIB_SORT] = "sorting",
                                       [LIB_EIGVALS] = "eigenvalues of a matrix over atoms",
                                       [LIB_SORTROWS] = "a matrix over atoms",
                                       [LIB_EIGVECS] = "vectors of a matrix over atoms",
                                       [LIB_LIST] = "the order of the file"};
    if (d->lib == LIB_LIST) {
        for (uint32_t k = 0; k < x->p->defs.at[d->lib_arg].n_param; k++) {
            list_order(x, r, x->p->sets.at[x->p->ivars.at[x->p->defs.at[d->lib_arg].param[k]].set].kind);
        }
    } else {
        for (int k = 0; k < 3; k++) {
            if (law_sign(arg, k)) {
                law_lower(x, r, (symmetry)(SYM_REFLECT_X + k), LAW_BROKEN, SETIR_NONE,
                          "the order turns round when signs change");
                law_lower(x, r, SYM_REFLECT, LAW_BROKEN, SETIR_NONE,
                          "the order turns round when signs change");
            }
        }
        r->odd = r->mirror[0] = r->mirror[1] = r->mirror[2] = false;
    }
    for (int g = 0; g < SYM_COUNT && d->lib == LIB_EIGVECS; g++) {
        law_lower(x, r, (symmetry)g, LAW_BROKEN, SETIR_NONE, "vectors are known up to their sign only");
    }
    if (d->lib == LIB_SORTROWS) {
        law_lower(x, r, SYM_PERMUTE, LAW_ALMOST, SETIR_NONE,
                  "where two rows have equal norms their order is not defined");
    }
    if (arg->period != 0 || arg->sign) {
        law_lower(x, r, SYM_WRAP, LAW_BROKEN, SETIR_NONE, "depends on the choice of images");
        law_lower(x, r, SYM_SUPERCELL, LAW_BROKEN, SETIR_NONE, "depends on the choice of images");
    }
    if (arg->n_axis) {
        law_lower(x, r, SYM_CELL, LAW_BROKEN, SETIR_NONE, "depends on the choice of lattice vectors");
    }
    r->period = 0;
    r->sign = false;
    r->n_axis = 0;
    law_lower(x, r, SYM_SUPERCELL, LAW_BROKEN, SETIR_NONE,
              law_say(x, "%s: a larger cell has more of them", what[d->lib]));
    for (int g = 0; g < SYM_COUNT; g++) {
        if (r->status[g].level != LAW_EXACT && r->status[g].culprit == SETIR_NONE && !r->status[g].at.src) {
            r->status[g].at = at;
        }
    }
}

/* sorted rows and columns, or a list, of a symmetric matrix are symmetric */
static void check_matrix(law_cx *x, const def *d, law_info *r)
{
    const def *arg = &x->p->defs.at[d->lib_arg];
    while (arg->lib != LIB_NONE) { arg = &x->p->defs.at[arg->lib_arg]; }
    if (arg->n_param == 2 && law_symmetric(x->p, arg->body, arg->param[0], arg->param[1])) { return; }
    const char *i = x->p->ivars.at[arg->param[0]].id, *j = x->p->ivars.at[arg->param[1]].id;
    diag *e = diag_report(x->sink, D_ASYMMETRIC_MATRIX, d->lib_at);
    diag_label_primary(x->sink, e, "needs C[i, j] = C[j, i]");
    diag_label_at(x->sink, e, x->p->nodes.at[arg->body].at,
                  "this is not seen to be the same with %s and %s exchanged", i ? i : "i", j ? j : "j");
    diag_help(x->sink, e, "(C[i, j] + C[j, i]) / 2");
    law_lower(x, r, SYM_PERMUTE, LAW_BROKEN, SETIR_NONE, "eigenvalues of a matrix that is not symmetric");
}

static void apply_assumptions(law_cx *x, def_id id, law_info *r)
{
    for (uint32_t k = 0; k < x->p->claims.n; k++) {
        const claim *c = &x->p->claims.at[k];
        if (c->kind == CLAIM_ASSUME && c->subject == id && r->status[c->sym].level == LAW_BROKEN) {
            r->status[c->sym] =
                (law_status){LAW_ASSUMED, SETIR_NONE, c->at, c->because ? c->because : "assumed"};
        }
    }
}

static void def_law(law_cx *x, def_id id)
{
    const def *d = &x->p->defs.at[id];
    law_info *r = &x->r->def[id];
    if (d->lib == LIB_NONE) {
        *r = x->r->node[d->body];
    } else {
        lib_law(x, d, r);
        if (d->lib == LIB_EIGVALS) { check_matrix(x, d, r); }
    }
    domain_law(x, d, r);
    apply_assumptions(x, id, r);
    x->r->used[id] = *r;
    table_law(x, d, r);
    apply_assumptions(x, id, r);
}

law_result *law_infer(arena *a, const program *p, diag_sink *sink)
{
    return law_infer_by(a, p, sink, law_rules);
}

law_result *law_infer_by(arena *a, const program *p, diag_sink *sink, const law_rule *rules)
{
    law_cx cx = {.a = a, .p = p, .sink = sink, .r = arena_new(a, law_result)};
    cx.r->node = arena_array(a, law_info, p->nodes.n + 1);
    cx.r->def = arena_array(a, law_info, p->defs.n + 1);
    cx.r->used = arena_array(a, law_info, p->defs.n + 1);
    cx.sets = arena_array(a, law_info, p->sets.n + 1);
    bool *set_done = arena_array(a, bool, p->sets.n + 1), *def_done = arena_array(a, bool, p->defs.n + 1);
    for (node_id n = 0; n <= p->nodes.n; n++) {
        for (set_id s = 0; s < p->sets.n; s++) { /* as soon as what they need is known               */
            const set *d = &p->sets.at[s];
            if (!set_done[s] && (d->cutoff == SETIR_NONE || d->cutoff < n) &&
                (d->parent == SETIR_NONE || set_done[d->parent]) &&
                (d->kind != SET_DIFFER || (set_done[d->host] && set_done[d->sample]))) {
                set_law(&cx, s);
                set_done[s] = true;
            }
        }
        for (def_id k = 0; k < p->defs.n; k++) {
            const def *d = &p->defs.at[k];
            bool ready = d->lib == LIB_NONE ? d->body < n : def_done[d->lib_arg] && (d->lib != LIB_ALONG || def_done[d->along]);
            if (def_done[k] || !ready) { continue; }
            def_law(&cx, k);
            def_done[k] = true;
        }
        if (n < p->nodes.n) {
            law_info *r = law_of(&cx, n);
            law_start(r);
            for (uint32_t k = 0; k < p->nodes.at[n].n_args; k++) {
                law_meet(r, law_of(&cx, p->nodes.at[n].arg[k]));
            }
            rules[p->nodes.at[n].op].apply(&cx, n, r);
            law_guard_irreps(&cx, n, r);
            limit_powers(&cx, n, r);
            for (int g = 0; g < SYM_COUNT && p->slots.n > LAW_SLOTS; g++) {
                law_break(&cx, r, (symmetry)g, n, "more structures than the rules follow");
            }
        }
    }
    return cx.r;
}
