/* SPDX-License-Identifier: Apache-2.0
 *
 * io_arrays.c: results as plain arrays that grow by rows, for npz and HDF5. In: batches; out: full buffers,
 * handed to the format's flush. One array per output; per set SET.ptr (int64, from 0), for pairs also SET.i,
 * SET.j (int32, the endpoint's row in its frame) and SET.shift (int32 [3]). Memory is one buffer per array.
 */
#include "io_write.h"

#include <stdlib.h>

enum { ARRAY_BUFFER = 256 << 10 };

static io_array *next_array(io_arrays *all, const char *name, const char *suffix)
{
    io_array *a = &all->at[all->count];
    const size_t room = strlen(name) + strlen(suffix) + 1;
    a->name = malloc(room);
    a->buffer = malloc(ARRAY_BUFFER);
    a->buffer_bytes = ARRAY_BUFFER;
    all->count++;
    if (a->name == NULL || a->buffer == NULL) return NULL;
    snprintf(a->name, room, "%s%s", name, suffix);
    return a;
}

static bool set_array(io_arrays *all, const char *set, const char *suffix, mtx_dtype dtype, int32_t rank)
{
    io_array *a = next_array(all, set, suffix);
    if (a == NULL) return false;
    a->set = set;
    a->dtype = dtype;
    a->rank = rank;
    a->shape[0] = 3;                       /* only SET.shift has a shape */
    a->row_bytes = io_dtype_size(dtype) * (rank > 0 ? 3 : 1);
    return true;
}

static bool output_array(io_arrays *all, const mtx_writer *w, const mtx_output *o)
{
    io_array *a = next_array(all, o->name, "");
    if (a == NULL) return false;
    a->output = o;
    a->set = o->set >= 0 ? w->sets[o->set].name : NULL;
    a->dtype = o->dtype;
    a->rank = o->rank;
    memcpy(a->shape, o->shape, sizeof a->shape);
    a->row_bytes = io_dtype_size(o->dtype) * (size_t)io_output_width(o);
    return true;
}

static mtx_status check_names(const io_arrays *all, mtx_problem *problem)
{
    for (int32_t k = 0; k < all->count; k++) {
        for (int32_t other = 0; other < k; other++) {
            if (strcmp(all->at[k].name, all->at[other].name) != 0) continue;
            return rt_problem_set(problem, MTX_EINVAL, "E0642",
                                  "two arrays of the result are called `%.200s`", all->at[k].name);
        }
    }
    return MTX_OK;
}

mtx_status io_arrays_make(io_arrays *all, const mtx_writer *w, mtx_problem *problem)
{
    all->at = calloc((size_t)w->n_outputs + 4 * (size_t)w->n_sets + 1, sizeof *all->at);
    all->first_of_set = calloc((size_t)w->n_sets + 1, sizeof *all->first_of_set);
    bool made = all->at != NULL && all->first_of_set != NULL;
    for (int32_t k = 0; k < w->n_outputs && made; k++) made = output_array(all, w, &w->outputs[k]);
    for (int32_t s = 0; s < w->n_sets && made; s++) {
        const char *name = w->sets[s].name;
        all->first_of_set[s] = all->count;
        made = set_array(all, name, ".ptr", MTX_I64, 0);
        if (w->sets[s].kind != MTX_ROWS_PAIRS) continue;
        made = made && set_array(all, name, ".i", MTX_I32, 0) && set_array(all, name, ".j", MTX_I32, 0)
            && set_array(all, name, ".shift", MTX_I32, 1);
    }
    return made ? check_names(all, problem) : io_no_memory(problem);
}

static mtx_status flush_array(io_arrays *all, mtx_writer *w, io_array *a, mtx_problem *problem)
{
    if (a->buffered == 0) return MTX_OK;
    const mtx_status status = all->flush(w, a, problem);
    a->buffered = 0;
    a->used = 0;
    return status;
}

/* Room for `bytes` more in the buffer. */
static mtx_status make_room(io_arrays *all, mtx_writer *w, io_array *a, size_t bytes, mtx_problem *problem)
{
    if (a->buffer_bytes - a->used >= bytes) return MTX_OK;
    const mtx_status status = flush_array(all, w, a, problem);
    if (status != MTX_OK || a->buffer_bytes >= bytes) return status;
    uint8_t *grown = realloc(a->buffer, bytes);
    if (grown == NULL) return io_no_memory(problem);
    a->buffer = grown;
    a->buffer_bytes = bytes;
    return MTX_OK;
}

static mtx_status put_rows(io_arrays *all, mtx_writer *w, io_array *a, const void *data, int64_t count,
                           mtx_problem *problem)
{
    const uint8_t *from = data;
    if (a->row_bytes == 0) {               /* a row of no numbers */
        a->rows += count;
        return MTX_OK;
    }
    while (count > 0) {
        const mtx_status status = make_room(all, w, a, a->row_bytes, problem);
        if (status != MTX_OK) return status;
        int64_t some = (int64_t)((a->buffer_bytes - a->used) / a->row_bytes);
        if (some > count) some = count;
        memcpy(a->buffer + a->used, from, (size_t)some * a->row_bytes);
        a->used += (size_t)some * a->row_bytes;
        from += (size_t)some * a->row_bytes;
        a->buffered += some;
        a->rows += some;
        count -= some;
    }
    return MTX_OK;
}

static mtx_status put_texts(io_arrays *all, mtx_writer *w, io_array *a, const char *const *texts,
                            int64_t count, mtx_problem *problem)
{
    const int64_t width = (int64_t)(a->row_bytes / sizeof(char *));
    for (int64_t row = 0; row < count; row++) {
        size_t bytes = 0;
        for (int64_t k = 0; k < width; k++) bytes += strlen(texts[row * width + k]) + 1;
        const mtx_status status = make_room(all, w, a, bytes, problem);
        if (status != MTX_OK) return status;
        for (int64_t k = 0; k < width; k++) {
            const size_t length = strlen(texts[row * width + k]) + 1;
            memcpy(a->buffer + a->used, texts[row * width + k], length);
            a->used += length;
        }
        a->buffered++;
        a->rows++;
    }
    return MTX_OK;
}

static mtx_status start_ptr(io_arrays *all, mtx_writer *w, io_array *a, mtx_problem *problem)
{
    const int64_t zero = 0;
    return a->rows == 0 ? put_rows(all, w, a, &zero, 1, problem) : MTX_OK;
}

/* SET.ptr goes on from the rows of all frames before. */
static mtx_status put_ptr(io_arrays *all, mtx_writer *w, io_array *a, const mtx_set_rows *rows,
                          int64_t frames, mtx_problem *problem)
{
    mtx_status status = start_ptr(all, w, a, problem);
    for (int64_t f = 0; f < frames && status == MTX_OK; f++) {
        const int64_t next = a->set_rows + rows->ptr[f + 1];
        status = put_rows(all, w, a, &next, 1, problem);
    }
    a->set_rows += rows->ptr[frames];
    return status;
}

static mtx_status put_pairs(io_arrays *all, mtx_writer *w, io_array *a, const mtx_set_rows *rows,
                            int64_t frames, mtx_problem *problem)
{
    mtx_status status = MTX_OK;
    for (int64_t f = 0; f < frames; f++) {
        const int64_t origin = rows->origin != NULL ? rows->origin[f] : 0;
        for (int64_t p = rows->ptr[f]; p < rows->ptr[f + 1] && status == MTX_OK; p++) {
            const int32_t i = (int32_t)(rows->i[p] - origin), j = (int32_t)(rows->j[p] - origin);
            const int32_t shift[3] = {rows->sx[p], rows->sy[p], rows->sz[p]};
            status = put_rows(all, w, &a[1], &i, 1, problem);
            if (status == MTX_OK) status = put_rows(all, w, &a[2], &j, 1, problem);
            if (status == MTX_OK) status = put_rows(all, w, &a[3], shift, 1, problem);
        }
    }
    return status;
}

mtx_status io_arrays_append(io_arrays *all, mtx_writer *w, const mtx_rows *rows, mtx_problem *problem)
{
    mtx_status status = MTX_OK;
    for (int32_t s = 0; s < w->n_sets && status == MTX_OK; s++) {
        io_array *a = &all->at[all->first_of_set[s]];
        status = put_ptr(all, w, a, &rows->sets[s], rows->frames, problem);
        if (status == MTX_OK && w->sets[s].kind == MTX_ROWS_PAIRS) {
            status = put_pairs(all, w, a, &rows->sets[s], rows->frames, problem);
        }
    }
    for (int32_t k = 0; k < w->n_outputs && status == MTX_OK; k++) {
        io_array *a = &all->at[k];
        const int64_t count = io_output_rows(w, rows, k);
        if (a->dtype == MTX_TEXT) status = put_texts(all, w, a, rows->data[k], count, problem);
        else status = put_rows(all, w, a, rows->data[k], count, problem);
    }
    return status;
}

mtx_status io_arrays_complete(io_arrays *all, mtx_writer *w, mtx_problem *problem)
{
    mtx_status status = MTX_OK;
    for (int32_t s = 0; s < w->n_sets && status == MTX_OK; s++) {
        status = start_ptr(all, w, &all->at[all->first_of_set[s]], problem);
    }
    return status;
}

mtx_status io_arrays_flush(io_arrays *all, mtx_writer *w, mtx_problem *problem)
{
    mtx_status status = io_arrays_complete(all, w, problem);
    for (int32_t k = 0; k < all->count && status == MTX_OK; k++)
        status = flush_array(all, w, &all->at[k], problem);
    return status;
}

void io_arrays_free(io_arrays *all)
{
    for (int32_t k = 0; k < all->count; k++) {
        free(all->at[k].name);
        free(all->at[k].buffer);
    }
    free(all->at);
    free(all->first_of_set);
    *all = (io_arrays){0};
}
