#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Expressions that nest hundreds and thousands of levels deep: values and derivatives beside those of a loop here; what
is too deep is said where it is written, in whatever order the lines are.
usage: run_deep.py --mtx PROGRAM --root SOURCE_TREE"""
import math
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import npz
from mtx_call import opened, xyz

ATOMS = [("Si", 0.0, 0.0, 0.0, 0.3), ("Si", 2.0, 0.1, 0.0, 0.4)]
LEVELS = 3                                             # of operations that each line adds
SPEC = """structure Charges {
  set   atom
  field r : atom -> point [Å]
  field Z : atom -> species
  field q : atom -> scalar
}
transform t {
  takes s : Charges
  let   x0 = sum i in s.atom: s.q[i]
%s
  gives E : scalar = x%d
%s  respects permute, translate, rotate, reflect
}
"""
WIDE = """use "crystal.mtx"
transform t {
  takes s : Crystal
  set   a = 0..4
  set   q = 1..8
  let   H[i in a, j in a, n in q] = cos(i * n + j) * volume(s) / 1 [Å^3]
  gives K[x in a, y in a, z in a, i in a, j in a, k in a] : scalar = sum n in q: n * H[x, i, n] * H[y, j, n] * H[z, k, n]
}
"""
GRADIENT = "  gives F : s.atom -> scalar = grad(E, s.q)\n"
mtx = None


def spec_of(lines, more="", backwards=False):
    steps = [f"  let   x{k} = x{k - 1} + 0.01 * sin(x{k - 1})" for k in range(1, lines + 1)]
    return mtx.write("deep.mtx", SPEC % ("\n".join(steps[::-1] if backwards else steps), lines, more))


def expected(lines):
    x, slope = 0.7, 1.0
    for _ in range(lines):
        slope, x = slope * (1 + 0.01 * math.cos(x)), x + 0.01 * math.sin(x)
    return x, slope


class Deep(unittest.TestCase):
    def run_all(self, lines, more=""):
        spec, data = spec_of(lines, more), mtx.write("two.xyz", xyz(ATOMS, columns=":q:R:1"))
        x, slope = expected(lines)
        for backend in ((), ("--backend", "c")):
            out = os.path.join(mtx.folder.name, "deep.npz")
            code, _, err = mtx.call("run", spec, data, *backend, "--quiet", "-o", out)
            self.assertEqual(code, 0, err)
            got = npz.load(out)
            self.assertAlmostEqual(got["E"].values[0], x, 9)
            for f in got["F"].values if more else ():
                self.assertAlmostEqual(f, slope, 9)

    def test_values(self):
        self.run_all(2900 // LEVELS)

    def test_derivatives(self):
        self.run_all(250, GRADIENT)

    def test_wide(self):
        """loops in loops: sums that are written out in each other would be without number"""
        box = [[1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0]]
        got = mtx.run(mtx.write("wide.mtx", WIDE), mtx.write("one.xyz", xyz([("Si", 0.0, 0.0, 0.0)], box)))["K"].values
        h = lambda i, j, n: math.cos(i * n + j)
        for x, y, z, i, j, k in (0, 0, 0, 0, 0, 0), (1, 2, 3, 4, 0, 1), (4, 3, 2, 1, 0, 4):
            want = sum(n * h(x, i, n) * h(y, j, n) * h(z, k, n) for n in range(1, 9))
            self.assertAlmostEqual(got[((((x * 5 + y) * 5 + z) * 5 + i) * 5 + j) * 5 + k], want, 10)

    def refused(self, code, spec):
        for command in ("check", "run", "test"):
            words = [mtx.write("two.xyz", xyz(ATOMS, columns=":q:R:1")), "-o", mtx.write("o.npz", "")] if command == "run" else []
            got, out, err = mtx.call(command, spec, *words)
            self.assertEqual(got, 1, f"{command}: {err[:500]}")
            self.assertIn(code, out + err)

    def test_too_deep(self):
        self.refused("E0158", spec_of(1500))
        self.refused("E0158", spec_of(1500, backwards=True))
        self.refused("E0158", spec_of(20000))
        self.refused("E0170", spec_of(980, GRADIENT))


if __name__ == "__main__":
    mtx, words = opened()
    unittest.main(argv=words)
