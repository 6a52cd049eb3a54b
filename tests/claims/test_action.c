/* SPDX-License-Identifier: Apache-2.0
 *
 * test_action.c: random structures are what sample.h promises; group elements do to structures what their
 * names say, seen from lattices, distances and fields, without the machinery that compares values.
 */
#include "../smooth/spec.h"
#include "sample.h"
#include "witness.h"

#include <math.h>

#define NEAR 1e-9

static const char head[] =
    "structure Crystal {\n set atom\n field r : atom -> point [Å]\n field Z : atom -> species\n field q : "
     "atom -> scalar\n"
    " field f : atom -> vector\n field cell : lattice(xyz) [Å]\n}\n"
    "structure Layer {\n set atom\n field r : atom -> point [Å]\n field Z : atom -> species\n field cell : "
     "lattice(xy) [Å]\n}\n";
static const char crystal[] =
    "transform t {\n takes s : Crystal\n gives E : scalar = sum i in s.atom: s.q[i] * norm(s.f[i])\n}\n";
static const char layer[] = "transform t {\n takes s : Layer\n set b = pairs(s.atom) within 5 Å\n gives E : "
                            "scalar = sum e in b: 1\n}\n";
static const char matched[] =
    "transform t {\n takes host, sample : Layer\n set spot = differ(host.atom, sample.atom)\n gives n : "
     "scalar = sum p in spot: 1\n}\n";

typedef struct fixture { spec s; trial *t; mtx_structure x[ACTION_SLOTS], y[ACTION_SLOTS]; } fixture;

static void fixture_open(fixture *f, const char *body)
{
    char words[2048];
    snprintf(words, sizeof words, "%s%s", head, body);
    spec_init(&f->s);
    assert_int_equal(setjmp(f->s.guard), 0);
    assert_true(spec_open(&f->s, body, words));
    f->t = trial_new(f->s.p, f->s.output);
    assert_non_null(f->t);
    for (int k = 0; k < ACTION_SLOTS; k++) {
        mtx_structure_init(&f->x[k]);
        mtx_structure_init(&f->y[k]);
    }
}

static void fixture_close(fixture *f)
{
    for (int k = 0; k < ACTION_SLOTS; k++) {
        mtx_structure_free(&f->x[k]);
        mtx_structure_free(&f->y[k]);
    }
    trial_free(f->t);
    arena_free(&f->s.a);
}

static double volume(double m[3][3])
{
    return m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) -
           m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) +
           m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]);
}

static double closest(const mtx_structure *s)
{
    mtx_pairs pairs;
    mtx_problem problem;
    double best = INFINITY;
    mtx_pairs_init(&pairs);
    assert_int_equal(mtx_neighbors_build((const double(*)[3])s->r, (const double(*)[3])s->cell, s->pbc, s->n,
                                         4, 0, &pairs, &problem),
                     MTX_OK);
    for (int64_t k = 0; k < pairs.n; k++)
        best = fmin(best, pairs.dist[k]);
    mtx_pairs_free(&pairs);
    return best;
}

static void samples_are_apart_and_repeatable(void **state)
{
    (void)state;
    const char *const specs[] = {crystal, layer, matched};
    for (size_t k = 0; k < 3; k++) {
        fixture f;
        fixture_open(&f, specs[k]);
        for (uint64_t seed = 0; seed < 60; seed++) {
            sample_shape shape = (sample_shape)(seed % SAMPLE_SHAPES);
            assert_true(sample_structures(f.s.p, trial_plan(f.t), shape, seed, f.x));
            assert_true(sample_structures(f.s.p, trial_plan(f.t), shape, seed, f.y));
            for (uint32_t slot_id = 0; slot_id < f.s.p->slots.n; slot_id++) {
                const mtx_structure *x = &f.x[slot_id], *y = &f.y[slot_id];
                assert_true(x->n > 0 && x->n == y->n && closest(x) > 0.6);
                assert_memory_equal(x->r, y->r, (size_t)x->n * sizeof *x->r);
                for (int c = 0; c < 3; c++)
                    assert_int_equal(x->pbc[c], f.s.p->slots.at[slot_id].axes >> c & 1);
            }
        }
        fixture_close(&f);
    }
}

/* Is every row of the new cell a whole combination of the old ones? */
static void assert_sublattice(mtx_structure *x, const mtx_structure *y)
{
    double v = volume(x->cell);
    for (int k = 0; k < 3; k++)
        for (int j = 0; j < 3; j++) {
            double m[3][3];
            memcpy(m, x->cell, sizeof m);
            memcpy(m[j], y->cell[k], sizeof m[j]);
            double times = volume(m) / v;
            assert_true(fabs(times - round(times)) < NEAR);
        }
}

static void elements_act(void **state)
{
    (void)state;
    fixture f;
    fixture_open(&f, crystal);
    for (int sym = 0; sym < SYM_COUNT; sym++)
        for (uint64_t seed = 1; seed < 20; seed++) {
            action g;
            uint64_t rng = seed;
            assert_true(sample_structures(f.s.p, trial_plan(f.t), SAMPLE_PLAIN, seed, f.x));
            assert_true(action_draw(f.s.p, trial_plan(f.t), (symmetry)sym, &rng, f.x, f.y, &g));
            mtx_structure *x = &f.x[0], *y = &f.y[0];
            assert_int_equal(y->n, x->n * g.copies[0]);
            assert_true(fabs(fabs(volume(y->cell)) / fabs(volume(x->cell)) - g.copies[0]) < NEAR);
            assert_true(fabs(closest(y) - closest(x)) < NEAR);
            const mtx_column *fx = mtx_structure_column(x, "f"), *fy = mtx_structure_column(y, "f");
            const mtx_column *qx = mtx_structure_column(x, "q"), *qy = mtx_structure_column(y, "q");
            assert_true(fx && fy && qx && qy);
            bool turned = false, moved = false;
            for (int64_t i = 0; i < y->n; i++) {
                int32_t from = g.from[0][i];
                const double *u = fx->real + 3 * from, *v = fy->real + 3 * i;
                assert_int_equal(y->Z[i], x->Z[from]);
                assert_true(qy->real[i] == qx->real[from]);
                assert_true(fabs(u[0] * u[0] + u[1] * u[1] + u[2] * u[2] - v[0] * v[0] - v[1] * v[1] -
                                 v[2] * v[2]) < NEAR);
                turned |= fabs(u[0] - v[0]) + fabs(u[1] - v[1]) + fabs(u[2] - v[2]) > 1e-6;
                moved |= from != i;
            }
            assert_int_equal(turned, sym >= SYM_ROTATE && sym <= SYM_REFLECT_Z);
            assert_int_equal(moved, sym == SYM_PERMUTE || sym == SYM_SUPERCELL);
            assert_int_equal(g.improper, sym >= SYM_REFLECT && sym <= SYM_REFLECT_Z);
            if (sym == SYM_CELL || sym == SYM_SUPERCELL)
                assert_sublattice(x, y);
            if (sym == SYM_CELL)
                assert_memory_not_equal(x->cell, y->cell, sizeof x->cell);
            if (sym == SYM_SUPERCELL)
                assert_true(g.copies[0] >= 2);
            action_free(&g);
        }
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(samples_are_apart_and_repeatable),
                                       cmocka_unit_test(elements_act)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
