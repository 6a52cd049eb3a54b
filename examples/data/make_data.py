#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the bundled structures of this folder; README.md says what each is and where its constants come from.

usage: make_data.py [FOLDER]      deterministic: the same bytes every time; Python's standard library only
"""
import itertools
import json
import math
import os
import sys

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


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__)))
