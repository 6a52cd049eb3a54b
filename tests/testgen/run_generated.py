# SPDX-License-Identifier: Apache-2.0
"""`mtx test`: which checks it makes of a potential, that each can fail, that what failed can be run again, TAP and JUnit.
usage: run_generated.py --mtx PROGRAM --root SOURCE_TREE"""
import os
import re
import shlex
import sys
import unittest
import xml.etree.ElementTree as xml

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from mtx_call import opened

HERE = os.path.dirname(os.path.abspath(__file__))
mtx = None


def tap(text):
    """[(good, name, skipped)] by the lines of a TAP text"""
    return [(not bad, name, skip is not None)
            for bad, name, skip in re.findall(r"^(not )?ok \d+ - (.*?)( # SKIP.*)?$", text, re.M) for skip in [skip or None]]


class Generated(unittest.TestCase):
    def run_spec(self, spec, *options):
        save = os.path.join(mtx.folder.name, "failed")
        code, out, err = mtx.call("test", spec, "--tries", "4", "--save", save, *options)
        self.assertEqual(out.splitlines()[0], "TAP version 13", err)
        found = tap(out)
        self.assertIn(f"1..{len(found)}", out)
        self.assertEqual(code, 0 if all(good for good, _, _ in found) else 1, err)
        return found, out

    def test_all_are_made(self):
        found, out = self.run_spec(os.path.join(HERE, "right.mtx"))
        names = [name for _, name, _ in found]
        self.assertEqual([name for good, name, skipped in found if not good or skipped], [])
        for what in ("grad(E, s.r) equals central differences (vc-forces-numerical-derivative)",
                     "grad(E, strain(s)) equals central differences", "grad(E, s.cell) equals central differences",
                     "grad(E, s.q) equals central differences", "grad(E, s.r) adds up to nothing",
                     "grad(E, s.r) exerts no torque on a cluster", "grad(E, strain(s)) is symmetric",
                     "grad(E, strain(s)) is the virial of grad(E, s.r) in a cluster", "E of far fragments adds up",
                     "E stays C2 along dimers (vc-dimer-continuity-c1)", "E stays C2 while an atom moves through others",
                     "grad(E, s.r) stays C1 along dimers (vc-dimer-continuity-c1)",
                     "E is extensive on generated structures (vc-periodicity-support)"):
            self.assertIn("right: " + what, names)
            plain = re.sub(r" \(vc-.*\)| on generated structures", "", what)
            self.assertIn(f"right: {plain}, negative control", names)
        for kim in ("vc-permutation-symmetry", "vc-objectivity", "vc-inversion-symmetry", "vc-thread-safe"):
            self.assertTrue(any(kim in name for name in names), kim)
        seen = re.search(r"grad\(E, s.r\) equals central differences \(.*\n  # (\d+) directions, .*"
                         r"truncation seen in (\d+), rounding in (\d+)", out)
        directions, truncation, rounding = map(int, seen.groups())
        self.assertGreater(directions, 8)
        self.assertGreater(min(truncation, rounding), directions // 2)

    def test_tables(self):
        """by pairs, by constants, of tables, along directions"""
        found, _ = self.run_spec(os.path.join(HERE, "tables.mtx"), "--only", "central differences")
        self.assertEqual([name for good, name, skipped in found if not good or skipped], [])
        for what in ("energy, bond.d", "p, bond.d", "v, bond.d", "p, s.r", "p, strain(s)", "E, depth", "E, width", "T, scale",
                     "p, width", "p, s.r, ...", "v, s.r, ..."):
            for end in "", ", negative control":
                plain = [re.sub(r" \(vc-.*\)", "", name) for _, name, _ in found]
                self.assertIn(f"tables: grad({what}) equals central differences{end}", plain)

    def failures(self, transform):
        found, out = self.run_spec(os.path.join(HERE, "wrong.mtx:" + transform))
        return [name.split(": ", 1)[1] for good, name, _ in found if not good], out

    def test_wrong_ones_fail(self):
        self.assertEqual(self.failures("leaning")[0],
                         ["grad(E, s.r) exerts no torque on a cluster",
                          "grad(E, strain(s)) is the virial of grad(E, s.r) in a cluster"])
        self.assertEqual(self.failures("anchored")[0], ["grad(E, s.r) adds up to nothing"])
        self.assertEqual(self.failures("stairs")[0],
                         ["grad(E, s.r) equals central differences (vc-forces-numerical-derivative)",
                          "grad(E, strain(s)) equals central differences"])

    def test_wrong_tables_fail(self):
        failed = self.failures("stairs_of_tables")[0]
        self.assertEqual([name.split(" equals")[0] for name in failed],
                         ["grad(energy, bond.d)", "grad(p, bond.d)", "grad(E, size)", "grad(p, s.r, ...)"])

    def test_again(self):
        failed, out = self.failures("stairs")
        commands = re.findall(r"^  # again: mtx (test .*)$", out, re.M)
        self.assertEqual(len(commands), len(failed))
        for command in commands:
            code, out, _ = mtx.call(*shlex.split(command), "--save", os.path.join(mtx.folder.name, "again"))
            self.assertEqual(code, 1)
            self.assertFalse(tap(out)[0][0])
        self.assertTrue(any(name.endswith(".xyz") for name in os.listdir(os.path.join(mtx.folder.name, "again"))))

    def test_again_says_all(self):
        """the command that is printed makes the same cases: files, bound inputs and numbers of tries are in it"""
        data = os.path.join(mtx.root, "examples", "data", "si_conventional.xyz")
        spec = os.path.join(HERE, "wrong.mtx:anchored")
        _, out, _ = mtx.call("test", spec, data, "--tries", "30", "--backend", "c", "--only", "adds up to nothing",
                             "--save", os.path.join(mtx.folder.name, "failed"))
        said = shlex.split(re.search(r"^  # again: mtx (test .*)$", out, re.M).group(1))
        self.assertEqual(said[:7], ["test", spec, data, "--tries", "30", "--backend", "c"])

    def test_rounding_is_reported(self):
        """a sum in another order is off by rounding: what is printed is what was seen, not nothing"""
        _, out = self.run_spec(os.path.join(HERE, "right.mtx"), "--only", "respects rotate on generated")
        seen = [float(x) for x in re.findall(r"largest deviation (\S+) of", out)]
        self.assertTrue(seen and 0 < max(seen) < 1e-9, seen)

    def test_orders_between(self):
        """(1 - x)^2.25 is C2, not nearly so; an added fault is seen beside steep and fast terms"""
        bodies = {"quarter": ("(1 - norm(b.d) / 4 Å)^2.25", 2), "one_quarter": ("(1 - norm(b.d) / 4 Å)^1.25", 1),
                  "steep": ("(1 - norm(b.d) / 4 Å)^3 * exp(-norm(b.d) / 0.15 Å)", 2),
                  "fast": ("(1 - norm(b.d) / 4 Å)^3 * cos(12 * norm(b.d) / 1 Å)", 2)}
        spec = mtx.write("between.mtx", 'use "crystal.mtx"\n' + "".join(
            f"transform {name} {{\n  takes s : Crystal\n  set bond = pairs(s.atom) within 4 Å\n"
            f"  gives E : scalar = sum b in bond: {body}\n  smooth E to C{order}\n}}\n" for name, (body, order) in bodies.items()))
        found, out = self.run_spec(spec, "--only", "stays", "--seed", "3")
        self.assertEqual(len(found), 4 * len(bodies))
        self.assertEqual([name for good, name, skipped in found if not good or skipped], [], out)

    def test_junit(self):
        path = os.path.join(mtx.folder.name, "junit.xml")
        found, _ = self.run_spec(os.path.join(HERE, "wrong.mtx:anchored"), "--junit", path)
        suite = xml.parse(path).getroot()
        self.assertEqual(suite.get("tests"), str(len(found)))
        self.assertEqual(suite.get("failures"), "1")
        self.assertEqual([case.get("name") for case in suite], [name for _, name, _ in found])
        self.assertEqual([case.find("failure") is not None for case in suite], [not good for good, _, _ in found])

    def test_only(self):
        found, _ = self.run_spec(os.path.join(HERE, "right.mtx"), "--only", "(vc-")
        self.assertTrue(found and all("(vc-" in name for _, name, _ in found))


if __name__ == "__main__":
    mtx, words = opened()
    unittest.main(argv=words)
