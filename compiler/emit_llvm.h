/* SPDX-License-Identifier: Apache-2.0
 *
 * emit_llvm.h: what the files of the LLVM module show each other. Nothing here is seen by
 * the core.
 */
#ifndef MTX_EMIT_LLVM_H
#define MTX_EMIT_LLVM_H

#include "backend.h"
#include "llvm_compat.h"

/* A module that kernels are added to, one per compile. */
typedef struct llvm_unit {
    LLVMContextRef context;
    LLVMModuleRef module;
    LLVMBuilderRef builder;
    LLVMTargetMachineRef machine; /* baseline processor; functions name their own */
    LLVMValueRef parallel;        /* access group of all simd loops */
    LLVMTypeRef f64, i64, i32, i8, i1, ptr, none;
    void *libmvec; /* dlopen handle, NULL: the machine has none */
} llvm_unit;

/* false, with the reason: no target, no memory. */
bool llvm_unit_open(llvm_unit *u, LLVMContextRef context, text *problem);
/* with_module: disposed of as well, unless ORC has it */
void llvm_unit_close(llvm_unit *u, bool with_module);
/* kernel k for that level as an external function `symbol` of the kernel type */
bool llvm_emit_kernel(llvm_unit *u, const kernel *k, const char *symbol, int level, text *problem);
/* Verify, then the passes of -O3; without `vectorise` no vectorising and unrolling, which take half of the
 * time and gain nothing where simd_llvm.c has made the vectors. */
bool llvm_unit_optimise(llvm_unit *u, bool vectorise, text *problem);

/* ---- vector_math_llvm.c */
/* Declaration of a libm function of `args` doubles. */
LLVMValueRef llvm_math_function(llvm_unit *u, const char *function, int args);
/* Tell the vectoriser which vector functions stand for this call at that level (none where libmvec has
 * none). */
void llvm_math_variants(llvm_unit *u, LLVMValueRef call, const char *function, int args, int level);
/* The function of `args` vectors: libmvec's, or one scalar call after the other. */
LLVMValueRef llvm_math_vector(llvm_unit *u, const char *function, LLVMValueRef *arg, int args, unsigned lanes,
                              int level);
/* Keep the declared vector functions until the vectoriser looks for them; once, before the passes. */
void llvm_math_keep(llvm_unit *u);

#endif
