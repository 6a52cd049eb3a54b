#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Derivatives of what is made of spots: by the sample's positions and strain beside central differences of runs, by the
displacements between spots beside what they are on paper; along a direction beside the gradient; what is refused.
usage: run_spots.py --mtx PROGRAM --root SOURCE_TREE"""
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from mtx_call import opened, xyz

STEP = 1e-3
BODY = """structure Block {
  set   atom
  field r : atom -> point [Å]
  field Z : atom -> species
  field cell : lattice(AXES) [Å]
}
transform t {
  takes host, sample : Block
  set   spot = differ(host.atom, sample.atom)
  set   edge = pairs(spot) within 9 Å
  let   x[e in edge] = exp(-norm(e.d) / 4 Å)
  let   ring[p in spot] = sum e in edge(p): x[e]
  let   near[p in spot] = sum i in sample.atom: exp(-norm2(nearest(p.r, sample.r[i], sample.cell)) / 9 [Å^2])
  let   v[i in sample.atom] : vector = [1, -2, 0.5] * protons(sample.Z[i])
  gives E : scalar = (sum p in spot: ring[p]^2) + sum p in spot: near[p]
"""
MORE = """  gives spots : scalar = count(spot)
  gives F : sample.atom -> vector [1/Å] = grad(E, sample.r)
  gives none : sample.atom -> vector [1/Å] = grad(sum e in edge: x[e], sample.r)
  gives G[e in edge] : vector [1/Å] = grad(E, edge.d)[e]
  gives G_here[e in edge] : vector [1/Å] = -ring[e.i] * x[e] / norm(e.d) * e.d / 2 [Å]
  gives H[e in edge] : vector [1/Å] = grad(ring, edge.d)[e]
  gives H_here[e in edge] : vector [1/Å] = -x[e] / norm(e.d) * e.d / 4 [Å]
  gives along : scalar [1/Å] = grad(E, sample.r, v)
  gives along_here : scalar [1/Å] = sum i in sample.atom: dot(v[i], F[i])
  gives rows : scalar [1/Å] = sum p in spot: grad(near, sample.r, v)[p]
  gives rows_here : scalar [1/Å] = sum p in spot, i in sample.atom: dot(v[i], grad(near, sample.r)[p, i])
"""
STRAIN = """  gives S : tensor(2) = grad(E, strain(sample))
  gives T : tensor(2) = sum p in spot: grad(ring, strain(sample))[p] * 2 * ring[p] + grad(near, strain(sample))[p]
"""
HOST = ([("Mo", 0.0, 0.0, 0.3), ("S", 1.6, 1.7, 1.4)], [[3.1, 0.0, 0.0], [0.2, 3.3, 0.0], [0.0, 0.1, 3.7]])
REFUSED = (("grad(sum e in edge: x[e], host.r)", "a displacement between spots by their host", "xyz"),
           ("grad(sum p in spot: near[p], host.r)", "the place of a spot by its host", "xyz"),
           ("grad(E, strain(sample))", "by a lattice with open directions", "xy"),
           ("grad(sum p in spot: near[p], strain(sample))", "by a lattice with open directions", "xy"))
mtx = None


def spec_of(axes, text):
    return mtx.write("spots.mtx", BODY.replace("AXES", axes) + text + "}\n")


def sample_of(move=None, strain=None):
    """Three cells by two of the host, an atom missing, another replaced, all a little off their sites and shifted."""
    sites, cell = HOST
    atoms = []
    for a in range(3):
        for b in range(2):
            for k, (z, *r) in enumerate(sites):
                n = len(atoms)
                off = [0.04 * ((7 * n + 3 * c) % 5 - 2) / 2 for c in range(3)]
                place = [r[c] + a * cell[0][c] + b * cell[1][c] + 0.5 + off[c] for c in range(3)]
                atoms.append(["W" if (a, b, k) == (1, 0, 0) else z, *place])
    atoms = [atom for n, atom in enumerate(atoms) if n not in (3, 8)]
    wide = [[3 * x for x in cell[0]], [2 * x for x in cell[1]], list(cell[2])]
    if move:
        atoms[move[0]][1 + move[1]] += move[2]
    if strain:
        for row in wide:
            row[strain[0]] += strain[2] * row[strain[1]]
        for atom in atoms:
            atom[1 + strain[0]] += strain[2] * atom[1 + strain[1]]
    return atoms, wide


class Spots(unittest.TestCase):
    def slopes(self, spec, host, pbc, moves):
        """Central differences of E, one run for all of them."""
        frames = [sample_of(**{how: (*of, s * STEP)}) for how, of in moves for s in (1, -1)]
        e = mtx.run(spec, mtx.write("moved.xyz", "".join(xyz(*f, pbc) for f in frames)), host=host)["E"].values
        return [(e[k] - e[k + 1]) / (2 * STEP) for k in range(0, len(e), 2)]

    def near(self, got, want, tolerance, what):
        scale = max(1e-3, *map(abs, want))
        self.assertLessEqual(max(abs(a - b) for a, b in zip(got, want)), tolerance * scale, what)

    def beside(self, axes, pbc, text):
        spec = spec_of(axes, text)
        host = mtx.write("host.xyz", xyz(*HOST, pbc))
        atoms, cell = sample_of()
        got = mtx.run(spec, mtx.write("sample.xyz", xyz(atoms, cell, pbc)), host=host)
        self.assertEqual(list(got["spots"].values), [3])
        for name in ("G", "H", "along", "rows"):
            self.near(got[name].values, got[name + "_here"].values, 1e-12, name)
        self.assertGreater(max(map(abs, got["G"].values)), 1e-2)
        self.assertEqual(max(map(abs, got["none"].values)), 0)
        plain = spec_of(axes, "")
        moves = [("move", (i, c)) for i in (0, 5) for c in range(3)]
        for (_, (i, c)), slope in zip(moves, self.slopes(plain, host, pbc, moves)):
            self.assertAlmostEqual(got["F"][i][c], slope, 6, f"atom {i}, {'xyz'[c]}")
        return got, plain, host

    def test_layer(self):
        self.beside("xy", "T T F", MORE)

    def test_crystal(self):
        got, plain, host = self.beside("xyz", "T T T", MORE + STRAIN)
        self.near(got["S"].values, got["T"].values, 1e-12, "by the chain rule")
        slope = self.slopes(plain, host, "T T T", [("strain", (a, b)) for a in range(3) for b in range(3)])
        both = [(slope[3 * a + b] + slope[3 * b + a]) / 2 for a in range(3) for b in range(3)]
        self.near(got["S"].values, both, 1e-6, "strain")

    def test_refused(self):
        for what, words, axes in REFUSED:
            kind = "tensor(2)" if "strain" in what else "host.atom -> vector [1/Å]"
            code, result = mtx.check(spec_of(axes, f"  gives D : {kind} = {what}\n"))
            messages = [d["message"] for d in result["diagnostics"] if d["code"] == "E0170"]
            self.assertEqual((code, len(messages)), (1, 1), what)
            self.assertIn(words, messages[0])


if __name__ == "__main__":
    mtx, words = opened()
    unittest.main(argv=words)
