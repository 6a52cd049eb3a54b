/* SPDX-License-Identifier: Apache-2.0
 *
 * test_cell.c: completion, inverse, heights, wrapping, reciprocal rows and reduction of lattices.
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

#define TIGHT 1e-12

static const uint8_t all[3] = {1, 1, 1}, none[3] = {0, 0, 0}, plane[3] = {1, 1, 0}, wire[3] = {0, 0, 1};

static double dot(const double a[3], const double b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static void check_inverse(const mtx_cell *cell)
{
    for (int k = 0; k < 3; k++) {
        for (int m = 0; m < 3; m++) {
            double sum = 0.0;
            for (int c = 0; c < 3; c++) sum += cell->row[k][c] * cell->inverse[c][m];
            assert_true(fabs(sum - (k == m)) < TIGHT);
        }
    }
}

static void hexagonal_numbers(void **state)
{
    (void)state;
    const double rows[3][3] = {{3.0, 0, 0}, {-1.5, 3.0 * sqrt(0.75), 0}, {0, 0, 10.0}};
    mtx_cell cell;
    assert_int_equal(mtx_cell_make(rows, all, &cell, NULL), MTX_OK);
    check_inverse(&cell);
    assert_true(fabs(cell.volume - 90.0 * sqrt(0.75)) < 1e-11);
    assert_true(fabs(cell.height[0] - 3.0 * sqrt(0.75)) < TIGHT);
    assert_true(fabs(cell.height[2] - 10.0) < TIGHT);
    assert_int_equal(cell.handedness, 1);
}

static void a_left_handed_cell_is_as_good(void **state)
{
    (void)state;
    const double rows[3][3] = {{0.5, 4, 0}, {4, 0.25, 1}, {0, 1, 5}};
    mtx_cell cell;
    assert_int_equal(mtx_cell_make(rows, all, &cell, NULL), MTX_OK);
    check_inverse(&cell);
    assert_int_equal(cell.handedness, -1);
    assert_true(cell.volume > 0.0);
}

static void missing_rows_become_orthogonal_units(void **state)
{
    (void)state;
    const double rows[3][3] = {{3, 1, 0}, {0, 4, 2}, {0, 0, 0}}, empty[3][3] = {{0}};
    mtx_cell cell;
    assert_int_equal(mtx_cell_make(rows, plane, &cell, NULL), MTX_OK);
    check_inverse(&cell);
    assert_true(fabs(dot(cell.row[2], cell.row[2]) - 1.0) < TIGHT);
    assert_true(fabs(dot(cell.row[2], cell.row[0])) < TIGHT && fabs(dot(cell.row[2], cell.row[1])) < TIGHT);
    assert_int_equal(mtx_cell_make(empty, none, &cell, NULL), MTX_OK);
    check_inverse(&cell);
    assert_true(fabs(cell.volume - 1.0) < TIGHT);
}

static void an_open_row_is_kept_when_independent(void **state)
{
    (void)state;
    const double slab[3][3] = {{3, 0, 0}, {0, 3, 0}, {0.5, 0, 15}},
                 doubled[3][3] = {{3, 0, 0}, {6, 0, 0}, {0, 0, 2}};
    mtx_cell cell;
    assert_int_equal(mtx_cell_make(slab, plane, &cell, NULL), MTX_OK);
    assert_true(cell.row[2][0] == 0.5 && cell.row[2][2] == 15.0);
    assert_int_equal(mtx_cell_make(doubled, wire, &cell, NULL), MTX_OK);
    check_inverse(&cell);
}

static void useless_cells_are_refused(void **state)
{
    (void)state;
    const double flat[3][3] = {{1, 2, 3}, {2, 4, 6}, {0, 0, 1}}, empty[3][3] = {{0}};
    const double bad[3][3] = {{1, 0, 0}, {0, INFINITY, 0}, {0, 0, 1}};
    mtx_cell cell;
    mtx_problem problem;
    assert_int_equal(mtx_cell_make(flat, all, &cell, &problem), MTX_EDATA);
    assert_string_equal(problem.code, "E0615");
    assert_int_equal(mtx_cell_make(empty, wire, &cell, &problem), MTX_EDATA);
    assert_int_equal(mtx_cell_make(bad, none, &cell, &problem), MTX_EDATA);
    assert_string_equal(problem.code, "E0650");
}

static void coordinates_go_both_ways(void **state)
{
    (void)state;
    const double rows[3][3] = {{3, 0.5, 0.25}, {-1, 4, 0.75}, {0.5, -0.125, 5}};
    const double f[2][3] = {{0.1, 0.7, -2.3}, {1, 0, 0}};
    double x[2][3], back[2][3];
    mtx_cell cell;
    assert_int_equal(mtx_cell_make(rows, all, &cell, NULL), MTX_OK);
    mtx_cell_cartesian(&cell, f, 2, x);
    assert_true(x[1][0] == 3.0 && x[1][1] == 0.5 && x[1][2] == 0.25);
    mtx_cell_fractional(&cell, (const double(*)[3])x, 2, back);
    for (int i = 0; i < 2; i++) {
        for (int c = 0; c < 3; c++) assert_true(fabs(back[i][c] - f[i][c]) < TIGHT);
    }
}

static void wrapping_is_exact_from_far_away(void **state)
{
    (void)state;
    const double rows[3][3] = {{3, 0.5, 0.25}, {-1, 4, 0.75}, {0.5, -0.125, 5}};
    const double home[3] = {1.5, 2.25, 3.125};
    double r[1][3], lost[1][3] = {{0, NAN, 0}};
    int32_t shift[1][3];
    const double move[3] = {1e6, -3e6, 12345};
    for (int c = 0; c < 3; c++) {
        r[0][c] = home[c];
        for (int k = 0; k < 3; k++) r[0][c] += move[k] * rows[k][c];
    }
    mtx_cell cell;
    mtx_problem problem;
    assert_int_equal(mtx_cell_make(rows, all, &cell, NULL), MTX_OK);
    assert_int_equal(mtx_cell_wrap(&cell, r, 1, shift, NULL), MTX_OK);
    for (int k = 0; k < 3; k++) {
        assert_true(r[0][k] == home[k]);
        assert_int_equal(shift[0][k], -(int32_t)move[k]);
    }
    assert_int_equal(mtx_cell_wrap(&cell, lost, 1, NULL, &problem), MTX_EDATA);
    assert_int_equal(problem.atom, 0);
}

static void open_directions_are_not_wrapped(void **state)
{
    (void)state;
    const double rows[3][3] = {{3, 0, 0}, {0, 3, 0}, {0, 0, 3}};
    double r[1][3] = {{-1, 7, -20}};
    mtx_cell cell;
    assert_int_equal(mtx_cell_make(rows, plane, &cell, NULL), MTX_OK);
    assert_int_equal(mtx_cell_wrap(&cell, r, 1, NULL, NULL), MTX_OK);
    assert_true(r[0][0] == 2.0 && r[0][1] == 1.0 && r[0][2] == -20.0);
}

static void reciprocal_rows_are_dual(void **state)
{
    (void)state;
    const double rows[3][3] = {{3, 0.5, 0.25}, {-1, 4, 0.75}, {0.5, -0.125, 5}};
    double b[3][3];
    mtx_cell cell;
    assert_int_equal(mtx_cell_make(rows, all, &cell, NULL), MTX_OK);
    mtx_cell_reciprocal(&cell, b);
    for (int k = 0; k < 3; k++) {
        for (int m = 0; m < 3; m++)
            assert_true(fabs(dot(rows[k], b[m]) - (k == m ? 6.283185307179586 : 0)) < 1e-11);
    }
}

/* Each vector shortest modulo the others, the same lattice, however skewed the start. */
static void reduction_finds_short_vectors(void **state)
{
    (void)state;
    srand(3);
    for (int number = 0; number < 3000; number++) {
        double rows[3][3], reduced[3][3];
        int64_t change[3][3];
        mtx_cell cell, after;
        for (int k = 0; k < 9; k++) rows[k / 3][k % 3] = (rand() % 513 - 256) / 64.0; /* sums are exact */
        if (mtx_cell_make((const double(*)[3])rows, all, &cell, NULL) != MTX_OK || cell.volume < 1.0)
            continue;
        const double volume = cell.volume;
        for (int step = 0; step < 6; step++) {
            const int k = rand() % 3, m = (k + 1 + rand() % 2) % 3, factor = rand() % 41 - 20;
            for (int c = 0; c < 3; c++) rows[k][c] += factor * rows[m][c];
        }
        if (mtx_cell_make((const double(*)[3])rows, all, &cell, NULL) != MTX_OK) continue;
        assert_int_equal(mtx_cell_reduce(&cell, reduced, change, NULL), MTX_OK);
        assert_int_equal(mtx_cell_make((const double(*)[3])reduced, all, &after, NULL), MTX_OK);
        assert_true(fabs(after.volume / volume - 1.0) < 1e-9);
        const int64_t det = change[0][0] * (change[1][1] * change[2][2] - change[1][2] * change[2][1]) -
                            change[0][1] * (change[1][0] * change[2][2] - change[1][2] * change[2][0]) +
                            change[0][2] * (change[1][0] * change[2][1] - change[1][1] * change[2][0]);
        assert_true(det == 1 || det == -1);
        for (int k = 0; k < 3; k++) {
            for (int x = -1; x <= 1; x++) {
                for (int y = -1; y <= 1; y++) {
                    double v[3];
                    for (int c = 0; c < 3; c++) {
                        v[c] = reduced[k][c] + x * reduced[(k + 1) % 3][c] + y * reduced[(k + 2) % 3][c];
                    }
                    assert_true(dot(v, v) > dot(reduced[k], reduced[k]) * (1.0 - 1e-6));
                }
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hexagonal_numbers),
        cmocka_unit_test(a_left_handed_cell_is_as_good),
        cmocka_unit_test(missing_rows_become_orthogonal_units),
        cmocka_unit_test(an_open_row_is_kept_when_independent),
        cmocka_unit_test(useless_cells_are_refused),
        cmocka_unit_test(coordinates_go_both_ways),
        cmocka_unit_test(wrapping_is_exact_from_far_away),
        cmocka_unit_test(open_directions_are_not_wrapped),
        cmocka_unit_test(reciprocal_rows_are_dual),
        cmocka_unit_test(reduction_finds_short_vectors),
    };
    return cmocka_run_group_tests_name("cell", tests, NULL, NULL);
}
