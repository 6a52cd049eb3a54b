/* SPDX-License-Identifier: Apache-2.0
 *
 * test_jet.c: Taylor coefficients of functions of the language against those of differences, per operation; both sides
 * of places where a condition changes.
 */
#include "../smooth/spec.h"

#include "jet.h"

#include <math.h>

typedef struct row {
    const char *f;
    double x;
} row;

/* every operation with a rule, where it is smooth */
static const row rows[] = {
    {"x^3 - 2 * x + 1", 0.7}, {"1 / (1 + x^2)", 0.4}, {"x^2.4", 1.3}, {"sqrt(2 + x)", 0.3}, {"x^-3", 0.8}, {"(1 + x)^x", 0.6},
    {"exp(-x^2)", 0.5}, {"log(1 + x)", 0.9}, {"sin(3 * x)", 0.2}, {"cos(x) * sin(x)", 1.1}, {"tan(x)", 0.6},
    {"asin(x / 2)", 0.7}, {"acos(x / 3)", 0.8}, {"atan(2 * x)", 0.3}, {"atan2(x, 1 + x^2)", 0.5}, {"sinh(x)", 0.4},
    {"cosh(2 * x)", 0.4}, {"tanh(x)", 0.6}, {"erf(x)", 0.5}, {"erfc(x / 2)", 0.9}, {"abs(x - 2)", 0.5},
    {"min(x, 2 - x)", 0.4}, {"max(x^2, x)", 1.5}, {"cutoff(x, 2, 4)", 1.1}, {"if x < 1 then x^2 else x^3", 1.4},
    {"sum k in 1..5: exp(-k * x) / k", 0.3}, {"mean k in 1..4 where k != 2: (x + k)^2", 0.3}, {"prod k in 1..3: x + k", 0.2},
    {"max k in 1..3: k * x - k^2", 4.1}, {"sum k in each(w): w[k] * x^k", 0.7},
    {"sum {j, k} in 1..4: sin(j * k * x)", 0.3}, {"sign(x) * floor(3.5) + x", 0.3}, {"protons(Si) * x", 0.2},
    {"sum k in 0..3: table[k] * cos(k * x)", 0.4}, {"-x + (if x == 7 then 1 else 2)", 0.1},
    {"tabulate (exp)(x) over 0..2 to 1e-6", 0.77},
};

static const char head[] = "use \"crystal.mtx\"\ntransform t {\n  takes s : Molecule\n  takes y : scalar\n"
                           "  let w = [0.5, -1.0, 2.0]\n  let table[k in 0..3] = exp(k / 3)\n  let f(x) = ";

static bool open_function(spec *s, const char *f, node_id *body, node_id *var)
{
    char words[1024];
    snprintf(words, sizeof words, "%s%s\n  gives out : scalar = f(y)\n}\n", head, f);
    if (!spec_open(s, f, words)) return false;
    *body = s->p->defs.at[s->output].body;
    *var = SETIR_NONE;
    for (node_id k = 0; k < s->p->nodes.n; k++)
        if (s->p->nodes.at[k].op == OP_INPUT && !s->p->nodes.at[k].n_args) *var = k;
    return *var != SETIR_NONE;
}

/* each coefficient is the slope of the one before, over its number */
static int check_row(const row *r)
{
    enum { POINTS = 4 };
    spec s;
    node_id body, var, culprit;
    const char *why = "cannot be opened";
    int wrong = 0;
    spec_init(&s);
    if (setjmp(s.guard)) return 1;
    jet_function *f = open_function(&s, r->f, &body, &var) ? jet_of(&s.a, s.p, body, var, NULL, 0, &culprit, &why) : NULL;
    if (!f) {
        print_error("%s: %s\n", r->f, why);
        arena_free(&s.a);
        return 1;
    }
    const double h = 1e-3, x[POINTS] = {r->x - 2 * h, r->x - h, r->x + h, r->x + 2 * h};
    double c[JET_TERMS * POINTS], at[JET_TERMS], small[2];
    jet_eval(f, NULL, x, POINTS, JET_TERMS, 1, c);
    jet_eval(f, NULL, &r->x, 1, JET_TERMS, 1, at);
    jet_eval(f, NULL, &r->x, 1, 2, 1, small);
    for (int k = 0; k + 1 < JET_TERMS; k++) {
        const double *p = c + k * POINTS;
        double slope = (p[0] - 8 * p[1] + 8 * p[2] - p[3]) / (12 * h) / (k + 1), size = 1e-7;
        for (int j = 0; j < JET_TERMS; j++) size = fmax(size, fabs(at[j]));
        if (fabs(slope - at[k + 1]) <= 1e-7 * size) continue;
        print_error("%s: coefficient %d is %g, slope of the one before %g\n", r->f, k + 1, at[k + 1], slope);
        wrong = 1;
    }
    if (small[0] != at[0] || small[1] != at[1]) wrong = 1;
    arena_free(&s.a);
    return wrong;
}

static void every_operation(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) wrong += check_row(&rows[k]);
    assert_int_equal(wrong, 0);
}

/* at a place where a condition changes the side that is asked for counts, to rounding */
static void sides(void **state)
{
    (void)state;
    const struct { const char *f; double x, left, right; } at[] = {
        {"abs(x - 0.3)", 0.3, -1, 1},
        {"max(x, 2 * x - 0.7)", 0.7, 1, 2},
        {"if x / 0.1 <= 3 then x else 5 * x", 0.3, 1, 5},
        {"cutoff(x, 0.3, 1)", 0.3, -1 / 0.3, 0},
        {"if 1 - x < 0.7 then 3 * x else x", 0.3, 1, 3},
    };
    for (size_t k = 0; k < sizeof at / sizeof *at; k++) {
        spec s;
        node_id body, var, culprit;
        const char *why;
        double c[2];
        spec_init(&s);
        assert_int_equal(setjmp(s.guard), 0);
        assert_true(open_function(&s, at[k].f, &body, &var));
        jet_function *f = jet_of(&s.a, s.p, body, var, NULL, 0, &culprit, &why);
        assert_non_null(f);
        jet_eval(f, NULL, &at[k].x, 1, 2, -1, c);
        assert_true(fabs(c[1] - at[k].left) < 1e-9);
        jet_eval(f, NULL, &at[k].x, 1, 2, 1, c);
        assert_true(fabs(c[1] - at[k].right) < 1e-9);
        arena_free(&s.a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_operation), cmocka_unit_test(sides)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
