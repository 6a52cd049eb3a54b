/* SPDX-License-Identifier: Apache-2.0
 *
 * test_witness.c: counterexamples are found for wrong claims and never for right ones. One small transform
 * per row with the symmetries that it has and those that it breaks; everything through random structures,
 * group elements and the interpreter.
 */
#include "../smooth/spec.h"
#include "witness.h"

#include <math.h>

enum { TRIES = 6, SEEDS = 2 };

static const char head[] =
    "structure Crystal {\n set atom\n field r : atom -> point [Å]\n field Z : atom -> species\n"
    " field cell : lattice(xyz) [Å]\n}\n"
    "structure Layer {\n set site\n field r : site -> point [Å]\n field Z : site -> species\n field cell : "
     "lattice(xy) [Å]\n}\n"
    "structure Molecule {\n set atom\n field r : atom -> point [Å]\n field Z : atom -> species\n field q : "
     "atom -> scalar\n"
    " field m : atom -> vector\n}\n"
    "const rc = 5 Å\nconst a = 1 Å\n";
static const char crystal[] = "transform t {\n takes s : Crystal\n set bond = pairs(s.atom) within rc\n";
static const char molecule[] = "transform t {\n takes m : Molecule\n";
static const char layer[] = "transform t {\n takes s : Layer\n set bond = pairs(s.site) within rc\n";
static const char defects[] =
    "transform t {\n takes host, sample : Layer\n set spot = differ(host.site, sample.site)\n set edge = "
     "pairs(spot) within 15 Å\n";

#define BIT(s) (1u << SYM_##s)
#define ROTATIONS (BIT(ROTATE) | BIT(ROTATE_X) | BIT(ROTATE_Y) | BIT(ROTATE_Z))
#define MIRRORS (BIT(REFLECT) | BIT(REFLECT_X) | BIT(REFLECT_Y) | BIT(REFLECT_Z))
#define LATTICE (BIT(WRAP) | BIT(CELL) | BIT(SUPERCELL))
#define BASIC (BIT(PERMUTE) | BIT(TRANSLATE))
#define ALL (BASIC | ROTATIONS | MIRRORS)

typedef struct row { const char *in, *name, *text; unsigned has, breaks; double n_weight; } row;

static const row rows[] = {
    {crystal, "pair sum", " gives E : scalar = sum b in bond: (1 - norm(b.d) / rc)^3\n", ALL | LATTICE, 0, 1},
    {crystal, "pair sum called intensive", " gives E : scalar = sum b in bond: (1 - norm(b.d) / rc)^3\n", 0,
     BIT(SUPERCELL), 0},
    {crystal, "mean called extensive", " gives E : scalar = mean i in s.atom: (sum b in bond(i): (1 - "
     "norm(b.d) / rc)^3)\n", 0, BIT(SUPERCELL), 1},
    {crystal, "mean", " gives E : scalar = mean i in s.atom: (sum b in bond(i): (1 - norm(b.d) / "
     "rc)^3)\n", ALL | LATTICE, 0, 0},
    {crystal, "second power", " gives E : scalar = (sum b in bond: (1 - norm(b.d) / rc)^3)^2\n", ALL |
     BIT(WRAP) | BIT(CELL), BIT(SUPERCELL), NAN},
    {crystal, "first power or none", " gives E : scalar = sum b in bond: (1 - norm(b.d) / rc)^3\n", ALL |
     LATTICE, 0, NAN},
    {crystal, "no power", " gives E : scalar = 1 + (sum b in bond: (1 - norm(b.d) / rc)^3)\n", ALL |
     BIT(WRAP) | BIT(CELL), BIT(SUPERCELL), NAN},
    {crystal, "per pair", " gives e[b in bond] : scalar [Å] = norm(b.d)\n", ALL | LATTICE, 0, 0},
    {crystal, "vector per pair", " gives e[b in bond] : vector [Å] = b.d\n", ALL | LATTICE, 0, 0},
    {crystal, "component", " gives e[b in bond] : scalar [Å] = b.d.z\n", BASIC | BIT(ROTATE_Z) |
     BIT(REFLECT_X) | LATTICE, BIT(ROTATE) | BIT(ROTATE_X) | BIT(REFLECT) | BIT(REFLECT_Z), 0},
    {crystal, "triple sum", " gives E : scalar = sum i in s.atom, {b, c} in bond(i): dot(b.d, c.d)^3 / a^6 "
     "* cutoff(norm(b.d), rc, 3) * cutoff(norm(c.d), rc, 3)\n", ALL | LATTICE, 0, 1},
    {crystal, "asymmetric body", " gives E : scalar = sum i in s.atom, {b, c} in bond(i): dot(b.d, c.d)^3 "
     "/ a^6 * cutoff(norm(b.d), rc, 3)\n", 0, BIT(PERMUTE), 1},
    {crystal, "always zero", " gives E : vector = sum b in bond: b.d / a\n", ALL | LATTICE, 0, 0},
    {crystal, "tensor", " gives T : tensor(2) = sum b in bond: outer(b.d, b.d) / rc^2 * cutoff(norm(b.d), "
     "rc, 3)\n", ALL | LATTICE, 0, 1},
    {crystal, "cell vector length", " gives L : scalar [Å] = norm(s.cell[0])\n", ALL | BIT(WRAP),
     BIT(CELL) | BIT(SUPERCELL), NAN},
    {crystal, "volume", " gives V : scalar [Å^3] = volume(s)\n", ALL | LATTICE, 0, 1},
    {crystal, "density", " gives V : scalar [Å^-3] = count(s.atom) / volume(s)\n", ALL | LATTICE, 0, 0},
    {crystal, "positions", " gives x[i in s.atom] : point [Å] = s.r[i]\n", ALL | LATTICE, 0, 0},
    {crystal, "norm of a position", " gives x[i in s.atom] : scalar [Å] = norm(s.r[i])\n", BIT(PERMUTE) |
     ROTATIONS | MIRRORS | BIT(CELL), BIT(TRANSLATE) | BIT(WRAP), 0},
    {crystal, "sorted", " gives x : rank(s.atom) -> scalar = sort(each_sum)\n let each_sum[i in s.atom] = "
     "sum b in bond(i): (1 - norm(b.d) / rc)^3\n", ALL | BIT(WRAP) | BIT(CELL), BIT(SUPERCELL), NAN},
    {crystal, "listed", " gives x : rank(s.atom) -> scalar = list(each_sum)\n let each_sum[i in s.atom] = "
     "sum b in bond(i): (1 - norm(b.d) / rc)^3\n", BIT(TRANSLATE) | ROTATIONS | BIT(WRAP), BIT(PERMUTE), 0},
    {crystal, "first", " gives x : scalar = sum b in bond(first(s.atom)): (1 - norm(b.d) / rc)^3\n",
     BIT(TRANSLATE) | ROTATIONS | BIT(WRAP), BIT(PERMUTE), 0},
    {crystal, "by element", " gives x[i in s.atom, z in species(H, C)] : scalar = sum b in bond(i) where "
     "s.Z[b.j] == z: (1 - norm(b.d) / rc)^3\n", ALL | LATTICE, 0, 0},
    {crystal, "triple product", " gives x[i in s.atom] : scalar = sum b in bond(i), c in bond(i), e in "
     "bond(i): dot(b.d, cross(c.d, e.d)) / a^3 * norm(b.d) * norm(c.d)^2 / a^3\n", BASIC | ROTATIONS |
     LATTICE, MIRRORS, 0},
    {crystal, "triple product, pseudo", " gives x[i in s.atom] : pseudoscalar = sum b in bond(i), c in "
     "bond(i), e in bond(i): dot(b.d, cross(c.d, e.d)) / a^3 * norm(b.d) * norm(c.d)^2 / a^3\n", ALL |
     LATTICE, 0, 0},
    {crystal, "nearest neighbour", " gives x[i in s.atom] : scalar [Å] = min b in bond(i): norm(b.d)\n", 0,
     0, 0},
    {crystal, "reciprocal", " set g = reciprocal(s) within 3 [1/Å]\n gives E : scalar = sum k in g, i in "
     "s.atom, j in s.atom: exp(-(norm(k.k) * a)^2) * cos(phase(k, s.r[i] - s.r[j]))\n", ALL | BIT(WRAP) |
     BIT(CELL), 0, NAN},
    {molecule, "Coulomb matrix", " gives C[i in m.atom, j in m.atom] : scalar = if i == j then 0.5 * "
     "protons(m.Z[i])^2.4 else protons(m.Z[i]) * protons(m.Z[j]) * 1 bohr / norm(m.r[i] - m.r[j])\n", ALL,
     0, 0},
    {molecule, "spectrum", " let C[i in m.atom, j in m.atom] = if i == j then protons(m.Z[i])^2.4 else "
     "protons(m.Z[i]) * protons(m.Z[j]) * 1 bohr / norm(m.r[i] - m.r[j])\n gives x : rank(m.atom) -> "
     "scalar = eigvals(C)\n", ALL, 0, 0},
    {molecule, "unsorted list", " gives x : rank(m.atom) -> scalar = list(m.q)\n", ALL & ~BIT(PERMUTE),
     BIT(PERMUTE), 0},
    {molecule, "dipole", " gives p : vector [Å] = sum i in m.atom: m.q[i] * m.r[i]\n", BIT(PERMUTE) |
     ROTATIONS | MIRRORS, BIT(TRANSLATE), 0},
    {molecule, "centre", " gives p : point [Å] = mean i in m.atom: m.r[i]\n", ALL, 0, 0},
    {molecule, "moments along", " gives p : scalar = sum i in m.atom: m.m[i].x\n", BASIC | BIT(ROTATE_X) |
     BIT(REFLECT_Y), BIT(ROTATE_Z) | BIT(REFLECT_X) | BIT(REFLECT), 0},
    {molecule, "moment", " gives p : vector = sum i in m.atom: m.m[i]\n", ALL, 0, 0},
    {layer, "layer pairs", " gives E : scalar = sum b in bond: (1 - norm(b.d) / rc)^3\n", ALL | LATTICE, 0,
     1},
    {layer, "height", " gives h[b in bond] : scalar [Å] = b.d.z\n", BASIC | BIT(ROTATE_Z) | BIT(REFLECT_X) |
     BIT(WRAP) | BIT(CELL), BIT(REFLECT_Z) | BIT(ROTATE), 0},
    {defects, "defect species", " gives now[p in spot] : species = lookup(sample.Z, p, vacancy)\n", BASIC |
     BIT(ROTATE_Z) | BIT(WRAP) | BIT(CELL), 0, 0},
    {defects, "defect distances", " gives len[e in edge] : scalar [Å] = norm(e.d)\n", BASIC |
     BIT(ROTATE_Z) | BIT(CELL) | BIT(WRAP), 0, 0},
    {defects, "rise", " gives rise[e in edge] : scalar [Å] = e.d.z\n", BASIC | BIT(ROTATE_Z) | BIT(CELL) |
     BIT(WRAP), BIT(REFLECT_Z), 0},
};

static bool row_open(spec *s, const row *r)
{
    char words[4096];
    snprintf(words, sizeof words, "%s%s%s}\n", head, r->in, r->text);
    return spec_open(s, r->name, words);
}

/* every element of a symmetry that holds, over several seeds: nothing may be found, and something must be
 * evaluated */
static int attack(const row *r, spec *s, symmetry sym)
{
    witness w;
    witness_init(&w);
    int wrong = 0;
    for (uint64_t seed = 1; seed <= SEEDS && !wrong; seed++)
        if (witness_find(s->p, s->output, sym, r->n_weight, TRIES, seed * 1000, &w)) {
            print_error("%s, %s: false alarm: %s\n", r->name, symmetry_text[sym], w.text);
            wrong = 1;
        }
    witness_free(&w);
    return wrong;
}

static int refute(const row *r, spec *s, symmetry sym)
{
    witness w;
    witness_init(&w);
    bool found = witness_find(s->p, s->output, sym, r->n_weight, TRIES, 1, &w);
    if (!found)
        print_error("%s, %s: no witness\n", r->name, symmetry_text[sym]);
    else if (w.violation <= 0 || w.n_slots == 0 || w.before[0].n == 0 || strlen(w.text) < 20)
        print_error("%s, %s: empty witness %s\n", r->name, symmetry_text[sym], w.text);
    bool good = found && w.violation > 0 && w.before[0].n > 0;
    witness_free(&w);
    return !good;
}

static void witnesses(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        spec s;
        spec_init(&s);
        assert_int_equal(setjmp(s.guard), 0);
        if (!row_open(&s, &rows[k])) {
            wrong++;
        } else {
            for (int sym = 0; sym < SYM_COUNT; sym++) {
                if (rows[k].has >> sym & 1)
                    wrong += attack(&rows[k], &s, (symmetry)sym);
                if (rows[k].breaks >> sym & 1)
                    wrong += refute(&rows[k], &s, (symmetry)sym);
            }
        }
        arena_free(&s.a);
    }
    assert_int_equal(wrong, 0);
}

/* A search that cannot evaluate anything would also find no false alarm: every row must give comparable
 * values. */
static void trials_are_comparable(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        spec s;
        spec_init(&s);
        assert_int_equal(setjmp(s.guard), 0);
        assert_true(row_open(&s, &rows[k]));
        trial *t = trial_new(s.p, s.output);
        assert_non_null(t);
        int compared = 0;
        for (uint64_t seed = 0; seed < 12; seed++) {
            mtx_structure x[ACTION_SLOTS];
            action_values v;
            int64_t n[2];
            for (int j = 0; j < ACTION_SLOTS; j++)
                mtx_structure_init(&x[j]);
            if (sample_structures(s.p, trial_plan(t), (sample_shape)(seed % SAMPLE_SHAPES), seed, x))
                compared += trial_values(t, x, x, &v, n) && n[0] > 0;
            for (int j = 0; j < ACTION_SLOTS; j++)
                mtx_structure_free(&x[j]);
        }
        if (compared < 4)
            print_error("%s: only %d of 12 samples have values\n", rows[k].name, compared);
        assert_true(compared >= 4);
        trial_free(t);
        arena_free(&s.a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(trials_are_comparable), cmocka_unit_test(witnesses)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
