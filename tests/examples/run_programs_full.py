# SPDX-License-Identifier: Apache-2.0
"""Long runs of examples/c/molecular_dynamics.c: 64 to 4096 atoms at 1 fs keep the energy to 1e-5 eV/atom/ps.
usage: run_programs_full.py --mtx PROGRAM --root SOURCE_TREE"""
import argparse
import sys
import tempfile

import programs

RUNS = ((2, 20000), (4, 10000), (8, 4000))     # unit cells along an edge, steps
DRIFT, NET = 1e-5, 1e-12                       # eV/atom/ps; of the sum of the forces' sizes


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mtx", required=True)
    parser.add_argument("--root", required=True)
    given = parser.parse_args()
    good = True
    with tempfile.TemporaryDirectory() as folder:
        built = programs.build(given.mtx, given.root, folder)
        for cells, steps in RUNS:
            got = programs.dynamics(built, cells, steps)
            print({word: got[word] for word in ("atoms", "temperature", "drift", "net", "list", "time")})
            good = good and got["atoms"] == 8 * cells**3 and abs(got["drift"]) < DRIFT and got["net"] < NET
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
