/* SPDX-License-Identifier: Apache-2.0
 *
 * neighbors_row.h: the rows of a neighbour list, written once and compiled into each kernel. The including
 * file defines
 *   NB_KERNEL                 name of the kernel
 *   NB_TARGET                 attributes of its functions
 *   nb_select_run(...)        append to `stage` the slots of a run that may be within reach
 *   nb_expand(...)            write the pairs of the staged slots, lean or not, return the new end
 */

/* Distance from x to the interval [low, low + edge], 0 inside. */
static inline NB_TARGET float nb_gap(float x, float low, float edge)
{
    const float below = low - x, above = x - (low + edge);
    const float gap = below > above ? below : above;
    return gap > 0.0f ? gap : 0.0f;
}

/* Stage the hits of one column, leaving out the atom itself. */
static inline NB_TARGET int64_t nb_select_column(const nb_grid *g, nb_probe p, const int32_t *start,
                                                 float rest2, int32_t self, int64_t hits)
{
    const float half = sqrtf(rest2);
    const int32_t begin = start[nb_bin(p.u - half, g->per_u, g->nu)];
    const int32_t end = start[nb_bin(p.u + half, g->per_u, g->nu) + 1];
    if ((uint32_t)self - (uint32_t)begin < (uint32_t)end - (uint32_t)begin) {
        hits = nb_select_run(g, p, begin, self, hits);
        return nb_select_run(g, p, self + 1, end, hits);
    }
    return nb_select_run(g, p, begin, end, hits);
}

static inline NB_TARGET int64_t nb_select(const nb_grid *g, int32_t self)
{
    const nb_probe p = {g->u[self], g->v[self], g->w[self]};
    const int32_t w_last = nb_bin(p.w + g->reach, g->per_w, g->nw);
    const int32_t v_first = nb_bin(p.v - g->reach, g->per_v, g->nv);
    const int32_t v_last = nb_bin(p.v + g->reach, g->per_v, g->nv);
    int64_t hits = 0;
    for (int32_t kw = nb_bin(p.w - g->reach, g->per_w, g->nw); kw <= w_last; kw++) {
        const float gap_w = nb_gap(p.w, (float)kw * g->edge_w, g->edge_w);
        const float rest_w = g->reach2 - gap_w * gap_w;
        for (int32_t kv = v_first; kv <= v_last; kv++) {
            const float gap_v = nb_gap(p.v, (float)kv * g->edge_v, g->edge_v);
            const float rest = rest_w - gap_v * gap_v;
            if (!(rest > 0.0f)) continue;
            const int32_t *start = g->start + ((int64_t)kw * g->nv + kv) * g->nu;
            hits = nb_select_column(g, p, start, rest, self, hits);
        }
    }
    return hits;
}

/* The pairs of a row, their first ends and shifts too or not. */
static NB_TARGET int64_t nb_expand_lean(const nb_grid *g, nb_rows *rows, int64_t hits, int64_t end)
{
    return nb_expand(g, &g->atom[rows->next], (int32_t)rows->base, hits, rows->out, end, true, &rows->coincident);
}

static NB_TARGET int64_t nb_expand_full(const nb_grid *g, nb_rows *rows, int64_t hits, int64_t first)
{
    const int32_t i = (int32_t)(rows->base + rows->next);
    const int64_t end = nb_expand(g, &g->atom[rows->next], (int32_t)rows->base, hits, rows->out, first, false,
                                  &rows->coincident);
    for (int64_t k = first; k < end; k++) rows->out->i[k] = i;
    return end;
}

NB_TARGET void NB_KERNEL(const nb_grid *g, nb_rows *rows)
{
    mtx_pairs *out = rows->out;
    const bool lean = out->sz == NULL;
    int64_t end = out->n;
    rows->needed = 0;
    while (rows->next < g->atoms) {
        const int64_t i = rows->next;
        const int64_t hits = nb_select(g, g->atom[i].slot);
        if (end + hits > rows->capacity) {
            rows->needed = hits;
            break;
        }
        end = lean ? nb_expand_lean(g, rows, hits, end) : nb_expand_full(g, rows, hits, end);
        if (rows->coincident) break;
        out->row[rows->base + i + 1] = end;
        rows->next++;
    }
    out->n = end;
}
