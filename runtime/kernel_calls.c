/* SPDX-License-Identifier: Apache-2.0
 *
 * kernel_calls.c: sorting, for compiled kernels. In: numbers. Out: the same in order, or their order. Short
 * arrays (the usual case: a row, the atoms of a molecule) are ranked: every element is compared with every
 * other, without a branch. NaN comes last whatever the direction, equal numbers keep their order. Eigenvalues
 * are in kernel_eigvals.c.
 */
#include "kernel_calls.h"

#include <math.h>
#include <string.h>

#define RANK_MOST 64 /* beyond it n log n wins over n^2 / 8 */

typedef struct ranking {
    double key[RANK_MOST + 8];
    int64_t rank[RANK_MOST + 8];
} ranking;

/* rank[i] = how many elements come before i: smaller ones, and equal ones that stand before it */
RT_INLINE void rank_all_body(ranking *r, int64_t n)
{
    v8i lane = {0, 1, 2, 3, 4, 5, 6, 7};
    for (int64_t i = 0; i < n; i += 8) {
        v8d x = *(const v8d *)(r->key + i);
        v8i count = {0}, at = lane + i;
        for (int64_t j = 0; j < i; j++) count -= r->key[j] <= x;
        for (int64_t j = i; j < n && j < i + 8; j++) count -= (r->key[j] < x) | ((r->key[j] == x) & (j < at));
        for (int64_t j = i + 8; j < n; j++) count -= r->key[j] < x;
        *(v8i *)(r->rank + i) = count;
    }
}
RT_CLONES(rank_all, (ranking * r, int64_t n), (r, n))

/* keys ascend in the wanted order; false when there is a NaN, which has no rank */
static bool rank_keys(ranking *r, const double *x, int64_t n, bool descending)
{
    bool ordered = true;
    for (int64_t i = 0; i < n; i++) {
        ordered &= x[i] == x[i];
        r->key[i] = descending ? -x[i] : x[i];
    }
    memset(r->key + n, 0, 8 * sizeof *r->key); /* the lanes behind the end: any number */
    return ordered;
}

/* ---- long arrays, or with NaN: a heap, in place, on (key, place) so that equal keys keep their order --- */

static bool comes_before(double a, double b, bool descending)
{
    if (isnan(a) || isnan(b)) return !isnan(a) && isnan(b);
    return descending ? a > b : a < b;
}

static void sift_values(double *x, int64_t root, int64_t n, bool descending)
{
    double moving = x[root];
    for (int64_t child; (child = 2 * root + 1) < n; root = child) {
        if (child + 1 < n && comes_before(x[child], x[child + 1], descending)) child++;
        if (!comes_before(moving, x[child], descending)) break;
        x[root] = x[child];
    }
    x[root] = moving;
}

static void heap_values(double *x, int64_t n, bool descending)
{
    for (int64_t i = n / 2; i-- > 0;) sift_values(x, i, n, descending);
    for (int64_t last = n - 1; last > 0; last--) {
        double greatest = x[0];
        x[0] = x[last];
        x[last] = greatest;
        sift_values(x, 0, last, descending);
    }
}

static bool order_before(const double *x, int64_t a, int64_t b, bool descending)
{
    if (comes_before(x[a], x[b], descending)) return true;
    return !comes_before(x[b], x[a], descending) && a < b;
}

static void sift_order(const double *x, int64_t *order, int64_t root, int64_t n, bool descending)
{
    int64_t moving = order[root];
    for (int64_t child; (child = 2 * root + 1) < n; root = child) {
        if (child + 1 < n && order_before(x, order[child], order[child + 1], descending)) child++;
        if (!order_before(x, moving, order[child], descending)) break;
        order[root] = order[child];
    }
    order[root] = moving;
}

static void heap_order(const double *x, int64_t *order, int64_t n, bool descending)
{
    for (int64_t i = 0; i < n; i++) order[i] = i;
    for (int64_t i = n / 2; i-- > 0;) sift_order(x, order, i, n, descending);
    for (int64_t last = n - 1; last > 0; last--) {
        int64_t greatest = order[0];
        order[0] = order[last];
        order[last] = greatest;
        sift_order(x, order, 0, last, descending);
    }
}

/* ---- what kernels call --------------------------------------------------------------------------------- */

void mtx_rt_sort(double *x, int64_t n, int64_t descending)
{
    ranking r;
    if (n <= 1) return;
    if (n > RANK_MOST || !rank_keys(&r, x, n, descending != 0)) {
        heap_values(x, n, descending != 0);
        return;
    }
    rank_all(&r, n);
    for (int64_t i = 0; i < n; i++) x[r.rank[i]] = descending ? -r.key[i] : r.key[i];
}

void mtx_rt_argsort(const double *x, int64_t n, int64_t descending, int64_t *order)
{
    ranking r;
    if (n > RANK_MOST || (n > 0 && !rank_keys(&r, x, n, descending != 0))) {
        heap_order(x, order, n, descending != 0);
        return;
    }
    if (n <= 0) return;
    rank_all(&r, n);
    for (int64_t i = 0; i < n; i++) order[r.rank[i]] = i;
}
