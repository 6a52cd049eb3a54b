/* SPDX-License-Identifier: Apache-2.0
 *
 * test_turn.c: sums of components that a rotation keeps although it changes each of them: which rotations and
 * mirrors the rules give, exactly; what they give survives a search for counterexamples, and for what they do
 * not give one is found where the table says so.
 */
#include "../smooth/spec.h"
#include "law.h"
#include "witness.h"

#include <math.h>

#define BIT(s) (1u << SYM_##s)
#define X BIT(ROTATE_X)
#define Y BIT(ROTATE_Y)
#define Z BIT(ROTATE_Z)
#define TURNS (BIT(ROTATE) | X | Y | Z)
#define ALL (TURNS | BIT(REFLECT))

typedef struct row {
    const char *type, *body;
    unsigned gives; /* rotations and general mirrors of which the statuses are exact */
} row;

static const row rows[] = {
    {"scalar [Å^2]", "b.d.x^2 + b.d.y^2", Z},
    {"scalar [Å^2]", "b.d.x * b.d.x + (b.d.y)^2 + b.d.z^2", ALL},
    {"scalar [Å^2]", "b.d.z^2 - (0 [Å^2] - (b.d.x^2 + b.d.y^2))", ALL},
    {"scalar [Å^2]", "b.d.y^2 + b.d.z^2 + 3 * b.d.x^2", X},
    {"scalar [Å^2]", "b.d.x^2 + b.d.y^2 + norm(b.d) * b.d.z", Z},
    {"scalar [Å^2]", "b.d.x^2 + b.d.y^2 + b.d.z * b.d.x", 0},
    {"scalar [Å^2]", "b.d.x^2 + b.d.z^2", Y},
    {"scalar [Å^2]", "b.d.x^2 - b.d.y^2", 0},
    {"scalar [Å^2]", "b.d.x^2 + 2 * b.d.y^2", 0},
    {"scalar [Å^2]", "2 * b.d.x^2 + 2 * b.d.y^2", Z},
    {"scalar", "(b.d.x / 3 Å)^2 + (b.d.y / 3 Å)^2", Z},
    {"scalar", "(b.d.x / 3 Å)^2 + (b.d.y / 2 Å)^2", 0},
    {"scalar", "(b.d.x / norm(b.d))^2 + (b.d.y / norm(b.d))^2", Z},
    {"scalar", "(b.d.x / norm(b.d))^2 + (b.d.y / (1 Å + norm(b.d)))^2", 0},
    {"scalar [Å^3]", "b.d.z * (b.d.x^2 + b.d.y^2)", Z},
    {"scalar [Å^3]", "b.d.x * b.d.x^2 + b.d.x * b.d.y^2", 0},
    {"scalar [Å^2]", "b.d.x * g[b.i].x + b.d.y * g[b.i].y", Z},
    {"scalar [Å^2]", "b.d.x * g[b.i].y - b.d.y * g[b.i].x", Z},
    {"scalar [Å^2]", "b.d.x * g[b.i].y + b.d.y * g[b.i].x", 0},
    {"scalar [Å^2]", "b.d.x * g[b.i].x + b.d.y * g[b.i].y + 0.3 * (b.d.x * g[b.i].y - b.d.y * g[b.i].x)", Z},
    {"scalar [Å^2]", "b.d.x * g[b.i].x + b.d.y * g[b.i].y + b.d.z * g[b.i].z", ALL},
    {"scalar [Å^2]", "b.d.x * g[b.i].x + b.d.y * g[b.i].y - b.d.z * g[b.i].z", Z},
    {"scalar [Å^2]", "b.d.x * b.d.y - b.d.y * b.d.x", ALL},
    {"scalar [Å^2]", "outer(b.d, g[b.i]).xx + outer(b.d, g[b.i]).yy", Z},
    {"scalar", "sqrt(b.d.x^2 + b.d.y^2) / norm(b.d)", Z},
    {"scalar [Å]", "norm([b.d.x, b.d.y, 0 Å])", Z},
    {"scalar [Å]", "norm([b.d.x, b.d.y, b.d.z])", ALL},
    {"scalar [Å]", "norm([b.d.x, 0 Å, b.d.z])", Y},
    {"vector [Å]", "[b.d.x, b.d.y, b.d.z]", ALL},
    {"vector [Å]", "[0.5 * b.d.x, 0.5 * b.d.y, b.d.z]", Z},
    {"vector [Å]", "[-b.d.y, b.d.x, b.d.z]", Z},
    {"vector [Å]", "[b.d.y, b.d.x, b.d.z]", 0},
    {"vector [Å]", "[b.d.x, b.d.y, norm(b.d)]", Z},
    {"vector [Å]", "[b.d.x, norm(b.d), b.d.z]", Y},
    {"vector [Å]", "[b.d.x, b.d.y + norm(b.d), b.d.z]", Y},
    {"scalar [Å^2]", "s.r[b.i].x^2 + s.r[b.i].y^2", Z},
};

static int one_row(const row *r)
{
    char words[2000];
    snprintf(words, sizeof words,
             "structure Molecule {\n set atom\n field r : atom -> point [Å]\n field Z : atom -> species\n}\n"
             "transform t {\n takes s : Molecule\n set bond = pairs(s.atom) within 5 Å\n"
             " let g[i in s.atom] = sum c in bond(i): norm(c.d) * c.d / 1 Å\n"
             " gives e[b in bond] : %s = %s\n}\n", r->type, r->body);
    spec s;
    int wrong = 0;
    spec_init(&s);
    assert_int_equal(setjmp(s.guard), 0);
    assert_true(spec_open(&s, r->body, words));
    law_result *laws = law_infer(&s.a, s.p, &s.sink);
    for (int g = SYM_ROTATE; g <= SYM_REFLECT; g++) {
        bool exact = laws->def[s.output].status[g].level == LAW_EXACT, wanted = r->gives >> g & 1;
        witness w;
        witness_init(&w);
        bool found = witness_find(s.p, s.output, (symmetry)g, NAN, 4, 1, &w);
        bool good = exact == wanted && (g == SYM_REFLECT ? !(exact && found) : exact != found);
        if (!good && ++wrong)
            print_error("%s: %s is %sexact; %s\n", r->body, symmetry_text[g], exact ? "" : "not ",
                        found ? w.text : "no counterexample");
        witness_free(&w);
    }
    arena_free(&s.a);
    return wrong;
}

static void turns(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) wrong += one_row(&rows[k]);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(turns)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
