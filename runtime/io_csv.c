/* SPDX-License-Identifier: Apache-2.0
 *
 * io_csv.c: results as tables of comma-separated values (RFC 4180, lines end with \n). In: batches; out:
 * OUT.csv with one row per frame, `frame` and the outputs per frame, and one table OUT.SET.csv for each set
 * that has outputs or pairs: `frame`, `row`, for pairs `i`, `j`, `shift[0..2]`, then the outputs over the
 * set. An output of several numbers takes a column for each, labelled name[k] or name[k,l]. The tables get
 * their names together, OUT.csv last.
 */
#define _POSIX_C_SOURCE 200809L
#include "io_write.h"

#include <stdlib.h>

/* A table with more columns than this is of no use to a reader of CSV. */
enum { COLUMNS_MAX = 100000 };

typedef struct csv {
    io_file *tables;                       /* [1 + sets]: frames, then each set                     */
    bool    *used;
} csv;

static void put_text(io_file *f, const char *text)
{
    if (strpbrk(text, ",\"\r\n") == NULL) {
        io_file_text(f, text);
        return;
    }
    io_file_put(f, "\"", 1);
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '"') io_file_put(f, "\"", 1);
        io_file_put(f, p, 1);
    }
    io_file_put(f, "\"", 1);
}

/* name, name[3], name[1,2]: the label of number k of a row. */
static void put_label(io_file *f, const mtx_output *o, int64_t k)
{
    char label[600];
    size_t used = (size_t)snprintf(label, 300, "%.250s", o->name);
    int64_t stride = io_output_width(o);
    for (int32_t d = 0; d < o->rank; d++) {
        stride /= o->shape[d];
        used += (size_t)snprintf(label + used, sizeof label - used, "%s%lld", d > 0 ? "," : "[",
                                 (long long)(k / stride % o->shape[d]));
    }
    if (o->rank > 0) snprintf(label + used, sizeof label - used, "]");
    put_text(f, label);
}

static void put_header(mtx_writer *w, io_file *f, int32_t set)
{
    io_file_text(f, set < 0 ? "frame" : "frame,row");
    if (set >= 0 && w->sets[set].kind == MTX_ROWS_PAIRS) io_file_text(f, ",i,j,shift[0],shift[1],shift[2]");
    for (int32_t k = 0; k < w->n_outputs; k++) {
        for (int64_t c = 0; w->outputs[k].set == set && c < io_output_width(&w->outputs[k]); c++) {
            io_file_text(f, ",");
            put_label(f, &w->outputs[k], c);
        }
    }
    io_file_text(f, "\n");
}

static void put_outputs(mtx_writer *w, io_file *f, const mtx_rows *rows, int32_t set, int64_t row)
{
    for (int32_t k = 0; k < w->n_outputs; k++) {
        const mtx_output *o = &w->outputs[k];
        if (o->set != set) continue;
        const int64_t width = io_output_width(o);
        for (int64_t c = row * width; c < (row + 1) * width; c++) {
            char number[IO_NUMBER_ROOM];
            io_file_text(f, ",");
            if (o->dtype == MTX_TEXT) put_text(f, ((const char *const *)rows->data[k])[c]);
            else io_file_put(f, number, io_format_element(number, o->dtype, rows->data[k], c));
        }
    }
    io_file_text(f, "\n");
}

static void put_set_rows(mtx_writer *w, io_file *f, const mtx_rows *rows, int32_t set, int64_t frame)
{
    const mtx_set_rows *s = &rows->sets[set];
    const int64_t origin = s->origin != NULL ? s->origin[frame] : 0;
    for (int64_t row = s->ptr[frame]; row < s->ptr[frame + 1]; row++) {
        char text[160];
        size_t used = (size_t)snprintf(text, sizeof text, "%lld,%lld", (long long)(w->frames + frame),
                                       (long long)(row - s->ptr[frame]));
        if (w->sets[set].kind == MTX_ROWS_PAIRS) {
            used += (size_t)snprintf(text + used, sizeof text - used, ",%lld,%lld,%d,%d,%d",
                                     (long long)(s->i[row] - origin), (long long)(s->j[row] - origin),
                                     (int)s->sx[row], (int)s->sy[row], (int)s->sz[row]);
        }
        io_file_put(f, text, used);
        put_outputs(w, f, rows, set, row);
    }
}

static mtx_status csv_append(mtx_writer *w, const mtx_rows *rows, mtx_problem *problem)
{
    csv *c = w->state;
    for (int64_t frame = 0; frame < rows->frames; frame++) {
        char text[32];
        io_file_put(&c->tables[0], text,
                    (size_t)snprintf(text, sizeof text, "%lld", (long long)(w->frames + frame)));
        put_outputs(w, &c->tables[0], rows, -1, frame);
        for (int32_t s = 0; s < w->n_sets; s++) {
            if (c->used[s + 1]) put_set_rows(w, &c->tables[s + 1], rows, s, frame);
        }
    }
    for (int32_t t = 0; t <= w->n_sets; t++) {
        const mtx_status status = c->used[t] ? io_file_failed(&c->tables[t], problem) : MTX_OK;
        if (status != MTX_OK) return status;
    }
    return MTX_OK;
}

/* OUT.csv -> OUT.SET.csv */
static char *set_path(const char *path, const char *set)
{
    const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
    const size_t stem = dot != NULL && (slash == NULL || dot > slash) ? (size_t)(dot - path) : strlen(path);
    const size_t room = strlen(path) + strlen(set) + 2;
    char *name = malloc(room);
    if (name != NULL) snprintf(name, room, "%.*s.%s%s", (int)stem, path, set, path + stem);
    return name;
}

static mtx_status open_table(mtx_writer *w, int32_t set, mtx_problem *problem)
{
    csv *c = w->state;
    char *path = set < 0 ? io_text(w->path, strlen(w->path)) : set_path(w->path, w->sets[set].name);
    if (path == NULL) return io_no_memory(problem);
    const mtx_status status = io_file_create(&c->tables[set + 1], path, false, problem);
    free(path);
    if (status != MTX_OK) return status;
    c->used[set + 1] = true;
    put_header(w, &c->tables[set + 1], set);
    return MTX_OK;
}

/* Whether a set has anything to say; also counts columns. */
static mtx_status check_columns(const mtx_writer *w, int32_t set, bool *any, mtx_problem *problem)
{
    int64_t columns = 0;
    *any = set < 0 || w->sets[set].kind == MTX_ROWS_PAIRS;
    for (int32_t k = 0; k < w->n_outputs; k++) {
        if (w->outputs[k].set != set) continue;
        *any = true;
        columns += io_output_width(&w->outputs[k]);
        if (columns <= COLUMNS_MAX) continue;
        rt_problem_set(problem, MTX_EINVAL, "E0641",
                       "a CSV table with output `%.200s` would have more than %d columns", w->outputs[k].name,
                       COLUMNS_MAX);
        rt_problem_help(problem, "write npz or HDF5, which keep arrays as they are");
        return MTX_EINVAL;
    }
    return MTX_OK;
}

static mtx_status csv_open(mtx_writer *w, mtx_problem *problem)
{
    csv *c = calloc(1, sizeof *c);
    if (c == NULL) return io_no_memory(problem);
    w->state = c;
    c->tables = calloc((size_t)w->n_sets + 1, sizeof *c->tables);
    c->used = calloc((size_t)w->n_sets + 1, sizeof *c->used);
    if (c->tables == NULL || c->used == NULL) return io_no_memory(problem);
    for (int32_t set = -1; set < w->n_sets; set++) {
        bool any;
        mtx_status status = check_columns(w, set, &any, problem);
        if (status == MTX_OK && any) status = open_table(w, set, problem);
        if (status != MTX_OK) return status;
    }
    return MTX_OK;
}

static mtx_status csv_finish(mtx_writer *w, mtx_problem *problem)
{
    csv *c = w->state;
    for (int32_t t = w->n_sets; t >= 0; t--) {
        if (!c->used[t]) continue;
        c->used[t] = false;
        const mtx_status status = io_file_commit(&c->tables[t], problem);
        if (status != MTX_OK) return status;
    }
    return MTX_OK;
}

static void csv_close(mtx_writer *w)
{
    csv *c = w->state;
    if (c == NULL) return;
    for (int32_t t = 0; c->used != NULL && t <= w->n_sets; t++) {
        if (c->used[t]) io_file_discard(&c->tables[t]);
    }
    free(c->tables);
    free(c->used);
    free(c);
}

const io_writer_format io_writer_csv = {.name = "csv",
                                        .names = "|csv|",
                                        .open = csv_open,
                                        .append = csv_append,
                                        .finish = csv_finish,
                                        .close = csv_close};
