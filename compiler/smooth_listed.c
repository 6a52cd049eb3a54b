/* SPDX-License-Identifier: Apache-2.0
 *
 * smooth_listed.c: the smoothness analysis taken element by element, where a spec lists elements: then what a list
 * holds for each of them is a constant, and a cutoff of its own a known place. In: a sum over listed elements; the
 * body of a sum that looks up the elements of atoms in a list. Out: facts. Not here: other sums (smooth_reduce.c).
 */
#include "smooth_internal.h"

enum { LISTED_MOST = 256,        /* combinations of listed elements that are looked at one by one          */
       LISTED_FEW = 64,          /* of any expression; of more, small ones only                            */
       WORK_MOST = 16000, LOOKUPS_MOST = 6, SEEN_MOST = 2000 };

/* ------------------------------------------------------------------------------------ sums over listed elements */

/* Does another bound variable have to differ from this one, or this one from another? */
static bool has_partner(const analysis *x, const node *n, ivar_id id)
{
    bool found = x->p->ivars.at[id].partner != SETIR_NONE;
    for (uint32_t k = 0; k < n->imm.n_ivars; k++)
        found |= x->p->ivars.at[n->imm.ivars[k]].partner == id;
    return found;
}

/* The place of a bound variable over listed elements, when there are few combinations; else n_ivars. */
static uint32_t listed_variable(const analysis *x, const node *n)
{
    uint32_t found = n->imm.n_ivars, combinations = 1;
    for (uint32_t k = n->imm.n_ivars; k-- > 0;) {
        ivar_id id = n->imm.ivars[k];
        const set *s = &x->p->sets.at[x->p->ivars.at[id].set];
        if (s->kind != SET_SPECIES || has_partner(x, n, id))
            continue;
        found = k;
        combinations *= (uint32_t)s->count;
        if (combinations > LISTED_FEW)
            return n->imm.n_ivars;
    }
    return found;
}

/* The reduction without its variable k, which is then free. */
static node_id without_variable(analysis *x, const node *n, uint32_t k)
{
    bool filtered = n->n_args > 1;
    if (n->imm.n_ivars == 1) {
        node_id zero = program_node(x->p, OP_CONST, n->elem, NULL, 0, &(node_imm){.unit = unit_none()}, n->at);
        return filtered ? node_3(x->p, OP_SELECT, n->elem, n->arg[1], n->arg[0], zero, n->at) : n->arg[0];
    }
    node_imm imm = n->imm;
    imm.ivars = arena_array(x->a, ivar_id, n->imm.n_ivars);
    imm.n_ivars = 0;
    for (uint32_t j = 0; j < n->imm.n_ivars; j++)
        if (j != k)
            imm.ivars[imm.n_ivars++] = n->imm.ivars[j];
    return program_node(x->p, OP_REDUCE, n->elem, n->arg, n->n_args, &imm, n->at);
}

/* A sum over listed elements, element by element: what a list holds for each of them is then a constant. */
static fact listed_sum(analysis *x, const node *n, uint32_t k, const context *c)
{
    ivar_id v = n->imm.ivars[k];
    set_id over = x->p->ivars.at[v].set;
    node_id rest = without_variable(x, n, k);
    fact sum = fact_constant(0, 0);
    for (int32_t j = 0; j < x->p->sets.at[over].count; j++) {
        node_imm imm = {.k = j, .set = over};
        node_id member = program_node(x->p, OP_INDEX_CONST, elem_index(over), NULL, 0, &imm, n->at);
        const fact *term = smooth_eval(x, program_substitute(x->p, rest, &v, &member, 1), c);
        sum = j ? fact_add(x->a, &sum, term) : *term;
    }
    return sum;
}

bool smooth_listed_sum(analysis *x, const node *n, const context *c, fact *out)
{
    uint32_t k = listed_variable(x, n);
    if (k < n->imm.n_ivars)
        *out = listed_sum(x, n, k, c);
    return k < n->imm.n_ivars;
}

/* ------------------------------------------------------------------------------ elements of atoms, looked up in lists */

typedef struct lookups {
    const context *c;            /* the ones that it decides are left out                                   */
    node_id  at[LOOKUPS_MOST];   /* places of atoms' elements in lists                                      */
    uint32_t n, combinations;
    node_id  seen[SEEN_MOST];
    uint32_t n_seen;
    bool     many;               /* too many of them, or of nodes                                           */
} lookups;

static bool seen(lookups *l, node_id id)
{
    for (uint32_t k = 0; k < l->n_seen; k++)
        if (l->seen[k] == id)
            return true;
    l->many |= l->n_seen == SEEN_MOST;
    if (!l->many)
        l->seen[l->n_seen++] = id;
    return false;
}

/* The look-ups in an expression, not those inside further sums: they depend on what those run over, and are
 * found there. */
static void find_lookups(analysis *x, node_id id, lookups *l)
{
    id = smooth_plain(x, id);
    if (l->many || seen(l, id))
        return;
    const node n = x->p->nodes.at[id];
    if (n.op == OP_REDUCE)
        return;
    if (n.op == OP_SPECIES_INDEX && smooth_index_place(x, id, l->c) >= 0)
        return;
    if (n.op == OP_SPECIES_INDEX) {
        l->combinations *= (uint32_t)x->p->sets.at[n.imm.set].count;
        l->many = l->n == LOOKUPS_MOST || l->combinations > LISTED_MOST;
        if (!l->many)
            l->at[l->n++] = id;
        return;
    }
    for (uint32_t k = 0; k < n.n_args; k++)
        find_lookups(x, n.arg[k], l);
}

/* what holds when the look-up gives member k of its list */
static const context *assume_member(analysis *x, node_id lookup, int32_t k, const context *c)
{
    const node n = x->p->nodes.at[lookup];
    for (int32_t j = 0; j < x->p->sets.at[n.imm.set].count; j++) {
        node_imm imm = {.k = j, .set = n.imm.set};
        node_id member = program_node(x->p, OP_INDEX_CONST, elem_index(n.imm.set), NULL, 0, &imm, n.at);
        c = smooth_assume(x, node_2(x->p, OP_INDEX_EQ, elem_bool(), lookup, member, n.at), j == k, c);
    }
    return c;
}

/* Every term has some elements: what holds of each combination holds of the term. */
fact smooth_by_elements(analysis *x, node_id body, const context *c)
{
    lookups *l = arena_new(x->a, lookups);
    *l = (lookups){.c = c, .combinations = 1};
    find_lookups(x, body, l);
    if (l->many || l->n == 0 || (l->combinations > LISTED_FEW && l->combinations * l->n_seen > WORK_MOST))
        return *smooth_eval(x, body, c);
    fact all = {0};
    for (uint32_t which = 0; which < l->combinations; which++) {
        const context *given = c;
        uint32_t rest = which;
        for (uint32_t k = 0; k < l->n; k++) {
            uint32_t count = (uint32_t)x->p->sets.at[x->p->nodes.at[l->at[k]].imm.set].count;
            given = assume_member(x, l->at[k], (int32_t)(rest % count), given);
            rest /= count;
        }
        const fact *one = smooth_eval(x, body, given);
        all = which ? fact_join(x->a, &all, one) : *one;
    }
    return all;
}
