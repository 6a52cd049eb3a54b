/* SPDX-License-Identifier: Apache-2.0
 *
 * unit_llvm.c: an LLVM module from its creation to its passes. In: a context. Out: a module for this
 * machine's triple whose functions name their own processor. Kernels are put into it by emit_llvm.c.
 */
#include "emit_llvm.h"

#include <dlfcn.h>

/* the C API makes no `distinct !{}`, which access groups must be: so the module starts as this text */
static const char first_lines[] = "!mtx.parallel = !{!0}\n!0 = distinct !{}\n";

static bool unit_machine(llvm_unit *u, text *problem)
{
    LLVMInitializeNativeTarget();
    LLVMInitializeNativeAsmPrinter();
    char *triple = LLVMGetDefaultTargetTriple(), *message = NULL;
    LLVMTargetRef target;
    if (LLVMGetTargetFromTriple(triple, &target, &message)) {
        text_printf(problem, "LLVM has no target for %s: %s", triple, message);
        LLVMDisposeMessage(message);
    } else {
        bool x86 = strncmp(triple, "x86_64", 6) == 0;
        u->machine = LLVMCreateTargetMachine(target, triple, x86 ? "x86-64" : "", "",
                                             LLVMCodeGenLevelAggressive, LLVMRelocPIC, LLVMCodeModelDefault);
        if (!u->machine) text_printf(problem, "LLVM makes no machine for %s", triple);
    }
    LLVMDisposeMessage(triple);
    return u->machine != NULL;
}

static bool unit_module(llvm_unit *u, text *problem)
{
    char *message = NULL;
    LLVMMemoryBufferRef lines =
        LLVMCreateMemoryBufferWithMemoryRange(first_lines, sizeof first_lines - 1, "mtx", true);
    if (LLVMParseIRInContext(u->context, lines, &u->module, &message)) {
        text_printf(problem, "LLVM cannot read the first lines of a module: %s", message);
        LLVMDisposeMessage(message);
        u->module = NULL;
        return false;
    }
    LLVMGetNamedMetadataOperands(u->module, "mtx.parallel", &u->parallel);
    LLVMTargetDataRef layout = LLVMCreateTargetDataLayout(u->machine);
    char *triple = LLVMGetTargetMachineTriple(u->machine);
    LLVMSetModuleDataLayout(u->module, layout);
    LLVMSetTarget(u->module, triple);
    LLVMDisposeMessage(triple);
    LLVMDisposeTargetData(layout);
    return true;
}

bool llvm_unit_open(llvm_unit *u, LLVMContextRef context, text *problem)
{
    *u = (llvm_unit){.context = context};
    u->f64 = LLVMDoubleTypeInContext(context);
    u->i64 = LLVMInt64TypeInContext(context);
    u->i32 = LLVMInt32TypeInContext(context);
    u->i8 = LLVMInt8TypeInContext(context);
    u->i1 = LLVMInt1TypeInContext(context);
    u->ptr = LLVMPointerTypeInContext(context, 0);
    u->none = LLVMVoidTypeInContext(context);
    if (!unit_machine(u, problem) || !unit_module(u, problem)) {
        llvm_unit_close(u, true);
        return false;
    }
    u->builder = LLVMCreateBuilderInContext(context);
    u->libmvec = dlopen("libmvec.so.1", RTLD_NOW | RTLD_LOCAL);
    return true;
}

void llvm_unit_close(llvm_unit *u, bool with_module)
{
    if (u->libmvec) dlclose(u->libmvec);
    if (u->builder) LLVMDisposeBuilder(u->builder);
    if (u->module && with_module) LLVMDisposeModule(u->module);
    if (u->machine) LLVMDisposeTargetMachine(u->machine);
    *u = (llvm_unit){0};
}

/* Kernels are in lanes and share their subexpressions already: beside LLVM's own list this takes a fourth of the time
 * and leaves code of the same speed. Loops that are not in lanes, of a few steps, still ask to be vectorised. */
static const char already_vectors[] =
    "function(mem2reg,instcombine<no-verify-fixpoint>,simplifycfg,loop-mssa(licm),early-cse<memssa>,"
    "loop(loop-rotate),loop-vectorize,dse,simplifycfg)";

bool llvm_unit_optimise(llvm_unit *u, bool vectorise, text *problem)
{
    char *message = NULL;
    llvm_math_keep(u);
    bool bad = LLVMVerifyModule(u->module, LLVMReturnStatusAction, &message);
    if (bad) text_printf(problem, "internal error, LLVM refuses the module: %s", message);
    LLVMDisposeMessage(message);
    if (bad) return false;
    LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
    LLVMPassBuilderOptionsSetLoopVectorization(options, true);
    LLVMPassBuilderOptionsSetLoopInterleaving(options, true);
    LLVMPassBuilderOptionsSetLoopUnrolling(options, true);
    LLVMPassBuilderOptionsSetSLPVectorization(options, true);
    LLVMErrorRef error =
        LLVMRunPasses(u->module, vectorise ? "default<O3>" : already_vectors, u->machine, options);
    LLVMDisposePassBuilderOptions(options);
    if (error) {
        char *words = LLVMGetErrorMessage(error);
        text_printf(problem, "LLVM's passes failed: %s", words);
        LLVMDisposeErrorMessage(words);
    }
    return !error;
}
