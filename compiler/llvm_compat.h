/* SPDX-License-Identifier: Apache-2.0
 *
 * llvm_compat.h: the parts of LLVM's C API that changed between 18 and 22, and short names for what
 * emit_llvm.c builds all the time. Only *_llvm.c files include it.
 */
#ifndef MTX_LLVM_COMPAT_H
#define MTX_LLVM_COMPAT_H

#include <llvm-c/Analysis.h>
#include <llvm-c/Core.h>
#include <llvm-c/DebugInfo.h>
#include <llvm-c/Error.h>
#include <llvm-c/IRReader.h>
#include <llvm-c/LLJIT.h>
#include <llvm-c/Orc.h>
#include <llvm-c/Target.h>
#include <llvm-c/TargetMachine.h>
#include <llvm-c/Transforms/PassBuilder.h>
#include <llvm/Config/llvm-config.h>

#include <string.h>

#if LLVM_VERSION_MAJOR < 18
#error "mtx needs LLVM 18 or newer"
#endif

/* A context that can later be handed to ORC together with a module built in it. From 21 on ORC wraps a plain
 * context, before it makes one itself. */
typedef struct llvm_scope {
    LLVMContextRef context;
    LLVMOrcThreadSafeContextRef safe;
} llvm_scope;

/* Left alone LLVM writes remarks to standard error ("loop not vectorized") and ends the program on an error;
 * what fails is seen where its result is missing. */
static inline void llvm_say_nothing(LLVMDiagnosticInfoRef info, void *unused)
{
    (void)info;
    (void)unused;
}

static inline llvm_scope llvm_scope_new(void)
{
    llvm_scope s;
#if LLVM_VERSION_MAJOR >= 21
    s.context = LLVMContextCreate();
    s.safe = LLVMOrcCreateNewThreadSafeContextFromLLVMContext(s.context);
#else
    s.safe = LLVMOrcCreateNewThreadSafeContext();
    s.context = LLVMOrcThreadSafeContextGetContext(s.safe);
#endif
    LLVMContextSetDiagnosticHandler(s.context, llvm_say_nothing, NULL);
    return s;
}

/* The modules of the scope must be gone, or belong to ORC. */
static inline void llvm_scope_free(llvm_scope *s)
{
    LLVMOrcDisposeThreadSafeContext(s->safe);
}

/* An attribute without a value; none when this LLVM has it no more, such as "nocapture" from 21 on */
static inline void llvm_mark(LLVMContextRef c, LLVMValueRef fn, LLVMAttributeIndex at, const char *kind)
{
    unsigned id = LLVMGetEnumAttributeKindForName(kind, strlen(kind));
    if (id) LLVMAddAttributeAtIndex(fn, at, LLVMCreateEnumAttribute(c, id, 0));
}

static inline void llvm_mark_text(LLVMContextRef c, LLVMValueRef fn, const char *key, const char *value)
{
    LLVMAddAttributeAtIndex(
        fn, LLVMAttributeFunctionIndex,
        LLVMCreateStringAttribute(c, key, (unsigned)strlen(key), value, (unsigned)strlen(value)));
}

/* Masked memory intrinsics lost their alignment argument in 22 (an attribute of the pointer now; without it,
 * 1). Takes the arguments with the alignment at `at`; returns how many remain. */
static inline unsigned llvm_masked_arguments(LLVMValueRef *arg, unsigned n, unsigned at)
{
#if LLVM_VERSION_MAJOR >= 22
    memmove(arg + at, arg + at + 1, (n - at - 1) * sizeof *arg);
    return n - 1;
#else
    (void)arg;
    (void)at;
    return n;
#endif
}

static inline LLVMMetadataRef llvm_word(LLVMContextRef c, const char *word)
{
    return LLVMMDStringInContext2(c, word, strlen(word));
}

#endif
