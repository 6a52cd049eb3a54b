/* SPDX-License-Identifier: Apache-2.0
 *
 * curve_sample.h: curves for random programs. In: numbers from 0 to 1 by a callback. Out: for each place a cubic of
 * [-2, 2] cut into pieces, or one number.
 */
#ifndef MTX_TESTS_CURVE_SAMPLE_H
#define MTX_TESTS_CURVE_SAMPLE_H

#include "curve.h"

typedef double (*curve_random)(void *user);

static uint32_t curve_sample(program *p, const set_id *domain, uint32_t n, bool pieces, curve_random next, void *user)
{
    enum { PIECES = 5, TERMS = 4 };
    curve c = {.domain = (set_id *)domain, .n_domain = n, .places = 1, .unit = unit_none(), .unit_x = unit_none()};
    for (uint32_t k = 0; k < n; k++) c.places *= (uint32_t)curve_set_size(p, domain[k]);
    if (pieces) c.pieces = PIECES, c.terms = TERMS, c.lo = -2, c.rate = PIECES / 4.0, c.order = 2;
    c.data = arena_array(p->memory, double, curve_numbers(&c));
    for (uint32_t at = 0; at < c.places; at++) {
        double a[TERMS], h = 1 / (pieces ? c.rate : 1);
        for (uint32_t j = 0; j < TERMS; j++) a[j] = 2 * next(user) - 1;
        if (!pieces) c.data[at] = a[0];
        for (uint32_t k = 0; k < c.pieces; k++) {
            double x = c.lo + k * h, *to = c.data + (size_t)k * TERMS * c.places + at;
            to[0] = a[0] + x * (a[1] + x * (a[2] + x * a[3]));
            to[c.places] = h * (a[1] + x * (2 * a[2] + x * 3 * a[3]));
            to[2 * c.places] = h * h * (a[2] + x * 3 * a[3]);
            to[3 * c.places] = h * h * h * a[3];
        }
    }
    return program_curve(p, c);
}

#endif
