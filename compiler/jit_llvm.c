/* SPDX-License-Identifier: Apache-2.0
 *
 * jit_llvm.c: the table of the LLVM module: kernels to functions in memory (ORC), or to a file of IR,
 * assembly or object code. In: verified, finished kernels. Out: jit_code, files. Choosing between this and
 * the C compiler is in backend.c.
 */
#include "emit_llvm.h"

#include <stdio.h>
#include <stdlib.h>

static mtx_status orc_error(LLVMErrorRef error, const char *what, text *problem)
{
    if (!error) return MTX_OK;
    char *words = LLVMGetErrorMessage(error);
    text_printf(problem, "%s: %s", what, words);
    LLVMDisposeErrorMessage(words);
    return MTX_EIO;
}

/* ---- in memory ----------------------------------------------------------------------------------------- */

static mtx_status orc_runtime(LLVMOrcLLJITRef jit, LLVMOrcJITDylibRef library, text *problem)
{
    const struct {
        const char *symbol;
        uintptr_t address;
    } table[] = {{"mtx_rt_sort", (uintptr_t)mtx_rt_sort},
                 {"mtx_rt_argsort", (uintptr_t)mtx_rt_argsort},
                 {"mtx_rt_eigvals", (uintptr_t)mtx_rt_eigvals},
                 {"mtx_rt_eigvecs", (uintptr_t)mtx_rt_eigvecs},
                 {"mtx_rt_niggli", (uintptr_t)mtx_rt_niggli}};
    enum { N = sizeof table / sizeof *table };
    LLVMOrcCSymbolMapPair pair[N];
    for (size_t i = 0; i < N; i++) {
        pair[i].Name = LLVMOrcLLJITMangleAndIntern(jit, table[i].symbol);
        pair[i].Sym = (LLVMJITEvaluatedSymbol){table[i].address, {LLVMJITSymbolGenericFlagsExported, 0}};
    }
    LLVMErrorRef error = LLVMOrcJITDylibDefine(library, LLVMOrcAbsoluteSymbols(pair, N));
    return orc_error(error, "runtime symbols", problem);
}

/* libm through the process, libmvec by its name when there is one: the process generator alone does not
 * find it */
static mtx_status orc_libraries(LLVMOrcLLJITRef jit, LLVMOrcJITDylibRef library, bool libmvec, text *problem)
{
    LLVMOrcDefinitionGeneratorRef generator;
    char prefix = LLVMOrcLLJITGetGlobalPrefix(jit);
    LLVMErrorRef error = LLVMOrcCreateDynamicLibrarySearchGeneratorForProcess(&generator, prefix, NULL, NULL);
    if (!error) LLVMOrcJITDylibAddGenerator(library, generator);
    if (!error && libmvec) {
        error =
            LLVMOrcCreateDynamicLibrarySearchGeneratorForPath(&generator, "libmvec.so.1", prefix, NULL, NULL);
        if (!error) LLVMOrcJITDylibAddGenerator(library, generator);
    }
    return orc_error(error, "libraries", problem);
}

static void jit_release(void *state)
{
    LLVMErrorRef error = LLVMOrcDisposeLLJIT(state);
    if (error) LLVMConsumeError(error);
}

static mtx_status orc_lookup(LLVMOrcLLJITRef jit, uint32_t n, jit_code *out, text *problem)
{
    out->kernel = calloc(n, sizeof *out->kernel);
    if (!out->kernel) return MTX_ENOMEM;
    for (uint32_t i = 0; i < n; i++) {
        char symbol[32];
        LLVMOrcExecutorAddress address = 0;
        snprintf(symbol, sizeof symbol, "kernel_%u", i);
        mtx_status status =
            orc_error(LLVMOrcLLJITLookup(jit, &address, symbol), "linking in memory", problem);
        if (status != MTX_OK) return status;
        out->kernel[i] = (kernel_fn)(uintptr_t)address;
    }
    out->n = n;
    out->main = out->kernel[n - 1];
    out->backend = BACKEND_LLVM;
    return MTX_OK;
}

/* takes the module of the unit, whatever happens */
static mtx_status orc_load(llvm_unit *u, llvm_scope *scope, uint32_t n, jit_code *out, text *problem)
{
    LLVMOrcThreadSafeModuleRef safe = LLVMOrcCreateNewThreadSafeModule(u->module, scope->safe);
    LLVMOrcLLJITRef jit = NULL;
    mtx_status status = orc_error(LLVMOrcCreateLLJIT(&jit, NULL), "ORC", problem);
    if (status != MTX_OK) {
        LLVMOrcDisposeThreadSafeModule(safe);
        return status;
    }
    out->state = jit;
    out->release = jit_release;
    LLVMOrcJITDylibRef library = LLVMOrcLLJITGetMainJITDylib(jit);
    status = orc_runtime(jit, library, problem);
    if (status == MTX_OK) status = orc_libraries(jit, library, u->libmvec != NULL, problem);
    if (status != MTX_OK) {
        LLVMOrcDisposeThreadSafeModule(safe);
        return status;
    }
    status = orc_error(LLVMOrcLLJITAddLLVMIRModule(jit, library, safe), "adding the module", problem);
    return status == MTX_OK ? orc_lookup(jit, n, out, problem) : status;
}

static mtx_status llvm_jit(const kernel *const *k, uint32_t n, int level, jit_code *out, text *problem)
{
    llvm_scope scope = llvm_scope_new();
    llvm_unit u;
    mtx_status status = MTX_EUNSUPPORTED;
    *out = (jit_code){0};
    if (llvm_unit_open(&u, scope.context, problem)) {
        bool done = true;
        for (uint32_t i = 0; i < n && done; i++) {
            char symbol[32];
            snprintf(symbol, sizeof symbol, "kernel_%u", i);
            done = llvm_emit_kernel(&u, k[i], symbol, level, problem);
        }
        done = done && llvm_unit_optimise(&u, level < 3, problem);
        status = done ? orc_load(&u, &scope, n, out, problem) : MTX_EIO;
        llvm_unit_close(&u, !done);
    }
    if (status != MTX_OK) {
        if (out->release) out->release(out->state);
        free(out->kernel);
        *out = (jit_code){0};
    }
    llvm_scope_free(&scope);
    return status;
}

/* ---- to a file ----------------------------------------------------------------------------------------- */

static mtx_status unit_write(llvm_unit *u, object_kind kind, const char *path, text *problem)
{
    char *message = NULL;
    bool failed;
    if (kind == OBJECT_LL)
        failed = LLVMPrintModuleToFile(u->module, path, &message);
    else
        failed =
            LLVMTargetMachineEmitToFile(u->machine, u->module, (char *)path,
                                        kind == OBJECT_ASM ? LLVMAssemblyFile : LLVMObjectFile, &message);
    if (failed) {
        text_printf(problem, "%s: %s", path, message ? message : "cannot be written");
        LLVMDisposeMessage(message);
    }
    return failed ? MTX_EIO : MTX_OK;
}

static mtx_status llvm_write(const kernel *const *k, const char *const *symbol, uint32_t n, const int *level,
                             uint32_t n_level, object_kind kind, const char *path, text *problem)
{
    llvm_scope scope = llvm_scope_new();
    llvm_unit u;
    mtx_status status = MTX_EUNSUPPORTED;
    if (llvm_unit_open(&u, scope.context, problem)) {
        bool done = true;
        for (uint32_t i = 0; i < n * n_level && done; i++) {
            char words[300];
            snprintf(words, sizeof words, "%s_v%d", symbol[i / n_level], level[i % n_level]);
            done = llvm_emit_kernel(&u, k[i / n_level], words, level[i % n_level], problem);
            if (done) /* for the library that they go into, not beyond */
                LLVMSetVisibility(LLVMGetNamedFunction(u.module, words), LLVMHiddenVisibility);
        }
        done = done && llvm_unit_optimise(&u, true, problem);
        status = done ? unit_write(&u, kind, path, problem) : MTX_EIO;
        llvm_unit_close(&u, true);
    }
    llvm_scope_free(&scope);
    return status;
}

MTX_API extern const llvm_backend mtx_llvm_backend;
const llvm_backend mtx_llvm_backend = {sizeof(llvm_backend), LLVM_VERSION_STRING, llvm_jit, llvm_write};
