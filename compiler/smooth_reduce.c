/* SPDX-License-Identifier: Apache-2.0
 *
 * smooth_reduce.c: reductions over sets whose members come and go, sorting and eigenvalues. In: what is known
 * of the body. Out: what is known of the result. A sum is as smooth as its body, and at every cutoff that a
 * bound variable meets only C^k for k < m when the body vanishes as t^m there; other reductions over such
 * sets jump.
 */
#include "smooth_internal.h"

#include "setir_eval.h"

#include <math.h>
#include <string.h>

/* -------------------------------------------------------------------------------------------------- words */

static const char *index_text(analysis *x, node_id index)
{
    const node n = x->p->nodes.at[index];
    name id = n.op == OP_IVAR ? x->p->ivars.at[n.imm.ivar].id : NULL;
    return id ? id : "b";
}

/* the cutoff as the spec writes it, when that is short; what a file holds, and long text, by its value */
static const char *cutoff_text(analysis *x, const set *s)
{
    static const char file[] = "read ";
    span at = x->p->nodes.at[s->cutoff].at;
    bool pairs = s->kind == SET_PAIRS;
    bool brief = at.src && at.end > at.start && at.end - at.start <= 32 && at.end <= at.src->n;
    if (brief && strncmp(at.src->text + at.start, file, sizeof file - 1) != 0)
        return arena_strndup(x->a, at.src->text + at.start, at.end - at.start);
    const fact *f = smooth_eval(x, s->cutoff, &x->root);
    return f->constant ? arena_printf(x->a, pairs ? "%g Å" : "%g 1/Å", f->value) : "the cutoff";
}

static const char *vanish_text(analysis *x, uint32_t key, double m, bool factor)
{
    const edge_def *e = &x->edges.at[key];
    const set *s = &x->p->sets.at[e->set];
    const char *where = arena_printf(x->a, "|%s.%s| reaches %s", index_text(x, e->index),
                                     s->kind == SET_PAIRS ? "d" : "k", cutoff_text(x, s));
    if (m == -INFINITY)
        return arena_printf(x->a, "is not seen to vanish when %s: it may jump, or grow without bound", where);
    if (m <= 0 || isnan(m))
        return arena_printf(x->a, m < 0    ? "grows without bound when %s, so it is discontinuous"
                                  : factor ? "a factor does not come to 1 when %s, so it is discontinuous"
                                           : "does not vanish when %s, so it is discontinuous", where);
    return arena_printf(x->a, factor ? "a factor comes to 1 as t^%g when %s, so it is only C%d"
                                     : "vanishes as t^%g when %s, so it is only C%d", m, where, (int)ceil(m) - 1);
}

/* --------------------------------------------------------------------------------------------------- sums */

/* Which factor of a product makes it vanish at the edge, when one alone does? A mere number beside it is left
 * with it. */
static node_id vanishing_factor(analysis *x, const node *n, uint32_t key, const context *c)
{
    const fact *f[2] = {smooth_eval(x, n->arg[0], c), smooth_eval(x, n->arg[1], c)};
    double m[2] = {fact_vanish(f[0], key), fact_vanish(f[1], key)};
    for (uint32_t k = 0; k < (n->op == OP_MUL ? 2u : 1u); k++)
        if (m[k] > 0 && m[1 - k] == 0 && !f[1 - k]->constant)
            return n->arg[k];
    return SETIR_NONE;
}

/* the addend that vanishes least, and of that the factor by which it does; a number has no place of its own */
static node_id worst_part(analysis *x, node_id body, node_id whole, uint32_t key, const context *c)
{
    for (;;) {
        const node n = x->p->nodes.at[smooth_plain(x, body)];
        node_id part = SETIR_NONE;
        if (n.op == OP_NEG)
            part = n.arg[0];
        if (n.op == OP_ADD || n.op == OP_SUB) {
            double l = fact_vanish(smooth_eval(x, n.arg[0], c), key),
                   r = fact_vanish(smooth_eval(x, n.arg[1], c), key);
            part = l == r ? SETIR_NONE : n.arg[l < r ? 0 : 1];
        }
        if (n.op == OP_MUL || n.op == OP_DIV)
            part = vanishing_factor(x, &n, key, c);
        if (part == SETIR_NONE)
            return n.op == OP_CONST ? whole : body;
        body = part;
    }
}

/* what the sum loses because members come and go at this edge */
static void limit_at_edge(analysis *x, fact *f, const fact *body, node_id id, node_id at, uint32_t key,
                          const context *c)
{
    double m = fact_vanish(body, key);
    series s;
    int order = m <= 0 || isnan(m) ? -1 : m >= SMOOTH_INFINITE ? SMOOTH_INFINITE : (int)ceil(m) - 1;
    set_id over = x->edges.at[key].set;
    if (order < f->order) {
        blame *b = arena_new(x->a, blame);
        bool number = x->p->nodes.at[at].elem.rank == 0;         /* vectors of opposite pairs cancel */
        bool leading = (body->definite && range_sign(body->r)) || (fact_series(body, key, &s) && s.n > 0);
        bool factor = x->p->nodes.at[id].imm.reduce == RED_PROD;
        *b = (blame){.node = factor ? id : worst_part(x, at, id, key, c), .origin = id,
                     .reason = vanish_text(x, key, m, factor),
                     .certain = number && leading, .boundary = over, .vanish = m};
        fact_limit(f, order, b);
    }
    const fact *cutoff = smooth_eval(x, x->p->sets.at[over].cutoff, &x->root);
    if (m < INFINITY)
        fact_limit(f, cutoff->order, cutoff->blame);
}

/* Does the row or set certainly have a member? A row that starts at an end of a pair of the same set does. */
static bool never_empty(analysis *x, const ivar *v)
{
    const set *s = &x->p->sets.at[v->set];
    if (v->partner != SETIR_NONE || v->to != SETIR_NONE)
        return false;
    if (s->kind == SET_PAIRS && v->row != SETIR_NONE) {
        const node row = x->p->nodes.at[v->row];
        return (row.op == OP_PAIR_I || row.op == OP_PAIR_J) && x->p->nodes.at[row.arg[0]].elem.set == v->set;
    }
    return s->kind == SET_BASE || s->kind == SET_AXIS || s->kind == SET_RANGE || s->kind == SET_SPECIES;
}

static range sum_range(analysis *x, const node *n, const fact *body, bool filtered)
{
    bool filled = !filtered;
    for (uint32_t k = 0; k < n->imm.n_ivars; k++)
        filled &= never_empty(x, &x->p->ivars.at[n->imm.ivars[k]]);
    range_end end = filled && range_nonzero(body->r, true)    ? END_OPEN
                    : filled && range_nonzero(body->r, false) ? END_EDGE
                                                              : END_CLOSED;
    if (body->r.lo >= 0)
        return range_of(0, end, INFINITY, END_OPEN);
    if (body->r.hi <= 0)
        return range_of(-INFINITY, END_OPEN, 0, end);
    return range_all;
}

static fact without_base(analysis *x, const fact *body)
{
    fact f = *body;
    f.base = SETIR_NONE;
    f.power = 0;
    f.constant = f.nonzero = f.definite = f.affine = false;
    f.touch = (touch){0};
    f.r = range_all;
    f.edge = f.n_edges ? arena_copy(x->a, f.edge, f.n_edges * sizeof *f.edge) : NULL;
    return f;
}

/* The cutoff that bound variable k meets; a set that changes in another way makes the result jump. */
static uint32_t bound_edge(analysis *x, const node *n, uint32_t k, fact *f)
{
    node_id index = node_ivar(x->p, n->imm.ivars[k], n->at);
    uint32_t key = smooth_index_edge(x, index);
    if (key == SETIR_NONE && smooth_set_varies(x, x->p->ivars.at[n->imm.ivars[k]].set))
        smooth_limit(x, f, -1, n->arg[0], false, "runs over a set whose members come and go");
    return key;
}

/* sin(pi f_k)^2p of the fractional coordinate f_k, along axis k, of the difference of two places of a crystal
 * that never coincide: not all three are zero */
static bool periodic_square(analysis *x, node_id id, ivar_id axis, const context *c)
{
    const node power = x->p->nodes.at[smooth_plain(x, id)];
    bool even = power.op == OP_POW && power.imm.value[0] > 0 && fmod(power.imm.value[0], 2) == 0;
    if (!even && !(power.op == OP_MUL && power.arg[0] == power.arg[1]))
        return false;
    const node wave = x->p->nodes.at[smooth_plain(x, power.arg[0])];
    if (wave.op != OP_SIN)
        return false;
    const node phase = x->p->nodes.at[smooth_plain(x, wave.arg[0])];
    if (phase.op != OP_MUL)
        return false;
    const fact *l = smooth_eval(x, phase.arg[0], c), *r = smooth_eval(x, phase.arg[1], c);
    const node f = x->p->nodes.at[smooth_plain(x, phase.arg[l->constant ? 1 : 0])];
    double factor = fabs(l->constant ? l->value : r->value), pi = acos(-1.0);
    if ((!l->constant && !r->constant) || fabs(factor - pi) > 1e-12 * pi || f.op != OP_FRAC)
        return false;
    const node v = x->p->nodes.at[smooth_plain(x, f.arg[0])], k = x->p->nodes.at[f.arg[1]];
    if (v.op != OP_SUB || k.op != OP_IVAR || k.imm.ivar != axis || !smooth_apart(x, v.arg[0], v.arg[1], c))
        return false;
    const node end = x->p->nodes.at[smooth_plain(x, v.arg[0])];
    return end.op == OP_INPUT && x->p->inputs.at[end.imm.input].slot == f.imm.slot;
}

/* the sum of such squares over the three axes, or of the lattice vectors times them, is never zero */
static bool lattice_separates(analysis *x, const node *n, node_id body, const context *c)
{
    const set *s = &x->p->sets.at[x->p->ivars.at[n->imm.ivars[0]].set];
    if (n->imm.n_ivars != 1 || s->kind != SET_AXIS || s->count != 3)
        return false;
    if (n->elem.rank == 0)
        return periodic_square(x, body, n->imm.ivars[0], c);
    const node b = x->p->nodes.at[smooth_plain(x, body)];
    if (b.op != OP_MUL)
        return false;
    const node a = x->p->nodes.at[smooth_plain(x, b.arg[1])];
    const node k = a.op == OP_CELL_VEC ? x->p->nodes.at[a.arg[0]] : a;
    return a.op == OP_CELL_VEC && a.imm.slot == s->slot && k.op == OP_IVAR &&
           k.imm.ivar == n->imm.ivars[0] && periodic_square(x, b.arg[0], n->imm.ivars[0], c);
}

/* terms that leave, or come to zero inside, each with derivatives as bounded as the term itself is */
static touch sum_of_touches(analysis *x, const node *n, const fact *body)
{
    for (uint32_t k = 0; k < n->imm.n_ivars; k++) {
        uint32_t key = smooth_index_edge(x, node_ivar(x->p, n->imm.ivars[k], n->at));
        if (key != SETIR_NONE && fact_vanish(body, key) <= 0)
            return (touch){0};
    }
    return (touch){.power = fact_touch(body)};
}

/* how a sum of positive terms comes to zero: only by terms that leave */
static touch sum_touch(analysis *x, const node *n, const fact *body, bool filtered)
{
    touch r = {.power = INFINITY, .exact = !filtered && n->imm.n_ivars == 1};
    for (uint32_t k = 0; k < n->imm.n_ivars; k++) {
        uint32_t key = smooth_index_edge(x, node_ivar(x->p, n->imm.ivars[k], n->at));
        series s;
        bool flat = key != SETIR_NONE && fact_vanish(body, key) == INFINITY;
        if (key == SETIR_NONE || fact_vanish(body, key) <= 0 || (!flat && !body->definite) ||
            range_sign(body->r) <= 0)
            return sum_of_touches(x, n, body);
        r.power = fmin(r.power, fact_vanish(body, key));
        r.exact = r.exact && fact_series(body, key, &s) && s.n > 0;
    }
    bool own = !filtered && n->imm.n_ivars == 1 && never_empty(x, &x->p->ivars.at[n->imm.ivars[0]]);
    r.floor = own ? r.power : 0;
    return r;
}

static fact reduce_sum(analysis *x, const node *n, node_id id, node_id at, bool filtered, const context *c)
{
    const fact term = smooth_by_elements(x, at, c), *body = &term;
    fact f = without_base(x, body);
    if (fact_is_zero(body)) {
        fact none = fact_constant(0, 0);
        fact_limit(&none, body->order, body->blame);
        return none;
    }
    for (uint32_t k = 0; k < n->imm.n_ivars; k++) {
        uint32_t key = bound_edge(x, n, k, &f);
        if (key == SETIR_NONE)
            continue;
        limit_at_edge(x, &f, body, id, at, key, c);
        fact_drop(&f, key);
    }
    f.r = sum_range(x, n, body, filtered);
    f.touch = sum_touch(x, n, body, filtered);
    if (!filtered && lattice_separates(x, n, at, c)) {
        f.nonzero = f.definite = true;
        f.r = n->elem.rank == 0 ? range_of(0, END_OPEN, INFINITY, END_OPEN) : f.r;
    }
    fact_settle(&f);
    return f;
}

/* --------------------------------------------------------------------------------------- other reductions */

/* A product changes by the factor 1 + (body - 1) when a member enters. */
static fact reduce_product(analysis *x, const node *n, node_id id, node_id at, const context *c)
{
    node_id one = node_const(x->p, 1, unit_none(), n->at);
    const node b = x->p->nodes.at[smooth_plain(x, at)];
    node_id change = node_2(x->p, OP_SUB, b.elem, at, one, n->at);
    if ((b.op == OP_ADD || b.op == OP_SUB) && smooth_eval(x, b.arg[0], c)->constant &&
        smooth_eval(x, b.arg[0], c)->value == 1)
        change = b.arg[1];
    const fact *body = smooth_eval(x, at, c), *less = smooth_eval(x, change, c);
    fact f = without_base(x, body);
    for (uint32_t k = 0; k < n->imm.n_ivars; k++) {
        uint32_t key = bound_edge(x, n, k, &f);
        if (key != SETIR_NONE) {
            limit_at_edge(x, &f, less, id, change, key, c);
            fact_drop(&f, key);
        }
    }
    for (uint32_t k = 0; k < f.n_edges; k++)                     /* any number of factors */
        f.edge[k].m = f.edge[k].m < 0 ? -INFINITY : 0;
    f.r = range_nonzero(body->r, true) && body->r.lo >= 0 ? range_of(0, END_OPEN, INFINITY, END_OPEN)
                                                          : range_all;
    fact_settle(&f);
    return f;
}

static fact reduce_other(analysis *x, const node *n, node_id id, node_id at, bool filtered, const context *c)
{
    const fact *body = smooth_eval(x, at, c);
    fact f = without_base(x, body);
    bool mean = n->imm.reduce == RED_MEAN, several = false;
    for (uint32_t k = 0; k < n->imm.n_ivars; k++) {
        uint32_t key = bound_edge(x, n, k, &f);
        if (key == SETIR_NONE)
            continue;
        several = true;
        fact_drop(&f, key);
        const edge_def *e = &x->edges.at[key];
        smooth_limit(x, &f, -1, id, mean,
                     arena_printf(x->a, "a %s over %s jumps when one enters or leaves at |%s.%s| = %s",
                                  mean                       ? "mean"
                                  : n->imm.reduce == RED_MAX ? "maximum"
                                                             : "minimum",
                                  x->p->sets.at[e->set].id ? x->p->sets.at[e->set].id : "a set that changes",
                                  index_text(x, e->index),
                                  x->p->sets.at[e->set].kind == SET_PAIRS ? "d" : "k",
                                  cutoff_text(x, &x->p->sets.at[e->set])));
    }
    f.r = mean && filtered ? range_hull(body->r, range_point(0)) : body->r;
    if (mean && several)
        f.r = range_hull(f.r, range_point(0));
    if (!mean && smooth_varies(x, at))
        smooth_limit(x, &f, 0, id, false,
                     n->imm.reduce == RED_MAX ? "has a kink where the largest changes"
                                              : "has a kink where the smallest changes");
    fact_settle(&f);
    return f;
}

fact smooth_reduce(analysis *x, node_id id, const context *c)
{
    const node n = x->p->nodes.at[id];
    fact by_elements;
    double number;
    if (eval_constant(x->p, id, &number)) /* as the largest reach of a table */
        return fact_constant(number, fabs(number));
    if (n.imm.reduce == RED_SUM && smooth_listed_sum(x, &n, c, &by_elements))
        return by_elements;
    node_id body = n.arg[0];
    bool filtered = n.n_args > 1;
    int known = filtered ? smooth_decide(x, n.arg[1], c) : 1;
    if (filtered && known < 0 && smooth_varies(x, n.arg[1])) { /* members leave where the condition changes */
        fact f = fact_opaque();
        if (n.imm.reduce != RED_SUM) {
            smooth_limit(x, &f, -1, n.arg[1], false, "decides by something that moves which members count");
            return f;
        }
        node_id zero = program_node(x->p, OP_CONST, n.elem, NULL, 0, &(node_imm){.unit = unit_none()}, n.at);
        body = node_3(x->p, OP_SELECT, n.elem, n.arg[1], body, zero, n.at);
    } else if (filtered) {
        c = smooth_assume(x, n.arg[1], true, c);
    }
    switch (n.imm.reduce) {
    case RED_SUM: return reduce_sum(x, &n, id, body, filtered, c);
    case RED_PROD: return reduce_product(x, &n, id, body, c);
    case RED_MEAN: case RED_MAX: case RED_MIN: break;
    }
    return reduce_other(x, &n, id, body, filtered, c);
}

/* -------------------------------------------------------------------------------------- library functions */

static bool domain_varies(analysis *x, const def *d)
{
    for (uint32_t k = 0; k < d->n_param; k++)
        if (smooth_set_varies(x, x->p->ivars.at[d->param[k]].set))
            return true;
    return false;
}

/* one order less than the number; its blame remembers the derivative */
static void derivative_limit(analysis *x, fact *f, const fact *number)
{
    if (number->order == SMOOTH_INFINITE)
        return;
    blame *b = NULL;
    if (number->blame) {
        b = arena_new(x->a, blame);
        *b = *number->blame;
        b->derivatives++;
    }
    fact_limit(f, number->order > -1 ? number->order - 1 : -1, b);
}

fact smooth_lib(analysis *x, const def *d, node_id at)
{
    const def arg = x->p->defs.at[d->lib_arg];
    fact inner = arg.lib == LIB_NONE ? *smooth_eval(x, arg.body, &x->root) : smooth_lib(x, &arg, at);
    fact f = fact_opaque();
    if (lib_is_derivative(d->lib))
        derivative_limit(x, &f, &inner);
    else
        fact_limit(&f, inner.order, inner.blame);
    const def *made = &arg;
    while (made->lib != LIB_NONE)
        made = &x->p->defs.at[made->lib_arg];
    bool varies = smooth_varies(x, made->body);
    node_id blamed = at != SETIR_NONE ? at : made->body;
    if (d->lib == LIB_ALONG) {
        const def along = x->p->defs.at[d->along];
        fact other = along.lib == LIB_NONE ? *smooth_eval(x, along.body, &x->root) : smooth_lib(x, &along, at);
        fact_limit(&f, other.order, other.blame);
    }
    if (!lib_is_derivative(d->lib) && domain_varies(x, &arg))
        smooth_limit(x, &f, -1, blamed, false, "puts in order a set whose members come and go");
    if (!varies)
        return f;
    if (d->lib == LIB_SORTROWS)
        smooth_limit(x, &f, -1, blamed, true,
                     "jumps where two rows have the same norm: their entries change places");
    else if (d->lib == LIB_SORT)
        smooth_limit(x, &f, 0, blamed, false, "sorting has a kink where two values are equal");
    else if (d->lib == LIB_EIGVECS)
        smooth_limit(x, &f, -1, blamed, false, "eigenvectors jump where two eigenvalues are equal");
    else if (d->lib == LIB_EIGVALS)
        smooth_limit(x, &f, 0, blamed, false, "eigenvalues have a kink where two of them are equal");
    return f;
}
