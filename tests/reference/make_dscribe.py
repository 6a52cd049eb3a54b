#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes dscribe.json: a triclinic crystal and a molecule with the values that DScribe 2.1.2 gives them, for
tests/stdlib/run_reference.py.

usage: make_dscribe.py OUT.json      in an environment with dscribe==2.1.2 ase==3.23.0
"""
import json
import sys

from ase import Atoms
from dscribe.descriptors import ACSF, CoulombMatrix, EwaldSumMatrix, SineMatrix

CELL = [[4.1, 0.3, -0.2], [-1.2, 5.0, 0.4], [0.5, 0.9, 6.3]]
CRYSTAL = [("Mo", .11, .07, .23), ("S", .52, .41, .13), ("S", .93, .66, .58), ("Se", .36, .85, .79),
           ("Mo", .61, .22, .67)]
MOLECULE = [("C", 0.0, 0.1, 0.0), ("O", 1.2, 0.0, 0.3), ("N", -0.8, 1.0, -0.2), ("H", -0.6, -0.9, 0.4),
            ("H", -1.8, 0.8, 0.1)]
ETA, CENTRE, DECAY, SIGN, POWER = (.05, .5, 4), (0, 2, 4), (.005, .05), (1, -1), (1, 2, 4)
ELEMENTS = ["S", "Se", "Mo", "W"]                                         # DScribe sorts by atomic number


def main(out):
    crystal = Atoms([s for s, *_ in CRYSTAL], scaled_positions=[f for _, *f in CRYSTAL], cell=CELL, pbc=True)
    molecule = Atoms([s for s, *_ in MOLECULE], positions=[r for _, *r in MOLECULE])
    angular = [(e, p, s) for e in DECAY for s in SIGN for p in POWER]
    radial = [(e, c) for e in ETA for c in CENTRE]
    acsf = ACSF(r_cut=6.0, g2_params=radial, g4_params=angular, g5_params=angular, species=ELEMENTS,
                periodic=True)
    n, m = len(crystal), len(molecule)
    sites = [(s, *map(float, r)) for (s, *_), r in zip(CRYSTAL, crystal.positions)]
    value = {
        "made by": "tests/reference/make_dscribe.py, DScribe 2.1.2",
        "crystal": {"cell": CELL, "sites": sites},
        "molecule": MOLECULE,
        "coulomb_unsorted": CoulombMatrix(m, "none").create(molecule).tolist(),
        "coulomb_sorted": CoulombMatrix(m, "sorted_l2").create(molecule).tolist(),
        "coulomb_spectrum": CoulombMatrix(m, "eigenspectrum").create(molecule).tolist(),
        "sine_unsorted": SineMatrix(n, "none").create(crystal).tolist(),
        "sine_sorted": SineMatrix(n, "sorted_l2").create(crystal).tolist(),
        "sine_spectrum": SineMatrix(n, "eigenspectrum").create(crystal).tolist(),
        "ewald_unsorted": EwaldSumMatrix(n, "none").create(crystal, accuracy=1e-13).tolist(),
        "ewald_sorted": EwaldSumMatrix(n, "sorted_l2").create(crystal, accuracy=1e-13).tolist(),
        "ewald_spectrum": EwaldSumMatrix(n, "eigenspectrum").create(crystal, accuracy=1e-13).tolist(),
        "acsf elements": ELEMENTS,
        "acsf": acsf.create(crystal).tolist(),
    }
    with open(out, "w", encoding="utf-8") as f:
        f.write("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in value.items()) + "\n}\n")


main(sys.argv[1])
