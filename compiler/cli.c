/* SPDX-License-Identifier: Apache-2.0
 *
 * cli.c: options, messages and compiling, as every command needs them.
 */
#include "cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stdlib_files.h"

#define MESSAGES_MOST 20u

static jmp_buf cli_no_memory;    /* cli_guarded's landing place                                              */

int cli_guarded(int (*run)(int argc, char **argv), int argc, char **argv)
{
    if (setjmp(cli_no_memory)) {
        fputs("mtx: memory exhausted\n", stderr);
        return EXIT_SYSTEM;
    }
    return run(argc, argv);
}

void cli_need(bool there)
{
    if (!there) {
        longjmp(cli_no_memory, 1);
    }
}

int cli_usage(const char *command, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    fprintf(stderr, "mtx %s: ", command);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fprintf(stderr, "\nmtx %s --help shows how it is called\n", command);
    return EXIT_USAGE;
}

static bool set_option(const char *command, const cli_option *o, const char *word)
{
    switch (o->kind) {
    case CLI_FLAG:
        *(bool *)o->value = true;
        return true;
    case CLI_TEXT:
        *(const char **)o->value = word;
        return true;
    case CLI_MANY: {
        cli_many *m = o->value;
        if (m->n == 64) {
            cli_usage(command, "--%s is given more than 64 times", o->name);
            return false;
        }
        m->at[m->n++] = word;
        return true;
    }
    case CLI_INT: {
        char *end;
        errno = 0;
        long v = strtol(word, &end, 10);
        if (errno || end == word || *end || v < 0 || v > 2000000000) {
            cli_usage(command, "--%s needs a whole number, not `%s`", o->name, word);
            return false;
        }
        *(int *)o->value = (int)v;
        return true;
    }
    }
    return false;
}

static const cli_option *find_option(const char *command, const cli_option *options, const char *word, const char **value)
{
    const char *equals = strchr(word, '=');
    size_t n = equals ? (size_t)(equals - word) : strlen(word);
    const char *known[32] = {0};
    size_t count = 0;
    for (const cli_option *o = options; o->name; o++) {
        known[count++] = o->name;
        bool is_long = !strncmp(word, "--", 2) && strlen(o->name) == n - 2 && !strncmp(word + 2, o->name, n - 2);
        bool is_short = word[1] != '-' && o->letter && word[1] == o->letter && (n == 2 || !equals);
        if (is_long || is_short) {
            *value = is_long ? equals ? equals + 1 : NULL : word[2] ? word + 2 : NULL;
            return o;
        }
    }
    const char *name_of = word + (word[1] == '-' ? 2 : 1), *near = text_closest(name_of, known, count);
    for (size_t k = 0; k < count && !near && n > 3; k++) {           /* the beginning of one */
        near = strncmp(known[k], name_of, n - (size_t)(name_of - word)) ? NULL : known[k];
    }
    cli_usage(command, "unknown option `%.*s`%s%s%s", (int)n, word, near ? "; did you mean --" : "", near ? near : "", near ? "?" : "");
    return NULL;
}

bool cli_options(const char *command, int argc, char **argv, const cli_option *options, char **rest, int *n_rest)
{
    *n_rest = 0;
    bool only_rest = false;
    for (int k = 1; k < argc; k++) {
        if (only_rest || argv[k][0] != '-' || !argv[k][1]) {
            rest[(*n_rest)++] = argv[k];
            continue;
        }
        if (!strcmp(argv[k], "--")) {
            only_rest = true;
            continue;
        }
        const char *value = NULL;
        const cli_option *o = find_option(command, options, argv[k], &value);
        if (!o) {
            return false;
        }
        if (o->kind == CLI_FLAG && value) {
            cli_usage(command, "--%s takes no value", o->name);
            return false;
        }
        if (o->kind != CLI_FLAG && !value) {
            if (k + 1 >= argc) {
                cli_usage(command, "--%s needs a value", o->name);
                return false;
            }
            value = argv[++k];
        }
        if (!set_option(command, o, value)) {
            return false;
        }
    }
    return true;
}

static bool cli_colour(int fd)
{
    const char *term = getenv("TERM");
    return isatty(fd) && !getenv("NO_COLOR") && term && strcmp(term, "dumb") != 0;
}

static char *read_spec(const char *path, size_t *n, bool *builtin)
{
    *builtin = false;
    if (!strncmp(path, "stdlib:", 7)) {
        const stdlib_file *f = stdlib_find(path + 7);
        *builtin = f != NULL;
        *n = f ? f->length : 0;
        errno = ENOENT;
        return f ? strdup(f->text) : NULL;
    }
    return driver_read_file(NULL, strcmp(path, "-") ? path : "/dev/stdin", n);
}

void cli_messages(const compilation *c)
{
    text out;
    text_init(&out);
    diag_print_text(&c->sink, &out, cli_colour(STDERR_FILENO), MESSAGES_MOST);
    cli_need(!out.failed);
    if (out.n) {
        fwrite(out.s, 1, out.n, stderr);
    }
    text_free(&out);
}

int cli_compile(compilation *c, const char *path, driver_stage last, bool search, bool quiet)
{
    size_t n = 0;
    bool builtin;
    errno = 0;
    char *text_ = read_spec(path, &n, &builtin);
    if (!text_) {
        const char *near = strncmp(path, "stdlib:", 7) ? NULL : stdlib_closest(path + 7);
        fprintf(stderr, "mtx: cannot read %s: %s%s%s\n", path, errno ? strerror(errno) : "it is no readable file",
                near ? "; did you mean stdlib:" : "", near ? near : "");
        memset(c, 0, sizeof *c);
        return EXIT_SYSTEM;
    }
    mtx_status status = driver_run(c, strcmp(path, "-") ? path : "(standard input)", text_, n, last, search);
    free(text_);
    c->memory.guard = &cli_no_memory;
    if (status != MTX_OK) {
        fprintf(stderr, "mtx: %s: %s\n", path, mtx_strerror(status));
        return EXIT_SYSTEM;
    }
    if (last == STAGE_LOWER) {                    /* notes are for `mtx check`                                */
        uint32_t kept = 0;
        for (uint32_t k = 0; k < c->sink.all.n; k++) {
            if (c->sink.all.at[k]->severity != SEV_NOTE) {
                c->sink.all.at[kept++] = c->sink.all.at[k];
            }
        }
        c->sink.all.n = kept;
    }
    if (!quiet) {
        cli_messages(c);
    }
    return c->sink.errors ? EXIT_WRONG : EXIT_FINE;
}

int cli_problem_code(mtx_status status)
{
    return status == MTX_EIO || status == MTX_ENOMEM ? EXIT_SYSTEM : EXIT_WRONG;
}

bool cli_lowered(const char *command, const compiled *t)
{
    if (!t->loops) {
        fprintf(stderr, "mtx %s: this version cannot compile %s\n", command, t->p->id);
    }
    return t->loops != NULL;
}

int cli_no_transform(const char *command, const compilation *c, const char *transform)
{
    const char *names[64];
    text list;
    text_init(&list);
    uint32_t n = c->transforms.n < 64 ? c->transforms.n : 64;
    for (uint32_t k = 0; k < n; k++) {
        names[k] = c->transforms.at[k].p->id;
        text_printf(&list, "%s%s", k ? ", " : "", names[k]);
    }
    const char *near = transform ? text_closest(transform, names, n) : NULL;
    if (!n) {
        cli_usage(command, "the spec has no transform");
    } else if (near) {
        cli_usage(command, "the spec has no transform `%s`; did you mean `%s`?", transform, near);
    } else {
        cli_usage(command, "the spec has no transform `%s`; it has %s", transform, list.s ? list.s : "");
    }
    text_free(&list);
    return EXIT_USAGE;
}

void cli_problem(const mtx_problem *p)
{
    fprintf(stderr, "error[%s]: %s\n", p->code[0] ? p->code : "E0600", p->message);
    if (p->file[0]) {
        fprintf(stderr, "  %s", p->file);
        if (p->line >= 0) {
            fprintf(stderr, ":%lld", (long long)p->line);
        }
        if (p->frame >= 0) {
            fprintf(stderr, "  frame %lld", (long long)p->frame);
        }
        if (p->atom >= 0) {
            fprintf(stderr, "  atom %lld", (long long)p->atom);
        }
        if (p->field[0]) {
            fprintf(stderr, "  field %s", p->field);
        }
        fputc('\n', stderr);
    }
    if (p->help[0]) {
        fprintf(stderr, "  = try: %s\n", p->help);
    }
}

char *cli_split_spec(const char *word, const char **path, const char **transform)
{
    const char *colon = strrchr(word, ':');
    *path = word;
    *transform = NULL;
    bool stdlib_only = colon && colon - word == 6 && !strncmp(word, "stdlib", 6);
    if (!colon || colon == word || !colon[1] || strchr(colon, '/') || stdlib_only || access(word, F_OK) == 0) {
        return NULL;
    }
    char *copy = strdup(word);
    cli_need(copy != NULL);
    copy[colon - word] = 0;
    *path = copy;
    *transform = colon + 1;
    return copy;
}

bool cli_backend(const char *command, const char *word, backend_kind *out)
{
    *out = !word ? BACKEND_ANY : !strcmp(word, "llvm") ? BACKEND_LLVM : BACKEND_C;
    if (word && strcmp(word, "llvm") && strcmp(word, "c")) {
        cli_usage(command, "--backend is llvm or c, not `%s`", word);
        return false;
    }
    return true;
}

const char *cli_unit_words(arena *a, span type_at)
{
    if (!type_at.src || type_at.end <= type_at.start) {
        return NULL;
    }
    const char *s = type_at.src->text + type_at.start, *end = type_at.src->text + type_at.end, *open = NULL;
    for (const char *c = s; c < end; c++) {
        open = *c == '[' ? c : open;
    }
    return open && end[-1] == ']' ? arena_strndup(a, open + 1, (size_t)(end - open - 2)) : NULL;
}

static mtx_status read_first(const char *path, mtx_structure *s, mtx_problem *problem)
{
    mtx_reader *reader;
    mtx_status status = mtx_reader_open(&reader, path, NULL, problem);
    if (status != MTX_OK) {
        return status;
    }
    status = mtx_reader_next(reader, s, problem);
    if (status == MTX_END) {
        snprintf(problem->code, sizeof problem->code, "E0603");
        snprintf(problem->message, sizeof problem->message, "%s holds no structure", path);
    }
    mtx_structure second;
    mtx_structure_init(&second);
    mtx_problem ignored;
    if (status == MTX_OK && mtx_reader_next(reader, &second, &ignored) == MTX_OK) {
        fprintf(stderr, "warning: %s holds several structures, the first is taken\n", path);
    }
    mtx_structure_free(&second);
    mtx_reader_close(reader);
    return status;
}

int cli_read_slot(const char *command, const program *p, const char *assignment, mtx_structure *fixed, bool *is_fixed)
{
    const char *equals = strchr(assignment, '=');
    if (!equals || equals == assignment || !equals[1]) {
        cli_usage(command, "--set is written NAME=FILE, not `%s`", assignment);
        return EXIT_USAGE;
    }
    size_t n = (size_t)(equals - assignment);
    const char *names[CLI_SLOTS];
    uint32_t slots = p->slots.n < CLI_SLOTS ? p->slots.n : CLI_SLOTS;
    for (uint32_t s = 0; s < slots; s++) {
        names[s] = p->slots.at[s].id;
        if (strlen(names[s]) != n || strncmp(names[s], assignment, n) != 0) {
            continue;
        }
        if (is_fixed[s]) {
            return cli_usage(command, "--set binds `%s` twice", names[s]);
        }
        mtx_problem problem = {.frame = -1, .line = -1, .atom = -1};
        mtx_status status = read_first(equals + 1, &fixed[s], &problem);
        is_fixed[s] = status == MTX_OK;
        if (!is_fixed[s]) {
            cli_problem(&problem);
        }
        return is_fixed[s] ? EXIT_FINE : cli_problem_code(status);
    }
    char word[64];
    snprintf(word, sizeof word, "%.*s", (int)n, assignment);
    const char *near = text_closest(word, names, slots);
    bool number = !near && strspn(equals + 1, "0123456789.+-eE") == strlen(equals + 1);
    if (number) {
        return cli_usage(command, "--set binds structures to files: the value of a constant such as `%s` is changed in the spec", word);
    }
    return cli_usage(command, "%s takes no structure `%s`%s%s%s", p->id, word, near ? "; did you mean `" : "", near ? near : "", near ? "`?" : "");
}
