/* SPDX-License-Identifier: Apache-2.0
 *
 * test_calls.c: what kernels call of the runtime: sorting against its definition, eigenvalues against Jacobi
 * rotations on random, degenerate, graded, diagonal, tiny, huge and zero matrices of 1 to 130 rows, Niggli
 * cells against their inequalities and against other bases of the same lattice.
 */
#include "emit_fixture.h"

#include <float.h>

/* ---- sorting ------------------------------------------------------------------------------------------- */

static bool in_order(double a, double b, bool descending)
{
    if (isnan(b)) return true;
    return !isnan(a) && (descending ? a >= b : a <= b);
}

static void fill(double *x, int64_t n, int kind)
{
    for (int64_t i = 0; i < n; i++) {
        x[i] = kind == 1 ? (double)fixture_int(0, 3) : fixture_real(-1, 1);
        if (kind == 2 && fixture_int(0, 3) == 0)
            x[i] = fixture_int(0, 1) ? NAN : fixture_int(0, 1) ? INFINITY : -INFINITY;
        if (kind == 3) x[i] = fixture_int(0, 1) ? 0.0 : -0.0;
    }
}

static void sort_sorts(void **state)
{
    (void)state;
    static double x[700], y[700];
    static int64_t order[700], seen[700];
    for (int64_t n = 0; n <= 700; n += n < 70 ? 1 : 157)
        for (int kind = 0; kind < 8; kind++) {
            int64_t descending = kind / 4;
            fill(x, n, kind % 4);
            memcpy(y, x, sizeof x);
            mtx_rt_sort(y, n, descending);
            mtx_rt_argsort(x, n, descending, order);
            memset(seen, 0, sizeof seen);
            for (int64_t i = 0; i < n; i++) {
                assert_true(order[i] >= 0 && order[i] < n && !seen[order[i]]++);
                assert_true(y[i] == x[order[i]] || (isnan(y[i]) && isnan(x[order[i]])));
                if (!i) continue;
                assert_true(in_order(y[i - 1], y[i], descending != 0));
                bool equal = x[order[i - 1]] == x[order[i]] || (isnan(x[order[i - 1]]) && isnan(x[order[i]]));
                assert_true(!equal || order[i - 1] < order[i]); /* stable */
            }
        }
}

/* ---- eigenvalues --------------------------------------------------------------------------------------- */

#define EIGENVALUE_TOLERANCE 1e-13 /* relative to the largest magnitude */

static void jacobi(double *a, int64_t n, double *w)
{
    for (int sweep = 0; sweep < 40; sweep++) {
        double off = 0.0, all = 0.0;
        for (int64_t i = 0; i < n * n; i++) {
            all += a[i] * a[i];
            off += i / n == i % n ? 0.0 : a[i] * a[i];
        }
        if (off <= all * 1e-34) break;
        for (int64_t p = 0; p < n; p++)
            for (int64_t q = p + 1; q < n; q++) {
                if (a[p * n + q] == 0.0) continue;
                double theta = (a[q * n + q] - a[p * n + p]) / (2.0 * a[p * n + q]);
                double t = (theta < 0 ? -1.0 : 1.0) / (fabs(theta) + sqrt(theta * theta + 1.0)),
                       c = 1.0 / sqrt(t * t + 1.0), s = t * c;
                for (int64_t k = 0; k < n; k++) {
                    double x = a[k * n + p], y = a[k * n + q];
                    a[k * n + p] = c * x - s * y;
                    a[k * n + q] = s * x + c * y;
                }
                for (int64_t k = 0; k < n; k++) {
                    double x = a[p * n + k], y = a[q * n + k];
                    a[p * n + k] = c * x - s * y;
                    a[q * n + k] = s * x + c * y;
                }
            }
    }
    for (int64_t i = 0; i < n; i++) w[i] = a[i * n + i];
    mtx_rt_sort(w, n, 0);
}

static double entry(int kind, int64_t i, int64_t j, int64_t n)
{
    double x = fixture_real(-1, 1);
    switch (kind) {
    case 1: return x * pow(10, -0.3 * (double)(i + j));
    case 2: return x * pow(10, 0.3 * (double)(i + j - 2 * n));
    case 3: return i == j ? x : 0.0;
    case 4: return 0.0;
    case 5: return 1.0;
    case 6: return i == j ? 2.0 : i == j + 1 ? -1.0 : 0.0;
    case 7: return x * 1e200;
    case 8: return x * 1e-200;
    case 9:
        return i == j ? 0.5 * pow((double)(i % 8 + 1), 2.4)
                      : (double)((i % 8 + 1) * (j % 8 + 1)) / (1.0 + fabs(x) * 5.0); /* Coulomb */
    case 10: return i == j ? (double)(i / 3) : 0.0;                                  /* triple eigenvalues */
    case 11: return i / 2 == j / 2 ? x : 1e-17 * x;                                  /* nearly in blocks */
    default: return x;
    }
}

static void eigenvalues_agree_with_jacobi(void **state)
{
    (void)state;
    const int64_t sizes[] = {1,  2,  3,  4,  5,  7,  8,  9,  14, 15, 16, 17,
                             23, 24, 25, 31, 32, 33, 40, 63, 64, 65, 71, 130};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (int kind = 0; kind < 12; kind++) {
            int64_t n = sizes[s];
            size_t bytes = (size_t)(n * n) * sizeof(double);
            double *a = malloc(bytes), *b = malloc(bytes), *w = malloc((size_t)n * 8),
                   *v = malloc((size_t)n * 8), *work = malloc((size_t)n * 24);
            assert_true(a && b && w && v && work);
            for (int64_t i = 0; i < n; i++)
                for (int64_t j = 0; j <= i; j++) a[i * n + j] = a[j * n + i] = entry(kind, i, j, n);
            double scale = kind == 7 ? 1e-200 : kind == 8 ? 1e200 : 1.0, most = 0.0;
            for (int64_t i = 0; i < n * n; i++) b[i] = a[i] * scale;
            mtx_rt_eigvals(a, n, w, work);
            jacobi(b, n, v);
            for (int64_t i = 0; i < n; i++) most = fmax(most, fabs(v[i]));
            for (int64_t i = 0; i < n; i++)
                if (!(fabs(w[i] * scale - v[i]) <= EIGENVALUE_TOLERANCE * most))
                    fail_msg("n %d kind %d: eigenvalue %d is %.17g, Jacobi says %.17g", (int)n, kind, (int)i,
                             w[i] * scale, v[i]);
            free(a);
            free(b);
            free(w);
            free(v);
            free(work);
        }
}

/* A V = V W and V V^T = 1, in the order of mtx_rt_eigvals */
static void eigenvectors_belong_to_the_values(void **state)
{
    (void)state;
    const int64_t sizes[] = {1, 2, 3, 4, 7, 16, 33, 64, 71};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (int kind = 0; kind < 12; kind++) {
            int64_t n = sizes[s];
            double *a = malloc((size_t)(n * n) * 8), *v = malloc((size_t)(n * n) * 8), *b = malloc((size_t)(n * n) * 8),
                   *w = malloc((size_t)n * 8), *w2 = malloc((size_t)n * 8), *work = malloc((size_t)n * 24);
            assert_true(a && v && b && w && w2 && work);
            for (int64_t i = 0; i < n; i++)
                for (int64_t j = 0; j <= i; j++) a[i * n + j] = a[j * n + i] = entry(kind, i, j, n);
            memcpy(v, a, (size_t)(n * n) * 8);
            memcpy(b, a, (size_t)(n * n) * 8);
            mtx_rt_eigvecs(v, n, w, work);
            mtx_rt_eigvals(b, n, w2, work);
            double most = 1e-300, worst = 0;
            for (int64_t i = 0; i < n; i++) most = fmax(most, fabs(w2[i]));
            for (int64_t i = 0; i < n; i++) {
                worst = fmax(worst, fabs(w[i] - w2[i]) / most);
                for (int64_t k = 0; k < n; k++) {
                    double rest = 0, product = i == k ? -1 : 0;
                    for (int64_t j = 0; j < n; j++) {
                        rest += a[i * n + j] / most * v[j * n + k];
                        product += v[i * n + j] * v[k * n + j];
                    }
                    worst = fmax(worst, fmax(fabs(rest - w[k] / most * v[i * n + k]), fabs(product)));
                }
            }
            if (!(worst <= EIGENVALUE_TOLERANCE)) fail_msg("n %d kind %d: vectors are off by %g", (int)n, kind, worst);
            free(a), free(v), free(b), free(w), free(w2), free(work);
        }
    double bad[4] = {INFINITY, 0, 0, 1}, w[2], work[6];
    mtx_rt_eigvecs(bad, 2, w, work);
    assert_true(isnan(bad[0]) && isnan(bad[3]) && isnan(w[0]) && isnan(w[1]));
}

static void undefined_matrices_have_undefined_values(void **state)
{
    (void)state;
    double a[9] = {1, 2, 3, 2, 1, NAN, 3, NAN, 1}, w[3], work[9];
    mtx_rt_eigvals(a, 3, w, work);
    assert_true(isnan(w[0]) && isnan(w[1]) && isnan(w[2]));
    double b[4] = {INFINITY, 0, 0, 1};
    mtx_rt_eigvals(b, 2, w, work);
    assert_true(isnan(w[0]) && isnan(w[1]));
    mtx_rt_eigvals(b, 0, w, work);
}

/* ---- Niggli cells -------------------------------------------------------------------------------------- */

#define NIGGLI_SLACK 1e-5 /* of squared lengths, relative to volume^(2/3) */

static double inner(const double *x, const double *y)
{
    return x[0] * y[0] + x[1] * y[1] + x[2] * y[2];
}

static double determinant(const double *v)
{
    return v[0] * (v[4] * v[8] - v[5] * v[7]) - v[1] * (v[3] * v[8] - v[5] * v[6]) +
           v[2] * (v[3] * v[7] - v[4] * v[6]);
}

static void other_basis(const double *v, double *out) /* determinant 1, entries up to 3 */
{
    memcpy(out, v, 9 * sizeof *v);
    for (int step = 0; step < 6; step++) {
        int64_t i = fixture_int(0, 2), k = (i + fixture_int(1, 2)) % 3;
        double factor = (double)fixture_int(-2, 2);
        for (int c = 0; c < 3; c++) out[3 * i + c] += factor * out[3 * k + c];
    }
}

static void niggli_cells_are_reduced(void **state)
{
    (void)state;
    for (int trial = 0; trial < 500; trial++) {
        double v[9], w[9], r[9], q[9];
        for (int c = 0; c < 9; c++)
            v[c] = trial % 3 ? fixture_real(-4, 4)
                             : (double)(c % 4 == 0) * 3.0 + (trial % 2 ? 0.5 * (double)(c % 4 != 0) : 0.0);
        double volume = determinant(v);
        if (fabs(volume) < 5) continue;
        other_basis(v, w);
        mtx_rt_niggli(v, r);
        mtx_rt_niggli(w, q);
        double slack = NIGGLI_SLACK * cbrt(volume * volume);
        double a = inner(r, r), b = inner(r + 3, r + 3), c = inner(r + 6, r + 6);
        double xi = 2 * inner(r + 3, r + 6), eta = 2 * inner(r, r + 6), zeta = 2 * inner(r, r + 3);
        assert_true(fabs(determinant(r) - volume) < 1e-9 * fabs(volume));
        assert_true(a <= b + slack && b <= c + slack);
        assert_true(fabs(xi) <= b + slack && fabs(eta) <= a + slack && fabs(zeta) <= a + slack);
        bool acute = xi > 0 && eta > 0 && zeta > 0;
        assert_true(acute || (xi <= slack && eta <= slack && zeta <= slack));
        assert_true(acute || a + b + xi + eta + zeta >= -slack);
        const double other[6] = {inner(q, q),         inner(q + 3, q + 3),
                                 inner(q + 6, q + 6), 2 * inner(q + 3, q + 6),
                                 2 * inner(q, q + 6), 2 * inner(q, q + 3)};
        const double one[6] = {a, b, c, xi, eta, zeta};
        for (int k = 0; k < 6; k++) assert_true(fabs(one[k] - other[k]) <= slack);
    }
    double flat[9] = {1, 0, 0, 2, 0, 0, 0, 0, 1}, out[9];
    mtx_rt_niggli(flat, out);
    assert_memory_equal(flat, out, sizeof flat);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sort_sorts),
                                       cmocka_unit_test(eigenvalues_agree_with_jacobi),
                                       cmocka_unit_test(eigenvectors_belong_to_the_values),
        cmocka_unit_test(undefined_matrices_have_undefined_values),
                                       cmocka_unit_test(niggli_cells_are_reduced)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
