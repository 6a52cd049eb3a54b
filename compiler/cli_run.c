/* SPDX-License-Identifier: Apache-2.0
 *
 * cli_run.c: mtx run. Reads files of structures batch by batch, applies a transform compiled in memory, writes one
 * result file that appears only when it is complete.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "cli_result.h"

#define BATCH_FRAMES RESULT_FRAMES
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
    run_result    result;
    const char   *output, *input;
    bool          skip_bad, quiet;
    int64_t       frames, skipped;
    double        started, shown;
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
            bool good = result_append(&r->result, moving, nb, problem) == MTX_OK;
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
    r->input = r->result.input = path;
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
            if (!r->result.named && !r->result.writer) {
                const mtx_column *id = mtx_structure_info(&r->pool[0], "id");
                r->result.named = id && id->type == MTX_COL_TEXT && id->rows == 1;
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
        mtx_writer_abort(r->result.writer);
        if (interrupted) {
            fprintf(stderr, "\nmtx run: interrupted after %lld frames; %s is not written\n", (long long)r->frames, r->output);
            return 128 + (int)interrupted;
        }
        return cli_problem_code(problem->status);
    }
    if (!r->result.writer) {
        fprintf(stderr, "mtx run: no frame was left to write: %s is not written\n", r->output);
        return EXIT_WRONG;
    }
    show_progress(r, 1, true);
    if (mtx_writer_finish(r->result.writer, problem) != MTX_OK) {
        cli_problem(problem);
        return EXIT_SYSTEM;
    }
    if (r->skipped) {
        fprintf(stderr, "mtx run: %lld bad frames were left out\n", (long long)r->skipped);
    }
    if (r->result.odd > 1) {
        fprintf(stderr, "warning[E0644]: %s, the first of %lld such results\n", r->result.odd_first, (long long)r->result.odd);
    } else if (r->result.odd) {
        fprintf(stderr, "warning[E0644]: %s\n", r->result.odd_first);
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
    if (r->e.n_outputs > RESULT_OUTPUTS) {
        return cli_usage("run", "more than %d outputs", RESULT_OUTPUTS);
    }
    r->result = (run_result){.a = &r->c.memory, .t = r->t, .e = &r->e, .moving = r->moving, .path = r->output};
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
    result_free(&r->result);
    free(copy);
    free(r);
    free(rest);
    return code;
}
