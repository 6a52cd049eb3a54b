/* SPDX-License-Identifier: Apache-2.0
 *
 * kernel_tridiagonal.h: eigenvalues of a symmetric tridiagonal matrix, 8 or 16 at a time, for
 * kernel_eigvals.c alone (inline, so that every clone has its own). In: diagonal, squares of the
 * off-diagonal, largest element near 1, up to 64 rows. Out: eigenvalues, ascending but for rounding.
 *
 * Per lane a point x. The leading minors at x, p_{i+1} = (d_i - x) p_i - e_i^2 p_{i-1}, change sign as often
 * as there are eigenvalues below x (Givens; J. H. Wilkinson, The Algebraic Eigenvalue Problem, 1965, chapter
 * 5): no division, and no lane waits for another, unlike the QL sweep that divides twice in every step. First
 * cells with several eigenvalues are cut, as many points to a cell as it holds, until each holds one or is as
 * narrow as rounding; then a lane takes Newton's steps on the last minor of its cell.
 */
#ifndef MTX_KERNEL_TRIDIAGONAL_H
#define MTX_KERNEL_TRIDIAGONAL_H

#include "kernel_calls.h"

#include <float.h>
#include <math.h>

#define TRI_MOST   64
#define TRI_FAINT  1e-34 /* least e^2: moves eigenvalues by 1e-17, and no minor stays zero */
#define TRI_PASSES 240   /* 53 halvings, at most three passes between two of them */
#define TRI_CALM   16    /* rows after which minors of entries near 1 could leave the exponents */

typedef uint64_t v8u __attribute__((vector_size(64), aligned(8), may_alias));

RT_INLINE v8d pick(v8i mask, v8d yes, v8d no)
{
    return (v8d)(((v8i)yes & mask) | ((v8i)no & ~mask));
}

RT_INLINE v8i pick_count(v8i mask, v8i yes, v8i no)
{
    return (yes & mask) | (no & ~mask);
}

RT_INLINE v8d magnitude(v8d x)
{
    return (v8d)((v8i)x & INT64_MAX);
}

/* 2^-k that takes the larger of two numbers to [1, 2) */
RT_INLINE v8d normaliser(v8d a, v8d b)
{
    v8i x = (v8i)a & INT64_C(0x7ff0000000000000), y = (v8i)b & INT64_C(0x7ff0000000000000), more = x > y;
    return (v8d)(INT64_C(0x7fe0000000000000) - pick_count(more, x, y));
}

/* count: eigenvalues below x */
RT_INLINE void minors(const double *d, const double *e2, int64_t n, const int parts, const v8d *x, v8i *count)
{
    v8d p[2], q[2]; /* this minor and the one before */
    v8u changes[2];
    for (int k = 0; k < parts; k++) {
        q[k] = (v8d){1, 1, 1, 1, 1, 1, 1, 1};
        p[k] = d[0] - x[k];
        changes[k] = (v8u)p[k] >> 63;
    }
    for (int64_t i = 1; i < n; i++)
        for (int k = 0; k < parts; k++) {
            v8d next = (d[i] - x[k]) * p[k] - e2[i - 1] * q[k];
            changes[k] += ((v8u)next ^ (v8u)p[k]) >> 63;
            q[k] = p[k];
            p[k] = next;
            if (i % TRI_CALM == 0) {
                v8d scale = normaliser(p[k], q[k]);
                p[k] *= scale;
                q[k] *= scale;
            }
        }
    for (int k = 0; k < parts; k++) count[k] = (v8i)changes[k];
}

/* and step: last minor over its derivative */
RT_INLINE void minors_step(const double *d, const double *e2, int64_t n, const int parts, const v8d *x,
                           v8i *count, v8d *step)
{
    v8d p[2], q[2], dp[2], dq[2];
    v8u changes[2];
    for (int k = 0; k < parts; k++) {
        q[k] = (v8d){1, 1, 1, 1, 1, 1, 1, 1};
        dq[k] = (v8d){0};
        p[k] = d[0] - x[k];
        dp[k] = -q[k];
        changes[k] = (v8u)p[k] >> 63;
    }
    for (int64_t i = 1; i < n; i++)
        for (int k = 0; k < parts; k++) {
            v8d t = d[i] - x[k], next = t * p[k] - e2[i - 1] * q[k];
            v8d slope = t * dp[k] - (e2[i - 1] * dq[k] + p[k]);
            changes[k] += ((v8u)next ^ (v8u)p[k]) >> 63;
            q[k] = p[k];
            p[k] = next;
            dq[k] = dp[k];
            dp[k] = slope;
            if (i % TRI_CALM == 0) {
                v8d scale = normaliser(p[k], q[k]);
                p[k] *= scale;
                q[k] *= scale;
                dp[k] *= scale;
                dq[k] *= scale;
            }
        }
    for (int k = 0; k < parts; k++) {
        count[k] = (v8i)changes[k];
        step[k] = p[k] / dp[k];
    }
}

/* ---- cells: eigenvalues first .. first + many - 1 lie in [lo, hi] -------------------------------------- */

typedef struct cell_list {
    double lo[TRI_MOST], hi[TRI_MOST];
    int32_t first[TRI_MOST], many[TRI_MOST];
    int32_t n;
} cell_list;
typedef struct cuts {
    double at[16] __attribute__((aligned(64)));
    int64_t below[16] __attribute__((aligned(64)));
    int32_t cell[16];
    int32_t n;
} cuts;

/* up to 16 points inside the cells that need cutting; a single one gets them all */
RT_INLINE void cuts_choose(cuts *c, const cell_list *cells, double tolerance)
{
    int32_t crowded = 0, heads = 0;
    for (int32_t k = 0; k < cells->n; k++)
        if (cells->many[k] > 1 && cells->hi[k] - cells->lo[k] > tolerance) {
            crowded++;
            heads += cells->many[k];
        }
    c->n = 0;
    for (int32_t k = 0; crowded && k < cells->n; k++) {
        if (cells->many[k] < 2 || !(cells->hi[k] - cells->lo[k] > tolerance)) continue;
        int32_t points = crowded == 1 ? 16 : heads >= 16 ? cells->many[k] : cells->many[k] * 16 / heads;
        points = points > 16 - c->n ? 16 - c->n : points;
        double step = (cells->hi[k] - cells->lo[k]) / (points + 1);
        for (int32_t i = 1; i <= points; i++) {
            c->cell[c->n] = k;
            c->at[c->n++] = cells->lo[k] + step * i;
        }
    }
    for (int32_t k = c->n; k < 16; k++) c->at[k] = 0.0;
}

/* the cells between the cuts that hold anything */
RT_INLINE void cells_cut(cell_list *to, const cell_list *from, const cuts *c)
{
    int32_t at = 0;
    to->n = 0;
    for (int32_t k = 0; k < from->n; k++) {
        double lo = from->lo[k];
        int32_t first = from->first[k], end = first + from->many[k];
        for (; at <= c->n; at++) {
            bool last = at == c->n || c->cell[at] != k;
            int32_t below = last ? end : (int32_t)c->below[at];
            below = below < first ? first : below > end ? end : below;
            double hi = last ? from->hi[k] : c->at[at];
            if (below > first) {
                to->lo[to->n] = lo;
                to->hi[to->n] = hi;
                to->first[to->n] = first;
                to->many[to->n++] = below - first;
            }
            first = below;
            lo = hi;
            if (last) break;
        }
    }
}

/* all eigenvalues in [lo, hi], each in a cell of its own unless rounding joins them */
RT_INLINE const cell_list *cells_separate(cell_list pair[2], const double *d, const double *e2, int64_t n,
                                          double lo, double hi, double tolerance)
{
    cuts c;
    int now = 0;
    pair[0].n = 1;
    pair[0].lo[0] = lo;
    pair[0].hi[0] = hi;
    pair[0].first[0] = 0;
    pair[0].many[0] = (int32_t)n;
    for (int pass = 0; pass < TRI_PASSES; pass++) {
        cuts_choose(&c, &pair[now], tolerance);
        if (!c.n) break;
        minors(d, e2, n, 2, (const v8d *)c.at, (v8i *)c.below);
        cells_cut(&pair[1 - now], &pair[now], &c);
        now = 1 - now;
    }
    return &pair[now];
}

RT_INLINE bool any(const v8i *mask, const int parts)
{
    v8i all = mask[0];
    if (parts == 2) all |= mask[1];
    const int64_t *x = (const int64_t *)&all;
    return ((x[0] | x[1]) | (x[2] | x[3]) | ((x[4] | x[5]) | (x[6] | x[7]))) != 0;
}

/* ---- Newton's steps in cells of one eigenvalue --------------------------------------------------------- */

typedef struct brackets {
    v8d lo[2], hi[2], x[2], gap[2], before[2];
    v8i number[2], done[2];
} brackets;

/* Where Newton's step leads, and a little beyond, so that the next count closes the bracket from the other
 * side: by what the step leaves out (its square over the distance of other eigenvalues) and by the tolerance.
 */
RT_INLINE v8d beyond(v8d x, v8d step, v8d gap, double tolerance)
{
    v8d size = magnitude(step), rest = 8.0 * size * size / gap, half = 0.5 * size;
    v8d more = pick(rest < half, rest, half) + 2.0 * tolerance;
    return x - step - pick(step < 0.0, -more, more);
}

/* One pass: counts at x narrow the brackets, and x moves on: by Newton's step while it stays in the bracket.
 * Only counts end the search. `check`: brackets that have not become a quarter since the last check are
 * halved, whatever Newton says. */
RT_INLINE void brackets_pass(brackets *b, const double *d, const double *e2, int64_t n, const int parts,
                             double tolerance, bool check)
{
    v8i count[2];
    v8d step[2];
    minors_step(d, e2, n, parts, b->x, count, step);
    for (int k = 0; k < parts; k++) {
        v8i above = count[k] > b->number[k];
        b->hi[k] = pick(above, b->x[k], b->hi[k]);
        b->lo[k] = pick(above, b->lo[k], b->x[k]);
        v8d width = b->hi[k] - b->lo[k], moved = beyond(b->x[k], step[k], b->gap[k], tolerance);
        v8d eighth = 0.125 * width; /* Newton points out of an end: it is near there */
        v8d next =
            pick(moved > b->lo[k], pick(moved < b->hi[k], moved, b->hi[k] - eighth), b->lo[k] + eighth);
        if (check) {
            next = pick(width < 0.25 * b->before[k], next, b->lo[k] + 0.5 * width);
            b->before[k] = width;
        }
        b->x[k] = pick(b->done[k], b->x[k], next);
        b->done[k] |= width <= 8.0 * tolerance;
    }
}

/* up to 16 brackets that start at `first` of the arrays; their middles at the end to w */
RT_INLINE void values_some(const double *d, const double *e2, int64_t n, const int parts, const double *lo,
                           const double *hi, const double *number, double tolerance, double *w)
{
    brackets b;
    v8i open[2];
    for (int k = 0; k < parts; k++) {
        v8d at = *(const v8d *)(number + 8 * k);
        b.lo[k] = *(const v8d *)(lo + 8 * k);
        b.hi[k] = *(const v8d *)(hi + 8 * k);
        b.number[k] = __builtin_convertvector(at, v8i);
        b.gap[k] = b.before[k] = b.hi[k] - b.lo[k];
        b.x[k] = b.lo[k] + 0.5 * b.gap[k];
        b.done[k] = b.gap[k] <= 8.0 * tolerance;
        b.gap[k] = pick(b.done[k], (v8d){0} + 1.0, b.gap[k]);
        open[k] = ~b.done[k];
    }
    for (int pass = 0; pass < TRI_PASSES && any(open, parts); pass++) {
        brackets_pass(&b, d, e2, n, parts, tolerance, pass % 12 == 11);
        for (int k = 0; k < parts; k++) open[k] = ~b.done[k];
    }
    for (int k = 0; k < parts; k++) *(v8d *)(w + 8 * k) = b.x[k];
}

/* e2[0 .. n-2] may be raised to TRI_FAINT; w has room for n + 7 */
RT_INLINE void tridiagonal_values_small(const double *d, double *e2, int64_t n, double *w)
{
    cell_list pair[2];
    double lo[TRI_MOST + 16], hi[TRI_MOST + 16], number[TRI_MOST + 16];
    double least = d[0], most = d[0], coupling = 0.0;
    for (int64_t i = 0; i < n; i++) {
        least = d[i] < least ? d[i] : least;
        most = d[i] > most ? d[i] : most;
    }
    for (int64_t i = 0; i + 1 < n; i++) {
        e2[i] = e2[i] > TRI_FAINT ? e2[i] : TRI_FAINT;
        coupling = e2[i] > coupling ? e2[i] : coupling;
    }
    least -= 2.0 * sqrt(coupling) + 1e-15; /* Gershgorin */
    most += 2.0 * sqrt(coupling) + 1e-15;
    double tolerance = DBL_EPSILON * fmax(fabs(least), fabs(most));
    const cell_list *cells = cells_separate(pair, d, e2, n, least, most, 8.0 * tolerance);
    int64_t at = 0;
    for (int32_t k = 0; k < cells->n; k++)
        for (int32_t i = 0; i < cells->many[k]; i++) {
            lo[at] = cells->lo[k];
            hi[at] = cells->hi[k];
            number[at++] = cells->first[k] + i;
        }
    for (int64_t k = at; k < n + 15; k++) /* lanes without work */
        lo[k] = hi[k] = number[k] = 0.0;
    for (int64_t first = 0; first < n; first += 16) {
        if (n - first <= 8)
            values_some(d, e2, n, 1, lo + first, hi + first, number + first, tolerance, w + first);
        else
            values_some(d, e2, n, 2, lo + first, hi + first, number + first, tolerance, w + first);
    }
}

#endif
