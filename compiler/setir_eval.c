/* SPDX-License-Identifier: Apache-2.0
 *
 * setir_eval.c: the scalar operations of the set IR in the plainest form. In: numbers; an expression that
 * no data enter. Out: numbers. No vectors: interp.c has those.
 */
#include "setir_eval.h"

#include "curve.h"

#include <math.h>

/* inverse functions of a cosine that rounding pushed past 1 */
static double clamp_unit(double x)
{
    if (x > 1 && x < 1 + 1e-9) return 1;
    return x < -1 && x > -1 - 1e-9 ? -1 : x;
}

double eval_unary(node_op op, double x)
{
    switch ((int)op) {
    case OP_NEG: return -x;
    case OP_EXP: return exp(x);
    case OP_LOG: return log(x);
    case OP_SIN: return sin(x);
    case OP_COS: return cos(x);
    case OP_TAN: return tan(x);
    case OP_ASIN: return asin(clamp_unit(x));
    case OP_ACOS: return acos(clamp_unit(x));
    case OP_ATAN: return atan(x);
    case OP_SINH: return sinh(x);
    case OP_COSH: return cosh(x);
    case OP_TANH: return tanh(x);
    case OP_ERF: return erf(x);
    case OP_ERFC: return erfc(x);
    case OP_ABS: return fabs(x);
    case OP_SIGN: return isnan(x) ? x : (x > 0) - (x < 0);
    case OP_FLOOR: return floor(x);
    default: return NAN;
    }
}

double eval_binary(node_op op, double x, double y)
{
    switch ((int)op) {
    case OP_ADD: return x + y;
    case OP_SUB: return x - y;
    case OP_MUL: return x * y;
    case OP_DIV: return x / y;
    case OP_POWV: return pow(x, y);
    case OP_ATAN2: return atan2(x, y);
    case OP_MIN2: return y < x ? y : x;
    case OP_MAX2: return y > x ? y : x;
    default: return NAN;
    }
}

double eval_power(double x, double p)
{
    if (p == 0.5) return sqrt(x);
    if (p != floor(p) || fabs(p) > 64) return pow(x, p);
    double product = 1;
    for (int k = (int)fabs(p); k > 0; k--) product *= x;
    return p < 0 ? 1 / product : product;
}

double eval_cutoff(double x, int32_t n)
{
    if (!(x < 1)) return isnan(x) ? x : 0;
    double sum = 0, binomial = 1; /* C(n - 1 + k, k) x^k */
    for (int32_t k = 0; k < n; k++) {
        sum += binomial * eval_power(x, k);
        binomial *= (double)(n + k) / (k + 1);
    }
    return eval_power(1 - x, n) * sum;
}

typedef struct element_row {
    int32_t number;
    double mass;
} element_row;
static const element_row element_table[] = {
#define ELEMENT(symbol, ...) {__VA_ARGS__},
#include "element_data.def"
#undef ELEMENT
};

#define AMU 103.64269652680504 /* eV fs^2/angstrom^2: 1.66053906660e-27 kg (CODATA 2018) */

double eval_element(int32_t property, int32_t Z)
{
    int32_t count = (int32_t)(sizeof element_table / sizeof *element_table);
    return property == 0 && Z >= 1 && Z <= count ? element_table[Z - 1].mass * AMU : NAN;
}

/* ---- closed expressions -------------------------------------------------------------------------------- */

enum { FOLD_DEEP = 200, FOLD_WORK = 200000 };

/* elements that index variables stand for, innermost first */
typedef struct places {
    const struct places *up;
    ivar_id v;
    int64_t index;
} places;

typedef struct folding {
    const program *p;
    int depth, work; /* guards against graphs built by hand, and sums over many elements; constants are shallow */
} folding;

static bool fold(folding *f, node_id id, const places *at, double *value);

static bool fold_index(const folding *f, node_id id, const places *at, int64_t *index)
{
    const node *n = &f->p->nodes.at[id];
    *index = n->imm.k;
    if (n->op == OP_INDEX_CONST) return true;
    for (; n->op == OP_IVAR && at; at = at->up)
        if (at->v == n->imm.ivar) return *index = at->index, true;
    return false;
}

static bool fold_table(const folding *f, const node *n, const places *at, double *value)
{
    const curve *c = &f->p->curves.at[n->imm.curve];
    int64_t cell = 0, index;
    for (uint32_t k = 0; k < n->n_args; k++) {
        if (!fold_index(f, n->arg[k], at, &index)) return false;
        cell = cell * curve_set_size(f->p, c->domain[k]) + index;
    }
    return *value = curve_value(c, (uint32_t)cell, 0, 0), true;
}

/* an element of a list: which, is told by conditions on indices */
static bool fold_choice(folding *f, const node *n, const places *at, double *value)
{
    const node *c = &f->p->nodes.at[n->arg[0]];
    int64_t l, r;
    if (c->op != OP_INDEX_EQ || !fold_index(f, c->arg[0], at, &l) || !fold_index(f, c->arg[1], at, &r)) return false;
    return fold(f, n->arg[l == r ? 1 : 2], at, value);
}

static bool fold_access(folding *f, const node *n, const places *at, double *value)
{
    enum { MOST = 8 };
    const def *d = &f->p->defs.at[n->imm.def];
    places own[MOST];
    if (d->lib != LIB_NONE || n->n_args > MOST) return false;
    for (uint32_t k = 0; k < n->n_args; k++) {
        own[k] = (places){.up = k ? &own[k - 1] : NULL, .v = d->param[k]};
        if (!fold_index(f, n->arg[k], at, &own[k].index)) return false;
    }
    return fold(f, d->body, n->n_args ? &own[n->n_args - 1] : NULL, value);
}

/* bound variable `k` of a reduction over fixed sets, and those behind it */
static bool fold_reduce(folding *f, const node *n, uint32_t k, const places *at, bool *any, double *value)
{
    if (k == n->imm.n_ivars) {
        double one;
        reduction r = n->imm.reduce;
        if (!fold(f, n->arg[0], at, &one)) return false;
        *value = !*any || (r == RED_MAX && one > *value) || (r == RED_MIN && one < *value) ? one
               : r == RED_SUM ? *value + one : *value;
        return *any = true;
    }
    const ivar *v = &f->p->ivars.at[n->imm.ivars[k]];
    int64_t count = v->partner == SETIR_NONE && v->row == SETIR_NONE ? curve_set_size(f->p, v->set) : 0;
    bool all = count > 0;
    for (int64_t j = 0; j < count && all; j++)
        all = fold_reduce(f, n, k + 1, &(places){.up = at, .v = n->imm.ivars[k], .index = j}, any, value);
    return all;
}

static bool fold_number(folding *f, const node *n, const places *at, double *value)
{
    double a, b;
    if (n->op < OP_NEG || n->op > OP_CUTOFF || !fold(f, n->arg[0], at, &a)) return false;
    if (n->op == OP_POW)
        *value = eval_power(a, n->imm.value[0]);
    else if (n->op == OP_CUTOFF)
        *value = eval_cutoff(a, n->imm.k);
    else if (n->n_args == 1)
        *value = eval_unary(n->op, a);
    else if (fold(f, n->arg[1], at, &b))
        *value = eval_binary(n->op, a, b);
    else
        return false;
    return true;
}

static bool fold(folding *f, node_id id, const places *at, double *value)
{
    const node *n = &f->p->nodes.at[id];
    bool any = false, done = false;
    if (!elem_equal(n->elem, elem_real(0)) || f->depth == FOLD_DEEP || f->work++ == FOLD_WORK) return false;
    f->depth++;
    switch ((int)n->op) {
    case OP_CONST:
        *value = n->imm.value[0];
        done = true;
        break;
    case OP_ASCRIBE: case OP_NAMED: done = fold(f, n->arg[0], at, value); break;
    case OP_ACCESS: done = fold_access(f, n, at, value); break;
    case OP_TABLE: done = fold_table(f, n, at, value); break;
    case OP_SELECT: done = fold_choice(f, n, at, value); break;
    case OP_REDUCE:
        done = n->n_args == 1 && (n->imm.reduce == RED_MAX || n->imm.reduce == RED_MIN || n->imm.reduce == RED_SUM) &&
               fold_reduce(f, n, 0, at, &any, value);
        break;
    default: done = fold_number(f, n, at, value); break;
    }
    f->depth--;
    return done;
}

bool eval_constant(const program *p, node_id n, double *value)
{
    return !p->nodes.at[n].n_free && fold(&(folding){.p = p}, n, NULL, value);
}
