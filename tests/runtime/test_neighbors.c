/* SPDX-License-Identifier: Apache-2.0
 *
 * test_neighbors.c: neighbour lists of every kernel against a brute-force sum over images in long double,
 * on random cells of every shape; exactness of the cutoff, far atoms, coincident atoms, batches, reverse
 * pairs, reuse.
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

enum { CELLS = 12000, ATOMS_MAX = 12, ORACLE_MAX = 400000 };

/* Pairs closer to the cutoff than this may be on either side: the oracle rounds differently. */
#define AT_CUTOFF   1e-10L
#define D_TOLERANCE 1e-12

static const unsigned kernels[] = {0, MTX_PAIRS_AVX2, MTX_PAIRS_PORTABLE};

typedef struct pair {
    int32_t j, s[3];
    long double dist;
} pair;

typedef struct sample {
    int64_t n;
    double r[ATOMS_MAX][3], cell[3][3], cutoff;
    uint8_t pbc[3];
} sample;

/* ---- random numbers: splitmix64, so that a failing case can be made again from its number */

static uint64_t random_state;

static uint64_t random_bits(void)
{
    uint64_t z = (random_state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static double uniform(double low, double high)
{
    return low + (high - low) * ((double)(random_bits() >> 11) * 0x1p-53);
}

static int64_t below(int64_t n)
{
    return (int64_t)(random_bits() % (uint64_t)n);
}

/* ---- the oracle */

static void inverse(const double a[3][3], long double inv[3][3])
{
    long double c[3][3];
    for (int k = 0; k < 3; k++) {
        const double *p = a[(k + 1) % 3], *q = a[(k + 2) % 3];
        for (int m = 0; m < 3; m++) {
            c[k][m] =
                (long double)p[(m + 1) % 3] * q[(m + 2) % 3] - (long double)p[(m + 2) % 3] * q[(m + 1) % 3];
        }
    }
    const long double det = a[0][0] * c[0][0] + a[0][1] * c[0][1] + a[0][2] * c[0][2];
    for (int k = 0; k < 3; k++) {
        for (int m = 0; m < 3; m++) inv[m][k] = c[k][m] / det;
    }
}

/* Rows that do not repeat become orthogonal unit vectors: they only complete the basis. */
static void oracle_basis(const sample *s, double basis[3][3])
{
    mtx_cell cell;
    double given[3][3];
    for (int k = 0; k < 3; k++) {
        for (int c = 0; c < 3; c++) given[k][c] = s->pbc[k] ? s->cell[k][c] : 0.0;
    }
    assert_int_equal(mtx_cell_make(given, s->pbc, &cell, NULL), MTX_OK);
    memcpy(basis, cell.row, sizeof cell.row);
}

static void displacement(const sample *s, int64_t i, int64_t j, const int32_t shift[3], long double d[3])
{
    for (int c = 0; c < 3; c++) {
        d[c] = (long double)s->r[j][c] - s->r[i][c];
        for (int k = 0; k < 3; k++) d[c] += (long double)shift[k] * s->cell[k][c];
    }
}

/* All pairs of atom i up to a little beyond the cutoff; -1 when there are too many images to look at. */
static int64_t oracle_row(const sample *s, int64_t i, pair *out)
{
    double basis[3][3];
    long double inv[3][3];
    oracle_basis(s, basis);
    inverse((const double(*)[3])basis, inv);
    int64_t count = 0;
    for (int64_t j = 0; j < s->n; j++) {
        int32_t low[3], high[3], shift[3];
        double images = 1.0;
        for (int k = 0; k < 3; k++) {
            long double f = 0.0L, size = 0.0L;
            for (int c = 0; c < 3; c++) {
                f += ((long double)s->r[j][c] - s->r[i][c]) * inv[c][k];
                size += inv[c][k] * inv[c][k];
            }
            const long double reach = s->cutoff * sqrtl(size) + 1e-6L;
            low[k] = s->pbc[k] ? (int32_t)ceill(-f - reach) : 0;
            high[k] = s->pbc[k] ? (int32_t)floorl(-f + reach) : 0;
            images *= (double)high[k] - low[k] + 1.0;
        }
        if (images > 3e5) return -1;
        for (shift[0] = low[0]; shift[0] <= high[0]; shift[0]++) {
            for (shift[1] = low[1]; shift[1] <= high[1]; shift[1]++) {
                for (shift[2] = low[2]; shift[2] <= high[2]; shift[2]++) {
                    if (i == j && (shift[0] | shift[1] | shift[2]) == 0) continue;
                    long double d[3];
                    displacement(s, i, j, shift, d);
                    const long double dist = sqrtl(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
                    if (dist >= s->cutoff + AT_CUTOFF) continue;
                    if (count >= ORACLE_MAX) return -1;
                    out[count++] = (pair){(int32_t)j, {shift[0], shift[1], shift[2]}, dist};
                }
            }
        }
    }
    return count;
}

static int pair_order(const void *a, const void *b)
{
    const pair *p = a, *q = b;
    if (p->j != q->j) return p->j < q->j ? -1 : 1;
    for (int k = 0; k < 3; k++) {
        if (p->s[k] != q->s[k]) return p->s[k] < q->s[k] ? -1 : 1;
    }
    return 0;
}

/* ---- comparison */

static void check_displacement(const sample *s, const mtx_pairs *p, int64_t k)
{
    const int32_t shift[3] = {p->sx[k], p->sy[k], p->sz[k]};
    long double d[3];
    displacement(s, p->i[k], p->j[k], shift, d);
    const long double dist = sqrtl(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
    assert_true(fabsl(p->dx[k] - d[0]) < D_TOLERANCE);
    assert_true(fabsl(p->dy[k] - d[1]) < D_TOLERANCE);
    assert_true(fabsl(p->dz[k] - d[2]) < D_TOLERANCE);
    assert_true(fabsl(p->dist[k] - dist) < D_TOLERANCE);
    assert_true(p->dist[k] < s->cutoff);
}

static void check_reverse(const mtx_pairs *p)
{
    for (int64_t k = 0; k < p->n; k++) {
        const int64_t m = p->rev[k];
        assert_true(m >= 0 && m < p->n && p->rev[m] == k);
        assert_true(p->i[m] == p->j[k] && p->j[m] == p->i[k]);
        assert_true(p->sx[m] == -p->sx[k] && p->sy[m] == -p->sy[k] && p->sz[m] == -p->sz[k]);
        assert_true(p->dx[m] == -p->dx[k] && p->dy[m] == -p->dy[k] && p->dz[m] == -p->dz[k]);
        assert_true(p->dist[m] == p->dist[k]);
    }
}

static void check_same_bits(const mtx_pairs *a, const mtx_pairs *b)
{
    const size_t n = (size_t)a->n;
    assert_int_equal(a->n, b->n);
    assert_memory_equal(a->row, b->row, (size_t)(a->atoms + 1) * sizeof *a->row);
    assert_memory_equal(a->i, b->i, n * sizeof *a->i);
    assert_memory_equal(a->j, b->j, n * sizeof *a->j);
    assert_memory_equal(a->sx, b->sx, n * sizeof *a->sx);
    assert_memory_equal(a->sy, b->sy, n * sizeof *a->sy);
    assert_memory_equal(a->sz, b->sz, n * sizeof *a->sz);
    assert_memory_equal(a->dx, b->dx, n * sizeof *a->dx);
    assert_memory_equal(a->dy, b->dy, n * sizeof *a->dy);
    assert_memory_equal(a->dz, b->dz, n * sizeof *a->dz);
    assert_memory_equal(a->dist, b->dist, n * sizeof *a->dist);
}

/* Every sure pair of the oracle is there once, and nothing that the oracle does not know. */
static void check_row(const sample *s, const mtx_pairs *p, int64_t i, pair *want, int64_t n_want, pair *got)
{
    const int64_t n_got = p->row[i + 1] - p->row[i];
    for (int64_t k = 0; k < n_got; k++) {
        const int64_t m = p->row[i] + k;
        assert_int_equal(p->i[m], i);
        check_displacement(s, p, m);
        got[k] = (pair){p->j[m], {p->sx[m], p->sy[m], p->sz[m]}, p->dist[m]};
    }
    if (n_want < 0) return;
    if (n_want > 0) qsort(want, (size_t)n_want, sizeof *want, pair_order);
    if (n_got > 0) qsort(got, (size_t)n_got, sizeof *got, pair_order);
    int64_t k = 0;
    for (int64_t m = 0; m < n_want; m++) {
        if (k < n_got && pair_order(&got[k], &want[m]) == 0)
            k++;
        else
            assert_true(want[m].dist > s->cutoff - AT_CUTOFF);
    }
    assert_int_equal(k, n_got);
}

/* ---- shapes */

static void random_matrix(double cell[3][3], double size)
{
    for (int k = 0; k < 9; k++) cell[k / 3][k % 3] = uniform(-size, size);
}

static void add_rows(double cell[3][3], int times, int64_t most)
{
    for (int t = 0; t < times; t++) {
        const int64_t k = below(3), m = (k + 1 + below(2)) % 3;
        const double factor = (double)(below(2 * most + 1) - most);
        for (int c = 0; c < 3; c++) cell[k][c] += factor * cell[m][c];
    }
}

static double volume(double cell[3][3])
{
    return fabs(cell[0][0] * (cell[1][1] * cell[2][2] - cell[1][2] * cell[2][1]) -
                cell[0][1] * (cell[1][0] * cell[2][2] - cell[1][2] * cell[2][0]) +
                cell[0][2] * (cell[1][0] * cell[2][1] - cell[1][1] * cell[2][0]));
}

static void orthogonal_cell(double cell[3][3], double low, double high)
{
    memset(cell, 0, 9 * sizeof(double));
    for (int k = 0; k < 3; k++) cell[k][k] = uniform(low, high);
}

static void hexagonal_cell(double cell[3][3])
{
    const double a = uniform(2.0, 6.0), c = uniform(3.0, 15.0);
    const double rows[3][3] = {{a, 0, 0}, {-a / 2, a * sqrt(0.75), 0}, {0, 0, c}};
    memcpy(cell, rows, sizeof rows);
}

static void random_sample(sample *s, int number)
{
    memset(s, 0, sizeof *s);
    s->n = 1 + below(6);
    memset(s->pbc, 1, 3);
    do {
        switch (number % 8) {
        case 0: orthogonal_cell(s->cell, 2.0, 8.0); break;
        case 1: random_matrix(s->cell, 5.0); break;
        case 2: hexagonal_cell(s->cell); break;
        case 3:
            random_matrix(s->cell, 3.0);
            add_rows(s->cell, 3, 4);
            break; /* very skewed   */
        case 4:
            orthogonal_cell(s->cell, 1.0, 3.0);
            s->n = 1;
            break; /* tiny, one atom */
        case 5:
            random_matrix(s->cell, 4.0);
            s->cell[1][0] *= 5.0;
            break;
        case 6:
            orthogonal_cell(s->cell, 3.0, 30.0);
            s->n = 1 + below(ATOMS_MAX);
            break;
        default:
            orthogonal_cell(s->cell, 3.0, 6.0);
            add_rows(s->cell, 5, 3);
            break; /* sheared boxes */
        }
    } while (volume(s->cell) < 3.0 * (double)s->n);
    if (below(2)) {
        for (int c = 0; c < 3; c++) s->cell[0][c] = -s->cell[0][c]; /* other hand    */
    }
    if (number % 3 == 0) {
        for (int k = 0; k < 3; k++) s->pbc[k] = (uint8_t)below(2); /* slabs, wires  */
    }
    if (number % 7 == 0) {
        for (int k = 0; k < 3; k++) {
            if (!s->pbc[k]) memset(s->cell[k], 0, sizeof s->cell[k]); /* no such row   */
        }
    }
    const double spread = number % 5 == 0 ? 40.0 : number % 5 == 1 ? 3.0 : 1.0; /* far outside   */
    const double offset = number % 4 == 0 ? -1000.0 : 0.0;
    for (int64_t i = 0; i < s->n; i++) {
        for (int c = 0; c < 3; c++) s->r[i][c] = offset + spread * uniform(0.0, 5.0);
    }
    s->cutoff = uniform(0.5, number % 11 == 0 ? 14.0 : 6.0);
}

static bool too_close(const sample *s, pair *row)
{
    for (int64_t i = 0; i < s->n; i++) {
        const int64_t count = oracle_row(s, i, row);
        for (int64_t k = 0; k < count; k++) {
            if (row[k].dist < 1e-7L) return true;
        }
    }
    return false;
}

static void random_cells_agree_with_brute_force(void **state)
{
    (void)state;
    pair *want = malloc(ORACLE_MAX * sizeof *want), *got = malloc(ORACLE_MAX * sizeof *got);
    assert_non_null(want);
    assert_non_null(got);
    mtx_pairs first, other;
    mtx_pairs_init(&first);
    mtx_pairs_init(&other);
    int64_t pairs = 0, compared = 0;
    for (int number = 0; number < CELLS; number++) {
        random_state = (uint64_t)number * 7919u;
        sample s;
        random_sample(&s, number);
        if (too_close(&s, want)) continue;
        mtx_problem problem;
        mtx_status status = mtx_neighbors_build((const double(*)[3])s.r, (const double(*)[3])s.cell, s.pbc,
                                                s.n, s.cutoff, MTX_PAIRS_REVERSE, &first, &problem);
        if (status != MTX_OK) fail_msg("cell %d: %s", number, problem.message);
        check_reverse(&first);
        for (int64_t i = 0; i < s.n; i++) {
            const int64_t count = oracle_row(&s, i, want);
            compared += count >= 0;
            check_row(&s, &first, i, want, count, got);
        }
        for (size_t k = 1; k < sizeof kernels / sizeof *kernels; k++) {
            status = mtx_neighbors_build((const double(*)[3])s.r, (const double(*)[3])s.cell, s.pbc, s.n,
                                         s.cutoff, kernels[k] | MTX_PAIRS_REVERSE, &other, &problem);
            assert_int_equal(status, MTX_OK);
            check_same_bits(&first, &other);
            assert_memory_equal(first.rev, other.rev, (size_t)first.n * sizeof *first.rev);
        }
        pairs += first.n;
    }
    assert_true(pairs > 500000 && compared > 30000);
    mtx_pairs_free(&first);
    mtx_pairs_free(&other);
    free(want);
    free(got);
}

/* Simple cubic with a = 1: exactly at 1, sqrt 2 and 2 there are atoms, and they do not count. */
static void the_cutoff_is_strict(void **state)
{
    (void)state;
    const double cell[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}, r[1][3] = {{0.25, 0.5, 0.75}};
    const uint8_t pbc[3] = {1, 1, 1};
    static const struct {
        double cutoff;
        int64_t pairs;
    } shells[] = {
        {1.0, 0},          {1.0 + 1e-15, 6}, {1.4142135623730950, 6}, {1.4142135623730956, 18}, {2.0, 26},
        {2.0 + 1e-15, 32}, {3.0, 92},        {3.0 + 1e-15, 122},
    };
    mtx_pairs p;
    mtx_pairs_init(&p);
    for (size_t k = 0; k < sizeof kernels / sizeof *kernels; k++) {
        for (size_t m = 0; m < sizeof shells / sizeof *shells; m++) {
            assert_int_equal(mtx_neighbors_build(r, cell, pbc, 1, shells[m].cutoff,
                                                 kernels[k] | MTX_PAIRS_REVERSE, &p, NULL),
                             MTX_OK);
            assert_int_equal(p.n, shells[m].pairs);
            check_reverse(&p);
        }
    }
    mtx_pairs_free(&p);
}

/* Moving atoms by whole lattice vectors, however many, changes shifts and nothing else. */
static void atoms_far_away_keep_their_displacements(void **state)
{
    (void)state;
    const double cell[3][3] = {{4, 0, 0}, {-1, 5, 0}, {0.5, 1.25, 6}}; /* exact in binary: so is the move */
    const uint8_t pbc[3] = {1, 1, 1};
    const double home[3][3] = {{0.5, 0.25, 0.125}, {2.0, 3.0, 1.0}, {3.5, 1.0, 4.75}};
    double away[3][3];
    const double moves[3][3] = {{1e6, -2e6, 3e6}, {-7e5, 0, 12345}, {3, -1, 99999}};
    for (int i = 0; i < 3; i++) {
        for (int c = 0; c < 3; c++) {
            away[i][c] = home[i][c];
            for (int k = 0; k < 3; k++) away[i][c] += moves[i][k] * cell[k][c];
        }
    }
    mtx_pairs a, b;
    mtx_pairs_init(&a);
    mtx_pairs_init(&b);
    assert_int_equal(mtx_neighbors_build(home, cell, pbc, 3, 7.0, 0, &a, NULL), MTX_OK);
    assert_int_equal(mtx_neighbors_build((const double(*)[3])away, cell, pbc, 3, 7.0, 0, &b, NULL), MTX_OK);
    assert_int_equal(a.n, b.n);
    assert_true(a.n > 50);
    for (int64_t k = 0; k < a.n; k++) {
        assert_true(a.i[k] == b.i[k] && a.j[k] == b.j[k]);
        assert_true(fabs(a.dx[k] - b.dx[k]) < D_TOLERANCE && fabs(a.dy[k] - b.dy[k]) < D_TOLERANCE &&
                    fabs(a.dz[k] - b.dz[k]) < D_TOLERANCE);
        const int32_t want = a.sx[k] - (int32_t)(moves[a.j[k]][0] - moves[a.i[k]][0]);
        assert_int_equal(b.sx[k], want);
    }
    mtx_pairs_free(&a);
    mtx_pairs_free(&b);
}

static void coincident_atoms_are_named(void **state)
{
    (void)state;
    const double cell[3][3] = {{5, 0, 0}, {0, 5, 0}, {0, 0, 5}};
    const uint8_t pbc[3] = {1, 1, 1}, none[3] = {0, 0, 0};
    const double images[3][3] = {{0, 0, 0}, {1, 1, 1}, {5, 10, 1e-9}}, twice[2][3] = {{1, 2, 3}, {1, 2, 3}};
    mtx_pairs p;
    mtx_problem problem;
    mtx_pairs_init(&p);
    for (size_t k = 0; k < sizeof kernels / sizeof *kernels; k++) {
        assert_int_equal(mtx_neighbors_build(images, cell, pbc, 3, 3.0, kernels[k], &p, &problem), MTX_EDATA);
        assert_int_equal(problem.atom, 0);
        assert_non_null(
            strstr(problem.message, "atom 0 is at the same place as the image (-1 -2 0) of atom 2"));
        assert_int_equal(mtx_neighbors_build(twice, cell, none, 2, 3.0, kernels[k], &p, &problem), MTX_EDATA);
        assert_non_null(strstr(problem.message, "atoms 0 and 1 are at the same place"));
        assert_int_equal(p.n, 0);
        assert_int_equal(p.structures, 0);
    }
    mtx_pairs_free(&p);
}

static void a_failed_append_leaves_the_batch(void **state)
{
    (void)state;
    const double cell[3][3] = {{5, 0, 0}, {0, 5, 0}, {0, 0, 5}}, r[2][3] = {{0, 0, 0}, {1, 1, 1}};
    const double twice[2][3] = {{1, 2, 3}, {1, 2, 3}}, lost[2][3] = {{0, 0, 0}, {0, NAN, 0}};
    const uint8_t pbc[3] = {1, 1, 1};
    mtx_pairs p;
    mtx_problem problem;
    mtx_pairs_init(&p);
    assert_int_equal(mtx_neighbors_append(r, cell, pbc, 2, 3.0, 0, &p, NULL), MTX_OK);
    const int64_t n = p.n;
    assert_int_equal(mtx_neighbors_append(twice, cell, pbc, 2, 3.0, 0, &p, NULL), MTX_EDATA);
    assert_int_equal(mtx_neighbors_append(lost, cell, pbc, 2, 3.0, 0, &p, &problem), MTX_EDATA);
    assert_int_equal(problem.atom, 1);
    assert_int_equal(p.n, n);
    assert_int_equal(mtx_neighbors_append(r, cell, pbc, 2, 3.0, 0, &p, NULL), MTX_OK);
    assert_int_equal(p.structures, 2);
    assert_int_equal(p.atoms, 4);
    assert_int_equal(p.n, 2 * n);
    assert_int_equal(p.pair_ptr[1], n);
    assert_int_equal(p.row[4], 2 * n);
    for (int64_t k = 0; k < n; k++) {
        assert_int_equal(p.j[n + k], p.j[k] + 2);
        assert_int_equal(p.i[n + k], p.i[k] + 2);
        assert_true(p.dx[n + k] == p.dx[k]);
    }
    mtx_pairs_free(&p);
}

/* The reverse pairs of a structure are those of the structure alone, wherever in the batch it stands. */
static void batches_have_reverse_pairs(void **state)
{
    (void)state;
    mtx_pairs batch, alone;
    mtx_pairs_init(&batch);
    mtx_pairs_init(&alone);
    for (size_t k = 0; k < sizeof kernels / sizeof *kernels; k++) {
        const unsigned flags = kernels[k] | MTX_PAIRS_REVERSE;
        mtx_pairs_clear(&batch);
        for (int number = 0; number < 40; number++) {
            random_state = (uint64_t)number * 7919u;
            sample s;
            random_sample(&s, number);
            const double(*r)[3] = (const double(*)[3])s.r, (*cell)[3] = (const double(*)[3])s.cell;
            const int64_t first = batch.n;
            if (mtx_neighbors_append(r, cell, s.pbc, s.n, s.cutoff, flags, &batch, NULL) != MTX_OK) continue;
            assert_int_equal(mtx_neighbors_build(r, cell, s.pbc, s.n, s.cutoff, flags, &alone, NULL), MTX_OK);
            assert_int_equal(batch.n - first, alone.n);
            for (int64_t m = 0; m < alone.n; m++)
                assert_int_equal(batch.rev[first + m] - first, alone.rev[m]);
        }
        assert_true(batch.structures > 20);
        check_reverse(&batch);
    }
    mtx_pairs_free(&batch);
    mtx_pairs_free(&alone);
}

static void bad_arguments_are_refused(void **state)
{
    (void)state;
    const double cell[3][3] = {{5, 0, 0}, {0, 5, 0}, {0, 0, 5}},
                 flat[3][3] = {{5, 0, 0}, {10, 0, 0}, {0, 0, 5}};
    const double nan_cell[3][3] = {{5, 0, 0}, {0, NAN, 0}, {0, 0, 5}}, r[1][3] = {{0, 0, 0}},
                 far[1][3] = {{1e300, 0, 0}};
    const uint8_t pbc[3] = {1, 1, 1}, wire[3] = {1, 0, 0};
    mtx_pairs p;
    mtx_pairs_init(&p);
    static const double wrong[] = {0.0, -1.0, NAN, INFINITY};
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
        assert_int_equal(mtx_neighbors_build(r, cell, pbc, 1, wrong[k], 0, &p, NULL), MTX_EINVAL);
    }
    assert_int_equal(mtx_neighbors_build(r, cell, pbc, -1, 1.0, 0, &p, NULL), MTX_EINVAL);
    assert_int_equal(mtx_neighbors_build(r, cell, pbc, 1, 1e9, 0, &p, NULL), MTX_EINVAL);
    assert_int_equal(mtx_neighbors_build(r, flat, pbc, 1, 1.0, 0, &p, NULL), MTX_EDATA);
    assert_int_equal(mtx_neighbors_build(r, nan_cell, pbc, 1, 1.0, 0, &p, NULL), MTX_EDATA);
    assert_int_equal(mtx_neighbors_build(far, cell, pbc, 1, 1.0, 0, &p, NULL), MTX_EDATA);
    assert_int_equal(mtx_neighbors_build(r, flat, wire, 1, 5.5, 0, &p, NULL),
                     MTX_OK); /* only row 1 repeats */
    assert_int_equal(p.n, 2);
    assert_int_equal(mtx_neighbors_build(r, cell, pbc, 0, 1.0, 0, &p, NULL), MTX_OK);
    assert_int_equal(p.n, 0);
    assert_int_equal(p.row[0], 0);
    mtx_pairs_free(&p);
}

/* A large random gas in an open box and its sorted copy: the same distances, and linear memory. */
static void large_open_clusters_agree(void **state)
{
    (void)state;
    enum { N = 3000 };
    static double r[N][3];
    random_state = 5;
    for (int i = 0; i < N; i++) {
        for (int c = 0; c < 3; c++) r[i][c] = uniform(-30.0, 0.0) * (c == 2 ? 0.01 : 1.0);
    }
    const double cell[3][3] = {{0}};
    const uint8_t pbc[3] = {0, 0, 0};
    mtx_pairs p;
    mtx_pairs_init(&p);
    assert_int_equal(
        mtx_neighbors_build((const double(*)[3])r, cell, pbc, N, 2.0, MTX_PAIRS_REVERSE, &p, NULL), MTX_OK);
    check_reverse(&p);
    int64_t count = 0;
    double sum = 0.0, want = 0.0;
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) {
            const double x = r[j][0] - r[i][0], y = r[j][1] - r[i][1], z = r[j][2] - r[i][2];
            const double d = sqrt(x * x + y * y + z * z);
            if (i != j && d < 2.0) {
                count++;
                want += d;
            }
        }
    }
    for (int64_t k = 0; k < p.n; k++) sum += p.dist[k];
    assert_int_equal(p.n, count);
    assert_true(fabs(sum - want) < 1e-9 * want);
    mtx_pairs_free(&p);
}

/* Row i as sorted pairs. */
static int64_t sorted_row(const mtx_pairs *p, int64_t i, pair *out)
{
    const int64_t n = p->row[i + 1] - p->row[i];
    for (int64_t k = 0; k < n; k++) {
        const int64_t m = p->row[i] + k;
        assert_int_equal(p->i[m], i);
        out[k] = (pair){p->j[m], {p->sx[m], p->sy[m], p->sz[m]}, p->dist[m]};
    }
    if (n > 0) qsort(out, (size_t)n, sizeof *out, pair_order);
    return n;
}

/* A random walk: the updated list is the searched one at every step, also far from the origin. */
static void moving_atoms_keep_their_lists(void **state)
{
    (void)state;
    enum { N = 40, STEPS = 120 };
    static double r[N][3];
    static pair a[4000], b[4000];
    random_state = 77;
    const double cell[3][3] = {{9, 0, 0}, {3, 8, 0}, {-1, 2, 10}};
    const uint8_t pbc[3] = {1, 1, 0};
    for (int i = 0; i < N; i++) {
        for (int c = 0; c < 3; c++) r[i][c] = uniform(0, 9) + (i % 2) * 900.0 * cell[0][c];
    }
    mtx_pairs updated, plain, built;
    mtx_pairs_init(&updated);
    mtx_pairs_init(&plain);
    mtx_pairs_init(&built);
    int searches = 0;
    for (int step = 0; step < STEPS; step++) {
        const double cutoff = step < 100 ? 4.0 : 4.5;
        bool searched;
        assert_int_equal(mtx_neighbors_update((const double(*)[3])r, cell, pbc, N, cutoff, 0.8,
                                              MTX_PAIRS_REVERSE, &updated, &searched, NULL),
                         MTX_OK);
        assert_int_equal(mtx_neighbors_build((const double(*)[3])r, cell, pbc, N, cutoff, 0, &built, NULL),
                         MTX_OK);
        searches += searched;
        assert_int_equal(mtx_neighbors_update((const double(*)[3])r, cell, pbc, N, cutoff, 0.8,
                                              MTX_PAIRS_REVERSE | MTX_PAIRS_PORTABLE, &plain, &searched,
                                              NULL),
                         MTX_OK);
        check_same_bits(&updated, &plain);
        assert_memory_equal(updated.rev, plain.rev, (size_t)plain.n * sizeof *plain.rev);
        assert_true(step != 100 || searched);
        check_reverse(&updated);
        assert_int_equal(updated.n, built.n);
        assert_int_equal(updated.structures, 1);
        assert_int_equal(updated.pair_ptr[1], built.n);
        for (int i = 0; i < N; i++) {
            const int64_t n = sorted_row(&updated, i, a);
            assert_int_equal(n, sorted_row(&built, i, b));
            for (int64_t k = 0; k < n; k++) {
                assert_int_equal(pair_order(&a[k], &b[k]), 0);
                assert_true(fabsl(a[k].dist - b[k].dist) < D_TOLERANCE);
            }
        }
        for (int i = 0; i < N; i++) {
            for (int c = 0; c < 3; c++) r[i][c] += uniform(-0.05, 0.05);
        }
    }
    assert_true(searches > 2 && searches < STEPS / 2);
    memcpy(r[1], r[0], sizeof r[1]); /* now two coincide */
    mtx_problem problem;
    assert_int_equal(
        mtx_neighbors_update((const double(*)[3])r, cell, pbc, N, 4.5, 0.8, 0, &updated, NULL, &problem),
        MTX_EDATA);
    assert_non_null(strstr(problem.message, "atoms 0 and 1 are at the same place"));
    assert_int_equal(
        mtx_neighbors_update((const double(*)[3])r, cell, pbc, N, 4.5, -1.0, 0, &updated, NULL, &problem),
        MTX_EINVAL);
    mtx_pairs_free(&updated);
    mtx_pairs_free(&plain);
    mtx_pairs_free(&built);
}

/* Many columns and bins: a triclinic cell of 700 atoms against the same atoms in a doubled cell, row by
 * row. */
static void large_cells_agree_with_their_supercell(void **state)
{
    (void)state;
    enum { N = 700 };
    static double r[2 * N][3];
    static pair a[8000], b[8000];
    random_state = 99;
    const double cell[3][3] = {{21, 0.5, 0}, {-7, 19, 1}, {4, -3, 24}};
    double doubled[3][3];
    const uint8_t pbc[3] = {1, 1, 1};
    memcpy(doubled, cell, sizeof doubled);
    for (int c = 0; c < 3; c++) doubled[1][c] += cell[1][c];
    for (int i = 0; i < N; i++) {
        const double f[3] = {uniform(-1, 1), uniform(-1, 1), uniform(-1, 1)};
        for (int c = 0; c < 3; c++) {
            r[i][c] = f[0] * cell[0][c] + f[1] * cell[1][c] + f[2] * cell[2][c];
            r[N + i][c] = r[i][c] + cell[1][c];
        }
    }
    static const double cutoffs[] = {1.5, 3.0, 6.5};
    mtx_pairs one, two;
    mtx_pairs_init(&one);
    mtx_pairs_init(&two);
    for (size_t q = 0; q < sizeof cutoffs / sizeof *cutoffs; q++) {
        assert_int_equal(mtx_neighbors_build((const double(*)[3])r, cell, pbc, N, cutoffs[q],
                                             MTX_PAIRS_REVERSE, &one, NULL),
                         MTX_OK);
        assert_int_equal(mtx_neighbors_build((const double(*)[3])r, (const double(*)[3])doubled, pbc, 2 * N,
                                             cutoffs[q], 0, &two, NULL),
                         MTX_OK);
        check_reverse(&one);
        assert_int_equal(two.n, 2 * one.n);
        assert_true(one.n > 50);
        for (int i = 0; i < N; i++) {
            const int64_t n = sorted_row(&one, i, a);
            assert_int_equal(sorted_row(&two, i, b), n);
            /* atom j + N of the doubled cell is j one lattice vector on */
            for (int64_t k = 0; k < n; k++) {
                b[k].s[1] = 2 * b[k].s[1] + (b[k].j >= N);
                b[k].j %= N;
            }
            if (n > 0) qsort(b, (size_t)n, sizeof *b, pair_order);
            for (int64_t k = 0; k < n; k++) {
                assert_int_equal(pair_order(&a[k], &b[k]), 0);
                assert_true(fabsl(a[k].dist - b[k].dist) < D_TOLERANCE);
            }
        }
    }
    mtx_pairs_free(&one);
    mtx_pairs_free(&two);
}

static void check_lean(const mtx_pairs *lean, const mtx_pairs *full)
{
    const size_t n = (size_t)full->n;
    assert_true(lean->i == NULL && lean->sx == NULL && lean->sy == NULL && lean->sz == NULL);
    assert_int_equal(lean->n, full->n);
    assert_memory_equal(lean->row, full->row, (size_t)(full->atoms + 1) * sizeof *full->row);
    assert_memory_equal(lean->j, full->j, n * sizeof *full->j);
    assert_memory_equal(lean->dx, full->dx, n * sizeof *full->dx);
    assert_memory_equal(lean->dy, full->dy, n * sizeof *full->dy);
    assert_memory_equal(lean->dz, full->dz, n * sizeof *full->dz);
    assert_memory_equal(lean->dist, full->dist, n * sizeof *full->dist);
}

/* Without first ends and shifts all else is the same, in memory that had them before and will have them again. */
static void lean_lists_are_the_same_but_for_what_they_leave_out(void **state)
{
    (void)state;
    mtx_pairs lean, full;
    mtx_pairs_init(&lean);
    mtx_pairs_init(&full);
    for (int number = 0; number < 60; number++) {
        random_state = (uint64_t)number * 7919u;
        sample s;
        random_sample(&s, number);
        const double(*r)[3] = (const double(*)[3])s.r, (*cell)[3] = (const double(*)[3])s.cell;
        const unsigned kernel = kernels[number % 3], flags = kernel | MTX_PAIRS_LEAN;
        if (mtx_neighbors_build(r, cell, s.pbc, s.n, s.cutoff, kernel, &full, NULL) != MTX_OK) continue;
        assert_int_equal(mtx_neighbors_build(r, cell, s.pbc, s.n, s.cutoff, flags, &lean, NULL), MTX_OK);
        check_lean(&lean, &full);
        assert_int_equal(mtx_neighbors_build(r, cell, s.pbc, s.n, s.cutoff, flags | MTX_PAIRS_REVERSE, &lean, NULL), MTX_OK);
        check_same_bits(&lean, &full);
        check_reverse(&lean);
        for (int step = 0; step < 2; step++) { /* searched, then measured again */
            assert_int_equal(mtx_neighbors_update(r, cell, s.pbc, s.n, s.cutoff, 0.3, kernel, &full, NULL, NULL), MTX_OK);
            assert_int_equal(mtx_neighbors_update(r, cell, s.pbc, s.n, s.cutoff, 0.3, flags, &lean, NULL, NULL), MTX_OK);
            check_lean(&lean, &full);
        }
    }
    mtx_pairs_free(&lean);
    mtx_pairs_free(&full);
}

static void structures_of_a_list_are_all_lean_or_none(void **state)
{
    (void)state;
    const double cell[3][3] = {{5, 0, 0}, {0, 5, 0}, {0, 0, 5}}, r[2][3] = {{0, 0, 0}, {1, 1, 1}};
    const uint8_t pbc[3] = {1, 1, 1};
    mtx_pairs p;
    mtx_problem problem;
    mtx_pairs_init(&p);
    for (unsigned lean = 0; lean <= MTX_PAIRS_LEAN; lean += MTX_PAIRS_LEAN) {
        const unsigned other = MTX_PAIRS_LEAN - lean;
        assert_int_equal(mtx_neighbors_build(r, cell, pbc, 2, 3.0, lean, &p, NULL), MTX_OK);
        const int64_t n = p.n;
        assert_int_equal(mtx_neighbors_append(r, cell, pbc, 2, 3.0, other, &p, &problem), MTX_EINVAL);
        assert_string_equal(problem.code, "E0655");
        assert_true(p.n == n && p.structures == 1 && (p.i == NULL) == (lean != 0));
        assert_int_equal(mtx_neighbors_append(r, cell, pbc, 2, 3.0, lean, &p, NULL), MTX_OK);
        assert_int_equal(p.n, 2 * n);
    }
    mtx_pairs_free(&p);
}

static void arrays_are_aligned_with_slack(void **state)
{
    (void)state;
    const double cell[3][3] = {{2, 0, 0}, {0, 2, 0}, {0, 0, 2}}, r[1][3] = {{0, 0, 0}};
    const uint8_t pbc[3] = {1, 1, 1};
    mtx_pairs p;
    mtx_pairs_init(&p);
    assert_int_equal(mtx_neighbors_build(r, cell, pbc, 1, 9.0, MTX_PAIRS_REVERSE, &p, NULL), MTX_OK);
    const void *all[] = {p.i, p.j, p.sx, p.sy, p.sz, p.dx, p.dy, p.dz, p.dist, p.rev, p.row};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) assert_int_equal((uintptr_t)all[k] % 64, 0);
    volatile double sum = 0.0;
    for (int k = 0; k < 8; k++) sum = sum + (double)p.j[p.n + k];
    for (int k = 0; k < 8; k++) sum = sum + 1 / p.dist[p.n + k] + p.dx[p.n + k] + p.dy[p.n + k] + p.dz[p.n + k];
    assert_true(isfinite(sum)); /* what vectors at the end compute with */
    const double *before = p.dist;
    assert_int_equal(mtx_neighbors_build(r, cell, pbc, 1, 8.0, 0, &p, NULL), MTX_OK);
    assert_ptr_equal(before, p.dist);
    mtx_pairs_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_cells_agree_with_brute_force),
        cmocka_unit_test(the_cutoff_is_strict),
        cmocka_unit_test(atoms_far_away_keep_their_displacements),
        cmocka_unit_test(coincident_atoms_are_named),
        cmocka_unit_test(a_failed_append_leaves_the_batch),
        cmocka_unit_test(batches_have_reverse_pairs),
        cmocka_unit_test(bad_arguments_are_refused),
        cmocka_unit_test(large_open_clusters_agree),
        cmocka_unit_test(large_cells_agree_with_their_supercell),
        cmocka_unit_test(moving_atoms_keep_their_lists),
        cmocka_unit_test(lean_lists_are_the_same_but_for_what_they_leave_out),
        cmocka_unit_test(structures_of_a_list_are_all_lean_or_none),
        cmocka_unit_test(arrays_are_aligned_with_slack),
    };
    return cmocka_run_group_tests_name("neighbors", tests, NULL, NULL);
}
