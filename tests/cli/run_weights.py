#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""mtx run --weights: parameters from NumPy files give what the same numbers give as constants; whatever is wrong with a file
is told with its code, with the list of parameters, and nothing is written.
usage: run_weights.py --mtx PROGRAM --root SOURCE_TREE"""
import json
import os
import random
import struct
import sys
import unittest
import warnings
import zipfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import npz
from mtx_call import opened

SPEC = """\
structure Crystal {{
  set   atom
  field r    : atom -> point [Å]
  field Z    : atom -> species
  field cell : lattice(xyz) [Å]
}}

transform energy {{
  takes s : Crystal
  set   z = species(Si, O)
  set   n = 0..2
  set   bond = pairs(s.atom) within 4 Å
{}
  gives Ea[i in s.atom] : scalar [eV] = bias[s.Z[i]] + sum b in bond(i), k in n:
    depth[s.Z[b.i], s.Z[b.j]] * mix[k, s.Z[b.j]] * exp(-steep * norm(b.d)) * cutoff(norm(b.d), 4 Å, 3)
  gives E : scalar [eV] = sum i in s.atom: Ea[i]
  gives number : scalar = sum i in s.atom: 1
}}
"""
TRAINED = """\
  param depth : z * z -> scalar [meV] init ones
  param bias  : z -> scalar [eV] init zeros
  param steep : scalar [1/Å]
  param mix   : n * z -> scalar"""
KNOWN = """\
  let   depth[a in z, b in z] = (if a == Si then (if b == Si then {0} else {1}) else if b == Si then {2} else {3}) * 1 meV
  let   bias[a in z] = if a == Si then {4} eV else {5} eV
  let   steep = {6} / 1 Å
  let   mix[k in n, a in z] = if a == Si then (if k == 0 then {7} else if k == 1 then {9} else {11})
                              else if k == 0 then {8} else if k == 1 then {10} else {12}"""
FRAME = """\
4
Lattice="4.1 0 0 0.3 4.4 0 0.1 0.2 4.6" Properties=species:S:1:pos:R:3
Si 0 0 0
O 2.1 2.0 2.4
O 1.2 0.1 0.3
Si 3.1 2.7 0.9
"""
mtx = None


def numbers():
    dice = random.Random(5)
    return [round(dice.uniform(0.5, 2), 3) for _ in range(13)]


def weights():
    x = numbers()
    return {"depth": npz.Array((2, 2), x[0:4]), "bias": npz.Array((2,), x[4:6]), "steep": npz.Array((), x[6:7]),
            "mix": npz.Array((3, 2), x[7:13])}


class Weights(unittest.TestCase):
    def setUp(self):
        self.spec = mtx.write("trained.mtx", SPEC.format(TRAINED))
        self.data = mtx.write("data.xyz", FRAME)
        self.file = os.path.join(mtx.folder.name, "w.npz")
        self.out = os.path.join(mtx.folder.name, "out.npz")

    def call(self, *more):
        if os.path.exists(self.out):
            os.remove(self.out)
        return mtx.call("run", "--quiet", self.spec, self.data, "-o", self.out, *more)

    def result(self, *more):
        code, _, err = self.call("--weights", self.file, *more)
        self.assertEqual(code, 0, err)
        return npz.load(self.out)

    def refused(self, code, *words, more=("--weights",)):
        status, _, err = self.call(*(["--weights", self.file] if more else []))
        self.assertEqual(status, 1, err)
        self.assertIn(f"error[{code}]", err)
        for word in words:
            self.assertIn(word, err)
        self.assertFalse(os.path.exists(self.out))
        return err

    def test_same_as_constants(self):
        want = mtx.run(mtx.write("known.mtx", SPEC.format(KNOWN.format(*numbers()))), self.data)
        for how in [{}, {"packed": True}, {"descr": ">f8"}, {"fortran": True}, {"descr": "<f4"}, {"descr": ">f4", "fortran": True}]:
            npz.save(self.file, weights(), **how)
            got = self.result()
            for x, y in zip(got["Ea"].values, want["Ea"].values):
                self.assertAlmostEqual(x, y, delta=(3e-6 if "f4" in how.get("descr", "") else 1e-12) * (1 + abs(y)), msg=str(how))
        npz.save(self.file, weights())
        self.assertEqual(self.result("--backend", "c")["E"].tolist()[0], self.result()["E"].tolist()[0])

    def test_all_elements(self):
        """a parameter over all elements has 119 numbers, by atomic number"""
        spec = mtx.write("all.mtx", """use "crystal.mtx"
transform charges {
  takes s : Crystal
  param q : species -> scalar^2 [e]
  gives Q : scalar [e] = sum i in s.atom: q[s.Z[i]][1]
}
""")
        numbers_ = [0.0] * 238
        numbers_[2 * 14 + 1], numbers_[2 * 8 + 1] = 2.5, -1.0
        for n, code in [(119, 0), (118, 1)]:
            npz.save(self.file, {"q": npz.Array((n, 2), numbers_[:2 * n])})
            status, _, err = mtx.call("run", "--quiet", spec, self.data, "-o", self.out, "--weights", self.file)
            self.assertEqual(status, code, err)
        self.assertIn("has the shape (118, 2), the parameter (119, 2)", err)
        self.assertEqual(npz.load(self.out)["Q"].tolist(), [3.0])

    def test_names_the_weights(self):
        npz.save(self.file, weights())
        self.result()
        with zipfile.ZipFile(self.out) as z:
            first = json.loads(z.read("meta.json"))["spec"]["weights"]
        self.assertEqual(first["file"], self.file)
        changed = weights()
        changed["bias"].values[0] += 1e-9
        npz.save(self.file, changed)
        self.result()
        with zipfile.ZipFile(self.out) as z:
            self.assertNotEqual(json.loads(z.read("meta.json"))["spec"]["weights"]["hash"], first["hash"])

    def test_none(self):
        err = self.refused("E0636", "--weights FILE.npz", more=None)
        for line in ["depth  (2, 2)  [meV]  over z * z", "bias   (2,)  [eV]  over z", "steep  ()  [1/Å]", "mix    (3, 2)  over n * z",
                     "z: Si O"]:
            self.assertIn(line, err)

    def test_outputs_without_parameters_need_none(self):
        code, _, err = self.call("--only", "number")
        self.assertEqual(code, 0, err)
        code, _, err = self.call("--only", "E")
        self.assertIn("error[E0636]", err)
        self.assertEqual(code, 1)

    def test_missing_and_unknown(self):
        some = weights()
        del some["bias"]
        npz.save(self.file, some)
        self.refused("E0631", "no array `bias`", "bias   (2,)  [eV]")
        some["biass"] = weights()["bias"]
        npz.save(self.file, some)
        self.refused("E0632", "`biass`", "did you mean `bias`?")

    def test_shape(self):
        for name, shape, words in [("bias", (2, 1), "the shape (2, 1), the parameter (2,)"), ("steep", (1,), "the shape (1,), the parameter ()"),
                                   ("mix", (2, 3), "the shape (2, 3), the parameter (3, 2)")]:
            wrong = weights()
            wrong[name].shape = shape
            npz.save(self.file, wrong)
            self.refused("E0633", words)

    def test_type(self):
        whole = {name: npz.Array(a.shape, [int(x) for x in a.values]) for name, a in weights().items()}
        npz.save(self.file, whole, descr="<i8")
        self.refused("E0634", "<i8")

    def test_not_finite(self):
        for x in (float("nan"), float("inf")):
            wrong = weights()
            wrong["mix"].values[3] = x
            npz.save(self.file, wrong)
            self.refused("E0635", "`mix`", "number 3")

    def test_unreadable(self):
        with open(self.file, "wb") as f:
            f.write(b"no archive at all")
        self.refused("E0630", "no .npz archive")
        code, _, err = self.call("--weights", os.path.join(mtx.folder.name, "none.npz"))
        self.assertEqual(code, 3)
        self.assertIn("error[E0601]", err)
        code, _, err = mtx.call("run", "--quiet", mtx.write("known.mtx", SPEC.format(KNOWN.format(*numbers()))), self.data, "-o", self.out,
                                "--weights", self.file)
        self.assertEqual(code, 2)
        self.assertIn("has no parameters", err)

    def test_damaged(self):
        """Every byte of an archive changed or its end cut off: never more than a message."""
        npz.save(self.file, {"bias": weights()["bias"]}, packed=True)
        with open(self.file, "rb") as f:
            whole = f.read()
        dice = random.Random(3)
        for k in range(24):
            broken = bytearray(whole)
            if k % 3:
                at = dice.randrange(len(broken))
                broken[at] ^= 1 << dice.randrange(8)
            else:
                broken = broken[:dice.randrange(len(broken))]
            with open(self.file, "wb") as f:
                f.write(broken)
            code, _, err = self.call("--weights", self.file)
            self.assertEqual(code, 1, err)
            self.assertRegex(err, r"^error\[E063[0-4]\]")

    def test_array_twice(self):
        """of an archive that was added to, the last array of a name counts, as for NumPy"""
        npz.save(self.file, weights())
        want = self.result()["E"].tolist()
        with zipfile.ZipFile(self.file) as z:
            data = {name: z.read(name) for name in z.namelist()}
        wrong = weights()
        wrong["bias"].values[0] += 1
        npz.save(self.file, wrong)
        self.assertNotEqual(self.result()["E"].tolist(), want)
        with warnings.catch_warnings(), zipfile.ZipFile(self.file, "a") as z:
            warnings.simplefilter("ignore")
            z.writestr("bias.npy", data["bias.npy"])
        self.assertEqual(self.result()["E"].tolist(), want)

    def test_claims_too_much(self):
        """A member that claims to unpack to 1 GiB, and members that have the same bytes."""
        npz.save(self.file, {"bias": weights()["bias"]})
        with open(self.file, "rb") as f:
            whole = f.read()
        at, end = whole.index(b"PK\1\2"), whole.index(b"PK\5\6")
        for entry, words in [(whole[at:at + 24] + struct.pack("<I", 1 << 30) + whole[at + 28:end], "claims more bytes"),
                             (b"".join(whole[at:end].replace(b"bias", b"bia%d" % k) for k in range(4)), "bytes are those of other members")]:
            count = entry.count(b"PK\1\2")
            with open(self.file, "wb") as f:
                f.write(whole[:at] + entry + whole[end:end + 8] + struct.pack("<HH", count, count) + whole[end + 12:])
            if count == 1:                                  # deflated, as far as the entry says
                self.patch(at + 10, b"\x08\0")
            self.refused("E0630", words)

    def patch(self, at, data):
        with open(self.file, "r+b") as f:
            f.seek(at)
            f.write(data)

    def test_header(self):
        """Members that are no arrays are left out; headers that NumPy does not write are refused."""
        def archive(**members):
            with zipfile.ZipFile(self.file, "w") as z:
                for name, data in members.items():
                    z.writestr(name, data)
        archive(**{"readme.txt": b"hello"})
        self.refused("E0631")
        for head in ["{}", "{'descr': '<f8', 'shape': (2,), }", "{'descr': '<f8', 'fortran_order': False, 'shape': (2, -1), }",
                     "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,), }",
                     "{'descr': '<f8', 'fortran_order': False, 'shape': (4,), }", "{'descr': '<f8', 'fortran_order': False, 'shape': (2"]:
            data = b"\x93NUMPY\x01\0" + struct.pack("<H", len(head)) + head.encode() + bytes(16)
            archive(**{"bias.npy": data})
            self.refused("E0630", "`bias.npy`")
        archive(**{"bias.npy": b"\x93NUMPY\x01\0\xff\xff short"})
        self.refused("E0630")


if __name__ == "__main__":
    mtx, words = opened()
    unittest.main(argv=words)
