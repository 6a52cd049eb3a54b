/* SPDX-License-Identifier: Apache-2.0
 *
 * verify_node.c: are the nodes of a program well formed? In: a program. Checked: argument counts and types of each
 * operation, the sets of its indices, that arguments come before, what it names exists.
 */
#include "verify.h"

#include "curve.h"
#include "irreps.h"

/* ----------------------------------------------------------------------------------------- node arguments */

static void node_fault(verifier *v, const char *what)
{
    verify_fault(v, "%%%u (%s): %s", v->id, op_table[v->n->op].text, what);
}

static const node *arg(const verifier *v, uint32_t k)
{
    return &v->p->nodes.at[v->n->arg[k]];
}

static bool is_real(elem e, int rank)
{
    return e.kind == ELEM_REAL && e.rank == rank && e.channels == 0;
}

/* rank 0, with or without channels */
static bool is_scalar(elem e)
{
    return e.kind == ELEM_REAL && e.rank == 0;
}

/* e takes part in an elementwise operation with result r: the same, or a plain scalar beside channels; beside
 * irreps it would not turn with them */
static bool spreads(elem e, elem r)
{
    return elem_equal(e, r) || (is_real(e, 0) && r.kind == ELEM_REAL && r.channels && !r.irreps);
}

static bool index_of(const verifier *v, uint32_t k, set_kind kind)
{
    elem e = arg(v, k)->elem;
    return e.kind == ELEM_INDEX && verify_set_is(v->p, e.set, kind);
}

static const set *arg_set(const verifier *v, uint32_t k)
{
    return &v->p->sets.at[arg(v, k)->elem.set];
}

static void want(verifier *v, bool good, const char *what)
{
    if (!good) node_fault(v, what);
}

static void want_result(verifier *v, elem e)
{
    want(v, elem_equal(v->n->elem, e), "the result has another type");
}

/* index arguments fit a list of sets */
static void want_indices(verifier *v, uint32_t n, const set_id *sets)
{
    want(v, v->n->n_args == n, "one index for each set of the domain");
    for (uint32_t k = 0; v->ok && k < n; k++)
        want(v, elem_equal(arg(v, k)->elem, elem_index(sets[k])), "an index belongs to another set");
}

static void check_access(verifier *v)
{
    const def *d = &v->p->defs.at[v->n->imm.def];
    want(v, v->n->n_args == d->n_param, "one index for each set of the tensor");
    for (uint32_t k = 0; v->ok && k < d->n_param; k++) {
        set_id s = v->p->ivars.at[d->param[k]].set;
        if (v->n->op == OP_ACCESS)
            want(v, elem_equal(arg(v, k)->elem, elem_index(s)), "an index belongs to another set");
        else
            want(v, verify_set_is(v->p, s, SET_RANK) && (index_of(v, k, SET_RANK) || index_of(v, k, SET_RANGE)),
                 "padding works from one rank set to another");
    }
    want_result(v, d->elem);
}

static void check_leaf(verifier *v)
{
    const node *n = v->n;
    const program *p = v->p;
    switch ((int)n->op) {
    case OP_CONST:
        want(v, n->elem.kind == ELEM_REAL && elem_components(n->elem) <= 9, "a real of at most 9 numbers");
        break;
    case OP_BOOL_CONST:
        want(v, n->imm.k == 0 || n->imm.k == 1, "0 or 1");
        want_result(v, elem_bool());
        break;
    case OP_SPECIES_CONST:
        want(v, n->imm.k >= 0 && n->imm.k <= 118, "an atomic number, or 0 for a vacancy");
        want_result(v, elem_species());
        break;
    case OP_IVAR: want_result(v, elem_index(p->ivars.at[n->imm.ivar].set)); break;
    case OP_INDEX_CONST:
        want(v, n->imm.k >= 0, "elements are numbered from 0");
        want_result(v, elem_index(n->imm.set));
        break;
    case OP_INPUT:
        want_indices(v, p->inputs.at[n->imm.input].n_domain, p->inputs.at[n->imm.input].domain);
        want_result(v, p->inputs.at[n->imm.input].elem);
        break;
    case OP_PARAM:
        want_indices(v, p->params.at[n->imm.param].n_domain, p->params.at[n->imm.param].domain);
        want_result(v, p->params.at[n->imm.param].elem);
        break;
    default: check_access(v); break;
    }
}

static void check_named(verifier *v)
{
    bool same = v->n->n_args && v->n->elem.kind == ELEM_REAL && elem_equal(arg(v, 0)->elem, v->n->elem);
    want(v, same, "a real of its own type");
    for (uint32_t k = 1; k < v->n->n_args; k++)
        want(v, arg(v, k)->elem.kind == ELEM_INDEX, "constants are indexed by indices");
}

static void check_index(verifier *v)
{
    switch ((int)v->n->op) {
    case OP_PAIR_I:
    case OP_PAIR_J:
    case OP_PAIR_REV:
    case OP_PAIR_D:
        if (!index_of(v, 0, SET_PAIRS)) return node_fault(v, "an index of a pair set");
        want_result(v, v->n->op == OP_PAIR_D     ? elem_real(1)
                       : v->n->op == OP_PAIR_REV ? arg(v, 0)->elem
                                                 : elem_index(arg_set(v, 0)->parent));
        break;
    case OP_SPOT_HOST:
    case OP_SPOT_R:
        if (!index_of(v, 0, SET_DIFFER)) return node_fault(v, "an index of a differ set");
        want_result(v, v->n->op == OP_SPOT_R ? elem_real(1) : elem_index(arg_set(v, 0)->host));
        break;
    case OP_INDEX_REAL:
        want(v, index_of(v, 0, SET_RANGE) || index_of(v, 0, SET_RANK), "an index of a range or rank set");
        want_result(v, elem_real(0));
        break;
    case OP_INDEX_SPECIES:
        want(v, index_of(v, 0, SET_SPECIES), "an index of a species set");
        want_result(v, elem_species());
        break;
    case OP_SPECIES_INDEX:
        want(v, arg(v, 0)->elem.kind == ELEM_SPECIES && verify_set_is(v->p, v->n->imm.set, SET_SPECIES),
             "a species and a set of them");
        want_result(v, elem_index(v->n->imm.set));
        break;
    default:
        want(v, arg(v, 0)->elem.kind == ELEM_INDEX && elem_equal(arg(v, 0)->elem, arg(v, 1)->elem),
             "two indices of one set");
        want_result(v, elem_bool());
        break;
    }
}

static void check_count(verifier *v)
{
    const node *n = v->n;
    want(v, n->n_args <= 1, "a set, and at most the start of a row");
    if (v->ok && n->n_args == 1)
        want(v,
             verify_set_is(v->p, n->imm.set, SET_PAIRS) &&
                 elem_equal(arg(v, 0)->elem, elem_index(v->p->sets.at[n->imm.set].parent)),
             "the row of a pair set is given by an index of its parent");
    want_result(v, elem_real(0));
}

static void check_lookup(verifier *v)
{
    const input *in = &v->p->inputs.at[v->n->imm.input];
    if (!index_of(v, 0, SET_DIFFER)) return node_fault(v, "an index of a differ set");
    want(v, in->n_domain == 1 && in->domain[0] == arg_set(v, 0)->sample, "a field of the sample's sites");
    want(v, elem_equal(arg(v, 1)->elem, in->elem), "the value for vacant sites has the field's type");
    want_result(v, in->elem);
}

static void check_curve(verifier *v)
{
    const node *n = v->n;
    const curve *c = &v->p->curves.at[n->imm.curve];
    uint32_t first = n->op == OP_SPLINE;
    want(v, (c->pieces > 0) == first, "plain numbers for a table, pieces for a spline");
    want(v, n->n_args == first + c->n_domain, "one index for each set of the curve");
    want(v, !first || (v->ok && is_real(arg(v, 0)->elem, 0) && n->imm.k >= 0), "a scalar");
    for (uint32_t k = 0; v->ok && k < c->n_domain; k++)
        want(v, elem_equal(arg(v, first + k)->elem, elem_index(c->domain[k])), "an index belongs to another set");
    want_result(v, elem_real(0));
}

static void check_geometry(verifier *v)
{
    const node *n = v->n;
    bool lattice = !(op_table[n->op].imm & IMM_SLOT) || v->p->slots.at[n->imm.slot].axes;
    want(v, lattice, "a slot with a lattice");
    if (!v->ok) return;
    switch ((int)n->op) {
    case OP_RECIP_K:
        want(v, index_of(v, 0, SET_RECIP), "an index of a reciprocal set");
        want_result(v, elem_real(1));
        break;
    case OP_CELL_VEC:
    case OP_NIGGLI_VEC:
        want(v, index_of(v, 0, SET_AXIS) && arg_set(v, 0)->slot == n->imm.slot,
             "an axis of the slot's lattice");
        want(v, n->op == OP_CELL_VEC || v->p->slots.at[n->imm.slot].axes == 7, "a lattice along three axes");
        want_result(v, elem_real(1));
        break;
    case OP_VOLUME: want_result(v, elem_real(0)); break;
    case OP_FRAC:
        want(v, is_real(arg(v, 0)->elem, 1), "a vector");
        want(v, index_of(v, 1, SET_AXIS) && arg_set(v, 1)->slot == n->imm.slot,
             "an axis of the slot's lattice");
        want_result(v, elem_real(0));
        break;
    case OP_PHASE:
        want(v, index_of(v, 0, SET_RECIP) && is_real(arg(v, 1)->elem, 1),
             "an index of a reciprocal set and a vector");
        want_result(v, elem_real(0));
        break;
    case OP_NEAREST:
        want(v, is_real(arg(v, 0)->elem, 1), "a vector");
        want_result(v, elem_real(1));
        break;
    case OP_COUNT: check_count(v); break;
    case OP_LOOKUP: check_lookup(v); break;
    case OP_TABLE:
    case OP_SPLINE: check_curve(v); break;
    default:
        want(v, arg(v, 0)->elem.kind == ELEM_SPECIES, "a species");
        want_result(v, elem_real(0));
        break;
    }
}

static void check_arithmetic(verifier *v)
{
    elem e = v->n->elem;
    switch ((int)v->n->op) {
    case OP_NEG:
        want(v, e.kind == ELEM_REAL && elem_equal(arg(v, 0)->elem, e), "a real, its type kept");
        break;
    case OP_ADD:
    case OP_SUB:
        want(v, spreads(arg(v, 0)->elem, e) && spreads(arg(v, 1)->elem, e) && e.kind == ELEM_REAL,
             "two reals of one rank");
        break;
    case OP_MUL:
    case OP_DIV: {
        uint32_t s = v->n->op == OP_DIV; /* which argument is the scalar */
        want(v, is_scalar(arg(v, s)->elem) && (spreads(arg(v, s)->elem, e) || !arg(v, s)->elem.channels),
             "a scalar where the rank is kept by the other");
        want(v, spreads(arg(v, !s)->elem, e), "the type of the result");
        break;
    }
    case OP_POWV:
    case OP_ATAN2:
    case OP_MIN2:
    case OP_MAX2:
        want(v, is_scalar(e) && spreads(arg(v, 0)->elem, e) && spreads(arg(v, 1)->elem, e), "two scalars");
        break;
    case OP_CUTOFF:
        want(v, v->n->imm.k >= 1 && v->n->imm.k <= 16, "an envelope of order 1 to 16");
        want(v, is_scalar(e) && elem_equal(arg(v, 0)->elem, e), "a scalar");
        break;
    default: want(v, is_scalar(e) && elem_equal(arg(v, 0)->elem, e), "a scalar"); break;
    }
}

/* ranks of the arguments and the result, by operation */
typedef struct shape {
    node_op op;
    int8_t arg[3], result;
} shape;
static const shape tensor_shapes[] = {
    {OP_CROSS, {1, 1, -1}, 1},  {OP_OUTER, {1, 1, -1}, 2},  {OP_VEC3, {0, 0, 0}, 1},
    {OP_MATVEC, {2, 1, -1}, 1}, {OP_MATMUL, {2, 2, -1}, 2}, {OP_TRANSPOSE, {2, -1, -1}, 2},
    {OP_TRACE, {2, -1, -1}, 0}, {OP_DET, {2, -1, -1}, 0},   {OP_IDENTITY, {-1, -1, -1}, 2},
};

static void check_tensor(verifier *v)
{
    const node *n = v->n;
    elem a = n->n_args ? arg(v, 0)->elem : elem_real(0);
    for (size_t k = 0; k < sizeof tensor_shapes / sizeof *tensor_shapes; k++) {
        if (tensor_shapes[k].op != n->op) continue;
        for (uint32_t j = 0; j < n->n_args; j++)
            want(v, is_real(arg(v, j)->elem, tensor_shapes[k].arg[j]), "arguments of other ranks");
        want_result(v, elem_real((uint8_t)tensor_shapes[k].result));
        return;
    }
    want(v, a.kind == ELEM_REAL, "a real");
    if (n->op == OP_DOT) want(v, elem_components(a) > 1 && elem_equal(a, arg(v, 1)->elem), "two of one rank");
    if (n->op == OP_COMP)
        want(v, a.rank > 0 && n->imm.k >= 0 && (uint32_t)n->imm.k < elem_components(a),
             "a component that exists");
    want_result(v, elem_real(0));
}

/* a channel of the argument and one of the result that turn alike */
static bool same_channel(const program *p, elem e, uint32_t c, elem result, uint32_t at)
{
    const irreps *from = irreps_of(p, e), *to = irreps_of(p, result);
    const irrep plain = {UINT16_MAX, 0, false};
    irrep_place a = irreps_place(from ? from : &(irreps){(irrep *)&plain, 1}, c),
                b = irreps_place(to ? to : &(irreps){(irrep *)&plain, 1}, at);
    return a.l == b.l && a.m == b.m && a.odd == b.odd;
}

/* range indices from the first on that number `channels` channels */
static void want_places(verifier *v, uint32_t channels)
{
    int64_t count = 1;
    want(v, v->n->n_args > 1, "indices that select a channel");
    for (uint32_t k = 1; v->ok && k < v->n->n_args; k++) {
        if (!index_of(v, k, SET_RANGE)) return node_fault(v, "an index of a range selects a channel");
        count *= (int64_t)arg_set(v, k)->hi - arg_set(v, k)->lo + 1;
        want(v, count <= CHANNELS_MOST, "fewer channels");
    }
    want(v, count == channels, "as many channels as the ranges have places");
}

static void check_irreps(verifier *v)
{
    const node *n = v->n;
    elem a = arg(v, 0)->elem;
    switch ((int)n->op) {
    case OP_CHANNEL_AT:
        want(v, is_scalar(a) && a.channels, "channels");
        want_places(v, a.channels);
        want_result(v, elem_real(0));
        return;
    case OP_CHANNEL_PUT:
        want(v, is_real(a, 0), "a plain scalar");
        want(v, is_scalar(n->elem) && n->elem.channels, "channels as the result");
        want_places(v, n->elem.channels);
        return;
    case OP_SOLID: {
        const irreps *r = irreps_of(v->p, n->elem);
        want(v, is_real(a, 1), "a vector");
        want(v, n->imm.k >= 0 && n->imm.k <= IRREPS_L_MOST && r && r->n == (uint32_t)n->imm.k + 1, "a degree");
        for (uint32_t l = 0; v->ok && l < r->n; l++)
            want(v, r->part[l].l == l && r->part[l].copies == 1 && r->part[l].odd == (l % 2 != 0),
                 "the irreps of spherical harmonics as the result");
        return;
    }
    default: break;
    }
    const product_table *t = &v->p->tables.at[n->imm.table];
    want(v, elem_equal(a, t->a), "the table's first operand");
    want(v, elem_equal(n->op == OP_LINEAR ? elem_real(0) : arg(v, 1)->elem, t->b), "the table's second operand");
    want_result(v, t->to);
}

void verify_table(verifier *v, uint32_t id)
{
    const product_table *t = &v->p->tables.at[id];
    const elem of[3] = {t->a, t->b, t->to};
    for (int k = 0; k < 3; k++) {
        verify_elem(v, "T", id, of[k]);
        if (v->ok && of[k].kind != ELEM_REAL) verify_fault(v, "T%u: a table is of reals", id);
    }
    for (uint32_t k = 0; v->ok && k < t->n; k++) {
        const product_term *x = &t->term[k];
        if (x->i >= elem_components(t->a) || x->j >= elem_components(t->b) || x->k >= elem_components(t->to))
            verify_fault(v, "T%u: a component that does not exist", id);
    }
}

static void check_channels(verifier *v)
{
    const node *n = v->n;
    if (n->op > OP_CHANNEL_GET) return check_irreps(v);
    if (n->op == OP_CHANNEL_GET) {
        elem a = arg(v, 0)->elem;
        want(v, is_scalar(a) && n->imm.k >= 0 && (uint32_t)n->imm.k < elem_components(a),
             "a channel that exists");
        want_result(v, elem_real(0));
        return;
    }
    uint32_t total = 0;
    for (uint32_t k = 0; k < n->n_args; k++) {
        want(v, is_scalar(arg(v, k)->elem), "scalars, with or without channels");
        total += elem_components(arg(v, k)->elem);
    }
    want(v, n->n_args && is_scalar(n->elem) && n->elem.channels == total,
         "as many channels as the arguments have");
    uint32_t at = 0;
    for (uint32_t k = 0; v->ok && k < n->n_args; k++)
        for (uint32_t c = 0; c < elem_components(arg(v, k)->elem); c++)
            want(v, same_channel(v->p, arg(v, k)->elem, c, n->elem, at++), "irreps one after the other");
}

static void check_truth(verifier *v)
{
    const node *n = v->n;
    elem a = arg(v, 0)->elem;
    switch ((int)n->op) {
    case OP_LT:
    case OP_LE:
    case OP_EQ: want(v, is_real(a, 0) && is_real(arg(v, 1)->elem, 0), "two plain scalars"); break;
    case OP_SPECIES_EQ:
        want(v, a.kind == ELEM_SPECIES && arg(v, 1)->elem.kind == ELEM_SPECIES, "two species");
        break;
    case OP_SELECT:
        want(v, a.kind == ELEM_BOOL, "a condition");
        want(v, elem_equal(arg(v, 1)->elem, n->elem) && elem_equal(arg(v, 2)->elem, n->elem),
             "two sides of one type");
        return;
    default:
        for (uint32_t k = 0; k < n->n_args; k++) want(v, arg(v, k)->elem.kind == ELEM_BOOL, "truth values");
        break;
    }
    want_result(v, elem_bool());
}

static void check_reduce(verifier *v)
{
    const node *n = v->n;
    want(v, n->n_args == 1 || n->n_args == 2, "a body and perhaps a condition");
    want(v, n->imm.n_ivars > 0, "at least one index variable");
    if (!v->ok) return;
    want(v, elem_equal(arg(v, 0)->elem, n->elem) && n->elem.kind == ELEM_REAL, "a real body, its type kept");
    want(v, n->n_args == 1 || arg(v, 1)->elem.kind == ELEM_BOOL, "a condition");
    bool linear = n->imm.reduce == RED_SUM || n->imm.reduce == RED_MEAN;
    want(v, linear || is_scalar(n->elem), "a product or an extreme of scalars");
    for (uint32_t k = 0; k < n->imm.n_ivars; k++)
        for (uint32_t j = 0; j < k; j++)
            want(v, n->imm.ivars[j] != n->imm.ivars[k], "an index variable bound twice");
}

/* ids that the node carries exist and lie before it */
static void verify_references(verifier *v)
{
    const program *p = v->p;
    const node *n = v->n;
    const node_imm *m = &n->imm;
    for (uint32_t k = 0; k < n->n_args; k++)
        want(v, n->arg[k] < v->id, "an argument that does not stand before it");
    uint32_t use = op_table[n->op].imm;
    want(v, !(use & IMM_SLOT) || m->slot < p->slots.n, "no such slot");
    want(v, !(use & IMM_IVAR) || m->ivar < p->ivars.n, "no such index variable");
    want(v, !(use & IMM_SET) || m->set < p->sets.n, "no such set");
    want(v, !(use & IMM_INPUT) || m->input < p->inputs.n, "no such input");
    want(v, !(use & IMM_DEF) || m->def < p->defs.n, "no such tensor");
    want(v, !(use & IMM_PARAM) || m->param < p->params.n, "no such parameter");
    want(v, !(use & IMM_CURVE) || m->curve < p->curves.n, "no such curve");
    want(v, !(use & IMM_TABLE) || m->table < p->tables.n, "no such table");
    for (uint32_t k = 0; v->ok && k < m->n_ivars; k++)
        want(v, m->ivars[k] < p->ivars.n, "no such index variable");
    for (uint32_t k = 0; v->ok && k < (n->op == OP_IVAR ? 1 : m->n_ivars); k++) {
        const ivar *x = &p->ivars.at[n->op == OP_IVAR ? m->ivar : m->ivars[k]];
        want(v, (x->row == SETIR_NONE || x->row < v->id) && (x->to == SETIR_NONE || x->to < v->id),
             "an index variable whose row comes later");
    }
    for (uint32_t k = 0; k < n->n_free; k++) want(v, n->free[k] < p->ivars.n, "no such index variable");
}

static uint32_t latest(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/* the latest set that the node reaches, itself or through arguments, rows and tensors before it */
static void reach_of(verifier *v)
{
    const node *n = v->n;
    const program *p = v->p;
    uint32_t tops = n->elem.kind == ELEM_INDEX ? n->elem.set + 1 : 0;
    for (uint32_t k = 0; k < n->n_args; k++) {
        tops = latest(tops, v->top_set[n->arg[k]]);
    }
    if (op_table[n->op].imm & IMM_SET) tops = latest(tops, n->imm.set + 1);
    for (uint32_t k = 0; k < (n->op == OP_IVAR ? 1 : n->imm.n_ivars); k++) {
        const ivar *x = &p->ivars.at[n->op == OP_IVAR ? n->imm.ivar : n->imm.ivars[k]];
        const node_id range[2] = {x->row, x->to};
        tops = latest(tops, x->set + 1);
        for (int j = 0; j < 2; j++)
            if (range[j] != SETIR_NONE) tops = latest(tops, v->top_set[range[j]]);
    }
    if (op_table[n->op].imm & IMM_DEF) {
        const def *d = &p->defs.at[n->imm.def];
        while (d->lib != LIB_NONE) d = &p->defs.at[d->lib_arg];
        if (d->body < v->id) tops = latest(tops, v->top_set[d->body]);
    }
    v->top_set[v->id] = tops;
}

void verify_node(verifier *v, node_id id)
{
    v->id = id;
    v->n = &v->p->nodes.at[id];
    if (v->n->op >= OP_COUNT_) return verify_fault(v, "%%%u: no such operation", id);
    verify_elem(v, "%", id, v->n->elem);
    int args = op_table[v->n->op].args;
    want(v, args < 0 || v->n->n_args == (uint32_t)args, "another number of arguments");
    verify_references(v);
    if (!v->ok) return;
    node_op op = v->n->op;
    if (op <= OP_PADGET)
        check_leaf(v);
    else if (op <= OP_INDEX_LT || op == OP_PAIR_D || op == OP_SPOT_R)
        check_index(v);
    else if (op <= OP_LOOKUP)
        check_geometry(v);
    else if (op <= OP_CUTOFF)
        check_arithmetic(v);
    else if (op <= OP_IDENTITY)
        check_tensor(v);
    else if (op <= OP_BILINEAR)
        check_channels(v);
    else if (op <= OP_SELECT)
        check_truth(v);
    else if (op == OP_REDUCE)
        check_reduce(v);
    else if (op == OP_NAMED)
        check_named(v);
    else
        want(v,
             elem_equal(v->n->elem, arg(v, 0)->elem), "the same type");
    if (v->ok) reach_of(v);
}
