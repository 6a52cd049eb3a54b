/* SPDX-License-Identifier: Apache-2.0
 *
 * link.h: a transform as files: a shared library with its header, and what lies on the way to it.
 */
#ifndef MTX_LINK_H
#define MTX_LINK_H

#include "backend.h"
#include "driver.h"

typedef enum link_file {
    LINK_HEADER = 1,  /* NAME.h */
    LINK_C = 2,       /* NAME.c: the kernels as C99 */
    LINK_LL = 4,      /* NAME.ll: as LLVM IR, optimised */
    LINK_ASM = 8,     /* NAME.s */
    LINK_OBJECT = 16, /* NAME.o: kernels and the functions of the header */
    LINK_LIBRARY = 32 /* libNAME.so */
} link_file;

typedef struct link_request {
    const compiled *t;     /* STAGE_LOWER */
    const char *name;      /* of files and symbols, NULL: the transform's */
    const char *directory; /* made when it is not there */
    unsigned files;        /* link_file, or-ed */
    backend_kind backend;
    const char *cc;      /* NULL: $CC, else cc */
    const char *include; /* folder of mtx/mtxrt.h, NULL: looked for beside the program */
} link_request;

/**
 * Writes the files. Each appears under its name only when it is complete; a failure leaves none of those that
 * were not renamed yet. `written` gets their paths, one per line. MTX_EUNSUPPORTED: no C compiler, no LLVM,
 * no header of the runtime; MTX_EIO: a file cannot be written, or the compiler failed; `problem` says which
 * and why.
 */
mtx_status link_build(arena *a, const link_request *r, text *written, text *problem);

#endif
