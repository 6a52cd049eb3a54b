/* SPDX-License-Identifier: Apache-2.0
 *
 * check.h: what the tests of the laws share: settings from the environment, one program under one symmetry,
 * what went wrong.
 */
#ifndef MTX_TESTS_LAW_CHECK_H
#define MTX_TESTS_LAW_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "related.h"
#include "setir_text.h"

#ifndef LAW_TIMES /* the full tier does the same many times over                              */
#define LAW_TIMES 1
#endif

typedef struct tally {
    long applied, exact, checked, unclear, wrong;
} tally;

static inline long setting(const char *variable, long otherwise)
{
    const char *s = getenv(variable);
    return s ? atol(s) : otherwise;
}

static inline void must_verify(const program *p, uint64_t seed)
{
    text problem;
    text_init(&problem);
    if (!program_verify(p, &problem)) fail_msg("seed %lu: %s", (unsigned long)seed, problem.s);
    text_free(&problem);
}

static inline void dump(const program *p)
{
    if (!getenv("MTX_DUMP")) return;
    text words;
    text_init(&words);
    program_dump(p, &words);
    fputs(words.s, stderr);
    text_free(&words);
}

/* the program too when MTX_DUMP is set */
static inline void complain(const world *w, def_id d, const char *what, symmetry sym, uint64_t seed)
{
    print_error("seed %lu: %s (d%u) is said to be exact under %s: %.17g instead of %.17g\n",
                (unsigned long)seed, what, d, symmetry_text[sym], w->after, w->before);
    dump(w->p);
}

/* What the laws say of tensor d under the symmetry drawn, where they say anything. False: it is wrong. */
static inline bool holds(world *w, def_id d, tally *t)
{
    law_level level = world_law(w, d)->status[w->g.sym].level;
    if (level < LAW_ALMOST) return true;
    bool almost = level == LAW_ALMOST;
    related r = almost && world_tied(w) ? NO_EVIDENCE : world_related(w, d);
    t->exact++;
    t->checked += r == RELATED;
    t->unclear += r == NO_EVIDENCE;
    t->wrong += r == UNRELATED;
    return r != UNRELATED;
}

#endif
