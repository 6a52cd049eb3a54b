#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Descriptors of the standard library that are written with irreps, and MBTR: beside tests/reference/soap (README.md there),
beside what is known of perfect crystals, on a pair of environments that only the bispectrum tells apart.
usage: run_descriptors.py --mtx PROGRAM --root SOURCE_TREE"""
import json
import math
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from mtx_call import opened, xyz

FOLDER = "stdlib/descriptors/"
THIRD = {"fcc": (-0.159317, -0.013161), "hcp": (0.134097, -0.012442), "bcc": (0.159317, 0.013161)}
mtx = None


def frames_of(name):
    with open(mtx.path("tests", "reference", "soap", name + ".json"), encoding="utf-8") as f:
        return json.load(f)["frames"]


class Descriptors(unittest.TestCase):
    def near(self, got, want, what, tolerance=1e-9):
        scale = max(1e-300, *map(abs, want))
        self.assertEqual(len(got), len(want), what)
        self.assertLessEqual(max(abs(a - b) for a, b in zip(got, want)), tolerance * scale, what)

    def test_steinhardt(self):
        for frame in frames_of("steinhardt"):
            spec = mtx.changed(FOLDER + "steinhardt.mtx", ("const reach = 3.6 Å", f"const reach = {frame['reach']} Å"))
            got = mtx.run(spec, mtx.write("one.xyz", xyz(frame["sites"], frame["cell"])))
            for l in (2, 4, 6, 8):
                mine = [got["q"][i][l] for i in range(len(frame["sites"]))]
                self.assertLess(max(abs(a - b) for a, b in zip(mine, frame[f"q{l}"])), 1e-11, frame["name"])
            if frame["name"] in THIRD:
                for l, want in zip((4, 6), THIRD[frame["name"]]):
                    self.assertAlmostEqual(got["w"][0][l], want, places=5, msg=f"{frame['name']}, w{l}")
                    self.assertAlmostEqual(got["averaged_q"][0][l], got["q"][0][l], places=5 if frame["name"] != "hcp" else 0)

    def test_pair(self):
        """the same pairs around the first atom of each"""
        box = [[90.0, 0, 0], [0, 90.0, 0], [0, 0, 90.0]]
        text = "".join(xyz(frame["sites"], box) for frame in frames_of("pair"))
        spec = mtx.changed(FOLDER + "bispectrum.mtx", ("const reach = 6 Å", "const reach = 10 Å"), ("species(C, Si)", "species(C)"))
        got = mtx.run(spec, mtx.write("pair.xyz", text))
        n = 5
        self.near(got["p"][0].values, got["p"][n].values, "the power spectrum ties", 1e-12)
        split = max(abs(x - y) for x, y in zip(got["b"][0].values, got["b"][n].values))
        self.assertGreater(split, 1e-3 * max(map(abs, got["b"][0].values)), "the bispectrum splits")

    def test_mbtr(self):
        for frame in frames_of("mbtr"):
            term, grid, elements = frame["term"], frame["grid"], sorted({s for s, *_ in frame["sites"]}, key=len)
            elements = [e for e in ("C", "Si", "S", "Mo") if e in elements]
            changes = [("species(C, Si)", f"species({', '.join(elements)})")]
            if term == "k1":
                changes += [("set   g = 0..24", f"set   g = 0..{grid['n'] - 1}"), ("/ 24", f"/ {grid['n'] - 1}"),
                            ("cell(k, 1, 25,", f"cell(k, {grid['min']}, {grid['max']},")]
            got = mtx.run(mtx.changed(FOLDER + "mbtr.mtx", *changes), mtx.write("one.xyz", xyz(frame["sites"], frame["cell"])))
            table = got[{"k1": "one", "k2": "two", "k3": "three"}[term]][0]
            for key, want in frame["values"].items():
                mine = table
                for element in key.split():
                    mine = mine[elements.index(element)]
                self.near(mine.values, want, f"{term}, {frame['name']}, {key}", 1e-8)


if __name__ == "__main__":
    mtx, words = opened()
    unittest.main(argv=words, verbosity=1)
