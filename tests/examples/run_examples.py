#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The examples: each is numbered, opens with what it shows and with the command that runs it; the command
works on the bundled data, every claim holds, and the values are what the text beside them says.
usage: run_examples.py --mtx PROGRAM --root SOURCE_TREE"""
import glob
import math
import os
import re
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import npz
from mtx_call import opened

ROUNDING = 1e-9            # relative, between two settings of one crystal
K_E = 14.3996454784255     # eV angstrom / e^2
COUNT = 9
mtx = None


def examples():
    return sorted(glob.glob(mtx.path("examples", "[0-9][0-9]_*.mtx")))


def command(path):
    """The words after `mtx` on the command line that the example shows."""
    with open(path, encoding="utf-8") as f:
        lines = f.read().split("\n")
    text = "\n".join(lines).replace("\\\n#", "")             # a long command goes on after a backslash
    found = re.findall(r"^#   mtx (run .*)$", text, re.M)
    return lines, found[0].split() if len(found) == 1 else None


def result(number):
    path, = (p for p in examples() if os.path.basename(p).startswith(f"{number:02d}_"))
    words = command(path)[1]
    out = os.path.join(mtx.folder.name, f"{number}.npz")
    words[words.index("-o") + 1] = out
    code, _, err = mtx.call(*words)
    if code:
        raise AssertionError(f"mtx {' '.join(words)}: exit code {code}\n{err}")
    return npz.load(out)


class Examples(unittest.TestCase):
    def test_form(self):
        numbers = [os.path.basename(p)[:2] for p in examples()]
        self.assertEqual(numbers, [f"{k:02d}" for k in range(1, COUNT + 1)])
        with open(mtx.path("examples", "README.md"), encoding="utf-8") as f:
            readme = f.read()
        for path in examples():
            lines, words = command(path)
            self.assertRegex(lines[0], r"^# [A-Z].*\.$", path)
            self.assertIsNotNone(words, f"{path} shows no command")
            self.assertEqual(words[1], os.path.relpath(path, mtx.root))
            self.assertIn(os.path.basename(path), readme)
            self.assertLessEqual(len(lines), 60, path)

    def test_claims(self):
        for path in examples():
            code, found = mtx.check(path)
            loud = [d["message"] for d in found["diagnostics"] if d["severity"] != "note"]
            self.assertEqual((code, loud), (0, []), path)
            self.assertGreater(sum(c["verdict"] == "proved" for c in found["claims"]), 3, path)

    def test_sparse_defects(self):
        got = result(1)
        self.assertEqual(len(got["spot.ptr"]), 101)
        self.assertEqual((got["was"].values[:2], got["now"].values[:2]), ([16, 16], [0, 0]))
        self.assertAlmostEqual(got["len"][0], 6.351, delta=1e-3)

    def test_coulomb_spectrum(self):
        got = result(2)
        water = got["spectrum"][0].tolist()
        self.assertEqual(sum(x != 0 for x in water), 3)
        oh, hh = 0.9572, 2 * 0.9572 * math.sin(math.radians(104.52 / 2))
        self.assertAlmostEqual(got["repulsion"][0], K_E * (2 * 8 / oh + 1 / hh), delta=1e-5)
        squares = 2 * (2 * (8 / oh) ** 2 + hh ** -2) + (0.5 * 8 ** 2.4) ** 2 + 2 * 0.25
        self.assertAlmostEqual(sum(x * x for x in water), squares, delta=1e-4)

    def test_radial_distribution(self):
        small, large = (row.values for row in result(3)["g"])
        for a, b in zip(small, large):
            self.assertAlmostEqual(a, b, delta=ROUNDING * max(small))
        self.assertIn(max(range(30), key=lambda k: small[k]), (22, 23))  # the bond of 2.35 Å: 2.3 Å or 2.4 Å
        self.assertGreater(small[22], 1)

    def test_symmetry_functions(self):
        got = result(4)
        start = got["atom.ptr"].values
        methane = [got["radial"][i].values for i in range(start[1], start[2])]
        for row in methane[2:]:                                          # its four hydrogens are alike
            for a, b in zip(row, methane[1]):
                self.assertAlmostEqual(a, b, delta=1e-7)
        self.assertNotEqual(methane[0], methane[1])

    def test_periodic_graph(self):
        got = result(5)
        self.assertEqual(got["bond.ptr"].values, [0, 56])
        self.assertEqual(len(got["bond.shift"]), 56)
        self.assertAlmostEqual(got["side"][1], -got["side"][2], delta=1e-9)
        self.assertAlmostEqual(got["side"][0], 0, delta=1e-9)

    def test_ionic_crystal(self):
        got = result(6)
        for k in 0, 1:
            self.assertAlmostEqual(got["madelung"][k], 1.74756459463318, delta=1e-9)
        self.assertAlmostEqual(got["E"][1] / got["E"][0], 4, delta=ROUNDING)

    def test_forces(self):
        got = result(7)
        start = [0, 2, 10]
        self.assertAlmostEqual(got["E"][1] / got["E"][0], 4, delta=ROUNDING)
        self.assertLess(got["E"][0], 0)
        for frame in 0, 1:
            rows = [list(got["F"][i].values) for i in range(start[frame], start[frame + 1])]
            for total in map(sum, zip(*rows)):
                self.assertAlmostEqual(total, 0, delta=1e-12)
            n = start[frame + 1] - start[frame]
            first = sum(m * m for m in (2,)[:frame])
            for i in range(n):                                           # rows of force constants sum to zero
                block = [list(got["K"][first + i * n + j].values) for j in range(n)]
                for total in map(sum, zip(*block)):
                    self.assertAlmostEqual(total, 0, delta=1e-12 * max(map(abs, block[i])))
        for a, b in zip(got["S"][0].values, got["S"][1].values):         # the same crystal
            self.assertAlmostEqual(a, b, delta=ROUNDING)

    def test_descriptor_gradients(self):
        got = result(8)
        for i in range(1, 8):                                            # all atoms are alike
            for a, b in zip(got["p"][0].values, got["p"][i].values):
                self.assertAlmostEqual(a, b, delta=1e-9 * (1 + abs(a)))
        total = [0.0] * len(list(got["J"][0].values))                     # of one atom: nothing pulls at its row
        for b, i in enumerate(got["bond.i"].values):
            if i == 0:
                total = [x + y for x, y in zip(total, got["J"][b].values)]
        largest = max(abs(x) for b in range(10) for x in got["J"][b].values)
        self.assertGreater(largest, 1e-3)
        self.assertLess(max(map(abs, total)), 1e-9)

    def test_fit(self):
        def fitted(A, k):
            weights, out = os.path.join(mtx.folder.name, "weights.npz"), os.path.join(mtx.folder.name, "fit.npz")
            npz.save(weights, {"A": npz.Array((2, 2, 3), A), "k": npz.Array((), [k])})
            code, _, err = mtx.call("run", "examples/09_fit.mtx", "examples/data/salt_forces.xyz", "--weights", weights, "-o", out)
            self.assertEqual(code, 0, err)
            return npz.load(out)

        def slope(found):                                                # of the error of all frames
            A = [sum(found["by_A"].values[12 * f + n] for f in range(3)) for n in range(12)]
            return A, sum(found["by_k"].values)

        start = npz.load("examples/data/salt_weights.npz")
        A, k = list(start["A"].values), start["k"].values[0]
        way, step = [math.sin(3.1 * n + 1) * (1, 2, 30)[n % 3] for n in range(12)], 1e-4
        by_A, by_k = slope(result(9))
        mine = sum(g * v for g, v in zip(by_A, way)) + 0.3 * by_k
        ends = [sum(fitted([a + h * v for a, v in zip(A, way)], k + 0.3 * h)["error"].values) for h in (step, -step)]
        self.assertAlmostEqual((ends[0] - ends[1]) / (2 * step), mine, delta=1e-6 * abs(mine))
        less = fitted([a - 1e-3 * g for a, g in zip(A, by_A)], k - 1e-3 * by_k)["error"]
        self.assertLess(sum(less.values), sum(result(9)["error"].values))
        made = [1.5, -2, 60, -7, 14, 80, -7, 14, 80, 2, -9, 150]         # what the forces were made with (make_data.py)
        true = fitted([float(x) for x in made], 0.8)
        self.assertLess(max(true["error"].values), 1e-15)
        self.assertLess(max(map(abs, slope(true)[0])), 1e-8)

    def test_tutorial_remarks(self):
        """What the comments of the examples say would be refused is refused."""
        for name, old, new, code in [
                ("01_sparse_defects", "reflect(y), cell", "reflect(y), reflect(z), cell", "E0204"),
                ("09_fit", "exp(-m * k * norm(b.d))", "exp(-norm(b.d) / (m * k * 1 [Å^2]))", "E0413"),
                ("07_forces", "log(1 + 9 * rho[i])", "sqrt(rho[i])", "E0412"),
                ("04_symmetry_functions", "cutoff(d, rc, 3)", "0.5 * (cos(pi * d / rc) + 1)", "E0412"),
                ("02_coulomb_spectrum", "k_e * q", "q", "E0106"),
                ("02_coulomb_spectrum", "sort(abs(eigvals(g.C)), descending)", "list(q / 1 e)", "E0301")]:
            wrong = mtx.changed(f"examples/{name}.mtx", (old, new))
            exit_code, found = mtx.check(wrong)
            self.assertEqual(exit_code, 1, name)
            self.assertIn(code, [d["code"] for d in found["diagnostics"]], name)


def main():
    global mtx
    mtx, words = opened()
    os.chdir(mtx.root)
    unittest.main(argv=words)


if __name__ == "__main__":
    main()
