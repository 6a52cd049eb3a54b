/* SPDX-License-Identifier: Apache-2.0
 *
 * io_xyz_write.c: results as extended XYZ: the structures they were computed from, outputs per frame as keys,
 * outputs over the atoms as columns. In: batches with their structures; out: one file that libAtoms, ASE and
 * io_xyz.c read. Keys and columns of the input are kept unless an output has the same name. Arrays of more
 * than one dimension are written as ASE does, "_JSON [[..]]". Outputs over other sets do not fit this format
 * and are refused on opening.
 */
#include "io_write.h"

#include <stdlib.h>

typedef struct xyz_out { io_file file; } xyz_out;

static void put(io_file *f, const char *text)
{
    io_file_text(f, text);
}

static void put_number(io_file *f, mtx_dtype dtype, const void *data, int64_t index)
{
    char number[IO_NUMBER_ROOM];
    io_file_put(f, number, io_format_element(number, dtype, data, index));
}

static bool needs_quotes(const char *text)
{
    return text[0] == '\0' || strpbrk(text, " \t\n\r=\",{}[]\\'") != NULL;
}

static void put_quoted(io_file *f, const char *text)
{
    if (!needs_quotes(text)) {
        put(f, text);
        return;
    }
    put(f, "\"");
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '"' || *p == '\\') put(f, "\\");
        if (*p == '\n') put(f, "\\n");
        else io_file_put(f, p, 1);
    }
    put(f, "\"");
}

/* --------------------------------------------------------------------------------------------------- keys */

static void put_text_array(io_file *f, const char *const *texts, int64_t count)
{
    put(f, "[");
    for (int64_t k = 0; k < count; k++) {
        if (k > 0) put(f, ", ");
        put(f, "\"");
        for (const char *p = texts[k] != NULL ? texts[k] : ""; *p != '\0'; p++) {
            if (*p == '"' || *p == '\\') put(f, "\\");
            if (*p == '\n') put(f, "\\n");
            else io_file_put(f, p, 1);
        }
        put(f, "\"");
    }
    put(f, "]");
}

/* Nested brackets around numbers, from dimension d on; returns the next number's index. */
static int64_t put_nested(io_file *f, const mtx_output *o, const void *data, int32_t d, int64_t at)
{
    if (d == o->rank) {
        if (o->dtype == MTX_BOOL) put(f, ((const uint8_t *)data)[at] != 0 ? "true" : "false");
        else put_number(f, o->dtype, data, at);
        return at + 1;
    }
    put(f, "[");
    for (int64_t k = 0; k < o->shape[d]; k++) {
        if (k > 0) put(f, ", ");
        at = put_nested(f, o, data, d + 1, at);
    }
    put(f, "]");
    return at;
}

static void put_flat(io_file *f, mtx_dtype dtype, const void *data, int64_t first, int64_t count)
{
    if (count != 1) put(f, "\"");
    for (int64_t k = 0; k < count; k++) {
        if (k > 0) put(f, " ");
        put_number(f, dtype, data, first + k);
    }
    if (count != 1) put(f, "\"");
}

/* ASE takes these two for 3x3 matrices and wants their nine numbers flat. */
static bool is_flat_matrix(const mtx_output *o)
{
    return io_output_width(o) == 9 && (strcmp(o->name, "stress") == 0 || strcmp(o->name, "virial") == 0);
}

static void put_output_key(io_file *f, const mtx_output *o, const void *data, int64_t frame)
{
    const int64_t width = io_output_width(o);
    if (width == 0) return;                /* the format has no empty arrays */
    put(f, " ");
    put_quoted(f, o->name);
    put(f, "=");
    if (o->dtype == MTX_TEXT) {
        const char *const *texts = (const char *const *)data + frame * width;
        if (width == 1) put_quoted(f, texts[0]);
        else put_text_array(f, texts, width);
    } else if (o->rank >= 2 && !is_flat_matrix(o)) {
        put(f, "\"_JSON ");
        put_nested(f, o, data, 0, frame * width);
        put(f, "\"");
    } else {
        put_flat(f, o->dtype, data, frame * width, width);
    }
}

static void put_real(io_file *f, const mtx_column *c, int64_t index)
{
    char number[IO_NUMBER_ROOM];
    const double value = c->real[index];
    if (c->type == MTX_COL_BOOL) put(f, value != 0.0 ? "T" : "F");
    else if (c->type == MTX_COL_INT)
        io_file_put(f, number, (size_t)snprintf(number, sizeof number, "%.0f", value));
    else io_file_put(f, number, io_format_number(number, value));
}

static void put_info(io_file *f, const mtx_column *c)
{
    if (c->width == 0) return;
    put(f, " ");
    put_quoted(f, c->name);
    put(f, "=");
    if (c->type == MTX_COL_TEXT && c->width == 1) {
        put_quoted(f, c->text[0] != NULL ? c->text[0] : "");
    } else if (c->type == MTX_COL_TEXT) {
        put_text_array(f, (const char *const *)c->text, c->width);
    } else {
        if (c->width != 1) put(f, "\"");
        for (int32_t k = 0; k < c->width; k++) {
            if (k > 0) put(f, " ");
            put_real(f, c, k);
        }
        if (c->width != 1) put(f, "\"");
    }
}

static bool is_output(const mtx_writer *w, const char *name, bool per_atom)
{
    for (int32_t k = 0; k < w->n_outputs; k++) {
        if ((w->outputs[k].set >= 0) == per_atom && strcmp(w->outputs[k].name, name) == 0) return true;
    }
    return false;
}

/* ------------------------------------------------------------------------------------------------ columns */

/* A name in Properties has no colons and blanks; those of other formats' columns are replaced. */
static void put_column_name(io_file *f, const char *name, char type, int64_t width)
{
    char rest[40];
    for (const char *p = name; *p != '\0'; p++) {
        const bool bad = *p == ':' || (unsigned char)*p <= ' ' || strchr("\"'=,{}[]\\", *p) != NULL;
        io_file_put(f, bad ? "_" : p, 1);
    }
    io_file_put(f, rest, (size_t)snprintf(rest, sizeof rest, ":%c:%lld", type, (long long)width));
}

static char type_letter(mtx_dtype dtype)
{
    return dtype == MTX_F64 ? 'R' : dtype == MTX_BOOL ? 'L' : dtype == MTX_TEXT ? 'S' : 'I';
}

static void put_properties(io_file *f, const mtx_writer *w, const mtx_structure *s)
{
    static const char letters[] = {
        [MTX_COL_REAL] = 'R', [MTX_COL_INT] = 'I', [MTX_COL_BOOL] = 'L', [MTX_COL_TEXT] = 'S'};
    put(f, "Properties=species:S:1:pos:R:3");
    for (int32_t k = 0; k < s->n_columns; k++) {
        const mtx_column *c = &s->columns[k];
        if (c->width == 0 || is_output(w, c->name, true)) continue;
        put(f, ":");
        put_column_name(f, c->name, letters[c->type], c->width);
    }
    for (int32_t k = 0; k < w->n_outputs; k++) {
        const int64_t width = io_output_width(&w->outputs[k]);
        if (w->outputs[k].set < 0 || width == 0) continue;
        put(f, ":");
        put_column_name(f, w->outputs[k].name, type_letter(w->outputs[k].dtype), width);
    }
}

/* A word of an atom line: blanks cannot stand in it. */
static void put_word(io_file *f, const char *text)
{
    if (text == NULL || text[0] == '\0') text = "_";
    for (const char *p = text; *p != '\0'; p++) io_file_put(f, (unsigned char)*p <= ' ' ? "_" : p, 1);
}

static void put_atom(io_file *f, const mtx_writer *w, const mtx_rows *rows, const mtx_structure *s,
                     int64_t first, int64_t i)
{
    char number[IO_NUMBER_ROOM];
    put(f, mtx_element_symbol(s->Z[i]));
    for (int k = 0; k < 3; k++) {
        put(f, " ");
        io_file_put(f, number, io_format_number(number, s->r[i][k]));
    }
    for (int32_t k = 0; k < s->n_columns; k++) {
        const mtx_column *c = &s->columns[k];
        for (int32_t a = 0; a < c->width && !is_output(w, c->name, true); a++) {
            put(f, " ");
            if (c->type == MTX_COL_TEXT) put_word(f, c->text[i * c->width + a]);
            else put_real(f, c, i * c->width + a);
        }
    }
    for (int32_t k = 0; k < w->n_outputs; k++) {
        const mtx_output *o = &w->outputs[k];
        const int64_t width = io_output_width(o);
        for (int64_t a = (first + i) * width; o->set >= 0 && a < (first + i + 1) * width; a++) {
            put(f, " ");
            if (o->dtype == MTX_TEXT) put_word(f, ((const char *const *)rows->data[k])[a]);
            else put_number(f, o->dtype, rows->data[k], a);
        }
    }
    put(f, "\n");
}

/* ------------------------------------------------------------------------------------------------- frames */

static void put_cell(io_file *f, const mtx_structure *s)
{
    char number[IO_NUMBER_ROOM];
    bool any = false;
    for (int k = 0; k < 9; k++) any = any || s->cell[k / 3][k % 3] != 0.0;
    if (any) put(f, "Lattice=\"");
    for (int k = 0; k < 9 && any; k++) {
        if (k > 0) put(f, " ");
        io_file_put(f, number, io_format_number(number, s->cell[k / 3][k % 3]));
    }
    if (any) put(f, "\" ");
}

static void put_comment(io_file *f, const mtx_writer *w, const mtx_rows *rows, const mtx_structure *s,
                        int64_t frame)
{
    put_cell(f, s);
    put_properties(f, w, s);
    put(f, " pbc=\"");
    for (int k = 0; k < 3; k++) put(f, k == 0 ? (s->pbc[k] ? "T" : "F") : (s->pbc[k] ? " T" : " F"));
    put(f, "\"");
    for (int32_t k = 0; k < s->n_info; k++) {
        if (!is_output(w, s->info[k].name, false)) put_info(f, &s->info[k]);
    }
    for (int32_t k = 0; k < w->n_outputs; k++) {
        if (w->outputs[k].set < 0) put_output_key(f, &w->outputs[k], rows->data[k], frame);
    }
    put(f, "\n");
}

/* Index of the first row of a frame's atoms in every output over them; -1: a set has another number of
 * rows. */
static int64_t first_row(const mtx_writer *w, const mtx_rows *rows, const mtx_structure *s, int64_t frame)
{
    int64_t first = 0;
    for (int32_t k = 0; k < w->n_sets; k++) {
        if (w->sets[k].kind != MTX_ROWS_ATOMS) continue;
        const int64_t *ptr = rows->sets[k].ptr;
        if (ptr[frame + 1] - ptr[frame] != s->n) return -1;
        first = ptr[frame];
    }
    return first;
}

static mtx_status xyz_append(mtx_writer *w, const mtx_rows *rows, mtx_problem *problem)
{
    xyz_out *x = w->state;
    for (int64_t frame = 0; frame < rows->frames; frame++) {
        const mtx_structure *s = rows->structures != NULL ? rows->structures[frame] : NULL;
        if (s == NULL)
            return rt_problem_set(problem, MTX_EINVAL, "E0642",
                                  "extended XYZ needs the structures themselves");
        const int64_t first = first_row(w, rows, s, frame);
        if (first < 0)
            return rt_problem_set(problem, MTX_EINVAL, "E0642",
                                  "a set of atoms has other rows than the frame");
        char count[32];
        io_file_put(&x->file, count, (size_t)snprintf(count, sizeof count, "%lld\n", (long long)s->n));
        put_comment(&x->file, w, rows, s, frame);
        for (int64_t i = 0; i < s->n; i++) put_atom(&x->file, w, rows, s, first, i);
    }
    return io_file_failed(&x->file, problem);
}

static mtx_status xyz_open(mtx_writer *w, mtx_problem *problem)
{
    for (int32_t k = 0; k < w->n_outputs; k++) {
        const mtx_output *o = &w->outputs[k];
        if (o->set < 0 || w->sets[o->set].kind == MTX_ROWS_ATOMS) continue;
        rt_problem_set(problem, MTX_EINVAL, "E0641",
                       "extended XYZ cannot hold `%.200s`, which is over the set `%.100s`", o->name,
                       w->sets[o->set].name);
        rt_problem_help(
            problem,
            "it holds quantities per frame and per atom; write npz or HDF5, or leave this output out: `mtx run --only`");
        return MTX_EINVAL;
    }
    xyz_out *x = calloc(1, sizeof *x);
    if (x == NULL) return io_no_memory(problem);
    w->state = x;
    x->file.fd = -1;
    return io_file_create(&x->file, w->path, false, problem);
}

static mtx_status xyz_finish(mtx_writer *w, mtx_problem *problem)
{
    xyz_out *x = w->state;
    return io_file_commit(&x->file, problem);
}

static void xyz_close(mtx_writer *w)
{
    xyz_out *x = w->state;
    if (x == NULL) return;
    io_file_discard(&x->file);
    free(x);
}

const io_writer_format io_writer_extxyz = {.name = "extxyz", .names = "|extxyz|xyz|", .open = xyz_open,
                                           .append = xyz_append, .finish = xyz_finish, .close = xyz_close};
