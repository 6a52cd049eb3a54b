# SPDX-License-Identifier: Apache-2.0
"""Memory runs out at the n-th allocation, for every n (sampled when there are many): the program neither crashes nor
hangs, says so with exit code 3 (or 1 where it takes the failure for bad data), leaves no half-made file, and when it
carries on with exit code 0 its results are those of the undisturbed run.
usage: run_exhaustion_full.py --mtx PROGRAM --root SOURCE_TREE [--only NAME]"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import npz

MOST = 100                          # runs of one command
ROUNDING = 1e-12
TIME = re.compile(rb"in \d+\.\d\d s")
HERE = os.path.dirname(os.path.abspath(__file__))

WRONG = """use "crystal.mtx"
transform heights {
  takes s : Crystal
  set   bond = pairs(s.atom) within 3 Å
  gives z[i in s.atom] : scalar [Å] = s.r[i].z
  gives E : scalar = sum b in bond: cutoff(norm(b.d), 3 Å, 2)
  respects permute, rotate
  smooth E to C2
}
"""


def commands(root):
    data = os.path.join(root, "examples", "data")
    example = lambda name: os.path.join(root, "examples", name)
    file = lambda name: os.path.join(data, name)
    quiet = ["--quiet", "--backend", "llvm"]
    defects = [example("01_sparse_defects.mtx"), "three.xyz", "--set", "host=" + file("mos2_host.poscar")]
    return {
        "check": ["check", example("01_sparse_defects.mtx"), example("04_symmetry_functions.mtx")],
        "check_wrong": ["check", "wrong.mtx"],
        "check_json": ["check", "--json", "wrong.mtx"],
        "fmt": ["fmt", "--check", example("04_symmetry_functions.mtx")],
        "emit_c": ["build", example("06_ionic_crystal.mtx"), "--emit=c", "-o", "-"],
        "emit_ir": ["build", example("06_ionic_crystal.mtx"), "--emit=ir", "-o", "-"],
        "npz": ["run", *defects, *quiet, "-o", "out/a.npz"],
        "csv": ["run", *defects, *quiet, "-o", "out/a.csv"],
        "h5": ["run", *defects, *quiet, "-o", "out/a.h5"],
        "xyz": ["run", "stdlib:descriptors/coordination.mtx", file("si_conventional.xyz"), *quiet, "-o", "out/a.xyz"],
        "cif": ["run", example("03_radial_distribution.mtx"), file("nacl_conventional.cif"), *quiet, "-o", "out/a.npz"],
        "json": ["run", example("03_radial_distribution.mtx"), file("cscl.json"), *quiet, "-o", "out/a.npz"],
        "poscar": ["run", example("03_radial_distribution.mtx"), file("si_primitive.poscar"), *quiet, "-o", "out/a.npz"],
        "ewald": ["run", example("06_ionic_crystal.mtx"), file("nacl_primitive.poscar"), *quiet, "-o", "out/a.npz"],
        "spectrum": ["run", example("02_coulomb_spectrum.mtx"), file("molecules.xyz"), *quiet, "-o", "out/a.npz"],
        "test": ["test", example("02_coulomb_spectrum.mtx"), "--tries", "1", "--backend", "llvm", "--save", "out"],
        "test_derivatives": ["test", os.path.join(root, "tests", "testgen", "right.mtx"), "--tries", "1", "--only", "s.r)",
                             "--backend", "llvm", "--save", "out"],
    }


def numbers(name, data):
    """Contents to compare: without memory for vector loops LLVM makes scalar ones, which round differently."""
    if name.endswith(".npz"):
        with tempfile.NamedTemporaryFile(suffix=".npz") as f:
            f.write(data)
            f.flush()
            return [(k, a.shape, a.values) for k, a in sorted(npz.load(f.name).items())]
    if name.endswith(".h5"):
        return len(data)
    return data.decode()


def close(a, b):
    if isinstance(a, float) and isinstance(b, float):
        return a == b or abs(a - b) <= ROUNDING * max(abs(a), abs(b)) or (a != a and b != b)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(close, a, b))
    if isinstance(a, str):
        x, y = (re.split(r"([-+]?\d+\.\d+(?:e[-+]?\d+)?)", s) for s in (a, b))
        return len(x) == len(y) and all(close(float(p), float(q)) if k % 2 else p == q for k, (p, q) in enumerate(zip(x, y)))
    return a == b


def same_files(a, b):
    return a.keys() == b.keys() and all(a[k] == b[k] or close(numbers(k, a[k]), numbers(k, b[k])) for k in a)


class Sweep:
    def __init__(self, mtx, shim, folder):
        self.mtx, self.shim, self.folder = mtx, shim, folder

    def run(self, words, fail_at, go_on=False):
        """(exit code, allocations, stdout, stderr, {file: bytes})"""
        out = os.path.join(self.folder, "out")
        shutil.rmtree(out, ignore_errors=True)
        os.mkdir(out)
        read, write = os.pipe()
        env = dict(os.environ, LD_PRELOAD=self.shim, MTX_FAIL_AT=str(fail_at), OPENBLAS_NUM_THREADS="1")
        env.update({"MTX_FAIL_ON": "1"} if go_on else {})
        done = subprocess.run(["sh", "-c", f'exec 9>&{write}; exec "$@"', "sh", self.mtx, *words], cwd=self.folder, env=env,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=[write], timeout=60)
        os.close(write)
        with os.fdopen(read, "rb") as f:
            asked = int(f.read() or b"0")
        files = {}
        for place, _, names in os.walk(out):
            for name in names:
                with open(os.path.join(place, name), "rb") as f:
                    files[name] = f.read()
        return done.returncode, asked, done.stdout, TIME.sub(b"", done.stderr), files

    def faults(self, words):
        plain = self.run(words, 0)
        if plain[0] not in (0, 1):
            return [f"without failures: exit code {plain[0]}: {plain[3].decode(errors='replace')}"], 0
        count, found = plain[1], []
        step = max(1, count // MOST)
        for n in range(1, count + 1, step):
            for go_on in (False, True) if n % 5 == 1 else (False,):
                code, _, out, err, files = self.run(words, n, go_on)
                told = f"allocation {n}{' and all after it' if go_on else ''}: "
                if code == 0:
                    if words[0] != "test" and not ((out, err) == plain[2:4] and same_files(files, plain[4])):
                        found.append(told + "the result is another one, and nobody says so: " + err[-200:].decode(errors="replace"))
                elif code not in (1, 3):
                    found.append(told + f"exit code {code}: " + err[-300:].decode(errors="replace"))
                elif not err and not out:
                    found.append(told + f"exit code {code} without a word")
                elif files and words[0] != "test":      # which saves what failed
                    found.append(told + f"exit code {code} leaves {sorted(files)}")
        return found, count


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mtx", required=True)
    parser.add_argument("--root", required=True)
    parser.add_argument("--only")
    options = parser.parse_args()
    if os.environ.get("MTX_SANITIZE"):
        print("skipped: the sanitizers have an allocator of their own")
        return 0
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        shim = os.path.join(folder, "shim.so")
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", shim, os.path.join(HERE, "shim.c"), "-ldl"], check=True)
        with open(os.path.join(folder, "wrong.mtx"), "w", encoding="utf-8") as f:
            f.write(WRONG)
        data = os.path.join(options.root, "examples", "data", "mos2_defects.xyz.gz")
        text = subprocess.run(["gzip", "-dc", data], stdout=subprocess.PIPE, check=True).stdout.split(b"\n")
        frames, at = [], 0
        while len(frames) < 3:
            size = int(text[at]) + 2
            frames += [b"\n".join(text[at:at + size])]
            at += size
        with open(os.path.join(folder, "three.xyz"), "wb") as f:
            f.write(b"\n".join(frames) + b"\n")
        sweep = Sweep(os.path.abspath(options.mtx), shim, folder)
        for name, words in commands(os.path.abspath(options.root)).items():
            if options.only and options.only != name:
                continue
            found, count = sweep.faults(words)
            print(f"{name}: {count} allocations, {len(found)} faults")
            for fault in found[:10]:
                print("  " + fault)
            wrong += len(found)
            sys.stdout.flush()
    return 1 if wrong else 0


sys.exit(main())
