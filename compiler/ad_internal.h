/* SPDX-License-Identifier: Apache-2.0
 *
 * ad_internal.h: what ad.c (derivatives written out), ad_walk.c (one tensor in reverse), ad_rules.c (the
 * adjoint of each operation), ad_gather.c (sums of contributions) and ad_build.c (nodes) share.
 *
 * The adjoint of a node is an expression over exactly the free index variables of the node. Where a node is
 * used under more variables than it has, the contributions are summed over the others at once, so that what
 * belongs to a row is summed in the row before anything is done with it.
 */
#ifndef MTX_AD_INTERNAL_H
#define MTX_AD_INTERNAL_H

#include "ad.h"
#include "irreps.h"

/* a value that counts where `where` holds (SETIR_NONE: always): conditions are kept beside values, since a
 * value need not be finite where its condition fails */
typedef struct guarded {
    node_id value, where; /* value SETIR_NONE: zero */
} guarded;

/* what an adjoint is collected for: values of a leaf at an index */
typedef enum target_kind { TO_DEF, TO_INPUT, TO_PAIRS, TO_NAMED, TO_PARAM } target_kind;
typedef struct target {
    target_kind kind;
    uint32_t id; /* def, input, pair set, constant, parameter */
} target;
typedef struct contribution {
    struct contribution *next;
    guarded g;
    const node_id *index;
    uint32_t n;
    const ivar_id *vars; /* to be summed over where the indices fit */
    uint32_t n_vars;
} contribution;
typedef struct collector {
    target to;
    contribution *list;
} collector;

/* both stood in one unordered pair: half the sum over ordered pairs, so that what depends on one of them
 * alone is taken for the first only, twice */
typedef struct twin {
    ivar_id first, second;
} twin;

/* one derivative being written out */
typedef struct ad {
    program *p;
    arena *a;
    diag_sink *sink;
    wrt by;
    span at;
    bool failed, strain; /* strain: the lattice moves too: WRT_STRAIN, WRT_CELL */
    VEC(signed char) active;     /* by node: 0 not yet, 1 does, -1 does not depend on what moves */
    VEC(signed char) active_def; /* by def */
    VEC(collector) to;
    VEC(guarded) virial; /* rank 2, over no variables: the derivative by strain, from everything but the
                            collected positions and pairs */
} ad;

/* one tensor's body being walked in reverse */
typedef struct visit {
    struct visit *next;
    node_id n;
    guarded adjoint;
    guarded held; /* the same from what measures it in lattice vectors: a strain has no part in that */
    node_id inner, inner_where; /* REDUCE: argument and condition under variables of its own */
    ivar_list own;
    bool done;
} visit;
typedef struct ad_walk {
    ad *x;
    VEC(visit *) by_node;
    VEC(visit *) order; /* users after what they use */
    VEC(twin) twins;
    bool holds; /* what is passed on is held */
} ad_walk;

/* ---- ad_build.c: nodes; SETIR_NONE stands for zero */
node_id ad_real(ad *x, double v);
node_id ad_count(ad *x, set_id s); /* how many elements */
node_id ad_add(ad *x, node_id a, node_id b);
node_id ad_sub(ad *x, node_id a, node_id b);
node_id ad_neg(ad *x, node_id a);
node_id ad_mul(ad *x, node_id scalar, node_id b);
node_id ad_div(ad *x, node_id a, node_id scalar);
node_id ad_scale(ad *x, double c, node_id a);
node_id ad_pow(ad *x, node_id a, double power);
node_id ad_fun(ad *x, node_op op, node_id a);
node_id ad_dot(ad *x, node_id a, node_id b); /* any rank, channels too: the sum of products */
node_id ad_outer(ad *x, node_id a, node_id b);
node_id ad_op(ad *x, node_op op, elem e, node_id a, node_id b);
node_id ad_select(ad *x, node_id where, node_id a, node_id b);
node_id ad_zero(ad *x, elem e);
node_id ad_ivar(ad *x, ivar_id v);
node_id ad_index(ad *x, node_op op, node_id pair); /* PAIR_I, PAIR_J, PAIR_REV of an index, simplified */
node_id ad_place(ad *x, node_id index);             /* the number of a place of an order */
node_id ad_alike(ad *x, node_id a, node_id b, node_id size); /* equal but for rounding of numbers of that size */
node_id ad_component(ad *x, node_id v, int k);     /* scalar from a vector, tensor or channels */
node_id ad_unit(ad *x, elem e, int k, node_id v);  /* v in component k, zero elsewhere */
node_id ad_and(ad *x, node_id a, node_id b);       /* SETIR_NONE: true */
node_id ad_or(ad *x, node_id a, node_id b);
node_id ad_not(ad *x, node_id a);
node_id ad_sum(ad *x, const ivar_id *v, uint32_t n, guarded g); /* SETIR_NONE when g is zero */
int ad_axes(const ad *x, uint32_t slot); /* how many lattice vectors */
node_id ad_lattice(ad *x, uint32_t slot, int axis);
node_id ad_dual(ad *x, uint32_t slot, node_id axis);
node_id ad_in_span(ad *x, uint32_t slot, node_id v); /* the part of v along the lattice vectors */
guarded guarded_add(ad *x, guarded a, guarded b);
const elem *ad_elem(const ad *x, node_id n);

/* ---- ad_walk.c */
bool ad_active(ad *x, node_id n);
bool ad_active_def(ad *x, def_id d);
const set *ad_spots(const ad *x, const node *n); /* those that a place or displacement is of; NULL: atoms */
bool ad_spots_move(ad *x, const node *n);        /* as is known; false: reported */
void ad_hold(ad *x, def_id d); /* as if it did not depend on what moves */
/* reverse through the body of a tensor whose adjoint at its own (fresh) parameters is `seed` */
void ad_reverse(ad *x, def_id d, const ivar_id *param, node_id seed);
void ad_push(ad_walk *w, const visit *from, node_id to, node_id value); /* value: on top of from's condition */
/* the same where a strain is counted already: `to` is one that ad_goes_with_strain */
void ad_push_held(ad_walk *w, const visit *from, node_id to, node_id value);
bool ad_goes_with_strain(ad *x, node_id n); /* a sum of positions, as it is strained itself */
void ad_push_where(ad_walk *w, const visit *from, node_id to, node_id value, node_id where);
void ad_fail(ad *x, span at, const char *what);
void ad_refuse_pairs(ad *x, def_id table, set_id pairs); /* a table that does not keep to the rows of its sites */

/* the variables of a reduction anew; ordered: what is said of them becomes conditions, an unordered pair a twin */
void ad_enter_reduce(ad_walk *w, visit *v, bool ordered);

/* ---- ad_named.c: constants as their values, in place of their names; p grows */
void ad_values_back(program *p);
bool ad_has_names(const program *p);

/* ---- ad_rules.c: pushes the adjoint of a node to its arguments, or to the collectors */
void ad_rule(ad_walk *w, visit *v);
/* the adjoint of the vector from that of the harmonics n (TABLE_A), the tangent of n from that of the vector (TABLE_B) */
node_id ad_solid(ad *x, const node *n, node_id t, table_side by);
/* u times the slope of a function at its value; what side `side` of an elementwise operation passes on of t:
 * adjoints and tangents alike */
node_id ad_function(ad *x, const node *n, node_id value, node_id u);
node_id ad_binary(ad *x, const node *n, node_id value, uint32_t side, node_id t);
bool ad_unordered(const ad *x, const node *n);
node_id ad_cofactors(ad *x, node_id t);
/* u times the derivative of a reduction by its argument at v's variables; adds to where it counts */
node_id ad_reduce_share(ad *x, const visit *v, const node *n, node_id u, node_id *where);

/* ---- ad_lib.c: library functions */
void ad_reverse_lib(ad *x, def_id id, def_id adjoint);
/* the value of a library function's tensor at the indices, as sums that have the same derivatives */
node_id ad_lib_as_sum(ad *x, def_id id, const node_id *index);

void ad_collect_at(ad *x, def_id to, const ivar_id *q, uint32_t n, node_id value); /* value over q, at index q */
node_id ad_access_at(ad *x, def_id d, const node_id *index);

/* ---- ad_eigen.c: the same of matrices */
void ad_reverse_eigvals(ad *x, def_id id, def_id adjoint);
void ad_reverse_eigvecs(ad *x, def_id id, def_id adjoint);
node_id ad_eigvals_as_sum(ad *x, def_id id, const node_id *index);
node_id ad_eigvecs_as_sum(ad *x, def_id id, const node_id *index);

/* ---- ad.c: tensors */
ivar_id *ad_fresh_params(ad *x, const def *d);
node_id ad_access(ad *x, def_id d, const ivar_id *q);
def_id ad_helper(ad *x, ivar_id *param, uint32_t n, node_id body);

/* ---- ad_gather.c */
void ad_collect(ad *x, target to, const node_id *index, uint32_t n, guarded g, const node *leaf);
void ad_virial(ad *x, guarded g, const node *leaf);
collector *ad_collector(ad *x, target to);
/* all that was collected, at the index variables q */
node_id ad_gather(ad *x, const collector *c, const ivar_id *q, uint32_t n);

#endif
