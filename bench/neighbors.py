# SPDX-License-Identifier: Apache-2.0
"""Full neighbour lists (i, j, shift, distance, vector): vesin's C library against ours.

Both libraries are called the same way, through ctypes with arguments made before the clock starts, on the same arrays;
neither copies its result. Pair counts, neighbours per atom and summed distances per atom must agree.
"""
import ctypes
import os
import sys

from side_by_side import Table, arguments, machine, race, target_ratio

import ase.io
import numpy as np
from vesin._c_api import VesinCPU, VesinDevice, VesinNeighborList, VesinOptions
from vesin._c_lib import get_library

WANTED = 2.0                     # vesin's time / ours


class Pairs(ctypes.Structure):
    """mtx_pairs of include/mtx/mtxrt.h"""
    _fields_ = ([(n, ctypes.c_int64) for n in ("n", "atoms", "structures")]
                + [("row", ctypes.POINTER(ctypes.c_int64))]
                + [(n, ctypes.POINTER(ctypes.c_int32)) for n in ("i", "j", "sx", "sy", "sz")]
                + [(n, ctypes.POINTER(ctypes.c_double)) for n in ("dx", "dy", "dz", "dist")]
                + [(n, ctypes.POINTER(ctypes.c_int64)) for n in ("rev", "pair_ptr", "atom_ptr")]
                + [(n, ctypes.c_int64) for n in ("pair_capacity", "rev_capacity", "atom_capacity",
                                                 "structure_capacity")]
                + [("scratch", ctypes.c_void_p)])


class Problem(ctypes.Structure):
    """mtx_problem"""
    _fields_ = [("status", ctypes.c_int)] + [(n, ctypes.c_int64) for n in ("frame", "line", "atom")] + [
        ("code", ctypes.c_char * 8), ("field", ctypes.c_char * 64), ("file", ctypes.c_char * 256),
        ("message", ctypes.c_char * 512), ("help", ctypes.c_char * 256)]


def pointer(array, ctype):
    return array.ctypes.data_as(ctypes.POINTER(ctype))


def view(p, n):
    return np.ctypeslib.as_array(p, shape=(n,)) if n else np.zeros(0)


class Ours:
    def __init__(self, build):
        self.lib = ctypes.CDLL(os.path.join(build, "libmtxrt.so"))
        self.build = self.lib.mtx_neighbors_build
        self.lib.mtx_neighbors_kernel.restype = ctypes.c_char_p
        self.pairs = Pairs()
        self.lib.mtx_pairs_init(ctypes.byref(self.pairs))

    def kernel(self):
        return self.lib.mtx_neighbors_kernel(0).decode()

    def prepare(self, frames, cutoff):
        return [(pointer(r, ctypes.c_double), pointer(c, ctypes.c_double), pointer(b, ctypes.c_uint8),
                 ctypes.c_int64(len(r)), ctypes.c_double(cutoff), ctypes.c_uint(0), ctypes.byref(self.pairs), None)
                for r, c, b in frames]

    def run(self, calls):
        total, build, pairs = 0, self.build, self.pairs
        for arguments_ in calls:
            if build(*arguments_) != 0:
                raise RuntimeError("mtx_neighbors_build failed")
            total += pairs.n
        return total

    def summary(self, call, atoms):
        self.run([call])
        n = self.pairs.n
        i, d = view(self.pairs.i, n), view(self.pairs.dist, n)
        return np.bincount(i, minlength=atoms), np.bincount(i, weights=d, minlength=atoms)


class Vesin:
    def __init__(self):
        self.lib = get_library()
        self.pairs = VesinNeighborList()

    def prepare(self, frames, cutoff):
        options = VesinOptions()
        options.cutoff, options.full, options.sorted, options.n_threads = cutoff, True, False, 1
        options.return_shifts = options.return_distances = options.return_vectors = True
        return [(pointer(r, ctypes.c_double), ctypes.c_size_t(len(r)), pointer(c, ctypes.c_double),
                 pointer(b, ctypes.c_bool), VesinDevice(VesinCPU, 0), options, ctypes.byref(self.pairs),
                 ctypes.c_char_p()) for r, c, b in frames]

    def run(self, calls):
        total, build, pairs = 0, self.lib.vesin_neighbors, self.pairs
        for arguments_ in calls:
            if build(*arguments_) != 0:
                raise RuntimeError("vesin_neighbors failed")
            total += pairs.length
        return total

    def summary(self, call, atoms):
        self.run([call])
        n = self.pairs.length
        ij = np.ctypeslib.as_array(ctypes.cast(self.pairs.pairs, ctypes.POINTER(ctypes.c_size_t)), shape=(n, 2))
        i = ij[:, 0].astype(np.int64)
        return np.bincount(i, minlength=atoms), np.bincount(i, weights=view(self.pairs.distances, n), minlength=atoms)


def arrays(atoms):
    return (np.ascontiguousarray(atoms.positions), np.ascontiguousarray(atoms.cell.array),
            np.ascontiguousarray(atoms.pbc.astype(np.uint8)))


def agree(ours, vesin, frames, cutoff):
    for k in range(0, len(frames), max(1, len(frames) // 20)):
        one, atoms = [frames[k]], len(frames[k][0])
        count, total = ours.summary(ours.prepare(one, cutoff)[0], atoms)
        peer_count, peer_total = vesin.summary(vesin.prepare(one, cutoff)[0], atoms)
        if not np.array_equal(count, peer_count) or not np.allclose(total, peer_total, rtol=1e-12, atol=1e-9):
            return False
    return True


def compare(options, ours, vesin):
    table = Table("Neighbour lists", f"{machine('vesin', 'numpy')}; kernel {ours.kernel()}. Wanted: {WANTED:g} times "
                  "vesin. M pairs/s.", "structures", "atoms", "cutoff", "pairs", "vesin", "mtx", "vesin / mtx", "agree")
    good, ratios = True, []
    sets = [("MoS2 defect cells", "mos2_200.xyz")] + [(f"Si {n}", f"si{n}.xyz") for n in (64, 512, 4096, 32768)]
    for label, file in sets:
        frames = [arrays(a) for a in ase.io.read(os.path.join(options.inputs, file), ":")]
        atoms = sum(len(f[0]) for f in frames)
        for cutoff in (5.0, 10.0):
            peer, own = vesin.prepare(frames, cutoff), ours.prepare(frames, cutoff)
            same = agree(ours, vesin, frames, cutoff)
            times = race({"vesin": lambda: vesin.run(peer), "mtx": lambda: ours.run(own)},
                         repeats=3 if options.quick else 9, seconds=20.0)
            (t_peer, _, n_peer), (t_own, _, n_own) = times["vesin"], times["mtx"]
            good = good and same and n_peer == n_own
            ratios.append(t_peer / t_own)
            table.row(label, atoms, f"{cutoff:g} Å", n_own, n_own / t_peer / 1e6, n_own / t_own / 1e6, t_peer / t_own,
                      "yes" if same and n_peer == n_own else "NO")
    target_ratio(options, "neighbour lists: the table's rows", "vesin", WANTED, ratios)
    return good


def main():
    options = arguments(__doc__)
    ours, vesin = Ours(options.build), Vesin()
    good = compare(options, ours, vesin)
    sys.exit(0 if good else 1)


main()
