/* SPDX-License-Identifier: Apache-2.0
 *
 * setir_token.c: the pieces of the text of the set IR. In: the rest of a line. Out: numbers, names, ids, types, units, with
 * the line moved on; or a message, one a line. Not here: what a line says (setir_read.c).
 */
#include "setir_token.h"

#include "unicode.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------------------------------- tokens */

span token_here(const reader *r)
{
    uint32_t at = (uint32_t)(r->p - r->src->text), stop = (uint32_t)(r->end - r->src->text);
    return (span){r->src, at, at < stop ? at + 1 : at};
}

void token_expected(reader *r, const char *what)
{
    if (!r->bad && r->errors++ < READ_ERRORS) diag_report(r->sink, D_IR_SYNTAX, token_here(r), what);
    r->bad = true;
}

void token_undefined(reader *r, const char *prefix, int64_t id, const char *where)
{
    if (!r->bad && r->errors++ < READ_ERRORS)
        diag_report(r->sink, D_IR_REFERENCE, token_here(r), prefix, (long long)id, where);
    r->bad = true;
}

void token_blanks(reader *r)
{
    while (r->p < r->end && (*r->p == ' ' || *r->p == '\t' || *r->p == '\r')) r->p++;
}

bool token_at_end(reader *r)
{
    token_blanks(r);
    return r->p == r->end;
}

bool token_word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

/* the sign or whole word `s`, when it comes next */
bool token_accept(reader *r, const char *s)
{
    token_blanks(r);
    size_t n = strlen(s);
    if ((size_t)(r->end - r->p) < n || memcmp(r->p, s, n) != 0) return false;
    if (token_word_char(s[n - 1]) && r->p + n < r->end && token_word_char(r->p[n])) return false;
    r->p += n;
    return true;
}

void token_need(reader *r, const char *s)
{
    if (!token_accept(r, s)) token_expected(r, s);
}

/* which of the words (up to NULL) comes next, -1: none */
int token_one_of(reader *r, const char *const *words)
{
    for (int k = 0; words[k]; k++)
        if (token_accept(r, words[k])) return k;
    return -1;
}

bool token_is_digit(reader *r)
{
    token_blanks(r);
    const char *p = r->p + (r->p < r->end && *r->p == '-');
    return p < r->end && *p >= '0' && *p <= '9';
}

int64_t token_integer(reader *r, int64_t lo, int64_t hi)
{
    if (!token_is_digit(r)) {
        token_expected(r, "a whole number");
        return lo;
    }
    bool negative = *r->p == '-';
    const char *start = r->p;
    int64_t x = 0;
    for (r->p += negative; r->p < r->end && *r->p >= '0' && *r->p <= '9'; r->p++)
        if (x < INT64_MAX / 20) x = x * 10 + (*r->p - '0');
    x = negative ? -x : x;
    if (x < lo || x > hi) {
        r->p = start;
        token_expected(r, "a whole number in range");
        return lo;
    }
    return x;
}

double token_number(reader *r)
{
    token_blanks(r);
    char s[64];
    size_t n = 0;
    const char *p = r->p;
    while (p < r->end && n < sizeof s - 1 && (token_word_char(*p) || *p == '-' || *p == '+')) s[n++] = *p++;
    s[n] = '\0';
    char *point = strchr(s, '.');
    if (point) *point = localeconv()->decimal_point[0];
    char *stop = s;
    double x = strtod(s, &stop);
    if (n == 0 || *stop)
        token_expected(r, "a number");
    else
        r->p = p;
    return x;
}

static uint32_t hex4(reader *r)
{
    uint32_t x = 0;
    for (int k = 0; k < 4; k++, r->p++) {
        char c = r->p < r->end ? *r->p : 0;
        if (c >= '0' && c <= '9')
            x = x * 16 + (uint32_t)(c - '0');
        else if ((c | 32) >= 'a' && (c | 32) <= 'f')
            x = x * 16 + (uint32_t)((c | 32) - 'a' + 10);
        else
            return token_expected(r, "four hexadecimal digits"), 0;
    }
    return x;
}

/* one escape after the backslash, as UTF-8 */
static size_t escape(reader *r, char *to)
{
    char c = r->p < r->end ? *r->p++ : 0;
    if (c != 'u') {
        *to = c == 'n' ? '\n' : c == 't' ? '\t' : c;
        if (c == 0 || !strchr("nt\"\\", c)) token_expected(r, "an escape");
        return 1;
    }
    uint32_t x = hex4(r);
    if (x == 0 || (x >= 0xd800 && x < 0xe000)) token_expected(r, "a character other than NUL");
    return unicode_write(x, to);
}

name token_string(reader *r)
{
    token_blanks(r);
    if (r->p == r->end || *r->p != '"') return token_expected(r, "a string"), NULL;
    r->p++;
    char *s = arena_alloc(r->program->memory, (size_t)(r->end - r->p) + 4);
    size_t n = 0;
    while (r->p < r->end && *r->p != '"' && !r->bad) {
        size_t length;
        unicode_read(r->p, (size_t)(r->end - r->p), &length);
        if (length == 0) token_expected(r, "UTF-8 text");
        if (*r->p == '\\') {
            r->p++;
            n += escape(r, s + n);
            continue;
        }
        memcpy(s + n, r->p, length);
        n += length;
        r->p += length;
    }
    if (!token_accept(r, "\"")) token_expected(r, "the end of the string");
    return intern_n(r->names, s, n);
}

/* an optional string, after an optional word */
name token_optional_string(reader *r, const char *word)
{
    if (word && !token_accept(r, word)) return NULL;
    token_blanks(r);
    return word || (r->p < r->end && *r->p == '"') ? token_string(r) : NULL;
}

/* PREFIXn with n < limit */
uint32_t token_id(reader *r, const char *prefix, uint32_t limit)
{
    token_blanks(r);
    size_t n = strlen(prefix);
    if ((size_t)(r->end - r->p) <= n || memcmp(r->p, prefix, n) != 0 || r->p[n] < '0' || r->p[n] > '9') {
        char *what = arena_printf(r->program->memory, "%s and a number", *prefix ? prefix : "an id");
        return token_expected(r, what), 0;
    }
    const char *start = r->p;
    r->p += n;
    int64_t id = token_integer(r, 0, INT64_MAX);
    if (!r->bad && id >= limit) {
        r->p = start;
        token_undefined(r, prefix, id, "here");
    }
    return r->bad ? 0 : (uint32_t)id;
}

uint32_t token_optional_id(reader *r, const char *word, const char *prefix, uint32_t limit)
{
    return token_accept(r, word) ? token_id(r, prefix, limit) : SETIR_NONE;
}

bool token_is_id(reader *r, const char *prefix)
{
    token_blanks(r);
    size_t n = strlen(prefix);
    return (size_t)(r->end - r->p) > n && memcmp(r->p, prefix, n) == 0 && r->p[n] >= '0' && r->p[n] <= '9';
}

elem token_elem(reader *r)
{
    elem e = elem_real(0);
    if (token_accept(r, "bool")) return elem_bool();
    if (token_accept(r, "species")) return elem_species();
    if (token_accept(r, "index")) {
        token_need(r, "(");
        e = elem_index(token_id(r, "S", UINT32_MAX));
        token_need(r, ")");
        return e;
    }
    token_need(r, "real");
    if (token_accept(r, "(")) {
        e.rank = (uint8_t)token_integer(r, 0, 2);
        token_need(r, ")");
    }
    if (token_accept(r, "^")) e.channels = (uint16_t)token_integer(r, 1, UINT16_MAX);
    if (e.channels && token_is_id(r, "L")) {
        e.irreps = (uint16_t)token_id(r, "L", r->program->irreps.n + 1);
        if (e.irreps == 0 && !r->bad) token_expected(r, "irreps, numbered from 1");
    }
    return e;
}

static rational power_read(reader *r)
{
    if (!token_accept(r, "^")) return (rational){1, 1};
    bool ratio = token_accept(r, "(");
    int64_t num = token_integer(r, -1000000, 1000000), den = 1;
    if (ratio) {
        token_need(r, "/");
        den = token_integer(r, 1, 1000000);
        token_need(r, ")");
    }
    return rational_new(num, den);
}

unit token_unit(reader *r)
{
    unit u = unit_none();
    token_need(r, "[");
    bool divide = false;
    for (bool first = true; !r->bad; first = false) {
        if (!(first && token_accept(r, "1"))) {
            int k = -1;
            for (int j = 0; j < UNIT_COUNT && k < 0; j++)
                if (token_accept(r, unit_name[j])) k = j;
            if (k < 0) return token_expected(r, "a base unit"), u;
            rational power = power_read(r);
            u.power[k] = rational_add(u.power[k], divide ? rational_mul(power, (rational){-1, 1}) : power);
        }
        if (token_accept(r, "]")) return u;
        divide = token_accept(r, "/");
        if (!divide) token_need(r, "*");
    }
    return u;
}
