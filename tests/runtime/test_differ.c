/* SPDX-License-Identifier: Apache-2.0
 *
 * test_differ.c: registration of samples on hosts. Goldens are three cells of the MoS2 data (design
 * reference, section 18), built here from their defects and also read from examples/data; then shifts,
 * wraps, orders, noise, other cells of host and sample, ambiguous hosts, and samples that do not fit.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mtx/mtxrt.h"

#define PLACE_TOLERANCE 1e-6

static const uint8_t plane[3] = {1, 1, 0}, all[3] = {1, 1, 1};

/* A defect as the reference prints it: what stands there now, what was there, fractions of the sample's
 * cell. */
typedef struct defect {
    int32_t now, was;
    double f[3];
} defect;

typedef struct golden {
    const char *id;
    int n;
    defect spot[3];
} golden;

static const golden goldens[] = {
    {"6141cf0f51c1cbd9654b8870",
     2,
     {{0, 16, {.583333, .416667, .355174}}, {0, 16, {.708333, .291667, .144826}}}},
    {"6141cf15ee0a3fd43fb479db",
     3,
     {{34, 16, {.583333, .291667, .144826}},
      {34, 16, {.583333, .666667, .144826}},
      {0, 42, {.541667, .958333, .25}}}},
    {"6141cf194e27a1844a5efffe",
     3,
     {{34, 16, {.708333, .041667, .144826}},
      {74, 42, {.541667, .083333, .25}},
      {0, 16, {.833333, .666667, .144826}}}},
};

enum { GOLDENS = sizeof goldens / sizeof *goldens };

/* ---- building structures */

static void make(mtx_structure *s, double cell[3][3], int64_t n, double (*f)[3], const int32_t *Z)
{
    mtx_cell lattice;
    mtx_structure_init(s);
    assert_int_equal(mtx_structure_reserve(s, n + 8), MTX_OK);
    assert_int_equal(mtx_cell_make((const double(*)[3])cell, all, &lattice, NULL), MTX_OK);
    mtx_cell_cartesian(&lattice, (const double(*)[3])f, n, s->r);
    memcpy(s->cell, cell, sizeof s->cell);
    memcpy(s->pbc, all, sizeof s->pbc);
    memcpy(s->Z, Z, (size_t)n * sizeof *Z);
    s->n = n;
}

static void make_host(mtx_structure *s)
{
    const double a = 3.19031570;
    double cell[3][3] = {{a, 0, 0}, {-a / 2, a * sqrt(3.0) / 2, 0}, {0, 0, 14.879004}};
    double f[3][3] = {{1 / 3.0, 2 / 3.0, 0.25}, {2 / 3.0, 1 / 3.0, 0.144826}, {2 / 3.0, 1 / 3.0, 0.355174}};
    const int32_t Z[3] = {42, 16, 16};
    make(s, cell, 3, f, Z);
}

/* The host repeated over the rows of m (determinant `cells`), every site once. */
static void make_supercell(mtx_structure *s, const mtx_structure *host, int m[3][3], int64_t cells)
{
    double rows[3][3];
    mtx_cell lattice;
    mtx_structure_init(s);
    assert_int_equal(mtx_structure_reserve(s, cells * host->n + 8), MTX_OK);
    for (int k = 0; k < 3; k++) {
        for (int c = 0; c < 3; c++) {
            rows[k][c] = m[k][0] * host->cell[0][c] + m[k][1] * host->cell[1][c] + m[k][2] * host->cell[2][c];
        }
    }
    memcpy(s->cell, rows, sizeof rows);
    memcpy(s->pbc, all, sizeof s->pbc);
    assert_int_equal(mtx_cell_make((const double(*)[3])rows, all, &lattice, NULL), MTX_OK);
    for (int i = 0; i < host->n; i++) {
        const int64_t first = s->n;
        for (int t = 0; t < 48 * 48 * 3 && s->n - first < cells; t++) {
            const int tile[3] = {t / 3 % 48 - 24, t / 144 - 24, t % 3 - 1};
            double x[1][3], f[1][3];
            for (int c = 0; c < 3; c++) {
                x[0][c] = host->r[i][c];
                for (int k = 0; k < 3; k++) x[0][c] += tile[k] * host->cell[k][c];
            }
            mtx_cell_fractional(&lattice, (const double(*)[3])x, 1, f);
            const double edge = 1e-7;
            if (f[0][0] < -edge || f[0][0] >= 1 - edge || f[0][1] < -edge || f[0][1] >= 1 - edge ||
                f[0][2] < -edge || f[0][2] >= 1 - edge) {
                continue;
            }
            memcpy(s->r[s->n], x[0], sizeof x[0]);
            s->Z[s->n++] = host->Z[i];
        }
        assert_int_equal(s->n - first, cells);
    }
}

static void remove_atom(mtx_structure *s, int64_t i)
{
    s->n--;
    memcpy(s->r[i], s->r[s->n], sizeof s->r[i]);
    s->Z[i] = s->Z[s->n];
}

/* Distance of a from b modulo the sample's lattice in the plane. */
static double distance(const mtx_structure *s, const double a[3], const double b[3])
{
    double d[1][3] = {{a[0] - b[0], a[1] - b[1], a[2] - b[2]}}, f[1][3], x[1][3];
    mtx_cell cell;
    assert_int_equal(mtx_cell_make((const double(*)[3])s->cell, all, &cell, NULL), MTX_OK);
    mtx_cell_fractional(&cell, (const double(*)[3])d, 1, f);
    for (int k = 0; k < 2; k++) f[0][k] -= floor(f[0][k] + 0.5);
    mtx_cell_cartesian(&cell, (const double(*)[3])f, 1, x);
    return sqrt(x[0][0] * x[0][0] + x[0][1] * x[0][1] + x[0][2] * x[0][2]);
}

static void fractions_to_place(const mtx_structure *s, const double f[3], double x[3])
{
    for (int c = 0; c < 3; c++) x[c] = f[0] * s->cell[0][c] + f[1] * s->cell[1][c] + f[2] * s->cell[2][c];
}

static void put_defects(mtx_structure *s, const golden *g)
{
    for (int k = 0; k < g->n; k++) {
        double x[3];
        fractions_to_place(s, g->spot[k].f, x);
        int64_t found = -1;
        for (int64_t i = 0; i < s->n; i++) {
            if (distance(s, x, s->r[i]) < 1e-3) found = i;
        }
        assert_true(found >= 0);
        assert_int_equal(s->Z[found], g->spot[k].was);
        if (g->spot[k].now == 0)
            remove_atom(s, found);
        else
            s->Z[found] = g->spot[k].now;
    }
}

static void make_sample(mtx_structure *s, const golden *g)
{
    mtx_structure host;
    int m[3][3] = {{8, 0, 0}, {0, 8, 0}, {0, 0, 1}};
    make_host(&host);
    make_supercell(s, &host, m, 64);
    put_defects(s, g);
    mtx_structure_free(&host);
}

static void shift(mtx_structure *s, const double by[3])
{
    for (int64_t i = 0; i < s->n; i++) {
        for (int c = 0; c < 3; c++) s->r[i][c] += by[c];
    }
}

static double random_between(double low, double high)
{
    return low + (high - low) * rand() / RAND_MAX;
}

static void shuffle(mtx_structure *s)
{
    for (int64_t i = s->n - 1; i > 0; i--) {
        const int64_t j = rand() % (i + 1);
        double r[3];
        const int32_t Z = s->Z[i];
        memcpy(r, s->r[i], sizeof r);
        memcpy(s->r[i], s->r[j], sizeof r);
        memcpy(s->r[j], r, sizeof r);
        s->Z[i] = s->Z[j];
        s->Z[j] = Z;
    }
}

/* Each atom by its own whole lattice vectors in the plane. */
static void wrap_anywhere(mtx_structure *s)
{
    for (int64_t i = 0; i < s->n; i++) {
        const int a = rand() % 7 - 3, b = rand() % 7 - 3;
        for (int c = 0; c < 3; c++) s->r[i][c] += a * s->cell[0][c] + b * s->cell[1][c];
    }
}

/* ---- checks */

/* The spots of structure k are the golden's, moved by `by`. */
static void check_spots(const mtx_structure *s, const mtx_spots *p, int64_t k, const golden *g,
                        const double by[3], double tolerance)
{
    assert_int_equal(p->ptr[k + 1] - p->ptr[k], g->n);
    for (int q = 0; q < g->n; q++) {
        double x[3];
        bool found = false;
        fractions_to_place(s, g->spot[q].f, x);
        for (int c = 0; c < 3; c++) x[c] += by[c];
        for (int64_t m = p->ptr[k]; m < p->ptr[k + 1]; m++) {
            const double at[3] = {p->x[m], p->y[m], p->z[m]};
            if (distance(s, x, at) > tolerance) continue;
            found = p->now[m] == g->spot[q].now && p->was[m] == g->spot[q].was;
            if (p->atom[m] >= 0) {
                assert_int_equal(s->Z[p->atom[m]], p->now[m]);
                assert_true(distance(s, at, s->r[p->atom[m]]) < 0.3);
            } else {
                assert_int_equal(p->now[m], 0);
            }
        }
        assert_true(found);
    }
}

/* place = host site + t * host rows + registration, modulo the sample's lattice; inside its cell. */
static void check_tiles(const mtx_structure *host, const mtx_structure *s, const mtx_spots *p, int64_t k)
{
    mtx_cell cell;
    assert_int_equal(mtx_cell_make((const double(*)[3])s->cell, all, &cell, NULL), MTX_OK);
    for (int64_t m = p->ptr[k]; m < p->ptr[k + 1]; m++) {
        double x[3], f[1][3], at[1][3] = {{p->x[m], p->y[m], p->z[m]}};
        for (int c = 0; c < 3; c++) {
            x[c] = host->r[p->site[m]][c] + p->tx[m] * host->cell[0][c] + p->ty[m] * host->cell[1][c] +
                   p->tz[m] * host->cell[2][c] + p->shift[k][c];
            assert_true(fabs(x[c] - at[0][c]) < PLACE_TOLERANCE);
        }
        assert_int_equal(p->was[m], host->Z[p->site[m]]);
        mtx_cell_fractional(&cell, (const double(*)[3])at, 1, f);
        for (int c = 0; c < 2; c++) assert_true(f[0][c] > -1e-8 && f[0][c] < 1.0);
    }
}

static const double nowhere[3] = {0, 0, 0};

static void goldens_come_out(void **state)
{
    (void)state;
    mtx_structure host;
    mtx_spots p;
    make_host(&host);
    mtx_spots_init(&p);
    for (int k = 0; k < GOLDENS; k++) {
        mtx_structure s;
        make_sample(&s, &goldens[k]);
        assert_int_equal(mtx_differ_append(&host, &s, plane, 0.0, &p, NULL), MTX_OK);
        check_spots(&s, &p, k, &goldens[k], nowhere, 1e-4);
        check_tiles(&host, &s, &p, k);
        mtx_structure_free(&s);
    }
    assert_int_equal(p.structures, GOLDENS);
    assert_int_equal(p.n, 8);
    mtx_spots_free(&p);
    mtx_structure_free(&host);
}

/* The bundled excerpt of the data, when this is run from the source tree. */
static void goldens_come_out_of_the_file(void **state)
{
    (void)state;
    const char *root = getenv("MTX_ROOT");
    char path[1024];
    snprintf(path, sizeof path, "%s/examples/data/mos2_defects.xyz.gz", root != NULL ? root : ".");
    mtx_reader *reader;
    if (mtx_reader_open(&reader, path, NULL, NULL) != MTX_OK) skip();
    mtx_structure host, s;
    mtx_spots p;
    make_host(&host);
    mtx_structure_init(&s);
    mtx_spots_init(&p);
    int seen = 0, frames = 0;
    for (;;) {
        const mtx_status status = mtx_reader_next(reader, &s, NULL);
        if (status == MTX_END) break;
        assert_int_equal(status, MTX_OK);
        assert_int_equal(mtx_differ_append(&host, &s, plane, 0.0, &p, NULL), MTX_OK);
        const mtx_column *id = mtx_structure_info(&s, "id");
        for (int k = 0; k < GOLDENS; k++) {
            if (id == NULL || strcmp(id->text[0], goldens[k].id) != 0) continue;
            check_spots(&s, &p, frames, &goldens[k], nowhere, 1e-4);
            seen++;
        }
        frames++;
    }
    assert_int_equal(seen, GOLDENS);
    mtx_reader_close(reader);
    mtx_spots_free(&p);
    mtx_structure_free(&s);
    mtx_structure_free(&host);
}

static void shift_wrap_and_order_do_not_matter(void **state)
{
    (void)state;
    srand(7);
    mtx_structure host;
    mtx_spots p;
    make_host(&host);
    mtx_spots_init(&p);
    for (int number = 0; number < 120; number++) {
        const golden *g = &goldens[number % GOLDENS];
        const double by[3] = {random_between(-30, 30), random_between(-30, 30), random_between(-5, 5)};
        mtx_structure s;
        make_sample(&s, g);
        shift(&s, by);
        wrap_anywhere(&s);
        shuffle(&s);
        mtx_spots_clear(&p);
        assert_int_equal(mtx_differ_append(&host, &s, plane, 0.0, &p, NULL), MTX_OK);
        check_spots(&s, &p, 0, g, by, 1e-4);
        check_tiles(&host, &s, &p, 0);
        mtx_structure_free(&s);
    }
    mtx_spots_free(&p);
    mtx_structure_free(&host);
}

/* Atoms of a relaxed sample are off their sites, the first one perhaps most. */
static void displaced_atoms_find_their_sites(void **state)
{
    (void)state;
    srand(8);
    mtx_structure host;
    mtx_spots p;
    make_host(&host);
    mtx_spots_init(&p);
    for (int number = 0; number < 60; number++) {
        const golden *g = &goldens[number % GOLDENS];
        const double by[3] = {random_between(-3, 3), random_between(-3, 3), random_between(-3, 3)};
        mtx_structure s;
        make_sample(&s, g);
        shuffle(&s);
        shift(&s, by);
        for (int64_t i = 0; i < s.n; i++) {
            for (int c = 0; c < 3; c++) s.r[i][c] += random_between(-0.1, 0.1);
        }
        s.r[0][number % 3] += 0.35;
        mtx_spots_clear(&p);
        assert_int_equal(mtx_differ_append(&host, &s, plane, 0.0, &p, NULL), MTX_OK);
        check_spots(&s, &p, 0, g, by, 0.05);
        mtx_structure_free(&s);
    }
    mtx_spots_free(&p);
    mtx_structure_free(&host);
}

/* The same sample in other bases of its lattice, and the host in other bases and sizes of its own. */
static void any_cell_of_host_and_sample_will_do(void **state)
{
    (void)state;
    srand(9);
    static int host_cells[][3][3] = {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}, {{1, 3, 0}, {0, 1, 0}, {0, 0, 1}},
                                     {{0, 1, 0}, {1, 0, 0}, {0, 0, 1}}, {{2, 1, 0}, {0, 1, 0}, {0, 0, 1}},
                                     {{4, 0, 0}, {2, 2, 0}, {0, 0, 1}}, {{8, 0, 0}, {0, 8, 0}, {0, 0, 1}}};
    static const int sizes[] = {1, 1, 1, 2, 8, 64};
    mtx_structure primitive;
    make_host(&primitive);
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        mtx_structure host;
        mtx_spots p;
        make_supercell(&host, &primitive, host_cells[k], sizes[k]);
        mtx_spots_init(&p);
        for (int number = 0; number < 9; number++) {
            const golden *g = &goldens[number % GOLDENS];
            const double by[3] = {number * 0.7, -number * 1.3, number * 0.1};
            mtx_structure s;
            make_sample(&s, g);
            shift(&s, by);
            shuffle(&s);
            for (int c = 0; c < 3; c++) {
                /* a sheared basis of the same lattice, and a third vector that leans */
                s.cell[0][c] += (number % 4 - 1) * s.cell[1][c];
                s.cell[1][c] = number % 2 ? -s.cell[1][c] : s.cell[1][c];
            }
            mtx_spots_clear(&p);
            assert_int_equal(mtx_differ_append(&host, &s, plane, 0.0, &p, NULL), MTX_OK);
            assert_int_equal(p.n, g->n);
            check_tiles(&host, &s, &p, 0);
            mtx_structure_free(&s);
        }
        mtx_spots_free(&p);
        mtx_structure_free(&host);
    }
    mtx_structure_free(&primitive);
}

/* Pairs between spots do not depend on anything but the sample: the multiset of distances. */
static void a_supercell_that_is_no_multiple_of_rows_works(void **state)
{
    (void)state;
    mtx_structure host, s;
    mtx_spots p;
    int m[3][3] = {{5, 2, 0}, {-1, 6, 0}, {0, 0, 1}};
    make_host(&host);
    make_supercell(&s, &host, m, 32);
    mtx_spots_init(&p);
    double gone[3];
    memcpy(gone, s.r[40], sizeof gone);
    remove_atom(&s, 40);
    s.Z[3] = 74;
    assert_int_equal(mtx_differ_append(&host, &s, plane, 0.0, &p, NULL), MTX_OK);
    assert_int_equal(p.n, 2);
    assert_int_equal(p.now[0], 74);
    assert_int_equal(p.atom[0], 3);
    const double at[3] = {p.x[1], p.y[1], p.z[1]};
    assert_true(distance(&s, at, gone) < 1e-6);
    check_tiles(&host, &s, &p, 0);
    mtx_spots_free(&p);
    mtx_structure_free(&host);
    mtx_structure_free(&s);
}

/* A strained sample: the host is stretched to fit. */
static void the_host_is_strained_to_the_sample(void **state)
{
    (void)state;
    mtx_structure host, s;
    mtx_spots p;
    make_host(&host);
    make_sample(&s, &goldens[2]);
    for (int c = 0; c < 2; c++) {
        for (int k = 0; k < 2; k++) s.cell[k][c] *= 1.01;
        for (int64_t i = 0; i < s.n; i++) s.r[i][c] *= 1.01;
    }
    mtx_spots_init(&p);
    assert_int_equal(mtx_differ_append(&host, &s, plane, 0.0, &p, NULL), MTX_OK);
    check_spots(&s, &p, 0, &goldens[2], nowhere, 1e-4);
    mtx_spots_free(&p);
    mtx_structure_free(&host);
    mtx_structure_free(&s);
}

/* Boron nitride: the two kinds of site are one honeycomb, so species decide; most of one kind may be gone. */
static void species_decide_between_equal_sites(void **state)
{
    (void)state;
    double a = 2.5, cell[3][3] = {{a, 0, 0}, {-a / 2, a * sqrt(0.75), 0}, {0, 0, 12}};
    double f[2][3] = {{1 / 3.0, 2 / 3.0, 0.5}, {2 / 3.0, 1 / 3.0, 0.5}};
    const int32_t Z[2] = {5, 7};
    int m[3][3] = {{4, 0, 0}, {0, 4, 0}, {0, 0, 1}};
    mtx_structure host, s;
    mtx_spots p;
    srand(10);
    make(&host, cell, 2, f, Z);
    mtx_spots_init(&p);
    for (int number = 0; number < 30; number++) {
        const double by[3] = {random_between(-9, 9), random_between(-9, 9), 0.25};
        make_supercell(&s, &host, m, 16);
        int carbon = 0;
        for (int64_t i = 0; i < s.n; i++) {
            if (rand() % 3 == 0 && carbon < 13) {
                s.Z[i] = 6;
                carbon++;
            }
        }
        shift(&s, by);
        shuffle(&s);
        mtx_spots_clear(&p);
        assert_int_equal(mtx_differ_append(&host, &s, plane, 0.0, &p, NULL), MTX_OK);
        assert_int_equal(p.n, carbon);
        for (int64_t k = 0; k < p.n; k++) assert_int_equal(p.now[k], 6);
        mtx_structure_free(&s);
    }
    mtx_spots_free(&p);
    mtx_structure_free(&host);
}

static void a_three_dimensional_host(void **state)
{
    (void)state;
    double a = 5.64, cell[3][3] = {{0, a / 2, a / 2}, {a / 2, 0, a / 2}, {a / 2, a / 2, 0}};
    double f[2][3] = {{0, 0, 0}, {0.5, 0.5, 0.5}};
    const int32_t Z[2] = {11, 17};
    int m[3][3] = {{-1, 1, 1}, {1, -1, 1}, {1, 1, -1}}; /* the conventional cube: 4 cells */
    const double by[3] = {1.7, -20.3, 4.4};
    mtx_structure host, s;
    mtx_spots p;
    make(&host, cell, 2, f, Z);
    make_supercell(&s, &host, m, 4);
    assert_true(fabs(s.cell[0][0] - a) < 1e-9);
    shift(&s, by);
    s.Z[5] = 35;
    remove_atom(&s, 1);
    mtx_spots_init(&p);
    assert_int_equal(mtx_differ_append(&host, &s, all, 0.0, &p, NULL), MTX_OK);
    assert_int_equal(p.n, 2);
    assert_true(p.was[0] == 11 && p.now[0] == 0 && p.was[1] == 17 && p.now[1] == 35);
    check_tiles(&host, &s, &p, 0);
    mtx_spots_free(&p);
    mtx_structure_free(&host);
    mtx_structure_free(&s);
}

static void expect_misfit(const mtx_structure *host, mtx_structure *s, const char *text, int64_t atom)
{
    mtx_spots p;
    mtx_problem problem;
    mtx_spots_init(&p);
    s->frame = 12;
    const mtx_status status = mtx_differ_append(host, s, plane, 0.0, &p, &problem);
    if (status != MTX_EMISMATCH || strstr(problem.message, text) == NULL) {
        fail_msg("wanted a misfit with `%s`, got %d: %s", text, (int)status,
                 status == MTX_OK ? "" : problem.message);
    }
    assert_int_equal(problem.frame, 12);
    assert_int_equal(problem.atom, atom);
    assert_int_equal(p.n, 0);
    assert_int_equal(p.structures, 0);
    mtx_spots_free(&p);
}

static void what_does_not_fit_is_named(void **state)
{
    (void)state;
    mtx_structure host, s;
    make_host(&host);

    make_sample(&s, &goldens[0]); /* an interstitial between the layers' atoms */
    memcpy(s.r[s.n], s.r[7], sizeof s.r[7]);
    s.r[s.n][2] += 6.0;
    s.Z[s.n++] = 42;
    expect_misfit(&host, &s, "atom 190 (Mo) is", 190);
    mtx_structure_free(&s);

    make_sample(&s, &goldens[0]); /* the same as the first atom of the file */
    s.r[0][2] += 6.0;
    expect_misfit(&host, &s, "atom 0 (", 0);
    mtx_structure_free(&s);

    make_sample(&s, &goldens[0]); /* two atoms on one site */
    memcpy(s.r[s.n], s.r[7], sizeof s.r[7]);
    s.r[s.n][0] += 0.05;
    s.Z[s.n++] = 42;
    expect_misfit(&host, &s, "atoms 7 and 190 are both on host site", 190);
    mtx_structure_free(&s);

    make_sample(&s, &goldens[0]); /* another lattice */
    s.cell[0][0] += 1.2;
    expect_misfit(&host, &s, "lattice vector 1 of the sample", -1);
    mtx_structure_free(&s);

    make_sample(&s, &goldens[0]); /* turned out of the plane */
    s.cell[1][2] += 2.0;
    expect_misfit(&host, &s, "lattice vector 2 of the sample", -1);
    mtx_structure_free(&s);
    mtx_structure_free(&host);
}

/* Two sublattices that a translation exchanges, half of the sites changed: either may be called the defects. */
static void two_equal_ways_are_refused(void **state)
{
    (void)state;
    mtx_structure host, sample;
    mtx_spots spots;
    mtx_problem problem = {.frame = -1};
    mtx_structure_init(&host);
    mtx_structure_init(&sample);
    mtx_spots_init(&spots);
    assert_int_equal(mtx_structure_reserve(&host, 2), MTX_OK);
    host.n = 2;
    for (int k = 0; k < 2; k++) {
        host.Z[k] = k == 0 ? 11 : 17;
        for (int c = 0; c < 3; c++) host.r[k][c] = c < 2 ? 2.0 * k : 0.0;
    }
    for (int c = 0; c < 3; c++) host.cell[c][c] = c < 2 ? 4.0 : 20.0;
    memcpy(host.pbc, plane, sizeof plane);
    assert_int_equal(mtx_structure_copy(&sample, &host), MTX_OK);
    assert_int_equal(mtx_differ_append(&host, &sample, plane, 0.0, &spots, &problem), MTX_OK);
    assert_int_equal(spots.n, 0);
    sample.Z[1] = 11;
    assert_int_equal(mtx_differ_append(&host, &sample, plane, 0.0, &spots, &problem), MTX_EMISMATCH);
    assert_string_equal(problem.code, "E0676");
    mtx_spots_free(&spots);
    mtx_structure_free(&host);
    mtx_structure_free(&sample);
}

static void bad_arguments_are_refused(void **state)
{
    (void)state;
    mtx_structure host, s;
    mtx_spots p;
    mtx_problem problem;
    make_host(&host);
    make_sample(&s, &goldens[0]);
    mtx_spots_init(&p);
    assert_int_equal(mtx_differ_append(&host, &s, plane, -1.0, &p, &problem), MTX_EINVAL);
    assert_int_equal(mtx_differ_append(&host, &s, plane, 2.0, &p, &problem), MTX_EINVAL);
    host.n = 0;
    assert_int_equal(mtx_differ_append(&host, &s, plane, 0.0, &p, &problem), MTX_EINVAL);
    host.n = 3;
    memset(s.cell[1], 0, sizeof s.cell[1]);
    assert_int_equal(mtx_differ_append(&host, &s, plane, 0.0, &p, &problem), MTX_EDATA);
    memcpy(host.r[1], host.r[2], sizeof host.r[1]);
    assert_int_equal(mtx_differ_append(&host, &s, plane, 0.0, &p, &problem), MTX_EDATA);
    host.r[1][2] = NAN;
    assert_int_equal(mtx_differ_append(&host, &s, plane, 0.0, &p, &problem), MTX_EDATA);
    mtx_structure_free(&s);
    mtx_structure_free(&host);

    make_host(&host); /* and it recovers */
    make_sample(&s, &goldens[0]);
    s.r[20][1] = NAN;
    assert_int_equal(mtx_differ_append(&host, &s, plane, 0.0, &p, &problem), MTX_EDATA);
    assert_int_equal(problem.atom, 20);
    mtx_structure_free(&s);
    make_sample(&s, &goldens[0]);
    assert_int_equal(mtx_differ_append(&host, &s, plane, 0.0, &p, &problem), MTX_OK);
    assert_int_equal(p.n, 2);
    s.n = 0; /* all sites vacant */
    assert_int_equal(mtx_differ_append(&host, &s, plane, 0.0, &p, &problem), MTX_OK);
    assert_int_equal(p.ptr[2] - p.ptr[1], 192);
    mtx_structure_free(&s);
    mtx_structure_free(&host);
    mtx_spots_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goldens_come_out),
        cmocka_unit_test(goldens_come_out_of_the_file),
        cmocka_unit_test(shift_wrap_and_order_do_not_matter),
        cmocka_unit_test(displaced_atoms_find_their_sites),
        cmocka_unit_test(any_cell_of_host_and_sample_will_do),
        cmocka_unit_test(a_supercell_that_is_no_multiple_of_rows_works),
        cmocka_unit_test(the_host_is_strained_to_the_sample),
        cmocka_unit_test(species_decide_between_equal_sites),
        cmocka_unit_test(a_three_dimensional_host),
        cmocka_unit_test(what_does_not_fit_is_named),
        cmocka_unit_test(two_equal_ways_are_refused),
        cmocka_unit_test(bad_arguments_are_refused),
    };
    return cmocka_run_group_tests_name("differ", tests, NULL, NULL);
}
