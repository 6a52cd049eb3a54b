/* SPDX-License-Identifier: Apache-2.0
 *
 * spec.h: what the programs here begin with. In: the words SPEC[:TRANSFORM]. Out: the compiled transform, and an engine for
 * it; what is wrong is printed. MTX_BACKEND=c: code is made by the C compiler.
 */
#ifndef MTX_BENCH_SPEC_H
#define MTX_BENCH_SPEC_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "engine.h"

typedef struct spec {
    const char  *who; /* for messages */
    char        *words;
    compilation  c;
    compiled    *t;
} spec;

static inline bool spec_open(spec *s, const char *who, const char *words)
{
    const char *path, *transform;
    memset(s, 0, sizeof *s);
    s->who = who;
    s->words = cli_split_spec(words, &path, &transform);
    if (cli_compile(&s->c, path, STAGE_LOWER, false, false) != EXIT_FINE) return false;
    s->t = driver_find(&s->c, transform);
    if (!s->t) fprintf(stderr, "%s: no such transform\n", who);
    return s->t != NULL;
}

static inline bool spec_engine(spec *s, compiled *t, engine *e)
{
    const char *wanted = getenv("MTX_BACKEND");
    backend_kind backend = wanted && !strcmp(wanted, "c") ? BACKEND_C : BACKEND_ANY;
    text why;
    text_init(&why);
    bool good = t && engine_open(e, &s->c.memory, t, backend, &why) == MTX_OK;
    if (!good) fprintf(stderr, "%s: %s\n", s->who, why.s ? why.s : "no code");
    text_free(&why);
    return good;
}

static inline void spec_close(spec *s)
{
    driver_free(&s->c);
    free(s->words);
}

#endif
