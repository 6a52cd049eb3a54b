/* SPDX-License-Identifier: Apache-2.0
 *
 * known.c: In: a program. Out: the same with tensors over fixed sets that depend on no data replaced by their numbers, for
 * lowering. Those without a sum stay what they are, since rules know more of an expression than of a table; so do those that
 * would take long. The interpreter, which results are compared with, does not go through here.
 */
#include "known.h"

#include "curve.h"
#include "jet.h"

#include <math.h>

enum { PLACES_MOST = 1 << 14 };
#define WORK_MOST 1e6 /* some 50 ms */

typedef struct finder {
    arena *a;
    program *p;
    double *work; /* by node, < 0: not yet                                                          */
    uint32_t n_nodes; /* later ones are tables made here                                            */
    bool *seen;   /* by tensor                                                                      */
} finder;

/* steps that the value of a node takes when elements of tensors are there */
static double work_of(finder *x, node_id id)
{
    const node *n = &x->p->nodes.at[id];
    if (id >= x->n_nodes) return 1;
    if (x->work[id] >= 0) return x->work[id];
    double sum = 1;
    for (uint32_t k = 0; k < n->n_args; k++) sum += work_of(x, n->arg[k]);
    for (uint32_t k = 0; n->op == OP_REDUCE && k < n->imm.n_ivars; k++)
        sum *= 1 + (double)curve_set_size(x->p, x->p->ivars.at[n->imm.ivars[k]].set);
    return x->work[id] = sum;
}

typedef struct contents {
    VEC(def_id) tensors; /* each once */
    bool sum;
    bool *seen;          /* by node */
} contents;

static void look_into(const finder *x, contents *c, node_id id)
{
    const node *n = &x->p->nodes.at[id];
    if (c->seen[id]) return;
    c->seen[id] = true;
    c->sum |= n->op == OP_REDUCE;
    if (n->op == OP_ACCESS || n->op == OP_PADGET) {
        bool known = false;
        for (uint32_t k = 0; k < c->tensors.n; k++) known |= c->tensors.at[k] == n->imm.def;
        if (!known) vec_push(x->a, &c->tensors, n->imm.def);
    }
    for (uint32_t k = 0; k < n->n_args; k++) look_into(x, c, n->arg[k]);
}

static contents contents_of(const finder *x, node_id body)
{
    contents c = {.seen = arena_array(x->a, bool, x->p->nodes.n + 1)};
    look_into(x, &c, body);
    return c;
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

static double places_of(const program *p, const def *d)
{
    double places = 1;
    for (uint32_t k = 0; k < d->n_param; k++) places *= (double)curve_set_size(p, p->ivars.at[d->param[k]].set);
    return places;
}

/* of all elements, with those of the tensors that they are made of */
static double table_work(finder *x, bool *counted, def_id id)
{
    const def d = x->p->defs.at[id];
    if (counted[id] || d.lib != LIB_NONE) return 0;
    counted[id] = true;
    double sum = places_of(x->p, &d) * work_of(x, d.body);
    contents c = contents_of(x, d.body);
    for (uint32_t k = 0; k < c.tensors.n && sum < WORK_MOST; k++) sum += table_work(x, counted, c.tensors.at[k]);
    return sum;
}

static bool worth(finder *x, const def *d, const contents *c)
{
    bool plain = d->lib == LIB_NONE && !d->nested && d->n_param >= 1 && d->n_param <= JET_INDICES;
    return plain && c->sum && d->elem.kind == ELEM_REAL && elem_components(d->elem) == 1 && !x->p->nodes.at[d->body].moves;
}

static bool make_table(finder *x, def_id id, const contents *inside)
{
    program *p = x->p;
    const def d = p->defs.at[id];
    curve c;
    int64_t size[JET_INDICES];
    if (!worth(x, &d, inside) || !shape_of(x->a, p, &d, &c, size)) return false;
    if (table_work(x, arena_array(x->a, bool, p->defs.n), id) > WORK_MOST) return false;
    node_id index[JET_INDICES], culprit, dummy = node_const(p, 0x1.5bf0a8b145769p+1, unit_none(), d.at);
    const char *why;
    for (uint32_t k = 0; k < d.n_param; k++) index[k] = node_ivar(p, d.param[k], d.at);
    jet_function *f = jet_of(x->a, p, d.body, dummy, index, d.n_param, &culprit, &why);
    c.data = arena_array(x->a, double, c.places);
    if (!f || !fill(f, &c, size)) return false;
    p->defs.at[id].body = program_node(p, OP_TABLE, elem_real(0), index, d.n_param,
                                       &(node_imm){.curve = program_curve(p, c)}, d.at);
    return true;
}

/* what a table is made of need not be one as well */
static void visit(finder *x, def_id id)
{
    if (x->seen[id]) return;
    x->seen[id] = true;
    const def d = x->p->defs.at[id];
    if (d.lib_arg != SETIR_NONE && d.lib != LIB_NONE) visit(x, d.lib_arg);
    if (d.lib != LIB_NONE) return;
    contents c = contents_of(x, d.body);
    if (make_table(x, id, &c)) return;
    for (uint32_t k = 0; k < c.tensors.n; k++) visit(x, c.tensors.at[k]);
}

program *known_tables(arena *a, const program *from)
{
    finder x = {.a = a, .p = program_copy(a, from), .n_nodes = from->nodes.n};
    x.work = arena_array(a, double, x.n_nodes + 1);
    for (node_id n = 0; n < x.n_nodes; n++) x.work[n] = -1;
    x.seen = arena_array(a, bool, from->defs.n + 1);
    for (def_id id = 0; id < from->defs.n; id++)
        if (from->defs.at[id].output) visit(&x, id);
    return x.p;
}
