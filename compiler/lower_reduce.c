/* SPDX-License-Identifier: Apache-2.0
 *
 * lower_reduce.c: sums and their kin. In: a reduce node. Out: loops with accumulators, several reductions
 * over the same elements in one loop. Sums of what an enclosing variable selects are in lower_scatter.c.
 */
#include "lower.h"

#include <math.h>
#include <string.h>

#define COST_GUARD 150.0 /* a body that costs more is skipped, not masked, where the condition is false    */
enum { GROUP_MOST = 32, PARTS_WIDE = 9 }; /* straight-line work on more numbers is masked all the same     */

/* ---- loops --------------------------------------------------------------------------------------------- */

/* a loop over the range of v, which it binds; *not_partner: a condition that remains, or NULL */
scope *loop_over(lowering *x, scope *outer, ivar_id id, lexpr **not_partner)
{
    const ivar v = x->p->ivars.at[id];
    lexpr *lo, *hi, *partner = NULL;
    row_range(x, outer, v.set, v.row, &lo, &hi);
    *not_partner = NULL;
    if (v.partner != SETIR_NONE && !scope_of_ivar(outer, v.partner, &partner))
        lower_fail(x, v.at, "this pair of variables");
    if (partner && v.unordered) lo = ix_add(x, partner, ix(x, 1));
    scope *s = scope_loop(x, outer, v.id ? v.id : "k", lo, hi);
    lexpr *index = scope_index(x, s);
    scope_bind(x, s, id, index);
    if (partner && !v.unordered) *not_partner = op1(x, L_NOT, op2(x, L_IEQ, index, partner));
    return s;
}

bool block_is_simple(const lblock *b)
{
    for (uint32_t k = 0; k < b->stmt.n; k++) {
        loop_kind kind = b->stmt.at[k]->kind;
        if (kind != LOOP_LET && kind != LOOP_SET && kind != LOOP_STORE && kind != LOOP_COMMENT) return false;
    }
    return true;
}

static bool stores_or_calls(const lblock *b)
{
    for (uint32_t k = 0; k < b->stmt.n; k++) {
        const lstmt *s = b->stmt.at[k];
        if (s->kind == LOOP_STORE || s->kind == LOOP_CALL) return true;
        if (s->kind == LOOP_FOR && stores_or_calls(&s->loop.body)) return true;
        if (s->kind == LOOP_IF && (stores_or_calls(&s->branch.then) || stores_or_calls(&s->branch.other)))
            return true;
        if (s->kind == LOOP_IF_WANTED && stores_or_calls(&s->wanted.body)) return true;
    }
    return false;
}

/* loops inside, in which nothing is stored */
static bool block_is_wide(const lblock *b)
{
    bool loops = false;
    for (uint32_t k = 0; k < b->stmt.n; k++) {
        const lstmt *s = b->stmt.at[k];
        lblock one = {0};
        one.stmt.at = (lstmt **)&b->stmt.at[k];
        one.stmt.n = 1;
        if (s->kind == LOOP_CALL || (s->kind != LOOP_STORE && stores_or_calls(&one))) return false;
        loops |= s->kind == LOOP_FOR;
    }
    return loops;
}

/* a short loop over constants around such loops */
static bool loops_are_fixed(const scope *s)
{
    bool fixed = s->stmt->loop.lo->op == L_I64 && s->stmt->loop.hi->op == L_I64;
    for (uint32_t k = 0; k < s->block->stmt.n; k++) {
        const lstmt *inner = s->block->stmt.at[k];
        fixed = fixed && (inner->kind != LOOP_FOR || (inner->loop.lo->op == L_I64 && inner->loop.hi->op == L_I64));
    }
    return fixed;
}

/* closes a loop whose iterations are independent but for the sums in `cells` */
void loop_finish(lowering *x, scope *s, const lvalue *cells, uint32_t n)
{
    bool simple = block_is_simple(s->block);
    if (simple || ((s->in_row || loops_are_fixed(s)) && block_is_wide(s->block))) lb_vector(x->k, s->stmt, simple, cells, n);
    scope_close(x, s);
}

/* ---- conditions ---------------------------------------------------------------------------------------- */

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

conds conditions_of(const lowering *x, const node *r)
{
    conds c = {.n = 0};
    if (r->n_args > 1) split_conditions(x, r->arg[1], &c);
    if (c.too_many) { /* then as one */
        c.n = 1;
        c.at[0] = r->arg[1];
    }
    return c;
}

/* how many of the variables must be bound before the condition can be asked */
uint32_t level_of(const lowering *x, const node *r, node_id c)
{
    for (uint32_t k = r->imm.n_ivars; k-- > 0;)
        if (program_depends(x->p, c, r->imm.ivars[k])) return k + 1;
    return 0;
}

scope *open_if(lowering *x, scope *outer, lexpr *condition)
{
    lblock detached = {0};
    lstmt *stmt = lb_if(x->k, &detached, condition);
    return scope_open(x, outer, SCOPE_IF, &stmt->branch.then, stmt);
}

/* ---- accumulators -------------------------------------------------------------------------------------- */

double neutral_of(reduction op)
{
    switch (op) {
    case RED_SUM:
    case RED_MEAN: return 0;
    case RED_PROD: return 1;
    case RED_MAX: return -INFINITY;
    case RED_MIN: return INFINITY;
    }
    return 0;
}

loop_op op_of(reduction op)
{
    switch (op) {
    case RED_SUM:
    case RED_MEAN: return L_ADD;
    case RED_PROD: return L_MUL;
    case RED_MAX: return L_MAX;
    case RED_MIN: return L_MIN;
    }
    return L_ADD;
}

typedef struct accumulator {
    node_id id;
    reduction op;
    uint32_t parts;
    lvalue *cell;
    bool counts;
    lvalue count;
} accumulator;

static accumulator accumulator_new(lowering *x, scope *at, node_id id)
{
    const node *r = &x->p->nodes.at[id];
    accumulator a = {.id = id,
                     .op = r->imm.reduce,
                     .parts = elem_components(r->elem),
                     .counts = r->imm.reduce == RED_MEAN};
    a.cell = arena_array(x->a, lvalue, a.parts);
    for (uint32_t c = 0; c < a.parts; c++)
        a.cell[c] = lb_var(x->k, at->block, "sum", f64(x, neutral_of(a.op)));
    if (a.counts) a.count = lb_var(x->k, at->block, "count", f64(x, 0));
    return a;
}

static void accumulate(lowering *x, scope *s, const accumulator *a, const vals *term, lexpr *mask)
{
    for (uint32_t c = 0; c < a->parts; c++) {
        lexpr *t = term->at[term->n == 1 ? 0 : c];
        if (mask) t = choose(x, mask, t, f64(x, neutral_of(a->op)));
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
        if (a->counts) e = choose(x, op2(x, L_LT, f64(x, 0), count), op2(x, L_DIV, e, count), f64(x, 0));
        v.at[c] = let(x, at, "total", e);
    }
    return v;
}

/* ---- reductions in one loop -------------------------------------------------------------------------------
 * Sums over the same elements at the same place share their loop, as far as none is part of another. */

static bool reaches(lowering *x, node_id from, node_id target)
{
    while (x->mark.n <= from) vec_push(x->a, &x->mark, 0);
    x->mark.at[from] = ++x->marked;
    for (node_id k = from; k > target; k--) { /* arguments have smaller ids */
        const node *n = &x->p->nodes.at[k];
        for (uint32_t m = 0; x->mark.at[k] == x->marked && m < n->n_args; m++) x->mark.at[n->arg[m]] = x->marked;
    }
    return from >= target && x->mark.at[target] == x->marked;
}

static bool same_loops(const lowering *x, const node *a, const node *b)
{
    bool same_where = a->n_args == b->n_args && (a->n_args < 2 || a->arg[1] == b->arg[1]);
    (void)x;
    return same_where && a->imm.n_ivars == b->imm.n_ivars &&
           !memcmp(a->imm.ivars, b->imm.ivars, a->imm.n_ivars * sizeof *a->imm.ivars);
}

static bool is_ready(const lowering *x, const scope *at, node_id n)
{
    for (uint32_t k = 0; k < x->p->nodes.at[n].n_free; k++)
        if (!scope_of_ivar(at, x->p->nodes.at[n].free[k], NULL)) return false;
    return true;
}

/* Does it read a stored tensor that is not there yet? That one may need what is being stored now. */
static bool needs_store(const lowering *x, node_id id)
{
    bool *seen = arena_array(x->a, bool, id + 1);
    seen[id] = true;
    for (node_id k = id + 1; k-- > 0;) {
        const node *n = &x->p->nodes.at[k];
        if (!seen[k]) continue;
        bool reads = n->op == OP_ACCESS || n->op == OP_PADGET;
        if (reads && !(n->imm.def < x->stores.n && x->stores.at[n->imm.def])) return true;
        for (uint32_t m = 0; m < n->n_args; m++) seen[n->arg[m]] = true;
    }
    return false;
}

/* Does it need a sum whose loop is being made around this place? */
static bool needs_sum(lowering *x, node_id id)
{
    for (uint32_t k = 0; k < x->summing.n; k++)
        if (reaches(x, id, x->summing.at[k])) return true;
    return false;
}

/* Does a sum contain another over the same sets? While a table of such sums is filled it may need that table. */
static bool contains_alike(const lowering *x, node_id id)
{
    const node *r = &x->p->nodes.at[id];
    bool *seen = arena_array(x->a, bool, id + 1);
    for (uint32_t m = 0; m < r->n_args; m++) seen[r->arg[m]] = true;
    for (node_id k = id; k-- > 0;) {
        const node *n = &x->p->nodes.at[k];
        if (!seen[k]) continue;
        bool alike = n->op == OP_REDUCE && n->imm.n_ivars == r->imm.n_ivars;
        for (uint32_t m = 0; alike && m < n->imm.n_ivars; m++)
            alike = x->p->ivars.at[n->imm.ivars[m]].set == x->p->ivars.at[r->imm.ivars[m]].set;
        if (alike) return true;
        for (uint32_t m = 0; m < n->n_args; m++) seen[n->arg[m]] = true;
    }
    return false;
}

static uint32_t collect_group(lowering *x, scope *at, node_id id, node_id *group)
{
    const node *r = &x->p->nodes.at[id];
    uint32_t n = 0;
    group[n++] = id;
    scope *home = home_of(x, at, id);
    if (at != home && at->kind != SCOPE_WANTED) return n;
    for (uint32_t k = 0; k < x->group.n && n < GROUP_MOST; k++) {
        node_id other = x->group.at[k];
        const node *o = &x->p->nodes.at[other];
        if (other == id || !same_loops(x, r, o) || !is_ready(x, at, other) || home_of(x, at, other) != home ||
            known_find(x, other, home, at) || (x->storing && needs_store(x, other)) || sweep_waits(x, other) ||
            needs_sum(x, other) || (x->written_out && contains_alike(x, other)))
            continue;
        bool apart = is_shared(x, id) == is_shared(x, other);
        for (uint32_t m = 0; m < n; m++)
            apart &= !reaches(x, other, group[m]) && !reaches(x, group[m], other);
        if (apart) group[n++] = other;
    }
    return n;
}

bool has_reduce(const lowering *x, node_id id, ivar_id v)
{
    const node *n = &x->p->nodes.at[id];
    if (!program_depends(x->p, id, v)) return false;
    if (n->op == OP_REDUCE || n->op == OP_NEAREST) return true;
    for (uint32_t k = 0; k < n->n_args; k++)
        if (has_reduce(x, n->arg[k], v)) return true;
    return false;
}

void nest_push(nest *t, scope *s)
{
    t->opened[t->n++] = s;
    t->inner = s;
}

static bool is_unequal(const lowering *x, node_id id)
{
    const node *n = &x->p->nodes.at[id];
    return n->op == OP_NOT && x->p->nodes.at[n->arg[0]].op == OP_INDEX_EQ;
}

/* the loops of a reduction with its conditions, each as far out as it goes; those on the last variable are left in
 * mask unless `guard`, `i != j` always */
void open_nest(lowering *x, nest *t, scope *at, const node *r, const conds *c, bool guard)
{
    t->inner = at;
    for (uint32_t k = 0; k <= r->imm.n_ivars; k++) {
        bool last = k == r->imm.n_ivars;
        lexpr *condition = NULL, *not_partner = NULL;
        if (k > 0) {
            nest_push(t, loop_over(x, t->inner, r->imm.ivars[k - 1], &not_partner));
            t->inner->holds_loops = !last;
            if (not_partner) condition = truth_and(x, condition, not_partner);
        }
        bool usual = true; /* i != j among many: no reason to branch */
        for (uint32_t m = 0; m < c->n; m++)
            if (level_of(x, r, c->at[m]) == k) {
                condition = truth_and(x, condition, lower_scalar(x, t->inner, c->at[m]));
                usual &= is_unequal(x, c->at[m]);
            }
        if (condition && last && (!guard || usual))
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
        for (uint32_t c = 0; c < a[k].parts; c++) vec_push(x->a, &cells, a[k].cell[c]);
        if (a[k].counts) vec_push(x->a, &cells, a[k].count);
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
    uint32_t n = collect_group(x, at, id, group), outer = x->summing.n;
    for (uint32_t k = 0; k < n; k++) vec_push(x->a, &x->summing, group[k]);
    for (uint32_t k = 0; k < n; k++) acc[k] = accumulator_new(x, at, group[k]);
    conds c = conditions_of(x, &r);
    ivar_id last = r.imm.ivars[r.imm.n_ivars - 1];
    bool loops = false;
    double cost = 0;
    uint32_t parts = 0;
    for (uint32_t k = 0; k < n; k++) {
        parts += acc[k].parts;
        loops |= has_reduce(x, x->p->nodes.at[group[k]].arg[0], last);
        cost += lower_cost(x, x->p->nodes.at[group[k]].arg[0]);
    }
    nest t = {.n = 0};
    open_nest(x, &t, at, &r, &c, loops || (cost > COST_GUARD && parts <= n * PARTS_WIDE));
    for (scope *s = t.inner; s != at; s = s->outer) s->holds_loops |= loops && s->kind == SCOPE_LOOP;
    vals *term = arena_array(x->a, vals, n);
    for (uint32_t k = 0; k < n; k++) term[k] = lower_node(x, t.inner, x->p->nodes.at[group[k]].arg[0]);
    for (uint32_t k = 0; k < n; k++) accumulate(x, t.inner, &acc[k], &term[k], t.mask);
    close_nest(x, &t, acc, n);
    x->summing.n = outer;
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
