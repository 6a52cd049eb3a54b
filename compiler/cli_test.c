/* SPDX-License-Identifier: Apache-2.0
 *
 * cli_test.c: mtx test. Runs the checks made from the claims (testgen.c) and the `test` blocks of a spec; TAP on standard
 * output, JUnit XML on request.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "interp.h"
#include "testgen.h"

#define DATA_MOST 16

typedef struct results {
    int  number, failed, skipped;
    text junit;                  /* the test cases, to be wrapped                    */
} results;

/* ------------------------------------------------------------------------------------------------ reporting */

static void xml(text *t, const char *s)
{
    for (; *s; s++) {
        switch (*s) {
        case '<': text_add(t, "&lt;"); break;
        case '>': text_add(t, "&gt;"); break;
        case '&': text_add(t, "&amp;"); break;
        case '"': text_add(t, "&quot;"); break;
        default: text_addn(t, s, 1); break;
        }
    }
}

static void report(void *user, const check *c)
{
    results *r = user;
    r->number++;
    r->failed += !c->passed;
    r->skipped += c->passed && c->skipped;
    printf("%sok %d - %s%s%s\n", c->passed ? "" : "not ", r->number, c->name, c->skipped && c->passed ? " # SKIP " : "",
           c->skipped && c->passed && c->detail ? c->detail : "");
    if (c->detail && !(c->skipped && c->passed)) {
        printf("  # %s\n", c->detail);
    }
    if (c->replay) {
        printf("  # again: %s\n", c->replay);
    }
    fflush(stdout);
    text_add(&r->junit, "  <testcase name=\"");
    xml(&r->junit, c->name);
    text_add(&r->junit, "\">");
    if (!c->passed) {
        text_add(&r->junit, "<failure message=\"");
        xml(&r->junit, c->detail ? c->detail : "");
        text_add(&r->junit, "\"/>");
    } else if (c->skipped) {
        text_add(&r->junit, "<skipped/>");
    }
    text_add(&r->junit, "</testcase>\n");
}

static bool write_junit(const results *r, const char *path, const char *spec)
{
    size_t n = strlen(path) + 8;
    char *temporary = malloc(n);
    if (!temporary) {
        return false;
    }
    snprintf(temporary, n, "%s.tmp", path);
    FILE *f = fopen(temporary, "w");
    bool good = f != NULL;
    if (f) {
        text name_;
        text_init(&name_);
        xml(&name_, spec);
        fprintf(f, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"%s\" tests=\"%d\" failures=\"%d\" skipped=\"%d\">\n%s</testsuite>\n",
                name_.s ? name_.s : "", r->number, r->failed, r->skipped, r->junit.s ? r->junit.s : "");
        text_free(&name_);
        good = fclose(f) == 0 && rename(temporary, path) == 0;
    }
    free(temporary);
    return good;
}

/* -------------------------------------------------------------------------------------- tests in the spec */

/* of --weights: whose they are, and the numbers; none: of == NULL */
typedef struct weights { const char *path; const program *of; const double *param; } weights;

typedef struct table { double *at; int64_t n; } table;

static table values_of(interp *in, def_id d)
{
    table t = {NULL, interp_def_size(in, d)};
    t.at = malloc(sizeof(double) * (size_t)(t.n + 1));
    if (t.at && interp_def(in, d, t.at, NULL) != MTX_OK) {
        free(t.at);
        t.at = NULL;
    }
    return t;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* Outputs over sets have no order: compared as multisets of numbers. */
static bool tables_differ(table a, table b)
{
    if (a.n != b.n) {
        return true;
    }
    qsort(a.at, (size_t)a.n, sizeof *a.at, by_size);
    qsort(b.at, (size_t)b.n, sizeof *b.at, by_size);
    double scale = 0;
    for (int64_t k = 0; k < a.n; k++) {
        scale = fabs(a.at[k]) > scale ? fabs(a.at[k]) : scale;
    }
    for (int64_t k = 0; k < a.n; k++) {
        if (fabs(a.at[k] - b.at[k]) > 1e-8 * (scale > 0 ? scale : 1)) {
            return true;
        }
    }
    return false;
}

static bool judge_expect(arena *a, interp *in, const test_expect *e, const char **detail)
{
    bool good = true;
    *detail = NULL;
    if (e->kind == EXPECT_DIFFERS) {
        good = false;
        for (uint32_t k = 0; k < e->lhs.n && k < e->rhs.n && !good; k++) {
            table l = values_of(in, e->lhs.at[k]), r = values_of(in, e->rhs.at[k]);
            good = l.at && r.at && tables_differ(l, r);
            free(l.at);
            free(r.at);
        }
        *detail = good ? NULL : "all outputs are the same";
        return good;
    }
    table l = values_of(in, e->lhs.at[0]);
    table r = e->kind == EXPECT_NEAR ? values_of(in, e->rhs.at[0]) : (table){NULL, 0};
    table w = e->kind == EXPECT_NEAR ? values_of(in, e->within) : (table){NULL, 0};
    if (!l.at || (e->kind == EXPECT_NEAR && (!r.at || !w.at || l.n != r.n || w.n != 1))) {
        good = false;
        *detail = "cannot be evaluated";
    }
    for (int64_t k = 0; good && k < l.n; k++) {
        good = e->kind == EXPECT_TRUE ? l.at[k] != 0 : fabs(l.at[k] - r.at[k]) <= w.at[0];
        if (!good) {
            *detail = e->kind == EXPECT_TRUE ? "is false"
                                             : arena_printf(a, "%.10g and %.10g differ by %.3g (base units)", l.at[k], r.at[k], fabs(l.at[k] - r.at[k]));
        }
    }
    free(l.at);
    free(r.at);
    free(w.at);
    return good;
}

static mtx_status read_given(arena *a, const char *spec, const char *path, mtx_structure *s, mtx_problem *problem)
{
    const char *slash = strrchr(spec, '/');
    const char *full = slash && path[0] != '/' ? arena_printf(a, "%.*s/%s", (int)(slash - spec), spec, path) : path;
    mtx_reader *reader;
    mtx_status status = mtx_reader_open(&reader, full, NULL, problem);
    if (status == MTX_OK) {
        status = mtx_reader_next(reader, s, problem);
        mtx_reader_close(reader);
        if (status == MTX_END) {
            snprintf(problem->message, sizeof problem->message, "%s holds no structure", full);
        }
    }
    return status;
}

/* In a test the parameters of transform T are T.path: those of the weights' transform have their numbers, others some. */
static const double *block_param(arena *a, const program *p, const weights *w, uint64_t seed)
{
    const size_t n = (size_t)program_param_numbers(p);
    double *param = arena_array(a, double, n + 1);
    sample_parameters(seed, param, n);
    for (uint32_t k = 0; k < p->params.n && w->of; k++) {
        const char *path = p->params.at[k].path;
        const size_t length = strlen(w->of->id);
        if (strncmp(path, w->of->id, length) || path[length] != '.') {
            continue;
        }
        for (uint32_t j = 0; j < w->of->params.n; j++) {
            const parameter *from = &w->of->params.at[j];
            if (!strcmp(from->path, path + length + 1)) {
                memcpy(param + p->params.at[k].first, w->param + from->first, sizeof *param * (size_t)parameter_numbers(w->of, from));
            }
        }
    }
    return param;
}

static void run_block(arena *a, const char *spec, const test_program *t, const weights *w, uint64_t seed, results *r)
{
    mtx_structure s[CLI_SLOTS];
    const mtx_structure *frames[CLI_SLOTS];
    mtx_problem problem = {.frame = -1, .line = -1, .atom = -1};
    uint32_t n = t->p->slots.n < CLI_SLOTS ? t->p->slots.n : CLI_SLOTS;
    mtx_status status = MTX_OK;
    for (uint32_t k = 0; k < n; k++) {
        mtx_structure_init(&s[k]);
        frames[k] = &s[k];
    }
    for (uint32_t k = 0; k < n && status == MTX_OK; k++) {
        status = t->path.at[k] ? read_given(a, spec, t->path.at[k], &s[k], &problem) : MTX_EINVAL;
    }
    mtx_batch *batch = mtx_batch_new();
    interp *in = interp_new(t->p);
    if (status == MTX_OK && batch && in) {
        mtx_batch_set_param(batch, block_param(a, t->p, w, seed));
        status = interp_prepare(t->p, frames, 1, batch, &problem);
    }
    if (status != MTX_OK || !batch || !in) {
        check c = {.name = arena_printf(a, "test \"%s\"", t->id), .detail = arena_printf(a, "%s", problem.message)};
        report(r, &c);
    } else {
        interp_bind(in, mtx_batch_view(batch), 0);
        for (uint32_t k = 0; k < t->expects.n; k++) {
            const test_expect *e = &t->expects.at[k];
            const char *detail;
            bool good = judge_expect(a, in, e, &detail);
            check c = {.name = arena_printf(a, "test \"%s\": %.*s", t->id, (int)(e->at.end - e->at.start), e->at.src->text + e->at.start),
                       .passed = good, .detail = detail};
            report(r, &c);
        }
    }
    interp_free(in);
    mtx_batch_free(batch);
    for (uint32_t k = 0; k < n; k++) {
        mtx_structure_free(&s[k]);
    }
}

/* -------------------------------------------------------------------------------------------------- the command */

typedef struct data_set { mtx_structure frame[DATA_MOST]; int n; } data_set;

static int read_data(data_set *d, char **paths, int n)
{
    for (int k = 0; k < n; k++) {
        mtx_problem problem = {.frame = -1, .line = -1, .atom = -1};
        mtx_reader *reader;
        mtx_status status = mtx_reader_open(&reader, paths[k], NULL, &problem);
        while (status == MTX_OK && d->n < DATA_MOST) {
            mtx_structure_init(&d->frame[d->n]);
            status = mtx_reader_next(reader, &d->frame[d->n], &problem);
            d->n += status == MTX_OK;
        }
        mtx_reader_close(reader);
        if (status != MTX_OK && status != MTX_END) {
            cli_problem(&problem);
            return cli_problem_code(status);
        }
    }
    return EXIT_FINE;
}

/* data[slot * n + k]: the frame for the open slot, --set for the others; only when just one slot is open */
static int data_of(const program *p, data_set *d, const mtx_structure *fixed, const bool *is_fixed, const mtx_structure **out)
{
    uint32_t open = 0;
    for (uint32_t s = 0; s < p->slots.n && s < CLI_SLOTS; s++) {
        open += !is_fixed[s];
    }
    if (open != 1 || !d->n) {
        return 0;
    }
    for (uint32_t s = 0; s < p->slots.n && s < CLI_SLOTS; s++) {
        for (int k = 0; k < d->n; k++) {
            out[s * (uint32_t)d->n + (uint32_t)k] = is_fixed[s] ? &fixed[s] : &d->frame[k];
        }
    }
    return d->n;
}

/* the weights are those of the one transform that is tested and has parameters */
static int read_weights(compilation *c, const char *transform, weights *w)
{
    uint32_t n = 0;
    for (uint32_t k = 0; k < c->transforms.n; k++) {
        const program *p = c->transforms.at[k].p;
        if (p->params.n && (!transform || !strcmp(transform, p->id))) {
            w->of = p;
            n++;
        }
    }
    if (n != 1) {
        w->of = NULL;
        return cli_usage("test", n ? "several transforms have parameters: test one with its weights, SPEC:TRANSFORM"
                                   : "no transform that is tested has parameters: --weights is for those");
    }
    return cli_weights("test", &c->memory, w->of, w->path, &w->param);
}

static int test_spec(const char *path, const char *transform, const testgen_options *base, const cli_many *sets, data_set *data,
                     backend_kind backend, weights *w, results *r)
{
    compilation c;
    int code = cli_compile(&c, path, STAGE_LOWER, true, false);
    if (code == EXIT_FINE && w->path) {
        code = read_weights(&c, transform, w);
    }
    for (uint32_t k = 0; code == EXIT_FINE && k < c.transforms.n; k++) {
        const compiled *t = &c.transforms.at[k];
        if (transform && strcmp(transform, t->p->id)) {
            continue;
        }
        if (!cli_lowered("test", t)) {
            continue;
        }
        mtx_structure fixed[CLI_SLOTS];
        bool is_fixed[CLI_SLOTS] = {false};
        for (int s = 0; s < CLI_SLOTS; s++) {
            mtx_structure_init(&fixed[s]);
        }
        for (int s = 0; s < sets->n && code == EXIT_FINE; s++) {
            code = cli_read_slot("test", t->p, sets->at[s], fixed, is_fixed);
        }
        const mtx_structure **given_ = arena_array(&c.memory, const mtx_structure *, CLI_SLOTS * DATA_MOST);
        testgen_options o = *base;
        o.data = given_;
        o.n_data = data_of(t->p, data, fixed, is_fixed, given_);
        o.param = t->p == w->of ? w->param : NULL;
        if (code == EXIT_FINE) {
            testgen_run(&c.memory, t, backend, &o, report, r);
        }
        for (int s = 0; s < CLI_SLOTS; s++) {
            mtx_structure_free(&fixed[s]);
        }
    }
    for (uint32_t k = 0; code == EXIT_FINE && k < c.tests.n; k++) {
        if (!base->only || strstr(c.tests.at[k]->id, base->only)) {
            run_block(&c.memory, path, c.tests.at[k], w, base->seed, r);
        }
    }
    driver_free(&c);
    return code;
}

enum { DEFAULT_TRIES = 20 };

/* a word of a command, as a shell reads it */
static void add_word(text *t, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=.,:/@%";
    bool quoted = word[strspn(word, plain)] || !*word;
    text_add(t, quoted ? " '" : " ");
    for (; *word; word++) {
        if (*word == '\'') {
            text_add(t, "'\\''");
        } else {
            text_addn(t, word, 1);
        }
    }
    text_add(t, quoted ? "'" : "");
}

/* The command that makes the same cases again; which of them and the seed are added where one fails. */
static void write_command(text *t, char **words, int n, const cli_many *sets, const char *weights_path, int tries, const char *backend)
{
    char number[32];
    snprintf(number, sizeof number, "%d", tries);
    text_add(t, "mtx test");
    for (int k = 0; k < n; k++) { add_word(t, words[k]); }
    for (int k = 0; k < sets->n; k++) {
        add_word(t, "--set");
        add_word(t, sets->at[k]);
    }
    if (weights_path) {
        add_word(t, "--weights");
        add_word(t, weights_path);
    }
    if (tries != DEFAULT_TRIES) {
        add_word(t, "--tries");
        add_word(t, number);
    }
    if (backend) {
        add_word(t, "--backend");
        add_word(t, backend);
    }
}

int cli_test(int argc, char **argv)
{
    const char *junit = NULL, *save = "mtx-failures", *only = NULL, *backend_word = NULL;
    int seed = 1, tries = DEFAULT_TRIES, n;
    cli_many sets = {.n = 0};
    weights w = {.path = NULL};
    backend_kind backend;
    const cli_option options[] = {{"junit", 0, CLI_TEXT, &junit}, {"save", 0, CLI_TEXT, &save}, {"only", 0, CLI_TEXT, &only},
                                  {"seed", 0, CLI_INT, &seed}, {"tries", 0, CLI_INT, &tries}, {"set", 0, CLI_MANY, &sets},
                                  {"weights", 0, CLI_TEXT, &w.path},
                                  {"backend", 0, CLI_TEXT, &backend_word}, {NULL, 0, CLI_FLAG, NULL}};
    char **rest = malloc(sizeof(char *) * (size_t)(argc + 1));
    data_set *data = calloc(1, sizeof *data);
    results r = {0};
    int code = EXIT_USAGE;
    cli_need(rest && data);
    if (!cli_options("test", argc, argv, options, rest, &n) || !cli_backend("test", backend_word, &backend)) {
        goto done;
    }
    if (n < 1 || tries < 1) {
        code = cli_usage("test", n < 1 ? "which spec?" : "--tries must be at least 1");
        goto done;
    }
    text_init(&r.junit);
    code = read_data(data, rest + 1, n - 1);
    if (code == EXIT_FINE) {
        const char *path, *transform;
        char *copy = cli_split_spec(rest[0], &path, &transform);
        text command;
        text_init(&command);
        write_command(&command, rest, n, &sets, w.path, tries, backend_word);
        testgen_options o = {.tries = tries, .seed = (uint64_t)seed, .only = only, .save = save,
                             .command = command.s ? command.s : "mtx test"};
        puts("TAP version 13");
        code = test_spec(path, transform, &o, &sets, data, backend, &w, &r);
        free(copy);
        text_free(&command);
        printf("1..%d\n# %d passed, %d failed, %d skipped\n", r.number, r.number - r.failed - r.skipped, r.failed, r.skipped);
        if (code == EXIT_FINE && r.number == 0) {
            fprintf(stderr, "mtx test: nothing to test: no claims, no `test` blocks%s\n", only ? " of that name" : "");
            code = EXIT_WRONG;
        }
        if (junit && !write_junit(&r, junit, rest[0])) {
            fprintf(stderr, "mtx test: cannot write %s\n", junit);
            code = EXIT_SYSTEM;
        }
        code = code == EXIT_FINE && r.failed ? EXIT_WRONG : code;
    }
    text_free(&r.junit);
done:
    for (int k = 0; data && k < data->n; k++) {
        mtx_structure_free(&data->frame[k]);
    }
    free(data);
    free(rest);
    return code;
}
