/* SPDX-License-Identifier: Apache-2.0
 *
 * recip.c: reciprocal lattice vectors inside a sphere. In: a lattice and a cutoff; out: vectors and
 * indices, in a fixed order. Sums over them (Ewald, structure factors) belong to compiled specs.
 */
#include "rt.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Largest coefficient of the reduction, so that its inverse has no overflow. */
enum { SLACK = 16, SKEW_MAX = 1000000 };

/* Enumeration on the reduced cell. With b1, b2, b3 made orthogonal from the last to the first, |G|^2 is the
 * sum of three squares that bring in one index each (Fincke and Pohst 1985), so no index is tried in vain. */
typedef struct lattice_points {
    double row[3][3];   /* reciprocal rows of the reduced cell                      */
    double low[3][3];   /* row[k] = sum_m low[k][m] e_m, m >= k                     */
    int64_t back[3][3]; /* given indices = back * reduced indices                   */
    bool open[3];
    double cutoff;
    bool half;
} lattice_points;

void mtx_recip_init(mtx_recip *recip)
{
    *recip = (mtx_recip){0};
}

void mtx_recip_clear(mtx_recip *recip)
{
    recip->n = recip->structures = 0;
}

void mtx_recip_free(mtx_recip *p)
{
    if (p == NULL) return;
    void *all[] = {p->ptr, p->x, p->y, p->z, p->dist, p->h, p->k, p->l};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) rt_aligned_free(all[k]);
    mtx_recip_init(p);
}

static bool reserve(mtx_recip *p, int64_t n)
{
    if (p->x != NULL && n <= p->capacity) return true;
    const int64_t capacity = n + n / 2 + 64;
    RT_GROW(p->x, p->n, capacity + SLACK);
    RT_GROW(p->y, p->n, capacity + SLACK);
    RT_GROW(p->z, p->n, capacity + SLACK);
    RT_GROW(p->dist, p->n, capacity + SLACK);
    RT_GROW(p->h, p->n, capacity + SLACK);
    RT_GROW(p->k, p->n, capacity + SLACK);
    RT_GROW(p->l, p->n, capacity + SLACK);
    p->capacity = capacity;
    return true;
}

static bool reserve_structure(mtx_recip *p)
{
    if (p->ptr != NULL && p->structures < p->structure_capacity) return true;
    const int64_t capacity = 2 * p->structures + 8;
    RT_GROW(p->ptr, p->ptr == NULL ? 0 : p->structures + 1, capacity + 1 + SLACK);
    p->structure_capacity = capacity;
    return true;
}

static double dot(const double a[3], const double b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static void orthogonalise(lattice_points *p)
{
    double unit[3][3];
    memset(p->low, 0, sizeof p->low);
    for (int k = 2; k >= 0; k--) {
        double rest[3];
        memcpy(rest, p->row[k], sizeof rest);
        for (int m = 2; m > k; m--) {
            p->low[k][m] = dot(p->row[k], unit[m]);
            const double along = dot(rest, unit[m]);
            for (int c = 0; c < 3; c++) rest[c] -= along * unit[m][c];
        }
        p->low[k][k] = sqrt(dot(rest, rest));
        for (int c = 0; c < 3; c++) unit[k][c] = rest[c] / p->low[k][k];
    }
}

/* Inverse of an integer matrix of determinant 1 or -1. */
static void integer_inverse(int64_t m[3][3], int64_t out[3][3])
{
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            const int a = (j + 1) % 3, b = (j + 2) % 3, c = (i + 1) % 3, d = (i + 2) % 3;
            out[i][j] = m[a][c] * m[b][d] - m[a][d] * m[b][c];
        }
    }
    const int64_t det = m[0][0] * out[0][0] + m[0][1] * out[1][0] + m[0][2] * out[2][0];
    for (int k = 0; k < 9; k++) out[k / 3][k % 3] *= det;
}

static mtx_status lattice_make(const double cell[3][3], const uint8_t pbc[3], lattice_points *p,
                               mtx_problem *problem)
{
    double given[3][3], reduced[3][3];
    int64_t change[3][3];
    mtx_cell complete;
    for (int k = 0; k < 3; k++) {
        p->open[k] = !pbc[k];
        for (int c = 0; c < 3; c++) given[k][c] = pbc[k] ? cell[k][c] : 0.0;
    }
    mtx_status status = mtx_cell_make((const double(*)[3])given, pbc, &complete, problem);
    if (status == MTX_OK) status = mtx_cell_reduce(&complete, reduced, change, problem);
    if (status == MTX_OK) status = mtx_cell_make((const double(*)[3])reduced, pbc, &complete, problem);
    if (status != MTX_OK) return status;
    for (int k = 0; k < 9; k++) {
        if (llabs(change[k / 3][k % 3]) <= SKEW_MAX) continue;
        return rt_problem_set(problem, MTX_EDATA, "E0615",
                              "the cell is too skewed for its reciprocal vectors");
    }
    mtx_cell_reciprocal(&complete, p->row);
    integer_inverse(change, p->back);
    orthogonalise(p);
    return MTX_OK;
}

/* Range of index k when the squares of the earlier ones leave `rest2` and its centre is moved by `offset`. */
static void range(const lattice_points *p, int k, double rest2, double offset, int32_t out[2])
{
    out[0] = out[1] = 0;
    if (p->open[k]) return;
    const double reach = sqrt(fmax(rest2, 0.0)) / p->low[k][k] + 1e-9, centre = -offset / p->low[k][k];
    out[0] = (int32_t)ceil(centre - reach);
    out[1] = (int32_t)floor(centre + reach);
}

/* One point, if it is in the sphere and wanted; false when memory is exhausted. */
static bool point_add(const lattice_points *p, const int32_t m[3], mtx_recip *out)
{
    double g[3];
    if ((m[0] | m[1] | m[2]) == 0) return true;
    if (p->half && (m[0] != 0 ? m[0] < 0 : m[1] != 0 ? m[1] < 0 : m[2] < 0)) return true;
    for (int c = 0; c < 3; c++) g[c] = m[0] * p->row[0][c] + (m[1] * p->row[1][c] + m[2] * p->row[2][c]);
    const double length = sqrt(dot(g, g));
    if (!(length < p->cutoff)) return true;
    if (!reserve(out, out->n + 1)) return false;
    const int64_t at = out->n++;
    int64_t h[3];
    for (int c = 0; c < 3; c++) h[c] = p->back[c][0] * m[0] + p->back[c][1] * m[1] + p->back[c][2] * m[2];
    out->x[at] = g[0];
    out->y[at] = g[1];
    out->z[at] = g[2];
    out->dist[at] = length;
    out->h[at] = (int32_t)h[0];
    out->k[at] = (int32_t)h[1];
    out->l[at] = (int32_t)h[2];
    return true;
}

static bool points_add(const lattice_points *p, mtx_recip *out)
{
    const double all2 = p->cutoff * p->cutoff;
    int32_t first[2], second[2], third[2], m[3];
    range(p, 0, all2, 0.0, first);
    for (m[0] = first[0]; m[0] <= first[1]; m[0]++) {
        const double part0 = m[0] * p->low[0][0];
        range(p, 1, all2 - part0 * part0, m[0] * p->low[0][1], second);
        for (m[1] = second[0]; m[1] <= second[1]; m[1]++) {
            const double part1 = m[0] * p->low[0][1] + m[1] * p->low[1][1];
            range(p, 2, all2 - part0 * part0 - part1 * part1, m[0] * p->low[0][2] + m[1] * p->low[1][2],
                  third);
            for (m[2] = third[0]; m[2] <= third[1]; m[2]++) {
                if (!point_add(p, m, out)) return false;
            }
        }
    }
    return true;
}

/* Upper bound of the points, and whether their indices on the given cell fit 32 bits. */
static bool countable(const lattice_points *p)
{
    double points = 1.0, index = 0.0;
    for (int k = 0; k < 3; k++) {
        double largest = 0.0;
        if (p->open[k]) continue;
        points *= 2.0 * p->cutoff / p->low[k][k] + 2.0;
        for (int c = 0; c < 3; c++) largest = fmax(largest, fabs((double)p->back[c][k]));
        index += largest * (2.0 * p->cutoff / p->low[k][k] + 2.0);
    }
    return points < 2e9 && index < 2e9;
}

mtx_status mtx_recip_append(const double cell[3][3], const uint8_t pbc[3], double cutoff, unsigned flags,
                            mtx_recip *out, mtx_problem *problem)
{
    lattice_points p = {.cutoff = cutoff, .half = (flags & MTX_RECIP_HALF) != 0};
    if (!(cutoff > 0.0) || !isfinite(cutoff)) {
        return rt_problem_set(problem, MTX_EINVAL, "E0655", "the cutoff is %g, not a positive number",
                              cutoff);
    }
    const mtx_status status = lattice_make(cell, pbc, &p, problem);
    if (status != MTX_OK) return status;
    if (!countable(&p)) {
        return rt_problem_set(problem, MTX_EINVAL, "E0654",
                              "the cutoff %g reaches too many reciprocal vectors", cutoff);
    }
    const int64_t first = out->n;
    if (!reserve_structure(out) || !reserve(out, out->n + 1) || !points_add(&p, out)) {
        out->n = first;
        return rt_no_memory(problem);
    }
    out->ptr[0] = 0;
    out->ptr[++out->structures] = out->n;
    return MTX_OK;
}
