/* SPDX-License-Identifier: Apache-2.0
 *
 * io_json.c: files of JSON records, read one record at a time whatever holds them: a list, one object,
 * objects one after the other (JSON lines), or the object of an ASE database ({"1": {..}, "2": {..}, "ids":
 * ..}). In: the stream; out: structures by way of io_pymatgen.c and io_ase.c. The extent of a record is found
 * by its brackets, then jansson parses it, so memory holds one record and a record that is wrong does not
 * hide the next. Also here: what the two formats share, from JSON values to columns.
 */
#define _POSIX_C_SOURCE 200809L
#include "io.h"

#ifndef MTX_HAVE_JANSSON

static mtx_status json_open(mtx_reader *r, mtx_problem *problem)
{
    io_problem(r, problem, MTX_EUNSUPPORTED, "E0603", -1, -1, "this build of mtx cannot read JSON");
    rt_problem_help(problem, "install jansson (libjansson-dev) and build again");
    return MTX_EUNSUPPORTED;
}

static mtx_status json_next(mtx_reader *r, mtx_structure *s, mtx_problem *problem)
{
    (void)s;
    return json_open(r, problem);
}

static void json_close(mtx_reader *r)
{
    (void)r;
}

#else

#include "io_json.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>

/* -------------------------------------------------------------------------------------- values to numbers */

mtx_status json_problem(json_place at, mtx_problem *problem, mtx_status status, const char *code,
                        const char *field, int64_t atom, const char *format, ...)
{
    char text[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    io_problem(at.r, problem, status, code, at.line, atom, "%s", text);
    if (field != NULL) io_problem_field(problem, field, strlen(field));
    return status;
}

json_t *json_unwrap(json_t *value)
{
    json_t *inner = json_object_get(value, "array");
    if (inner != NULL) value = inner;
    json_t *parts = json_object_get(value, "__ndarray__");
    return json_array_size(parts) == 3 ? json_array_get(parts, 2) : value;
}

int64_t json_count_numbers(json_t *value)
{
    if (json_is_number(value)) return 1;
    if (!json_is_array(value)) return -1;
    int64_t count = 0;
    for (size_t k = 0; k < json_array_size(value); k++) {
        const int64_t inner = json_count_numbers(json_array_get(value, k));
        if (inner < 0) return -1;
        count += inner;
    }
    return count;
}

static double *copy_numbers(json_t *value, double *to)
{
    if (json_is_number(value)) {
        *to = json_number_value(value);
        return to + 1;
    }
    for (size_t k = 0; k < json_array_size(value); k++) to = copy_numbers(json_array_get(value, k), to);
    return to;
}

mtx_status json_numbers(json_place at, json_t *value, double *to, int64_t count, const char *field,
                        int64_t atom, mtx_problem *problem)
{
    if (value == NULL || json_is_null(value)) {
        return json_problem(at, problem, MTX_EFORMAT, "E0620", field, atom, "`%s` is missing", field);
    }
    value = json_unwrap(value);
    const int64_t found = json_count_numbers(value);
    if (found < 0) {
        return json_problem(at, problem, MTX_EFORMAT, "E0611", field, atom,
                            "`%s` holds something other than numbers", field);
    }
    if (found != count) {
        return json_problem(at, problem, MTX_EDATA, "E0618", field, atom,
                            "`%s` has %lld numbers, expected %lld", field, (long long)found,
                            (long long)count);
    }
    copy_numbers(value, to);
    return MTX_OK;
}

mtx_status json_pbc(json_place at, json_t *value, uint8_t pbc[3], mtx_problem *problem)
{
    value = json_unwrap(value);
    if (json_is_boolean(value)) {
        memset(pbc, json_is_true(value), 3);
        return MTX_OK;
    }
    for (size_t k = 0; k < 3; k++) {
        json_t *item = json_array_get(value, k);
        const bool number = json_is_number(item);
        if (json_array_size(value) != 3 || (!json_is_boolean(item) && !number)) {
            return json_problem(at, problem, MTX_EFORMAT, "E0614", "pbc", -1,
                                "`pbc` is not three truth values");
        }
        pbc[k] = number ? json_number_value(item) != 0.0 : json_is_true(item);
    }
    return MTX_OK;
}

/* -------------------------------------------------------------------------------------- values to columns */

/* What all leaves of a value are; false when they are not of one kind that a column can hold, or there
 * are none. */
static bool leaf_type(json_t *value, mtx_column_type *type, int32_t *count)
{
    if (json_is_array(value)) {
        for (size_t k = 0; k < json_array_size(value); k++) {
            if (!leaf_type(json_array_get(value, k), type, count)) return false;
        }
        return *count > 0;
    }
    mtx_column_type mine;
    const json_int_t whole = json_integer_value(value);
    if (json_is_integer(value)) mine = llabs(whole) <= (1LL << 53) ? MTX_COL_INT : MTX_COL_TEXT;
    else if (json_is_real(value)) mine = MTX_COL_REAL;
    else if (json_is_boolean(value)) mine = MTX_COL_BOOL;
    else if (json_is_string(value)) mine = MTX_COL_TEXT;
    else return false;
    const bool numbers = mine <= MTX_COL_INT && *type <= MTX_COL_INT;
    if (*count == 0) *type = mine;
    else if (numbers && mine != *type) *type = MTX_COL_REAL;
    else if (mine != *type) return false;
    return ++*count < INT32_MAX;
}

/* Leaves from cell `at` on; the next cell, or -1: memory exhausted. */
static int64_t fill_cells(mtx_column *c, int64_t at, json_t *value)
{
    if (json_is_array(value)) {
        for (size_t k = 0; k < json_array_size(value) && at >= 0; k++)
            at = fill_cells(c, at, json_array_get(value, k));
        return at;
    }
    if (c->type != MTX_COL_TEXT) {
        c->real[at] = json_is_boolean(value) ? json_is_true(value) : json_number_value(value);
        return at + 1;
    }
    char digits[32];
    snprintf(digits, sizeof digits, "%lld", (long long)json_integer_value(value));
    const char *text = json_is_string(value) ? json_string_value(value) : digits;
    c->text[at] = io_text(text, strlen(text));
    return c->text[at] != NULL ? at + 1 : -1;
}

mtx_status json_keep_info(json_place at, mtx_structure *s, const char *name, json_t *value,
                          mtx_problem *problem)
{
    mtx_column_type type = MTX_COL_REAL;
    int32_t count = 0;
    value = json_unwrap(value);
    if (!io_keeps(at.r, name, strlen(name), false) || !leaf_type(value, &type, &count)) return MTX_OK;
    mtx_column *c = mtx_structure_add_info(s, name, type, count);
    return c != NULL && fill_cells(c, 0, value) >= 0 ? MTX_OK : io_no_memory(problem);
}

mtx_status json_keep_column(json_place at, mtx_structure *s, const char *name, json_t *const *values,
                            mtx_problem *problem)
{
    if (!io_keeps(at.r, name, strlen(name), true)) return MTX_OK;
    mtx_column_type type = MTX_COL_REAL;
    int32_t all = 0;
    for (int64_t i = 0; i < s->n; i++) {
        const int32_t before = all;
        const int32_t width = i > 0 ? all / (int32_t)i : 0;
        const bool fits = values[i] != NULL && leaf_type(json_unwrap(values[i]), &type, &all);
        if (fits && (i == 0 || all - before == width)) continue;
        if (io_wanted(at.r, name, strlen(name), true) == NULL) return MTX_OK;
        return json_problem(at, problem, MTX_EDATA, "E0618", name, i,
                            "property `%s` is missing or unlike the others'", name);
    }
    if (s->n == 0) return MTX_OK;
    mtx_column *c = mtx_structure_add_column(s, name, type, all / (int32_t)s->n);
    int64_t cell = c != NULL ? 0 : -1;
    for (int64_t i = 0; i < s->n && cell >= 0; i++) cell = fill_cells(c, cell, json_unwrap(values[i]));
    return cell >= 0 ? MTX_OK : io_no_memory(problem);
}

/* ------------------------------------------------------------------------------------------------ records */

typedef enum json_shape { SHAPE_UNKNOWN, SHAPE_LIST, SHAPE_OBJECTS, SHAPE_DATABASE, SHAPE_DONE } json_shape;

typedef struct json_state {
    json_shape shape;
    bool       first;                      /* no record of the list or database yet                */
} json_state;

static mtx_status syntax(mtx_reader *r, mtx_problem *problem, const char *expected)
{
    const io_stream *in = &r->stream;
    const char *p = in->data + in->begin;
    size_t length = in->end - in->begin;
    if (length > 40) length = 40;
    if (length == 0) {
        return io_problem(r, problem, MTX_EFORMAT, "E0620", in->line, -1, "expected %s, the file ends",
                          expected);
    }
    return io_problem(r, problem, MTX_EFORMAT, "E0620", in->line, -1, "expected %s, found %s", expected,
                      io_quote(p, length).text);
}

/* The next byte that is no blank, not consumed; 0 at the end. */
static mtx_status peek(mtx_reader *r, char *c, mtx_problem *problem)
{
    io_stream *in = &r->stream;
    for (;;) {
        for (; in->begin < in->end; in->begin++) {
            *c = in->data[in->begin];
            if (*c == '\n') in->line++;
            if (*c != ' ' && *c != '\t' && *c != '\n' && *c != '\r') return MTX_OK;
        }
        const mtx_status status = io_stream_fill(in, IO_RECORD_LIMIT, problem);
        *c = '\0';
        if (status != MTX_OK) return status == MTX_END ? MTX_OK : status;
    }
}

/* Scanner for the end of one JSON value; kept between fills. */
typedef struct extent {
    size_t   at;
    int      depth;
    uint64_t lists;                        /* bit d: bracket d is `[`, for the outermost 64         */
    bool     quoted, escaped, done;
} extent;

/* A closing bracket also closes those inside that are still open, so that a record that lacks one ends
 * where it ought. */
static void close_bracket(extent *e, char c)
{
    if (e->depth <= 64) {
        int d = e->depth - 1;
        while (d >= 0 && (e->lists >> d & 1) != (c == ']')) d--;
        if (d >= 0) e->depth = d + 1;
    }
    e->depth--;
}

static void open_bracket(extent *e, char c)
{
    if (e->depth < 64) {
        const uint64_t bit = UINT64_C(1) << e->depth;
        e->lists = c == '[' ? e->lists | bit : e->lists & ~bit;
    }
    e->depth++;
}

/* One character outside of strings; true when the value ends behind it. */
static bool scan_bracket(extent *e, char c)
{
    if (c == '{' || c == '[') {
        open_bracket(e, c);
    } else if ((c == '}' || c == ']') && e->depth > 0) {
        close_bracket(e, c);
        return e->depth == 0;
    }
    return false;
}

static void scan_extent(extent *e, const char *text, size_t length)
{
    for (; e->at < length && !e->done; e->at++) {
        const char c = text[e->at];
        if (e->quoted) {
            if (e->escaped) e->escaped = false;
            else if (c == '\\') e->escaped = true;
            else if (c == '"') {
                e->quoted = false;
                e->done = e->depth == 0;
            }
        } else if (c == '"') {
            e->quoted = true;
        } else if (e->depth == 0 && strchr(",]}: \t\r\n", c) != NULL) { /* a number or word ends before it */
            e->done = true;
            return;
        } else {
            e->done = scan_bracket(e, c);
        }
    }
}

/* Takes one value of the stream; *value is NULL after a syntax error inside it, and the stream is behind
 * it. */
static mtx_status take_value(mtx_reader *r, json_t **value, int64_t *line, mtx_problem *problem)
{
    io_stream *in = &r->stream;
    extent e = {0};
    char first;
    *value = NULL;
    mtx_status status = peek(r, &first, problem);
    if (status != MTX_OK) return status;
    *line = in->line;
    for (;;) {
        scan_extent(&e, in->data + in->begin, in->end - in->begin);
        if (e.done) break;
        status = io_stream_fill(in, IO_RECORD_LIMIT, problem);
        if (status == MTX_END) break;
        if (status != MTX_OK) return status;
    }
    const char *text = in->data + in->begin;
    json_error_t error;
    *value = json_loadb(text, e.at, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);
    for (const char *p = text; (p = memchr(p, '\n', (size_t)(text + e.at - p))) != NULL; p++) in->line++;
    in->begin += e.at;
    if (*value != NULL) return MTX_OK;
    const bool word = strstr(error.text, "NaN") != NULL || strstr(error.text, "Infinity") != NULL;
    status = io_problem(r, problem, word ? MTX_EDATA : MTX_EFORMAT, word ? "E0612" : "E0620",
                        *line + error.line - 1, -1, "%s%.200s", word ? "not a finite number: " : "",
                        error.text);
    return status;
}

/* Decides what holds the records, and moves behind its opening bracket. */
static mtx_status find_shape(mtx_reader *r, json_state *j, mtx_problem *problem)
{
    io_stream *in = &r->stream;
    char c;
    mtx_status status = peek(r, &c, problem);
    if (status != MTX_OK) return status;
    j->first = true;
    if (c == '[') {
        j->shape = SHAPE_LIST;
        in->begin++;
        return MTX_OK;
    }
    if (c != '{') return syntax(r, problem, "a JSON object or list");
    j->shape = SHAPE_OBJECTS;
    /* an ASE database has row numbers for keys, and a few keys of its own */
    const char *p = in->data + in->begin + 1;
    while (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r') p++;
    if (*p == '"' && ((p[1] >= '0' && p[1] <= '9') || strncmp(p, "\"ids\"", 5) == 0
                      || strncmp(p, "\"metadata\"", 10) == 0 || strncmp(p, "\"nextid\"", 8) == 0)) {
        j->shape = SHAPE_DATABASE;
        in->begin++;
    }
    return MTX_OK;
}

/* Between two elements of a list or an object: a comma, or the end. MTX_END at the closing bracket. */
static mtx_status separator(mtx_reader *r, json_state *j, char close, mtx_problem *problem)
{
    char c;
    mtx_status status = peek(r, &c, problem);
    if (status != MTX_OK) return status;
    const bool first = j->first;
    j->first = false;
    if (c == close) {
        r->stream.begin++;
        j->shape = SHAPE_DONE;
        return MTX_END;
    }
    if (first) return MTX_OK;
    if (c != ',') {
        status = syntax(r, problem, close == ']' ? "`,` or `]`" : "`,` or `}`");
        j->shape = SHAPE_DONE;             /* no telling where the next record would be */
        r->stream.begin = r->stream.end;
        return status;
    }
    r->stream.begin++;
    return MTX_OK;
}

/* Nothing but blanks may follow the list or database. */
static mtx_status finish(mtx_reader *r, mtx_problem *problem)
{
    char c;
    mtx_status status = peek(r, &c, problem);
    if (status != MTX_OK || c == '\0') return status != MTX_OK ? status : MTX_END;
    status = syntax(r, problem, "the end of the file");
    mtx_status rest;
    do {
        r->stream.begin = r->stream.end;
        rest = io_stream_fill(&r->stream, IO_RECORD_LIMIT, NULL);
    } while (rest == MTX_OK);
    return status;
}

static mtx_status read_record(json_place at, const char *key, json_t *record, mtx_structure *s,
                              mtx_problem *problem)
{
    if (key != NULL) return json_read_ase(at, key, record, s, problem);
    if (json_is_pymatgen(record)) return json_read_pymatgen(at, record, s, problem);
    if (json_object_get(record, "numbers") != NULL && json_object_get(record, "positions") != NULL) {
        return json_read_ase(at, NULL, record, s, problem);
    }
    json_problem(at, problem, MTX_EFORMAT, "E0620", NULL, -1, "this JSON value is no structure");
    rt_problem_help(problem,
                    "expected pymatgen's Structure.as_dict (with `lattice` and `sites`), or an ASE database");
    return MTX_EFORMAT;
}

/* The next row of an ASE database: "7": {...}; other keys are passed over. *key: 24 bytes. */
static mtx_status take_row(mtx_reader *r, json_state *j, char *key, json_t **record, int64_t *line,
                           mtx_problem *problem)
{
    for (;;) {
        mtx_status status = separator(r, j, '}', problem);
        if (status != MTX_OK) return status;
        json_t *name = NULL;
        status = take_value(r, &name, line, problem);
        char c = '\0';
        if (status == MTX_OK) status = peek(r, &c, problem);
        if (status == MTX_OK && (!json_is_string(name) || c != ':')) {
            json_decref(name);
            return syntax(r, problem, "`\"key\": value`");
        }
        if (status != MTX_OK) {
            json_decref(name);
            return status;
        }
        r->stream.begin++;
        snprintf(key, 24, "%s", json_string_value(name));
        json_decref(name);
        status = take_value(r, record, line, problem);
        if (status != MTX_OK) return status;
        if (key[0] >= '0' && key[0] <= '9') return MTX_OK;
        json_decref(*record);
        *record = NULL;
    }
}

static mtx_status take_record(mtx_reader *r, json_state *j, char *key, json_t **record, int64_t *line,
                              mtx_problem *problem)
{
    mtx_status status = MTX_OK;
    char c;
    switch (j->shape) {
    case SHAPE_UNKNOWN: return MTX_EINVAL;
    case SHAPE_LIST:
        status = separator(r, j, ']', problem);
        return status == MTX_OK ? take_value(r, record, line, problem) : status;
    case SHAPE_OBJECTS:
        status = peek(r, &c, problem);
        if (status == MTX_OK && c == '\0') return MTX_END;
        if (status == MTX_OK && c == ',') r->stream.begin++; /* some write objects with commas between */
        return status == MTX_OK ? take_value(r, record, line, problem) : status;
    case SHAPE_DATABASE: return take_row(r, j, key, record, line, problem);
    case SHAPE_DONE: return MTX_END;
    }
    return MTX_EINVAL;
}

static mtx_status json_next(mtx_reader *r, mtx_structure *s, mtx_problem *problem)
{
    json_state *j = r->state;
    mtx_status status = MTX_OK;
    if (j->shape == SHAPE_UNKNOWN) status = find_shape(r, j, problem);
    if (status != MTX_OK) {
        j->shape = SHAPE_DONE;
        r->stream.begin = r->stream.end;
        return status;
    }
    char key[24];
    json_t *record = NULL;
    int64_t line = -1;
    const size_t before = r->stream.begin;
    status = take_record(r, j, key, &record, &line, problem);
    if (status == MTX_END && j->shape == SHAPE_DONE) return finish(r, problem);
    if (status == MTX_EFORMAT && r->stream.begin == before && r->stream.begin < r->stream.end) {
        r->stream.begin++; /* always some progress, so that a reader that goes on comes to an end */
    }
    if (status != MTX_OK) return status;
    const json_place at = {r, line};
    status = read_record(at, j->shape == SHAPE_DATABASE ? key : NULL, record, s, problem);
    s->line = line;
    json_decref(record);
    return status;
}

static mtx_status json_open(mtx_reader *r, mtx_problem *problem)
{
    r->state = calloc(1, sizeof(json_state));
    return r->state != NULL ? MTX_OK : io_no_memory(problem);
}

static void json_close(mtx_reader *r)
{
    free(r->state);
}

#endif

/* An object or list: the first byte that is no blank says so. */
static bool json_recognise(const char *text, size_t length)
{
    size_t k = 0;
    while (k < length && (unsigned char)text[k] <= ' ') k++;
    return k < length && (text[k] == '{' || text[k] == '[');
}

const io_format io_format_json = {.name = "json",
                                  .names = "|json|jsonl|ndjson|pymatgen|",
                                  .recognise = json_recognise,
                                  .open = json_open,
                                  .next = json_next,
                                  .close = json_close};
