# SPDX-License-Identifier: Apache-2.0
"""Coulomb, sine and Ewald matrices: DScribe 2.1.2 against compiled specs, structures in memory on both sides.

Ours is the C program build/bench/matrices, called as   matrices CASE INPUT.xyz OUT.f64   once per repeat: it loads the
compiled spec and the structures, prints the seconds of one pass over all of them, and writes the values as float64,
structure by structure, without padding.
"""
import os
import subprocess
import tempfile

from side_by_side import Table, arguments, machine, race

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

# case -> input file, DScribe class, its permutation, largest structure, relative tolerance of the comparison, wanted ratio
CASES = {
    "coulomb-unsorted":   ("molecules.xyz", CoulombMatrix, "none", 23, 1e-10, 20),
    "coulomb-sorted":     ("molecules.xyz", CoulombMatrix, "sorted_l2", 23, 1e-10, 10),
    "coulomb-spectrum":   ("molecules.xyz", CoulombMatrix, "eigenspectrum", 23, 1e-10, 3),
    "sine-crystals":      ("crystals.xyz", SineMatrix, "none", 20, 1e-10, 20),
    "sine-defect-cells":  ("mos2_200.xyz", SineMatrix, "none", 192, 1e-10, 20),
    "ewald-crystals":     ("crystals.xyz", EwaldSumMatrix, "none", 20, 1e-4, 10),
}


def rows_of(flat, sizes, spectrum):
    """A padded row of DScribe, or our unpadded block, as comparable numbers: eigenvalues sorted, matrices as they are."""
    n = sizes
    if spectrum:
        return np.sort(flat[:n])
    width = int(round(len(flat) ** 0.5))
    return flat.reshape(width, width)[:n, :n]


def sorted_by_norm(matrix):
    """The one order both sides must agree on up to ties: rows by falling norm, as a sorted list of rows' norms."""
    return np.sort(np.linalg.norm(matrix, axis=1))[::-1]


def difference(peer, ours, sizes, permutation):
    """Largest relative difference over all structures; sorted matrices are compared by their row norms and spectra, since
    equal norms may be ordered either way."""
    worst, start = 0.0, 0
    spectrum = permutation == "eigenspectrum"
    for flat, n in zip(peer, sizes):
        count = n if spectrum else n * n
        a, b = rows_of(flat, n, spectrum), rows_of(ours[start:start + count], n, spectrum)
        start += count
        if permutation == "sorted_l2":
            a, b = (np.concatenate([sorted_by_norm(m), np.linalg.eigvalsh(m)]) for m in (a, b))
        worst = max(worst, float(np.abs(a - b).max() / np.abs(a).max()))
    return worst if start == len(ours) else float("nan")


def ours_call(program, case, path, out):
    def call():
        done = subprocess.run([program, case, path, out], check=True, capture_output=True, text=True)
        return ("timed", float(done.stdout.split()[0]), out)
    return call


def main():
    options = arguments(__doc__)
    program = os.path.join(options.build, "bench", "matrices")
    have_ours = os.path.exists(program)
    table = Table("Coulomb, sine and Ewald matrices", machine("dscribe", "ase", "numpy"), "case", "structures",
                  "DScribe ms each", "ours ms each", "DScribe / ours", "wanted", "largest relative difference")
    bad = []
    for case, (name, descriptor, permutation, largest, tolerance, wanted) in CASES.items():
        path = os.path.join(options.inputs, name)
        systems = ase.io.read(path, ":")
        peer = descriptor(n_atoms_max=max(largest, max(map(len, systems))), permutation=permutation)
        contenders = {"peer": lambda: peer.create(systems, n_jobs=1)}
        with tempfile.TemporaryDirectory() as scratch:
            out = os.path.join(scratch, "out.f64")
            if have_ours:
                contenders["ours"] = ours_call(program, case, path, out)
            result = race(contenders, repeats=3 if options.quick else 7)
            peer_ms = 1e3 * result["peer"][0] / len(systems)
            if not have_ours:
                table.row(case, len(systems), peer_ms, "not built", "", wanted, "")
                continue
            values = np.fromfile(out)
        # DScribe's Ewald sum at 1e-5 is itself the limit of the comparison: compare with its tighter sum
        exact = peer.create(systems, accuracy=1e-12) if descriptor is EwaldSumMatrix else result["peer"][2]
        worst = difference(np.atleast_2d(exact), values, [len(s) for s in systems], permutation)
        ours_ms = 1e3 * result["ours"][0] / len(systems)
        table.row(case, len(systems), peer_ms, ours_ms, peer_ms / ours_ms, wanted, worst)
        if not worst <= tolerance:
            bad.append(f"{case}: values differ by {worst:.3g}")
    if bad:
        raise SystemExit("; ".join(bad))


main()
