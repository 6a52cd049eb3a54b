/* SPDX-License-Identifier: Apache-2.0
 *
 * sample.h: random structures that a program can take, small and in general position, the same for the same
 * seed. They feed the search for counterexamples and the generated tests. Not done here: group elements
 * (action.c).
 */
#ifndef MTX_SAMPLE_H
#define MTX_SAMPLE_H

#include "mtx/mtxrt.h"
#include "setir.h"

/* ---- random numbers: splitmix64, a state of one word */
double   sample_uniform(uint64_t *state, double lo, double hi);
int64_t  sample_below(uint64_t *state, int64_t n);                 /* 0 .. n-1                              */
double   sample_normal(uint64_t *state);
void     sample_rotation(uint64_t *state, double q[3][3]);         /* uniform over all rotations            */

/* Shapes of structures; samplers go round them. Programs without a lattice only vary in size. */
typedef enum sample_shape {
    SAMPLE_PLAIN,                /* a handful of atoms, triclinic */
    SAMPLE_TINY,                 /* one or two atoms: cell smaller than the cutoff */
    SAMPLE_SKEWED,               /* a cell far from reduced, atoms outside it */
    SAMPLE_LARGER,               /* more atoms */
    SAMPLE_SPARSE,               /* a few atoms with few neighbours: the cheapest */
    SAMPLE_SHAPES
} sample_shape;

/**
 * One structure per slot of the program, with random fields. `out` [slots], initialised; reused. A slot that
 * is matched against a host becomes a cell of that host with a few sites changed, moved rigidly and a little
 * at random. No two atoms are closer than 0.7 angstrom. False: memory, or the program asks for what cannot be
 * made.
 */
bool sample_structures(const program *p, const mtx_plan *plan, sample_shape shape, uint64_t seed,
                       mtx_structure *out);

/** Number of different values a program's parameters may need, and random values for them. */
void sample_parameters(uint64_t seed, double *value, size_t n);

#endif
