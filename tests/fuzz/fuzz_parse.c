/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_parse.c: libFuzzer target. Any bytes: the front end reports and does not crash, messages print as text and JSON.
 * Bytes that parse without errors: the formatter's text parses to the same tree, formats to itself, has as many comments.
 */
#include "ast_dump.h"
#include "fmt.h"
#include "parse.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct front { arena memory; jmp_buf guard; intern names; diag_sink sink; ast_file *file; } front;

static void front_start(front *f, const char *bytes, size_t n)
{
    arena_init(&f->memory, &f->guard);
    if (setjmp(f->guard))
        abort();                         /* the limits of the fuzzer leave enough memory          */
    intern_init(&f->names, &f->memory);
    diag_sink_init(&f->sink, &f->memory);
    f->file = parse_file(&f->memory, &f->names, source_new(&f->memory, "fuzz.mtx", bytes, n), &f->sink);
    diag_sort(&f->sink);
}

static void require(bool fact)
{
    if (!fact)
        abort();
}

static bool same(const text *a, const text *b)
{
    return a->n == b->n && (a->n == 0 || memcmp(a->s, b->s, a->n) == 0);
}

static void round_trip(const front *first)
{
    text tree, laid_out, tree_again, laid_out_again;
    text_init(&tree);
    text_init(&laid_out);
    text_init(&tree_again);
    text_init(&laid_out_again);
    ast_dump(first->file, &tree);
    fmt_file(first->file, &laid_out);
    front second;
    front_start(&second, laid_out.s ? laid_out.s : "", laid_out.n);
    require(second.sink.errors == 0);
    ast_dump(second.file, &tree_again);
    fmt_file(second.file, &laid_out_again);
    require(same(&tree, &tree_again));
    require(same(&laid_out, &laid_out_again));
    require(first->file->n_comment == second.file->n_comment);
    arena_free(&second.memory);
    text_free(&tree);
    text_free(&laid_out);
    text_free(&tree_again);
    text_free(&laid_out_again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    front f;
    front_start(&f, (const char *)data, size);
    text out;
    text_init(&out);
    diag_print_text(&f.sink, &out, true, 20);
    diag_print_json(&f.sink, &out);
    text_free(&out);
    if (f.sink.errors == 0)
        round_trip(&f);
    arena_free(&f.memory);
    return 0;
}
