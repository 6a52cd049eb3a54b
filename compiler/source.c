/* SPDX-License-Identifier: Apache-2.0
 *
 * source.c: source texts and places in them. In: bytes. Out: a copy with the offset of every line. Invalid
 * UTF-8 is kept as it is (the lexer complains); it only counts one column a byte.
 */
#include "source.h"

#include <string.h>

source *source_new(arena *a, const char *path, const char *bytes, size_t n)
{
    source *s = arena_new(a, source);
    s->path = arena_strndup(a, path, strlen(path));
    s->text = arena_strndup(a, bytes, n);
    s->n = n;
    uint32_t lines = 1;
    for (size_t i = 0; i < n; i++)
        lines += bytes[i] == '\n';
    s->line_start = arena_array(a, uint32_t, lines);
    s->n_lines = 1;
    for (size_t i = 0; i < n; i++)
        if (bytes[i] == '\n')
            s->line_start[s->n_lines++] = (uint32_t)(i + 1);
    return s;
}

place source_place(const source *src, uint32_t offset)
{
    if (!src)
        return (place){1, 1};
    if (offset > src->n)
        offset = (uint32_t)src->n;
    uint32_t low = 0, high = src->n_lines;               /* line_start[low] <= offset < line_start[high] */
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (src->line_start[middle] <= offset)
            low = middle;
        else
            high = middle;
    }
    place p = {low + 1, 1};
    for (uint32_t i = src->line_start[low]; i < offset; i++)
        p.column += ((unsigned char)src->text[i] & 0xc0) != 0x80;
    return p;
}

span span_join(span a, span b)
{
    if (!a.src)
        return b;
    if (!b.src || a.src != b.src)
        return a;
    return (span){a.src, a.start < b.start ? a.start : b.start, a.end > b.end ? a.end : b.end};
}
