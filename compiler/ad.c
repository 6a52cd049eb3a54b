/* SPDX-License-Identifier: Apache-2.0
 *
 * ad.c: derivatives written out. In: a program with LIB_GRAD tensors. Out: the program with bodies in their
 * place. One walk in reverse from an energy gives all of its derivatives by the geometry of a structure: the
 * edge gradient G[b] = dE/d(b.d) of each pair set is a tensor of its own, and
 *     dE/dr[k] = sum b in bond(k): G[rev b] - G[b]          dE/d(strain) = sum b: G[b] (x) b.d
 * so that forces, stress and the pair gradient share it. docs/architecture.md, "Derivatives".
 */
#include "ad_forward.h"

#include <string.h>

/* ---- the adjoints of the tensors between the energy and the leaves ------------------------------------- */

typedef struct tensor_order {
    bool *seen;
    uint32_t n_first; /* nodes and tensors of the program before the walk */
    VEC(def_id) list; /* users after what they use */
} tensor_order;

static void order_def(ad *x, tensor_order *o, def_id id);

static void order_node(ad *x, tensor_order *o, bool *seen, node_id n)
{
    if (n == SETIR_NONE || seen[n]) return;
    seen[n] = true;
    const node *d = &x->p->nodes.at[n];
    for (uint32_t k = 0; k < d->n_args; k++) order_node(x, o, seen, d->arg[k]);
    if (d->op != OP_ACCESS && d->op != OP_PADGET) return;
    const def *t = &x->p->defs.at[d->imm.def];
    if (t->nested && t->lib == LIB_NONE)
        order_node(x, o, seen, t->body);
    else
        order_def(x, o, d->imm.def);
}

static void order_def(ad *x, tensor_order *o, def_id id)
{
    if (o->seen[id] || !ad_active_def(x, id)) return;
    o->seen[id] = true;
    const def *d = &x->p->defs.at[id];
    if (d->lib != LIB_NONE)
        order_def(x, o, d->lib_arg);
    else
        order_node(x, o, arena_array(x->a, bool, x->p->nodes.n), d->body);
    vec_push(x->a, &o->list, id);
}

ivar_id *ad_fresh_params(ad *x, const def *d)
{
    ivar_id *q = arena_array(x->a, ivar_id, d->n_param + 1);
    node_id *to = arena_array(x->a, node_id, d->n_param + 1);
    for (uint32_t k = 0; k < d->n_param; k++) {
        ivar v = x->p->ivars.at[d->param[k]];
        if (v.row != SETIR_NONE) v.row = program_substitute(x->p, v.row, d->param, to, k);
        v.to = v.partner = SETIR_NONE; /* sets of a tensor, not of a sum: pairs kept apart are so in its uses */
        q[k] = program_ivar(x->p, v);
        to[k] = ad_ivar(x, q[k]);
    }
    return q;
}

node_id ad_access(ad *x, def_id d, const ivar_id *q)
{
    const def *t = &x->p->defs.at[d];
    node_id *index = arena_array(x->a, node_id, t->n_param + 1);
    for (uint32_t k = 0; k < t->n_param; k++) index[k] = ad_ivar(x, q[k]);
    return program_node(x->p, OP_ACCESS, t->elem, index, t->n_param, &(node_imm){.def = d}, x->at);
}

def_id ad_helper(ad *x, ivar_id *param, uint32_t n, node_id body)
{
    elem e = *ad_elem(x, body);
    return program_def(x->p, (def){.at = x->at, .type_at = x->at, .lib_at = x->at, .param = param, .n_param = n,
                                   .elem = e, .declared = e, .body = body, .lib_arg = SETIR_NONE, .out_scale = 1});
}

/* what was collected for a tensor, as a tensor over the same sets */
static def_id adjoint_tensor(ad *x, def_id id, const collector *c)
{
    const def d = x->p->defs.at[id];
    ivar_id *q = ad_fresh_params(x, &d);
    node_id sum = ad_gather(x, c, q, d.n_param);
    return ad_helper(x, q, d.n_param, sum == SETIR_NONE ? ad_zero(x, d.elem) : sum);
}

/* everything that the number `energy` depends on, into the collectors */
static void reverse_all(ad *x, def_id energy)
{
    tensor_order o = {.seen = arena_array(x->a, bool, x->p->defs.n)};
    order_def(x, &o, energy);
    for (uint32_t k = o.list.n; k-- > 0 && !x->failed;) {
        def_id id = o.list.at[k];
        if (id == energy) {
            if (x->p->defs.at[id].lib == LIB_NONE) ad_reverse(x, id, NULL, ad_real(x, 1));
            continue;
        }
        const collector *c = ad_collector(x, (target){TO_DEF, id});
        if (!c) continue;
        def_id adjoint = adjoint_tensor(x, id, c);
        if (x->p->defs.at[id].lib != LIB_NONE) {
            ad_reverse_lib(x, id, adjoint);
            continue;
        }
        const def d = x->p->defs.at[id];
        ivar_id *q = ad_fresh_params(x, &d);
        ad_reverse(x, id, q, ad_access(x, adjoint, q));
    }
}

/* ---- results ------------------------------------------------------------------------------------------- */

/* one energy's derivatives by the geometry of one structure, or by one field */
typedef struct gradient {
    struct gradient *next;
    ad x;
    def_id energy;
    def_id *pairs; /* by set: its edge gradient, SETIR_NONE when it has none */
} gradient;

static void edge_gradients(gradient *g)
{
    ad *x = &g->x;
    g->pairs = arena_array(x->a, def_id, x->p->sets.n + 1);
    for (uint32_t s = 0; s < x->p->sets.n; s++) {
        g->pairs[s] = SETIR_NONE;
        const collector *c = ad_collector(x, (target){TO_PAIRS, s});
        if (!c) continue;
        ivar_id *q = arena_array(x->a, ivar_id, 1);
        q[0] = program_ivar(x->p, (ivar){.set = s, .row = SETIR_NONE, .to = SETIR_NONE, .partner = SETIR_NONE});
        node_id body = ad_gather(x, c, q, 1);
        if (body != SETIR_NONE) g->pairs[s] = ad_helper(x, q, 1, body);
    }
}

static ivar_id pair_in(ad *x, set_id s, node_id row)
{
    return program_ivar(x->p, (ivar){.set = s, .row = row, .to = SETIR_NONE, .partner = SETIR_NONE});
}

static node_id edge_at(ad *x, def_id g, node_id pair)
{
    return program_node(x->p, OP_ACCESS, elem_real(1), &pair, 1, &(node_imm){.def = g}, x->at);
}

static node_id by_input(gradient *g, input_id field, const ivar_id *q, uint32_t n)
{
    ad *x = &g->x;
    node_id sum = ad_gather(x, ad_collector(x, (target){TO_INPUT, field}), q, n);
    if (x->p->inputs.at[field].role != IN_POSITION) return sum;
    uint32_t n_sets = x->p->sets.n;
    for (uint32_t s = 0; s < n_sets; s++) {
        const collector *c = ad_collector(x, (target){TO_PAIRS, s});
        bool atoms = c && x->p->sets.at[x->p->sets.at[s].parent].kind == SET_BASE; /* spots move together */
        if (!atoms || g->pairs[s] == SETIR_NONE) continue;
        ivar_id b = pair_in(x, s, ad_ivar(x, q[0]));
        node_id back = edge_at(x, g->pairs[s], ad_index(x, OP_PAIR_REV, ad_ivar(x, b)));
        node_id term = ad_sub(x, back, edge_at(x, g->pairs[s], ad_ivar(x, b)));
        sum = ad_add(x, sum, ad_sum(x, &b, 1, (guarded){term, SETIR_NONE}));
    }
    return sum;
}

static node_id by_strain(gradient *g)
{
    ad *x = &g->x;
    node_id sum = SETIR_NONE;
    for (uint32_t k = 0; k < x->virial.n; k++) sum = ad_add(x, sum, x->virial.at[k].value);
    uint32_t n_sets = x->p->sets.n;
    for (uint32_t s = 0; s < n_sets; s++) {
        if (!ad_collector(x, (target){TO_PAIRS, s}) || g->pairs[s] == SETIR_NONE) continue;
        ivar_id b = pair_in(x, s, SETIR_NONE);
        node_id index = ad_ivar(x, b), d = node_1(x->p, OP_PAIR_D, elem_real(1), index, x->at);
        node_id term = ad_outer(x, edge_at(x, g->pairs[s], index), d);
        sum = ad_add(x, sum, ad_sum(x, &b, 1, (guarded){term, SETIR_NONE}));
    }
    return sum;
}

static node_id result_of(gradient *g, const def *d, const ivar_id *q)
{
    ad *x = &g->x;
    switch (d->wrt.kind) {
    case WRT_INPUT: return by_input(g, d->wrt.input, q, d->n_param);
    case WRT_STRAIN: {
        node_id all = by_strain(g);
        return all == SETIR_NONE ? all : ad_scale(x, 0.5, ad_add(x, all, ad_fun(x, OP_TRANSPOSE, all)));
    }
    case WRT_CELL: {
        node_id all = by_strain(g);
        if (all == SETIR_NONE) return all;
        return ad_op(x, OP_MATVEC, elem_real(1), all, ad_dual(x, d->wrt.slot, ad_ivar(x, q[0])));
    }
    case WRT_NAMED: return ad_gather(x, ad_collector(x, (target){TO_NAMED, d->wrt.named}), q, d->n_param);
    case WRT_PARAM: return ad_gather(x, ad_collector(x, (target){TO_PARAM, d->wrt.param}), q, d->n_param);
    case WRT_PAIRS: return g->pairs[d->wrt.set] == SETIR_NONE ? SETIR_NONE : edge_at(x, g->pairs[d->wrt.set], ad_ivar(x, q[0]));
    }
    return SETIR_NONE;
}

/* ---- the program --------------------------------------------------------------------------------------- */

/* the structure whose geometry it is a derivative by, SETIR_NONE for another field */
static uint32_t geometry_of(const program *p, const wrt *w)
{
    if (w->kind == WRT_PAIRS) return p->sets.at[w->set].slot;
    if (w->kind == WRT_NAMED || w->kind == WRT_PARAM) return SETIR_NONE;
    if (w->kind != WRT_INPUT) return w->slot;
    const input *in = &p->inputs.at[w->input];
    return in->role == IN_POSITION ? in->slot : SETIR_NONE;
}

/* must the lattice move as well? only where somebody asks: it costs terms */
static bool wants_strain(const program *p, def_id energy, uint32_t of)
{
    for (uint32_t k = 0; k < p->defs.n; k++) {
        const def *d = &p->defs.at[k];
        if (d->lib == LIB_GRAD && d->lib_arg == energy && (d->wrt.kind == WRT_STRAIN || d->wrt.kind == WRT_CELL) &&
            d->wrt.slot == of)
            return true;
    }
    return false;
}

/* what moves: the positions (and lattice) of a structure, the pairs alone for a table, or a field */
static wrt moves_by(const program *p, const wrt *w, bool table)
{
    uint32_t of = geometry_of(p, w);
    wrt by = *w;
    if (of != SETIR_NONE && !(table && w->kind == WRT_PAIRS))
        return (wrt){.kind = WRT_STRAIN, .slot = of, .input = SETIR_NONE, .set = SETIR_NONE};
    by.slot = SETIR_NONE;
    return by;
}

/* each derivative nests deeper than what it is of */
static bool nests_fit(ad *x)
{
    node_id highest;
    if (program_height(x->p, &highest) > SETIR_HEIGHT) ad_fail(x, x->p->nodes.at[highest].at, "so deep an expression");
    return !x->failed;
}

static gradient *gradient_of(program *p, gradient **all, const program *from, const def *d, diag_sink *sink)
{
    uint32_t of = geometry_of(p, &d->wrt);
    const wrt by = moves_by(p, &d->wrt, false);
    for (gradient *g = *all; g; g = g->next)
        if (g->energy == d->lib_arg && !memcmp(&g->x.by, &by, sizeof by)) return g;
    gradient *g = arena_new(p->memory, gradient);
    g->x = (ad){.p = p, .a = p->memory, .sink = sink, .by = by, .at = d->lib_at};
    g->x.strain = of != SETIR_NONE && wants_strain(from, d->lib_arg, of);
    g->energy = d->lib_arg;
    g->next = *all;
    *all = g;
    if (nests_fit(&g->x)) reverse_all(&g->x, d->lib_arg);
    if (!g->x.failed) edge_gradients(g);
    return g;
}

/* a derivative of a table: each on its own */
static void expand_table(program *p, def_id id, diag_sink *sink)
{
    const def *d = &p->defs.at[id];
    ad x = {.p = p, .a = p->memory, .sink = sink, .by = moves_by(p, &d->wrt, true), .at = d->lib_at};
    x.strain = d->wrt.kind == WRT_STRAIN || d->wrt.kind == WRT_CELL;
    if (nests_fit(&x)) ad_jacobian(&x, id);
}

static void expand(program *p, gradient **all, const program *from, def_id id, diag_sink *sink)
{
    def d = p->defs.at[id];
    if (d.lib != LIB_GRAD) {
        expand_table(p, id, sink);
        return;
    }
    gradient *g = gradient_of(p, all, from, &d, sink);
    if (g->x.failed) return;
    d.param = ad_fresh_params(&g->x, &d);
    node_id body = result_of(g, &d, d.param);
    d.body = body == SETIR_NONE ? ad_zero(&g->x, d.elem) : body;
    d.lib = LIB_NONE;
    d.lib_arg = SETIR_NONE;
    p->defs.at[id] = d;
}

/* the derivatives that `of`, itself one, is made from: perhaps more than those */
static void mark_reached(const program *p, const def *of, bool *which)
{
    const def *d = &p->defs.at[of->lib_arg];
    which[of->lib_arg] = true;
    if (of->lib == LIB_ALONG) which[of->along] = true;
    for (uint32_t k = 0; d->lib == LIB_NONE && k <= d->body; k++)
        if (p->nodes.at[k].op == OP_ACCESS || p->nodes.at[k].op == OP_PADGET) which[p->nodes.at[k].imm.def] = true;
}

static program *expand_some(arena *a, program *from, const bool *which, diag_sink *sink, bool *good)
{
    program *p = program_copy(a, from);
    gradient *all = NULL;
    uint32_t n = p->defs.n, last = 0;
    *good = true;
    for (uint32_t k = 0; k < n; k++) {
        if (!lib_is_derivative(p->defs.at[k].lib) || !which[k]) continue;
        expand(p, &all, from, k, sink);
        *good &= p->defs.at[k].lib == LIB_NONE;
        last = k;
    }
    ad x = {.p = p, .a = a, .sink = sink, .at = p->defs.at[last].lib_at};
    *good = *good && nests_fit(&x);
    ad_values_back(p);
    return p;
}

program *ad_expand(arena *a, program *from, diag_sink *sink)
{
    bool *which = arena_array(a, bool, from->defs.n + 1), any = ad_has_names(from);
    for (uint32_t k = 0; k < from->defs.n; k++) any |= which[k] = lib_is_derivative(from->defs.at[k].lib);
    bool good = true;
    program *p = any ? expand_some(a, from, which, sink, &good) : from;
    return good ? p : NULL;
}

program *ad_numbers_expand(arena *a, program *from)
{
    bool *which = arena_array(a, bool, from->defs.n + 1), any = ad_has_names(from);
    diag_sink silent;
    diag_sink_init(&silent, a);
    for (uint32_t k = from->defs.n; k-- > 0;) {
        const def *d = &from->defs.at[k];
        which[k] |= lib_is_derivative(d->lib) && (d->wrt.kind == WRT_NAMED || d->wrt.kind == WRT_PARAM);
        if (which[k] && d->lib != LIB_NONE) mark_reached(from, d, which);
        any |= which[k];
    }
    if (!any) return from;
    bool good;
    return expand_some(a, from, which, &silent, &good);
}
