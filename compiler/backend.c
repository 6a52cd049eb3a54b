/* SPDX-License-Identifier: Apache-2.0
 *
 * backend.c: chooses what compiles kernels and loads the LLVM module. In: kernels. Out: functions. The work
 * is done in cc.c and in the module (emit_llvm.c, jit_llvm.c).
 */
#include "backend.h"
#include "module.h"

#include <stdlib.h>

const llvm_backend *backend_llvm(text *problem)
{
    mtx_problem why;
    const llvm_backend *table = mtxrt_module("mtx-llvm", "mtx_llvm_backend", &why);
    if (!table) {
        text_printf(problem, "no LLVM back end; the C back end needs none (%s)", why.message);
    } else if (table->size != sizeof *table) {
        text_add(problem, "the LLVM back end is of another version of mtx");
        table = NULL;
    }
    return table;
}

static bool kernels_ready(const kernel *const *k, uint32_t n, text *problem)
{
    for (uint32_t i = 0; i < n; i++) {
        if (!kernel_verify(k[i], problem)) return false;
        if (!k[i]->uses) {
            text_printf(problem, "kernel %s: not finished", k[i]->name);
            return false;
        }
    }
    return n > 0;
}

mtx_status jit_kernels(const kernel *const *k, uint32_t n, const jit_options *options, jit_code *out,
                       text *problem)
{
    static const jit_options usual = {0};
    const jit_options *o = options ? options : &usual;
    *out = (jit_code){0};
    if (!kernels_ready(k, n, problem)) return MTX_EINVAL;
    int level = o->level ? o->level : mtx_cpu_level();
    mtx_status status = MTX_EUNSUPPORTED;
    const llvm_backend *llvm = o->backend == BACKEND_C ? NULL : backend_llvm(problem);
    if (llvm) return llvm->jit(k, n, level, out, problem);
    if (o->backend != BACKEND_LLVM) {
        text why;
        text_init(&why);
        status = cc_jit(k, n, level, o->cc, out, &why);
        if (status == MTX_OK && problem->s)
            problem->s[problem->n = 0] = '\0'; /* C serves as well: no complaint about LLVM */
        else if (status != MTX_OK && why.n)
            text_printf(problem, "%s%s", problem->n ? "; " : "", why.s);
        text_free(&why);
    }
    return status;
}

mtx_status jit_compile(const module *m, const jit_options *options, jit_code *out, text *problem)
{
    uint32_t n = m->stages.n + 1;
    const kernel **all = calloc(n, sizeof *all);
    if (!all) {
        *out = (jit_code){0};
        return MTX_ENOMEM;
    }
    for (uint32_t i = 0; i < m->stages.n; i++) all[i] = m->stages.at[i];
    all[m->stages.n] = m->main;
    mtx_status status = jit_kernels(all, n, options, out, problem);
    free(all);
    return status;
}

void jit_free(jit_code *code)
{
    if (code->release) code->release(code->state);
    free(code->kernel);
    *code = (jit_code){0};
}
