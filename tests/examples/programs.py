# SPDX-License-Identifier: Apache-2.0
"""Builds the C programs of examples/c as a stranger would, against an installed mtx, and reads what they print.
Nothing is asserted about their numbers here."""
import os
import re
import subprocess
import sys


def run(*words, **more):
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, check=False, **more)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, words))}\nexit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def build(mtx, root, folder):
    """Installs the build that `mtx` is in, and builds the programs with it; the folder that they are in."""
    sanitizers = os.environ.get("MTX_SANITIZE", "").replace(";", ",")      # of the libraries that they call
    prefix, programs = os.path.join(folder, "prefix"), os.path.join(folder, "programs")
    run("cmake", "--install", os.path.dirname(os.path.abspath(mtx)), "--prefix", prefix)
    run("cmake", "-G", "Ninja", "-S", os.path.join(root, "examples", "c"), "-B", programs,
        f"-DCMAKE_PREFIX_PATH={prefix}",
        "-DCMAKE_C_FLAGS=-Werror" + (f" -fsanitize={sanitizers}" if sanitizers else ""))
    run("cmake", "--build", programs)
    return programs


def numbers(text):
    """By the first word of a line: its numbers."""
    lines = [line.split(None, 1) for line in text.splitlines() if line.strip()]
    return {words[0]: [float(n) for n in re.findall(r"[-+]?\d+\.?\d*(?:e[-+]?\d+)?", words[1])] for words in lines}


def dynamics(programs, cells, steps):
    """What molecular_dynamics prints: energy, temperature, drift, net (force), ..."""
    return {word: found[0] for word, found in
            numbers(run(os.path.join(programs, "molecular_dynamics"), cells, steps)).items()}
