#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Derivatives through library functions (eigenvalues, sorted rows, lists, padded tables) against central differences, first
and second order and along directions; where eigenvalues are equal. Standard library of Python only.
usage: run_library.py --mtx PROGRAM --root SOURCE_TREE"""
import os
import random
import sys
import unittest

import run_gradients
from run_gradients import HEAD, Gradients, flat, random_frame

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from mtx_call import opened

CLOSE = 1e-10              # two ways to one number
SMALL_TAIL = """
  gives F : s.atom -> vector [1/Å] = grad(E, s.r)
  gives Q : s.atom -> scalar = grad(E, s.q)
}
"""
MATRIX = """let C[i in s.atom, j in s.atom] = (if i == j then 1 + s.q[i]^2 + (sum b in bond(i): f(b) * s.q[b.j]) else 0)
            + (sum b in bond(i, j): f(b) * (1 + x(b)) * (s.q[i] + s.q[j]))
  """
ENERGIES = {
    "eigenvalues": MATRIX + """let e = eigvals(C)
  gives E : scalar = sum k in rank(s.atom): sin(e[k]) * (k + 1)^2""",
    "rows": MATRIX + """let R = sortrows(C)
  gives E : scalar = sum k in rank(s.atom), l in rank(s.atom): R[k, l]^2 * (1 + 2 * k + l)""",
    "list": MATRIX + """let o = list(C)
  let v = list(s.u)
  gives E : scalar = (sum k in rank(s.atom), l in rank(s.atom): o[k, l]^2 * (1 + 2 * k + l)) + (sum k in rank(s.atom): dot(v[k], v[k]) * (k + 1))
            + (sum i in s.atom: norm2(s.u[i]) * s.q[i])""",
    "padded": MATRIX + """let e = pad(eigvals(C), 7)
  let R = pad(sortrows(C), 5)
  let a[i in s.atom] = sum b in bond(i): f(b) * (2 + s.q[b.j])
  let o = pad(sort(a, descending), 6)
  gives E : scalar = (sum k in rank(7): exp(e[k]) * (k + 1)) + (sum k in rank(5), l in rank(5): R[k, l]^2 * (1 + k * l))
            + o[0] * o[1] + o[5] + (sum k in rank(6): cos(o[k]))""",
}
SECOND = MATRIX + """let w = eigvals(C)
  let V = sum k in rank(s.atom): w[k]^2 * (k + 1)
  let force = grad(V, s.r)
  gives E : scalar = sum i in s.atom: norm2(force[i]) * 1 [Å^2] + dot(force[i], s.u[i]) * 1 [Å]
"""
FORWARD = """
  let e1 = eigvals(C)
  let r1 = sortrows(C)
  let t = pad(eigvals(C), 6)
  let se = sum k in rank(s.atom): e1[k] * (k + 1)
  let sr = sum k in rank(s.atom), l in rank(s.atom): r1[k, l] * (k + 2 * l)
  let st = sum k in rank(6): t[k] * (k + 3)
  let Fe = grad(se, s.r)
  let Je = grad(e1, s.r)
  let Jr = grad(r1, s.q)
  let Jt = grad(t, s.q)
  gives e_forward[i in s.atom] : vector [1/Å] = sum k in rank(s.atom): Je[k, i] * (k + 1)
  gives e_reverse[i in s.atom] : vector [1/Å] = Fe[i]
  gives r_forward[i in s.atom] : scalar = sum k in rank(s.atom), l in rank(s.atom): Jr[k, l, i] * (k + 2 * l)
  gives r_reverse : s.atom -> scalar = grad(sr, s.q)
  gives t_forward[i in s.atom] : scalar = sum k in rank(6): Jt[k, i] * (k + 3)
  gives t_reverse : s.atom -> scalar = grad(st, s.q)
  gives along_forward : scalar = sum i in s.atom: dot(grad(Fe, s.r, s.u)[i], s.u[i]) * 1 [Å^2]
  gives along_reverse : scalar = sum i in s.atom: dot(grad(sum j in s.atom: dot(Fe[j], s.u[j]), s.r)[i], s.u[i]) * 1 [Å^2]
}
"""
EQUAL = """use "crystal.mtx"
transform t {
  takes s : Crystal
  set   bond = pairs(s.atom) within 4.2 Å
  let   C[i in s.atom, j in s.atom] = (if i == j then 2 else 0) + (sum b in bond(i, j): cutoff(norm(b.d), 4.2 Å, 3) * norm(b.d) / 1 [Å])
  let   e = eigvals(C)
  let   E1 = sum k in rank(s.atom): e[k]^3
  let   E2 = sum i in s.atom, j in s.atom, k in s.atom: C[i, j] * C[j, k] * C[k, i]
  let   E3 = sum k in rank(s.atom): e[k] * (k + 1)
  gives e0 : rank(s.atom) -> scalar = e
  gives F1 : s.atom -> vector [1/Å] = grad(E1, s.r)
  gives F2 : s.atom -> vector [1/Å] = grad(E2, s.r)
  gives F3 : s.atom -> vector [1/Å] = grad(E3, s.r)
  gives W1 : tensor(2) = grad(E1, strain(s))
  gives W2 : tensor(2) = grad(E2, strain(s))
}
"""
# four atoms of a face-centred cell, as it is, turned about z, and with one atom moved: triple, triple, no equal values
FCC = ([0, 0, 0], [0, 1.9, 1.9], [1.9, 0, 1.9], [1.9, 1.9, 0])


def cell_text(turn, moved):
    def place(r):
        return [r[1] * -1.0, r[0], r[2]] if turn else list(map(float, r))
    sites = [place(r) for r in FCC]
    sites[1][0] += moved
    rows = [place([3.8 * (k == n) for n in range(3)]) for k in range(3)]
    lattice = " ".join(repr(float(x)) for row in rows for x in row)
    lines = ["4", f'Lattice="{lattice}" Properties=species:S:1:pos:R:3 pbc="T T T"']
    return "\n".join(lines + [" ".join(["Cu"] + [repr(float(x)) for x in r]) for r in sites]) + "\n"


class Library(Gradients):
    test_each = test_second = test_poles = test_pairs_alone = None

    def test_differences(self):
        rng = random.Random(9)
        for name, body in ENERGIES.items():
            for backend, atoms, size in (("llvm", 4, 4.4), ("c", 3, 4.1)):
                if backend == "c" and name in ("rows", "list"):
                    continue
                with self.subTest(energy=name, backend=backend):
                    self.differences(name, body, random_frame(rng, atoms, size), backend,
                                     run_gradients.TAIL if backend == "c" else SMALL_TAIL)

    def test_second_order(self):
        self.differences("second", SECOND, random_frame(random.Random(4), 3, 4.1), "llvm", SMALL_TAIL)

    def test_forward(self):
        spec = mtx.write("forward.mtx", HEAD + "  " + MATRIX + FORWARD)
        got = mtx.run(spec, mtx.write("one.xyz", random_frame(random.Random(6), 4, 4.4).text()))
        for what in ("e", "r", "t", "along"):
            one, two = flat(got[what + "_forward"]), flat(got[what + "_reverse"])
            scale = max(map(abs, two))
            self.assertGreater(scale, 1e-3)
            for a, b in zip(one, two):
                self.assertAlmostEqual(a, b, delta=CLOSE * scale, msg=what)

    def test_equal_eigenvalues(self):
        spec = mtx.write("equal.mtx", EQUAL)
        frames = "".join(cell_text(turn, moved) for turn, moved in ((0, 0.0), (1, 0.0), (0, 0.3)))
        for backend in ("llvm", "c"):
            got = {k: flat(v) for k, v in mtx.run(spec, mtx.write("equal.xyz", frames), backend=backend).items()}
            values = got["e0"]
            self.assertLess(max(values[:3]) - min(values[:3]), 1e-12)           # three are equal
            self.assertGreater(values[9] - values[8], 1e-3)                      # none is
            for one, two in (("F1", "F2"), ("W1", "W2")):
                scale = max(map(abs, got[two])) + 1
                for a, b in zip(got[one], got[two]):
                    self.assertAlmostEqual(a, b, delta=1e-11 * scale, msg=one)
            for i in range(4):                                                   # what sees the order turns too
                x, y, z = got["F3"][3 * i:3 * i + 3]
                for a, b in zip(got["F3"][12 + 3 * i:15 + 3 * i], (-y, x, z)):
                    self.assertAlmostEqual(a, b, delta=1e-11)


if __name__ == "__main__":
    mtx, words = opened()
    run_gradients.mtx = mtx
    del Gradients
    unittest.main(argv=words, verbosity=1)
