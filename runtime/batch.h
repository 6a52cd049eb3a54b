/* SPDX-License-Identifier: Apache-2.0
 *
 * batch.h: a batch under preparation, shared by prepare.c (structures, cells, sets) and prepare_fields.c
 * (fields).
 */
#ifndef MTX_RUNTIME_BATCH_H
#define MTX_RUNTIME_BATCH_H

#include "rt.h"

/* Memory that grows and stays; 64-byte aligned, with zeroed slack after the part in use. */
typedef struct rt_buffer {
    void *at;
    size_t bytes;
} rt_buffer;

/** Room for `count` elements and 8 of slack; content is not kept. NULL: memory exhausted. */
void *rt_buffer_room(rt_buffer *buffer, int64_t count, size_t size);

/* what a set owns; which parts are in use depends on its kind */
typedef struct batch_set {
    mtx_pairs pairs;        /* PAIRS */
    mtx_recip recip;        /* RECIP */
    mtx_spots spots;        /* DIFFER */
    rt_buffer i, j, points; /* DIFFER: ends in the batch, positions [n][3] */
} batch_set;

typedef struct batch_slot {
    rt_buffer r, Z, ptr, cell;
    int64_t n, max_frame;
    bool filled; /* r and Z hold the frames */
} batch_slot;

struct mtx_batch {
    mtx_view view;
    int32_t sets, slots, inputs; /* capacity of the arrays below */
    mtx_set_view *set_view;
    const void **input_view;
    const double **cell_view;
    batch_set *set;
    batch_slot *slot;
    rt_buffer *input;
    int32_t *hint; /* per input: where its column was last time */
    rt_buffer cutoff;
};

/* one call of mtx_prepare */
typedef struct preparing {
    const mtx_plan *plan;
    const mtx_structure *const *frames;
    int64_t nb;
    mtx_stage_fn stage;
    void *user;
    mtx_batch *batch;
    mtx_problem *problem;
} preparing;

/** Note the place of a problem that has been described, return its status. */
mtx_status batch_blame(const preparing *p, int32_t slot, int64_t frame);
mtx_status batch_field(const preparing *p, int32_t input);

#endif
