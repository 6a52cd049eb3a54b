/* SPDX-License-Identifier: Apache-2.0
 *
 * vec.c: growth of the arrays declared with VEC. The old array stays in the arena; doubling bounds the waste.
 */
#include "support.h"

#include <string.h>

void *vec_grow_(arena *a, void *at, uint32_t *cap, uint32_t need, size_t size)
{
    uint32_t old = *cap;
    uint32_t grown = old < 4 ? 4 : old > UINT32_MAX / 2 ? UINT32_MAX : old * 2;
    if (grown < need)
        grown = need;
    if (need == 0 || (size && grown > SIZE_MAX / size))      /* the count wrapped, or the bytes would    */
        longjmp(*a->guard, 1);
    void *p = arena_alloc(a, grown * size);
    if (old)
        memcpy(p, at, old * size);
    *cap = grown;
    return p;
}
