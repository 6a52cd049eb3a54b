#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Gradients by position and strain of one number made of each descriptor that is written with irreps, and of MBTR, beside
central differences.
usage: run_descriptors_full.py --mtx PROGRAM --root SOURCE_TREE"""
import os
import random
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from mtx_call import opened, xyz

FOLDER = "stdlib/descriptors/"
STEP, AGREES = 1e-4, 1e-8  # Å, and in strain; of a derivative, relative to the largest
mtx = None


class Gradients(unittest.TestCase):
    def differences(self, name, number, *changes):
        more = f"""  let   E = {number}
  gives energy : scalar = E
  gives F : s.atom -> vector [1/Å] = grad(E, s.r)
  gives W : tensor(2) = grad(E, strain(s))

  respects """
        spec = mtx.changed(FOLDER + name + ".mtx", ("\n  respects ", more), *changes)
        rng = random.Random(5)
        cell = [[4.3 * ((k == n) + rng.uniform(-.2, .2)) for n in range(3)] for k in range(3)]
        atoms = [(["C", "Si"][k % 2], [sum(rng.random() * cell[m][x] for m in range(3)) for x in range(3)]) for k in range(3)]
        frames = [(cell, atoms)]
        for at in range(3):
            for x in range(3):
                for h in (1, -1, 2, -2):
                    moved = [(z, list(r)) for z, r in atoms]
                    moved[at][1][x] += h * STEP
                    frames.append((cell, moved))
        for a in range(3):
            for b in range(3):
                for h in (1, -1, 2, -2):
                    e = [[float(m == n) for n in range(3)] for m in range(3)]
                    e[a][b] += h * STEP / 2
                    e[b][a] += h * STEP / 2
                    turn = lambda v: [sum(v[k] * e[k][n] for k in range(3)) for n in range(3)]
                    frames.append(([turn(v) for v in cell], [(z, turn(r)) for z, r in atoms]))
        text = "".join(xyz([(z, *r) for z, r in sites], box) for box, sites in frames)
        got = mtx.run(spec, mtx.write("frames.xyz", text))
        energy = got["energy"].values
        for key, first, mine in (("F", 1, got["F"].values[:9]), ("W", 37, got["W"].values[:9])):
            slope = [(8 * (energy[k] - energy[k + 1]) - (energy[k + 2] - energy[k + 3])) / (12 * STEP)
                     for k in range(first, first + 36, 4)]
            scale = max(map(abs, slope)) + 1e-3 * abs(energy[0])
            self.assertGreater(max(map(abs, slope)), 0, name)
            self.assertLessEqual(max(abs(x - y) for x, y in zip(mine, slope)), AGREES * scale, f"{name}, {key}: {mine} {slope}")

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


if __name__ == "__main__":
    mtx, words = opened()
    unittest.main(argv=words, verbosity=1)
