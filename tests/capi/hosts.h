/* SPDX-License-Identifier: Apache-2.0
 *
 * hosts.h: what the test hosts share: random numbers, and memory as the headers ask for it.
 */
#ifndef MTX_TESTS_CAPI_HOSTS_H
#define MTX_TESTS_CAPI_HOSTS_H

#include <stdlib.h>
#include <string.h>

/* in -1..1 */
static double uniform(void)
{
    return 2 * (rand() / (RAND_MAX + 1.0)) - 1;
}

/* zeros, aligned to a cache line, readable beyond the end */
static void *memory(size_t bytes)
{
    void *at = aligned_alloc(64, (bytes + 127) / 64 * 64);
    if (!at) exit(2);
    return memset(at, 0, bytes);
}

#endif
