/* SPDX-License-Identifier: Apache-2.0
 *
 * neighbors_avx512.c: rows of a neighbour list with 16 candidates or 8 pairs at a time. Compiled for x86-64
 * only and called only where the processor has AVX-512 F, VL and DQ.
 */
#include "neighbors.h"

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))

#include <immintrin.h>
#include <math.h>

#ifdef __clang__
#pragma STDC FP_CONTRACT OFF
#endif

#define NB_KERNEL      nb_rows_avx512
#define NB_MATCH       nb_match_avx512
#define NB_MATCH_WIDTH 32
#define NB_TARGET      __attribute__((target("avx512f,avx512vl,avx512dq,avx2,fma,bmi,bmi2,popcnt")))

static inline NB_TARGET int64_t nb_select_run(const nb_grid *g, nb_probe p, int32_t begin, int32_t end,
                                              int64_t hits)
{
    const __m512 pu = _mm512_set1_ps(p.u), pv = _mm512_set1_ps(p.v), pw = _mm512_set1_ps(p.w);
    const __m512 reach2 = _mm512_set1_ps(g->reach2);
    const __m512i last = _mm512_set1_epi32(end);
    __m512i index = _mm512_add_epi32(_mm512_set1_epi32(begin),
                                     _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
    for (int32_t k = begin; k < end; k += 16) {
        const __m512 u = _mm512_sub_ps(_mm512_loadu_ps(g->u + k), pu);
        const __m512 v = _mm512_sub_ps(_mm512_loadu_ps(g->v + k), pv);
        const __m512 w = _mm512_sub_ps(_mm512_loadu_ps(g->w + k), pw);
        const __m512 dist2 = _mm512_fmadd_ps(w, w, _mm512_fmadd_ps(v, v, _mm512_mul_ps(u, u)));
        const __mmask16 inside = _mm512_cmplt_epi32_mask(index, last);
        const __mmask16 hit = _mm512_mask_cmp_ps_mask(inside, dist2, reach2, _CMP_LT_OQ);
        /* compress in a register: compressing to memory is microcode on Zen 4 */
        _mm512_storeu_si512(g->stage + hits, _mm512_maskz_compress_epi32(hit, index));
        hits += __builtin_popcount(hit);
        index = _mm512_add_epi32(index, _mm512_set1_epi32(16));
    }
    return hits;
}

/* two[k] = x y z t of vector k, x y z t of vector k + 4; to one vector per component. */
static inline NB_TARGET void nb_transpose(const __m512d two[4], __m512d d[4])
{
    const __m512d xz01_low = _mm512_unpacklo_pd(two[0], two[1]); /* x0 x1 z0 z1 x4 x5 z4 z5 */
    const __m512d xz23_low = _mm512_unpacklo_pd(two[2], two[3]);
    const __m512d y01 = _mm512_unpackhi_pd(two[0], two[1]); /* y0 y1 t0 t1 y4 y5 t4 t5 */
    const __m512d y23 = _mm512_unpackhi_pd(two[2], two[3]);
    const __m512i first = _mm512_setr_epi64(0, 1, 8, 9, 4, 5, 12, 13);
    const __m512i second = _mm512_setr_epi64(2, 3, 10, 11, 6, 7, 14, 15);
    d[0] = _mm512_permutex2var_pd(xz01_low, first, xz23_low);
    d[1] = _mm512_permutex2var_pd(y01, first, y23);
    d[2] = _mm512_permutex2var_pd(xz01_low, second, xz23_low);
    d[3] = _mm512_permutex2var_pd(y01, second, y23);
}

static inline NB_TARGET __m512d nb_join(__m256d low, __m256d high)
{
    return _mm512_insertf64x4(_mm512_castpd256_pd512(low), high, 1);
}

/* Move and shift of the images that 8 staged slots are, added to displacements and, unless lean, shifts. */
static NB_INLINE NB_TARGET void nb_add_images(const nb_grid *g, const int32_t *stage, const bool lean, __m512d d[3],
                                              __m256i s[3])
{
    __m512d two[4], move[4];
    __m256i pair[4];
    for (int k = 0; k < 4; k++) {
        const nb_image *a = &g->image[g->slot[stage[k]].image], *b = &g->image[g->slot[stage[k + 4]].image];
        two[k] = nb_join(_mm256_load_pd(a->move), _mm256_load_pd(b->move));
        const __m128i low = _mm_load_si128((const __m128i *)a->s);
        const __m128i high = _mm_load_si128((const __m128i *)b->s);
        pair[k] = _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
    }
    nb_transpose(two, move);
    for (int c = 0; c < 3; c++) d[c] = _mm512_add_pd(d[c], move[c]);
    if (lean) return;
    const __m256i xy01 = _mm256_unpacklo_epi32(pair[0], pair[1]); /* x0 x1 y0 y1 | x4 x5 y4 y5 */
    const __m256i xy23 = _mm256_unpacklo_epi32(pair[2], pair[3]);
    const __m256i z01 = _mm256_unpackhi_epi32(pair[0], pair[1]);
    const __m256i z23 = _mm256_unpackhi_epi32(pair[2], pair[3]);
    s[0] = _mm256_add_epi32(s[0], _mm256_unpacklo_epi64(xy01, xy23));
    s[1] = _mm256_add_epi32(s[1], _mm256_unpackhi_epi64(xy01, xy23));
    s[2] = _mm256_add_epi32(s[2], _mm256_unpacklo_epi64(z01, z23));
}

/* Displacements, shifts and ends of 8 staged slots, one vector per component. */
static NB_INLINE NB_TARGET __m256i nb_ends(const nb_grid *g, const __m512d at[3], const int32_t *stage,
                                           const bool lean, __m512d d[3], __m256i s[3])
{
    __m512d two[4], part[4];
    for (int k = 0; k < 4; k++) {
        two[k] = nb_join(_mm256_load_pd(g->slot[stage[k]].at), _mm256_load_pd(g->slot[stage[k + 4]].at));
    }
    nb_transpose(two, part);
    const __m512i ends = _mm512_castpd_si512(part[3]); /* j and image in turn */
    for (int c = 0; c < 3; c++) d[c] = _mm512_sub_pd(part[c], at[c]);
    if (_mm512_cmpgt_epi64_mask(ends, _mm512_set1_epi64(INT32_MAX)) != 0) {
        nb_add_images(g, stage, lean, d, s);
    } else { /* -0 becomes 0, as it does with an image */
        for (int c = 0; c < 3; c++) d[c] = _mm512_add_pd(d[c], _mm512_setzero_pd());
    }
    return _mm512_cvtepi64_epi32(ends);
}

static NB_INLINE NB_TARGET int64_t nb_expand(const nb_grid *g, const nb_atom *atom, int32_t base, int64_t hits,
                                             mtx_pairs *out, int64_t end, const bool lean, bool *coincident)
{
    const double *own = g->slot[atom->slot].at;
    const __m512d at[3] = {_mm512_set1_pd(own[0]), _mm512_set1_pd(own[1]),
                           _mm512_set1_pd(own[2])};
    const __m512d cutoff2 = _mm512_set1_pd(g->cutoff2), tiny = _mm512_set1_pd(NB_COINCIDENT2);
    const __m256i first = _mm256_set1_epi32(base);
    for (int64_t k = 0; k < hits; k += 8) {
        __m512d d[3];
        __m256i s[3];
        for (int c = 0; c < 3; c++) s[c] = _mm256_set1_epi32(atom->shift[c]);
        __m256i j = _mm256_add_epi32(nb_ends(g, at, g->stage + k, lean, d, s), first);
        __m512d dist2 = _mm512_add_pd(_mm512_mul_pd(d[0], d[0]), _mm512_mul_pd(d[1], d[1]));
        dist2 = _mm512_add_pd(dist2, _mm512_mul_pd(d[2], d[2]));
        const __mmask8 lanes = hits - k >= 8 ? 0xff : (__mmask8)((1u << (hits - k)) - 1u);
        const __mmask8 keep = _mm512_mask_cmp_pd_mask(lanes, dist2, cutoff2, _CMP_LT_OQ);
        if (__builtin_expect(_mm512_mask_cmp_pd_mask(lanes, dist2, tiny, _CMP_LT_OQ) != 0, 0))
            *coincident = true;
        if (__builtin_expect(keep != lanes, 0)) {
            for (int c = 0; c < 3; c++) d[c] = _mm512_maskz_compress_pd(keep, d[c]);
            for (int c = 0; c < 3 && !lean; c++) s[c] = _mm256_maskz_compress_epi32(keep, s[c]);
            j = _mm256_maskz_compress_epi32(keep, j);
            dist2 = _mm512_maskz_compress_pd(keep, dist2);
        }
        _mm256_storeu_si256((__m256i *)(out->j + end), j);
        if (!lean) {
            _mm256_storeu_si256((__m256i *)(out->sx + end), s[0]);
            _mm256_storeu_si256((__m256i *)(out->sy + end), s[1]);
            _mm256_storeu_si256((__m256i *)(out->sz + end), s[2]);
        }
        _mm512_storeu_pd(out->dx + end, d[0]);
        _mm512_storeu_pd(out->dy + end, d[1]);
        _mm512_storeu_pd(out->dz + end, d[2]);
        _mm512_storeu_pd(out->dist + end, _mm512_sqrt_pd(dist2));
        end += __builtin_popcount(keep);
    }
    return end;
}

static inline NB_TARGET uint32_t nb_equal(const int32_t *entry, int32_t atom)
{
    const __m512i wanted = _mm512_set1_epi32(atom);
    const uint32_t low = _mm512_cmpeq_epi32_mask(_mm512_loadu_si512(entry), wanted);
    const uint32_t high = _mm512_cmpeq_epi32_mask(_mm512_loadu_si512(entry + 16), wanted);
    return low | high << 16;
}

#include "neighbors_match.h"
#include "neighbors_row.h"

/* ---- pairs measured again (neighbors_update.c) */

static inline NB_TARGET void nb_keep_int(int32_t *to, const int32_t *from, __mmask8 keep)
{
    const __m256i v = _mm256_loadu_si256((const __m256i *)from);
    _mm256_storeu_si256((__m256i *)to, _mm256_maskz_compress_epi32(keep, v));
}

/* Pairs k .. k+7 of which `lanes` belong to the row; the new end. */
static inline NB_TARGET int64_t nb_measure_8(const mtx_pairs *wide, const double (*moved)[4], __m256d own,
                                             int64_t k, __mmask8 lanes, __m512d cutoff2, mtx_pairs *out,
                                             int64_t end, bool *apart)
{
    __m512d two[4], d[4];
    const int32_t *j = wide->j + k;
    for (int m = 0; m < 4; m++) {
        two[m] = nb_join(_mm256_sub_pd(_mm256_load_pd(moved[j[m]]), own),
                         _mm256_sub_pd(_mm256_load_pd(moved[j[m + 4]]), own));
    }
    nb_transpose(two, d);
    d[0] = _mm512_add_pd(_mm512_loadu_pd(wide->dx + k), d[0]);
    d[1] = _mm512_add_pd(_mm512_loadu_pd(wide->dy + k), d[1]);
    d[2] = _mm512_add_pd(_mm512_loadu_pd(wide->dz + k), d[2]);
    __m512d dist2 = _mm512_add_pd(_mm512_mul_pd(d[0], d[0]), _mm512_mul_pd(d[1], d[1]));
    dist2 = _mm512_add_pd(dist2, _mm512_mul_pd(d[2], d[2]));
    const __mmask8 keep = _mm512_mask_cmp_pd_mask(lanes, dist2, cutoff2, _CMP_LT_OQ);
    if (_mm512_mask_cmp_pd_mask(lanes, dist2, _mm512_set1_pd(NB_COINCIDENT2), _CMP_LT_OQ) != 0)
        *apart = false;
    nb_keep_int(out->j + end, j, keep);
    if (out->sx != NULL) {
        nb_keep_int(out->sx + end, wide->sx + k, keep);
        nb_keep_int(out->sy + end, wide->sy + k, keep);
        nb_keep_int(out->sz + end, wide->sz + k, keep);
    }
    _mm512_storeu_pd(out->dx + end, _mm512_maskz_compress_pd(keep, d[0]));
    _mm512_storeu_pd(out->dy + end, _mm512_maskz_compress_pd(keep, d[1]));
    _mm512_storeu_pd(out->dz + end, _mm512_maskz_compress_pd(keep, d[2]));
    _mm512_storeu_pd(out->dist + end, _mm512_sqrt_pd(_mm512_maskz_compress_pd(keep, dist2)));
    return end + __builtin_popcount(keep);
}

NB_TARGET bool nb_measure_avx512(const mtx_pairs *wide, const double (*moved)[4], double cutoff2,
                                 mtx_pairs *out)
{
    const __m512d limit = _mm512_set1_pd(cutoff2);
    int64_t end = 0;
    bool apart = true;
    for (int64_t i = 0; i < wide->atoms; i++) {
        const __m256d own = _mm256_loadu_pd(moved[i]);
        const int64_t first = end, last = wide->row[i + 1];
        int64_t k = wide->row[i];
        for (; k + 8 <= last; k += 8) {
            end = nb_measure_8(wide, moved, own, k, 0xff, limit, out, end, &apart);
        }
        if (k < last) {
            const __mmask8 lanes = (__mmask8)((1u << (last - k)) - 1u);
            end = nb_measure_8(wide, moved, own, k, lanes, limit, out, end, &apart);
        }
        for (int64_t m = first; out->i != NULL && m < end; m++) out->i[m] = (int32_t)i;
        out->row[i + 1] = end;
    }
    out->n = end;
    return apart;
}

#endif
