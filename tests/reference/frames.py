# SPDX-License-Identifier: Apache-2.0
"""Structures for the reference values: crystals that are repeated, strained, displaced and turned, and random cells. In go
lattices, in come frames {"cell": rows, "sites": [[symbol, x, y, z], ...]}, in angstrom, with rounded numbers, so that the
text of a frame is the frame. Nothing is evaluated here. Seeds are fixed: the same call gives the same frame."""
import numpy as np

DIGITS = 6


def lattice(kind, a, c=None):
    """(cell rows, fractional positions) of the conventional cell; positions in the order of the elements given later."""
    fcc = [[0, 0, 0], [0, .5, .5], [.5, 0, .5], [.5, .5, 0]]
    kinds = {
        "sc": (np.eye(3), [[0, 0, 0]]),
        "bcc": (np.eye(3), [[0, 0, 0], [.5, .5, .5]]),
        "fcc": (np.eye(3), fcc),
        "diamond": (np.eye(3), fcc + [[x + .25 for x in f] for f in fcc]),
        "rocksalt": (np.eye(3), fcc + [[x + .5 for x in f] for f in fcc]),
        "fcc primitive": ([[0, .5, .5], [.5, 0, .5], [.5, .5, 0]], [[0, 0, 0]]),
        "diamond primitive": ([[0, .5, .5], [.5, 0, .5], [.5, .5, 0]], [[0, 0, 0], [.25, .25, .25]]),
        "rocksalt primitive": ([[0, .5, .5], [.5, 0, .5], [.5, .5, 0]], [[0, 0, 0], [.5, .5, .5]]),
        "hcp": ([[1, 0, 0], [-.5, 3**.5 / 2, 0], [0, 0, (c or 0) / a]], [[0, 0, 0], [1 / 3, 2 / 3, .5]]),
    }
    cell, basis = kinds[kind]
    return a * np.array(cell, float), np.array(basis, float)


def rotation(rng, improper=False):
    q, r = np.linalg.qr(rng.normal(size=(3, 3)))
    q = q * np.sign(np.diag(r))
    return q if (np.linalg.det(q) < 0) == improper else -q


def crystal(name, shape, symbols, repeat=(1, 1, 1), moved=0.0, strained=0.0, turned=None, seed=1):
    """symbols: one per atom of the cell, or as many as divide it. moved: every coordinate by up to so much; strained: all
    nine components of a deformation up to so much; turned: None, "proper", or "mirrored", which makes a left-handed cell."""
    rng = np.random.default_rng(seed)
    cell, basis = shape
    names = [symbols[k * len(symbols) // len(basis)] for k in range(len(basis))]
    steps = [(a, b, c) for a in range(repeat[0]) for b in range(repeat[1]) for c in range(repeat[2])]
    sites = [(s, (f + step) @ cell) for step in steps for s, f in zip(names, basis)]
    cell = cell * np.array(repeat, float)[:, None]
    deform = np.eye(3) + rng.uniform(-strained, strained, (3, 3))
    if turned:
        deform = deform @ rotation(rng, turned == "mirrored").T
    positions = np.array([x for _, x in sites]) @ deform + rng.uniform(-moved, moved, (len(sites), 3))
    return frame(name, cell @ deform, [s for s, _ in sites], positions)


def random_cell(name, symbols, volume, closest, seed):
    """A skewed cell with atoms anywhere, no two of them closer than closest."""
    rng = np.random.default_rng(seed)
    while True:
        cell = np.eye(3) + rng.uniform(-.35, .35, (3, 3))
        if np.linalg.det(cell) > 0.6:
            break
    cell *= (volume * len(symbols) / np.linalg.det(cell)) ** (1 / 3)
    near = [(a, b, c) for a in (-2, -1, 0, 1, 2) for b in (-2, -1, 0, 1, 2) for c in (-2, -1, 0, 1, 2)]
    images, placed = np.array(near) @ cell, []
    for _ in range(100000):
        p = rng.random(3) @ cell
        if all(np.linalg.norm(p - q + images, axis=1).min() > closest for q in placed):
            placed.append(p)
        if len(placed) == len(symbols):
            return frame(name, cell, symbols, np.array(placed))
    raise ValueError(f"{name}: no room")


def frame(name, cell, symbols, positions):
    rounded = [[round(float(x), DIGITS) for x in row] for row in positions]
    return {"name": name, "cell": [[round(float(x), DIGITS) for x in row] for row in cell],
            "sites": [[s, *r] for s, r in zip(symbols, rounded)]}


def arrays(one):
    """(cell, symbols, positions) of a frame"""
    return (np.array(one["cell"]), [s for s, *_ in one["sites"]], np.array([r for _, *r in one["sites"]], float))


def silicon():
    a = 5.431
    return [crystal("diamond", lattice("diamond", a), ["Si"]),
            crystal("diamond, displaced and sheared", lattice("diamond", a), ["Si"], moved=.15, strained=.05, seed=11),
            crystal("64 atoms, displaced", lattice("diamond", a), ["Si"], (2, 2, 2), moved=.1, seed=12),
            crystal("skewed, turned", lattice("diamond primitive", a), ["Si"], (3, 2, 1), moved=.12, strained=.03,
                    turned="proper", seed=13),
            crystal("left-handed, stretched", lattice("diamond primitive", 5.8), ["Si"], (1, 3, 2), moved=.2,
                    turned="mirrored", seed=14),
            random_cell("random", ["Si"] * 16, 22.0, 2.0, 15)]


def carbide():
    a = 4.36
    return [crystal("zincblende", lattice("diamond", a), ["Si", "C"]),
            crystal("zincblende, displaced and sheared", lattice("diamond", a), ["Si", "C"], moved=.15, strained=.05, seed=21),
            crystal("antisites", lattice("diamond primitive", a), ["Si", "C"], (2, 2, 2), moved=.2, strained=.03,
                    turned="proper", seed=22) | {"swap": [0, 1, 6]},
            random_cell("random", ["Si"] * 10 + ["C"] * 10, 13.0, 1.6, 23)]


def fcc(symbols, a, seed):
    """Frames of a close-packed metal or noble gas; two elements are mixed."""
    pick = np.random.default_rng(seed)

    def mixed(one):
        for site in one["sites"]:
            site[0] = str(pick.choice(symbols))
        return one
    frames = [crystal("fcc", lattice("fcc", a), symbols[:1]),
              crystal("one atom", lattice("fcc primitive", a), symbols[:1], strained=.04, seed=seed + 1),
              crystal("displaced and sheared", lattice("fcc", a), symbols[:1], (2, 2, 1), moved=.05 * a, strained=.05,
                      seed=seed + 2),
              crystal("skewed, left-handed", lattice("fcc primitive", a), symbols[:1], (3, 3, 2), moved=.04 * a,
                      strained=.03, turned="mirrored", seed=seed + 3),
              random_cell("random", [symbols[0]] * 16, a**3 / 3.4, .55 * a, seed + 4)]
    return frames if len(symbols) == 1 else [*frames[:1], *map(mixed, frames[2:])]


def swapped(frames):
    """Carries out the exchanges that a frame asks for."""
    for one in frames:
        for k in one.pop("swap", []):
            one["sites"][k][0] = "C" if one["sites"][k][0] == "Si" else "Si"
    return frames
