/* SPDX-License-Identifier: Apache-2.0
 *
 * io_keyval.c: grammar of key=value pairs in extended XYZ, as libAtoms defines it, with what ASE writes beside it:
 *
 *   pair    key [blanks] = [blanks] value        key: bare or "quoted"; a key alone is logical true (ASE)
 *   value   bare | "quoted" | 'quoted' (ASE) | {a b c} or {a, b} | [a, b] | [[a, b], [c, d]]
 *           "a b c" and a,b,c are arrays when all are numbers or all are logical; "_JSON [[..]]" is an array (ASE)
 *   escape  \n is a newline, a backslash before any other character means that character
 *   types   integer, real (d exponents too), logical (T F true True TRUE false False FALSE), text; the first that
 *           fits every value; a quoted item of an array makes it text; numbers have no leading zeros ("007" is text)
 *
 * A whole number beyond 2^53 and a real beyond the range of doubles stay text, so that no digit of an id is lost.
 */
#include "io_keyval.h"

#include <math.h>
#include <stdlib.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static void skip_blanks(io_keyval *k)
{
    while (k->p < k->end && is_blank(*k->p)) k->p++;
}

static mtx_status fail(io_keyval *k, const char *at, const char *what)
{
    k->p = at;
    snprintf(k->what, sizeof k->what, "%s", what);
    return MTX_EFORMAT;
}

static bool push_char(io_keyval *k, char c)
{
    if (k->chars_used == k->chars_room) {
        const size_t room = k->chars_room > 0 ? 2 * k->chars_room : 256;
        char *grown = realloc(k->chars, room);
        if (grown == NULL) return false;
        k->chars = grown;
        k->chars_room = room;
    }
    k->chars[k->chars_used++] = c;
    return true;
}

/* Opens an item; its characters follow by push_char, close_item ends it. */
static bool open_item(io_keyval *k, bool quoted)
{
    if (k->count == k->room) {
        const int32_t room = k->room > 0 ? 2 * k->room : 16;
        if (k->room > INT32_MAX / 4) return false;
        io_item *items = realloc(k->items, (size_t)room * sizeof *items);
        if (items != NULL) k->items = items;
        double *numbers = realloc(k->numbers, (size_t)room * sizeof *numbers);
        if (numbers != NULL) k->numbers = numbers;
        if (items == NULL || numbers == NULL) return false;
        k->room = room;
    }
    k->items[k->count++] = (io_item){.at = k->chars_used, .quoted = quoted};
    return true;
}

static bool close_item(io_keyval *k)
{
    io_item *item = &k->items[k->count - 1];
    item->length = k->chars_used - item->at;
    return push_char(k, '\0');
}

/* One escaped or plain character at p, appended; p moves behind it. */
static mtx_status take_char(io_keyval *k)
{
    char c = *k->p++;
    if (c == '\\') {
        if (k->p == k->end) return fail(k, k->p - 1, "a backslash at the end of the line escapes nothing");
        c = *k->p++;
        if (c == 'n') c = '\n';
    }
    return push_char(k, c) ? MTX_OK : MTX_ENOMEM;
}

/* Text up to the closing mark as one item. */
static mtx_status scan_quoted(io_keyval *k, char mark)
{
    const char *start = k->p++;
    if (!open_item(k, true)) return MTX_ENOMEM;
    while (k->p < k->end && *k->p != mark) {
        const mtx_status status = take_char(k);
        if (status != MTX_OK) return status;
    }
    if (k->p == k->end) return fail(k, start, "a quote is opened and not closed");
    k->p++;
    return close_item(k) ? MTX_OK : MTX_ENOMEM;
}

static bool ends_bare(char c, const char *stops)
{
    return is_blank(c) || strchr(stops, c) != NULL;
}

/* Characters up to a blank or one of `stops`. Quotes and brackets inside are refused: they would be ambiguous. */
static mtx_status scan_bare(io_keyval *k, const char *stops)
{
    const char *start = k->p;
    if (!open_item(k, false)) return MTX_ENOMEM;
    while (k->p < k->end && !ends_bare(*k->p, stops)) {
        if (strchr("\"{}[]", *k->p) != NULL && *k->p != '\0') {
            return fail(k, k->p, "a quote or bracket stands inside a word; quote the whole value");
        }
        const mtx_status status = take_char(k);
        if (status != MTX_OK) return status;
    }
    if (k->p == start) return fail(k, start, "a value is missing");
    return close_item(k) ? MTX_OK : MTX_ENOMEM;
}

/* ---------------------------------------------------------------------------------------------------------- types */

static bool is_true(const char *t)
{
    return strcmp(t, "T") == 0 || strcmp(t, "true") == 0 || strcmp(t, "True") == 0 || strcmp(t, "TRUE") == 0;
}

static bool is_false(const char *t)
{
    return strcmp(t, "F") == 0 || strcmp(t, "false") == 0 || strcmp(t, "False") == 0 || strcmp(t, "FALSE") == 0;
}

/* The type of one text, its value in *number. */
static mtx_column_type classify(const char *t, size_t length, double *number)
{
    if (strlen(t) != length || length == 0) return MTX_COL_TEXT;
    if (is_true(t) || is_false(t)) {
        *number = is_true(t);
        return MTX_COL_BOOL;
    }
    const char *digits = t + (*t == '-' || *t == '+');
    if (digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9') return MTX_COL_TEXT;
    const number_kind kind = number_classify(t, t + length);
    if (kind != NUMBER_INTEGER && kind != NUMBER_REAL) return MTX_COL_TEXT;
    if (number_parse_any(t, number) == NULL) return MTX_COL_TEXT;
    if (kind == NUMBER_REAL) return MTX_COL_REAL;
    return fabs(*number) <= 9007199254740992.0 ? MTX_COL_INT : MTX_COL_TEXT;
}

/* The first type that fits all items. */
static void assign_type(io_keyval *k)
{
    bool ints = true, reals = true, bools = true;
    for (int32_t i = 0; i < k->count; i++) {
        const io_item *item = &k->items[i];
        mtx_column_type type = MTX_COL_TEXT;
        if (!item->quoted) type = classify(k->chars + item->at, item->length, &k->numbers[i]);
        ints = ints && type == MTX_COL_INT;
        reals = reals && (type == MTX_COL_INT || type == MTX_COL_REAL);
        bools = bools && type == MTX_COL_BOOL;
    }
    k->type = k->count == 0 ? MTX_COL_TEXT : ints ? MTX_COL_INT : reals ? MTX_COL_REAL : bools ? MTX_COL_BOOL
            : MTX_COL_TEXT;
}

/* --------------------------------------------------------------------------------------------------------- arrays */

static mtx_status scan_element(io_keyval *k, const char *stops)
{
    return *k->p == '"' || *k->p == '\'' ? scan_quoted(k, *k->p) : scan_bare(k, stops);
}

/* Elements up to the closing bracket; p stands behind the opening one. blanks: they separate as commas do. */
static mtx_status scan_elements(io_keyval *k, char close, bool blanks)
{
    const char *opened = k->p - 1;
    const char stops[3] = {',', close, '\0'};
    for (bool first = true;; first = false) {
        skip_blanks(k);
        if (k->p < k->end && *k->p == close) {
            if (first) return fail(k, opened, "an array is empty");
            break;
        }
        if (!first && k->p < k->end && *k->p == ',') {
            k->p++;
            skip_blanks(k);
        } else if (!first && !blanks && k->p < k->end) {
            return fail(k, k->p, "array elements are separated by commas");
        }
        if (k->p == k->end) return fail(k, opened, "a bracket is opened and not closed");
        const mtx_status status = scan_element(k, stops);
        if (status != MTX_OK) return status;
    }
    k->p++;
    return MTX_OK;
}

/* [a, b] or [[a, b], [c, d]]; p at the first bracket. */
static mtx_status scan_array(io_keyval *k)
{
    const char *opened = k->p++;
    skip_blanks(k);
    if (k->p == k->end || *k->p != '[') return scan_elements(k, ']', false);
    int32_t width = -1;
    for (;;) {
        const int32_t before = k->count;
        if (k->p == k->end || *k->p != '[') return fail(k, k->p, "the rows of an array are arrays: [[1, 2], [3, 4]]");
        k->p++;
        const mtx_status status = scan_elements(k, ']', false);
        if (status != MTX_OK) return status;
        if (width >= 0 && k->count - before != width) return fail(k, opened, "the rows of an array differ in length");
        width = k->count - before;
        k->rows++;
        skip_blanks(k);
        if (k->p < k->end && *k->p == ']') break;
        if (k->p == k->end || *k->p != ',') return fail(k, opened, "a bracket is opened and not closed");
        k->p++;
        skip_blanks(k);
    }
    k->p++;
    return MTX_OK;
}

/* A quoted or comma-joined text whose parts are all numbers or all logical is an array of them; else it stays. */
static mtx_status split_text(io_keyval *k)
{
    const size_t used = k->chars_used;
    const io_item whole = k->items[0];
    size_t at = whole.at;
    const size_t end = whole.at + whole.length;
    k->count = 0;
    for (;;) {
        while (at < end && (is_blank(k->chars[at]) || k->chars[at] == ',')) at++;
        if (at == end) break;
        if (!open_item(k, false)) return MTX_ENOMEM;
        for (; at < end && !is_blank(k->chars[at]) && k->chars[at] != ','; at++) {
            if (!push_char(k, k->chars[at])) return MTX_ENOMEM;
        }
        if (!close_item(k)) return MTX_ENOMEM;
    }
    assign_type(k);
    if (k->type != MTX_COL_TEXT) return MTX_OK;
    k->chars_used = used;
    k->items[0] = whole;
    k->count = 1;
    return MTX_OK;
}

/* ASE writes what the grammar has no form for as "_JSON ..."; arrays of numbers and logical values are understood. */
static mtx_status scan_json_text(io_keyval *k)
{
    const io_item whole = k->items[0];
    const char *text = k->chars + whole.at;
    if (whole.length < 7 || memcmp(text, "_JSON [", 7) != 0) return MTX_OK;
    char *copy = io_text(text + 6, whole.length - 6);
    if (copy == NULL) return MTX_ENOMEM;
    io_keyval inner = {0};
    io_keyval_start(&inner, copy, whole.length - 6);
    mtx_status status = scan_array(&inner);
    if (status == MTX_OK) assign_type(&inner);
    if (status == MTX_OK && inner.type != MTX_COL_TEXT) {
        k->count = 0;
        for (int32_t i = 0; i < inner.count && status == MTX_OK; i++) {
            status = open_item(k, false) && close_item(k) ? MTX_OK : MTX_ENOMEM;
            if (status == MTX_OK) k->numbers[i] = inner.numbers[i];
        }
        k->type = inner.type;
        k->rows = inner.rows;
    }
    io_keyval_free(&inner);
    free(copy);
    return status == MTX_EFORMAT ? MTX_OK : status;
}

static mtx_status scan_value(io_keyval *k)
{
    const char first = *k->p;
    k->raw = k->p;
    mtx_status status;
    if (first == '[') {
        status = scan_array(k);
        if (status == MTX_OK) assign_type(k);
    } else if (first == '{') {
        k->p++;
        status = scan_elements(k, '}', true);
        if (status == MTX_OK) assign_type(k);
    } else {
        const bool quoted = first == '"' || first == '\'';
        status = quoted ? scan_quoted(k, first) : scan_bare(k, "");
        if (status == MTX_OK) status = split_text(k);
        if (status == MTX_OK && quoted && k->type == MTX_COL_TEXT) status = scan_json_text(k);
        if (quoted) k->raw++;
    }
    if (status != MTX_OK) return status;
    k->raw_length = (size_t)(k->p - k->raw) - (first == '"' || first == '\'');
    if (k->p < k->end && !is_blank(*k->p)) return fail(k, k->p, "a blank is missing after a value");
    return MTX_OK;
}

static mtx_status scan_key(io_keyval *k)
{
    const mtx_status status = *k->p == '"' || *k->p == '\'' ? scan_quoted(k, *k->p) : scan_bare(k, "=,");
    if (status == MTX_OK && k->p < k->end && *k->p == ',') return fail(k, k->p, "a key cannot hold a comma");
    return status;
}

void io_keyval_start(io_keyval *k, const char *line, size_t length)
{
    const io_keyval old = *k;
    *k = (io_keyval){.p = line, .end = line + length, .numbers = old.numbers, .items = old.items,
                     .chars = old.chars, .chars_room = old.chars_room, .room = old.room};
}

mtx_status io_keyval_next(io_keyval *k)
{
    k->chars_used = 0;
    k->count = k->rows = 0;
    skip_blanks(k);
    if (k->p == k->end) return MTX_END;
    mtx_status status = scan_key(k);
    if (status != MTX_OK) return status;
    const size_t key_length = k->items[0].length;
    const char *after_key = k->p;
    skip_blanks(k);
    k->bare = k->p == k->end || *k->p != '=';
    k->count = 0;
    if (k->bare) {
        k->p = after_key;
        if (!open_item(k, false) || !close_item(k)) return MTX_ENOMEM;
        k->numbers[0] = 1.0;
        k->type = MTX_COL_BOOL;
        k->raw = after_key;
        k->raw_length = 0;
    } else {
        k->assigned = true;
        k->p++;
        skip_blanks(k);
        if (k->p == k->end) return fail(k, k->p, "a value is missing");
        status = scan_value(k);
    }
    k->key = k->chars;
    k->key_length = key_length;
    return status;
}

const char *io_keyval_text(const io_keyval *k, int32_t item)
{
    return k->chars + k->items[item].at;
}

void io_keyval_free(io_keyval *k)
{
    free(k->numbers);
    free(k->items);
    free(k->chars);
    *k = (io_keyval){0};
}
