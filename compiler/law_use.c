/* SPDX-License-Identifier: Apache-2.0
 *
 * law_use.c: what the rules of the operations have in common. In: laws of arguments, the way in which they
 * are used. Out: what of it survives: vectors that must not be positions, numbers that must be unique,
 * signs, sizes, lattice axes. Where it is not sure, it breaks.
 */
#include "law_internal.h"

#include <string.h>

const node *law_node(law_cx *x, node_id n)
{
    return &x->p->nodes.at[n];
}

const law_info *law_arg(law_cx *x, node_id n, uint32_t k)
{
    return law_of(x, law_node(x, n)->arg[k]);
}

bool law_same_rational(rational a, rational b)
{
    return a.num == b.num && a.den == b.den;
}

bool law_has_size(const law_info *a)
{
    for (int s = 0; s < LAW_SLOTS; s++) {
        if (a->size[s].num) { return true; }
    }
    return false;
}

bool law_same_size(const law_info *a, const law_info *b)
{
    for (int s = 0; s < LAW_SLOTS; s++) {
        if (!law_same_rational(a->size[s], b->size[s])) { return false; }
    }
    return true;
}

bool law_moves(const law_info *a)
{
    for (int s = 0; s < LAW_SLOTS; s++) {
        if (a->affine[s].num) { return true; }
    }
    return false;
}

void law_still(law_info *a)
{
    for (int s = 0; s < LAW_SLOTS; s++) { a->affine[s] = (rational){0, 1}; }
}

/* the way a value transforms, without its statuses */
void law_carry(law_info *r, const law_info *a)
{
    law_status keep[SYM_COUNT];
    memcpy(keep, r->status, sizeof keep);
    *r = *a;
    memcpy(r->status, keep, sizeof keep);
}

/* What depends on which image, period or sign is taken. */
void law_lose_images(law_cx *x, law_info *r, node_id n, const char *why)
{
    law_break(x, r, SYM_WRAP, n, why);
    law_break(x, r, SYM_SUPERCELL, n, why);
    if (law_places_spots(x->p)) {
        law_break(x, r, SYM_PERMUTE, n, why);
        law_break(x, r, SYM_TRANSLATE, n, why);
        law_break(x, r, SYM_CELL, n, why);
    }
}

/* What depends on the order in which elements are stored. Atoms stand in the order of the file; pairs, spots
 * and reciprocal vectors in one that comes from the lattice vectors and the images. */
void law_use_order(law_cx *x, law_info *r, node_id n, set_kind kind, const char *why)
{
    switch (kind) {
    case SET_BASE:
        law_break(x, r, SYM_PERMUTE, n, why);
        law_break(x, r, SYM_SUPERCELL, n, why);
        break;
    case SET_PAIRS:
    case SET_DIFFER:
    case SET_RECIP:
        for (int g = 0; g < SYM_COUNT; g++) { law_break(x, r, (symmetry)g, n, why); }
        break;
    case SET_AXIS: law_break(x, r, SYM_CELL, n, why); break;
    case SET_RANGE:
    case SET_SPECIES:
    case SET_RANK: break;
    }
}

/* A use of a vector that must be an ordinary one: positions break translate, differences of periodic
 * positions are an error wherever they are not made unambiguous (frac, phase, nearest). */
void law_use_vector(law_cx *x, law_info *r, node_id n, node_id v, const char *use)
{
    const law_info *a = law_of(x, v);
    if (law_moves(a)) {
        law_break(x, r, SYM_TRANSLATE, n, law_say(x, "%s of a position depends on the origin", use));
    }
    if (a->mod == SETIR_NONE) { return; }
    if (law_moves(a)) {
        law_lose_images(x, r, n, law_say(x, "%s of a position depends on which image is taken", use));
        return;
    }
    const slot *s = &x->p->slots.at[a->mod];
    span at = x->p->nodes.at[v].at;
    diag *d = diag_report(x->sink, D_PERIODIC_DIFFERENCE, at);
    diag_label_primary(x->sink, d, "%s repeats: this difference is defined only up to a lattice vector",
                       s->type);
    diag_note(x->sink, d,
              "Each atom has many images of its neighbour: sum over them, or say which one is meant.");
    diag_help(x->sink, d, "set bond = pairs(%s.%s) within 5 Å      then  norm(b.d)", s->id,
              s->base == SETIR_NONE ? "atom" : x->p->sets.at[s->base].id);
    diag_help(x->sink, d,
              "nearest(%s.r[i], %s.r[j], %s.%s)      the closest image only: jumps when another one becomes "
              "closest",
              s->id, s->id, s->id, s->cell_name ? s->cell_name : "cell");
    law_lose_images(x, r, n, "a difference of periodic positions");
}

/* A scalar function that knows no more than the value of its argument. */
void law_use_number(law_cx *x, law_info *r, node_id n, const law_info *a, const char *use)
{
    if (a->period != 0 || a->sign) {
        law_lose_images(x, r, n,
                        law_say(x, "%s of a number that is defined only %s", use,
                                a->period != 0 ? "up to whole periods" : "up to its sign"));
    }
    if (a->n_axis) {
        law_break(x, r, SYM_CELL, n, law_say(x, "%s of a component along a lattice vector", use));
    }
    if (law_has_size(a)) {
        law_break(x, r, SYM_SUPERCELL, n, law_say(x, "%s of a quantity that grows with the cell", use));
    }
}

void law_need_even(law_cx *x, law_info *r, node_id n, const law_info *a, const char *use)
{
    bool any = a->odd;
    for (int k = 0; k < 3; k++) {
        if (law_sign(a, k)) {
            law_break(x, r, (symmetry)(SYM_REFLECT_X + k), n,
                      law_say(x, "%s of a number that changes sign in this mirror", use));
            any = true;
        }
    }
    if (any) {
        law_break(x, r, SYM_REFLECT, n, law_say(x, "%s of a number that changes sign in a mirror", use));
    }
}

void law_add_axes(law_cx *x, law_info *r, node_id n, const law_info *a, const law_info *b)
{
    r->n_axis = 0;
    axis_law all[4];
    uint32_t count = 0;
    const law_info *from[2] = {a, b};
    for (int f = 0; f < 2; f++) {
        for (uint32_t k = 0; k < from[f]->n_axis; k++) {
            axis_law one = from[f]->axis[k];
            bool merged = false;
            for (uint32_t j = 0; j < count; j++) {
                if (all[j].ivar != one.ivar) { continue; }
                if (f == 1 && all[j].kind != AXIS_PAIRED && one.kind != AXIS_PAIRED &&
                    all[j].kind != one.kind) {
                    all[j].kind = AXIS_PAIRED;
                    merged = true;
                } else {
                    law_break(x, r, SYM_CELL, n, "a product of two components along the same lattice vector");
                    return;
                }
            }
            if (!merged) { all[count++] = one; }
        }
    }
    if (count > 2 || r->status[SYM_CELL].level == LAW_BROKEN) {
        if (count > 2) { law_break(x, r, SYM_CELL, n, "a product along several lattice vectors"); }
        return;
    }
    memcpy(r->axis, all, sizeof(axis_law) * count);
    r->n_axis = count;
}

/* sizes and signs of a product (or quotient) */
void law_product(law_cx *x, law_info *r, node_id n, const law_info *a, const law_info *b, bool divide)
{
    for (int s = 0; s < LAW_SLOTS; s++) {
        rational other = b->size[s];
        if (divide) { other.num = -other.num; }
        r->size[s] = rational_add(a->size[s], other);
    }
    r->odd = a->odd != b->odd;
    for (int k = 0; k < 3; k++) { r->mirror[k] = a->mirror[k] != b->mirror[k]; }
    r->sign = a->sign || b->sign;
    law_add_axes(x, r, n, a, b);
    if (divide && b->n_axis) {
        law_break(x, r, SYM_CELL, n, "division by a component along a lattice vector");
    }
}

uint32_t law_set_slot(law_cx *x, set_id s)
{
    const set *d = &x->p->sets.at[s];
    return d->kind == SET_PAIRS    ? law_set_slot(x, d->parent)
           : d->kind == SET_DIFFER ? x->p->sets.at[d->sample].slot
                                   : d->slot;
}

/* Two values that become one (sum, choice): they must transform alike. */
void law_unify_laws(law_cx *x, node_id n, law_info *r, const law_info *a, const law_info *b, const char *use)
{
    law_carry(r, a);
    if (!law_same_size(a, b)) {
        law_break(x, r, SYM_SUPERCELL, n,
                  law_say(x, "%s a quantity that grows with the cell and one that does not", use));
    }
    for (int k = 0; k < 3; k++) {
        if (law_sign(a, k) != law_sign(b, k)) {
            law_break(x, r, (symmetry)(SYM_REFLECT_X + k), n,
                      law_say(x, "%s a value that changes sign in this mirror and one that does not", use));
        }
    }
    if (a->odd != b->odd) {
        law_break(x, r, SYM_REFLECT, n,
                  law_say(x, "%s a value that changes sign in a mirror and one that does not", use));
    }
    bool same_axes = a->n_axis == b->n_axis;
    for (uint32_t k = 0; same_axes && k < a->n_axis; k++) {
        bool found = false;
        for (uint32_t j = 0; j < b->n_axis; j++) {
            found = found || (a->axis[k].ivar == b->axis[j].ivar && a->axis[k].kind == b->axis[j].kind);
        }
        same_axes = found;
    }
    if (!same_axes) {
        law_break(x, r, SYM_CELL, n,
                  law_say(x, "%s values that depend differently on the lattice vectors", use));
    }
    if (a->period != 0 && b->period != 0 && a->period != b->period) {
        law_lose_images(x, r, n, law_say(x, "%s numbers of different periods", use));
    }
    r->period = a->period != 0 ? a->period : b->period;
    if (a->mod != SETIR_NONE && b->mod != SETIR_NONE && a->mod != b->mod) {
        law_lose_images(x, r, n, law_say(x, "%s positions of two lattices", use));
    }
    r->mod = a->mod != SETIR_NONE ? a->mod : b->mod;
    r->sign = a->sign || b->sign;
}

/* zero transforms in every way */
void law_unify(law_cx *x, node_id n, law_info *r, node_id left, node_id right, const char *use)
{
    if (law_is_zero(x, left) || law_is_zero(x, right)) {
        law_carry(r, law_of(x, law_is_zero(x, left) ? right : left));
    } else {
        law_unify_laws(x, n, r, law_of(x, left), law_of(x, right), use);
    }
}
