/* SPDX-License-Identifier: Apache-2.0
 *
 * jet.c: a scalar node as a function of one node below it (jet.h). In: nodes. Out: Taylor coefficients at many points
 * at once, by one walk per binding of the index variables: what does not depend on the variable is one number, and is
 * kept while its index variables stay. Arithmetic: jet_math.c.
 */
#include "jet_internal.h"

#include "curve.h"
#include "rewrite.h"
#include "setir_eval.h"

#include <math.h>
#include <string.h>

enum { JET_DEPTH = 1500, JET_HEIGHT = 250, TENSOR_SETS = 8, CELLS_MOST = 1 << 16 }; /* nesting; of what has coefficients: the stack holds them */

/* the value of a node: a number (index, truth, species), or coefficients when it depends on the variable */
typedef struct memo {
    uint64_t made; /* when; 0: never                                                              */
    double   number;
    jet_row *c;
} memo;

/* elements of a tensor that does not depend on the variable, as far as they were asked for */
typedef struct cells {
    double *value;
    bool   *known;
} cells;

struct jet_function {
    arena *a;
    const program *p;
    node_id f, var;
    const node_id *index;
    uint32_t n_index;
    bool     *varies, *looked; /* by node                                                              */
    memo     *memo;
    cells    *cells;           /* by tensor                                                            */
    int64_t  *bound;   /* by index variable: its element, counted from 0                               */
    uint64_t *stamp;   /* by index variable: when it was bound; 0: never                               */
    uint64_t  clock, points_at, index_at;
    uint32_t  terms;
    int       side, depth;
    node_id   culprit;
    const char *why;
};

static const node *at(const jet_function *x, node_id n)
{
    return &x->p->nodes.at[n];
}

/* ---- what can be followed ------------------------------------------------------------------------------ */

static bool refuse(jet_function *x, node_id n, const char *why)
{
    if (!x->why) {
        x->culprit = n;
        x->why = why;
    }
    return false;
}

static bool fixed_ivars(jet_function *x, node_id n, const ivar_id *list, uint32_t count)
{
    for (uint32_t k = 0; k < count; k++) {
        const ivar *v = &x->p->ivars.at[list[k]];
        if (v->row != SETIR_NONE || curve_set_size(x->p, v->set) == 0)
            return refuse(x, n, "runs over a set that depends on the data");
    }
    return true;
}

static bool known_op(jet_function *x, node_id id)
{
    const node *n = at(x, id);
    bool plain = elem_components(n->elem) == 1;
    switch ((int)n->op) {
    case OP_CONST:
    case OP_BOOL_CONST:
    case OP_SPECIES_CONST:
    case OP_INDEX_CONST:
    case OP_INDEX_REAL:
    case OP_INDEX_SPECIES:
    case OP_SPECIES_INDEX:
    case OP_INDEX_EQ:
    case OP_PROTONS:
    case OP_ELEMENT_DATA:
    case OP_TABLE:
    case OP_SPLINE:
    case OP_SPECIES_EQ:
    case OP_ASCRIBE:
    case OP_NAMED:
    case OP_SELECT: break;
    case OP_IVAR: return fixed_ivars(x, id, &n->imm.ivar, 1);
    case OP_REDUCE: return plain && fixed_ivars(x, id, n->imm.ivars, n->imm.n_ivars);
    case OP_ACCESS:
        if (x->p->defs.at[n->imm.def].lib != LIB_NONE) return refuse(x, id, "is sorted or diagonalised");
        if (n->n_args > TENSOR_SETS) return refuse(x, id, "runs over too many sets");
        break;
    case OP_PARAM: return refuse(x, id, "is trained");
    default:
        if ((n->op < OP_NEG || n->op > OP_CUTOFF) && (n->op < OP_LT || n->op > OP_SELECT))
            return refuse(x, id, n->op == OP_INPUT || n->moves ? "depends on the data" : "cannot be followed here");
    }
    return plain || refuse(x, id, "has several components");
}

/* marks what depends on the variable; false: something is not known */
static bool look(jet_function *x, node_id id)
{
    if (x->looked[id]) return true;
    x->looked[id] = true;
    if (id == x->var) return x->varies[id] = true;
    for (uint32_t k = 0; k < x->n_index; k++)
        if (id == x->index[k]) return true;
    const node *n = at(x, id);
    if (++x->depth > JET_DEPTH) return refuse(x, id, "is nested too deeply");
    bool good = known_op(x, id);
    for (uint32_t k = 0; good && k < n->n_args; k++) {
        good = look(x, n->arg[k]);
        x->varies[id] |= x->varies[n->arg[k]];
    }
    if (good && n->op == OP_ACCESS) {
        const def *d = &x->p->defs.at[n->imm.def];
        good = fixed_ivars(x, id, d->param, d->n_param) && look(x, d->body);
        x->varies[id] |= x->varies[d->body];
    }
    x->depth--;
    return good;
}

/* every index variable is given, or bound by a sum or a tensor on the way */
static bool closed(jet_function *x)
{
    ivar_list given = {0};
    for (uint32_t k = 0; k < x->n_index; k++) ivar_list_add_free((program *)x->p, &given, x->index[k]);
    ivar_list_add_free((program *)x->p, &given, x->var);
    const node *n = at(x, x->f);
    for (uint32_t k = 0; k < n->n_free; k++)
        if (!ivar_list_has(given.at, given.n, n->free[k])) {
            for (node_id i = x->f + 1; i-- > 0;)
                if (x->looked[i] && at(x, i)->op == OP_IVAR && at(x, i)->imm.ivar == n->free[k] && i != x->var)
                    return refuse(x, i, "is an index that is not handed to the function");
        }
    return true;
}

static bool shallow(jet_function *x)
{
    uint16_t *height = arena_array(x->a, uint16_t, x->f + 1);
    for (node_id id = 0; id <= x->f; id++) {
        const node *n = at(x, id);
        if (!x->looked[id] || !x->varies[id] || id == x->var) continue;
        for (uint32_t k = 0; k < n->n_args; k++)
            if (height[n->arg[k]] > height[id]) height[id] = height[n->arg[k]];
        node_id body = n->op == OP_ACCESS ? x->p->defs.at[n->imm.def].body : id;
        if (height[body] > height[id]) height[id] = height[body];
        if (++height[id] > JET_HEIGHT) return refuse(x, id, "is nested too deeply");
    }
    return true;
}

jet_function *jet_of(arena *a, const program *p, node_id f, node_id var, const node_id *index, uint32_t n_index,
                     node_id *culprit, const char **why)
{
    jet_function *x = arena_new(a, jet_function);
    *x = (jet_function){.a = a, .p = p, .f = f, .var = var, .n_index = n_index, .culprit = SETIR_NONE};
    x->index = arena_copy(a, index, n_index * sizeof *index);
    x->varies = arena_array(a, bool, p->nodes.n + 1);
    x->looked = arena_array(a, bool, p->nodes.n + 1);
    x->memo = arena_array(a, memo, p->nodes.n + 1);
    x->cells = arena_array(a, cells, p->defs.n + 1);
    x->bound = arena_array(a, int64_t, p->ivars.n + 1);
    x->stamp = arena_array(a, uint64_t, p->ivars.n + 1);
    if (elem_components(at(x, f)->elem) != 1 || at(x, f)->elem.kind != ELEM_REAL)
        refuse(x, f, "is not one number");
    if (!x->why && look(x, f) && closed(x) && shallow(x)) return x;
    *culprit = x->culprit;
    *why = x->why;
    return NULL;
}

/* ---- values -------------------------------------------------------------------------------------------- */

static const memo *value(jet_function *x, node_id id);

static double number(jet_function *x, node_id id)
{
    return value(x, id)->number;
}

static int64_t element(jet_function *x, node_id id)
{
    return (int64_t)number(x, id);
}

/* coefficients also of what is one number */
static const jet_row *row(jet_function *x, node_id id, jet_row *room)
{
    const memo *m = value(x, id);
    if (m->c) return (const jet_row *)m->c;
    memset(room, 0, x->terms * sizeof *room);
    for (uint32_t i = 0; i < JET_POINTS; i++) room[0][i] = m->number;
    return (const jet_row *)room;
}

static uint64_t bind(jet_function *x, ivar_id v, int64_t to)
{
    uint64_t old = x->stamp[v];
    x->bound[v] = to;
    x->stamp[v] = ++x->clock;
    return old;
}

static void reduce_step(reduction how, jet_row *sum, const jet_row *one, int side, uint32_t terms)
{
    jet_row product[JET_TERMS];
    switch (how) {
    case RED_SUM:
    case RED_MEAN:
        for (uint32_t k = 0; k < terms; k++)
            for (uint32_t i = 0; i < JET_POINTS; i++) sum[k][i] += one[k][i];
        return;
    case RED_PROD:
        jet_multiply((const jet_row *)sum, one, product, terms);
        memcpy(sum, product, terms * sizeof *sum);
        return;
    case RED_MAX:
    case RED_MIN:
        for (uint32_t i = 0; i < JET_POINTS; i++)
            if (isinf(sum[0][i]) || jet_compare((const jet_row *)sum, one, i, side, terms) == (how == RED_MAX ? 1 : -1))
                for (uint32_t k = 0; k < terms; k++) sum[k][i] = one[k][i];
        return;
    }
}

/* rows, or without them one number */
typedef struct reducing {
    const node *n;
    jet_row *sum;
    double number, count[JET_POINTS];
} reducing;

static double neutral_of(reduction how)
{
    return how == RED_PROD ? 1 : how == RED_MAX ? -INFINITY : how == RED_MIN ? INFINITY : 0;
}

static void reduce_number(jet_function *x, reducing *r)
{
    const node *n = r->n;
    if (n->n_args > 1 && number(x, n->arg[1]) == 0) return;
    double one = number(x, n->arg[0]);
    r->count[0]++;
    switch (n->imm.reduce) {
    case RED_SUM:
    case RED_MEAN: r->number += one; break;
    case RED_PROD: r->number *= one; break;
    case RED_MAX: r->number = eval_binary(OP_MAX2, r->number, one); break;
    case RED_MIN: r->number = eval_binary(OP_MIN2, r->number, one); break;
    }
}

static void reduce_row(jet_function *x, reducing *r)
{
    const node *n = r->n;
    jet_row room[JET_TERMS], picked[JET_TERMS], where_room[JET_TERMS];
    const jet_row *where = n->n_args > 1 ? row(x, n->arg[1], where_room) : NULL;
    const jet_row *one = row(x, n->arg[0], room);
    for (uint32_t i = 0; i < JET_POINTS; i++) {
        bool in = !where || where[0][i] != 0;
        r->count[i] += in;
        for (uint32_t k = 0; where && k < x->terms; k++)
            picked[k][i] = in ? one[k][i] : k ? 0 : neutral_of(n->imm.reduce);
    }
    reduce_step(n->imm.reduce, r->sum, where ? (const jet_row *)picked : one, x->side, x->terms);
}

static void reduce_from(jet_function *x, reducing *r, uint32_t depth)
{
    const node *n = r->n;
    if (depth < n->imm.n_ivars) {
        ivar_id v = n->imm.ivars[depth];
        const ivar *d = &x->p->ivars.at[v];
        int64_t size = curve_set_size(x->p, d->set), before = x->bound[v];
        for (int64_t e = 0; e < size; e++) {
            if (d->partner != SETIR_NONE && (d->unordered ? e <= x->bound[d->partner] : e == x->bound[d->partner]))
                continue;
            bind(x, v, e);
            reduce_from(x, r, depth + 1);
        }
        bind(x, v, before);
        return;
    }
    if (r->sum)
        reduce_row(x, r);
    else
        reduce_number(x, r);
}

static void reduce(jet_function *x, const node *n, jet_row *to)
{
    reducing r = {.n = n, .sum = to};
    memset(to, 0, x->terms * sizeof *to);
    for (uint32_t i = 0; i < JET_POINTS; i++) to[0][i] = neutral_of(n->imm.reduce);
    reduce_from(x, &r, 0);
    for (uint32_t k = 0; n->imm.reduce == RED_MEAN && k < x->terms; k++)
        for (uint32_t i = 0; i < JET_POINTS; i++) to[k][i] /= r.count[i] > 0 ? r.count[i] : 1;
}

/* where the element is kept; NULL: not, for tensors inside others and large ones */
static double *cell_of(jet_function *x, def_id id, const int64_t *index, bool **known)
{
    const def *d = &x->p->defs.at[id];
    cells *c = &x->cells[id];
    int64_t cell = 0, size = 1;
    for (uint32_t k = 0; k < d->n_param; k++) {
        int64_t count = curve_set_size(x->p, x->p->ivars.at[d->param[k]].set);
        cell = cell * count + index[k];
        if ((size *= count) > CELLS_MOST) return NULL;
    }
    if (d->nested) return NULL;
    if (!c->value) *c = (cells){arena_array(x->a, double, (size_t)size), arena_array(x->a, bool, (size_t)size)};
    *known = &c->known[cell];
    return &c->value[cell];
}

/* the tensor's body under its own variables: into `to`, or without it as one number */
static double access_def(jet_function *x, const node *n, jet_row *to)
{
    const def *d = &x->p->defs.at[n->imm.def];
    int64_t index[TENSOR_SETS], before[TENSOR_SETS];
    bool *known = NULL;
    for (uint32_t k = 0; k < d->n_param; k++) index[k] = element(x, n->arg[k]);
    double *kept = to ? NULL : cell_of(x, n->imm.def, index, &known);
    if (kept && *known) return *kept;
    for (uint32_t k = 0; k < d->n_param; k++) {
        before[k] = x->bound[d->param[k]];
        bind(x, d->param[k], index[k]);
    }
    jet_row room[JET_TERMS];
    double one = to ? 0 : number(x, d->body);
    if (to) memcpy(to, row(x, d->body, room), x->terms * sizeof *to);
    for (uint32_t k = 0; k < d->n_param; k++) bind(x, d->param[k], before[k]);
    if (kept) *kept = one, *known = true;
    return one;
}

static void compare(jet_function *x, const node *n, jet_row *to)
{
    jet_row ra[JET_TERMS], rb[JET_TERMS];
    const jet_row *a = row(x, n->arg[0], ra), *b = row(x, n->arg[1], rb);
    memset(to, 0, x->terms * sizeof *to);
    for (uint32_t i = 0; i < JET_POINTS; i++) {
        int way = jet_compare(a, b, i, x->side, x->terms);
        to[0][i] = n->op == OP_EQ ? way == 0 : n->op == OP_LT ? way > 0 : way >= 0;
    }
}

static void truth(jet_function *x, const node *n, jet_row *to)
{
    jet_row ra[JET_TERMS], rb[JET_TERMS];
    const jet_row *a = row(x, n->arg[0], ra), *b = n->n_args > 1 ? row(x, n->arg[1], rb) : a;
    memset(to, 0, x->terms * sizeof *to);
    for (uint32_t i = 0; i < JET_POINTS; i++)
        to[0][i] = n->op == OP_NOT ? a[0][i] == 0
                 : n->op == OP_AND ? a[0][i] != 0 && b[0][i] != 0
                                   : a[0][i] != 0 || b[0][i] != 0;
}

static void select_one(jet_function *x, const node *n, jet_row *to)
{
    jet_row rc[JET_TERMS], ra[JET_TERMS], rb[JET_TERMS];
    if (!x->varies[n->arg[0]]) {
        node_id side = n->arg[number(x, n->arg[0]) != 0 ? 1 : 2];
        memcpy(to, row(x, side, ra), x->terms * sizeof *to);
        return;
    }
    const jet_row *c = row(x, n->arg[0], rc), *a = row(x, n->arg[1], ra), *b = row(x, n->arg[2], rb);
    for (uint32_t k = 0; k < x->terms; k++)
        for (uint32_t i = 0; i < JET_POINTS; i++) to[k][i] = c[0][i] != 0 ? a[k][i] : b[k][i];
}

static uint32_t place_of(jet_function *x, const node *n, const curve *c)
{
    uint32_t cell = 0, first = n->op == OP_SPLINE;
    for (uint32_t k = 0; k < c->n_domain; k++)
        cell = cell * (uint32_t)curve_set_size(x->p, c->domain[k]) + (uint32_t)element(x, n->arg[first + k]);
    return cell;
}

static double species_index(jet_function *x, const node *n)
{
    const set *s = &x->p->sets.at[n->imm.set];
    double z = number(x, n->arg[0]);
    for (int32_t k = 0; k < s->count; k++)
        if (s->species[k] == z) return k;
    return 0; /* elements of data are checked; see program_elements                                  */
}

/* what does not depend on the variable */
static double plain(jet_function *x, const node *n)
{
    double arg[3] = {0}, out = NAN;
    reducing r = {.n = n};
    switch ((int)n->op) {
    case OP_CONST: return n->imm.value[0];
    case OP_BOOL_CONST:
    case OP_SPECIES_CONST:
    case OP_INDEX_CONST: return n->imm.k;
    case OP_IVAR: return (double)x->bound[n->imm.ivar];
    case OP_NAMED:
    case OP_ASCRIBE: return number(x, n->arg[0]);
    case OP_ACCESS: return access_def(x, n, NULL);
    case OP_SELECT: return number(x, n->arg[number(x, n->arg[0]) != 0 ? 1 : 2]);
    case OP_INDEX_EQ: return number(x, n->arg[0]) == number(x, n->arg[1]);
    case OP_INDEX_REAL: {
        const set *s = &x->p->sets.at[at(x, n->arg[0])->elem.set];
        return (s->kind == SET_RANGE ? s->lo : 0) + number(x, n->arg[0]);
    }
    case OP_INDEX_SPECIES: return x->p->sets.at[at(x, n->arg[0])->elem.set].species[element(x, n->arg[0])];
    case OP_SPECIES_INDEX: return species_index(x, n);
    case OP_TABLE:
    case OP_SPLINE: {
        const curve *c = &x->p->curves.at[n->imm.curve];
        return curve_value(c, place_of(x, n, c), n->op == OP_SPLINE ? number(x, n->arg[0]) : 0, n->imm.k);
    }
    case OP_REDUCE:
        r.number = neutral_of(n->imm.reduce);
        reduce_from(x, &r, 0);
        return n->imm.reduce == RED_MEAN && r.count[0] > 0 ? r.number / r.count[0] : r.number;
    default:
        for (uint32_t k = 0; k < n->n_args && k < 3; k++) arg[k] = number(x, n->arg[k]);
        fold_op(n, arg, &out);
        return out;
    }
}

static void arithmetic(jet_function *x, const node *n, jet_row *to)
{
    jet_row ra[JET_TERMS], rb[JET_TERMS], rc[JET_TERMS];
    const jet_row *a = row(x, n->arg[0], ra), *b = n->n_args > 1 && n->op != OP_SPLINE ? row(x, n->arg[1], rb) : a;
    uint32_t terms = x->terms;
    switch ((int)n->op) {
    case OP_MUL: jet_multiply(a, b, to, terms); return;
    case OP_DIV: jet_divide(a, b, to, terms); return;
    case OP_POW: jet_power(a, n->imm.value[0], to, terms); return;
    case OP_POWV: /* exp(b log a) */
        jet_function_of(OP_LOG, a, rc, terms);
        jet_multiply((const jet_row *)rc, b, ra, terms);
        jet_function_of(OP_EXP, (const jet_row *)ra, to, terms);
        return;
    case OP_ATAN2: jet_atan2(a, b, to, terms); return;
    case OP_CUTOFF: jet_cutoff(a, n->imm.k, x->side, to, terms); return;
    case OP_SPLINE: {
        const curve *c = &x->p->curves.at[n->imm.curve];
        jet_curve(c, place_of(x, n, c), n->imm.k, a, x->side, to, terms);
        return;
    }
    case OP_NEG:
    case OP_ADD:
    case OP_SUB:
        for (uint32_t k = 0; k < terms; k++)
            for (uint32_t i = 0; i < JET_POINTS; i++)
                to[k][i] = n->op == OP_NEG ? -a[k][i] : n->op == OP_ADD ? a[k][i] + b[k][i] : a[k][i] - b[k][i];
        return;
    case OP_ABS:
    case OP_MIN2:
    case OP_MAX2:
        if (n->op == OP_ABS) memset(rb, 0, sizeof rb), b = (const jet_row *)rb;
        for (uint32_t i = 0; i < JET_POINTS; i++) {
            int way = jet_compare(a, b, i, x->side, terms); /* 1: a is less */
            bool other = n->op == OP_MAX2 ? way > 0 : way < 0;
            for (uint32_t k = 0; k < terms; k++)
                to[k][i] = n->op == OP_ABS ? (way > 0 ? -a[k][i] : a[k][i]) : other ? b[k][i] : a[k][i];
        }
        return;
    default: jet_function_of(n->op, a, to, terms); return;
    }
}

static void product_of(jet_function *x, const node *n, jet_row *to)
{
    jet_row room[JET_TERMS];
    uint32_t number_at = x->varies[n->arg[0]] ? 1 : 0;
    if (x->varies[n->arg[number_at]])
        arithmetic(x, n, to);
    else
        jet_scale(row(x, n->arg[1 - number_at], room), number(x, n->arg[number_at]), to, x->terms);
}

static void compute(jet_function *x, const node *n, jet_row *to)
{
    jet_row room[JET_TERMS];
    switch ((int)n->op) {
    case OP_MUL: product_of(x, n, to); return;
    case OP_ASCRIBE: memcpy(to, row(x, n->arg[0], room), x->terms * sizeof *to); return;
    case OP_ACCESS: access_def(x, n, to); return;
    case OP_REDUCE: reduce(x, n, to); return;
    case OP_SELECT: select_one(x, n, to); return;
    case OP_LT:
    case OP_LE:
    case OP_EQ: compare(x, n, to); return;
    case OP_AND:
    case OP_OR:
    case OP_NOT: truth(x, n, to); return;
    default: arithmetic(x, n, to); return;
    }
}

static bool is_current(const jet_function *x, node_id id, const memo *m)
{
    if (!m->made || m->made < x->index_at || (x->varies[id] && m->made < x->points_at)) return false;
    const node *n = at(x, id);
    for (uint32_t k = 0; k < n->n_free; k++)
        if (m->made < x->stamp[n->free[k]]) return false;
    return true;
}

static const memo *value(jet_function *x, node_id id)
{
    memo *m = &x->memo[id];
    if (is_current(x, id, m)) return m;
    const node *n = at(x, id);
    if (x->varies[id]) {
        if (!m->c) m->c = arena_array(x->a, jet_row, JET_TERMS);
        compute(x, n, m->c);
    } else {
        m->number = plain(x, n);
    }
    m->made = ++x->clock;
    return m;
}

void jet_eval(jet_function *x, const int64_t *index, const double *points, uint32_t n, uint32_t terms, int side, double *c)
{
    memo *var = &x->memo[x->var];
    x->terms = terms;
    x->side = side;
    x->points_at = ++x->clock;
    bool same = x->index_at != 0;
    for (uint32_t k = 0; k < x->n_index; k++) same &= x->memo[x->index[k]].number == (double)index[k];
    if (!same) x->index_at = x->clock;
    for (uint32_t k = 0; k < x->n_index; k++) {
        const node *i = at(x, x->index[k]);
        x->memo[x->index[k]] = (memo){.made = UINT64_MAX, .number = (double)index[k]};
        if (i->op == OP_IVAR) x->bound[i->imm.ivar] = index[k];
    }
    if (!var->c) var->c = arena_array(x->a, jet_row, JET_TERMS);
    memset(var->c, 0, JET_TERMS * sizeof *var->c);
    for (uint32_t i = 0; i < JET_POINTS; i++) {
        var->c[0][i] = points[i < n ? i : n - 1];
        var->c[1][i] = 1;
    }
    var->made = UINT64_MAX;
    jet_row room[JET_TERMS];
    const jet_row *f = row(x, x->f, room);
    for (uint32_t k = 0; k < terms; k++) memcpy(c + (size_t)k * n, f[k], n * sizeof *c);
}

/* ---- indices that a value depends on ------------------------------------------------------------------- */

typedef struct gather {
    const program *p;
    bool *seen;
    node_id var, *index;
    int n;
} gather;

static void gather_from(gather *g, node_id id, const ivar_list *inner, arena *a)
{
    const node *n = &g->p->nodes.at[id];
    if (g->n < 0 || id == g->var || g->seen[id]) return;
    g->seen[id] = true;
    bool index = n->elem.kind == ELEM_INDEX && n->op != OP_INDEX_CONST && curve_set_size(g->p, n->elem.set) > 0;
    if (index && !(n->op == OP_IVAR && ivar_list_has(inner->at, inner->n, n->imm.ivar))) {
        if (g->n == JET_INDICES)
            g->n = -1;
        else
            g->index[g->n++] = id;
        return;
    }
    ivar_list bound = {0};
    for (uint32_t k = 0; k < inner->n; k++) ivar_list_add(a, &bound, inner->at[k]);
    for (uint32_t k = 0; k < n->imm.n_ivars; k++) ivar_list_add(a, &bound, n->imm.ivars[k]);
    for (uint32_t k = 0; k < n->n_args; k++) gather_from(g, n->arg[k], &bound, a);
}

int jet_indices(arena *a, const program *p, node_id f, node_id var, node_id *index)
{
    gather g = {.p = p, .seen = arena_array(a, bool, p->nodes.n + 1), .var = var, .index = index};
    const ivar_list none = {0};
    gather_from(&g, f, &none, a);
    return g.n;
}
