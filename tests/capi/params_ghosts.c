/* SPDX-License-Identifier: Apache-2.0
 *
 * params_ghosts.c: derivatives by parameters on hosts that are divided in space (`parted` of params.mtx): each process has rows
 * of its own atoms, the others are ghosts, and the sum over processes is what one process gives. Exit code 0: all agree.
 */
#include "parted.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ATOMS = 10, PAD = 8, DEPTH = parted_param_n_depth, MIX = parted_param_n_mix, OUT = parted_param_n_out, WIDTH = 1 + DEPTH + MIX + OUT };
static int faults;

typedef union result {
    struct {
        double E, depth[DEPTH], mix[MIX], out[OUT];
    };
    double all[WIDTH];
} result;

static double uniform(void)
{
    return 2 * (rand() / (RAND_MAX + 1.0)) - 1;
}

/* 64-byte aligned, with readable elements behind */
static void *room(int64_t n)
{
    void *at = aligned_alloc(64, ((size_t)n * 8 + 64 + 127) / 64 * 64);
    if (!at) exit(2);
    return memset(at, 0, (size_t)n * 8 + 64);
}

static void run(const mtx_pairs *pairs, const int32_t *Z, const double *param, int64_t ghosts, result *to)
{
    parted_shape shape = {.size = sizeof shape};
    parted_in in = {.size = sizeof in, .in_Z = Z, .param = param};
    parted_use_bond(&shape, &in, pairs);
    shape.ghosts = ghosts;
    const parted_out out = {.E = &to->E, .by_depth = to->depth, .by_mix = to->mix, .by_out = to->out};
    size_t bytes;
    int status = parted_plan(&shape, &bytes);
    void *scratch = room((int64_t)bytes / 8 + 8);
    if (status == MTX_OK) status = parted_run(&shape, &in, &out, scratch, bytes);
    if (status != MTX_OK) {
        printf("%d ghosts: %s\n", (int)ghosts, mtx_strerror(status));
        faults++;
    }
    free(scratch);
}

/* the rows of the atoms `which`, 2 + which, ...; they come first, then those of the others as ghosts */
static void part(const mtx_pairs *all, const int32_t *Z, const double *param, int which, result *to)
{
    int32_t number[ATOMS], *mine = room(ATOMS), own = 0, seen;
    for (int i = which; i < ATOMS; i += 2) number[i] = own++;
    seen = own;
    for (int i = 1 - which; i < ATOMS; i += 2) number[i] = seen++;
    for (int i = 0; i < ATOMS; i++) mine[number[i]] = Z[i];
    int64_t row[ATOMS + 1] = {0}, frame_pairs[2] = {0}, frame_atoms[2] = {0, own}, n = 0;
    mtx_pairs p = {.atoms = own, .structures = 1, .row = row, .i = room(all->n), .j = room(all->n), .dx = room(all->n),
                   .dy = room(all->n), .dz = room(all->n), .dist = room(all->n), .pair_ptr = frame_pairs, .atom_ptr = frame_atoms};
    for (int i = which; i < ATOMS; i += 2) {
        for (int64_t k = all->row[i]; k < all->row[i + 1]; k++, n++) {
            p.i[n] = number[i];
            p.j[n] = number[all->j[k]];
            p.dx[n] = all->dx[k];
            p.dy[n] = all->dy[k];
            p.dz[n] = all->dz[k];
            p.dist[n] = all->dist[k];
        }
        row[number[i] + 1] = n;
    }
    p.n = frame_pairs[1] = n;
    run(&p, mine, param, ATOMS - own, to);
    void *const owned[] = {p.i, p.j, p.dx, p.dy, p.dz, p.dist, mine};
    for (size_t k = 0; k < sizeof owned / sizeof *owned; k++) free(owned[k]);
}

int main(void)
{
    const double cell[3][3] = {{5.2, 0, 0}, {0.4, 5.6, 0}, {-0.3, 0.5, 4.9}};
    const uint8_t pbc[3] = {1, 1, 1};
    double r[ATOMS][3], param[parted_params];
    int32_t Z[ATOMS + PAD] = {0};
    for (int i = 0; i < ATOMS; i++) {
        Z[i] = uniform() < 0 ? 14 : 8;
        for (int x = 0; x < 3; x++) r[i][x] = 0.2 * uniform() + i % 3 * cell[0][x] / 3 + i / 3 % 2 * cell[1][x] / 2 + i / 6 * cell[2][x] / 2;
    }
    for (int k = 0; k < parted_params; k++) param[k] = uniform();
    mtx_pairs pairs;
    mtx_pairs_init(&pairs);
    faults += mtx_neighbors_append((const double(*)[3])r, cell, pbc, ATOMS, parted_bond_cutoff, parted_bond_flags, &pairs, NULL) != MTX_OK;
    result whole, one, other;
    run(&pairs, Z, param, 0, &whole);
    part(&pairs, Z, param, 0, &one);
    part(&pairs, Z, param, 1, &other);
    mtx_pairs_free(&pairs);
    double scale = 0, off = 0, apart = 0;
    for (int k = 0; k < WIDTH; k++) {
        scale = fmax(scale, fabs(whole.all[k]));
        off = fmax(off, fabs(one.all[k] + other.all[k] - whole.all[k]));
        apart = fmax(apart, fabs(one.all[k]));
    }
    if (!(off <= 1e-12 * scale) || !(apart > 1e-3 * scale)) {
        printf("parts of derivatives by parameters add up to something else: off by %.3g of %.3g\n", off, scale);
        faults++;
    }
    return faults != 0;
}
