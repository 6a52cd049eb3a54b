/* SPDX-License-Identifier: Apache-2.0
 *
 * kernel_calls.h: compiling one function for several x86-64 levels, for the files of functions that kernels
 * call.
 */
#ifndef MTX_KERNEL_CALLS_H
#define MTX_KERNEL_CALLS_H

#include "rt.h"

#if defined(__GNUC__) /* vectors are passed to inline functions only */
#pragma GCC diagnostic ignored "-Wpsabi"
#endif

/* Vectors of 8 that may lie anywhere; the compiler splits them where the processor's are shorter. Only
 * pointers to them cross functions that are not inlined. */
typedef double v8d __attribute__((vector_size(64), aligned(8), may_alias));
typedef int64_t v8i __attribute__((vector_size(64), aligned(8), may_alias));

#define RT_INLINE static inline __attribute__((always_inline))

/* RT_CLONES(name, (parameters), (arguments)): static functions name_v1, _v3, _v4 around the inline name_body,
 * and name, which takes the one for this machine. */
#if defined(__x86_64__)
#define RT_CLONES(name, parameters, arguments)                                                               \
    __attribute__((                                                                                          \
        target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma,bmi,bmi2"))) static void name##_v4 parameters    \
    {                                                                                                        \
        name##_body arguments;                                                                               \
    }                                                                                                        \
    __attribute__((target("avx2,fma,bmi,bmi2"))) static void name##_v3 parameters                            \
    {                                                                                                        \
        name##_body arguments;                                                                               \
    }                                                                                                        \
    static void name##_v1 parameters                                                                         \
    {                                                                                                        \
        name##_body arguments;                                                                               \
    }                                                                                                        \
    static void name parameters                                                                              \
    {                                                                                                        \
        int level = mtx_cpu_level();                                                                         \
        if (level == 4)                                                                                      \
            name##_v4 arguments;                                                                             \
        else if (level == 3)                                                                                 \
            name##_v3 arguments;                                                                             \
        else                                                                                                 \
            name##_v1 arguments;                                                                             \
    }
#else
#define RT_CLONES(name, parameters, arguments)                                                               \
    static void name parameters                                                                              \
    {                                                                                                        \
        name##_body arguments;                                                                               \
    }
#endif

#endif
