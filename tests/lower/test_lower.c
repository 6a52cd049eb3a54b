/* SPDX-License-Identifier: Apache-2.0
 *
 * Specs written for the ways of the lowering (matrices, rows, triplets, filters, sorting, padding, structure
 * factors), compiled and compared with the interpreter on batches with single atoms, empty rows and empty
 * sets.
 */
#include "ad.h"
#include "check.h"

static jmp_buf landing;

static const char header[] =
    "structure Mol {\n  set atom\n  field r : atom -> point [Å]\n  field Z : atom -> species\n"
    "  field charge : atom -> scalar\n  field dipole : atom -> vector\n}\n"
    "structure Crystal {\n  set atom\n  field r : atom -> point [Å]\n  field Z : atom -> species\n"
    "  field charge : atom -> scalar\n  field dipole : atom -> vector\n  field cell : lattice(xyz) [Å]\n}\n"
    "structure Layer {\n  set site\n  field r : site -> point [Å]\n  field Z : site -> species\n  field cell "
    ": lattice(xy) [Å]\n}\n";

typedef struct spec {
    const char *name, *body;
    int most;
} spec;

static const spec specs[] = {
    {"coulomb",
     "takes m : Mol\n let q[i in m.atom] = protons(m.Z[i])\n"
     "let C[i in m.atom, j in m.atom] = if i == j then 0.5 * q[i]^2.4 else q[i] * q[j] * 1 Å / norm(m.r[i] - "
     "m.r[j])\n"
     "gives x : m.atom * m.atom -> scalar = C\n gives p : rank(9) * rank(9) -> scalar = pad(list(C), 9)\n"
     "gives s : rank(m.atom) * rank(m.atom) -> scalar = sortrows(C)\n gives t : rank(9) * rank(9) -> scalar "
     "= pad(sortrows(C), 9)\n"
     "gives e : rank(9) -> scalar = pad(eigvals(C), 9)\n gives g : rank(m.atom) -> scalar = sort(eigvals(C), "
     "descending)\n",
     9},
    {"sums_around_sums", /* of one set: what stands between them keeps its variable */
     "takes m : Mol\n let q(i) = m.charge[i]\n let z(i) = protons(m.Z[i]) * 0.1\n"
     "gives E[i in m.atom] : scalar = sum k in m.atom: cos(q(k) + (sum j in m.atom: z(j) * sin(q(k)) * (sum l in "
     "m.atom: cos(q(l) * q(i)) * sin(q(l) * q(j)) - cos(q(l) * q(j)) * sin(q(l) * q(i)))))\n"
     "gives F[i in m.atom] : scalar = sum k in m.atom: cos(q(k) + (sum j in m.atom: z(k) * (sum l in m.atom: z(l) * "
     "(q(i) * q(j) * cos(z(l) * z(j)) - z(i) * z(l) * z(j)))))\n",
     6},
    {"sine",
     "takes s : Crystal\n let q[i in s.atom] = protons(s.Z[i])\n"
     "gives M[i in s.atom, j in s.atom] : scalar [1/Å] = if i == j then 0.5 / 1 Å * q[i]^2.4 else q[i] * "
     "q[j] /\n"
     "norm(sum k in s.axis: sin(pi * frac(s.r[i] - s.r[j], s.cell)[k])^2 * s.cell[k])\n",
     9},
    {"rows",
     "takes s : Crystal\n set bond = pairs(s.atom) within 4 Å\n"
     "gives n[i in s.atom] : scalar = count(bond(i))\n gives e[b in bond] : scalar = exp(-norm(b.d) / 1 Å)\n"
     "gives f[i in s.atom] : vector [Å] = sum b in bond(i): b.d * exp(-norm(b.d) / 1 Å)\n"
     "gives m[i in s.atom] : scalar = mean b in bond(i) where norm(b.d) < 2 Å: s.charge[b.j]\n"
     "gives h[i in s.atom] : scalar [Å] = max b in bond(i): norm(b.d)\n gives E : scalar = sum b in bond: "
     "exp(-norm(b.d) / 1 Å) / 2\n"
     "gives d[b in bond] : species = s.Z[b.j]\n",
     7},
    {"pair_rows",
     "takes s : Crystal\n set bond = pairs(s.atom) within 4 Å\n"
     "let w(d : scalar [Å]) = cutoff(d, 4 Å, 3)\n"
     "let G[b in bond] : vector [1] = w(norm(b.d)) * (sum c in bond(b.i) where c != b: w(norm(c.d)) *\n"
     "dot(b.d, c.d) / (norm(b.d) * norm(c.d)) * (c.d / norm(c.d) + b.d / norm(b.d)))\n"
     "gives F[k in s.atom] : vector = sum b in bond(k): G[b.rev] - G[b]\n"
     "gives S : tensor(2) [Å] = sum b in bond: outer(b.d, G[b])\n"
     "gives z[b in bond] : scalar = s.charge[b.j] * (sum c in bond(b.i): w(norm(c.d)) * s.charge[c.j])\n"
     "gives E : scalar = sum b in bond: w(norm(b.d)) * (max c in bond(b.i): exp(-norm(c.d - b.d) / 1 Å))\n"
     "gives m : scalar = mean b in bond: (sum c in bond(b.i) where c != b: w(norm(c.d)))\n",
     7},
    {"ends",
     "takes s : Crystal\n set bond = pairs(s.atom) within 3.5 Å\n let w(d : scalar [Å]) = cutoff(d, 3.5 Å, 3)\n"
     "let cosine(b, c) = dot(b.d, c.d) / (norm(b.d) * norm(c.d))\n"
     "let zeta[b in bond] = sum c in bond(b.i) where c != b: w(norm(c.d)) * (1 + cosine(b, c))^2 * s.charge[c.j]\n"
     "let order[b in bond] = exp(-zeta[b]^2) * w(norm(b.d))\n"
     "let G[b in bond] : vector [1] = order[b] * b.d / norm(b.d)\n"
     "  + (sum c in bond(b.i) where c != b: order[c] * cosine(b, c) * c.d / norm(c.d))\n"
     "gives E : scalar = sum b in bond: order[b] * s.charge[b.i]\n"
     "gives Q : scalar = sum i in s.atom: sqrt(1 + (sum b in bond(i): order[b])^2)\n"
     "  - 3 * (sum {b, c} in bond(i): cosine(b, c)^2 * w(norm(b.d)) * w(norm(c.d)))\n"
     "gives T : scalar = sum b in bond, c in bond(b.i) where c != b: cosine(b, c)^2 * w(norm(b.d)) * w(norm(c.d))\n"
     "gives F[k in s.atom] : vector = (sum b in bond(k): G[b] - 2 * G[b.rev]) * s.charge[k] / (1 + E^2)\n"
     "gives S : tensor(2) [Å] = sum b in bond: outer(b.d, G[b])\n"
     "gives n[i in s.atom] : scalar = sum b in bond(i): order[b] * zeta[b]\n"
     "gives o[i in s.atom] : scalar = sum b in bond(i) where s.Z[b.j] == s.Z[i]: order[b]\n",
     7},
    {"triplets",
     "takes s : Crystal\n set bond = pairs(s.atom) within 3 Å\n let x[b in bond] = norm(b.d) / 1.1 Å\n"
     "let tail(y) = exp(1.2 / (y - 3))\n let cosine(b, c) = dot(b.d, c.d) / (norm(b.d) * norm(c.d))\n"
     "gives E : scalar = sum i in s.atom, {b, c} in bond(i): (cosine(b, c) + 1/3)^2 * tail(x[b]) * "
     "tail(x[c])\n"
     "gives e[i in s.atom] : scalar = sum (b, c) in bond(i): cosine(b, c) * tail(x[b]) * norm(c.d) / 1 Å\n"
     "gives a[i in s.atom] : scalar = sum b in bond(i), c in bond(b.j): exp(-(norm(c.d) + norm(b.d)) / 1 "
     "Å)\n",
     5},
    {"bands", /* a sum over the row that forces read: made before, and the exponentials in it serve all */
     "takes s : Crystal\n set bond = pairs(s.atom) within 3.5 Å\n"
     "let w(b) = cutoff(norm(b.d), 3.5 Å, 3) * protons(s.Z[b.j])\n"
     "let f[b in bond] = exp(-norm(b.d) / 1 Å) * protons(s.Z[b.i]) * w(b)\n"
     "gives e[i in s.atom] : scalar = (sum b in bond(i): exp(-3 * norm(b.d) / 1 Å) * w(b))\n"
     "  - sqrt(1 + (sum b in bond(i): f[b]))\n"
     "gives E : scalar = sum i in s.atom: e[i]\n gives F : s.atom -> vector [1/Å] = -grad(E, s.r)\n"
     "gives S : tensor(2) = grad(E, strain(s))\n",
     7},
    {"stages", /* sums that sums of the same sites read */
     "takes s : Crystal\n set bond = pairs(s.atom) within 3.5 Å\n"
     "let f[b in bond] = exp(-norm(b.d) / 1 Å) * cutoff(norm(b.d), 3.5 Å, 3)\n"
     "let h[i in s.atom] = sum b in bond(i): f[b]\n"
     "let g[i in s.atom] = sum b in bond(i): f[b] / (1 + (h[i] * norm(b.d) / 1 Å)^2)\n"
     "gives e[i in s.atom] : scalar = sqrt(1 + g[i]^2) - 2 * h[i]\n"
     "gives E : scalar = sum i in s.atom: e[i]\n gives F : s.atom -> vector [1/Å] = -grad(E, s.r)\n"
     "gives S : tensor(2) = grad(E, strain(s))\n",
     7},
    {"cases", /* a choice by a number that is summed over */
     "takes s : Crystal\n set bond = pairs(s.atom) within 3 Å\n set k = 0..5\n"
     "let w(u) = cos(3 * u)\n let p(x) = [x, x^2, x^4, 1 - x, (1 - x)^2, (1 - x)^4]\n"
     "let cosine(b, c) = dot(b.d, c.d) / (norm(b.d) * norm(c.d))\n"
     "let g[i in s.atom, n in k] = sum (b, c) in bond(i): p(cosine(b, c))[n] * cutoff(norm(b.d), 3 Å, 3)\n"
     "gives e[i in s.atom] : scalar = sum n in k: w(n) * g[i, n]^2\n let E = sum i in s.atom: e[i]\n"
     "gives F : s.atom -> vector [1/Å] = -grad(E, s.r)\n",
     4},
    {"layers", /* sums that need a table of sums like those it is filled with */
     "takes s : Crystal\n set bond = pairs(s.atom) within 3 Å\n set k = 0..5\n let w(z, u, v) = sin(protons(z) + 2 * u + 3 * v)\n"
     "let g[i in s.atom, n in k] = sum b in bond(i): exp(-n * norm(b.d) / 1 Å) * cutoff(norm(b.d), 3 Å, 3)\n"
     "let first[i in s.atom, u in k] = (sum n in k: w(s.Z[i], u, n) * g[i, n])^2\n"
     "let second[i in s.atom, u in k] = (sum v in k: w(s.Z[i], u, v) * first[i, v])^2\n"
     "gives e[i in s.atom] : scalar = sum u in k: second[i, u]\n let E = sum i in s.atom: e[i]\n"
     "gives F : s.atom -> vector [1/Å] = grad(E, s.r)\n",
     3},
    {"factors", /* one sum over all sites serves each of them */
     "takes s : Crystal\n set g = reciprocal(s) within 2.5 [1/Å]\n let q[i in s.atom] = protons(s.Z[i]) - 9\n"
     "let w[k in g] = exp(-norm2(k.k) * 0.3 [Å^2])\n"
     "gives e[i in s.atom] : scalar = sum k in g: w[k] * (sum j in s.atom: q[j] * cos(phase(k, s.r[i] - s.r[j])))\n"
     "let o[i in s.atom] = sum j in s.atom: q[j] * (sum k in g: w[k] * sin(phase(k, s.r[i] - s.r[j])))\n"
     "let E = sum i in s.atom: q[i] * (e[i] + o[i]^2)\n gives F : s.atom -> vector [1/Å] = -grad(E, s.r)\n"
     "gives S : tensor(2) = grad(E, strain(s))\n",
     4},
    {"elements",
     "takes s : Crystal\n set bond = pairs(s.atom) within 4 Å\n set z = species(H, O, S)\n set k = 0..4\n"
     "gives g[i in s.atom, y in z, n in k] : scalar = sum b in bond(i) where s.Z[b.j] == y: exp(-(norm(b.d) "
     "/ 1 Å - n)^2)\n"
     "gives p[y in z, w in z, n in k] : scalar = sum i in s.atom, b in bond(i) where s.Z[i] == y and "
     "s.Z[b.j] == w: exp(-(norm(b.d) / 1 Å - n)^2) / n^2\n"
     "gives c[y in z] : scalar = mean i in s.atom where s.Z[i] == y: s.charge[i]\n"
     "gives t[i in s.atom, y in z, w in z] : scalar = sum (b, c) in bond(i) where s.Z[b.j] == y and s.Z[c.j] "
     "== w: dot(b.d, c.d) / 1 [Å^2]\n"
     "gives h[n in 0..19] : scalar = sum b in bond where floor(norm(b.d) / 0.25 Å) == n: 1\n"
     "gives w[n in 0..31] : scalar = sum b in bond: exp(-(norm(b.d) / 1 Å - 0.1 * n)^2)\n",
     6},
    {"ewald",
     "takes s : Crystal\n let a = (count(s.atom) / volume(s)^2)^(1/6) * 1.2\n set bond = pairs(s.atom) "
     "within 2.6 / a\n"
     "set g = reciprocal(s) within 5.2 * a\n let q[i in s.atom] = protons(s.Z[i])\n"
     "gives M[i in s.atom, j in s.atom] : scalar [1/Å] = q[i] * q[j] * ((sum b in bond(i, j): erfc(a * "
     "norm(b.d)) / norm(b.d))\n"
     " + 4 * pi / volume(s) * (sum k in g: exp(-norm2(k.k) / (4 * a^2)) / norm2(k.k) * cos(phase(k, s.r[i] - "
     "s.r[j]))))\n",
     6},
    {"nested",
     "takes m : Mol\n let q[i in m.atom] = sum j in m.atom where i != j: 1 Å / norm(m.r[i] - m.r[j])\n"
     "let w[i in m.atom] = sum j in m.atom where i != j: exp(-q[j]) * 1 Å / norm(m.r[i] - m.r[j])\n"
     "gives Q[i in m.atom] : scalar = q[i]\n gives W[i in m.atom] : scalar = w[i]\n gives T : scalar = mean "
     "i in m.atom: w[i] * q[i]\n"
     "gives d[i in m.atom] : vector = m.charge[i] * m.dipole[i]\n gives D : tensor(2) = sum i in m.atom: "
     "outer(m.dipole[i], m.dipole[i])\n"
     "gives o : rank(m.atom) -> scalar = sort(q)\n",
     8},
    {"vectors",
     "takes m : Mol\n let T = identity() + sum i in m.atom: outer(m.dipole[i], m.dipole[i]) * m.charge[i]^2\n"
     "gives a : scalar = det(T)\n gives b : scalar = trace(T)\n gives c : tensor(2) = transpose(T)\n gives d "
     ": vector = apply(T, sum i in m.atom: m.dipole[i])\n"
     "gives e[i in m.atom] : vector = cross(m.dipole[i], apply(T, m.dipole[i]))\n gives f[i in m.atom] : "
     "scalar = m.dipole[i].z\n"
     "gives g : scalar = norm(T)\n gives h[i in m.atom] : scalar = mass(m.Z[i]) / mass(m.Z[i]) + "
     "protons(m.Z[i])^(1/3)\n",
     6},
    {"defects",
     "takes host, sample : Layer\n set spot = differ(host.site, sample.site)\n set edge = pairs(spot) within "
     "9 Å\n"
     "gives was[p in spot] : species = host.Z[p]\n gives now[p in spot] : species = lookup(sample.Z, p, "
     "vacancy)\n"
     "gives len[e in edge] : scalar [Å] = norm(e.d)\n gives rise[e in edge] : scalar [Å] = e.d.z\n",
     4},
};

typedef struct loaded {
    arena memory;
    intern names;
    diag_sink sink;
    infer_result *programs;
} loaded;

static void load(loaded *l, const spec *s)
{
    arena_init(&l->memory, &landing);
    intern_init(&l->names, &l->memory);
    diag_sink_init(&l->sink, &l->memory);
    char *words = arena_printf(&l->memory, "%stransform %s {\n%s}\n", header, s->name, s->body);
    source *src = source_new(&l->memory, s->name, words, strlen(words));
    l->programs = infer_module(&l->memory, &l->names, &l->sink,
                               module_load(&l->memory, &l->names, &l->sink, src, NULL, NULL));
}

static void print_messages(const loaded *l)
{
    text words;
    text_init(&words);
    diag_print_text(&l->sink, &words, false, 20);
    if (words.n) print_error("%s", words.s);
    text_free(&words);
}

static bool spec_agrees(const spec *s, backend_kind backend)
{
    loaded l;
    load(&l, s);
    bool good = l.sink.errors == 0 && l.programs->programs.n > 0;
    const program *p = good ? ad_expand(&l.memory, l.programs->programs.at[0], &l.sink) : NULL;
    text problem;
    text_init(&problem);
    module *m = p ? lower_program(&l.memory, p, &l.sink) : NULL;
    print_messages(&l);
    if (!m) {
        print_error("%s: not lowered\n", s->name);
    } else if (!kernel_verify(m->main, &problem)) {
        print_error("%s: %s\n", s->name, problem.s);
        text_free(&problem);
        text_init(&problem);
        kernel_dump(m->main, &problem);
        print_error("%s\n", problem.s);
    } else {
        jit_code code;
        good = jit_compile(m, &(jit_options){.backend = backend}, &code, &problem) == MTX_OK;
        if (!good) print_error("%s: %s\n", s->name, problem.s);
        for (uint64_t seed = 1; good && seed <= 2; seed++) {
            sample x;
            good = sample_make(&x, p, seed, 5, s->most) && kernel_agrees(p, m, code.main, &x);
            if (!good) print_error("%s: seed %d\n", s->name, (int)seed);
            sample_free(&x);
        }
        if (!good && getenv("MTX_DUMP")) {
            text words;
            text_init(&words);
            kernel_dump(m->main, &words);
            print_error("%s\n", words.s);
            text_free(&words);
        }
        jit_free(&code);
        text_free(&problem);
        arena_free(&l.memory);
        return good;
    }
    text_free(&problem);
    arena_free(&l.memory);
    return false;
}

static void specs_agree(void **state)
{
    backend_kind backend = (backend_kind)(intptr_t)*state;
    int wrong = 0;
    if (backend == BACKEND_LLVM) {
        text problem;
        text_init(&problem);
        bool there = backend_llvm(&problem) != NULL;
        text_free(&problem);
        if (!there) skip();
    }
    const char *only = getenv("MTX_ONLY");
    for (size_t k = 0; k < sizeof specs / sizeof *specs; k++)
        if (!only || !strcmp(only, specs[k].name)) wrong += !spec_agrees(&specs[k], backend);
    assert_int_equal(wrong, 0);
}

/* in the loops of that spec, how often the words stand */
static int found_in(const char *id, const char *words)
{
    int n = 0;
    for (size_t k = 0; k < sizeof specs / sizeof *specs; k++) {
        if (strcmp(specs[k].name, id)) continue;
        loaded l;
        text dump;
        load(&l, &specs[k]);
        text_init(&dump);
        kernel_dump(lower_program(&l.memory, ad_expand(&l.memory, l.programs->programs.at[0], &l.sink), &l.sink)->main,
                    &dump);
        for (const char *at = strstr(dump.s, words); at; at = strstr(at + 1, words)) n++;
        text_free(&dump);
        arena_free(&l.memory);
    }
    return n;
}

static void nothing_is_made_twice(void **state)
{
    (void)state;
    assert_int_equal(found_in("bands", "exp("), 2); /* of each pair, for energies, forces and stress */
}

int main(void)
{
    if (setjmp(landing)) {
        print_error("memory exhausted\n");
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(specs_agree, (void *)(intptr_t)BACKEND_C),
        cmocka_unit_test_prestate(specs_agree, (void *)(intptr_t)BACKEND_LLVM),
        cmocka_unit_test(nothing_is_made_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
