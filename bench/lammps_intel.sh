#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds LAMMPS with its INTEL package from Debian's source package into FOLDER/lmp, for bench/potentials.py:
#   bench/lammps_intel.sh build/lammps && MTX_BENCH_LAMMPS=source=$PWD/build/lammps/lmp ./dev bench potentials
# Wants Debian, g++, cmake, ninja, and a processor with AVX-512 (without it the package runs, but not as fast as it can).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ $# -eq 1 ] || { echo "usage: bench/lammps_intel.sh FOLDER" >&2; exit 2; }
mkdir -p "$1"
cd "$1"

if [ ! -d source ]; then
    # the machine's own sources, asked for source packages; lists of our own, so that its state stays as it is
    mkdir -p apt/lists/partial apt/parts
    for list in /etc/apt/sources.list.d/debian*.sources; do
        [ ! -f "$list" ] || sed 's/^Types:.*/Types: deb-src/' "$list" >"apt/parts/$(basename "$list")"
    done
    [ ! -f /etc/apt/sources.list ] || sed -n 's/^deb /deb-src /p' /etc/apt/sources.list >apt/parts/main.list
    own="-o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts=$PWD/apt/parts -o Dir::State::Lists=$PWD/apt/lists"
    apt-get $own -qq update
    apt-get $own -qq source --download-only lammps
    mkdir -p unpacked
    tar -xf lammps_*.orig.tar.* -C unpacked --strip-components=1
    rm -f unpacked/src/INTEL/pair_airebo* unpacked/src/INTEL/pair_rebo* unpacked/src/INTEL/pair_tersoff*
    mv unpacked source
fi

flags="-O3 -march=native -ffast-math -faligned-new=16 -DNDEBUG"
! grep -q avx512dq /proc/cpuinfo || flags="$flags -include $here/lammps_intel.h"
cmake -S source/cmake -B build -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE="$flags" \
    -DCMAKE_CXX_STANDARD_LIBRARIES="-lmvec -lm" -DBUILD_MPI=off -DBUILD_OMP=on -DPKG_MANYBODY=on -DPKG_INTEL=on \
    -DWITH_JPEG=off -DWITH_PNG=off -DWITH_GZIP=off -DWITH_FFMPEG=off >cmake.log
ninja -C build lmp
cp build/lmp lmp
./lmp -h | grep -q sw/intel
