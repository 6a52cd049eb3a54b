# SPDX-License-Identifier: Apache-2.0
"""Constant tables on data: results with and without `tabulate`, inside and outside of its range, are the same to the
tolerance by every back end; elements that a list has not are refused with frame and atom."""
import argparse
import os
import subprocess
import tempfile

SPEC = """use "crystal.mtx"
transform t {
  takes s : Crystal
  set   metal = species(Si, Ge)
  let   size = [[2.0 Å, 2.1 Å], [2.1 Å, 2.2 Å]]
  let   reach[a in metal, b in metal] = size[a][b]
  set   bond = pairs(s.atom) within 5 Å
  let   f(a, b, d) = cutoff(d, 5 Å, 3) * exp(-(d / reach[a, b])^2)
  let   g(a, b, d) = tabulate f(a, b, d) over 2.4 Å..4.1 Å to 1e-11
  gives near[i in s.atom] : scalar =
          sum b in bond(i): g(member(s.Z[i], metal), member(s.Z[b.j], metal), norm(b.d))
  gives same[i in s.atom] : scalar =
          sum b in bond(i): f(member(s.Z[i], metal), member(s.Z[b.j], metal), norm(b.d))
  gives middle[i in s.atom] : scalar [Å] = mean b in bond(i): reach[s.Z[i], s.Z[b.j]]
  smooth near to C2
}
"""


def frame(symbols):
    lines = [str(len(symbols)), 'Lattice="5.6 0 0 0.3 5.4 0 0.2 -0.4 5.9" Properties=species:S:1:pos:R:3 pbc="T T T"']
    lines += [f"{s} {0.4 + 2.3 * k} {0.2 + 1.7 * k % 3} {0.1 + 2.9 * k % 4}" for k, s in enumerate(symbols)]
    return "\n".join(lines) + "\n"


def run(mtx, *args):
    return subprocess.run([mtx, "run", *args, "--quiet"], capture_output=True, text=True, timeout=60, check=False)


def rows(path):
    with open(path, encoding="utf-8") as f:
        lines = f.read().split("\n")
    return [[float(x) for x in line.split(",")[2:]] for line in lines[1:] if line]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mtx", required=True)
    parser.add_argument("--root", required=True)
    mtx = parser.parse_args().mtx
    faults, results = [], []
    with tempfile.TemporaryDirectory() as folder:
        spec, good, bad = (os.path.join(folder, n) for n in ("t.mtx", "good.xyz", "bad.xyz"))
        with open(spec, "w", encoding="utf-8") as f:
            f.write(SPEC)
        with open(good, "w", encoding="utf-8") as f:
            f.write(frame(["Si", "Ge", "Si"]) + frame(["Ge", "Ge"]))
        with open(bad, "w", encoding="utf-8") as f:
            f.write(frame(["Si", "Ge", "Si"]) + frame(["Ge", "Mo"]))
        for backend in ("llvm", "c"):
            done = run(mtx, spec, good, "--backend", backend, "-o", os.path.join(folder, "out.csv"))
            if done.returncode and backend == "llvm" and "no LLVM back end" in done.stderr:
                continue
            if done.returncode:
                faults.append(f"{backend}: {done.stderr}")
                continue
            results.append(rows(os.path.join(folder, "out.atom.csv")))
            worst = max(abs(near - same) / same for near, same, _ in results[-1])
            if not worst < 1e-9 or len(results[-1]) != 5:
                faults.append(f"{backend}: the tabulated sum is off by {worst}")
        if len(results) == 2 and any(abs(a - b) > 1e-13 for x, y in zip(*results) for a, b in zip(x, y)):
            faults.append("LLVM and C differ")
        done = run(mtx, spec, bad, "-o", os.path.join(folder, "out.csv"))
        if done.returncode != 1 or "E0664" not in done.stderr or "frame 1  atom 1" not in done.stderr:
            faults.append("another element: " + done.stderr)
        done = run(mtx, spec, bad, "--skip-bad", "-o", os.path.join(folder, "out.csv"))
        if done.returncode != 0 or len(rows(os.path.join(folder, "out.atom.csv"))) != 3:
            faults.append("another element, skipped: " + done.stderr)
    print("\n".join(faults) if faults else "tables: as computed, with every back end")
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
