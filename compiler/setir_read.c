/* SPDX-License-Identifier: Apache-2.0
 *
 * setir_read.c: reads the text of setir_text.c back. In: any bytes. Out: a verified program, or NULL with
 * diagnostics in the sink. The tables (slots, sets, index variables, inputs, tensors) are read first, then
 * the nodes in order through the builder; every id is checked before the builder sees it.
 */
#include "curve.h"
#include "irreps.h"
#include "setir_text.h"
#include "unicode.h"

#include <limits.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#define READ_ERRORS 20u        /* then the rest is silent */
#define READ_LIST   (1u << 20) /* longest list of ids or arguments */

typedef struct reader {
    const source *src;
    const char *p, *end; /* the rest of the line */
    program *program;
    intern *names;
    diag_sink *sink;
    uint32_t n_nodes, errors; /* node lines in the text */
    bool bad;                 /* this line has been complained about */
} reader;

/* ------------------------------------------------------------------------------------------------- tokens */

static span here(const reader *r)
{
    uint32_t at = (uint32_t)(r->p - r->src->text), stop = (uint32_t)(r->end - r->src->text);
    return (span){r->src, at, at < stop ? at + 1 : at};
}

static void expected(reader *r, const char *what)
{
    if (!r->bad && r->errors++ < READ_ERRORS) diag_report(r->sink, D_IR_SYNTAX, here(r), what);
    r->bad = true;
}

static void undefined(reader *r, const char *prefix, int64_t id, const char *where)
{
    if (!r->bad && r->errors++ < READ_ERRORS)
        diag_report(r->sink, D_IR_REFERENCE, here(r), prefix, (long long)id, where);
    r->bad = true;
}

static void blanks(reader *r)
{
    while (r->p < r->end && (*r->p == ' ' || *r->p == '\t' || *r->p == '\r')) r->p++;
}

static bool at_end(reader *r)
{
    blanks(r);
    return r->p == r->end;
}

static bool word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

/* the sign or whole word `s`, when it comes next */
static bool accept(reader *r, const char *s)
{
    blanks(r);
    size_t n = strlen(s);
    if ((size_t)(r->end - r->p) < n || memcmp(r->p, s, n) != 0) return false;
    if (word_char(s[n - 1]) && r->p + n < r->end && word_char(r->p[n])) return false;
    r->p += n;
    return true;
}

static void need(reader *r, const char *s)
{
    if (!accept(r, s)) expected(r, s);
}

/* which of the words (up to NULL) comes next, -1: none */
static int one_of(reader *r, const char *const *words)
{
    for (int k = 0; words[k]; k++)
        if (accept(r, words[k])) return k;
    return -1;
}

static bool peek_digit(reader *r)
{
    blanks(r);
    const char *p = r->p + (r->p < r->end && *r->p == '-');
    return p < r->end && *p >= '0' && *p <= '9';
}

static int64_t integer(reader *r, int64_t lo, int64_t hi)
{
    if (!peek_digit(r)) {
        expected(r, "a whole number");
        return lo;
    }
    bool negative = *r->p == '-';
    const char *start = r->p;
    int64_t x = 0;
    for (r->p += negative; r->p < r->end && *r->p >= '0' && *r->p <= '9'; r->p++)
        if (x < INT64_MAX / 20) x = x * 10 + (*r->p - '0');
    x = negative ? -x : x;
    if (x < lo || x > hi) {
        r->p = start;
        expected(r, "a whole number in range");
        return lo;
    }
    return x;
}

static double number(reader *r)
{
    blanks(r);
    char s[64];
    size_t n = 0;
    const char *p = r->p;
    while (p < r->end && n < sizeof s - 1 && (word_char(*p) || *p == '-' || *p == '+')) s[n++] = *p++;
    s[n] = '\0';
    char *point = strchr(s, '.');
    if (point) *point = localeconv()->decimal_point[0];
    char *stop = s;
    double x = strtod(s, &stop);
    if (n == 0 || *stop)
        expected(r, "a number");
    else
        r->p = p;
    return x;
}

static uint32_t hex4(reader *r)
{
    uint32_t x = 0;
    for (int k = 0; k < 4; k++, r->p++) {
        char c = r->p < r->end ? *r->p : 0;
        if (c >= '0' && c <= '9')
            x = x * 16 + (uint32_t)(c - '0');
        else if ((c | 32) >= 'a' && (c | 32) <= 'f')
            x = x * 16 + (uint32_t)((c | 32) - 'a' + 10);
        else
            return expected(r, "four hexadecimal digits"), 0;
    }
    return x;
}

/* one escape after the backslash, as UTF-8 */
static size_t escape(reader *r, char *to)
{
    char c = r->p < r->end ? *r->p++ : 0;
    if (c != 'u') {
        *to = c == 'n' ? '\n' : c == 't' ? '\t' : c;
        if (c == 0 || !strchr("nt\"\\", c)) expected(r, "an escape");
        return 1;
    }
    uint32_t x = hex4(r);
    if (x == 0 || (x >= 0xd800 && x < 0xe000)) expected(r, "a character other than NUL");
    return unicode_write(x, to);
}

static name string(reader *r)
{
    blanks(r);
    if (r->p == r->end || *r->p != '"') return expected(r, "a string"), NULL;
    r->p++;
    char *s = arena_alloc(r->program->memory, (size_t)(r->end - r->p) + 4);
    size_t n = 0;
    while (r->p < r->end && *r->p != '"' && !r->bad) {
        size_t length;
        unicode_read(r->p, (size_t)(r->end - r->p), &length);
        if (length == 0) expected(r, "UTF-8 text");
        if (*r->p == '\\') {
            r->p++;
            n += escape(r, s + n);
            continue;
        }
        memcpy(s + n, r->p, length);
        n += length;
        r->p += length;
    }
    if (!accept(r, "\"")) expected(r, "the end of the string");
    return intern_n(r->names, s, n);
}

/* an optional string, after an optional word */
static name optional_string(reader *r, const char *word)
{
    if (word && !accept(r, word)) return NULL;
    blanks(r);
    return word || (r->p < r->end && *r->p == '"') ? string(r) : NULL;
}

/* PREFIXn with n < limit */
static uint32_t id_of(reader *r, const char *prefix, uint32_t limit)
{
    blanks(r);
    size_t n = strlen(prefix);
    if ((size_t)(r->end - r->p) <= n || memcmp(r->p, prefix, n) != 0 || r->p[n] < '0' || r->p[n] > '9') {
        char *what = arena_printf(r->program->memory, "%s and a number", *prefix ? prefix : "an id");
        return expected(r, what), 0;
    }
    const char *start = r->p;
    r->p += n;
    int64_t id = integer(r, 0, INT64_MAX);
    if (!r->bad && id >= limit) {
        r->p = start;
        undefined(r, prefix, id, "here");
    }
    return r->bad ? 0 : (uint32_t)id;
}

static uint32_t optional_id(reader *r, const char *word, const char *prefix, uint32_t limit)
{
    return accept(r, word) ? id_of(r, prefix, limit) : SETIR_NONE;
}

static bool at_prefix(reader *r, const char *prefix)
{
    blanks(r);
    size_t n = strlen(prefix);
    return (size_t)(r->end - r->p) > n && memcmp(r->p, prefix, n) == 0 && r->p[n] >= '0' && r->p[n] <= '9';
}

static elem elem_read(reader *r)
{
    elem e = elem_real(0);
    if (accept(r, "bool")) return elem_bool();
    if (accept(r, "species")) return elem_species();
    if (accept(r, "index")) {
        need(r, "(");
        e = elem_index(id_of(r, "S", UINT32_MAX));
        need(r, ")");
        return e;
    }
    need(r, "real");
    if (accept(r, "(")) {
        e.rank = (uint8_t)integer(r, 0, 2);
        need(r, ")");
    }
    if (accept(r, "^")) e.channels = (uint16_t)integer(r, 1, UINT16_MAX);
    if (e.channels && at_prefix(r, "L")) {
        e.irreps = (uint16_t)id_of(r, "L", r->program->irreps.n + 1);
        if (e.irreps == 0 && !r->bad) expected(r, "irreps, numbered from 1");
    }
    return e;
}

static rational power_read(reader *r)
{
    if (!accept(r, "^")) return (rational){1, 1};
    bool ratio = accept(r, "(");
    int64_t num = integer(r, -1000000, 1000000), den = 1;
    if (ratio) {
        need(r, "/");
        den = integer(r, 1, 1000000);
        need(r, ")");
    }
    return rational_new(num, den);
}

static unit unit_read(reader *r)
{
    unit u = unit_none();
    need(r, "[");
    bool divide = false;
    for (bool first = true; !r->bad; first = false) {
        if (!(first && accept(r, "1"))) {
            int k = -1;
            for (int j = 0; j < UNIT_COUNT && k < 0; j++)
                if (accept(r, unit_name[j])) k = j;
            if (k < 0) return expected(r, "a base unit"), u;
            rational power = power_read(r);
            u.power[k] = rational_add(u.power[k], divide ? rational_mul(power, (rational){-1, 1}) : power);
        }
        if (accept(r, "]")) return u;
        divide = accept(r, "/");
        if (!divide) need(r, "*");
    }
    return u;
}

/* ------------------------------------------------------------------------------------------------- tables */

static void read_slot(reader *r)
{
    slot s = {.at = here(r)};
    if (id_of(r, "", UINT32_MAX) != r->program->slots.n) expected(r, "the next slot");
    s.id = optional_string(r, NULL);
    if (accept(r, ":")) s.type = string(r);
    if (accept(r, "axes"))
        for (blanks(r); r->p < r->end && *r->p >= 'x' && *r->p <= 'z'; r->p++)
            s.axes |= (uint8_t)(1 << (*r->p - 'x'));
    s.base = optional_id(r, "base", "S", UINT32_MAX);
    s.position = optional_id(r, "position", "in", UINT32_MAX);
    s.species = optional_id(r, "species", "in", UINT32_MAX);
    s.cell_name = optional_string(r, "cell");
    vec_push(r->program->memory, &r->program->slots, s);
}

static void read_species_list(reader *r, set *s)
{
    VEC(int32_t) list = {0};
    while (peek_digit(r) && list.n < READ_LIST && !r->bad) {
        int32_t z = (int32_t)integer(r, 0, 118);
        vec_push(r->program->memory, &list, z);
    }
    s->species = list.at;
    s->count = (int32_t)list.n;
}

static void read_set(reader *r)
{
    set s = {.at = here(r),
             .slot = SETIR_NONE,
             .parent = SETIR_NONE,
             .host = SETIR_NONE,
             .sample = SETIR_NONE,
             .cutoff = SETIR_NONE};
    uint32_t own = r->program->sets.n;
    if (id_of(r, "S", UINT32_MAX) != own) expected(r, "the next set");
    s.id = optional_string(r, NULL);
    need(r, "=");
    int kind = one_of(r, setir_set_word);
    if (kind < 0) expected(r, "a kind of set");
    s.kind = kind < 0 ? SET_BASE : (set_kind)kind;
    switch (s.kind) {
    case SET_BASE:
    case SET_RECIP: break;
    case SET_PAIRS: s.parent = id_of(r, "S", own); break;
    case SET_DIFFER:
        need(r, "host");
        s.host = id_of(r, "S", own);
        need(r, "sample");
        s.sample = id_of(r, "S", own);
        break;
    case SET_AXIS: s.count = (int32_t)integer(r, 0, 3); break;
    case SET_RANGE:
        s.lo = (int32_t)integer(r, INT32_MIN, INT32_MAX);
        s.hi = (int32_t)integer(r, INT32_MIN, INT32_MAX);
        break;
    case SET_SPECIES: read_species_list(r, &s); break;
    case SET_RANK:
        if (at_prefix(r, "S"))
            s.parent = id_of(r, "S", own);
        else
            s.count = (int32_t)integer(r, 0, INT32_MAX);
        break;
    }
    s.slot = optional_id(r, "slot", "", UINT32_MAX);
    s.cutoff = optional_id(r, "cutoff", "%", r->n_nodes);
    vec_push(r->program->memory, &r->program->sets, s);
}

static void read_curve_pieces(reader *r, curve *c)
{
    c->pieces = (uint32_t)integer(r, 1, READ_LIST);
    need(r, "terms");
    c->terms = (uint32_t)integer(r, 1, CURVE_TERMS);
    need(r, "order");
    c->order = (int32_t)integer(r, -1, SMOOTH_INFINITE);
    need(r, "from");
    c->lo = number(r);
    need(r, "rate");
    c->rate = number(r);
    c->unit_x = unit_read(r);
}

static void read_curve(reader *r)
{
    curve c = {.unit_x = unit_none()};
    if (id_of(r, "c", UINT32_MAX) != r->program->curves.n) expected(r, "the next curve");
    c.id = optional_string(r, NULL);
    VEC(set_id) domain = {0};
    VEC(double) numbers = {0};
    if (accept(r, "over"))
        while (at_prefix(r, "S") && !r->bad) {
            set_id s = id_of(r, "S", r->program->sets.n);
            vec_push(r->program->memory, &domain, s);
        }
    c.unit = unit_read(r);
    if (accept(r, "pieces")) read_curve_pieces(r, &c);
    need(r, "=");
    while (!r->bad && !at_end(r) && numbers.n < 4 * READ_LIST) {
        double x = number(r);
        vec_push(r->program->memory, &numbers, x);
    }
    c.domain = domain.at;
    c.n_domain = domain.n;
    c.data = numbers.at;
    uint32_t each = c.pieces ? c.pieces * c.terms : 1;
    c.places = numbers.n / each;
    if (!c.places || numbers.n % each) return expected(r, "as many numbers as the curve has");
    vec_push(r->program->memory, &r->program->curves, c);
}

static void read_ivar(reader *r)
{
    ivar v = {.at = here(r)};
    uint32_t own = r->program->ivars.n;
    if (id_of(r, "i", UINT32_MAX) != own) expected(r, "the next index variable");
    v.id = optional_string(r, NULL);
    need(r, "in");
    v.set = id_of(r, "S", r->program->sets.n);
    v.row = optional_id(r, "row", "%", r->n_nodes);
    v.to = optional_id(r, "to", "%", r->n_nodes);
    v.partner = optional_id(r, "partner", "i", own);
    v.unordered = accept(r, "unordered");
    vec_push(r->program->memory, &r->program->ivars, v);
}

static void read_input(reader *r)
{
    input in = {.at = here(r)};
    if (id_of(r, "in", UINT32_MAX) != r->program->inputs.n) expected(r, "the next input");
    in.id = optional_string(r, NULL);
    need(r, "=");
    int role = one_of(r, setir_role_word);
    if (role < 0) expected(r, "position, species or field");
    in.role = role < 0 ? IN_FIELD : (input_role)role;
    in.elem = elem_read(r);
    in.unit = unit_read(r);
    in.slot = optional_id(r, "slot", "", UINT32_MAX);
    VEC(set_id) domain = {0};
    if (accept(r, "over"))
        while (at_prefix(r, "S") && !r->bad) {
            set_id s = id_of(r, "S", UINT32_MAX);
            vec_push(r->program->memory, &domain, s);
        }
    in.domain = domain.at;
    in.n_domain = domain.n;
    in.pseudo = accept(r, "pseudo");
    in.is_point = accept(r, "point");
    need(r, "scale");
    in.scale = number(r);
    if (accept(r, "from")) in.from = (int)integer(r, 0, 2);
    in.key = optional_string(r, "key");
    program_input(r->program, in);
}

static void read_def_tail(reader *r, def *d)
{
    d->output = accept(r, "output");
    d->nested = accept(r, "nested");
    d->pseudo = accept(r, "pseudo");
    d->is_point = accept(r, "point");
    d->declared = elem_real(0);
    d->out_unit = unit_none();
    d->out_scale = 1.0;
    if (accept(r, "unit")) {
        d->has_unit = true;
        d->out_unit = unit_read(r);
        need(r, "scale");
        d->out_scale = number(r);
    }
    if (accept(r, "declared")) d->declared = elem_read(r);
    d->doc = optional_string(r, "doc");
}

static wrt wrt_read(reader *r)
{
    wrt w = {.slot = SETIR_NONE, .input = SETIR_NONE, .set = SETIR_NONE};
    need(r, "by");
    int kind = one_of(r, setir_wrt_word);
    if (kind < 0) expected(r, "input, strain, cell, pairs or named");
    w.kind = kind < 0 ? WRT_STRAIN : (wrt_kind)kind;
    if (w.kind == WRT_INPUT) w.input = id_of(r, "in", r->program->inputs.n);
    if (w.kind == WRT_PAIRS) w.set = id_of(r, "S", r->program->sets.n);
    if (w.kind == WRT_NAMED) {
        need(r, "param");
        w.named = (uint32_t)integer(r, 0, INT32_MAX);
    }
    w.slot = optional_id(r, "slot", "", r->program->slots.n);
    return w;
}

static void read_def(reader *r)
{
    def d = {.at = here(r), .type_at = here(r), .lib_at = here(r), .body = SETIR_NONE, .lib_arg = SETIR_NONE};
    uint32_t own = r->program->defs.n;
    if (id_of(r, "d", UINT32_MAX) != own) expected(r, "the next tensor");
    d.id = optional_string(r, NULL);
    need(r, ":");
    d.elem = elem_read(r);
    need(r, "=");
    int lib = one_of(r, setir_lib_word);
    if (lib < 0) expected(r, "body or a library operation");
    d.lib = lib < 0 ? LIB_NONE : (lib_op)lib;
    if (d.lib == LIB_NONE)
        d.body = id_of(r, "%", r->n_nodes);
    else
        d.lib_arg = id_of(r, "d", own);
    d.lib_flag = accept(r, "flag");
    if (lib_is_derivative(d.lib)) d.wrt = wrt_read(r);
    if (d.lib == LIB_ALONG) {
        need(r, "along");
        d.along = id_of(r, "d", own);
    }
    VEC(ivar_id) params = {0};
    if (accept(r, "over"))
        while (at_prefix(r, "i") && !r->bad) {
            ivar_id v = id_of(r, "i", r->program->ivars.n);
            vec_push(r->program->memory, &params, v);
        }
    d.param = params.at;
    d.n_param = params.n;
    read_def_tail(r, &d);
    program_def(r->program, d);
}

static void read_irreps(reader *r)
{
    VEC(irrep) part = {0};
    uint32_t own = r->program->irreps.n + 1;
    if (id_of(r, "L", UINT32_MAX) != own) expected(r, "the next irreps");
    need(r, "=");
    while (!r->bad && peek_digit(r) && part.n < CHANNELS_MOST) {
        irrep one = {(uint16_t)integer(r, 1, CHANNELS_MOST), (uint8_t)integer(r, 0, IRREPS_L_MOST), false};
        one.odd = accept(r, "odd");
        if (!one.odd) need(r, "even");
        vec_push(r->program->memory, &part, one);
    }
    bool fits = part.n && irreps_channels(part.at, part.n) <= CHANNELS_MOST;
    if (!r->bad && (!fits || program_irreps(r->program, part.at, part.n) != own))
        expected(r, "irreps that are new and of at most 4096 channels");
}

static void read_table(reader *r)
{
    uint32_t own = r->program->tables.n;
    if (id_of(r, "T", UINT32_MAX) != own) expected(r, "the next table");
    need(r, "=");
    elem a = elem_read(r);
    need(r, "*");
    elem b = elem_read(r);
    need(r, "to");
    elem to = elem_read(r);
    VEC(product_term) terms = {0};
    while (!r->bad && peek_digit(r) && terms.n < READ_LIST) {
        product_term t = {.k = (uint32_t)integer(r, 0, UINT16_MAX), .i = (uint32_t)integer(r, 0, UINT16_MAX)};
        t.j = (uint32_t)integer(r, 0, UINT16_MAX);
        t.weight = number(r);
        vec_push(r->program->memory, &terms, t);
    }
    if (!r->bad && program_table(r->program, a, b, to, terms.at, terms.n) != own) expected(r, "a table that is new");
}

static void read_claim(reader *r)
{
    claim c = {.at = here(r)};
    int kind = one_of(r, setir_claim_word);
    if (kind < 0) expected(r, "a kind of claim");
    c.kind = kind < 0 ? CLAIM_RESPECTS : (claim_kind)kind;
    if (c.kind <= CLAIM_ASSUME) {
        int sym = -1;
        for (int k = 0; k < SYM_COUNT; k++) /* the longest: rotate is a prefix of rotate(z) */
            if (accept(r, symmetry_text[k])) {
                sym = k;
                const char *back = r->p;
                if (accept(r, "("))
                    r->p = back - strlen(symmetry_text[k]), sym = -1;
                else
                    break;
            }
        if (sym < 0) expected(r, "a symmetry");
        c.sym = sym < 0 ? SYM_PERMUTE : (symmetry)sym;
    }
    c.subject = SETIR_NONE;
    if (at_prefix(r, "d")) c.subject = id_of(r, "d", r->program->defs.n);
    if (accept(r, "order")) c.order = (int)integer(r, -1, SMOOTH_INFINITE);
    c.because = optional_string(r, "because");
    vec_push(r->program->memory, &r->program->claims, c);
}

static void read_heading(reader *r, bool *titled)
{
    if (accept(r, "program")) {
        if (*titled) expected(r, "one program only");
        *titled = true;
        r->program->id = optional_string(r, NULL);
    } else if (accept(r, "doc")) {
        r->program->doc = string(r);
    } else if (accept(r, "cites")) {
        name cited = string(r);
        vec_push(r->program->memory, &r->program->cites, cited);
    } else {
        expected(r, "program, slot, set, curve, ivar, input, def, claim or a node");
    }
}

static void read_table_line(reader *r, bool *titled)
{
    if (*r->p == '%') return;
    if (accept(r, "irreps"))
        read_irreps(r);
    else if (accept(r, "table"))
        read_table(r);
    else if (accept(r, "slot"))
        read_slot(r);
    else if (accept(r, "set"))
        read_set(r);
    else if (accept(r, "curve"))
        read_curve(r);
    else if (accept(r, "ivar"))
        read_ivar(r);
    else if (accept(r, "input"))
        read_input(r);
    else if (accept(r, "def"))
        read_def(r);
    else if (accept(r, "claim"))
        read_claim(r);
    else
        read_heading(r, titled);
    if (!r->bad && !at_end(r)) expected(r, "the end of the line");
}

/* -------------------------------------------------------------------------------------------------- nodes */

static int op_read(reader *r)
{
    blanks(r);
    const char *start = r->p;
    while (r->p < r->end && word_char(*r->p)) r->p++;
    size_t n = (size_t)(r->p - start);
    for (int k = 0; k < OP_COUNT_; k++)
        if (strlen(op_table[k].text) == n && memcmp(op_table[k].text, start, n) == 0) return k;
    r->p = start;
    return -1;
}

static void read_ivar_list(reader *r, node_imm *m)
{
    int word = one_of(r, setir_reduction_word);
    if (word < 0) return expected(r, "sum, mean, prod, max or min");
    m->reduce = (reduction)word;
    need(r, "(");
    VEC(ivar_id) list = {0};
    while (!r->bad && !accept(r, ")")) {
        ivar_id v = id_of(r, "i", r->program->ivars.n);
        vec_push(r->program->memory, &list, v);
    }
    m->ivars = list.at;
    m->n_ivars = list.n;
}

static node_imm imm_read(reader *r, node_op op, elem e)
{
    node_imm m = {0};
    const program *p = r->program;
    uint32_t use = op_imm(op), n = elem_components(e);
    if (use & IMM_VALUE) {
        if (n > 9) expected(r, "at most 9 numbers in a constant");
        for (uint32_t k = 0; k < n && k < 9 && !r->bad; k++) m.value[k] = number(r);
    }
    if (use & IMM_POWER) m.value[0] = number(r);
    if (use & IMM_UNIT) m.unit = unit_read(r);
    if (use & IMM_K) m.k = (int32_t)integer(r, INT32_MIN, INT32_MAX);
    if (use & IMM_SLOT) {
        need(r, "slot");
        m.slot = id_of(r, "", p->slots.n);
    }
    if (use & IMM_IVAR) m.ivar = id_of(r, "i", p->ivars.n);
    if (use & IMM_SET) m.set = id_of(r, "S", p->sets.n);
    if (use & IMM_INPUT) m.input = id_of(r, "in", p->inputs.n);
    if (use & IMM_DEF) m.def = id_of(r, "d", p->defs.n);
    if (use & IMM_CURVE) m.curve = id_of(r, "c", p->curves.n);
    if (use & IMM_PARAM) {
        need(r, "param");
        m.param = (uint32_t)integer(r, 0, INT32_MAX);
    }
    if (use & IMM_TABLE) m.table = id_of(r, "T", p->tables.n);
    if (use & IMM_REDUCE) read_ivar_list(r, &m);
    return m;
}

/* what the builder follows from this node must stand already: ranges of its index variables, bodies of its
 * tensor */
static bool grounded(reader *r, node_op op, const node_imm *m)
{
    const program *p = r->program;
    uint32_t n_ivars = op == OP_IVAR ? 1 : op == OP_REDUCE ? m->n_ivars : 0;
    for (uint32_t k = 0; k < n_ivars; k++) {
        const ivar *v = &p->ivars.at[op == OP_IVAR ? m->ivar : m->ivars[k]];
        const node_id range[2] = {v->row, v->to};
        for (int j = 0; j < 2; j++)
            if (range[j] != SETIR_NONE && range[j] >= p->nodes.n)
                return undefined(r, "%", range[j], "yet: it bounds an index variable used here"), false;
    }
    if (!(op_imm(op) & IMM_DEF)) return true;
    const def *d = &p->defs.at[m->def];
    while (d->lib != LIB_NONE) d = &p->defs.at[d->lib_arg];
    for (uint32_t k = 0; k <= d->n_param; k++) {
        node_id needed = k < d->n_param ? p->ivars.at[d->param[k]].row : d->body;
        if (needed != SETIR_NONE && needed >= p->nodes.n)
            return undefined(r, "%", needed, "yet: the tensor used here needs it"), false;
        needed = k < d->n_param ? p->ivars.at[d->param[k]].to : SETIR_NONE;
        if (needed != SETIR_NONE && needed >= p->nodes.n)
            return undefined(r, "%", needed, "yet: the tensor used here needs it"), false;
    }
    return true;
}

static void read_node(reader *r)
{
    program *p = r->program;
    span at = {r->src, (uint32_t)(r->p - r->src->text), (uint32_t)(r->end - r->src->text)};
    if (id_of(r, "%", UINT32_MAX) != p->nodes.n) expected(r, "the next node");
    need(r, "=");
    int op = r->bad ? -1 : op_read(r);
    if (op < 0) return expected(r, "an operation");
    elem e = elem_read(r);
    node_imm m = imm_read(r, (node_op)op, e);
    VEC(node_id) args = {0};
    while (!r->bad && at_prefix(r, "%") && args.n < READ_LIST) {
        node_id a = id_of(r, "%", p->nodes.n);
        vec_push(p->memory, &args, a);
    }
    if (!r->bad && !at_end(r) && *r->p != ':') expected(r, "an argument or the end of the line");
    if (r->bad || !grounded(r, (node_op)op, &m)) return;
    uint32_t before = p->nodes.n;
    node_id got = program_node(p, (node_op)op, e, args.at, args.n, &m, at);
    if (got < before && r->errors++ < READ_ERRORS) diag_report(r->sink, D_IR_REPEATED, at, got);
}

/* -------------------------------------------------------------------------------------------------- lines */

/* the next line that is neither empty nor a comment (//); false at the end */
static bool next_line(reader *r, const char **rest)
{
    const char *stop = r->src->text + r->src->n;
    while (*rest < stop) {
        const char *nl = memchr(*rest, '\n', (size_t)(stop - *rest));
        r->p = *rest;
        r->end = nl ? nl : stop;
        *rest = nl ? nl + 1 : stop;
        r->bad = false;
        blanks(r);
        if (r->p < r->end && !(r->end - r->p >= 2 && r->p[0] == '/' && r->p[1] == '/')) return true;
    }
    return false;
}

program *program_read(arena *a, intern *names, const source *src, diag_sink *sink)
{
    reader r = {.src = src, .names = names, .sink = sink};
    r.program = program_new(a, NULL, (span){src, 0, 0});
    bool titled = false;
    for (const char *rest = src->text; next_line(&r, &rest);) r.n_nodes += *r.p == '%';
    for (const char *rest = src->text; next_line(&r, &rest);) read_table_line(&r, &titled);
    for (const char *rest = src->text; r.errors == 0 && next_line(&r, &rest);)
        if (*r.p == '%') read_node(&r);
    if (r.errors) return NULL;
    text problem;
    text_init(&problem);
    bool good = program_verify(r.program, &problem);
    if (!good) diag_report(sink, D_IR_INVALID, (span){src, 0, 0}, problem.s ? problem.s : "");
    text_free(&problem);
    return good ? r.program : NULL;
}
