/* SPDX-License-Identifier: Apache-2.0
 *
 * rewrite_rules.c: local rules, applied while a node is built. In: an operation on nodes in normal form. Out:
 * an equal node, simpler where a rule applies. Rules change results by rounding only; where a result may be
 * infinite or NaN they keep it so. Also the value of a scalar node from numbers, for constants and
 * compile-time tables.
 */
#include "rewrite.h"
#include "setir_eval.h"

#include <math.h>
#include <string.h>

enum {
    POWER_MOST = 64,  /* integer powers up to here are written as products */
    FACTORS_DEEP = 6, /* products in which a power is looked for */
};

/* ---- numbers ------------------------------------------------------------------------------------------- */

bool fold_op(const node *n, const double *a, double *out)
{
    const op_group group = op_table[n->op].group;
    if (group == OPS_UNARY || group == OPS_BINARY) {
        *out = group == OPS_UNARY ? eval_unary(n->op, a[0]) : eval_binary(n->op, a[0], a[1]);
        return true;
    }
    switch ((int)n->op) {
    case OP_POW: *out = eval_power(a[0], n->imm.value[0]); return true;
    case OP_CUTOFF: *out = eval_cutoff(a[0], n->imm.k); return true;
    case OP_ELEMENT_DATA: *out = eval_element(n->imm.k, (int32_t)a[0]); return true;
    case OP_PROTONS: *out = a[0]; return true;
    case OP_LT: *out = a[0] < a[1]; return true;
    case OP_LE: *out = a[0] <= a[1]; return true;
    case OP_EQ:
    case OP_SPECIES_EQ: *out = a[0] == a[1]; return true;
    case OP_AND: *out = a[0] != 0 && a[1] != 0; return true;
    case OP_OR: *out = a[0] != 0 || a[1] != 0; return true;
    case OP_NOT: *out = a[0] == 0; return true;
    case OP_SELECT: *out = a[0] != 0 ? a[1] : a[2]; return true;
    default: return false;
    }
}

static bool one_number(elem e)
{
    return elem_components(e) == 1 && !e.channels;
}

typedef struct folder {
    const program *p;
    node_id hole;
    VEC(node_id) order;
    uint32_t *place;
    bool bad;
    arena *memory;
} folder;

/* nodes that the result needs, arguments first; place[id] is position + 1 */
static void fold_collect(folder *f, node_id id)
{
    if (f->bad || f->place[id]) return;
    const node *n = &f->p->nodes.at[id];
    double ignored, zero[3] = {0};
    bool leaf = id == f->hole || n->op == OP_CONST || n->op == OP_BOOL_CONST || n->op == OP_SPECIES_CONST;
    if (!one_number(n->elem) || n->n_args > 3 || (!leaf && !fold_op(n, zero, &ignored))) {
        f->bad = true;
        return;
    }
    for (uint32_t k = 0; !leaf && k < n->n_args; k++) fold_collect(f, n->arg[k]);
    vec_push(f->memory, &f->order, id);
    f->place[id] = f->order.n;
}

static double fold_value(const folder *f, node_id id, double hole, const double *value)
{
    const node *n = &f->p->nodes.at[id];
    if (id == f->hole) return hole;
    if (n->op == OP_CONST) return n->imm.value[0];
    if (n->op == OP_BOOL_CONST || n->op == OP_SPECIES_CONST) return n->imm.k;
    double arg[3] = {0}, out = NAN;
    for (uint32_t k = 0; k < n->n_args; k++) arg[k] = value[f->place[n->arg[k]] - 1];
    fold_op(n, arg, &out);
    return out;
}

bool fold_over(const program *p, node_id n, node_id hole, const double *in, double *out, uint32_t count)
{
    folder f = {.p = p, .hole = hole, .memory = p->memory};
    f.place = arena_array(p->memory, uint32_t, p->nodes.n + 1);
    fold_collect(&f, n);
    if (f.bad) return false;
    double *value = arena_array(p->memory, double, f.order.n + 1);
    for (uint32_t k = 0; k < count; k++) {
        for (uint32_t o = 0; o < f.order.n; o++) value[o] = fold_value(&f, f.order.at[o], in[k], value);
        out[k] = value[f.order.n - 1];
    }
    return true;
}

/* ---- small questions ----------------------------------------------------------------------------------- */

typedef struct ruled {
    rewriter *r;
    program *p;
    node_op op;
    elem e;
    const node_id *arg;
    uint32_t n;
    const node_imm *imm;
    span at;
} ruled;

static const node *arg_of(const ruled *x, uint32_t k)
{
    return &x->p->nodes.at[x->arg[k]];
}

static bool is_number(const node *n, double *value)
{
    if (n->op == OP_BOOL_CONST || n->op == OP_SPECIES_CONST)
        *value = n->imm.k;
    else if (n->op == OP_CONST && one_number(n->elem))
        *value = n->imm.value[0];
    else
        return false;
    return true;
}

static bool arg_is(const ruled *x, uint32_t k, double value)
{
    double v;
    return is_number(arg_of(x, k), &v) && v == value;
}

static node_id number(const ruled *x, double value)
{
    return node_const(x->p, value, unit_none(), x->at);
}

static node_id truth(const ruled *x, bool value)
{
    return program_node(x->p, OP_BOOL_CONST, elem_bool(), NULL, 0, &(node_imm){.k = value}, x->at);
}

static node_id build1(const ruled *x, node_op op, elem e, node_id a)
{
    return rule_node(x->r, op, e, &a, 1, NULL, x->at);
}

static node_id build2(const ruled *x, node_op op, elem e, node_id a, node_id b)
{
    return rule_node(x->r, op, e, (node_id[]){a, b}, 2, NULL, x->at);
}

static node_id build_power(const ruled *x, node_id base, double power)
{
    return rule_node(x->r, OP_POW, elem_real(0), &base, 1, &(node_imm){.value = {power}}, x->at);
}

static node_id as_is(const ruled *x)
{
    return program_node(x->p, x->op, x->e, x->arg, x->n, x->imm, x->at);
}

/* ---- rules by operation; SETIR_NONE: no rule applies --------------------------------------------------- */

static node_id rule_constant(const ruled *x)
{
    double arg[3], value;
    if (!x->n || x->n > 3 || !one_number(x->e) || (x->e.kind != ELEM_REAL && x->e.kind != ELEM_BOOL))
        return SETIR_NONE;
    for (uint32_t k = 0; k < x->n; k++)
        if (!is_number(arg_of(x, k), &arg[k])) return SETIR_NONE;
    node n = {.op = x->op, .elem = x->e};
    if (x->imm) n.imm = *x->imm;
    if (!fold_op(&n, arg, &value)) return SETIR_NONE;
    return x->e.kind == ELEM_BOOL ? truth(x, value != 0) : number(x, value);
}

/* the negated argument, SETIR_NONE when it is none */
static node_id negated(const ruled *x, uint32_t k)
{
    return arg_of(x, k)->op == OP_NEG ? arg_of(x, k)->arg[0] : SETIR_NONE;
}

/* signs go outwards, so that what differs in sign only is computed once */
static node_id rule_signs(const ruled *x)
{
    node_id a = negated(x, 0), b = x->n > 1 ? negated(x, 1) : SETIR_NONE;
    if (a == SETIR_NONE && b == SETIR_NONE) return SETIR_NONE;
    node_id all = build2(x, x->op, x->e, a == SETIR_NONE ? x->arg[0] : a, b == SETIR_NONE ? x->arg[1] : b);
    return a != SETIR_NONE && b != SETIR_NONE ? all : build1(x, OP_NEG, x->e, all);
}

/* s u + t u = (s + t) u, for vectors; u may stand in one of two terms on the left */
static node_id rule_along(const ruled *x)
{
    const node *a = arg_of(x, 0), *b = arg_of(x, 1);
    if (one_number(x->e) || x->e.channels || b->op != OP_MUL || !one_number(x->p->nodes.at[b->arg[0]].elem))
        return SETIR_NONE;
    node_id s = b->arg[0], u = b->arg[1];
    if (a->op == OP_MUL && a->arg[1] == u && one_number(x->p->nodes.at[a->arg[0]].elem))
        return build2(x, OP_MUL, x->e, build2(x, x->op, elem_real(0), a->arg[0], s), u);
    for (uint32_t k = 0; k < 2 && a->op == OP_ADD; k++) {
        const node *term = &x->p->nodes.at[a->arg[k]];
        if (term->op != OP_MUL || term->arg[1] != u || !one_number(x->p->nodes.at[term->arg[0]].elem)) continue;
        node_id other = a->arg[1 - k], sum = build2(x, x->op, elem_real(0), term->arg[0], s);
        return build2(x, OP_ADD, x->e, other, build2(x, OP_MUL, x->e, sum, u));
    }
    return SETIR_NONE;
}

/* what argument k divides by, SETIR_NONE: by nothing */
static node_id divisor(const ruled *x, uint32_t k, node_id *top)
{
    const node n = *arg_of(x, k);
    double c;
    bool times = n.op == OP_MUL && is_number(&x->p->nodes.at[n.arg[0]], &c);
    const node d = times ? x->p->nodes.at[n.arg[1]] : n;
    if (d.op != OP_DIV) return SETIR_NONE;
    *top = times ? build2(x, OP_MUL, x->e, n.arg[0], d.arg[0]) : d.arg[0];
    return d.arg[1];
}

/* a/u + b/u = (a + b)/u; of numbers 1/u is there anyway */
static node_id rule_over(const ruled *x)
{
    node_id a, b;
    node_id u = one_number(x->e) ? divisor(x, 0, &a) : SETIR_NONE;
    if (u == SETIR_NONE || divisor(x, 1, &b) != u) return SETIR_NONE;
    return build2(x, OP_DIV, x->e, build2(x, x->op, x->e, a, b), u);
}

static bool is_list(const node *n)
{
    return n->op == OP_CHANNEL_CAT && n->n_args == elem_components(n->elem);
}

/* a number put among channels where it is known to go: it beside zeros */
static node_id rule_channel_put(const ruled *x)
{
    uint32_t at = 0, n = elem_components(x->e);
    for (uint32_t k = 1; k < x->n; k++) {
        const node *index = arg_of(x, k);
        if (index->op != OP_INDEX_CONST) return SETIR_NONE;
        at = at * (uint32_t)set_constant(x->p, index->elem.set) + (uint32_t)index->imm.k;
    }
    node_id *all = arena_array(x->r->memory, node_id, n + 1);
    for (uint32_t k = 0; k < n; k++) all[k] = k == at ? x->arg[0] : number(x, 0);
    return program_node(x->p, OP_CHANNEL_CAT, x->e, all, n, NULL, x->at);
}

/* lists of numbers add up number by number */
static node_id rule_lists(const ruled *x)
{
    const node a = *arg_of(x, 0), b = *arg_of(x, 1);
    if (!is_list(&a) || !is_list(&b)) return SETIR_NONE;
    node_id *all = arena_array(x->r->memory, node_id, a.n_args + 1);
    for (uint32_t k = 0; k < a.n_args; k++)
        all[k] = build2(x, OP_ADD, x->p->nodes.at[a.arg[k]].elem, a.arg[k], b.arg[k]);
    return program_node(x->p, OP_CHANNEL_CAT, x->e, all, a.n_args, NULL, x->at);
}

static node_id rule_add(const ruled *x)
{
    node_id lists = rule_lists(x);
    if (lists != SETIR_NONE) return lists;
    node_id along = rule_along(x), over = along == SETIR_NONE ? rule_over(x) : SETIR_NONE;
    if (along != SETIR_NONE) return along;
    if (over != SETIR_NONE) return over;
    node_id a = negated(x, 0), b = negated(x, 1);
    if (arg_is(x, 0, 0)) return x->arg[1];
    if (arg_is(x, 1, 0)) return x->arg[0];
    if (a != SETIR_NONE && b != SETIR_NONE) return build1(x, OP_NEG, x->e, build2(x, OP_ADD, x->e, a, b));
    if (b != SETIR_NONE) return build2(x, OP_SUB, x->e, x->arg[0], b);
    return a != SETIR_NONE ? build2(x, OP_SUB, x->e, x->arg[1], a) : SETIR_NONE;
}

/* is one of them p - q and the other q - p? */
static bool opposite(const node *a, const node *b)
{
    return a->op == OP_SUB && b->op == OP_SUB && a->arg[0] == b->arg[1] && a->arg[1] == b->arg[0];
}

static node_id rule_sub(const ruled *x)
{
    node_id along = rule_along(x), over = along == SETIR_NONE ? rule_over(x) : SETIR_NONE;
    if (along != SETIR_NONE) return along;
    if (over != SETIR_NONE) return over;
    node_id a = negated(x, 0), b = negated(x, 1);
    if (arg_is(x, 1, 0)) return x->arg[0];
    if (arg_is(x, 0, 0)) return build1(x, OP_NEG, x->e, x->arg[1]);
    bool second = a == x->arg[1] || opposite(arg_of(x, 0), arg_of(x, 1));
    if (second || b == x->arg[0]) /* -u - u, u - -u */
        return build2(x, OP_MUL, x->e, number(x, second ? -2 : 2), x->arg[second ? 1 : 0]);
    if (a != SETIR_NONE && b != SETIR_NONE) return build2(x, OP_SUB, x->e, b, a);
    if (b != SETIR_NONE) return build2(x, OP_ADD, x->e, x->arg[0], b);
    return a != SETIR_NONE ? build1(x, OP_NEG, x->e, build2(x, OP_ADD, x->e, a, x->arg[1])) : SETIR_NONE;
}

/* argument k is a number times something */
static bool scaled(const ruled *x, uint32_t k, double *times)
{
    const node *n = arg_of(x, k);
    return n->op == OP_MUL && is_number(&x->p->nodes.at[n->arg[0]], times) &&
           !is_number(&x->p->nodes.at[n->arg[1]], &(double){0});
}

/* numbers go outwards, so that they meet: u (c v) = c (u v); beside a vector they stay together: s (t v) = (s t) v */
static node_id rule_numbers(const ruled *x)
{
    const node *v = arg_of(x, 1);
    if (!one_number(x->e)) {
        bool scales = !x->e.channels && v->op == OP_MUL && one_number(arg_of(x, 0)->elem) &&
                      one_number(x->p->nodes.at[v->arg[0]].elem);
        node_id s = scales ? build2(x, OP_MUL, elem_real(0), x->arg[0], v->arg[0]) : SETIR_NONE;
        return scales ? build2(x, OP_MUL, x->e, s, v->arg[1]) : SETIR_NONE;
    }
    double c = 1, d = 1;
    if (is_number(arg_of(x, 1), &d)) return build2(x, OP_MUL, x->e, x->arg[1], x->arg[0]);
    bool first = scaled(x, 0, &c), second = scaled(x, 1, &d);
    if (x->e.channels || !(first || second) || !isfinite(c * d)) return SETIR_NONE;
    node_id a = first ? arg_of(x, 0)->arg[1] : x->arg[0], b = second ? arg_of(x, 1)->arg[1] : x->arg[1];
    return build2(x, OP_MUL, x->e, number(x, c * d), build2(x, OP_MUL, x->e, a, b));
}

/* u^n written as a product of u alone */
typedef struct pure {
    node_id base;
    int n;
} pure;

static pure as_pure(const program *p, node_id id)
{
    const node *n = &p->nodes.at[id];
    if (n->op != OP_MUL || !one_number(n->elem)) return (pure){id, 1};
    pure a = as_pure(p, n->arg[0]), b = as_pure(p, n->arg[1]);
    return a.base == b.base && a.n + b.n <= POWER_MOST ? (pure){a.base, a.n + b.n} : (pure){id, 1};
}

/* the power of `base` among the factors of a product, SETIR_NONE: there is none */
static node_id factor_of(const program *p, node_id id, node_id base, uint32_t depth)
{
    const node *n = &p->nodes.at[id];
    if (as_pure(p, id).base == base) return id;
    if (n->op != OP_MUL || !depth) return SETIR_NONE;
    node_id found = factor_of(p, n->arg[0], base, depth - 1);
    return found != SETIR_NONE ? found : factor_of(p, n->arg[1], base, depth - 1);
}

/* the product with `by` in place of factor `old` */
static node_id exchange(const ruled *x, node_id id, node_id old, node_id by)
{
    const node n = x->p->nodes.at[id];
    if (id == old) return by;
    if (n.op != OP_MUL || !one_number(n.elem)) return id;
    node_id a = exchange(x, n.arg[0], old, by), b = a == n.arg[0] ? exchange(x, n.arg[1], old, by) : n.arg[1];
    return a == n.arg[0] && b == n.arg[1] ? id : build2(x, OP_MUL, n.elem, a, b);
}

/* (s u^m) u^n = s u^(m + n): derivatives of powers need the powers that are there */
static node_id rule_powers(const ruled *x)
{
    for (uint32_t k = 0; k < 2 && one_number(x->e); k++) {
        pure u = as_pure(x->p, x->arg[k]);
        node_id other = x->arg[1 - k], old = factor_of(x->p, other, u.base, FACTORS_DEEP);
        if (old == SETIR_NONE || is_number(&x->p->nodes.at[u.base], &(double){0})) continue;
        int m = as_pure(x->p, old).n;
        bool normal = old == other && (u.n == m || ((u.n + m) % 2 && (u.n == 1 || m == 1)));
        if (!normal && u.n + m <= POWER_MOST) return exchange(x, other, old, build_power(x, u.base, u.n + m));
    }
    return SETIR_NONE;
}

static node_id rule_mul(const ruled *x)
{
    if (arg_is(x, 0, 1)) return x->arg[1];
    if (arg_is(x, 1, 1) && one_number(x->e)) return x->arg[0];
    node_id positive = rule_signs(x);
    if (positive != SETIR_NONE) return positive;
    const node *a = arg_of(x, 0), *b = arg_of(x, 1);
    if (x->arg[0] == x->arg[1] && a->op == OP_NORM && x->p->nodes.at[a->arg[0]].op != OP_PAIR_D)
        return build2(x, OP_DOT, elem_real(0), a->arg[0], a->arg[0]);
    double c, d;
    if (is_number(a, &c) && scaled(x, 1, &d) && isfinite(c * d))
        return build2(x, OP_MUL, x->e, number(x, c * d), b->arg[1]);
    if (is_number(a, &c) && one_number(x->e)) return SETIR_NONE;
    node_id better = rule_numbers(x);
    return better != SETIR_NONE ? better : rule_powers(x);
}

/* the square of a pair's distance, which is there, not of its three components */
static node_id rule_dot(const ruled *x)
{
    node_id positive = rule_signs(x);
    if (positive != SETIR_NONE) return positive;
    if (x->arg[0] != x->arg[1] || arg_of(x, 0)->op != OP_PAIR_D) return SETIR_NONE;
    node_id d = build1(x, OP_NORM, elem_real(0), x->arg[0]);
    return build2(x, OP_MUL, elem_real(0), d, d);
}

/* does each of the two depend on a variable that the other does not? */
static bool separate(const ruled *x, node_id a, node_id b)
{
    bool lone_a = false, lone_b = false;
    const node *u = &x->p->nodes.at[a], *v = &x->p->nodes.at[b];
    for (uint32_t k = 0; k < u->n_free; k++) lone_a |= !ivar_list_has(v->free, v->n_free, u->free[k]);
    for (uint32_t k = 0; k < v->n_free; k++) lone_b |= !ivar_list_has(u->free, u->n_free, v->free[k]);
    return lone_a && lone_b;
}

/* 1 / (u_b v_c) = (1 / u_b) (1 / v_c): a division for each b and each c, none for both */
static node_id rule_div_apart(const ruled *x)
{
    const node *d = arg_of(x, 1);
    if (d->op != OP_MUL || !one_number(d->elem) || !separate(x, d->arg[0], d->arg[1])) return SETIR_NONE;
    node_id pair[2] = {d->arg[0], d->arg[1]}, one = number(x, 1);
    for (uint32_t k = 0; k < 2; k++) pair[k] = build2(x, OP_DIV, elem_real(0), one, pair[k]);
    node_id inverse = build2(x, OP_MUL, elem_real(0), pair[0], pair[1]);
    return build2(x, OP_MUL, x->e, inverse, x->arg[0]);
}

/* a / u^n = a (1/u)^n and a / (u/c) = c (a/u): one division by u for all that need it */
static node_id rule_div_power(const ruled *x)
{
    const node *d = arg_of(x, 1);
    double c;
    if (!one_number(x->e) || !one_number(d->elem) || is_number(d, &c)) return SETIR_NONE;
    if (d->op == OP_DIV && is_number(&x->p->nodes.at[d->arg[1]], &c) && c != 0 && isfinite(c))
        return build2(x, OP_MUL, x->e, d->arg[1], build2(x, OP_DIV, x->e, x->arg[0], d->arg[0]));
    pure u = as_pure(x->p, x->arg[1]);
    bool kept = x->r->squares && u.n == 2 && x->p->nodes.at[u.base].op == OP_NORM && is_number(arg_of(x, 0), &c);
    if (u.n < 2 || kept) return SETIR_NONE;
    node_id inverse = build2(x, OP_DIV, elem_real(0), number(x, 1), u.base);
    return build2(x, OP_MUL, x->e, x->arg[0], build_power(x, inverse, u.n));
}

static node_id rule_div(const ruled *x)
{
    if (arg_is(x, 1, 1)) return x->arg[0];
    node_id positive = rule_signs(x);
    if (positive != SETIR_NONE) return positive;
    node_id better = rule_div_power(x);
    if (better != SETIR_NONE) return better;
    double c;
    if (one_number(x->e) && scaled(x, 0, &c))
        return build2(x, OP_MUL, x->e, number(x, c), build2(x, OP_DIV, x->e, arg_of(x, 0)->arg[1], x->arg[1]));
    node_id apart = rule_div_apart(x);
    if (apart != SETIR_NONE) return apart;
    if (one_number(x->e) || !one_number(arg_of(x, 1)->elem)) return SETIR_NONE;
    node_id inverse = build2(x, OP_DIV, elem_real(0), number(x, 1), x->arg[1]); /* one division, not three */
    return build2(x, OP_MUL, x->e, inverse, x->arg[0]);
}

static node_id rule_pow(const ruled *x)
{
    double power = x->imm->value[0];
    node_id base = x->arg[0];
    if (power == 0) return number(x, 1);
    if (power == 1) return base;
    if (power == 0.5 || 2 * power != floor(2 * power) || fabs(power) > POWER_MOST) return SETIR_NONE;
    if (power < 0) return build_power(x, build2(x, OP_DIV, elem_real(0), number(x, 1), base), -power);
    if (power != floor(power))
        return build2(x, OP_MUL, elem_real(0), build_power(x, base, power - 0.5), build_power(x, base, 0.5));
    if (fmod(power, 2) != 0) return build2(x, OP_MUL, elem_real(0), base, build_power(x, base, power - 1));
    node_id half = build_power(x, base, power / 2);
    return build2(x, OP_MUL, elem_real(0), half, half);
}

/* the number in (c s u) v^T goes outwards */
static node_id rule_outer(const ruled *x)
{
    node_id positive = rule_signs(x);
    const node *a = arg_of(x, 0), *s = a->op == OP_MUL ? &x->p->nodes.at[a->arg[0]] : a;
    double c;
    if (positive != SETIR_NONE || a->op != OP_MUL || s->op != OP_MUL || !one_number(s->elem) ||
        !is_number(&x->p->nodes.at[s->arg[0]], &c))
        return positive;
    node_id u = build2(x, OP_MUL, a->elem, s->arg[1], a->arg[1]);
    return build2(x, OP_MUL, x->e, number(x, c), build2(x, OP_OUTER, x->e, u, x->arg[1]));
}

/* cos(k . (u - v)) = cos(k . u) cos(k . v) + sin(k . u) sin(k . v): a structure factor, cosines per atom,
 * not per pair */
static node_id rule_phase(const ruled *x)
{
    const node *phase = arg_of(x, 0);
    if (phase->op != OP_PHASE) return SETIR_NONE;
    node_id k = phase->arg[0], d = phase->arg[1];
    const node *difference = &x->p->nodes.at[d];
    if (difference->op != OP_SUB || !separate(x, difference->arg[0], difference->arg[1])) return SETIR_NONE;
    node_id uv[2] = {difference->arg[0], difference->arg[1]}, cosine[2], sine[2];
    elem e = elem_real(0);
    for (int s = 0; s < 2; s++) {
        node_id angle = build2(x, OP_PHASE, e, k, uv[s]);
        cosine[s] = build1(x, OP_COS, e, angle);
        sine[s] = build1(x, OP_SIN, e, angle);
    }
    if (x->op == OP_COS)
        return build2(x, OP_ADD, e, build2(x, OP_MUL, e, cosine[0], cosine[1]),
                      build2(x, OP_MUL, e, sine[0], sine[1]));
    return build2(x, OP_SUB, e, build2(x, OP_MUL, e, sine[0], cosine[1]),
                  build2(x, OP_MUL, e, cosine[0], sine[1]));
}

/* ends of pairs that are known, and pairs seen from the other end */
static node_id rule_pair(const ruled *x)
{
    const node *a = arg_of(x, 0);
    if (a->op == OP_PAIR_REV) {
        node_id b = a->arg[0];
        switch ((int)x->op) {
        case OP_PAIR_I: return build1(x, OP_PAIR_J, x->e, b);
        case OP_PAIR_J: return build1(x, OP_PAIR_I, x->e, b);
        case OP_PAIR_REV: return b;
        default: return build1(x, OP_NEG, x->e, build1(x, OP_PAIR_D, x->e, b));
        }
    }
    if (a->op == OP_IVAR && x->op == OP_PAIR_I) return x->p->ivars.at[a->imm.ivar].row;
    return SETIR_NONE;
}

static node_id rule_index(const ruled *x)
{
    const node *a = arg_of(x, 0);
    if (a->op != OP_INDEX_CONST) return SETIR_NONE;
    const set *s = &x->p->sets.at[a->imm.set];
    if (x->op == OP_INDEX_SPECIES && s->kind == SET_SPECIES && a->imm.k >= 0 && a->imm.k < s->count)
        return program_node(x->p, OP_SPECIES_CONST, x->e, NULL, 0, &(node_imm){.k = s->species[a->imm.k]},
                            x->at);
    if (x->op == OP_INDEX_REAL) return number(x, a->imm.k + (s->kind == SET_RANGE ? s->lo : 0));
    return SETIR_NONE;
}

/* number k of a range, as numbers: then choices by it are tables */
static node_id rule_number_eq(const ruled *x, uint32_t fixed)
{
    const node *c = arg_of(x, fixed), *v = arg_of(x, 1 - fixed);
    if (c->op != OP_INDEX_CONST || v->op != OP_IVAR || x->p->sets.at[c->imm.set].kind != SET_RANGE)
        return SETIR_NONE;
    node_id value = build1(x, OP_INDEX_REAL, elem_real(0), x->arg[1 - fixed]);
    return build2(x, OP_EQ, elem_bool(), value, build1(x, OP_INDEX_REAL, elem_real(0), x->arg[fixed]));
}

static node_id rule_index_eq(const ruled *x)
{
    for (uint32_t fixed = 0; fixed < 2; fixed++) {
        node_id numbers = rule_number_eq(x, fixed);
        if (numbers != SETIR_NONE) return numbers;
    }
    const node *a = arg_of(x, 0), *b = arg_of(x, 1);
    if (x->arg[0] == x->arg[1]) return truth(x, true);
    if (a->op == OP_INDEX_CONST && b->op == OP_INDEX_CONST && x->p->sets.at[a->imm.set].kind != SET_BASE)
        return truth(x, a->imm.k == b->imm.k);
    if (a->op != OP_IVAR || b->op != OP_IVAR) return SETIR_NONE;
    bool distinct = x->p->ivars.at[a->imm.ivar].partner == b->imm.ivar ||
                    x->p->ivars.at[b->imm.ivar].partner == a->imm.ivar;
    return distinct ? truth(x, false) : SETIR_NONE;
}

static node_id rule_logic(const ruled *x)
{
    double value;
    if (x->op == OP_NOT) return arg_of(x, 0)->op == OP_NOT ? arg_of(x, 0)->arg[0] : SETIR_NONE;
    for (uint32_t k = 0; k < 2; k++)
        if (is_number(arg_of(x, k), &value))
            return (value != 0) == (x->op == OP_AND) ? x->arg[1 - k] : x->arg[k];
    return x->arg[0] == x->arg[1] ? x->arg[0] : SETIR_NONE;
}

/* where i == j, the chosen side may read i for j: then it does not depend on the inner variable */
static node_id rule_select_same(const ruled *x, const node *same)
{
    const node *a = &x->p->nodes.at[same->arg[0]], *b = &x->p->nodes.at[same->arg[1]];
    if (a->op != OP_IVAR || b->op != OP_IVAR) return SETIR_NONE;
    bool first = a->imm.ivar < b->imm.ivar;
    ivar_id from = first ? b->imm.ivar : a->imm.ivar;
    const ivar *v = &x->p->ivars.at[from];
    if (v->row != SETIR_NONE || v->partner != SETIR_NONE || !program_depends(x->p, x->arg[1], from))
        return SETIR_NONE;
    node_id then = rewrite_rename(x->r, x->arg[1], &from, first ? &same->arg[0] : &same->arg[1], 1);
    if (program_depends(x->p, then, from)) /* through a variable that runs over its row */
        return SETIR_NONE;
    return rule_node(x->r, OP_SELECT, x->e, (node_id[]){x->arg[0], then, x->arg[2]}, 3, NULL, x->at);
}

static bool is_vector(elem e)
{
    return e.kind == ELEM_REAL && e.rank > 0 && !e.channels;
}

static bool is_zero(const node *n)
{
    bool zero = n->op == OP_CONST && !n->elem.channels;
    for (uint32_t c = 0; zero && c < elem_components(n->elem); c++) zero = n->imm.value[c] == 0;
    return zero;
}

/* s and v of s v, v finite wherever its arguments are: a pole in it would make NaN of 0 v */
static bool split_scale(const ruled *x, const node *product, node_id *s, node_id *v)
{
    for (*s = product->arg[0], *v = product->arg[1]; !rewrite_tame(x->p, *v, false);) {
        const node *n = &x->p->nodes.at[*v];
        bool by = n->op == OP_DIV, times = n->op == OP_MUL && one_number(x->p->nodes.at[n->arg[0]].elem);
        if (!by && !times) return false;
        node_id factor = n->arg[by];
        *v = n->arg[!by];
        *s = build2(x, by ? OP_DIV : OP_MUL, elem_real(0), *s, factor);
    }
    return true;
}

/* (c ? 0 : s v) = (c ? 0 : s) v: one choice, and terms along v add up */
static node_id rule_select_along(const ruled *x)
{
    for (uint32_t k = 1; k < 3 && is_vector(x->e); k++) {
        const node along = *arg_of(x, k);
        bool scaled = along.op == OP_MUL && one_number(x->p->nodes.at[along.arg[0]].elem);
        if (!is_zero(arg_of(x, 3 - k)) || !(scaled || along.op == OP_NEG)) continue;
        node_id arm[3] = {x->arg[0], x->arg[1], x->arg[2]}, s, v;
        arm[k] = along.arg[0];
        if (along.op == OP_NEG)
            return build1(x, OP_NEG, x->e, rule_node(x->r, OP_SELECT, x->e, arm, 3, NULL, x->at));
        if (!split_scale(x, &along, &s, &v)) continue;
        arm[k] = s;
        arm[3 - k] = number(x, 0);
        return build2(x, OP_MUL, x->e, rule_node(x->r, OP_SELECT, elem_real(0), arm, 3, NULL, x->at), v);
    }
    return SETIR_NONE;
}

static node_id rule_select(const ruled *x)
{
    double value;
    if (is_number(arg_of(x, 0), &value)) return value != 0 ? x->arg[1] : x->arg[2];
    if (x->arg[1] == x->arg[2]) return x->arg[1];
    node_id along = rule_select_along(x);
    if (along != SETIR_NONE) return along;
    const node *c = arg_of(x, 0);
    if (c->op == OP_NOT)
        return rule_node(x->r, OP_SELECT, x->e, (node_id[]){c->arg[0], x->arg[2], x->arg[1]}, 3, NULL, x->at);
    return c->op == OP_INDEX_EQ ? rule_select_same(x, c) : SETIR_NONE;
}

static node_id rule_component(const ruled *x)
{
    const node *a = arg_of(x, 0);
    if (a->op == OP_VEC3) return a->arg[x->imm->k];
    return a->op == OP_CONST ? number(x, a->imm.value[x->imm->k]) : SETIR_NONE;
}

/* numbers of two kinds of atoms that do not tell which is which: both ends of a pair look up the same */
static node_id rule_curve(const ruled *x)
{
    uint32_t first = x->op == OP_SPLINE;
    if (!x->r->symmetric[x->imm->curve] || x->arg[first] <= x->arg[first + 1]) return SETIR_NONE;
    node_id arg[3] = {x->arg[0], x->arg[first + 1], x->arg[first]};
    if (!first) arg[0] = x->arg[1], arg[1] = x->arg[0];
    return rule_node(x->r, x->op, x->e, arg, x->n, x->imm, x->at);
}

static node_id rule_reduce(const ruled *x)
{
    double value;
    if (x->n == 2 && is_number(arg_of(x, 1), &value) && value != 0)
        return rule_node(x->r, OP_REDUCE, x->e, x->arg, 1, x->imm, x->at);
    return rule_sum(x->r, x->e, x->arg, x->n, x->imm, x->at);
}

static bool same_shape(elem a, elem b)
{
    return a.kind == b.kind && elem_components(a) == elem_components(b) && !a.channels == !b.channels;
}

static node_id rule_apply(const ruled *x)
{
    node_id constant = rule_constant(x);
    if (constant != SETIR_NONE) return constant;
    switch ((int)x->op) {
    case OP_ASCRIBE: return same_shape(x->e, arg_of(x, 0)->elem) ? x->arg[0] : SETIR_NONE;
    case OP_ADD: return rule_add(x);
    case OP_SUB: return rule_sub(x);
    case OP_MUL: return rule_mul(x);
    case OP_DIV: return rule_div(x);
    case OP_DOT: return rule_dot(x);
    case OP_POW: return rule_pow(x);
    case OP_NEG: return negated(x, 0);
    case OP_OUTER: return rule_outer(x);
    case OP_MATVEC:
    case OP_MATMUL:
    case OP_CROSS: return rule_signs(x);
    case OP_NORM: return arg_of(x, 0)->op == OP_NEG ? build1(x, OP_NORM, x->e, negated(x, 0)) : SETIR_NONE;
    case OP_SIN:
    case OP_COS: return rule_phase(x);
    case OP_PAIR_I:
    case OP_PAIR_J:
    case OP_PAIR_REV:
    case OP_PAIR_D: return rule_pair(x);
    case OP_INDEX_REAL:
    case OP_INDEX_SPECIES: return rule_index(x);
    case OP_INDEX_EQ: return rule_index_eq(x);
    case OP_AND:
    case OP_OR:
    case OP_NOT: return rule_logic(x);
    case OP_SELECT: return rule_select(x);
    case OP_COMP: return rule_component(x);
    case OP_CHANNEL_PUT: return rule_channel_put(x);
    case OP_BILINEAR: return rule_bilinear(x->r, x->arg, x->imm->table, x->at);
    case OP_REDUCE: return rule_reduce(x);
    case OP_TABLE:
    case OP_SPLINE: return rule_curve(x);
    default: return SETIR_NONE;
    }
}

node_id rule_node(rewriter *r, node_op op, elem e, const node_id *args, uint32_t n, const node_imm *imm,
                  span at)
{
    ruled x = {r, r->p, op, e, args, n, imm, at};
    node_id better = rule_apply(&x);
    return better != SETIR_NONE ? better : as_is(&x);
}
