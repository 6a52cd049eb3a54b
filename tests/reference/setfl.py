# SPDX-License-Identifier: Apache-2.0
"""Embedded-atom tables made from closed formulas, in the format that LAMMPS reads as eam/alloy (`setfl`): what the tests
of tables read, free of other people's rights. The numbers are of the size of copper's and nickel's but fit nothing."""
import os

import numpy as np

REACH, POINTS, DENSITIES, MOST = 5.0, 400, 300, 60.0
# element -> (Z, mass, lattice constant, density: scale, decay 1/Å; embedding: eV; pair: eV, decay, distance)
KINDS = {"Cu": (29, 63.546, 3.615, 1.0, 1.6, 2.3, 0.34, 1.35, 2.55), "Ni": (28, 58.693, 3.52, 1.2, 1.7, 2.7, 0.40, 1.42, 2.49)}


def taper(r):
    """1 at 0, vanishes with three derivatives at REACH."""
    x = r / REACH
    return np.where(r < REACH, (1 - x) ** 4 * (1 + 4 * x + 10 * x**2 + 20 * x**3), 0 * x)


def density(kind, r):
    _, _, _, scale, decay, _, _, _, middle = KINDS[kind]
    return scale * np.exp(-decay * (r - middle)) * taper(r)


def embedding(kind, rho):
    """-e sqrt(rho), bent near 0 so that it is smooth there."""
    return -KINDS[kind][5] * (np.sqrt(rho + 0.25) - 0.5)


def pair(a, b, r):
    _, _, _, _, _, _, e1, k1, d1 = KINDS[a]
    _, _, _, _, _, _, e2, k2, d2 = KINDS[b]
    e, k, d = np.sqrt(e1 * e2), (k1 + k2) / 2, (d1 + d2) / 2
    return e * (np.exp(-2 * k * (r - d)) - 2 * np.exp(-k * (r - d))) * taper(r)


def lines_of(values, digits, width=5):
    text = [f"{v:.{digits}e}" for v in values]
    return [" ".join(text[k:k + width]) for k in range(0, len(text), width)]


def text_of(kinds, points=POINTS, densities=DENSITIES, beyond=0, digits=16):
    """`beyond`: so many distances more, where all is zero; the cutoff is the last but one of them."""
    step = REACH / (points - 1)
    r, rho = np.arange(points + beyond) * step, np.arange(densities) * MOST / (densities - 1)
    cutoff = float((points + beyond - 2) * step) if beyond else REACH
    out = ["Made from closed formulas by tests/reference/setfl.py", "for tests of tables only: fits no metal", "SPDX: Apache-2.0",
           f"{len(kinds)} {' '.join(kinds)}", f"{densities} {float(rho[1])!r} {len(r)} {float(r[1])!r} {cutoff!r}"]
    for kind in kinds:
        z, mass, a, *_ = KINDS[kind]
        out += [f"{z} {mass} {a} fcc", *lines_of(embedding(kind, rho), digits), *lines_of(density(kind, r), digits)]
    for k, a in enumerate(kinds):
        for b in kinds[:k + 1]:
            out += lines_of(r * pair(a, b, r), digits)
    return "\n".join(out) + "\n"


def write_setfl(folder):
    for name, kinds in (("one", ["Cu"]), ("two", ["Cu", "Ni"])):
        with open(os.path.join(folder, name + ".eam.alloy"), "w", encoding="utf-8") as f:
            f.write(text_of(kinds))


if __name__ == "__main__":                 # the table of stdlib/potentials/eam.mtx
    print(text_of(["Cu", "Ni"], points=160, densities=100, beyond=4, digits=9), end="")
