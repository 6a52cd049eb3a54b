# SPDX-License-Identifier: Apache-2.0
"""House rules that a program can check, over every source of the tree: the licence line, file lengths, no absolute path of
one machine, no work mark without an issue number, and the bundled data equal to what its script writes. (Layout and line
lengths are clang-format's: `./dev fmt --check`.)"""
import argparse
import os
import re
import subprocess
import sys
import tempfile

FOLDERS = ("bench", "cmake", "compiler", "docs", "examples", "grammar", "include", "runtime", "stdlib", "tests")
CODE = (".c", ".h", ".cc", ".def", ".y", ".l", ".py", ".cmake", ".in", ".txt", ".mtx")
NEEDS_LICENCE = (".c", ".h", ".cc", ".def", ".y", ".l", ".py", ".cmake")
FILE = 1000                     # longer needs a reason in the first comment, with the word "long"
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:work|farm|root|home/[a-z]+)/")
MARK = re.compile(r"\b(TODO|FIXME|XXX)\b(?!\(#\d+\))")


def sources(root):
    for folder in FOLDERS:
        for place, folders, files in os.walk(os.path.join(root, folder)):
            folders[:] = sorted(f for f in folders if f != "__pycache__")
            yield from (os.path.join(place, f) for f in sorted(files) if f.endswith(CODE))
    yield from (os.path.join(root, f) for f in ("CMakeLists.txt", "dev"))


def faults_of(path, text):
    lines = text.split("\n")
    if path.endswith(NEEDS_LICENCE) and "SPDX-License-Identifier: Apache-2.0" not in "\n".join(lines[:3]):
        yield 1, "no SPDX line"
    if len(lines) > FILE and not path.endswith(".def") and "long" not in "\n".join(lines[:25]):
        yield len(lines), f"longer than {FILE} lines, and the first comment does not say why it is so long"
    for number, line in enumerate(lines, 1):
        if os.path.basename(path) == os.path.basename(__file__):
            continue                                     # the patterns themselves
        if MACHINE_PATH.search(line):
            yield number, "the path of one machine"
        if MARK.search(line):
            yield number, "a work mark without an issue number"


def data_faults(root):
    """The bundled data is what its script writes."""
    folder = os.path.join(root, "examples", "data")
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run([sys.executable, os.path.join(folder, "make_data.py"), scratch], check=True)
        for name in sorted(os.listdir(scratch)):
            with open(os.path.join(scratch, name), "rb") as a, open(os.path.join(folder, name), "rb") as b:
                if not same_content(name, a.read(), b.read()):
                    yield f"examples/data/{name}: differs from what make_data.py writes"


def same_content(name, a, b):
    if name.endswith(".gz"):                             # another zlib may pack differently
        import gzip
        a, b = gzip.decompress(a), gzip.decompress(b)
    return a == b


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mtx")
    parser.add_argument("--root", required=True)
    root = parser.parse_args().root
    bad = list(data_faults(root))
    count = 0
    for path in sources(root):
        count += 1
        with open(path, encoding="utf-8", errors="replace") as f:
            text = f.read()
        bad += [f"{os.path.relpath(path, root)}:{line}: {fault}" for line, fault in faults_of(path, text)]
    print("\n".join(bad) or f"{count} files")
    sys.exit(1 if bad or count == 0 else 0)


main()
