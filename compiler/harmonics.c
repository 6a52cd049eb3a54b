/* SPDX-License-Identifier: Apache-2.0
 *
 * harmonics.c: values of real solid harmonics by recurrence in Cartesian coordinates, so that poles and the
 * origin are no special places, and their gradients, which are solid harmonics of one degree less times constants.
 * Recurrences of associated Legendre functions, and derivatives of solid harmonics: Varshalovich, Moskalev,
 * Khersonskii, Quantum Theory of Angular Momentum (1988), 5.8 and 5.9.
 */
#include "harmonics.h"

#include <math.h>

#define PI 3.14159265358979323846

static double factorial_ratio(int from, int to) /* from! / to!, from <= to */
{
    double ratio = 1;
    for (int k = from + 1; k <= to; k++) ratio /= k;
    return ratio;
}

static double norm_of(int l, int m)
{
    return sqrt((2 * l + 1) / (4 * PI) * factorial_ratio(l - m, l + m) * (m ? 2 : 1));
}

void harmonics_recurrence_fill(harmonics_recurrence *r)
{
    *r = (harmonics_recurrence){0};
    for (int m = 0; m <= IRREPS_L_MOST; m++) {
        double odd = 1; /* (2m - 1)!! */
        for (int k = 1; k <= m; k++) odd *= 2 * k - 1;
        r->start[m] = odd * norm_of(m, m);
        for (int l = m + 1; l <= IRREPS_L_MOST; l++) {
            r->up[l][m] = (2.0 * l - 1) / (l - m) * norm_of(l, m) / norm_of(l - 1, m);
            if (l > m + 1) r->down[l][m] = (l + m - 1.0) / (l - m) * norm_of(l, m) / norm_of(l - 2, m);
        }
    }
}

void harmonics_solid(int lmax, const double v[3], double *out)
{
    harmonics_recurrence r;
    harmonics_recurrence_fill(&r);
    double x = v[0], y = v[1], z = v[2], square = x * x + y * y + z * z, cosine = 1, sine = 0;
    for (int m = 0; m <= lmax; m++) {
        double before = 0, now = r.start[m];
        for (int l = m; l <= lmax; l++) {
            if (l > m) {
                double next = r.up[l][m] * z * now - r.down[l][m] * square * before;
                before = now;
                now = next;
            }
            out[l * l + l + m] = now * cosine;
            if (m) out[l * l + l - m] = now * sine;
        }
        double turned = x * cosine - y * sine;
        sine = x * sine + y * cosine;
        cosine = turned;
    }
}

/* Solid harmonics scaled so that d/dz lowers l, and d/dx -+ i d/dy lower l and change m by -+1, with coefficients 1
 * and -1: r^l Y_lm is this number times the real or imaginary part of the scaled one. */
static double scale_of(int l, int m)
{
    double product = 1; /* sqrt((l - m)! (l + m)!) */
    for (int k = 1; k <= l - m; k++) product *= sqrt(k);
    for (int k = 1; k <= l + m; k++) product *= sqrt(k);
    return product * sqrt((2 * l + 1) / (4 * PI) * (m ? 2 : 1));
}

typedef struct gradient {
    product_term *term;
    uint32_t n;
    int l, m;
} gradient;

/* d/dx_axis (r^l Y_lm) contains  weight * (scaled function of degree l - 1 at m'); m' < 0: a sine */
static void add(gradient *g, uint32_t axis, int m, double weight)
{
    int below = g->l - 1, a = m < 0 ? -m : m, own = g->m < 0 ? -g->m : g->m;
    if (a > below) return;
    uint32_t i = (uint32_t)(g->l * g->l + g->l + g->m), j = (uint32_t)(below * below + below + m);
    g->term[g->n++] = (product_term){axis, i, j, weight * scale_of(g->l, own) / scale_of(below, a)};
}

/* with c_m, s_m the cosine and sine functions:  dx c_m = (c_(m-1) - c_(m+1))/2,  dx s_m = (s_(m-1) - s_(m+1))/2,
 * dy c_m = -(s_(m-1) + s_(m+1))/2,  dy s_m = (c_(m-1) + c_(m+1))/2,  dz f_m = f_m;  dx c_0 = -c_1,  dy c_0 = -s_1 */
static void add_harmonic(gradient *g)
{
    int a = g->m < 0 ? -g->m : g->m;
    bool sine = g->m < 0;
    add(g, 2, g->m, 1);
    if (a == 0) {
        add(g, 0, 1, -1);
        add(g, 1, -1, -1);
        return;
    }
    int keep = sine ? -1 : 1;
    add(g, 0, keep * (a + 1), -0.5);
    add(g, 1, -keep * (a + 1), sine ? 0.5 : -0.5);
    if (a > 1 || !sine) add(g, 0, keep * (a - 1), 0.5);
    if (a > 1 || sine) add(g, 1, -keep * (a - 1), sine ? 0.5 : -0.5);
}

uint32_t harmonics_gradient(program *p, int lmax)
{
    gradient g = {.term = arena_array(p->memory, product_term, 5 * (size_t)((lmax + 1) * (lmax + 1)))};
    for (g.l = 1; g.l <= lmax; g.l++)
        for (g.m = -g.l; g.m <= g.l; g.m++) add_harmonic(&g);
    elem of = elem_irreps(p, irreps_harmonics(p, lmax)), below = elem_irreps(p, irreps_harmonics(p, lmax - 1));
    return program_table(p, of, below, elem_real(1), g.term, g.n);
}
