/* SPDX-License-Identifier: Apache-2.0
 *
 * fmt.c: the canonical layout of a spec. In: a tree without errors and its comments. Out: text. Keywords of
 * a paragraph share a column, `:` and `=` of neighbours of one kind line up, comments stay where they were
 * (inside a statement they move above it), single blank lines of the user stay. Statements:
 * fmt_stmt.c; expressions and types: fmt_expr.c.
 */
#include "fmt.h"

#include "fmt_internal.h"

#include <string.h>

#define INDENT      2u
#define CONTINUED   10u                  /* where a value goes on that did not fit behind its `=`  */
#define MOST_SPREAD 24u                  /* neighbours of more uneven lengths are not aligned     */

/* a statement, a declaration or a comment of its own line, in the order of the text */
typedef struct entry {
    const stmt *stmt;
    const decl *decl;
    span comment;                        /* the entry itself, or what trails it (src NULL: none)  */
    bool blank;                          /* a blank line stands before                            */
} entry;
typedef struct entries { VEC(entry) v; } entries;

typedef struct out_line { const char *s; uint32_t columns; span comment; bool blank, several; } out_line;

typedef struct layout {
    arena          *memory;
    const ast_file *file;
    uint32_t        comment;             /* the next one                                          */
    uint32_t        end;                 /* offset behind the last thing laid out                 */
    VEC(out_line)   lines;
} layout;

/* ---- collecting what stands in a block, with its comments */

static bool blank_between(const layout *l, uint32_t from, uint32_t to)
{
    uint32_t newlines = 0;
    for (uint32_t i = from; i < to; i++)
        newlines += l->file->src->text[i] == '\n';
    return newlines > 1;
}

static bool same_line(const layout *l, uint32_t from, uint32_t to)
{
    return from > to || !memchr(l->file->src->text + from, '\n', to - from);
}

static void add_entry(layout *l, entries *list, entry e, uint32_t start, uint32_t end)
{
    e.blank = list->v.n > 0 && blank_between(l, l->end, start);
    vec_push(l->memory, &list->v, e);
    l->end = end > l->end ? end : l->end;
}

/* comments before an offset, each on a line of its own */
static void add_comments(layout *l, entries *list, uint32_t before)
{
    while (l->comment < l->file->n_comment && l->file->comment[l->comment].at.start < before) {
        span at = l->file->comment[l->comment++].at;
        add_entry(l, list, (entry){.comment = at}, at.start, at.end);
    }
}

/* comments inside something move above it, the blank line before it stays before them */
static void add_inner_comments(layout *l, entries *list, span at)
{
    uint32_t first = list->v.n;
    bool blank = list->v.n > 0 && blank_between(l, l->end, at.start);
    while (l->comment < l->file->n_comment && l->file->comment[l->comment].at.start < at.end) {
        vec_push(l->memory, &list->v, ((entry){.comment = l->file->comment[l->comment++].at}));
        list->v.at[list->v.n - 1].blank = list->v.n - 1 == first && blank;
        l->end = at.start;
    }
}

/* the comment that trails what ended at l->end on the same line */
static span take_trailing(layout *l)
{
    if (l->comment == l->file->n_comment)
        return (span){0};
    span at = l->file->comment[l->comment].at;
    if (!same_line(l, l->end, at.start))
        return (span){0};
    l->comment++;
    l->end = at.end;
    return at;
}

static entries collect_block(layout *l, const decl *d)
{
    entries list = {0};
    for (uint32_t i = 0; i < d->n; i++) {
        const stmt *s = d->body[i];
        add_comments(l, &list, s->at.start);
        add_inner_comments(l, &list, s->at);
        add_entry(l, &list, (entry){.stmt = s}, s->at.start, s->at.end);
        uint32_t next = i + 1 < d->n ? d->body[i + 1]->at.start : d->at.end;
        bool trails = l->comment < l->file->n_comment && l->file->comment[l->comment].at.start < next;
        if (trails)
            list.v.at[list.v.n - 1].comment = take_trailing(l);
    }
    add_comments(l, &list, d->at.end);
    return list;
}

/* ---- lines */

static void add_line(layout *l, text *t, span comment, bool blank)
{
    bool several = t->n && memchr(t->s, '\n', t->n);
    out_line line = {.comment = comment, .blank = blank, .several = several};
    line.columns = t->n ? fmt_column(t) : 0;
    line.s = text_keep(l->memory, t);
    vec_push(l->memory, &l->lines, line);
}

static void add_comment_line(layout *l, const entry *e, uint32_t indent)
{
    text t;
    text_init(&t);
    text_printf(&t, "%*s", (int)indent, "");
    text_addn(&t, e->comment.src->text + e->comment.start, e->comment.end - e->comment.start);
    add_line(l, &t, (span){0}, e->blank);
}

/* columns of one run of neighbours: 0 where nothing is aligned */
typedef struct run { uint32_t word, left, before_value; } run;

static void pad(text *out, uint32_t column)
{
    uint32_t now = fmt_column(out);
    if (now < column)
        text_printf(out, "%*s", (int)(column - now), "");
}

static void put_head(text *out, const fmt_parts *p, uint32_t indent, const run *r)
{
    text_printf(out, "%*s%s", (int)indent, "", p->word);
    pad(out, indent + r->word);
    text_add(out, " ");
}

/* up to and without the `=` */
static void put_left(text *out, const fmt_parts *p, uint32_t indent, const run *r)
{
    put_head(out, p, indent, r);
    text_add(out, p->left);
    if (p->type) {
        pad(out, r->left);
        text_printf(out, " : %s", p->type);
    }
    if (p->value)
        pad(out, r->before_value);
}

static void put_aligned(text *out, const fmt_parts *p, uint32_t indent, const run *r)
{
    put_left(out, p, indent, r);
    if (!p->value)
        return;
    text_printf(out, " =%s", p->prefix ? p->prefix : "");
    fmt_value_wrapped(out, p->value, CONTINUED);
}

/* columns of the statement on one line without alignment */
static uint32_t natural_columns(layout *l, const fmt_parts *p, uint32_t indent, uint32_t word)
{
    text t;
    text_init(&t);
    put_left(&t, p, indent, &(run){.word = word});
    if (p->value) {
        text_printf(&t, " =%s ", p->prefix ? p->prefix : "");
        fmt_expr(&t, p->value);
    }
    uint32_t n = t.n ? fmt_column(&t) : 0;
    text_keep(l->memory, &t);
    return n;
}

static uint32_t left_columns(const fmt_parts *p, uint32_t indent, uint32_t word)
{
    return indent + word + 1 + fmt_columns_of(p->left);
}

/* the common columns of n neighbours; no alignment when they are too uneven or would become too long */
static run align_run(layout *l, const fmt_parts *p, uint32_t n, uint32_t indent, uint32_t word)
{
    run r = {.word = word};
    uint32_t left_most = 0, left_least = UINT32_MAX, typed = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t left = left_columns(&p[i], indent, word);
        if (!p[i].type)
            continue;
        typed++;
        left_most = left > left_most ? left : left_most;
        left_least = left < left_least ? left : left_least;
    }
    if (typed && left_most - left_least <= MOST_SPREAD)
        r.left = left_most;
    uint32_t most = 0, least = UINT32_MAX;
    for (uint32_t i = 0; i < n; i++) {
        if (!p[i].value)
            continue;
        uint32_t left = left_columns(&p[i], indent, word);
        uint32_t before = p[i].type ? (left > r.left ? left : r.left) + 3 + fmt_columns_of(p[i].type) : left;
        most = before > most ? before : most;
        least = before < least ? before : least;
    }
    if (most && most - least <= MOST_SPREAD)
        r.before_value = most;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t natural = natural_columns(l, &p[i], indent, word);
        uint32_t left = left_columns(&p[i], indent, word);
        uint32_t grown = p[i].type && r.left > left ? r.left - left : 0;
        uint32_t before = left + grown + (p[i].type ? 3 + fmt_columns_of(p[i].type) : 0);
        grown += p[i].value && r.before_value > before ? r.before_value - before : 0;
        if (natural + grown > FMT_WIDTH)
            return (run){.word = word};
    }
    return r;
}

static bool same_kind(const entry *a, const entry *b)
{
    if (a->decl || b->decl)
        return a->decl && b->decl;
    return a->stmt && b->stmt && a->stmt->kind == b->stmt->kind;
}

static void lay_out_one(layout *l, const entry *e, const fmt_parts *p, uint32_t indent, const run *r)
{
    text t;
    text_init(&t);
    if (p->aligned) {
        put_aligned(&t, p, indent, r);
    } else {
        put_head(&t, p, indent, r);
        fmt_plain(l->memory, &t, e->stmt, p->left);
    }
    add_line(l, &t, e->comment, e->blank);
}

/* definitions come first, claims and the rest behind: each share a column for their keywords */
static bool is_definition(const entry *e)
{
    if (e->decl)
        return true;
    switch (e->stmt->kind) {
    case S_FIELD: case S_SET: case S_TAKES: case S_PARAM: case S_LET: case S_GIVES: return true;
    case S_ERROR:
    case S_MINIMISE:
    case S_RESPECTS:
    case S_SOFTLY:
    case S_PRESERVES:
    case S_LOSES:
    case S_ASSUME:
    case S_BREAKS:
    case S_SMOOTH:
    case S_EXTENSIVE:
    case S_INTENSIVE:
    case S_CITES:
    case S_FORMAT:
    case S_READS:
    case S_KEY: case S_SETTING: case S_GIVEN: case S_EXPECT: break;
    }
    return false;
}

static bool same_column(const entry *a, const entry *b)
{
    bool both = (a->stmt || a->decl) && (b->stmt || b->decl);
    return !both || is_definition(a) == is_definition(b);
}

/* n entries whose keywords share a column */
static void lay_out_paragraph(layout *l, const entry *e, uint32_t n, uint32_t indent)
{
    fmt_parts *p = arena_array(l->memory, fmt_parts, n);
    bool *fits = arena_array(l->memory, bool, n);
    uint32_t word = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (!e[i].stmt && !e[i].decl)
            continue;
        p[i] = fmt_parts_of(l->memory, e[i].stmt, e[i].decl);
        word = fmt_columns_of(p[i].word) > word ? fmt_columns_of(p[i].word) : word;
    }
    for (uint32_t i = 0; i < n; i++)
        fits[i] = p[i].aligned && natural_columns(l, &p[i], indent, word) <= FMT_WIDTH;
    for (uint32_t i = 0; i < n;) {
        if (!p[i].word) {
            add_comment_line(l, &e[i++], indent);
            continue;
        }
        uint32_t k = 1;
        while (fits[i] && i + k < n && fits[i + k] && same_kind(&e[i], &e[i + k]))
            k++;
        run r = fits[i] ? align_run(l, &p[i], k, indent, word) : (run){.word = word};
        for (; k > 0; k--, i++)
            lay_out_one(l, &e[i], &p[i], indent, &r);
    }
}

static void lay_out(layout *l, const entries *list, uint32_t indent)
{
    for (uint32_t i = 0; i < list->v.n;) {
        uint32_t n = 1, last = i;                        /* last: the last one that is no comment */
        while (i + n < list->v.n && !list->v.at[i + n].blank &&
               same_column(&list->v.at[last], &list->v.at[i + n])) {
            if (list->v.at[i + n].stmt || list->v.at[i + n].decl)
                last = i + n;
            n++;
        }
        lay_out_paragraph(l, &list->v.at[i], n, indent);
        i += n;
    }
}

/* ---- declarations */

/* offset of the brace that opens a block; comments in the header may hold braces too */
static uint32_t brace_of(const layout *l, const decl *d)
{
    const char *s = l->file->src->text;
    uint32_t i = d->id.at.end;
    while (i < d->at.end && s[i] != '{') {
        if (s[i] == '#')
            while (i < d->at.end && s[i] != '\n')
                i++;
        else
            i++;
    }
    return i;
}

static void lay_out_block(layout *l, const decl *d, bool blank)
{
    static const char *const word[] = {
        [D_ERROR] = "",          [D_STRUCTURE] = "structure", [D_TRANSFORM] = "transform",
        [D_LOSS] = "loss",       [D_CONST] = "const",         [D_USE] = "use",
        [D_DATASET] = "dataset", [D_TRAIN] = "train",         [D_TEST] = "test"};
    text t;
    text_init(&t);
    text_printf(&t, "%s ", word[d->kind]);
    if (d->kind == D_TEST || d->kind == D_USE)
        fmt_string(&t, d->id.id);
    else
        text_add(&t, d->id.id);
    if (d->kind == D_USE) {
        l->end = d->at.end;
        add_line(l, &t, take_trailing(l), blank);
        return;
    }
    text_add(&t, " {");
    l->end = brace_of(l, d) + 1;
    bool first_first = d->n && l->comment < l->file->n_comment
                       && d->body[0]->at.start < l->file->comment[l->comment].at.start;
    bool inside = l->comment < l->file->n_comment && l->file->comment[l->comment].at.start < d->at.end;
    add_line(l, &t, inside && !first_first ? take_trailing(l) : (span){0}, blank);
    entries body = collect_block(l, d);
    lay_out(l, &body, INDENT);
    l->end = d->at.end;
    text close;
    text_init(&close);
    text_add(&close, "}");
    add_line(l, &close, (span){0}, false);
}

/* the span whose comments cannot stay inside: a whole short declaration, or the header of a block */
static span header_of(const layout *l, const decl *d)
{
    span at = d->at;
    if (d->kind != D_CONST && d->kind != D_USE)
        at.end = brace_of(l, d);
    return at;
}

static bool is_block(const entry *e)
{
    return e->decl && e->decl->kind != D_CONST;
}

static void lay_out_file(layout *l)
{
    entries run_of = {0};                                /* comments and constants in a row       */
    for (uint32_t i = 0; i <= l->file->n; i++) {
        const decl *d = i < l->file->n ? l->file->decl[i] : NULL;
        if (d) {
            add_comments(l, &run_of, d->at.start);
            add_inner_comments(l, &run_of, header_of(l, d));
            add_entry(l, &run_of, (entry){.decl = d}, d->at.start,
                      d->kind == D_CONST ? d->at.end : d->at.start);
        } else {
            add_comments(l, &run_of, UINT32_MAX);
        }
        entry *last = run_of.v.n ? &run_of.v.at[run_of.v.n - 1] : NULL;
        if (d && d->kind == D_CONST)
            last->comment = take_trailing(l);
        bool block = last && is_block(last);
        if (block)
            run_of.v.n--;
        if (block || !d)
            lay_out(l, &run_of, 0);
        if (block) {
            lay_out_block(l, d, last->blank);
            if (d->kind != D_USE)
                l->lines.at[l->lines.n - 1].comment = take_trailing(l);
            run_of.v.n = 0;
        }
    }
}

/* ---- writing */

static void put_comment(text *out, const out_line *line, uint32_t column)
{
    text_printf(out, "%*s", (int)(column - line->columns), "");
    text_addn(out, line->comment.src->text + line->comment.start, line->comment.end - line->comment.start);
}

/* trailing comments of neighbouring lines share a column */
static uint32_t comment_column(const layout *l, uint32_t i)
{
    uint32_t first = i, most = 0;
    while (first > 0 && !l->lines.at[first].blank && l->lines.at[first - 1].comment.src &&
           !l->lines.at[first].several)
        first--;
    for (uint32_t k = first; k < l->lines.n && l->lines.at[k].comment.src; k++) {
        if (k > first && (l->lines.at[k].blank || l->lines.at[k].several))
            break;
        most = l->lines.at[k].columns > most ? l->lines.at[k].columns : most;
    }
    bool apart = most > l->lines.at[i].columns + 2 * MOST_SPREAD;
    return (apart ? l->lines.at[i].columns : most) + 2;
}

static void write_lines(const layout *l, text *out)
{
    for (uint32_t i = 0; i < l->lines.n; i++) {
        const out_line *line = &l->lines.at[i];
        text_add(out, line->blank && i ? "\n" : "");
        text_add(out, line->s);
        if (line->comment.src)
            put_comment(out, line, comment_column(l, i));
        text_add(out, "\n");
    }
}

/* everything that allocates, below the guard */
static void fmt_guarded(const ast_file *file, text *out, arena *memory, jmp_buf *guard)
{
    arena_init(memory, guard);
    if (setjmp(*guard)) {
        out->failed = true;
        return;
    }
    layout l = {.memory = memory, .file = file};
    lay_out_file(&l);
    write_lines(&l, out);
}

void fmt_file(const ast_file *file, text *out)
{
    jmp_buf guard;
    arena memory;
    fmt_guarded(file, out, &memory, &guard);
    arena_free(&memory);
}
