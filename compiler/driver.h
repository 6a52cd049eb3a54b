/* SPDX-License-Identifier: Apache-2.0
 *
 * driver.h: the compiler as a list of passes over one spec. Never prints, never exits: messages are in `sink`.
 */
#ifndef MTX_DRIVER_H
#define MTX_DRIVER_H

#include "claims.h"
#include "infer.h"
#include "loopir.h"

#include <mtx/mtxrt.h>

typedef enum driver_stage {
    STAGE_PARSE,                 /* the tree                                                                   */
    STAGE_INFER,                 /* programs of the set IR                                                     */
    STAGE_CHECK,                 /* laws, smoothness, verdicts                                                 */
    STAGE_LOWER                  /* loop IR                                                                    */
} driver_stage;

typedef struct compiled {        /* one transform                                                              */
    program       *p;            /* derivatives written out: what is run, lowered, built                       */
    program       *inferred;     /* as read; constants that derivatives are taken by have names                */
    program       *declared;     /* constants as values, derivatives as such: what is judged                   */
    law_result    *laws;
    smooth_result *smooth;
    verdict_list   verdicts;
    bool           runs;         /* every derivative has been written out                                      */
    bool           product;      /* made by products.h, not in the spec                                        */
    module        *loops;        /* NULL: not lowered, a message says why                                      */
} compiled;

typedef struct compilation {
    arena        memory;
    intern       names;
    diag_sink    sink;
    const source *src;
    spec_module *module;
    VEC(compiled) transforms;
    VEC(test_program *) tests;   /* `test` blocks of the spec                                                  */
    bool         search;         /* look for witnesses of claims that the rules do not give                    */
    jmp_buf      guard;
} compilation;

/* Runs the passes up to and including `last`; stops after a pass that reported errors. MTX_OK also when the spec has
 * errors (see sink.errors); MTX_ENOMEM when memory is exhausted. The text is copied. Free with driver_free, always. */
mtx_status driver_run(compilation *c, const char *path, const char *text, size_t n, driver_stage last, bool search);
void       driver_free(compilation *c);
/* The transform of that name, or the only one, or the last one when `id` is NULL; NULL when there is none. */
compiled  *driver_find(compilation *c, const char *id);

/* Seconds per pass of the last run, for --time-passes: name, seconds; ends with a NULL name. */
typedef struct pass_time { const char *pass; double seconds; } pass_time;
extern _Thread_local pass_time driver_times[8];

/* a whole file in malloc memory, NUL-terminated; NULL when it cannot be read */
char *driver_read_file(void *unused, const char *path, size_t *n);

#endif
