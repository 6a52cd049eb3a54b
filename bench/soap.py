# SPDX-License-Identifier: Apache-2.0
"""SOAP power spectra of 8 radial functions, degrees to 6, within 5 Å: DScribe and featomic against the compiled spec, values
and values with derivatives by positions; structures in memory on both sides, neighbour lists included.

The basis is DScribe's in all of them. Against DScribe neighbours count to 6.86 Å, as it has it. Against featomic they count
to 5 Å and fade over the last 0.5 Å, and featomic gets this basis as its own splines (one lookup a neighbour, as for its
default basis; within 10 % of its time). Ours and featomic's derivatives are by neighbour; DScribe's analytical ones exist
for clusters only, by atom. Ours gives both orders of two elements, the peers one. Ours is build/PRESET/bench/apply (apply.c),
called once a repeat, which writes into the same arrays each time; the peers make new ones at each call.
"""
import os
import subprocess
import tempfile
from math import gamma

from side_by_side import Table, arguments, machine, race, target_ratio

import ase
import ase.io
import numpy as np
from ase.data import atomic_numbers
from dscribe.descriptors import SOAP
from featomic import SoapPowerSpectrum
from featomic.basis import Explicit
from featomic.cutoff import Cutoff, ShiftedCosine
from featomic.density import DiracDelta
from featomic.splines import Spline, SplinedRadialBasis

N, L, REACH, SIGMA, FADE = 8, 6, 5.0, 0.5, 0.5
POINTS = 2001                                       # of a spline; its error is then below that of the comparison
SAME = {"DScribe": 1e-8, "featomic": 1e-6}
STDLIB = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "stdlib", "descriptors", "soap.mtx")
JACOBIAN = ("\n  respects  permute", """
  gives J[b in bond, y in element, z in element, m in l, j in n, k in n] : vector [1/Å] = grad(p, bond.d)[b, y, z, m, j, k]

  respects  permute""")
FADING = [("within reach + 3.7169221888498383 * sigma", "within reach"),
          ("  let   own[", "  let   fade(x) = if x < 4.5 then 1 else 0.5 * (1 + cos(pi * (x - 4.5) / 0.5))\n  let   own["),
          ("sum m in l: g(k, m, d(b))", "sum m in l: fade(d(b)) * g(k, m, d(b))")]
CLUSTER = [("s : Crystal", "s : Molecule"), (", reflect, cell, supercell\n  intensive p\n", ", reflect\n")]

# case, input, how many structures (None: all), peer, derivatives too, periodic, wanted ratio
CASES = [
    ("silicon", "si64.xyz", None, "DScribe", False, True, 3),
    ("silicon", "si512.xyz", None, "DScribe", False, True, 3),
    ("defect cells", "mos2_20.xyz", None, "DScribe", False, True, 3),
    ("silicon", "si64.xyz", None, "featomic", False, True, 3),
    ("silicon", "si512.xyz", None, "featomic", False, True, 3),
    ("defect cells", "mos2_20.xyz", None, "featomic", False, True, 3),
    ("silicon, gradients", "si64.xyz", None, "featomic", True, True, 2),
    ("silicon, gradients", "si512.xyz", None, "featomic", True, True, 2),
    ("a defect cell, gradients", "mos2_20.xyz", 1, "featomic", True, True, 2),
    ("a cluster, gradients", "si64.xyz", None, "DScribe", True, False, 5),
]


def spec_of(folder, elements, peer, gradients, periodic):
    with open(STDLIB, encoding="utf-8") as f:
        text = f.read()
    changes = [("species(Si)", f"species({', '.join(elements)})")]
    changes += CLUSTER * (not periodic) + [JACOBIAN] * gradients + FADING * (peer == "featomic")
    for old, new in changes:
        if text.count(old) != 1:
            raise SystemExit(f"soap.mtx has not one '{old}'")
        text = text.replace(old, new)
    path = os.path.join(folder, "soap.mtx")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def input_of(folder, systems):
    path = os.path.join(folder, "input.xyz")
    with open(path, "w", encoding="utf-8") as f:
        for atoms in systems:
            cell = " ".join(f"{x:.17g}" for x in np.array(atoms.cell).ravel())
            f.write(f"{len(atoms)}\n" + (f'Lattice="{cell}" ' if atoms.pbc.all() else "") + "Properties=species:S:1:pos:R:3\n")
            f.writelines(f"{s} {r[0]:.17g} {r[1]:.17g} {r[2]:.17g}\n" for s, r in zip(atoms.symbols, atoms.positions))
    return path


def radial(m):
    """Values and derivatives of what stdlib/descriptors/soap.mtx has of degree m, at the points of a spline."""
    x = np.linspace(0, REACH, POINTS)[:, None]
    place = np.linspace(1, REACH, N)
    alpha = (np.log(1000) + m * np.log(place)) / place**2
    overlap = 0.5 * gamma(m + 1.5) / (alpha[:, None] + alpha)**(m + 1.5)
    sizes, axes = np.linalg.eigh(overlap)
    mix = axes @ np.diag(sizes**-.5) @ axes.T
    narrow = 0.5 / SIGMA**2
    decay = narrow * alpha / (narrow + alpha)
    front = np.pi**1.5 * narrow**m / (narrow + alpha)**(m + 1.5) * np.exp(-decay * x * x)
    slope = (m * x**(m - 1) if m else 0 * x) - 2 * decay * x**(m + 1)
    return x[:, 0], front * x**m @ mix, front * slope @ mix


def featomic_like_ours():
    by_angular = {}
    for m in range(L + 1):
        spline = Spline(0, REACH)
        spline.add_points(*radial(m))
        by_angular[m] = SplinedRadialBasis(spline=spline, max_radial=N - 1, radius=REACH)
    return SoapPowerSpectrum(cutoff=Cutoff(REACH, ShiftedCosine(width=FADE)), density=DiracDelta(),
                             basis=Explicit(by_angular=by_angular, spline_accuracy=None))


def peer_of(peer, systems, elements, gradients):
    if peer == "featomic":
        calculator = featomic_like_ours()
        return lambda: calculator.compute(systems, gradients=["positions"] if gradients else None)
    soap = SOAP(species=elements, periodic=bool(systems[0].pbc.all()), r_cut=REACH, n_max=N, l_max=L, sigma=SIGMA, rbf="gto")
    if gradients:
        return lambda: soap.derivatives(systems[0], method="analytical", attach=True)
    return lambda: soap.create(systems, n_jobs=1)


def ours_call(program, spec, path, out):
    def call():
        done = subprocess.run([program, spec + ":soap", path, out], check=True, capture_output=True, text=True)
        return ("timed", float(done.stdout.split()[0]), None)
    return call


class Ours:
    """Numbers of one call of apply: p, and of the first structure alone also J, each centre's summed by neighbours."""

    def __init__(self, out, systems, elements, gradients):
        count, shape = sum(map(len, systems)), (len(elements), len(elements), L + 1, N, N)
        row = int(np.prod(shape))
        values = np.fromfile(out)
        self.p = values[:count * row].reshape(count, *shape)
        if not gradients:
            return
        self.J = values[count * row:].reshape(-1, *shape, 3)
        self.square = np.sum(self.J**2, axis=(0, -1))
        self.all = np.sum(self.J, axis=0)


def near(pairs):
    """the largest difference, relative to the largest number"""
    pairs = [(np.asarray(a), np.asarray(b)) for a, b in pairs]
    return max(np.abs(a - b).max() for a, b in pairs) / max(np.abs(a).max() for a, _ in pairs)


def dscribe_places(elements):
    s = len(elements)
    return np.array([(y, z, m, j, k) for y in range(s) for z in range(y, s) for m in range(L + 1)
                     for j in range(N) for k in range(j if y == z else 0, N)]).T


def dscribe_difference(got, ours, elements, gradients):
    at = tuple(dscribe_places(elements))
    if not gradients:
        rows = np.concatenate([g.reshape(-1, len(at[0])) for g in (got if isinstance(got, list) else [got])])
        return near([(rows, ours.p[(slice(None), *at)])])
    derivatives, rows = got                                                      # [centre][atom][xyz][place]
    own = np.einsum("iixp->px", derivatives)
    squares = np.sum(derivatives**2, axis=(0, 1, 2)) - np.einsum("iixp,iixp->p", derivatives, derivatives)
    return max(near([(rows, ours.p[(slice(None), *at)])]), near([(-own, ours.all[at])]), near([(squares, ours.square[at])]))


def featomic_difference(got, ours, systems, elements, gradients):
    starts = np.cumsum([0] + [len(a) for a in systems])
    numbers = [atomic_numbers[e] for e in elements]
    values, sums, squares = [], [], []
    total = {}
    for key, block in got.items():
        y, z = (numbers.index(int(key[name])) for name in ("neighbor_1_type", "neighbor_2_type"))
        m, j, k = (np.asarray(block.properties.column(name)) for name in ("l", "n_1", "n_2"))
        scale = np.pi * 8**.5 * (-1.0)**m / (1 if y == z else 2**.5)
        rows = starts[np.asarray(block.samples.column("system"))] + np.asarray(block.samples.column("atom"))
        values.append((block.values * scale, ours.p[rows][:, y, z, m, j, k]))
        if gradients:
            by_position = block.gradient("positions")
            centre = np.asarray(block.samples.column("atom"))[np.asarray(by_position.samples.column("sample"))]
            itself = np.asarray(by_position.samples.column("atom")) == centre
            d = by_position.values * scale
            own, square = total.setdefault((y, z), (np.zeros((N * N * (L + 1), 3)), np.zeros(N * N * (L + 1))))
            own += np.sum(d[itself], axis=0).T
            square += np.sum(d[~itself]**2, axis=(0, 1))
            places = (m, j, k)
    for (y, z), (own, square) in total.items():
        sums.append((-own, ours.all[(y, z, *places)]))
        squares.append((square, ours.square[(y, z, *places)]))
    return max(near(some) for some in (values, sums, squares) if some)


def measure(options, name, count, peer, gradients, periodic):
    systems = ase.io.read(os.path.join(options.inputs, name), ":")[:count or None]
    for atoms in systems:
        atoms.pbc = periodic
    elements = sorted({s for atoms in systems for s in atoms.symbols}, key=atomic_numbers.get)
    work = peer_of(peer, systems, elements, gradients)
    with tempfile.TemporaryDirectory() as folder:
        spec, path = spec_of(folder, elements, peer, gradients, periodic), input_of(folder, systems)
        out = os.path.join(folder, "out.f64")
        program = os.path.join(options.build, "bench", "apply")
        ours_call(program, spec, path, out)()
        ours = Ours(out, systems, elements, gradients)
        worst = (dscribe_difference(work(), ours, elements, gradients) if peer == "DScribe" else
                 featomic_difference(work(), ours, systems, elements, gradients))
        contenders = {"peer": work, "ours": ours_call(program, spec, path, os.devnull)}
        result = race(contenders, repeats=3 if options.quick else 7)
    return sum(map(len, systems)), result["peer"][0], result["ours"][0], worst


def main():
    options = arguments(__doc__)
    table = Table("SOAP power spectra", f"{machine('dscribe', 'featomic', 'ase', 'numpy')}. n = {N}, l = {L}, {REACH:g} Å; "
                  "µs an atom.", "case", "atoms", "peer", "peer", "ours", "peer / ours", "wanted", "largest relative difference")
    bad = []
    for case, name, count, peer, gradients, periodic, wanted in CASES:
        atoms, theirs, mine, worst = measure(options, name, count, peer, gradients, periodic)
        table.row(case, atoms, peer, 1e6 * theirs / atoms, 1e6 * mine / atoms, theirs / mine, wanted, worst)
        target_ratio(options, f"SOAP, {case}, {atoms} atoms", peer, wanted, [theirs / mine])
        if not worst <= SAME[peer]:
            bad.append(f"{case}, {peer}: values differ by {worst:.3g}")
    if bad:
        raise SystemExit("; ".join(bad))


main()
