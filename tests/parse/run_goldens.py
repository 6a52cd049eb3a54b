#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The front end against golden files: messages of the bad programs in grammar/errors, trees of the programs in
tests/parse, layouts of those in tests/fmt. Every message of the lexer and parser (diag.def, codes 0001 to 0099) must
occur. Uses the test driver, so the command line is not needed. --accept (or MTX_ACCEPT=1) rewrites the goldens."""

import argparse
import os
import pathlib
import re
import subprocess
import sys

SUITES = [("grammar/errors", "text", ".expected"), ("tests/parse", "ast", ".ast"), ("tests/fmt", "fmt", ".expected")]
UNREACHED = {"E0056"}  # needs a spec of more than 256 MB


def check(driver, program, mode, golden, accept):
    """What is wrong, or None; and the text that came out."""
    run = subprocess.run([driver, mode, str(program)], capture_output=True, timeout=20)
    got = run.stdout.decode("utf-8", "replace")
    if run.returncode not in (0, 1) or (mode == "text") != (got.startswith(("error[", "warning["))):
        return f"exit code {run.returncode}, output\n{got}{run.stderr.decode()}", got
    if accept:
        golden.write_text(got, encoding="utf-8")
    want = golden.read_text(encoding="utf-8") if golden.exists() else None
    if want != got or run.returncode != ("error[" in got):
        return f"exit code {run.returncode}, expected\n{want}\ngot\n{got}", got
    return None, got


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mtx", default="")
    parser.add_argument("--root", default=".")
    parser.add_argument("--driver", default="")
    parser.add_argument("--accept", action="store_true", default=os.environ.get("MTX_ACCEPT") == "1")
    args = parser.parse_args()
    build = os.environ.get("MTX_BUILD") or str(pathlib.Path(args.mtx).resolve().parent)
    driver = args.driver or str(pathlib.Path(build) / "tests" / "parse_driver")
    root = pathlib.Path(args.root)
    tried, failures, seen = 0, 0, set()
    for folder, mode, suffix in SUITES:
        programs = sorted((root / folder).glob("*.mtx"))
        failures += not programs
        for program in programs:
            tried += 1
            fault, got = check(driver, program, mode, program.with_suffix(suffix), args.accept)
            seen.update(re.findall(r"^(?:error|warning)\[([EW]\d+)\]", got, re.M))
            if fault:
                failures += 1
                print(f"{program.name}: {fault}")
    table = (root / "compiler" / "diag.def").read_text(encoding="utf-8")
    missing = set(re.findall(r'"([EW]00\d\d)"', table)) - seen - UNREACHED
    if missing:
        failures += 1
        print("no program in grammar/errors shows", ", ".join(sorted(missing)))
    print(f"{tried} programs, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
