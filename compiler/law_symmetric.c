/* SPDX-License-Identifier: Apache-2.0
 *
 * law_symmetric.c: In: a node and two index variables. Out: whether a normal form of the node is unchanged
 * when the two are exchanged. The normal form knows that sums, products, extremes, `and` and `or` commute
 * and associate, that x - y = -(y - x), what the reverse of a pair is, that the pairs from j to i are the
 * reverses of those from i to j, which functions are even, odd or symmetric, which tensors are, and ignores
 * names of bound variables. It is kept as a 128-bit hash.
 * Everything that a node depends on must be in its form: also the rows of index variables, and the bodies of
 * tensors that mention variables from outside.
 */
#include "law.h"

#include <string.h>

typedef struct form {
    uint64_t a, b;
    bool minus;
} form; /* value = (minus ? -1 : 1) * what the hash stands for; of a pair, minus is its reverse */

typedef struct former {
    const program *p;
    ivar_id left, right;
    enum naming {
        PLAIN,
        SWAPPED,
        MERGED
    } naming; /* MERGED: where both are known to be equal               */
    form *memo[3];
    bool *known[3];
    uint32_t *height;    /* of nested reductions, names bound variables                             */
    uint32_t *bound;     /* per index variable: its name when one reduction binds it, else 0        */
    signed char *tensor; /* per tensor: 1 symmetric, -1 not, 0 not known yet                        */
} former;

static bool symmetric(const program *p, node_id n, ivar_id a, ivar_id b, signed char *tensor);

static uint64_t mix(uint64_t x)
{
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9u;
    x ^= x >> 27;
    x *= 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static form mixed(form f, uint64_t salt)
{
    return (form){mix(f.a + salt * 0x9e3779b97f4a7c15u), mix(f.b ^ (salt * 0xc2b2ae3d27d4eb4fu + 1)),
                  f.minus};
}

static form plus(form x, form y)
{
    return (form){x.a + y.a, x.b + y.b, false};
}

static form times_int(form x, int64_t k)
{
    return (form){x.a * (uint64_t)k, x.b * (uint64_t)k, false};
}

static form ordered(form acc, form next)
{
    uint64_t s = next.minus ? 0x51ed270b : 0;
    return (form){mix(acc.a * 31 + next.a + s), mix(acc.b * 37 + next.b + s), false};
}

static form of_word(uint64_t w)
{
    return (form){mix(w + 0x1234567), mix(w ^ 0xabcdef987654321u), false};
}

static bool less(form x, form y)
{
    return x.a < y.a || (x.a == y.a && x.b < y.b);
}

static form without_sign(form x)
{
    x.minus = false;
    return x;
}

static form form_of(former *f, node_id n);

/* sum of signed terms: linear in the hash */
static form sum_of(former *f, node_id n)
{
    const node *d = &f->p->nodes.at[n];
    if (d->op == OP_ADD || d->op == OP_SUB) {
        form x = sum_of(f, d->arg[0]), y = sum_of(f, d->arg[1]);
        return plus(x, d->op == OP_SUB ? times_int(y, -1) : y);
    }
    if (d->op == OP_NEG) { return times_int(sum_of(f, d->arg[0]), -1); }
    form x = form_of(f, n);
    bool minus = x.minus;
    x = mixed(without_sign(x), 7);
    return minus ? times_int(x, -1) : x;
}

static form canonical_sum(form s)
{
    form other = times_int(s, -1);
    bool minus = less(other, s);
    form r = mixed(minus ? other : s, 11);
    r.minus = minus;
    return r;
}

static bool whole_power(const node *d)
{
    double p = d->imm.value[0];
    return d->op == OP_POW && p > -1000 && p < 1000 && p == (double)(int64_t)p;
}

/* product of factors: exponents are linear in the hash; signs are counted apart */
static form product_of(former *f, node_id n, bool *minus)
{
    const node *d = &f->p->nodes.at[n];
    if (d->op == OP_MUL || d->op == OP_DIV) {
        form x = product_of(f, d->arg[0], minus), y = product_of(f, d->arg[1], minus);
        return plus(x, d->op == OP_DIV ? times_int(y, -1) : y);
    }
    if (d->op == OP_NEG) {
        *minus = !*minus;
        return product_of(f, d->arg[0], minus);
    }
    if (whole_power(d)) {
        int64_t p = (int64_t)d->imm.value[0];
        bool inner = false;
        form x = product_of(f, d->arg[0], &inner);
        if (inner && p % 2) { *minus = !*minus; }
        return times_int(x, p);
    }
    form x = form_of(f, n);
    if (x.minus) { *minus = !*minus; }
    x.minus = false;
    return mixed(x, 13);
}

/* Bound variables are named by the height of their reduction and their place in it; the elements that a
 * variable may take are part of its form. A bound pair between two given atoms runs over the pairs of one
 * direction, which the forms of the atoms choose: where it is the other one, it is the reverse. */
static form ivar_form(former *f, ivar_id v)
{
    if (v == f->left || v == f->right) {
        return of_word(f->naming == MERGED ? 0x777002
                                           : 0x777000 + ((v == f->left) != (f->naming == SWAPPED)));
    }
    const ivar *d = &f->p->ivars.at[v];
    form r = f->bound[v] ? ordered(of_word(0x999000), of_word(f->bound[v])) : of_word(0x888000 + (uint64_t)v);
    r = ordered(r, of_word(d->set * 2u + d->unordered));
    form row = d->row == SETIR_NONE ? of_word(0) : form_of(f, d->row);
    form to = d->to == SETIR_NONE ? of_word(0) : form_of(f, d->to);
    bool turned = f->bound[v] && d->to != SETIR_NONE && less(to, row);
    r = d->row == SETIR_NONE ? r : ordered(r, turned ? to : row);
    r = d->to == SETIR_NONE ? r : ordered(r, turned ? row : to);
    r = d->partner == SETIR_NONE ? r : ordered(r, without_sign(ivar_form(f, d->partner)));
    r.minus = turned;
    return r;
}

static bool linear(reduction op)
{
    return op == RED_SUM || op == RED_MEAN;
}

static form reduce_form(former *f, node_id n)
{
    const node *d = &f->p->nodes.at[n];
    form r = of_word(0x5000 + (uint64_t)d->imm.reduce * 16 + f->height[n]);
    for (uint32_t k = 0; k < d->imm.n_ivars; k++) {
        r = ordered(r, without_sign(ivar_form(f, d->imm.ivars[k])));
    }
    form body = form_of(f, d->arg[0]);
    bool minus = linear(d->imm.reduce) && body.minus;
    r = ordered(r, minus ? without_sign(body) : body);
    for (uint32_t k = 1; k < d->n_args; k++) { r = ordered(r, form_of(f, d->arg[k])); }
    r.minus = minus;
    return r;
}

static form imm_form(const node *d)
{
    form r = of_word((uint64_t)d->op);
    uint64_t bits[9];
    memcpy(bits, d->imm.value, sizeof bits);
    for (int k = 0; k < 9; k++) { r = ordered(r, of_word(bits[k])); }
    uint64_t ids[] = {(uint64_t)d->imm.k, d->imm.slot,  d->imm.set,  d->imm.input,
                      d->imm.def,         d->imm.param, d->imm.named, d->imm.curve, d->imm.table, d->elem.rank, d->elem.irreps};
    for (size_t k = 0; k < sizeof ids / sizeof ids[0]; k++) { r = ordered(r, of_word(ids[k] + 3)); }
    return r;
}

static bool commutes(node_op op)
{
    return op == OP_DOT || op == OP_SPECIES_EQ || op == OP_EQ || op == OP_INDEX_EQ;
}

/* and associates */
static bool gathers(node_op op)
{
    return op == OP_MIN2 || op == OP_MAX2 || op == OP_AND || op == OP_OR;
}

/* the operands of a chain of one such operation, in any order */
static form gather(former *f, node_id n, node_op op)
{
    const node *d = &f->p->nodes.at[n];
    if (d->op == op) { return plus(gather(f, d->arg[0], op), gather(f, d->arg[1], op)); }
    return mixed(ordered(of_word(1), form_of(f, n)), 19);
}

static bool keeps_sign(node_op op)
{
    return op == OP_FRAC || op == OP_PHASE || op == OP_SIN || op == OP_TAN || op == OP_ASIN || op == OP_ATAN || op == OP_SINH || op == OP_TANH ||
           op == OP_ERF || op == OP_SIGN || op == OP_COMP || op == OP_TRACE || op == OP_TRANSPOSE ||
           op == OP_DET || op == OP_CHANNEL_GET || op == OP_LINEAR;
}

static bool drops_sign(node_op op)
{
    return op == OP_COS || op == OP_COSH || op == OP_ABS || op == OP_NORM;
}

/* the condition i == j of the two variables themselves */
static bool says_equal(const former *f, node_id n)
{
    const node *d = &f->p->nodes.at[n];
    if (d->op != OP_INDEX_EQ) { return false; }
    const node *a = &f->p->nodes.at[d->arg[0]], *b = &f->p->nodes.at[d->arg[1]];
    return a->op == OP_IVAR && b->op == OP_IVAR &&
           ((a->imm.ivar == f->left && b->imm.ivar == f->right) ||
            (a->imm.ivar == f->right && b->imm.ivar == f->left));
}

/* a . b, a x b, a == b: the same, or the negative, with a and b exchanged */
static form pair_form(former *f, const node *d)
{
    form r = imm_form(d), x = form_of(f, d->arg[0]), y = form_of(f, d->arg[1]);
    bool bilinear = d->op == OP_DOT || d->op == OP_CROSS;
    bool minus = bilinear && x.minus != y.minus;
    if (d->op == OP_CROSS && less(y, x)) { minus = !minus; }
    form xs = bilinear ? x : ordered(of_word(1), x), ys = bilinear ? y : ordered(of_word(1), y);
    xs.minus = ys.minus = false;
    r = ordered(r, plus(mixed(xs, 19), mixed(ys, 19)));
    r.minus = minus;
    return r;
}

/* b.rev.d = -b.d, b.rev.i = b.j, b.rev.rev = b */
static form pair_use(former *f, const node *d)
{
    form x = form_of(f, d->arg[0]);
    if (d->op == OP_PAIR_REV) {
        x.minus = !x.minus;
        return x;
    }
    node seen = *d;
    if (x.minus && d->op != OP_PAIR_D) { seen.op = d->op == OP_PAIR_I ? OP_PAIR_J : OP_PAIR_I; }
    form r = ordered(imm_form(&seen), without_sign(x));
    r.minus = x.minus && d->op == OP_PAIR_D;
    return r;
}

/* |nearest(v)| and |nearest(v)|^2 are those of -v: which of two equally near images is taken does not
 * matter */
static bool length_of_nearest(const former *f, const node *d)
{
    bool length = d->op == OP_NORM || (d->op == OP_DOT && d->arg[0] == d->arg[1]);
    return length && f->p->nodes.at[d->arg[0]].op == OP_NEAREST;
}

static form nearest_form(former *f, const node *d)
{
    const node *v = &f->p->nodes.at[d->arg[0]];
    form r = ordered(imm_form(d), imm_form(v));
    return ordered(r, without_sign(form_of(f, v->arg[0])));
}

/* Does a tensor, through whatever it is made of, mention variables from outside? */
static bool mentions(const former *f, const def *d)
{
    while (d->lib != LIB_NONE) { d = &f->p->defs.at[d->lib_arg]; }
    return d->nested;
}

static bool symmetric_tensor(former *f, def_id id)
{
    const def *d = &f->p->defs.at[id];
    if (f->tensor[id] == 0) {
        bool matrix = d->lib == LIB_NONE && !d->nested && d->n_param == 2 &&
                      f->p->ivars.at[d->param[0]].set == f->p->ivars.at[d->param[1]].set &&
                      f->p->ivars.at[d->param[0]].row == SETIR_NONE &&
                      f->p->ivars.at[d->param[1]].row == SETIR_NONE;
        f->tensor[id] = matrix && symmetric(f->p, d->body, d->param[0], d->param[1], f->tensor) ? 1 : -1;
    }
    return f->tensor[id] == 1;
}

static form access_form(former *f, const node *d)
{
    const def *made = &f->p->defs.at[d->imm.def];
    form r = imm_form(d);
    if (d->op == OP_ACCESS && d->n_args == 2 && symmetric_tensor(f, d->imm.def)) {
        form x = ordered(of_word(1), form_of(f, d->arg[0])), y = ordered(of_word(1), form_of(f, d->arg[1]));
        return ordered(r, plus(mixed(x, 19), mixed(y, 19)));
    }
    for (uint32_t k = 0; k < d->n_args; k++) { r = ordered(r, form_of(f, d->arg[k])); }
    if (mentions(f, made)) {
        while (made->lib != LIB_NONE) { made = &f->p->defs.at[made->lib_arg]; }
        r = ordered(r, form_of(f, made->body));
    }
    return r;
}

static form build(former *f, node_id n)
{
    const node *d = &f->p->nodes.at[n];
    bool minus = false;
    if (d->op == OP_IVAR) { return ivar_form(f, d->imm.ivar); }
    if (d->op == OP_CONST && d->elem.rank == 0 && d->imm.value[0] < 0) {
        uint64_t bits;
        double v = -d->imm.value[0];
        memcpy(&bits, &v, sizeof bits);
        form r = of_word(bits);
        r.minus = true;
        return r;
    }
    if (d->op == OP_CONST && d->elem.rank == 0) {
        uint64_t bits;
        memcpy(&bits, &d->imm.value[0], sizeof bits);
        return of_word(bits);
    }
    if (d->op == OP_ADD || d->op == OP_SUB) { return canonical_sum(sum_of(f, n)); }
    if (d->op == OP_MUL || d->op == OP_DIV || d->op == OP_NEG || whole_power(d)) {
        form r = mixed(product_of(f, n, &minus), 17);
        r.minus = minus;
        return r;
    }
    if (d->op == OP_REDUCE) { return reduce_form(f, n); }
    if (d->op == OP_PAIR_D || d->op == OP_PAIR_I || d->op == OP_PAIR_J || d->op == OP_PAIR_REV) {
        return pair_use(f, d);
    }
    if (length_of_nearest(f, d)) { return nearest_form(f, d); }
    if (commutes(d->op) || d->op == OP_CROSS) { return pair_form(f, d); }
    if (d->op == OP_ACCESS || d->op == OP_PADGET) { return access_form(f, d); }
    form r = imm_form(d);
    if (gathers(d->op)) { return ordered(r, gather(f, n, d->op)); }
    for (uint32_t k = 0; k < d->n_args; k++) {
        enum naming outside = f->naming;
        f->naming = d->op == OP_SELECT && k == 1 && says_equal(f, d->arg[0]) ? MERGED : outside;
        form x = form_of(f, d->arg[k]);
        f->naming = outside;
        if (drops_sign(d->op)) {
            x.minus = false;
        } else if (keeps_sign(d->op)) {
            minus = minus != x.minus;
            x.minus = false;
        }
        r = ordered(r, x);
    }
    r.minus = minus;
    return r;
}

static form form_of(former *f, node_id n)
{
    enum naming k = f->naming;
    if (!f->known[k][n]) {
        f->memo[k][n] = build(f, n);
        f->known[k][n] = true;
    }
    return f->memo[k][n];
}

static void raise_to(former *f, node_id k, node_id from)
{
    if (from != SETIR_NONE && f->height[from] > f->height[k]) { f->height[k] = f->height[from]; }
}

/* Height: how many reductions stand below, through arguments, rows and tensors, so that reductions inside
 * each other differ. */
static void set_height(former *f, node_id k)
{
    const node *d = &f->p->nodes.at[k];
    for (uint32_t j = 0; j < d->n_args; j++) { raise_to(f, k, d->arg[j]); }
    for (uint32_t j = 0; j < (d->op == OP_IVAR ? 1 : d->imm.n_ivars); j++) {
        const ivar *v = &f->p->ivars.at[d->op == OP_IVAR ? d->imm.ivar : d->imm.ivars[j]];
        raise_to(f, k, v->row);
        raise_to(f, k, v->to);
    }
    if (d->op == OP_ACCESS || d->op == OP_PADGET) {
        const def *made = &f->p->defs.at[d->imm.def];
        while (made->lib != LIB_NONE) { made = &f->p->defs.at[made->lib_arg]; }
        raise_to(f, k, made->body);
    }
    f->height[k] += d->op == OP_REDUCE;
}

/* heights up to n, and names for the variables that one reduction alone binds */
static void name_bound(former *f, node_id n)
{
    bool *twice = arena_array(f->p->memory, bool, f->p->ivars.n + 1);
    for (node_id k = 0; k <= n; k++) {
        const node *d = &f->p->nodes.at[k];
        set_height(f, k);
        for (uint32_t j = 0; d->op == OP_REDUCE && j < d->imm.n_ivars; j++) {
            ivar_id v = d->imm.ivars[j];
            twice[v] = twice[v] || f->bound[v];
            f->bound[v] = f->height[k] * 64 + j + 1;
        }
    }
    for (ivar_id v = 0; v < f->p->ivars.n; v++) { f->bound[v] = twice[v] ? 0 : f->bound[v]; }
}

static bool symmetric(const program *p, node_id n, ivar_id a, ivar_id b, signed char *tensor)
{
    arena *m = p->memory;
    former f = {.p = p,
                .left = a,
                .right = b,
                .height = arena_array(m, uint32_t, n + 1),
                .bound = arena_array(m, uint32_t, p->ivars.n + 1),
                .tensor = tensor};
    name_bound(&f, n);
    for (int k = 0; k < 3; k++) {
        f.memo[k] = arena_array(m, form, n + 1);
        f.known[k] = arena_array(m, bool, n + 1);
    }
    f.naming = PLAIN;
    form plain = form_of(&f, n);
    f.naming = SWAPPED;
    form swapped = form_of(&f, n);
    return plain.a == swapped.a && plain.b == swapped.b && plain.minus == swapped.minus;
}

bool law_symmetric(const program *p, node_id n, ivar_id a, ivar_id b)
{
    return symmetric(p, n, a, b, arena_array(p->memory, signed char, p->defs.n + 1));
}
