/* SPDX-License-Identifier: Apache-2.0
 *
 * known.c: In: a program. Out: the same with tensors over fixed sets that depend on no data replaced by their numbers, for
 * lowering. Those without a sum stay what they are, since rules know more of an expression than of a table; so do those that
 * would take long. The interpreter, which results are compared with, does not go through here.
 */
#include "known.h"

#include "curve.h"
#include "jet.h"
#include "rewrite.h"

#include <math.h>

enum { PLACES_MOST = 1 << 14 };
#define WORK_MOST 1e6 /* some 50 ms */

/* steps that the value of a node takes, each node once per binding of its sums */
static double work_of(const program *p, double *work, node_id id)
{
    const node *n = &p->nodes.at[id];
    if (work[id] >= 0) return work[id];
    double sum = 1;
    for (uint32_t k = 0; k < n->n_args; k++) sum += work_of(p, work, n->arg[k]);
    if (n->op == OP_ACCESS && p->defs.at[n->imm.def].lib == LIB_NONE) sum += work_of(p, work, p->defs.at[n->imm.def].body);
    for (uint32_t k = 0; n->op == OP_REDUCE && k < n->imm.n_ivars; k++)
        sum *= 1 + (double)curve_set_size(p, p->ivars.at[n->imm.ivars[k]].set);
    return work[id] = sum;
}

static bool has_sum(const program *p, bool *seen, node_id id)
{
    const node *n = &p->nodes.at[id];
    if (seen[id]) return false;
    seen[id] = true;
    bool sum = n->op == OP_REDUCE;
    for (uint32_t k = 0; !sum && k < n->n_args; k++) sum = has_sum(p, seen, n->arg[k]);
    return sum;
}

/* the table's sets and number of places; false: not over fixed sets, too large */
static bool shape_of(arena *a, const program *p, const def *d, curve *c, int64_t *size)
{
    int64_t places = 1;
    *c = (curve){.id = d->id, .n_domain = d->n_param, .unit = unit_none(), .unit_x = unit_none()};
    c->domain = arena_array(a, set_id, d->n_param + 1);
    for (uint32_t k = 0; k < d->n_param; k++) {
        const ivar *v = &p->ivars.at[d->param[k]];
        c->domain[k] = v->set;
        size[k] = curve_set_size(p, v->set);
        if (v->row != SETIR_NONE || size[k] <= 0 || (places *= size[k]) > PLACES_MOST) return false;
    }
    c->places = (uint32_t)places;
    return true;
}

static bool fill(jet_function *f, curve *c, const int64_t *size)
{
    for (uint32_t cell = 0; cell < c->places; cell++) {
        int64_t index[JET_INDICES], rest = cell;
        double zero = 0;
        for (uint32_t k = c->n_domain; k-- > 0; rest /= size[k]) index[k] = rest % size[k];
        jet_eval(f, index, &zero, 1, 1, 1, &c->data[cell]);
        if (!isfinite(c->data[cell])) return false;
    }
    return true;
}

static bool worth(arena *a, const program *p, const def *d)
{
    bool plain = d->lib == LIB_NONE && !d->nested && d->n_param >= 1 && d->n_param <= JET_INDICES;
    if (!plain || d->elem.kind != ELEM_REAL || elem_components(d->elem) != 1 || p->nodes.at[d->body].moves) return false;
    return has_sum(p, arena_array(a, bool, p->nodes.n + 1), d->body);
}

static void make_table(arena *a, program *p, def_id id)
{
    const def d = p->defs.at[id];
    curve c;
    int64_t size[JET_INDICES];
    if (!worth(a, p, &d) || !shape_of(a, p, &d, &c, size)) return;
    double *work = arena_array(a, double, p->nodes.n + 1);
    for (node_id n = 0; n < p->nodes.n; n++) work[n] = -1;
    if (work_of(p, work, d.body) * c.places > WORK_MOST) return;
    node_id index[JET_INDICES], culprit, dummy = node_const(p, 0x1.5bf0a8b145769p+1, unit_none(), d.at);
    const char *why;
    for (uint32_t k = 0; k < d.n_param; k++) index[k] = node_ivar(p, d.param[k], d.at);
    jet_function *f = jet_of(a, p, d.body, dummy, index, d.n_param, &culprit, &why);
    c.data = arena_array(a, double, c.places);
    if (!f || !fill(f, &c, size)) return;
    p->defs.at[id].body = program_node(p, OP_TABLE, elem_real(0), index, d.n_param,
                                       &(node_imm){.curve = program_curve(p, c)}, d.at);
}

program *known_tables(arena *a, const program *from)
{
    program *p = program_copy(a, from);
    for (def_id id = 0; id < p->defs.n; id++) make_table(a, p, id);
    return p;
}
