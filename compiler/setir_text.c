/* SPDX-License-Identifier: Apache-2.0
 *
 * setir_text.c: set IR as text, one line per set, index variable, input, tensor, node and claim. In: a
 * program. Out: text that setir_read.c reads back to a program with the same dump. What stands after ` : ` on
 * a node's line (free index variables, `moves`) is for the eye. Places in the user's spec are not kept.
 */
#include "curve.h"
#include "setir_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const setir_set_word[] = {
    [SET_BASE] = "base",       [SET_PAIRS] = "pairs", [SET_DIFFER] = "differ",
    [SET_RECIP] = "recip",     [SET_AXIS] = "axis",   [SET_RANGE] = "range",
    [SET_SPECIES] = "species", [SET_RANK] = "rank",   NULL,
};
const char *const setir_reduction_word[] = {
    [RED_SUM] = "sum", [RED_MEAN] = "mean", [RED_PROD] = "prod", [RED_MAX] = "max", [RED_MIN] = "min", NULL,
};
const char *const setir_role_word[] = {
    [IN_POSITION] = "position",
    [IN_SPECIES] = "species",
    [IN_FIELD] = "field",
    NULL,
};
const char *const setir_lib_word[] = {
    [LIB_NONE] = "body",         [LIB_SORT] = "sort", [LIB_EIGVALS] = "eigvals",
    [LIB_SORTROWS] = "sortrows", [LIB_EIGVECS] = "eigvecs", [LIB_LIST] = "list",
    [LIB_GRAD] = "grad",         [LIB_JACOBIAN] = "jacobian",
    [LIB_ALONG] = "along",       NULL,
};
const char *const setir_wrt_word[] = {
    [WRT_INPUT] = "input", [WRT_STRAIN] = "strain", [WRT_CELL] = "cell", [WRT_PAIRS] = "pairs",
    [WRT_NAMED] = "named", [WRT_PARAM] = "param", NULL,
};
const char *const setir_claim_word[] = {
    [CLAIM_RESPECTS] = "respects",
    [CLAIM_BREAKS] = "breaks",
    [CLAIM_ASSUME] = "assume",
    [CLAIM_SMOOTH] = "smooth",
    [CLAIM_EXTENSIVE] = "extensive",
    [CLAIM_INTENSIVE] = "intensive",
    [CLAIM_SYMMETRIC_BODY] = "symmetric",
    NULL,
};

static void name_text(text *out, const char *before, name id)
{
    if (!id) return;
    text_add(out, before);
    text_json(out, id);
}

/* the shortest decimal that reads back exactly, with a point whatever the locale */
void setir_number_text(text *out, double x)
{
    char s[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(s, sizeof s, "%.*g", digits, x);
        if (strtod(s, NULL) == x) break;
    }
    for (char *c = s; *c; c++)
        if (*c == ',') *c = '.';
    text_add(out, isnan(x) ? "nan" : s);
}

static void elem_text(text *out, elem e)
{
    switch (e.kind) {
    case ELEM_REAL:
        text_add(out, "real");
        if (e.rank) text_printf(out, "(%u)", e.rank);
        if (e.channels) text_printf(out, "^%u", e.channels);
        if (e.channels && e.irreps) text_printf(out, " L%u", e.irreps);
        break;
    case ELEM_BOOL: text_add(out, "bool"); break;
    case ELEM_SPECIES: text_add(out, "species"); break;
    case ELEM_INDEX: text_printf(out, "index(S%u)", e.set); break;
    }
}

static void unit_bracket(text *out, unit u)
{
    text_add(out, " [");
    unit_text(u, out);
    text_add(out, "]");
}

/* ` WORD PREFIXn`, or nothing when the id is none */
static void ref_text(text *out, const char *word, const char *prefix, uint32_t id)
{
    if (id != SETIR_NONE) text_printf(out, " %s%s%u", word, prefix, id);
}

static void dump_slot(text *out, uint32_t id, const slot *s)
{
    text_printf(out, "slot %u", id);
    name_text(out, " ", s->id);
    name_text(out, " : ", s->type);
    if (s->axes)
        text_printf(out, " axes %s%s%s", s->axes & 1 ? "x" : "", s->axes & 2 ? "y" : "",
                    s->axes & 4 ? "z" : "");
    ref_text(out, "base ", "S", s->base);
    ref_text(out, "position ", "in", s->position);
    ref_text(out, "species ", "in", s->species);
    name_text(out, " cell ", s->cell_name);
    text_add(out, "\n");
}

static void dump_set(text *out, uint32_t id, const set *s)
{
    text_printf(out, "set S%u", id);
    name_text(out, " ", s->id);
    text_printf(out, " = %s", setir_set_word[s->kind]);
    switch (s->kind) {
    case SET_BASE: break;
    case SET_PAIRS: text_printf(out, " S%u", s->parent); break;
    case SET_DIFFER: text_printf(out, " host S%u sample S%u", s->host, s->sample); break;
    case SET_RECIP: break;
    case SET_AXIS: text_printf(out, " %d", s->count); break;
    case SET_RANGE: text_printf(out, " %d %d", s->lo, s->hi); break;
    case SET_SPECIES:
        for (int32_t k = 0; k < s->count; k++) text_printf(out, " %d", s->species[k]);
        break;
    case SET_RANK:
        if (s->parent != SETIR_NONE)
            text_printf(out, " S%u", s->parent);
        else
            text_printf(out, " %d", s->count);
        break;
    }
    if (s->kind <= SET_AXIS) ref_text(out, "slot ", "", s->slot);
    if (s->kind == SET_PAIRS || s->kind == SET_RECIP) ref_text(out, "cutoff ", "%", s->cutoff);
    text_add(out, "\n");
}

static void dump_curve(text *out, uint32_t id, const curve *c)
{
    text_printf(out, "curve c%u", id);
    name_text(out, " ", c->id);
    for (uint32_t k = 0; k < c->n_domain; k++) text_printf(out, "%s S%u", k ? "" : " over", c->domain[k]);
    unit_bracket(out, c->unit);
    if (c->pieces) {
        text_printf(out, " pieces %u terms %u order %d from ", c->pieces, c->terms, c->order);
        setir_number_text(out, c->lo);
        text_add(out, " rate ");
        setir_number_text(out, c->rate);
        unit_bracket(out, c->unit_x);
    }
    text_add(out, " =");
    for (size_t k = 0; k < curve_numbers(c); k++) {
        text_add(out, " ");
        setir_number_text(out, c->data[k]);
    }
    text_add(out, "\n");
}

static void dump_irreps(text *out, uint32_t id, const irreps *r)
{
    text_printf(out, "irreps L%u =", id + 1);
    for (uint32_t k = 0; k < r->n; k++)
        text_printf(out, " %u %u %s", r->part[k].copies, r->part[k].l, r->part[k].odd ? "odd" : "even");
    text_add(out, "\n");
}

static void dump_table(text *out, uint32_t id, const product_table *t)
{
    text_printf(out, "table T%u = ", id);
    elem_text(out, t->a);
    text_add(out, " * ");
    elem_text(out, t->b);
    text_add(out, " to ");
    elem_text(out, t->to);
    for (uint32_t k = 0; k < t->n; k++) {
        text_printf(out, " %u %u %u ", t->term[k].k, t->term[k].i, t->term[k].j);
        setir_number_text(out, t->term[k].weight);
    }
    text_add(out, "\n");
}

static void dump_ivar(text *out, uint32_t id, const ivar *v)
{
    text_printf(out, "ivar i%u", id);
    name_text(out, " ", v->id);
    text_printf(out, " in S%u", v->set);
    ref_text(out, "row ", "%", v->row);
    ref_text(out, "to ", "%", v->to);
    ref_text(out, "partner ", "i", v->partner);
    text_add(out, v->unordered ? " unordered\n" : "\n");
}

static void dump_input(text *out, uint32_t id, const input *in)
{
    text_printf(out, "input in%u", id);
    name_text(out, " ", in->id);
    text_printf(out, " = %s ", setir_role_word[in->role]);
    elem_text(out, in->elem);
    unit_bracket(out, in->unit);
    ref_text(out, "slot ", "", in->slot);
    for (uint32_t k = 0; k < in->n_domain; k++) text_printf(out, "%s S%u", k ? "" : " over", in->domain[k]);
    text_printf(out, "%s%s", in->pseudo ? " pseudo" : "", in->is_point ? " point" : "");
    text_add(out, " scale ");
    setir_number_text(out, in->scale);
    if (in->from) text_printf(out, " from %d", in->from);
    name_text(out, " key ", in->key);
    text_add(out, "\n");
}

static void dump_param(text *out, uint32_t id, const parameter *w)
{
    text_printf(out, "param P%u", id);
    name_text(out, " ", w->id);
    name_text(out, " path ", w->path);
    text_add(out, " = ");
    elem_text(out, w->elem);
    unit_bracket(out, w->unit);
    for (uint32_t k = 0; k < w->n_domain; k++) text_printf(out, "%s S%u", k ? "" : " over", w->domain[k]);
    text_add(out, " scale ");
    setir_number_text(out, w->scale);
    if (w->init) text_printf(out, " init %s", init_table[w->init].word);
    for (uint32_t k = 0; k < init_table[w->init].args; k++) {
        text_add(out, " ");
        setir_number_text(out, w->init_value[k]);
    }
    text_add(out, "\n");
}

static void dump_def(text *out, uint32_t id, const def *d)
{
    text_printf(out, "def d%u", id);
    name_text(out, " ", d->id);
    text_add(out, " : ");
    elem_text(out, d->elem);
    if (d->lib == LIB_NONE)
        text_printf(out, " = body %%%u", d->body);
    else
        text_printf(out, " = %s d%u%s", setir_lib_word[d->lib], d->lib_arg, d->lib_flag ? " flag" : "");
    if (lib_is_derivative(d->lib)) {
        text_printf(out, " by %s", setir_wrt_word[d->wrt.kind]);
        if (d->wrt.kind == WRT_INPUT) text_printf(out, " in%u", d->wrt.input);
        if (d->wrt.kind == WRT_PAIRS) text_printf(out, " S%u", d->wrt.set);
        if (d->wrt.kind == WRT_NAMED) text_printf(out, " param %u", d->wrt.named);
        if (d->wrt.kind == WRT_PARAM) text_printf(out, " P%u", d->wrt.param);
        ref_text(out, "slot ", "", d->wrt.slot);
        if (d->lib == LIB_ALONG) text_printf(out, " along d%u", d->along);
    }
    for (uint32_t k = 0; k < d->n_param; k++) text_printf(out, "%s i%u", k ? "" : " over", d->param[k]);
    text_printf(out, "%s%s%s%s", d->output ? " output" : "", d->nested ? " nested" : "",
                d->pseudo ? " pseudo" : "", d->is_point ? " point" : "");
    if (d->has_unit) {
        text_add(out, " unit");
        unit_bracket(out, d->out_unit);
        text_add(out, " scale ");
        setir_number_text(out, d->out_scale);
    }
    if (!elem_equal(d->declared, elem_real(0))) {
        text_add(out, " declared ");
        elem_text(out, d->declared);
    }
    name_text(out, " doc ", d->doc);
    text_add(out, "\n");
}

static void dump_imm(text *out, const node *n)
{
    uint32_t use = op_table[n->op].imm;
    const node_imm *m = &n->imm;
    if (use & IMM_VALUE)
        for (uint32_t k = 0; k < elem_components(n->elem) && k < 9; k++) {
            text_add(out, " ");
            setir_number_text(out, m->value[k]);
        }
    if (use & IMM_POWER) {
        text_add(out, " ");
        setir_number_text(out, m->value[0]);
    }
    if (use & IMM_UNIT) unit_bracket(out, m->unit);
    if (use & IMM_K) text_printf(out, " %d", m->k);
    if (use & IMM_SLOT) text_printf(out, " slot %u", m->slot);
    if (use & IMM_IVAR) text_printf(out, " i%u", m->ivar);
    if (use & IMM_SET) text_printf(out, " S%u", m->set);
    if (use & IMM_INPUT) text_printf(out, " in%u", m->input);
    if (use & IMM_DEF) text_printf(out, " d%u", m->def);
    if (use & IMM_CURVE) text_printf(out, " c%u", m->curve);
    if (use & IMM_PARAM) text_printf(out, " P%u", m->param);
    if (use & IMM_NAMED) text_printf(out, " param %u", m->named);
    if (use & IMM_TABLE) text_printf(out, " T%u", m->table);
    if (use & IMM_REDUCE) {
        text_printf(out, " %s(", setir_reduction_word[m->reduce]);
        for (uint32_t k = 0; k < m->n_ivars; k++) text_printf(out, "%si%u", k ? " " : "", m->ivars[k]);
        text_add(out, ")");
    }
}

static bool is_word(const char *s)
{
    for (const unsigned char *c = (const unsigned char *)s; *c; c++)
        if (*c < 0x80 && !(*c >= '0' && *c <= '9') && !((*c | 32) >= 'a' && (*c | 32) <= 'z') && *c != '_')
            return false;
    return *s != '\0';
}

static void dump_node(text *out, const program *p, uint32_t id)
{
    const node *n = &p->nodes.at[id];
    text_printf(out, "%%%u = %s ", id, op_table[n->op].text);
    elem_text(out, n->elem);
    dump_imm(out, n);
    for (uint32_t k = 0; k < n->n_args; k++) text_printf(out, " %%%u", n->arg[k]);
    if (n->n_free || n->moves) text_add(out, " :");
    if (n->n_free) text_add(out, " free(");
    for (uint32_t k = 0; k < n->n_free; k++) {
        name word = p->ivars.at[n->free[k]].id;
        if (word && is_word(word))
            text_printf(out, "%s%s", k ? " " : "", word);
        else
            text_printf(out, "%si%u", k ? " " : "", n->free[k]);
    }
    if (n->n_free) text_add(out, ")");
    text_add(out, n->moves ? " moves\n" : "\n");
}

static void dump_claim(text *out, const claim *c)
{
    text_printf(out, "claim %s", setir_claim_word[c->kind]);
    if (c->kind <= CLAIM_ASSUME) text_printf(out, " %s", symmetry_text[c->sym]);
    ref_text(out, "", "d", c->subject);
    if (c->kind == CLAIM_SMOOTH) text_printf(out, " order %d", c->order);
    name_text(out, " because ", c->because);
    text_add(out, "\n");
}

void program_dump(const program *p, text *out)
{
    text_add(out, "program");
    name_text(out, " ", p->id);
    text_add(out, "\n");
    if (p->doc) {
        name_text(out, "doc ", p->doc);
        text_add(out, "\n");
    }
    for (uint32_t k = 0; k < p->cites.n; k++) {
        name_text(out, "cites ", p->cites.at[k]);
        text_add(out, "\n");
    }
    for (uint32_t k = 0; k < p->irreps.n; k++) dump_irreps(out, k, &p->irreps.at[k]);
    for (uint32_t k = 0; k < p->tables.n; k++) dump_table(out, k, &p->tables.at[k]);
    for (uint32_t k = 0; k < p->slots.n; k++) dump_slot(out, k, &p->slots.at[k]);
    for (uint32_t k = 0; k < p->sets.n; k++) dump_set(out, k, &p->sets.at[k]);
    for (uint32_t k = 0; k < p->curves.n; k++) dump_curve(out, k, &p->curves.at[k]);
    for (uint32_t k = 0; k < p->ivars.n; k++) dump_ivar(out, k, &p->ivars.at[k]);
    for (uint32_t k = 0; k < p->inputs.n; k++) dump_input(out, k, &p->inputs.at[k]);
    for (uint32_t k = 0; k < p->params.n; k++) dump_param(out, k, &p->params.at[k]);
    for (uint32_t k = 0; k < p->defs.n; k++) dump_def(out, k, &p->defs.at[k]);
    for (uint32_t k = 0; k < p->nodes.n; k++) dump_node(out, p, k);
    for (uint32_t k = 0; k < p->claims.n; k++) dump_claim(out, &p->claims.at[k]);
}
