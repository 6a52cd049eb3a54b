# SPDX-License-Identifier: Apache-2.0
"""Writes the files of other codes that test_io_formats.c reads: python make_data.py (in this folder).

Made with ase 3.29.0, pymatgen 2026.10.24, Python 3.11, November 2026. The tests know the numbers below.
"""
import gzip
import json
import os

import numpy as np
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.db import connect
from pymatgen.core import Lattice, Molecule, Structure


def ase_rows():
    salt = Atoms("NaCl", scaled_positions=[[0, 0, 0], [.5, .5, .5]], cell=[[0, 2.82, 2.82], [2.82, 0, 2.82], [2.82, 2.82, 0]],
                 pbc=True)
    salt.calc = SinglePointCalculator(salt, energy=-1.5, forces=np.arange(6.0).reshape(2, 3))
    yield salt, dict(gap=8.5, name="salt", ok=True, n=3), {"x": np.arange(3)}
    water = Atoms("OH2", positions=[[0, 0, 0.119262], [0, 0.763239, -0.477047], [0, -0.763239, -0.477047]], tags=[1, 2, 3])
    yield water, dict(gap=7.0, name='wa"ter'), {}
    layer = Atoms("MoS2", positions=[[0, 0, 0], [1.59, 0.918, 1.5625], [1.59, 0.918, -1.5625]],
                  cell=[[3.18, 0, 0], [-1.59, 2.754, 0], [0, 0, 0]], pbc=[True, True, False])
    layer.set_initial_magnetic_moments([1, 0, 0])
    yield layer, dict(gap=1.8), {}


for name in ("ase.db", "ase.json"):
    if os.path.exists(name):
        os.remove(name)
    with connect(name) as database:
        for atoms, pairs, data in ase_rows():
            database.write(atoms, data=data, **pairs)
with open("ase.db", "rb") as plain, gzip.GzipFile("ase.db.gz", "wb", mtime=0) as packed:
    packed.write(plain.read())
os.remove("ase.db")

layer = Structure(Lattice.hexagonal(3.19, 14.9), ["Mo", "S", "S"], [[1 / 3, 2 / 3, 0.25], [2 / 3, 1 / 3, 0.1448], [2 / 3, 1 / 3, 0.3552]],
                  site_properties={"magmom": [1.0, 0.0, -0.5], "site": ["a", "b", "c"]}, properties={"gap": 1.8})
one = layer.as_dict()
with open("pymatgen.json", "w") as f:
    json.dump(one, f)
with open("pymatgen_list.json", "w") as f:
    json.dump([one, Molecule(["O", "H"], [[0, 0, 0], [0, 0, 0.97]]).as_dict(), one], f, indent=1)
with open("pymatgen.jsonl", "w") as f:
    for k in range(3):
        f.write(json.dumps({"structure": one, "band_gap": k + 0.5, "id": f"row-{k}"}) + "\n")
layer.to(filename="layer.poscar", fmt="poscar")
layer.to(filename="layer_p1.cif")
layer.to(filename="layer.cif", symprec=0.01)
