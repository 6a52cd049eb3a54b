/* SPDX-License-Identifier: Apache-2.0
 *
 * action.h: elements of the symmetry groups, acting on structures and on values. The natural bijection of
 * sites is kept (for a supercell: which site each is a copy of), and from it the one of pairs, spots and
 * indices, so that an output of the changed structure can be compared with the changed output, index by
 * index.
 */
#ifndef MTX_ACTION_H
#define MTX_ACTION_H

#include "mtx/mtxrt.h"
#include "setir.h"

enum { ACTION_SLOTS = 4 };

typedef struct action {
    symmetry sym;
    double   q[3][3];            /* orthogonal; identity unless rotating or reflecting */
    bool     improper;
    double   axis[3], angle;     /* of the rotation (radians), or the mirror's normal */
    double   t[ACTION_SLOTS][3]; /* translation of each slot */
    int32_t  basis[ACTION_SLOTS][3][3];    /* new lattice vectors in terms of the old ones */
    int32_t  copies[ACTION_SLOTS];         /* |det basis| */
    int32_t *from[ACTION_SLOTS];           /* site of the changed structure -> site of the original */
    uint32_t n_slots;
} action;

/**
 * A random element, applied: changed[k] = g original[k], fields included. Permutations, translations, wraps
 * and bases are drawn per slot; rotations and mirrors are common. In a program that matches a sample against
 * a host, only the sample is repeated. False: memory exhausted.
 */
bool action_draw(const program *p, const mtx_plan *plan, symmetry sym, uint64_t *rng,
                 const mtx_structure *original, mtx_structure *changed, action *g);
void action_free(action *g);

/* the values of one tensor in two frames of a batch: frame 0 the original, frame 1 the changed structures */
typedef struct action_values {
    const mtx_view *view;
    const double   *before, *after;
} action_values;

typedef struct action_difference {
    double  worst;               /* largest |after - g before| */
    double  scale;               /* largest magnitude of both */
    double  before, expected, after;
    /* number of the element in the dense values; -1: the index sets do not match */
    int64_t at_before, at_after;
    bool    comparable;          /* false: there is no natural comparison */
    double  weight;              /* the power of the number of copies that fits best */
} action_difference;

/**
 * How far are the values of the changed structure from the changed values? By the declared type: scalars stay
 * (pseudo: change sign), vectors and tensors turn, points also move; `n_weight`: grows as copies^n_weight,
 * NAN: as the power 0 or 1, whichever fits better, all that `respects supercell` allows. Over lattice axes each
 * place keeps its value.
 */
action_difference action_compare(const program *p, def_id d, const action *g, double n_weight,
                                 const action_values *v);

/** "rotating by 73 degrees about z" */
void action_text(const program *p, const action *g, text *out);

#endif
