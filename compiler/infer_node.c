/* SPDX-License-Identifier: Apache-2.0
 *
 * infer_node.c: In: an operation and its arguments. Out: a node whose unit is known, or a message at the right place.
 * Not here: which operation an expression means (infer_expr.c, infer_call.c).
 */
#include "infer_internal.h"
#include "irreps.h"

#include <math.h>
#include <string.h>

unit infer_unit(infer *x, node_id n)
{
    return n < x->node_unit.n ? x->node_unit.at[n] : unit_none();
}

elem elem_of(infer *x, node_id n)
{
    return x->p->nodes.at[n].elem;
}

const char *elem_text(infer *x, elem e)
{
    switch (e.kind) {
    case ELEM_BOOL: return "truth value";
    case ELEM_SPECIES: return "species";
    case ELEM_INDEX: return arena_printf(x->a, "index of %s", set_text(x, e.set));
    case ELEM_REAL: break;
    }
    if (irreps_of(x->p, e)) {
        text t;
        text_init(&t);
        irreps_text(x->p, e, &t);
        const char *words = arena_printf(x->a, "tuple of %.*s", (int)t.n, t.s ? t.s : ""); /* after "a" */
        text_free(&t);
        return words;
    }
    if (e.channels) {
        return arena_printf(x->a, "scalar^%d", e.channels);
    }
    return e.rank == 0 ? "scalar" : e.rank == 1 ? "vector" : "tensor(2)";
}

const char *elem_words(infer *x, elem e)
{
    return arena_printf(x->a, "%s %s", e.kind == ELEM_INDEX ? "an" : "a", elem_text(x, e));
}

const char *infer_unit_text(infer *x, unit u)
{
    text t;
    text_init(&t);
    unit_text(u, &t);
    return text_keep(x->a, &t);
}

static void remember_unit(infer *x, node_id n, unit u)
{
    while (x->node_unit.n <= n) {
        vec_push(x->a, &x->node_unit, unit_none());
    }
    x->node_unit.at[n] = u;
}

/* what a factor lacks to make `have` into `want`, in words, when it is a plain length or its inverse */
static void suggest_factor(infer *x, diag *d, unit want, unit have)
{
    unit lacks = unit_div(want, have);
    unit length = unit_none();
    length.power[UNIT_LENGTH] = rational_new(1, 1);
    if (unit_equal(lacks, length)) {
        diag_note(x->sink, d, "the second lacks a length: a product with a displacement such as `dot(..., b.d)`?");
    } else {
        diag_note(x->sink, d, "they differ by the factor [%s]", infer_unit_text(x, lacks));
    }
}

static const char *op_word(node_op op)
{
    return op == OP_SUB ? "subtracting" : op == OP_ADD ? "adding" : op == OP_SELECT ? "choosing between"
         : op == OP_VEC3 || op == OP_CHANNEL_CAT ? "joining" : "comparing";
}

static void report_mismatch(infer *x, node_op op, const node_id *args, uint32_t n, int culprit, span at)
{
    node_id left = op == OP_SELECT ? args[1] : args[0];
    node_id right = op == OP_SELECT ? args[2] : culprit > 0 ? args[culprit] : args[n - 1];
    unit ul = infer_unit(x, left), ur = infer_unit(x, right);
    diag *d = infer_report(x, D_UNIT_MISMATCH, at, op_word(op), infer_unit_text(x, ul), infer_unit_text(x, ur));
    if (x->p->nodes.at[right].at.src == at.src && x->p->nodes.at[right].at.start >= at.start &&
        x->p->nodes.at[right].at.end <= at.end) {
        diag_label_at(x->sink, d, x->p->nodes.at[right].at, "%s", infer_unit_text(x, ur));
    }
    if (x->p->nodes.at[left].at.src == at.src && x->p->nodes.at[left].at.start >= at.start &&
        x->p->nodes.at[left].at.end <= at.end) {
        diag_label_at(x->sink, d, x->p->nodes.at[left].at, "%s", infer_unit_text(x, ul));
    }
    suggest_factor(x, d, ul, ur);
}

static void report_unit(infer *x, node_op op, const node_imm *imm, const node_id *args, uint32_t n, int culprit, span at)
{
    if (op == OP_FRAC || op == OP_PHASE || op == OP_NEAREST) {
        diag *d = infer_report(x, D_UNIT_NOT_LENGTH, at, infer_unit_text(x, infer_unit(x, args[culprit])));
        diag_label_primary(x->sink, d, "this must be a length");
        return;
    }
    if (op == OP_ASCRIBE) {
        diag *d = infer_report(x, D_UNIT_DECLARED, at, infer_unit_text(x, imm->unit), infer_unit_text(x, infer_unit(x, args[0])));
        diag_label_primary(x->sink, d, "has the unit %s", infer_unit_text(x, infer_unit(x, args[0])));
        if (unit_is_none(imm->unit)) {
            diag_help(x->sink, d, "[%s]   behind the type", infer_unit_text(x, infer_unit(x, args[0])));
        } else {
            suggest_factor(x, d, imm->unit, infer_unit(x, args[0]));
        }
        return;
    }
    if (culprit < 0 || op == OP_VEC3 || op == OP_CHANNEL_CAT) {
        report_mismatch(x, op, args, n, culprit, at);
        return;
    }
    unit u = infer_unit(x, args[culprit]);
    span inner = x->p->nodes.at[args[culprit]].at;
    diag *d = infer_report(x, D_UNIT_NOT_PURE, op == OP_POW ? at : inner.src == at.src ? inner : at,
                           op == OP_POW ? "this power" : op == OP_REDUCE ? "a product over a set" : op_table[op].text,
                           infer_unit_text(x, u));
    diag_label_primary(x->sink, d, "has the unit %s", infer_unit_text(x, u));
    diag_help(x->sink, d, "divide by a reference first:  %s(x / (1 [%s]))",
              op == OP_POW || op == OP_REDUCE ? "" : op_table[op].text, infer_unit_text(x, u));
}

node_id mk(infer *x, node_op op, elem e, const node_id *args, uint32_t n, const node_imm *imm, span at)
{
    static const node_imm nothing;
    if (!imm) {
        imm = &nothing;
    }
    unit *arg_unit = arena_array(x->a, unit, n + 1);
    for (uint32_t k = 0; k < n; k++) {
        if (args[k] == SETIR_NONE) {
            return SETIR_NONE;
        }
        arg_unit[k] = infer_unit(x, args[k]);
    }
    unit u = unit_none();
    int culprit = -1;
    if (op == OP_ACCESS || op == OP_PADGET) {
        u = x->def_unit.at[imm->def];
    } else if (op == OP_SELECT && e.kind != ELEM_REAL) {
        u = unit_none();
    } else if (!units_of_op(x->p, op, imm, arg_unit, n, &u, &culprit)) {
        report_unit(x, op, imm, args, n, culprit, at);
        return SETIR_NONE;
    }
    node_id id = program_node(x->p, op, e, args, n, imm, at);
    remember_unit(x, id, u);
    return id;
}

/* nodes that a substitution made: their units follow from those of what was there */
void infer_units_of_new(infer *x)
{
    while (x->node_unit.n < x->p->nodes.n) {
        const node *d = &x->p->nodes.at[x->node_unit.n];
        unit u = unit_none();
        unit *arg = arena_array(x->a, unit, d->n_args + 1);
        for (uint32_t j = 0; j < d->n_args; j++) {
            arg[j] = x->node_unit.at[d->arg[j]];
        }
        int culprit;
        if (d->op == OP_ACCESS || d->op == OP_PADGET) {
            u = x->def_unit.at[d->imm.def];
        } else {
            units_of_op(x->p, d->op, &d->imm, arg, d->n_args, &u, &culprit);
        }
        vec_push(x->a, &x->node_unit, u);
    }
}

node_id mk1(infer *x, node_op op, elem e, node_id a, span at)
{
    return mk(x, op, e, &a, 1, NULL, at);
}

node_id mk2(infer *x, node_op op, elem e, node_id a, node_id b, span at)
{
    node_id args[2] = {a, b};
    return mk(x, op, e, args, 2, NULL, at);
}

node_id mk_const(infer *x, double number, unit u, span at)
{
    node_imm imm = {.value = {number}, .unit = u};
    return mk(x, OP_CONST, elem_real(0), NULL, 0, &imm, at);
}

/* Constant arithmetic, as far as sizes, exponents and list indices need it. */
bool const_value(infer *x, node_id n, double *out)
{
    if (n == SETIR_NONE) {
        return false;
    }
    const node *d = &x->p->nodes.at[n];
    double a = 0, b = 0;
    if (d->elem.kind != ELEM_REAL || d->elem.rank || d->elem.channels) {
        return false;
    }
    if (d->op == OP_NAMED) {
        return const_value(x, d->arg[0], out);
    }
    for (uint32_t k = 0; k < d->n_args && k < 2; k++) {
        if (d->op == OP_REDUCE || d->op == OP_SELECT || !const_value(x, d->arg[k], k ? &b : &a)) {
            return false;
        }
    }
    switch ((int)d->op) {
    case OP_CONST: *out = d->imm.value[0]; return true;
    case OP_ASCRIBE: *out = a; return true;
    case OP_NEG: *out = -a; return true;
    case OP_ADD: *out = a + b; return true;
    case OP_SUB: *out = a - b; return true;
    case OP_MUL: *out = a * b; return true;
    case OP_DIV: *out = a / b; return true;
    case OP_POW: *out = pow(a, d->imm.value[0]); return true;
    case OP_EXP: *out = exp(a); return true;
    case OP_LOG: *out = log(a); return true;
    case OP_FLOOR: *out = floor(a); return true;
    default: return false;
    }
}

node_id as_real(infer *x, node_id n, span at)
{
    if (n == SETIR_NONE) {
        return n;
    }
    elem e = elem_of(x, n);
    if (e.kind == ELEM_REAL) {
        return n;
    }
    if (e.kind == ELEM_INDEX) {
        set_kind k = x->p->sets.at[e.set].kind;
        if (k == SET_RANGE || k == SET_RANK) {
            return mk1(x, OP_INDEX_REAL, elem_real(0), n, at);
        }
    }
    diag *d = infer_report(x, D_NOT_A_NUMBER, at, elem_text(x, e));
    diag_label_primary(x->sink, d, "this is a%s %s", e.kind == ELEM_INDEX ? "n" : "", elem_text(x, e));
    if (e.kind == ELEM_SPECIES) {
        diag_help(x->sink, d, "protons(...)   gives the atomic number of an element");
    } else if (e.kind == ELEM_INDEX) {
        diag_note(x->sink, d, "the elements of this set have no numbers, so that no result can depend on their order");
    }
    return SETIR_NONE;
}

node_id ascribe(infer *x, node_id n, unit u, elem e, span at, span type_at)
{
    if (n == SETIR_NONE) {
        return n;
    }
    elem have = elem_of(x, n);
    if (e.kind == ELEM_REAL) {
        n = as_real(x, n, at);
        if (n == SETIR_NONE) {
            return n;
        }
        have = elem_of(x, n);
    }
    if (have.kind == ELEM_INDEX && e.kind == ELEM_SPECIES && x->p->sets.at[have.set].kind == SET_SPECIES) {
        n = mk1(x, OP_INDEX_SPECIES, elem_species(), n, at);
        have = elem_species();
    }
    if (have.kind != e.kind || have.rank != e.rank || have.channels != e.channels ||
        have.irreps != e.irreps) {
        diag *d = infer_report(x, D_TYPE_DECLARED, at, elem_text(x, e), elem_text(x, have));
        diag_label_primary(x->sink, d, "this is a %s", elem_text(x, have));
        diag_label_at(x->sink, d, type_at, "declared here");
        return SETIR_NONE;
    }
    if (e.kind != ELEM_REAL || unit_equal(infer_unit(x, n), u)) {
        return n;
    }
    uint32_t before = x->sink->all.n;
    node_imm imm = {.unit = u};
    node_id r = mk(x, OP_ASCRIBE, e, &n, 1, &imm, at);
    if (x->sink->all.n > before) {
        diag_label_at(x->sink, x->sink->all.at[before], type_at, "declared here");
    }
    return r;
}
