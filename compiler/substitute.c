/* SPDX-License-Identifier: Apache-2.0
 *
 * substitute.c: replacing index variables in set IR. In: a node and what stands for which variable. Out: the
 * node with them replaced. Bound variables whose range mentions a replaced one, or that would capture one,
 * are renewed; tensors nested in an enclosing one are copied when they mention it. The program only grows;
 * nothing old changes.
 */
#include "setir.h"

/* ------------------------------------------------------------------------------------------- substitution */

typedef struct id_map {
    uint32_t *key, *value, n, cap;
} id_map; /* open addressing; key holds id + 1 */

typedef struct subst {
    program *p;
    VEC(ivar_id) from; /* grows by the bound variables that are renewed on the way */
    VEC(node_id) to;
    ivar_list mentioned; /* free in the replacements: binders of these must be renewed */
    id_map nodes, defs;
} subst;

static uint32_t *map_bucket(const id_map *m, uint32_t key)
{
    uint32_t k = (key * 2654435761u) & (m->cap - 1);
    while (m->key[k] && m->key[k] != key + 1) k = (k + 1) & (m->cap - 1);
    return &m->key[k];
}

static uint32_t map_get(const id_map *m, uint32_t key)
{
    if (!m->cap) return SETIR_NONE;
    uint32_t *bucket = map_bucket(m, key);
    return *bucket ? m->value[bucket - m->key] : SETIR_NONE;
}

static void map_put(arena *a, id_map *m, uint32_t key, uint32_t value)
{
    if (2 * (m->n + 1) > m->cap) {
        id_map bigger = {.cap = m->cap ? m->cap * 2 : 32, .n = m->n};
        bigger.key = arena_array(a, uint32_t, bigger.cap);
        bigger.value = arena_array(a, uint32_t, bigger.cap);
        for (uint32_t k = 0; k < m->cap; k++)
            if (m->key[k]) {
                uint32_t *bucket = map_bucket(&bigger, m->key[k] - 1);
                *bucket = m->key[k];
                bigger.value[bucket - bigger.key] = m->value[k];
            }
        *m = bigger;
    }
    uint32_t *bucket = map_bucket(m, key);
    m->n += !*bucket;
    *bucket = key + 1;
    m->value[bucket - m->key] = value;
}

static node_id subst_find(const subst *s, ivar_id v)
{
    for (uint32_t k = s->from.n; k-- > 0;)
        if (s->from.at[k] == v) return s->to.at[k];
    return SETIR_NONE;
}

static bool subst_touches(const subst *s, const ivar_id *list, uint32_t n)
{
    for (uint32_t k = 0; k < n; k++)
        if (subst_find(s, list[k]) != SETIR_NONE) return true;
    return false;
}

static node_id subst_node(subst *s, node_id n);

static node_id subst_optional(subst *s, node_id n)
{
    return n == SETIR_NONE ? SETIR_NONE : subst_node(s, n);
}

static ivar_id subst_renew(subst *s, ivar_id old)
{
    ivar v = s->p->ivars.at[old];
    v.row = subst_optional(s, v.row);
    v.to = subst_optional(s, v.to);
    node_id partner = v.partner == SETIR_NONE ? SETIR_NONE : subst_find(s, v.partner);
    if (partner != SETIR_NONE && s->p->nodes.at[partner].op == OP_IVAR)
        v.partner = s->p->nodes.at[partner].imm.ivar;
    ivar_id fresh = program_ivar(s->p, v);
    node_id to = node_ivar(s->p, fresh, v.at);
    vec_push(s->p->memory, &s->from, old);
    vec_push(s->p->memory, &s->to, to);
    return fresh;
}

/* the binder's variables; those whose range mentions a replaced variable, or that would capture one, are
 * renewed */
static void subst_binder(subst *s, node_imm *imm)
{
    program *p = s->p;
    ivar_id *fresh = arena_array(p->memory, ivar_id, imm->n_ivars);
    for (uint32_t k = 0; k < imm->n_ivars; k++) {
        ivar_id v = imm->ivars[k];
        node_id done = subst_find(s, v);
        ivar x = p->ivars.at[v];
        bool renew = ivar_list_has(s->mentioned.at, s->mentioned.n, v) ||
                     (x.partner != SETIR_NONE && subst_find(s, x.partner) != SETIR_NONE);
        const node_id range[2] = {x.row, x.to};
        for (int r = 0; r < 2; r++)
            if (range[r] != SETIR_NONE)
                renew |= subst_touches(s, p->nodes.at[range[r]].free, p->nodes.at[range[r]].n_free);
        if (done != SETIR_NONE && p->nodes.at[done].op == OP_IVAR)
            fresh[k] = p->nodes.at[done].imm.ivar;
        else
            fresh[k] = renew ? subst_renew(s, v) : v;
    }
    imm->ivars = fresh;
}

/* a tensor whose body mentions replaced variables of an enclosing one: a copy with them replaced */
static def_id subst_def(subst *s, def_id id)
{
    ivar_list outer = {0};
    program_def_free(s->p, &outer, id);
    if (!subst_touches(s, outer.at, outer.n)) return id;
    uint32_t done = map_get(&s->defs, id);
    if (done != SETIR_NONE) return done;
    def d = s->p->defs.at[id];
    d.param = arena_copy(s->p->memory, d.param, d.n_param * sizeof *d.param);
    for (uint32_t k = 0; k < d.n_param; k++) d.param[k] = subst_renew(s, d.param[k]);
    if (d.lib != LIB_NONE)
        d.lib_arg = subst_def(s, d.lib_arg);
    else
        d.body = subst_node(s, d.body);
    ivar_list left = {0};
    ivar_list_add_free(s->p, &left, d.lib == LIB_NONE ? d.body : SETIR_NONE);
    d.nested = false;
    for (uint32_t k = 0; k < left.n; k++) d.nested |= !ivar_list_has(d.param, d.n_param, left.at[k]);
    d.nested |= d.lib != LIB_NONE && s->p->defs.at[d.lib_arg].nested;
    done = program_def(s->p, d);
    map_put(s->p->memory, &s->defs, id, done);
    return done;
}

static node_id subst_node(subst *s, node_id n)
{
    program *p = s->p;
    node x = p->nodes.at[n];
    if (!subst_touches(s, x.free, x.n_free)) return n;
    if (x.op == OP_IVAR) {
        node_id to = subst_find(s, x.imm.ivar);
        return to != SETIR_NONE ? to : n;
    }
    uint32_t done = map_get(&s->nodes, n);
    if (done != SETIR_NONE) return done;
    if (x.op == OP_REDUCE) subst_binder(s, &x.imm);
    if (x.op == OP_ACCESS || x.op == OP_PADGET) x.imm.def = subst_def(s, x.imm.def);
    node_id *args = arena_array(p->memory, node_id, x.n_args);
    for (uint32_t k = 0; k < x.n_args; k++) args[k] = subst_node(s, x.arg[k]);
    done = program_node(p, x.op, x.elem, args, x.n_args, &x.imm, x.at);
    map_put(p->memory, &s->nodes, n, done);
    return done;
}

node_id program_substitute(program *p, node_id n, const ivar_id *from, const node_id *to, uint32_t count)
{
    subst s = {.p = p};
    for (uint32_t k = 0; k < count; k++) {
        vec_push(p->memory, &s.from, from[k]);
        vec_push(p->memory, &s.to, to[k]);
        ivar_list_add_free(p, &s.mentioned, to[k]);
    }
    return subst_node(&s, n);
}
