/* SPDX-License-Identifier: Apache-2.0
 *
 * rewrite.h: the set IR made ready for lowering. In: a program. Out: an equivalent one in normal form:
 * tensors that are cheap or used in one place are inlined, equal sums have equal nodes (bound variables are
 * named canonically), constants are folded, short sums are written out. The rules of single nodes are in
 * rewrite_rules.c.
 */
#ifndef MTX_REWRITE_H
#define MTX_REWRITE_H

#include "setir.h"

/* Loops of a tensor over pairs whose value has sums over the row of its pair: over the sites, then over the pairs of
 * each. `body` is the value there; SETIR_NONE: one loop over all pairs will do. */
typedef struct row_loops {
    ivar_id site, pair;
    node_id body;
} row_loops;

typedef struct rewriter rewriter;
struct rewriter {
    program *p; /* the result                                                              */
    arena *memory;
    uint32_t first_canonical; /* index variables from here on are canonical ones                         */
    bool *kept;               /* by def: accesses stay accesses; false: they were inlined                */
    row_loops *rows;          /* by def of the source, as its first parameter is run over                */
    bool squares;             /* 1/(d d) of a distance d stays: nothing needs 1/d (rewrite_even.c)       */
    bool *symmetric;          /* by curve: its two indices may be exchanged                              */
};

rewriter *rewrite_program(arena *a, const program *p);
/* `n` with index variables from[k] replaced by the index nodes to[k]; bound variables keep canonical names */
node_id rewrite_rename(rewriter *r, node_id n, const ivar_id *from, const node_id *to, uint32_t count);
/* the first canonical variable over that set, row and partner which is not in `avoid` */
ivar_id rewrite_canonical(rewriter *r, ivar wanted, const ivar_list *avoid);
/* does the value have sums over the row of pair `v`, which runs over all pairs? */
bool rewrite_needs_row(const program *p, node_id n, ivar_id v);
row_loops rewrite_rows(rewriter *r, node_id body, ivar_id v, const ivar_list *avoid);

/* ---- rewrite_keep.c: by def: is it stored? */
bool *rewrite_keep(arena *a, const program *p);
double op_cost(const program *p, const node *n); /* of the operation alone; 1 is an addition */

/* ---- rewrite_even.c: distances in even powers, once all is there */
void rewrite_even(rewriter *r);

/* ---- rewrite_rules.c: one node, simplified by local rules */
node_id rule_node(rewriter *r, node_op op, elem e, const node_id *args, uint32_t n, const node_imm *imm,
                  span at);
node_id rule_sum(rewriter *r, elem e, const node_id *args, uint32_t n, const node_imm *imm,
                 span at);                                   /* rewrite_sums.c */
/* Is the value finite wherever its arguments are? `overflow`: exponentials count, although they may overflow.
 * (rewrite_sums.c) */
bool rewrite_tame(const program *p, node_id n, bool overflow);
node_id rule_bilinear(rewriter *r, const node_id *args, uint32_t table, span at); /* rewrite_tables.c */
bool fold_op(const node *n, const double *arg, double *out); /* a scalar operation on numbers            */
/* the value of scalar `n` when node `hole` has each of `count` given values; false when it needs anything
 * else */
bool fold_over(const program *p, node_id n, node_id hole, const double *in, double *out, uint32_t count);

#endif
