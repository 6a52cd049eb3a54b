/* SPDX-License-Identifier: Apache-2.0
 *
 * api.c: mtx.h on top of the driver and the engine.
 */
#include <mtx/mtx.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "report.h"

struct mtx_spec {
    compilation c;
    text        json, messages;
};

struct mtx_transform {
    engine  e;
    int64_t nb;
};

mtx_status mtx_spec_open(const char *path, const char *spec_text, size_t size, unsigned flags, mtx_spec **spec)
{
    if (!path || !spec_text || !spec) {
        return MTX_EINVAL;
    }
    *spec = NULL;
    mtx_spec *s = calloc(1, sizeof *s);
    if (!s) {
        return MTX_ENOMEM;
    }
    text_init(&s->json);
    text_init(&s->messages);
    mtx_status status = driver_run(&s->c, path, spec_text, size, STAGE_LOWER, (flags & MTX_SPEC_SEARCH) != 0);
    if (status != MTX_OK) {
        mtx_spec_free(s);
        return status;
    }
    *spec = s;
    return MTX_OK;
}

void mtx_spec_free(mtx_spec *s)
{
    if (s) {
        text_free(&s->json);
        text_free(&s->messages);
        driver_free(&s->c);
        free(s);
    }
}

int32_t mtx_spec_errors(const mtx_spec *s)
{
    return (int32_t)s->c.sink.errors;
}

const char *mtx_spec_json(mtx_spec *s)
{
    bool first = true;
    text_free(&s->json);
    text_init(&s->json);
    text_add(&s->json, "{\"diagnostics\": [");
    report_diagnostics(&s->c, &s->json, &first);
    first = true;
    text_add(&s->json, "], \"claims\": [");
    report_claims(&s->c, &s->json, &first);
    first = true;
    text_add(&s->json, "], \"parameters\": [");
    report_parameters(&s->c, &s->json, &first);
    text_add(&s->json, "]}");
    return s->json.failed ? NULL : s->json.s;
}

const char *mtx_spec_messages(mtx_spec *s)
{
    text_free(&s->messages);
    text_init(&s->messages);
    diag_print_text(&s->c.sink, &s->messages, false, 20);
    return s->messages.failed ? NULL : s->messages.s ? s->messages.s : "";
}

int32_t mtx_spec_transforms(const mtx_spec *s)
{
    return (int32_t)s->c.transforms.n;
}

const char *mtx_spec_transform_name(const mtx_spec *s, int32_t k)
{
    return k >= 0 && (uint32_t)k < s->c.transforms.n ? s->c.transforms.at[k].p->id : NULL;
}

static mtx_status refuse(char *why, size_t size, mtx_status status, const char *reason)
{
    if (why && size) {
        snprintf(why, size, "%s", reason);
    }
    return status;
}

mtx_status mtx_transform_open(mtx_spec *s, const char *name_, mtx_transform **transform, char *why, size_t size)
{
    *transform = NULL;
    compiled *t = driver_find(&s->c, name_);
    if (s->c.sink.errors || !t) {
        return refuse(why, size, MTX_EINVAL, s->c.sink.errors ? "the spec has errors" : "no such transform");
    }
    if (!t->loops) {
        return refuse(why, size, MTX_EUNSUPPORTED, "this version cannot compile the transform: see the messages of the spec");
    }
    mtx_transform *x = calloc(1, sizeof *x);
    if (!x) {
        return refuse(why, size, MTX_ENOMEM, mtx_strerror(MTX_ENOMEM));
    }
    text problem;
    text_init(&problem);
    mtx_status status = engine_open(&x->e, &s->c.memory, t, BACKEND_ANY, &problem);
    if (status != MTX_OK) {
        refuse(why, size, status, problem.s ? problem.s : mtx_strerror(status));
        mtx_transform_close(x);
        x = NULL;
    }
    text_free(&problem);
    *transform = x;
    return status;
}

void mtx_transform_close(mtx_transform *x)
{
    if (x) {
        engine_close(&x->e);
        free(x);
    }
}

const mtx_plan *mtx_transform_plan(const mtx_transform *x)
{
    return &x->e.plan;
}

int32_t mtx_transform_params(const mtx_transform *x)
{
    return (int32_t)x->e.p->params.n;
}

mtx_param mtx_transform_param(const mtx_transform *x, int32_t k)
{
    const parameter *w = &x->e.p->params.at[k];
    return (mtx_param){w->path, (int64_t)w->first, (int64_t)parameter_numbers(x->e.p, w), w->scale};
}

void mtx_transform_set_params(mtx_transform *x, const double *params)
{
    engine_set_param(&x->e, params);
}

mtx_status mtx_transform_apply(mtx_transform *x, const mtx_structure *const *frames, int64_t nb, mtx_problem *problem)
{
    mtx_status status = engine_apply(&x->e, frames, nb, problem);
    x->nb = status == MTX_OK ? nb : 0;
    return status;
}

int32_t mtx_transform_outputs(const mtx_transform *x)
{
    return (int32_t)x->e.n_outputs;
}

mtx_values mtx_transform_values(const mtx_transform *x, int32_t k)
{
    const engine_output *o = &x->e.output[k];
    mtx_values v = {.name = o->name, .width = (int32_t)o->components};
    v.real = o->real ? o->data : NULL;
    v.whole = o->real ? NULL : o->data;
    for (int64_t f = 0; f < x->nb; f++) {
        v.rows += engine_rows(x->e.p, x->e.view, &x->e.p->defs.at[o->def], f);
    }
    return v;
}
