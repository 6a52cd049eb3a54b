/* SPDX-License-Identifier: Apache-2.0
 *
 * parse_driver.c: the front end alone, for the tests of the parser and the formatter.
 *     parse_driver MODE FILE     MODE: text or json (messages), ast (dump), fmt (formatted), docs (comments)
 * Messages show the bare file name. Exit code: 0 no error, 1 errors in the spec, 2 wrong use.
 */
#include "ast_dump.h"
#include "diag.h"
#include "fmt.h"
#include "parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *read_all(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return NULL;
    char *bytes = NULL;
    size_t cap = 0;
    *n = 0;
    do {
        cap = cap ? cap * 2 : 1 << 16;
        char *grown = realloc(bytes, cap + 1);
        if (!grown)
            break;
        bytes = grown;
        *n += fread(bytes + *n, 1, cap - *n, f);
    } while (*n == cap);
    fclose(f);
    return bytes;
}

static void put_docs(const ast_file *file, text *out)
{
    for (uint32_t i = 0; i < file->n; i++) {
        const decl *d = file->decl[i];
        if (d->doc)
            text_printf(out, "%s: %s\n", d->id.id, d->doc);
        for (uint32_t k = 0; k < d->n; k++)
            if (d->body[k]->doc)
                text_printf(out, "%s[%u]: %s\n", d->id.id, k, d->body[k]->doc);
    }
}

/* everything below the guard; 2 when memory runs out */
static int show(arena *memory, jmp_buf *guard, const char *mode, const char *path, const char *bytes,
                size_t n)
{
    arena_init(memory, guard);
    if (setjmp(*guard))
        return 2;
    const char *slash = strrchr(path, '/');
    intern names;
    diag_sink sink;
    intern_init(&names, memory);
    diag_sink_init(&sink, memory);
    source *src = source_new(memory, slash ? slash + 1 : path, bytes, n);
    ast_file *file = parse_file(memory, &names, src, &sink);
    diag_sort(&sink);
    text out;
    text_init(&out);
    if (strcmp(mode, "json") == 0)
        diag_print_json(&sink, &out);
    else if (strcmp(mode, "text") == 0)
        diag_print_text(&sink, &out, false, 20);
    else if (strcmp(mode, "ast") == 0)
        ast_dump(file, &out);
    else if (strcmp(mode, "docs") == 0)
        put_docs(file, &out);
    else if (strcmp(mode, "fmt") == 0 && sink.errors == 0)
        fmt_file(file, &out);
    fwrite(out.s ? out.s : "", 1, out.n, stdout);
    int status = out.failed ? 2 : sink.errors > 0;
    text_free(&out);
    return status;
}

int main(int argc, char **argv)
{
    size_t n = 0;
    char *bytes = argc == 3 ? read_all(argv[2], &n) : NULL;
    if (!bytes) {
        fprintf(stderr, "use: parse_driver text|json|ast|fmt|docs FILE\n");
        return 2;
    }
    jmp_buf guard;
    arena memory;
    int status = show(&memory, &guard, argv[1], argv[2], bytes, n);
    arena_free(&memory);
    free(bytes);
    return status;
}
