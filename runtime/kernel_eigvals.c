/* SPDX-License-Identifier: Apache-2.0
 *
 * kernel_eigvals.c: eigenvalues of a symmetric matrix, for compiled kernels; tuned for 5 to 60 rows. In: the
 * matrix. Out: eigenvalues, ascending; no vectors.
 *
 * Householder tridiagonalisation from the last row upwards (the active block stays at the aligned corner),
 * where the rank-2 update of one step and the matrix-vector product of the next share one pass over the
 * matrix. Then counts of sign changes for up to 64 rows (kernel_tridiagonal.h), and beyond the
 * square-root-free QL iteration (Pal, Walker, Kahan; B. N. Parlett, The Symmetric Eigenvalue Problem, 1998,
 * section 8.15).
 */
#include "kernel_tridiagonal.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define EIG_SMALL 64 /* up to here the matrix is copied to the stack, rows padded to 8 */

typedef struct eig_problem {
    double *a; /* [n][stride]; row i keeps d[i] at i and e2[i - 1] at 0 when done */
    int64_t n, stride;
    double *v, *q; /* the update that is still to be applied: a -= v q^T + q v^T */
    double *next;  /* the reflector of this step */
    double *p;     /* a * next */
} eig_problem;

RT_INLINE double sum8(v8d x)
{
    return ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7]));
}

RT_INLINE double dot(const double *x, const double *y, int64_t n)
{
    v8d sum = {0};
    double rest = 0.0;
    int64_t k = 0;
    for (; k + 8 <= n; k += 8) sum += *(const v8d *)(x + k) * *(const v8d *)(y + k);
    for (; k < n; k++) rest += x[k] * y[k];
    return sum8(sum) + rest;
}

/* Turns x[0..m) into the v of the reflector 1 - v v^T / h that takes it to (0, ..., 0, beta). Returns h, or 0
 * when x has that form already. */
RT_INLINE double reflector(double *x, int64_t m, double *beta2)
{
    double last = x[m - 1];
    x[m - 1] = 0.0;
    double rest = dot(x, x, m), all = rest + last * last;
    x[m - 1] = last;
    if (rest <= all * (DBL_EPSILON * DBL_EPSILON / 16)) {
        *beta2 = last * last;
        return 0.0;
    }
    double norm = sqrt(all);
    *beta2 = all;
    x[m - 1] = last > 0.0 ? last + norm : last - norm;
    return norm * (norm + fabs(last));
}

/* a -= v q^T + q v^T and p = a * next, both on the leading m x m block, whose rows are `blocks` vectors and
 * `tail` numbers long. A row at a time: four of them share the loads and stores of p. */
RT_INLINE void update_product(const eig_problem *g, int64_t m, int64_t blocks, int64_t tail)
{
    for (int64_t k = 0; k < 8 * blocks + tail; k++) g->p[k] = 0.0;
    for (int64_t j = 0; j < m;) {
        int64_t rows = m - j >= 4 ? 4 : 1;
        double *row = g->a + j * g->stride;
        const double *v = g->v + j, *q = g->q + j, *x = g->next + j;
        for (int64_t b = 0; b < 8 * blocks; b += 8) {
            v8d vb = *(const v8d *)(g->v + b), qb = *(const v8d *)(g->q + b), sum = *(const v8d *)(g->p + b);
            for (int64_t r = 0; r < rows; r++) {
                v8d *at = (v8d *)(row + r * g->stride + b);
                v8d y = *at - v[r] * qb - q[r] * vb;
                *at = y;
                sum += x[r] * y;
            }
            *(v8d *)(g->p + b) = sum;
        }
        for (int64_t k = 8 * blocks; k < 8 * blocks + tail; k++)
            for (int64_t r = 0; r < rows; r++) {
                double *at = row + r * g->stride + k;
                *at -= v[r] * g->q[k] + q[r] * g->v[k];
                g->p[k] += x[r] * *at;
            }
        j += rows;
    }
}

/* the same for padded rows of a known number of vectors, so that p, q and v stay in registers */
RT_INLINE void update_product_small(const eig_problem *g, int64_t m, const int blocks)
{
    v8d vb[EIG_SMALL / 8], qb[EIG_SMALL / 8], sum[EIG_SMALL / 8];
    for (int b = 0; b < blocks; b++) {
        vb[b] = *(const v8d *)(g->v + 8 * b);
        qb[b] = *(const v8d *)(g->q + 8 * b);
        sum[b] = (v8d){0};
    }
    for (int64_t j = 0; j < m; j++) {
        v8d *at = (v8d *)(g->a + j * g->stride);
        double v = g->v[j], q = g->q[j], x = g->next[j];
        for (int b = 0; b < blocks; b++) {
            v8d y = at[b] - v * qb[b] - q * vb[b];
            at[b] = y;
            sum[b] += x * y;
        }
    }
    for (int b = 0; b < blocks; b++) *(v8d *)(g->p + 8 * b) = sum[b];
}

RT_INLINE void update_any(const eig_problem *g, int64_t m)
{
    bool padded = g->stride % 8 == 0;
    int64_t blocks = padded ? (m + 7) / 8 : m / 8;
    switch (padded ? blocks : 0) {
    case 1: update_product_small(g, m, 1); return;
    case 2: update_product_small(g, m, 2); return;
    case 3: update_product_small(g, m, 3); return;
    case 4: update_product_small(g, m, 4); return;
    case 5: update_product_small(g, m, 5); return;
    case 6: update_product_small(g, m, 6); return;
    case 7: update_product_small(g, m, 7); return;
    case 8: update_product_small(g, m, 8); return;
    default: update_product(g, m, blocks, padded ? 0 : m - 8 * blocks);
    }
}

RT_INLINE void tridiagonal_body(const eig_problem *g)
{
    for (int64_t i = g->n - 1; i > 0; i--) {
        double *row = g->a + i * g->stride;
        double vi = g->v[i], qi = g->q[i];
        for (int64_t k = 0; k < i; k++) g->next[k] = row[k] - vi * g->q[k] - qi * g->v[k];
        g->next[i] = 0.0; /* a padded product reads up to a whole vector */
        row[i] -= 2.0 * vi * qi;
        double h = reflector(g->next, i, &row[0]); /* row i is not read again: it keeps the result */
        update_any(g, i);
        if (h == 0.0) {
            for (int64_t k = 0; k < i; k++) g->v[k] = g->q[k] = 0.0;
        } else {
            double inverse = 1.0 / h, half = 0.5 * inverse * inverse * dot(g->next, g->p, i);
            for (int64_t k = 0; k < i; k++) {
                g->v[k] = g->next[k];
                g->q[k] = g->p[k] * inverse - half * g->next[k];
            }
        }
        g->v[i] = g->q[i] = 0.0;
    }
    g->a[0] -= 2.0 * g->v[0] * g->q[0];
}
RT_CLONES(tridiagonal, (const eig_problem *g), (g))

/* ---- tridiagonal matrix: d[n], squares e2[n - 1]; eigenvalues in d, in no order ------------------------ */

/* both eigenvalues of [[a, sqrt(b2)], [sqrt(b2), c]], without cancellation */
static void pair_of_two(double *a, double b2, double *c)
{
    double mean = 0.5 * (*a + *c), half = 0.5 * (*a - *c);
    double root = sqrt(half * half + b2), far = mean < 0.0 ? mean - root : mean + root;
    double product = *a * *c - b2;
    *a = far;
    *c = far != 0.0 && fabs(mean) > root ? product / far : 2.0 * mean - far;
}

/* one sweep on rows l..m with the shift that the two rows at l suggest */
static void sweep(double *d, double *e2, int64_t l, int64_t m)
{
    double root = sqrt(e2[l]), sigma = (d[l + 1] - d[l]) / (2.0 * root), r = sqrt(sigma * sigma + 1.0);
    sigma = d[l] - root / (sigma + (sigma < 0.0 ? -r : r));
    double c = 1.0, s = 0.0, gamma = d[m] - sigma, p = gamma * gamma, ratio = 1.0;
    for (int64_t i = m - 1; i >= l; i--) {
        double b = e2[i], before = c, old = gamma, alpha = d[i];
        r = p + b;
        if (i != m - 1) e2[i + 1] = s * r;
        c = p / r; /* the two divisions do not wait for each other */
        ratio = r / p;
        s = b / r;
        gamma = c * (alpha - sigma + old) - old;
        d[i + 1] = old + (alpha - gamma);
        p = c > DBL_MIN ? gamma * gamma * ratio : before * b;
    }
    e2[l] = s * p;
    d[l] = sigma + gamma;
}

static void reverse(double *x, int64_t n)
{
    for (int64_t i = 0; i < n / 2; i++) {
        double keep = x[i];
        x[i] = x[n - 1 - i];
        x[n - 1 - i] = keep;
    }
}

/* false: no convergence (not seen for finite input) */
static bool tridiagonal_values(double *d, double *e2, int64_t n)
{
    double tiny = 0.25 * DBL_EPSILON; /* of a matrix whose largest element is near 1 */
    int64_t sweeps = 40 * n;
    tiny *= tiny;
    for (int64_t l = 0; l < n;) {
        int64_t m = l;
        while (m < n - 1 && e2[m] > tiny) m++;
        if (m < n - 1) e2[m] = 0.0;
        if (fabs(d[m]) < fabs(d[l])) { /* shifts converge at the small end */
            reverse(d + l, m - l + 1);
            reverse(e2 + l, m - l);
        }
        for (; l <= m;) {
            int64_t end = l;
            while (end < m && e2[end] > tiny) end++;
            if (end == l) {
                l++;
            } else if (end == l + 1) {
                pair_of_two(&d[l], e2[l], &d[end]);
                e2[l] = 0.0;
                l += 2;
            } else if (sweeps-- > 0) {
                sweep(d, e2, l, end);
            } else {
                return false;
            }
        }
    }
    return true;
}

/* ---- the whole ----------------------------------------------------------------------------------------- */

/* largest magnitude; infinite or NaN when an element is */
RT_INLINE double largest(const double *a, int64_t n)
{
    v8d most = {0}, taint = {0};
    double rest = 0.0;
    int64_t k = 0;
    for (; k + 8 <= n * n; k += 8) {
        v8d x = magnitude(*(const v8d *)(a + k));
        most = pick(x > most, x, most);
        taint += x * 0.0;
    }
    for (; k < n * n; k++) {
        rest = fabs(a[k]) > rest ? fabs(a[k]) : rest;
        taint[0] += a[k] * 0.0;
    }
    for (int i = 0; i < 8; i++) rest = most[i] > rest ? most[i] : rest;
    return rest + sum8(taint);
}

/* the diagonal and the squares beside it, which tridiagonal_body left in the rows */
RT_INLINE void collect(const eig_problem *g, double *d, double *e2)
{
    for (int64_t i = 0; i < g->n; i++) d[i] = g->a[i * g->stride + i];
    for (int64_t i = 1; i < g->n; i++) e2[i - 1] = g->a[i * g->stride];
}

RT_INLINE void values_small_body(const double *a, int64_t n, double scale, double *w)
{
    double copy[EIG_SMALL * EIG_SMALL] __attribute__((aligned(64)));
    double room[4][EIG_SMALL + 8] __attribute__((aligned(64)));
    int64_t stride = (n + 7) / 8 * 8;
    eig_problem g = {copy, n, stride, room[0], room[1], room[2], room[3]};
    if (n < 1) return;
    for (int64_t r = 0; r < 4; r++)
        for (int64_t k = 0; k < stride + 8; k += 8) *(v8d *)(room[r] + k) = (v8d){0};
    for (int64_t i = 0; i < n; i++) {
        double *row = copy + i * stride;
        int64_t k = 0;
        for (; k + 8 <= n; k += 8) *(v8d *)(row + k) = *(const v8d *)(a + i * n + k) * scale;
        for (; k < n; k++) row[k] = a[i * n + k] * scale;
        for (; k < stride; k++) row[k] = 0.0;
    }
    tridiagonal_body(&g);
    collect(&g, room[0], room[1]);
    tridiagonal_values_small(room[0], room[1], n, copy); /* whole vectors are written: not to w */
    memcpy(w, copy, (size_t)n * sizeof *w);
}
RT_CLONES(values_small, (const double *a, int64_t n, double scale, double *w), (a, n, scale, w))

RT_INLINE void largest_of_body(const double *a, int64_t n, double *most)
{
    *most = largest(a, n);
}
RT_CLONES(largest_of, (const double *a, int64_t n, double *most), (a, n, most))

/* already in order but for rounding */
static void settle(double *w, int64_t n)
{
    for (int64_t i = 1; i < n; i++) {
        double x = w[i];
        int64_t k = i;
        for (; k > 0 && w[k - 1] > x; k--) w[k] = w[k - 1];
        w[k] = x;
    }
}

static bool values_large(double *a, int64_t n, double scale, double *w, double *work)
{
    eig_problem g = {a, n, n, work, work + n, work + 2 * n, w};
    for (int64_t k = 0; k < n * n; k++) a[k] *= scale;
    memset(work, 0, 2 * (size_t)n * sizeof *work);
    tridiagonal(&g);
    collect(&g, w, work);
    bool done = tridiagonal_values(w, work, n);
    if (done) mtx_rt_sort(w, n, 0);
    return done;
}

void mtx_rt_eigvals(double *a, int64_t n, double *w, double *work)
{
    if (n <= 0) return;
    double most;
    largest_of(a, n, &most);
    bool done = most - most == 0.0;
    int exponent = 0;
    if (done && most > 0.0) {
        frexp(most, &exponent);
        exponent = exponent > 1023 ? 1023 : exponent < -1021 ? -1021 : exponent;
        double scale = ldexp(1.0, -exponent); /* squares neither overflow nor vanish */
        if (n <= EIG_SMALL) {
            values_small(a, n, scale, w);
            settle(w, n);
        } else {
            done = values_large(a, n, scale, w, work);
        }
    } else {
        memset(w, 0, (size_t)n * sizeof *w);
    }
    double back = ldexp(1.0, exponent);
    for (int64_t i = 0; i < n; i++) w[i] = done ? w[i] * back : NAN;
}
