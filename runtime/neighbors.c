/* SPDX-License-Identifier: Apache-2.0
 *
 * neighbors.c: neighbour lists, the public side. In: positions, lattice, cutoff; out: rows of an mtx_pairs.
 * Here are the checks, the memory of the result and the choice of the kernel; the search itself is in
 * neighbors_grid.c (slots) and neighbors_row.h (rows), reverse pairs in neighbors_reverse.c, moving atoms
 * in neighbors_update.c.
 */
#include "neighbors.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- memory of the result */

void mtx_pairs_init(mtx_pairs *p)
{
    *p = (mtx_pairs){0};
}

void mtx_pairs_clear(mtx_pairs *p)
{
    p->n = p->atoms = p->structures = 0;
    if (p->row != NULL) p->row[0] = 0;
    if (p->pair_ptr != NULL) p->pair_ptr[0] = 0;
    if (p->atom_ptr != NULL) p->atom_ptr[0] = 0;
}

void mtx_pairs_free(mtx_pairs *p)
{
    if (p == NULL) return;
    void *all[] = {p->row, p->i,  p->j,    p->sx,  p->sy,       p->sz,      p->dx,
                   p->dy,  p->dz, p->dist, p->rev, p->pair_ptr, p->atom_ptr};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) rt_aligned_free(all[k]);
    nb_scratch_free(p->scratch);
    mtx_pairs_init(p);
}

static void ends_free(mtx_pairs *p)
{
    int32_t **const all[] = {&p->sz, &p->sy, &p->sx, &p->i};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        rt_aligned_free(*all[k]);
        *all[k] = NULL;
    }
}

/* First ends and shifts, or none of them; `sz` is the last to be there and the first to go. */
static bool ends_reserve(mtx_pairs *p, int64_t capacity)
{
    RT_GROW(p->i, p->n, capacity + NB_SLACK);
    RT_GROW(p->sx, p->n, capacity + NB_SLACK);
    RT_GROW(p->sy, p->n, capacity + NB_SLACK);
    RT_GROW(p->sz, p->n, capacity + NB_SLACK);
    return true;
}

static bool pairs_reserve(mtx_pairs *p, int64_t n, bool lean)
{
    if (lean) ends_free(p);
    const bool fits = n <= p->pair_capacity, complete = lean || p->sz != NULL || p->pair_capacity == 0;
    if (fits && complete) return true;
    const int64_t half_more = p->pair_capacity + p->pair_capacity / 2;
    const int64_t capacity = fits ? p->pair_capacity : n > half_more ? n : half_more;
    /* one array at a time: after a failure every array still has at least the old capacity */
    if (!lean && !ends_reserve(p, capacity)) return false;
    if (fits) return true;
    RT_GROW(p->j, p->n, capacity + NB_SLACK);
    RT_GROW(p->dx, p->n, capacity + NB_SLACK);
    RT_GROW(p->dy, p->n, capacity + NB_SLACK);
    RT_GROW(p->dz, p->n, capacity + NB_SLACK);
    RT_GROW(p->dist, p->n, capacity + NB_SLACK);
    p->pair_capacity = capacity;
    return true;
}

static bool rev_reserve(mtx_pairs *p, int64_t used)
{
    if (p->pair_capacity <= p->rev_capacity) return true;
    RT_GROW(p->rev, used, p->pair_capacity + NB_SLACK);
    p->rev_capacity = p->pair_capacity;
    return true;
}

static bool rows_reserve(mtx_pairs *p, int64_t atoms)
{
    if (p->row != NULL && atoms <= p->atom_capacity) return true;
    const int64_t half_more = p->atom_capacity + p->atom_capacity / 2;
    const int64_t capacity = atoms > half_more ? atoms : half_more;
    RT_GROW(p->row, p->row == NULL ? 0 : p->atoms + 1, capacity + 1 + NB_SLACK);
    p->atom_capacity = capacity;
    return true;
}

static bool structures_reserve(mtx_pairs *p, int64_t structures)
{
    if (p->pair_ptr != NULL && structures <= p->structure_capacity) return true;
    const int64_t capacity = structures + p->structure_capacity / 2 + 8;
    RT_GROW(p->pair_ptr, p->pair_ptr == NULL ? 0 : p->structures + 1, capacity + 1 + NB_SLACK);
    RT_GROW(p->atom_ptr, p->atom_ptr == NULL ? 0 : p->structures + 1, capacity + 1 + NB_SLACK);
    p->structure_capacity = capacity;
    return true;
}

bool nb_result_reserve(mtx_pairs *out, int64_t atoms, int64_t pairs, unsigned flags)
{
    return rows_reserve(out, out->atoms + atoms) && structures_reserve(out, out->structures + 1) &&
           pairs_reserve(out, out->n + pairs, nb_lean(flags)) &&
           (!(flags & MTX_PAIRS_REVERSE) || rev_reserve(out, out->n));
}

void nb_result_close(mtx_pairs *out, int64_t atoms)
{
    /* vectors of pairs end here, and compute with what they find */
    for (int64_t k = out->n; out->pair_capacity > 0 && k < out->n + 8; k++)
        out->dx[k] = out->dy[k] = out->dz[k] = out->dist[k] = 1.0;
    out->row[0] = 0;
    out->atom_ptr[0] = 0;
    out->pair_ptr[0] = 0;
    out->atoms += atoms;
    out->structures++;
    out->atom_ptr[out->structures] = out->atoms;
    out->pair_ptr[out->structures] = out->n;
}

/* ---- kernels */

const nb_kernels *nb_kernels_of(unsigned flags)
{
#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
    static const nb_kernels avx512 = {"avx512", nb_rows_avx512, nb_measure_avx512, nb_match_avx512};
    static const nb_kernels avx2 = {"avx2", nb_rows_avx2, nb_measure_portable, nb_match_avx2};
    const bool has_avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                            __builtin_cpu_supports("avx512dq");
    if (!(flags & (MTX_PAIRS_PORTABLE | MTX_PAIRS_AVX2)) && has_avx512) return &avx512;
    if (!(flags & MTX_PAIRS_PORTABLE) && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return &avx2;
#else
    (void)flags;
#endif
    static const nb_kernels portable = {"portable", nb_rows_portable, nb_measure_portable, NULL};
    return &portable;
}

const char *mtx_neighbors_kernel(unsigned flags)
{
    return nb_kernels_of(flags)->name;
}

/* ---- coincident atoms */

static double slot_distance2(const nb_grid *g, const nb_slot *slot, const nb_atom *atom)
{
    double sum = 0.0;
    for (int c = 0; c < 3; c++) {
        const double d = (slot->at[c] - g->slot[atom->slot].at[c]) + g->image[slot->image].move[c];
        sum += d * d;
    }
    return sum;
}

/* Name the pair that stopped the rows; error path, so a plain search will do. */
static mtx_status coincident(const nb_grid *g, int64_t i, mtx_problem *problem)
{
    const nb_atom *atom = &g->atom[i];
    int64_t k = 0;
    while (k < g->slots && (k == atom->slot || !(slot_distance2(g, &g->slot[k], atom) < NB_COINCIDENT2))) k++;
    if (k >= g->slots) return rt_problem_set(problem, MTX_EDATA, "E0653", "two atoms are at the same place");
    const nb_slot *slot = &g->slot[k];
    int32_t s[3];
    for (int c = 0; c < 3; c++) s[c] = g->image[slot->image].s[c] + atom->shift[c];
    const double distance = sqrt(slot_distance2(g, slot, atom));
    if ((s[0] | s[1] | s[2]) == 0) {
        rt_problem_set(problem, MTX_EDATA, "E0653",
                       "atoms %lld and %d are at the same place (%.2g angstrom apart)", (long long)i,
                       slot->j, distance);
    } else {
        rt_problem_set(
            problem, MTX_EDATA, "E0653",
            "atom %lld is at the same place as the image (%d %d %d) of atom %d (%.2g angstrom apart)",
            (long long)i, s[0], s[1], s[2], slot->j, distance);
    }
    if (problem != NULL) problem->atom = i;
    return MTX_EDATA;
}

/* ---- the search */

static mtx_status arguments(int64_t n, double cutoff, unsigned flags, const mtx_pairs *out, mtx_problem *problem)
{
    if (!(cutoff > 0.0) || !isfinite(cutoff)) {
        return rt_problem_set(problem, MTX_EINVAL, "E0655", "the cutoff is %g, not a positive length",
                              cutoff);
    }
    if (n < 0 || n > INT32_MAX / 2 || out->atoms > INT32_MAX / 2 - n) {
        return rt_problem_set(problem, MTX_EINVAL, "E0655", "%lld atoms are more than one batch can hold",
                              (long long)(out->atoms + n));
    }
    if (out->n > 0 && (out->i == NULL) != nb_lean(flags)) {
        return rt_problem_set(problem, MTX_EINVAL, "E0655", "the structures before are %s, this one is not",
                              out->i == NULL ? "lean" : "not lean and would lose their shifts");
    }
    return MTX_OK;
}

/* Run the kernel until all rows are done; the room for pairs grows by what the first rows tell. */
static mtx_status rows_fill(const nb_grid *g, unsigned flags, mtx_pairs *out, mtx_problem *problem)
{
    nb_search *search = nb_kernels_of(flags)->search;
    const int64_t base = out->atoms, first = out->n;
    nb_rows rows = {.out = out, .capacity = out->pair_capacity, .base = base};
    out->row[base] = out->n;
    for (;;) {
        search(g, &rows);
        if (rows.coincident) {
            out->n = first;
            return coincident(g, rows.next, problem);
        }
        if (rows.next >= g->atoms) return MTX_OK;
        const double per_row =
            rows.next > 0 ? (double)(out->n - first) / (double)rows.next : (double)rows.needed;
        const double rest = 1.05 * per_row * (double)(g->atoms - rows.next);
        if (!(rest < 1e17) || !pairs_reserve(out, out->n + rows.needed + (int64_t)rest + 1024, nb_lean(flags))) {
            out->n = first;
            return rt_no_memory(problem);
        }
        rows.capacity = out->pair_capacity;
    }
}

mtx_status mtx_neighbors_append(const double (*r)[3], const double cell[3][3], const uint8_t pbc[3],
                                int64_t n, double cutoff, unsigned flags, mtx_pairs *out,
                                mtx_problem *problem)
{
    mtx_status status = arguments(n, cutoff, flags, out, problem);
    if (status != MTX_OK) return status;
    if (out->scratch == NULL) out->scratch = nb_scratch_new();
    if (out->scratch == NULL || !nb_result_reserve(out, n, 0, nb_lean(flags) ? MTX_PAIRS_LEAN : 0)) {
        return rt_no_memory(problem);
    }
    nb_grid grid;
    status = nb_grid_make(out->scratch, r, cell, pbc, n, cutoff, &grid, problem);
    if (status != MTX_OK) return status;
    const int64_t first = out->n;
    status = rows_fill(&grid, flags, out, problem);
    if (status != MTX_OK) return status;
    if (flags & MTX_PAIRS_REVERSE) {
        if (!rev_reserve(out, first) || !nb_reverse(out->scratch, out, out->atoms, first, flags)) {
            out->n = first;
            return rt_no_memory(problem);
        }
    }
    nb_result_close(out, n);
    return MTX_OK;
}

mtx_status mtx_neighbors_build(const double (*r)[3], const double cell[3][3], const uint8_t pbc[3], int64_t n,
                               double cutoff, unsigned flags, mtx_pairs *out, mtx_problem *problem)
{
    mtx_pairs_clear(out);
    return mtx_neighbors_append(r, cell, pbc, n, cutoff, flags, out, problem);
}
