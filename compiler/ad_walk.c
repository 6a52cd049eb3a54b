/* SPDX-License-Identifier: Apache-2.0
 *
 * ad_walk.c: one tensor's body in reverse. In: the tensor, the adjoint of its value. Out: contributions to the
 * collectors of what it reads. Every reduction is entered under variables of its own, so that values inside
 * never meet their own bound variables. Not here: what each operation passes on (ad_rules.c).
 */
#include "ad_internal.h"

void ad_fail(ad *x, span at, const char *what)
{
    if (x->failed) return;
    x->failed = true;
    diag *d = diag_report(x->sink, D_NO_DERIVATIVE, at, what);
    diag_label_primary(x->sink, d, "no rule for its derivative");
    diag_label_at(x->sink, d, x->at, "the derivative is taken here");
}

void ad_refuse_pairs(ad *x, def_id table, set_id pairs)
{
    if (x->failed) return;
    x->failed = true;
    diag *d = diag_report(x->sink, D_GRAD_FAR, x->at);
    name id = x->p->sets.at[pairs].id;
    diag_label_primary(x->sink, d, "by the displacements of `%s`", id ? id : "pairs");
    diag_label_at(x->sink, d, x->p->defs.at[table].at, "this table");
    diag_help(x->sink, d, "grad(p, s.r) has every derivative");
}

/* ---- what depends on what moves ------------------------------------------------------------------------ */

const set *ad_spots(const ad *x, const node *n)
{
    const program *p = x->p;
    const set *s = &p->sets.at[p->nodes.at[n->arg[0]].elem.set];
    if (s->kind == SET_PAIRS) s = &p->sets.at[s->parent];
    return s->kind == SET_DIFFER ? s : NULL;
}

/* spots lie on the sites of the host, laid on the sample */
static bool is_host(const ad *x, const set *spots)
{
    return spots && x->by.slot != SETIR_NONE && x->p->sets.at[spots->host].slot == x->by.slot;
}

bool ad_spots_move(ad *x, const node *n)
{
    const set *spots = ad_spots(x, n);
    bool alone = n->op == OP_SPOT_R;
    if (is_host(x, spots))
        ad_fail(x, n->at, alone ? "the place of a spot by its host" : "a displacement between spots by their host");
    else if (x->strain && ad_axes(x, x->by.slot) < 3)
        ad_fail(x, n->at, alone ? "the place of a spot by a lattice with open directions"
                                : "a displacement between spots by a lattice with open directions");
    return !x->failed;
}

static bool leaf_active(const ad *x, const node *n)
{
    const program *p = x->p;
    bool positions = x->by.kind != WRT_PAIRS && x->by.slot != SETIR_NONE;
    switch ((int)n->op) {
    case OP_INPUT:
    case OP_LOOKUP:
        return (x->by.kind == WRT_INPUT && n->imm.input == x->by.input) ||
               (positions && p->inputs.at[n->imm.input].role == IN_POSITION &&
                p->inputs.at[n->imm.input].slot == x->by.slot);
    case OP_PAIR_D: {
        const set *s = &p->sets.at[p->nodes.at[n->arg[0]].elem.set];
        return x->by.kind == WRT_PAIRS ? s == &p->sets.at[x->by.set]
                                       : positions && (s->slot == x->by.slot || is_host(x, ad_spots(x, n)));
    }
    case OP_PARAM: return x->by.kind == WRT_PARAM && n->imm.param == x->by.param;
    case OP_NAMED: return x->by.kind == WRT_NAMED && n->imm.named == x->by.named;
    case OP_SPOT_R: return positions && (ad_spots(x, n)->slot == x->by.slot || is_host(x, ad_spots(x, n)));
    case OP_RECIP_K:
    case OP_PHASE: return x->strain && p->sets.at[p->nodes.at[n->arg[0]].elem.set].slot == x->by.slot;
    case OP_CELL_VEC:
    case OP_NIGGLI_VEC:
    case OP_VOLUME:
    case OP_FRAC:
    case OP_NEAREST: return x->strain && n->imm.slot == x->by.slot;
    default: return false;
    }
}

static bool is_flat(node_op op)
{
    return op == OP_SIGN || op == OP_FLOOR || op == OP_INDEX_REAL || op == OP_PROTONS || op == OP_COUNT;
}

bool ad_active_def(ad *x, def_id d)
{
    while (x->active_def.n <= d) vec_push(x->a, &x->active_def, 0);
    if (x->active_def.at[d]) return x->active_def.at[d] > 0;
    const def *t = &x->p->defs.at[d];
    bool active = t->lib == LIB_NONE ? ad_active(x, t->body) : ad_active_def(x, t->lib_arg);
    x->active_def.at[d] = active ? 1 : -1;
    return active;
}

void ad_hold(ad *x, def_id d)
{
    while (x->active_def.n <= d) vec_push(x->a, &x->active_def, 0);
    x->active_def.at[d] = -1;
}

bool ad_active(ad *x, node_id id)
{
    while (x->active.n <= id) vec_push(x->a, &x->active, 0);
    if (x->active.at[id]) return x->active.at[id] > 0;
    const node *n = &x->p->nodes.at[id];
    bool active = false;
    if (n->elem.kind == ELEM_REAL && !is_flat(n->op)) {
        active = leaf_active(x, n);
        uint32_t first = n->op == OP_SELECT, n_args = n->op == OP_REDUCE ? 1 : n->n_args;
        for (uint32_t k = first; !active && k < n_args; k++) active = ad_active(x, n->arg[k]);
        if (n->op == OP_ACCESS || n->op == OP_PADGET) active |= ad_active_def(x, n->imm.def);
    }
    x->active.at[id] = active ? 1 : -1;
    return active;
}

/* ---- the nodes in order -------------------------------------------------------------------------------- */

void ad_enter_reduce(ad_walk *w, visit *v, bool ordered)
{
    ad *x = w->x;
    program *p = x->p;
    const node n = p->nodes.at[v->n];
    node_id *to = arena_array(x->a, node_id, n.imm.n_ivars + 1);
    node_id where = SETIR_NONE;
    for (uint32_t k = 0; k < n.imm.n_ivars; k++) {
        ivar fresh = p->ivars.at[n.imm.ivars[k]];
        if (fresh.row != SETIR_NONE) fresh.row = program_substitute(p, fresh.row, n.imm.ivars, to, k);
        node_id end = fresh.to == SETIR_NONE ? fresh.to : program_substitute(p, fresh.to, n.imm.ivars, to, k);
        node_id other = fresh.partner == SETIR_NONE ? SETIR_NONE : ad_ivar(x, fresh.partner);
        if (other != SETIR_NONE) other = program_substitute(p, other, n.imm.ivars, to, k);
        bool unordered = fresh.unordered;
        if (ordered) {
            fresh.unordered = false;
            fresh.partner = fresh.to = SETIR_NONE;
        } else {
            fresh.to = end;
            fresh.partner = other == SETIR_NONE ? other : p->nodes.at[other].imm.ivar;
        }
        ivar_id made = program_ivar(p, fresh);
        vec_push(x->a, &v->own, made);
        to[k] = ad_ivar(x, made);
        if (!ordered) continue;
        if (other != SETIR_NONE)
            where = ad_and(x, where, ad_not(x, ad_op(x, OP_INDEX_EQ, elem_bool(), other, to[k])));
        if (unordered) vec_push(x->a, &w->twins, ((twin){p->nodes.at[other].imm.ivar, made}));
        if (end != SETIR_NONE) {
            node_id j = ad_index(x, OP_PAIR_J, to[k]);
            where = ad_and(x, where, ad_op(x, OP_INDEX_EQ, elem_bool(), j, end));
        }
    }
    v->inner = program_substitute(p, n.arg[0], n.imm.ivars, to, n.imm.n_ivars);
    if (n.n_args > 1)
        where = ad_and(x, where, program_substitute(p, n.arg[1], n.imm.ivars, to, n.imm.n_ivars));
    v->inner_where = where;
}

/* a tensor inside another has variables of the outer one: its value stands in its place */
static void enter_nested(ad_walk *w, visit *v)
{
    const node n = w->x->p->nodes.at[v->n];
    const def d = w->x->p->defs.at[n.imm.def];
    v->inner = program_substitute(w->x->p, d.body, d.param, n.arg, n.n_args);
}

static visit *visit_of(ad_walk *w, node_id n)
{
    return n < w->by_node.n ? w->by_node.at[n] : NULL;
}

static void discover(ad_walk *w, node_id id)
{
    ad *x = w->x;
    if (!ad_active(x, id) || visit_of(w, id)) return;
    visit *v = arena_new(x->a, visit);
    const guarded none = {SETIR_NONE, SETIR_NONE};
    *v = (visit){.n = id, .adjoint = none, .held = none, .inner = SETIR_NONE, .inner_where = SETIR_NONE};
    while (w->by_node.n <= id) vec_push(x->a, &w->by_node, NULL);
    w->by_node.at[id] = v;
    const node n = x->p->nodes.at[id];
    if (n.op == OP_REDUCE)
        ad_enter_reduce(w, v, true);
    else if (n.op == OP_ACCESS && x->p->defs.at[n.imm.def].nested && x->p->defs.at[n.imm.def].lib == LIB_NONE)
        enter_nested(w, v);
    if (v->inner != SETIR_NONE)
        discover(w, v->inner);
    else
        for (uint32_t k = 0; k < n.n_args; k++) discover(w, n.arg[k]);
    vec_push(x->a, &w->order, v);
}

/* ---- passing on ---------------------------------------------------------------------------------------- */

static bool among(const ivar_list *l, ivar_id v)
{
    for (uint32_t k = 0; k < l->n; k++)
        if (l->at[k] == v) return true;
    return false;
}

/* Sums over the variables in `gone`, under new names. */
static guarded sum_over(ad *x, const ivar_list *gone, guarded g)
{
    program *p = x->p;
    node_id *to = arena_array(x->a, node_id, gone->n + 1);
    ivar_id *made = arena_array(x->a, ivar_id, gone->n + 1);
    bool inside = false;
    for (uint32_t k = 0; k < gone->n; k++) {
        ivar v = p->ivars.at[gone->at[k]];
        if (v.row != SETIR_NONE) v.row = program_substitute(p, v.row, gone->at, to, k);
        made[k] = program_ivar(p, v);
        to[k] = ad_ivar(x, made[k]);
        inside |= g.where != SETIR_NONE && program_depends(p, g.where, gone->at[k]);
    }
    guarded in = {program_substitute(p, g.value, gone->at, to, gone->n), SETIR_NONE};
    if (inside) in.where = program_substitute(p, g.where, gone->at, to, gone->n);
    return (guarded){ad_sum(x, made, gone->n, in), inside ? SETIR_NONE : g.where};
}

/* `g` over the variables in `context` to the adjoint of `to`, summed over those that it has not */
static void pass_on(ad_walk *w, const ivar_list *context, node_id to, guarded g)
{
    ad *x = w->x;
    if (g.value == SETIR_NONE || !ad_active(x, to) || x->failed) return;
    const node n = x->p->nodes.at[to];
    for (uint32_t k = 0; k < w->twins.n; k++) {
        twin t = w->twins.at[k];
        if (!among(context, t.first) || !among(context, t.second)) continue;
        bool first = ivar_list_has(n.free, n.n_free, t.first), second = ivar_list_has(n.free, n.n_free, t.second);
        if (second && !first) return;
        if (first && !second) g.value = ad_scale(x, 2, g.value);
    }
    ivar_list gone = {0};
    for (uint32_t k = 0; k < context->n; k++)
        if (!ivar_list_has(n.free, n.n_free, context->at[k])) vec_push(x->a, &gone, context->at[k]);
    if (gone.n) g = sum_over(x, &gone, g);
    visit *v = visit_of(w, to);
    guarded *of = w->holds ? &v->held : &v->adjoint;
    *of = guarded_add(x, *of, g);
}

void ad_push_where(ad_walk *w, const visit *from, node_id to, node_id value, node_id where)
{
    ad *x = w->x;
    if (value == SETIR_NONE || x->failed) return;
    ivar_list context = {0};
    const node *n = &x->p->nodes.at[from->n];
    for (uint32_t k = 0; k < n->n_free; k++) ivar_list_add(x->a, &context, n->free[k]);
    for (uint32_t k = 0; k < from->own.n; k++) ivar_list_add(x->a, &context, from->own.at[k]);
    pass_on(w, &context, to, (guarded){value, ad_and(x, from->adjoint.where, where)});
}

void ad_push(ad_walk *w, const visit *from, node_id to, node_id value)
{
    ad_push_where(w, from, to, value, SETIR_NONE);
}

void ad_push_held(ad_walk *w, const visit *from, node_id to, node_id value)
{
    bool before = w->holds;
    w->holds = true;
    ad_push(w, from, to, value);
    w->holds = before;
}

bool ad_goes_with_strain(ad *x, node_id id)
{
    const node *n = &x->p->nodes.at[id];
    bool sum = n->op == OP_ADD || n->op == OP_SUB || n->op == OP_NEG;
    for (uint32_t k = 0; k < n->n_args && sum; k++) sum = ad_goes_with_strain(x, n->arg[k]);
    return sum || (n->op == OP_INPUT && x->p->inputs.at[n->imm.input].role == IN_POSITION && leaf_active(x, n));
}

static void apply_rule(ad_walk *w, visit *v)
{
    if (v->adjoint.value != SETIR_NONE) ad_rule(w, v);
    if (v->held.value == SETIR_NONE) return;
    v->adjoint = v->held;
    w->holds = true;
    ad_rule(w, v);
    w->holds = false;
}

void ad_reverse(ad *x, def_id id, const ivar_id *param, node_id seed)
{
    const def d = x->p->defs.at[id];
    ad_walk w = {.x = x};
    ivar_list context = {0};
    node_id *to = arena_array(x->a, node_id, d.n_param + 1);
    for (uint32_t k = 0; k < d.n_param; k++) {
        to[k] = ad_ivar(x, param[k]);
        ivar_list_add(x->a, &context, param[k]);
    }
    node_id body = program_substitute(x->p, d.body, d.param, to, d.n_param);
    discover(&w, body);
    pass_on(&w, &context, body, (guarded){seed, SETIR_NONE});
    for (uint32_t k = w.order.n; k-- > 0 && !x->failed;) apply_rule(&w, w.order.at[k]);
}
