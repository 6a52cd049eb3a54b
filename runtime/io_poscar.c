/* SPDX-License-Identifier: Apache-2.0
 *
 * io_poscar.c: VASP 5 POSCAR and CONTCAR, one frame a file. In: comment, scale (one number, three, or minus
 * the volume), three lattice vectors, symbols, counts, optional selective dynamics, Direct or Cartesian,
 * positions; out: a periodic structure, the comment as info `comment`, the flags as column
 * `selective_dynamics`. Velocities and what else follows are not read. VASP 4 files, which name no elements,
 * are refused with advice.
 */
#define _POSIX_C_SOURCE 200809L
#include "io.h"

#include <math.h>
#include <stdlib.h>

enum { SPECIES_MAX = 512, SYMBOL_ROOM = 16 };

typedef struct poscar {
    double  scale[3];
    int32_t n_symbols, n_counts;
    int     Z[SPECIES_MAX];
    int64_t count[SPECIES_MAX];
    bool    selective, cartesian;
} poscar;

typedef struct words { const char *p, *end; } words;         /* what is left of a line */

static bool next_word(words *w, const char **word, size_t *length)
{
    while (w->p < w->end && (unsigned char)*w->p <= ' ') w->p++;
    *word = w->p;
    while (w->p < w->end && (unsigned char)*w->p > ' ') w->p++;
    *length = (size_t)(w->p - *word);
    return *length > 0;
}

static mtx_status next_line(mtx_reader *r, words *w, const char *expected, mtx_problem *problem)
{
    char *line;
    size_t length;
    *w = (words){NULL, NULL};
    const mtx_status status = io_stream_line(&r->stream, &line, &length, problem);
    if (status == MTX_END) {
        return io_problem(r, problem, MTX_EFORMAT, "E0606", r->stream.line, -1, "the file ends before %s",
                          expected);
    }
    if (status == MTX_OK) *w = (words){line, line + length};
    return status;
}

static mtx_status malformed(mtx_reader *r, const char *expected, const words *w, mtx_problem *problem)
{
    const char *line = w->p;
    return io_problem(r, problem, MTX_EFORMAT, "E0619", r->stream.line - 1, -1, "expected %s, found %s",
                      expected, io_quote(line, (size_t)(w->end - line)).text);
}

/* `count` numbers at the start of a line; atom < 0 outside the positions. */
static mtx_status take_numbers(mtx_reader *r, words *w, double *to, int count, const char *field,
                               int64_t atom, mtx_problem *problem)
{
    for (int k = 0; k < count; k++) {
        const char *word;
        size_t length;
        const int64_t line = r->stream.line - 1;
        mtx_status status = MTX_OK;
        if (!next_word(w, &word, &length)) {
            status = io_problem(r, problem, MTX_EFORMAT, "E0610", line, atom, "expected %d numbers, found %d",
                                count, k);
        } else if (number_classify(word, word + length) == NUMBER_NOT_FINITE) {
            status = io_problem(r, problem, MTX_EDATA, "E0612", line, atom, "%s is not a finite number",
                                io_quote(word, length).text);
        } else if (number_parse_any(word, &to[k]) != word + length) {
            status = io_problem(r, problem, MTX_EFORMAT, "E0611", line, atom, "expected a number, found %s",
                                io_quote(word, length).text);
        }
        if (status != MTX_OK) {
            io_problem_field(problem, field, strlen(field));
            return status;
        }
    }
    return MTX_OK;
}

static mtx_status read_scale(mtx_reader *r, poscar *v, mtx_problem *problem)
{
    words w;
    mtx_status status = next_line(r, &w, "the scale", problem);
    if (status != MTX_OK) return status;
    words count = w;
    const char *word;
    size_t length;
    int n = 0;
    while (n < 3 && next_word(&count, &word, &length) &&
           number_parse_any(word, &v->scale[n]) == word + length)
        n++;
    if (n == 0 || n == 2) n = 1;           /* two numbers: one scale and a remark */
    const words whole = w;
    status = take_numbers(r, &w, v->scale, n, "scale", -1, problem);
    if (status != MTX_OK) return status;
    if (n == 1) v->scale[1] = v->scale[2] = v->scale[0];
    const bool positive = v->scale[0] > 0 && v->scale[1] > 0 && v->scale[2] > 0;
    if (positive || (n == 1 && v->scale[0] < 0)) return MTX_OK;
    return malformed(r, "a scale (positive, or minus the volume; or three positive ones)", &whole, problem);
}

static double determinant(const double m[3][3])
{
    return m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) -
           m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) +
           m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]);
}

static mtx_status read_lattice(mtx_reader *r, poscar *v, mtx_structure *s, mtx_problem *problem)
{
    static const char *const names[] = {"lattice vector 1", "lattice vector 2", "lattice vector 3"};
    for (int k = 0; k < 3; k++) {
        words w;
        mtx_status status = next_line(r, &w, names[k], problem);
        if (status == MTX_OK) status = take_numbers(r, &w, s->cell[k], 3, names[k], -1, problem);
        if (status != MTX_OK) return status;
    }
    if (v->scale[0] < 0) {                 /* minus the volume wanted */
        const double volume = fabs(determinant((const double (*)[3])s->cell));
        const double scale = volume > 0 ? cbrt(-v->scale[0] / volume) : 1.0;
        v->scale[0] = v->scale[1] = v->scale[2] = scale;
    }
    for (int k = 0; k < 9; k++) s->cell[k / 3][k % 3] *= v->scale[k % 3];
    memset(s->pbc, 1, sizeof s->pbc);
    return io_check_cell(r, s, r->stream.line - 3, problem);
}

/* Symbols, perhaps with a potential's name behind them: Mo, Mo_pv, Mo/1a2b. */
static mtx_status read_symbols(mtx_reader *r, poscar *v, mtx_problem *problem)
{
    words w;
    const mtx_status status = next_line(r, &w, "the element symbols", problem);
    if (status != MTX_OK) return status;
    const words whole = w;
    const char *word;
    size_t length;
    while (next_word(&w, &word, &length)) {
        if (v->n_symbols == 0 && number_classify(word, word + length) == NUMBER_INTEGER) {
            malformed(r, "element symbols", &whole, problem);
            rt_problem_help(problem,
                            "a VASP 4 file does not say which elements it holds; insert a line such as "
                            "`Mo S` above the counts");
            return MTX_EFORMAT;
        }
        if (v->n_symbols == SPECIES_MAX) return malformed(r, "at most 512 element symbols", &whole, problem);
        size_t symbol = 0;
        while (symbol < length && word[symbol] != '_' && word[symbol] != '/') symbol++;
        const int Z = mtx_element_number(word, symbol);
        if (Z == 0) {
            io_problem(r, problem, MTX_EDATA, "E0613", r->stream.line - 1, -1, "unknown element %s",
                       io_quote(word, length).text);
            io_problem_field(problem, "symbols", 7);
            return MTX_EDATA;
        }
        v->Z[v->n_symbols++] = Z;
    }
    return v->n_symbols > 0 ? MTX_OK : malformed(r, "element symbols", &whole, problem);
}

static mtx_status read_counts(mtx_reader *r, poscar *v, int64_t *n, mtx_problem *problem)
{
    words w;
    const mtx_status status = next_line(r, &w, "the numbers of atoms", problem);
    if (status != MTX_OK) return status;
    const words whole = w;
    const char *word;
    size_t length;
    *n = 0;
    while (v->n_counts < v->n_symbols && next_word(&w, &word, &length)) {
        int64_t count;
        if (!number_parse_int64(word, word + length, &count) || count < 0 || count > INT32_MAX - *n) break;
        v->count[v->n_counts++] = count;
        *n += count;
    }
    const bool more = next_word(&w, &word, &length) && number_classify(word, word + length) == NUMBER_INTEGER;
    if (v->n_counts == v->n_symbols && !more) return MTX_OK;
    io_problem(r, problem, MTX_EFORMAT, "E0605", r->stream.line - 1, -1,
               "expected %d numbers of atoms, one per symbol, found %s", v->n_symbols,
               io_quote(whole.p, (size_t)(whole.end - whole.p)).text);
    return MTX_EFORMAT;
}

static mtx_status read_mode(mtx_reader *r, poscar *v, mtx_problem *problem)
{
    for (;;) {
        words w;
        const char *word;
        size_t length;
        const mtx_status status = next_line(r, &w, "`Direct` or `Cartesian`", problem);
        if (status != MTX_OK) return status;
        const words whole = w;
        const char first = next_word(&w, &word, &length) ? (char)(*word | 0x20) : '\0';
        if (first == 's' && !v->selective) {
            v->selective = true;
            continue;
        }
        v->cartesian = first == 'c' || first == 'k';
        if (v->cartesian || first == 'd' || first == 'f') return MTX_OK;
        return malformed(r, "`Direct` or `Cartesian`", &whole, problem);
    }
}

static mtx_status read_flags(mtx_reader *r, words *w, double *to, int64_t atom, mtx_problem *problem)
{
    for (int k = 0; k < 3; k++) {
        const char *word;
        size_t length;
        const bool there = next_word(w, &word, &length);
        const char letter = there && length > 1 && *word == '.' ? word[1]
                            : there                             ? *word
                                                                : '\0'; /* .TRUE. too */
        if (letter != 'T' && letter != 'F' && letter != 't' && letter != 'f') {
            io_problem(r, problem, MTX_EFORMAT, "E0611", r->stream.line - 1, atom,
                       "expected T or F, found %s", io_quote(word, length).text);
            io_problem_field(problem, "selective dynamics", 18);
            return MTX_EFORMAT;
        }
        to[k] = letter == 'T' || letter == 't';
    }
    return MTX_OK;
}

static void place(const poscar *v, mtx_structure *s, int64_t i, const double x[3])
{
    for (int c = 0; c < 3; c++) {
        if (v->cartesian) s->r[i][c] = x[c] * v->scale[c];
        else s->r[i][c] = x[0] * s->cell[0][c] + x[1] * s->cell[1][c] + x[2] * s->cell[2][c];
    }
}

/* The flags are kept apart first: a column needs the number of atoms, which only their lines prove. */
static mtx_status read_positions(mtx_reader *r, const poscar *v, mtx_structure *s, int64_t n, double **flags,
                                 mtx_problem *problem)
{
    int64_t i = 0, room = 0;
    for (int32_t kind = 0; kind < v->n_symbols; kind++) {
        for (int64_t k = 0; k < v->count[kind]; k++, i++) {
            words w;
            double x[3];
            mtx_status status = next_line(r, &w, "the last atom's position", problem);
            if (status == MTX_OK) status = take_numbers(r, &w, x, 3, "position", i, problem);
            if (status != MTX_OK) return status;
            if (i == room) {
                room = room > 0 ? 2 * room : 256;
                if (room > n) room = n;
                if (mtx_structure_reserve(s, room) != MTX_OK) return io_no_memory(problem);
                double *grown = v->selective ? realloc(*flags, (size_t)room * 3 * sizeof *grown) : NULL;
                if (v->selective && grown == NULL) return io_no_memory(problem);
                if (v->selective) *flags = grown;
            }
            place(v, s, i, x);
            s->Z[i] = v->Z[kind];
            if (v->selective) status = read_flags(r, &w, *flags + 3 * i, i, problem);
            if (status != MTX_OK) return status;
        }
    }
    s->n = n;
    return MTX_OK;
}

static mtx_status read_atoms(mtx_reader *r, poscar *v, mtx_structure *s, int64_t n, mtx_problem *problem)
{
    double *flags = NULL;
    mtx_status status = read_positions(r, v, s, n, &flags, problem);
    if (status == MTX_OK && v->selective && io_keeps(r, "selective_dynamics", 18, true)) {
        mtx_column *c = mtx_structure_add_column(s, "selective_dynamics", MTX_COL_BOOL, 3);
        if (c == NULL) status = io_no_memory(problem);
        else if (n > 0) memcpy(c->real, flags, (size_t)n * 3 * sizeof *flags);
    }
    free(flags);
    return status;
}

static mtx_status poscar_next(mtx_reader *r, mtx_structure *s, mtx_problem *problem)
{
    if (r->frame > 0) return MTX_END;
    poscar v = {0};
    words w;
    int64_t n = 0;
    mtx_status status = next_line(r, &w, "the comment line", problem);
    if (status == MTX_OK && io_keeps(r, "comment", 7, false)) {
        mtx_column *c = mtx_structure_add_info(s, "comment", MTX_COL_TEXT, 1);
        if (c != NULL) c->text[0] = io_text(w.p, (size_t)(w.end - w.p));
        if (c == NULL || c->text[0] == NULL) status = io_no_memory(problem);
    }
    if (status == MTX_OK) status = read_scale(r, &v, problem);
    if (status == MTX_OK) status = read_lattice(r, &v, s, problem);
    if (status == MTX_OK) status = read_symbols(r, &v, problem);
    if (status == MTX_OK) status = read_counts(r, &v, &n, problem);
    if (status == MTX_OK) status = read_mode(r, &v, problem);
    if (status == MTX_OK) status = read_atoms(r, &v, s, n, problem);
    s->line = 1;
    return status;
}

/* Numbers on lines 2 to 5 as the format has them. */
static bool poscar_recognise(const char *text, size_t length)
{
    const char *p = memchr(text, '\n', length), *end = text + length;
    for (int line = 2; line <= 5; line++) {
        if (p == NULL) return false;
        words w = {p + 1, end};
        p = memchr(w.p, '\n', (size_t)(end - w.p));
        if (p == NULL) return false;
        w.end = p;
        const char *word;
        size_t n;
        for (int k = 0; k < (line == 2 ? 1 : 3); k++) {
            double value;
            if (!next_word(&w, &word, &n) || number_parse_any(word, &value) != word + n) return false;
        }
    }
    return true;
}

const io_format io_format_poscar = {.name = "poscar", .names = "|poscar|contcar|vasp|",
                                    .recognise = poscar_recognise, .next = poscar_next};
