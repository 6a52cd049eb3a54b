/* SPDX-License-Identifier: Apache-2.0
 *
 * potentials.h: forms of interatomic potentials and descriptors with the order of differentiability that they
 * reach, as in cases.h. The cutoff is 5 Å unless a form brings its own.
 */
#ifndef MTX_TESTS_SMOOTH_POTENTIALS_H
#define MTX_TESTS_SMOOTH_POTENTIALS_H

#include "cases.h"

#define LJ " let lj(r) = 4 * ((2 * a / r)^12 - (2 * a / r)^6)\n"
#define MORSE " let grow(r) = exp(-1.5 [1/Å] * (r - 2.5 Å))\n let morse(r) = 0.3 * (grow(r)^2 - 2 * grow(r))\n"
#define BUCKINGHAM " let buck(r) = 100 * exp(-r / 0.9 Å) - 30 * (a / r)^6\n"
#define ZBL                                                                                                  \
    " let phi(u) = 0.18175 * exp(-3.19980 * u) + 0.50986 * exp(-0.94229 * u) + 0.28022 * exp(-0.40290 * u)"  \
    " + 0.02817 * exp(-0.20162 * u)\n let reach(i, j) = 0.46850 Å / (protons(s.Z[i])^0.23 + "                \
    "protons(s.Z[j])^0.23)\n let zbl(i, j, r) = protons(s.Z[i]) * protons(s.Z[j]) * a / r * phi(r / "        \
    "reach(i, j))\n"
#define TERSOFF                                                                                              \
    " let R = 4.5 Å\n let D = 0.5 Å\n let fc(r) = if r < R - D then 1 else if r < R + D then 1/2 - 1/2 * "   \
    "sin(turn / 2 * (r - R) / D) else 0\n let cosine(b, c) = dot(b.d, c.d) / (norm(b.d) * norm(c.d))\n let " \
    "g(u) = 1 + 100 / 4 - 100 / (4 + (-0.4 - u)^2)\n"
#define TERSOFF_ORDER                                                                                        \
    " let zeta[b in bond] = sum k in bond(b.i) where k != b: fc(norm(k.d)) * g(cosine(b, k)) * exp((0.3 "    \
    "[1/Å] * (norm(b.d) - norm(k.d)))^3)\n let weight[b in bond] = (1 + (0.1 * zeta[b])^0.78734)^(-1 / (2 " \
    "* 0.78734))\n"
#define DENSITY(f) " let rho[i in s.atom] = sum b in bond(i): exp(-norm(b.d) / a) * " f "\n"
#define RADIAL " let R(k, r) = cutoff(r, rc, 3) * exp(-(r - k * rc / 4)^2 / (0.5 [Å^2]))\n set n = 0..3\n"
#define FC " let fc(r) = 0.5 * (cos(turn * r / rc) + 1)\n"

static const row potentials[] = {
    {crystal, "Lennard-Jones, cut", LJ SUM("lj(d[b])"), -1, true, -1},
    {crystal, "Lennard-Jones, shifted", LJ SUM("lj(d[b]) - lj(rc)"), 0, true, 0},
    {crystal, "Lennard-Jones, force shifted",
     LJ " let slope = 4 * (-12 * (2 * a / rc)^12 + 6 * (2 * a / rc)^6) / rc\n" SUM(
         "lj(d[b]) - lj(rc) - (d[b] - rc) * slope"),
     1, true, 1},
    {crystal, "Lennard-Jones, smoothed", LJ SUM("lj(d[b]) * cutoff(d[b], rc, 3)"), 2, true, 2},
    {crystal, "Lennard-Jones, switched in the square",
     LJ " let on = 4 Å\n let switch(r) = if r < on then 1 else (rc^2 - r^2)^2 * (rc^2 + 2 * r^2 - 3 * on^2) / "
        "(rc^2 - on^2)^3\n" SUM("lj(d[b]) * switch(d[b])"),
     1, false, 1},
    {crystal, "Morse, shifted", MORSE SUM("morse(d[b]) - morse(rc)"), 0, true, 0},
    {crystal, "Morse, smoothed", MORSE SUM("morse(d[b]) * cutoff(d[b], rc, 2)"), 1, true, 1},
    {crystal, "Buckingham, cut", BUCKINGHAM SUM("buck(d[b])"), -1, true, -1},
    {crystal, "Buckingham, shifted", BUCKINGHAM SUM("buck(d[b]) - buck(rc)"), 0, true, 0},
    {crystal, "Buckingham, smoothed", BUCKINGHAM SUM("buck(d[b]) * cutoff(d[b], rc, 3)"), 2, true, 2},
    {crystal, "ZBL, switched by a polynomial",
     ZBL " let on = 4 Å\n let step(t) = 1 - t^3 * (10 - 15 * t + 6 * t^2)\n" SUM(
         "zbl(b.i, b.j, d[b]) * (if d[b] < on then 1 else step((d[b] - on) / (rc - on)))"),
     2, true, 2},
    {crystal, "ZBL, joined to another form",
     ZBL LJ " let rise(t) = t^3 * (10 - 15 * t + 6 * t^2)\n let mix(r) = if r < 3 Å then 0 else if r < 4 Å then "
            "rise(r / a - 3) else 1\n" SUM("((1 - mix(d[b])) * zbl(b.i, b.j, d[b]) + mix(d[b]) * lj(d[b])) * "
                                        "cutoff(d[b], rc, 4)"),
     2, false, 2},
    {crystal, "Tersoff, pairs", TERSOFF SUM("fc(d[b]) * exp(-d[b] / a)"), 1, true, 1},
    {crystal, "Tersoff", TERSOFF TERSOFF_ORDER SUM("fc(d[b]) * (exp(-d[b] / a) - weight[b] * exp(-0.7 * d[b] "
                                                   "/ a))"), 1, false, 1},
    {crystal, "Tersoff with its own row of zeta cut inside",
     TERSOFF " let fs(r) = if r < 4 Å then 1/2 - 1/2 * sin(turn / 2 * (r - 3.5 Å) / (0.5 Å)) else 0\n let "
             "zeta[b in bond] = sum k in bond(b.i) where k != b: fs(norm(k.d))\n" SUM(
                 "fc(d[b]) * (1 + zeta[b]^0.8)"),
     0, false, 0},
    {crystal, "Tersoff with zeta of a shorter reach",
     TERSOFF " let fs(r) = if r < 3 Å then 1 else if r < 4 Å then 1/2 - 1/2 * sin(turn / 2 * (r - 3.5 Å) / (0.5 Å)) "
             "else 0\n let zeta[b in bond] = sum k in bond(b.i) where k != b: fs(norm(k.d)) * g(cosine(b, k))\n" SUM(
                 "fc(d[b]) * (1 + zeta[b]^0.8)^-0.6"),
     1, false, 1},
    {crystal, "Tersoff with a root of such a zeta",
     TERSOFF " let fs(r) = if r < 3 Å then 1 else if r < 4 Å then 1/2 - 1/2 * sin(turn / 2 * (r - 3.5 Å) / (0.5 Å)) "
             "else 0\n let zeta[b in bond] = sum k in bond(b.i) where k != b: fs(norm(k.d)) * g(cosine(b, k))\n" SUM(
                 "fc(d[b]) * (1 + zeta[b]^0.5)^-0.6"),
     0, false, 0},
    {crystal, "Gupta", DENSITY("cutoff(d[b], rc, 3)") " gives E : scalar = sum i in s.atom: (sum b in bond(i): "
                       "exp(-4 * x[b]) * cutoff(d[b], rc, 3)) - sqrt(rho[i])\n", 1, true, 1},
    {crystal, "Gupta with a cosine cutoff", FC DENSITY("fc(d[b])") " gives E : scalar = sum i in s.atom: "
                       "-sqrt(rho[i])\n", 0, true, 0},
    {crystal, "Gupta with a long cutoff", DENSITY("cutoff(d[b], rc, 6)") " gives E : scalar = sum i in s.atom: "
                       "-sqrt(rho[i])\n", 2, true, 2},
    {crystal, "Gupta with a bump", DENSITY("exp(1 / (x[b] - 1))") " gives E : scalar = sum i in s.atom: "
                       "-sqrt(rho[i])\n", INF, false, INF},
    {crystal, "embedding, root of a shifted density", DENSITY("cutoff(d[b], rc, 4)") " gives E : scalar = sum i "
                       "in s.atom: -sqrt(rho[i] + 0.0001)\n", 3, true, 3},
    {crystal, "embedding, power", DENSITY("cutoff(d[b], rc, 4)") " gives E : scalar = sum i in s.atom: "
                       "-rho[i]^0.9\n", 3, false, 3},
    {crystal, "embedding, logarithm that is not defined at zero", DENSITY("cutoff(d[b], rc, 4)") " gives E : "
                       "scalar = sum i in s.atom: rho[i] * log(rho[i])\n", -1, false, -1},
    {crystal, "embedding, root extended by a parabola", DENSITY("cutoff(d[b], rc, 4)") " gives E : scalar = sum "
     "i in s.atom: if rho[i] > 0.01 then sqrt(rho[i]) else 0.1 * (3/8 + 3/4 * rho[i] / 0.01 - 1/8 * (rho[i] / "
     "0.01)^2)\n", 2, true, 2},
    {crystal, "embedding, root of the density of neighbours", DENSITY("exp(1 / (x[b] - 1))") SUM(
         "sqrt(rho[b.i]) * cutoff(d[b], rc, 4)"), 3, false, 3},
    {crystal, "G2 with the cosine cutoff", FC " gives E[i in s.atom] : scalar = sum b in bond(i): exp(-(d[b] - "
                       "2 Å)^2 / a^2) * fc(d[b])\n", 1, true, 1},
    {crystal, "G4 with the cosine cutoff", FC " let edge(r) = if r < rc then fc(r) else 0\n gives E[i in s.atom] "
     ": scalar = sum {b, c} in bond(i): (1 + dot(b.d, c.d) / (d[b] * d[c]))^2 * exp(-(norm2(b.d) + norm2(c.d) + "
     "norm2(b.d - c.d)) / (100 [Å^2])) * fc(d[b]) * fc(d[c]) * edge(norm(b.d - c.d))\n", 1, false, 1},
    {crystal, "vector density", RADIAL " let c[i in s.atom, k in n] = sum b in bond(i): R(k, d[b]) * b.d / d[b]\n"
     " gives p[i in s.atom, j in n, k in n] : scalar = dot(c[i, j], c[i, k])\n", 2, false, 2},
    {crystal, "tensor density", RADIAL " let c[i in s.atom, k in n] = sum b in bond(i): R(k, d[b]) * outer(b.d, "
     "b.d) / d[b]^2\n gives p[i in s.atom, j in n, k in n] : scalar = dot(c[i, j], c[i, k])\n", 2, false, 2},
    {crystal, "tensor moments contracted", RADIAL " let c[i in s.atom, k in n] = sum b in bond(i): R(k, d[b]) * "
     "b.d / a\n let q[i in s.atom, k in n] = sum b in bond(i): R(k, d[b]) * outer(b.d, b.d) / a^2\n gives p[i in "
     "s.atom, j in n, k in n] : scalar = dot(c[i, j], apply(q[i, k], c[i, j]))\n", 2, false, 2},
    {crystal, "density of channels by element", RADIAL " gives p[i in s.atom, y in species(H, C), z in species(H, "
     "C)] : scalar = dot(sum b in bond(i) where s.Z[b.j] == y: R(1, d[b]) * b.d / a, sum b in bond(i) where "
     "s.Z[b.j] == z: R(2, d[b]) * b.d / a)\n", 2, false, 2},
    {crystal, "density, normalised", RADIAL " let c[i in s.atom, k in n] = sum b in bond(i): R(k, d[b]) * b.d / "
     "a\n gives p[i in s.atom, j in n, k in n] : scalar = dot(c[i, j], c[i, k]) / sqrt(0.000001 + dot(c[i, j], "
     "c[i, j]) * dot(c[i, k], c[i, k]))\n", 2, false, 2},
    {crystal, "density, normalised where it may be zero", RADIAL " let c[i in s.atom, k in n] = sum b in bond(i): "
     "R(k, d[b]) * b.d / a\n gives p[i in s.atom, j in n, k in n] : scalar = dot(c[i, j], c[i, k]) / "
     "(norm(c[i, j]) * norm(c[i, k]))\n", -1, false, -1},
    {crystal, "network of symmetry functions", " let G[i in s.atom, k in 0..2] = sum b in bond(i): exp(-(d[b] / "
     "a - 2 * k)^2) * cutoff(d[b], rc, 3)\n let h(i, u, v) = tanh(u * G[i, 0] + v * G[i, 1] - 0.3 * G[i, 2] + "
     "0.1)\n gives E : scalar = sum i in s.atom: 0.7 * tanh(h(i, 0.5, -1.2) - 0.4 * h(i, 1.1, 0.2)) + 0.2 * h(i, "
     "0.3, 0.9)\n", 2, false, 2},
    {crystal, "network with a kinked activation", " let G[i in s.atom] = sum b in bond(i): cutoff(d[b], rc, 3)\n "
     "gives E : scalar = sum i in s.atom: max(0, 0.5 * G[i] - 0.2)\n", 0, false, 0},
};

#endif
