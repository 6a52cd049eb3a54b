#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A C program gives a built library its parameters, and takes derivatives by them: see params.c, params_ghosts.c. The header and the metadata
say where each lies. The forces of params.mtx are left to run_params_full.py: their derivatives take the compiler a while.
usage: run_params.py --mtx PROGRAM --root SOURCE_TREE"""
import argparse
import ctypes
import json
import os
import re
import sys
import tempfile

from run_host import has_llvm, run, sanitizers

WANTED = [("depth", "depth", 0, 4, "eV", 1000), ("steep", "steep", 4, 1, "1/Å", 1), ("mix", "mix", 5, 8, "1", 1),
          ("out", "out", 13, 6, "eV", 1), ("x.w", "x_w", 19, 1, "1", 1), ("x.c", "x_c", 20, 1, "1", 1)]


def told(folder):
    """what header and metadata say of the parameters"""
    with open(os.path.join(folder, "trained.h"), encoding="utf-8") as f:
        header = f.read()
    meta = json.loads(ctypes.c_char_p(ctypes.addressof(ctypes.c_char.in_dll(
        ctypes.CDLL(os.path.join(folder, "libtrained.so")), "trained_meta"))).value)
    listed = [(p["path"], p["name"], p["offset"], p["count"], p["unit"], p.get("unit_factor", 1)) for p in meta["params"]]
    good = listed == WANTED and "#define trained_params 21\n" in header and " Si O" in header and "atomic numbers of O Si, which a run does not check" in header
    good = good and [s.get("elements") for s in meta["sets"] if s["kind"] == "species"] == [[14, 8]]
    for path, name, offset, count, unit, _ in WANTED:
        at = re.search(rf"#define trained_param_at_{name} (\d+)  /\* (.*) \*/\n#define trained_param_n_{name} (\d+)\n", header)
        good = good and at and (int(at[1]), int(at[3])) == (offset, count) and path in at[2] and unit in at[2]
    if not good:
        print("header or metadata are wrong:", listed, header[:3000], sep="\n")
    return good


def main(forces=False):
    parser = argparse.ArgumentParser()
    parser.add_argument("--mtx", required=True)
    parser.add_argument("--root", required=True)
    given = parser.parse_args()
    given.mtx, given.root = os.path.abspath(given.mtx), os.path.abspath(given.root)
    here, library = os.path.dirname(os.path.abspath(__file__)), os.path.dirname(given.mtx)
    with tempfile.TemporaryDirectory() as folder:
        spec = os.path.join(folder, "params.mtx")
        with open(os.path.join(here, "params.mtx"), encoding="utf-8") as whole, open(spec, "w", encoding="utf-8") as f:
            f.writelines(line for line in whole if forces or "gives F" not in line)
        build = [given.mtx, "build", spec + ":trained", "-o", folder, "--vjp", "--jvp", "--backend",
                 "llvm" if has_llvm(library) else "c"]
        host = ["cc", "-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", *sanitizers(), *(["-DFORCES"] if forces else []),
                os.path.join(here, "params.c"), "-o", "params", "-I.", "-I" + os.path.join(given.root, "include"), "-L.", "-L" + library, "-ltrained", "-ltrained_vjp",
                "-ltrained_jvp", "-lmtxrt", "-lm", "-lpthread", "-Wl,-rpath,$ORIGIN", "-Wl,-rpath," + library]
        good = all(run(words, folder) for words in (build, host, [os.path.join(folder, "params")])) and told(folder)
        build = [given.mtx, "build", spec + ":parted", *build[3:5]]
        host = ["cc", "-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", *sanitizers(), os.path.join(here, "params_ghosts.c"), "-o", "parts",
                "-I.", "-I" + os.path.join(given.root, "include"), "-L.", "-L" + library, "-lparted", "-lmtxrt", "-lm", "-lpthread",
                "-Wl,-rpath,$ORIGIN", "-Wl,-rpath," + library]
        good = good and (forces or all(run(words, folder) for words in (build, host, [os.path.join(folder, "parts")])))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
