/* SPDX-License-Identifier: Apache-2.0
 *
 * ad_lib.c: derivatives of library functions. In: a tensor made by one, and its adjoint tensor. Out: what is
 * collected for its argument; or the tensor's value as an ordinary sum that has the same derivatives.
 */
#include "ad_internal.h"

/* sorted[k] = x[i] gives x[i] what sorted[k] got; equal values share */
static void reverse_sort(ad *x, def_id id, def_id adjoint)
{
    const def d = x->p->defs.at[id], arg = x->p->defs.at[d.lib_arg];
    ivar_id *q = ad_fresh_params(x, &d), *i = ad_fresh_params(x, &arg), *q2 = ad_fresh_params(x, &d);
    node_id value = ad_access(x, d.lib_arg, i);
    node_id same = ad_op(x, OP_EQ, elem_bool(), ad_access(x, id, q), value);
    node_id again = ad_op(x, OP_EQ, elem_bool(), ad_access(x, id, q2), value);
    node_id count = ad_sum(x, q2, 1, (guarded){ad_real(x, 1), again});
    node_id sum = ad_sum(x, q, 1, (guarded){ad_access(x, adjoint, q), same});
    node leaf = {.free = i, .n_free = 1};
    node_id *index = arena_array(x->a, node_id, 1);
    index[0] = ad_ivar(x, i[0]);
    ad_collect(x, (target){TO_DEF, d.lib_arg}, index, 1, (guarded){ad_div(x, sum, count), SETIR_NONE}, &leaf);
}

static void no_rule(ad *x, const def *d)
{
    ad_fail(x, d->lib_at, d->lib == LIB_EIGVALS    ? "`eigvals`"
                          : d->lib == LIB_SORTROWS ? "`sortrows`"
                                                   : "`list`");
}

void ad_reverse_lib(ad *x, def_id id, def_id adjoint)
{
    const def *d = &x->p->defs.at[id];
    if (d->lib == LIB_SORT)
        reverse_sort(x, id, adjoint);
    else
        no_rule(x, d);
}

/* the mean of the values that are equal to the sorted one */
static node_id sort_as_sum(ad *x, def_id id, const node_id *index)
{
    const def d = x->p->defs.at[id], arg = x->p->defs.at[d.lib_arg];
    ivar_id *i = ad_fresh_params(x, &arg), *again = ad_fresh_params(x, &arg);
    node_id sorted = program_node(x->p, OP_ACCESS, d.elem, index, 1, &(node_imm){.def = id}, x->at);
    node_id value = ad_access(x, d.lib_arg, i);
    node_id same = ad_op(x, OP_EQ, elem_bool(), sorted, value);
    node_id other = ad_op(x, OP_EQ, elem_bool(), sorted, ad_access(x, d.lib_arg, again));
    node_id count = ad_sum(x, again, 1, (guarded){ad_real(x, 1), other});
    return ad_sum(x, i, 1, (guarded){ad_div(x, value, count), same});
}

node_id ad_lib_as_sum(ad *x, def_id id, const node_id *index)
{
    const def *d = &x->p->defs.at[id];
    if (d->lib == LIB_SORT) return sort_as_sum(x, id, index);
    no_rule(x, d);
    return SETIR_NONE;
}

