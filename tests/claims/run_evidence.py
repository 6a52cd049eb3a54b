#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What verdicts on smoothness say they are known by: an order that is not reached is told from one that is not shown."""
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from mtx_call import opened

SPEC = """use "crystal.mtx"
transform t {
  takes s : Crystal
  set   bond = pairs(s.atom) within 5 Å
  let   u(b) = 1 - norm(b.d) / 3 Å
  let   v(b) = b.d.x / 1 Å
  let   c(b) = cutoff(norm(b.d), 5 Å, 6)
  gives ended   : scalar = sum b in bond: (1 - norm(b.d) / 5 Å)^3
  gives jumping : scalar = sum b in bond: 1
  gives kinked  : scalar = sum b in bond: c(b) * (if u(b) >= 0 then (if v(b) < u(b) then u(b)^3 else u(b)^3 + (v(b) - u(b))^2 * u(b)) else 0)
  gives hidden  : scalar = sum b in bond: c(b) * (if u(b) >= 0 then u(b)^3 * tanh(v(b) / u(b)^3) else 0)
  gives logged  : scalar = sum b in bond: c(b) * (if u(b) > 0 then u(b)^2.5 * log(u(b)) else 0)
  smooth ended, jumping, kinked, hidden, logged to C9
}
"""
WANTED = {
    "ended": ("refuted", "by rules: C2"),
    "jumping": ("refuted", "by rules: discontinuous"),
    "kinked": ("refuted", "witness: "),                      # it is continuous
    "hidden": ("unproved", "by rules: not shown to be continuous"),
    "logged": ("unproved", "by rules: only C2 is shown"),
}
mtx = None


class Evidence(unittest.TestCase):
    def test_orders(self):
        _, told = mtx.check(mtx.write("t.mtx", SPEC))
        seen = {v["subject"]: (v["verdict"], v["evidence"]) for v in told["claims"] if v["claim"].startswith("smooth")}
        self.assertEqual(set(seen), set(WANTED))
        for name, (verdict, evidence) in WANTED.items():
            self.assertEqual(seen[name][0], verdict, name)
            self.assertTrue(seen[name][1].startswith(evidence), (name, seen[name]))


if __name__ == "__main__":
    mtx, words = opened()
    unittest.main(argv=words, verbosity=1)
