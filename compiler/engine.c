/* SPDX-License-Identifier: Apache-2.0
 *
 * engine.c: In: a lowered transform, structures. Out: its outputs as arrays. Owns the compiled code, the batch, scratch
 * and output memory, all reused from batch to batch. Not here: reading and writing files (cli_run.c).
 */
#include "engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "interp.h"
#include "loop_plan.h"

int64_t engine_set_size(const program *p, const mtx_view *view, set_id s, int64_t f)
{
    const set *d = &p->sets.at[s];
    switch (d->kind) {
    case SET_BASE: case SET_PAIRS: case SET_DIFFER: case SET_RECIP:
        return view->set[s].ptr[f + 1] - view->set[s].ptr[f];
    case SET_AXIS: case SET_SPECIES:
        return d->count;
    case SET_RANGE:
        return (int64_t)d->hi - d->lo + 1;
    case SET_RANK:
        return d->parent == SETIR_NONE ? d->count : engine_set_size(p, view, d->parent, f);
    }
    return 0;
}

int64_t engine_rows(const program *p, const mtx_view *view, const def *d, int64_t f)
{
    int64_t n = 1;
    for (uint32_t k = 0; k < d->n_param; k++) {
        n *= engine_set_size(p, view, p->ivars.at[d->param[k]].set, f);
    }
    return n;
}

static mtx_status engine_fill(engine *e, arena *a, const compiled *t, backend_kind backend, text *problem)
{
    e->p = t->p;
    e->loops = t->loops;
    if (!plan_from_program(a, t->p, &e->plan, problem)) {
        return MTX_EUNSUPPORTED;
    }
    uint32_t *read = arena_array(a, uint32_t, t->p->sets.n + 1);
    for (set_id s = 0; s < t->p->sets.n; s++) {
        read[s] |= module_reads(t->loops, BUF_SET_REV, s) ? MTX_NEED_REV : 0;
        read[s] |= module_reads(t->loops, BUF_SET_I, s) ? MTX_NEED_I : 0;
    }
    plan_reads(a, &e->plan, read);
    const jit_options options = {.backend = backend};
    mtx_status status = jit_compile(t->loops, &options, &e->code, problem);
    if (status != MTX_OK) {
        return status;
    }
    e->needs_param = module_reads(t->loops, BUF_PARAM, 0);
    e->batch = mtx_batch_new();
    e->output = arena_array(a, engine_output, t->p->defs.n + 1);
    e->out = arena_array(a, void *, t->p->defs.n + 1);
    for (def_id k = 0; k < t->p->defs.n; k++) {
        const def *d = &t->p->defs.at[k];
        if (d->output) {
            e->output[e->n_outputs++] = (engine_output){.def = k, .name = d->id, .real = d->declared.kind == ELEM_REAL,
                                                        .components = elem_components(d->declared)};
        }
    }
    return e->batch ? MTX_OK : MTX_ENOMEM;
}

mtx_status engine_open(engine *e, arena *a, const compiled *t, backend_kind backend, text *problem)
{
    jmp_buf here, *outer = a->guard;
    memset(e, 0, sizeof *e);
    a->guard = &here;
    mtx_status status = setjmp(here) ? MTX_ENOMEM : engine_fill(e, a, t, backend, problem);
    a->guard = outer;
    return status;
}

void engine_close(engine *e)
{
    jit_free(&e->code);
    mtx_batch_free(e->batch);
    free(e->scratch);
    for (uint32_t k = 0; k < e->n_outputs; k++) {
        free(e->output[k].data);
    }
    memset(e, 0, sizeof *e);
}

/* 64-byte aligned memory of at least that many bytes; contents are lost when it grows */
static bool reserve(void **at, size_t *have, size_t want)
{
    if (*have >= want && *at) {
        return true;
    }
    free(*at);
    *have = (want + want / 2 + 4096) / 64 * 64;
    *at = aligned_alloc(64, *have);
    if (!*at) {
        *have = 0;
    }
    return *at != NULL;
}

static bool run_kernel(engine *e, const kernel *k, kernel_fn fn, const mtx_view *view, void *const *out)
{
    size_t need = kernel_scratch_bytes(k, view, 0, view->nb);
    void *scratch = e->scratch;
    if (need == SIZE_MAX || !reserve(&scratch, &e->scratch_bytes, need + 64)) {
        e->scratch = NULL;
        return false;
    }
    e->scratch = scratch;
    fn(view, out, e->scratch, 0, view->nb);
    return true;
}

static int stage(void *user, int32_t s, const mtx_view *view, double *cutoff)
{
    engine *e = user;
    uint32_t k = e->loops->stage_of[s];
    void *out[1] = {cutoff};
    if (k == SETIR_NONE || !run_kernel(e, e->loops->stages.at[k], e->code.kernel[k], view, out)) {
        return 1;
    }
    for (int64_t f = 0; f < view->nb; f++) {
        if (!(cutoff[f] > 0 && cutoff[f] < 1e6)) {
            return (int)f + 1;
        }
    }
    return 0;
}

static mtx_status no_param(const engine *e, mtx_problem *problem)
{
    *problem = (mtx_problem){.status = MTX_EINVAL, .frame = -1, .line = -1, .atom = -1, .code = "E0636"};
    snprintf(problem->message, sizeof problem->message, "`%.200s` has parameters, and no weights are given", e->p->id);
    return MTX_EINVAL;
}

void engine_set_param(engine *e, const double *param)
{
    mtx_batch_set_param(e->batch, param);
}

mtx_status engine_apply(engine *e, const mtx_structure *const *frames, int64_t nb, mtx_problem *problem)
{
    mtx_status status = mtx_prepare(&e->plan, frames, nb, stage, e, e->batch, problem);
    if (status != MTX_OK) {
        return status;
    }
    e->view = mtx_batch_view(e->batch);
    if (e->needs_param && !e->view->param) return no_param(e, problem);
    for (uint32_t k = 0; k < e->n_outputs; k++) {
        engine_output *o = &e->output[k];
        size_t rows = 0;
        for (int64_t f = 0; f < nb; f++) {
            rows += (size_t)engine_rows(e->p, e->view, &e->p->defs.at[o->def], f);
        }
        size_t bytes = rows * o->components * (o->real ? sizeof(double) : sizeof(int32_t));
        if (!reserve(&o->data, &o->capacity, bytes + 64)) {
            return MTX_ENOMEM;
        }
        e->out[k] = o->data;
    }
    return run_kernel(e, e->loops->main, e->code.main, e->view, e->out) ? MTX_OK : MTX_ENOMEM;
}
