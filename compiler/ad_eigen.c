/* SPDX-License-Identifier: Apache-2.0
 *
 * ad_eigen.c: derivatives of the eigenvalues of a symmetric matrix C V = V diag(w), and of its vectors, which derivatives
 * of values are made of. In, out: as in ad_lib.c.
 *     dw[k] = sum i, j: V[i, k] V[j, k] dC[i, j]
 *     dV[i, k] = sum l != k: V[i, l] (sum a, b: V[a, l] dC[a, b] V[b, k]) / (w[k] - w[l])
 * Values that are equal, to within 1e-10 of the sum of all magnitudes, share what they get: no choice of vectors is seen,
 * and what is symmetric in such values has its derivative. Vectors of equal values do not turn into each other.
 */
#include "ad_internal.h"

#define EQUAL 1e-10

typedef struct eigen {
    ad *x;
    def_id matrix, values, vectors, width;
} eigen;

static def_id lib_def(ad *x, lib_op lib, def_id matrix, ivar_id *param, uint32_t n, bool fixed)
{
    def_id made = program_def(x->p, (def){.at = x->at, .type_at = x->at, .lib_at = x->at, .param = param, .n_param = n,
                                          .elem = elem_real(0), .declared = elem_real(0), .body = SETIR_NONE, .lib = lib,
                                          .lib_arg = matrix, .out_scale = 1});
    if (fixed) ad_hold(x, made);
    return made;
}

/* `rank`: an index variable over the places of values; fixed: not to be differentiated again in this derivative */
static eigen eigen_of(ad *x, def_id matrix, ivar_id rank, bool fixed)
{
    const def c = x->p->defs.at[matrix];
    eigen g = {.x = x, .matrix = matrix};
    const ivar at_rank = x->p->ivars.at[rank];
    ivar_id *k = arena_array(x->a, ivar_id, 1), *ik = arena_array(x->a, ivar_id, 2);
    k[0] = program_ivar(x->p, at_rank);
    ik[0] = ad_fresh_params(x, &c)[0];
    ik[1] = program_ivar(x->p, at_rank);
    g.values = lib_def(x, LIB_EIGVALS, matrix, k, 1, fixed);
    g.vectors = lib_def(x, LIB_EIGVECS, matrix, ik, 2, fixed);
    ivar_id l = program_ivar(x->p, at_rank);
    node_id at = ad_ivar(x, l), size = ad_fun(x, OP_ABS, ad_access_at(x, g.values, &at));
    node_id sum = ad_sum(x, &l, 1, (guarded){size, SETIR_NONE});
    g.width = ad_helper(x, NULL, 0, ad_scale(x, EQUAL, sum));
    if (fixed) ad_hold(x, g.width);
    return g;
}

static node_id value_at(const eigen *g, node_id k)
{
    return ad_access_at(g->x, g->values, &k);
}

static node_id vector_at(const eigen *g, node_id i, node_id k)
{
    node_id at[2] = {i, k};
    return ad_access_at(g->x, g->vectors, at);
}

static node_id same(const eigen *g, node_id k, node_id l)
{
    ad *x = g->x;
    node_id gap = ad_fun(x, OP_ABS, ad_sub(x, value_at(g, k), value_at(g, l)));
    return ad_op(x, OP_LE, elem_bool(), gap, ad_access_at(x, g->width, NULL));
}

static ivar_id like(ad *x, ivar_id v)
{
    return program_ivar(x->p, x->p->ivars.at[v]);
}

static node_id sharers(const eigen *g, node_id k, ivar_id rank)
{
    ivar_id l = like(g->x, rank);
    return ad_sum(g->x, &l, 1, (guarded){ad_real(g->x, 1), same(g, k, ad_ivar(g->x, l))});
}

/* the sum over rank k of T[i, k] V[j, k], for the matrix */
static void collect_product(const eigen *g, def_id t, bool over_rows, ivar_id rank)
{
    ad *x = g->x;
    const def c = x->p->defs.at[g->matrix];
    ivar_id *q = ad_fresh_params(x, &c), k = like(x, rank);
    node_id i = ad_ivar(x, q[0]), j = ad_ivar(x, q[1]), at[2] = {i, ad_ivar(x, k)};
    node_id first = over_rows ? ad_access_at(x, t, at) : ad_mul(x, ad_access_at(x, t, at + 1), vector_at(g, i, at[1]));
    node_id sum = ad_sum(x, &k, 1, (guarded){ad_mul(x, first, vector_at(g, j, at[1])), SETIR_NONE});
    ad_collect_at(x, g->matrix, q, 2, sum);
}

void ad_reverse_eigvals(ad *x, def_id id, def_id adjoint)
{
    const def d = x->p->defs.at[id];
    ivar_id *k = ad_fresh_params(x, &d), *l = ad_fresh_params(x, &d);
    const eigen g = eigen_of(x, d.lib_arg, k[0], false);
    node_id at = ad_ivar(x, k[0]);
    node_id sum = ad_sum(x, l, 1, (guarded){ad_access(x, adjoint, l), same(&g, at, ad_ivar(x, l[0]))});
    def_id mean = ad_helper(x, k, 1, ad_div(x, sum, sharers(&g, at, k[0])));
    collect_product(&g, mean, false, k[0]);
}

/* over how much vector l turns into vector k: f / (w[k] - w[l]), nothing where they are equal */
static guarded turn(const eigen *g, node_id f, node_id l, node_id k)
{
    ad *x = g->x;
    node_id gap = ad_sub(x, value_at(g, k), value_at(g, l));
    return (guarded){ad_div(x, f, gap), ad_not(x, same(g, k, l))};
}

void ad_reverse_eigvecs(ad *x, def_id id, def_id adjoint)
{
    const def d = x->p->defs.at[id];
    ivar_id *ik = ad_fresh_params(x, &d), rank = ik[1];
    const eigen g = eigen_of(x, d.lib_arg, rank, false);
    ivar_id *lk = arena_array(x->a, ivar_id, 2);
    lk[0] = like(x, rank);
    lk[1] = rank;
    node_id l = ad_ivar(x, lk[0]), k = ad_ivar(x, rank);
    node_id along = ad_mul(x, vector_at(&g, ad_ivar(x, ik[0]), l), ad_access(x, adjoint, ik));
    guarded part = turn(&g, ad_sum(x, ik, 1, (guarded){along, SETIR_NONE}), l, k);
    def_id turns = ad_helper(x, lk, 2, ad_select(x, part.where, part.value, SETIR_NONE));
    ivar_id *ak = ad_fresh_params(x, &d), m = like(x, rank);
    node_id at[2] = {ad_ivar(x, m), ad_ivar(x, ak[1])};
    node_id term = ad_mul(x, ad_access_at(x, turns, at), vector_at(&g, ad_ivar(x, ak[0]), at[0]));
    def_id rows = ad_helper(x, ak, 2, ad_sum(x, &m, 1, (guarded){term, SETIR_NONE}));
    collect_product(&g, rows, true, rank);
}

/* ---- forward ------------------------------------------------------------------------------------------- */

/* sum i, j: V[i, l] V[j, k] C[i, j], in two steps */
static def_id projected(const eigen *g, ivar_id rank)
{
    ad *x = g->x;
    const def c = x->p->defs.at[g->matrix];
    ivar_id *q = ad_fresh_params(x, &c), *ik = arena_array(x->a, ivar_id, 2), *lk = arena_array(x->a, ivar_id, 2);
    ik[0] = q[0];
    ik[1] = like(x, rank);
    node_id term = ad_mul(x, vector_at(g, ad_ivar(x, q[1]), ad_ivar(x, ik[1])), ad_access(x, g->matrix, q));
    def_id half = ad_helper(x, ik, 2, ad_sum(x, q + 1, 1, (guarded){term, SETIR_NONE}));
    lk[0] = like(x, rank);
    lk[1] = like(x, rank);
    ivar_id *i = ad_fresh_params(x, &c);
    node_id at[2] = {ad_ivar(x, i[0]), ad_ivar(x, lk[1])};
    term = ad_mul(x, vector_at(g, at[0], ad_ivar(x, lk[0])), ad_access_at(x, half, at));
    return ad_helper(x, lk, 2, ad_sum(x, i, 1, (guarded){term, SETIR_NONE}));
}

node_id ad_eigvals_as_sum(ad *x, def_id id, const node_id *index)
{
    const def d = x->p->defs.at[id];
    ivar_id *l = ad_fresh_params(x, &d);
    const eigen g = eigen_of(x, d.lib_arg, l[0], true);
    def_id p = projected(&g, l[0]);
    node_id at[2] = {ad_ivar(x, l[0]), ad_ivar(x, l[0])};
    node_id sum = ad_sum(x, l, 1, (guarded){ad_access_at(x, p, at), same(&g, index[0], at[0])});
    return ad_div(x, sum, sharers(&g, index[0], l[0]));
}

node_id ad_eigvecs_as_sum(ad *x, def_id id, const node_id *index)
{
    const def d = x->p->defs.at[id];
    ivar_id l = like(x, d.param[1]);
    const eigen g = eigen_of(x, d.lib_arg, l, true);
    def_id p = projected(&g, l);
    node_id at[2] = {ad_ivar(x, l), index[1]};
    guarded part = turn(&g, ad_access_at(x, p, at), at[0], at[1]);
    part.value = ad_mul(x, part.value, vector_at(&g, index[0], at[0]));
    return ad_sum(x, &l, 1, part);
}
