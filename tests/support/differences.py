# SPDX-License-Identifier: Apache-2.0
"""Central differences of an energy: random periodic frames, their displaced copies as one input file, and slopes of fourth
order from the energies that come back. A kind of displacement is "r" (positions), "strain" (symmetric), "cell" (lattice
vectors, fractional positions held) or the name of a column. Nothing is asserted here."""
from mtx_call import dot, images

STEP = 1e-4                # Å, and in strain; the error goes as its fourth power


def matmul(v, m):
    return [sum(v[k] * m[k][n] for k in range(3)) for n in range(3)]


def solve(cell, r):
    """x with x . cell = r, by Cramer's rule"""
    def det(a):
        return (a[0][0] * (a[1][1] * a[2][2] - a[1][2] * a[2][1]) - a[0][1] * (a[1][0] * a[2][2] - a[1][2] * a[2][0])
                + a[0][2] * (a[1][0] * a[2][1] - a[1][1] * a[2][0]))
    return [det([r if n == k else cell[n] for n in range(3)]) / det(cell) for k in range(3)]


class Frame:
    """symbols z, positions r, cell, and columns {name: a number or a list of numbers per atom}"""

    periodic = "T T T"

    def __init__(self, z, r, cell, **columns):
        self.z, self.r, self.cell, self.columns = z, r, cell, columns

    @classmethod
    def random(cls, rng, atoms, size, elements, least=0.0, **columns):
        """Triclinic; no two atoms, images included, closer than `least`. columns: numbers of each, drawn from -1..1."""
        while True:
            cell = [[size * ((k == n) + rng.uniform(-0.25, 0.25)) for n in range(3)] for k in range(3)]
            r = [matmul([rng.random() for _ in range(3)], cell) for _ in range(atoms)]
            if closest(r, cell) >= least:
                break
        drawn = {}
        for name, width in columns.items():
            numbers = [[rng.uniform(-1, 1) for _ in range(width)] for _ in range(atoms)]
            drawn[name] = numbers if width > 1 else [x[0] for x in numbers]
        z = [elements[k] if k < len(elements) else rng.choice(elements) for k in range(atoms)]
        return cls(z, r, cell, **drawn)

    def volume(self):
        (a, b, c), (d, e, f), (g, h, i) = self.cell
        return abs(a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g))

    def text(self):
        lattice = " ".join(f"{x:.17g}" for row in self.cell for x in row)
        words = "".join(f":{name}:R:{len(v[0]) if isinstance(v[0], list) else 1}" for name, v in self.columns.items())
        lines = [str(len(self.r)), f'Lattice="{lattice}" Properties=species:S:1:pos:R:3{words} pbc="{self.periodic}"']
        for k, (z, r) in enumerate(zip(self.z, self.r)):
            more = [v[k] if isinstance(v[k], list) else [v[k]] for v in self.columns.values()]
            lines.append(" ".join([z] + [f"{x:.17g}" for x in sum(more, r)]))
        return "\n".join(lines) + "\n"

    def moved(self, kind, at, k, h):
        r, cell = [list(a) for a in self.r], [list(a) for a in self.cell]
        columns = {name: [list(x) if isinstance(x, list) else x for x in v] for name, v in self.columns.items()}
        if kind == "r":
            r[at][k] += h
        elif kind == "strain":                # symmetric: half to each of the two
            e = [[float(m == n) for n in range(3)] for m in range(3)]
            e[at][k] += h / 2
            e[k][at] += h / 2
            cell, r = [matmul(a, e) for a in cell], [matmul(a, e) for a in r]
        elif kind == "cell":
            fractional = [solve(cell, x) for x in r]
            cell[at][k] += h
            r = [matmul(x, cell) for x in fractional]
        elif isinstance(columns[kind][at], list):
            columns[kind][at][k] += h
        else:
            columns[kind][at] += h
        out = Frame(self.z, r, cell, **columns)
        out.periodic = self.periodic
        return out

    def places(self, kind):
        """(atom or lattice vector, component) of every number of a kind"""
        rows = 3 if kind in ("strain", "cell") else len(self.r)
        one = self.columns.get(kind, [[0, 0, 0]])[0]
        return [(at, k) for at in range(rows) for k in range(len(one) if isinstance(one, list) else 1)]


def closest(r, cell):
    """the shortest distance between atoms and images next to the cell"""
    shifts = [t for n, t in images(cell, 1.0) if max(map(abs, n)) < 3]
    return min(dot(d, d) for i, a in enumerate(r) for b in r[i:] for t in shifts
               for d in [[b[k] + t[k] - a[k] for k in range(3)]] if dot(d, d) > 1e-12) ** 0.5


def displaced(frame, kinds):
    """The frame, then four copies for each number of each kind, as text."""
    return "".join(f.text() for f in [frame] + [frame.moved(kind, at, k, h * STEP) for kind in kinds
                                                for at, k in frame.places(kind) for h in (1, -1, 2, -2)])


def slopes(frame, kinds, energy):
    """{kind: derivatives} from the energies of displaced(frame, kinds)"""
    rest, out = list(energy)[1:], {}
    for kind in kinds:
        count = len(frame.places(kind))
        four = [rest[4 * j:4 * j + 4] for j in range(count)]
        out[kind] = [(8 * (a - b) - (c - d)) / (12 * STEP) for a, b, c, d in four]
        rest = rest[4 * count:]
    return out
