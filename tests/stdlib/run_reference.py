#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Values of the standard library beside those that DScribe gives for the same structures, which are stored in
tests/reference/dscribe.json; made again, with dscribe==2.1.2 ase==3.23.0, by
  tests/reference/make_dscribe.py tests/reference/dscribe.json
usage: run_reference.py --mtx PROGRAM --root SOURCE_TREE"""
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from mtx_call import opened, xyz

SAME = 1e-9                # relative to the largest number of a table
FOLDER = "stdlib/descriptors/"
RADIAL, ANGULAR = 9, 12    # functions G2, and G4 or G5, of one channel
mtx = reference = None


class Reference(unittest.TestCase):
    def agree(self, got, want):
        self.assertEqual(len(got), len(want))
        scale = max(abs(x) for x in want)
        worst = max(abs(a - b) for a, b in zip(got, want))
        self.assertLessEqual(worst, SAME * scale)

    def compare(self, spec, kind, path, *changes):
        for order in "unsorted", "sorted", "spectrum":
            name = f"{kind}_{order}"
            want = reference[name]
            if order == "spectrum":                    # there with its signs, in the order of the sizes
                want = [abs(x) for x in want]
            places = ("n_max = 23", "n_max = 5")
            got = mtx.run(mtx.changed(FOLDER + spec, places, *changes), path, transform=name)
            self.agree(got["spectrum" if order == "spectrum" else "matrix"][0].values, want)

    def crystal(self):
        value = reference["crystal"]
        return mtx.write("crystal.xyz", xyz(value["sites"], value["cell"]))

    def test_coulomb(self):
        self.compare("coulomb_matrix.mtx", "coulomb", mtx.write("molecule.xyz", xyz(reference["molecule"])))

    def test_sine(self):
        self.compare("sine_matrix.mtx", "sine", self.crystal())

    def test_ewald(self):
        self.compare("ewald_matrix.mtx", "ewald", self.crystal(), ("accuracy = 1e-5", "accuracy = 1e-13"))

    def test_symmetry_functions(self):
        got = mtx.run(mtx.path(FOLDER, "acsf.mtx"), self.crystal(), transform="acsf")
        order = [["Mo", "S", "Se", "W"].index(z) for z in reference["acsf elements"]]
        for i, row in enumerate(reference["acsf"]):
            have = []
            for a in order:
                have += [got["G1"][i][a], *got["G2"][i][a].values]
            for x, a in enumerate(order):
                for b in order[:x + 1]:
                    have += got["G4"][i][a][b].values + got["G5"][i][a][b].values
            self.assertEqual(len(row), 4 * (1 + RADIAL) + 10 * 2 * ANGULAR)
            self.agree(have, row)


def main():
    global mtx, reference
    mtx, words = opened()
    with open(mtx.path("tests", "reference", "dscribe.json"), encoding="utf-8") as f:
        reference = json.load(f)
    unittest.main(argv=words)


if __name__ == "__main__":
    main()
