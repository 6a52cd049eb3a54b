/* SPDX-License-Identifier: Apache-2.0
 *
 * ast_dump.h: the tree as an S-expression, for `--emit=ast` and for asking whether two trees are equal.
 */
#ifndef MTX_AST_DUMP_H
#define MTX_AST_DUMP_H

#include "ast.h"

/** Deterministic; no places, no ids, no comments. Equal dumps mean equal programs. */
void ast_dump(const ast_file *file, text *out);

#endif
