/* SPDX-License-Identifier: Apache-2.0
 *
 * lower_reduce.c: sums and their kin. In: a reduce node. Out: loops with accumulators, several reductions over the same
 * elements in one loop; or, where an enclosing variable only selects which elements count (`where b.j == j`,
 * `where Z[b.j] == z`), one pass that adds each element where it belongs, into a table over that variable.
 */
#include "lower.h"

#include <math.h>
#include <string.h>

#define COST_GUARD 150.0         /* a body that costs more is skipped, not masked, where the condition is false    */
enum { VARS_MOST = 8, CONDS_MOST = 32, GROUP_MOST = 32, LANES = 8 };

/* ---- loops ---------------------------------------------------------------------------------------------------------------- */

/* a loop over the range of v, which it binds; *not_partner: a condition that remains, or NULL */
scope *loop_over(lowering *x, scope *outer, ivar_id id, lexpr **not_partner)
{
    const ivar v = x->p->ivars.at[id];
    lexpr *lo, *hi, *partner = NULL;
    row_range(x, outer, v.set, v.row, &lo, &hi);
    *not_partner = NULL;
    if (v.partner != SETIR_NONE && !scope_of_ivar(outer, v.partner, &partner))
        lower_fail(x, v.at, "this pair of variables");
    if (partner && v.unordered)
        lo = ix_add(x, partner, ix(x, 1));
    scope *s = scope_loop(x, outer, v.id ? v.id : "k", lo, hi);
    lexpr *index = scope_index(x, s);
    scope_bind(x, s, id, index);
    if (partner && !v.unordered)
        *not_partner = op1(x, L_NOT, op2(x, L_IEQ, index, partner));
    return s;
}

bool block_is_simple(const lblock *b)
{
    for (uint32_t k = 0; k < b->stmt.n; k++) {
        loop_kind kind = b->stmt.at[k]->kind;
        if (kind != LOOP_LET && kind != LOOP_SET && kind != LOOP_STORE && kind != LOOP_COMMENT)
            return false;
    }
    return true;
}

/* closes a loop whose iterations are independent but for the sums in `cells` */
void loop_finish(lowering *x, scope *s, const lvalue *cells, uint32_t n)
{
    if (block_is_simple(s->block))
        lb_simd(x->k, s->stmt, cells, n);
    scope_close(x, s);
}

/* ---- conditions -------------------------------------------------------------------------------------------------------------- */

typedef struct conds { node_id at[CONDS_MOST]; uint32_t n; bool too_many; } conds;

static void split_conditions(const lowering *x, node_id c, conds *out)
{
    const node *n = &x->p->nodes.at[c];
    if (n->op == OP_AND) {
        split_conditions(x, n->arg[0], out);
        split_conditions(x, n->arg[1], out);
    } else if (out->n < CONDS_MOST) {
        out->at[out->n++] = c;
    } else {
        out->too_many = true;
    }
}

static conds conditions_of(const lowering *x, const node *r)
{
    conds c = {.n = 0};
    if (r->n_args > 1)
        split_conditions(x, r->arg[1], &c);
    if (c.too_many) {                                    /* then as one */
        c.n = 1;
        c.at[0] = r->arg[1];
    }
    return c;
}

/* how many of the variables must be bound before the condition can be asked */
static uint32_t level_of(const lowering *x, const node *r, node_id c)
{
    for (uint32_t k = r->imm.n_ivars; k-- > 0;)
        if (program_depends(x->p, c, r->imm.ivars[k]))
            return k + 1;
    return 0;
}

static scope *open_if(lowering *x, scope *outer, lexpr *condition)
{
    lblock detached = {0};
    lstmt *stmt = lb_if(x->k, &detached, condition);
    return scope_open(x, outer, SCOPE_IF, &stmt->branch.then, stmt);
}

/* ---- accumulators --------------------------------------------------------------------------------------------------------------- */

static double neutral_of(reduction op)
{
    switch (op) {
    case RED_SUM: case RED_MEAN: return 0;
    case RED_PROD: return 1;
    case RED_MAX: return -INFINITY;
    case RED_MIN: return INFINITY;
    }
    return 0;
}

static loop_op op_of(reduction op)
{
    switch (op) {
    case RED_SUM: case RED_MEAN: return L_ADD;
    case RED_PROD: return L_MUL;
    case RED_MAX: return L_MAX;
    case RED_MIN: return L_MIN;
    }
    return L_ADD;
}

typedef struct accumulator { node_id id; reduction op; uint32_t parts; lvalue *cell; bool counts; lvalue count; } accumulator;

static accumulator accumulator_new(lowering *x, scope *at, node_id id)
{
    const node *r = &x->p->nodes.at[id];
    accumulator a = {.id = id, .op = r->imm.reduce, .parts = elem_components(r->elem), .counts = r->imm.reduce == RED_MEAN};
    a.cell = arena_array(x->a, lvalue, a.parts);
    for (uint32_t c = 0; c < a.parts; c++)
        a.cell[c] = lb_var(x->k, at->block, "sum", f64(x, neutral_of(a.op)));
    if (a.counts)
        a.count = lb_var(x->k, at->block, "count", f64(x, 0));
    return a;
}

static void accumulate(lowering *x, scope *s, const accumulator *a, const vals *term, lexpr *mask)
{
    for (uint32_t c = 0; c < a->parts; c++) {
        lexpr *t = term->at[term->n == 1 ? 0 : c];
        if (mask)
            t = choose(x, mask, t, f64(x, neutral_of(a->op)));
        lb_set(x->k, s->block, a->cell[c], op2(x, op_of(a->op), lx_value(x->k, a->cell[c]), t));
    }
    if (a->counts) {
        lexpr *one = mask ? choose(x, mask, f64(x, 1), f64(x, 0)) : f64(x, 1);
        lb_set(x->k, s->block, a->count, op2(x, L_ADD, lx_value(x->k, a->count), one));
    }
}

static vals accumulator_value(lowering *x, scope *at, const accumulator *a)
{
    vals v = vals_new(x, a->parts);
    lexpr *count = a->counts ? lx_value(x->k, a->count) : NULL;
    for (uint32_t c = 0; c < a->parts; c++) {
        lexpr *e = lx_value(x->k, a->cell[c]);
        if (a->counts)
            e = choose(x, op2(x, L_LT, f64(x, 0), count), op2(x, L_DIV, e, count), f64(x, 0));
        v.at[c] = let(x, at, "total", e);
    }
    return v;
}

/* ---- reductions in one loop --------------------------------------------------------------------------------------------------------
 * Sums over the same elements at the same place share their loop, as far as none is part of another. */

static bool reaches(const lowering *x, node_id from, node_id target)
{
    if (from == target)
        return true;
    if (from < target)                                   /* arguments have smaller ids */
        return false;
    const node *n = &x->p->nodes.at[from];
    for (uint32_t k = 0; k < n->n_args; k++)
        if (reaches(x, n->arg[k], target))
            return true;
    return false;
}

static bool same_loops(const lowering *x, const node *a, const node *b)
{
    bool same_where = a->n_args == b->n_args && (a->n_args < 2 || a->arg[1] == b->arg[1]);
    (void)x;
    return same_where && a->imm.n_ivars == b->imm.n_ivars
        && !memcmp(a->imm.ivars, b->imm.ivars, a->imm.n_ivars * sizeof *a->imm.ivars);
}

static bool is_ready(const lowering *x, const scope *at, node_id n)
{
    for (uint32_t k = 0; k < x->p->nodes.at[n].n_free; k++)
        if (!scope_of_ivar(at, x->p->nodes.at[n].free[k], NULL))
            return false;
    return true;
}

static uint32_t collect_group(lowering *x, scope *at, node_id id, node_id *group)
{
    const node *r = &x->p->nodes.at[id];
    uint32_t n = 0;
    group[n++] = id;
    scope *home = home_of(x, at, id);
    if (at != home && at->kind != SCOPE_WANTED)
        return n;
    for (uint32_t k = 0; k < x->group.n && n < GROUP_MOST; k++) {
        node_id other = x->group.at[k];
        const node *o = &x->p->nodes.at[other];
        if (other == id || !same_loops(x, r, o) || !is_ready(x, at, other) || home_of(x, at, other) != home || known_find(x, other, home, at))
            continue;
        bool apart = is_shared(x, id) == is_shared(x, other);
        for (uint32_t m = 0; m < n; m++)
            apart &= !reaches(x, other, group[m]) && !reaches(x, group[m], other);
        if (apart)
            group[n++] = other;
    }
    return n;
}

static bool has_reduce(const lowering *x, node_id id, ivar_id v)
{
    const node *n = &x->p->nodes.at[id];
    if (!program_depends(x->p, id, v))
        return false;
    if (n->op == OP_REDUCE || n->op == OP_NEAREST)
        return true;
    for (uint32_t k = 0; k < n->n_args; k++)
        if (has_reduce(x, n->arg[k], v))
            return true;
    return false;
}

typedef struct nest { scope *opened[2 * VARS_MOST + CONDS_MOST]; uint32_t n; scope *inner; lexpr *mask; } nest;

static void nest_push(nest *t, scope *s)
{
    t->opened[t->n++] = s;
    t->inner = s;
}

/* the loops of a reduction with its conditions, each as far out as it goes; those on the last variable are left in
 * mask unless `guard` */
static void open_nest(lowering *x, nest *t, scope *at, const node *r, const conds *c, bool guard)
{
    t->inner = at;
    for (uint32_t k = 0; k <= r->imm.n_ivars; k++) {
        bool last = k == r->imm.n_ivars;
        lexpr *condition = NULL, *not_partner = NULL;
        if (k > 0) {
            nest_push(t, loop_over(x, t->inner, r->imm.ivars[k - 1], &not_partner));
            t->inner->holds_loops = !last;
            if (not_partner)
                condition = truth_and(x, condition, not_partner);
        }
        for (uint32_t m = 0; m < c->n; m++)
            if (level_of(x, r, c->at[m]) == k)
                condition = truth_and(x, condition, lower_scalar(x, t->inner, c->at[m]));
        if (condition && last && !guard)
            t->mask = let(x, t->inner, "counts", condition);
        else if (condition)
            nest_push(t, open_if(x, t->inner, condition));
    }
}

static void close_nest(lowering *x, nest *t, const accumulator *a, uint32_t n)
{
    VEC(lvalue) cells = {0};
    bool adds = true;
    for (uint32_t k = 0; k < n; k++) {
        adds &= op_of(a[k].op) == L_ADD;
        for (uint32_t c = 0; c < a[k].parts; c++)
            vec_push(x->a, &cells, a[k].cell[c]);
        if (a[k].counts)
            vec_push(x->a, &cells, a[k].count);
    }
    for (uint32_t k = t->n; k-- > 0;) {
        if (adds && k + 1 == t->n && t->opened[k]->kind == SCOPE_LOOP)
            loop_finish(x, t->opened[k], cells.at, cells.n);
        else
            scope_close(x, t->opened[k]);
    }
}

vals lower_reduce(lowering *x, scope *at, node_id id)
{
    const node r = x->p->nodes.at[id];
    node_id group[GROUP_MOST];
    accumulator acc[GROUP_MOST];
    if (r.imm.n_ivars > VARS_MOST || r.imm.n_ivars == 0) {
        lower_fail(x, r.at, "a sum over so many variables");
        return vals_new(x, elem_components(r.elem));
    }
    uint32_t n = collect_group(x, at, id, group);
    for (uint32_t k = 0; k < n; k++)
        acc[k] = accumulator_new(x, at, group[k]);
    conds c = conditions_of(x, &r);
    ivar_id last = r.imm.ivars[r.imm.n_ivars - 1];
    bool loops = false;
    double cost = 0;
    for (uint32_t k = 0; k < n; k++) {
        loops |= has_reduce(x, x->p->nodes.at[group[k]].arg[0], last);
        cost += lower_cost(x, x->p->nodes.at[group[k]].arg[0]);
    }
    nest t = {.n = 0};
    open_nest(x, &t, at, &r, &c, loops || cost > COST_GUARD);
    for (scope *s = t.inner; s != at; s = s->outer)
        s->holds_loops |= loops && s->kind == SCOPE_LOOP;
    vals *term = arena_array(x->a, vals, n);
    for (uint32_t k = 0; k < n; k++)
        term[k] = lower_node(x, t.inner, x->p->nodes.at[group[k]].arg[0]);
    for (uint32_t k = 0; k < n; k++)
        accumulate(x, t.inner, &acc[k], &term[k], t.mask);
    close_nest(x, &t, acc, n);
    vals out = {0};
    for (uint32_t k = 0; k < n; k++) {
        vals v = accumulator_value(x, at, &acc[k]);
        if (k == 0)
            out = v;
        else
            known_put(x, group[k], at, v);
    }
    return out;
}

/* ---- one pass for all values of a variable ---------------------------------------------------------------------------------------- */

/* `key` says for which value of the variable `v` an element counts */
typedef struct selector { ivar_id v; node_id key, condition; } selector;

static bool match_side(const lowering *x, node_op op, node_id chosen, node_id key, selector *out)
{
    const node *n = &x->p->nodes.at[chosen];
    bool wrapped = (op == OP_SPECIES_EQ && n->op == OP_INDEX_SPECIES) || (op == OP_EQ && n->op == OP_INDEX_REAL);
    if (wrapped)
        n = &x->p->nodes.at[n->arg[0]];
    else if (op != OP_INDEX_EQ)
        return false;
    if (n->op != OP_IVAR || program_depends(x->p, key, n->imm.ivar))
        return false;
    const set *s = &x->p->sets.at[x->p->ivars.at[n->imm.ivar].set];
    bool fits = op == OP_SPECIES_EQ ? s->kind == SET_SPECIES : op == OP_EQ ? s->kind == SET_RANGE : true;
    *out = (selector){.v = n->imm.ivar, .key = key};
    return fits && x->p->ivars.at[n->imm.ivar].row == SETIR_NONE && x->p->ivars.at[n->imm.ivar].partner == SETIR_NONE;
}

/* a species set that names an element twice gives it two places: no selector */
static bool species_distinct(const set *s)
{
    for (int32_t a = 0; s->kind == SET_SPECIES && a < s->count; a++)
        for (int32_t b = 0; b < a; b++)
            if (s->species[a] == s->species[b])
                return false;
    return true;
}

static bool match_selector(const lowering *x, const node *r, node_id c, selector *out)
{
    const node *n = &x->p->nodes.at[c];
    if (n->op != OP_SPECIES_EQ && n->op != OP_INDEX_EQ && n->op != OP_EQ)
        return false;
    for (int side = 0; side < 2; side++) {
        if (!match_side(x, n->op, n->arg[side], n->arg[1 - side], out))
            continue;
        out->condition = c;
        bool own = ivar_list_has(r->imm.ivars, r->imm.n_ivars, out->v);
        if (!own && level_of(x, r, out->key) > 0 && species_distinct(&x->p->sets.at[x->p->ivars.at[out->v].set]))
            return true;
    }
    return false;
}

/* innermost loop over many numbers: let it run inside the sum, where it is contiguous */
static bool wide_inner_loop(const lowering *x, const scope *home, const node *r)
{
    if (home->kind != SCOPE_LOOP || home->bound.n != 1)
        return false;
    ivar_id v = home->bound.at[0].v;
    int64_t count = set_constant(x->p, x->p->ivars.at[v].set);
    bool wide = count >= 2 * LANES || (count >= LANES && count % LANES == 0);
    return wide && program_depends(x->p, r->arg[0], v) && (r->n_args < 2 || !program_depends(x->p, r->arg[1], v));
}

/* the outermost loop that a selector makes unnecessary */
static scope *selected_loop(lowering *x, scope *cur, scope *home, const node *r)
{
    conds c = conditions_of(x, r);
    scope *leave = NULL;
    for (uint32_t k = 0; k < c.n; k++) {
        selector s;
        if (!match_selector(x, r, c.at[k], &s))
            continue;
        scope *loop = scope_of_ivar(cur, s.v, NULL);
        if (loop && loop->kind == SCOPE_LOOP && (!leave || loop->depth < leave->depth))
            leave = loop;
    }
    return leave ? leave : wide_inner_loop(x, home, r) ? home : NULL;
}

/* do the ranges of the sum, and the conditions that select nothing, stand without the variables of the table? */
static bool independent(const lowering *x, const node *r, const ivar_list *w)
{
    for (uint32_t k = 0; k < r->imm.n_ivars; k++) {
        const ivar *v = &x->p->ivars.at[r->imm.ivars[k]];
        for (uint32_t m = 0; m < w->n; m++)
            if (v->partner == w->at[m] || (v->row != SETIR_NONE && program_depends(x->p, v->row, w->at[m])))
                return false;
    }
    conds c = conditions_of(x, r);
    for (uint32_t k = 0; k < c.n; k++) {
        selector s = {.key = SETIR_NONE};
        bool selects = match_selector(x, r, c.at[k], &s) && ivar_list_has(w->at, w->n, s.v);
        for (uint32_t m = 0; m < w->n; m++)
            if (program_depends(x->p, selects ? s.key : c.at[k], w->at[m]))
                return false;
    }
    for (uint32_t k = 0; k < w->n; k++)
        if (x->p->ivars.at[w->at[k]].row != SETIR_NONE || x->p->ivars.at[w->at[k]].partner != SETIR_NONE)
            return false;
    return true;
}

static lexpr *species_place(lowering *x, const set *s, lexpr *z)
{
    double *where = arena_array(x->a, double, 119);
    for (int k = 0; k < 119; k++)
        where[k] = -1;
    for (int32_t k = 0; k < s->count; k++)
        if (s->species[k] >= 0 && s->species[k] < 119)
            where[s->species[k]] = k;
    buffer b = {.kind = BUF_CONST, .type = LT_I32, .data = where, .n_data = 119, .label = "place"};
    return lx_load(x->k, kernel_buffer(x->k, b), z);
}

/* index value for which the element counts; *ok: whether there is one */
static lexpr *selected_index(lowering *x, scope *s, const selector *sel, lexpr **ok)
{
    const set *over = &x->p->sets.at[x->p->ivars.at[sel->v].set];
    lexpr *key = let(x, s, "key", lower_scalar(x, s, sel->key));
    node_op op = x->p->nodes.at[sel->condition].op;
    if (op == OP_INDEX_EQ)
        return key;
    if (op == OP_SPECIES_EQ) {
        lexpr *slot_of = let(x, s, "place", species_place(x, over, key));
        *ok = truth_and(x, *ok, op2(x, L_ILE, ix(x, 0), slot_of));
        return slot_of;
    }
    lexpr *whole = let(x, s, "whole", op1(x, L_FLOOR, key));
    lexpr *in = op2(x, L_AND, op2(x, L_LE, f64(x, over->lo), key), op2(x, L_LE, key, f64(x, over->hi)));
    *ok = truth_and(x, *ok, op2(x, L_AND, op2(x, L_EQ, whole, key), in));
    return let(x, s, "place", ix_sub(x, op1(x, L_TO_I64, whole), ix(x, over->lo)));
}

static void fill_neutral(lowering *x, scope *at, buffer_id b, lexpr *n, double value)
{
    scope *s = scope_loop(x, at, "k", ix(x, 0), n);
    lb_store(x->k, s->block, b, scope_index(x, s), f64(x, value));
    loop_finish(x, s, NULL, 0);
}

static void add_to_table(lowering *x, scope *s, const table *t, reduction op, lexpr *row, const vals *term)
{
    for (uint32_t c = 0; c < t->parts; c++) {
        lexpr *at = let(x, s, NULL, table_element(x, t, c, row)), *e = term->at[term->n == 1 ? 0 : c];
        if (op_of(op) == L_ADD)
            lb_add(x->k, s->block, t->buffer, at, e);
        else
            lb_store(x->k, s->block, t->buffer, at, op2(x, op_of(op), lx_load(x->k, t->buffer, at), e));
    }
}

static void divide_by_count(lowering *x, scope *at, const table *t, buffer_id count)
{
    scope *s = scope_loop(x, at, "k", ix(x, 0), t->total);
    lexpr *row = scope_index(x, s), *n = let(x, s, "n", lx_load(x->k, count, row));
    for (uint32_t c = 0; c < t->parts; c++) {
        lexpr *e = table_element(x, t, c, row);
        lexpr *mean = op2(x, L_DIV, lx_load(x->k, t->buffer, e), n);
        lb_store(x->k, s->block, t->buffer, e, choose(x, op2(x, L_LT, f64(x, 0), n), mean, f64(x, 0)));
    }
    loop_finish(x, s, NULL, 0);
}

static void scatter(lowering *x, table *t, const node *r, const ivar_list *fresh)
{
    selector sel[CONDS_MOST];
    uint32_t n_sel = 0;
    conds all = conditions_of(x, r), rest = {.n = 0};
    ivar_list selected = {0};
    for (uint32_t k = 0; k < all.n; k++) {
        bool selects = match_selector(x, r, all.at[k], &sel[n_sel]) && ivar_list_has(fresh->at, fresh->n, sel[n_sel].v)
                    && !ivar_list_has(selected.at, selected.n, sel[n_sel].v);
        if (selects)
            ivar_list_add(x->a, &selected, sel[n_sel++].v);
        else
            rest.at[rest.n++] = all.at[k];
    }
    reduction op = r->imm.reduce;
    fill_neutral(x, t->at, t->buffer, let(x, t->at, "n", ix_mul(x, t->total, ix(x, t->parts))), neutral_of(op));
    buffer_id count = SETIR_NONE;
    if (op == RED_MEAN) {
        buffer_size size = x->k->buffers.at[t->buffer].size;
        size.constant /= t->parts;
        count = kernel_scratch(x->k, LT_F64, size, "count");
        fill_neutral(x, t->at, count, t->total, 0);
    }
    nest loops = {.n = 0};
    open_nest(x, &loops, t->at, r, &(conds){.n = 0}, true);
    for (scope *s = loops.inner; s != t->at; s = s->outer)
        s->holds_loops = s->kind == SCOPE_LOOP;
    lexpr *ok = NULL, *chosen[CONDS_MOST];
    for (uint32_t k = 0; k < n_sel; k++)
        chosen[k] = selected_index(x, loops.inner, &sel[k], &ok);
    if (ok)
        nest_push(&loops, open_if(x, loops.inner, ok));
    else if (n_sel)
        nest_push(&loops, open_if(x, loops.inner, lx_bool(x->k, true)));
    for (uint32_t k = 0; k < n_sel; k++)
        scope_bind(x, loops.inner, sel[k].v, chosen[k]);
    for (uint32_t k = 0; k < rest.n; k++)
        nest_push(&loops, open_if(x, loops.inner, lower_scalar(x, loops.inner, rest.at[k])));
    uint32_t outer = loops.n;
    for (uint32_t k = 0; k < fresh->n; k++) {
        lexpr *none;
        if (!ivar_list_has(selected.at, selected.n, fresh->at[k]))
            nest_push(&loops, loop_over(x, loops.inner, fresh->at[k], &none));
    }
    for (uint32_t k = outer; k + 1 < loops.n; k++)
        loops.opened[k]->holds_loops = true;
    vals term = lower_node(x, loops.inner, r->arg[0]);
    lexpr *row = let(x, loops.inner, "row", table_row(x, loops.inner, t, fresh));
    add_to_table(x, loops.inner, t, op, row, &term);
    if (op == RED_MEAN)
        lb_add(x->k, loops.inner->block, count, row, f64(x, 1));
    for (uint32_t k = loops.n; k-- > 0;) {
        if (k >= outer && k + 1 == loops.n)
            loop_finish(x, loops.opened[k], NULL, 0);
        else
            scope_close(x, loops.opened[k]);
    }
    if (op == RED_MEAN)
        divide_by_count(x, t->at, t, count);
}

bool reduce_by_table(lowering *x, scope *cur, scope *at, scope *home, node_id id, vals *out)
{
    const node r = x->p->nodes.at[id];
    if (r.imm.n_ivars == 0 || r.imm.n_ivars > VARS_MOST)
        return false;
    scope *leave = selected_loop(x, cur, home, &r);
    if (!leave)
        return false;
    ivar_list w = table_variables(x, cur, leave, id);
    if (!table_possible(x, &w) || !independent(x, &r, &w))
        return false;
    ivar_list fresh = {0};
    node_id renamed = table_rename(x, id, &w, &fresh);
    const node over = x->p->nodes.at[renamed];
    if (over.op != OP_REDUCE)
        return false;
    table *t = table_find(x, renamed, &fresh, cur);
    if (!t) {
        scope *outside = leave->outer;
        while (outside->kind == SCOPE_WANTED && is_shared(x, id))
            outside = outside->outer;
        t = table_new(x, outside, renamed, &fresh, elem_components(r.elem));
        scatter(x, t, &over, &fresh);
    }
    *out = table_read(x, at, t, &w);
    return true;
}
