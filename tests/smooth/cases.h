/* SPDX-License-Identifier: Apache-2.0
 *
 * cases.h: small transforms with the order of differentiability of their output. The order is the true one,
 * or, where the rules are known to be weaker, what they give. -1: jumps, INF: C-infinity; `exact`: the rules
 * know that it is no smoother; `positions`: the order with the cell held fixed.
 */
#ifndef MTX_TESTS_SMOOTH_CASES_H
#define MTX_TESTS_SMOOTH_CASES_H

#include "smooth.h"
#include "spec.h"

#define INF SMOOTH_INFINITE

/* lines of a transform of one crystal `s` with the set bond (within 5 Å); x = norm(b.d) / rc */
static const char head[] =
    "structure Crystal {\n set atom\n field r : atom -> point [Å]\n field Z : atom -> species\n"
    " field q : atom -> scalar\n field cell : lattice(xyz) [Å]\n}\n"
    "structure Molecule {\n set atom\n field r : atom -> point [Å]\n field Z : atom -> species\n field q : "
     "atom -> scalar\n}\n"
    "const rc = 5 Å\nconst a = 1 Å\nconst turn = acos(-1)\n";
static const char crystal[] =
    "transform t {\n takes s : Crystal\n set bond = pairs(s.atom) within rc\n let d[b in bond] = "
     "norm(b.d)\n let x[b in bond] = norm(b.d) / rc\n";
static const char molecule[] = "transform t {\n takes m : Molecule\n let d(i, j) = norm(m.r[i] - m.r[j])\n";

typedef struct row { const char *in, *name, *text; int order; bool exact; int positions; } row;
#define SUM(body) " gives E : scalar = sum b in bond: " body "\n"
#define SITE(body) " gives E : scalar = sum i in s.atom, {b, c} in bond(i): " body "\n"
#define ORDERED(body) " gives E : scalar = sum i in s.atom, (b, c) in bond(i): " body "\n"

static const row rows[] = {
    /* ---- one pair at its cutoff */
    {crystal, "hard cutoff", SUM("a / d[b]"), -1, true, -1},
    {crystal, "count of neighbours", SUM("1"), -1, true, -1},
    {crystal, "linear", SUM("1 - x[b]"), 0, true, 0},
    {crystal, "square", SUM("(1 - x[b])^2"), 1, true, 1},
    {crystal, "cube", SUM("(1 - x[b])^3"), 2, true, 2},
    {crystal, "cube of the difference", SUM("((rc - d[b]) / a)^3"), 2, true, 2},
    {crystal, "square of squares", SUM("(1 - x[b]^2)^4"), 3, true, 3},
    {crystal, "half power", SUM("(1 - x[b])^2.5"), 2, true, 2},
    {crystal, "square root", SUM("sqrt(1 - x[b])"), 0, true, 0},
    {crystal, "cosine cutoff", SUM("0.5 * (cos(turn * x[b]) + 1)"), 1, true, 1},
    {crystal, "cosine cutoff with digits of pi", SUM("0.5 * (cos(3.14159265358979 * x[b]) + 1)"), 1, true, 1},
    {crystal, "cosine of a wrong period", SUM("0.5 * (cos(3 * x[b]) + 1)"), -1, true, -1},
    {crystal, "cosine cutoff squared", SUM("(0.5 * (cos(turn * x[b]) + 1))^2"), 3, true, 3},
    {crystal, "tanh cubed", SUM("tanh(1 - x[b])^3"), 2, true, 2},
    {crystal, "sine", SUM("sin(turn * x[b])"), 0, true, 0},
    {crystal, "polynomial 1", SUM("cutoff(d[b], rc, 1)"), 0, true, 0},
    {crystal, "polynomial 2", SUM("cutoff(d[b], rc, 2)"), 1, true, 1},
    {crystal, "polynomial 3", SUM("cutoff(d[b], rc, 3)"), 2, true, 2},
    {crystal, "polynomial 5", SUM("cutoff(d[b], rc, 5)"), 4, true, 4},
    {crystal, "inner polynomial 3", SUM("cutoff(d[b], 3 Å, 3)"), 2, true, 2},
    {crystal, "outer polynomial 3", SUM("cutoff(d[b], 6 Å, 3)"), -1, true, -1},
    {crystal, "bump", SUM("exp(a / (d[b] - rc))"), INF, false, INF},
    {crystal, "bump in the square", SUM("exp(-1 / (1 - x[b]^2))"), INF, false, INF},
    {crystal, "bump over the distance to a power", SUM("(1 - x[b])^(-3) * exp(-1 / (1 - x[b]))"), INF,
     false, INF},
    {crystal, "bump of the wrong sign", SUM("exp(a / (rc - d[b]))"), -1, false, -1},
    {crystal, "exponential, cut hard", SUM("exp(-d[b] / a)"), -1, true, -1},
    {crystal, "Gaussian times cutoff", SUM("exp(-(d[b] / a)^2) * cutoff(d[b], rc, 3)"), 2, true, 2},
    {crystal, "pole times zero", SUM("(1 - x[b])^3 / (1 - x[b])"), 1, true, 1},
    {crystal, "shifted", SUM("(a / d[b])^6 - (a / rc)^6"), 0, true, 0},
    {crystal, "shifted force", SUM("(a / d[b])^6 - (a / rc)^6 + 6 * (a / rc)^6 * (x[b] - 1)"), 1, true, 1},
    {crystal, "logarithm times square", SUM("(1 - x[b])^2 * log(1 - x[b])"), 1, false, 1},
    {crystal, "components", " gives E : vector = sum b in bond: (1 - x[b])^3 * b.d / rc\n", 2, false, 2},
    {crystal, "direction", SUM("(1 - x[b])^3 * b.d.z / d[b]"), 2, false, 2},
    {crystal, "reverse pair", SUM("(1 - norm(b.rev.d) / rc)^3"), 2, true, 2},
    {crystal, "charges", SUM("s.q[b.i] * s.q[b.j] * cutoff(d[b], rc, 4)"), 3, false, 3},
    {crystal, "two terms, the worse one counts", SUM("(1 - x[b])^3 + (1 - x[b])^2"), 1, true, 1},
    {crystal, "erfc, cut hard", SUM("erfc(d[b] / a) * a / d[b]"), -1, true, -1},
    /* ---- Stillinger-Weber, without annotation */
    {crystal, "Stillinger-Weber pairs", SUM("7.05 * (0.602 / (d[b] / a)^4 - 1) * exp(1 / (d[b] / a - "
     "5))"), INF, false, INF},
    {crystal, "Stillinger-Weber triplets",
     " let tail(b) = exp(1.2 / (d[b] / a - 5))\n let cosine(b, c) = dot(b.d, c.d) / (norm(b.d) * norm(c.d))\n"
     SITE("21 * (cosine(b, c) + 1/3)^2 * tail(b) * tail(c)"), INF, false, INF},
    {crystal, "Stillinger-Weber triplets, one exponential", SITE("exp(1.2 * (a / (d[b] - rc) + a / (d[c] - "
     "rc)))"), INF, false, INF},
    /* ---- triplets */
    {crystal, "one factor too few", ORDERED("(1 - x[b])^3"), -1, true, -1},
    {crystal, "both factors", ORDERED("(1 - x[b])^3 * (1 - x[c])^2"), 1, true, 1},
    {crystal, "quotient that is rough in the corner", SITE("(1 - x[b])^3 * (1 - x[c])^3 / ((1 - x[b]) + (1 "
     "- x[c]))^5"), -1, false, -1},
    {crystal, "G5", SITE("(1 + dot(b.d, c.d) / (d[b] * d[c]))^4 * exp(-(d[b]^2 + d[c]^2) / a^2) * "
     "cutoff(d[b], rc, 3) * cutoff(d[c], rc, 3)"), 2, false, 2},
    {crystal, "G4", SITE("(1 + dot(b.d, c.d) / (d[b] * d[c]))^4 * exp(-norm(c.d - b.d)^2 / a^2) * "
     "cutoff(d[b], rc, 3) * cutoff(d[c], rc, 3) * cutoff(norm(c.d - b.d), rc, 3)"), 2, false, 2},
    {crystal, "angle", SITE("acos(dot(b.d, c.d) / (norm(b.d) * norm(c.d))) * cutoff(d[b], rc, 3) * "
     "cutoff(d[c], rc, 3)"), 0, false, 0},
    {crystal, "distance between neighbours", SITE("norm(c.d - b.d) / a * cutoff(d[b], rc, 3) * "
     "cutoff(d[c], rc, 3)"), 2, true, 2},
    {crystal, "sum of two displacements may vanish", SITE("norm(c.d + b.d) / a * cutoff(d[b], rc, 3) * "
     "cutoff(d[c], rc, 3)"), 0, false, 0},
    /* ---- through definitions, densities, messages */
    {crystal, "embedded density", " let rho[i in s.atom] = sum b in bond(i): cutoff(d[b], rc, 3)\n gives E "
     ": scalar = sum i in s.atom: sqrt(1 + rho[i])\n", 2, true, 2},
    {crystal, "root of a density that may be zero", " let rho[i in s.atom] = sum b in bond(i): "
     "cutoff(d[b], rc, 3)\n gives E : scalar = sum i in s.atom: sqrt(rho[i])\n", 1, true, 1},
    {crystal, "root of a linear density", " let rho[i in s.atom] = sum b in bond(i): 1 - x[b]\n gives E : "
     "scalar = sum i in s.atom: sqrt(rho[i])\n", 0, false, 0},
    {crystal, "root of a scaled cosine density", " let rho[i in s.atom] = sum b in bond(i): 0.5 * (cos(turn * "
     "x[b]) + 1) * exp(-x[b]) * protons(s.Z[b.j])\n gives E : scalar = sum i in s.atom: -sqrt(3 * rho[i])^3\n",
     1, false, 1},
    {crystal, "root of two densities", " let u[i in s.atom] = sum b in bond(i): (1 - x[b])^5\n let v[i in "
     "s.atom] = sum b in bond(i): (1 - x[b])^3\n gives E : scalar = sum i in s.atom: sqrt(u[i] + v[i])\n", 1,
     false, 1},
    {crystal, "root of a bump density", " let rho[i in s.atom] = sum b in bond(i): exp(1 / (x[b] - 1))\n gives E "
     ": scalar = sum i in s.atom: sqrt(rho[i])\n", INF, false, INF},
    {crystal, "root of a density of either sign", " let rho[i in s.atom] = sum b in bond(i): (x[b] - 0.5) * "
     "(1 - x[b])^3\n gives E : scalar = sum i in s.atom: sqrt(rho[i]^2)\n", 0, false, 0},
    {crystal, "root of a density with a hole inside", " let rho[i in s.atom] = sum b in bond(i): if d[b] < 4 Å "
     "then (1 - d[b] / (4 Å))^3 else 0\n gives E : scalar = sum i in s.atom: sqrt(rho[i])\n", 1, false, 1},
    {crystal, "root of a density of shells", " let rho[i in s.atom] = sum b in bond(i): if d[b] <= 3 Å then 0 else if "
     "d[b] < 4 Å then (d[b] / a - 3)^2 * (4 - d[b] / a)^3 else 0\n gives E : scalar = sum i in s.atom: "
     "sqrt(rho[i])\n", 0, false, 0},
    {crystal, "power of a density that ends by a sine, to rounding", " let rho[i in s.atom] = sum b in bond(i): if d[b] < "
     "1.95 Å - 0.15 Å then 1 else if d[b] < 1.95 Å + 0.15 Å then 0.5 - 0.5 * sin(turn / 2 * (d[b] - 1.95 Å) / (0.15 Å)) "
     "else 0\n gives E : scalar = sum i in s.atom: rho[i]^0.7\n", 1, false, 1},
    {crystal, "power of a density of shells", " let rho[i in s.atom] = sum b in bond(i): if d[b] <= 3 Å then 0 else "
     "if d[b] < 4 Å then (d[b] / a - 3)^2 * (4 - d[b] / a)^3 else 0\n gives E : scalar = sum i in s.atom: "
     "rho[i]^0.8\n", 1, false, 1},
    {crystal, "root of a density that ends elsewhere for each element", " let rho[i in s.atom] = sum b in bond(i): if "
     "s.Z[b.j] == H then (1 - x[b])^3 else if d[b] < 4 Å then (1 - d[b] / (4 Å))^5 else 0\n gives E : scalar = sum "
     "i in s.atom: sqrt(rho[i])\n", 1, false, 1},
    {crystal, "root of a density among some", " let rho[i in s.atom] = sum b in bond(i) where d[b] < 4 Å: exp(-x[b]) "
     "* (1 - d[b] / (4 Å))^5\n gives E : scalar = sum i in s.atom: sqrt(rho[i])\n", 2, false, 2},
    {crystal, "root of a density with a node inside", " let rho[i in s.atom] = sum b in bond(i): if d[b] < 4 Å then "
     "(1 - d[b] / (4 Å))^5 * (d[b] / a - 3)^2 else 0\n gives E : scalar = sum i in s.atom: sqrt(rho[i])\n", 0, false,
     0},
    {crystal, "root of a density of charges that ends inside", " let rho[i in s.atom] = sum b in bond(i): if d[b] < 4 Å "
     "then s.q[b.j]^2 * (1 - d[b] / (4 Å))^5 else 0\n gives E : scalar = sum i in s.atom: sqrt(rho[i])\n", 0, false,
     0},
    {crystal, "roots of sums of what a condition ends and what it leaves",
     " let n[i in s.atom] = sum b in bond(i): (1 - x[b])^6\n let Y[i in s.atom] = sum b in bond(i) where s.Z[b.j] == "
     "H: (1 - x[b])^4\n let f[i in s.atom] = if n[i] < 0.5 then (sum b in bond(i): (0.5 - n[i])^2 * (1 - x[b])^4) + "
     "Y[i] else Y[i]\n gives E : scalar = sum i in s.atom: sqrt(f[i])\n", 0, false, 0},
    {crystal, "roots of sums of what two conditions end alike",
     " let n[i in s.atom] = sum b in bond(i): (1 - x[b])^6\n let Y[i in s.atom] = sum b in bond(i) where s.Z[b.j] == "
     "H: (1 - x[b])^4\n let f[i in s.atom] = if n[i] < 0.5 then (sum b in bond(i): (0.5 - n[i])^4 * (1 - x[b])^4) + "
     "Y[i] else Y[i]\n gives E : scalar = sum i in s.atom: sqrt(f[i])\n", 1, false, 1},
    {crystal, "roots of what ends inside", SUM("sqrt(if d[b] < 4 Å then (1 - d[b] / (4 Å))^3 else 0)"), 1, false, 1},
    {crystal, "roots of what ends at its boundary", SUM("sqrt(if d[b] <= 4 Å then (1 - d[b] / (4 Å))^3 else 0) * (1 - x[b])^3"), 1,
     false, 1},
    {crystal, "a root that ends inside", SUM("if d[b] <= 4 Å then (1 - d[b] / (4 Å))^3.5 * sqrt(1 - d[b] / (4 Å)) else 0"), 3,
     false, 3},
    {crystal, "root of a node at a boundary", SUM("sqrt(if d[b] <= 4 Å then (4 - d[b] / a)^3 else (d[b] / a - 4)^3) * (1 - x[b])^3"), 1,
     false, 1},
    {crystal, "divided by a node at a boundary", SUM("(1 - x[b])^3 / (if d[b] <= 4 Å then (4 - d[b] / a)^3 else (d[b] / a - 4)^3)"),
     -1, false, -1},
    {crystal, "logarithm of a node at a boundary", SUM("(1 - x[b])^3 * log(if d[b] < 4 Å then 4 - d[b] / a else d[b] / a - 4)"),
     -1, false, -1},
    {crystal, "cube roots of what ends inside", SUM("(if d[b] < 4 Å then (1 - d[b] / (4 Å))^3 else 0)^(1/3)"), 0, false,
     0},
    {crystal, "root of a density times a charge", " let rho[i in s.atom] = sum b in bond(i): s.q[b.j]^2 * "
     "(1 - x[b])^3\n gives E : scalar = sum i in s.atom: sqrt(rho[i])\n", 0, false, 0},
    {crystal, "root of an angular density", " let rho[i in s.atom] = sum {b, c} in bond(i): (1.5 + dot(b.d, "
     "c.d) / (norm(b.d) * norm(c.d))) * (1 - x[b])^4 * (1 - x[c])^4\n gives E : scalar = sum i in s.atom: "
     "sqrt(rho[i])\n", 1, false, 1},
    {crystal, "root of a density seen from a neighbour", " let rho[i in s.atom] = sum b in bond(i): (1 - "
     "x[b])^4\n gives E : scalar = sum b in bond: sqrt(rho[b.i]) * (1 - x[b])^3\n", 2, false, 2},
    {crystal, "inverse of a density seen from a neighbour", " let rho[i in s.atom] = sum b in bond(i): exp(1 / "
     "(x[b] - 1))\n gives E : scalar = sum b in bond: exp(1 / (x[b] - 1)) / rho[b.i]^2\n", -1, false, -1},
    {crystal, "norm that vanishes in a corner", SUM("(1 - x[b])^4 * norm([(1 - x[b])^2, b.d.y / a, 0])"), 0,
     false, 0},
    {crystal, "root that vanishes in a corner", SUM("(1 - x[b])^4 * sqrt((1 - x[b])^4 + (b.d.y / a)^2)"), 0,
     false, 0},
    {crystal, "norm with a constant part", SUM("(1 - x[b])^4 * norm([b.d.x / a, b.d.y / a, 1])"), 3, true, 3},
    {crystal, "difference from the limit of a bump", " let rho[i in s.atom] = sum b in bond(i): 1 - exp(1 / "
     "(x[b] - 1))\n gives E : scalar = sum i in s.atom: rho[i]\n", -1, true, -1},
    {crystal, "message passing", " let v[i in s.atom] = sum b in bond(i): cutoff(d[b], rc, 4)\n gives E : "
     "scalar = sum b in bond: v[b.j] * tanh(v[b.i]) * cutoff(d[b], rc, 3)\n", 2, false, 2},
    {crystal, "message passing, cut hard", " let v[i in s.atom] = sum b in bond(i): cutoff(d[b], rc, 4)\n "
     "gives E : scalar = sum b in bond: v[b.j]\n", -1, false, -1},
    {crystal, "per pair", " gives e[b in bond] : scalar = exp(1 / (x[b] - 1))\n", INF, false, INF},
    {crystal, "distance of a pair", " gives e[b in bond] : scalar [Å] = norm(b.d)\n", INF, false, INF},
    /* ---- other reductions */
    {crystal, "mean over a row", " gives E : scalar = sum i in s.atom: (mean b in bond(i): (1 - "
     "x[b])^3)\n", -1, true, -1},
    {crystal, "mean over atoms", " gives E : scalar = mean i in s.atom: (sum b in bond(i): (1 - "
     "x[b])^3)\n", 2, true, 2},
    {crystal, "largest", " gives E : scalar = sum i in s.atom: (max b in bond(i): (1 - x[b])^3)\n", -1,
     false, -1},
    {crystal, "product", " gives E : scalar = sum i in s.atom: (prod b in bond(i): 1 - (1 - x[b])^3)\n", 2,
     true, 2},
    {crystal, "product with charges", " gives E : scalar = sum i in s.atom: (prod b in bond(i): 1 - "
     "s.q[b.j] * (1 - x[b])^3)\n", 2, false, 2},
    {crystal, "filter by element", " gives E : scalar = sum b in bond where s.Z[b.j] == s.Z[b.i]: (1 - "
     "x[b])^3\n", 2, true, 2},
    {crystal, "filter by distance", " gives E : scalar = sum b in bond where d[b] < 3 Å: (1 - d[b] / (3 "
     "Å))^3\n", 2, true, 2},
    {crystal, "filter by distance, cut hard", " gives E : scalar = sum b in bond where d[b] < 3 Å: (1 - "
     "x[b])^3\n", -1, true, -1},
    {crystal, "count", " gives E : scalar = sum i in s.atom: count(bond(i))\n", -1, true, -1},
    {crystal, "one fixed species channel", " gives E[z in species(H, C)] : scalar = sum b in bond where "
     "s.Z[b.j] == z: (1 - x[b])^4\n", 3, true, 3},
    /* ---- powers that vary, and what is not zero off the edges but not bounded from below at them */
    {crystal, "power that moves", SUM("(1 - x[b])^(1 + x[b])"), 1, false, 1},
    {crystal, "one over a power that moves", SUM("(1 - x[b])^2 / (1 - x[b])^(4 * x[b])"), -1, false, -1},
    {crystal, "negative power that moves", SUM("(1 - x[b])^2 * (1 - x[b])^(x[b] - 4)"), -1, false, -1},
    {crystal, "power by the element", SUM("(1 - x[b])^(2 + protons(s.Z[b.i]))"), 2, false, 2},
    {crystal, "one over a power by the element", SUM("(1 - x[b])^2 / (1 - x[b])^protons(s.Z[b.i])"), -1, false, -1},
    {crystal, "power to zero", SUM("(1 - x[b])^2 * (1 - x[b])^(1 - x[b])"), 1, false, 1},
    {crystal, "power of what is flat", SUM("(1 - x[b])^3 + exp(-1 / (1 - x[b]))^(1 - x[b])"), -1, false, -1},
    {crystal, "over a length that vanishes in a corner", SUM("(1 - x[b])^2 / norm2([1 - x[b], b.d.x / rc, 0])"), -1,
     false, -1},
    {crystal, "over the square of either sign", SUM("(1 - x[b])^2 / ((1 - x[b] + (b.d.x / rc)^2) * (if s.Z[b.i] == Si "
     "then 1 else -1))^2"), -1, false, -1},
    {crystal, "over the size of either sign", SUM("(1 - x[b]) / abs((1 - x[b] + (b.d.x / rc)^2) * (if s.Z[b.i] == Si "
     "then 1 else -1))"), -1, false, -1},
    {crystal, "nothing times what is no number", SUM("(d[b] - d[b]) / a * sqrt(b.d.x / rc)"), -1, false, -1},
    {crystal, "a function of nothing over what may be zero", " let rho[i in s.atom] = sum b in bond(i): (1 - x[b])^3\n gives E "
     ": scalar = sum i in s.atom: cos((rho[i] - rho[i]) / (rho[i] - 0.1))^2\n", -1, false, -1},
    /* ---- powers that are listed, counts */
    {crystal, "share of an atom", " gives E : scalar = (sum b in bond: (1 - x[b])^3) / count(s.atom)\n", 2,
     true, 2},
    {crystal, "listed powers", " let p = [1, 2, 4]\n gives E[k in each(p)] : scalar = sum b in bond: (1 - "
     "x[b])^3 * (b.d.x / a)^p[k] * 2^(1 - p[k])\n", 2, false, 2},
    {crystal, "powers of a range", " gives E[k in 0..4] : scalar = sum b in bond: (1 - x[b])^3 * (b.d.x / "
     "a)^k\n", 2, false, 2},
    {crystal, "least of listed powers", " let p = [4, 2, 3]\n gives E[k in each(p)] : scalar = sum b in bond: "
     "(1 - x[b])^p[k]\n", 1, false, 1},
    {crystal, "negative listed power", " gives E[k in 0..2] : scalar = sum b in bond: (1 - x[b])^3 * (b.d.x / "
     "a)^(k - 1)\n", -1, false, -1},
    {crystal, "listed half power", " let p = [1, 2.5]\n gives E[k in each(p)] : scalar = sum b in bond: (1 - "
     "x[b])^3 * (b.d.x / a)^p[k]\n", -1, false, -1},
    {crystal, "share of a spot", " gives E : scalar = (sum b in bond: (1 - x[b])^3) / count(bond)\n", -1,
     false, -1},
    /* ---- periodic distances */
    {crystal, "sine matrix", " let apart(i, j) = norm(sum k in s.axis: sin(turn * frac(s.r[i] - s.r[j], "
     "s.cell)[k])^2 * s.cell[k])\n gives C[i in s.atom, j in s.atom] : scalar = if i == j then 0.5 else 1 Å / "
     "apart(i, j)\n", INF, false, INF},
    {crystal, "sine matrix with a missing condition", " let apart(i, j) = norm(sum k in s.axis: sin(turn * "
     "frac(s.r[i] - s.r[j], s.cell)[k])^2 * s.cell[k])\n gives C[i in s.atom, j in s.atom] : scalar = 1 Å / "
     "apart(i, j)\n", -1, false, -1},
    {crystal, "squares that vanish half way", " let apart(i, j) = norm(sum k in s.axis: sin(2 * turn * "
     "frac(s.r[i] - s.r[j], s.cell)[k])^2 * s.cell[k])\n gives C[i in s.atom, j in s.atom] : scalar = if i == j "
     "then 0.5 else 1 Å / apart(i, j)\n", -1, false, -1},
    {crystal, "plain sines may cancel", " let apart(i, j) = norm(sum k in s.axis: sin(turn * "
     "frac(s.r[i] - s.r[j], s.cell)[k]) * s.cell[k])\n gives C[i in s.atom, j in s.atom] : scalar = if i == j "
     "then 0.5 else 1 Å / apart(i, j)\n", -1, false, -1},
    {crystal, "periodic square", " gives C : scalar = sum i in s.atom, j in s.atom where i != j: log(sum k in "
     "s.axis: sin(turn * frac(s.r[i] - s.r[j], s.cell)[k])^2)\n", INF, false, INF},
    /* ---- sums over listed elements */
    {crystal, "reach per element", " let reach = [3 Å, 5 Å]\n gives E : scalar = sum b in bond, z in species(H, C) "
     "where s.Z[b.j] == z: if d[b] < reach[z] then (1 - d[b] / reach[z])^3 else 0\n", 2, false, 2},
    {crystal, "reach of one element beyond the cutoff", " let reach = [3 Å, 6 Å]\n gives E : scalar = sum b in bond, z in "
     "species(H, C) where s.Z[b.j] == z: if d[b] < reach[z] then (1 - d[b] / reach[z])^3 else 0\n", -1, false, -1},
    {crystal, "reach per pair of elements", " let reach = [[3 Å, 4 Å], [4 Å, 5 Å]]\n let power = [[1, 2], [2, 3]]\n gives E : "
     "scalar = sum b in bond, y in species(H, C), z in species(H, C) where s.Z[b.i] == y and s.Z[b.j] == z: if d[b] < "
     "reach[y][z] then (reach[y][z] - d[b])^3 / 1 [Å^3] * power[y][z] else 0\n", 2, false, 2},
    {crystal, "shifted by a number per element", " let k = [1 [1/Å], 2 [1/Å]]\n gives E : scalar = sum b in bond, z in "
     "species(H, C) where s.Z[b.j] == z: exp(-k[z] * d[b]) - exp(-k[z] * rc)\n", 0, false, 0},
    {crystal, "reach looked up by element", " let list = [3 Å, 5 Å]\n let reach[z in species(H, C)] = list[z]\n gives E : "
     "scalar = sum b in bond: if d[b] < reach[s.Z[b.j]] then (1 - d[b] / reach[s.Z[b.j]])^3 else 0\n", 2, true, 2},
    {crystal, "one that is looked up lies beyond the cutoff", " let list = [3 Å, 6 Å]\n let reach[z in species(H, C)] = list[z]\n "
     "gives E : scalar = sum b in bond: if d[b] < reach[s.Z[b.j]] then (1 - d[b] / reach[s.Z[b.j]])^3 else 0\n", -1, false, -1},
    {crystal, "looked up inside a further sum", " let list = [3 Å, 6 Å]\n let reach[z in species(H, C)] = list[z]\n "
     "gives E : scalar = sum b in bond: (1 - x[b])^3 * (sum c in bond(b.i): if d[c] < reach[s.Z[c.j]] then 1 - d[c] / "
     "reach[s.Z[c.j]] else 0)\n", -1, false, -1},
    {crystal, "shifted by a number looked up", " let list = [1 [1/Å], 2 [1/Å]]\n let k[z in species(H, C)] = list[z]\n gives E : "
     "scalar = sum b in bond: exp(-k[s.Z[b.i]] * d[b]) - exp(-k[s.Z[b.i]] * rc)\n", 0, true, 0},
    {crystal, "shifted by another's number", " let list = [1 [1/Å], 2 [1/Å]]\n let k[z in species(H, C)] = list[z]\n gives E : "
     "scalar = sum b in bond: exp(-k[s.Z[b.i]] * d[b]) - exp(-k[s.Z[b.j]] * rc)\n", -1, false, -1},
    {crystal, "two different elements", " let reach = [3 Å, 5 Å]\n gives E : scalar = sum b in bond, (y, z) in species(H, C) "
     "where s.Z[b.j] == z: (1 - x[b])^2 * (reach[y] / reach[z])\n", 1, true, 1},
    /* ---- conditions */
    {crystal, "piecewise cosine", SUM("if d[b] < 4 Å then 0.5 * (cos(turn * d[b] / (4 Å)) + 1) else 0"), 1,
     true, 1},
    {crystal, "piecewise cubic", SUM("if d[b] >= 4 Å then 0 else (1 - d[b] / (4 Å))^3"), 2, true, 2},
    {crystal, "piecewise by the reduced distance", SUM("if x[b] < 0.5 then (1 - 2 * x[b])^3 else 0"), 2,
     true, 2},
    {crystal, "piecewise by the square", SUM("if d[b]^2 < (4 Å)^2 then (1 - d[b] / (4 Å))^3 else 0"), 2,
     true, 2},
    {crystal, "Tersoff cutoff", SUM("if d[b] < 3 Å then 1 else if d[b] < 4 Å then 0.5 * (1 + cos(turn * "
     "(d[b] - 3 Å) / a)) else 0"), 1, false, 1},
    {crystal, "Tersoff cutoff, not reaching zero", SUM("if d[b] < 3 Å then 1 else 0.5 * (1 + cos(turn * "
     "(d[b] - 3 Å) / a))"), -1, true, -1},
    {crystal, "Stillinger-Weber inside a wider set", SUM("if d[b] < 4 Å then exp(a / (d[b] - 4 Å)) else "
     "0"), INF, false, INF},
    {crystal, "sides that meet", SUM("(if d[b] < 3 Å then d[b] / a else 3 + (d[b] - 3 Å) / a) * "
     "cutoff(d[b], rc, 5)"), 4, true, 4},
    {crystal, "sides that meet with a kink", SUM("(if d[b] < 3 Å then d[b] / a else 3) * cutoff(d[b], rc, "
     "5)"), 0, true, 0},
    {crystal, "sides that share a term", SUM("s.q[b.i] * (if d[b] < 3 Å then s.q[b.j] + (3 - d[b] / a)^3 "
     "else s.q[b.j]) * cutoff(d[b], rc, 5)"), 2, false, 2},
    {crystal, "sides that share a term which jumps",
     " let step[b in bond] = if d[b] < 3 Å then 0 else 1\n" SUM("(if d[b] < 3 Å then step[b] + (3 - d[b] / "
     "a)^3 else step[b]) * cutoff(d[b], rc, 5)"), -1, true, -1},
    {crystal, "never reached", SUM("if d[b] < 6 Å then (1 - x[b])^3 else 1"), 2, true, 2},
    {crystal, "and", SUM("if d[b] > 2 Å and d[b] < 4 Å then (1 - d[b] / (4 Å))^3 * (d[b] / (2 Å) - 1)^2 "
     "else 0"), 1, false, 1},
    {crystal, "larger of zero, cubed", SUM("max(0, 1 - d[b] / (4 Å))^3"), 2, false, 2},
    {crystal, "smaller of one", SUM("min(1, 2 * x[b]) * (1 - x[b])^3"), 0, false, 0},
    {crystal, "absolute value", SUM("abs(x[b] - 0.5) * (1 - x[b])^3"), 0, false, 0},
    {crystal, "absolute value of something positive", SUM("abs(1 - x[b])^3"), 2, true, 2},
    {crystal, "sign", SUM("sign(x[b] - 0.5) * (1 - x[b])^3"), -1, false, -1},
    {crystal, "floor", SUM("floor(3 * x[b]) * (1 - x[b])^3"), -1, false, -1},
    {crystal, "floor of something below one", SUM("floor(x[b]) + (1 - x[b])^3"), 2, true, 2},
    {crystal, "atan2", SUM("atan2(b.d.y, b.d.x) * (1 - x[b])^3"), -1, false, -1},
    /* ---- cells and cutoffs that move */
    {crystal, "volume", " gives E : scalar = volume(s) / (1 [Å^3])\n", INF, false, INF},
    {crystal, "volume shift", SUM("(a / d[b])^6 - (a / rc)^6 * a^3 / volume(s)"), -1, false, -1},
    {crystal, "cutoff that follows the volume",
     " set near = pairs(s.atom) within volume(s)^(1/3)\n gives E : scalar = sum b in near: (1 - norm(b.d) "
     "/ volume(s)^(1/3))^3\n", 2, true, 2},
    {crystal, "cutoff that follows the volume, difference",
     " let R = volume(s)^(1/3)\n set near = pairs(s.atom) within R\n gives E : scalar = sum b in near: (R "
     "- norm(b.d))^2 / R^2\n", 1, true, 1},
    {crystal, "cutoff that follows the volume, bump",
     " let R = volume(s)^(1/3)\n set near = pairs(s.atom) within R\n gives E : scalar = sum b in near: "
     "exp(1 / (norm(b.d) / R - 1))\n", INF, false, INF},
    {crystal, "reciprocal sum, cut hard",
     " set g = reciprocal(s) within 3 [1/Å]\n gives E : scalar = sum k in g: exp(-(norm(k.k) * a)^2) * "
     "(sum i in s.atom, j in s.atom: cos(phase(k, s.r[i] - s.r[j])))\n", -1, false, INF},
    {crystal, "reciprocal sum with cutoff",
     " set g = reciprocal(s) within 3 [1/Å]\n gives E : scalar = sum k in g: cutoff(norm(k.k), 3 [1/Å], "
     "3)\n", 2, true, INF},
    {crystal, "closest image", " gives E : scalar = sum i in s.atom, j in s.atom: norm(nearest(s.r[i], "
     "s.r[j], s.cell))^2 / (1 [Å^2])\n", -1, false, -1},
    {crystal, "Niggli vector", " gives v : vector [Å] = niggli(s.cell)[0]\n", -1, true, INF},
    {crystal, "opposite pairs cancel", " gives v : vector = sum b in bond: b.d / a\n", -1, false, -1},
    {crystal, "weights of either sign", " gives E : scalar = sum i in s.atom: s.q[i] * (sum b in bond(i): "
     "(1 - x[b])^2)\n", 1, false, 1},
    {crystal, "smoother terms beside", " gives E : scalar = exp(2 * (sum b in bond: (1 - x[b])^2) + (sum b "
     "in bond: (1 - x[b])^4))\n", 1, true, 1},
    {crystal, "terms that may cancel", " gives E : scalar = (sum b in bond: (1 - x[b])^2) - (sum i in "
     "s.atom, b in bond(i): (1 - x[b])^2)\n", 1, false, 1},
    {crystal, "Niggli cell", " gives E : scalar = norm(niggli(s.cell)[0]) / a\n", -1, false, INF},
    /* ---- molecules, matrices */
    {molecule, "Coulomb matrix", " gives C[i in m.atom, j in m.atom] : scalar = if i == j then 0.5 * "
     "protons(m.Z[i])^2.4 else protons(m.Z[i]) * protons(m.Z[j]) * 1 bohr / norm(m.r[i] - m.r[j])\n", INF,
     false, INF},
    {molecule, "Coulomb matrix with a missing condition", " gives C[i in m.atom, j in m.atom] : scalar = 1 "
     "bohr / norm(m.r[i] - m.r[j])\n", -1, false, -1},
    {molecule, "distinct by binder", " gives E : scalar = sum {i, j} in m.atom: 1 Å / norm(m.r[i] - "
     "m.r[j])\n", INF, false, INF},
    {molecule, "distinct by where", " gives E : scalar = sum i in m.atom, j in m.atom where i != j: 1 Å / "
     "norm(m.r[i] - m.r[j])\n", INF, false, INF},
    {molecule, "spectrum", " let C[i in m.atom, j in m.atom] = if i == j then 1 else 1 bohr / norm(m.r[i] "
     "- m.r[j])\n gives x : rank(m.atom) -> scalar = eigvals(C)\n", 0, false, 0},
    {molecule, "sorted by norm", " let C[i in m.atom, j in m.atom] = if i == j then 1 else 1 bohr / "
     "norm(m.r[i] - m.r[j])\n gives x : rank(m.atom) * rank(m.atom) -> scalar = sortrows(C)\n", -1, true, -1},
    {molecule, "sorted charges", " gives x : rank(m.atom) -> scalar = sort(m.q)\n", INF, false, INF},
    {molecule, "norm of a difference that may vanish", " gives E : scalar = sum i in m.atom, j in m.atom: "
     "norm(m.r[i] - m.r[j]) / a\n", 0, false, 0},
    {molecule, "its square", " gives E : scalar = sum i in m.atom, j in m.atom: norm(m.r[i] - m.r[j])^2 / "
     "a^2\n", INF, false, INF},
    {molecule, "its fifth power", " gives E : scalar = sum i in m.atom, j in m.atom: (norm(m.r[i] - "
     "m.r[j]) / a)^5\n", 4, false, 4},
    {molecule, "dot with itself", " gives E : scalar = sum i in m.atom, j in m.atom: dot(m.r[i] - m.r[j], "
     "m.r[i] - m.r[j]) / a^2\n", INF, false, INF},
    {molecule, "largest distance", " gives E : scalar = max i in m.atom, j in m.atom: norm(m.r[i] - "
     "m.r[j])^2 / a^2\n", 0, false, 0},
    {molecule, "soft distance", " gives E : scalar = sum i in m.atom, j in m.atom: sqrt(1 + norm(m.r[i] - "
     "m.r[j])^2 / a^2)\n", INF, false, INF},
    {molecule, "chosen by a charge", " gives E : scalar = sum {i, j} in m.atom: if m.q[i] > 0 then "
     "log(m.q[i]) * a / norm(m.r[i] - m.r[j]) else 0\n", INF, false, INF},
};

static inline bool row_open(spec *s, const row *r)
{
    char words[4096];
    snprintf(words, sizeof words, "%s%s%s}\n", head, r->in, r->text);
    return spec_open(s, r->name, words);
}

#endif
