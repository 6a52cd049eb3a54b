/* SPDX-License-Identifier: Apache-2.0
 *
 * abi_entries.c: which kernels a library has. In: the outputs of a transform. Out: one kernel with all of
 * them, and smaller ones, so that an energy alone does not pay for forces.
 *
 * Inside a kernel what belongs to one output is left out when nobody wants it. What several outputs share is
 * computed in any case; so a kernel wastes nothing as long as it is asked for an output that needs what is
 * shared. Kernels for the cheapest output, the cheapest two, ... (E, F, S) do that: what F and S share is needed
 * by F, and E alone has a kernel without it.
 */
#include "abi.h"
#include "ad.h"
#include "local.h"
#include "loop_plan.h"
#include "rewrite.h"

#include <string.h>

enum { SHORT_LIST = 4 }; /* outputs, of which every beginning may have a kernel */

/* below that a shared value costs no more than to ask for it */
#define COST_WORTH 4.0

/* ---- a kernel for some outputs ------------------------------------------------------------------------- */

static const module *lower_some(arena *a, const program *p, const abi *x, const bool *keep)
{
    bool *output = arena_array(a, bool, p->defs.n + 1);
    for (uint32_t o = 0; o < x->outputs.n; o++)
        if (keep[o]) output[x->outputs.at[o].def] = true;
    diag_sink sink;
    diag_sink_init(&sink, a);
    return lower_program(a, program_with_outputs(a, p, output), &sink);
}

static void add_entry(arena *a, abi *x, const program *p, const kernel *k, const bool *keep)
{
    abi_entry e = {.k = k, .output = arena_array(a, uint32_t, x->outputs.n + 1)};
    uint32_t *output = arena_array(a, uint32_t, x->outputs.n + 1);
    e.local = local_kernel(k, p);
    for (uint32_t d = 0; d < p->defs.n; d++) /* the order that lower.c numbers outputs in */
        for (uint32_t o = 0; o < x->outputs.n; o++)
            if (keep[o] && x->outputs.at[o].def == d) {
                output[e.n++] = o;
                e.local = e.local && x->outputs.at[o].local;
            }
    e.output = output;
    e.symbol = x->entries.n ? arena_printf(a, "%s_kernel_%u", x->prefix, x->entries.n)
                            : arena_printf(a, "%s_kernel", x->prefix);
    vec_push(a, &x->entries, e);
}

static bool same_outputs(const abi *x, const abi_entry *e, const bool *keep)
{
    bool same = true;
    for (uint32_t o = 0; o < x->outputs.n; o++) same &= abi_entry_has(e, o) == keep[o];
    return same;
}

static void add_lowered(arena *a, abi *x, const program *p, const bool *keep)
{
    for (uint32_t e = 0; e < x->entries.n; e++)
        if (same_outputs(x, &x->entries.at[e], keep)) return;
    const module *m = lower_some(a, p, x, keep);
    if (m) add_entry(a, x, p, m->main, keep);
}

/* ---- derivatives by pairs, for ghosts ------------------------------------------------------------------- */

/* an energy: one number, a sum of what belongs to one atom or pair */
static bool is_energy(const abi *x, uint32_t o)
{
    const def *d = &x->t->declared->defs.at[x->outputs.at[o].def];
    return x->outputs.at[o].local && d->declared.kind == ELEM_REAL && !d->declared.rank &&
           !d->declared.channels && !d->n_param;
}

static bool name_taken(const abi *x, const char *words)
{
    bool taken = false;
    for (uint32_t o = 0; o < x->outputs.n; o++) taken |= !strcmp(x->outputs.at[o].name, words);
    return taken;
}

static def_id derivative(arena *a, program *p, def_id energy, set_id s, const char *words)
{
    ivar_id *pair = arena_array(a, ivar_id, 1);
    pair[0] = program_ivar(p, (ivar){.set = s, .row = SETIR_NONE, .to = SETIR_NONE, .partner = SETIR_NONE});
    const def *e = &p->defs.at[energy];
    unit length = unit_none();
    length.power[UNIT_LENGTH] = rational_new(1, 1);
    return program_def(p, (def){.id = words,
                                .at = e->at,
                                .type_at = e->type_at,
                                .param = pair,
                                .n_param = 1,
                                .elem = elem_real(1),
                                .declared = elem_real(1),
                                .body = SETIR_NONE,
                                .lib = LIB_GRAD,
                                .lib_arg = energy,
                                .lib_at = e->at,
                                .wrt = {WRT_PAIRS, p->sets.at[s].slot, SETIR_NONE, s},
                                .output = true,
                                .out_unit = unit_div(e->out_unit, length),
                                .out_scale = 1,
                                .doc = "Derivative by the displacement of each pair, for mtx_pairs_forces."});
}

/* the program with a derivative of every energy by every set of pairs as further outputs; NULL: there are none */
static const program *add_derivatives(arena *a, abi *x)
{
    program *p = program_copy(a, x->t->inferred);
    uint32_t n = x->outputs.n;
    for (uint32_t o = 0; o < n; o++)
        for (uint32_t s = 0; s < p->sets.n && is_energy(x, o); s++) {
            if (p->sets.at[s].kind != SET_PAIRS) continue;
            const char *words = arena_printf(a, "%s_by_%s", x->outputs.at[o].name, x->set[s]);
            if (name_taken(x, words)) continue;
            def_id d = derivative(a, p, x->outputs.at[o].def, s, words);
            vec_push(a, &x->outputs,
                     ((abi_output){.name = words, .def = d, .of = x->outputs.at[o].def, .why = ""}));
        }
    diag_sink sink;
    diag_sink_init(&sink, a);
    const program *all = x->outputs.n > n ? ad_expand(a, p, &sink) : NULL;
    uint32_t end = n;
    for (uint32_t o = n; all && o < x->outputs.n; o++) {
        abi_output *out = &x->outputs.at[o];
        out->p = all;
        out->local = local_output(all, out->def, &out->why);
        if (out->local) x->outputs.at[end++] = *out;
    }
    x->outputs.n = end;
    return end > n ? all : NULL;
}

/* ---- which beginnings are worth a kernel --------------------------------------------------------------- */

typedef struct reach {
    const program *p;
    uint32_t *first, *last, *users; /* by node: first and last output that need it; how many do */
    uint32_t *seen, stamp;
} reach;

static void reach_node(reach *r, node_id id)
{
    if (id == SETIR_NONE || r->seen[id] == r->stamp + 1) return;
    r->seen[id] = r->stamp + 1;
    if (!r->users[id]++) r->first[id] = r->stamp;
    r->last[id] = r->stamp;
    const node *n = &r->p->nodes.at[id];
    for (uint32_t k = 0; k < n->n_args; k++) reach_node(r, n->arg[k]);
    for (uint32_t k = 0; k < n->imm.n_ivars; k++) reach_node(r, r->p->ivars.at[n->imm.ivars[k]].row);
    if (n->op != OP_ACCESS && n->op != OP_PADGET) return;
    const def *d = &r->p->defs.at[n->imm.def];
    while (d->lib != LIB_NONE) d = &r->p->defs.at[d->lib_arg];
    reach_node(r, d->body);
}

/* `turn`: its place in the list of outputs that is looked at */
static void reach_output(reach *r, const abi *x, uint32_t o, uint32_t turn)
{
    const def *d = &r->p->defs.at[x->outputs.at[o].def];
    while (d->lib != LIB_NONE) d = &r->p->defs.at[d->lib_arg];
    r->stamp = turn;
    reach_node(r, d->body);
}

/* does a kernel compute something in vain when only outputs before `end` are wanted: what later ones share;
 * with few outputs also what they share with those before, which may be stored for their sake */
static bool saves(const reach *r, uint32_t end, bool strict)
{
    for (uint32_t i = 0; i < r->p->nodes.n; i++) {
        const node *n = &r->p->nodes.at[i];
        bool worth = n->op == OP_REDUCE || (n->n_free && op_cost(r->p, n) >= COST_WORTH);
        if (worth && r->users[i] > 1 && r->last[i] >= end && (!strict || r->first[i] >= end)) return true;
    }
    return false;
}

static reach reach_all(arena *a, const abi *x, const program *p, const uint32_t *list, uint32_t n)
{
    reach r = {.p = p};
    r.first = arena_array(a, uint32_t, p->nodes.n + 1);
    r.last = arena_array(a, uint32_t, p->nodes.n + 1);
    r.users = arena_array(a, uint32_t, p->nodes.n + 1);
    r.seen = arena_array(a, uint32_t, p->nodes.n + 1);
    for (uint32_t i = 0; i < n; i++) reach_output(&r, x, list[i], i);
    return r;
}

/* nodes that an output needs: what it costs, roughly */
static uint32_t size_of(arena *a, const abi *x, const program *p, uint32_t o)
{
    reach r = reach_all(a, x, p, &o, 1);
    uint32_t n = 0;
    for (uint32_t k = 0; k < p->nodes.n; k++) n += r.users[k] > 0;
    return n;
}

/* the outputs that `from` has, those that need least first; how many */
static uint32_t cheapest_first(arena *a, const abi *x, const program *p, const bool *from, uint32_t *list)
{
    uint32_t n = 0, *size = arena_array(a, uint32_t, x->outputs.n + 1);
    for (uint32_t o = 0; o < x->outputs.n; o++) {
        if (!from[o]) continue;
        uint32_t mine = size_of(a, x, p, o), at = n++;
        for (; at > 0 && size[at - 1] > mine; at--) {
            size[at] = size[at - 1];
            list[at] = list[at - 1];
        }
        size[at] = mine;
        list[at] = o;
    }
    return n;
}

/* kernels for the beginnings of that list, from the longest */
static void add_beginnings(arena *a, abi *x, const program *p, const bool *from)
{
    uint32_t *list = arena_array(a, uint32_t, x->outputs.n + 1);
    uint32_t n = cheapest_first(a, x, p, from, list), larger = n, made = 0;
    bool *keep = arena_array(a, bool, x->outputs.n + 1);
    for (uint32_t k = n; k-- > 1 && made < SHORT_LIST - 1;) {
        reach r = reach_all(a, x, p, list, larger);
        if (!saves(&r, k, n > SHORT_LIST)) continue;
        memset(keep, 0, x->outputs.n * sizeof *keep);
        for (uint32_t i = 0; i < k; i++) keep[list[i]] = true;
        add_lowered(a, x, p, keep);
        larger = k;
        made++;
    }
}

/* ---- all of them --------------------------------------------------------------------------------------- */

bool abi_entry_has(const abi_entry *e, uint32_t o)
{
    bool has = false;
    for (uint32_t k = 0; k < e->n; k++) has |= e->output[k] == o;
    return has;
}

bool abi_ghosts(const abi *x, uint32_t o)
{
    bool has = false;
    for (uint32_t e = 0; e < x->entries.n; e++) {
        const abi_entry *entry = &x->entries.at[e];
        has |= entry->local && (o == SETIR_NONE || abi_entry_has(entry, o));
    }
    return has;
}

bool abi_entry_reads(const abi_entry *e, buffer_kind kind, uint32_t index)
{
    return kernel_reads(e->k, kind, index);
}

bool abi_reads(const abi *x, buffer_kind kind, uint32_t index)
{
    for (uint32_t e = 0; e < x->entries.n; e++)
        if (abi_entry_reads(&x->entries.at[e], kind, index)) return true;
    return false;
}

/* Ghosts are those of one structure, in pairs of its atoms. */
static bool can_have_ghosts(const program *p)
{
    uint32_t base = 0;
    for (uint32_t s = 0; s < p->sets.n; s++) {
        const set *d = &p->sets.at[s];
        base += d->kind == SET_BASE;
        if (d->kind == SET_DIFFER || (d->kind == SET_PAIRS && p->sets.at[d->parent].kind != SET_BASE))
            return false;
    }
    return base == 1;
}

/* the outputs that a host with ghosts may ask for: kernels that compute nothing else */
static void add_local(arena *a, abi *x, const program *p)
{
    bool *keep = arena_array(a, bool, x->outputs.n + 1), any = false;
    for (uint32_t o = 0; o < x->outputs.n; o++) {
        keep[o] = x->outputs.at[o].local;
        any |= keep[o];
    }
    if (!any || (x->entries.at[0].local && same_outputs(x, &x->entries.at[0], keep))) return;
    uint32_t before = x->entries.n;
    add_lowered(a, x, p, keep);
    if (x->entries.n > before && !x->entries.at[before].local)
        x->entries.n = before; /* nobody would call it */
    else
        add_beginnings(a, x, p, keep);
}

void abi_entries(arena *a, abi *x)
{
    const program *p = x->t->loops->p; /* derivatives written out, same ids */
    bool *keep = arena_array(a, bool, x->outputs.n + 1), ghosts = can_have_ghosts(p);
    for (uint32_t o = 0; o < x->outputs.n; o++) {
        abi_output *out = &x->outputs.at[o];
        keep[o] = true;
        out->why = "more than one structure";
        out->local = ghosts && local_output(p, out->def, &out->why);
    }
    add_entry(a, x, p, x->t->loops->main, keep);
    add_beginnings(a, x, p, keep);
    const program *more = ghosts && !x->t->product ? add_derivatives(a, x) : NULL;
    uint32_t usual = x->entries.n;
    if (ghosts) add_local(a, x, more ? more : p);
    for (uint32_t e = usual; e < x->entries.n; e++) x->entries.at[e].extra = true;
}
