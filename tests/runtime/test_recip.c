/* SPDX-License-Identifier: Apache-2.0
 *
 * test_recip.c: reciprocal vectors in a sphere against a plain search over a box of indices.
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

static double random_between(double low, double high)
{
    return low + (high - low) * rand() / RAND_MAX;
}

static void open_rows_zero(const double cell[3][3], const uint8_t pbc[3], double out[3][3])
{
    for (int k = 0; k < 3; k++) {
        for (int c = 0; c < 3; c++) out[k][c] = pbc[k] ? cell[k][c] : 0.0;
    }
}

/* Number of vectors in the sphere, and the sum of their squared lengths, by brute force. */
static int64_t brute(const double cell[3][3], const uint8_t pbc[3], double cutoff, double *sum)
{
    double given[3][3], b[3][3];
    int most[3];
    mtx_cell complete;
    open_rows_zero(cell, pbc, given);
    assert_int_equal(mtx_cell_make((const double(*)[3])given, pbc, &complete, NULL), MTX_OK);
    mtx_cell_reciprocal(&complete, b);
    for (int k = 0; k < 3; k++) {
        const double length =
            sqrt(cell[k][0] * cell[k][0] + cell[k][1] * cell[k][1] + cell[k][2] * cell[k][2]);
        most[k] = pbc[k] ? (int)(cutoff * length / 6.283185307179586) + 1 : 0;
    }
    int64_t count = 0;
    *sum = 0.0;
    for (int h = -most[0]; h <= most[0]; h++) {
        for (int k = -most[1]; k <= most[1]; k++) {
            for (int l = -most[2]; l <= most[2]; l++) {
                double g2 = 0.0;
                for (int c = 0; c < 3; c++) {
                    const double g = h * b[0][c] + k * b[1][c] + l * b[2][c];
                    g2 += g * g;
                }
                if ((h | k | l) == 0 || sqrt(g2) >= cutoff) continue;
                count++;
                *sum += g2;
            }
        }
    }
    return count;
}

static void random_lattices_agree_with_brute_force(void **state)
{
    (void)state;
    srand(11);
    mtx_recip p, half;
    mtx_recip_init(&p);
    mtx_recip_init(&half);
    int64_t all = 0;
    for (int number = 0; number < 1500; number++) {
        double cell[3][3], sum, got = 0.0;
        uint8_t pbc[3] = {1, 1, 1};
        mtx_cell complete;
        for (int k = 0; k < 9; k++) cell[k / 3][k % 3] = random_between(-4.0, 4.0);
        if (number % 3 == 0) {
            for (int c = 0; c < 3; c++) cell[0][c] += (rand() % 9 - 4) * cell[1][c];
        }
        if (number % 4 == 0) pbc[rand() % 3] = 0;
        if (mtx_cell_make((const double(*)[3])cell, pbc, &complete, NULL) != MTX_OK || complete.volume < 4.0)
            continue;
        const double cutoff = random_between(0.5, 7.0);
        const int64_t want = brute((const double(*)[3])cell, pbc, cutoff, &sum);
        mtx_recip_clear(&p);
        mtx_recip_clear(&half);
        assert_int_equal(mtx_recip_append((const double(*)[3])cell, pbc, cutoff, 0, &p, NULL), MTX_OK);
        assert_int_equal(mtx_recip_append((const double(*)[3])cell, pbc, cutoff, MTX_RECIP_HALF, &half, NULL),
                         MTX_OK);
        assert_int_equal(p.n, want);
        assert_int_equal(2 * half.n, want);
        assert_int_equal(p.ptr[1], want);
        for (int64_t k = 0; k < p.n; k++) {
            const int32_t index[3] = {p.h[k], p.k[k], p.l[k]};
            const double g[3] = {p.x[k], p.y[k], p.z[k]};
            assert_true(p.dist[k] < cutoff &&
                        fabs(p.dist[k] - sqrt(g[0] * g[0] + g[1] * g[1] + g[2] * g[2])) < 1e-13);
            got += p.dist[k] * p.dist[k];
            for (int m = 0; m < 3; m++) {
                const double turn =
                    (g[0] * cell[m][0] + g[1] * cell[m][1] + g[2] * cell[m][2]) / 6.283185307179586;
                if (pbc[m])
                    assert_true(fabs(turn - index[m]) < 1e-9);
                else
                    assert_int_equal(index[m], 0);
            }
            /* the sphere is symmetric and so is the order */
            const int64_t other = p.n - 1 - k;
            assert_true(p.x[other] == -p.x[k] && p.y[other] == -p.y[k] && p.z[other] == -p.z[k]);
            assert_int_equal(p.h[other], -p.h[k]);
        }
        assert_true(fabs(got - sum) <= 1e-9 * (1.0 + sum));
        all += p.n;
    }
    assert_true(all > 20000);
    mtx_recip_free(&p);
    mtx_recip_free(&half);
}

static void the_cutoff_is_strict(void **state)
{
    (void)state;
    const double tau = 6.283185307179586, cell[3][3] = {{tau, 0, 0}, {0, tau, 0}, {0, 0, tau}}; /* b = 1 */
    const uint8_t pbc[3] = {1, 1, 1};
    mtx_recip p;
    mtx_recip_init(&p);
    assert_int_equal(mtx_recip_append(cell, pbc, 0.999999, 0, &p, NULL), MTX_OK);
    assert_int_equal(p.n, 0);
    assert_int_equal(mtx_recip_append(cell, pbc, 1.000001, 0, &p, NULL), MTX_OK);
    assert_int_equal(mtx_recip_append(cell, pbc, 1.5, MTX_RECIP_HALF, &p, NULL), MTX_OK);
    assert_int_equal(p.structures, 3);
    assert_int_equal(p.ptr[1], 0);
    assert_int_equal(p.ptr[2], 6);
    assert_int_equal(p.ptr[3], 6 + 9);
    mtx_recip_free(&p);
}

static void bad_arguments_are_refused(void **state)
{
    (void)state;
    const double cell[3][3] = {{3, 0, 0}, {0, 3, 0}, {0, 0, 3}},
                 flat[3][3] = {{3, 0, 0}, {3, 0, 0}, {0, 0, 3}};
    const uint8_t pbc[3] = {1, 1, 1}, none[3] = {0, 0, 0};
    mtx_recip p;
    mtx_recip_init(&p);
    assert_int_equal(mtx_recip_append(cell, pbc, -1.0, 0, &p, NULL), MTX_EINVAL);
    assert_int_equal(mtx_recip_append(cell, pbc, NAN, 0, &p, NULL), MTX_EINVAL);
    assert_int_equal(mtx_recip_append(cell, pbc, 1e9, 0, &p, NULL), MTX_EINVAL);
    assert_int_equal(mtx_recip_append(flat, pbc, 1.0, 0, &p, NULL), MTX_EDATA);
    assert_int_equal(mtx_recip_append(cell, none, 10.0, 0, &p, NULL), MTX_OK);
    assert_int_equal(p.n, 0);
    mtx_recip_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_lattices_agree_with_brute_force),
        cmocka_unit_test(the_cutoff_is_strict),
        cmocka_unit_test(bad_arguments_are_refused),
    };
    return cmocka_run_group_tests_name("recip", tests, NULL, NULL);
}
