/* SPDX-License-Identifier: Apache-2.0
 *
 * lower_sweep.h: what lower_sweep.c finds for lower_sweep_loops.c: the sums and tensors that one pass over the rows of
 * a set of pairs makes.
 */
#ifndef MTX_LOWER_SWEEP_H
#define MTX_LOWER_SWEEP_H

#include "lower.h"

enum { LIST_MOST = 48 };

/* a tensor over the pairs as one row has it */
typedef struct row_tensor {
    def_id def;
    node_id body;     /* at the sweep's variables */
    buffer_id buffer; /* component c of pair b at c * n + b - lo */
    bool wanted;      /* to be stored by the main loop */
    bool there;
} row_tensor;

/* a value summed over pairs: for all of the frame, or for the site */
typedef struct pair_sum {
    node_id of, term; /* SETIR_NONE: a part of what sum `member` has */
    uint32_t member;
    uint32_t like; /* over the row: the first with this term */
    bool there;    /* over the row: in a loop before */
} pair_sum;

/* a sum over all sites, `times` what the cells add up; its terms are pair_sums unless `site` is a value that each site
 * has */
typedef struct member {
    node_id of, site;
    double times;
    lvalue *cell;
} member;

/* sum b in pairs(k): own(b) + times tensor[b.rev] */
typedef struct scattered {
    node_id of, own;
    uint32_t tensor;
    double times;
    buffer_id buffer;
} scattered;

/* a costly value of each pair that the loop over the row which needs it first leaves to the others */
typedef struct saved {
    node_id of;
    buffer_id buffer;
} saved;

struct sweep {
    set_id pairs, sites;
    ivar_id site, pair;
    node_id row;
    scope *at;
    lexpr *lo, *n;
    row_tensor tensor[LIST_MOST];
    pair_sum all[LIST_MOST], row_sum[LIST_MOST];
    member sum[LIST_MOST];
    scattered far[LIST_MOST];
    saved saved[LIST_MOST];
    uint32_t n_tensor, n_all, n_row, n_sum, n_far, n_saved, n_inside;
    bool loops; /* there are loops inside of those over pairs */
    bool *of_site; /* by tensor: over the sites and only read at the site that a loop is at */
};

static inline const node *look(const lowering *x, node_id n)
{
    return &x->p->nodes.at[n];
}

bool sweep_is_pair(const lowering *x, const sweep *w, node_id id); /* the sweep's variable */
uint32_t sweep_tensor(const sweep *w, def_id d);                  /* SETIR_NONE: not one of a row */
/* the value of a tensor where the node reads it at the sweep's site, SETIR_NONE: it does not */
node_id sweep_site_body(const lowering *x, const sweep *w, const node *n);

bool sweep_has_loops(const lowering *x, const sweep *w); /* sums over others for each pair */
void sweep_find_inside(lowering *x, sweep *w);           /* sums over the row inside of what pairs add up */
bool sweep_needs(const lowering *x, const sweep *w, node_id id, node_id sum, bool *seen); /* is `sum` in it? marks all */
bool sweep_is_pending(const sweep *w, uint32_t k);
bool sweep_is_read(const lowering *x, const sweep *w, uint32_t sum);
bool sweep_reads_others(const lowering *x, const sweep *w, uint32_t sum);

#endif
