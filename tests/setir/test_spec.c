/* SPDX-License-Identifier: Apache-2.0
 *
 * Whole specs through the front end into the set IR: what infer.c builds is well formed, reads back from its
 * text, and the interpreter finds the published numbers: Coulomb, sine and Ewald matrices, Stillinger-Weber
 * silicon.
 */
#include "build.h"

#include "infer.h"

static const char types[] =
    "structure Molecule {\n set atom\n field r : atom -> point [Å]\n field Z : atom -> species\n}\n"
    "structure Crystal {\n set atom\n field r : atom -> point [Å]\n field Z : atom -> species\n"
    " field cell : lattice(xyz) [Å]\n}\n";

typedef struct spec {
    bench b;
    program *p;
} spec;

/* the only transform of a spec, verified, and read back from its own text */
static void spec_open(spec *s, const char *lines)
{
    char words[8192];
    snprintf(words, sizeof words, "%s%s", types, lines);
    arena_init(&s->b.memory, &test_landing);
    intern_init(&s->b.names, &s->b.memory);
    diag_sink sink;
    diag_sink_init(&sink, &s->b.memory);
    const source *src = source_new(&s->b.memory, "test.mtx", words, strlen(words));
    infer_result *found = infer_module(&s->b.memory, &s->b.names, &sink,
                                       module_load(&s->b.memory, &s->b.names, &sink, src, NULL, NULL));
    text out, again;
    text_init(&out);
    text_init(&again);
    diag_print_text(&sink, &out, false, 20);
    if (sink.errors || found->programs.n != 1) fail_msg("%s", out.s ? out.s : "no program");
    text_free(&out);
    assert_verified(found->programs.at[0]);
    program_dump(found->programs.at[0], &out);
    s->p = program_read(&s->b.memory, &s->b.names, source_new(&s->b.memory, "test.ir", out.s, out.n), &sink);
    if (!s->p) fail_msg("%s\n%s", sink.all.at[sink.all.n - 1]->message, out.s);
    program_dump(s->p, &again);
    assert_string_equal(out.s, again.s);
    text_free(&out);
    text_free(&again);
}

static double *output(const spec *s, const char *id, const mtx_structure *m, int64_t n)
{
    for (uint32_t k = 0; k < s->p->defs.n; k++) {
        const def *d = &s->p->defs.at[k];
        if (!d->output || strcmp(d->id, id) != 0) continue;
        int64_t got;
        double *v = values(s->p, k, m, &got);
        assert_int_equal(got, n);
        return v;
    }
    fail_msg("no output %s", id);
    return NULL;
}

static void check(const spec *s, const char *id, const mtx_structure *m, const double *want, int64_t n,
                  double accuracy)
{
    double *v = output(s, id, m, n);
    for (int64_t k = 0; k < n; k++) assert_near(v[k], want[k], accuracy);
    free(v);
}

static void coulomb_matrix(void **state)
{
    (void)state;
    spec s;
    spec_open(&s, "transform coulomb {\n takes m : Molecule\n let q[i in m.atom] = protons(m.Z[i])\n"
                  " let C[i in m.atom, j in m.atom] =\n  if i == j then 0.5 * q[i]^2.4\n"
                  "  else q[i] * q[j] * 1 Å / norm(m.r[i] - m.r[j])\n"
                  " gives x : rank(5) -> scalar = pad(eigvals(C), 5)\n"
                  " gives y : rank(4) * rank(4) -> scalar = pad(sortrows(C), 4)\n"
                  " gives E : scalar = sum {i, j} in m.atom: C[i, j]\n}\n");
    mtx_structure m;
    structure_of(&m, 3, (const double[][3]){{0, .7572, -.4692}, {0, 0, .1173}, {0, -.7572, -.4692}},
                 (int32_t[]){1, 8, 1});
    check(&s, "x", &m, (const double[]){-0.719284, -0.160328, 75.396306, 0, 0}, 5, PUBLISHED);
    check(&s, "y", &m,
          (const double[]){73.516695, 8.352687, 8.352687, 0, 8.352687, .5, .660328, 0, 8.352687, .660328, .5,
                           0, 0, 0, 0, 0},
          16, PUBLISHED);
    check(&s, "E", &m, (const double[]){2 * 8.352687 + .660328}, 1, PUBLISHED);
    mtx_structure_free(&m);
    bench_free(&s.b);
}

/* primitive cell of rock salt */
static void salt(mtx_structure *m)
{
    const double h = 5.6402 / 2;
    structure_of(m, 2, (const double[][3]){{0, 0, 0}, {h, h, h}}, (int32_t[]){11, 17});
    periodic(m, (const double[3][3]){{0, h, h}, {h, 0, h}, {h, h, 0}}, 7);
}

static void sine_matrix(void **state)
{
    (void)state;
    spec s;
    spec_open(&s, "const half_turn = acos(-1)\n"
                  "transform sine {\n takes s : Crystal\n let q[i in s.atom] = protons(s.Z[i])\n"
                  " let C[i in s.atom, j in s.atom] =\n  if i == j then 0.5 * q[i]^2.4\n"
                  "  else q[i] * q[j] * 1 Å / norm(sum k in s.axis: sin(half_turn * frac(s.r[i] - s.r[j], "
                  "s.cell)[k])^2 * s.cell[k])\n"
                  " gives x : rank(s.atom) * rank(s.atom) -> scalar = list(C)\n"
                  " gives e : rank(s.atom) -> scalar = sort(eigvals(C), descending)\n}\n");
    mtx_structure m;
    salt(&m);
    check(&s, "x", &m, (const double[]){157.874667, 19.141963, 19.141963, 448.794386}, 4, PUBLISHED);
    check(&s, "e", &m, (const double[]){450.04848, 156.62057}, 2, 1e-7);
    mtx_structure_free(&m);
    bench_free(&s.b);
}

/* Ewald matrix with a splitting that depends on volume and number of atoms; and charges +-1 for Madelung's
 * constant */
static void ewald_matrix(void **state)
{
    (void)state;
    spec s;
    spec_open(&s,
              "const half_turn = acos(-1)\n"
              "transform ewald {\n takes s : Crystal\n"
              " let V = volume(s)\n let a = sqrt(half_turn) * (count(s.atom) * 1 / V^2)^(1/6)\n"
              " let w = sqrt(-log(1e-12))\n"
              " set near = pairs(s.atom) within w / a\n set G = reciprocal(s) within 2 * a * w\n"
              " let q[i in s.atom] = protons(s.Z[i])\n"
              " let c[i in s.atom] = if s.Z[i] == Na then 1 else -1\n"
              " let real[i in s.atom, j in s.atom] = sum b in near(i, j): erfc(a * norm(b.d)) / norm(b.d)\n"
              " let wave[i in s.atom, j in s.atom] = 4 * half_turn / V *\n"
              "   (sum g in G: exp(-norm2(g.k) / (4 * a^2)) / norm2(g.k) * cos(phase(g, s.r[i] - s.r[j])))\n"
              " let sea = half_turn / (V * a^2)\n"
              " let P[i in s.atom, j in s.atom] = real[i, j] + wave[i, j] - sea - (if i == j then 2 * a / "
              "sqrt(half_turn) else 0 / 1 Å)\n"
              " let M[i in s.atom, j in s.atom] = q[i] * q[j] * P[i, j] * (if i == j then 0.5 else 1)\n"
              " gives x : rank(s.atom) * rank(s.atom) -> scalar [1/Å] = list(M)\n"
              " gives madelung : scalar = -0.5 * (sum i in s.atom, j in s.atom: c[i] * c[j] * P[i, j]) * "
              "5.6402 Å / 2\n}\n");
    mtx_structure m;
    salt(&m);
    check(&s, "x", &m, (const double[]){-49.179844, -36.129933, -36.129933, -117.462602}, 4, 1e-7);
    check(&s, "madelung", &m, (const double[]){1.7475645946}, 1, 1e-9);
    mtx_structure_free(&m);
    bench_free(&s.b);
}

/* Stillinger and Weber, Phys. Rev. B 31, 5262: -4.3366 eV an atom at the lattice constant */
static void stillinger_weber(void **state)
{
    (void)state;
    spec s;
    spec_open(&s, "const eps = 2.1683 eV\nconst sig = 2.0951 Å\n"
                  "transform sw {\n takes s : Crystal\n set bond = pairs(s.atom) within 1.8 * sig\n"
                  " let x[b in bond] = norm(b.d) / sig\n"
                  " let two(x) = 7.049556277 * (0.6022245584 / x^4 - 1) * exp(1 / (x - 1.8))\n"
                  " let tail(x) = exp(1.2 / (x - 1.8))\n"
                  " let cosine(b, c) = dot(b.d, c.d) / (norm(b.d) * norm(c.d))\n"
                  " gives E : scalar [eV] = eps * (sum b in bond: two(x[b]) / 2)\n"
                  "   + eps * (sum i in s.atom, {b, c} in bond(i): 21 * (cosine(b, c) + 1/3)^2 * tail(x[b]) "
                  "* tail(x[c]))\n}\n");
    mtx_structure m;
    silicon(&m, 5.43095);
    check(&s, "E", &m, (const double[]){8 * -4.33660}, 1, 1e-5);
    mtx_structure_free(&m);
    bench_free(&s.b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(coulomb_matrix),
        cmocka_unit_test(sine_matrix),
        cmocka_unit_test(ewald_matrix),
        cmocka_unit_test(stillinger_weber),
    };
    if (setjmp(test_landing)) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
