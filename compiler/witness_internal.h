/* SPDX-License-Identifier: Apache-2.0
 *
 * witness_internal.h: shared by the searches for counterexamples.
 */
#ifndef MTX_WITNESS_INTERNAL_H
#define MTX_WITNESS_INTERNAL_H

#include "interp.h"
#include "witness.h"

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
    uint64_t   work;             /* index variables bound so far, the measure of the interpreter's effort */
    mtx_structure made[3][ACTION_SLOTS];         /* original, changed, shaken */
};

bool witness_fill(trial *t, const action *g, double n_weight, const action_difference *diff, witness *out);
void witness_name(const trial *t, int frame, int64_t at, text *out);       /* "F[2].x" */
void witness_unit(const trial *t, text *out);                              /* " eV/Å", or nothing */

#endif
