# SPDX-License-Identifier: Apache-2.0
"""Writes mos2_defects.xyz.gz: 100 frames of the 2DMD MoS2 data with all their keys (id, fold, band_gap).

usage: make_excerpt.py MOS2_GAP_XYZ_GZ
The three cells whose sparse graphs are test goldens come first, then cells of every composition in turn, in file order.
"""
import collections
import gzip
import os
import re
import sys

FIRST = ["6141cf0f51c1cbd9654b8870", "6141cf15ee0a3fd43fb479db", "6141cf194e27a1844a5efffe"]
FRAMES = 100


def frames(path):
    with gzip.open(path, "rt") as text:
        for line in text:
            atoms = [next(text) for _ in range(int(line) + 1)]
            yield re.search(r"\bid=(\S+)", atoms[0]).group(1), line + "".join(atoms)


def composition(frame):
    species = collections.Counter(line.split()[0] for line in frame.splitlines()[2:])
    return tuple(sorted(species.items()))


def chosen(path):
    everything = dict(frames(path))
    yield from (everything.pop(name) for name in FIRST)
    groups = collections.defaultdict(list)
    for frame in everything.values():
        groups[composition(frame)].append(frame)
    left = FRAMES - len(FIRST)
    while left:
        for key in sorted(groups):
            if groups[key] and left:
                yield groups[key].pop(0)
                left -= 1


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    target = os.path.join(os.path.dirname(os.path.abspath(__file__)), "mos2_defects.xyz.gz")
    with open(target, "wb") as out:
        out.write(gzip.compress("".join(chosen(sys.argv[1])).encode(), 9, mtime=0))
