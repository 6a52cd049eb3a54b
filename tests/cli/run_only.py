#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""mtx run --only: the named outputs with the values of a full run, without what the others need: their data, their lists
of pairs, their place in the format.
usage: run_only.py --mtx PROGRAM --root SOURCE_TREE"""
import json
import os
import sys
import unittest
import zipfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import npz
from mtx_call import opened

SPEC = """\
structure Charged {
  set   atom
  field r    : atom -> point [Å]
  field q    : atom -> scalar [e]
  field cell : lattice(xyz) [Å]
}

transform parts {
  takes s : Charged
  set   bond = pairs(s.atom) within 4 Å
  set   far = pairs(s.atom) within 40 Å
  gives near : scalar = sum b in bond: 1
  gives E : scalar [eV] = sum b in bond: 1 eV * (1 - norm(b.d) / 4 Å)^3
  gives F[i in s.atom] : vector [eV/Å] = -grad(E, s.r)[i]
  gives charge : scalar [e] = sum i in s.atom: s.q[i]
  gives tail : scalar = sum b in far: exp(-norm(b.d) / 1 Å)
  gives distance[b in bond] : scalar [Å] = norm(b.d)
  smooth E to C2
  respects permute
}
"""
LIMITED = """use "crystal.mtx"
transform limited {
  takes s : Crystal
  set   z = species(Na, Si)
  let   w[a in z] = if a == Na then 1 else 2
  gives weight : scalar = sum i in s.atom: w[s.Z[i]]
  gives number : scalar = sum i in s.atom: 1
}
"""
FRAME = """\
2
Lattice="4.1 0 0 0.3 4.4 0 0.1 0.2 4.6" Properties=species:S:1:pos:R:3{0}
Na 0 0 0{1}
Cl 2.1 2.0 2.4{2}
"""
mtx = None


class Only(unittest.TestCase):
    def setUp(self):
        self.spec = mtx.write("parts.mtx", SPEC)
        self.full = mtx.write("full.xyz", FRAME.format(":q:R:1", " 1", " -0.5"))
        self.bare = mtx.write("bare.xyz", FRAME.format("", "", ""))

    def out(self, name):
        return os.path.join(mtx.folder.name, name)

    def run_only(self, names, data, out):
        only = [] if names is None else ["--only", names]
        return mtx.call("run", "--quiet", self.spec, data, "-o", self.out(out), *only)

    def test_values(self):
        code, _, err = self.run_only(None, self.full, "all.npz")
        self.assertEqual(code, 0, err)
        everything = npz.load(self.out("all.npz"))
        for names in ["E", "E,F", "near", "distance", "tail,charge"]:
            code, _, err = self.run_only(names, self.full, "some.npz")
            self.assertEqual(code, 0, err)
            some = npz.load(self.out("some.npz"))
            arrays = {a for a in some if "." not in a}
            self.assertEqual(arrays, set(names.split(",")))
            for a in some:
                self.assertEqual(len(some[a].values), len(everything[a].values), a)
                for x, y in zip(some[a].values, everything[a].values):
                    self.assertAlmostEqual(x, y, delta=1e-12 * (1 + abs(y)), msg=a)

    def test_meta(self):
        self.run_only("F", self.full, "f.npz")
        with zipfile.ZipFile(self.out("f.npz")) as z:
            meta = json.loads(z.read("meta.json"))
        self.assertEqual({claim["subject"] for claim in meta["spec"]["claims"]}, {"F"})
        self.run_only("E", self.full, "e.npz")
        with zipfile.ZipFile(self.out("e.npz")) as z:
            meta = json.loads(z.read("meta.json"))
        self.assertEqual({claim["subject"] for claim in meta["spec"]["claims"]}, {"E"})

    def test_data_of_others_are_not_asked_for(self):
        code, _, err = self.run_only("E,F", self.bare, "bare.npz")
        self.assertEqual(code, 0, err)
        code, _, err = self.run_only("E,charge", self.bare, "no.npz")
        self.assertEqual(code, 1)
        self.assertIn("E0616", err)

    def test_limits_of_others_do_not_count(self):
        """elements that another output has no number for"""
        self.spec = mtx.write("limited.mtx", LIMITED)
        code, _, err = self.run_only("number", self.bare, "number.npz")
        self.assertEqual(code, 0, err)
        code, _, err = self.run_only("number,weight", self.bare, "no.npz")
        self.assertEqual(code, 1)
        self.assertIn("E0664", err)

    def test_format(self):
        code, _, err = self.run_only(None, self.full, "all.xyz")
        self.assertEqual(code, 1)
        self.assertIn("E0641", err)
        self.assertIn("--only", err)
        code, _, err = self.run_only("E,F,charge", self.full, "some.xyz")
        self.assertEqual(code, 0, err)
        with open(self.out("some.xyz"), encoding="utf-8") as f:
            self.assertIn(":F:R:3", f.read())

    def test_unknown(self):
        for names, words in [("charges", "did you mean `charge`?"), ("E,distanc", "did you mean `distance`?"), ("zzzzzzzzz", "it gives near, E, F"),
                             ("E,", "gives no ``"), ("", "gives no ``")]:
            code, _, err = self.run_only(names, self.full, "no.npz")
            self.assertEqual(code, 2, err)
            self.assertIn(words, err)
            self.assertFalse(os.path.exists(self.out("no.npz")))


if __name__ == "__main__":
    mtx, words = opened()
    unittest.main(argv=words)
