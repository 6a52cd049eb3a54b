/* SPDX-License-Identifier: Apache-2.0
 *
 * harmonics.h: real spherical harmonics. Convention: orthonormal on the sphere, real, no Condon-Shortley phase;
 * channel l^2 + l + m holds Y_lm, m = -l..l, with
 *   Y_l0 = N P_l(cos theta),  Y_lm = sqrt(2) N P_l^|m|(cos theta) * (cos(m phi) for m > 0, sin(|m| phi) for m < 0),
 *   N = sqrt((2l + 1)/(4 pi) (l - |m|)!/(l + |m|)!),  P_l^m >= 0 just above theta = 0,
 * so that Y_1 = sqrt(3/(4 pi)) (y, z, x)/r. Solid harmonics are r^l Y_lm: polynomials in x, y, z.
 */
#ifndef MTX_HARMONICS_H
#define MTX_HARMONICS_H

#include "irreps.h"

/* The recurrence in z and r^2:  Q(m, m) = start[m],  Q(l, m) = up[l][m] z Q(l-1, m) - down[l][m] r^2 Q(l-2, m); then
 * r^l Y_lm = Q(l, |m|) times the real or imaginary part of (x + iy)^|m|. Row l, column m <= l. */
typedef struct harmonics_recurrence {
    double start[IRREPS_L_MOST + 1];
    double up[IRREPS_L_MOST + 1][IRREPS_L_MOST + 1], down[IRREPS_L_MOST + 1][IRREPS_L_MOST + 1];
} harmonics_recurrence;
void harmonics_recurrence_fill(harmonics_recurrence *r);

void harmonics_solid(int lmax, const double v[3], double *out); /* (lmax + 1)^2 numbers */

/* BILINEAR(adjoint of SOLID(v; lmax), SOLID(v; lmax - 1)) to a vector: the gradient of adjoint . SOLID. lmax > 0.
 * table_exchange(TABLE_A) of it gives the derivative of SOLID along a vector. */
uint32_t harmonics_gradient(program *p, int lmax);

#endif
