# SPDX-License-Identifier: Apache-2.0
"""Inputs of the benchmarks, deterministic: the same seeds give the same files everywhere.

usage: make_inputs.py FOLDER MOS2_GAP_XYZ_GZ
  molecules.xyz    200 molecules of 5..23 atoms (H C N O), grown bond by bond, no two atoms closer than 0.85 angstrom
  crystals.xyz     200 triclinic crystals of 2..20 atoms (Mg Al O), no two images closer than 1.55 angstrom
  mos2.xyz         the given file, unpacked; mos2_200.xyz, mos2_20.xyz: its first frames
  siN.xyz          diamond silicon of N = 64, 512, 4096, 32768, 262144 atoms, each coordinate moved by at most 0.1 angstrom
"""
import gzip
import itertools
import os
import sys

import numpy as np


def text_of(species, positions, cell=None, pbc="T T T"):
    lattice = "" if cell is None else 'Lattice="%s" ' % " ".join("%.8f" % x for x in np.ravel(cell))
    rows = ["%s %.8f %.8f %.8f" % (s, *r) for s, r in zip(species, positions)]
    return "\n".join([str(len(rows)), f'{lattice}Properties=species:S:1:pos:R:3 pbc="{pbc}"', *rows, ""])


def grow_molecule(rng):
    size = int(rng.integers(5, 24))
    species = rng.choice(["H", "C", "N", "O"], size=size, p=[0.5, 0.35, 0.08, 0.07])
    atoms = [np.zeros(3)]
    while len(atoms) < size:
        direction = rng.normal(size=3)
        direction /= np.linalg.norm(direction)
        candidate = atoms[rng.integers(len(atoms))] + direction * rng.uniform(0.95, 1.6)
        if all(np.linalg.norm(candidate - a) > 0.85 for a in atoms):
            atoms.append(candidate)
    return text_of(species, atoms, pbc="F F F")


def random_cell(rng, size):
    """A cell of 12..18 cubic angstrom per atom with angles of 65..115 degrees; None when it came out too flat."""
    alpha, beta, gamma = np.radians(rng.uniform(65, 115, 3))
    lengths = rng.uniform(0.75, 1.35, 3)
    x = np.cos(beta)
    y = (np.cos(alpha) - np.cos(beta) * np.cos(gamma)) / np.sin(gamma)
    if 1 - x * x - y * y < 0.2:
        return None
    cell = np.array([[1, 0, 0], [np.cos(gamma), np.sin(gamma), 0], [x, y, np.sqrt(1 - x * x - y * y)]])
    cell *= lengths[:, None]
    return cell * (size * rng.uniform(12, 18) / abs(np.linalg.det(cell))) ** (1 / 3)


def fill_crystal(rng, near):
    size = int(rng.integers(2, 21))
    cell = random_cell(rng, size)
    if cell is None:
        return None
    images = near @ cell
    if np.linalg.norm(images[np.any(near != 0, axis=1)], axis=1).min() < 1.9:
        return None
    atoms = []
    for _ in range(5000):
        candidate = rng.random(3) @ cell
        if all(np.linalg.norm(candidate - a + images, axis=1).min() > 1.55 for a in atoms):
            atoms.append(candidate)
        if len(atoms) == size:
            break
    else:
        return None
    rest = rng.choice(["Mg", "Al", "O"], size=max(0, size - 3), p=[0.25, 0.2, 0.55])
    return text_of(["Mg", "Al", "O"][:size] + list(rest), atoms, cell)


def silicon(repeats, constant=5.431):
    rng = np.random.default_rng(1000 + repeats)
    faces = np.array([[0, 0, 0], [0, .5, .5], [.5, 0, .5], [.5, .5, 0]])
    second = np.array([[.25, .25, .25], [.25, .75, .75], [.75, .25, .75], [.75, .75, .25]])
    basis = np.concatenate([faces, second])
    # the cells run as x, y, z of nested loops, z fastest
    cells = np.array(list(itertools.product(range(repeats), repeat=3)))
    sites = (cells[:, None, :] + basis).reshape(-1, 3) * constant
    sites = sites + rng.uniform(-0.1, 0.1, sites.shape)
    return text_of(["Si"] * len(sites), sites, np.eye(3) * constant * repeats)


def first_frames(text, count):
    end = 0
    for _ in range(count):
        line_end = text.find("\n", end)
        if line_end < 0:
            break
        for _ in range(int(text[end:line_end]) + 2):
            end = text.index("\n", end) + 1
    return text[:end]


def main(folder, mos2):
    os.makedirs(folder, exist_ok=True)

    def write(name, text):
        with open(os.path.join(folder, name), "w") as f:
            f.write(text)

    rng = np.random.default_rng(20240501)
    write("molecules.xyz", "".join(grow_molecule(rng) for _ in range(200)))

    rng = np.random.default_rng(20240502)
    near = np.array(list(itertools.product(range(-2, 3), repeat=3)))
    crystals = []
    while len(crystals) < 200:
        crystal = fill_crystal(rng, near)
        if crystal is not None:
            crystals.append(crystal)
    write("crystals.xyz", "".join(crystals))

    with gzip.open(mos2, "rt") as f:
        text = f.read()
    write("mos2.xyz", text)
    write("mos2_200.xyz", first_frames(text, 200))
    write("mos2_20.xyz", first_frames(text, 20))

    for repeats in (2, 4, 8, 16, 32):
        write(f"si{8 * repeats ** 3}.xyz", silicon(repeats))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
