/* SPDX-License-Identifier: Apache-2.0
 *
 * cli_run.c: mtx run. Reads files of structures batch by batch, applies a transform compiled in memory, writes one
 * result file that appears only when it is complete.
 */
#include <signal.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "engine.h"

#define BATCH_FRAMES 64
#define BATCH_ATOMS 8192

typedef struct runner {
    compilation   c;
    compiled     *t;
    engine        e;
    mtx_structure fixed[CLI_SLOTS];       /* --set                                          */
    bool          is_fixed[CLI_SLOTS];
    uint32_t      moving;                  /* the slot that gets the frames                  */
    mtx_structure pool[BATCH_FRAMES];
    mtx_reader_options reading;
    mtx_writer   *writer;
    const char   *output, *input;
    mtx_set_rows *set_rows; mtx_output_set *sets; set_id *set_of; uint32_t n_sets;   /* data sets of the outputs */
    const def   **over;                    /* per data set: the first output over it, or NULL */
    int64_t      *product_ptr[64];         /* rows of outputs over several data sets         */
    bool          skip_bad, quiet, named;
    int64_t       frames, skipped;
    double        started, shown;
    int64_t       odd;                     /* outputs not finite in a frame; the first:      */
    char          odd_first[256];
    char         *bool_bytes[64];
} runner;

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal_)
{
    interrupted = signal_;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---------------------------------------------------------------------------------------- what is written */

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
static int32_t rows_of_output(runner *r, const def *d)
{
    const program *p = r->t->p;
    arena *a = &r->c.memory;
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
static bool output_shape(runner *r, const def *d, mtx_output *o, const char **why)
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

static const char *unit_words(runner *r, const def *d)
{
    if (!d->has_unit) {
        return NULL;
    }
    span at = d->type_at;                          /* as the user wrote it: the last [...] of the type        */
    const char *s = at.src->text + at.start, *end = at.src->text + at.end, *open = NULL;
    for (const char *c = s; c < end; c++) {
        open = *c == '[' ? c : open;
    }
    return open && end[-1] == ']' ? arena_strndup(&r->c.memory, open + 1, (size_t)(end - open - 2)) : NULL;
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

static char *meta_json(runner *r)
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
    for (uint32_t k = 0; k < r->t->verdicts.n; k++) {
        const verdict *v = &r->t->verdicts.at[k];
        text_add(&t, k ? ", {\"subject\": " : "{\"subject\": ");
        text_json(&t, r->t->p->defs.at[v->claim->subject].id);
        text_add(&t, ", \"claim\": ");
        text_json(&t, v->claim_word);
        text_add(&t, ", \"verdict\": ");
        text_json(&t, verdict_text[v->kind]);
        text_add(&t, "}");
    }
    text_add(&t, "]}");
    return text_keep(&r->c.memory, &t);
}

/* the sets of data that an output runs over, each once */
static void add_factors(runner *r, const def *d)
{
    for (uint32_t i = 0; i < d->n_param; i++) {
        set_id s = r->t->p->ivars.at[d->param[i]].set;
        bool known = !data_set(r->t->p, s);
        for (uint32_t q = 0; q < r->n_sets; q++) {
            known = known || r->set_of[q] == s;
        }
        if (!known) {
            r->sets[r->n_sets] = (mtx_output_set){set_name(r->t->p, s, &r->c.memory), MTX_ROWS_PLAIN};
            r->set_of[r->n_sets++] = s;
        }
    }
}

static bool open_writer(runner *r, mtx_problem *problem)
{
    arena *a = &r->c.memory;
    uint32_t n = r->e.n_outputs;
    mtx_output *out = arena_array(a, mtx_output, n + 1);
    r->sets = arena_array(a, mtx_output_set, n + r->t->p->sets.n + 1);
    r->set_of = arena_array(a, set_id, n + r->t->p->sets.n + 1);
    r->set_rows = arena_array(a, mtx_set_rows, n + r->t->p->sets.n + 1);
    r->over = arena_array(a, const def *, n + r->t->p->sets.n + 1);
    for (uint32_t k = 0; k < n; k++) {
        const def *d = &r->t->p->defs.at[r->e.output[k].def];
        const char *why = NULL;
        out[k] = (mtx_output){.name = d->id, .unit = unit_words(r, d), .law = law_word(d), .doc = d->doc,
                              .dtype = d->declared.kind == ELEM_REAL ? MTX_F64 : d->declared.kind == ELEM_BOOL ? MTX_BOOL : MTX_I32};
        if (!output_shape(r, d, &out[k], &why)) {
            *problem = (mtx_problem){.status = MTX_EINVAL, .code = "E0641", .frame = -1, .line = -1, .atom = -1};
            snprintf(problem->message, sizeof problem->message, "the result does not fit this format: %s: %s", d->id, why);
            return false;
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
                add_factors(r, &r->t->p->defs.at[r->e.output[j].def]);
            }
        }
    }
    if (r->named) {
        out[n_out++] = (mtx_output){.name = "id", .set = -1, .dtype = MTX_TEXT, .doc = "the frame's own id"};
    }
    mtx_writer_options options = {.meta = meta_json(r)};
    return mtx_writer_open(&r->writer, r->output, out, (int32_t)n_out, r->sets, (int32_t)r->n_sets, &options, problem) == MTX_OK;
}

/* -------------------------------------------------------------------------------------------- one batch */

static const void *bool_column(runner *r, uint32_t k, int64_t rows)
{
    char *grown = realloc(r->bool_bytes[k], (size_t)rows + 1);
    if (!grown) {
        return NULL;
    }
    r->bool_bytes[k] = grown;
    for (int64_t i = 0; i < rows; i++) {
        grown[i] = ((const int32_t *)r->e.output[k].data)[i] != 0;
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
static const int64_t *batch_ptr(runner *r, uint32_t k, int64_t nb, const def *of)
{
    const program *p = r->t->p;
    set_id s = r->set_of[k];
    if (s != SETIR_NONE && p->sets.at[s].kind != SET_RANK) {
        return r->e.view->set[s].ptr;
    }
    if (!r->product_ptr[k]) {
        r->product_ptr[k] = malloc(sizeof(int64_t) * (BATCH_FRAMES + 1));
    }
    int64_t *ptr = r->product_ptr[k];
    for (int64_t f = 0; ptr && f <= nb; f++) {
        if (f == 0) {
            ptr[0] = 0;
            continue;
        }
        int64_t rows = s != SETIR_NONE ? engine_set_size(p, r->e.view, s, f - 1) : 1;
        for (uint32_t j = 0; s == SETIR_NONE && j < of->n_param; j++) {
            set_id d = p->ivars.at[of->param[j]].set;
            rows *= data_set(p, d) ? engine_set_size(p, r->e.view, d, f - 1) : 1;
        }
        ptr[f] = ptr[f - 1] + rows;
    }
    return ptr;
}

/* nan and infinity are written as they are, and told at the end */
static void note_odd(runner *r, const mtx_structure *const *frames, int64_t nb)
{
    for (uint32_t k = 0; k < r->e.n_outputs; k++) {
        const engine_output *o = &r->e.output[k];
        const double *x = o->data;
        for (int64_t f = 0; o->real && f < nb; f++) {
            int64_t n = engine_rows(r->e.p, r->e.view, &r->e.p->defs.at[o->def], f) * o->components;
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

static mtx_status write_batch(runner *r, const mtx_structure *const *frames, int64_t nb, mtx_problem *problem)
{
    const void *data[65];
    const char *ids[BATCH_FRAMES];
    const program *p = r->t->p;
    for (uint32_t k = 0; k < r->n_sets; k++) {
        set_id s = r->set_of[k];
        r->set_rows[k] = (mtx_set_rows){.ptr = batch_ptr(r, k, nb, r->over[k])};
        if (!r->set_rows[k].ptr) {
            return no_room(problem);
        }
        if (s != SETIR_NONE && p->sets.at[s].kind == SET_PAIRS) {
            const mtx_set_view *v = &r->e.view->set[s];
            r->set_rows[k] = (mtx_set_rows){v->ptr, v->i, v->j, v->sx, v->sy, v->sz, r->e.view->set[p->sets.at[s].parent].ptr};
        }
    }
    for (uint32_t k = 0; k < r->e.n_outputs; k++) {
        const def *d = &p->defs.at[r->e.output[k].def];
        data[k] = r->e.output[k].data;
        if (d->declared.kind == ELEM_BOOL) {
            int64_t rows = 0;
            for (int64_t f = 0; f < nb; f++) {
                rows += engine_rows(p, r->e.view, d, f);
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
    data[r->e.n_outputs] = ids;
    mtx_rows rows = {nb, data, r->set_rows, frames};
    note_odd(r, frames, nb);
    return mtx_writer_append(r->writer, &rows, problem);
}

static void name_file(runner *r, mtx_problem *problem)
{
    if (!problem->file[0] && r->input) {
        snprintf(problem->file, sizeof problem->file, "%s", r->input);
    }
}

static void show_progress(runner *r, double share, bool last)
{
    double now = seconds();
    if (r->quiet || !isatty(STDERR_FILENO) || (!last && now - r->shown < 0.1)) {
        return;
    }
    r->shown = now;
    double spent = now - r->started;
    fprintf(stderr, "\r%lld frames  %.0f/s", (long long)r->frames, spent > 0 ? (double)r->frames / spent : 0);
    if (share > 0 && share <= 1 && !last) {
        fprintf(stderr, "  %3.0f %%  %.0f s left ", 100 * share, spent * (1 - share) / share);
    }
    fputs(last ? "                \n" : "   ", stderr);
    fflush(stderr);
}

/* Applies the transform to the frames of the pool; bad frames are left out when they may be. */
static bool run_batch(runner *r, int64_t nb, mtx_problem *problem)
{
    const mtx_structure *moving[BATCH_FRAMES];
    for (int64_t f = 0; f < nb; f++) {
        moving[f] = &r->pool[f];
    }
    while (nb > 0) {
        const mtx_structure *frames[CLI_SLOTS * BATCH_FRAMES];
        for (uint32_t s = 0; s < r->t->p->slots.n; s++) {
            for (int64_t f = 0; f < nb; f++) {
                frames[s * (uint32_t)nb + (uint32_t)f] = s == r->moving ? moving[f] : &r->fixed[s];
            }
        }
        *problem = (mtx_problem){.frame = -1, .line = -1, .atom = -1};
        mtx_status status = engine_apply(&r->e, frames, nb, problem);
        if (status == MTX_OK) {
            bool good = (r->writer || open_writer(r, problem)) && write_batch(r, moving, nb, problem) == MTX_OK;
            r->frames += good ? nb : 0;
            return good;
        }
        name_file(r, problem);
        int64_t bad = -1;
        for (int64_t f = 0; f < nb; f++) {
            bad = moving[f]->frame == problem->frame ? f : bad;
        }
        if (!r->skip_bad || bad < 0) {
            return false;
        }
        cli_problem(problem);
        r->skipped++;
        memmove(moving + bad, moving + bad + 1, sizeof moving[0] * (size_t)(nb - bad - 1));
        nb--;
    }
    return true;
}

static bool run_file(runner *r, const char *path, mtx_problem *problem)
{
    mtx_reader *reader;
    r->input = path;
    if (mtx_reader_open(&reader, path, &r->reading, problem) != MTX_OK) {
        name_file(r, problem);
        cli_problem(problem);
        return false;
    }
    int64_t nb = 0, atoms = 0, bad = 0;
    bool good = true;
    mtx_problem first = {0};
    for (;;) {
        *problem = (mtx_problem){.frame = -1, .line = -1, .atom = -1};
        mtx_status status = interrupted ? MTX_END : mtx_reader_next(reader, &r->pool[nb], problem);
        if (status == MTX_OK) {
            atoms += r->pool[nb++].n;
        } else if (status != MTX_END) {
            name_file(r, problem);
            first = bad++ ? first : *problem;
            if (bad <= 20) {
                cli_problem(problem);              /* the rest of the file is still looked at                 */
            }
            if (status == MTX_ENOMEM || status == MTX_EIO || bad > 1000) {
                break;
            }
            continue;
        }
        if (nb && (status == MTX_END || nb == BATCH_FRAMES || atoms >= BATCH_ATOMS)) {
            if (!r->named && !r->writer) {
                const mtx_column *id = mtx_structure_info(&r->pool[0], "id");
                r->named = id && id->type == MTX_COL_TEXT && id->rows == 1;
            }
            good = bad ? good : run_batch(r, nb, problem);
            nb = atoms = 0;
            show_progress(r, mtx_reader_progress(reader), false);
            if (!good) {
                cli_problem(problem);
                break;
            }
        }
        if (status == MTX_END) {
            break;
        }
    }
    r->skipped += mtx_reader_skipped(reader);
    mtx_reader_close(reader);
    if (bad) {
        *problem = first;
    }
    return good && !bad && !interrupted;
}

/* ------------------------------------------------------------------------------------------- setting up */

static void on_skip(void *user, const mtx_problem *problem)
{
    (void)user;
    cli_problem(problem);
}

static bool choose_moving(runner *r)
{
    const program *p = r->t->p;
    uint32_t open = 0;
    for (uint32_t s = 0; s < p->slots.n; s++) {
        if (!r->is_fixed[s]) {
            r->moving = s;
            open++;
        }
    }
    if (open == 1) {
        return true;
    }
    if (open == 0) {
        cli_usage("run", "every structure is bound by --set: one must be left for the frames of the input");
        return false;
    }
    text t;
    text_init(&t);
    for (uint32_t s = 0; s < p->slots.n; s++) {
        text_printf(&t, "%s%s", s ? ", " : "", p->slots.at[s].id);
    }
    cli_usage("run", "%s takes %s: bind all but one with --set NAME=FILE", p->id, t.s);
    text_free(&t);
    return false;
}

/* what the reader must find in each frame, so that it can say so with the line */
static void choose_columns(runner *r)
{
    const mtx_plan *plan = &r->e.plan;
    mtx_wanted *wanted = arena_array(&r->c.memory, mtx_wanted, (size_t)plan->n_inputs + 2);
    int32_t n = 0;
    for (int32_t k = 0; k < plan->n_inputs; k++) {
        const mtx_input_desc *in = &plan->inputs[k];
        if (in->role == MTX_IN_FIELD && (in->slot == (int32_t)r->moving || in->slot < 0)) {
            bool species = in->type == MTX_TYPE_SPECIES;
            wanted[n++] = (mtx_wanted){.name = in->key ? in->key : in->name, .per_atom = in->rows >= 0,
                                       .type = species ? MTX_COL_TEXT : in->type == MTX_TYPE_BOOL ? MTX_COL_BOOL : MTX_COL_REAL,
                                       .width = species ? 0 : in->width, .optional = species};
        }
    }
    wanted[n++] = (mtx_wanted){.name = "id", .optional = true, .type = MTX_COL_TEXT};
    const char *dot = strrchr(r->output, '.');
    bool all = dot && (!strcmp(dot, ".xyz") || !strcmp(dot, ".extxyz"));
    r->reading = (mtx_reader_options){.wanted = wanted, .n_wanted = n, .only_wanted = !all, .skip_bad = r->skip_bad, .on_skip = on_skip};
    for (int k = 0; k < 3; k++) {
        r->reading.needs_cell[k] = plan->slots[r->moving].axes >> k & 1;
    }
}

static int finish(runner *r, bool good, mtx_problem *problem)
{
    if (!good || interrupted) {
        mtx_writer_abort(r->writer);
        if (interrupted) {
            fprintf(stderr, "\nmtx run: interrupted after %lld frames; %s is not written\n", (long long)r->frames, r->output);
            return 128 + (int)interrupted;
        }
        return cli_problem_code(problem->status);
    }
    if (!r->writer) {
        fprintf(stderr, "mtx run: no frame was left to write: %s is not written\n", r->output);
        return EXIT_WRONG;
    }
    show_progress(r, 1, true);
    if (mtx_writer_finish(r->writer, problem) != MTX_OK) {
        cli_problem(problem);
        return EXIT_SYSTEM;
    }
    if (r->skipped) {
        fprintf(stderr, "mtx run: %lld bad frames were left out\n", (long long)r->skipped);
    }
    if (r->odd > 1) {
        fprintf(stderr, "warning[E0644]: %s, the first of %lld such results\n", r->odd_first, (long long)r->odd);
    } else if (r->odd) {
        fprintf(stderr, "warning[E0644]: %s\n", r->odd_first);
    }
    if (!r->quiet) {
        fprintf(stderr, "%s: %lld frames in %.2f s\n", r->output, (long long)r->frames, seconds() - r->started);
    }
    return EXIT_FINE;
}

static int run_compiled(runner *r, const char *transform, const cli_many *sets, backend_kind backend, char **inputs, int n)
{
    r->t = driver_find(&r->c, transform);
    if (!r->t) {
        return cli_no_transform("run", &r->c, transform);
    }
    if (!cli_lowered("run", r->t)) {
        return EXIT_WRONG;
    }
    if (r->t->p->slots.n > CLI_SLOTS) {
        return cli_usage("run", "more than %d structures in one transform", CLI_SLOTS);
    }
    for (int k = 0; k < sets->n; k++) {
        int code = cli_read_slot("run", r->t->p, sets->at[k], r->fixed, r->is_fixed);
        if (code != EXIT_FINE) {
            return code;
        }
    }
    if (!choose_moving(r)) {
        return EXIT_USAGE;
    }
    text why;
    text_init(&why);
    mtx_status status = engine_open(&r->e, &r->c.memory, r->t, backend, &why);
    if (status != MTX_OK) {
        fprintf(stderr, "mtx run: cannot compile %s: %s\n", r->t->p->id, why.s ? why.s : mtx_strerror(status));
        text_free(&why);
        return EXIT_SYSTEM;
    }
    text_free(&why);
    choose_columns(r);
    if (r->e.n_outputs > 64) {
        return cli_usage("run", "more than 64 outputs");
    }
    struct sigaction act = {.sa_handler = on_interrupt};
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    mtx_problem problem = {.frame = -1, .line = -1, .atom = -1};
    bool good = true;
    for (int k = 0; k < n && good; k++) {
        good = run_file(r, inputs[k], &problem);
    }
    return finish(r, good, &problem);
}

int cli_run(int argc, char **argv)
{
    const char *output = NULL, *backend_word = NULL;
    cli_many sets = {.n = 0};
    bool skip_bad = false, quiet = false;
    const cli_option options[] = {{"output", 'o', CLI_TEXT, &output}, {"set", 0, CLI_MANY, &sets},
                                  {"skip-bad", 0, CLI_FLAG, &skip_bad}, {"quiet", 'q', CLI_FLAG, &quiet},
                                  {"backend", 0, CLI_TEXT, &backend_word}, {NULL, 0, CLI_FLAG, NULL}};
    char **rest = malloc(sizeof(char *) * (size_t)(argc + 1));
    backend_kind backend;
    int n;
    cli_need(rest != NULL);
    if (!cli_options("run", argc, argv, options, rest, &n) || !cli_backend("run", backend_word, &backend)) {
        free(rest);
        return EXIT_USAGE;
    }
    int code;
    runner *r = calloc(1, sizeof *r);
    cli_need(r != NULL);
    if (n < 2 || !output) {
        code = cli_usage("run", n < 1 ? "which spec?" : n < 2 ? "which input?" : "where to? (-o OUT.npz)");
        free(r);
        free(rest);
        return code;
    }
    r->output = output;
    r->skip_bad = skip_bad;
    r->quiet = quiet;
    r->started = seconds();
    for (int k = 0; k < BATCH_FRAMES; k++) {
        mtx_structure_init(&r->pool[k]);
    }
    for (int k = 0; k < CLI_SLOTS; k++) {
        mtx_structure_init(&r->fixed[k]);
    }
    const char *path, *transform;
    char *copy = cli_split_spec(rest[0], &path, &transform);
    code = cli_compile(&r->c, path, STAGE_LOWER, true, false);
    if (code == EXIT_FINE) {
        code = run_compiled(r, transform, &sets, backend, rest + 1, n - 1);
    }
    engine_close(&r->e);
    driver_free(&r->c);
    for (int k = 0; k < BATCH_FRAMES; k++) {
        mtx_structure_free(&r->pool[k]);
    }
    for (int k = 0; k < CLI_SLOTS; k++) {
        mtx_structure_free(&r->fixed[k]);
    }
    for (int k = 0; k < 64; k++) {
        free(r->product_ptr[k]);
        free(r->bool_bytes[k]);
    }
    free(copy);
    free(r);
    free(rest);
    return code;
}
