# SPDX-License-Identifier: Apache-2.0
"""The documentation against the program. In README.md and docs/*.md
  ```mtx            a whole spec, which checks clean; file=NAME: kept for the commands after it
  ```mtx body       lines of a transform that takes s : Crystal; error=CODE, warning=CODE: gives that message
  ```console        commands after `$ `, going on after `> `, with what they print; run in a folder with
                    examples/ in it and mtx on the PATH
Also: docs/errors.md and the tables of docs/spec.md are what docs_made.py makes; every clause that diag.def cites
is in docs/spec.md, once, and has a row in docs/status.md; links lead somewhere; the man page has the options of
--help. MTX_ACCEPT=1 rewrites what is made and what commands print."""
import argparse
import fnmatch
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

import docs_made

ACCEPT = os.environ.get("MTX_ACCEPT") == "1"
CLAUSE = re.compile(r"^\*\*([a-z]+(?:[.-][a-z-]+)*)\*\*(?: |$)", re.M)
FENCE = re.compile(r"^```(\w+)([^\n`]*)\n(.*?)^```$", re.M | re.S)
# seconds, versions, rounding
CHANGING = ((re.compile(r"\bin \d+\.\d\d s\b"), "in N s"), (re.compile(r"^mtx \d+\.\d+\.\d+ .*$", re.M), "mtx VERSION"),
            (re.compile(r"\d\.\de-1\d\b"), "0.0e+00"), (re.compile(r"(\d\.\d{10})\d+"), r"\1"))
BODY = 'use "crystal.mtx"\ntransform example {\n  takes s : Crystal\n'


def pages(root):
    docs = os.path.join(root, "docs")
    return [os.path.join(root, "README.md")] + sorted(os.path.join(docs, n) for n in os.listdir(docs) if n.endswith(".md"))


def same(a, b):
    for pattern, word in CHANGING:
        a, b = pattern.sub(word, a), pattern.sub(word, b)
    return a == b


class Page:
    """One page: its blocks are run in order, in one folder."""

    def __init__(self, path, mtx, root):
        self.path, self.mtx, self.root = path, mtx, root
        self.text = docs_made.read(path)
        self.faults, self.blocks = [], 0
        self.new = self.text

    def fault(self, at, text):
        line = self.text.count("\n", 0, at) + 1
        self.faults.append(f"{os.path.relpath(self.path, self.root)}:{line}: {text}")

    def run(self):
        with tempfile.TemporaryDirectory() as folder:
            os.symlink(os.path.join(self.root, "examples"), os.path.join(folder, "examples"))
            shutil.copy(os.path.join(self.root, "examples", "data", "si_conventional.xyz"), os.path.join(folder, "si.xyz"))
            for block in FENCE.finditer(self.text):
                language, words, content = block[1], block[2].split(), block[3]
                if language == "mtx":
                    self.blocks += 1
                    self.spec(folder, words, content, block.start())
                elif language == "console":
                    self.blocks += 1
                    self.console(folder, content, block.start(3))
        if self.new != self.text:
            with open(self.path, "w", encoding="utf-8") as f:
                f.write(self.new)

    def spec(self, folder, words, content, at):
        options = dict(w.split("=", 1) for w in words if "=" in w)
        name = options.get("file", "block.mtx")
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            f.write(BODY + content + "}\n" if "body" in words else content)
        run = subprocess.run([self.mtx, "check", "--json", name], cwd=folder, capture_output=True, timeout=30, check=False)
        codes = [(d["severity"], d["code"]) for d in json.loads(run.stdout or '{"diagnostics": []}')["diagnostics"]]
        want = {("error", options["error"])} if "error" in options else set()
        want |= {("warning", options["warning"])} if "warning" in options else set()
        got = {c for c in codes if c[0] != "note"}
        if got != want or run.returncode != ("error" in options):
            self.fault(at, f"the block gives {sorted(codes)} and exit code {run.returncode}, expected {sorted(want)}\n"
                           f"{run.stderr.decode()}")

    def console(self, folder, content, at):
        bin_folder = os.path.join(folder, "bin")
        if not os.path.isdir(bin_folder):
            os.mkdir(bin_folder)
            os.symlink(self.mtx, os.path.join(bin_folder, "mtx"))
        env = dict(os.environ, PATH=bin_folder + os.pathsep + os.environ["PATH"], TERM="dumb", LC_ALL="C.UTF-8",
                   CPATH=os.path.join(self.root, "include"))
        made = []
        for part in re.split(r"^\$ ", content, flags=re.M)[1:]:
            command, want = re.match(r"(.*\n(?:>.*\n)*)((?:.*\n?)*)", part).groups()
            command = re.sub(r"^> ?", "", command, flags=re.M).rstrip("\n")
            run = subprocess.run(["sh", "-c", command], cwd=folder, env=env, timeout=60, check=False,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            got = run.stdout.decode("utf-8", "replace")
            got += "\n" if got and not got.endswith("\n") else ""
            if not same(got, want):
                if not ACCEPT:
                    self.fault(at, f"`{command}` printed\n{got}")
                want = got
            made.append(command.replace("\n", "\n> ") + "\n" + want)
        self.new = self.new.replace(content, "".join(f"$ {m}" for m in made)) if ACCEPT else self.new


def made_faults(root, mtx):
    """Pages and tables that are made from the compiler's own."""
    for name, text in (("errors.md", docs_made.errors(root, mtx)), ("spec.md", docs_made.spec(root))):
        path = os.path.join(root, "docs", name)
        old = docs_made.read(path) if os.path.exists(path) else ""
        if old != text and ACCEPT:
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
        elif old != text:
            yield f"docs/{name} is stale: ./dev accept docs makes it anew"


def clause_faults(root):
    have = CLAUSE.findall(docs_made.read(root, "docs", "spec.md"))
    yield from (f"docs/spec.md: clause {c} stands there twice" for c in sorted({c for c in have if have.count(c) > 1}))
    cited = {row["clause"] for row in docs_made.diag_rows(root)}
    yield from (f"docs/spec.md: no clause {c}, which diag.def cites" for c in sorted(cited - set(have)))


def status_faults(root):
    """Every clause has a row in docs/status.md, and what the rows name exists."""
    rows = re.findall(r"^\| (`.*?) \| .*? \| (.*) \|$", docs_made.read(root, "docs", "status.md"), re.M)
    patterns = [p for clauses, _ in rows for p in re.findall(r"`([^`]+)`", clauses)]
    have = CLAUSE.findall(docs_made.read(root, "docs", "spec.md"))
    yield from (f"docs/status.md: no row for clause {c}" for c in have
                if not any(fnmatch.fnmatch(c, p) for p in patterns))
    yield from (f"docs/status.md: no clause {p} in docs/spec.md" for p in patterns if not fnmatch.filter(have, p))
    for file in {f for _, files in rows for f in re.findall(r"`([^`]+)`", files)}:
        if not os.path.exists(os.path.join(root, file)):
            yield f"docs/status.md: {file} is not there"


def anchor(title):
    return re.sub(r"[^\w -]", "", title.strip().lower()).replace(" ", "-")


def link_faults(root):
    for path in pages(root) + [os.path.join(root, "CONTRIBUTING.md")]:
        text = re.sub(r"```.*?```|`[^`\n]*`", "", docs_made.read(path), flags=re.S)
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if re.match(r"[a-z]+:", target):
                continue
            file, _, place = target.partition("#")
            full = os.path.normpath(os.path.join(os.path.dirname(path), file)) if file else path
            if not os.path.exists(full):
                yield f"{os.path.relpath(path, root)}: link to {target}, which is not there"
            elif place and place not in {anchor(t) for t in re.findall(r"^#+ (.*)$", docs_made.read(full), re.M)}:
                yield f"{os.path.relpath(path, root)}: link to {target}: no such heading"


def man_faults(root, mtx):
    man = docs_made.read(root, "docs", "mtx.1").replace("\\-", "-")
    in_man = set(re.findall(r"--[a-z][a-z-]+", man))
    in_help = {"--help", "--version"}

    def help_of(*words):
        return subprocess.run([mtx, *words, "--help"], capture_output=True, check=True).stdout.decode()

    for command in re.findall(r"^  mtx (\w+) ", help_of(), re.M):
        text = help_of(command)
        in_help |= set(re.findall(r"--[a-z][a-z-]+", text))
        if f"\n.B {command}\n" not in man:
            yield f"docs/mtx.1: no command {command}"
    yield from (f"docs/mtx.1: option {o} is in no --help" for o in sorted(in_man - in_help))
    yield from (f"docs/mtx.1: option {o} of --help is missing" for o in sorted(in_help - in_man))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mtx", required=True)
    parser.add_argument("--root", required=True)
    args = parser.parse_args()
    mtx, root = os.path.abspath(args.mtx), os.path.abspath(args.root)
    faults, blocks = list(made_faults(root, mtx)), 0
    for path in pages(root):
        if os.path.basename(path) == "errors.md":
            continue
        page = Page(path, mtx, root)
        page.run()
        faults += page.faults
        blocks += page.blocks
    for more in (clause_faults(root), status_faults(root), link_faults(root), man_faults(root, mtx)):
        faults += more
    print("\n".join(faults) or f"{blocks} blocks")
    return 1 if faults or not blocks else 0


if __name__ == "__main__":
    sys.exit(main())
