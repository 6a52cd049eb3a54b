/* SPDX-License-Identifier: Apache-2.0
 *
 * smooth.h: how often the values of a program can be differentiated by positions and cell, proved, and what
 * limits it.
 *
 * In: a program. Out: per tensor or node an order k (C^k is proved; SMOOTH_INFINITE; -1: nothing, it may
 * jump) with the expression that limits it. A tensor over pairs is judged on the pairs that exist; reducing
 * over pairs is where their coming and going counts. Matching against a host (differ sets) is taken as fixed:
 * it changes by whole sites only. Not done here: numeric refutation (witness.c), claims (claims.c).
 */
#ifndef MTX_SMOOTH_H
#define MTX_SMOOTH_H

#include "setir.h"

typedef struct smooth_result smooth_result;

typedef struct smooth_info {
    int         order;           /* by positions and cell together                                          */
    int         order_positions; /* by positions alone, the cell held fixed: never less                     */
    bool        exact;           /* it is no smoother unless other terms happen to make up for it           */
    node_id     culprit;         /* the expression that limits `order`; SETIR_NONE when infinite            */
    span        at;              /* its place                                                               */
    const char *reason;          /* "vanishes as t^2 when |b.d| reaches rc, so it is only C1"; NULL         */
    set_id      boundary;        /* set whose cutoff limits, or SETIR_NONE                                  */
    double      vanish;          /* the power of t with which the body vanishes there (boundary only)       */
    int         derivatives;     /* by positions and cell, taken since                                      */
} smooth_info;

/* The programs are only read; results live in the arena. Work happens on demand. `written`: the same with its
 * derivatives written out (ad.h), or NULL. */
smooth_result *smooth_analyse(arena *a, const program *p, const program *written);
/* `wanted`: no more work is done than needed to show this order */
smooth_info    smooth_def(smooth_result *r, def_id d, int wanted);
/* "C2", "C-infinity", "discontinuous" */
const char    *smooth_order_text(arena *a, int order);

#endif
