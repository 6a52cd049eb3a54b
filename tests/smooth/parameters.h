/* SPDX-License-Identifier: Apache-2.0
 *
 * parameters.h: rows as in cases.h with parameters, and with fields as exponents: what holds for every value of theirs.
 * Nothing is proved by a parameter's being nonzero; where an expression does not exist for some value, it has no order.
 */
#ifndef MTX_TESTS_SMOOTH_PARAMETERS_H
#define MTX_TESTS_SMOOTH_PARAMETERS_H

#include "cases.h"

#define TRAINED " param w, v : scalar\n set z = species(Mo, S)\n param A : z * z -> scalar\n param c : scalar^2\n"
#define WITH(body) TRAINED SUM(body)

static const row rows_of_parameters[] = {
    {crystal, "weight", WITH("w * (1 - x[b])^3"), 2, false, 2},
    {crystal, "weights by elements, channels", WITH("(A[s.Z[b.i], s.Z[b.j]] + c[0]) * cutoff(d[b], rc, 4)"), 3, false, 3},
    {crystal, "weights that cancel", WITH("(w - w) * (1 - x[b])"), INF, false, INF},
    {crystal, "what does not exist cancels not", WITH("(1 / w - 1 / w) * (1 - x[b])^3"), -1, false, -1},
    {crystal, "weights that cancel late", WITH("w * (1 - x[b]) - (1 - x[b]) * w"), 0, false, 0},
    {crystal, "over a weight", WITH("(1 - x[b])^3 / w"), -1, false, -1},
    {crystal, "times one over a weight", WITH("(1 - x[b])^3 * (1 / w)"), -1, false, -1},
    {crystal, "distance over a weight", WITH("(1 - x[b])^3 * exp(-x[b] / w)"), -1, false, -1},
    {crystal, "over a sum of squares", WITH("(1 - x[b])^3 / (w^2 + v^2)"), -1, false, -1},
    {crystal, "over a positive number", WITH("(1 - x[b])^3 / (w^2 + 1)"), 2, true, 2},
    {crystal, "root of a weight", WITH("(1 - x[b])^3 * sqrt(w)"), -1, false, -1},
    {crystal, "root of a square", WITH("(1 - x[b])^3 * sqrt(w^2)"), 2, false, 2},
    {crystal, "logarithm of a weight", WITH("(1 - x[b])^3 * log(w)"), -1, false, -1},
    {crystal, "logarithm of a positive number", WITH("(1 - x[b])^3 * log(exp(w))"), 2, false, 2},
    {crystal, "weight to a weight", WITH("(1 - x[b])^3 * w^v"), -1, false, -1},
    {crystal, "where the weight is positive", WITH("(1 - x[b])^3 * (if w > 0 then 1 / w else v)"), 2, false, 2},
    {crystal, "kink of a weight", WITH("(1 - x[b])^3 * abs(w) * floor(v)"), 2, false, 2},
    {crystal, "exponent", WITH("(1 - x[b])^w"), -1, false, -1},
    {crystal, "exponent, beside a power", WITH("(1 - x[b])^w * (1 - x[b])^3"), -1, false, -1},
    {crystal, "exponent with a least value", WITH("(1 - x[b])^(3 + w^2)"), 2, false, 2},
    {crystal, "exponent of a distance", WITH("x[b]^w * (1 - x[b])^3"), 2, true, 2},
    {crystal, "field as exponent, beside a power", SUM("(1 - x[b])^(s.q[b.i]) * (1 - x[b])^3"), -1, false, -1},
    {crystal, "field as exponent with a least value", SUM("(1 - x[b])^(3 + s.q[b.i]^2)"), 2, false, 2},
    {crystal, "decay", WITH("exp(-w * x[b]) * (1 - x[b])^3"), 2, true, 2},
    {crystal, "centre and width", WITH("exp(-v^2 * (x[b] - w)^2) * cutoff(d[b], rc, 3)"), 2, true, 2},
    {crystal, "radius in a condition", WITH("if x[b] < w then (w - x[b])^3 else 0"), -1, false, -1},
    {crystal, "radius in a condition, cut off", WITH("(if x[b] < w then (1 - x[b])^3 else 0) * (1 - x[b])^3"), -1, false, -1},
    {crystal, "radius of an envelope", WITH("cutoff(d[b], w * 1 Å, 3)"), -1, false, -1},
    {crystal, "the larger", WITH("max(w, x[b]) * (1 - x[b])^3"), 0, false, 0},
    {crystal, "hidden layer", TRAINED " let rho[i in s.atom] = sum b in bond(i): w * (1 - x[b])^3\n"
     " gives E : scalar = sum i in s.atom: v * tanh(rho[i] * c[0] + c[1])\n", 2, false, 2},
    {crystal, "root of a weighted density", TRAINED " let rho[i in s.atom] = sum b in bond(i): w^2 * (1 - x[b])^3\n"
     " gives E : scalar = sum i in s.atom: sqrt(rho[i])\n", 0, false, 0},
};

/* derivatives by parameters, written out */
static const row derivatives_by_parameters[] = {
    {crystal, "by a weight", TRAINED " let E = sum b in bond: w * (1 - x[b])^3\n gives g : scalar = grad(E, w)\n", 2, true, 2},
    {crystal, "by a decay", TRAINED " let E = sum b in bond: exp(-w * x[b]) * (1 - x[b])^3\n gives g : scalar = grad(E, w)\n", 2, true, 2},
    {crystal, "by elements", TRAINED " let E = sum b in bond: A[s.Z[b.i], s.Z[b.j]]^2 * (1 - x[b])^4\n"
     " gives g[p in z, q in z] : scalar = grad(E, A)[p, q]\n", 3, false, 3},
    {crystal, "by the frequency of a wave that a root ends",
     TRAINED " let E = sum b in bond: (1 - x[b])^3 * sin(w / (1 - x[b]))\n gives g : scalar = grad(E, w)\n", -1, false, -1},
    {crystal, "by an exponent", TRAINED " let E = sum b in bond: (1 - x[b])^(3 + w^2)\n gives g : scalar = grad(E, w)\n", 2, false, 2},
    {crystal, "squared force error", TRAINED " let E = sum b in bond: w * exp(-v * x[b]) * cutoff(d[b], rc, 5)\n"
     " let F = grad(E, s.r)\n let e = sum i in s.atom: norm2(F[i])\n gives g : scalar [1/Å^2] = grad(e, v)\n", 3, false, 3},
};

#endif
