/* SPDX-License-Identifier: Apache-2.0
 *
 * scan.h: how smooth is a function of one variable, seen from its values? Fourth differences of a smooth function fall
 * with the fourth power of the step; at a jump they stay, at a kink they fall as the step, where the second derivative
 * jumps as its square. An interval is covered with windows, each of which is narrowed to where its differences are
 * largest, until they drown in rounding (smooth, as far as can be seen) or have kept falling too slowly.
 * Not done here: why (smooth.h), a proof of anything.
 */
#ifndef MTX_SCAN_H
#define MTX_SCAN_H

#include <stdbool.h>
#include <stdint.h>

enum { SCAN_POINTS = 17, SCAN_WINDOWS = 48 };
#define SCAN_LITTLE 1e-6 /* of the largest value: what is smaller beside it does not count */

/* value[k * width + c]: component c at t[k]; false: it cannot be evaluated */
typedef bool (*scan_function)(void *user, const double *t, int64_t n, double *value);

typedef struct scan_place {
    double t;     /* where the function is roughest */
    double power; /* of the step with which differences fall there: 0 jump, 1 kink, 2 only C1, 3 only C2 */
} scan_place;

typedef enum scan_verdict { SCAN_SMOOTH, SCAN_ROUGH, SCAN_FAILED } scan_verdict;

/* Is the function C^order (0 to 2) on [a, b]? SCAN_ROUGH with the place that is worst. Values that are not finite end
 * the search in their window. */
scan_verdict scan_line(scan_function f, void *user, int64_t width, double a, double b, int order,
                       scan_place *out);

#endif
