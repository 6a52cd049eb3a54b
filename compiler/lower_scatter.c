/* SPDX-License-Identifier: Apache-2.0
 *
 * lower_scatter.c: reductions in which enclosing variables only select what counts (`where b.j == j`, `where
 * Z[b.j] == z`, `where floor(d / w) == k`). In: a reduce node inside loops over such variables. Out: one pass
 * that adds each element where it belongs, into a table over those variables, outside their loops. Also a sum
 * inside a long loop over numbers, turned inside out so that the numbers are contiguous.
 */
#include "lower.h"

#include <string.h>

enum { LANES = 8, ALTERNATIVES = 4, ELEMENTS = 119, ROWS_MOST = 4096 };
enum { WRITTEN_MOST = 16, WRITTEN_PARTS = 9, COPIES_MOST = 256 };

/* `key` says for which value of the variable `v` an element counts */
typedef struct selector {
    ivar_id v;
    node_id key, condition;
} selector;
/* all selectors of one way to count: an element belongs to one row of the table */
typedef struct alternative {
    selector sel[MAX_DIMS];
    uint32_t n;
} alternative;
typedef struct selection {
    alternative alt[ALTERNATIVES];
    uint32_t n_alt;
    conds rest;
    ivar_list vars;
} selection;

/* ---- what selects -------------------------------------------------------------------------------------- */

static bool match_side(const lowering *x, node_op op, node_id chosen, node_id key, selector *out)
{
    const node *n = &x->p->nodes.at[chosen];
    bool wrapped =
        (op == OP_SPECIES_EQ && n->op == OP_INDEX_SPECIES) || (op == OP_EQ && n->op == OP_INDEX_REAL);
    if (wrapped)
        n = &x->p->nodes.at[n->arg[0]];
    else if (op != OP_INDEX_EQ)
        return false;
    if (n->op != OP_IVAR || program_depends(x->p, key, n->imm.ivar)) return false;
    const ivar *v = &x->p->ivars.at[n->imm.ivar];
    const set *s = &x->p->sets.at[v->set];
    *out = (selector){.v = n->imm.ivar, .key = key};
    return (op == OP_SPECIES_EQ ? s->kind == SET_SPECIES
            : op == OP_EQ       ? s->kind == SET_RANGE
                                : true) &&
           v->row == SETIR_NONE && v->partner == SETIR_NONE;
}

/* a species set that names an element twice gives it two places: no selector */
static bool species_distinct(const set *s)
{
    for (int32_t a = 0; s->kind == SET_SPECIES && a < s->count; a++)
        for (int32_t b = 0; b < a; b++)
            if (s->species[a] == s->species[b]) return false;
    return true;
}

static bool match_selector(const lowering *x, const node *r, node_id c, selector *out)
{
    const node *n = &x->p->nodes.at[c];
    if (n->op != OP_SPECIES_EQ && n->op != OP_INDEX_EQ && n->op != OP_EQ) return false;
    for (int side = 0; side < 2; side++) {
        if (!match_side(x, n->op, n->arg[side], n->arg[1 - side], out)) continue;
        out->condition = c;
        bool own = ivar_list_has(r->imm.ivars, r->imm.n_ivars, out->v);
        if (!own && level_of(x, r, out->key) > 0 &&
            species_distinct(&x->p->sets.at[x->p->ivars.at[out->v].set]))
            return true;
    }
    return false;
}

static bool selects_already(const alternative *a, ivar_id v)
{
    for (uint32_t k = 0; k < a->n; k++)
        if (a->sel[k].v == v) return true;
    return false;
}

/* adds the selectors of `c`, parts of an `and`; false when a part is none */
static bool match_all(const lowering *x, const node *r, node_id c, alternative *a)
{
    const node *n = &x->p->nodes.at[c];
    if (n->op == OP_AND) return match_all(x, r, n->arg[0], a) && match_all(x, r, n->arg[1], a);
    selector s;
    if (a->n == MAX_DIMS || !match_selector(x, r, c, &s) || selects_already(a, s.v)) return false;
    a->sel[a->n++] = s;
    return true;
}

static bool match_either(const lowering *x, const node *r, node_id c, alternative *list, uint32_t *n)
{
    const node *e = &x->p->nodes.at[c];
    if (e->op == OP_OR)
        return match_either(x, r, e->arg[0], list, n) && match_either(x, r, e->arg[1], list, n);
    if (*n == ALTERNATIVES) return false;
    list[*n] = (alternative){.n = 0};
    return match_all(x, r, c, &list[(*n)++]);
}

static bool same_variables(const alternative *a, const alternative *b)
{
    for (uint32_t k = 0; k < a->n; k++)
        if (!selects_already(b, a->sel[k].v)) return false;
    return a->n == b->n;
}

/* several ways to count (`x == y and u == v or u == y and x == v`): all over the same variables, which
 * nothing else reads */
static bool take_either(const lowering *x, const node *r, node_id c, selection *s)
{
    alternative list[ALTERNATIVES];
    uint32_t n = 0;
    if (x->p->nodes.at[c].op != OP_OR || s->n_alt > 1 || !match_either(x, r, c, list, &n)) return false;
    for (uint32_t k = 0; k < n; k++) {
        bool fits = same_variables(&list[k], &list[0]) && list[k].n + s->alt[0].n <= MAX_DIMS;
        for (uint32_t m = 0; m < list[k].n; m++)
            fits &= !selects_already(&s->alt[0], list[k].sel[m].v) &&
                    !program_depends(x->p, r->arg[0], list[k].sel[m].v);
        if (!fits) return false;
    }
    alternative common = s->alt[0];
    for (uint32_t k = 0; k < n; k++) {
        s->alt[k] = common;
        for (uint32_t m = 0; m < list[k].n; m++) s->alt[k].sel[s->alt[k].n++] = list[k].sel[m];
    }
    s->n_alt = n;
    return true;
}

static selection selection_of(lowering *x, const node *r)
{
    selection s = {.n_alt = 1};
    conds all = conditions_of(x, r), later = {.n = 0};
    for (uint32_t k = 0; k < all.n; k++) {
        selector one;
        bool selects = match_selector(x, r, all.at[k], &one) && s.alt[0].n < MAX_DIMS &&
                       !selects_already(&s.alt[0], one.v);
        if (selects)
            s.alt[0].sel[s.alt[0].n++] = one;
        else
            later.at[later.n++] = all.at[k];
    }
    for (uint32_t k = 0; k < later.n; k++)
        if (!take_either(x, r, later.at[k], &s)) s.rest.at[s.rest.n++] = later.at[k];
    for (uint32_t k = 0; k < s.alt[0].n; k++) ivar_list_add(x->a, &s.vars, s.alt[0].sel[k].v);
    return s;
}

/* ---- which loop becomes unnecessary -------------------------------------------------------------------- */

/* how often a loop over numbers runs that only the body of r depends on; 0 for others */
static int64_t numbers_of(const lowering *x, const scope *s, const node *r)
{
    if (s->kind != SCOPE_LOOP || s->bound.n != 1) return 0;
    ivar_id v = s->bound.at[0].v;
    int64_t count = set_constant(x->p, x->p->ivars.at[v].set);
    bool fits = count > 1 && program_depends(x->p, r->arg[0], v) &&
                (r->n_args < 2 || !program_depends(x->p, r->arg[1], v));
    return fits ? count : 0;
}

/* Loops over numbers around the sum that had better run inside it, so that what those need is made once:
 * few of them are written out as that many sums in one loop (*times says how many), a long one is
 * contiguous inside. */
static scope *numbers_inside(const lowering *x, scope *home, const node *r, int64_t *times)
{
    int64_t count;
    scope *leave = NULL;
    *times = 1;
    for (scope *s = home; (count = numbers_of(x, s, r)) > 0 && *times * count <= ROWS_MOST; s = s->outer) {
        if (leave && *times * count > WRITTEN_MOST && r->imm.n_ivars == 1) break;
        *times *= count;
        leave = s;
    }
    return *times <= WRITTEN_MOST || numbers_of(x, home, r) >= LANES || r->imm.n_ivars > 1 ? leave : NULL;
}

static scope *selected_loop(const lowering *x, scope *cur, scope *home, const node *r, const selection *s,
                            int64_t *times)
{
    *times = 0;
    scope *leave = NULL;
    for (uint32_t k = 0; k < s->vars.n; k++) {
        scope *loop = scope_of_ivar(cur, s->vars.at[k], NULL);
        if (loop && loop->kind == SCOPE_LOOP && (!leave || loop->depth < leave->depth)) leave = loop;
    }
    return leave ? leave : numbers_inside(x, home, r, times);
}

static bool mentions(const lowering *x, node_id n, const ivar_list *w)
{
    for (uint32_t m = 0; n != SETIR_NONE && m < w->n; m++)
        if (program_depends(x->p, n, w->at[m])) return true;
    return false;
}

/* do the ranges of the sum, the keys and the other conditions stand without the variables of the table? */
static bool independent(const lowering *x, const node *r, const selection *s, const ivar_list *w)
{
    for (uint32_t k = 0; k < r->imm.n_ivars; k++) {
        const ivar *v = &x->p->ivars.at[r->imm.ivars[k]];
        if (ivar_list_has(w->at, w->n, v->partner) || mentions(x, v->row, w)) return false;
    }
    for (uint32_t k = 0; k < s->rest.n; k++)
        if (mentions(x, s->rest.at[k], w)) return false;
    for (uint32_t a = 0; a < s->n_alt; a++)
        for (uint32_t k = 0; k < s->alt[a].n; k++)
            if (mentions(x, s->alt[a].sel[k].key, w) || !ivar_list_has(w->at, w->n, s->alt[a].sel[k].v))
                return false;
    for (uint32_t k = 0; k < w->n; k++)
        if (x->p->ivars.at[w->at[k]].row != SETIR_NONE || x->p->ivars.at[w->at[k]].partner != SETIR_NONE)
            return false;
    return true;
}

/* the loop to leave and the variables of the table, or NULL; *times: how often loops over numbers run, 0
 * when others */
static scope *plan_table(lowering *x, scope *cur, scope *home, node_id id, ivar_list *w, int64_t *times)
{
    const node *r = &x->p->nodes.at[id];
    if (r->imm.n_ivars == 0 || r->imm.n_ivars > VARS_MOST) return NULL;
    selection s = selection_of(x, r);
    scope *leave = selected_loop(x, cur, home, r, &s, times);
    if (!leave) return NULL;
    *w = table_variables(x, cur, leave, id);
    return table_possible(x, w) && independent(x, r, &s, w) ? leave : NULL;
}

bool reduce_is_outside(lowering *x, scope *cur, node_id n)
{
    ivar_list w;
    int64_t times;
    return plan_table(x, cur, home_of(x, cur, n), n, &w, &times) != NULL;
}

/* ---- the pass ------------------------------------------------------------------------------------------ */

static lexpr *species_place(lowering *x, const set *s, lexpr *z)
{
    double *where = arena_array(x->a, double, ELEMENTS);
    for (int k = 0; k < ELEMENTS; k++) where[k] = -1;
    for (int32_t k = 0; k < s->count; k++)
        if (s->species[k] >= 0 && s->species[k] < ELEMENTS) where[s->species[k]] = k;
    buffer b = {.kind = BUF_CONST, .type = LT_I32, .data = where, .n_data = ELEMENTS, .label = "place"};
    return lx_load(x->k, kernel_buffer(x->k, b), z);
}

/* index value for which the element counts; *ok: whether there is one */
static lexpr *selected_index(lowering *x, scope *s, const selector *sel, lexpr **ok)
{
    const set *over = &x->p->sets.at[x->p->ivars.at[sel->v].set];
    lexpr *key = let(x, s, "key", lower_scalar(x, s, sel->key));
    node_op op = x->p->nodes.at[sel->condition].op;
    if (op == OP_INDEX_EQ) return key;
    if (op == OP_SPECIES_EQ) {
        lexpr *number = let(x, s, "place", species_place(x, over, key));
        *ok = truth_and(x, *ok, op2(x, L_ILE, ix(x, 0), number));
        return number;
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

typedef struct pass {
    lowering *x;
    table *t;
    reduction op;
    buffer_id count;
    const ivar_list *fresh;
} pass;

static void add_to_table(const pass *p, scope *s, const vals *term)
{
    lowering *x = p->x;
    lexpr *row = let(x, s, "row", table_row(x, s, p->t, p->fresh, p->fresh));
    for (uint32_t c = 0; c < p->t->parts; c++) {
        lexpr *at = let(x, s, NULL, table_element(x, p->t, c, row)), *e = term->at[term->n == 1 ? 0 : c];
        if (op_of(p->op) == L_ADD)
            lb_add(x->k, s->block, p->t->buffer, at, e);
        else
            lb_store(x->k, s->block, p->t->buffer, at,
                     op2(x, op_of(p->op), lx_load(x->k, p->t->buffer, at), e));
    }
    if (p->op == RED_MEAN) lb_add(x->k, s->block, p->count, row, f64(x, 1));
}

static void clear_table(pass *p)
{
    lowering *x = p->x;
    table *t = p->t;
    lexpr *n = let(x, t->at, "n", ix_mul(x, t->total, ix(x, t->parts)));
    fill_neutral(x, t->at, t->buffer, n, neutral_of(p->op));
    if (p->op == RED_MEAN) {
        buffer_size size = x->k->buffers.at[t->buffer].size;
        size.constant /= t->parts;
        p->count = kernel_scratch(x->k, LT_F64, size, "count");
        fill_neutral(x, t->at, p->count, t->total, 0);
    }
}

static void divide_by_count(const pass *p)
{
    lowering *x = p->x;
    scope *s = scope_loop(x, p->t->at, "k", ix(x, 0), p->t->total);
    lexpr *row = scope_index(x, s), *n = let(x, s, "n", lx_load(x->k, p->count, row));
    for (uint32_t c = 0; c < p->t->parts; c++) {
        lexpr *e = table_element(x, p->t, c, row);
        lexpr *mean = op2(x, L_DIV, lx_load(x->k, p->t->buffer, e), n);
        lb_store(x->k, s->block, p->t->buffer, e, choose(x, op2(x, L_LT, f64(x, 0), n), mean, f64(x, 0)));
    }
    loop_finish(x, s, NULL, 0);
}

typedef struct target {
    lexpr *ok, *place[MAX_DIMS];
} target; /* of an alternative; ok NULL: always          */

static lexpr *or_always(lowering *x, lexpr *ok)
{
    return ok ? ok : lx_bool(x->k, true);
}

/* an element that an earlier alternative has counted in the same row is not counted again */
static void not_twice(lowering *x, scope *s, const selection *sel, target *t, uint32_t a)
{
    for (uint32_t earlier = 0; earlier < a; earlier++) {
        lexpr *same = or_always(x, t[earlier].ok);
        for (uint32_t k = 0; k < sel->alt[a].n; k++)
            for (uint32_t m = 0; m < sel->alt[earlier].n; m++)
                if (sel->alt[a].sel[k].v == sel->alt[earlier].sel[m].v)
                    same = truth_and(x, same, op2(x, L_IEQ, t[a].place[k], t[earlier].place[m]));
        t[a].ok = let(x, s, "counts", truth_and(x, t[a].ok, op1(x, L_NOT, same)));
    }
}

/* conditions of the element, then its places; one alternative is bound at once, several when they are
 * added */
static void open_targets(const pass *p, nest *loops, const selection *sel, target *t)
{
    lowering *x = p->x;
    for (uint32_t k = 0; k < sel->rest.n; k++)
        nest_push(loops, open_if(x, loops->inner, lower_scalar(x, loops->inner, sel->rest.at[k])));
    lexpr *any = NULL;
    for (uint32_t a = 0; a < sel->n_alt; a++) {
        t[a].ok = NULL;
        for (uint32_t k = 0; k < sel->alt[a].n; k++)
            t[a].place[k] = selected_index(x, loops->inner, &sel->alt[a].sel[k], &t[a].ok);
        if (t[a].ok) t[a].ok = let(x, loops->inner, "counts", t[a].ok);
        not_twice(x, loops->inner, sel, t, a);
        any = a == 0 ? or_always(x, t[a].ok) : op2(x, L_OR, any, or_always(x, t[a].ok));
    }
    if (sel->vars.n) nest_push(loops, open_if(x, loops->inner, any));
    for (uint32_t k = 0; sel->n_alt == 1 && k < sel->alt[0].n; k++)
        scope_bind(x, loops->inner, sel->alt[0].sel[k].v, t[0].place[k]);
}

static void add_alternatives(const pass *p, scope *s, const selection *sel, const target *t, const vals *term)
{
    for (uint32_t a = 0; a < sel->n_alt; a++) {
        scope *in = open_if(p->x, s, or_always(p->x, t[a].ok));
        for (uint32_t k = 0; k < sel->alt[a].n; k++)
            scope_bind(p->x, in, sel->alt[a].sel[k].v, t[a].place[k]);
        add_to_table(p, in, term);
        scope_close(p->x, in);
    }
}

static void scatter(lowering *x, table *t, const node *r, const ivar_list *fresh)
{
    pass p = {.x = x, .t = t, .op = r->imm.reduce, .fresh = fresh};
    selection sel = selection_of(x, r);
    target targets[ALTERNATIVES];
    clear_table(&p);
    nest loops = {.n = 0};
    open_nest(x, &loops, t->at, r, &(conds){.n = 0}, true);
    if (loops.mask) nest_push(&loops, open_if(x, loops.inner, loops.mask));
    for (scope *s = loops.inner; s != t->at; s = s->outer) s->holds_loops = s->kind == SCOPE_LOOP;
    open_targets(&p, &loops, &sel, targets);
    uint32_t outer = loops.n;
    for (uint32_t k = 0; k < fresh->n; k++) {
        lexpr *none;
        if (!ivar_list_has(sel.vars.at, sel.vars.n, fresh->at[k]))
            nest_push(&loops, loop_over(x, loops.inner, fresh->at[k], &none));
    }
    for (uint32_t k = outer; k + 1 < loops.n; k++) loops.opened[k]->holds_loops = true;
    vals term = lower_node(x, loops.inner, r->arg[0]);
    if (sel.n_alt == 1) {
        add_to_table(&p, loops.inner, &term);
    } else {
        for (uint32_t c = 0; c < term.n; c++) term.at[c] = let(x, loops.inner, "term", term.at[c]);
        add_alternatives(&p, loops.inner, &sel, targets, &term);
    }
    for (uint32_t k = loops.n; k-- > 0;) {
        if (k >= outer && k + 1 == loops.n)
            loop_finish(x, loops.opened[k], NULL, 0);
        else
            scope_close(x, loops.opened[k]);
    }
    if (p.op == RED_MEAN) divide_by_count(&p);
}

/* ---- few sums at once ---------------------------------------------------------------------------------- */

/* the sum for each value of the variables, all in one loop: they are one group to lower_reduce */
static void write_out(lowering *x, table *t, node_id id, const ivar_list *fresh, int64_t times)
{
    node_id *sum = arena_array(x->a, node_id, times);
    span at = x->p->nodes.at[id].at;
    for (int64_t row = 0; row < times; row++) {
        node_id to[MAX_DIMS];
        int64_t rest = row;
        for (uint32_t k = fresh->n; k-- > 0;) {
            set_id s = x->p->ivars.at[fresh->at[k]].set;
            int64_t count = set_constant(x->p, s);
            to[k] = program_node(x->p, OP_INDEX_CONST, elem_index(s), NULL, 0,
                                 &(node_imm){.k = (int32_t)(rest % count), .set = s}, at);
            rest /= count;
        }
        sum[row] = rewrite_rename(x->r, id, fresh->at, to, fresh->n);
        if (x->p->nodes.at[sum[row]].op == OP_REDUCE) vec_push(x->a, &x->group, sum[row]);
    }
    int64_t before = x->copies;
    x->written_out++;
    x->copies = (before ? before : 1) * times;
    for (int64_t row = 0; row < times; row++) {
        vals v = lower_node(x, t->at, sum[row]);
        for (uint32_t c = 0; c < t->parts; c++)
            lb_store(x->k, t->at->block, t->buffer, table_element(x, t, c, ix(x, row)),
                     v.at[v.n == 1 ? 0 : c]);
    }
    x->written_out--;
    x->copies = before;
}

bool reduce_by_table(lowering *x, scope *cur, scope *at, scope *home, node_id id, vals *out)
{
    ivar_list w = {0}, fresh = {0};
    int64_t times;
    scope *leave = plan_table(x, cur, home, id, &w, &times);
    if (!leave) return false;
    node_id renamed = table_rename(x, id, &w, &fresh);
    const node over = x->p->nodes.at[renamed];
    bool written = times > 0 && times <= WRITTEN_MOST;
    if (over.op != OP_REDUCE || (written && elem_components(over.elem) > WRITTEN_PARTS)) return false;
    if (written && x->copies * times > COPIES_MOST) return false; /* sums in it are written out in each, and so on */
    table *t = table_find(x, renamed, &fresh, cur);
    if (!t) {
        scope *outside = leave->outer;
        while (outside->kind == SCOPE_WANTED && is_shared(x, id)) outside = outside->outer;
        t = table_new(x, outside, renamed, &fresh, elem_components(over.elem));
        if (written)
            write_out(x, t, renamed, &fresh, times);
        else
            scatter(x, t, &over, &fresh);
        t->filling = false;
    }
    if (t->filling) return false; /* as in lower_by_table */
    *out = table_read(x, at, t, &fresh, &w);
    return true;
}
