/* SPDX-License-Identifier: Apache-2.0
 *
 * exact.h: sums of products as if in twice the precision, rounded once (Ogita, Rump and Oishi 2005,
 * "Accurate sum and dot product", algorithm Dot2). Lattice shifts of atoms far away and bases of very
 * skewed cells lose no digit.
 */
#ifndef MTX_RUNTIME_EXACT_H
#define MTX_RUNTIME_EXACT_H

#include <math.h>

typedef struct exact_sum {
    double high, low;
} exact_sum;

static inline exact_sum exact_add(exact_sum s, double x)
{
    const double sum = s.high + x;
    const double part = sum - s.high;
    const double error = (s.high - (sum - part)) + (x - part);
    return (exact_sum){sum, s.low + error};
}

static inline exact_sum exact_add_product(exact_sum s, double a, double b)
{
    const double product = a * b;
    const double error = fma(a, b, -product);
    s = exact_add(s, product);
    s.low += error;
    return s;
}

static inline double exact_round(exact_sum s)
{
    return s.high + s.low;
}

/** start + sum_k factor[k] * row[k][c] */
static inline double exact_combination(double start, const double factor[3], const double row[3][3], int c)
{
    exact_sum s = {start, 0.0};
    for (int k = 0; k < 3; k++) s = exact_add_product(s, factor[k], row[k][c]);
    return exact_round(s);
}

#endif
