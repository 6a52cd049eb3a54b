/* SPDX-License-Identifier: Apache-2.0
 *
 * test_backends.c: hand-built kernels through the C compiler and through LLVM, for every level that this
 * machine runs, against values computed here and against each other; sub-ranges of frames; outputs that are
 * not wanted.
 */
#include "emit_fixture.h"

#include <dlfcn.h>
#include <stdio.h>

enum { OUTPUTS = 4, RESULT_MOST = 4096 };
#define AGREE 1e-14 /* well-conditioned sums; libmvec's functions are good to 4 ulp */

typedef struct sample {
    kernel *k;
    uint32_t n_outputs;
    void (*expected)(const fixture_batch *b, double *const *out);
} sample;

/* ---- radial sums: exp and cos over a row, with a guard on the species of the neighbour */

static kernel *make_radial(void)
{
    fixture_parts p = fixture_kernel("radial", 2);
    fixture_atoms(&p);
    kernel *k = p.k;
    buffer_id all = kernel_view_buffer(k, BUF_OUT, LT_F64, 0, "all"),
              some = kernel_view_buffer(k, BUF_OUT, LT_F64, 1, "oxygen");
    lvalue acc[2] = {lb_var(k, p.atoms, "all", lx_f64(k, 0)), lb_var(k, p.atoms, "oxygen", lx_f64(k, 0))};
    lb_comment(k, p.atoms, "radial sum over bond(i) */ with a tricky comment");
    lstmt *row = fixture_row(&p, p.atoms, "b");
    lblock *in = &row->loop.body;
    lvalue d = lb_let(k, in, "d", lx_load(k, p.dist, lx_value(k, row->loop.index)));
    lexpr *angle = lx_2(k, L_MUL, lx_value(k, d), lx_f64(k, 3.14159265358979323846 / FIXTURE_CUTOFF));
    lexpr *envelope = lx_2(k, L_MUL, lx_f64(k, 0.5), lx_2(k, L_ADD, lx_1(k, L_COS, angle), lx_f64(k, 1.5)));
    lexpr *square = lx_2(k, L_MUL, lx_value(k, d), lx_value(k, d));
    lvalue e = lb_let(k, in, "e", lx_2(k, L_MUL, lx_1(k, L_EXP, lx_1(k, L_NEG, square)), envelope));
    lexpr *z = lx_load(k, p.species, lx_load(k, p.j, lx_value(k, row->loop.index)));
    lb_set(k, in, acc[0], lx_2(k, L_ADD, lx_value(k, acc[0]), lx_value(k, e)));
    lstmt *guard = lb_if(k, in, lx_2(k, L_IEQ, z, lx_i64(k, 8)));
    lb_set(k, &guard->branch.then, acc[1], lx_2(k, L_ADD, lx_value(k, acc[1]), lx_value(k, e)));
    lb_vector(k, row, true, acc, 2);
    lb_store(k, p.atoms, all, lx_value(k, p.i), lx_value(k, acc[0]));
    lstmt *wanted = lb_wanted(k, p.atoms, 1);
    lb_store(k, &wanted->wanted.body, some, lx_value(k, p.i), lx_value(k, acc[1]));
    return k;
}

static void expect_radial(const fixture_batch *b, double *const *out)
{
    for (int64_t i = 0; i < b->set[0].n; i++)
        for (int64_t p = b->row[i]; p < b->row[i + 1]; p++) {
            double d = b->dist[p];
            double e = exp(-d * d) * (0.5 * (cos(d * (3.14159265358979323846 / FIXTURE_CUTOFF)) + 1.5));
            out[0][i] += e;
            out[1][i] += b->species[b->j[p]] == 8 ? e : 0;
        }
}

/* ---- Coulomb spectrum: a matrix in scratch memory, eigenvalues, descending order */

static kernel *make_spectrum(void)
{
    fixture_parts p = fixture_kernel("spectrum", 1);
    kernel *k = p.k;
    buffer_size n2 = {1, {{EXT_MAX_FRAME, 0}, {EXT_MAX_FRAME, 0}}, 2}, n3 = {3, {{EXT_MAX_FRAME, 0}}, 1};
    buffer_id m = kernel_scratch(k, LT_F64, n2, "C"), work = kernel_scratch(k, LT_F64, n3, "work");
    buffer_id out = kernel_view_buffer(k, BUF_OUT, LT_F64, 0, "x");
    lvalue first = lb_let(k, p.frames, "first", fixture_first(&p));
    lvalue n = lb_let(k, p.frames, "n", lx_2(k, L_ISUB, fixture_end(&p), lx_value(k, first)));
    lstmt *rows = lb_for(k, p.frames, "i", lx_i64(k, 0), lx_value(k, n));
    lstmt *columns = lb_for(k, &rows->loop.body, "j", lx_i64(k, 0), lx_value(k, n));
    lblock *in = &columns->loop.body;
    lvalue i = rows->loop.index, j = columns->loop.index;
    lexpr *sum = NULL;
    for (int c = 0; c < 3; c++) {
        lexpr *at[2];
        for (int e = 0; e < 2; e++) {
            lexpr *atom = lx_2(k, L_IADD, lx_value(k, first), lx_value(k, e ? j : i));
            at[e] = lx_load(k, p.r, lx_2(k, L_IADD, lx_2(k, L_IMUL, atom, lx_i64(k, 3)), lx_i64(k, c)));
        }
        lvalue d = lb_let(k, in, "d", lx_2(k, L_SUB, at[0], at[1]));
        lexpr *square = lx_2(k, L_MUL, lx_value(k, d), lx_value(k, d));
        sum = sum ? lx_2(k, L_ADD, sum, square) : square;
    }
    lexpr *same = lx_2(k, L_IEQ, lx_value(k, i), lx_value(k, j));
    lexpr *off = lx_2(k, L_DIV, lx_f64(k, 1), lx_1(k, L_SQRT, sum));
    lexpr *at = lx_2(k, L_IADD, lx_2(k, L_IMUL, lx_value(k, i), lx_value(k, n)), lx_value(k, j));
    lb_store(k, in, m, at, lx_3(k, L_SELECT, same, lx_f64(k, 2.5), off));
    lb_vector(k, columns, true, NULL, 0);
    call_arg eig[] = {lb_buffer_arg(m, lx_i64(k, 0)), lb_value_arg(lx_value(k, n)),
                      lb_buffer_arg(out, lx_value(k, first)), lb_buffer_arg(work, lx_i64(k, 0))};
    lb_call(k, p.frames, CALL_EIGVALS, eig, 4);
    call_arg sort[] = {lb_buffer_arg(out, lx_value(k, first)), lb_value_arg(lx_value(k, n)),
                       lb_value_arg(lx_i64(k, 1))};
    lb_call(k, p.frames, CALL_SORT, sort, 3);
    return k;
}

static void expect_spectrum(const fixture_batch *b, double *const *out)
{
    double m[FIXTURE_ATOMS_MOST * FIXTURE_ATOMS_MOST], work[3 * FIXTURE_ATOMS_MOST];
    for (int f = 0; f < FIXTURE_FRAMES; f++) {
        int64_t first = b->atom_ptr[f], n = b->atom_ptr[f + 1] - first;
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j < n; j++) {
                double d2 = 0;
                for (int c = 0; c < 3; c++)
                    d2 += (b->r[3 * (first + i) + c] - b->r[3 * (first + j) + c]) *
                          (b->r[3 * (first + i) + c] - b->r[3 * (first + j) + c]);
                m[i * n + j] = i == j ? 2.5 : 1 / sqrt(d2);
            }
        mtx_rt_eigvals(m, n, out[0] + first, work);
        mtx_rt_sort(out[0] + first, n, 1);
    }
}

/* ---- triplets: b before c in a row, cosine of the angle, a row table in scratch memory with its stride */

static kernel *make_triplets(void)
{
    fixture_parts p = fixture_kernel("triplets", 1);
    kernel *k = p.k;
    extent longest = {EXT_MAX_ROW, 1};
    buffer_id table = kernel_scratch(k, LT_F64, (buffer_size){1, {longest}, 1}, "g"),
              out = kernel_view_buffer(k, BUF_OUT, LT_F64, 0, "t");
    fixture_atoms(&p);
    lvalue lo = lb_let(k, p.atoms, "lo", lx_load(k, p.row, lx_value(k, p.i)));
    lstmt *fill = fixture_row(&p, p.atoms, "b");
    lexpr *at = lx_2(k, L_ISUB, lx_value(k, fill->loop.index), lx_value(k, lo));
    lb_store(k, &fill->loop.body, table, at,
             lx_1(k, L_EXP, lx_1(k, L_NEG, lx_load(k, p.dist, lx_value(k, fill->loop.index)))));
    lb_vector(k, fill, true, NULL, 0);
    lvalue acc =
        lb_var(k, p.atoms, "acc", lx_2(k, L_MUL, lx_f64(k, 0), lx_1(k, L_TO_F64, lx_extent(k, longest))));
    lstmt *b = fixture_row(&p, p.atoms, "b");
    lexpr *hi = lx_load(k, p.row, lx_2(k, L_IADD, lx_value(k, p.i), lx_i64(k, 1)));
    lstmt *c = lb_for(k, &b->loop.body, "c", lx_2(k, L_IADD, lx_value(k, b->loop.index), lx_i64(k, 1)), hi);
    buffer_id part[3] = {p.x, p.y, p.z};
    lexpr *dot = NULL;
    for (int x = 0; x < 3; x++) {
        lexpr *term = lx_2(k, L_MUL, lx_load(k, part[x], lx_value(k, b->loop.index)),
                           lx_load(k, part[x], lx_value(k, c->loop.index)));
        dot = dot ? lx_2(k, L_ADD, dot, term) : term;
    }
    lexpr *norms = lx_2(k, L_MUL, lx_load(k, p.dist, lx_value(k, b->loop.index)),
                        lx_load(k, p.dist, lx_value(k, c->loop.index)));
    lexpr *weight = NULL;
    for (int e = 0; e < 2; e++) {
        lexpr *g = lx_load(k, table,
                           lx_2(k, L_ISUB, lx_value(k, e ? c->loop.index : b->loop.index), lx_value(k, lo)));
        weight = weight ? lx_2(k, L_MUL, weight, g) : g;
    }
    lexpr *bend = lx_2(k, L_ADD, lx_2(k, L_DIV, dot, norms), lx_f64(k, 2));
    lb_set(k, &c->loop.body, acc, lx_2(k, L_ADD, lx_value(k, acc), lx_2(k, L_MUL, weight, bend)));
    lb_vector(k, c, true, &acc, 1);
    lb_store(k, p.atoms, out, lx_value(k, p.i), lx_value(k, acc));
    return k;
}

static void expect_triplets(const fixture_batch *b, double *const *out)
{
    for (int64_t i = 0; i < b->set[0].n; i++)
        for (int64_t p = b->row[i]; p < b->row[i + 1]; p++)
            for (int64_t q = p + 1; q < b->row[i + 1]; q++) {
                double cosine =
                    (b->x[p] * b->x[q] + b->y[p] * b->y[q] + b->z[p] * b->z[q]) / (b->dist[p] * b->dist[q]);
                out[0][i] += exp(-b->dist[p]) * exp(-b->dist[q]) * (cosine + 2);
            }
}

/* ---- every function at the field of an atom, whole numbers, truths, tables, local arrays, int32 outputs */

static kernel *make_functions(void)
{
    static const double heights[5] = {1, 6, 8, 16, 42};
    fixture_parts p = fixture_kernel("functions", 3);
    fixture_atoms(&p);
    kernel *k = p.k;
    buffer_id out = kernel_view_buffer(k, BUF_OUT, LT_F64, 0, "values"),
              counts = kernel_view_buffer(k, BUF_OUT, LT_I32, 1, "counts");
    buffer_id order = kernel_view_buffer(k, BUF_OUT, LT_I64, 2, "order");
    buffer_id table = kernel_table(k, heights, 5, "heights"), local = kernel_local(k, LT_F64, 4, "small");
    buffer_id flags = kernel_local(k, LT_BOOL, 2, "flags"), places = kernel_local(k, LT_I64, 4, "places");
    lexpr *i2 = lx_2(k, L_IMUL, lx_value(k, p.i), lx_i64(k, 2));
    lvalue x = lb_let(k, p.atoms, "x", lx_load(k, p.field, i2));
    lvalue y = lb_let(k, p.atoms, "y", lx_load(k, p.field, lx_2(k, L_IADD, i2, lx_i64(k, 1))));
    lexpr *vx = lx_value(k, x), *vy = lx_value(k, y);
    const loop_op one[] = {L_SQRT, L_FLOOR, L_EXP,  L_LOG,  L_SIN, L_COS, L_TAN,
                           L_ATAN, L_SINH,  L_COSH, L_TANH, L_ERF, L_ERFC};
    lvalue acc = lb_var(k, p.atoms, "acc", lx_f64(k, 0));
    for (size_t f = 0; f < sizeof one / sizeof *one; f++)
        lb_set(k, p.atoms, acc,
               lx_2(k, L_ADD, lx_2(k, L_MUL, lx_value(k, acc), lx_f64(k, 1.25)), lx_1(k, one[f], vx)));
    lexpr *two[] = {
        lx_1(k, L_ASIN, vy),
        lx_1(k, L_ACOS, vy),
        lx_1(k, L_ABS, vy),
        lx_2(k, L_ATAN2, vy, vx),
        lx_2(k, L_POW, vx, vy),
        lx_2(k, L_MIN, vx, vy),
        lx_2(k, L_MAX, vx, vy),
        lx_3(k, L_FMA, vx, vy, lx_f64(k, 3)),
        lx_2(k, L_SUB, vx, lx_2(k, L_SUB, vy, vx)),
        lx_1(k, L_NEG, lx_1(k, L_NEG, vy)),
        lx_2(k, L_DIV, vy, lx_2(k, L_DIV, vx, vx)),
        lx_3(k, L_SELECT,
             lx_2(k, L_AND, lx_2(k, L_LE, vy, lx_f64(k, 0)), lx_1(k, L_NOT, lx_2(k, L_EQ, vx, vy))), vx,
             lx_f64(k, -4))};
    for (size_t f = 0; f < sizeof two / sizeof *two; f++) {
        lb_store(k, p.atoms, local, lx_i64(k, (int64_t)f % 4), two[f]);
        lb_add(k, p.atoms, local, lx_i64(k, (int64_t)f % 4), lx_f64(k, 0.125));
        lb_set(k, p.atoms, acc,
               lx_2(k, L_ADD, lx_2(k, L_MUL, lx_value(k, acc), lx_f64(k, 1.25)),
                    lx_load(k, local, lx_i64(k, (int64_t)f % 4))));
    }
    call_arg ranks[] = {lb_buffer_arg(local, lx_i64(k, 0)), lb_value_arg(lx_i64(k, 4)),
                        lb_value_arg(lx_i64(k, 0)), lb_buffer_arg(places, lx_i64(k, 0))};
    lb_call(k, p.atoms, CALL_ARGSORT, ranks, 4);
    lb_store(k, p.atoms, order, lx_value(k, p.i), lx_load(k, places, lx_i64(k, 0)));
    lexpr *far = lx_2(k, L_MUL, vy, lx_f64(k, 1e300)),
          *index = lx_1(k, L_TO_I64, lx_2(k, L_MUL, vx, lx_f64(k, 2)));
    lexpr *clipped = lx_2(k, L_IMIN, lx_i64(k, 4),
                          lx_2(k, L_IMAX, lx_i64(k, 0), lx_2(k, L_IADD, index, lx_1(k, L_TO_I64, far))));
    lb_store(k, p.atoms, out, lx_value(k, p.i), lx_2(k, L_ADD, lx_value(k, acc), lx_load(k, table, clipped)));
    lexpr *z = lx_load(k, p.species, lx_value(k, p.i));
    lb_store(k, p.atoms, flags, lx_i64(k, 1),
             lx_2(k, L_OR, lx_2(k, L_ILT, z, lx_i64(k, 2)), lx_2(k, L_ILE, lx_i64(k, 16), z)));
    lstmt *branch = lb_if(k, p.atoms, lx_load(k, flags, lx_i64(k, 1)));
    lb_store(k, &branch->branch.then, counts, lx_value(k, p.i), lx_2(k, L_ISUB, lx_i64(k, -1), z));
    lb_store(k, &branch->branch.other, counts, lx_value(k, p.i), lx_2(k, L_LT, vx, lx_f64(k, 1)));
    return k;
}

static void expect_functions(const fixture_batch *b, double *const *out)
{
    static const double heights[5] = {1, 6, 8, 16, 42};
    int32_t *counts = (int32_t *)out[1];
    int64_t *order = (int64_t *)out[2];
    for (int64_t i = 0; i < b->set[0].n; i++) {
        double x = b->field[2 * i], y = b->field[2 * i + 1], acc = 0, local[4] = {0};
        const double one[] = {sqrt(x), floor(x), exp(x),  log(x),  sin(x), cos(x), tan(x),
                              atan(x), sinh(x),  cosh(x), tanh(x), erf(x), erfc(x)};
        const double two[] = {asin(y),     acos(y),    fabs(y),    atan2(y, x),
                              pow(x, y),   fmin(x, y), fmax(x, y), x * y + 3,
                              x - (y - x), y,          y,          y <= 0 && x != y ? x : -4};
        for (size_t f = 0; f < sizeof one / sizeof *one; f++) acc = acc * 1.25 + one[f];
        for (size_t f = 0; f < sizeof two / sizeof *two; f++) {
            local[f % 4] = two[f] + 0.125;
            acc = acc * 1.25 + local[f % 4];
        }
        for (int c = 1; c < 4; c++) order[i] = local[c] < local[order[i]] ? c : order[i];
        out[0][i] = acc + heights[(int64_t)(2 * x) > 4 ? 4 : (int64_t)(2 * x)];
        bool flag = b->species[i] < 2 || b->species[i] >= 16;
        counts[i] = flag ? -1 - b->species[i] : x < 1;
    }
}

/* ---- a scatter over pairs, with scratch over the pairs of a chunk, indexed from its first */

static kernel *make_chunk(void)
{
    fixture_parts p = fixture_kernel("chunk", 1);
    kernel *k = p.k;
    buffer_id pair_ptr = kernel_view_buffer(k, BUF_SET_PTR, LT_I64, 1, "bond.ptr"),
              ends = kernel_view_buffer(k, BUF_SET_I, LT_I32, 1, "bond.i");
    buffer_id e = kernel_scratch(k, LT_F64, (buffer_size){1, {{EXT_TOTAL, 1}}, 1}, "e"),
              out = kernel_view_buffer(k, BUF_OUT, LT_F64, 0, "sum");
    lblock frames = k->body;
    k->body = (lblock){0};
    lvalue lo = lb_let(k, &k->body, "lo", lx_load(k, pair_ptr, lx_value(k, KERNEL_F0)));
    lvalue hi = lb_let(k, &k->body, "hi", lx_load(k, pair_ptr, lx_value(k, KERNEL_F1)));
    lstmt *fill = lb_for(k, &k->body, "b", lx_value(k, lo), lx_value(k, hi));
    lexpr *d = lx_load(k, p.dist, lx_value(k, fill->loop.index));
    lb_store(k, &fill->loop.body, e, lx_2(k, L_ISUB, lx_value(k, fill->loop.index), lx_value(k, lo)),
             lx_2(k, L_DIV, lx_f64(k, 1), d));
    lb_vector(k, fill, true, NULL, 0);
    lstmt *spread = lb_for(k, &k->body, "b", lx_value(k, lo), lx_value(k, hi));
    lvalue b = spread->loop.index;
    lb_add(k, &spread->loop.body, out, lx_load(k, ends, lx_value(k, b)),
           lx_load(k, e, lx_2(k, L_ISUB, lx_value(k, b), lx_value(k, lo))));
    vec_push(k->memory, &k->body.stmt, frames.stmt.at[0]);
    return k;
}

static void expect_chunk(const fixture_batch *b, double *const *out)
{
    for (int64_t p = 0; p < b->set[1].n; p++) out[0][b->i[p]] += 1 / b->dist[p];
}

/* ---- running them all */

static sample samples[5];
enum { SAMPLES = sizeof samples / sizeof *samples };

static void make_samples(void)
{
    samples[0] = (sample){make_radial(), 2, expect_radial};
    samples[1] = (sample){make_spectrum(), 1, expect_spectrum};
    samples[2] = (sample){make_triplets(), 1, expect_triplets};
    samples[3] = (sample){make_functions(), 3, expect_functions};
    samples[4] = (sample){make_chunk(), 1, expect_chunk};
    for (int s = 0; s < SAMPLES; s++) kernel_finish(samples[s].k);
}

typedef double results[OUTPUTS][RESULT_MOST];

static void check_same(const sample *s, results a, results b, int64_t n, const char *what)
{
    for (uint32_t o = 0; o < s->n_outputs; o++) {
        bool whole = s->k->buffers.at[0].kind != BUF_OUT;
        double d = 0;
        for (uint32_t q = 0; q < s->k->buffers.n; q++) {
            const buffer *buf = &s->k->buffers.at[q];
            if (buf->kind != BUF_OUT || buf->index != o) continue;
            whole = buf->type != LT_F64;
            d = whole ? memcmp(a[o], b[o], sizeof a[o]) != 0 : fixture_difference(a[o], b[o], (size_t)n);
        }
        if (!(d <= (s->expected == expect_spectrum
                        ? 1e-12
                        : AGREE))) /* small eigenvalues are relative to the large */
            fail_msg("%s output %u: %s differs by %g", s->k->name, o, what, d);
    }
}

static void run_all(const fixture_batch *b, const jit_code *code, const char *what)
{
    static results expected, found;
    for (int s = 0; s < SAMPLES; s++) {
        memset(expected, 0, sizeof expected);
        memset(found, 0, sizeof found);
        double *want[OUTPUTS];
        void *out[OUTPUTS];
        for (int o = 0; o < OUTPUTS; o++) {
            want[o] = expected[o];
            out[o] = found[o];
        }
        samples[s].expected(b, want);
        fixture_run(samples[s].k, code->kernel[s], b, out, 0, FIXTURE_FRAMES);
        check_same(&samples[s], expected, found, b->set[0].n, what);
        memset(found, 0, sizeof found); /* in pieces, one of them empty */
        const int64_t cut[] = {0, 1, 1, 3, FIXTURE_FRAMES};
        for (int c = 0; c + 1 < 5; c++)
            fixture_run(samples[s].k, code->kernel[s], b, out, cut[c], cut[c + 1]);
        check_same(&samples[s], expected, found, b->set[0].n, "in pieces");
    }
    memset(found, 0, sizeof found); /* an output that is not wanted is not touched */
    void *one[2] = {found[0], NULL};
    fixture_run(samples[0].k, code->kernel[0], b, one, 0, FIXTURE_FRAMES);
    assert_true(found[0][0] > 0);
}

static void compile_and_run(backend_kind backend, int level, const char *what)
{
    const kernel *k[SAMPLES];
    for (int s = 0; s < SAMPLES; s++) k[s] = samples[s].k;
    jit_options options = {.backend = backend, .level = level};
    jit_code code;
    text problem;
    text_init(&problem);
    mtx_status status = jit_kernels(k, SAMPLES, &options, &code, &problem);
    if (status != MTX_OK) fail_msg("%s: %s", what, problem.s ? problem.s : mtx_strerror(status));
    assert_int_equal(code.backend, backend);
    fixture_batch *b = fixture_batch_new();
    run_all(b, &code, what);
    fixture_batch_free(b);
    jit_free(&code);
    assert_null(code.main);
    text_free(&problem);
}

static bool have_llvm(void)
{
    text problem;
    text_init(&problem);
    bool have = backend_llvm(&problem) != NULL;
    text_free(&problem);
    return have;
}

static void at_levels(backend_kind backend, const char *what)
{
    int host = mtx_cpu_level();
    const int levels[] = {1, 3, 4};
    for (int l = 0; l < 3; l++)
        if (host == 0 || levels[l] <= host) compile_and_run(backend, host ? levels[l] : 0, what);
}

static void c_agrees(void **state)
{
    (void)state;
    at_levels(BACKEND_C, "C");
}

static void llvm_agrees(void **state)
{
    (void)state;
    if (!have_llvm()) skip();
    at_levels(BACKEND_LLVM, "LLVM");
}

static void failures_are_told(void **state)
{
    (void)state;
    const kernel *k = samples[0].k;
    jit_options options = {.backend = BACKEND_C, .cc = "no-such-compiler"};
    jit_code code;
    text problem;
    text_init(&problem);
    assert_int_equal(jit_kernels(&k, 1, &options, &code, &problem), MTX_EUNSUPPORTED);
    assert_non_null(strstr(problem.s, "no-such-compiler"));
    assert_null(code.kernel);
    problem.n = 0;
    options.cc = "false";
    assert_int_equal(jit_kernels(&k, 1, &options, &code, &problem), MTX_EIO);
    const kernel *raw = fixture_kernel("raw", 0).k;
    problem.n = 0;
    assert_int_equal(jit_kernels(&raw, 1, NULL, &code, &problem), MTX_EINVAL);
    assert_non_null(strstr(problem.s, "not finished"));
    text_free(&problem);
}

/* a program may export the runtime: compiled kernels must not take its functions for their pointers */
static void export_runtime(void)
{
    char path[4096];
    const char *made = getenv("MTX_BUILD");
    snprintf(path, sizeof path, "%s/libmtxrt.so", made ? made : ".");
    dlopen(path, RTLD_NOW | RTLD_GLOBAL);
}

static int open_fixture(void **state)
{
    (void)state;
    export_runtime();
    fixture_open();
    make_samples();
    return 0;
}

static int close_fixture(void **state)
{
    (void)state;
    arena_free(&fixture_arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(c_agrees), cmocka_unit_test(llvm_agrees),
                                       cmocka_unit_test(failures_are_told)};
    return cmocka_run_group_tests(tests, open_fixture, close_fixture);
}
