/* SPDX-License-Identifier: Apache-2.0
 *
 * ad_lib.c: derivatives of library functions but those of matrices (ad_eigen.c). In: a tensor made by one, and its
 * adjoint tensor. Out: what is collected for its argument; or the tensor's value as an ordinary sum that has the same
 * derivatives. Where several elements have one place they share.
 */
#include "ad_internal.h"

void ad_collect_at(ad *x, def_id to, const ivar_id *q, uint32_t n, node_id value)
{
    node *leaf = arena_new(x->a, node);
    leaf->free = (ivar_id *)q;
    leaf->n_free = n;
    node_id *index = arena_array(x->a, node_id, n + 1);
    for (uint32_t k = 0; k < n; k++) index[k] = ad_ivar(x, q[k]);
    ad_collect(x, (target){TO_DEF, to}, index, n, (guarded){value, SETIR_NONE}, leaf);
}

node_id ad_access_at(ad *x, def_id d, const node_id *index)
{
    const def t = x->p->defs.at[d];
    return program_node(x->p, OP_ACCESS, t.elem, index, t.n_param, &(node_imm){.def = d}, x->at);
}

/* ---- who is where -------------------------------------------------------------------------------------- */

/* Places of a sorted order: `keys` over a set, the same in order over the rank of it. A key is where the number in order
 * is it but for rounding: what is computed again need not be the same to the last bit. */
typedef struct places {
    def_id keys, sorted, size; /* size: the sum of their magnitudes */
} places;

static def_id size_of_keys(ad *x, def_id id)
{
    const def keys = x->p->defs.at[id];
    ivar_id *i = ad_fresh_params(x, &keys);
    node_id sum = ad_sum(x, i, 1, (guarded){ad_fun(x, OP_ABS, ad_access(x, id, i)), SETIR_NONE});
    return ad_helper(x, NULL, 0, sum);
}

static node_id is_at(ad *x, const places *s, node_id where, node_id element)
{
    node_id key = ad_access_at(x, s->keys, &element);
    return ad_alike(x, ad_access_at(x, s->sorted, &where), key, ad_access_at(x, s->size, NULL));
}

/* how many elements have this place */
static node_id sharers(ad *x, const places *s, node_id where)
{
    const def keys = x->p->defs.at[s->keys];
    ivar_id *i = ad_fresh_params(x, &keys);
    return ad_sum(x, i, 1, (guarded){ad_real(x, 1), is_at(x, s, where, ad_ivar(x, i[0]))});
}

/* how many places this element has: as many as there are elements that share them */
static node_id choices(ad *x, const places *s, node_id element)
{
    const def sorted = x->p->defs.at[s->sorted];
    ivar_id *k = ad_fresh_params(x, &sorted);
    return ad_sum(x, k, 1, (guarded){ad_real(x, 1), is_at(x, s, ad_ivar(x, k[0]), element)});
}

/* sorted[k] = x[i] gives x[i] what sorted[k] got */
static void reverse_sort(ad *x, def_id id, def_id adjoint)
{
    const def d = x->p->defs.at[id], arg = x->p->defs.at[d.lib_arg];
    const places s = {d.lib_arg, id, size_of_keys(x, d.lib_arg)};
    ivar_id *q = ad_fresh_params(x, &d), *i = ad_fresh_params(x, &arg);
    node_id element = ad_ivar(x, i[0]);
    node_id sum = ad_sum(x, q, 1, (guarded){ad_access(x, adjoint, q), is_at(x, &s, ad_ivar(x, q[0]), element)});
    ad_collect_at(x, d.lib_arg, i, 1, ad_div(x, sum, choices(x, &s, element)));
}

/* the mean of the values that have the place */
static node_id sort_as_sum(ad *x, def_id id, const node_id *index)
{
    const def d = x->p->defs.at[id], arg = x->p->defs.at[d.lib_arg];
    const places s = {d.lib_arg, id, size_of_keys(x, d.lib_arg)};
    ivar_id *i = ad_fresh_params(x, &arg);
    guarded one = {ad_access(x, d.lib_arg, i), is_at(x, &s, index[0], ad_ivar(x, i[0]))};
    return ad_div(x, ad_sum(x, i, 1, one), sharers(x, &s, index[0]));
}

/* ---- rows in order ------------------------------------------------------------------------------------- */

/* the norms of the rows, and these in the order of parameter k */
static places row_places(ad *x, const def *d, uint32_t k)
{
    const def matrix = x->p->defs.at[d->lib_arg];
    ivar_id *q = ad_fresh_params(x, &matrix);
    node_id square = ad_pow(x, ad_access(x, d->lib_arg, q), 2);
    ivar_id *row = arena_copy(x->a, q, sizeof *q);
    places s;
    s.keys = ad_helper(x, row, 1, ad_pow(x, ad_sum(x, q + 1, 1, (guarded){square, SETIR_NONE}), 0.5));
    s.size = size_of_keys(x, s.keys);
    ivar_id *order = arena_copy(x->a, ad_fresh_params(x, d) + k, sizeof *order);
    s.sorted = program_def(x->p, (def){.at = x->at, .type_at = x->at, .lib_at = x->at, .param = order, .n_param = 1,
                                       .elem = elem_real(0), .declared = elem_real(0), .body = SETIR_NONE,
                                       .lib = LIB_SORT, .lib_flag = true, .lib_arg = s.keys, .out_scale = 1});
    return s;
}

/* of the columns: the same, unless they are counted by a set of their own */
static places column_places(ad *x, const def *d, places rows)
{
    bool same = x->p->ivars.at[d->param[0]].set == x->p->ivars.at[d->param[1]].set;
    return same ? rows : row_places(x, d, 1);
}

/* out[k, l] = C[i, j] gives C[i, j] what out[k, l] got: the rows first, then the columns */
static void reverse_sortrows(ad *x, def_id id, def_id adjoint)
{
    const def d = x->p->defs.at[id], matrix = x->p->defs.at[d.lib_arg];
    const places s = row_places(x, &d, 0), t = column_places(x, &d, s);
    ivar_id *half = arena_array(x->a, ivar_id, 2), *q = ad_fresh_params(x, &d), *i = ad_fresh_params(x, &matrix);
    half[0] = i[0];
    half[1] = q[1];
    node_id element = ad_ivar(x, i[0]);
    node_id rows = ad_sum(x, q, 1, (guarded){ad_access(x, adjoint, q), is_at(x, &s, ad_ivar(x, q[0]), element)});
    def_id by_row = ad_helper(x, half, 2, ad_div(x, rows, choices(x, &s, element)));
    ivar_id *to = ad_fresh_params(x, &matrix), *l = ad_fresh_params(x, &d);
    node_id at[2] = {ad_ivar(x, to[0]), ad_ivar(x, l[1])}, column = ad_ivar(x, to[1]);
    node_id sum = ad_sum(x, l + 1, 1, (guarded){ad_access_at(x, by_row, at), is_at(x, &t, at[1], column)});
    ad_collect_at(x, d.lib_arg, to, 2, ad_div(x, sum, choices(x, &t, column)));
}

static node_id sortrows_as_sum(ad *x, def_id id, const node_id *index)
{
    const def d = x->p->defs.at[id], matrix = x->p->defs.at[d.lib_arg];
    const places s = row_places(x, &d, 0), t = column_places(x, &d, s);
    ivar_id *i = ad_fresh_params(x, &matrix);
    node_id both = ad_and(x, is_at(x, &s, index[0], ad_ivar(x, i[0])), is_at(x, &t, index[1], ad_ivar(x, i[1])));
    node_id sum = ad_sum(x, i, 2, (guarded){ad_access(x, d.lib_arg, i), both});
    return ad_div(x, ad_div(x, sum, sharers(x, &s, index[0])), sharers(x, &t, index[1]));
}

/* ---- the order of the file ----------------------------------------------------------------------------- */

/* is the element at this place? its place is the number of those before it */
static node_id is_listed(ad *x, node_id where, ivar_id element)
{
    ivar v = x->p->ivars.at[element];
    ivar_id before = program_ivar(x->p, v);
    node_id earlier = ad_op(x, OP_INDEX_LT, elem_bool(), ad_ivar(x, before), ad_ivar(x, element));
    node_id number = ad_sum(x, &before, 1, (guarded){ad_real(x, 1), earlier});
    return ad_op(x, OP_EQ, elem_bool(), ad_place(x, where), number);
}

static void reverse_list(ad *x, def_id id, def_id adjoint)
{
    const def d = x->p->defs.at[id], arg = x->p->defs.at[d.lib_arg];
    ivar_id *q = ad_fresh_params(x, &d), *i = ad_fresh_params(x, &arg);
    node_id here = SETIR_NONE;
    for (uint32_t k = 0; k < d.n_param; k++) here = ad_and(x, here, is_listed(x, ad_ivar(x, q[k]), i[k]));
    node_id sum = ad_sum(x, q, d.n_param, (guarded){ad_access(x, adjoint, q), here});
    ad_collect_at(x, d.lib_arg, i, arg.n_param, sum);
}

static node_id list_as_sum(ad *x, def_id id, const node_id *index)
{
    const def d = x->p->defs.at[id], arg = x->p->defs.at[d.lib_arg];
    ivar_id *i = ad_fresh_params(x, &arg);
    node_id here = SETIR_NONE;
    for (uint32_t k = 0; k < d.n_param; k++) here = ad_and(x, here, is_listed(x, index[k], i[k]));
    return ad_sum(x, i, arg.n_param, (guarded){ad_access(x, d.lib_arg, i), here});
}

/* ---- all ----------------------------------------------------------------------------------------------- */

void ad_reverse_lib(ad *x, def_id id, def_id adjoint)
{
    switch ((int)x->p->defs.at[id].lib) {
    case LIB_SORT: reverse_sort(x, id, adjoint); break;
    case LIB_EIGVALS: ad_reverse_eigvals(x, id, adjoint); break;
    case LIB_EIGVECS: ad_reverse_eigvecs(x, id, adjoint); break;
    case LIB_SORTROWS: reverse_sortrows(x, id, adjoint); break;
    default: reverse_list(x, id, adjoint); break;
    }
}

node_id ad_lib_as_sum(ad *x, def_id id, const node_id *index)
{
    switch ((int)x->p->defs.at[id].lib) {
    case LIB_SORT: return sort_as_sum(x, id, index);
    case LIB_EIGVALS: return ad_eigvals_as_sum(x, id, index);
    case LIB_EIGVECS: return ad_eigvecs_as_sum(x, id, index);
    case LIB_SORTROWS: return sortrows_as_sum(x, id, index);
    default: return list_as_sum(x, id, index);
    }
}
