#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Wrong specs: each file of tests/law/wrong must be refused, with the blame on the expression underlined.

A line   #      ^^^^^^ expect: CODE [CLAIM [VERDICT]]   speaks of the line above it (other such lines
skipped): one error CODE has its primary label on exactly these columns; CLAIM, such as rotate or C2, has this VERDICT.
Every error must be expected and every expectation must come; one error may lose several claims.
usage: run_wrong.py --mtx PROGRAM --root SOURCE_TREE [--only NAME]"""
import argparse
import glob
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from mtx_call import Failed, Mtx

LINE = re.compile(r"^#( *)(\^+) expect: ([EW]\d{4})(?: (\S+))?(?: (refuted|unproved))?$")


def expectations(path):
    """[(code, line, column, end column, claim, verdict)]; columns count characters from 1, without the end."""
    out, above = [], 0
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            found = LINE.match(line.rstrip("\n"))
            if not found:
                if "expect:" in line:
                    raise Failed(f"{path}:{number}: this expectation cannot be read")
                above = number
                continue
            start = 2 + len(found[1])
            out.append((found[3], above, start, start + len(found[2]), found[4], found[5]))
    return out


def primary(d):
    return next((x for x in d["labels"] if x["primary"]), d)


def faults(mtx, path):
    wanted = expectations(path)
    code, found = mtx.check(path)
    if not wanted:
        return ["nothing is expected here"]
    out = [] if code == 1 else [f"exit code {code}"]
    have, met = [], set()
    for d in found["diagnostics"]:
        if d["severity"] == "error":
            at = primary(d)
            here = os.path.basename(at["file"]) == os.path.basename(path) and at["line"] == at["end_line"]
            line = at["line"] if here else at["file"]
            have.append((d["code"], line, at["column"], at["end_column"], d["message"]))
    for w in wanted:
        named = w[4] if w[0] == "E0301" else ""
        match = next((h for h in have if h[:4] == w[:4] and (named or "") in h[4]), None)
        if match:
            met.add(match)
        else:
            out.append(f"line {w[1]}: no {w[0]} {w[4] or ''} on columns {w[2]} to {w[3]}")
        claims = [c["verdict"] for c in found["claims"] if c["claim"].split()[-1] == w[4]]
        if w[5] and w[5] not in claims:
            out.append(f"line {w[1]}: {w[4]} is {claims}, not {w[5]}")
    out += [f"line {h[1]}: {h[0]} on columns {h[2]} to {h[3]} is not expected: {h[4]}" for h in have if h not in met]
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mtx", required=True)
    parser.add_argument("--root", required=True)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    mtx = Mtx(os.path.abspath(options.mtx), os.path.abspath(options.root))
    paths = sorted(glob.glob(mtx.path("tests", "law", "wrong", "*.mtx")))
    wrong = 0
    for path in paths:
        name = os.path.basename(path)[:-len(".mtx")]
        if options.only and options.only != name:
            continue
        try:
            found = faults(mtx, path)
        except Failed as e:
            found = [str(e)]
        wrong += bool(found)
        for f in found:
            print(f"{name}: {f}")
    print(f"{len(paths)} wrong specs, {wrong} failures")
    return 1 if wrong or not paths else 0


sys.exit(main())
