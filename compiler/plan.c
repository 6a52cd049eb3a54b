/* SPDX-License-Identifier: Apache-2.0
 *
 * plan.c: memory of a kernel. In: a verified kernel. Out: scratch buffers that are never alive together share
 * a slot (buffer.slot), and how many bytes a call needs. The layout is the order of first members of the
 * slots, each at a multiple of 64 bytes with room for 8 readable elements after its end; emit_c.c and
 * emit_llvm.c compute the same.
 */
#include "loop_plan.h"

#include <stdlib.h>

/* ---- liveness ----
 * Statements in preorder. A buffer lives from the first to the last child, of the smallest block that holds
 * all its uses, that touches it (the contract in loopir.h). */

typedef struct place_row {
    uint32_t block, owner, depth, end;
} place_row; /* owner: statement around the block */
typedef struct interval {
    uint32_t first, last;
    bool used;
} interval;

typedef struct planner {
    kernel *k;
    VEC(place_row) at; /* by statement number */
    interval *live;    /* by buffer; statements of one block */
    uint32_t blocks;
} planner;

#define PLAN_TOP UINT32_MAX

static void live_touch(planner *p, buffer_id b, uint32_t s)
{
    interval *live = &p->live[b];
    if (!live->used) {
        *live = (interval){s, s, true};
        return;
    }
    while (p->at.at[live->first].block != p->at.at[s].block) {
        uint32_t up_live = p->at.at[live->first].depth, up_s = p->at.at[s].depth;
        if (up_live >= up_s) live->first = live->last = p->at.at[live->first].owner;
        if (up_s >= up_live) s = p->at.at[s].owner;
    }
    live->first = s < live->first ? s : live->first;
    live->last = s > live->last ? s : live->last;
}

static void live_expr(planner *p, const lexpr *e, uint32_t s)
{
    if (!e) return;
    if (e->op == L_LOAD) live_touch(p, e->buffer, s);
    for (int i = 0; i < loop_op_table[e->op].args; i++) live_expr(p, e->arg[i], s);
}

static void live_block(planner *p, const lblock *b, uint32_t owner, uint32_t depth);

static void live_stmt(planner *p, const lstmt *s, uint32_t at, uint32_t depth)
{
    switch (s->kind) {
    case LOOP_LET:
    case LOOP_VAR:
    case LOOP_SET: live_expr(p, s->let.expr, at); return;
    case LOOP_STORE:
        live_touch(p, s->store.buffer, at);
        live_expr(p, s->store.index, at);
        live_expr(p, s->store.expr, at);
        return;
    case LOOP_FOR:
        live_expr(p, s->loop.lo, at);
        live_expr(p, s->loop.hi, at);
        live_block(p, &s->loop.body, at, depth);
        return;
    case LOOP_IF:
        live_expr(p, s->branch.cond, at);
        live_block(p, &s->branch.then, at, depth);
        live_block(p, &s->branch.other, at, depth);
        return;
    case LOOP_CALL:
        for (uint32_t i = 0; i < s->call.n; i++) {
            if (s->call.arg[i].is_buffer) live_touch(p, s->call.arg[i].buffer, at);
            live_expr(p, s->call.arg[i].value, at);
        }
        return;
    case LOOP_IF_WANTED: live_block(p, &s->wanted.body, at, depth); return;
    case LOOP_COMMENT: return;
    }
}

static void live_block(planner *p, const lblock *b, uint32_t owner, uint32_t depth)
{
    uint32_t block = p->blocks++;
    for (uint32_t i = 0; i < b->stmt.n; i++) {
        uint32_t at = p->at.n;
        place_row row = {.block = block, .owner = owner, .depth = depth};
        vec_push(p->k->memory, &p->at, row);
        live_stmt(p, b->stmt.at[i], at, depth + 1);
        p->at.at[at].end = p->at.n - 1;
    }
}

/* ---- slots --------------------------------------------------------------------------------------------- */

static bool size_equal(const buffer_size *a, const buffer_size *b)
{
    bool equal = a->constant == b->constant && a->n_factor == b->n_factor;
    for (uint32_t i = 0; equal && i < a->n_factor; i++)
        equal = a->factor[i].kind == b->factor[i].kind && a->factor[i].set == b->factor[i].set;
    return equal;
}

/* may buffer b join that slot; *same: and a member has the same size */
static bool slot_fits(const planner *p, uint32_t number, buffer_id b, bool *same)
{
    const buffer *want = &p->k->buffers.at[b];
    *same = false;
    for (uint32_t o = 0; o < p->k->buffers.n; o++) {
        const buffer *other = &p->k->buffers.at[o];
        if (other->kind != BUF_SCRATCH || other->slot != number) continue;
        bool apart = p->at.at[p->live[o].last].end < p->live[b].first ||
                     p->at.at[p->live[b].last].end < p->live[o].first;
        if (other->type != want->type || !apart) /* one type per slot: C and LLVM may assume it */
            return false;
        *same |= size_equal(&other->size, &want->size);
    }
    return true;
}

void plan_scratch(kernel *k)
{
    planner p = {.k = k, .live = arena_array(k->memory, interval, k->buffers.n + 1)};
    live_block(&p, &k->body, PLAN_TOP, 0);
    uint32_t slots = 0;
    for (buffer_id b = 0; b < k->buffers.n; b++) k->buffers.at[b].slot = 0;
    for (buffer_id b = 0; b < k->buffers.n; b++) {
        if (k->buffers.at[b].kind != BUF_SCRATCH || !p.live[b].used) continue;
        uint32_t best = 0;
        bool same = false;
        for (uint32_t number = 1; number <= slots && !(best && same); number++) {
            bool equal;
            if (slot_fits(&p, number, b, &equal) && (!best || equal)) {
                best = number;
                same = equal;
            }
        }
        k->buffers.at[b].slot = best ? best : ++slots;
    }
}

bool buffer_is_written(const buffer *b)
{
    return b->kind == BUF_OUT || b->kind == BUF_SCRATCH || b->kind == BUF_LOCAL;
}

bool plan_is_head(const kernel *k, buffer_id b)
{
    const buffer *mine = &k->buffers.at[b];
    if (mine->kind != BUF_SCRATCH) return false;
    for (buffer_id o = 0; mine->slot && o < b; o++)
        if (k->buffers.at[o].kind == BUF_SCRATCH && k->buffers.at[o].slot == mine->slot) return false;
    return true;
}

buffer_id plan_head(const kernel *k, buffer_id b)
{
    for (buffer_id o = 0; k->buffers.at[b].slot && o < b; o++)
        if (k->buffers.at[o].kind == BUF_SCRATCH && k->buffers.at[o].slot == k->buffers.at[b].slot) return o;
    return b;
}

/* ---- uses: only what a kernel touches is loaded at its entry ------------------------------------------- */

static void uses_extent(kernel *k, extent x)
{
    kernel_uses *u = k->uses;
    for (uint32_t i = 0; i < u->n_extent; i++)
        if (u->extent[i].kind == x.kind && u->extent[i].set == x.set) return;
    extent *grown = arena_array(k->memory, extent, u->n_extent + 1);
    for (uint32_t i = 0; i < u->n_extent; i++) grown[i] = u->extent[i];
    grown[u->n_extent++] = x;
    u->extent = grown;
}

static void uses_expr(kernel *k, const lexpr *e)
{
    if (!e) return;
    if (e->op == L_LOAD) k->uses->buffer[e->buffer] = true;
    if (e->op == L_EXTENT) uses_extent(k, e->extent);
    for (int i = 0; i < loop_op_table[e->op].args; i++) uses_expr(k, e->arg[i]);
}

static void uses_block(kernel *k, const lblock *b)
{
    for (uint32_t i = 0; i < b->stmt.n; i++) {
        const lstmt *s = b->stmt.at[i];
        switch (s->kind) {
        case LOOP_LET:
        case LOOP_VAR:
        case LOOP_SET: uses_expr(k, s->let.expr); break;
        case LOOP_STORE:
            k->uses->buffer[s->store.buffer] = true;
            uses_expr(k, s->store.index);
            uses_expr(k, s->store.expr);
            break;
        case LOOP_FOR:
            uses_expr(k, s->loop.lo);
            uses_expr(k, s->loop.hi);
            uses_block(k, &s->loop.body);
            break;
        case LOOP_IF:
            uses_expr(k, s->branch.cond);
            uses_block(k, &s->branch.then);
            uses_block(k, &s->branch.other);
            break;
        case LOOP_CALL:
            for (uint32_t a = 0; a < s->call.n; a++) {
                if (s->call.arg[a].is_buffer) k->uses->buffer[s->call.arg[a].buffer] = true;
                uses_expr(k, s->call.arg[a].value);
            }
            break;
        case LOOP_IF_WANTED:
            k->uses->output[s->wanted.output] = true;
            uses_block(k, &s->wanted.body);
            break;
        case LOOP_COMMENT: break;
        }
    }
}

void kernel_finish(kernel *k)
{
    kernel_reductions(k);
    plan_scratch(k);
    k->uses = arena_new(k->memory, kernel_uses);
    k->uses->buffer = arena_array(k->memory, bool, k->buffers.n + 1);
    k->uses->output = arena_array(k->memory, bool, k->n_outputs + 1);
    uses_block(k, &k->body);
    for (buffer_id b = 0; b < k->buffers.n; b++) /* the head of a slot stands for all of it */
        if (k->uses->buffer[b] && k->buffers.at[b].kind == BUF_SCRATCH)
            k->uses->buffer[plan_head(k, b)] = true;
}

bool plan_is_parameter(const kernel *k, buffer_id b)
{
    const buffer *mine = &k->buffers.at[b];
    if (!k->uses->buffer[b] || mine->kind == BUF_LOCAL || mine->kind == BUF_CONST) return false;
    return mine->kind != BUF_SCRATCH || plan_is_head(k, b);
}

/* ---- bytes --------------------------------------------------------------------------------------------- */

size_t loop_type_bytes(loop_type t)
{
    switch (t) {
    case LT_F64:
    case LT_I64: return 8;
    case LT_I32: return 4;
    case LT_BOOL: return 1;
    }
    return 8;
}

static int64_t extent_count(const extent *x, const mtx_view *view, int64_t f0, int64_t f1)
{
    const mtx_set_view *of = &view->set[x->set];
    switch (x->kind) {
    case EXT_TOTAL: return of->ptr ? of->ptr[f1] - of->ptr[f0] : of->n;
    case EXT_MAX_ROW: return of->max_row;
    case EXT_MAX_FRAME: return of->max_frame;
    }
    return 0;
}

/* bytes of a buffer rounded up to 64 with 64 of slack; SIZE_MAX when that is no size */
static size_t buffer_bytes(const buffer *b, const mtx_view *view, int64_t f0, int64_t f1)
{
    uint64_t n = (uint64_t)b->size.constant;
    bool over = false;
    for (uint32_t i = 0; i < b->size.n_factor; i++)
        over |= __builtin_mul_overflow(n, (uint64_t)extent_count(&b->size.factor[i], view, f0, f1), &n);
    over |= n > SIZE_MAX / 16;
    return over ? SIZE_MAX : (n * loop_type_bytes(b->type) + 127) / 64 * 64;
}

size_t kernel_scratch_bytes(const kernel *k, const mtx_view *view, int64_t f0, int64_t f1)
{
    size_t total = 0;
    for (buffer_id b = 0; b < k->buffers.n; b++) {
        if (!plan_is_head(k, b)) continue;
        size_t most = 0;
        for (buffer_id o = b; o < k->buffers.n; o++) {
            bool member = o == b || (k->buffers.at[b].slot && plan_head(k, o) == b);
            if (!member || k->buffers.at[o].kind != BUF_SCRATCH) continue;
            size_t bytes = buffer_bytes(&k->buffers.at[o], view, f0, f1);
            most = bytes > most ? bytes : most;
        }
        if (most > SIZE_MAX / 2 - total) return SIZE_MAX;
        total += most;
    }
    return total;
}

/* ---- what is read -------------------------------------------------------------------------------------- */

bool kernel_reads(const kernel *k, buffer_kind kind, uint32_t index)
{
    for (buffer_id b = 0; b < k->buffers.n; b++)
        if (k->uses->buffer[b] && k->buffers.at[b].kind == kind && k->buffers.at[b].index == index) return true;
    return false;
}

bool module_reads(const module *m, buffer_kind kind, uint32_t index)
{
    for (uint32_t k = 0; k < m->stages.n; k++)
        if (kernel_reads(m->stages.at[k], kind, index)) return true;
    return kernel_reads(m->main, kind, index);
}
