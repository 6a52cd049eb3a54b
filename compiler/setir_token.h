/* SPDX-License-Identifier: Apache-2.0
 *
 * setir_token.h: a line of the text of the set IR, read from the left.
 */
#ifndef MTX_SETIR_TOKEN_H
#define MTX_SETIR_TOKEN_H

#include "setir.h"

#define READ_ERRORS 20u /* then the rest is silent */

typedef struct reader {
    const source *src;
    const char *p, *end; /* the rest of the line */
    program *program;
    intern *names;
    diag_sink *sink;
    uint32_t n_nodes, errors; /* node lines in the text */
    bool bad;                 /* this line has been complained about */
} reader;

bool token_word_char(char c);
span token_here(const reader *r);
void token_expected(reader *r, const char *what);
/* an id that comes too late */
void token_undefined(reader *r, const char *prefix, int64_t id, const char *where);
void token_blanks(reader *r);
bool token_at_end(reader *r);
/* moves on when that is what comes next; token_need: or complains */
bool token_accept(reader *r, const char *s);
void token_need(reader *r, const char *s);
/* which of the words, a list that ends in NULL, comes next: -1 none */
int token_one_of(reader *r, const char *const *words);
bool token_is_digit(reader *r);
int64_t token_integer(reader *r, int64_t lo, int64_t hi);
double token_number(reader *r);
name token_string(reader *r);
name token_optional_string(reader *r, const char *word);
/* PREFIX and a number below `limit` */
uint32_t token_id(reader *r, const char *prefix, uint32_t limit);
/* WORD and an id, or SETIR_NONE */
uint32_t token_optional_id(reader *r, const char *word, const char *prefix, uint32_t limit);
/* is it one? nothing is read */
bool token_is_id(reader *r, const char *prefix);
elem token_elem(reader *r);
unit token_unit(reader *r);

#endif
