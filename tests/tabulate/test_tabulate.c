/* SPDX-License-Identifier: Apache-2.0
 *
 * test_tabulate.c: tables keep their promise: value and slope against the function on a dense set that is not the one the
 * compiler looked at, joins of pieces, units, sharing; what the smoothness analysis says of them.
 */
#include "../smooth/spec.h"

#include "curve.h"
#include "jet.h"
#include "smooth.h"

#include <math.h>

enum { DENSE = 4001 };

typedef struct row {
    const char *f;     /* of d, a length, and of n in 1..3, a unit-free number */
    const char *range, *to;
    double tolerance;  /* relative                                             */
} row;

static const row rows[] = {
    {"exp(-n * d / (1 Å))", "0 Å..6 Å", "1e-10", 1e-10},
    {"exp(-n * d / (1 Å))", "0 Å..6 Å", "1e-4", 1e-4},
    {"erfc(d / (n * 1 Å)) * 1 Å / d", "0.5 Å..9 Å", "1e-12", 1e-12},
    {"(1 Å / d)^12 - n * (1 Å / d)^6", "0.8 Å..5 Å", "1e-9", 1e-9},
    {"cutoff(d, 5 Å, 3) * sin(n * d / (1 Å))", "0 Å..5 Å", "1e-10", 1e-10},
    {"sum k in 1..40: cos(k * d / (40 Å) * n) * exp(-(k / 40)^2) / 40", "0 Å..8 Å", "1e-10", 1e-10},
    {"0 * d / (1 Å)", "1 Å..2 Å", "1e-10", 1e-10},
};

static bool open_row(spec *s, const row *r, const char *besides)
{
    char words[2048];
    snprintf(words, sizeof words,
             "use \"crystal.mtx\"\ntransform t {\n  takes s : Crystal\n  set bond = pairs(s.atom) within 5 Å\n  set m = 1..3\n"
             "  let f(n, d : scalar [Å]) = %s\n"
             "  gives E[k in m] : scalar = sum b in bond: (tabulate f(k, norm(b.d)) over %s to %s)%s\n}\n",
             r->f, r->range, r->to, besides);
    return spec_open(s, r->f, words);
}

static node_id find_op(const program *p, node_op op)
{
    for (node_id k = 0; k < p->nodes.n; k++)
        if (p->nodes.at[k].op == op) return k;
    return SETIR_NONE;
}

/* the largest errors of value and slope, relative to the largest value and slope */
static void measure(spec *s, double error[2])
{
    const node *spline = &s->p->nodes.at[find_op(s->p, OP_SPLINE)];
    const curve *c = &s->p->curves.at[spline->imm.curve];
    node_id var = spline->arg[0], index = spline->arg[1], culprit;
    node_id term = s->p->nodes.at[s->p->defs.at[s->output].body].arg[0], f = s->p->nodes.at[term].arg[1];
    const char *why;
    jet_function *j = jet_of(&s->a, s->p, f, var, &index, 1, &culprit, &why);
    assert_non_null(j);
    error[0] = error[1] = 0;
    for (int64_t cell = 0; cell < 3; cell++) {
        double worst[2] = {0}, size[2] = {1e-300, 1e-300}, hi = c->lo + c->pieces / c->rate;
        for (int k = 0; k < DENSE; k++) {
            double x = c->lo + (hi - c->lo) * (k + 0.37) / DENSE, v[2];
            jet_eval(j, &cell, &x, 1, 2, 1, v);
            for (int d = 0; d < 2; d++) {
                worst[d] = fmax(worst[d], fabs(curve_value(c, (uint32_t)cell, x, d) - v[d]));
                size[d] = fmax(size[d], fabs(v[d]));
            }
        }
        for (int d = 0; d < 2; d++) error[d] = fmax(error[d], worst[d] / size[d]);
    }
}

static void tables_keep_their_promise(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        spec s;
        spec_init(&s);
        assert_int_equal(setjmp(s.guard), 0);
        assert_true(open_row(&s, &rows[k], " - f(k, norm(b.d))"));
        double error[2];
        measure(&s, error);
        if (error[0] > rows[k].tolerance || error[1] > 100 * rows[k].tolerance)
            fail_msg("%s to %s: value %g, slope %g", rows[k].f, rows[k].to, error[0], error[1]);
        assert_int_equal(s.p->curves.n, 1);
        assert_null(curve_fault(s.p, &s.p->curves.at[0]));
        arena_free(&s.a);
    }
}

/* a table that is made twice is one */
static void equal_tables_are_one(void **state)
{
    (void)state;
    spec s;
    spec_init(&s);
    assert_int_equal(setjmp(s.guard), 0);
    assert_true(spec_open(&s, "shared",
                          "use \"crystal.mtx\"\ntransform t {\n  takes s : Crystal\n  set bond = pairs(s.atom) within 5 Å\n"
                          "  let f(d : scalar [Å]) = exp(-d / (1 Å))\n"
                          "  let g(d) = tabulate f(d) over 0 Å..5 Å to 1e-8\n"
                          "  gives E[i in s.atom] : scalar = sum {b, c} in bond(i): g(norm(b.d)) * g(norm(c.d))\n}\n"));
    assert_int_equal(s.p->curves.n, 1);
    assert_true(s.p->curves.at[0].pieces < 64);
    arena_free(&s.a);
}

static int order_of(const char *f, const char *range)
{
    spec s;
    spec_init(&s);
    if (setjmp(s.guard)) return -9;
    const row r = {f, range, "1e-8", 0};
    int order = open_row(&s, &r, "") ? smooth_def(smooth_analyse(&s.a, s.p, NULL), s.output, SMOOTH_INFINITE).order : -8;
    arena_free(&s.a);
    return order;
}

static void the_checker_knows_tables(void **state)
{
    (void)state;
    assert_int_equal(order_of("cutoff(d, 5 Å, 3) * exp(-n * d / (1 Å))", "0 Å..5 Å"), 2);   /* the table's own          */
    assert_int_equal(order_of("cutoff(d, 5 Å, 3) * exp(-n * d / (1 Å))", "0.5 Å..5 Å"), 2); /* and the function below   */
    assert_int_equal(order_of("cutoff(d, 5 Å, 3) * exp(-n * d / (1 Å))", "0.5 Å..4 Å"), 2);
    assert_int_equal(order_of("cutoff(d, 5 Å, 6) * exp(-n * d / (1 Å))", "0 Å..5 Å"), 2);
    assert_int_equal(order_of("cutoff(d, 5 Å, 2) * exp(-n * d / (1 Å))", "0 Å..5 Å"), 1);   /* vanishes as t^2          */
    assert_int_equal(order_of("(1 - d / (5 Å)) * exp(-n * d / (1 Å))", "0 Å..5 Å"), 0);
    assert_int_equal(order_of("(cos(d * 3.14159265358979323846 / (5 Å)) + 1) * n", "0 Å..5 Å"), 1);
    assert_int_equal(order_of("exp(-n * d / (1 Å))", "0 Å..5 Å"), -1);                      /* does not vanish          */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(tables_keep_their_promise), cmocka_unit_test(equal_tables_are_one),
                                       cmocka_unit_test(the_checker_knows_tables)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
