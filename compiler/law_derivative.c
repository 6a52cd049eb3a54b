/* SPDX-License-Identifier: Apache-2.0
 *
 * law_derivative.c: how derivatives transform. In: the laws of what is differentiated, and of the direction.
 * Out: that of the derivative.
 */
#include "law_internal.h"

#include <string.h>

/* Does a number depend on eigenvalues? Where two are equal its gradient follows no single pair of vectors. */
static bool reaches_eigvals(const program *p, def_id id, bool *seen)
{
    if (seen[id]) { return false; }
    seen[id] = true;
    const def *d = &p->defs.at[id];
    if (d->lib == LIB_EIGVALS) { return true; }
    if (d->lib != LIB_NONE) { return reaches_eigvals(p, d->lib_arg, seen); }
    for (uint32_t k = 0; k <= d->body; k++) { /* more than it needs: never less */
        const node *n = &p->nodes.at[k];
        if ((n->op == OP_ACCESS || n->op == OP_PADGET) && reaches_eigvals(p, n->imm.def, seen)) { return true; }
    }
    return false;
}

/* Is a derivative taken by something that every copy of a site in a supercell has for itself? */
static bool has_copies(law_cx *x, const wrt *by)
{
    if (by->kind != WRT_INPUT) { return by->kind == WRT_PAIRS; }
    const input *in = &x->p->inputs.at[by->input];
    for (uint32_t k = 0; k < in->n_domain; k++) {
        if (x->p->sets.at[in->domain[k]].kind == SET_BASE) { return true; }
    }
    return false;
}

/* A table over sites by the pairs of each site: where the table's rows are copied, so are its derivatives,
 * since a row depends on its own pairs alone. Other tables over sites: a copy moves one of the images. */
static bool keeps_rows(law_cx *x, const def *d, law_info *r)
{
    if (d->lib != LIB_JACOBIAN) { return false; }
    const def *table = &x->p->defs.at[d->lib_arg];
    uint32_t vary = 0;
    for (uint32_t k = 0; k < table->n_param; k++) {
        set_kind kind = x->p->sets.at[x->p->ivars.at[table->param[k]].set].kind;
        vary += kind != SET_RANGE && kind != SET_SPECIES;
    }
    bool rows = d->wrt.kind == WRT_PAIRS && program_pair_param(x->p, table, d->wrt.set) != SETIR_NONE;
    if (vary > rows) {
        law_lower(x, r, SYM_SUPERCELL, LAW_BROKEN, SETIR_NONE, "by each of the copies apart");
    }
    return vary > 0;
}

/* The derivative of an invariant transforms by the dual of what it is taken by: a vector for positions and
 * displacements, a tensor for strain, the field's own kind else. Every copy of an atom in a supercell gets
 * what the atom got, since copies are exchanged by a translation: so one power of the size less. What the
 * whole structure has is the same in a supercell: the derivative by it grows as the number. */
static void by_elements(law_cx *x, const def *d, law_info *r)
{
    bool by_field = d->wrt.kind == WRT_INPUT;
    uint32_t of = d->wrt.slot < LAW_SLOTS ? d->wrt.slot : 0;
    if (has_copies(x, &d->wrt) && !keeps_rows(x, d, r)) {
        static const symmetry exchange[] = {SYM_PERMUTE, SYM_TRANSLATE, SYM_WRAP};
        for (int k = 0; k < 3; k++) {
            if (r->status[exchange[k]].level < r->status[SYM_SUPERCELL].level) {
                r->status[SYM_SUPERCELL] = r->status[exchange[k]];
            }
        }
        r->size[of] = rational_add(r->size[of], (rational){-1, 1});
    }
    if (by_field && x->p->inputs.at[d->wrt.input].pseudo) { r->odd = !r->odd; }
    if (by_field && d->wrt.slot == SETIR_NONE) {
        law_lower(x, r, SYM_SUPERCELL, LAW_BROKEN, SETIR_NONE, "a derivative by what belongs to no structure");
    }
    if (d->wrt.kind == WRT_CELL) {
        law_lower(x, r, SYM_SUPERCELL, LAW_BROKEN, SETIR_NONE,
                  "each lattice vector grows by another factor than the number of cells");
        law_lower(x, r, SYM_CELL, LAW_BROKEN, SETIR_NONE, "depends on the choice of lattice vectors, and changes against them");
    }
    if (r->n_axis) { law_lower(x, r, SYM_CELL, LAW_BROKEN, SETIR_NONE, "depends on the choice of lattice vectors"); }
    if (r->sign) { law_lose_images(x, r, SETIR_NONE, "depends on the choice of images"); }
    r->period = 0;
    r->sign = false;
    r->n_axis = 0;
}

/* A strain leaves the origin in place: what moves with a point is strained about another one. What is defined up to
 * a lattice vector moves, but by strain, as each of its images. */
static void strained_points(law_cx *x, const def *d, law_info *r)
{
    bool strain = d->wrt.kind == WRT_STRAIN || d->wrt.kind == WRT_CELL;
    for (int s = 0; s < LAW_SLOTS; s++) {
        if (strain && r->affine[s].num) {
            static const symmetry moved[] = {SYM_TRANSLATE, SYM_WRAP};
            for (int k = 0; k < 2; k++) {
                law_lower(x, r, moved[k], LAW_BROKEN, SETIR_NONE, "a strained position depends on the origin");
            }
        }
        r->affine[s] = (rational){0, 1};
    }
    if (strain && r->mod != SETIR_NONE) {
        law_lose_images(x, r, SETIR_NONE, "a strained image is not an image: depends on which is taken");
    }
    r->mod = SETIR_NONE;
}

/* The derivative along a direction that moves with the structure transforms as what is differentiated: linear in
 * the direction, which brings its own sign and size. */
static void along(law_cx *x, const def *d, law_info *r)
{
    const law_info *v = &x->r->def[d->along];
    law_meet(r, v);
    bool odd = d->wrt.kind == WRT_INPUT && x->p->inputs.at[d->wrt.input].pseudo;
    if (v->odd != odd) { r->odd = !r->odd; }
    if (v->mod != SETIR_NONE) { law_lose_images(x, r, SETIR_NONE, "the direction depends on the choice of images"); }
    bool plain = v->period == 0 && !v->sign && !v->n_axis;
    for (int s = 0; s < LAW_SLOTS; s++) {
        r->size[s] = rational_add(r->size[s], v->size[s]);
        plain = plain && !v->affine[s].num;
    }
    for (int k = 0; k < 3; k++) { r->mirror[k] = r->mirror[k] != v->mirror[k]; }
    if (r->n_axis) { law_lower(x, r, SYM_CELL, LAW_BROKEN, SETIR_NONE, "depends on the choice of lattice vectors"); }
    if (r->sign) { law_lose_images(x, r, SETIR_NONE, "depends on the choice of images"); }
    r->period = 0;
    r->sign = false;
    r->n_axis = 0;
    for (int g = 0; g < SYM_COUNT && !plain; g++) {
        law_lower(x, r, (symmetry)g, LAW_BROKEN, SETIR_NONE, "a direction that does not turn as a vector does");
    }
}

void law_derivative(law_cx *x, const def *d, law_info *r)
{
    *r = x->r->def[d->lib_arg];
    strained_points(x, d, r);
    if (d->lib == LIB_ALONG) {
        along(x, d, r);
    } else {
        by_elements(x, d, r);
    }
    if (reaches_eigvals(x->p, d->lib_arg, arena_array(x->a, bool, x->p->defs.n))) {
        for (int g = 0; g < SYM_COUNT; g++) {
            law_lower(x, r, (symmetry)g, LAW_ALMOST, SETIR_NONE, "where eigenvalues are equal they have no derivative");
        }
    }
    for (int g = 0; g < SYM_COUNT; g++) {
        if (r->status[g].level != LAW_EXACT && r->status[g].culprit == SETIR_NONE && !r->status[g].at.src) {
            r->status[g].at = d->lib_at;
        }
    }
}
