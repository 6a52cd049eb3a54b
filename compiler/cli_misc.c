/* SPDX-License-Identifier: Apache-2.0
 *
 * cli_misc.c: mtx fmt, mtx explain, mtx stdlib.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "fmt.h"
#include "stdlib_files.h"

/* ------------------------------------------------------------------------------------------------------ fmt */

static bool write_beside(const char *path, const text *t)
{
    char *real = realpath(path, NULL);           /* a link stays a link */
    path = real ? real : path;
    size_t n = strlen(path) + 32;
    char *temporary = malloc(n);
    if (!temporary) {
        free(real);
        return false;
    }
    snprintf(temporary, n, "%s.mtx-%ld", path, (long)getpid());
    struct stat old;
    FILE *f = fopen(temporary, "wb");
    bool good = f && fwrite(t->s, 1, t->n, f) == t->n;
    good = good && (stat(path, &old) != 0 || fchmod(fileno(f), old.st_mode & 07777) == 0);
    good = f && fclose(f) == 0 && good && rename(temporary, path) == 0;
    if (!good) {
        remove(temporary);
    }
    free(temporary);
    free(real);
    return good;
}

static int format_one(const char *path, bool check)
{
    compilation c;
    int code = cli_compile(&c, path, STAGE_PARSE, false, false);
    if (code != EXIT_FINE) {
        if (code == EXIT_WRONG) {
            fprintf(stderr, "mtx fmt: %s has errors and is left as it is\n", path);
        }
        driver_free(&c);
        return code;
    }
    text out;
    text_init(&out);
    fmt_file(c.module->files.at[0], &out);
    cli_need(!out.failed);
    bool same = out.n == c.src->n && !memcmp(out.s, c.src->text, out.n);
    if (check && !same) {
        printf("%s\n", path);
        code = EXIT_WRONG;
    } else if (!check && !strcmp(path, "-")) {
        fwrite(out.s, 1, out.n, stdout);
    } else if (!check && !same && !write_beside(path, &out)) {
        fprintf(stderr, "mtx fmt: cannot write %s\n", path);
        code = EXIT_SYSTEM;
    }
    text_free(&out);
    driver_free(&c);
    return code;
}

int cli_fmt(int argc, char **argv)
{
    bool check = false;
    const cli_option options[] = {{"check", 0, CLI_FLAG, &check}, {NULL, 0, CLI_FLAG, NULL}};
    char **rest = malloc(sizeof(char *) * (size_t)(argc + 1));
    int n, worst = EXIT_FINE;
    cli_need(rest != NULL);
    if (!cli_options("fmt", argc, argv, options, rest, &n)) {
        free(rest);
        return EXIT_USAGE;
    }
    if (n == 0) {
        rest[n++] = (char *)(uintptr_t)"-";
    }
    for (int k = 0; k < n; k++) {
        int code = format_one(rest[k], check);
        worst = code > worst ? code : worst;
    }
    free(rest);
    return worst;
}

/* -------------------------------------------------------------------------------------------------- explain */

int cli_explain(int argc, char **argv)
{
    if (argc != 2) {
        return cli_usage("explain", "which code? For example: mtx explain E0210");
    }
    const diag_row *row = diag_find(argv[1]);
    if (!row) {
        fprintf(stderr, "mtx explain: there is no message `%s`; docs/errors.md lists them\n", argv[1]);
        return EXIT_WRONG;
    }
    printf("%s  (docs/spec.md, clause %s)\n\n%s\n", row->code, row->clause, row->explain);
    return EXIT_FINE;
}

/* --------------------------------------------------------------------------------------------------- stdlib */

/* first comment line of a file: what it is */
static int headline(const char *s)
{
    return (int)strcspn(s, "\n");
}

int cli_stdlib(int argc, char **argv)
{
    if (argc == 2 && !strcmp(argv[1], "list")) {
        for (size_t k = 0; k < stdlib_file_count; k++) {
            const char *s = stdlib_files[k].text;
            s += *s == '#' ? 1 + (s[1] == ' ') : 0;
            printf("%-36s %.*s\n", stdlib_files[k].path, headline(s), s);
        }
        return EXIT_FINE;
    }
    if (argc == 3 && !strcmp(argv[1], "show")) {
        const stdlib_file *f = stdlib_find(argv[2]);
        const char *near = f ? NULL : stdlib_closest(argv[2]);
        if (f) {
            fputs(f->text, stdout);
        } else {
            fprintf(stderr, "mtx stdlib: no `%s`; %s%s\n", argv[2], near ? "did you mean " : "`mtx stdlib list` shows what there is",
                    near ? near : "");
        }
        return f ? EXIT_FINE : EXIT_WRONG;
    }
    return cli_usage("stdlib", "list, or show PATH?");
}
