/* SPDX-License-Identifier: Apache-2.0
 *
 * plan_desc.c: what a program needs of its structures, in the runtime's terms. In: a program. Out: an
 * mtx_plan in the arena, and batches prepared with interpreted cutoffs. Computing anything of the outputs is
 * not done here.
 */
#include "interp.h"
#include "loopir.h"
#include "setir_eval.h"

#include <math.h>
#include <string.h>

_Static_assert((int)SET_BASE == MTX_SET_BASE && (int)SET_PAIRS == MTX_SET_PAIRS &&
                   (int)SET_DIFFER == MTX_SET_DIFFER && (int)SET_RECIP == MTX_SET_RECIP &&
                   (int)SET_AXIS == MTX_SET_AXIS && (int)SET_RANGE == MTX_SET_RANGE &&
                   (int)SET_SPECIES == MTX_SET_SPECIES && (int)SET_RANK == MTX_SET_RANK,
               "kinds of sets");
_Static_assert((int)IN_POSITION == MTX_IN_POSITION && (int)IN_SPECIES == MTX_IN_SPECIES &&
                   (int)IN_FIELD == MTX_IN_FIELD && (int)ELEM_REAL == MTX_TYPE_REAL &&
                   (int)ELEM_BOOL == MTX_TYPE_BOOL && (int)ELEM_SPECIES == MTX_TYPE_SPECIES &&
                   (int)ELEM_INDEX == MTX_TYPE_INDEX,
               "roles and types of inputs");

static int32_t plan_id(uint32_t id)
{
    return id == SETIR_NONE ? -1 : (int32_t)id;
}

static void need(const program *p, uint32_t *flags, node_id index, uint32_t what)
{
    flags[p->nodes.at[index].elem.set] |= what;
}

/* what nodes read of the pair sets, and what writers of outputs over pairs do */
static uint32_t *plan_needs(arena *a, const program *p)
{
    uint32_t *flags = arena_array(a, uint32_t, p->sets.n + 1);
    for (uint32_t k = 0; k < p->nodes.n; k++) {
        const node *n = &p->nodes.at[k];
        switch ((int)n->op) {
        case OP_PAIR_I: need(p, flags, n->arg[0], MTX_NEED_I); break;
        case OP_PAIR_J: need(p, flags, n->arg[0], MTX_NEED_J); break;
        case OP_PAIR_REV: need(p, flags, n->arg[0], MTX_NEED_REV); break;
        case OP_PAIR_D: need(p, flags, n->arg[0], MTX_NEED_VECTOR | MTX_NEED_DIST); break;
        default: break;
        }
    }
    for (uint32_t k = 0; k < p->ivars.n; k++) {
        if (p->ivars.at[k].to != SETIR_NONE) flags[p->ivars.at[k].set] |= MTX_NEED_J;
        if (p->ivars.at[k].row != SETIR_NONE) /* the interpreter checks rows by their first end */
            flags[p->ivars.at[k].set] |= MTX_NEED_I;
    }
    for (uint32_t k = 0; k < p->defs.n; k++)
        for (uint32_t j = 0; p->defs.at[k].output && j < p->defs.at[k].n_param; j++)
            flags[p->ivars.at[p->defs.at[k].param[j]].set] |= MTX_NEED_I | MTX_NEED_J | MTX_NEED_SHIFT;
    return flags;
}

static mtx_set_desc plan_set(const program *p, set_id id, uint32_t flags)
{
    const set *s = &p->sets.at[id];
    mtx_set_desc d = {.kind = (int32_t)s->kind,
                      .slot = -1,
                      .parent = -1,
                      .host = -1,
                      .sample = -1,
                      .cutoff = NAN,
                      .name = s->id ? s->id : ""};
    if (s->kind <= SET_AXIS) d.slot = plan_id(s->slot);
    if (s->kind == SET_PAIRS || s->kind == SET_RANK) d.parent = plan_id(s->parent);
    if (s->kind == SET_DIFFER) {
        d.host = plan_id(s->host);
        d.sample = plan_id(s->sample);
    }
    int64_t size = set_constant(p, id);
    if (size >= 0) d.count = (int32_t)size;
    if (s->kind == SET_PAIRS) d.need = flags;
    if ((s->kind == SET_PAIRS || s->kind == SET_RECIP) && !eval_constant(p, s->cutoff, &d.cutoff))
        d.cutoff = NAN;
    return d;
}

/* A padded table must have room for every element of the set that it is padded from. */
static void plan_room(const program *p, mtx_set_desc *sets)
{
    for (uint32_t k = 0; k < p->nodes.n; k++) {
        const node *n = &p->nodes.at[k];
        const def *d = n->op == OP_PADGET ? &p->defs.at[n->imm.def] : NULL;
        for (uint32_t j = 0; d && j < d->n_param && j < n->n_args; j++) {
            const set *from = &p->sets.at[p->ivars.at[d->param[j]].set];
            int64_t room = set_constant(p, p->nodes.at[n->arg[j]].elem.set);
            if (from->kind != SET_RANK || from->parent == SETIR_NONE || room < 0) continue;
            mtx_set_desc *s = &sets[from->parent];
            s->most = s->most == 0 || room < s->most ? (int32_t)room : s->most;
        }
    }
}

static bool plan_input(arena *a, const program *p, input_id id, mtx_input_desc *d, text *problem)
{
    const input *in = &p->inputs.at[id];
    *d = (mtx_input_desc){.role = (int32_t)in->role,
                          .type = (int32_t)in->elem.kind,
                          .slot = plan_id(in->slot),
                          .rows = -1,
                          .from = in->from,
                          .scale = in->role == IN_FIELD ? in->scale : 1.0,
                          .name = in->id};
    int64_t width = elem_components(in->elem);
    bool good = in->elem.kind != ELEM_INDEX;
    for (uint32_t k = 0; k < in->n_domain; k++) {
        int64_t size = set_constant(p, in->domain[k]);
        if (size >= 0) {
            width = size > 0 && width > (1 << 24) / size ? (1 << 25) : width * size;
        } else if (k == 0 && p->sets.at[in->domain[0]].kind == SET_BASE) {
            d->rows = (int32_t)in->domain[0];
            d->slot = plan_id(p->sets.at[in->domain[0]].slot);
        } else {
            good = false;
        }
    }
    good = good && width <= (1 << 24);
    if (!good && problem)
        text_printf(problem, "no file holds `%s`: inputs have values per site or per structure",
                    in->id ? in->id : "");
    d->width = good ? (int32_t)width : 0;
    text unit_words;
    text_init(&unit_words);
    unit_text(in->unit, &unit_words);
    d->unit = text_keep(a, &unit_words);
    const char *last = in->id ? strrchr(in->id, '.') : NULL;
    d->name = in->id ? in->id : "";
    d->key = in->key ? in->key : last ? last + 1 : d->name;
    return good;
}

bool plan_from_program(arena *a, const program *p, mtx_plan *plan, text *problem)
{
    mtx_slot_desc *slots = arena_array(a, mtx_slot_desc, p->slots.n + 1);
    mtx_set_desc *sets = arena_array(a, mtx_set_desc, p->sets.n + 1);
    mtx_input_desc *inputs = arena_array(a, mtx_input_desc, p->inputs.n + 1);
    uint32_t *flags = plan_needs(a, p);
    for (uint32_t k = 0; k < p->slots.n; k++)
        slots[k] = (mtx_slot_desc){.name = p->slots.at[k].id ? p->slots.at[k].id : "",
                                   .axes = p->slots.at[k].axes,
                                   .has_cell = p->slots.at[k].axes != 0};
    for (uint32_t k = 0; k < p->slots.n; k++) program_elements(p, k, slots[k].elements);
    for (uint32_t k = 0; k < p->sets.n; k++) sets[k] = plan_set(p, k, flags[k]);
    plan_room(p, sets);
    bool good = true;
    for (uint32_t k = 0; k < p->inputs.n; k++) good &= plan_input(a, p, k, &inputs[k], problem);
    *plan = (mtx_plan){.n_slots = (int32_t)p->slots.n,
                       .n_sets = (int32_t)p->sets.n,
                       .n_inputs = (int32_t)p->inputs.n,
                       .slots = slots,
                       .sets = sets,
                       .inputs = inputs,
                       .name = p->id ? p->id : ""};
    return good;
}

void plan_reads(arena *a, mtx_plan *plan, const uint32_t *read)
{
    mtx_set_desc *sets = arena_copy(a, plan->sets, (size_t)plan->n_sets * sizeof *sets);
    for (int32_t s = 0; s < plan->n_sets; s++) {
        bool written = sets[s].need & MTX_NEED_SHIFT; /* with outputs over it */
        sets[s].need &= read[s] | ~(uint32_t)(MTX_NEED_REV | (written ? 0 : MTX_NEED_I));
    }
    plan->sets = sets;
}

/* ---- what some outputs do not read ------------------------------------------------------------------------ */

/* the sets that are read: arrays, sizes of scratch memory */
static void mark_sets(const kernel *k, bool *used)
{
    for (buffer_id b = 0; b < k->buffers.n; b++) {
        const buffer *of = &k->buffers.at[b];
        if (!k->uses->buffer[b]) continue;
        if (of->kind <= BUF_SET_DIST) used[of->index] = true;
        for (uint32_t j = 0; j < of->size.n_factor; j++) used[of->size.factor[j].set] = true;
    }
    for (uint32_t j = 0; j < k->uses->n_extent; j++) used[k->uses->extent[j].set] = true;
}

static void mark_inputs(const kernel *k, bool *used)
{
    for (buffer_id b = 0; b < k->buffers.n; b++)
        if (k->uses->buffer[b] && k->buffers.at[b].kind == BUF_INPUT) used[k->buffers.at[b].index] = true;
}

static void mark_id(bool *used, uint32_t id)
{
    if (id != SETIR_NONE) used[id] = true;
}

/* sets mention earlier ones only */
static void mark_mentioned(const module *m, bool *sets, bool *inputs)
{
    const program *p = m->p;
    for (set_id s = p->sets.n; s-- > 0;) {
        const set *d = &p->sets.at[s];
        sets[s] |= d->kind == SET_BASE;
        if (!sets[s]) continue;
        if (d->kind == SET_PAIRS || d->kind == SET_RANK) mark_id(sets, d->parent);
        if (d->kind == SET_DIFFER) mark_id(sets, d->host);
        if (d->kind == SET_DIFFER) mark_id(sets, d->sample);
        if (m->stage_of[s] == SETIR_NONE) continue;
        mark_sets(m->stages.at[m->stage_of[s]], sets);
        mark_inputs(m->stages.at[m->stage_of[s]], inputs);
    }
}

void plan_leave_out(arena *a, const module *m, mtx_plan *plan)
{
    const program *p = m->p;
    mtx_set_desc *sets = arena_copy(a, plan->sets, (size_t)plan->n_sets * sizeof *sets);
    mtx_slot_desc *slots = arena_copy(a, plan->slots, (size_t)plan->n_slots * sizeof *slots);
    mtx_input_desc *inputs = arena_copy(a, plan->inputs, (size_t)plan->n_inputs * sizeof *inputs);
    bool *read = arena_array(a, bool, p->sets.n + 1), *taken = arena_array(a, bool, p->inputs.n + 1);
    for (uint32_t k = 0; k < p->defs.n; k++)
        for (uint32_t j = 0; p->defs.at[k].output && j < p->defs.at[k].n_param; j++)
            read[p->ivars.at[p->defs.at[k].param[j]].set] = true;
    mark_sets(m->main, read);
    mark_inputs(m->main, taken);
    mark_mentioned(m, read, taken);
    for (int32_t k = 0; k < plan->n_sets; k++)
        if (!read[k]) sets[k].kind = MTX_SET_UNUSED;
    for (int32_t k = 0; k < plan->n_inputs; k++) {
        if (taken[k]) continue;
        if (inputs[k].role == MTX_IN_FIELD) inputs[k].role = MTX_IN_UNUSED;
        if (inputs[k].role == MTX_IN_SPECIES) slots[inputs[k].slot].elements[0] = slots[inputs[k].slot].elements[1] = 0;
    }
    plan->slots = slots;
    plan->sets = sets;
    plan->inputs = inputs;
}

static mtx_status prepare_in(arena *a, const program *p, const mtx_structure *const *frames, int64_t nb,
                             interp *x, mtx_batch *batch, mtx_problem *problem)
{
    mtx_plan plan;
    if (plan_from_program(a, p, &plan, NULL))
        return mtx_prepare(&plan, frames, nb, interp_stage, x, batch, problem);
    if (problem) {
        *problem = (mtx_problem){.status = MTX_EUNSUPPORTED, .frame = -1, .line = -1, .atom = -1};
        strcpy(problem->message, "the program takes what no file holds");
    }
    return MTX_EUNSUPPORTED;
}

mtx_status interp_prepare(const program *p, const mtx_structure *const *frames, int64_t nb, mtx_batch *batch,
                          mtx_problem *problem)
{
    interp *x = interp_new(p);
    if (!x) return MTX_ENOMEM;
    jmp_buf landing;
    arena a;
    arena_init(&a, &landing);
    mtx_status status = setjmp(landing) ? MTX_ENOMEM : prepare_in(&a, p, frames, nb, x, batch, problem);
    arena_free(&a);
    interp_free(x);
    return status;
}
