/* SPDX-License-Identifier: Apache-2.0
 *
 * law_rules_number.c: the rules of arithmetic and of functions of numbers. On entry *r is invariant and has
 * the meet of the arguments' statuses; a rule fills in how the value transforms and breaks what is lost.
 */
#include "law_internal.h"

#include <math.h>
#include <string.h>

#define PI 3.14159265358979323846

/* ------------------------------------------------------------------------------------ linear arithmetic */

void law_rule_same(law_cx *x, node_id n, law_info *r)
{
    law_carry(r, law_arg(x, n, 0));
}

void law_rule_add(law_cx *x, node_id n, law_info *r)
{
    const node *d = law_node(x, n);
    law_restore_sum(x, n, r);
    law_unify(x, n, r, d->arg[0], d->arg[1], d->op == OP_ADD ? "adding" : "subtracting");
    const law_info *a = law_arg(x, n, 0), *b = law_arg(x, n, 1);
    for (int s = 0; s < LAW_SLOTS; s++) {
        rational other = b->affine[s];
        if (d->op == OP_SUB) { other.num = -other.num; }
        r->affine[s] = rational_add(a->affine[s], other);
    }
    if (a->sign || b->sign) {
        law_lose_images(x, r, n, "a sum with a number that is defined only up to its sign");
        r->sign = false;
    }
}

void law_rule_neg(law_cx *x, node_id n, law_info *r)
{
    law_carry(r, law_arg(x, n, 0));
    for (int s = 0; s < LAW_SLOTS; s++) { r->affine[s].num = -r->affine[s].num; }
    (void)x;
}

/* a small fraction equal to v, for weights of positions */
static bool fraction(double v, rational *out)
{
    for (int den = 1; den <= 360; den++) {
        double num = v * den;
        if (fabs(num) < 1e4 && fabs(num - nearbyint(num)) < 1e-13 * (1 + fabs(num))) {
            *out = rational_new((int64_t)nearbyint(num), den);
            return true;
        }
    }
    return false;
}

/* v times the compile-time number c (divide: by it) */
static void scale_by_constant(law_cx *x, node_id n, law_info *r, const law_info *v, double c)
{
    law_carry(r, v);
    rational f;
    if (law_moves(v)) {
        if (fraction(c, &f)) {
            for (int s = 0; s < LAW_SLOTS; s++) { r->affine[s] = rational_mul(v->affine[s], f); }
        } else {
            law_break(x, r, SYM_TRANSLATE, n, "a position times a number that is no simple fraction");
        }
    }
    if (v->mod != SETIR_NONE && c != nearbyint(c)) {
        law_lose_images(x, r, n, "a fraction of a position depends on which image is taken");
        r->mod = SETIR_NONE;
    }
    r->period = fabs(v->period * c);
}

void law_rule_mul(law_cx *x, node_id n, law_info *r)
{
    const node *d = law_node(x, n);
    const law_info *s = law_arg(x, n, 0), *v = law_arg(x, n, 1);
    double c;
    if (law_constant(x, d->arg[0], &c)) {
        scale_by_constant(x, n, r, v, c);
        return;
    }
    if (law_constant(x, d->arg[1], &c) && !d->elem.rank) {
        scale_by_constant(x, n, r, s, c);
        return;
    }
    law_product(x, r, n, s, v, false);
    if (d->arg[0] == d->arg[1]) { r->sign = false; }
    if (s->period != 0 || v->period != 0) {
        law_lose_images(x, r, n, "a product with a number that is defined only up to whole periods");
    }
    if (d->elem.rank) { law_use_vector(x, r, n, d->arg[1], "a multiple"); }
}

void law_rule_div(law_cx *x, node_id n, law_info *r)
{
    const node *d = law_node(x, n);
    const law_info *v = law_arg(x, n, 0), *s = law_arg(x, n, 1);
    double c;
    if (law_constant(x, d->arg[1], &c) && c != 0) {
        scale_by_constant(x, n, r, v, 1 / c);
        return;
    }
    law_product(x, r, n, v, s, true);
    if (s->period != 0 || v->period != 0) {
        law_lose_images(x, r, n, "a quotient with a number that is defined only up to whole periods");
    }
    if (d->elem.rank) { law_use_vector(x, r, n, d->arg[0], "a multiple"); }
}

/* ------------------------------------------------------------------------------------ functions of scalars */

void law_rule_pow(law_cx *x, node_id n, law_info *r)
{
    const law_info *a = law_arg(x, n, 0);
    double p = law_node(x, n)->imm.value[0];
    bool whole = p == nearbyint(p) && fabs(p) < 1e9, even = whole && fmod(p, 2) == 0;
    if (p == 1) {
        law_carry(r, a);
        return;
    }
    rational f;
    for (int s = 0; s < LAW_SLOTS; s++) {
        if (!a->size[s].num) { continue; }
        if (fraction(p, &f)) {
            r->size[s] = rational_mul(a->size[s], f);
        } else {
            law_break(x, r, SYM_SUPERCELL, n, "this power of a quantity that grows with the cell");
        }
    }
    if (whole && !even) {
        r->odd = a->odd;
        memcpy(r->mirror, a->mirror, sizeof r->mirror);
        r->sign = a->sign;
    } else if (!whole) {
        law_need_even(x, r, n, a, "this power");
    }
    if (a->period != 0 || (a->sign && !whole)) {
        law_lose_images(x, r, n, "a power of a number that is not defined uniquely");
    }
    if (a->n_axis) { law_break(x, r, SYM_CELL, n, "a power of a component along a lattice vector"); }
}

static bool multiple(double a, double of)
{
    double q = a / of;
    return fabs(q) < 1e6 && fabs(q - nearbyint(q)) < 1e-12 * (1 + fabs(q)) && nearbyint(q) != 0;
}

/* f(-x) = -f(x) */
static void odd_function(law_cx *x, node_id n, law_info *r, const char *use)
{
    const law_info *a = law_arg(x, n, 0);
    law_info plain = *a;
    plain.sign = false;
    law_use_number(x, r, n, &plain, use);
    r->odd = a->odd;
    memcpy(r->mirror, a->mirror, sizeof r->mirror);
    r->sign = a->sign;
}

/* f(-x) = f(x) */
static void even_function(law_cx *x, node_id n, law_info *r, const char *use)
{
    law_info plain = *law_arg(x, n, 0);
    plain.sign = false;
    law_use_number(x, r, n, &plain, use);
}

void law_rule_sin(law_cx *x, node_id n, law_info *r)
{
    law_info a = *law_arg(x, n, 0);
    bool half = a.period != 0 && !multiple(a.period, 2 * PI) && multiple(a.period, PI);
    bool keep = a.period != 0 && (half || multiple(a.period, 2 * PI));
    node_op op = law_node(x, n)->op;
    if (keep) { a.period = 0; }
    law_info plain = a;
    plain.sign = false;
    law_use_number(x, r, n, &plain, op_table[op].text);
    if (op == OP_SIN) {
        r->odd = a.odd;
        memcpy(r->mirror, a.mirror, sizeof r->mirror);
        r->sign = a.sign || half;
    } else {
        r->sign = half;
    }
}

void law_rule_tan(law_cx *x, node_id n, law_info *r)
{
    law_info a = *law_arg(x, n, 0);
    if (a.period != 0 && multiple(a.period, PI)) { a.period = 0; }
    law_info plain = a;
    plain.sign = false;
    law_use_number(x, r, n, &plain, "tan");
    r->odd = a.odd;
    memcpy(r->mirror, a.mirror, sizeof r->mirror);
    r->sign = a.sign;
}

void law_rule_odd(law_cx *x, node_id n, law_info *r)
{
    odd_function(x, n, r, op_table[law_node(x, n)->op].text);
}

void law_rule_even(law_cx *x, node_id n, law_info *r)
{
    even_function(x, n, r, op_table[law_node(x, n)->op].text);
}

void law_rule_any(law_cx *x, node_id n, law_info *r)
{
    const node *d = law_node(x, n);
    for (uint32_t k = 0; k < d->n_args; k++) {
        law_use_number(x, r, n, law_arg(x, n, k), op_table[d->op].text);
        law_need_even(x, r, n, law_arg(x, n, k), op_table[d->op].text);
    }
}

/* indices are of sets that are the same for every structure: only the first argument is a number */
void law_rule_spline(law_cx *x, node_id n, law_info *r)
{
    law_use_number(x, r, n, law_arg(x, n, 0), "a tabulated function");
    law_need_even(x, r, n, law_arg(x, n, 0), "a tabulated function");
}

void law_rule_abs(law_cx *x, node_id n, law_info *r)
{
    const law_info *a = law_arg(x, n, 0);
    memcpy(r->size, a->size, sizeof r->size);
    law_info plain = *a;
    plain.sign = false;
    for (int s = 0; s < LAW_SLOTS; s++) { plain.size[s].num = 0; }
    law_use_number(x, r, n, &plain, "abs");
}

void law_rule_signum(law_cx *x, node_id n, law_info *r)
{
    const law_info *a = law_arg(x, n, 0);
    law_info plain = *a;
    plain.sign = false;
    for (int s = 0; s < LAW_SLOTS; s++) { plain.size[s].num = 0; }
    law_use_number(x, r, n, &plain, "sign");
    r->odd = a->odd;
    memcpy(r->mirror, a->mirror, sizeof r->mirror);
    r->sign = a->sign;
}

/* min, max, comparisons: both of one size, neither with a sign */
static void compare(law_cx *x, node_id n, law_info *r, const char *use)
{
    const law_info *a = law_arg(x, n, 0), *b = law_arg(x, n, 1);
    bool zero = law_is_zero(x, law_node(x, n)->arg[0]) || law_is_zero(x, law_node(x, n)->arg[1]);
    if (!zero && !law_same_size(a, b)) {
        law_break(x, r, SYM_SUPERCELL, n,
                  law_say(x, "%s a quantity that grows with the cell with one that does not", use));
    }
    for (int k = 0; k < 2; k++) {
        law_info plain = *(k ? b : a);
        for (int s = 0; s < LAW_SLOTS; s++) { plain.size[s].num = 0; }
        law_use_number(x, r, n, &plain, use);
        law_need_even(x, r, n, &plain, use);
    }
}

void law_rule_compare(law_cx *x, node_id n, law_info *r)
{
    compare(x, n, r, "comparing");
}

void law_rule_minmax(law_cx *x, node_id n, law_info *r)
{
    compare(x, n, r, op_table[law_node(x, n)->op].text);
    memcpy(r->size, law_arg(x, n, law_is_zero(x, law_node(x, n)->arg[0]) ? 1 : 0)->size, sizeof r->size);
}

/* atan2(k y, k x) = atan2(y, x) for k > 0; odd in y */
void law_rule_atan2(law_cx *x, node_id n, law_info *r)
{
    const law_info *a = law_arg(x, n, 0), *b = law_arg(x, n, 1);
    if (!law_same_size(a, b)) {
        law_break(x, r, SYM_SUPERCELL, n, "an angle from quantities of different size");
    }
    for (int k = 0; k < 2; k++) {
        law_info plain = *(k ? b : a);
        for (int s = 0; s < LAW_SLOTS; s++) { plain.size[s].num = 0; }
        law_use_number(x, r, n, &plain, "atan2");
    }
    law_need_even(x, r, n, b, "atan2");
    law_need_even(x, r, n, a, "atan2");
}
