/* SPDX-License-Identifier: Apache-2.0
 *
 * ad_forward.c: tangents of values, forward through the set IR. In: a node, what moves and how. Out: terms, as
 * ad_forward.h says. Tensors get tensors of their own for their tangents. Not here: what each operation does
 * with the tangent of an argument (ad_tangent.c), which derivatives are asked for (ad_jacobian.c).
 */
#include "ad_forward.h"

void ad_term_add(ad *x, tangent_sum *out, tangent_term t)
{
    if (t.g.value == SETIR_NONE) return;
    for (uint32_t k = 0; k < out->t.n; k++) {
        tangent_term *old = &out->t.at[k];
        if (old->index != t.index || old->target != t.target) continue;
        old->g = guarded_add(x, old->g, t.g);
        return;
    }
    vec_push(x->a, &out->t, t);
}

node_id ad_term_value(forward *f, const tangent_term *t, const ivar_id *from, const node_id *to, uint32_t n)
{
    ad *x = f->x;
    node_id where = t->g.where;
    if (t->index != SETIR_NONE)
        where = ad_and(x, where, ad_op(x, OP_INDEX_EQ, elem_bool(), t->index, t->target));
    if (where != SETIR_NONE) where = program_substitute(x->p, where, from, to, n);
    return ad_select(x, where, program_substitute(x->p, t->g.value, from, to, n), SETIR_NONE);
}

/* ---- sums ---------------------------------------------------------------------------------------------- */

/* the variables of one sum while it is solved for the element that moves */
typedef struct solving {
    forward *f;
    const ivar_list *own;
    node_id *value; /* by position in own; SETIR_NONE: open */
    ivar_list sums; /* new variables, outermost first */
    node_id index, target, where;
} solving;

static uint32_t position(const solving *s, node_id index)
{
    const node *n = &s->f->x->p->nodes.at[index];
    for (uint32_t k = 0; n->op == OP_IVAR && k < s->own->n; k++)
        if (s->own->at[k] == n->imm.ivar && s->value[k] == SETIR_NONE) return k;
    return SETIR_NONE;
}

static bool mentions(const program *p, node_id n, const ivar_list *l)
{
    for (uint32_t k = 0; k < l->n; k++)
        if (program_depends(p, n, l->at[k])) return true;
    return false;
}

/* what is left to hold: outside of the sum for one equation that does not need the sum, else a condition in it */
static void leave(solving *s, node_id index, node_id to)
{
    ad *x = s->f->x;
    if (index == to) return;
    bool inside = s->index != SETIR_NONE || mentions(x->p, index, s->own) || mentions(x->p, to, &s->sums);
    if (inside) {
        s->where = ad_and(x, s->where, ad_op(x, OP_INDEX_EQ, elem_bool(), index, to));
    } else {
        s->index = index;
        s->target = to;
    }
}

static void equate(solving *s, node_id index, node_id to);

static void assign(solving *s, uint32_t k, node_id to)
{
    node_id row = s->f->x->p->ivars.at[s->own->at[k]].row;
    s->value[k] = to;
    if (row != SETIR_NONE) equate(s, row, ad_index(s->f->x, OP_PAIR_I, to));
}

static node_id run_row(solving *s, uint32_t at, node_id row)
{
    ivar fresh = s->f->x->p->ivars.at[s->own->at[at]];
    fresh.row = row;
    fresh.to = fresh.partner = SETIR_NONE;
    ivar_id made = program_ivar(s->f->x->p, fresh);
    vec_push(s->f->x->a, &s->sums, made);
    return ad_ivar(s->f->x, made);
}

static void equate(solving *s, node_id index, node_id to)
{
    ad *x = s->f->x;
    const node n = x->p->nodes.at[index];
    uint32_t at = position(s, index);
    if (at != SETIR_NONE) {
        assign(s, at, to);
    } else if (n.op == OP_PAIR_REV) {
        equate(s, n.arg[0], ad_index(x, OP_PAIR_REV, to));
    } else if ((n.op == OP_PAIR_I || n.op == OP_PAIR_J) && (at = position(s, n.arg[0])) != SETIR_NONE) {
        node_id row = x->p->ivars.at[s->own->at[at]].row;
        if (n.op == OP_PAIR_I && row != SETIR_NONE) {
            equate(s, row, to);
        } else {
            node_id b = run_row(s, at, to);
            assign(s, at, n.op == OP_PAIR_I ? b : ad_index(x, OP_PAIR_REV, b));
        }
    } else {
        leave(s, index, to);
    }
}

static void renew_open(solving *s)
{
    program *p = s->f->x->p;
    for (uint32_t k = 0; k < s->own->n; k++) {
        if (s->value[k] != SETIR_NONE) continue;
        ivar v = p->ivars.at[s->own->at[k]];
        if (v.row != SETIR_NONE) v.row = program_substitute(p, v.row, s->own->at, s->value, k);
        ivar_id made = program_ivar(p, v);
        vec_push(s->f->x->a, &s->sums, made);
        s->value[k] = ad_ivar(s->f->x, made);
    }
}

/* the sum over `own` of a term */
static tangent_term sum_term(forward *f, const ivar_list *own, tangent_term t)
{
    ad *x = f->x;
    if (t.index == SETIR_NONE || !mentions(x->p, t.index, own))
        return (tangent_term){{ad_sum(x, own->at, own->n, t.g), SETIR_NONE}, t.index, t.target};
    solving s = {.f = f, .own = own, .value = arena_array(x->a, node_id, own->n + 1), .index = SETIR_NONE,
                 .target = SETIR_NONE, .where = t.g.where};
    for (uint32_t k = 0; k < own->n; k++) s.value[k] = SETIR_NONE;
    equate(&s, t.index, t.target);
    renew_open(&s);
    guarded g = {program_substitute(x->p, t.g.value, own->at, s.value, own->n), s.where};
    if (g.where != SETIR_NONE) g.where = program_substitute(x->p, g.where, own->at, s.value, own->n);
    return (tangent_term){{ad_sum(x, s.sums.at, s.sums.n, g), SETIR_NONE}, s.index, s.target};
}

/* of both of an unordered pair the first stands for either, twice; false: the second's term */
static bool as_twin(ad *x, const ad_walk *w, tangent_term *t)
{
    for (uint32_t k = 0; t->index != SETIR_NONE && k < w->twins.n; k++) {
        bool first = program_depends(x->p, t->index, w->twins.at[k].first);
        bool second = program_depends(x->p, t->index, w->twins.at[k].second);
        if (second && !first) return false;
        if (first && !second) t->g.value = ad_scale(x, 2, t->g.value);
    }
    return true;
}

static void of_reduce(forward *f, const node *n, node_id id, tangent_sum *out)
{
    ad *x = f->x;
    ad_walk w = {.x = x};
    visit v = {.n = id};
    bool ordered = f->along == SETIR_NONE && f->q != SETIR_NONE;
    ad_enter_reduce(&w, &v, ordered);
    const tangent_sum *inner = ad_tangent(f, v.inner);
    for (uint32_t k = 0; k < inner->t.n && !x->failed; k++) {
        tangent_term t = inner->t.at[k];
        t.g.where = ad_and(x, v.inner_where, t.g.where);
        t.g.value = ad_reduce_share(x, &v, n, t.g.value, &t.g.where);
        if (ordered && ad_unordered(x, n)) t.g.value = ad_scale(x, 0.5, t.g.value);
        if (t.g.value != SETIR_NONE && as_twin(x, &w, &t)) ad_term_add(x, out, sum_term(f, &v.own, t));
    }
}

/* ---- tensors ------------------------------------------------------------------------------------------- */

/* variables of a tensor of its own: those in `to`, and what they are in the place of */
typedef struct renaming {
    VEC(ivar_id) from;
    VEC(node_id) to;
    VEC(ivar_id) param;
} renaming;

static void rename_param(ad *x, renaming *r, ivar_id old)
{
    ivar v = x->p->ivars.at[old];
    if (v.row != SETIR_NONE) v.row = program_substitute(x->p, v.row, r->from.at, r->to.at, r->from.n);
    v.to = v.partner = SETIR_NONE;
    ivar_id made = program_ivar(x->p, v);
    vec_push(x->a, &r->param, made);
    vec_push(x->a, &r->from, old);
    vec_push(x->a, &r->to, ad_ivar(x, made));
}

/* the parameter that the equation of a term tells, or SETIR_NONE */
static uint32_t told(const ad *x, const tangent_term *t, const ivar_id *param, uint32_t n)
{
    if (t->index == SETIR_NONE || x->p->nodes.at[t->index].op != OP_IVAR) return SETIR_NONE;
    for (uint32_t k = 0; k < n; k++)
        if (param[k] == x->p->nodes.at[t->index].imm.ivar) return k;
    return SETIR_NONE;
}

static tangent_part part_of(forward *f, const def *d, const ivar_id *param, tangent_term t)
{
    ad *x = f->x;
    program *p = x->p;
    tangent_part part = {.left_out = told(x, &t, param, d->n_param), .index = t.index, .target = t.target};
    renaming r = {0};
    part.by_element = f->q != SETIR_NONE;
    if (part.by_element) rename_param(x, &r, f->q);
    if (part.left_out != SETIR_NONE) {
        vec_push(x->a, &r.from, param[part.left_out]);
        vec_push(x->a, &r.to, program_substitute(p, t.target, r.from.at, r.to.at, 1));
    }
    for (uint32_t k = 0; k < d->n_param; k++)
        if (k != part.left_out) rename_param(x, &r, param[k]);
    tangent_term bare = {t.g, SETIR_NONE, SETIR_NONE};
    node_id body = ad_term_value(f, &bare, r.from.at, r.to.at, r.from.n);
    part.helper = ad_helper(x, r.param.at, r.param.n, body);
    return part;
}

static tensor_tangent *of_tensor(forward *f, def_id id)
{
    ad *x = f->x;
    while (f->by_def.n <= id) vec_push(x->a, &f->by_def, NULL);
    if (f->by_def.at[id]) return f->by_def.at[id];
    tensor_tangent *r = arena_new(x->a, tensor_tangent);
    f->by_def.at[id] = r;
    const def d = x->p->defs.at[id];
    r->param = ad_fresh_params(x, &d);
    node_id *to = arena_array(x->a, node_id, d.n_param + 1);
    for (uint32_t k = 0; k < d.n_param; k++) to[k] = ad_ivar(x, r->param[k]);
    node_id body = d.lib == LIB_NONE ? program_substitute(x->p, d.body, d.param, to, d.n_param)
                                     : ad_lib_as_sum(x, id, to);
    if (x->failed) return r;
    const tangent_sum *t = ad_tangent(f, body);
    for (uint32_t k = 0; k < t->t.n && !x->failed; k++)
        vec_push(x->a, &r->part, part_of(f, &d, r->param, t->t.at[k]));
    return r;
}

static void of_access(forward *f, const node *n, tangent_sum *out)
{
    ad *x = f->x;
    const def d = x->p->defs.at[n->imm.def];
    if (d.nested && d.lib == LIB_NONE) {
        const tangent_sum *t = ad_tangent(f, program_substitute(x->p, d.body, d.param, n->arg, n->n_args));
        for (uint32_t k = 0; k < t->t.n; k++) ad_term_add(x, out, t->t.at[k]);
        return;
    }
    if (d.nested) {
        ad_fail(x, n->at, "a library function of a table inside another");
        return;
    }
    const tensor_tangent *r = of_tensor(f, n->imm.def);
    for (uint32_t k = 0; k < r->part.n && !x->failed; k++) {
        tangent_part part = r->part.at[k];
        node_id *arg = arena_array(x->a, node_id, n->n_args + 1);
        uint32_t n_args = 0;
        if (part.by_element) arg[n_args++] = ad_ivar(x, f->q);
        for (uint32_t m = 0; m < n->n_args; m++)
            if (m != part.left_out) arg[n_args++] = n->arg[m];
        node_id value = program_node(x->p, OP_ACCESS, n->elem, arg, n_args, &(node_imm){.def = part.helper}, x->at);
        if (part.index != SETIR_NONE) part.index = program_substitute(x->p, part.index, r->param, n->arg, n->n_args);
        ad_term_add(x, out, (tangent_term){{value, SETIR_NONE}, part.index, part.target});
    }
}

/* the element at the same place of the table itself, none beyond its size */
static node_id padded_as_sum(ad *x, const node *n)
{
    const def d = x->p->defs.at[n->imm.def];
    ivar_id *q = ad_fresh_params(x, &d);
    node_id here = SETIR_NONE;
    for (uint32_t k = 0; k < n->n_args; k++) {
        node_id own = ad_place(x, ad_ivar(x, q[k]));
        here = ad_and(x, here, ad_op(x, OP_EQ, elem_bool(), own, ad_place(x, n->arg[k])));
    }
    return ad_sum(x, q, d.n_param, (guarded){ad_access(x, n->imm.def, q), here});
}

/* ---- nodes --------------------------------------------------------------------------------------------- */

static void of_arguments(forward *f, const node *n, node_id id, tangent_sum *out)
{
    ad *x = f->x;
    for (uint32_t k = n->op == OP_SELECT; k < n->n_args && !x->failed; k++) {
        const tangent_sum *t = ad_tangent(f, n->arg[k]);
        for (uint32_t m = 0; m < t->t.n && !x->failed; m++) {
            tangent_term one = t->t.at[m];
            one.g.value = ad_pass(x, n, id, k, one.g.value);
            if (n->op == OP_SELECT) one.g.where = ad_and(x, one.g.where, k == 1 ? n->arg[0] : ad_not(x, n->arg[0]));
            ad_term_add(x, out, one);
        }
    }
}

const tangent_sum *ad_tangent(forward *f, node_id id)
{
    ad *x = f->x;
    while (f->by_node.n <= id) vec_push(x->a, &f->by_node, NULL);
    if (f->by_node.at[id]) return f->by_node.at[id];
    tangent_sum *out = arena_new(x->a, tangent_sum);
    if (!x->failed && ad_active(x, id)) {
        const node n = x->p->nodes.at[id];
        if (n.op == OP_REDUCE)
            of_reduce(f, &n, id, out);
        else if (n.op == OP_ACCESS)
            of_access(f, &n, out);
        else if (n.op == OP_PADGET)
            out = (tangent_sum *)ad_tangent(f, padded_as_sum(x, &n));
        else {
            ad_leaf(f, &n, id, out);
            of_arguments(f, &n, id, out);
        }
    }
    f->by_node.at[id] = out;
    return out;
}
