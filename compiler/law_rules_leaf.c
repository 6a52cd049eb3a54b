/* SPDX-License-Identifier: Apache-2.0
 *
 * law_rules_leaf.c: the rules of constants, indices, inputs, tensors and of what the lattice gives. On entry
 * *r is invariant and has the meet of the arguments' statuses; a rule fills in how the value transforms and
 * breaks what is lost.
 */
#include "law_internal.h"

#include <string.h>

#define PI 3.14159265358979323846

/* ------------------------------------------------------------------------------------ leaves */

void law_rule_plain(law_cx *x, node_id n, law_info *r)
{
    (void)x, (void)n, (void)r;
}

void law_rule_ivar(law_cx *x, node_id n, law_info *r)
{
    const ivar *v = &x->p->ivars.at[law_node(x, n)->imm.ivar];
    law_meet(r, &x->sets[v->set]);
    if (v->row != SETIR_NONE) { law_meet(r, law_of(x, v->row)); }
    if (v->to != SETIR_NONE) {
        law_meet(r, law_of(x, v->to));
        law_break(x, r, SYM_SUPERCELL, n, "the images between two atoms are shared out among their copies");
    }
    if (v->partner != SETIR_NONE && v->row == SETIR_NONE && x->p->sets.at[v->set].kind != SET_RANGE &&
        x->p->sets.at[v->set].kind != SET_SPECIES) {
        law_break(x, r, SYM_SUPERCELL, n, "two copies of one element are distinct in a larger cell");
    }
}

void law_rule_index_const(law_cx *x, node_id n, law_info *r)
{
    set_id id = law_node(x, n)->imm.set;
    set_kind kind = x->p->sets.at[id].kind;
    law_meet(r, &x->sets[id]);
    law_use_order(x, r, n, kind,
                  kind == SET_AXIS ? "one lattice vector picked: another choice of cell has another one"
                                   : "one element picked by its place in the file");
}

/* A number is the same for every structure; a vector or tensor written as numbers does not turn with it,
 * unless it is zero or a multiple of the unit tensor. */
void law_rule_const(law_cx *x, node_id n, law_info *r)
{
    const node *d = law_node(x, n);
    bool isotropic = true;
    for (int k = 0; k < 9 && d->elem.rank; k++) {
        isotropic = isotropic && d->imm.value[k] == (d->elem.rank == 2 && k % 4 == 0 ? d->imm.value[0] : 0);
    }
    if (!isotropic) {
        law_break_rotations(x, r, n, "written by its components");
        law_break_reflections(x, r, n, "written by its components");
    }
}

void law_rule_param(law_cx *x, node_id n, law_info *r)
{
    const node *d = law_node(x, n);
    if (d->elem.rank) {
        law_break_rotations(x, r, n, "a trained vector does not turn with the structure");
        law_break_reflections(x, r, n, "a trained vector does not turn with the structure");
    }
    for (uint32_t k = 0; k < d->n_args; k++) {
        law_use_order(x, r, n, x->p->sets.at[law_node(x, d->arg[k])->elem.set].kind,
                      "a parameter for each place in the file");
    }
}

/* whatever its value: what a derivative by it must have as well (law_gradient) */
void law_rule_named(law_cx *x, node_id n, law_info *r)
{
    law_rule_same(x, n, r);
    if (law_node(x, n)->elem.rank) {
        law_break_rotations(x, r, n, "written by its components");
        law_break_reflections(x, r, n, "written by its components");
    }
}

/* Which host site a spot is depends on how the host is laid on the sample, when the host repeats within its
 * own cell: species alone are the same for all ways. */
void law_rule_spot_host(law_cx *x, node_id n, law_info *r)
{
    const char *why = "a host that repeats within its own cell can be laid on the sample in several ways";
    law_break(x, r, SYM_CELL, n, why);
    law_lose_images(x, r, n, why);
}

void law_rule_input(law_cx *x, node_id n, law_info *r)
{
    const node *d = law_node(x, n);
    const input *in = &x->p->inputs.at[d->imm.input];
    r->odd = in->pseudo;
    if (in->role == IN_SPECIES && d->n_args == 1 && law_node(x, d->arg[0])->op == OP_SPOT_HOST) {
        law_start(r);
        law_meet(r, law_of(x, law_node(x, d->arg[0])->arg[0]));
    }
    if (in->role == IN_POSITION || in->is_point) {
        uint32_t s = in->slot < LAW_SLOTS ? in->slot : 0;
        r->affine[s] = rational_new(1, 1);
        r->mod = x->p->slots.n > s && x->p->slots.at[s].axes ? s : SETIR_NONE;
        if (in->slot == SETIR_NONE) {
            law_break(x, r, SYM_TRANSLATE, n, "a position that belongs to no structure");
        }
    }
    for (uint32_t k = 0; k < in->n_domain; k++) {
        if (x->p->sets.at[in->domain[k]].kind == SET_AXIS) {
            law_break(x, r, SYM_CELL, n, "a number for each lattice vector of the file");
        }
    }
}

/* Does the body use its index variable for nothing but the species of that site? */
static bool species_only(law_cx *x, const def *d, ivar_id v)
{
    if (d->lib != LIB_NONE) { return false; }
    bool *reached = arena_array(x->a, bool, d->body + 1);
    reached[d->body] = true;
    for (node_id n = d->body + 1; n-- > 0;) {
        const node *e = law_node(x, n);
        if (!reached[n]) { continue; }
        if (e->op == OP_IVAR && e->imm.ivar == v) { return false; }
        bool species = e->op == OP_INPUT && x->p->inputs.at[e->imm.input].role == IN_SPECIES &&
                       law_node(x, e->arg[0])->op == OP_IVAR && law_node(x, e->arg[0])->imm.ivar == v;
        if ((e->op == OP_ACCESS || e->op == OP_PADGET) && x->p->defs.at[e->imm.def].nested) { return false; }
        for (uint32_t k = 0; k < e->n_args && !species; k++) { reached[e->arg[k]] = true; }
        for (uint32_t k = 0; k < (e->op == OP_IVAR ? 1 : e->imm.n_ivars); k++) {
            const ivar *w = &x->p->ivars.at[e->op == OP_IVAR ? e->imm.ivar : e->imm.ivars[k]];
            if (w->row != SETIR_NONE) { reached[w->row] = true; }
            if (w->to != SETIR_NONE) { reached[w->to] = true; }
        }
    }
    return true;
}

/* an index over lattice axes handed to a tensor whose value is linear in it */
static void rename_axes(law_cx *x, law_info *r, node_id n, const def *d)
{
    const node *access = law_node(x, n);
    for (uint32_t k = 0; k < r->n_axis; k++) {
        for (uint32_t j = 0; j < d->n_param && j < access->n_args; j++) {
            if (d->param[j] != r->axis[k].ivar) { continue; }
            const node *index = law_node(x, access->arg[j]);
            if (index->op != OP_IVAR) {
                law_break(x, r, SYM_CELL, n, "one lattice vector picked");
                return;
            }
            r->axis[k].ivar = index->imm.ivar;
            break;
        }
    }
    if (r->n_axis == 2 && r->axis[0].ivar == r->axis[1].ivar) {
        law_break(x, r, SYM_CELL, n, "both indices along the same lattice vector");
    }
}

void law_rule_access(law_cx *x, node_id n, law_info *r)
{
    const node *d = law_node(x, n);
    const def *made = &x->p->defs.at[d->imm.def];
    law_start(r);
    for (uint32_t k = 0; k < d->n_args; k++) {
        const node *index = law_node(x, d->arg[k]);
        bool species =
            index->op == OP_SPOT_HOST && k < made->n_param && species_only(x, made, made->param[k]);
        law_meet(r, law_of(x, species ? index->arg[0] : d->arg[k]));
    }
    const law_info *def_law = &x->r->used[d->imm.def];
    law_meet(r, def_law);
    law_carry(r, def_law);
    rename_axes(x, r, n, made);
}

/* beyond its size a padded table is zero, and zero does not move with the origin */
void law_rule_padget(law_cx *x, node_id n, law_info *r)
{
    law_rule_access(x, n, r);
    if (law_moves(r)) {
        law_break(x, r, SYM_TRANSLATE, n, "filled up with zeros, which do not move with the origin");
        law_still(r);
    }
}

/* Is `row`, to which a variable over the pairs of an atom is bound, the first end of the pair `other`, or bound
 * to it as well? */
static bool starts_row(law_cx *x, node_id row, node_id other)
{
    const node *o = law_node(x, other), *from = law_node(x, row);
    bool end = from->op == OP_PAIR_I && from->arg[0] == other;
    return end || (o->op == OP_IVAR && x->p->ivars.at[o->imm.ivar].row == row);
}

/* Two pairs of one atom, as the binders say it: coverings are one to one there. */
static bool one_row(law_cx *x, const node *same)
{
    for (int k = 0; k < 2; k++) {
        const node *a = law_node(x, same->arg[k]);
        node_id row = a->op == OP_IVAR ? x->p->ivars.at[a->imm.ivar].row : SETIR_NONE;
        if (row != SETIR_NONE && starts_row(x, row, same->arg[1 - k])) { return true; }
    }
    return false;
}

void law_rule_index_eq(law_cx *x, node_id n, law_info *r)
{
    set_kind kind = x->p->sets.at[law_node(x, law_node(x, n)->arg[0])->elem.set].kind;
    if (kind == SET_AXIS) {
        law_break(x, r, SYM_CELL, n, "lattice vectors compared");
    } else if (kind == SET_PAIRS && one_row(x, law_node(x, n))) {
        return;
    } else if (kind != SET_RANGE && kind != SET_SPECIES && kind != SET_RANK) {
        law_break(x, r, SYM_SUPERCELL, n, "an atom equals itself but not its copies in a larger cell");
    }
}

void law_rule_index_lt(law_cx *x, node_id n, law_info *r)
{
    law_use_order(x, r, n, x->p->sets.at[law_node(x, law_node(x, n)->arg[0])->elem.set].kind,
                  "compares places in the file");
}

/* ------------------------------------------------------------------------------------ geometry */

void law_rule_spot_r(law_cx *x, node_id n, law_info *r)
{
    uint32_t s = law_set_slot(x, law_node(x, law_node(x, n)->arg[0])->elem.set);
    if (s < LAW_SLOTS) {
        r->affine[s] = rational_new(1, 1);
        r->mod = x->p->slots.at[s].axes ? s : SETIR_NONE;
    }
}

static void lattice_vector(law_cx *x, node_id n, law_info *r, uint32_t which, axis_kind kind)
{
    const node *index = law_node(x, law_node(x, n)->arg[which]);
    bool fresh = index->op == OP_IVAR && r->n_axis < 2 && r->status[SYM_CELL].level == LAW_EXACT;
    for (uint32_t k = 0; k < r->n_axis; k++) { fresh = fresh && r->axis[k].ivar != index->imm.ivar; }
    if (fresh) {
        r->axis[r->n_axis++] = (axis_law){index->imm.ivar, kind};
    } else {
        for (int g = 0; g < SYM_COUNT; g++) { /* the vector is to blame, not the number that picks it */
            law_status *s = &r->status[g];
            if (index->op == OP_INDEX_CONST && s->culprit == law_node(x, n)->arg[which]) {
                s->culprit = n;
                s->at = law_node(x, n)->at;
            }
        }
        law_break(x, r, SYM_CELL, n, "one lattice vector picked: another choice of cell has another one");
    }
}

void law_rule_cell_vec(law_cx *x, node_id n, law_info *r)
{
    law_break(x, r, SYM_SUPERCELL, n, "lattice vectors are longer in a larger cell");
    lattice_vector(x, n, r, 0, AXIS_BASIS);
}

void law_rule_niggli(law_cx *x, node_id n, law_info *r)
{
    const char *why = "the reduced cell is not unique where its conditions tie";
    law_break(x, r, SYM_SUPERCELL, n, "the reduced cell is larger for a larger cell");
    law_break(x, r, SYM_CELL, n, "a cell of the other handedness is reduced to the opposite vectors");
    law_break_rotations(x, r, n, why);
    law_break_reflections(x, r, n, why);
}

void law_rule_volume(law_cx *x, node_id n, law_info *r)
{
    uint32_t s = law_node(x, n)->imm.slot;
    if (s < LAW_SLOTS) { r->size[s] = rational_new(1, 1); }
}

void law_rule_frac(law_cx *x, node_id n, law_info *r)
{
    const node *d = law_node(x, n);
    const law_info *v = law_arg(x, n, 0);
    law_carry(r, v);
    law_still(r);
    r->mod = SETIR_NONE;
    if (law_moves(v)) {
        law_break(x, r, SYM_TRANSLATE, n, "the fractional coordinate of a position depends on the origin");
    }
    if (v->mod != SETIR_NONE) {
        r->period = 1;
        if (v->mod != d->imm.slot) { law_lose_images(x, r, n, "the lattice is another structure's"); }
    }
    law_break(x, r, SYM_SUPERCELL, n, "measured in lattice vectors, which are longer in a larger cell");
    lattice_vector(x, n, r, 1, AXIS_FRACTION);
}

void law_rule_phase(law_cx *x, node_id n, law_info *r)
{
    const node *d = law_node(x, n);
    const law_info *v = law_arg(x, n, 1);
    r->odd = v->odd;
    memcpy(r->mirror, v->mirror, sizeof r->mirror);
    memcpy(r->size, v->size, sizeof r->size);
    r->sign = v->sign;
    if (law_moves(v)) { law_break(x, r, SYM_TRANSLATE, n, "the phase of a position depends on the origin"); }
    if (v->n_axis) { law_add_axes(x, r, n, v, law_arg(x, n, 0)); }
    if (v->mod != SETIR_NONE) {
        r->period = 2 * PI;
        if (v->mod != law_set_slot(x, law_node(x, d->arg[0])->elem.set)) {
            law_lose_images(x, r, n, "the reciprocal lattice is another structure's");
        }
    }
}

/* The vector of given numbers is the same wherever it comes from; another basis, another image or a turn may
 * find another of two equally near ones, and in crystals there often are two. */
void law_rule_nearest(law_cx *x, node_id n, law_info *r)
{
    const law_info *v = law_arg(x, n, 0);
    r->odd = v->odd;
    r->sign = v->sign;
    memcpy(r->mirror, v->mirror, sizeof r->mirror);
    if (law_moves(v)) {
        law_break(x, r, SYM_TRANSLATE, n, "the nearest image to the origin depends on the origin");
    }
    if (v->mod != SETIR_NONE && v->mod != law_node(x, n)->imm.slot) {
        law_lose_images(x, r, n, "the lattice is another structure's");
    }
    law_break(x, r, SYM_SUPERCELL, n, "a larger cell has fewer images");
    if (v->n_axis) { law_break(x, r, SYM_CELL, n, "the nearest image of a multiple"); }
    bool loose = law_places_spots(x->p);
    for (int g = 0; g < SYM_COUNT; g++) {
        if (g != SYM_SUPERCELL && (loose || (g != SYM_PERMUTE && g != SYM_TRANSLATE))) {
            law_break(x, r, (symmetry)g, n,
                      "where two images are equally near, which one is taken is not defined");
        }
    }
}

void law_rule_count(law_cx *x, node_id n, law_info *r)
{
    const node *d = law_node(x, n);
    law_meet(r, &x->sets[d->imm.set]);
    set_kind kind = x->p->sets.at[d->imm.set].kind;
    uint32_t s =
        kind == SET_BASE || kind == SET_PAIRS || kind == SET_DIFFER ? law_set_slot(x, d->imm.set) : LAW_SLOTS;
    if (d->n_args == 0 && s < LAW_SLOTS) { r->size[s] = rational_new(1, 1); }
    if (kind == SET_RECIP) { law_break(x, r, SYM_SUPERCELL, n, law_more_waves); }
}

void law_rule_lookup(law_cx *x, node_id n, law_info *r)
{
    const node *d = law_node(x, n);
    const input *in = &x->p->inputs.at[d->imm.input];
    const law_info *other = law_arg(x, n, 1);
    law_info field;
    law_start(&field);
    field.odd = in->pseudo;
    if (in->role == IN_POSITION || in->is_point) {
        law_break(x, r, SYM_TRANSLATE, n, "a position where there may be none");
        law_lose_images(x, r, n, "a position where there may be none");
    }
    if (in->elem.kind != ELEM_REAL || law_is_zero(x, d->arg[1])) {
        law_carry(r, &field);
        return;
    }
    law_unify_laws(x, n, r, &field, other, "replacing");
    law_use_vector(x, r, n, d->arg[1], "a replacement");
    r->mod = SETIR_NONE;
}
