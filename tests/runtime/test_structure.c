/* SPDX-License-Identifier: Apache-2.0
 *
 * test_structure.c: life, columns and copies of mtx_structure, element names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "mtx/mtxrt.h"

static void elements_agree_both_ways(void **state)
{
    (void)state;
    for (int z = 1; z <= 118; z++) {
        const char *symbol = mtx_element_symbol(z);
        assert_int_equal(mtx_element_number(symbol, strlen(symbol)), z);
    }
    assert_int_equal(mtx_element_number("Mo", 2), 42);
    assert_int_equal(mtx_element_number("S", 1), 16);
    assert_int_equal(mtx_element_number("Og", 2), 118);
    assert_string_equal(mtx_element_symbol(74), "W");
}

static void unknown_elements_are_zero(void **state)
{
    (void)state;
    static const char *wrong[] = {"", "mo", "MO", "Xx", "J", "Moo", "M1", "X", "H ", "\xc3\x85", "S`", "`a"};
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
        assert_int_equal(mtx_element_number(wrong[k], strlen(wrong[k])), 0);
    }
    assert_string_equal(mtx_element_symbol(0), "X");
    assert_string_equal(mtx_element_symbol(119), "X");
    assert_string_equal(mtx_element_symbol(-5), "X");
}

static void fill(mtx_structure *s)
{
    assert_int_equal(mtx_structure_reserve(s, 3), MTX_OK);
    s->n = 3;
    for (int k = 0; k < 3; k++) {
        s->Z[k] = 10 + k;
        for (int c = 0; c < 3; c++) s->r[k][c] = 3 * k + c;
        s->cell[k][k] = 5.0;
        s->pbc[k] = 1;
    }
    mtx_column *force = mtx_structure_add_column(s, "force", MTX_COL_REAL, 3);
    assert_non_null(force);
    for (int k = 0; k < 9; k++) force->real[k] = -k;
    mtx_column *name = mtx_structure_add_info(s, "name", MTX_COL_TEXT, 1);
    assert_non_null(name);
    name->text[0] = malloc(4);
    memcpy(name->text[0], "abc", 4);
}

static void copy_is_deep(void **state)
{
    (void)state;
    mtx_structure a, b;
    mtx_structure_init(&a);
    mtx_structure_init(&b);
    fill(&a);
    assert_int_equal(mtx_structure_copy(&b, &a), MTX_OK);
    mtx_structure_free(&a);
    assert_int_equal(b.n, 3);
    assert_int_equal(b.Z[2], 12);
    assert_true(b.r[2][1] == 7.0);
    assert_true(mtx_structure_column(&b, "force")->real[8] == -8.0);
    assert_int_equal(mtx_structure_column(&b, "force")->rows, 3);
    assert_string_equal(mtx_structure_info(&b, "name")->text[0], "abc");
    assert_null(mtx_structure_info(&b, "force"));
    mtx_structure_free(&b);
    assert_null(b.r);
}

static void clear_keeps_the_memory(void **state)
{
    (void)state;
    mtx_structure s;
    mtx_structure_init(&s);
    fill(&s);
    const int64_t capacity = s.capacity;
    mtx_structure_clear(&s);
    assert_int_equal(s.n, 0);
    assert_int_equal(s.n_columns, 0);
    assert_int_equal(s.capacity, capacity);
    assert_true(s.cell[0][0] == 0.0);
    fill(&s);
    mtx_structure_free(&s);
}

static void a_column_of_the_same_name_is_replaced(void **state)
{
    (void)state;
    mtx_structure s;
    mtx_structure_init(&s);
    fill(&s);
    for (int k = 0; k < 40; k++) {
        char name[8] = {(char)('a' + k % 26), (char)('a' + k / 26), '\0'};
        assert_non_null(mtx_structure_add_column(&s, name, MTX_COL_REAL, 1 + k % 2));
    }
    assert_int_equal(s.n_columns, 41);
    assert_non_null(mtx_structure_add_column(&s, "force", MTX_COL_TEXT, 2));
    assert_int_equal(s.n_columns, 41);
    assert_int_equal(mtx_structure_column(&s, "force")->type, MTX_COL_TEXT);
    assert_null(mtx_structure_column(&s, "force")->text[5]);
    assert_null(mtx_structure_add_column(&s, "bad", MTX_COL_REAL, -1));
    mtx_structure_free(&s);
}

static void impossible_sizes_are_refused(void **state)
{
    (void)state;
    mtx_structure s;
    mtx_structure_init(&s);
    assert_int_equal(mtx_structure_reserve(&s, -1), MTX_EINVAL);
    assert_int_equal(mtx_structure_reserve(&s, INT64_MAX), MTX_EINVAL);
    mtx_structure_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_agree_both_ways),
        cmocka_unit_test(unknown_elements_are_zero),
        cmocka_unit_test(copy_is_deep),
        cmocka_unit_test(clear_keeps_the_memory),
        cmocka_unit_test(a_column_of_the_same_name_is_replaced),
        cmocka_unit_test(impossible_sizes_are_refused),
    };
    return cmocka_run_group_tests_name("structure", tests, NULL, NULL);
}
