/* SPDX-License-Identifier: Apache-2.0
 *
 * testgen_derived.c: the derivatives in a transform and what they are derivatives of, compiled as outputs, so that
 * generated tests can look at them whatever the transform gives. In: the program as declared. Out: an engine. Also
 * here: batches of structures that differ in one of the slots.
 */
#include "ad.h"
#include "testgen_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- the engine ---------------------------------------------------------------------------------------- */

static void show(program *p, def_id k)
{
    def *d = &p->defs.at[k];
    if (!d->output) d->declared = d->elem;
    d->output = true;
    d->out_scale = 1;
    d->has_unit = false;
}

/* a copy whose outputs are the derivatives, what they are of and the directions that they are along; NULL: there are none */
static program *with_derivatives(arena *a, const program *inferred)
{
    program *p = program_copy(a, inferred);
    bool any = false;
    for (def_id k = 0; k < p->defs.n; k++) p->defs.at[k].output = false;
    for (def_id k = 0; k < p->defs.n; k++) {
        const def *d = &p->defs.at[k];
        if (!lib_is_derivative(d->lib) || d->nested || p->defs.at[d->lib_arg].nested) continue;
        if (d->lib == LIB_ALONG && p->defs.at[d->along].nested) continue;
        show(p, d->lib_arg);
        show(p, k);
        if (d->lib == LIB_ALONG) show(p, d->along);
        any = true;
    }
    return any ? p : NULL;
}

bool testgen_derive(tester *x)
{
    diag_sink sink;
    text why;
    program *p = with_derivatives(x->a, x->t->inferred);
    if (!p) return false;
    text_init(&why);
    diag_sink_init(&sink, x->a);
    x->d.t = *x->t;
    x->d.t.p = ad_expand(x->a, p, &sink);
    x->d.t.loops = x->d.t.p ? lower_program(x->a, x->d.t.p, &sink) : NULL;
    x->d.open = x->d.t.loops && engine_open(&x->d.e, x->a, &x->d.t, x->backend, &why) == MTX_OK;
    if (x->d.open)
        engine_set_param(&x->d.e, x->param);
    else
        testgen_add(x, false, false, arena_printf(x->a, "%s: derivatives compile", x->p->id),
                    arena_printf(x->a, "%s", why.s ? why.s : "no code for the derivatives"), NULL);
    text_free(&why);
    return x->d.open;
}

uint32_t testgen_output_of(const engine *e, def_id d)
{
    for (uint32_t o = 0; o < e->n_outputs; o++)
        if (e->output[o].def == d) return o;
    return SETIR_NONE;
}

bool testgen_same(const program *p, def_id a, def_id b)
{
    const def *one = &p->defs.at[a], *two = &p->defs.at[b];
    return a == b || (one->lib == LIB_NONE && two->lib == LIB_NONE && !one->n_param && !two->n_param &&
                      one->body == two->body);
}

/* its name, or that of an output which is the same number */
static const char *energy_words(const program *p, def_id id)
{
    const char *words = p->defs.at[id].id;
    for (def_id k = 0; k < p->defs.n && !words; k++)
        if (p->defs.at[k].output && testgen_same(p, k, id)) words = p->defs.at[k].id;
    return words ? words : "energy";
}

/* a derivative as the spec has it, on one line */
static const char *call_words(arena *a, const def *d)
{
    if (!d->lib_at.src) return "grad by a constant";
    char *words = arena_strndup(a, d->lib_at.src->text + d->lib_at.start, d->lib_at.end - d->lib_at.start);
    for (char *c = words; *c; c++)
        if (*c == '\n' || *c == '#') *c = ' ';
    return words;
}

const char *testgen_words(tester *x, def_id id)
{
    const program *p = x->t->declared;
    const def *d = &p->defs.at[id];
    if (!lib_is_derivative(d->lib)) return energy_words(p, id);
    const char *more = d->lib == LIB_ALONG ? ", ..." : "", *energy = testgen_words(x, d->lib_arg);
    const char *base = d->wrt.slot < p->slots.n ? p->slots.at[d->wrt.slot].id : "";
    switch (d->wrt.kind) {
    case WRT_STRAIN: return arena_printf(x->a, "grad(%s, strain(%s)%s)", energy, base, more);
    case WRT_CELL:
        return arena_printf(x->a, "grad(%s, %s.%s%s)", energy, base, p->slots.at[d->wrt.slot].cell_name, more);
    case WRT_PAIRS: {
        const char *pairs = p->sets.at[d->wrt.set].id;
        return arena_printf(x->a, "grad(%s, %s.d)", energy, pairs ? pairs : "pairs");
    }
    case WRT_NAMED: return call_words(x->a, d);
    case WRT_PARAM: return arena_printf(x->a, "grad(%s, %s%s)", energy, p->params.at[d->wrt.param].path, more);
    case WRT_INPUT: break;
    }
    return arena_printf(x->a, "grad(%s, %s%s%s%s)", energy, base, *base ? "." : "", p->inputs.at[d->wrt.input].id, more);
}

/* ---- batches ------------------------------------------------------------------------------------------- */

bool testgen_apply(tester *x, engine *e, uint32_t base, const mtx_structure *frames, int64_t count)
{
    uint32_t slots = x->p->slots.n;
    const mtx_structure **list = malloc(sizeof *list * (size_t)(slots * count + 1));
    if (!list) return false;
    for (uint32_t s = 0; s < slots; s++)
        for (int64_t f = 0; f < count; f++) list[s * count + f] = s == base ? &frames[f] : &x->before[s];
    mtx_problem problem;
    bool good = engine_apply(e, list, count, &problem) == MTX_OK;
    free(list);
    return good;
}

int64_t testgen_numbers(const engine *e, uint32_t o, int64_t f)
{
    return engine_rows(e->p, e->view, &e->p->defs.at[e->output[o].def], f) * e->output[o].components;
}

const double *testgen_values(const engine *e, uint32_t o, int64_t f, int64_t *n)
{
    int64_t at = 0;
    for (int64_t g = 0; g < f; g++) at += testgen_numbers(e, o, g);
    *n = testgen_numbers(e, o, f);
    return (const double *)e->output[o].data + at;
}

mtx_structure *testgen_copies(const mtx_structure *of, int64_t count)
{
    mtx_structure *s = calloc((size_t)count + 1, sizeof *s);
    bool good = s != NULL;
    for (int64_t k = 0; k < count && s; k++) {
        mtx_structure_init(&s[k]);
        good &= mtx_structure_copy(&s[k], of) == MTX_OK;
    }
    if (good) return s;
    if (s) testgen_copies_free(s, count);
    return NULL;
}

void testgen_copies_free(mtx_structure *frames, int64_t count)
{
    for (int64_t k = 0; k < count && frames; k++) mtx_structure_free(&frames[k]);
    free(frames);
}

/* ---- clusters without images --------------------------------------------------------------------------- */

/* does the value see the lattice, or places, other than through pairs */
static bool sees_more(const program *p, node_id id, bool *seen)
{
    if (id == SETIR_NONE || seen[id]) return false;
    seen[id] = true;
    const node *n = &p->nodes.at[id];
    switch ((int)n->op) {
    case OP_CELL_VEC:
    case OP_NIGGLI_VEC:
    case OP_VOLUME:
    case OP_FRAC:
    case OP_PHASE:
    case OP_RECIP_K:
    case OP_NEAREST:
    case OP_SPOT_R:
    case OP_LOOKUP: return true;
    case OP_INPUT:
        if (p->inputs.at[n->imm.input].role == IN_POSITION || p->inputs.at[n->imm.input].elem.rank)
            return true;
        break;
    case OP_ACCESS:
    case OP_PADGET: {
        const def *d = &p->defs.at[n->imm.def];
        while (d->lib != LIB_NONE && d->lib != LIB_ALONG) d = &p->defs.at[d->lib_arg];
        if (d->lib == LIB_ALONG) return true;
        if (sees_more(p, d->body, seen)) return true;
        break;
    }
    default: break;
    }
    for (uint32_t k = 0; k < n->n_args; k++)
        if (sees_more(p, n->arg[k], seen)) return true;
    return false;
}

bool testgen_sees_more(const tester *x, def_id of)
{
    const program *p = x->t->declared;
    return p->defs.at[of].lib != LIB_NONE || sees_more(p, p->defs.at[of].body, arena_array(x->a, bool, p->nodes.n + 1));
}

double testgen_reach(const tester *x, def_id energy, uint32_t base)
{
    const program *p = x->t->declared;
    if (testgen_sees_more(x, energy)) return NAN;
    double reach = 0;
    for (int32_t s = 0; s < x->e.plan.n_sets; s++) {
        const mtx_set_desc *desc = &x->e.plan.sets[s];
        if (desc->kind == MTX_SET_DIFFER || desc->kind == MTX_SET_RECIP) return NAN;
        if (desc->kind != MTX_SET_PAIRS || p->sets.at[s].slot != base) continue;
        if (!(desc->cutoff > 0)) return NAN; /* computed for each structure */
        reach = fmax(reach, desc->cutoff);
    }
    return reach > 0 ? reach : NAN;
}

void testgen_isolate(const tester *x, uint32_t base, mtx_structure *s, double edge)
{
    memset(s->cell, 0, sizeof s->cell);
    for (int k = 0; k < 3; k++) {
        s->pbc[k] = x->p->slots.at[base].axes >> k & 1;
        if (s->pbc[k]) s->cell[k][k] = edge;
    }
}
