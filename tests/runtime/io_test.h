/* SPDX-License-Identifier: Apache-2.0
 *
 * io_test.h: what the tests of readers and writers share: reading a text in memory, comparing a problem with
 * what is expected, scratch files.
 */
#ifndef MTX_TESTS_IO_TEST_H
#define MTX_TESTS_IO_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mtx/mtxrt.h"

#define ROOT (getenv("MTX_ROOT") != NULL ? getenv("MTX_ROOT") : ".")

/* A file of tests/runtime/data; static storage. */
static inline const char *data_path(const char *name)
{
    static char path[1024];
    snprintf(path, sizeof path, "%s/tests/runtime/data/%s", ROOT, name);
    return path;
}

/* A name for a file of this test in the folder for temporary files; static storage, four at a time. */
static inline const char *scratch_path(const char *name)
{
    static char path[4][1024];
    static int next;
    const char *folder = getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp";
    next = (next + 1) % 4;
    snprintf(path[next], sizeof path[next], "%s/mtx-test-%ld-%s", folder, (long)getpid(), name);
    return path[next];
}

static inline void write_file(const char *path, const void *bytes, size_t length)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, length, f), length);
    assert_int_equal(fclose(f), 0);
}

/* The whole file, with a zero byte behind it; free it. */
static inline char *read_file(const char *path, size_t *length)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL) fail_msg("%s is not there", path);
    fseek(f, 0, SEEK_END);
    *length = (size_t)ftell(f);
    rewind(f);
    char *bytes = malloc(*length + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *length, f), *length);
    bytes[*length] = '\0';
    fclose(f);
    return bytes;
}

static inline mtx_reader *open_text(const char *text, const char *name, const mtx_reader_options *options)
{
    mtx_reader *r;
    mtx_problem p;
    if (mtx_reader_open_memory(&r, text, strlen(text), name, options, &p) != MTX_OK)
        fail_msg("%s %s", p.code, p.message);
    return r;
}

/* The first frame of a text, which must be right. */
static inline void read_first(const char *text, const char *name, const mtx_reader_options *options,
                              mtx_structure *s)
{
    mtx_reader *r = open_text(text, name, options);
    mtx_problem p;
    mtx_structure_init(s);
    if (mtx_reader_next(r, s, &p) != MTX_OK) fail_msg("%s %s in: %s", p.code, p.message, text);
    mtx_reader_close(r);
}

/* What a test expects of the first problem in a text. */
typedef struct bad_case {
    const char *text;
    const char *code;
    const char *message;         /* part of it                      */
    const char *field;           /* NULL: whatever                  */
    int         frame, line, atom;
} bad_case;

static inline void check_problem(const mtx_problem *p, const bad_case *c)
{
    if (strcmp(p->code, c->code) != 0 || strstr(p->message, c->message) == NULL || p->frame != c->frame
        || p->line != c->line || p->atom != c->atom || (c->field != NULL && strcmp(p->field, c->field) != 0)
        || p->file[0] == '\0') {
        fail_msg("got %s `%s` file %s frame %d line %d atom %d field `%s`\n expected %s `%s` frame %d line "
                 "%d atom %d field "
                 "`%s`\n in: %s",
                 p->code, p->message, p->file, (int)p->frame, (int)p->line, (int)p->atom, p->field, c->code,
                 c->message, c->frame, c->line, c->atom, c->field != NULL ? c->field : "", c->text);
    }
}

/* Reads on until the first problem, on opening or later. */
static inline void check_bad(const bad_case *c, const char *name, const mtx_reader_options *options)
{
    mtx_reader *r;
    mtx_problem p;
    mtx_status status = mtx_reader_open_memory(&r, c->text, strlen(c->text), name, options, &p);
    mtx_structure s;
    mtx_structure_init(&s);
    while (status == MTX_OK) status = mtx_reader_next(r, &s, &p);
    if (status == MTX_END) fail_msg("nothing is wrong with: %s", c->text);
    assert_int_equal(p.status, status);
    check_problem(&p, c);
    mtx_structure_free(&s);
    mtx_reader_close(r);
}

static inline const mtx_column *need_info(const mtx_structure *s, const char *name, mtx_column_type type,
                                          int width)
{
    const mtx_column *c = mtx_structure_info(s, name);
    if (c == NULL) fail_msg("there is no %s", name);
    if (c->type != type || c->width != width)
        fail_msg("%s has type %d and %d values", name, (int)c->type, (int)c->width);
    return c;
}

#endif
