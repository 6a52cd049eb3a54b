/* SPDX-License-Identifier: Apache-2.0
 *
 * law_waves.c: which sums over reciprocal vectors are the same in a supercell. A larger cell keeps the vectors
 * (waves) and adds others. In: a sum over waves. Out: is its body zero on all that are added? It is where it
 * has a factor  sum j: h[j] cos(phase(g, x - r[j]))  over all sites: a lattice vector T of the original cell
 * takes each site to another copy, where h is the same and the phase larger by g T; over the copies exp(i g T)
 * adds up to zero for every g that is no wave of the original (docs/soundness.md). Each question is asked of a
 * node once; what is not seen is answered with no.
 * Not here: how values change on the waves of the original lattice, which is for the other rules.
 */
#include "law_internal.h"

#include <math.h>
#include <stdlib.h>

typedef enum question {
    ASK_ALIKE,    /* is the value the same at every copy of the site `atom`?                       */
    ASK_TURNS,    /* a copy T away: is a vector longer by n T, a phase by n g T, n a whole number? */
    ASK_CANCELS,  /* do the values at its copies add up to zero where `wave` is added?             */
    ASK_VANISHES, /* is the value zero there?                                                      */
    ASK_DEFINED,  /* is it a number on whatever waves are added?                                   */
    ASK_NOT_ZERO, /* other than zero?                                                              */
    ASK_POSITIVE,
    ASK_NOT_NEGATIVE
} question;

/* which index variables a question is about */
static const struct {
    bool wave, atom;
} about[] = {[ASK_ALIKE] = {false, true},  [ASK_TURNS] = {true, true},        [ASK_CANCELS] = {true, true},
             [ASK_VANISHES] = {true, false}, [ASK_NOT_NEGATIVE] = {false, false}};

struct law_answers {
    law_answers *next;
    question q;
    ivar_id wave, atom;
    signed char *by_node; /* an answer, 0: not asked yet */
};

enum { NO = -1, YES = 1, STILL = 4, MOST_TURNS = 2 }; /* of ASK_TURNS: STILL + n */

typedef struct asked {
    law_cx *x;
    question q;
    ivar_id wave, atom; /* SETIR_NONE where the question is about none */
} asked;

static signed char answer(asked a, node_id n);

static bool ask(asked a, question q, node_id n)
{
    a.q = q;
    a.wave = about[q].wave ? a.wave : SETIR_NONE;
    a.atom = about[q].atom ? a.atom : SETIR_NONE;
    return answer(a, n) != NO;
}

static bool ask_all(asked a, question q, const node *d)
{
    bool all = true;
    for (uint32_t k = 0; k < d->n_args && all; k++) { all = ask(a, q, d->arg[k]); }
    return all;
}

static bool depends(asked a, node_id n, ivar_id v)
{
    return n != SETIR_NONE && program_depends(a.x->p, n, v);
}

static bool free_of_waves(asked a, node_id n)
{
    const node *d = law_node(a.x, n);
    for (uint32_t k = 0; k < d->n_free; k++) {
        if (a.x->p->sets.at[a.x->p->ivars.at[d->free[k]].set].kind == SET_RECIP) { return false; }
    }
    return true;
}

/* What a tensor calls an index variable that is handed to it: NONE where it is not handed over as it is. */
static ivar_id inside(asked a, const node *access, ivar_id outer)
{
    const def *made = &a.x->p->defs.at[access->imm.def];
    if (made->lib != LIB_NONE || outer == SETIR_NONE) { return SETIR_NONE; }
    ivar_id inner = made->nested && depends(a, made->body, outer) ? outer : SETIR_NONE;
    for (uint32_t k = 0; k < access->n_args; k++) {
        if (!depends(a, access->arg[k], outer)) { continue; }
        const node *index = law_node(a.x, access->arg[k]);
        if (index->op != OP_IVAR || index->imm.ivar != outer || inner != SETIR_NONE) { return SETIR_NONE; }
        inner = made->param[k];
    }
    return inner;
}

static signed char in_tensor(asked a, const node *access)
{
    const def *made = &a.x->p->defs.at[access->imm.def];
    ivar_id wave = inside(a, access, a.wave), atom = inside(a, access, a.atom);
    bool lost = (about[a.q].wave && wave == SETIR_NONE) || (about[a.q].atom && atom == SETIR_NONE);
    if (lost || made->lib != LIB_NONE) { return NO; }
    a.wave = wave;
    a.atom = atom;
    return answer(a, made->body);
}

/* Do the rows that a reduction runs over stay when the site is another copy? */
static bool rows_stay(asked a, const node *reduce)
{
    for (uint32_t k = 0; k < reduce->imm.n_ivars; k++) {
        const ivar *v = &a.x->p->ivars.at[reduce->imm.ivars[k]];
        if (depends(a, v->row, a.atom) || depends(a, v->to, a.atom) || v->partner == a.atom) { return false; }
    }
    return true;
}

static bool is_linear(node_op op)
{
    return op == OP_NEG || op == OP_ADD || op == OP_SUB || op == OP_ASCRIBE || op == OP_COMP || op == OP_VEC3 ||
           op == OP_TRANSPOSE || op == OP_TRACE || op == OP_CHANNEL_CAT || op == OP_CHANNEL_GET ||
           op == OP_LINEAR;
}

static bool is_product(node_op op)
{
    return op == OP_MUL || op == OP_DOT || op == OP_CROSS || op == OP_OUTER || op == OP_MATVEC ||
           op == OP_MATMUL || op == OP_BILINEAR;
}

/* an operation that looks at nothing but the values of its arguments */
static bool of_values(node_op op)
{
    return is_linear(op) || is_product(op) || (op >= OP_DIV && op <= OP_CUTOFF) || op == OP_NORM || op == OP_DET ||
           op == OP_SOLID || op == OP_PHASE || op == OP_PROTONS || op == OP_ELEMENT_DATA || op == OP_TABLE ||
           op == OP_SPLINE || op == OP_SPECIES_INDEX || (op >= OP_LT && op <= OP_SELECT);
}

/* ------------------------------------------------------------------------------------ copies of a site */

/* What a supercell does not change is the same at every copy: so says its law. On waves that are added a law
 * says nothing, and the value is looked into. */
static bool alike(asked a, node_id n)
{
    const node *d = law_node(a.x, n);
    const law_info *l = law_of(a.x, n);
    if (!depends(a, n, a.atom)) { return true; }
    bool value = d->elem.kind != ELEM_INDEX && l->mod == SETIR_NONE && l->period == 0 && !l->sign;
    if (value && free_of_waves(a, n) && l->status[SYM_SUPERCELL].level != LAW_BROKEN) { return true; }
    if (d->op == OP_ACCESS) { return in_tensor(a, d) != NO; }
    if (d->op == OP_REDUCE) { return rows_stay(a, d) && ask_all(a, ASK_ALIKE, d); }
    return of_values(d->op) && ask_all(a, ASK_ALIKE, d);
}

static signed char turned(int turns)
{
    return (signed char)(abs(turns) <= MOST_TURNS ? STILL + turns : NO);
}

/* sums, differences and whole multiples of what turns */
static signed char turns_together(asked a, const node *d)
{
    double c;
    if (d->op == OP_MUL) {
        bool first = law_constant(a.x, d->arg[0], &c);
        if (!first && !law_constant(a.x, d->arg[1], &c)) { return NO; }
        signed char of = answer(a, d->arg[first]);
        return of == NO || c != nearbyint(c) || fabs(c) > MOST_TURNS ? NO : turned((of - STILL) * (int)c);
    }
    signed char of[2] = {STILL, STILL};
    for (uint32_t k = 0; k < d->n_args; k++) {
        of[k] = answer(a, d->arg[k]);
        if (of[k] == NO) { return NO; }
    }
    int first = of[0] - STILL, second = of[1] - STILL;
    return turned(d->op == OP_NEG ? -first : d->op == OP_SUB ? first - second : first + second);
}

static signed char turns(asked a, node_id n)
{
    const node *d = law_node(a.x, n);
    if (ask(a, ASK_ALIKE, n)) { return STILL; }
    switch ((int)d->op) {
    case OP_INPUT: {
        const node *site = law_node(a.x, d->arg[0]);
        bool own = site->op == OP_IVAR && site->imm.ivar == a.atom;
        return own && a.x->p->inputs.at[d->imm.input].role == IN_POSITION ? STILL + 1 : NO;
    }
    case OP_PHASE: {
        const node *wave = law_node(a.x, d->arg[0]);
        return wave->op == OP_IVAR && wave->imm.ivar == a.wave ? answer(a, d->arg[1]) : NO;
    }
    case OP_ADD:
    case OP_SUB:
    case OP_NEG:
    case OP_MUL:
    case OP_ASCRIBE: return turns_together(a, d);
    case OP_ACCESS: return in_tensor(a, d);
    default: return NO;
    }
}

static bool cancels(asked a, node_id n)
{
    const node *d = law_node(a.x, n);
    if (ask(a, ASK_VANISHES, n)) { return true; }
    if (!depends(a, n, a.atom)) { return false; }
    if (is_linear(d->op)) { return ask_all(a, ASK_CANCELS, d); }
    if (is_product(d->op) || d->op == OP_DIV) {
        bool first = ask(a, ASK_CANCELS, d->arg[0]) && ask(a, ASK_ALIKE, d->arg[1]);
        return first ||
               (d->op != OP_DIV && ask(a, ASK_CANCELS, d->arg[1]) && ask(a, ASK_ALIKE, d->arg[0]));
    }
    switch ((int)d->op) {
    case OP_SIN:
    case OP_COS: { /* of twice the phase: also on waves of the original's half, not zero there */
        asked phase = a;
        phase.q = ASK_TURNS;
        signed char of = answer(phase, d->arg[0]);
        return of != NO && abs(of - STILL) == 1;
    }
    case OP_SELECT:
        return ask(a, ASK_ALIKE, d->arg[0]) && ask(a, ASK_CANCELS, d->arg[1]) && ask(a, ASK_CANCELS, d->arg[2]);
    case OP_REDUCE:
        return (d->imm.reduce == RED_SUM || d->imm.reduce == RED_MEAN) && rows_stay(a, d) &&
               ask(a, ASK_CANCELS, d->arg[0]) && (d->n_args < 2 || ask(a, ASK_ALIKE, d->arg[1]));
    case OP_ACCESS: return in_tensor(a, d) != NO;
    default: return false;
    }
}

/* ------------------------------------------------------------------------------------ zero on added waves */

/* Does a sum, by one of the sites that it runs over, cancel on waves that are added? */
static bool sites_cancel(asked a, const node *reduce)
{
    const set *waves = &a.x->p->sets.at[a.x->p->ivars.at[a.wave].set];
    for (uint32_t k = 0; k < reduce->imm.n_ivars; k++) {
        const ivar *v = &a.x->p->ivars.at[reduce->imm.ivars[k]];
        const set *s = &a.x->p->sets.at[v->set];
        a.atom = reduce->imm.ivars[k];
        bool all = s->kind == SET_BASE && s->slot == waves->slot && v->partner == SETIR_NONE && rows_stay(a, reduce);
        if (all && ask(a, ASK_CANCELS, reduce->arg[0]) &&
            (reduce->n_args < 2 || ask(a, ASK_ALIKE, reduce->arg[1]))) {
            return true;
        }
    }
    return false;
}

static bool vanishes(asked a, node_id n)
{
    const node *d = law_node(a.x, n);
    if (law_is_zero(a.x, n)) { return true; }
    if (!depends(a, n, a.wave)) { return false; }
    if (is_product(d->op)) { return ask(a, ASK_VANISHES, d->arg[0]) || ask(a, ASK_VANISHES, d->arg[1]); }
    if (is_linear(d->op)) { return ask_all(a, ASK_VANISHES, d); }
    switch ((int)d->op) {
    case OP_SIN:
    case OP_TAN:
    case OP_SINH:
    case OP_TANH:
    case OP_ASIN:
    case OP_ATAN:
    case OP_ERF:
    case OP_ABS:
    case OP_NORM:
    case OP_DET:
    case OP_MIN2:
    case OP_MAX2: return ask_all(a, ASK_VANISHES, d);
    case OP_POW: return d->imm.value[0] >= 1 && ask(a, ASK_VANISHES, d->arg[0]);
    case OP_DIV: return ask(a, ASK_VANISHES, d->arg[0]);
    case OP_SELECT: return ask(a, ASK_VANISHES, d->arg[1]) && ask(a, ASK_VANISHES, d->arg[2]);
    case OP_REDUCE: {
        bool sum = d->imm.reduce == RED_SUM || d->imm.reduce == RED_MEAN;
        return sum && (ask(a, ASK_VANISHES, d->arg[0]) || sites_cancel(a, d));
    }
    case OP_ACCESS: return in_tensor(a, d) != NO;
    default: return false;
    }
}

/* ------------------------------------------------------------------------------------ numbers on all waves */

static bool is_wave(asked a, node_id n)
{
    return law_node(a.x, n)->op == OP_RECIP_K; /* never zero */
}

static bool positive(asked a, const node *d)
{
    switch ((int)d->op) {
    case OP_CONST: return d->elem.rank == 0 && !d->elem.channels && d->imm.value[0] > 0;
    case OP_EXP:
    case OP_COSH:
    case OP_ERFC:
    case OP_VOLUME: return true;
    case OP_NORM: return is_wave(a, d->arg[0]);
    case OP_DOT: return d->arg[0] == d->arg[1] && is_wave(a, d->arg[0]);
    case OP_POW:
    case OP_MUL:
    case OP_DIV:
    case OP_ASCRIBE: return ask_all(a, ASK_POSITIVE, d);
    case OP_ADD: {
        bool first = ask(a, ASK_POSITIVE, d->arg[0]);
        return ask(a, first ? ASK_NOT_NEGATIVE : ASK_POSITIVE, d->arg[1]) &&
               (first || ask(a, ASK_NOT_NEGATIVE, d->arg[0]));
    }
    default: return false;
    }
}

static bool not_negative(asked a, const node *d)
{
    switch ((int)d->op) {
    case OP_CONST: return d->elem.rank == 0 && !d->elem.channels && d->imm.value[0] >= 0;
    case OP_POW: return fmod(d->imm.value[0], 2) == 0 || ask_all(a, ASK_NOT_NEGATIVE, d);
    case OP_ABS:
    case OP_NORM: return true;
    case OP_DOT: return d->arg[0] == d->arg[1];
    case OP_MUL: return d->arg[0] == d->arg[1] || ask_all(a, ASK_NOT_NEGATIVE, d);
    case OP_ADD:
    case OP_DIV:
    case OP_ASCRIBE: return ask_all(a, ASK_NOT_NEGATIVE, d);
    default: return false;
    }
}

/* What a divisor, a root or a logarithm that depends on no wave does, it does in the original as well. */
static bool not_zero(asked a, node_id n)
{
    const node *d = law_node(a.x, n);
    if (free_of_waves(a, n) || is_wave(a, n) || ask(a, ASK_POSITIVE, n)) { return true; }
    bool parts = d->op == OP_MUL || d->op == OP_DIV || d->op == OP_POW || d->op == OP_NEG || d->op == OP_ASCRIBE;
    return parts && ask_all(a, ASK_NOT_ZERO, d);
}

static bool power_defined(asked a, const node *d)
{
    double p = d->imm.value[0];
    bool whole = p == nearbyint(p);
    return whole && p >= 0 ? true
           : whole         ? ask(a, ASK_NOT_ZERO, d->arg[0])
                           : ask(a, p > 0 ? ASK_NOT_NEGATIVE : ASK_POSITIVE, d->arg[0]);
}

static bool defined(asked a, node_id n)
{
    const node *d = law_node(a.x, n);
    if (free_of_waves(a, n) || d->elem.kind == ELEM_INDEX || is_wave(a, n)) { return true; }
    if (d->op == OP_ACCESS) { return in_tensor(a, d) != NO; }
    if (!ask_all(a, ASK_DEFINED, d)) { return false; }
    switch ((int)d->op) {
    case OP_DIV: return ask(a, ASK_NOT_ZERO, d->arg[1]);
    case OP_POW: return power_defined(a, d);
    case OP_LOG: return ask(a, ASK_POSITIVE, d->arg[0]);
    case OP_POWV:
    case OP_TAN:
    case OP_ASIN:
    case OP_ACOS:
    case OP_ATAN2: return false;
    case OP_REDUCE: return d->imm.reduce == RED_SUM || d->imm.reduce == RED_MEAN;
    default: return of_values(d->op);
    }
}

/* ------------------------------------------------------------------------------------ one answer for each node */

static signed char *answers(asked a)
{
    law_answers *s = a.x->answers;
    while (s && (s->q != a.q || s->wave != a.wave || s->atom != a.atom)) { s = s->next; }
    if (!s) {
        s = arena_new(a.x->a, law_answers);
        *s = (law_answers){a.x->answers, a.q, a.wave, a.atom, arena_array(a.x->a, signed char, a.x->p->nodes.n)};
        a.x->answers = s;
    }
    return s->by_node;
}

static signed char answer(asked a, node_id n)
{
    signed char *known = &answers(a)[n];
    if (*known) { return *known; }
    const node *d = law_node(a.x, n);
    bool yes = false;
    switch (a.q) {
    case ASK_TURNS: return *known = turns(a, n);
    case ASK_ALIKE: yes = alike(a, n); break;
    case ASK_CANCELS: yes = cancels(a, n); break;
    case ASK_VANISHES: yes = vanishes(a, n); break;
    case ASK_DEFINED: yes = defined(a, n); break;
    case ASK_NOT_ZERO: yes = not_zero(a, n); break;
    case ASK_POSITIVE: yes = positive(a, d) || (d->op == OP_ACCESS && in_tensor(a, d) != NO); break;
    case ASK_NOT_NEGATIVE:
        yes = ask(a, ASK_POSITIVE, n) || not_negative(a, d) || (d->op == OP_ACCESS && in_tensor(a, d) != NO);
        break;
    }
    return *known = yes ? YES : NO;
}

const char law_more_waves[] = "a larger cell has more reciprocal lattice vectors";

bool law_vanishes(law_cx *x, node_id n, ivar_id wave)
{
    asked a = {.x = x, .wave = wave, .atom = SETIR_NONE};
    return ask(a, ASK_VANISHES, n) && ask(a, ASK_DEFINED, n);
}

bool law_sums_waves(law_cx *x, node_id reduce, ivar_id wave)
{
    const node *d = law_node(x, reduce);
    asked a = {.x = x, .wave = wave, .atom = SETIR_NONE};
    bool zero = d->imm.reduce == RED_SUM && (ask(a, ASK_VANISHES, d->arg[0]) || sites_cancel(a, d));
    return zero && ask_all(a, ASK_DEFINED, d);
}
