#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Derivatives against central differences: by positions, strain, lattice vectors, fields and displacements of
pairs, first and second order, on random triclinic cells, by each back end. Every operation that has a rule
occurs in a spec here. Standard library of Python only.
usage: run_gradients.py --mtx PROGRAM --root SOURCE_TREE"""
import os
import random
import re
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from differences import Frame, displaced, slopes
from mtx_call import cross, opened

AGREES = 2e-8              # of a derivative, relative to the largest of its kind
KINDS = {"F": "r", "W": "strain", "A": "cell", "Q": "q", "U": "u"}
mtx = None


def random_frame(rng, atoms, size):
    return Frame.random(rng, atoms, size, ["Si", "C"], q=1, u=3)


HEAD = """
use "crystal.mtx"
structure Ions {
  set   atom
  field r    : atom -> point [Å]
  field Z    : atom -> species
  field q    : atom -> scalar
  field u    : atom -> vector
  field cell : lattice(xyz) [Å]
}
const rc = 5 Å
transform energy {
  takes s : Ions
  set bond = pairs(s.atom) within rc
  let x(b) = norm(b.d) / 2 [Å]
  let f(b) = cutoff(norm(b.d), rc, 4)
"""
TAIL = """
  gives F : s.atom -> vector [1/Å] = grad(E, s.r)
  gives W : tensor(2) = grad(E, strain(s))
  gives A[k in s.axis] : vector [1/Å] = grad(E, s.cell)[k]
  gives Q : s.atom -> scalar = grad(E, s.q)
  gives U : s.atom -> vector = grad(E, s.u)
}
"""

# name: what comes before TAIL, without units so that any expression is allowed
ENERGIES = {
    "pairs": "gives E : scalar = sum b in bond: f(b) * (x(b)^-6 - exp(-x(b)) + erfc(x(b)) * s.q[b.i] * s.q[b.j])",
    "triplets": """let cosine(b, c) = dot(b.d, c.d) / (norm(b.d) * norm(c.d))
  gives E : scalar = sum i in s.atom, {b, c} in bond(i): (cosine(b, c) + 1/3)^2 * f(b) * f(c) * s.q[i]""",
    "ordered triplets": """gives E : scalar = sum i in s.atom, (b, c) in bond(i):
            s.q[b.j] * f(b)^2 * f(c) * norm(b.d - 2 * c.d) / 1 [Å] * (2 + dot(b.d, c.d) / 1 [Å^2])""",
    "embedding": """let rho[i in s.atom] = sum b in bond(i): f(b) * s.q[b.j]
  gives E : scalar = (sum i in s.atom: -sqrt(1 + rho[i]^2)) + (sum b in bond: rho[b.i] * rho[b.j]^2 * f(b))""",
    "messages": """let h[b in bond] = tanh(x(b)) * s.q[b.j]
  let m[i in s.atom] = sum b in bond(i): h[b] * f(b)
  let g[b in bond] = f(b) * m[b.j] * h[b.rev]
  gives E : scalar = sum i in s.atom: log(2 + sin(sum b in bond(i): g[b] * m[b.i]))""",
    "moments": """let M[i in s.atom] = sum b in bond(i): f(b) * outer(b.d, b.d) / 1 [Å^2]
  let v[i in s.atom] = sum b in bond(i): f(b) * b.d / 1 [Å]
  gives E : scalar = sum i in s.atom: dot(M[i], M[i]) + trace(apply(M[i], M[i])) + det(M[i]) + dot(v[i], apply(M[i], v[i]))
            + norm(cross(v[i], apply(transpose(M[i]), s.u[i]))) + norm(v[i]) * dot(s.u[i], v[i])""",
    "elementary": """gives E : scalar = sum b in bond: f(b) * (sin(x(b)) * cos(x(b)) + atan(x(b)) * sinh(x(b)) / cosh(x(b))
            + asin(f(b) / 2) + acos(f(b) / 3) + tan(x(b) / 4) + erf(x(b)) + atan2(x(b), 1 + x(b)^2) + log(x(b))
            + (2 + s.q[b.i])^x(b) + abs(x(b) - 1.3) * (x(b) - 1.3) + x(b)^2.5)""",
    "components": "gives E : scalar = sum b in bond: f(b) * (b.d.x * b.d.y^2 / 1 [Å^2] - b.d.z * s.u[b.j].x + b.d.x^3 / 1 [Å^2]) / 1 [Å]",
    "choices": """gives E : scalar = sum b in bond: f(b) * (if x(b) < 1.2 then sin(x(b) - 1.2) else exp(x(b)) - exp(1.2))
            + f(b) * min(x(b), 1.4) * max(x(b)^2, 1.1)""",
    "extremes": """let a[i in s.atom] = sum b in bond(i): f(b) * s.q[b.j]
  gives E : scalar = (max i in s.atom: a[i]) - (min i in s.atom: a[i]^2) + (mean i in s.atom: a[i]^3)
            + (prod i in s.atom: 1 + a[i]) + (mean b in bond where x(b) < 1.7: x(b) * s.q[b.j])""",
    "order": """let a[i in s.atom] = sum b in bond(i): f(b) * (2 + s.q[b.j])
  let o = sort(a)
  gives E : scalar = sum k in rank(s.atom): o[k]^2 * (k + 1)""",
    "waves": """set G = reciprocal(s) within 3 [1/Å]
  gives E : scalar = (sum g in G: exp(-norm2(g.k) * 0.3 [Å^2]) * ((sum i in s.atom: s.q[i] * cos(phase(g, s.r[i] - s.r[i])))^2
            + (sum i in s.atom, j in s.atom: s.q[i] * s.q[j] * cos(phase(g, s.r[i] - s.r[j])))) * 100 [Å^3]) / volume(s)""",
    "lattice": """gives E : scalar = (sum k in s.axis: norm2(s.cell[k]) / 1 [Å^2]) * log(volume(s) / 1 [Å^3])
            + (sum i in s.atom, j in s.atom, k in s.axis: s.q[i] * sin(2 * pi * frac(s.r[j] - s.r[i], s.cell)[k]))""",
    "images": """gives E : scalar = sum i in s.atom, j in s.atom where i != j:
            s.q[i] * norm2(nearest(s.r[i], s.r[j], s.cell)) / 1 [Å^2]""",
    "tables": """let h(d : scalar [Å]) = cutoff(d, rc, 4) * erfc(d / 2 Å)
  gives E : scalar = sum b in bond: s.q[b.j] * (tabulate h(norm(b.d)) over 0 Å..5 Å to 1e-10)""",
    "channels": """let c[i in s.atom] = (sum b in bond(i): f(b)) ++ (sum b in bond(i): f(b) * x(b)) ++ s.q[i]
  gives E : scalar = sum i in s.atom, j in s.atom: s.q[j] * (exp(c[i][0]) + c[i][1] * c[j][2])""",
    "channel by channel": """let c[i in s.atom] = (sum b in bond(i): f(b)) ++ (sum b in bond(i): f(b) * x(b)) ++ s.q[i]
  let d[i in s.atom] = max(c[i], 0.1) + atan2(c[i], 1 + c[i] * c[i]) * s.q[i] - min(c[i], sin(c[i])) / (2 + c[i] * c[i]) + s.q[i] / exp(c[i])
  gives E : scalar = sum i in s.atom: d[i][0] * d[i][1] + d[i][2]^2""",
    "products": """gives E : scalar = (sum i in s.atom, j in s.atom: (prod b in bond(i, j): 1 + f(b) * s.q[b.i]))
            + (prod i in s.atom, k in 1..3: 1 + s.q[i] * k / 3) + (prod b in bond: 1.1 - f(b) * b.d.x / 5 [Å])""",
    "spectrum": """set n = 0..1
  set l = 0..3
  let c[i in s.atom, k in n] : irreps(0..3) = sum b in bond(i): f(b) * (s.q[b.j] + x(b)^k) * Y(b.d, 3)
  gives E : scalar = sum i in s.atom, k in n, m in l: s.q[i] * (k + m) * dot(c[i, 0].part[m], c[i, k].part[m])""",
    "bispectrum": """set l = 0..2
  let c[i in s.atom] : irreps(0..2) = sum b in bond(i): f(b) * s.q[b.j] * solid(b.d / 2 [Å], 2)
  gives E : scalar = sum i in s.atom, j in s.atom, k in l, m in l, n in l:
            (1 + m) * triple(c[i].part[k], c[i].part[m], c[j].part[n])""",
    "irreps": """let c[i in s.atom] : irreps(0..2) = sum b in bond(i): f(b) * (1 - s.q[b.j]) * Y(b.d, 2)
  let m[i in s.atom] : irreps(0e + 1o + 2e + 1o) = sum b in bond(i): f(b)^2 * (c[b.j] ++ c[b.i].part[1] / x(b))
  let p[i in s.atom] = product(c[i], m[i], 2)
  gives E : scalar = sum i in s.atom: norm(p[i]) + p[i].part[0][0] * c[i].part[0] + s.u[i].x * c[i][1]""",
}
# what is measured in lattice vectors, in the plane and off it: sums of positions, multiples, vectors that no strain moves
MEASURED = """set G = reciprocal(s) within 3 [1/Å]
  let h[i in s.atom] = sum g in G: exp(-norm2(g.k) * 0.3 [Å^2]) * (sum j in s.atom: s.q[j]
            * (cos(phase(g, s.r[i] - s.r[j])) + sin(phase(g, s.r[i])) + sin(phase(g, 2 * s.r[j] - s.u[i] * 1 Å))))
  gives E : scalar = sum i in s.atom: (1 + h[i])^2 + 0.1 * norm2(s.r[i]) / 1 [Å^2]
            + (sum j in s.atom, k in s.axis: s.q[i] * cos(2 * pi * frac(s.r[j] + s.r[i], s.cell)[k]))"""
HARMONICS = """let c[i in s.atom] : irreps(0..4) = sum b in bond(i): f(b) * (1 + s.q[b.j]) * Y(b.d, 4)
  set l = 1..3
  let V = sum i in s.atom, k in l: norm2(c[i].part[k]) + triple(c[i].part[k], c[i].part[2], c[i].part[k])
  let force = grad(V, s.r)
"""
SECOND = """
  let V = sum b in bond: f(b) * exp(-x(b)) * (1 + s.q[b.j]) + (sum i in s.atom: (sum b in bond(i): f(b))^2)
  let force = grad(V, s.r)
  gives E : scalar = sum i in s.atom: norm2(force[i]) * 1 [Å^2] + dot(force[i], s.u[i]) * 1 [Å]
"""


def flat(array):
    return array if not hasattr(array, "values") else list(array.values)


C_EVERY = 30  # the C compiler takes its time: every so many energies, all in the full tier


class Gradients(unittest.TestCase):
    def differences(self, name, body, frame, backend, tail=TAIL, head=HEAD):
        spec = mtx.write("energy.mtx", head + "  " + body + tail)
        wanted = {kind: what for what, kind in KINDS.items() if f"gives {what}" in tail}
        got = mtx.run(spec, mtx.write("frames.xyz", displaced(frame, wanted)), backend=backend)
        energy = flat(got["E"])
        for kind, slope in slopes(frame, wanted, energy).items():
            mine = flat(got[wanted[kind]])[:len(slope)]
            scale = max([abs(x) for x in slope + mine] + [abs(energy[0]), 1.0])
            worst = max(abs(x - y) for x, y in zip(mine, slope))
            self.assertLessEqual(worst, AGREES * scale, f"{name}, {kind}, {backend}: {mine[:6]} is not {slope[:6]}")
        return max(abs(x) for x in flat(got["F"]))

    def test_each(self):
        rng = random.Random(7)
        for k, (name, body) in enumerate(ENERGIES.items()):
            for backend, atoms, size in (("llvm", 3, 4.2), ("c", 2, 3.1)):
                frame = random_frame(rng, atoms, size)
                if backend == "c" and k % C_EVERY:
                    continue
                with self.subTest(energy=name, backend=backend):
                    largest = self.differences(name, body, frame, backend)
                    if name != "lattice" or atoms > 1:
                        self.assertGreater(largest, 1e-6, name)

    def test_layers(self):
        rng = random.Random(8)
        for axes, periodic in (("xy", "T T F"), ("z", "F F T"), ("xyz", "T T T")):
            with self.subTest(axes=axes):
                frame = random_frame(rng, 3, 3.1)
                frame.periodic = periodic
                tail = TAIL.replace("  gives A[k in s.axis] : vector [1/Å] = grad(E, s.cell)[k]\n", "")
                head = HEAD.replace("lattice(xyz)", f"lattice({axes})")
                self.assertGreater(self.differences(axes, MEASURED, frame, "llvm", tail, head), 1e-2)

    def test_layers_lattice(self):
        """by the lattice vectors of layers and wires: what of a position is not along them stands still. The others, normal to
        them here, make fractional positions of that."""
        rng = random.Random(18)
        for axes, periodic, rows in (("xy", "T T F", slice(0, 6)), ("z", "F F T", slice(6, 9))):
            for name, body in (("measured", MEASURED), ("triplets", ENERGIES["triplets"])):
                with self.subTest(axes=axes, name=name):
                    frame = random_frame(rng, 3, 3.4)
                    frame.periodic = periodic
                    a, b, c = frame.cell
                    frame.cell = [a, b, cross(a, b)] if axes == "xy" else [cross(c, b), cross(c, cross(c, b)), c]
                    head = HEAD.replace("lattice(xyz)", f"lattice({axes})")
                    spec = mtx.write("layers.mtx", head + "  " + body + "\n  gives A[k in s.axis] : vector [1/Å] = grad(E, s.cell)[k]\n}\n")
                    got = mtx.run(spec, mtx.write("frames.xyz", displaced(frame, ["cell"])))
                    slope = slopes(frame, ["cell"], flat(got["E"]))["cell"][rows]
                    mine = flat(got["A"])[:len(slope)]
                    self.assertGreater(max(map(abs, slope)), 1e-2)
                    for x, y in zip(mine, slope):
                        self.assertAlmostEqual(x, y, delta=AGREES * max(map(abs, slope)) + 1e-8)

    def test_strain_keeps_phases(self):
        """No moment of a position: two that cancel would stand for a sum over waves and pairs of sites, not sites."""
        spec = mtx.write("waves.mtx", HEAD + "  " + ENERGIES["waves"] + "\n  gives W : tensor(2) = grad(E, strain(s))\n}\n")
        _, ir, _ = mtx.call("build", spec, "--emit=ir", "-o", "-")
        nodes = dict(re.findall(r"^(%\d+) = (\S+(?: \S+)*?)(?: : .*)?$", ir, re.M))
        outer = [words.split()[2:4] for words in nodes.values() if words.startswith("outer ")]
        self.assertGreater(len(outer), 0)
        for a in sum(outer, []):
            self.assertNotIn(nodes[a].split()[0], ("input", "sub"), f"{a} = {nodes[a]}")

    def test_second(self):
        with self.subTest():
            self.differences("second", SECOND, random_frame(random.Random(3), 3, 4.0), "llvm")
            turning = HARMONICS + SECOND[SECOND.index("  gives"):]
            self.differences("second, harmonics", turning, random_frame(random.Random(4), 2, 3.6), "c")

    def test_poles(self):
        """along z and the other axes, where angles have no derivative"""
        frame = random_frame(random.Random(2), 4, 9)
        frame.cell = [[9.0, 0, 0], [0, 9.0, 0], [0, 0, 9.0]]
        frame.r = [[0.0, 0, 0], [0.0, 0, 1.9], [0.0, 2.2, 0], [-1.8, 0, 0]]
        self.differences("poles", ENERGIES["spectrum"], frame, "llvm")

    def test_angle_of_nothing(self):
        """an angle has no derivative where both sides are zero: 0, as a norm"""
        spec = mtx.write("angle.mtx", HEAD + """
  let   p[i in s.atom] = sum b in bond(i): f(b) * b.d / 1 [Å]
  gives E : scalar = sum i in s.atom: atan2(p[i].y, p[i].x) + atan2(s.u[i].x, s.u[i].y)""" + TAIL)
        frame = random_frame(random.Random(6), 1, 9.0)
        frame.columns["u"] = [[0.0, 0, 0]]
        got = mtx.run(spec, mtx.write("one.xyz", frame.text()))
        for name in "FWAU":
            self.assertEqual(set(flat(got[name])), {0.0}, name)

    def test_second_derivative_of_nothing(self):
        """where a length is zero, its derivatives along a direction are, too: no pole of a side that is not chosen is seen"""
        spec = mtx.write("nothing.mtx", HEAD + """
  let   p[i in s.atom] = sum b in bond(i): b.d / 2 [Å]
  let   E = sum i in s.atom: norm(p[i])
  let   D[i in s.atom] = s.u[i] * 1 [Å]
  let   F = grad(E, s.r)
  gives E2 : scalar = E
  gives H : s.atom -> vector [1/Å] = grad(F, s.r, D)
  gives V[i in s.atom] : vector = if norm(p[i]) > 0 then 2 * (p[i] / norm(p[i]) + s.u[i] / norm(p[i])) else [0, 0, 0]
}
""")
        frame = random_frame(random.Random(6), 1, 3.0)
        frame.cell = [[3.0, 0, 0], [0, 3.0, 0], [0, 0, 3.0]]
        frame.r = [[0.0, 0, 0]]
        for backend in ("llvm", "c"):
            got = mtx.run(spec, mtx.write("one.xyz", frame.text()), backend=backend)
            for name in ("E2", "H", "V"):
                self.assertEqual(set(flat(got[name])), {0.0}, name)

    def test_pairs_alone(self):
        """forces and virial from the derivative by the displacements of the pairs"""
        tail = """
  let   G = grad(E, bond.d)
  gives F : s.atom -> vector [1/Å] = grad(E, s.r)
  gives F2[i in s.atom] : vector [1/Å] = sum b in bond(i): G[b.rev] - G[b]
}
"""
        spec = mtx.write("pairs.mtx", HEAD + "  " + ENERGIES["messages"] + tail)
        got = mtx.run(spec, mtx.write("one.xyz", random_frame(random.Random(5), 4, 4.5).text()))
        for a, b in zip(flat(got["F"]), flat(got["F2"])):
            self.assertAlmostEqual(a, b, delta=1e-12 * (1 + abs(a)))


if __name__ == "__main__":
    mtx, words = opened()
    unittest.main(argv=words, verbosity=1)
