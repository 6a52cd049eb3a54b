#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Slips of a new user: one change to a good spec, which must be answered at the changed place, with a way out.

Each row: what is replaced, by what, the code of the message, the text that it underlines, words of its help.
usage: run_mistakes.py --mtx PROGRAM --root SOURCE_TREE"""
import argparse
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from mtx_call import Mtx

GOOD = """use "crystal.mtx"
const reach = 5 Å
transform t {
  takes s : Crystal
  set   bond = pairs(s.atom) within reach
  let   f(d : scalar [Å]) = cutoff(d, reach, 3)
  gives n[i in s.atom] : scalar = sum b in bond(i): f(norm(b.d))
  respects permute, translate, rotate, reflect, cell, supercell
  intensive n
  smooth n to C2
}
"""
BODY = "sum b in bond(i): f(norm(b.d))"
MISTAKES = [
    ('use "crystal.mtx"', "use crystal", "E0054", "crystal", 'use "crystal.mtx"'),
    ('"crystal.mtx"', '"crystals.mtx"', "E0104", '"crystals.mtx"', 'use "crystal.mtx"'),
    ('use "crystal.mtx"', 'import "crystal.mtx"', "E0048", "import", "use"),
    ('use "crystal.mtx"\n', "", "E0111", "Crystal", 'use "crystal.mtx"'),
    ("transform t", "transfrom t", "E0007", "transfrom", "transform"),
    (": Crystal", ": Cristal", "E0111", "Cristal", "Crystal"),
    ("takes s : Crystal", "takes s Crystal", "E0002", "Crystal", "takes s : Crystal"),
    ("takes s : Crystal", "takes s : Layers", "E0111", "Layers", "Layer"),
    ("(s.atom) within", "(s.atoms) within", "E0138", "s.atoms", "s.atom"),
    ("(s.atom) within", "(atom) within", "E0101", "atom", "s.atom"),
    ("(s.atom) within", "(s.site) within", "E0138", "s.site", "Crystal has"),
    ("within reach", "within 5", "E0123", "5", "5 Å"),
    ("within reach", "within 5 eV", "E0123", "5 eV", ""),
    ("within reach", "< reach", "E0122", "pairs(s.atom)", "within 5 Å"),
    ("within reach", "within 5 angstroms", "E0105", "angstroms", "angstrom"),
    ("within reach", "within 5 A", "E0105", "A", "Å"),
    ("within reach", "within rech", "E0101", "rech", "reach"),
    ("const reach = 5 Å", "const reach = 5,0 Å", "E0016", "5,0", "5.0"),
    ("const reach = 5 Å", "const reach = 5 Å;", "E0010", ";", ""),
    ("const reach = 5 Å", "const reach : 5 Å", "E0034", "5", "a type"),
    ("n[i in s.atom]", "n[i]", "E0011", "]", "n[i in S]"),
    ("n[i in s.atom]", "n", "E0101", "i", "i in S"),
    ("n[i in s.atom] : scalar", "n[i in s.atom]", "E0040", "=", ": scalar"),
    ("n[i in s.atom]", "n(i)", "E0152", "n(i)", "n[i in S]"),
    (": scalar = sum", ": scalar [eV] = sum", "E0106", BODY, ""),
    (": scalar = sum", ": vector = sum", "E0110", BODY, ""),
    (": scalar = sum", ": float = sum", "E0111", "float", "scalar"),
    (": scalar = sum", ": scalar == sum", "E0003", "==", "="),
    (": scalar = sum", ": scalar := sum", "E0044", ":=", ""),
    ("bond(i)", "bond[i]", "E0132", "bond", "bond(i)"),
    ("bond(i)", "bonds(i)", "E0101", "bonds", "bond"),
    ("bond(i)", "bond(j)", "E0101", "j", "j in S"),
    ("bond(i)", "s", "E0121", "s", "s.atom"),
    ("bond(i)", "species", "E0138", "b.d", ""),
    ("bond(i)", "1..n", "E0103", "n", ""),
    ("sum b in", "summ b in", "E0001", "summ", "sum b in"),
    ("sum b in", "Σ b in", "E0001", "Σ", "sum b in"),
    ("sum b in", "average b in", "E0001", "average", "sum b in"),
    ("sum b in bond(i):", "sum(b in bond(i)):", "E0058", "sum", "sum i in S"),
    ("sum b in bond(i):", "sum b in bond(i)", "E0028", "f", ""),
    ("sum b in", "sum b", "E0011", "bond", "sum b in bond"),
    ("sum b in bond", "sum over b in bond", "E0032", "over", ""),
    ("norm(b.d)", "|b.d|", "E0008", "|b.d|", "norm(b.d)"),
    ("5 Å", "0.5 nanometers", "E0105", "nanometers", "nm"),
    ("5 Å", "5 Angstroms", "E0105", "Angstroms", "Å"),
    ("norm(b.d)", "norm(bond.d)", "E0138", "bond.d", "sum b in bond"),
    ("norm(b.d)", "np.sqrt(norm2(b.d))", "E0101", "np", "without the name of a module"),
    ("norm(b.d)", "b.d[0]", "E0132", "b.d", "v.x"),
    ("f(norm(b.d))", 'if s.Z[b.j] == "Mo" then 1 else 0', "E0130", '"Mo"', "Mo   without quotes"),
    ("f(norm(b.d))", "if s.Z[b.j] == MO then 1 else 0", "E0101", "MO", "Mo"),
    ("f(norm(b.d))", "if s.Z[b.j] == 42 then 1 else 0", "E0119", "s.Z[b.j] == 42", "protons(Z) == 42"),
    ("f(norm(b.d))", "π * f(norm(b.d))", "E0101", "π", "pi"),
    ("f(norm(b.d))", "if norm(b.d) < 3 Å then 1 elif norm(b.d) < 4 Å then 2 else 0", "E0027", "norm", "else if"),
    ("f(norm(b.d))", "if norm(b.d) < 3 Å then 1", "E0027", "", "else 0"),
    ("bond(i)", "bond(i), k in range(10)", "E0101", "range", "0..9"),
    ("bond(i)", "bond(i) if s.Z[b.j] == Mo", "E0028", "if", "where"),
    ("bond(i)", 'bond(i), z in species("Mo")', "E0126", '"Mo"', "without quotes"),
    ("n[i in s.atom] : scalar", "n [eV] : scalar", "E0011", "]", ": scalar [eV]"),
    ("sum b in bond(i): f(norm(b.d))", "sum i,j in s.atom: 1", "E0011", ",", "(i, j) in S"),
    ("sum b in bond(i): f(norm(b.d))", "sum_{b in bond} 1", "E0057", "{", "sum b in bond"),
    ("f(norm(b.d))", "0.1*eV", "E0101", "eV", "a unit follows its number"),
    ("f(norm(b.d))", "f(norm(b.d)) * s.volume", "E0138", "s.volume", "volume(s)"),
    ("f(norm(b.d))", "f[norm(b.d)]", "E0132", "f", "f(...) is a function"),
    ("f(norm(b.d))", "norm(b.d)", "E0106", BODY.replace("f(norm(b.d))", "norm(b.d)"), "[Å]   behind the type"),
    ("f(norm(b.d))", "reach (1 + 1)", "E0128", "reach", "reach * (...)"),
    ("const reach", "let reach", "E0030", "let", "const reach"),
    ("  intensive n", "  gives S : tensor(2) = grad(sum k in s.atom: n[k], s.cell)\n  intensive n", "E0149", "tensor(2)", "s.axis -> "),
    ("reflect, cell, supercell", "all", "E0201", "all", "permute, translate"),
    ("respects permute", "respects permutation", "E0201", "permutation", "permute"),
    ("reflect", "mirror", "E0201", "mirror", "reflect"),
    ("  intensive n", "  gives F[i in s.atom] : vector [1/Å] = -grad(sum k in s.atom: n[k], s.r)\n  intensive n", "E0131",
     "-grad(sum k in s.atom: n[k], s.r)", "[i]"),
    ("norm(b.d)", "norm(b.r)", "E0138", "b.r", ".d"),
    ("norm(b.d)", "nrom(b.d)", "E0101", "nrom", "norm"),
    ("norm(b.d)", "length(b.d)", "E0101", "length", "norm"),
    ("norm(b.d)", "norm b.d", "E0038", "b", "norm(...)"),
    ("f(norm(b.d))", "f(norm(b.d)", "E0005", "(", ""),
    ("f(norm(b.d))", "f(norm(b.d)) ** 2", "E0009", "**", "x^2"),
    ("f(norm(b.d))", "f(norm(b.d) + 1)", "E0107", "norm(b.d) + 1", "length"),
    ("f(norm(b.d))", "f(norm(b.d), 3)", "E0127", "f(norm(b.d), 3)", ""),
    ("f(norm(b.d))", "exp(norm(b.d))", "E0108", "norm(b.d)", "exp(x / (1 [Å]))"),
    ("f(norm(b.d))", "abs(b.d)", "E0113", "b.d", "norm(...)"),
    ("f(norm(b.d))", "sqrt(s.Z[i])", "E0112", "s.Z[i]", "protons"),
    ("norm(b.d)", "norm(s.r[b.j] - s.r[b.i])", "E0210", "s.r[b.j] - s.r[b.i]", "pairs(s.atom)"),
    ("cutoff(d, reach, 3)", "cutoff(d, reach)", "E0127", "cutoff(d, reach)", "cutoff(d, rc, n)"),
    ("cutoff(d, reach, 3)", "cutoff(d, 5 eV, 3)", "E0107", "cutoff(d, 5 eV, 3)", "factor"),
    ("cutoff(d, reach, 3)", "cutoff(d, reach, 3.5)", "E0137", "3.5", "1 to 12"),
    ("cutoff(d, reach, 3)", "cutof(d, reach, 3)", "E0101", "cutof", "cutoff"),
    ("cutoff(d, reach, 3)", "if d > reach then 0", "E0027", "", "`else`"),
    ("respects permute", "respect permute", "E0007", "respect", "respects"),
    ("permute, translate", "permute translate", "E0038", "translate", "permute, translate"),
    ("rotate, reflect", "rotate(w), reflect", "E0202", "rotate(w)", "x, y or z"),
    ("intensive n", "intensive m", "E0205", "m", "It has n"),
    ("intensive n", "extensive n", "E0355", BODY, "supercell"),
    ("smooth n to C2", "smooth n to 2", "E0206", "2", "smooth n to C2"),
    ("smooth n to C2", "smooth n C2", "E0037", "C2", "to"),
    ("smooth n to C2", "smooth n to C3", "E0412", "cutoff(d, reach, 3)", "cutoff(norm(b.d), rc, 4)"),
    ("  intensive n", "  // intensive n", "E0014", "//", "#"),
    ("C2\n}", "C2\n", "E0005", "{", ""),
]


HEAD = 'use "crystal.mtx"\n'
TAIL = "transform t {\n  takes s : Crystal\n%s  gives n : scalar = sum i in s.atom: 1\n}\n"
# what nothing uses is checked as well: the whole spec, the code, the underlined text
UNUSED = [
    ("structure Ions {\n  set ion\n  field r : ion -> point [eV]\n}\n", "E0109", "ion -> point [eV]"),   # nothing else
    (HEAD + "const half = 1 eV + 2 Å\n" + TAIL % "", "E0107", "1 eV + 2 Å"),
    (HEAD + "const third = foo(3)\n" + TAIL % "", "E0101", "foo"),
    (HEAD + "structure Ions {\n  set ion\n  field r : ion -> point [Å]\n  field q : ion -> scalr\n}\n" + TAIL % "", "E0111", "scalr"),
    (HEAD + "structure Ions {\n  set ion\n  field r : ion -> point [eV]\n}\n" + TAIL % "", "E0109", "ion -> point [eV]"),
    (HEAD + "structure Ions {\n  set ion\n  field r : ion -> point [Å]\n  set b = pairs(ion) within 5 eV\n}\n" + TAIL % "", "E0123", "5 eV"),
    (HEAD + TAIL % "  let f(x) = x + bar\n", "E0101", "bar"),
    (HEAD + TAIL % "  let f(b) = norm(b.d) * (1 eV + 1 Å)\n", "E0107", "1 eV + 1 Å"),
    (HEAD + TAIL % "  let f(d : scalar [Å]) = d + 1 eV\n", "E0107", "d + 1 eV"),
    (HEAD + TAIL % "  let x[i in s.atoms] = 1 eV + 1 Å\n", "E0107", "1 eV + 1 Å"),
    (HEAD + TAIL % "  set bond = pairs(s.atom)\n", "E0122", "pairs(s.atom)"),
]
MANY = ", ".join(f"v{k} in k" for k in range(20))
# the second cannot be compiled by this version, the first can
PARTLY = HEAD + TAIL % "" + f"transform many {{\n  takes s : Crystal\n  set k = 1..1\n  gives z : scalar = sum {MANY}: v0\n}}\n"
SILICON = '2\nLattice="4 0 0 0 4 0 0 0 4" Properties=species:S:1:pos:R:3\nSi 0 0 0\nSi 1 1 1\n'


def words(d):
    return " ".join([d["message"]] + d["help"] + [x.get("text") or "" for x in d["labels"]] + d.get("notes", []))


def answered(mtx, text_, code, underlined, help_):
    """what is wrong with the answer, or None"""
    _, found = mtx.check(mtx.write("mistake.mtx", text_))
    lines = text_.split("\n")
    said = []
    for d in found["diagnostics"]:
        at = next((x for x in d["labels"] if x["primary"]), d)
        text = lines[at["line"] - 1][at["column"] - 1:at["end_column"] - 1] if at["line"] == at["end_line"] else "..."
        said.append(f"{d['code']} on `{text}`: {words(d)}")
        if d["code"] == code and text == underlined:
            return None if help_ in words(d) else f"no `{help_}` in {said[-1]}"
    return f"no {code} on `{underlined}`, but {said}"


def partly(mtx):
    """what is wrong with running and building a spec of which one transform cannot be compiled"""
    spec, data = mtx.write("partly.mtx", PARTLY), mtx.write("si.xyz", SILICON)
    out = []
    for words_, code in ((["run", spec + ":t", data, "-o", mtx.write("o.npz", "")], 0),
                         (["run", spec + ":many", data, "-o", mtx.write("p.npz", "")], 1),
                         (["test", spec], 0), (["check", spec], 0)):
        got, _, err = mtx.call(*words_)
        if got != code or (words_[0] != "check" and "E0902" not in err):
            out.append(f"mtx {words_[0]}: exit code {got}, {err}")
    return out


WORDS = [
    (["chekc", "SPEC"], "did you mean `check`?"), (["help", "rnu"], "did you mean `run`?"), (["check"], "which spec?"),
    (["check", "SPEC:defects"], "leave out `:defects`"),
    (["check", "nowhere.mtx"], "cannot read nowhere.mtx"), (["check", "SPEC", "--jsn"], "did you mean --json?"),
    (["run", "SPEC"], "which input?"), (["run", "SPEC", "DATA"], "-o OUT.npz"), (["run", "SPEC:x", "DATA", "-o", "a.npz"], "it has t"),
    (["run", "SPEC", "DATA", "--out", "a.npz"], "did you mean --output?"), (["run", "SPEC", "DATA", "-o", "a.txt"], ".npz, .h5"),
    (["run", "SPEC", "DATA", "-o", "a.npz", "--set", "reach=4"], "is changed in the spec"),
    (["run", "SPEC", "DATA", "-o", "a.npz", "--set", "x=DATA"], "takes no structure `x`"),
    (["run", "SPEC", "DATA", "-o", "a.npz", "--set", "s"], "NAME=FILE"), (["run", "SPEC", "none.xyz", "-o", "a.npz"], "none.xyz"),
    (["build", "SPEC", "-o", "d", "--emit=foo"], "not `foo`"), (["explain", "E9999"], "no message `E9999`"),
]


def command_lines(mtx):
    """What is wrong with a command line is said with what would be right."""
    named = {"SPEC": mtx.write("good.mtx", GOOD), "DATA": mtx.write("si.xyz", SILICON)}
    out = []
    for words, part in WORDS:
        for name, path in named.items():
            words = [w.replace(name, path) for w in words]
        code, _, err = mtx.call(*words)
        if code not in (1, 2, 3) or part not in err:
            out.append(f"mtx {' '.join(words)}: exit code {code}, {err}")
    code, out_text, _ = mtx.call("help", "run")
    if code or "usage: mtx run" not in out_text:
        out.append("mtx help run")
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mtx", required=True)
    parser.add_argument("--root", required=True)
    options = parser.parse_args()
    mtx = Mtx(os.path.abspath(options.mtx), os.path.abspath(options.root))
    wrong = 0
    if mtx.check(mtx.write("good.mtx", GOOD))[0]:
        wrong += 1
        print("the good spec is not")
    for row in MISTAKES:
        once = GOOD.count(row[0]) == 1
        fault = answered(mtx, GOOD.replace(row[0], row[1]), *row[2:]) if once else "the change is not in one place"
        wrong += fault is not None
        if fault:
            print(f"{row[0]!r} -> {row[1]!r}: {fault}")
    for text, code, underlined in UNUSED:
        fault = answered(mtx, text, code, underlined, "")
        wrong += fault is not None
        if fault:
            print(f"{text}: {fault}")
    for fault in partly(mtx) + command_lines(mtx):
        wrong += 1
        print(fault)
    print(f"{len(MISTAKES)} mistakes, {len(UNUSED)} in what is not used, {wrong} not answered well")
    return 1 if wrong else 0


sys.exit(main())
