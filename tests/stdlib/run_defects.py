#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sparse defect graphs: three published cells of 2DMD exactly, also when the sample is shifted, wrapped,
reordered or in another cell; samples that do not fit; and the counts over the whole data set where it lies
beside the project.
usage: run_defects.py --mtx PROGRAM --root SOURCE_TREE"""
import gzip
import math
import os
import random
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from mtx_call import Failed, cartesian, hexagonal, opened, xyz

PLACES = 1.5e-3            # distances are published with three decimals, of positions with six digits
SAME = 1e-5                # of the same cell in another setting: its file has six decimals

SPEC = "stdlib/descriptors/sparse_defects.mtx"
HOST = "examples/data/mos2_host.poscar"
SAMPLES = "examples/data/mos2_defects.xyz.gz"
WHOLE = os.path.join("..", "shared", "data", "mos2_gap.xyz.gz")

# id -> nodes (now, was), edges (from, to, length, rise), both ways, within 12 Å
KNOWN = {
    "6141cf0f51c1cbd9654b8870": ([(0, 16), (0, 16)], [(0, 1, 6.351, 3.130)]),
    "6141cf15ee0a3fd43fb479db": ([(34, 16), (34, 16), (0, 42)],
                                 [(0, 1, 9.571, 0), (0, 2, 8.180, 1.565), (1, 2, 8.180, 1.565)]),
    "6141cf194e27a1844a5efffe": ([(34, 16), (74, 42), (0, 16)], [(0, 1, 5.118, 1.565), (0, 2, 11.503, 0)]),
}
mtx = None


def signature(nodes, edges):
    """A graph without its numbering: sorted nodes and sorted edges, their ends as (now, was)."""
    return sorted(nodes), sorted((nodes[i], nodes[j], length, rise) for i, j, length, rise in edges)


def published(name):
    nodes, edges = KNOWN[name]
    return signature(nodes, edges + [(j, i, d, z) for i, j, d, z in edges])


def graphs(sample, spec=None, host=None):
    """[(id, nodes, edges)] of every frame of a file."""
    got = mtx.run(spec or mtx.path(SPEC), sample, transform="sparse_defects", host=host or mtx.path(HOST))
    out = []
    for f in range(len(got["spot.ptr"]) - 1):
        a, b = got["spot.ptr"][f], got["spot.ptr"][f + 1]
        nodes = list(zip(got["now"].values[a:b], got["was"].values[a:b]))
        c, d = got["edge.ptr"][f], got["edge.ptr"][f + 1]
        edges = list(zip(got["edge.i"].values[c:d], got["edge.j"].values[c:d], got["len"].values[c:d],
                         got["rise"].values[c:d]))
        out.append((got["id"].values[f] if "id" in got else "", nodes, edges))
    return out


def read_frames(path, count):
    """[(id, cell, atoms)] of the first frames of a gzipped extended XYZ file."""
    frames = []
    with gzip.open(path, "rt", encoding="utf-8") as f:
        for _ in range(count):
            n = int(f.readline())
            head = f.readline()
            numbers = [float(x) for x in head.split('Lattice="')[1].split('"')[0].split()]
            name = head.split(" id=")[1].split()[0]
            rows = [f.readline().split() for _ in range(n)]
            atoms = [(s, float(x), float(y), float(z)) for s, x, y, z in rows]
            frames.append((name, [numbers[k:k + 3] for k in (0, 3, 6)], atoms))
    return frames


def rewritten(frame, generator, shift, cells):
    """The frame moved, atoms put into other images, in another basis of the lattice, in another order."""
    name, cell, atoms = frame
    move = [generator.uniform(-30, 30) * shift for _ in range(3)]
    moved = []
    for s, *r in atoms:
        t = cartesian(cell, [generator.randint(-2, 2), generator.randint(-2, 2), 0])
        moved.append((s, *(r[k] + move[k] + t[k] for k in range(3))))
    generator.shuffle(moved)
    basis = [[sum(m[k] * cell[k][x] for k in range(2)) for x in range(3)] for m in cells] + [cell[2]]
    return xyz(moved, basis, "T T F", id=name)


class Golden(unittest.TestCase):
    def compare(self, found):
        self.assertEqual([name for name, *_ in found], list(KNOWN))
        for name, nodes, edges in found:
            nodes_now, have = signature(nodes, [(i, j, d, abs(z)) for i, j, d, z in edges])
            nodes_want, want = published(name)
            self.assertEqual(nodes_now, nodes_want)
            self.assertEqual([(a, b) for a, b, *_ in have], [(a, b) for a, b, *_ in want])
            for (*_, d, z), (*_, length, rise) in zip(have, want):
                self.assertAlmostEqual(d, length, delta=PLACES)
                self.assertAlmostEqual(z, rise, delta=PLACES)
            backward = {(j, i): -z for i, j, _, z in edges}
            for i, j, _, z in edges:
                self.assertAlmostEqual(backward[i, j], z, delta=SAME)

    def test_three_cells(self):
        self.compare(graphs(mtx.path(SAMPLES))[:3])

    def test_shifted_wrapped_reordered_recast(self):
        generator = random.Random(7)
        frames = read_frames(mtx.path(SAMPLES), 3)
        same, skew, turned = [(1, 0), (0, 1)], [(1, 0), (3, 1)], [(1, -1), (2, -1)]
        for shift, cells in (0, same), (1, same), (1, skew), (1, turned):
            text = "".join(rewritten(f, generator, shift, cells) for f in frames)
            self.compare(graphs(mtx.write("moved.xyz", text)))

    def test_doubled_sample(self):
        """Twice the cell has twice the graph."""
        name, cell, atoms = read_frames(mtx.path(SAMPLES), 1)[0]
        both = atoms + [(s, *(r[k] + cell[0][k] for k in range(3))) for s, *r in atoms]
        text = xyz(both, [[2 * x for x in cell[0]], cell[1], cell[2]], "T T F", id=name)
        (_, nodes, edges), = graphs(mtx.write("double.xyz", text))
        want_nodes, want_edges = published(name)
        have_nodes, have = signature(nodes, [(i, j, d, abs(z)) for i, j, d, z in edges])
        self.assertEqual(have_nodes, sorted(2 * want_nodes))
        self.assertEqual(len(have), 2 * len(want_edges))
        for (*_, d, z), (*_, length, rise) in zip(have, sorted(2 * want_edges)):
            self.assertAlmostEqual(d, length, delta=PLACES)

    def test_host_in_another_cell(self):
        cell = hexagonal(3.1903157, 14.879004)
        sites = [("S", 2 / 3, 1 / 3, .355174), ("Mo", 1 / 3, 2 / 3, .25), ("S", 2 / 3, 1 / 3, .144826)]
        a, b, c = cell
        wide = [[2 * x + y for x, y in zip(a, b)], [x + y for x, y in zip(a, b)], c]
        atoms = [(s, *cartesian(cell, (f[0] + 5, f[1] - 2, f[2] + .3))) for s, *f in sites]
        self.compare(graphs(mtx.path(SAMPLES), host=mtx.write("host.xyz", xyz(atoms, wide, "T T F")))[:3])

    def test_pristine_has_no_graph(self):
        frame = mtx.path("examples/data/mos2_monolayer.xyz")
        got = mtx.run(mtx.path(SPEC), frame, transform="sparse_defects", host=mtx.path(HOST))
        self.assertEqual([len(got[k]) for k in ("was", "now", "len", "rise")], [0, 0, 0, 0])

    def test_network_inputs(self):
        got = mtx.run(mtx.path(SPEC), mtx.path(SAMPLES), transform="sparse_megnet", host=mtx.path(HOST))
        plain = graphs(mtx.path(SAMPLES))
        want = [tuple(map(float, n)) for _, nodes, _ in plain for n in nodes]
        self.assertEqual([tuple(row) for row in got["node"].tolist()], want)
        edges = [e for _, _, edges in plain for e in edges]
        for b in range(0, len(edges), 37):
            for name, x in ("far", edges[b][2]), ("high", abs(edges[b][3])):
                for k, value in enumerate(got[name][b].values):
                    self.assertAlmostEqual(value, math.exp(-((x - k * 12 / 9) / .5) ** 2), delta=SAME)


class Misfits(unittest.TestCase):
    def refused(self, text, code):
        path = mtx.write("bad.xyz", text)
        with self.assertRaises(Failed) as caught:
            graphs(path)
        self.assertIn(code, str(caught.exception))
        self.assertIn("bad.xyz", str(caught.exception))

    def test_samples_that_do_not_fit(self):
        name, cell, atoms = read_frames(mtx.path(SAMPLES), 1)[0]
        more = atoms + [("S", 1.0, 1.0, 7.0)]                           # an interstitial
        self.refused(xyz(more, cell, "T T F", id=name), "E0671")
        far = [(s, x + (1.3 if k == 17 else 0), y, z) for k, (s, x, y, z) in enumerate(atoms)]
        self.refused(xyz(far, cell, "T T F", id=name), "E0671")
        self.refused(xyz(atoms, [[1.05 * x for x in cell[0]], cell[1], cell[2]], "T T F", id=name), "E0670")


class WholeDataSet(unittest.TestCase):
    COMPOSITIONS = {"SeWX(S)": 716, "SeX(Mo)X(S)": 702, "WX(S)X(S)": 380, "SeSeX(Mo)": 377,
                    "X(Mo)X(S)X(S)": 363, "SeSeW": 360, "SeX(S)": 18, "X(S)X(S)": 12, "SeSe": 8,
                    "X(Mo)X(S)": 8, "WX(S)": 8, "SeX(Mo)": 7, "SeW": 5, "X(Mo)": 1, "W": 1}

    @staticmethod
    def name(node):
        return {(34, 16): "Se", (74, 42): "W", (0, 16): "X(S)", (0, 42): "X(Mo)"}[node]

    def test_counts(self):
        whole = mtx.path(WHOLE)
        if not os.path.exists(whole):
            self.skipTest("the data set does not lie beside the project")
        counts = {}
        for _, nodes, _ in graphs(whole):
            key = "".join(sorted(self.name(n) for n in nodes))
            counts[key] = counts.get(key, 0) + 1
        self.assertEqual(counts, self.COMPOSITIONS)

    def test_edges_within_ten(self):
        whole = mtx.path(WHOLE)
        if not os.path.exists(whole):
            self.skipTest("the data set does not lie beside the project")
        found = graphs(whole, spec=mtx.changed(SPEC, ("reach = 12 Å", "reach = 10 Å")))
        self.assertEqual(len(found), 2966)
        self.assertEqual(sum(not edges for _, _, edges in found), 224)
        self.assertAlmostEqual(sum(len(edges) for _, _, edges in found) / len(found), 3.26, delta=0.005)
        self.assertEqual(sum(connected(len(nodes), edges) for _, nodes, edges in found), 1588)


def connected(n, edges):
    seen, todo = {0}, [0]
    while todo:
        i = todo.pop()
        for a, b, *_ in edges:
            if a == i and b not in seen:
                seen.add(b)
                todo.append(b)
    return len(seen) == n


if __name__ == "__main__":
    mtx, words = opened()
    unittest.main(argv=words)
