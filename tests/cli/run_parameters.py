#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What mtx check says of parameters, as text and as JSON.   usage: run_parameters.py --mtx PROGRAM --root SOURCE_TREE"""
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from mtx_call import opened

SPEC = """\
use "crystal.mtx"
transform layer {
  takes x : scalar
  param w : scalar^4 init normal(0.1)
  gives y : scalar = w[0] * x + w[3]
}
transform pairs_of_elements {
  takes s : Crystal
  set   z = species(Mo, S)
  set   bond = pairs(s.atom) within 4 Å
  param D : z * z -> scalar [kJ/mol] init uniform(-10 [kJ/mol], 10 [kJ/mol])
  let   f(x) = layer(x)
  gives E : scalar [eV] = sum b in bond: D[s.Z[b.i], s.Z[b.j]] * f(norm(b.d) / 1 Å) * cutoff(norm(b.d), 4 Å, 3)
  respects permute, translate, rotate, reflect, cell, supercell
  smooth E to C2
}
transform plain {
  takes s : Crystal
  gives V : scalar [Å^3] = volume(s)
}
"""
mtx = None


class Parameters(unittest.TestCase):
    def setUp(self):
        self.path = mtx.write("parameters.mtx", SPEC)

    def test_table(self):
        code, out, err = mtx.call("check", self.path)
        self.assertEqual((code, err), (0, ""))
        told = [line.split(None, 1)[1] for line in out.split("\n") if line.startswith("  parameters")]
        self.assertEqual(told, ["w (4,) [1]  (4 numbers)", "D (2, 2) [kJ/mol], f.w (4,) [1]  (8 numbers)"])
        self.assertIn("proved              smooth C2     E", out)

    def test_json(self):
        code, found = mtx.check(self.path)
        self.assertEqual(code, 0)
        D, w = [p for p in found["parameters"] if p["transform"] == "pairs_of_elements"]
        self.assertEqual((D["path"], D["shape"], D["unit"], D["init"]), ("D", [2, 2], "eV", "uniform"))
        self.assertAlmostEqual(D["scale"], 0.0103642697, delta=1e-9)
        for x, y in zip(D["init_values"], (-10, 10)):
            self.assertAlmostEqual(x, y, delta=1e-12)
        self.assertEqual((w["path"], w["shape"], w["scale"], w["init"], w["init_values"]), ("f.w", [4], 1, "normal", [0.1]))
        self.assertFalse([p for p in found["parameters"] if p["transform"] == "plain"])


def main():
    global mtx
    mtx, words = opened()
    unittest.main(argv=words)


if __name__ == "__main__":
    main()
