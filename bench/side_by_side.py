# SPDX-License-Identifier: Apache-2.0
"""What the benchmark scripts share: one core, one thread, alternating repeats, a Markdown table. Import it before numpy.

Ratios are made side by side in one run: the repeats of all contenders alternate, so that a busy machine is busy for all of
them, and the ratio is that of the medians. Times are processor time, so that what else has the core does not count.
"""
import argparse
import json
import os
import sys

for _name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "RAYON", "NUMBA"):
    os.environ[f"{_name}_NUM_THREADS"] = "1"

import statistics
import time
import warnings
from importlib.metadata import version

warnings.filterwarnings("ignore")


def arguments(description):
    """--inputs FOLDER --build FOLDER --data FILE [--quick]; pins the process (and its children) to one core."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--inputs", required=True, help="folder made by make_inputs.py")
    parser.add_argument("--build", required=True, help="build folder with mtx and bench/*")
    parser.add_argument("--data", required=True, help="the MoS2 cells, extended XYZ, gzip")
    parser.add_argument("--quick", action="store_true", help="fewer repeats: to see that it works")
    parser.add_argument("--targets", help="file that gets a line of JSON per target")
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    return options


def target(options, work, wanted, seen, met):
    """One line of the last table of `./dev bench`: all texts but `met`."""
    if options.targets:
        with open(options.targets, "a", encoding="utf-8") as f:
            f.write(json.dumps([work, wanted, seen, bool(met)]) + "\n")


def target_ratio(options, work, peer, wanted, ratios):
    """The least of the ratios peer's time / ours decides."""
    seen = ", ".join(f"{r:.3g}" for r in ratios)
    target(options, work, f">= {wanted:g} times {peer}", seen, min(ratios) >= wanted)


def machine(*packages):
    model = "unknown processor"
    with open("/proc/cpuinfo") as f:
        for line in f:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    versions = ", ".join([f"{p} {version(p)}" for p in packages] + [f"Python {sys.version.split()[0]}"])
    return f"{model}, one core, one thread, load {os.getloadavg()[0]:.1f}; {versions}"


def once(work):
    start = time.process_time()
    value = work()
    return time.process_time() - start, value


def race(contenders, repeats=7, least=0.02, seconds=60.0):
    """{name: callable} -> {name: (median seconds of one call, spread, last value)}.

    A callable may return ("timed", seconds, value) when it measures itself (a child process, a C loop)."""
    inner, times, values = {}, {name: [] for name in contenders}, {}
    for name, work in contenders.items():                          # first call: warm up, choose the inner repeats
        spent, values[name] = once(work)
        inner[name] = 1 if is_timed(values[name]) else max(1, int(least / max(spent, 1e-9)))
    start = time.perf_counter()
    for attempt in range(repeats):
        if time.perf_counter() - start > seconds and attempt >= 3:
            break
        for name, work in contenders.items():
            def block(work=work, count=inner[name]):
                for _ in range(count):
                    value = work()
                return value
            spent, values[name] = once(block)
            times[name].append(values[name][1] if is_timed(values[name]) else spent / inner[name])
    result = {}
    for name, t in times.items():
        middle = statistics.median(t)
        value = values[name][2] if is_timed(values[name]) else values[name]
        result[name] = (middle, (max(t) - min(t)) / middle, value)
    return result


def is_timed(value):
    return isinstance(value, tuple) and len(value) == 3 and value[0] == "timed"


class Table:
    """Rows printed as they come, as Markdown."""

    def __init__(self, title, note, *columns):
        print(f"# {title}\n\n{note}\n\n| " + " | ".join(columns) + " |")
        print("| --- |" + " ---: |" * (len(columns) - 1), flush=True)

    def row(self, *cells):
        print("| " + " | ".join(f"{c:.4g}" if isinstance(c, float) else str(c) for c in cells) + " |", flush=True)
