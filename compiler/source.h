/* SPDX-License-Identifier: Apache-2.0
 *
 * source.h: source texts and places in them.
 */
#ifndef MTX_SOURCE_H
#define MTX_SOURCE_H

#include "support/support.h"

typedef struct source {
    const char *path;            /* as shown to people                                       */
    const char *text;            /* NUL-terminated UTF-8                                     */
    size_t      n;
    uint32_t   *line_start;      /* byte offset of each line                                 */
    uint32_t    n_lines;
    bool        builtin;         /* from the embedded standard library                       */
} source;

/* bytes [start, end) of a source; src NULL: nowhere */
typedef struct span { const source *src; uint32_t start, end; } span;

typedef struct place { uint32_t line, column; } place;   /* 1-based; columns count code points  */

source *source_new(arena *a, const char *path, const char *text, size_t n);   /* copies the text */
place   source_place(const source *src, uint32_t offset);
span    span_join(span a, span b);

#endif
