#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes soap/*.json: SOAP power spectra of featomic and of DScribe with gradients, the degenerate pair of environments, MBTR
of DScribe, and Steinhardt's order parameters, for tests of descriptors. Each value of the two programs is checked against
soap_formulas.py before it is written; README.md says what it is.

usage: make_soap.py [NAME...]
in an environment with featomic==0.6.7 metatensor-core==0.2.6 dscribe==2.1.2 ase==3.23.0 numpy scipy
"""
import json
import os
import sys
from importlib.metadata import version

import numpy as np
from ase import Atoms
from scipy.special import sph_harm_y

import soap_formulas as formulas
from frames import arrays, carbide, crystal, frame, lattice

HERE = os.path.dirname(os.path.abspath(__file__))
SMALL = {"reach": 4.0, "n": 4, "l": 3, "sigma": 0.5}


def atoms_of(one):
    cell, symbols, positions = arrays(one)
    return Atoms(symbols, positions=positions, cell=cell, pbc=one.get("pbc", [True] * 3))


def structures():
    silicon = crystal("silicon", lattice("diamond primitive", 5.431), ["Si"], moved=.1, strained=.04, turned="proper", seed=91)
    binary = crystal("silicon carbide", lattice("diamond primitive", 4.36), ["Si", "C"], (2, 1, 1), moved=.12, strained=.03,
                     turned="mirrored", seed=92)
    layer = frame("layer", [[3.19, 0, 0], [-1.595, 2.762621, 0], [0, 0, 25]], ["Mo", "S", "S"],
                  np.array([[0, 1.841747, 10], [1.595, .920874, 11.56], [1.635, .980874, 8.45]])) | {"pbc": [True, True, False]}
    return [silicon, binary, layer]


def degenerate():
    """C. Joshi et al., arXiv 2301.09308, after Pozdnyakov et al., Phys. Rev. Lett. 125, 166001 (2020): around the first atom
    all pairs of the one environment are pairs of the other."""
    base = [[0, 0, 0], [5, 0, 5], [5, 5, 5], [-5, -5, 5]]
    return [{"name": f"environment {sign}", "sites": [["C", *map(float, r)] for r in base + [[0, y, 5]]]}
            for sign, y in (("plus", 5), ("minus", -5))]


def neighbours(one, centre, reach):
    """{element: displacements closer than reach}, the centre itself among them"""
    cell, symbols, positions = arrays(one) if "cell" in one else (np.zeros((3, 3)), [s for s, *_ in one["sites"]],
                                                                 np.array([r for _, *r in one["sites"]]))
    most = range(-6, 7) if "cell" in one else (0,)
    shifts = [np.array(s) @ cell for s in np.ndindex(13, 13, 13)] if "cell" in one else [np.zeros(3)]
    offset = 6 * cell.sum(0) if "cell" in one else 0
    layer = not all(one.get("pbc", [True] * 3))
    out = {}
    for s, r in zip(symbols, positions):
        for t in shifts:
            t = t - offset
            if layer and abs(t[2]) > 1:
                continue
            d = r + t - positions[centre]
            if np.linalg.norm(d) < reach:
                out.setdefault(s, []).append(d)
    return out


def check(got, want, what, tolerance=1e-9):
    worst = np.abs(np.asarray(got) - np.asarray(want)).max() / max(1, np.abs(want).max())
    assert worst < tolerance, (what, worst)


# ---------------------------------------------------------------------------------------------------------- featomic

def featomic_hypers(h):
    return {"cutoff": {"radius": h["reach"], "smoothing": {"type": "ShiftedCosine", "width": 0.5}},
            "density": {"type": "Gaussian", "width": h["sigma"]},
            "basis": {"type": "TensorProduct", "max_angular": h["l"], "spline_accuracy": None,
                      "radial": {"type": "Gto", "max_radial": h["n"] - 1}}}


def featomic_values(one, h):
    """blocks by (centre, element, element): values [atoms of the centre's element][l][n][n'], gradients"""
    from featomic import SoapPowerSpectrum
    atoms = atoms_of(one)
    atoms.pbc = True                                     # all or none there; the vacuum is wider than the reach
    got = SoapPowerSpectrum(**featomic_hypers(h)).compute(atoms, gradients=["positions", "strain"])
    shape = (h["l"] + 1, h["n"], h["n"])
    blocks = []
    for key, block in got.items():
        elements = [int(key[k]) for k in ("center_type", "neighbor_1_type", "neighbor_2_type")]
        order = np.lexsort([block.properties.column(k) for k in ("n_2", "n_1", "l")])
        centres = [int(a) for a in block.samples.column("atom")]
        by_position, by_strain = block.gradient("positions"), block.gradient("strain")
        blocks.append({"elements": elements, "centres": centres,
                       "values": block.values[:, order].reshape(-1, *shape).tolist(),
                       "moved": [int(a) for a in by_position.samples.column("atom")],
                       "of": [centres[int(s)] for s in by_position.samples.column("sample")],
                       "position gradients": summed(by_position.values[:, :, order]).tolist(),
                       "strain gradients": summed(by_strain.values[:, :, :, order]).tolist()})
        for centre, values in zip(centres, blocks[-1]["values"]):
            around = neighbours(one, centre, h["reach"])
            c = {formulas_number(s): formulas.expansion(d, h["n"], h["l"], h["reach"], h["sigma"], "featomic")
                 for s, d in around.items()}
            zero = [np.zeros((h["n"], 2 * l + 1)) for l in range(h["l"] + 1)]
            want = formulas.power_spectrum(c.get(elements[1], zero), c.get(elements[2], zero), "featomic",
                                           elements[1] == elements[2])
            check(values, np.array(want), (one["name"], elements))
    return blocks


def summed(values):
    """Derivatives of one number: the components of the spectrum times fixed weights, so that files stay small."""
    return values @ weights(values.shape[-1])


def weights(n):
    return np.cos(1.0 + np.arange(n))


def formulas_number(symbol):
    return {"C": 6, "Si": 14, "S": 16, "Mo": 42}[symbol]


def featomic():
    large = SMALL | {"reach": 5.0, "n": 8, "l": 6}
    first = structures()
    return {"made by": f"tests/reference/make_soap.py featomic, featomic {version('featomic')}", "cutoff width": 0.5,
            "frames": [one | h | {"blocks": featomic_values(one, h)} for one, h in
                       [(s, SMALL) for s in first] + [(first[0] | {"name": "silicon, as timed"}, large)]]}


# ----------------------------------------------------------------------------------------------------------- dscribe

def dscribe_values(one, h, periodic=True):
    from dscribe.descriptors import SOAP
    atoms = atoms_of(one) if periodic else Atoms([s for s, *_ in one["sites"]], positions=[r for _, *r in one["sites"]])
    species = sorted({s for s, *_ in one["sites"]}, key=formulas_number)
    soap = SOAP(species=species, periodic=periodic, r_cut=h["reach"], n_max=h["n"], l_max=h["l"], sigma=h["sigma"], rbf="gto")
    values = soap.create(atoms)
    for i, row in enumerate(values):
        around = neighbours(one, i, h["reach"] + h["sigma"] * np.sqrt(-2 * np.log(1e-3)))
        c = {s: formulas.expansion(around.get(s, []), h["n"], h["l"], h["reach"], h["sigma"], "dscribe") for s in species}
        for x, a in enumerate(species):
            for y, b in enumerate(species[x:], x):
                p = formulas.power_spectrum(c[a], c[b], "dscribe", a == b)
                flat = [p[l][n][m] for l in range(h["l"] + 1) for n in range(h["n"]) for m in range(n if x == y else 0, h["n"])]
                check(row[soap.get_location((a, b))], flat, (one["name"], i, a, b), 1e-8)
    result = {"species": species, "values": values.tolist()}
    if not periodic:
        derivatives, _ = soap.derivatives(atoms, method="analytical", attach=True)
        result["position gradients"] = summed(derivatives).tolist()       # [centre][atom][xyz]
    return result


def dscribe():
    cluster = {"name": "cluster", "sites": structures()[1]["sites"]}
    large = SMALL | {"reach": 5.0, "n": 8, "l": 6}
    first = structures()
    return {"made by": f"tests/reference/make_soap.py dscribe, DScribe {version('dscribe')}",
            "frames": [one | h | dscribe_values(one, h, periodic) for one, h, periodic in
                       [(s, SMALL, True) for s in first] + [(cluster, SMALL, False)]
                       + [(first[0] | {"name": "silicon, as timed"}, large, True)]]}


# --------------------------------------------------------------------------------- the pair that power spectra cannot tell

def pair():
    h = {"reach": 10.0, "n": 3, "l": 4, "sigma": 1.0}
    frames, spectra, third = [], [], []
    for one in degenerate():
        around = neighbours(one, 0, h["reach"])["C"]
        c = formulas.expansion(around, h["n"], h["l"], h["reach"], h["sigma"], "featomic")
        spectra.append(formulas.power_spectrum(c, c, "featomic", True))
        third.append([{" ".join(map(str, k)): v for k, v in formulas.bispectrum(c, n).items()} for n in range(h["n"])])
        frames.append(one | {"power spectrum": [p.tolist() for p in spectra[-1]], "bispectrum": third[-1]})
    check(np.concatenate([p.ravel() for p in spectra[0]]), np.concatenate([p.ravel() for p in spectra[1]]), "tie", 1e-12)
    worst = max(abs(a[k] - b[k]) / max(abs(a[k]), 1e-12) for a, b in zip(*third) for k in a)
    assert worst > 1e-2, "the bispectrum does not tell them apart"
    return {"made by": "tests/reference/make_soap.py pair, soap_formulas.py", **h, "cutoff width": 0.5, "frames": frames}


# -------------------------------------------------------------------------------------------------------------- MBTR

def mbtr():
    from dscribe.descriptors import MBTR
    crystal_, layer = structures()[1], structures()[2]
    terms = {"k1": ({"function": "atomic_number"}, {"min": 1, "max": 20, "n": 20, "sigma": .5}, None),
             "k2": ({"function": "inverse_distance"}, {"min": 0, "max": 1, "n": 25, "sigma": .03},
                    {"function": "exp", "scale": .8, "threshold": 1e-3}),
             "k3": ({"function": "cosine"}, {"min": -1, "max": 1, "n": 25, "sigma": .06},
                    {"function": "exp", "scale": .6, "threshold": 1e-3})}
    frames = []
    for name, (geometry, grid, weighting) in terms.items():
        for one in (crystal_, layer):
            if name == "k1" and one is layer:
                grid = grid | {"max": 50}
            species = sorted({s for s, *_ in one["sites"]}, key=formulas_number)
            made = MBTR(species=species, geometry=geometry, grid=grid, weighting=weighting or {"function": "unity"},
                        normalize_gaussians=True, normalization="none", periodic=True)
            values = made.create(atoms_of(one))
            places = {" ".join(key): values[made.get_location(key)].tolist() for key in combinations(species, int(name[1]))}
            frames.append({"term": name, "geometry": geometry, "grid": grid, "weighting": weighting, **one, "values": places})
    return {"made by": f"tests/reference/make_soap.py mbtr, DScribe {version('dscribe')}", "frames": frames}


def combinations(species, k):
    if k == 1:
        return [(a,) for a in species]
    if k == 2:
        return [(a, b) for x, a in enumerate(species) for b in species[x:]]
    return [(a, b, c) for x, a in enumerate(species) for b in species for c in species[x:]]


# -------------------------------------------------------------------------------------------------------- steinhardt

def steinhardt_of(vectors, l):
    total = np.zeros(2 * l + 1, complex)
    for d in vectors:
        theta, phi = np.arccos(d[2] / np.linalg.norm(d)), np.arctan2(d[1], d[0])
        total += [sph_harm_y(l, m, theta, phi) for m in range(-l, l + 1)]
    return float(np.sqrt(4 * np.pi / (2 * l + 1) * (np.abs(total / len(vectors)) ** 2).sum()))


def steinhardt():
    a, c = 3.0, 3.0 * np.sqrt(8 / 3)
    exact = {("fcc", 4): np.sqrt(7 / 192), ("fcc", 6): np.sqrt(169 / 512), ("sc", 4): np.sqrt(7 / 12), ("sc", 6): np.sqrt(1 / 8),
             ("hcp", 4): 7 / 72, ("bcc", 4): np.sqrt(7 / 12) / 21, ("bcc", 6): np.sqrt(1 / 8) * (6 + 128 / 9) / 14}
    shapes = [("fcc", lattice("fcc", a * np.sqrt(2)), 1.2), ("hcp", lattice("hcp", a, c), 1.2), ("sc", lattice("sc", a), 1.2),
              ("bcc", lattice("bcc", 2 * a / np.sqrt(3)), 1.3)]
    frames = []
    for name, shape, factor in shapes:
        for moved in (0.0, 0.1):
            repeat = (2, 2, 2) if len(shape[1]) < 4 else (1, 1, 1)
            one = crystal(f"{name}{', displaced' if moved else ''}", shape, ["Cu"], repeat, moved=moved, strained=moved / 5, seed=95)
            reach = factor * a
            rows = [neighbours(one, i, reach)["Cu"] for i in range(len(one["sites"]))]
            rows = [[d for d in row if np.linalg.norm(d) > 1e-9] for row in rows]
            frames.append(one | {"reach": reach, "neighbours": [len(r) for r in rows],
                                 **{f"q{l}": [steinhardt_of(r, l) for r in rows] for l in (2, 4, 6, 8)}})
            if not moved:
                for l in (4, 6):
                    if (name, l) in exact:
                        check(frames[-1][f"q{l}"], exact[name, l], (name, l), 1e-5)     # positions have six decimals
    known = {f"{name} q{l}": float(v) for (name, l), v in exact.items()}
    return {"made by": f"tests/reference/make_soap.py steinhardt, numpy {np.__version__}", "exact": known, "frames": frames}


CASES = {"featomic": featomic, "dscribe": dscribe, "pair": pair, "mbtr": mbtr, "steinhardt": steinhardt}


def rounded(value):
    """12 significant digits"""
    if isinstance(value, float):
        return float(f"{value:.12g}")
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items()}
    return [rounded(v) for v in value] if isinstance(value, (list, tuple)) else value


def main(names):
    os.makedirs(os.path.join(HERE, "soap"), exist_ok=True)
    for name in names or CASES:
        value = rounded(CASES[name]())
        head = ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in value.items() if k != "frames")
        body = ",\n".join("{" + ",\n  ".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in one.items()) + "}"
                          for one in value["frames"])
        path = os.path.join(HERE, "soap", name + ".json")
        with open(path, "w", encoding="utf-8") as f:
            f.write("{" + head + ',\n"frames": [\n' + body + "]}\n")
        print(name, os.path.getsize(path))


if __name__ == "__main__":
    main(sys.argv[1:])
