/* SPDX-License-Identifier: Apache-2.0
 *
 * scan.c: the search of scan.h. In: a function of one variable. Out: where it is least smooth. All windows are evaluated
 * together, level by level, since the function may be costly to call and cheap for many places.
 */
#include "scan.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    LEVELS = 22,
    CURVED = 5,
    FITTED = 3,
    STRIDE = 2,
    STENCILS = SCAN_POINTS - 4 * STRIDE,
    SLOPES = SCAN_POINTS - 1,
    JUMPING = 3,
    NOISY = 5,
    MEASURE_STEP = 8, /* places in a step of a measured power */
    MEASURED = 12 * MEASURE_STEP + 1
};
#define ROUNDING 32.0 /* ulps in a fourth difference */
#define VISIBLE  1e3 /* times the rounding: differences below are not looked at */
#define NOISE    1e8 /* times the rounding: larger differences are none */
#define STANDS_OUT 4.0
#define NEARLY   0.75 /* powers seen while narrowing are as coarse as this */
#define BETWEEN  0.08 /* a measured power below order + this is not C^order; t^1.25 is C1 */

typedef struct window {
    double lo, h;        /* SCAN_POINTS points lo, lo + h, ...; differences are over STRIDE of them */
    double seen[LEVELS]; /* largest fourth difference in usual sizes, by level */
    int levels;
    double *curvature; /* [width] largest on level CURVED; 0 before */
    int64_t component; /* which is roughest, on the last level with one */
} window;

typedef struct search {
    scan_function f;
    void *user;
    int64_t width;
    double *t, *value; /* of all windows */
    double *usual;     /* [width] size of each component in the middle of its values */
    double *curvature; /* [SCAN_WINDOWS * width] of the windows */
    double reach;      /* largest |t| */
    int order;
    window *open; /* [n] those still narrowed */
    window *rough; /* [n_rough] those narrowed to what may be no smoother */
    int64_t n, n_rough;
    scan_place worst;
} search;

static bool evaluate(search *s)
{
    for (int64_t w = 0; w < s->n; w++)
        for (int k = 0; k < SCAN_POINTS; k++) s->t[w * SCAN_POINTS + k] = s->open[w].lo + k * s->open[w].h;
    return s->f(s->user, s->t, s->n * SCAN_POINTS, s->value);
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* medians of the components' sizes, or a little of the largest where most is nothing: near a cutoff values get small,
 * and what is small beside them does not count */
static bool usual_sizes(search *s)
{
    int64_t n = s->n * SCAN_POINTS;
    double *list = malloc(sizeof *list * (size_t)n);
    for (int64_t c = 0; c < s->width && list; c++) {
        int64_t m = 0;
        for (int64_t k = 0; k < n; k++)
            if (isfinite(s->value[k * s->width + c])) list[m++] = fabs(s->value[k * s->width + c]);
        qsort(list, (size_t)m, sizeof *list, by_size);
        s->usual[c] = m ? fmax(list[m / 2], SCAN_LITTLE * list[m - 1]) + DBL_MIN : DBL_MIN;
    }
    free(list);
    return list != NULL;
}

/* Rounding of a fourth difference: of the values; of the places where they were taken, with a slope that is not that of a
 * jump; of numbers that cancel where the function is flat, as in 1 + cos x near pi. */
static double rounding_of(const search *s, const double *y, int64_t c, const window *w)
{
    double most = 0, slope[SLOPES];
    for (int k = 0; k < SCAN_POINTS; k++) {
        double v = y[k * s->width + c];
        if (!isfinite(v)) return INFINITY;
        most = fmax(most, fabs(v));
        if (k) slope[k - 1] = fabs(v - y[(k - 1) * s->width + c]) / w->h;
    }
    qsort(slope, SLOPES, sizeof *slope, by_size);
    double places = s->reach * slope[3 * SLOPES / 4], flat = s->reach * s->reach * w->curvature[c];
    return ROUNDING * DBL_EPSILON * (most + s->usual[c] + places + flat) + DBL_MIN;
}

/* of a coarse level: near a jump or a kink that of fine ones is without bound */
static void note_curvature(const search *s, const double *y, window *w)
{
    for (int64_t c = 0; c < s->width; c++)
        for (int k = 1; k + 1 < SCAN_POINTS; k++) {
            const double *v = y + k * s->width + c;
            double d = fabs(v[-s->width] - 2 * v[0] + v[s->width]) / (w->h * w->h);
            if (d > w->curvature[c]) w->curvature[c] = d;
        }
}

static double squares(const double *d, int n)
{
    double sum = 0;
    for (int k = 0; k < n; k++) sum += d[k] * d[k];
    return sum / n;
}

/* Do a few neighbouring ones stand out of differences of that order? So it is where a derivative jumps. */
static bool stands_out(const double *d, int n, int order)
{
    double size[SCAN_POINTS], middle;
    memcpy(size, d, sizeof *d * (size_t)n);
    qsort(size, (size_t)n, sizeof *size, by_size);
    middle = size[n / 2];
    for (int k = 0; k < n; k++) size[k] = fabs(d[k] - middle);
    qsort(size, (size_t)n, sizeof *size, by_size);
    return size[n - 1] > STANDS_OUT * size[n - 1 - order];
}

/* Values that rounding moves by more than it should, as after large terms that cancel: higher differences are larger, and
 * none stands out. */
static bool is_noise(const search *s, const double *y, int64_t c)
{
    double d[SCAN_POINTS], fourth = 0;
    for (int k = 0; k < SCAN_POINTS; k++) d[k] = y[k * s->width + c];
    for (int order = 1; order <= NOISY; order++) {
        int n = SCAN_POINTS - order;
        for (int k = 0; k < n; k++) d[k] = d[k + 1] - d[k];
        if (order <= JUMPING && stands_out(d, n, order)) return false;
        if (order == NOISY - 1) fourth = squares(d, n);
        if (order == NOISY) return squares(d, n) > fourth;
    }
    return false;
}

/* the largest fourth difference of a window that is more than rounding, in units of the component's usual size, and
 * which of its stencils has it; 0: none */
static double roughest(const search *s, const double *y, window *w, int *stencil)
{
    double most = 0;
    bool noise = false;
    for (int64_t c = 0; c < s->width; c++) {
        double rounding = rounding_of(s, y, c, w);
        for (int k = 0; k < STENCILS; k++) {
            const double *v = y + k * s->width + c;
            const int64_t n = STRIDE * s->width;
            double d = fabs(v[0] - 4 * v[n] + 6 * v[2 * n] - 4 * v[3 * n] + v[4 * n]);
            if (d > VISIBLE * rounding && d / s->usual[c] > most) {
                most = d / s->usual[c];
                *stencil = k;
                w->component = c;
                noise = d < NOISE * rounding && is_noise(s, y, c);
            }
        }
    }
    return noise ? 0 : most;
}

/* Mean fourth difference around a place, of one component, over steps of MEASURE_STEP h. The places where they are taken
 * lie closer than a step, so that it matters little where between them something is rough. */
static double mean_difference(search *s, double middle, double h, int64_t component)
{
    const double *v = s->value + component;
    double sum = 0;
    for (int k = 0; k < MEASURED; k++) s->t[k] = middle + (k - MEASURED / 2) * h;
    if (!s->f(s->user, s->t, MEASURED, s->value)) return NAN;
    for (int k = 0; k + 4 * MEASURE_STEP < MEASURED; k++, v += s->width) {
        const int64_t n = MEASURE_STEP * s->width;
        sum += fabs(v[0] - 4 * v[n] + 6 * v[2 * n] - 4 * v[3 * n] + v[4 * n]);
    }
    return sum;
}

/* the power that two steps tell, far enough apart and both above rounding */
static void measure(search *s, const window *w)
{
    const double middle = w->lo + w->h * (SCAN_POINTS - 1) / 2, h = w->h * STRIDE / MEASURE_STEP;
    const double fine = mean_difference(s, middle, 2 * h, w->component),
                 coarse = mean_difference(s, middle, 8 * h, w->component), power = log2(coarse / fine) / 2;
    if (power < s->order + BETWEEN && (isnan(s->worst.power) || power < s->worst.power))
        s->worst = (scan_place){middle, power};
}

/* a window whose differences have kept falling too slowly; `seen`: on this level, too */
static void judge(search *s, window w, bool seen)
{
    const double *last = w.seen + w.levels - 1;
    if (w.levels <= 2 * FITTED) return;
    double power = fmax(log2(last[-FITTED] / last[0]), log2(last[-2 * FITTED] / last[-FITTED])) / FITTED;
    if (!seen) {
        w.lo -= w.h * (SCAN_POINTS - 1) / 2;
        w.h *= 2;
    }
    if (power < s->order + NEARLY) s->rough[s->n_rough++] = w;
}

/* what is roughest at an end of a window may have only its edge there, whose differences would stay for a while */
static int beyond(int stencil)
{
    return stencil == 0 ? -STRIDE : stencil == STENCILS - 1 ? STRIDE : 0;
}

/* every window to the half of it where it is roughest; those that are done go */
static void narrow(search *s, int level)
{
    int64_t kept = 0;
    for (int64_t k = 0; k < s->n; k++) {
        window w = s->open[k];
        int stencil = 0;
        const double *y = s->value + k * SCAN_POINTS * s->width;
        if (level == CURVED) note_curvature(s, y, &w);
        double seen = roughest(s, y, &w, &stencil);
        if (seen > 0) w.seen[w.levels++] = seen;
        if (!(seen > 0) || level + 1 == LEVELS) {
            judge(s, w, seen > 0);
            continue;
        }
        w.lo += (stencil + beyond(stencil)) * w.h;
        w.h /= 2;
        s->open[kept++] = w;
    }
    s->n = kept;
}

scan_verdict scan_line(scan_function f, void *user, int64_t width, double a, double b, int order,
                       scan_place *out)
{
    const size_t points = SCAN_WINDOWS * SCAN_POINTS;
    search s = {.f = f, .user = user, .width = width, .order = order, .n = SCAN_WINDOWS};
    s.reach = fmax(fabs(a), fabs(b));
    s.worst.power = NAN;
    s.t = malloc(sizeof *s.t * points);
    s.value = malloc(sizeof *s.value * points * (size_t)(width > 0 ? width : 1));
    s.usual = calloc((size_t)width + 1, sizeof *s.usual);
    s.curvature = calloc(SCAN_WINDOWS * ((size_t)width + 1), sizeof *s.curvature);
    s.open = calloc(SCAN_WINDOWS, sizeof *s.open);
    s.rough = calloc(SCAN_WINDOWS, sizeof *s.rough);
    bool good = width > 0 && b > a && s.t && s.value && s.usual && s.curvature && s.open && s.rough;
    double h = 2 * (b - a) / (SCAN_WINDOWS + 1) /
               (SCAN_POINTS - 1); /* windows overlap by half, so that no place lies at an end only */
    for (int64_t k = 0; k < SCAN_WINDOWS && good; k++)
        s.open[k] = (window){
            .lo = a + (SCAN_POINTS - 1) / 2 * h * (double)k, .h = h, .curvature = s.curvature + k * width};
    for (int level = 0; level < LEVELS && good && s.n; level++) {
        good = evaluate(&s) && (level || usual_sizes(&s));
        if (good) narrow(&s, level);
    }
    for (int64_t k = 0; k < s.n_rough && good; k++) measure(&s, &s.rough[k]);
    free(s.t);
    free(s.value);
    free(s.usual);
    free(s.curvature);
    free(s.open);
    free(s.rough);
    *out = s.worst;
    return !good ? SCAN_FAILED : isnan(s.worst.power) ? SCAN_SMOOTH : SCAN_ROUGH;
}
