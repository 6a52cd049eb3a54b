/* SPDX-License-Identifier: Apache-2.0
 *
 * ready.c: ready SPEC[:TRANSFORM]
 * Prints the processor seconds from the text of a spec to its native code, loaded: reading, checking, lowering, LLVM (or the C
 * compiler where there is no LLVM), with everything that a process loads only once.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "cli.h"
#include "engine.h"

static double spent(int who)
{
    struct rusage r;
    getrusage(who, &r);
    return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
           1e-6 * (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec);
}

static double now(void)
{
    return spent(RUSAGE_SELF) + spent(RUSAGE_CHILDREN);
}

static int whole(int argc, char **argv)
{
    if (argc != 2) {
        fputs("usage: ready SPEC[:TRANSFORM]\n", stderr);
        return 2;
    }
    const char *path, *transform;
    const double start = now();
    char *copy = cli_split_spec(argv[1], &path, &transform);
    static compilation c;
    if (cli_compile(&c, path, STAGE_LOWER, false, false) != EXIT_FINE) return 1;
    compiled *t = driver_find(&c, transform);
    engine e;
    text why;
    text_init(&why);
    if (t == NULL || engine_open(&e, &c.memory, t, BACKEND_ANY, &why) != MTX_OK) {
        fprintf(stderr, "ready: %s\n", why.s ? why.s : "no such transform");
        return 1;
    }
    printf("%.6f\n", now() - start);
    engine_close(&e);
    driver_free(&c);
    free(copy);
    return 0;
}

int main(int argc, char **argv)
{
    return cli_guarded(whole, argc, argv);
}
