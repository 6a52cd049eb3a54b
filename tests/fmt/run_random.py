#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The formatter on random specs and on every spec of the tree: the result is laid out already, is the same program, and
has the same comments. --count and --seed choose the random specs; a failing one is kept beside the build."""

import argparse
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile

from random_spec import random_spec


def comments_of(text):
    found = []
    for line in text.split("\n"):
        blanked = re.sub(r'"(\\.|[^"\\])*"', lambda m: "s" * len(m.group()), line)
        if "#" in blanked:
            found.append(line[blanked.index("#"):].rstrip())
    return sorted(found)


class Checker:
    def __init__(self, driver, folder):
        self.driver = driver
        self.file = pathlib.Path(folder) / "spec.mtx"

    def run(self, mode, text):
        self.file.write_bytes(text.encode())
        run = subprocess.run([self.driver, mode, str(self.file)], capture_output=True, timeout=20)
        return run.returncode, run.stdout.decode()

    def fault(self, text):
        code, tree = self.run("ast", text)
        if code:
            return "does not parse:\n" + self.run("text", text)[1]
        laid_out = self.run("fmt", text)[1]
        if self.run("ast", laid_out) != (0, tree):
            return "is another program when formatted:\n" + laid_out
        if self.run("fmt", laid_out)[1] != laid_out:
            return "changes when formatted twice:\n" + laid_out
        if comments_of(laid_out) != comments_of(text):
            return "loses comments:\n" + laid_out
        return None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mtx", default="")
    parser.add_argument("--root", default=".")
    parser.add_argument("--driver", default="")
    parser.add_argument("--count", type=int, default=150)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    build = os.environ.get("MTX_BUILD") or str(pathlib.Path(args.mtx).resolve().parent)
    driver = args.driver or str(pathlib.Path(build) / "tests" / "parse_driver")
    root = pathlib.Path(args.root)
    written = [p for folder in ("stdlib", "examples", "tests") for p in sorted((root / folder).rglob("*.mtx"))]
    failures = tried = 0
    with tempfile.TemporaryDirectory() as folder:
        checker = Checker(driver, folder)
        specs = [(str(p), p.read_bytes().decode()) for p in written]
        specs += [(f"seed {s}", random_spec(random.Random(s))[0]) for s in range(args.seed, args.seed + args.count)]
        for name, text in specs:
            if not name.startswith("seed") and checker.run("ast", text)[0]:
                continue                 # a spec that is meant to be wrong
            tried += 1
            fault = checker.fault(text)
            if fault:
                failures += 1
                print(f"{name} {fault}")
    print(f"{tried} specs, {failures} failures")
    return 1 if failures or tried < args.count else 0


if __name__ == "__main__":
    sys.exit(main())
