#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Derivatives forward: along a direction and of tables, against the gradients in reverse of every energy of
run_gradients.py; descriptors by pairs, positions and strain against central differences, second derivatives.
usage: run_jacobians.py --mtx PROGRAM --root SOURCE_TREE"""
import os
import random
import sys
import unittest

from run_gradients import ENERGIES, HEAD, TAIL, flat, random_frame

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from differences import STEP
from mtx_call import opened

mtx = None

# along directions that the frame brings, and two multiples of the energy by each element
BOTH = TAIL[:TAIL.rindex("}")] + """
  set two = 1..2
  let T[k in two] = k * E
  let e = outer(s.u[first(s.atom)], s.u[first(s.atom)])
  gives Dr : scalar = grad(E, s.r, s.u) * 1 [Å]
  gives De : scalar = grad(E, strain(s), e)
  gives e0 : tensor(2) = e
  gives Dq : scalar = grad(E, s.q, s.q)
  gives Du : scalar = grad(E, s.u, s.u)
  gives Jr[j in s.atom, k in two] : vector [1/Å] = grad(T, s.r)[k, j]
  gives Je[k in two] : tensor(2) = grad(T, strain(s))[k]
  gives Ja[j in s.axis, k in two] : vector [1/Å] = grad(T, s.cell)[k, j]
  gives Jq[j in s.atom, k in two] : scalar = grad(T, s.q)[k, j]
  gives Ju[j in s.atom, k in two] : vector = grad(T, s.u)[k, j]
}
"""

# descriptors over the sites, of what the pairs of a site alone tell
TABLES = {
    "pairs": "let p[i in s.atom, k in n] = sum b in bond(i): f(b) * exp(-k * x(b)) * s.q[b.j]",
    "triplets": "let p[i in s.atom, k in n] = sum {b, c} in bond(i): f(b) * f(c) * (1.5 + dot(b.d, c.d) / (norm(b.d) * norm(c.d)))^(k + 1)",
    "products": """let c[i in s.atom, k in n] = sum b in bond(i): f(b) * x(b)^k * b.d / 1 [Å]
  let p[i in s.atom, k in n] = dot(c[i, k], c[i, k]) * s.q[i] + dot(c[i, k], s.u[i]) * (sum b in bond(i): f(b))""",
    "extremes": "let p[i in s.atom, k in n] = (max b in bond(i): f(b) * x(b)^k) * (mean b in bond(i) where x(b) < 2: x(b))",
    "spectrum": """let c[i in s.atom] : irreps(0..2) = sum b in bond(i): f(b) * (Y(b.d, 2) + s.q[b.j] * solid(b.d / 2 [Å], 2))
  let p[i in s.atom, k in n] = dot(c[i].part[k], c[i].part[k]) * s.q[i]""",
    "factors": "let p[i in s.atom, k in n] = prod b in bond(i): 1 + f(b) * s.q[b.j] / (k + 1)",
}
DESCRIBED = """
  set n = 0..2
  gives P[i in s.atom, k in n] : scalar = p[i, k]
  gives Jb[b in bond, k in n] : vector [1/Å] = grad(p, bond.d)[b, k]
  gives Jr[i in s.atom, j in s.atom, k in n] : vector [1/Å] = grad(p, s.r)[i, k, j]
  gives Je[i in s.atom, k in n] : tensor(2) = grad(p, strain(s))[i, k]
  gives Dr[i in s.atom, k in n] : scalar = grad(p, s.r, s.u)[i, k] * 1 [Å]
}
"""
SECOND = """
  let V = (sum b in bond: f(b) * exp(-x(b)) * s.q[b.j] * s.q[b.i]) + (sum i in s.atom: (sum b in bond(i): f(b))^2)
  let F0 = grad(V, s.r)
  gives F : s.atom -> vector [1/Å] = F0
  gives H[i in s.atom, j in s.atom] : tensor(2) [1/Å^2] = grad(F0, s.r)[i, j]
  gives Hu[i in s.atom] : vector [1/Å] = grad(F0, s.r, s.u)[i] * 1 [Å]
  gives B[i in s.atom] : vector [1/Å] = grad(F0, s.q, s.q)[i]
}
"""


def size(values):
    return max([abs(x) for x in values] + [1.0])


QUICK = {"triplets", "embedding", "order", "lattice"}


class Forward(unittest.TestCase):
    energies = {name: body for name, body in ENERGIES.items() if name in QUICK}    # the others: full tier

    def near(self, mine, other, name, scale=0, tolerance=1e-10):
        self.assertEqual(len(mine), len(other), name)
        limit = tolerance * max(size(mine), size(other), scale)
        worst = max(abs(a - b) for a, b in zip(mine, other))
        self.assertLessEqual(worst, limit, f"{name}: {mine[:4]} is not {other[:4]}")

    def test_energies(self):
        rng = random.Random(11)
        for name, body in self.energies.items():
            with self.subTest(energy=name):
                spec = mtx.write(f"both_{name.replace(chr(32),chr(95))}.mtx", HEAD + "  " + body + BOTH)
                frame = random_frame(rng, 3, 4.3)
                got = {k: flat(v) for k, v in mtx.run(spec, mtx.write("one.xyz", frame.text())).items()}
                u, q = [x for row in frame.columns["u"] for x in row], frame.columns["q"]

                def dot(a, b):
                    return sum(x * y for x, y in zip(a, b))
                scale = size(got["F"]) + size(got["W"]) + size(got["U"])
                self.near(got["Dr"], [dot(got["F"], u)], name + " along r", scale)
                self.near(got["De"], [dot(got["W"], got["e0"])], name + " along strain", scale)
                self.near(got["Dq"], [dot(got["Q"], q)], name + " along q", scale)
                self.near(got["Du"], [dot(got["U"], u)], name + " along u", scale)
                for table, whole, width in (("Jr", "F", 3), ("Ja", "A", 3), ("Jq", "Q", 1), ("Ju", "U", 3)):
                    for k in (0, 1):
                        rows = range(len(got[whole]) // width)
                        mine = [got[table][(2 * j + k) * width + m] / (k + 1) for j in rows for m in range(width)]
                        self.near(mine, got[whole], f"{name} {table}", scale)
                self.near([x / 2 for x in got["Je"][9:]], got["W"], name + " Je", scale)

    def test_descriptors(self):
        rng = random.Random(5)
        for name, body in TABLES.items():
            with self.subTest(table=name):
                self.descriptor(name, body, random_frame(rng, 3, 4.1))

    def descriptor(self, name, body, frame):
        spec = mtx.write("table.mtx", HEAD + "  " + body + DESCRIBED)
        n, width = len(frame.r), 3 * len(frame.r)
        moves = [("r", j, k) for j in range(n) for k in range(3)] + [("strain", j, k) for j in range(3) for k in range(3)]
        frames = [frame] + [frame.moved(*m, h * STEP) for m in moves for h in (1, -1, 2, -2)]
        got = mtx.run(spec, mtx.write("many.xyz", "".join(f.text() for f in frames)))
        p, pairs = flat(got["P"]), list(got["bond.ptr"].values)[1]
        ends = list(zip(got["bond.i"].values, got["bond.j"].values))[:pairs]
        jb, jr, je, dr = (flat(got[w]) for w in ("Jb", "Jr", "Je", "Dr"))
        for move, (what, at, k) in enumerate(moves):
            a, b, c, d = (p[(1 + 4 * move + h) * width:(2 + 4 * move + h) * width] for h in range(4))
            slope = [(8 * (w - x) - (y - z)) / (12 * STEP) for w, x, y, z in zip(a, b, c, d)]
            if what == "r":
                mine = [jr[((i * n + at) * 3 + m) * 3 + k] for i in range(n) for m in range(3)]
                rows = [0.0] * width
                for b_, (i, j) in enumerate(ends):       # by the pairs: what moves the first or the second end
                    for m in range(3):
                        rows[3 * i + m] += ((j == at) - (i == at)) * jb[(b_ * 3 + m) * 3 + k]
                self.near(rows, mine, name + " by pairs", size(jb))
            else:
                mine = [je[(i * 3 + m) * 9 + at * 3 + k] for i in range(n) for m in range(3)]
            self.near(mine, slope, f"{name} by {what}", size(jr), 2e-8)
        along = [sum(jr[((i * n + j) * 3 + m) * 3 + k] * frame.columns["u"][j][k] for j in range(n) for k in range(3))
                 for i in range(n) for m in range(3)]
        self.near(dr[:width], along, name + " along", size(jr))

    def test_second(self):
        frame = random_frame(random.Random(2), 3, 4.2)
        spec = mtx.write("second.mtx", HEAD + SECOND)
        moves = [("r", j, k) for j in range(3) for k in range(3)]
        frames = [frame] + [frame.moved(*m, h * STEP) for m in moves for h in (1, -1, 2, -2)]
        got = mtx.run(spec, mtx.write("many.xyz", "".join(f.text() for f in frames)))
        force, hessian = flat(got["F"]), flat(got["H"])
        for move, (_, at, k) in enumerate(moves):
            a, b, c, d = (force[(1 + 4 * move + h) * 9:(2 + 4 * move + h) * 9] for h in range(4))
            slope = [(8 * (w - x) - (y - z)) / (12 * STEP) for w, x, y, z in zip(a, b, c, d)]
            mine = [hessian[((i * 3 + at) * 3 + m) * 3 + k] for i in range(3) for m in range(3)]
            self.near(mine, slope, "Hessian", size(hessian), 2e-8)
        along = [sum(hessian[((i * 3 + j) * 3 + m) * 3 + k] * frame.columns["u"][j][k] for j in range(3) for k in range(3))
                 for i in range(3) for m in range(3)]
        self.near(flat(got["Hu"])[:9], along, "Hessian along", size(hessian))
        self.assertGreater(size(flat(got["B"])), 0)


def main():
    global mtx
    mtx, words = opened()
    unittest.main("run_jacobians", argv=words, verbosity=1)


if __name__ == "__main__":
    import run_jacobians
    run_jacobians.main()
