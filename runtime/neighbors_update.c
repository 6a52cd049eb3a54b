/* SPDX-License-Identifier: Apache-2.0
 *
 * neighbors_update.c: neighbour lists of atoms that move a little from call to call (Verlet 1967). In:
 * positions; out: the list within the cutoff. Pairs within cutoff + skin are kept from the last full
 * search; until an atom has moved half the skin they hold every pair within the cutoff, and are only
 * measured again: d = d_then + (moved_j - moved_i), as exact as the search itself however far away the
 * atoms are.
 */
#include "neighbors.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#ifdef __clang__
#pragma STDC FP_CONTRACT OFF
#endif

struct nb_verlet {
    mtx_pairs wide; /* pairs within cutoff + skin, at the positions `then`      */
    nb_buffer then, moved;
    double cell[3][3], cutoff, skin;
    uint8_t pbc[3];
    int64_t n;
    unsigned flags;
    bool ready;
};

void nb_verlet_free(nb_verlet *v)
{
    if (v == NULL) return;
    mtx_pairs_free(&v->wide);
    rt_aligned_free(v->then.data);
    rt_aligned_free(v->moved.data);
    free(v);
}

/* Whether the kept pairs were found for the same question. */
static bool same_question(const nb_verlet *v, const double cell[3][3], const uint8_t pbc[3], int64_t n,
                          double cutoff, double skin, unsigned flags)
{
    if (!v->ready || v->n != n || v->cutoff != cutoff || v->skin != skin || v->flags != flags) return false;
    return memcmp(v->cell, cell, sizeof v->cell) == 0 && memcmp(v->pbc, pbc, sizeof v->pbc) == 0;
}

/* How far each atom has moved, four numbers an atom; false when one has moved half the skin or more. */
static bool moves(const double (*r)[3], const double (*then)[3], int64_t n, double skin, double (*moved)[4])
{
    const double most = 0.25 * skin * skin;
    bool good = true;
    for (int64_t i = 0; i < n; i++) {
        const double x = r[i][0] - then[i][0], y = r[i][1] - then[i][1], z = r[i][2] - then[i][2];
        moved[i][0] = x;
        moved[i][1] = y;
        moved[i][2] = z;
        moved[i][3] = 0.0;
        good = good && x * x + y * y + z * z < most;
    }
    return good;
}

bool nb_measure_portable(const mtx_pairs *wide, const double (*moved)[4], double cutoff2, mtx_pairs *out)
{
    int64_t end = 0;
    bool apart = true;
    for (int64_t i = 0; i < wide->atoms; i++) {
        const double *own = moved[i];
        for (int64_t k = wide->row[i]; k < wide->row[i + 1]; k++) {
            const double *other = moved[wide->j[k]];
            const double x = wide->dx[k] + (other[0] - own[0]);
            const double y = wide->dy[k] + (other[1] - own[1]);
            const double z = wide->dz[k] + (other[2] - own[2]);
            const double dist2 = (x * x + y * y) + z * z;
            out->j[end] = wide->j[k];
            if (out->i != NULL) {
                out->i[end] = (int32_t)i;
                out->sx[end] = wide->sx[k];
                out->sy[end] = wide->sy[k];
                out->sz[end] = wide->sz[k];
            }
            out->dx[end] = x;
            out->dy[end] = y;
            out->dz[end] = z;
            out->dist[end] = sqrt(dist2);
            const bool keep = dist2 < cutoff2;
            apart = apart && dist2 >= NB_COINCIDENT2;
            end += keep;
        }
        out->row[i + 1] = end;
    }
    out->n = end;
    return apart;
}

static nb_verlet *verlet_of(mtx_pairs *out)
{
    if (out->scratch == NULL) out->scratch = nb_scratch_new();
    nb_scratch *s = out->scratch;
    if (s != NULL && s->verlet == NULL) {
        s->verlet = calloc(1, sizeof *s->verlet);
        if (s->verlet != NULL) mtx_pairs_init(&s->verlet->wide);
    }
    return s == NULL ? NULL : s->verlet;
}

static mtx_status search_wide(nb_verlet *v, const double (*r)[3], const double cell[3][3],
                              const uint8_t pbc[3], int64_t n, double cutoff, double skin, unsigned flags,
                              mtx_problem *problem)
{
    v->ready = false;
    const unsigned other = flags & ~(unsigned)(MTX_PAIRS_REVERSE | MTX_PAIRS_LEAN);
    const mtx_status status = mtx_neighbors_build(r, cell, pbc, n, cutoff + skin,
                                                  nb_lean(flags) ? other | MTX_PAIRS_LEAN : other, &v->wide, problem);
    if (status != MTX_OK) return status;
    void *then = nb_buffer_reserve(&v->then, n, 3 * sizeof(double), 0);
    if (then == NULL || nb_buffer_reserve(&v->moved, n, 4 * sizeof(double), 0) == NULL) {
        return rt_no_memory(problem);
    }
    memcpy(then, r, (size_t)n * 3 * sizeof(double));
    for (int64_t k = 0; k < 8 && v->wide.pair_capacity > 0; k++) v->wide.j[v->wide.n + k] = 0;
    memset(v->moved.data, 0, (size_t)n * 4 * sizeof(double));
    memcpy(v->cell, cell, sizeof v->cell);
    memcpy(v->pbc, pbc, sizeof v->pbc);
    v->n = n;
    v->cutoff = cutoff;
    v->skin = skin;
    v->flags = flags;
    v->ready = true;
    return MTX_OK;
}

mtx_status mtx_neighbors_update(const double (*r)[3], const double cell[3][3], const uint8_t pbc[3],
                                int64_t n, double cutoff, double skin, unsigned flags, mtx_pairs *out,
                                bool *searched, mtx_problem *problem)
{
    if (!(skin >= 0.0) || !isfinite(skin) || !(cutoff > 0.0)) {
        return rt_problem_set(problem, MTX_EINVAL, "E0655", "the cutoff is %g and the skin %g, not lengths",
                              cutoff, skin);
    }
    nb_verlet *v = verlet_of(out);
    if (v == NULL) return rt_no_memory(problem);
    mtx_pairs_clear(out);
    const bool kept = same_question(v, cell, pbc, n, cutoff, skin, flags) &&
                      moves(r, (const double(*)[3])v->then.data, n, skin, v->moved.data);
    if (searched != NULL) *searched = !kept;
    if (!kept) {
        const mtx_status status = search_wide(v, r, cell, pbc, n, cutoff, skin, flags, problem);
        if (status != MTX_OK) return status;
    }
    if (!nb_result_reserve(out, n, v->wide.n, flags)) return rt_no_memory(problem);
    out->row[0] = 0;
    nb_measure *measure = nb_kernels_of(flags)->measure;
    if (!measure(&v->wide, (const double(*)[4])v->moved.data, cutoff * cutoff, out)) {
        /* the full search knows how to say which atoms coincide */
        return mtx_neighbors_build(r, cell, pbc, n, cutoff, flags, out, problem);
    }
    /* a pair and its reverse have the same length, so they were kept or dropped together */
    if ((flags & MTX_PAIRS_REVERSE) && !nb_reverse(out->scratch, out, 0, 0, flags)) {
        out->n = 0;
        return rt_no_memory(problem);
    }
    nb_result_close(out, n);
    return MTX_OK;
}
