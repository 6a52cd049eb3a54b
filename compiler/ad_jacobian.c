/* SPDX-License-Identifier: Apache-2.0
 *
 * ad_jacobian.c: derivatives of tensors, written out. In: a LIB_JACOBIAN or LIB_ALONG tensor. Out: its body.
 *
 * By the displacements of pairs a table over the sites of the first ends becomes one over the pairs: row i
 * depends on the pairs of row i alone, or the derivative is refused. By positions every element of the table
 * has one by every position. By strain and lattice vectors there are nine directions of motion.
 */
#include "ad_forward.h"

/* one direction of motion at a time */
static forward forward_of(ad *x, const def *d)
{
    return (forward){.x = x, .by = d->wrt, .along = d->lib == LIB_ALONG ? d->along : SETIR_NONE, .q = SETIR_NONE};
}

/* the body of the tensor over `param`, for which a tangent is wanted */
static node_id body_over(ad *x, def_id id, const ivar_id *param)
{
    const def d = x->p->defs.at[id];
    node_id *to = arena_array(x->a, node_id, d.n_param + 1);
    for (uint32_t k = 0; k < d.n_param; k++) to[k] = ad_ivar(x, param[k]);
    if (d.lib == LIB_NONE) return program_substitute(x->p, d.body, d.param, to, d.n_param);
    return program_node(x->p, OP_ACCESS, d.elem, to, d.n_param, &(node_imm){.def = id}, x->at);
}

static node_id all_terms(forward *f, const tangent_sum *t)
{
    node_id sum = SETIR_NONE;
    for (uint32_t k = 0; k < t->t.n && !f->x->failed; k++)
        sum = ad_add(f->x, sum, ad_term_value(f, &t->t.at[k], NULL, NULL, 0));
    return sum;
}

static node_id along(ad *x, def *d)
{
    forward f = forward_of(x, d);
    d->param = ad_fresh_params(x, d);
    return all_terms(&f, ad_tangent(&f, body_over(x, d->lib_arg, d->param)));
}

/* ---- by pairs ------------------------------------------------------------------------------------------ */

static node_id pair_terms(forward *f, def_id arg, const ivar_id *result, uint32_t at)
{
    ad *x = f->x;
    const def t = x->p->defs.at[arg];
    ivar_id *param = ad_fresh_params(x, &t);
    f->q = result[at];
    node_id pair = ad_ivar(x, f->q), *to = arena_array(x->a, node_id, t.n_param + 1);
    for (uint32_t k = 0; k < t.n_param; k++) to[k] = ad_ivar(x, result[k]);
    bool itself = at < t.n_param && x->p->ivars.at[t.param[at]].set == f->by.set;
    node_id told = itself ? pair : ad_index(x, OP_PAIR_I, pair), sum = SETIR_NONE;
    if (at < t.n_param) to[at] = told;
    const tangent_sum *terms = ad_tangent(f, body_over(x, arg, param));
    for (uint32_t k = 0; k < terms->t.n && !x->failed; k++) {
        tangent_term one = terms->t.at[k];
        bool own = one.index == SETIR_NONE ? at == t.n_param
                                           : at < t.n_param && one.index == ad_ivar(x, param[at]) && one.target == told;
        if (!own) {
            ad_refuse_pairs(x, arg, f->by.set);
            break;
        }
        one.index = SETIR_NONE;
        sum = ad_add(x, sum, ad_term_value(f, &one, param, to, t.n_param));
    }
    return sum;
}

/* ---- by everything ------------------------------------------------------------------------------------- */

/* one lane's derivative, over the parameters of the result */
static node_id lane(ad *x, const def *d, int k, bool symmetric)
{
    forward f = forward_of(x, d);
    const def arg = x->p->defs.at[d->lib_arg];
    f.lane = k;
    f.symmetric = symmetric;
    if (d->wrt.kind == WRT_PAIRS) {
        uint32_t at = program_pair_param(x->p, &arg, d->wrt.set);
        return pair_terms(&f, d->lib_arg, d->param, at == SETIR_NONE ? arg.n_param : at);
    }
    bool field = d->wrt.kind == WRT_INPUT || d->wrt.kind == WRT_NAMED || d->wrt.kind == WRT_PARAM;
    if (field && d->n_param > arg.n_param) f.q = d->param[arg.n_param];
    return all_terms(&f, ad_tangent(&f, body_over(x, d->lib_arg, d->param)));
}

static node_id unit_vector(ad *x, int k)
{
    return ad_unit(x, elem_real(1), k, ad_real(x, 1));
}

/* vectors of a number, tensors of a vector: the last component is that of what moves */
static node_id by_vector(ad *x, const def *d)
{
    node_id part[3], sum = SETIR_NONE;
    bool number = x->p->defs.at[d->lib_arg].elem.rank == 0, any = false;
    for (int k = 0; k < 3; k++) {
        part[k] = lane(x, d, k, false);
        any |= part[k] != SETIR_NONE;
        if (!number) sum = ad_add(x, sum, ad_outer(x, part[k], unit_vector(x, k)));
    }
    if (!number || !any) return sum;
    for (int k = 0; k < 3; k++)
        if (part[k] == SETIR_NONE) part[k] = ad_real(x, 0);
    return program_node(x->p, OP_VEC3, elem_real(1), part, 3, NULL, x->at);
}

/* numbers by channels */
static node_id by_channels(ad *x, const def *d)
{
    node_id *part = arena_array(x->a, node_id, d->elem.channels);
    bool any = false;
    for (int k = 0; k < d->elem.channels; k++) {
        part[k] = lane(x, d, k, false);
        any |= part[k] != SETIR_NONE;
        if (part[k] == SETIR_NONE) part[k] = ad_real(x, 0);
    }
    return any ? program_node(x->p, OP_CHANNEL_CAT, d->elem, part, d->elem.channels, NULL, x->at) : SETIR_NONE;
}

static node_id by_tensor(ad *x, const def *d, bool symmetric)
{
    node_id sum = SETIR_NONE;
    for (int k = 0; k < 9; k++) {
        int row = k / 3, column = k % 3;
        if (symmetric && column < row) continue;
        node_id value = lane(x, d, k, symmetric);
        node_id here = ad_outer(x, unit_vector(x, row), unit_vector(x, column));
        if (symmetric && row != column)
            here = ad_add(x, here, ad_outer(x, unit_vector(x, column), unit_vector(x, row)));
        sum = ad_add(x, sum, ad_mul(x, value, here));
    }
    return sum;
}

/* component c of a lattice vector: the strain that takes the lattice vector to the unit vector of c, others nowhere */
static node_id by_cell(ad *x, const def *d)
{
    node_id dual = ad_dual(x, d->wrt.slot, ad_ivar(x, d->param[d->n_param - 1])), sum = SETIR_NONE;
    bool number = x->p->defs.at[d->lib_arg].elem.rank == 0;
    for (int k = 0; k < 9; k++) {
        node_id value = lane(x, d, k, false);
        if (value == SETIR_NONE) continue;
        node_id part = ad_mul(x, ad_component(x, dual, k % 3), value), row = unit_vector(x, k / 3);
        sum = ad_add(x, sum, number ? ad_mul(x, part, row) : ad_outer(x, part, row));
    }
    return sum;
}

static node_id jacobian(ad *x, def *d)
{
    d->param = ad_fresh_params(x, d);
    switch (d->wrt.kind) {
    case WRT_STRAIN: return by_tensor(x, d, true);
    case WRT_CELL: return by_cell(x, d);
    case WRT_PAIRS: return by_vector(x, d);
    case WRT_INPUT:
    case WRT_NAMED:
    case WRT_PARAM: break;
    }
    if (d->elem.channels) return by_channels(x, d);
    int rank = d->elem.rank - x->p->defs.at[d->lib_arg].elem.rank;
    return rank == 2 ? by_tensor(x, d, false) : rank == 1 ? by_vector(x, d) : lane(x, d, 0, false);
}

void ad_jacobian(ad *x, def_id id)
{
    def d = x->p->defs.at[id];
    node_id body = d.lib == LIB_ALONG ? along(x, &d) : jacobian(x, &d);
    if (x->failed) return;
    d.body = body == SETIR_NONE ? ad_zero(x, d.elem) : body;
    d.lib = LIB_NONE;
    d.lib_arg = SETIR_NONE;
    x->p->defs.at[id] = d;
}
