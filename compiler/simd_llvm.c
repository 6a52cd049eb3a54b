/* SPDX-License-Identifier: Apache-2.0
 *
 * simd_llvm.c: simd and wide loops as vector code with a masked end, for processors with masked memory access
 * (x86-64-v3, -v4). In: such a loop. Out: a loop over whole vectors of iterations whose last one runs with
 * some lanes idle. LLVM's own vectoriser finishes a row with scalar iterations, which is most of a row of 6
 * to 60 neighbours; loops that this file does not take (llvm_lanes), and other processors, are left to it.
 */
#include "emit_llvm_internal.h"
#include "loop_lanes.h"

#include <stdlib.h>
#include <string.h>

#define FEW_STEPS         3
#define UNROLL_STEPS      4 /* vectors */
#define UNROLL_STATEMENTS 4

/* ---- which loops --------------------------------------------------------------------------------------- */

/* What idle lanes have stored cannot be forwarded to the next load: a table row of a few numbers that every pair
 * adds to is faster as numbers. */
static bool few(const lexpr *lo, const lexpr *hi)
{
    return lo->op == L_I64 && hi->op == L_I64 && hi->i64 - lo->i64 <= FEW_STEPS;
}

unsigned llvm_lanes(const emitter *e, const lstmt *loop)
{
    if (!(loop->loop.simd || loop->loop.wide) || e->lanes || e->level < 3 || few(loop->loop.lo, loop->loop.hi))
        return 0;
    return !lanes_possible(e->k, loop, e->varies) ? 0 : e->level == 4 ? 8 : 4;
}

/* ---- statements ---------------------------------------------------------------------------------------- */

void llvm_vector_set(emitter *e, const lstmt *s)
{
    lvalue v = s->let.value;
    LLVMBuilderRef b = e->u->builder;
    LLVMValueRef x;
    if (e->sums[v]) {
        const lexpr *term = reduction_term(s->let.expr, v);
        LLVMValueRef sum = LLVMBuildLoad2(b, e->cell_type[v], e->value[v], ""),
                     t = llvm_widen(e, llvm_expr(e, term));
        bool minus = s->let.expr->op == L_SUB || s->let.expr->op == L_ISUB;
        if (e->k->values.at[v] == LT_F64)
            x = llvm_relax(minus ? LLVMBuildFSub(b, sum, t, "") : LLVMBuildFAdd(b, sum, t, ""), false);
        else
            x = minus ? LLVMBuildSub(b, sum, t, "") : LLVMBuildAdd(b, sum, t, "");
    } else {
        x = llvm_widen(e, llvm_expr(e, s->let.expr));
    }
    if (e->sums[v] || e->cell_depth[v] != e->guards) { /* lanes that are not in keep what they have */
        LLVMValueRef old = LLVMBuildLoad2(b, e->cell_type[v], e->value[v], "");
        x = LLVMBuildSelect(b, e->mask, x, old, "");
    }
    LLVMBuildStore(b, x, e->value[v]);
}

/* no function, no division, no memory: running it for nothing costs less than a branch */
static bool expr_is_light(const lexpr *x)
{
    if (x->op == L_LOAD || x->op == L_DIV || x->op == L_SQRT || (x->op >= L_EXP && x->op <= L_POW))
        return false;
    for (int i = 0; i < loop_op_table[x->op].args; i++)
        if (!expr_is_light(x->arg[i])) return false;
    return true;
}

static bool block_is_light(const lblock *b)
{
    for (uint32_t i = 0; i < b->stmt.n; i++) {
        const lstmt *s = b->stmt.at[i];
        bool plain = s->kind == LOOP_LET || s->kind == LOOP_VAR || s->kind == LOOP_SET;
        if (s->kind != LOOP_COMMENT && (!plain || !expr_is_light(s->let.expr))) return false;
    }
    return b->stmt.n <= 8;
}

/* a block for the lanes of `mask`, jumped over when there is none: so a lane is in wherever a scalar is
 * loaded */
static void guarded_block(emitter *e, LLVMValueRef mask, const lblock *block)
{
    LLVMBuilderRef b = e->u->builder;
    LLVMValueRef outer = e->mask;
    LLVMBasicBlockRef after = NULL;
    if (!block->stmt.n) return;
    if (!block_is_light(block)) {
        LLVMTypeRef type = LLVMTypeOf(mask);
        LLVMBasicBlockRef some = llvm_new_block(e, "some");
        after = llvm_new_block(e, "none");
        LLVMBuildCondBr(b, llvm_intrinsic(e, "llvm.vector.reduce.or", &type, 1, &mask, 1), some, after);
        LLVMPositionBuilderAtEnd(b, some);
    }
    e->mask = mask;
    e->guards++;
    llvm_block(e, block);
    e->guards--;
    e->mask = outer;
    if (after) {
        LLVMBuildBr(b, after);
        LLVMPositionBuilderAtEnd(b, after);
    }
}

void llvm_vector_branch(emitter *e, LLVMValueRef c, const lblock *then, const lblock *other)
{
    LLVMBuilderRef b = e->u->builder;
    guarded_block(e, LLVMBuildAnd(b, e->mask, c, ""), then);
    if (other->stmt.n) guarded_block(e, LLVMBuildAnd(b, e->mask, LLVMBuildNot(b, c, ""), ""), other);
}

/* ---- partial sums -------------------------------------------------------------------------------------- */

/* a vector of partial sums stands for the cell; returns the cell */
static LLVMValueRef open_sum(emitter *e, lvalue v, unsigned lanes)
{
    LLVMTypeRef one = llvm_value_type(e->u, e->k->values.at[v]);
    LLVMValueRef zero = one == e->u->f64 ? LLVMConstReal(one, -0.0) : LLVMConstInt(one, 0, false), part[16];
    LLVMValueRef cell = e->value[v];
    for (unsigned i = 0; i < lanes; i++) part[i] = zero;
    e->cell_type[v] = LLVMVectorType(one, lanes);
    e->value[v] = llvm_new_cell(e, e->cell_type[v], llvm_value_name(e, v));
    e->sums[v] = true;
    LLVMBuildStore(e->u->builder, LLVMConstVector(part, lanes), e->value[v]);
    return cell;
}

static void close_sum(emitter *e, lvalue v, LLVMValueRef cell)
{
    LLVMBuilderRef b = e->u->builder;
    loop_type t = e->k->values.at[v];
    LLVMTypeRef many = e->cell_type[v], one = llvm_value_type(e->u, t);
    LLVMValueRef part = LLVMBuildLoad2(b, many, e->value[v], ""), sum;
    if (t == LT_F64) {
        LLVMValueRef arg[] = {LLVMConstReal(one, -0.0), part};
        sum = llvm_relax(llvm_intrinsic(e, "llvm.vector.reduce.fadd", &many, 1, arg, 2), true);
    } else {
        sum = llvm_intrinsic(e, "llvm.vector.reduce.add", &many, 1, &part, 1);
    }
    e->value[v] = cell;
    e->cell_type[v] = one;
    e->sums[v] = false;
    LLVMValueRef before = LLVMBuildLoad2(b, one, cell, "");
    LLVMBuildStore(b, llvm_add(e, before, sum, t), cell);
}

/* the reduction cells of the loop, but those that are open around; saved[i] keeps the cell */
static void open_sums(emitter *e, const lstmt *s, LLVMValueRef *saved, unsigned lanes)
{
    for (uint32_t i = 0; i < s->loop.n_reduction; i++)
        if (!e->sums[s->loop.reduction[i]]) saved[i] = open_sum(e, s->loop.reduction[i], lanes);
}

static void close_sums(emitter *e, const lstmt *s, LLVMValueRef *saved)
{
    for (uint32_t i = 0; i < s->loop.n_reduction; i++)
        if (saved[i]) close_sum(e, s->loop.reduction[i], saved[i]);
}

/* ---- sums over rows of rows ----
 * A sum over all rows stays a vector from row to row, when nothing in the loop over rows reads it. */

static bool in_lanes(const void *user, const lstmt *loop)
{
    return llvm_lanes(user, loop) > 0;
}

lifted llvm_open_lifted(emitter *e, const lstmt *loop)
{
    lifted l = {.n = 0};
    const lblock *body = &loop->loop.body;
    for (uint32_t i = 0; i < body->stmt.n && !e->lanes; i++) {
        const lstmt *s = body->stmt.at[i];
        unsigned lanes = s->kind == LOOP_FOR ? llvm_lanes(e, s) : 0;
        for (uint32_t k = 0; lanes && k < s->loop.n_reduction && l.n < LIFTED_MOST; k++) {
            lvalue v = s->loop.reduction[k];
            if (!e->cell[v] || e->sums[v] || lanes_read(body, v, in_lanes, e)) continue;
            l.v[l.n] = v;
            l.cell[l.n++] = open_sum(e, v, lanes);
        }
    }
    return l;
}

void llvm_close_lifted(emitter *e, const lifted *l)
{
    for (uint32_t k = 0; k < l->n; k++) close_sum(e, l->v[k], l->cell[k]);
}

/* ---- the loop ------------------------------------------------------------------------------------------ */

/* the numbers 0, 1, ... */
static LLVMValueRef lane_numbers(const emitter *e)
{
    LLVMValueRef lane[16];
    for (unsigned i = 0; i < e->lanes; i++) lane[i] = llvm_i64(e->u, i);
    return LLVMConstVector(lane, e->lanes);
}

/* Lanes in, as many as are left. Processors with mask registers get them from a number: comparing vectors
 * would cost the units that multiply. */
static LLVMValueRef lanes_in(emitter *e)
{
    LLVMBuilderRef b = e->u->builder;
    LLVMTypeRef i64 = e->u->i64, bits = LLVMIntTypeInContext(e->u->context, e->lanes);
    if (e->level < 4) return LLVMBuildICmp(b, LLVMIntSLT, lane_numbers(e), llvm_widen(e, e->left), "in");
    LLVMValueRef arg[] = {e->left, llvm_i64(e->u, e->lanes)};
    LLVMValueRef n = llvm_intrinsic(e, "llvm.smin", &i64, 1, arg, 2);
    LLVMValueRef out = LLVMBuildShl(b, LLVMConstAllOnes(i64), n, "");
    LLVMTypeRef many = LLVMVectorType(e->u->i1, e->lanes);
    return LLVMBuildBitCast(b, LLVMBuildTrunc(b, LLVMBuildNot(b, out, ""), bits, ""), many, "in");
}

/* the iterations index, index + 1, ... of all lanes, of which those below hi are in */
static void vector_step(emitter *e, const lstmt *s, LLVMValueRef index, LLVMValueRef hi)
{
    LLVMBuilderRef b = e->u->builder;
    lvalue v = s->loop.index;
    e->left = LLVMBuildNSWSub(b, hi, index, "");
    e->mask = lanes_in(e);
    e->linear[v] = (linear){index, 1};
    e->value[v] = LLVMBuildAdd(b, llvm_widen(e, index), lane_numbers(e), "");
    llvm_block(e, &s->loop.body);
}

static void vector_body(emitter *e, const lstmt *s, LLVMValueRef lo, LLVMValueRef hi)
{
    llvm_unit *u = e->u;
    LLVMBuilderRef b = u->builder;
    LLVMBasicBlockRef before = LLVMGetInsertBlock(b), body = llvm_new_block(e, "vector"),
                      after = llvm_new_block(e, "done");
    LLVMBuildCondBr(b, LLVMBuildICmp(b, LLVMIntSLT, lo, hi, ""), body, after);
    LLVMPositionBuilderAtEnd(b, body);
    LLVMValueRef index = LLVMBuildPhi(b, u->i64, llvm_value_name(e, s->loop.index));
    vector_step(e, s, index, hi);
    LLVMValueRef next = LLVMBuildNSWAdd(b, index, llvm_i64(u, e->lanes), "");
    LLVMBasicBlockRef last = LLVMGetInsertBlock(b);
    LLVMBuildCondBr(b, LLVMBuildICmp(b, LLVMIntSLT, next, hi, ""), body, after);
    LLVMAddIncoming(index, (LLVMValueRef[]){lo, next}, (LLVMBasicBlockRef[]){before, last}, 2);
    LLVMPositionBuilderAtEnd(b, after);
}

/* Few iterations, known now, of a small body: one step after the other, with masks that are constants. */
static bool vector_unrolled(emitter *e, const lstmt *s, LLVMValueRef lo, LLVMValueRef hi)
{
    if (!LLVMIsAConstantInt(lo) || !LLVMIsAConstantInt(hi) || s->loop.body.stmt.n > UNROLL_STATEMENTS)
        return false;
    int64_t first = LLVMConstIntGetSExtValue(lo), end = LLVMConstIntGetSExtValue(hi);
    if (end - first > UNROLL_STEPS * (int64_t)e->lanes) return false;
    for (int64_t at = first; at < end; at += e->lanes) vector_step(e, s, llvm_i64(e->u, at), hi);
    return true;
}

void llvm_vector_loop(emitter *e, const lstmt *loop, LLVMValueRef lo, LLVMValueRef hi, unsigned lanes)
{
    LLVMValueRef *saved = calloc(loop->loop.n_reduction + 1u, sizeof *saved);
    if (!saved) {
        e->failed = true;
        return;
    }
    e->lanes = lanes;
    open_sums(e, loop, saved, lanes);
    if (!vector_unrolled(e, loop, lo, hi)) vector_body(e, loop, lo, hi);
    close_sums(e, loop, saved);
    e->lanes = 0;
    e->mask = NULL;
    free(saved);
}
