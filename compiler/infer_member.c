/* SPDX-License-Identifier: Apache-2.0
 *
 * infer_member.c: what stands behind a value: `x[i, j]` and `x.name`. In: the value, indices or a name. Out: the element, the
 * field, the part. Not here: names alone (infer.c), rows of pairs (infer_set.c).
 */
#include "infer_internal.h"

#include <limits.h>
#include <math.h>
#include <string.h>

/* ---------------------------------------------------------------------------------------------- indexing */

node_id index_into(infer *x, node_id n, set_id want, span at)
{
    if (n == SETIR_NONE) {
        return n;
    }
    elem e = elem_of(x, n);
    const set *w = &x->p->sets.at[want];
    double number;
    if (e.kind == ELEM_INDEX && e.set == want) {
        return n;
    }
    if (e.kind == ELEM_INDEX && x->p->sets.at[e.set].kind == SET_DIFFER && x->p->sets.at[e.set].host == want) {
        return mk1(x, OP_SPOT_HOST, elem_index(want), n, at);
    }
    if (const_value(x, n, &number) && number == floor(number)) {
        constant_held(x, n, at);
        int lo = w->kind == SET_RANGE ? w->lo : 0;
        int hi = w->kind == SET_RANGE ? w->hi : w->kind == SET_BASE || w->kind == SET_PAIRS || w->kind == SET_DIFFER ||
                 w->kind == SET_RECIP || w->parent != SETIR_NONE ? INT_MAX : w->count - 1;
        if (number < lo || number > hi) {
            diag *d = infer_report(x, D_INDEX_RANGE, at);
            diag_label_primary(x->sink, d, "%g is not in %d..%d", number, lo, hi);
            return SETIR_NONE;
        }
        node_imm imm = {.k = (int32_t)number - lo, .set = want};
        return mk(x, OP_INDEX_CONST, elem_index(want), NULL, 0, &imm, at);
    }
    if (w->kind == SET_SPECIES && (e.kind == ELEM_SPECIES ||
                                   (e.kind == ELEM_INDEX && x->p->sets.at[e.set].kind == SET_SPECIES))) {
        return index_by_species(x, species_of(x, n, at), want, at);
    }
    /* a range inside another one, or a rank of the same length, may index it */
    if (e.kind == ELEM_INDEX) {
        const set *have = &x->p->sets.at[e.set];
        bool fixed_rank = w->kind == SET_RANK && w->parent == SETIR_NONE && have->kind == SET_RANGE && have->lo >= 0 &&
                          have->hi < w->count;
        if ((have->kind == SET_RANGE && w->kind == SET_RANGE && have->lo >= w->lo && have->hi <= w->hi) || fixed_rank) {
            diag *d = infer_report(x, D_WRONG_INDEX, at, set_text(x, want), elem_words(x, e));
            diag_label_primary(x->sink, d, "use one set for both");
            return SETIR_NONE;
        }
    }
    diag *d = infer_report(x, D_WRONG_INDEX, at, set_text(x, want), elem_words(x, e));
    diag_label_primary(x->sink, d, "this is %s", elem_words(x, e));
    return SETIR_NONE;
}

static value component(infer *x, node_id n, int k, span at)
{
    node_imm imm = {.k = k};
    elem e = elem_of(x, n);
    if (e.channels) {
        if (k < 0 || k >= e.channels) {
            diag *d = infer_report(x, D_INDEX_RANGE, at);
            diag_label_primary(x->sink, d, "%d is not in 0..%d", k, e.channels - 1);
            return value_error(at);
        }
        return value_node(mk(x, OP_CHANNEL_GET, elem_real(0), &n, 1, &imm, at), at);
    }
    return value_node(mk(x, OP_COMP, elem_real(0), &n, 1, &imm, at), at);
}

value infer_index(infer *x, scope *s, const expr *e)
{
    value base = value_single_output(x, infer_expr(x, s, e->index.base));
    if (base.kind == V_CELL) {
        base = infer_member(x, base, intern_s(x->names, "vectors"), base.at);
    }
    if (base.kind == V_LIST) {
        node_id n = e->index.n == 1 ? infer_node(x, s, e->index.arg[0]) : SETIR_NONE;
        if (e->index.n != 1) {
            diag *d = infer_report(x, D_INDEX_COUNT, e->at, 1u, e->index.n);
            diag_label_primary(x->sink, d, "a list takes one index at a time");
        }
        return n == SETIR_NONE ? value_error(e->at) : list_at(x, base, n, e->at);
    }
    if (base.kind == V_NODE && base.node != SETIR_NONE && elem_of(x, base.node).kind == ELEM_REAL &&
        elem_of(x, base.node).channels && e->index.n == 1) {
        int k;
        return infer_int(x, s, e->index.arg[0], &k) ? component(x, base.node, k, e->at) : value_error(e->at);
    }
    if (base.kind == V_PARTS && e->index.n == 1) {
        return infer_part(x, base, infer_node(x, s, e->index.arg[0]), e->at);
    }
    if (base.kind != V_TENSOR) {
        if (base.kind == V_NOT_YET) {
            return value_to_node(x, base) == SETIR_NONE ? value_error(e->at) : base;
        }
        if (base.kind != V_ERROR) {
            diag *d = infer_report(x, D_NOT_INDEXABLE, e->index.base->at);
            diag_label_primary(x->sink, d, base.kind == V_SET ? "a set: its rows are written in parentheses, bond(i)"
                                                             : "takes no index");
            bool vector = base.kind == V_NODE && base.node != SETIR_NONE && elem_of(x, base.node).rank == 1;
            if (vector) {
                diag_help(x->sink, d, "v.x, v.y, v.z   for the components of a vector");
            } else if (base.kind == V_FUNCTION || base.kind == V_BUILTIN) {
                diag_help(x->sink, d, "round brackets: %s(...) is a function",
                          base.kind == V_BUILTIN ? builtin_table[base.builtin].name : base.function->def.lhs.id);
            }
        }
        return value_error(e->at);
    }
    if (base.n != e->index.n) {
        diag *d = infer_report(x, D_INDEX_COUNT, e->at, base.n, e->index.n);
        diag_label_primary(x->sink, d, "%u given", e->index.n);
        return value_error(e->at);
    }
    node_id *index = arena_array(x->a, node_id, base.n + 1);
    bool good = true;
    for (uint32_t k = 0; k < base.n; k++) {
        const expr *arg = e->index.arg[k];
        const set *w = &x->p->sets.at[base.domain[k]];
        node_id n;
        if (w->kind == SET_SPECIES && arg->kind == E_NAME && element_number(arg->ident.id)) {
            node_imm imm = {.k = element_number(arg->ident.id)};
            n = mk(x, OP_SPECIES_CONST, elem_species(), NULL, 0, &imm, arg->at);
        } else {
            n = infer_node(x, s, arg);
        }
        index[k] = index_into(x, n, base.domain[k], arg->at);
        good = good && index[k] != SETIR_NONE;
    }
    return good ? tensor_apply(x, base, index, base.n, e->at) : value_error(e->at);
}

/* ------------------------------------------------------------------------------------------------ members */

static value node_member(infer *x, value base, name field, span at)
{
    elem e = elem_of(x, base.node);
    if (e.kind == ELEM_REAL && e.rank == 1 && strlen(field) == 1 && field[0] >= 'x' && field[0] <= 'z') {
        return component(x, base.node, field[0] - 'x', at);
    }
    if (e.kind == ELEM_REAL && e.rank == 2 && strlen(field) == 2 && field[0] >= 'x' && field[0] <= 'z' && field[1] >= 'x' &&
        field[1] <= 'z') {
        return component(x, base.node, 3 * (field[0] - 'x') + field[1] - 'x', at);
    }
    if (e.kind == ELEM_REAL && e.irreps && strcmp(field, "part") == 0) {
        return infer_parts(x, base, at);
    }
    const set *s = e.kind == ELEM_INDEX ? &x->p->sets.at[e.set] : NULL;
    if (s && s->kind == SET_PAIRS) {
        if (strcmp(field, "i") == 0 || strcmp(field, "j") == 0) {
            return value_node(mk1(x, field[0] == 'i' ? OP_PAIR_I : OP_PAIR_J, elem_index(s->parent), base.node, at), at);
        }
        if (strcmp(field, "d") == 0) {
            return value_node(mk1(x, OP_PAIR_D, elem_real(1), base.node, at), at);
        }
        if (strcmp(field, "rev") == 0) {
            return value_node(mk1(x, OP_PAIR_REV, e, base.node, at), at);
        }
    }
    if (s && s->kind == SET_DIFFER) {
        if (strcmp(field, "r") == 0) {
            return value_node(mk1(x, OP_SPOT_R, elem_real(1), base.node, at), at);
        }
        if (strcmp(field, "host") == 0) {
            return value_node(mk1(x, OP_SPOT_HOST, elem_index(s->host), base.node, at), at);
        }
    }
    if (s && s->kind == SET_RECIP && strcmp(field, "k") == 0) {
        return value_node(mk1(x, OP_RECIP_K, elem_real(1), base.node, at), at);
    }
    static const char *const pair_fields[] = {"i", "j", "d", "rev"};
    diag *d = infer_report(x, D_NO_MEMBER, at, elem_text(x, e), field);
    diag_label_primary(x->sink, d, "no such part");
    if (s && s->kind == SET_PAIRS) {
        const char *near = text_closest(field, pair_fields, 4);
        diag_note(x->sink, d, "A pair has the ends .i and .j, the displacement .d and its reverse .rev.%s%s",
                  near ? " Did you mean ." : "", near ? near : "");
    } else if (s && s->kind == SET_BASE) {
        diag_note(x->sink, d, "Fields are written structure first:  s.%s[i]", field);
    } else if (e.kind == ELEM_REAL && e.rank == 1) {
        diag_note(x->sink, d, "A vector has the components .x, .y and .z.");
    }
    return value_error(at);
}

static value slot_member(infer *x, value base, name field, span at)
{
    const slot_scope *sc = &x->slot_scopes.at[base.slot];
    entry *found = scope_find(sc->members, field);
    if (found) {
        return infer_lookup(x, sc->members, field, at, false);
    }
    const slot *sl = &x->p->slots.at[base.slot];
    if (strcmp(field, "axis") == 0 && sl->axes) {
        return (value){.kind = V_SET, .at = at, .set = set_axis(x, base.slot, at), .row = SETIR_NONE, .to = SETIR_NONE,
                       .def = SETIR_NONE};
    }
    diag *d = infer_report(x, D_NO_MEMBER, at, sl->type, field);
    diag_label_primary(x->sink, d, "no such field or set");
    hint_of_structure(x, d, sl->id, field);
    hint_members(x, d, sl->type, sl->id, sc->members, field);
    return value_error(at);
}

value infer_member(infer *x, value base, name field, span at)
{
    switch (base.kind) {
    case V_ERROR:
        return base;
    case V_SLOT:
        return slot_member(x, base, field, at);
    case V_RECORD: {
        entry *found = scope_find(base.record->top, field);
        if (found) {
            value v = infer_lookup(x, base.record->top, field, at, false);
            v.at = at;
            return v;
        }
        diag *d = infer_report(x, D_NO_MEMBER, at, base.record->d->id.id, field);
        diag_label_primary(x->sink, d, "no such output or set");
        hint_members(x, d, base.record->d->id.id, base.record->d->id.id, base.record->top, field);
        return value_error(at);
    }
    case V_NODE:
        return base.node == SETIR_NONE ? value_error(at) : node_member(x, base, field, at);
    case V_CELL: {
        if (strcmp(field, "vectors") == 0) {
            return tensor_over_axes(x, OP_CELL_VEC, SETIR_NONE, base.slot, at);
        }
        if (strlen(field) == 1 && field[0] >= 'a' && field[0] <= 'c') {
            node_id k = index_into(x, mk_const(x, field[0] - 'a', unit_none(), at), set_axis(x, base.slot, at), at);
            node_imm imm = {.slot = base.slot};
            node_id v = mk(x, OP_CELL_VEC, elem_real(1), &k, 1, &imm, at);
            return v == SETIR_NONE ? value_error(at) : value_node(mk1(x, OP_NORM, elem_real(0), v, at), at);
        }
        diag *d = infer_report(x, D_NO_MEMBER, at, "lattice", field);
        diag_label_primary(x->sink, d, "no such part");
        diag_note(x->sink, d, "A lattice has the vectors s.cell[k] and the lengths .a, .b and .c.");
        return value_error(at);
    }
    case V_FILE: return infer_file_member(x, base, field, at);
    case V_GIVEN:
        if (base.file->slot != SETIR_NONE) {
            base.slot = base.file->slot;
            return slot_member(x, base, field, at);
        }
        break;
    case V_NOT_YET: case V_TENSOR: case V_SET: case V_ROW: case V_FUNCTION: case V_TRANSFORM: case V_BUILTIN: case V_LIST:
    case V_CURVE:
    case V_PARTS: case V_PART:
        break;
    }
    diag *d = infer_report(x, D_NO_MEMBER, at, base.kind == V_TENSOR ? "a value over a set" : "this", field);
    diag_label_primary(x->sink, d, "no such part");
    if (base.kind == V_TENSOR && base.n == 1) {
        diag_note(x->sink, d, "Index it first:  x[i].%s", field);
    } else if (base.kind == V_SET || base.kind == V_ROW) {
        diag_note(x->sink, d, "This is a set: an element of it is named first, as in  sum b in %s: ... b.%s",
                  set_text(x, base.set), field);
    }
    return value_error(at);
}
