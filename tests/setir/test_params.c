/* SPDX-License-Identifier: Apache-2.0
 *
 * test_params.c: `param` lines to the table of parameters: paths, whose they are, sets, units, places, initialisers; what is
 * refused; the table as text and back; faults that the verifier sees.
 */
#include "../smooth/spec.h"

#include <stdlib.h>

#define CRYSTAL "structure Crystal {\n set atom\n field r : atom -> point [Å]\n field Z : atom -> species\n field cell : lattice(xyz) [Å]\n}\n"
#define LAYER "transform layer {\n takes x : scalar\n param w : scalar\n param c : scalar\n gives y : scalar = w * x + c\n}\n"
#define DEEP LAYER "transform deep {\n takes x : scalar\n param w : scalar\n let g = layer(x)\n gives y : scalar = w * g.y + layer(g.y)\n}\n"
#define T "transform t {\n takes s : Crystal\n set bond = pairs(s.atom) within 4 Å\n set z = species(Mo, S)\n set n = 1..3\n"

typedef struct told { const char *name, *text, *paths; } told;

/* paths in the order of places, with the number of the first */
static const told specs[] = {
    {"own", CRYSTAL T " param a, b : scalar\n param c : z * n -> scalar^2\n gives x : scalar = a + b + c[0, 1][1] + c[Mo, 2][0]\n}\n",
     "a@0 b@1 c@2"},
    {"bound by let", CRYSTAL LAYER T " let g = layer(1)\n gives x : scalar = g.y + g.y * g.y\n}\n", "g.w@0 g.c@1"},
    {"not bound", CRYSTAL LAYER T " gives x : scalar = layer(1) + layer(2)\n}\n", "layer[0].w@0 layer[0].c@1 layer[1].w@2 layer[1].c@3"},
    {"one alone", CRYSTAL LAYER T " gives x : scalar = 2 * layer(1).y\n}\n", "layer.w@0 layer.c@1"},
    {"named as the transform", CRYSTAL LAYER T " let layer2 = layer(1)\n gives x : scalar = layer2.y + layer(2).y\n}\n",
     "layer2.w@0 layer2.c@1 layer.w@2 layer.c@3"},
    {"in a function, called twice", CRYSTAL LAYER T " let f(v) = layer(v).y\n gives x : scalar = f(1) + f(2) + (sum b in bond: f(norm(b.d) / 1 Å))\n}\n",
     "layer.w@0 layer.c@1"},
    {"the whole of a function", CRYSTAL LAYER T " let f(v) = layer(v)\n gives x : scalar = f(1) + f(2)\n}\n", "f.w@0 f.c@1"},
    {"nested", CRYSTAL DEEP T " let h = deep(1)\n gives x : scalar = h.y + deep(2)\n}\n",
     "h.w@0 h.g.w@1 h.g.c@2 h.layer.w@3 h.layer.c@4 deep.w@5 deep.g.w@6 deep.g.c@7 deep.layer.w@8 deep.layer.c@9"},
    {"what is not asked for", CRYSTAL "transform two {\n takes v : scalar\n param a, b : scalar\n gives p : scalar = a * v\n gives q : scalar = b * v\n}\n"
     T " let g = two(1)\n gives x : scalar = g.q\n}\n", "g.b@0"},
    {"calls without parameters do not count", CRYSTAL LAYER "transform plain {\n takes x : scalar\n gives y : scalar = x\n}\n"
     T " let a = plain(1)\n gives x : scalar = layer(1) + plain(2) + a.y\n}\n", "layer.w@0 layer.c@1"},
    {"a named power", CRYSTAL T " let two = 2\n param e : z^two -> scalar\n param f : scalar\n gives x : scalar = e[Mo, S] * f\n}\n", "e@0 f@4"},
    {"ranks and powers", CRYSTAL T " param m : rank(4) * rank(2) -> scalar init glorot\n param e : z^2 -> scalar [eV]\n"
     " gives x : scalar [eV] = m[3, 1] * e[Mo, S]\n}\n", "m@0 e@8"},
};

static char *paths_of(const program *p)
{
    text t;
    text_init(&t);
    for (param_id k = 0; k < p->params.n; k++)
        text_printf(&t, "%s%s@%llu", k ? " " : "", p->params.at[k].path, (unsigned long long)p->params.at[k].first);
    char *made = strdup(t.s ? t.s : "");
    text_free(&t);
    return made;
}

static void paths(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t k = 0; k < sizeof specs / sizeof *specs; k++) {
        spec s;
        spec_init(&s);
        assert_int_equal(setjmp(s.guard), 0);
        if (!spec_open(&s, specs[k].name, specs[k].text)) fail_msg("%s", specs[k].name);
        char *found = paths_of(s.p);
        if (strcmp(found, specs[k].paths) != 0) {
            print_error("%s: %s\n", specs[k].name, found);
            wrong++;
        }
        free(found);
        arena_free(&s.a);
    }
    assert_int_equal(wrong, 0);
}

/* names stay when unrelated lines change places */
static void order_of_lines(void **state)
{
    (void)state;
    static const char *const lines[2] = {
        CRYSTAL DEEP T " let a = layer(1)\n let h = deep(1)\n gives x : scalar = a.y\n gives v : scalar = h.y\n}\n",
        CRYSTAL DEEP T " gives v : scalar = h.y\n gives x : scalar = a.y\n let h = deep(1)\n let a = layer(1)\n}\n"};
    char *found[2][8];
    uint32_t n[2];
    for (int k = 0; k < 2; k++) {
        spec s;
        spec_init(&s);
        assert_int_equal(setjmp(s.guard), 0);
        assert_true(spec_open(&s, "order", lines[k]));
        n[k] = s.p->params.n;
        assert_true(n[k] <= 8);
        for (uint32_t j = 0; j < n[k]; j++) found[k][j] = strdup(s.p->params.at[j].path);
        arena_free(&s.a);
    }
    assert_int_equal(n[0], n[1]);
    for (uint32_t j = 0; j < n[0]; j++) {
        bool met = false;
        for (uint32_t i = 0; i < n[1]; i++) met |= !strcmp(found[0][j], found[1][i]);
        assert_true(met);
    }
    for (int k = 0; k < 2; k++)
        for (uint32_t j = 0; j < n[k]; j++) free(found[k][j]);
}

/* ---- the table ----------------------------------------------------------------------------------------- */

static void numbers_and_units(void **state)
{
    (void)state;
    spec s;
    spec_init(&s);
    assert_int_equal(setjmp(s.guard), 0);
    assert_true(spec_open(&s, "units", CRYSTAL T " param k : scalar [1/nm] init uniform(1 [1/nm], 20 [1/nm])\n"
                          " param A : z * z -> scalar^3 [kJ/mol] init normal(0.5 eV)\n param c : scalar init constant(2 * 3)\n"
                          " gives x : scalar = k * 1 Å * A[Mo, S][1] / 1 eV * c\n}\n"));
    const parameter *k = &s.p->params.at[0], *A = &s.p->params.at[1], *c = &s.p->params.at[2];
    assert_int_equal(program_param_numbers(s.p), 1 + 12 + 1);
    assert_int_equal(c->first, 13);
    assert_true(k->scale > 0.0999999 && k->scale < 0.1000001);
    assert_true(k->init == INIT_UNIFORM && k->init_value[0] > 0.0999999 && k->init_value[1] < 2.0000001);
    assert_true(A->init == INIT_NORMAL && A->init_value[0] == 0.5 && A->elem.channels == 3 && A->n_domain == 2);
    assert_true(c->init == INIT_CONSTANT && c->init_value[0] == 6);
    arena_free(&s.a);
}

static void there_and_back(void **state)
{
    (void)state;
    spec s;
    spec_init(&s);
    assert_int_equal(setjmp(s.guard), 0);
    assert_true(spec_open(&s, "text", CRYSTAL LAYER T " param A : z * n -> scalar^2 [eV] init uniform(-1 eV, 1 eV)\n let g = layer(2)\n"
                          " gives E : scalar [eV] = (sum i in s.atom, k in n: A[s.Z[i], k][0]) * g.y\n"
                          " gives dA[p in z, k in n] : scalar^2 = grad(E, A)[p, k]\n gives d : scalar [eV] = grad(E, g.c)\n}\n"));
    text first, second, problem;
    text_init(&first);
    text_init(&second);
    text_init(&problem);
    program_dump(s.p, &first);
    const source *src = source_new(&s.a, "dump", first.s, first.n);
    program *back = program_read(&s.a, &s.names, src, &s.sink);
    assert_non_null(back);
    program_dump(back, &second);
    assert_string_equal(first.s, second.s);
    assert_true(program_verify(back, &problem));
    text_free(&first);
    text_free(&second);
    text_free(&problem);
    arena_free(&s.a);
}

typedef struct fault { const char *text, *says; } fault;

#define SETS "slot 0 base S1\nset S0 = range 0 2\nset S1 = base slot 0\n"
static const fault faults[] = {
    {"param P0 \"w\" = real [1] over S0 scale 1\ndef d0 : real = body %0\n%0 = param real P0\n", "one index for each set"},
    {"param P0 \"w\" = real [1] scale 1\ndef d0 : real^2 = body %0\n%0 = param real^2 P0\n", "result"},
    {"param P0 \"w\" = real [1] over S1 scale 1\n", "sets of fixed size"},
    {"param P0 \"w\" = species [1] scale 1\n", "plain reals"},
    {"param P0 \"w\" = real [1] scale 1 init glorotz\n", "initialiser"},
    {"def d0 : real = body %0\n%0 = param real P0\n", "P0"},
    {"param P0 \"w\" = real [1] over S0 scale 1\ndef d0 : real = body %0\ndef d1 : real = grad d0 by param P0\n%0 = const real 1 [1]\n", "another number of sets"},
};

static void faults_are_seen(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof faults / sizeof *faults; k++) {
        arena a;
        jmp_buf guard;
        arena_init(&a, &guard);
        assert_int_equal(setjmp(guard), 0);
        intern names;
        diag_sink sink;
        intern_init(&names, &a);
        diag_sink_init(&sink, &a);
        const char *words = arena_printf(&a, "program \"p\"\n" SETS "%s", faults[k].text);
        assert_null(program_read(&a, &names, source_new(&a, "dump", words, strlen(words)), &sink));
        text out;
        text_init(&out);
        diag_print_text(&sink, &out, false, 20);
        if (!strstr(out.s, faults[k].says)) fail_msg("%s%s", faults[k].text, out.s);
        text_free(&out);
        arena_free(&a);
    }
}

/* ---- refusals ------------------------------------------------------------------------------------------ */

static const fault refused[] = {
    {" param w : s.atom -> scalar\n gives x : scalar = w[first(s.atom)]\n", "E0160"},
    {" param w : bond -> scalar\n gives x : scalar = sum b in bond: w[b]\n", "E0160"},
    {" param w : z * s.atom -> scalar\n gives x : scalar = 1\n", "E0160"},
    {" param w : rank(s.atom) -> scalar\n gives x : scalar = 1\n", "E0160"},
    {" param w : s.axis -> scalar\n gives x : scalar = 1\n", "E0160"},
    {" param w : n^5 * z^4 -> scalar\n gives x : scalar = 1\n", "more than eight sets"},
    {" param w : n^9 -> scalar\n gives x : scalar = 1\n", "above the eighth"},
    {" param w : n^z -> scalar\n gives x : scalar = 1\n", "whole number"},
    {" param w : vector\n gives x : scalar = 1\n", "E0161"},
    {" param w : tensor(2)\n gives x : scalar = 1\n", "E0161"},
    {" param w : irreps(0..2)\n gives x : scalar = 1\n", "E0161"},
    {" param w : pseudoscalar\n gives x : scalar = 1\n", "E0161"},
    {" param w : point\n gives x : scalar = 1\n", "E0161"},
    {" param w : species\n gives x : scalar = 1\n", "E0161"},
    {" param w : scalar init zero\n gives x : scalar = w\n", "zeros"},
    {" param w : scalar init normal\n gives x : scalar = w\n", "E0162"},
    {" param w : scalar init normal(-1)\n gives x : scalar = w\n", "E0162"},
    {" param w : scalar init uniform(1, 1)\n gives x : scalar = w\n", "E0162"},
    {" param w : scalar init constant(1/0)\n gives x : scalar = w\n", "E0162"},
    {" param w : scalar init zeros(1)\n gives x : scalar = w\n", "E0162"},
    {" param w : scalar init glorot\n gives x : scalar = w\n", "E0162"},
    {" param v : scalar\n param w : scalar init constant(v)\n gives x : scalar = w + v\n", "E0162"},
    {" param w : scalar [eV] init normal(1)\n gives x : scalar [eV] = w\n", "E0106"},
    {" param w : scalar [Å]\n set near = pairs(s.atom) within w + 1 Å\n gives x : scalar = count(near)\n", "E0163"},
    {" param w : scalar\n let r = if w > 0 then 3 Å else 4 Å\n set near = pairs(s.atom) within r\n gives x : scalar = count(near)\n", "E0163"},
    {" param w : scalar\n let f(v) = v * w\n gives x : scalar = sum b in bond: tabulate f(norm(b.d) / 4 Å) over 0..1 to 1e-6\n", "E0183"},
    {" param w : scalar\n gives x : scalar = sum i in s.atom, k in 0..w: k\n", "E01"},
    {" param w : n -> scalar\n let e[i in s.atom] = w[1]\n gives x[i in s.atom, k in n] : scalar = grad(e, w[1])[i, k]\n", "E0172"},
    {" param w : n * n -> scalar\n let e[i in s.atom] = w[1, 1]\n let g = grad(e, w)\n gives x : scalar = 1\n", "E0171"},
    {" param w : scalar [eV]\n gives x : scalar = w\n", "E01"},
    {" param w : scalar\n gives x : scalar = 1\n", "E0164"},
    {" param w : scalar\n let y = grad(2 * w, w)\n gives x : scalar = 1\n", "E0164"},
};

static void refusals(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t k = 0; k < sizeof refused / sizeof *refused; k++) {
        spec s;
        spec_init(&s);
        assert_int_equal(setjmp(s.guard), 0);
        intern_init(&s.names, &s.a);
        diag_sink_init(&s.sink, &s.a);
        const char *words = arena_printf(&s.a, CRYSTAL T "%s}\n", refused[k].text);
        const source *src = source_new(&s.a, "test.mtx", words, strlen(words));
        infer_module(&s.a, &s.names, &s.sink, module_load(&s.a, &s.names, &s.sink, src, NULL, NULL));
        text out;
        text_init(&out);
        diag_print_text(&s.sink, &out, false, 20);
        if (!out.s || !strstr(out.s, refused[k].says)) {
            print_error("%sexpected %s, found\n%s\n", refused[k].text, refused[k].says, out.s ? out.s : "nothing");
            wrong++;
        }
        text_free(&out);
        arena_free(&s.a);
    }
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(paths),          cmocka_unit_test(order_of_lines),
                                       cmocka_unit_test(numbers_and_units), cmocka_unit_test(there_and_back),
                                       cmocka_unit_test(faults_are_seen), cmocka_unit_test(refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
