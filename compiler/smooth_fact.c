/* SPDX-License-Identifier: Apache-2.0
 *
 * smooth_fact.c: arithmetic of what the smoothness analysis knows of values (smooth_fact.h). In: facts. Out:
 * facts that hold for the result; where nothing better is known, the weaker one. Programs, conditions, sets:
 * smooth.c.
 */
#include "smooth_fact.h"
#include "setir_eval.h"

#include <math.h>

#define FACT_TINY 1e-12          /* relative: a range's end this near zero after cancellation is zero       */

/* ------------------------------------------------------------------------------------------------- ranges */

const range range_all = {-INFINITY, INFINITY, END_OPEN, END_OPEN};

range range_point(double v)
{
    return (range){v, v, END_CLOSED, END_CLOSED};
}

range range_of(double lo, range_end lo_end, double hi, range_end hi_end)
{
    return (range){lo, hi, lo_end, hi_end};
}

static range_end end_less(range_end a, range_end b)
{
    return a < b ? a : b;
}

static range_end end_more(range_end a, range_end b)
{
    return a > b ? a : b;
}

range range_hull(range a, range b)
{
    range r = a;
    if (b.lo <= a.lo) {
        r.lo = b.lo;
        r.lo_end = b.lo < a.lo ? b.lo_end : end_less(a.lo_end, b.lo_end);
    }
    if (b.hi >= a.hi) {
        r.hi = b.hi;
        r.hi_end = b.hi > a.hi ? b.hi_end : end_less(a.hi_end, b.hi_end);
    }
    return r;
}

range range_meet(range a, range b)
{
    range r = a;
    if (b.lo >= a.lo) {
        r.lo = b.lo;
        r.lo_end = b.lo > a.lo ? b.lo_end : end_more(a.lo_end, b.lo_end);
    }
    if (b.hi <= a.hi) {
        r.hi = b.hi;
        r.hi_end = b.hi < a.hi ? b.hi_end : end_more(a.hi_end, b.hi_end);
    }
    return r;
}

bool range_nonzero(range r, bool edges)
{
    range_end needed = edges ? END_OPEN : END_EDGE;
    return r.lo > 0 || r.hi < 0 || (r.lo == 0 && r.lo_end >= needed) || (r.hi == 0 && r.hi_end >= needed);
}

int range_sign(range r)
{
    if (!range_nonzero(r, false))
        return 0;
    return r.lo >= 0 ? 1 : -1;
}

bool range_reaches(range r, double v)
{
    return r.lo <= v && v <= r.hi;
}

static double snap(double sum, double a, double b)
{
    return isfinite(sum) && fabs(sum) <= FACT_TINY * (fabs(a) + fabs(b)) ? 0 : sum;
}

static range range_add(range a, range b)
{
    return range_of(snap(a.lo + b.lo, a.lo, b.lo), end_more(a.lo_end, b.lo_end),
                    snap(a.hi + b.hi, a.hi, b.hi), end_more(a.hi_end, b.hi_end));
}

static range range_negate(range a)
{
    return range_of(0 - a.hi, a.hi_end, 0 - a.lo, a.lo_end);     /* never -0, whose inverse is -inf */
}

/* product of two ends; a zero end decides whether the product reaches zero */
static double end_product(double x, range_end ex, double y, range_end ey, range_end *end)
{
    if (x == 0 || y == 0) {
        *end = x == 0 && y == 0 ? end_less(ex, ey) : x == 0 ? ex : ey;
        return 0;
    }
    *end = end_more(ex, ey);
    return x * y;
}

static range range_multiply(range a, range b)
{
    const double x[2] = {a.lo, a.hi}, y[2] = {b.lo, b.hi};
    const range_end ex[2] = {a.lo_end, a.hi_end}, ey[2] = {b.lo_end, b.hi_end};
    range r = {0};
    for (int k = 0; k < 4; k++) {
        range_end end;
        double v = end_product(x[k / 2], ex[k / 2], y[k % 2], ey[k % 2], &end);
        range one = range_of(v, end, v, end);
        r = k ? range_hull(r, one) : one;
    }
    return r;
}

/* x^p of a range of numbers >= 0 */
static range range_powerpositive(range a, double p)
{
    double lo = pow(a.lo, p), hi = pow(a.hi, p);
    if (p > 0)
        return range_of(lo, a.lo_end, hi, a.hi_end);
    return range_of(hi, isinf(a.hi) ? END_OPEN : a.hi_end, lo, isinf(lo) ? END_OPEN : a.lo_end);
}

/* `zero`: does it reach zero inside? */
static range range_power(range a, double p, range_end zero)
{
    bool whole = p == floor(p), odd = whole && fmod(p, 2) != 0;
    if (a.lo >= 0)
        return range_powerpositive(a, p);
    if (a.hi <= 0 && whole) {
        range r = range_powerpositive(range_negate(a), p);
        return odd ? range_negate(r) : r;
    }
    if (!whole || p < 0)
        return odd || !whole ? range_all : range_of(0, END_OPEN, INFINITY, END_OPEN);
    if (odd)
        return range_of(pow(a.lo, p), a.lo_end, pow(a.hi, p), a.hi_end);
    double most = fmax(pow(a.lo, p), pow(a.hi, p));
    return range_of(0, zero, most, END_CLOSED);
}

/* ------------------------------------------------------------------------------------------------- basics */

fact fact_opaque(void)
{
    return (fact){.order = SMOOTH_INFINITE, .r = range_all, .base = SETIR_NONE};
}

fact fact_constant(double value, double size)
{
    fact f = fact_opaque();
    f.constant = true;
    f.value = fabs(value) <= FACT_TINY * size ? 0 : value;
    f.size = fmax(size, fabs(value));
    f.r = range_point(f.value);
    f.nonzero = f.definite = f.value != 0;
    return f;
}

bool fact_is_zero(const fact *f)
{
    return f->constant && f->value == 0;
}

bool fact_is_nonzero(const fact *f)
{
    return f->nonzero || f->definite || range_nonzero(f->r, false);
}

range_end fact_zero_end(const fact *f)
{
    return f->definite ? END_OPEN : fact_is_nonzero(f) ? END_EDGE : END_CLOSED;
}

const edge *fact_edge(const fact *f, uint32_t key)
{
    for (uint32_t k = 0; k < f->n_edges; k++)
        if (f->edge[k].key == key)
            return &f->edge[k];
    return NULL;
}

double fact_vanish(const fact *f, uint32_t key)
{
    const edge *e = fact_edge(f, key);
    return fact_is_zero(f) ? INFINITY : e ? e->m : 0;
}

bool fact_series(const fact *f, uint32_t key, series *out)
{
    const edge *e = fact_edge(f, key);
    if (f->constant) {
        *out = fact_is_zero(f) ? (series){.off = SMOOTH_INFINITE} : series_constant(f->value, f->size);
        return true;
    }
    if (!e || !e->known)
        return false;
    *out = e->at;
    return true;
}

void fact_limit(fact *f, int order, const blame *why)
{
    if (order < f->order) {
        f->order = order;
        f->blame = why;
    }
}

void fact_drop(fact *f, uint32_t key)
{
    uint32_t n = 0;
    for (uint32_t k = 0; k < f->n_edges; k++)
        if (f->edge[k].key != key)
            f->edge[n++] = f->edge[k];
    f->n_edges = n;
}

/* The sign of an exactly affine function of 0 < t < 1 follows from its two ends. */
static range affine_range(const fact *f)
{
    series s = f->edge[0].at;
    double end[2] = {0, 0};
    for (int k = 0; k < s.n; k++) {
        end[0] += k + s.off == 0 ? s.c[k] : 0;
        end[1] += s.c[k];
    }
    if (fabs(end[1]) <= FACT_TINY * (s.size[0] + (s.n > 1 ? s.size[1] : 0)))
        end[1] = 0;
    range r = range_hull(range_of(end[0], END_EDGE, end[0], END_EDGE),
                         range_of(end[1], END_OPEN, end[1], END_OPEN));
    if (f->power == 0)
        return r;
    return r.lo >= 0 ? range_of(0, r.lo > 0 ? END_OPEN : r.lo_end, INFINITY, END_OPEN)
         : r.hi <= 0 ? range_of(-INFINITY, END_OPEN, 0, r.hi < 0 ? END_OPEN : r.hi_end) : range_all;
}

static range_end at_edge(range_end end)
{
    return end == END_OPEN ? END_EDGE : end;
}

/* An end of the range that a value comes to at an edge: zero where it vanishes there, any where nothing is
 * known. */
static range edge_ends(const fact *f)
{
    range r = f->r;
    bool vanishes = false, wild = false;
    for (uint32_t k = 0; k < f->n_edges; k++) {
        vanishes |= f->edge[k].m > 0;
        wild |= f->edge[k].m == -INFINITY;
    }
    if (wild ? isfinite(r.lo) : vanishes && r.lo == 0)
        r.lo_end = at_edge(r.lo_end);
    if (wild ? isfinite(r.hi) : vanishes && r.hi == 0)
        r.hi_end = at_edge(r.hi_end);
    return r;
}

void fact_settle(fact *f)
{
    uint32_t n = 0;
    bool all_known = f->base != SETIR_NONE, plain = true;
    if (f->affine && f->base != SETIR_NONE && f->n_edges == 1 && f->edge[0].known)
        f->r = range_meet(f->r, affine_range(f));
    for (uint32_t k = 0; k < f->n_edges; k++) {
        edge e = f->edge[k];
        if (f->base == SETIR_NONE)
            e.known = false;
        if (e.known)
            e.m = fmax(e.m, e.at.off);
        all_known &= e.known && e.at.n > 0;
        plain &= e.m == 0;
        if (e.known || e.m != 0)
            f->edge[n++] = e;
    }
    f->n_edges = n;
    f->r = edge_ends(f);
    f->definite |= (plain && range_nonzero(f->r, true)) || (all_known && fact_is_nonzero(f));
}

/* ------------------------------------------------------------------------------------------ two arguments */

typedef bool (*series_rule)(series x, series y, series *out);

static bool rule_add(series x, series y, series *out)
{
    *out = series_add(x, y);
    return true;
}

static bool rule_multiply(series x, series y, series *out)
{
    *out = series_multiply(x, y);
    return true;
}

static double m_least(double x, double y)
{
    return fmin(x, y);
}

static double m_sum(double x, double y)
{
    return x == -INFINITY || y == -INFINITY ? -INFINITY : x + y;
}

/* the edges of both, with m by `m_rule` and series by `rule` (NULL: none) */
static void merge_edges(arena *a, fact *f, const fact *x, const fact *y, double (*m_rule)(double, double),
                        series_rule rule)
{
    f->edge = x->n_edges + y->n_edges ? arena_array(a, edge, x->n_edges + y->n_edges) : NULL;
    f->n_edges = 0;
    for (uint32_t k = 0; k < x->n_edges + y->n_edges; k++) {
        uint32_t key = k < x->n_edges ? x->edge[k].key : y->edge[k - x->n_edges].key;
        if (k >= x->n_edges && fact_edge(x, key))
            continue;
        edge e = {.key = key, .m = m_rule(fact_vanish(x, key), fact_vanish(y, key))};
        series sx, sy;
        if (rule && f->base != SETIR_NONE && fact_series(x, key, &sx) && fact_series(y, key, &sy))
            e.known = rule(sx, sy, &e.at);
        f->edge[f->n_edges++] = e;
    }
}

/* the quantity that both are functions of; constants are functions of anything */
static node_id common_base(const fact *x, const fact *y, bool sum)
{
    if (x->constant)
        return sum && y->power != 0 ? SETIR_NONE : y->base;
    if (y->constant)
        return sum && x->power != 0 ? SETIR_NONE : x->base;
    return x->base == y->base && (!sum || x->power == y->power) ? x->base : SETIR_NONE;
}

static fact fact_pair(const fact *x, const fact *y, bool sum)
{
    fact f = fact_opaque();
    fact_limit(&f, x->order, x->blame);
    fact_limit(&f, y->order, y->blame);
    f.base = common_base(x, y, sum);
    return f;
}

/* x >= 0 >= ... : does y never cancel x, and is x's behaviour at every edge the leading one? */
static bool dominates(const fact *x, const fact *y)
{
    int sign = x->definite ? range_sign(x->r) : 0;
    if (sign == 0 || (sign > 0 ? y->r.lo < 0 : y->r.hi > 0))
        return false;
    for (uint32_t k = 0; k < y->n_edges; k++)
        if (y->edge[k].m < fact_vanish(x, y->edge[k].key))
            return false;
    for (uint32_t k = 0; k < x->n_edges; k++)
        if (fact_vanish(y, x->edge[k].key) < x->edge[k].m)
            return false;
    return true;
}

/* of a sum of two values that are never negative; where only one of them vanishes at an edge, or one more than the
 * other, the edge forgets how: it comes to zero there as well, where the other is zero */
static touch touch_add(const fact *x, const fact *y)
{
    if (x->touch.power == 0 || y->touch.power == 0)
        return (touch){0};
    double floor = x->touch.floor == 0                  ? y->touch.floor
                 : y->touch.floor == 0                  ? x->touch.floor
                                                       : fmin(x->touch.floor, y->touch.floor);
    double power = fmin(x->touch.power, y->touch.power);
    for (uint32_t k = 0; k < x->n_edges + y->n_edges; k++) {
        uint32_t key = k < x->n_edges ? x->edge[k].key : y->edge[k - x->n_edges].key;
        double m = fact_vanish(x, key), n = fact_vanish(y, key);
        power = m != n ? fmin(power, fmax(fmax(m, n), 0)) : power;
    }
    return (touch){power, floor, false};
}

/* of a value times something smooth that is never near zero */
static touch touch_scale(const fact *x, const fact *by)
{
    for (uint32_t k = 0; k < by->n_edges; k++)
        if (by->edge[k].m != 0)
            return (touch){0};
    return by->definite && range_sign(by->r) > 0 ? x->touch : (touch){0};
}

fact fact_beside(fact f, const fact *y)
{
    fact_limit(&f, y->order < 0 ? y->order : SMOOTH_INFINITE, y->blame);
    return f;
}

fact fact_add(arena *a, const fact *x, const fact *y)
{
    if (x->constant && y->constant)
        return fact_beside(fact_beside(fact_constant(x->value + y->value, x->size + y->size), x), y);
    if (fact_is_zero(x))
        return fact_beside(*y, x);
    if (fact_is_zero(y))
        return fact_beside(*x, y);
    fact f = fact_pair(x, y, true);
    f.power = x->constant ? y->power : x->power;
    f.affine = (x->affine || x->constant) && (y->affine || y->constant);
    f.r = range_add(x->r, y->r);
    merge_edges(a, &f, x, y, m_least, rule_add);
    f.definite = dominates(x, y) || dominates(y, x);
    f.touch = touch_add(x, y);
    fact_settle(&f);
    return f;
}

fact fact_negate(arena *a, const fact *x)
{
    const fact minus = fact_constant(-1, 1);
    return fact_multiply(a, &minus, x);
}

/* a number times a power of the base's symbol */
static bool is_scale(const fact *x)
{
    if (x->constant)
        return true;
    bool scale = x->affine && x->n_edges == 1 && x->edge[0].at.off == 0;
    for (int k = 1; scale && k < x->edge[0].at.n; k++)
        scale = x->edge[0].at.c[k] == 0;
    return scale;
}

fact fact_multiply(arena *a, const fact *x, const fact *y)
{
    if (x->constant && y->constant)
        return fact_beside(fact_beside(fact_constant(x->value * y->value, x->size * y->size), x), y);
    if (fact_is_zero(x))
        return fact_beside(*x, y);
    if (fact_is_zero(y))
        return fact_beside(*y, x);
    fact f = fact_pair(x, y, false);
    f.power = x->power + y->power;
    f.affine = (x->affine && is_scale(y)) || (y->affine && is_scale(x));
    f.r = range_multiply(x->r, y->r);
    f.nonzero = fact_is_nonzero(x) && fact_is_nonzero(y);
    f.definite = x->definite && y->definite;
    f.touch = x->touch.power > 0 ? touch_scale(x, y) : touch_scale(y, x);
    merge_edges(a, &f, x, y, m_sum, rule_multiply);
    fact_settle(&f);
    return f;
}

/* ------------------------------------------------------------------------------------------- one argument */

static fact fact_like(arena *a, const fact *x)
{
    fact f = *x;
    f.affine = false;
    f.touch = (touch){0};
    f.edge = x->n_edges ? arena_copy(a, x->edge, x->n_edges * sizeof *x->edge) : NULL;
    return f;
}

static const char *powerproblem(const fact *x, double p)
{
    bool whole = p == floor(p);
    if (!whole && x->r.lo < 0)
        return "may be negative here";
    if (p < 0 && !fact_is_nonzero(x))
        return "may be zero here";
    if (p < 0 && !x->definite)
        return "may vanish at a cutoff";
    return NULL;
}

fact fact_power(arena *a, const fact *x, double p, const char **problem)
{
    if (p == 1)
        return *x;
    if (p == 0)
        return fact_constant(1, 1);
    *problem = powerproblem(x, p);
    if (x->constant && !*problem) {
        double v = pow(x->value, p), size = fabs(v) * (x->value != 0 ? fmax(1, fabs(p) * x->size / fabs(x->value)) : 1);
        return fact_beside(fact_constant(v, size), x);
    }
    fact f = fact_like(a, x);
    f.constant = false;
    bool whole = p == floor(p);
    f.r = *problem ? range_all : range_power(x->r, p, fact_zero_end(x));
    f.nonzero = fact_is_nonzero(x);
    if (!whole && x->power)
        f.base = SETIR_NONE;
    f.power = whole ? (int)p * x->power : 0;
    for (uint32_t k = 0; k < f.n_edges; k++) {
        edge *e = &f.edge[k];
        e->m = e->m == -INFINITY ? -INFINITY : e->m * p;
        e->known = e->known && series_power(e->at, p, &e->at);
        if (!e->known)
            f.base = SETIR_NONE;
    }
    f.definite = x->definite;
    f.affine = whole && x->affine && is_scale(x);
    if (p > 0)
        f.touch = (touch){x->touch.power * p, x->touch.floor * p, x->touch.exact};
    fact_settle(&f);
    return f;
}

/* range of an increasing function */
static range range_monotone(range r, double (*f)(double))
{
    return range_of(f(r.lo), r.lo_end, f(r.hi), r.hi_end);
}

static range function_range(node_op op, range r)
{
    const range one = range_of(-1, END_CLOSED, 1, END_CLOSED);
    const double pi = acos(-1.0);
    switch ((int)op) {
    case OP_EXP: return range_meet(range_monotone(r, exp), range_of(0, END_OPEN, INFINITY, END_OPEN));
    case OP_LOG: return r.lo >= 0 ? range_monotone(r, log) : range_all;
    case OP_SIN:
        if (r.lo >= -pi / 2 * (1 + FACT_TINY) && r.hi <= pi / 2 * (1 + FACT_TINY)) /* beyond: rounding     */
            return range_meet(range_monotone(range_of(fmax(r.lo, -pi / 2), r.lo_end, fmin(r.hi, pi / 2), r.hi_end), sin),
                              one);
        return r.lo >= 0 && r.hi <= pi
                   ? range_of(0, end_less(r.lo > 0 ? END_OPEN : r.lo_end, r.hi < pi ? END_OPEN : r.hi_end), 1,
                              END_CLOSED)
                   : one;
    case OP_COS:
        if (r.lo >= 0 && r.hi <= pi * (1 + FACT_TINY))
            return range_meet(range_of(cos(fmin(r.hi, pi)), r.hi_end, cos(r.lo), r.lo_end), one);
        return one;
    case OP_TAN: return range_monotone(r, tan);
    case OP_ASIN: return range_monotone(r, asin);
    case OP_ACOS: return range_of(acos(r.hi), r.hi_end, acos(r.lo), r.lo_end);
    case OP_ATAN: return range_monotone(r, atan);
    case OP_SINH: return range_monotone(r, sinh);
    case OP_COSH: return range_of(1, END_CLOSED, INFINITY, END_OPEN);
    case OP_TANH: return range_monotone(r, tanh);
    case OP_ERF: return range_monotone(r, erf);
    case OP_ERFC: {
        range e = range_monotone(r, erfc);
        return range_meet(range_of(e.hi, e.hi_end, e.lo, e.lo_end), range_of(0, END_OPEN, 2, END_OPEN));
    }
    default: return range_all;
    }
}

/* what the argument must satisfy for the function to be smooth there */
static const char *function_problem(node_op op, const fact *x)
{
    const double half = acos(-1.0) / 2;
    if (op == OP_LOG && x->r.lo < 0)
        return "may be negative here";
    if (op == OP_LOG && !fact_is_nonzero(x))
        return "may be zero here";
    if (op == OP_LOG && !x->definite)
        return "may vanish at a cutoff";
    if (op == OP_TAN && (x->r.lo <= -half || x->r.hi >= half))
        return "may reach a pole of the tangent";
    if ((op == OP_ASIN || op == OP_ACOS) && (x->r.lo < -1 || x->r.hi > 1))
        return "may leave the range from -1 to 1";
    return NULL;
}

static series_function series_of(node_op op)
{
    switch ((int)op) {
    case OP_LOG: return SERIES_LOG;   case OP_SIN: return SERIES_SIN;   case OP_COS: return SERIES_COS;
    case OP_TAN: return SERIES_TAN;   case OP_ASIN: return SERIES_ASIN; case OP_ACOS: return SERIES_ACOS;
    case OP_ATAN: return SERIES_ATAN; case OP_SINH: return SERIES_SINH; case OP_COSH: return SERIES_COSH;
    case OP_TANH: return SERIES_TANH; case OP_ERF: return SERIES_ERF;   case OP_ERFC: return SERIES_ERFC;
    default: return SERIES_EXP;
    }
}

/* exponent at an edge where the argument has exponent m */
static double function_vanish(node_op op, const fact *x, double m)
{
    bool odd = op == OP_SIN || op == OP_TAN || op == OP_ASIN || op == OP_ATAN || op == OP_SINH ||
               op == OP_TANH || op == OP_ERF;
    if (op == OP_LOG)
        return m == 0 ? 0 : isinf(m) ? -INFINITY : -FACT_LOG;
    if (m >= 0)
        return odd ? m : 0;
    if (op == OP_EXP && x->definite && range_sign(x->r) < 0 && m != -INFINITY)
        return INFINITY;         /* exp(-c / t^k): flat                                                     */
    return -INFINITY;
}

/* A pole that another edge's zero weakens is no pole at the corner: nothing is known of exp there. */
static bool pole_is_pure(const fact *x)
{
    bool pole = false, zero = false;
    for (uint32_t k = 0; k < x->n_edges; k++) {
        pole |= x->edge[k].m < 0;
        zero |= x->edge[k].m > 0;
    }
    return !(pole && zero);
}

/* |f'(x)|, by which an uncertainty of x spreads; 0 at the ends of asin and acos, where it would be
 * infinite */
static double function_slope(node_op op, double v)
{
    switch ((int)op) {
    case OP_EXP: return exp(v);
    case OP_LOG: return 1 / v;
    case OP_SIN: return fabs(cos(v));
    case OP_COS: return fabs(sin(v));
    case OP_TAN: return 1 + tan(v) * tan(v);
    case OP_ASIN: case OP_ACOS: return fabs(v) < 1 ? 1 / sqrt(1 - v * v) : 0;
    case OP_ATAN: return 1 / (1 + v * v);
    case OP_SINH: return cosh(v);
    case OP_COSH: return fabs(sinh(v));
    case OP_TANH: return 1 - tanh(v) * tanh(v);
    default: return 2 * exp(-v * v);
    }
}

static fact function_constant(node_op op, const fact *x)
{
    double v = eval_unary(op, x->value);
    if (!isfinite(v))
        return fact_opaque();
    return fact_beside(fact_constant(v, fabs(v) + x->size * function_slope(op, x->value)), x);
}

fact fact_function(arena *a, node_op op, const fact *x, const char **problem)
{
    *problem = function_problem(op, x);
    if (x->constant && !*problem)
        return function_constant(op, x);
    fact f = fact_like(a, x);
    f.constant = f.nonzero = f.definite = false;
    f.r = *problem ? range_all : function_range(op, x->r);
    if (x->power != 0)
        f.base = SETIR_NONE;
    f.power = 0;
    bool pure = pole_is_pure(x), finite = true;
    for (uint32_t k = 0; k < f.n_edges; k++) {
        edge *e = &f.edge[k];
        finite &= e->m >= 0;
        e->m = e->m < 0 && !pure ? -INFINITY : function_vanish(op, x, e->m);
        e->known = e->known && series_apply(series_of(op), e->at, &e->at);
        if (!e->known)
            f.base = SETIR_NONE;
    }
    bool odd =
        op == OP_SINH || op == OP_TANH || op == OP_ERF || op == OP_ATAN || op == OP_TAN || op == OP_ASIN;
    f.definite = (op == OP_EXP && finite) || (odd && x->definite && finite);
    fact_settle(&f);
    return f;
}

/* -------------------------------------------------------------------------------------------- both of two */

fact fact_worst(arena *a, const fact *x, const fact *y)
{
    fact f = fact_pair(x, y, false);
    f.base = SETIR_NONE;
    merge_edges(a, &f, x, y, m_least, NULL);
    fact_settle(&f);
    return f;
}

double fact_touch(const fact *f)
{
    if (fact_is_zero(f))
        return INFINITY;
    double power = f->definite && range_sign(f->r) > 0 ? INFINITY : f->touch.power;
    for (uint32_t k = 0; k < f->n_edges; k++) {
        if (f->edge[k].m < 0)
            return 0;
        power = f->edge[k].m > 0 ? fmin(power, f->edge[k].m) : power;
    }
    return power;
}

fact fact_join(arena *a, const fact *x, const fact *y)
{
    fact f = fact_worst(a, x, y);
    f.r = range_hull(x->r, y->r);
    f.nonzero = fact_is_nonzero(x) && fact_is_nonzero(y);
    bool same = x->definite && y->definite;
    for (uint32_t k = 0; k < f.n_edges; k++)
        same &= fact_vanish(x, f.edge[k].key) == fact_vanish(y, f.edge[k].key);
    f.definite |= same;
    f.touch = (touch){.power = fmin(fact_touch(x), fact_touch(y))};
    if (x->constant && y->constant && x->value == y->value)
        return *x;
    return f;
}
