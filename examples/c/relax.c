/* SPDX-License-Identifier: Apache-2.0
 *
 * relax.c: positions and cell of silicon relaxed together by the forces and the stress of silicon.mtx, from a
 * shaken start in a strained, triclinic cell. The method is FIRE (Bitzek et al., Phys. Rev. Lett. 97, 170201
 * (2006)): the crystal moves as a heavy body would, and stops dead when it goes uphill. Out: energy, largest
 * force and stress, lengths (of one unit cell) and angles of the cell; exit code 1 when it did not get there.
 *
 *   mtx build examples/c/silicon.mtx -o out
 *   cc -O2 examples/c/relax.c -o relax -Iout -Iinclude -Lout -Lbuild/release -lsilicon -lmtxrt -lm
 *   LD_LIBRARY_PATH=out:build/release ./relax
 */
#include "silicon.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CELLS = 2, ATOMS = 8 * CELLS * CELLS * CELLS, STEPS_MAX = 2000, DOF = 3 * ATOMS + 9 };
#define LATTICE   5.431        /* angstrom */
#define GPA       160.21766208 /* 1 eV / angstrom^3 */
#define FORCE_OK  1e-5         /* eV / angstrom */
#define STRESS_OK 1e-3         /* GPa */

typedef struct crystal {
    double r[ATOMS][3], cell[3][3], numbers[21];
    double energy, force[ATOMS][3], stress[3][3];
    mtx_pairs pairs;
    void *scratch;
    size_t bytes;
} crystal;

static void stop(const char *what, int status)
{
    fprintf(stderr, "%s: %s\n", what, mtx_strerror((mtx_status)status));
    exit(1);
}

/* the cell is another one in each step, so the list is made anew */
static void compute(crystal *c)
{
    static const uint8_t pbc[3] = {1, 1, 1};
    mtx_problem problem;
    int status = mtx_cell_numbers((const double(*)[3])c->cell, pbc, c->numbers, &problem);
    if (status == MTX_OK)
        status = mtx_neighbors_build((const double(*)[3])c->r, (const double(*)[3])c->cell, pbc, ATOMS,
                                     silicon_bond_cutoff, silicon_bond_flags, &c->pairs, &problem);
    if (status != MTX_OK) stop(problem.message, status);
    silicon_shape shape = {.size = sizeof shape};
    silicon_in in = {.size = sizeof in, .cell_s = c->numbers};
    silicon_use_bond(&shape, &in, &c->pairs);
    size_t bytes;
    status = silicon_plan(&shape, &bytes);
    if (status != MTX_OK) stop("plan", status);
    if (bytes > c->bytes) {
        free(c->scratch);
        c->bytes = bytes + bytes / 8;
        c->scratch = aligned_alloc(64, (c->bytes + 127) / 64 * 64);
        if (!c->scratch) stop("memory", MTX_ENOMEM);
    }
    const silicon_out out = {.E = &c->energy, .F = c->force[0], .S = c->stress[0]};
    status = silicon_run(&shape, &in, &out, c->scratch, c->bytes);
    if (status != MTX_OK) stop("run", status);
}

/* x (1 + e): a strain moves lattice and atoms alike; e is symmetric */
static void strain(double x[3], const double e[9])
{
    const double was[3] = {x[0], x[1], x[2]};
    for (int a = 0; a < 3; a++) x[a] += e[3 * a] * was[0] + e[3 * a + 1] * was[1] + e[3 * a + 2] * was[2];
}

static double uniform(double low, double high)
{
    return low + (high - low) * (rand() / (RAND_MAX + 1.0));
}

static void start(crystal *c)
{
    static const double basis[8][3] = {{0, 0, 0},          {0, 0.5, 0.5},      {0.5, 0, 0.5},
                                       {0.5, 0.5, 0},      {0.25, 0.25, 0.25}, {0.25, 0.75, 0.75},
                                       {0.75, 0.25, 0.75}, {0.75, 0.75, 0.25}};
    static const double e[9] = {0.04, 0.01, -0.02, 0.01, -0.03, 0.015, -0.02, 0.015, 0.02};
    *c = (crystal){.energy = 0};
    mtx_pairs_init(&c->pairs);
    for (int k = 0; k < 3; k++) {
        c->cell[k][k] = LATTICE * CELLS;
        strain(c->cell[k], e);
    }
    for (int i = 0; i < ATOMS; i++) {
        const int k = i / 8, place[3] = {k % CELLS, k / CELLS % CELLS, k / CELLS / CELLS};
        for (int x = 0; x < 3; x++) c->r[i][x] = LATTICE * (place[x] + basis[i % 8][x]);
        strain(c->r[i], e);
        for (int x = 0; x < 3; x++) c->r[i][x] += uniform(-0.1, 0.1);
    }
    compute(c);
}

/* ---- positions and strain as one list of coordinates ---- */

/* a strain of 1 counts as this many angstrom, so that cell and atoms are about as stiff */
static double strain_length(void)
{
    return sqrt((double)ATOMS);
}

/* the force on each coordinate: on the strain it is -volume * stress (numbers[18] is the volume) */
static void generalised_force(const crystal *c, double *f)
{
    memcpy(f, c->force, sizeof c->force);
    for (int k = 0; k < 9; k++)
        f[3 * ATOMS + k] = -c->numbers[18] * c->stress[k / 3][k % 3] / strain_length();
}

static void move(crystal *c, const double *v, double dt)
{
    double e[9];
    for (int k = 0; k < 9; k++) e[k] = dt * v[3 * ATOMS + k] / strain_length();
    for (int k = 0; k < 3; k++) strain(c->cell[k], e);
    for (int i = 0; i < ATOMS; i++) {
        strain(c->r[i], e);
        for (int x = 0; x < 3; x++) c->r[i][x] += dt * v[3 * i + x];
    }
}

static double dot(const double *a, const double *b)
{
    double sum = 0;
    for (int k = 0; k < DOF; k++) sum += a[k] * b[k];
    return sum;
}

static double inner(const double a[3], const double b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static double largest(const double *x, int n)
{
    double most = 0;
    for (int k = 0; k < n; k++) most = fmax(most, fabs(x[k]));
    return most;
}

static bool is_relaxed(const crystal *c)
{
    return largest(c->force[0], 3 * ATOMS) < FORCE_OK && GPA * largest(c->stress[0], 9) < STRESS_OK;
}

/* steps taken; STEPS_MAX: not relaxed */
static int fire(crystal *c)
{
    double v[DOF] = {0}, f[DOF], dt = 0.05, mix = 0.1;
    int downhill = 0, step = 0;
    for (; step < STEPS_MAX && !is_relaxed(c); step++) {
        generalised_force(c, f);
        const double power = dot(v, f), turn = mix * sqrt(dot(v, v) / fmax(dot(f, f), 1e-300));
        if (power > 0) {
            for (int k = 0; k < DOF; k++) v[k] = (1 - mix) * v[k] + turn * f[k];
            if (++downhill > 5) {
                dt = fmin(1.1 * dt, 0.25);
                mix *= 0.99;
            }
        } else {
            memset(v, 0, sizeof v);
            dt *= 0.5;
            mix = 0.1;
            downhill = 0;
        }
        for (int k = 0; k < DOF; k++) v[k] += dt * f[k];
        move(c, v, dt);
        compute(c);
    }
    return step;
}

static void report(const char *when, const crystal *c)
{
    printf("%-8s %.6f eV/atom, forces below %.2e eV/A, stress below %.2e GPa\n", when, c->energy / ATOMS,
           largest(c->force[0], 3 * ATOMS), GPA * largest(c->stress[0], 9));
    printf("%8s cell", "");
    for (int a = 0; a < 3; a++) printf(" %.5f", sqrt(inner(c->cell[a], c->cell[a])) / CELLS);
    for (int a = 0; a < 3; a++) {
        const double *b = c->cell[(a + 1) % 3], *d = c->cell[(a + 2) % 3];
        printf(" %.4f", acos(inner(b, d) / sqrt(inner(b, b) * inner(d, d))) * 180 / 3.141592653589793);
    }
    printf("\n");
}

int main(void)
{
    crystal c;
    start(&c);
    report("start", &c);
    const int steps = fire(&c);
    report("end", &c);
    printf("steps    %d\n", steps);
    mtx_pairs_free(&c.pairs);
    free(c.scratch);
    return steps < STEPS_MAX ? 0 : 1;
}
