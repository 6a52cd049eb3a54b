# SPDX-License-Identifier: Apache-2.0
"""The C programs of examples/c: molecular dynamics keeps the energy, relaxing finds the crystal. Short runs; longer
ones are in run_programs_full.py.
usage: run_programs.py --mtx PROGRAM --root SOURCE_TREE"""
import argparse
import os
import tempfile
import unittest

import programs

LATTICE, COHESION = 5.43095, -4.336600     # of Stillinger-Weber silicon: angstrom, eV/atom
given = None


class Programs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.programs = programs.build(given.mtx, given.root, cls.folder.name)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_dynamics(self):
        got = programs.dynamics(self.programs, 2, 4500)
        self.assertEqual(got["atoms"], 64)
        self.assertLess(abs(got["drift"]), 1e-5)         # eV/atom/ps, over 4 ps
        self.assertLess(got["net"], 1e-12)
        self.assertTrue(150 < got["temperature"] < 450)  # half of 600 K went into the potential
        self.assertGreater(got["energy"], COHESION + 0.02)
        self.assertLess(got["list"], 200)                # the skin saves searches

    def test_relax(self):
        lines = programs.run(os.path.join(self.programs, "relax")).splitlines()
        got = programs.numbers("\n".join(line for line in lines if not line.startswith(" ")))
        cells = [programs.numbers(line)["cell"] for line in lines if line.startswith(" ")]
        self.assertTrue(all(abs(angle - 90) > 0.5 for angle in cells[0][3:]), "the start is triclinic")
        self.assertGreater(got["start"][0], COHESION + 0.05)
        energy, force, stress = got["end"]
        self.assertAlmostEqual(energy, COHESION, delta=1e-6)
        self.assertLess(force, 1e-5)                     # eV/angstrom
        self.assertLess(stress, 1e-3)                    # GPa
        for length in cells[1][:3]:
            self.assertAlmostEqual(length, LATTICE, delta=2e-5)
        for angle in cells[1][3:]:
            self.assertAlmostEqual(angle, 90, delta=2e-3)

    def test_wrong_use(self):
        with self.assertRaises(SystemExit):
            programs.dynamics(self.programs, 2, 3)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--mtx", required=True)
    parser.add_argument("--root", required=True)
    given = parser.parse_args()
    unittest.main(argv=["programs"])
