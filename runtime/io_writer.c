/* SPDX-License-Identifier: Apache-2.0
 *
 * io_writer.c: the writer's handle. In: declared outputs and sets, then batches of rows; out: calls of one
 * format's functions with declarations and rows that are known to fit together. The formats are in io_npz.c,
 * hdf5_module.c, io_csv.c and io_xyz_write.c. Results are not computed, and not converted, here.
 */
#define _POSIX_C_SOURCE 200809L
#include "io_write.h"

#include <stdlib.h>
#include <strings.h>

static const io_writer_format *const formats[] = {&io_writer_npz, &io_writer_hdf5, &io_writer_csv,
                                                  &io_writer_extxyz};

/* ------------------------------------------------------------------------------------------- declarations */

int64_t io_output_width(const mtx_output *o)
{
    int64_t width = 1;
    for (int32_t k = 0; k < o->rank; k++) width *= o->shape[k];
    return width;
}

size_t io_dtype_size(mtx_dtype dtype)
{
    switch (dtype) {
    case MTX_F64:
    case MTX_I64: return 8;
    case MTX_I32: return 4;
    case MTX_BOOL: return 1;
    case MTX_TEXT: return sizeof(char *);
    }
    return 0;
}

int64_t io_output_rows(const mtx_writer *w, const mtx_rows *rows, int32_t k)
{
    const int32_t set = w->outputs[k].set;
    return set < 0 ? rows->frames : rows->sets[set].ptr[rows->frames];
}

static mtx_status misfit(mtx_problem *problem, const char *what, const char *name)
{
    rt_problem_set(problem, MTX_EINVAL, "E0642", "%s %s", io_quote(name, strlen(name)).text, what);
    io_problem_field(problem, name, strlen(name));
    return MTX_EINVAL;
}

static mtx_status check_output(const mtx_writer *w, int32_t k, mtx_problem *problem)
{
    const mtx_output *o = &w->outputs[k];
    if (o->name[0] == '\0') return misfit(problem, "is no name for an output", o->name);
    if (o->set < -1 || o->set >= w->n_sets)
        return misfit(problem, "is over a set that is not declared", o->name);
    if (o->rank < 0 || o->rank > MTX_OUTPUT_RANK) return misfit(problem, "has too many dimensions", o->name);
    int64_t width = 1;
    for (int32_t d = 0; d < o->rank; d++) {
        if (o->shape[d] < 0 || (o->shape[d] > 0 && width > INT32_MAX / o->shape[d])) {
            return misfit(problem, "has an impossible shape", o->name);
        }
        width *= o->shape[d];
    }
    for (int32_t other = 0; other < k; other++) {
        if (strcmp(w->outputs[other].name, o->name) == 0)
            return misfit(problem, "is declared twice", o->name);
    }
    return MTX_OK;
}

static mtx_status check_declarations(const mtx_writer *w, mtx_problem *problem)
{
    for (int32_t s = 0; s < w->n_sets; s++) {
        for (int32_t other = 0; other < s; other++) {
            if (strcmp(w->sets[s].name, w->sets[other].name) != 0) continue;
            return misfit(problem, "is declared twice", w->sets[s].name);
        }
    }
    for (int32_t k = 0; k < w->n_outputs; k++) {
        const mtx_status status = check_output(w, k, problem);
        if (status != MTX_OK) return status;
    }
    return MTX_OK;
}

/* A batch against the declarations. */
static mtx_status check_rows(const mtx_writer *w, const mtx_rows *rows, mtx_problem *problem)
{
    if (rows->frames < 0) return misfit(problem, "is given a negative number of frames", w->path);
    for (int32_t s = 0; s < w->n_sets; s++) {
        const mtx_set_rows *set = &rows->sets[s];
        if (set->ptr == NULL || set->ptr[0] != 0)
            return misfit(problem, "has no rows from 0 on", w->sets[s].name);
        for (int64_t f = 0; f < rows->frames; f++) {
            if (set->ptr[f + 1] < set->ptr[f])
                return misfit(problem, "has rows that run backwards", w->sets[s].name);
        }
        const bool pairs =
            set->i != NULL && set->j != NULL && set->sx != NULL && set->sy != NULL && set->sz != NULL;
        if (w->sets[s].kind == MTX_ROWS_PAIRS && set->ptr[rows->frames] > 0 && !pairs) {
            return misfit(problem, "is a set of pairs without endpoints and shifts", w->sets[s].name);
        }
    }
    for (int32_t k = 0; k < w->n_outputs; k++) {
        const bool needed = io_output_rows(w, rows, k) > 0 && io_output_width(&w->outputs[k]) > 0;
        if (needed && rows->data[k] == NULL)
            return misfit(problem, "has rows but no data", w->outputs[k].name);
    }
    return MTX_OK;
}

/* --------------------------------------------------------------------------------------------------- meta */

/* Text that grows; `failed` sticks. */
typedef struct growing { char *text; size_t used, room; bool failed; } growing;

static void add_bytes(growing *g, const char *bytes, size_t length)
{
    if (g->failed) return;
    if (g->room - g->used <= length) {
        const size_t room = 2 * g->room + length + 256;
        char *text = realloc(g->text, room);
        g->failed = text == NULL;
        if (g->failed) return;
        g->text = text;
        g->room = room;
    }
    memcpy(g->text + g->used, bytes, length);
    g->used += length;
    g->text[g->used] = '\0';
}

static void add(growing *g, const char *text)
{
    add_bytes(g, text, strlen(text));
}

static void add_string(growing *g, const char *text)
{
    add(g, "\"");
    for (const char *p = text; *p != '\0'; p++) {
        char escape[8];
        if (*p == '"' || *p == '\\') snprintf(escape, sizeof escape, "\\%c", *p);
        else if ((unsigned char)*p < 0x20) snprintf(escape, sizeof escape, "\\u%04x", (unsigned)*p);
        else snprintf(escape, sizeof escape, "%c", *p);
        add(g, escape);
    }
    add(g, "\"");
}

static void add_member(growing *g, const char *key, const char *text)
{
    if (text == NULL) return;
    add(g, ", \"");
    add(g, key);
    add(g, "\": ");
    add_string(g, text);
}

static void add_output(growing *g, const mtx_writer *w, const mtx_output *o)
{
    static const char *const types[] = {"float64", "int32", "int64", "bool", "text"};
    char number[24];
    add(g, "{\"name\": ");
    add_string(g, o->name);
    if (o->set >= 0) add_member(g, "set", w->sets[o->set].name);
    add_member(g, "type", types[o->dtype]);
    add(g, ", \"shape\": [");
    for (int32_t d = 0; d < o->rank; d++) {
        snprintf(number, sizeof number, "%s%lld", d > 0 ? ", " : "", (long long)o->shape[d]);
        add(g, number);
    }
    add(g, "]");
    add_member(g, "unit", o->unit);
    add_member(g, "law", o->law);
    add_member(g, "doc", o->doc);
    add(g, "}");
}

char *io_meta_json(const mtx_writer *w)
{
    static const char *const kinds[] = {"rows", "atoms", "pairs"};
    growing g = {0};
    char number[48];
    snprintf(number, sizeof number, "{\"frames\": %lld, \"sets\": [", (long long)w->frames);
    add(&g, number);
    for (int32_t s = 0; s < w->n_sets; s++) {
        add(&g, s > 0 ? ", {\"name\": " : "{\"name\": ");
        add_string(&g, w->sets[s].name);
        add_member(&g, "kind", kinds[w->sets[s].kind]);
        add(&g, "}");
    }
    add(&g, "], \"outputs\": [");
    for (int32_t k = 0; k < w->n_outputs; k++) {
        add(&g, k > 0 ? ",\n  " : "\n  ");
        add_output(&g, w, &w->outputs[k]);
    }
    add(&g, "]");
    if (w->meta != NULL) {
        add(&g, ",\n \"spec\": ");
        add(&g, w->meta);
    }
    add(&g, "}\n");
    if (!g.failed) return g.text;
    free(g.text);
    return NULL;
}

/* ------------------------------------------------------------------------------------------------- handle */

/* A copy of a text that may be NULL; *failed sticks. */
static char *copy_text(const char *text, bool *failed)
{
    if (text == NULL) return NULL;
    char *copy = io_text(text, strlen(text));
    *failed = *failed || copy == NULL;
    return copy;
}

static mtx_status copy_declarations(mtx_writer *w, const mtx_output *outputs, int32_t n_outputs,
                                    const mtx_output_set *sets, int32_t n_sets, mtx_problem *problem)
{
    bool failed = false;
    w->outputs = calloc((size_t)n_outputs + 1, sizeof *w->outputs);
    w->sets = calloc((size_t)n_sets + 1, sizeof *w->sets);
    if (w->outputs == NULL || w->sets == NULL) return io_no_memory(problem);
    for (; w->n_sets < n_sets; w->n_sets++) {
        w->sets[w->n_sets] = sets[w->n_sets];
        w->sets[w->n_sets].name = copy_text(sets[w->n_sets].name, &failed);
    }
    for (; w->n_outputs < n_outputs; w->n_outputs++) {
        mtx_output *o = &w->outputs[w->n_outputs];
        *o = outputs[w->n_outputs];
        o->name = copy_text(o->name, &failed);
        o->unit = copy_text(o->unit, &failed);
        o->law = copy_text(o->law, &failed);
        o->doc = copy_text(o->doc, &failed);
    }
    return failed ? io_no_memory(problem) : MTX_OK;
}

static bool names_include(const char *names, const char *name)
{
    const size_t length = strlen(name);
    for (const char *p = strchr(names, '|'); p != NULL && p[1] != '\0'; p = strchr(p + 1, '|')) {
        if (strncasecmp(p + 1, name, length) == 0 && p[1 + length] == '|') return length > 0;
    }
    return false;
}

static mtx_status find_format(mtx_writer *w, const char *name, mtx_problem *problem)
{
    const char *slash = strrchr(w->path, '/'), *dot = strrchr(w->path, '.');
    const bool ending = dot != NULL && (slash == NULL || dot > slash);
    const char *wanted = name != NULL && name[0] != '\0' ? name : ending ? dot + 1 : "";
    for (size_t k = 0; k < sizeof formats / sizeof formats[0]; k++) {
        if (names_include(formats[k]->names, wanted)) w->format = formats[k];
    }
    if (w->format != NULL) return MTX_OK;
    rt_problem_set(problem, MTX_EINVAL, "E0643", "results cannot be written as %s",
                   io_quote(wanted, strlen(wanted)).text);
    rt_problem_help(problem, "give the file one of the endings .npz, .h5, .csv, .xyz");
    return MTX_EINVAL;
}

static void writer_free(mtx_writer *w)
{
    if (w->format != NULL && w->format->close != NULL) w->format->close(w);
    for (int32_t k = 0; k < w->n_outputs; k++) {
        free((char *)w->outputs[k].name);
        free((char *)w->outputs[k].unit);
        free((char *)w->outputs[k].law);
        free((char *)w->outputs[k].doc);
    }
    for (int32_t s = 0; s < w->n_sets; s++) free((char *)w->sets[s].name);
    free(w->outputs);
    free(w->sets);
    free(w->path);
    free(w->meta);
    free(w);
}

mtx_status mtx_writer_open(mtx_writer **writer, const char *path, const mtx_output *outputs,
                           int32_t n_outputs, const mtx_output_set *sets, int32_t n_sets,
                           const mtx_writer_options *options, mtx_problem *problem)
{
    *writer = NULL;
    rt_problem_clear(problem);
    mtx_writer *w = calloc(1, sizeof *w);
    if (w == NULL) return io_no_memory(problem);
    bool failed = false;
    w->path = copy_text(path, &failed);
    w->meta = options != NULL ? copy_text(options->meta, &failed) : NULL;
    w->deflate = options != NULL && options->deflate;
    mtx_status status = failed ? io_no_memory(problem)
                               : copy_declarations(w, outputs, n_outputs, sets, n_sets, problem);
    if (status == MTX_OK) status = check_declarations(w, problem);
    if (status == MTX_OK) status = find_format(w, options != NULL ? options->format : NULL, problem);
    if (status == MTX_OK) status = w->format->open(w, problem);
    if (status != MTX_OK) writer_free(w);
    else *writer = w;
    return status;
}

mtx_status mtx_writer_append(mtx_writer *w, const mtx_rows *rows, mtx_problem *problem)
{
    rt_problem_clear(problem);
    mtx_status status = check_rows(w, rows, problem);
    if (status == MTX_OK) status = w->format->append(w, rows, problem);
    if (status == MTX_OK) w->frames += rows->frames;
    return status;
}

mtx_status mtx_writer_finish(mtx_writer *w, mtx_problem *problem)
{
    rt_problem_clear(problem);
    const mtx_status status = w->format->finish(w, problem);
    writer_free(w);
    return status;
}

void mtx_writer_abort(mtx_writer *w)
{
    if (w != NULL) writer_free(w);
}
