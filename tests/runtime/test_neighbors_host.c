/* SPDX-License-Identifier: Apache-2.0
 *
 * test_neighbors_host.c: the list of a host with ghosts against a list of our own on random triclinic cells:
 * the same pairs, reverse pairs found, forces and strain of a pair energy the same; bad lists are told.
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

enum { ATOMS = 5, SAMPLES = 60, GHOSTS_MAX = 20000, ROW_MAX = 4000, FLAG = 1 << 30 };
static const double cutoff = 4.0, reach = 4.5;
static const uint8_t pbc[3] = {1, 1, 1};

/* What a host keeps: a list that reaches beyond the cutoff, marked as LAMMPS marks bonded neighbours. */
typedef struct host {
    mtx_host_list list;
    double (*r)[3];
    int32_t *owner, *neighbor, count[ATOMS];
    int32_t *first[ATOMS];
    int64_t row[ATOMS + 1];
} host;

static double uniform(double low, double high)
{
    return low + (high - low) * (rand() / (RAND_MAX + 1.0));
}

static void add_ghosts(host *h, const double cell[3][3], int64_t *all)
{
    for (int a = -4; a <= 4; a++)
        for (int b = -4; b <= 4; b++)
            for (int c = -4; c <= 4; c++)
                for (int32_t j = 0; (a || b || c) && j < ATOMS; j++) {
                    double *to = h->r[*all], least = 1e9;
                    for (int x = 0; x < 3; x++)
                        to[x] = h->r[j][x] + a * cell[0][x] + b * cell[1][x] + c * cell[2][x];
                    for (int i = 0; i < ATOMS; i++)
                        least = fmin(least, hypot(hypot(to[0] - h->r[i][0], to[1] - h->r[i][1]), to[2] - h->r[i][2]));
                    if (least < reach) h->owner[(*all)++] = j;
                }
}

static void host_make(host *h, double cell[3][3])
{
    *h = (host){.r = malloc(GHOSTS_MAX * sizeof *h->r),
                .owner = malloc(GHOSTS_MAX * sizeof(int32_t)),
                .neighbor = malloc(ATOMS * ROW_MAX * sizeof(int32_t))};
    for (int k = 0; k < 3; k++)
        for (int x = 0; x < 3; x++) cell[k][x] = (k == x ? uniform(3.5, 6.0) : 0.0) + uniform(-0.8, 0.8);
    for (int i = 0; i < ATOMS; i++)
        for (int x = 0; x < 3; x++) h->r[i][x] = uniform(0, 5);
    int64_t all = ATOMS, n = 0;
    add_ghosts(h, (const double(*)[3])cell, &all);
    for (int i = 0; i < ATOMS; i++) {
        h->first[i] = h->neighbor + n;
        for (int32_t j = 0; j < all; j++) {
            double d = hypot(hypot(h->r[j][0] - h->r[i][0], h->r[j][1] - h->r[i][1]), h->r[j][2] - h->r[i][2]);
            if (j != i && d < reach) h->neighbor[n++] = j | (j % 3 == 0 ? FLAG : 0);
        }
        h->row[i + 1] = n;
        h->count[i] = (int32_t)(n - h->row[i]);
    }
    h->list = (mtx_host_list){.size = sizeof h->list, .owned = ATOMS, .all = all, .r = (const double(*)[3])h->r, .mask = FLAG - 1};
}

static void host_free(host *h)
{
    free(h->r);
    free(h->owner);
    free(h->neighbor);
}

static void use_rows(host *h, bool lammps)
{
    h->list.row = lammps ? NULL : h->row;
    h->list.neighbor = lammps ? NULL : h->neighbor;
    h->list.count = lammps ? h->count : NULL;
    h->list.first = lammps ? (const int32_t *const *)h->first : NULL;
}

/* E = sum of exp(-|d|) (1 + i) over pairs: depends on the end, so that g of a pair is not minus that of its reverse */
static double energy(const mtx_pairs *p, double (*g)[3])
{
    double sum = 0;
    for (int64_t k = 0; k < p->n; k++) {
        double e = exp(-p->dist[k]) * (1 + p->i[k]);
        sum += e;
        g[k][0] = -e * p->dx[k] / p->dist[k];
        g[k][1] = -e * p->dy[k] / p->dist[k];
        g[k][2] = -e * p->dz[k] / p->dist[k];
    }
    return sum;
}

static void close_to(const double *a, const double *b, int n)
{
    double scale = 1;
    for (int k = 0; k < n; k++) scale = fmax(scale, fabs(a[k]));
    for (int k = 0; k < n; k++) assert_true(fabs(a[k] - b[k]) < 1e-12 * scale);
}

/* forces of all atoms and ghosts, those of ghosts given to their owners */
static void compare(const mtx_pairs *own, const mtx_pairs *theirs, const host *h)
{
    double(*g)[3] = malloc((size_t)(own->n + 1) * sizeof *g), (*f)[3] = calloc((size_t)h->list.all, sizeof *f);
    double want[ATOMS][3] = {{0}}, strain[2][3][3] = {{{0}}};
    double e = energy(own, g);
    mtx_pairs_forces(own, (const double(*)[3])g, want);
    mtx_pairs_strain(own, (const double(*)[3])g, strain[0]);
    assert_int_equal(own->n, theirs->n);
    assert_memory_equal(own->row, theirs->row, (ATOMS + 1) * sizeof(int64_t));
    double e2 = energy(theirs, g);
    mtx_pairs_forces(theirs, (const double(*)[3])g, f);
    mtx_pairs_strain(theirs, (const double(*)[3])g, strain[1]);
    for (int64_t a = ATOMS; a < h->list.all; a++)
        for (int x = 0; x < 3; x++) f[h->owner[a]][x] += f[a][x];
    close_to(&e, &e2, 1);
    close_to(want[0], f[0], 3 * ATOMS);
    close_to(strain[0][0], strain[1][0], 9);
    free(g);
    free(f);
}

static void check_reverse(const mtx_pairs *p)
{
    for (int64_t k = 0; k < p->n; k++) {
        int64_t m = p->rev[k];
        assert_true(m >= 0 && m < p->n && p->rev[m] == k);
        assert_true(p->i[m] == p->j[k] && p->j[m] == p->i[k]);
        assert_true(p->dx[m] == -p->dx[k] && p->dy[m] == -p->dy[k] && p->dz[m] == -p->dz[k]);
    }
}

static void same_as_own(void **state)
{
    (void)state;
    srand(1);
    mtx_pairs own, theirs, lean;
    mtx_pairs_init(&own);
    mtx_pairs_init(&theirs);
    mtx_pairs_init(&lean);
    for (int n = 0; n < SAMPLES; n++) {
        host h;
        double cell[3][3];
        host_make(&h, cell);
        use_rows(&h, n % 2);
        assert_int_equal(mtx_neighbors_build((const double(*)[3])h.r, (const double(*)[3])cell, pbc, ATOMS, cutoff, 0, &own, NULL), MTX_OK);
        assert_true(own.n > ATOMS);
        assert_int_equal(mtx_pairs_from_host(&h.list, cutoff, 0, &theirs, NULL), MTX_OK);
        compare(&own, &theirs, &h);
        assert_int_equal(mtx_pairs_from_host(&h.list, cutoff, MTX_PAIRS_LEAN, &lean, NULL), MTX_OK);
        assert_true(lean.i == NULL && lean.sx == NULL && lean.n == theirs.n);
        assert_memory_equal(lean.j, theirs.j, (size_t)theirs.n * sizeof *theirs.j);
        assert_memory_equal(lean.dist, theirs.dist, (size_t)theirs.n * sizeof *theirs.dist);
        h.list.owner = h.owner;
        assert_int_equal(mtx_pairs_from_host(&h.list, cutoff, MTX_PAIRS_REVERSE, &theirs, NULL), MTX_OK);
        compare(&own, &theirs, &h);
        check_reverse(&theirs);
        host_free(&h);
    }
    mtx_pairs_free(&own);
    mtx_pairs_free(&lean);
    mtx_pairs_free(&theirs);
}

/* a pair exactly at the cutoff, its ghost a rounding error off: both are dropped, not one */
static void at_the_cutoff(void **state)
{
    (void)state;
    double r[4][3] = {{0, 0, 0}, {3, 0, 0}, {4 * (1 - 1e-15), 0, 0}, {-1, 0, 0}};
    int32_t owner[] = {0, 1, 0, 1}, neighbor[] = {1, 3, 0, 2}, extra[] = {1, 3, 2, 0, 2};
    int64_t row[] = {0, 2, 4}, longer[] = {0, 3, 5};
    mtx_host_list list = {.size = sizeof list, .owned = 2, .all = 4, .r = (const double(*)[3])r, .row = row, .neighbor = neighbor, .owner = owner};
    mtx_pairs p;
    mtx_pairs_init(&p);
    assert_int_equal(mtx_pairs_from_host(&list, 4, MTX_PAIRS_REVERSE, &p, NULL), MTX_OK);
    assert_int_equal(p.n, 4);
    check_reverse(&p);
    list.row = longer; /* and the lonely pair from atom 0 to its own image */
    list.neighbor = extra;
    assert_int_equal(mtx_pairs_from_host(&list, 4, MTX_PAIRS_REVERSE, &p, NULL), MTX_OK);
    assert_int_equal(p.n, 4);
    assert_true(p.row[1] == 2 && p.pair_ptr[1] == 4);
    check_reverse(&p);
    mtx_pairs_free(&p);
}

static void bad_lists(void **state)
{
    (void)state;
    host h;
    double cell[3][3];
    host_make(&h, cell);
    use_rows(&h, false);
    mtx_pairs p;
    mtx_problem problem;
    mtx_pairs_init(&p);
    assert_int_equal(mtx_pairs_from_host(&h.list, 0, 0, &p, &problem), MTX_EINVAL);
    assert_int_equal(mtx_pairs_from_host(&h.list, cutoff, MTX_PAIRS_REVERSE, &p, &problem), MTX_EINVAL);
    assert_string_equal(problem.code, "E0656");
    h.list.mask = 0;
    assert_int_equal(mtx_pairs_from_host(&h.list, cutoff, 0, &p, &problem), MTX_EINVAL);
    h.list.mask = FLAG - 1;
    h.list.owner = h.owner;
    int32_t half = h.neighbor[0] & h.list.mask; /* its reverse goes missing */
    int32_t was = half < ATOMS ? half : h.owner[half];
    for (int64_t k = h.row[was]; k < h.row[was + 1]; k++) {
        int32_t j = h.neighbor[k] & h.list.mask;
        if ((j < ATOMS ? j : h.owner[j]) == 0) h.neighbor[k] = (was + 1) % ATOMS;
    }
    h.neighbor[0] = half;
    h.r[half][0] = h.r[0][0] + 1, h.r[half][1] = h.r[0][1], h.r[half][2] = h.r[0][2];
    assert_int_equal(mtx_pairs_from_host(&h.list, cutoff, MTX_PAIRS_REVERSE, &p, &problem), MTX_EINVAL);
    assert_int_equal(p.n, 0);
    h.owner[ATOMS] = ATOMS;
    assert_int_equal(mtx_pairs_from_host(&h.list, cutoff, MTX_PAIRS_REVERSE, &p, &problem), MTX_EINVAL);
    assert_int_equal(problem.atom, ATOMS);
    h.list.owner = NULL;
    h.list.size--;
    assert_int_equal(mtx_pairs_from_host(&h.list, cutoff, 0, &p, &problem), MTX_EINVAL);
    mtx_pairs_free(&p);
    host_free(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(same_as_own), cmocka_unit_test(at_the_cutoff),
                                       cmocka_unit_test(bad_lists)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
