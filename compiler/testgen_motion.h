/* SPDX-License-Identifier: Apache-2.0
 *
 * testgen_motion.h: what moves while a derivative is compared with differences.
 */
#ifndef MTX_TESTGEN_MOTION_H
#define MTX_TESTGEN_MOTION_H

#include "testgen_internal.h"

/* a direction for one derivative and one structure */
typedef struct motion {
    const def *d;        /* the derivative                                                              */
    wrt        by;       /* what is moved: for pairs positions or strain                                */
    uint32_t   base;     /* the slot whose structures move                                              */
    double    *u;        /* [n], of length 1                                                            */
    int64_t    n;
    double     length;   /* of the direction as the spec has it, for derivatives along one              */
    double    *rest;     /* [n] parameters before they move                                             */
    double    *weight;   /* [n_weights] of the elements of the table                                    */
    int64_t    n_weights;
} motion;

/* a derivative and its numbers along a direction */
typedef struct along {
    double claimed, size; /* the slope; the length of the derivative, or of what is added up to the slope */
} along;

bool motion_possible(const tester *x, def_id g);
/* for the structures of x->before, of which the derived engine has just had the first as frame 0; false: none. By turns all
 * coordinates move, or one; pairs by positions or strain. */
bool motion_draw(tester *x, def_id g, int turn, uint64_t *rng, motion *m);
void motion_free(motion *m);
/* is it something of structures that moves, and not a number that all share: a constant, a parameter */
bool motion_of_structure(const wrt *by);
/* where the motion is of parameters: x->param as it was, and h along the direction */
void motion_train(tester *x, const motion *m, double h);
void motion_apply(const tester *x, const motion *m, mtx_structure *to, double h);
/* the weighed sum of what is differentiated, in frame f of the last batch of e; NaN: it has other numbers there */
double motion_value(const motion *m, const engine *e, uint32_t output, int64_t f);
/* from frame 0 of the last batch of the derived engine */
bool motion_slope(tester *x, const motion *m, def_id g, along *a);

/* ---- testgen_constant.c: an engine for what a derivative by a constant is taken of, in which the constant has grown by
 * the column CONSTANT_STEP of the structure's info times `u`, one number for each element of the derivative */
#define CONSTANT_STEP "mtx test step"
bool constant_engine(tester *x, def_id g, const double *u, engine *e);

#endif
