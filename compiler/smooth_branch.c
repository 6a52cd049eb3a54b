/* SPDX-License-Identifier: Apache-2.0
 *
 * smooth_branch.c: conditions in the smoothness analysis. In: a condition and a context. Out: whether it is
 * decided, what holds when it does (ranges, indices that differ, a new edge where it changes), and how well
 * the two sides of an `if` agree at that edge. A comparison of indices, elements or fixed numbers has no
 * edge.
 */
#include "smooth_internal.h"

#include <math.h>

static const node *node_at(const analysis *x, node_id n)
{
    return &x->p->nodes.at[n];
}

/* ------------------------------------------------------------------------------------ indices that differ */

static bool partners(const analysis *x, node_id i, node_id j)
{
    if (node_at(x, i)->op != OP_IVAR || node_at(x, j)->op != OP_IVAR)
        return false;
    ivar_id a = node_at(x, i)->imm.ivar, b = node_at(x, j)->imm.ivar;
    return x->p->ivars.at[a].partner == b || x->p->ivars.at[b].partner == a;
}

static bool in_molecule(const analysis *x, node_id pair)
{
    const set *s = &x->p->sets.at[node_at(x, pair)->elem.set];
    return s->kind == SET_PAIRS && s->slot < x->p->slots.n && x->p->slots.at[s->slot].axes == 0;
}

/* ends of pairs, where no atom meets its own image */
static bool ends_differ(analysis *x, node_id i, node_id j, const context *c)
{
    const node a = *node_at(x, i), b = *node_at(x, j);
    bool ends = (a.op == OP_PAIR_I || a.op == OP_PAIR_J) && (b.op == OP_PAIR_I || b.op == OP_PAIR_J);
    if (!ends || !in_molecule(x, a.arg[0]))
        return false;
    if (a.arg[0] == b.arg[0])
        return a.op != b.op;
    const node p = *node_at(x, a.arg[0]), q = *node_at(x, b.arg[0]);
    if (a.op != OP_PAIR_J || b.op != OP_PAIR_J || p.op != OP_IVAR || q.op != OP_IVAR)
        return false;
    const ivar *v = &x->p->ivars.at[p.imm.ivar], *w = &x->p->ivars.at[q.imm.ivar];
    return v->set == w->set && v->row != SETIR_NONE && v->row == w->row &&
           smooth_distinct(x, a.arg[0], b.arg[0], c);
}

bool smooth_distinct(analysis *x, node_id i, node_id j, const context *c)
{
    if (i == j)
        return false;
    const node a = *node_at(x, i), b = *node_at(x, j);
    if (a.op == OP_INDEX_CONST && b.op == OP_INDEX_CONST)
        return a.imm.set == b.imm.set && a.imm.k != b.imm.k;
    for (const context *g = c; g; g = g->up)
        if (g->kind == GUARD_DISTINCT && ((g->a == i && g->b == j) || (g->a == j && g->b == i)))
            return true;
    return partners(x, i, j) || ends_differ(x, i, j, c);
}

/* ----------------------------------------------------------------------------------------- decided or not */

static int decide_less(analysis *x, const node *n, const context *c)
{
    node_id gap = node_2(x->p, OP_SUB, elem_real(0), n->arg[1], n->arg[0], n->at);
    range r = smooth_eval(x, gap, c)->r;
    bool or_equal = n->op == OP_LE;
    if (r.lo > 0 || (r.lo == 0 && (or_equal || r.lo_end != END_CLOSED)))
        return 1;
    if (r.hi < 0 || (r.hi == 0 && (!or_equal || r.hi_end != END_CLOSED)))
        return 0;
    return -1;
}

static int decide_equal(analysis *x, const node *n, const context *c)
{
    if (n->arg[0] == n->arg[1])
        return 1;
    if (n->op == OP_INDEX_EQ)
        return smooth_distinct(x, n->arg[0], n->arg[1], c) ? 0 : -1;
    if (n->op == OP_SPECIES_EQ) {
        const node a = *node_at(x, n->arg[0]), b = *node_at(x, n->arg[1]);
        return a.op == OP_SPECIES_CONST && b.op == OP_SPECIES_CONST ? a.imm.k == b.imm.k : -1;
    }
    node_id gap = node_2(x->p, OP_SUB, elem_real(0), n->arg[0], n->arg[1], n->at);
    const fact *f = smooth_eval(x, gap, c);
    return f->constant ? f->value == 0 : fact_is_nonzero(f) ? 0 : -1;
}

int smooth_decide(analysis *x, node_id condition, const context *c)
{
    condition = smooth_plain(x, condition);
    for (const context *g = c; g; g = g->up)
        if (g->kind == GUARD_TRUTH && g->a == condition)
            return g->truth;
    const node n = *node_at(x, condition);
    int l, r;
    switch ((int)n.op) {
    case OP_BOOL_CONST: return n.imm.k != 0;
    case OP_LT: case OP_LE: return decide_less(x, &n, c);
    case OP_EQ: case OP_INDEX_EQ: case OP_SPECIES_EQ: return decide_equal(x, &n, c);
    case OP_NOT:
        l = smooth_decide(x, n.arg[0], c);
        return l < 0 ? -1 : !l;
    case OP_AND: case OP_OR:
        l = smooth_decide(x, n.arg[0], c);
        r = smooth_decide(x, n.arg[1], c);
        if (n.op == OP_AND)
            return l == 0 || r == 0 ? 0 : l == 1 && r == 1 ? 1 : -1;
        return l == 1 || r == 1 ? 1 : l == 0 && r == 0 ? 0 : -1;
    default: return -1;
    }
}

/* ------------------------------------------------------------------------------------------------- bounds */

/* f < g as  w < w0  (below) or  w > w0; the bound may be the symbol of w's base (then w0 counts in units
 * of it) */
typedef struct bound { node_id w; double w0; bool below, symbolic; } bound;

/* undo one step that is affine or a positive power of something positive */
static bool bound_step(analysis *x, bound *b, const context *c)
{
    node_id plain = smooth_plain(x, b->w);
    const node n = *node_at(x, plain);
    b->w = plain;
    if (n.op == OP_NEG) {
        b->w = n.arg[0];
        b->w0 = -b->w0;
        b->below = !b->below;
        return true;
    }
    if (n.op == OP_DOT && smooth_plain(x, n.arg[0]) == smooth_plain(x, n.arg[1]) && b->w0 > 0) {
        b->w = node_1(x->p, OP_NORM, elem_real(0), n.arg[0], n.at);
        b->w0 = sqrt(b->w0);
        return true;
    }
    if (n.op == OP_POW && n.imm.value[0] > 0 && b->w0 > 0 && smooth_eval(x, n.arg[0], c)->r.lo >= 0) {
        b->w = n.arg[0];
        b->w0 = pow(b->w0, 1 / n.imm.value[0]);
        return true;
    }
    if (n.n_args != 2 || (n.op != OP_ADD && n.op != OP_SUB && n.op != OP_MUL && n.op != OP_DIV))
        return false;
    const fact *l = smooth_eval(x, n.arg[0], c), *r = smooth_eval(x, n.arg[1], c);
    bool left = l->constant && n.op != OP_DIV;                   /* the constant is on the left             */
    double k = left ? l->value : r->value;
    if ((!left && !r->constant) || (n.op != OP_ADD && n.op != OP_SUB && k == 0))
        return false;
    b->w = n.arg[left];
    switch ((int)n.op) {
    case OP_ADD: b->w0 -= k; break;
    case OP_SUB:
        b->w0 = left ? k - b->w0 : b->w0 + k;
        b->below ^= left;
        break;
    default:
        b->w0 = n.op == OP_MUL ? b->w0 / k : b->w0 * k;
        b->below ^= k < 0;
    }
    return true;
}

/* w / R against a number, R the symbolic cutoff of w = |b.d| */
static bool bound_symbolic(analysis *x, bound *b, node_id w, node_id symbol, double w0, const context *c)
{
    const fact *f = smooth_eval(x, w, c);
    if (f->base == SETIR_NONE || f->power != 1 || f->n_edges == 0 || f->edge[0].key >= x->edges.n || w0 <= 0
        || x->edges.at[f->edge[0].key].symbol != smooth_plain(x, symbol) || smooth_plain(x, w) != f->base)
        return false;
    *b = (bound){.w = f->base, .w0 = w0, .below = b->below, .symbolic = true};
    return true;
}

static bound bound_of(analysis *x, const node *n, const context *c)
{
    const fact *l = smooth_eval(x, n->arg[0], c), *r = smooth_eval(x, n->arg[1], c);
    bound b = {.below = true};
    if (!l->constant && !r->constant) {
        if (bound_symbolic(x, &b, n->arg[0], n->arg[1], 1, c))
            return b;
        b.below = false;
        if (bound_symbolic(x, &b, n->arg[1], n->arg[0], 1, c))
            return b;
        b.w = node_2(x->p, OP_SUB, elem_real(0), n->arg[1], n->arg[0], n->at);
        return b;
    }
    b = r->constant ? (bound){.w = n->arg[0], .w0 = r->value, .below = true}
                    : (bound){.w = n->arg[1], .w0 = l->value, .below = false};
    while (bound_step(x, &b, c))
        ;
    const node w = *node_at(x, b.w);
    if (w.op == OP_DIV)
        bound_symbolic(x, &b, w.arg[0], w.arg[1], b.w0, c);
    return b;
}

static context *guard(analysis *x, const context *up, guard_kind kind, node_id a, node_id b)
{
    context *c = arena_new(x->a, context);
    *c = (context){.up = up, .kind = kind, .id = ++x->n_contexts, .a = a, .b = b, .key = SETIR_NONE};
    return c;
}

/* The side of a comparison. `key`: the edge where it changes, SETIR_NONE when it never does. */
static const context *assume_side(analysis *x, const node *n, bool truth, uint32_t key, const context *c)
{
    bound b = bound_of(x, n, c);
    context *g = guard(x, c, GUARD_BOUND, b.w, SETIR_NONE);
    bool below = b.below == truth, strict = (n->op == OP_LT) == truth;
    range_end end = !strict ? END_CLOSED : smooth_varies(x, b.w) ? END_EDGE : END_OPEN;
    g->r = b.symbolic ? range_all
         : below ? range_of(-INFINITY, END_OPEN, b.w0, end) : range_of(b.w0, end, INFINITY, END_OPEN);
    g->key = key;
    g->at = series_linear(b.w0, below ? -1 : 1);
    g->power = b.symbolic;
    return g;
}

const context *smooth_assume(analysis *x, node_id condition, bool truth, const context *c)
{
    condition = smooth_plain(x, condition);
    const node n = *node_at(x, condition);
    context *g = guard(x, c, GUARD_TRUTH, condition, SETIR_NONE);
    g->truth = truth;
    c = g;
    switch ((int)n.op) {
    case OP_NOT: return smooth_assume(x, n.arg[0], !truth, c);
    case OP_AND: case OP_OR:
        if (truth != (n.op == OP_AND))
            return c;
        c = smooth_assume(x, n.arg[0], truth, c);
        return smooth_assume(x, n.arg[1], truth, c);
    case OP_INDEX_EQ: case OP_INDEX_LT:
        return truth == (n.op == OP_INDEX_LT) ? guard(x, c, GUARD_DISTINCT, n.arg[0], n.arg[1]) : c;
    case OP_EQ:
        return truth ? c
                     : guard(x, c, GUARD_NONZERO,
                             node_2(x->p, OP_SUB, elem_real(0), smooth_plain(x, n.arg[0]),
                                    smooth_plain(x, n.arg[1]), n.at),
                             SETIR_NONE);
    case OP_LT: case OP_LE: return assume_side(x, &n, truth, SETIR_NONE, c);
    default: return c;
    }
}

/* ------------------------------------------------------------------------------------ what a context says */

static void apply_bound(analysis *x, node_id n, const context *g, fact *f)
{
    bool own = f->base == n && f->power == g->power; /* its series at other edges stay comparable */
    f->r = range_meet(f->r, g->r);
    uint32_t kept = 0;
    edge *all = arena_array(x->a, edge, f->n_edges + 1);
    for (uint32_t k = 0; k < f->n_edges; k++) { /* edges that this side cannot reach are gone */
        edge e = f->edge[k];
        const edge_def *d = &x->edges.at[e.key];
        if (d->base == n && d->symbol == SETIR_NONE && !range_reaches(f->r, d->bound))
            continue;
        if (g->key != SETIR_NONE && !own)
            e.known = false;
        if (e.known || e.m != 0)
            all[kept++] = e;
    }
    f->edge = all;
    f->n_edges = kept;
    f->affine = false;
    if (g->key != SETIR_NONE) {
        f->power = g->power;
        f->base = n;
        all[f->n_edges++] = (edge){.key = g->key, .known = true, .at = g->at};
    }
    fact_settle(f);
}

void smooth_apply(analysis *x, node_id n, const context *c, fact *f)
{
    if (f->constant)
        return;
    const context *mine[16];
    uint32_t count = 0;
    for (; c; c = c->up)
        if ((c->kind == GUARD_BOUND || c->kind == GUARD_NONZERO) && c->a == n && count < 16)
            mine[count++] = c;
    while (count-- > 0) {                                        /* oldest first: the newest is innermost   */
        if (mine[count]->kind == GUARD_BOUND)
            apply_bound(x, n, mine[count], f);
        else if (!smooth_varies(x, n))
            f->nonzero = f->definite = true;
        else
            f->nonzero = true;
    }
}

/* ------------------------------------------------------------------------------------------------- select */

typedef struct sides { int way; /* `then` is where the edge's base is above (1), below (-1) it */ uint32_t key; const context *then, *other, *outside; } sides;

/* What both sides share adds or multiplies nothing of its own at the edge, but it must itself be smooth
 * across it. */
static double shared(analysis *x, node_id n, const sides *s)
{
    int order = smooth_eval(x, n, s->outside)->order;
    return order >= SMOOTH_INFINITE ? INFINITY : order + 1;
}

/* m such that the value is C^k across the edge for k < m: then - other is of order t^m there */
static double agreement(analysis *x, node_id then, node_id other, const sides *s);

/* A + rest against A */
static double agree_addend(analysis *x, node_id sum, node_id alone, const context *c, const sides *s)
{
    const node p = *node_at(x, sum);
    double m = -INFINITY;
    for (uint32_t k = 0; k < (p.op == OP_ADD ? 2u : p.op == OP_SUB ? 1u : 0u); k++)
        if (smooth_plain(x, p.arg[k]) == alone)
            m = fmin(fact_vanish(smooth_eval(x, p.arg[1 - k], c), s->key), shared(x, alone, s));
    return m;
}

/* a common term, factor or divisor */
static double agree_common(analysis *x, node_id then, node_id other, const sides *s)
{
    const node p = *node_at(x, then), q = *node_at(x, other);
    double m = -INFINITY;
    if (p.op != q.op || (p.op != OP_ADD && p.op != OP_SUB && p.op != OP_MUL && p.op != OP_DIV))
        return m;
    for (uint32_t k = 0; k < 2; k++) {
        if (smooth_plain(x, p.arg[k]) != smooth_plain(x, q.arg[k]) || (p.op == OP_DIV && k == 0))
            continue;
        double rest = agreement(x, p.arg[1 - k], q.arg[1 - k], s);
        const char *problem = NULL;
        if (p.op == OP_DIV)
            fact_power(x->a, smooth_eval(x, p.arg[k], s->outside), -1, &problem);
        m = problem ? m : fmax(m, fmin(rest, shared(x, p.arg[k], s)));
    }
    return m;
}

static double agreement(analysis *x, node_id then, node_id other, const sides *s)
{
    then = smooth_plain(x, then);
    other = smooth_plain(x, other);
    if (then == other)
        return shared(x, then, s);
    const fact *f = smooth_eval(x, then, s->then), *g = smooth_eval(x, other, s->other);
    double m = fmin(fact_vanish(f, s->key), fact_vanish(g, s->key));
    series a, b;
    bool known = fact_series(f, s->key, &a) && fact_series(g, s->key, &b);
    if (known && (f->power == g->power || (f->constant && g->constant)))
        m = fmax(m, series_agree(a, b));
    const edge_def *e = &x->edges.at[s->key];
    if (e->symbol == SETIR_NONE) m = fmax(m, smooth_agree_spline(x, then, other, e->base, e->bound, s->way));
    m = fmax(m, agree_addend(x, then, other, s->then, s));
    m = fmax(m, agree_addend(x, other, then, s->other, s));
    return fmax(m, agree_common(x, then, other, s));
}

/* the value at an edge of w that only one side reaches is that side's */
static void join_edge(fact *f, const fact *one, uint32_t key)
{
    series s;
    edge e = {.key = key, .m = fact_vanish(one, key)};
    e.known = fact_series(one, key, &s);
    if (e.known)
        e.at = s;
    fact_drop(f, key);
    f->edge[f->n_edges++] = e;
}

static bool has_edge(const fact *f, uint32_t key)
{
    for (uint32_t k = 0; k < f->n_edges; k++)
        if (f->edge[k].key == key)
            return true;
    return false;
}

/* Pieces of a function of w, cut at the edge: what is left at the other edges of w. */
static fact join_sides(analysis *x, node_id w, const fact *f, const fact *g, const sides *s, const context *c)
{
    const fact *below = smooth_eval(x, w, s->then), *above = smooth_eval(x, w, s->other);
    fact all = fact_join(x->a, f, g);
    bool inside = smooth_eval(x, w, c)->base == w;
    bool one_base =
        inside && (f->base == w || f->constant) && (g->base == w || g->constant) && f->power == g->power;
    uint32_t most = all.n_edges + below->n_edges + above->n_edges;
    all.edge = all.n_edges ? arena_copy(x->a, all.edge, all.n_edges * sizeof *all.edge) : NULL;
    edge *room = arena_array(x->a, edge, most + 1);
    for (uint32_t k = 0; k < all.n_edges; k++)
        room[k] = all.edge[k];
    all.edge = room;
    for (uint32_t k = 0; k < below->n_edges + above->n_edges; k++) {
        uint32_t key = k < below->n_edges ? below->edge[k].key : above->edge[k - below->n_edges].key;
        bool in_then = has_edge(below, key), in_other = has_edge(above, key);
        if (key != s->key && in_then != in_other)
            join_edge(&all, in_then ? f : g, key);
        else if (key != s->key)
            one_base = false;
    }
    fact_drop(&all, s->key);
    for (uint32_t k = 0; k < all.n_edges; k++)
        one_base &= all.edge[k].known;
    if (one_base && all.n_edges) {
        all.base = w;
        all.power = f->constant ? g->power : f->power;
    }
    all.definite = false;
    fact_settle(&all);
    return all;
}

/* the choice with its boundary on the sides that `s` says; m: how well they agree */
static fact meet(analysis *x, node_id id, node_id w, const sides *s, double *m_out)
{
    const node n = *node_at(x, id);
    const fact *f = smooth_eval(x, n.arg[1], s->then), *g = smooth_eval(x, n.arg[2], s->other);
    fact all = join_sides(x, w, f, g, s, s->outside);
    const double m = *m_out = agreement(x, n.arg[1], n.arg[2], s);
    const fact *moving = smooth_eval(x, w, s->outside);
    if (m < INFINITY)
        fact_limit(&all, moving->order, moving->blame);
    series one, two;
    bool certain = fact_series(f, s->key, &one) && fact_series(g, s->key, &two) && f->power == g->power
        && series_differ(one, two);
    if (m <= 0)
        smooth_limit(x, &all, -1, id, certain, certain ? "jumps where its condition changes"
                     : "may jump where its condition changes: the two sides are not seen to agree there");
    else if (m < SMOOTH_INFINITE)
        smooth_limit(
            x, &all, (int)ceil(m) - 1, id, certain,
            arena_printf(x->a, "its two sides differ as t^%g where its condition changes, so it is only C%d",
                         m, (int)ceil(m) - 1));
    return all;
}

/* may the side that has the boundary be smoother without, or come to zero in a way that is known? */
static bool boundary_costs(const fact *closed, const fact *other, double m)
{
    const int agreed = m < SMOOTH_INFINITE ? (int)ceil(m) - 1 : SMOOTH_INFINITE;
    return agreed >= 0 && closed->order >= 0 && !closed->constant &&
           (closed->order < agreed || (fact_touch(closed) == 0 && fact_touch(other) > 0 && closed->r.lo >= 0));
}

/* What is continuous has its limit at the boundary, so that either side may be taken without it: the order is
 * that of both without. Its range, and whether it is zero, are with it. */
static fact without_boundary(analysis *x, node_id id, node_id w, const node *condition, const sides *s)
{
    const bool in_then = condition->op == OP_LE;
    const node n = *node_at(x, id);
    double m;
    const fact *other = smooth_eval(x, n.arg[in_then ? 2 : 1], in_then ? s->other : s->then);
    const bool once = x->boundaries_count;                       /* what is in it need only be continuous, too */
    x->boundaries_count = true;
    const fact *closed = smooth_eval(x, n.arg[in_then ? 1 : 2], in_then ? s->then : s->other);
    x->boundaries_count = once;
    const fact all = meet(x, id, w, s, &m);
    if (all.order < 0 || once || !boundary_costs(closed, other, m))
        return all;
    node turned = *condition;
    turned.op = in_then ? OP_LT : OP_LE;
    sides open = *s;
    *(in_then ? &open.then : &open.other) = assume_side(x, &turned, in_then, s->key, s->outside);
    fact wide = meet(x, id, w, &open, &m);
    if (wide.order < all.order)
        return all;
    wide.r = all.r;
    wide.nonzero &= all.nonzero;
    wide.definite = all.definite;
    if (fact_vanish(closed, s->key) <= 0)                        /* else it is zero at the boundary */
        wide.touch = all.touch;
    return wide;
}

static fact select_boundary(analysis *x, node_id id, const node *condition, const context *c)
{
    bound b = bound_of(x, condition, c);
    edge_def made = {
        .base = b.w, .set = SETIR_NONE, .index = SETIR_NONE, .symbol = SETIR_NONE, .bound = b.w0};
    if (b.symbolic) {
        const uint32_t key = smooth_eval(x, b.w, c)->edge[0].key; /* before .at is read: it may grow */
        made.symbol = x->edges.at[key].symbol;
    }
    vec_push(x->a, &x->edges, made);
    sides s = {.way = b.below ? -1 : 1, .key = x->edges.n - 1, .outside = c};
    s.then = assume_side(x, condition, true, s.key, c);
    s.other = assume_side(x, condition, false, s.key, c);
    return without_boundary(x, id, b.w, condition, &s);
}

static node_id select_node(analysis *x, const node *n, node_id condition, node_id then, node_id other)
{
    return node_3(x->p, OP_SELECT, n->elem, condition, then, other, n->at);
}

/* `and`, `or`, `not` of comparisons as nested choices with one comparison each */
static node_id split(analysis *x, const node *n, const node *condition)
{
    const node_id *a = condition->arg;
    if (condition->op == OP_NOT)
        return select_node(x, n, a[0], n->arg[2], n->arg[1]);
    if (condition->op == OP_AND)
        return select_node(x, n, a[0], select_node(x, n, a[1], n->arg[1], n->arg[2]), n->arg[2]);
    if (condition->op == OP_OR)
        return select_node(x, n, a[0], n->arg[1], select_node(x, n, a[1], n->arg[1], n->arg[2]));
    return SETIR_NONE;
}

fact smooth_select(analysis *x, node_id id, const context *c)
{
    const node n = *node_at(x, id);
    node_id plain = smooth_plain(x, n.arg[0]);
    int known = smooth_decide(x, plain, c);
    if (known >= 0)
        return *smooth_eval(x, n.arg[known ? 1 : 2], smooth_assume(x, plain, known, c));
    if (!smooth_varies(x, plain)) {
        const fact *f = smooth_eval(x, n.arg[1], smooth_assume(x, plain, true, c));
        return fact_join(x->a, f, smooth_eval(x, n.arg[2], smooth_assume(x, plain, false, c)));
    }
    const node condition = *node_at(x, plain);
    node_id parts = split(x, &n, &condition);
    if (parts != SETIR_NONE)
        return *smooth_eval(x, parts, c);
    if (n.elem.kind == ELEM_REAL && (condition.op == OP_LT || condition.op == OP_LE)) {
        fact all = select_boundary(x, id, &condition, c);
        node_id gap = node_2(x->p, OP_SUB, elem_real(0), condition.arg[1], condition.arg[0], condition.at);
        const fact *g = smooth_eval(x, gap, c);
        if (g->order < 0)                                        /* the compared values themselves jump */
            fact_limit(&all, -1, g->blame);
        return all;
    }
    fact f = fact_opaque();
    smooth_limit(x, &f, -1, plain, false, condition.op == OP_EQ ? "compares numbers that move for equality"
                 : "decides by something that changes with the positions");
    return f;
}
