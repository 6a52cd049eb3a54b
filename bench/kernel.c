/* SPDX-License-Identifier: Apache-2.0
 *
 * kernel.c: kernel SPEC[:TRANSFORM] INPUT OUT.f64 OUTPUT...
 * Reads the first structure of a file, compiles, prepares the batch once (neighbour lists included) and then times
 * the compiled code alone, as it computes the named outputs and no others. Prints the atoms and the seconds of one
 * call (least of some timings: others share the machine), and writes the outputs, in the order in which they are
 * named, as float64. MTX_BACKEND=c: through the C compiler.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "spec.h"

#define TIMINGS 7
#define SECONDS 0.02                                /* one timing takes at least so long                          */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double least_time(engine *e, void *const *out)
{
    double least = INFINITY;
    for (int k = 0; k < TIMINGS; k++) {
        double start = now(), spent;
        int calls = 0;
        do {
            e->code.main(e->view, out, e->scratch, 0, e->view->nb);
            calls++;
        } while ((spent = now() - start) < SECONDS);
        least = fmin(least, spent / calls);
    }
    return least;
}

/* the pointers of the named outputs, NULL for the others */
static void **wanted(engine *e, char **names, int n)
{
    void **out = calloc(e->n_outputs + 1, sizeof *out);
    for (int k = 0; out && k < n; k++) {
        uint32_t o = 0;
        while (o < e->n_outputs && strcmp(e->output[o].name, names[k]) != 0) o++;
        if (o == e->n_outputs) {
            fprintf(stderr, "kernel: no output %s\n", names[k]);
            free(out);
            return NULL;
        }
        out[o] = e->out[o];
    }
    return out;
}

static bool write_values(engine *e, char **names, int n, const char *path)
{
    FILE *f = fopen(path, "wb");
    for (int k = 0; f && k < n; k++) {
        for (uint32_t o = 0; o < e->n_outputs; o++) {
            const engine_output *one = &e->output[o];
            if (strcmp(one->name, names[k]) != 0) continue;
            size_t count = (size_t)engine_rows(e->p, e->view, &e->p->defs.at[one->def], 0) * one->components;
            fwrite(one->data, sizeof(double), count, f);
        }
    }
    return f && fclose(f) == 0;
}

static int measure(engine *e, const char *from, const char *path, char **names, int n)
{
    mtx_reader *reader;
    mtx_structure s;
    mtx_problem problem = {.frame = -1};
    mtx_structure_init(&s);
    const mtx_structure *frame = &s;
    if (mtx_reader_open(&reader, from, NULL, &problem) != MTX_OK ||
        mtx_reader_next(reader, &s, &problem) != MTX_OK || engine_apply(e, &frame, 1, &problem) != MTX_OK) {
        fprintf(stderr, "kernel: %s\n", problem.message);
        return 1;
    }
    mtx_reader_close(reader);
    void **out = wanted(e, names, n);
    if (!out) return 1;
    printf("%lld %.9g\n", (long long)s.n, least_time(e, out));
    bool written = write_values(e, names, n, path);
    free(out);
    mtx_structure_free(&s);
    return written ? 0 : 1;
}

static int whole(int argc, char **argv)
{
    if (argc < 5) {
        fputs("usage: kernel SPEC[:TRANSFORM] INPUT OUT.f64 OUTPUT...\n", stderr);
        return 2;
    }
    static spec of;
    engine e;
    if (!spec_open(&of, "kernel", argv[1]) || !spec_engine(&of, of.t, &e)) return 1;
    int failed = measure(&e, argv[2], argv[3], argv + 4, argc - 4);
    engine_close(&e);
    spec_close(&of);
    return failed;
}

int main(int argc, char **argv)
{
    return cli_guarded(whole, argc, argv);
}
