# SPDX-License-Identifier: Apache-2.0
"""What derivatives cost: energy, forces and stress of every potential of the standard library beside its energy alone, on
shaken silicon or the potential's own elements in its place, neighbour lists excluded.

Ours is build/PRESET/bench/potential, the least of many short timings of both in one process.
"""
import glob
import os
import re
import subprocess
import sys

from side_by_side import Table, arguments, machine, target

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
WANTED = 3.0
CELLS = 4                                           # along each side: 512 atoms
LARGE = {"lj_cut": (4, 8, 16), "lj_force_shifted": (4, 16), "stillinger_weber": (4, 8, 16)}  # to where caches end
FAR = 8                                             # from so many cells on the lists leave the caches: others use the memory
FEW = {"silica": (2,), "ewald_energy": (2,)}       # sums over reciprocal vectors, 1 ms an atom


def potentials():
    for spec in sorted(glob.glob(os.path.join(ROOT, "stdlib", "potentials", "*.mtx"))):
        with open(spec, encoding="utf-8") as f:
            for name, body in re.findall(r"(?ms)^transform (\w+) \{(.*?)^\}", f.read()):
                if "grad(E, s.r)" in body and "pairs(" in body:
                    yield f"{spec}:{name}", name


def main():
    options = arguments(__doc__)
    program = os.path.join(options.build, "bench", "potential")
    table = Table("Energy, forces and stress", f"{machine()}; \u00b5s an atom, lists excluded.", "potential", "atoms",
                  "neighbours", "E", "all", "all / E")
    worst, where = 0.0, ""
    for spec, name in potentials():
        for cells in {**LARGE, **FEW}.get(name, (CELLS,)):
            repeats = (10 if options.quick else 60) * (6 if cells >= FAR else 1)
            done = subprocess.run([program, spec, str(cells), str(repeats)], capture_output=True, text=True, check=False)
            if done.returncode:
                sys.exit(f"{name}: {done.stderr}")
            atoms, near, energy, everything, ratio = map(float, re.search(
                r"(\d+) atoms (\S+) neighbours  E (\S+)  all (\S+) us/atom \((\S+) x\)", done.stdout).groups())
            table.row(name, int(atoms), near, energy, everything, ratio)
            if ratio > worst:
                worst, where = ratio, f"{name}, {int(atoms)} atoms"
    target(options, "E + F + stress / E alone, every potential of the standard library", f"at most {WANTED:g}",
           f"at most {worst:.2f} ({where})", worst <= WANTED)


main()
