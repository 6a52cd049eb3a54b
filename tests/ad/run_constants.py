#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Derivatives by constants: numbers, exponents, vectors, lists, tables over elements, columns of files, each against central
differences of the spec written again with another constant, by each back end; laws, units, what is refused. Standard
library of Python only.   usage: run_constants.py --mtx PROGRAM --root SOURCE_TREE"""
import os
import re
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from mtx_call import opened, xyz

STEP = 3e-6                # of a constant, relative
AGREES = 2e-8              # of a derivative, relative to the largest of its kind
SAME = 1e-11               # between back ends
mtx = None

# {0.5} is a number that is varied; the gives lines G0, G1, ... have the derivatives by them, in order
PAIRS = """use "crystal.mtx"
const epsilon = {0.0104} eV
const sigma : scalar [Å] = {2.9} Å
const n = {11}
const m : scalar = {6.5}
transform t {{
  takes s : Crystal
  set   bond = pairs(s.atom) within 6 Å
  let   r0 = sigma * 2^(1/6)                       # another constant made of one
  let   x(b) = sigma / norm(b.d)
  let   V(b) = 4 * epsilon * (x(b)^n - x(b)^m) * cutoff(norm(b.d), 6 Å, 3) + 0.1 eV * exp(-(norm(b.d) - r0)^2 / 1 [Å^2])
               * cutoff(norm(b.d), 6 Å, 3)
  gives E : scalar [eV] = (sum b in bond: V(b)) / 2
  let   e[i in s.atom] = (sum b in bond(i): V(b)) / 2
  gives each_sigma[i in s.atom] : scalar [eV/Å] = grad(e, sigma)[i]
  gives along_n[i in s.atom] : scalar [eV] = grad(e, n, 2.5)[i]
  gives G0 : scalar = grad(E, epsilon)
  gives G1 : scalar [eV/Å] = grad(E, sigma)
  gives G2 : scalar [eV] = grad(E, n)
  gives G3 : scalar [eV] = grad(E, m)
  gives F : s.atom -> vector [eV/Å] = -grad(E, s.r)
  respects permute, translate, rotate, reflect, cell, supercell
  extensive E, G0, G1, G2, G3
  smooth E, G0 to C2
}}
"""
EMBEDDING = """use "crystal.mtx"
const rc = {5.1} Å
const axis = [0.3, {-0.2}, {0.7}]
transform t {{
  takes s : Crystal
  set   bond = pairs(s.atom) within 5.5 Å
  let   a = [[1.1, 0.9], [{0.7}, {1.3}]]
  set   kind = species(Si, Ge)
  let   scale[p in kind, q in kind] = a[p][q]^2 + 1
  let   charge[q in kind] = if q == Si then {0.4} else {-0.3}
  let   rho[i in s.atom] = sum b in bond(i): scale[s.Z[i], s.Z[b.j]] * charge[s.Z[b.j]] * cutoff(norm(b.d), rc, 3)
  let   v[i in s.atom] = sum b in bond(i): b.d * cutoff(norm(b.d), rc, 3) / 1 [Å]
  gives E : scalar = (sum i in s.atom: sqrt(1 + rho[i]^2)) + (sum b in bond: rho[b.i] * rho[b.j]^2 * cutoff(norm(b.d), rc, 3))
                     + (sum i in s.atom: dot(v[i], axis)^2 * rho[i])
  gives G0 : scalar [1/Å] = grad(E, rc)
  gives G1[k in each(axis)] : scalar = grad(E, axis)[k]
  gives G2[j in 0..1, k in 0..1] : scalar = grad(E, a)[j, k]
  gives G3 : kind -> scalar = grad(E, charge)
  gives rows[i in s.atom, q in kind] : scalar = grad(rho, charge)[i, q]
  let   all = sum i in s.atom: rho[i]
  gives columns : kind -> scalar = grad(all, charge)
  gives S[p in kind, q in kind] : scalar = grad(E, scale)[p, q]
  respects permute, translate, cell
}}
"""
SECOND = """use "crystal.mtx"
const k = {1.3}
transform inner {{
  takes s : Crystal
  set   bond = pairs(s.atom) within 5.5 Å
  let   f(b) = exp(-k * norm(b.d) / 1 Å) * cutoff(norm(b.d), 5.5 Å, 4)
  gives E : scalar = sum i in s.atom: (sum b in bond(i): f(b))^1.5
  gives dk : scalar = grad(E, k)
}}
transform t {{
  takes s : Crystal
  let   e = inner(s)
  let   force = grad(e.E, s.r)
  gives E : scalar = (sum i in s.atom: norm2(force[i]) * 1 [Å^2]) + e.dk^2
  gives G0 : scalar = grad(E, k)
}}
"""
COLUMNS = """use "crystal.mtx"
const lj = read "lj.csv"
transform t {{
  takes s : Crystal
  set   bond = pairs(s.atom) within 5 Å
  let   x(b) = lj.sigma[s.Z[b.i], s.Z[b.j]] / norm(b.d)
  gives E : scalar [eV] = sum b in bond: lj.epsilon[s.Z[b.i], s.Z[b.j]] * (x(b)^6 - x(b)^3) * cutoff(norm(b.d), 5 Å, 3)
  gives G[a in lj.element, b in lj.element] : scalar [eV/Å] = grad(E, lj.sigma)[a, b]
}}
"""
TABLE = "element, element, epsilon [eV], sigma [Å]\nSi, Si, 0.3, {2.0}\nSi, Ge, 0.25, {2.1}\nGe, Si, 0.25, {2.15}\nGe, Ge, 0.2, {2.2}\n"

HELD = {
    "order of a cutoff": "gives E : scalar = sum b in bond: cutoff(norm(b.d), 5 Å, whole)",
    "range": "gives E : scalar = sum b in bond, k in 1..whole: cutoff(norm(b.d), 5 Å, 3)^k",
    "list": "gives E : scalar = (sum b in bond: cutoff(norm(b.d), 5 Å, 3)) * [1.0, 2.0, 3.0, 4.0][whole]",
    "rank": "gives E : scalar = (sum k in rank(whole): k) * (sum b in bond: cutoff(norm(b.d), 5 Å, 3))",
    "exponent": "gives E : scalar = (sum b in bond: norm(b.d)^whole * cutoff(norm(b.d), 5 Å, 3)) / 1 [Å^3]",
    "tabulate": """let f(d) = exp(-whole * d / 1 Å)
  gives E : scalar = sum b in bond: tabulate f(norm(b.d)) over 0 Å..5 Å to 1e-8""",
}
HELD_SPEC = """use "crystal.mtx"
const whole = 3
transform t {{
  takes s : Crystal
  set   bond = pairs(s.atom) within 5 Å
  {}
  gives G : scalar = grad(E, whole)
}}
"""
REFUSED = """use "crystal.mtx"
transform t {{
  takes s : Crystal
  set   bond = pairs(s.atom) within 5 Å
  let   x[i in s.atom] = sum b in bond(i): cutoff(norm(b.d), 5 Å, 3)
  let   mixed = [1 Å, 2 eV]
  gives E : scalar = sum i in s.atom: x[i]
  gives G : scalar = grad(E, {})
}}
"""
PERIODIC = """use "crystal.mtx"
const turn = 2 * pi
transform t {
  takes s : Crystal
  gives E : scalar = sum i in s.atom, j in s.atom, k in s.axis: cos(turn * frac(s.r[j] - s.r[i], s.cell)[k])
  gives G : scalar = grad(E, turn)
  respects wrap
}
"""
FRAME = xyz([("Si", 0.4, 0.2, 0.1), ("Ge", 2.7, 1.9, 3.0), ("Si", 4.0, 3.6, 1.3)],
            [[4.6, 0, 0], [0.3, 4.4, 0], [0.2, -0.4, 4.9]])


def flat(array):
    return list(array.values) if hasattr(array, "values") else list(array)


def filled(text, which=None, by=0.0):
    """The text with its numbers, number `which` moved by `by` of itself."""
    count = [0]

    def one(m):
        number = float(m[1])
        number += by * number if count[0] == which else 0
        count[0] += 1
        return f"{number:.17g}" if which is not None and count[0] - 1 == which else m[1]
    return re.sub(r"\{(-?[\d.]+)\}", one, text).replace("{{", "{").replace("}}", "}"), count[0]


class Constants(unittest.TestCase):
    def energy(self, spec):
        return flat(mtx.run(mtx.write("moved.mtx", spec), self.frame, transform="t")["E"])[0]

    def setUp(self):
        self.frame = mtx.write("frame.xyz", FRAME)

    def slopes(self, text, energy):
        out = []
        for k in range(filled(text)[1]):
            number = float(re.findall(r"\{(-?[\d.]+)\}", text)[k])
            e = [energy(filled(text, k, h * STEP)[0]) for h in (1, -1)]
            out.append((e[0] - e[1]) / (2 * STEP * number))
        return out

    def compare(self, text, names, others=()):
        """others: places among the derivatives of numbers that are not varied"""
        spec = mtx.write("t.mtx", filled(text)[0])
        code, told = mtx.check(spec)
        self.assertEqual((code, [d for d in told["diagnostics"] if d["severity"] == "error"]), (0, []))
        slopes = self.slopes(text, self.energy)
        results = []
        for backend in ("llvm", "c"):
            got = mtx.run(spec, self.frame, transform="t", backend=backend)
            every = [x for n in names for x in flat(got[n])]
            results.append([x for k, x in enumerate(every) if k not in others])
        scale = max(map(abs, slopes))
        self.assertEqual(len(results[0]), len(slopes))
        for mine, other, slope in zip(*results, slopes):
            self.assertLessEqual(abs(mine - slope), AGREES * scale, f"{results[0]} is not {slopes}")
            self.assertLessEqual(abs(mine - other), SAME * scale)
        self.assertTrue(all(abs(s) > 1e-9 for s in slopes))

    def test_numbers_and_exponents(self):
        self.compare(PAIRS, ["G0", "G1", "G2", "G3"])

    def test_tables(self):
        """Derivatives of tables add up to those of their sums."""
        got = mtx.run(mtx.write("t.mtx", filled(PAIRS)[0]), self.frame)
        self.assertAlmostEqual(sum(flat(got["each_sigma"])), got["G1"][0], delta=SAME * abs(got["G1"][0]))
        self.assertAlmostEqual(sum(flat(got["along_n"])), 2.5 * got["G2"][0], delta=SAME * abs(got["G2"][0]))
        got = mtx.run(mtx.write("t.mtx", filled(EMBEDDING)[0]), self.frame)
        for k in range(2):
            self.assertAlmostEqual(sum(flat(got["rows"])[k::2]), flat(got["columns"])[k], delta=SAME)

    def test_lists_and_tables(self):
        self.compare(EMBEDDING, ["G0", "G1", "G2", "G3"], {1, 4, 5})

    def test_second_derivatives_in_calls(self):
        self.compare(SECOND, ["G0"])

    def test_columns(self):
        spec = mtx.write("t.mtx", filled(COLUMNS)[0])

        def energy(table):
            mtx.write("lj.csv", table)
            return flat(mtx.run(spec, self.frame)["E"])[0]
        slopes = self.slopes(TABLE, energy)
        mtx.write("lj.csv", filled(TABLE)[0])
        got = flat(mtx.run(spec, self.frame)["G"])
        for mine, slope in zip(got, slopes):
            self.assertLessEqual(abs(mine - slope), AGREES * max(map(abs, slopes)), f"{got} is not {slopes}")

    def test_values_are_kept(self):
        """Asking for a derivative changes no other result and no verdict."""
        spec = filled(PAIRS)[0]
        plain = "\n".join(l for l in spec.split("\n") if "grad(E, " not in l or "s.r" in l)
        plain = plain.replace("extensive E, G0, G1, G2, G3", "extensive E").replace("smooth E, G0", "smooth E")
        _, told = mtx.check(mtx.write("t.mtx", spec))
        _, told_plain = mtx.check(mtx.write("plain.mtx", plain))
        verdicts = [{(v["claim"], v["subject"], v["verdict"]) for v in t["claims"]} for t in (told, told_plain)]
        self.assertTrue(verdicts[1])
        self.assertLessEqual(verdicts[1], verdicts[0])
        a, b = mtx.run(mtx.path(mtx.folder.name, "t.mtx"), self.frame), mtx.run(mtx.path(mtx.folder.name, "plain.mtx"), self.frame)
        for name in ("E", "F"):
            for x, y in zip(flat(a[name]), flat(b[name])):
                self.assertAlmostEqual(x, y, delta=1e-13 * (1 + abs(y)))

    def test_held(self):
        for name, body in HELD.items():
            with self.subTest(name):
                code, told = mtx.check(mtx.write("held.mtx", HELD_SPEC.format(body)))
                self.assertEqual((code, [d["code"] for d in told["diagnostics"]]), (1, ["E0175"]))

    def test_refused(self):
        for what in ("1.5", "x", "mixed", "2 * mixed[0]", "bond"):
            with self.subTest(what):
                code, told = mtx.check(mtx.write("refused.mtx", REFUSED.format(what)))
                self.assertEqual((code, [d["code"] for d in told["diagnostics"]]), (1, ["E0172"]))

    def test_law_holds_for_one_value_only(self):
        """cos(turn frac) is periodic for turn = 2 pi only: its derivative is not, and must not be called so."""
        code, told = mtx.check(mtx.write("periodic.mtx", PERIODIC))
        verdicts = {v["subject"]: v["verdict"] for v in told["claims"] if v["claim"] == "wrap"}
        self.assertEqual((code, verdicts), (1, {"E": "proved", "G": "refuted"}))


if __name__ == "__main__":
    mtx, words = opened()
    unittest.main(argv=words, verbosity=1)
