#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Where loops read parameters: one number before the loops, tables by the elements of a pair inside of vector loops, and what follows
from parameters alone made once for each place of its table, not for each pair.
usage: run_trained.py --mtx PROGRAM --root SOURCE_TREE"""
import os
import re
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from mtx_call import opened

SPEC = """use "crystal.mtx"
transform pairs_only {
  takes s : Crystal
  set   z = species(Si, O)
  set   bond = pairs(s.atom) within 6 Å
  param depth : z * z -> scalar [eV]
  param wide  : z * z -> scalar
  param steep : scalar [1/Å]
  param mix   : z -> scalar^4
  let   table[a in z, b in z] = exp(wide[a, b])
  gives E : scalar [eV] = sum b in bond: depth[s.Z[b.i], s.Z[b.j]] * table[s.Z[b.i], s.Z[b.j]] * mix[s.Z[b.j]][2]
                                         * cutoff(norm(b.d), 6 Å, 3) * cos(steep * norm(b.d))
}
"""
mtx = None


def loops(text):
    """What stands before the first vector loop with a sum, which is that over pairs; its line; what is inside."""
    lines = text.split("\n")
    at = next(k for k, line in enumerate(lines) if " simd sum" in line)
    depth = len(lines[at]) - len(lines[at].lstrip())
    inside = []
    for line in lines[at + 1:]:
        if len(line) - len(line.lstrip()) <= depth:
            break
        inside.append(line)
    return "\n".join(lines[:at]), lines[at], "\n".join(inside)


class Trained(unittest.TestCase):
    def test_loops(self):
        code, out, err = mtx.call("build", mtx.write("pairs.mtx", SPEC), "-o", "-", "--emit=loops")
        self.assertEqual(code, 0, err)
        param = re.search(r"^  (b\d+) = param\(0\) f64", out, re.M)[1]
        before, loop, inside = loops(out)
        self.assertIn("exp(", before)
        self.assertNotIn("exp(", inside)
        self.assertIn("cos(", inside)
        self.assertRegex(before, rf"let (%\d+) = {param}\[8i\]")        # steep stands behind depth and wide
        steep = re.search(rf"let (%\d+) = {param}\[8i\]", before)[1]
        self.assertIn(steep, inside)
        self.assertEqual(inside.count(param + "["), 2, inside)          # depth; one channel of mix


if __name__ == "__main__":
    mtx, words = opened()
    unittest.main(argv=words)
