#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tables that specs read: numbers by elements, pairs, triples and indices with their units, exchanged keys, LAMMPS's parameter
files, embedded-atom functions; what is wrong in a file is said at its place. Standard library of Python only.
usage: run_files.py --mtx PROGRAM --root SOURCE_TREE"""
import json
import os
import re
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from mtx_call import Failed, opened, xyz

EXACT = 1e-12
KJ = 0.010364269656262175        # kJ/mol in eV, as units.def has it
mtx = None

PAIRS = """# two elements
element, element, epsilon [kJ/mol], sigma [nm]   # in other units than the spec
Si, Si, 1.0, 0.21

Si, Ge, 1.5, 2.2e-1
Ge, Ge, 2.0, 0.23
"""
SW = """# eps sigma a lambda gamma cos A B p q tol
Si Si Si 2.1683 2.0951 1.80 21.0 1.20 -0.333333333333
         7.049556277 0.6022245584 4.0 0.0 0.0
"""
BY_PAIRS = """use "crystal.mtx"
const lj = read "pairs.csv"
transform t {
  takes s : Crystal
  gives e[i in s.atom, j in s.atom] : scalar [eV] = lj.epsilon[s.Z[i], s.Z[j]]
  gives d[i in s.atom, j in s.atom] : scalar [Å] = lj.sigma[s.Z[j], s.Z[i]]
  gives all : scalar [eV] = sum a in lj.element, b in lj.element: lj.epsilon[a, b]
}
"""
OTHERS = """use "crystal.mtx"
transform t {
  takes s : Crystal
  let   w = read "numbers.csv"
  let   p = read "Si.sw"
  let   three = read "triples.csv"
  gives sum1 : scalar = sum k in w.index: w.weight[k] * k
  gives cos0 : scalar = sum a in p.element: p.costheta0[a, a, a]
  gives q[a in three.element, b in three.element, c in three.element] : scalar = three.q[a, b, c]
}
"""
# of every pair of elements its own reach, of every element its own power
FADED = """use "crystal.mtx"
const p = read "reach.csv"
const q = read "power.csv"
transform t {
  takes s : Crystal
  set   bond = pairs(s.atom) within REACH
  let   d[b in bond] = norm(b.d)
  let   fade(x, R, D) = if x < R - D then 1 else if x < R + D then 0.5 - 0.5 * sin(pi / 2 * (x - R) / D) else 0
  let   rho[i in s.atom] = sum b in bond(i): fade(d[b], p.R[s.Z[b.i], s.Z[b.j]], p.D[s.Z[b.i], s.Z[b.j]])
  gives E : scalar = sum i in s.atom: (q.scale[s.Z[i]] * rho[i])^q.power[s.Z[i]]
  smooth E to C1
}
"""
SITES = [("Si", 0.1, 0.2, 0.3), ("Ge", 2.1, 2.2, 2.0)]
CELL = [[5.0, 0, 0], [0, 5.0, 0], [0, 0, 5.0]]


def flat(array):
    return array if not hasattr(array, "values") else list(array.values)


class Files(unittest.TestCase):
    def near(self, got, want):
        got, want = list(flat(got)), list(want)
        self.assertEqual(len(got), len(want))
        for a, b in zip(got, want):
            self.assertAlmostEqual(a, b, delta=EXACT * max(1, abs(b)))

    def test_pairs(self):
        mtx.write("pairs.csv", PAIRS)
        got = mtx.run(mtx.write("t.mtx", BY_PAIRS), mtx.write("a.xyz", xyz(SITES, CELL)))
        mtx.write("pairs.csv", "\ufeff" + PAIRS.replace("# two elements\n", "").replace("\n", "\r\n"))     # as spreadsheets write
        self.near(mtx.run(mtx.write("t.mtx", BY_PAIRS), mtx.write("a.xyz", xyz(SITES, CELL)))["e"], got["e"])
        self.near(got["e"], [1.0 * KJ, 1.5 * KJ, 1.5 * KJ, 2.0 * KJ])
        self.near(got["d"], [2.1, 2.2, 2.2, 2.3])
        self.near(got["all"], [6.0 * KJ])

    def test_proofs(self):
        """The numbers of a table count where smoothness is judged: reach, sign and power by elements."""
        reach = "element, element, R [Å], D [Å]\nC, C, 1.95, 0.15\nC, Si, 2.36, 0.15\nSi, Si, 2.85, 0.15\n"
        longest = "(max a in p.element, b in p.element: p.R[a, b] + p.D[a, b])"
        for within, change, verdict in ((longest, ("", ""), "proved"), ("3.1 Å", ("", ""), "proved"), ("2.9 Å", ("", ""), None),
                                        (longest, ("Si, 2, 0.8", "Si, 2, 0.5"), None),
                                        (longest, ("Si, 2, 0.8", "Si, -2, 0.8"), None)):
            mtx.write("reach.csv", reach)
            mtx.write("power.csv", "element, scale, power\nC, 1.5, 0.75\nSi, 2, 0.8\n".replace(*change))
            _, told = mtx.check(mtx.write("t.mtx", FADED.replace("REACH", within)))
            found = [c["verdict"] for c in told["claims"] if c["claim"].startswith("smooth")]
            self.assertEqual(found == ["proved"], verdict == "proved", (within, change, told))

    def test_many_elements(self):
        """A reach for every pair of fifteen elements is seen for each pair."""
        some = "H He Li Be B C N O F Ne Na Mg Al Si P".split()
        mtx.write("many.csv", "element, element, depth [eV], reach [Å]\n"
                  + "".join(f"{a}, {b}, 0.1, {3 + 0.01 * k + 0.1 * m}\n" for k, a in enumerate(some) for m, b in enumerate(some[k:])))
        _, told = mtx.check(mtx.write("t.mtx", """use "crystal.mtx"
const p = read "many.csv"
transform t {
  takes s : Crystal
  set   bond = pairs(s.atom) within (max a in p.element, b in p.element: p.reach[a, b])
  gives E : scalar [eV] = sum b in bond: p.depth[s.Z[b.i], s.Z[b.j]] * cutoff(norm(b.d), p.reach[s.Z[b.i], s.Z[b.j]], 3)
  smooth E to C2
}
"""))
        self.assertEqual([c["verdict"] for c in told["claims"]], ["proved"])

    def test_reach(self):
        """The largest number of a table or list is known when compiling: the header has it."""
        mtx.write("reach.csv", "element, element, R [Å], D [Å]\nC, C, 1.95, 0.15\nC, Si, 2.36, 0.25\nSi, Si, 2.75, 0.25\n")
        for within, want in (("(max a in p.element, b in p.element: p.R[a, b] + p.D[a, b])", "3"), ("p.R[C, Si] + p.D[Si, C]", "2.61"),
                             ("(min a in p.element: reach[a])", "2.5"), ("(sum a in p.element: double(a)) / 3", "4")):
            spec = mtx.write("t.mtx", f"""use "crystal.mtx"
const p = read "reach.csv"
transform t {{
  takes s : Crystal
  let   reach[a in p.element] = [2.5 Å, 3.5 Å][a]
  let   double(a) = 2 * reach[a]
  set   bond = pairs(s.atom) within {within}
  gives n[i in s.atom] : scalar = count(bond(i))
}}
""")
            code, _, told = mtx.call("build", spec, "-o", mtx.folder.name, "--backend", "c")
            self.assertEqual(code, 0, told)
            with open(os.path.join(mtx.folder.name, "t.h"), encoding="utf-8") as f:
                found = re.search(r"#define t_bond_cutoff (\S+)", f.read())
            self.assertAlmostEqual(float(found.group(1)), float(want), delta=1e-12)

    def test_other_element(self):
        mtx.write("pairs.csv", PAIRS)
        with self.assertRaises(Failed) as raised:
            mtx.run(mtx.write("t.mtx", BY_PAIRS), mtx.write("a.xyz", xyz([("C", 0, 0, 0)] + SITES, CELL)))
        self.assertIn("E0664", str(raised.exception))

    def test_others(self):
        mtx.write("numbers.csv", "index, weight\n3, 0.125\n1, 0.5\n2, 0.25\n")
        mtx.write("Si.sw", SW)
        triples = {"Si,Si,Si": 1, "Si,Si,Ge": 2, "Si,Ge,Ge": 3, "Ge,Si,Si": 4, "Ge,Ge,Si": 5, "Ge,Ge,Ge": 6}
        mtx.write("triples.csv", "element, element, element, q\n" + "".join(f"{k},{v}\n" for k, v in triples.items()))
        got = mtx.run(mtx.write("t.mtx", OTHERS), mtx.write("a.xyz", xyz(SITES, CELL)))
        self.near(got["sum1"], [0.5 + 2 * 0.25 + 3 * 0.125])
        self.near(got["cos0"], [-0.333333333333])
        self.near(got["q"], [1, 2, 2, 3, 4, 5, 5, 6])

    def test_unordered_pairs_only(self):
        """A pair is the exchanged one; a number's key has no other."""
        mtx.write("pairs.csv", PAIRS.replace("Si, Ge", "Ge, Si"))
        got = mtx.run(mtx.write("t.mtx", BY_PAIRS), mtx.write("a.xyz", xyz(SITES, CELL)))
        self.near(got["all"], [6.0 * KJ])
        mtx.write("numbers.csv", "index, weight\n3, 0.125\n1, 0.5\n")
        _, told = mtx.check(mtx.write("t.mtx", OTHERS))
        self.assertEqual(told["diagnostics"][0]["code"], "E0197")

    def test_end_of_table(self):
        """A table whose numbers do not vanish before the cutoff gives no continuous forces, and that is said."""
        with open(mtx.path("tests", "reference", "potentials", "two.eam.alloy"), encoding="utf-8") as f:
            text = f.read()
        mtx.write("two.eam.alloy", text)
        spec = mtx.changed("stdlib/potentials/eam.mtx", ("made_up.eam.alloy", "two.eam.alloy"))
        code, told = mtx.check(spec)
        self.assertEqual((code, {d["code"] for d in told["diagnostics"]}), (1, {"E0413"}))
        self.assertRegex(json.dumps(told["diagnostics"], ensure_ascii=False), "when .b.d. reaches [0-9.]+ Å, so")
        code, told = mtx.check(mtx.path("stdlib", "potentials", "eam.mtx"))
        self.assertEqual((code, told["diagnostics"]), (0, []))

    def test_broken_tables(self):
        """Cut anywhere, or with a field replaced, a table is refused or complete: never a crash."""
        path = mtx.path("stdlib", "potentials", "made_up.eam.alloy")
        with open(path, encoding="utf-8") as f:
            text = f.read()
        spec = mtx.changed("stdlib/potentials/eam.mtx", ("made_up.eam.alloy", "broken.eam.alloy"))
        for cut in (0, 10, 130, 140, 170, 200, 4000, len(text) - 30):
            mtx.write("broken.eam.alloy", text[:cut])
            code, told = mtx.check(spec)
            self.assertEqual((code, told["diagnostics"][0]["code"]), (1, "E0198"), cut)
        for old, new in (("2 Cu Ni", "2 Cu Cu"), ("2 Cu Ni", "0"), ("100 0.6", "-100 0.6"), ("100 0.6", "5 0.6"), ("63.546", "nan")):
            mtx.write("broken.eam.alloy", text.replace(old, new, 1))
            code, told = mtx.check(spec)
            self.assertEqual((code, told["diagnostics"][0]["code"]), (1, "E0198"), new)


if __name__ == "__main__":
    mtx, words = opened()
    unittest.main(argv=words, verbosity=1)
