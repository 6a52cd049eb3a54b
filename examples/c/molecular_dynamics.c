/* SPDX-License-Identifier: Apache-2.0
 *
 * molecular_dynamics.c: silicon at constant energy, velocity Verlet, with the potential that `mtx build` made
 * of silicon.mtx. In: unit cells along an edge, steps of 1 fs. Out: how well the energy is kept (the slope of
 * a line through the total energy, after the first steps), what the forces add up to, and how long a step takes.
 *
 *   mtx build examples/c/silicon.mtx -o out
 *   cc -O2 examples/c/molecular_dynamics.c -o md -Iout -Iinclude -Lout -Lbuild/release -lsilicon -lmtxrt -lm
 *   LD_LIBRARY_PATH=out:build/release ./md 4 4000
 */
#include "silicon.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MASS        (28.0855 * 103.6426966) /* of silicon, eV fs^2 / angstrom^2: 1 u is 103.64... */
#define BOLTZMANN   8.617333262e-5          /* eV / K                                             */
#define LATTICE     5.431                   /* angstrom                                           */
#define TEMPERATURE 600.0                   /* K; half of it goes into the potential              */
#define TIMESTEP    1.0                     /* fs                                                 */
#define SKIN        0.6                     /* angstrom                                           */
#define SETTLE      500                     /* steps before the drift is measured                 */

typedef struct simulation {
    int64_t n;
    double cell[3][3], numbers[21];
    double (*r)[3], (*v)[3], (*f)[3];
    double energy;
    mtx_pairs pairs; /* of the last positions; keeps a list with a skin inside */
    int64_t searches;
    void *scratch;
    size_t bytes;
} simulation;

static void stop(const char *what, int status)
{
    fprintf(stderr, "%s: %s\n", what, mtx_strerror((mtx_status)status));
    exit(1);
}

/* 64-byte aligned memory with 64 bytes to spare, as the header asks */
static void *memory(size_t bytes)
{
    void *at = aligned_alloc(64, (bytes + 127) / 64 * 64);
    if (!at) stop("memory", MTX_ENOMEM);
    return at;
}

/* ---- energy and forces ---- */

static void compute(simulation *s)
{
    static const uint8_t pbc[3] = {1, 1, 1};
    bool searched;
    mtx_problem problem;
    int status =
        mtx_neighbors_update((const double(*)[3])s->r, (const double(*)[3])s->cell, pbc, s->n,
                             silicon_bond_cutoff, SKIN, silicon_bond_flags, &s->pairs, &searched, &problem);
    if (status != MTX_OK) stop(problem.message, status);
    s->searches += searched;

    silicon_shape shape = {.size = sizeof shape};
    silicon_in in = {.size = sizeof in, .cell_s = s->numbers};
    silicon_use_bond(&shape, &in, &s->pairs);
    size_t bytes;
    status = silicon_plan(&shape, &bytes);
    if (status != MTX_OK) stop("plan", status);
    if (bytes > s->bytes) { /* the number of pairs changes a little: take some more */
        free(s->scratch);
        s->bytes = bytes + bytes / 8;
        s->scratch = memory(s->bytes);
    }
    const silicon_out out = {.E = &s->energy, .F = s->f[0]}; /* S is NULL: not computed */
    status = silicon_run(&shape, &in, &out, s->scratch, s->bytes);
    if (status != MTX_OK) stop("run", status);
}

/* ---- the start ---- */

static double uniform(void)
{
    return (rand() + 0.5) / (RAND_MAX + 1.0);
}

static double gaussian(void)
{
    return sqrt(-2 * log(uniform())) * cos(6.283185307179586 * uniform());
}

static void diamond(simulation *s, int cells)
{
    static const double basis[8][3] = {{0, 0, 0},          {0, 0.5, 0.5},      {0.5, 0, 0.5},
                                       {0.5, 0.5, 0},      {0.25, 0.25, 0.25}, {0.25, 0.75, 0.75},
                                       {0.75, 0.25, 0.75}, {0.75, 0.75, 0.25}};
    for (int64_t i = 0; i < s->n; i++) {
        const int64_t c = i / 8, place[3] = {c % cells, c / cells % cells, c / cells / cells};
        for (int x = 0; x < 3; x++) s->r[i][x] = LATTICE * ((double)place[x] + basis[i % 8][x]);
    }
}

static void start(simulation *s, int cells)
{
    static const uint8_t pbc[3] = {1, 1, 1};
    *s = (simulation){.n = 8 * (int64_t)cells * cells * cells};
    s->r = memory((size_t)s->n * sizeof *s->r);
    s->v = memory((size_t)s->n * sizeof *s->v);
    s->f = memory((size_t)s->n * sizeof *s->f);
    mtx_pairs_init(&s->pairs);
    for (int k = 0; k < 3; k++) s->cell[k][k] = LATTICE * cells;
    int status = mtx_cell_numbers((const double(*)[3])s->cell, pbc, s->numbers, NULL);
    if (status != MTX_OK) stop("cell", status);
    diamond(s, cells);
    double mean[3] = {0};
    for (int64_t i = 0; i < s->n; i++)
        for (int x = 0; x < 3; x++) {
            s->v[i][x] = sqrt(BOLTZMANN * TEMPERATURE / MASS) * gaussian();
            mean[x] += s->v[i][x] / (double)s->n;
        }
    for (int64_t i = 0; i < s->n; i++)
        for (int x = 0; x < 3; x++) s->v[i][x] -= mean[x];
    compute(s);
}

/* ---- the motion ---- */

static void kick(simulation *s)
{
    for (int64_t i = 0; i < s->n; i++)
        for (int x = 0; x < 3; x++) s->v[i][x] += 0.5 * TIMESTEP / MASS * s->f[i][x];
}

static void step(simulation *s)
{
    kick(s);
    for (int64_t i = 0; i < s->n; i++)
        for (int x = 0; x < 3; x++) s->r[i][x] += TIMESTEP * s->v[i][x];
    compute(s);
    kick(s);
}

static double kinetic(const simulation *s)
{
    double sum = 0;
    for (int64_t i = 0; i < s->n; i++)
        for (int x = 0; x < 3; x++) sum += 0.5 * MASS * s->v[i][x] * s->v[i][x];
    return sum;
}

/* how far the forces are from adding up to nothing, relative to the sum of their sizes */
static double net_force(const simulation *s)
{
    double worst = 0;
    for (int x = 0; x < 3; x++) {
        double sum = 0, size = 0;
        for (int64_t i = 0; i < s->n; i++) {
            sum += s->f[i][x];
            size += fabs(s->f[i][x]);
        }
        worst = fmax(worst, size > 0 ? fabs(sum) / size : 0);
    }
    return worst;
}

/* slope of a line through (time, energy), least squares */
typedef struct line {
    double n, t, e, tt, te;
} line;

static void line_add(line *l, double t, double e)
{
    l->n++;
    l->t += t;
    l->e += e;
    l->tt += t * t;
    l->te += t * e;
}

static double line_slope(const line *l)
{
    return (l->n * l->te - l->t * l->e) / (l->n * l->tt - l->t * l->t);
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

int main(int argc, char **argv)
{
    const int cells = argc > 1 ? atoi(argv[1]) : 2, steps = argc > 2 ? atoi(argv[2]) : 4000;
    if (cells < 1 || cells > 100 || steps <= SETTLE) {
        fprintf(stderr, "usage: %s CELLS STEPS  (at least 1 and %d)\n", argv[0], SETTLE + 1);
        return 2;
    }
    simulation s;
    line drift = {0};
    start(&s, cells);
    const double first = s.energy + kinetic(&s), began = seconds();
    double net = 0, temperature = 0;
    for (int k = 1; k <= steps; k++) {
        step(&s);
        net = fmax(net, net_force(&s));
        if (k <= SETTLE) continue;
        line_add(&drift, 1e-3 * TIMESTEP * k, (s.energy + kinetic(&s) - first) / (double)s.n);
        temperature += 2 * kinetic(&s) / (3 * BOLTZMANN * (double)s.n) / (steps - SETTLE);
    }
    const double each = 1e6 * (seconds() - began) / ((double)steps * (double)s.n);
    printf("atoms           %lld\n", (long long)s.n);
    printf("steps           %d of %g fs\n", steps, TIMESTEP);
    printf("energy          %.6f eV/atom\n", (s.energy + kinetic(&s)) / (double)s.n);
    printf("temperature     %.1f K\n", temperature);
    printf("drift           %.3g eV/atom/ps\n", line_slope(&drift));
    printf("net force       %.3g of the forces' size\n", net);
    printf("list            searched %lld times\n", (long long)s.searches);
    printf("time            %.3f us/atom/step\n", each);
    mtx_pairs_free(&s.pairs);
    free(s.r);
    free(s.v);
    free(s.f);
    free(s.scratch);
    return 0;
}
