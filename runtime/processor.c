/* SPDX-License-Identifier: Apache-2.0
 *
 * processor.c: which clone of a compiled kernel this machine runs. In: nothing. Out: the x86-64 level.
 */
#include "rt.h"

int mtx_cpu_level(void)
{
#if defined(__x86_64__) && defined(__GNUC__)
    bool v3 =
        __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
    bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
              __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
              __builtin_cpu_supports("avx512cd");
    return v4 ? 4 : v3 ? 3 : 1;
#else
    return 0;
#endif
}
