/* SPDX-License-Identifier: Apache-2.0
 *
 * io_reader.c: the reader's handle. In: a path or bytes, and what the caller wants; out: one checked
 * structure after the other. Finds the format, passes over bad frames when told to, checks wanted quantities
 * and cells the same way for every format. The formats themselves are in io_xyz.c, io_poscar.c, io_cif.c,
 * io_json.c and io_asedb.c.
 */
#define _POSIX_C_SOURCE 200809L
#include "io.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <strings.h>

static const io_format *const formats[] = {&io_format_asedb, &io_format_json, &io_format_cif,
                                           &io_format_extxyz, &io_format_poscar};
enum { FORMATS = sizeof formats / sizeof formats[0], SNIFF_BYTES = 4096 };

/* ----------------------------------------------------------------------------------------------- problems */

/* Length of the UTF-8 sequence at p, 0 when it is none (surrogates and overlong forms are not told apart). */
static size_t utf8_length(const unsigned char *p, size_t left)
{
    const size_t length = *p < 0x80 ? 1 : *p >= 0xc2 && *p < 0xe0 ? 2 : *p >= 0xe0 && *p < 0xf0 ? 3
                        : *p >= 0xf0 && *p < 0xf5 ? 4 : 0;
    if (length == 0 || length > left) return 0;
    for (size_t k = 1; k < length; k++) {
        if ((p[k] & 0xc0) != 0x80) return 0;
    }
    return length;
}

/* Copies whole characters only; whatever is not printable becomes a question mark. */
static size_t copy_printable(char *to, size_t room, const char *from, size_t length)
{
    size_t used = 0;
    for (size_t k = 0; k < length;) {
        const unsigned char *p = (const unsigned char *)from + k;
        const size_t n = utf8_length(p, length - k);
        if (used + (n > 0 ? n : 1) >= room) break;
        if (n == 0 || *p < 0x20 || *p == 0x7f) {
            to[used++] = '?';
            k++;
        } else {
            memcpy(to + used, p, n);
            used += n;
            k += n;
        }
    }
    to[used] = '\0';
    return used;
}

io_quoted io_quote(const char *token, size_t length)
{
    io_quoted q = {"`"};
    const size_t used = 1 + copy_printable(q.text + 1, 41, token, length);
    strcpy(q.text + used, length > 40 ? "...`" : "`");
    return q;
}

void io_problem_field(mtx_problem *problem, const char *field, size_t length)
{
    if (problem != NULL) copy_printable(problem->field, sizeof problem->field, field, length);
}

/* The tail of a long path says more than its head. */
static void problem_file(mtx_problem *problem, const char *name)
{
    const size_t length = strlen(name), room = sizeof problem->file - 1;
    snprintf(problem->file, sizeof problem->file, "%s", length > room ? name + (length - room) : name);
}

mtx_status io_problem(const mtx_reader *r, mtx_problem *problem, mtx_status status, const char *code,
                      int64_t line, int64_t atom, const char *format, ...)
{
    if (problem == NULL) return status;
    char text[sizeof problem->message];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    rt_problem_set(problem, status, code, "%s", text);
    problem_file(problem, r->name);
    problem->frame = r->frame;
    problem->line = line;
    problem->atom = atom;
    return status;
}

mtx_status io_no_memory(mtx_problem *problem)
{
    return rt_problem_set(problem, MTX_ENOMEM, "E0600", "memory exhausted");
}

char *io_text(const char *text, size_t length)
{
    char *copy = malloc(length + 1);
    if (copy == NULL) return NULL;
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

/* ----------------------------------------------------------------------------------------- wanted columns */

const mtx_wanted *io_wanted(const mtx_reader *r, const char *name, size_t length, bool per_atom)
{
    for (int32_t k = 0; k < r->n_wanted; k++) {
        const mtx_wanted *w = &r->wanted[k];
        if (w->per_atom == per_atom && strncmp(w->name, name, length) == 0 && w->name[length] == '\0')
            return w;
    }
    return NULL;
}

bool io_keeps(const mtx_reader *r, const char *name, size_t length, bool per_atom)
{
    return !r->only_wanted || io_wanted(r, name, length, per_atom) != NULL;
}

static const char *type_name(mtx_column_type type)
{
    switch (type) {
    case MTX_COL_REAL: return "numbers";
    case MTX_COL_INT: return "integers";
    case MTX_COL_BOOL: return "logical values";
    case MTX_COL_TEXT: return "text";
    }
    return "";
}

/* A numeric column asked for as text: written with as many digits as tell it apart. */
static mtx_status make_text(mtx_column *c, mtx_problem *problem)
{
    const int64_t count = c->rows * c->width;
    char **text = calloc((size_t)count + 1, sizeof *text);
    if (text == NULL) return io_no_memory(problem);
    for (int64_t k = 0; k < count; k++) {
        char buffer[40];
        if (c->type == MTX_COL_BOOL) snprintf(buffer, sizeof buffer, "%s", c->real[k] != 0 ? "T" : "F");
        else snprintf(buffer, sizeof buffer, "%.*g", c->type == MTX_COL_INT ? 15 : 17, c->real[k]);
        text[k] = io_text(buffer, strlen(buffer));
        if (text[k] != NULL) continue;
        while (k > 0) free(text[--k]);
        free(text);
        return io_no_memory(problem);
    }
    free(c->real);
    c->real = NULL;
    c->text = text;
    c->type = MTX_COL_TEXT;
    return MTX_OK;
}

static bool all_integers(const mtx_column *c)
{
    for (int64_t k = 0; k < c->rows * c->width; k++) {
        if (c->real[k] != floor(c->real[k])) return false;
    }
    return true;
}

/* First value of a text column that is a word for a number without a value (nan, inf); NULL: none. */
static const char *not_finite(const mtx_column *c)
{
    if (c->type != MTX_COL_TEXT) return NULL;
    for (int64_t k = 0; k < c->rows * c->width; k++) {
        const char *t = c->text[k];
        if (t != NULL && number_classify(t, t + strlen(t)) == NUMBER_NOT_FINITE) return t;
    }
    return NULL;
}

static mtx_status check_wanted(mtx_reader *r, mtx_structure *s, const mtx_wanted *w, mtx_problem *problem)
{
    const char *what = w->per_atom ? "column" : "key";
    mtx_column *c =
        (mtx_column *)(w->per_atom ? mtx_structure_column(s, w->name) : mtx_structure_info(s, w->name));
    mtx_status status = MTX_OK;
    if (c == NULL) {
        if (w->optional) return MTX_OK;
        status = io_problem(r, problem, MTX_EDATA, "E0616", s->line, -1, "the frame has no %s `%s`", what,
                            w->name);
    } else if (w->width > 0 && c->width != w->width) {
        status = io_problem(r, problem, MTX_EDATA, "E0618", s->line, -1,
                            "%s `%s` has %d value%s%s, expected %d", what, w->name, c->width,
                            c->width == 1 ? "" : "s", w->per_atom ? " per atom" : "", w->width);
    } else if (w->type == MTX_COL_TEXT) {
        return c->type == MTX_COL_TEXT ? MTX_OK : make_text(c, problem);
    } else if (not_finite(c) != NULL) {
        const char *t = not_finite(c);
        status = io_problem(r, problem, MTX_EDATA, "E0612", s->line, -1, "%s `%s` is %s, not a finite number",
                            what, w->name, io_quote(t, strlen(t)).text);
    } else if (c->type != w->type && !(c->type == MTX_COL_INT && w->type == MTX_COL_REAL)
               && !(c->type == MTX_COL_REAL && w->type == MTX_COL_INT && all_integers(c))) {
        const char *t = c->type == MTX_COL_TEXT && c->rows * c->width > 0 ? c->text[0] : NULL;
        status = io_problem(r, problem, MTX_EDATA, "E0617", s->line, -1, "%s `%s` holds %s%s%s, expected %s",
                            what, w->name, type_name(c->type), t != NULL ? " " : "",
                            t != NULL ? io_quote(t, strlen(t)).text : "", type_name(w->type));
    }
    if (status != MTX_OK) io_problem_field(problem, w->name, strlen(w->name));
    return status;
}

static void list_keys(const mtx_structure *s, mtx_problem *problem)
{
    if (problem == NULL || strcmp(problem->code, "E0616") != 0) return;
    size_t used = (size_t)snprintf(problem->help, sizeof problem->help, "it has");
    const int32_t all = s->n_info + s->n_columns;
    for (int32_t k = 0; k < all && used + 2 < sizeof problem->help; k++) {
        const mtx_column *c = k < s->n_info ? &s->info[k] : &s->columns[k - s->n_info];
        used += (size_t)snprintf(problem->help + used, sizeof problem->help - used, "%s %s", k > 0 ? "," : "",
                                 io_quote(c->name, strlen(c->name)).text);
    }
    if (all == 0) snprintf(problem->help, sizeof problem->help, "it has none at all");
}

/* -------------------------------------------------------------------------------------------------- cells */

static double area(const double *a, const double *b)
{
    const double x = a[1] * b[2] - a[2] * b[1], y = a[2] * b[0] - a[0] * b[2], z = a[0] * b[1] - a[1] * b[0];
    return sqrt(x * x + y * y + z * z);
}

static double length3(const double *a)
{
    return sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2]);
}

/* Volume, area or length of the given rows over the product of their lengths: 0 when they are dependent. */
static double independence(const double cell[3][3], const int *rows, int count)
{
    double product = 1.0;
    for (int k = 0; k < count; k++) product *= length3(cell[rows[k]]);
    if (!(product > 0.0)) return 0.0;
    if (count == 1) return 1.0;
    const double *a = cell[rows[0]], *b = cell[rows[1]];
    if (count == 2) return area(a, b) / product;
    const double *c = cell[rows[2]];
    const double volume = a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0])
                        + a[2] * (b[0] * c[1] - b[1] * c[0]);
    return fabs(volume) / product;
}

mtx_status io_check_cell(const mtx_reader *r, const mtx_structure *s, int64_t line, mtx_problem *problem)
{
    static const double dependent = 1e-10; /* sine of the smallest angle that is not rounding            */
    int rows[3], periodic[3], count = 0, n_periodic = 0;
    mtx_status status = MTX_OK;
    for (int k = 0; k < 3; k++) {
        const bool there = length3(s->cell[k]) > 0.0;
        if (there) rows[count++] = k;
        if (s->pbc[k]) periodic[n_periodic++] = k;
        if (there || status != MTX_OK) continue;
        if (r->needs_cell[k]) {
            status = io_problem(r, problem, MTX_EDATA, "E0614", line, -1,
                                "the frame has no lattice vector %d", k + 1);
            rt_problem_help(problem, "the spec's structure repeats along it; give the cell in the file");
        } else if (s->pbc[k]) {
            status = io_problem(r, problem, MTX_EDATA, "E0615", line, -1,
                                "the structure repeats along lattice vector %d, which is zero", k + 1);
        }
    }
    if (status != MTX_OK || n_periodic == 0) return status;
    if (!(independence(s->cell, rows, count) > dependent) ||
        !(independence(s->cell, periodic, n_periodic) > dependent)) {
        return io_problem(r, problem, MTX_EDATA, "E0615", line, -1,
                          "the cell of a periodic structure has no volume");
    }
    return MTX_OK;
}

static mtx_status check_structure(mtx_reader *r, mtx_structure *s, mtx_problem *problem)
{
    for (int k = 0; k < 9; k++) {
        if (isfinite(s->cell[k / 3][k % 3])) continue;
        return io_problem(r, problem, MTX_EDATA, "E0612", s->line, -1, "a lattice vector is not finite");
    }
    mtx_status status = io_check_cell(r, s, s->line, problem);
    for (int32_t k = 0; k < r->n_wanted && status == MTX_OK; k++) {
        status = check_wanted(r, s, &r->wanted[k], problem);
    }
    if (status != MTX_OK) list_keys(s, problem);
    return status;
}

/* ---------------------------------------------------------------------------------------- finding formats */

static bool names_include(const char *names, const char *name, size_t length)
{
    for (const char *p = names; p != NULL && *p == '|' && p[1] != '\0';) {
        const char *end = strchr(p + 1, '|');
        if (end == NULL) break;
        if ((size_t)(end - p - 1) == length && strncasecmp(p + 1, name, length) == 0) return true;
        p = end;
    }
    return false;
}

static const io_format *format_by_name(const char *name, size_t length)
{
    for (size_t k = 0; k < FORMATS; k++) {
        if (names_include(formats[k]->names, name, length)) return formats[k];
    }
    return NULL;
}

/* By the file's name: its ending, without .gz and .xz, or VASP's fixed names. */
static const io_format *format_by_path(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash != NULL ? slash + 1 : path;
    size_t length = strlen(base);
    if (length > 3 &&
        (strcasecmp(base + length - 3, ".gz") == 0 || strcasecmp(base + length - 3, ".xz") == 0)) {
        length -= 3;
    }
    if (strncmp(base, "POSCAR", 6) == 0 || strncmp(base, "CONTCAR", 7) == 0) return &io_format_poscar;
    size_t dot = length;
    while (dot > 0 && base[dot - 1] != '.') dot--;
    return dot > 0 ? format_by_name(base + dot, length - dot) : NULL;
}

static const io_format *format_by_content(const char *text, size_t length)
{
    for (size_t k = 0; k < FORMATS; k++) {
        if (formats[k]->recognise != NULL && formats[k]->recognise(text, length)) return formats[k];
    }
    return NULL;
}

static mtx_status find_format(mtx_reader *r, const char *name, mtx_problem *problem)
{
    io_stream *in = &r->stream;
    mtx_status status = MTX_OK;
    while (status == MTX_OK && in->end - in->begin < SNIFF_BYTES)
        status = io_stream_fill(in, IO_LINE_LIMIT, problem);
    if (status != MTX_OK && status != MTX_END) return status;
    if (in->end - in->begin >= 3 && memcmp(in->data + in->begin, "\xef\xbb\xbf", 3) == 0)
        in->begin += 3; /* the mark that some editors put before UTF-8 */
    if (in->end == in->begin)
        return io_problem(r, problem, MTX_EFORMAT, "E0603", -1, -1, "the file is empty");
    if (name != NULL && name[0] != '\0') {
        r->format = format_by_name(name, strlen(name));
        if (r->format != NULL) return MTX_OK;
        status = io_problem(r, problem, MTX_EINVAL, "E0603", -1, -1, "unknown format %s",
                            io_quote(name, strlen(name)).text);
        rt_problem_help(problem, "known are extxyz, poscar, cif, json and asedb");
        return status;
    }
    const char *text = in->data + in->begin;
    const size_t length = in->end - in->begin;
    /* a database is one whatever it is called; elsewhere the name is a better witness than the first bytes */
    const io_format *by_path = format_by_path(r->name);
    const bool database = io_format_asedb.recognise(text, length);
    r->format = database ? &io_format_asedb : by_path != NULL ? by_path : format_by_content(text, length);
    if (r->format != NULL) return MTX_OK;
    status = io_problem(r, problem, MTX_EFORMAT, "E0603", -1, -1, "the file is of no known format");
    rt_problem_help(problem, "give it one of the endings .xyz, .extxyz, .poscar, .vasp, .cif, .json, .db");
    return status;
}

/* ------------------------------------------------------------------------------------------------- handle */

static mtx_status copy_options(mtx_reader *r, const mtx_reader_options *o, mtx_problem *problem)
{
    if (o == NULL) return MTX_OK;
    r->skip_bad = o->skip_bad;
    r->only_wanted = o->only_wanted;
    r->on_skip = o->on_skip;
    r->user = o->user;
    memcpy(r->needs_cell, o->needs_cell, sizeof r->needs_cell);
    if (o->n_wanted <= 0) return MTX_OK;
    r->wanted = calloc((size_t)o->n_wanted, sizeof *r->wanted);
    if (r->wanted == NULL) return io_no_memory(problem);
    for (; r->n_wanted < o->n_wanted; r->n_wanted++) {
        const mtx_wanted *from = &o->wanted[r->n_wanted];
        char *name = io_text(from->name, strlen(from->name));
        if (name == NULL) return io_no_memory(problem);
        r->wanted[r->n_wanted] = *from;
        r->wanted[r->n_wanted].name = name;
    }
    return MTX_OK;
}

static mtx_status reader_open(mtx_reader **reader, const void *bytes, size_t size, const char *name,
                              const mtx_reader_options *options, mtx_problem *problem)
{
    *reader = NULL;
    rt_problem_clear(problem);
    mtx_reader *r = calloc(1, sizeof *r);
    if (r == NULL) return io_no_memory(problem);
    r->frame = -1;
    r->from_memory = bytes != NULL;
    r->name = io_text(name, strlen(name));
    mtx_status status = r->name == NULL ? io_no_memory(problem) : copy_options(r, options, problem);
    if (status == MTX_OK) status = io_stream_open(&r->stream, r->name, bytes, size, problem);
    if (status == MTX_OK) status = find_format(r, options != NULL ? options->format : NULL, problem);
    if (status == MTX_OK && r->format->open != NULL) status = r->format->open(r, problem);
    if (status != MTX_OK) mtx_reader_close(r);
    else *reader = r;
    return status;
}

mtx_status mtx_reader_open(mtx_reader **reader, const char *path, const mtx_reader_options *options,
                           mtx_problem *problem)
{
    return reader_open(reader, NULL, 0, path, options, problem);
}

mtx_status mtx_reader_open_memory(mtx_reader **reader, const void *bytes, size_t size, const char *name,
                                  const mtx_reader_options *options, mtx_problem *problem)
{
    return reader_open(reader, bytes != NULL ? bytes : "", size, name, options, problem);
}

mtx_status mtx_reader_next(mtx_reader *r, mtx_structure *s, mtx_problem *problem)
{
    mtx_problem mine;
    mtx_problem *p = problem != NULL ? problem : &mine;      /* on_skip needs one in any case */
    for (;;) {
        rt_problem_clear(p);
        mtx_structure_clear(s);
        r->frame++;
        mtx_status status = r->format->next(r, s, p);
        if (status == MTX_OK) {
            s->frame = r->frame;
            status = check_structure(r, s, p);
        }
        if (status == MTX_OK || status == MTX_END) return status;
        mtx_structure_clear(s);
        if (p->file[0] == '\0') problem_file(p, r->name);
        const bool bad_frame = status == MTX_EFORMAT || status == MTX_EDATA || status == MTX_EUNSUPPORTED;
        if (!r->skip_bad || !bad_frame) return status;
        r->skipped++;
        if (r->on_skip != NULL) r->on_skip(r->user, p);
    }
}

int64_t mtx_reader_skipped(const mtx_reader *r)
{
    return r->skipped;
}

double mtx_reader_progress(const mtx_reader *r)
{
    return io_stream_progress(&r->stream);
}

const char *mtx_reader_format(const mtx_reader *r)
{
    return r->format->name;
}

void mtx_reader_close(mtx_reader *r)
{
    if (r == NULL) return;
    if (r->format != NULL && r->format->close != NULL) r->format->close(r);
    io_stream_close(&r->stream);
    for (int32_t k = 0; k < r->n_wanted; k++) free((char *)r->wanted[k].name);
    free(r->wanted);
    free(r->name);
    free(r);
}
