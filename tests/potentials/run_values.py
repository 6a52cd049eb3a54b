#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The potentials of the standard library beside the energies, forces and virials of tests/reference/potentials (README.md
there has the conventions): LAMMPS's, and those of closed formulas. E, e, F and the stress S = -virial / volume. Numbers that
are known without any program are here as well.
usage: run_values.py --mtx PROGRAM --root SOURCE_TREE"""
import json
import os
import re
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from mtx_call import cross, dot, opened, xyz

EXACT = 1e-11               # relative to the largest number of a frame: the same formula in another program
MADELUNG = 1.747564594633   # of rock salt
FOLDER = "stdlib/potentials/"

# values -> spec, transform, are per-atom energies shared out alike, tolerance
CASES = {
    "lj_cut": ("lennard_jones", "lj_cut", True, EXACT),
    "lj_shifted": ("lennard_jones", "lj_shifted", True, EXACT),
    "lj_force_shifted": ("lennard_jones", "lj_force_shifted", True, EXACT),
    "lj_smooth": ("lennard_jones", "lj_smooth", True, EXACT),
    "lj_alloy": ("lennard_jones", "lj_alloy", True, EXACT),
    "morse": ("morse", "morse", True, EXACT),
    "morse_force_shifted": ("morse", "morse_force_shifted", True, EXACT),
    "buckingham": ("buckingham", "buckingham", True, EXACT),
    "buckingham_coulomb": ("buckingham", "silica", False, 1e-6),         # LAMMPS's erfc
    "stillinger_weber": ("stillinger_weber", "stillinger_weber", False, EXACT),
    "tersoff_1988": ("tersoff", "tersoff_silicon", False, EXACT),
    "tersoff_1989": ("tersoff", "tersoff_carbide", False, EXACT),
    "zbl": ("zbl", "zbl_switched", True, EXACT),
    "zbl_faded": ("zbl", "zbl", True, EXACT),
    "gupta": ("gupta", "gupta", True, EXACT),
    "gupta_alloy": ("gupta", "gupta", True, EXACT),
    "network": ("network", "network", True, EXACT),
    "snap_alloy": ("snap", "snap", True, 1e-10),                          # its radial functions are tabulated
    "eam": ("eam", "eam", True, EXACT),
    "eam_alloy": ("eam", "eam", True, EXACT),
}
TABLES = {"eam": "one.eam.alloy", "eam_alloy": "two.eam.alloy"}          # read instead of the library's own
mtx = None


def load(name):
    with open(mtx.path("tests", "reference", "potentials", name + ".json"), encoding="utf-8") as f:
        return json.load(f)


def text_of(frame, charges):
    sites = [(*site, charges[site[0]]) for site in frame["sites"]] if charges else frame["sites"]
    return xyz(sites, frame["cell"], columns=":charges:R:1" if charges else "")


def numbered(rows, before=""):
    """lines of a table file"""
    return "".join(f"{before}{k}, {', '.join(map(str, row))}\n" for k, row in enumerate(rows))


def volume_of(frame):
    a, b, c = frame["cell"]
    return abs(dot(a, cross(b, c)))


def flat(values):
    return [x for row in values for x in (flat(row) if isinstance(row, list) else [row])]


def spec_of(name):
    spec = FOLDER + CASES[name][0] + ".mtx"
    if name not in TABLES:
        return mtx.path(spec)
    with open(mtx.path("tests", "reference", "potentials", TABLES[name]), encoding="utf-8") as f:
        mtx.write(TABLES[name], f.read())
    return mtx.changed(spec, ("made_up.eam.alloy", TABLES[name]), ("smooth    E, e to C1", "smooth    E, e to C0"))


class Values(unittest.TestCase):
    def agree(self, got, want, tolerance, what):
        self.assertEqual(len(got), len(want), what)
        scale = max(1.0, *map(abs, want))
        worst = max(abs(a - b) for a, b in zip(got, want))
        self.assertLessEqual(worst, tolerance * scale, what)

    def compare(self, name):
        spec, transform, shared, tolerance = CASES[name]
        values = load(name)
        charges = values.get("charges")
        path = mtx.write(name + ".xyz", "".join(text_of(f, charges) for f in values["frames"]))
        got = mtx.run(spec_of(name), path, transform=transform)
        for frame in values["frames"] if charges else []:
            frame["neutral"] = abs(sum(charges[site[0]] for site in frame["sites"])) < EXACT
        self.compare_frames(name, got, values["frames"], shared, tolerance)

    def compare_frames(self, name, got, frames, shared, tolerance):
        start = 0
        for k, frame in enumerate(frames):
            what, end = f"{name}: {frame['name']}", start + len(frame["sites"])
            self.agree([got["E"][k]], [frame["energy"]], tolerance, what)
            if shared:
                self.agree(got["e"].rows(start, end).values, frame["energies"], tolerance, what + ", per atom")
            self.agree(got["F"].rows(start, end).values, flat(frame["forces"]), tolerance, what + ", forces")
            stress = [-w / volume_of(frame) for w in flat(frame["virial"])]
            if frame.get("neutral", True):               # LAMMPS leaves the background out of its virial
                self.agree(got["S"].rows(k, k + 1).values, stress, tolerance, what + ", stress")
            start = end

    def test_diamond(self):
        """Known without a program: silicon by its parameters; Tersoff's by his paper, to its digits."""
        frame = load("stillinger_weber")["frames"][0]
        path = mtx.write("diamond.xyz", text_of(frame, None))
        got = mtx.run(mtx.path(FOLDER, "stillinger_weber.mtx"), path)
        self.assertAlmostEqual(got["E"][0] / 8, -2 * 2.1683, places=7)
        got = mtx.run(mtx.path(FOLDER, "tersoff.mtx"), path, transform="tersoff_silicon")
        self.assertAlmostEqual(got["E"][0] / 8, -4.63041, places=5)

    def test_silica_is_its_parts(self):
        """LAMMPS's repulsion and the closed formulas' Coulomb sums together are exact."""
        charges = load("buckingham_coulomb")["charges"]
        coulomb = {f["name"]: f for f in load("coulomb")["frames"]}
        frames = load("buckingham")["frames"]
        for frame in frames:
            other = coulomb[frame["name"]]
            self.assertEqual(frame["sites"], other["sites"])
            frame["energy"] += other["energy"]
            for key in "forces", "virial":
                frame[key] = [[x + y for x, y in zip(*rows)] for rows in zip(frame[key], other[key])]
            frame["energies"] = [x + y for x, y in zip(frame["energies"], other["energies"])]
        path = mtx.write("silica.xyz", "".join(text_of(f, charges) for f in frames))
        got = mtx.run(mtx.path(FOLDER, "buckingham.mtx"), path, transform="silica")
        self.compare_frames("silica", got, frames, True, EXACT)

    def test_snap_larger(self):
        """twojmax 4, one element, with other files than the library's"""
        values = load("snap")
        weights, most = json.loads(re.search(r"weights (\[[^]]*\])", values["note"])[1]), 4
        pairs = [(a, b) for a in range(most + 1) for b in range(a + 1)]
        degrees = [(a, b, c) for a, b in pairs for c in range(a - b, min(most, a + b) + 1, 2) if c >= a]
        mtx.write("snap_components.csv", "index, first, second, third\n" + numbered(degrees))
        mtx.write("made_up_snap_weights.csv", "element, index, weight [eV]\n" + numbered(zip(weights[1:]), "Si, "))
        mtx.write("made_up_snap.csv", f"element, alone [eV], density\nSi, {weights[0]}, 1\n")
        spec = mtx.changed(FOLDER + "snap.mtx", ("const most  = 2", "const most  = 4"))
        got = mtx.run(spec, mtx.write("si.xyz", "".join(text_of(f, None) for f in values["frames"])))
        self.compare_frames("snap", got, values["frames"], True, 1e-10)

    def test_coulomb(self):
        frames = load("coulomb")["frames"]
        path = mtx.write("ions.xyz", "".join(text_of(f, f["charges"]) for f in frames))
        got = mtx.run(mtx.path(FOLDER, "ewald_energy.mtx"), path)
        self.compare_frames("coulomb", got, frames, True, EXACT)
        k_e, a = 14.3996454784255, frames[1]["cell"][0][1] * 2
        self.assertAlmostEqual(-got["E"][1] / k_e * a / 2, MADELUNG, places=10)


for _name in CASES:
    setattr(Values, "test_" + _name, lambda self, name=_name: self.compare(name))


if __name__ == "__main__":
    mtx, words = opened()
    unittest.main(argv=words)
