# SPDX-License-Identifier: Apache-2.0
"""Reads and writes npz files with Python's standard library alone: load(PATH) -> {name: Array}, save(PATH, {name: Array}).

An Array has `shape` and a flat, C-ordered `values`; a[i] is row i: an Array or, at last, a number.
Numbers, truth values and fixed-length text are read, in either byte order; numbers are written.
"""
import ast
import struct
import zipfile

CODES = {"f8": "d", "f4": "f", "i8": "q", "i4": "i", "i2": "h", "i1": "b", "u8": "Q", "u4": "I", "u2": "H",
         "u1": "B", "b1": "?"}


class Array:
    def __init__(self, shape, values):
        self.shape, self.values = tuple(shape), values

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, k):
        if not -len(self) <= k < len(self):
            raise IndexError(k)
        k %= len(self)
        if len(self.shape) == 1:
            return self.values[k]
        width = len(self.values) // len(self)
        return Array(self.shape[1:], self.values[k * width:(k + 1) * width])

    def rows(self, start, end):
        width = len(self.values) // len(self) if len(self) else 0
        return Array((end - start,) + self.shape[1:], self.values[start * width:end * width])

    def tolist(self):
        return list(self.values) if len(self.shape) == 1 else [row.tolist() for row in self]


def text_values(data, order, kind, width, count):
    step = width * (4 if kind == "U" else 1)
    codec = "latin-1" if kind == "S" else "utf-32-be" if order == ">" else "utf-32-le"
    return [data[k * step:(k + 1) * step].decode(codec).rstrip("\0") for k in range(count)]


def array_of(data):
    if data[:6] != b"\x93NUMPY":
        raise ValueError("not an npy file")
    wide = data[6] > 1
    length = struct.unpack_from("<I" if wide else "<H", data, 8)[0]
    start = (12 if wide else 10) + length
    header = ast.literal_eval(data[start - length:start].decode("latin-1"))
    if header["fortran_order"]:
        raise ValueError("Fortran order")
    count = 1
    for n in header["shape"]:
        count *= n
    order, kind = header["descr"][0], header["descr"][1:]
    if kind[0] in "US":
        values = text_values(data[start:], order, kind[0], int(kind[1:]), count)
    else:
        layout = ("<" if order in "|<=" else ">") + str(count) + CODES[kind]
        values = list(struct.unpack_from(layout, data, start))
    return Array(header["shape"], values)


def load(path):
    with zipfile.ZipFile(path) as z:
        return {name[:-len(".npy")]: array_of(z.read(name)) for name in z.namelist() if name.endswith(".npy")}


def npy(array, descr="<f8", fortran=False):
    """The bytes of an .npy file; values are in C order here, whatever the file is to have."""
    values, shape = list(array.values), array.shape
    if fortran:
        values = [array.values[c_place(k, shape)] for k in range(len(values))]
    head = repr({"descr": descr, "fortran_order": fortran, "shape": tuple(shape)}).encode("latin-1")
    head += b" " * (-(len(head) + 11) % 64) + b"\n"
    layout = ("<" if descr[0] in "|<=" else ">") + str(len(values)) + CODES[descr[1:]]
    return b"\x93NUMPY\x01\0" + struct.pack("<H", len(head)) + head + struct.pack(layout, *values)


def c_place(k, shape):
    """Where number k of Fortran's order stands in the C order."""
    place = 0
    index = []
    for n in shape:
        index.append(k % n)
        k //= n
    for i, n in zip(index, shape):
        place = place * n + i
    return place


def save(path, arrays, packed=False, **how):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as z:
        for name, array in arrays.items():
            z.writestr(name + ".npy", npy(array, **how))
