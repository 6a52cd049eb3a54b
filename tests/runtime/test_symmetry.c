/* SPDX-License-Identifier: Apache-2.0
 *
 * test_symmetry.c: space groups and cells of known crystals; operations checked by what they do to the
 * atoms. The MoS2 numbers are from spglib 2.0.2 (design reference, section 1); a triclinic lattice tells
 * rows from columns.
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

#define SYMPREC 1e-3

static void make(mtx_structure *s, const double cell[3][3], int64_t n, const double (*f)[3], const int32_t *Z)
{
    static const uint8_t pbc[3] = {1, 1, 1};
    mtx_cell lattice;
    mtx_structure_init(s);
    assert_int_equal(mtx_structure_reserve(s, n), MTX_OK);
    assert_int_equal(mtx_cell_make(cell, pbc, &lattice, NULL), MTX_OK);
    mtx_cell_cartesian(&lattice, f, n, s->r);
    memcpy(s->cell, cell, sizeof s->cell);
    memcpy(s->pbc, pbc, sizeof s->pbc);
    memcpy(s->Z, Z, (size_t)n * sizeof *Z);
    s->n = n;
}

static void make_mos2(mtx_structure *s)
{
    const double a = 3.19031570, c = 14.879004;
    const double cell[3][3] = {{a, 0, 0}, {-a / 2, a * sqrt(3.0) / 2, 0}, {0, 0, c}};
    const double f[3][3] = {
        {1 / 3.0, 2 / 3.0, 0.25}, {2 / 3.0, 1 / 3.0, 0.144826}, {2 / 3.0, 1 / 3.0, 0.355174}};
    const int32_t Z[3] = {42, 16, 16};
    make(s, cell, 3, f, Z);
}

static bool available(void)
{
    mtx_structure s;
    mtx_symmetry y;
    make_mos2(&s);
    mtx_symmetry_init(&y);
    const mtx_status status = mtx_symmetry_find(&s, SYMPREC, &y, NULL);
    mtx_symmetry_free(&y);
    mtx_structure_free(&s);
    return status != MTX_EUNSUPPORTED;
}

static double round_trip(double x)
{
    return fabs(x - floor(x + 0.5));
}

/* Every operation maps the set of typed atoms onto itself, in fractions and in Cartesian coordinates. */
static void check_operations(const mtx_structure *s, const mtx_symmetry *y)
{
    mtx_cell cell;
    double f[64][3];
    assert_true(s->n <= 64);
    assert_int_equal(mtx_cell_make((const double(*)[3])s->cell, s->pbc, &cell, NULL), MTX_OK);
    mtx_cell_fractional(&cell, (const double(*)[3])s->r, s->n, f);
    for (int k = 0; k < y->n_operations; k++) {
        for (int64_t i = 0; i < s->n; i++) {
            double image[3];
            bool found = false;
            for (int a = 0; a < 3; a++) {
                image[a] = y->translation[k][a];
                for (int b = 0; b < 3; b++) image[a] += y->rotation[k][a][b] * f[i][b];
            }
            for (int64_t j = 0; j < s->n && !found; j++) {
                found = s->Z[i] == s->Z[j] && round_trip(image[0] - f[j][0]) < 1e-3 &&
                        round_trip(image[1] - f[j][1]) < 1e-3 && round_trip(image[2] - f[j][2]) < 1e-3;
            }
            assert_true(found);
            /* R x must be the Cartesian form of W f */
            double wf[1][3], x[1][3];
            for (int a = 0; a < 3; a++) wf[0][a] = image[a] - y->translation[k][a];
            mtx_cell_cartesian(&cell, (const double(*)[3])wf, 1, x);
            for (int a = 0; a < 3; a++) {
                double rx = 0.0;
                for (int b = 0; b < 3; b++) rx += y->cartesian[k][a][b] * s->r[i][b];
                assert_true(fabs(rx - x[0][a]) < 1e-9);
            }
        }
        for (int a = 0; a < 3; a++) {
            for (int b = 0; b < 3; b++) {
                double sum = 0.0;
                for (int c = 0; c < 3; c++) sum += y->cartesian[k][a][c] * y->cartesian[k][b][c];
                assert_true(fabs(sum - (a == b)) < 1e-4);
            }
        }
    }
}

static void molybdenum_disulfide_golden(void **state)
{
    (void)state;
    if (!available()) skip();
    mtx_structure s;
    mtx_symmetry y;
    make_mos2(&s);
    mtx_symmetry_init(&y);
    static const double tolerances[] = {1e-5, 1e-3, 0.1};
    for (int k = 0; k < 3; k++) {
        assert_int_equal(mtx_symmetry_find(&s, tolerances[k], &y, NULL), MTX_OK);
        assert_int_equal(y.number, 187);
        assert_int_equal(y.hall_number, 481);
        assert_int_equal(y.n_operations, 12);
        assert_string_equal(y.international, "P-6m2");
        assert_string_equal(y.pointgroup, "-6m2");
        assert_memory_equal(y.wyckoff, "cii", 3);
        assert_string_equal(y.site[0], "-6m2");
        assert_string_equal(y.site[1], "3m.");
        assert_string_equal(y.site[2], "3m.");
        const int32_t equivalent[3] = {0, 1, 1};
        assert_memory_equal(y.equivalent, equivalent, sizeof equivalent);
        check_operations(&s, &y);
    }
    mtx_symmetry_free(&y);
    mtx_structure_free(&s);
}

/* P-1 in a lattice without a right angle: wrong with rows and columns exchanged. */
static void triclinic_inversion(void **state)
{
    (void)state;
    if (!available()) skip();
    const double cell[3][3] = {{4.1, 0.3, -0.2}, {1.3, 5.2, 0.4}, {-0.7, 1.1, 6.3}};
    const double f[5][3] = {
        {0, 0, 0}, {0.2, 0.33, 0.11}, {0.8, 0.67, 0.89}, {0.41, 0.13, 0.72}, {0.59, 0.87, 0.28}};
    const int32_t Z[5] = {14, 8, 8, 12, 12};
    mtx_structure s;
    mtx_symmetry y;
    make(&s, cell, 5, f, Z);
    mtx_symmetry_init(&y);
    assert_int_equal(mtx_symmetry_find(&s, SYMPREC, &y, NULL), MTX_OK);
    assert_int_equal(y.number, 2);
    assert_int_equal(y.n_operations, 2);
    const int32_t equivalent[5] = {0, 1, 1, 3, 3};
    assert_memory_equal(y.equivalent, equivalent, sizeof equivalent);
    check_operations(&s, &y);
    mtx_symmetry_free(&y);
    mtx_structure_free(&s);
}

/* Monoclinic lattice whose transpose is no lattice of the same symmetry. */
static void monoclinic_in_an_odd_setting(void **state)
{
    (void)state;
    if (!available()) skip();
    const double cell[3][3] = {{5.0, 0, 0}, {2.3, 6.1, 0}, {0, 0, 7.4}},
                 f[2][3] = {{0.1, 0.2, 0.3}, {0.9, 0.8, 0.3}};
    const int32_t Z[2] = {8, 8};
    mtx_structure s;
    mtx_symmetry y;
    make(&s, cell, 2, f, Z);
    mtx_symmetry_init(&y);
    assert_int_equal(mtx_symmetry_find(&s, SYMPREC, &y, NULL), MTX_OK);
    assert_int_equal(y.number, 10);
    check_operations(&s, &y);
    mtx_symmetry_free(&y);
    mtx_structure_free(&s);
}

static void make_silicon(mtx_structure *s, const double skew[3][3])
{
    static const double f[8][3] = {{0, 0, 0},       {0, .5, .5},     {.5, 0, .5},     {.5, .5, 0},
                                   {.25, .25, .25}, {.25, .75, .75}, {.75, .25, .75}, {.75, .75, .25}};
    static const double cell[3][3] = {{5.431, 0, 0}, {0, 5.431, 0}, {0, 0, 5.431}};
    static const int32_t Z[8] = {14, 14, 14, 14, 14, 14, 14, 14};
    make(s, cell, 8, f, Z);
    double rows[3][3];
    for (int k = 0; k < 3; k++) {
        for (int c = 0; c < 3; c++)
            rows[k][c] = skew[k][0] * cell[0][c] + skew[k][1] * cell[1][c] + skew[k][2] * cell[2][c];
    }
    memcpy(s->cell, rows, sizeof rows);
}

static double cell_volume(const mtx_structure *s)
{
    mtx_cell cell;
    assert_int_equal(mtx_cell_make((const double(*)[3])s->cell, s->pbc, &cell, NULL), MTX_OK);
    return cell.volume;
}

static void cells_of_silicon(void **state)
{
    (void)state;
    if (!available()) skip();
    const double skew[3][3] = {{1, 0, 0}, {2, 1, 0}, {-1, 3, 1}};
    mtx_structure s, out;
    mtx_symmetry y;
    make_silicon(&s, skew);
    mtx_structure_init(&out);
    mtx_symmetry_init(&y);
    const double volume = cell_volume(&s);
    assert_int_equal(mtx_symmetry_find(&s, SYMPREC, &y, NULL), MTX_OK);
    assert_int_equal(y.number, 227);
    assert_int_equal(y.n_operations, 192);

    assert_int_equal(mtx_structure_primitive(&s, SYMPREC, &out, NULL), MTX_OK);
    assert_int_equal(out.n, 2);
    assert_true(fabs(cell_volume(&out) - volume / 4) < 1e-6);
    assert_int_equal(out.Z[1], 14);

    assert_int_equal(mtx_structure_standard(&s, SYMPREC, 0, &out, NULL), MTX_OK);
    assert_int_equal(out.n, 8);
    assert_true(fabs(out.cell[0][0] - 5.431) < 1e-6 && fabs(out.cell[1][0]) < 1e-9);

    assert_int_equal(mtx_structure_niggli(&s, SYMPREC, &out, NULL), MTX_OK);
    assert_int_equal(out.n, 8);
    assert_true(fabs(cell_volume(&out) - volume) < 1e-9);
    for (int k = 0; k < 3; k++) {
        double length2 = 0.0;
        for (int c = 0; c < 3; c++) length2 += out.cell[k][c] * out.cell[k][c];
        assert_true(fabs(sqrt(length2) - 5.431) < 1e-9);
    }
    /* the same points: each atom of the input is an atom of the output up to a lattice vector */
    mtx_cell cell;
    assert_int_equal(mtx_cell_make((const double(*)[3])out.cell, out.pbc, &cell, NULL), MTX_OK);
    for (int64_t i = 0; i < s.n; i++) {
        double d[1][3], f[1][3];
        for (int c = 0; c < 3; c++) d[0][c] = s.r[i][c] - out.r[i][c];
        mtx_cell_fractional(&cell, (const double(*)[3])d, 1, f);
        for (int c = 0; c < 3; c++) assert_true(round_trip(f[0][c]) < 1e-9);
    }
    mtx_symmetry_free(&y);
    mtx_structure_free(&s);
    mtx_structure_free(&out);
}

static void what_has_no_symmetry_is_refused(void **state)
{
    (void)state;
    if (!available()) skip();
    mtx_structure s, out;
    mtx_symmetry y;
    mtx_problem problem;
    make_mos2(&s);
    mtx_structure_init(&out);
    mtx_symmetry_init(&y);
    assert_int_equal(mtx_symmetry_find(&s, 0.0, &y, &problem), MTX_EINVAL);
    assert_int_equal(mtx_symmetry_find(&s, NAN, &y, &problem), MTX_EINVAL);
    assert_int_equal(mtx_symmetry_find(&s, 1e3, &y, &problem), MTX_ENOSYM);
    s.n = 0;
    assert_int_equal(mtx_symmetry_find(&s, SYMPREC, &y, &problem), MTX_EINVAL);
    s.n = 3;
    memset(s.cell[2], 0, sizeof s.cell[2]);
    assert_int_equal(mtx_symmetry_find(&s, SYMPREC, &y, &problem), MTX_EDATA);
    assert_int_equal(mtx_structure_niggli(&s, SYMPREC, &out, &problem), MTX_EDATA);
    mtx_structure_free(&s);
    mtx_structure_free(&out);
    mtx_symmetry_free(&y);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(molybdenum_disulfide_golden),     cmocka_unit_test(triclinic_inversion),
        cmocka_unit_test(monoclinic_in_an_odd_setting),    cmocka_unit_test(cells_of_silicon),
        cmocka_unit_test(what_has_no_symmetry_is_refused),
    };
    return cmocka_run_group_tests_name("symmetry", tests, NULL, NULL);
}
