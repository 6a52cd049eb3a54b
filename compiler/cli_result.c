/* SPDX-License-Identifier: Apache-2.0
 *
 * cli_result.c: what mtx run writes. In: batches that an engine has computed. Out: one file of results, its arrays named and
 * shaped as the spec says. Computing and reading are not done here.
 */
#include "cli.h"
#include "cli_result.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------------------- names and shapes */

static bool data_set(const program *p, set_id s)
{
    const set *d = &p->sets.at[s];
    return d->kind == SET_BASE || d->kind == SET_PAIRS || d->kind == SET_DIFFER || d->kind == SET_RECIP ||
           (d->kind == SET_RANK && d->parent != SETIR_NONE && data_set(p, d->parent));
}

static const char *set_name(const program *p, set_id s, arena *a)
{
    const set *d = &p->sets.at[s];
    if (d->kind == SET_RANK) {
        return arena_printf(a, "rank_%s", set_name(p, d->parent, a));
    }
    if (!d->id) {
        return arena_printf(a, "%s%u", d->kind == SET_PAIRS ? "pairs" : "set", s);
    }
    for (set_id o = 0; o < p->sets.n; o++) {
        if (o != s && p->sets.at[o].id == d->id && data_set(p, o) && d->slot != SETIR_NONE) {
            return arena_printf(a, "%s.%s", p->slots.at[d->slot].id, d->id);
        }
    }
    return d->id;
}

/* The set of rows that an output is written over: the data sets of its domain, several of them as one product. */
static int32_t rows_of_output(run_result *r, const def *d)
{
    const program *p = r->t->p;
    arena *a = r->a;
    set_id found[8];
    uint32_t n = 0;
    for (uint32_t k = 0; k < d->n_param && n < 8; k++) {
        set_id s = p->ivars.at[d->param[k]].set;
        if (data_set(p, s)) {
            found[n++] = s;
        }
    }
    if (!n) {
        return -1;
    }
    const char *label = set_name(p, found[0], a);
    for (uint32_t k = 1; k < n; k++) {
        label = arena_printf(a, "%s.%s", label, set_name(p, found[k], a));
    }
    for (uint32_t k = 0; k < r->n_sets; k++) {
        if (!strcmp(r->sets[k].name, label)) {
            return (int32_t)k;
        }
    }
    const set *first = &p->sets.at[found[0]];
    mtx_rows_kind kind = n == 1 && first->kind == SET_PAIRS ? MTX_ROWS_PAIRS
                       : n == 1 && first->kind == SET_BASE && first->slot == r->moving ? MTX_ROWS_ATOMS : MTX_ROWS_PLAIN;
    r->sets[r->n_sets] = (mtx_output_set){label, kind};
    r->set_of[r->n_sets] = n == 1 ? found[0] : SETIR_NONE;
    return (int32_t)r->n_sets++;
}

/* Fixed sets of the domain and components become the shape of a row; they must follow the data sets. */
static bool output_shape(run_result *r, const def *d, mtx_output *o, const char **why)
{
    const program *p = r->t->p;
    bool fixed_seen = false;
    for (uint32_t k = 0; k < d->n_param; k++) {
        set_id s = p->ivars.at[d->param[k]].set;
        if (data_set(p, s)) {
            if (fixed_seen) {
                *why = "an index over sites, pairs or ranks must stand before those over fixed sets";
                return false;
            }
            continue;
        }
        fixed_seen = true;
        if (o->rank == MTX_OUTPUT_RANK) {
            *why = "more than eight indices over fixed sets";
            return false;
        }
        o->shape[o->rank++] = engine_set_size(p, NULL, s, 0);
    }
    if (d->declared.kind == ELEM_REAL && (d->declared.rank || d->declared.channels)) {
        int more = d->declared.rank == 2 ? 2 : 1;
        if (o->rank + more > MTX_OUTPUT_RANK) {
            *why = "more than eight indices";
            return false;
        }
        for (int k = 0; k < more; k++) {
            o->shape[o->rank++] = d->declared.channels ? d->declared.channels : 3;
        }
    }
    return true;
}

static const char *law_word(const def *d)
{
    if (d->declared.kind != ELEM_REAL) {
        return d->declared.kind == ELEM_SPECIES ? "species" : "bool";
    }
    if (d->is_point) {
        return "point";
    }
    return d->declared.rank == 2 ? "tensor(2)" : d->declared.rank == 1 ? d->pseudo ? "pseudovector" : "vector"
         : d->pseudo ? "pseudoscalar" : "scalar";
}

/* FNV-1a over the numbers in base units: the same for the same weights, whatever their file is called */
static uint64_t hash_of(const double *x, uint64_t n)
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (uint64_t k = 0; k < n; k++) {
        uint64_t bits;
        memcpy(&bits, &x[k], sizeof bits);
        for (int b = 0; b < 64; b += 8) {
            h = (h ^ (bits >> b & 0xff)) * UINT64_C(1099511628211);
        }
    }
    return h;
}

static char *meta_json(run_result *r)
{
    text t;
    text_init(&t);
    text_add(&t, "{\"transform\": ");
    text_json(&t, r->t->p->id);
    text_add(&t, ", \"doc\": ");
    text_json(&t, r->t->p->doc ? r->t->p->doc : "");
    text_add(&t, ", \"cites\": [");
    for (uint32_t k = 0; k < r->t->p->cites.n; k++) {
        text_add(&t, k ? ", " : "");
        text_json(&t, r->t->p->cites.at[k]);
    }
    text_add(&t, "], \"claims\": [");
    bool any = false;
    for (uint32_t k = 0; k < r->t->verdicts.n; k++) {
        const verdict *v = &r->t->verdicts.at[k];
        if (r->t->declared->defs.at[v->claim->subject].output && !r->t->p->defs.at[v->claim->subject].output) {
            continue;                              /* of an output that was not asked for                    */
        }
        text_add(&t, any ? ", {\"subject\": " : "{\"subject\": ");
        any = true;
        text_json(&t, r->t->p->defs.at[v->claim->subject].id);
        text_add(&t, ", \"claim\": ");
        text_json(&t, v->claim_word);
        text_add(&t, ", \"verdict\": ");
        text_json(&t, verdict_text[v->kind]);
        text_add(&t, "}");
    }
    text_add(&t, "]");
    if (r->weights) {
        text_add(&t, ", \"weights\": {\"file\": ");
        text_json(&t, r->weights);
        text_printf(&t, ", \"hash\": \"%016" PRIx64 "\"}", hash_of(r->param, program_param_numbers(r->t->p)));
    }
    text_add(&t, "}");
    return text_keep(r->a, &t);
}

/* the sets of data that an output runs over, each once */
static void add_factors(run_result *r, const def *d)
{
    for (uint32_t i = 0; i < d->n_param; i++) {
        set_id s = r->t->p->ivars.at[d->param[i]].set;
        bool known = !data_set(r->t->p, s);
        for (uint32_t q = 0; q < r->n_sets; q++) {
            known = known || r->set_of[q] == s;
        }
        if (!known) {
            r->sets[r->n_sets] = (mtx_output_set){set_name(r->t->p, s, r->a), MTX_ROWS_PLAIN};
            r->set_of[r->n_sets++] = s;
        }
    }
}

static mtx_status open_writer(run_result *r, mtx_problem *problem)
{
    arena *a = r->a;
    uint32_t n = r->e->n_outputs;
    mtx_output *out = arena_array(a, mtx_output, n + 1);
    r->sets = arena_array(a, mtx_output_set, n + r->t->p->sets.n + 1);
    r->set_of = arena_array(a, set_id, n + r->t->p->sets.n + 1);
    r->set_rows = arena_array(a, mtx_set_rows, n + r->t->p->sets.n + 1);
    r->over = arena_array(a, const def *, n + r->t->p->sets.n + 1);
    r->product_ptr = arena_array(a, int64_t *, n + r->t->p->sets.n + 1);
    for (uint32_t k = 0; k < n; k++) {
        const def *d = &r->t->p->defs.at[r->e->output[k].def];
        const char *why = NULL;
        out[k] = (mtx_output){.name = d->id, .unit = d->has_unit ? cli_unit_words(a, d->type_at) : NULL, .law = law_word(d), .doc = d->doc,
                              .dtype = d->declared.kind == ELEM_REAL ? MTX_F64 : d->declared.kind == ELEM_BOOL ? MTX_BOOL : MTX_I32};
        if (!output_shape(r, d, &out[k], &why)) {
            *problem = (mtx_problem){.status = MTX_EINVAL, .code = "E0641", .frame = -1, .line = -1, .atom = -1};
            snprintf(problem->message, sizeof problem->message, "the result does not fit this format: %s: %s", d->id, why);
            return MTX_EINVAL;
        }
        out[k].set = rows_of_output(r, d);
        if (out[k].set >= 0 && !r->over[out[k].set]) {
            r->over[out[k].set] = d;
        }
    }
    uint32_t declared = r->n_sets, n_out = n;
    for (uint32_t k = 0; k < declared; k++) {       /* a product of sets is read with the ptr of its factors     */
        for (uint32_t j = 0; r->set_of[k] == SETIR_NONE && j < n; j++) {
            if (out[j].set == (int32_t)k) {
                add_factors(r, &r->t->p->defs.at[r->e->output[j].def]);
            }
        }
    }
    if (r->named) {
        out[n_out++] = (mtx_output){.name = "id", .set = -1, .dtype = MTX_TEXT, .doc = "the frame's own id"};
    }
    mtx_writer_options options = {.meta = meta_json(r)};
    return mtx_writer_open(&r->writer, r->path, out, (int32_t)n_out, r->sets, (int32_t)r->n_sets, &options, problem);
}

/* -------------------------------------------------------------------------------------------- one batch */

static const void *bool_column(run_result *r, uint32_t k, int64_t rows)
{
    char *grown = realloc(r->bool_bytes[k], (size_t)rows + 1);
    if (!grown) {
        return NULL;
    }
    r->bool_bytes[k] = grown;
    for (int64_t i = 0; i < rows; i++) {
        grown[i] = ((const int32_t *)r->e->output[k].data)[i] != 0;
    }
    return grown;
}

static mtx_status no_room(mtx_problem *problem)
{
    *problem = (mtx_problem){.status = MTX_ENOMEM, .frame = -1, .line = -1, .atom = -1};
    snprintf(problem->code, sizeof problem->code, "E0600");
    snprintf(problem->message, sizeof problem->message, "%s", mtx_strerror(MTX_ENOMEM));
    return MTX_ENOMEM;
}

/* ptr of the rows of set k in this batch; products and ranks have their own arrays */
static const int64_t *batch_ptr(run_result *r, uint32_t k, int64_t nb, const def *of)
{
    const program *p = r->t->p;
    set_id s = r->set_of[k];
    if (s != SETIR_NONE && p->sets.at[s].kind != SET_RANK) {
        return r->e->view->set[s].ptr;
    }
    if (!r->product_ptr[k]) {
        r->product_ptr[k] = arena_array(r->a, int64_t, RESULT_FRAMES + 1);
    }
    int64_t *ptr = r->product_ptr[k];
    for (int64_t f = 0; f <= nb; f++) {
        if (f == 0) {
            ptr[0] = 0;
            continue;
        }
        int64_t rows = s != SETIR_NONE ? engine_set_size(p, r->e->view, s, f - 1) : 1;
        for (uint32_t j = 0; s == SETIR_NONE && j < of->n_param; j++) {
            set_id d = p->ivars.at[of->param[j]].set;
            rows *= data_set(p, d) ? engine_set_size(p, r->e->view, d, f - 1) : 1;
        }
        ptr[f] = ptr[f - 1] + rows;
    }
    return ptr;
}

/* nan and infinity are written as they are, and told at the end */
static void note_odd(run_result *r, const mtx_structure *const *frames, int64_t nb)
{
    for (uint32_t k = 0; k < r->e->n_outputs; k++) {
        const engine_output *o = &r->e->output[k];
        const double *x = o->data;
        for (int64_t f = 0; o->real && f < nb; f++) {
            int64_t n = engine_rows(r->e->p, r->e->view, &r->e->p->defs.at[o->def], f) * o->components;
            bool odd = false;
            for (int64_t i = 0; i < n; i++) {
                odd |= !isfinite(x[i]);
            }
            x += n;
            if (odd && r->odd++ == 0) {
                snprintf(r->odd_first, sizeof r->odd_first, "`%s` is not a finite number in frame %lld of %.150s", o->name,
                         (long long)frames[f]->frame, r->input);
            }
        }
    }
}

static mtx_status write_batch(run_result *r, const mtx_structure *const *frames, int64_t nb, mtx_problem *problem)
{
    const void *data[RESULT_OUTPUTS + 1];
    const char *ids[RESULT_FRAMES];
    const program *p = r->t->p;
    for (uint32_t k = 0; k < r->n_sets; k++) {
        set_id s = r->set_of[k];
        r->set_rows[k] = (mtx_set_rows){.ptr = batch_ptr(r, k, nb, r->over[k])};
        if (s != SETIR_NONE && p->sets.at[s].kind == SET_PAIRS) {
            const mtx_set_view *v = &r->e->view->set[s];
            r->set_rows[k] = (mtx_set_rows){v->ptr, v->i, v->j, v->sx, v->sy, v->sz, r->e->view->set[p->sets.at[s].parent].ptr};
        }
    }
    for (uint32_t k = 0; k < r->e->n_outputs; k++) {
        const def *d = &p->defs.at[r->e->output[k].def];
        data[k] = r->e->output[k].data;
        if (d->declared.kind == ELEM_BOOL) {
            int64_t rows = 0;
            for (int64_t f = 0; f < nb; f++) {
                rows += engine_rows(p, r->e->view, d, f);
            }
            data[k] = bool_column(r, k, rows);
            if (!data[k]) {
                return no_room(problem);
            }
        }
    }
    for (int64_t f = 0; r->named && f < nb; f++) {
        const mtx_column *c = mtx_structure_info(frames[f], "id");
        ids[f] = c && c->type == MTX_COL_TEXT ? c->text[0] : "";
    }
    data[r->e->n_outputs] = ids;
    mtx_rows rows = {nb, data, r->set_rows, frames};
    note_odd(r, frames, nb);
    return mtx_writer_append(r->writer, &rows, problem);
}

/* --------------------------------------------------------------------------------------------- from outside */

mtx_status result_append(run_result *r, const mtx_structure *const *frames, int64_t nb, mtx_problem *problem)
{
    mtx_status status = r->writer ? MTX_OK : open_writer(r, problem);
    return status == MTX_OK ? write_batch(r, frames, nb, problem) : status;
}

void result_free(run_result *r)
{
    for (int k = 0; k < RESULT_OUTPUTS; k++) {
        free(r->bool_bytes[k]);
    }
}
