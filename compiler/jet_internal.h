/* SPDX-License-Identifier: Apache-2.0
 *
 * jet_internal.h: arithmetic of Taylor coefficients at many points (jet_math.c), for jet.c. All arrays are
 * [terms][JET_POINTS]; results may not overlap arguments.
 */
#ifndef MTX_JET_INTERNAL_H
#define MTX_JET_INTERNAL_H

#include "jet.h"

typedef double jet_row[JET_POINTS];

void jet_multiply(const jet_row *a, const jet_row *b, jet_row *to, uint32_t terms);
void jet_scale(const jet_row *a, double by, jet_row *to, uint32_t terms);
void jet_divide(const jet_row *a, const jet_row *b, jet_row *to, uint32_t terms);
void jet_power(const jet_row *a, double p, jet_row *to, uint32_t terms);
void jet_function_of(node_op op, const jet_row *a, jet_row *to, uint32_t terms);   /* EXP ... FLOOR           */
void jet_atan2(const jet_row *y, const jet_row *x, jet_row *to, uint32_t terms);
void jet_cutoff(const jet_row *a, int32_t order, int side, jet_row *to, uint32_t terms);
void jet_curve(const curve *c, uint32_t cell, int32_t k, const jet_row *a, int side, jet_row *to, uint32_t terms);
/* sign of b - a just beside a point: 1, -1, 0 the same */
int jet_compare(const jet_row *a, const jet_row *b, uint32_t point, int side, uint32_t terms);

#endif
