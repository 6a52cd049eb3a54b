/* SPDX-License-Identifier: Apache-2.0
 *
 * rewrite.c: rebuilding a program in normal form. In: a verified program. Out: a new program with the same
 * sets, inputs and tensors (same ids). One walk does three things: tensors are inlined at their uses where
 * that is no loss (rewrite_keep.c), bound index variables get canonical names (so that alpha-equal sums are
 * one node), and every node is built by rule_node.
 */
#include "rewrite.h"
#include "curve.h"

#include <math.h>
#include <string.h>

/* a sum over so few constant elements is written out; over more when each means another case of its body, or another
 * channel */
enum { UNROLL_MOST = 4, UNROLL_CASES = 8, UNROLL_AXES = 9, UNROLL_CHANNELS = 32 };

/* ---- canonical index variables ------------------------------------------------------------------------- */

static bool same_range(const ivar *a, const ivar *b)
{
    return a->set == b->set && a->row == b->row && a->to == b->to && a->partner == b->partner &&
           a->unordered == b->unordered;
}

/* in the list, or the partner of one that is: what is said of the partner must not be read of another
 * variable */
static bool is_taken(const rewriter *r, const ivar_list *avoid, ivar_id v)
{
    for (uint32_t k = 0; k < avoid->n; k++)
        if (avoid->at[k] == v || r->p->ivars.at[avoid->at[k]].partner == v) return true;
    return false;
}

ivar_id rewrite_canonical(rewriter *r, ivar wanted, const ivar_list *avoid)
{
    for (uint32_t v = r->first_canonical; v < r->p->ivars.n; v++)
        if (same_range(&r->p->ivars.at[v], &wanted) && !is_taken(r, avoid, v)) return v;
    return program_ivar(r->p, wanted);
}

/* ---- the walk ------------------------------------------------------------------------------------------ */

typedef struct env {
    const struct env *outer;
    ivar_id from;
    node_id to;
} env;

/* results by source node and by what its free variables stand for */
typedef struct done {
    struct done *next;
    node_id *key;
    node_id result;
} done;
typedef struct done_def {
    struct done_def *next;
    node_id *key;
    def_id result;
} done_def;

typedef struct walk {
    rewriter *r;
    const program *from; /* r->p itself when variables are renamed                                  */
    done **nodes;
    uint32_t n_nodes;
    done_def **defs;
} walk;

static node_id env_find(const env *e, ivar_id v)
{
    for (; e; e = e->outer)
        if (e->from == v) return e->to;
    return SETIR_NONE;
}

static node_id *env_key(walk *w, const env *e, const ivar_id *list, uint32_t n)
{
    node_id *key = arena_array(w->r->memory, node_id, n + 1);
    for (uint32_t k = 0; k < n; k++) key[k] = env_find(e, list[k]);
    return key;
}

static node_id walk_node(walk *w, node_id n, const env *e);

static node_id walk_optional(walk *w, node_id n, const env *e)
{
    return n == SETIR_NONE ? SETIR_NONE : walk_node(w, n, e);
}

/* the variable `v` bound anew; names in `avoid` are taken. `to` becomes a condition (in *to). */
static ivar_id walk_binder(walk *w, ivar_id v, const env *e, ivar_list *avoid, node_id *to)
{
    ivar x = w->from->ivars.at[v];
    x.row = walk_optional(w, x.row, e);
    *to = walk_optional(w, x.to, e);
    x.to = SETIR_NONE;
    if (x.partner != SETIR_NONE) {
        node_id other = env_find(e, x.partner);
        if (other != SETIR_NONE) x.partner = w->r->p->nodes.at[other].imm.ivar;
    }
    ivar_id c = rewrite_canonical(w->r, x, avoid);
    ivar_list_add(w->r->memory, avoid, c);
    return c;
}

static node_id real_const(walk *w, double x, span at)
{
    return node_const(w->r->p, x, unit_none(), at);
}

static node_id neutral(walk *w, reduction op, elem e, span at)
{
    double x = op == RED_PROD ? 1 : op == RED_MAX ? -INFINITY : op == RED_MIN ? INFINITY : 0;
    node_id one = real_const(w, x, at);
    uint32_t parts = elem_components(e);
    if (parts == 1 && !e.channels) return one;
    if (e.channels) {
        node_id *all = arena_array(w->r->memory, node_id, parts);
        for (uint32_t k = 0; k < parts; k++) all[k] = one;
        return program_node(w->r->p, OP_CHANNEL_CAT, e, all, parts, NULL, at);
    }
    node_imm imm = {.unit = unit_none()};
    for (uint32_t k = 0; k < parts; k++) imm.value[k] = x;
    return program_node(w->r->p, OP_CONST, e, NULL, 0, &imm, at);
}

static node_id combine(walk *w, reduction op, elem e, node_id a, node_id b, span at)
{
    node_op with = op == RED_PROD ? OP_MUL : op == RED_MAX ? OP_MAX2 : op == RED_MIN ? OP_MIN2 : OP_ADD;
    return rule_node(w->r, with, e, (node_id[]){a, b}, 2, NULL, at);
}

/* sum over the small sets among the variables written out; NONE when it does not apply */
typedef struct unroll {
    const node *n;
    ivar_id small[3];
    uint32_t n_small;
    bool where_inside; /* the condition depends on them, or nothing else is left to carry it       */
    node_id value, count;
} unroll;

static void unroll_at(walk *w, unroll *u, uint32_t depth, const env *e)
{
    const node *n = u->n;
    if (depth < u->n_small) {
        set_id s = w->from->ivars.at[u->small[depth]].set;
        for (int32_t k = 0; k < set_constant(w->from, s); k++) {
            node_imm imm = {.k = k, .set = s};
            env inner = {e, u->small[depth],
                         program_node(w->r->p, OP_INDEX_CONST, elem_index(s), NULL, 0, &imm, n->at)};
            unroll_at(w, u, depth + 1, &inner);
        }
        return;
    }
    reduction op = n->imm.reduce;
    node_id term = walk_node(w, n->arg[0], e), one = real_const(w, 1, n->at);
    if (u->where_inside) {
        node_id where = walk_node(w, n->arg[1], e);
        term = rule_node(w->r, OP_SELECT, n->elem, (node_id[]){where, term, neutral(w, op, n->elem, n->at)},
                         3, NULL, n->at);
        one = rule_node(w->r, OP_SELECT, elem_real(0), (node_id[]){where, one, real_const(w, 0, n->at)}, 3,
                        NULL, n->at);
    }
    u->value = u->value == SETIR_NONE ? term : combine(w, op, n->elem, u->value, term, n->at);
    u->count = u->count == SETIR_NONE ? one : combine(w, RED_SUM, elem_real(0), u->count, one, n->at);
}

static node_id unroll_mean(walk *w, const unroll *u)
{
    const node *n = u->n;
    node_id zero = real_const(w, 0, n->at);
    node_id ratio = rule_node(w->r, OP_DIV, n->elem, (node_id[]){u->value, u->count}, 2, NULL, n->at);
    node_id any = rule_node(w->r, OP_LT, elem_bool(), (node_id[]){zero, u->count}, 2, NULL, n->at);
    return rule_node(w->r, OP_SELECT, n->elem, (node_id[]){any, ratio, neutral(w, RED_SUM, n->elem, n->at)},
                     3, NULL, n->at);
}

static bool is_scalar(elem e)
{
    return e.kind == ELEM_REAL && e.rank == 0 && e.channels == 0;
}

static bool is_variable(const program *p, node_id id, ivar_id v)
{
    const node *n = &p->nodes.at[id];
    return n->op == OP_IVAR && n->imm.ivar == v;
}

/* is something chosen by which constant element the variable is? */
static int64_t chosen_by(const program *p, node_id id, ivar_id v, bool *seen)
{
    const node *n = &p->nodes.at[id];
    int64_t most = UNROLL_MOST;
    if (seen[id] || !program_depends(p, id, v)) return most;
    seen[id] = true;
    for (uint32_t k = 0; n->op == OP_INDEX_EQ && k < 2; k++)
        if (is_variable(p, n->arg[k], v) && p->nodes.at[n->arg[1 - k]].op == OP_INDEX_CONST) most = UNROLL_CASES;
    for (uint32_t k = 1; (n->op == OP_CHANNEL_AT || n->op == OP_CHANNEL_PUT) && k < n->n_args; k++)
        if (is_variable(p, n->arg[k], v)) return UNROLL_CHANNELS;
    for (uint32_t k = 0; k < n->n_args && most < UNROLL_CHANNELS; k++) {
        int64_t part = chosen_by(p, n->arg[k], v, seen);
        most = part > most ? part : most;
    }
    return most;
}

static int64_t unroll_most(const walk *w, const node *n, ivar_id v)
{
    const program *p = w->from;
    if (p->sets.at[p->ivars.at[v].set].kind == SET_AXIS) return UNROLL_AXES;
    bool *seen = arena_array(w->r->memory, bool, p->nodes.n);
    int64_t most = UNROLL_MOST;
    for (uint32_t k = 0; k < n->n_args; k++) {
        int64_t part = chosen_by(p, n->arg[k], v, seen);
        most = part > most ? part : most;
    }
    return most;
}

/* picks the variables to write out; true when there are some */
static bool unroll_pick(const walk *w, const node *n, unroll *u)
{
    const program *p = w->from;
    int64_t times = 1;
    for (uint32_t k = 0; k < n->imm.n_ivars; k++) {
        const ivar *v = &p->ivars.at[n->imm.ivars[k]];
        if (v->partner != SETIR_NONE) return false;
        int64_t count = v->row == SETIR_NONE ? set_constant(p, v->set) : 0;
        bool small = count > 0 && times * count <= unroll_most(w, n, n->imm.ivars[k]);
        if (!small || u->n_small == 3) continue;
        times *= count;
        u->small[u->n_small++] = n->imm.ivars[k];
    }
    bool all = u->n_small == n->imm.n_ivars;
    if (n->imm.reduce == RED_MEAN && !all) return false;
    if (n->n_args > 1) {
        const node *where = &p->nodes.at[n->arg[1]];
        u->where_inside = all;
        for (uint32_t k = 0; k < u->n_small; k++)
            u->where_inside |= ivar_list_has(where->free, where->n_free, u->small[k]);
    }
    return u->n_small > 0 && (n->imm.reduce <= RED_MEAN || is_scalar(n->elem));
}

static node_id walk_reduce_over(walk *w, const node *n, const ivar_id *ivars, uint32_t n_ivars,
                                const unroll *u, const env *e)
{
    program *p = w->r->p;
    rewriter *r = w->r;
    if (n_ivars == 0) {
        unroll whole = *u;
        unroll_at(w, &whole, 0, e);
        return n->imm.reduce == RED_MEAN ? unroll_mean(w, &whole) : whole.value;
    }
    ivar_list avoid = {0};
    for (uint32_t k = 0; k < n->n_free; k++) {
        node_id value = env_find(e, n->free[k]);
        if (value == SETIR_NONE)
            ivar_list_add(r->memory, &avoid, n->free[k]);
        else
            ivar_list_add_free(p, &avoid, value);
    }
    env *bound = arena_array(r->memory, env, n_ivars);
    node_imm imm = {
        .reduce = n->imm.reduce, .n_ivars = n_ivars, .ivars = arena_array(r->memory, ivar_id, n_ivars)};
    node_id where = SETIR_NONE;
    for (uint32_t k = 0; k < n_ivars; k++) {
        node_id to;
        imm.ivars[k] = walk_binder(w, ivars[k], e, &avoid, &to);
        node_id index = node_ivar(p, imm.ivars[k], n->at);
        bound[k] = (env){e, ivars[k], index};
        e = &bound[k];
        if (to == SETIR_NONE) continue;
        elem end = p->nodes.at[to].elem;
        node_id j = rule_node(r, OP_PAIR_J, end, &index, 1, NULL, n->at);
        node_id same = rule_node(r, OP_INDEX_EQ, elem_bool(), (node_id[]){j, to}, 2, NULL, n->at);
        where = where == SETIR_NONE
                    ? same
                    : rule_node(r, OP_AND, elem_bool(), (node_id[]){where, same}, 2, NULL, n->at);
    }
    node_id args[2];
    if (u->n_small) {
        unroll inner = *u;
        unroll_at(w, &inner, 0, e);
        args[0] = inner.value;
    } else {
        args[0] = walk_node(w, n->arg[0], e);
    }
    if (n->n_args > 1 && !u->where_inside) {
        node_id c = walk_node(w, n->arg[1], e);
        where = where == SETIR_NONE
                    ? c
                    : rule_node(r, OP_AND, elem_bool(), (node_id[]){where, c}, 2, NULL, n->at);
    }
    args[1] = where;
    return rule_node(r, OP_REDUCE, n->elem, args, where == SETIR_NONE ? 1 : 2, &imm, n->at);
}

static node_id walk_reduce(walk *w, const node *n, const env *e)
{
    unroll u = {.n = n, .value = SETIR_NONE, .count = SETIR_NONE};
    if (!unroll_pick(w, n, &u)) u.n_small = 0;
    ivar_id *rest = arena_array(w->r->memory, ivar_id, n->imm.n_ivars + 1);
    uint32_t n_rest = 0;
    for (uint32_t k = 0; k < n->imm.n_ivars; k++)
        if (!ivar_list_has(u.small, u.n_small, n->imm.ivars[k])) rest[n_rest++] = n->imm.ivars[k];
    return walk_reduce_over(w, n, rest, n_rest, &u, e);
}

/* parameters of a def get canonical names too, so that tensors over one set share their nodes */
static void walk_params(walk *w, def *d, const env **e)
{
    rewriter *r = w->r;
    ivar_list avoid = {0};
    ivar_id *fresh = arena_array(r->memory, ivar_id, d->n_param + 1);
    env *bound = arena_array(r->memory, env, d->n_param + 1);
    for (const env *o = *e; o; o = o->outer) ivar_list_add_free(r->p, &avoid, o->to);
    for (uint32_t k = 0; k < d->n_param; k++) {
        node_id to;
        fresh[k] = walk_binder(w, d->param[k], *e, &avoid, &to);
        bound[k] = (env){*e, d->param[k], node_ivar(r->p, fresh[k], d->at)};
        *e = &bound[k];
    }
    d->param = fresh;
}

static void walk_def_body(walk *w, def *d, const env *e)
{
    walk_params(w, d, &e);
    if (d->lib == LIB_NONE) d->body = walk_node(w, d->body, e);
}

/* a library tensor inside another tensor: a copy for each meaning of the outer variables */
static def_id walk_nested(walk *w, def_id id, const env *e)
{
    def d = w->from->defs.at[id];
    ivar_list outer = {0};
    program_def_free((program *)w->from, &outer, id);
    if (!d.nested || !outer.n) return id;
    node_id *key = env_key(w, e, outer.at, outer.n);
    for (done_def *k = w->defs[id]; k; k = k->next)
        if (!memcmp(k->key, key, outer.n * sizeof *key)) return k->result;
    if (d.lib != LIB_NONE) d.lib_arg = walk_nested(w, d.lib_arg, e);
    walk_def_body(w, &d, e);
    done_def *put = arena_new(w->r->memory, done_def);
    *put = (done_def){w->defs[id], key, program_def(w->r->p, d)};
    w->defs[id] = put;
    return put->result;
}

static node_id walk_access(walk *w, const node *n, const env *e)
{
    const program *from = w->from;
    const def *d = &from->defs.at[n->imm.def];
    node_id *args = arena_array(w->r->memory, node_id, n->n_args + 1);
    for (uint32_t k = 0; k < n->n_args; k++) args[k] = walk_node(w, n->arg[k], e);
    bool inlined = n->op == OP_ACCESS && d->lib == LIB_NONE && from != w->r->p && !w->r->kept[n->imm.def];
    if (!inlined) {
        node_imm imm = n->imm;
        imm.def = walk_nested(w, imm.def, e);
        return program_node(w->r->p, n->op, n->elem, args, n->n_args, &imm, n->at);
    }
    env *bound = arena_array(w->r->memory, env, n->n_args + 1);
    const env *inner = d->nested ? e : NULL;
    for (uint32_t k = 0; k < n->n_args; k++) {
        bound[k] = (env){inner, d->param[k], args[k]};
        inner = &bound[k];
    }
    return walk_node(w, d->body, inner);
}

static node_id walk_build(walk *w, node_id id, const env *e)
{
    node n = w->from->nodes.at[id]; /* a copy: the program may grow below              */
    switch ((int)n.op) {
    case OP_IVAR: {
        node_id to = env_find(e, n.imm.ivar);
        return to != SETIR_NONE ? to : node_ivar(w->r->p, n.imm.ivar, n.at);
    }
    case OP_ACCESS:
    case OP_PADGET: return walk_access(w, &n, e);
    case OP_REDUCE: return walk_reduce(w, &n, e);
    default: break;
    }
    node_id *args = arena_array(w->r->memory, node_id, n.n_args + 1);
    for (uint32_t k = 0; k < n.n_args; k++) args[k] = walk_node(w, n.arg[k], e);
    return rule_node(w->r, n.op, n.elem, args, n.n_args, &n.imm, n.at);
}

static node_id walk_node(walk *w, node_id id, const env *e)
{
    if (id >= w->n_nodes) /* made during this walk: already in normal form   */
        return id;
    const node *n = &w->from->nodes.at[id];
    uint32_t n_free = n->n_free;
    node_id *key = env_key(w, e, n->free, n_free);
    if (w->from == w->r->p) {
        bool touched = false;
        for (uint32_t k = 0; k < n_free; k++) touched |= key[k] != SETIR_NONE;
        if (!touched) return id;
    }
    for (done *k = w->nodes[id]; k; k = k->next)
        if (!n_free || !memcmp(k->key, key, n_free * sizeof *key)) return k->result;
    done *put = arena_new(w->r->memory, done);
    put->key = key;
    put->result = walk_build(w, id, e);
    put->next = w->nodes[id];
    w->nodes[id] = put;
    return put->result;
}

node_id rewrite_rename(rewriter *r, node_id n, const ivar_id *from, const node_id *to, uint32_t count)
{
    walk w = {.r = r, .from = r->p, .n_nodes = n + 1};
    w.nodes = arena_array(r->memory, done *, n + 1);
    w.defs = arena_array(r->memory, done_def *, r->p->defs.n + 1);
    env *bound = arena_array(r->memory, env, count + 1);
    const env *e = NULL;
    for (uint32_t k = 0; k < count; k++) {
        bound[k] = (env){e, from[k], to[k]};
        e = &bound[k];
    }
    return walk_node(&w, n, e);
}

/* ---- pairs by rows ------------------------------------------------------------------------------------- */

static bool is_first_end(const program *p, node_id id, ivar_id v)
{
    const node *n = id == SETIR_NONE ? NULL : &p->nodes.at[id];
    return n && n->op == OP_PAIR_I && p->nodes.at[n->arg[0]].op == OP_IVAR &&
           p->nodes.at[n->arg[0]].imm.ivar == v;
}

static bool runs_over_row(const program *p, node_id id, ivar_id v, bool *seen)
{
    if (seen[id] || !program_depends(p, id, v)) return false;
    seen[id] = true;
    const node *n = &p->nodes.at[id];
    for (uint32_t k = 0; k < n->imm.n_ivars; k++)
        if (is_first_end(p, p->ivars.at[n->imm.ivars[k]].row, v)) return true;
    for (uint32_t k = 0; k < n->n_args; k++)
        if (runs_over_row(p, n->arg[k], v, seen)) return true;
    return false;
}

bool rewrite_needs_row(const program *p, node_id n, ivar_id v)
{
    const ivar *over = &p->ivars.at[v];
    bool all = p->sets.at[over->set].kind == SET_PAIRS && over->row == SETIR_NONE && over->to == SETIR_NONE &&
               over->partner == SETIR_NONE;
    return all && runs_over_row(p, n, v, arena_array(p->memory, bool, n + 1));
}

row_loops rewrite_rows(rewriter *r, node_id body, ivar_id v, const ivar_list *avoid)
{
    program *p = r->p;
    ivar_list taken = {0};
    const node *n = &p->nodes.at[body];
    for (uint32_t k = 0; k < n->n_free; k++) ivar_list_add(r->memory, &taken, n->free[k]);
    for (uint32_t k = 0; avoid && k < avoid->n; k++) ivar_list_add(r->memory, &taken, avoid->at[k]);
    span at = n->at;
    ivar range = {.set = p->sets.at[p->ivars.at[v].set].parent, .row = SETIR_NONE, .to = SETIR_NONE,
                  .partner = SETIR_NONE, .at = p->ivars.at[v].at};
    row_loops rows = {.site = rewrite_canonical(r, range, &taken)};
    ivar_list_add(r->memory, &taken, rows.site);
    range = p->ivars.at[v];
    range.row = node_ivar(p, rows.site, at);
    rows.pair = rewrite_canonical(r, range, &taken);
    node_id to = node_ivar(p, rows.pair, at);
    rows.body = rewrite_rename(r, body, &v, &to, 1);
    return rows;
}

/* tensors over pairs that are stored or written */
static void find_rows(rewriter *r, const program *from)
{
    r->rows = arena_array(r->memory, row_loops, from->defs.n + 1);
    for (uint32_t k = 0; k < from->defs.n; k++) {
        const def d = r->p->defs.at[k];
        r->rows[k].body = SETIR_NONE;
        if (d.lib != LIB_NONE || d.nested || !d.n_param || !(r->kept[k] || d.output)) continue;
        ivar_list others = {0};
        for (uint32_t m = 1; m < d.n_param; m++) ivar_list_add(r->memory, &others, d.param[m]);
        if (rewrite_needs_row(r->p, d.body, d.param[0]))
            r->rows[k] = rewrite_rows(r, d.body, d.param[0], &others);
    }
}

/* ---- a whole program ----------------------------------------------------------------------------------- */

static program *copy_frame(arena *a, const program *from)
{
    program *p = program_new(a, from->id, from->at);
    p->doc = from->doc;
    for (uint32_t k = 0; k < from->cites.n; k++) vec_push(a, &p->cites, from->cites.at[k]);
    for (uint32_t k = 0; k < from->irreps.n; k++) vec_push(a, &p->irreps, from->irreps.at[k]);
    for (uint32_t k = 0; k < from->tables.n; k++) vec_push(a, &p->tables, from->tables.at[k]);
    for (uint32_t k = 0; k < from->slots.n; k++) vec_push(a, &p->slots, from->slots.at[k]);
    for (uint32_t k = 0; k < from->sets.n; k++) program_set(p, from->sets.at[k]);
    for (uint32_t k = 0; k < from->inputs.n; k++) program_input(p, from->inputs.at[k]);
    for (uint32_t k = 0; k < from->claims.n; k++) vec_push(a, &p->claims, from->claims.at[k]);
    for (uint32_t k = 0; k < from->params.n; k++) vec_push(a, &p->params, from->params.at[k]);
    for (uint32_t k = 0; k < from->curves.n; k++) vec_push(a, &p->curves, from->curves.at[k]);
    return p;
}

/* the source's own variables keep their ids; their rows are set when the nodes are there */
static void copy_ivars(walk *w)
{
    for (uint32_t k = 0; k < w->from->ivars.n; k++) {
        ivar v = w->from->ivars.at[k];
        v.row = v.to = SETIR_NONE;
        program_ivar(w->r->p, v);
    }
    w->r->first_canonical = w->r->p->ivars.n;
}

rewriter *rewrite_program(arena *a, const program *from)
{
    rewriter *r = arena_new(a, rewriter);
    r->memory = a;
    r->p = copy_frame(a, from);
    r->kept = rewrite_keep(a, from);
    r->symmetric = arena_array(a, bool, from->curves.n + 1);
    for (uint32_t k = 0; k < from->curves.n; k++) r->symmetric[k] = curve_symmetric(&from->curves.at[k]);
    walk w = {.r = r, .from = from, .n_nodes = from->nodes.n};
    w.nodes = arena_array(a, done *, from->nodes.n + 1);
    w.defs = arena_array(a, done_def *, from->defs.n + 1);
    copy_ivars(&w);
    for (uint32_t k = 0; k < from->defs.n; k++) { /* all in place first: nested copies come after them */
        def d = from->defs.at[k];
        d.body = SETIR_NONE; /* a node of the source until it is walked */
        program_def(r->p, d);
    }
    for (uint32_t k = 0; k < from->defs.n; k++) {
        def d = from->defs.at[k];
        if (!d.nested) walk_def_body(&w, &d, NULL);
        r->p->defs.at[k] = d;
    }
    for (uint32_t k = 0; k < from->sets.n; k++)
        if (from->sets.at[k].cutoff != SETIR_NONE)
            r->p->sets.at[k].cutoff = walk_node(&w, from->sets.at[k].cutoff, NULL);
    rewrite_even(r);
    find_rows(r, from);
    return r;
}
