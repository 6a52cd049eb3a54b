/* SPDX-License-Identifier: Apache-2.0
 *
 * coupling.h: products of irreps. In: types of channel values. Out: tables for BILINEAR: Clebsch-Gordan products,
 * scalar products part by part, invariants of three parts.
 */
#ifndef MTX_COUPLING_H
#define MTX_COUPLING_H

#include "irreps.h"

/* The coefficient of the product of components m1 of degree l1 and m2 of degree l2 in component m of degree l, in
 * the real basis of harmonics.h: orthonormal (over m1, m2) like Clebsch-Gordan coefficients. */
double coupling_real(int l1, int m1, int l2, int m2, int l, int m);

/* Every part of a with every part of b to every degree that the triangle allows, up to lmax: parts of the result by
 * degree, the even ones first, its copies in the order of (part of a, part of b, copy of a, copy of b).
 * SETIR_NONE: too many channels, or degrees beyond IRREPS_L_MOST with lmax. */
uint32_t coupling_product(program *p, elem a, elem b, int lmax);

/* Scalar products of parts first..first + n - 1 with those of b: n plain channels. */
uint32_t coupling_dots(program *p, elem a, elem b, uint32_t first, uint32_t n);

/* Invariants of three parts (alike: the three of one number only) as two tables: BILINEAR(a, b) by *pairs, then BILINEAR(that, c) by *triples, gives plain
 * channels, one for each part of a in range ra, of b in rb, of c in rc (row-major): the sum over m1, m2, m3 of
 * w a b c with w the invariant tensor of the three degrees, its sum of squares 1; 0 where degrees do not fit together
 * or the product would change sign in an inversion. Parts must be of one copy. */
typedef struct part_range { uint32_t first, n; } part_range;
bool coupling_triples(program *p, const elem of[3], const part_range range[3], bool alike, uint32_t *pairs,
                      uint32_t *triples);

#endif
