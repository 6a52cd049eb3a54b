/* SPDX-License-Identifier: Apache-2.0
 *
 * verify_def.c: are the tensors of a program well formed? In: a program. Checked: what each library
 * function and derivative needs of its argument, that no tensor is made of itself, no index variable out of scope.
 */
#include "verify.h"

/* ------------------------------------------------------------------------------------------------ tensors */

/* rank(S) for S or rank(S), or a rank as long as a set of fixed size */
static bool rank_fits(const program *p, set_id rank, set_id of)
{
    if (!verify_set_is(p, rank, SET_RANK)) return false;
    if (verify_set_is(p, of, SET_RANK) && p->sets.at[of].parent != SETIR_NONE && p->sets.at[rank].parent != of)
        of = p->sets.at[of].parent;
    const set *r = &p->sets.at[rank], *s = &p->sets.at[of];
    int64_t fixed = s->kind == SET_RANGE ? (int64_t)s->hi - s->lo + 1 : s->kind == SET_BASE ? -1 : s->count;
    return r->parent == of || (r->parent == SETIR_NONE && fixed == r->count);
}

static bool param_over(const program *p, const def *d, uint32_t k, set_id s)
{
    return k < d->n_param && p->ivars.at[d->param[k]].set == s && p->ivars.at[d->param[k]].row == SETIR_NONE;
}

/* by a constant: every use of it has its type and indices, those from parameter `from` on */
static const char *named_fault(const program *p, const def *d, uint32_t from, elem moving)
{
    if (moving.kind != ELEM_REAL || d->n_param < from) return "the derivative by a constant";
    for (uint32_t k = 0; k < p->nodes.n; k++) {
        const node *n = &p->nodes.at[k];
        if (n->op != OP_NAMED || n->imm.named != d->wrt.named) continue;
        if (!elem_equal(n->elem, moving) || n->n_args != 1 + d->n_param - from) return "another type than the constant's";
        for (uint32_t j = from; j < d->n_param; j++)
            if (!param_over(p, d, j, p->nodes.at[n->arg[1 + j - from]].elem.set)) return "another domain than the constant's";
    }
    return NULL;
}

static const char *param_fault(const program *p, const def *d, uint32_t from, elem *e)
{
    if (d->wrt.param >= p->params.n) return "no such parameter";
    const parameter *w = &p->params.at[d->wrt.param];
    *e = w->elem;
    if (d->n_param != from + w->n_domain) return "another number of sets than the parameter's";
    for (uint32_t k = 0; k < w->n_domain; k++)
        if (!param_over(p, d, from + k, w->domain[k])) return "another domain than the parameter's";
    return d->lib == LIB_JACOBIAN && w->n_domain > 1 ? "a table by a parameter over one set at most" : NULL;
}

/* the sets of what moves, from parameter `from` on */
static const char *moving_fault(const program *p, const def *d, uint32_t from, elem *e)
{
    const wrt *w = &d->wrt;
    *e = elem_real(w->kind == WRT_STRAIN ? 2 : 1);
    uint32_t n = w->kind == WRT_STRAIN ? 0 : 1;
    if (w->kind == WRT_NAMED) {
        *e = d->elem;
        return named_fault(p, d, from, *e);
    }
    if (w->kind == WRT_PARAM) return param_fault(p, d, from, e);
    bool ok = w->kind == WRT_INPUT ? w->input < p->inputs.n : w->kind == WRT_PAIRS ? w->set < p->sets.n : w->slot < p->slots.n;
    if (!ok) return "no such thing to move";
    if (w->kind == WRT_INPUT) {
        *e = p->inputs.at[w->input].elem;
        n = p->inputs.at[w->input].n_domain;
    }
    if (d->n_param != from + n) return "another number of sets than what it is taken by";
    if (d->lib == LIB_JACOBIAN && n > 1) return "a table by a field over one set at most";
    for (uint32_t k = 0; k < n; k++) {
        bool axis = w->kind == WRT_CELL && p->sets.at[p->ivars.at[d->param[from + k]].set].kind == SET_AXIS;
        set_id s = w->kind == WRT_PAIRS ? w->set : w->kind == WRT_INPUT ? p->inputs.at[w->input].domain[k] : 0;
        if (!axis && !param_over(p, d, from + k, s)) return "another domain than what it is taken by";
    }
    return NULL;
}

static const char *grad_fault(const program *p, const def *d)
{
    const wrt *w = &d->wrt;
    const def *a = &p->defs.at[d->lib_arg];
    if (a->n_param || a->nested || !elem_equal(a->elem, elem_real(0))) return "the derivative of one number";
    bool ok = true;
    elem e = elem_real(1);
    switch (w->kind) {
    case WRT_INPUT:
        if (w->input >= p->inputs.n) return "no such input";
        e = p->inputs.at[w->input].elem;
        ok = e.kind == ELEM_REAL && d->n_param == p->inputs.at[w->input].n_domain;
        for (uint32_t k = 0; ok && k < d->n_param; k++)
            ok = param_over(p, d, k, p->inputs.at[w->input].domain[k]);
        break;
    case WRT_STRAIN:
        e = elem_real(2);
        ok = d->n_param == 0 && w->slot < p->slots.n;
        break;
    case WRT_CELL:
        ok = d->n_param == 1 && w->slot < p->slots.n && p->sets.at[p->ivars.at[d->param[0]].set].kind == SET_AXIS;
        break;
    case WRT_PAIRS:
        ok = w->set < p->sets.n && p->sets.at[w->set].kind == SET_PAIRS && d->n_param == 1 &&
             param_over(p, d, 0, w->set);
        break;
    case WRT_NAMED: return named_fault(p, d, 0, d->elem);
    case WRT_PARAM: {
        const char *fault = moving_fault(p, d, 0, &e);
        return fault ? fault : elem_equal(d->elem, e) ? NULL : "another type";
    }
    }
    return !ok ? "another domain than what it is taken by" : elem_equal(d->elem, e) ? NULL : "another type";
}

static const char *table_fault(const program *p, const def *d)
{
    const def *a = &p->defs.at[d->lib_arg];
    if (a->elem.kind != ELEM_REAL || a->nested) return "the derivative of a table of numbers";
    bool pairs = d->lib == LIB_JACOBIAN && d->wrt.kind == WRT_PAIRS && d->wrt.set < p->sets.n;
    uint32_t replaced = pairs ? program_pair_param(p, a, d->wrt.set) : SETIR_NONE;
    for (uint32_t k = 0; k < a->n_param; k++) {
        set_id s = k == replaced ? d->wrt.set : p->ivars.at[a->param[k]].set;
        if (!param_over(p, d, k, s)) return "another domain than its table";
    }
    elem moving = elem_real(1);
    const char *fault = NULL;
    if (d->wrt.kind == WRT_NAMED && d->lib == LIB_JACOBIAN)
        return d->elem.rank < a->elem.rank || d->elem.channels || a->elem.channels
                   ? "another type"
                   : named_fault(p, d, a->n_param, elem_real((uint8_t)(d->elem.rank - a->elem.rank)));
    if (d->lib == LIB_ALONG) {
        const def *v = &p->defs.at[d->along];
        def like = *v;
        like.wrt = d->wrt;
        if (d->n_param != a->n_param) return "another domain than its table";
        if (d->wrt.kind == WRT_CELL) return "a direction of positions, strain, fields or pairs";
        fault = moving_fault(p, &like, 0, &moving);
        return fault ? fault : elem_equal(v->elem, moving) && elem_equal(d->elem, a->elem) ? NULL : "another type";
    }
    if (replaced != SETIR_NONE)
        fault = d->n_param != a->n_param ? "another number of sets" : NULL;
    else
        fault = moving_fault(p, d, a->n_param, &moving);
    if (fault) return fault;
    if (moving.channels) return elem_equal(a->elem, elem_real(0)) && elem_equal(d->elem, moving) ? NULL : "another type";
    return !a->elem.channels && elem_equal(d->elem, elem_real(a->elem.rank + moving.rank)) ? NULL : "another type";
}

static const char *lib_fault(const program *p, const def *d)
{
    if (d->lib == LIB_GRAD) return grad_fault(p, d);
    if (lib_is_derivative(d->lib)) return table_fault(p, d);
    const def *a = &p->defs.at[d->lib_arg];
    uint32_t from = d->lib == LIB_SORT ? 1 : d->lib == LIB_LIST ? a->n_param : 2;
    uint32_t to = d->lib == LIB_EIGVALS ? 1 : from;
    if (a->n_param != from || d->n_param != to) return "another number of sets";
    if (d->lib != LIB_LIST && !elem_equal(a->elem, elem_real(0))) return "a tensor of plain scalars";
    if (!elem_equal(d->elem, a->elem)) return "the element type is kept";
    set_id first = from ? p->ivars.at[a->param[0]].set : 0;
    for (uint32_t k = 0; k < from; k++) {
        const ivar *x = &p->ivars.at[a->param[k]];
        if (x->row != SETIR_NONE || (d->lib != LIB_LIST && x->set != first))
            return "whole sets, and one set for both sides of a matrix";
        bool kept = d->lib == LIB_EIGVECS && k == 0;
        if (kept && !param_over(p, d, k, x->set)) return "vectors run over the argument's set";
        if (k < to && !kept && !rank_fits(p, p->ivars.at[d->param[k]].set, x->set))
            return "the result is over the rank of the argument's sets";
    }
    return NULL;
}

void verify_def(verifier *v, def_id id)
{
    const program *p = v->p;
    const def *d = &p->defs.at[id];
    verify_elem(v, "d", id, d->elem);
    for (uint32_t k = 0; k < d->n_param; k++)
        if (d->param[k] >= p->ivars.n || p->ivars.at[d->param[k]].set >= p->sets.n)
            return verify_fault(v, "d%u: no such index variable", id);
    for (uint32_t k = 0; k < d->n_param; k++)
        for (uint32_t j = 0; j < k; j++)
            if (d->param[j] == d->param[k]) return verify_fault(v, "d%u: an index variable used twice", id);
    if (d->output && d->nested) verify_fault(v, "d%u: an output inside another tensor", id);
    if (d->lib != LIB_NONE) {
        const char *bad =
            d->lib > LIB_ALONG || d->lib_arg >= id || (d->lib == LIB_ALONG && d->along >= id) ? "its argument comes later" : lib_fault(p, d);
        if (bad) verify_fault(v, "d%u: %s", id, bad);
    } else if (d->body >= p->nodes.n) {
        verify_fault(v, "d%u: its body does not exist", id);
    } else if (!elem_equal(p->nodes.at[d->body].elem, d->elem)) {
        verify_fault(v, "d%u: its body %%%u has another type", id, d->body);
    }
}

typedef enum visiting { UNSEEN, OPEN, CLOSED } visiting;
typedef struct reach {
    const program *p;
    unsigned char *node, *def; /* visiting, by id */
} reach;

static bool def_in_circle(reach *r, def_id id);

static bool node_in_circle(reach *r, node_id id)
{
    if (id == SETIR_NONE || r->node[id] == CLOSED) return false;
    r->node[id] = CLOSED; /* arguments have smaller ids: only tensors can close a circle */
    const node *n = &r->p->nodes.at[id];
    for (uint32_t k = 0; k < n->n_args; k++)
        if (node_in_circle(r, n->arg[k])) return true;
    for (uint32_t k = 0; k < n->imm.n_ivars; k++)
        if (node_in_circle(r, r->p->ivars.at[n->imm.ivars[k]].row)) return true;
    return (op_table[n->op].imm & IMM_DEF) && def_in_circle(r, n->imm.def);
}

static bool def_in_circle(reach *r, def_id id)
{
    if (r->def[id] != UNSEEN) return r->def[id] == OPEN;
    r->def[id] = OPEN;
    const def *d = &r->p->defs.at[id];
    bool circle = d->lib != LIB_NONE ? def_in_circle(r, d->lib_arg) : node_in_circle(r, d->body);
    if (d->lib == LIB_ALONG) circle |= def_in_circle(r, d->along);
    r->def[id] = CLOSED;
    return circle;
}

/* a node that two tensors share is walked for each: a circle through the second would else be missed */
static bool mentions_itself(verifier *v, def_id id)
{
    reach r = {v->p, arena_array(v->p->memory, unsigned char, v->p->nodes.n + 1),
               arena_array(v->p->memory, unsigned char, v->p->defs.n + 1)};
    return def_in_circle(&r, id);
}

/* what needs the nodes: scope and order of tensors */
void verify_scope(verifier *v, def_id id)
{
    const program *p = v->p;
    const def *d = &p->defs.at[id];
    if (d->lib != LIB_NONE) return;
    if (mentions_itself(v, id)) return verify_fault(v, "d%u: its body mentions itself", id);
    const node *n = &p->nodes.at[d->body];
    for (uint32_t k = 0; !d->nested && k < n->n_free; k++)
        if (!ivar_list_has(d->param, d->n_param, n->free[k]))
            return verify_fault(v, "d%u: its body %%%u depends on i%u, which is none of its own", id, d->body,
                         n->free[k]);
}
