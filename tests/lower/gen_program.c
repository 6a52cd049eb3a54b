/* SPDX-License-Identifier: Apache-2.0
 *
 * gen_program.c: random well-typed programs. In: a seed. Out: a program that verify.c accepts. Sums are
 * opened only as long as the interpreter can follow (GEN_WORK_MOST steps per value).
 */
#include "gen_program.h"
#include "../setir/curve_sample.h"

#include <math.h>
#include <string.h>

enum { GEN_VARS = 12, GEN_PLACES = 7 }; /* places: at least the atoms of a frame      */
#define GEN_WORK_MOST 4000.0

typedef struct gen {
    program *p;
    arena *a;
    intern names;
    uint64_t state;
    int depth, most_depth; /* of expressions                                            */
    ivar_id var[GEN_VARS];
    int n_var;   /* index variables in scope                                  */
    double work; /* how often the place being written is evaluated            */
    set_id atom, bond, recip, axis, range, kinds, spot, edge, axes; /* axes: of channels, three numbers */
    input_id r, Z, charge, dipole, field, sample_Z, sample_charge;
    param_id bias, shift, pair, weight, hidden; /* of nothing, an element (a vector), two, an element and a number, (channels) an element */
    def_id tensor[24];
    int n_tensor;
} gen;

static uint64_t gen_next(gen *g)
{
    uint64_t z = (g->state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static int gen_pick(gen *g, int n)
{
    return (int)(gen_next(g) % (uint64_t)n);
}

static double gen_between(gen *g, double lo, double hi)
{
    return lo + (hi - lo) * (double)(gen_next(g) >> 11) * 0x1p-53;
}

static const span here = {0};

static name gen_name(gen *g, const char *s)
{
    return intern_s(&g->names, s);
}

/* ---- nodes --------------------------------------------------------------------------------------------- */

static node_id num(gen *g, double x)
{
    return node_const(g->p, x, unit_none(), here);
}

static node_id one(gen *g, node_op op, node_id a)
{
    return node_1(g->p, op, elem_real(0), a, here);
}

static node_id two(gen *g, node_op op, node_id a, node_id b)
{
    return node_2(g->p, op, elem_real(0), a, b, here);
}

static node_id pow_of(gen *g, node_id a, double power)
{
    return program_node(g->p, OP_POW, elem_real(0), &a, 1, &(node_imm){.value = {power}}, here);
}

static node_id at_atom(gen *g, input_id in);
static node_id tensor2(gen *g);
static node_id real(gen *g);
static node_id vector(gen *g);
static node_id truth(gen *g);
static node_id species(gen *g);

static node_id var(gen *g, ivar_id v)
{
    return node_ivar(g->p, v, here);
}

/* ---- sizes and indices --------------------------------------------------------------------------------- */

static double size_of(const gen *g, set_id s)
{
    const set *x = &g->p->sets.at[s];
    switch (x->kind) {
    case SET_BASE: return 4;
    case SET_PAIRS: return 24;
    case SET_RECIP: return 20;
    case SET_DIFFER: return 3;
    case SET_AXIS:
    case SET_SPECIES: return x->count;
    case SET_RANGE: return x->hi - x->lo + 1;
    case SET_RANK: return x->parent == SETIR_NONE ? x->count : size_of(g, x->parent);
    }
    return 1;
}

/* an index of that set from what is in scope; NONE when nothing gives one */
static node_id index_of(gen *g, set_id s)
{
    node_id found[3 * GEN_VARS];
    int n = 0;
    for (int k = 0; k < g->n_var; k++) {
        const ivar *v = &g->p->ivars.at[g->var[k]];
        const set *x = &g->p->sets.at[v->set];
        if (v->set == s) found[n++] = var(g, g->var[k]);
        if (x->kind == SET_PAIRS && v->set == s && gen_pick(g, 3) == 0)
            found[n++] = node_1(g->p, OP_PAIR_REV, elem_index(s), var(g, g->var[k]), here);
        if (x->kind == SET_PAIRS && x->parent == s) {
            found[n++] = node_1(g->p, OP_PAIR_I, elem_index(s), var(g, g->var[k]), here);
            found[n++] = node_1(g->p, OP_PAIR_J, elem_index(s), var(g, g->var[k]), here);
        }
        if (x->kind == SET_DIFFER && x->host == s)
            found[n++] = node_1(g->p, OP_SPOT_HOST, elem_index(s), var(g, g->var[k]), here);
    }
    if (n) return found[gen_pick(g, n)];
    set_kind kind = g->p->sets.at[s].kind;
    if (kind == SET_RANGE || kind == SET_SPECIES || kind == SET_AXIS ||
        (kind == SET_RANK && g->p->sets.at[s].parent == SETIR_NONE))
        return program_node(g->p, OP_INDEX_CONST, elem_index(s), NULL, 0,
                            &(node_imm){.k = gen_pick(g, (int)size_of(g, s)), .set = s}, here);
    return SETIR_NONE;
}

static set_id some_set(gen *g)
{
    const set_id all[] = {g->atom, g->atom, g->bond, g->range, g->kinds, g->recip, g->axis, g->spot, g->edge};
    for (;;) {
        set_id s = all[gen_pick(g, (int)(sizeof all / sizeof *all))];
        if (s != SETIR_NONE) return s;
    }
}

/* ---- reductions ---------------------------------------------------------------------------------------- */

static ivar_id open_var(gen *g, set_id s, node_id row, node_id to, const char *id)
{
    ivar_id v = program_ivar(
        g->p, (ivar){.set = s, .row = row, .to = to, .partner = SETIR_NONE, .id = gen_name(g, id)});
    g->var[g->n_var++] = v;
    return v;
}

static node_id reduction_over(gen *g, reduction op, const ivar_id *v, uint32_t n, node_id body, node_id where)
{
    node_id args[2] = {body, where};
    node_imm imm = {.reduce = op, .ivars = (ivar_id *)v, .n_ivars = n};
    return program_node(g->p, OP_REDUCE, g->p->nodes.at[body].elem, args, where == SETIR_NONE ? 1 : 2, &imm,
                        here);
}

/* conditions that pick by an outer variable: what the lowering turns into one pass */
static node_id selecting(gen *g, ivar_id v)
{
    const set *s = &g->p->sets.at[g->p->ivars.at[v].set];
    node_id site = s->kind == SET_PAIRS && s->parent == g->atom
                       ? node_1(g->p, OP_PAIR_J, elem_index(g->atom), var(g, v), here)
                   : s->kind == SET_BASE ? var(g, v)
                                         : SETIR_NONE;
    if (site == SETIR_NONE) return truth(g);
    node_id z = index_of(g, g->kinds), other = index_of(g, g->atom);
    if (gen_pick(g, 3) == 0 && other != SETIR_NONE)
        return node_2(g->p, OP_INDEX_EQ, elem_bool(), site, other, here);
    node_id element =
        program_node(g->p, OP_INPUT, elem_species(), &site, 1, &(node_imm){.input = g->Z}, here);
    node_id wanted = node_1(g->p, OP_INDEX_SPECIES, elem_species(), z, here);
    return node_2(g->p, OP_SPECIES_EQ, elem_bool(), element, wanted, here);
}

static node_id reduce(gen *g, node_id (*body_of)(gen *))
{
    int vars = g->n_var;
    double work = g->work;
    ivar_id v[3];
    uint32_t n = 0;
    set_id s = some_set(g);
    node_id row = SETIR_NONE, to = SETIR_NONE, where = SETIR_NONE;
    if (g->p->sets.at[s].kind == SET_PAIRS && gen_pick(g, 4)) {
        row = index_of(g, g->p->sets.at[s].parent);
        if (row != SETIR_NONE && gen_pick(g, 4) == 0) to = index_of(g, g->p->sets.at[s].parent);
    }
    double size = row != SETIR_NONE ? 7 : size_of(g, s);
    if (g->work * size > GEN_WORK_MOST || g->n_var > GEN_VARS - 3)
        return body_of == vector ? at_atom(g, g->dipole) : num(g, gen_between(g, 0.2, 1));
    g->work *= size;
    v[n++] = open_var(g, s, row, to, "b");
    if (gen_pick(g, 4) == 0 && g->work * size <= GEN_WORK_MOST && to == SETIR_NONE) {
        g->work *= size;
        v[n] = open_var(g, s, row, to, "c");
        g->p->ivars.at[v[n]].partner = v[0];
        g->p->ivars.at[v[n]].unordered = gen_pick(g, 2);
        n++;
    }
    g->depth++;
    if (gen_pick(g, 3) == 0) where = gen_pick(g, 2) ? selecting(g, v[n - 1]) : truth(g);
    node_id body = body_of(g);
    g->depth--;
    reduction op = body_of == vector ? (gen_pick(g, 4) ? RED_SUM : RED_MEAN) : (reduction)gen_pick(g, 5);
    if (op == RED_PROD) body = two(g, OP_ADD, num(g, 1), two(g, OP_MUL, num(g, 0.05), one(g, OP_TANH, body)));
    node_id out = reduction_over(g, op, v, n, body, where);
    g->n_var = vars;
    g->work = work;
    if (op == RED_MAX || op == RED_MIN) out = one(g, OP_TANH, out); /* of nothing it is infinite */
    return out;
}

/* ---- leaves -------------------------------------------------------------------------------------------- */

static node_id at_atom(gen *g, input_id in)
{
    node_id i = index_of(g, g->atom);
    return i == SETIR_NONE ? SETIR_NONE
                           : program_node(g->p, OP_INPUT, g->p->inputs.at[in].elem, &i, 1,
                                          &(node_imm){.input = in}, here);
}

static node_id some_kind(gen *g)
{
    node_id z = gen_pick(g, 3) ? at_atom(g, g->Z) : SETIR_NONE;
    return z == SETIR_NONE ? index_of(g, g->kinds)
                           : program_node(g->p, OP_SPECIES_INDEX, elem_index(g->kinds), &z, 1, &(node_imm){.set = g->kinds}, here);
}

static node_id trained(gen *g)
{
    const param_id all[] = {g->bias, g->shift, g->pair, g->weight, g->hidden};
    const param_id id = all[gen_pick(g, 5)];
    const elem e = g->p->params.at[id].elem;
    node_id index[2] = {id == g->bias ? SETIR_NONE : some_kind(g)};
    if (id == g->pair) index[1] = some_kind(g);
    if (id == g->weight) index[1] = index_of(g, g->range);
    node_id w = program_node(g->p, OP_PARAM, e, index, g->p->params.at[id].n_domain, &(node_imm){.param = id}, here);
    if (id == g->shift && g->depth > g->most_depth)
        return program_node(g->p, OP_COMP, elem_real(0), &w, 1, &(node_imm){.k = gen_pick(g, 3)}, here);
    if (id == g->shift) return node_2(g->p, OP_DOT, elem_real(0), w, vector(g), here);
    if (id != g->hidden) return w;
    return gen_pick(g, 2) ? program_node(g->p, OP_CHANNEL_AT, elem_real(0), (node_id[]){w, index_of(g, g->axes)}, 2, NULL, here)
                          : program_node(g->p, OP_CHANNEL_GET, elem_real(0), &w, 1, &(node_imm){.k = gen_pick(g, 3)}, here);
}

static node_id leaf(gen *g)
{
    node_id n = SETIR_NONE, e;
    switch (gen_pick(g, 14)) {
    case 0:
    case 1: n = at_atom(g, g->charge); break;
    case 2:
    case 3:
        if ((e = index_of(g, g->bond)) != SETIR_NONE)
            n = one(g, OP_NORM, node_1(g->p, OP_PAIR_D, elem_real(1), e, here));
        break;
    case 4: n = two(g, OP_MUL, num(g, 0.1), one(g, OP_PROTONS, species(g))); break;
    case 5: n = two(g, OP_MUL, num(g, 0.3), one(g, OP_INDEX_REAL, index_of(g, g->range))); break;
    case 6:
        n = program_node(g->p, OP_INPUT, elem_real(0), NULL, 0, &(node_imm){.input = g->field}, here);
        break;
    case 7: {
        set_id s = gen_pick(g, 2) ? g->atom : g->bond;
        node_id i = s == g->bond ? index_of(g, g->atom) : SETIR_NONE;
        n = program_node(g->p, OP_COUNT, elem_real(0), &i, i != SETIR_NONE, &(node_imm){.set = s}, here);
        n = two(g, OP_MUL, num(g, 0.1), n);
        break;
    }
    case 8:
        if (g->recip == SETIR_NONE || (e = index_of(g, g->recip)) == SETIR_NONE) break;
        n = gen_pick(g, 2) ? one(g, OP_NORM, node_1(g->p, OP_RECIP_K, elem_real(1), e, here))
                           : two(g, OP_PHASE, e, vector(g));
        break;
    case 9:
        if (g->axis != SETIR_NONE)
            n = program_node(g->p, OP_FRAC, elem_real(0), (node_id[]){vector(g), index_of(g, g->axis)}, 2,
                             &(node_imm){.slot = 0}, here);
        break;
    case 10:
        if (g->axis != SETIR_NONE)
            n = pow_of(g, program_node(g->p, OP_VOLUME, elem_real(0), NULL, 0, &(node_imm){.slot = 0}, here),
                       1.0 / 3);
        break;
    case 11: /* not of a vacancy: that has no mass */
        if ((e = at_atom(g, g->Z)) != SETIR_NONE)
            n = two(g, OP_MUL, num(g, 0.02), node_1(g->p, OP_ELEMENT_DATA, elem_real(0), e, here));
        break;
    case 12:
        if (g->spot != SETIR_NONE && (e = index_of(g, g->spot)) != SETIR_NONE)
            n = gen_pick(g, 2)
                    ? program_node(g->p, OP_LOOKUP, elem_real(0), (node_id[]){e, num(g, 0.7)}, 2,
                                   &(node_imm){.input = g->sample_charge}, here)
                    : program_node(g->p, OP_INPUT, elem_real(0),
                                   (node_id[]){node_1(g->p, OP_SPOT_HOST, elem_index(g->atom), e, here)}, 1,
                                   &(node_imm){.input = g->charge}, here);
        break;
    default: n = trained(g); break;
    }
    return n == SETIR_NONE ? num(g, gen_between(g, -1.5, 1.5)) : n;
}

static node_id species(gen *g)
{
    node_id e = gen_pick(g, 3) ? at_atom(g, g->Z) : SETIR_NONE, p;
    if (e != SETIR_NONE) return e;
    if (g->spot != SETIR_NONE && (p = index_of(g, g->spot)) != SETIR_NONE) {
        node_id vacancy =
            program_node(g->p, OP_SPECIES_CONST, elem_species(), NULL, 0, &(node_imm){.k = 0}, here);
        return program_node(g->p, OP_LOOKUP, elem_species(), (node_id[]){p, vacancy}, 2,
                            &(node_imm){.input = g->sample_Z}, here);
    }
    if (gen_pick(g, 2)) return node_1(g->p, OP_INDEX_SPECIES, elem_species(), index_of(g, g->kinds), here);
    const int elements[] = {1, 8, 16, 42};
    return program_node(g->p, OP_SPECIES_CONST, elem_species(), NULL, 0,
                        &(node_imm){.k = elements[gen_pick(g, 4)]}, here);
}

static node_id truth(gen *g)
{
    g->depth++;
    node_id out = SETIR_NONE, i = index_of(g, g->atom), j = index_of(g, g->atom), k;
    switch (gen_pick(g, g->depth > g->most_depth ? 5 : 7)) {
    case 0: out = node_2(g->p, OP_SPECIES_EQ, elem_bool(), species(g), species(g), here); break;
    case 1:
        if (i != SETIR_NONE) out = node_2(g->p, OP_INDEX_EQ, elem_bool(), i, j, here);
        break;
    case 2:
        k = index_of(g, g->range);
        out = node_2(g->p, OP_INDEX_LT, elem_bool(), k, index_of(g, g->range), here);
        break;
    case 3:
    case 4: break;
    case 5: out = node_2(g->p, gen_pick(g, 2) ? OP_AND : OP_OR, elem_bool(), truth(g), truth(g), here); break;
    default: out = node_1(g->p, OP_NOT, elem_bool(), truth(g), here); break;
    }
    if (out == SETIR_NONE)
        out = node_2(g->p, gen_pick(g, 2) ? OP_LT : OP_LE, elem_bool(), real(g),
                     two(g, OP_ADD, num(g, 0.0137), real(g)), here);
    g->depth--;
    return out;
}

/* ---- vectors and tensors ------------------------------------------------------------------------------- */

static node_id difference(gen *g)
{
    node_id a = at_atom(g, g->r), b = at_atom(g, g->r);
    return a == SETIR_NONE ? SETIR_NONE : node_2(g->p, OP_SUB, elem_real(1), a, b, here);
}

static node_id tensor2(gen *g)
{
    node_id out = node_2(g->p, OP_OUTER, elem_real(2), vector(g), vector(g), here);
    if (gen_pick(g, 2)) out = node_1(g->p, OP_TRANSPOSE, elem_real(2), out, here);
    if (gen_pick(g, 2))
        out = node_2(g->p, OP_ADD, elem_real(2), out,
                     program_node(g->p, OP_IDENTITY, elem_real(2), NULL, 0, NULL, here), here);
    if (gen_pick(g, 4) == 0) out = node_2(g->p, OP_MATMUL, elem_real(2), out, out, here);
    return out;
}

static node_id vector(gen *g)
{
    node_id out = SETIR_NONE, e;
    g->depth++;
    switch (gen_pick(g, g->depth > g->most_depth ? 5 : 12)) {
    case 0: out = at_atom(g, g->dipole); break;
    case 10:
        if (g->axis != SETIR_NONE && (e = difference(g)) != SETIR_NONE) {
            /* off the planes where two images are equally near */
            e = node_2(
                g->p, OP_ADD, elem_real(1), e,
                node_3(g->p, OP_VEC3, elem_real(1), num(g, 0.0123), num(g, 0.0311), num(g, -0.0217), here),
                here);
            out = program_node(g->p, OP_NEAREST, elem_real(1), &e, 1, &(node_imm){.slot = 0}, here);
        }
        break;
    case 11:
        if (g->spot != SETIR_NONE && (e = index_of(g, g->spot)) != SETIR_NONE)
            out = node_1(g->p, OP_SPOT_R, elem_real(1), e, here);
        break;
    case 1:
    case 2:
        if ((e = index_of(g, g->bond)) != SETIR_NONE) out = node_1(g->p, OP_PAIR_D, elem_real(1), e, here);
        break;
    case 3: out = difference(g); break;
    case 4:
        if (g->axis != SETIR_NONE)
            out = program_node(g->p, OP_CELL_VEC, elem_real(1), (node_id[]){index_of(g, g->axis)}, 1,
                               &(node_imm){.slot = 0}, here);
        break;
    case 5:
        out = node_2(g->p, gen_pick(g, 2) ? OP_ADD : OP_SUB, elem_real(1), vector(g), vector(g), here);
        break;
    case 6: out = node_2(g->p, OP_MUL, elem_real(1), one(g, OP_TANH, real(g)), vector(g), here); break;
    case 7: out = reduce(g, vector); break;
    case 8: out = node_2(g->p, OP_CROSS, elem_real(1), vector(g), vector(g), here); break;
    default:
        out = node_2(g->p, OP_DIV, elem_real(1),
                     node_2(g->p, OP_MATVEC, elem_real(1), tensor2(g), vector(g), here),
                     two(g, OP_ADD, num(g, 2), pow_of(g, real(g), 2)), here);
        break;
    }
    if (out == SETIR_NONE)
        out = node_3(g->p, OP_VEC3, elem_real(1), leaf(g), num(g, 0.3), num(g, -0.7), here);
    g->depth--;
    return out;
}

/* ---- reals --------------------------------------------------------------------------------------------- */

static node_id squash(gen *g, node_id a)
{
    return two(g, OP_DIV, a, pow_of(g, two(g, OP_ADD, num(g, 1), pow_of(g, a, 2)), 0.5));
}

static double next_number(void *user)
{
    return gen_between(user, 0, 1);
}

/* a tabulated function, now and then of an element, a number or neither */
static node_id curve_of(gen *g, node_id a)
{
    set_id domain[2];
    node_id arg[3] = {a};
    uint32_t n = 0;
    if (gen_pick(g, 2)) {
        node_id z = at_atom(g, g->Z);
        arg[1] = z != SETIR_NONE && gen_pick(g, 2)
                     ? program_node(g->p, OP_SPECIES_INDEX, elem_index(g->kinds), &z, 1, &(node_imm){.set = g->kinds}, here)
                     : index_of(g, g->kinds);
        domain[n++] = g->kinds;
    }
    if (gen_pick(g, 2)) {
        domain[n] = g->range;
        arg[++n] = index_of(g, g->range);
    }
    bool pieces = gen_pick(g, 4) > 0;
    node_imm imm = {.curve = curve_sample(g->p, domain, n, pieces, next_number, g), .k = pieces ? gen_pick(g, 3) : 0};
    return program_node(g->p, pieces ? OP_SPLINE : OP_TABLE, elem_real(0), arg + !pieces, n + pieces, &imm, here);
}

static node_id function(gen *g)
{
    node_id b = g->recip == SETIR_NONE || gen_pick(g, 2) ? SETIR_NONE : index_of(g, g->recip);
    node_id d = b == SETIR_NONE ? SETIR_NONE : difference(g);
    if (d != SETIR_NONE) return one(g, gen_pick(g, 2) ? OP_COS : OP_SIN, two(g, OP_PHASE, b, d));
    node_id a = squash(g, real(g));
    const node_op plain[] = {OP_EXP,  OP_SIN,  OP_COS, OP_TANH, OP_ATAN, OP_ERF, OP_ERFC,
                             OP_SINH, OP_COSH, OP_ABS, OP_NEG,  OP_TAN,  OP_SIGN};
    switch (gen_pick(g, 16)) {
    case 0: return one(g, OP_LOG, two(g, OP_ADD, num(g, 2), a));
    case 1:
        return pow_of(g, two(g, OP_ADD, num(g, 2), a),
                      (double[]){-3, -1, -0.5, 0.5, 1.5, 2.4, 3, 6}[gen_pick(g, 8)]);
    case 2:
        return program_node(g->p, OP_CUTOFF, elem_real(0), (node_id[]){one(g, OP_ABS, a)}, 1,
                            &(node_imm){.k = 1 + gen_pick(g, 4)}, here);
    case 3: return one(g, gen_pick(g, 2) ? OP_ASIN : OP_ACOS, two(g, OP_MUL, num(g, 0.9), a));
    case 4: return two(g, OP_POWV, two(g, OP_ADD, num(g, 2), a), squash(g, real(g)));
    case 6:
    case 7: return curve_of(g, a);
    case 5: return two(g, OP_ATAN2, a, two(g, OP_ADD, num(g, 2), squash(g, real(g))));
    default: return one(g, plain[gen_pick(g, (int)(sizeof plain / sizeof *plain))], a);
    }
}

static node_id access_of(gen *g)
{
    if (!g->n_tensor) return leaf(g);
    def_id id = g->tensor[gen_pick(g, g->n_tensor)];
    const def d = g->p->defs.at[id];
    node_id index[4];
    bool ranks = d.n_param > 0;
    for (uint32_t k = 0; k < d.n_param; k++) {
        set_id s = g->p->ivars.at[d.param[k]].set;
        ranks &= g->p->sets.at[s].kind == SET_RANK;
        if ((index[k] = index_of(g, s)) == SETIR_NONE && !ranks) return leaf(g);
    }
    node_op op = OP_ACCESS;
    if (ranks) { /* places of any rank will do, numbers beyond its size are 0 */
        op = OP_PADGET;
        for (uint32_t k = 0; k < d.n_param; k++) {
            set_id where_to = SETIR_NONE;
            bool of_atoms = g->p->sets.at[g->p->ivars.at[d.param[k]].set].parent == g->atom;
            for (int m = 0; m < g->n_var; m++)
                if (of_atoms && g->p->sets.at[g->p->ivars.at[g->var[m]].set].kind == SET_RANK &&
                    gen_pick(g, 2))
                    where_to = g->var[m];
            set_id fixed = program_set(g->p, (set){.kind = SET_RANK,
                                                   .parent = SETIR_NONE,
                                                   .slot = SETIR_NONE,
                                                   .host = SETIR_NONE,
                                                   .sample = SETIR_NONE,
                                                   .cutoff = SETIR_NONE,
                                                   .count = 1000});
            index[k] = where_to != SETIR_NONE
                           ? var(g, where_to)
                           : program_node(g->p, OP_INDEX_CONST, elem_index(fixed), NULL, 0,
                                          &(node_imm){.k = gen_pick(g, 4), .set = fixed}, here);
        }
    }
    node_id e = program_node(g->p, op, d.elem, index, d.n_param, &(node_imm){.def = id}, here);
    if (d.elem.kind == ELEM_BOOL) return node_3(g->p, OP_SELECT, elem_real(0), e, num(g, 0.4), leaf(g), here);
    if (d.elem.kind == ELEM_SPECIES) return two(g, OP_MUL, num(g, 0.1), one(g, OP_PROTONS, e));
    if (d.elem.rank == 1) return two(g, OP_DOT, e, vector(g));
    return d.elem.rank == 2 ? one(g, OP_TRACE, e) : e;
}

/* a few numbers side by side, worked on together, and one of them */
static node_id channels(gen *g)
{
    elem three = {.kind = ELEM_REAL, .channels = 3, .set = SETIR_NONE};
    node_id a =
        program_node(g->p, OP_CHANNEL_CAT, three, (node_id[]){real(g), leaf(g), num(g, 0.5)}, 3, NULL, here);
    node_id b =
        program_node(g->p, OP_CHANNEL_CAT, three, (node_id[]){leaf(g), num(g, -0.3), leaf(g)}, 3, NULL, here);
    node_id sum = node_2(g->p, OP_ADD, three, node_2(g->p, OP_MUL, three, leaf(g), a, here),
                         node_1(g->p, OP_TANH, three, b, here), here);
    return program_node(g->p, OP_CHANNEL_GET, elem_real(0), &sum, 1, &(node_imm){.k = gen_pick(g, 3)}, here);
}

static node_id real(gen *g)
{
    if (++g->depth > g->most_depth) {
        node_id out = leaf(g);
        g->depth--;
        return out;
    }
    node_id out;
    switch (gen_pick(g, 18)) {
    case 0:
    case 1: out = leaf(g); break;
    case 2:
    case 3: out = two(g, OP_ADD, real(g), real(g)); break;
    case 4: out = two(g, OP_SUB, real(g), real(g)); break;
    case 5: out = two(g, OP_MUL, real(g), real(g)); break;
    case 6: out = two(g, OP_DIV, real(g), two(g, OP_ADD, num(g, 1), pow_of(g, real(g), 2))); break;
    case 7:
    case 8:
    case 9: out = function(g); break;
    case 10: out = node_3(g->p, OP_SELECT, elem_real(0), truth(g), real(g), real(g), here); break;
    case 11: out = gen_pick(g, 2) ? two(g, OP_DOT, vector(g), vector(g)) : one(g, OP_NORM, vector(g)); break;
    case 16: out = one(g, gen_pick(g, 2) ? OP_DET : OP_TRACE, tensor2(g)); break;
    case 17: out = channels(g); break;
    case 12:
        out = gen_pick(g, 2) ? two(g, gen_pick(g, 2) ? OP_MIN2 : OP_MAX2, real(g), real(g))
                             : program_node(g->p, OP_COMP, elem_real(0), (node_id[]){vector(g)}, 1,
                                            &(node_imm){.k = gen_pick(g, 3)}, here);
        break;
    case 13: out = access_of(g); break;
    default: out = reduce(g, real); break;
    }
    g->depth--;
    return out;
}

/* ---- tensors ------------------------------------------------------------------------------------------- */

static set_id rank_of(gen *g, set_id parent, int count)
{
    return program_set(g->p, (set){.kind = SET_RANK,
                                   .parent = parent,
                                   .slot = SETIR_NONE,
                                   .host = SETIR_NONE,
                                   .sample = SETIR_NONE,
                                   .cutoff = SETIR_NONE,
                                   .count = parent == SETIR_NONE ? count : 0});
}

static def_id add_def(gen *g, def d, const ivar_id *param, uint32_t n, bool output)
{
    d.id = gen_name(g, (const char *[]){"A", "B", "C", "D", "E", "F", "G", "H"}[g->n_tensor % 8]);
    d.param = arena_array(g->a, ivar_id, n + 1);
    memcpy(d.param, param, n * sizeof *param);
    d.n_param = n;
    d.declared = d.elem;
    d.output = output;
    d.out_scale = output && d.elem.kind == ELEM_REAL && gen_pick(g, 3) == 0 ? 0.5 : 1;
    d.has_unit = d.out_scale != 1;
    def_id id = program_def(g->p, d);
    if (g->n_tensor < 24) g->tensor[g->n_tensor++] = id;
    return id;
}

static def_id plain_def(gen *g, bool output)
{
    ivar_id param[3];
    uint32_t n = (uint32_t)gen_pick(g, 3) + (gen_pick(g, 6) == 0);
    g->n_var = 0;
    g->work = 1;
    g->depth = 0;
    uint32_t used = 0;
    for (uint32_t k = 0; k < n; k++) {
        set_id s = gen_pick(g, 6) == 0 ? rank_of(g, SETIR_NONE, GEN_PLACES) : some_set(g);
        if (g->work * size_of(g, s) > 400) continue;
        g->work *= size_of(g, s);
        param[used++] = open_var(g, s, SETIR_NONE, SETIR_NONE, (const char *[]){"i", "j", "k"}[k]);
    }
    def d = {.lib_arg = SETIR_NONE};
    switch (gen_pick(g, 8)) {
    case 0: d.body = vector(g); break;
    case 1: d.body = tensor2(g); break;
    case 2: d.body = truth(g); break;
    case 3: d.body = species(g); break;
    default: d.body = real(g); break;
    }
    d.elem = g->p->nodes.at[d.body].elem;
    return add_def(g, d, param, used, output);
}

/* sort of a vector over atoms or pairs */
static void sort_def(gen *g)
{
    set_id s = gen_pick(g, 2) ? g->atom : g->bond;
    g->n_var = 0;
    g->work = size_of(g, s);
    ivar_id i = open_var(g, s, SETIR_NONE, SETIR_NONE, "i");
    def d = {.lib_arg = SETIR_NONE, .elem = elem_real(0), .body = real(g)};
    def_id from = add_def(g, d, &i, 1, false);
    ivar_id k = program_ivar(
        g->p, (ivar){.set = rank_of(g, s, 0), .row = SETIR_NONE, .to = SETIR_NONE, .partner = SETIR_NONE});
    def lib = {.lib = gen_pick(g, 3) ? LIB_SORT : LIB_LIST,
               .lib_arg = from,
               .lib_flag = gen_pick(g, 2),
               .elem = elem_real(0),
               .body = SETIR_NONE};
    add_def(g, lib, &k, 1, gen_pick(g, 2));
}

/* A symmetric matrix over the atoms, its spectrum, sorted rows or list. Distinct diagonals keep the rows
 * apart. */
static void matrix_def(gen *g)
{
    g->n_var = 0;
    g->work = 16;
    ivar_id i = open_var(g, g->atom, SETIR_NONE, SETIR_NONE, "i"),
            j = open_var(g, g->atom, SETIR_NONE, SETIR_NONE, "j");
    node_id body = real(g), i_index = var(g, i), j_index = var(g, j);
    node_id mirrored = program_substitute(g->p, body, (ivar_id[]){i, j}, (node_id[]){j_index, i_index}, 2);
    node_id q =
        program_node(g->p, OP_INPUT, elem_real(0), &i_index, 1, &(node_imm){.input = g->charge}, here);
    node_id same = node_2(g->p, OP_INDEX_EQ, elem_bool(), i_index, j_index, here);
    def d = {.lib_arg = SETIR_NONE, .elem = elem_real(0)};
    d.body = node_3(g->p, OP_SELECT, elem_real(0), same, two(g, OP_MUL, num(g, 10), q),
                    two(g, OP_ADD, body, mirrored), here);
    def_id from = add_def(g, d, (ivar_id[]){i, j}, 2, gen_pick(g, 2));
    lib_op op = (lib_op[]){LIB_EIGVALS, LIB_SORTROWS, LIB_LIST}[gen_pick(g, 3)];
    uint32_t n = op == LIB_EIGVALS ? 1 : 2;
    ivar_id k[2];
    for (uint32_t m = 0; m < n; m++)
        k[m] = program_ivar(g->p, (ivar){.set = rank_of(g, g->atom, 0),
                                         .row = SETIR_NONE,
                                         .to = SETIR_NONE,
                                         .partner = SETIR_NONE});
    def lib = {.lib = op, .lib_arg = from, .elem = elem_real(0), .body = SETIR_NONE};
    def_id sorted = add_def(g, lib, k, n, gen_pick(g, 2));
    ivar_id where_to[2];
    node_id at[2];
    for (uint32_t m = 0; m < n; m++) {
        where_to[m] = program_ivar(g->p, (ivar){.set = rank_of(g, SETIR_NONE, GEN_PLACES),
                                                .row = SETIR_NONE,
                                                .to = SETIR_NONE,
                                                .partner = SETIR_NONE});
        at[m] = var(g, where_to[m]);
    }
    def pad = {.lib_arg = SETIR_NONE, .elem = elem_real(0)};
    pad.body = program_node(g->p, OP_PADGET, elem_real(0), at, n, &(node_imm){.def = sorted}, here);
    add_def(g, pad, where_to, n, true);
}

/* either way round: what the lowering adds to two rows of a table */
static node_id either(gen *g, ivar_id b, ivar_id c, ivar_id z)
{
    node_id y = index_of(g, g->kinds), end[2], wanted[2] = {var(g, z), y};
    for (int k = 0; k < 2; k++) {
        node_id j = node_1(g->p, OP_PAIR_J, elem_index(g->atom), var(g, k ? c : b), here);
        end[k] = program_node(g->p, OP_INPUT, elem_species(), &j, 1, &(node_imm){.input = g->Z}, here);
        wanted[k] = node_1(g->p, OP_INDEX_SPECIES, elem_species(), wanted[k], here);
    }
    node_id way[2];
    for (int k = 0; k < 2; k++)
        way[k] = node_2(g->p, OP_AND, elem_bool(),
                        node_2(g->p, OP_SPECIES_EQ, elem_bool(), end[k], wanted[0], here),
                        node_2(g->p, OP_SPECIES_EQ, elem_bool(), end[1 - k], wanted[1], here), here);
    return node_2(g->p, OP_OR, elem_bool(), way[0], way[1], here);
}

/* What descriptors are made of: structure factors, histograms, sums by element with many radii, triplets. */
static node_id pattern_body(gen *g, int kind, const ivar_id *p, uint32_t n)
{
    node_id i = var(g, p[0]), j = var(g, p[1]);
    node_id site[2] = {i, j}, r[2];
    if (kind == 0) {
        for (int m = 0; m < 2; m++)
            r[m] = program_node(g->p, OP_INPUT, elem_real(1), &site[m], 1, &(node_imm){.input = g->r}, here);
        ivar_id k = open_var(g, g->recip, SETIR_NONE, SETIR_NONE, "k");
        node_id norm = one(g, OP_NORM, node_1(g->p, OP_RECIP_K, elem_real(1), var(g, k), here));
        node_id phase = two(g, OP_PHASE, var(g, k), node_2(g->p, OP_SUB, elem_real(1), r[0], r[1], here));
        if (gen_pick(g, 3) == 0) { /* summed over both sites: a product of sums */
            node_id qi =
                program_node(g->p, OP_INPUT, elem_real(0), &i, 1, &(node_imm){.input = g->charge}, here);
            node_id all = reduction_over(g, RED_SUM, p, 2,
                                         two(g, OP_MUL, qi, one(g, gen_pick(g, 2) ? OP_COS : OP_SIN, phase)),
                                         SETIR_NONE);
            return reduction_over(g, RED_SUM, &k, 1,
                                  two(g, OP_MUL, one(g, OP_EXP, one(g, OP_NEG, norm)), all), SETIR_NONE);
        }
        return reduction_over(g, RED_SUM, &k, 1,
                              two(g, OP_MUL, one(g, OP_EXP, one(g, OP_NEG, norm)),
                                  one(g, gen_pick(g, 2) ? OP_COS : OP_SIN, phase)),
                              SETIR_NONE);
    }
    ivar_id b = open_var(g, g->bond, i, SETIR_NONE, "b");
    node_id d = one(g, OP_NORM, node_1(g->p, OP_PAIR_D, elem_real(1), var(g, b), here));
    node_id number = one(g, OP_INDEX_REAL, j);
    if (kind == 1) { /* a histogram of distances */
        node_id bin = one(g, OP_FLOOR, two(g, OP_MUL, num(g, 4.0137), d));
        return reduction_over(g, (reduction)gen_pick(g, 2), &b, 1, leaf(g),
                              node_2(g->p, OP_EQ, elem_bool(), bin, number, here));
    }
    node_id far = two(g, OP_SUB, d, two(g, OP_MUL, num(g, 0.2), number));
    node_id bump = one(g, OP_EXP, one(g, OP_NEG, pow_of(g, far, 2)));
    if (kind == 2)
        return reduction_over(g, (reduction)gen_pick(g, 5), &b, 1, bump,
                              gen_pick(g, 2) ? selecting(g, b) : SETIR_NONE);
    ivar_id c = open_var(g, g->bond, i, SETIR_NONE, "c");
    g->p->ivars.at[c].partner = b;
    g->p->ivars.at[c].unordered = gen_pick(g, 2);
    node_id dc = one(g, OP_NORM, node_1(g->p, OP_PAIR_D, elem_real(1), var(g, c), here));
    node_id tail = two(g, OP_MUL, bump, one(g, OP_EXP, one(g, OP_NEG, pow_of(g, dc, 2))));
    node_id angle =
        two(g, OP_DIV,
            node_2(g->p, OP_DOT, elem_real(0), node_1(g->p, OP_PAIR_D, elem_real(1), var(g, b), here),
                   node_1(g->p, OP_PAIR_D, elem_real(1), var(g, c), here), here),
            two(g, OP_MUL, d, dc));
    node_id body = two(g, OP_MUL, tail, pow_of(g, angle, 2)), where = SETIR_NONE;
    if (gen_pick(g, 2)) where = n > 2 && gen_pick(g, 2) ? either(g, b, c, p[2]) : selecting(g, c);
    if (where != SETIR_NONE && gen_pick(g, 2)) { /* the condition as a factor */
        body = two(g, OP_MUL, node_3(g->p, OP_SELECT, elem_real(0), where, num(g, 1), num(g, 0), here), body);
        where = SETIR_NONE;
    }
    return reduction_over(g, RED_SUM, (ivar_id[]){b, c}, 2, body, where);
}

static void pattern_def(gen *g)
{
    int kind = g->recip == SETIR_NONE ? 1 + gen_pick(g, 3) : gen_pick(g, 4);
    g->n_var = 0;
    g->work = 100;
    g->depth = g->most_depth;
    ivar_id p[3] = {open_var(g, g->atom, SETIR_NONE, SETIR_NONE, "i")};
    uint32_t n = 1;
    p[n++] = open_var(g, kind == 0 ? g->atom : g->range, SETIR_NONE, SETIR_NONE, "j");
    if (gen_pick(g, 2)) p[n++] = open_var(g, g->kinds, SETIR_NONE, SETIR_NONE, "z");
    def d = {.lib_arg = SETIR_NONE, .elem = elem_real(0)};
    d.body = pattern_body(g, kind, p, n);
    g->n_var = (int)n;
    if (gen_pick(g, 3) == 0) d.body = one(g, OP_TANH, two(g, OP_ADD, d.body, leaf(g)));
    if (kind == 2 && p[0] != SETIR_NONE) d.body = one(g, OP_TANH, d.body);
    add_def(g, d, p, n, true);
}

/* ---- programs ------------------------------------------------------------------------------------------ */

static set_id add_set(gen *g, set s, const char *id)
{
    s.id = gen_name(g, id);
    return program_set(g->p, s);
}

#define NO_SET .parent = SETIR_NONE, .host = SETIR_NONE, .sample = SETIR_NONE, .cutoff = SETIR_NONE

static input_id add_input(gen *g, input_role role, uint32_t of, const char *id, elem e, set_id rows)
{
    set_id *domain = arena_copy(g->a, &rows, sizeof rows);
    return program_input(g->p, (input){.role = role,
                                       .slot = of,
                                       .id = gen_name(g, id),
                                       .elem = e,
                                       .scale = 1,
                                       .domain = domain,
                                       .n_domain = rows != SETIR_NONE,
                                       .from = 0});
}

static set_id add_structure(gen *g, uint8_t axes, const char *id, input_id *r, input_id *Z)
{
    uint32_t of = g->p->slots.n;
    set_id atom = add_set(g, (set){.kind = SET_BASE, .slot = of, NO_SET}, id);
    *r = add_input(g, IN_POSITION, of, "r", elem_real(1), atom);
    *Z = add_input(g, IN_SPECIES, of, "Z", elem_species(), atom);
    slot s = {.id = gen_name(g, id),
              .type = gen_name(g, "T"),
              .axes = axes,
              .base = atom,
              .position = *r,
              .species = *Z,
              .cell_name = axes ? gen_name(g, "cell") : NULL};
    vec_push(g->a, &g->p->slots, s);
    return atom;
}

static void add_sets(gen *g, uint8_t axes, bool defects)
{
    node_id cutoff = num(g, gen_between(g, 1.5, 3));
    if (axes && gen_pick(g, 3) == 0) /* a cutoff that depends on the cell */
        cutoff =
            two(g, OP_MUL, num(g, 0.6),
                pow_of(g, program_node(g->p, OP_VOLUME, elem_real(0), NULL, 0, &(node_imm){.slot = 0}, here),
                       axes == 7   ? 1.0 / 3
                       : axes == 3 ? 0.5
                                   : 1));
    g->bond = add_set(
        g,
        (set){
            .kind = SET_PAIRS, .parent = g->atom, .host = SETIR_NONE, .sample = SETIR_NONE, .cutoff = cutoff},
        "bond");
    g->range =
        add_set(g, (set){.kind = SET_RANGE, NO_SET, .lo = gen_pick(g, 3), .hi = 2 + gen_pick(g, 16)}, "n");
    int32_t *elements = arena_array(g->a, int32_t, 4);
    memcpy(elements, (int32_t[]){8, 1, 42, 16}, 4 * sizeof *elements);
    g->kinds = add_set(g, (set){.kind = SET_SPECIES, NO_SET, .count = 4, .species = elements}, "z");
    g->recip = g->axis = g->spot = g->edge = SETIR_NONE;
    if (axes)
        g->axis = add_set(g,
                          (set){.kind = SET_AXIS,
                                NO_SET,
                                .count = axes == 7   ? 3
                                         : axes == 3 ? 2
                                                     : 1},
                          "axis");
    if (axes == 7)
        g->recip = add_set(g,
                           (set){.kind = SET_RECIP,
                                 .parent = SETIR_NONE,
                                 .host = SETIR_NONE,
                                 .sample = SETIR_NONE,
                                 .cutoff = num(g, 2.2)},
                           "g");
    if (defects) {
        g->spot = add_set(g,
                          (set){.kind = SET_DIFFER,
                                .slot = 1,
                                .parent = SETIR_NONE,
                                .host = 0,
                                .sample = 1,
                                .cutoff = SETIR_NONE},
                          "spot");
        g->edge = add_set(g,
                          (set){.kind = SET_PAIRS,
                                .slot = 1,
                                .parent = g->spot,
                                .host = SETIR_NONE,
                                .sample = SETIR_NONE,
                                .cutoff = num(g, 5)},
                          "edge");
    }
}

static param_id add_param(gen *g, const char *id, elem e, const set_id *domain, uint32_t n)
{
    return program_param(g->p, (parameter){.id = gen_name(g, id), .path = gen_name(g, id), .elem = e, .unit = unit_none(), .scale = 1,
                                           .domain = arena_copy(g->a, domain, n * sizeof *domain), .n_domain = n});
}

static void add_params(gen *g)
{
    const set_id kinds[] = {g->kinds, g->kinds}, rows[] = {g->kinds, g->range};
    g->axes = add_set(g, (set){.kind = SET_RANGE, NO_SET, .lo = 1, .hi = 3}, "c");
    g->bias = add_param(g, "bias", elem_real(0), kinds, 0);
    g->shift = add_param(g, "shift", elem_real(1), kinds, 1);
    g->pair = add_param(g, "pair", elem_real(0), kinds, 2);
    g->weight = add_param(g, "weight", elem_real(0), rows, 2);
    g->hidden = add_param(g, "hidden", elem_channels(3), kinds, 1);
}

program *random_program(arena *a, uint64_t seed)
{
    gen g = {.a = a, .state = seed * 0x2545f4914f6cdd1du + 1};
    intern_init(&g.names, a);
    g.p = program_new(a, intern_s(&g.names, "random"), here);
    uint8_t axes = (uint8_t[]){0, 7, 7, 3, 4}[gen_pick(&g, 5)];
    bool defects = axes == 3 && gen_pick(&g, 2);
    g.atom = add_structure(&g, axes, "s", &g.r, &g.Z);
    if (defects) {
        input_id r;
        set_id rows = add_structure(&g, axes, "sample", &r, &g.sample_Z);
        g.sample_charge = add_input(&g, IN_FIELD, 1, "charge", elem_real(0), rows);
    }
    g.charge = add_input(&g, IN_FIELD, 0, "charge", elem_real(0), g.atom);
    g.dipole = add_input(&g, IN_FIELD, 0, "dipole", elem_real(1), g.atom);
    g.field = add_input(&g, IN_FIELD, 0, "field", elem_real(0), SETIR_NONE);
    add_sets(&g, axes, defects);
    add_params(&g);
    g.most_depth = 2 + gen_pick(&g, 3);
    int n = 1 + gen_pick(&g, 3);
    for (int k = 0; k < n; k++) {
        switch (gen_pick(&g, 9)) {
        case 0: sort_def(&g); break;
        case 1: matrix_def(&g); break;
        case 2:
        case 3: pattern_def(&g); break;
        default: plain_def(&g, gen_pick(&g, 2)); break;
        }
    }
    plain_def(&g, true);
    return g.p;
}
