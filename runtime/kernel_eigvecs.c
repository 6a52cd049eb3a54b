/* SPDX-License-Identifier: Apache-2.0
 *
 * kernel_eigvecs.c: eigenvalues and eigenvectors of a symmetric matrix, for derivatives of eigenvalues in compiled
 * kernels. In: the matrix. Out: values, ascending, and orthonormal vectors in their order, of either sign.
 *
 * Householder tridiagonalisation whose reflectors are multiplied out in place, then the implicit QL iteration with
 * Wilkinson's shift, its rotations applied to rows of the transposed vectors (G. H. Golub and C. F. Van Loan, Matrix
 * Computations, sections 8.3.1 and 8.3.3).
 */
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include <mtx/mtxrt.h>

/* Turns x[0..m) into v with (1 - beta v v^T) x = (alpha, 0, ...); beta 0: nothing to do. */
static double reflect(double *x, int64_t m, double *alpha)
{
    double rest = 0;
    for (int64_t k = 1; k < m; k++) rest += x[k] * x[k];
    *alpha = x[0];
    if (rest == 0) return 0;
    double norm = sqrt(x[0] * x[0] + rest);
    *alpha = x[0] > 0 ? -norm : norm;
    x[0] -= *alpha;
    return 2 / (x[0] * x[0] + rest);
}

/* a -= v q^T + q v^T on the block from `first`, where it keeps the similarity with the reflector v */
static void update(double *a, int64_t n, int64_t first, const double *v, double beta, double *q)
{
    int64_t m = n - first;
    double along = 0;
    for (int64_t i = 0; i < m; i++) {
        const double *row = a + (first + i) * n + first;
        q[i] = 0;
        for (int64_t j = 0; j < m; j++) q[i] += row[j] * v[j];
        q[i] *= beta;
        along += q[i] * v[i];
    }
    for (int64_t i = 0; i < m; i++) q[i] -= 0.5 * beta * along * v[i];
    for (int64_t i = 0; i < m; i++) {
        double *row = a + (first + i) * n + first;
        for (int64_t j = 0; j < m; j++) row[j] -= v[i] * q[j] + q[i] * v[j];
    }
}

/* The diagonal to d, what stands beside it to e; row k of a keeps the reflector of step k from k + 1 on, and its factor
 * stands in beta. */
static void tridiagonal(double *a, int64_t n, double *d, double *e, double *beta)
{
    for (int64_t k = 0; k < n; k++) {
        double *v = a + k * n + k + 1;
        d[k] = a[k * n + k];
        if (k + 1 == n) break;
        beta[k] = reflect(v, n - k - 1, &e[k]);
        if (beta[k] != 0) update(a, n, k + 1, v, beta[k], d + k + 1);
    }
}

/* the product of the reflectors, transposed, where they stood */
static void multiply_out(double *a, int64_t n, const double *beta, double *v)
{
    a[n * n - 1] = 1;
    for (int64_t k = n - 2; k >= 0; k--) {
        int64_t m = n - k - 1;
        memcpy(v, a + k * n + k + 1, (size_t)m * sizeof *v);
        for (int64_t i = 0; i < m && beta[k] != 0; i++) { /* rows are columns of the product: each is reflected */
            double *row = a + (k + 1 + i) * n + k + 1, along = 0;
            for (int64_t j = 0; j < m; j++) along += row[j] * v[j];
            for (int64_t j = 0; j < m; j++) row[j] -= beta[k] * along * v[j];
        }
        for (int64_t j = 0; j < m; j++) a[k * n + k + 1 + j] = a[(k + 1 + j) * n + k] = 0;
        a[k * n + k] = 1;
    }
}

static void rotate(double *x, double *y, int64_t n, double c, double s)
{
    for (int64_t k = 0; k < n; k++) {
        double xk = x[k], yk = y[k];
        x[k] = c * xk - s * yk;
        y[k] = s * xk + c * yk;
    }
}

/* one sweep from m up to l; the vectors are the rows of z */
static void sweep(double *d, double *e, double *z, int64_t n, int64_t l, int64_t m)
{
    double g = (d[l + 1] - d[l]) / (2 * e[l]), r = hypot(g, 1);
    g = d[m] - d[l] + e[l] / (g + copysign(r, g));
    double s = 1, c = 1, moved = 0;
    for (int64_t i = m - 1; i >= l; i--) {
        double f = s * e[i], b = c * e[i];
        e[i + 1] = r = hypot(f, g);
        if (r == 0) {
            d[i + 1] -= moved;
            e[m] = 0;
            return;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1] - moved;
        r = (d[i] - g) * s + 2 * c * b;
        moved = s * r;
        d[i + 1] = g + moved;
        g = c * r - b;
        rotate(z + i * n, z + (i + 1) * n, n, c, s);
    }
    d[l] -= moved;
    e[l] = g;
    e[m] = 0;
}

static bool diagonal(double *d, double *e, double *z, int64_t n)
{
    int64_t sweeps = 60 * n;
    e[n - 1] = 0;
    for (int64_t l = 0; l < n; l++)
        for (;;) {
            int64_t m = l;
            while (m < n - 1 && fabs(e[m]) > DBL_EPSILON * (fabs(d[m]) + fabs(d[m + 1])) && fabs(e[m]) > DBL_MIN) m++;
            if (m == l) break;
            if (sweeps-- == 0) return false;
            sweep(d, e, z, n, l, m);
        }
    return true;
}

/* ascending; rows of z follow, then become columns */
static void in_order(double *w, double *z, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        int64_t least = i;
        for (int64_t k = i + 1; k < n; k++) least = w[k] < w[least] ? k : least;
        double keep = w[i];
        w[i] = w[least];
        w[least] = keep;
        for (int64_t k = 0; k < n && least != i; k++) {
            keep = z[i * n + k];
            z[i * n + k] = z[least * n + k];
            z[least * n + k] = keep;
        }
    }
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = 0; k < i; k++) {
            double keep = z[i * n + k];
            z[i * n + k] = z[k * n + i];
            z[k * n + i] = keep;
        }
}

void mtx_rt_eigvecs(double *a, int64_t n, double *w, double *work)
{
    if (n <= 0) return;
    double most = 0, taint = 0;
    for (int64_t k = 0; k < n * n; k++) {
        most = fabs(a[k]) > most ? fabs(a[k]) : most;
        taint += a[k] * 0;
    }
    bool done = taint == 0 && isfinite(most);
    int exponent = 0;
    if (done && most > 0) {
        frexp(most, &exponent);
        exponent = exponent > 1023 ? 1023 : exponent < -1021 ? -1021 : exponent;
    }
    double scale = ldexp(1, -exponent); /* squares neither overflow nor vanish */
    for (int64_t i = 0; i < n && done; i++)
        for (int64_t k = 0; k <= i; k++) a[i * n + k] = a[k * n + i] = (0.5 * a[i * n + k] + 0.5 * a[k * n + i]) * scale;
    if (done) {
        tridiagonal(a, n, w, work, work + n);
        multiply_out(a, n, work + n, work + 2 * n);
        done = diagonal(w, work, a, n);
    }
    if (done) in_order(w, a, n);
    for (int64_t k = 0; k < n * n && !done; k++) a[k] = NAN;
    for (int64_t k = 0; k < n; k++) w[k] = done ? ldexp(w[k], exponent) : NAN;
}
