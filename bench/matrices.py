# SPDX-License-Identifier: Apache-2.0
"""Coulomb, sine and Ewald matrices: DScribe 2.1.2 against compiled specs, structures in memory on both sides.

Ours is build/PRESET/bench/apply (apply.c), called as   apply SPEC:TRANSFORM INPUT.xyz OUT.f64   once per repeat: it compiles
the spec of the standard library (padded to the same size as DScribe's), reads the structures, prints the seconds of one
pass over all of them, preparing batches included, and writes the values as float64.
"""
import os
import re
import subprocess
import tempfile

from side_by_side import Table, arguments, machine, race, target_ratio

import ase
import ase.io
import dscribe.core.system
import numpy as np
from dscribe.descriptors import CoulombMatrix, EwaldSumMatrix, SineMatrix

# DScribe 2.1.2 hands positional arguments to ase.Atoms, which ASE 3.29 refuses; the same by keyword, at the same cost
FIELDS = dict(symbols="get_chemical_symbols", positions="get_positions", tags="get_tags", momenta="get_momenta",
              masses="get_masses", magmoms="get_initial_magnetic_moments", charges="get_initial_charges",
              cell="get_cell", pbc="get_pbc", celldisp="get_celldisp")
CACHES = ("_cell_inverse", "_displacement_tensor", "_distance_matrix", "_inverse_distance_matrix")


class System(dscribe.core.system.System):
    def __init__(self, **fields):
        ase.Atoms.__init__(self, **fields)
        self.wyckoff_positions = self.equivalent_atoms = None
        for cache in CACHES:
            setattr(self, cache, None)


def system_of(atoms):
    fields = {key: getattr(atoms, get)() for key, get in FIELDS.items()}
    return System(constraint=atoms.constraints, calculator=atoms.calc, info=atoms.info, **fields)


dscribe.core.system.System.from_atoms = staticmethod(system_of)

STDLIB = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "stdlib", "descriptors")

# case -> input, DScribe class, its permutation, places, our spec and transform, tolerance of the comparison, wanted ratio
CASES = {
    "coulomb-unsorted":  ("molecules.xyz", CoulombMatrix, "none", 23, "coulomb_matrix", "coulomb_unsorted", 1e-10, 20),
    "coulomb-sorted":    ("molecules.xyz", CoulombMatrix, "sorted_l2", 23, "coulomb_matrix", "coulomb_sorted", 1e-10, 10),
    "coulomb-spectrum":  ("molecules.xyz", CoulombMatrix, "eigenspectrum", 23, "coulomb_matrix", "coulomb_spectrum", 1e-10, 3),
    "sine-crystals":     ("crystals.xyz", SineMatrix, "none", 20, "sine_matrix", "sine_unsorted", 1e-10, 20),
    "sine-defect-cells": ("mos2_200.xyz", SineMatrix, "none", 192, "sine_matrix", "sine_unsorted", 1e-10, 20),
    "ewald-crystals":    ("crystals.xyz", EwaldSumMatrix, "none", 20, "ewald_matrix", "ewald_unsorted", 1e-4, 10),
}


def comparable(values, permutation):
    """Rows of numbers that both sides must agree on: of sorted matrices the row norms and the spectrum, since rows of equal
    norm may stand in either order; of spectra the sizes."""
    if permutation == "eigenspectrum":
        return np.sort(np.abs(values), axis=1)
    if permutation != "sorted_l2":
        return values
    width = int(round(values.shape[1] ** 0.5))
    matrices = values.reshape(len(values), width, width)
    return np.concatenate([np.sort(np.linalg.norm(matrices, axis=2), axis=1), np.linalg.eigvalsh(matrices)], axis=1)


def difference(peer, ours, permutation):
    """Largest difference over all structures, relative to the largest value of each."""
    a, b = comparable(peer, permutation), comparable(ours.reshape(peer.shape), permutation)
    return float((np.abs(a - b).max(axis=1) / np.abs(a).max(axis=1)).max())


def spec_of(folder, name, places):
    """The spec of the standard library with another number of places."""
    with open(os.path.join(STDLIB, name + ".mtx")) as text:
        spec = re.sub(r"(?m)^const n_max = \d+", "const n_max = %d" % places, text.read())
    path = os.path.join(folder, name + ".mtx")
    with open(path, "w") as out:
        out.write(spec)
    return path


def periodic_copy(folder, path):
    """DScribe takes every direction as periodic for these matrices; so do we."""
    copy = os.path.join(folder, os.path.basename(path))
    with open(path) as text, open(copy, "w") as out:
        out.write(text.read().replace('pbc="T T F"', 'pbc="T T T"'))
    return copy


def ours_call(program, spec, path, out):
    def call():
        done = subprocess.run([program, spec, path, out], check=True, capture_output=True, text=True)
        return ("timed", float(done.stdout.split()[0]), out)
    return call


def main():
    options = arguments(__doc__)
    program = os.path.join(options.build, "bench", "apply")
    table = Table("Coulomb, sine and Ewald matrices", machine("dscribe", "ase", "numpy"), "case", "structures",
                  "DScribe us each", "ours us each", "DScribe / ours", "wanted", "largest relative difference")
    bad = []
    for case, (name, descriptor, permutation, places, spec, transform, tolerance, wanted) in CASES.items():
        path = os.path.join(options.inputs, name)
        systems = ase.io.read(path, ":")
        peer = descriptor(n_atoms_max=places, permutation=permutation)
        with tempfile.TemporaryDirectory() as scratch:
            out = os.path.join(scratch, "out.f64")
            where = "%s:%s" % (spec_of(scratch, spec, places), transform)
            contenders = {"peer": lambda: peer.create(systems, n_jobs=1),
                          "ours": ours_call(program, where, periodic_copy(scratch, path), out)}
            result = race(contenders, repeats=3 if options.quick else 7)
            values = np.fromfile(out)
        # DScribe's Ewald sum at 1e-5 is itself the limit of the comparison: compare with its tighter sum
        exact = peer.create(systems, accuracy=1e-12) if descriptor is EwaldSumMatrix else result["peer"][2]
        worst = difference(np.atleast_2d(exact), values, permutation)
        peer_us, ours_us = (1e6 * result[who][0] / len(systems) for who in ("peer", "ours"))
        table.row(case, len(systems), peer_us, ours_us, peer_us / ours_us, wanted, worst)
        target_ratio(options, case.replace("-", " ", 1), "DScribe", wanted, [peer_us / ours_us])
        if not worst <= tolerance:
            bad.append(f"{case}: values differ by {worst:.3g}")
    if bad:
        raise SystemExit("; ".join(bad))


main()
