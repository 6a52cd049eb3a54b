/* SPDX-License-Identifier: Apache-2.0
 *
 * interp_node.c: what each operation means, one case each. In: a node whose arguments can be evaluated. Out: its value.
 * Not here: sums, tensors (interp.c), library operations (interp_lib.c).
 */
#include "interp_internal.h"

#include "curve.h"
#include "harmonics.h"
#include "setir_eval.h"

#include <math.h>
#include <string.h>

/* ------------------------------------------------------------------------------------------------- inputs */

/* A value of an input: rows run over the first set of the domain (all frames concatenated) when its size
 * depends on the data, else over frames; the other sets have fixed sizes. */
static void input_value(interp *x, input_id id, const int64_t *index, double *out)
{
    const input *in = &x->p->inputs.at[id];
    bool per_element = in->n_domain && x->p->sets.at[in->domain[0]].kind <= SET_RECIP;
    int64_t at = per_element ? interp_first(x, in->domain[0]) + index[0] : x->frame;
    for (uint32_t k = per_element; k < in->n_domain; k++)
        at = at * interp_set_size(x, in->domain[k]) + index[k];
    uint32_t components = elem_components(in->elem);
    const void *data = x->view->input[id];
    for (uint32_t c = 0; c < components; c++)
        out[c] = in->elem.kind == ELEM_SPECIES ? ((const int32_t *)data)[at]
                                               : ((const double *)data)[at * components + c];
}

static void eval_input(interp *x, const node *n, double *out)
{
    int64_t index[INTERP_SETS];
    if (n->n_args > INTERP_SETS)
        interp_fail(x, MTX_EUNSUPPORTED, "a tensor over too many sets for the interpreter");
    for (uint32_t k = 0; k < n->n_args; k++) index[k] = interp_index(x, n->arg[k]);
    input_value(x, n->imm.input, index, out);
}

static void eval_param(interp *x, const node *n, double *out)
{
    int64_t at = 0;
    for (uint32_t k = 0; k < n->n_args; k++)
        at = at * interp_set_size(x, x->p->nodes.at[n->arg[k]].elem.set) + interp_index(x, n->arg[k]);
    uint32_t components = elem_components(n->elem);
    uint64_t first = x->p->params.at[n->imm.param].first;
    if (!x->view->param) interp_fail(x, MTX_EINVAL, "the program has parameters, but none are given");
    for (uint32_t c = 0; c < components; c++) out[c] = x->view->param[first + (uint64_t)at * components + c];
}

/* the sample's value at a spot, the second argument where the sample has no atom there */
static void eval_lookup(interp *x, const node *n, double *out)
{
    set_id spots = x->p->nodes.at[n->arg[0]].elem.set;
    int64_t at = interp_index(x, n->arg[0]) + interp_first(x, spots);
    int32_t atom = x->view->set[spots].j[at];
    if (atom < 0) {
        memcpy(out, interp_eval(x, n->arg[1]), elem_components(n->elem) * sizeof *out);
        return;
    }
    int64_t index = atom - interp_first(x, x->p->sets.at[spots].sample);
    input_value(x, n->imm.input, &index, out);
}

/* ----------------------------------------------------------------------------------- indices and geometry */

static double eval_species_index(interp *x, const node *n)
{
    const set *s = &x->p->sets.at[n->imm.set];
    const double z = *interp_eval(x, n->arg[0]);
    for (int32_t k = 0; k < s->count; k++)
        if (s->species[k] == z) return k;
    interp_fail(x, MTX_EDATA, "an element that is not in the list");
}

static double eval_set_index(interp *x, const node *n)
{
    if (n->op == OP_SPECIES_INDEX) return eval_species_index(x, n);
    node_id a = n->n_args ? n->arg[0] : 0;
    set_id s = n->n_args ? x->p->nodes.at[a].elem.set : 0;
    const set *d = &x->p->sets.at[s];
    const mtx_set_view *view = x->view ? &x->view->set[s] : NULL;
    int64_t e = n->n_args ? interp_index(x, a) : 0, at = n->n_args ? e + interp_first(x, s) : 0;
    switch ((int)n->op) {
    case OP_PAIR_I: return (double)(view->i[at] - interp_first(x, d->parent));
    case OP_PAIR_J: return (double)(view->j[at] - interp_first(x, d->parent));
    case OP_PAIR_REV: return (double)(view->rev[at] - interp_first(x, s));
    case OP_SPOT_HOST: return (double)(view->i[at] - interp_first(x, d->host));
    case OP_INDEX_REAL: return (double)(d->kind == SET_RANGE ? d->lo + e : e);
    case OP_INDEX_SPECIES: return d->species[e];
    case OP_INDEX_EQ: return (double)e == *interp_eval(x, n->arg[1]);
    case OP_INDEX_LT: return (double)e < *interp_eval(x, n->arg[1]);
    default: return NAN;
    }
}

static void eval_set_vector(interp *x, node_id a, double *out)
{
    set_id s = x->p->nodes.at[a].elem.set;
    int64_t at = interp_index(x, a) + interp_first(x, s);
    out[0] = x->view->set[s].x[at];
    out[1] = x->view->set[s].y[at];
    out[2] = x->view->set[s].z[at];
}

static double eval_count(interp *x, const node *n)
{
    if (n->n_args == 0) return (double)interp_set_size(x, n->imm.set);
    if (interp_set_size(x, n->imm.set) == 0) return 0;
    int64_t i = interp_index(x, n->arg[0]) + interp_first(x, x->p->sets.at[n->imm.set].parent);
    const int64_t *row = x->view->set[n->imm.set].row;
    return (double)(row[i + 1] - row[i]);
}

const double *interp_cell(const interp *x, uint32_t s)
{
    return x->view->cell[s] + 21 * x->frame;
}

/* number of the lattice vector that is element e of the set of periodic axes */
static int axis_of(const interp *x, uint32_t s, int64_t e)
{
    for (int k = 0; k < 3; k++)
        if ((x->p->slots.at[s].axes >> k & 1) && e-- == 0) return k;
    return 0;
}

static double eval_curve(interp *x, const node *n)
{
    const curve *c = &x->p->curves.at[n->imm.curve];
    uint32_t cell = 0, first = n->op == OP_SPLINE;
    for (uint32_t k = first; k < n->n_args; k++)
        cell = cell * (uint32_t)curve_set_size(x->p, c->domain[k - first]) + (uint32_t)interp_index(x, n->arg[k]);
    return curve_value(c, cell, first ? *interp_eval(x, n->arg[0]) : 0, n->imm.k);
}

static void eval_geometry(interp *x, const node *n, double *out)
{
    switch ((int)n->op) {
    case OP_PAIR_D:
    case OP_SPOT_R:
    case OP_RECIP_K: eval_set_vector(x, n->arg[0], out); break;
    case OP_CELL_VEC:
        memcpy(out, interp_cell(x, n->imm.slot) + 3 * axis_of(x, n->imm.slot, interp_index(x, n->arg[0])),
               3 * sizeof *out);
        break;
    case OP_NIGGLI_VEC:
        interp_niggli(x, n->imm.slot, axis_of(x, n->imm.slot, interp_index(x, n->arg[0])), out);
        break;
    case OP_VOLUME: *out = interp_cell(x, n->imm.slot)[18]; break;
    case OP_FRAC: {
        int k = axis_of(x, n->imm.slot, interp_index(x, n->arg[1]));
        const double *v = interp_eval(x, n->arg[0]), *inverse = interp_cell(x, n->imm.slot) + 9;
        *out = v[0] * inverse[k] + v[1] * inverse[3 + k] + v[2] * inverse[6 + k];
        break;
    }
    case OP_PHASE: {
        double k[3];
        eval_set_vector(x, n->arg[0], k);
        const double *v = interp_eval(x, n->arg[1]);
        *out = k[0] * v[0] + k[1] * v[1] + k[2] * v[2];
        break;
    }
    case OP_NEAREST: interp_nearest(x, n->imm.slot, interp_eval(x, n->arg[0]), out); break;
    case OP_COUNT: *out = eval_count(x, n); break;
    case OP_PROTONS: *out = *interp_eval(x, n->arg[0]); break;
    case OP_ELEMENT_DATA: *out = eval_element(n->imm.k, (int32_t)*interp_eval(x, n->arg[0])); break;
    case OP_TABLE:
    case OP_SPLINE: *out = eval_curve(x, n); break;
    default: eval_lookup(x, n, out); break;
    }
}

/* --------------------------------------------------------------------------------------------- arithmetic */

/* The value of a node, safe while others are evaluated: they may bind one of its index variables again. */
static const double *eval_held(interp *x, node_id n, double local[9])
{
    uint32_t components = elem_components(x->p->nodes.at[n].elem);
    double *copy = components <= 9 ? local : arena_array(&x->memory, double, components);
    return memcpy(copy, interp_eval(x, n), components * sizeof *copy);
}

/* elementwise, a plain scalar beside several components standing for each of them */
static void eval_elementwise(interp *x, const node *n, double *out)
{
    uint32_t components = elem_components(n->elem);
    double local[9];
    const double *a = eval_held(x, n->arg[0], local);
    uint32_t na = elem_components(x->p->nodes.at[n->arg[0]].elem);
    if (n->n_args == 1) {
        for (uint32_t c = 0; c < components; c++)
            out[c] = n->op == OP_POW      ? eval_power(a[c], n->imm.value[0])
                     : n->op == OP_CUTOFF ? eval_cutoff(a[c], n->imm.k)
                                          : eval_unary(n->op, a[c]);
        return;
    }
    const double *b = interp_eval(x, n->arg[1]);
    uint32_t nb = elem_components(x->p->nodes.at[n->arg[1]].elem);
    for (uint32_t c = 0; c < components; c++)
        out[c] = eval_binary(n->op, a[na > 1 ? c : 0], b[nb > 1 ? c : 0]);
}

static double dot_of(const double *a, const double *b, uint32_t n)
{
    double sum = 0;
    for (uint32_t c = 0; c < n; c++) sum += a[c] * b[c];
    return sum;
}

static double det_of(const double *a)
{
    return a[0] * (a[4] * a[8] - a[5] * a[7]) - a[1] * (a[3] * a[8] - a[5] * a[6]) +
           a[2] * (a[3] * a[7] - a[4] * a[6]);
}

static void eval_tensor(interp *x, const node *n, double *out)
{
    double local[9];
    const double *a = n->n_args > 0 ? eval_held(x, n->arg[0], local) : NULL;
    const double *b = n->n_args > 1 ? interp_eval(x, n->arg[1]) : NULL;
    uint32_t na = n->n_args ? elem_components(x->p->nodes.at[n->arg[0]].elem) : 0;
    switch ((int)n->op) {
    case OP_DOT: *out = dot_of(a, b, na); break;
    case OP_NORM: *out = sqrt(dot_of(a, a, na)); break;
    case OP_COMP: *out = a[n->imm.k]; break;
    case OP_CROSS:
        for (int k = 0; k < 3; k++)
            out[k] = a[(k + 1) % 3] * b[(k + 2) % 3] - a[(k + 2) % 3] * b[(k + 1) % 3];
        break;
    case OP_OUTER:
        for (int k = 0; k < 9; k++) out[k] = a[k / 3] * b[k % 3];
        break;
    case OP_VEC3:
        for (uint32_t k = 0; k < 3; k++) out[k] = *interp_eval(x, n->arg[k]);
        break;
    case OP_MATVEC:
        for (int k = 0; k < 3; k++) out[k] = dot_of(a + 3 * k, b, 3);
        break;
    case OP_MATMUL:
        for (int k = 0; k < 9; k++)
            out[k] =
                a[k - k % 3] * b[k % 3] + a[k - k % 3 + 1] * b[3 + k % 3] + a[k - k % 3 + 2] * b[6 + k % 3];
        break;
    case OP_TRANSPOSE:
        for (int k = 0; k < 9; k++) out[k] = a[3 * (k % 3) + k / 3];
        break;
    case OP_TRACE: *out = a[0] + a[4] + a[8]; break;
    case OP_DET: *out = det_of(a); break;
    default:
        for (int k = 0; k < 9; k++) out[k] = k % 4 == 0;
        break;
    }
}

/* which channel the indices from the first on select */
static int64_t channel_of(interp *x, const node *n)
{
    int64_t at = 0;
    for (uint32_t k = 1; k < n->n_args; k++) {
        set_id s = x->p->nodes.at[n->arg[k]].elem.set;
        at = at * interp_set_size(x, s) + interp_index(x, n->arg[k]);
    }
    return at;
}

static void eval_table(interp *x, const node *n, double *out)
{
    const product_table *t = &x->p->tables.at[n->imm.table];
    const double one = 1;
    double local[9];
    const double *a = eval_held(x, n->arg[0], local), *b = n->n_args > 1 ? interp_eval(x, n->arg[1]) : &one;
    memset(out, 0, elem_components(n->elem) * sizeof *out);
    for (uint32_t k = 0; k < t->n; k++)
        out[t->term[k].k] += t->term[k].weight * a[t->term[k].i] * b[t->term[k].j];
}

static void eval_channels(interp *x, const node *n, double *out)
{
    switch ((int)n->op) {
    case OP_CHANNEL_GET: *out = interp_eval(x, n->arg[0])[n->imm.k]; return;
    case OP_CHANNEL_AT: {
        int64_t at = channel_of(x, n);
        *out = interp_eval(x, n->arg[0])[at];
        return;
    }
    case OP_CHANNEL_PUT: {
        int64_t at = channel_of(x, n);
        memset(out, 0, elem_components(n->elem) * sizeof *out);
        out[at] = *interp_eval(x, n->arg[0]);
        return;
    }
    case OP_SOLID: harmonics_solid(n->imm.k, interp_eval(x, n->arg[0]), out); return;
    case OP_LINEAR:
    case OP_BILINEAR: eval_table(x, n, out); return;
    default: break; /* CHANNEL_CAT */
    }
    for (uint32_t k = 0; k < n->n_args; k++) {
        uint32_t components = elem_components(x->p->nodes.at[n->arg[k]].elem);
        memcpy(out, interp_eval(x, n->arg[k]), components * sizeof *out);
        out += components;
    }
}

static void eval_truth(interp *x, const node *n, double *out)
{
    const double a = *interp_eval(x, n->arg[0]);
    switch ((int)n->op) {
    case OP_LT: *out = a < *interp_eval(x, n->arg[1]); break;
    case OP_LE: *out = a <= *interp_eval(x, n->arg[1]); break;
    case OP_EQ:
    case OP_SPECIES_EQ: *out = a == *interp_eval(x, n->arg[1]); break;
    case OP_AND: *out = a != 0 && *interp_eval(x, n->arg[1]) != 0; break;
    case OP_OR: *out = a != 0 || *interp_eval(x, n->arg[1]) != 0; break;
    case OP_NOT: *out = a == 0; break;
    default:
        memcpy(out, interp_eval(x, n->arg[a != 0 ? 1 : 2]), elem_components(n->elem) * sizeof *out);
        break;
    }
}

static void eval_leaf(interp *x, const node *n, double *out)
{
    switch ((int)n->op) {
    case OP_CONST: memcpy(out, n->imm.value, elem_components(n->elem) * sizeof *out); break;
    case OP_BOOL_CONST:
    case OP_SPECIES_CONST: *out = n->imm.k; break;
    case OP_IVAR:
        if (!x->stamp[n->imm.ivar]) interp_fail(x, MTX_EINVAL, "an index variable without a value");
        *out = (double)x->index[n->imm.ivar];
        break;
    case OP_INDEX_CONST:
        if (n->imm.k >= interp_set_size(x, n->imm.set))
            interp_fail(x, MTX_EDATA, "an element beyond the end of its set");
        *out = n->imm.k;
        break;
    case OP_INPUT: eval_input(x, n, out); break;
    case OP_PARAM: eval_param(x, n, out); break;
    default: interp_access(x, n, out); break;
    }
}

void interp_operation(interp *x, const node *n, double *out)
{
    node_op op = n->op;
    if (op <= OP_PADGET)
        eval_leaf(x, n, out);
    else if (op <= OP_INDEX_LT)
        *out = eval_set_index(x, n);
    else if (op <= OP_LOOKUP)
        eval_geometry(x, n, out);
    else if (op <= OP_CUTOFF)
        eval_elementwise(x, n, out);
    else if (op <= OP_IDENTITY)
        eval_tensor(x, n, out);
    else if (op <= OP_BILINEAR)
        eval_channels(x, n, out);
    else if (op <= OP_SELECT)
        eval_truth(x, n, out);
    else if (op == OP_REDUCE)
        interp_reduce(x, n, out);
    else
        memcpy(out, interp_eval(x, n->arg[0]), elem_components(n->elem) * sizeof *out);
}
