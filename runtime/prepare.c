/* SPDX-License-Identifier: Apache-2.0
 *
 * prepare.c: from structures to the arrays that compiled code reads. In: a plan and the frames of a batch.
 * Out: a view with positions, species, cells and sets (neighbour rows, differing sites, reciprocal vectors),
 * in buffers that are reused from call to call. Fields are read in prepare_fields.c; nothing of the transform
 * itself is computed here.
 */
#include "batch.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CELL_NUMBERS = 21, SLACK = 8 };

/* ------------------------------------------------------------------------------------------------- memory */

void *rt_buffer_room(rt_buffer *buffer, int64_t count, size_t size)
{
    if (count < 0 || (uint64_t)count > SIZE_MAX / 4 / size) return NULL;
    const size_t used = (size_t)count * size, bytes = used + SLACK * size;
    if (bytes > buffer->bytes) {
        const size_t grown = bytes + bytes / 2;
        void *at = rt_aligned_alloc(grown);
        if (at == NULL) return NULL;
        rt_aligned_free(buffer->at);
        *buffer = (rt_buffer){at, grown};
    }
    memset((char *)buffer->at + used, 0, SLACK * size);
    return buffer->at;
}

mtx_batch *mtx_batch_new(void)
{
    return calloc(1, sizeof(mtx_batch));
}

static void set_free(batch_set *set)
{
    mtx_pairs_free(&set->pairs);
    mtx_recip_free(&set->recip);
    mtx_spots_free(&set->spots);
    rt_buffer *all[] = {&set->i, &set->j, &set->points};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) rt_aligned_free(all[k]->at);
}

void mtx_batch_free(mtx_batch *batch)
{
    if (batch == NULL) return;
    for (int32_t k = 0; k < batch->sets; k++) set_free(&batch->set[k]);
    for (int32_t k = 0; k < batch->slots; k++) {
        rt_buffer *all[] = {&batch->slot[k].r, &batch->slot[k].Z, &batch->slot[k].ptr, &batch->slot[k].cell};
        for (size_t m = 0; m < sizeof all / sizeof *all; m++) rt_aligned_free(all[m]->at);
    }
    for (int32_t k = 0; k < batch->inputs; k++) rt_aligned_free(batch->input[k].at);
    rt_aligned_free(batch->cutoff.at);
    free(batch->set_view);
    free(batch->input_view);
    free(batch->cell_view);
    free(batch->set);
    free(batch->slot);
    free(batch->input);
    free(batch->hint);
    free(batch);
}

const mtx_view *mtx_batch_view(const mtx_batch *batch)
{
    return &batch->view;
}

void mtx_batch_set_param(mtx_batch *batch, const double *param)
{
    batch->view.param = param;
}

/* *array gets room for `count` elements, new ones zeroed */
static bool widen(void *array, int32_t old, int32_t count, size_t size)
{
    void *at;
    memcpy(&at, array, sizeof at);
    at = realloc(at, (size_t)(count + 1) * size);
    if (at == NULL) return false;
    memset((char *)at + (size_t)old * size, 0, (size_t)(count + 1 - old) * size);
    memcpy(array, &at, sizeof at);
    return true;
}

static bool batch_widen(mtx_batch *b, const mtx_plan *plan)
{
    if (plan->n_sets > b->sets || b->set == NULL) {
        if (!widen(&b->set_view, b->sets, plan->n_sets, sizeof *b->set_view)) return false;
        if (!widen(&b->set, b->sets, plan->n_sets, sizeof *b->set)) return false;
        for (int32_t k = b->sets; k < plan->n_sets; k++) {
            mtx_pairs_init(&b->set[k].pairs);
            mtx_recip_init(&b->set[k].recip);
            mtx_spots_init(&b->set[k].spots);
        }
        b->sets = plan->n_sets;
    }
    if (plan->n_slots > b->slots || b->slot == NULL) {
        if (!widen(&b->cell_view, b->slots, plan->n_slots, sizeof *b->cell_view)) return false;
        if (!widen(&b->slot, b->slots, plan->n_slots, sizeof *b->slot)) return false;
        b->slots = plan->n_slots;
    }
    if (plan->n_inputs > b->inputs || b->input == NULL) {
        if (!widen(&b->input_view, b->inputs, plan->n_inputs, sizeof *b->input_view)) return false;
        if (!widen(&b->input, b->inputs, plan->n_inputs, sizeof *b->input)) return false;
        if (!widen(&b->hint, b->inputs, plan->n_inputs, sizeof *b->hint)) return false;
        b->inputs = plan->n_inputs;
    }
    return true;
}

/* --------------------------------------------------------------------------------------------- structures */

mtx_status batch_blame(const preparing *p, int32_t slot, int64_t frame)
{
    mtx_problem *problem = p->problem;
    if (problem == NULL) return MTX_EDATA;
    const mtx_structure *s = p->frames[slot * p->nb + frame];
    problem->frame = s != NULL && s->frame >= 0 ? s->frame : frame;
    if (s != NULL) problem->line = s->line;
    return problem->status;
}

static mtx_status no_memory(const preparing *p)
{
    return rt_problem_set(p->problem, MTX_ENOMEM, "E0600", "memory exhausted");
}

/* the file's periodicity against that of the structure type */
static mtx_status check_periodic(const preparing *p, int32_t slot, int64_t frame, const mtx_structure *s)
{
    const mtx_slot_desc *d = &p->plan->slots[slot];
    for (int k = 0; k < 3; k++) {
        if ((d->axes >> k & 1) == 0 || s->pbc[k]) continue;
        rt_problem_set(p->problem, MTX_EDATA, "E0660",
                       "`%s` repeats along lattice vector %d, but this structure does not", d->name, k + 1);
        rt_problem_help(p->problem,
                        "give the structure a cell and pbc, or declare a type with another lattice");
        return batch_blame(p, slot, frame);
    }
    if (d->axes == 0 && (s->pbc[0] || s->pbc[1] || s->pbc[2])) {
        rt_problem_set(p->problem, MTX_EDATA, "E0661", "`%s` has no lattice, but this structure is periodic",
                       d->name);
        rt_problem_help(
            p->problem,
            "Set pbc=\"F F F\" if it is a molecule in a box, or declare `field cell : lattice(xyz)`.");
        return batch_blame(p, slot, frame);
    }
    return MTX_OK;
}

/* All finite? Integer tests on the bits vectorise, floating comparisons do not. */
static bool all_finite(const double *x, int64_t n)
{
    const uint64_t exponent = UINT64_C(0x7ff0000000000000);
    uint64_t bad = 0;
    for (int64_t k = 0; k < n; k++) {
        uint64_t bits;
        memcpy(&bits, &x[k], sizeof bits);
        bad |= (uint64_t)((bits & exponent) == exponent);
    }
    return bad == 0;
}

static bool all_elements(const int32_t *Z, int64_t n)
{
    uint32_t bad = 0;
    for (int64_t k = 0; k < n; k++) bad |= (uint32_t)((uint32_t)(Z[k] - 1) > 117u);
    return bad == 0;
}

static bool is_taken(const mtx_slot_desc *d, int32_t Z)
{
    return (d->elements[0] | d->elements[1]) == 0 || (d->elements[Z >> 6 & 1] >> (Z & 63) & 1) != 0;
}

/* every atom has a place in the lists that the program indexes by it */
static mtx_status check_elements(const preparing *p, int32_t slot, int64_t frame, const mtx_structure *s)
{
    const mtx_slot_desc *d = &p->plan->slots[slot];
    for (int64_t k = 0; k < s->n; k++) {
        if (is_taken(d, s->Z[k])) continue;
        rt_problem_set(p->problem, MTX_EDATA, "E0664", "atom %lld is %s, which is not in the spec's list of elements",
                       (long long)k, mtx_element_symbol(s->Z[k]));
        char known[128] = "";
        size_t used = 0;
        for (int32_t z = 1; z < 119 && used + 8 < sizeof known; z++)
            if (is_taken(d, z))
                used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", used ? ", " : "", mtx_element_symbol(z));
        if (used)
            rt_problem_help(p->problem, "There are numbers for: %s.", known);
        else
            rt_problem_help(p->problem, "No element is in all the lists that atoms index.");
        if (p->problem != NULL) p->problem->atom = k;
        return batch_blame(p, slot, frame);
    }
    return MTX_OK;
}

static mtx_status blame_atom(const preparing *p, int32_t slot, int64_t frame, const mtx_structure *s)
{
    for (int64_t k = 0; k < s->n; k++) {
        if (!all_finite(s->r[k], 3))
            rt_problem_set(p->problem, MTX_EDATA, "E0612", "atom %lld is at (%g, %g, %g)", (long long)k,
                           s->r[k][0], s->r[k][1], s->r[k][2]);
        else if (!all_elements(&s->Z[k], 1))
            rt_problem_set(p->problem, MTX_EDATA, "E0613", "atom %lld has the atomic number %d", (long long)k,
                           s->Z[k]);
        else
            continue;
        if (p->problem != NULL) p->problem->atom = k;
        break;
    }
    return batch_blame(p, slot, frame);
}

/* Copy the structures of a slot, one after the other. */
static mtx_status copy_frames(const preparing *p, int32_t slot)
{
    batch_slot *b = &p->batch->slot[slot];
    const mtx_structure *const *frame = p->frames + slot * p->nb;
    int64_t *ptr = rt_buffer_room(&b->ptr, p->nb + 1, sizeof *ptr);
    if (ptr == NULL) return no_memory(p);
    b->max_frame = 0;
    ptr[0] = 0;
    for (int64_t f = 0; f < p->nb; f++) {
        if (frame[f] == NULL || frame[f]->n < 0 || frame[f]->n > INT32_MAX ||
            ptr[f] > INT32_MAX - frame[f]->n)
            return rt_problem_set(p->problem, MTX_EINVAL, "E0600",
                                  "too many atoms in a batch, or a structure is missing");
        ptr[f + 1] = ptr[f] + frame[f]->n;
        if (frame[f]->n > b->max_frame) b->max_frame = frame[f]->n;
    }
    b->n = ptr[p->nb];
    double(*r)[3] = rt_buffer_room(&b->r, b->n, sizeof *r);
    int32_t *Z = rt_buffer_room(&b->Z, b->n, sizeof *Z);
    if (r == NULL || Z == NULL) return no_memory(p);
    for (int64_t f = 0; f < p->nb; f++) {
        const mtx_structure *s = frame[f];
        mtx_status status = f > 0 && s == frame[f - 1] ? MTX_OK : check_periodic(p, slot, f, s);
        if (status != MTX_OK) return status;
        if (s->n == 0) continue;
        memcpy(r[ptr[f]], s->r, (size_t)s->n * sizeof *r);
        memcpy(&Z[ptr[f]], s->Z, (size_t)s->n * sizeof *Z);
        if (!all_finite(r[ptr[f]], 3 * s->n) || !all_elements(&Z[ptr[f]], s->n))
            return blame_atom(p, slot, f, s);
        status = check_elements(p, slot, f, s);
        if (status != MTX_OK) return status;
    }
    return MTX_OK;
}

static mtx_status fill_cell(const preparing *p, int32_t slot, int64_t frame, double *out)
{
    const uint8_t axes = p->plan->slots[slot].axes;
    const mtx_structure *s = p->frames[slot * p->nb + frame];
    uint8_t pbc[3];
    for (int k = 0; k < 3; k++) pbc[k] = axes >> k & 1;
    mtx_status status = mtx_cell_numbers((const double(*)[3])s->cell, pbc, out, p->problem);
    if (status != MTX_OK) batch_blame(p, slot, frame);
    return status;
}

static mtx_status fill_cells(const preparing *p, int32_t slot)
{
    batch_slot *b = &p->batch->slot[slot];
    p->batch->cell_view[slot] = NULL;
    if (p->plan->slots[slot].axes == 0) return MTX_OK;
    double *cell = rt_buffer_room(&b->cell, p->nb * CELL_NUMBERS, sizeof *cell);
    if (cell == NULL) return no_memory(p);
    const mtx_structure *const *frame = p->frames + slot * p->nb;
    for (int64_t f = 0; f < p->nb; f++) {
        double *out = cell + f * CELL_NUMBERS;
        const bool same = f > 0 && memcmp(frame[f]->cell, frame[f - 1]->cell, sizeof frame[f]->cell) == 0;
        if (same) {
            memcpy(out, out - CELL_NUMBERS, CELL_NUMBERS * sizeof *out);
            continue;
        }
        mtx_status status = fill_cell(p, slot, f, out);
        if (status != MTX_OK) return status;
    }
    p->batch->cell_view[slot] = cell;
    return MTX_OK;
}

/* --------------------------------------------------------------------------------------------------- sets */

static mtx_status base_set(const preparing *p, int32_t id)
{
    const batch_slot *b = &p->batch->slot[p->plan->sets[id].slot];
    p->batch->set_view[id] = (mtx_set_view){.n = b->n, .max_frame = b->max_frame, .ptr = b->ptr.at};
    return MTX_OK;
}

static void axes_flags(uint8_t axes, uint8_t pbc[3])
{
    for (int k = 0; k < 3; k++) pbc[k] = axes >> k & 1;
}

static int64_t longest(const int64_t *ptr, int64_t n)
{
    int64_t most = 0;
    for (int64_t k = 0; k < n; k++) {
        const int64_t length = ptr[k + 1] - ptr[k];
        if (length > most) most = length;
    }
    return most;
}

/* The cutoff of each frame; NULL after a problem. */
static const double *cutoffs(const preparing *p, int32_t id, mtx_status *status)
{
    const mtx_set_desc *d = &p->plan->sets[id];
    double *cutoff = rt_buffer_room(&p->batch->cutoff, p->nb, sizeof *cutoff);
    if (cutoff == NULL) {
        *status = no_memory(p);
        return NULL;
    }
    int refused = 0;
    if (!isnan(d->cutoff)) {
        for (int64_t f = 0; f < p->nb; f++) cutoff[f] = d->cutoff;
    } else {
        refused = p->stage != NULL ? p->stage(p->user, id, &p->batch->view, cutoff) : 1;
    }
    for (int64_t f = 0; f < p->nb; f++) {
        const bool usable = refused == 0 && cutoff[f] > 0 && cutoff[f] < 1e300;
        if (usable || (refused != 0 && f != refused - 1)) continue;
        *status = refused != 0 ? rt_problem_set(p->problem, MTX_EDATA, "E0662",
                                                "the cutoff of `%s` cannot be computed", d->name)
                               : rt_problem_set(p->problem, MTX_EDATA, "E0662",
                                                "the cutoff of `%s` is %g here", d->name, cutoff[f]);
        rt_problem_help(p->problem, "A cutoff is a positive number.");
        batch_blame(p, d->slot < 0 ? 0 : d->slot, f);
        return NULL;
    }
    return cutoff;
}

static mtx_status pairs_set(const preparing *p, int32_t id)
{
    const mtx_set_desc *d = &p->plan->sets[id];
    mtx_pairs *pairs = &p->batch->set[id].pairs;
    mtx_status status = MTX_OK;
    const double *cutoff = cutoffs(p, id, &status);
    if (cutoff == NULL) return status;
    const bool spots = p->plan->sets[d->parent].kind == MTX_SET_DIFFER;
    const int64_t *ptr = p->batch->set_view[d->parent].ptr;
    const double(*r)[3] = spots ? p->batch->set[d->parent].points.at : p->batch->slot[d->slot].r.at;
    uint8_t pbc[3];
    axes_flags(p->plan->slots[d->slot].axes, pbc);
    const unsigned reverse = d->need & MTX_NEED_REV ? MTX_PAIRS_REVERSE : 0;
    const unsigned flags = d->need & (MTX_NEED_I | MTX_NEED_SHIFT) ? reverse : reverse | MTX_PAIRS_LEAN;
    mtx_pairs_clear(pairs);
    for (int64_t f = 0; f < p->nb; f++) {
        const mtx_structure *s = p->frames[d->slot * p->nb + f];
        status = mtx_neighbors_append(r + ptr[f], (const double(*)[3])s->cell, pbc, ptr[f + 1] - ptr[f],
                                      cutoff[f], flags, pairs, p->problem);
        if (status == MTX_OK) continue;
        batch_blame(p, d->slot, f);
        return status;
    }
    p->batch->set_view[id] = (mtx_set_view){.n = pairs->n,
                                            .max_row = longest(pairs->row, pairs->atoms),
                                            .max_frame = longest(pairs->pair_ptr, p->nb),
                                            .ptr = pairs->pair_ptr,
                                            .row = pairs->row,
                                            .rev = reverse ? pairs->rev : NULL,
                                            .i = pairs->i,
                                            .j = pairs->j,
                                            .sx = pairs->sx,
                                            .sy = pairs->sy,
                                            .sz = pairs->sz,
                                            .x = pairs->dx,
                                            .y = pairs->dy,
                                            .z = pairs->dz,
                                            .dist = pairs->dist};
    return MTX_OK;
}

/* Ends counted through the batch, and positions as triples for the neighbour search. */
static bool spot_ends(const preparing *p, int32_t id)
{
    const mtx_set_desc *d = &p->plan->sets[id];
    batch_set *set = &p->batch->set[id];
    const mtx_spots *spots = &set->spots;
    int32_t *i = rt_buffer_room(&set->i, spots->n, sizeof *i),
            *j = rt_buffer_room(&set->j, spots->n, sizeof *j);
    double(*point)[3] = rt_buffer_room(&set->points, spots->n, sizeof *point);
    if (i == NULL || j == NULL || point == NULL) return false;
    const int64_t *host = p->batch->set_view[d->host].ptr, *sample = p->batch->set_view[d->sample].ptr;
    for (int64_t f = 0; f < p->nb; f++) {
        for (int64_t k = spots->ptr[f]; k < spots->ptr[f + 1]; k++) {
            i[k] = spots->site[k] + (int32_t)host[f];
            j[k] = spots->atom[k] < 0 ? -1 : spots->atom[k] + (int32_t)sample[f];
            point[k][0] = spots->x[k];
            point[k][1] = spots->y[k];
            point[k][2] = spots->z[k];
        }
    }
    return true;
}

static mtx_status differ_set(const preparing *p, int32_t id)
{
    const mtx_set_desc *d = &p->plan->sets[id];
    const int32_t host = p->plan->sets[d->host].slot, sample = p->plan->sets[d->sample].slot;
    batch_set *set = &p->batch->set[id];
    mtx_spots *spots = &set->spots;
    uint8_t axes[3];
    axes_flags(p->plan->slots[sample].axes, axes);
    mtx_spots_clear(spots);
    for (int64_t f = 0; f < p->nb; f++) {
        mtx_status status = mtx_differ_append(p->frames[host * p->nb + f], p->frames[sample * p->nb + f],
                                              axes, 0, spots, p->problem);
        if (status == MTX_OK) continue;
        batch_blame(p, sample, f);
        return status;
    }
    if (p->nb > 0 && !spot_ends(p, id)) return no_memory(p);
    p->batch->set_view[id] = (mtx_set_view){.n = spots->n,
                                            .max_frame = longest(spots->ptr, p->nb),
                                            .ptr = spots->ptr,
                                            .i = set->i.at,
                                            .j = set->j.at,
                                            .sx = spots->tx,
                                            .sy = spots->ty,
                                            .sz = spots->tz,
                                            .x = spots->x,
                                            .y = spots->y,
                                            .z = spots->z};
    return MTX_OK;
}

static mtx_status recip_set(const preparing *p, int32_t id)
{
    const mtx_set_desc *d = &p->plan->sets[id];
    mtx_recip *recip = &p->batch->set[id].recip;
    mtx_status status = MTX_OK;
    const double *cutoff = cutoffs(p, id, &status);
    if (cutoff == NULL) return status;
    uint8_t pbc[3];
    axes_flags(p->plan->slots[d->slot].axes, pbc);
    mtx_recip_clear(recip);
    for (int64_t f = 0; f < p->nb; f++) {
        const mtx_structure *s = p->frames[d->slot * p->nb + f];
        status = mtx_recip_append((const double(*)[3])s->cell, pbc, cutoff[f], 0, recip, p->problem);
        if (status == MTX_OK) continue;
        batch_blame(p, d->slot, f);
        return status;
    }
    p->batch->set_view[id] = (mtx_set_view){.n = recip->n,
                                            .max_frame = longest(recip->ptr, p->nb),
                                            .ptr = recip->ptr,
                                            .x = recip->x,
                                            .y = recip->y,
                                            .z = recip->z,
                                            .dist = recip->dist,
                                            .sx = recip->h,
                                            .sy = recip->k,
                                            .sz = recip->l};
    return MTX_OK;
}

/* as many as the parent has, or a fixed number */
static mtx_status counted_set(const preparing *p, int32_t id)
{
    const mtx_set_desc *d = &p->plan->sets[id];
    mtx_set_view *v = &p->batch->set_view[id];
    *v = (mtx_set_view){.n = d->count, .max_frame = d->count};
    if (d->kind != MTX_SET_RANK || d->parent < 0) return MTX_OK;
    const mtx_set_view *parent = &p->batch->set_view[d->parent];
    *v = (mtx_set_view){.n = parent->n, .max_frame = parent->max_frame, .ptr = parent->ptr};
    return MTX_OK;
}

/* Padding has room for `most` elements: more of them cannot be cut off in silence. */
static mtx_status check_room(const preparing *p, int32_t id)
{
    const mtx_set_desc *d = &p->plan->sets[id];
    const mtx_set_view *v = &p->batch->set_view[id];
    if (d->most <= 0 || v->max_frame <= d->most || !v->ptr) return MTX_OK;
    int64_t f = 0;
    while (f + 1 < p->nb && v->ptr[f + 1] - v->ptr[f] <= d->most) f++;
    mtx_status status = rt_problem_set(p->problem, MTX_EDATA, "E0663", "%lld elements of `%s` do not fit into the %d places of the result",
                                       (long long)(v->ptr[f + 1] - v->ptr[f]), d->name, d->most);
    rt_problem_help(p->problem, "Pad to more places in the spec.");
    batch_blame(p, d->slot > 0 ? d->slot : 0, f);
    return status;
}

static mtx_status prepare_set(const preparing *p, int32_t id)
{
    switch ((mtx_set_kind)p->plan->sets[id].kind) {
    case MTX_SET_BASE: return base_set(p, id);
    case MTX_SET_PAIRS: return pairs_set(p, id);
    case MTX_SET_DIFFER: return differ_set(p, id);
    case MTX_SET_RECIP: return recip_set(p, id);
    case MTX_SET_AXIS:
    case MTX_SET_RANGE:
    case MTX_SET_SPECIES:
    case MTX_SET_RANK: return counted_set(p, id);
    case MTX_SET_UNUSED: return MTX_OK;
    }
    return rt_problem_set(p->problem, MTX_EINVAL, "E0600", "set %d of the plan has no known kind", id);
}

/* ------------------------------------------------------------------------------------------------- inputs */

static mtx_status prepare_input(const preparing *p, int32_t id)
{
    const mtx_input_desc *d = &p->plan->inputs[id];
    if (d->role == MTX_IN_FIELD) return batch_field(p, id);
    if (d->role == MTX_IN_UNUSED) return MTX_OK;
    const batch_slot *b = &p->batch->slot[d->slot];
    p->batch->input_view[id] = d->role == MTX_IN_POSITION ? b->r.at : b->Z.at;
    return MTX_OK;
}

mtx_status mtx_prepare(const mtx_plan *plan, const mtx_structure *const *frames, int64_t nb,
                       mtx_stage_fn stage, void *user, mtx_batch *batch, mtx_problem *problem)
{
    const preparing p = {plan, frames, nb, stage, user, batch, problem};
    if (nb < 0 || (frames == NULL && nb > 0))
        return rt_problem_set(problem, MTX_EINVAL, "E0600", "a batch has %lld frames", (long long)nb);
    if (!batch_widen(batch, plan)) return no_memory(&p);
    batch->view = (mtx_view){.nb = nb,
                             .set = batch->set_view,
                             .input = batch->input_view,
                             .cell = batch->cell_view,
                             .param = batch->view.param};
    memset(batch->set_view, 0, (size_t)plan->n_sets * sizeof *batch->set_view);
    mtx_status status = MTX_OK;
    for (int32_t k = 0; k < plan->n_slots && status == MTX_OK; k++) {
        status = copy_frames(&p, k);
        if (status == MTX_OK) status = fill_cells(&p, k);
    }
    for (int32_t k = 0; k < plan->n_inputs && status == MTX_OK; k++) status = prepare_input(&p, k);
    for (int32_t k = 0; k < plan->n_sets && status == MTX_OK; k++) {
        status = prepare_set(&p, k);
        if (status == MTX_OK) status = check_room(&p, k);
    }
    return status;
}
