# SPDX-License-Identifier: Apache-2.0
"""Calls the command line from tests: opened(), Mtx(PROGRAM, ROOT).check(SPEC), .run(SPEC, INPUT, host=FILE), and small
structures as extended XYZ text. Nothing is asserted here."""
import argparse
import json
import math
import os
import subprocess
import sys
import tempfile

import npz

LIMIT = 60                 # seconds for one call of the program


class Failed(Exception):
    pass


class Mtx:
    def __init__(self, program, root):
        self.program, self.root = program, root
        self.folder = tempfile.TemporaryDirectory(prefix="mtx-test-")

    def path(self, *parts):
        return os.path.join(self.root, *parts)

    def write(self, name, text):
        path = os.path.join(self.folder.name, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def call(self, *words):
        done = subprocess.run([self.program, *words], capture_output=True, timeout=LIMIT)
        return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")

    def check(self, spec, *options):
        """(exit code, the JSON that `mtx check --json` prints)"""
        code, out, err = self.call("check", spec, "--json", *options)
        try:
            return code, json.loads(out)
        except ValueError:
            raise Failed(f"mtx check {spec}: exit code {code}, no JSON\n{out[:500]}{err}")

    def has_llvm(self):
        return os.path.exists(os.path.join(os.path.dirname(self.program), "libmtx-llvm.so"))

    def run(self, spec, *inputs, transform="", backend=None, **fixed):
        """The arrays that `mtx run` writes. backend: "c", or "llvm" where the build has it; None: the program chooses."""
        chosen = ["--backend", backend] if backend == "c" or (backend == "llvm" and self.has_llvm()) else []
        out = os.path.join(self.folder.name, "out.npz")
        sets = [f"--set={name}={path}" for name, path in fixed.items()]
        target = spec + (":" + transform if transform else "")
        code, _, err = self.call("run", target, *inputs, *sets, *chosen, "--quiet", "-o", out)
        if code:
            raise Failed(f"mtx run {target}: exit code {code}\n{err}")
        return npz.load(out)

    def changed(self, spec, *replacements):
        """A copy of a spec of this tree with pieces of its text replaced; each must occur."""
        with open(self.path(spec), encoding="utf-8") as f:
            text = f.read()
        for old, new in replacements:
            if old not in text:
                raise Failed(f"{spec} has no `{old}`")
            text = text.replace(old, new)
        return self.write("changed.mtx", text)


def opened():
    """The Mtx of --mtx and --root, and the other words of the command line for unittest"""
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("--mtx", required=True)
    parser.add_argument("--root", required=True)
    options, rest = parser.parse_known_args()
    return Mtx(os.path.abspath(options.mtx), os.path.abspath(options.root)), [sys.argv[0], *rest]


def xyz(atoms, cell=None, pbc="T T T", columns="", **info):
    """One frame. atoms: (symbol, x, y, z, further columns...); columns: their part of Properties."""
    head = []
    if cell is not None:
        head = ['Lattice="%s"' % " ".join(repr(x) for row in cell for x in row), f'pbc="{pbc}"']
    head += ["Properties=species:S:1:pos:R:3" + columns, *(f"{k}={v}" for k, v in info.items())]
    return "\n".join([str(len(atoms)), " ".join(head), *(" ".join(map(str, a)) for a in atoms)]) + "\n"


def cartesian(cell, frac):
    return [sum(frac[k] * cell[k][x] for k in range(3)) for x in range(3)]


def hexagonal(a, c):
    return [[a, 0.0, 0.0], [-a / 2, a * math.sqrt(3) / 2, 0.0], [0.0, 0.0, c]]


def images(cell, reach):
    """Lattice translations that can bring anything in the cell within reach of anything else in it."""
    volume = abs(dot(cell[0], cross(cell[1], cell[2])))
    most = []
    for k in range(3):
        normal = cross(cell[(k + 1) % 3], cell[(k + 2) % 3])
        most.append(int(reach * math.sqrt(dot(normal, normal)) / volume) + 2)
    for a in range(-most[0], most[0] + 1):
        for b in range(-most[1], most[1] + 1):
            for c in range(-most[2], most[2] + 1):
                yield (a, b, c), cartesian(cell, (a, b, c))


def dot(a, b):
    return sum(x * y for x, y in zip(a, b))


def cross(a, b):
    return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]


def neighbours(sites, cell, reach):
    """rows[i] = [(j, displacement)] of all images closer than reach, all tried. sites: (symbol, x, y, z)."""
    shifts = [t for _, t in images(cell, reach)] if cell else [[0.0] * 3]
    rows = []
    for _, *r in sites:
        row = []
        for j, (_, *s) in enumerate(sites):
            for t in shifts:
                d = [s[k] + t[k] - r[k] for k in range(3)]
                if 1e-12 < dot(d, d) < reach * reach:
                    row.append((j, d))
        rows.append(row)
    return rows
