/* SPDX-License-Identifier: Apache-2.0
 *
 * status.c: names of the status values, filling of mtx_problem, aligned memory. In: codes and texts; out:
 * plain values. Nothing is printed here; a caller decides what people see.
 */
#define _DEFAULT_SOURCE /* madvise */
#include "rt.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE_PAGE ((size_t)2 << 20)

const char *mtx_strerror(mtx_status status)
{
    switch (status) {
    case MTX_OK: return "no error";
    case MTX_END: return "no more frames";
    case MTX_EINVAL: return "argument out of range";
    case MTX_ENOMEM: return "memory exhausted";
    case MTX_EIO: return "input or output refused by the operating system";
    case MTX_EFORMAT: return "malformed file";
    case MTX_EDATA: return "unusable data";
    case MTX_ENOSYM: return "symmetry search failed";
    case MTX_EMISMATCH: return "sample does not fit the host";
    case MTX_EUNSUPPORTED: return "not supported by this build";
    }
    return "unknown status";
}

void rt_problem_clear(mtx_problem *problem)
{
    if (problem == NULL) return;
    memset(problem, 0, sizeof *problem);
    problem->frame = problem->line = problem->atom = -1;
}

mtx_status rt_problem_set(mtx_problem *problem, mtx_status status, const char *code, const char *format, ...)
{
    if (problem == NULL) return status;
    rt_problem_clear(problem);
    problem->status = status;
    snprintf(problem->code, sizeof problem->code, "%s", code);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(problem->message, sizeof problem->message, format, arguments);
    va_end(arguments);
    return status;
}

mtx_status rt_no_memory(mtx_problem *problem)
{
    return rt_problem_set(problem, MTX_ENOMEM, "E0600", "memory exhausted");
}

void rt_problem_help(mtx_problem *problem, const char *format, ...)
{
    if (problem == NULL) return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(problem->help, sizeof problem->help, format, arguments);
    va_end(arguments);
}

void *rt_aligned_alloc(size_t bytes)
{
    void *memory = NULL;
    const bool large = bytes >= 2 * HUGE_PAGE;
    const size_t unit = large ? HUGE_PAGE : 64;
    if (bytes > SIZE_MAX - unit) return NULL;
    const size_t size = (bytes + unit - 1) / unit * unit;
    if (posix_memalign(&memory, unit, size) != 0) return NULL;
#ifdef MADV_HUGEPAGE
    /* many arrays are written side by side: with small pages each would miss the TLB; refusal does no harm */
    if (large) madvise(memory, size, MADV_HUGEPAGE);
#endif
    return memory;
}

void rt_aligned_free(void *memory)
{
    free(memory);
}

void *rt_aligned_grow(void *array, int64_t used, int64_t capacity, size_t size)
{
    if (capacity < used || (uint64_t)capacity > SIZE_MAX / 2 / size) return NULL;
    char *larger = rt_aligned_alloc((size_t)capacity * size);
    if (larger == NULL) return NULL;
    if (used > 0) memcpy(larger, array, (size_t)used * size);
    rt_aligned_free(array);
    return larger;
}
