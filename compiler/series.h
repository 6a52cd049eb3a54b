/* SPDX-License-Identifier: Apache-2.0
 *
 * series.h: truncated Laurent series in one small positive variable t, with real constant coefficients. They
 * decide how a function of one distance behaves at a cutoff: t^off * (c[0] + c[1] t + ... + c[n-1] t^(n-1) +
 * O(t^n)), c[0] nonzero. Every coefficient carries the magnitude of what was added up to make it, so that
 * cos(pi) + 1 is recognised as zero. Nothing is known here of programs.
 */
#ifndef MTX_SERIES_H
#define MTX_SERIES_H

#include <stdbool.h>

enum { SERIES_TERMS = 9 };

typedef struct series {
    int    off;                  /* n == 0: nothing is known but that it vanishes at least as fast as t^off */
    int    n;
    double c[SERIES_TERMS];
    double size[SERIES_TERMS];   /* sum of the magnitudes that went into c: below 1e-12 of it, c is zero */
} series;

typedef enum series_function {
    SERIES_EXP, SERIES_LOG, SERIES_SIN, SERIES_COS, SERIES_TAN, SERIES_ASIN, SERIES_ACOS, SERIES_ATAN,
    SERIES_SINH, SERIES_COSH, SERIES_TANH, SERIES_ERF, SERIES_ERFC
} series_function;

series series_constant(double value, double size);               /* value must not be 0 */
series series_linear(double at_zero, double slope);              /* at_zero + slope * t, slope nonzero */
series series_add(series a, series b);
series series_scale(series a, double factor);                    /* factor must not be 0 */
series series_multiply(series a, series b);
/* false: not a series of this kind (non-integer exponent, leading coefficient unknown or negative, outside
 * the domain) */
bool   series_power(series a, double p, series *out);
bool   series_apply(series_function f, series a, series *out);
/* limit for t -> 0+; infinite for a pole, 0 when it vanishes */
double series_limit(series a);
/* sign just beside the edge: -1, 1, or 0 when unknown */
int    series_sign(series a);
/* first k whose coefficients of t^k differ when b's variable runs the other way (t -> -t); the count of
 * compared ones when none does; negative when a pole stands in the way */
int    series_agree(series a, series b);
bool   series_differ(series a, series b); /* and a coefficient that differs was found */

#endif
