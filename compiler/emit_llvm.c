/* SPDX-License-Identifier: Apache-2.0
 *
 * emit_llvm.c: loop IR to LLVM IR. In: a finished kernel and an x86-64 level. Out, in the module of a unit: an inner
 * function with the loops, whose arrays are noalias parameters, and the entry function of the kernel type that finds the
 * arrays in the view and lays out the scratch memory (both mirror emit_c.c). Optimising is in unit_llvm.c.
 */
#include "emit_llvm.h"
#include "loop_plan.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct emitter {
    llvm_unit    *u;
    const kernel *k;
    const char   *symbol;
    int           level;
    LLVMValueRef  loops;         /* the inner function                                                      */
    LLVMValueRef *value;         /* by lvalue: the value, or the cell's alloca                              */
    bool         *cell, *sums;   /* by lvalue: is an alloca; is a reduction of an open simd loop            */
    LLVMValueRef *buffer;        /* by buffer: its first element                                            */
    LLVMValueRef *extent;        /* as kernel_uses.extent                                                   */
    LLVMValueRef *wanted;        /* by output, or NULL                                                      */
    unsigned      simd;          /* open simd loops                                                         */
} emitter;

static LLVMTypeRef memory_type(const llvm_unit *u, loop_type t)
{
    switch (t) {
    case LT_F64: return u->f64;
    case LT_I64: return u->i64;
    case LT_I32: return u->i32;
    case LT_BOOL: return u->i8;
    }
    return u->f64;
}

static LLVMTypeRef value_type(const llvm_unit *u, loop_type t)
{
    return t == LT_F64 ? u->f64 : t == LT_BOOL ? u->i1 : u->i64;
}

static LLVMValueRef i64_of(const llvm_unit *u, int64_t x)
{
    return LLVMConstInt(u->i64, (unsigned long long)x, true);
}

static const char *name_of(const emitter *e, lvalue v)
{
    const char *words = e->k->value_names.at[v];
    return words ? words : "";
}

/* ---- expressions ------------------------------------------------------------------------------------------------------ */

static LLVMValueRef emit_expr(emitter *e, const lexpr *x);

/* products may fuse with sums; sums of reductions may also change their order. Never more: NaN and infinity are real. */
static LLVMValueRef relax(LLVMValueRef v, bool reorder)
{
    if (LLVMIsAInstruction(v) && LLVMCanValueUseFastMathFlags(v))
        LLVMSetFastMathFlags(v, LLVMFastMathAllowContract | (reorder ? LLVMFastMathAllowReassoc : 0));
    return v;
}

static LLVMValueRef in_group(emitter *e, LLVMValueRef access)
{
    static const char kind[] = "llvm.access.group";
    if (e->simd)
        LLVMSetMetadata(access, LLVMGetMDKindIDInContext(e->u->context, kind, sizeof kind - 1), e->u->parallel);
    return access;
}

static LLVMValueRef element(emitter *e, buffer_id b, LLVMValueRef index)
{
    LLVMTypeRef type = memory_type(e->u, e->k->buffers.at[b].type);
    return LLVMBuildInBoundsGEP2(e->u->builder, type, e->buffer[b], &index, 1, "");
}

static LLVMValueRef emit_load(emitter *e, const lexpr *x)
{
    loop_type type = e->k->buffers.at[x->buffer].type;
    LLVMBuilderRef b = e->u->builder;
    LLVMValueRef at = element(e, x->buffer, emit_expr(e, x->arg[0]));
    LLVMValueRef v = in_group(e, LLVMBuildLoad2(b, memory_type(e->u, type), at, ""));
    if (type == LT_I32)
        return LLVMBuildSExt(b, v, e->u->i64, "");
    if (type == LT_BOOL)
        return LLVMBuildICmp(b, LLVMIntNE, v, LLVMConstInt(e->u->i8, 0, false), "");
    return v;
}

static LLVMValueRef intrinsic(emitter *e, const char *words, LLVMTypeRef *overload, LLVMValueRef *arg, unsigned n)
{
    unsigned id = LLVMLookupIntrinsicID(words, strlen(words));
    LLVMValueRef f = LLVMGetIntrinsicDeclaration(e->u->module, id, overload, 1);
    LLVMTypeRef type = LLVMIntrinsicGetType(e->u->context, id, overload, 1);
    return LLVMBuildCall2(e->u->builder, type, f, arg, n, "");
}

static LLVMValueRef emit_math(emitter *e, const lexpr *x)
{
    int n = loop_op_table[x->op].args;
    const char *function = loop_op_table[x->op].text;
    LLVMValueRef arg[2] = {emit_expr(e, x->arg[0]), n > 1 ? emit_expr(e, x->arg[1]) : NULL};
    LLVMValueRef f = llvm_math_function(e->u, function, n);
    LLVMValueRef call = LLVMBuildCall2(e->u->builder, LLVMGlobalGetValueType(f), f, arg, (unsigned)n, "");
    llvm_math_variants(e->u, call, function, n, e->level);
    return call;
}

static LLVMValueRef emit_lesser(emitter *e, const lexpr *x)
{
    LLVMBuilderRef b = e->u->builder;
    LLVMValueRef p = emit_expr(e, x->arg[0]), q = emit_expr(e, x->arg[1]), first;
    if (x->op == L_MIN || x->op == L_MAX)
        first = LLVMBuildFCmp(b, x->op == L_MIN ? LLVMRealOLT : LLVMRealOGT, p, q, "");
    else
        first = LLVMBuildICmp(b, x->op == L_IMIN ? LLVMIntSLT : LLVMIntSGT, p, q, "");
    return LLVMBuildSelect(b, first, p, q, "");
}

static LLVMValueRef emit_compare(emitter *e, const lexpr *x)
{
    LLVMBuilderRef b = e->u->builder;
    LLVMValueRef p = emit_expr(e, x->arg[0]), q = emit_expr(e, x->arg[1]);
    if (loop_op_table[x->op].arg == LT_F64)
        return LLVMBuildFCmp(b, x->op == L_LT ? LLVMRealOLT : x->op == L_LE ? LLVMRealOLE : LLVMRealOEQ, p, q, "");
    return LLVMBuildICmp(b, x->op == L_ILT ? LLVMIntSLT : x->op == L_ILE ? LLVMIntSLE : LLVMIntEQ, p, q, "");
}

/* a conversion out of range is poison: an index made from it must still be a number, so the range is asked first */
static LLVMValueRef emit_to_i64(emitter *e, const lexpr *x)
{
    LLVMBuilderRef b = e->u->builder;
    LLVMValueRef v = emit_expr(e, x->arg[0]);
    LLVMValueRef size = intrinsic(e, "llvm.fabs", &e->u->f64, &v, 1);
    LLVMValueRef fits = LLVMBuildFCmp(b, LLVMRealOLT, size, LLVMConstReal(e->u->f64, 9.2e18), "");
    LLVMValueRef safe = LLVMBuildSelect(b, fits, v, LLVMConstReal(e->u->f64, 0.0), "");
    return LLVMBuildFPToSI(b, safe, e->u->i64, "");
}

static LLVMValueRef emit_arithmetic(emitter *e, const lexpr *x)
{
    LLVMBuilderRef b = e->u->builder;
    LLVMValueRef p = emit_expr(e, x->arg[0]), q = emit_expr(e, x->arg[1]);
    LLVMOpcode op = x->op == L_ADD ? LLVMFAdd : x->op == L_SUB ? LLVMFSub : x->op == L_MUL ? LLVMFMul : LLVMFDiv;
    return relax(LLVMBuildBinOp(b, op, p, q, ""), false);
}

static LLVMValueRef emit_whole(emitter *e, const lexpr *x)
{
    LLVMBuilderRef b = e->u->builder;
    LLVMValueRef p = emit_expr(e, x->arg[0]), q = emit_expr(e, x->arg[1]);
    if (x->op == L_IADD)
        return LLVMBuildNSWAdd(b, p, q, "");
    return x->op == L_ISUB ? LLVMBuildNSWSub(b, p, q, "") : LLVMBuildNSWMul(b, p, q, "");
}

static LLVMValueRef emit_unary_intrinsic(emitter *e, const lexpr *x, const char *words)
{
    LLVMValueRef v = emit_expr(e, x->arg[0]);
    return relax(intrinsic(e, words, &e->u->f64, &v, 1), false);
}

static LLVMValueRef emit_fma(emitter *e, const lexpr *x)
{
    LLVMValueRef arg[3] = {emit_expr(e, x->arg[0]), emit_expr(e, x->arg[1]), emit_expr(e, x->arg[2])};
    return relax(intrinsic(e, "llvm.fmuladd", &e->u->f64, arg, 3), false);
}

static LLVMValueRef emit_select(emitter *e, const lexpr *x)
{
    LLVMValueRef c = emit_expr(e, x->arg[0]), yes = emit_expr(e, x->arg[1]), no = emit_expr(e, x->arg[2]);
    return LLVMBuildSelect(e->u->builder, c, yes, no, "");
}

static LLVMValueRef emit_logic(emitter *e, const lexpr *x)
{
    LLVMValueRef p = emit_expr(e, x->arg[0]), q = emit_expr(e, x->arg[1]);
    return x->op == L_AND ? LLVMBuildAnd(e->u->builder, p, q, "") : LLVMBuildOr(e->u->builder, p, q, "");
}

static LLVMValueRef emit_value(emitter *e, const lexpr *x)
{
    if (!e->cell[x->value])
        return e->value[x->value];
    return LLVMBuildLoad2(e->u->builder, value_type(e->u, x->type), e->value[x->value], name_of(e, x->value));
}

static LLVMValueRef emit_extent(emitter *e, const lexpr *x)
{
    const kernel_uses *uses = e->k->uses;
    uint32_t i = 0;
    while (i + 1 < uses->n_extent && (uses->extent[i].kind != x->extent.kind || uses->extent[i].set != x->extent.set))
        i++;
    return e->extent[i];
}

static LLVMValueRef emit_expr(emitter *e, const lexpr *x)
{
    LLVMBuilderRef b = e->u->builder;
    switch (x->op) {
    case L_F64: return LLVMConstReal(e->u->f64, x->f64);
    case L_I64: return i64_of(e->u, x->i64);
    case L_BOOL: return LLVMConstInt(e->u->i1, x->i64 != 0, false);
    case L_VALUE: return emit_value(e, x);
    case L_LOAD: return emit_load(e, x);
    case L_EXTENT: return emit_extent(e, x);
    case L_ADD:
    case L_SUB:
    case L_MUL:
    case L_DIV: return emit_arithmetic(e, x);
    case L_NEG: return LLVMBuildFNeg(b, emit_expr(e, x->arg[0]), "");
    case L_FMA: return emit_fma(e, x);
    case L_SQRT: return emit_unary_intrinsic(e, x, "llvm.sqrt");
    case L_ABS: return emit_unary_intrinsic(e, x, "llvm.fabs");
    case L_FLOOR: return emit_unary_intrinsic(e, x, "llvm.floor");
    case L_MIN:
    case L_MAX:
    case L_IMIN:
    case L_IMAX: return emit_lesser(e, x);
    case L_EXP:
    case L_LOG:
    case L_SIN:
    case L_COS:
    case L_TAN:
    case L_ASIN:
    case L_ACOS:
    case L_ATAN:
    case L_ATAN2:
    case L_SINH:
    case L_COSH:
    case L_TANH:
    case L_ERF:
    case L_ERFC:
    case L_POW: return emit_math(e, x);
    case L_IADD:
    case L_ISUB:
    case L_IMUL: return emit_whole(e, x);
    case L_LT:
    case L_LE:
    case L_EQ:
    case L_ILT:
    case L_ILE:
    case L_IEQ: return emit_compare(e, x);
    case L_AND:
    case L_OR: return emit_logic(e, x);
    case L_NOT: return LLVMBuildNot(b, emit_expr(e, x->arg[0]), "");
    case L_SELECT: return emit_select(e, x);
    case L_TO_F64: return LLVMBuildSIToFP(b, emit_expr(e, x->arg[0]), e->u->f64, "");
    case L_TO_I64: return emit_to_i64(e, x);
    }
    return LLVMGetUndef(value_type(e->u, x->type));
}

/* ---- statements --------------------------------------------------------------------------------------------------------- */

static void emit_block(emitter *e, const lblock *block);

static LLVMBasicBlockRef new_block(emitter *e, const char *words)
{
    return LLVMAppendBasicBlockInContext(e->u->context, e->loops, words);
}

/* in the first block, where the optimiser turns cells into values */
static LLVMValueRef new_cell(emitter *e, LLVMTypeRef type, const char *words)
{
    LLVMBasicBlockRef here = LLVMGetInsertBlock(e->u->builder), entry = LLVMGetEntryBasicBlock(e->loops);
    LLVMValueRef first = LLVMGetFirstInstruction(entry);
    if (first)
        LLVMPositionBuilderBefore(e->u->builder, first);
    else
        LLVMPositionBuilderAtEnd(e->u->builder, entry);
    LLVMValueRef cell = LLVMBuildAlloca(e->u->builder, type, words);
    LLVMPositionBuilderAtEnd(e->u->builder, here);
    return cell;
}

static void emit_let(emitter *e, const lstmt *s)
{
    lvalue v = s->let.value;
    if (s->kind == LOOP_LET) {
        e->value[v] = emit_expr(e, s->let.expr);
        if (LLVMIsAInstruction(e->value[v]))
            LLVMSetValueName2(e->value[v], name_of(e, v), strlen(name_of(e, v)));
        return;
    }
    if (s->kind == LOOP_VAR) {
        e->value[v] = new_cell(e, value_type(e->u, e->k->values.at[v]), name_of(e, v));
        e->cell[v] = true;
    }
    LLVMValueRef x = emit_expr(e, s->let.expr);
    if (s->kind == LOOP_SET && e->sums[v])
        relax(x, true);
    LLVMBuildStore(e->u->builder, x, e->value[v]);
}

static void emit_store(emitter *e, const lstmt *s)
{
    LLVMBuilderRef b = e->u->builder;
    loop_type type = e->k->buffers.at[s->store.buffer].type;
    LLVMValueRef x = emit_expr(e, s->store.expr), at = element(e, s->store.buffer, emit_expr(e, s->store.index));
    if (s->store.expr->type == LT_BOOL)
        x = LLVMBuildZExt(b, x, memory_type(e->u, type), "");
    else if (type == LT_I32)
        x = LLVMBuildTrunc(b, x, e->u->i32, "");
    if (s->store.add) {
        LLVMValueRef old = in_group(e, LLVMBuildLoad2(b, memory_type(e->u, type), at, ""));
        x = type == LT_F64 ? relax(LLVMBuildFAdd(b, old, x, ""), false) : LLVMBuildAdd(b, old, x, "");
    }
    in_group(e, LLVMBuildStore(b, x, at));
}

/* !{self, properties...}: vectorise; the accesses of this loop do not depend on each other's iterations */
static void mark_simd(emitter *e, LLVMValueRef branch)
{
    LLVMContextRef c = e->u->context;
    LLVMMetadataRef yes = LLVMValueAsMetadata(LLVMConstInt(e->u->i1, 1, false));
    LLVMMetadataRef vectorise[] = {llvm_word(c, "llvm.loop.vectorize.enable"), yes};
    LLVMMetadataRef parallel[] = {llvm_word(c, "llvm.loop.parallel_accesses"), LLVMValueAsMetadata(e->u->parallel)};
    LLVMMetadataRef self = LLVMTemporaryMDNode(c, NULL, 0);
    LLVMMetadataRef list[] = {self, LLVMMDNodeInContext2(c, vectorise, 2), LLVMMDNodeInContext2(c, parallel, 2)};
    LLVMMetadataRef loop = LLVMMDNodeInContext2(c, list, 3);
    LLVMMetadataReplaceAllUsesWith(self, loop);
    LLVMSetMetadata(branch, LLVMGetMDKindIDInContext(c, "llvm.loop", 9), LLVMMetadataAsValue(c, loop));
}

static void emit_for(emitter *e, const lstmt *s)
{
    llvm_unit *u = e->u;
    LLVMBuilderRef b = u->builder;
    LLVMValueRef lo = emit_expr(e, s->loop.lo), hi = emit_expr(e, s->loop.hi);
    LLVMBasicBlockRef before = LLVMGetInsertBlock(b), body = new_block(e, "loop"), after = new_block(e, "done");
    LLVMBuildCondBr(b, LLVMBuildICmp(b, LLVMIntSLT, lo, hi, ""), body, after);
    LLVMPositionBuilderAtEnd(b, body);
    LLVMValueRef index = LLVMBuildPhi(b, u->i64, name_of(e, s->loop.index));
    e->value[s->loop.index] = index;
    for (uint32_t i = 0; i < s->loop.n_reduction; i++)
        e->sums[s->loop.reduction[i]] = true;
    e->simd += s->loop.simd;
    emit_block(e, &s->loop.body);
    e->simd -= s->loop.simd;
    for (uint32_t i = 0; i < s->loop.n_reduction; i++)
        e->sums[s->loop.reduction[i]] = false;
    LLVMValueRef next = LLVMBuildNSWAdd(b, index, i64_of(u, 1), "");
    LLVMBasicBlockRef last = LLVMGetInsertBlock(b);
    LLVMValueRef branch = LLVMBuildCondBr(b, LLVMBuildICmp(b, LLVMIntSLT, next, hi, ""), body, after);
    if (s->loop.simd)
        mark_simd(e, branch);
    LLVMAddIncoming(index, (LLVMValueRef[]){lo, next}, (LLVMBasicBlockRef[]){before, last}, 2);
    LLVMPositionBuilderAtEnd(b, after);
}

static void emit_branch(emitter *e, LLVMValueRef c, const lblock *then, const lblock *other)
{
    LLVMBuilderRef b = e->u->builder;
    bool two = other && other->stmt.n;
    LLVMBasicBlockRef yes = new_block(e, "then"), no = two ? new_block(e, "else") : NULL, after = new_block(e, "end");
    LLVMBuildCondBr(b, c, yes, two ? no : after);
    LLVMPositionBuilderAtEnd(b, yes);
    emit_block(e, then);
    LLVMBuildBr(b, after);
    if (two) {
        LLVMPositionBuilderAtEnd(b, no);
        emit_block(e, other);
        LLVMBuildBr(b, after);
    }
    LLVMPositionBuilderAtEnd(b, after);
}

static void emit_call(emitter *e, const lstmt *s)
{
    const loop_callee_row *row = &loop_callee_table[s->call.callee];
    LLVMValueRef arg[6];
    LLVMTypeRef type[6];
    for (uint32_t i = 0; i < s->call.n; i++) {
        const call_arg *a = &s->call.arg[i];
        arg[i] = emit_expr(e, a->value);
        if (a->is_buffer)
            arg[i] = element(e, a->buffer, arg[i]);
        type[i] = a->is_buffer ? e->u->ptr : e->u->i64;
    }
    LLVMTypeRef signature = LLVMFunctionType(e->u->none, type, s->call.n, false);
    LLVMValueRef f = LLVMGetNamedFunction(e->u->module, row->symbol);
    if (!f) {
        f = LLVMAddFunction(e->u->module, row->symbol, signature);
        llvm_mark(e->u->context, f, LLVMAttributeFunctionIndex, "nounwind");
    }
    LLVMBuildCall2(e->u->builder, signature, f, arg, s->call.n, "");
}

static void emit_stmt(emitter *e, const lstmt *s)
{
    switch (s->kind) {
    case LOOP_LET:
    case LOOP_VAR:
    case LOOP_SET: emit_let(e, s); return;
    case LOOP_STORE: emit_store(e, s); return;
    case LOOP_FOR: emit_for(e, s); return;
    case LOOP_IF: emit_branch(e, emit_expr(e, s->branch.cond), &s->branch.then, &s->branch.other); return;
    case LOOP_CALL: emit_call(e, s); return;
    case LOOP_IF_WANTED: emit_branch(e, e->wanted[s->wanted.output], &s->wanted.body, NULL); return;
    case LOOP_COMMENT: return;
    }
}

static void emit_block(emitter *e, const lblock *block)
{
    for (uint32_t i = 0; i < block->stmt.n; i++)
        emit_stmt(e, block->stmt.at[i]);
}

/* ---- the inner function ---------------------------------------------------------------------------------------------------- */

static void set_processor(const emitter *e, LLVMValueRef f)
{
    static const char *const cpu[] = {[1] = "x86-64", [3] = "x86-64-v3", [4] = "x86-64-v4"};
    LLVMContextRef c = e->u->context;
    if (e->level == 1 || e->level == 3 || e->level == 4)
        llvm_mark_text(c, f, "target-cpu", cpu[e->level]);
    if (e->level == 4)
        llvm_mark_text(c, f, "prefer-vector-width", "512");
    llvm_mark_text(c, f, "no-trapping-math", "true");
    llvm_mark(c, f, LLVMAttributeFunctionIndex, "nounwind");
}

static void mark_parameter(const emitter *e, buffer_id b, unsigned index)
{
    LLVMAttributeIndex at = index + 1;                   /* 0 is the result                                 */
    llvm_mark(e->u->context, e->loops, at, "noalias");
    llvm_mark(e->u->context, e->loops, at, "nocapture");
    if (!buffer_is_written(&e->k->buffers.at[b]))
        llvm_mark(e->u->context, e->loops, at, "readonly");
}

/* f0, f1, then the arrays, extents and wanted flags that the kernel uses, in order; *n of them */
static LLVMTypeRef loops_type(const emitter *e, LLVMTypeRef *types, unsigned *n)
{
    const kernel *k = e->k;
    *n = 0;
    types[(*n)++] = e->u->i64;
    types[(*n)++] = e->u->i64;
    for (buffer_id b = 0; b < k->buffers.n; b++)
        if (plan_is_parameter(k, b))
            types[(*n)++] = e->u->ptr;
    for (uint32_t i = 0; i < k->uses->n_extent; i++)
        types[(*n)++] = e->u->i64;
    for (uint32_t i = 0; i < k->n_outputs; i++)
        if (k->uses->output[i])
            types[(*n)++] = e->u->i1;
    return LLVMFunctionType(e->u->none, types, *n, false);
}

static void bind_parameters(emitter *e)
{
    const kernel *k = e->k;
    unsigned n = 0;
    e->value[KERNEL_F0] = LLVMGetParam(e->loops, n++);
    e->value[KERNEL_F1] = LLVMGetParam(e->loops, n++);
    for (buffer_id b = 0; b < k->buffers.n; b++) {
        if (!plan_is_parameter(k, b))
            continue;
        const char *label = k->buffers.at[b].label;
        mark_parameter(e, b, n);
        e->buffer[b] = LLVMGetParam(e->loops, n++);
        if (label)
            LLVMSetValueName2(e->buffer[b], label, strlen(label));
    }
    for (uint32_t i = 0; i < k->uses->n_extent; i++)
        e->extent[i] = LLVMGetParam(e->loops, n++);
    for (uint32_t i = 0; i < k->n_outputs; i++)
        if (k->uses->output[i])
            e->wanted[i] = LLVMGetParam(e->loops, n++);
}

static LLVMValueRef table_global(const emitter *e, const buffer *buf, LLVMValueRef *room)
{
    LLVMTypeRef type = memory_type(e->u, buf->type);
    for (uint32_t i = 0; i < buf->n_data; i++)
        room[i] = buf->type == LT_F64 ? LLVMConstReal(type, buf->data[i])
                                      : LLVMConstInt(type, (unsigned long long)(int64_t)buf->data[i], true);
    LLVMValueRef list = LLVMConstArray2(type, room, buf->n_data);
    LLVMValueRef global = LLVMAddGlobal(e->u->module, LLVMTypeOf(list), buf->label ? buf->label : "table");
    LLVMSetInitializer(global, list);
    LLVMSetGlobalConstant(global, true);
    LLVMSetLinkage(global, LLVMPrivateLinkage);
    LLVMSetUnnamedAddress(global, LLVMGlobalUnnamedAddr);
    LLVMSetAlignment(global, 64);
    return global;
}

/* buffers that are no parameters; false: memory exhausted */
static bool bind_locals(emitter *e)
{
    const kernel *k = e->k;
    for (buffer_id b = 0; b < k->buffers.n; b++) {
        const buffer *buf = &k->buffers.at[b];
        if (!k->uses->buffer[b] || plan_is_parameter(k, b))
            continue;
        if (buf->kind == BUF_SCRATCH) {
            e->buffer[b] = e->buffer[plan_head(k, b)];
        } else if (buf->kind == BUF_LOCAL) {
            LLVMTypeRef type = LLVMArrayType2(memory_type(e->u, buf->type), (uint64_t)buf->size.constant);
            e->buffer[b] = new_cell(e, type, buf->label ? buf->label : "");
            LLVMSetAlignment(e->buffer[b], 64);
        } else {
            LLVMValueRef *room = malloc(buf->n_data * sizeof *room);
            if (!room)
                return false;
            e->buffer[b] = table_global(e, buf, room);
            free(room);
        }
    }
    return true;
}

static bool emit_loops(emitter *e, LLVMTypeRef *types, LLVMTypeRef *type)
{
    unsigned n;
    char symbol[300];
    snprintf(symbol, sizeof symbol, "%s_loops", e->symbol);
    *type = loops_type(e, types, &n);
    e->loops = LLVMAddFunction(e->u->module, symbol, *type);
    LLVMSetLinkage(e->loops, LLVMInternalLinkage);
    set_processor(e, e->loops);
    llvm_mark(e->u->context, e->loops, LLVMAttributeFunctionIndex, "noinline");
    LLVMPositionBuilderAtEnd(e->u->builder, LLVMAppendBasicBlockInContext(e->u->context, e->loops, "entry"));
    bind_parameters(e);
    if (!bind_locals(e))
        return false;
    /* a block of its own: cells go before the first instruction of the entry, never after a use */
    LLVMBasicBlockRef start = new_block(e, "start");
    LLVMBuildBr(e->u->builder, start);
    LLVMPositionBuilderAtEnd(e->u->builder, start);
    emit_block(e, &e->k->body);
    LLVMBuildRetVoid(e->u->builder);
    return true;
}

/* ---- the entry ---------------------------------------------------------------------------------------------------------------- */

typedef struct entry { LLVMValueRef view, out, scratch, f0, f1; } entry;

static LLVMValueRef field(const emitter *e, LLVMTypeRef type, LLVMValueRef base, size_t offset)
{
    LLVMValueRef index = i64_of(e->u, (int64_t)offset);
    LLVMValueRef at = LLVMBuildInBoundsGEP2(e->u->builder, e->u->i8, base, &index, 1, "");
    return LLVMBuildLoad2(e->u->builder, type, at, "");
}

static LLVMValueRef set_field(const emitter *e, const entry *t, LLVMTypeRef type, uint32_t number, size_t offset)
{
    LLVMValueRef sets = field(e, e->u->ptr, t->view, offsetof(mtx_view, set));
    return field(e, type, sets, number * sizeof(mtx_set_view) + offset);
}

/* ptr ? ptr[f1] - ptr[f0] : n, on an address that can be read either way */
static LLVMValueRef total_extent(const emitter *e, const entry *t, uint32_t number)
{
    llvm_unit *u = e->u;
    LLVMBuilderRef b = u->builder;
    LLVMValueRef ptr = set_field(e, t, u->ptr, number, offsetof(mtx_set_view, ptr));
    LLVMValueRef n = set_field(e, t, u->i64, number, offsetof(mtx_set_view, n));
    LLVMValueRef none = LLVMBuildIsNull(b, ptr, ""), zero = i64_of(u, 0);
    LLVMValueRef safe = LLVMBuildSelect(b, none, t->view, ptr, "");
    LLVMValueRef i0 = LLVMBuildSelect(b, none, zero, t->f0, ""), i1 = LLVMBuildSelect(b, none, zero, t->f1, "");
    LLVMValueRef first = LLVMBuildLoad2(b, u->i64, LLVMBuildInBoundsGEP2(b, u->i64, safe, &i0, 1, ""), "");
    LLVMValueRef end = LLVMBuildLoad2(b, u->i64, LLVMBuildInBoundsGEP2(b, u->i64, safe, &i1, 1, ""), "");
    return LLVMBuildSelect(b, none, n, LLVMBuildSub(b, end, first, ""), "");
}

static LLVMValueRef entry_extent(const emitter *e, const entry *t, const extent *x)
{
    if (x->kind == EXT_TOTAL)
        return total_extent(e, t, x->set);
    bool row = x->kind == EXT_MAX_ROW;
    return set_field(e, t, e->u->i64, x->set, row ? offsetof(mtx_set_view, max_row) : offsetof(mtx_set_view, max_frame));
}

/* (count * size + 127) / 64 * 64 */
static LLVMValueRef buffer_bytes(const emitter *e, const entry *t, const buffer *buf)
{
    LLVMBuilderRef b = e->u->builder;
    LLVMValueRef n = i64_of(e->u, buf->size.constant * (int64_t)loop_type_bytes(buf->type));
    for (uint32_t i = 0; i < buf->size.n_factor; i++)
        n = LLVMBuildMul(b, n, entry_extent(e, t, &buf->size.factor[i]), "");
    return LLVMBuildAnd(b, LLVMBuildAdd(b, n, i64_of(e->u, 127), ""), i64_of(e->u, -64), "");
}

/* where the slot of head `h` starts is t->scratch, which moves behind it */
static LLVMValueRef take_slot(const emitter *e, entry *t, buffer_id h)
{
    LLVMBuilderRef b = e->u->builder;
    const kernel *k = e->k;
    LLVMValueRef here = t->scratch, most = buffer_bytes(e, t, &k->buffers.at[h]);
    for (buffer_id o = h + 1; k->buffers.at[h].slot && o < k->buffers.n; o++) {
        if (k->buffers.at[o].kind != BUF_SCRATCH || plan_head(k, o) != h)
            continue;
        LLVMValueRef other = buffer_bytes(e, t, &k->buffers.at[o]);
        most = LLVMBuildSelect(b, LLVMBuildICmp(b, LLVMIntUGT, other, most, ""), other, most, "");
    }
    t->scratch = LLVMBuildInBoundsGEP2(b, e->u->i8, here, &most, 1, "");
    return here;
}

static LLVMValueRef entry_buffer(const emitter *e, entry *t, buffer_id id)
{
    static const size_t member[] = {
        [BUF_SET_PTR] = offsetof(mtx_set_view, ptr), [BUF_SET_ROW] = offsetof(mtx_set_view, row),
        [BUF_SET_I] = offsetof(mtx_set_view, i),     [BUF_SET_J] = offsetof(mtx_set_view, j),
        [BUF_SET_REV] = offsetof(mtx_set_view, rev), [BUF_SET_X] = offsetof(mtx_set_view, x),
        [BUF_SET_Y] = offsetof(mtx_set_view, y),     [BUF_SET_Z] = offsetof(mtx_set_view, z),
        [BUF_SET_DIST] = offsetof(mtx_set_view, dist)};
    const buffer *buf = &e->k->buffers.at[id];
    LLVMTypeRef ptr = e->u->ptr;
    switch (buf->kind) {
    case BUF_INPUT:
        return field(e, ptr, field(e, ptr, t->view, offsetof(mtx_view, input)), buf->index * sizeof(void *));
    case BUF_CELL:
        return field(e, ptr, field(e, ptr, t->view, offsetof(mtx_view, cell)), buf->index * sizeof(void *));
    case BUF_PARAM: return field(e, ptr, t->view, offsetof(mtx_view, param));
    case BUF_OUT: return field(e, ptr, t->out, buf->index * sizeof(void *));
    case BUF_SCRATCH: return take_slot(e, t, id);
    case BUF_SET_PTR:
    case BUF_SET_ROW:
    case BUF_SET_I:
    case BUF_SET_J:
    case BUF_SET_REV:
    case BUF_SET_X:
    case BUF_SET_Y:
    case BUF_SET_Z:
    case BUF_SET_DIST: return set_field(e, t, ptr, buf->index, member[buf->kind]);
    case BUF_LOCAL:
    case BUF_CONST: break;
    }
    return LLVMConstNull(ptr);
}

static void emit_entry(const emitter *e, LLVMTypeRef loops_are, LLVMValueRef *arg)
{
    llvm_unit *u = e->u;
    const kernel *k = e->k;
    LLVMTypeRef types[] = {u->ptr, u->ptr, u->ptr, u->i64, u->i64};
    LLVMValueRef f = LLVMAddFunction(u->module, e->symbol, LLVMFunctionType(u->none, types, 5, false));
    set_processor(e, f);
    LLVMPositionBuilderAtEnd(u->builder, LLVMAppendBasicBlockInContext(u->context, f, "entry"));
    entry t = {LLVMGetParam(f, 0), LLVMGetParam(f, 1), LLVMGetParam(f, 2), LLVMGetParam(f, 3), LLVMGetParam(f, 4)};
    unsigned n = 0;
    arg[n++] = t.f0;
    arg[n++] = t.f1;
    for (buffer_id b = 0; b < k->buffers.n; b++) {
        if (plan_is_parameter(k, b))
            arg[n++] = entry_buffer(e, &t, b);
        else if (plan_is_head(k, b))                     /* not used, but in the layout that all agree on   */
            take_slot(e, &t, b);
    }
    for (uint32_t i = 0; i < k->uses->n_extent; i++)
        arg[n++] = entry_extent(e, &t, &k->uses->extent[i]);
    for (uint32_t i = 0; i < k->n_outputs; i++)
        if (k->uses->output[i])
            arg[n++] = LLVMBuildIsNotNull(u->builder, field(e, u->ptr, t.out, i * sizeof(void *)), "");
    LLVMBuildCall2(u->builder, loops_are, e->loops, arg, n, "");
    LLVMBuildRetVoid(u->builder);
}

bool llvm_emit_kernel(llvm_unit *u, const kernel *k, const char *symbol, int level, text *problem)
{
    size_t parameters = 2 + (size_t)k->buffers.n + k->uses->n_extent + k->n_outputs;
    emitter e = {.u = u, .k = k, .symbol = symbol, .level = level};
    e.value = calloc(k->values.n + 1u, sizeof *e.value);
    e.cell = calloc(k->values.n + 1u, sizeof *e.cell);
    e.sums = calloc(k->values.n + 1u, sizeof *e.sums);
    e.buffer = calloc(k->buffers.n + 1u, sizeof *e.buffer);
    e.extent = calloc(k->uses->n_extent + 1u, sizeof *e.extent);
    e.wanted = calloc(k->n_outputs + 1u, sizeof *e.wanted);
    LLVMTypeRef *types = calloc(parameters, sizeof *types), type;
    LLVMValueRef *arg = calloc(parameters, sizeof *arg);
    bool done = e.value && e.cell && e.sums && e.buffer && e.extent && e.wanted && types && arg
                && emit_loops(&e, types, &type);
    if (done)
        emit_entry(&e, type, arg);
    else
        text_add(problem, "memory exhausted");
    free(e.value);
    free(e.cell);
    free(e.sums);
    free(e.buffer);
    free(e.extent);
    free(e.wanted);
    free(types);
    free(arg);
    return done;
}
