/* SPDX-License-Identifier: Apache-2.0
 *
 * ad_named.c: constants as their values. In: a program in which constants that derivatives are taken by have names
 * (OP_NAMED). Out: the same with every name replaced by its value, and a power with such an exponent by the power that
 * it is: nothing that comes later knows of names. Ids stay; replaced nodes are appended.
 */
#include "ad_internal.h"
#include "setir_eval.h"

bool ad_has_names(const program *p)
{
    for (uint32_t k = 0; k < p->nodes.n; k++)
        if (p->nodes.at[k].op == OP_NAMED) return true;
    return false;
}

static bool named_inside(const program *p, node_id n)
{
    const node *d = &p->nodes.at[n];
    bool has = d->op == OP_NAMED || (d->op == OP_ACCESS && p->defs.at[d->imm.def].lib == LIB_NONE &&
                                     named_inside(p, p->defs.at[d->imm.def].body));
    for (uint32_t k = 0; !has && k < d->n_args; k++) has = named_inside(p, d->arg[k]);
    return has;
}

/* laws are inferred in the order of the nodes, so these stay where they are */
program *ad_values(arena *a, program *from)
{
    if (!ad_has_names(from)) return from;
    program *p = program_copy(a, from);
    for (uint32_t k = 0; k < p->nodes.n; k++) {
        node *n = &p->nodes.at[k];
        double power;
        if (n->op == OP_NAMED) {
            n->op = OP_ASCRIBE; /* the same value, without a name                                             */
            n->n_args = 1;
            n->imm = (node_imm){.unit = unit_none()};
        } else if (n->op == OP_POWV && named_inside(from, n->arg[1]) && eval_constant(p, n->arg[1], &power)) {
            n->op = OP_POW;
            n->n_args = 1;
            n->imm = (node_imm){.value = {power}, .unit = unit_none()};
        }
    }
    return p;
}

static bool uses(const program *p, node_id n, const bool *which, bool *seen)
{
    if (seen[n]) return false;
    seen[n] = true;
    const node *d = &p->nodes.at[n];
    if (d->op == OP_ACCESS || d->op == OP_PADGET) {
        const def *t = &p->defs.at[d->imm.def];
        if (which[d->imm.def] || (t->nested && t->lib == LIB_NONE && uses(p, t->body, which, seen))) return true;
    }
    for (uint32_t k = 0; k < d->n_args; k++)
        if (uses(p, d->arg[k], which, seen)) return true;
    return false;
}

bool ad_by_names(const program *p, bool *which)
{
    bool any = false;
    for (uint32_t k = 0; k < p->defs.n; k++) {
        const def *d = &p->defs.at[k];
        if (d->lib == LIB_NONE)
            which[k] = uses(p, d->body, which, arena_array(p->memory, bool, p->nodes.n));
        else
            which[k] = (lib_is_derivative(d->lib) && d->wrt.kind == WRT_NAMED) || which[d->lib_arg] ||
                       (d->lib == LIB_ALONG && which[d->along]);
        any |= which[k];
    }
    return any;
}

static node_id rebuilt(program *p, const node *n, const node_id *args)
{
    double power;
    if (n->op == OP_NAMED) return args[0];
    if (n->op == OP_POWV && args[1] != n->arg[1] && eval_constant(p, args[1], &power))
        return program_node(p, OP_POW, n->elem, args, 1, &(node_imm){.value = {power}}, n->at);
    return program_node(p, n->op, n->elem, args, n->n_args, &n->imm, n->at);
}

void ad_values_back(program *p)
{
    uint32_t n_nodes = p->nodes.n;
    node_id *to = arena_array(p->memory, node_id, n_nodes + 1);
    for (uint32_t k = 0; k < n_nodes; k++) {
        const node n = p->nodes.at[k];
        node_id *args = arena_array(p->memory, node_id, n.n_args + 1);
        bool same = n.op != OP_NAMED;
        for (uint32_t j = 0; j < n.n_args; j++) {
            args[j] = to[n.arg[j]];
            same &= args[j] == n.arg[j];
        }
        to[k] = same ? k : rebuilt(p, &n, args);
    }
    for (uint32_t k = 0; k < p->defs.n; k++)
        if (p->defs.at[k].lib == LIB_NONE) p->defs.at[k].body = to[p->defs.at[k].body];
    for (uint32_t k = 0; k < p->sets.n; k++)
        if (p->sets.at[k].cutoff != SETIR_NONE) p->sets.at[k].cutoff = to[p->sets.at[k].cutoff];
}
