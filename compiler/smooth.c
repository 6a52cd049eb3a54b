/* SPDX-License-Identifier: Apache-2.0
 *
 * smooth.c: the order of differentiability of every value, bottom up. In: a program. Out: facts (smooth_fact.h) per node
 * and context. Tensors are looked through: an access is judged as the tensor's body with the indices in place, so that
 * what vanishes at a cutoff is seen through definitions. Conditions: smooth_branch.c. Sets: smooth_reduce.c.
 */
#include "smooth_internal.h"

#include <math.h>

enum { SMOOTH_STEPS = 400000, SMOOTH_DEPTH = 3000 };         /* beyond: "too large to follow", nothing is claimed */

/* ------------------------------------------------------------------------------------------------------- helpers */

void smooth_limit(analysis *x, fact *f, int order, node_id at, bool certain, const char *reason)
{
    if (order >= f->order)
        return;
    blame *b = arena_new(x->a, blame);
    *b = (blame){.node = at, .origin = at, .reason = reason, .certain = certain, .boundary = SETIR_NONE};
    fact_limit(f, order, b);
}

bool smooth_set_varies(analysis *x, set_id s)
{
    const set *d = &x->p->sets.at[s];
    switch (d->kind) {
    case SET_PAIRS: return true;
    case SET_RECIP: return x->cell_moves || smooth_varies(x, d->cutoff);
    case SET_RANK: return d->parent != SETIR_NONE && smooth_set_varies(x, d->parent);
    case SET_BASE: case SET_DIFFER: case SET_AXIS: case SET_RANGE: case SET_SPECIES: return false;
    }
    return true;
}

static bool def_varies(analysis *x, def_id id)
{
    const def *d = &x->p->defs.at[id];
    while (d->lib != LIB_NONE)
        d = &x->p->defs.at[d->lib_arg];
    return smooth_varies(x, d->body);
}

static bool op_varies(analysis *x, const node *n)
{
    switch ((int)n->op) {
    case OP_PAIR_D: case OP_SPOT_R: return true;
    case OP_INPUT: case OP_LOOKUP: return x->p->inputs.at[n->imm.input].role == IN_POSITION;
    case OP_CELL_VEC: case OP_NIGGLI_VEC: case OP_VOLUME: case OP_RECIP_K: case OP_FRAC: case OP_PHASE:
    case OP_NEAREST: return x->cell_moves;
    case OP_COUNT: return smooth_set_varies(x, n->imm.set);
    case OP_ACCESS: case OP_PADGET: return def_varies(x, n->imm.def);
    case OP_REDUCE:
        for (uint32_t k = 0; k < n->imm.n_ivars; k++)
            if (smooth_set_varies(x, x->p->ivars.at[n->imm.ivars[k]].set))
                return true;
        return false;
    default: return false;
    }
}

bool smooth_varies(analysis *x, node_id id)
{
    while (x->varies.n <= id)
        vec_push(x->a, &x->varies, 0);
    if (x->varies.at[id])
        return x->varies.at[id] == 2;
    const node n = x->p->nodes.at[id];
    bool yes = op_varies(x, &n);
    for (uint32_t k = 0; k < n.n_args && !yes; k++)
        yes = smooth_varies(x, n.arg[k]);
    x->varies.at[id] = yes ? 2 : 1;
    return yes;
}

/* the tensor's body with the access's indices in place of its own */
static node_id inline_access(analysis *x, node_id id)
{
    const node n = x->p->nodes.at[id];
    const def d = x->p->defs.at[n.imm.def];
    if (n.op != OP_ACCESS || d.lib != LIB_NONE || d.n_param != n.n_args)
        return id;
    while (x->inlined.n <= id)
        vec_push(x->a, &x->inlined, 0);
    if (!x->inlined.at[id]) {
        node_id made = d.n_param ? program_substitute(x->p, d.body, d.param, n.arg, d.n_param) : d.body;
        x->inlined.at[id] = made + 1;
    }
    return x->inlined.at[id] - 1;
}

static node_id strip_rev(analysis *x, node_id index)
{
    while (x->p->nodes.at[index].op == OP_PAIR_REV)
        index = x->p->nodes.at[index].arg[0];
    return index;
}

node_id smooth_plain(analysis *x, node_id id)
{
    for (;;) {
        const node *n = &x->p->nodes.at[id];
        node_id next = n->op == OP_ASCRIBE ? n->arg[0] : n->op == OP_ACCESS ? inline_access(x, id) : id;
        if (next == id)
            break;
        id = next;
    }
    const node n = x->p->nodes.at[id];
    if (n.op != OP_NORM)
        return id;
    node_id v = smooth_plain(x, n.arg[0]);                       /* |d| is the same seen from either end    */
    const node w = x->p->nodes.at[v];
    if (w.op == OP_PAIR_D)
        v = node_1(x->p, OP_PAIR_D, w.elem, strip_rev(x, w.arg[0]), w.at);
    return node_1(x->p, OP_NORM, n.elem, v, n.at);
}

/* -------------------------------------------------------------------------------------------------------- cutoffs */

uint32_t smooth_index_edge(analysis *x, node_id index)
{
    index = strip_rev(x, index);
    set_id s = x->p->nodes.at[index].elem.set;
    if (x->p->nodes.at[index].elem.kind != ELEM_INDEX || s == SETIR_NONE)
        return SETIR_NONE;
    set_kind kind = x->p->sets.at[s].kind;
    if ((kind != SET_PAIRS && kind != SET_RECIP) || !smooth_set_varies(x, s))
        return SETIR_NONE;
    for (uint32_t k = 0; k < x->edges.n; k++)
        if (x->edges.at[k].set == s && x->edges.at[k].index == index)
            return k;
    node_id vector = node_1(x->p, kind == SET_PAIRS ? OP_PAIR_D : OP_RECIP_K, elem_real(1), index, x->p->nodes.at[index].at);
    edge_def e = {.set = s, .index = index, .symbol = SETIR_NONE};
    e.base = node_1(x->p, OP_NORM, elem_real(0), vector, x->p->nodes.at[index].at);
    const fact *cutoff = smooth_eval(x, x->p->sets.at[s].cutoff, &x->root);
    if (cutoff->constant)
        e.bound = cutoff->value;
    else
        e.symbol = smooth_plain(x, x->p->sets.at[s].cutoff);
    vec_push(x->a, &x->edges, e);
    return x->edges.n - 1;
}

/* |b.d| of a pair, |g.k| of a reciprocal vector: the base whose edge is the cutoff */
fact smooth_distance(analysis *x, node_id n, node_id index)
{
    fact f = fact_opaque();
    f.r = range_of(0, END_OPEN, INFINITY, END_OPEN);
    f.definite = f.nonzero = true;
    uint32_t key = smooth_index_edge(x, index);
    if (key == SETIR_NONE)
        return f;
    const edge_def *e = &x->edges.at[key];
    f.base = n;
    f.edge = arena_new(x->a, edge);
    f.n_edges = 1;
    f.edge[0] = (edge){.key = key, .known = true};
    if (e->symbol == SETIR_NONE) {
        f.r.hi = e->bound;
        f.r.hi_end = END_EDGE;
        f.edge[0].at = series_linear(e->bound, -1);
    } else {
        f.edge[0].at = series_linear(1, -1);
        f.power = 1;
        f.affine = true;
    }
    return f;
}

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

/* ----------------------------------------------------------------------------------------------------- arithmetic */

static void two(analysis *x, const node *n, const context *c, fact *l, fact *r)
{
    const fact *a = smooth_eval(x, n->arg[0], c), *b = smooth_eval(x, n->arg[1], c);
    *l = as_symbol(x, b, n->arg[0], a);
    *r = as_symbol(x, a, n->arg[1], b);
}

/* Is this the difference of two places that never coincide? */
static bool differs(analysis *x, node_id l, node_id r, const context *c)
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
    const node i = x->p->nodes.at[a.arg[0]], j = x->p->nodes.at[b.arg[0]];   /* two pairs of one row end apart */
    if (i.op != OP_IVAR || j.op != OP_IVAR)
        return false;
    const ivar *v = &x->p->ivars.at[i.imm.ivar], *w = &x->p->ivars.at[j.imm.ivar];
    return v->set == w->set && v->row != SETIR_NONE && v->row == w->row;
}

static fact eval_add(analysis *x, node_id id, const node *n, const context *c)
{
    fact l, r;
    if (n->op == OP_SUB && n->arg[0] == n->arg[1] && n->elem.rank == 0)
        return fact_constant(0, 0);
    two(x, n, c, &l, &r);
    if (n->op == OP_SUB)
        r = fact_negate(x->a, &r);
    fact f = fact_add(x->a, &l, &r);
    if (n->op == OP_SUB && n->elem.rank == 1 && differs(x, n->arg[0], n->arg[1], c))
        f.nonzero = f.definite = true;
    (void)id;
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

static fact eval_power(analysis *x, node_id id, node_id arg, double p, const context *c)
{
    const char *problem = NULL;
    const fact *a = smooth_eval(x, arg, c);
    fact f = fact_power(x->a, a, p, &problem);
    if (problem && smooth_varies(x, arg))
        smooth_limit(x, &f, -1, arg, false, problem);
    bool whole = p == floor(p), even = whole && fmod(p, 2) == 0;
    if (!whole && !fact_is_nonzero(a))
        smooth_limit(x, &f, (int)fmin(ceil(p) - 1, SMOOTH_INFINITE - 1), id, false, kink);
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

static fact eval_powv(analysis *x, node_id id, const node *n, const context *c)
{
    const fact *base = smooth_eval(x, n->arg[0], c), *p = smooth_eval(x, n->arg[1], c);
    if (p->constant)
        return eval_power(x, id, n->arg[0], p->value, c);
    fact f = fact_worst(x->a, base, p);
    f.r = base->r.lo >= 0 ? range_of(0, base->definite ? END_OPEN : END_CLOSED, INFINITY, END_OPEN) : range_all;
    bool positive = range_sign(base->r) > 0 && base->definite, varies = smooth_varies(x, id);
    for (uint32_t k = 0; k < f.n_edges; k++) {
        double m = fact_vanish(base, f.edge[k].key);
        f.edge[k].m = fact_vanish(p, f.edge[k].key) < 0 ? -INFINITY
                    : m == 0 ? 0 : m == -INFINITY ? m : (m > 0 ? m * p->r.lo : m * p->r.hi);
        f.edge[k].known = false;
    }
    f.definite = false;
    f.nonzero = positive;
    fact_settle(&f);
    if (positive || !varies)
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

static fact eval_divide(analysis *x, node_id id, const node *n, const context *c)
{
    fact l, r;
    const char *problem = NULL;
    two(x, n, c, &l, &r);
    fact inverse = fact_power(x->a, &r, -1, &problem);
    fact f = fact_multiply(x->a, &l, &inverse);
    if (problem && smooth_varies(x, id))
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

static fact eval_function(analysis *x, node_id id, const node *n, const context *c)
{
    const char *problem = NULL;
    const fact *a = smooth_eval(x, n->arg[0], c);
    fact f = fact_function(x->a, n->op, a, &problem);
    bool wild = false;
    for (uint32_t k = 0; k < f.n_edges; k++)
        wild |= f.edge[k].m == -INFINITY;
    if (wild && n->op == OP_EXP)
        f = exp_of(x, n->arg[0], 1, c);
    if (problem && smooth_varies(x, id))
        smooth_limit(x, &f, -1, n->arg[0], false, problem);
    bool low = a->r.lo == -1 && a->r.lo_end == END_CLOSED, high = a->r.hi == 1 && a->r.hi_end == END_CLOSED;
    if ((n->op == OP_ASIN || n->op == OP_ACOS) && (low || high) && smooth_varies(x, id))
        smooth_limit(x, &f, 0, id, false, "has infinite slope where its argument reaches 1 or -1");
    return f;
}

static fact eval_atan2(analysis *x, node_id id, const node *n, const context *c)
{
    const fact *y = smooth_eval(x, n->arg[0], c), *d = smooth_eval(x, n->arg[1], c);
    fact f = fact_worst(x->a, y, d);
    bool ahead = d->definite && range_sign(d->r) > 0, aside = y->definite && range_sign(y->r) != 0;
    for (uint32_t k = 0; k < f.n_edges; k++)
        f.edge[k].m = -INFINITY;
    if (!ahead && !aside && smooth_varies(x, id))
        smooth_limit(x, &f, -1, id, false, "jumps where its first argument changes sign and the second is negative");
    return f;
}

static fact eval_abs(analysis *x, node_id id, const node *n, const context *c)
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
    f.r = range_of(0, fact_is_nonzero(a) ? END_OPEN : END_CLOSED, fmax(-a->r.lo, a->r.hi), END_CLOSED);
    fact_settle(&f);
    if (smooth_varies(x, id) && !fact_is_nonzero(a))
        smooth_limit(x, &f, 0, id, false, "has a kink where its argument changes sign");
    return f;
}

static fact eval_step(analysis *x, node_id id, const node *n, const context *c)
{
    const fact *a = smooth_eval(x, n->arg[0], c);
    int sign = range_sign(a->r);
    if (n->op == OP_SIGN && sign)
        return fact_constant(sign, 1);
    double below = floor(a->r.lo);
    bool within = a->r.hi < below + 1 || (a->r.hi == below + 1 && a->r.hi_end != END_CLOSED);
    if (n->op == OP_FLOOR && isfinite(below) && within)
        return fact_constant(below, 1);
    fact f = fact_opaque();
    if (n->op == OP_SIGN)
        f.r = range_of(-1, END_CLOSED, 1, END_CLOSED);
    fact_limit(&f, a->order, a->blame);
    if (smooth_varies(x, id))
        smooth_limit(x, &f, -1, id, false, n->op == OP_SIGN ? "jumps where its argument changes sign" : "jumps at every whole number");
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

static fact eval_extreme(analysis *x, node_id id, const node *n, const context *c)
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
static fact eval_cutoff(analysis *x, node_id id, const node *n, const context *c)
{
    const char *problem = NULL;
    int order = n->imm.k;
    const fact *u = smooth_eval(x, n->arg[0], c);
    node_id one = node_const(x->p, 1, unit_none(), n->at);
    const fact *v = smooth_eval(x, node_2(x->p, OP_SUB, n->elem, one, n->arg[0], n->at), c);
    int sign = range_sign(v->r);
    if (sign < 0)
        return fact_constant(0, 0);
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
        smooth_limit(x, &f, order - 1, id, true, arena_printf(x->a, "cutoff(..., %d) is C%d where it reaches zero", order, order - 1));
    return f;
}

/* -------------------------------------------------------------------------------------------------------- vectors */

static fact eval_norm(analysis *x, node_id id, const node *n, const context *c)
{
    node_id plain = smooth_plain(x, id);
    if (plain != id)
        return *smooth_eval(x, plain, c);
    const node v = x->p->nodes.at[n->arg[0]], w = x->p->nodes.at[smooth_plain(x, n->arg[0])];
    if (v.op == OP_PAIR_D || v.op == OP_RECIP_K)
        return smooth_distance(x, id, v.arg[0]);
    if (w.op == OP_NEG || w.op == OP_MUL || w.op == OP_DIV) {    /* |s v| = |s| |v|                          */
        node_id inner = w.arg[w.op == OP_MUL], scalar = w.arg[w.op == OP_DIV];
        fact f = *smooth_eval(x, node_1(x->p, OP_NORM, n->elem, inner, n->at), c);
        if (w.op == OP_NEG)
            return f;
        fact s = *smooth_eval(x, node_1(x->p, OP_ABS, n->elem, scalar, n->at), c);
        const char *problem = NULL;
        if (w.op == OP_DIV)
            s = fact_power(x->a, &s, -1, &problem);
        f = fact_multiply(x->a, &f, &s);
        fact_limit(&f, smooth_eval(x, n->arg[0], c)->order, smooth_eval(x, n->arg[0], c)->blame);
        return f;
    }
    fact f = *smooth_eval(x, n->arg[0], c);
    bool nonzero = fact_is_nonzero(&f);
    f.base = SETIR_NONE;
    f.power = 0;
    f.constant = f.affine = false;
    f.edge = f.n_edges ? arena_copy(x->a, f.edge, f.n_edges * sizeof *f.edge) : NULL;
    f.r = range_of(0, nonzero ? END_OPEN : END_CLOSED, INFINITY, END_OPEN);
    bool definite = f.definite;
    fact_settle(&f);
    f.definite = definite;
    if (!nonzero && smooth_varies(x, id))
        smooth_limit(x, &f, 0, id, false, "has a kink where the vector is zero");
    return f;
}

static fact eval_product(analysis *x, node_id id, const node *n, const context *c)
{
    const fact *l = smooth_eval(x, n->arg[0], c), *r = smooth_eval(x, n->arg[1], c);
    fact f = fact_multiply(x->a, l, r);
    bool keeps = n->op == OP_OUTER;
    f.constant = f.affine = false;
    f.base = SETIR_NONE;
    f.definite = f.nonzero = keeps && l->definite && r->definite;
    f.r = range_all;
    fact_settle(&f);
    (void)id;
    return f;
}

static fact eval_dot(analysis *x, node_id id, const node *n, const context *c)
{
    if (smooth_plain(x, n->arg[0]) != smooth_plain(x, n->arg[1]))
        return eval_product(x, id, n, c);
    node_id norm = smooth_plain(x, node_1(x->p, OP_NORM, elem_real(0), n->arg[0], n->at));
    return eval_power(x, id, norm, 2, c);
}

/* any number of arguments that only come together */
static fact eval_gather(analysis *x, const node *n, const context *c)
{
    fact f = *smooth_eval(x, n->arg[0], c);
    for (uint32_t k = 1; k < n->n_args; k++)
        f = fact_join(x->a, &f, smooth_eval(x, n->arg[k], c));
    if (n->op == OP_VEC3)
        for (uint32_t k = 0; k < 3; k++)
            f.nonzero |= fact_is_nonzero(smooth_eval(x, n->arg[k], c));
    return f;
}

static fact eval_linear(analysis *x, const node *n, const context *c, uint32_t arg, double power)
{
    const fact *a = smooth_eval(x, n->arg[arg], c);
    fact f = *a;
    f.constant = f.affine = f.nonzero = f.definite = false;
    f.base = SETIR_NONE;
    f.power = 0;
    f.r = range_all;
    f.edge = a->n_edges ? arena_copy(x->a, a->edge, a->n_edges * sizeof *a->edge) : NULL;
    for (uint32_t k = 0; k < f.n_edges; k++)
        f.edge[k].m *= power;
    fact_settle(&f);
    return f;
}

/* --------------------------------------------------------------------------------------------------------- leaves */

static fact eval_const(const node *n)
{
    uint32_t count = elem_components(n->elem);
    if (count == 1)
        return fact_constant(n->imm.value[0], fabs(n->imm.value[0]));
    fact f = fact_opaque();
    bool any = count > 9;
    for (uint32_t k = 0; k < count && k < 9; k++) {
        any |= n->imm.value[k] != 0;
        range one = range_point(n->imm.value[k]);
        f.r = k ? range_hull(f.r, one) : one;
    }
    if (!any)
        return fact_constant(0, 0);
    if (n->elem.rank || count > 9)
        f.r = range_all;
    f.nonzero = f.definite = n->elem.rank != 0;
    return f;
}

static fact eval_positive(double least, range_end end)
{
    fact f = fact_opaque();
    f.r = range_of(least, end, INFINITY, END_OPEN);
    fact_settle(&f);
    return f;
}

static fact eval_index_real(analysis *x, const node *n)
{
    set_id s = x->p->nodes.at[n->arg[0]].elem.set;
    const set *d = &x->p->sets.at[s];
    fact f = eval_positive(0, END_CLOSED);
    if (d->kind == SET_RANGE)
        f.r = range_of(d->lo, END_CLOSED, d->hi, END_CLOSED);
    fact_settle(&f);
    return f;
}

static fact eval_protons(analysis *x, const node *n)
{
    const node z = x->p->nodes.at[smooth_plain(x, n->arg[0])];
    bool atom = z.op == OP_INPUT || z.op == OP_INDEX_SPECIES || (z.op == OP_SPECIES_CONST && z.imm.k > 0);
    fact f = fact_opaque();
    f.r = range_of(atom ? 1 : 0, END_CLOSED, 118, END_CLOSED);   /* a vacancy has none                       */
    fact_settle(&f);
    return f;
}

static fact eval_jump(analysis *x, node_id id, const char *reason)
{
    fact f = fact_opaque();
    if (smooth_varies(x, id))
        smooth_limit(x, &f, -1, id, true, reason);
    return f;
}

/* nothing but the order of the arguments (indices: which element is meant) */
static fact eval_arguments(analysis *x, const node *n, const context *c)
{
    fact f = fact_opaque();
    for (uint32_t k = 0; k < n->n_args; k++) {
        const fact *a = smooth_eval(x, n->arg[k], c);
        fact_limit(&f, a->order, a->blame);
    }
    return f;
}

static fact eval_access(analysis *x, node_id id, const node *n, const context *c)
{
    node_id inlined = inline_access(x, id);
    if (inlined != id)
        return *smooth_eval(x, inlined, c);
    const def d = x->p->defs.at[n->imm.def];
    fact f = d.lib == LIB_NONE ? *smooth_eval(x, d.body, &x->root) : smooth_lib(x, &d, id);
    fact rest = eval_arguments(x, n, c);
    fact_limit(&f, rest.order, rest.blame);
    if (n->op == OP_PADGET)
        f.r = range_hull(f.r, range_point(0));
    if (n->op == OP_PADGET || d.lib != LIB_NONE) {
        f.constant = f.nonzero = f.definite = f.affine = false;
        f.base = SETIR_NONE;
        fact_settle(&f);
    }
    return f;
}

/* linear in the vector; the cell behind it is never singular */
static fact eval_projection(analysis *x, const node *n, const context *c, uint32_t vector)
{
    fact f = eval_linear(x, n, c, vector, 1);
    fact rest = eval_arguments(x, n, c);
    fact_limit(&f, rest.order, rest.blame);
    return f;
}

/* ---------------------------------------------------------------------------------------------------------- nodes */

static fact eval_op(analysis *x, node_id id, const context *c)
{
    const node n = x->p->nodes.at[id];
    switch (n.op) {
    case OP_CONST: return eval_const(&n);
    case OP_BOOL_CONST: case OP_SPECIES_CONST: case OP_IVAR: case OP_INDEX_CONST: case OP_PARAM: case OP_INPUT:
    case OP_PAIR_I: case OP_PAIR_J: case OP_PAIR_REV: case OP_SPOT_HOST: case OP_INDEX_SPECIES: case OP_INDEX_EQ:
    case OP_INDEX_LT: case OP_SPECIES_EQ: case OP_ELEMENT_DATA: case OP_SPOT_R:
    case OP_AND: case OP_OR: case OP_NOT:
        return eval_arguments(x, &n, c);
    case OP_ACCESS: case OP_PADGET: return eval_access(x, id, &n, c);
    case OP_ASCRIBE: return *smooth_eval(x, n.arg[0], c);
    case OP_INDEX_REAL: return eval_index_real(x, &n);
    case OP_PROTONS: return eval_protons(x, &n);
    case OP_PAIR_D: case OP_RECIP_K: case OP_CELL_VEC: case OP_IDENTITY: {
        fact f = eval_arguments(x, &n, c);
        f.nonzero = f.definite = true;
        return f;
    }
    case OP_NIGGLI_VEC: return eval_jump(x, id, "jumps where the reduced cell changes");
    case OP_NEAREST: return eval_jump(x, id, "jumps where the closest image changes");
    case OP_VOLUME: return eval_positive(0, END_OPEN);
    case OP_FRAC: return eval_projection(x, &n, c, 0);
    case OP_PHASE: return eval_projection(x, &n, c, 1);
    case OP_LOOKUP: {                                            /* a field, or the second argument          */
        fact f = eval_arguments(x, &n, c), field = fact_opaque();
        field = fact_join(x->a, &field, smooth_eval(x, n.arg[1], c));
        fact_limit(&field, f.order, f.blame);
        return field;
    }
    case OP_COUNT: {
        fact f = eval_jump(x, id, "jumps whenever one enters or leaves");
        f.r = range_of(0, END_CLOSED, INFINITY, END_OPEN);
        return f;
    }
    case OP_NEG: return fact_negate(x->a, smooth_eval(x, n.arg[0], c));
    case OP_ADD: case OP_SUB: return eval_add(x, id, &n, c);
    case OP_MUL: {
        fact l, r;
        if (n.arg[0] == n.arg[1])
            return eval_power(x, id, n.arg[0], 2, c);
        two(x, &n, c, &l, &r);
        return fact_multiply(x->a, &l, &r);
    }
    case OP_DIV: return eval_divide(x, id, &n, c);
    case OP_POW: return eval_power(x, id, n.arg[0], n.imm.value[0], c);
    case OP_POWV: return eval_powv(x, id, &n, c);
    case OP_EXP: case OP_LOG: case OP_SIN: case OP_COS: case OP_TAN: case OP_ASIN: case OP_ACOS: case OP_ATAN:
    case OP_SINH: case OP_COSH: case OP_TANH: case OP_ERF: case OP_ERFC: return eval_function(x, id, &n, c);
    case OP_ATAN2: return eval_atan2(x, id, &n, c);
    case OP_ABS: return eval_abs(x, id, &n, c);
    case OP_SIGN: case OP_FLOOR: return eval_step(x, id, &n, c);
    case OP_MIN2: case OP_MAX2: return eval_extreme(x, id, &n, c);
    case OP_CUTOFF: return eval_cutoff(x, id, &n, c);
    case OP_DOT: return eval_dot(x, id, &n, c);
    case OP_CROSS: case OP_OUTER: case OP_MATVEC: case OP_MATMUL: return eval_product(x, id, &n, c);
    case OP_NORM: return eval_norm(x, id, &n, c);
    case OP_COMP: case OP_TRANSPOSE: case OP_TRACE: return eval_linear(x, &n, c, 0, 1);
    case OP_DET: return eval_linear(x, &n, c, 0, 3);
    case OP_VEC3: case OP_CHANNEL_CAT: return eval_gather(x, &n, c);
    case OP_CHANNEL_GET: return *smooth_eval(x, n.arg[0], c);
    case OP_LT: case OP_LE: case OP_EQ: {
        fact f = eval_arguments(x, &n, c);
        if (smooth_varies(x, id))
            smooth_limit(x, &f, -1, id, true, "is a truth value that changes with the positions");
        return f;
    }
    case OP_SELECT: return smooth_select(x, id, c);
    case OP_REDUCE: return smooth_reduce(x, id, c);
    case OP_COUNT_: break;
    }
    return fact_opaque();
}

/* ----------------------------------------------------------------------------------------------------------- memo */

static uint32_t memo_slot(const analysis *x, uint64_t key)
{
    uint32_t at = (uint32_t)((key * 0x9e3779b97f4a7c15u) >> 32) & (x->memo.cap - 1);
    while (x->memo.value[at] && x->memo.key[at] != key)
        at = (at + 1) & (x->memo.cap - 1);
    return at;
}

static void memo_grow(analysis *x)
{
    uint64_t *key = x->memo.key;
    const fact **value = x->memo.value;
    uint32_t old = x->memo.cap;
    x->memo.cap = old ? old * 2 : 1024;
    x->memo.key = arena_array(x->a, uint64_t, x->memo.cap);
    x->memo.value = arena_array(x->a, const fact *, x->memo.cap);
    for (uint32_t k = 0; k < old; k++)
        if (value[k]) {
            uint32_t at = memo_slot(x, key[k]);
            x->memo.key[at] = key[k];
            x->memo.value[at] = value[k];
        }
}

const fact *smooth_eval(analysis *x, node_id n, const context *c)
{
    uint64_t key = (uint64_t)c->id << 32 | n;
    if (2 * (x->memo.n + 1) > x->memo.cap)
        memo_grow(x);
    uint32_t at = memo_slot(x, key);
    if (x->memo.value[at])
        return x->memo.value[at];
    fact *f = arena_new(x->a, fact);
    if (x->depth >= SMOOTH_DEPTH || ++x->steps > SMOOTH_STEPS) {
        *f = fact_opaque();
        smooth_limit(x, f, -1, n, false, "is too large to follow");
    } else {
        x->depth++;
        *f = eval_op(x, n, c);
        x->depth--;
        smooth_apply(x, n, c, f);
        if (x->p->nodes.at[n].elem.rank)
            f->r = range_all;
        if (!smooth_varies(x, n)) {
            f->order = SMOOTH_INFINITE;
            f->blame = NULL;
        }
    }
    if (2 * (x->memo.n + 1) > x->memo.cap)
        memo_grow(x);
    at = memo_slot(x, key);
    x->memo.n += !x->memo.value[at];
    x->memo.key[at] = key;
    x->memo.value[at] = f;
    return f;
}

/* ------------------------------------------------------------------------------------------------------ interface */

struct smooth_result {
    const program *p;
    arena    *a;
    analysis *view[2];           /* positions and cell move; positions alone                                 */
};

#define CLONE(field) arena_copy(a, p->field.at, p->field.n * sizeof *p->field.at)

/* A program that can grow without its original noticing: tables are copied, what they point to is shared. */
static program *clone(arena *a, const program *p)
{
    program *q = arena_new(a, program);
    *q = *p;
    q->memory = a;
    q->nodes.at = CLONE(nodes);
    q->nodes.cap = p->nodes.n;
    q->ivars.at = CLONE(ivars);
    q->ivars.cap = p->ivars.n;
    q->sets.at = CLONE(sets);
    q->sets.cap = p->sets.n;
    q->defs.at = CLONE(defs);
    q->defs.cap = p->defs.n;
    q->hash = arena_copy(a, p->hash, p->hash_cap * sizeof *p->hash);
    return q;
}

static analysis *analysis_new(arena *a, const program *p, bool cell_moves)
{
    analysis *x = arena_new(a, analysis);
    x->a = a;
    x->p = clone(a, p);
    x->cell_moves = cell_moves;
    x->root = (context){.kind = GUARD_ROOT};
    return x;
}

smooth_result *smooth_analyse(arena *a, const program *p)
{
    smooth_result *r = arena_new(a, smooth_result);
    r->p = p;
    r->a = a;
    r->view[0] = analysis_new(a, p, true);
    r->view[1] = analysis_new(a, p, false);
    return r;
}

/* Does the roughness of the blamed operation surely arrive at n? Through sums with smoother terms, factors that have one
 * sign, increasing functions; terms of one sign do not cancel in a sum. */
static bool arrives(analysis *x, node_id n, const blame *b, int order)
{
    for (;;) {
        n = smooth_plain(x, n);
        if (n == b->origin)
            return true;
        const node d = x->p->nodes.at[n];
        const fact *l = d.n_args > 0 ? smooth_eval(x, d.arg[0], &x->root) : NULL;
        const fact *r = d.n_args > 1 ? smooth_eval(x, d.arg[1], &x->root) : NULL;
        bool left = l && l->order <= order, right = r && r->order <= order;
        switch ((int)d.op) {
        case OP_NEG: case OP_EXP: case OP_LOG: case OP_TANH: case OP_ATAN: case OP_SINH: case OP_ERF: case OP_ERFC:
            n = d.arg[0];
            break;
        case OP_POW:
            if (!l->definite)
                return false;
            n = d.arg[0];
            break;
        case OP_ADD: case OP_SUB:
            if (left == right)
                return false;
            n = d.arg[left ? 0 : 1];
            break;
        case OP_MUL: case OP_DIV:
            if (left == right || !(left ? r : l)->definite || !range_sign((left ? r : l)->r))
                return false;
            n = d.arg[left ? 0 : 1];
            break;
        case OP_REDUCE: {
            const node o = x->p->nodes.at[b->origin];            /* a filter by distance stands as a choice    */
            if (d.imm.reduce != RED_SUM && d.imm.reduce != RED_MEAN)
                return false;
            if (right)
                return o.op == OP_SELECT && o.arg[0] == d.arg[1] && o.arg[1] == d.arg[0];
            n = d.arg[0];
            break;
        }
        default: return false;
        }
    }
}

static smooth_info info_from(analysis *x, node_id n, const fact *f, int positions)
{
    const blame *b = f->blame;
    smooth_info i = {.order = f->order, .order_positions = positions > f->order ? positions : f->order,
                     .culprit = SETIR_NONE, .boundary = SETIR_NONE};
    if (f->order == SMOOTH_INFINITE || !b)
        return i;
    i.exact = b->certain && (n == SETIR_NONE || arrives(x, n, b, f->order));
    i.culprit = b->node;
    i.at = x->p->nodes.at[b->node].at;
    i.reason = b->reason;
    i.boundary = b->boundary;
    i.vanish = b->vanish;
    return i;
}

smooth_info smooth_node(smooth_result *r, node_id n)
{
    return info_from(r->view[0], n, smooth_eval(r->view[0], n, &r->view[0]->root),
                     smooth_eval(r->view[1], n, &r->view[1]->root)->order);
}

static fact def_fact(analysis *x, def_id id)
{
    const def d = x->p->defs.at[id];
    return d.lib == LIB_NONE ? *smooth_eval(x, d.body, &x->root) : smooth_lib(x, &d, SETIR_NONE);
}

smooth_info smooth_def(smooth_result *r, def_id id)
{
    fact both = def_fact(r->view[0], id), positions = def_fact(r->view[1], id);
    const def *d = &r->p->defs.at[id];
    return info_from(r->view[0], d->lib == LIB_NONE ? d->body : SETIR_NONE, &both, positions.order);
}

const char *smooth_order_text(arena *a, int order)
{
    return order < 0 ? "discontinuous" : order >= SMOOTH_INFINITE ? "C-infinity" : arena_printf(a, "C%d", order);
}
