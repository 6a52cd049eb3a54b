/* SPDX-License-Identifier: Apache-2.0
 *
 * test_symmetric.c: what law_symmetric calls unchanged when two index variables are exchanged is, on random
 * bodies and structures; bodies written as x(i, j) + x(j, i) are seen to be. MTX_SYMMETRIC_BODIES: how many,
 * MTX_LAW_FIRST: first seed.
 */
#include "check.h"

#include "gen_law_program.c"
#include "related.c"

enum { BODIES = 10000 * LAW_TIMES, PAIRS_MOST = 30, OF_A_PROGRAM = 8 };

typedef struct body {
    node_id n;
    ivar_id left, right;
    bool symmetrised;
} body;
typedef struct counts {
    long bodies, called, compared, made_so, seen_so, wrong;
} counts;

static body random_body(gen *g)
{
    g->n_var = 0;
    g->depth = 0;
    g->work = 50;
    const set_id of[] = {g->atom[0], g->atom[0], g->bond[0], g->spot, g->range, g->axis[0]};
    set_id s = of[pick(g, 6)];
    if (s == SETIR_NONE) s = g->atom[0];
    body b = {.left = open_plain(g, s), .right = open_plain(g, s), .symmetrised = pick(g, 2)};
    node_id (*of_body)(gen *) =
        (node_id(*[])(gen *)){real, real, truth, vector, channels, tensor2}[pick(g, 6)];
    b.n = of_body(g);
    bool sum = g->p->nodes.at[b.n].elem.kind == ELEM_REAL;
    node_id other = program_substitute(g->p, b.n, (ivar_id[]){b.left, b.right},
                                       (node_id[]){var(g, b.right), var(g, b.left)}, 2);
    node_op how = !sum                                          ? (pick(g, 2) ? OP_AND : OP_OR)
                  : g->p->nodes.at[b.n].elem.rank || pick(g, 2) ? OP_ADD
                                                                : OP_MUL;
    if (b.symmetrised) b.n = node_2(g->p, how, g->p->nodes.at[b.n].elem, b.n, other, here);
    return b;
}

static bool same(const double *x, const double *y, uint32_t n)
{
    for (uint32_t k = 0; k < n; k++)
        if (isfinite(x[k]) && isfinite(y[k]) &&
            fabs(x[k] - y[k]) > 1e-6 * fmax(fabs(x[k]), fabs(y[k])) + 1e-7)
            return false;
    return true;
}

static bool evaluate(world *w, const body *b, int64_t i, int64_t j, int rounding, double *out)
{
    fesetround(rounding);
    interp_bind(w->interp, mtx_batch_view(w->batch), 0);
    bool good = interp_node(w->interp, b->n, (ivar_id[]){b->left, b->right}, (int64_t[]){i, j}, 2, out,
                            NULL) == MTX_OK;
    fesetround(FE_TONEAREST);
    return good;
}

/* a difference that other roundings do not explain */
static bool differs(world *w, const body *b, int64_t i, int64_t j)
{
    static const int rounding[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD};
    double x[512], y[512], first[512];
    uint32_t n = elem_components(w->p->nodes.at[b->n].elem);
    for (int k = 0; k < 3; k++) {
        if (!evaluate(w, b, i, j, rounding[k], x) || !evaluate(w, b, j, i, rounding[k], y) || same(x, y, n))
            return false;
        if (k && !same(first, x, n)) return false;
        memcpy(first, x, sizeof first);
    }
    return true;
}

static void check_body(world *w, const body *b, uint64_t seed, counts *c)
{
    c->bodies++;
    c->made_so += b->symmetrised;
    if (!law_symmetric(w->p, b->n, b->left, b->right)) return;
    c->called++;
    c->seen_so += b->symmetrised;
    interp_bind(w->interp, mtx_batch_view(w->batch), 0);
    int64_t n = interp_set_size(w->interp, w->p->ivars.at[b->left].set), done = 0;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < i && done < PAIRS_MOST; j++, done++) {
            c->compared++;
            if (!differs(w, b, i, j)) continue;
            c->wrong++;
            if (c->wrong < 5)
                print_error("seed %lu: node %u is called symmetric in i%u and i%u\n", (unsigned long)seed,
                            b->n, b->left, b->right);
            dump(w->p);
            return;
        }
}

static void one_program(uint64_t seed, counts *c)
{
    static jmp_buf landing;
    arena a;
    arena_init(&a, &landing);
    if (setjmp(landing)) fail_msg("memory");
    gen g;
    gen_start(&g, &a, seed, GEN_ANY);
    gen_tensors(&g, 2);
    body b[OF_A_PROGRAM];
    for (int k = 0; k < OF_A_PROGRAM; k++) b[k] = random_body(&g);
    diag_sink sink;
    diag_sink_init(&sink, &a);
    world w;
    if (world_open(&w, g.p, law_infer(&a, g.p, &sink)) &&
        world_draw(&w, SYM_WRAP, (sample_shape)(seed % SAMPLE_SHAPES), seed))
        for (int k = 0; k < OF_A_PROGRAM; k++) check_body(&w, &b[k], seed, c);
    world_close(&w);
    arena_free(&a);
}

static void test_exchange(void **state)
{
    (void)state;
    counts c = {0};
    long most = setting("MTX_SYMMETRIC_BODIES", BODIES);
    for (uint64_t seed = (uint64_t)setting("MTX_LAW_FIRST", 1); c.bodies < most; seed++)
        one_program(seed, &c);
    printf("%ld bodies, %ld called symmetric, %ld values compared, %ld wrong; of %ld made symmetric %ld are "
           "seen to be\n",
           c.bodies, c.called, c.compared, c.wrong, c.made_so, c.seen_so);
    assert_int_equal(c.wrong, 0);
    assert_true(c.seen_so * 100 > c.made_so * 90);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_exchange)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
