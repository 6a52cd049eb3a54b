/* SPDX-License-Identifier: Apache-2.0
 *
 * lower.h: what the files of the lowering share. In: a rewritten program. Out: kernels of explicit loops.
 * Values are made on demand (lower_node): each node is computed in the outermost scope where its index
 * variables are bound, a costly one that a loop would repeat goes to a table. lower.c: outputs;
 * lower_scope.c: scopes, places; lower_node.c: arithmetic; lower_irreps.c: spherical harmonics; lower_index.c: indices, sizes, geometry;
 * lower_reduce.c, lower_scatter.c: reductions; lower_table.c: tables; lower_def.c: tensors that are stored,
 * library calls.
 */
#ifndef MTX_LOWER_H
#define MTX_LOWER_H

#include "loop_build.h"
#include "rewrite.h"

/* The components of a lowered value */
typedef struct vals {
    uint32_t n;
    lexpr **at;
} vals;

typedef enum scope_kind { SCOPE_KERNEL, SCOPE_FRAME, SCOPE_LOOP, SCOPE_IF, SCOPE_WANTED } scope_kind;

/* value: absolute for sites, pairs, spots, reciprocal vectors; else from 0. alias_of: the rank place it
 * stands for */
typedef struct bound {
    ivar_id v;
    lexpr *value;
    ivar_id alias_of;
} bound;
typedef struct fact {
    ivar_id place;
    set_id size_of;
    bool inside;
} fact; /* a place is (not) below the size of that set */

typedef struct scope scope;
struct scope {
    scope_kind kind;
    scope *outer;
    uint32_t depth;
    lblock *block;
    lstmt *stmt; /* LOOP IF WANTED: appended to the outer block when the scope is closed     */
    VEC(bound) bound;
    VEC(fact) facts;
    bool holds_loops; /* its body is known to hold loops: costly values are made in a loop before */
    bool in_row;      /* the inner one of two loops that param_loop made                          */
};

/* a value and the scope whose block holds it */
typedef struct known {
    struct known *next;
    scope *at;
    vals value;
} known;

/* a table: node values for all elements of up to MAX_DIMS index variables */
enum { MAX_DIMS = 8 };
typedef struct dim {
    ivar_id v;
    set_id set;
    node_id row; /* NONE: all of the frame */
    lexpr *extent;
} dim;
typedef struct table {
    struct table *next;
    scope *at;
    buffer_id buffer;
    bool filling; /* not to be read yet                                                             */
    uint32_t parts, n_dims;
    dim dim[MAX_DIMS];
    const ivar_list *over; /* its variables, those that pairs imply included */
    lexpr *total;          /* rows; component c of row r is element c * total + r */
} table;

/* a tensor that is stored: its buffer, or for sorted rows the order and the matrix */
typedef struct stored {
    struct stored *next;
    scope *at;
    buffer_id buffer, order;
    lexpr *extent[MAX_DIMS];
} stored;

typedef struct sweep sweep; /* lower_sweep.h */
/* a sum over the row of each site that a sweep has left in a buffer */
typedef struct swept {
    node_id of;
    buffer_id buffer;
    ivar_id site;
    set_id sites;
} swept;

typedef struct cached {
    struct cached *next;
    scope *at;
    int kind;
    uint32_t a, b;
    lexpr *e;
} cached;

typedef struct lowering {
    arena *a;
    rewriter *r;
    program *p; /* r->p                                                                    */
    kernel *k;
    diag_sink *sink;
    bool failed;
    uint32_t n_first, n_kept; /* nodes and tensors of the program before lowering                        */
    scope *kernel_scope, *frame;
    lexpr *f;             /* number of the frame                                                     */
    VEC(known *) known;   /* by node                                                                 */
    VEC(table *) tables;  /* by node                                                                 */
    VEC(stored *) stores; /* by def                                                                  */
    cached *cache;
    VEC(double) cost;       /* by node, < 0: not yet                                                   */
    VEC(node_id) hole;      /* by node: see lower_table.c                                              */
    VEC(uint32_t) costed;   /* by node: the question (number `stamp`) that has counted its cost        */
    uint32_t stamp;
    uint32_t *uses;         /* by first node: how many nodes and outputs use it                        */
    uint8_t *sharers;       /* by first node: how many outputs reach it, at most 2                     */
    uint16_t *divisions;    /* by first node: how many divide by it                                     */
    bool *exact;            /* by first node: feeds a floor or a comparison                            */
    buffer_id *view_buffer; /* by (buffer_kind, index)                                                 */
    uint32_t n_index;
    buffer_id *out_buffer; /* by output                                                               */
    VEC(node_id) group;    /* reductions that the present outputs reach, for sharing loops            */
    sweep *sweep;          /* the one whose loop over sites is open, or NULL                          */
    VEC(swept) swept;
    VEC(uint32_t) mark;    /* by node: == marked where the present search came by                     */
    uint32_t marked;
    VEC(node_id) summing;  /* those whose loops are being made                                        */
    uint32_t depth;
    uint32_t storing;     /* > 0: within tensors that are being stored */
    uint32_t written_out; /* > 0: values are made for several sums, so each gets a name              */
    int64_t copies;       /* in how many of those what is made now stands; 0: in none                */
} lowering;

/* ---- lower_scope.c */
scope *scope_open(lowering *x, scope *outer, scope_kind kind, lblock *block, lstmt *stmt);
scope *scope_loop(lowering *x, scope *outer, const char *words, lexpr *lo, lexpr *hi);
void scope_close(lowering *x, scope *s); /* appends its statement to the outer block  */
void scope_bind(lowering *x, scope *s, ivar_id v, lexpr *value);
lexpr *scope_index(lowering *x, const scope *s); /* of a loop                                 */
scope *scope_of_ivar(const scope *s, ivar_id v,
                     lexpr **value);                /* NULL: not bound                           */
scope *home_of(lowering *x, scope *cur, node_id n); /* innermost scope that binds a free variable */
scope *place_of(lowering *x, scope *cur, scope *home, bool shared);
bool scope_within(const scope *s, const scope *outer); /* s is outer or inside it                   */
vals *known_find(lowering *x, node_id n, const scope *home, const scope *cur);
void known_put(lowering *x, node_id n, scope *at, vals v);
lexpr *let(lowering *x, scope *at, const char *words,
           lexpr *e); /* atoms stay themselves                     */
lexpr **cache_slot(lowering *x, scope *at, int kind, uint32_t a, uint32_t b);
void lower_fail(lowering *x, span at, const char *what);
bool is_shared(const lowering *x, node_id n);
vals vals_new(lowering *x, uint32_t n);

/* ---- small expression builders that fold constants (lower_scope.c) */
lexpr *ix(lowering *x, int64_t v);
lexpr *ix_add(lowering *x, lexpr *a, lexpr *b);
lexpr *ix_sub(lowering *x, lexpr *a, lexpr *b);
lexpr *ix_mul(lowering *x, lexpr *a, lexpr *b);
lexpr *f64(lowering *x, double v);
lexpr *op1(lowering *x, loop_op op, lexpr *a);
lexpr *op2(lowering *x, loop_op op, lexpr *a, lexpr *b);
lexpr *choose(lowering *x, lexpr *c, lexpr *a, lexpr *b);
lexpr *truth_and(lowering *x, lexpr *a, lexpr *b); /* a may be NULL: no condition               */

/* ---- lower_index.c */
enum { CACHE_BASE, CACHE_COUNT, CACHE_ROW_LO, CACHE_ROW_HI, CACHE_NIGGLI, CACHE_ORDER, CACHE_CURVE, CACHE_CHANNELS };
buffer_id view_buffer(lowering *x, buffer_kind kind, uint32_t index);
lexpr *set_base(lowering *x, set_id s);               /* first element in the frame, 0 for others  */
lexpr *set_count(lowering *x, set_id s);
void row_range(lowering *x, scope *cur, set_id s, node_id row, lexpr **lo, lexpr **hi);
lexpr *in_frame(lowering *x, set_id s, lexpr *index); /* number within the frame                   */
bool add_extent(const program *p, buffer_size *size, set_id s, bool row);
vals lower_geometry(lowering *x, scope *at, const node *n);
lexpr *lower_index(lowering *x, scope *at, node_id n);
/* number of the row that indices select among all frames' rows of a domain: see lower_index.c */
lexpr *domain_row(lowering *x, const set_id *domain, uint32_t n, lexpr *const *index, lexpr *start);
uint32_t domain_varying(const program *p, const set_id *domain, uint32_t n);

/* ---- lower_node.c */
vals lower_node(lowering *x, scope *cur, node_id n);
lexpr *lower_scalar(lowering *x, scope *cur, node_id n);
double lower_cost(lowering *x, node_id n); /* of the whole expression                   */

/* ---- lower_curve.c */
vals lower_curve(lowering *x, scope *at, const node *n); /* TABLE, SPLINE                             */
vals lower_param(lowering *x, scope *at, const node *n);
lexpr *lower_param_channel(lowering *x, scope *at, const node *n, lexpr *channel); /* one of them              */
vals lower_species_index(lowering *x, scope *at, const node *n);
/* ---- lower_irreps.c */
vals lower_solid(lowering *x, scope *at, const node *n);
vals lower_product_table(lowering *x, scope *at, const node *n); /* LINEAR, BILINEAR                    */
vals lower_channel_at(lowering *x, scope *at, const node *n);
vals lower_channel_put(lowering *x, scope *at, const node *n);

/* ---- lower_table.c */
bool lower_by_table(lowering *x, scope *cur, scope *at, scope *home, node_id n, vals *out);
/* cost of what `home` would compute that is not there yet; stops counting at `most` */
double cost_left(lowering *x, scope *cur, const scope *home, node_id id, double most);
bool lower_by_constants(lowering *x, scope *at, node_id n, vals *out);
ivar_list table_variables(lowering *x, scope *cur, const scope *outermost, node_id n);
node_id table_rename(lowering *x, node_id n, const ivar_list *w, ivar_list *fresh);
bool table_possible(const lowering *x, const ivar_list *w);
table *table_find(lowering *x, node_id n, const ivar_list *fresh, scope *cur);
table *table_new(lowering *x, scope *at, node_id n, const ivar_list *fresh, uint32_t parts);
vals table_read(lowering *x, scope *at, const table *t, const ivar_list *fresh, const ivar_list *w);
lexpr *table_row(lowering *x, scope *at, const table *t, const ivar_list *fresh, const ivar_list *w);
lexpr *table_element(lowering *x, const table *t, uint32_t c, lexpr *row);

/* ---- lower_reduce.c */
enum { VARS_MOST = 8, CONDS_MOST = 32 };
typedef struct conds {
    node_id at[CONDS_MOST];
    uint32_t n;
    bool too_many;
} conds;
typedef struct nest {
    scope *opened[2 * VARS_MOST + CONDS_MOST];
    uint32_t n;
    scope *inner;
    lexpr *mask;
} nest;
vals lower_reduce(lowering *x, scope *at, node_id n);
bool has_reduce(const lowering *x, node_id n, ivar_id v); /* a reduction inside that depends on v      */
conds conditions_of(const lowering *x, const node *r);    /* the parts of `and`                        */
uint32_t level_of(const lowering *x, const node *r,
                  node_id c); /* how many of r's variables c needs         */
scope *open_if(lowering *x, scope *outer, lexpr *condition);
void nest_push(nest *t, scope *s);
void open_nest(lowering *x, nest *t, scope *at, const node *r, const conds *c, bool guard);
double neutral_of(reduction op);
loop_op op_of(reduction op);
scope *loop_over(lowering *x, scope *outer, ivar_id v, lexpr **not_partner);
void loop_finish(lowering *x, scope *s, const lvalue *cells,
                 uint32_t n); /* marks simple loops simd, closes  */
bool block_is_simple(const lblock *b);

/* ---- lower_scatter.c */
bool reduce_by_table(lowering *x, scope *cur, scope *at, scope *home, node_id n, vals *out);
bool reduce_is_outside(lowering *x, scope *cur, node_id n); /* reduce_by_table would make its loops outside */

/* ---- lower_def.c */
vals lower_access(lowering *x, scope *cur, const node *n);
vals lower_padget(lowering *x, scope *cur, const node *n);
stored *ensure_stored(lowering *x, scope *cur, def_id d);
node_id def_body(const lowering *x, def_id id); /* where param_ivar(x, id, k) are bound           */
ivar_id param_ivar(const lowering *x, def_id id, uint32_t k);
scope *param_loop(lowering *x, scope *s, def_id id, uint32_t k);
void param_finish(lowering *x, scope *s);
set_id pad_size_of(const lowering *x, const node *padget, uint32_t k);

/* ---- lower_sweep.c, lower_sweep_loops.c */
sweep *sweep_plan(lowering *x, set_id pairs);           /* NULL: none */
bool sweep_takes(lowering *x, sweep *w, def_id output); /* to be written in its loop; with what else that one needs */
bool sweep_pays(const lowering *x, const sweep *w);
scope *sweep_open(lowering *x, sweep *w); /* the loop over sites, at its end */
void sweep_close(lowering *x, sweep *w);
bool sweep_access(lowering *x, scope *at, const node *n, vals *out); /* a tensor of the row */
bool sweep_waits(const lowering *x, node_id n); /* it reads tensors of the row that are not there yet */
bool sweep_read(lowering *x, scope *at, node_id n, vals *out);       /* a sum that a sweep has made */

#endif
