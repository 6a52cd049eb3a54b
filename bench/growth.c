/* SPDX-License-Identifier: Apache-2.0
 *
 * growth.c: growth SPEC[:TRANSFORM] CUTOFF REPEATS CELLS...
 * CELLS is AxBxC unit cells of diamond silicon, each coordinate moved by at most 0.1 angstrom; AxBxC~ has its atoms in
 * no order, as a liquid has after a while. For every size it times, in microseconds of processor time an atom: the
 * neighbour list alone (mtx_neighbors_build), the results alone (the compiled transform on a batch that is ready), and
 * the way from positions to results. Memory is warm: everything was called before.
 *
 * A repeat does about as many atoms at every size: small sizes are a row of different structures, one after the other,
 * as a file has them; the same structure again and again would be learned by the branch predictor. Repeats of the sizes
 * alternate, so that a busy machine is busy for all of them. Prints a line per repeat and size:
 *     CELLS atoms pairs list features both check
 * where check is the sum of the first output over the number of atoms.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "spec.h"

enum { SIZES = 8, ATOMS = 200000 };

typedef struct size_run {
    const char *word;
    mtx_structure *frame; /* different structures of one size */
    int64_t frames, atoms;
    engine features;
    mtx_pairs pairs;
} size_run;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Below 1. */
static double chance(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(*state >> 11) * 0x1p-53;
}

static void shuffle(mtx_structure *s, uint64_t seed)
{
    for (int64_t k = s->n - 1; k > 0; k--) {
        const int64_t other = (int64_t)(chance(&seed) * (double)(k + 1));
        for (int c = 0; c < 3; c++) {
            const double kept = s->r[k][c];
            s->r[k][c] = s->r[other][c];
            s->r[other][c] = kept;
        }
    }
}

static bool silicon(mtx_structure *s, const int cells[3], uint64_t seed)
{
    static const int quarter[8][3] = {{0, 0, 0}, {0, 2, 2}, {2, 0, 2}, {2, 2, 0},
                                      {1, 1, 1}, {1, 3, 3}, {3, 1, 3}, {3, 3, 1}};
    const double edge = 5.431;
    const int64_t n = (int64_t)8 * cells[0] * cells[1] * cells[2];
    mtx_structure_init(s);
    if (mtx_structure_reserve(s, n) != MTX_OK) return false;
    for (int64_t k = 0; k < n; k++) {
        const int64_t cell = k / 8;
        const int64_t at[3] = {cell / cells[2] / cells[1], cell / cells[2] % cells[1], cell % cells[2]};
        for (int c = 0; c < 3; c++) {
            s->r[k][c] = ((double)at[c] + 0.25 * quarter[k % 8][c]) * edge + 0.2 * chance(&seed) - 0.1;
        }
        s->Z[k] = 14;
    }
    for (int c = 0; c < 3; c++) {
        s->cell[c][c] = cells[c] * edge;
        s->pbc[c] = 1;
    }
    s->n = n;
    return true;
}

static bool size_open(size_run *run, const char *word, spec *of)
{
    int cells[3];
    const bool ordered = strchr(word, '~') == NULL;
    if (sscanf(word, "%dx%dx%d", &cells[0], &cells[1], &cells[2]) != 3) return false;
    if (cells[0] < 1 || cells[1] < 1 || cells[2] < 1) return false;
    run->word = word;
    run->atoms = (int64_t)8 * cells[0] * cells[1] * cells[2];
    run->frames = (ATOMS + run->atoms - 1) / run->atoms;
    run->frame = calloc((size_t)run->frames, sizeof *run->frame);
    if (run->frame == NULL || !spec_engine(of, of->t, &run->features)) return false;
    mtx_pairs_init(&run->pairs);
    for (int64_t k = 0; k < run->frames; k++) {
        if (!silicon(&run->frame[k], cells, (uint64_t)k + 7)) return false;
        if (!ordered) shuffle(&run->frame[k], (uint64_t)k + 1);
    }
    return true;
}

/* One repeat: seconds of the three ways over all structures, and the sum of the first output. */
static bool size_time(size_run *run, double cutoff, double seconds[3], double *check)
{
    engine *e = &run->features;
    mtx_problem problem = {.frame = -1};
    seconds[0] = seconds[1] = seconds[2] = *check = 0.0;
    for (int64_t k = 0; k < run->frames; k++) {
        const mtx_structure *s = &run->frame[k];
        const double start = now();
        if (mtx_neighbors_build((const double(*)[3])s->r, (const double(*)[3])s->cell, s->pbc, s->n, cutoff,
                                0, &run->pairs, &problem) != MTX_OK) {
            break;
        }
        seconds[0] += now() - start;
    }
    for (int64_t k = 0; k < run->frames && problem.frame < 0; k++) {
        const mtx_structure *s = &run->frame[k];
        const double start = now();
        if (engine_apply(e, &s, 1, &problem) != MTX_OK) break;
        const double middle = now();
        e->code.main(e->view, e->out, e->scratch, 0, 1);
        seconds[1] += now() - middle;
        seconds[2] += middle - start;
        const engine_output *first = &e->output[0];
        const int64_t n = engine_rows(e->p, e->view, &e->p->defs.at[first->def], 0) * first->components;
        for (int64_t i = 0; i < n; i++) *check += ((const double *)first->data)[i];
    }
    if (problem.message[0] != '\0') fprintf(stderr, "growth: %s\n", problem.message);
    return problem.message[0] == '\0';
}

static bool sizes_time(size_run *run, int sizes, double cutoff, int repeats)
{
    for (int k = -1; k < repeats; k++) { /* the first one takes memory from the system */
        for (int m = 0; m < sizes; m++) {
            double seconds[3], check;
            if (!size_time(&run[m], cutoff, seconds, &check)) return false;
            const double per = 1e6 / (double)(run[m].atoms * run[m].frames);
            if (k < 0) continue;
            printf("%s %lld %lld %.6g %.6g %.6g %.17g\n", run[m].word, (long long)run[m].atoms, (long long)run[m].pairs.n,
                   per * seconds[0], per * seconds[1], per * seconds[2],
                   check / (double)(run[m].atoms * run[m].frames));
        }
    }
    return true;
}

static void size_close(size_run *run)
{
    for (int64_t k = 0; run->frame != NULL && k < run->frames; k++) mtx_structure_free(&run->frame[k]);
    free(run->frame);
    mtx_pairs_free(&run->pairs);
    engine_close(&run->features);
}

static int whole(int argc, char **argv)
{
    if (argc < 5 || argc > 4 + SIZES) {
        fputs("usage: growth SPEC[:TRANSFORM] CUTOFF REPEATS AxBxC[~]...\n", stderr);
        return 2;
    }
    static spec of;
    static size_run run[SIZES];
    bool good = spec_open(&of, "growth", argv[1]);
    for (int m = 0; m < argc - 4 && good; m++) good = size_open(&run[m], argv[4 + m], &of);
    good = good && sizes_time(run, argc - 4, strtod(argv[2], NULL), atoi(argv[3]));
    for (int m = 0; m < argc - 4; m++) size_close(&run[m]);
    spec_close(&of);
    return good ? 0 : 1;
}

int main(int argc, char **argv)
{
    return cli_guarded(whole, argc, argv);
}
