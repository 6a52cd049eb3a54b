/* SPDX-License-Identifier: Apache-2.0
 *
 * species_use.c: elements that index lists of elements. In: a program. Out: which elements the atoms of a structure may
 * have, so that each has a place in every list that is indexed by them; whether what is written in the spec itself has.
 */
#include "setir.h"

typedef struct looking {
    const program *p;
    uint32_t slot;                 /* wanted: whose atoms; SETIR_NONE: none                                 */
    const set *list;
    bool *seen;
    bool from_slot;
    node_id culprit;
} looking;

static bool lists(const set *s, int32_t z)
{
    for (int32_t k = 0; k < s->count; k++)
        if (s->species[k] == z) return true;
    return false;
}

bool set_has_all_species(const set *s)
{
    for (int32_t z = 0; z < SETIR_SPECIES; z++)
        if (s->kind != SET_SPECIES || !lists(s, z)) return false;
    return true;
}

static bool is_part(const set *part, const set *whole)
{
    for (int32_t k = 0; k < part->count; k++)
        if (!lists(whole, part->species[k])) return false;
    return true;
}

static void look(looking *x, node_id id);

static void look_input(looking *x, node_id id, input_id in)
{
    if (x->p->inputs.at[in].role != IN_SPECIES)
        x->culprit = id;
    else
        x->from_slot |= x->p->inputs.at[in].slot == x->slot;
}

/* where the element comes from */
static void look(looking *x, node_id id)
{
    if (x->seen[id]) return;
    x->seen[id] = true;
    const node *n = &x->p->nodes.at[id];
    switch ((int)n->op) {
    case OP_SPECIES_CONST:
        if (!lists(x->list, n->imm.k)) x->culprit = id;
        return;
    case OP_INDEX_SPECIES:
        if (!is_part(&x->p->sets.at[x->p->nodes.at[n->arg[0]].elem.set], x->list)) x->culprit = id;
        return;
    case OP_INPUT: look_input(x, id, n->imm.input); return;
    case OP_LOOKUP:
        look_input(x, id, n->imm.input);
        look(x, n->arg[1]);
        return;
    case OP_SELECT:
        look(x, n->arg[1]);
        look(x, n->arg[2]);
        return;
    case OP_ASCRIBE: look(x, n->arg[0]); return;
    case OP_ACCESS: {
        const def *d = &x->p->defs.at[n->imm.def];
        while (d->lib == LIB_LIST) d = &x->p->defs.at[d->lib_arg];
        if (d->lib == LIB_NONE)
            look(x, d->body);
        else
            x->culprit = id;
        return;
    }
    default: x->culprit = id; return;
    }
}

node_id program_species_misfit(const program *p, node_id species, set_id list)
{
    if (set_has_all_species(&p->sets.at[list])) return SETIR_NONE;
    looking x = {.p = p, .slot = SETIR_NONE, .list = &p->sets.at[list], .culprit = SETIR_NONE};
    x.seen = arena_array(p->memory, bool, p->nodes.n + 1);
    look(&x, species);
    return x.culprit;
}

bool program_elements(const program *p, uint32_t of, uint64_t bits[2])
{
    bool limited = false;
    for (uint32_t k = 0; k < p->nodes.n; k++) {
        const node *n = &p->nodes.at[k];
        if (n->op != OP_SPECIES_INDEX || set_has_all_species(&p->sets.at[n->imm.set])) continue;
        looking x = {.p = p, .slot = of, .list = &p->sets.at[n->imm.set], .culprit = SETIR_NONE};
        x.seen = arena_array(p->memory, bool, p->nodes.n + 1);
        look(&x, n->arg[0]);
        if (!x.from_slot) continue;
        uint64_t own[2] = {1, 0}; /* no atom has number 0: lists that share no element take nobody, not everybody */
        for (int32_t j = 0; j < x.list->count; j++) {
            int32_t z = x.list->species[j];
            if (z > 0 && z < 128) own[z / 64] |= UINT64_C(1) << z % 64;
        }
        for (int j = 0; j < 2; j++) bits[j] = limited ? bits[j] & own[j] : own[j];
        limited = true;
    }
    return limited;
}
