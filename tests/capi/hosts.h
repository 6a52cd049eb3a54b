/* SPDX-License-Identifier: Apache-2.0
 *
 * hosts.h: what the test hosts share: random numbers, memory as the headers ask for it, and what counts as equal.
 */
#ifndef MTX_TESTS_CAPI_HOSTS_H
#define MTX_TESTS_CAPI_HOSTS_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int faults;

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

/* b is not all zero, and a is off by at most `most` of its largest number */
static void compare(const char *what, const double *a, const double *b, int n, double most)
{
    double scale = 0, off = 0;
    for (int k = 0; k < n; k++) {
        scale = fmax(scale, fabs(b[k]));
        off = fmax(off, isfinite(a[k] - b[k]) ? fabs(a[k] - b[k]) : INFINITY);
    }
    if (off <= most * scale && scale > 0) return;
    printf("%s: off by %.3g of %.3g\n", what, off, scale);
    faults++;
}

#endif
