/* SPDX-License-Identifier: Apache-2.0
 *
 * series.c: arithmetic of truncated Laurent series. In: series. Out: series that hold as many terms as are
 * certain. Functions follow from their differential equations (f(u)' = g(u) u'), each O(n^2). Symbolic
 * coefficients are not done.
 */
#include "series.h"

#include <math.h>
#include <string.h>

#define SERIES_ZERO 1e-12        /* relative: constants of a spec are taken as exact to this                */

static int int_min(int a, int b)
{
    return a < b ? a : b;
}

/* Strip leading zeros, so that c[0] is nonzero or nothing is left. */
static series series_normal(series a)
{
    int skip = 0;
    for (int k = 0; k < a.n; k++)
        if (fabs(a.c[k]) <= SERIES_ZERO * a.size[k])
            a.c[k] = 0;
    while (skip < a.n && a.c[skip] == 0)
        skip++;
    if (skip) {
        memmove(a.c, a.c + skip, (size_t)(a.n - skip) * sizeof *a.c);
        memmove(a.size, a.size + skip, (size_t)(a.n - skip) * sizeof *a.size);
        a.off += skip;
        a.n -= skip;
    }
    return a;
}

series series_constant(double value, double size)
{
    series s = {.off = 0, .n = SERIES_TERMS};
    s.c[0] = value;
    s.size[0] = fmax(size, fabs(value));
    return s;
}

series series_linear(double at_zero, double slope)
{
    series s = {.off = 0, .n = SERIES_TERMS};
    s.c[0] = at_zero;
    s.size[0] = fabs(at_zero);
    s.c[1] = slope;
    s.size[1] = fabs(slope);
    return series_normal(s);
}

/* coefficient and size of t^k; zero outside what is stored */
static double series_at(const series *a, int k, double *size)
{
    int i = k - a->off;
    bool inside = i >= 0 && i < a->n;
    *size = inside ? a->size[i] : 0;
    return inside ? a->c[i] : 0;
}

series series_add(series a, series b)
{
    int off = int_min(a.off, b.off);
    int certain = int_min(a.off + a.n, b.off + b.n);             /* first power that is not known           */
    series s = {.off = off, .n = int_min(certain - off, SERIES_TERMS)};
    if (s.n <= 0) {                                              /* one ends before the other begins        */
        s.n = 0;
        s.off = certain;
        return s;
    }
    for (int k = 0; k < s.n; k++) {
        double sa, sb;
        s.c[k] = series_at(&a, off + k, &sa) + series_at(&b, off + k, &sb);
        s.size[k] = sa + sb;
    }
    return series_normal(s);
}

series series_scale(series a, double factor)
{
    for (int k = 0; k < a.n; k++) {
        a.c[k] *= factor;
        a.size[k] *= fabs(factor);
    }
    return a;
}

series series_multiply(series a, series b)
{
    series s = {.off = a.off + b.off, .n = int_min(a.n, b.n)};
    for (int k = 0; k < s.n; k++)
        for (int j = 0; j <= k; j++) {
            s.c[k] += a.c[j] * b.c[k - j];
            s.size[k] += a.size[j] * b.size[k - j];
        }
    return series_normal(s);
}

bool series_power(series a, double p, series *out)
{
    double off = a.off * p;
    bool whole = p == floor(p);
    if (off != floor(off) || fabs(off) > 1000 || (a.n == 0 && p <= 0) || (a.n > 0 && a.c[0] < 0 && !whole))
        return false;
    series s = {.off = (int)off, .n = a.n};
    if (a.n > 0) {
        s.c[0] = pow(a.c[0], p);
        s.size[0] = fabs(s.c[0]) * fmax(1, fabs(p) * a.size[0] / fabs(a.c[0]));
    }
    for (int k = 1; k < s.n; k++) {                              /* y = x^p:  x y' = p x' y                 */
        for (int j = 1; j <= k; j++) {
            double f = (p * j - (k - j)) / (k * a.c[0]);
            s.c[k] += f * a.c[j] * s.c[k - j];
            s.size[k] += fabs(f) * a.size[j] * s.size[k - j];
        }
    }
    *out = series_normal(s);
    return true;
}

/* ---- functions of an ordinary power series: dense coefficients u[0..n-1] of t^0, t^1, ... */

typedef struct dense { int n; double c[SERIES_TERMS], size[SERIES_TERMS]; } dense;

static bool dense_from(const series *a, dense *d)
{
    if (a->off < 0)
        return false;
    *d = (dense){.n = int_min(a->off + a->n, SERIES_TERMS)};
    for (int k = 0; k < d->n; k++)
        d->c[k] = series_at(a, k, &d->size[k]);
    return d->n > 0;
}

static series dense_series(const dense *d)
{
    series s = {.off = 0, .n = d->n};
    memcpy(s.c, d->c, sizeof s.c);
    memcpy(s.size, d->size, sizeof s.size);
    return series_normal(s);
}

/* f with f' = g u', f(0) = value; an uncertainty of u moves f by g */
static void dense_integrate(dense *f, double value, const dense *g, const dense *u)
{
    f->n = int_min(u->n, g->n + 1);
    f->c[0] = value;
    f->size[0] = fabs(value) + fabs(g->c[0]) * u->size[0];
    for (int k = 1; k < f->n; k++) {
        f->c[k] = f->size[k] = 0;
        for (int j = 1; j <= k; j++) {
            f->c[k] += j * u->c[j] * g->c[k - j] / k;
            f->size[k] += j * u->size[j] * g->size[k - j] / k;
        }
    }
}

static dense dense_exp(const dense *u)
{
    dense f = {.n = u->n};
    f.c[0] = exp(u->c[0]);
    f.size[0] = f.c[0] * (1 + u->size[0]);
    for (int k = 1; k < f.n; k++)
        for (int j = 1; j <= k; j++) {
            f.c[k] += j * u->c[j] * f.c[k - j] / k;
            f.size[k] += j * u->size[j] * f.size[k - j] / k;
        }
    return f;
}

/* sine and cosine together (sign = -1), hyperbolic for sign = 1 */
static void dense_sincos(const dense *u, int sign, dense *s, dense *c)
{
    double x = u->c[0];
    *s = (dense){.n = u->n};
    *c = (dense){.n = u->n};
    s->c[0] = sign < 0 ? sin(x) : sinh(x);
    c->c[0] = sign < 0 ? cos(x) : cosh(x);
    s->size[0] = fabs(s->c[0]) + u->size[0] * fabs(c->c[0]);
    c->size[0] = fabs(c->c[0]) + u->size[0] * fabs(s->c[0]);
    for (int k = 1; k < u->n; k++)
        for (int j = 1; j <= k; j++) {
            s->c[k] += j * u->c[j] * c->c[k - j] / k;
            c->c[k] += sign * j * u->c[j] * s->c[k - j] / k;
            s->size[k] += j * u->size[j] * c->size[k - j] / k;
            c->size[k] += j * u->size[j] * s->size[k - j] / k;
        }
}

/* factor * (1 + sign u^2)^p as a dense series; false when the base is not positive */
static bool dense_quadratic_power(const series *u, double sign, double p, double factor, dense *out)
{
    series base = series_add(series_constant(1, 1), series_scale(series_multiply(*u, *u), sign)), power;
    if (base.off != 0 || base.n == 0 || base.c[0] <= 0 || !series_power(base, p, &power))
        return false;
    power = series_scale(power, factor);
    return dense_from(&power, out);
}

static bool series_apply_inverse(series_function f, const series *a, const dense *u, dense *out)
{
    dense g;
    bool arc = f == SERIES_ASIN || f == SERIES_ACOS;
    if (!dense_quadratic_power(a, arc ? -1 : 1, arc ? -0.5 : -1, f == SERIES_ACOS ? -1 : 1, &g))
        return false;
    double x = u->c[0];
    dense_integrate(out, f == SERIES_ASIN ? asin(x) : f == SERIES_ACOS ? acos(x) : atan(x), &g, u);
    return true;
}

static void series_apply_erf(const series *a, const dense *u, bool complement, dense *out)
{
    series square = series_scale(series_multiply(*a, *a), -1);
    dense minus, g;
    if (!dense_from(&square, &minus))
        minus = (dense){.n = u->n};
    g = dense_exp(&minus);
    double factor = (complement ? -2 : 2) / sqrt(acos(-1.0));
    for (int k = 0; k < g.n; k++) {
        g.c[k] *= factor;
        g.size[k] *= fabs(factor);
    }
    dense_integrate(out, complement ? erfc(u->c[0]) : erf(u->c[0]), &g, u);
}

bool series_apply(series_function f, series a, series *out)
{
    dense u, s, c, r;
    if (!dense_from(&a, &u))
        return false;
    switch (f) {
    case SERIES_EXP:
        r = dense_exp(&u);
        break;
    case SERIES_LOG: {
        series inverse;
        if (a.off != 0 || a.c[0] <= 0 || !series_power(a, -1, &inverse) || !dense_from(&inverse, &s))
            return false;
        dense_integrate(&r, log(u.c[0]), &s, &u);
        break;
    }
    case SERIES_SIN: case SERIES_COS:
        dense_sincos(&u, -1, &s, &c);
        r = f == SERIES_SIN ? s : c;
        break;
    case SERIES_SINH: case SERIES_COSH:
        dense_sincos(&u, 1, &s, &c);
        r = f == SERIES_SINH ? s : c;
        break;
    case SERIES_TAN: case SERIES_TANH: {
        series inverse;
        dense_sincos(&u, f == SERIES_TAN ? -1 : 1, &s, &c);
        if (!series_power(dense_series(&c), -1, &inverse))
            return false;
        *out = series_multiply(dense_series(&s), inverse);
        return true;
    }
    case SERIES_ASIN: case SERIES_ACOS: case SERIES_ATAN:
        if (!series_apply_inverse(f, &a, &u, &r))
            return false;
        break;
    case SERIES_ERF: case SERIES_ERFC:
        series_apply_erf(&a, &u, f == SERIES_ERFC, &r);
        break;
    }
    *out = dense_series(&r);
    return true;
}

double series_limit(series a)
{
    if (a.off > 0)
        return 0;
    if (a.n == 0)
        return NAN;
    return a.off == 0 ? a.c[0] : copysign(INFINITY, a.c[0]);
}

int series_sign(series a)
{
    return a.n == 0 ? 0 : a.c[0] > 0 ? 1 : -1;
}

int series_agree(series a, series b)
{
    if (a.off < 0 || b.off < 0)
        return -1;
    int certain = int_min(a.off + a.n, b.off + b.n);
    for (int k = 0; k < certain; k++) {
        double sa, sb;
        double x = series_at(&a, k, &sa), y = series_at(&b, k, &sb) * (k % 2 ? -1 : 1);
        if (fabs(x - y) > SERIES_ZERO * (sa + sb))
            return k;
    }
    return certain;
}

bool series_differ(series a, series b)
{
    int k = series_agree(a, b);
    return k >= 0 && k < int_min(a.off + a.n, b.off + b.n);
}
