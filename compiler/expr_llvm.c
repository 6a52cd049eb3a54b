/* SPDX-License-Identifier: Apache-2.0
 *
 * expr_llvm.c: expressions of the loop IR to LLVM values, scalar or, in a vector loop, one value per lane.
 * In: an expression whose values are bound. Out: an LLVM value. Memory is touched here alone, so that the
 * mask is obeyed.
 */
#include "emit_llvm_internal.h"

#include <stdio.h>

LLVMTypeRef llvm_memory_type(const llvm_unit *u, loop_type t)
{
    switch (t) {
    case LT_F64: return u->f64;
    case LT_I64: return u->i64;
    case LT_I32: return u->i32;
    case LT_BOOL: return u->i8;
    }
    return u->f64;
}

LLVMTypeRef llvm_value_type(const llvm_unit *u, loop_type t)
{
    return t == LT_F64 ? u->f64 : t == LT_BOOL ? u->i1 : u->i64;
}

LLVMValueRef llvm_i64(const llvm_unit *u, int64_t x)
{
    return LLVMConstInt(u->i64, (unsigned long long)x, true);
}

const char *llvm_value_name(const emitter *e, lvalue v)
{
    const char *words = e->k->value_names.at[v];
    return words ? words : "";
}

LLVMValueRef llvm_relax(LLVMValueRef v, bool reorder)
{
    if (LLVMIsAInstruction(v) && LLVMCanValueUseFastMathFlags(v))
        LLVMSetFastMathFlags(v, LLVMFastMathAllowContract | (reorder ? LLVMFastMathAllowReassoc : 0));
    return v;
}

/* ---- lanes --------------------------------------------------------------------------------------------- */

bool llvm_is_vector(LLVMValueRef v)
{
    return LLVMGetTypeKind(LLVMTypeOf(v)) == LLVMVectorTypeKind;
}

LLVMValueRef llvm_widen(emitter *e, LLVMValueRef v)
{
    if (llvm_is_vector(v)) return v;
    LLVMTypeRef one = LLVMTypeOf(v), index = LLVMVectorType(e->u->i32, e->lanes);
    LLVMValueRef first = LLVMBuildInsertElement(e->u->builder, LLVMGetPoison(LLVMVectorType(one, e->lanes)),
                                                v, LLVMConstInt(e->u->i32, 0, false), "");
    return LLVMBuildShuffleVector(e->u->builder, first, LLVMGetPoison(LLVMVectorType(one, e->lanes)),
                                  LLVMConstNull(index), "");
}

/* two operands of one operation: both scalars or both vectors */
static void match(emitter *e, LLVMValueRef *p, LLVMValueRef *q)
{
    if (llvm_is_vector(*p) && !llvm_is_vector(*q))
        *q = llvm_widen(e, *q);
    else if (!llvm_is_vector(*p) && llvm_is_vector(*q))
        *p = llvm_widen(e, *p);
}

LLVMValueRef llvm_intrinsic(emitter *e, const char *words, LLVMTypeRef *overload, unsigned n_overload,
                            LLVMValueRef *arg, unsigned n)
{
    unsigned id = LLVMLookupIntrinsicID(words, strlen(words));
    LLVMValueRef f = LLVMGetIntrinsicDeclaration(e->u->module, id, overload, n_overload);
    LLVMTypeRef type = LLVMIntrinsicGetType(e->u->context, id, overload, n_overload);
    return LLVMBuildCall2(e->u->builder, type, f, arg, n, "");
}

/* ---- whole numbers that are linear in the lane --------------------------------------------------------- */

static bool varies(const emitter *e, const lexpr *x)
{
    if (x->op == L_VALUE)
        return e->cell[x->value] ? LLVMGetTypeKind(e->cell_type[x->value]) == LLVMVectorTypeKind
                                 : llvm_is_vector(e->value[x->value]);
    for (int i = 0; i < loop_op_table[x->op].args; i++)
        if (varies(e, x->arg[i])) return true;
    return false;
}

static linear linear_sum(emitter *e, const lexpr *x)
{
    LLVMBuilderRef b = e->u->builder;
    linear p = llvm_linear(e, x->arg[0]), q = llvm_linear(e, x->arg[1]);
    if (!p.first || !q.first) return (linear){0};
    if (x->op == L_IADD) return (linear){LLVMBuildNSWAdd(b, p.first, q.first, ""), p.step + q.step};
    return (linear){LLVMBuildNSWSub(b, p.first, q.first, ""), p.step - q.step};
}

static linear linear_product(emitter *e, const lexpr *x)
{
    const lexpr *factor = x->arg[0]->op == L_I64 ? x->arg[0] : x->arg[1];
    linear p = llvm_linear(e, factor == x->arg[0] ? x->arg[1] : x->arg[0]);
    if (!p.first || factor->op != L_I64) return (linear){0};
    return (linear){LLVMBuildNSWMul(e->u->builder, p.first, llvm_i64(e->u, factor->i64), ""),
                    p.step * factor->i64};
}

linear llvm_linear(emitter *e, const lexpr *x)
{
    if (!varies(e, x)) return (linear){llvm_expr(e, x), 0};
    if (x->op == L_VALUE) return e->linear[x->value];
    if (x->op == L_IADD || x->op == L_ISUB) return linear_sum(e, x);
    return x->op == L_IMUL ? linear_product(e, x) : (linear){0};
}

/* ---- memory -------------------------------------------------------------------------------------------- */

static LLVMValueRef in_group(const emitter *e, LLVMValueRef access)
{
    static const char kind[] = "llvm.access.group";
    if (e->parallel)
        LLVMSetMetadata(access, LLVMGetMDKindIDInContext(e->u->context, kind, sizeof kind - 1),
                        e->u->parallel);
    return access;
}

static LLVMValueRef element(const emitter *e, buffer_id b, LLVMValueRef index)
{
    LLVMTypeRef type = llvm_memory_type(e->u, e->k->buffers.at[b].type);
    return LLVMBuildInBoundsGEP2(e->u->builder, type, e->buffer[b], &index, 1, "");
}

/* what a lane reads that is not in: a number on which no function takes its slow way */
static LLVMValueRef idle(const emitter *e, LLVMTypeRef type)
{
    LLVMValueRef one = type == e->u->f64 ? LLVMConstReal(type, 1.0) : LLVMConstInt(type, 0, false), lane[16];
    for (unsigned i = 0; i < e->lanes; i++) lane[i] = one;
    return LLVMConstVector(lane, e->lanes);
}

#define STRIDE_MOST 4 /* beyond it a gather touches less */

/* every step-th number from l.first on: whole vectors, of which the lanes are picked. A gather of 8 costs
 * more than three loads and two permutations. Only under the mask of the loop itself, where the lanes that
 * are in come first. */
static LLVMValueRef load_strided(emitter *e, buffer_id b, linear l, LLVMTypeRef type)
{
    LLVMBuilderRef build = e->u->builder;
    unsigned step = (unsigned)l.step, n = e->lanes, width = n;
    LLVMTypeRef overload[2] = {LLVMVectorType(type, n), e->u->ptr};
    LLVMValueRef last = LLVMBuildNSWSub(build, LLVMBuildNSWMul(build, e->left, llvm_i64(e->u, step), ""),
                                        llvm_i64(e->u, step - 1), "");
    LLVMValueRef all = NULL, lane[16 * STRIDE_MOST];
    for (unsigned part = 0; part < step; part++) {
        for (unsigned i = 0; i < n; i++) lane[i] = llvm_i64(e->u, part * n + i);
        LLVMValueRef in = LLVMBuildICmp(build, LLVMIntSLT, LLVMConstVector(lane, n), llvm_widen(e, last), "");
        LLVMValueRef index = LLVMBuildNSWAdd(build, l.first, llvm_i64(e->u, part * n), "");
        LLVMValueRef arg[] = {element(e, b, index), LLVMConstInt(e->u->i32, 8, false), in, idle(e, type)};
        LLVMValueRef v =
            llvm_intrinsic(e, "llvm.masked.load", overload, 2, arg, llvm_masked_arguments(arg, 4, 1));
        if (!all) {
            all = v;
            continue;
        }
        for (unsigned i = 0; i < width + n; i++) /* append: both sides as wide as the longer */
            lane[i] = LLVMConstInt(e->u->i32, i, false);
        if (width > n) {
            LLVMValueRef wide[16 * STRIDE_MOST];
            for (unsigned i = 0; i < width; i++) wide[i] = i < n ? lane[i] : LLVMGetPoison(e->u->i32);
            v = LLVMBuildShuffleVector(build, v, LLVMGetPoison(LLVMTypeOf(v)), LLVMConstVector(wide, width),
                                       "");
        }
        all = LLVMBuildShuffleVector(build, all, v, LLVMConstVector(lane, width + n), "");
        width += n;
    }
    for (unsigned i = 0; i < n; i++) lane[i] = LLVMConstInt(e->u->i32, i * step, false);
    return LLVMBuildShuffleVector(build, all, LLVMGetPoison(LLVMTypeOf(all)), LLVMConstVector(lane, n), "");
}

/* Arrays of pairs go on for 8 numbers after their end (mtx/mtxrt.h): lanes that are not in may read what
 * comes next, where the first one is in. */
static bool has_slack(const emitter *e, buffer_id b)
{
    buffer_kind kind = e->k->buffers.at[b].kind;
    bool of_pairs = kind == BUF_SET_X || kind == BUF_SET_Y || kind == BUF_SET_Z || kind == BUF_SET_DIST;
    return of_pairs && !e->guards && e->lanes <= 8;
}

static LLVMValueRef load_lanes(emitter *e, buffer_id b, const lexpr *index, LLVMTypeRef type)
{
    loop_type t = e->k->buffers.at[b].type;
    LLVMValueRef align = LLVMConstInt(e->u->i32, loop_type_bytes(t), false);
    LLVMTypeRef overload[2] = {LLVMVectorType(type, e->lanes), e->u->ptr};
    linear l = llvm_linear(e, index);
    if (l.first && l.step == 1) {
        LLVMValueRef arg[] = {element(e, b, l.first), align, e->mask, idle(e, type)};
        if (has_slack(e, b)) {
            LLVMValueRef all = LLVMBuildLoad2(e->u->builder, overload[0], arg[0], "");
            LLVMSetAlignment(all, loop_type_bytes(t));
            return all;
        }
        return llvm_intrinsic(e, "llvm.masked.load", overload, 2, arg, llvm_masked_arguments(arg, 4, 1));
    }
    if (l.first && l.step > 1 && l.step <= STRIDE_MOST && t == LT_F64 && e->guards == 0)
        return load_strided(e, b, l, type);
    LLVMValueRef at = element(e, b, llvm_widen(e, llvm_expr(e, index)));
    LLVMValueRef arg[] = {at, align, e->mask, idle(e, type)};
    overload[1] = LLVMTypeOf(at);
    return llvm_intrinsic(e, "llvm.masked.gather", overload, 2, arg, llvm_masked_arguments(arg, 4, 1));
}

LLVMValueRef llvm_load(emitter *e, buffer_id b, const lexpr *index)
{
    loop_type t = e->k->buffers.at[b].type;
    LLVMTypeRef type = llvm_memory_type(e->u, t);
    bool many = e->lanes && varies(e, index);
    LLVMValueRef v;
    if (many)
        v = load_lanes(e, b, index, type);
    else
        v = in_group(e, LLVMBuildLoad2(e->u->builder, type, element(e, b, llvm_expr(e, index)), ""));
    if (t == LT_I32)
        return LLVMBuildSExt(e->u->builder, v, many ? LLVMVectorType(e->u->i64, e->lanes) : e->u->i64, "");
    if (t == LT_BOOL) return LLVMBuildICmp(e->u->builder, LLVMIntNE, v, LLVMConstNull(LLVMTypeOf(v)), "");
    return v;
}

/* x is of the type of the memory */
static void store_lanes(emitter *e, buffer_id b, const lexpr *index, LLVMValueRef x)
{
    LLVMValueRef align = LLVMConstInt(e->u->i32, loop_type_bytes(e->k->buffers.at[b].type), false);
    LLVMTypeRef overload[2] = {LLVMTypeOf(x), e->u->ptr};
    linear l = llvm_linear(e, index);
    if (l.first && l.step == 1) {
        LLVMValueRef arg[] = {x, element(e, b, l.first), align, e->mask};
        llvm_intrinsic(e, "llvm.masked.store", overload, 2, arg, llvm_masked_arguments(arg, 4, 2));
        return;
    }
    LLVMValueRef at = element(e, b, llvm_widen(e, llvm_expr(e, index)));
    LLVMValueRef arg[] = {x, at, align, e->mask};
    overload[1] = LLVMTypeOf(at);
    llvm_intrinsic(e, "llvm.masked.scatter", overload, 2, arg, llvm_masked_arguments(arg, 4, 2));
}

void llvm_store(emitter *e, buffer_id b, const lexpr *index, LLVMValueRef x)
{
    loop_type t = e->k->buffers.at[b].type;
    LLVMTypeRef type = llvm_memory_type(e->u, t), want;
    if (e->lanes) x = llvm_widen(e, x);
    want = e->lanes ? LLVMVectorType(type, e->lanes) : type;
    LLVMTypeRef have = e->lanes ? LLVMGetElementType(LLVMTypeOf(x)) : LLVMTypeOf(x);
    if (have == e->u->i1)
        x = LLVMBuildZExt(e->u->builder, x, want, "");
    else if (t == LT_I32)
        x = LLVMBuildTrunc(e->u->builder, x, want, "");
    if (e->lanes)
        store_lanes(e, b, index, x);
    else
        in_group(e, LLVMBuildStore(e->u->builder, x, element(e, b, llvm_expr(e, index))));
}

LLVMValueRef llvm_add(emitter *e, LLVMValueRef p, LLVMValueRef q, loop_type t)
{
    match(e, &p, &q);
    if (t == LT_F64) return llvm_relax(LLVMBuildFAdd(e->u->builder, p, q, ""), false);
    return LLVMBuildAdd(e->u->builder, p, q, "");
}

/* ---- operations ---------------------------------------------------------------------------------------- */

static void operands(emitter *e, const lexpr *x, LLVMValueRef *p, LLVMValueRef *q)
{
    *p = llvm_expr(e, x->arg[0]);
    *q = llvm_expr(e, x->arg[1]);
    match(e, p, q);
}

static LLVMValueRef expr_math(emitter *e, const lexpr *x)
{
    int n = loop_op_table[x->op].args;
    const char *function = loop_op_table[x->op].text;
    LLVMValueRef arg[2] = {0};
    if (n == 2)
        operands(e, x, &arg[0], &arg[1]);
    else
        arg[0] = llvm_expr(e, x->arg[0]);
    if (llvm_is_vector(arg[0])) return llvm_math_vector(e->u, function, arg, n, e->lanes, e->level);
    LLVMValueRef f = llvm_math_function(e->u, function, n);
    LLVMValueRef call = LLVMBuildCall2(e->u->builder, LLVMGlobalGetValueType(f), f, arg, (unsigned)n, "");
    if (e->parallel) llvm_math_variants(e->u, call, function, n, e->level);
    return call;
}

static LLVMValueRef expr_lesser(emitter *e, const lexpr *x)
{
    LLVMBuilderRef b = e->u->builder;
    LLVMValueRef p, q, first;
    operands(e, x, &p, &q);
    if (x->op == L_MIN || x->op == L_MAX)
        first = LLVMBuildFCmp(b, x->op == L_MIN ? LLVMRealOLT : LLVMRealOGT, p, q, "");
    else
        first = LLVMBuildICmp(b, x->op == L_IMIN ? LLVMIntSLT : LLVMIntSGT, p, q, "");
    return LLVMBuildSelect(b, first, p, q, "");
}

static LLVMValueRef expr_compare(emitter *e, const lexpr *x)
{
    LLVMBuilderRef b = e->u->builder;
    LLVMValueRef p, q;
    operands(e, x, &p, &q);
    if (loop_op_table[x->op].arg == LT_F64)
        return LLVMBuildFCmp(b,
                             x->op == L_LT   ? LLVMRealOLT
                             : x->op == L_LE ? LLVMRealOLE
                                             : LLVMRealOEQ,
                             p, q, "");
    return LLVMBuildICmp(b, x->op == L_ILT ? LLVMIntSLT : x->op == L_ILE ? LLVMIntSLE : LLVMIntEQ, p, q, "");
}

static LLVMValueRef expr_unary_intrinsic(emitter *e, LLVMValueRef v, const char *words)
{
    LLVMTypeRef type = LLVMTypeOf(v);
    return llvm_relax(llvm_intrinsic(e, words, &type, 1, &v, 1), false);
}

/* a conversion out of range is poison: an index made from it must still be a number, so the range is asked
 * first */
static LLVMValueRef expr_to_i64(emitter *e, const lexpr *x)
{
    LLVMBuilderRef b = e->u->builder;
    LLVMValueRef v = llvm_expr(e, x->arg[0]), most = LLVMConstReal(e->u->f64, 9.2e18);
    LLVMTypeRef whole = llvm_is_vector(v) ? LLVMVectorType(e->u->i64, e->lanes) : e->u->i64;
    if (llvm_is_vector(v)) most = llvm_widen(e, most);
    LLVMValueRef fits = LLVMBuildFCmp(b, LLVMRealOLT, expr_unary_intrinsic(e, v, "llvm.fabs"), most, "");
    LLVMValueRef safe = LLVMBuildSelect(b, fits, v, LLVMConstNull(LLVMTypeOf(v)), "");
    return LLVMBuildFPToSI(b, safe, whole, "");
}

static LLVMValueRef expr_to_f64(emitter *e, const lexpr *x)
{
    LLVMValueRef v = llvm_expr(e, x->arg[0]);
    return LLVMBuildSIToFP(e->u->builder, v,
                           llvm_is_vector(v) ? LLVMVectorType(e->u->f64, e->lanes) : e->u->f64, "");
}

static LLVMValueRef expr_arithmetic(emitter *e, const lexpr *x)
{
    LLVMValueRef p, q;
    operands(e, x, &p, &q);
    LLVMOpcode op = x->op == L_ADD   ? LLVMFAdd
                    : x->op == L_SUB ? LLVMFSub
                    : x->op == L_MUL ? LLVMFMul
                                     : LLVMFDiv;
    return llvm_relax(LLVMBuildBinOp(e->u->builder, op, p, q, ""), false);
}

static LLVMValueRef expr_whole(emitter *e, const lexpr *x)
{
    LLVMBuilderRef b = e->u->builder;
    LLVMValueRef p, q;
    operands(e, x, &p, &q);
    if (x->op == L_IADD) return LLVMBuildNSWAdd(b, p, q, "");
    return x->op == L_ISUB ? LLVMBuildNSWSub(b, p, q, "") : LLVMBuildNSWMul(b, p, q, "");
}

static LLVMValueRef expr_fma(emitter *e, const lexpr *x)
{
    LLVMValueRef arg[3] = {llvm_expr(e, x->arg[0]), llvm_expr(e, x->arg[1]), llvm_expr(e, x->arg[2])};
    match(e, &arg[0], &arg[1]);
    match(e, &arg[1], &arg[2]);
    match(e, &arg[0], &arg[1]);
    LLVMTypeRef type = LLVMTypeOf(arg[0]);
    return llvm_relax(llvm_intrinsic(e, "llvm.fmuladd", &type, 1, arg, 3), false);
}

static LLVMValueRef expr_select(emitter *e, const lexpr *x)
{
    LLVMValueRef c = llvm_expr(e, x->arg[0]), yes = llvm_expr(e, x->arg[1]), no = llvm_expr(e, x->arg[2]);
    match(e, &yes, &no);
    if (llvm_is_vector(c) && !llvm_is_vector(yes)) {
        yes = llvm_widen(e, yes);
        no = llvm_widen(e, no);
    }
    return LLVMBuildSelect(e->u->builder, c, yes, no, ""); /* one condition for all lanes is allowed */
}

static LLVMValueRef expr_logic(emitter *e, const lexpr *x)
{
    LLVMValueRef p, q;
    operands(e, x, &p, &q);
    return x->op == L_AND ? LLVMBuildAnd(e->u->builder, p, q, "") : LLVMBuildOr(e->u->builder, p, q, "");
}

static LLVMValueRef expr_value(emitter *e, const lexpr *x)
{
    if (!e->cell[x->value]) return e->value[x->value];
    return LLVMBuildLoad2(e->u->builder, e->cell_type[x->value], e->value[x->value],
                          llvm_value_name(e, x->value));
}

static LLVMValueRef expr_extent(const emitter *e, const lexpr *x)
{
    const kernel_uses *uses = e->k->uses;
    uint32_t i = 0;
    while (i + 1 < uses->n_extent &&
           (uses->extent[i].kind != x->extent.kind || uses->extent[i].set != x->extent.set))
        i++;
    return e->extent[i];
}

LLVMValueRef llvm_expr(emitter *e, const lexpr *x)
{
    LLVMBuilderRef b = e->u->builder;
    switch (x->op) {
    case L_F64: return LLVMConstReal(e->u->f64, x->f64);
    case L_I64: return llvm_i64(e->u, x->i64);
    case L_BOOL: return LLVMConstInt(e->u->i1, x->i64 != 0, false);
    case L_VALUE: return expr_value(e, x);
    case L_LOAD: return llvm_load(e, x->buffer, x->arg[0]);
    case L_EXTENT: return expr_extent(e, x);
    case L_ADD:
    case L_SUB:
    case L_MUL:
    case L_DIV: return expr_arithmetic(e, x);
    case L_NEG: return LLVMBuildFNeg(b, llvm_expr(e, x->arg[0]), "");
    case L_FMA: return expr_fma(e, x);
    case L_SQRT: return expr_unary_intrinsic(e, llvm_expr(e, x->arg[0]), "llvm.sqrt");
    case L_ABS: return expr_unary_intrinsic(e, llvm_expr(e, x->arg[0]), "llvm.fabs");
    case L_FLOOR: return expr_unary_intrinsic(e, llvm_expr(e, x->arg[0]), "llvm.floor");
    case L_MIN:
    case L_MAX:
    case L_IMIN:
    case L_IMAX: return expr_lesser(e, x);
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
    case L_POW: return expr_math(e, x);
    case L_IADD:
    case L_ISUB:
    case L_IMUL: return expr_whole(e, x);
    case L_LT:
    case L_LE:
    case L_EQ:
    case L_ILT:
    case L_ILE:
    case L_IEQ: return expr_compare(e, x);
    case L_AND:
    case L_OR: return expr_logic(e, x);
    case L_NOT: return LLVMBuildNot(b, llvm_expr(e, x->arg[0]), "");
    case L_SELECT: return expr_select(e, x);
    case L_TO_F64: return expr_to_f64(e, x);
    case L_TO_I64: return expr_to_i64(e, x);
    }
    return LLVMGetUndef(llvm_value_type(e->u, x->type));
}
