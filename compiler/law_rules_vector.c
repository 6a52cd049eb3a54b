/* SPDX-License-Identifier: Apache-2.0
 *
 * law_rules_vector.c: the rules of vectors, tensors, channels and choices. On entry *r is invariant and has
 * the meet of the arguments' statuses; a rule fills in how the value transforms and breaks what is lost.
 */
#include "law_internal.h"

#include <string.h>

/* ------------------------------------------------------------------------------------ vectors, tensors */

void law_rule_bilinear(law_cx *x, node_id n, law_info *r)
{
    const node *d = law_node(x, n);
    const law_info *a = law_arg(x, n, 0), *b = law_arg(x, n, 1);
    law_product(x, r, n, a, b, false);
    if (d->op == OP_CROSS) { r->odd = !r->odd; }
    const char *use = d->op == OP_DOT ? "a product" : op_table[d->op].text;
    law_use_vector(x, r, n, d->arg[0], use);
    if (d->arg[1] != d->arg[0]) { law_use_vector(x, r, n, d->arg[1], use); }
    if (d->arg[0] == d->arg[1]) { r->sign = false; }
    if (a->period != 0 || b->period != 0) { /* of channels                                */
        law_lose_images(x, r, n, "a product with numbers that are defined only up to whole periods");
    }
}

void law_rule_norm(law_cx *x, node_id n, law_info *r)
{
    node_id v = law_node(x, n)->arg[0];
    const law_info *a = law_of(x, v);
    if (law_node(x, v)->op == OP_NEAREST) { /* the distance is the same for equally near images         */
        const law_info *raw = law_of(x, law_node(x, v)->arg[0]);
        law_start(r);
        law_meet(r, raw);
        if (law_moves(raw)) {
            law_break(x, r, SYM_TRANSLATE, v, "the nearest image to the origin depends on the origin");
        }
        if (raw->mod != SETIR_NONE && raw->mod != law_node(x, v)->imm.slot) {
            law_lose_images(x, r, v, "the lattice is another structure's");
        }
        if (raw->n_axis) { law_break(x, r, SYM_CELL, v, "the nearest image of a multiple"); }
        law_break(x, r, SYM_SUPERCELL, v, "a larger cell has fewer images");
        return;
    }
    memcpy(r->size, a->size, sizeof r->size);
    law_use_vector(x, r, n, v, "norm");
    if (a->period != 0) {
        law_lose_images(x, r, n, "the norm of numbers that are defined only up to whole periods");
    }
    if (a->n_axis) {
        law_break(x, r, SYM_CELL, n,
                  "the length of one lattice vector: another choice of cell has another one");
    }
}

static const char *const axis_names[] = {"x", "y", "z"};

void law_rule_comp(law_cx *x, node_id n, law_info *r)
{
    const node *d = law_node(x, n);
    const law_info *a = law_arg(x, n, 0);
    law_carry(r, a);
    r->mod = SETIR_NONE;
    law_still(r);
    uint8_t rank = law_node(x, d->arg[0])->elem.rank;
    int c[2] = {rank == 2 ? d->imm.k / 3 : d->imm.k, rank == 2 ? d->imm.k % 3 : d->imm.k};
    const char *why =
        rank == 2 ? law_say(x, "component %s%s depends on the axes", axis_names[c[0]], axis_names[c[1]])
                  : law_say(x, "component along %s depends on the axes", axis_names[c[0]]);
    law_break(x, r, SYM_ROTATE, n, why);
    law_break(x, r, SYM_REFLECT, n, why);
    for (int k = 0; k < 3; k++) {
        if (c[0] != k || c[1] != k) { law_break(x, r, (symmetry)(SYM_ROTATE_X + k), n, why); }
        bool flips = rank == 2 ? (c[0] == k) != (c[1] == k) : c[0] == k;
        r->mirror[k] = a->mirror[k] != flips;
    }
    law_use_vector(x, r, n, d->arg[0], "a component");
}

void law_rule_vec3(law_cx *x, node_id n, law_info *r)
{
    const node *d = law_node(x, n);
    const char *why = "a vector written by its components does not turn with the structure";
    bool set_from = false;
    const law_info *first = NULL;
    law_break(x, r, SYM_ROTATE, n, why);
    law_break(x, r, SYM_REFLECT, n, why);
    for (int c = 0; c < 3; c++) {
        if (law_is_zero(x, d->arg[c])) { continue; }
        const law_info *a = law_arg(x, n, (uint32_t)c);
        for (int k = 0; k < 3; k++) {
            if (k != c) { law_break(x, r, (symmetry)(SYM_ROTATE_X + k), n, why); }
            bool grade = law_sign(a, k) != (c == k); /* the vector law already has the sign of its axis */
            if (!set_from) {
                r->mirror[k] = grade;
            } else if (r->mirror[k] != grade) {
                law_break(x, r, (symmetry)(SYM_REFLECT_X + k), n, why);
            }
        }
        if (first && !law_same_size(first, a)) {
            law_break(x, r, SYM_SUPERCELL, n, "components of different size");
        }
        if (!first) {
            memcpy(r->size, a->size, sizeof r->size);
            first = a;
        }
        law_info plain = *a;
        for (int s = 0; s < LAW_SLOTS; s++) { plain.size[s].num = 0; }
        law_use_number(x, r, n, &plain, "a component");
        set_from = true;
    }
    law_restore_vector(x, n, r);
}

void law_rule_linear_tensor(law_cx *x, node_id n, law_info *r)
{
    law_carry(r, law_arg(x, n, 0));
    (void)x;
}

void law_rule_det(law_cx *x, node_id n, law_info *r)
{
    const law_info *a = law_arg(x, n, 0);
    r->odd = a->odd;
    memcpy(r->mirror, a->mirror, sizeof r->mirror);
    for (int s = 0; s < LAW_SLOTS; s++) { r->size[s] = rational_mul(a->size[s], rational_new(3, 1)); }
    r->sign = a->sign;
    if (a->n_axis) { law_break(x, r, SYM_CELL, n, "the determinant of a component along a lattice vector"); }
}

/* -------------------------------------------------------------------------------- channels, choice, sums */

void law_rule_cat(law_cx *x, node_id n, law_info *r)
{
    const node *d = law_node(x, n);
    node_id first = SETIR_NONE; /* that is not zero                           */
    law_carry(r, law_arg(x, n, 0));
    for (uint32_t k = 0; k < d->n_args; k++) {
        const law_info *one = law_arg(x, n, k);
        if (d->n_args > 1 && (one->period != 0 || one->sign || one->n_axis)) {
            law_lose_images(x, r, n, "joining numbers that are not defined uniquely");
            law_break(x, r, SYM_CELL, n, "joining components along lattice vectors");
        }
        if (law_is_zero(x, d->arg[k])) { continue; }
        if (first == SETIR_NONE) {
            first = d->arg[k];
            law_carry(r, one);
        } else {
            law_unify(x, n, r, first, d->arg[k], "joining");
        }
    }
}

void law_rule_select(law_cx *x, node_id n, law_info *r)
{
    const node *d = law_node(x, n);
    if (d->elem.kind != ELEM_REAL) { return; }
    law_unify(x, n, r, d->arg[1], d->arg[2], "choosing between");
    const law_info *a = law_arg(x, n, 1), *b = law_arg(x, n, 2);
    if (d->elem.rank == 1) {
        for (int s = 0; s < LAW_SLOTS; s++) {
            if (!law_same_rational(a->affine[s], b->affine[s])) {
                law_break(x, r, SYM_TRANSLATE, n, "choosing between a position and a vector");
            }
        }
    }
}
