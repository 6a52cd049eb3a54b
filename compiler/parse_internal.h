/* SPDX-License-Identifier: Apache-2.0
 *
 * parse_internal.h: what the files of the parser share: the driver's state, the repair of the token list,
 * and the words for syntax errors.
 */
#ifndef MTX_PARSE_INTERNAL_H
#define MTX_PARSE_INTERNAL_H

#include "ast_build.h"

struct token;
typedef struct parser {
    builder       build;
    struct token *tokens;                /* ends with a token of kind 0                           */
    uint32_t      n, index;              /* without that one; the token being pushed              */
    bool          in_block;
    bool          failed;                /* the last push met an error                            */
} parser;

/* keywords that are only names here, misspelt keywords, brackets, headers: reported and mended */
void parse_mend(parser *p, struct token *tokens, uint32_t n);
/* bison found no rule for the token in hand; names of what could stand there as in mtx.y */
void parse_syntax_error(void *parse, const char *const *expected, size_t n);
void parse_stack_error(void *parse, span at);

#endif
