/* SPDX-License-Identifier: Apache-2.0
 *
 * jet.h: Taylor coefficients of a scalar node as a function of one of the nodes below it, at many points at once:
 * f(x + h) = c[0] + c[1] h + ... . What else the value depends on must be known when compiling, or be an index over
 * a set of fixed size whose element is given.
 */
#ifndef MTX_JET_H
#define MTX_JET_H

#include "setir.h"

enum { JET_TERMS = 8, JET_POINTS = 32, JET_INDICES = 8 };

typedef struct jet_function jet_function;

/* The function of `var`, of the same program, and of the index nodes given. NULL: *culprit is a node whose value is
 * not known (of `var` it may be SETIR_NONE: something cannot be followed), *why says so in words. */
jet_function *jet_of(arena *a, const program *p, node_id f, node_id var, const node_id *index, uint32_t n_index,
                     node_id *culprit, const char **why);

/* Index nodes over sets of fixed size that f depends on and that are not below others: at most JET_INDICES, else -1. */
int jet_indices(arena *a, const program *p, node_id f, node_id var, node_id *index);

/* c[term * n + point]; n <= JET_POINTS, terms <= JET_TERMS. `side`: 1 where a condition changes at a point the value
 * to the right of it counts, -1 to the left. Points where f is not defined give NaN. */
void jet_eval(jet_function *f, const int64_t *index, const double *x, uint32_t n, uint32_t terms, int side, double *c);

#endif
