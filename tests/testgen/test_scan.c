/* SPDX-License-Identifier: Apache-2.0
 *
 * test_scan.c: the search for jumps and kinks on functions whose smoothness is known.
 */
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "scan.h"

#define PLACE 1.2345678
#define APART 2e-2

typedef double (*plain)(double t);

static double wave(double t)
{
    return sin(3 * t) + 0.2 * t * t;
}
static double wall(double t)
{
    return pow(t, -12) - pow(t, -6);
}
static double ended(double t)
{
    return t < PLACE ? exp(1 / (t - PLACE)) : 0;
} /* all derivatives end at zero */
static double behind(double t, double power)
{
    return t > PLACE ? pow(t - PLACE, power) : 0;
}
static double jump(double t)
{
    return wave(t) + (t > PLACE ? 1e-5 : 0);
}
static double kink(double t)
{
    return wave(t) + 1e-2 * behind(t, 1);
}
static double only_c1(double t)
{
    return wave(t) + behind(t, 2);
}
static double only_c2(double t)
{
    return wave(t) + 10 * behind(t, 3);
}
static double half_more(double t)
{
    return wave(t) + behind(t, 1.5);
}
static double quarter_more(double t, int order)
{
    return wave(t) + 3 * pow(fmax(0, PLACE - t), order + 0.25);
}
static double c0_quarter(double t)
{
    return quarter_more(t, 0);
}
static double c1_quarter(double t)
{
    return quarter_more(t, 1);
}
static double c2_quarter(double t)
{
    return quarter_more(t, 2);
}
static double both_quarter(double t)
{
    return only_c1(t) + 3 * pow(fmax(0, t - 2.5), 2.25);
}
static double bump(double t)
{
    return wave(t) + 1e3 * pow(fmax(0, (t - PLACE) * (PLACE + APART - t)), 2);
} /* two ends */
static double nothing(double t)
{
    return 0 * t;
}
static double broken(double t)
{
    return t > PLACE ? NAN : wave(t);
}
static double grainy(double t)
{
    return nearbyint(wave(t) * 1e13) / 1e13;
} /* rounding and no more */

static double faded(double t)
{
    return t < PLACE ? 1 - cos((t - PLACE) / 50) : 0;
} /* ends in steps of rounding of 1 */
static double noisy(double t)
{
    volatile double large = wave(t) + 1e5;
    return large - 1e5;
} /* rounding of large terms that cancel */

static bool call(void *user, const double *t, int64_t n, double *value)
{
    for (int64_t k = 0; k < n; k++) value[k] = (*(plain *)user)(t[k]);
    return true;
}

/* among two others, one of which is large */
static bool call_wide(void *user, const double *t, int64_t n, double *value)
{
    for (int64_t k = 0; k < n; k++) {
        value[3 * k] = 50 * wave(t[k]);
        value[3 * k + 1] = (*(plain *)user)(t[k]);
        value[3 * k + 2] = 1;
    }
    return true;
}

static bool refuse(void *user, const double *t, int64_t n, double *value)
{
    (void)user, (void)t, (void)n, (void)value;
    return false;
}

static void judge(const char *what, plain f, int order, bool rough)
{
    scan_place at;
    if (scan_line(call, &f, 1, 0.5, 3.2, order, &at) != (rough ? SCAN_ROUGH : SCAN_SMOOTH))
        fail_msg("%s: C%d is %s", what, order, rough ? "not refused" : "refused");
    if (rough &&
        !((fabs(at.t - PLACE) < 2e-3 || fabs(at.t - PLACE - APART) < 2e-3) && at.power < order + 0.3))
        fail_msg("%s: found at %g with the power %g", what, at.t, at.power);
    if (scan_line(call_wide, &f, 3, 0.5, 3.2, order, &at) != (rough ? SCAN_ROUGH : SCAN_SMOOTH))
        fail_msg("%s among others: C%d is %s", what, order, rough ? "not refused" : "refused");
}

static void test_orders(void **state)
{
    static const struct {
        const char *what;
        plain f;
        int order; /* up to which it is smooth, of those that are looked for */
    } rows[] = {{"wave", wave, 2},
                {"wall", wall, 2},
                {"ended", ended, 2},
                {"nothing", nothing, 2},
                {"grainy", grainy, 2},   {"noisy", noisy, 2},
                {"faded", faded, 1},
                {"jump", jump, -1},
                {"kink", kink, 0},
                {"half more", half_more, 1},
                {"a quarter more than C0", c0_quarter, 0},
                {"a quarter more than C1", c1_quarter, 1},
                {"a quarter more than C2", c2_quarter, 2},
                {"C1 here, a quarter more than C2 there", both_quarter, 1},
                {"only C1", only_c1, 1},
                {"two ends near by", bump, 1},
                {"only C2", only_c2, 2}};
    (void)state;
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++)
        for (int order = 0; order <= 2; order++) judge(rows[k].what, rows[k].f, order, order > rows[k].order);
}

static double shifted(double t, double place, double power)
{
    return wave(t) + 0.3 * pow(fmax(0, t - place), power);
}

static bool call_shifted(void *user, const double *t, int64_t n, double *value)
{
    const double *of = user;
    for (int64_t k = 0; k < n; k++) value[k] = shifted(t[k], of[0], of[1]);
    return true;
}

/* the power is told apart wherever the place lies between those that are looked at */
static void test_powers(void **state)
{
    (void)state;
    for (int k = 0; k < 40; k++)
        for (int quarters = 4; quarters <= 9; quarters++) {
            double of[2] = {1 + fmod(0.61803398875 * k, 1), quarters / 4.0};
            scan_place at;
            for (int order = 1; order <= 2; order++) {
                const scan_verdict v = scan_line(call_shifted, of, 1, 0.5, 3.2, order, &at);
                if ((v == SCAN_ROUGH) != (of[1] <= order)) fail_msg("t^%g at %.17g: C%d is wrong: %g", of[1], of[0], order, at.power);
                if (v == SCAN_ROUGH && fabs(at.power - of[1]) > 0.05) fail_msg("t^%g at %.17g has the power %g", of[1], of[0], at.power);
            }
        }
}

static void test_odd_input(void **state)
{
    (void)state;
    plain f = broken, g = wave;
    scan_place at;
    assert_int_equal(scan_line(call, &f, 1, 0.5, 3.2, 2, &at),
                     SCAN_SMOOTH); /* what cannot be seen is not blamed */
    assert_int_equal(scan_line(refuse, &f, 1, 0.5, 3.2, 2, &at), SCAN_FAILED);
    assert_int_equal(scan_line(call, &g, 0, 0.5, 3.2, 2, &at), SCAN_FAILED);
    assert_int_equal(scan_line(call, &g, 1, 3.2, 0.5, 2, &at), SCAN_FAILED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_orders), cmocka_unit_test(test_powers),
                                       cmocka_unit_test(test_odd_input)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
