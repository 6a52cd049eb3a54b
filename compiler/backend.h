/* SPDX-License-Identifier: Apache-2.0
 *
 * backend.h: from kernels to functions that can be called, whatever makes them: LLVM in a module that is
 * loaded when first needed (libmtx-llvm), or the C compiler of the machine. The core has no LLVM dependency.
 */
#ifndef MTX_BACKEND_H
#define MTX_BACKEND_H

#include "loopir.h"
#include "mtx/mtxrt.h"

/* A compiled kernel. `out` has an entry per output, NULL: not wanted; scratch: 64-byte aligned, as many bytes
 * as kernel_scratch_bytes says. No state: any number of threads may run it on scratch memory of their own. */
typedef void (*kernel_fn)(const mtx_view *view, void *const *out, char *scratch, int64_t f0, int64_t f1);

typedef enum backend_kind {
    BACKEND_ANY,
    BACKEND_LLVM,
    BACKEND_C
} backend_kind; /* ANY: LLVM when there, else C */

typedef struct jit_options {
    backend_kind backend;
    int level;      /* x86-64 level 1, 3 or 4 to compile for; 0: that of this machine */
    const char *cc; /* C compiler; NULL: cc of the PATH */
} jit_options;

typedef struct jit_code {
    kernel_fn *kernel;
    uint32_t n;           /* in the order given; of a module: stages, then main */
    kernel_fn main;       /* the last of them */
    backend_kind backend; /* what made them */
    void *state;
    void (*release)(void *state);
} jit_code;

/**
 * Compile kernels for this machine and load them. `options` may be NULL. On failure *out is empty and
 * `problem` says why. MTX_EUNSUPPORTED: neither LLVM nor a C compiler. Free with jit_free (also after a
 * failure).
 */
mtx_status jit_kernels(const kernel *const *k, uint32_t n, const jit_options *options, jit_code *out,
                       text *problem);
mtx_status jit_compile(const module *m, const jit_options *options, jit_code *out, text *problem);
void jit_free(jit_code *code);

/* ---- the C compiler (cc.c) */
#define CC_FLAGS_MOST 12
/* Flags that generated C is compiled with, for that level; returns how many. */
int cc_flags(int level, const char *flags[CC_FLAGS_MOST]);
/* Runs a program and waits; its messages go to `problem` when it fails. argv ends with NULL. */
mtx_status cc_run(const char *const *argv, text *problem);
mtx_status cc_jit(const kernel *const *k, uint32_t n, int level, const char *cc, jit_code *out,
                  text *problem);

/* ---- the LLVM module: libmtx-llvm.so exports one object, mtx_llvm_backend */
typedef enum object_kind { OBJECT_LL, OBJECT_ASM, OBJECT_OBJ } object_kind;
typedef struct llvm_backend {
    uint32_t size;       /* sizeof(llvm_backend) it was built with */
    const char *version; /* of LLVM */
    mtx_status (*jit)(const kernel *const *k, uint32_t n, int level, jit_code *out, text *problem);
    /* Kernels k[i] as SYMBOL[i]_v1, _v3, _v4 (levels as given) to a file */
    mtx_status (*write)(const kernel *const *k, const char *const *symbol, uint32_t n, const int *level,
                        uint32_t n_level, object_kind kind, const char *path, text *problem);
} llvm_backend;
/** The module's table, loaded at the first call; NULL: not built or not found, `problem` says why. */
const llvm_backend *backend_llvm(text *problem);

#endif
