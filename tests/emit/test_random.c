/* SPDX-License-Identifier: Apache-2.0
 *
 * test_random.c: random kernels through C and LLVM at every level agree, whole batches and sub-ranges. Values
 * stay near 1 and no condition hangs on a computed number, so a difference is an error and not rounding.
 * MTX_SEED=n starts elsewhere; a failure prints the seed and the kernel.
 */
#include "emit_fixture.h"

#include <stdio.h>

enum { KERNELS = 12, OUT_MOST = 256, LOCALS = 6 };
#define AGREE 1e-12

typedef struct writer {
    fixture_parts p;
    kernel *k;
    lvalue reals[64], cells[16];
    uint32_t n_reals, n_cells; /* in scope */
    lvalue pair;               /* index of the row loop around, or 0 */
    lvalue small[8];
    uint32_t n_small; /* indices below LOCALS */
    buffer_id table, local, scratch, order;
    lvalue lo; /* first pair of the row */
    int depth;
    bool simd;
} writer;

static lexpr *real_expr(writer *w, int depth);

static lexpr *raw(writer *w) /* the same bits in every back end */
{
    kernel *k = w->k;
    const buffer_id row[] = {w->p.x, w->p.y, w->p.z, w->p.dist};
    if (w->pair && fixture_int(0, 2)) return lx_load(k, row[fixture_int(0, 3)], lx_value(k, w->pair));
    lexpr *atom = lx_value(k, w->p.i);
    if (w->pair && fixture_int(0, 1)) atom = lx_load(k, w->p.j, lx_value(k, w->pair));
    if (fixture_int(0, 1))
        return lx_load(k, w->p.r,
                       lx_2(k, L_IADD, lx_2(k, L_IMUL, atom, lx_i64(k, 3)), lx_i64(k, fixture_int(0, 2))));
    return lx_load(k, w->p.field,
                   lx_2(k, L_IADD, lx_i64(k, fixture_int(0, 1)), lx_2(k, L_IMUL, lx_i64(k, 2), atom)));
}

static lexpr *whole(writer *w)
{
    kernel *k = w->k;
    lexpr *atom = lx_value(k, w->p.i);
    if (w->pair && fixture_int(0, 1)) atom = lx_load(k, w->p.j, lx_value(k, w->pair));
    lexpr *z = lx_load(k, w->p.species, atom);
    switch (fixture_int(0, 4)) {
    case 0: return lx_2(k, L_IMIN, z, lx_i64(k, fixture_int(0, 20)));
    case 1: return lx_2(k, L_ISUB, z, lx_i64(k, fixture_int(0, 9)));
    case 2: return w->n_small ? lx_value(k, w->small[fixture_int(0, w->n_small - 1)]) : z;
    case 3: return lx_1(k, L_TO_I64, lx_2(k, L_MUL, raw(w), lx_f64(k, 3)));
    default: return z;
    }
}

static lexpr *below(writer *w, int64_t n) /* 0 <= index < n */
{
    kernel *k = w->k;
    return lx_2(k, L_IMIN, lx_2(k, L_IMAX, whole(w), lx_i64(k, 0)), lx_i64(k, n - 1));
}

static lexpr *truth(writer *w, int depth)
{
    kernel *k = w->k;
    const loop_op reals[] = {L_LT, L_LE, L_EQ}, wholes[] = {L_ILT, L_ILE, L_IEQ};
    if (depth > 0 && fixture_int(0, 2) == 0)
        return lx_2(k, fixture_int(0, 1) ? L_AND : L_OR, truth(w, depth - 1), truth(w, depth - 1));
    if (depth > 0 && fixture_int(0, 4) == 0) return lx_1(k, L_NOT, truth(w, depth - 1));
    if (fixture_int(0, 1)) return lx_2(k, wholes[fixture_int(0, 2)], whole(w), lx_i64(k, fixture_int(0, 16)));
    return lx_2(k, reals[fixture_int(0, 2)], raw(w), lx_f64(k, fixture_real(-1, 2)));
}

static lexpr *leaf(writer *w)
{
    kernel *k = w->k;
    switch (fixture_int(0, 5)) {
    case 0: return lx_f64(k, fixture_real(-2, 2));
    case 1: return w->n_cells && !w->simd ? lx_value(k, w->cells[fixture_int(0, w->n_cells - 1)]) : raw(w);
    case 2: return lx_load(k, w->table, below(w, 8));
    case 3: return w->simd ? raw(w) : lx_load(k, w->local, below(w, LOCALS));
    case 4: return lx_1(k, L_TO_F64, below(w, 9));
    default: return w->n_reals ? lx_value(k, w->reals[fixture_int(0, w->n_reals - 1)]) : raw(w);
    }
}

static lexpr *positive(writer *w, int depth, double least)
{
    return lx_2(w->k, L_ADD, lx_1(w->k, L_ABS, real_expr(w, depth)), lx_f64(w->k, least));
}

static lexpr *limited(writer *w, int depth, double most)
{
    kernel *k = w->k;
    return lx_2(k, L_MAX, lx_f64(k, -most), lx_2(k, L_MIN, lx_f64(k, most), real_expr(w, depth)));
}

static lexpr *real_expr(writer *w, int depth)
{
    kernel *k = w->k;
    const loop_op smooth[] = {L_SIN, L_COS, L_ATAN, L_TANH, L_ERF, L_ERFC},
                  bounded[] = {L_EXP, L_SINH, L_COSH, L_TAN};
    const loop_op two[] = {L_ADD, L_SUB, L_MUL, L_MIN, L_MAX};
    if (depth <= 0) return leaf(w);
    switch (fixture_int(0, 11)) {
    case 0: return lx_1(k, smooth[fixture_int(0, 5)], real_expr(w, depth - 1));
    case 1: return lx_1(k, bounded[fixture_int(0, 3)], limited(w, depth - 1, 1.2));
    case 2: return lx_1(k, fixture_int(0, 1) ? L_SQRT : L_LOG, positive(w, depth - 1, 0.5));
    case 3: return lx_2(k, L_DIV, real_expr(w, depth - 1), positive(w, depth - 1, 0.75));
    case 4: return lx_2(k, L_POW, positive(w, depth - 1, 0.5), limited(w, depth - 1, 2));
    case 5: return lx_3(k, L_SELECT, truth(w, 1), real_expr(w, depth - 1), real_expr(w, depth - 1));
    case 6:
        return lx_3(k, L_FMA, limited(w, depth - 1, 3), limited(w, depth - 1, 3), real_expr(w, depth - 1));
    case 7: return lx_2(k, L_ATAN2, positive(w, depth - 1, 0.3), real_expr(w, depth - 1));
    case 8: return lx_1(k, fixture_int(0, 1) ? L_NEG : L_ABS, real_expr(w, depth - 1));
    case 9: return lx_1(k, fixture_int(0, 1) ? L_ASIN : L_ACOS, limited(w, depth - 1, 0.9));
    case 10: return lx_2(k, L_MUL, lx_f64(k, 0.25), lx_1(k, L_FLOOR, raw(w)));
    default: return lx_2(k, two[fixture_int(0, 4)], real_expr(w, depth - 1), real_expr(w, depth - 1));
    }
}

/* e / (1 + |e|): whatever came before, what is kept lies between -1 and 1 */
static lexpr *tame(writer *w, lblock *to, lexpr *e)
{
    kernel *k = w->k;
    lvalue v = lb_let(k, to, "e", e);
    return lx_2(k, L_DIV, lx_value(k, v), lx_2(k, L_ADD, lx_f64(k, 1), lx_1(k, L_ABS, lx_value(k, v))));
}

static void block(writer *w, lblock *to, int statements);

static void keep(writer *w, lvalue v)
{
    if (w->n_reals < 64) w->reals[w->n_reals++] = v;
}

/* a row loop with reductions, some of them guarded, and a table over the row that a second loop reads */
static void row_loop(writer *w, lblock *to)
{
    kernel *k = w->k;
    writer in = *w;
    uint32_t n = (uint32_t)fixture_int(1, 3);
    lvalue sums[3];
    for (uint32_t s = 0; s < n; s++) sums[s] = lb_var(k, to, "sum", lx_f64(k, fixture_real(-1, 1)));
    lstmt *row = fixture_row(&in.p, to, "b");
    in.pair = row->loop.index;
    in.simd = true;
    lblock *body = &row->loop.body;
    for (int64_t s = fixture_int(0, 2); s-- > 0;)
        keep(&in, lb_let(k, body, "t", tame(&in, body, real_expr(&in, 2))));
    lexpr *spot = lx_2(k, L_ISUB, lx_value(k, in.pair), lx_value(k, in.lo));
    bool table = fixture_int(0, 1);
    if (table) lb_store(k, body, in.scratch, spot, tame(&in, body, real_expr(&in, 2)));
    for (uint32_t s = 0; s < n; s++) {
        lblock *at = body;
        lstmt *guard = fixture_int(0, 1) ? lb_if(k, body, truth(&in, 1)) : NULL;
        writer deep = in;
        if (guard) at = &guard->branch.then;
        lexpr *term = tame(&deep, at, real_expr(&deep, 3));
        lb_set(k, at, sums[s], lx_2(k, fixture_int(0, 2) ? L_ADD : L_SUB, lx_value(k, sums[s]), term));
        if (guard && fixture_int(0, 1)) {
            deep = in;
            term = tame(&deep, &guard->branch.other, real_expr(&deep, 1));
            lb_set(k, &guard->branch.other, sums[s], lx_2(k, L_ADD, lx_value(k, sums[s]), term));
        }
    }
    lb_vector(k, row, true, sums, n);
    if (table && fixture_int(0, 1)) {
        lvalue again = lb_var(k, to, "again", lx_f64(k, 0));
        lstmt *second = fixture_row(&in.p, to, "c");
        lexpr *at = lx_2(k, L_ISUB, lx_value(k, second->loop.index), lx_value(k, in.lo));
        lb_set(k, &second->loop.body, again, lx_2(k, L_ADD, lx_value(k, again), lx_load(k, in.scratch, at)));
        lb_vector(k, second, true, &again, 1);
        w->cells[w->n_cells++ % 16] = again;
        w->n_cells = w->n_cells > 16 ? 16 : w->n_cells;
    }
    for (uint32_t s = 0; s < n; s++) keep(w, lb_let(k, to, "row", tame(w, to, lx_value(k, sums[s]))));
}

static void small_loop(writer *w, lblock *to)
{
    kernel *k = w->k;
    writer in = *w;
    lstmt *loop = lb_for(k, to, "k", lx_i64(k, fixture_int(0, 2)), lx_i64(k, fixture_int(1, LOCALS)));
    if (in.n_small < 8) in.small[in.n_small++] = loop->loop.index;
    in.depth++;
    if (fixture_int(0, 1)) { /* each place once: may run in any order */
        in.simd = true;
        lb_store(k, &loop->loop.body, in.local, lx_value(k, loop->loop.index),
                 tame(&in, &loop->loop.body, real_expr(&in, 2)));
        lb_vector(k, loop, true, NULL, 0);
    } else {
        block(&in, &loop->loop.body, 2);
    }
}

static void statement(writer *w, lblock *to)
{
    kernel *k = w->k;
    switch (fixture_int(0, w->depth < 2 ? 7 : 3)) {
    case 0:
    case 1: keep(w, lb_let(k, to, "v", tame(w, to, real_expr(w, 3)))); return;
    case 2: {
        lexpr *e = tame(w, to, real_expr(w, 2));
        if (w->n_cells) {
            lb_set(k, to, w->cells[fixture_int(0, w->n_cells - 1)], e);
        } else {
            w->cells[w->n_cells++] = lb_var(k, to, "cell", e);
        }
        return;
    }
    case 3: lb_store(k, to, w->local, below(w, LOCALS), tame(w, to, real_expr(w, 2))); return;
    case 4: row_loop(w, to); return;
    case 5: {
        writer in = *w;
        lstmt *guard = lb_if(k, to, truth(w, 2));
        in.depth++;
        block(&in, &guard->branch.then, 2);
        in = *w;
        in.depth++;
        block(&in, &guard->branch.other, (int)fixture_int(0, 2));
        return;
    }
    case 6: small_loop(w, to); return;
    default: {
        call_arg sort[] = {lb_buffer_arg(w->local, lx_i64(k, 1)), lb_value_arg(lx_i64(k, LOCALS - 1)),
                           lb_value_arg(lx_i64(k, fixture_int(0, 1)))};
        lb_call(k, to, CALL_SORT, sort, 3);
        return;
    }
    }
}

static void block(writer *w, lblock *to, int statements)
{
    writer in = *w; /* what is bound here ends here */
    for (int s = 0; s < statements; s++) statement(&in, to);
}

static kernel *random_kernel(void)
{
    double numbers[8];
    writer w = {.p = fixture_kernel("random", 2)};
    fixture_atoms(&w.p);
    kernel *k = w.k = w.p.k;
    for (int n = 0; n < 8; n++) numbers[n] = fixture_real(-1, 1);
    w.table = kernel_table(k, numbers, 8, "numbers");
    w.local = kernel_local(k, LT_F64, LOCALS, "local");
    w.scratch = kernel_scratch(k, LT_F64, (buffer_size){1, {{EXT_MAX_ROW, 1}}, 1}, "row");
    buffer_id out = kernel_view_buffer(k, BUF_OUT, LT_F64, 0, "out"),
              count = kernel_view_buffer(k, BUF_OUT, LT_I32, 1, "count");
    lblock *to = w.p.atoms;
    w.lo = lb_let(k, to, "lo", lx_load(k, w.p.row, lx_value(k, w.p.i)));
    lstmt *clear = lb_for(k, to, "k", lx_i64(k, 0), lx_i64(k, LOCALS));
    lb_store(k, &clear->loop.body, w.local, lx_value(k, clear->loop.index), lx_f64(k, 0.5));
    lb_vector(k, clear, true, NULL, 0);
    for (int s = 0; s < 6; s++) statement(&w, to);
    row_loop(&w, to);
    lexpr *sum = lx_f64(k, 0);
    for (uint32_t v = 0; v < w.n_reals; v++) sum = lx_2(k, L_ADD, sum, lx_value(k, w.reals[v]));
    for (int n = 0; n < LOCALS; n++) sum = lx_2(k, L_ADD, sum, lx_load(k, w.local, lx_i64(k, n)));
    lb_store(k, to, out, lx_value(k, w.p.i), sum);
    lstmt *wanted = lb_wanted(k, to, 1);
    lb_store(k, &wanted->wanted.body, count, lx_value(k, w.p.i), whole(&w));
    return k;
}

/* ---- running ------------------------------------------------------------------------------------------- */

typedef struct result {
    double out[OUT_MOST];
    int32_t count[OUT_MOST];
} result;

static kernel *kernels[KERNELS];
static result expected[KERNELS], found;
static uint64_t seed;

static void run_one(const fixture_batch *b, const jit_code *code, int n, result *r)
{
    void *out[2] = {r->out, r->count};
    memset(r, 0, sizeof *r);
    fixture_run(kernels[n], code->kernel[n], b, out, 0, 3);
    fixture_run(kernels[n], code->kernel[n], b, out, 3, FIXTURE_FRAMES);
}

static void compare(int n, backend_kind backend, int level)
{
    for (int i = 0; i < OUT_MOST; i++) {
        double a = expected[n].out[i], b = found.out[i];
        if (fabs(a - b) <= AGREE * (1 + fabs(a)) && expected[n].count[i] == found.count[i]) continue;
        text t;
        text_init(&t);
        kernel_dump(kernels[n], &t);
        fail_msg("MTX_SEED=%llu kernel %d backend %d level %d atom %d: %.17g and %.17g, %d and %d\n%s",
                 (unsigned long long)seed, n, (int)backend, level, i, a, b, expected[n].count[i],
                 found.count[i], t.s);
    }
}

static void run_backend(backend_kind backend, int level, bool first)
{
    jit_options options = {.backend = backend, .level = level};
    jit_code code;
    text problem;
    text_init(&problem);
    if (jit_kernels((const kernel *const *)kernels, KERNELS, &options, &code, &problem) != MTX_OK)
        fail_msg("MTX_SEED=%llu: %s", (unsigned long long)seed, problem.s ? problem.s : "?");
    fixture_seed = 7; /* the same batch each time */
    fixture_batch *b = fixture_batch_new();
    for (int n = 0; n < KERNELS; n++) {
        run_one(b, &code, n, first ? &expected[n] : &found);
        if (!first) compare(n, backend, level);
    }
    fixture_batch_free(b);
    jit_free(&code);
    text_free(&problem);
}

static void back_ends_agree(void **state)
{
    (void)state;
    text problem;
    text_init(&problem);
    bool llvm = backend_llvm(&problem) != NULL;
    text_free(&problem);
    const char *start = getenv("MTX_SEED");
    seed = start ? strtoull(start, NULL, 10) : 2026;
    fixture_open();
    fixture_seed = seed;
    for (int n = 0; n < KERNELS; n++) {
        kernels[n] = random_kernel();
        kernel_finish(kernels[n]);
    }
    int host = mtx_cpu_level();
    const int levels[] = {1, 3, 4};
    run_backend(BACKEND_C, host ? 1 : 0, true);
    if (host == 4) run_backend(BACKEND_C, 4, false);
    for (int l = 0; llvm && l < 3; l++)
        if (host == 0 || levels[l] <= host) run_backend(BACKEND_LLVM, host ? levels[l] : 0, false);
    double scale = 0;
    for (int n = 0; n < KERNELS; n++)
        for (int i = 0; i < OUT_MOST; i++) scale += fabs(expected[n].out[i]);
    assert_true(scale > KERNELS); /* the kernels do something */
    arena_free(&fixture_arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(back_ends_agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
