#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the weights of stdlib/potentials/network.mtx: stdlib/potentials/made_up_*.csv. Drawn at random with a fixed seed: they fit
no material, and nobody has rights in them. Radial functions come with small weights, since crowded cells sum up many.

usage: make_network.py      with numpy
"""
import itertools
import os

import numpy as np

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "stdlib", "potentials")
ELEMENTS, UNITS = ("O", "Si"), 6


def write(name, says, columns, keys, rng, scales):
    lines = [f"# {says}; made up by tests/reference/make_network.py", ", ".join(keys + columns)]
    for key in itertools.product(*(ELEMENTS if k == "element" else range(UNITS) for k in keys)):
        lines.append(", ".join([*map(str, key), *(f"{rng.normal(0, s):.6f}" for s in scales)]))
    with open(os.path.join(FOLDER, f"made_up_{name}.csv"), "w", encoding="utf-8") as f:
        f.write("\n".join(lines) + "\n")


def main():
    rng = np.random.default_rng(20240607)
    e, k = "element", "index"
    write("radial", "weights: atom, its neighbours, unit, function", ["weight"], [e, e, k, k], rng, [0.08])
    write("angular", "weights: atom, two neighbours, unit, function", ["weight"], [e, e, e, k, k], rng, [0.03])
    write("hidden", "weights: atom, unit, unit of the layer before", ["weight"], [e, k, k], rng, [0.6])
    write("units", "biases of both layers, weights of the last: atom, unit", ["first", "second", "last [eV]"], [e, k], rng, [.3, .3, .5])
    write("atoms", "energy of an atom alone, but for its network", ["alone [eV]"], [e], rng, [2.0])


main()
