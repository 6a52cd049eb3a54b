# SPDX-License-Identifier: Apache-2.0
"""Neighbour list and radial features of 1e3 to 1e6 atoms: does the time of an atom stay the same?

`growth.c` measures; here the least of the repeats is taken for each size (what else runs on the machine only adds), and the
slowest size is compared with the fastest.
"""
import os
import subprocess
import sys

from side_by_side import Table, arguments, machine

SIZES = [(5, 5, 5), (11, 11, 10), (23, 23, 24), (50, 50, 50)]       # unit cells of 8 atoms
CUTOFF = 5.0
WANTED = 1.1                                                        # slowest size / fastest
HERE = os.path.dirname(os.path.abspath(__file__))


def measure(options):
    """{atoms: [pairs, list, features, both]} in microseconds an atom, and whether the mean of G1 is right."""
    command = [os.path.join(options.build, "bench", "growth"), os.path.join(HERE, "radial.mtx"), str(CUTOFF),
               "5" if options.quick else "15"] + ["x".join(map(str, cells)) for cells in SIZES]
    best, checks = {}, []
    for line in subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines():
        atoms, pairs, *times, check = line.split()
        times = [float(t) for t in times]
        old = best.get(int(atoms), [int(pairs)] + times)
        best[int(atoms)] = [int(pairs)] + [min(a, b) for a, b in zip(old[1:], times)]
        checks.append(float(check))
    return best, max(checks) - min(checks) < 1e-4 * max(checks)     # the same crystal, other random moves


def main():
    options = arguments(__doc__)
    table = Table("Growth with the number of atoms", f"{machine()}. Silicon, cutoff {CUTOFF:g} Å, G1 and nine G2; µs an atom, "
                  f"least of the repeats. Wanted: list + features within {WANTED - 1:.0%}.",
                  "atoms", "pairs", "list", "features", "list + features")
    best, same = measure(options)
    for atoms, row in best.items():
        table.row(atoms, *row)
    spread = [max(row[k] for row in best.values()) / min(row[k] for row in best.values()) for k in (1, 2, 3)]
    table.row("slowest / fastest", "", *spread)
    print(f"\nList + features: {'within' if spread[2] <= WANTED else 'NOT within'} {WANTED - 1:.0%}.")
    sys.exit(0 if same else 1)


main()
