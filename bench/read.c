/* SPDX-License-Identifier: Apache-2.0
 *
 * read.c: the side of bench/read.py that reads structures with libmtxrt. In: a file, how often to read it,
 * and perhaps a file for what was read; out: one line of JSON with the seconds of each time (open to close,
 * all structures kept in memory), frames and atoms. The dump holds per frame n (int64), Z (int32 [n]), r
 * (float64 [n][3]) and cell (float64 [3][3]). The last time is not freed: freeing is not reading.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "mtx/mtxrt.h"

typedef struct frames { mtx_structure *at; int64_t count, room, atoms; } frames;

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static mtx_structure *next_slot(frames *f)
{
    if (f->count == f->room) {
        f->room = f->room > 0 ? 2 * f->room : 1024;
        mtx_structure *grown = realloc(f->at, (size_t)f->room * sizeof *grown);
        if (grown == NULL) return NULL;
        f->at = grown;
    }
    mtx_structure_init(&f->at[f->count]);
    return &f->at[f->count];
}

static mtx_status read_all(const char *path, frames *f, mtx_problem *problem)
{
    mtx_reader *reader;
    mtx_status status = mtx_reader_open(&reader, path, NULL, problem);
    while (status == MTX_OK) {
        mtx_structure *s = next_slot(f);
        status = s != NULL ? mtx_reader_next(reader, s, problem) : MTX_ENOMEM;
        if (status != MTX_OK) break;
        f->atoms += s->n;
        f->count++;
    }
    mtx_reader_close(reader);
    return status == MTX_END ? MTX_OK : status;
}

static void drop(frames *f)
{
    for (int64_t k = 0; k < f->count; k++) mtx_structure_free(&f->at[k]);
    free(f->at);
    *f = (frames){0};
}

static int dump(const frames *f, const char *path)
{
    FILE *out = fopen(path, "wb");
    if (out == NULL) return 1;
    for (int64_t k = 0; k < f->count; k++) {
        const mtx_structure *s = &f->at[k];
        fwrite(&s->n, sizeof s->n, 1, out);
        fwrite(s->Z, sizeof *s->Z, (size_t)s->n, out);
        fwrite(s->r, sizeof *s->r, (size_t)s->n, out);
        fwrite(s->cell, sizeof s->cell, 1, out);
    }
    return fclose(out) != 0;
}

int main(int count, char **arguments)
{
    if (count < 3) {
        fprintf(stderr, "usage: read FILE TIMES [DUMP]\n");
        return 2;
    }
    const int times = atoi(arguments[2]);
    frames f = {0};
    printf("{\"seconds\": [");
    for (int k = 0; k < times; k++) {
        mtx_problem problem;
        drop(&f);
        const double start = seconds();
        if (read_all(arguments[1], &f, &problem) != MTX_OK) {
            fprintf(stderr, "%s: %s\n", problem.code, problem.message);
            return 1;
        }
        printf("%s%.9f", k > 0 ? ", " : "", seconds() - start);
    }
    printf("], \"frames\": %lld, \"atoms\": %lld}\n", (long long)f.count, (long long)f.atoms);
    return count > 3 ? dump(&f, arguments[3]) : 0;
}
