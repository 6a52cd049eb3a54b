/* SPDX-License-Identifier: Apache-2.0
 *
 * cli_build.c: mtx build. A library with its header, or one of the stages on the way, as files or on standard output.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ast_dump.h"
#include "cli.h"
#include "link.h"
#include "products.h"

typedef enum emit_kind { EMIT_AST, EMIT_IR, EMIT_LOOPS, EMIT_FILES } emit_kind;

static const struct { const char *word; emit_kind kind; driver_stage stage; unsigned files; const char *ending; } emits[] = {
    {"ast", EMIT_AST, STAGE_PARSE, 0, "ast"},
    {"ir", EMIT_IR, STAGE_CHECK, 0, "ir"},
    {"loops", EMIT_LOOPS, STAGE_LOWER, 0, "loops"},
    {"c", EMIT_FILES, STAGE_LOWER, LINK_C | LINK_HEADER, "c"},
    {"llvm", EMIT_FILES, STAGE_LOWER, LINK_LL, "ll"},
    {"asm", EMIT_FILES, STAGE_LOWER, LINK_ASM, "s"},
    {"obj", EMIT_FILES, STAGE_LOWER, LINK_OBJECT | LINK_HEADER, "o"},
    {"so", EMIT_FILES, STAGE_LOWER, LINK_LIBRARY | LINK_HEADER, "so"},
};
#define N_EMITS (sizeof emits / sizeof emits[0])

static int find_emit(const char *word)
{
    const char *known[N_EMITS];
    for (size_t k = 0; k < N_EMITS; k++) {
        known[k] = emits[k].word;
        if (!strcmp(word, emits[k].word)) {
            return (int)k;
        }
    }
    const char *near = text_closest(word, known, N_EMITS);
    cli_usage("build", "--emit is one of ast, ir, loops, c, llvm, asm, obj, so; not `%s`%s%s%s", word, near ? ": did you mean " : "",
              near ? near : "", near ? "?" : "");
    return -1;
}

static void dump_loops(const compiled *t, text *out)
{
    for (uint32_t k = 0; k < t->loops->stages.n; k++) {
        kernel_dump(t->loops->stages.at[k], out);
    }
    kernel_dump(t->loops->main, out);
}

/* a text beside its final name, then renamed */
static bool write_text(const char *directory, const char *name_, const char *ending, const text *t)
{
    char path[1024], temporary[1100];
    if ((size_t)snprintf(path, sizeof path, "%s/%s.%s", directory, name_, ending) >= sizeof path) {
        return false;
    }
    snprintf(temporary, sizeof temporary, "%s.mtx-%ld", path, (long)getpid());
    mkdir(directory, 0777);
    FILE *f = fopen(temporary, "wb");
    bool good = f && fwrite(t->s, 1, t->n, f) == t->n;
    good = f && fclose(f) == 0 && good && rename(temporary, path) == 0;
    if (!good) {
        remove(temporary);
        fprintf(stderr, "mtx build: cannot write %s\n", path);
    } else {
        printf("%s\n", path);
    }
    return good;
}

static int build_text(const compilation *c, const compiled *t, int which, const char *directory)
{
    text out;
    text_init(&out);
    if (emits[which].kind == EMIT_AST) {
        ast_dump(c->module->files.at[0], &out);
    } else if (emits[which].kind == EMIT_IR) {
        program_dump(t->p, &out);
    } else {
        dump_loops(t, &out);
    }
    cli_need(!out.failed);
    bool good = true;
    if (!strcmp(directory, "-")) {
        good = fwrite(out.s ? out.s : "", 1, out.n, stdout) == out.n;
    } else {
        good = write_text(directory, t ? t->p->id : "spec", emits[which].ending, &out);
    }
    text_free(&out);
    return good ? EXIT_FINE : EXIT_SYSTEM;
}

/* LINK files to standard output go by way of a folder of their own */
static int build_to_stdout(arena *a, link_request *r, text *problem)
{
    const char *base = getenv("TMPDIR");
    char folder[512];
    snprintf(folder, sizeof folder, "%s/mtx-build-XXXXXX", base && *base ? base : "/tmp");
    text written;
    text_init(&written);
    int code = EXIT_SYSTEM;
    if (mkdtemp(folder)) {
        r->directory = folder;
        r->files &= ~(unsigned)LINK_HEADER;
        if (link_build(a, r, &written, problem) == MTX_OK && written.n) {
            char *end = strchr(written.s, '\n');
            if (end) {
                *end = 0;
            }
            size_t n;
            char *all = driver_read_file(NULL, written.s, &n);
            code = all && fwrite(all, 1, n, stdout) == n ? EXIT_FINE : EXIT_SYSTEM;
            free(all);
            remove(written.s);
        }
        rmdir(folder);
    }
    text_free(&written);
    return code;
}

static int build_files(compilation *c, const compiled *t, int which, const char *directory, backend_kind backend)
{
    text written, problem;
    text_init(&written);
    text_init(&problem);
    link_request r = {.t = t, .directory = directory, .files = emits[which].files, .backend = backend};
    int code;
    if (!strcmp(directory, "-")) {
        code = build_to_stdout(&c->memory, &r, &problem);
    } else {
        code = link_build(&c->memory, &r, &written, &problem) == MTX_OK ? EXIT_FINE : EXIT_SYSTEM;
        fwrite(written.s ? written.s : "", 1, written.n, stdout);
    }
    if (code != EXIT_FINE) {
        fprintf(stderr, "mtx build: %s\n", problem.s ? problem.s : "the system refused");
    }
    text_free(&written);
    text_free(&problem);
    return code;
}

/* what was asked for, of one transform: itself, then its products */
static int build_one(compilation *c, const compiled *t, int which, const char *directory, backend_kind backend,
                     const bool product[2])
{
    bool files = emits[which].kind == EMIT_FILES;
    int code = files ? build_files(c, t, which, directory, backend) : build_text(c, t, which, directory);
    for (int k = 0; k < 2 && code == EXIT_FINE; k++) {
        if (!product[k]) continue;
        text problem;
        text_init(&problem);
        const compiled *made = products_make(&c->memory, t, k ? PRODUCT_JVP : PRODUCT_VJP, &c->sink, &problem);
        if (made) {
            code = files ? build_files(c, made, which, directory, backend) : build_text(c, made, which, directory);
        } else {
            code = EXIT_WRONG;
            if (problem.s) fprintf(stderr, "mtx build: %s: no --%s\n", problem.s, k ? "jvp" : "vjp");
            cli_messages(c);
        }
        text_free(&problem);
    }
    return code;
}

int cli_build(int argc, char **argv)
{
    const char *output = NULL, *emit = "so", *backend_word = NULL;
    bool product[2] = {false, false};
    const cli_option options[] = {{"output", 'o', CLI_TEXT, &output}, {"emit", 0, CLI_TEXT, &emit},
                                  {"backend", 0, CLI_TEXT, &backend_word}, {"vjp", 0, CLI_FLAG, &product[0]},
                                  {"jvp", 0, CLI_FLAG, &product[1]}, {NULL, 0, CLI_FLAG, NULL}};
    char *rest[64];
    backend_kind backend;
    int n, which;
    if (argc > 64) {
        return cli_usage("build", "too many arguments");
    }
    if (!cli_options("build", argc, argv, options, rest, &n) || !cli_backend("build", backend_word, &backend) ||
        (which = find_emit(emit)) < 0) {
        return EXIT_USAGE;
    }
    if (n != 1 || !output) {
        return cli_usage("build", n < 1 ? "which spec?" : n > 1 ? "one spec at a time" : "where to? (-o DIR)");
    }
    if (!strcmp(output, "-") && !strcmp(emit, "so")) {
        return cli_usage("build", "a library is written to a folder, not to standard output");
    }
    const char *path, *transform;
    char *copy = cli_split_spec(rest[0], &path, &transform);
    compilation c;
    int code = cli_compile(&c, path, emits[which].stage, true, false);
    if (emits[which].kind == EMIT_AST && c.module) {
        code = code == EXIT_FINE ? build_text(&c, NULL, which, output) : code;
    } else if (code == EXIT_FINE) {
        uint32_t done = 0;
        for (uint32_t k = 0; code == EXIT_FINE && k < c.transforms.n; k++) {
            const compiled *t = &c.transforms.at[k];
            if (transform && strcmp(transform, t->p->id)) {
                continue;
            }
            done++;
            if (emits[which].stage < STAGE_LOWER || cli_lowered("build", t)) {
                code = build_one(&c, t, which, output, backend, product);
            } else if (transform) {
                code = EXIT_WRONG;
            }
        }
        if (code == EXIT_FINE && !done) {
            code = cli_no_transform("build", &c, transform);
        }
    }
    driver_free(&c);
    free(copy);
    return code;
}
