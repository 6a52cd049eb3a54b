#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Gradients by position and strain of one number made of each descriptor of the library, beside central differences of
fourth order, on a random triclinic cell.
usage: run_gradients_full.py --mtx PROGRAM --root SOURCE_TREE"""
import os
import random
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from mtx_call import opened, xyz

FOLDER = "stdlib/descriptors/"
STEP, AGREES = 1e-4, 1e-8  # Å, and in strain; of a derivative, relative to the largest
mtx = None


def displaced(elements, periodic):
    """Frames: a random one, then each coordinate and, with a lattice, each strain by 1, -1, 2, -2 steps."""
    rng = random.Random(5)
    cell = [[4.3 * ((k == n) + rng.uniform(-.2, .2)) for n in range(3)] for k in range(3)]
    atoms = [(z, [sum(rng.random() * cell[m][x] for m in range(3)) for x in range(3)]) for z in elements]
    frames = [(cell, atoms)]
    for at in range(len(atoms)):
        for x in range(3):
            for h in (1, -1, 2, -2):
                moved = [(z, list(r)) for z, r in atoms]
                moved[at][1][x] += h * STEP
                frames.append((cell, moved))
    for a in range(3 if periodic else 0):
        for b in range(3):
            for h in (1, -1, 2, -2):
                e = [[float(m == n) for n in range(3)] for m in range(3)]
                e[a][b] += h * STEP / 2
                e[b][a] += h * STEP / 2
                turn = lambda v: [sum(v[k] * e[k][n] for k in range(3)) for n in range(3)]
                frames.append(([turn(v) for v in cell], [(z, turn(r)) for z, r in atoms]))
    return frames


class Gradients(unittest.TestCase):
    def compare(self, name, spec, elements=("C", "Si", "C"), periodic=True):
        frames = displaced(elements, periodic)
        text = "".join(xyz([(z, *r) for z, r in sites], box if periodic else None) for box, sites in frames)
        got = mtx.run(spec, mtx.write("frames.xyz", text))
        energy, n = got["energy"].values, 3 * len(elements)
        parts = [("F", 1, got["F"].values[:n])] + ([("W", 1 + 4 * n, got["W"].values[:9])] if periodic else [])
        most = 0
        for key, first, mine in parts:
            slope = [(8 * (energy[k] - energy[k + 1]) - (energy[k + 2] - energy[k + 3])) / (12 * STEP)
                     for k in range(first, first + 4 * len(mine), 4)]
            scale = max(map(abs, slope)) + 1e-3 * abs(energy[0])
            most = max(most, *map(abs, slope))
            self.assertLessEqual(max(abs(x - y) for x, y in zip(mine, slope)), AGREES * scale, f"{name}, {key}: {mine} {slope}")
        self.assertGreater(most, 0, name)

    def differences(self, name, number, *changes):
        """of a number that is put into the transform itself"""
        more = f"""  let   E = {number}
  gives energy : scalar = E
  gives F : s.atom -> vector [1/Å] = grad(E, s.r)
  gives W : tensor(2) = grad(E, strain(s))

  respects """
        self.compare(name, mtx.changed(FOLDER + name + ".mtx", ("\n  respects ", more), *changes))

    def of_outputs(self, file, transform, number, elements=("Mo", "S", "S"), takes="s : Crystal", periodic=True):
        """of a number without unit that is made of the outputs p of a transform"""
        site = takes.split(" :")[0]
        text = f"""use "descriptors/{file}.mtx"
transform number {{
  takes {takes}
  let   p = {transform}({site})
  let   E = {number}
  gives energy : scalar = E
  gives F : {site}.atom -> vector [1/Å] = grad(E, {site}.r)
"""
        text += f"  gives W : tensor(2) = grad(E, strain({site}))\n" if periodic else ""
        self.compare(transform, mtx.write("number.mtx", text + "  respects translate\n}\n"), elements, periodic)

    def test_steinhardt(self):
        self.differences("steinhardt", "sum i in s.atom, m in l where m > 0: q[i, m]^2 + averaged_w[i, m]",
                         ("const reach = 3.6 Å", "const reach = 9 Å"))

    def test_bispectrum(self):
        self.differences("bispectrum", """(sum i in s.atom, y in element, z in element, j in n, k in n, m in l: cos(j + 2 * k + m) * p[i, y, z, j, k, m])
          + (sum i in s.atom, z in element, k in n, u in l, v in l, w in l: cos(k + u + 2 * v) * b[i, z, k, u, v, w])""")

    def test_ace(self):
        self.differences("ace", """(sum i in s.atom, x in element, y in element, z in element, k in n, u in l, v in l, w in l:
            cos(2 * k + u + 3 * v) * B3[i, x, y, z, k, u, v, w])
          + (sum i in s.atom, z in element, k in n: B1[i, z, k] * B2[i, z, z, k, k, 1])""",
                         ("const l_max = 3", "const l_max = 2"))

    def test_soap_featomic(self):
        self.differences("soap_featomic", """sum i in s.atom, y in element, z in element, m in l, j in n, k in n:
            cos(j + 3 * k + m) * p[i, y, z, m, j, k]""",
                         ("species(Si)", "species(C, Si)"), ("const n_max = 8", "const n_max = 4"), ("const l_max = 6", "const l_max = 3"))

    def test_mbtr(self):
        self.differences("mbtr", """(sum y in element, z in element, k in g: cos(k) * two[y, z, k])
          + (sum x in element, y in element, z in element, k in g: cos(2 * k) * three[x, y, z, k])""")

    def test_acsf(self):
        self.of_outputs("acsf", "acsf", """(sum i in s.atom, z in p.element: p.G1[i, z])
    + (sum i in s.atom, z in p.element, k in 0..2, m in 0..2: cos(k + 2 * m) * p.G2[i, z, k, m])
    + (sum i in s.atom, y in p.element, z in p.element, k in 0..1, m in 0..1, n in 0..2:
        cos(k + 2 * m + 3 * n) * (p.G4[i, y, z, k, m, n] + 2 * p.G5[i, y, z, k, m, n]))""")

    def test_weighted_acsf(self):
        self.of_outputs("acsf", "weighted_acsf", """(sum i in s.atom, k in 0..2, m in 0..2: cos(k + 2 * m) * p.W2[i, k, m])
    + (sum i in s.atom, k in 0..1, m in 0..1, n in 0..2: cos(k + 2 * m + 3 * n) * p.W4[i, k, m, n])""")

    def test_coordination(self):
        self.of_outputs("coordination", "coordination", "p.average + (sum i in s.atom: p.number[i]^2)")

    def test_density(self):
        self.of_outputs("composition", "composition", "p.density / 1 [amu/Å^3]")

    def test_radial_distributions(self):
        self.of_outputs("rdf", "rdf", "sum k in p.step: cos(k) * p.g[k]")
        self.of_outputs("rdf", "partial_rdf", "sum y in p.element, z in p.element, k in p.step: cos(k) * p.g[y, z, k]^2")

    def test_graphs(self):
        self.of_outputs("graph", "graph", """sum b in p.bond: cutoff(p.len[b], 5 Å, 4)
    * (p.len[b] / 1 [Å] + (sum k in p.centre: cos(k) * p.feature[b, k]))""")
        self.of_outputs("graph", "vector_graph", "sum b in p.bond: p.near[b] * (p.away[b].x / 1 [Å])^2")

    def test_matrices(self):
        for file, name, unit in (("sine_matrix", "sine", "1"), ("ewald_matrix", "ewald", "1 [1/Å]")):
            self.of_outputs(file, name, f"sum i in s.atom, j in s.atom: (1 + protons(s.Z[i])) * (p.C[i, j] / {unit})^2")
            for form in ("unsorted", "sorted"):
                self.of_outputs(file, f"{name}_{form}",
                                f"(sum a in rank(23), b in rank(23): cos(a + 2 * b) * p.matrix[a, b]) / {unit}")
            self.of_outputs(file, f"{name}_spectrum", f"(sum a in rank(23): cos(a) * p.spectrum[a]) / {unit}")

    def test_molecules(self):
        molecule = {"elements": ("O", "C", "H", "N"), "takes": "m : Molecule", "periodic": False}
        self.of_outputs("coulomb_matrix", "coulomb", "sum i in m.atom, j in m.atom: (1 + protons(m.Z[i])) * p.C[i, j]^2", **molecule)
        for form in ("unsorted", "sorted"):
            self.of_outputs("coulomb_matrix", f"coulomb_{form}",
                            "sum a in rank(23), b in rank(23): cos(a + 2 * b) * p.matrix[a, b]", **molecule)
        self.of_outputs("coulomb_matrix", "coulomb_spectrum", "sum a in rank(23): cos(a) * p.spectrum[a]", **molecule)


if __name__ == "__main__":
    mtx, words = opened()
    unittest.main(argv=words, verbosity=1)
