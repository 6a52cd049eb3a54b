/* SPDX-License-Identifier: Apache-2.0
 *
 * neighbors_avx2.c: rows of a neighbour list with 8 candidates or 4 pairs at a time. Compiled for x86-64
 * only and called only where the processor has AVX2 and FMA.
 */
#include "neighbors.h"

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))

#include <immintrin.h>
#include <math.h>

#ifdef __clang__
#pragma STDC FP_CONTRACT OFF
#endif

#define NB_KERNEL      nb_rows_avx2
#define NB_MATCH       nb_match_avx2
#define NB_MATCH_WIDTH 16
#define NB_TARGET      __attribute__((target("avx2,fma,bmi,bmi2,popcnt")))

/* Byte shuffle that brings the 32-bit lanes of a 4-bit mask to the front. */
#define LANE(n) 4 * (n), 4 * (n) + 1, 4 * (n) + 2, 4 * (n) + 3
static const uint8_t pack_lanes[16][16] __attribute__((aligned(16))) = {
    {LANE(0), LANE(1), LANE(2), LANE(3)}, {LANE(0), LANE(1), LANE(2), LANE(3)},
    {LANE(1), LANE(0), LANE(2), LANE(3)}, {LANE(0), LANE(1), LANE(2), LANE(3)},
    {LANE(2), LANE(0), LANE(1), LANE(3)}, {LANE(0), LANE(2), LANE(1), LANE(3)},
    {LANE(1), LANE(2), LANE(0), LANE(3)}, {LANE(0), LANE(1), LANE(2), LANE(3)},
    {LANE(3), LANE(0), LANE(1), LANE(2)}, {LANE(0), LANE(3), LANE(1), LANE(2)},
    {LANE(1), LANE(3), LANE(0), LANE(2)}, {LANE(0), LANE(1), LANE(3), LANE(2)},
    {LANE(2), LANE(3), LANE(0), LANE(1)}, {LANE(0), LANE(2), LANE(3), LANE(1)},
    {LANE(1), LANE(2), LANE(3), LANE(0)}, {LANE(0), LANE(1), LANE(2), LANE(3)},
};

/* Four slot numbers, those of the mask first, to the stage. */
static inline NB_TARGET int64_t nb_stage(int32_t *stage, __m128i index, unsigned mask, int64_t hits)
{
    const __m128i order = _mm_load_si128((const __m128i *)pack_lanes[mask]);
    _mm_storeu_si128((__m128i *)(stage + hits), _mm_shuffle_epi8(index, order));
    return hits + __builtin_popcount(mask);
}

static inline NB_TARGET int64_t nb_select_run(const nb_grid *g, nb_probe p, int32_t begin, int32_t end,
                                              int64_t hits)
{
    const __m256 pu = _mm256_set1_ps(p.u), pv = _mm256_set1_ps(p.v), pw = _mm256_set1_ps(p.w);
    const __m256 reach2 = _mm256_set1_ps(g->reach2);
    const __m256i last = _mm256_set1_epi32(end);
    __m256i index = _mm256_add_epi32(_mm256_set1_epi32(begin), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    for (int32_t k = begin; k < end; k += 8) {
        const __m256 u = _mm256_sub_ps(_mm256_loadu_ps(g->u + k), pu);
        const __m256 v = _mm256_sub_ps(_mm256_loadu_ps(g->v + k), pv);
        const __m256 w = _mm256_sub_ps(_mm256_loadu_ps(g->w + k), pw);
        const __m256 dist2 = _mm256_fmadd_ps(w, w, _mm256_fmadd_ps(v, v, _mm256_mul_ps(u, u)));
        const __m256 inside = _mm256_castsi256_ps(_mm256_cmpgt_epi32(last, index));
        const __m256 hit = _mm256_and_ps(inside, _mm256_cmp_ps(dist2, reach2, _CMP_LT_OQ));
        const unsigned mask = (unsigned)_mm256_movemask_ps(hit);
        hits = nb_stage(g->stage, _mm256_castsi256_si128(index), mask & 15u, hits);
        hits = nb_stage(g->stage, _mm256_extracti128_si256(index, 1), mask >> 4, hits);
        index = _mm256_add_epi32(index, _mm256_set1_epi32(8));
    }
    return hits;
}

/* one[k] = x y z t of vector k; to one vector per component. */
static inline NB_TARGET void nb_transpose(const __m256d one[4], __m256d d[4])
{
    const __m256d xz01 = _mm256_unpacklo_pd(one[0], one[1]), xz23 = _mm256_unpacklo_pd(one[2], one[3]);
    const __m256d yt01 = _mm256_unpackhi_pd(one[0], one[1]), yt23 = _mm256_unpackhi_pd(one[2], one[3]);
    d[0] = _mm256_permute2f128_pd(xz01, xz23, 0x20);
    d[1] = _mm256_permute2f128_pd(yt01, yt23, 0x20);
    d[2] = _mm256_permute2f128_pd(xz01, xz23, 0x31);
    d[3] = _mm256_permute2f128_pd(yt01, yt23, 0x31);
}

/* Move and shift of the images that 4 staged slots are, added to displacements and, unless lean, shifts. */
static NB_INLINE NB_TARGET void nb_add_images(const nb_grid *g, const int32_t *stage, const bool lean, __m256d d[3],
                                              __m128i s[3])
{
    __m256d one[4], move[4];
    __m128i shift[4];
    for (int k = 0; k < 4; k++) {
        const nb_image *image = &g->image[g->slot[stage[k]].image];
        one[k] = _mm256_load_pd(image->move);
        shift[k] = _mm_load_si128((const __m128i *)image->s);
    }
    nb_transpose(one, move);
    for (int c = 0; c < 3; c++) d[c] = _mm256_add_pd(d[c], move[c]);
    if (lean) return;
    const __m128i xy01 = _mm_unpacklo_epi32(shift[0], shift[1]),
                  xy23 = _mm_unpacklo_epi32(shift[2], shift[3]);
    const __m128i z01 = _mm_unpackhi_epi32(shift[0], shift[1]), z23 = _mm_unpackhi_epi32(shift[2], shift[3]);
    s[0] = _mm_add_epi32(s[0], _mm_unpacklo_epi64(xy01, xy23));
    s[1] = _mm_add_epi32(s[1], _mm_unpackhi_epi64(xy01, xy23));
    s[2] = _mm_add_epi32(s[2], _mm_unpacklo_epi64(z01, z23));
}

/* Displacements, shifts and ends of 4 staged slots, one vector per component. */
static NB_INLINE NB_TARGET __m128i nb_ends(const nb_grid *g, const __m256d at[3], const int32_t *stage,
                                           const bool lean, __m256d d[3], __m128i s[3])
{
    __m256d one[4], part[4];
    for (int k = 0; k < 4; k++) one[k] = _mm256_load_pd(g->slot[stage[k]].at);
    nb_transpose(one, part);
    const __m256i ends = _mm256_castpd_si256(part[3]); /* j and image in turn */
    for (int c = 0; c < 3; c++) d[c] = _mm256_sub_pd(part[c], at[c]);
    if (!_mm256_testz_si256(ends, _mm256_slli_epi64(_mm256_set1_epi64x(-1), 32))) {
        nb_add_images(g, stage, lean, d, s);
    } else { /* -0 becomes 0, as it does with an image */
        for (int c = 0; c < 3; c++) d[c] = _mm256_add_pd(d[c], _mm256_setzero_pd());
    }
    const __m256i order = _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7);
    return _mm256_castsi256_si128(_mm256_permutevar8x32_epi32(ends, order));
}

/* Close the gaps that pairs outside the cutoff leave among the 4 just written; rare. */
static inline NB_TARGET void nb_close(mtx_pairs *out, int64_t end, unsigned keep)
{
    int64_t to = end;
    for (int64_t k = end; k < end + 4; k++) {
        if (!((keep >> (k - end)) & 1u)) continue;
        out->j[to] = out->j[k];
        if (out->sx != NULL) {
            out->sx[to] = out->sx[k];
            out->sy[to] = out->sy[k];
            out->sz[to] = out->sz[k];
        }
        out->dx[to] = out->dx[k];
        out->dy[to] = out->dy[k];
        out->dz[to] = out->dz[k];
        out->dist[to] = out->dist[k];
        to++;
    }
}

static NB_INLINE NB_TARGET int64_t nb_expand(const nb_grid *g, const nb_atom *atom, int32_t base, int64_t hits,
                                             mtx_pairs *out, int64_t end, const bool lean, bool *coincident)
{
    const double *own = g->slot[atom->slot].at;
    const __m256d at[3] = {_mm256_set1_pd(own[0]), _mm256_set1_pd(own[1]),
                           _mm256_set1_pd(own[2])};
    const __m256d cutoff2 = _mm256_set1_pd(g->cutoff2), tiny = _mm256_set1_pd(NB_COINCIDENT2);
    const __m128i first = _mm_set1_epi32(base);
    for (int64_t k = 0; k < hits; k += 4) {
        __m256d d[3];
        __m128i s[3];
        for (int c = 0; c < 3; c++) s[c] = _mm_set1_epi32(atom->shift[c]);
        const __m128i j = _mm_add_epi32(nb_ends(g, at, g->stage + k, lean, d, s), first);
        __m256d dist2 = _mm256_add_pd(_mm256_mul_pd(d[0], d[0]), _mm256_mul_pd(d[1], d[1]));
        dist2 = _mm256_add_pd(dist2, _mm256_mul_pd(d[2], d[2]));
        const unsigned lanes = hits - k >= 4 ? 15u : (1u << (hits - k)) - 1u;
        const unsigned keep = lanes & (unsigned)_mm256_movemask_pd(_mm256_cmp_pd(dist2, cutoff2, _CMP_LT_OQ));
        const unsigned same = lanes & (unsigned)_mm256_movemask_pd(_mm256_cmp_pd(dist2, tiny, _CMP_LT_OQ));
        if (__builtin_expect(same != 0, 0)) *coincident = true;
        _mm_storeu_si128((__m128i *)(out->j + end), j);
        if (!lean) {
            _mm_storeu_si128((__m128i *)(out->sx + end), s[0]);
            _mm_storeu_si128((__m128i *)(out->sy + end), s[1]);
            _mm_storeu_si128((__m128i *)(out->sz + end), s[2]);
        }
        _mm256_storeu_pd(out->dx + end, d[0]);
        _mm256_storeu_pd(out->dy + end, d[1]);
        _mm256_storeu_pd(out->dz + end, d[2]);
        _mm256_storeu_pd(out->dist + end, _mm256_sqrt_pd(dist2));
        if (__builtin_expect(keep != lanes, 0)) nb_close(out, end, keep);
        end += __builtin_popcount(keep);
    }
    return end;
}

static inline NB_TARGET uint32_t nb_equal(const int32_t *entry, int32_t atom)
{
    const __m256i wanted = _mm256_set1_epi32(atom);
    const __m256i low = _mm256_loadu_si256((const __m256i *)entry);
    const __m256i high = _mm256_loadu_si256((const __m256i *)(entry + 8));
    const __m256 a = _mm256_castsi256_ps(_mm256_cmpeq_epi32(low, wanted));
    const __m256 b = _mm256_castsi256_ps(_mm256_cmpeq_epi32(high, wanted));
    return (uint32_t)_mm256_movemask_ps(a) | (uint32_t)_mm256_movemask_ps(b) << 8;
}

#include "neighbors_match.h"
#include "neighbors_row.h"

#endif
