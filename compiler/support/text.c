/* SPDX-License-Identifier: Apache-2.0
 *
 * text.c: strings that printers grow, JSON strings, and the nearest word for suggestions. Memory is
 * malloc's; running out sets `failed` and later additions do nothing, so printers need no checks.
 */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void text_init(text *t)
{
    *t = (text){0};
}

void text_free(text *t)
{
    free(t->s);
    *t = (text){0};
}

static bool text_reserve(text *t, size_t more)
{
    if (t->failed || more >= SIZE_MAX / 4)
        return !(t->failed = true);
    if (t->n + more + 1 <= t->cap)
        return true;
    size_t cap = t->cap < 128 ? 128 : t->cap * 2;
    if (cap < t->n + more + 1)
        cap = t->n + more + 1;
    char *s = realloc(t->s, cap);
    if (!s)
        return !(t->failed = true);
    t->s = s;
    t->cap = cap;
    return true;
}

void text_addn(text *t, const char *s, size_t n)
{
    if (!text_reserve(t, n))
        return;
    if (n)
        memcpy(t->s + t->n, s, n);
    t->n += n;
    t->s[t->n] = '\0';
}

char *text_keep(arena *a, text *t)
{
    char *s = t->failed ? NULL : arena_strndup(a, t->n ? t->s : "", t->n);
    text_free(t);
    if (!s)
        longjmp(*a->guard, 1);
    return s;
}

void text_add(text *t, const char *s)
{
    text_addn(t, s, strlen(s));
}

void text_printf(text *t, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(NULL, 0, format, ap);
    va_end(ap);
    if (n < 0 || !text_reserve(t, (size_t)n))
        return;
    va_start(ap, format);
    vsnprintf(t->s + t->n, (size_t)n + 1, format, ap);
    va_end(ap);
    t->n += (size_t)n;
}

/* length of the valid UTF-8 sequence at s, 0 when there is none */
static size_t utf8_length(const unsigned char *s)
{
    if (s[0] < 0x80)
        return 1;
    size_t n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (s[0] < 0xc2 || s[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    bool overlong = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90);
    bool beyond = (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf4 && s[1] > 0x8f);
    return overlong || beyond ? 0 : n;
}

void text_json(text *t, const char *s)
{
    text_add(t, "\"");
    for (const unsigned char *p = (const unsigned char *)s; *p;) {
        size_t n = utf8_length(p);
        if (*p == '"' || *p == '\\')
            text_printf(t, "\\%c", *p);
        else if (*p == '\n')
            text_add(t, "\\n");
        else if (*p == '\t')
            text_add(t, "\\t");
        else if (*p < 0x20 || *p == 0x7f)
            text_printf(t, "\\u%04x", *p);
        else if (n)
            text_addn(t, (const char *)p, n);
        else
            text_add(t, "\\ufffd");      /* JSON is UTF-8, whatever a path or a broken spec holds */
        p += n ? n : 1;
    }
    text_add(t, "\"");
}

#define CLOSEST_MOST 40                  /* longer words are not misspelt, they are different    */

static size_t closest_min(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Damerau-Levenshtein distance (restricted: adjacent swaps) */
static size_t closest_distance(const char *a, size_t na, const char *b, size_t nb)
{
    size_t row[3][CLOSEST_MOST + 1];
    size_t *before = row[0], *last = row[1], *now = row[2];
    for (size_t j = 0; j <= nb; j++)
        last[j] = j;
    for (size_t i = 1; i <= na; i++) {
        now[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            now[j] = closest_min(closest_min(last[j], now[j - 1]) + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = closest_min(now[j], before[j - 2] + 1);
        }
        size_t *spare = before;
        before = last;
        last = now;
        now = spare;
    }
    return last[nb];
}

const char *text_closest(const char *word, const char *const *candidates, size_t n)
{
    size_t length = strlen(word);
    if (length == 0 || length > CLOSEST_MOST)
        return NULL;
    size_t best = length < 4 ? 1 : length < 6 ? 2 : length / 3 + 1;      /* one slip more is another word */
    const char *found = NULL;
    for (size_t i = 0; i < n; i++) {
        size_t m = strlen(candidates[i]);
        if (m == 0 || m > CLOSEST_MOST)
            continue;
        size_t d = closest_distance(word, length, candidates[i], m);
        bool nothing_shared = d >= length || d >= m;
        if (!nothing_shared && (d < best || (d == best && !found))) {
            best = d;
            found = candidates[i];
        }
    }
    return found;
}
