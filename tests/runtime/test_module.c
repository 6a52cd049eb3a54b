/* SPDX-License-Identifier: Apache-2.0
 *
 * test_module.c: modules that are not there are reported, not followed. (The modules that are there are tested by what
 * they do.)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "module.h"

#include <string.h>

static void missing_module_is_named(void **state)
{
    (void)state;
    mtx_problem problem = {0};
    assert_null(mtxrt_module("mtxrt-absent", "table", &problem));
    assert_int_equal(problem.status, MTX_EUNSUPPORTED);
    assert_string_equal(problem.code, "E0690");
    assert_non_null(strstr(problem.message, "mtxrt-absent"));
    assert_true(problem.help[0] != '\0');
    assert_null(mtxrt_module("mtxrt-absent", "table", NULL));
}

/* libmtxrt.so lies beside this test's own search path: loadable, but without such an object */
static void missing_symbol_is_named(void **state)
{
    (void)state;
    mtx_problem problem = {0};
    assert_null(mtxrt_module("mtxrt", "no_such_table", &problem));
    assert_int_equal(problem.status, MTX_EUNSUPPORTED);
    assert_non_null(strstr(problem.message, "no_such_table"));
    assert_non_null(mtxrt_module("mtxrt", "mtx_strerror", &problem));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(missing_module_is_named),
        cmocka_unit_test(missing_symbol_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
