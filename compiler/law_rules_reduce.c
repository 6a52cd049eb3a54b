/* SPDX-License-Identifier: Apache-2.0
 *
 * law_rules_reduce.c: the rule of sums, means, products and extremes over sets. Bodies over unordered pairs
 * must not change when the two are exchanged (law_symmetric.c): that is reported here.
 */
#include "law_internal.h"

static void complain_unordered(law_cx *x, law_info *r, node_id n, span at, ivar_id first, ivar_id second)
{
    const char *a = x->p->ivars.at[first].id, *b = x->p->ivars.at[second].id;
    a = a ? a : "the first";
    b = b ? b : "the second";
    diag *e = diag_report(x->sink, D_ASYMMETRIC_BODY, at, a, b);
    diag_label_primary(x->sink, e, "changes when %s and %s are exchanged", a, b);
    diag_label_at(x->sink, e, x->p->ivars.at[second].at,
                  "each unordered pair is taken once: which of the two comes first is not defined");
    diag_help(x->sink, e, "(%s, %s) in ...   to sum over both orders", a, b);
    law_use_order(x, r, n, SET_PAIRS, "which of an unordered pair comes first");
}

/* Body, condition and the rows of the variables beside them do not change when the two are exchanged. */
static void check_unordered(law_cx *x, law_info *r, node_id n, ivar_id second)
{
    const node *d = law_node(x, n);
    ivar_id first = x->p->ivars.at[second].partner;
    for (uint32_t k = 0; k < d->n_args; k++) {
        if (!law_symmetric(x->p, d->arg[k], first, second)) {
            complain_unordered(x, r, n, x->p->nodes.at[d->arg[k]].at, first, second);
            return;
        }
    }
    for (uint32_t k = 0; k < d->imm.n_ivars; k++) {
        const ivar *v = &x->p->ivars.at[d->imm.ivars[k]];
        const node_id end[2] = {v->row, v->to};
        for (int m = 0; m < 2; m++) {
            if (end[m] != SETIR_NONE && !law_symmetric(x->p, end[m], first, second)) {
                complain_unordered(x, r, n, v->at, first, second);
                return;
            }
        }
        bool other = d->imm.ivars[k] != second && v->partner != SETIR_NONE &&
                     (v->partner == first || v->partner == second);
        if (other) {
            complain_unordered(x, r, n, v->at, first, second);
            return;
        }
    }
}

/* Has the reduction something to run over in every structure? */
static bool never_empty(law_cx *x, const node *d)
{
    for (uint32_t k = 0; k < d->imm.n_ivars; k++) {
        const ivar *v = &x->p->ivars.at[d->imm.ivars[k]];
        set_kind kind = x->p->sets.at[v->set].kind;
        if (v->row != SETIR_NONE || v->partner != SETIR_NONE || kind == SET_PAIRS || kind == SET_DIFFER ||
            kind == SET_RECIP || kind == SET_RANK) {
            return false;
        }
    }
    return d->n_args == 1;
}

/* What of the terms of a sum is not zero on waves that a larger cell adds: the least of it. */
static node_id not_vanishing(law_cx *x, node_id n, ivar_id wave)
{
    node_id at = law_node(x, n)->arg[0];
    for (;;) {
        const node *d = law_node(x, at);
        if (d->op != OP_ADD && d->op != OP_SUB) { return at; }
        at = d->arg[law_vanishes(x, d->arg[0], wave)];
    }
}

/* an index variable that the reduction binds: how its elements follow, and how many there are */
static void bind_variable(law_cx *x, law_info *r, node_id n, ivar_id id, law_info *member)
{
    const ivar *v = &x->p->ivars.at[id];
    const set *s = &x->p->sets.at[v->set];
    reduction op = law_node(x, n)->imm.reduce;
    law_start(member);
    law_meet(member, &x->sets[v->set]);
    if (v->row != SETIR_NONE) { law_meet(member, law_of(x, v->row)); }
    if (v->to != SETIR_NONE) {
        law_meet(member, law_of(x, v->to));
        law_break(x, member, SYM_SUPERCELL, v->to,
                  "the images between two atoms are shared out among their copies");
    }
    if (s->kind == SET_RECIP && !law_sums_waves(x, n, id)) {
        law_break(x, member, SYM_SUPERCELL, not_vanishing(x, n, id),
                  "not seen to vanish on the reciprocal lattice vectors that a larger cell adds");
    }
    bool data = s->kind == SET_BASE || s->kind == SET_DIFFER || s->kind == SET_PAIRS;
    if (v->partner != SETIR_NONE && v->row == SETIR_NONE && data) {
        law_break(x, member, SYM_SUPERCELL, n, "two copies of one element are distinct in a larger cell");
    }
    uint32_t slot_index = data && v->row == SETIR_NONE ? law_set_slot(x, v->set) : LAW_SLOTS;
    if (slot_index < LAW_SLOTS && op == RED_SUM) {
        r->size[slot_index] = rational_add(r->size[slot_index], rational_new(1, 1));
    } else if (slot_index < LAW_SLOTS && op == RED_PROD) {
        law_break(x, r, SYM_SUPERCELL, n, "a product over all atoms is a power of itself in a larger cell");
    }
}

/* the axes that a reduction over `v` takes away */
static void sum_axes(law_cx *x, law_info *r, node_id n, ivar_id v, const char *what)
{
    for (uint32_t j = 0; j < r->n_axis; j++) {
        if (r->axis[j].ivar != v) { continue; }
        if (law_node(x, n)->imm.reduce == RED_SUM && r->axis[j].kind == AXIS_PAIRED) {
            r->axis[j] = r->axis[--r->n_axis];
            j--;
        } else {
            law_break(x, r, SYM_CELL, n, law_say(x, "%s over lattice vectors depends on their choice", what));
        }
    }
}

void law_rule_reduce(law_cx *x, node_id n, law_info *r)
{
    const node *d = law_node(x, n);
    const law_info *body = law_arg(x, n, 0);
    reduction op = d->imm.reduce;
    static const char *const what[] = {"the sum", "the mean", "the product", "the maximum", "the minimum"};
    law_carry(r, body);
    for (uint32_t k = 0; k < d->imm.n_ivars; k++) {
        const ivar *v = &x->p->ivars.at[d->imm.ivars[k]];
        law_info member;
        bind_variable(x, r, n, d->imm.ivars[k], &member);
        law_meet(r, &member);
        if (v->unordered && v->partner != SETIR_NONE) { check_unordered(x, r, n, d->imm.ivars[k]); }
        sum_axes(x, r, n, d->imm.ivars[k], what[op]);
    }
    if (r->status[SYM_CELL].level == LAW_BROKEN) { r->n_axis = 0; }
    if (op == RED_SUM && law_moves(body)) {
        law_break(x, r, SYM_TRANSLATE, n, "a sum of positions depends on the origin");
        law_lose_images(x, r, n, "a sum of positions depends on which images are taken");
        r->mod = SETIR_NONE;
        law_still(r);
    }
    if (op == RED_MEAN && law_moves(body) && !never_empty(x, d)) {
        law_break(x, r, SYM_TRANSLATE, n,
                  "the mean of no positions is zero, which does not move with the origin");
        law_still(r);
    }
    if (op == RED_MEAN && body->mod != SETIR_NONE) {
        if (law_moves(body)) {
            law_lose_images(x, r, n, "the mean of periodic positions depends on which images are taken");
            r->mod = SETIR_NONE;
        } else {
            law_use_vector(x, r, n, d->arg[0], "a mean");
        }
    }
    if (op != RED_SUM && op != RED_MEAN) {
        law_need_even(x, r, n, body, what[op]);
        r->odd = r->mirror[0] = r->mirror[1] = r->mirror[2] = false;
        if (op == RED_PROD && law_has_size(body)) {
            law_break(x, r, SYM_SUPERCELL, n, "a product of quantities that grow with the cell");
        }
        if (body->n_axis) {
            law_break(x, r, SYM_CELL, n, law_say(x, "%s of components along lattice vectors", what[op]));
        }
    }
    if (body->sign || (body->period != 0 && op != RED_SUM)) {
        law_lose_images(x, r, n, law_say(x, "%s of numbers that are not defined uniquely", what[op]));
        r->sign = false;
        r->period = 0;
    }
}
