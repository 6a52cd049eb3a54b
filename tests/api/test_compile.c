/* SPDX-License-Identifier: Apache-2.0
 *
 * test_compile.c: the compiler as a library: a spec with errors, a spec without, and applying it to a structure.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <mtx/mtx.h>
#include <string.h>

static const char good[] =
    "structure M { set atom field r : atom -> point [Å] field Z : atom -> species }\n"
    "transform far { takes m : M\n"
    "  gives d[i in m.atom] : scalar [nm] = max j in m.atom: if i == j then 0 Å else norm(m.r[i] - m.r[j])\n"
    "  respects permute, translate, rotate, reflect }\n";
static const char wrong[] =
    "structure M { set atom field r : atom -> point [Å] field Z : atom -> species }\n"
    "transform t { takes m : M  gives z[i in m.atom] : scalar [Å] = m.r[i].z  respects rotate }\n";

static void a_wrong_claim_is_reported(void **state)
{
    (void)state;
    mtx_spec *s;
    assert_int_equal(mtx_spec_open("wrong.mtx", wrong, strlen(wrong), MTX_SPEC_SEARCH, &s), MTX_OK);
    assert_int_equal(mtx_spec_errors(s), 1);
    assert_non_null(strstr(mtx_spec_json(s), "\"verdict\": \"refuted\""));
    assert_non_null(strstr(mtx_spec_messages(s), "error[E0301]"));
    mtx_transform *t;
    char why[100];
    assert_int_equal(mtx_transform_open(s, NULL, &t, why, sizeof why), MTX_EINVAL);
    assert_null(t);
    mtx_spec_free(s);
}

static void a_transform_is_applied(void **state)
{
    (void)state;
    mtx_spec *s;
    mtx_transform *t;
    char why[200] = "";
    assert_int_equal(mtx_spec_open("good.mtx", good, strlen(good), 0, &s), MTX_OK);
    assert_string_equal(mtx_spec_messages(s), "");
    assert_int_equal(mtx_spec_transforms(s), 1);
    assert_string_equal(mtx_spec_transform_name(s, 0), "far");
    assert_int_equal(mtx_transform_open(s, "near", &t, why, sizeof why), MTX_EINVAL);
    assert_int_equal(mtx_transform_open(s, "far", &t, why, sizeof why), MTX_OK);
    mtx_structure m;
    mtx_structure_init(&m);
    assert_int_equal(mtx_structure_reserve(&m, 3), MTX_OK);
    m.n = 3;
    for (int k = 0; k < 3; k++) {
        m.Z[k] = 6;
        m.r[k][0] = (double)(k * k);
        m.r[k][1] = m.r[k][2] = 0;
    }
    const mtx_structure *frames[2] = {&m, &m};
    mtx_problem problem;
    assert_int_equal(mtx_transform_apply(t, frames, 2, &problem), MTX_OK);
    assert_int_equal(mtx_transform_outputs(t), 1);
    mtx_values v = mtx_transform_values(t, 0);
    assert_string_equal(v.name, "d");
    assert_int_equal(v.rows, 6);
    assert_int_equal(v.width, 1);
    const double want[3] = {0.4, 0.3, 0.4};
    for (int k = 0; k < 6; k++) {
        assert_float_equal(v.real[k], want[k % 3], 1e-14);
    }
    mtx_structure_free(&m);
    mtx_transform_close(t);
    mtx_spec_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_wrong_claim_is_reported), cmocka_unit_test(a_transform_is_applied)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
