/* SPDX-License-Identifier: Apache-2.0
 *
 * io_xyz.c: extended XYZ (libAtoms) and plain XYZ. In: lines of the stream; out: structures. The columns of the atom
 * lines are compiled once per `Properties` text into a list of fields; atom lines are parsed in place from the buffer.
 * A line that the fast loop refuses is looked at again, slowly, to say what is wrong with which token. After a bad
 * frame the reader goes on at the next line that is a lone integer, which no atom line can be.
 *
 * Without `Properties` a frame is plain XYZ: species, x, y, z and anything behind them; its second line is kept as
 * info `comment`, and as keys where it has any `key=value`. `Lattice` alone makes the frame periodic (T T T).
 */
#define _GNU_SOURCE
#include "io.h"
#include "io_keyval.h"

#include <stdlib.h>
#include <strings.h>

typedef enum field_kind { FIELD_SPECIES, FIELD_NUMBER, FIELD_POSITION, FIELD_REAL, FIELD_INT, FIELD_BOOL, FIELD_TEXT,
                          FIELD_SKIP } field_kind;

/* One entry of Properties; a column under construction. Grows with the atoms read, not with the count claimed. */
typedef struct field {
    field_kind kind;
    int32_t    width;
    char      *name;
    double    *values;                     /* [rows][width]; REAL, INT, BOOL                       */
    char      *chars;                      /* texts one after the other, each with a zero byte     */
    size_t     chars_used, chars_room;
} field;

typedef struct species_slot { uint16_t key; uint8_t Z; } species_slot;

typedef struct xyz {
    io_keyval    pairs;
    char        *layout;                   /* the Properties text that `fields` was compiled from  */
    field       *fields;
    int32_t      n_fields, width;          /* width: tokens of an atom line                         */
    int64_t      rows_room;                /* rows that every field's `values` has room for         */
    bool         open_ended;               /* plain XYZ: more tokens may follow                     */
    species_slot slots[64];                /* element symbols seen lately                           */
    bool         pending;                  /* a failure of the stream met while looking ahead       */
    mtx_status   pending_status;
    mtx_problem  pending_problem;
} xyz;

static const char plain_layout[] = "species:S:1:pos:R:3";

/* --------------------------------------------------------------------------------------------------------- layout */

static void drop_layout(xyz *x)
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

static mtx_status bad_layout(mtx_reader *r, mtx_problem *problem, int64_t line, const char *text, const char *why)
{
    const io_quoted q = io_quote(text, strlen(text));
    io_problem(r, problem, MTX_EFORMAT, "E0609", line, -1, "Properties=%s: %s", q.text, why);
    io_problem_field(problem, "Properties", 10);
    rt_problem_help(problem, "it is a list of name:type:count with types S, I, R, L, such as %s", plain_layout);
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
        if (strlen(x->fields[k].name) == length && memcmp(x->fields[k].name, name, length) == 0) return &x->fields[k];
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
    drop_layout(x);
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
    drop_layout(x);
    return status == MTX_ENOMEM ? io_no_memory(problem) : bad_layout(r, problem, line, text, why);
}

/* ------------------------------------------------------------------------------------------------ second line */

static mtx_status ill_formed(mtx_reader *r, mtx_problem *problem, int64_t line, const char *key, const char *text)
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
    return fits ? MTX_OK : ill_formed(r, problem, line, "pbc", "expected three logical values such as \"T T F\"");
}

static mtx_status keep_pair(mtx_reader *r, const io_keyval *k, mtx_structure *s)
{
    if (strlen(k->key) != k->key_length || !io_keeps(r, k->key, k->key_length, false)) return MTX_OK;
    const mtx_wanted *w = io_wanted(r, k->key, k->key_length, false);
    if (w != NULL && w->type == MTX_COL_TEXT && k->type != MTX_COL_TEXT) {     /* its own spelling, not a number's */
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

static mtx_status bad_comment(mtx_reader *r, const io_keyval *k, int64_t at, const char *line, mtx_problem *problem)
{
    io_problem(r, problem, MTX_EFORMAT, "E0608", at, -1, "%s, at column %zu of the frame's second line", k->what,
               (size_t)(k->p - line) + 1);
    if (k->key != NULL) io_problem_field(problem, k->key, k->key_length);
    rt_problem_help(problem, "write key=value pairs; values with blanks or brackets go in double quotes");
    return MTX_EFORMAT;
}

/* The pairs of the second line. Keys before an error stay known; *layout is the text of Properties or NULL. */
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

static mtx_status parse_comment(mtx_reader *r, mtx_structure *s, const char *line, size_t length, int64_t at,
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

/* ----------------------------------------------------------------------------------------------------- atom lines */

static inline const char *skip_blanks(const char *p)
{
    while (*p == ' ' || *p == '\t') p++;
    return p;
}

static inline const char *token_end(const char *p)
{
    while ((unsigned char)*p > ' ') p++;
    return p;
}

/* Element of the token at p: a symbol or an atomic number. 0: neither. */
static int species_slow(xyz *x, const char *p, size_t length)
{
    int Z = mtx_element_number(p, length);
    int64_t number;
    if (Z == 0 && number_parse_int64(p, p + length, &number) && number >= 1 && number <= 118) return (int)number;
    if (Z != 0) {
        const uint16_t key = (uint16_t)((uint8_t)p[0] | (length == 2 ? (uint8_t)p[1] << 8 : 0));
        x->slots[(key ^ key >> 6) & 63] = (species_slot){key, (uint8_t)Z};
    }
    return Z;
}

static inline const char *parse_species(xyz *x, const char *p, int32_t *Z)
{
    if ((unsigned char)p[0] <= ' ') return NULL;
    size_t length = (unsigned char)p[1] <= ' ' ? 1 : 2;
    if (length == 2 && (unsigned char)p[2] > ' ') length = (size_t)(token_end(p) - p);
    const uint16_t key = (uint16_t)((uint8_t)p[0] | (length == 2 ? (uint8_t)p[1] << 8 : 0));
    const species_slot slot = x->slots[(key ^ key >> 6) & 63];
    *Z = slot.key == key && length <= 2 ? slot.Z : species_slow(x, p, length);
    return *Z > 0 ? p + length : NULL;
}

static inline const char *parse_reals(const char *p, double *to, int32_t count)
{
    for (int32_t k = 0; k < count; k++) {
        p = number_parse(skip_blanks(p), &to[k]);
        if (p == NULL || (unsigned char)*p > ' ') return NULL;
    }
    return p;
}

static const char *parse_integers(const char *p, double *to, int32_t count)
{
    for (int32_t k = 0; k < count; k++) {
        int64_t value;
        p = skip_blanks(p);
        const char *end = token_end(p);
        if (!number_parse_int64(p, end, &value)) return NULL;
        to[k] = (double)value;
        p = end;
    }
    return p;
}

static int logical_value(const char *p, size_t length)
{
    static const char *const words[] = {"F", "T", "false", "true", "False", "True", "FALSE", "TRUE", "0", "1"};
    for (int k = 0; k < 10; k++) {
        if (strlen(words[k]) == length && memcmp(p, words[k], length) == 0) return k & 1;
    }
    return -1;
}

static const char *parse_logicals(const char *p, double *to, int32_t count)
{
    for (int32_t k = 0; k < count; k++) {
        p = skip_blanks(p);
        const char *end = token_end(p);
        const int value = logical_value(p, (size_t)(end - p));
        if (value < 0) return NULL;
        to[k] = value;
        p = end;
    }
    return p;
}

static bool push_text(field *f, const char *text, size_t length)
{
    if (f->chars_room - f->chars_used < length + 1) {
        const size_t room = 2 * f->chars_room + length + 256;
        char *grown = realloc(f->chars, room);
        if (grown == NULL) return false;
        f->chars = grown;
        f->chars_room = room;
    }
    memcpy(f->chars + f->chars_used, text, length);
    f->chars[f->chars_used + length] = '\0';
    f->chars_used += length + 1;
    return true;
}

/* Tokens kept as text (f) or passed over (f NULL). */
static const char *parse_texts(field *f, const char *p, int32_t count, bool *no_memory)
{
    for (int32_t k = 0; k < count; k++) {
        p = skip_blanks(p);
        const char *end = token_end(p);
        if (end == p || memchr(p, '\0', (size_t)(end - p)) != NULL) return NULL;
        if (f != NULL && !push_text(f, p, (size_t)(end - p))) {
            *no_memory = true;
            return NULL;
        }
        p = end;
    }
    return p;
}

/* Atom i from the line at p; behind the line's newline, or NULL when anything is wrong. */
static inline const char *parse_row(xyz *x, const char *p, mtx_structure *s, int64_t i, bool *no_memory)
{
    for (int32_t k = 0; k < x->n_fields; k++) {
        field *f = &x->fields[k];
        p = skip_blanks(p);
        double *values = f->values != NULL ? f->values + i * f->width : NULL;
        switch (f->kind) {
        case FIELD_SPECIES: p = parse_species(x, p, &s->Z[i]); break;
        case FIELD_POSITION: p = parse_reals(p, s->r[i], 3); break;
        case FIELD_REAL: p = parse_reals(p, values, f->width); break;
        case FIELD_INT: p = parse_integers(p, values, f->width); break;
        case FIELD_BOOL: p = parse_logicals(p, values, f->width); break;
        case FIELD_TEXT: p = parse_texts(f, p, f->width, no_memory); break;
        case FIELD_SKIP: p = parse_texts(NULL, p, f->width, no_memory); break;
        case FIELD_NUMBER: {
            double Z = 0;
            p = parse_integers(p, &Z, 1);
            if (!(Z >= 1 && Z <= 118)) return NULL;
            s->Z[i] = (int32_t)Z;
            break;
        }
        }
        if (p == NULL) return NULL;
    }
    if (x->open_ended) return (const char *)rawmemchr(p, '\n') + 1;
    p = skip_blanks(p);
    p += *p == '\r';
    return *p == '\n' ? p + 1 : NULL;
}

/* --------------------------------------------------------------------------------------- what is wrong with a line */

static int32_t count_tokens(const char *p)
{
    int32_t count = 0;
    for (;; count++) {
        while ((unsigned char)*p <= ' ' && *p != '\n') p++;
        if (*p == '\n') return count;
        p = token_end(p);
    }
}

/* A line that is one integer and nothing else: the start of a frame. */
static bool is_count_line(const char *p)
{
    int64_t value;
    p = skip_blanks(p);
    const char *end = token_end(p);
    if (!number_parse_int64(p, end, &value)) return false;
    p = skip_blanks(end);
    p += *p == '\r';
    return *p == '\n';
}

static mtx_status bad_token(mtx_reader *r, const field *f, const char *p, size_t length, int64_t line, int64_t atom,
                            mtx_problem *problem)
{
    const io_quoted q = io_quote(p, length);
    mtx_status status;
    if (f->kind == FIELD_SPECIES || (f->kind == FIELD_NUMBER && number_classify(p, p + length) == NUMBER_INTEGER)) {
        status = io_problem(r, problem, MTX_EDATA, "E0613", line, atom, "unknown element %s", q.text);
        rt_problem_help(problem, "elements are given as symbols such as `Mo` (exact case) or numbers 1 to 118");
    } else if (f->kind == FIELD_BOOL) {
        status = io_problem(r, problem, MTX_EFORMAT, "E0611", line, atom, "expected T or F, found %s", q.text);
    } else if (number_classify(p, p + length) == NUMBER_NOT_FINITE) {
        status = io_problem(r, problem, MTX_EDATA, "E0612", line, atom, "%s is not a finite number", q.text);
    } else {
        const char *what = f->kind == FIELD_INT || f->kind == FIELD_NUMBER ? "an integer" : "a number";
        status = io_problem(r, problem, MTX_EFORMAT, "E0611", line, atom, "expected %s, found %s", what, q.text);
    }
    io_problem_field(problem, f->name, strlen(f->name));
    return status;
}

static bool token_fits(xyz *x, const field *f, const char *p, size_t length)
{
    double value;
    int64_t whole;
    int32_t Z;
    switch (f->kind) {
    case FIELD_SPECIES: return parse_species(x, p, &Z) != NULL;
    case FIELD_POSITION:
    case FIELD_REAL: return number_parse_any(p, &value) == p + length;
    case FIELD_NUMBER: return number_parse_int64(p, p + length, &whole) && whole >= 1 && whole <= 118;
    case FIELD_INT: return number_parse_int64(p, p + length, &whole);
    case FIELD_BOOL: return logical_value(p, length) >= 0;
    case FIELD_TEXT:
    case FIELD_SKIP: return memchr(p, '\0', length) == NULL;
    }
    return false;
}

/* What a slow look at the line at p finds. */
typedef struct look { bool enough; const field *misfit; const char *token, *end; } look;

static look look_at_row(xyz *x, const char *p)
{
    for (int32_t k = 0; k < x->n_fields; k++) {
        for (int32_t c = 0; c < x->fields[k].width; c++) {
            while ((unsigned char)*p <= ' ' && *p != '\n') p++;
            if (*p == '\n') return (look){.enough = false};
            const char *end = token_end(p);
            if (!token_fits(x, &x->fields[k], p, (size_t)(end - p))) return (look){true, &x->fields[k], p, end};
            p = end;
        }
    }
    return (look){.enough = true};
}

/* The atom line at p, which parse_row refused. */
static mtx_status diagnose_row(mtx_reader *r, const char *p, int64_t line, int64_t atom, int64_t n,
                               mtx_problem *problem)
{
    xyz *x = r->state;
    if (is_count_line(p)) {
        return io_problem(r, problem, MTX_EFORMAT, "E0606", line, -1,
                          "the frame has %lld atom lines, its count line says %lld", (long long)atom, (long long)n);
    }
    const look found = look_at_row(x, p);
    if (found.misfit != NULL) {
        return bad_token(r, found.misfit, found.token, (size_t)(found.end - found.token), line, atom, problem);
    }
    const int32_t tokens = count_tokens(p);
    io_problem(r, problem, MTX_EFORMAT, "E0610", line, atom, "the atom line has %d column%s, expected %d", tokens,
               tokens == 1 ? "" : "s", x->width);
    rt_problem_help(problem, "the columns are %s", io_quote(x->layout, strlen(x->layout)).text);
    return MTX_EFORMAT;
}

/* --------------------------------------------------------------------------------------------------------- frames */

/* Room for at least one more atom, up to n. */
static mtx_status grow_rows(xyz *x, mtx_structure *s, int64_t have, int64_t n, mtx_problem *problem)
{
    const int64_t more = have < 1 << 16 ? 1 << 16 : 2 * have;
    const int64_t rows = more < n ? more : n;
    if (mtx_structure_reserve(s, rows) != MTX_OK) return io_no_memory(problem);
    if (rows <= x->rows_room) return MTX_OK;
    for (int32_t k = 0; k < x->n_fields; k++) {
        field *f = &x->fields[k];
        if (f->kind != FIELD_REAL && f->kind != FIELD_INT && f->kind != FIELD_BOOL) continue;
        double *grown = realloc(f->values, (size_t)rows * (size_t)f->width * sizeof *grown);
        if (grown == NULL) return io_no_memory(problem);
        f->values = grown;
    }
    x->rows_room = rows;
    return MTX_OK;
}

static mtx_status read_atoms(mtx_reader *r, mtx_structure *s, int64_t n, mtx_problem *problem)
{
    xyz *x = r->state;
    io_stream *in = &r->stream;
    for (int32_t k = 0; k < x->n_fields; k++) x->fields[k].chars_used = 0;
    for (int64_t i = 0; i < n;) {
        mtx_status status = io_stream_lines(in, problem);
        if (status == MTX_END) {
            return io_problem(r, problem, MTX_EFORMAT, "E0606", in->line, -1,
                              "the file ends after %lld of %lld atom lines", (long long)i, (long long)n);
        }
        if (status == MTX_OK) status = grow_rows(x, s, i, n, problem);
        if (status != MTX_OK) return status;
        const int64_t most = s->capacity < n ? s->capacity : n;
        const char *p = in->data + in->begin, *stop = in->data + in->lines_end;
        const int64_t first = i;
        bool no_memory = false;
        while (i < most && i < x->rows_room && p < stop) {
            const char *next = parse_row(x, p, s, i, &no_memory);
            if (next == NULL) break;
            p = next;
            i++;
        }
        const bool refused = i < most && i < x->rows_room && p < stop;
        in->begin = (size_t)(p - in->data);
        in->line += i - first;
        if (no_memory) return io_no_memory(problem);
        if (refused) return diagnose_row(r, p, in->line, i, n, problem);
    }
    s->n = n;
    return MTX_OK;
}

static mtx_status store_columns(xyz *x, mtx_structure *s, mtx_problem *problem)
{
    for (int32_t k = 0; k < x->n_fields; k++) {
        const field *f = &x->fields[k];
        if (f->kind < FIELD_REAL || f->kind == FIELD_SKIP) continue;
        const mtx_column_type type = f->kind == FIELD_REAL ? MTX_COL_REAL : f->kind == FIELD_INT ? MTX_COL_INT
                                   : f->kind == FIELD_BOOL ? MTX_COL_BOOL : MTX_COL_TEXT;
        mtx_column *c = mtx_structure_add_column(s, f->name, type, f->width);
        if (c == NULL) return io_no_memory(problem);
        const size_t count = (size_t)s->n * (size_t)f->width;
        if (type != MTX_COL_TEXT) {
            if (count > 0) memcpy(c->real, f->values, count * sizeof *c->real);
            continue;
        }
        const char *text = f->chars;
        for (size_t j = 0; j < count; j++) {
            const size_t length = strlen(text);
            c->text[j] = io_text(text, length);
            if (c->text[j] == NULL) return io_no_memory(problem);
            text += length + 1;
        }
    }
    return MTX_OK;
}

/* Passes over lines until one may start a frame. */
static void find_next_frame(mtx_reader *r)
{
    io_stream *in = &r->stream;
    char *line;
    size_t length;
    mtx_problem ignored;
    while (io_stream_lines(in, &ignored) == MTX_OK && !is_count_line(in->data + in->begin)) {
        io_stream_line(in, &line, &length, &ignored);
    }
}

static bool blank_line(const char *p)
{
    while ((unsigned char)*p <= ' ' && *p != '\n') p++;
    return *p == '\n';
}

/* A frame with more atom lines than it counts is found here; any other text between frames is the next one's fault. */
static mtx_status look_behind(mtx_reader *r, int64_t n, mtx_problem *problem)
{
    xyz *x = r->state;
    io_stream *in = &r->stream;
    mtx_status status;
    while ((status = io_stream_lines(in, &x->pending_problem)) == MTX_OK && blank_line(in->data + in->begin)) {
        char *line;
        size_t length;
        io_stream_line(in, &line, &length, problem);
    }
    if (status == MTX_END) return MTX_OK;
    if (status != MTX_OK) {                /* this frame is whole; the next call tells */
        x->pending = true;
        x->pending_status = status;
        return MTX_OK;
    }
    const char *p = in->data + in->begin;
    const look found = look_at_row(x, p);
    if (is_count_line(p) || !found.enough || found.misfit != NULL) return MTX_OK;
    io_problem(r, problem, MTX_EFORMAT, "E0607", in->line, -1,
               "the count line says %lld atoms, but the frame goes on with %s", (long long)n,
               io_quote(p, strcspn(p, "\r\n")).text);
    rt_problem_help(problem, "the next frame must begin with its number of atoms");
    return MTX_EFORMAT;
}

/* The number of atoms; blank lines before it are passed over. */
static mtx_status read_count(mtx_reader *r, int64_t *n, mtx_problem *problem)
{
    io_stream *in = &r->stream;
    char *line;
    size_t length;
    do {
        const mtx_status status = io_stream_line(in, &line, &length, problem);
        if (status != MTX_OK) return status;
    } while (strspn(line, " \t") >= length);
    const char *p = skip_blanks(line), *end = token_end(p);
    const char *after = skip_blanks(end);
    if (after >= line + length && number_parse_int64(p, end, n) && *n >= 0 && *n <= INT32_MAX) return MTX_OK;
    io_problem(r, problem, MTX_EFORMAT, "E0605", in->line - 1, -1, "expected the number of atoms, found %s",
               io_quote(line, length).text);
    rt_problem_help(problem, "the first line of a frame is an integer, the number of atom lines after the second");
    return MTX_EFORMAT;
}

static mtx_status read_frame(mtx_reader *r, mtx_structure *s, mtx_problem *problem)
{
    io_stream *in = &r->stream;
    char *line;
    size_t length;
    int64_t n = 0;
    mtx_status status = read_count(r, &n, problem);
    if (status != MTX_OK) return status;
    const int64_t at = in->line - 1;
    status = io_stream_line(in, &line, &length, problem);
    if (status == MTX_END) {
        return io_problem(r, problem, MTX_EFORMAT, "E0606", at, -1, "the file ends after the number of atoms");
    }
    if (status == MTX_OK) status = parse_comment(r, s, line, length, at + 1, problem);
    if (status == MTX_OK) status = read_atoms(r, s, n, problem);
    if (status == MTX_OK) status = store_columns(r->state, s, problem);
    if (status == MTX_OK) status = look_behind(r, n, problem);
    s->line = at;
    return status;
}

static mtx_status xyz_next(mtx_reader *r, mtx_structure *s, mtx_problem *problem)
{
    xyz *x = r->state;
    if (x->pending) {
        x->pending = false;
        *problem = x->pending_problem;
        return x->pending_status;
    }
    const mtx_status status = read_frame(r, s, problem);
    if (status == MTX_EFORMAT || status == MTX_EDATA) {
        if (problem->frame < 0) problem->frame = r->frame;
        find_next_frame(r);
    }
    return status;
}

static mtx_status xyz_open(mtx_reader *r, mtx_problem *problem)
{
    r->state = calloc(1, sizeof(xyz));
    return r->state != NULL ? MTX_OK : io_no_memory(problem);
}

static void xyz_close(mtx_reader *r)
{
    xyz *x = r->state;
    if (x == NULL) return;
    drop_layout(x);
    io_keyval_free(&x->pairs);
    free(x);
}

/* A first line that is an integer. */
static bool xyz_recognise(const char *text, size_t length)
{
    const char *newline = memchr(text, '\n', length);
    return newline != NULL && is_count_line(text);
}

const io_format io_format_extxyz = {.name = "extxyz", .names = "|extxyz|xyz|exyz|", .recognise = xyz_recognise,
                                    .open = xyz_open, .next = xyz_next, .close = xyz_close};
