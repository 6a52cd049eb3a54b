/* SPDX-License-Identifier: Apache-2.0
 *
 * lower_scope.c: the blocks under construction, where a value belongs, which values exist already. In:
 * requests of the other lower_*.c. Out: scopes (a tree: a hoisted loop hangs under an outer scope while inner
 * ones are open), bound values, small expressions with constants folded. A loop's statement is appended to
 * the outer block when it is closed, so that whatever is hoisted out of it meanwhile stands before it.
 */
#include "lower.h"

#include <string.h>

/* ---- failures ------------------------------------------------------------------------------------------ */

void lower_fail(lowering *x, span at, const char *what)
{
    if (!x->failed) /* the first says it                                */
        diag_report(x->sink, D_NOT_YET, at, what);
    x->failed = true;
}

vals vals_new(lowering *x, uint32_t n)
{
    return (vals){n, arena_array(x->a, lexpr *, n + 1)};
}

/* ---- scopes -------------------------------------------------------------------------------------------- */

scope *scope_open(lowering *x, scope *outer, scope_kind kind, lblock *block, lstmt *stmt)
{
    scope *s = arena_new(x->a, scope);
    s->kind = kind;
    s->outer = outer;
    s->depth = outer ? outer->depth + 1 : 0;
    s->block = block;
    s->stmt = stmt;
    return s;
}

scope *scope_loop(lowering *x, scope *outer, const char *words, lexpr *lo, lexpr *hi)
{
    lblock detached = {0};
    lstmt *stmt = lb_for(x->k, &detached, words, lo, hi);
    return scope_open(x, outer, SCOPE_LOOP, &stmt->loop.body, stmt);
}

void scope_close(lowering *x, scope *s)
{
    vec_push(x->a, &s->outer->block->stmt, s->stmt);
}

lexpr *scope_index(lowering *x, const scope *s)
{
    return lx_value(x->k, s->stmt->loop.index);
}

void scope_bind(lowering *x, scope *s, ivar_id v, lexpr *value)
{
    vec_push(x->a, &s->bound, ((bound){v, value, SETIR_NONE}));
}

scope *scope_of_ivar(const scope *s, ivar_id v, lexpr **value)
{
    for (; s; s = s->outer)
        for (uint32_t k = s->bound.n; k-- > 0;)
            if (s->bound.at[k].v == v) {
                if (value) *value = s->bound.at[k].value;
                return (scope *)s;
            }
    return NULL;
}

bool scope_within(const scope *s, const scope *outer)
{
    while (s && s->depth > outer->depth) s = s->outer;
    return s == outer;
}

scope *home_of(lowering *x, scope *cur, node_id n)
{
    const node *e = &x->p->nodes.at[n];
    scope *home = x->frame;
    for (uint32_t k = 0; k < e->n_free; k++) {
        scope *s = scope_of_ivar(cur, e->free[k], NULL);
        if (s && s->depth > home->depth) home = s;
    }
    return home;
}

/* As far out as the variables allow. A condition is left only together with a loop inside it; the question
 * whether an output is wanted is left too by what several outputs share. */
scope *place_of(lowering *x, scope *cur, scope *home, bool shared)
{
    (void)x;
    scope *out = cur;
    for (scope *s = cur; s != home && s->outer; s = s->outer)
        if (s->kind == SCOPE_LOOP || (s->kind == SCOPE_WANTED && shared)) out = s->outer;
    return out;
}

bool is_shared(const lowering *x, node_id n)
{
    return n >= x->n_first || x->sharers[n] > 1;
}

/* ---- values that exist --------------------------------------------------------------------------------- */

static void grow_known(lowering *x, node_id n)
{
    while (x->known.n <= n) vec_push(x->a, &x->known, NULL);
}

vals *known_find(lowering *x, node_id n, const scope *home, const scope *cur)
{
    grow_known(x, n);
    for (known *k = x->known.at[n]; k; k = k->next)
        if (k->at->depth >= home->depth && scope_within(cur, k->at)) return &k->value;
    return NULL;
}

void known_put(lowering *x, node_id n, scope *at, vals v)
{
    grow_known(x, n);
    known *k = arena_new(x->a, known);
    *k = (known){x->known.at[n], at, v};
    x->known.at[n] = k;
}

static bool is_atom(const lexpr *e)
{
    return e->op == L_F64 || e->op == L_I64 || e->op == L_BOOL || e->op == L_VALUE;
}

lexpr *let(lowering *x, scope *at, const char *words, lexpr *e)
{
    return is_atom(e) ? e : lx_value(x->k, lb_let(x->k, at->block, words, e));
}

lexpr **cache_slot(lowering *x, scope *at, int kind, uint32_t a, uint32_t b)
{
    for (cached *c = x->cache; c; c = c->next)
        if (c->at == at && c->kind == kind && c->a == a && c->b == b) return &c->e;
    cached *c = arena_new(x->a, cached);
    *c = (cached){x->cache, at, kind, a, b, NULL};
    x->cache = c;
    return &c->e;
}

/* ---- expressions with constants folded ----------------------------------------------------------------- */

lexpr *ix(lowering *x, int64_t v)
{
    return lx_i64(x->k, v);
}

static bool is_int(const lexpr *e, int64_t v)
{
    return e->op == L_I64 && e->i64 == v;
}

static bool same_atom(const lexpr *a, const lexpr *b)
{
    return a == b || (a->op == L_VALUE && b->op == L_VALUE && a->value == b->value);
}

lexpr *ix_add(lowering *x, lexpr *a, lexpr *b)
{
    if (a->op == L_I64 && b->op == L_I64) return ix(x, a->i64 + b->i64);
    if (is_int(a, 0)) return b;
    return is_int(b, 0) ? a : lx_2(x->k, L_IADD, a, b);
}

lexpr *ix_sub(lowering *x, lexpr *a, lexpr *b)
{
    if (a->op == L_I64 && b->op == L_I64) return ix(x, a->i64 - b->i64);
    if (same_atom(a, b)) return ix(x, 0);
    if (a->op == L_IADD && same_atom(a->arg[0], b)) /* (base + place) - base */
        return a->arg[1];
    return is_int(b, 0) ? a : lx_2(x->k, L_ISUB, a, b);
}

lexpr *ix_mul(lowering *x, lexpr *a, lexpr *b)
{
    if (a->op == L_I64 && b->op == L_I64) return ix(x, a->i64 * b->i64);
    if (is_int(a, 0) || is_int(b, 0)) return ix(x, 0);
    if (is_int(a, 1)) return b;
    return is_int(b, 1) ? a : lx_2(x->k, L_IMUL, a, b);
}

lexpr *f64(lowering *x, double v)
{
    return lx_f64(x->k, v);
}

lexpr *op1(lowering *x, loop_op op, lexpr *a)
{
    return lx_1(x->k, op, a);
}

lexpr *op2(lowering *x, loop_op op, lexpr *a, lexpr *b)
{
    return lx_2(x->k, op, a, b);
}

lexpr *choose(lowering *x, lexpr *c, lexpr *a, lexpr *b)
{
    if (c->op == L_BOOL) return c->i64 ? a : b;
    return lx_3(x->k, L_SELECT, c, a, b);
}

lexpr *truth_and(lowering *x, lexpr *a, lexpr *b)
{
    if (!a || (a->op == L_BOOL && a->i64)) return b;
    if (b->op == L_BOOL && b->i64) return a;
    return lx_2(x->k, L_AND, a, b);
}
