#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`species` as a set without a list: all that a species can be, the atomic number is the place. Beside the same spec
with the elements listed, which has the columns of those.
usage: run_species.py --mtx PROGRAM --root SOURCE_TREE"""
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import npz
from mtx_call import opened, xyz

OPEN = """use "crystal.mtx"
transform power {
  takes s : Crystal
  set   bond = pairs(s.atom) within 3 Å
  let   c[i in s.atom, z in species] : irreps(0..1) =
          sum b in bond(i) where s.Z[b.j] == z: cutoff(norm(b.d), 3 Å, 3) * Y(b.d, 1)
  let   many[z in species] = sum i in s.atom: one_hot(s.Z[i], z)
  gives p[i in s.atom, y in species, z in species] : scalar = dot(c[i, y], c[i, z])
  gives same : species -> scalar = many
  gives own[i in s.atom] : scalar = many[s.Z[i]]
  gives charge : scalar = sum z in species: many[z] * protons(z)
  respects permute, translate, rotate, reflect, cell
  smooth   p to C2
}
"""
LISTED = OPEN.replace("in species]", "in species(Cl, Na)]").replace("in species,", "in species(Cl, Na),") \
             .replace("in species:", "in species(Cl, Na):").replace(": species ->", ": metal ->") \
             .replace("  takes s : Crystal\n", "  takes s : Crystal\n  set   metal = species(Cl, Na)\n")
PLACES = (17, 11)
SALT = xyz([("Na", 0.0, 0.0, 0.0), ("Cl", 2.0, 0.1, 0.0), ("Na", 2.2, 2.0, 0.0)], [[4.0, 0, 0], [0, 4.2, 0], [0, 0, 4.5]])
DEFECTS = """use "crystal.mtx"
transform t {
  takes host, sample : Layer
  set   spot = differ(host.site, sample.site)
  let   now[p in spot] = lookup(sample.Z, p, vacancy)
  let   many[z in species] = sum p in spot where now[p] == z: 1
  gives hole : scalar = many[vacancy]
  gives alike[p in spot] : scalar = many[now[p]]
  gives all : species -> scalar = many
  respects permute, translate, rotate(z), cell
}
"""
APART = """use "crystal.mtx"
transform t {
  takes s : Crystal
  set   a = species(Na, Cl)
  set   b = species(Si, O)
  let   x[z in a] = if z == Na then 1 else 2
  let   y[z in b] = if z == Si then 3 else 4
  gives n : scalar = sum i in s.atom: x[s.Z[i]] + y[s.Z[i]]
}
"""
mtx = None


class Species(unittest.TestCase):
    def test_lists_without_a_common_element(self):
        """No atom has a place in both: a message, not the numbers of other elements."""
        for backend in ((), ("--backend", "c")):
            code, _, err = mtx.call("run", "--quiet", mtx.write("apart.mtx", APART), mtx.write("salt.xyz", SALT), "-o",
                                    os.path.join(mtx.folder.name, "out.npz"), *backend)
            self.assertEqual(code, 1, err)
            self.assertIn("error[E0664]: atom 0 is Na", err)
            self.assertIn("No element is in all the lists", err)

    def test_beside_a_list(self):
        data = mtx.write("salt.xyz", SALT)
        for backend in ((), ("--backend", "c")):
            wide, narrow = (self.run_by(backend, mtx.write(n, t), data) for n, t in (("open.mtx", OPEN), ("list.mtx", LISTED)))
            for name in ("own", "charge"):
                self.assertEqual(wide[name].values, narrow[name].values)
            for a, row in enumerate(wide["p"]):
                for y in range(119):
                    for z in range(119):
                        known = y in PLACES and z in PLACES
                        want = narrow["p"][a][PLACES.index(y)][PLACES.index(z)] if known else 0
                        self.assertAlmostEqual(row[y][z], want, 12)
            self.assertEqual([wide["same"][0][z] for z in PLACES], list(narrow["same"][0].values))
            self.assertEqual(sum(wide["same"].values), 3)

    def run_by(self, backend, spec, data):
        out = os.path.join(mtx.folder.name, "by.npz")
        code, _, err = mtx.call("run", spec, data, *backend, "--quiet", "-o", out)
        self.assertEqual(code, 0, err)
        return npz.load(out)

    def test_generated(self):
        code, out, err = mtx.call("test", mtx.write("open.mtx", OPEN))
        self.assertEqual(code, 0, out + err)
        self.assertIn("p compiled equals interpreted", out)

    def test_vacancy(self):
        layer = [[3.0, 0, 0], [0, 3.0, 0], [0, 0, 20.0]]
        wide = [[6.0, 0, 0], [0, 6.0, 0], [0, 0, 20.0]]
        host = mtx.write("host.xyz", xyz([("Mo", 0.0, 0.0, 1.0)], layer, "T T F"))
        sample = mtx.write("sample.xyz", xyz([("Mo", 0.0, 0.0, 1.0), ("W", 3.0, 0.0, 1.0)], wide, "T T F"))
        spec = mtx.write("defects.mtx", DEFECTS)
        self.assertEqual(mtx.check(spec)[0], 0)
        got = mtx.run(spec, sample, host=host)
        self.assertEqual(list(got["hole"].values), [2])
        self.assertEqual(sorted(got["alike"].values), [1, 2, 2])
        self.assertEqual([z for z in range(119) if got["all"][0][z]], [0, 74])


if __name__ == "__main__":
    mtx, words = opened()
    unittest.main(argv=words)
