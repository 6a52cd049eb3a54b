/* SPDX-License-Identifier: Apache-2.0
 *
 * test_diag.c: how messages look (labels on one line, on several, in two files; tabs; marks below combining
 * letters), their order, their JSON, and the support they stand on (names, arrays, nearest words).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "diag.h"

#ifdef MTX_HAVE_JANSSON
#include <jansson.h>
#endif
#include <stdlib.h>
#include <string.h>

typedef struct fixture { arena memory; jmp_buf guard; diag_sink sink; text out; } fixture;

static int start(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    arena_init(&f->memory, &f->guard);
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

static source *make_source(fixture *f, const char *path, const char *bytes)
{
    return source_new(&f->memory, path, bytes, strlen(bytes));
}

/* the first place of `piece` */
static span find(const source *src, const char *piece)
{
    const char *at = strstr(src->text, piece);
    assert_non_null(at);
    uint32_t from = (uint32_t)(at - src->text);
    return (span){src, from, from + (uint32_t)strlen(piece)};
}

static void check_text(fixture *f, const char *want)
{
    text_free(&f->out);
    diag_print_text(&f->sink, &f->out, false, 20);
    assert_string_equal(f->out.s, want);
}

static void test_labels_on_one_line(void **state)
{
    fixture *f = *state;
    source *src = make_source(f, "a.mtx", "const q = 1\n  let h = E + dot(F[i], n)\n");
    diag *d = diag_report(&f->sink, D_SYNTAX, find(src, "dot(F[i], n)"), "adding eV and eV/Å");
    diag_label_primary(&f->sink, d, "eV/Å");
    diag_label_at(&f->sink, d, find(src, "E"), "eV");
    diag_label_at(&f->sink, d, find(src, "h"), "the sum");
    diag_help(&f->sink, d, "dot(F[i], b.d)");
    diag_help(&f->sink, d, "nothing");
    diag_note(&f->sink, d, "Two lines\nof a note.");
    check_text(f, "error[E0001]: adding eV and eV/Å\n"
                  " a.mtx:2:15\n"
                  "  |\n"
                  "2 |   let h = E + dot(F[i], n)\n"
                  "  |       -   -   ^^^^^^^^^^^^ eV/Å\n"
                  "  |       |   eV\n"
                  "  |       the sum\n"
                  "  = try: dot(F[i], b.d)\n"
                  "  =  or: nothing\n"
                  "  = Two lines\n"
                  "    of a note.\n");
}

static void test_nested_labels_tabs_and_marks(void **state)
{
    fixture *f = *state;
    source *src = make_source(f, "t.mtx", "\tlet A\u030a = f(\xff, long)\n");
    diag *d = diag_report(&f->sink, D_SYNTAX, find(src, "long"), "inner");
    diag_label_primary(&f->sink, d, "this");
    diag_label_at(&f->sink, d, find(src, "f(\xff, long)"), "of this call");
    check_text(f, "error[E0001]: inner\n"
                  " t.mtx:1:16\n"
                  "  |\n"
                  "1 |     let A\u030a = f(\ufffd, long)\n"
                  "  |             -----^^^^ this\n"
                  "  |             of this call\n");
}

static void test_labels_on_several_lines_and_files(void **state)
{
    fixture *f = *state;
    source *one = make_source(f, "one.mtx", "a\nb b\n\n\n\n\n\n\n\nten ten\n  more\n");
    source *two = make_source(f, "dir/two.mtx", "x\nyes\n");
    diag *d = diag_report(&f->sink, D_SYNTAX, find(one, "ten\n  more"), "far");
    diag_label_primary(&f->sink, d, "both lines");
    diag_label_at(&f->sink, d, find(two, "yes"), "declared here");
    diag_label_at(&f->sink, d, find(one, "b b"), "and here");
    check_text(f, "error[E0001]: far\n"
                  "  one.mtx:10:5\n"
                  "   |\n"
                  " 2 | b b\n"
                  "   | --- and here\n"
                  "...\n"
                  "10 | ten ten\n"
                  "   |     ^^^\n"
                  "11 |   more\n"
                  "   |   ^^^^ both lines\n"
                  " dir/two.mtx:2:1\n"
                  "  |\n"
                  "2 | yes\n"
                  "  | --- declared here\n");
}

static void test_order_repeats_and_cap(void **state)
{
    fixture *f = *state;
    source *src = make_source(f, "a.mtx", "one two three\n");
    diag_report(&f->sink, D_SYNTAX, (span){0}, "nowhere");
    diag_report(&f->sink, D_SYNTAX, find(src, "three"), "c");
    diag_report(&f->sink, D_SYNTAX, find(src, "one"), "a");
    diag_report(&f->sink, D_SYNTAX, find(src, "three"), "c");
    diag_report(&f->sink, D_EMPTY_FILE, find(src, "two"));
    assert_int_equal(f->sink.errors, 4);
    diag_sort(&f->sink);
    assert_int_equal(f->sink.errors, 3);
    assert_int_equal(f->sink.warnings, 1);
    assert_int_equal(f->sink.all.n, 4);
    assert_string_equal(f->sink.all.at[0]->message, "a");
    assert_int_equal(f->sink.all.at[1]->id, D_EMPTY_FILE);
    assert_string_equal(f->sink.all.at[3]->message, "nowhere");
    diag_print_text(&f->sink, &f->out, true, 1);
    assert_non_null(strstr(f->out.s, "3 more not shown"));
    assert_non_null(strstr(f->out.s, "\033[1;31merror[E0001]"));
}

#ifdef MTX_HAVE_JANSSON                  /* reads back what was written                           */
static void test_json(void **state)
{
    fixture *f = *state;
    source *src = make_source(f, "q\"uote.mtx", "α = \"β\"\nnext\n");
    diag *d = diag_report(&f->sink, D_SYNTAX, find(src, "\"β\""), "has \"quotes\", \\ and\ttabs \x01");
    diag_label_at(&f->sink, d, find(src, "next"), "later");
    diag_help(&f->sink, d, "help");
    diag_note(&f->sink, d, "note");
    diag_report(&f->sink, D_SYNTAX, (span){0}, "no place, bad byte \xff");
    diag_print_json(&f->sink, &f->out);
    json_error_t error;
    json_t *all = json_loads(f->out.s, 0, &error);
    assert_non_null(all);
    assert_int_equal(json_array_size(all), 2);
    const char *code, *level, *message, *file, *text_of_label;
    int line, column, end_line, end_column, primary;
    assert_int_equal(json_unpack(json_array_get(all, 0),
                                 "{s:s s:s s:s s:s s:i s:i s:i s:i s:[o,{s:s s:b}] s:[s] s:[s]}", "code",
                                 &code, "severity", &level, "message", &message, "file", &file, "line", &line,
                                 "column", &column, "end_line", &end_line, "end_column", &end_column,
                                 "labels", &(json_t *){0}, "text", &text_of_label, "primary", &primary,
                                 "help", &(const char *){0}, "notes", &(const char *){0}),
                     0);
    assert_string_equal(code, "E0001");
    assert_string_equal(level, "error");
    assert_string_equal(message, "has \"quotes\", \\ and\ttabs \x01");
    assert_string_equal(file, "q\"uote.mtx");
    assert_int_equal(line, 1);
    assert_int_equal(column, 5);
    assert_int_equal(end_column, 8);
    assert_string_equal(text_of_label, "later");
    assert_false(primary);
    assert_true(json_is_null(json_object_get(json_array_get(all, 1), "file")));
    json_decref(all);
}
#endif

static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < D_COUNT; i++) {
        const diag_row *row = &diag_table[i];
        assert_non_null(row->code);
        assert_non_null(row->text);
        assert_non_null(row->explain);
        assert_non_null(row->clause);
        assert_ptr_equal(diag_find(row->code), row);     /* codes are unique                      */
    }
    assert_null(diag_find("E9999"));
}

static void test_nearest_word(void **state)
{
    (void)state;
    static const char *const words[] = {"respects", "gives", "takes", "set", "let", "rotate"};
    static const struct { const char *typed, *want;
    } cases[] = {
        {"respect", "respects"},
        {"tkaes", "takes"},
        {"gievs", "gives"},
        {"rotaet", "rotate"},
        {"sett", "set"},
        {"xyz", NULL},
        {"", NULL},
        {"banana", NULL},
        {"x", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *got = text_closest(cases[i].typed, words, sizeof words / sizeof *words);
        if (cases[i].want)
            assert_string_equal(got, cases[i].want);
        else
            assert_null(got);
    }
}

static void test_names_and_arrays(void **state)
{
    fixture *f = *state;
    intern t;
    intern_init(&t, &f->memory);
    VEC(name) kept = {0};
    for (int i = 0; i < 5000; i++)
        vec_push(&f->memory, &kept, intern_s(&t, arena_printf(&f->memory, "name%d", i)));
    for (int i = 0; i < 5000; i++) {
        char again[32];
        int n = snprintf(again, sizeof again, "name%dtail", i) - 4;
        assert_ptr_equal(intern_n(&t, again, (size_t)n), kept.at[i]);
    }
    assert_int_equal(t.n, 5000);
    assert_ptr_equal(intern_n(&t, "", 0), intern_s(&t, ""));
}

static void test_exhaustion_lands_in_the_guard(void **state)
{
    fixture *f = *state;
    if (setjmp(f->guard) == 0) {
        arena_alloc(&f->memory, SIZE_MAX / 2);
        fail();
    }
    if (setjmp(f->guard) == 0) {
        arena_alloc(&f->memory, SIZE_MAX - 3);
        fail();
    }
    assert_non_null(arena_alloc(&f->memory, 100));       /* still usable                          */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_labels_on_one_line, start, stop),
        cmocka_unit_test_setup_teardown(test_nested_labels_tabs_and_marks, start, stop),
        cmocka_unit_test_setup_teardown(test_labels_on_several_lines_and_files, start, stop),
        cmocka_unit_test_setup_teardown(test_order_repeats_and_cap, start, stop),
#ifdef MTX_HAVE_JANSSON
        cmocka_unit_test_setup_teardown(test_json, start, stop),
#endif
        cmocka_unit_test_setup_teardown(test_table, start, stop),
        cmocka_unit_test_setup_teardown(test_nearest_word, start, stop),
        cmocka_unit_test_setup_teardown(test_names_and_arrays, start, stop),
        cmocka_unit_test_setup_teardown(test_exhaustion_lands_in_the_guard, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
