/* SPDX-License-Identifier: Apache-2.0
 *
 * emit_fixture.h: what the tests of the emitters share: an arena that fails the test when it is exhausted, a
 * batch of random molecules with neighbour rows (set 0 atoms, set 1 pairs; inputs 0 positions, 1 species, 2 a
 * field of two columns), hand-built kernels on it, and running a kernel.
 */
#ifndef MTX_EMIT_FIXTURE_H
#define MTX_EMIT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "loop_build.h"

/* ---- memory, numbers */

static jmp_buf fixture_guard;
static arena fixture_arena;

static inline void fixture_open(void)
{
    arena_init(&fixture_arena, &fixture_guard);
    if (setjmp(fixture_guard)) fail_msg("memory exhausted");
}

static uint64_t fixture_seed = 1;

static inline uint64_t fixture_random(void) /* splitmix64 */
{
    uint64_t z = (fixture_seed += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static inline double fixture_real(double lo, double hi)
{
    return lo + (hi - lo) * (double)(fixture_random() >> 11) * 0x1p-53;
}

static inline int64_t fixture_int(int64_t lo, int64_t hi) /* both included */
{
    return lo + (int64_t)(fixture_random() % (uint64_t)(hi - lo + 1));
}

/* ---- the batch */

enum { FIXTURE_FRAMES = 5, FIXTURE_ATOMS_MOST = 30, FIXTURE_CUTOFF = 3 };

typedef struct fixture_batch {
    mtx_view view;
    mtx_set_view set[2];
    const void *input[3];
    const double *cells[1];
    double *r, *field, *x, *y, *z, *dist;
    int32_t *species, *i, *j;
    int64_t *atom_ptr, *pair_ptr, *row;
} fixture_batch;

static inline void *fixture_array(size_t n, size_t size)
{
    size_t bytes = (n * size + 64 + 63) / 64 * 64;
    void *p = aligned_alloc(64, bytes);
    assert_non_null(p);
    memset(p, 0, bytes);
    return p;
}

/* frame 2 is empty, frame 3 has one atom; atoms far apart have empty rows */
static inline fixture_batch *fixture_batch_new(void)
{
    fixture_batch *b = calloc(1, sizeof *b);
    assert_non_null(b);
    b->atom_ptr = fixture_array(FIXTURE_FRAMES + 1, 8);
    b->pair_ptr = fixture_array(FIXTURE_FRAMES + 1, 8);
    const int64_t sizes[FIXTURE_FRAMES] = {7, FIXTURE_ATOMS_MOST, 0, 1, 12};
    for (int f = 0; f < FIXTURE_FRAMES; f++) b->atom_ptr[f + 1] = b->atom_ptr[f] + sizes[f];
    int64_t n = b->atom_ptr[FIXTURE_FRAMES], most = n * FIXTURE_ATOMS_MOST, pairs = 0;
    b->r = fixture_array((size_t)n * 3, 8);
    b->field = fixture_array((size_t)n * 2, 8);
    b->species = fixture_array((size_t)n, 4);
    b->row = fixture_array((size_t)n + 1, 8);
    b->i = fixture_array((size_t)most, 4);
    b->j = fixture_array((size_t)most, 4);
    double **component[4] = {&b->x, &b->y, &b->z, &b->dist};
    for (int c = 0; c < 4; c++) *component[c] = fixture_array((size_t)most, 8);
    static const int32_t elements[] = {1, 6, 8, 16, 42};
    for (int64_t k = 0; k < n; k++) {
        b->species[k] = elements[fixture_int(0, 4)];
        for (int c = 0; c < 3; c++) b->r[3 * k + c] = fixture_real(-3.0, 3.0);
        b->field[2 * k] = fixture_real(0.5, 2.0);
        b->field[2 * k + 1] = fixture_real(-1.0, 1.0);
    }
    for (int f = 0; f < FIXTURE_FRAMES; f++) {
        for (int64_t i = b->atom_ptr[f]; i < b->atom_ptr[f + 1]; i++) {
            for (int64_t j = b->atom_ptr[f]; j < b->atom_ptr[f + 1]; j++) {
                double d[3] = {b->r[3 * j] - b->r[3 * i], b->r[3 * j + 1] - b->r[3 * i + 1],
                               b->r[3 * j + 2] - b->r[3 * i + 2]};
                double dist = sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
                if (j == i || dist >= FIXTURE_CUTOFF) continue;
                b->i[pairs] = (int32_t)i;
                b->j[pairs] = (int32_t)j;
                b->x[pairs] = d[0];
                b->y[pairs] = d[1];
                b->z[pairs] = d[2];
                b->dist[pairs++] = dist;
            }
            b->row[i + 1] = pairs;
            int64_t length = pairs - b->row[i];
            b->set[1].max_row = length > b->set[1].max_row ? length : b->set[1].max_row;
        }
        b->pair_ptr[f + 1] = pairs;
        int64_t in_frame = pairs - b->pair_ptr[f];
        b->set[1].max_frame = in_frame > b->set[1].max_frame ? in_frame : b->set[1].max_frame;
    }
    b->set[0].n = n;
    b->set[0].max_frame = FIXTURE_ATOMS_MOST;
    b->set[0].ptr = b->atom_ptr;
    b->set[1].n = pairs;
    b->set[1].ptr = b->pair_ptr;
    b->set[1].row = b->row;
    b->set[1].i = b->i;
    b->set[1].j = b->j;
    b->set[1].x = b->x;
    b->set[1].y = b->y;
    b->set[1].z = b->z;
    b->set[1].dist = b->dist;
    b->input[0] = b->r;
    b->input[1] = b->species;
    b->input[2] = b->field;
    b->view = (mtx_view){FIXTURE_FRAMES, b->set, b->input, b->cells, NULL};
    return b;
}

static inline void fixture_batch_free(fixture_batch *b)
{
    void *all[] = {b->r, b->field, b->x,        b->y,        b->z,   b->dist, b->species,
                   b->i, b->j,     b->atom_ptr, b->pair_ptr, b->row, b};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) free(all[k]);
}

/* ---- parts of kernels */

typedef struct fixture_parts {
    kernel *k;
    buffer_id atom_ptr, row, j, x, y, z, dist, r, species, field;
    lblock *atoms; /* body of the loop over the atoms of the frames */
    lvalue frame, i;
    lblock *frames; /* body of the loop over the frames */
} fixture_parts;

/* for f in f0..f1 { for i in atoms of f { } } */
static inline fixture_parts fixture_kernel(const char *words, uint32_t n_outputs)
{
    kernel *k = kernel_new(&fixture_arena, words, n_outputs);
    fixture_parts p = {.k = k};
    p.atom_ptr = kernel_view_buffer(k, BUF_SET_PTR, LT_I64, 0, "atom.ptr");
    p.row = kernel_view_buffer(k, BUF_SET_ROW, LT_I64, 1, "bond.row");
    p.j = kernel_view_buffer(k, BUF_SET_J, LT_I32, 1, "bond.j");
    p.x = kernel_view_buffer(k, BUF_SET_X, LT_F64, 1, "bond.x");
    p.y = kernel_view_buffer(k, BUF_SET_Y, LT_F64, 1, "bond.y");
    p.z = kernel_view_buffer(k, BUF_SET_Z, LT_F64, 1, "bond.z");
    p.dist = kernel_view_buffer(k, BUF_SET_DIST, LT_F64, 1, "bond.dist");
    p.r = kernel_view_buffer(k, BUF_INPUT, LT_F64, 0, "r");
    p.species = kernel_view_buffer(k, BUF_INPUT, LT_I32, 1, "Z");
    p.field = kernel_view_buffer(k, BUF_INPUT, LT_F64, 2, "charge");
    lstmt *frames = lb_for(k, &k->body, "f", lx_value(k, KERNEL_F0), lx_value(k, KERNEL_F1));
    p.frame = frames->loop.index;
    p.frames = &frames->loop.body;
    return p;
}

static inline lexpr *fixture_first(const fixture_parts *p)
{
    return lx_load(p->k, p->atom_ptr, lx_value(p->k, p->frame));
}

static inline lexpr *fixture_end(const fixture_parts *p)
{
    return lx_load(p->k, p->atom_ptr, lx_2(p->k, L_IADD, lx_value(p->k, p->frame), lx_i64(p->k, 1)));
}

static inline void fixture_atoms(fixture_parts *p)
{
    lstmt *atoms = lb_for(p->k, p->frames, "i", fixture_first(p), fixture_end(p));
    p->i = atoms->loop.index;
    p->atoms = &atoms->loop.body;
}

/* the loop over the pairs of atom i */
static inline lstmt *fixture_row(fixture_parts *p, lblock *to, const char *words)
{
    kernel *k = p->k;
    lexpr *next = lx_2(k, L_IADD, lx_value(k, p->i), lx_i64(k, 1));
    return lb_for(k, to, words, lx_load(k, p->row, lx_value(k, p->i)), lx_load(k, p->row, next));
}

/* ---- running: outputs are zeroed arrays of `size[o]` bytes; frames [f0, f1) */

static inline void fixture_run(const kernel *k, kernel_fn fn, const fixture_batch *b, void *const *out,
                               int64_t f0, int64_t f1)
{
    size_t bytes = kernel_scratch_bytes(k, &b->view, f0, f1);
    assert_true(bytes != SIZE_MAX);
    unsigned char *scratch = fixture_array(bytes + 64, 1);
    memset(scratch, 0xa5, bytes); /* kernels must not count on zeros */
    memset(scratch + bytes, 0x5a, 64);
    fn(&b->view, out, (char *)scratch, f0, f1);
    for (int g = 0; g < 64; g++)
        assert_int_equal(scratch[bytes + (size_t)g], 0x5a); /* nor write beyond what they asked for */
    free(scratch);
}

/* largest difference relative to the larger magnitude; equal NaN and infinities do not differ */
static inline double fixture_difference(const double *a, const double *b, size_t n)
{
    double worst = 0.0;
    for (size_t k = 0; k < n; k++) {
        if (a[k] == b[k] || (isnan(a[k]) && isnan(b[k]))) continue;
        double scale = fmax(fabs(a[k]), fabs(b[k])), d = fabs(a[k] - b[k]) / scale;
        worst = !(d <= worst) ? d : worst;
        if (isnan(d) || isinf(d)) return INFINITY;
    }
    return worst;
}

#endif
