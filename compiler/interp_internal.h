/* SPDX-License-Identifier: Apache-2.0
 *
 * interp_internal.h: what the files of the interpreter share.
 */
#ifndef MTX_INTERP_INTERNAL_H
#define MTX_INTERP_INTERNAL_H

#include "interp.h"

#define INTERP_SETS 16 /* sets of a tensor; more are refused */

/* last value of a node; it holds while the stamps of the node's free index variables are the same */
typedef struct interp_memo {
    double *value;
    uint64_t *stamp;
    bool known;
} interp_memo;
typedef struct interp_tensor {
    double *value;
    bool *known;
} interp_tensor;

struct interp {
    const program *p;
    const mtx_view *view;
    int64_t frame;
    int64_t *index;  /* per index variable: its element, counted within the frame */
    uint64_t *stamp; /* per index variable: when it was bound, 0 never */
    uint64_t clock;
    uint64_t work, work_most; /* nodes evaluated since the frame was bound; none beyond, 0: no limit */
    interp_memo *memo;     /* per node */
    interp_tensor *tensor; /* per tensor */
    int depth;
    arena memory; /* values of the frame */
    jmp_buf landing;
    mtx_problem problem;
};

void interp_fail(interp *x, mtx_status status, const char *message) __attribute__((noreturn));
const double *interp_eval(interp *x, node_id n);
void interp_element(interp *x, def_id d, const int64_t *index, double *out);
int64_t interp_first(const interp *x, set_id s);
const double *interp_cell(const interp *x, uint32_t s);

int64_t interp_index(interp *x, node_id n);
void interp_reduce(interp *x, const node *n, double *out);
void interp_access(interp *x, const node *n, double *out);

/* interp_node.c */
void interp_operation(interp *x, const node *n, double *out);

/* interp_lib.c */
const double *interp_library(interp *x, def_id d); /* the whole result of a library tensor */
void interp_nearest(interp *x, uint32_t s, const double *v, double *out);
void interp_niggli(interp *x, uint32_t s, int axis, double *out);

#endif
