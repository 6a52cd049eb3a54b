/* SPDX-License-Identifier: Apache-2.0
 *
 * test_lex.c: the tokens of short texts, printed one a word and compared: kinds, spellings after folding,
 * numbers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lex.h"

#include <stdlib.h>
#include <string.h>

typedef struct fixture { arena memory; jmp_buf guard; intern names; diag_sink sink; text out; } fixture;

static int start(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    arena_init(&f->memory, &f->guard);
    intern_init(&f->names, &f->memory);
    diag_sink_init(&f->sink, &f->memory);
    text_init(&f->out);
    *state = f;
    return 0;
}

static int stop(void **state)
{
    fixture *f = *state;
    arena_free(&f->memory);
    text_free(&f->out);
    free(f);
    return 0;
}

static void put_token(text *out, const token *t)
{
    if (t->kind == T_NAME)
        text_printf(out, "%s", t->value.id);
    else if (t->kind == T_STRING)
        text_printf(out, "\"%s\"", t->value.id);
    else if (t->kind == T_NUMBER)
        text_printf(out, "#%s", t->value.number.text);
    else if (t->kind == T_IRREP)
        text_printf(out, "%dx%d%c", t->value.irrep.mult, t->value.irrep.l,
                    t->value.irrep.parity ? t->value.irrep.parity : '-');
    else if (t->kind < 256)
        text_printf(out, "%c", t->kind);
    else if (t->value.id)
        text_printf(out, "<%s>", t->value.id);
    else
        text_add(out, t->kind == T_ARROW    ? "->"
                      : t->kind == T_DOTS   ? ".."
                      : t->kind == T_LE     ? "<="
                      : t->kind == T_GE     ? ">="
                      : t->kind == T_EQ     ? "=="
                      : t->kind == T_NE     ? "!="
                      : t->kind == T_CONCAT ? "++"
                                            : "?");
}

/* the tokens of `spec` with blanks between; the number of messages */
static uint32_t check_tokens(fixture *f, const char *spec, size_t n, const char *want)
{
    text_free(&f->out);
    f->sink.all.n = 0;
    source *src = source_new(&f->memory, "t.mtx", spec, n);
    lexer lex = {.memory = &f->memory, .names = &f->names, .src = src, .sink = &f->sink};
    assert_int_equal(setjmp(f->guard), 0);
    bool is_text = lex_check_text(&lex);
    token_list list = lex_all(&lex);
    for (uint32_t i = 0; i < list.n; i++) {
        text_add(&f->out, i ? " " : "");
        put_token(&f->out, &list.at[i]);
    }
    if (is_text)
        assert_string_equal(f->out.s ? f->out.s : "", want);
    return f->sink.all.n;
}

#define TOKENS(spec, want) check_tokens(*state, spec, strlen(spec), want)

static void test_numbers_and_ranges(void **state)
{
    assert_int_equal(TOKENS("0..8", "#0 .. #8"), 0);
    assert_int_equal(TOKENS("0 .. n", "#0 .. n"), 0);
    assert_int_equal(TOKENS("1.5..2.5", "#1.5 .. #2.5"), 0);
    assert_int_equal(TOKENS("1e5 1E-5 6.02e+23 2.0", "#1e5 #1E-5 #6.02e+23 #2.0"), 0);
    assert_int_equal(TOKENS("5Å 5 Å 1e5eV 2.4eV", "#5 Å #5 Å #1e5 eV #2.4 eV"), 0);
    assert_int_equal(TOKENS("1e-10-1", "#1e-10 - #1"), 0);
    assert_int_equal(TOKENS("x1e5", "x1e5"), 0);
    assert_int_equal(TOKENS("1.", "#1"), 1);
    assert_int_equal(TOKENS(".5", "#0.5"), 1);
    assert_int_equal(TOKENS("1.2.3", "#1.2"), 1);
    assert_int_equal(TOKENS("1e999", "#1e999"), 1);
}

static void test_irreps(void **state)
{
    assert_int_equal(TOKENS("8x1o + 1e + 0o", "8x1o + 1x1e + 1x0o"), 0);
    assert_int_equal(TOKENS("0e+1o", "1x0e + 1x1o"), 0);
    assert_int_equal(TOKENS("4x2", "4x2-"), 0);
    assert_int_equal(TOKENS("8x1o+8x0e", "8x1o + 8x0e"), 0);
    assert_int_equal(TOKENS("1e+5", "#1e+5"), 0);
    assert_int_equal(TOKENS("1e-4", "#1e-4"), 0);
    assert_int_equal(TOKENS("4x99e", "-1x-1e"), 1);
    assert_int_equal(TOKENS("5 e", "#5 e"), 0);
}

static void test_one_spelling(void **state)
{
    assert_int_equal(TOKENS("\u00c5 \u212b A\u030a", "\u00c5 \u00c5 \u00c5"), 0);
    assert_int_equal(TOKENS("\u00b5eV \u03bceV", "\u03bceV \u03bceV"), 0);
    assert_int_equal(TOKENS("\u2126 \u03a9 \u212a K", "\u03a9 \u03a9 K K"), 0);
    assert_int_equal(TOKENS("\u03b1_1 \u0394E \u043c", "\u03b1_1 \u0394E \u043c"), 0);
    assert_int_equal(TOKENS("x\u2081", "x\u2081"), 0);
}

static void test_aliases(void **state)
{
    assert_int_equal(TOKENS("a\u00b7b \u00d7 c", "a * b * c"), 0);
    assert_int_equal(TOKENS("\u2211 i \u2208 S: x", "<sum> i <in> S : x"), 0);
    assert_int_equal(TOKENS("a \u2264 b \u2265 c \u2260 d \u2192 e \u2212 f", "a <= b >= c != d -> e - f"),
                     0);
    assert_int_equal(TOKENS("a\u00a0+\u2009b", "a + b"), 0);
    assert_int_equal(TOKENS("\ufeff" "a", "a"), 0);
    assert_int_equal(TOKENS("a \ufeff", "a"), 1);
    assert_int_equal(TOKENS("x\u00b2", "x"), 1);
}

static void test_strings_and_comments(void **state)
{
    assert_int_equal(TOKENS("\"a # b\" # c", "\"a # b\""), 0);
    assert_int_equal(TOKENS("\"q\\\"q \\\\ \\t\"", "\"q\"q \\ \t\""), 0);
    assert_int_equal(TOKENS("\"open\nx", "\"open\" x"), 1);
    assert_int_equal(TOKENS("\"open\\\nx", "\"open\\\" x"), 1);
    assert_int_equal(TOKENS("'s' x", "\"s\" x"), 1);
    assert_int_equal(TOKENS("\u201cs\u201d x", "\"s\" x"), 1);       /* one message, and a string  */
    assert_int_equal(TOKENS("use\u201es\u201c x", "<use> \"s\" x"), 1);
    assert_int_equal(TOKENS("\u2018s\u2019\u00abt\u00bb \u201cu\"", "\"s\" \"t\" \"u\""), 3);
    assert_int_equal(TOKENS("\u201cs x\n\u201d", "s x"), 2);
    assert_int_equal(TOKENS("x\u2019 # \u201cs\u201d", "x"), 1);
    assert_int_equal(TOKENS("\u201c\u201d", "\"\""), 1);
    assert_int_equal(TOKENS("a // b\nc", "a c"), 1);
    assert_int_equal(TOKENS("a /* b\n ** / */ c", "a c"), 1);
    assert_int_equal(TOKENS("a /* never closed", "a"), 1);
    assert_int_equal(TOKENS("a\r\nb", "a b"), 0);
}

static void test_foreign_operators(void **state)
{
    assert_int_equal(TOKENS("a ** b", "a ^ b"), 1);
    assert_int_equal(TOKENS("a && b", "a ? b"), 1);
    assert_int_equal(TOKENS("|x| + |y|", "x + y"), 2);
    assert_int_equal(TOKENS("a := 1;", "a = #1"), 2);
    assert_int_equal(TOKENS("a => b", "a -> b"), 1);
}

static void test_broken_text(void **state)
{
    assert_int_equal(TOKENS("a \xc5 b", "a b"), 1);
    assert_int_equal(TOKENS("a \xff\xfe\xfd b \x80", "a b"), 1);
    assert_int_equal(TOKENS("a \xed\xa0\x80 \xf4\x90\x80\x80 \xc0\x80 b", "a b"), 1);
    assert_int_equal(TOKENS("# \xe2\x82", ""), 1);
    assert_int_equal(check_tokens(*state, "a\0b", 3, ""), 1);
    assert_int_equal(check_tokens(*state, "", 0, ""), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_numbers_and_ranges, start, stop),
        cmocka_unit_test_setup_teardown(test_irreps, start, stop),
        cmocka_unit_test_setup_teardown(test_one_spelling, start, stop),
        cmocka_unit_test_setup_teardown(test_aliases, start, stop),
        cmocka_unit_test_setup_teardown(test_strings_and_comments, start, stop),
        cmocka_unit_test_setup_teardown(test_foreign_operators, start, stop),
        cmocka_unit_test_setup_teardown(test_broken_text, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
