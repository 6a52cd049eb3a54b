#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The standard library: every file says what it is, cites, and has its claims proved; its values agree with
published numbers and with sums over all images written out here. Standard library of Python only.
usage: run_stdlib.py --mtx PROGRAM --root SOURCE_TREE"""
import glob
import math
import os
import re
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from mtx_call import Failed, cartesian, dot, hexagonal, neighbours, opened, xyz

PUBLISHED = 1e-6           # numbers given with six decimals
EXACT = 1e-10              # the same formula in another program, relative
TRUNCATED = 1e-4           # Ewald sums at the accuracy of the specs, relative
MADELUNG = 1e-9

FOLDER = "stdlib/descriptors/"

WATER = [("O", 0.0, 0.0, 0.1173), ("H", 0.0, 0.7572, -0.4692), ("H", 0.0, -0.7572, -0.4692)]
SALT = 5.6402
mtx = None


def close(test, got, want, tolerance):
    got, want = list(got), list(want)
    test.assertEqual(len(got), len(want))
    scale = max([abs(x) for x in want] + [1e-300])
    worst = max(abs(a - b) for a, b in zip(got, want))
    test.assertLessEqual(worst, tolerance * max(scale, 1.0), f"got {got[:8]}, want {want[:8]}")


def face_centred(a):
    return [[0.0, a / 2, a / 2], [a / 2, 0.0, a / 2], [a / 2, a / 2, 0.0]]


def cubic(a):
    return [[a, 0.0, 0.0], [0.0, a, 0.0], [0.0, 0.0, a]]


def crystal(cell, sites, charges=None, repeat=1):
    """(sites, cell, text): sites (symbol, fractional), repeated along the first vector."""
    out, columns = [], ":charges:R:1" if charges else ""
    for n in range(repeat):
        for k, (s, *f) in enumerate(sites):
            r = cartesian(cell, [f[0] + n, f[1], f[2]])
            out.append((s, *r) + ((charges[k],) if charges else ()))
    cell = [[repeat * x for x in cell[0]], cell[1], cell[2]]
    return [a[:4] for a in out], cell, xyz(out, cell, columns=columns)


def mos2():
    """A layered crystal with low symmetry at each site: MoS2 layers, repeated along all three vectors."""
    return crystal(hexagonal(3.1903157, 14.879004),
                   [("Mo", 1 / 3, 2 / 3, .25), ("S", 2 / 3, 1 / 3, .144826), ("S", 2 / 3, 1 / 3, .355174)])


class Files(unittest.TestCase):
    def test_every_file_says_what_it_is(self):
        for path in sorted(glob.glob(mtx.path("stdlib", "**", "*.mtx"), recursive=True)):
            with open(path, encoding="utf-8") as f:
                lines = f.read().split("\n")
            self.assertRegex(lines[0], r"^# [A-Z].*\.$", path)
            for k, line in enumerate(lines):
                if re.match(r"(transform|structure) ", line):
                    self.assertTrue(lines[k - 1].startswith("#"), f"{path}:{k + 1} has no comment above")
                self.assertLessEqual(len(line), 130, f"{path}:{k + 1}")

    def test_descriptors_are_proved_and_cited(self):
        for path in sorted(glob.glob(mtx.path("stdlib", "*", "*.mtx"))):
            name = os.path.relpath(path, mtx.root)
            code, found = mtx.check(path)
            self.assertEqual(code, 0, f"{name}: {found['diagnostics']}")
            self.assertFalse([c for c in found["claims"] if c["verdict"] == "assumed"], name)
            with open(path, encoding="utf-8") as f:
                text = f.read()
            for block in re.findall(r"^transform (\w+) \{(.*?)^\}", text, re.M | re.S):
                with self.subTest(transform=block[0]):
                    self.assertRegex(block[1], r"\n  respects ")
                    if name not in (FOLDER + "composition.mtx",):
                        self.assertRegex(block[1], r'\n  cites +"[^"]+doi 10\.\d{4,}/[^"]+"')
                    self.assertTrue(any(c["transform"] == block[0] for c in found["claims"]))


class Coulomb(unittest.TestCase):
    spec = FOLDER + "coulomb_matrix.mtx"

    def value(self, transform, name, atoms=WATER):
        return mtx.run(mtx.path(self.spec), mtx.write("m.xyz", xyz(atoms)), transform=transform)[name][0]

    def test_water(self):
        oh, hh, o, h = 8.352687, 0.660328, 73.516695, 0.5
        want = [[o, oh, oh], [oh, h, hh], [oh, hh, h]]
        for transform in "coulomb_unsorted", "coulomb_sorted":
            got = self.value(transform, "matrix").tolist()
            close(self, [x for row in got[:3] for x in row[:3]], [x for row in want for x in row], PUBLISHED)
            self.assertEqual({x for k, row in enumerate(got) for x in (row if k > 2 else row[3:])}, {0.0})
        spectrum = self.value("coulomb_spectrum", "spectrum").tolist()
        close(self, spectrum, [75.396306, 0.719284, 0.160328] + 20 * [0.0], PUBLISHED)

    def test_order_of_the_file(self):
        turned = WATER[1:] + WATER[:1]
        close(self, self.value("coulomb_sorted", "matrix", turned).values,
              self.value("coulomb_sorted", "matrix").values, EXACT)
        self.assertNotEqual(self.value("coulomb_unsorted", "matrix", turned).values,
                            self.value("coulomb_unsorted", "matrix").values)


    def test_too_many_atoms(self):
        with self.assertRaises(Failed) as caught:
            mtx.run(mtx.changed(self.spec, ("n_max = 23", "n_max = 2")), mtx.write("m.xyz", xyz(WATER)),
                    transform="coulomb_spectrum")
        self.assertIn("E0663", str(caught.exception))


class Sine(unittest.TestCase):
    spec = FOLDER + "sine_matrix.mtx"

    def test_salt(self):
        salt = mtx.path("examples/data/nacl_primitive.poscar")
        got = mtx.run(mtx.path(self.spec), salt, transform="sine")["C"]
        close(self, got.values, [157.874667, 19.141963, 19.141963, 448.794386], PUBLISHED)
        got = mtx.run(mtx.path(self.spec), salt, transform="sine_spectrum")["spectrum"][0].tolist()
        close(self, got[:3], [450.04848, 156.62057, 0.0], PUBLISHED)

    def test_depends_on_the_cell(self):
        salt = mtx.path("examples/data/nacl_conventional.cif")
        got = mtx.run(mtx.path(self.spec), salt, transform="sine_spectrum")["spectrum"][0].tolist()
        close(self, got[:1], [593.54501], PUBLISHED)
        self.assertEqual(sum(x > 0 for x in got), 8)


class Ewald(unittest.TestCase):
    spec = FOLDER + "ewald_matrix.mtx"

    def salt_matrix(self, *changes):
        spec = mtx.changed(self.spec, *changes) if changes else mtx.path(self.spec)
        return mtx.run(spec, mtx.path("examples/data/nacl_primitive.poscar"), transform="ewald")["C"].values

    def test_nuclei_of_salt(self):
        want = [-49.179844, -36.129933, -36.129933, -117.462602]
        close(self, self.salt_matrix(), want, TRUNCATED)
        close(self, self.salt_matrix(("accuracy = 1e-5", "accuracy = 1e-13")), want, PUBLISHED / 100)

    def test_splitting_does_not_matter(self):
        fine = ("accuracy = 1e-5", "accuracy = 1e-14")
        first = self.salt_matrix(fine)
        for factor in "0.1", "10":
            close(self, self.salt_matrix(fine, ("balance = ", f"balance = {factor} * ")), first, EXACT)

    def energy(self, *case, **options):
        _, _, text = crystal(*case, **options)
        return mtx.run(mtx.path("stdlib/potentials/ewald_energy.mtx"), mtx.write("q.xyz", text))["E"][0]

    def test_madelung(self):
        """-E d / k_e of a formula unit, d the shortest distance (Borwein et al., Lattice Sums, 2013)"""
        k_e = 14.3996454784255
        salt = ("Na", 0, 0, 0), ("Cl", .5, .5, .5)
        blende = ("Zn", 0, 0, 0), ("S", .25, .25, .25)
        for cell, sites, distance, want in [
                (face_centred(SALT), salt, SALT / 2, 1.74756459463318219),
                (cubic(4.123), salt, 4.123 * math.sqrt(3) / 2, 1.76267477307098840),
                (face_centred(5.41), blende, 5.41 * math.sqrt(3) / 4, 1.63805505338878941)]:
            self.assertAlmostEqual(-self.energy(cell, sites, [1, -1]) * distance / k_e, want, delta=MADELUNG)

    def test_background(self):
        """A simple cubic lattice of charges in a neutralising sea: -2.837297479480620/2 k_e q^2/L"""
        want = -14.3996454784255 * 2.837297479480620 / 2 * 4 / 3.0
        self.assertAlmostEqual(self.energy(cubic(3.0), [("Cu", .2, .3, .4)], [2.0]) / want, 1, delta=MADELUNG)

    def test_energy_grows_with_the_cell(self):
        sites = [("Na", .1, .2, .3), ("Cl", .6, .65, .8), ("Cl", .3, .9, .4)]
        cell = [[4.0, .3, 0.0], [-.5, 5.0, .2], [.1, .7, 4.5]]
        one, three = (self.energy(cell, sites, [1.5, -1, -.25], repeat=n) for n in (1, 3))
        self.assertAlmostEqual(three / (3 * one), 1, delta=EXACT)


class Radial(unittest.TestCase):
    spec = FOLDER + "rdf.mtx"
    reach, width, steps = 10.0, 0.1, 100

    def expected(self, sites, cell, pair=None):
        volume = abs(dot(cell[0], [cell[1][1] * cell[2][2] - cell[1][2] * cell[2][1],
                                   cell[1][2] * cell[2][0] - cell[1][0] * cell[2][2],
                                   cell[1][0] * cell[2][1] - cell[1][1] * cell[2][0]]))
        kinds = [s for s, *_ in sites]
        n = (len(sites), len(sites)) if pair is None else tuple(kinds.count(z) for z in pair)
        rows = neighbours(sites, cell, self.reach + 6 * self.width)
        found = [math.sqrt(dot(d, d)) for i, row in enumerate(rows)
                 for j, d in row if pair is None or (kinds[i], kinds[j]) == pair]
        out = []
        for k in range(1, self.steps + 1):
            r = k * self.reach / self.steps
            total = sum(math.exp(-((d - r) / self.width) ** 2 / 2) for d in found)
            share = total / (self.width * math.sqrt(2 * math.pi)) / (4 * math.pi * r * r)
            out.append(volume / (n[0] * n[1]) * share if n[0] * n[1] else 0.0)
        return out

    def test_silicon(self):
        sites = [("Si", 0, 0, 0), ("Si", .25, .25, .25)]
        sites, cell, text = crystal(face_centred(5.431), sites)
        got = mtx.run(mtx.path(self.spec), mtx.write("c.xyz", text), transform="rdf")["g"][0].values
        close(self, got, self.expected(sites, cell), EXACT)
        step = self.reach / self.steps                                   # four neighbours below 3 Å
        density = 8 / 5.431 ** 3
        shell = sum(4 * math.pi * (k * step) ** 2 * density * g * step for k, g in enumerate(got[:30], 1))
        self.assertAlmostEqual(shell, 4, delta=1e-3)

    def test_pairs_of_elements(self):
        sites, cell, text = mos2()
        got = mtx.run(mtx.path(self.spec), mtx.write("c.xyz", text), transform="partial_rdf")["g"][0]
        for a, first in enumerate(["Mo", "S", "Se", "W"]):
            for b, second in enumerate(["Mo", "S", "Se", "W"]):
                close(self, got[a][b].values, self.expected(sites, cell, (first, second)), EXACT)


class SymmetryFunctions(unittest.TestCase):
    spec = FOLDER + "acsf.mtx"
    reach = 6.0
    eta, centre, decay, sign, power = (.05, .5, 4), (0, 2, 4), (.005, .05), (1, -1), (1, 2, 4)

    def setUp(self):
        self.sites, self.cell, text = mos2()
        self.path = mtx.write("c.xyz", text)
        self.rows = neighbours(self.sites, self.cell, self.reach)

    def radial(self, row, eta, centre, fc):
        return sum(math.exp(-eta * (r - centre) ** 2) * fc(r) for r in (math.sqrt(dot(d, d)) for _, d in row))

    def angular(self, row, fc, third, weight):
        """{(decay, sign, power): sum over pairs of neighbours}"""
        out = {(e, s, p): 0.0 for e in self.decay for s in self.sign for p in self.power}
        lengths = [math.sqrt(dot(d, d)) for _, d in row]
        for x in range(len(row)):
            for y in range(x):
                w = weight(row[x][0], row[y][0])
                if not w:
                    continue
                cosine = dot(row[x][1], row[y][1]) / (lengths[x] * lengths[y])
                apart = math.dist(row[x][1], row[y][1])
                squares = lengths[x] ** 2 + lengths[y] ** 2 + (apart ** 2 if third else 0)
                w *= fc(lengths[x]) * fc(lengths[y])
                if third:
                    w *= fc(apart) if apart < self.reach else 0
                for e, s, p in out:
                    out[e, s, p] += w * 2 ** (1 - p) * (1 + s * cosine) ** p * math.exp(-e * squares)
        return list(out.values())

    def test_channels(self):
        got = mtx.run(mtx.path(self.spec), self.path, transform="acsf")
        fc = lambda r: 0.5 * (math.cos(math.pi * r / self.reach) + 1)
        elements = ["Mo", "S", "Se", "W"]
        kind = [s for s, *_ in self.sites]
        for i, row in enumerate(self.rows):
            for a, z in enumerate(elements):
                part = [b for b in row if kind[b[0]] == z]
                close(self, [got["G1"][i][a]], [sum(fc(math.sqrt(dot(d, d))) for _, d in part)], EXACT)
                want = [self.radial(part, e, c, fc) for e in self.eta for c in self.centre]
                close(self, got["G2"][i][a].values, want, EXACT)
                for b, y in enumerate(elements[:a + 1]):
                    chosen = lambda j, k: {kind[j], kind[k]} == {z, y}
                    for name, third in ("G4", True), ("G5", False):
                        close(self, got[name][i][a][b].values, self.angular(row, fc, third, chosen), EXACT)
                        self.assertEqual(got[name][i][a][b].values, got[name][i][b][a].values)

    def test_weighted(self):
        got = mtx.run(mtx.path(self.spec), self.path, transform="weighted_acsf")
        charge = [{"Mo": 42, "S": 16}[s] for s, *_ in self.sites]
        cut = cutoff(3, self.reach)
        for i, row in enumerate(self.rows):
            want = [sum(charge[j] * self.radial([(j, d)], e, c, cut) for j, d in row)
                    for e in self.eta for c in self.centre]
            close(self, got["W2"][i].values, want, EXACT)
            want = self.angular(row, cut, True, lambda j, k: charge[j] * charge[k])
            close(self, got["W4"][i].values, want, EXACT)


def cutoff(n, reach):
    """The polynomial envelope of `cutoff(d, rc, n)` from its definition: value 1 and n - 1 derivatives 0
    at 0, divisible by (1 - x)^n, x = d/rc."""
    def value(d):
        x = d / reach
        return (1 - x) ** n * sum(math.comb(n - 1 + k, k) * x ** k for k in range(n)) if x < 1 else 0.0
    return value


class Graphs(unittest.TestCase):
    def test_edges_and_features(self):
        sites, cell, text = mos2()
        got = mtx.run(mtx.path(FOLDER, "graph.mtx"), mtx.write("c.xyz", text), transform="graph")
        self.assertEqual(len(got["len"]), 56)                            # systems.md section 2
        rows = neighbours(sites, cell, 5.0)
        self.assertEqual(got["degree"].tolist(), [float(len(row)) for row in rows])
        self.assertEqual(got["element"].tolist(), [42, 16, 16])
        want = sorted((i, j, *(round(x, 6) + 0.0 for x in d)) for i, row in enumerate(rows) for j, d in row)
        again = os.path.join(mtx.folder.name, "c.xyz")
        vectors = mtx.run(mtx.path(FOLDER, "graph.mtx"), again, transform="vector_graph")
        have = sorted((i, j, *(round(x, 6) + 0.0 for x in d)) for i, j, d in
                      zip(vectors["bond.i"].values, vectors["bond.j"].values, vectors["away"].tolist()))
        self.assertEqual(have, want)
        for b in range(0, 56, 11):
            d = got["len"][b]
            features = [math.exp(-((d - k * 6 / 99) / .5) ** 2) for k in range(100)]
            close(self, got["feature"][b].values, features, EXACT)

    def test_coordination(self):
        sites, cell, text = mos2()
        got = mtx.run(mtx.path(FOLDER, "coordination.mtx"), mtx.write("c.xyz", text))
        lengths = [[math.sqrt(dot(d, d)) for _, d in row] for row in neighbours(sites, cell, 6.0)]
        want = [sum(cutoff(3, 6.0)(r) / (1 + (r / 3) ** 12) for r in row) for row in lengths]
        close(self, got["number"].values, want, EXACT)
        close(self, [got["average"][0]], [sum(want) / 3], EXACT)

    def test_composition(self):
        _, cell, text = mos2()
        got = mtx.run(mtx.path(FOLDER, "composition.mtx"), mtx.write("c.xyz", text))
        want = [{42: 1.0, 16: 2.0}.get(z, 0.0) for z in range(1, 119)]
        self.assertEqual(got["number"][0].tolist(), want)
        close(self, got["share"][0].tolist(), [x / 3 for x in want], EXACT)
        volume = 3.1903157 ** 2 * math.sqrt(3) / 2 * 14.879004
        self.assertAlmostEqual(got["density"][0], (95.95 + 2 * 32.06) / volume, delta=1e-4)


if __name__ == "__main__":
    mtx, words = opened()
    unittest.main(argv=words)
