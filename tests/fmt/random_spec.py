# SPDX-License-Identifier: Apache-2.0
"""Random specs that follow the grammar of docs/spec.md (not its types), with random spacing and comments.
random_spec(random.Random) -> (text, comments). Used by run_random.py and to seed the fuzzer."""

NAMES = ["a", "b", "x1", "rc", "bond", "atom", "s", "Å_0", "α", "q_i", "ΔE", "long_name_of_a_thing", "species"]
FIELDS = ["r", "Z", "d", "in", "set", "by", "i", "part", "sum"]
LABELS = ["rate", "k", "to", "set", "seed"]
UNITS = ["Å", "eV", "fs", "bohr", "µeV", "K", "min"]
NUMBERS = ["0", "1", "23", "2.4", "1e-10", "0.6022245584", "6.02e23", "1E5", "3e+2"]
STRINGS = ['"crystal.mtx"', '"n eigenvalues # cannot"', '"a \\"quote\\" and \\\\"', '"Å {[("', '""', '"tab\\there"']
SYMMETRIES = ["permute", "translate", "rotate", "reflect", "cell", "supercell"]
COMPARE = ["==", "!=", "<", "<=", ">", ">="]


class Spec:
    def __init__(self, rng):
        self.rng = rng
        self.out = []
        self.comments = []

    # ---- spacing: any blank may be a new line, with or without a comment

    def text(self, *words):
        for word in words:
            roll = self.rng.random()
            if roll < 0.02:
                comment = "# " + self.rng.choice(["why", "x = {", "ångström", "", 'a "string', "} end"])
                comment = comment.rstrip()
                self.comments.append(comment)
                self.out.append(self.rng.choice([" ", "\n  ", "\n\n"]) + comment + "\n")
            elif roll < 0.06:
                self.out.append(self.rng.choice(["\n", "\n\n\n", "\t", "   ", "\r\n"]))
            elif self.out:
                self.out.append(" ")
            self.out.append(word)

    def glue(self, word):
        self.out.append(word)

    def several(self, make, low=1, high=3):
        for i in range(self.rng.randint(low, high)):
            if i:
                self.text(",")
            make()

    def name(self):
        self.text(self.rng.choice(NAMES))

    # ---- expressions

    def unit(self):
        self.text("[")
        for i in range(self.rng.randint(1, 3)):
            if i:
                self.text(self.rng.choice(["*", "/", "·"]))
            if self.rng.random() < 0.1:
                self.text("1")
                continue
            self.text(self.rng.choice(UNITS))
            roll = self.rng.random()
            if roll < 0.4:
                self.text("^", *self.rng.choice([["2"], ["-", "1"], ["(", "1", "/", "2", ")"], ["(", "-", "3", ")"]]))
        self.text("]")

    def number(self):
        self.text(self.rng.choice(NUMBERS))
        roll = self.rng.random()
        if roll < 0.15:
            self.text(self.rng.choice(UNITS))
        elif roll < 0.25:
            self.unit()

    def binder(self, depth):
        roll = self.rng.random()
        if roll < 0.6:
            self.name()
        else:
            self.text("{" if roll < 0.8 else "(")
            self.several(self.name, 2, 3)
            self.text("}" if roll < 0.8 else ")")
        self.text("in")
        self.expr(depth - 1)

    def argument(self, depth):
        if self.rng.random() < 0.2:
            self.text(self.rng.choice(LABELS), "=")
        self.expr(depth)

    def post(self, depth):
        roll = self.rng.random()
        if depth <= 0 or roll < 0.35:
            self.name()
        elif roll < 0.5:
            self.parens(depth)
        elif roll < 0.56:
            self.text("[")
            self.several(lambda: self.expr(depth - 1))
            self.text("]")
        elif roll < 0.75:
            self.post(depth - 1)
            self.text(".", self.rng.choice(FIELDS))
        elif roll < 0.87:
            self.post(depth - 1)
            self.text("[")
            self.several(lambda: self.expr(depth - 1))
            self.text("]")
        elif roll < 0.89:
            self.name()
            self.text("(")
            self.expr(depth - 1)
            self.text("by")
            self.expr(depth - 1)
            self.text(")")
        else:
            self.post(depth - 1)
            self.text("(")
            if self.rng.random() < 0.9:
                self.several(lambda: self.argument(depth - 1), 1, 5)
            self.text(")")

    def parens(self, depth):
        self.text("(")
        self.expr(depth - 1)
        self.text(")")

    def term(self, depth):
        roll = self.rng.random()
        if roll < 0.3:
            self.number()
        elif roll < 0.33:
            self.text(self.rng.choice(STRINGS))
        else:
            self.post(depth)

    def expr(self, depth):
        roll = self.rng.random()
        if depth <= 0 or roll < 0.3:
            self.term(depth)
        elif roll < 0.36:
            self.text(self.rng.choice(["-", "not"]))
            self.tight(depth - 1)
        elif roll < 0.72:
            op = self.rng.choice(["or", "and", "within", "..", "++", "+", "-", "*", "/", "^", "×"] + COMPARE)
            safe = op in ("+", "-", "*", "/", "++", "×") and self.rng.random() < 0.5
            for i in range(self.rng.randint(2, 6) if safe else 2):
                if i:
                    self.text(op)
                self.tight(depth - 1) if not safe else self.factor(depth - 1)
        elif roll < 0.78:
            self.text("if")
            self.expr(depth - 1)
            self.text("then")
            self.expr(depth - 1)
            self.text("else")
            self.expr(depth - 1)
        elif roll < 0.9:
            self.text(self.rng.choice(["sum", "mean", "prod", "max", "min", "∑"]))
            self.several(lambda: self.binder(depth))
            if self.rng.random() < 0.3:
                self.text("where")
                self.expr(depth - 1)
            self.text(":")
            self.expr(depth - 1)
        elif roll < 0.93:
            self.text("repeat", "3", "from", "(")
            self.several(lambda: self.expr(depth - 1))
            self.text(")", ":")
            self.expr(depth - 1)
        elif roll < 0.96:
            self.text("softmax")
            self.expr(depth - 1)
            self.text("over")
            self.post(depth - 1)
        else:
            self.text("tabulate")
            self.post(depth - 1)
            self.text("over")
            self.expr(depth - 1)
            self.text("to")
            self.parens(depth - 1) if self.rng.random() < 0.3 else self.text("1e-10")

    def tight(self, depth):
        """an operand that any operator takes"""
        if self.rng.random() < 0.5:
            self.parens(depth)
        else:
            self.name()

    def factor(self, depth):
        roll = self.rng.random()
        if roll < 0.6:
            self.name()
        elif roll < 0.8:
            self.text("f", "(")
            self.several(lambda: self.expr(depth - 1))
            self.text(")")
        else:
            self.parens(depth)

    # ---- types

    def path(self, depth=1):
        self.name()
        if self.rng.random() < 0.3:
            self.text(".", self.rng.choice(FIELDS))
        roll = self.rng.random()
        if roll < 0.1:
            self.text("(", "8x1o", "+", "0e", "+", "2x3", ")")
        elif roll < 0.35:
            self.text("(")
            self.several(lambda: self.expr(depth))
            self.text(")")

    def type(self):
        if self.rng.random() < 0.4:
            for i in range(self.rng.randint(1, 3)):
                if i:
                    self.text("*")
                self.path()
                if self.rng.random() < 0.2:
                    self.text("^", self.rng.choice(["4", "n"]))
            self.text(self.rng.choice(["->", "->", "→"]))
        if self.rng.random() < 0.1:
            self.text("operator", "(", "2", "scalar", "++", "2", "plane", "++", "vector", ")")
        else:
            self.path()
        roll = self.rng.random()
        if roll < 0.2:
            self.text("^", self.rng.choice(["32", "n"]))
        elif roll < 0.3:
            self.text("^", "(", "64", ",", "n", ")")
        if self.rng.random() < 0.3:
            self.unit()

    # ---- statements

    def symmetry(self):
        self.text(self.rng.choice(SYMMETRIES))
        if self.rng.random() < 0.2:
            self.text("(", self.rng.choice(["z", "s.atom"]), ")")

    def symmetries(self):
        self.several(self.symmetry, 1, 9)

    def because(self):
        self.text("because", self.rng.choice(STRINGS))

    def left(self):
        self.name()
        roll = self.rng.random()
        if roll < 0.4:
            self.text("[")
            self.several(lambda: self.binder(1))
            self.text("]")
        elif roll < 0.6:
            self.text("(")
            self.several(lambda: (self.name(), self.rng.random() < 0.3 and (self.text(":"), self.type())))
            self.text(")")

    def declared(self, word):
        self.text(word)
        self.several(self.name)
        self.text(":")
        self.type()

    def definition(self):
        roll = self.rng.random()
        depth = self.rng.choice([1, 2, 2, 3, 5])
        if roll < 0.15:
            self.declared("takes")
        elif roll < 0.25:
            self.declared("param")
            if self.rng.random() < 0.4:
                self.text("init", "glorot")
                if self.rng.random() < 0.4:
                    self.text("(", "2", ")")
        elif roll < 0.35:
            self.text("set")
            self.name()
            if self.rng.random() < 0.7:
                self.text("=")
                self.expr(depth)
        else:
            gives = roll > 0.65
            self.text("gives" if gives else "let")
            self.left()
            if gives or self.rng.random() < 0.3:
                self.text(":")
                self.type()
            self.text("=")
            self.expr(depth)

    def claim(self):
        roll = self.rng.random()
        if roll < 0.3:
            self.text("respects")
            self.symmetries()
        elif roll < 0.4:
            self.text("softly", "respects")
            self.symmetries()
            self.text("by")
            self.expr(1)
        elif roll < 0.5:
            self.text("assume")
            self.name()
            self.text("respects")
            self.symmetries()
            self.because()
        elif roll < 0.6:
            self.text("breaks")
            self.symmetries()
            self.because()
        elif roll < 0.7:
            self.text("preserves")
            self.several(lambda: self.post(2))
            if self.rng.random() < 0.7:
                self.text("up", "to")
                self.symmetries()
            if self.rng.random() < 0.5:
                self.text("by", self.rng.choice(["rebuild", "jacobian"]))
                if self.rng.random() < 0.3:
                    self.text("(", "100", ")")
        elif roll < 0.8:
            self.text("loses")
            self.several(lambda: self.post(2))
            self.because()
        elif roll < 0.9:
            self.text("smooth")
            self.several(self.name)
            self.text("to", self.rng.choice(["C0", "C2", "Cinf"]))
        elif roll < 0.95:
            self.text(self.rng.choice(["extensive", "intensive"]))
            self.several(self.name)
        else:
            self.text("cites", self.rng.choice(STRINGS))

    def member(self):
        if self.rng.random() < 0.4:
            self.text("set")
            self.name()
            if self.rng.random() < 0.4:
                self.text("=")
                self.expr(2)
            return
        self.declared("field")
        if self.rng.random() < 0.2:
            self.text("from", self.rng.choice(["info", "field"]), self.rng.choice(STRINGS))

    def data(self):
        roll = self.rng.random()
        if roll < 0.3:
            self.text("format", "extxyz")
            if self.rng.random() < 0.3:
                self.text("(", "skip", "=", "1", ")")
        else:
            self.declared("reads") if roll < 0.7 else self.text("key", "id")
            if self.rng.random() < 0.6 or roll >= 0.7:
                self.text("from", self.rng.choice(["info", "field"]), '"k"')

    def setting(self):
        roll = self.rng.random()
        if roll < 0.3:
            self.text(self.rng.choice(["data", "validate"]))
            self.post(1)
            if self.rng.random() < 0.7:
                self.text("where", "fold")
                self.text(self.rng.choice(COMPARE))
                self.number()
        elif roll < 0.5:
            self.text("minimise")
            self.expr(3)
        elif roll < 0.6:
            self.text("scale", "gap", "by", "standard")
        else:
            self.text(self.rng.choice(["batch", "epochs", "seed", "optimiser", "schedule"]))
            self.expr(2)

    def check(self):
        roll = self.rng.random()
        if roll < 0.3:
            self.text("given")
            self.name()
            self.text("=")
            self.expr(2) if self.rng.random() < 0.5 else self.text("read", self.rng.choice(STRINGS))
            return
        self.text("expect")
        self.tight(3)
        if roll < 0.6:
            self.text("differs")
            self.expr(2)
        elif roll < 0.8:
            self.text("near")
            self.factor(2)
            self.text("within", "1e-4")

    def block(self, head, *makers):
        self.text(*head, "{")
        for _ in range(self.rng.choice([0, 1, 2, 4, 8])):
            if self.rng.random() < 0.9:
                self.glue(self.rng.choice(["\n", "\n  ", "\n\n"]))
            self.rng.choice(makers)()
        self.glue("\n" if self.rng.random() < 0.9 else "")
        self.text("}")

    def declaration(self):
        roll = self.rng.random()
        name = self.rng.choice(NAMES)
        if roll < 0.1:
            self.text("use", self.rng.choice(STRINGS))
        elif roll < 0.25:
            self.text("const", name)
            if self.rng.random() < 0.3:
                self.text(":")
                self.type()
            self.text("=")
            self.expr(3)
        elif roll < 0.4:
            self.block(["structure", name], self.member)
        elif roll < 0.7:
            self.block(["transform", name], self.definition, self.definition, self.claim)
        elif roll < 0.78:
            self.block(["loss", name], self.definition, self.claim, lambda: (self.text("minimise"), self.expr(3)))
        elif roll < 0.86:
            self.block(["dataset", name], self.data)
        elif roll < 0.94:
            self.block(["train", name], self.setting)
        else:
            self.block(["test", self.rng.choice(STRINGS)], self.check)


def random_spec(rng):
    spec = Spec(rng)
    for _ in range(rng.randint(1, 5)):
        if spec.out:
            spec.glue(rng.choice(["\n", "\n\n", "\n\n\n"]))
        spec.declaration()
    spec.glue("\n")
    return "".join(spec.out), spec.comments
