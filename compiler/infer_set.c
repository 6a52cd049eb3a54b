/* SPDX-License-Identifier: Apache-2.0
 *
 * infer_set.c: In: set expressions, binders, domains and element types. Out: sets, index variables, element types.
 * Not here: values (infer_expr.c).
 */
#include "infer_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <mtx/mtxrt.h>

const char *set_text(infer *x, set_id id)
{
    const set *s = &x->p->sets.at[id];
    if (s->id) {
        bool owned = s->kind == SET_BASE && x->p->slots.at[s->slot].id;
        return owned ? arena_printf(x->a, "%s.%s", x->p->slots.at[s->slot].id, s->id) : s->id;
    }
    switch (s->kind) {
    case SET_BASE: return "sites";
    case SET_PAIRS: return arena_printf(x->a, "pairs(%s)", set_text(x, s->parent));
    case SET_DIFFER: return "differ(...)";
    case SET_RECIP: return "reciprocal(...)";
    case SET_AXIS: return arena_printf(x->a, "%s.axis", x->p->slots.at[s->slot].id);
    case SET_RANGE: return arena_printf(x->a, "%d..%d", s->lo, s->hi);
    case SET_SPECIES: return set_has_all_species(s) ? "species" : "species(...)";
    case SET_RANK:
        return s->parent == SETIR_NONE ? arena_printf(x->a, "rank(%d)", s->count)
                                       : arena_printf(x->a, "rank(%s)", set_text(x, s->parent));
    }
    return "set";
}

int element_number(name id)
{
    return mtx_element_number(id, strlen(id));
}

/* ranges, ranks, axes and species lists are equal when written alike; sets of data are nominal */
static bool same_set(const set *a, const set *b)
{
    if (a->kind != b->kind) {
        return false;
    }
    switch (a->kind) {
    case SET_RANGE: return a->lo == b->lo && a->hi == b->hi;
    case SET_RANK: return a->parent == b->parent && a->count == b->count;
    case SET_AXIS: return a->slot == b->slot;
    case SET_SPECIES: return a->count == b->count && !memcmp(a->species, b->species, sizeof(int32_t) * (size_t)a->count);
    case SET_PAIRS: case SET_RECIP: return a->parent == b->parent && a->slot == b->slot && a->cutoff == b->cutoff;
    case SET_DIFFER: return a->host == b->host && a->sample == b->sample;
    case SET_BASE: return false;
    }
    return false;
}

static set_id intern_set(infer *x, set s)
{
    for (uint32_t k = 0; k < x->p->sets.n; k++) {
        if (same_set(&x->p->sets.at[k], &s)) {
            return k;
        }
    }
    return program_set(x->p, s);
}

static set blank_set(set_kind kind, span at)
{
    return (set){.kind = kind, .at = at, .slot = SETIR_NONE, .parent = SETIR_NONE, .host = SETIR_NONE,
                 .sample = SETIR_NONE, .cutoff = SETIR_NONE};
}

set_id set_range(infer *x, int lo, int hi, span at)
{
    set s = blank_set(SET_RANGE, at);
    s.lo = lo;
    s.hi = hi;
    return intern_set(x, s);
}

set_id set_rank(infer *x, set_id parent, int count, span at)
{
    set s = blank_set(SET_RANK, at);
    s.parent = parent;
    s.count = count;
    return intern_set(x, s);
}

set_id set_axis(infer *x, uint32_t slot_index, span at)
{
    set s = blank_set(SET_AXIS, at);
    uint8_t axes = x->p->slots.at[slot_index].axes;
    s.slot = slot_index;
    s.count = (axes & 1) + (axes >> 1 & 1) + (axes >> 2 & 1);
    return intern_set(x, s);
}

static value value_set(set_id s, span at)
{
    return (value){.kind = V_SET, .at = at, .set = s, .row = SETIR_NONE, .to = SETIR_NONE, .def = SETIR_NONE};
}

static value not_a_set(infer *x, span at, const char *what)
{
    diag *d = infer_report(x, D_NOT_A_SET, at);
    diag_label_primary(x->sink, d, "%s", what);
    return value_error(at);
}

/* `species` alone is the set of all that a species can be: its columns do not depend on the file */
static value species_alone(infer *x, value v)
{
    if (v.kind != V_BUILTIN || v.builtin != BI_SPECIES) {
        return v;
    }
    int32_t all[SETIR_SPECIES];
    for (int32_t z = 0; z < SETIR_SPECIES; z++) {
        all[z] = z;
    }
    return value_set(set_species(x, all, SETIR_SPECIES, v.at), v.at);
}

/* ---- pairs(S) within rc, reciprocal(s) within gc: the cutoff must be closed, a length or its inverse */
static bool refuse_cutoff(infer *x, const expr *cutoff, node_id c, bool recip)
{
    unit want = unit_none();
    want.power[UNIT_LENGTH] = rational_new(recip ? -1 : 1, 1);
    if (!unit_equal(infer_unit(x, c), want)) {
        diag *d = infer_report(x, D_CUTOFF_UNIT, cutoff->at, recip ? "an inverse length" : "a length");
        diag_label_primary(x->sink, d, recip ? "this needs a unit such as 1/Å" : "this needs a unit such as Å");
        double number;
        if (unit_is_none(infer_unit(x, c)) && const_value(x, c, &number)) {
            diag_help(x->sink, d, recip ? "%g [1/Å]" : "%g Å", number);
        }
        return true;
    }
    if (x->p->nodes.at[c].n_free) {
        diag *d = infer_report(x, D_CUTOFF_OPEN, cutoff->at);
        diag_label_primary(x->sink, d, "depends on an index");
        return true;
    }
    const param_id moved = param_mentioned(x, c);
    if (moved != SETIR_NONE) {
        diag *d = infer_report(x, D_PARAM_HELD, cutoff->at, x->p->params.at[moved].id);
        diag_label_primary(x->sink, d, "which pairs there are would be trained");
        if (!recip) {
            diag_help(x->sink, d, "within 5 Å   and a parameter that weighs what ends there:  w * cutoff(norm(b.d), 5 Å, 3)");
        }
        return true;
    }
    double number;
    if (const_value(x, c, &number) && !(number > 0 && number < 1e6)) {
        diag *d = infer_report(x, D_CUTOFF_RANGE, cutoff->at);
        diag_label_primary(x->sink, d, "is %g", number);
        return true;
    }
    return false;
}

static value set_within(infer *x, scope *s, const expr *call, const expr *cutoff, span at)
{
    if (call->kind != E_CALL || call->call.base->kind != E_NAME || call->call.n != 1) {
        return not_a_set(x, call->at, "`within` follows pairs(...) or reciprocal(...)");
    }
    value f = infer_lookup(x, s, call->call.base->ident.id, call->call.base->at, false);
    if (f.kind == V_ERROR) {
        return f;
    }
    bool recip = f.kind == V_BUILTIN && f.builtin == BI_RECIPROCAL;
    if (!recip && !(f.kind == V_BUILTIN && f.builtin == BI_PAIRS)) {
        return not_a_set(x, call->at, "`within` follows pairs(...) or reciprocal(...)");
    }
    set made = blank_set(recip ? SET_RECIP : SET_PAIRS, at);
    if (recip) {
        value v = infer_expr(x, s, call->call.arg[0].value);
        if (v.kind != V_SLOT) {
            return v.kind == V_ERROR ? v : not_a_set(x, v.at, "a structure is needed here");
        }
        if (!x->p->slots.at[v.slot].axes) {
            return not_a_set(x, v.at, "this structure has no lattice");
        }
        made.slot = v.slot;
    } else {
        value v = infer_set(x, s, call->call.arg[0].value);
        if (v.kind == V_ERROR) {
            return v;
        }
        const set *parent = v.kind == V_SET ? &x->p->sets.at[v.set] : NULL;
        if (!parent || (parent->kind != SET_BASE && parent->kind != SET_DIFFER)) {
            return not_a_set(x, v.at, "pairs are made of sites: a set with positions is needed here");
        }
        if (parent->kind == SET_BASE && x->p->slots.at[parent->slot].position == SETIR_NONE) {
            return not_a_set(x, v.at, "this set has no positions (a field of type point)");
        }
        made.parent = v.set;
        made.slot = parent->kind == SET_BASE ? parent->slot : x->p->sets.at[parent->sample].slot;
    }
    node_id c = infer_real(x, s, cutoff, 0);
    if (c == SETIR_NONE || refuse_cutoff(x, cutoff, c, recip)) {
        return value_error(at);
    }
    made.cutoff = c;
    return value_set(intern_set(x, made), at);
}

set_id set_species(infer *x, const int32_t *species, int32_t n, span at)
{
    set s = blank_set(SET_SPECIES, at);
    s.species = arena_copy(x->a, species, sizeof *species * (size_t)n);
    s.count = n;
    return intern_set(x, s);
}

static value set_from_species(infer *x, const expr *e)
{
    set s = blank_set(SET_SPECIES, e->at);
    s.species = arena_array(x->a, int32_t, e->call.n + 1);
    for (uint32_t k = 0; k < e->call.n; k++) {
        const expr *arg = e->call.arg[k].value;
        int z = arg->kind == E_NAME ? strcmp(arg->ident.id, "vacancy") == 0 ? -1 : element_number(arg->ident.id) : 0;
        if (z == 0) {
            diag *d = infer_report(x, D_UNKNOWN_ELEMENT, arg->at);
            diag_label_primary(x->sink, d, "not a chemical symbol");
            const char *meant = arg->kind == E_NAME ? arg->ident.id : arg->kind == E_STRING ? arg->string.value : "";
            const char *symbol = hint_element(x, meant);
            if (symbol) {
                diag_help(x->sink, d, "%s%s", symbol, arg->kind == E_STRING ? "   without quotes" : "");
            }
            return value_error(e->at);
        }
        z = z < 0 ? 0 : z;
        for (int32_t j = 0; j < s.count; j++) {
            if (s.species[j] == z) {
                diag *d = infer_report(x, D_TWICE, arg->at, arg->ident.id);
                diag_label_primary(x->sink, d, "named twice");
                return value_error(e->at);
            }
        }
        s.species[s.count++] = z;
    }
    return value_set(intern_set(x, s), e->at);
}

static value set_from_differ(infer *x, scope *s, const expr *e)
{
    value a = infer_set(x, s, e->call.arg[0].value), b = infer_set(x, s, e->call.arg[1].value);
    if (a.kind == V_ERROR || b.kind == V_ERROR) {
        return value_error(e->at);
    }
    for (int k = 0; k < 2; k++) {
        value v = k ? b : a;
        if (v.kind != V_SET || x->p->sets.at[v.set].kind != SET_BASE || !x->p->slots.at[x->p->sets.at[v.set].slot].axes) {
            return not_a_set(x, v.at, "the sites of a structure with a lattice are needed here");
        }
        const slot *sl = &x->p->slots.at[x->p->sets.at[v.set].slot];
        if (sl->position == SETIR_NONE || sl->species == SETIR_NONE) {
            return not_a_set(x, v.at, "these sites need positions and species to be compared");
        }
    }
    if (a.set == b.set) {
        return not_a_set(x, b.at, "a host and a sample are needed: these are the same sites");
    }
    set made = blank_set(SET_DIFFER, e->at);
    made.host = a.set;
    made.sample = b.set;
    made.slot = x->p->sets.at[b.set].slot;
    if (x->p->slots.at[x->p->sets.at[a.set].slot].axes != x->p->slots.at[made.slot].axes) {
        return not_a_set(x, e->at, "host and sample must repeat along the same axes");
    }
    return value_set(intern_set(x, made), e->at);
}

static value set_from_rank(infer *x, scope *s, const expr *e)
{
    const expr *arg = e->call.arg[0].value;
    int n;
    if (arg->kind == E_NUMBER) {
        if (!infer_int(x, s, arg, &n)) {
            return value_error(e->at);
        }
        if (n < 1 || n > 100000) {
            return not_a_set(x, arg->at, "a rank has 1 to 100000 places");
        }
        return value_set(set_rank(x, SETIR_NONE, n, e->at), e->at);
    }
    value v = infer_expr(x, s, arg);
    double number;
    if (v.kind == V_NODE && const_value(x, v.node, &number) && number == floor(number) && number >= 1 && number <= 1e5) {
        constant_held(x, v.node, arg->at);
        return value_set(set_rank(x, SETIR_NONE, (int)number, e->at), e->at);
    }
    v = species_alone(x, v);
    if (v.kind != V_SET) {
        return v.kind == V_ERROR ? v : not_a_set(x, arg->at, "a set or a whole number is needed here");
    }
    return value_set(set_rank(x, v.set, 0, e->at), e->at);
}

static value row_of(infer *x, scope *s, value base, const expr *e)
{
    if (base.kind == V_ERROR) {
        return base;
    }
    if (base.kind != V_SET || x->p->sets.at[base.set].kind != SET_PAIRS) {
        return not_a_set(x, e->at, "only pairs have rows: bond(i) are the pairs that start at i");
    }
    if (e->call.n < 1 || e->call.n > 2) {
        return not_a_set(x, e->at, "a row takes one index, or two for the images between two sites");
    }
    value v = {.kind = V_ROW, .at = e->at, .set = base.set, .row = SETIR_NONE, .to = SETIR_NONE, .def = SETIR_NONE};
    set_id parent = x->p->sets.at[base.set].parent;
    v.row = index_into(x, infer_node(x, s, e->call.arg[0].value), parent, e->call.arg[0].value->at);
    if (v.row == SETIR_NONE) {
        return value_error(e->at);
    }
    if (e->call.n == 2) {
        v.to = index_into(x, infer_node(x, s, e->call.arg[1].value), parent, e->call.arg[1].value->at);
        if (v.to == SETIR_NONE) {
            return value_error(e->at);
        }
    }
    return v;
}

static value set_from_call(infer *x, scope *s, const expr *e)
{
    if (e->call.base->kind != E_NAME) {
        return row_of(x, s, infer_set(x, s, e->call.base), e);
    }
    value f = infer_lookup(x, s, e->call.base->ident.id, e->call.base->at, false);
    if (f.kind == V_SET) {
        return row_of(x, s, f, e);
    }
    if (f.kind != V_BUILTIN) {
        return f.kind == V_ERROR ? f : not_a_set(x, e->at, "this is not a set");
    }
    const builtin_row *row = &builtin_table[f.builtin];
    if ((int)e->call.n < row->least || (int)e->call.n > row->most) {
        diag *d = infer_report(x, D_ARGUMENT_COUNT, e->at, row->name, row->sig);
        diag_label_primary(x->sink, d, "%u given", e->call.n);
        return value_error(e->at);
    }
    switch (f.builtin) {
    case BI_SPECIES: return set_from_species(x, e);
    case BI_DIFFER: return set_from_differ(x, s, e);
    case BI_RANK: return set_from_rank(x, s, e);
    case BI_EACH: {
        value v = infer_expr(x, s, e->call.arg[0].value);
        return v.kind == V_LIST ? value_set(set_range(x, 0, (int)v.n - 1, e->at), e->at)
               : v.kind == V_ERROR ? v : not_a_set(x, e->at, "a list [a, b, ...] is needed here");
    }
    case BI_PAIRS: {
        diag *d = infer_report(x, D_NO_CUTOFF, e->at);
        diag_label_primary(x->sink, d, "within which distance?");
        diag_help(x->sink, d, "... within 5 Å");
        return value_error(e->at);
    }
    case BI_RECIPROCAL: {
        diag *d = infer_report(x, D_NO_CUTOFF, e->at);
        diag_label_primary(x->sink, d, "within which length?");
        diag_help(x->sink, d, "... within 3 [1/Å]");
        return value_error(e->at);
    }
    default:
        return not_a_set(x, e->at, "this is not a set");
    }
}

value infer_set(infer *x, scope *s, const expr *e)
{
    if (e->kind == E_CALL) {
        return set_from_call(x, s, e);
    }
    if (e->kind == E_BINARY && e->binary.op == B_WITHIN) {
        return set_within(x, s, e->binary.lhs, e->binary.rhs, e->at);
    }
    if (e->kind == E_BINARY && e->binary.op == B_RANGE) {
        int lo, hi;
        if (!infer_int(x, s, e->binary.lhs, &lo) || !infer_int(x, s, e->binary.rhs, &hi)) {
            return value_error(e->at);
        }
        if (hi < lo || (int64_t)hi - lo > 1000000) {
            return not_a_set(x, e->at, hi < lo ? "this range is empty: both ends are included, lowest first"
                                               : "this range has more than a million elements");
        }
        return value_set(set_range(x, lo, hi, e->at), e->at);
    }
    value v = species_alone(x, infer_expr(x, s, e));
    if (v.kind == V_SET || v.kind == V_ROW || v.kind == V_ERROR) {
        return v;
    }
    if (v.kind == V_SLOT) {
        diag *d = infer_report(x, D_NOT_A_SET, e->at);
        diag_label_primary(x->sink, d, "this is a whole structure");
        set_id base = x->p->slots.at[v.slot].base;
        if (base != SETIR_NONE) {
            diag_help(x->sink, d, "%s", set_text(x, base));
        }
        return value_error(e->at);
    }
    return not_a_set(x, e->at, "this is not a set");
}

ivar_id bind_one(infer *x, scope *s, name id, value v, span at)
{
    ivar made = {.set = v.set, .row = v.kind == V_ROW ? v.row : SETIR_NONE, .to = v.kind == V_ROW ? v.to : SETIR_NONE,
                 .partner = SETIR_NONE, .id = id, .at = at};
    ivar_id iv = program_ivar(x->p, made);
    if (s) {
        entry *e = scope_add(x, s, id, at);
        e->state = ENTRY_DONE;
        e->v = value_node(node_ivar(x->p, iv, at), at);
    }
    return iv;
}

/* names over nothing that is known: what is made of them is silent */
static void bind_silently(infer *x, scope *s, const ast_binder *b)
{
    for (uint32_t j = 0; j < b->n; j++) {
        entry *e = scope_add(x, s, b->names[j], b->names_at[j]);
        e->state = ENTRY_DONE;
        e->v = value_error(b->names_at[j]);
    }
}

/* Binders left to right: later sets may use earlier variables. */
uint32_t bind_all(infer *x, scope *inner, const ast_binder *b, uint32_t n, ivar_id **out)
{
    VEC(ivar_id) made = {0};
    bool good = true;
    for (uint32_t k = 0; k < n; k++) {
        value v = infer_set(x, inner, b[k].set);
        if (b[k].n > 2) {
            diag *d = infer_report(x, D_NOT_YET, b[k].at, "more than two names in one binder");
            diag_label_primary(x->sink, d, "two are possible");
        }
        if (v.kind == V_ERROR || b[k].n > 2) {
            bind_silently(x, inner, &b[k]);
            good = false;
            continue;
        }
        ivar_id first = SETIR_NONE;
        for (uint32_t j = 0; j < b[k].n; j++) {
            ivar_id iv = bind_one(x, inner, b[k].names[j], v, b[k].names_at[j]);
            if (j == 0) {
                first = iv;
            } else {
                x->p->ivars.at[iv].partner = first;
                x->p->ivars.at[iv].unordered = b[k].kind == BIND_SET;
            }
            vec_push(x->a, &made, iv);
        }
    }
    *out = made.at;
    return good ? made.n : UINT32_MAX;
}

/* ---- types */
bool type_elem(infer *x, scope *s, const ast_type *t, elem *e, unit *u, double *scale, bool *pseudo, bool *point)
{
    const ast_path *path = &t->element;
    const char *word = path->n ? path->part[path->n - 1] : "";
    *e = elem_real(0);
    *pseudo = *point = false;
    if (strcmp(word, "scalar") == 0) {
    } else if (strcmp(word, "pseudoscalar") == 0) {
        *pseudo = true;
    } else if (strcmp(word, "vector") == 0) {
        *e = elem_real(1);
    } else if (strcmp(word, "pseudovector") == 0) {
        *e = elem_real(1);
        *pseudo = true;
    } else if (strcmp(word, "point") == 0) {
        *e = elem_real(1);
        *point = true;
    } else if (strcmp(word, "tensor") == 0) {
        double r = path->n_arg == 1 && path->arg[0].kind == TARG_NUMBER ? path->arg[0].lo : 2;
        if (r != 2 && r != 1 && r != 0) {
            diag *d = infer_report(x, D_NOT_YET, path->at, "tensors of this rank");
            diag_label_primary(x->sink, d, "tensor(2) is the highest so far");
            return false;
        }
        *e = elem_real((uint8_t)r);
    } else if (strcmp(word, "species") == 0) {
        *e = elem_species();
    } else if (strcmp(word, "bool") == 0) {
        *e = elem_bool();
    } else if (strcmp(word, "irreps") == 0) {
        if (!infer_irreps_type(x, s, path, e)) {
            return false;
        }
    } else if (strcmp(word, "plane") == 0 || strcmp(word, "operator") == 0 ||
               strcmp(word, "mlp") == 0) {
        diag *d = infer_report(x, D_NOT_YET, path->at, arena_printf(x->a, "the type `%s`", word));
        diag_label_primary(x->sink, d, "not implemented yet");
        return false;
    } else {
        diag *d = infer_report(x, D_UNKNOWN_TYPE, path->at, word);
        diag_label_primary(x->sink, d, "not an element type");
        hint_type(x, d, word);
        return false;
    }
    if (t->n_channel) {
        double n = 1;
        for (uint32_t k = 0; k < t->n_channel; k++) {
            n *= t->channel[k];
        }
        if (e->kind != ELEM_REAL || e->rank || e->irreps || !(n >= 1 && n <= 4096) || n != floor(n)) {
            diag *d = infer_report(x, D_NOT_YET, t->at, "channels of this shape");
            diag_label_primary(x->sink, d, "scalar^1 to scalar^4096 are possible");
            return false;
        }
        e->channels = (uint16_t)n;
    }
    return units_resolve(x->sink, &t->unit, u, scale);
}

static bool domain_factor(infer *x, scope *s, const ast_path *path, set_id *out)
{
    if (path->n == 1 && path->n_arg == 1 && strcmp(path->part[0], "rank") == 0) {
        const ast_targ *g = &path->arg[0];
        value v = value_error(path->at);
        if (g->kind == TARG_NUMBER && g->lo >= 1 && g->lo == floor(g->lo) && g->lo <= 1e5) {
            *out = set_rank(x, SETIR_NONE, (int)g->lo, path->at);
            return true;
        }
        if (g->kind == TARG_NAME) {
            v = species_alone(x, infer_lookup(x, s, g->id, g->at, false));
        } else if (g->kind == TARG_EXPR) {
            v = infer_expr(x, s, g->value);
        }
        double number;
        if (v.kind == V_NODE && const_value(x, v.node, &number) && number >= 1 && number == floor(number)) {
            constant_held(x, v.node, path->at);
            *out = set_rank(x, SETIR_NONE, (int)number, path->at);
            return true;
        }
        if (v.kind == V_SET) {
            *out = set_rank(x, v.set, 0, path->at);
            return true;
        }
        if (v.kind != V_ERROR || g->kind == TARG_NUMBER) {
            not_a_set(x, path->at, "rank(S) of a set, or rank(n) of a whole number");
        }
        return false;
    }
    if (path->n_arg) {
        not_a_set(x, path->at, "this is not a set that can be a domain");
        return false;
    }
    value v = infer_lookup(x, s, path->part[0], path->at, false);
    for (uint32_t k = 1; k < path->n && v.kind != V_ERROR; k++) {
        v = infer_member(x, v, path->part[k], path->at);
    }
    v = species_alone(x, v);
    if (v.kind == V_SET) {
        *out = v.set;
        return true;
    }
    if (v.kind != V_ERROR) {
        not_a_set(x, path->at, "this is not a set");
    }
    return false;
}

int domain_power(infer *x, scope *s, const ast_path *path)
{
    double power = path->power;
    if (path->power_name) {
        value v = infer_lookup(x, s, path->power_name, path->at, false);
        if (v.kind == V_ERROR) {
            return 0;
        }
        if (v.kind != V_NODE || !const_value(x, v.node, &power) || power < 1 || power != floor(power)) {
            not_a_set(x, path->at, "a set is raised to a whole number known when compiling");
            return 0;
        }
        constant_held(x, v.node, path->at);
    }
    if (power > DOMAIN_POWER_MOST) {
        diag *d = infer_report(x, D_NOT_YET, path->at, "powers of sets above the eighth");
        diag_label_primary(x->sink, d, "too many indices");
        return 0;
    }
    return (int)power;
}

bool type_domain(infer *x, scope *s, const ast_type *t, set_id **domain, uint32_t *n)
{
    VEC(set_id) made = {0};
    for (uint32_t k = 0; k < t->n_domain; k++) {
        set_id one = SETIR_NONE;
        if (!domain_factor(x, s, &t->domain[k], &one)) {
            return false;
        }
        const int times = domain_power(x, s, &t->domain[k]);
        if (!times) {
            return false;
        }
        for (int j = 0; j < times; j++) {
            vec_push(x->a, &made, one);
        }
    }
    *domain = made.at;
    *n = made.n;
    return true;
}
