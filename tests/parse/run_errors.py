#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every grammar/errors/NAME.mtx gives exactly the messages of NAME.expected, and every message of the lexer and parser
(diag.def, codes 0001 to 0099) occurs in one of them. Uses the test driver, so the command line is not needed.
--accept rewrites the goldens."""

import argparse
import os
import pathlib
import re
import subprocess
import sys

# needs a spec of more than 256 MB
UNREACHED = {"E0056"}


def driver(args):
    build = os.environ.get("MTX_BUILD") or str(pathlib.Path(args.mtx).resolve().parent)
    return args.driver or str(pathlib.Path(build) / "tests" / "parse_driver")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mtx", default="")
    parser.add_argument("--root", default=".")
    parser.add_argument("--driver", default="")
    parser.add_argument("--accept", action="store_true")
    args = parser.parse_args()
    folder = pathlib.Path(args.root) / "grammar" / "errors"
    failures, seen = 0, set()
    programs = sorted(folder.glob("*.mtx"))
    for program in programs:
        run = subprocess.run([driver(args), "text", str(program)], capture_output=True, timeout=20)
        got = run.stdout.decode("utf-8", "replace")
        seen.update(re.findall(r"^(?:error|warning)\[([EW]\d+)\]", got, re.M))
        golden = program.with_suffix(".expected")
        if args.accept:
            golden.write_text(got, encoding="utf-8")
            continue
        want = golden.read_text(encoding="utf-8") if golden.exists() else None
        errors = "error[" in got
        if want != got or run.returncode != int(errors) or not got:
            failures += 1
            print(f"{program.name}: exit code {run.returncode}, expected\n{want}\ngot\n{got}{run.stderr.decode()}")
    table = (pathlib.Path(args.root) / "compiler" / "diag.def").read_text(encoding="utf-8")
    missing = set(re.findall(r'"([EW]00\d\d)"', table)) - seen - UNREACHED
    if missing:
        failures += 1
        print("no program in grammar/errors shows", ", ".join(sorted(missing)))
    print(f"{len(programs)} programs, {failures} failures")
    return 1 if failures or not programs else 0


if __name__ == "__main__":
    sys.exit(main())
