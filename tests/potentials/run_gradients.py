#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Forces and stress of every potential of the standard library beside central differences of its energy: random triclinic
cells, smaller than the cutoff, of all the elements that it knows; where atoms are alone, forces are finite.
usage: run_gradients.py --mtx PROGRAM --root SOURCE_TREE"""
import glob
import os
import random
import re
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from differences import Frame, displaced, slopes
from mtx_call import opened

AGREES = 1e-8              # relative to the largest force, or stress times volume

# file -> elements, closest distance and size of cells in Å, columns
SETTINGS = {
    "buckingham": (["Si", "O"], 1.5, 4.0, {"charges": 1}),
    "eam": (["Cu", "Ni"], 2.0, 3.6, {}),
    "ewald_energy": (["Na", "Cl"], 1.5, 4.0, {"charges": 1}),
    "gupta": (["Cu", "Au"], 2.2, 3.9, {}),
    "lennard_jones": (["Ar", "Kr"], 3.0, 5.0, {}),
    "morse": (["Cu"], 2.0, 3.6, {}),
    "network": (["Si", "O"], 1.5, 3.8, {}),
    "snap": (["C", "Si"], 1.7, 3.2, {}),
    "stillinger_weber": (["Si"], 1.9, 3.4, {}),
    "tersoff": (["Si", "C"], 1.6, 2.9, {}),
    "zbl": (["C", "Si"], 1.0, 2.4, {}),
}
KINDS = "r", "strain"
mtx = None


def transforms():
    """(file, transform) of everything that gives forces"""
    for path in sorted(glob.glob(mtx.path("stdlib", "potentials", "*.mtx"))):
        with open(path, encoding="utf-8") as f:
            text = f.read()
        for block in re.split(r"^(?=transform )", text, flags=re.M)[1:]:
            yield os.path.basename(path)[:-4], re.match(r"transform (\w+)", block)[1]


class Gradients(unittest.TestCase):
    def differences(self, transform, frame, energy, forces, stress):
        want = slopes(frame, KINDS, energy)
        mine = {"r": [-x for x in forces], "strain": [x * frame.volume() for x in stress]}
        for kind, slope in want.items():
            worst = max(abs(x - y) for x, y in zip(mine[kind], slope)) / max(map(abs, slope))
            self.assertLessEqual(worst, AGREES, f"{transform}, {kind}: {mine[kind][:6]} is not {slope[:6]}")

    def frames(self, rng, name):
        """Two for differences. Then atoms alone, and a bond whose only neighbours have faded: powers of zero."""
        elements, least, size, columns = SETTINGS[name]
        out = [Frame.random(rng, n, size * (n / 2)**(1 / 3), elements, least, **columns) for n in (2, 4)]
        cell, z = [[30.0, 0, 0], [0, 30.0, 0], [0, 0, 30.0]], (elements * 3)[:3]
        for r in [[0, 0, 0.0], [1.8, 0, 0], [2.0, 2.55, 0]], [[0, 0, 0.0], [10.0, 0, 0], [0, 10.0, 10.0]]:
            out.append(Frame(z, r, cell, **{c: [0.0, 0.0, 0.0] for c in columns}))
        return out

    def check(self, name, transform, frames):
        data = "".join(displaced(f, KINDS) for f in frames[:2]) + frames[2].text() + frames[3].text()
        got = mtx.run(mtx.path("stdlib", "potentials", name + ".mtx"), mtx.write("frames.xyz", data), transform=transform)
        start, atom = 0, 0
        for frame in frames[:2]:
            n, count = len(frame.r), 1 + 4 * sum(len(frame.places(kind)) for kind in KINDS)
            self.differences(transform, frame, list(got["E"].values)[start:start + count], got["F"].rows(atom, atom + n).values,
                             got["S"].rows(start, start + 1).values)
            start, atom = start + count, atom + n * count
        self.assertTrue(all(abs(x) < 1e6 for key in "EFS" for x in got[key].values), f"{transform}: not finite")
        self.assertEqual(max(map(abs, got["F"].rows(atom + 3, atom + 6).values)), 0, transform)

    def test_each(self):
        rng = random.Random(11)
        for name, transform in transforms():
            with self.subTest(transform=transform):
                self.check(name, transform, self.frames(rng, name))


if __name__ == "__main__":
    mtx, words = opened()
    unittest.main(argv=words, verbosity=1)
