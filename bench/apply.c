/* SPDX-License-Identifier: Apache-2.0
 *
 * apply.c: apply SPEC[:TRANSFORM] INPUT OUT.f64
 * Reads a spec and all structures of a file into memory, compiles, then times passes over the structures in memory:
 * preparing batches, neighbour lists and all outputs. Prints the seconds of one pass (median of 5 timings) and writes
 * the outputs as float64, batch by batch, output after output.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "spec.h"

#define BATCH 64
#define ATOMS 8192

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int64_t batch_size(const mtx_structure *s, int64_t from, int64_t n)
{
    int64_t k = from, atoms = 0;
    while (k < n && k - from < BATCH && (atoms += s[k].n) <= ATOMS) {
        k++;
    }
    return k > from ? k - from : 1;
}

static bool pass(engine *e, const mtx_structure *s, int64_t n, FILE *out)
{
    const mtx_structure *frames[BATCH];
    for (int64_t from = 0; from < n;) {
        int64_t nb = batch_size(s, from, n);
        for (int64_t k = 0; k < nb; k++) {
            frames[k] = &s[from + k];
        }
        mtx_problem problem = {.frame = -1};
        if (engine_apply(e, frames, nb, &problem) != MTX_OK) {
            fprintf(stderr, "%s\n", problem.message);
            return false;
        }
        for (uint32_t k = 0; out && k < e->n_outputs; k++) {
            size_t count = 0;
            for (int64_t f = 0; f < nb; f++) {
                count += (size_t)engine_rows(e->p, e->view, &e->p->defs.at[e->output[k].def], f) * e->output[k].components;
            }
            fwrite(e->output[k].data, sizeof(double), count, out);
        }
        from += nb;
    }
    return true;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int whole(int argc, char **argv)
{
    if (argc != 4) {
        fputs("usage: apply SPEC[:TRANSFORM] INPUT OUT.f64\n", stderr);
        return 2;
    }
    static spec of;
    engine e;
    if (!spec_open(&of, "apply", argv[1]) || !spec_engine(&of, of.t, &e)) return 1;
    mtx_reader *reader;
    mtx_problem problem = {.frame = -1};
    if (mtx_reader_open(&reader, argv[2], NULL, &problem) != MTX_OK) {
        fprintf(stderr, "apply: %s\n", problem.message);
        return 1;
    }
    mtx_structure *s = NULL;
    int64_t n = 0, room = 0;
    for (mtx_status status = MTX_OK; status == MTX_OK; n += status == MTX_OK) {
        if (n == room) {
            room = 2 * room + 64;
            s = realloc(s, sizeof *s * (size_t)room);
            if (!s) {
                return 1;
            }
        }
        mtx_structure_init(&s[n]);
        status = mtx_reader_next(reader, &s[n], &problem);
    }
    mtx_reader_close(reader);
    FILE *out = fopen(argv[3], "wb");
    if (!out || !pass(&e, s, n, out)) {
        return 1;
    }
    fclose(out);
    double seconds[5], start = now();
    int inner = 0;
    do {                                          /* warm, and find how many passes make 20 ms                    */
        pass(&e, s, n, NULL);
        inner++;
    } while (now() - start < 0.02);
    for (int k = 0; k < 5; k++) {
        start = now();
        for (int j = 0; j < inner; j++) {
            pass(&e, s, n, NULL);
        }
        seconds[k] = (now() - start) / inner;
    }
    qsort(seconds, 5, sizeof seconds[0], by_size);
    printf("%.9g\n", seconds[2]);
    engine_close(&e);
    spec_close(&of);
    return 0;
}

int main(int argc, char **argv)
{
    return cli_guarded(whole, argc, argv);
}
