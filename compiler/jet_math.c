/* SPDX-License-Identifier: Apache-2.0
 *
 * jet_math.c: arithmetic of Taylor coefficients at many points at once. In: coefficients of the arguments. Out:
 * those of the value. Functions follow from their differential equations (Griewank and Walther, Evaluating
 * Derivatives, chapter 13): y = f(a) with y' = g a' gives k y_k = sum_j j a_j g_{k-j}.
 */
#include "jet_internal.h"

#include "curve.h"
#include "setir_eval.h"

#include <math.h>
#include <string.h>

#define EACH for (uint32_t i = 0; i < JET_POINTS; i++)
#define TIE  1e-14 /* closer numbers, relative, are the same: the next derivative decides                   */

void jet_multiply(const jet_row *a, const jet_row *b, jet_row *to, uint32_t terms)
{
    for (uint32_t k = 0; k < terms; k++) {
        EACH to[k][i] = 0;
        for (uint32_t j = 0; j <= k; j++) EACH to[k][i] += a[j][i] * b[k - j][i];
    }
}

void jet_scale(const jet_row *a, double by, jet_row *to, uint32_t terms)
{
    for (uint32_t k = 0; k < terms; k++) EACH to[k][i] = by * a[k][i];
}

void jet_divide(const jet_row *a, const jet_row *b, jet_row *to, uint32_t terms)
{
    for (uint32_t k = 0; k < terms; k++) {
        EACH to[k][i] = a[k][i];
        for (uint32_t j = 1; j <= k; j++) EACH to[k][i] -= b[j][i] * to[k - j][i];
        EACH to[k][i] /= b[0][i];
    }
}

/* to[k] for k > 0 from y' = g a'; g is known up to term k - 1 when to[k] is made */
static void integrate_term(const jet_row *a, const jet_row *g, jet_row *to, uint32_t k, double factor)
{
    EACH to[k][i] = 0;
    for (uint32_t j = 1; j <= k; j++) EACH to[k][i] += j * a[j][i] * g[k - j][i];
    EACH to[k][i] *= factor / k;
}

static void integrate(const jet_row *a, const jet_row *g, jet_row *to, uint32_t terms, double factor)
{
    for (uint32_t k = 1; k < terms; k++) integrate_term(a, g, to, k, factor);
}

static void whole_power(const jet_row *a, int n, jet_row *to, uint32_t terms)
{
    jet_row base[JET_TERMS], next[JET_TERMS];
    bool inverse = n < 0, first = true;
    memcpy(base, a, terms * sizeof *a);
    memset(to, 0, terms * sizeof *to);
    EACH to[0][i] = 1;
    for (n = inverse ? -n : n; n; n >>= 1) {
        if (n & 1) {
            if (first)
                memcpy(next, base, terms * sizeof *base);
            else
                jet_multiply((const jet_row *)to, (const jet_row *)base, next, terms);
            first = false;
            memcpy(to, next, terms * sizeof *to);
        }
        if (n == 1) break;
        jet_multiply((const jet_row *)base, (const jet_row *)base, next, terms);
        memcpy(base, next, terms * sizeof *base);
    }
    if (!inverse) return;
    memset(base, 0, terms * sizeof *base);
    EACH base[0][i] = 1;
    jet_divide((const jet_row *)base, (const jet_row *)to, next, terms);
    memcpy(to, next, terms * sizeof *to);
}

/* y = a^p:  a y' = p a' y */
void jet_power(const jet_row *a, double p, jet_row *to, uint32_t terms)
{
    if (p == floor(p) && fabs(p) <= 64) {
        whole_power(a, (int)p, to, terms);
        return;
    }
    EACH to[0][i] = eval_power(a[0][i], p);
    for (uint32_t k = 1; k < terms; k++) {
        EACH to[k][i] = 0;
        for (uint32_t j = 1; j <= k; j++) EACH to[k][i] += (p * j - (k - j)) * a[j][i] * to[k - j][i];
        EACH to[k][i] /= k * a[0][i];
    }
}

/* sine and cosine together; sign -1: sinh and cosh */
static void circular(const jet_row *a, bool hyperbolic, jet_row *s, jet_row *c, uint32_t terms)
{
    EACH s[0][i] = hyperbolic ? sinh(a[0][i]) : sin(a[0][i]);
    EACH c[0][i] = hyperbolic ? cosh(a[0][i]) : cos(a[0][i]);
    for (uint32_t k = 1; k < terms; k++) {
        integrate_term(a, (const jet_row *)c, s, k, 1);
        integrate_term(a, (const jet_row *)s, c, k, hyperbolic ? 1 : -1);
    }
}

/* y' = (1 + sign y^2) a': tan, tanh */
static void tangent(const jet_row *a, double sign, jet_row *to, uint32_t terms)
{
    jet_row g[JET_TERMS];
    EACH to[0][i] = sign > 0 ? tan(a[0][i]) : tanh(a[0][i]);
    for (uint32_t k = 1; k < terms; k++) {
        EACH g[k - 1][i] = k == 1;
        for (uint32_t j = 0; j < k; j++) EACH g[k - 1][i] += sign * to[j][i] * to[k - 1 - j][i];
        integrate_term(a, (const jet_row *)g, to, k, 1);
    }
}

/* y' = factor a' (1 + sign a^2)^p */
static void inverse_circular(node_op op, const jet_row *a, jet_row *to, uint32_t terms)
{
    jet_row square[JET_TERMS], g[JET_TERMS];
    double sign = op == OP_ATAN ? 1 : -1;
    jet_multiply(a, a, square, terms);
    for (uint32_t k = 0; k < terms; k++) EACH square[k][i] = (k == 0) + sign * square[k][i];
    jet_power((const jet_row *)square, op == OP_ATAN ? -1 : -0.5, g, terms);
    EACH to[0][i] = eval_unary(op, a[0][i]);
    integrate(a, (const jet_row *)g, to, terms, op == OP_ACOS ? -1 : 1);
}

static void error_function(node_op op, const jet_row *a, jet_row *to, uint32_t terms)
{
    jet_row square[JET_TERMS], g[JET_TERMS];
    jet_multiply(a, a, square, terms);
    for (uint32_t k = 0; k < terms; k++) EACH square[k][i] = -square[k][i];
    jet_function_of(OP_EXP, (const jet_row *)square, g, terms);
    EACH to[0][i] = eval_unary(op, a[0][i]);
    integrate(a, (const jet_row *)g, to, terms, (op == OP_ERF ? 2 : -2) / sqrt(acos(-1.0)));
}

static void exponential(const jet_row *a, jet_row *to, uint32_t terms)
{
    EACH to[0][i] = exp(a[0][i]);
    for (uint32_t k = 1; k < terms; k++) integrate_term(a, (const jet_row *)to, to, k, 1);
}

static void logarithm(const jet_row *a, jet_row *to, uint32_t terms)
{
    jet_row g[JET_TERMS], one[JET_TERMS] = {0};
    EACH one[0][i] = 1;
    jet_divide((const jet_row *)one, a, g, terms);
    EACH to[0][i] = log(a[0][i]);
    integrate(a, (const jet_row *)g, to, terms, 1);
}

/* constant beside the points where they change */
static void step(node_op op, const jet_row *a, jet_row *to, uint32_t terms)
{
    memset(to, 0, terms * sizeof *to);
    EACH to[0][i] = eval_unary(op, a[0][i]);
}

void jet_function_of(node_op op, const jet_row *a, jet_row *to, uint32_t terms)
{
    jet_row other[JET_TERMS];
    switch ((int)op) {
    case OP_EXP: exponential(a, to, terms); return;
    case OP_LOG: logarithm(a, to, terms); return;
    case OP_SIN: circular(a, false, to, other, terms); return;
    case OP_COS: circular(a, false, other, to, terms); return;
    case OP_SINH: circular(a, true, to, other, terms); return;
    case OP_COSH: circular(a, true, other, to, terms); return;
    case OP_TAN: tangent(a, 1, to, terms); return;
    case OP_TANH: tangent(a, -1, to, terms); return;
    case OP_ASIN:
    case OP_ACOS:
    case OP_ATAN: inverse_circular(op, a, to, terms); return;
    case OP_ERF:
    case OP_ERFC: error_function(op, a, to, terms); return;
    default: step(op, a, to, terms); return;
    }
}

/* (x y' - y x') / (x^2 + y^2) */
void jet_atan2(const jet_row *y, const jet_row *x, jet_row *to, uint32_t terms)
{
    jet_row yy[JET_TERMS], sum[JET_TERMS], g[JET_TERMS], one[JET_TERMS] = {0}, up[JET_TERMS], down[JET_TERMS];
    jet_multiply(y, y, yy, terms);
    jet_multiply(x, x, sum, terms);
    for (uint32_t k = 0; k < terms; k++) EACH sum[k][i] += yy[k][i];
    EACH one[0][i] = 1;
    jet_divide((const jet_row *)one, (const jet_row *)sum, g, terms);
    jet_multiply(x, (const jet_row *)g, up, terms);
    jet_multiply(y, (const jet_row *)g, down, terms);
    EACH to[0][i] = atan2(y[0][i], x[0][i]);
    for (uint32_t k = 1; k < terms; k++) {
        jet_row minus[JET_TERMS];
        integrate_term(x, (const jet_row *)down, minus, k, 1);
        integrate_term(y, (const jet_row *)up, to, k, 1);
        EACH to[k][i] -= minus[k][i];
    }
}

int jet_compare(const jet_row *a, const jet_row *b, uint32_t i, int side, uint32_t terms)
{
    double gap = b[0][i] - a[0][i];
    if (!(fabs(gap) <= TIE * fmax(fabs(a[0][i]), fabs(b[0][i])))) return gap > 0 ? 1 : -1;
    for (uint32_t k = 1; k < terms; k++) {
        gap = b[k][i] - a[k][i];
        if (fabs(gap) > TIE * fmax(fabs(a[k][i]), fabs(b[k][i])))
            return (gap > 0) == (side > 0 || k % 2 == 0) ? 1 : -1;
    }
    return 0;
}

/* (1 - x)^n sum_{k < n} C(n - 1 + k, k) x^k below 1, else 0 */
void jet_cutoff(const jet_row *a, int32_t order, int side, jet_row *to, uint32_t terms)
{
    jet_row one[JET_TERMS] = {0}, rest[JET_TERMS], power[JET_TERMS], sum[JET_TERMS] = {0}, next[JET_TERMS];
    double c[17] = {1};
    EACH one[0][i] = 1;
    for (uint32_t k = 0; k < terms; k++) EACH rest[k][i] = one[k][i] - a[k][i];
    whole_power((const jet_row *)rest, order, power, terms);
    for (int32_t k = 1; k < order && k < 17; k++) c[k] = c[k - 1] * (order - 1 + k) / k;
    for (int32_t k = order - 1; k >= 0; k--) {
        jet_multiply((const jet_row *)sum, a, next, terms);
        EACH next[0][i] += c[k];
        memcpy(sum, next, terms * sizeof *sum);
    }
    jet_multiply((const jet_row *)power, (const jet_row *)sum, to, terms);
    EACH if (jet_compare(a, (const jet_row *)one, i, side, terms) <= 0) for (uint32_t k = 0; k < terms; k++)
        to[k][i] = isnan(a[0][i]) ? NAN : 0;
}

/* which way a runs beside a point: 1 up, -1 down, 0 it stands still */
static int runs(const jet_row *a, uint32_t i, int side, uint32_t terms)
{
    for (uint32_t k = 1; k < terms; k++)
        if (a[k][i] != 0) return (a[k][i] > 0) == (side > 0 || k % 2 == 0) ? 1 : -1;
    return 0;
}

/* the polynomial of the piece that a runs into, composed with a */
void jet_curve(const curve *c, uint32_t cell, int32_t order, const jet_row *a, int side, jet_row *to, uint32_t terms)
{
    jet_row h[JET_TERMS], next[JET_TERMS], coefficient[CURVE_TERMS] = {{0}};
    double taylor[CURVE_TERMS], size[CURVE_TERMS], u;
    const double knot = 1e-15 * (c->pieces + fabs(c->lo * c->rate)) * 8;
    EACH {
        uint32_t piece = curve_piece(c, a[0][i], &u);
        int way = runs(a, i, side, terms);
        if (way < 0 && piece > 0 && u < knot) piece--, u += 1;
        if (way > 0 && piece + 1 < c->pieces && u > 1 - knot) piece++, u -= 1;
        curve_expand(c, cell, piece, u, order, taylor, size);
        for (uint32_t j = 0; j < c->terms; j++) coefficient[j][i] = taylor[j];
    }
    memcpy(h, a, terms * sizeof *h);
    EACH h[0][i] = 0;
    memset(to, 0, terms * sizeof *to);
    for (uint32_t j = c->terms; j-- > 0;) {
        jet_multiply((const jet_row *)to, (const jet_row *)h, next, terms);
        EACH next[0][i] += coefficient[j][i];
        memcpy(to, next, terms * sizeof *to);
    }
}
