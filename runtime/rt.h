/* SPDX-License-Identifier: Apache-2.0
 *
 * rt.h: what the files of the runtime share and no user sees: filling an mtx_problem, and memory at 64-byte
 * boundaries. No domain knowledge here.
 */
#ifndef MTX_RUNTIME_RT_H
#define MTX_RUNTIME_RT_H

#include "mtx/mtxrt.h"

#if defined(__GNUC__)
#define RT_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define RT_PRINTF(text, first)
#endif

/** Reset `problem` (NULL allowed): no place known, no text. */
void rt_problem_clear(mtx_problem *problem);

/** Fill status, code and message of `problem` (NULL allowed), reset the rest; returns `status`. */
mtx_status rt_problem_set(mtx_problem *problem, mtx_status status, const char *code, const char *format, ...)
    RT_PRINTF(4, 5);

/** MTX_ENOMEM, said so. */
mtx_status rt_no_memory(mtx_problem *problem);

/** Fill the help line of `problem` (NULL allowed). */
void rt_problem_help(mtx_problem *problem, const char *format, ...) RT_PRINTF(2, 3);

/** Bytes at a 64-byte boundary, not initialised; NULL: memory exhausted. Free with rt_aligned_free. */
void *rt_aligned_alloc(size_t bytes);
void rt_aligned_free(void *memory);

/**
 * Move an array to a place with room for `capacity` elements, keeping the first `used`; the new place, or
 * NULL and the old array untouched when memory is exhausted.
 */
void *rt_aligned_grow(void *array, int64_t used, int64_t capacity, size_t size);

/** The same for a named array, in a function that returns false when memory is exhausted. */
#define RT_GROW(array, used, capacity)                                                                       \
    do {                                                                                                     \
        void *rt_larger = rt_aligned_grow(array, used, capacity, sizeof *(array));                           \
        if (rt_larger == NULL) return false;                                                                 \
        (array) = rt_larger;                                                                                 \
    } while (0)

#endif
