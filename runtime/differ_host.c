/* SPDX-License-Identifier: Apache-2.0
 *
 * differ_host.c: a host prepared for registrations. In: the host in any of its cells and the axes along
 * which its structure type repeats; out: its sites hashed by place, its own translations, and the bound
 * that tells a sure registration from one that needs comparing. Samples are not seen here (differ.c).
 */
#include "differ.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Site lookups that the analysis of one host may cost; beyond it the bound is left weak, which is only
 * slower. */
#define ANALYSIS_MAX 2e7

void differ_host_free(differ_host *h)
{
    void *all[] = {h->r, h->Z, h->f, h->start, h->member, h->centring, h->candidate};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) free(all[k]);
    *h = (differ_host){0};
}

void differ_along(const double cell[3][3], const uint8_t axes[3], double out[3][3])
{
    for (int k = 0; k < 3; k++) {
        for (int c = 0; c < 3; c++) out[k][c] = axes[k] ? cell[k][c] : 0.0;
    }
}

/* A quarter of the shortest distance between sites, so that no atom can be near two of them. */
static mtx_status host_tolerance(differ_host *h, mtx_problem *problem)
{
    double shortest = HUGE_VAL;
    for (int k = 0; k < 3; k++) {
        if (h->axes[k]) shortest = fmin(shortest, h->lattice.height[k]);
    }
    mtx_pairs pairs;
    mtx_pairs_init(&pairs);
    const double reach = shortest < 6.0 ? shortest * 1.001 : 6.0;
    mtx_status status = mtx_neighbors_build((const double(*)[3])h->r, (const double(*)[3])h->lattice.row,
                                            h->axes, h->n, reach, 0, &pairs, problem);
    for (int64_t k = 0; k < pairs.n && status == MTX_OK; k++) shortest = fmin(shortest, pairs.dist[k]);
    mtx_pairs_free(&pairs);
    if (status != MTX_OK) return status;
    const double most = 0.25 * fmin(shortest, 6.0);
    h->tolerance = h->given_tolerance > 0.0 ? h->given_tolerance : most;
    if (h->tolerance > most * 1.0001) {
        rt_problem_set(problem, MTX_EINVAL, "E0655",
                       "a site tolerance of %g angstrom is too wide for this host", h->given_tolerance);
        rt_problem_help(problem,
                        "Its sites are %.4g angstrom apart; take at most a quarter of that, or 0 for that.",
                        shortest);
        return MTX_EINVAL;
    }
    return MTX_OK;
}

/* Bins so large that a site's ball touches few of them; every bin lists the sites whose ball touches it. */
static void bins_shape(differ_host *h, double radius)
{
    double high[3];
    for (int k = 0; k < 3; k++) {
        h->low[k] = 0.0;
        high[k] = 1.0;
        if (!h->axes[k]) {
            h->low[k] = HUGE_VAL;
            high[k] = -HUGE_VAL;
            for (int64_t i = 0; i < h->n; i++) {
                h->low[k] = fmin(h->low[k], h->f[i][k] - radius);
                high[k] = fmax(high[k], h->f[i][k] + radius);
            }
        }
        const double extent = high[k] - h->low[k], height = h->axes[k] ? h->lattice.height[k] : 1.0;
        const double count = floor(extent * height / (2.0 * radius));
        h->bins[k] = count < 1.0 ? 1 : count < 200.0 ? (int32_t)count : 200;
        h->per[k] = h->bins[k] / extent;
    }
}

static int64_t bin_number(const differ_host *h, const int32_t b[3])
{
    return ((int64_t)b[0] * h->bins[1] + b[1]) * h->bins[2] + b[2];
}

/* Range of bins that a ball around fraction f touches; at most each once. */
static void ball_bins(const differ_host *h, int k, double f, double radius, int32_t range[2])
{
    const double r = h->axes[k] ? radius / h->lattice.height[k] : radius;
    range[0] = (int32_t)floor((f - r - h->low[k]) * h->per[k]);
    range[1] = (int32_t)floor((f + r - h->low[k]) * h->per[k]);
    if (!h->axes[k]) {
        range[0] = range[0] < 0 ? 0 : range[0];
        range[1] = range[1] >= h->bins[k] ? h->bins[k] - 1 : range[1];
    } else if (range[1] - range[0] >= h->bins[k]) {
        range[0] = 0;
        range[1] = h->bins[k] - 1;
    }
}

/* Count (member NULL) or list the sites of each bin; start[b] moves on as members are put. */
static void bins_walk(const differ_host *h, double radius, int32_t *start, int32_t *member)
{
    for (int64_t i = 0; i < h->n; i++) {
        int32_t x[2], y[2], z[2], b[3], at[3];
        ball_bins(h, 0, h->f[i][0], radius, x);
        ball_bins(h, 1, h->f[i][1], radius, y);
        ball_bins(h, 2, h->f[i][2], radius, z);
        for (b[0] = x[0]; b[0] <= x[1]; b[0]++) {
            for (b[1] = y[0]; b[1] <= y[1]; b[1]++) {
                for (b[2] = z[0]; b[2] <= z[1]; b[2]++) {
                    for (int k = 0; k < 3; k++) at[k] = ((b[k] % h->bins[k]) + h->bins[k]) % h->bins[k];
                    int32_t *slot = &start[bin_number(h, at)];
                    if (member != NULL) member[*slot] = (int32_t)i;
                    ++*slot;
                }
            }
        }
    }
}

static bool bins_make(differ_host *h)
{
    const double radius = 1.2 * DIFFER_FIRST_LOOK * h->tolerance;
    bins_shape(h, radius);
    const int64_t bins = (int64_t)h->bins[0] * h->bins[1] * h->bins[2];
    h->start = calloc((size_t)bins + 2, sizeof *h->start);
    if (h->start == NULL) return false;
    bins_walk(h, radius, h->start + 1, NULL);
    for (int64_t b = 0; b < bins; b++) h->start[b + 1] += h->start[b];
    h->member = malloc(((size_t)h->start[bins] + 1) * sizeof *h->member);
    if (h->member == NULL) return false;
    /* listing moves each start to the next bin's, which is where it belongs one place further */
    bins_walk(h, radius, h->start, h->member);
    memmove(h->start + 1, h->start, (size_t)bins * sizeof *h->start);
    h->start[0] = 0;
    return true;
}

int32_t differ_site(const differ_host *h, const mtx_cell *cell, const double f[3], double radius2,
                    int32_t t[3], double off[3])
{
    int32_t b[3];
    for (int k = 0; k < 3; k++) {
        const double inside = h->axes[k] ? f[k] - floor(f[k]) : f[k];
        const double bin = (inside - h->low[k]) * h->per[k];
        if (!h->axes[k] && !(bin >= 0.0 && bin < h->bins[k])) return -1;
        b[k] = (int32_t)bin;
        if (b[k] >= h->bins[k]) b[k] = h->bins[k] - 1;
    }
    const int64_t bin = bin_number(h, b);
    for (int32_t m = h->start[bin]; m < h->start[bin + 1]; m++) {
        const int32_t i = h->member[m];
        double df[3] = {f[0] - h->f[i][0], f[1] - h->f[i][1], f[2] - h->f[i][2]};
        differ_nearest(h->axes, df, t);
        if (differ_length2(cell, df, off) < radius2) return i;
    }
    return -1;
}

/* Sites per host cell that fall on a site of their own species when the host is moved by d; stops early
 * when that can no longer exceed `enough`. */
static int64_t sites_right(const differ_host *h, const double d[3], int64_t enough)
{
    int64_t right = 0;
    const double radius2 = 4.0 * h->tolerance * h->tolerance;
    for (int64_t i = 0; i < h->n && right + (h->n - i) > enough; i++) {
        const double f[3] = {h->f[i][0] + d[0], h->f[i][1] + d[1], h->f[i][2] + d[2]};
        int32_t t[3];
        double off[3];
        const int32_t at = differ_site(h, &h->lattice, f, radius2, t, off);
        if (at >= 0 && h->Z[at] == h->Z[i]) right++;
    }
    return right;
}

static void difference(const differ_host *h, int64_t a, int64_t b, double d[3])
{
    int32_t image[3];
    for (int k = 0; k < 3; k++) d[k] = h->f[a][k] - h->f[b][k];
    differ_nearest(h->axes, d, image);
}

/* Translations that map the host on itself, and one site of each set of sites that they connect. */
static bool centrings_find(differ_host *h)
{
    h->centring = malloc((size_t)(h->n + 1) * sizeof *h->centring);
    h->candidate = malloc((size_t)(h->n + 1) * sizeof *h->candidate);
    char *seen = calloc((size_t)h->n + 1, 1);
    if (h->centring == NULL || h->candidate == NULL || seen == NULL) {
        free(seen);
        return false;
    }
    for (int64_t i = 0; i < h->n; i++) {
        double d[3];
        difference(h, i, 0, d);
        if (i > 0 && (h->Z[i] != h->Z[0] || sites_right(h, d, h->n - 1) < h->n)) continue;
        memcpy(h->centring[h->centrings++], d, sizeof d);
    }
    for (int64_t i = 0; i < h->n; i++) {
        if (seen[i]) continue;
        h->candidate[h->candidates++] = (int32_t)i;
        for (int64_t k = 0; k < h->centrings; k++) {
            const double *d = h->centring[k],
                         f[3] = {h->f[i][0] + d[0], h->f[i][1] + d[1], h->f[i][2] + d[2]};
            int32_t t[3];
            double off[3];
            const int32_t at = differ_site(h, &h->lattice, f, 4.0 * h->tolerance * h->tolerance, t, off);
            if (at >= 0) seen[at] = 1;
        }
    }
    free(seen);
    return true;
}

/* The most sites that a registration other than the true one (and its centrings) can have right. */
static void rival_find(differ_host *h)
{
    h->rival = h->n;
    if ((double)h->candidates * (double)h->n * (double)h->n > ANALYSIS_MAX) return;
    int64_t most = 0;
    for (int64_t c = 0; c < h->candidates; c++) {
        for (int64_t i = 0; i < h->n; i++) {
            double d[3];
            difference(h, i, h->candidate[c], d);
            const int64_t right = sites_right(h, d, most);
            if (right < h->n && right > most) most = right;
        }
    }
    h->rival = most;
}

mtx_status differ_host_make(differ_host *h, const mtx_structure *host, const uint8_t axes[3],
                            double tolerance, mtx_problem *problem)
{
    double given[3][3], reduced[3][3];
    differ_host_free(h);
    h->n = host->n;
    h->given_tolerance = tolerance;
    memcpy(h->cell, host->cell, sizeof h->cell);
    for (int k = 0; k < 3; k++) h->axes[k] = axes[k] != 0;
    if (host->n < 1 || host->n > INT32_MAX / 64) {
        return rt_problem_set(problem, MTX_EINVAL, "E0655", "a host of %lld sites", (long long)host->n);
    }
    h->r = malloc((size_t)host->n * sizeof *h->r);
    h->Z = malloc((size_t)host->n * sizeof *h->Z);
    h->f = malloc((size_t)host->n * sizeof *h->f);
    if (h->r == NULL || h->Z == NULL || h->f == NULL) return rt_no_memory(problem);
    memcpy(h->r, host->r, (size_t)host->n * sizeof *h->r);
    memcpy(h->Z, host->Z, (size_t)host->n * sizeof *h->Z);

    differ_along((const double(*)[3])host->cell, h->axes, given);
    mtx_status status = mtx_cell_make((const double(*)[3])given, h->axes, &h->lattice, problem);
    if (status == MTX_OK) status = mtx_cell_reduce(&h->lattice, reduced, h->change, problem);
    if (status == MTX_OK) status = mtx_cell_make((const double(*)[3])reduced, h->axes, &h->lattice, problem);
    if (status == MTX_OK) status = host_tolerance(h, problem);
    if (status != MTX_OK) return status;
    mtx_cell_fractional(&h->lattice, (const double(*)[3])h->r, h->n, h->f);
    for (int64_t i = 0; i < h->n; i++) {
        for (int k = 0; k < 3; k++) {
            if (fabs(h->f[i][k]) < 1e6) continue;
            return rt_problem_set(problem, MTX_EDATA, "E0652",
                                  "host site %lld is at (%g, %g, %g), which is not a place", (long long)i,
                                  h->r[i][0], h->r[i][1], h->r[i][2]);
        }
    }
    if (!bins_make(h) || !centrings_find(h)) return rt_no_memory(problem);
    rival_find(h);
    h->ready = true;
    return MTX_OK;
}

bool differ_host_same(const differ_host *h, const mtx_structure *host, const uint8_t axes[3],
                      double tolerance)
{
    if (!h->ready || h->n != host->n || h->given_tolerance != tolerance) return false;
    for (int k = 0; k < 3; k++) {
        if (h->axes[k] != (axes[k] != 0)) return false;
    }
    return memcmp(h->cell, host->cell, sizeof h->cell) == 0 &&
           memcmp(h->r, host->r, (size_t)h->n * sizeof *h->r) == 0 &&
           memcmp(h->Z, host->Z, (size_t)h->n * sizeof *h->Z) == 0;
}
