/* SPDX-License-Identifier: Apache-2.0
 *
 * test_attack.c: whole programs against the laws. Random tensors over tensors: every status that is said to
 * be exact is attacked by group elements, none may be false. And the mistakes that the rules once made, each
 * as the least spec that shows it, with what must be broken and what must still be exact.
 * MTX_ATTACK_PROGRAMS: how many, MTX_ATTACK_FIRST: the first seed, MTX_DUMP: print what fails.
 */
#include "check.h"

#include "gen_law_program.c"
#include "infer.h"
#include "law_internal.h"
#include "related.c"

enum { PROGRAMS = 2000 * LAW_TIMES, TENSORS = 7, DRAWS = 8, CONTROL_PROGRAMS = 1000 };

typedef struct attack {
    tally t;
    long programs, tensors, refused, errors;
    law_level least;
    const law_rule *rules;
} attack;

/* false when something said to be exact is not */
static bool attack_program(uint64_t seed, attack *x)
{
    static jmp_buf landing;
    arena a;
    arena_init(&a, &landing);
    if (setjmp(landing)) fail_msg("memory");
    gen g;
    gen_start(&g, &a, seed, (gen_kind)(seed % 5 == 4 ? GEN_DEFECTS : GEN_ANY));
    g.most_depth = 2 + (int)(seed % 3);
    gen_tensors(&g, TENSORS);
    must_verify(g.p, seed);
    diag_sink sink;
    diag_sink_init(&sink, &a);
    world w;
    bool good = true;
    if (world_open(&w, g.p, law_infer_by(&a, g.p, &sink, x->rules))) {
        x->programs++;
        x->tensors += g.p->defs.n;
        x->errors += sink.errors > 0;
        for (uint64_t k = 0; k < DRAWS && good; k++) {
            symmetry sym = (symmetry)((seed * DRAWS + k) % SYM_COUNT);
            if (!world_draw(&w, sym, (sample_shape)((seed + k) % SAMPLE_SHAPES), seed * 31 + k)) {
                x->refused++;
                continue;
            }
            for (def_id d = 0; d < g.p->defs.n && good; d++) {
                good = holds(&w, d, &x->t);
                if (!good && x->rules == law_rules) complain(&w, d, "a tensor", sym, seed);
            }
        }
    }
    world_close(&w);
    arena_free(&a);
    return good;
}

static void test_random_programs(void **state)
{
    (void)state;
    attack x = {.rules = law_rules};
    uint64_t first = (uint64_t)setting("MTX_ATTACK_FIRST", 1),
             most = (uint64_t)setting("MTX_ATTACK_PROGRAMS", PROGRAMS);
    long wrong = 0;
    for (uint64_t k = 0; k < most && wrong < 30; k++) wrong += !attack_program(first + k, &x);
    printf("%ld programs (%ld with errors), %ld tensors, %ld attacks on what is exact: %ld related, %ld "
           "unclear, %ld false; %ld draws refused\n",
           x.programs, x.errors, x.tensors, x.t.exact, x.t.checked, x.t.unclear, x.t.wrong, x.refused);
    assert_int_equal(wrong, 0);
    assert_true(x.t.checked * 20 > x.t.exact * 19 && (most < 100 || x.t.checked > x.tensors));
}

/* ------------------------------------------------------------------------------------ negative control */

/* products forget the signs of mirrors of one factor */
static void rule_unsigned(law_cx *x, node_id n, law_info *r)
{
    law_rules[OP_MUL].apply(x, n, r);
    r->odd = law_of(x, x->p->nodes.at[n].arg[0])->odd;
}

static void test_wrong_rule_is_caught(void **state)
{
    (void)state;
    law_rule rules[OP_COUNT_];
    memcpy(rules, law_rules, sizeof rules);
    rules[OP_MUL].apply = rule_unsigned;
    attack x = {.rules = rules};
    uint64_t seed = 1;
    while (seed <= CONTROL_PROGRAMS && attack_program(seed, &x)) seed++;
    printf("products without parity: caught by program %lu\n", (unsigned long)seed);
    assert_true(seed <= CONTROL_PROGRAMS);
}

/* ------------------------------------------------------------------------------------ past mistakes */

#define BIT(s)  (1u << SYM_##s)
#define MIRRORS (BIT(REFLECT) | BIT(REFLECT_X) | BIT(REFLECT_Y) | BIT(REFLECT_Z))
#define TURNS   (BIT(ROTATE) | BIT(ROTATE_X) | BIT(ROTATE_Y) | BIT(ROTATE_Z))

static const char head[] = "structure Crystal {\n set atom\n field r : atom -> point [Å]\n field Z : atom -> "
                           "species\n field q : atom -> scalar\n"
                           " field mu : atom -> vector [Å]\n field cell : lattice(xyz) [Å]\n}\n"
                           "structure Layer {\n set site\n field r : site -> point [Å]\n field Z : site -> "
                           "species\n field q : site -> scalar\n"
                           " field cell : lattice(xy) [Å]\n}\n"
                           "structure Molecule {\n set atom\n field r : atom -> point [Å]\n field Z : atom "
                           "-> species\n field q : atom -> scalar\n}\n";
static const char crystal[] = "transform t {\n takes s : Crystal\n set bond = pairs(s.atom) within 3 Å\n";
static const char molecule[] = "transform t {\n takes m : Molecule\n set bond = pairs(m.atom) within 3 Å\n";
static const char defects[] = "transform t {\n takes host, sample : Layer\n set spot = differ(host.site, "
                              "sample.site)\n set edge = pairs(spot) within 8 Å\n";

typedef struct row {
    const char *in, *name, *text;
    unsigned broken, exact;
} row;

static const row rows[] = {
    {crystal, "over vectors that a larger cell has more of",
     " set g = reciprocal(s) within 3 [1/Å]\n gives x[k in g] : scalar = 1\n", BIT(SUPERCELL), BIT(CELL)},
    {crystal, "over pairs within an edge of the cell",
     " set far = pairs(s.atom) within norm(s.cell[0])\n gives x[b in far] : scalar = 1\n",
     BIT(CELL) | BIT(SUPERCELL), BIT(WRAP)},
    {crystal, "zero before quantities of two sizes", " gives x : scalar^3 = 0 ++ volume(s) / 1 [Å^3] ++ 1\n",
     BIT(SUPERCELL), BIT(CELL)},
    {crystal, "zero before signs", " gives x[b in bond] : scalar^3 = 0 ++ b.d.x / 1 Å ++ 1\n", BIT(REFLECT_X),
     BIT(REFLECT_Y)},
    {molecule, "the mean of a few positions, or none",
     " gives x : point [Å] = mean i in m.atom where m.Z[i] == Og: m.r[i]\n", BIT(TRANSLATE),
     BIT(PERMUTE) | TURNS},
    {molecule, "the mean position of neighbours, or none",
     " gives x[i in m.atom] : point [Å] = mean b in bond(i): m.r[b.j]\n", BIT(TRANSLATE),
     BIT(PERMUTE) | TURNS},
    {molecule, "the mean of all positions", " gives x : point [Å] = mean i in m.atom: m.r[i]\n", 0,
     BIT(TRANSLATE) | TURNS | MIRRORS},
    {crystal, "an ever smaller power of the volume",
     " let a = (volume(s) / 1 [Å^3])^(1/256)\n let b = a^(1/256)\n let c = b^(1/256)\n gives x : scalar = "
     "c^(1/256)\n",
     BIT(SUPERCELL), BIT(CELL)},
    {crystal, "the first pair", " gives x : scalar [Å] = norm(first(bond).d)\n",
     BIT(PERMUTE) | BIT(WRAP) | BIT(CELL) | BIT(SUPERCELL), 0},
    {crystal, "the first atom", " gives x : scalar = s.q[first(s.atom)]\n", BIT(PERMUTE) | BIT(SUPERCELL),
     BIT(WRAP) | BIT(CELL) | BIT(TRANSLATE)},
    {crystal, "a phase of a vector of uncertain sign",
     " set g = reciprocal(s) within 2 [1/Å]\n"
     " gives x[k in g, i in s.atom, j in s.atom] : scalar = phase(k, sin(0.5 * phase(k, s.r[i] - s.r[j])) * "
     "s.mu[i])\n",
     BIT(WRAP), BIT(CELL) | TURNS},
    {crystal, "its square",
     " set g = reciprocal(s) within 2 [1/Å]\n"
     " gives x[k in g, i in s.atom, j in s.atom] : scalar = phase(k, sin(0.5 * phase(k, s.r[i] - s.r[j])) * "
     "s.mu[i])^2\n",
     0, BIT(WRAP) | BIT(CELL)},
    {crystal, "the sizes of structure factors",
     " set g = reciprocal(s) within 2 [1/Å]\n let c[k in g, i in s.atom] = cos(phase(k, s.r[i]))\n"
     " let A[k in g] = sum i in s.atom: s.q[i] * c[k, i]\n"
     " let B[k in g] = -(sum i in s.atom where s.Z[i] != Og: s.q[i] * sin(phase(k, s.r[i])))\n"
     " gives x : scalar = (sum k in g: exp(-norm2(k.k) * 1 [Å^2]) / norm2(k.k) * (A[k]^2 + B[k]^2)) / 1 [Å^2] /"
     " count(s.atom)^2\n",
     0, BIT(SUPERCELL) | BIT(WRAP) | BIT(CELL) | TURNS | MIRRORS},
    {crystal, "a sum over waves and sites at once, with weights of both",
     " set g = reciprocal(s) within 2 [1/Å]\n"
     " gives x[i in s.atom] : scalar = (sum k in g, j in s.atom: dot(k.k, s.mu[j]) * exp(-s.q[j]^2 * norm(k.k) * "
     "1 Å) * sin(phase(k, s.r[i] - s.r[j]))) / count(s.atom)\n",
     0, BIT(SUPERCELL) | BIT(WRAP) | BIT(CELL) | BIT(TRANSLATE) | TURNS | MIRRORS},
    {crystal, "the force that waves exert, by hand",
     " set g = reciprocal(s) within 2 [1/Å]\n let A[k in g] = sum i in s.atom: s.q[i] * cos(phase(k, s.r[i]))\n"
     " let B[k in g] = sum i in s.atom: s.q[i] * sin(phase(k, s.r[i]))\n gives x[i in s.atom] : vector [1/Å] = (sum "
     "k in g where norm(k.k) < 1.9 [1/Å]: s.q[i] * (sin(phase(k, s.r[i])) * A[k] - cos(phase(k, s.r[i])) * B[k]) * "
     "k.k) / count(s.atom)\n",
     0, BIT(SUPERCELL) | BIT(WRAP) | BIT(CELL) | TURNS | MIRRORS},
    {crystal, "how many waves there are", " set g = reciprocal(s) within 2 [1/Å]\n gives x : scalar = count(g)\n",
     BIT(SUPERCELL), BIT(CELL)},
    {crystal, "how far the nearest image is",
     " gives x[i in s.atom, j in s.atom] : scalar [Å] = norm(nearest(s.r[i], s.r[j], s.cell))\n",
     BIT(SUPERCELL), BIT(PERMUTE) | BIT(TRANSLATE) | TURNS | MIRRORS | BIT(WRAP) | BIT(CELL)},
    {crystal, "where the nearest image is",
     " gives x[i in s.atom, j in s.atom] : vector [Å] = nearest(s.r[i], s.r[j], s.cell)\n", BIT(SUPERCELL),
     BIT(PERMUTE) | BIT(TRANSLATE)},
    {defects, "a host's number at a spot, by way of a tensor",
     " let a[i in host.site] = host.q[i]\n gives x[p in spot] : scalar = a[p]\n",
     BIT(PERMUTE) | BIT(TRANSLATE) | BIT(WRAP) | BIT(CELL), BIT(ROTATE_Z)},
    {defects, "a host's species at a spot, by way of a tensor",
     " let a[i in host.site] = protons(host.Z[i])\n gives x[p in spot] : scalar = a[p]\n", 0,
     BIT(PERMUTE) | BIT(TRANSLATE) | BIT(WRAP) | BIT(CELL) | BIT(ROTATE_Z)},
    {defects, "neighbours of a host's site at a spot",
     " set near = pairs(host.site) within 3 Å\n gives x[p in spot] : scalar = sum b in near(p.host): "
     "host.q[b.j]\n",
     BIT(PERMUTE) | BIT(TRANSLATE), BIT(ROTATE_Z)},
    {defects, "the mirror of a replacement",
     " gives x[p in spot, e in edge] : scalar = lookup(sample.q, p, e.d.x / 1 Å)\n", BIT(REFLECT_X),
     BIT(REFLECT_Y)},
    {defects, "which image of a place",
     " gives x[p in spot, i in sample.site] : scalar [Å] = norm(p.r - sample.r[i])\n",
     BIT(TRANSLATE) | BIT(CELL) | BIT(WRAP), 0},
};

static const row wrong[] = {
    {molecule, "rows beside an unordered pair", " gives x : scalar = sum {i, j} in m.atom, b in bond(i): 1\n",
     BIT(PERMUTE), 0},
    {molecule, "a body of such a row",
     " gives x : scalar [Å] = sum {i, j} in m.atom, b in bond(i): norm(b.d)\n", BIT(PERMUTE), 0},
    {molecule, "eigenvalues of a list that is not symmetric",
     " let a[i in m.atom, j in m.atom] = m.q[i]\n gives x : rank(m.atom) -> scalar = eigvals(sortrows(a))\n",
     BIT(PERMUTE), 0},
};

/* the status of a plain number or vector: what is defined up to signs or periods is not one, what grows not
 * the same */
static law_level as_declared(const law_info *l, symmetry s)
{
    bool lattice = s == SYM_WRAP || s == SYM_SUPERCELL;
    bool loose_value = lattice && (l->sign || l->period != 0);
    return loose_value || (s == SYM_SUPERCELL && (l->size[0].num || l->size[1].num)) ||
                   (s == SYM_CELL && l->n_axis)
               ? LAW_BROKEN
               : l->status[s].level;
}

static void check_row(const row *r, bool errors)
{
    static jmp_buf landing;
    arena a;
    arena_init(&a, &landing);
    if (setjmp(landing)) fail_msg("memory");
    char words[4096];
    snprintf(words, sizeof words, "%s%s%s}\n", head, r->in, r->text);
    diag_sink sink;
    diag_sink_init(&sink, &a);
    intern names;
    intern_init(&names, &a);
    infer_result *found = infer_module(
        &a, &names, &sink,
        module_load(&a, &names, &sink, source_new(&a, "t.mtx", words, strlen(words)), NULL, NULL));
    text out;
    text_init(&out);
    diag_print_text(&sink, &out, false, 5);
    if (sink.errors || found->programs.n != 1) fail_msg("%s: %s", r->name, out.s ? out.s : "");
    text_free(&out);
    const program *p = found->programs.at[0];
    const law_result *laws = law_infer(&a, p, &sink);
    def_id d = 0;
    while (!p->defs.at[d].output) d++;
    world w;
    assert_true(world_open(&w, p, laws));
    for (int s = 0; s < SYM_COUNT; s++) {
        law_level level = as_declared(&laws->def[d], (symmetry)s);
        if ((r->broken >> s & 1) && level != LAW_BROKEN)
            fail_msg("%s: said to be exact under %s", r->name, symmetry_text[s]);
        if ((r->exact >> s & 1) && level != LAW_EXACT)
            fail_msg("%s: not seen to be exact under %s", r->name, symmetry_text[s]);
        tally t = {0};
        for (uint64_t k = 0; k < 12; k++)
            if (world_draw(&w, (symmetry)s, (sample_shape)(k % SAMPLE_SHAPES), 900 + k) && !holds(&w, d, &t))
                fail_msg("%s: false under %s", r->name, symmetry_text[s]);
    }
    if (errors && !sink.errors) fail_msg("%s: no error", r->name);
    world_close(&w);
    arena_free(&a);
}

static void test_past_mistakes(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) check_row(&rows[k], false);
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) check_row(&wrong[k], true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_past_mistakes),
                                       cmocka_unit_test(test_random_programs),
                                       cmocka_unit_test(test_wrong_rule_is_caught)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
