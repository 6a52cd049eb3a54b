/* SPDX-License-Identifier: Apache-2.0
 *
 * interp.h: evaluating set IR directly: slow, obvious, the oracle that everything else is compared with.
 *
 * Numbers out are dense, row-major over the sets of a tensor in one frame, components last. Truth values are
 * 0 and 1, species atomic numbers (0: vacancy), indices element numbers within the frame.
 */
#ifndef MTX_INTERP_H
#define MTX_INTERP_H

#include "mtx/mtxrt.h"
#include "setir.h"

/** An evaluation: a program, a batch, a frame of it, and what has been computed of that frame. */
typedef struct interp interp;
interp *interp_new(const program *p); /* NULL: memory exhausted */
void interp_free(interp *x);          /* NULL allowed */

/** Look at a frame; the view must live as long as it is looked at. Forgets earlier values. */
void interp_bind(interp *x, const mtx_view *view, int64_t frame);
int64_t interp_set_size(const interp *x, set_id s); /* elements in the frame */
int64_t interp_def_size(const interp *x, def_id d); /* numbers of the tensor in the frame */

/**
 * All values of a tensor, or one value of a node under given index variables. Where a tensor's index
 * variables do not fit (b in bond(i) with another i) it is NaN. Errors: MTX_ENOMEM, MTX_EDATA (an element that
 * does not exist, a lattice too flat to search), MTX_EUNSUPPORTED (nested too deeply, too many sets),
 * MTX_EINVAL (an index variable or parameters without values); *problem may be NULL.
 */
mtx_status interp_def(interp *x, def_id d, double *out, mtx_problem *problem);
/** Only the elements (rows of components) with these numbers, NULL for the first n. */
mtx_status interp_some(interp *x, def_id d, const int64_t *which, int64_t n, double *out,
                       mtx_problem *problem);
mtx_status interp_node(interp *x, node_id n, const ivar_id *v, const int64_t *index, uint32_t count,
                       double *out, mtx_problem *problem);

/** An mtx_stage_fn whose user is an interp of the plan's program. */
int interp_stage(void *x, int32_t s, const mtx_view *view, double *cutoff);

/* ---- from a program to a batch (plan_desc.c) */
/** Describe a program's structures, sets and inputs to the runtime. False: it asks for what no file holds. */
bool plan_from_program(arena *a, const program *p, mtx_plan *plan, text *problem);
/** What code reads of pair sets, MTX_NEED_REV and MTX_NEED_I by set: what it does not look at is not asked for. */
void plan_reads(arena *a, mtx_plan *plan, const uint32_t *read);
/** Of a transform with some of its outputs: sets and inputs that those do without are neither made nor asked for. */
struct module;
void plan_leave_out(arena *a, const struct module *m, mtx_plan *plan);
/** Prepare frames[slot * nb + f] with interpreted cutoffs. */
mtx_status interp_prepare(const program *p, const mtx_structure *const *frames, int64_t nb, mtx_batch *batch,
                          mtx_problem *problem);

#endif
