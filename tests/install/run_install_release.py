# SPDX-License-Identifier: Apache-2.0
"""Installs this build to a scratch folder, moves the folder, and uses it as a stranger would: the program from its new
place (it builds a library outside any source tree, as the one that is not installed does), a C11 and a C++17 consumer
by the CMake package, the C consumer by pkg-config."""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile


def run(*command, **more):
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\nexit code {done.returncode}\n{done.stdout}")
    return done.stdout


def expect(condition, text):
    if not condition:
        sys.exit(f"expected {text}")


def library_folder(prefix):
    found = [folder for folder, _, files in os.walk(prefix) if "libmtxrt.so" in files]
    expect(len(found) == 1, f"one folder with libmtxrt.so, found {found}")
    return found[0]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mtx", required=True)
    parser.add_argument("--root", required=True)
    options = parser.parse_args()
    build = os.path.dirname(os.path.abspath(options.mtx))
    consumer = os.path.join(options.root, "tests", "install", "consumer")

    with tempfile.TemporaryDirectory() as scratch:
        first, prefix = os.path.join(scratch, "first"), os.path.join(scratch, "moved")
        run("cmake", "--install", build, "--prefix", first)
        shutil.move(first, prefix)                       # nothing may depend on where it was installed
        libraries = library_folder(prefix)
        for name in ("include/mtx/mtxrt.h", "share/mtx/stdlib", "share/man/man1/mtx.1"):
            expect(os.path.exists(os.path.join(prefix, name)), f"{name} in the installation")

        program = os.path.join(prefix, "bin", "mtx")
        version = run(program, "--version", cwd=scratch)
        expect(version.startswith("mtx "), f"a version line, found {version!r}")

        for mtx, backend in ((program, "c"), (os.path.abspath(options.mtx), "c"), (program, "llvm")):
            if backend == "llvm" and not os.path.exists(os.path.join(libraries, "mtx", "libmtx-llvm.so")):
                continue
            out = os.path.join(scratch, "built")
            run(mtx, "build", "stdlib:descriptors/coordination.mtx", "-o", out, "--backend", backend, cwd=scratch)
            expect(sorted(os.listdir(out)) == ["coordination.h", "libcoordination.so"], "a library and its header")
            shutil.rmtree(out)

        out = os.path.join(scratch, "cmake")
        run("cmake", "-G", "Ninja", "-S", consumer, "-B", out, f"-DCMAKE_PREFIX_PATH={prefix}")
        run("cmake", "--build", out)
        for name in ("consumer_c", "consumer_cc"):
            text = run(os.path.join(out, name))
            expect(text == "Mo 42 no error\n", f"the consumer's line, found {text!r}")

        env = dict(os.environ, PKG_CONFIG_PATH=os.path.join(libraries, "pkgconfig"))
        flags = run("pkg-config", "--cflags", "--libs", "mtx", env=env).split()
        by_hand = os.path.join(scratch, "by_hand")
        run("cc", "-std=c11", os.path.join(consumer, "consumer.c"), "-o", by_hand, *flags, f"-Wl,-rpath,{libraries}")
        expect(run(by_hand) == "Mo 42 no error\n", "the consumer's line by pkg-config")


main()
