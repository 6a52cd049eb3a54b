/* SPDX-License-Identifier: Apache-2.0
 *
 * infer_tabulate.c: In: `tabulate f(a, x) over lo..hi to tolerance`. Out: the call's value where x is outside of the
 * range, inside it the value of a table made here, one for each element of the arguments that are indices of sets of
 * fixed size. Not here: making tables (tabulate.c).
 */
#include "curve.h"
#include "infer_internal.h"
#include "setir_eval.h"
#include "tabulate.h"

#include <math.h>

#define TOLERANCE_LEAST 1e-14
#define TOLERANCE_MOST  1e-2

/* the arguments of the call by their roles */
typedef struct roles {
    node_id variable; span variable_at;
    node_id index[JET_INDICES];
    int64_t size[JET_INDICES];
    set_id  set[JET_INDICES];
    uint32_t n;
} roles;

static bool second_variable(infer *x, const roles *r, span at)
{
    diag *d = infer_report(x, D_TABULATE_ARGUMENTS, at);
    diag_label_primary(x->sink, d, "this varies");
    diag_label_at(x->sink, d, r->variable_at, "so does this");
    diag_help(x->sink, d, "tabulate a function of the one, and multiply, or sum over what the other depends on");
    return false;
}

static bool add_role(infer *x, roles *r, const expr *arg, node_id n)
{
    double number;
    elem e = elem_of(x, n);
    for (uint32_t k = 0; k < r->n; k++)
        if (r->index[k] == n) return true;
    if (e.kind == ELEM_REAL && (eval_constant(x->p, n, &number) || n == r->variable)) return true;
    if (x->p->nodes.at[n].op == OP_INDEX_CONST || x->p->nodes.at[n].op == OP_SPECIES_CONST) return true;
    if (e.kind == ELEM_REAL && !e.rank && !e.channels) {
        if (r->variable != SETIR_NONE) return second_variable(x, r, arg->at);
        r->variable = n;
        r->variable_at = arg->at;
        return true;
    }
    if (e.kind == ELEM_INDEX && curve_set_size(x->p, e.set) > 0 && r->n < JET_INDICES) {
        r->set[r->n] = e.set;
        r->size[r->n] = curve_set_size(x->p, e.set);
        r->index[r->n++] = n;
        return true;
    }
    diag *d = infer_report(x, D_TABULATE_ARGUMENTS, arg->at);
    diag_label_primary(x->sink, d, "this is a%s %s", e.kind == ELEM_INDEX ? "n" : "", elem_text(x, e));
    if (e.kind == ELEM_SPECIES)
        diag_help(x->sink, d, "an index of a list of elements:  member(s.Z[i], species(Mo, S))");
    return false;
}

static bool find_roles(infer *x, scope *s, const expr *call, roles *r)
{
    *r = (roles){.variable = SETIR_NONE};
    if (call->kind != E_CALL) {
        diag *d = infer_report(x, D_TABULATE_ARGUMENTS, call->at);
        diag_label_primary(x->sink, d, "not a call");
        diag_help(x->sink, d, "tabulate f(x) over 0.5 Å..5 Å to 1e-10");
        return false;
    }
    for (uint32_t k = 0; k < call->call.n; k++) {
        value v = infer_expr(x, s, call->call.arg[k].value);
        if (v.kind == V_ERROR) return false;
        if (v.kind != V_NODE) continue; /* a structure, a list: not varied */
        if (!add_role(x, r, call->call.arg[k].value, v.node)) return false;
    }
    if (r->variable != SETIR_NONE) return true;
    diag *d = infer_report(x, D_TABULATE_ARGUMENTS, call->at);
    diag_label_primary(x->sink, d, "no argument is a number that varies");
    return false;
}

static bool bound_of(infer *x, scope *s, const expr *e, unit want, double *out)
{
    node_id n = infer_real(x, s, e, 0);
    if (n == SETIR_NONE) return false;
    if (!unit_equal(infer_unit(x, n), want)) {
        text have, need;
        text_init(&have);
        text_init(&need);
        unit_text(infer_unit(x, n), &have);
        unit_text(want, &need);
        diag *d = infer_report(x, D_TABULATE_UNIT, e->at, need.s ? need.s : "", have.s ? have.s : "");
        diag_label_primary(x->sink, d, "has the unit %s", have.s ? have.s : "");
        text_free(&have);
        text_free(&need);
        return false;
    }
    if (eval_constant(x->p, n, out) && isfinite(*out)) return true;
    diag *d = infer_report(x, D_TABULATE_RANGE, e->at);
    diag_label_primary(x->sink, d, "a number known when compiling is needed here");
    return false;
}

static bool read_range(infer *x, scope *s, const expr *range, unit u, tabulation *t)
{
    if (range->kind != E_BINARY || range->binary.op != B_RANGE) {
        diag *d = infer_report(x, D_TABULATE_RANGE, range->at);
        diag_label_primary(x->sink, d, "not a range");
        diag_help(x->sink, d, "... over 0.5 Å..5 Å to 1e-10");
        return false;
    }
    if (!bound_of(x, s, range->binary.lhs, u, &t->lo) || !bound_of(x, s, range->binary.rhs, u, &t->hi)) return false;
    if (t->hi > t->lo) return true;
    diag *d = infer_report(x, D_TABULATE_RANGE, range->at);
    diag_label_primary(x->sink, d, "from %g to %g", t->lo, t->hi);
    return false;
}

static bool read_tolerance(infer *x, scope *s, const expr *e, unit u, tabulation *t)
{
    node_id n = infer_real(x, s, e, 0);
    if (n == SETIR_NONE) return false;
    t->relative = unit_is_none(infer_unit(x, n));
    if (!bound_of(x, s, e, t->relative ? unit_none() : u, &t->tolerance)) return false;
    bool good = t->tolerance > 0 &&
                (!t->relative || (t->tolerance >= TOLERANCE_LEAST && t->tolerance <= TOLERANCE_MOST));
    if (good) return true;
    diag *d = infer_report(x, D_TABULATE_RANGE, e->at);
    diag_label_primary(x->sink, d, t->relative ? "a tolerance from 1e-14 to 0.01 is possible" : "is not positive");
    return false;
}

static void report_failure(infer *x, const expr *e, const roles *r, const tabulation *t, const tabulate_report *f)
{
    text u;
    text_init(&u);
    unit_text(infer_unit(x, r->variable), &u);
    const char *words = arena_printf(x->a, "%.6g%s%s", f->x, unit_is_none(infer_unit(x, r->variable)) ? "" : " ",
                                     unit_is_none(infer_unit(x, r->variable)) || !u.s ? "" : u.s);
    text_free(&u);
    if (f->how == TABULATE_NOT_FINITE) {
        diag *d = infer_report(x, D_TABULATE_FINITE, e->tabulate.call->at, words);
        diag_label_primary(x->sink, d, "has no value, slope or curvature at %s", words);
        diag_label_at(x->sink, d, e->tabulate.range->at, "the range that is tabulated");
        return;
    }
    diag *d = infer_report(x, D_TABULATE_ROUGH, e->tabulate.call->at, t->tolerance, f->pieces, f->reached);
    diag_label_primary(x->sink, d, "worst near %s", words);
    diag_note(x->sink, d, "A kink, a jump or a pole inside the range cannot be met by polynomials: let the range end there.");
}

/* |b.d| of a pair is positive and below the cutoff of its set */
static void known_range(infer *x, node_id n, double *lo, double *hi)
{
    const node *d = &x->p->nodes.at[n];
    while (d->op == OP_ASCRIBE || (d->op == OP_ACCESS && x->p->defs.at[d->imm.def].lib == LIB_NONE)) {
        n = d->op == OP_ASCRIBE ? d->arg[0] : x->p->defs.at[d->imm.def].body;
        d = &x->p->nodes.at[n];
    }
    *lo = d->op == OP_NORM ? 0 : -INFINITY;
    *hi = INFINITY;
    if (d->op != OP_NORM) return;
    const node *v = &x->p->nodes.at[d->arg[0]];
    double cutoff;
    if (v->op == OP_PAIR_D &&
        eval_constant(x->p, x->p->sets.at[x->p->nodes.at[v->arg[0]].elem.set].cutoff, &cutoff))
        *hi = cutoff;
}

/* the table inside its range, the function itself outside */
static node_id guarded(infer *x, node_id table, node_id f, node_id variable, const tabulation *t, span at)
{
    double lo, hi;
    unit u = infer_unit(x, variable);
    known_range(x, variable, &lo, &hi);
    node_id inside = SETIR_NONE;
    if (lo < t->lo) inside = mk2(x, OP_LE, elem_bool(), mk_const(x, t->lo, u, at), variable, at);
    if (hi > t->hi) {
        node_id below = mk2(x, OP_LE, elem_bool(), variable, mk_const(x, t->hi, u, at), at);
        inside = inside == SETIR_NONE ? below : mk2(x, OP_AND, elem_bool(), inside, below, at);
    }
    if (inside == SETIR_NONE) return table;
    node_id args[3] = {inside, table, f};
    return mk(x, OP_SELECT, elem_real(0), args, 3, NULL, at);
}

value infer_tabulate(infer *x, scope *s, const expr *e)
{
    roles r;
    tabulation t;
    node_id f = infer_real(x, s, e->tabulate.call, 0), culprit;
    if (f == SETIR_NONE || !find_roles(x, s, e->tabulate.call, &r) ||
        !read_range(x, s, e->tabulate.range, infer_unit(x, r.variable), &t) ||
        !read_tolerance(x, s, e->tabulate.tolerance, infer_unit(x, f), &t))
        return value_error(e->at);
    const char *why;
    jet_function *j = jet_of(x->a, x->p, f, r.variable, r.index, r.n, &culprit, &why);
    if (!j) {
        diag *d = infer_report(x, D_TABULATE_UNKNOWN, e->tabulate.call->at);
        diag_label_primary(x->sink, d, "tabulated here");
        if (culprit != SETIR_NONE) diag_label_at(x->sink, d, x->p->nodes.at[culprit].at, "this %s", why);
        return value_error(e->at);
    }
    constant_held(x, f, e->at);
    const expr *callee = e->tabulate.call->call.base;
    curve c = {.id = callee->kind == E_NAME ? callee->ident.id : NULL, .domain = r.set, .n_domain = r.n,
               .unit_x = infer_unit(x, r.variable), .unit = infer_unit(x, f)};
    tabulate_report made = tabulate(x->a, j, r.size, r.n, t, &c);
    if (made.how != TABULATE_FINE) {
        report_failure(x, e, &r, &t, &made);
        return value_error(e->at);
    }
    node_id args[1 + JET_INDICES] = {r.variable};
    for (uint32_t k = 0; k < r.n; k++) args[1 + k] = r.index[k];
    node_imm imm = {.curve = program_curve(x->p, c)};
    node_id table = mk(x, OP_SPLINE, elem_real(0), args, 1 + r.n, &imm, e->at);
    return value_node(guarded(x, table, f, r.variable, &t, e->at), e->at);
}
