/* SPDX-License-Identifier: Apache-2.0
 *
 * diag.c: collecting messages and turning them into text or JSON. In: reports of the passes. Out: strings
 * in a `text`; nothing is printed here. Columns shown to people count code points; carets stand under
 * display columns (tabs expanded, combining marks without width).
 */
#include "diag.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const diag_row diag_table[D_COUNT] = {
#define DIAG(id, ...) [D_##id] = {.name = #id, __VA_ARGS__},
#include "diag.def"
#undef DIAG
};

/* ---- collecting */

void diag_sink_init(diag_sink *s, arena *memory)
{
    *s = (diag_sink){.memory = memory};
}

diag *diag_report(diag_sink *s, diag_id id, span at, ...)
{
    diag *d = arena_new(s->memory, diag);
    d->id = id;
    d->severity = diag_table[id].severity;
    va_list ap;
    va_start(ap, at);
    d->message = arena_vprintf(s->memory, diag_table[id].text, ap);
    va_end(ap);
    vec_push(s->memory, &d->labels, ((diag_label){.at = at, .primary = true}));
    vec_push(s->memory, &s->all, d);
    s->errors += d->severity == SEV_ERROR;
    s->warnings += d->severity == SEV_WARNING;
    return d;
}

void diag_label_primary(diag_sink *s, diag *d, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    d->labels.at[0].text = arena_vprintf(s->memory, format, ap);
    va_end(ap);
}

void diag_label_at(diag_sink *s, diag *d, span at, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    diag_label label = {.at = at, .text = arena_vprintf(s->memory, format, ap)};
    va_end(ap);
    vec_push(s->memory, &d->labels, label);
}

void diag_note(diag_sink *s, diag *d, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    const char *line = arena_vprintf(s->memory, format, ap);
    va_end(ap);
    vec_push(s->memory, &d->notes, line);
}

void diag_help(diag_sink *s, diag *d, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    const char *line = arena_vprintf(s->memory, format, ap);
    va_end(ap);
    vec_push(s->memory, &d->helps, line);
}

const diag_row *diag_find(const char *code)
{
    for (size_t i = 0; i < D_COUNT; i++)
        if (strcmp(diag_table[i].code, code) == 0)
            return &diag_table[i];
    return NULL;
}

/* ---- order */

typedef struct diag_keyed { diag *d; uint32_t index; } diag_keyed;

static int diag_compare(const diag *a, const diag *b)
{
    span x = a->labels.at[0].at, y = b->labels.at[0].at;
    if (!x.src != !y.src)
        return x.src ? -1 : 1;
    int by_path = x.src && x.src != y.src ? strcmp(x.src->path, y.src->path) : 0;
    if (by_path)
        return by_path;
    if (x.start != y.start)
        return x.start < y.start ? -1 : 1;
    return x.end != y.end ? (x.end < y.end ? -1 : 1) : 0;
}

static int diag_compare_keyed(const void *a, const void *b)
{
    const diag_keyed *x = a, *y = b;
    int c = diag_compare(x->d, y->d);
    return c ? c : x->index < y->index ? -1 : 1;
}

static bool diag_repeats(const diag *a, const diag *b)
{
    return a->id == b->id && diag_compare(a, b) == 0 && strcmp(a->message, b->message) == 0;
}

void diag_sort(diag_sink *s)
{
    uint32_t n = s->all.n, kept = 0;
    diag_keyed *keyed = arena_array(s->memory, diag_keyed, n);
    for (uint32_t i = 0; i < n; i++)
        keyed[i] = (diag_keyed){s->all.at[i], i};
    if (n)
        qsort(keyed, n, sizeof *keyed, diag_compare_keyed);
    s->errors = s->warnings = 0;
    for (uint32_t i = 0; i < n; i++) {
        diag *d = keyed[i].d;
        if (kept && diag_repeats(s->all.at[kept - 1], d))
            continue;
        s->all.at[kept++] = d;
        s->errors += d->severity == SEV_ERROR;
        s->warnings += d->severity == SEV_WARNING;
    }
    s->all.n = kept;
}

/* ---- display columns of one line */

#define TAB_STOP    4u
#define WINDOW      160u         /* longer lines are cut around the first mark                   */
#define WINDOW_LEFT 60u

typedef struct diag_glyph { const char *s; uint32_t n, width; } diag_glyph;

/* the glyph at offset i of [i, end), shown at column */
static diag_glyph diag_glyph_at(const source *src, uint32_t i, uint32_t end, uint32_t column)
{
    const unsigned char *p = (const unsigned char *)src->text + i;
    if (*p == '\t')
        return (diag_glyph){NULL, 1, TAB_STOP - column % TAB_STOP};
    if (*p >= 0x20 && *p < 0x7f)
        return (diag_glyph){(const char *)p, 1, 1};
    uint32_t n = *p >= 0xf0 ? 4 : *p >= 0xe0 ? 3 : *p >= 0xc2 ? 2 : 0;
    bool valid = n && *p <= 0xf4 && i + n <= end;
    for (uint32_t k = 1; valid && k < n; k++)
        valid = (p[k] & 0xc0) == 0x80;
    if (!valid)
        return (diag_glyph){"\xef\xbf\xbd", 1, 1};        /* shown as the replacement character          */
    bool combining = p[0] == 0xcc || (p[0] == 0xcd && p[1] < 0xb0);              /* U+0300..U+036F   */
    return (diag_glyph){(const char *)p, n, combining ? 0 : 1};
}

static uint32_t line_end(const source *src, uint32_t line)
{
    uint32_t end = line < src->n_lines ? src->line_start[line] - 1 : (uint32_t)src->n;
    if (end > src->line_start[line - 1] && src->text[end - 1] == '\r')
        end--;
    return end;
}

/* display column of a byte offset; offsets past the line count as its end */
static uint32_t display_column(const source *src, uint32_t line, uint32_t offset)
{
    uint32_t end = line_end(src, line), column = 0;
    for (uint32_t i = src->line_start[line - 1]; i < end && i < offset;) {
        diag_glyph g = diag_glyph_at(src, i, end, column);
        column += g.width;
        i += g.n;
    }
    return column;
}

/* the columns [from, from + WINDOW) of a line */
static void put_source_line(text *out, const source *src, uint32_t line, uint32_t from)
{
    uint32_t end = line_end(src, line), column = 0;
    if (from)
        text_add(out, "...");
    for (uint32_t i = src->line_start[line - 1]; i < end;) {
        diag_glyph g = diag_glyph_at(src, i, end, column);
        if (column >= from + WINDOW) {
            text_add(out, "...");
            break;
        }
        if (column >= from && g.s)
            text_addn(out, g.s, g.s[0] == '\xef' && g.n == 1 ? 3 : g.n);
        for (uint32_t k = 0; !g.s && column >= from && k < g.width; k++)
            text_add(out, " ");
        column += g.width;
        i += g.n;
    }
}

/* ---- marks under the lines */

typedef struct diag_mark {
    uint32_t line, from, to;             /* display columns, to > from                           */
    const char *text;                    /* NULL on all but the last line of a label             */
    bool primary;
} diag_mark;
typedef struct diag_marks { diag_mark *at; uint32_t n; } diag_marks;

typedef struct diag_view {               /* what the drawing functions share                     */
    text *out;
    bool colour;
    severity level;
    uint32_t gutter;                     /* digits of the largest line number                    */
} diag_view;

static const char *level_colour(severity level)
{
    return level == SEV_ERROR ? "\033[1;31m" : level == SEV_WARNING ? "\033[1;33m" : "\033[1;36m";
}

static void put_colour(const diag_view *v, const char *code)
{
    if (v->colour)
        text_add(v->out, code);
}

static void put_gutter(const diag_view *v, uint32_t line)
{
    put_colour(v, "\033[1;34m");
    if (line)
        text_printf(v->out, "%*u |", (int)v->gutter, line);
    else
        text_printf(v->out, "%*s |", (int)v->gutter, "");
    put_colour(v, "\033[0m");
}

#define MARK_LINES 3u                    /* a label over more lines shows its first and its last  */

/* the marks of one label, a row per line that it covers */
static uint32_t label_marks(const diag_label *l, diag_mark *out)
{
    const source *src = l->at.src;
    uint32_t first = source_place(src, l->at.start).line;
    uint32_t last = l->at.end > l->at.start ? source_place(src, l->at.end - 1).line : first;
    uint32_t n = 0;
    for (uint32_t line = first; line <= last; line++) {
        if (last - first >= MARK_LINES && line > first && line < last)
            line = last;
        uint32_t begin = src->line_start[line - 1], end = line_end(src, line);
        if (line > first) {
            while (begin < end && (src->text[begin] == ' ' || src->text[begin] == '\t'))
                begin++;
            if (begin == end)
                continue;                /* a blank line inside the label                        */
        } else {
            begin = l->at.start;
        }
        diag_mark m = {.line = line, .primary = l->primary, .text = line == last && l->text && *l->text ? l->text : NULL};
        m.from = display_column(src, line, begin);
        m.to = display_column(src, line, line == last ? l->at.end : end);
        if (m.to <= m.from)
            m.to = m.from + 1;
        out[n++] = m;
    }
    return n;
}

static int mark_compare(const void *a, const void *b)
{
    const diag_mark *x = a, *y = b;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    return x->primary - y->primary;
}

static void put_run(const diag_view *v, bool primary, const char *s, size_t n)
{
    put_colour(v, primary ? level_colour(v->level) : "\033[1;34m");
    text_addn(v->out, s, n);
    put_colour(v, "\033[0m");
}

static void pad_to(const diag_view *v, uint32_t *column, uint32_t want)
{
    for (; *column < want; (*column)++)
        text_add(v->out, " ");
}

/* the row of carets and dashes; columns are shifted left by `shift` */
static uint32_t put_underline(const diag_view *v, const diag_mark *m, uint32_t n, uint32_t shift)
{
    uint32_t column = 0;
    put_gutter(v, 0);
    text_add(v->out, " ");
    for (uint32_t i = 0; i < n; i++) {
        uint32_t from = m[i].from - shift, to = m[i].to - shift;
        if (i + 1 < n && m[i + 1].from - shift < to && m[i + 1].from > m[i].from)
            to = m[i + 1].from - shift;                  /* an inner mark covers the rest         */
        if (to > WINDOW + 3)
            to = WINDOW + 3;
        pad_to(v, &column, from);
        for (; column < to; column++)
            put_run(v, m[i].primary, m[i].primary ? "^" : "-", 1);
    }
    return column;
}

/* texts that do not fit behind the underline hang below, the rightmost first */
static void put_hanging(const diag_view *v, const diag_mark *m, uint32_t n, uint32_t shift)
{
    for (uint32_t i = n; i-- > 0;) {
        if (!m[i].text)
            continue;
        uint32_t column = 0;
        put_gutter(v, 0);
        text_add(v->out, " ");
        for (uint32_t k = 0; k < i; k++) {
            if (!m[k].text || m[k].from - shift < column || m[k].from == m[i].from)
                continue;
            pad_to(v, &column, m[k].from - shift);
            put_run(v, m[k].primary, "|", 1);
            column++;
        }
        pad_to(v, &column, m[i].from - shift);
        put_run(v, m[i].primary, m[i].text, strlen(m[i].text));
        text_add(v->out, "\n");
    }
}

/* one source line with everything that is said about it */
static void put_marked_line(const diag_view *v, const source *src, const diag_mark *m, uint32_t n)
{
    uint32_t line = m[0].line;
    uint32_t width = display_column(src, line, line_end(src, line));
    uint32_t from = width > WINDOW && m[0].from > WINDOW_LEFT ? m[0].from - WINDOW_LEFT : 0;
    put_gutter(v, line);
    if (width) {
        text_add(v->out, " ");
        put_source_line(v->out, src, line, from);
    }
    text_add(v->out, "\n");
    uint32_t shift = from ? from - 3 : 0;                /* the dots take three columns           */
    uint32_t column = put_underline(v, m, n, shift);
    const diag_mark *last = &m[n - 1];
    bool fits = last->text && column <= last->to - shift;
    if (fits) {
        text_add(v->out, " ");
        put_run(v, last->primary, last->text, strlen(last->text));
    }
    text_add(v->out, "\n");
    put_hanging(v, m, fits ? n - 1 : n, shift);
}

static void put_marks(const diag_view *v, const source *src, diag_marks marks)
{
    qsort(marks.at, marks.n, sizeof *marks.at, mark_compare);
    for (uint32_t i = 0; i < marks.n;) {
        uint32_t n = 1;
        while (i + n < marks.n && marks.at[i + n].line == marks.at[i].line)
            n++;
        if (i && marks.at[i].line > marks.at[i - 1].line + 2)
            text_add(v->out, "...\n");
        put_marked_line(v, src, &marks.at[i], n);
        i += n;
    }
}

/* the labels that lie in one source, below a line that says where */
static void put_source_labels(diag_view *v, const diag *d, const source *src, diag_mark *scratch)
{
    diag_marks marks = {scratch, 0};
    const diag_label *lead = NULL;
    for (uint32_t i = 0; i < d->labels.n; i++) {
        const diag_label *l = &d->labels.at[i];
        if (l->at.src != src)
            continue;
        lead = lead ? lead : l;
        marks.n += label_marks(l, scratch + marks.n);
    }
    v->gutter = 1;
    for (uint32_t i = 0; i < marks.n; i++)
        for (uint32_t most = marks.at[i].line, digits = 1; most; most /= 10, digits++)
            v->gutter = digits > v->gutter ? digits : v->gutter;
    place p = source_place(src, lead->at.start);
    text_printf(v->out, "%*s%s:%u:%u\n", (int)v->gutter, "", src->path, p.line, p.column);
    put_gutter(v, 0);
    text_add(v->out, "\n");
    put_marks(v, src, marks);
}

/* one `= ` line; further lines of the string are indented below its first */
static void put_remark(const diag_view *v, const char *head, const char *s)
{
    text_printf(v->out, "%*s = %s", (int)v->gutter, "", head);
    for (const char *nl; (nl = strchr(s, '\n')); s = nl + 1) {
        text_addn(v->out, s, (size_t)(nl - s));
        text_printf(v->out, "\n%*s", (int)(v->gutter + 3 + strlen(head)), "");
    }
    text_printf(v->out, "%s\n", s);
}

static void put_diag(diag_view *v, const diag *d, diag_mark *scratch)
{
    static const char *const word[] = {[SEV_ERROR] = "error", [SEV_WARNING] = "warning", [SEV_NOTE] = "note"};
    v->level = d->severity;
    put_colour(v, level_colour(d->severity));
    text_printf(v->out, "%s[%s]", word[d->severity], diag_table[d->id].code);
    put_colour(v, "\033[0m\033[1m");
    text_printf(v->out, ": %s", d->message);
    put_colour(v, "\033[0m");
    text_add(v->out, "\n");
    v->gutter = 2;
    for (uint32_t i = 0; i < d->labels.n; i++) {
        const source *src = d->labels.at[i].at.src;
        bool seen = !src;
        for (uint32_t k = 0; k < i && !seen; k++)
            seen = d->labels.at[k].at.src == src;
        if (!seen)
            put_source_labels(v, d, src, scratch);
    }
    for (uint32_t i = 0; i < d->helps.n; i++)
        put_remark(v, i ? " or: " : "try: ", d->helps.at[i]);
    for (uint32_t i = 0; i < d->notes.n; i++)
        put_remark(v, "", d->notes.at[i]);
}

void diag_print_text(const diag_sink *s, text *out, bool colour, uint32_t most)
{
    uint32_t labels = 0;
    for (uint32_t i = 0; i < s->all.n; i++)
        labels = s->all.at[i]->labels.n > labels ? s->all.at[i]->labels.n : labels;
    diag_mark *scratch = malloc(sizeof *scratch * (labels + 1) * MARK_LINES);
    if (!scratch) {
        out->failed = true;
        return;
    }
    diag_view v = {.out = out, .colour = colour};
    for (uint32_t i = 0; i < s->all.n && i < most; i++) {
        if (i)
            text_add(out, "\n");
        put_diag(&v, s->all.at[i], scratch);
    }
    if (s->all.n > most)
        text_printf(out, "\n%u more not shown\n", s->all.n - most);
    free(scratch);
}

/* ---- JSON */

static void json_place(text *out, span at)
{
    if (!at.src) {
        text_add(out, "\"file\": null, \"line\": 0, \"column\": 0, \"end_line\": 0, \"end_column\": 0");
        return;
    }
    place from = source_place(at.src, at.start), to = source_place(at.src, at.end);
    text_add(out, "\"file\": ");
    text_json(out, at.src->path);
    text_printf(out, ", \"line\": %u, \"column\": %u, \"end_line\": %u, \"end_column\": %u", from.line,
                from.column, to.line, to.column);
}

static void json_strings(text *out, const char *key, const char *const *s, uint32_t n)
{
    text_printf(out, ", \"%s\": [", key);
    for (uint32_t i = 0; i < n; i++) {
        text_add(out, i ? ", " : "");
        text_json(out, s[i]);
    }
    text_add(out, "]");
}

static void json_diag(text *out, const diag *d)
{
    static const char *const word[] = {[SEV_ERROR] = "error", [SEV_WARNING] = "warning", [SEV_NOTE] = "note"};
    text_printf(out, "{\"code\": \"%s\", \"severity\": \"%s\", \"message\": ", diag_table[d->id].code,
                word[d->severity]);
    text_json(out, d->message);
    text_add(out, ", ");
    json_place(out, d->labels.at[0].at);
    text_add(out, ", \"labels\": [");
    for (uint32_t i = 0; i < d->labels.n; i++) {
        const diag_label *l = &d->labels.at[i];
        text_add(out, i ? ", {" : "{");
        json_place(out, l->at);
        text_add(out, ", \"text\": ");
        text_json(out, l->text ? l->text : "");
        text_printf(out, ", \"primary\": %s}", l->primary ? "true" : "false");
    }
    text_add(out, "]");
    json_strings(out, "help", d->helps.at, d->helps.n);
    json_strings(out, "notes", d->notes.at, d->notes.n);
    text_add(out, "}");
}

void diag_print_json(const diag_sink *s, text *out)
{
    text_add(out, "[");
    for (uint32_t i = 0; i < s->all.n; i++) {
        text_add(out, i ? ",\n  " : "\n  ");
        json_diag(out, s->all.at[i]);
    }
    text_add(out, s->all.n ? "\n]" : "]");
}
