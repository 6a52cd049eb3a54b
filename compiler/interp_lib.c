/* SPDX-License-Identifier: Apache-2.0
 *
 * interp_lib.c: the library operations of the oracle in their plainest form: insertion sort, eigenvalues by
 * cyclic Jacobi rotations, nearest image by trying them all, Niggli reduction after Krivy and Gruber (Acta
 * Cryst. A32, 297). In: values of other tensors, the cell. Out: dense arrays or one vector.
 */
#include "interp_internal.h"

#include <math.h>
#include <string.h>

#define LIBRARY_MOST (INT64_C(1) << 28) /* numbers in the argument of a library operation */

/* ------------------------------------------------------------------------------------------------ sorting */

/* order of the keys, ascending or descending, equal keys as they stand */
static void sort_order(const double *key, int64_t n, bool descending, int64_t *order)
{
    for (int64_t k = 0; k < n; k++) {
        int64_t at = k;
        while (at > 0 && (descending ? key[order[at - 1]] < key[k] : key[order[at - 1]] > key[k])) {
            order[at] = order[at - 1];
            at--;
        }
        order[at] = k;
    }
}

static void library_sort(interp *x, const def *d, const double *in, int64_t n, double *out)
{
    int64_t *order = arena_array(&x->memory, int64_t, n);
    sort_order(in, n, d->lib_flag, order);
    for (int64_t k = 0; k < n; k++) out[k] = in[order[k]];
}

static void library_sortrows(interp *x, const double *in, int64_t n, double *out)
{
    double *norm = arena_array(&x->memory, double, n);
    int64_t *order = arena_array(&x->memory, int64_t, n);
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < n; j++) norm[i] += in[i * n + j] * in[i * n + j];
        norm[i] = sqrt(norm[i]);
    }
    sort_order(norm, n, true, order);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++) out[i * n + j] = in[order[i] * n + order[j]];
}

/* -------------------------------------------------------------------------------------------- eigenvalues */

/* one rotation that makes a[p][q] zero (Golub and Van Loan, section 8.5) */
static void jacobi_rotate(double *a, double *v, int64_t n, int64_t p, int64_t q)
{
    double apq = a[p * n + q];
    if (apq == 0) return;
    double theta = (a[q * n + q] - a[p * n + p]) / (2 * apq);
    double t = (theta < 0 ? -1 : 1) / (fabs(theta) + hypot(theta, 1));
    double c = 1 / hypot(t, 1), s = t * c;
    for (int64_t k = 0; k < n; k++) {
        double akp = a[k * n + p], akq = a[k * n + q];
        a[k * n + p] = c * akp - s * akq;
        a[k * n + q] = s * akp + c * akq;
    }
    for (int64_t k = 0; k < n; k++) {
        double apk = a[p * n + k], aqk = a[q * n + k];
        a[p * n + k] = c * apk - s * aqk;
        a[q * n + k] = s * apk + c * aqk;
    }
    a[p * n + q] = a[q * n + p] = 0;
    for (int64_t k = 0; v && k < n; k++) {
        double vp = v[p * n + k], vq = v[q * n + k];
        v[p * n + k] = c * vp - s * vq;
        v[q * n + k] = s * vp + c * vq;
    }
}

/* v: vectors in its rows when the values are on the diagonal of a, or NULL */
static void diagonalise(const double *in, int64_t n, double *a, double *v)
{
    for (int64_t i = 0; i < n; i++) /* rounding may have left it slightly unsymmetric */
        for (int64_t j = 0; j < n; j++) a[i * n + j] = (in[i * n + j] + in[j * n + i]) / 2;
    for (int sweep = 0; sweep < 60; sweep++) {
        double off = 0, on = 0;
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j < n; j++) *(i == j ? &on : &off) += a[i * n + j] * a[i * n + j];
        if (!(off > 1e-34 * on)) /* squared: far below rounding; NaN ends it too */
            break;
        for (int64_t p = 0; p < n; p++)
            for (int64_t q = p + 1; q < n; q++) jacobi_rotate(a, v, n, p, q);
    }
}

static void library_eigvals(interp *x, const double *in, int64_t n, double *out)
{
    double *a = arena_array(&x->memory, double, n *n), *w = arena_array(&x->memory, double, n);
    diagonalise(in, n, a, NULL);
    for (int64_t i = 0; i < n; i++) w[i] = a[i * n + i];
    library_sort(x, &(def){.lib = LIB_SORT}, w, n, out);
}

static void library_eigvecs(interp *x, const double *in, int64_t n, double *out)
{
    double *a = arena_array(&x->memory, double, n *n), *v = arena_array(&x->memory, double, n *n),
           *w = arena_array(&x->memory, double, n);
    int64_t *order = arena_array(&x->memory, int64_t, n);
    for (int64_t i = 0; i < n; i++) v[i * n + i] = 1;
    diagonalise(in, n, a, v);
    for (int64_t i = 0; i < n; i++) w[i] = a[i * n + i];
    sort_order(w, n, false, order);
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = 0; k < n; k++) out[i * n + k] = v[order[k] * n + i];
}

/* ------------------------------------------------------------------------------------------------ tensors */

const double *interp_library(interp *x, def_id id)
{
    const def *d = &x->p->defs.at[id], *a = &x->p->defs.at[d->lib_arg];
    interp_tensor *t = &x->tensor[id];
    const def *inner = a;
    while (inner->lib != LIB_NONE) inner = &x->p->defs.at[inner->lib_arg];
    if (t->value && !inner->nested) return t->value;
    uint32_t components = elem_components(a->elem);
    int64_t size[16], index[16], total = 1;
    if (a->n_param > 16) interp_fail(x, MTX_EUNSUPPORTED, "a tensor over too many sets for the interpreter");
    for (uint32_t k = 0; k < a->n_param; k++) {
        size[k] = interp_set_size(x, x->p->ivars.at[a->param[k]].set);
        if (size[k] && total > LIBRARY_MOST / components / size[k])
            interp_fail(x, MTX_ENOMEM, "a tensor too large for the interpreter");
        total *= size[k];
    }
    double *in = arena_array(&x->memory, double, total *components);
    double *out = arena_array(&x->memory, double, interp_def_size(x, id));
    for (int64_t at = 0; at < total; at++) {
        int64_t rest = at;
        for (uint32_t k = a->n_param; k-- > 0; rest /= size[k]) index[k] = rest % size[k];
        interp_element(x, d->lib_arg, index, in + at * components);
    }
    switch (d->lib) {
    case LIB_SORT: library_sort(x, d, in, total, out); break;
    case LIB_EIGVALS: library_eigvals(x, in, size[0], out); break;
    case LIB_EIGVECS: library_eigvecs(x, in, size[0], out); break;
    case LIB_SORTROWS: library_sortrows(x, in, size[0], out); break;
    case LIB_GRAD:
    case LIB_JACOBIAN:
    case LIB_ALONG: interp_fail(x, MTX_EUNSUPPORTED, "a derivative that has not been written out"); break;
    case LIB_NONE:
    case LIB_LIST: memcpy(out, in, (size_t)total * components * sizeof *out); break;
    }
    return t->value = out;
}

/* ----------------------------------------------------------------------------------------------- lattices */

/* The shortest v + S cell. |v + S cell| <= |v| bounds each fractional component, so trying those S is
 * exact. */
void interp_nearest(interp *x, uint32_t s, const double *v, double *out)
{
    const double *row = interp_cell(x, s), *inverse = row + 9;
    int64_t lo[3] = {0}, hi[3] = {0};
    double start[3] = {v[0], v[1], v[2]}, most = 1;
    for (int k = 0; k < 3; k++)
        if (x->p->slots.at[s].axes >> k & 1) {
            double shift = -nearbyint(v[0] * inverse[k] + v[1] * inverse[3 + k] + v[2] * inverse[6 + k]);
            for (int c = 0; c < 3; c++) start[c] += shift * row[3 * k + c];
        }
    double reach = sqrt(start[0] * start[0] + start[1] * start[1] + start[2] * start[2]);
    for (int k = 0; k < 3; k++)
        if (x->p->slots.at[s].axes >> k & 1) {
            double f = start[0] * inverse[k] + start[1] * inverse[3 + k] + start[2] * inverse[6 + k];
            double r = reach * sqrt(inverse[k] * inverse[k] + inverse[3 + k] * inverse[3 + k] +
                                    inverse[6 + k] * inverse[6 + k]);
            most *= 2 * r + 3;
            if (!(most < 1e7))
                interp_fail(x, MTX_EDATA, "a lattice too flat to search for the nearest image");
            lo[k] = (int64_t)floor(-r - f);
            hi[k] = (int64_t)ceil(r - f);
        }
    double best = INFINITY;
    for (int64_t a = lo[0]; a <= hi[0]; a++)
        for (int64_t b = lo[1]; b <= hi[1]; b++)
            for (int64_t c = lo[2]; c <= hi[2]; c++) {
                double d[3], length = 0;
                for (int k = 0; k < 3; k++) {
                    d[k] = start[k] + (double)a * row[k] + (double)b * row[3 + k] + (double)c * row[6 + k];
                    length += d[k] * d[k];
                }
                if (length < best) {
                    best = length;
                    memcpy(out, d, sizeof d);
                }
            }
}

static double row_dot(const double *m, int i, int j)
{
    return m[3 * i] * m[3 * j] + m[3 * i + 1] * m[3 * j + 1] + m[3 * i + 2] * m[3 * j + 2];
}

static void row_add(double *m, int to, double times, int from)
{
    for (int c = 0; c < 3; c++) m[3 * to + c] += times * m[3 * from + c];
}

static void row_swap(double *m, int i, int j) /* and all signs, so that handedness stays */
{
    for (int c = 0; c < 3; c++) {
        double t = m[3 * i + c];
        m[3 * i + c] = m[3 * j + c];
        m[3 * j + c] = t;
    }
    for (int k = 0; k < 9; k++) m[k] = -m[k];
}

/* make the products b.c, a.c, a.b all positive, or none positive */
static void niggli_signs(double *m, double eps)
{
    double f[3] = {2 * row_dot(m, 1, 2), 2 * row_dot(m, 0, 2), 2 * row_dot(m, 0, 1)};
    int sign[3] = {1, 1, 1}, zero = -1, product = 1;
    for (int k = 0; k < 3; k++) product *= f[k] > eps ? 1 : f[k] < -eps ? -1 : 0;
    if (product > 0) {
        for (int k = 0; k < 3; k++) sign[k] = f[k] < -eps ? -1 : 1;
    } else {
        int flip = 1;
        for (int k = 0; k < 3; k++) {
            sign[k] = f[k] > eps ? -1 : 1;
            if (fabs(f[k]) <= eps) zero = k;
            flip *= sign[k];
        }
        if (flip < 0 && zero >= 0) sign[zero] = -1;
    }
    for (int k = 0; k < 3; k++) /* flipping a changes a.c and a.b, and so on */
        for (int c = 0; c < 3; c++) m[3 * k + c] *= sign[k];
}

/* one pass of the conditions A1 to A8 (Krivy and Gruber); true when something changed */
static bool niggli_step(double *m, double eps)
{
    double A = row_dot(m, 0, 0), B = row_dot(m, 1, 1), C = row_dot(m, 2, 2);
    double X = 2 * row_dot(m, 1, 2), E = 2 * row_dot(m, 0, 2), Z = 2 * row_dot(m, 0, 1);
    if (A > B + eps || (fabs(A - B) <= eps && fabs(X) > fabs(E) + eps)) return row_swap(m, 0, 1), true;
    if (B > C + eps || (fabs(B - C) <= eps && fabs(E) > fabs(Z) + eps)) return row_swap(m, 1, 2), true;
    niggli_signs(m, eps);
    X = 2 * row_dot(m, 1, 2), E = 2 * row_dot(m, 0, 2), Z = 2 * row_dot(m, 0, 1);
    if (fabs(X) > B + eps || (fabs(X - B) <= eps && 2 * E < Z - eps) || (fabs(X + B) <= eps && Z < -eps))
        return row_add(m, 2, X > 0 ? -1 : 1, 1), true;
    if (fabs(E) > A + eps || (fabs(E - A) <= eps && 2 * X < Z - eps) || (fabs(E + A) <= eps && Z < -eps))
        return row_add(m, 2, E > 0 ? -1 : 1, 0), true;
    if (fabs(Z) > A + eps || (fabs(Z - A) <= eps && 2 * X < E - eps) || (fabs(Z + A) <= eps && E < -eps))
        return row_add(m, 1, Z > 0 ? -1 : 1, 0), true;
    double sum = X + E + Z + A + B;
    if (sum < -eps || (fabs(sum) <= eps && 2 * (A + E) + Z > eps))
        return row_add(m, 2, 1, 0), row_add(m, 2, 1, 1), true;
    return false;
}

/* lattice vector `axis` of the Niggli-reduced cell; the slot repeats along all three */
void interp_niggli(interp *x, uint32_t s, int axis, double *out)
{
    double m[9], size = 0;
    memcpy(m, interp_cell(x, s), sizeof m);
    for (int k = 0; k < 3; k++) size = fmax(size, row_dot(m, k, k));
    for (int pass = 0; pass < 10000 && niggli_step(m, 1e-10 * size); pass++) continue;
    memcpy(out, m + 3 * axis, 3 * sizeof *out);
}
