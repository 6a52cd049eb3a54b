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
#include "interp.h"
#include "loop_plan.h"

#define BATCH_FRAMES RESULT_FRAMES
#define BATCH_ATOMS 8192

typedef struct runner {
    cli_many      sets;                    /* --set                                         */
    const char   *output, *weights, *only; /* only: outputs, separated by commas            */
    bool          skip_bad, quiet;
    backend_kind  backend;
    compilation   c;
    compiled     *t;
    engine        e;
    const double *param;                   /* of --weights                                  */
    mtx_structure fixed[CLI_SLOTS];
    bool          is_fixed[CLI_SLOTS];
    uint32_t      moving;                  /* the slot that gets the frames                  */
    mtx_structure pool[BATCH_FRAMES];
    mtx_reader_options reading;
    run_result    result;
    const char   *input;
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

static int no_output(const program *p, const char *word, const char **names, uint32_t n)
{
    const char *near = text_closest(word, names, n);
    if (near) return cli_usage("run", "%s gives no `%s`; did you mean `%s`?", p->id, word, near);
    text list;
    text_init(&list);
    for (uint32_t k = 0; k < n; k++) text_printf(&list, "%s%s", k ? ", " : "", names[k]);
    int code = cli_usage("run", "%s gives no `%s`; it gives %s", p->id, word, list.s ? list.s : "");
    text_free(&list);
    return code;
}

/* --only: the transform with these of its outputs, lowered as if it gave no others */
static int choose_outputs(runner *r)
{
    program *p = r->t->p;
    bool *keep = arena_array(&r->c.memory, bool, p->defs.n + 1);
    const char **names = arena_array(&r->c.memory, const char *, p->defs.n + 1);
    uint32_t n = 0;
    for (def_id k = 0; k < p->defs.n; k++) {
        if (p->defs.at[k].output) names[n++] = p->defs.at[k].id;
    }
    for (const char *at = r->only; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
        const char *word = arena_strndup(&r->c.memory, at, strcspn(at, ","));
        bool known = false;
        for (def_id k = 0; k < p->defs.n; k++) {
            bool this_one = p->defs.at[k].output && !strcmp(p->defs.at[k].id, word);
            keep[k] |= this_one;
            known |= this_one;
        }
        if (!known) return no_output(p, word, names, n);
    }
    compiled *some = arena_copy(&r->c.memory, r->t, sizeof *some);
    some->p = program_with_outputs(&r->c.memory, p, keep);
    some->loops = lower_program(&r->c.memory, some->p, &r->c.sink);
    r->t = some;
    return cli_lowered("run", some) ? EXIT_FINE : EXIT_WRONG;
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

static int open_engine(runner *r)
{
    text why;
    text_init(&why);
    mtx_status status = engine_open(&r->e, &r->c.memory, r->t, r->backend, &why);
    if (status != MTX_OK) {
        fprintf(stderr, "mtx run: cannot compile %s: %s\n", r->t->p->id, why.s ? why.s : mtx_strerror(status));
    } else if (r->only) {
        plan_leave_out(&r->c.memory, r->t->loops, &r->e.plan);
    }
    if (status == MTX_OK) {
        engine_set_param(&r->e, r->param);
    }
    text_free(&why);
    return status == MTX_OK ? EXIT_FINE : EXIT_SYSTEM;
}

static int choose_weights(runner *r)
{
    int code = EXIT_FINE;
    if (r->weights) {
        code = cli_weights("run", &r->c.memory, r->t->p, r->weights, &r->param);
    } else if (module_reads(r->t->loops, BUF_PARAM, 0)) {
        code = cli_no_weights("run", &r->c.memory, r->t->p);
    }
    return code;
}

static int run_compiled(runner *r, const char *transform, char **inputs, int n)
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
    int code;
    for (int k = 0; k < r->sets.n; k++) {
        code = cli_read_slot("run", r->t->p, r->sets.at[k], r->fixed, r->is_fixed);
        if (code != EXIT_FINE) {
            return code;
        }
    }
    if (!choose_moving(r)) {
        return EXIT_USAGE;
    }
    code = r->only ? choose_outputs(r) : EXIT_FINE;
    if (code == EXIT_FINE) {
        code = choose_weights(r);
    }
    if (code == EXIT_FINE) {
        code = open_engine(r);
    }
    if (code != EXIT_FINE) {
        return code;
    }
    choose_columns(r);
    if (r->e.n_outputs > RESULT_OUTPUTS) {
        return cli_usage("run", "more than %d outputs", RESULT_OUTPUTS);
    }
    r->result = (run_result){.a = &r->c.memory, .t = r->t, .e = &r->e, .moving = r->moving, .path = r->output,
                              .weights = r->weights, .param = r->param};
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

static void start(runner *r)
{
    r->started = seconds();
    for (int k = 0; k < BATCH_FRAMES; k++) {
        mtx_structure_init(&r->pool[k]);
    }
    for (int k = 0; k < CLI_SLOTS; k++) {
        mtx_structure_init(&r->fixed[k]);
    }
}

static void end(runner *r)
{
    engine_close(&r->e);
    driver_free(&r->c);
    result_free(&r->result);
    for (int k = 0; k < BATCH_FRAMES; k++) {
        mtx_structure_free(&r->pool[k]);
    }
    for (int k = 0; k < CLI_SLOTS; k++) {
        mtx_structure_free(&r->fixed[k]);
    }
}

int cli_run(int argc, char **argv)
{
    runner *r = calloc(1, sizeof *r);
    char **rest = malloc(sizeof(char *) * (size_t)(argc + 1));
    cli_need(r && rest);
    const char *backend_word = NULL;
    const cli_option options[] = {{"output", 'o', CLI_TEXT, &r->output}, {"set", 0, CLI_MANY, &r->sets},
                                  {"only", 0, CLI_TEXT, &r->only}, {"weights", 0, CLI_TEXT, &r->weights},
                                  {"skip-bad", 0, CLI_FLAG, &r->skip_bad},
                                  {"quiet", 'q', CLI_FLAG, &r->quiet}, {"backend", 0, CLI_TEXT, &backend_word},
                                  {NULL, 0, CLI_FLAG, NULL}};
    int n, code = EXIT_USAGE;
    if (cli_options("run", argc, argv, options, rest, &n) && cli_backend("run", backend_word, &r->backend)) {
        if (n < 2 || !r->output) {
            cli_usage("run", n < 1 ? "which spec?" : n < 2 ? "which input?" : "where to? (-o OUT.npz)");
        } else {
            const char *path, *transform;
            char *copy = cli_split_spec(rest[0], &path, &transform);
            start(r);
            code = cli_compile(&r->c, path, STAGE_LOWER, true, false);
            if (code == EXIT_FINE) {
                code = run_compiled(r, transform, rest + 1, n - 1);
            }
            end(r);
            free(copy);
        }
    }
    free(r);
    free(rest);
    return code;
}
