/* SPDX-License-Identifier: Apache-2.0
 *
 * law_rules_irreps.c: the rules of channels that turn with the structure. On entry *r is invariant and has the meet
 * of the arguments' statuses; a rule fills in how the value transforms and breaks what is lost. Under an orthogonal Q
 * a value of irreps becomes D(Q) v, D the representation of its type (irreps.h), times the signs that law_info has
 * for every value. Operations that know nothing of irreps are stopped by law_guard_irreps.
 */
#include "irreps.h"
#include "law_internal.h"

static void break_turning(law_cx *x, law_info *r, node_id n, const char *why)
{
    law_break_rotations(x, r, n, why);
    law_break_reflections(x, r, n, why);
}

static bool turns(law_cx *x, node_id n)
{
    return irreps_turn(x->p, law_node(x, n)->elem);
}

/* one channel picked by its number */
void law_rule_channel(law_cx *x, node_id n, law_info *r)
{
    const node *d = law_node(x, n);
    const law_info *a = law_arg(x, n, 0);
    const irreps *of = irreps_of(x->p, law_node(x, d->arg[0])->elem);
    law_carry(r, a);
    if (!of) { return; }
    irrep_place at = irreps_place(of, (uint32_t)d->imm.k);
    r->odd = a->odd != (at.l == 0 && at.odd);
    if (at.l == 0) { return; }
    const char *why = law_say(x, "component %d of degree %d depends on the axes", at.m, at.l);
    law_break(x, r, SYM_ROTATE, n, why);
    law_break(x, r, SYM_REFLECT, n, why);
    law_break(x, r, SYM_ROTATE_X, n, why);
    law_break(x, r, SYM_ROTATE_Y, n, why);
    if (at.m != 0) { law_break(x, r, SYM_ROTATE_Z, n, why); }
    /* cos(m phi), sin(m phi) and the polynomial in z each have a sign in each mirror */
    int m = at.m < 0 ? -at.m : at.m;
    bool unnatural = at.odd != (at.l % 2 != 0);
    const bool flips[3] = {(m % 2 != 0) != (at.m < 0), at.m < 0, (at.l + m) % 2 != 0};
    for (int k = 0; k < 3; k++) { r->mirror[k] = a->mirror[k] != (flips[k] != unnatural); }
}

void law_rule_channel_at(law_cx *x, node_id n, law_info *r)
{
    law_carry(r, law_arg(x, n, 0));
    if (turns(x, law_node(x, n)->arg[0])) {
        break_turning(x, r, n, "a component picked by an index depends on the axes");
    }
}

void law_rule_channel_put(law_cx *x, node_id n, law_info *r)
{
    law_carry(r, law_arg(x, n, 0));
    if (turns(x, n)) { break_turning(x, r, n, "a component written by itself depends on the axes"); }
}

/* r^l Y_lm of degree l: the vector must be one in every way */
void law_rule_solid(law_cx *x, node_id n, law_info *r)
{
    const node *d = law_node(x, n);
    const law_info *a = law_arg(x, n, 0);
    const char *use = "spherical harmonics";
    law_use_number(x, r, n, a, use);
    law_need_even(x, r, n, a, use);
    law_use_vector(x, r, n, d->arg[0], use);
}

static bool table_commutes(law_cx *x, uint32_t table)
{
    if (!x->table_turns) { x->table_turns = arena_array(x->a, signed char, x->p->tables.n + 1); }
    if (!x->table_turns[table]) { x->table_turns[table] = table_turns(x->p, table) ? 1 : -1; }
    return x->table_turns[table] > 0;
}

void law_rule_table(law_cx *x, node_id n, law_info *r)
{
    const node *d = law_node(x, n);
    const law_info *a = law_arg(x, n, 0);
    const char *use = "a product of components";
    if (d->op == OP_LINEAR) {
        law_carry(r, a);
        r->mod = SETIR_NONE;
        r->period = 0;
        law_still(r);
    } else {
        law_product(x, r, n, a, law_arg(x, n, 1), false);
    }
    for (uint32_t k = 0; k < d->n_args; k++) {
        if (law_node(x, d->arg[k])->elem.rank) { law_use_vector(x, r, n, d->arg[k], use); }
        if (law_arg(x, n, k)->period != 0) {
            law_lose_images(x, r, n, "mixing numbers that are defined only up to whole periods");
        }
    }
    if (!table_commutes(x, d->imm.table)) {
        break_turning(x, r, n, "mixes components in a way that depends on the axes");
    }
}

/* Is the operation one that gives a value that turns from values that turn? */
static bool fits(law_cx *x, node_id n)
{
    const node *d = law_node(x, n);
    bool whole = true, number[2] = {false, false}, same[2] = {false, false};
    for (uint32_t k = 0; k < d->n_args && k < 2; k++) {
        elem e = law_node(x, d->arg[k])->elem;
        same[k] = elem_equal(e, d->elem);
        number[k] = elem_equal(e, elem_real(0));
    }
    switch ((int)d->op) {
    case OP_ADD:
    case OP_SUB: return same[0] && same[1];
    case OP_MUL: return (same[0] && number[1]) || (number[0] && same[1]);
    case OP_DIV: return same[0] && number[1];
    case OP_CONST:
        for (uint32_t k = 0; k < 9; k++) { whole = whole && d->imm.value[k] == 0; }
        return whole && elem_components(d->elem) <= 9;
    case OP_REDUCE: return d->imm.reduce == RED_SUM || d->imm.reduce == RED_MEAN;
    case OP_NEG:
    case OP_SELECT:
    case OP_ASCRIBE:
    case OP_ACCESS:
    case OP_PADGET:
    case OP_INPUT:
    case OP_LOOKUP:
    case OP_DOT:
    case OP_NORM:
    case OP_CHANNEL_CAT:
    case OP_CHANNEL_GET:
    case OP_CHANNEL_AT:
    case OP_CHANNEL_PUT:
    case OP_SOLID:
    case OP_LINEAR:
    case OP_BILINEAR: return true;
    default: return false;
    }
}

void law_guard_irreps(law_cx *x, node_id n, law_info *r)
{
    const node *d = law_node(x, n);
    bool any = turns(x, n);
    for (uint32_t k = 0; k < d->n_args && !any; k++) { any = turns(x, d->arg[k]); }
    if (any && !fits(x, n)) {
        break_turning(x, r, n, law_say(x, "%s of components that turn with the axes", op_table[d->op].text));
    }
}
