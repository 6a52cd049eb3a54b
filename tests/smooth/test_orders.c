/* SPDX-License-Identifier: Apache-2.0
 *
 * test_orders.c: the order of differentiability that smooth.c proves, one small transform per row of cases.h
 * potentials.h and parameters.h, and the place and words of the blame.
 */
#include "ad.h"
#include "parameters.h"
#include "potentials.h"

static int run_row(const row *r)
{
    spec s;
    int wrong = 1;
    spec_init(&s);
    if (!setjmp(s.guard) && row_open(&s, r)) {
        smooth_result *found = smooth_analyse(&s.a, ad_numbers_expand(&s.a, s.p), ad_expand(&s.a, s.p, &s.sink));
        smooth_info i = smooth_def(found, s.output, SMOOTH_INFINITE);
        wrong = i.order != r->order || i.order_positions != r->positions ||
                (i.order < INF && (i.exact != r->exact || !i.reason));
        if (wrong)
            print_error("%s: %s%s (positions %s), expected %d%s (%d): %s\n", r->name,
                        smooth_order_text(&s.a, i.order), i.exact ? " exactly" : "",
                        smooth_order_text(&s.a, i.order_positions), r->order, r->exact ? " exactly" : "",
                        r->positions, i.reason ? i.reason : "");
    }
    arena_free(&s.a);
    return wrong;
}

static void orders(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++)
        wrong += run_row(&rows[k]);
    for (size_t k = 0; k < sizeof rows_of_parameters / sizeof *rows_of_parameters; k++)
        wrong += run_row(&rows_of_parameters[k]);
    for (size_t k = 0; k < sizeof derivatives_by_parameters / sizeof *derivatives_by_parameters; k++)
        wrong += run_row(&derivatives_by_parameters[k]);
    for (size_t k = 0; k < sizeof potentials / sizeof *potentials; k++)
        wrong += run_row(&potentials[k]);
    assert_int_equal(wrong, 0);
}

/* the text with `<` for `<=`, `>` for `>=` and the other way round; how many there are */
static int turned(const char *from, char *to)
{
    int n = 0;
    for (; *from; from++) {
        const bool compares = (*from == '<' || *from == '>') && from[-1] != '-';
        *to++ = *from;
        if (!compares)
            continue;
        if (from[1] == '=')
            from++;
        else
            *to++ = '=';
        n++;
    }
    *to = 0;
    return n;
}

/* Which side has the boundary itself makes no difference, but: a side that is not defined there; a root of what
 * both sides have in common. */
static int turned_order(const row *r)
{
    return !strcmp(r->name, "Stillinger-Weber inside a wider set")            ? -1
           : !strcmp(r->name, "roots of sums of what two conditions end alike") ? 0
                                                                                : r->order;
}

static void either_side_has_the_boundary(void **state)
{
    (void)state;
    static char words[4096];
    int wrong = 0, looked_at = 0;
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        row r = rows[k];
        if (strlen(r.text) > sizeof words / 2 || !turned(r.text, words))
            continue;
        r.text = words;
        r.order = r.positions = turned_order(&rows[k]);
        r.exact = rows[k].exact && r.order == rows[k].order;
        wrong += run_row(&r);
        looked_at++;
    }
    assert_true(looked_at > 30);
    assert_int_equal(wrong, 0);
}

/* The blame names the factor, the power and the distance, at the right place. */
static const struct blamed { const char *text, *reason, *place; } blamed[] = {
    {SUM("exp(-x[b]) * (1 - x[b])^2"), "vanishes as t^2 when |b.d| reaches 5 Å, so it is only C1", "(1 - x[b])^2"},
    {" let u = 1 + 1\n" SUM("1"), "does not vanish when |b.d| reaches 5 Å, so it is discontinuous", "sum b in bond: 1"},
    {" gives E : scalar = sum i in s.atom: prod b in bond(i): (1 - x[b])^3\n",
     "a factor does not come to 1 when |b.d| reaches 5 Å, so it is discontinuous", "prod b in bond(i): (1 - x[b])^3"},
    {" gives E : scalar = sum i in s.atom: prod b in bond(i): 1 + (1 - x[b])^3\n",
     "a factor comes to 1 as t^3 when |b.d| reaches 5 Å, so it is only C2", "prod b in bond(i): 1 + (1 - x[b])^3"},
};

static void blame_is_at_the_factor(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof blamed / sizeof *blamed; k++) {
        const row r = {crystal, "blame", blamed[k].text, 0, true, 0};
        spec s;
        spec_init(&s);
        assert_int_equal(setjmp(s.guard), 0);
        assert_true(row_open(&s, &r));
        smooth_info i = smooth_def(smooth_analyse(&s.a, s.p, NULL), s.output, SMOOTH_INFINITE);
        assert_string_equal(i.reason, blamed[k].reason);
        assert_non_null(i.at.src);
        assert_int_equal(i.at.end - i.at.start, strlen(blamed[k].place));
        assert_memory_equal(i.at.src->text + i.at.start, blamed[k].place, i.at.end - i.at.start);
        assert_int_equal(i.boundary != SETIR_NONE, 1);
        arena_free(&s.a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(orders), cmocka_unit_test(either_side_has_the_boundary),
                                       cmocka_unit_test(blame_is_at_the_factor)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
