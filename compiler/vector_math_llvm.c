/* SPDX-License-Identifier: Apache-2.0
 *
 * vector_math_llvm.c: which vector function stands for a call of libm. In: a call and an x86-64 level. Out:
 * its attribute "vector-function-abi-variant", as no C API reaches LLVM's own table. Only functions that this
 * machine's libmvec has are named; elsewhere (musl, old glibc, other processors) the calls stay scalar.
 */
#include "emit_llvm.h"

#include <dlfcn.h>
#include <stdio.h>

/* libmvec's instruction set letters: a variant must not be wider than the function's processor, which LLVM
 * does not check */
static const struct {
    char isa;
    int lanes, level;
} vector_isas[] = {{'b', 2, 1}, {'d', 4, 3}, {'e', 8, 4}};

static LLVMValueRef declare_pure(llvm_unit *u, const char *symbol, LLVMTypeRef type, int args)
{
    LLVMTypeRef parameters[2] = {type, type};
    LLVMValueRef f =
        LLVMAddFunction(u->module, symbol, LLVMFunctionType(type, parameters, (unsigned)args, false));
    static const char *const marks[] = {"nounwind", "willreturn", "nofree", "nosync", "nocallback"};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        llvm_mark(u->context, f, LLVMAttributeFunctionIndex, marks[i]);
    unsigned memory = LLVMGetEnumAttributeKindForName("memory", 6); /* value 0: memory(none) */
    LLVMAddAttributeAtIndex(f, LLVMAttributeFunctionIndex, LLVMCreateEnumAttribute(u->context, memory, 0));
    return f;
}

LLVMValueRef llvm_math_function(llvm_unit *u, const char *function, int args)
{
    LLVMValueRef f = LLVMGetNamedFunction(u->module, function);
    return f ? f : declare_pure(u, function, u->f64, args);
}

void llvm_math_variants(llvm_unit *u, LLVMValueRef call, const char *function, int args, int level)
{
    char list[200], symbol[40];
    size_t at = 0;
    for (size_t i = 0; u->libmvec && i < sizeof vector_isas / sizeof *vector_isas; i++) {
        int lanes = vector_isas[i].lanes;
        snprintf(symbol, sizeof symbol, "_ZGV%cN%d%s_%s", vector_isas[i].isa, lanes, args == 2 ? "vv" : "v",
                 function);
        if (level < vector_isas[i].level || !dlsym(u->libmvec, symbol)) continue;
        if (!LLVMGetNamedFunction(u->module, symbol))
            declare_pure(u, symbol, LLVMVectorType(u->f64, (unsigned)lanes), args);
        at += (size_t)snprintf(list + at, sizeof list - at, "%s%s(%s)", at ? "," : "", symbol, symbol);
    }
    if (at) {
        static const char key[] = "vector-function-abi-variant";
        LLVMAddCallSiteAttribute(
            call, LLVMAttributeFunctionIndex,
            LLVMCreateStringAttribute(u->context, key, sizeof key - 1, list, (unsigned)at));
    }
}

LLVMValueRef llvm_math_vector(llvm_unit *u, const char *function, LLVMValueRef *arg, int args, unsigned lanes,
                              int level)
{
    char symbol[40];
    snprintf(symbol, sizeof symbol, "_ZGV%cN%u%s_%s", level == 4 ? 'e' : 'd', lanes, args == 2 ? "vv" : "v",
             function);
    LLVMValueRef f = LLVMGetNamedFunction(u->module, symbol);
    if (!f && u->libmvec && dlsym(u->libmvec, symbol))
        f = declare_pure(u, symbol, LLVMVectorType(u->f64, lanes), args);
    if (f) return LLVMBuildCall2(u->builder, LLVMGlobalGetValueType(f), f, arg, (unsigned)args, "");
    LLVMValueRef all = LLVMGetPoison(LLVMVectorType(u->f64, lanes));
    f = llvm_math_function(u, function, args);
    for (unsigned i = 0; i < lanes; i++) {
        LLVMValueRef at = LLVMConstInt(u->i32, i, false), one[2];
        for (int a = 0; a < args; a++) one[a] = LLVMBuildExtractElement(u->builder, arg[a], at, "");
        LLVMValueRef y = LLVMBuildCall2(u->builder, LLVMGlobalGetValueType(f), f, one, (unsigned)args, "");
        all = LLVMBuildInsertElement(u->builder, all, y, at, "");
    }
    return all;
}

void llvm_math_keep(llvm_unit *u)
{
    LLVMValueRef all[128];
    unsigned n = 0;
    for (LLVMValueRef f = LLVMGetFirstFunction(u->module); f && n < 128; f = LLVMGetNextFunction(f)) {
        size_t length;
        if (strncmp(LLVMGetValueName2(f, &length), "_ZGV", 4) == 0) all[n++] = f;
    }
    if (!n) return;
    LLVMValueRef list = LLVMConstArray2(u->ptr, all, n);
    LLVMValueRef used = LLVMAddGlobal(u->module, LLVMTypeOf(list), "llvm.compiler.used");
    LLVMSetInitializer(used, list);
    LLVMSetLinkage(used, LLVMAppendingLinkage);
    LLVMSetSection(used, "llvm.metadata");
}
