/* SPDX-License-Identifier: Apache-2.0
 *
 * emit_c.h: printing kernels as C99 that needs mtxrt.h and the C library's math.h only.
 */
#ifndef MTX_EMIT_C_H
#define MTX_EMIT_C_H

#include "loopir.h"

/* Every exported kernel is named through MTX_KERNEL(symbol), so that one text is compiled for several
 * processors by defining it otherwise; by default it is the symbol itself. */
void emit_c_prelude(bool alone, text *out); /* alone: without mtxrt.h */
void emit_c_kernel(const kernel *k, const char *symbol, text *out);
/* static double SYMBOL_bytes(view, f0, f1): of scratch memory, as a double so that nothing overflows */
void emit_c_scratch(const kernel *k, const char *symbol, text *out);
/* whole file: the kernels of the transform that `words` names */
void emit_c(const kernel *const *k, const char *const *symbol, uint32_t n, const char *words, text *out);

/* NAME in the letters of a C identifier, never empty, not starting with a digit (for prefixes of symbols) */
void c_identifier(const char *words, text *out);

#endif
