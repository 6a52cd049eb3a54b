/* SPDX-License-Identifier: Apache-2.0
 *
 * verify.c: is a program well formed? In: a program from any source. Out: true, or false and one sentence
 * about the first fault. Checked here: sets, slots, inputs, index variables, closed cutoffs; nodes in verify_node.c,
 * tensors in verify_def.c. Units, laws and what the user meant are not checked.
 */
#include "verify.h"

#include "curve.h"
#include "irreps.h"

void verify_fault(verifier *v, const char *format, ...)
{
    if (!v->ok) return;
    v->ok = false;
    if (!v->out) return;
    char *message;
    va_list ap;
    va_start(ap, format);
    message = arena_vprintf(v->p->memory, format, ap);
    va_end(ap);
    text_add(v->out, message);
}

/* ------------------------------------------------------------------------------------------- sets, tables */

bool verify_set_is(const program *p, set_id s, set_kind kind)
{
    return s < p->sets.n && p->sets.at[s].kind == kind;
}

static void verify_set(verifier *v, set_id id)
{
    const program *p = v->p;
    const set *s = &p->sets.at[id];
    const char *bad = NULL;
    bool has_slot = s->slot < p->slots.n, has_cutoff = s->cutoff < p->nodes.n;
    switch (s->kind) {
    case SET_BASE: bad = has_slot ? NULL : "a base set needs a slot"; break;
    case SET_PAIRS:
        if (s->parent >= id || !(verify_set_is(p, s->parent, SET_BASE) || verify_set_is(p, s->parent, SET_DIFFER)))
            bad = "pairs are over an earlier base or differ set";
        else if (!has_slot || !has_cutoff)
            bad = "pairs need a slot and a cutoff";
        break;
    case SET_DIFFER:
        if (s->host >= id || s->sample >= id || !verify_set_is(p, s->host, SET_BASE) ||
            !verify_set_is(p, s->sample, SET_BASE))
            bad = "differ compares two earlier base sets";
        else if (!has_slot)
            bad = "a differ set needs a slot";
        break;
    case SET_RECIP:
        bad = has_slot && has_cutoff && p->slots.at[s->slot].axes
                  ? NULL
                  : "reciprocal vectors need a lattice and a cutoff";
        break;
    case SET_AXIS: {
        int axes = has_slot ? __builtin_popcount(p->slots.at[s->slot].axes & 7u) : 0;
        bad = axes && s->count == axes ? NULL : "the axes of a slot are its periodic directions";
        break;
    }
    case SET_RANGE:
        bad = s->lo <= s->hi && (int64_t)s->hi - s->lo < (1 << 24) ? NULL : "a range runs upwards";
        break;
    case SET_SPECIES: bad = s->count > 0 && s->species ? NULL : "a species set lists elements"; break;
    case SET_RANK:
        bad = (s->parent == SETIR_NONE ? s->count >= 0 : s->parent < id) ? NULL
                                                                         : "a rank set has an earlier parent";
        break;
    default: bad = "no such kind"; break;
    }
    if (bad) verify_fault(v, "S%u: %s", id, bad);
}

/* a cutoff is a closed real scalar that reaches earlier sets only; checked when the nodes stand */
static void verify_cutoff(verifier *v, set_id id)
{
    const set *s = &v->p->sets.at[id];
    if (s->kind != SET_PAIRS && s->kind != SET_RECIP) return;
    const node *n = &v->p->nodes.at[s->cutoff];
    if (n->n_free)
        verify_fault(v, "S%u: its cutoff %%%u depends on index variables", id, s->cutoff);
    else if (!elem_equal(n->elem, elem_real(0)))
        verify_fault(v, "S%u: its cutoff %%%u is no real scalar", id, s->cutoff);
    else if (v->top_set[s->cutoff] > id)
        verify_fault(v, "S%u: its cutoff %%%u depends on the set itself or a later one", id, s->cutoff);
}

static void verify_curve(verifier *v, uint32_t id)
{
    const char *bad = curve_fault(v->p, &v->p->curves.at[id]);
    if (bad) verify_fault(v, "curve c%u: %s", id, bad);
}

static void verify_param(verifier *v, param_id id)
{
    const char *bad = parameter_fault(v->p, id);
    if (bad) verify_fault(v, "P%u: %s", id, bad);
}

static void verify_slot(verifier *v, uint32_t id)
{
    const slot *s = &v->p->slots.at[id];
    if (!verify_set_is(v->p, s->base, SET_BASE) || v->p->sets.at[s->base].slot != id)
        verify_fault(v, "slot %u: its base set is not its own", id);
    const input_id in[2] = {s->position, s->species};
    const input_role role[2] = {IN_POSITION, IN_SPECIES};
    for (int k = 0; k < 2; k++)
        if (in[k] != SETIR_NONE && (in[k] >= v->p->inputs.n || v->p->inputs.at[in[k]].role != role[k]))
            verify_fault(v, "slot %u: in%u is not its %s", id, in[k], k ? "species" : "positions");
    if (s->axes > 7) verify_fault(v, "slot %u: a lattice has three axes", id);
}

void verify_elem(verifier *v, const char *what, uint32_t id, elem e)
{
    bool good = e.kind == ELEM_BOOL || e.kind == ELEM_SPECIES ||
                (e.kind == ELEM_INDEX && e.set < v->p->sets.n) ||
                (e.kind == ELEM_REAL && e.rank <= 2 && (e.rank == 0 || e.channels == 0));
    if (e.kind == ELEM_REAL && e.irreps) {
        const irreps *r = irreps_of(v->p, e);
        good = good && r && irreps_channels(r->part, r->n) == e.channels;
    }
    if (!good) verify_fault(v, "%s%u: no such element type", what, id);
}

static void verify_input(verifier *v, input_id id)
{
    const input *in = &v->p->inputs.at[id];
    verify_elem(v, "in", id, in->elem);
    for (uint32_t k = 0; k < in->n_domain; k++)
        if (in->domain[k] >= v->p->sets.n) verify_fault(v, "in%u: its domain names no set", id);
    if (in->slot != SETIR_NONE && in->slot >= v->p->slots.n) verify_fault(v, "in%u: its slot does not exist", id);
    if (in->role == IN_FIELD) return;
    bool fits = in->n_domain == 1 && verify_set_is(v->p, in->domain[0], SET_BASE) &&
                v->p->sets.at[in->domain[0]].slot == in->slot;
    elem want = in->role == IN_POSITION ? elem_real(1) : elem_species();
    if (!fits || !elem_equal(in->elem, want))
        verify_fault(v, "in%u: %s are one per site of their slot", id,
              in->role == IN_POSITION ? "positions" : "species");
}

static void verify_ivar(verifier *v, ivar_id id)
{
    const program *p = v->p;
    const ivar *x = &p->ivars.at[id];
    if (x->set >= p->sets.n) return verify_fault(v, "i%u: its set does not exist", id);
    const node_id range[2] = {x->row, x->to};
    for (int k = 0; k < 2; k++) {
        if (range[k] == SETIR_NONE) continue;
        bool fits = range[k] < p->nodes.n && p->sets.at[x->set].kind == SET_PAIRS &&
                    elem_equal(p->nodes.at[range[k]].elem, elem_index(p->sets.at[x->set].parent));
        if (!fits) return verify_fault(v, "i%u: a row is given by an index of the parent of a pair set", id);
    }
    if (x->to != SETIR_NONE && x->row == SETIR_NONE) verify_fault(v, "i%u: a second end without a first", id);
    if (x->partner == SETIR_NONE) {
        if (x->unordered) verify_fault(v, "i%u: unordered needs a partner", id);
        return;
    }
    const ivar *o = x->partner < id ? &p->ivars.at[x->partner] : NULL;
    if (!o || o->set != x->set || o->row != x->row || o->to != x->to)
        verify_fault(v, "i%u: its partner is an earlier variable over the same elements", id);
}

bool program_verify(const program *p, text *problem)
{
    verifier v = {.p = p, .out = problem, .ok = true};
    v.top_set = arena_array(p->memory, uint32_t, p->nodes.n + 1);
    for (uint32_t k = 0; v.ok && k < p->tables.n; k++) verify_table(&v, k);
    for (uint32_t k = 0; v.ok && k < p->sets.n; k++) verify_set(&v, k);
    for (uint32_t k = 0; v.ok && k < p->curves.n; k++) verify_curve(&v, k);
    for (uint32_t k = 0; v.ok && k < p->params.n; k++) verify_param(&v, k);
    for (uint32_t k = 0; v.ok && k < p->slots.n; k++) verify_slot(&v, k);
    for (uint32_t k = 0; v.ok && k < p->inputs.n; k++) verify_input(&v, k);
    for (uint32_t k = 0; v.ok && k < p->ivars.n; k++) verify_ivar(&v, k);
    for (uint32_t k = 0; v.ok && k < p->defs.n; k++) verify_def(&v, k);
    for (uint32_t k = 0; v.ok && k < p->nodes.n; k++) verify_node(&v, k);
    for (uint32_t k = 0; v.ok && k < p->defs.n; k++) verify_scope(&v, k);
    for (uint32_t k = 0; v.ok && k < p->sets.n; k++) verify_cutoff(&v, k);
    for (uint32_t k = 0; v.ok && k < p->claims.n; k++)
        if (p->claims.at[k].subject != SETIR_NONE && p->claims.at[k].subject >= p->defs.n)
            verify_fault(&v, "a claim about a tensor that does not exist");
    return v.ok;
}
