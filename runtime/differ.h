/* SPDX-License-Identifier: Apache-2.0
 *
 * differ.h: the host of a registration, prepared once: what differ_host.c hands to differ.c.
 */
#ifndef MTX_RUNTIME_DIFFER_H
#define MTX_RUNTIME_DIFFER_H

#include "rt.h"

#include <math.h>

/* Atoms are looked for this many tolerances around a site until the registration is centred. */
#define DIFFER_FIRST_LOOK 2.0

/* The host as a lattice with sites, hashed by bins of fractional coordinates on its reduced cell. */
typedef struct differ_host {
    bool ready;
    uint8_t axes[3];
    double given_tolerance, tolerance;
    double cell[3][3];
    int64_t n;
    double (*r)[3];
    int32_t *Z;
    mtx_cell lattice;     /* reduced rows along the axes, orthogonal units elsewhere  */
    int64_t change[3][3]; /* reduced = change * given rows                            */
    double (*f)[3];       /* sites on the reduced lattice                             */
    int32_t bins[3];
    double low[3], per[3]; /* bin = floor((f - low) * per)                             */
    int32_t *start, *member;
    int64_t rival;         /* most sites per host cell that another registration can have right */
    int64_t centrings;     /* translations that map the host on itself                 */
    double (*centring)[3]; /* fractional, on the reduced lattice; the first is 0       */
    int32_t *candidate;    /* one site of each set that the centrings connect          */
    int64_t candidates;
} differ_host;

/* Prepares `host`; what `h` held before is freed. On failure it holds nothing ready. */
mtx_status differ_host_make(differ_host *h, const mtx_structure *structure, const uint8_t axes[3],
                            double tolerance, mtx_problem *problem);
/* Whether `h` was made from the same content. */
bool differ_host_same(const differ_host *h, const mtx_structure *structure, const uint8_t axes[3],
                      double tolerance);
void differ_host_free(differ_host *h);

/* The rows along the axes, the others zero. */
void differ_along(const double cell[3][3], const uint8_t axes[3], double out[3][3]);

/*
 * The site within sqrt(radius2) of fraction f in the lattice `cell` (the host's, strained), its host cell t
 * and the place minus the site; -1 when there is none.
 */
int32_t differ_site(const differ_host *h, const mtx_cell *cell, const double f[3], double radius2,
                    int32_t t[3], double off[3]);

/* Fractional difference to the nearest image along the axes; the images taken off. */
static inline void differ_nearest(const uint8_t axes[3], double df[3], int32_t image[3])
{
    for (int k = 0; k < 3; k++) {
        /* floor by conversion, no call on processors without SSE4.1; a place too far away stays there */
        const double shifted = df[k] + 0.5;
        const bool near = axes[k] && fabs(shifted) < 1e9;
        int32_t whole = near ? (int32_t)shifted : 0;
        if (near && shifted < (double)whole) whole--;
        df[k] -= (double)whole;
        image[k] = whole;
    }
}

/* x = f * rows; returns its squared length. */
static inline double differ_length2(const mtx_cell *cell, const double f[3], double x[3])
{
    for (int c = 0; c < 3; c++)
        x[c] = f[0] * cell->row[0][c] + f[1] * cell->row[1][c] + f[2] * cell->row[2][c];
    return x[0] * x[0] + x[1] * x[1] + x[2] * x[2];
}

#endif
