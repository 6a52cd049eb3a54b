/* SPDX-License-Identifier: Apache-2.0
 *
 * test_known.c: which tensors become tables when compiling, and that their numbers are those of the interpreter's rules.
 */
#include "../smooth/spec.h"

#include "curve.h"
#include "known.h"

#include <math.h>

static const char words[] = "use \"crystal.mtx\"\ntransform t {\n  takes s : Crystal\n  set k = 0..3\n  set n = 1..5\n"
                            "  set z = species(C, Si)\n"
                            "  gives sums[a in k, b in n] : scalar = sum c in n where c <= b: sin(a * c) / c\n"
                            "  gives of_table[a in k] : scalar = prod b in n: 1 + sums[a, b]\n"
                            "  gives elements[y in z] : scalar = sum a in k: protons(y)^a\n"
                            "  gives plain[a in k] : scalar = exp(a)\n"
                            "  gives data[a in k] : scalar = sum i in s.atom: a * protons(s.Z[i])\n"
                            "  gives of_data[a in k] : scalar = sum b in n: b * data[a]\n"
                            "  gives poles[a in k] : scalar = sum b in n: 1 / (b - a)\n"
                            "  gives long[a in k] : scalar = sum b in 0..999, c in 0..999: a\n}\n";

static const def *named(spec *s, const program *p, const char *id)
{
    name wanted = intern_s(&s->names, id);
    for (def_id k = 0; k < p->defs.n; k++)
        if (p->defs.at[k].output && p->defs.at[k].id == wanted) return &p->defs.at[k];
    fail_msg("no output %s", id);
    return NULL;
}

static const curve *table_of(spec *s, const program *p, const char *id)
{
    const node *body = &p->nodes.at[named(s, p, id)->body];
    return body->op == OP_TABLE ? &p->curves.at[body->imm.curve] : NULL;
}

static double sum_of(int a, int b)
{
    double sum = 0;
    for (int c = 1; c <= b; c++) sum += sin(a * c) / c;
    return sum;
}

static void numbers(spec *s, const program *p)
{
    const curve *sums = table_of(s, p, "sums"), *of_table = table_of(s, p, "of_table"), *elements = table_of(s, p, "elements");
    assert_true(sums && of_table && elements);
    assert_int_equal(sums->places, 20);
    for (int a = 0; a < 4; a++) {
        double product = 1;
        for (int b = 1; b <= 5; b++) {
            assert_true(fabs(sums->data[5 * a + b - 1] - sum_of(a, b)) <= 1e-15);
            product *= 1 + sum_of(a, b);
        }
        assert_true(fabs(of_table->data[a] - product) <= 1e-13);
    }
    assert_true(elements->data[0] == 259);
    assert_true(elements->data[1] == 2955);
}

static void test_tables(void **state)
{
    (void)state;
    spec s;
    spec_init(&s);
    if (setjmp(s.guard)) fail_msg("out of memory");
    assert_true(spec_open(&s, "tables", words));
    uint32_t before = s.p->nodes.n;
    const program *p = known_tables(&s.a, s.p);
    assert_int_equal(s.p->nodes.n, before); /* the source stays */
    assert_null(table_of(&s, s.p, "sums"));
    numbers(&s, p);
    static const char *const others[] = {"plain", "data", "of_data", "poles", "long"};
    for (size_t k = 0; k < sizeof others / sizeof *others; k++)
        if (table_of(&s, p, others[k])) fail_msg("%s is no table", others[k]);
    arena_free(&s.a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_tables)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
