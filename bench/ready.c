/* SPDX-License-Identifier: Apache-2.0
 *
 * ready.c: ready SPEC[:TRANSFORM]
 * Prints the processor seconds from the text of a spec to its native code, loaded: reading, checking, lowering, LLVM (or the C
 * compiler where there is no LLVM), with everything that a process loads only once.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "spec.h"

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
    const double start = now();
    static spec of;
    engine e;
    if (!spec_open(&of, "ready", argv[1]) || !spec_engine(&of, of.t, &e)) return 1;
    printf("%.6f\n", now() - start);
    engine_close(&e);
    spec_close(&of);
    return 0;
}

int main(int argc, char **argv)
{
    return cli_guarded(whole, argc, argv);
}
