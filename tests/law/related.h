/* SPDX-License-Identifier: Apache-2.0
 *
 * related.h: is what law.c says of a tensor true of a structure and its image? In: a program with its laws,
 * a group element. Out: a verdict per tensor, index by index along the natural bijections. Unlike
 * action_compare, which is kind to claims, this takes the law at its word: powers of the number of copies,
 * signs, periods, lattice axes.
 */
#ifndef MTX_TESTS_RELATED_H
#define MTX_TESTS_RELATED_H

#include "action.h"
#include "interp.h"
#include "law.h"
#include "sample.h"

typedef enum related { RELATED, UNRELATED, NO_EVIDENCE } related;

typedef struct world {
    const program *p;
    const law_result *laws;
    arena memory;
    jmp_buf guard;
    mtx_plan plan;
    mtx_batch *batch;
    interp *interp;
    double *parameters;
    mtx_structure first[ACTION_SLOTS], second[ACTION_SLOTS], shaken[ACTION_SLOTS];
    action g;
    uint64_t seed;
    bool strict; /* what is a number stays one; looks at added reciprocal vectors, too (laws are those of p) */
    double worst, before, after; /* of the last verdict                                      */
} world;

bool world_open(world *w, const program *p, const law_result *laws);
void world_close(world *w);
/** A random structure and its image under a random element of `sym`. False: the program cannot be evaluated
 * on it. */
bool world_draw(world *w, symmetry sym, sample_shape shape, uint64_t seed);
/** Do two rows of a matrix that is to be sorted have equal norms? */
bool world_tied(world *w);
/** The law of a tensor under the element drawn: over reciprocal vectors, in a supercell, on those that are kept. */
const law_info *world_law(const world *w, def_id d);
/** Does tensor `d` change under the element drawn as its law says? Asks nothing of its status. */
related world_related(world *w, def_id d);

#endif
