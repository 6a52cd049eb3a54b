/* SPDX-License-Identifier: Apache-2.0
 *
 * fmt_internal.h: what the files of the formatter share. Columns count code points; a text that is
 * being laid out starts at the beginning of a line.
 */
#ifndef MTX_FMT_INTERNAL_H
#define MTX_FMT_INTERNAL_H

#include "ast.h"

#define FMT_WIDTH 100u

/* what neighbours align */
typedef struct fmt_parts {
    const char *word;                    /* the keyword                                           */
    const char *left, *type;             /* before and behind `:`; type NULL: none                */
    const expr *value;                   /* behind `=`                                            */
    const char *prefix;                  /* before the value: ` read`                             */
    bool aligned;                        /* has columns to align                                  */
} fmt_parts;

/* of a statement, or of a constant when the statement is NULL */
fmt_parts fmt_parts_of(arena *a, const stmt *s, const decl *constant);
/* what follows the keyword of a statement that is not aligned; out stands behind the keyword */
void fmt_plain(arena *a, text *out, const stmt *s, const char *left);

uint32_t fmt_columns(const char *s, size_t n);           /* code points                           */
uint32_t fmt_columns_of(const char *s);                   /* of a string; NULL: 0                  */
uint32_t fmt_column(const text *out);                    /* where the next character would stand  */
void     fmt_newline(text *out, uint32_t indent);

/* one line, whatever its length */
void fmt_expr(text *out, const expr *e);
void fmt_post(text *out, const expr *e);            /* where the grammar wants a name, call, index or field */
void fmt_operand(text *out, const expr *e);              /* beside `within` */
void fmt_type(text *out, const ast_type *t);
void fmt_string(text *out, name s);
void fmt_args(text *out, const ast_arg *arg, uint32_t n);
void fmt_binders(text *out, const ast_binder *binder, uint32_t n);
/* at the current column, broken where FMT_WIDTH asks for it; `tail` columns must stay free behind it */
void fmt_expr_wrapped(text *out, const expr *e, uint32_t tail);
/* the same behind `= `: operators of a broken sum line up under the `=` */
void fmt_value_wrapped(text *out, const expr *e, uint32_t indent);

#endif
