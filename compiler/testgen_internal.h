/* SPDX-License-Identifier: Apache-2.0
 *
 * testgen_internal.h: shared by the files that make checks. testgen.c owns the tester.
 */
#ifndef MTX_TESTGEN_INTERNAL_H
#define MTX_TESTGEN_INTERNAL_H

#include "testgen.h"

/* the energies and derivatives of a transform as outputs of their own, in base units */
typedef struct derived {
    compiled t;
    engine e;
    bool open;
} derived;

typedef struct tester {
    arena *a;
    const compiled *t;
    const program *p;
    engine e;
    derived d;
    backend_kind backend;
    const testgen_options *o;
    testgen_report report;
    void *user;
    bool good;
    mtx_structure before[ACTION_SLOTS], after[ACTION_SLOTS], moved[ACTION_SLOTS];
    double *values[2];
    size_t room[2];
    double *param; /* numbers for the parameters, the same in every check; moved and put back by derivatives */
} tester;

/* ---- testgen.c */
void testgen_add(tester *x, bool passed, bool skipped, const char *title, const char *detail,
                 const char *replay);
bool testgen_wanted(const tester *x, const char *title);
const char *testgen_replay(tester *x, const char *title);
/* for a failed check: x->before, or also x->after, into the folder for that */
void testgen_save(tester *x, const char *title, bool both);
/* structures into x->before: generated ones, or the user's; false: there are none */
bool testgen_load(tester *x, bool data, int k);
/* both structures as a batch of two, the values of one output of x->e as doubles; n: how many in each */
bool testgen_evaluate(tester *x, const mtx_structure *one, const mtx_structure *two, uint32_t output,
                      action_values *v, int64_t n[2], mtx_problem *problem);

/* ---- testgen_code.c: compiled code against the interpreter, alone and in batches */
void testgen_code(tester *x, uint32_t output);
void testgen_threads(tester *x);

/* ---- testgen_derived.c */
/* makes x->d when there are derivatives; false: there are none, or the reason has been reported */
bool testgen_derive(tester *x);
bool testgen_same(const program *p, def_id a, def_id b); /* the same number under two names */
uint32_t testgen_output_of(const engine *e, def_id d); /* SETIR_NONE: not an output of it */
const char *testgen_words(tester *x, def_id d);        /* "grad(E, s.r)" */
/* `count` frames that differ in one slot only; the others are those of x->before */
bool testgen_apply(tester *x, engine *e, uint32_t base, const mtx_structure *frames, int64_t count);
/* numbers of output `o` in frame f of that batch, how many, and where they are (doubles; by the arena) */
int64_t testgen_numbers(const engine *e, uint32_t o, int64_t f);
const double *testgen_values(const engine *e, uint32_t o, int64_t f, int64_t *n);
/* structures to be moved about, copies of one; NULL: memory */
mtx_structure *testgen_copies(const mtx_structure *of, int64_t count);
void testgen_copies_free(mtx_structure *frames, int64_t count);

/* ---- testgen_grad.c: derivatives against central differences */
void testgen_gradients(tester *x);
/* ---- testgen_sums.c: what forces, stress and far fragments have to obey */
void testgen_sums(tester *x);
void testgen_extensive(tester *x);
/* ---- testgen_scan.c: dimers and atoms that cross cutoffs */
void testgen_scans(tester *x);

/* does it see the lattice, or places, other than through pairs */
bool testgen_sees_more(const tester *x, def_id of);
/* the smallest cube beside all of whose faces a cluster sees none of its images, when the program sees nothing but pairs
 * within constant cutoffs: its longest cutoff. NaN: it sees more. */
double testgen_reach(const tester *x, def_id energy, uint32_t base);
/* the structure alone in a cell of its own, that large, lattice vectors along the axes of the slot's lattice */
void testgen_isolate(const tester *x, uint32_t base, mtx_structure *s, double edge);

#endif
