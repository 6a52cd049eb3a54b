/* SPDX-License-Identifier: Apache-2.0
 *
 * lex.h: what the rules of grammar/mtx.l call, and the tokens that come out. Private to the front end.
 */
#ifndef MTX_LEX_H
#define MTX_LEX_H

#include "ast.h"
#include "diag.h"
#include "mtx_parser.h"

typedef struct token {
    int  kind;                           /* T_... of mtx.y, or the character itself               */
    bool starts_line, glued;             /* first on its line; no space before it                 */
    bool mended;                         /* put in or changed by parse_tokens.c                   */
    bool said;                           /* its mistake is reported already                       */
    bool sync, heads;                    /* starts a statement or declaration; a declaration      */
    bool blocks;                         /* a brace around statements                             */
    span at;
    MTX_YYSTYPE value;
} token;
typedef struct token_list { token *at; uint32_t n, cap; } token_list;

typedef struct lexer {
    arena        *memory;
    intern       *names;
    const source *src;
    diag_sink    *sink;
    VEC(ast_comment) comments;
    size_t   start, next, used;          /* the piece in hand: bytes [start, next), used of them  */
    span     last_bar;                   /* the first of two |                                    */
} lexer;

/* blocks where a keyword is known or may stand */
enum {
    IN_STRUCTURE = 1 << D_STRUCTURE, IN_TRANSFORM = 1 << D_TRANSFORM, IN_LOSS = 1 << D_LOSS,
    IN_DATASET = 1 << D_DATASET, IN_TRAIN = 1 << D_TRAIN, IN_TEST = 1 << D_TEST
};
typedef enum keyword_role { KW_DECL, KW_STMT, KW_WORD } keyword_role;
typedef struct keyword {
    int token;
    const char *word;
    keyword_role role;
    int value;
    unsigned in, only;
    int stmt;
} keyword;
extern const keyword keyword_table[];
extern const size_t  keyword_count;
const keyword *keyword_find(const char *word);           /* NULL for a plain name                 */

/* the whole text as tokens, without an end token; problems go to the sink */
token_list lex_all(lexer *lex);
/* invalid UTF-8 and control characters, once a file; false: this is not text at all */
bool lex_check_text(lexer *lex);
/* bytes of the number that starts at s; s is NUL-terminated */
size_t lex_number_length(const char *s);

/* ---- called by the rules: return a token kind, or 0 to go on; set lexer.used when they want less */
void lex_begin(lexer *lex, size_t n, span *at);
void lex_end(lexer *lex, span *at);
int lex_comment(lexer *lex, const char *s, size_t n, MTX_YYSTYPE *value);
int lex_word(lexer *lex, const char *s, size_t n, MTX_YYSTYPE *value);
int lex_number(lexer *lex, const char *s, size_t n, MTX_YYSTYPE *value);
int lex_bare_fraction(lexer *lex, const char *s, size_t n, MTX_YYSTYPE *value);
int lex_string(lexer *lex, const char *s, size_t n, MTX_YYSTYPE *value);
int lex_open_string(lexer *lex, const char *s, size_t n, MTX_YYSTYPE *value);
int lex_single_quotes(lexer *lex, const char *s, size_t n, MTX_YYSTYPE *value);
int lex_foreign_quotes(lexer *lex, const char *s, size_t n, MTX_YYSTYPE *value);
int lex_foreign_comment(lexer *lex, const char *s, size_t n, MTX_YYSTYPE *value);
int lex_foreign(lexer *lex, const char *s, size_t n, MTX_YYSTYPE *value);
int lex_bar(lexer *lex, const char *s, size_t n, MTX_YYSTYPE *value);
_Noreturn void lex_fatal(void *scanner);

#endif
