# SPDX-License-Identifier: Apache-2.0
"""Reading extended XYZ to structures in memory: ASE and the C parser of the package `extxyz` against ours.

Every contender reads the same unpacked file from the page cache; ours is a C program that keeps every structure, as the
others do. Species, positions and cells must be equal bit by bit. The packed file is read by ours and, through Python's
gzip module, by ASE (its own reader seeks in the gzip stream, which takes half a minute).
"""
import gzip
import io
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

from side_by_side import Table, arguments, machine, race, target_ratio

import ase.io
import extxyz
import numpy as np

WANTED = {"ase": 15.0, "extxyz": 2.0}       # their time / ours


def ours(program, path, times=3):
    """Median of a few readings in one process, so that neither its start nor the first page faults count."""
    def work():
        out = subprocess.run([program, path, str(times)], check=True, capture_output=True, text=True).stdout
        result = json.loads(out)
        return "timed", statistics.median(result["seconds"]), result
    return work


def dumped(program, path):
    """[(Z, r, cell)] as our reader has them."""
    with tempfile.TemporaryDirectory() as folder:
        dump = os.path.join(folder, "dump")
        subprocess.run([program, path, "1", dump], check=True, capture_output=True)
        data = open(dump, "rb").read()
    at, frames = 0, []
    while at < len(data):
        n = int(np.frombuffer(data, np.int64, 1, at)[0])
        Z = np.frombuffer(data, np.int32, n, at + 8)
        r = np.frombuffer(data, np.float64, 3 * n, at + 8 + 4 * n).reshape(n, 3)
        cell = np.frombuffer(data, np.float64, 9, at + 8 + 28 * n).reshape(3, 3)
        frames.append((Z, r, cell))
        at += 8 + 28 * n + 72
    return frames


def same(mine, theirs):
    return len(mine) == len(theirs) and all(
        np.array_equal(Z, a.numbers) and np.array_equal(r, a.positions) and np.array_equal(cell, a.cell.array)
        for (Z, r, cell), a in zip(mine, theirs))


def same_as_dicts(mine, theirs):
    """`cell` of a frame of extxyz 0.4.6 has the lattice vectors in its columns."""
    return len(mine) == len(theirs) and all(
        np.array_equal(r, d.arrays["pos"]) and np.array_equal(cell, d.cell.T) for (_, r, cell), d in zip(mine, theirs))


def main():
    options = arguments(__doc__)
    program = os.path.join(options.build, "bench", "read")
    plain = os.path.join(options.inputs, "read.xyz")
    with gzip.open(options.data) as packed, open(plain, "wb") as f:
        shutil.copyfileobj(packed, f)

    repeats = 3 if options.quick else 7
    table = Table("Reading extended XYZ", f"{os.path.basename(options.data)}, {os.path.getsize(plain) / 1e6:.1f} MB unpacked; "
                  + machine("ase", "extxyz", "numpy"), "reader", "s", "spread", "M atoms/s", "MB/s", "time / ours", "wanted", "same values")
    result = race({
        "ours": ours(program, plain),
        "extxyz": lambda: list(extxyz.read_dicts(plain, use_cextxyz=True)),
        "ase": lambda: ase.io.read(plain, index=":"),
    }, repeats=repeats)
    mine, base = dumped(program, plain), result["ours"][0]
    atoms, size = result["ours"][2]["atoms"], os.path.getsize(plain) / 1e6
    checks = {"ours": True, "ase": same(mine, result["ase"][2]), "extxyz": same_as_dicts(mine, result["extxyz"][2])}
    for name, (time, spread, _) in result.items():
        table.row(name, time, f"{100 * spread:.0f} %", atoms / time / 1e6, size / time, time / base, WANTED.get(name, ""),
                  "yes" if checks[name] else "NO")
        if name in WANTED:
            target_ratio(options, "reading extended XYZ", name, WANTED[name], [time / base])

    def unpacked():
        with gzip.open(options.data, "rt") as f:
            return ase.io.read(io.StringIO(f.read()), index=":", format="extxyz")
    packed = race({"ours, gzip": ours(program, options.data), "ase, gzip": unpacked}, repeats=3, seconds=30)
    for name, (time, spread, _) in packed.items():
        table.row(name, time, f"{100 * spread:.0f} %", atoms / time / 1e6, size / time, time / packed["ours, gzip"][0], "", "")
    return 0 if all(checks.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
