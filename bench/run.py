# SPDX-License-Identifier: Apache-2.0
"""Runs the benchmarks one after the other: makes their inputs once, calls every bench/NAME.py, keeps its output as
OUT/NAME.md. Called by `./dev bench`, with the Python of build/peers."""
import argparse
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
HELPERS = {"run", "make_inputs", "side_by_side"}


def data_file(given):
    """The labelled MoS2 cells beside the project when they are there, else the bundled ones."""
    for path in (given, os.environ.get("MTX_BENCH_DATA"),
                 os.path.join(ROOT, "..", "shared", "data", "mos2_gap.xyz.gz"),
                 os.path.join(ROOT, "examples", "data", "mos2_defects.xyz.gz")):
        if path and os.path.exists(path):
            return os.path.abspath(path)
    sys.exit("no data file: give one with --data")


def make_inputs(folder, data):
    stamp = os.path.join(folder, "made-from")
    if os.path.exists(stamp) and open(stamp).read() == data:
        return
    print(f"making inputs in {folder} from {os.path.relpath(data)}", flush=True)
    subprocess.run([sys.executable, os.path.join(HERE, "make_inputs.py"), folder, data], check=True)
    with open(stamp, "w") as f:
        f.write(data)


def show_targets(path, out):
    """target | seen | met of all that was run"""
    with open(path, encoding="utf-8") as f:
        rows = [json.loads(line) for line in f]
    lines = ["# Targets", "", "| work | wanted | seen | met |", "| --- | --- | --- | --- |"]
    lines += [f"| {work} | {wanted} | {seen} | {'yes' if met else 'NO'} |" for work, wanted, seen, met in rows]
    with open(out, "w", encoding="utf-8") as f:
        f.write("\n".join(lines) + "\n")
    print("\n".join(lines) + f"\n-> {os.path.relpath(out)}\n", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="benchmarks to run (default: all)")
    parser.add_argument("--build", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--data", help="extended XYZ, gzip (or MTX_BENCH_DATA in the environment)")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()

    every = sorted(f[:-3] for f in os.listdir(HERE) if f.endswith(".py") and f[:-3] not in HELPERS)
    unknown = set(options.names) - set(every)
    if unknown:
        sys.exit(f"no benchmark {', '.join(sorted(unknown))}; there are: {', '.join(every)}")
    data, inputs = data_file(options.data), os.path.abspath(os.path.join(options.out, "inputs"))
    os.makedirs(options.out, exist_ok=True)
    make_inputs(inputs, data)

    failed, targets = [], os.path.join(options.out, "targets.json")
    open(targets, "w", encoding="utf-8").close()
    for name in options.names or every:
        table = os.path.join(options.out, f"{name}.md")
        command = [sys.executable, os.path.join(HERE, f"{name}.py"), "--inputs", inputs, "--data", data,
                   "--build", os.path.abspath(options.build), "--targets", os.path.abspath(targets)] + (["--quick"] if options.quick else [])
        with open(table, "w") as f, subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as child:
            for line in child.stdout:
                print(line, end="", flush=True)
                f.write(line)
        if child.returncode != 0:
            failed.append(name)
        print(f"-> {os.path.relpath(table)}\n", flush=True)
    show_targets(targets, os.path.join(options.out, "targets.md"))
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


main()
