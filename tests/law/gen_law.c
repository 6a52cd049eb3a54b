/* SPDX-License-Identifier: Apache-2.0
 *
 * gen_law.c: random programs to attack the laws with (gen_law.h): one maker per operation, called by the
 * maker of the wanted type. A maker answers SETIR_NONE where the program or the scope has nothing to apply
 * its operation to.
 */
#include "gen_law.h"
#include "../setir/curve_sample.h"

#include <string.h>

#include "coupling.h"
#include "harmonics.h"

static const span here = {0};
enum { WIDEST = 100 }; /* channels of products                                                      */

static int pick(gen *g, int n)
{
    uint64_t z = (g->state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (int)((z ^ (z >> 31)) % (uint64_t)n);
}

static double between(gen *g, double lo, double hi)
{
    return lo + (hi - lo) * (double)pick(g, 1 << 30) / (double)(1 << 30);
}

static node_id make(gen *g, node_op op);
static node_id real(gen *g);
static node_id vector(gen *g);
static node_id tensor2(gen *g);
static node_id channels(gen *g);
static node_id turning(gen *g);
static node_id truth(gen *g);
static node_id species(gen *g);

static node_id num(gen *g, double x)
{
    return node_const(g->p, x, unit_none(), here);
}

static node_id one(gen *g, node_op op, node_id a)
{
    return a == SETIR_NONE ? a : node_1(g->p, op, elem_real(0), a, here);
}

static node_id two(gen *g, node_op op, elem e, node_id a, node_id b)
{
    return a == SETIR_NONE || b == SETIR_NONE ? SETIR_NONE : node_2(g->p, op, e, a, b, here);
}

static node_id with(gen *g, node_op op, elem e, const node_id *args, uint32_t n, node_imm imm)
{
    for (uint32_t k = 0; k < n; k++)
        if (args[k] == SETIR_NONE) return SETIR_NONE;
    return program_node(g->p, op, e, args, n, &imm, here);
}

/* ------------------------------------------------------------------------------------ sizes, indices */

static double size_of(const gen *g, set_id s)
{
    const set *x = &g->p->sets.at[s];
    switch (x->kind) {
    case SET_BASE: return 6;
    case SET_PAIRS: return 40;
    case SET_RECIP: return 12;
    case SET_DIFFER: return 3;
    case SET_AXIS:
    case SET_SPECIES: return x->count;
    case SET_RANGE: return x->hi - x->lo + 1;
    case SET_RANK: return x->parent == SETIR_NONE ? x->count : size_of(g, x->parent);
    }
    return 1;
}

static set_id some_set(gen *g)
{
    const set_id all[] = {g->atom[0], g->atom[0], g->atom[0],  g->atom[1],  g->bond[0], g->bond[0],
                          g->bond[1], g->near,    g->recip[0], g->recip[1], g->axis[0], g->axis[0],
                          g->axis[1], g->range,   g->kinds,    g->spot,     g->edge};
    for (;;) {
        set_id s = all[pick(g, (int)(sizeof all / sizeof *all))];
        if (s != SETIR_NONE) return s;
    }
}

static node_id var(gen *g, ivar_id v)
{
    return node_ivar(g->p, v, here);
}

/* an index of that set from what is in scope, now and then a numbered element; NONE when nothing gives one */
static node_id index_of(gen *g, set_id s)
{
    node_id found[4 * GEN_VARS + 2];
    int n = 0;
    if (s == SETIR_NONE) return SETIR_NONE;
    const set *want = &g->p->sets.at[s];
    for (int k = 0; k < g->n_var; k++) {
        const set *x = &g->p->sets.at[g->p->ivars.at[g->var[k]].set];
        set_id own = g->p->ivars.at[g->var[k]].set;
        if (own == s) found[n++] = var(g, g->var[k]);
        if (own == s && x->kind == SET_PAIRS && pick(g, 3) == 0)
            found[n++] = node_1(g->p, OP_PAIR_REV, elem_index(s), var(g, g->var[k]), here);
        if (x->kind == SET_PAIRS && x->parent == s) {
            found[n++] = node_1(g->p, OP_PAIR_I, elem_index(s), var(g, g->var[k]), here);
            found[n++] = node_1(g->p, OP_PAIR_J, elem_index(s), var(g, g->var[k]), here);
        }
        if (x->kind == SET_DIFFER && x->host == s)
            found[n++] = node_1(g->p, OP_SPOT_HOST, elem_index(s), var(g, g->var[k]), here);
    }
    bool fixed = want->kind == SET_RANGE || want->kind == SET_SPECIES || want->kind == SET_AXIS ||
                 (want->kind == SET_RANK && want->parent == SETIR_NONE);
    if (fixed ? !n || pick(g, 4) == 0 : want->kind == SET_BASE && pick(g, 24) == 0)
        return program_node(g->p, OP_INDEX_CONST, elem_index(s), NULL, 0,
                            &(node_imm){.k = fixed ? pick(g, (int)size_of(g, s)) : 0, .set = s}, here);
    if (n > 1 && pick(g, 12) == 0)
        return node_3(g->p, OP_SELECT, elem_index(s), truth(g), found[pick(g, n)], found[pick(g, n)], here);
    return n ? found[pick(g, n)] : SETIR_NONE;
}

static ivar_id open_var(gen *g, ivar v)
{
    v.id = intern_s(&g->names, (const char *[]){"a", "b", "c", "d", "e", "f", "h"}[g->n_var % 7]);
    ivar_id id = program_ivar(g->p, v);
    g->var[g->n_var++] = id;
    return id;
}

static ivar_id open_plain(gen *g, set_id s)
{
    return open_var(g, (ivar){.set = s, .row = SETIR_NONE, .to = SETIR_NONE, .partner = SETIR_NONE});
}

/* ------------------------------------------------------------------------------------ leaves */

static uint32_t some_slot(gen *g)
{
    return g->p->slots.n > 1 ? (uint32_t)pick(g, 2) : 0;
}

static node_id field(gen *g, uint32_t s, int which)
{
    input_id in = g->field[s][which];
    if (in == SETIR_NONE) return SETIR_NONE;
    const input *d = &g->p->inputs.at[in];
    node_id index[2] = {SETIR_NONE, SETIR_NONE};
    for (uint32_t k = 0; k < d->n_domain; k++) index[k] = index_of(g, d->domain[k]);
    return with(g, OP_INPUT, d->elem, index, d->n_domain, (node_imm){.input = in});
}

static node_id some_field(gen *g, uint8_t rank)
{
    static const int of_rank[3][6] = {
        {F_SCALAR, F_SCALAR, F_PSEUDO, F_TABLE, F_LATTICE, F_GLOBAL},
        {F_POSITION, F_VECTOR, F_AXIAL, F_POINT, F_GLOBAL_VECTOR, F_GLOBAL_POINT},
        {F_TENSOR, F_TENSOR, F_TENSOR, F_TENSOR, F_TENSOR, F_TENSOR}};
    node_id n = SETIR_NONE;
    for (int tries = 0; tries < 4 && n == SETIR_NONE; tries++)
        n = field(g, some_slot(g), of_rank[rank][pick(g, 6)]);
    return n;
}

/* both from one structure: the difference of two positions or points */
static node_id difference(gen *g)
{
    uint32_t s = some_slot(g);
    int which = pick(g, 4) ? F_POSITION : F_POINT;
    return two(g, OP_SUB, elem_real(1), field(g, s, which), field(g, pick(g, 8) ? s : 0, which));
}

static node_id constant(gen *g)
{
    static const double special[] = {0, 0,    1, -1, 2, 0.5, 1.0 / 3, 6.283185307179586, 3.141592653589793,
                                     3, 0.25, -2};
    node_id n = num(g, pick(g, 3) ? special[pick(g, 12)] : between(g, -1.5, 1.5));
    return g->naming && pick(g, 2) ? with(g, OP_NAMED, elem_real(0), &n, 1, (node_imm){.named = GEN_NAMED + g->named++}) : n;
}

static node_id param(gen *g, elem e)
{
    node_id index[1];
    uint32_t n = pick(g, 2) ? 1 : 0;
    set_id s = pick(g, 3) ? g->range : g->kinds;
    if (n) index[0] = index_of(g, s);
    param_id made = program_param(g->p, (parameter){.id = intern_s(&g->names, "w"), .elem = e, .domain = &s, .n_domain = n, .scale = 1});
    return with(g, OP_PARAM, e, index, n, (node_imm){.param = made});
}

/* ------------------------------------------------------------------------------------ values that are alike */

/* another value that transforms as n does: so that sums, choices and comparisons are often well typed */
static node_id kin(gen *g, node_id n)
{
    if (n == SETIR_NONE) return n;
    elem e = g->p->nodes.at[n].elem;
    if (e.kind != ELEM_REAL) return n;
    switch (pick(g, 5)) {
    case 0: return node_1(g->p, OP_NEG, e, n, here);
    case 1: return node_2(g->p, OP_MUL, e, constant(g), n, here);
    case 2: return node_2(g->p, OP_DIV, e, n, num(g, (double[]){2, 3, -1, 0.7}[pick(g, 4)]), here);
    case 3: return e.rank || e.channels ? n : num(g, 0);
    default: return n;
    }
}

static node_id like(gen *g, node_id n, node_id (*other)(gen *))
{
    node_id found = pick(g, 2) ? SETIR_NONE : other(g);
    bool fits = n != SETIR_NONE && found != SETIR_NONE &&
                elem_equal(g->p->nodes.at[n].elem, g->p->nodes.at[found].elem);
    return fits ? found : kin(g, n);
}

/* the same with the index variables of one set exchanged: a[i] and a[j] */
static node_id exchanged(gen *g, node_id n)
{
    for (int k = 0; k < g->n_var; k++)
        for (int j = 0; j < k; j++)
            if (g->p->ivars.at[g->var[k]].set == g->p->ivars.at[g->var[j]].set &&
                (program_depends(g->p, n, g->var[k]) || program_depends(g->p, n, g->var[j])))
                return program_substitute(g->p, n, (ivar_id[]){g->var[k], g->var[j]},
                                          (node_id[]){var(g, g->var[j]), var(g, g->var[k])}, 2);
    return kin(g, n);
}

/* ------------------------------------------------------------------------------------ reductions */

static node_id symmetrised(gen *g, node_id body, ivar_id a, ivar_id b)
{
    if (body == SETIR_NONE) return body;
    node_id other = program_substitute(g->p, body, (ivar_id[]){a, b}, (node_id[]){var(g, b), var(g, a)}, 2);
    return node_2(g->p, OP_ADD, g->p->nodes.at[body].elem, body, other, here);
}

static ivar next_var(gen *g, set_id s, double *size)
{
    ivar v = {.set = s, .row = SETIR_NONE, .to = SETIR_NONE, .partner = SETIR_NONE};
    *size = size_of(g, s);
    if (g->p->sets.at[s].kind == SET_PAIRS && pick(g, 4)) {
        v.row = index_of(g, g->p->sets.at[s].parent);
        if (v.row != SETIR_NONE) *size = 7;
        if (v.row != SETIR_NONE && pick(g, 6) == 0) v.to = index_of(g, g->p->sets.at[s].parent);
    }
    return v;
}

static node_id reduce(gen *g, node_id (*body_of)(gen *), reduction op)
{
    int vars = g->n_var;
    double work = g->work, size;
    ivar_id v[4];
    uint32_t n = 0;
    bool pair = pick(g, 4) == 0, again = pick(g, 4) == 0;
    for (int turn = 0; turn < 1 + again; turn++) {
        ivar d = next_var(g, some_set(g), &size);
        if (g->work * size > g->work_most || g->n_var > GEN_VARS - 3) break;
        g->work *= size;
        v[n++] = open_var(g, d);
        if (turn == 0 && pair && g->work * size <= g->work_most) {
            d.partner = v[0];
            d.unordered = pick(g, 3) > 0;
            g->work *= size;
            v[n++] = open_var(g, d);
        }
    }
    node_id out = SETIR_NONE;
    if (n) {
        node_id args[2] = {SETIR_NONE, SETIR_NONE};
        uint32_t n_args = 1;
        args[0] = body_of(g);
        if (pick(g, 3) == 0) args[n_args++] = truth(g);
        if (n > 1 && g->p->ivars.at[v[1]].unordered && pick(g, 3)) {
            args[0] = symmetrised(g, args[0], v[0], v[1]);
            n_args = 1;
        }
        if (args[0] != SETIR_NONE)
            out = with(g, OP_REDUCE, g->p->nodes.at[args[0]].elem, args, n_args,
                       (node_imm){.reduce = op, .ivars = v, .n_ivars = n});
    }
    g->n_var = vars;
    g->work = work;
    return out;
}

/* ------------------------------------------------------------------------------------ access */

static node_id access(gen *g, uint8_t rank, bool bools, bool padded)
{
    for (int tries = 0; tries < 6 && g->n_tensor; tries++) {
        def_id id = g->tensor[pick(g, g->n_tensor)];
        const def *d = &g->p->defs.at[id];
        bool fits = bools ? d->elem.kind == ELEM_BOOL
                          : d->elem.kind == ELEM_REAL && d->elem.rank == rank && !d->elem.channels;
        node_id index[4];
        bool good = fits && d->n_param <= 4;
        for (uint32_t k = 0; k < d->n_param && good; k++) {
            set_id s = g->p->ivars.at[d->param[k]].set;
            bool rank_set = g->p->sets.at[s].kind == SET_RANK;
            if (padded && !rank_set) good = false;
            if (padded)
                s = g->range;
            else if (rank_set && g->p->sets.at[s].parent != SETIR_NONE) {
                index[k] = index_of(g, s);
                if (index[k] == SETIR_NONE && pick(g, 2))
                    index[k] = program_node(g->p, OP_INDEX_CONST, elem_index(s), NULL, 0,
                                            &(node_imm){.k = 0, .set = s}, here);
                good = index[k] != SETIR_NONE;
                continue;
            }
            if (!good) break;
            index[k] = index_of(g, s);
            good = index[k] != SETIR_NONE;
        }
        if (!good || (padded && !d->n_param)) continue;
        return with(g, padded ? OP_PADGET : OP_ACCESS, d->elem, index, d->n_param, (node_imm){.def = id});
    }
    return SETIR_NONE;
}

/* ------------------------------------------------------------------------------------ one per operation */

static node_id pair_index(gen *g)
{
    const set_id all[] = {g->bond[0], g->bond[1], g->near, g->edge};
    node_id n = SETIR_NONE;
    for (int tries = 0; tries < 6 && n == SETIR_NONE; tries++) n = index_of(g, all[pick(g, 4)]);
    return n;
}

static set_id set_with_index(gen *g, set_kind kind)
{
    for (int k = g->n_var; k-- > 0;) {
        set_id s = g->p->ivars.at[g->var[k]].set;
        if (g->p->sets.at[s].kind == kind) return s;
    }
    return SETIR_NONE;
}

/* a structure with a lattice, LAW_SLOTS and more: none */
static uint32_t lattice_slot(gen *g)
{
    uint32_t s = some_slot(g);
    return g->axis[s] != SETIR_NONE ? s : g->axis[0] != SETIR_NONE ? 0 : SETIR_NONE;
}

static double next_number(void *user)
{
    return between(user, 0, 1);
}

static node_id make_curve(gen *g, node_op op)
{
    set_id domain[2];
    node_id arg[3];
    uint32_t n = 0, first = op == OP_SPLINE;
    if (pick(g, 2)) domain[n++] = g->kinds;
    if (pick(g, 2)) domain[n++] = g->range;
    if (first) arg[0] = real(g);
    for (uint32_t k = 0; k < n; k++) arg[first + k] = index_of(g, domain[k]);
    node_imm imm = {.curve = curve_sample(g->p, domain, n, first, next_number, g), .k = first ? pick(g, 3) : 0};
    return with(g, op, elem_real(0), arg, first + n, imm);
}

static node_id make_geometry(gen *g, node_op op)
{
    uint32_t s = lattice_slot(g);
    node_id n;
    switch ((int)op) {
    case OP_TABLE:
    case OP_SPLINE: return make_curve(g, op);
    case OP_PAIR_D: n = pair_index(g); return n == SETIR_NONE ? n : node_1(g->p, op, elem_real(1), n, here);
    case OP_SPOT_R:
        n = index_of(g, g->spot);
        return n == SETIR_NONE ? n : node_1(g->p, op, elem_real(1), n, here);
    case OP_RECIP_K:
        n = index_of(g, set_with_index(g, SET_RECIP));
        return n == SETIR_NONE ? n : node_1(g->p, op, elem_real(1), n, here);
    case OP_CELL_VEC:
        return s == SETIR_NONE ? s
                               : with(g, op, elem_real(1), (node_id[]){index_of(g, g->axis[s])}, 1,
                                      (node_imm){.slot = s});
    case OP_NIGGLI_VEC:
        if (s == SETIR_NONE || g->p->slots.at[s].axes != 7) return SETIR_NONE;
        return with(g, op, elem_real(1), (node_id[]){index_of(g, g->axis[s])}, 1, (node_imm){.slot = s});
    case OP_VOLUME: return s == SETIR_NONE ? s : with(g, op, elem_real(0), NULL, 0, (node_imm){.slot = s});
    case OP_FRAC:
        if (s == SETIR_NONE) return s;
        n = pick(g, 2) ? difference(g) : vector(g);
        return with(g, op, elem_real(0), (node_id[]){n, index_of(g, g->axis[s])}, 2, (node_imm){.slot = s});
    case OP_PHASE:
        n = index_of(g, set_with_index(g, SET_RECIP));
        return two(g, op, elem_real(0), n, pick(g, 2) ? difference(g) : vector(g));
    case OP_NEAREST:
        n = pick(g, 2) ? difference(g) : vector(g);
        return s == SETIR_NONE ? s : with(g, op, elem_real(1), &n, 1, (node_imm){.slot = s});
    case OP_COUNT: {
        set_id t = some_set(g);
        node_id i = g->p->sets.at[t].kind == SET_PAIRS && pick(g, 2) ? index_of(g, g->p->sets.at[t].parent)
                                                                     : SETIR_NONE;
        return program_node(g->p, op, elem_real(0), &i, i != SETIR_NONE, &(node_imm){.set = t}, here);
    }
    case OP_LOOKUP: {
        if (g->spot == SETIR_NONE) return SETIR_NONE;
        int which = (int[]){F_SPECIES, F_SCALAR, F_PSEUDO, F_VECTOR, F_POSITION}[pick(g, 5)];
        input_id in = g->field[1][which];
        elem e = g->p->inputs.at[in].elem;
        node_id other = e.kind == ELEM_SPECIES ? species(g)
                        : e.rank               ? vector(g)
                        : pick(g, 2)           ? constant(g)
                                               : real(g);
        return with(g, op, e, (node_id[]){index_of(g, g->spot), other}, 2, (node_imm){.input = in});
    }
    default: return SETIR_NONE;
    }
}

/* ------------------------------------------------------------------------------------ components, together */

static node_id component(gen *g, node_id v, int k)
{
    uint8_t rank = g->p->nodes.at[v].elem.rank;
    return with(g, OP_COMP, elem_real(0), &v, 1, (node_imm){.k = rank == 2 ? k : k % 3});
}

/* mostly the same number again: what a rotation about an axis keeps, and near misses */
static node_id weighted(gen *g, double number, node_id factor, node_id n)
{
    if (number != 1) n = two(g, OP_MUL, elem_real(0), num(g, number), n);
    return factor == SETIR_NONE ? n : two(g, OP_MUL, elem_real(0), factor, n);
}

/* c (u.x v.x + u.y v.y), c (u.x v.y - u.y v.x), T.xx + T.yy and the like, about any axis */
static node_id sum_of_components(gen *g, node_op op)
{
    bool matrix = pick(g, 5) == 0, twisted = pick(g, 3) == 0, third = !twisted && pick(g, 4) == 0;
    node_id u = matrix ? tensor2(g) : vector(g), v = pick(g, 2) ? u : like(g, u, matrix ? tensor2 : vector);
    if (u == SETIR_NONE || v == SETIR_NONE || g->p->nodes.at[v].elem.rank != g->p->nodes.at[u].elem.rank)
        return SETIR_NONE;
    int axis = pick(g, 3), p = (axis + 1) % 3, q = (axis + 2) % 3;
    int i[3] = {p, q, axis}, j[3] = {twisted ? q : p, twisted ? p : q, axis};
    node_id part[3], factor = pick(g, 3) ? SETIR_NONE : real(g);
    double number = (double[]){1, 1, 2, -0.3}[pick(g, 4)];
    for (int k = 0; k < 3; k++) {
        part[k] = matrix ? component(g, u, 3 * i[k] + j[k])
                         : two(g, OP_MUL, elem_real(0), component(g, u, i[k]), component(g, v, j[k]));
        if (u == v && i[k] == j[k] && !matrix && pick(g, 2)) {
            node_id base = component(g, u, i[k]);
            part[k] = with(g, OP_POW, elem_real(0), &base, 1, (node_imm){.value = {2}});
        }
        double own = pick(g, 12) == 0 ? 1.5 * number : number;
        if (k == 1 && (op == OP_SUB) != twisted) own = -own;
        part[k] = weighted(g, own, factor, part[k]);
    }
    node_id out = two(g, op, elem_real(0), part[0], part[1]);
    return third ? two(g, op, elem_real(0), op == OP_SUB ? part[2] : out, op == OP_SUB ? out : part[2]) : out;
}

/* [x, y, .], [-y, x, .] and the like of one vector */
static node_id vector_of_components(gen *g)
{
    node_id u = vector(g), c[3], factor = pick(g, 3) ? SETIR_NONE : real(g);
    int axis = pick(g, 3), p = (axis + 1) % 3, q = (axis + 2) % 3;
    bool turned = pick(g, 2);
    if (u == SETIR_NONE) return u;
    c[p] = weighted(g, turned ? -1 : 1, factor, component(g, u, turned ? q : p));
    c[q] = weighted(g, pick(g, 12) ? 1 : -1, factor, component(g, u, turned ? p : q));
    c[axis] = pick(g, 2) ? weighted(g, 1, factor, component(g, u, axis)) : pick(g, 2) ? num(g, 0) : real(g);
    return with(g, OP_VEC3, elem_real(1), c, 3, (node_imm){0});
}

static node_id make_arithmetic(gen *g, node_op op)
{
    int wide = pick(g, 6);
    node_id (*of)(gen *) = wide == 0                  ? vector
                           : wide == 1                ? channels
                           : wide == 2 && op < OP_MUL ? tensor2
                                                      : real;
    node_id a, b;
    switch ((int)op) {
    case OP_NEG: a = of(g); return a == SETIR_NONE ? a : node_1(g->p, op, g->p->nodes.at[a].elem, a, here);
    case OP_ADD:
    case OP_SUB:
        if (of == real && pick(g, 6) == 0) return sum_of_components(g, op);
        a = of(g);
        b = pick(g, 3) == 0 ? exchanged(g, a) : like(g, a, of);
        if (b != SETIR_NONE && pick(g, 4) == 0) {
            node_id c = a;
            a = b;
            b = c;
        }
        return two(g, op, a == SETIR_NONE ? elem_real(0) : g->p->nodes.at[a].elem, a, b);
    case OP_MUL:
        a = pick(g, 4) ? real(g) : constant(g);
        b = pick(g, 6) == 0 && of == real ? a : of(g);
        return two(g, op, b == SETIR_NONE ? elem_real(0) : g->p->nodes.at[b].elem, a, b);
    case OP_DIV:
        a = of(g);
        b = pick(g, 3) ? real(g) : num(g, (double[]){2, 3, -1, 0.7, 0.5}[pick(g, 5)]);
        return two(g, op, a == SETIR_NONE ? elem_real(0) : g->p->nodes.at[a].elem, a, b);
    case OP_POW:
        a = real(g);
        return with(g, op, elem_real(0), &a, 1,
                    (node_imm){.value = {(double[]){-2, -1, 0.5, 2, 3, 1.5, 1.0 / 3, 1, 4, 0}[pick(g, 10)]}});
    case OP_CUTOFF:
        a = pick(g, 2) ? one(g, OP_ABS, real(g)) : real(g);
        return with(g, op, elem_real(0), &a, 1, (node_imm){.k = 1 + pick(g, 4)});
    case OP_POWV: return two(g, op, elem_real(0), pick(g, 2) ? one(g, OP_EXP, real(g)) : real(g), real(g));
    case OP_ATAN2: /* off the cut, where the sign of 0 decides   */
        a = real(g);
        b = like(g, a, real);
        return pick(g, 3) ? two(g, op, elem_real(0), a, one(g, OP_ABS, b))
                          : two(g, op, elem_real(0), one(g, OP_ABS, a), b);
    case OP_MIN2:
    case OP_MAX2:
        a = real(g);
        b = like(g, a, real);
        return pick(g, 4) ? two(g, op, elem_real(0), a, b) : two(g, op, elem_real(0), b, a);
    case OP_SIN:
    case OP_COS:
    case OP_TAN: /* often of what is periodic                */
        a = pick(g, 2) ? real(g) : make(g, pick(g, 2) ? OP_PHASE : OP_FRAC);
        if (a != SETIR_NONE && pick(g, 2))
            a = two(g, OP_MUL, elem_real(0),
                    num(g, (double[]){2, 1, 0.5, 6.283185307179586, 3.141592653589793}[pick(g, 5)]), a);
        return one(g, op, a);
    default: return one(g, op, real(g));
    }
}

/* irreps one after the other */
static node_id joined(gen *g)
{
    node_id c[2] = {turning(g), pick(g, 2) ? turning(g) : real(g)};
    irrep part[64];
    uint32_t n = 0;
    for (int k = 0; k < 2; k++) {
        const irreps *r = c[k] == SETIR_NONE ? NULL : irreps_of(g->p, g->p->nodes.at[c[k]].elem);
        if (c[k] == SETIR_NONE || (r && n + r->n > 63)) return SETIR_NONE;
        if (!r) part[n++] = (irrep){(uint16_t)elem_components(g->p->nodes.at[c[k]].elem), 0, false};
        for (uint32_t j = 0; r && j < r->n; j++) part[n++] = r->part[j];
    }
    if (irreps_channels(part, n) > WIDEST) return SETIR_NONE;
    return with(g, OP_CHANNEL_CAT, elem_irreps(g->p, program_irreps(g->p, part, n)), c, 2, (node_imm){0});
}

static node_id make_tensor(gen *g, node_op op)
{
    node_id a, b;
    switch ((int)op) {
    case OP_DOT:
    case OP_CROSS:
    case OP_OUTER: {
        node_id (*of)(gen *) = op == OP_DOT && pick(g, 4) == 0 ? (pick(g, 2) ? channels : tensor2) : vector;
        a = of(g);
        b = like(g, a, of);
        bool same = a != SETIR_NONE && b != SETIR_NONE &&
                    elem_equal(g->p->nodes.at[a].elem, g->p->nodes.at[b].elem) &&
                    elem_components(g->p->nodes.at[a].elem) > 1;
        return same ? two(g, op, elem_real(op == OP_DOT ? 0 : op == OP_CROSS ? 1 : 2), a, b) : SETIR_NONE;
    }
    case OP_NORM: a = pick(g, 4) ? vector(g) : pick(g, 2) ? tensor2(g) : channels(g); return one(g, op, a);
    case OP_COMP: {
        bool matrix = pick(g, 4) == 0;
        a = matrix ? tensor2(g) : vector(g);
        return with(g, op, elem_real(0), &a, 1, (node_imm){.k = pick(g, matrix ? 9 : 3)});
    }
    case OP_VEC3: {
        if (pick(g, 4) == 0) return vector_of_components(g);
        node_id c[3];
        int only = pick(g, 2) ? pick(g, 3) : -1;
        a = real(g);
        for (int k = 0; k < 3; k++) c[k] = only >= 0 ? (k == only ? a : num(g, 0)) : like(g, a, real);
        return with(g, op, elem_real(1), c, 3, (node_imm){0});
    }
    case OP_MATVEC: return two(g, op, elem_real(1), tensor2(g), vector(g));
    case OP_MATMUL: a = tensor2(g); return two(g, op, elem_real(2), a, like(g, a, tensor2));
    case OP_TRANSPOSE: a = tensor2(g); return a == SETIR_NONE ? a : node_1(g->p, op, elem_real(2), a, here);
    case OP_TRACE: return one(g, op, tensor2(g));
    case OP_DET:
        a = tensor2(g);
        if (a != SETIR_NONE && g->p->nodes.at[a].op == OP_OUTER) /* its determinant is rounding */
            a = two(g, OP_ADD, elem_real(2), a, with(g, OP_IDENTITY, elem_real(2), NULL, 0, (node_imm){0}));
        return one(g, op, a);
    case OP_IDENTITY: return with(g, op, elem_real(2), NULL, 0, (node_imm){0});
    case OP_CHANNEL_CAT: {
        if (pick(g, 4) == 0) return joined(g);
        node_id c[3] = {real(g)};
        uint32_t n = 1 + (uint32_t)pick(g, 3), total = 1;
        bool zero = pick(g, 4) == 0;
        if (zero) c[0] = num(g, 0);
        for (uint32_t k = 1; k < n; k++, total++) c[k] = zero && k == 2 ? real(g) : like(g, c[0], real);
        return with(g, op, (elem){.kind = ELEM_REAL, .channels = (uint16_t)total}, c, n, (node_imm){0});
    }
    case OP_CHANNEL_GET:
        a = channels(g);
        return a == SETIR_NONE ? a
                               : with(g, op, elem_real(0), &a, 1,
                                      (node_imm){.k = pick(g, g->p->nodes.at[a].elem.channels)});
    default: return SETIR_NONE;
    }
}

/* a table of the product a * b to e with a term or two that belong to no product */
static uint32_t spoiled(gen *g, elem a, elem b, elem e)
{
    product_term t[2];
    for (int k = 0; k < 2; k++)
        t[k] = (product_term){(uint32_t)pick(g, (int)elem_components(e)), (uint32_t)pick(g, (int)elem_components(a)),
                              (uint32_t)pick(g, (int)elem_components(b)), between(g, 0.5, 1)};
    return program_table(g->p, a, b, e, t, 1 + (uint32_t)pick(g, 2));
}

/* products, derivatives of harmonics, scalar products of parts, and what is none of these */
static node_id make_bilinear(gen *g)
{
    node_id a = pick(g, 4) ? turning(g) : channels(g), b = pick(g, 3) ? turning(g) : a;
    if (a == SETIR_NONE || b == SETIR_NONE) return SETIR_NONE;
    elem ea = g->p->nodes.at[a].elem, eb = g->p->nodes.at[b].elem;
    const irreps *r = irreps_of(g->p, ea);
    uint32_t table = SETIR_NONE;
    int how = pick(g, 5);
    if (how == 0) table = spoiled(g, ea, eb, pick(g, 2) ? elem_real((uint8_t)pick(g, 2)) : ea);
    if (how == 1 && r && elem_equal(ea, eb)) table = coupling_dots(g->p, ea, eb, 0, r->n);
    if (how == 2) {
        table = harmonics_gradient(g->p, 2);
        node_id v = vector(g);
        a = with(g, OP_SOLID, elem_irreps(g->p, irreps_harmonics(g->p, 2)), &v, 1, (node_imm){.k = 2});
        b = with(g, OP_SOLID, elem_irreps(g->p, irreps_harmonics(g->p, 1)), &v, 1, (node_imm){.k = 1});
        if (pick(g, 2)) {
            table = table_exchange(g->p, table, TABLE_A);
            a = vector(g);
        }
    }
    if (table == SETIR_NONE) table = coupling_product(g->p, ea, eb, 2);
    if (table == SETIR_NONE || elem_components(g->p->tables.at[table].to) > WIDEST) return SETIR_NONE;
    return with(g, OP_BILINEAR, g->p->tables.at[table].to, (node_id[]){a, b}, 2, (node_imm){.table = table});
}

static node_id make_linear(gen *g)
{
    node_id a = pick(g, 4) ? turning(g) : pick(g, 2) ? channels(g) : vector(g);
    if (a == SETIR_NONE) return a;
    elem e = g->p->nodes.at[a].elem;
    const irreps *r = irreps_of(g->p, e);
    uint32_t table = spoiled(g, e, elem_real(0), pick(g, 2) ? e : elem_channels(2)), from[64];
    uint32_t k = r ? (uint32_t)pick(g, (int)r->n) : 0, width = r ? irreps_channels(&r->part[k], 1) : 0;
    if (r && width <= 64 && pick(g, 5)) {
        for (uint32_t c = 0; c < width; c++) from[c] = irreps_channels(r->part, k) + c;
        table = table_pick(g->p, e, elem_irreps(g->p, program_irreps(g->p, &r->part[k], 1)), from);
    }
    if (!r && e.rank == 1 && pick(g, 3)) { /* a vector as irreps(1o): y, z, x */
        const irrep one = {1, 1, pick(g, 4) != 0};
        table = table_pick(g->p, e, elem_irreps(g->p, program_irreps(g->p, &one, 1)), (const uint32_t[]){1, 2, 0});
    }
    return with(g, OP_LINEAR, g->p->tables.at[table].to, &a, 1, (node_imm){.table = table});
}

static node_id make_irreps(gen *g, node_op op)
{
    uint32_t size = (uint32_t)size_of(g, g->range);
    const irrep one = {1, 1, pick(g, 2) != 0};
    elem plain = size == 3 && pick(g, 3) == 0 ? elem_irreps(g->p, program_irreps(g->p, &one, 1)) : elem_channels(size);
    node_id a, c[8];
    switch ((int)op) {
    case OP_SOLID: {
        int lmax = pick(g, 4);
        a = vector(g);
        return with(g, op, elem_irreps(g->p, irreps_harmonics(g->p, lmax)), &a, 1, (node_imm){.k = lmax});
    }
    case OP_LINEAR: return make_linear(g);
    case OP_BILINEAR: return make_bilinear(g);
    case OP_CHANNEL_PUT: return two(g, op, plain, real(g), index_of(g, g->range));
    default: break;
    }
    c[0] = real(g);
    for (uint32_t k = 1; k < size; k++) c[k] = pick(g, 3) ? like(g, c[0], real) : kin(g, c[0]);
    a = with(g, OP_CHANNEL_CAT, elem_channels(size), c, size, (node_imm){0});
    if (plain.irreps && pick(g, 2)) {
        node_id v = vector(g);
        uint32_t table = table_pick(g->p, elem_real(1), plain, (const uint32_t[]){1, 2, 0});
        a = with(g, OP_LINEAR, plain, &v, 1, (node_imm){.table = table});
    }
    return two(g, OP_CHANNEL_AT, elem_real(0), a, index_of(g, g->range));
}

/* channels that turn */
static node_id turning(gen *g)
{
    node_id out = SETIR_NONE;
    g->depth++;
    if (g->depth <= g->most_depth && pick(g, 3) == 0) {
        out = make(g, (node_op[]){OP_BILINEAR, OP_LINEAR, OP_CHANNEL_CAT}[pick(g, 3)]);
        if (out != SETIR_NONE && !g->p->nodes.at[out].elem.irreps) out = SETIR_NONE;
    }
    if (out == SETIR_NONE) out = make_irreps(g, OP_SOLID);
    g->depth--;
    return out;
}

static node_id make_truth(gen *g, node_op op)
{
    node_id a, i;
    set_id s;
    switch ((int)op) {
    case OP_LT:
    case OP_LE:
    case OP_EQ:
        a = real(g);
        if (op == OP_EQ && pick(g, 4) == 0) return two(g, op, elem_bool(), one(g, OP_SIGN, a), num(g, 1));
        return pick(g, 4) ? two(g, op, elem_bool(), a, like(g, a, real))
                          : two(g, op, elem_bool(), constant(g), a);
    case OP_SPECIES_EQ: return two(g, op, elem_bool(), species(g), species(g));
    case OP_AND:
    case OP_OR: return two(g, op, elem_bool(), truth(g), truth(g));
    case OP_NOT: a = truth(g); return a == SETIR_NONE ? a : node_1(g->p, op, elem_bool(), a, here);
    case OP_INDEX_EQ:
    case OP_INDEX_LT:
        s = g->n_var && pick(g, 3) ? g->p->ivars.at[g->var[pick(g, g->n_var)]].set : g->atom[0];
        i = index_of(g, s);
        return two(g, op, elem_bool(), i, index_of(g, s));
    default: return SETIR_NONE;
    }
}

static node_id a_constant(gen *g, uint8_t rank)
{
    node_imm imm = {.value = {between(g, -1, 1), between(g, -1, 1), between(g, -1, 1)}};
    return program_node(g->p, OP_CONST, elem_real(rank), NULL, 0, &imm, here);
}

static node_id make_leaf(gen *g, node_op op)
{
    node_id n;
    switch ((int)op) {
    case OP_CONST: {
        if (pick(g, 4)) return constant(g);
        uint8_t rank = 1 + (uint8_t)pick(g, 2);
        node_imm imm = {0};
        double common = between(g, -1, 1);
        bool isotropic = pick(g, 2);
        for (int k = 0; k < (rank == 1 ? 3 : 9); k++)
            imm.value[k] = isotropic ? (rank == 2 && k % 4 == 0 ? common : 0) : between(g, -1, 1);
        return program_node(g->p, op, elem_real(rank), NULL, 0, &imm, here);
    }
    case OP_BOOL_CONST:
        return program_node(g->p, op, elem_bool(), NULL, 0, &(node_imm){.k = pick(g, 2)}, here);
    case OP_SPECIES_CONST:
        return program_node(g->p, op, elem_species(), NULL, 0,
                            &(node_imm){.k = (int[]){0, 1, 8, 42}[pick(g, 4)]}, here);
    case OP_INPUT: return some_field(g, (uint8_t)pick(g, 3));
    case OP_PARAM: return param(g, elem_real(pick(g, 4) ? 0 : (uint8_t)pick(g, 3)));
    case OP_ACCESS: return access(g, (uint8_t)(pick(g, 3) ? 0 : pick(g, 3)), pick(g, 8) == 0, false);
    case OP_PADGET: return access(g, 0, false, true);
    case OP_IVAR: n = g->n_var ? var(g, g->var[pick(g, g->n_var)]) : SETIR_NONE; return n;
    case OP_INDEX_CONST: {
        set_id s = some_set(g);
        set_kind kind = g->p->sets.at[s].kind;
        bool fixed = kind == SET_RANGE || kind == SET_SPECIES || kind == SET_AXIS || kind == SET_RANK;
        return program_node(g->p, op, elem_index(s), NULL, 0,
                            &(node_imm){.k = fixed ? pick(g, (int)size_of(g, s)) : 0, .set = s}, here);
    }
    default: return SETIR_NONE;
    }
}

static node_id make_index(gen *g, node_op op)
{
    node_id n;
    switch ((int)op) {
    case OP_PAIR_I:
    case OP_PAIR_J:
        n = pair_index(g);
        return n == SETIR_NONE
                   ? n
                   : node_1(g->p, op, elem_index(g->p->sets.at[g->p->nodes.at[n].elem.set].parent), n, here);
    case OP_PAIR_REV:
        n = pair_index(g);
        return n == SETIR_NONE ? n : node_1(g->p, op, g->p->nodes.at[n].elem, n, here);
    case OP_SPOT_HOST:
        n = index_of(g, g->spot);
        return n == SETIR_NONE ? n : node_1(g->p, op, elem_index(g->atom[0]), n, here);
    case OP_INDEX_REAL: return one(g, op, index_of(g, g->range));
    case OP_INDEX_SPECIES:
        n = index_of(g, g->kinds);
        return n == SETIR_NONE ? n : node_1(g->p, op, elem_species(), n, here);
    case OP_SPECIES_INDEX:
        n = pick(g, 2) ? field(g, some_slot(g), F_SPECIES) : make_index(g, OP_INDEX_SPECIES);
        return with(g, op, elem_index(g->kinds), &n, 1, (node_imm){.set = g->kinds});
    case OP_PROTONS: return one(g, op, species(g));
    case OP_ELEMENT_DATA: n = species(g); return with(g, op, elem_real(0), &n, 1, (node_imm){.k = 0});
    default: return SETIR_NONE;
    }
}

static node_id make_select(gen *g)
{
    int wide = pick(g, 6);
    node_id (*of)(gen *) = wide == 0   ? vector
                           : wide == 1 ? tensor2
                           : wide == 2 ? species
                           : wide == 3 ? truth
                                       : real;
    node_id a = of(g),
            b = wide > 1 && wide < 4 ? of(g)
                : pick(g, 2)         ? exchanged(g, a)
                                     : like(g, a, of),
            c = truth(g);
    if (a == SETIR_NONE || b == SETIR_NONE || c == SETIR_NONE) return SETIR_NONE;
    if (pick(g, 4) == 0) {
        node_id other = a;
        a = b;
        b = other;
    }
    return node_3(g->p, OP_SELECT, g->p->nodes.at[a].elem, c, a, b, here);
}

static node_id make_reduce(gen *g)
{
    node_id (*of)(gen *) = (node_id(*[])(gen *)){real, real, real, vector, tensor2, channels}[pick(g, 6)];
    return reduce(g, of,
                  of == vector || of == tensor2 ? (pick(g, 3) ? RED_SUM : RED_MEAN) : (reduction)pick(g, 5));
}

static node_id make(gen *g, node_op op)
{
    if (op <= OP_PADGET) return make_leaf(g, op);
    if (op <= OP_SPECIES_INDEX || op == OP_PROTONS || op == OP_ELEMENT_DATA) return make_index(g, op);
    if (op <= OP_INDEX_LT) return make_truth(g, op);
    if (op <= OP_LOOKUP) return make_geometry(g, op);
    if (op <= OP_CUTOFF) return make_arithmetic(g, op);
    if (op <= OP_CHANNEL_GET) return make_tensor(g, op);
    if (op <= OP_BILINEAR) return make_irreps(g, op);
    if (op < OP_SELECT) return make_truth(g, op);
    if (op == OP_SELECT) return make_select(g);
    if (op == OP_REDUCE) return make_reduce(g);
    node_id n = op == OP_NAMED ? a_constant(g, (uint8_t)(pick(g, 3) > 0)) : pick(g, 2) ? real(g) : vector(g);
    if (op == OP_NAMED)
        return with(g, op, g->p->nodes.at[n].elem, &n, 1, (node_imm){.param = (uint32_t)pick(g, 4)});
    return n == SETIR_NONE ? n : with(g, OP_ASCRIBE, g->p->nodes.at[n].elem, &n, 1, (node_imm){0});
}

/* ------------------------------------------------------------------------------------ by type */

/* an operation from the list whose value has that type, else the fallback */
static node_id of_type(gen *g, const node_op *list, int n, elem e, node_id fallback)
{
    for (int tries = 0; tries < 5; tries++) {
        node_id x = make(g, list[pick(g, n)]);
        if (x == SETIR_NONE) continue;
        elem got = g->p->nodes.at[x].elem;
        if (got.kind == e.kind && got.rank == e.rank && (got.channels > 0) == (e.channels > 0)) return x;
    }
    return fallback;
}
#define OF_TYPE(list, e, fallback) of_type(g, list, (int)(sizeof(list) / sizeof *(list)), e, fallback)

static node_id real(gen *g)
{
    static const node_op leaf[] = {OP_CONST,      OP_INPUT,   OP_INPUT, OP_VOLUME, OP_COUNT,
                                   OP_INDEX_REAL, OP_PROTONS, OP_FRAC,  OP_PHASE,  OP_NORM,
                                   OP_DOT,        OP_COMP,    OP_PARAM, OP_ACCESS};
    static const node_op deep[] = {
        OP_INPUT,       OP_VOLUME, OP_FRAC,   OP_PHASE,  OP_NEG,    OP_ADD,    OP_ADD,    OP_SUB,
        OP_MUL,         OP_MUL,    OP_DIV,    OP_POW,    OP_POWV,   OP_EXP,    OP_SIN,    OP_COS,
        OP_TAN,         OP_TANH,   OP_ATAN,   OP_ABS,    OP_SIGN,   OP_MIN2,   OP_MAX2,   OP_ATAN2,
        OP_CUTOFF,      OP_DOT,    OP_DOT,    OP_NORM,   OP_NORM,   OP_COMP,   OP_TRACE,  OP_DET,
        OP_CHANNEL_GET, OP_SELECT, OP_SELECT, OP_REDUCE, OP_REDUCE, OP_REDUCE, OP_REDUCE, OP_ACCESS,
        OP_ACCESS,      OP_PADGET, OP_LOOKUP, OP_TABLE,  OP_SPLINE, OP_SPLINE, OP_COUNT,  OP_ERF,    OP_LOG,    OP_FLOOR,  OP_ASCRIBE, OP_NAMED};
    node_id fallback = num(g, between(g, -1.5, 1.5)), out;
    g->depth++;
    if (g->depth > g->most_depth + 1)
        out = g->depth > g->most_depth + 3 ? fallback : some_field(g, 0);
    else
        out = g->depth > g->most_depth ? OF_TYPE(leaf, elem_real(0), fallback)
                                       : OF_TYPE(deep, elem_real(0), fallback);
    g->depth--;
    return out == SETIR_NONE ? fallback : out;
}

static node_id vector(gen *g)
{
    static const node_op leaf[] = {OP_INPUT,    OP_INPUT,   OP_PAIR_D, OP_PAIR_D,
                                   OP_CELL_VEC, OP_RECIP_K, OP_SPOT_R};
    static const node_op deep[] = {OP_INPUT,  OP_PAIR_D, OP_CELL_VEC, OP_RECIP_K,    OP_SPOT_R, OP_ADD,
                                   OP_SUB,    OP_SUB,    OP_MUL,      OP_DIV,        OP_NEG,    OP_CROSS,
                                   OP_MATVEC, OP_VEC3,   OP_NEAREST,  OP_NIGGLI_VEC, OP_REDUCE, OP_REDUCE,
                                   OP_SELECT, OP_ACCESS, OP_LOOKUP,   OP_PARAM,      OP_CONST,  OP_ASCRIBE,   OP_NAMED};
    node_id out;
    g->depth++;
    if (g->depth > g->most_depth + 1)
        out = SETIR_NONE;
    else if (pick(g, 4) == 0)
        out = difference(g);
    else
        out = g->depth > g->most_depth ? OF_TYPE(leaf, elem_real(1), SETIR_NONE)
                                       : OF_TYPE(deep, elem_real(1), SETIR_NONE);
    if (out == SETIR_NONE) out = some_field(g, 1);
    if (out == SETIR_NONE)
        out = with(g, OP_VEC3, elem_real(1), (node_id[]){num(g, 0), num(g, 0), num(g, between(g, -1, 1))}, 3,
                   (node_imm){0});
    g->depth--;
    return out;
}

static node_id tensor2(gen *g)
{
    static const node_op leaf[] = {OP_INPUT, OP_OUTER, OP_IDENTITY};
    static const node_op deep[] = {OP_INPUT,     OP_OUTER,  OP_OUTER,  OP_IDENTITY, OP_ADD,   OP_MATMUL,
                                   OP_TRANSPOSE, OP_REDUCE, OP_SELECT, OP_ACCESS,   OP_PARAM, OP_CONST};
    node_id identity = with(g, OP_IDENTITY, elem_real(2), NULL, 0, (node_imm){0}), out;
    g->depth++;
    if (g->depth > g->most_depth + 1)
        out = identity;
    else
        out = g->depth > g->most_depth ? OF_TYPE(leaf, elem_real(2), identity)
                                       : OF_TYPE(deep, elem_real(2), identity);
    g->depth--;
    return out;
}

static node_id channels(gen *g)
{
    node_id out = SETIR_NONE;
    g->depth++;
    if (g->depth <= g->most_depth && pick(g, 2)) out = pick(g, 3) ? make(g, OP_CHANNEL_CAT) : turning(g);
    if (out == SETIR_NONE) out = field(g, some_slot(g), F_CHANNELS);
    if (out != SETIR_NONE && g->depth <= g->most_depth && pick(g, 3) == 0)
        out = two(g, !g->p->nodes.at[out].elem.irreps && pick(g, 2) ? OP_ADD : OP_MUL, g->p->nodes.at[out].elem,
                  real(g), out);
    if (out == SETIR_NONE) {
        node_id c[2] = {real(g), num(g, 0.4)};
        out = with(g, OP_CHANNEL_CAT, (elem){.kind = ELEM_REAL, .channels = 2}, c, 2, (node_imm){0});
    }
    g->depth--;
    return out;
}

static node_id truth(gen *g)
{
    static const node_op leaf[] = {OP_SPECIES_EQ, OP_INDEX_EQ, OP_LT, OP_LE};
    static const node_op deep[] = {OP_SPECIES_EQ, OP_SPECIES_EQ, OP_INDEX_EQ, OP_INDEX_EQ,  OP_INDEX_LT,
                                   OP_LT,         OP_LE,         OP_EQ,       OP_AND,       OP_OR,
                                   OP_NOT,        OP_SELECT,     OP_ACCESS,   OP_BOOL_CONST};
    node_id yes = program_node(g->p, OP_BOOL_CONST, elem_bool(), NULL, 0, &(node_imm){.k = 1}, here), out;
    g->depth++;
    if (g->depth > g->most_depth + 1)
        out = yes;
    else
        out = g->depth > g->most_depth ? OF_TYPE(leaf, elem_bool(), yes) : OF_TYPE(deep, elem_bool(), yes);
    g->depth--;
    return out;
}

static node_id species(gen *g)
{
    static const node_op list[] = {OP_SPECIES_CONST, OP_INDEX_SPECIES, OP_LOOKUP};
    node_id out = pick(g, 2) ? field(g, some_slot(g), F_SPECIES) : SETIR_NONE;
    return out != SETIR_NONE ? out : OF_TYPE(list, elem_species(), make(g, OP_SPECIES_CONST));
}
