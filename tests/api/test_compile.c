/* SPDX-License-Identifier: Apache-2.0
 *
 * test_compile.c: the compiler as a library: a spec with errors, a spec without, and applying it to a structure.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
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

static void parameters_are_given(void **state)
{
    (void)state;
    static const char trained[] =
        "structure M { set atom field r : atom -> point [Å] field Z : atom -> species }\n"
        "transform sums { takes m : M  set z = species(C, O)  param a : z -> scalar [meV]  param b : scalar\n"
        "  gives E : scalar [meV] = b * sum i in m.atom: a[m.Z[i]] }\n";
    mtx_spec *s;
    mtx_transform *t;
    char why[200] = "";
    assert_int_equal(mtx_spec_open("trained.mtx", trained, strlen(trained), 0, &s), MTX_OK);
    assert_int_equal(mtx_transform_open(s, NULL, &t, why, sizeof why), MTX_OK);
    assert_int_equal(mtx_transform_params(t), 2);
    const mtx_param a = mtx_transform_param(t, 0), b = mtx_transform_param(t, 1);
    assert_string_equal(a.path, "a");
    assert_int_equal(a.n, 2);
    assert_int_equal(b.first, a.first + a.n);
    double numbers[3] = {0};
    numbers[a.first] = 20 * a.scale;
    numbers[a.first + 1] = 3 * a.scale;
    numbers[b.first] = 2 * b.scale;
    mtx_structure m;
    mtx_structure_init(&m);
    assert_int_equal(mtx_structure_reserve(&m, 2), MTX_OK);
    m.n = 2;
    m.Z[0] = 6;
    m.Z[1] = 8;
    memset(m.r, 0, 2 * sizeof m.r[0]);
    m.r[1][0] = 1;
    const mtx_structure *frames[1] = {&m};
    mtx_problem problem;
    assert_int_equal(mtx_transform_apply(t, frames, 1, &problem), MTX_EINVAL);
    assert_string_equal(problem.code, "E0636");
    mtx_transform_set_params(t, numbers);
    assert_int_equal(mtx_transform_apply(t, frames, 1, &problem), MTX_OK);
    assert_true(fabs(mtx_transform_values(t, 0).real[0] - 46) < 1e-12);
    numbers[b.first] = -1;
    assert_int_equal(mtx_transform_apply(t, frames, 1, &problem), MTX_OK);
    assert_true(fabs(mtx_transform_values(t, 0).real[0] + 23) < 1e-12);
    mtx_structure_free(&m);
    mtx_transform_close(t);
    mtx_spec_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_wrong_claim_is_reported), cmocka_unit_test(a_transform_is_applied),
                                       cmocka_unit_test(parameters_are_given)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
