/* SPDX-License-Identifier: Apache-2.0
 *
 * mtx.h: the compiler as a library. A spec goes in as text; messages, verdicts and compiled transforms come out. Nothing is
 * printed, nothing exits. Structures, readers, writers and batches are in mtxrt.h. Link with libmtx and libmtxrt.
 */
#ifndef MTX_MTX_H
#define MTX_MTX_H

#include <mtx/mtxrt.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A spec, read and judged. Owned; free with mtx_spec_free. Strings that it returns live as long as it does. */
typedef struct mtx_spec mtx_spec;

enum { MTX_SPEC_SEARCH = 1 };    /* look for counterexamples to claims that the rules do not give              */

/**
 * Read and judge a spec.
 *   path   shown in messages; files that the spec uses are looked for beside it
 *   text   [size] UTF-8, copied
 *   flags  MTX_SPEC_SEARCH or 0
 *   *spec  out: set also when the spec has errors: ask mtx_spec_errors; NULL on failure
 * Errors  MTX_EINVAL (a NULL), MTX_ENOMEM.      Threads  one spec per thread at a time.
 */
MTX_API mtx_status  mtx_spec_open(const char *path, const char *text, size_t size, unsigned flags, mtx_spec **spec);
MTX_API void        mtx_spec_free(mtx_spec *spec);                  /* NULL allowed                            */
/** How many errors there are: mistakes, claims refuted or unproved. */
MTX_API int32_t     mtx_spec_errors(const mtx_spec *spec);
/** What `mtx check --json` prints: {"diagnostics": [...], "claims": [...], "parameters": [...]}. NULL: memory exhausted. */
MTX_API const char *mtx_spec_json(mtx_spec *spec);
/** The messages as people read them, without colour; "" when there are none. NULL: memory exhausted. */
MTX_API const char *mtx_spec_messages(mtx_spec *spec);
MTX_API int32_t     mtx_spec_transforms(const mtx_spec *spec);      /* transforms without errors               */
MTX_API const char *mtx_spec_transform_name(const mtx_spec *spec, int32_t k);

/** A transform compiled in memory, with the buffers that it works in. Must be closed before its spec is freed. */
typedef struct mtx_transform mtx_transform;

/** One output of the last batch. */
typedef struct mtx_values {
    const char   *name;
    const double *real;          /* numbers in the declared unit, or NULL                                      */
    const int32_t *whole;        /* atomic numbers (0: vacancy) or truth values, or NULL                       */
    int64_t       rows;          /* elements of its sets, all frames one after the other                       */
    int32_t       width;         /* numbers per row: 1, 3, 9 or channels                                       */
} mtx_values;

/**
 * Compile the transform of that name (NULL: the last one). `why` [size] gets the reason of a failure.
 * Errors  MTX_EINVAL (no such transform, or the spec has errors), MTX_EUNSUPPORTED (neither LLVM nor a C compiler),
 *         MTX_ENOMEM.
 */
MTX_API mtx_status mtx_transform_open(mtx_spec *spec, const char *name, mtx_transform **transform, char *why, size_t size);
MTX_API void       mtx_transform_close(mtx_transform *transform);   /* NULL allowed                            */
/** Slots (structures that it takes, in order), sets and inputs. */
MTX_API const mtx_plan *mtx_transform_plan(const mtx_transform *transform);

/** A table of parameters: numbers first .. first+n-1 of the array that mtx_transform_set_params takes. */
typedef struct mtx_param {
    const char   *path;          /* its name in a file of weights                                              */
    int64_t       first, n;      /* row-major over its sets, channels last                                     */
    double        scale;         /* a number in the declared unit times this is one in base units              */
} mtx_param;

MTX_API int32_t   mtx_transform_params(const mtx_transform *transform);
MTX_API mtx_param mtx_transform_param(const mtx_transform *transform, int32_t k);
/** Numbers of all tables, in base units; not copied, they may change between batches. Needed when there are any. */
MTX_API void      mtx_transform_set_params(mtx_transform *transform, const double *params);

/**
 * Apply to a batch: frames[slot * nb + f] is the structure of a slot in frame f. Results are valid until the next call.
 * Errors  those of mtx_prepare, MTX_EINVAL (E0636: no parameters), in *problem.
 */
MTX_API mtx_status mtx_transform_apply(mtx_transform *transform, const mtx_structure *const *frames, int64_t nb,
                                       mtx_problem *problem);
MTX_API int32_t    mtx_transform_outputs(const mtx_transform *transform);
MTX_API mtx_values mtx_transform_values(const mtx_transform *transform, int32_t k);

#ifdef __cplusplus
}
#endif
#endif
