#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the bundled structures of this folder; README.md says what each is and where its constants come from.

usage: make_data.py [FOLDER]      deterministic: the same bytes every time; Python's standard library only
"""
import io
import itertools
import json
import math
import os
import struct
import sys
import zipfile

# MoS2 monolayer as in the 2DMD data set: lattice constants in angstrom, fractional sites of the primitive cell
MOS2_A, MOS2_C = 3.19031570, 14.879004
MOS2_SITES = [("Mo", 1 / 3, 2 / 3, 0.25), ("S", 2 / 3, 1 / 3, 0.144826), ("S", 2 / 3, 1 / 3, 0.355174)]


def hexagonal(a, c):
    return [[a, 0.0, 0.0], [-a / 2, a * math.sqrt(3) / 2, 0.0], [0.0, 0.0, c]]


def cubic(a):
    return [[a, 0.0, 0.0], [0.0, a, 0.0], [0.0, 0.0, a]]


def face_centred(a):
    return [[0.0, a / 2, a / 2], [a / 2, 0.0, a / 2], [a / 2, a / 2, 0.0]]


def cartesian(cell, sites):
    return [(s, *(f[0] * cell[0][k] + f[1] * cell[1][k] + f[2] * cell[2][k] for k in range(3))) for s, *f in sites]


# ---- formats ---------------------------------------------------------------------------------------------------------

def fixed(x, digits):
    return f"{x + 0.0:.{digits}f}".replace("-0." + "0" * digits, "0." + "0" * digits)


def extxyz(atoms, cell=None, pbc="T T T", digits=6, **info):
    head = [] if cell is None else ['Lattice="%s"' % " ".join(fixed(x, 8) for row in cell for x in row)]
    head += ["Properties=species:S:1:pos:R:3", f'pbc="{pbc}"']
    head += [f'{k}="{v}"' if " " in str(v) else f"{k}={v}" for k, v in info.items()]
    rows = [f"{s} " + " ".join(fixed(x, digits) for x in r) for s, *r in atoms]
    return "\n".join([str(len(atoms)), " ".join(head), *rows]) + "\n"


def poscar(title, cell, sites):
    names = [k for k, _ in itertools.groupby(s for s, *_ in sites)]
    counts = [len(list(g)) for _, g in itertools.groupby(s for s, *_ in sites)]
    rows = ["  ".join(f"{fixed(x, 10):>14s}" for x in row) for row in cell]
    rows += ["  ".join(names), "  ".join(map(str, counts)), "Direct"]
    rows += ["  ".join(f"{fixed(x, 10):>14s}" for x in f) for _, *f in sites]
    return "\n".join([title, "1.0", *rows]) + "\n"


def cubic_operations(centrings):
    """The 48 operations of m-3m as x,y,z triplets, with each centring."""
    for shift in centrings:
        for order in itertools.permutations("xyz"):
            for signs in itertools.product("+-", repeat=3):
                parts = [sign.replace("+", "") + axis + (f"+{t}" if t else "")
                         for sign, axis, t in zip(signs, order, shift)]
                yield ",".join(parts)


def cif(name, group, number, a, sites, operations):
    head = [f"data_{name}", f"_cell_length_a {a}", f"_cell_length_b {a}", f"_cell_length_c {a}",
            "_cell_angle_alpha 90", "_cell_angle_beta 90", "_cell_angle_gamma 90",
            f"_space_group_name_H-M_alt '{group}'", f"_space_group_IT_number {number}",
            "loop_", "_space_group_symop_operation_xyz", *(f"'{o}'" for o in operations),
            "loop_", "_atom_site_label", "_atom_site_type_symbol", "_atom_site_fract_x", "_atom_site_fract_y",
            "_atom_site_fract_z", "_atom_site_occupancy"]
    return "\n".join(head + [f"{s}{k + 1} {s} {x} {y} {z} 1" for k, (s, x, y, z) in enumerate(sites)]) + "\n"


def pymatgen_json(cell, sites):
    rows = [{"species": [{"element": s, "occu": 1}], "abc": list(f), "xyz": list(r), "label": s, "properties": {}}
            for (s, *f), (_, *r) in zip(sites, cartesian(cell, sites))]
    value = {"@module": "pymatgen.core.structure", "@class": "Structure", "charge": 0,
             "lattice": {"matrix": cell, "pbc": [True, True, True]}, "properties": {}, "sites": rows}
    return json.dumps(value, indent=1) + "\n"


# ---- molecules -------------------------------------------------------------------------------------------------------

def water(length=0.9572, angle=104.52):
    x, z = (length * f(math.radians(angle / 2)) for f in (math.sin, math.cos))
    return [("O", 0.0, 0.0, 0.0), ("H", x, 0.0, z), ("H", -x, 0.0, z)]


def methane(length=1.087):
    d = length / math.sqrt(3)
    return [("C", 0.0, 0.0, 0.0)] + [("H", d * x, d * y, d * x * y) for x in (1, -1) for y in (1, -1)]


def acetylene(cc=1.203, ch=1.063):
    return [(s, 0.0, 0.0, z) for s, z in (("C", -cc / 2), ("C", cc / 2), ("H", -cc / 2 - ch), ("H", cc / 2 + ch))]


def benzene(cc=1.397, ch=1.084):
    ring = lambda s, r: [(s, r * math.cos(k * math.pi / 3), r * math.sin(k * math.pi / 3), 0.0) for k in range(6)]
    return ring("C", cc) + ring("H", cc + ch)


# ---- forces to fit ---------------------------------------------------------------------------------------------------

# A made-up pair potential, sum of m = 1..3: A[a, b, m] exp(-m k d) (1 - x)^4 (1 + 4 x + 10 x^2 + 20 x^3), x = d / rc
FIT_RC, FIT_K = 6.0, 0.8
FIT_A = {("Na", "Na"): (1.5, -2.0, 60.0), ("Cl", "Cl"): (2.0, -9.0, 150.0), ("Cl", "Na"): (-7.0, 14.0, 80.0)}


def pair_slope(a, b, d):
    """The derivative of the energy of one pair by its distance."""
    x = d / FIT_RC
    cut, slope = (1 - x) ** 4 * (1 + 4 * x + 10 * x * x + 20 * x ** 3), -140 * x ** 3 * (1 - x) ** 3 / FIT_RC
    terms = [(A * math.exp(-m * FIT_K * d), m * FIT_K) for m, A in enumerate(FIT_A[min(a, b), max(a, b)], 1)]
    return sum(v * (slope - rate * cut) for v, rate in terms)


def pair_forces(atoms, cell):
    shifts = [[sum(n[r] * cell[r][k] for r in range(3)) for k in range(3)] for n in itertools.product((-2, -1, 0, 1, 2), repeat=3)]
    forces = [[0.0] * 3 for _ in atoms]
    for (i, (a, *p)), (b, *q), t in itertools.product(enumerate(atoms), atoms, shifts):
        v = [q[k] + t[k] - p[k] for k in range(3)]
        d = math.sqrt(sum(c * c for c in v))
        if 1e-9 < d < FIT_RC:
            forces[i] = [forces[i][k] + pair_slope(a, b, d) * v[k] / d for k in range(3)]
    return forces


def shaken_salt(frame):
    """Eight atoms of rock salt, cell and places off by fixed amounts that look like chance."""
    wave = lambda n: math.sin(12.9898 * n + 78.233 * frame)
    cell = [[5.64 * (i == j) + 0.25 * wave(3 * i + j) for j in range(3)] for i in range(3)]
    corners = [(0.0, 0.0, 0.0), (0.0, 0.5, 0.5), (0.5, 0.0, 0.5), (0.5, 0.5, 0.0)]
    sites = [("Na", *c) for c in corners] + [("Cl", *(x + 0.5 for x in c)) for c in corners]
    return [(s, *(x + 0.2 * wave(10 + 3 * n + k) for k, x in enumerate(r)))
            for n, (s, *r) in enumerate(cartesian(cell, sites))], cell


def with_forces(frame):
    atoms, cell = shaken_salt(frame)
    atoms = [(s, *(float(fixed(x, 6)) for x in r)) for s, *r in atoms]
    cell = [[float(fixed(x, 8)) for x in row] for row in cell]
    head, comment, *rows = extxyz(atoms, cell).split("\n")
    comment = comment.replace("pos:R:3", "pos:R:3:forces:R:3")
    lines = [row + " " + " ".join(fixed(x, 9) for x in f) for row, f in zip(rows, pair_forces(atoms, cell))]
    return "\n".join([head, comment, *lines]) + "\n"


def npz(**arrays):
    """What numpy.savez writes: name = (shape, numbers)."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_STORED) as z:
        for name, (shape, numbers) in arrays.items():
            head = "{'descr': '<f8', 'fortran_order': False, 'shape': %r, }" % (shape,)
            head += " " * (-(len(head) + 11) % 64) + "\n"
            body = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + struct.pack(f"<{len(numbers)}d", *numbers)
            z.writestr(zipfile.ZipInfo(name + ".npy", (1980, 1, 1, 0, 0, 0)), body)
    return data.getvalue()


def main(folder):
    def write(name, data):
        with open(os.path.join(folder, name), "wb") as f:
            f.write(data if isinstance(data, bytes) else data.encode())

    host = [(s, *f) for s, *f in MOS2_SITES]
    mos2 = hexagonal(MOS2_A, MOS2_C)
    diamond = [("Si", 0.0, 0.0, 0.0), ("Si", 0.25, 0.25, 0.25)]
    corners = [(0.0, 0.0, 0.0), (0.0, 0.5, 0.5), (0.5, 0.0, 0.5), (0.5, 0.5, 0.0)]
    si8 = [("Si", *(x + d for x in f)) for d in (0.0, 0.25) for f in corners]
    salt = [("Na", 0.0, 0.0, 0.0), ("Cl", 0.5, 0.5, 0.5)]

    write("mos2_host.poscar", poscar("MoS2 monolayer, primitive cell", mos2, host))
    write("mos2_monolayer.xyz", extxyz(cartesian(mos2, host), mos2, "T T F", 8, name="MoS2"))
    write("si_primitive.poscar", poscar("Si, diamond, primitive cell", face_centred(5.431), diamond))
    write("si_conventional.xyz", extxyz(cartesian(cubic(5.431), si8), cubic(5.431), digits=8, name="Si"))
    write("nacl_primitive.poscar", poscar("NaCl, rock salt, primitive cell", face_centred(5.6402), salt))
    write("nacl_conventional.cif", cif("NaCl", "F m -3 m", 225, 5.6402, salt, cubic_operations(
        [("", "", ""), ("", "1/2", "1/2"), ("1/2", "", "1/2"), ("1/2", "1/2", "")])))
    write("cscl.json", pymatgen_json(cubic(4.123), [("Cs", 0.0, 0.0, 0.0), ("Cl", 0.5, 0.5, 0.5)]))
    frames = [("water", water()), ("methane", methane()), ("acetylene", acetylene()), ("benzene", benzene())]
    write("water.xyz", extxyz(water(), pbc="F F F", digits=8, name="water"))
    write("molecules.xyz", "".join(extxyz(atoms, pbc="F F F", digits=8, name=name) for name, atoms in frames))
    write("salt_forces.xyz", "".join(with_forces(frame) for frame in range(3)))
    start = [1.0, -1.0, 100.0, -4.0, 8.0, 100.0, -4.0, 8.0, 100.0, 1.0, -1.0, 100.0]
    write("salt_weights.npz", npz(A=((2, 2, 3), start), k=((), [0.9])))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__)))
