# SPDX-License-Identifier: Apache-2.0
"""`mtx test` on the standard library and the examples: every generated check holds, with several seeds.
usage: run_stdlib_full.py --mtx PROGRAM --root SOURCE_TREE"""
import argparse
import glob
import os
import subprocess
import sys
import tempfile

SEEDS, LIMIT = (1, 2), 400          # seconds for one spec


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mtx", required=True)
    parser.add_argument("--root", required=True)
    given = parser.parse_args()
    specs = [path for folder in ("stdlib/*", "examples")
             for path in sorted(glob.glob(os.path.join(given.root, folder, "*.mtx")))]
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for seed in SEEDS:
            for spec in specs:
                done = subprocess.run([given.mtx, "test", spec, "--tries", "3", "--seed", str(seed), "--save", folder],
                                      capture_output=True, text=True, timeout=LIMIT, check=False)
                lines = done.stdout.splitlines()
                failed = [line for line in lines if line.startswith("not ok")]
                print(f"{os.path.relpath(spec, given.root)}, seed {seed}: {lines[-1] if lines else done.stderr}")
                for line in failed:
                    print("  " + line)
                wrong += done.returncode != 0 or bool(failed)
    return 1 if wrong or not specs else 0


if __name__ == "__main__":
    sys.exit(main())
