#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Power spectra of the standard library beside DScribe's and featomic's (tests/reference/soap, README.md there), values and
gradients by position and strain of one number made of them, and gradients beside central differences.
usage: run_soap.py --mtx PROGRAM --root SOURCE_TREE"""
import json
import math
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from mtx_call import opened, xyz

NEAR = 1e-9                # relative to the largest number
SLOPES_NEAR = 1e-8         # of what is tabulated to 1e-10
NUMBERS = {"C": 6, "Si": 14, "S": 16, "Mo": 42}
HUGE = [[60.0, 0, 0], [0, 60.0, 0], [0, 0, 60.0]]
mtx = None


def frames_of(name):
    with open(mtx.path("tests", "reference", "soap", name + ".json"), encoding="utf-8") as f:
        return json.load(f)["frames"]


def text_of(frame):
    return xyz(frame["sites"], frame.get("cell", HUGE))


def sized(frame, elements, *more, name="soap"):
    """a spec with the numbers of a frame"""
    return mtx.changed(f"stdlib/descriptors/{name}.mtx", ("const reach = 5 Å", f"const reach = {frame['reach']} Å"),
                       ("const n_max = 8", f"const n_max = {frame['n']}"), ("const l_max = 6", f"const l_max = {frame['l']}"),
                       ("species(Si)", f"species({', '.join(elements)})"), *more)


def dscribe_places(frame, elements):
    """the places (y, z, m, j, k) of our table in DScribe's order"""
    n, l = frame["n"], frame["l"]
    for y in range(len(elements)):
        for z in range(y, len(elements)):
            for m in range(l + 1):
                for j in range(n):
                    for k in range(j if y == z else 0, n):
                        yield y, z, m, j, k


def elements_of(frame):
    return sorted({s for s, *_ in frame["sites"]}, key=NUMBERS.get)


def nested(shape, weight, at=()):
    """a list of lists ... of weights, as a spec has it"""
    if len(at) == len(shape):
        return repr(weight.get(at, 0.0))
    return "[" + ", ".join(nested(shape, weight, at + (k,)) for k in range(shape[len(at)])) + "]"


class Spectra(unittest.TestCase):
    def near(self, got, want, what, tolerance=NEAR):
        scale = max(map(abs, want))
        self.assertEqual(len(got), len(want), what)
        self.assertLessEqual(max(abs(a - b) for a, b in zip(got, want)), tolerance * scale, what)

    def test_dscribe(self):
        for frame in frames_of("dscribe"):
            elements = frame["species"]
            s, n, l = len(elements), frame["n"], frame["l"]
            got = mtx.run(sized(frame, elements), mtx.write("one.xyz", text_of(frame)))["p"].values
            row = s * s * n * n * (l + 1)
            for i, want in enumerate(frame["values"]):
                mine = [got[i * row + (((y * s + z) * (l + 1) + m) * n + j) * n + k]
                        for y, z, m, j, k in dscribe_places(frame, elements)]
                self.near(mine, want, f"{frame['name']}, centre {i}")

    def test_dscribe_gradients(self):
        frame = [f for f in frames_of("dscribe") if "position gradients" in f][0]
        elements = frame["species"]
        shape = (len(elements), len(elements), frame["l"] + 1, frame["n"], frame["n"])
        weight = {place: math.cos(1 + k) for k, place in enumerate(dscribe_places(frame, elements))}
        more = f"""  let   W = {nested(shape, weight)}
  let   E = sum i in s.atom, y in element, z in element, j in n, k in n, m in l: W[y][z][m][j][k] * p[i, y, z, m, j, k]
  gives F : s.atom -> vector [1/Å] = grad(E, s.r)

  respects  permute"""
        spec = sized(frame, elements, ("\n  respects  permute", more))
        got = mtx.run(spec, mtx.write("one.xyz", text_of(frame)))["F"].values
        want = [sum(centre[a][x] for centre in frame["position gradients"])
                for a in range(len(frame["sites"])) for x in range(3)]
        self.near(got, want, "gradients")

    def test_featomic(self):
        for frame in frames_of("featomic"):
            elements, row = elements_of(frame), (frame["l"] + 1) * frame["n"]**2
            got = mtx.run(sized(frame, elements, name="soap_featomic"), mtx.write("one.xyz", text_of(frame)))["p"].values
            scale = max(map(abs, got))
            for block in frame["blocks"]:
                y, z = ([NUMBERS[s] for s in elements].index(e) for e in block["elements"][1:])
                for i, want in zip(block["centres"], block["values"]):
                    first = ((i * len(elements) + y) * len(elements) + z) * row
                    want = [x for table in want for line in table for x in line]
                    worst = max(abs(a - b) for a, b in zip(got[first:first + row], want))
                    self.assertLessEqual(worst, NEAR * scale, f"{frame['name']}, centre {i}, {y} {z}")

    def test_featomic_gradients(self):
        """of carbon's neighbours C and Si, weighed"""
        frame = [f for f in frames_of("featomic") if f["name"] == "silicon carbide"][0]
        block = [b for b in frame["blocks"] if b["elements"] == [6, 6, 14]][0]
        more = """  let   w(m, j, k) = cos(1 + (m * n_max + j) * n_max + k)
  let   E = sum i in s.atom, m in l, j in n, k in n where s.Z[i] == C: w(m, j, k) * p[i, C, Si, m, j, k]
  gives F : s.atom -> vector [1/Å] = grad(E, s.r)
  gives stress : tensor(2) = grad(E, strain(s))

  respects  permute"""
        got = mtx.run(sized(frame, elements_of(frame), ("\n  respects  permute", more), name="soap_featomic"),
                      mtx.write("one.xyz", text_of(frame)))
        want = [0.0] * (3 * len(frame["sites"]))
        for atom, slope in zip(block["moved"], block["position gradients"]):
            for x in range(3):
                want[3 * atom + x] += slope[x]
        self.near(got["F"].values, want, "by position", SLOPES_NEAR)
        self.near(got["stress"].values, [sum(one[a][b] for one in block["strain gradients"]) for a in range(3) for b in range(3)],
                  "by strain", SLOPES_NEAR)

    def test_jacobian(self):
        """every derivative by the displacements of pairs, contracted, is the derivative of the contraction"""
        frame = [f for f in frames_of("dscribe") if f["name"] == "silicon carbide"][0]
        more = """  let   J = grad(p, bond.d)
  let   W(y, z, j, k, m) = cos(y + 2 * z + 3 * j + 5 * k + 7 * m)
  let   E = sum i in s.atom, y in element, z in element, j in n, k in n, m in l: W(0, 1, j, k, m) * p[i, y, z, m, j, k]
  gives one : bond -> vector [1/Å] = grad(E, bond.d)
  gives all[b in bond] : vector [1/Å] = sum y in element, z in element, j in n, k in n, m in l: W(0, 1, j, k, m) * J[b, y, z, m, j, k]

  respects  permute"""
        got = mtx.run(sized(frame, frame["species"], ("\n  respects  permute", more)), mtx.write("one.xyz", text_of(frame)))
        self.near(got["all"].values, got["one"].values, "the Jacobian")


if __name__ == "__main__":
    mtx, words = opened()
    unittest.main(argv=words, verbosity=1)
