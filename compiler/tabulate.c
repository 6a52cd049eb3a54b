/* SPDX-License-Identifier: Apache-2.0
 *
 * tabulate.c: tables made of functions. In: a function that can be evaluated with its derivatives (jet.h), a range, a
 * tolerance. Out: on equal intervals the polynomial of degree 5 that has the function's value and first two
 * derivatives at both knots, so that pieces join as C2 and derivatives are those of the values; or where and why that
 * is not reached. The remainder of such a piece is f^(6) u^3 (1-u)^3 h^6 / 720: sixth derivatives at the middles give
 * the number of pieces, then the error is measured inside every piece, and the number grows until it fits.
 */
#include "tabulate.h"

#include "curve.h"

#include <math.h>
#include <string.h>

enum { TERMS = 6, KNOWN = 3, PROBES = 32, LEAST = 4, MOST = 16384, NUMBERS_MOST = 1 << 20, INSIDE = 3 };
#define SAFETY     2.0   /* the error found must be that much below the tolerance                           */
#define SLOPE      100.0 /* first derivatives: tolerance times this, of the largest                         */
#define ZERO       1e-13 /* at an end what is smaller, of the largest, is rounding of zero                  */
static const double inside[INSIDE] = {0.25, 0.5, 0.75};

typedef struct maker {
    arena *a;
    jet_function *f;
    const int64_t *size;
    uint32_t n_index, places, pieces;
    tabulation t;
    double *largest[KNOWN]; /* by place: of value, first and second Taylor coefficient                     */
    double *knot;           /* [place][knot][KNOWN]                                                        */
    curve  *c;
    tabulate_report r;
} maker;

static void index_of(const maker *m, uint32_t cell, int64_t *index)
{
    for (uint32_t k = m->n_index; k-- > 0;) {
        index[k] = cell % m->size[k];
        cell /= (uint32_t)m->size[k];
    }
}

static double at_knot(const maker *m, double k)
{
    return m->t.lo + (m->t.hi - m->t.lo) * (k / m->pieces);
}

static bool finite(maker *m, const double *x, const double *c, uint32_t n, uint32_t terms)
{
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < terms; k++)
            if (!isfinite(c[k * n + i])) {
                m->r = (tabulate_report){.how = TABULATE_NOT_FINITE, .x = x[i], .pieces = m->pieces};
                return false;
            }
    return true;
}

static void remember_size(maker *m, uint32_t cell, const double *c, uint32_t n)
{
    for (uint32_t k = 0; k < KNOWN; k++)
        for (uint32_t i = 0; i < n; i++) m->largest[k][cell] = fmax(m->largest[k][cell], fabs(c[k * n + i]));
}

/* tolerance of the value, and of the first derivative */
static double allowed(const maker *m, uint32_t cell, bool slope)
{
    double size = m->largest[0][cell];
    if (!slope) return (m->t.relative ? m->t.tolerance * size : m->t.tolerance) / SAFETY;
    double relative = m->t.relative ? m->t.tolerance : size > 0 ? m->t.tolerance / size : INFINITY;
    return SLOPE * relative * m->largest[1][cell] / SAFETY;
}

/* how many pieces sixth derivatives ask for */
static bool guess_pieces(maker *m)
{
    double x[PROBES], c[PROBES * JET_TERMS], h = INFINITY, width = m->t.hi - m->t.lo;
    int64_t index[JET_INDICES];
    m->pieces = PROBES;
    for (uint32_t i = 0; i < PROBES; i++) x[i] = at_knot(m, i + 0.5);
    for (uint32_t cell = 0; cell < m->places; cell++) {
        index_of(m, cell, index);
        jet_eval(m->f, index, x, PROBES, JET_TERMS, 1, c);
        if (!finite(m, x, c, PROBES, KNOWN)) return false;
        remember_size(m, cell, c, PROBES);
        for (uint32_t i = 0; i < PROBES; i++) {
            double sixth = fabs(c[6 * PROBES + i]) / 64; /* u^3 (1-u)^3 <= 1/64 */
            if (isfinite(sixth) && sixth > 0) h = fmin(h, pow(allowed(m, cell, false) / sixth, 1.0 / 6));
        }
    }
    double pieces = ceil(width / h);
    m->pieces = pieces > LEAST ? pieces < MOST ? (uint32_t)pieces : MOST : LEAST;
    return true;
}

static bool find_knots(maker *m)
{
    double x[JET_POINTS], c[JET_POINTS * KNOWN];
    int64_t index[JET_INDICES];
    uint32_t knots = m->pieces + 1;
    m->knot = arena_array(m->a, double, (size_t)m->places * knots * KNOWN);
    for (uint32_t cell = 0; cell < m->places; cell++) {
        double *to = m->knot + (size_t)cell * knots * KNOWN;
        index_of(m, cell, index);
        for (uint32_t first = 0; first < knots;) { /* the last one alone: from the left */
            uint32_t n = knots - 1 - first < JET_POINTS ? knots - 1 - first : JET_POINTS;
            bool last = n == 0;
            n = last ? 1 : n;
            for (uint32_t i = 0; i < n; i++) x[i] = last ? m->t.hi : at_knot(m, first + i);
            jet_eval(m->f, index, x, n, KNOWN, last ? -1 : 1, c);
            if (!finite(m, x, c, n, KNOWN)) return false;
            remember_size(m, cell, c, n);
            for (uint32_t i = 0; i < n; i++)
                for (uint32_t k = 0; k < KNOWN; k++) to[(first + i) * KNOWN + k] = c[k * n + i];
            first += n;
        }
        for (uint32_t k = 0; k < KNOWN; k++)
            for (uint32_t end = 0; end < knots; end += m->pieces)
                if (fabs(to[end * KNOWN + k]) <= ZERO * m->largest[k][cell]) to[end * KNOWN + k] = 0;
    }
    return true;
}

/* the polynomial in u with value, slope and half the curvature p at 0, q at 1 */
static void fit(const double *p, const double *q, double *c)
{
    double a = q[0] - (p[0] + p[1] + p[2]), b = q[1] - (p[1] + 2 * p[2]), d = q[2] - p[2];
    c[0] = p[0];
    c[1] = p[1];
    c[2] = p[2];
    c[3] = 10 * a - 4 * b + d;
    c[4] = -15 * a + 7 * b - 2 * d;
    c[5] = 6 * a - 3 * b + d;
}

static void fill_pieces(maker *m)
{
    curve *c = m->c;
    double h = (m->t.hi - m->t.lo) / m->pieces;
    c->pieces = m->pieces;
    c->terms = TERMS;
    c->lo = m->t.lo;
    c->rate = 1 / h;
    c->order = 2;
    c->data = arena_array(m->a, double, (size_t)m->pieces * TERMS * m->places);
    for (uint32_t cell = 0; cell < m->places; cell++)
        for (uint32_t piece = 0; piece < m->pieces; piece++) {
            const double *k = m->knot + ((size_t)cell * (m->pieces + 1) + piece) * KNOWN;
            double p[KNOWN] = {k[0], k[1] * h, k[2] * h * h}, q[KNOWN] = {k[3], k[4] * h, k[5] * h * h}, to[TERMS];
            fit(p, q, to);
            for (uint32_t j = 0; j < TERMS; j++) c->data[((size_t)piece * TERMS + j) * m->places + cell] = to[j];
        }
}

/* largest error over the tolerance, inside all pieces; value and slope are measured */
static bool measure(maker *m, double *worst)
{
    double x[JET_POINTS], c[JET_POINTS * KNOWN];
    int64_t index[JET_INDICES];
    uint32_t points = m->pieces * INSIDE;
    *worst = 0;
    for (uint32_t cell = 0; cell < m->places; cell++) {
        index_of(m, cell, index);
        for (uint32_t first = 0; first < points; first += JET_POINTS) {
            uint32_t n = points - first < JET_POINTS ? points - first : JET_POINTS;
            for (uint32_t i = 0; i < n; i++)
                x[i] = at_knot(m, (first + i) / INSIDE + inside[(first + i) % INSIDE]);
            jet_eval(m->f, index, x, n, 2, 1, c);
            if (!finite(m, x, c, n, 2)) return false;
            for (uint32_t i = 0; i < n; i++) {
                double value = fabs(curve_value(m->c, cell, x[i], 0) - c[i]);
                double slope = fabs(curve_value(m->c, cell, x[i], 1) - c[n + i]);
                double over = value == 0 ? 0 : value / allowed(m, cell, false);
                over = fmax(over, slope == 0 ? 0 : pow(slope / allowed(m, cell, true), 1.2));
                if (!(over > *worst)) continue;
                *worst = over;
                m->r.x = x[i];
                m->r.reached = over * m->t.tolerance / SAFETY;
            }
        }
    }
    return true;
}

tabulate_report tabulate(arena *a, jet_function *f, const int64_t *size, uint32_t n_index, tabulation t, curve *c)
{
    maker m = {.a = a, .f = f, .size = size, .n_index = n_index, .places = 1, .t = t, .c = c};
    for (uint32_t k = 0; k < n_index; k++) m.places *= (uint32_t)size[k];
    for (uint32_t k = 0; k < KNOWN; k++) m.largest[k] = arena_array(a, double, m.places);
    c->places = m.places;
    uint32_t most = NUMBERS_MOST / TERMS / m.places;
    most = most < MOST ? most : MOST;
    for (bool good = guess_pieces(&m); good;) {
        double worst;
        if (m.pieces > most) m.pieces = most;
        if (most < LEAST || !find_knots(&m)) break;
        fill_pieces(&m);
        if (!measure(&m, &worst)) break;
        m.r.pieces = m.pieces;
        if (worst <= 1) return m.r;
        if (m.pieces == most) {
            m.r.how = TABULATE_TOO_ROUGH;
            break;
        }
        double grow = fmin(2, fmax(1.2, 1.05 * pow(worst, 1.0 / 6)));
        m.pieces = (uint32_t)ceil(m.pieces * grow);
    }
    if (most < LEAST) m.r.how = TABULATE_TOO_ROUGH;
    return m.r;
}
