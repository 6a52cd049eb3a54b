#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A C program calls the vector-Jacobian and Jacobian-vector products of a transform: see products.c.
usage: run_products.py --mtx PROGRAM --root SOURCE_TREE"""
import argparse
import os
import subprocess
import sys
import tempfile

from run_host import has_llvm, run, sanitizers


def refused(mtx, folder, spec, says):
    """a transform that has no products is told so, and leaves nothing half written"""
    path = os.path.join(folder, "none.mtx")
    with open(path, "w", encoding="utf-8") as f:
        f.write(spec)
    done = subprocess.run([mtx, "build", path, "-o", os.path.join(folder, "none"), "--vjp"], capture_output=True,
                          text=True, check=False)
    left = [name for name in os.listdir(os.path.join(folder, "none")) if "vjp" in name]
    if done.returncode != 1 or says not in done.stderr or left:
        print(f"{says!r} expected, got {done.returncode}: {done.stderr} {left}")
        return False
    return True


NONE = """use "crystal.mtx"
transform none {
  takes s : Crystal
  set   bond = pairs(s.atom) within 4 Å
  gives d[b in bond] : scalar [Å] = norm(b.d)
}
"""


def main(backends=("llvm",)):
    parser = argparse.ArgumentParser()
    parser.add_argument("--mtx", required=True)
    parser.add_argument("--root", required=True)
    given = parser.parse_args()
    given.mtx, given.root = os.path.abspath(given.mtx), os.path.abspath(given.root)
    here, library = os.path.dirname(os.path.abspath(__file__)), os.path.dirname(given.mtx)
    if not has_llvm(library):
        backends = ("c",)
    for backend in backends:
        with tempfile.TemporaryDirectory() as folder:
            build = [given.mtx, "build", os.path.join(here, "products.mtx"), "-o", folder, "--vjp", "--jvp", "--backend",
                     backend]
            host = ["cc", "-std=gnu11", "-O1", "-Wall", "-Wextra", "-Wpedantic", "-Werror", *sanitizers(),
                    os.path.join(here, "products.c"),
                    "-o", "products", "-I.", "-I" + os.path.join(given.root, "include"), "-L.", "-L" + library,
                    "-lshapes", "-lshapes_vjp", "-lshapes_jvp", "-lmtxrt", "-lm", "-lpthread", "-Wl,-rpath,$ORIGIN",
                    "-Wl,-rpath," + library]
            if not all(run(words, folder) for words in (build, host, [os.path.join(folder, "products")])):
                return 1
            if not refused(given.mtx, folder, NONE, "no numbers of the structure or of its sites"):
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
