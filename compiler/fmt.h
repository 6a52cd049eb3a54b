/* SPDX-License-Identifier: Apache-2.0
 *
 * fmt.h: the canonical layout of a spec.
 */
#ifndef MTX_FMT_H
#define MTX_FMT_H

#include "ast.h"

/** Lays out a tree without errors. Idempotent; the result parses to the same tree and keeps every comment. */
void fmt_file(const ast_file *file, text *out);

#endif
