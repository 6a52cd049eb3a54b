/* SPDX-License-Identifier: Apache-2.0
 *
 * cli_result.h: results of mtx run as arrays of a file: what an engine gives, batch by batch, in the shapes, units and
 * words of the spec.
 */
#ifndef MTX_CLI_RESULT_H
#define MTX_CLI_RESULT_H

#include "engine.h"

enum { RESULT_FRAMES = 64, RESULT_OUTPUTS = 64 };   /* of a batch; of a transform                           */

typedef struct run_result {
    arena          *a;
    const compiled *t;
    const engine   *e;
    uint32_t        moving;      /* the slot whose frames are read                                          */
    const char     *path;        /* the ending tells the format                                             */
    const char     *input;       /* the file that is read just now, for messages                            */
    const char     *weights;     /* the file that the parameters are from, or NULL                          */
    const double   *param;       /* its numbers                                                             */
    bool            named;       /* frames have ids                                                         */
    mtx_writer     *writer;      /* NULL before the first batch                                             */
    mtx_set_rows   *set_rows; mtx_output_set *sets; set_id *set_of; uint32_t n_sets;   /* data sets of the outputs */
    const def     **over;        /* per data set: the first output over it, or NULL                         */
    int64_t       **product_ptr; /* rows of outputs over several data sets                                  */
    char           *bool_bytes[RESULT_OUTPUTS];
    int64_t         odd;         /* outputs not finite in a frame; the first:                               */
    char            odd_first[256];
} run_result;

/* The outputs of the engine's last batch; the file is opened with the first. Finishing it (mtx_writer_finish,
 * mtx_writer_abort) is the caller's. */
mtx_status result_append(run_result *r, const mtx_structure *const *frames, int64_t nb, mtx_problem *problem);
void       result_free(run_result *r);

#endif
