/* SPDX-License-Identifier: Apache-2.0
 *
 * law_rules.c: one rule per operation: from the laws of its arguments to the law of its value. On entry *r is invariant
 * and has the meet of the arguments' statuses; a rule fills in how the value transforms and breaks what is lost. Each
 * rule is a lemma (docs/soundness.md) with a property test (tests/law/test_rules.c). Where a rule is not sure, it breaks.
 * The file is long because the rules and the table that names them stay together.
 */
#include "law_internal.h"

#include <math.h>
#include <string.h>

#define PI 3.14159265358979323846
#define RULE static void

static const node *node_at(law_cx *x, node_id n)
{
    return &x->p->nodes.at[n];
}

static const law_info *arg_law(law_cx *x, node_id n, uint32_t k)
{
    return law_of(x, node_at(x, n)->arg[k]);
}

static bool same_rational(rational a, rational b)
{
    return a.num == b.num && a.den == b.den;
}

static bool has_size(const law_info *a)
{
    for (int s = 0; s < LAW_SLOTS; s++) {
        if (a->size[s].num) {
            return true;
        }
    }
    return false;
}

static bool same_size(const law_info *a, const law_info *b)
{
    for (int s = 0; s < LAW_SLOTS; s++) {
        if (!same_rational(a->size[s], b->size[s])) {
            return false;
        }
    }
    return true;
}

static bool moves_with_origin(const law_info *a)
{
    for (int s = 0; s < LAW_SLOTS; s++) {
        if (a->affine[s].num) {
            return true;
        }
    }
    return false;
}

static void still(law_info *a)
{
    for (int s = 0; s < LAW_SLOTS; s++) {
        a->affine[s] = (rational){0, 1};
    }
}

/* the way a value transforms, without its statuses */
static void carry(law_info *r, const law_info *a)
{
    law_status keep[SYM_COUNT];
    memcpy(keep, r->status, sizeof keep);
    *r = *a;
    memcpy(r->status, keep, sizeof keep);
}

/* What depends on which image, period or sign is taken. */
static void lose_images(law_cx *x, law_info *r, node_id n, const char *why)
{
    law_break(x, r, SYM_WRAP, n, why);
    law_break(x, r, SYM_SUPERCELL, n, why);
    if (law_places_spots(x->p)) {
        law_break(x, r, SYM_PERMUTE, n, why);
        law_break(x, r, SYM_TRANSLATE, n, why);
        law_break(x, r, SYM_CELL, n, why);
    }
}

/* What depends on the order in which elements are stored. Atoms stand in the order of the file; pairs, spots and
 * reciprocal vectors in one that comes from the lattice vectors and the images. */
static void use_order(law_cx *x, law_info *r, node_id n, set_kind kind, const char *why)
{
    switch (kind) {
    case SET_BASE:
        law_break(x, r, SYM_PERMUTE, n, why);
        law_break(x, r, SYM_SUPERCELL, n, why);
        break;
    case SET_PAIRS: case SET_DIFFER: case SET_RECIP:
        for (int g = 0; g < SYM_COUNT; g++) {
            law_break(x, r, (symmetry)g, n, why);
        }
        break;
    case SET_AXIS:
        law_break(x, r, SYM_CELL, n, why);
        break;
    case SET_RANGE: case SET_SPECIES: case SET_RANK:
        break;
    }
}

/* A use of a vector that must be an ordinary one: positions break translate, differences of periodic positions are an
 * error wherever they are not made unambiguous (frac, phase, nearest). */
static void use_vector(law_cx *x, law_info *r, node_id n, node_id v, const char *use)
{
    const law_info *a = law_of(x, v);
    if (moves_with_origin(a)) {
        law_break(x, r, SYM_TRANSLATE, n, law_say(x, "%s of a position depends on the origin", use));
    }
    if (a->mod == SETIR_NONE) {
        return;
    }
    if (moves_with_origin(a)) {
        lose_images(x, r, n, law_say(x, "%s of a position depends on which image is taken", use));
        return;
    }
    const slot *s = &x->p->slots.at[a->mod];
    span at = x->p->nodes.at[v].at;
    diag *d = diag_report(x->sink, D_PERIODIC_DIFFERENCE, at);
    diag_label_primary(x->sink, d, "%s repeats: this difference is defined only up to a lattice vector", s->type);
    diag_note(x->sink, d, "Each atom has many images of its neighbour: sum over them, or say which one is meant.");
    diag_help(x->sink, d, "set bond = pairs(%s.%s) within 5 Å      then  norm(b.d)", s->id,
              s->base == SETIR_NONE ? "atom" : x->p->sets.at[s->base].id);
    diag_help(x->sink, d, "nearest(%s.r[i], %s.r[j], %s.%s)      the closest image only: jumps when another one becomes closest",
              s->id, s->id, s->id, s->cell_name ? s->cell_name : "cell");
    lose_images(x, r, n, "a difference of periodic positions");
}

/* A scalar function that knows no more than the value of its argument. */
static void use_number(law_cx *x, law_info *r, node_id n, const law_info *a, const char *use)
{
    if (a->period != 0 || a->sign) {
        lose_images(x, r, n, law_say(x, "%s of a number that is defined only %s", use,
                                     a->period != 0 ? "up to whole periods" : "up to its sign"));
    }
    if (a->n_axis) {
        law_break(x, r, SYM_CELL, n, law_say(x, "%s of a component along a lattice vector", use));
    }
    if (has_size(a)) {
        law_break(x, r, SYM_SUPERCELL, n, law_say(x, "%s of a quantity that grows with the cell", use));
    }
}

static void need_even(law_cx *x, law_info *r, node_id n, const law_info *a, const char *use)
{
    bool any = a->odd;
    for (int k = 0; k < 3; k++) {
        if (law_sign(a, k)) {
            law_break(x, r, (symmetry)(SYM_REFLECT_X + k), n, law_say(x, "%s of a number that changes sign in this mirror", use));
            any = true;
        }
    }
    if (any) {
        law_break(x, r, SYM_REFLECT, n, law_say(x, "%s of a number that changes sign in a mirror", use));
    }
}

static void add_axes(law_cx *x, law_info *r, node_id n, const law_info *a, const law_info *b)
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
                if (all[j].ivar != one.ivar) {
                    continue;
                }
                if (f == 1 && all[j].kind != AXIS_PAIRED && one.kind != AXIS_PAIRED && all[j].kind != one.kind) {
                    all[j].kind = AXIS_PAIRED;
                    merged = true;
                } else {
                    law_break(x, r, SYM_CELL, n, "a product of two components along the same lattice vector");
                    return;
                }
            }
            if (!merged) {
                all[count++] = one;
            }
        }
    }
    if (count > 2 || r->status[SYM_CELL].level == LAW_BROKEN) {
        if (count > 2) {
            law_break(x, r, SYM_CELL, n, "a product along several lattice vectors");
        }
        return;
    }
    memcpy(r->axis, all, sizeof(axis_law) * count);
    r->n_axis = count;
}

/* sizes and signs of a product (or quotient) */
static void product(law_cx *x, law_info *r, node_id n, const law_info *a, const law_info *b, bool divide)
{
    for (int s = 0; s < LAW_SLOTS; s++) {
        rational other = b->size[s];
        if (divide) {
            other.num = -other.num;
        }
        r->size[s] = rational_add(a->size[s], other);
    }
    r->odd = a->odd != b->odd;
    for (int k = 0; k < 3; k++) {
        r->mirror[k] = a->mirror[k] != b->mirror[k];
    }
    r->sign = a->sign || b->sign;
    add_axes(x, r, n, a, b);
    if (divide && b->n_axis) {
        law_break(x, r, SYM_CELL, n, "division by a component along a lattice vector");
    }
}

/* ------------------------------------------------------------------------------------------------ leaves */

RULE rule_plain(law_cx *x, node_id n, law_info *r)
{
    (void)x, (void)n, (void)r;
}

RULE rule_ivar(law_cx *x, node_id n, law_info *r)
{
    const ivar *v = &x->p->ivars.at[node_at(x, n)->imm.ivar];
    law_meet(r, &x->sets[v->set]);
    if (v->row != SETIR_NONE) {
        law_meet(r, law_of(x, v->row));
    }
    if (v->to != SETIR_NONE) {
        law_meet(r, law_of(x, v->to));
        law_break(x, r, SYM_SUPERCELL, n, "the images between two atoms are shared out among their copies");
    }
    if (v->partner != SETIR_NONE && v->row == SETIR_NONE && x->p->sets.at[v->set].kind != SET_RANGE &&
        x->p->sets.at[v->set].kind != SET_SPECIES) {
        law_break(x, r, SYM_SUPERCELL, n, "two copies of one element are distinct in a larger cell");
    }
}

RULE rule_index_const(law_cx *x, node_id n, law_info *r)
{
    set_id id = node_at(x, n)->imm.set;
    set_kind kind = x->p->sets.at[id].kind;
    law_meet(r, &x->sets[id]);
    use_order(x, r, n, kind, kind == SET_AXIS ? "one lattice vector picked: another choice of cell has another one"
                                              : "one element picked by its place in the file");
}

/* A number is the same for every structure; a vector or tensor written as numbers does not turn with it, unless it is
 * zero or a multiple of the unit tensor. */
RULE rule_const(law_cx *x, node_id n, law_info *r)
{
    const node *d = node_at(x, n);
    bool isotropic = true;
    for (int k = 0; k < 9 && d->elem.rank; k++) {
        isotropic = isotropic && d->imm.value[k] == (d->elem.rank == 2 && k % 4 == 0 ? d->imm.value[0] : 0);
    }
    if (!isotropic) {
        law_break_rotations(x, r, n, "written by its components");
        law_break_reflections(x, r, n, "written by its components");
    }
}

RULE rule_param(law_cx *x, node_id n, law_info *r)
{
    const node *d = node_at(x, n);
    if (d->elem.rank) {
        law_break_rotations(x, r, n, "a trained vector does not turn with the structure");
        law_break_reflections(x, r, n, "a trained vector does not turn with the structure");
    }
    for (uint32_t k = 0; k < d->n_args; k++) {
        use_order(x, r, n, x->p->sets.at[node_at(x, d->arg[k])->elem.set].kind, "a parameter for each place in the file");
    }
}

/* Which host site a spot is depends on how the host is laid on the sample, when the host repeats within its own cell:
 * species alone are the same for all ways. */
RULE rule_spot_host(law_cx *x, node_id n, law_info *r)
{
    const char *why = "a host that repeats within its own cell can be laid on the sample in several ways";
    law_break(x, r, SYM_CELL, n, why);
    lose_images(x, r, n, why);
}

RULE rule_input(law_cx *x, node_id n, law_info *r)
{
    const node *d = node_at(x, n);
    const input *in = &x->p->inputs.at[d->imm.input];
    r->odd = in->pseudo;
    if (in->role == IN_SPECIES && d->n_args == 1 && node_at(x, d->arg[0])->op == OP_SPOT_HOST) {
        law_start(r);
        law_meet(r, law_of(x, node_at(x, d->arg[0])->arg[0]));
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
    if (d->lib != LIB_NONE) {
        return false;
    }
    bool *reached = arena_array(x->a, bool, d->body + 1);
    reached[d->body] = true;
    for (node_id n = d->body + 1; n-- > 0;) {
        const node *e = node_at(x, n);
        if (!reached[n]) {
            continue;
        }
        if (e->op == OP_IVAR && e->imm.ivar == v) {
            return false;
        }
        bool species = e->op == OP_INPUT && x->p->inputs.at[e->imm.input].role == IN_SPECIES &&
                       node_at(x, e->arg[0])->op == OP_IVAR && node_at(x, e->arg[0])->imm.ivar == v;
        if ((e->op == OP_ACCESS || e->op == OP_PADGET) && x->p->defs.at[e->imm.def].nested) {
            return false;
        }
        for (uint32_t k = 0; k < e->n_args && !species; k++) {
            reached[e->arg[k]] = true;
        }
        for (uint32_t k = 0; k < (e->op == OP_IVAR ? 1 : e->imm.n_ivars); k++) {
            const ivar *w = &x->p->ivars.at[e->op == OP_IVAR ? e->imm.ivar : e->imm.ivars[k]];
            if (w->row != SETIR_NONE) {
                reached[w->row] = true;
            }
            if (w->to != SETIR_NONE) {
                reached[w->to] = true;
            }
        }
    }
    return true;
}

/* an index over lattice axes handed to a tensor whose value is linear in it */
static void rename_axes(law_cx *x, law_info *r, node_id n, const def *d)
{
    const node *access = node_at(x, n);
    for (uint32_t k = 0; k < r->n_axis; k++) {
        for (uint32_t j = 0; j < d->n_param && j < access->n_args; j++) {
            if (d->param[j] != r->axis[k].ivar) {
                continue;
            }
            const node *index = node_at(x, access->arg[j]);
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

RULE rule_access(law_cx *x, node_id n, law_info *r)
{
    const node *d = node_at(x, n);
    const def *made = &x->p->defs.at[d->imm.def];
    law_start(r);
    for (uint32_t k = 0; k < d->n_args; k++) {
        const node *index = node_at(x, d->arg[k]);
        bool species = index->op == OP_SPOT_HOST && k < made->n_param && species_only(x, made, made->param[k]);
        law_meet(r, law_of(x, species ? index->arg[0] : d->arg[k]));
    }
    const law_info *def_law = &x->r->def[d->imm.def];
    law_meet(r, def_law);
    carry(r, def_law);
    rename_axes(x, r, n, made);
}

/* beyond its size a padded table is zero, and zero does not move with the origin */
RULE rule_padget(law_cx *x, node_id n, law_info *r)
{
    rule_access(x, n, r);
    if (moves_with_origin(r)) {
        law_break(x, r, SYM_TRANSLATE, n, "filled up with zeros, which do not move with the origin");
        still(r);
    }
}

RULE rule_index_eq(law_cx *x, node_id n, law_info *r)
{
    set_kind kind = x->p->sets.at[node_at(x, node_at(x, n)->arg[0])->elem.set].kind;
    if (kind == SET_AXIS) {
        law_break(x, r, SYM_CELL, n, "lattice vectors compared");
    } else if (kind != SET_RANGE && kind != SET_SPECIES && kind != SET_RANK) {
        law_break(x, r, SYM_SUPERCELL, n, "an atom equals itself but not its copies in a larger cell");
    }
}

RULE rule_index_lt(law_cx *x, node_id n, law_info *r)
{
    use_order(x, r, n, x->p->sets.at[node_at(x, node_at(x, n)->arg[0])->elem.set].kind, "compares places in the file");
}

/* ---------------------------------------------------------------------------------------------- geometry */

static uint32_t set_slot(law_cx *x, set_id s)
{
    const set *d = &x->p->sets.at[s];
    return d->kind == SET_PAIRS ? set_slot(x, d->parent) : d->kind == SET_DIFFER ? x->p->sets.at[d->sample].slot : d->slot;
}

RULE rule_spot_r(law_cx *x, node_id n, law_info *r)
{
    uint32_t s = set_slot(x, node_at(x, node_at(x, n)->arg[0])->elem.set);
    if (s < LAW_SLOTS) {
        r->affine[s] = rational_new(1, 1);
        r->mod = x->p->slots.at[s].axes ? s : SETIR_NONE;
    }
}

static void lattice_vector(law_cx *x, node_id n, law_info *r, uint32_t which, axis_kind kind)
{
    const node *index = node_at(x, node_at(x, n)->arg[which]);
    bool fresh = index->op == OP_IVAR && r->n_axis < 2 && r->status[SYM_CELL].level == LAW_EXACT;
    for (uint32_t k = 0; k < r->n_axis; k++) {
        fresh = fresh && r->axis[k].ivar != index->imm.ivar;
    }
    if (fresh) {
        r->axis[r->n_axis++] = (axis_law){index->imm.ivar, kind};
    } else {
        law_break(x, r, SYM_CELL, n, "one lattice vector picked: another choice of cell has another one");
    }
}

RULE rule_cell_vec(law_cx *x, node_id n, law_info *r)
{
    law_break(x, r, SYM_SUPERCELL, n, "lattice vectors are longer in a larger cell");
    lattice_vector(x, n, r, 0, AXIS_BASIS);
}

RULE rule_niggli(law_cx *x, node_id n, law_info *r)
{
    const char *why = "the reduced cell is not unique where its conditions tie";
    law_break(x, r, SYM_SUPERCELL, n, "the reduced cell is larger for a larger cell");
    law_break(x, r, SYM_CELL, n, "a cell of the other handedness is reduced to the opposite vectors");
    for (int g = SYM_ROTATE; g <= SYM_REFLECT_Z; g++) {
        law_lower(x, r, (symmetry)g, LAW_ALMOST, n, why);
    }
}

RULE rule_volume(law_cx *x, node_id n, law_info *r)
{
    uint32_t s = node_at(x, n)->imm.slot;
    if (s < LAW_SLOTS) {
        r->size[s] = rational_new(1, 1);
    }
}

RULE rule_frac(law_cx *x, node_id n, law_info *r)
{
    const node *d = node_at(x, n);
    const law_info *v = arg_law(x, n, 0);
    carry(r, v);
    still(r);
    r->mod = SETIR_NONE;
    if (moves_with_origin(v)) {
        law_break(x, r, SYM_TRANSLATE, n, "the fractional coordinate of a position depends on the origin");
    }
    if (v->mod != SETIR_NONE) {
        r->period = 1;
        if (v->mod != d->imm.slot) {
            lose_images(x, r, n, "the lattice is another structure's");
        }
    }
    law_break(x, r, SYM_SUPERCELL, n, "measured in lattice vectors, which are longer in a larger cell");
    lattice_vector(x, n, r, 1, AXIS_FRACTION);
}

RULE rule_phase(law_cx *x, node_id n, law_info *r)
{
    const node *d = node_at(x, n);
    const law_info *v = arg_law(x, n, 1);
    r->odd = v->odd;
    memcpy(r->mirror, v->mirror, sizeof r->mirror);
    memcpy(r->size, v->size, sizeof r->size);
    r->sign = v->sign;
    if (moves_with_origin(v)) {
        law_break(x, r, SYM_TRANSLATE, n, "the phase of a position depends on the origin");
    }
    if (v->n_axis) {
        add_axes(x, r, n, v, arg_law(x, n, 0));
    }
    if (v->mod != SETIR_NONE) {
        r->period = 2 * PI;
        if (v->mod != set_slot(x, node_at(x, d->arg[0])->elem.set)) {
            lose_images(x, r, n, "the reciprocal lattice is another structure's");
        }
    }
}

/* The vector of given numbers is the same wherever it comes from; another basis, another image or a turn may find another of
 * two equally near ones. */
RULE rule_nearest(law_cx *x, node_id n, law_info *r)
{
    const law_info *v = arg_law(x, n, 0);
    r->odd = v->odd;
    r->sign = v->sign;
    memcpy(r->mirror, v->mirror, sizeof r->mirror);
    if (moves_with_origin(v)) {
        law_break(x, r, SYM_TRANSLATE, n, "the nearest image to the origin depends on the origin");
    }
    if (v->mod != SETIR_NONE && v->mod != node_at(x, n)->imm.slot) {
        lose_images(x, r, n, "the lattice is another structure's");
    }
    law_break(x, r, SYM_SUPERCELL, n, "a larger cell has fewer images");
    if (v->n_axis) {
        law_break(x, r, SYM_CELL, n, "the nearest image of a multiple");
    }
    bool loose = law_places_spots(x->p);
    for (int g = 0; g < SYM_COUNT; g++) {
        if (g != SYM_SUPERCELL && (loose || (g != SYM_PERMUTE && g != SYM_TRANSLATE))) {
            law_lower(x, r, (symmetry)g, LAW_ALMOST, n, "where two images are equally near, which one is taken is not defined");
        }
    }
}

RULE rule_count(law_cx *x, node_id n, law_info *r)
{
    const node *d = node_at(x, n);
    law_meet(r, &x->sets[d->imm.set]);
    set_kind kind = x->p->sets.at[d->imm.set].kind;
    uint32_t s = kind == SET_BASE || kind == SET_PAIRS || kind == SET_DIFFER ? set_slot(x, d->imm.set) : LAW_SLOTS;
    if (d->n_args == 0 && s < LAW_SLOTS) {
        r->size[s] = rational_new(1, 1);
    }
}

/* -------------------------------------------------------------------------------------- linear arithmetic */

RULE rule_same(law_cx *x, node_id n, law_info *r)
{
    carry(r, arg_law(x, n, 0));
}

/* Two values that become one (sum, choice): they must transform alike. */
static void unify_laws(law_cx *x, node_id n, law_info *r, const law_info *a, const law_info *b, const char *use)
{
    carry(r, a);
    if (!same_size(a, b)) {
        law_break(x, r, SYM_SUPERCELL, n, law_say(x, "%s a quantity that grows with the cell and one that does not", use));
    }
    for (int k = 0; k < 3; k++) {
        if (law_sign(a, k) != law_sign(b, k)) {
            law_break(x, r, (symmetry)(SYM_REFLECT_X + k), n, law_say(x, "%s a value that changes sign in this mirror and one that does not", use));
        }
    }
    if (a->odd != b->odd) {
        law_break(x, r, SYM_REFLECT, n, law_say(x, "%s a value that changes sign in a mirror and one that does not", use));
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
        law_break(x, r, SYM_CELL, n, law_say(x, "%s values that depend differently on the lattice vectors", use));
    }
    if (a->period != 0 && b->period != 0 && a->period != b->period) {
        lose_images(x, r, n, law_say(x, "%s numbers of different periods", use));
    }
    r->period = a->period != 0 ? a->period : b->period;
    if (a->mod != SETIR_NONE && b->mod != SETIR_NONE && a->mod != b->mod) {
        lose_images(x, r, n, law_say(x, "%s positions of two lattices", use));
    }
    r->mod = a->mod != SETIR_NONE ? a->mod : b->mod;
    r->sign = a->sign || b->sign;
}

/* zero transforms in every way */
static void unify(law_cx *x, node_id n, law_info *r, node_id left, node_id right, const char *use)
{
    if (law_is_zero(x, left) || law_is_zero(x, right)) {
        carry(r, law_of(x, law_is_zero(x, left) ? right : left));
    } else {
        unify_laws(x, n, r, law_of(x, left), law_of(x, right), use);
    }
}

RULE rule_lookup(law_cx *x, node_id n, law_info *r)
{
    const node *d = node_at(x, n);
    const input *in = &x->p->inputs.at[d->imm.input];
    const law_info *other = arg_law(x, n, 1);
    law_info field;
    law_start(&field);
    field.odd = in->pseudo;
    if (in->role == IN_POSITION || in->is_point) {
        law_break(x, r, SYM_TRANSLATE, n, "a position where there may be none");
        lose_images(x, r, n, "a position where there may be none");
    }
    if (in->elem.kind != ELEM_REAL || law_is_zero(x, d->arg[1])) {
        carry(r, &field);
        return;
    }
    unify_laws(x, n, r, &field, other, "replacing");
    use_vector(x, r, n, d->arg[1], "a replacement");
    r->mod = SETIR_NONE;
}

RULE rule_add(law_cx *x, node_id n, law_info *r)
{
    const node *d = node_at(x, n);
    unify(x, n, r, d->arg[0], d->arg[1], d->op == OP_ADD ? "adding" : "subtracting");
    const law_info *a = arg_law(x, n, 0), *b = arg_law(x, n, 1);
    for (int s = 0; s < LAW_SLOTS; s++) {
        rational other = b->affine[s];
        if (d->op == OP_SUB) {
            other.num = -other.num;
        }
        r->affine[s] = rational_add(a->affine[s], other);
    }
    if (a->sign || b->sign) {
        lose_images(x, r, n, "a sum with a number that is defined only up to its sign");
        r->sign = false;
    }
}

RULE rule_neg(law_cx *x, node_id n, law_info *r)
{
    carry(r, arg_law(x, n, 0));
    for (int s = 0; s < LAW_SLOTS; s++) {
        r->affine[s].num = -r->affine[s].num;
    }
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
    carry(r, v);
    rational f;
    if (moves_with_origin(v)) {
        if (fraction(c, &f)) {
            for (int s = 0; s < LAW_SLOTS; s++) {
                r->affine[s] = rational_mul(v->affine[s], f);
            }
        } else {
            law_break(x, r, SYM_TRANSLATE, n, "a position times a number that is no simple fraction");
        }
    }
    if (v->mod != SETIR_NONE && c != nearbyint(c)) {
        lose_images(x, r, n, "a fraction of a position depends on which image is taken");
        r->mod = SETIR_NONE;
    }
    r->period = fabs(v->period * c);
}

RULE rule_mul(law_cx *x, node_id n, law_info *r)
{
    const node *d = node_at(x, n);
    const law_info *s = arg_law(x, n, 0), *v = arg_law(x, n, 1);
    double c;
    if (law_constant(x, d->arg[0], &c)) {
        scale_by_constant(x, n, r, v, c);
        return;
    }
    if (law_constant(x, d->arg[1], &c) && !d->elem.rank) {
        scale_by_constant(x, n, r, s, c);
        return;
    }
    product(x, r, n, s, v, false);
    if (d->arg[0] == d->arg[1]) {
        r->sign = false;
    }
    if (s->period != 0 || v->period != 0) {
        lose_images(x, r, n, "a product with a number that is defined only up to whole periods");
    }
    if (d->elem.rank) {
        use_vector(x, r, n, d->arg[1], "a multiple");
    }
}

RULE rule_div(law_cx *x, node_id n, law_info *r)
{
    const node *d = node_at(x, n);
    const law_info *v = arg_law(x, n, 0), *s = arg_law(x, n, 1);
    double c;
    if (law_constant(x, d->arg[1], &c) && c != 0) {
        scale_by_constant(x, n, r, v, 1 / c);
        return;
    }
    product(x, r, n, v, s, true);
    if (s->period != 0 || v->period != 0) {
        lose_images(x, r, n, "a quotient with a number that is defined only up to whole periods");
    }
    if (d->elem.rank) {
        use_vector(x, r, n, d->arg[0], "a multiple");
    }
}

/* -------------------------------------------------------------------------------------- functions of scalars */

RULE rule_pow(law_cx *x, node_id n, law_info *r)
{
    const law_info *a = arg_law(x, n, 0);
    double p = node_at(x, n)->imm.value[0];
    bool whole = p == nearbyint(p) && fabs(p) < 1e9, even = whole && fmod(p, 2) == 0;
    if (p == 1) {
        carry(r, a);
        return;
    }
    rational f;
    for (int s = 0; s < LAW_SLOTS; s++) {
        if (!a->size[s].num) {
            continue;
        }
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
        need_even(x, r, n, a, "this power");
    }
    if (a->period != 0 || (a->sign && !whole)) {
        lose_images(x, r, n, "a power of a number that is not defined uniquely");
    }
    if (a->n_axis) {
        law_break(x, r, SYM_CELL, n, "a power of a component along a lattice vector");
    }
}

static bool multiple(double a, double of)
{
    double q = a / of;
    return fabs(q) < 1e6 && fabs(q - nearbyint(q)) < 1e-12 * (1 + fabs(q)) && nearbyint(q) != 0;
}

/* f(-x) = -f(x) */
static void odd_function(law_cx *x, node_id n, law_info *r, const char *use)
{
    const law_info *a = arg_law(x, n, 0);
    law_info plain = *a;
    plain.sign = false;
    use_number(x, r, n, &plain, use);
    r->odd = a->odd;
    memcpy(r->mirror, a->mirror, sizeof r->mirror);
    r->sign = a->sign;
}

/* f(-x) = f(x) */
static void even_function(law_cx *x, node_id n, law_info *r, const char *use)
{
    law_info plain = *arg_law(x, n, 0);
    plain.sign = false;
    use_number(x, r, n, &plain, use);
}

RULE rule_sin(law_cx *x, node_id n, law_info *r)
{
    law_info a = *arg_law(x, n, 0);
    bool half = a.period != 0 && !multiple(a.period, 2 * PI) && multiple(a.period, PI);
    bool keep = a.period != 0 && (half || multiple(a.period, 2 * PI));
    node_op op = node_at(x, n)->op;
    if (keep) {
        a.period = 0;
    }
    law_info plain = a;
    plain.sign = false;
    use_number(x, r, n, &plain, op_table[op].text);
    if (op == OP_SIN) {
        r->odd = a.odd;
        memcpy(r->mirror, a.mirror, sizeof r->mirror);
        r->sign = a.sign || half;
    } else {
        r->sign = half;
    }
}

RULE rule_tan(law_cx *x, node_id n, law_info *r)
{
    law_info a = *arg_law(x, n, 0);
    if (a.period != 0 && multiple(a.period, PI)) {
        a.period = 0;
    }
    law_info plain = a;
    plain.sign = false;
    use_number(x, r, n, &plain, "tan");
    r->odd = a.odd;
    memcpy(r->mirror, a.mirror, sizeof r->mirror);
    r->sign = a.sign;
}

RULE rule_odd(law_cx *x, node_id n, law_info *r)
{
    odd_function(x, n, r, op_table[node_at(x, n)->op].text);
}

RULE rule_even(law_cx *x, node_id n, law_info *r)
{
    even_function(x, n, r, op_table[node_at(x, n)->op].text);
}

RULE rule_any(law_cx *x, node_id n, law_info *r)
{
    const node *d = node_at(x, n);
    for (uint32_t k = 0; k < d->n_args; k++) {
        use_number(x, r, n, arg_law(x, n, k), op_table[d->op].text);
        need_even(x, r, n, arg_law(x, n, k), op_table[d->op].text);
    }
}

RULE rule_abs(law_cx *x, node_id n, law_info *r)
{
    const law_info *a = arg_law(x, n, 0);
    memcpy(r->size, a->size, sizeof r->size);
    law_info plain = *a;
    plain.sign = false;
    for (int s = 0; s < LAW_SLOTS; s++) {
        plain.size[s].num = 0;
    }
    use_number(x, r, n, &plain, "abs");
}

RULE rule_signum(law_cx *x, node_id n, law_info *r)
{
    const law_info *a = arg_law(x, n, 0);
    law_info plain = *a;
    plain.sign = false;
    for (int s = 0; s < LAW_SLOTS; s++) {
        plain.size[s].num = 0;
    }
    use_number(x, r, n, &plain, "sign");
    r->odd = a->odd;
    memcpy(r->mirror, a->mirror, sizeof r->mirror);
    r->sign = a->sign;
}

/* min, max, comparisons: both of one size, neither with a sign */
static void compare(law_cx *x, node_id n, law_info *r, const char *use)
{
    const law_info *a = arg_law(x, n, 0), *b = arg_law(x, n, 1);
    bool zero = law_is_zero(x, node_at(x, n)->arg[0]) || law_is_zero(x, node_at(x, n)->arg[1]);
    if (!zero && !same_size(a, b)) {
        law_break(x, r, SYM_SUPERCELL, n, law_say(x, "%s a quantity that grows with the cell with one that does not", use));
    }
    for (int k = 0; k < 2; k++) {
        law_info plain = *(k ? b : a);
        for (int s = 0; s < LAW_SLOTS; s++) {
            plain.size[s].num = 0;
        }
        use_number(x, r, n, &plain, use);
        need_even(x, r, n, &plain, use);
    }
}

RULE rule_compare(law_cx *x, node_id n, law_info *r)
{
    compare(x, n, r, "comparing");
}

RULE rule_minmax(law_cx *x, node_id n, law_info *r)
{
    compare(x, n, r, op_table[node_at(x, n)->op].text);
    memcpy(r->size, arg_law(x, n, law_is_zero(x, node_at(x, n)->arg[0]) ? 1 : 0)->size, sizeof r->size);
}

/* atan2(k y, k x) = atan2(y, x) for k > 0; odd in y */
RULE rule_atan2(law_cx *x, node_id n, law_info *r)
{
    const law_info *a = arg_law(x, n, 0), *b = arg_law(x, n, 1);
    if (!same_size(a, b)) {
        law_break(x, r, SYM_SUPERCELL, n, "an angle from quantities of different size");
    }
    for (int k = 0; k < 2; k++) {
        law_info plain = *(k ? b : a);
        for (int s = 0; s < LAW_SLOTS; s++) {
            plain.size[s].num = 0;
        }
        use_number(x, r, n, &plain, "atan2");
    }
    need_even(x, r, n, b, "atan2");
    need_even(x, r, n, a, "atan2");
}

/* ------------------------------------------------------------------------------------------ vectors, tensors */

RULE rule_bilinear(law_cx *x, node_id n, law_info *r)
{
    const node *d = node_at(x, n);
    const law_info *a = arg_law(x, n, 0), *b = arg_law(x, n, 1);
    product(x, r, n, a, b, false);
    if (d->op == OP_CROSS) {
        r->odd = !r->odd;
    }
    const char *use = d->op == OP_DOT ? "a product" : op_table[d->op].text;
    use_vector(x, r, n, d->arg[0], use);
    if (d->arg[1] != d->arg[0]) {
        use_vector(x, r, n, d->arg[1], use);
    }
    if (d->arg[0] == d->arg[1]) {
        r->sign = false;
    }
    if (a->period != 0 || b->period != 0) {                      /* of channels                                */
        lose_images(x, r, n, "a product with numbers that are defined only up to whole periods");
    }
}

RULE rule_norm(law_cx *x, node_id n, law_info *r)
{
    node_id v = node_at(x, n)->arg[0];
    const law_info *a = law_of(x, v);
    if (node_at(x, v)->op == OP_NEAREST) {        /* the distance is the same for equally near images         */
        const law_info *raw = law_of(x, node_at(x, v)->arg[0]);
        law_start(r);
        law_meet(r, raw);
        if (moves_with_origin(raw)) {
            law_break(x, r, SYM_TRANSLATE, v, "the nearest image to the origin depends on the origin");
        }
        if (raw->mod != SETIR_NONE && raw->mod != node_at(x, v)->imm.slot) {
            lose_images(x, r, v, "the lattice is another structure's");
        }
        if (raw->n_axis) {
            law_break(x, r, SYM_CELL, v, "the nearest image of a multiple");
        }
        law_break(x, r, SYM_SUPERCELL, v, "a larger cell has fewer images");
        return;
    }
    memcpy(r->size, a->size, sizeof r->size);
    use_vector(x, r, n, v, "norm");
    if (a->period != 0) {
        lose_images(x, r, n, "the norm of numbers that are defined only up to whole periods");
    }
    if (a->n_axis) {
        law_break(x, r, SYM_CELL, n, "the length of one lattice vector: another choice of cell has another one");
    }
}

static const char *const axis_names[] = {"x", "y", "z"};

RULE rule_comp(law_cx *x, node_id n, law_info *r)
{
    const node *d = node_at(x, n);
    const law_info *a = arg_law(x, n, 0);
    carry(r, a);
    r->mod = SETIR_NONE;
    still(r);
    uint8_t rank = node_at(x, d->arg[0])->elem.rank;
    int c[2] = {rank == 2 ? d->imm.k / 3 : d->imm.k, rank == 2 ? d->imm.k % 3 : d->imm.k};
    const char *why = rank == 2 ? law_say(x, "component %s%s depends on the axes", axis_names[c[0]], axis_names[c[1]])
                                : law_say(x, "component along %s depends on the axes", axis_names[c[0]]);
    law_break(x, r, SYM_ROTATE, n, why);
    law_break(x, r, SYM_REFLECT, n, why);
    for (int k = 0; k < 3; k++) {
        if (c[0] != k || c[1] != k) {
            law_break(x, r, (symmetry)(SYM_ROTATE_X + k), n, why);
        }
        bool flips = rank == 2 ? (c[0] == k) != (c[1] == k) : c[0] == k;
        r->mirror[k] = a->mirror[k] != flips;
    }
    use_vector(x, r, n, d->arg[0], "a component");
}

RULE rule_vec3(law_cx *x, node_id n, law_info *r)
{
    const node *d = node_at(x, n);
    const char *why = "a vector written by its components does not turn with the structure";
    bool set_from = false;
    const law_info *first = NULL;
    law_break(x, r, SYM_ROTATE, n, why);
    law_break(x, r, SYM_REFLECT, n, why);
    for (int c = 0; c < 3; c++) {
        if (law_is_zero(x, d->arg[c])) {
            continue;
        }
        const law_info *a = arg_law(x, n, (uint32_t)c);
        for (int k = 0; k < 3; k++) {
            if (k != c) {
                law_break(x, r, (symmetry)(SYM_ROTATE_X + k), n, why);
            }
            bool grade = law_sign(a, k) != (c == k);        /* the vector law already has the sign of its axis */
            if (!set_from) {
                r->mirror[k] = grade;
            } else if (r->mirror[k] != grade) {
                law_break(x, r, (symmetry)(SYM_REFLECT_X + k), n, why);
            }
        }
        if (first && !same_size(first, a)) {
            law_break(x, r, SYM_SUPERCELL, n, "components of different size");
        }
        if (!first) {
            memcpy(r->size, a->size, sizeof r->size);
            first = a;
        }
        law_info plain = *a;
        for (int s = 0; s < LAW_SLOTS; s++) {
            plain.size[s].num = 0;
        }
        use_number(x, r, n, &plain, "a component");
        set_from = true;
    }
}

RULE rule_linear_tensor(law_cx *x, node_id n, law_info *r)
{
    carry(r, arg_law(x, n, 0));
    (void)x;
}

RULE rule_det(law_cx *x, node_id n, law_info *r)
{
    const law_info *a = arg_law(x, n, 0);
    r->odd = a->odd;
    memcpy(r->mirror, a->mirror, sizeof r->mirror);
    for (int s = 0; s < LAW_SLOTS; s++) {
        r->size[s] = rational_mul(a->size[s], rational_new(3, 1));
    }
    r->sign = a->sign;
    if (a->n_axis) {
        law_break(x, r, SYM_CELL, n, "the determinant of a component along a lattice vector");
    }
}

/* ------------------------------------------------------------------------------------- channels, choice, sums */

RULE rule_cat(law_cx *x, node_id n, law_info *r)
{
    const node *d = node_at(x, n);
    node_id first = SETIR_NONE;                                  /* that is not zero                           */
    carry(r, arg_law(x, n, 0));
    for (uint32_t k = 0; k < d->n_args; k++) {
        const law_info *one = arg_law(x, n, k);
        if (d->n_args > 1 && (one->period != 0 || one->sign || one->n_axis)) {
            lose_images(x, r, n, "joining numbers that are not defined uniquely");
            law_break(x, r, SYM_CELL, n, "joining components along lattice vectors");
        }
        if (law_is_zero(x, d->arg[k])) {
            continue;
        }
        if (first == SETIR_NONE) {
            first = d->arg[k];
            carry(r, one);
        } else {
            unify(x, n, r, first, d->arg[k], "joining");
        }
    }
}

RULE rule_select(law_cx *x, node_id n, law_info *r)
{
    const node *d = node_at(x, n);
    if (d->elem.kind != ELEM_REAL) {
        return;
    }
    unify(x, n, r, d->arg[1], d->arg[2], "choosing between");
    const law_info *a = arg_law(x, n, 1), *b = arg_law(x, n, 2);
    if (d->elem.rank == 1) {
        for (int s = 0; s < LAW_SLOTS; s++) {
            if (!same_rational(a->affine[s], b->affine[s])) {
                law_break(x, r, SYM_TRANSLATE, n, "choosing between a position and a vector");
            }
        }
    }
}

static void complain_unordered(law_cx *x, law_info *r, node_id n, span at, ivar_id first, ivar_id second)
{
    const char *a = x->p->ivars.at[first].id, *b = x->p->ivars.at[second].id;
    a = a ? a : "the first";
    b = b ? b : "the second";
    diag *e = diag_report(x->sink, D_ASYMMETRIC_BODY, at, a, b);
    diag_label_primary(x->sink, e, "changes when %s and %s are exchanged", a, b);
    diag_label_at(x->sink, e, x->p->ivars.at[second].at, "each unordered pair is taken once: which of the two comes first is not defined");
    diag_help(x->sink, e, "(%s, %s) in ...   to sum over both orders", a, b);
    use_order(x, r, n, SET_PAIRS, "which of an unordered pair comes first");
}

/* Body, condition and the rows of the variables beside them do not change when the two are exchanged. */
static void check_unordered(law_cx *x, law_info *r, node_id n, ivar_id second)
{
    const node *d = node_at(x, n);
    ivar_id first = x->p->ivars.at[second].partner;
    for (uint32_t k = 0; k < d->n_args; k++) {
        if (!law_symmetric(x->p, d->arg[k], first, second)) {
            complain_unordered(x, r, n, x->p->nodes.at[d->arg[k]].at, first, second);
            return;
        }
    }
    for (uint32_t k = 0; k < d->imm.n_ivars; k++) {
        const ivar *v = &x->p->ivars.at[d->imm.ivars[k]];
        const node_id end[2] = {v->row, v->to};
        for (int m = 0; m < 2; m++) {
            if (end[m] != SETIR_NONE && !law_symmetric(x->p, end[m], first, second)) {
                complain_unordered(x, r, n, v->at, first, second);
                return;
            }
        }
        bool other = d->imm.ivars[k] != second && v->partner != SETIR_NONE && (v->partner == first || v->partner == second);
        if (other) {
            complain_unordered(x, r, n, v->at, first, second);
            return;
        }
    }
}

/* Has the reduction something to run over in every structure? */
static bool never_empty(law_cx *x, const node *d)
{
    for (uint32_t k = 0; k < d->imm.n_ivars; k++) {
        const ivar *v = &x->p->ivars.at[d->imm.ivars[k]];
        set_kind kind = x->p->sets.at[v->set].kind;
        if (v->row != SETIR_NONE || v->partner != SETIR_NONE || kind == SET_PAIRS || kind == SET_DIFFER || kind == SET_RECIP ||
            kind == SET_RANK) {
            return false;
        }
    }
    return d->n_args == 1;
}

/* an index variable that the reduction binds: how its elements follow, and how many there are */
static void bind_variable(law_cx *x, law_info *r, node_id n, ivar_id id, law_info *member)
{
    const ivar *v = &x->p->ivars.at[id];
    const set *s = &x->p->sets.at[v->set];
    reduction op = node_at(x, n)->imm.reduce;
    law_start(member);
    law_meet(member, &x->sets[v->set]);
    if (v->row != SETIR_NONE) {
        law_meet(member, law_of(x, v->row));
    }
    if (v->to != SETIR_NONE) {
        law_meet(member, law_of(x, v->to));
        law_break(x, member, SYM_SUPERCELL, v->to, "the images between two atoms are shared out among their copies");
    }
    bool data = s->kind == SET_BASE || s->kind == SET_DIFFER || s->kind == SET_PAIRS;
    if (v->partner != SETIR_NONE && v->row == SETIR_NONE && data) {
        law_break(x, member, SYM_SUPERCELL, n, "two copies of one element are distinct in a larger cell");
    }
    uint32_t slot_index = data && v->row == SETIR_NONE ? set_slot(x, v->set) : LAW_SLOTS;
    if (slot_index < LAW_SLOTS && op == RED_SUM) {
        r->size[slot_index] = rational_add(r->size[slot_index], rational_new(1, 1));
    } else if (slot_index < LAW_SLOTS && op == RED_PROD) {
        law_break(x, r, SYM_SUPERCELL, n, "a product over all atoms is a power of itself in a larger cell");
    }
}

/* the axes that a reduction over `v` takes away */
static void sum_axes(law_cx *x, law_info *r, node_id n, ivar_id v, const char *what)
{
    for (uint32_t j = 0; j < r->n_axis; j++) {
        if (r->axis[j].ivar != v) {
            continue;
        }
        if (node_at(x, n)->imm.reduce == RED_SUM && r->axis[j].kind == AXIS_PAIRED) {
            r->axis[j] = r->axis[--r->n_axis];
            j--;
        } else {
            law_break(x, r, SYM_CELL, n, law_say(x, "%s over lattice vectors depends on their choice", what));
        }
    }
}

RULE rule_reduce(law_cx *x, node_id n, law_info *r)
{
    const node *d = node_at(x, n);
    const law_info *body = arg_law(x, n, 0);
    reduction op = d->imm.reduce;
    static const char *const what[] = {"the sum", "the mean", "the product", "the maximum", "the minimum"};
    carry(r, body);
    for (uint32_t k = 0; k < d->imm.n_ivars; k++) {
        const ivar *v = &x->p->ivars.at[d->imm.ivars[k]];
        law_info member;
        bind_variable(x, r, n, d->imm.ivars[k], &member);
        law_meet(r, &member);
        if (v->unordered && v->partner != SETIR_NONE) {
            check_unordered(x, r, n, d->imm.ivars[k]);
        }
        sum_axes(x, r, n, d->imm.ivars[k], what[op]);
    }
    if (r->status[SYM_CELL].level == LAW_BROKEN) {
        r->n_axis = 0;
    }
    if (op == RED_SUM && moves_with_origin(body)) {
        law_break(x, r, SYM_TRANSLATE, n, "a sum of positions depends on the origin");
        lose_images(x, r, n, "a sum of positions depends on which images are taken");
        r->mod = SETIR_NONE;
        still(r);
    }
    if (op == RED_MEAN && moves_with_origin(body) && !never_empty(x, d)) {
        law_break(x, r, SYM_TRANSLATE, n, "the mean of no positions is zero, which does not move with the origin");
        still(r);
    }
    if (op == RED_MEAN && body->mod != SETIR_NONE) {
        if (moves_with_origin(body)) {
            lose_images(x, r, n, "the mean of periodic positions depends on which images are taken");
            r->mod = SETIR_NONE;
        } else {
            use_vector(x, r, n, d->arg[0], "a mean");
        }
    }
    if (op != RED_SUM && op != RED_MEAN) {
        need_even(x, r, n, body, what[op]);
        r->odd = r->mirror[0] = r->mirror[1] = r->mirror[2] = false;
        if (op == RED_PROD && has_size(body)) {
            law_break(x, r, SYM_SUPERCELL, n, "a product of quantities that grow with the cell");
        }
        if (body->n_axis) {
            law_break(x, r, SYM_CELL, n, law_say(x, "%s of components along lattice vectors", what[op]));
        }
    }
    if (body->sign || (body->period != 0 && op != RED_SUM)) {
        lose_images(x, r, n, law_say(x, "%s of numbers that are not defined uniquely", what[op]));
        r->sign = false;
        r->period = 0;
    }
}

/* ------------------------------------------------------------------------------------------------- the table */

const law_rule law_rules[OP_COUNT_] = {
    [OP_CONST] = {rule_const, "a number is the same for every structure"},
    [OP_BOOL_CONST] = {rule_plain, "constant"},
    [OP_SPECIES_CONST] = {rule_plain, "constant"},
    [OP_IVAR] = {rule_ivar, "an element of a set follows the natural bijection"},
    [OP_INDEX_CONST] = {rule_index_const, "a numbered element of an unordered set breaks permute"},
    [OP_INPUT] = {rule_input, "a field transforms as declared; positions move with the origin, modulo the lattice"},
    [OP_PARAM] = {rule_param, "a parameter is the same for every structure"},
    [OP_ACCESS] = {rule_access, "a tensor's element has the law of its body"},
    [OP_PADGET] = {rule_padget, "the same, or zero"},
    [OP_PAIR_I] = {rule_plain, "ends follow the pair"},
    [OP_PAIR_J] = {rule_plain, "ends follow the pair"},
    [OP_PAIR_REV] = {rule_plain, "the reverse follows the pair"},
    [OP_SPOT_HOST] = {rule_spot_host, "which host site: as the host is laid on the sample"},
    [OP_INDEX_REAL] = {rule_plain, "ranges are the same for every structure"},
    [OP_INDEX_SPECIES] = {rule_plain, "species lists are the same for every structure"},
    [OP_INDEX_EQ] = {rule_index_eq, "bijections keep equality; coverings do not"},
    [OP_INDEX_LT] = {rule_index_lt, "the file's order breaks permute"},
    [OP_PAIR_D] = {rule_plain, "a vector; the set of images is the same for every description of the crystal"},
    [OP_SPOT_R] = {rule_spot_r, "a position of the sample"},
    [OP_RECIP_K] = {rule_plain, "a vector"},
    [OP_CELL_VEC] = {rule_cell_vec, "covariant in its axis"},
    [OP_NIGGLI_VEC] = {rule_niggli, "unique up to ties"},
    [OP_VOLUME] = {rule_volume, "grows as the cell"},
    [OP_FRAC] = {rule_frac, "contravariant in its axis; of a difference of positions modulo 1"},
    [OP_PHASE] = {rule_phase, "of a difference of positions modulo 2 pi"},
    [OP_NEAREST] = {rule_nearest, "unique up to ties"},
    [OP_COUNT] = {rule_count, "grows as the cell; of a row constant"},
    [OP_PROTONS] = {rule_plain, "species are invariant"},
    [OP_ELEMENT_DATA] = {rule_plain, "species are invariant"},
    [OP_LOOKUP] = {rule_lookup, "a field of the sample, or the replacement"},
    [OP_NEG] = {rule_neg, "linear"},
    [OP_ADD] = {rule_add, "both of one law; affine weights add"},
    [OP_SUB] = {rule_add, "both of one law; affine weights subtract"},
    [OP_MUL] = {rule_mul, "units, sizes and signs multiply; positions only by constants"},
    [OP_DIV] = {rule_div, "as the product with the inverse"},
    [OP_POW] = {rule_pow, "even powers drop signs"},
    [OP_POWV] = {rule_any, "of invariant numbers"},
    [OP_EXP] = {rule_any, "of invariant numbers"},
    [OP_LOG] = {rule_any, "of invariant numbers"},
    [OP_SIN] = {rule_sin, "odd; removes periods of 2 pi, leaves a sign from odd multiples of pi"},
    [OP_COS] = {rule_sin, "even; removes periods of 2 pi, leaves a sign from odd multiples of pi"},
    [OP_TAN] = {rule_tan, "odd; removes periods of pi"},
    [OP_ASIN] = {rule_odd, "odd"},
    [OP_ACOS] = {rule_any, "of invariant numbers"},
    [OP_ATAN] = {rule_odd, "odd"},
    [OP_ATAN2] = {rule_atan2, "of a ratio"},
    [OP_SINH] = {rule_odd, "odd"},
    [OP_COSH] = {rule_even, "even"},
    [OP_TANH] = {rule_odd, "odd"},
    [OP_ERF] = {rule_odd, "odd"},
    [OP_ERFC] = {rule_any, "of invariant numbers"},
    [OP_ABS] = {rule_abs, "drops signs"},
    [OP_SIGN] = {rule_signum, "keeps the sign, drops the size"},
    [OP_FLOOR] = {rule_any, "of invariant numbers"},
    [OP_MIN2] = {rule_minmax, "of invariant numbers of one size"},
    [OP_MAX2] = {rule_minmax, "of invariant numbers of one size"},
    [OP_CUTOFF] = {rule_any, "of invariant numbers"},
    [OP_DOT] = {rule_bilinear, "invariant up to signs"},
    [OP_CROSS] = {rule_bilinear, "a vector with one more sign in mirrors"},
    [OP_OUTER] = {rule_bilinear, "a tensor"},
    [OP_NORM] = {rule_norm, "invariant"},
    [OP_COMP] = {rule_comp, "depends on the axes; about its own axis it survives rotation, with a sign in its mirror"},
    [OP_VEC3] = {rule_vec3, "fixed in space; along one axis it survives rotation about it"},
    [OP_MATVEC] = {rule_bilinear, "a vector"},
    [OP_MATMUL] = {rule_bilinear, "a tensor"},
    [OP_TRANSPOSE] = {rule_linear_tensor, "a tensor"},
    [OP_TRACE] = {rule_linear_tensor, "invariant"},
    [OP_DET] = {rule_det, "invariant up to sign, three times the size"},
    [OP_IDENTITY] = {rule_plain, "the isotropic tensor"},
    [OP_CHANNEL_CAT] = {rule_cat, "all of one law"},
    [OP_CHANNEL_GET] = {rule_same, "as the whole"},
    [OP_LT] = {rule_compare, "of invariant numbers of one size"},
    [OP_LE] = {rule_compare, "of invariant numbers of one size"},
    [OP_EQ] = {rule_compare, "of invariant numbers of one size"},
    [OP_SPECIES_EQ] = {rule_plain, "species are invariant"},
    [OP_AND] = {rule_plain, "of exact conditions"},
    [OP_OR] = {rule_plain, "of exact conditions"},
    [OP_NOT] = {rule_plain, "of exact conditions"},
    [OP_SELECT] = {rule_select, "an exact condition between values of one law"},
    [OP_REDUCE] = {rule_reduce, "unordered; sums over all sites grow with the cell, rows and means do not"},
    [OP_ASCRIBE] = {rule_same, "the same value"},
};
