/* SPDX-License-Identifier: Apache-2.0
 *
 * kernel_niggli.c: Niggli reduction of a cell, for compiled kernels. In: three lattice vectors. Out: those of
 * the reduced cell, made from them by an integer matrix of determinant 1. The steps are those of I. Krivy and
 * B. Gruber, Acta Cryst. A32, 297 (1976), with the tolerance of R. W. Grosse-Kunstleve et al., Acta Cryst.
 * A60, 1 (2004).
 */
#include "rt.h"

#include <math.h>
#include <string.h>

#define NIGGLI_STEPS     10000 /* hundreds for the worst cells; a bound all the same */
#define NIGGLI_TOLERANCE 1e-6  /* of squared lengths, relative to volume^(2/3) */

typedef struct niggli {
    double v[3][3];
    double a, b, c, xi, eta, zeta, eps;
} niggli;

static double product(const double *x, const double *y)
{
    return x[0] * y[0] + x[1] * y[1] + x[2] * y[2];
}

static void measure(niggli *g)
{
    g->a = product(g->v[0], g->v[0]);
    g->b = product(g->v[1], g->v[1]);
    g->c = product(g->v[2], g->v[2]);
    g->xi = 2 * product(g->v[1], g->v[2]);
    g->eta = 2 * product(g->v[0], g->v[2]);
    g->zeta = 2 * product(g->v[0], g->v[1]);
}

static bool less(const niggli *g, double x, double y)
{
    return x < y - g->eps;
}
static bool equal(const niggli *g, double x, double y)
{
    return !less(g, x, y) && !less(g, y, x);
}

/* exchange two vectors and turn all three round, which keeps the determinant */
static void exchange(niggli *g, int i, int k)
{
    double keep[3];
    memcpy(keep, g->v[i], sizeof keep);
    memcpy(g->v[i], g->v[k], sizeof keep);
    memcpy(g->v[k], keep, sizeof keep);
    for (int n = 0; n < 9; n++) g->v[n / 3][n % 3] = -g->v[n / 3][n % 3];
    measure(g);
}

static void add_to(niggli *g, int to, int from, double factor)
{
    for (int x = 0; x < 3; x++) g->v[to][x] += factor * g->v[from][x];
}

/* steps 3 and 4: all three angles acute, or none */
static void make_signs(niggli *g)
{
    const double angle[3] = {g->xi, g->eta, g->zeta};
    double sign[3] = {1, 1, 1};
    int negative = 0, zero = 0, free_one = -1;
    for (int k = 0; k < 3; k++) {
        negative += less(g, angle[k], 0);
        zero += equal(g, angle[k], 0);
    }
    bool acute = zero == 0 && negative % 2 == 0;
    for (int k = 0; k < 3; k++) {
        if (acute ? less(g, angle[k], 0) : less(g, 0, angle[k]))
            sign[k] = -1;
        else if (!acute && equal(g, angle[k], 0))
            free_one = k;
    }
    if (sign[0] * sign[1] * sign[2] < 0 && free_one >= 0) sign[free_one] = -1;
    for (int n = 0; n < 9; n++) g->v[n / 3][n % 3] *= sign[n / 3];
    measure(g);
}

/* steps 5 to 8; true when one changed the cell */
static bool shorten(niggli *g)
{
    if (less(g, g->b, fabs(g->xi)) || (equal(g, g->xi, g->b) && less(g, 2 * g->eta, g->zeta)) ||
        (equal(g, g->xi, -g->b) && less(g, g->zeta, 0)))
        add_to(g, 2, 1, g->xi < 0 ? 1 : -1);
    else if (less(g, g->a, fabs(g->eta)) || (equal(g, g->eta, g->a) && less(g, 2 * g->xi, g->zeta)) ||
             (equal(g, g->eta, -g->a) && less(g, g->zeta, 0)))
        add_to(g, 2, 0, g->eta < 0 ? 1 : -1);
    else if (less(g, g->a, fabs(g->zeta)) || (equal(g, g->zeta, g->a) && less(g, 2 * g->xi, g->eta)) ||
             (equal(g, g->zeta, -g->a) && less(g, g->eta, 0)))
        add_to(g, 1, 0, g->zeta < 0 ? 1 : -1);
    else {
        double sum = g->xi + g->eta + g->zeta + g->a + g->b;
        if (!less(g, sum, 0) && !(equal(g, sum, 0) && less(g, 0, 2 * (g->a + g->eta) + g->zeta)))
            return false;
        add_to(g, 2, 0, 1);
        add_to(g, 2, 1, 1);
    }
    measure(g);
    return true;
}

void mtx_rt_niggli(const double *cell, double *out)
{
    niggli g;
    memcpy(g.v, cell, sizeof g.v);
    measure(&g);
    double volume = fabs(g.v[0][0] * (g.v[1][1] * g.v[2][2] - g.v[1][2] * g.v[2][1]) +
                         g.v[0][1] * (g.v[1][2] * g.v[2][0] - g.v[1][0] * g.v[2][2]) +
                         g.v[0][2] * (g.v[1][0] * g.v[2][1] - g.v[1][1] * g.v[2][0]));
    g.eps = NIGGLI_TOLERANCE * cbrt(volume) * cbrt(volume);
    bool again = volume > 0 && isfinite(volume);
    for (int step = 0; again && step < NIGGLI_STEPS; step++) {
        if (less(&g, g.b, g.a) || (equal(&g, g.a, g.b) && less(&g, fabs(g.eta), fabs(g.xi))))
            exchange(&g, 0, 1);
        if (less(&g, g.c, g.b) || (equal(&g, g.b, g.c) && less(&g, fabs(g.zeta), fabs(g.eta)))) {
            exchange(&g, 1, 2);
            continue;
        }
        make_signs(&g);
        again = shorten(&g);
    }
    memcpy(out, g.v, sizeof g.v);
}
