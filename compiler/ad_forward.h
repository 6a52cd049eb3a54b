/* SPDX-License-Identifier: Apache-2.0
 *
 * ad_forward.h: what ad_forward.c (tangents of nodes) and ad_jacobian.c (derivatives of tensors, along a
 * direction or by every element) share.
 *
 * The tangent of a node is a list of terms. A term that belongs to one element of what moves says where it
 * counts: where `index`, over the free variables of the node, is `target`, over the variable of that element.
 * Sums are solved for it, so that the derivative by one pair costs what this pair takes part in.
 */
#ifndef MTX_AD_FORWARD_H
#define MTX_AD_FORWARD_H

#include "ad_internal.h"

typedef struct tangent_term {
    guarded g;
    node_id index, target; /* SETIR_NONE both: everywhere */
} tangent_term;
typedef struct tangent_sum {
    VEC(tangent_term) t;
} tangent_sum;

/* a tensor's tangent, a helper tensor for each of its terms */
typedef struct tangent_part {
    def_id helper;
    bool by_element;       /* its first index is the element that moves */
    uint32_t left_out;     /* the parameter that the element tells, or SETIR_NONE */
    node_id index, target; /* over `param` */
} tangent_part;
typedef struct tensor_tangent {
    bool done;
    ivar_id *param;
    VEC(tangent_part) part;
} tensor_tangent;

typedef struct forward {
    ad *x;
    wrt by;
    def_id along;    /* the direction as a tensor, or SETIR_NONE: element `q`, component `lane` */
    ivar_id q;       /* SETIR_NONE: what moves has no elements */
    int lane;        /* strain: 3 row + column */
    bool symmetric;  /* strain: half of this component, half of its transpose */
    VEC(tangent_sum *) by_node;
    VEC(tensor_tangent *) by_def;
} forward;

/* ---- ad_forward.c */
const tangent_sum *ad_tangent(forward *f, node_id n);
/* value where its condition holds, and where the index is the target, under other names */
node_id ad_term_value(forward *f, const tangent_term *t, const ivar_id *from, const node_id *to, uint32_t n);

/* ---- ad_tangent.c: what the tangent t of argument k gives to that of n; what a leaf gives */
node_id ad_pass(ad *x, const node *n, node_id id, uint32_t k, node_id t);
void ad_leaf(forward *f, const node *n, node_id id, tangent_sum *out);
void ad_term_add(ad *x, tangent_sum *out, tangent_term t);

/* ---- ad_jacobian.c */
void ad_jacobian(ad *x, def_id id);

#endif
