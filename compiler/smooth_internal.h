/* SPDX-License-Identifier: Apache-2.0
 *
 * smooth_internal.h: shared by the parts of the smoothness analysis: smooth.c (memory, cutoffs, interface),
 * smooth_scalar.c and smooth_ops.c (operations), smooth_branch.c (conditions), smooth_reduce.c (sums).
 */
#ifndef MTX_SMOOTH_INTERNAL_H
#define MTX_SMOOTH_INTERNAL_H

#include "smooth.h"
#include "smooth_fact.h"

/* What holds inside a branch: a chain of guards, newest first. Contexts are made once per branch of a
 * node. */
typedef enum guard_kind { GUARD_ROOT, GUARD_TRUTH, GUARD_DISTINCT, GUARD_NONZERO, GUARD_BOUND } guard_kind;
typedef struct context context;
struct context {
    const context *up;
    guard_kind kind;
    uint32_t   id;
    node_id    a, b;             /* TRUTH: condition a; DISTINCT: indices a, b; NONZERO, BOUND: value a */
    bool       truth;
    range      r;                /* BOUND */
    uint32_t   key;              /* BOUND: the edge that the bound makes, or SETIR_NONE */
    series     at;               /*        and a's series there */
    int        power;
};

/* an edge: where `base` reaches its bound (pairs and reciprocal vectors), or where a condition changes */
typedef struct edge_def {
    node_id base;
    set_id  set;                 /* PAIRS, RECIP; SETIR_NONE for a condition                                */
    node_id index;
    node_id symbol;              /* a bound that is no constant */
    double  bound;               /* a constant bound */
} edge_def;

typedef struct analysis {
    arena   *a;
    program *p;                  /* a copy that grows by what is inlined */
    bool     cell_moves;
    VEC(edge_def) edges;
    context  root;
    uint32_t n_contexts, depth, steps;
    bool     boundaries_count;   /* a choice is looked at with its boundary only (smooth_branch.c) */
    struct { uint64_t *key; const fact **value; uint32_t n, cap; } memo;
    VEC(int8_t)  varies;         /* per node: 0 not asked, 1 no, 2 yes */
    VEC(int8_t)  trained;        /* the same: does it depend on parameters?                              */
    VEC(node_id) inlined;        /* per node + 1: an access with the tensor's body in its place */
} analysis;

/* smooth.c */
const fact *smooth_eval(analysis *x, node_id n, const context *c);
node_id smooth_plain(analysis *x, node_id n);             /* without accesses and ascriptions around it     */
bool    smooth_varies(analysis *x, node_id n);
bool    smooth_must_exist(analysis *x, node_id n);        /* where it is not defined, nothing is smooth     */
bool    smooth_set_varies(analysis *x, set_id s);
void    smooth_limit(analysis *x, fact *f, int order, node_id at, bool certain, const char *reason);
/* key of the cutoff that the index meets, SETIR_NONE when its set never changes */
uint32_t smooth_index_edge(analysis *x, node_id index);
fact    smooth_distance(analysis *x, node_id n, node_id index);

/* the tensor's body in place of an access; the access itself when the tensor has none */
node_id smooth_inline(analysis *x, node_id access);

/* smooth_scalar.c, smooth_ops.c: facts of one node */
fact smooth_add(analysis *x, const node *n, const context *c);
fact smooth_multiply(analysis *x, node_id id, const node *n, const context *c);
fact smooth_divide(analysis *x, node_id id, const node *n, const context *c);
fact smooth_power(analysis *x, node_id id, node_id base, double p, const context *c);
fact smooth_powv(analysis *x, node_id id, const node *n, const context *c);
fact smooth_function(analysis *x, node_id id, const node *n, const context *c);
fact smooth_atan2(analysis *x, node_id id, const node *n, const context *c);
fact smooth_abs(analysis *x, node_id id, const node *n, const context *c);
fact smooth_step(analysis *x, node_id id, const node *n, const context *c);
fact smooth_extreme(analysis *x, node_id id, const node *n, const context *c);
fact smooth_cutoff(analysis *x, node_id id, const node *n, const context *c);
bool smooth_apart(analysis *x, node_id l, node_id r, const context *c); /* places that never coincide? */
fact smooth_operation(analysis *x, node_id id, const context *c);

/* smooth_curve.c */
/* the place of an index, where it is fixed or the context knows the element; -1: it depends */
int64_t smooth_index_place(analysis *x, node_id index, const context *c);
fact smooth_table(analysis *x, const node *n, const context *c);
/* the different numbers that a table can give here; 0: more than `most`, or not known */
uint32_t smooth_table_values(analysis *x, const node *n, const context *c, double *list, uint32_t most);
fact smooth_spline(analysis *x, node_id id, const node *n, const context *c);
/* m such that two functions of w differ as (w - w0)^m where one of them is tabulated; -INFINITY: not known */
double smooth_agree_spline(analysis *x, node_id then, node_id other, node_id w, double w0, int way);

/* smooth_branch.c */
bool smooth_distinct(analysis *x, node_id i, node_id j, const context *c);
int  smooth_decide(analysis *x, node_id condition, const context *c);         /* 1, 0, -1 unknown */
fact smooth_select(analysis *x, node_id n, const context *c);
const context *smooth_assume(analysis *x, node_id condition, bool truth, const context *c);
void smooth_apply(analysis *x, node_id n, const context *c, fact *f);         /* what the context says of n */

/* smooth_listed.c */
bool smooth_listed_sum(analysis *x, const node *n, const context *c, fact *out);
fact smooth_by_elements(analysis *x, node_id body, const context *c);

/* smooth_reduce.c */
fact smooth_reduce(analysis *x, node_id n, const context *c);
fact smooth_lib(analysis *x, const def *d, node_id at);

#endif
