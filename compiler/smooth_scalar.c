/* SPDX-License-Identifier: Apache-2.0
 *
 * smooth_scalar.c: arithmetic in the smoothness analysis. In: nodes whose arguments have facts. Out: their
 * facts, with what fact arithmetic alone does not see: places that never coincide, cosines, kinks at zero
 * that a power smooths, exponentials of sums, cutoffs that are no constants. Vectors, leaves and the list of
 * operations: smooth_ops.c.
 */
#include "smooth_internal.h"

#include <math.h>

/* When `other` is the symbolic cutoff of f's base, it is the base's symbol to the power 1. */
static fact as_symbol(analysis *x, const fact *f, node_id other, const fact *other_fact)
{
    if (f->base == SETIR_NONE || f->n_edges != 1 || f->edge[0].key >= x->edges.n)
        return *other_fact;
    node_id symbol = x->edges.at[f->edge[0].key].symbol;
    if (symbol == SETIR_NONE || smooth_plain(x, other) != symbol)
        return *other_fact;
    fact s = fact_opaque();
    fact_limit(&s, other_fact->order, other_fact->blame);
    s.base = f->base;
    s.power = 1;
    s.affine = true;
    s.r = range_of(0, END_OPEN, INFINITY, END_OPEN);
    s.definite = s.nonzero = true;
    s.edge = arena_new(x->a, edge);
    s.n_edges = 1;
    s.edge[0] = (edge){.key = f->edge[0].key, .known = true, .at = series_constant(1, 1)};
    return s;
}

/* --------------------------------------------------------------------------------------------- arithmetic */

static void two(analysis *x, const node *n, const context *c, fact *l, fact *r)
{
    const fact *a = smooth_eval(x, n->arg[0], c), *b = smooth_eval(x, n->arg[1], c);
    *l = as_symbol(x, b, n->arg[0], a);
    *r = as_symbol(x, a, n->arg[1], b);
}

/* Is this the difference of two places that never coincide? */
bool smooth_apart(analysis *x, node_id l, node_id r, const context *c)
{
    l = smooth_plain(x, l);
    r = smooth_plain(x, r);
    const node a = x->p->nodes.at[l], b = x->p->nodes.at[r];
    if (a.op != b.op || a.n_args != 1 || b.n_args != 1 || !smooth_distinct(x, a.arg[0], b.arg[0], c))
        return false;
    if (a.op == OP_INPUT)
        return a.imm.input == b.imm.input && x->p->inputs.at[a.imm.input].role == IN_POSITION;
    if (a.op == OP_SPOT_R)
        return true;
    if (a.op != OP_PAIR_D)
        return false;
    /* two pairs of one row end apart */
    const node i = x->p->nodes.at[a.arg[0]], j = x->p->nodes.at[b.arg[0]];
    if (i.op != OP_IVAR || j.op != OP_IVAR)
        return false;
    const ivar *v = &x->p->ivars.at[i.imm.ivar], *w = &x->p->ivars.at[j.imm.ivar];
    return v->set == w->set && v->row != SETIR_NONE && v->row == w->row;
}

fact smooth_add(analysis *x, const node *n, const context *c)
{
    fact l, r;
    two(x, n, c, &l, &r);
    if (n->op == OP_SUB && n->arg[0] == n->arg[1] && n->elem.rank == 0 && l.order >= 0)
        return fact_constant(0, 0);
    if (n->op == OP_SUB)
        r = fact_negate(x->a, &r);
    fact f = fact_add(x->a, &l, &r);
    if (n->op == OP_SUB && n->elem.rank == 1 && smooth_apart(x, n->arg[0], n->arg[1], c))
        f.nonzero = f.definite = true;
    return f;
}

static const char kink[] = "has a kink where its base is zero";

/* |v|, |x|, max(x, 0), min(x, 0), scaled: the only kink is where the value is zero; what is smooth inside */
static node_id kink_at_zero(analysis *x, node *n, const context *c)
{
    while (n->op == OP_MUL || n->op == OP_DIV || n->op == OP_NEG || n->op == OP_ASCRIBE) {
        uint32_t left = n->op == OP_MUL && !smooth_varies(x, n->arg[0]);
        if ((n->op == OP_MUL || n->op == OP_DIV) && smooth_varies(x, n->arg[1 - left]))
            return SETIR_NONE;
        *n = x->p->nodes.at[smooth_plain(x, n->arg[left])];
    }
    if (n->op == OP_NORM || n->op == OP_ABS)
        return n->arg[0];
    if (n->op != OP_MAX2 && n->op != OP_MIN2)
        return SETIR_NONE;
    for (uint32_t k = 0; k < 2; k++)
        if (fact_is_zero(smooth_eval(x, n->arg[k], c)))
            return n->arg[1 - k];
    return SETIR_NONE;
}

/* What a fractional power loses where its base comes to zero. */
static void limit_root(analysis *x, fact *f, const fact *base, double p, node_id id)
{
    const touch *r = &base->touch;
    if (fact_is_nonzero(base) && r->floor > 0 && r->floor <= r->power)
        return;
    bool known = p * r->power > p;
    int order = (int)fmin(ceil(known ? p * r->power : p) - 1, SMOOTH_INFINITE);
    if (!known)
        smooth_limit(x, f, order, id, false, kink);
    else
        smooth_limit(x, f, order, id, r->exact,
                     arena_printf(x->a, "vanishes as t^%g where its base vanishes as t^%g, so it is only C%d",
                                  p * r->power, r->power, order));
}

fact smooth_power(analysis *x, node_id id, node_id arg, double p, const context *c)
{
    const char *problem = NULL;
    const node inner_power = x->p->nodes.at[smooth_plain(x, arg)];
    if (inner_power.op == OP_POW && p > 0 && inner_power.imm.value[0] > 0 &&
        smooth_eval(x, inner_power.arg[0], c)->r.lo >= 0)        /* (v^q)^p = v^(qp) for v >= 0             */
        return smooth_power(x, id, inner_power.arg[0], p * inner_power.imm.value[0], c);
    const fact *a = smooth_eval(x, arg, c);
    fact f = fact_power(x->a, a, p, &problem);
    if (problem && smooth_must_exist(x, arg))
        smooth_limit(x, &f, -1, arg, false, problem);
    bool whole = p == floor(p), even = whole && fmod(p, 2) == 0;
    if (!whole && p > 0 && !a->definite)
        limit_root(x, &f, a, p, id);
    node n = x->p->nodes.at[smooth_plain(x, arg)];               /* |v|^p: the kink at zero is raised too   */
    node_id raised = p > 1 && a->order == 0 ? kink_at_zero(x, &n, c) : SETIR_NONE;
    if (raised != SETIR_NONE) {
        const fact *inner = smooth_eval(x, raised, c);
        f.order = inner->order;
        f.blame = inner->blame;
        if (!even || n.op == OP_MAX2 || n.op == OP_MIN2)
            smooth_limit(x, &f, (int)fmin(ceil(p) - 1, SMOOTH_INFINITE - 1), id, false, kink);
    }
    return f;
}

/* The numbers that an expression can be: choices and ranges of constants. 0: not known, or too many. */
enum { VALUES_MOST = 32 };

static uint32_t add_value(double *list, uint32_t n, double v)
{
    for (uint32_t k = 0; k < n; k++)
        if (list[k] == v)
            return n;
    if (n < VALUES_MOST)
        list[n] = v;
    return n + 1;
}

static uint32_t values_of(analysis *x, node_id id, const context *c, double *list);

static uint32_t values_of_two(analysis *x, const node *n, const context *c, double *list)
{
    double l[VALUES_MOST], r[VALUES_MOST];
    uint32_t nl = values_of(x, n->arg[0], c, l), nr = nl ? values_of(x, n->arg[1], c, r) : 0, count = 0;
    for (uint32_t k = 0; k < nl * nr && count <= VALUES_MOST; k++) {
        double a = l[k / nr], b = r[k % nr];
        count = add_value(list, count, n->op == OP_ADD ? a + b : n->op == OP_SUB ? a - b : a * b);
    }
    return count > VALUES_MOST ? 0 : count;
}

static uint32_t values_of(analysis *x, node_id id, const context *c, double *list)
{
    id = smooth_plain(x, id);
    const node n = x->p->nodes.at[id];
    const fact *f = smooth_eval(x, id, c);
    uint32_t count = 0;
    if (f->constant)
        return add_value(list, 0, f->value);
    if (n.op == OP_ADD || n.op == OP_SUB || n.op == OP_MUL)
        return values_of_two(x, &n, c, list);
    if (n.op == OP_SELECT && !smooth_varies(x, n.arg[0])) {
        double other[VALUES_MOST];
        uint32_t more = values_of(x, n.arg[2], c, other);
        count = values_of(x, n.arg[1], c, list);
        for (uint32_t k = 0; count && k < more && count <= VALUES_MOST; k++)
            count = add_value(list, count, other[k]);
        return more == 0 || count > VALUES_MOST ? 0 : count;
    }
    if (n.op == OP_TABLE)
        return smooth_table_values(x, &n, c, list, VALUES_MOST);
    if (n.op == OP_INDEX_REAL && f->r.hi - f->r.lo < VALUES_MOST)
        for (double v = f->r.lo; v <= f->r.hi; v++)
            count = add_value(list, count, v);
    return count;
}

/* one of several fixed powers */
static bool listed_power(analysis *x, node_id id, const node *n, const context *c, fact *out)
{
    double list[VALUES_MOST];
    uint32_t count = values_of(x, n->arg[1], c, list);
    for (uint32_t k = 0; k < count; k++) {
        fact one = smooth_power(x, id, n->arg[0], list[k], c);
        *out = k ? fact_join(x->a, out, &one) : one;
    }
    return count > 0;
}

/* m of base^p where the base vanishes as t^m: m p, less a little for logarithms where p varies; -infinite: nothing is known */
static double raised(const fact *base, const fact *p, uint32_t key, bool p_varies)
{
    double m = fact_vanish(base, key), power = m > 0 ? p->r.lo : p->r.hi;
    series s;
    if (fact_vanish(p, key) < 0 || m == -INFINITY)
        return -INFINITY;
    if (m == 0)
        return 0;
    if (fact_series(p, key, &s) && isfinite(series_limit(s)))
        power = series_limit(s);
    return isnan(m * power) ? -INFINITY : m * power - (p_varies ? FACT_LOG : 0);
}

/* the edges of either; what is left of the value at one where the base vanishes is not bounded from below */
static void raise_edges(analysis *x, fact *f, const fact *base, const fact *p, bool p_varies)
{
    const fact *from[2] = {base, p};
    bool moves = false;
    f->edge = arena_array(x->a, edge, base->n_edges + p->n_edges + 1);
    f->n_edges = 0;
    for (uint32_t k = 0; k < base->n_edges + p->n_edges; k++) {
        bool own = k < base->n_edges;
        uint32_t key = from[!own]->edge[own ? k : k - base->n_edges].key;
        if (!own && fact_edge(base, key))
            continue;
        f->edge[f->n_edges++] = (edge){.key = key, .m = raised(base, p, key, p_varies)};
        moves |= fact_vanish(base, key) != 0;
    }
    range_end zero = moves && base->definite ? END_EDGE : fact_zero_end(base);
    f->r = base->r.lo >= 0 ? range_of(0, zero, INFINITY, END_OPEN) : range_all;
}

fact smooth_powv(analysis *x, node_id id, const node *n, const context *c)
{
    const fact *base = smooth_eval(x, n->arg[0], c), *p = smooth_eval(x, n->arg[1], c);
    fact listed;
    if (listed_power(x, id, n, c, &listed))
        return listed;
    fact f = fact_worst(x->a, base, p);
    raise_edges(x, &f, base, p, smooth_varies(x, n->arg[1]));
    bool positive = range_sign(base->r) > 0 && base->definite, idle = !smooth_must_exist(x, id);
    f.definite = false;
    f.nonzero = positive;
    fact_settle(&f);
    if (positive || idle)
        return f;
    if (base->r.lo < 0)
        smooth_limit(x, &f, -1, n->arg[0], false, "may be negative here");
    else if (p->r.lo <= 0 || smooth_varies(x, n->arg[1]))
        smooth_limit(x, &f, -1, n->arg[0], false, "may be zero here");
    else
        smooth_limit(x, &f, (int)fmin(ceil(p->r.lo) - 1, SMOOTH_INFINITE - 1), id, false, kink);
    return f;
}

/* dot(a, b) / (norm(a) * norm(b)): the cosine of an angle */
static bool is_cosine(analysis *x, node_id above, node_id below)
{
    const node d = x->p->nodes.at[smooth_plain(x, above)], m = x->p->nodes.at[smooth_plain(x, below)];
    if (d.op != OP_DOT || m.op != OP_MUL)
        return false;
    const node k = x->p->nodes.at[smooth_plain(x, m.arg[0])], l = x->p->nodes.at[smooth_plain(x, m.arg[1])];
    if (k.op != OP_NORM || l.op != OP_NORM)
        return false;
    node_id a = smooth_plain(x, d.arg[0]), b = smooth_plain(x, d.arg[1]);
    node_id v = smooth_plain(x, k.arg[0]), w = smooth_plain(x, l.arg[0]);
    return (a == v && b == w) || (a == w && b == v);
}

fact smooth_divide(analysis *x, node_id id, const node *n, const context *c)
{
    fact l, r;
    const char *problem = NULL;
    two(x, n, c, &l, &r);
    fact inverse = fact_power(x->a, &r, -1, &problem);
    fact f = fact_multiply(x->a, &l, &inverse);
    if (problem && smooth_must_exist(x, id))
        smooth_limit(x, &f, -1, n->arg[1], false, problem);
    if (is_cosine(x, n->arg[0], n->arg[1]))
        f.r = range_meet(f.r, range_of(-1, END_CLOSED, 1, END_CLOSED));
    return f;
}

/* exp(k * arg); a sum becomes a product, so that exp(-1/t1 - 1/t2) is seen to vanish in both */
static fact exp_of(analysis *x, node_id arg, double k, const context *c)
{
    const node n = x->p->nodes.at[smooth_plain(x, arg)];
    if (n.op == OP_ADD || n.op == OP_SUB) {
        fact l = exp_of(x, n.arg[0], k, c), r = exp_of(x, n.arg[1], n.op == OP_ADD ? k : -k, c);
        return fact_multiply(x->a, &l, &r);
    }
    if (n.op == OP_NEG)
        return exp_of(x, n.arg[0], -k, c);
    if (n.op == OP_MUL || n.op == OP_DIV) {
        const fact *l = smooth_eval(x, n.arg[0], c), *r = smooth_eval(x, n.arg[1], c);
        if (n.op == OP_MUL && l->constant)
            return exp_of(x, n.arg[1], k * l->value, c);
        if (r->constant && r->value != 0)
            return exp_of(x, n.arg[0], n.op == OP_MUL ? k * r->value : k / r->value, c);
    }
    const char *problem = NULL;
    const fact factor = fact_constant(k, fabs(k));
    fact u = fact_multiply(x->a, &factor, smooth_eval(x, arg, c));
    return fact_function(x->a, OP_EXP, &u, &problem);
}

fact smooth_function(analysis *x, node_id id, const node *n, const context *c)
{
    const char *problem = NULL;
    const fact *a = smooth_eval(x, n->arg[0], c);
    fact f = fact_function(x->a, n->op, a, &problem);
    bool wild = false;
    for (uint32_t k = 0; k < f.n_edges; k++)
        wild |= f.edge[k].m == -INFINITY;
    if (wild && n->op == OP_EXP)
        f = exp_of(x, n->arg[0], 1, c);
    if (problem && smooth_must_exist(x, id))
        smooth_limit(x, &f, -1, n->arg[0], false, problem);
    bool low = a->r.lo == -1 && a->r.lo_end == END_CLOSED, high = a->r.hi == 1 && a->r.hi_end == END_CLOSED;
    if ((n->op == OP_ASIN || n->op == OP_ACOS) && (low || high) && smooth_varies(x, id))
        smooth_limit(x, &f, 0, id, false, "has infinite slope where its argument reaches 1 or -1");
    return f;
}

fact smooth_atan2(analysis *x, node_id id, const node *n, const context *c)
{
    const fact *y = smooth_eval(x, n->arg[0], c), *d = smooth_eval(x, n->arg[1], c);
    fact f = fact_worst(x->a, y, d);
    bool ahead = d->definite && range_sign(d->r) > 0, aside = y->definite && range_sign(y->r) != 0;
    for (uint32_t k = 0; k < f.n_edges; k++)
        f.edge[k].m = -INFINITY;
    if (!ahead && !aside && smooth_varies(x, id))
        smooth_limit(x, &f, -1, id, false,
                     "jumps where its first argument changes sign and the second is negative");
    return f;
}

fact smooth_abs(analysis *x, node_id id, const node *n, const context *c)
{
    const fact *a = smooth_eval(x, n->arg[0], c);
    int sign = range_sign(a->r);
    if (sign > 0 || a->r.lo >= 0)
        return *a;
    if (sign < 0 || a->r.hi <= 0)
        return fact_negate(x->a, a);
    fact f = *a;
    f.base = SETIR_NONE;
    f.edge = a->n_edges ? arena_copy(x->a, a->edge, a->n_edges * sizeof *a->edge) : NULL;
    f.r = range_of(0, fact_zero_end(a), fmax(-a->r.lo, a->r.hi), END_CLOSED);
    fact_settle(&f);
    if (smooth_varies(x, id) && !fact_is_nonzero(a))
        smooth_limit(x, &f, 0, id, false, "has a kink where its argument changes sign");
    return f;
}

fact smooth_step(analysis *x, node_id id, const node *n, const context *c)
{
    const fact *a = smooth_eval(x, n->arg[0], c);
    int sign = range_sign(a->r);
    if (n->op == OP_SIGN && sign)
        return fact_beside(fact_constant(sign, 1), a);
    double below = floor(a->r.lo);
    bool within = a->r.hi < below + 1 || (a->r.hi == below + 1 && a->r.hi_end != END_CLOSED);
    if (n->op == OP_FLOOR && isfinite(below) && within)
        return fact_beside(fact_constant(below, 1), a);
    fact f = fact_opaque();
    if (n->op == OP_SIGN)
        f.r = range_of(-1, END_CLOSED, 1, END_CLOSED);
    fact_limit(&f, a->order, a->blame);
    if (smooth_varies(x, id))
        smooth_limit(x, &f, -1, id, false,
                     n->op == OP_SIGN ? "jumps where its argument changes sign"
                                      : "jumps at every whole number");
    return f;
}

/* at an edge where one of the two is clearly the larger, the extreme is one of them */
static void choose_edges(analysis *x, fact *f, const fact *l, const fact *r, const fact *gap, bool largest)
{
    edge *all = arena_array(x->a, edge, gap->n_edges + f->n_edges + 1);
    uint32_t n = 0;
    bool known = gap->base != SETIR_NONE;
    for (uint32_t k = 0; k < gap->n_edges; k++) {
        uint32_t key = gap->edge[k].key;
        int sign = gap->edge[k].known ? series_sign(gap->edge[k].at) : 0;
        const fact *taken = (sign > 0) == largest ? l : r;
        if (!sign)
            continue;
        edge e = {.key = key, .m = fact_vanish(taken, key)};
        e.known = fact_series(taken, key, &e.at);
        known &= e.known && gap->power == 0;
        fact_drop(f, key);
        all[n++] = e;
    }
    known &= n == gap->n_edges && f->n_edges == 0;
    for (uint32_t k = 0; k < f->n_edges; k++)
        all[n++] = f->edge[k];
    f->edge = all;
    f->n_edges = n;
    f->base = known ? gap->base : SETIR_NONE;
    f->definite = false;
    fact_settle(f);
}

fact smooth_extreme(analysis *x, node_id id, const node *n, const context *c)
{
    const fact *l = smooth_eval(x, n->arg[0], c), *r = smooth_eval(x, n->arg[1], c);
    const fact *gap = smooth_eval(x, node_2(x->p, OP_SUB, n->elem, n->arg[0], n->arg[1], n->at), c);
    bool largest = n->op == OP_MAX2;
    int sign = gap->r.lo >= 0 ? 1 : gap->r.hi <= 0 ? -1 : 0;
    fact f = fact_join(x->a, l, r);
    if (sign && n->elem.channels == 0) {
        fact only = (sign > 0) == largest ? *l : *r;
        fact_limit(&only, f.order < 0 ? f.order : SMOOTH_INFINITE, f.blame);     /* both are evaluated      */
        return only;
    }
    choose_edges(x, &f, l, r, gap, largest);
    if (smooth_varies(x, id))
        smooth_limit(x, &f, 0, id, false, "has a kink where its two arguments are equal");
    return f;
}

/* (1-u)^n sum_{k<n} C(n-1+k, k) u^k for u < 1, 0 beyond */
fact smooth_cutoff(analysis *x, node_id id, const node *n, const context *c)
{
    const char *problem = NULL;
    int order = n->imm.k;
    const fact *u = smooth_eval(x, n->arg[0], c);
    node_id one = node_const(x->p, 1, unit_none(), n->at);
    const fact *v = smooth_eval(x, node_2(x->p, OP_SUB, n->elem, one, n->arg[0], n->at), c);
    int sign = range_sign(v->r);
    if (sign < 0)
        return fact_beside(fact_constant(0, 0), u);
    fact sum = fact_constant(1, 1), power = *u;
    double coefficient = 1;
    for (int k = 1; k < order; k++) {
        coefficient *= (double)(order - 1 + k) / k;
        const fact factor = fact_constant(coefficient, coefficient);
        fact term = fact_multiply(x->a, &factor, &power);
        sum = fact_add(x->a, &sum, &term);
        power = fact_multiply(x->a, &power, u);
    }
    fact lead = fact_power(x->a, v, order, &problem), f = fact_multiply(x->a, &lead, &sum);
    if (u->r.lo >= 0)
        f.r = range_of(0, v->r.lo > 0 ? END_OPEN : sign > 0 ? v->r.lo_end : END_CLOSED, 1, END_CLOSED);
    if (sign > 0 || f.constant)
        return f;
    for (uint32_t k = 0; k < f.n_edges; k++) {                   /* beyond 1 it is zero, which is flat      */
        series s;
        if (fact_series(v, f.edge[k].key, &s) && series_sign(s) < 0)
            f.edge[k].m = INFINITY;
        f.edge[k].known = false;
    }
    f.base = SETIR_NONE;
    f.definite = f.nonzero = false;
    if (smooth_varies(x, id))
        smooth_limit(x, &f, order - 1, id, true,
                     arena_printf(x->a, "cutoff(..., %d) is C%d where it reaches zero", order, order - 1));
    return f;
}

fact smooth_multiply(analysis *x, node_id id, const node *n, const context *c)
{
    fact l, r;
    if (n->arg[0] == n->arg[1])
        return smooth_power(x, id, n->arg[0], 2, c);
    two(x, n, c, &l, &r);
    return fact_multiply(x->a, &l, &r);
}
