#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The table that `mtx check` prints: verdicts, claims and outputs each begin in one column, whatever is claimed.
usage: run_table.py --mtx PROGRAM --root SOURCE_TREE"""
import os
import re
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from mtx_call import opened

SPEC = """use "crystal.mtx"
transform pairs_smooth {
  takes s : Crystal
  set   bond = pairs(s.atom) within 5 Å
  gives E : scalar = sum b in bond: exp(1 / (norm(b.d) / 5 Å - 1))
  respects  permute, reflect
  breaks    supercell because "it grows"
  smooth    E to Cinf
}
"""
LINE = re.compile(r"^  (\w[\w ]*?)  +(\w[^ ]*(?: C[^ ]+)?)  +(\w+)  \(")
mtx = None


class Table(unittest.TestCase):
    def test_columns(self):
        _, out, _ = mtx.call("check", mtx.write("table.mtx", SPEC))
        lines = [LINE.match(x) for x in out.splitlines() if x.startswith("  ")]
        self.assertGreater(len(lines), 2, out)
        self.assertTrue(all(lines), out)
        self.assertIn("smooth C-infinity", [m[2] for m in lines])
        for column in (2, 3):
            self.assertEqual(len({m.start(column) for m in lines}), 1, out)


if __name__ == "__main__":
    mtx, words = opened()
    unittest.main(argv=words, verbosity=1)
