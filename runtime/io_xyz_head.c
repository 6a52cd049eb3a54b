/* SPDX-License-Identifier: Apache-2.0
 *
 * io_xyz_head.c: the second line of an extended XYZ frame. In: its text; out: cell, periodic directions and
 * info of the structure, and the columns of the atom lines, compiled once per `Properties` text into a list
 * of fields. The grammar of the pairs is in io_keyval.c.
 *
 * Without `Properties` a frame is plain XYZ: species, x, y, z and anything behind them; its second line is
 * kept as info `comment`, and as keys where it has any `key=value`. `Lattice` alone makes the frame periodic
 * (T T T).
 */
#define _GNU_SOURCE
#include "io_xyz.h"

#include <stdlib.h>
#include <strings.h>

static const char plain_layout[] = "species:S:1:pos:R:3";

/* ------------------------------------------------------------------------------------------------- layout */

void xyz_drop_layout(xyz *x)
{
    for (int32_t k = 0; k < x->n_fields; k++) {
        free(x->fields[k].name);
        free(x->fields[k].values);
        free(x->fields[k].chars);
    }
    free(x->fields);
    free(x->layout);
    x->fields = NULL;
    x->layout = NULL;
    x->n_fields = 0;
    x->width = 0;
    x->rows_room = 0;
}

static mtx_status bad_layout(mtx_reader *r, mtx_problem *problem, int64_t line, const char *text,
                             const char *why)
{
    const io_quoted q = io_quote(text, strlen(text));
    io_problem(r, problem, MTX_EFORMAT, "E0609", line, -1, "Properties=%s: %s", q.text, why);
    io_problem_field(problem, "Properties", 10);
    rt_problem_help(problem, "it is a list of name:type:count with types S, I, R, L, such as %s",
                    plain_layout);
    return MTX_EFORMAT;
}

/* Kind of a column by name, type letter and width; false: a special name with a wrong type or width. */
static bool field_kind_of(const char *name, size_t length, char type, int32_t width, field_kind *kind)
{
    *kind = type == 'R' ? FIELD_REAL : type == 'I' ? FIELD_INT : type == 'L' ? FIELD_BOOL : FIELD_TEXT;
    if (length == 3 && memcmp(name, "pos", 3) == 0) {
        *kind = FIELD_POSITION;
        return type == 'R' && width == 3;
    }
    if (length == 7 && memcmp(name, "species", 7) == 0) {
        *kind = FIELD_SPECIES;
        return type == 'S' && width == 1;
    }
    if (length == 1 && *name == 'Z') {
        *kind = FIELD_NUMBER;
        return type == 'I' && width == 1;
    }
    return true;
}

static field *find_field(xyz *x, const char *name, size_t length)
{
    for (int32_t k = 0; k < x->n_fields; k++) {
        if (strlen(x->fields[k].name) == length && memcmp(x->fields[k].name, name, length) == 0)
            return &x->fields[k];
    }
    return NULL;
}

/* Appends one field; *why is set when it cannot be. */
static mtx_status add_field(mtx_reader *r, xyz *x, const char *name, size_t length, char type, int32_t width,
                            const char **why)
{
    field f = {.width = width};
    if (!field_kind_of(name, length, type, width, &f.kind)) {
        *why = "species is S:1, Z is I:1 and pos is R:3";
        return MTX_EFORMAT;
    }
    if (find_field(x, name, length) != NULL) {
        *why = "a name stands twice";
        return MTX_EFORMAT;
    }
    if (f.kind >= FIELD_REAL && !io_keeps(r, name, length, true)) f.kind = FIELD_SKIP;
    field *grown = realloc(x->fields, (size_t)(x->n_fields + 1) * sizeof *grown);
    if (grown == NULL) return MTX_ENOMEM;
    x->fields = grown;
    f.name = io_text(name, length);
    if (f.name == NULL) return MTX_ENOMEM;
    x->fields[x->n_fields++] = f;
    x->width += width;
    return MTX_OK;
}

/* name:type:count, once or more. */
static mtx_status scan_layout(mtx_reader *r, xyz *x, const char *text, const char **why)
{
    const char *p = text;
    for (;;) {
        const char *colon = strchr(p, ':');
        if (colon == NULL || colon == p) break;
        const char type = colon[1];
        if (type == '\0' || strchr("RILS", type) == NULL || colon[2] != ':') break;
        char *end;
        const long width = colon[3] >= '0' && colon[3] <= '9' ? strtol(colon + 3, &end, 10) : 0;
        if (width < 1 || width > 1000000 || (*end != ':' && *end != '\0')) break;
        const mtx_status status = add_field(r, x, p, (size_t)(colon - p), type, (int32_t)width, why);
        if (status != MTX_OK) return status;
        if (*end == '\0') return MTX_OK;
        p = end + 1;
    }
    *why = "it cannot be taken apart";
    return MTX_EFORMAT;
}

static mtx_status compile_layout(mtx_reader *r, xyz *x, const char *text, int64_t line, mtx_problem *problem)
{
    if (x->layout != NULL && strcmp(x->layout, text) == 0) return MTX_OK;
    xyz_drop_layout(x);
    const char *why = "";
    mtx_status status = scan_layout(r, x, text, &why);
    field *species = find_field(x, "species", 7), *number = find_field(x, "Z", 1);
    if (status == MTX_OK && species == NULL && number == NULL) {
        why = "there is neither species:S:1 nor Z:I:1";
        status = MTX_EFORMAT;
    } else if (status == MTX_OK && find_field(x, "pos", 3) == NULL) {
        why = "there is no pos:R:3";
        status = MTX_EFORMAT;
    } else if (status == MTX_OK && species != NULL && number != NULL) {
        number->kind = io_keeps(r, "Z", 1, true) ? FIELD_INT : FIELD_SKIP;      /* the symbol decides */
    }
    if (status == MTX_OK) {
        x->layout = io_text(text, strlen(text));
        if (x->layout != NULL) return MTX_OK;
        status = MTX_ENOMEM;
    }
    xyz_drop_layout(x);
    return status == MTX_ENOMEM ? io_no_memory(problem) : bad_layout(r, problem, line, text, why);
}

/* -------------------------------------------------------------------------------------------- second line */

static mtx_status ill_formed(mtx_reader *r, mtx_problem *problem, int64_t line, const char *key,
                             const char *text)
{
    io_problem(r, problem, MTX_EFORMAT, "E0614", line, -1, "%s: %s", key, text);
    io_problem_field(problem, key, strlen(key));
    return MTX_EFORMAT;
}

static mtx_status take_lattice(mtx_reader *r, xyz *x, mtx_structure *s, int64_t line, mtx_problem *problem)
{
    const io_keyval *k = &x->pairs;
    if (k->type != MTX_COL_INT && k->type != MTX_COL_REAL) {
        return ill_formed(r, problem, line, "Lattice", "expected nine numbers, found something else");
    }
    if (k->count != 9 && k->count != 3) {
        char text[60];
        snprintf(text, sizeof text, "expected nine numbers (or three), found %d", (int)k->count);
        return ill_formed(r, problem, line, "Lattice", text);
    }
    memset(s->cell, 0, sizeof s->cell);
    for (int i = 0; i < k->count; i++) {
        if (k->count == 9) s->cell[i / 3][i % 3] = k->numbers[i];
        else s->cell[i][i] = k->numbers[i];
    }
    return MTX_OK;
}

static mtx_status take_pbc(mtx_reader *r, xyz *x, mtx_structure *s, int64_t line, mtx_problem *problem)
{
    const io_keyval *k = &x->pairs;
    bool fits = (k->type == MTX_COL_BOOL || k->type == MTX_COL_INT) && k->count == 3 && !k->bare;
    for (int i = 0; fits && i < 3; i++) {
        fits = k->numbers[i] == 0.0 || k->numbers[i] == 1.0;
        if (fits) s->pbc[i] = k->numbers[i] != 0.0;
    }
    return fits ? MTX_OK
                : ill_formed(r, problem, line, "pbc", "expected three logical values such as \"T T F\"");
}

static mtx_status keep_pair(mtx_reader *r, const io_keyval *k, mtx_structure *s)
{
    if (strlen(k->key) != k->key_length || !io_keeps(r, k->key, k->key_length, false)) return MTX_OK;
    const mtx_wanted *w = io_wanted(r, k->key, k->key_length, false);
    if (w != NULL && w->type == MTX_COL_TEXT &&
        k->type != MTX_COL_TEXT) { /* its own spelling, not a number's */
        mtx_column *c = mtx_structure_add_info(s, k->key, MTX_COL_TEXT, 1);
        if (c != NULL) c->text[0] = io_text(k->raw, k->raw_length);
        return c != NULL && c->text[0] != NULL ? MTX_OK : MTX_ENOMEM;
    }
    mtx_column *c = mtx_structure_add_info(s, k->key, k->type, k->count);
    if (c == NULL) return MTX_ENOMEM;
    for (int32_t i = 0; i < k->count; i++) {
        if (k->type != MTX_COL_TEXT) c->real[i] = k->numbers[i];
        else if ((c->text[i] = io_text(io_keyval_text(k, i), k->items[i].length)) == NULL) return MTX_ENOMEM;
    }
    return MTX_OK;
}

static mtx_status keep_comment(mtx_reader *r, mtx_structure *s, const char *line, size_t length)
{
    if (!io_keeps(r, "comment", 7, false)) return MTX_OK;
    mtx_column *c = mtx_structure_add_info(s, "comment", MTX_COL_TEXT, 1);
    if (c != NULL) c->text[0] = io_text(line, length);
    return c != NULL && c->text[0] != NULL ? MTX_OK : MTX_ENOMEM;
}

/* A line that says it is extended XYZ must be right; any other one may be prose. */
static bool claims_extended(const char *line, size_t length)
{
    return memmem(line, length, "Properties=", 11) != NULL || memmem(line, length, "Lattice=", 8) != NULL
        || memmem(line, length, "properties=", 11) != NULL || memmem(line, length, "Lattice =", 9) != NULL
        || memmem(line, length, "Properties =", 12) != NULL;
}

static mtx_status bad_comment(mtx_reader *r, const io_keyval *k, int64_t at, const char *line,
                              mtx_problem *problem)
{
    io_problem(r, problem, MTX_EFORMAT, "E0608", at, -1, "%s, at column %zu of the frame's second line",
               k->what, (size_t)(k->p - line) + 1);
    if (k->key != NULL) io_problem_field(problem, k->key, k->key_length);
    rt_problem_help(problem, "write key=value pairs; values with blanks or brackets go in double quotes");
    return MTX_EFORMAT;
}

/* The pairs of the second line. Keys before an error stay known; *layout is the text of Properties or
 * NULL. */
static mtx_status scan_pairs(mtx_reader *r, mtx_structure *s, const char *line, size_t length, int64_t at,
                             bool *lattice, bool *pbc, char **layout, mtx_problem *problem)
{
    xyz *x = r->state;
    io_keyval *k = &x->pairs;
    io_keyval_start(k, line, length);
    for (;;) {
        mtx_status status = io_keyval_next(k);
        if (status == MTX_END) return MTX_OK;
        if (status == MTX_ENOMEM) return io_no_memory(problem);
        if (status != MTX_OK) return bad_comment(r, k, at, line, problem);
        if (strcasecmp(k->key, "Properties") == 0 && !k->bare) {
            free(*layout);
            *layout = io_text(k->raw, k->raw_length);
            if (*layout == NULL) status = MTX_ENOMEM;
        } else if (strcmp(k->key, "Lattice") == 0) {
            *lattice = true;
            status = take_lattice(r, x, s, at, problem);
        } else if (strcmp(k->key, "pbc") == 0) {
            *pbc = true;
            status = take_pbc(r, x, s, at, problem);
        } else {
            status = keep_pair(r, k, s);
        }
        if (status == MTX_ENOMEM) return io_no_memory(problem);
        if (status != MTX_OK) return status;
    }
}

mtx_status xyz_read_head(mtx_reader *r, mtx_structure *s, const char *line, size_t length, int64_t at,
                         mtx_problem *problem)
{
    xyz *x = r->state;
    bool lattice = false, pbc = false;
    char *layout = NULL;
    mtx_status status = scan_pairs(r, s, line, length, at, &lattice, &pbc, &layout, problem);
    if (status == MTX_EFORMAT && !claims_extended(line, length)) {
        mtx_structure_clear(s);
        lattice = pbc = false;
        status = MTX_OK;
    } else if (status == MTX_OK && layout == NULL && !x->pairs.assigned) {
        mtx_structure_clear(s);                        /* words, not pairs */
    }
    if (status == MTX_OK && lattice && !pbc) memset(s->pbc, 1, sizeof s->pbc);
    x->open_ended = layout == NULL;
    if (status == MTX_OK && layout == NULL && keep_comment(r, s, line, length) != MTX_OK) {
        status = io_no_memory(problem);
    }
    if (status == MTX_OK) status = compile_layout(r, x, layout != NULL ? layout : plain_layout, at, problem);
    free(layout);
    return status;
}
