/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_read.c: any bytes as a data file. The first byte chooses the format, whether columns are wanted and
 * whether bad frames are skipped; the rest is the file. Readers must come to an end, leave structures that
 * are consistent, and say where a problem lies.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mtx/mtxrt.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void need(bool condition)
{
    if (!condition) abort();
}

static void check_column(const mtx_column *c, int64_t rows)
{
    need(c->name != NULL && c->rows == rows && c->width >= 0);
    for (int64_t k = 0; k < c->rows * c->width; k++) {
        if (c->type == MTX_COL_TEXT) need(c->text[k] == NULL || strlen(c->text[k]) < ((size_t)1 << 30));
        else need(!isnan(c->real[k]));
    }
}

static void check_structure(const mtx_structure *s)
{
    need(s->n >= 0 && s->n <= s->capacity);
    for (int64_t i = 0; i < s->n; i++) {
        need(s->Z[i] >= 1 && s->Z[i] <= 118);
        for (int c = 0; c < 3; c++) need(isfinite(s->r[i][c]));
    }
    for (int k = 0; k < 9; k++) need(isfinite(s->cell[k / 3][k % 3]));
    for (int32_t k = 0; k < s->n_info; k++) check_column(&s->info[k], 1);
    for (int32_t k = 0; k < s->n_columns; k++) check_column(&s->columns[k], s->n);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const char *const formats[] = {NULL,  "extxyz", "poscar", "json",
                                          "cif", "extxyz", "extxyz", "json"};
    static const mtx_wanted wanted[] = {{"a", false, true, MTX_COL_REAL, 1},
                                        {"b", false, true, MTX_COL_TEXT, 0},
                                        {"f", true, true, MTX_COL_INT, 3}};
    if (size == 0) return 0;
    const mtx_reader_options options = {.format = formats[bytes[0] & 7],
                                        .wanted = wanted,
                                        .n_wanted = bytes[0] & 8 ? 3 : 0,
                                        .only_wanted = (bytes[0] & 16) != 0,
                                        .skip_bad = (bytes[0] & 32) != 0};
    mtx_reader *r;
    mtx_problem p;
    mtx_status status = mtx_reader_open_memory(&r, bytes + 1, size - 1, "fuzz", &options, &p);
    mtx_structure s;
    mtx_structure_init(&s);
    size_t frames = 0;
    while (r != NULL && (status = mtx_reader_next(r, &s, &p)) != MTX_END) {
        need(++frames <= 2 * size + 16);
        if (status == MTX_OK) check_structure(&s);
        else need(p.status == status && p.code[0] == 'E' && p.message[0] != '\0' && p.file[0] != '\0');
    }
    mtx_structure_free(&s);
    mtx_reader_close(r);
    return 0;
}
