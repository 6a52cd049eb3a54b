# SPDX-License-Identifier: Apache-2.0
"""`mtx test` of transforms with parameters: numbers by the seed or of a file, derivatives by parameters beside differences.
usage: run_params.py --mtx PROGRAM --root SOURCE_TREE"""
import os
import re
import shlex
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import npz
from mtx_call import opened

STAIRS = """
transform stairs {
  takes s : Crystal
  set   bond = pairs(s.atom) within rc
  param size : scalar
  param other : scalar
  let   fine(y) = floor(1000000000000 * y) / 1000000000000
  gives E : scalar [eV] = sum b in bond: 1 eV * cutoff(norm(b.d), rc, 3) * size * fine(size) * other
  gives g : scalar [eV] = grad(E, size)
  gives h : scalar [eV] = grad(E, other)
}
"""
# two atoms 2 Å apart in a cell that is large: E = 2 depth[Si, Si] f(2) tanh(mix[0][1]) mix[0][2], wide = 0
SI = """2
Lattice="12 0 0 0 12 0 0 0 12" Properties=species:S:1:pos:R:3
Si 0 0 0
Si 2 0 0
"""
mtx = None


def weights(**changed):
    x = 2 / 4.5
    cutoff = 1 - 10 * x ** 3 + 15 * x ** 4 - 6 * x ** 5
    some = {"depth": npz.Array((2, 2), [-1.6 / (cutoff * 0.46211715726000975 * 2), 0.3, 0.7, 0.2]), "wide": npz.Array((), [0.0]),
            "mix": npz.Array((2, 3), [0.1, 0.5, 2.0, 0.3, 0.2, 0.1])}
    some.update(changed)
    return some


class Trained(unittest.TestCase):
    def setUp(self):
        with open(os.path.join(HERE, "trained.mtx"), encoding="utf-8") as f:
            text = f.read()
        self.right, test = text.split("\ntest ")
        mtx.write("si.xyz", SI)
        self.spec = mtx.write("trained.mtx", self.right)
        self.tested = mtx.write("tested.mtx", self.right + "\ntest " + test)
        self.file = os.path.join(mtx.folder.name, "w.npz")

    def call(self, spec, *options):
        return mtx.call("test", spec, "--tries", "4", "--save", os.path.join(mtx.folder.name, "failed"), *options)

    def test_sampled(self):
        code, out, err = self.call(self.spec)
        self.assertEqual(code, 0, out + err)
        self.assertNotIn("SKIP", out)
        for what in ("E, depth", "E, wide", "p, mix", "off, depth", "E, s.r"):
            self.assertRegex(out, rf"ok \d+ - trained: grad\({re.escape(what)}\) equals central differences.*\n  # 1[0-9] directions")
            self.assertRegex(out, rf"ok \d+ - trained: grad\({re.escape(what)}\) equals central differences, negative control\n  # one that")
        for output in ("E", "F", "by_depth", "p_by_mix", "off_by_depth"):
            self.assertIn(f"trained: {output} compiled equals interpreted", out)
        some = [self.call(self.spec, "--only", "E, depth", "--seed", seed)[1] for seed in "112"]
        self.assertEqual(some[0], some[1])
        self.assertNotEqual(some[0], some[2])

    def test_weights(self):
        npz.save(self.file, weights())
        code, out, err = self.call(self.tested, "--weights", self.file, "--only", "parameters")
        self.assertEqual(code, 0, out + err)
        npz.save(self.file, weights(depth=npz.Array((2, 2), [-3.0, 0.3, 0.7, 0.2])))
        for more in [["--weights", self.file], []]:
            code, out, err = self.call(self.tested, "--only", "parameters", *more)
            self.assertEqual(code, 1, out + err)
            self.assertEqual(re.findall(r"^(.*ok) \d+ - test", out, re.M), ["ok" if more else "not ok", "not ok"])
            self.assertIn("differ by", out)

    def test_wrong_weights(self):
        npz.save(self.file, {"depth": weights()["depth"]})
        code, _, err = self.call(self.spec, "--weights", self.file)
        self.assertEqual(code, 1)
        self.assertIn("error[E0631]", err)
        two = mtx.write("two.mtx", self.right + STAIRS)
        npz.save(self.file, weights())
        code, _, err = self.call(two, "--weights", self.file)
        self.assertEqual(code, 2)
        self.assertIn("SPEC:TRANSFORM", err)
        code, out, err = self.call(two + ":trained", "--weights", self.file, "--only", "E, wide")
        self.assertEqual(code, 0, out + err)

    def test_failures_are_run_again(self):
        spec = mtx.write("stairs.mtx", self.right.partition("transform")[0] + STAIRS)
        npz.save(self.file, {"size": npz.Array((), [1.3]), "other": npz.Array((), [0.7])})
        for more in [[], ["--weights", self.file]]:
            code, out, _ = self.call(spec, "--only", "central differences", *more)
            self.assertEqual(code, 1)
            failed = re.findall(r"^not ok \d+ - (.*)$", out, re.M)
            self.assertEqual(failed, ["stairs: grad(E, size) equals central differences"])
            again = re.search(r"^  # again: (.*)$", out, re.M)[1]
            self.assertEqual("--weights" in again, bool(more))
            seen = re.search(r"^  # (.* along a direction, .*)$", out, re.M)[1]
            code, out, _ = mtx.call(*shlex.split(again)[1:], "--save", os.path.join(mtx.folder.name, "failed"))
            self.assertEqual(code, 1)
            self.assertIn(seen, out)


if __name__ == "__main__":
    mtx, words = opened()
    unittest.main(argv=words)
