/* SPDX-License-Identifier: Apache-2.0
 *
 * emit_llvm.c: loop IR to LLVM IR. In: a finished kernel and an x86-64 level. Out, in the module of a unit:
 * an inner function with the loops, whose arrays are noalias parameters, and the entry function of the kernel
 * type that finds the arrays in the view and lays out the scratch memory (both mirror emit_c.c). Optimising
 * is in unit_llvm.c.
 */
#include "emit_llvm_internal.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- statements ---------------------------------------------------------------------------------------- */

LLVMBasicBlockRef llvm_new_block(emitter *e, const char *words)
{
    return LLVMAppendBasicBlockInContext(e->u->context, e->loops, words);
}

/* in the first block, where the optimiser turns cells into values */
LLVMValueRef llvm_new_cell(emitter *e, LLVMTypeRef type, const char *words)
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
    const char *words = llvm_value_name(e, v);
    e->value[v] = llvm_expr(e, s->let.expr);
    if (e->lanes && s->let.expr->type == LT_I64 && llvm_is_vector(e->value[v]))
        e->linear[v] = llvm_linear(e, s->let.expr);
    if (LLVMIsAInstruction(e->value[v])) LLVMSetValueName2(e->value[v], words, strlen(words));
}

static void emit_var(emitter *e, const lstmt *s)
{
    lvalue v = s->let.value;
    LLVMTypeRef one = llvm_value_type(e->u, e->k->values.at[v]);
    LLVMValueRef x = llvm_expr(e, s->let.expr);
    e->cell_type[v] = e->lanes ? LLVMVectorType(one, e->lanes) : one;
    e->cell_depth[v] = e->guards;
    e->value[v] = llvm_new_cell(e, e->cell_type[v], llvm_value_name(e, v));
    e->cell[v] = true;
    LLVMBuildStore(e->u->builder, e->lanes ? llvm_widen(e, x) : x, e->value[v]);
}

static void emit_set(emitter *e, const lstmt *s)
{
    if (e->lanes) {
        llvm_vector_set(e, s);
        return;
    }
    LLVMValueRef x = llvm_expr(e, s->let.expr);
    if (e->sums[s->let.value]) llvm_relax(x, true);
    LLVMBuildStore(e->u->builder, x, e->value[s->let.value]);
}

static void emit_store(emitter *e, const lstmt *s)
{
    LLVMValueRef x = llvm_expr(e, s->store.expr);
    if (s->store.add)
        x = llvm_add(e, llvm_load(e, s->store.buffer, s->store.index), x,
                     e->k->buffers.at[s->store.buffer].type);
    llvm_store(e, s->store.buffer, s->store.index, x);
}

/* !{self, properties...}: vectorise; the accesses of this loop do not depend on each other's iterations */
static void mark_simd(emitter *e, LLVMValueRef branch)
{
    LLVMContextRef c = e->u->context;
    LLVMMetadataRef yes = LLVMValueAsMetadata(LLVMConstInt(e->u->i1, 1, false));
    LLVMMetadataRef vectorise[] = {llvm_word(c, "llvm.loop.vectorize.enable"), yes};
    LLVMMetadataRef parallel[] = {llvm_word(c, "llvm.loop.parallel_accesses"),
                                  LLVMValueAsMetadata(e->u->parallel)};
    LLVMMetadataRef self = LLVMTemporaryMDNode(c, NULL, 0);
    LLVMMetadataRef list[] = {self, LLVMMDNodeInContext2(c, vectorise, 2),
                              LLVMMDNodeInContext2(c, parallel, 2)};
    LLVMMetadataRef loop = LLVMMDNodeInContext2(c, list, 3);
    LLVMMetadataReplaceAllUsesWith(self, loop);
    LLVMSetMetadata(branch, LLVMGetMDKindIDInContext(c, "llvm.loop", 9), LLVMMetadataAsValue(c, loop));
}

static void emit_for(emitter *e, const lstmt *s)
{
    llvm_unit *u = e->u;
    LLVMBuilderRef b = u->builder;
    LLVMValueRef lo = llvm_expr(e, s->loop.lo), hi = llvm_expr(e, s->loop.hi);
    unsigned lanes = llvm_lanes(e, s);
    if (lanes) {
        llvm_vector_loop(e, s, lo, hi, lanes);
        return;
    }
    bool simd = s->loop.simd && !e->lanes;
    lifted around_rows = {.n = 0};
    if (!simd) around_rows = llvm_open_lifted(e, s);
    LLVMBasicBlockRef before = LLVMGetInsertBlock(b), body = llvm_new_block(e, "loop"),
                      after = llvm_new_block(e, "done");
    LLVMBuildCondBr(b, LLVMBuildICmp(b, LLVMIntSLT, lo, hi, ""), body, after);
    LLVMPositionBuilderAtEnd(b, body);
    LLVMValueRef index = LLVMBuildPhi(b, u->i64, llvm_value_name(e, s->loop.index));
    e->value[s->loop.index] = index;
    bool around = e->parallel;
    e->parallel |= simd;
    for (uint32_t i = 0; simd && i < s->loop.n_reduction; i++) e->sums[s->loop.reduction[i]] = true;
    llvm_block(e, &s->loop.body);
    for (uint32_t i = 0; simd && i < s->loop.n_reduction; i++) e->sums[s->loop.reduction[i]] = false;
    e->parallel = around;
    LLVMValueRef next = LLVMBuildNSWAdd(b, index, llvm_i64(u, 1), "");
    LLVMBasicBlockRef last = LLVMGetInsertBlock(b);
    LLVMValueRef branch = LLVMBuildCondBr(b, LLVMBuildICmp(b, LLVMIntSLT, next, hi, ""), body, after);
    if (simd) mark_simd(e, branch);
    LLVMAddIncoming(index, (LLVMValueRef[]){lo, next}, (LLVMBasicBlockRef[]){before, last}, 2);
    LLVMPositionBuilderAtEnd(b, after);
    llvm_close_lifted(e, &around_rows);
}

static void emit_branch(emitter *e, LLVMValueRef c, const lblock *then, const lblock *other)
{
    LLVMBuilderRef b = e->u->builder;
    bool two = other && other->stmt.n;
    LLVMBasicBlockRef yes = llvm_new_block(e, "then"), no = two ? llvm_new_block(e, "else") : NULL,
                      after = llvm_new_block(e, "end");
    LLVMBuildCondBr(b, c, yes, two ? no : after);
    LLVMPositionBuilderAtEnd(b, yes);
    llvm_block(e, then);
    LLVMBuildBr(b, after);
    if (two) {
        LLVMPositionBuilderAtEnd(b, no);
        llvm_block(e, other);
        LLVMBuildBr(b, after);
    }
    LLVMPositionBuilderAtEnd(b, after);
}

static void emit_if(emitter *e, const lstmt *s)
{
    LLVMValueRef c = llvm_expr(e, s->branch.cond);
    if (llvm_is_vector(c))
        llvm_vector_branch(e, c, &s->branch.then, &s->branch.other);
    else
        emit_branch(e, c, &s->branch.then, &s->branch.other);
}

static void emit_call(emitter *e, const lstmt *s)
{
    const loop_callee_row *row = &loop_callee_table[s->call.callee];
    LLVMValueRef arg[6];
    LLVMTypeRef type[6];
    for (uint32_t i = 0; i < s->call.n; i++) {
        const call_arg *a = &s->call.arg[i];
        arg[i] = llvm_expr(e, a->value);
        if (a->is_buffer) {
            LLVMTypeRef element = llvm_memory_type(e->u, e->k->buffers.at[a->buffer].type);
            arg[i] = LLVMBuildInBoundsGEP2(e->u->builder, element, e->buffer[a->buffer], &arg[i], 1, "");
        }
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
    case LOOP_LET: emit_let(e, s); return;
    case LOOP_VAR: emit_var(e, s); return;
    case LOOP_SET: emit_set(e, s); return;
    case LOOP_STORE: emit_store(e, s); return;
    case LOOP_FOR: emit_for(e, s); return;
    case LOOP_IF: emit_if(e, s); return;
    case LOOP_CALL: emit_call(e, s); return;
    case LOOP_IF_WANTED: emit_branch(e, e->wanted[s->wanted.output], &s->wanted.body, NULL); return;
    case LOOP_COMMENT: return;
    }
}

void llvm_block(emitter *e, const lblock *block)
{
    for (uint32_t i = 0; i < block->stmt.n; i++) emit_stmt(e, block->stmt.at[i]);
}

/* ---- the inner function -------------------------------------------------------------------------------- */

static void set_processor(const emitter *e, LLVMValueRef f)
{
    static const char *const cpu[] = {[1] = "x86-64", [3] = "x86-64-v3", [4] = "x86-64-v4"};
    LLVMContextRef c = e->u->context;
    if (e->level == 1 || e->level == 3 || e->level == 4) llvm_mark_text(c, f, "target-cpu", cpu[e->level]);
    if (e->level == 4) llvm_mark_text(c, f, "prefer-vector-width", "512");
    llvm_mark_text(c, f, "no-trapping-math", "true");
    llvm_mark_text(c, f, "stackrealign", ""); /* vectors saved around calls: half the time of a row */
    llvm_mark(c, f, LLVMAttributeFunctionIndex, "nounwind");
}

static void mark_parameter(const emitter *e, buffer_id b, unsigned index)
{
    LLVMAttributeIndex at = index + 1; /* 0 is the result */
    llvm_mark(e->u->context, e->loops, at, "noalias");
    llvm_mark(e->u->context, e->loops, at, "nocapture");
    if (!buffer_is_written(&e->k->buffers.at[b])) llvm_mark(e->u->context, e->loops, at, "readonly");
}

/* f0, f1, then the arrays, extents and wanted flags that the kernel uses, in order; *n of them */
static LLVMTypeRef loops_type(const emitter *e, LLVMTypeRef *types, unsigned *n)
{
    const kernel *k = e->k;
    *n = 0;
    types[(*n)++] = e->u->i64;
    types[(*n)++] = e->u->i64;
    for (buffer_id b = 0; b < k->buffers.n; b++)
        if (plan_is_parameter(k, b)) types[(*n)++] = e->u->ptr;
    for (uint32_t i = 0; i < k->uses->n_extent; i++) types[(*n)++] = e->u->i64;
    for (uint32_t i = 0; i < k->n_outputs; i++)
        if (k->uses->output[i]) types[(*n)++] = e->u->i1;
    return LLVMFunctionType(e->u->none, types, *n, false);
}

static void bind_parameters(emitter *e)
{
    const kernel *k = e->k;
    unsigned n = 0;
    e->value[KERNEL_F0] = LLVMGetParam(e->loops, n++);
    e->value[KERNEL_F1] = LLVMGetParam(e->loops, n++);
    for (buffer_id b = 0; b < k->buffers.n; b++) {
        if (!plan_is_parameter(k, b)) continue;
        const char *label = k->buffers.at[b].label;
        mark_parameter(e, b, n);
        e->buffer[b] = LLVMGetParam(e->loops, n++);
        if (label) LLVMSetValueName2(e->buffer[b], label, strlen(label));
    }
    for (uint32_t i = 0; i < k->uses->n_extent; i++) e->extent[i] = LLVMGetParam(e->loops, n++);
    for (uint32_t i = 0; i < k->n_outputs; i++)
        if (k->uses->output[i]) e->wanted[i] = LLVMGetParam(e->loops, n++);
}

static LLVMValueRef table_global(const emitter *e, const buffer *buf, LLVMValueRef *room)
{
    LLVMTypeRef type = llvm_memory_type(e->u, buf->type);
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
        if (!k->uses->buffer[b] || plan_is_parameter(k, b)) continue;
        if (buf->kind == BUF_SCRATCH) {
            e->buffer[b] = e->buffer[plan_head(k, b)];
        } else if (buf->kind == BUF_LOCAL) {
            LLVMTypeRef type =
                LLVMArrayType2(llvm_memory_type(e->u, buf->type), (uint64_t)buf->size.constant);
            e->buffer[b] = llvm_new_cell(e, type, buf->label ? buf->label : "");
            LLVMSetAlignment(e->buffer[b], 64);
        } else {
            LLVMValueRef *room = malloc(buf->n_data * sizeof *room);
            if (!room) return false;
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
    if (!bind_locals(e)) return false;
    /* a block of its own: cells go before the first instruction of the entry, never after a use */
    LLVMBasicBlockRef start = llvm_new_block(e, "start");
    LLVMBuildBr(e->u->builder, start);
    LLVMPositionBuilderAtEnd(e->u->builder, start);
    llvm_block(e, &e->k->body);
    LLVMBuildRetVoid(e->u->builder);
    return true;
}

/* ---- the entry ----------------------------------------------------------------------------------------- */

typedef struct entry {
    LLVMValueRef view, out, scratch, f0, f1;
} entry;

static LLVMValueRef field(const emitter *e, LLVMTypeRef type, LLVMValueRef base, size_t offset)
{
    LLVMValueRef index = llvm_i64(e->u, (int64_t)offset);
    LLVMValueRef at = LLVMBuildInBoundsGEP2(e->u->builder, e->u->i8, base, &index, 1, "");
    return LLVMBuildLoad2(e->u->builder, type, at, "");
}

static LLVMValueRef set_field(const emitter *e, const entry *t, LLVMTypeRef type, uint32_t number,
                              size_t offset)
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
    LLVMValueRef none = LLVMBuildIsNull(b, ptr, ""), zero = llvm_i64(u, 0);
    LLVMValueRef safe = LLVMBuildSelect(b, none, t->view, ptr, "");
    LLVMValueRef i0 = LLVMBuildSelect(b, none, zero, t->f0, ""),
                 i1 = LLVMBuildSelect(b, none, zero, t->f1, "");
    LLVMValueRef first = LLVMBuildLoad2(b, u->i64, LLVMBuildInBoundsGEP2(b, u->i64, safe, &i0, 1, ""), "");
    LLVMValueRef end = LLVMBuildLoad2(b, u->i64, LLVMBuildInBoundsGEP2(b, u->i64, safe, &i1, 1, ""), "");
    return LLVMBuildSelect(b, none, n, LLVMBuildSub(b, end, first, ""), "");
}

static LLVMValueRef entry_extent(const emitter *e, const entry *t, const extent *x)
{
    if (x->kind == EXT_TOTAL) return total_extent(e, t, x->set);
    bool row = x->kind == EXT_MAX_ROW;
    return set_field(e, t, e->u->i64, x->set,
                     row ? offsetof(mtx_set_view, max_row) : offsetof(mtx_set_view, max_frame));
}

/* (count * size + 127) / 64 * 64 */
static LLVMValueRef buffer_bytes(const emitter *e, const entry *t, const buffer *buf)
{
    LLVMBuilderRef b = e->u->builder;
    LLVMValueRef n = llvm_i64(e->u, buf->size.constant * (int64_t)loop_type_bytes(buf->type));
    for (uint32_t i = 0; i < buf->size.n_factor; i++)
        n = LLVMBuildMul(b, n, entry_extent(e, t, &buf->size.factor[i]), "");
    return LLVMBuildAnd(b, LLVMBuildAdd(b, n, llvm_i64(e->u, 127), ""), llvm_i64(e->u, -64), "");
}

/* where the slot of head `h` starts is t->scratch, which moves behind it */
static LLVMValueRef take_slot(const emitter *e, entry *t, buffer_id h)
{
    LLVMBuilderRef b = e->u->builder;
    const kernel *k = e->k;
    LLVMValueRef here = t->scratch, most = buffer_bytes(e, t, &k->buffers.at[h]);
    for (buffer_id o = h + 1; k->buffers.at[h].slot && o < k->buffers.n; o++) {
        if (k->buffers.at[o].kind != BUF_SCRATCH || plan_head(k, o) != h) continue;
        LLVMValueRef other = buffer_bytes(e, t, &k->buffers.at[o]);
        most = LLVMBuildSelect(b, LLVMBuildICmp(b, LLVMIntUGT, other, most, ""), other, most, "");
    }
    t->scratch = LLVMBuildInBoundsGEP2(b, e->u->i8, here, &most, 1, "");
    return here;
}

static LLVMValueRef entry_buffer(const emitter *e, entry *t, buffer_id id)
{
    static const size_t member[] = {
        [BUF_SET_PTR] = offsetof(mtx_set_view, ptr),  [BUF_SET_ROW] = offsetof(mtx_set_view, row),
        [BUF_SET_I] = offsetof(mtx_set_view, i),      [BUF_SET_J] = offsetof(mtx_set_view, j),
        [BUF_SET_REV] = offsetof(mtx_set_view, rev),  [BUF_SET_X] = offsetof(mtx_set_view, x),
        [BUF_SET_Y] = offsetof(mtx_set_view, y),      [BUF_SET_Z] = offsetof(mtx_set_view, z),
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
    entry t = {LLVMGetParam(f, 0), LLVMGetParam(f, 1), LLVMGetParam(f, 2), LLVMGetParam(f, 3),
               LLVMGetParam(f, 4)};
    unsigned n = 0;
    arg[n++] = t.f0;
    arg[n++] = t.f1;
    for (buffer_id b = 0; b < k->buffers.n; b++) {
        if (plan_is_parameter(k, b))
            arg[n++] = entry_buffer(e, &t, b);
        else if (plan_is_head(k, b)) /* not used, but in the layout that all agree on */
            take_slot(e, &t, b);
    }
    for (uint32_t i = 0; i < k->uses->n_extent; i++) arg[n++] = entry_extent(e, &t, &k->uses->extent[i]);
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
    e.cell_type = calloc(k->values.n + 1u, sizeof *e.cell_type);
    e.cell_depth = calloc(k->values.n + 1u, sizeof *e.cell_depth);
    e.linear = calloc(k->values.n + 1u, sizeof *e.linear);
    e.varies = calloc(k->values.n + 1u, sizeof *e.varies);
    e.sums = calloc(k->values.n + 1u, sizeof *e.sums);
    e.buffer = calloc(k->buffers.n + 1u, sizeof *e.buffer);
    e.extent = calloc(k->uses->n_extent + 1u, sizeof *e.extent);
    e.wanted = calloc(k->n_outputs + 1u, sizeof *e.wanted);
    LLVMTypeRef *types = calloc(parameters, sizeof *types), type;
    LLVMValueRef *arg = calloc(parameters, sizeof *arg);
    bool done = e.value && e.cell && e.cell_type && e.cell_depth && e.linear && e.varies && e.sums &&
                e.buffer && e.extent && e.wanted && types && arg && emit_loops(&e, types, &type) && !e.failed;
    if (done)
        emit_entry(&e, type, arg);
    else
        text_add(problem, "memory exhausted");
    free(e.value);
    free(e.cell);
    free(e.cell_type);
    free(e.cell_depth);
    free(e.linear);
    free(e.varies);
    free(e.sums);
    free(e.buffer);
    free(e.extent);
    free(e.wanted);
    free(types);
    free(arg);
    return done;
}
