/* SPDX-License-Identifier: Apache-2.0
 *
 * infer_list.c: In: lists and what indexes them: places of ranges, elements. Out: the item, or the place of an element in
 * a list of elements. Not here: other indices (infer_expr.c).
 */
#include "infer_internal.h"

#include <math.h>

node_id species_of(infer *x, node_id n, span at)
{
    elem e = elem_of(x, n);
    if (e.kind == ELEM_INDEX && x->p->sets.at[e.set].kind == SET_SPECIES) {
        return mk1(x, OP_INDEX_SPECIES, elem_species(), n, at);
    }
    return n;
}

/* the place of an element in a list that has it; what the data hold is checked when they are read */
node_id index_by_species(infer *x, node_id species, set_id want, span at)
{
    const set *w = &x->p->sets.at[want];
    node_id misfit = program_species_misfit(x->p, species, want);
    if (misfit != SETIR_NONE) {
        diag *d = infer_report(x, D_NOT_LISTED, at, set_text(x, want));
        diag_label_primary(x->sink, d, "indexes %s", set_text(x, want));
        diag_label_at(x->sink, d, x->p->nodes.at[misfit].at, "not an element of it");
        return SETIR_NONE;
    }
    node_imm imm = {.set = want};
    for (int32_t k = 0; x->p->nodes.at[species].op == OP_SPECIES_CONST && k < w->count; k++) {
        if (w->species[k] == x->p->nodes.at[species].imm.k) {
            imm.k = k;
            return mk(x, OP_INDEX_CONST, elem_index(want), NULL, 0, &imm, at);
        }
    }
    return mk(x, OP_SPECIES_INDEX, elem_index(want), &species, 1, &imm, at);
}

/* a list indexed by a range variable: a chain of choices, which rewrite.c makes a table */
value list_at(infer *x, value list, node_id index, span at)
{
    double number;
    if (const_value(x, index, &number)) {
        if (number < 0 || number >= list.n || number != floor(number)) {
            diag *d = infer_report(x, D_INDEX_RANGE, at);
            diag_label_primary(x->sink, d, "%g is not in 0..%u", number, list.n - 1);
            return value_error(at);
        }
        constant_held(x, index, at);
        return list.item[(uint32_t)number];
    }
    elem e = elem_of(x, index);
    const set *s = e.kind == ELEM_INDEX ? &x->p->sets.at[e.set] : NULL;
    bool species = s && s->kind == SET_SPECIES && (uint32_t)s->count == list.n;
    if (!species && (!s || s->kind != SET_RANGE || s->lo < 0 || s->hi >= (int32_t)list.n)) {
        diag *d = infer_report(x, D_WRONG_INDEX, at, arena_printf(x->a, "a list of %u", list.n), elem_words(x, e));
        diag_label_primary(x->sink, d, "an index of a range within 0..%u is needed", list.n - 1);
        diag_help(x->sink, d, "k in each(the_list)   runs over all of it");
        return value_error(at);
    }
    int32_t lo = species ? 0 : s->lo, hi = species ? s->count - 1 : s->hi;
    if (list.item[lo].kind == V_LIST) {
        value out = list.item[lo];
        value *item = arena_array(x->a, value, out.n + 1);
        for (uint32_t k = 0; k < out.n; k++) {
            value column = {.kind = V_LIST, .at = at, .n = list.n, .item = arena_array(x->a, value, list.n), .def = SETIR_NONE};
            for (uint32_t j = 0; j < list.n; j++) {
                if (list.item[j].kind != V_LIST || list.item[j].n != out.n) {
                    diag *d = infer_report(x, D_RAGGED_LIST, at);
                    diag_label_primary(x->sink, d, "its rows differ in length");
                    return value_error(at);
                }
                column.item[j] = list.item[j].item[k];
            }
            item[k] = list_at(x, column, index, at);
        }
        out.item = item;
        return out;
    }
    node_id r = value_to_node(x, list.item[hi]);
    for (int32_t k = hi - 1; k >= lo && r != SETIR_NONE; k--) {
        node_id one = value_to_node(x, list.item[k]);
        if (one == SETIR_NONE) {
            return value_error(at);
        }
        node_imm imm = {.k = k - lo, .set = e.set};
        node_id member = mk(x, OP_INDEX_CONST, elem_index(e.set), NULL, 0, &imm, at);
        node_id args[3] = {mk2(x, OP_INDEX_EQ, elem_bool(), index, member, at), one, r};
        r = mk(x, OP_SELECT, elem_of(x, one), args, 3, NULL, at);
    }
    return r == SETIR_NONE ? value_error(at) : value_node(r, at);
}
