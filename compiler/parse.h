/* SPDX-License-Identifier: Apache-2.0
 *
 * parse.h: text to tree.
 */
#ifndef MTX_PARSE_H
#define MTX_PARSE_H

#include "ast.h"
#include "diag.h"

/** Reads a spec. Always returns a tree; mistakes are in the sink and leave E_ERROR, S_ERROR or gaps. */
ast_file *parse_file(arena *a, intern *names, const source *src, diag_sink *sink);

#endif
