/* SPDX-License-Identifier: Apache-2.0
 *
 * table_file.c: parameters by element, pair, triple or number. In: a text with comma-separated columns whose first line
 * names them and their units, or a parameter file of LAMMPS (metal units). Out: for each column a number for every
 * combination of the keys. Combinations that are left out stand for the mirrored ones: a pair for the exchanged one, a
 * triple for that with its last two exchanged. Embedded-atom tables: setfl_file.c.
 */
#include "table_file.h"

#include "units.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <mtx/mtxrt.h>

/* ---- fields -------------------------------------------------------------------------------------------- */

const char *field_text(arena *a, const field *f)
{
    return arena_strndup(a, f->s, f->n);
}

bool field_number(const field *f, double *out)
{
    char s[64];
    uint32_t n = 0;
    if (f->n == 0 || f->n >= sizeof s) return false;
    for (; n < f->n; n++) {
        char c = f->s[n];
        if (!((c >= '0' && c <= '9') || strchr("+-.eEdD", c))) return false; /* no nan, inf, hexadecimal    */
        s[n] = c == 'd' || c == 'D' ? 'e' : c == '.' ? localeconv()->decimal_point[0] : c;
    }
    s[n] = '\0';
    char *end;
    *out = strtod(s, &end);
    return *end == '\0' && isfinite(*out);
}

bool field_whole(const field *f, int64_t *out)
{
    double x;
    if (!field_number(f, &x) || x != floor(x) || fabs(x) > 1e9) return false;
    *out = (int64_t)x;
    return true;
}

typedef struct reading {
    arena *a;
    intern *names;
    diag_sink *sink;
    const source *src;
    uint32_t at;
    table_file *t;
    double scale[TABLE_COLUMNS];
    VEC(field) cells; /* of all lines, row after row                                                        */
} reading;

static field trimmed(const reading *r, uint32_t start, uint32_t end)
{
    const char *s = r->src->text;
    while (start < end && strchr(" \t\r", s[start])) start++;
    while (end > start && strchr(" \t\r", s[end - 1])) end--;
    return (field){{r->src, start, end > start ? end : start + 1}, s + start, end - start};
}

/* the end of the line that begins at r->at, without a comment */
static uint32_t line_end(const reading *r, uint32_t *next)
{
    const char *s = r->src->text + r->at, *nl = memchr(s, '\n', r->src->n - r->at);
    size_t n = nl ? (size_t)(nl - s) : r->src->n - r->at;
    *next = r->at + (uint32_t)n + (nl != NULL);
    const char *comment = memchr(s, '#', n);
    return r->at + (uint32_t)(comment ? (size_t)(comment - s) : n);
}

/* the fields of the next line that has any; 0: the end */
static uint32_t next_line(reading *r, field *to, uint32_t most)
{
    while (r->at < r->src->n) {
        uint32_t next, end = line_end(r, &next), n = 0, start = r->at;
        field all = trimmed(r, start, end);
        r->at = next;
        if (!all.n) continue;
        for (uint32_t k = start; k <= end; k++)
            if (k == end || r->src->text[k] == ',') {
                if (n < most) to[n] = trimmed(r, start, k);
                n++;
                start = k + 1;
            }
        return n;
    }
    return 0;
}

/* ---- the first line ------------------------------------------------------------------------------------ */

static bool header_fault(reading *r, span at, const char *what)
{
    diag *d = diag_report(r->sink, D_TABLE_HEADER, at);
    diag_label_primary(r->sink, d, "%s", what);
    diag_help(r->sink, d, "element, element, epsilon [eV], sigma [Å]");
    return false;
}

/* a power such as 2, -1 or (1/2) after ^ */
static bool unit_power(const char **p, ast_unit_factor *f)
{
    char *end;
    bool bracket = **p == '(';
    long num = strtol(*p + bracket, &end, 10), den = 1;
    if (end == *p + bracket) return false;
    if (bracket && *end == '/') den = strtol(end + 1, &end, 10);
    if (bracket && *end++ != ')') return false;
    if (labs(num) > 100 || den < 1 || den > 100) return false;
    f->num = (int)num;
    f->den = (int)den;
    *p = end;
    return true;
}

/* eV/Å^2 */
static bool column_unit(reading *r, span at, const char *s, unit *u, double *scale)
{
    ast_unit_factor factor[8];
    ast_unit written = {.factor = factor, .at = at, .bracketed = true};
    bool divide = false;
    while (*s) {
        size_t n = strcspn(s, "*/^ ");
        if (n == 0 || written.n == 8) return header_fault(r, at, "not a unit such as eV/Å^2");
        bool one = n == 1 && *s == '1';
        factor[written.n] = (ast_unit_factor){.unit = one ? NULL : intern_n(r->names, s, n), .scale = 1, .num = 1,
                                              .den = 1, .divide = divide, .at = at};
        s += n;
        if (*s == '^' && (s++, !unit_power(&s, &factor[written.n]))) return header_fault(r, at, "not a power of a unit");
        written.n++;
        divide = *s == '/';
        if (*s && *s != '*' && *s != '/') return header_fault(r, at, "not a unit such as eV/Å^2");
        s += *s != '\0';
    }
    return units_resolve(r->sink, &written, u, scale);
}

static bool is_name(const char *s, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        unsigned char c = (unsigned char)s[k];
        bool letter = (c | 32) >= 'a' && (c | 32) <= 'z';
        if (!letter && c != '_' && c < 0x80 && !(k && c >= '0' && c <= '9')) return false;
    }
    return n > 0;
}

static bool add_column(reading *r, const field *f)
{
    table_file *t = r->t;
    const char *open = memchr(f->s, '[', f->n);
    size_t n = open ? (size_t)(open - f->s) : f->n;
    while (n && f->s[n - 1] == ' ') n--;
    if (!is_name(f->s, n)) return header_fault(r, f->at, "a column has a name and perhaps a unit in brackets");
    if (t->n_columns == TABLE_COLUMNS) return header_fault(r, f->at, "more than 64 columns");
    table_column *c = &t->column[t->n_columns];
    *c = (table_column){.id = intern_n(r->names, f->s, n), .at = f->at};
    r->scale[t->n_columns] = 1;
    for (uint32_t k = 0; k < t->n_columns; k++)
        if (t->column[k].id == c->id) return header_fault(r, f->at, "two columns of one name");
    t->n_columns++;
    if (!open) return true;
    if (f->s[f->n - 1] != ']') return header_fault(r, f->at, "the unit's bracket is not closed");
    const char *words = arena_strndup(r->a, open + 1, (size_t)(f->s + f->n - 1 - (open + 1)));
    return column_unit(r, f->at, words, &c->unit, &r->scale[t->n_columns - 1]);
}

static bool read_header(reading *r)
{
    field f[TABLE_KEYS + TABLE_COLUMNS];
    uint32_t n = next_line(r, f, TABLE_KEYS + TABLE_COLUMNS);
    if (n == 0 || n > TABLE_KEYS + TABLE_COLUMNS)
        return header_fault(r, (span){r->src, 0, 1}, n ? "too many columns" : "the file is empty");
    for (uint32_t k = 0; k < n; k++) {
        bool element = f[k].n == 7 && !memcmp(f[k].s, "element", 7), index = f[k].n == 5 && !memcmp(f[k].s, "index", 5);
        if (!element && !index) {
            if (!add_column(r, &f[k])) return false;
        } else if (r->t->n_columns || r->t->n_keys == TABLE_KEYS) {
            return header_fault(r, f[k].at, "keys come first, at most six");
        } else {
            r->t->by_element[r->t->n_keys++] = element;
        }
    }
    if (!r->t->n_keys) return header_fault(r, f[0].at, "the first column is `element` or `index`");
    return r->t->n_columns || header_fault(r, f[n - 1].at, "no column of numbers");
}

static bool read_lines(reading *r)
{
    field f[TABLE_KEYS + TABLE_COLUMNS];
    uint32_t wanted = r->t->n_keys + r->t->n_columns, n;
    while ((n = next_line(r, f, TABLE_KEYS + TABLE_COLUMNS)) != 0) {
        if (n != wanted) {
            diag *d = diag_report(r->sink, D_TABLE_ROW, f[0].at, wanted, n);
            diag_label_primary(r->sink, d, "in this line");
            return false;
        }
        for (uint32_t k = 0; k < n; k++) vec_push(r->a, &r->cells, f[k]);
    }
    return true;
}

/* ---- parameter files of LAMMPS: three elements, then numbers in fixed order, lines broken anywhere ------ */

typedef struct fixed_column { const char *id, *unit; } fixed_column;
static const fixed_column sw_columns[] = {
    {"epsilon", "eV"}, {"sigma", "Å"}, {"a", ""}, {"lambda", ""}, {"gamma", ""}, {"costheta0", ""},
    {"A", ""}, {"B", ""}, {"p", ""}, {"q", ""}, {"tol", ""}, {NULL, NULL}};
static const fixed_column tersoff_columns[] = {
    {"m", ""}, {"gamma", ""}, {"lambda3", "1/Å"}, {"c", ""}, {"d", ""}, {"costheta0", ""}, {"n", ""}, {"beta", ""},
    {"lambda2", "1/Å"}, {"B", "eV"}, {"R", "Å"}, {"D", "Å"}, {"lambda1", "1/Å"}, {"A", "eV"}, {NULL, NULL}};

static bool read_lammps(reading *r, const fixed_column *columns)
{
    table_file *t = r->t;
    for (t->n_keys = 0; t->n_keys < 3; t->n_keys++) t->by_element[t->n_keys] = true;
    for (; columns[t->n_columns].id; t->n_columns++) {
        table_column *c = &t->column[t->n_columns];
        *c = (table_column){.id = intern_s(r->names, columns[t->n_columns].id)};
        column_unit(r, (span){r->src, 0, 1}, columns[t->n_columns].unit, &c->unit, &r->scale[t->n_columns]);
    }
    while (r->at < r->src->n) {
        uint32_t next, end = line_end(r, &next), k = r->at;
        while (k < end) {
            uint32_t start = k;
            while (k < end && !strchr(" \t\r", r->src->text[k])) k++;
            field f = trimmed(r, start, k);
            if (f.n) vec_push(r->a, &r->cells, f);
            k += k < end;
        }
        r->at = next;
    }
    uint32_t wanted = t->n_keys + t->n_columns, over = r->cells.n % wanted;
    if (r->cells.n && !over) return true;
    span at = r->cells.n ? r->cells.at[r->cells.n - over].at : (span){r->src, 0, 1};
    diag *d = diag_report(r->sink, D_TABLE_ROW, at, wanted, over);
    diag_label_primary(r->sink, d, "the last entry begins here");
    return false;
}

/* ---- keys and numbers ---------------------------------------------------------------------------------- */

static bool key_fault(reading *r, const field *f, const char *what)
{
    diag *d = diag_report(r->sink, D_TABLE_KEY, f->at, field_text(r->a, f));
    diag_label_primary(r->sink, d, "%s", what);
    return false;
}

static int32_t species_place(const table_file *t, int32_t z)
{
    for (int32_t k = 0; k < t->n_species; k++)
        if (t->species[k] == z) return k;
    return -1;
}

/* the list of elements and the range that the lines speak of */
static bool collect_keys(reading *r)
{
    table_file *t = r->t;
    uint32_t wide = t->n_keys + t->n_columns;
    t->species = arena_array(r->a, int32_t, 119);
    t->lo = INT32_MAX;
    t->hi = INT32_MIN;
    for (uint32_t k = 0; k < r->cells.n; k++) {
        const field *f = &r->cells.at[k];
        int64_t whole;
        if (k % wide >= t->n_keys) continue;
        if (t->by_element[k % wide]) {
            int z = mtx_element_number(f->s, f->n);
            if (!z) return key_fault(r, f, "not a chemical symbol");
            if (species_place(t, z) < 0) t->species[t->n_species++] = z;
        } else if (!field_whole(f, &whole)) {
            return key_fault(r, f, "not a whole number");
        } else {
            if (whole < t->lo) t->lo = (int32_t)whole;
            if (whole > t->hi) t->hi = (int32_t)whole;
        }
    }
    int64_t places = 1;
    for (uint32_t k = 0; k < t->n_keys; k++) {
        places *= t->by_element[k] ? t->n_species : (int64_t)t->hi - t->lo + 1;
        if (places > TABLE_PLACES) return key_fault(r, &r->cells.at[0], "more than a million combinations of keys");
    }
    t->places = (uint32_t)places;
    return true;
}

static uint32_t size_of(const table_file *t, uint32_t key)
{
    return (uint32_t)(t->by_element[key] ? t->n_species : t->hi - t->lo + 1);
}

static uint32_t place_of(const table_file *t, const field *row)
{
    uint32_t cell = 0;
    for (uint32_t k = 0; k < t->n_keys; k++) {
        int64_t whole = 0;
        if (!t->by_element[k]) field_whole(&row[k], &whole);
        int32_t own = t->by_element[k] ? species_place(t, mtx_element_number(row[k].s, row[k].n)) : (int32_t)whole - t->lo;
        cell = cell * size_of(t, k) + (uint32_t)own;
    }
    return cell;
}

/* the combination with its last two elements exchanged */
static uint32_t mirrored(const table_file *t, uint32_t cell)
{
    uint32_t n = t->n_keys;
    if (n < 2 || n > 3 || !t->by_element[n - 1] || !t->by_element[n - 2]) return cell;
    uint32_t size = (uint32_t)t->n_species, last = cell % size, before = cell / size % size;
    return (cell / size / size * size + last) * size + before;
}

static const char *words_of(reading *r, uint32_t cell)
{
    const table_file *t = r->t;
    const char *words = "";
    for (uint32_t k = t->n_keys; k-- > 0;) {
        uint32_t own = cell % size_of(t, k);
        cell /= size_of(t, k);
        const char *one = t->by_element[k] ? mtx_element_symbol(t->species[own]) : arena_printf(r->a, "%d", t->lo + (int32_t)own);
        words = arena_printf(r->a, "%s%s%s", one, *words ? ", " : "", words);
    }
    return words;
}

static bool fill(reading *r, const field **line)
{
    table_file *t = r->t;
    uint32_t wide = t->n_keys + t->n_columns;
    for (uint32_t k = 0; k < t->n_columns; k++) t->column[k].value = arena_array(r->a, double, t->places);
    for (uint32_t row = 0; row < r->cells.n; row += wide) {
        const field *f = &r->cells.at[row];
        uint32_t cell = place_of(t, f);
        if (line[cell]) {
            diag *d = diag_report(r->sink, D_TABLE_TWICE, f->at, words_of(r, cell));
            diag_label_primary(r->sink, d, "again here");
            diag_label_at(r->sink, d, line[cell]->at, "first here");
            return false;
        }
        line[cell] = f;
        for (uint32_t k = 0; k < t->n_columns; k++) {
            const field *number = &f[t->n_keys + k];
            if (!field_number(number, &t->column[k].value[cell])) {
                diag *d = diag_report(r->sink, D_TABLE_NUMBER, number->at, field_text(r->a, number));
                diag_label_primary(r->sink, d, "`%s` of %s", t->column[k].id, words_of(r, cell));
                return false;
            }
            t->column[k].value[cell] *= r->scale[k];
        }
    }
    return true;
}

static bool complete(reading *r, const field **line, bool mirrors)
{
    table_file *t = r->t;
    for (uint32_t cell = 0; cell < t->places; cell++) {
        uint32_t other = mirrors ? mirrored(t, cell) : cell;
        if (line[cell]) continue;
        if (!line[other]) {
            diag *d = diag_report(r->sink, D_TABLE_MISSING, (span){r->src, 0, 1}, words_of(r, cell));
            diag_label_primary(r->sink, d, "in this file");
            return false;
        }
        for (uint32_t k = 0; k < t->n_columns; k++) t->column[k].value[cell] = t->column[k].value[other];
    }
    return true;
}

table_format table_format_of(const char *path)
{
    static const struct { const char *ending; table_format format; } known[] = {
        {".csv", TABLE_CSV}, {".sw", TABLE_SW}, {".tersoff", TABLE_TERSOFF}, {".setfl", TABLE_SETFL},
        {".eam.alloy", TABLE_SETFL}, {".alloy", TABLE_SETFL}};
    size_t n = strlen(path);
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        size_t m = strlen(known[k].ending);
        if (n > m && !strcmp(path + n - m, known[k].ending)) return known[k].format;
    }
    return TABLE_UNKNOWN;
}

table_file *table_file_read(arena *a, intern *names, diag_sink *sink, const source *src, table_format format)
{
    static const char mark[] = "\xef\xbb\xbf"; /* with which some spreadsheets begin a text */
    reading r = {.a = a, .names = names, .sink = sink, .src = src, .t = arena_new(a, table_file)};
    r.at = src->n >= 3 && !memcmp(src->text, mark, 3) ? 3 : 0;
    bool good = format == TABLE_CSV ? read_header(&r) && read_lines(&r)
                                    : read_lammps(&r, format == TABLE_SW ? sw_columns : tersoff_columns);
    if (!good) return NULL;
    if (!r.cells.n) {
        header_fault(&r, (span){src, 0, 1}, "the file has no line of numbers");
        return NULL;
    }
    if (!collect_keys(&r)) return NULL;
    const field **line = arena_array(a, const field *, r.t->places);
    return fill(&r, line) && complete(&r, line, format == TABLE_CSV) ? r.t : NULL;
}
