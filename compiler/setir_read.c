/* SPDX-License-Identifier: Apache-2.0
 *
 * setir_read.c: reads the text of setir_text.c back. In: any bytes. Out: a verified program, or NULL with
 * diagnostics in the sink. The tables (slots, sets, index variables, inputs, tensors) are read first, then
 * the nodes in order through the builder; every id is checked before the builder sees it.
 */
#include "curve.h"
#include "irreps.h"
#include "setir_text.h"
#include "setir_token.h"

#include <string.h>

#define READ_LIST (1u << 20) /* longest list of ids or arguments */

/* ------------------------------------------------------------------------------------------------- tables */

static void read_slot(reader *r)
{
    slot s = {.at = token_here(r)};
    if (token_id(r, "", UINT32_MAX) != r->program->slots.n) token_expected(r, "the next slot");
    s.id = token_optional_string(r, NULL);
    if (token_accept(r, ":")) s.type = token_string(r);
    if (token_accept(r, "axes"))
        for (token_blanks(r); r->p < r->end && *r->p >= 'x' && *r->p <= 'z'; r->p++)
            s.axes |= (uint8_t)(1 << (*r->p - 'x'));
    s.base = token_optional_id(r, "base", "S", UINT32_MAX);
    s.position = token_optional_id(r, "position", "in", UINT32_MAX);
    s.species = token_optional_id(r, "species", "in", UINT32_MAX);
    s.cell_name = token_optional_string(r, "cell");
    vec_push(r->program->memory, &r->program->slots, s);
}

static void read_species_list(reader *r, set *s)
{
    VEC(int32_t) list = {0};
    while (token_is_digit(r) && list.n < READ_LIST && !r->bad) {
        int32_t z = (int32_t)token_integer(r, 0, 118);
        vec_push(r->program->memory, &list, z);
    }
    s->species = list.at;
    s->count = (int32_t)list.n;
}

static void read_set(reader *r)
{
    set s = {.at = token_here(r),
             .slot = SETIR_NONE,
             .parent = SETIR_NONE,
             .host = SETIR_NONE,
             .sample = SETIR_NONE,
             .cutoff = SETIR_NONE};
    uint32_t own = r->program->sets.n;
    if (token_id(r, "S", UINT32_MAX) != own) token_expected(r, "the next set");
    s.id = token_optional_string(r, NULL);
    token_need(r, "=");
    int kind = token_one_of(r, setir_set_word);
    if (kind < 0) token_expected(r, "a kind of set");
    s.kind = kind < 0 ? SET_BASE : (set_kind)kind;
    switch (s.kind) {
    case SET_BASE:
    case SET_RECIP: break;
    case SET_PAIRS: s.parent = token_id(r, "S", own); break;
    case SET_DIFFER:
        token_need(r, "host");
        s.host = token_id(r, "S", own);
        token_need(r, "sample");
        s.sample = token_id(r, "S", own);
        break;
    case SET_AXIS: s.count = (int32_t)token_integer(r, 0, 3); break;
    case SET_RANGE:
        s.lo = (int32_t)token_integer(r, INT32_MIN, INT32_MAX);
        s.hi = (int32_t)token_integer(r, INT32_MIN, INT32_MAX);
        break;
    case SET_SPECIES: read_species_list(r, &s); break;
    case SET_RANK:
        if (token_is_id(r, "S"))
            s.parent = token_id(r, "S", own);
        else
            s.count = (int32_t)token_integer(r, 0, INT32_MAX);
        break;
    }
    s.slot = token_optional_id(r, "slot", "", UINT32_MAX);
    s.cutoff = token_optional_id(r, "cutoff", "%", r->n_nodes);
    vec_push(r->program->memory, &r->program->sets, s);
}

static void read_curve_pieces(reader *r, curve *c)
{
    c->pieces = (uint32_t)token_integer(r, 1, READ_LIST);
    token_need(r, "terms");
    c->terms = (uint32_t)token_integer(r, 1, CURVE_TERMS);
    token_need(r, "order");
    c->order = (int32_t)token_integer(r, -1, SMOOTH_INFINITE);
    token_need(r, "from");
    c->lo = token_number(r);
    token_need(r, "rate");
    c->rate = token_number(r);
    c->unit_x = token_unit(r);
}

static void read_curve(reader *r)
{
    curve c = {.unit_x = unit_none()};
    if (token_id(r, "c", UINT32_MAX) != r->program->curves.n) token_expected(r, "the next curve");
    c.id = token_optional_string(r, NULL);
    VEC(set_id) domain = {0};
    VEC(double) numbers = {0};
    if (token_accept(r, "over"))
        while (token_is_id(r, "S") && !r->bad) {
            set_id s = token_id(r, "S", r->program->sets.n);
            vec_push(r->program->memory, &domain, s);
        }
    c.unit = token_unit(r);
    if (token_accept(r, "pieces")) read_curve_pieces(r, &c);
    token_need(r, "=");
    while (!r->bad && !token_at_end(r) && numbers.n < 4 * READ_LIST) {
        double x = token_number(r);
        vec_push(r->program->memory, &numbers, x);
    }
    c.domain = domain.at;
    c.n_domain = domain.n;
    c.data = numbers.at;
    uint32_t each = c.pieces ? c.pieces * c.terms : 1;
    c.places = numbers.n / each;
    if (!c.places || numbers.n % each) return token_expected(r, "as many numbers as the curve has");
    vec_push(r->program->memory, &r->program->curves, c);
}

static void read_ivar(reader *r)
{
    ivar v = {.at = token_here(r)};
    uint32_t own = r->program->ivars.n;
    if (token_id(r, "i", UINT32_MAX) != own) token_expected(r, "the next index variable");
    v.id = token_optional_string(r, NULL);
    token_need(r, "in");
    v.set = token_id(r, "S", r->program->sets.n);
    v.row = token_optional_id(r, "row", "%", r->n_nodes);
    v.to = token_optional_id(r, "to", "%", r->n_nodes);
    v.partner = token_optional_id(r, "partner", "i", own);
    v.unordered = token_accept(r, "unordered");
    vec_push(r->program->memory, &r->program->ivars, v);
}

static void read_input(reader *r)
{
    input in = {.at = token_here(r)};
    if (token_id(r, "in", UINT32_MAX) != r->program->inputs.n) token_expected(r, "the next input");
    in.id = token_optional_string(r, NULL);
    token_need(r, "=");
    int role = token_one_of(r, setir_role_word);
    if (role < 0) token_expected(r, "position, species or field");
    in.role = role < 0 ? IN_FIELD : (input_role)role;
    in.elem = token_elem(r);
    in.unit = token_unit(r);
    in.slot = token_optional_id(r, "slot", "", UINT32_MAX);
    VEC(set_id) domain = {0};
    if (token_accept(r, "over"))
        while (token_is_id(r, "S") && !r->bad) {
            set_id s = token_id(r, "S", UINT32_MAX);
            vec_push(r->program->memory, &domain, s);
        }
    in.domain = domain.at;
    in.n_domain = domain.n;
    in.pseudo = token_accept(r, "pseudo");
    in.is_point = token_accept(r, "point");
    token_need(r, "scale");
    in.scale = token_number(r);
    if (token_accept(r, "from")) in.from = (int)token_integer(r, 0, 2);
    in.key = token_optional_string(r, "key");
    program_input(r->program, in);
}

static void read_init(reader *r, parameter *w)
{
    const char *words[INIT_COUNT_] = {0};
    for (int k = 1; k < INIT_COUNT_; k++) words[k - 1] = init_table[k].word;
    int kind = token_one_of(r, words);
    if (kind < 0) return token_expected(r, "an initialiser");
    w->init = (init_kind)(kind + 1);
    for (uint32_t k = 0; k < init_table[w->init].args; k++) w->init_value[k] = token_number(r);
}

static void read_param(reader *r)
{
    parameter w = {.at = token_here(r)};
    if (token_id(r, "P", UINT32_MAX) != r->program->params.n) token_expected(r, "the next parameter");
    w.id = token_optional_string(r, NULL);
    w.path = token_optional_string(r, "path");
    token_need(r, "=");
    w.elem = token_elem(r);
    w.unit = token_unit(r);
    VEC(set_id) domain = {0};
    if (token_accept(r, "over"))
        while (token_is_id(r, "S") && !r->bad) {
            set_id s = token_id(r, "S", r->program->sets.n);
            vec_push(r->program->memory, &domain, s);
        }
    w.domain = domain.at;
    w.n_domain = domain.n;
    token_need(r, "scale");
    w.scale = token_number(r);
    if (token_accept(r, "init")) read_init(r, &w);
    if (!r->bad) program_param(r->program, w);
}

static void read_def_tail(reader *r, def *d)
{
    d->output = token_accept(r, "output");
    d->nested = token_accept(r, "nested");
    d->pseudo = token_accept(r, "pseudo");
    d->is_point = token_accept(r, "point");
    d->declared = elem_real(0);
    d->out_unit = unit_none();
    d->out_scale = 1.0;
    if (token_accept(r, "unit")) {
        d->has_unit = true;
        d->out_unit = token_unit(r);
        token_need(r, "scale");
        d->out_scale = token_number(r);
    }
    if (token_accept(r, "declared")) d->declared = token_elem(r);
    d->doc = token_optional_string(r, "doc");
}

static wrt wrt_read(reader *r)
{
    wrt w = {.slot = SETIR_NONE, .input = SETIR_NONE, .set = SETIR_NONE};
    token_need(r, "by");
    int kind = token_one_of(r, setir_wrt_word);
    if (kind < 0) token_expected(r, "input, strain, cell, pairs, named or param");
    w.kind = kind < 0 ? WRT_STRAIN : (wrt_kind)kind;
    if (w.kind == WRT_INPUT) w.input = token_id(r, "in", r->program->inputs.n);
    if (w.kind == WRT_PAIRS) w.set = token_id(r, "S", r->program->sets.n);
    if (w.kind == WRT_PARAM) w.param = token_id(r, "P", r->program->params.n);
    if (w.kind == WRT_NAMED) {
        token_need(r, "param");
        w.named = (uint32_t)token_integer(r, 0, INT32_MAX);
    }
    w.slot = token_optional_id(r, "slot", "", r->program->slots.n);
    return w;
}

static void read_def(reader *r)
{
    span at = token_here(r);
    def d = {.at = at, .type_at = at, .lib_at = at, .body = SETIR_NONE, .lib_arg = SETIR_NONE};
    uint32_t own = r->program->defs.n;
    if (token_id(r, "d", UINT32_MAX) != own) token_expected(r, "the next tensor");
    d.id = token_optional_string(r, NULL);
    token_need(r, ":");
    d.elem = token_elem(r);
    token_need(r, "=");
    int lib = token_one_of(r, setir_lib_word);
    if (lib < 0) token_expected(r, "body or a library operation");
    d.lib = lib < 0 ? LIB_NONE : (lib_op)lib;
    if (d.lib == LIB_NONE)
        d.body = token_id(r, "%", r->n_nodes);
    else
        d.lib_arg = token_id(r, "d", own);
    d.lib_flag = token_accept(r, "flag");
    if (lib_is_derivative(d.lib)) d.wrt = wrt_read(r);
    if (d.lib == LIB_ALONG) {
        token_need(r, "along");
        d.along = token_id(r, "d", own);
    }
    VEC(ivar_id) params = {0};
    if (token_accept(r, "over"))
        while (token_is_id(r, "i") && !r->bad) {
            ivar_id v = token_id(r, "i", r->program->ivars.n);
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
    if (token_id(r, "L", UINT32_MAX) != own) token_expected(r, "the next irreps");
    token_need(r, "=");
    while (!r->bad && token_is_digit(r) && part.n < CHANNELS_MOST) {
        irrep one = {.copies = (uint16_t)token_integer(r, 1, CHANNELS_MOST)};
        one.l = (uint8_t)token_integer(r, 0, IRREPS_L_MOST);
        one.odd = token_accept(r, "odd");
        if (!one.odd) token_need(r, "even");
        vec_push(r->program->memory, &part, one);
    }
    bool fits = part.n && irreps_channels(part.at, part.n) <= CHANNELS_MOST;
    if (!r->bad && (!fits || program_irreps(r->program, part.at, part.n) != own))
        token_expected(r, "irreps that are new and of at most 4096 channels");
}

static void read_table(reader *r)
{
    uint32_t own = r->program->tables.n;
    if (token_id(r, "T", UINT32_MAX) != own) token_expected(r, "the next table");
    token_need(r, "=");
    elem a = token_elem(r);
    token_need(r, "*");
    elem b = token_elem(r);
    token_need(r, "to");
    elem to = token_elem(r);
    VEC(product_term) terms = {0};
    while (!r->bad && token_is_digit(r) && terms.n < READ_LIST) {
        product_term t = {.k = (uint32_t)token_integer(r, 0, UINT16_MAX)};
        t.i = (uint32_t)token_integer(r, 0, UINT16_MAX);
        t.j = (uint32_t)token_integer(r, 0, UINT16_MAX);
        t.weight = token_number(r);
        vec_push(r->program->memory, &terms, t);
    }
    if (!r->bad && program_table(r->program, a, b, to, terms.at, terms.n) != own)
        token_expected(r, "a table that is new");
}

static void read_claim(reader *r)
{
    claim c = {.at = token_here(r)};
    int kind = token_one_of(r, setir_claim_word);
    if (kind < 0) token_expected(r, "a kind of claim");
    c.kind = kind < 0 ? CLAIM_RESPECTS : (claim_kind)kind;
    if (c.kind <= CLAIM_ASSUME) {
        int sym = -1;
        for (int k = 0; k < SYM_COUNT; k++) /* the longest: rotate is a prefix of rotate(z) */
            if (token_accept(r, symmetry_text[k])) {
                sym = k;
                const char *back = r->p;
                if (token_accept(r, "("))
                    r->p = back - strlen(symmetry_text[k]), sym = -1;
                else
                    break;
            }
        if (sym < 0) token_expected(r, "a symmetry");
        c.sym = sym < 0 ? SYM_PERMUTE : (symmetry)sym;
    }
    c.subject = SETIR_NONE;
    if (token_is_id(r, "d")) c.subject = token_id(r, "d", r->program->defs.n);
    if (token_accept(r, "order")) c.order = (int)token_integer(r, -1, SMOOTH_INFINITE);
    c.because = token_optional_string(r, "because");
    vec_push(r->program->memory, &r->program->claims, c);
}

static void read_heading(reader *r, bool *titled)
{
    if (token_accept(r, "program")) {
        if (*titled) token_expected(r, "one program only");
        *titled = true;
        r->program->id = token_optional_string(r, NULL);
    } else if (token_accept(r, "doc")) {
        r->program->doc = token_string(r);
    } else if (token_accept(r, "cites")) {
        name cited = token_string(r);
        vec_push(r->program->memory, &r->program->cites, cited);
    } else {
        token_expected(r, "program, slot, set, curve, ivar, input, param, def, claim or a node");
    }
}

static void read_table_line(reader *r, bool *titled)
{
    if (*r->p == '%') return;
    if (token_accept(r, "irreps"))
        read_irreps(r);
    else if (token_accept(r, "table"))
        read_table(r);
    else if (token_accept(r, "slot"))
        read_slot(r);
    else if (token_accept(r, "set"))
        read_set(r);
    else if (token_accept(r, "curve"))
        read_curve(r);
    else if (token_accept(r, "ivar"))
        read_ivar(r);
    else if (token_accept(r, "input"))
        read_input(r);
    else if (token_accept(r, "param"))
        read_param(r);
    else if (token_accept(r, "def"))
        read_def(r);
    else if (token_accept(r, "claim"))
        read_claim(r);
    else
        read_heading(r, titled);
    if (!r->bad && !token_at_end(r)) token_expected(r, "the end of the line");
}

/* -------------------------------------------------------------------------------------------------- nodes */

static int op_read(reader *r)
{
    token_blanks(r);
    const char *start = r->p;
    while (r->p < r->end && token_word_char(*r->p)) r->p++;
    size_t n = (size_t)(r->p - start);
    for (int k = 0; k < OP_COUNT_; k++)
        if (strlen(op_table[k].text) == n && memcmp(op_table[k].text, start, n) == 0) return k;
    r->p = start;
    return -1;
}

static void read_ivar_list(reader *r, node_imm *m)
{
    int word = token_one_of(r, setir_reduction_word);
    if (word < 0) return token_expected(r, "sum, mean, prod, max or min");
    m->reduce = (reduction)word;
    token_need(r, "(");
    VEC(ivar_id) list = {0};
    while (!r->bad && !token_accept(r, ")")) {
        ivar_id v = token_id(r, "i", r->program->ivars.n);
        vec_push(r->program->memory, &list, v);
    }
    m->ivars = list.at;
    m->n_ivars = list.n;
}

static node_imm imm_read(reader *r, node_op op, elem e)
{
    node_imm m = {0};
    const program *p = r->program;
    uint32_t use = op_table[op].imm, n = elem_components(e);
    if (use & IMM_VALUE) {
        if (n > 9) token_expected(r, "at most 9 numbers in a constant");
        for (uint32_t k = 0; k < n && k < 9 && !r->bad; k++) m.value[k] = token_number(r);
    }
    if (use & IMM_POWER) m.value[0] = token_number(r);
    if (use & IMM_UNIT) m.unit = token_unit(r);
    if (use & IMM_K) m.k = (int32_t)token_integer(r, INT32_MIN, INT32_MAX);
    if (use & IMM_SLOT) {
        token_need(r, "slot");
        m.slot = token_id(r, "", p->slots.n);
    }
    if (use & IMM_IVAR) m.ivar = token_id(r, "i", p->ivars.n);
    if (use & IMM_SET) m.set = token_id(r, "S", p->sets.n);
    if (use & IMM_INPUT) m.input = token_id(r, "in", p->inputs.n);
    if (use & IMM_DEF) m.def = token_id(r, "d", p->defs.n);
    if (use & IMM_CURVE) m.curve = token_id(r, "c", p->curves.n);
    if (use & IMM_PARAM) m.param = token_id(r, "P", p->params.n);
    if (use & IMM_NAMED) {
        token_need(r, "param");
        m.named = (uint32_t)token_integer(r, 0, INT32_MAX);
    }
    if (use & IMM_TABLE) m.table = token_id(r, "T", p->tables.n);
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
                return token_undefined(r, "%", range[j], "yet: it bounds an index variable used here"), false;
    }
    if (!(op_table[op].imm & IMM_DEF)) return true;
    const def *d = &p->defs.at[m->def];
    while (d->lib != LIB_NONE) d = &p->defs.at[d->lib_arg];
    for (uint32_t k = 0; k <= d->n_param; k++) {
        node_id needed = k < d->n_param ? p->ivars.at[d->param[k]].row : d->body;
        if (needed != SETIR_NONE && needed >= p->nodes.n)
            return token_undefined(r, "%", needed, "yet: the tensor used here needs it"), false;
        needed = k < d->n_param ? p->ivars.at[d->param[k]].to : SETIR_NONE;
        if (needed != SETIR_NONE && needed >= p->nodes.n)
            return token_undefined(r, "%", needed, "yet: the tensor used here needs it"), false;
    }
    return true;
}

static void read_node(reader *r)
{
    program *p = r->program;
    span at = {r->src, (uint32_t)(r->p - r->src->text), (uint32_t)(r->end - r->src->text)};
    if (token_id(r, "%", UINT32_MAX) != p->nodes.n) token_expected(r, "the next node");
    token_need(r, "=");
    int op = r->bad ? -1 : op_read(r);
    if (op < 0) return token_expected(r, "an operation");
    elem e = token_elem(r);
    node_imm m = imm_read(r, (node_op)op, e);
    VEC(node_id) args = {0};
    while (!r->bad && token_is_id(r, "%") && args.n < READ_LIST) {
        node_id a = token_id(r, "%", p->nodes.n);
        vec_push(p->memory, &args, a);
    }
    if (!r->bad && !token_at_end(r) && *r->p != ':') token_expected(r, "an argument or the end of the line");
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
        token_blanks(r);
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
