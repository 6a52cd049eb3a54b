# SPDX-License-Identifier: Apache-2.0
"""The program itself: checking the examples, from text to native code for everything in the standard library, and the MoS2
cells to sparse defect graphs, with the memory of that and of 32 times as many frames.

Each is a whole process, the least processor time of its repeats, so that what else has the core does not count;
build/PRESET/bench/ready (ready.c) times itself.
"""
import glob
import os
import re
import subprocess
import sys
import tempfile

from side_by_side import Table, arguments, machine, target

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
MORE = 32                                           # times as many frames: every buffer has long been full
CHECK, READY, RUN, MEMORY, GROWTH = 0.05, 0.3, 1.0, 200.0, 1.25


def process(*command):
    """Processor seconds, MB, standard output."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as child:
        out = child.stdout.read()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"failed: {' '.join(command)}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, out


def check(options, table, program, repeats):
    worst = 0.0
    for spec in sorted(glob.glob(os.path.join(ROOT, "examples", "*.mtx"))):
        least = min(process(program, "check", spec)[0] for _ in range(repeats))
        table.row(f"check {os.path.basename(spec)}", 1e3 * least, "")
        worst = max(worst, least)
    target(options, "mtx check of any example, whole process", f"< {1e3 * CHECK:g} ms", f"at most {1e3 * worst:.1f} ms",
           worst < CHECK)


def transforms():
    for spec in sorted(glob.glob(os.path.join(ROOT, "stdlib", "*", "*.mtx"))):
        with open(spec, encoding="utf-8") as f:
            for name in re.findall(r"(?m)^transform (\w+)", f.read()):
                yield spec, name


def ready(options, table, program, repeats):
    times = {}
    for spec, name in transforms():
        times[name] = min(float(process(program, f"{spec}:{name}")[2]) for _ in range(repeats))
        table.row(f"ready {os.path.basename(spec)}:{name}", 1e3 * times[name], "")
    slowest = max(times, key=times.get)
    target(options, f"text to loaded native code, {len(times)} transforms of the standard library", f"< {READY:g} s",
           f"at most {times[slowest]:.3f} s ({slowest})", times[slowest] < READY)


def run(options, table, program, repeats):
    with tempfile.TemporaryDirectory() as folder:
        out, many = os.path.join(folder, "out.npz"), os.path.join(folder, "many.xyz.gz")
        with open(options.data, "rb") as f, open(many, "wb") as g:
            packed = f.read()
            for _ in range(MORE):                   # gzip members one after the other are one file
                g.write(packed)
        host = os.path.join(ROOT, "examples", "data", "mos2_host.poscar")
        command = [program, "run", os.path.join(ROOT, "examples", "01_sparse_defects.mtx"), "--set", f"host={host}", "-o", out]
        seconds, memory = (min(x) for x in list(zip(*(process(*command, options.data) for _ in range(repeats))))[:2])
        more_seconds, more_memory, _ = process(*command, many)
    name = os.path.basename(options.data)
    table.row(f"run {name}", 1e3 * seconds, memory)
    table.row(f"run {name}, {MORE} times", 1e3 * more_seconds, more_memory)
    target(options, f"{name} to sparse defect graphs, whole process", f"< {RUN:g} s", f"{seconds:.2f} s", seconds < RUN)
    target(options, "memory of that run", f"< {MEMORY:g} MB", f"{memory:.0f} MB", memory < MEMORY)
    target(options, f"memory for {MORE} times the frames", f"< {GROWTH:g} times that", f"{more_memory:.0f} MB",
           more_memory < GROWTH * memory)


def main():
    options = arguments(__doc__)
    table = Table("The program", f"{machine()}; least of the repeats.", "what", "ms", "MB")
    mtx, repeats = os.path.join(options.build, "mtx"), 3 if options.quick else 9
    check(options, table, mtx, 2 * repeats)
    ready(options, table, os.path.join(options.build, "bench", "ready"), repeats)
    run(options, table, mtx, repeats)


main()
