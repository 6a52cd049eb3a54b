/* SPDX-License-Identifier: Apache-2.0
 *
 * test_symmetric.c: what law_symmetric calls unchanged when two index variables are exchanged is, on random
 * bodies and structures; bodies written as x(i, j) + x(j, i) are seen to be, and those that people write; near
 * misses of these are not. MTX_SYMMETRIC_BODIES: how many, MTX_LAW_FIRST: first seed.
 */
#include "check.h"

#include "gen_law_program.c"
#include "related.c"

#include "../smooth/spec.h"
#include "witness.h"

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

/* ------------------------------------------------------------------------------------ as people write them */

typedef struct written {
    const char *body;
    bool symmetric;
} written;

static const written bodies[] = {
    {"sin(pi * frac(s.r[i] - s.r[j], s.cell)[0])^2", true},
    {"sin(pi * frac(s.r[i] - s.r[j], s.cell)[0])", false},
    {"cos(2 * pi * frac(s.r[j] - s.r[i], s.cell)[1]) * s.q[i] * s.q[j]", true},
    {"cos(2 * pi * frac(s.r[j] - s.r[i], s.cell)[1] + 0.3)", false},
    {"norm(sum k in s.axis: sin(pi * frac(s.r[i] - s.r[j], s.cell)[k])^2 * s.cell[k]) / a", true},
    {"norm(sum k in s.axis: sin(2 * pi * frac(s.r[i] - s.r[j], s.cell)[k]) * s.cell[k]) / a", true},
    {"(sum k in s.axis: sin(2 * pi * frac(s.r[i] - s.r[j], s.cell)[k]) * s.cell[k]).x / a", false},
    {"sum g in wave: cos(phase(g, s.r[i] - s.r[j]))", true},
    {"sum g in wave: s.q[i] * cos(phase(g, s.r[i] - s.r[j]))", false},
    {"(sum g in wave: norm(g.k) * a * sin(phase(g, s.r[i] - s.r[j])))^2", true},
    {"norm(nearest(s.r[i], s.r[j], s.cell)) / a", true},
    {"norm2(nearest(s.r[i], s.r[j], s.cell)) / a^2", true},
    {"nearest(s.r[i], s.r[j], s.cell).x / a", false},
    {"sum b in bond(i, j): a / norm(b.d)", true},
    {"sum b in bond(i, j): (b.d.x / a)^3", false},
    {"sum b in bond(i, j): (b.d.x / a)^2", true},
    {"norm(sum b in bond(i, j): norm(b.d) * b.d) / a^2", true},
    {"sum b in bond(i, j): s.q[b.i]", false},
    {"sum b in bond(i, j): s.q[b.i] * s.q[b.j] + s.q[b.rev.j] * s.q[b.rev.i]", true},
    {"sum b in bond(i, j): s.q[b.i] * s.q[b.rev.i]^2", false},
    {"sum b in bond(i, j), c in bond(b.j): dot(b.d, c.d) / a^2", false},
    {"sum b in bond(i, j) where b.d.x > 0.2 Å: a / norm(b.d)", false},
    {"sum b in bond(i, j) where abs(b.d.x) > 0.2 Å: a / norm(b.d)", true},
    {"(sum b in bond(i, j): norm(b.d) / a) * (sum c in bond(j, i): norm(c.d)^2 / a^2)", true},
    {"sum b in bond(i, j), c in bond(j, i): dot(b.d, c.d) / a^2", true},
    {"sum b in bond(i, j), c in bond(j, i): dot(b.d, c.d) / a^2 * norm(b.d) / a", true},
    {"max b in bond(i, j): norm(b.d) / a", true},
    {"if i == j then 0.5 * s.q[i]^2 else s.q[i] * s.q[j] * (sum b in bond(i, j): a / norm(b.d))", true},
    {"if i == j then s.q[i] else s.q[j]", false},
    {"-(sum b in bond(i, j): b.d.x / a) - (sum b in bond(j, i): b.d.x / a)", true},
};

/* Is the table the same with its two indices exchanged, on structures of all shapes? */
static bool exchangeable(const program *p, def_id d)
{
    trial *t = trial_new(p, d);
    mtx_structure x[ACTION_SLOTS];
    for (int k = 0; k < ACTION_SLOTS; k++) mtx_structure_init(&x[k]);
    bool all = true;
    for (uint64_t seed = 0; seed < 2 * SAMPLE_SHAPES; seed++) {
        action_values v;
        int64_t n[2];
        assert_true(sample_structures(p, trial_plan(t), (sample_shape)(seed % SAMPLE_SHAPES), seed, x));
        if (!trial_values(t, x, x, &v, n)) continue;
        for (int64_t i = 0; i < x[0].n; i++)
            for (int64_t j = 0; j < i; j++)
                all = all && same(&v.before[i * x[0].n + j], &v.before[j * x[0].n + i], 1);
    }
    for (int k = 0; k < ACTION_SLOTS; k++) mtx_structure_free(&x[k]);
    trial_free(t);
    return all;
}

static void test_written(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t k = 0; k < sizeof bodies / sizeof *bodies; k++) {
        char words[2000];
        snprintf(words, sizeof words,
                 "structure Crystal {\n set atom\n field r : atom -> point [Å]\n field q : atom -> scalar\n"
                 " field cell : lattice(xyz) [Å]\n}\nconst a = 1 Å\n"
                 "transform t {\n takes s : Crystal\n set bond = pairs(s.atom) within 5 Å\n"
                 " set wave = reciprocal(s) within 2 [1/Å]\n"
                 " gives x[i in s.atom, j in s.atom] : scalar = %s\n}\n",
                 bodies[k].body);
        spec s;
        spec_init(&s);
        assert_int_equal(setjmp(s.guard), 0);
        assert_true(spec_open(&s, bodies[k].body, words));
        const def *d = &s.p->defs.at[s.output];
        bool seen = law_symmetric(s.p, d->body, d->param[0], d->param[1]);
        bool truly = exchangeable(s.p, s.output);
        if (seen != bodies[k].symmetric || truly != bodies[k].symmetric) {
            print_error("%s: %s, values %s\n", bodies[k].body, seen ? "called symmetric" : "not seen",
                        truly ? "agree" : "differ");
            wrong++;
        }
        arena_free(&s.a);
    }
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_written), cmocka_unit_test(test_exchange)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
