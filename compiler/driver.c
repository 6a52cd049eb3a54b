/* SPDX-License-Identifier: Apache-2.0
 *
 * driver.c: the pass list. In: the text of a spec. Out: per transform what each pass made. This list is the
 * architecture: docs/architecture.md draws it.
 */
#include "driver.h"

#include "ad.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "refute.h"


_Thread_local pass_time driver_times[8];

typedef void (*pass_function)(compilation *c);

static void pass_parse(compilation *c)
{
    c->module = module_load(&c->memory, &c->names, &c->sink, c->src, driver_read_file, NULL);
}

static void pass_infer(compilation *c)
{
    infer_result *r = infer_module(&c->memory, &c->names, &c->sink, c->module);
    for (uint32_t k = 0; k < r->programs.n; k++) {
        program *p = r->programs.at[k];
        vec_push(&c->memory, &c->transforms, ((compiled){.p = p, .inferred = p, .declared = p}));
    }
    for (uint32_t k = 0; k < r->tests.n; k++) {
        vec_push(&c->memory, &c->tests, r->tests.at[k]);
    }
    for (uint32_t k = 0; k < r->partial.n; k++) {          /* one run shows the errors of the laws too            */
        law_infer(&c->memory, r->partial.at[k], &c->sink);
    }
}

static void laws_of(compilation *c, compiled *t)
{
    t->declared = ad_values(&c->memory, t->inferred);
    t->laws = law_infer(&c->memory, t->declared, &c->sink);
    bool *which = arena_array(&c->memory, bool, t->inferred->defs.n + 1);
    if (!ad_by_names(t->inferred, which)) return;
    diag_sink silent;
    diag_sink_init(&silent, &c->memory);
    const law_result *any_value = law_infer(&c->memory, t->inferred, &silent);
    for (uint32_t k = 0; k < t->inferred->defs.n; k++) {
        if (which[k]) {
            t->laws->def[k] = any_value->def[k];
        }
    }
}

static void pass_laws(compilation *c)
{
    for (uint32_t k = 0; k < c->transforms.n; k++) {
        laws_of(c, &c->transforms.at[k]);
    }
}

static void pass_differentiate(compilation *c)
{
    for (uint32_t k = 0; k < c->transforms.n; k++) {
        compiled *t = &c->transforms.at[k];
        program *p = ad_expand(&c->memory, t->inferred, &c->sink);
        t->runs = p != NULL;
        if (p) t->p = p;
    }
    for (uint32_t k = 0; k < c->tests.n; k++) {
        program *p = ad_expand(&c->memory, c->tests.at[k]->p, &c->sink);
        if (p) c->tests.at[k]->p = p;
    }
}

static void pass_claims(compilation *c)
{
    for (uint32_t k = 0; k < c->transforms.n; k++) {
        compiled *t = &c->transforms.at[k];
        const program *by_numbers = ad_numbers_expand(&c->memory, t->inferred);
        t->smooth = smooth_analyse(&c->memory, by_numbers, t->runs ? t->p : NULL);
        claims_check(&c->memory, t->declared, &c->sink, t->laws, t->smooth,
                     c->search && t->runs ? refute_by_witness : NULL, t->p, &t->verdicts);
    }
}

/* What cannot be lowered yet is said; it is an error when nothing else can be run either. */
static void pass_lower(compilation *c)
{
    uint32_t before = c->sink.all.n, lowered = 0;
    for (uint32_t k = 0; k < c->transforms.n; k++) {
        compiled *t = &c->transforms.at[k];
        t->loops = lower_program(&c->memory, t->p, &c->sink);
        lowered += t->loops != NULL;
    }
    for (uint32_t k = before; lowered && k < c->sink.all.n; k++) {
        c->sink.all.at[k]->severity = SEV_WARNING;
    }
}

static const struct { const char *name; pass_function run; driver_stage stage; } passes[] = {
    {"parse", pass_parse, STAGE_PARSE},        /* text            -> trees of the spec and of what it uses     */
    {"infer", pass_infer, STAGE_INFER},        /* trees           -> set IR, kinds and units checked           */
    {"laws", pass_laws, STAGE_CHECK},          /* set IR          -> how every value transforms                */
    {"differentiate", pass_differentiate, STAGE_CHECK}, /* derivatives -> ordinary tensors                       */
    {"claims", pass_claims, STAGE_CHECK},      /* laws, claims    -> verdicts, messages                        */
    {"lower", pass_lower, STAGE_LOWER},        /* set IR          -> loops, rewritten for speed on the way     */
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

char *driver_read_file(void *unused, const char *path, size_t *n)
{
    (void)unused;
    FILE *f = fopen(path, "rb");
    if (!f) {
        return NULL;
    }
    char *s = NULL;
    size_t have = 0, room = 0;
    for (;;) {
        if (have + 65536 + 1 > room) {
            room = 2 * room + 65536 + 1;
            char *grown = realloc(s, room);
            if (!grown) {
                free(s);
                fclose(f);
                return NULL;
            }
            s = grown;
        }
        size_t got = fread(s + have, 1, 65536, f);
        have += got;
        if (got == 0) {
            break;
        }
    }
    bool bad = ferror(f) != 0;
    fclose(f);
    if (bad) {
        free(s);
        return NULL;
    }
    s[have] = 0;
    *n = have;
    return s;
}

mtx_status driver_run(compilation *c, const char *path, const char *spec, size_t n, driver_stage last, bool search)
{
    memset(c, 0, sizeof *c);
    memset(driver_times, 0, sizeof driver_times);
    arena_init(&c->memory, &c->guard);
    if (setjmp(c->guard)) {
        return MTX_ENOMEM;
    }
    intern_init(&c->names, &c->memory);
    diag_sink_init(&c->sink, &c->memory);
    c->src = source_new(&c->memory, path, spec, n);
    c->search = search;
    for (size_t k = 0; k < sizeof passes / sizeof passes[0] && passes[k].stage <= last; k++) {
        double start = now();
        passes[k].run(c);
        driver_times[k] = (pass_time){passes[k].name, now() - start};
        bool next_builds_on_it = passes[k].stage != STAGE_CHECK;
        if (c->sink.errors && (next_builds_on_it || passes[k].run == pass_laws)) {
            break;                                /* later passes read only what is right                     */
        }
    }
    diag_sort(&c->sink);
    return MTX_OK;
}

void driver_free(compilation *c)
{
    arena_free(&c->memory);
}

compiled *driver_find(compilation *c, const char *id)
{
    for (uint32_t k = 0; k < c->transforms.n; k++) {
        if (id && strcmp(c->transforms.at[k].p->id, id) == 0) {
            return &c->transforms.at[k];
        }
    }
    return id || !c->transforms.n ? NULL : &c->transforms.at[c->transforms.n - 1];
}
