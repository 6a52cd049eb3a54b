/* SPDX-License-Identifier: Apache-2.0
 *
 * neighbors_portable.c: rows of a neighbour list in plain C, for any machine; the other kernels give the
 * same bits.
 */
#include "neighbors.h"

#include <math.h>

#ifdef __clang__
#pragma STDC FP_CONTRACT OFF
#endif

#define NB_KERNEL      nb_rows_portable
#define NB_MATCH       nb_match_portable
#define NB_MATCH_WIDTH 1
#define NB_TARGET

/* Every candidate is written, hits stay: no branch to mispredict. */
static inline int64_t nb_select_run(const nb_grid *g, nb_probe p, int32_t begin, int32_t end, int64_t hits)
{
    for (int32_t k = begin; k < end; k++) {
        const float u = g->u[k] - p.u, v = g->v[k] - p.v, w = g->w[k] - p.w;
        g->stage[hits] = k;
        hits += u * u + v * v + w * w < g->reach2;
    }
    return hits;
}

static NB_INLINE int64_t nb_expand(const nb_grid *g, const nb_atom *atom, int32_t base, int64_t hits,
                                   mtx_pairs *out, int64_t end, const bool lean, bool *coincident)
{
    const double *own = g->slot[atom->slot].at;
    for (int64_t k = 0; k < hits; k++) {
        const nb_slot *slot = &g->slot[g->stage[k]];
        const nb_image *image = &g->image[slot->image];
        const double dx = (slot->at[0] - own[0]) + image->move[0];
        const double dy = (slot->at[1] - own[1]) + image->move[1];
        const double dz = (slot->at[2] - own[2]) + image->move[2];
        const double dist2 = (dx * dx + dy * dy) + dz * dz;
        out->j[end] = base + slot->j;
        if (!lean) {
            out->sx[end] = image->s[0] + atom->shift[0];
            out->sy[end] = image->s[1] + atom->shift[1];
            out->sz[end] = image->s[2] + atom->shift[2];
        }
        out->dx[end] = dx;
        out->dy[end] = dy;
        out->dz[end] = dz;
        out->dist[end] = sqrt(dist2);
        *coincident = *coincident || dist2 < NB_COINCIDENT2;
        end += dist2 < g->cutoff2;
    }
    return end;
}

#include "neighbors_row.h"
