# SPDX-License-Identifier: Apache-2.0
"""The file maps (compiler/README.md, runtime/README.md) name every file of their folder, once, and no other."""
import argparse
import os
import re
import subprocess
import sys

ENDINGS = (".c", ".h", ".cc", ".def")


def files_of(root, folder):
    """Files that git knows, so that another's work in progress is no fault here; all files outside a checkout."""
    listed = subprocess.run(["git", "ls-files", folder], cwd=root, capture_output=True, text=True, check=False)
    names = listed.stdout.split() if listed.returncode == 0 and listed.stdout else [
        os.path.relpath(os.path.join(place, f), root)
        for place, _, found in os.walk(os.path.join(root, folder)) for f in found]
    return {os.path.relpath(n, folder) for n in names if n.endswith(ENDINGS) and os.path.exists(os.path.join(root, n))}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mtx")
    parser.add_argument("--root", required=True)
    root = parser.parse_args().root
    faults = []
    for folder in ("compiler", "runtime"):
        with open(os.path.join(root, folder, "README.md"), encoding="utf-8") as f:
            rows = [line.split("|")[1] for line in f if line.startswith("| `")]
        named = [name for row in rows for name in re.findall(r"`([^`]+)`", row)]
        have = files_of(root, folder)
        faults += [f"{folder}/README.md: {n} is missing" for n in sorted(have - set(named))]
        faults += [f"{folder}/README.md: {n} is not there" for n in sorted(set(named) - have)
                   if not os.path.exists(os.path.join(root, folder, n))]
        faults += [f"{folder}/README.md: {n} stands there twice" for n in sorted({n for n in named if named.count(n) > 1})]
    print("\n".join(faults) or "every file is on its map")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
