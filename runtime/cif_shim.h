/* SPDX-License-Identifier: Apache-2.0
 *
 * cif_shim.h: what io_cif.c needs of gemmi, as a table of C functions; cif_module.cc fills it. No exception
 * leaves it.
 */
#ifndef MTX_RUNTIME_CIF_SHIM_H
#define MTX_RUNTIME_CIF_SHIM_H

#include "mtx/mtxrt.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Texts are valid until the next call with the same document. */
typedef struct cif_shim {
    /** A parsed document, or NULL and why in error[room]. */
    void       *(*parse)(const char *text, size_t length, char *error, size_t room);
    void        (*free)(void *document);
    int         (*blocks)(void *document);
    const char *(*name)(void *document, int block);
    int64_t     (*line)(void *document, int block);        /* of its first item, -1 unknown           */
    /** Values of a tag, alone or in a loop: how many (0: no such tag), and one of them without its quotes. */
    int64_t     (*count)(void *document, int block, const char *tag);
    const char *(*value)(void *document, int block, const char *tag, int64_t row);
    /** x, y -> rotation[9], shift[3] of "-y,x-y,z+1/3"; 0 when it is not one. */
    int         (*triplet)(const char *text, double *rotation, double *shift);
    /** Operations of a space group by its Hermann-Mauguin or Hall symbol or number; how many, 0: unknown. */
    int (*operations)(const char *symbol, double alpha, double gamma, double (*operation)[12], int room);
} cif_shim;

#ifdef __cplusplus
}
#endif
#endif
