/* SPDX-License-Identifier: Apache-2.0
 *
 * testgen.h: sampled checks made from the claims of a transform, run on its compiled code.
 */
#ifndef MTX_TESTGEN_H
#define MTX_TESTGEN_H

#include "engine.h"
#include "witness.h"

typedef struct check {
    const char *name;            /* "coulomb_spectrum: x respects rotate on generated structures"              */
    bool        passed, skipped;
    const char *detail;          /* what was seen: counts and largest deviation, or the counterexample         */
    const char *replay;          /* command that shows a failure again, or NULL                                */
} check;

typedef struct testgen_options {
    int         tries;           /* structures and group elements per claim                                    */
    uint64_t    seed;
    const char *only;            /* run checks whose name contains this, NULL: all                             */
    const char *save;            /* folder for the structures of failing cases, NULL: not saved                */
    const char *command;         /* how this was called, for replay lines                                      */
    const mtx_structure *const *data;      /* the user's structures: data[slot * n_data + k]                   */
    int         n_data;
    const double *param;         /* of the transform; NULL: sampled by the seed                                */
} testgen_options;

typedef void (*testgen_report)(void *user, const check *c);

/* Runs all checks of one transform; false when one failed. */
bool testgen_run(arena *a, const compiled *t, backend_kind backend, const testgen_options *o, testgen_report report, void *user);

#endif
