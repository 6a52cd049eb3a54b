/* SPDX-License-Identifier: Apache-2.0
 *
 * smooth_curve.c: constant tables in the smoothness analysis. In: numbers by elements; a spline of a value with a fact; two
 * sides of a choice that are functions of the quantity where it changes. Out: the range of the numbers, a constant where
 * the elements are known; the spline's fact: no smoother than its pieces join, and at an edge the series of the piece that
 * is met there; how many derivatives of the two sides agree.
 */
#include "smooth_internal.h"

#include "curve.h"
#include "jet.h"

#include <math.h>
#include <string.h>

enum { PLACES_MOST = 4096, NUMBERS_MOST = 256, ELEMENTS_MOST = 16, KEYS_MOST = 8 };
#define AGREE 1e-9 /* relative to the two sides                                                             */
#define LOST  1e-13

int64_t smooth_index_place(analysis *x, node_id index, const context *c)
{
    const node n = x->p->nodes.at[index];
    if (n.op == OP_INDEX_CONST) return n.imm.k;
    if (n.op != OP_SPECIES_INDEX) return -1;
    for (int32_t k = 0; k < x->p->sets.at[n.imm.set].count && k < ELEMENTS_MOST; k++) {
        node_imm imm = {.k = k, .set = n.imm.set};
        node_id member = program_node(x->p, OP_INDEX_CONST, elem_index(n.imm.set), NULL, 0, &imm, n.at);
        if (smooth_decide(x, node_2(x->p, OP_INDEX_EQ, elem_bool(), index, member, n.at), c) == 1) return k;
    }
    return -1;
}

/* the only place that the index arguments name, -1: it depends */
static int64_t only_place(analysis *x, const node *n, const curve *cv, const context *c)
{
    int64_t cell = 0;
    for (uint32_t k = 0; k < cv->n_domain; k++) {
        int64_t at = smooth_index_place(x, n->arg[1 + k], c);
        if (at < 0) return -1;
        cell = cell * curve_set_size(x->p, cv->domain[k]) + at;
    }
    return cell;
}

/* ---- numbers by elements ------------------------------------------------------------------------------- */

/* Can the indices be those of this place? `fixed` has the ones that are known; equal indices have one element. */
static bool place_fits(const analysis *x, const node *n, const curve *cv, const int64_t *fixed, int64_t cell)
{
    int64_t at[KEYS_MOST];
    bool fits = true;
    for (uint32_t k = cv->n_domain; k-- > 0;) {
        int64_t count = curve_set_size(x->p, cv->domain[k]);
        at[k] = cell % count;
        cell /= count;
        fits = fits && (fixed[k] < 0 || fixed[k] == at[k]);
        for (uint32_t j = k + 1; j < cv->n_domain; j++) fits = fits && (n->arg[j] != n->arg[k] || at[j] == at[k]);
    }
    return fits;
}

uint32_t smooth_table_values(analysis *x, const node *n, const context *c, double *list, uint32_t most)
{
    const curve *cv = &x->p->curves.at[n->imm.curve];
    int64_t fixed[KEYS_MOST];
    uint32_t count = 0;
    if (cv->n_domain > KEYS_MOST || cv->places > PLACES_MOST) return 0;
    for (uint32_t k = 0; k < cv->n_domain; k++) fixed[k] = smooth_index_place(x, n->arg[k], c);
    cv = &x->p->curves.at[n->imm.curve];
    for (uint32_t cell = 0; cell < cv->places; cell++) {
        double v = curve_value(cv, cell, 0, 0);
        bool fresh = place_fits(x, n, cv, fixed, cell);
        for (uint32_t k = 0; k < count && fresh; k++) fresh = list[k] != v;
        if (!fresh) continue;
        if (count == most || !isfinite(v)) return 0;
        list[count++] = v;
    }
    return count;
}

fact smooth_table(analysis *x, const node *n, const context *c)
{
    double list[NUMBERS_MOST];
    uint32_t count = smooth_table_values(x, n, c, list, NUMBERS_MOST);
    if (count == 1) return fact_constant(list[0], fabs(list[0]));
    fact f = fact_opaque();
    for (uint32_t k = 0; k < count; k++) {
        range one = range_point(list[k]);
        f.r = k ? range_hull(f.r, one) : one;
    }
    f.nonzero = count > 0;
    for (uint32_t k = 0; k < count; k++) f.nonzero = f.nonzero && list[k] != 0;
    f.definite = f.nonzero;
    return f;
}

/* ---- tabulated functions ------------------------------------------------------------------------------- */

/* a series in t of derivative k of the curve, of the piece that `at` runs into for t > 0. False: it vanishes faster than
 * any power, or the argument has no limit (m tells which). */
static bool spline_series(const curve *c, uint32_t cell, int32_t k, series at, series *out, double *m)
{
    double limit = series_limit(at), u, to[CURVE_TERMS], size[CURVE_TERMS];
    *m = -INFINITY;
    if (!isfinite(limit)) return false;
    series move = at; /* without its limit */
    if (limit != 0 && at.off == 0) {
        series back = series_constant(-limit, fabs(limit));
        move = series_add(at, back);
    }
    uint32_t piece = curve_piece(c, limit, &u);
    double knot = 1e-12 * (1 + fabs(c->lo * c->rate) + c->pieces);
    int way = series_sign(move);
    *m = 0;
    if (way == 0 && (u < knot || u > 1 - knot)) return false;
    if (way < 0 && u < knot && piece > 0) piece--, u = 1;
    if (way > 0 && u > 1 - knot && piece + 1 < c->pieces) piece++, u = 0;
    curve_expand(c, cell, piece, u, k, to, size);
    series power = series_constant(1, 1), sum = {0};
    bool any = false;
    for (uint32_t j = 0; j < c->terms; j++) {
        if (fabs(to[j]) > 1e-12 * size[j]) {
            series factor = series_constant(to[j], size[j]), term = series_multiply(factor, power);
            sum = any ? series_add(sum, term) : term;
            any = true;
        }
        power = series_multiply(power, move);
    }
    if (!any) *m = INFINITY;
    *out = sum;
    return any;
}

/* what vanishes least of all places, and the series when there is one place */
static void meet_edge(const curve *c, int64_t cell, int32_t k, edge *e)
{
    double least = INFINITY, m;
    series one = e->at;
    for (int64_t p = cell < 0 ? 0 : cell; p < (cell < 0 ? (int64_t)c->places : cell + 1); p++) {
        bool found = spline_series(c, (uint32_t)p, k, e->at, &one, &m);
        least = fmin(least, found ? one.off : m);
        if (cell >= 0) e->known = found;
    }
    if (cell < 0) e->known = false;
    e->at = one;
    e->m = least;
}

fact smooth_spline(analysis *x, node_id id, const node *n, const context *c)
{
    const curve *cv = &x->p->curves.at[n->imm.curve];
    const fact *u = smooth_eval(x, n->arg[0], c);
    int64_t cell = only_place(x, n, cv, c);
    cv = &x->p->curves.at[n->imm.curve];
    if (u->constant && cell >= 0) {
        double v = curve_value(cv, (uint32_t)cell, u->value, n->imm.k);
        return fact_constant(v, fabs(v));
    }
    fact f = *u;
    f.constant = f.affine = f.nonzero = f.definite = false;
    f.r = range_all;
    f.edge = u->n_edges ? arena_copy(x->a, u->edge, u->n_edges * sizeof *u->edge) : NULL;
    if (u->power) f.base = SETIR_NONE;
    f.power = 0;
    for (uint32_t k = 0; k < f.n_edges; k++) {
        edge *e = &f.edge[k];
        if (e->known && f.base != SETIR_NONE)
            meet_edge(cv, cell, n->imm.k, e);
        else
            e->m = e->m < 0 ? -INFINITY : 0, e->known = false;
        if (!e->known) f.base = SETIR_NONE;
    }
    fact_settle(&f);
    if (cv->pieces > 1 && smooth_varies(x, n->arg[0])) {
        int order = cv->order - n->imm.k;
        smooth_limit(x, &f, order < -1 ? -1 : order, id, false,
                     arena_printf(x->a, order < 0 ? "jumps at the knots of its table"
                                                  : "is a table whose pieces join as C%d", order));
    }
    return f;
}

/* ---- two sides of a choice ----------------------------------------------------------------------------- */

static bool has_spline(analysis *x, node_id n, int depth)
{
    const node *d = &x->p->nodes.at[n];
    if (d->op == OP_SPLINE) return true;
    for (uint32_t k = 0; k < d->n_args && depth < 8; k++)
        if (has_spline(x, d->arg[k], depth + 1)) return true;
    return false;
}

/* to rounding: of the derivative itself, or of what the others make of it over the distance `length` */
static bool agrees(const double *a, const double *b, int k, double length)
{
    double all = 0;
    for (int j = 0; j < JET_TERMS; j++) all = fmax(all, fmax(fabs(a[j]), fabs(b[j])) * pow(length, j - k));
    return fabs(a[k] - b[k]) <= fmax(AGREE * fmax(fabs(a[k]), fabs(b[k])), LOST * all);
}

/* by how many derivatives two functions of w agree at w0, for all elements of the indices that they depend on */
static int agree_places(jet_function *f, jet_function *g, const program *p, const node_id *index, int n, double w0,
                        int way)
{
    int64_t at[JET_INDICES] = {0}, places = 1;
    int least = JET_TERMS;
    for (int k = 0; k < n; k++) places *= curve_set_size(p, p->nodes.at[index[k]].elem.set);
    for (int64_t cell = 0; cell < places && cell < PLACES_MOST; cell++) {
        double a[JET_TERMS], b[JET_TERMS];
        int64_t rest = cell;
        for (int k = n; k-- > 0;) {
            int64_t count = curve_set_size(p, p->nodes.at[index[k]].elem.set);
            at[k] = rest % count;
            rest /= count;
        }
        jet_eval(f, at, &w0, 1, JET_TERMS, way, a);
        jet_eval(g, at, &w0, 1, JET_TERMS, -way, b);
        int agree = 0;
        while (agree < least && agrees(a, b, agree, fabs(w0))) agree++;
        least = agree;
    }
    return places > PLACES_MOST ? 0 : least;
}

double smooth_agree_spline(analysis *x, node_id then, node_id other, node_id w, double w0, int way)
{
    if (!has_spline(x, then, 0) && !has_spline(x, other, 0)) return -INFINITY;
    node_id index[2 * JET_INDICES], culprit;
    const char *why;
    int n = jet_indices(x->a, x->p, then, w, index), m = n < 0 ? n : jet_indices(x->a, x->p, other, w, index + n);
    if (n < 0 || m < 0) return -INFINITY;
    int all = n;
    for (int k = 0; k < m; k++) {
        bool twice = false;
        for (int j = 0; j < n; j++) twice |= index[j] == index[n + k];
        if (!twice) index[all++] = index[n + k];
    }
    if (all > JET_INDICES) return -INFINITY;
    jet_function *f = jet_of(x->a, x->p, then, w, index, (uint32_t)all, &culprit, &why);
    jet_function *g = jet_of(x->a, x->p, other, w, index, (uint32_t)all, &culprit, &why);
    if (!f || !g) return -INFINITY;
    int agree = agree_places(f, g, x->p, index, all, w0, way);
    return agree == JET_TERMS ? INFINITY : agree;
}
