/* SPDX-License-Identifier: Apache-2.0
 *
 * io_xyz.c: extended XYZ (libAtoms) and plain XYZ. In: lines of the stream; out: structures. The second line
 * of a frame is read in io_xyz_head.c; atom lines are parsed here, in place from the buffer. A line that the
 * fast loop refuses is looked at again, slowly, to say what is wrong with which token. After a bad frame the
 * reader goes on at the next line that is a lone integer, which no atom line can be.
 */
#define _GNU_SOURCE
#include "io_xyz.h"

#include <stdlib.h>

/* --------------------------------------------------------------------------------------------- atom lines */

static inline const char *skip_blanks(const char *p)
{
    while (*p == ' ' || *p == '\t') p++;
    return p;
}

static inline const char *token_end(const char *p)
{
    while ((unsigned char)*p > ' ') p++;
    return p;
}

/* Element of the token at p: a symbol or an atomic number. 0: neither. */
static int species_slow(xyz *x, const char *p, size_t length)
{
    int Z = mtx_element_number(p, length);
    int64_t number;
    if (Z == 0 && number_parse_int64(p, p + length, &number) && number >= 1 && number <= 118)
        return (int)number;
    if (Z != 0) {
        const uint16_t key = (uint16_t)((uint8_t)p[0] | (length == 2 ? (uint8_t)p[1] << 8 : 0));
        x->slots[(key ^ key >> 6) & 63] = (species_slot){key, (uint8_t)Z};
    }
    return Z;
}

static inline const char *parse_species(xyz *x, const char *p, int32_t *Z)
{
    if ((unsigned char)p[0] <= ' ') return NULL;
    size_t length = (unsigned char)p[1] <= ' ' ? 1 : 2;
    if (length == 2 && (unsigned char)p[2] > ' ') length = (size_t)(token_end(p) - p);
    const uint16_t key = (uint16_t)((uint8_t)p[0] | (length == 2 ? (uint8_t)p[1] << 8 : 0));
    const species_slot slot = x->slots[(key ^ key >> 6) & 63];
    *Z = slot.key == key && length <= 2 ? slot.Z : species_slow(x, p, length);
    return *Z > 0 ? p + length : NULL;
}

static inline const char *parse_reals(const char *p, double *to, int32_t count)
{
    for (int32_t k = 0; k < count; k++) {
        p = number_parse(skip_blanks(p), &to[k]);
        if (p == NULL || (unsigned char)*p > ' ') return NULL;
    }
    return p;
}

static const char *parse_integers(const char *p, double *to, int32_t count)
{
    for (int32_t k = 0; k < count; k++) {
        int64_t value;
        p = skip_blanks(p);
        const char *end = token_end(p);
        if (!number_parse_int64(p, end, &value)) return NULL;
        to[k] = (double)value;
        p = end;
    }
    return p;
}

static int logical_value(const char *p, size_t length)
{
    static const char *const words[] = {"F",    "T",     "false", "true", "False",
                                        "True", "FALSE", "TRUE",  "0",    "1"};
    for (int k = 0; k < 10; k++) {
        if (strlen(words[k]) == length && memcmp(p, words[k], length) == 0) return k & 1;
    }
    return -1;
}

static const char *parse_logicals(const char *p, double *to, int32_t count)
{
    for (int32_t k = 0; k < count; k++) {
        p = skip_blanks(p);
        const char *end = token_end(p);
        const int value = logical_value(p, (size_t)(end - p));
        if (value < 0) return NULL;
        to[k] = value;
        p = end;
    }
    return p;
}

static bool push_text(field *f, const char *text, size_t length)
{
    if (f->chars_room - f->chars_used < length + 1) {
        const size_t room = 2 * f->chars_room + length + 256;
        char *grown = realloc(f->chars, room);
        if (grown == NULL) return false;
        f->chars = grown;
        f->chars_room = room;
    }
    memcpy(f->chars + f->chars_used, text, length);
    f->chars[f->chars_used + length] = '\0';
    f->chars_used += length + 1;
    return true;
}

/* Tokens kept as text (f) or passed over (f NULL). */
static const char *parse_texts(field *f, const char *p, int32_t count, bool *no_memory)
{
    for (int32_t k = 0; k < count; k++) {
        p = skip_blanks(p);
        const char *end = token_end(p);
        if (end == p || memchr(p, '\0', (size_t)(end - p)) != NULL) return NULL;
        if (f != NULL && !push_text(f, p, (size_t)(end - p))) {
            *no_memory = true;
            return NULL;
        }
        p = end;
    }
    return p;
}

/* Atom i from the line at p; behind the line's newline, or NULL when anything is wrong. */
static inline const char *parse_row(xyz *x, const char *p, mtx_structure *s, int64_t i, bool *no_memory)
{
    for (int32_t k = 0; k < x->n_fields; k++) {
        field *f = &x->fields[k];
        p = skip_blanks(p);
        double *values = f->values != NULL ? f->values + i * f->width : NULL;
        switch (f->kind) {
        case FIELD_SPECIES: p = parse_species(x, p, &s->Z[i]); break;
        case FIELD_POSITION: p = parse_reals(p, s->r[i], 3); break;
        case FIELD_REAL: p = parse_reals(p, values, f->width); break;
        case FIELD_INT: p = parse_integers(p, values, f->width); break;
        case FIELD_BOOL: p = parse_logicals(p, values, f->width); break;
        case FIELD_TEXT: p = parse_texts(f, p, f->width, no_memory); break;
        case FIELD_SKIP: p = parse_texts(NULL, p, f->width, no_memory); break;
        case FIELD_NUMBER: {
            double Z = 0;
            p = parse_integers(p, &Z, 1);
            if (!(Z >= 1 && Z <= 118)) return NULL;
            s->Z[i] = (int32_t)Z;
            break;
        }
        }
        if (p == NULL) return NULL;
    }
    if (x->open_ended) return (const char *)rawmemchr(p, '\n') + 1;
    p = skip_blanks(p);
    p += *p == '\r';
    return *p == '\n' ? p + 1 : NULL;
}

/* ------------------------------------------------------------------------------ what is wrong with a line */

static int32_t count_tokens(const char *p)
{
    int32_t count = 0;
    for (;; count++) {
        while ((unsigned char)*p <= ' ' && *p != '\n') p++;
        if (*p == '\n') return count;
        p = token_end(p);
    }
}

/* A line that is one integer and nothing else: the start of a frame. */
static bool is_count_line(const char *p)
{
    int64_t value;
    p = skip_blanks(p);
    const char *end = token_end(p);
    if (!number_parse_int64(p, end, &value)) return false;
    p = skip_blanks(end);
    p += *p == '\r';
    return *p == '\n';
}

static mtx_status bad_token(mtx_reader *r, const field *f, const char *p, size_t length, int64_t line,
                            int64_t atom, mtx_problem *problem)
{
    const io_quoted q = io_quote(p, length);
    mtx_status status;
    if (f->kind == FIELD_SPECIES ||
        (f->kind == FIELD_NUMBER && number_classify(p, p + length) == NUMBER_INTEGER)) {
        status = io_problem(r, problem, MTX_EDATA, "E0613", line, atom, "unknown element %s", q.text);
        rt_problem_help(problem,
                        "elements are given as symbols such as `Mo` (exact case) or numbers 1 to 118");
    } else if (f->kind == FIELD_BOOL) {
        status =
            io_problem(r, problem, MTX_EFORMAT, "E0611", line, atom, "expected T or F, found %s", q.text);
    } else if (number_classify(p, p + length) == NUMBER_NOT_FINITE) {
        status = io_problem(r, problem, MTX_EDATA, "E0612", line, atom, "%s is not a finite number", q.text);
    } else {
        const char *what = f->kind == FIELD_INT || f->kind == FIELD_NUMBER ? "an integer" : "a number";
        status =
            io_problem(r, problem, MTX_EFORMAT, "E0611", line, atom, "expected %s, found %s", what, q.text);
    }
    io_problem_field(problem, f->name, strlen(f->name));
    return status;
}

static bool token_fits(xyz *x, const field *f, const char *p, size_t length)
{
    double value;
    int64_t whole;
    int32_t Z;
    switch (f->kind) {
    case FIELD_SPECIES: return parse_species(x, p, &Z) != NULL;
    case FIELD_POSITION:
    case FIELD_REAL: return number_parse_any(p, &value) == p + length;
    case FIELD_NUMBER: return number_parse_int64(p, p + length, &whole) && whole >= 1 && whole <= 118;
    case FIELD_INT: return number_parse_int64(p, p + length, &whole);
    case FIELD_BOOL: return logical_value(p, length) >= 0;
    case FIELD_TEXT:
    case FIELD_SKIP: return memchr(p, '\0', length) == NULL;
    }
    return false;
}

/* What a slow look at the line at p finds. */
typedef struct look { bool enough; const field *misfit; const char *token, *end; } look;

static look look_at_row(xyz *x, const char *p)
{
    for (int32_t k = 0; k < x->n_fields; k++) {
        for (int32_t c = 0; c < x->fields[k].width; c++) {
            while ((unsigned char)*p <= ' ' && *p != '\n') p++;
            if (*p == '\n') return (look){.enough = false};
            const char *end = token_end(p);
            if (!token_fits(x, &x->fields[k], p, (size_t)(end - p)))
                return (look){true, &x->fields[k], p, end};
            p = end;
        }
    }
    return (look){.enough = true};
}

/* The atom line at p, which parse_row refused. */
static mtx_status diagnose_row(mtx_reader *r, const char *p, int64_t line, int64_t atom, int64_t n,
                               mtx_problem *problem)
{
    xyz *x = r->state;
    if (is_count_line(p)) {
        return io_problem(r, problem, MTX_EFORMAT, "E0606", line, -1,
                          "the frame has %lld atom lines, its count line says %lld", (long long)atom,
                          (long long)n);
    }
    const look found = look_at_row(x, p);
    if (found.misfit != NULL) {
        return bad_token(r, found.misfit, found.token, (size_t)(found.end - found.token), line, atom,
                         problem);
    }
    const int32_t tokens = count_tokens(p);
    io_problem(r, problem, MTX_EFORMAT, "E0610", line, atom, "the atom line has %d column%s, expected %d",
               tokens, tokens == 1 ? "" : "s", x->width);
    rt_problem_help(problem, "the columns are %s", io_quote(x->layout, strlen(x->layout)).text);
    return MTX_EFORMAT;
}

/* ------------------------------------------------------------------------------------------------- frames */

/* Room for at least one more atom, up to n. */
static mtx_status grow_rows(xyz *x, mtx_structure *s, int64_t have, int64_t n, mtx_problem *problem)
{
    const int64_t more = have < 1 << 16 ? 1 << 16 : 2 * have;
    const int64_t rows = more < n ? more : n;
    if (mtx_structure_reserve(s, rows) != MTX_OK) return io_no_memory(problem);
    if (rows <= x->rows_room) return MTX_OK;
    for (int32_t k = 0; k < x->n_fields; k++) {
        field *f = &x->fields[k];
        if (f->kind != FIELD_REAL && f->kind != FIELD_INT && f->kind != FIELD_BOOL) continue;
        double *grown = realloc(f->values, (size_t)rows * (size_t)f->width * sizeof *grown);
        if (grown == NULL) return io_no_memory(problem);
        f->values = grown;
    }
    x->rows_room = rows;
    return MTX_OK;
}

static mtx_status read_atoms(mtx_reader *r, mtx_structure *s, int64_t n, mtx_problem *problem)
{
    xyz *x = r->state;
    io_stream *in = &r->stream;
    for (int32_t k = 0; k < x->n_fields; k++) x->fields[k].chars_used = 0;
    for (int64_t i = 0; i < n;) {
        mtx_status status = io_stream_lines(in, problem);
        if (status == MTX_END) {
            return io_problem(r, problem, MTX_EFORMAT, "E0606", in->line, -1,
                              "the file ends after %lld of %lld atom lines", (long long)i, (long long)n);
        }
        if (status == MTX_OK) status = grow_rows(x, s, i, n, problem);
        if (status != MTX_OK) return status;
        const int64_t most = s->capacity < n ? s->capacity : n;
        const char *p = in->data + in->begin, *stop = in->data + in->lines_end;
        const int64_t first = i;
        bool no_memory = false;
        while (i < most && i < x->rows_room && p < stop) {
            const char *next = parse_row(x, p, s, i, &no_memory);
            if (next == NULL) break;
            p = next;
            i++;
        }
        const bool refused = i < most && i < x->rows_room && p < stop;
        in->begin = (size_t)(p - in->data);
        in->line += i - first;
        if (no_memory) return io_no_memory(problem);
        if (refused) return diagnose_row(r, p, in->line, i, n, problem);
    }
    s->n = n;
    return MTX_OK;
}

static mtx_status store_columns(xyz *x, mtx_structure *s, mtx_problem *problem)
{
    for (int32_t k = 0; k < x->n_fields; k++) {
        const field *f = &x->fields[k];
        if (f->kind < FIELD_REAL || f->kind == FIELD_SKIP) continue;
        const mtx_column_type type = f->kind == FIELD_REAL ? MTX_COL_REAL : f->kind == FIELD_INT ? MTX_COL_INT
                                   : f->kind == FIELD_BOOL ? MTX_COL_BOOL : MTX_COL_TEXT;
        mtx_column *c = mtx_structure_add_column(s, f->name, type, f->width);
        if (c == NULL) return io_no_memory(problem);
        const size_t count = (size_t)s->n * (size_t)f->width;
        if (type != MTX_COL_TEXT) {
            if (count > 0) memcpy(c->real, f->values, count * sizeof *c->real);
            continue;
        }
        const char *text = f->chars;
        for (size_t j = 0; j < count; j++) {
            const size_t length = strlen(text);
            c->text[j] = io_text(text, length);
            if (c->text[j] == NULL) return io_no_memory(problem);
            text += length + 1;
        }
    }
    return MTX_OK;
}

/* Passes over lines until one may start a frame. */
static void find_next_frame(mtx_reader *r)
{
    io_stream *in = &r->stream;
    char *line;
    size_t length;
    mtx_problem ignored;
    while (io_stream_lines(in, &ignored) == MTX_OK && !is_count_line(in->data + in->begin)) {
        io_stream_line(in, &line, &length, &ignored);
    }
}

static bool blank_line(const char *p)
{
    while ((unsigned char)*p <= ' ' && *p != '\n') p++;
    return *p == '\n';
}

/* A frame with more atom lines than it counts is found here; any other text between frames is the next
 * one's fault. */
static mtx_status look_behind(mtx_reader *r, int64_t n, mtx_problem *problem)
{
    xyz *x = r->state;
    io_stream *in = &r->stream;
    mtx_status status;
    while ((status = io_stream_lines(in, &x->pending_problem)) == MTX_OK &&
           blank_line(in->data + in->begin)) {
        char *line;
        size_t length;
        io_stream_line(in, &line, &length, problem);
    }
    if (status == MTX_END) return MTX_OK;
    if (status != MTX_OK) {                /* this frame is whole; the next call tells */
        x->pending = true;
        x->pending_status = status;
        return MTX_OK;
    }
    const char *p = in->data + in->begin;
    const look found = look_at_row(x, p);
    if (is_count_line(p) || !found.enough || found.misfit != NULL) return MTX_OK;
    io_problem(r, problem, MTX_EFORMAT, "E0607", in->line, -1,
               "the count line says %lld atoms, but the frame goes on with %s", (long long)n,
               io_quote(p, strcspn(p, "\r\n")).text);
    rt_problem_help(problem, "the next frame must begin with its number of atoms");
    return MTX_EFORMAT;
}

/* The number of atoms; blank lines before it are passed over. */
static mtx_status read_count(mtx_reader *r, int64_t *n, mtx_problem *problem)
{
    io_stream *in = &r->stream;
    char *line;
    size_t length;
    do {
        const mtx_status status = io_stream_line(in, &line, &length, problem);
        if (status != MTX_OK) return status;
    } while (strspn(line, " \t") >= length);
    const char *p = skip_blanks(line), *end = token_end(p);
    const char *after = skip_blanks(end);
    if (after >= line + length && number_parse_int64(p, end, n) && *n >= 0 && *n <= INT32_MAX) return MTX_OK;
    io_problem(r, problem, MTX_EFORMAT, "E0605", in->line - 1, -1, "expected the number of atoms, found %s",
               io_quote(line, length).text);
    rt_problem_help(problem,
                    "the first line of a frame is an integer, the number of atom lines after the second");
    return MTX_EFORMAT;
}

static mtx_status read_frame(mtx_reader *r, mtx_structure *s, mtx_problem *problem)
{
    io_stream *in = &r->stream;
    char *line;
    size_t length;
    int64_t n = 0;
    mtx_status status = read_count(r, &n, problem);
    if (status != MTX_OK) return status;
    const int64_t at = in->line - 1;
    status = io_stream_line(in, &line, &length, problem);
    if (status == MTX_END) {
        return io_problem(r, problem, MTX_EFORMAT, "E0606", at, -1,
                          "the file ends after the number of atoms");
    }
    if (status == MTX_OK) status = xyz_read_head(r, s, line, length, at + 1, problem);
    if (status == MTX_OK) status = read_atoms(r, s, n, problem);
    if (status == MTX_OK) status = store_columns(r->state, s, problem);
    if (status == MTX_OK) status = look_behind(r, n, problem);
    s->line = at;
    return status;
}

static mtx_status xyz_next(mtx_reader *r, mtx_structure *s, mtx_problem *problem)
{
    xyz *x = r->state;
    if (x->pending) {
        x->pending = false;
        *problem = x->pending_problem;
        return x->pending_status;
    }
    const mtx_status status = read_frame(r, s, problem);
    if (status == MTX_EFORMAT || status == MTX_EDATA) {
        if (problem->frame < 0) problem->frame = r->frame;
        find_next_frame(r);
    }
    return status;
}

static mtx_status xyz_open(mtx_reader *r, mtx_problem *problem)
{
    r->state = calloc(1, sizeof(xyz));
    return r->state != NULL ? MTX_OK : io_no_memory(problem);
}

static void xyz_close(mtx_reader *r)
{
    xyz *x = r->state;
    if (x == NULL) return;
    xyz_drop_layout(x);
    io_keyval_free(&x->pairs);
    free(x);
}

/* A first line that is an integer. */
static bool xyz_recognise(const char *text, size_t length)
{
    const char *newline = memchr(text, '\n', length);
    return newline != NULL && is_count_line(text);
}

const io_format io_format_extxyz = {.name = "extxyz",
                                    .names = "|extxyz|xyz|exyz|",
                                    .recognise = xyz_recognise,
                                    .open = xyz_open,
                                    .next = xyz_next,
                                    .close = xyz_close};
