/* SPDX-License-Identifier: Apache-2.0
 *
 * test_derivatives.c: how often derivatives can be differentiated: one time less than their number, more where
 * their own expression shows it; what their blame remembers. Rows as in cases.h, the output is the derivative.
 */
#include "cases.h"

#include "ad.h"

#define ENERGY(body) " let E = sum b in bond: " body "\n"
#define FORCE " gives F : s.atom -> vector [1/Å] = -grad(E, s.r)\n"
#define SW                                                                                                             \
    " let tail(b) = exp(1.2 / (d[b] / a - 5))\n let cosine(b, c) = dot(b.d, c.d) / (norm(b.d) * norm(c.d))\n"          \
    " let E = (sum b in bond: 7.05 * (0.602 / (d[b] / a)^4 - 1) * exp(1 / (d[b] / a - 5)))\n"                          \
    "   + (sum i in s.atom, {b, c} in bond(i): 21 * (cosine(b, c) + 1/3)^2 * tail(b) * tail(c))\n"

typedef struct derived { const char *name, *text; int order, derivatives; } derived;

static const derived rows_of_derivatives[] = {
    {"force, hard cutoff", ENERGY("a / d[b]") FORCE, -1, 1},
    {"force, linear", ENERGY("1 - x[b]") FORCE, -1, 1},
    {"force, square", ENERGY("(1 - x[b])^2") FORCE, 0, 1},
    {"force, cube", ENERGY("(1 - x[b])^3") FORCE, 1, 1},
    {"force, envelope of order 5", ENERGY("cutoff(d[b], rc, 5) / d[b] * a") FORCE, 3, 1},
    {"force, cosine cutoff", ENERGY("0.5 * (cos(turn * x[b]) + 1)") FORCE, 0, 1},
    {"force, Stillinger-Weber", SW FORCE, INF, 0},
    {"stress, Stillinger-Weber", SW " gives S : tensor(2) [1/Å^3] = grad(E, strain(s)) / volume(s)\n", INF, 0},
    {"force, kink", ENERGY("abs(x[b] - 0.5) * cutoff(d[b], rc, 3)") FORCE, -1, 1},
    {"force, triplets", " let E = sum i in s.atom, {b, c} in bond(i): (1 + dot(b.d, c.d) / (d[b] * d[c]))^2 * "
                        "cutoff(d[b], rc, 4) * cutoff(d[c], rc, 4)\n" FORCE, 2, 1},
    {"force, root of a density", " let rho[i in s.atom] = sum b in bond(i): (1 - x[b])^3\n let E = sum i in s.atom: "
                                 "sqrt(rho[i])\n" FORCE, 0, 1},
    {"force, table of an envelope", " let h(r : scalar [Å]) = cutoff(r, rc, 4)\n" ENERGY("tabulate h(d[b]) over 0 Å..5 Å to "
                                    "1e-8") FORCE, 1, 1},
    {"force, table cut hard", " let h(r : scalar [Å]) = exp(-r / a)\n" ENERGY("tabulate h(d[b]) over 0.1 Å..5 Å to 1e-8")
                              FORCE, -1, 1},
    {"virial, cube", ENERGY("(1 - x[b])^3") " gives W : tensor(2) = grad(E, strain(s))\n", 1, 1},
    {"by lattice vectors, cube", ENERGY("(1 - x[b])^3") " gives A[k in s.axis] : vector [1/Å] = grad(E, s.cell)[k]\n", 1, 1},
    {"by charges, which leaves the order", ENERGY("s.q[b.i] * s.q[b.j] * cutoff(d[b], rc, 4)")
                                           " gives Q : s.atom -> scalar = grad(E, s.q)\n", 3, 0},
    {"forces from the pulls of pairs", ENERGY("cutoff(d[b], rc, 4)")
     " let G = grad(E, bond.d)\n gives F[i in s.atom] : vector [1/Å] = sum b in bond(i): G[b] - G[b.rev]\n", 2, 0},
    {"forces from the pulls of pairs, cosine", ENERGY("0.5 * (cos(turn * x[b]) + 1)")
     " let G = grad(E, bond.d)\n gives F[i in s.atom] : vector [1/Å] = sum b in bond(i): G[b] - G[b.rev]\n", 0, 0},
    {"force of a squared force", ENERGY("cutoff(d[b], rc, 5)")
     " let G = grad(E, s.r)\n let n = sum i in s.atom: norm2(G[i])\n gives H : s.atom -> vector [1/Å^3] = grad(n, s.r)\n",
     2, 2},
    {"length of a force", ENERGY("cutoff(d[b], rc, 5)")
     " let G = grad(E, s.r)\n gives n[i in s.atom] : scalar [1/Å] = norm(G[i])\n", 0, 0},
    {"table by positions", " let n[i in s.atom] = sum b in bond(i): cutoff(d[b], rc, 4)\n let J = grad(n, s.r)\n"
                           " gives v[i in s.atom] : vector [1/Å] = sum j in s.atom: J[i, j] * s.q[j]\n", 2, 1},
    {"along a direction", " let n[i in s.atom] = sum b in bond(i): cutoff(d[b], rc, 4)\n let u[i in s.atom] = [1, 0, 0] * "
                          "s.q[i]\n gives v : s.atom -> scalar [1/Å] = grad(n, s.r, u)\n", 2, 1},
};

static int run_derived(const derived *r)
{
    const row in = {crystal, r->name, r->text, r->order, false, r->order};
    spec s;
    int wrong = 1;
    spec_init(&s);
    if (!setjmp(s.guard) && row_open(&s, &in)) {
        program *written = ad_expand(&s.a, s.p, &s.sink);
        smooth_info i = smooth_def(smooth_analyse(&s.a, s.p, written), s.output, SMOOTH_INFINITE);
        wrong = !written || i.order != r->order || (i.order < INF && (!i.reason || i.derivatives != r->derivatives));
        if (wrong)
            print_error("%s: %s after %d derivatives, expected %d after %d: %s\n", r->name, smooth_order_text(&s.a, i.order),
                        i.derivatives, r->order, r->derivatives, i.reason ? i.reason : "");
    }
    arena_free(&s.a);
    return wrong;
}

static void orders_of_derivatives(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t k = 0; k < sizeof rows_of_derivatives / sizeof *rows_of_derivatives; k++)
        wrong += run_derived(&rows_of_derivatives[k]);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(orders_of_derivatives)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
