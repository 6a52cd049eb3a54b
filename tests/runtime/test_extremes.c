/* SPDX-License-Identifier: Apache-2.0
 *
 * test_extremes.c: geometry under numbers no file should hold (zero, huge, tiny, not finite). Every call
 * comes back with a status that its header names, a message when it fails, and finite results when it does
 * not. The sanitizer builds make this a search for undefined behaviour.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mtx/mtxrt.h"

enum { CASES = 6000, ATOMS = 8 };

static uint64_t random_state;

static uint64_t random_bits(void)
{
    uint64_t z = (random_state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static double extreme(void)
{
    static const double odd[] = {0,     0,   0,    1,   -1,       3,    5,   1e-8, 1e-300, 1e300,
                                 1e149, 1e9, -1e9, NAN, INFINITY, 1e-3, 1e6, 2.5,  1e15,   1e-12};
    const uint64_t kind = random_bits() % 40;
    const double u = (double)(random_bits() >> 11) * 0x1p-53;
    if (kind < sizeof odd / sizeof *odd) return odd[kind];
    return kind < 36 ? 10 * u - 5 : exp(60 * u - 30);
}

typedef struct input {
    double cell[3][3], r[ATOMS][3], cutoff;
    uint8_t pbc[3];
    int64_t n;
} input;

static void make(input *in)
{
    const bool upright = random_bits() % 2;
    for (int k = 0; k < 9; k++)
        in->cell[k / 3][k % 3] = upright && k % 4 && random_bits() % 3 ? 0 : extreme();
    for (int k = 0; k < 3 * ATOMS; k++) in->r[k / 3][k % 3] = extreme();
    for (int k = 0; k < 3; k++) in->pbc[k] = random_bits() % 2;
    in->n = (int64_t)(random_bits() % ATOMS);
    in->cutoff = fabs(extreme());
    if (in->cutoff > 30 && in->cutoff < 1e8) in->cutoff = 5;
}

/* Whether a search may be tried: the answer is small enough to wait for, or so large that it is refused. */
static bool bearable(const input *in, double *vectors)
{
    mtx_cell cell;
    double given[3][3], reduced[3][3], images = 1.0;
    int64_t change[3][3];
    for (int k = 0; k < 9; k++) given[k / 3][k % 3] = in->pbc[k / 3] ? in->cell[k / 3][k % 3] : 0.0;
    *vectors = HUGE_VAL;
    if (mtx_cell_make((const double(*)[3])given, in->pbc, &cell, NULL) != MTX_OK) return true;
    if (mtx_cell_reduce(&cell, reduced, change, NULL) != MTX_OK) return true;
    if (mtx_cell_make((const double(*)[3])reduced, in->pbc, &cell, NULL) != MTX_OK) return true;
    *vectors = 1.0;
    for (int k = 0; k < 3; k++) {
        const double *a = cell.row[k];
        if (!in->pbc[k]) continue;
        images *= 2.0 * (in->cutoff + 0.3) / cell.height[k] + 3.0;
        *vectors *= in->cutoff * sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2]) + 1.0;
    }
    return images * (double)in->n < 1e5 || images > 1e12;
}

static void check_status(mtx_status status, const mtx_problem *problem)
{
    assert_true(status == MTX_OK || status == MTX_EDATA || status == MTX_EINVAL || status == MTX_EMISMATCH);
    if (status == MTX_OK) return;
    assert_int_equal(problem->status, status);
    assert_true(problem->message[0] != '\0' && problem->code[0] == 'E');
}

static void check_pairs(const input *in, const mtx_pairs *p)
{
    assert_int_equal(p->row[in->n], p->n);
    for (int64_t k = 0; k < p->n; k++) {
        assert_true(p->dist[k] > 0.0 && p->dist[k] < in->cutoff);
        assert_true(p->j[k] >= 0 && p->j[k] < in->n);
    }
}

static void search(const input *in, mtx_pairs *p)
{
    static const unsigned flags[] = {0, MTX_PAIRS_REVERSE, MTX_PAIRS_PORTABLE, MTX_PAIRS_AVX2};
    const double(*r)[3] = in->r, (*cell)[3] = in->cell;
    const unsigned chosen = flags[random_bits() % 4];
    mtx_problem problem;
    mtx_status status = mtx_neighbors_build(r, cell, in->pbc, in->n, in->cutoff, chosen, p, &problem);
    check_status(status, &problem);
    if (status == MTX_OK) check_pairs(in, p);
    status = mtx_neighbors_update(r, cell, in->pbc, in->n, in->cutoff, 0.3, chosen, p, NULL, &problem);
    check_status(status, &problem);
    if (status == MTX_OK) check_pairs(in, p);
}

static void neighbours_and_reciprocal_vectors(void **state)
{
    (void)state;
    mtx_pairs p;
    mtx_recip g;
    mtx_pairs_init(&p);
    mtx_recip_init(&g);
    random_state = 1;
    for (int number = 0; number < CASES; number++) {
        input in;
        mtx_problem problem;
        double vectors;
        make(&in);
        if (bearable(&in, &vectors)) search(&in, &p);
        if (vectors > 1e5 && vectors < 1e12) continue;
        mtx_recip_clear(&g);
        const mtx_status status =
            mtx_recip_append((const double(*)[3])in.cell, in.pbc, in.cutoff, number % 2, &g, &problem);
        check_status(status, &problem);
        for (int64_t k = 0; k < g.n; k++) assert_true(g.dist[k] > 0.0 && g.dist[k] < in.cutoff);
    }
    mtx_pairs_free(&p);
    mtx_recip_free(&g);
}

static void wrapping(void **state)
{
    (void)state;
    random_state = 2;
    for (int number = 0; number < CASES; number++) {
        input in;
        mtx_cell cell;
        mtx_problem problem;
        int32_t shift[ATOMS][3];
        make(&in);
        mtx_status status = mtx_cell_make((const double(*)[3])in.cell, in.pbc, &cell, &problem);
        check_status(status, &problem);
        if (status != MTX_OK) continue;
        status = mtx_cell_wrap(&cell, in.r, in.n, shift, &problem);
        check_status(status, &problem);
        for (int64_t i = 0; i < 3 * in.n && status == MTX_OK; i++) assert_true(isfinite(in.r[i / 3][i % 3]));
    }
}

static void hosts_and_samples(void **state)
{
    (void)state;
    int32_t Z[ATOMS] = {1, 2, 3, 1, 1, 6, 7, 8};
    mtx_spots p;
    mtx_spots_init(&p);
    random_state = 3;
    for (int number = 0; number < CASES; number++) {
        input in;
        mtx_problem problem;
        make(&in);
        mtx_structure host = {.n = 1 + number % 4, .r = in.r, .Z = Z, .frame = -1};
        mtx_structure sample = {.n = in.n < 5 ? in.n : 5, .r = in.r + number % 3, .Z = Z, .frame = -1};
        memcpy(host.cell, in.cell, sizeof host.cell);
        memcpy(sample.cell, in.cell, sizeof sample.cell);
        if (number % 9 == 0) sample.cell[number % 3][0] = extreme();
        mtx_spots_clear(&p);
        const mtx_status status = mtx_differ_append(&host, &sample, in.pbc, 0.0, &p, &problem);
        check_status(status, &problem);
        for (int64_t k = 0; k < p.n; k++) {
            assert_true(isfinite(p.x[k]) && isfinite(p.y[k]) && isfinite(p.z[k]));
            assert_true(p.atom[k] >= -1 && p.atom[k] < sample.n && p.site[k] < host.n);
        }
    }
    mtx_spots_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neighbours_and_reciprocal_vectors),
        cmocka_unit_test(wrapping),
        cmocka_unit_test(hosts_and_samples),
    };
    return cmocka_run_group_tests_name("extremes", tests, NULL, NULL);
}
