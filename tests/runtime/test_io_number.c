/* SPDX-License-Identifier: Apache-2.0
 *
 * test_io_number.c: every decimal is rounded as strtod rounds it (C locale), and written so that it reads
 * back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io_write.h"
#include "number.h"

enum { ROUNDS = 200000, PADDED = 600 };

static uint64_t next_random(void)
{
    static uint64_t x = 88172645463325252u;    /* xorshift64, seed fixed */
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return x;
}

static uint64_t bits_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* Both parsers read all of `text` to the same bits as strtod. */
static void check_same(const char *text)
{
    char padded[PADDED] = {0};
    const size_t length = strlen(text);
    assert_true(length + 32 < sizeof padded);
    memcpy(padded, text, length);
    padded[length] = ' ';
    const double expected = strtod(text, NULL);
    double fast = -1, any = -1;
    const char *end = number_parse(padded, &fast), *end_any = number_parse_any(padded, &any);
    if (end != padded + length || end_any != padded + length || bits_of(fast) != bits_of(expected)
        || bits_of(any) != bits_of(expected)) {
        fail_msg("%s: %.17g and %.17g, expected %.17g", text, fast, any, expected);
    }
}

static void put_digits(char *to, int count)
{
    for (int k = 0; k < count; k++) to[k] = (char)('0' + next_random() % 10);
    to[count] = '\0';
}

static void short_decimals(void **state)
{
    (void)state;
    for (int k = 0; k < ROUNDS; k++) {
        char whole[20], part[20], text[64];
        put_digits(whole, 1 + (int)(next_random() % 9));
        put_digits(part, (int)(next_random() % 10));
        snprintf(text, sizeof text, "%s%s%s%s", next_random() % 2 ? "-" : "", whole,
                 part[0] != '\0' || k % 3 ? "." : "", part);
        check_same(text);
    }
}

static void random_bits_printed_with_17_digits(void **state)
{
    (void)state;
    for (int k = 0; k < ROUNDS; k++) {
        double x;
        const uint64_t bits = next_random();
        memcpy(&x, &bits, sizeof x);
        if (!isfinite(x)) continue;
        char text[64];
        snprintf(text, sizeof text, "%.*g", 1 + (int)(next_random() % 20), x);
        if (isfinite(strtod(text, NULL))) check_same(text);
        snprintf(text, sizeof text, "%.17g", (double)(int64_t)bits / 1e17);
        check_same(text);
    }
}

/* Halfway between two doubles, and next to it: the last digit decides. */
static void ties(void **state)
{
    (void)state;
    static const char *const texts[] = {"9007199254740993",
                                        "9007199254740992.9",
                                        "9007199254740993.0000000001",
                                        "4503599627370496.5",
                                        "4503599627370497.5",
                                        "4503599627370498.500000000000000000000000000000000001",
                                        "1.00000000000000011102230246251565404236316680908203125",
                                        "1.00000000000000011102230246251565404236316680908203124",
                                        "1.00000000000000011102230246251565404236316680908203126",
                                        "0.1",
                                        "0.3",
                                        "1e23",
                                        "8.5e22",
                                        "2.2250738585072011e-308",
                                        "2.2250738585072014e-308",
                                        "4.9406564584124654e-324",
                                        "2.4703282292062328e-324",
                                        "1.7976931348623157e308",
                                        "0.000000000000000000000001",
                                        "123456789012345678901234567890",
                                        "1e-400",
                                        "00000000000000000000001.5",
                                        "0000.00001",
                                        ".5",
                                        "5.",
                                        "-.5e1",
                                        "+3",
                                        "+3.25e+2",
                                        "1E5",
                                        "0",
                                        "-0",
                                        "0.0e5"};
    for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++) check_same(texts[k]);
}

static void fortran_exponents(void **state)
{
    (void)state;
    double x;
    const char text[64] = "-1.5d-3 ", upper[64] = "2.D2 ", far[64] = "1.25D-200 ";
    assert_ptr_equal(number_parse(text, &x), text + 7);
    assert_true(x == -1.5e-3);
    assert_ptr_equal(number_parse(upper, &x), upper + 4);
    assert_true(x == 200.0);
    assert_ptr_equal(number_parse(far, &x), far + 9);
    assert_true(x == 1.25e-200);
}

static void what_is_no_number(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "-",
                                        "+",
                                        ".",
                                        "-.",
                                        "e5",
                                        "1e",
                                        "1e+",
                                        "1d",
                                        "nan",
                                        "inf",
                                        "-inf",
                                        "Infinity",
                                        "1e999",
                                        "-1e309",
                                        "--1",
                                        "abc",
                                        "\xc3\x85",
                                        "1e99999999999999999999"};
    for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++) {
        char padded[64] = {0};
        double x;
        memcpy(padded, texts[k], strlen(texts[k]));
        padded[strlen(texts[k])] = ' ';
        const char *end = number_parse(padded, &x);
        if (end != NULL) fail_msg("`%s` is taken for %g", texts[k], x);
    }
}

/* The number ends before these, so that a reader sees that a word goes on. */
static void what_only_begins_like_one(void **state)
{
    (void)state;
    static const struct { const char *text; int length;
    } cases[] = {{"1.2.3", 3}, {"1-2", 1}, {"1.5x", 3}, {"12345678x", 8}, {"1.12345678x", 10},
                 {"0x10", 1},  {"1,5", 1}, {"3/4", 1},  {"1.2345:", 6},   {"123456789012345678y", 18}};
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        char padded[64] = {0};
        double x;
        memcpy(padded, cases[k].text, strlen(cases[k].text));
        const char *end = number_parse(padded, &x);
        if (end != padded + cases[k].length) fail_msg("`%s` ends elsewhere", cases[k].text);
    }
}

static void classes(void **state)
{
    (void)state;
    static const struct { const char *text; number_kind kind;
    } cases[] = {{"12", NUMBER_INTEGER},
                 {"-7", NUMBER_INTEGER},
                 {"1.0", NUMBER_REAL},
                 {"1e5", NUMBER_REAL},
                 {"nan", NUMBER_NOT_FINITE},
                 {"-INF", NUMBER_NOT_FINITE},
                 {"Infinity", NUMBER_NOT_FINITE},
                 {"1e999", NUMBER_NOT_FINITE},
                 {"nano", NUMBER_NONE},
                 {"1x", NUMBER_NONE},
                 {"", NUMBER_NONE},
                 {"-", NUMBER_NONE}};
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        char padded[64] = {0};
        const size_t length = strlen(cases[k].text);
        memcpy(padded, cases[k].text, length);
        if (number_classify(padded, padded + length) != cases[k].kind) fail_msg("`%s`", cases[k].text);
    }
    int64_t whole;
    const char most[] = "9223372036854775807 ";
    assert_true(number_parse_int64(most, most + 19, &whole) && whole == INT64_MAX);
    const char over[] = "9223372036854775808 ", real[] = "1.0 ";
    assert_false(number_parse_int64(over, over + 19, &whole));
    assert_false(number_parse_int64(real, real + 3, &whole));
}

static void written_numbers_read_back(void **state)
{
    (void)state;
    for (int k = 0; k < ROUNDS; k++) {
        double x, back;
        uint64_t bits = next_random();
        if (k % 2) x = (double)(int64_t)(bits % 100000000) / 1e6 * (k % 4 == 1 ? 1 : -1);
        else memcpy(&x, &bits, sizeof x);
        if (!isfinite(x)) continue;
        char text[IO_NUMBER_ROOM + 32] = {0};
        const size_t length = io_format_number(text, x);
        assert_int_equal(strlen(text), length);
        assert_true(length < IO_NUMBER_ROOM);
        text[length] = ' ';
        if (number_parse(text, &back) != text + length || bits_of(back) != bits_of(x))
            fail_msg("%s for %.17g", text, x);
    }
}

static void short_numbers_are_written_short(void **state)
{
    (void)state;
    static const struct { double x; const char *text;
    } cases[] = {{0.1, "0.1"},
                 {-1.5, "-1.5"},
                 {3.0, "3.0"},
                 {0.0, "0.0"},
                 {-0.0, "-0.0"},
                 {1e22, "1e+22"},
                 {0.3, "0.3"},
                 {25.5225256, "25.5225256"},
                 {0.1 + 0.2, "0.30000000000000004"},
                 {1e-5, "1e-05"}};
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        char text[IO_NUMBER_ROOM];
        io_format_number(text, cases[k].x);
        assert_string_equal(text, cases[k].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_decimals),        cmocka_unit_test(random_bits_printed_with_17_digits),
        cmocka_unit_test(ties),                  cmocka_unit_test(fortran_exponents),
        cmocka_unit_test(what_is_no_number),     cmocka_unit_test(what_only_begins_like_one),
        cmocka_unit_test(classes),               cmocka_unit_test(written_numbers_read_back),
        cmocka_unit_test(short_numbers_are_written_short)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
