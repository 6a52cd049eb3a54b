#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes potentials/{gupta,gupta_alloy,zbl_faded,coulomb,eam_closed,eam_alloy_closed,network}.json from formulas alone, in numpy: plain sums
over all pairs of images, derivatives by a complex step (exact to rounding). The embedded-atom values are those of the
formulas behind the tables of setfl.py, so they differ from LAMMPS's by what its interpolation does; the Coulomb sums are made
with two splittings, which must agree.

usage: make_closed.py [NAME...]      with numpy and scipy
"""
import itertools
import os
import sys

import numpy as np
from scipy.special import erfc

from frames import arrays, carbide, crystal, fcc, lattice, random_cell, swapped
from make_potentials import silica, write
from setfl import KINDS

K_E = 14.3996454784255                                # eV Å, as in stdlib/prelude.mtx
STEP = 1e-30
STDLIB = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "stdlib", "potentials")

# Cleri and Rosato, Phys. Rev. B 48, 22 (1993): A, xi in eV, p, q, r0 in Å; the last is their Cu3Au
GUPTA = {("Cu", "Cu"): (0.0855, 1.2240, 10.960, 2.2780, 2.5562), ("Au", "Au"): (0.2061, 1.7900, 10.229, 4.0360, 2.8850),
         ("Cu", "Au"): (0.1539, 1.5605, 11.050, 3.0475, 2.5562)}
INNER, OUTER = 5.0, 6.0


def norm(d):
    return np.sqrt((d * d).sum(-1))                   # np.linalg.norm would take sizes of complex numbers


def pair_list(cell, positions, reach):
    """i, j, shift of every directed pair closer than reach"""
    heights = 1 / np.linalg.norm(np.linalg.inv(cell), axis=0)
    spread = np.ptp(positions @ np.linalg.inv(cell), axis=0)
    most = [int(np.ceil(reach / h + s)) for h, s in zip(heights, spread)]
    out = []
    for shift in itertools.product(*(range(-m, m + 1) for m in most)):
        d = positions[None, :] - positions[:, None] + np.array(shift) @ cell
        r = np.linalg.norm(d, axis=-1)
        out += [(i, j, shift) for i, j in zip(*np.nonzero((r < reach) & (r > 1e-9)))]
    i, j, s = (np.array(x) for x in zip(*out))
    return i, j, s


def derived(one, energy, **more):
    """energy(cell, positions) -> energies of the atoms, for complex arrays. Forces and virial by complex steps."""
    cell, symbols, positions = arrays(one)
    energies = energy(cell, positions)
    forces, virial = np.zeros(positions.shape), np.zeros((3, 3))
    for k in np.ndindex(positions.shape):
        moved = positions.astype(complex)
        moved[k] += 1j * STEP
        forces[k] = -energy(cell, moved).sum().imag / STEP
    for a, b in itertools.product(range(3), repeat=2):
        strain = np.eye(3, dtype=complex)
        strain[a, b] += 1j * STEP / 2
        strain[b, a] += 1j * STEP / 2
        virial[a, b] = -energy(cell @ strain, positions @ strain).sum().imag / STEP
    return one | {"energy": float(energies.sum()), "energies": energies.tolist(), "forces": forces.tolist(),
                  "virial": virial.tolist()} | more


def taper(r, inner=INNER, outer=OUTER):
    x = (r - inner) / (outer - inner)
    return np.where(x.real < 0, 1, (1 - x) ** 3 * (1 + 3 * x + 6 * x**2))


def gathered(values, i, n):
    out = np.zeros(n, dtype=values.dtype)
    np.add.at(out, i, values)
    return out


def gupta(one):
    cell, symbols, positions = arrays(one)
    i, j, shift = pair_list(cell, positions, OUTER)
    table = {k: v for (a, b), v in GUPTA.items() for k in ((a, b), (b, a))}
    A, xi, p, q, r0 = np.array([table[symbols[a], symbols[b]] for a, b in zip(i, j)]).T

    def energy(cell, positions):
        x = norm(positions[j] - positions[i] + shift @ cell)
        repel = gathered(A * np.exp(-p * (x / r0 - 1)) * taper(x), i, len(symbols))
        band = gathered(xi**2 * np.exp(-2 * q * (x / r0 - 1)) * taper(x), i, len(symbols))
        return repel - np.sqrt(band)
    return derived(one, energy)


def zbl(one):
    cell, symbols, positions = arrays(one)
    i, j, shift = pair_list(cell, positions, 3.0)
    charge = {"Si": 14.0, "C": 6.0}
    qi, qj = (np.array([charge[symbols[a]] for a in k]) for k in (i, j))
    terms = ((.18175, 3.19980), (.50986, .94229), (.28022, .40290), (.02817, .20162))

    def energy(cell, positions):
        r = norm(positions[j] - positions[i] + shift @ cell)
        x = r * (qi**.23 + qj**.23) / 0.46850
        screen = sum(g * np.exp(-k * x) for g, k in terms)
        return gathered(K_E / 2 * qi * qj / r * screen * taper(r, 2.0, 3.0), i, len(symbols))
    return derived(one, energy)


def eam(one):
    """The functions of setfl.py once more, for complex numbers."""
    cell, symbols, positions = arrays(one)
    i, j, shift = pair_list(cell, positions, 5.0)
    _, _, _, scale, decay, _, _, _, middle = np.array([KINDS[symbols[b]] for b in j]).T
    deep = np.array([KINDS[s][5] for s in symbols])
    e, k, d = (np.array([[KINDS[symbols[b]][m] for b in pair] for pair in zip(i, j)]).T for m in (6, 7, 8))
    e, k, d = np.sqrt(e[0] * e[1]), k.mean(0), d.mean(0)

    def energy(cell, positions):
        r = norm(positions[j] - positions[i] + shift @ cell)
        x = r / 5.0
        edge = (1 - x) ** 4 * (1 + 4 * x + 10 * x**2 + 20 * x**3)
        rho = gathered(scale * np.exp(-decay * (r - middle)) * edge, i, len(symbols))
        half = e * (np.exp(-2 * k * (r - d)) - 2 * np.exp(-k * (r - d))) * edge / 2
        return gathered(half, i, len(symbols)) - deep * (np.sqrt(rho + 0.25) - 0.5)
    return derived(one, energy)


def ewald_energy(q, split, reach, waves, lists):
    i, j, shift = lists

    def energy(cell, positions):
        inverse = np.linalg.inv(cell)
        volume = abs(np.linalg.det(cell).real) if cell.dtype != complex else np.linalg.det(cell)
        volume = volume if volume.real > 0 else -volume
        r = norm(positions[j] - positions[i] + shift @ cell)
        share = gathered(q[i] * q[j] * erfc(split * r) / r / 2, i, len(q))
        g = 2 * np.pi * waves @ inverse.T
        g2 = (g * g).sum(-1)
        phase = positions @ g.T
        c, s = np.cos(phase), np.sin(phase)
        C, S = q @ c, q @ s
        weight = 2 * np.pi / volume * np.exp(-g2 / (4 * split**2)) / g2
        share = share + q * ((c * C + s * S) @ weight)
        return K_E * (share - split / np.sqrt(np.pi) * q**2 - np.pi / (2 * volume * split**2) * q * q.sum())
    return energy


def coulomb(one):
    cell, symbols, positions = arrays(one)
    q = np.array([one["charges"][s] for s in symbols])
    values = []
    for split in (0.35, 0.5):
        reach, k_most = 6.2 / split, 2 * split * 6.2
        most = [int(k_most * np.linalg.norm(row) / (2 * np.pi)) + 1 for row in cell]
        waves = np.array([w for w in itertools.product(*(range(-m, m + 1) for m in most)) if any(w)])
        waves = waves[np.linalg.norm(2 * np.pi * waves @ np.linalg.inv(cell).T, axis=1) < k_most]
        values.append(derived(one, ewald_energy(q, split, reach, waves, pair_list(cell, positions, reach))))
    for key in "energy", "energies", "forces", "virial":
        worst = np.abs(np.array(values[0][key]) - np.array(values[1][key])).max()
        assert worst < 1e-11 * max(1, np.abs(values[0][key]).max()), (one["name"], key, worst)
    return values[1]


def weights(name):
    """{column: array over the keys} of stdlib/potentials/made_up_NAME.csv; elements O, Si"""
    with open(os.path.join(STDLIB, f"made_up_{name}.csv"), encoding="utf-8") as f:
        rows = [line.strip().split(", ") for line in f if not line.startswith("#")]
    keys = sum(word in ("element", "index") for word in rows[0])
    places = np.array([[("O", "Si").index(x) if x in ("O", "Si") else int(x) for x in row[:keys]] for row in rows[1:]])
    out = {}
    for k, column in enumerate(rows[0][keys:], keys):
        out[column.split()[0]] = np.zeros(places.max(0) + 1)
        out[column.split()[0]][tuple(places.T)] = [float(row[k]) for row in rows[1:]]
    return out


def network(one):
    cell, symbols, positions = arrays(one)
    z = np.array([("O", "Si").index(s) for s in symbols])
    i, j, shift = pair_list(cell, positions, 5.0)
    b, c = (x.ravel() for x in np.meshgrid(range(len(i)), range(len(i)), indexing="ij"))
    b, c = b[(i[b] == i[c]) & (b != c)], c[(i[b] == i[c]) & (b != c)]
    centre, w = np.array([0.8, 1.6, 2.4, 3.2, 4.0, 4.8]), {n: weights(n) for n in ("radial", "angular", "hidden", "units", "atoms")}

    def edge(r):
        x = r / 5.0
        return np.where(x.real < 1, (1 - x) ** 3 * (1 + 3 * x + 6 * x**2), 0)

    def energy(cell, positions):
        d = positions[j] - positions[i] + shift @ cell
        r = norm(d)
        g2 = np.zeros((len(z), 2, 6), dtype=r.dtype)
        np.add.at(g2, (i, z[j]), np.exp(-2 * (r[:, None] - centre) ** 2) * edge(r)[:, None])
        x, between = (d[b] * d[c]).sum(-1) / (r[b] * r[c]), norm(d[b] - d[c])
        wide = np.exp(-0.03 * (r[b]**2 + r[c]**2 + between**2)) * edge(r[b]) * edge(r[c]) * edge(between)
        sharp = np.array([2**(1 - p) * (1 + sign * x) ** p for sign in (1, -1) for p in (1, 2, 4)])
        g4 = np.zeros((len(z), 2, 2, 6), dtype=r.dtype)
        np.add.at(g4, (i[b], z[j[b]], z[j[c]]), (sharp * wide).T)
        first = np.tanh(w["units"]["first"][z] + np.einsum("izun,izn->iu", w["radial"]["weight"][z], g2)
                        + np.einsum("iyzun,iyzn->iu", w["angular"]["weight"][z], g4))
        second = np.tanh(w["units"]["second"][z] + np.einsum("iuv,iv->iu", w["hidden"]["weight"][z], first))
        return w["atoms"]["alone"][z] + (w["units"]["last"][z] * second).sum(-1)
    return derived(one, energy)


def charged():
    salt = [crystal("rock salt", lattice("rocksalt", 5.6402), ["Na", "Cl"]),
            crystal("rock salt, primitive", lattice("rocksalt primitive", 5.6402), ["Na", "Cl"]),
            crystal("displaced, left-handed", lattice("rocksalt primitive", 5.64), ["Na", "Cl"], (2, 2, 1), moved=.3, strained=.08,
                    turned="mirrored", seed=71),
            random_cell("charged", ["Na"] * 7 + ["Cl"] * 4, 14.0, 1.8, 72)]
    return [one | {"charges": {"Na": 1.0, "Cl": -1.0}} for one in salt] + \
        [one | {"charges": {"Si": 2.4, "O": -1.2}} for one in silica()]


def close():
    return swapped(carbide()) + [random_cell("close", ["Si"] * 4 + ["C"] * 4, 4.0, .7, 51)]


CASES = {"gupta": (gupta, lambda: fcc(["Cu"], 3.61, 81)), "gupta_alloy": (gupta, lambda: fcc(["Cu", "Au"], 3.75, 82)),
         "zbl_faded": (zbl, close), "coulomb": (coulomb, charged), "eam_closed": (eam, lambda: fcc(["Cu"], 3.61, 61)),
         "network": (network, silica), "eam_alloy_closed": (eam, lambda: fcc(["Cu", "Ni"], 3.58, 62))}

for name in sys.argv[1:] or CASES:
    value, frames = CASES[name]
    write(name, {"made by": f"tests/reference/make_closed.py {name}, numpy {np.__version__}",
                 "frames": [value(one) for one in frames()]})
