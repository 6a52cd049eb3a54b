/* SPDX-License-Identifier: Apache-2.0
 *
 * lower_sweep_loops.c: the loops of a sweep. In: what lower_sweep.c has found. Out: a loop over sites with some over the
 * pairs of each inside: one for the sums that other values of the row read, then the main one. Tensors of the row live
 * in scratch for one row, and so do costly values that both loops need. Also the reading of what a sweep has made.
 */
#include "lower_sweep.h"

#define COST_SAVED 15.0 /* an operation that costs less is computed again, not stored */

/* ---- the loops ----------------------------------------------------------------------------------------- */

static void open_far(lowering *x, sweep *w)
{
    for (uint32_t k = 0; k < w->n_far; k++) {
        uint32_t parts = elem_components(look(x, w->far[k].of)->elem);
        buffer_size size = {.constant = parts};
        add_extent(x->p, &size, w->sites, false);
        w->far[k].buffer = kernel_scratch(x->k, LT_F64, size, "ends");
        scope *s = scope_loop(x, x->frame, "k", ix(x, 0), ix_mul(x, set_count(x, w->sites), ix(x, parts)));
        lb_store(x->k, s->block, w->far[k].buffer, scope_index(x, s), f64(x, 0));
        loop_finish(x, s, NULL, 0);
    }
}

static lexpr *tensor_element(lowering *x, const sweep *w, uint32_t c, lexpr *pair)
{
    return ix_add(x, ix_mul(x, ix(x, c), w->n), ix_sub(x, pair, w->lo));
}

static void store_tensor(lowering *x, sweep *w, row_tensor *t, scope *s, lexpr *pair)
{
    uint32_t parts = elem_components(look(x, t->body)->elem);
    vals v = lower_node(x, s, t->body);
    buffer_size size = {.constant = parts};
    add_extent(x->p, &size, w->pairs, true);
    t->buffer = kernel_scratch(x->k, LT_F64, size, "row");
    for (uint32_t c = 0; c < parts; c++)
        lb_store(x->k, s->block, t->buffer, tensor_element(x, w, c, pair), v.at[v.n == 1 ? 0 : c]);
    t->there = true;
}

static scope *pair_loop(lowering *x, sweep *w, lexpr **pair)
{
    lexpr *none;
    scope *s = loop_over(x, w->at, w->pair, &none);
    s->in_row = true;
    s->holds_loops = w->loops;
    scope_of_ivar(s, w->pair, pair);
    for (uint32_t k = 0; k < w->n_saved; k++) {
        vals v = vals_new(x, 1);
        v.at[0] = let(x, s, "saved", lx_load(x->k, w->saved[k].buffer, tensor_element(x, w, 0, *pair)));
        known_put(x, w->saved[k].of, s, v);
    }
    return s;
}

static void fill_tensor(lowering *x, sweep *w, row_tensor *t)
{
    lexpr *pair = NULL;
    scope *s = pair_loop(x, w, &pair);
    store_tensor(x, w, t, s, pair);
    loop_finish(x, s, NULL, 0);
}

/* Tensors that pairs of the row read of one another are made before the main loop, each in a loop of its own, and so
 * is what those read at their own pair: it is wanted there and in the main loop. */
static void fill_before(lowering *x, sweep *w, node_id id, bool before, bool *seen)
{
    if (seen[id]) return;
    seen[id] = true;
    const node n = *look(x, id);
    for (uint32_t k = 0; k < n.n_args; k++) fill_before(x, w, n.arg[k], before, seen);
    uint32_t k = n.op == OP_ACCESS ? sweep_tensor(w, n.imm.def) : SETIR_NONE;
    if (k == SETIR_NONE || w->tensor[k].there) return;
    if (!before && sweep_is_pair(x, w, n.arg[0])) {
        fill_before(x, w, w->tensor[k].body, false, seen);
        return;
    }
    fill_before(x, w, w->tensor[k].body, true, arena_array(x->a, bool, x->p->nodes.n));
    if (!w->tensor[k].there) fill_tensor(x, w, &w->tensor[k]);
}

static void fill_tensors(lowering *x, sweep *w)
{
    bool *seen = arena_array(x->a, bool, x->p->nodes.n);
    for (uint32_t k = 0; k < w->n_all; k++) fill_before(x, w, w->all[k].term, false, seen);
    for (uint32_t k = 0; k < w->n_row; k++) fill_before(x, w, w->row_sum[k].term, false, seen);
    for (uint32_t k = 0; k < w->n_tensor; k++)
        if (w->tensor[k].wanted) fill_before(x, w, w->tensor[k].body, false, seen);
}

static lvalue *new_cells(lowering *x, scope *at, elem e)
{
    lvalue *cell = arena_array(x->a, lvalue, elem_components(e));
    for (uint32_t c = 0; c < elem_components(e); c++) cell[c] = lb_var(x->k, at->block, "sum", f64(x, 0));
    return cell;
}

/* components that share a cell are added once */
static bool is_first(const lvalue *cell, uint32_t c)
{
    for (uint32_t k = 0; k < c; k++)
        if (cell[k] == cell[c]) return false;
    return true;
}

static void add_to(lowering *x, scope *s, const lvalue *cell, const vals *v, uint32_t parts)
{
    for (uint32_t c = 0; c < parts; c++)
        if (is_first(cell, c))
            lb_set(x->k, s->block, cell[c], op2(x, L_ADD, lx_value(x->k, cell[c]), v->at[v->n == 1 ? 0 : c]));
}

static vals cell_values(lowering *x, const lvalue *cell, uint32_t parts, double times)
{
    vals v = vals_new(x, parts);
    for (uint32_t c = 0; c < parts; c++) {
        v.at[c] = lx_value(x->k, cell[c]);
        if (times != 1) v.at[c] = op2(x, L_MUL, f64(x, times), v.at[c]);
    }
    return v;
}

/* components of a sum that are the same number for every pair, as of symmetric tensors, are added up once */
static void share_cells(lowering *x, sweep *w, uint32_t number, const vals *term)
{
    uint32_t parts = elem_components(look(x, w->sum[number].of)->elem);
    for (uint32_t c = 0; c < parts; c++)
        for (uint32_t m = 0; m < c; m++) {
            bool same = w->sum[number].site == SETIR_NONE;
            for (uint32_t k = 0; k < w->n_all; k++)
                same &= w->all[k].member != number || (term[k].n == parts && term[k].at[c] == term[k].at[m]);
            if (!same) continue;
            w->sum[number].cell[c] = w->sum[number].cell[m];
            break;
        }
}

/* the nodes that values of loops still to come are made of */
static bool *needed_later(lowering *x, const sweep *w, const bool *now)
{
    bool *needed = arena_array(x->a, bool, x->p->nodes.n);
    for (uint32_t k = 0; k < w->n_all; k++) sweep_needs(x, w, w->all[k].term, SETIR_NONE, needed);
    for (uint32_t k = 0; k < w->n_row; k++)
        if (sweep_is_pending(w, k) && !now[k]) sweep_needs(x, w, w->row_sum[k].term, SETIR_NONE, needed);
    for (uint32_t k = 0; k < w->n_tensor; k++)
        if (w->tensor[k].wanted) sweep_needs(x, w, w->tensor[k].body, SETIR_NONE, needed);
    return needed;
}

/* saves costly values of the pair, below `id`, that are needed later */
static void save_costly(lowering *x, sweep *w, scope *s, node_id id, const bool *needed, bool *seen, lexpr *pair)
{
    if (seen[id] || !program_depends(x->p, id, w->pair) || w->n_saved == LIST_MOST) return;
    seen[id] = true;
    const node n = *look(x, id);
    bool plain = n.elem.kind == ELEM_REAL && elem_components(n.elem) == 1 && n.op != OP_REDUCE && n.op != OP_ACCESS;
    if (!plain || !needed[id] || op_cost(x->p, &n) < COST_SAVED) {
        for (uint32_t k = 0; k < n.n_args && n.op != OP_REDUCE; k++)
            save_costly(x, w, s, n.arg[k], needed, seen, pair);
        return;
    }
    buffer_size size = {.constant = 1};
    add_extent(x->p, &size, w->pairs, true);
    saved *v = &w->saved[w->n_saved++];
    *v = (saved){id, kernel_scratch(x->k, LT_F64, size, "saved")};
    lb_store(x->k, s->block, v->buffer, tensor_element(x, w, 0, pair), lower_scalar(x, s, id));
}

/* sums over the row as a loop adds them up */
typedef struct adding {
    const bool *now; /* by row sum: it is among them */
    vals value[LIST_MOST];
    lvalue *cell[LIST_MOST];
    VEC(lvalue) cells;
} adding;

static elem sum_elem(const lowering *x, const sweep *w, uint32_t k)
{
    return look(x, w->row_sum[k].of)->elem;
}

static void add_row(lowering *x, sweep *w, scope *s, adding *r)
{
    for (uint32_t k = 0; k < w->n_row; k++) {
        uint32_t parts = elem_components(sum_elem(x, w, k));
        if (!r->now[k]) continue;
        add_to(x, s, r->cell[k], &r->value[k], parts);
        for (uint32_t c = 0; c < parts; c++) vec_push(x->a, &r->cells, r->cell[k][c]);
    }
}

/* the sum over the row of the same term: what is over everything adds that up, not the pairs again */
static uint32_t same_in_row(const sweep *w, uint32_t all)
{
    for (uint32_t k = 0; k < w->n_row; k++)
        if (w->row_sum[k].term == w->all[all].term) return k;
    return SETIR_NONE;
}

static void add_all(lowering *x, sweep *w, scope *s, const vals *value, adding *r)
{
    for (uint32_t k = 0; k < w->n_sum; k++) share_cells(x, w, k, value);
    for (uint32_t k = 0; k < w->n_all; k++) {
        if (same_in_row(w, k) != SETIR_NONE) continue;
        const member *m = &w->sum[w->all[k].member];
        uint32_t parts = elem_components(look(x, m->of)->elem);
        add_to(x, s, m->cell, &value[k], parts);
        bool again = false;
        for (uint32_t before = 0; before < k; before++)
            again |= w->all[before].member == w->all[k].member && same_in_row(w, before) == SETIR_NONE;
        for (uint32_t c = 0; c < parts && !again; c++)
            if (is_first(m->cell, c)) vec_push(x->a, &r->cells, m->cell[c]);
    }
}

/* a loop over the pairs of the row: some of the sums over it, and in the main one all that is over everything too */
static void pairs_loop(lowering *x, sweep *w, const bool *now, bool main)
{
    lexpr *pair = NULL;
    vals all[LIST_MOST];
    adding r = {.now = now};
    for (uint32_t k = 0; k < w->n_row; k++)
        if (now[k]) r.cell[k] = new_cells(x, w->at, sum_elem(x, w, k));
    scope *s = pair_loop(x, w, &pair);
    for (uint32_t k = 0; main && k < w->n_all; k++)
        all[k] = same_in_row(w, k) == SETIR_NONE ? lower_node(x, s, w->all[k].term) : (vals){0};
    for (uint32_t k = 0; k < w->n_row; k++)
        if (now[k]) r.value[k] = lower_node(x, s, w->row_sum[k].term);
    for (uint32_t k = 0; main && k < w->n_tensor; k++)
        if (w->tensor[k].wanted && !w->tensor[k].there) store_tensor(x, w, &w->tensor[k], s, pair);
    bool *needed = main ? NULL : needed_later(x, w, now), *seen = arena_array(x->a, bool, x->p->nodes.n);
    for (uint32_t k = 0; !main && k < w->n_row; k++)
        if (now[k]) save_costly(x, w, s, w->row_sum[k].term, needed, seen, pair);
    if (main) add_all(x, w, s, all, &r);
    add_row(x, w, s, &r);
    loop_finish(x, s, r.cells.at, r.cells.n);
    for (uint32_t k = 0; k < w->n_row; k++) {
        uint32_t like = w->row_sum[k].like;
        if (!now[like]) continue;
        w->row_sum[k].there = true;
        known_put(x, w->row_sum[k].of, w->at, cell_values(x, r.cell[like], elem_components(sum_elem(x, w, k)), 1));
    }
}

/* those that other values of the row read, in as many loops as they need one another */
static void sums_before(lowering *x, sweep *w)
{
    bool now[LIST_MOST], any = true;
    while (any) {
        any = false;
        for (uint32_t k = 0; k < w->n_row; k++) {
            now[k] = sweep_is_pending(w, k) && sweep_is_read(x, w, k) && !sweep_reads_others(x, w, k);
            any |= now[k];
        }
        if (any) pairs_loop(x, w, now, false);
    }
}

static void main_loop(lowering *x, sweep *w)
{
    bool now[LIST_MOST];
    for (uint32_t k = 0; k < w->n_row; k++) now[k] = sweep_is_pending(w, k);
    pairs_loop(x, w, now, true);
    for (uint32_t k = 0; k < w->n_all; k++) {
        uint32_t row = same_in_row(w, k);
        if (row == SETIR_NONE) continue;
        vals v = lower_node(x, w->at, w->row_sum[row].of);
        add_to(x, w->at, w->sum[w->all[k].member].cell, &v, elem_components(look(x, w->all[k].term)->elem));
    }
}

/* what the row's pairs give to their other ends, and to the site itself */
static void scatter_row(lowering *x, sweep *w, const scattered *f)
{
    const row_tensor *t = &w->tensor[f->tensor];
    uint32_t parts = elem_components(look(x, f->of)->elem);
    lexpr *none, *pair = NULL, *site = NULL;
    scope *s = loop_over(x, w->at, w->pair, &none);
    scope_of_ivar(s, w->pair, &pair);
    lexpr *end = in_frame(x, w->sites, lx_load(x->k, view_buffer(x, BUF_SET_J, w->pairs), pair));
    end = let(x, s, "end", ix_mul(x, end, ix(x, parts)));
    for (uint32_t c = 0; c < parts; c++) {
        lexpr *e = lx_load(x->k, t->buffer, tensor_element(x, w, c, pair));
        if (f->times != 1) e = op2(x, L_MUL, f64(x, f->times), e);
        lb_add(x->k, s->block, f->buffer, ix_add(x, end, ix(x, c)), e);
    }
    scope_close(x, s);
    if (f->own == SETIR_NONE) return;
    vals own = lower_node(x, w->at, f->own);
    scope_of_ivar(w->at, w->site, &site);
    site = let(x, w->at, "own", ix_mul(x, in_frame(x, w->sites, site), ix(x, parts)));
    for (uint32_t c = 0; c < parts; c++)
        lb_add(x->k, w->at->block, f->buffer, ix_add(x, site, ix(x, c)), own.at[own.n == 1 ? 0 : c]);
}

/* beside loops a product costs less than what is kept over them for a sum that it is taken out of */
static void put_numbers_back(lowering *x, sweep *w)
{
    for (uint32_t k = 0; k < w->n_all; k++) {
        const node n = *look(x, w->all[k].term);
        node_id times = node_const(x->p, w->sum[w->all[k].member].times, unit_none(), n.at);
        w->all[k].term = rule_node(x->r, OP_MUL, n.elem, (node_id[]){times, w->all[k].term}, 2, NULL, n.at);
    }
    for (uint32_t k = 0; k < w->n_sum; k++) w->sum[k].times = 1;
}

scope *sweep_open(lowering *x, sweep *w)
{
    lexpr *none, *hi;
    sweep_find_inside(x, w);
    for (uint32_t k = 0; k < w->n_sum; k++) w->sum[k].cell = new_cells(x, x->frame, look(x, w->sum[k].of)->elem);
    open_far(x, w);
    w->at = loop_over(x, x->frame, w->site, &none);
    w->at->holds_loops = true;
    row_range(x, w->at, w->pairs, w->row, &w->lo, &hi);
    w->n = let(x, w->at, "n", ix_sub(x, hi, w->lo));
    x->sweep = w;
    w->loops = sweep_has_loops(x, w);
    if (w->loops) put_numbers_back(x, w);
    sums_before(x, w);
    fill_tensors(x, w);
    main_loop(x, w);
    for (uint32_t k = 0; k < w->n_far; k++) scatter_row(x, w, &w->far[k]);
    for (uint32_t k = 0; k < w->n_sum; k++) {
        const member *m = &w->sum[k];
        if (m->site == SETIR_NONE) continue;
        vals v = lower_node(x, w->at, m->site);
        add_to(x, w->at, m->cell, &v, elem_components(look(x, m->of)->elem));
    }
    return w->at;
}

void sweep_close(lowering *x, sweep *w)
{
    scope_close(x, w->at);
    x->sweep = NULL;
    for (uint32_t k = 0; k < w->n_sum; k++) {
        const member *m = &w->sum[k];
        known_put(x, m->of, x->frame, cell_values(x, m->cell, elem_components(look(x, m->of)->elem), m->times));
    }
    for (uint32_t k = 0; k < w->n_far; k++)
        vec_push(x->a, &x->swept, ((swept){w->far[k].of, w->far[k].buffer, w->site, w->sites}));
}

/* ---- reading ------------------------------------------------------------------------------------------- */

bool sweep_access(lowering *x, scope *at, const node *n, vals *out)
{
    sweep *w = x->sweep;
    node_id site = w && scope_within(at, w->at) ? sweep_site_body(x, w, n) : SETIR_NONE;
    if (site != SETIR_NONE) {
        *out = lower_node(x, at, site);
        return true;
    }
    uint32_t k = w ? sweep_tensor(w, n->imm.def) : SETIR_NONE;
    if (k == SETIR_NONE || look(x, n->arg[0])->op != OP_IVAR) return false;
    ivar_id v = look(x, n->arg[0])->imm.ivar;
    lexpr *pair = NULL;
    scope *bound_at = scope_of_ivar(at, v, &pair);
    if (!bound_at || x->p->ivars.at[v].row != w->row || !scope_within(bound_at, w->at)) return false;
    row_tensor *t = &w->tensor[k];
    if (!t->there && v == w->pair) {
        *out = lower_node(x, at, t->body);
        return true;
    }
    if (!t->there) fill_tensor(x, w, t);
    uint32_t parts = elem_components(n->elem);
    *out = vals_new(x, parts);
    for (uint32_t c = 0; c < parts; c++) out->at[c] = lx_load(x->k, t->buffer, tensor_element(x, w, c, pair));
    return true;
}

bool sweep_waits(const lowering *x, node_id id)
{
    if (!x->sweep) return false;
    bool *seen = arena_array(x->a, bool, id + 1);
    seen[id] = true;
    for (node_id k = id + 1; k-- > 0;) {
        const node *n = look(x, k);
        if (!seen[k]) continue;
        uint32_t t = n->op == OP_ACCESS ? sweep_tensor(x->sweep, n->imm.def) : SETIR_NONE;
        if (t != SETIR_NONE && !x->sweep->tensor[t].there) return true;
        for (uint32_t m = 0; m < n->n_args; m++) seen[n->arg[m]] = true;
    }
    return false;
}

bool sweep_read(lowering *x, scope *at, node_id id, vals *out)
{
    for (uint32_t k = 0; k < x->swept.n; k++) {
        const swept *s = &x->swept.at[k];
        lexpr *site = NULL;
        if (s->of != id || !scope_of_ivar(at, s->site, &site)) continue;
        uint32_t parts = elem_components(look(x, id)->elem);
        *out = vals_new(x, parts);
        lexpr *row = let(x, at, "end", ix_mul(x, in_frame(x, s->sites, site), ix(x, parts)));
        for (uint32_t c = 0; c < parts; c++) out->at[c] = lx_load(x->k, s->buffer, ix_add(x, row, ix(x, c)));
        return true;
    }
    return false;
}
