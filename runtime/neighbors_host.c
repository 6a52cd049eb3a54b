/* SPDX-License-Identifier: Apache-2.0
 *
 * neighbors_host.c: neighbour lists that a host program has made, with ghost atoms in place of images. In:
 * its positions and full list; out: rows of an mtx_pairs as compiled code reads them, within our cutoff. When
 * the host says which atom each ghost stands for, pairs end at that atom and have reverse pairs, so that the
 * list is as good as one of our own. Ghosts are not made here, nor communicated.
 */
#include "neighbors.h"

#include <math.h>

/* A pair this close to the cutoff may have its reverse on the other side: ghosts are placed with rounding. */
#define AT_CUTOFF 1e-9
/* How far the displacement of a pair and the negative one of its reverse may differ, angstrom. */
#define SAME_PLACE 1e-6

static mtx_status refuse(mtx_problem *problem, int64_t atom, const char *words)
{
    rt_problem_set(problem, MTX_EINVAL, "E0656", "atom %lld: %s", (long long)atom, words);
    if (problem != NULL) problem->atom = atom;
    return MTX_EINVAL;
}

static mtx_status check_list(const mtx_host_list *h, double cutoff, unsigned flags, mtx_problem *problem)
{
    if (!(cutoff > 0.0) || !isfinite(cutoff))
        return rt_problem_set(problem, MTX_EINVAL, "E0655", "the cutoff is %g, not a positive length",
                              cutoff);
    if (h->size != sizeof *h || h->owned < 0 || h->all < h->owned || h->all > INT32_MAX / 2)
        return rt_problem_set(problem, MTX_EINVAL, "E0656",
                              "the host has %lld atoms of its own and %lld with ghosts", (long long)h->owned,
                              (long long)h->all);
    const bool rows = h->row != NULL && h->neighbor != NULL;
    const bool lists = h->count != NULL && h->first != NULL;
    if (h->owned > 0 && (rows == lists || h->r == NULL))
        return rt_problem_set(problem, MTX_EINVAL, "E0656",
                              "a host's list is positions and either `row` with `neighbor` or `count` with `first`");
    if ((flags & MTX_PAIRS_REVERSE) && h->owner == NULL)
        return rt_problem_set(problem, MTX_EINVAL, "E0656",
                              "reverse pairs need the owners of the ghosts, and the host gives none");
    for (int64_t g = h->owned; h->owner != NULL && g < h->all; g++)
        if (h->owner[g] < 0 || h->owner[g] >= h->owned) return refuse(problem, g, "a ghost of no atom");
    return MTX_OK;
}

static const int32_t *neighbors_of(const mtx_host_list *h, int64_t i, int64_t *n)
{
    if (h->row == NULL) {
        *n = h->count[i];
        return h->first[i];
    }
    *n = h->row[i + 1] - h->row[i];
    return h->neighbor + h->row[i];
}

/* The pairs of atom i within the cutoff, behind those that are there. */
static mtx_status measure_row(const mtx_host_list *h, int64_t i, double cutoff, unsigned flags,
                              mtx_pairs *out, mtx_problem *problem)
{
    int64_t n;
    const int32_t *row = neighbors_of(h, i, &n);
    if (n < 0) return refuse(problem, i, "a row of negative length");
    if (!nb_result_reserve(out, 0, n, flags)) return rt_no_memory(problem);
    for (int64_t k = 0; k < n; k++) {
        const int32_t j = h->mask != 0 ? row[k] & h->mask : row[k];
        if (j < 0 || j >= h->all || j == i) return refuse(problem, i, "its row names no other atom");
        const double x = h->r[j][0] - h->r[i][0], y = h->r[j][1] - h->r[i][1], z = h->r[j][2] - h->r[i][2];
        const double dist2 = (x * x + y * y) + z * z;
        if (!(dist2 >= NB_COINCIDENT2)) return refuse(problem, i, "a neighbour at the same place, or nowhere");
        if (!(dist2 < cutoff * cutoff)) continue;
        const int64_t at = out->n++;
        out->j[at] = h->owner != NULL && j >= h->owned ? h->owner[j] : j;
        if (out->i != NULL) {
            out->i[at] = (int32_t)i;
            out->sx[at] = out->sy[at] = out->sz[at] = 0;
        }
        out->dx[at] = x;
        out->dy[at] = y;
        out->dz[at] = z;
        out->dist[at] = sqrt(dist2);
    }
    return MTX_OK;
}

/* The pair of row j that ends at i and is the nearest to the negative of pair k; -1: none. */
static int64_t reverse_of(const mtx_pairs *p, int64_t k)
{
    int64_t best = -1;
    double least = SAME_PLACE * SAME_PLACE;
    for (int64_t m = p->row[p->j[k]]; m < p->row[p->j[k] + 1]; m++) {
        if (p->j[m] != p->i[k]) continue;
        const double x = p->dx[m] + p->dx[k], y = p->dy[m] + p->dy[k], z = p->dz[m] + p->dz[k];
        const double off = (x * x + y * y) + z * z;
        if (off < least) {
            least = off;
            best = m;
        }
    }
    return best;
}

/* Without the pairs whose rev is -1; the others move up. */
static void drop_lonely(mtx_pairs *p, int64_t *place)
{
    int64_t end = 0, k = 0;
    for (int64_t i = 0; i < p->atoms; i++) {
        for (; k < p->row[i + 1]; k++) {
            place[k] = p->rev[k] < 0 ? -1 : end;
            if (p->rev[k] < 0) continue;
            p->i[end] = p->i[k];
            p->j[end] = p->j[k];
            p->dx[end] = p->dx[k];
            p->dy[end] = p->dy[k];
            p->dz[end] = p->dz[k];
            p->dist[end] = p->dist[k];
            p->rev[end++] = p->rev[k];
        }
        p->row[i + 1] = end;
    }
    p->n = p->pair_ptr[p->structures] = end;
    for (k = 0; k < end; k++) p->rev[k] = place[p->rev[k]];
}

/* Every pair with its reverse, as exact negatives of each other. */
static mtx_status join_reverse(mtx_pairs *p, double cutoff, mtx_problem *problem)
{
    nb_scratch *s = p->scratch;
    int64_t *place = nb_buffer_reserve(&s->buffer[NB_ALONG], p->n, sizeof *place, 0);
    if (place == NULL) return rt_no_memory(problem);
    bool lonely = false;
    for (int64_t k = 0; k < p->n; k++) {
        p->rev[k] = reverse_of(p, k);
        if (p->rev[k] >= 0) continue;
        if (p->dist[k] < cutoff - AT_CUTOFF)
            return refuse(problem, p->i[k], "a pair without its reverse: is the list full, are the owners right?");
        lonely = true;
    }
    if (lonely) drop_lonely(p, place);
    for (int64_t k = 0; k < p->n; k++) {
        const int64_t m = p->rev[k];
        if (p->rev[m] != k) return refuse(problem, p->i[k], "two ghosts at the same place");
        if (m < k) continue;
        p->dx[m] = -p->dx[k];
        p->dy[m] = -p->dy[k];
        p->dz[m] = -p->dz[k];
        p->dist[m] = p->dist[k];
    }
    return MTX_OK;
}

static mtx_status fill(const mtx_host_list *h, double cutoff, unsigned flags, mtx_pairs *out,
                       mtx_problem *problem)
{
    if (out->scratch == NULL) out->scratch = nb_scratch_new();
    if (out->scratch == NULL || !nb_result_reserve(out, h->owned, 1, flags)) return rt_no_memory(problem);
    out->row[0] = 0;
    for (int64_t i = 0; i < h->owned; i++) {
        const mtx_status status = measure_row(h, i, cutoff, flags, out, problem);
        if (status != MTX_OK) return status;
        out->row[i + 1] = out->n;
    }
    nb_result_close(out, h->owned);
    return flags & MTX_PAIRS_REVERSE ? join_reverse(out, cutoff, problem) : MTX_OK;
}

mtx_status mtx_pairs_from_host(const mtx_host_list *h, double cutoff, unsigned flags, mtx_pairs *out,
                               mtx_problem *problem)
{
    mtx_pairs_clear(out);
    mtx_status status = check_list(h, cutoff, flags, problem);
    if (status == MTX_OK) status = fill(h, cutoff, flags, out, problem);
    if (status != MTX_OK) mtx_pairs_clear(out);
    return status;
}
