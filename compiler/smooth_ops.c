/* SPDX-License-Identifier: Apache-2.0
 *
 * smooth_ops.c: one case per operation of the set IR for the smoothness analysis; vectors, leaves and
 * accesses are here. In: a node and a context. Out: its fact, before what the context adds. Arithmetic:
 * smooth_scalar.c.
 */
#include "smooth_internal.h"

#include <math.h>

/* ------------------------------------------------------------------------------------------------ vectors */

static fact eval_norm(analysis *x, node_id id, const node *n, const context *c)
{
    node_id plain = smooth_plain(x, id);
    if (plain != id)
        return *smooth_eval(x, plain, c);
    const node v = x->p->nodes.at[n->arg[0]], w = x->p->nodes.at[smooth_plain(x, n->arg[0])];
    if (v.op == OP_PAIR_D || v.op == OP_RECIP_K)
        return smooth_distance(x, id, v.arg[0]);
    if (w.op == OP_NEG || w.op == OP_MUL || w.op == OP_DIV) {    /* |s v| = |s| |v| */
        node_id inner = w.arg[w.op == OP_MUL], scalar = w.arg[w.op == OP_DIV];
        fact f = *smooth_eval(x, node_1(x->p, OP_NORM, n->elem, inner, n->at), c);
        if (w.op == OP_NEG)
            return f;
        fact s = *smooth_eval(x, node_1(x->p, OP_ABS, n->elem, scalar, n->at), c);
        const char *problem = NULL;
        if (w.op == OP_DIV)
            s = fact_power(x->a, &s, -1, &problem);
        f = fact_multiply(x->a, &f, &s);
        fact_limit(&f, smooth_eval(x, n->arg[0], c)->order, smooth_eval(x, n->arg[0], c)->blame);
        return f;
    }
    fact f = *smooth_eval(x, n->arg[0], c);
    range_end zero = fact_zero_end(&f);
    f.base = SETIR_NONE;
    f.power = 0;
    f.constant = f.affine = false;
    f.touch = (touch){0};
    f.edge = f.n_edges ? arena_copy(x->a, f.edge, f.n_edges * sizeof *f.edge) : NULL;
    f.r = range_of(0, zero, INFINITY, END_OPEN);
    bool definite = f.definite;
    fact_settle(&f);
    f.definite = definite;
    if (!definite && smooth_varies(x, id))
        smooth_limit(x, &f, 0, id, false, "has a kink where the vector is zero");
    return f;
}

static fact eval_product(analysis *x, node_id id, const node *n, const context *c)
{
    const fact *l = smooth_eval(x, n->arg[0], c), *r = smooth_eval(x, n->arg[1], c);
    fact f = fact_multiply(x->a, l, r);
    bool keeps = n->op == OP_OUTER;
    f.constant = f.affine = false;
    f.base = SETIR_NONE;
    f.definite = f.nonzero = keeps && l->definite && r->definite;
    f.r = range_all;
    fact_settle(&f);
    (void)id;
    return f;
}

static fact eval_dot(analysis *x, node_id id, const node *n, const context *c)
{
    if (smooth_plain(x, n->arg[0]) != smooth_plain(x, n->arg[1]))
        return eval_product(x, id, n, c);
    node_id norm = smooth_plain(x, node_1(x->p, OP_NORM, elem_real(0), n->arg[0], n->at));
    return smooth_power(x, id, norm, 2, c);
}

/* any number of arguments that only come together */
static fact eval_gather(analysis *x, const node *n, const context *c)
{
    fact f = *smooth_eval(x, n->arg[0], c);
    for (uint32_t k = 1; k < n->n_args; k++)
        f = fact_join(x->a, &f, smooth_eval(x, n->arg[k], c));
    bool plain = true;
    for (uint32_t k = 0; k < f.n_edges; k++)
        plain &= f.edge[k].m == 0;
    for (uint32_t k = 0; k < 3 && n->op == OP_VEC3; k++) {
        const fact *part = smooth_eval(x, n->arg[k], c);
        f.nonzero |= fact_is_nonzero(part);
        f.definite |= part->definite && plain && part->n_edges == 0;
    }
    return f;
}

static fact eval_linear(analysis *x, const node *n, const context *c, uint32_t arg, double power)
{
    const fact *a = smooth_eval(x, n->arg[arg], c);
    fact f = *a;
    f.constant = f.affine = f.nonzero = f.definite = false;
    f.touch = (touch){0};
    f.base = SETIR_NONE;
    f.power = 0;
    f.r = range_all;
    f.edge = a->n_edges ? arena_copy(x->a, a->edge, a->n_edges * sizeof *a->edge) : NULL;
    for (uint32_t k = 0; k < f.n_edges; k++)
        f.edge[k].m *= power;
    fact_settle(&f);
    return f;
}

/* ------------------------------------------------------------------------------------------------- leaves */

static fact eval_const(const node *n)
{
    uint32_t count = elem_components(n->elem);
    if (count == 1)
        return fact_constant(n->imm.value[0], fabs(n->imm.value[0]));
    fact f = fact_opaque();
    bool any = count > 9;
    for (uint32_t k = 0; k < count && k < 9; k++) {
        any |= n->imm.value[k] != 0;
        range one = range_point(n->imm.value[k]);
        f.r = k ? range_hull(f.r, one) : one;
    }
    if (!any)
        return fact_constant(0, 0);
    if (n->elem.rank || count > 9)
        f.r = range_all;
    f.nonzero = f.definite = n->elem.rank != 0;
    return f;
}

static fact eval_positive(double least, range_end end)
{
    fact f = fact_opaque();
    f.r = range_of(least, end, INFINITY, END_OPEN);
    fact_settle(&f);
    return f;
}

static fact eval_index_real(analysis *x, const node *n)
{
    set_id s = x->p->nodes.at[n->arg[0]].elem.set;
    const set *d = &x->p->sets.at[s];
    fact f = eval_positive(0, END_CLOSED);
    if (d->kind == SET_RANGE)
        f.r = range_of(d->lo, END_CLOSED, d->hi, END_CLOSED);
    fact_settle(&f);
    return f;
}

/* the atomic number of a fixed element; -1 when it is not fixed */
static int32_t fixed_element(const analysis *x, const node *z)
{
    if (z->op == OP_SPECIES_CONST) return z->imm.k;
    if (z->op != OP_INDEX_SPECIES) return -1;
    const node *member = &x->p->nodes.at[z->arg[0]];
    return member->op == OP_INDEX_CONST ? x->p->sets.at[member->imm.set].species[member->imm.k] : -1;
}

static fact eval_protons(analysis *x, const node *n)
{
    const node z = x->p->nodes.at[smooth_plain(x, n->arg[0])];
    int32_t fixed = fixed_element(x, &z);
    if (fixed >= 0) return fact_constant(fixed, 0);
    bool atom = z.op == OP_INPUT || z.op == OP_INDEX_SPECIES || (z.op == OP_SPECIES_CONST && z.imm.k > 0);
    fact f = fact_opaque();
    f.r = range_of(atom ? 1 : 0, END_CLOSED, 118, END_CLOSED);   /* a vacancy has none */
    fact_settle(&f);
    return f;
}

static fact eval_jump(analysis *x, node_id id, const char *reason)
{
    fact f = fact_opaque();
    if (smooth_varies(x, id))
        smooth_limit(x, &f, -1, id, true, reason);
    return f;
}

/* the least number of elements of a set; there is always an atom */
static double least_count(const analysis *x, set_id id)
{
    const set *s = &x->p->sets.at[id];
    switch (s->kind) {
    case SET_BASE: return 1;
    case SET_RANGE: return s->hi - s->lo + 1;
    case SET_AXIS: case SET_SPECIES: return s->count;
    case SET_RANK: return s->parent == SETIR_NONE ? s->count : least_count(x, s->parent);
    case SET_PAIRS: case SET_DIFFER: case SET_RECIP: return 0;
    }
    return 0;
}

static fact eval_count(analysis *x, node_id id, const node *n)
{
    fact f = eval_jump(x, id, "jumps whenever one enters or leaves");
    f.r = range_of(n->n_args ? 0 : least_count(x, n->imm.set), END_CLOSED, INFINITY, END_OPEN);
    fact_settle(&f);
    return f;
}

/* nothing but the order of the arguments (indices: which element is meant) */
static fact eval_arguments(analysis *x, const node *n, const context *c)
{
    fact f = fact_opaque();
    for (uint32_t k = 0; k < n->n_args; k++) {
        const fact *a = smooth_eval(x, n->arg[k], c);
        fact_limit(&f, a->order, a->blame);
    }
    return f;
}

static fact eval_access(analysis *x, node_id id, const node *n, const context *c)
{
    node_id inlined = smooth_inline(x, id);
    if (inlined != id)
        return *smooth_eval(x, inlined, c);
    const def d = x->p->defs.at[n->imm.def];
    fact f = d.lib == LIB_NONE ? *smooth_eval(x, d.body, &x->root) : smooth_lib(x, &d, id);
    fact rest = eval_arguments(x, n, c);
    fact_limit(&f, rest.order, rest.blame);
    if (n->op == OP_PADGET)
        f.r = range_hull(f.r, range_point(0));
    if (n->op == OP_PADGET || d.lib != LIB_NONE) {
        f.constant = f.nonzero = f.definite = f.affine = false;
        f.base = SETIR_NONE;
        fact_settle(&f);
    }
    return f;
}

/* linear in the vector; the cell behind it is never singular */
static fact eval_projection(analysis *x, const node *n, const context *c, uint32_t vector)
{
    fact f = eval_linear(x, n, c, vector, 1);
    fact rest = eval_arguments(x, n, c);
    fact_limit(&f, rest.order, rest.blame);
    return f;
}

/* one channel of several, or a number among zeros */
static fact eval_picked(analysis *x, const node *n, const context *c, bool among_zeros)
{
    fact f = eval_linear(x, n, c, 0, 1);
    if (!among_zeros)
        f.r = smooth_eval(x, n->arg[0], c)->r;
    fact rest = eval_arguments(x, n, c);
    fact_limit(&f, rest.order, rest.blame);
    return f;
}

/* a polynomial: what vanishes at an edge vanishes in it only but for the constant part */
static fact eval_solid(analysis *x, const node *n, const context *c)
{
    fact f = fact_opaque();
    const fact *v = smooth_eval(x, n->arg[0], c);
    fact_limit(&f, v->order, v->blame);
    return f;
}

/* -------------------------------------------------------------------------------------------------- nodes */

fact smooth_operation(analysis *x, node_id id, const context *c)
{
    const node n = x->p->nodes.at[id];
    switch (n.op) {
    case OP_CONST: return eval_const(&n);
    case OP_BOOL_CONST:
    case OP_SPECIES_CONST:
    case OP_IVAR:
    case OP_INDEX_CONST:
    case OP_PARAM:
    case OP_INPUT:
    case OP_PAIR_I:
    case OP_PAIR_J:
    case OP_PAIR_REV:
    case OP_SPOT_HOST:
    case OP_INDEX_SPECIES:
    case OP_SPECIES_INDEX:
    case OP_INDEX_EQ:
    case OP_INDEX_LT: case OP_SPECIES_EQ: case OP_ELEMENT_DATA: case OP_SPOT_R:
    case OP_AND: case OP_OR: case OP_NOT:
        return eval_arguments(x, &n, c);
    case OP_ACCESS: case OP_PADGET: return eval_access(x, id, &n, c);
    case OP_NAMED:
    case OP_ASCRIBE: return *smooth_eval(x, n.arg[0], c);
    case OP_INDEX_REAL: return eval_index_real(x, &n);
    case OP_PROTONS: return eval_protons(x, &n);
    case OP_PAIR_D: case OP_RECIP_K: case OP_CELL_VEC: case OP_IDENTITY: {
        fact f = eval_arguments(x, &n, c);
        f.nonzero = f.definite = true;
        return f;
    }
    case OP_NIGGLI_VEC: return eval_jump(x, id, "jumps where the reduced cell changes");
    case OP_NEAREST: return eval_jump(x, id, "jumps where the closest image changes");
    case OP_VOLUME: return eval_positive(0, END_OPEN);
    case OP_FRAC: return eval_projection(x, &n, c, 0);
    case OP_PHASE: return eval_projection(x, &n, c, 1);
    case OP_LOOKUP: {                                            /* a field, or the second argument */
        fact f = eval_arguments(x, &n, c), field = fact_opaque();
        field = fact_join(x->a, &field, smooth_eval(x, n.arg[1], c));
        fact_limit(&field, f.order, f.blame);
        return field;
    }
    case OP_COUNT: return eval_count(x, id, &n);
    case OP_NEG: return fact_negate(x->a, smooth_eval(x, n.arg[0], c));
    case OP_ADD: case OP_SUB: return smooth_add(x, &n, c);
    case OP_MUL: return smooth_multiply(x, id, &n, c);
    case OP_DIV: return smooth_divide(x, id, &n, c);
    case OP_POW: return smooth_power(x, id, n.arg[0], n.imm.value[0], c);
    case OP_POWV: return smooth_powv(x, id, &n, c);
    case OP_EXP: case OP_LOG: case OP_SIN: case OP_COS: case OP_TAN: case OP_ASIN: case OP_ACOS: case OP_ATAN:
    case OP_SINH: case OP_COSH: case OP_TANH: case OP_ERF: case OP_ERFC: return smooth_function(x, id, &n, c);
    case OP_ATAN2: return smooth_atan2(x, id, &n, c);
    case OP_ABS: return smooth_abs(x, id, &n, c);
    case OP_SIGN: case OP_FLOOR: return smooth_step(x, id, &n, c);
    case OP_MIN2: case OP_MAX2: return smooth_extreme(x, id, &n, c);
    case OP_TABLE: return smooth_table(x, &n, c);
    case OP_SPLINE: return smooth_spline(x, id, &n, c);
    case OP_CUTOFF: return smooth_cutoff(x, id, &n, c);
    case OP_DOT: return eval_dot(x, id, &n, c);
    case OP_CROSS: case OP_OUTER: case OP_MATVEC: case OP_MATMUL: return eval_product(x, id, &n, c);
    case OP_NORM: return eval_norm(x, id, &n, c);
    case OP_COMP: case OP_TRANSPOSE: case OP_TRACE: return eval_linear(x, &n, c, 0, 1);
    case OP_DET: return eval_linear(x, &n, c, 0, 3);
    case OP_VEC3: case OP_CHANNEL_CAT: return eval_gather(x, &n, c);
    case OP_CHANNEL_GET: return *smooth_eval(x, n.arg[0], c);
    case OP_CHANNEL_AT: return eval_picked(x, &n, c, false);
    case OP_CHANNEL_PUT: return eval_picked(x, &n, c, true);
    case OP_SOLID: return eval_solid(x, &n, c);
    case OP_LINEAR: return eval_linear(x, &n, c, 0, 1);
    case OP_BILINEAR: return eval_product(x, id, &n, c);
    case OP_LT: case OP_LE: case OP_EQ: {
        fact f = eval_arguments(x, &n, c);
        if (smooth_varies(x, id))
            smooth_limit(x, &f, -1, id, true, "is a truth value that changes with the positions");
        return f;
    }
    case OP_SELECT: return smooth_select(x, id, c);
    case OP_REDUCE: return smooth_reduce(x, id, c);
    case OP_COUNT_: break;
    }
    return fact_opaque();
}
