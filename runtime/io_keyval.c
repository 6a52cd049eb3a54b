/* SPDX-License-Identifier: Apache-2.0
 *
 * io_keyval.c: grammar of key=value pairs in extended XYZ, as libAtoms defines it, with what ASE writes
 * beside it:
 *
 *   pair    key [blanks] = [blanks] value        key: bare or "quoted"; a key alone is logical true (ASE)
 *   value   bare | "quoted" | 'quoted' (ASE) | {a b c} or {a, b} | [a, b] | [[a, b], [c, d]]
 *           "a b c" and a,b,c are arrays when all are numbers or all are logical; so is "_JSON [[..]]" (ASE)
 *   escape  \n is a newline, a backslash before any other character means that character
 *   types   integer, real (d exponents too), logical (T F true True TRUE false False FALSE), text; the first
 *           that fits every value; a quoted item of an array makes it text; numbers have no leading zeros
 *           ("007" is text)
 *
 * A whole number beyond 2^53 and a real beyond the range of doubles stay text, so that no digit of an id is
 * lost.
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

/* Behind the last character there are always KEYVAL_SLACK readable bytes, for number_parse. */
enum { KEYVAL_SLACK = 32 };

static bool push_chars(io_keyval *k, const char *text, size_t length)
{
    if (k->chars_room - k->chars_used < length + KEYVAL_SLACK) {
        const size_t room = 2 * k->chars_room + length + 256;
        char *grown = realloc(k->chars, room);
        if (grown == NULL) return false;
        memset(grown + k->chars_used, 0, room - k->chars_used);
        k->chars = grown;
        k->chars_room = room;
    }
    memcpy(k->chars + k->chars_used, text, length);
    k->chars_used += length;
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
    return push_chars(k, "", 1);
}

/* The escaped character at p; p moves behind it. */
static mtx_status take_escape(io_keyval *k)
{
    if (++k->p == k->end) return fail(k, k->p - 1, "a backslash at the end of the line escapes nothing");
    const char c = *k->p == 'n' ? '\n' : *k->p;
    k->p++;
    return push_chars(k, &c, 1) ? MTX_OK : MTX_ENOMEM;
}

/* Text up to the closing mark as one item. */
static mtx_status scan_quoted(io_keyval *k, char mark)
{
    const char *start = k->p++;
    if (!open_item(k, true)) return MTX_ENOMEM;
    for (;;) {
        const char *from = k->p;
        while (k->p < k->end && *k->p != mark && *k->p != '\\') k->p++;
        if (!push_chars(k, from, (size_t)(k->p - from))) return MTX_ENOMEM;
        if (k->p == k->end) return fail(k, start, "a quote is opened and not closed");
        if (*k->p == mark) break;
        const mtx_status status = take_escape(k);
        if (status != MTX_OK) return status;
    }
    k->p++;
    return close_item(k) ? MTX_OK : MTX_ENOMEM;
}

/* Characters up to a blank or one of the two stops (0: none). Quotes and brackets inside would be
 * ambiguous. */
static mtx_status scan_bare(io_keyval *k, char stop, char other)
{
    const char *start = k->p, *from = start;
    if (!open_item(k, false)) return MTX_ENOMEM;
    for (; k->p < k->end; k->p++) {
        const char c = *k->p;
        if (is_blank(c) || c == stop || c == other || c == '\0') break;
        if (c == '"' || c == '{' || c == '}' || c == '[' || c == ']') {
            return fail(k, k->p, "a quote or bracket stands inside a word; quote the whole value");
        }
        if (c != '\\') continue;
        if (!push_chars(k, from, (size_t)(k->p - from))) return MTX_ENOMEM;
        const mtx_status status = take_escape(k);
        if (status != MTX_OK) return status;
        from = k->p--;
    }
    if (k->p == start) return fail(k, start, "a value is missing");
    return push_chars(k, from, (size_t)(k->p - from)) && close_item(k) ? MTX_OK : MTX_ENOMEM;
}

/* -------------------------------------------------------------------------------------------------- types */

/* 1 true, 0 false, -1 neither. */
static int logical(const char *t, size_t length)
{
    if (length == 1) return *t == 'T' ? 1 : *t == 'F' ? 0 : -1;
    if (length == 4 && (memcmp(t, "true", 4) == 0 || memcmp(t, "True", 4) == 0 || memcmp(t, "TRUE", 4) == 0))
        return 1;
    if (length == 5 &&
        (memcmp(t, "false", 5) == 0 || memcmp(t, "False", 5) == 0 || memcmp(t, "FALSE", 5) == 0))
        return 0;
    return -1;
}

/* The type of a text that ends with a byte of no number, its value in *number. */
static mtx_column_type classify(const char *t, size_t length, double *number)
{
    if (length == 0) return MTX_COL_TEXT;
    const int truth = logical(t, length);
    if (truth >= 0) {
        *number = truth;
        return MTX_COL_BOOL;
    }
    const char *digits = t + (*t == '-' || *t == '+');
    if (digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9') return MTX_COL_TEXT;
    if (number_parse(t, number) != t + length) return MTX_COL_TEXT;
    size_t k = (size_t)(digits - t);
    while (k < length && t[k] >= '0' && t[k] <= '9') k++;
    if (k < length) return MTX_COL_REAL;
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

/* ------------------------------------------------------------------------------------------------- arrays */

static mtx_status scan_element(io_keyval *k, char close)
{
    return *k->p == '"' || *k->p == '\'' ? scan_quoted(k, *k->p) : scan_bare(k, ',', close);
}

/* Elements up to the closing bracket; p stands behind the opening one. blanks: they separate as commas do. */
static mtx_status scan_elements(io_keyval *k, char close, bool blanks)
{
    const char *opened = k->p - 1;
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
        const mtx_status status = scan_element(k, close);
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
        if (k->p == k->end || *k->p != '[')
            return fail(k, k->p, "the rows of an array are arrays: [[1, 2], [3, 4]]");
        k->p++;
        const mtx_status status = scan_elements(k, ']', false);
        if (status != MTX_OK) return status;
        if (width >= 0 && k->count - before != width)
            return fail(k, opened, "the rows of an array differ in length");
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

/* A quoted or comma-joined text whose parts are all numbers or all logical is an array of them; else it
 * stays. The parts are places in the text itself: what follows each, a blank, comma or zero byte, ends a
 * number. */
static mtx_status split_text(io_keyval *k)
{
    const io_item whole = k->items[0];
    size_t at = whole.at;
    const size_t end = whole.at + whole.length;
    k->count = 0;
    for (;;) {
        while (at < end && (is_blank(k->chars[at]) || k->chars[at] == ',')) at++;
        if (at == end) break;
        const size_t start = at;
        while (at < end && !is_blank(k->chars[at]) && k->chars[at] != ',') at++;
        if (!open_item(k, false)) return MTX_ENOMEM;
        k->items[k->count - 1] = (io_item){.at = start, .length = at - start};
        if (k->count == 1 && classify(k->chars + start, at - start, k->numbers) == MTX_COL_TEXT) break;
    }
    assign_type(k);
    if (k->type != MTX_COL_TEXT) return MTX_OK;
    k->items[0] = whole;
    k->count = 1;
    return MTX_OK;
}

/* ASE writes what the grammar has no form for as "_JSON ..."; arrays of numbers and logical values are
 * understood. */
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
        status = quoted ? scan_quoted(k, first) : scan_bare(k, 0, 0);
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
    const mtx_status status = *k->p == '"' || *k->p == '\'' ? scan_quoted(k, *k->p) : scan_bare(k, '=', ',');
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
    k->chars_used = k->key_length = 0;
    k->count = k->rows = 0;
    k->key = NULL;
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
        status = k->p == k->end ? fail(k, k->p, "a value is missing") : scan_value(k);
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
