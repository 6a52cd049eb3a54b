# SPDX-License-Identifier: Apache-2.0
"""What is made for docs/ from the compiler's tables: docs/errors.md from diag.def with the smallest program of the tree that
shows each message, and the tables of units and builtins inside docs/spec.md. In: the tree's root and the mtx program (messages
of the examples come from it). Out: texts. Not here: comparing and writing them (run_docs.py)."""
import os
import re
import shutil
import subprocess
import tempfile

TEXT = r'"((?:[^"\\]|\\.)*)"'
MOST_LINES = 14                 # a longer program is no minimal example
SYNTAX = "grammar/errors"
WRONG = "tests/docs/wrong"
SECTIONS = (("00", "The text of a spec"), ("01", "Names, types, units"), ("02", "Claims as written, periodic positions"),
            ("03", "Verdicts, sums"), ("04", "Smoothness"), ("06", "Data, results, geometry"), ("08", "Text of the set IR"),
            ("09", "Not yet"))


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as f:
        return f.read()


def unquote(pieces):
    """C string literals, one after the other, as one text."""
    joined = "".join(re.findall(TEXT, pieces, re.S))
    return re.sub(r"\\(.)", lambda m: {"n": "\n", "t": "\t"}.get(m[1], m[1]), joined)


def diag_rows(root):
    text = re.sub(r"/\*.*?\*/", "", read(root, "compiler", "diag.def"), flags=re.S)
    rows = []
    for m in re.finditer(r'^DIAG\((\w+), \.code = "(\w+)", \.severity = SEV_(\w+), \.clause = "([\w.-]+)",\s*'
                         r'\.text = ((?:' + TEXT + r'\s*)+),\s*\.explain = ((?:' + TEXT + r'\s*)+)\)', text, re.M):
        rows.append({"id": m[1], "code": m[2], "severity": m[3].lower(), "clause": m[4], "text": unquote(m[5]),
                     "explain": unquote(m[7])})
    if len(rows) != len(re.findall(r"^DIAG\(", text, re.M)):
        raise SystemExit("docs_made.py cannot read every row of compiler/diag.def")
    return sorted(rows, key=lambda row: (row["code"][1:], row["code"]))


def plain(text):
    """A printf format for people."""
    return re.sub(r"%[-.\w]*?(?:zu|lld|[sdugcx]|02x)", "…", text)


def units_table(root):
    rows = re.findall(r'^UNIT\("([^"]+)",\s*([-\d.e+]+),\s*(-?\d), (-?\d), (-?\d), (-?\d), (-?\d), "([^"]*)"\)',
                      read(root, "compiler", "units.def"), re.M)
    lines = ["| unit | is | in base units |", "| --- | --- | --- |"]
    seen = {}
    for name, scale, *powers, doc in rows:
        base = "·".join(b + ("" if p == "1" else "^" + p) for b, p in zip(("Å", "eV", "e", "K", "fs"), powers) if p != "0")
        seen.setdefault((scale, base, doc), []).append(name)
    for (scale, base, doc), names in seen.items():
        lines.append("| " + ", ".join(f"`{n}`" for n in names) + f" | {doc} | {scale}{' ' + base if base else ''} |")
    return "\n".join(lines)


def builtins_table(root):
    text = read(root, "compiler", "builtins.def")
    rows = re.findall(r'^BUILTIN\(\w+,\s*\.name = "(\w+)".*?\.sig = "([^"]*)",\s*\.doc = "([^"]*)"\)', text, re.M)
    if len(rows) != len(re.findall(r"^BUILTIN\(", text, re.M)):
        raise SystemExit("docs_made.py cannot read every row of compiler/builtins.def")
    return "\n".join(["| call | is |", "| --- | --- |"] + [f"| `{sig}` | {doc} |" for _, sig, doc in rows])


def fill(text, name, table):
    """The text with what stands between <!-- name --> and <!-- end --> replaced."""
    mark = f"<!-- {name} -->"
    head, found, tail = text.partition(mark)
    if not found:
        raise SystemExit(f"docs/spec.md has no {mark}")
    if tail.lstrip().startswith("| "):
        tail = tail.partition("<!-- end -->")[2]
    return f"{head}{mark}\n{table}\n<!-- end -->{tail}"


def spec(root):
    text = read(root, "docs", "spec.md")
    return fill(fill(text, "units", units_table(root)), "builtins", builtins_table(root))


# ---------------------------------------------------------------------------------------------------------- examples

def check(mtx, folder, name):
    run = subprocess.run([mtx, "check", name], cwd=folder, capture_output=True, timeout=20, check=False)
    return run.stderr.decode("utf-8", "replace")


def messages(text):
    """[(code, message text)] of what mtx check printed."""
    parts = re.split(r"^(?=(?:error|warning|note)\[)", text, flags=re.M)
    return [(re.match(r"\w+\[(\w+)\]", p)[1], p.rstrip()) for p in parts if re.match(r"\w+\[\w+\]", p)]


def example_programs(root):
    """Programs that are there to be wrong, smallest first. Those of this folder bear the code that they show."""
    for folder in (SYNTAX, WRONG):
        names = [n for n in os.listdir(os.path.join(root, folder)) if n.endswith(".mtx")]
        for name in sorted(names, key=lambda n: (os.path.getsize(os.path.join(root, folder, n)), n)):
            yield os.path.join(root, folder), name


def examples(root, mtx):
    found = {}
    for folder, name in example_programs(root):
        with open(os.path.join(folder, name), "rb") as f:
            program = f.read()
        try:
            program = program.decode("utf-8")
        except UnicodeDecodeError:
            continue                                     # bytes that Markdown cannot show
        if program.count("\n") > MOST_LINES or re.search(r"[\x00-\x08\x0b-\x1f]|.{120}", program):
            continue
        with tempfile.TemporaryDirectory() as scratch:
            with open(os.path.join(scratch, "x.mtx"), "w", encoding="utf-8") as f:
                f.write(program)
            for beside in os.listdir(folder):                # files that it reads: CODE.csv
                if beside.startswith(name[:5]) and not beside.endswith(".mtx"):
                    shutil.copy(os.path.join(folder, beside), scratch)
            shown = messages(check(mtx, scratch, "x.mtx"))
        for code, message in shown:
            if code not in found or (folder.endswith(WRONG) and name.startswith(code)):
                found[code] = (program.rstrip("\n"), message)
        if folder.endswith(WRONG) and name[:5] not in [code for code, _ in shown]:
            raise SystemExit(f"{WRONG}/{name} does not show its message")
    return found


def errors(root, mtx):
    found = examples(root, mtx)
    out = ["<!-- Made from compiler/diag.def by tests/docs/run_docs.py (./dev accept docs): do not edit. -->", "# Messages", "",
           "Every message has a code, which never changes its meaning; `mtx explain CODE` prints the same. The clause is that of",
           "[spec.md](spec.md). … stands for a name or a number of yours. E: error, W: warning; notes do not fail a check.", ""]
    section = None
    for row in diag_rows(root):
        title = next((t for s, t in SECTIONS if row["code"][1:3] == s), "Others")
        if title != section:
            section = title
            out += [f"## {title}", ""]
        out += [f"### {row['code']}", "", f"**{row['severity']}** · {plain(row['text'])} · clause {row['clause']}", ""]
        out += ["```text", row["explain"], "```", ""]
        if row["code"] in found:
            program, message = found[row["code"]]
            out += ["For example", "", "```text", program, "```", "", "```text", message, "```", ""]
    return "\n".join(out).rstrip("\n") + "\n"
