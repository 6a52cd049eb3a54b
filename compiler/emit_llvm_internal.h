/* SPDX-License-Identifier: Apache-2.0
 *
 * emit_llvm_internal.h: what emit_llvm.c (functions, statements), expr_llvm.c (expressions) and simd_llvm.c
 * (vector loops) share.
 *
 * In a vector loop `lanes` iterations run at once: a value that differs between them is an LLVM vector, one
 * that does not is a scalar as everywhere else, and operations widen a scalar when they meet a vector. `mask`
 * says which lanes are in: loads, stores and assignments obey it, arithmetic does not care.
 */
#ifndef MTX_EMIT_LLVM_INTERNAL_H
#define MTX_EMIT_LLVM_INTERNAL_H

#include "emit_llvm.h"
#include "loop_plan.h"

/* a whole number of a vector loop that grows by the same step from lane to lane */
typedef struct linear {
    LLVMValueRef first;
    int64_t step;
} linear; /* first: lane 0; NULL: not linear */

typedef struct emitter {
    llvm_unit *u;
    const kernel *k;
    const char *symbol;
    int level;
    LLVMValueRef loops;     /* the inner function */
    LLVMValueRef *value;    /* by lvalue: the value, or the cell's alloca */
    linear *linear;         /* by lvalue: of a vector loop */
    bool *varies;           /* by lvalue: for llvm_lanes alone */
    bool *cell, *sums;      /* by lvalue: is an alloca; holds partial sums */
    LLVMTypeRef *cell_type; /* by lvalue */
    unsigned *cell_depth;   /* by lvalue: `guards` where it was declared */
    LLVMValueRef *buffer;   /* by buffer: its first element */
    LLVMValueRef *extent;   /* as kernel_uses.extent */
    LLVMValueRef *wanted;   /* by output, or NULL */
    bool parallel;          /* accesses belong to a simd loop that LLVM is asked to vectorise */
    unsigned lanes;         /* of the open vector loop; 0: none */
    unsigned guards;        /* conditions open around, that differ between the lanes */
    LLVMValueRef mask;      /* of the open vector loop */
    LLVMValueRef left;      /* iterations from its first lane to its end */
    bool failed;            /* memory exhausted */
} emitter;

/* ---- expr_llvm.c */
LLVMTypeRef llvm_memory_type(const llvm_unit *u, loop_type t);
LLVMTypeRef llvm_value_type(const llvm_unit *u, loop_type t);
LLVMValueRef llvm_i64(const llvm_unit *u, int64_t x);
const char *llvm_value_name(const emitter *e, lvalue v);
LLVMValueRef llvm_expr(emitter *e, const lexpr *x);
linear llvm_linear(emitter *e, const lexpr *x); /* of a whole-number expression */
LLVMValueRef llvm_load(emitter *e, buffer_id b, const lexpr *index);
void llvm_store(emitter *e, buffer_id b, const lexpr *index, LLVMValueRef x);
LLVMValueRef llvm_add(emitter *e, LLVMValueRef p, LLVMValueRef q, loop_type t);
/* products may fuse with sums; `reorder`: sums of reductions may also change their order. Never more: NaN
 * is real. */
LLVMValueRef llvm_relax(LLVMValueRef v, bool reorder);
bool llvm_is_vector(LLVMValueRef v);
LLVMValueRef llvm_widen(emitter *e, LLVMValueRef v); /* a scalar to `lanes` equal ones */
LLVMValueRef llvm_intrinsic(emitter *e, const char *words, LLVMTypeRef *overload, unsigned n_overload,
                            LLVMValueRef *arg, unsigned n);

/* ---- emit_llvm.c */
void llvm_block(emitter *e, const lblock *block);
LLVMBasicBlockRef llvm_new_block(emitter *e, const char *words);
LLVMValueRef llvm_new_cell(emitter *e, LLVMTypeRef type, const char *words);

/* ---- simd_llvm.c */
/* 0: not a loop for this file */
unsigned llvm_lanes(const emitter *e, const lstmt *loop);
void llvm_vector_loop(emitter *e, const lstmt *loop, LLVMValueRef lo, LLVMValueRef hi, unsigned lanes);
enum { LIFTED_MOST = 64 };
typedef struct lifted {
    lvalue v[LIFTED_MOST];
    LLVMValueRef cell[LIFTED_MOST];
    uint32_t n;
} lifted; /* sums of vector loops inside a loop, whose partial sums live around that */
lifted llvm_open_lifted(emitter *e, const lstmt *loop);
void llvm_close_lifted(emitter *e, const lifted *l);
void llvm_vector_set(emitter *e, const lstmt *set);
void llvm_vector_branch(emitter *e, LLVMValueRef c, const lblock *then, const lblock *other);

#endif
