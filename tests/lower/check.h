/* SPDX-License-Identifier: Apache-2.0
 *
 * check.h: what the lowering tests share: random structures, batches, and the comparison of compiled kernels
 * with the interpreter, frame by frame, on all frames at once and on ranges of frames.
 */
#ifndef MTX_TESTS_LOWER_CHECK_H
#define MTX_TESTS_LOWER_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "infer.h"
#include "interp.h"

#ifndef ROUNDING
#define ROUNDING 1e-12 /* of the largest number of an output                                        */
#endif
#define SMALL    0.1   /* sums of numbers near 1 that cancel to less are compared with this              */

/* ---- random numbers: splitmix64 */
typedef struct dice {
    uint64_t state;
} dice;

static inline uint64_t roll(dice *d)
{
    uint64_t z = (d->state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static inline double uniform(dice *d, double lo, double hi)
{
    return lo + (hi - lo) * (double)(roll(d) >> 11) * 0x1p-53;
}

static inline int pick(dice *d, int n)
{
    return (int)(roll(d) % (uint64_t)n);
}

/* ---- structures */
typedef struct check_pool {
    int n, z[128];
} check_pool;

/* elements that a program takes for one of its structures: a few common ones, unless it indexes lists by them */
static inline check_pool check_elements(const program *p, uint32_t of)
{
    check_pool pool = {.n = 4, .z = {1, 8, 16, 42}};
    uint64_t bits[2];
    if (!program_elements(p, of, bits)) return pool;
    pool.n = 0;
    for (int z = 1; z < 119; z++)
        if (bits[z / 64] >> z % 64 & 1) pool.z[pool.n++] = z;
    return pool;
}

static inline void check_column(mtx_structure *s, dice *d)
{
    mtx_column *charge = mtx_structure_add_column(s, "charge", MTX_COL_REAL, 1);
    mtx_column *charges = mtx_structure_add_column(s, "charges", MTX_COL_REAL, 1);
    mtx_column *dipole = mtx_structure_add_column(s, "dipole", MTX_COL_REAL, 3);
    mtx_column *forces = mtx_structure_add_column(s, "forces", MTX_COL_REAL, 3);
    mtx_column *field = mtx_structure_add_info(s, "field", MTX_COL_REAL, 1);
    for (int64_t k = 0; k < s->n; k++) charge->real[k] = charges->real[k] = uniform(d, -1, 1);
    for (int64_t k = 0; k < 3 * s->n; k++) dipole->real[k] = forces->real[k] = uniform(d, -1, 1);
    field->real[0] = uniform(d, 0.5, 2);
}

/* n atoms no two of which are closer than 0.8 within the cell; axes: bit k, the lattice vector k repeats */
static inline void check_structure(mtx_structure *s, dice *d, int n, unsigned axes, const check_pool *pool)
{
    mtx_structure_init(s);
    mtx_structure_reserve(s, n > 0 ? n : 1);
    s->n = n;
    double edge = 2.2 + 1.2 * cbrt(n);
    for (int k = 0; k < 3; k++) {
        s->pbc[k] = axes >> k & 1;
        for (int c = 0; c < 3; c++)
            s->cell[k][c] =
                axes ? (k == c ? edge * uniform(d, 0.9, 1.2) : edge * uniform(d, -0.25, 0.25)) : 0;
    }
    for (int i = 0; i < n; i++) {
        s->Z[i] = pool->z[pick(d, pool->n)];
        for (int tries = 0; tries < 1000; tries++) {
            bool apart = true;
            for (int c = 0; c < 3; c++) s->r[i][c] = uniform(d, 0, edge);
            for (int j = 0; j < i; j++) {
                double d2 = 0;
                for (int c = 0; c < 3; c++) d2 += pow(s->r[i][c] - s->r[j][c], 2);
                apart &= d2 > 0.64;
            }
            if (apart) break;
        }
    }
    check_column(s, d);
}

/* ---- a batch of a program's structures */
typedef struct sample {
    int64_t nb;
    mtx_structure *s;
    const mtx_structure **frame;
    mtx_batch *batch;
    double *param;
} sample;

/* some numbers for the parameters of a program, the same every time; to be freed after the batch */
static inline double *check_params(const program *p, mtx_batch *batch)
{
    uint64_t n = program_param_numbers(p);
    double *param = malloc((n + 1) * sizeof *param);
    dice d = {17};
    for (uint64_t k = 0; k < n; k++) param[k] = uniform(&d, -1, 1);
    mtx_batch_set_param(batch, param);
    return param;
}

static inline bool is_host_and_sample(const program *p)
{
    for (uint32_t k = 0; k < p->sets.n; k++)
        if (p->sets.at[k].kind == SET_DIFFER) return true;
    return false;
}

/* a host cell and supercells of it with vacancies and substitutions */
static inline void check_defects(mtx_structure *s, dice *d, const mtx_structure *host, unsigned axes,
                                 int hurt)
{
    int times[3] = {1, 1, 1}, n = 0;
    for (int k = 0; k < 3; k++)
        if (axes >> k & 1) times[k] = 2;
    mtx_structure_init(s);
    mtx_structure_reserve(s, host->n * 8);
    for (int k = 0; k < 3; k++) {
        s->pbc[k] = axes >> k & 1;
        for (int c = 0; c < 3; c++) s->cell[k][c] = host->cell[k][c] * times[k];
    }
    for (int t = 0; t < times[0] * times[1] * times[2]; t++)
        for (int64_t i = 0; i < host->n; i++) {
            int shift[3] = {t % times[0], t / times[0] % times[1], t / times[0] / times[1]};
            int kind = hurt ? pick(d, 6) : 5;
            if (kind == 0) continue;
            for (int c = 0; c < 3; c++) {
                s->r[n][c] = host->r[i][c];
                for (int k = 0; k < 3; k++) s->r[n][c] += shift[k] * host->cell[k][c];
            }
            s->Z[n++] = kind == 1 ? 79 : host->Z[i];
        }
    s->n = n;
    check_column(s, d);
}

static inline bool sample_make(sample *x, const program *p, uint64_t seed, int64_t nb, int most)
{
    dice d = {seed};
    uint32_t slots = p->slots.n;
    bool differ = is_host_and_sample(p);
    x->nb = nb;
    x->s = calloc((size_t)nb * slots + 1, sizeof *x->s);
    x->frame = calloc((size_t)nb * slots + 1, sizeof *x->frame);
    for (int64_t f = 0; f < nb; f++)
        for (uint32_t k = 0; k < slots; k++) {
            mtx_structure *s = &x->s[k * nb + f];
            check_pool pool = check_elements(p, k);
            if (differ && k == 1)
                check_defects(s, &d, &x->s[f], p->slots.at[k].axes, f != 1);
            else
                check_structure(s, &d, f == 2 ? 1 : 2 + pick(&d, most - 1), p->slots.at[k].axes, &pool);
            x->frame[k * nb + f] = s;
        }
    x->batch = mtx_batch_new();
    x->param = check_params(p, x->batch);
    mtx_problem problem;
    memset(&problem, 0, sizeof problem);
    if (interp_prepare(p, x->frame, nb, x->batch, &problem) == MTX_OK) return true;
    print_error("batch: %s\n", problem.message);
    return false;
}

static inline void sample_free(sample *x)
{
    for (size_t k = 0; x->frame && x->frame[k]; k++) mtx_structure_free(&x->s[k]);
    free(x->s);
    free(x->frame);
    mtx_batch_free(x->batch);
    free(x->param);
}

/* ---- running and comparing */
#define ALL_OUTPUTS UINT32_MAX

/* data: numbers of all frames, output by output; want: those of the interpreter, frame f of output k from
 * first[k][f] on */
typedef struct outputs {
    uint32_t n;
    int64_t nb, *size, **first;
    void **data;
    double **want;
    bool *real;
} outputs;

static inline def_id output_def(const program *p, uint32_t number)
{
    for (def_id k = 0; k < p->defs.n; k++)
        if (p->defs.at[k].output && number-- == 0) return k;
    return SETIR_NONE;
}

/* the interpreter's numbers: of all outputs, or of output `only` */
static inline void expect(outputs *o, const program *p, const mtx_view *view, uint32_t only)
{
    interp *x = interp_new(p);
    for (uint32_t k = 0; k < o->n; k++) o->first[k] = calloc((size_t)view->nb + 1, sizeof *o->first[k]);
    for (int64_t f = 0; f < view->nb; f++) {
        interp_bind(x, view, f);
        for (uint32_t k = 0; k < o->n; k++)
            o->first[k][f + 1] = o->first[k][f] + interp_def_size(x, output_def(p, k));
    }
    for (uint32_t k = 0; k < o->n; k++) {
        o->size[k] = o->first[k][view->nb];
        o->want[k] = calloc((size_t)o->size[k] + 1, sizeof *o->want[k]);
    }
    for (int64_t f = 0; f < view->nb; f++) {
        interp_bind(x, view, f); /* outputs of a frame share what they have in common */
        for (uint32_t k = 0; k < o->n; k++) {
            mtx_problem problem;
            memset(&problem, 0, sizeof problem);
            if (only != ALL_OUTPUTS && k != only) continue;
            if (interp_def(x, output_def(p, k), o->want[k] + o->first[k][f], &problem) != MTX_OK)
                print_error("interpreter: %s\n", problem.message);
        }
    }
    interp_free(x);
}

static inline void outputs_make(outputs *o, const program *p, const mtx_view *view, uint32_t only)
{
    memset(o, 0, sizeof *o);
    while (output_def(p, o->n) != SETIR_NONE) o->n++;
    o->nb = view->nb;
    o->size = calloc(o->n + 1, sizeof *o->size);
    o->first = calloc(o->n + 1, sizeof *o->first);
    o->data = calloc(o->n + 1, sizeof *o->data);
    o->want = calloc(o->n + 1, sizeof *o->want);
    o->real = calloc(o->n + 1, sizeof *o->real);
    expect(o, p, view, only);
    for (uint32_t k = 0; k < o->n; k++) {
        o->real[k] = p->defs.at[output_def(p, k)].elem.kind == ELEM_REAL;
        o->data[k] = malloc((size_t)o->size[k] * 8 + 64);
    }
}

/* numbers that nobody wrote are seen */
static inline void outputs_spoil(const outputs *o)
{
    for (uint32_t k = 0; k < o->n; k++) memset(o->data[k], 0xd5, (size_t)o->size[k] * 8);
}

static inline void outputs_free(outputs *o)
{
    for (uint32_t k = 0; k < o->n; k++) {
        free(o->data[k]);
        free(o->want[k]);
        free(o->first[k]);
    }
    free(o->data);
    free(o->want);
    free(o->first);
    free(o->size);
    free(o->real);
}

static inline void run_range(const kernel *k, kernel_fn fn, const mtx_view *view, const outputs *o,
                             int64_t f0, int64_t f1)
{
    size_t bytes = kernel_scratch_bytes(k, view, f0, f1);
    char *scratch = aligned_alloc(64, (bytes + 127) / 64 * 64);
    memset(scratch, 0xd5, bytes);
    fn(view, o->data, scratch, f0, f1);
    free(scratch);
}

static inline double number_at(const outputs *o, uint32_t k, int64_t i)
{
    return o->real[k] ? ((double *)o->data[k])[i] : ((int32_t *)o->data[k])[i];
}

static inline bool near(double a, double b, double scale)
{
    return (isnan(a) && isnan(b)) || a == b || fabs(a - b) <= ROUNDING * scale;
}

/* How much the interpreter's own numbers of an output change when positions, fields and cells move by 1e-13: sums
 * that cancel and choices at a tie follow rounding. */
static inline double *wobble(const program *p, const sample *s, const outputs *want, uint32_t k)
{
    double *most = calloc((size_t)want->size[k] + 1, sizeof *most);
    for (uint64_t seed = 1; seed <= 4; seed++) {
        dice d = {seed};
        sample moved = {.nb = s->nb, .batch = mtx_batch_new()};
        moved.param = check_params(p, moved.batch);
        size_t n = 0;
        while (s->frame[n]) n++;
        moved.s = calloc(n + 1, sizeof *moved.s);
        moved.frame = calloc(n + 1, sizeof *moved.frame);
        for (size_t f = 0; f < n; f++) {
            mtx_structure *m = &moved.s[f];
            mtx_structure_init(m);
            mtx_structure_copy(m, s->frame[f]);
            for (int64_t c = 0; c < 3 * m->n; c++) m->r[c / 3][c % 3] += uniform(&d, -1e-13, 1e-13);
            for (int c = 0; c < 9; c++) m->cell[c / 3][c % 3] *= 1 + uniform(&d, -1e-13, 1e-13);
            for (int32_t c = 0; c < m->n_columns; c++)
                for (int64_t v = 0; v < m->columns[c].rows * m->columns[c].width; v++)
                    m->columns[c].real[v] *= 1 + uniform(&d, -1e-13, 1e-13);
            moved.frame[f] = m;
        }
        mtx_problem problem;
        outputs o;
        if (interp_prepare(p, moved.frame, moved.nb, moved.batch, &problem) == MTX_OK) {
            outputs_make(&o, p, mtx_batch_view(moved.batch), k);
            for (int64_t i = 0; i < want->size[k]; i++) {
                double change = i < o.size[k] ? fabs(o.want[k][i] - want->want[k][i]) : INFINITY;
                if (!(change <= most[i])) most[i] = change;
            }
            outputs_free(&o);
        }
        sample_free(&moved);
    }
    return most;
}

/* A difference counts only when it is more than the interpreter's own wobble. */
static inline bool output_agrees(const program *p, const sample *s, const outputs *o, uint32_t k)
{
    const def *d = &p->defs.at[output_def(p, k)];
    double written = d->has_unit && o->real[k] ? d->out_scale : 1, scale = SMALL, *moves = NULL;
    for (int64_t i = 0; i < o->size[k]; i++)
        if (isfinite(o->want[k][i]) && fabs(o->want[k][i]) > scale) scale = fabs(o->want[k][i]);
    bool good = true;
    for (int64_t f = 0; f < o->nb && good; f++)
        for (int64_t i = o->first[k][f]; i < o->first[k][f + 1] && good; i++) {
            double got = number_at(o, k, i), want = o->want[k][i] * written;
            if (near(got, want, scale * fabs(written))) continue;
            if (!moves) moves = wobble(p, s, o, k);
            good = fabs(got - want) <= 10 * moves[i];
            if (!good)
                print_error("output %s frame %ld element %ld: %.17g, interpreter %.17g (scale %g)\n",
                            d->id ? d->id : "?", (long)f, (long)(i - o->first[k][f]), got, want, scale);
        }
    free(moves);
    return good;
}

static inline bool outputs_agree(const program *p, const sample *s, const outputs *o)
{
    bool good = true;
    for (uint32_t k = 0; k < o->n; k++) good &= output_agrees(p, s, o, k);
    return good;
}

/* each output with no other wanted */
static inline void run_alone(const kernel *k, kernel_fn fn, const mtx_view *view, const outputs *o)
{
    outputs alone = *o;
    alone.data = calloc(o->n + 1, sizeof *alone.data);
    for (uint32_t m = 0; m < o->n; m++) {
        alone.data[m] = o->data[m];
        run_range(k, fn, view, &alone, 0, view->nb);
        alone.data[m] = NULL;
    }
    free(alone.data);
}

/* all frames at once, then in two pieces, then each output alone */
static inline bool kernel_agrees(const program *p, const module *m, kernel_fn fn, const sample *s)
{
    const mtx_view *view = mtx_batch_view(s->batch);
    int64_t cut = view->nb / 2;
    outputs o;
    outputs_make(&o, p, view, ALL_OUTPUTS);
    outputs_spoil(&o);
    run_range(m->main, fn, view, &o, 0, view->nb);
    bool good = outputs_agree(p, s, &o);
    if (good) {
        outputs_spoil(&o);
        run_range(m->main, fn, view, &o, cut, view->nb);
        run_range(m->main, fn, view, &o, 0, cut);
        good = outputs_agree(p, s, &o);
        if (!good) print_error("  (in two ranges of frames)\n");
    }
    if (good) {
        outputs_spoil(&o);
        run_alone(m->main, fn, view, &o);
        good = outputs_agree(p, s, &o);
        if (!good) print_error("  (each output alone)\n");
    }
    outputs_free(&o);
    return good;
}

#endif
