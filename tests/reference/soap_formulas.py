# SPDX-License-Identifier: Apache-2.0
"""SOAP expansions as featomic and DScribe define them, written out in numpy from their definitions, so that README.md can say
what the stored numbers are and make_soap.py can check that it is so. In: displacements to the neighbours of one centre, by
element. Out: coefficients c[n][l][m], power spectra, bispectra. Real spherical harmonics, m = -l..l, orthonormal, without the
Condon-Shortley sign (m = -1, 0, 1 of l = 1 are y, z, x)."""
from fractions import Fraction
from math import factorial

import numpy as np
from scipy.special import gamma, hyp1f1, sph_harm_y


def harmonics(l_max, d):
    """[l][m + l], of a vector; of the zero vector only l = 0 is not zero"""
    r = np.linalg.norm(d)
    out = []
    for l in range(l_max + 1):
        row = np.zeros(2 * l + 1)
        if r > 1e-12:
            theta, phi = np.arccos(np.clip(d[2] / r, -1, 1)), np.arctan2(d[1], d[0])
            for m in range(l + 1):
                y = sph_harm_y(l, m, theta, phi) * (-1) ** m
                row[l + m] = y.real * (np.sqrt(2) if m else 1)
                if m:
                    row[l - m] = y.imag * np.sqrt(2)
        elif l == 0:
            row[0] = 1 / np.sqrt(4 * np.pi)
        out.append(row)
    return out


def overlap(power, decay):
    """integral of r^2 r^power exp(-decay r^2) from 0 to infinity"""
    return 0.5 * gamma((power + 3) / 2) * decay ** (-(power + 3) / 2)


def orthonormal(S):
    w, v = np.linalg.eigh(S)
    return v @ np.diag(w**-.5) @ v.T                   # Loewdin: the symmetric one


def projected(power, decay, l, d, sigma):
    """integral over r of r^2 r^power exp(-decay r^2) times the part of order l of exp(-|r - d|^2 / (2 sigma^2)),
    so that times Y_lm(d) it is the overlap of r^power exp(-decay r^2) Y_lm with the Gaussian"""
    k = 1 / (2 * sigma**2)
    a, p = k + decay, (power + l + 3) / 2
    return (np.pi**1.5 * np.exp(-k * d * d) * gamma(p) / gamma(l + 1.5) * (k * d) ** l * a**-p
            * hyp1f1(p, l + 1.5, (k * d) ** 2 / a))


def featomic_basis(n, reach):
    """powers and decays of the primitives, and the matrix that makes orthonormal functions of them"""
    k = np.arange(n)
    width = reach * np.maximum(np.sqrt(k), 1) / n
    decay = 1 / (2 * width**2)
    S = np.array([[overlap(a + b, decay[a] + decay[b]) for b in k] for a in k])
    norm = np.diag(S) ** -.5
    return k, decay, orthonormal(S * np.outer(norm, norm)) * norm


def dscribe_basis(n, l, reach):
    place = np.linspace(1, reach, n)
    decay = -np.log(1e-3 / place**l) / place**2        # r^l exp(-decay r^2) is 1e-3 at its place
    S = np.array([[overlap(2 * l, a + b) for b in decay] for a in decay])
    return np.full(n, l), decay, orthonormal(S)


def featomic_cutoff(d, reach, width=0.5):
    return 1.0 if d < reach - width else 0.5 * (1 + np.cos(np.pi * (d - reach + width) / width)) if d < reach else 0.0


def expansion(neighbours, n, l_max, reach, sigma, kind):
    """c[l][n][m] of the Gaussians of one element's atoms around a centre"""
    c = [np.zeros((n, 2 * l + 1)) for l in range(l_max + 1)]
    for d in neighbours:
        r, Y = np.linalg.norm(d), harmonics(l_max, d)
        for l in range(l_max + 1):
            power, decay, mix = featomic_basis(n, reach) if kind == "featomic" else dscribe_basis(n, l, reach)
            radial = mix @ np.array([projected(p, a, l, r, sigma) for p, a in zip(power, decay)])
            if kind == "featomic":
                radial *= (np.pi * sigma**2) ** -.75 * featomic_cutoff(r, reach)
            c[l] += np.outer(radial, Y[l])
    return c


def power_spectrum(a, b, kind, same):
    """[l][n][n'] of two elements' coefficients"""
    if kind == "featomic":
        return [(-1) ** l / np.sqrt(2 * l + 1) * (x @ y.T) * (1 if same else np.sqrt(2)) for l, (x, y) in enumerate(zip(a, b))]
    return [np.pi * np.sqrt(8 / (2 * l + 1)) * (x @ y.T) for l, (x, y) in enumerate(zip(a, b))]


def wigner_3j(l1, l2, l3, m1, m2, m3):
    """Racah's formula, in whole numbers until the last root"""
    if m1 + m2 + m3 or not abs(l1 - l2) <= l3 <= l1 + l2 or max(abs(m1) - l1, abs(m2) - l2, abs(m3) - l3) > 0:
        return 0.0
    f = factorial
    total = sum(Fraction((-1) ** t, f(t) * f(l3 - l2 + t + m1) * f(l3 - l1 + t - m2) * f(l1 + l2 - l3 - t) * f(l1 - t - m1)
                         * f(l2 - t + m2))
                for t in range(l1 + l2 + l3 + 1)
                if min(l3 - l2 + t + m1, l3 - l1 + t - m2, l1 + l2 - l3 - t, l1 - t - m1, l2 - t + m2) >= 0)
    square = Fraction(f(l1 + l2 - l3) * f(l1 - l2 + l3) * f(-l1 + l2 + l3), f(l1 + l2 + l3 + 1))
    for l, m in ((l1, m1), (l2, m2), (l3, m3)):
        square *= f(l + m) * f(l - m)
    return (-1) ** (l1 - l2 - m3) * float(total) * float(square) ** 0.5


def complex_of(real):
    """coefficients of the complex harmonics (with the Condon-Shortley sign) of a real function with the real ones"""
    l = (len(real) - 1) // 2
    out = np.zeros(2 * l + 1, complex)
    out[l] = real[l]
    for m in range(1, l + 1):
        out[l + m] = (-1) ** m * (real[l + m] - 1j * real[l - m]) / np.sqrt(2)
        out[l - m] = (real[l + m] + 1j * real[l - m]) / np.sqrt(2)
    return out


def bispectrum(c, n):
    """{(l1, l2, l3): sum over m of 3j(l1 l2 l3; m1 m2 m3) c_l1m1 c_l2m2 c_l3m3} of radial function n, l1 <= l2 <= l3, even sums:
    real, and the same in a mirror"""
    z = [complex_of(row[n]) for row in c]
    out = {}
    for l3 in range(len(c)):
        for l2 in range(l3 + 1):
            for l1 in range(l3 - l2, l2 + 1):
                if (l1 + l2 + l3) % 2 == 0:
                    out[l1, l2, l3] = sum(wigner_3j(l1, l2, l3, m1, m2, -m1 - m2) * z[l1][l1 + m1] * z[l2][l2 + m2]
                                          * z[l3][l3 - m1 - m2] for m1 in range(-l1, l1 + 1) for m2 in range(-l2, l2 + 1)
                                          if abs(m1 + m2) <= l3).real
    return out
