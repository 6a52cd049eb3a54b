/* SPDX-License-Identifier: Apache-2.0
 *
 * engine.h: a transform compiled in memory and applied to batches of structures. Used by mtx run and mtx test.
 */
#ifndef MTX_ENGINE_H
#define MTX_ENGINE_H

#include "backend.h"
#include "driver.h"

typedef struct engine_output {
    def_id      def;
    const char *name;
    bool        real;            /* f64 numbers; else int32 (species, truth values)                            */
    uint32_t    components;      /* 1, 3, 9 or channels                                                        */
    void       *data;            /* rows of all frames of the last batch                                       */
    size_t      capacity;        /* bytes                                                                      */
} engine_output;

typedef struct engine {
    const program *p;
    module        *loops;
    jit_code       code;
    mtx_plan       plan;
    mtx_batch     *batch;
    const mtx_view *view;        /* of the last batch                                                          */
    char          *scratch; size_t scratch_bytes;
    engine_output *output; uint32_t n_outputs;
    void         **out;          /* pointers for the kernel                                                    */
    bool           needs_param;  /* it reads parameters: engine_set_param comes before engine_apply            */
} engine;

/* The compilation must have reached STAGE_LOWER and outlive the engine. On failure `problem` says why. */
mtx_status engine_open(engine *e, arena *a, const compiled *t, backend_kind backend, text *problem);
void       engine_close(engine *e);
/* Numbers for the parameters, in the order of the program's table, base units; not copied. */
void       engine_set_param(engine *e, const double *param);
/* frames[slot * nb + f]; afterwards e->view and e->output[].data hold the results. MTX_EDATA and the like: see problem. */
mtx_status engine_apply(engine *e, const mtx_structure *const *frames, int64_t nb, mtx_problem *problem);

/* Elements of a set in frame f of a batch; rows of a tensor over `domain` in one frame. */
int64_t    engine_set_size(const program *p, const mtx_view *view, set_id s, int64_t f);
int64_t    engine_rows(const program *p, const mtx_view *view, const def *d, int64_t f);

#endif
