/* SPDX-License-Identifier: Apache-2.0
 *
 * infer_matrix.c: In: `orthonormal(S)`, S overlaps S[a, b] known when compiling, over one set of fixed size, maybe with
 * further indices of such sets. Out: the table S^(-1/2). Functions with these overlaps, mixed by it, are orthonormal
 * (Löwdin, J. Chem. Phys. 18, 365 (1950)).
 */
#include "curve.h"
#include "infer_internal.h"
#include "jet.h"

#include <math.h>
#include <string.h>

enum { MATRIX_MOST = 64, PLACES_MOST = 1 << 16, SWEEPS = 60 };
#define SYMMETRIC_NEAR 1e-10

static value complain(infer *x, span at, const char *label)
{
    diag *d = infer_report(x, D_OVERLAPS, at);
    diag_label_primary(x->sink, d, "%s", label);
    return value_error(at);
}

/* one rotation that makes a[p][q] zero; v collects them */
static void rotate(long double *a, long double *v, int n, int p, int q)
{
    if (a[p * n + q] == 0) return;
    long double theta = (a[q * n + q] - a[p * n + p]) / (2 * a[p * n + q]);
    long double t = (theta < 0 ? -1 : 1) / (fabsl(theta) + sqrtl(theta * theta + 1));
    long double c = 1 / sqrtl(t * t + 1), s = t * c;
    for (int k = 0; k < n; k++) {
        long double x = a[k * n + p], y = a[k * n + q];
        a[k * n + p] = c * x - s * y;
        a[k * n + q] = s * x + c * y;
        x = v[k * n + p], y = v[k * n + q];
        v[k * n + p] = c * x - s * y;
        v[k * n + q] = s * x + c * y;
    }
    for (int k = 0; k < n; k++) {
        long double x = a[p * n + k], y = a[q * n + k];
        a[p * n + k] = c * x - s * y;
        a[q * n + k] = s * x + c * y;
    }
}

/* s becomes s^(-1/2); false: not positive definite. Jacobi's method. */
static bool inverse_root(arena *m, double *s, int n)
{
    long double *a = arena_array(m, long double, (size_t)n * n), *v = arena_array(m, long double, (size_t)n * n);
    long double least = INFINITY, most = 0;
    for (int k = 0; k < n * n; k++) a[k] = s[k];
    for (int k = 0; k < n; k++) v[k * n + k] = 1;
    for (int sweep = 0; sweep < SWEEPS; sweep++)
        for (int p = 0; p < n; p++)
            for (int q = p + 1; q < n; q++) rotate(a, v, n, p, q);
    for (int k = 0; k < n; k++) {
        least = fminl(least, a[k * n + k]);
        most = fmaxl(most, fabsl(a[k * n + k]));
    }
    if (!(least > 1e-15L * most)) return false;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            long double sum = 0;
            for (int k = 0; k < n; k++) sum += v[i * n + k] * v[j * n + k] / sqrtl(a[k * n + k]);
            s[i * n + j] = (double)sum;
        }
    return true;
}

typedef struct overlaps { node_id body; const ivar_id *over; const set_id *domain; uint32_t n; int64_t size[4], places; } overlaps;

static bool shape_of(infer *x, value t, overlaps *o, span at)
{
    *o = (overlaps){t.node, t.ivar, t.domain, t.n, {0}, 1};
    if (t.def != SETIR_NONE) {
        const def *d = &x->p->defs.at[t.def];
        o->body = d->body;
        o->over = d->param;
        if (d->lib != LIB_NONE) {
            complain(x, at, "is no table of numbers known when compiling");
            return false;
        }
    }
    for (uint32_t k = 0; k < o->n; k++) {
        o->size[k] = curve_set_size(x->p, o->domain[k]);
        o->places *= o->size[k];
        if (o->size[k] == 0 || o->places > PLACES_MOST) {
            complain(x, at, o->size[k] ? "more than 65536 numbers" : "has an index of a set that depends on the data");
            return false;
        }
    }
    if (o->domain[0] == o->domain[1] && o->size[0] <= MATRIX_MOST) return true;
    complain(x, at, o->size[0] > MATRIX_MOST ? "more than 64 functions" : "the first two indices must be of one set");
    return false;
}

/* all numbers, row-major over the indices; NULL: not known, reported */
static double *numbers_of(infer *x, const overlaps *o, span at)
{
    node_id index[4], culprit = SETIR_NONE, dummy = mk_const(x, 0x1.5bf0a8b145769p+1, unit_none(), at);
    const char *why = "";
    for (uint32_t k = 0; k < o->n; k++) index[k] = node_ivar(x->p, o->over[k], at);
    jet_function *f = jet_of(x->a, x->p, o->body, dummy, index, o->n, &culprit, &why);
    if (!f) {
        diag *d = infer_report(x, D_OVERLAPS, at);
        diag_label_primary(x->sink, d, "is no table of numbers known when compiling");
        if (culprit != SETIR_NONE) diag_label_at(x->sink, d, x->p->nodes.at[culprit].at, "this %s", why);
        return NULL;
    }
    double *out = arena_array(x->a, double, (size_t)o->places);
    for (int64_t cell = 0; cell < o->places; cell++) {
        int64_t at_index[4], rest = cell;
        for (uint32_t k = o->n; k-- > 0; rest /= o->size[k]) at_index[k] = rest % o->size[k];
        double zero = 0;
        jet_eval(f, at_index, &zero, 1, 1, 1, &out[cell]);
    }
    return out;
}

static bool invert(infer *x, const overlaps *o, double *s, span at)
{
    int n = (int)o->size[0];
    int64_t stride = o->places / n / n;
    double *one = arena_array(x->a, double, (size_t)n * n);
    for (int64_t rest = 0; rest < stride; rest++) {
        bool good = true;
        for (int k = 0; k < n * n; k++) one[k] = s[k * stride + rest];
        for (int i = 0; i < n; i++)
            for (int j = 0; j < i; j++) {
                double a = one[i * n + j], b = one[j * n + i];
                good = good && fabs(a - b) <= SYMMETRIC_NEAR * (fabs(a) + fabs(b));
                one[i * n + j] = one[j * n + i] = (a + b) / 2;
            }
        for (int k = 0; k < n * n; k++) good = good && isfinite(one[k]);
        if (!good || !inverse_root(x->a, one, n)) {
            complain(x, at, good ? "has an eigenvalue that is not positive" : "is not symmetric, or not finite");
            return false;
        }
        for (int k = 0; k < n * n; k++) s[k * stride + rest] = one[k];
    }
    return true;
}

value infer_orthonormal(infer *x, value t, span at)
{
    overlaps o;
    if (!shape_of(x, t, &o, at)) return value_error(at);
    unit u = unit_pow(t.def != SETIR_NONE ? x->def_unit.at[t.def] : infer_unit(x, o.body), rational_new(-1, 2));
    constant_held(x, o.body, at);
    double *s = numbers_of(x, &o, at);
    if (!s || !invert(x, &o, s, at)) return value_error(at);
    curve c = {.domain = arena_copy(x->a, o.domain, o.n * sizeof *o.domain), .n_domain = o.n,
               .places = (uint32_t)o.places, .unit = u, .data = s};
    node_imm imm = {.curve = program_curve(x->p, c)};
    value out = {.kind = V_TENSOR, .at = at, .def = SETIR_NONE, .domain = c.domain, .n = o.n};
    out.ivar = arena_array(x->a, ivar_id, o.n);
    node_id args[4];
    for (uint32_t k = 0; k < o.n; k++) {
        out.ivar[k] = bind_one(x, NULL, NULL, (value){.kind = V_SET, .set = o.domain[k]}, at);
        args[k] = mk(x, OP_IVAR, elem_index(o.domain[k]), NULL, 0, &(node_imm){.ivar = out.ivar[k]}, at);
    }
    out.node = mk(x, OP_TABLE, elem_real(0), args, o.n, &imm, at);
    return out.node == SETIR_NONE ? value_error(at) : out;
}
