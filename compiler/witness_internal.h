/* SPDX-License-Identifier: Apache-2.0
 *
 * witness_internal.h: shared by the searches for counterexamples.
 */
#ifndef MTX_WITNESS_INTERNAL_H
#define MTX_WITNESS_INTERNAL_H

#include "interp.h"
#include "witness.h"

enum { WITNESS_DRAWN = 64 };

struct trial {
    const program *p;
    def_id     subject;
    arena      memory;
    jmp_buf    guard;
    mtx_plan   plan;
    mtx_batch *batch;
    interp    *interp;
    double    *parameters;
    double    *value[2];
    int64_t    room[2];
    uint64_t   work;             /* nodes evaluated so far, the measure of the interpreter's effort */
    uint64_t   work_most;        /* no evaluation beyond it; 0: as much as it takes */
    bool       partial;          /* of a large table only some elements are evaluated: these */
    int64_t    some[WITNESS_DRAWN], n_some;
    mtx_structure made[3][ACTION_SLOTS];         /* original, changed, shaken */
};

void trial_limit(trial *t, uint64_t most);
bool witness_fill(trial *t, const action *g, double n_weight, const action_difference *diff, witness *out);
void witness_name(const trial *t, int frame, int64_t at, text *out);       /* "F[2].x" */
void witness_unit(const trial *t, text *out);                              /* " eV/Å", or nothing */

#endif
