/* SPDX-License-Identifier: Apache-2.0
 *
 * test_rough.c: proved orders against numbers. Values on both sides of cutoffs are fitted: where an order is
 * proved no jump of the value, its slope or its curvature may be found; where the rules say exactly C^k, the
 * next derivative's jump must be found. The same attack on random transforms.
 */
#include "cases.h"
#include "witness.h"

#ifndef RANDOM_PROGRAMS
#define RANDOM_PROGRAMS 80
#define RANDOM_SEED 1
#endif
enum { TRIES = 2 };

static int attack(spec *s, const char *title, int order, uint64_t seed)
{
    witness w;
    witness_init(&w);
    bool found = order >= 0 && witness_rough(s->p, s->output, order < 2 ? order : 2, TRIES, seed, &w);
    if (found)
        print_error("%s: proved C%d, but %s\n", title, order, w.text);
    witness_free(&w);
    return found;
}

static bool refuted(spec *s, int order)
{
    witness w;
    witness_init(&w);
    bool found = witness_rough(s->p, s->output, order, 4, 1, &w);
    found = found && w.violation > 0 && w.n_slots == s->p->slots.n && strlen(w.text) > 20;
    witness_free(&w);
    return found;
}

/* Does something happen at a fixed distance of two atoms that fits can show? Other edges are not searched;
 * an infinite slope has no steady fit, and erfc(5) is too small. */
static bool at_distance(const row *r, const smooth_info *i)
{
    return r->exact && i->boundary != SETIR_NONE && !strstr(r->text, "volume") &&
           !strstr(r->text, "reciprocal") && !strstr(r->text, "sqrt(1 -") && !strstr(r->text, "erfc") &&
           r->order < 2;
}

static void rows_hold_numerically(void **state)
{
    (void)state;
    int wrong = 0, found = 0;
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        spec s;
        spec_init(&s);
        assert_int_equal(setjmp(s.guard), 0);
        assert_true(row_open(&s, &rows[k]));
        smooth_info i = smooth_def(smooth_analyse(&s.a, s.p, NULL), s.output, SMOOTH_INFINITE);
        wrong += attack(&s, rows[k].name, i.order, 7);
        if (at_distance(&rows[k], &i)) {
            bool yes = refuted(&s, i.order + 1);
            found += yes;
            if (!yes)
                print_error("%s: exactly C%d, but nothing is found\n", rows[k].name, i.order);
            wrong += !yes;
        }
        arena_free(&s.a);
    }
    assert_true(found >= 15);
    assert_int_equal(wrong, 0);
}

/* Kinks and jumps away from any cutoff, found along random paths: the order that the output has, and no
 * more. */
static const row elsewhere[] = {
    {crystal, "closest image", " gives E : scalar = sum i in s.atom, j in s.atom: norm(nearest(s.r[i], "
     "s.r[j], s.cell))^2 * protons(s.Z[i]) / (1 [Å^2])\n", 0, false, 0},
    {crystal, "closest vector", " gives v : vector [Å] = sum i in s.atom, j in s.atom: nearest(s.r[i], "
     "s.r[j], s.cell) * protons(s.Z[i])\n", -1, false, -1},
    {molecule, "sorted distances", " let e[i in m.atom] = sum j in m.atom: norm(m.r[i] - m.r[j])\n gives x "
     ": rank(m.atom) -> scalar [Å] = sort(e)\n", 0, false, 0},
    {molecule, "largest", " gives x : scalar [Å] = max i in m.atom, j in m.atom: norm(m.r[i] - m.r[j])\n",
     0, false, 0},
    {molecule, "absolute value", " gives x : scalar [Å] = sum i in m.atom, j in m.atom: abs(m.r[i].x - "
     "m.r[j].x)\n", 0, false, 0},
    {molecule, "sign", " gives x : scalar = sum i in m.atom, j in m.atom: protons(m.Z[i]) * sign(m.r[i].x "
     "- m.r[j].x)\n", -1, false, -1},
    {molecule, "floor", " gives x : scalar = sum i in m.atom: floor(m.r[i].x / (0.3 Å))\n", -1, false, -1},
    {molecule, "angle", " gives x : scalar = sum i in m.atom, j in m.atom where i != j: protons(m.Z[i]) * "
     "atan2(m.r[i].y - m.r[j].y, m.r[i].x - m.r[j].x)\n", -1, false, -1},
};

static void other_places_are_found(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof elsewhere / sizeof *elsewhere; k++) {
        spec s;
        spec_init(&s);
        assert_int_equal(setjmp(s.guard), 0);
        assert_true(row_open(&s, &elsewhere[k]));
        assert_int_equal(attack(&s, elsewhere[k].name, elsewhere[k].order, 5), 0);
        if (!refuted(&s, elsewhere[k].order + 1))
            fail_msg("%s: C%d is not refuted", elsewhere[k].name, elsewhere[k].order + 1);
        arena_free(&s.a);
    }
}

/* A curvature that jumps a little beside the place that is looked at is no kink there. */
static const char cluster[] = "transform t {\n takes s : Molecule\n set bond = pairs(s.atom) within rc\n let d[b in bond] "
                              "= norm(b.d)\n let x[b in bond] = norm(b.d) / rc\n";
static const row curved[] = {
    {molecule, "square of what is left", " gives x : scalar = sum i in m.atom, j in m.atom: max(0, (m.r[i].x - m.r[j].x) "
     "/ a - 0.3)^2\n", 1, false, 1},
    {cluster, "power of what ends inside", " let n[i in s.atom] = sum b in bond(i): (1 - x[b])^6\n gives f[i in s.atom] : "
     "scalar = ((if n[i] < 0.05 then (sum b in bond(i): (0.05 - n[i])^6 * (1 - x[b])^4) else 0) + (sum b in bond(i): "
     "if d[b] < 4 Å then (4 - d[b] / a)^2 * (2 + cos(d[b] / a)) else 0))^0.75\n", 1, false, 1},
};

static void curved_places_are_no_kinks(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof curved / sizeof *curved; k++) {
        spec s;
        spec_init(&s);
        assert_int_equal(setjmp(s.guard), 0);
        assert_true(row_open(&s, &curved[k]));
        for (uint64_t seed = 1; seed <= 40; seed++) assert_int_equal(attack(&s, curved[k].name, 1, seed), 0);
        arena_free(&s.a);
    }
}

/* -------------------------------------------------------------------------------------- random transforms */

typedef struct words { char s[6000]; size_t n; uint64_t rng; } words;

static void say(words *w, const char *part)
{
    size_t n = strlen(part);
    if (w->n + n < sizeof w->s) {
        memcpy(w->s + w->n, part, n + 1);
        w->n += n;
    }
}

static const char *choose(words *w, const char *const *list, size_t n)
{
    return list[sample_below(&w->rng, (int64_t)n)];
}

#define CHOOSE(w, list) say(w, choose(w, list, sizeof list / sizeof *list))

/* b stands for the pair; with a second one, factors of both occur */
static void factor(words *w, const char *b, int depth);

static void leaf(words *w, const char *b)
{
    static const char *const forms[] = {
        "x[%]", "(1 - x[%])", "(1 - x[%])^2", "(1 - x[%])^3", "(1 - x[%])^4", "(1 - x[%]^2)^3",
     "cutoff(d[%], rc, 3)",
        "cutoff(d[%], 4 Å, 2)", "cutoff(d[%], 6 Å, 4)", "(cos(turn * x[%]) + 1)", "sin(turn * x[%])",
     "exp(1 / (x[%] - 1))",
        "exp(-x[%])", "(1 / (1 - x[%]))", "(1 / x[%])", "tanh(1 - x[%])", "s.q[%.i]", "protons(s.Z[%.j])",
     "(%.d.x / a)",
        "sqrt(1 - x[%])", "(if x[%] < 0.7 then (1 - x[%] / 0.7)^2 else 0)", "(if d[%] < 4 Å then x[%] else "
     "0.8 + (x[%] - 0.8))",
        "(if d[%] < 4 Å then 1 else 0)", "max(0, 1 - x[%] / 0.8)^2", "abs(x[%] - 0.5)", "rho[%.i]",
     "sqrt(1 + rho[%.j])",
        "erfc(3 * x[%])", "log(x[%])", "(2 - x[%])", "0.5", "(1 - 1)", "(x[%] - 1)^3", "min(x[%], 0.6)",
     "rho[%.j]^2"};
    const char *form = choose(w, forms, sizeof forms / sizeof *forms);
    for (char one[2] = {0}; *form; form++) {
        one[0] = *form;
        say(w, *form == '%' ? b : one);
    }
}

static void factor(words *w, const char *b, int depth)
{
    static const char *const operators[] = {" * ", " * ", " * ", " + ", " - ", " / "};
    static const char *const functions[] = {"exp(",  "tanh(",   "cos(",      "sqrt(1 + ", "abs(",
                                            "exp(-", "(0.3 + ", "1 / (2 + ", "max(0.1, "};
    if (depth == 0 || sample_below(&w->rng, 4) == 0) {
        leaf(w, b);
    } else if (sample_below(&w->rng, 5) == 0) {
        CHOOSE(w, functions);
        factor(w, b, depth - 1);
        say(w, ")");
    } else {
        say(w, "(");
        factor(w, b, depth - 1);
        CHOOSE(w, operators);
        factor(w, b, depth - 1);
        say(w, ")");
    }
}

static void random_transform(words *w, uint64_t seed)
{
    *w = (words){.rng = seed};
    say(w, head);
    say(w, crystal);
    say(w, " let rho[i in s.atom] = sum b in bond(i): ");
    say(w, sample_below(&w->rng, 2) ? "cutoff(d[b], rc, 4)\n" : "(1 - x[b])^3\n");
    say(w, " set near = pairs(s.atom) within 3.5 Å\n");
    static const char *const filters[] = {"", "", " where d[b] < 4 Å", " where x[b] < 0.9 and d[b] > 2 Å",
                                          " where not d[b] < 3 Å or s.Z[b.i] == s.Z[b.j]"};
    int64_t form = sample_below(&w->rng, 4);
    if (form < 2) {
        say(w, form ? " gives E : scalar = sum b in bond" : " gives E[i in s.atom] : scalar = sum b in bond(i)");
        CHOOSE(w, filters);
        say(w, ": ");
        factor(w, "b", 3);
    } else if (form == 2) {                              /* messages over another set                         */
        say(w, " let v[i in s.atom] = sum b in bond(i): ");
        factor(w, "b", 2);
        say(w, "\n gives E : scalar = sum e in near: v[e.j] * cutoff(norm(e.d), 3.5 Å, 3)");
        say(w, sample_below(&w->rng, 2) ? " * tanh(v[e.i])" : " + exp(a / (norm(e.d) - 3.5 Å))");
    } else {
        say(w, " gives E : scalar = sum i in s.atom, (b, c) in bond(i): ");
        factor(w, "b", 2);
        say(w, " * ");
        factor(w, "c", 2);
        if (sample_below(&w->rng, 2))
            say(w, " * dot(b.d, c.d) / a^2");
    }
    say(w, "\n}\n");
}

static void random_transforms(void **state)
{
    (void)state;
    int wrong = 0, proved = 0, rough = 0;
    for (uint64_t seed = RANDOM_SEED; seed < RANDOM_SEED + RANDOM_PROGRAMS; seed++) {
        spec s;
        words w;
        random_transform(&w, seed);
        spec_init(&s);
        assert_int_equal(setjmp(s.guard), 0);
        assert_true(spec_open(&s, w.s, w.s));
        smooth_info i = smooth_def(smooth_analyse(&s.a, s.p, NULL), s.output, SMOOTH_INFINITE);
        assert_true(i.order >= -1 && i.order <= SMOOTH_INFINITE && i.order_positions >= i.order);
        assert_true(i.order == SMOOTH_INFINITE || i.reason);
        proved += i.order >= 0;
        int bad = attack(&s, strstr(w.s, "gives"), i.order, seed);
        rough += i.order < 2 && i.exact && refuted(&s, i.order + 1);
        wrong += bad;
        arena_free(&s.a);
    }
    assert_int_equal(wrong, 0);
    assert_true(proved >= RANDOM_PROGRAMS / 10);          /* an attack on nothing would prove nothing */
    assert_true(rough >= RANDOM_PROGRAMS / 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows_hold_numerically),
                                       cmocka_unit_test(other_places_are_found),
        cmocka_unit_test(curved_places_are_no_kinks),
                                       cmocka_unit_test(random_transforms)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
