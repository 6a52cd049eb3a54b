# SPDX-License-Identifier: Apache-2.0
"""A C program calls a compiled transform in every way of its header: see host.c.
usage: run_host.py --mtx PROGRAM --root SOURCE_TREE"""
import argparse
import os
import subprocess
import sys
import tempfile


def run(words, folder):
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        print(" ".join(words), done.stdout, done.stderr, sep="\n")
    return done.returncode == 0


def has_llvm(library):
    return os.path.exists(os.path.join(library, "libmtx-llvm.so"))


def sanitizers():
    """options for a program that calls libraries built with them"""
    words = os.environ.get("MTX_SANITIZE")
    return ["-fsanitize=" + words.replace(";", ",")] if words else []


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mtx", required=True)
    parser.add_argument("--root", required=True)
    given = parser.parse_args()
    given.mtx, given.root = os.path.abspath(given.mtx), os.path.abspath(given.root)
    here, library = os.path.dirname(os.path.abspath(__file__)), os.path.dirname(os.path.abspath(given.mtx))
    for backend, name, lists in (("llvm", "mixture", 1), ("llvm", "three_body", 2), ("c", "mixture", 1)):
        if backend == "llvm" and not has_llvm(library):
            print(f"{name}: skipped, this build has no LLVM")
            continue
        with tempfile.TemporaryDirectory() as folder:
            build = [given.mtx, "build", os.path.join(here, "potentials.mtx:" + name), "-o", folder, "--backend", backend]
            compile_host = ["cc", "-std=gnu11", "-O1", "-Wall", "-Wextra", "-Wpedantic", "-Werror", *sanitizers(),
                            f"-DNAME={name}",
                            f"-DLISTS={lists}", "-include", name + ".h", os.path.join(here, "host.c"), "-o", name,
                            "-I.", "-I" + os.path.join(given.root, "include"), "-L.", "-L" + library, "-l" + name,
                            "-lmtxrt", "-lm", "-lpthread", "-Wl,-rpath,$ORIGIN", "-Wl,-rpath," + library]
            if not all(run(words, folder) for words in (build, compile_host, [os.path.join(folder, name)])):
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
