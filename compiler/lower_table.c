/* SPDX-License-Identifier: Apache-2.0
 *
 * lower_table.c: values computed before they are needed. In: a node that open loops would compute again and
 * again, or in a loop that cannot be vectorised. Out: a scratch table over the index variables it depends on,
 * filled by a loop of its own outside, and a load. Pure functions of a species or of a small number become
 * constants of the program.
 */
#include "lower.h"

#include <string.h>

#define COST_TABLE      10.0 /* below, computing again is no slower than storing and loading              */
#define COST_DISTRIBUTE 15.0 /* at least one exponential or the like: worth a loop of its own             */
#define COST_ELEMENTS   6.0
#define COST_NUMBERS    3.0
enum { PARTS_MOST = 9, ELEMENTS = 119, NUMBERS_MOST = 4096, SHORT_MOST = 16 };

/* ---- constants of the program -------------------------------------------------------------------------- */

#define HOLE_NONE (SETIR_NONE - 1) /* a constant                                                           */
#define HOLE_MANY (SETIR_NONE - 2) /* depends on more than one thing, or on no species or small number     */

static bool is_place(const lowering *x, const node *n)
{
    if (n->op != OP_INDEX_REAL) return false;
    int64_t count = set_constant(x->p, x->p->nodes.at[n->arg[0]].elem.set);
    return count > 0 && count <= NUMBERS_MOST;
}

/* the only node, of a species or small number, that the value of n depends on */
static node_id hole_of(lowering *x, node_id id)
{
    while (x->hole.n <= id) vec_push(x->a, &x->hole, SETIR_NONE);
    if (x->hole.at[id] != SETIR_NONE) return x->hole.at[id];
    const node *n = &x->p->nodes.at[id];
    node_id hole = HOLE_NONE;
    double zero[3] = {0}, ignored;
    if (n->op == OP_CONST || n->op == OP_BOOL_CONST || n->op == OP_SPECIES_CONST)
        hole = elem_components(n->elem) == 1 ? HOLE_NONE : HOLE_MANY;
    else if (n->elem.kind == ELEM_SPECIES || is_place(x, n))
        hole = id;
    else if (elem_components(n->elem) != 1 || n->n_args == 0 || n->n_args > 3 || !fold_op(n, zero, &ignored))
        hole = HOLE_MANY;
    else
        for (uint32_t k = 0; k < n->n_args; k++) {
            node_id h = hole_of(x, n->arg[k]);
            if (h != HOLE_NONE && h != hole) hole = hole == HOLE_NONE ? h : HOLE_MANY;
        }
    return x->hole.at[id] = hole;
}

static uint32_t hole_values(const lowering *x, const node *hole, double *in)
{
    if (hole->elem.kind == ELEM_SPECIES) {
        for (int z = 0; z < ELEMENTS; z++) in[z] = z;
        return ELEMENTS;
    }
    const set *s = &x->p->sets.at[x->p->nodes.at[hole->arg[0]].elem.set];
    uint32_t n = (uint32_t)set_constant(x->p, x->p->nodes.at[hole->arg[0]].elem.set);
    for (uint32_t k = 0; k < n; k++) in[k] = (s->kind == SET_RANGE ? s->lo : 0) + (double)k;
    return n;
}

bool lower_by_constants(lowering *x, scope *at, node_id id, vals *out)
{
    const node *n = &x->p->nodes.at[id];
    if (n->elem.kind != ELEM_REAL || n->op == OP_INDEX_REAL) return false;
    node_id h = hole_of(x, id);
    if (h == HOLE_MANY || h == HOLE_NONE) return false;
    const node *hole = &x->p->nodes.at[h];
    bool species = hole->elem.kind == ELEM_SPECIES;
    if (n->op != OP_ELEMENT_DATA &&
        lower_cost(x, id) - lower_cost(x, h) < (species ? COST_ELEMENTS : COST_NUMBERS))
        return false;
    double *in = arena_array(x->a, double, NUMBERS_MOST), *data = arena_array(x->a, double, NUMBERS_MOST);
    uint32_t count = hole_values(x, hole, in);
    if (!fold_over(x->p, id, h, in, data, count)) return false;
    lexpr *value = species ? lower_scalar(x, at, h) : lower_index(x, at, hole->arg[0]);
    *out = vals_new(x, 1);
    out->at[0] = lx_load(x->k, kernel_table(x->k, data, count, species ? "by_element" : "by_number"), value);
    return true;
}

/* ---- tables over index variables ----------------------------------------------------------------------- */

/* free variables of n that are bound in `outermost` or inside it, outer ones first */
ivar_list table_variables(lowering *x, scope *cur, const scope *outermost, node_id id)
{
    const node *n = &x->p->nodes.at[id];
    ivar_list w = {0};
    VEC(uint32_t) depth = {0};
    for (uint32_t k = 0; k < n->n_free; k++) {
        scope *s = scope_of_ivar(cur, n->free[k], NULL);
        if (!s || s->depth < outermost->depth) continue;
        uint32_t at = w.n;
        vec_push(x->a, &w, n->free[k]);
        vec_push(x->a, &depth, s->depth);
        for (; at > 0 && depth.at[at - 1] > s->depth; at--) {
            w.at[at] = w.at[at - 1];
            depth.at[at] = depth.at[at - 1];
        }
        w.at[at] = n->free[k];
        depth.at[at] = s->depth;
    }
    return w;
}

static bool mentions(const lowering *x, node_id n, const ivar_list *w)
{
    for (uint32_t k = 0; n != SETIR_NONE && k < w->n; k++)
        if (program_depends(x->p, n, w->at[k])) return true;
    return false;
}

/* is `row` just one of the variables? then pairs of that row are tabulated over all rows */
static bool row_is_variable(const lowering *x, node_id row, const ivar_list *w)
{
    const node *n = &x->p->nodes.at[row];
    return n->op == OP_IVAR && ivar_list_has(w->at, w->n, n->imm.ivar);
}

bool table_possible(const lowering *x, const ivar_list *w)
{
    if (w->n == 0 || w->n > MAX_DIMS) return false;
    buffer_size size = {.constant = 1};
    for (uint32_t k = 0; k < w->n; k++) {
        const ivar *v = &x->p->ivars.at[w->at[k]];
        if (v->to != SETIR_NONE || !add_extent(x->p, &size, v->set, v->row != SETIR_NONE)) return false;
        if (v->row != SETIR_NONE && mentions(x, v->row, w) && !row_is_variable(x, v->row, w)) return false;
    }
    return true;
}

/* the same node over fresh canonical variables, so that equal functions of b and of c share a table */
node_id table_rename(lowering *x, node_id n, const ivar_list *w, ivar_list *fresh)
{
    ivar_list avoid = {0};
    const node *e = &x->p->nodes.at[n];
    for (uint32_t k = 0; k < e->n_free; k++)
        if (!ivar_list_has(w->at, w->n, e->free[k])) ivar_list_add(x->a, &avoid, e->free[k]);
    node_id *to = arena_array(x->a, node_id, w->n);
    for (uint32_t k = 0; k < w->n; k++) {
        ivar v = x->p->ivars.at[w->at[k]];
        if (v.row != SETIR_NONE) v.row = rewrite_rename(x->r, v.row, w->at, to, k);
        bool after =
            v.unordered && program_depends(x->p, n, v.partner) && !ivar_list_has(w->at, w->n, v.partner);
        if (!after) { /* else it runs only behind a partner that stands still */
            v.partner = SETIR_NONE;
            v.unordered = false;
        }
        ivar_id c = rewrite_canonical(x->r, v, &avoid);
        ivar_list_add(x->a, &avoid, c);
        vec_push(x->a, fresh, c);
        to[k] = node_ivar(x->p, c, e->at);
    }
    return rewrite_rename(x->r, n, w->at, to, w->n);
}

static bool same_list(const ivar_list *a, const ivar_list *b)
{
    for (uint32_t k = 0; k < a->n; k++)
        if (!ivar_list_has(b->at, b->n, a->at[k])) return false;
    return a->n == b->n;
}

table *table_find(lowering *x, node_id n, const ivar_list *fresh, scope *cur)
{
    while (x->tables.n <= n) vec_push(x->a, &x->tables, NULL);
    scope *home = x->frame; /* of what the table depends on besides its own variables */
    const node *e = &x->p->nodes.at[n];
    for (uint32_t k = 0; k < e->n_free; k++) {
        scope *s =
            ivar_list_has(fresh->at, fresh->n, e->free[k]) ? NULL : scope_of_ivar(cur, e->free[k], NULL);
        if (s && s->depth > home->depth) home = s;
    }
    for (table *t = x->tables.at[n]; t; t = t->next)
        if (t->at->depth >= home->depth && scope_within(cur, t->at) && same_list(t->over, fresh)) return t;
    return NULL;
}

table *table_new(lowering *x, scope *at, node_id n, const ivar_list *fresh, uint32_t parts)
{
    table *t = arena_new(x->a, table);
    buffer_size size = {.constant = parts};
    t->at = at;
    t->filling = true;
    t->parts = parts;
    t->total = ix(x, 1);
    t->over = arena_copy(x->a, fresh, sizeof *fresh);
    for (uint32_t k = 0; k < fresh->n; k++) {
        const ivar *v = &x->p->ivars.at[fresh->at[k]];
        bool implied = false; /* by pairs of its row, which come later in the list */
        for (uint32_t m = k + 1; m < fresh->n; m++) {
            node_id row = x->p->ivars.at[fresh->at[m]].row;
            implied |= row != SETIR_NONE && x->p->nodes.at[row].op == OP_IVAR &&
                       x->p->nodes.at[row].imm.ivar == fresh->at[k];
        }
        if (implied) continue;
        dim *d = &t->dim[t->n_dims++];
        *d = (dim){.v = fresh->at[k], .set = v->set, .row = v->row};
        if (v->row != SETIR_NONE && row_is_variable(x, v->row, fresh)) d->row = SETIR_NONE;
        add_extent(x->p, &size, d->set, d->row != SETIR_NONE);
        lexpr *lo, *hi;
        row_range(x, at, d->set, d->row, &lo, &hi);
        d->extent = d->row == SETIR_NONE ? set_count(x, d->set) : let(x, at, "n", ix_sub(x, hi, lo));
        t->total = ix_mul(x, t->total, d->extent);
    }
    t->total = let(x, at, "rows", t->total);
    t->buffer = kernel_scratch(x->k, LT_F64, size, "table");
    while (x->tables.n <= n) vec_push(x->a, &x->tables, NULL);
    t->next = x->tables.at[n];
    x->tables.at[n] = t;
    return t;
}

/* the row for the values that `w` have, which stand for `fresh` */
lexpr *table_row(lowering *x, scope *at, const table *t, const ivar_list *fresh, const ivar_list *w)
{
    lexpr *row = ix(x, 0);
    for (uint32_t k = 0; k < t->n_dims; k++) {
        const dim *d = &t->dim[k];
        lexpr *value = NULL, *lo, *hi;
        uint32_t m = 0;
        while (m < fresh->n && fresh->at[m] != d->v) m++;
        if (m == fresh->n || !scope_of_ivar(at, w->at[m], &value)) {
            lower_fail(x, x->p->at, "a table of this expression");
            return row;
        }
        row_range(x, at, d->set, d->row, &lo, &hi);
        row = ix_add(x, ix_mul(x, row, d->extent), ix_sub(x, value, lo));
    }
    return row;
}

lexpr *table_element(lowering *x, const table *t, uint32_t c, lexpr *row)
{
    return ix_add(x, ix_mul(x, ix(x, c), t->total), row);
}

vals table_read(lowering *x, scope *at, const table *t, const ivar_list *fresh, const ivar_list *w)
{
    lexpr *row = table_row(x, at, t, fresh, w);
    if (t->parts > 1) row = let(x, at, NULL, row);
    vals v = vals_new(x, t->parts);
    for (uint32_t c = 0; c < t->parts; c++) v.at[c] = lx_load(x->k, t->buffer, table_element(x, t, c, row));
    return v;
}

static void table_fill(lowering *x, table *t, node_id n, const ivar_list *fresh)
{
    scope *s = t->at, *opened[MAX_DIMS];
    for (uint32_t k = 0; k < fresh->n; k++) {
        lexpr *none = NULL;
        opened[k] = s = loop_over(x, s, fresh->at[k], &none);
        s->holds_loops = k + 1 < fresh->n;
    }
    vals v = lower_node(x, s, n);
    lexpr *row = table_row(x, s, t, fresh, fresh);
    if (t->parts > 1) row = let(x, s, NULL, row);
    for (uint32_t c = 0; c < t->parts; c++)
        lb_store(x->k, s->block, t->buffer, table_element(x, t, c, row), v.at[v.n == 1 ? 0 : c]);
    for (uint32_t k = fresh->n; k-- > 0;) loop_finish(x, opened[k], NULL, 0);
}

/* ---- when ---------------------------------------------------------------------------------------------- */

/* each node once */
static double cost_of_new(lowering *x, scope *cur, const scope *home, node_id id, double most)
{
    while (x->costed.n <= id) vec_push(x->a, &x->costed, 0);
    if (x->costed.at[id] == x->stamp) return 0;
    x->costed.at[id] = x->stamp;
    if (known_find(x, id, home, cur) || home_of(x, cur, id)->depth < home->depth) return 0;
    const node *n = &x->p->nodes.at[id];
    node_id hole = n->elem.kind == ELEM_REAL && n->op != OP_INDEX_REAL ? hole_of(x, id) : HOLE_MANY;
    if (hole != HOLE_MANY && hole != HOLE_NONE) return 2;
    double sum = n->op == OP_REDUCE ? lower_cost(x, id) : op_cost(x->p, n);
    if (n->op == OP_DIV) /* a product with the reciprocal, or a division, which is slow where it is repeated */
        sum = home_of(x, cur, n->arg[1])->depth < home->depth ? 1 : COST_TABLE;
    for (uint32_t k = 0; k < n->n_args && n->op != OP_REDUCE && sum < most; k++)
        sum += cost_of_new(x, cur, home, n->arg[k], most - sum);
    return sum;
}

double cost_left(lowering *x, scope *cur, const scope *home, node_id id, double most)
{
    x->stamp++;
    return cost_of_new(x, cur, home, id, most);
}

static bool binds_free(const lowering *x, const scope *s, node_id n)
{
    for (uint32_t k = 0; k < s->bound.n; k++)
        if (program_depends(x->p, n, s->bound.at[k].v)) return true;
    return false;
}

/* how often a loop runs, -1 when that varies */
static int64_t loop_times(const lowering *x, const scope *s)
{
    return set_constant(x->p, x->p->ivars.at[s->bound.at[0].v].set);
}

/* Is the same function needed of another pair of the row? Then there is a table of it for all. */
static bool has_sibling(lowering *x, node_id id, ivar_id u)
{
    const ivar range = x->p->ivars.at[u];
    for (ivar_id v = x->r->first_canonical; v < x->p->ivars.n; v++) {
        const ivar *other = &x->p->ivars.at[v];
        if (v == u || other->set != range.set || other->row != range.row || other->partner != SETIR_NONE) continue;
        node_id to = node_ivar(x->p, v, range.at), sibling = rewrite_rename(x->r, id, &u, &to, 1);
        if (sibling != id && sibling < x->n_first && x->sharers[sibling]) return true;
    }
    return false;
}

/* the outermost loop that n does not depend on, or its own loop when that one cannot be vectorised */
static scope *loop_to_leave(lowering *x, scope *cur, scope *home, node_id n)
{
    scope *leave = NULL;
    for (scope *s = home; s != x->frame && s->outer; s = s->outer)
        if (s->kind == SCOPE_LOOP && s->bound.n && !binds_free(x, s, n)) leave = s;
    if (leave && cost_left(x, cur, home, n, COST_TABLE) < COST_TABLE) leave = NULL;
    /* its own loop, or that around short loops over constants */
    scope *own = home;
    int64_t times = 1;
    while (own->kind == SCOPE_LOOP && own->bound.n == 1 && loop_times(x, own) > 0 &&
           times * loop_times(x, own) <= SHORT_MOST) {
        times *= loop_times(x, own);
        do own = own->outer;
        while (own->kind == SCOPE_IF || own->kind == SCOPE_WANTED);
    }
    bool split = own->kind == SCOPE_LOOP && own->holds_loops && own->bound.n == 1 && loop_times(x, own) < 0 &&
                 binds_free(x, own, n) && !has_reduce(x, n, own->bound.at[0].v);
    if (!split || (leave && leave->depth < own->depth) ||
        cost_left(x, cur, home, n, COST_DISTRIBUTE) < COST_DISTRIBUTE ||
        (own->in_row && !has_sibling(x, n, own->bound.at[0].v)))
        return leave;
    return own;
}

/* When the same function is needed of another variable over the same sites too (cos(k . r_i) and cos(k .
 * r_j)), one table over all sites serves both: leave the loop over that variable as well. */
static scope *leave_for_sibling(lowering *x, scope *cur, scope *leave, node_id id)
{
    const node *n = &x->p->nodes.at[id];
    uint32_t n_free = n->n_free;
    for (uint32_t k = 0; k < n_free; k++) {
        ivar_id u = x->p->nodes.at[id].free[k];
        scope *s = scope_of_ivar(cur, u, NULL);
        const ivar range = x->p->ivars.at[u];
        if (!s || s->depth >= leave->depth || s->kind != SCOPE_LOOP || range.row != SETIR_NONE ||
            range.partner != SETIR_NONE)
            continue;
        for (ivar_id v = x->r->first_canonical; v < x->p->ivars.n; v++) {
            const ivar *other = &x->p->ivars.at[v];
            if (v == u || other->set != range.set || other->row != SETIR_NONE || other->partner != SETIR_NONE)
                continue;
            node_id to = node_ivar(x->p, v, range.at);
            node_id sibling = rewrite_rename(x->r, id, &u, &to, 1);
            if (sibling != id && sibling < x->n_first) leave = s;
        }
    }
    return leave;
}

/* short loops outside, so that the innermost one is long and contiguous */
static void short_first(const lowering *x, ivar_list *w)
{
    ivar_id sorted[MAX_DIMS];
    uint32_t n = 0;
    for (int varying = 0; varying < 2; varying++)
        for (uint32_t k = 0; k < w->n; k++) {
            int64_t count = set_constant(x->p, x->p->ivars.at[w->at[k]].set);
            if ((count < 0 || count > SHORT_MOST) == varying) sorted[n++] = w->at[k];
        }
    memcpy(w->at, sorted, n * sizeof *sorted);
}

static bool worth_a_look(const node *n)
{
    switch ((int)n->op) {
    case OP_CONST:
    case OP_IVAR:
    case OP_INPUT:
    case OP_ACCESS:
    case OP_PADGET:
    case OP_LOOKUP:
    case OP_COMP:
    case OP_VEC3:
    case OP_CHANNEL_GET:
    case OP_CHANNEL_CAT:
    case OP_PAIR_D: return false;
    case OP_SOLID: return true;
    default: return n->elem.kind == ELEM_REAL && elem_components(n->elem) <= PARTS_MOST;
    }
}

bool lower_by_table(lowering *x, scope *cur, scope *at, scope *home, node_id n, vals *out)
{
    if (home == x->frame) return false;
    if (x->p->nodes.at[n].op == OP_REDUCE && reduce_by_table(x, cur, at, home, n, out)) return true;
    if (!worth_a_look(&x->p->nodes.at[n])) return false;
    scope *leave = loop_to_leave(x, cur, home, n);
    if (!leave) return false;
    scope *wide = leave_for_sibling(x, cur, leave, n);
    ivar_list w = table_variables(x, cur, wide, n);
    if (wide != leave && !table_possible(x, &w)) {
        wide = leave;
        w = table_variables(x, cur, wide, n);
    }
    if (!table_possible(x, &w)) return false;
    short_first(x, &w);
    ivar_list fresh = {0};
    node_id renamed = table_rename(x, n, &w, &fresh);
    table *t = table_find(x, renamed, &fresh, cur);
    if (!t) {
        scope *outside = wide->outer;
        while (outside->kind == SCOPE_WANTED && is_shared(x, n)) outside = outside->outer;
        t = table_new(x, outside, renamed, &fresh, elem_components(x->p->nodes.at[n].elem));
        table_fill(x, t, renamed, &fresh);
        t->filling = false;
    }
    if (t->filling) return false; /* something that fills it shares a loop with what needs it: made again */
    *out = table_read(x, at, t, &fresh, &w);
    return true;
}
