/* SPDX-License-Identifier: Apache-2.0
 *
 * witness.h: counterexamples to claims, found by evaluating a program on random structures and on what a
 * group element makes of them. A witness is never rounding: what it shows survives small changes of the input
 * and is far above what they do. Finding none proves nothing. Same seed, same answer.
 */
#ifndef MTX_WITNESS_H
#define MTX_WITNESS_H

#include "action.h"
#include "sample.h"

typedef struct witness {
    char          text[320];     /* "rotating by 73 degrees about z changes rise[0] from 1.56 Å to -1.56 Å" */
    double        violation;     /* largest difference, in base units */
    double        scale;         /* largest magnitude compared */
    uint32_t      n_slots;
    mtx_structure before[ACTION_SLOTS], after[ACTION_SLOTS];       /* the structures, to be saved */
} witness;

void witness_init(witness *w);
void witness_free(witness *w);

/**
 * Is there a structure and an element of `sym` under which the tensor does not change as its declared type
 * says?
 *   n_weight   supercells: how it should grow with the number of copies (0, 1, ...); NAN: as any whole power
 *   tries      structures and elements drawn; 6 find most mistakes
 */
bool witness_find(const program *p, def_id subject, symmetry sym, double n_weight, int tries, uint64_t seed,
                  witness *out);

/**
 * Is there a place where the tensor is not C^order (order 0 to 2) while a distance passes a cutoff or a
 * number it is compared with? Values on both sides are fitted; a jump counts when three step sizes agree on
 * it.
 */
bool witness_rough(const program *p, def_id subject, int order, int tries, uint64_t seed, witness *out);

/* ---- one comparison, for generated tests */
typedef struct trial trial;      /* a program made ready to be evaluated on pairs of structures */
trial *trial_new(const program *p, def_id subject); /* NULL: memory, or it asks for the impossible */
void   trial_free(trial *t);
/** Values in both structures (one per slot); 0 arrays stay valid until the next call. False: it cannot be
 * evaluated. */
bool trial_values(trial *t, const mtx_structure *before, const mtx_structure *after, action_values *v,
                  int64_t n[2]);
const mtx_plan *trial_plan(const trial *t);
/** `tolerance` is relative to the largest value; differences that rounding explains are not counted. */
bool trial_violates(trial *t, symmetry sym, double n_weight, sample_shape shape, uint64_t seed,
                    double tolerance, action_difference *diff, witness *out);

#endif
