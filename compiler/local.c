/* SPDX-License-Identifier: Apache-2.0
 *
 * local.c: what can be computed in parts. In: a program and one of its outputs, or a kernel. Out: yes or no;
 * no is always safe. The first question is about meaning and asked of the set IR; the second is about memory
 * and asked of the loops that run. Who owns which atom is a matter of the caller's.
 */
#include "local.h"

#include <string.h>

typedef struct localiser {
    const program *p;
    signed char *node; /* by node: 0 not yet, 1 depends on one row, -1 does not */
    const char *why;
} localiser;

static bool not_local(localiser *x, const char *why)
{
    if (!x->why) x->why = why;
    return false;
}

static bool over_all(const program *p, ivar_id v)
{
    set_kind kind = p->sets.at[p->ivars.at[v].set].kind;
    return (kind == SET_BASE || kind == SET_PAIRS) && p->ivars.at[v].row == SETIR_NONE;
}

static bool fixed_size(const program *p, set_id s)
{
    set_kind kind = p->sets.at[s].kind;
    return kind == SET_RANGE || kind == SET_SPECIES || kind == SET_AXIS;
}

/* the owned end: an index variable, or the first end of one */
static bool own_index(const program *p, node_id id)
{
    const node *n = &p->nodes.at[id];
    if (n->op == OP_PAIR_I) return p->nodes.at[n->arg[0]].op == OP_IVAR;
    return n->op == OP_IVAR || n->op == OP_INDEX_CONST;
}

static bool local_node(localiser *x, node_id id);

static bool local_ivar(localiser *x, ivar_id v)
{
    const ivar *d = &x->p->ivars.at[v];
    if (fixed_size(x->p, d->set)) return true;
    if (x->p->sets.at[d->set].kind != SET_PAIRS || d->row == SETIR_NONE)
        return not_local(x, "a sum over all atoms inside of what belongs to one");
    if (d->to != SETIR_NONE) return not_local(x, "pairs of two given atoms");
    return own_index(x->p, d->row) || not_local(x, "the row of a neighbour");
}

static bool local_access(localiser *x, const node *n)
{
    const def *d = &x->p->defs.at[n->imm.def];
    if (d->lib != LIB_NONE) return not_local(x, "a library function of all atoms");
    for (uint32_t k = 0; k < n->n_args; k++)
        if (!own_index(x->p, n->arg[k]) && !fixed_size(x->p, x->p->nodes.at[n->arg[k]].elem.set))
            return not_local(x, "a value that is computed for a neighbour");
    return local_node(x, d->body);
}

static bool has_far_end(const program *p, node_id id)
{
    const node *n = &p->nodes.at[id];
    bool far = n->op == OP_PAIR_J;
    for (uint32_t k = 0; k < n->n_args && !far; k++) far = has_far_end(p, n->arg[k]);
    return far;
}

static bool local_op(localiser *x, const node *n)
{
    switch ((int)n->op) {
    case OP_INPUT:
        if (x->p->inputs.at[n->imm.input].role == IN_POSITION)
            return not_local(x, "positions that are not those of pairs");
        return x->p->inputs.at[n->imm.input].elem.kind != ELEM_INDEX || not_local(x, "an index as input");
    case OP_ACCESS: return local_access(x, n);
    case OP_COUNT:
        return n->n_args == 1 ? own_index(x->p, n->arg[0]) || not_local(x, "the row of a neighbour")
                              : fixed_size(x->p, n->imm.set) || not_local(x, "a count of all atoms");
    case OP_REDUCE:
        for (uint32_t k = 0; k < n->imm.n_ivars; k++)
            if (!local_ivar(x, n->imm.ivars[k])) return false;
        return true;
    case OP_INDEX_EQ:
    case OP_INDEX_LT:
        return fixed_size(x->p, x->p->nodes.at[n->arg[0]].elem.set) ||
               !(has_far_end(x->p, n->arg[0]) || has_far_end(x->p, n->arg[1])) ||
               not_local(x, "two neighbours compared, which may be images of one atom");
    case OP_PADGET:
    case OP_PAIR_REV:
    case OP_SPOT_HOST:
    case OP_SPOT_R:
    case OP_RECIP_K:
    case OP_PHASE:
    case OP_NEAREST:
    case OP_LOOKUP: return not_local(x, "more than the pairs of an atom");
    default: return true;
    }
}

static bool local_node(localiser *x, node_id id)
{
    if (x->node[id]) return x->node[id] > 0;
    const node *n = &x->p->nodes.at[id];
    bool good = local_op(x, n);
    for (uint32_t k = 0; k < n->n_args && good; k++) good = local_node(x, n->arg[k]);
    x->node[id] = good ? 1 : -1;
    return good;
}

/* the same number for every process: nothing of atoms or pairs in it */
static bool is_common(localiser *x, node_id id)
{
    const node *n = &x->p->nodes.at[id];
    if (n->n_free || n->op == OP_REDUCE || n->op == OP_COUNT) return false;
    if (n->op == OP_ACCESS || n->op == OP_INPUT) return false;
    for (uint32_t k = 0; k < n->n_args; k++)
        if (!is_common(x, n->arg[k])) return false;
    return local_node(x, id);
}

/* a sum of local terms over the atoms or pairs, times what is common */
static bool adds_up(localiser *x, node_id id)
{
    const node *n = &x->p->nodes.at[id];
    switch ((int)n->op) {
    case OP_ADD:
    case OP_SUB: return adds_up(x, n->arg[0]) && adds_up(x, n->arg[1]);
    case OP_NEG:
    case OP_ASCRIBE:
    case OP_TRANSPOSE:
    case OP_TRACE:
    case OP_COMP: return adds_up(x, n->arg[0]);
    case OP_MUL:
        if (is_common(x, n->arg[0])) return adds_up(x, n->arg[1]);
        if (is_common(x, n->arg[1])) return adds_up(x, n->arg[0]);
        break;
    case OP_DIV:
        if (is_common(x, n->arg[1])) return adds_up(x, n->arg[0]);
        break;
    case OP_ACCESS: {
        const def *d = &x->p->defs.at[n->imm.def];
        bool fixed = d->lib == LIB_NONE;
        for (uint32_t k = 0; k < d->n_param; k++) fixed = fixed && fixed_size(x->p, x->p->ivars.at[d->param[k]].set);
        if (fixed) return adds_up(x, d->body);
        break;
    }
    case OP_REDUCE: {
        if (n->imm.reduce != RED_SUM || !over_all(x->p, n->imm.ivars[0])) break;
        bool good = true;
        for (uint32_t k = 1; k < n->imm.n_ivars && good; k++) good = local_ivar(x, n->imm.ivars[k]);
        for (uint32_t k = 0; k < n->n_args && good; k++) good = local_node(x, n->arg[k]);
        return good;
    }
    default: break;
    }
    return not_local(x, "not a sum over atoms or pairs");
}

bool local_output(const program *p, def_id id, const char **why)
{
    const def *d = &p->defs.at[id];
    localiser x = {.p = p, .node = arena_array(p->memory, signed char, p->nodes.n + 1)};
    bool atoms = false, good = d->lib == LIB_NONE || not_local(&x, "a library function of all atoms");
    for (uint32_t k = 0; k < d->n_param && good; k++) {
        atoms |= over_all(p, d->param[k]);
        good = (k == 0 && atoms) || fixed_size(p, p->ivars.at[d->param[k]].set) ||
               not_local(&x, "a table over atoms and more");
    }
    good = good && (atoms ? local_node(&x, d->body) : adds_up(&x, d->body));
    *why = good ? "" : x.why;
    return good;
}

/* ---- loops: the far end of a pair must not get where it can do harm ------------------------------------- */

typedef struct taint {
    const kernel *k;
    const program *p;
    bool *far; /* by value */
    bool grew, harm;
} taint;

/* does the value depend on a second end */
static bool far_expr(taint *t, const lexpr *e)
{
    bool far = false;
    for (int i = 0; i < loop_op_table[e->op].args; i++) far |= far_expr(t, e->arg[i]);
    switch ((int)e->op) {
    case L_VALUE: return t->far[e->value];
    case L_LOAD: {
        buffer_kind kind = t->k->buffers.at[e->buffer].kind;
        if (kind == BUF_SET_REV) t->harm = true;
        if (kind == BUF_INPUT) return t->p->inputs.at[t->k->buffers.at[e->buffer].index].elem.kind == ELEM_INDEX;
        t->harm |= far && kind != BUF_CONST;
        return kind == BUF_SET_J;
    }
    case L_IADD:
    case L_ISUB:
    case L_IMUL: return far;
    default: t->harm |= far; return false;
    }
}

static void taint_value(taint *t, lvalue v, bool far)
{
    if (far && !t->far[v]) t->far[v] = t->grew = true;
}

static void taint_block(taint *t, const lblock *b)
{
    for (uint32_t i = 0; i < b->stmt.n; i++) {
        const lstmt *s = b->stmt.at[i];
        switch (s->kind) {
        case LOOP_LET:
        case LOOP_VAR:
        case LOOP_SET: taint_value(t, s->let.value, far_expr(t, s->let.expr)); break;
        case LOOP_STORE: /* what is kept in memory is read back as if it were harmless */
            t->harm |= far_expr(t, s->store.index);
            t->harm |= far_expr(t, s->store.expr);
            break;
        case LOOP_FOR:
            t->harm |= far_expr(t, s->loop.lo);
            t->harm |= far_expr(t, s->loop.hi);
            taint_block(t, &s->loop.body);
            break;
        case LOOP_IF:
            t->harm |= far_expr(t, s->branch.cond);
            taint_block(t, &s->branch.then);
            taint_block(t, &s->branch.other);
            break;
        case LOOP_CALL:
            for (uint32_t a = 0; a < s->call.n; a++)
                if (s->call.arg[a].value) t->harm |= far_expr(t, s->call.arg[a].value);
            break;
        case LOOP_IF_WANTED: taint_block(t, &s->wanted.body); break;
        case LOOP_COMMENT: break;
        }
    }
}

bool local_kernel(const kernel *k, const program *p)
{
    taint t = {.k = k, .p = p, .far = arena_array(k->memory, bool, k->values.n + 1), .grew = true};
    while (t.grew && !t.harm) {
        t.grew = false;
        taint_block(&t, &k->body);
    }
    return !t.harm;
}
