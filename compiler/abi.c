/* SPDX-License-Identifier: Apache-2.0
 *
 * abi.c: names, hash and metadata of a built library. In: a transform that was compiled to loops. Out: what
 * abi_header.c and abi_source.c print. The metadata is JSON: types, units, laws and verdicts, for programs
 * that load the library.
 */
#include "abi.h"

#include "emit_c.h"
#include "interp.h"
#include "loop_plan.h"
#include "mtx_version.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *const abi_functions[ABI_FUNCTIONS] = {"program", "stage", "scratch", "count",
                                                  "compute", "plan",  "run"};

void abi_shape(const abi *x, uint32_t o, text *out)
{
    const program *p = x->outputs.at[o].p;
    const def *d = &p->defs.at[x->outputs.at[o].def];
    bool some = false;
    for (uint32_t k = 0; k < d->n_param; k++) {
        set_id s = p->ivars.at[d->param[k]].set;
        int64_t fixed = set_constant(p, s);
        if (!some && fixed >= 0) /* the frames come first, unless a set counts them */
            text_add(out, "[frames]");
        some = true;
        if (fixed >= 0)
            text_printf(out, "[%" PRId64 "]", fixed);
        else
            text_printf(out, "[%s]", x->set[set_counted(p, s)]);
    }
    if (!some) text_add(out, "[frames]");
    if (elem_components(d->declared) > 1) text_printf(out, "[%u]", elem_components(d->declared));
}

/* ---- names --------------------------------------------------------------------------------------------- */

static const char *abi_name(arena *a, const char *words, const char *kind, uint32_t number,
                            const char **taken, uint32_t n)
{
    text t;
    text_init(&t);
    if (words && *words)
        c_identifier(words, &t);
    else
        text_printf(&t, "%s_%u", kind, number);
    for (uint32_t k = 0; k < n; k++)
        if (taken[k] && t.s && strcmp(taken[k], t.s) == 0) {
            text_printf(&t, "_%u", number);
            break;
        }
    return text_keep(a, &t);
}

static void abi_names(arena *a, abi *x)
{
    const program *p = x->t->p;
    x->slot = arena_array(a, const char *, p->slots.n + 1);
    x->set = arena_array(a, const char *, p->sets.n + 1);
    x->input = arena_array(a, const char *, p->inputs.n + 1);
    x->param = arena_array(a, const char *, p->params.n + 1);
    const char **output = arena_array(a, const char *, p->defs.n + 1);
    for (uint32_t k = 0; k < p->slots.n; k++)
        x->slot[k] = abi_name(a, p->slots.at[k].id, "slot", k, x->slot, k);
    for (uint32_t k = 0; k < p->sets.n; k++) x->set[k] = abi_name(a, p->sets.at[k].id, "set", k, x->set, k);
    for (uint32_t k = 0; k < p->inputs.n; k++)
        x->input[k] = abi_name(a, p->inputs.at[k].id, "input", k, x->input, k);
    for (uint32_t k = 0; k < p->params.n; k++)
        x->param[k] = abi_name(a, p->params.at[k].path, "param", k, x->param, k);
    for (uint32_t k = 0; k < p->defs.n; k++)
        if (p->defs.at[k].output) {
            const char *words = abi_name(a, p->defs.at[k].id, "output", k, output, x->outputs.n);
            output[x->outputs.n] = words;
            vec_push(a, &x->outputs, ((abi_output){.name = words, .p = p, .def = k, .of = SETIR_NONE, .why = ""}));
        }
}

/* ---- metadata ------------------------------------------------------------------------------------------ */

static void json_pair(text *out, const char *key, const char *value)
{
    text_json(out, key);
    text_add(out, ": ");
    text_json(out, value ? value : "");
}

static void json_unit(text *out, unit u, double scale)
{
    text t;
    text_init(&t);
    unit_text(u, &t);
    json_pair(out, "unit", t.s ? t.s : "1");
    if (scale != 1.0) /* number written = number in that unit * factor */
        text_printf(out, ", \"unit_factor\": %.17g", scale);
    text_free(&t);
}

static const char *elem_word(elem e)
{
    static const char *const words[] = {
        [ELEM_REAL] = "real", [ELEM_BOOL] = "bool", [ELEM_SPECIES] = "species", [ELEM_INDEX] = "index"};
    return words[e.kind];
}

static void json_claims(const abi *x, def_id subject, text *out)
{
    const verdict_list *all = &x->t->verdicts;
    bool any = false;
    text_add(out, "\"claims\": [");
    for (uint32_t k = 0; k < all->n; k++) {
        const verdict *v = &all->at[k];
        if (v->claim->subject != subject) continue;
        text_add(out, any ? ", {" : "{");
        any = true;
        json_pair(out, "claim", v->claim_word);
        text_add(out, ", ");
        json_pair(out, "verdict", verdict_text[v->kind]);
        text_add(out, ", ");
        json_pair(out, "evidence", v->evidence);
        text_add(out, "}");
    }
    text_add(out, "]");
}

static void json_sets(const abi *x, text *out)
{
    static const char *const kinds[] = {"base", "pairs", "differ",  "recip",
                                        "axis", "range", "species", "rank"};
    const program *p = x->t->p;
    text_add(out, "\"sets\": [");
    for (uint32_t k = 0; k < p->sets.n; k++) {
        text_add(out, k ? ", {" : "{");
        json_pair(out, "name", p->sets.at[k].id);
        text_add(out, ", ");
        json_pair(out, "kind", kinds[p->sets.at[k].kind]);
        if (set_constant(p, k) >= 0) text_printf(out, ", \"size\": %" PRId64, set_constant(p, k));
        const set *s = &p->sets.at[k];
        for (int32_t j = 0; s->kind == SET_SPECIES && j < s->count; j++)
            text_printf(out, "%s%d%s", j ? ", " : ", \"elements\": [", s->species[j], j + 1 < s->count ? "" : "]");
        text_add(out, "}");
    }
    text_add(out, "]");
}

static void json_inputs(const abi *x, text *out)
{
    const program *p = x->t->p;
    text_add(out, "\"inputs\": [");
    for (uint32_t k = 0; k < p->inputs.n; k++) {
        text_add(out, k ? ", {" : "{");
        json_pair(out, "name", p->inputs.at[k].id);
        text_add(out, ", ");
        json_pair(out, "type", elem_word(p->inputs.at[k].elem));
        text_printf(out, ", \"width\": %d, ", x->plan.inputs[k].width);
        json_unit(out, p->inputs.at[k].unit, 1.0);
        text_add(out, "}");
    }
    text_add(out, "]");
}

/* unit_factor: number of a weights file * 1/factor = number in base units, as of outputs */
static void json_params(const abi *x, text *out)
{
    const program *p = x->t->p;
    text_add(out, "\"params\": [");
    for (uint32_t k = 0; k < p->params.n; k++) {
        const parameter *w = &p->params.at[k];
        text_add(out, k ? ", {" : "{");
        json_pair(out, "path", w->path);
        text_add(out, ", ");
        json_pair(out, "name", x->param[k]);
        text_printf(out, ", \"offset\": %" PRIu64 ", \"count\": %" PRIu64 ", \"channels\": %u, \"domain\": [", w->first,
                    parameter_numbers(p, w), w->elem.channels);
        for (uint32_t j = 0; j < w->n_domain; j++) text_printf(out, "%s%u", j ? ", " : "", w->domain[j]);
        text_add(out, "], ");
        json_unit(out, w->unit, 1 / w->scale);
        text_add(out, "}");
    }
    text_add(out, "]");
}

static void json_outputs(const abi *x, text *out)
{
    text_add(out, "\"outputs\": [");
    for (uint32_t o = 0; o < x->outputs.n; o++) {
        const program *p = x->outputs.at[o].p;
        const def *d = &p->defs.at[x->outputs.at[o].def];
        text_add(out, o ? ", {" : "{");
        json_pair(out, "name", d->id ? d->id : x->outputs.at[o].name);
        text_add(out, ", ");
        json_pair(out, "type", elem_word(d->declared));
        text_printf(out, ", \"rank\": %u, \"components\": %u, \"domain\": [", d->declared.rank,
                    elem_components(d->declared));
        for (uint32_t k = 0; k < d->n_param; k++)
            text_printf(out, "%s%u", k ? ", " : "", p->ivars.at[d->param[k]].set);
        text_add(out, "], ");
        json_unit(out, d->out_unit, d->has_unit ? d->out_scale : 1.0);
        text_add(out, ", ");
        json_pair(out, "doc", d->doc);
        text_add(out, ", ");
        text_printf(out, "\"ghosts\": %s, ", abi_ghosts(x, o) ? "true" : "false");
        json_claims(x, x->outputs.at[o].def, out);
        text_add(out, "}");
    }
    text_add(out, "]");
}

static void abi_meta(const abi *x, text *out)
{
    const program *p = x->t->p;
    text_add(out, "{");
    json_pair(out, "transform", p->id);
    text_add(out, ", ");
    json_pair(out, "mtx", MTX_VERSION);
    text_add(out, ", ");
    json_pair(out, "hash", x->hash);
    text_add(out, ", ");
    json_pair(out, "doc", p->doc);
    text_add(out, ", \"cites\": [");
    for (uint32_t k = 0; k < p->cites.n; k++) {
        text_add(out, k ? ", " : "");
        text_json(out, p->cites.at[k]);
    }
    text_add(out, "], ");
    json_sets(x, out);
    text_add(out, ", ");
    json_inputs(x, out);
    text_add(out, ", ");
    json_params(x, out);
    text_add(out, ", ");
    json_outputs(x, out);
    text_add(out, "}");
}

/* ---- hash: FNV-1a over what a caller and a result depend on -------------------------------------------- */

static const char *abi_hash(arena *a, const abi *x)
{
    text t;
    text_init(&t);
    text_printf(&t, "%s %s\n", MTX_VERSION, x->prefix);
    abi_meta(x, &t);
    program_dump(x->t->p, &t);
    for (uint32_t k = 0; k < x->t->loops->stages.n; k++) kernel_dump(x->t->loops->stages.at[k], &t);
    for (uint32_t k = 0; k < x->entries.n; k++) kernel_dump(x->entries.at[k].k, &t);
    const size_t n = t.n;
    const char *words = text_keep(a, &t);
    uint64_t h = UINT64_C(14695981039346656037);
    for (size_t k = 0; k < n; k++) h = (h ^ (unsigned char)words[k]) * UINT64_C(1099511628211);
    return arena_printf(a, "%016" PRIx64, h);
}

bool abi_make(arena *a, const compiled *t, const char *prefix, abi *out, text *problem)
{
    *out = (abi){.t = t, .prefix = prefix};
    if (!plan_from_program(a, t->p, &out->plan, problem)) return false;
    abi_names(a, out);
    abi_entries(a, out);
    static const uint32_t need[2] = {MTX_NEED_REV, MTX_NEED_I};
    static const buffer_kind kind[2] = {BUF_SET_REV, BUF_SET_I};
    uint32_t *read = arena_array(a, uint32_t, t->p->sets.n + 1);
    for (set_id s = 0; s < t->p->sets.n; s++)
        for (int k = 0; k < 2; k++)
            read[s] |= abi_reads(out, kind[k], s) || module_reads(t->loops, kind[k], s) ? need[k] : 0;
    plan_reads(a, &out->plan, read);
    out->hash = abi_hash(a, out);
    text meta;
    text_init(&meta);
    abi_meta(out, &meta);
    out->meta = text_keep(a, &meta);
    return true;
}
