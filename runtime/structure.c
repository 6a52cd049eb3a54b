/* SPDX-License-Identifier: Apache-2.0
 *
 * structure.c: life of an mtx_structure and its columns: make, reuse, copy, free, look up by name. Arrays
 * grow geometrically, so a reader that reuses one structure stops allocating after the largest frame. What
 * the numbers mean is not checked here.
 */
#include "rt.h"

#include <stdlib.h>
#include <string.h>

/* Columns a structure may carry; far above any file, low enough that products below cannot overflow. */
enum { COLUMNS_MAX = 1 << 20 };

static char *text_copy(const char *text)
{
    const size_t bytes = strlen(text) + 1;
    char *copy = malloc(bytes);
    if (copy != NULL) memcpy(copy, text, bytes);
    return copy;
}

static void column_free(mtx_column *column)
{
    if (column->text != NULL) {
        for (int64_t k = 0; k < column->rows * column->width; k++) free(column->text[k]);
    }
    free(column->text);
    free(column->real);
    free(column->name);
    *column = (mtx_column){0};
}

static void columns_free(mtx_column *columns, int32_t *count)
{
    for (int32_t k = 0; k < *count; k++) column_free(&columns[k]);
    *count = 0;
}

void mtx_structure_init(mtx_structure *s)
{
    *s = (mtx_structure){.frame = -1, .line = -1};
}

void mtx_structure_clear(mtx_structure *s)
{
    columns_free(s->info, &s->n_info);
    columns_free(s->columns, &s->n_columns);
    s->n = 0;
    memset(s->cell, 0, sizeof s->cell);
    memset(s->pbc, 0, sizeof s->pbc);
    s->frame = s->line = -1;
}

void mtx_structure_free(mtx_structure *s)
{
    if (s == NULL) return;
    mtx_structure_clear(s);
    free(s->info);
    free(s->columns);
    free(s->r);
    free(s->Z);
    mtx_structure_init(s);
}

mtx_status mtx_structure_reserve(mtx_structure *s, int64_t n)
{
    if (n < 0 || (uint64_t)n > SIZE_MAX / (2 * sizeof *s->r)) return MTX_EINVAL;
    if (n <= s->capacity) return MTX_OK;
    const int64_t grown = s->capacity + s->capacity / 2;
    const int64_t capacity = n > grown ? n : grown;
    double(*r)[3] = realloc(s->r, (size_t)capacity * sizeof *r);
    if (r == NULL) return MTX_ENOMEM;
    s->r = r;
    int32_t *Z = realloc(s->Z, (size_t)capacity * sizeof *Z);
    if (Z == NULL) return MTX_ENOMEM;
    s->Z = Z;
    s->capacity = capacity;
    return MTX_OK;
}

static const mtx_column *column_find(const mtx_column *columns, int32_t count, const char *name)
{
    for (int32_t k = 0; k < count; k++) {
        if (strcmp(columns[k].name, name) == 0) return &columns[k];
    }
    return NULL;
}

const mtx_column *mtx_structure_info(const mtx_structure *s, const char *name)
{
    return column_find(s->info, s->n_info, name);
}

const mtx_column *mtx_structure_column(const mtx_structure *s, const char *name)
{
    return column_find(s->columns, s->n_columns, name);
}

/* Fill `column` with zeroed storage; on failure it holds nothing. */
static bool column_make(mtx_column *column, const char *name, mtx_column_type type, int64_t rows,
                        int32_t width)
{
    *column = (mtx_column){.type = type, .rows = rows, .width = width};
    if (width < 0 || rows < 0 || (width > 0 && rows > INT64_MAX / 8 / width)) return false;
    const size_t cells = (size_t)(rows * width) + 1; /* one spare: never a request for 0 bytes */
    column->name = text_copy(name);
    if (type == MTX_COL_TEXT)
        column->text = calloc(cells, sizeof *column->text);
    else
        column->real = calloc(cells, sizeof *column->real);
    if (column->name != NULL && (column->text != NULL || column->real != NULL)) return true;
    column_free(column);
    return false;
}

/* Slot for a column of that name: the present one, or a new one at the end. NULL when memory is exhausted. */
static mtx_column *column_slot(mtx_column **columns, int32_t count, const char *name)
{
    mtx_column *old = (mtx_column *)column_find(*columns, count, name);
    if (old != NULL || count >= COLUMNS_MAX) return old;
    /* the capacity is the next power of two, at least 4, so it needs no field of its own */
    if (count == 0 || (count >= 4 && (count & (count - 1)) == 0)) {
        const size_t capacity = count == 0 ? 4 : (size_t)count * 2;
        mtx_column *grown = realloc(*columns, capacity * sizeof *grown);
        if (grown == NULL) return NULL;
        *columns = grown;
    }
    (*columns)[count] = (mtx_column){0};
    return &(*columns)[count];
}

static mtx_column *column_add(mtx_column **columns, int32_t *count, const char *name, mtx_column_type type,
                              int64_t rows, int32_t width)
{
    mtx_column made;
    if (!column_make(&made, name, type, rows, width)) return NULL;
    mtx_column *slot = column_slot(columns, *count, name);
    if (slot == NULL) {
        column_free(&made);
        return NULL;
    }
    if (slot == *columns + *count)
        ++*count;
    else
        column_free(slot);
    *slot = made;
    return slot;
}

mtx_column *mtx_structure_add_info(mtx_structure *s, const char *name, mtx_column_type type, int32_t width)
{
    return column_add(&s->info, &s->n_info, name, type, 1, width);
}

mtx_column *mtx_structure_add_column(mtx_structure *s, const char *name, mtx_column_type type, int32_t width)
{
    return column_add(&s->columns, &s->n_columns, name, type, s->n, width);
}

static bool column_fill(mtx_column *to, const mtx_column *from)
{
    const int64_t cells = from->rows * from->width;
    if (from->type != MTX_COL_TEXT) {
        memcpy(to->real, from->real, (size_t)cells * sizeof *to->real);
        return true;
    }
    for (int64_t k = 0; k < cells; k++) {
        if (from->text[k] == NULL) continue;
        to->text[k] = text_copy(from->text[k]);
        if (to->text[k] == NULL) return false;
    }
    return true;
}

static bool columns_copy(mtx_column **to, int32_t *count, const mtx_column *from, int32_t from_count)
{
    for (int32_t k = 0; k < from_count; k++) {
        const mtx_column *c = &from[k];
        mtx_column *made = column_add(to, count, c->name, c->type, c->rows, c->width);
        if (made == NULL || !column_fill(made, c)) return false;
    }
    return true;
}

mtx_status mtx_structure_copy(mtx_structure *to, const mtx_structure *from)
{
    if (to == from) return MTX_OK;
    mtx_structure_clear(to);
    const mtx_status status = mtx_structure_reserve(to, from->n);
    if (status != MTX_OK) return status;
    if (from->n > 0) {
        memcpy(to->r, from->r, (size_t)from->n * sizeof *to->r);
        memcpy(to->Z, from->Z, (size_t)from->n * sizeof *to->Z);
    }
    to->n = from->n;
    memcpy(to->cell, from->cell, sizeof to->cell);
    memcpy(to->pbc, from->pbc, sizeof to->pbc);
    to->frame = from->frame;
    to->line = from->line;
    if (columns_copy(&to->info, &to->n_info, from->info, from->n_info) &&
        columns_copy(&to->columns, &to->n_columns, from->columns, from->n_columns)) {
        return MTX_OK;
    }
    mtx_structure_clear(to);
    return MTX_ENOMEM;
}
