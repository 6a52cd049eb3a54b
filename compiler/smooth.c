/* SPDX-License-Identifier: Apache-2.0
 *
 * smooth.c: the order of differentiability of every value, bottom up. In: a program. Out: facts
 * (smooth_fact.h) per node and context. Tensors are looked through: an access is judged as the tensor's body
 * with the indices in place, so that what vanishes at a cutoff is seen through definitions. Here: memory,
 * cutoffs, what is asked from outside. Operations: smooth_ops.c, smooth_scalar.c.
 */
#include "smooth_internal.h"

#include <math.h>

enum { SMOOTH_STEPS = 400000, SMOOTH_DEPTH = 3000 }; /* beyond: "too large to follow", nothing is claimed */

/* ------------------------------------------------------------------------------------------------ helpers */

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

/* Does it depend on a parameter? Where it has no value for one of the parameter's values, that counts even if nothing
 * moves there. */
static bool is_trained(analysis *x, node_id id)
{
    while (x->trained.n <= id)
        vec_push(x->a, &x->trained, 0);
    if (x->trained.at[id])
        return x->trained.at[id] == 2;
    const node n = x->p->nodes.at[id];
    bool yes = n.op == OP_PARAM;
    if (n.op == OP_ACCESS || n.op == OP_PADGET) {
        def_id d = n.imm.def;
        for (; x->p->defs.at[d].lib != LIB_NONE; d = x->p->defs.at[d].lib_arg) {
            const def *along = x->p->defs.at[d].lib == LIB_ALONG ? &x->p->defs.at[x->p->defs.at[d].along] : NULL;
            yes |= along && (along->lib != LIB_NONE || is_trained(x, along->body)); /* rather too much */
        }
        yes |= is_trained(x, x->p->defs.at[d].body);
    }
    for (uint32_t k = 0; k < n.n_args && !yes; k++)
        yes = is_trained(x, n.arg[k]);
    x->trained.at[id] = yes ? 2 : 1;
    return yes;
}

bool smooth_must_exist(analysis *x, node_id id)
{
    return smooth_varies(x, id) || is_trained(x, id);
}

/* the tensor's body with the access's indices in place of its own */
node_id smooth_inline(analysis *x, node_id id)
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
        node_id next = n->op == OP_ASCRIBE ? n->arg[0] : n->op == OP_ACCESS ? smooth_inline(x, id) : id;
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

/* ------------------------------------------------------------------------------------------------ cutoffs */

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
    node_id vector = node_1(x->p, kind == SET_PAIRS ? OP_PAIR_D : OP_RECIP_K, elem_real(1), index,
                            x->p->nodes.at[index].at);
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

/* --------------------------------------------------------------------------------------------------- memo */

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
        *f = smooth_operation(x, n, c);
        x->depth--;
        smooth_apply(x, n, c, f);
        if (x->p->nodes.at[n].elem.rank) {
            f->r = range_all;
            f->touch = (touch){0};
        }
        if (!smooth_varies(x, n) && (f->order >= 0 || !is_trained(x, n))) {
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

/* ---------------------------------------------------------------------------------------------- interface */

/* of one program: positions and cell move; positions alone */
typedef struct views {
    const program *p;
    analysis      *of[2];
} views;

struct smooth_result {
    arena *a;
    views  plain, written;       /* as it stands; with its derivatives written out */
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

static void views_open(arena *a, views *v)
{
    if (v->of[0])
        return;
    v->of[0] = analysis_new(a, v->p, true);
    v->of[1] = analysis_new(a, v->p, false);
}

smooth_result *smooth_analyse(arena *a, const program *p, const program *written)
{
    smooth_result *r = arena_new(a, smooth_result);
    r->a = a;
    r->plain.p = p;
    r->written.p = written;
    views_open(a, &r->plain);
    return r;
}

/* Does the roughness of the blamed operation surely arrive at n? Through sums with smoother terms, factors
 * that have one sign, increasing functions; terms of one sign do not cancel in a sum. */
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
        case OP_NEG:
        case OP_EXP:
        case OP_LOG:
        case OP_TANH:
        case OP_ATAN:
        case OP_SINH:
        case OP_ERF:
        case OP_ERFC: n = d.arg[0]; break;
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
            const node o = x->p->nodes.at[b->origin];            /* a filter by distance stands as a choice */
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
    i.derivatives = b->derivatives;
    return i;
}

static fact def_fact(analysis *x, def_id id)
{
    const def d = x->p->defs.at[id];
    return d.lib == LIB_NONE ? *smooth_eval(x, d.body, &x->root) : smooth_lib(x, &d, SETIR_NONE);
}

static smooth_info def_info(const views *v, def_id id)
{
    fact both = def_fact(v->of[0], id), positions = def_fact(v->of[1], id);
    const def *d = &v->p->defs.at[id];
    return info_from(v->of[0], d->lib == LIB_NONE ? d->body : SETIR_NONE, &both, positions.order);
}

/* A derivative is one order lower than its number; what is made of derivatives is sometimes smoother than
 * that shows, and then their expressions say so. */
smooth_info smooth_def(smooth_result *r, def_id id, int wanted)
{
    smooth_info plain = def_info(&r->plain, id);
    if (plain.order >= wanted || !r->written.p || r->written.p == r->plain.p)
        return plain;
    views_open(r->a, &r->written);
    smooth_info written = def_info(&r->written, id);
    return written.order > plain.order ? written : plain;
}

const char *smooth_order_text(arena *a, int order)
{
    return order < 0                  ? "discontinuous"
           : order >= SMOOTH_INFINITE ? "C-infinity"
                                      : arena_printf(a, "C%d", order);
}
