/* SPDX-License-Identifier: Apache-2.0
 *
 * infer_call.c: In: calls. Out: values: builtins become nodes or whole-tensor defs, functions of the spec and transforms
 * are inlined. One handler per builtin that is not a plain function of scalars.
 */
#include "infer_internal.h"

#include <math.h>
#include <string.h>

const builtin_row builtin_table[BI_COUNT_] = {
#define BUILTIN(id, ...) [BI_##id] = {__VA_ARGS__},
#include "builtins.def"
#undef BUILTIN
};

/* ---------------------------------------------------------------------------- elementwise functions of scalars */

static value plain_nodes(infer *x, void *user, const node_id *n, span at)
{
    const builtin_row *row = user;
    node_id a[2] = {SETIR_NONE, SETIR_NONE};
    for (int k = 0; k < row->least; k++) {
        a[k] = as_real(x, n[k], x->arg_at[k]);
        if (a[k] == SETIR_NONE) {
            return value_error(at);
        }
        elem e = elem_of(x, a[k]);
        if (e.rank || e.irreps) {
            diag *d = infer_report(x, D_NOT_A_SCALAR, x->arg_at[k]);
            diag_label_primary(x->sink, d, "%s is taken of a number, this is a %s", row->name, elem_text(x, e));
            if (row->op == OP_ABS) {
                diag_help(x->sink, d, "norm(...)   for its length");
            }
            return value_error(at);
        }
    }
    return value_done(mk(x, row->op, elem_of(x, a[0]), a, (uint32_t)row->least, NULL, at), at);
}

/* -------------------------------------------------------------------------------------- vectors and tensors */

static value need_rank(infer *x, node_id n, int rank, span at)
{
    n = as_real(x, n, at);
    if (n == SETIR_NONE) {
        return value_error(at);
    }
    if (elem_of(x, n).rank != rank || elem_of(x, n).channels) {
        diag *d = infer_report(x, rank == 1 ? D_NOT_A_VECTOR : rank == 0 ? D_NOT_A_SCALAR : D_NOT_A_TENSOR, at);
        diag_label_primary(x->sink, d, "this is a %s", elem_text(x, elem_of(x, n)));
        if (rank == 0 && elem_of(x, n).rank == 1) {
            diag_help(x->sink, d, "norm(...)   for its length");
        }
        return value_error(at);
    }
    return value_node(n, at);
}

static value norm_nodes(infer *x, void *user, const node_id *n, span at)
{
    const builtin_row *row = user;
    node_id a = as_real(x, n[0], x->arg_at[0]);
    if (a == SETIR_NONE) {
        return value_error(at);
    }
    elem e = elem_of(x, a);
    bool square = row == &builtin_table[BI_NORM2];
    if (!e.rank && e.channels < 2) {
        diag *d = infer_report(x, D_NOT_A_VECTOR, x->arg_at[0]);
        diag_label_primary(x->sink, d, "this is a %s", elem_text(x, e));
        diag_help(x->sink, d, square ? "x^2" : "abs(x)   for the size of a number");
        return value_error(at);
    }
    return value_done(square ? mk2(x, OP_DOT, elem_real(0), a, a, at) : mk1(x, OP_NORM, elem_real(0), a, at), at);
}

static value product_nodes(infer *x, void *user, const node_id *n, span at)
{
    const builtin_row *row = user;
    builtin_id id = (builtin_id)(row - builtin_table);
    node_id a = as_real(x, n[0], x->arg_at[0]), b = as_real(x, n[1], x->arg_at[1]);
    if (a == SETIR_NONE || b == SETIR_NONE) {
        return value_error(at);
    }
    elem ea = elem_of(x, a), eb = elem_of(x, b);
    if (id == BI_DOT && elem_equal(ea, eb) && (ea.rank || ea.channels > 1)) {
        return value_done(mk2(x, OP_DOT, elem_real(0), a, b, at), at);
    }
    if (id == BI_MATVEC && ea.rank == 2 && eb.rank) {
        return value_done(mk2(x, eb.rank == 1 ? OP_MATVEC : OP_MATMUL, eb, a, b, at), at);
    }
    if (ea.rank == 1 && eb.rank == 1) {
        return value_done(id == BI_CROSS ? mk2(x, OP_CROSS, elem_real(1), a, b, at) : mk2(x, OP_OUTER, elem_real(2), a, b, at), at);
    }
    diag *d = infer_report(x, D_NOT_A_VECTOR, at);
    diag_label_primary(x->sink, d, "%s of a %s and a %s", row->name, elem_text(x, ea), elem_text(x, eb));
    return value_error(at);
}

static value tensor_nodes(infer *x, void *user, const node_id *n, span at)
{
    const builtin_row *row = user;
    builtin_id id = (builtin_id)(row - builtin_table);
    value a = need_rank(x, n[0], 2, x->arg_at[0]);
    if (a.kind == V_ERROR) {
        return a;
    }
    node_op op = id == BI_TRACE ? OP_TRACE : id == BI_DET ? OP_DET : OP_TRANSPOSE;
    return value_done(mk1(x, op, id == BI_TRANSPOSE ? elem_real(2) : elem_real(0), a.node, at), at);
}

static value sqrt_nodes(infer *x, void *user, const node_id *n, span at)
{
    (void)user;
    value a = need_rank(x, n[0], 0, x->arg_at[0]);
    if (a.kind == V_ERROR) {
        return a;
    }
    node_imm imm = {.value = {0.5}};
    return value_done(mk(x, OP_POW, elem_real(0), &a.node, 1, &imm, at), at);
}

static value cutoff_nodes(infer *x, void *user, const node_id *n, span at)
{
    (void)user;
    double order;
    if (!const_value(x, n[2], &order) || order != floor(order) || order < 1 || order > 12) {
        return infer_complain(x, D_NOT_AN_INTEGER, x->arg_at[2], "a whole number from 1 to 12");
    }
    constant_held(x, n[2], at);
    value d = need_rank(x, n[0], 0, x->arg_at[0]), rc = need_rank(x, n[1], 0, x->arg_at[1]);
    if (d.kind == V_ERROR || rc.kind == V_ERROR) {
        return value_error(at);
    }
    if (!unit_equal(infer_unit(x, d.node), infer_unit(x, rc.node))) {
        mk2(x, OP_LT, elem_bool(), d.node, rc.node, at);       /* says that they cannot be compared       */
        return value_error(at);
    }
    node_id ratio = mk2(x, OP_DIV, elem_real(0), d.node, rc.node, at);
    if (ratio == SETIR_NONE) {
        return value_error(at);
    }
    node_imm imm = {.k = (int32_t)order};
    return value_done(mk(x, OP_CUTOFF, elem_real(0), &ratio, 1, &imm, at), at);
}

static value gauss_nodes(infer *x, void *user, const node_id *n, span at)
{
    (void)user;
    value v[3];
    for (int k = 0; k < 3; k++) {
        v[k] = need_rank(x, n[k], 0, x->arg_at[k]);
        if (v[k].kind == V_ERROR) {
            return v[k];
        }
    }
    elem e = elem_real(0);
    node_id off = mk2(x, OP_SUB, e, v[0].node, v[1].node, at);
    node_id ratio = off == SETIR_NONE ? off : mk2(x, OP_DIV, e, off, v[2].node, at);
    node_id square = ratio == SETIR_NONE ? ratio : mk(x, OP_POW, e, &ratio, 1, &(node_imm){.value = {2}}, at);
    if (square == SETIR_NONE) {
        return value_error(at);
    }
    node_id half = mk2(x, OP_MUL, e, mk_const(x, -0.5, unit_none(), at), square, at);
    return value_done(half == SETIR_NONE ? half : mk1(x, OP_EXP, e, half, at), at);
}

static value species_nodes(infer *x, void *user, const node_id *n, span at)
{
    const builtin_row *row = user;
    node_id a = n[0];
    elem e = elem_of(x, a);
    if (e.kind == ELEM_INDEX && x->p->sets.at[e.set].kind == SET_SPECIES) {
        a = mk1(x, OP_INDEX_SPECIES, elem_species(), a, at);
    } else if (e.kind != ELEM_SPECIES) {
        diag *d = infer_report(x, D_NOT_A_SPECIES, at);
        diag_label_primary(x->sink, d, "this is a %s", elem_text(x, e));
        return value_error(at);
    }
    if (row == &builtin_table[BI_PROTONS]) {
        return value_done(mk1(x, OP_PROTONS, elem_real(0), a, at), at);
    }
    node_imm imm = {.k = 0};
    double scale;                                 /* the table is in base units                              */
    units_lookup("amu", &imm.unit, &scale);
    return value_done(mk(x, OP_ELEMENT_DATA, elem_real(0), &a, 1, &imm, at), at);
}

static value one_hot_nodes(infer *x, void *user, const node_id *n, span at)
{
    (void)user;
    node_id z[2];
    for (int k = 0; k < 2; k++) {
        elem e = elem_of(x, n[k]);
        z[k] = e.kind == ELEM_INDEX && x->p->sets.at[e.set].kind == SET_SPECIES
                   ? mk1(x, OP_INDEX_SPECIES, elem_species(), n[k], at) : n[k];
        if (elem_of(x, z[k]).kind != ELEM_SPECIES) {
            return infer_complain(x, D_NOT_A_SPECIES, at, "one_hot(species, member of a species set)");
        }
    }
    node_id args[3] = {mk2(x, OP_SPECIES_EQ, elem_bool(), z[0], z[1], at), mk_const(x, 1, unit_none(), at),
                       mk_const(x, 0, unit_none(), at)};
    return value_done(mk(x, OP_SELECT, elem_real(0), args, 3, NULL, at), at);
}

/* ------------------------------------------------------------------------------------------------ lattices */

static bool need_slot(infer *x, scope *s, const expr *e, bool cell, uint32_t *slot_index)
{
    value v = infer_expr(x, s, e);
    if (v.kind == V_ERROR) {
        return false;
    }
    if (v.kind == V_CELL || (v.kind == V_SLOT && !cell)) {
        *slot_index = v.slot;
        if (!x->p->slots.at[v.slot].axes) {
            infer_complain(x, D_NO_LATTICE, e->at, "this structure has no lattice");
            return false;
        }
        return true;
    }
    infer_complain(x, D_NO_LATTICE, e->at, cell ? "the lattice of a structure is needed here:  s.cell"
                                          : "a structure with a lattice is needed here");
    return false;
}

static value call_frac(infer *x, scope *s, const expr *e)
{
    uint32_t slot_index;
    node_id v = infer_real(x, s, e->call.arg[0].value, 1);
    if (!need_slot(x, s, e->call.arg[1].value, true, &slot_index) || v == SETIR_NONE) {
        return value_error(e->at);
    }
    return tensor_over_axes(x, OP_FRAC, v, slot_index, e->at);
}

static value call_niggli(infer *x, scope *s, const expr *e)
{
    uint32_t slot_index;
    if (!need_slot(x, s, e->call.arg[0].value, true, &slot_index)) {
        return value_error(e->at);
    }
    if (x->p->slots.at[slot_index].axes != 7) {
        return infer_complain(x, D_NO_LATTICE, e->at, "only a lattice in three directions has a Niggli-reduced cell");
    }
    return tensor_over_axes(x, OP_NIGGLI_VEC, SETIR_NONE, slot_index, e->at);
}

static value call_phase(infer *x, scope *s, const expr *e)
{
    node_id g = infer_node(x, s, e->call.arg[0].value);
    node_id v = infer_real(x, s, e->call.arg[1].value, 1);
    if (g == SETIR_NONE || v == SETIR_NONE) {
        return value_error(e->at);
    }
    elem eg = elem_of(x, g);
    if (eg.kind != ELEM_INDEX || x->p->sets.at[eg.set].kind != SET_RECIP) {
        return infer_complain(x, D_NOT_RECIPROCAL, e->call.arg[0].value->at, "an index of a set reciprocal(s) is needed here");
    }
    return value_done(mk2(x, OP_PHASE, elem_real(0), g, v, e->at), e->at);
}

static value call_nearest(infer *x, scope *s, const expr *e)
{
    uint32_t slot_index;
    node_id a = infer_real(x, s, e->call.arg[0].value, 1), b = infer_real(x, s, e->call.arg[1].value, 1);
    if (a == SETIR_NONE || b == SETIR_NONE || !need_slot(x, s, e->call.arg[2].value, true, &slot_index)) {
        return value_error(e->at);
    }
    node_id d = mk2(x, OP_SUB, elem_real(1), b, a, e->at);
    if (d == SETIR_NONE) {
        return value_error(e->at);
    }
    node_imm imm = {.slot = slot_index};
    return value_done(mk(x, OP_NEAREST, elem_real(1), &d, 1, &imm, e->at), e->at);
}

static value call_volume(infer *x, scope *s, const expr *e)
{
    uint32_t slot_index;
    if (!need_slot(x, s, e->call.arg[0].value, false, &slot_index)) {
        return value_error(e->at);
    }
    node_imm imm = {.slot = slot_index};
    return value_done(mk(x, OP_VOLUME, elem_real(0), NULL, 0, &imm, e->at), e->at);
}

static value call_count(infer *x, scope *s, const expr *e)
{
    value v = infer_set(x, s, e->call.arg[0].value);
    if (v.kind == V_ERROR) {
        return v;
    }
    int64_t n = v.kind == V_SET ? set_constant(x->p, v.set) : -1;
    if (n >= 0) {
        return value_done(mk_const(x, (double)n, unit_none(), e->at), e->at);
    }
    node_imm imm = {.set = v.set};
    if (v.kind == V_ROW && v.to != SETIR_NONE) {
        return infer_complain(x, D_NOT_A_SET, v.at, "the rows bond(i) can be counted");
    }
    return value_done(mk(x, OP_COUNT, elem_real(0), &v.row, v.kind == V_ROW, &imm, e->at), e->at);
}

/* lookup(sample.Z, p, vacancy): the base of the first argument is a field over the sample's sites */
static value call_lookup(infer *x, scope *s, const expr *e)
{
    value field = infer_expr(x, s, e->call.arg[0].value);
    node_id p = infer_node(x, s, e->call.arg[1].value);
    node_id other = infer_node(x, s, e->call.arg[2].value);
    if (field.kind == V_ERROR || p == SETIR_NONE || other == SETIR_NONE) {
        return value_error(e->at);
    }
    elem ep = elem_of(x, p);
    const node *body = field.kind == V_TENSOR && field.def == SETIR_NONE ? &x->p->nodes.at[field.node] : NULL;
    bool good = body && body->op == OP_INPUT && ep.kind == ELEM_INDEX && x->p->sets.at[ep.set].kind == SET_DIFFER &&
                field.n == 1 && field.domain[0] == x->p->sets.at[ep.set].sample;
    if (!good) {
        return infer_complain(x, D_NOT_A_LOOKUP, e->at, "lookup(field of the sample, spot, value where there is no atom)");
    }
    elem want = body->elem;
    if (elem_of(x, other).kind != want.kind || elem_of(x, other).rank != want.rank) {
        diag *d = infer_report(x, D_BRANCHES, e->at, elem_text(x, want), elem_text(x, elem_of(x, other)));
        diag_label_primary(x->sink, d, "the field and its replacement differ");
        return value_error(e->at);
    }
    node_imm imm = {.input = body->imm.input};
    node_id args[2] = {p, other};
    return value_done(mk(x, OP_LOOKUP, want, args, 2, &imm, e->at), e->at);
}

/* ------------------------------------------------------------------------------------------ whole tensors */

static value need_tensor(infer *x, scope *s, const expr *e, uint32_t least, uint32_t most)
{
    value v = value_single_output(x, infer_expr(x, s, e));
    if (v.kind == V_ERROR) {
        return v;
    }
    if (v.kind != V_TENSOR || v.n < least || v.n > most) {
        diag *d = infer_report(x, D_NOT_A_WHOLE_TENSOR, e->at);
        diag_label_primary(x->sink, d, least == 2 ? "a matrix [i, j], not indexed, is needed here"
                                       : "numbers over a set, not indexed, are needed here");
        return value_error(e->at);
    }
    if (v.def == SETIR_NONE && x->p->nodes.at[v.node].n_free > v.n) {
        return infer_complain(x, D_NOT_A_WHOLE_TENSOR, e->at, "depends on an index from outside");
    }
    return v;
}

static def_id lib_def(infer *x, lib_op lib, value t, const set_id *domain, uint32_t n, bool flag, span at)
{
    def_id arg = tensor_to_def(x, t, NULL, at);
    def d = {.at = at, .type_at = at, .lib = lib, .lib_arg = arg, .lib_flag = flag, .lib_at = at, .body = SETIR_NONE,
             .n_param = n, .out_scale = 1};
    d.param = arena_array(x->a, ivar_id, n + 1);
    for (uint32_t k = 0; k < n; k++) {
        value over = {.kind = V_SET, .set = domain[k]};
        d.param[k] = bind_one(x, NULL, NULL, over, at);
    }
    d.elem = x->p->defs.at[arg].elem;
    d.declared = d.elem;
    def_id made = program_def(x->p, d);
    while (x->def_unit.n <= made) {
        vec_push(x->a, &x->def_unit, unit_none());
    }
    x->def_unit.at[made] = x->def_unit.at[arg];
    return made;
}

static elem tensor_elem(infer *x, value t)
{
    return t.def != SETIR_NONE ? x->p->defs.at[t.def].elem : elem_of(x, t.node);
}

static value call_whole(infer *x, scope *s, builtin_id id, const expr *e)
{
    bool matrix = id == BI_EIGVALS || id == BI_SORTROWS;
    value t = need_tensor(x, s, e->call.arg[0].value, matrix ? 2 : 1, matrix ? 2 : id == BI_SORT ? 1 : 4);
    if (t.kind == V_ERROR) {
        return t;
    }
    elem te = tensor_elem(x, t);
    if (id != BI_LIST && (te.kind != ELEM_REAL || te.rank || te.channels)) {
        return infer_complain(x, D_NOT_A_WHOLE_TENSOR, e->call.arg[0].value->at, "plain numbers are needed here");
    }
    if (matrix && t.domain[0] != t.domain[1]) {
        return infer_complain(x, D_NOT_A_WHOLE_TENSOR, e->call.arg[0].value->at, "both indices must run over the same set");
    }
    bool flag = false;
    if (id == BI_SORT && e->call.n == 2) {
        const expr *word = e->call.arg[1].value;
        flag = word->kind == E_NAME && strcmp(word->ident.id, "descending") == 0;
        if (!flag && !(word->kind == E_NAME && strcmp(word->ident.id, "ascending") == 0)) {
            return infer_complain(x, D_NOT_A_WORD, word->at, "`ascending` or `descending`");
        }
    }
    set_id *domain = arena_array(x->a, set_id, t.n + 1);
    for (uint32_t k = 0; k < t.n; k++) {
        set_kind kind = x->p->sets.at[t.domain[k]].kind;
        if (kind == SET_RANK) {
            domain[k] = t.domain[k];
        } else if (id == BI_LIST && kind != SET_BASE && kind != SET_DIFFER) {
            domain[k] = t.domain[k];
        } else {
            domain[k] = set_rank(x, t.domain[k], 0, e->at);
        }
    }
    lib_op lib = id == BI_SORT ? LIB_SORT : id == BI_EIGVALS ? LIB_EIGVALS : id == BI_SORTROWS ? LIB_SORTROWS : LIB_LIST;
    def_id d = lib_def(x, lib, t, domain, id == BI_EIGVALS ? 1 : t.n, flag, e->at);
    return tensor_of_def(x, d, e->at);
}

static value call_pad(infer *x, scope *s, const expr *e)
{
    value t = need_tensor(x, s, e->call.arg[0].value, 1, 4);
    int n;
    if (t.kind == V_ERROR || !infer_int(x, s, e->call.arg[1].value, &n)) {
        return value_error(e->at);
    }
    if (n < 1 || n > 100000) {
        return infer_complain(x, D_NOT_AN_INTEGER, e->call.arg[1].value->at, "a length from 1 to 100000");
    }
    elem te = tensor_elem(x, t);
    if (te.kind != ELEM_REAL || te.rank || te.channels) {
        return infer_complain(x, D_NOT_A_WHOLE_TENSOR, e->call.arg[0].value->at, "plain numbers are needed here");
    }
    ivar_id *iv = arena_array(x->a, ivar_id, t.n);
    set_id *domain = arena_array(x->a, set_id, t.n);
    node_id *index = arena_array(x->a, node_id, t.n);
    for (uint32_t k = 0; k < t.n; k++) {
        const set *from = &x->p->sets.at[t.domain[k]];
        if (from->kind != SET_RANK) {
            diag *d = infer_report(x, D_NOT_RANKED, e->call.arg[0].value->at, set_text(x, t.domain[k]));
            diag_label_primary(x->sink, d, "over %s", set_text(x, t.domain[k]));
            diag_help(x->sink, d, "pad(sort(x), %d)      in the order of size", n);
            diag_help(x->sink, d, "pad(list(x), %d)      in the file's order, which breaks permute", n);
            return value_error(e->at);
        }
        domain[k] = set_rank(x, SETIR_NONE, n, e->at);
        value over = {.kind = V_SET, .set = domain[k]};
        iv[k] = bind_one(x, NULL, NULL, over, e->at);
        index[k] = node_ivar(x->p, iv[k], e->at);
    }
    node_imm imm = {.def = tensor_to_def(x, t, NULL, e->at)};
    node_id body = mk(x, OP_PADGET, te, index, t.n, &imm, e->at);
    return (value){.kind = V_TENSOR, .at = e->at, .def = SETIR_NONE, .node = body, .ivar = iv, .domain = domain, .n = t.n};
}

static value call_member(infer *x, scope *s, const expr *e)
{
    node_id n = infer_node(x, s, e->call.arg[0].value);
    value v = infer_set(x, s, e->call.arg[1].value);
    if (n == SETIR_NONE || v.kind == V_ERROR) {
        return value_error(e->at);
    }
    if (v.kind != V_SET || x->p->sets.at[v.set].kind != SET_SPECIES) {
        return infer_complain(x, D_NOT_A_SET, e->call.arg[1].value->at, "a list of elements is needed here");
    }
    return value_done(index_into(x, n, v.set, e->at), e->at);
}

static value call_first(infer *x, scope *s, const expr *e)
{
    value v = infer_set(x, s, e->call.arg[0].value);
    if (v.kind != V_SET) {
        return v.kind == V_ERROR ? v : infer_complain(x, D_NOT_A_SET, e->at, "a whole set is needed here");
    }
    node_imm imm = {.k = 0, .set = v.set};
    return value_done(mk(x, OP_INDEX_CONST, elem_index(v.set), NULL, 0, &imm, e->at), e->at);
}

/* ------------------------------------------------------------------------------------------------- irreps */

static value harmonics_nodes(infer *x, void *user, const node_id *n, span at)
{
    return infer_harmonics(x, n, (const builtin_row *)user == &builtin_table[BI_Y], at);
}

static value product2_nodes(infer *x, void *user, const node_id *n, span at)
{
    (void)user;
    return infer_product(x, n, 2, at);
}

static value product3_nodes(infer *x, void *user, const node_id *n, span at)
{
    (void)user;
    return infer_product(x, n, 3, at);
}

/* -------------------------------------------------------------------------------------------------- dispatch */

static value elementwise(infer *x, scope *s, const expr *e, value (*f)(infer *, void *, const node_id *, span), int id)
{
    value v[4];
    bool parts = id == BI_TRIPLE;
    for (uint32_t k = 0; k < e->call.n; k++) {
        const expr *arg = e->call.arg[k].value;
        v[k] = infer_expr(x, s, arg);
        v[k].at = arg->at;
        if (v[k].kind == V_ERROR) {
            return value_error(e->at);
        }
        parts = parts || (v[k].kind == V_PART && (id == BI_DOT || id == BI_NORM2));
    }
    if (parts) {
        return id == BI_TRIPLE ? infer_triple(x, v, e->at) : infer_dot_parts(x, v, e->call.n, e->at);
    }
    return map_values(x, v, e->call.n, e->at, f, (void *)(uintptr_t)&builtin_table[id]);
}

static value call_builtin(infer *x, scope *s, builtin_id id, const expr *e)
{
    const builtin_row *row = &builtin_table[id];
    if ((int)e->call.n < row->least || (int)e->call.n > row->most) {
        diag *d = infer_report(x, D_ARGUMENT_COUNT, e->at, row->name, row->sig);
        diag_label_primary(x->sink, d, "%u given", e->call.n);
        return value_error(e->at);
    }
    for (uint32_t k = 0; k < e->call.n; k++) {
        if (e->call.arg[k].label) {
            return infer_complain(x, D_NO_LABEL, e->call.arg[k].label_at, "arguments of this function have no labels");
        }
    }
    if (row->op != OP_COUNT_) {
        return elementwise(x, s, e, plain_nodes, id);
    }
    switch ((int)id) {
    case BI_SQRT: return elementwise(x, s, e, sqrt_nodes, id);
    case BI_CUTOFF: return elementwise(x, s, e, cutoff_nodes, id);
    case BI_GAUSS: return elementwise(x, s, e, gauss_nodes, id);
    case BI_NORM: case BI_NORM2: return elementwise(x, s, e, norm_nodes, id);
    case BI_DOT: case BI_CROSS: case BI_OUTER: case BI_MATVEC: return elementwise(x, s, e, product_nodes, id);
    case BI_Y: case BI_SOLID: return elementwise(x, s, e, harmonics_nodes, id);
    case BI_PRODUCT: return elementwise(x, s, e, e->call.n == 3 ? product3_nodes : product2_nodes, id);
    case BI_TRIPLE: return elementwise(x, s, e, NULL, id);
    case BI_TRACE: case BI_DET: case BI_TRANSPOSE: return elementwise(x, s, e, tensor_nodes, id);
    case BI_IDENTITY: return value_done(mk(x, OP_IDENTITY, elem_real(2), NULL, 0, NULL, e->at), e->at);
    case BI_PROTONS: case BI_MASS: return elementwise(x, s, e, species_nodes, id);
    case BI_ONE_HOT: return elementwise(x, s, e, one_hot_nodes, id);
    case BI_VOLUME: return call_volume(x, s, e);
    case BI_COUNT: return call_count(x, s, e);
    case BI_FRAC: return call_frac(x, s, e);
    case BI_PHASE: return call_phase(x, s, e);
    case BI_NEAREST: return call_nearest(x, s, e);
    case BI_NIGGLI: return call_niggli(x, s, e);
    case BI_LOOKUP: return call_lookup(x, s, e);
    case BI_SORT: case BI_EIGVALS: case BI_SORTROWS: case BI_LIST: return call_whole(x, s, id, e);
    case BI_PAD: return call_pad(x, s, e);
    case BI_ORTHONORMAL: {
        value t = need_tensor(x, s, e->call.arg[0].value, 2, 4);
        return t.kind == V_ERROR ? t : infer_orthonormal(x, t, e->call.arg[0].value->at);
    }
    case BI_FIRST: return call_first(x, s, e);
    case BI_MEMBER: return call_member(x, s, e);
    case BI_PAIRS: case BI_DIFFER: case BI_RECIPROCAL: case BI_SPECIES: case BI_RANK: case BI_EACH:
        return infer_set(x, s, e);
    case BI_GRAD: return infer_grad(x, s, e);
    case BI_STRAIN: return infer_grad_by_fault(x, e);
    default:
        return infer_complain(x, D_NOT_A_VALUE, e->at, "not callable here");
    }
}

static value call_function(infer *x, scope *s, value f, const expr *e)
{
    const ast_lhs *lhs = &f.function->def.lhs;
    if (e->call.n != lhs->n_param) {
        diag *d = infer_report(x, D_ARGUMENT_COUNT, e->at, lhs->id, arena_printf(x->a, "%u arguments", lhs->n_param));
        diag_label_primary(x->sink, d, "%u given", e->call.n);
        diag_label_at(x->sink, d, lhs->at, "defined here");
        return value_error(e->at);
    }
    for (const active_call *c = x->calls; c; c = c->outer) {
        if (c->function == f.function) {
            diag *d = infer_report(x, D_CYCLE, e->at, lhs->id);
            diag_label_primary(x->sink, d, "calls itself");
            return value_error(e->at);
        }
    }
    scope *inner = scope_new(x, f.home, f.home->inst);
    for (uint32_t k = 0; k < lhs->n_param; k++) {
        value v = infer_expr(x, s, e->call.arg[k].value);
        if (v.kind == V_ERROR) {
            return value_error(e->at);
        }
        const ast_type *t = lhs->param[k].type;
        elem te;
        unit u;
        double scale;
        bool pseudo, point;
        if (t && v.kind == V_NODE) {
            if (!type_elem(x, inner, t, &te, &u, &scale, &pseudo, &point)) {
                return value_error(e->at);
            }
            v.node = ascribe(x, v.node, u, te, e->call.arg[k].value->at, t->at);
            if (v.node == SETIR_NONE) {
                return value_error(e->at);
            }
        }
        entry *p = scope_add(x, inner, lhs->param[k].id, lhs->param[k].at);
        p->state = ENTRY_DONE;
        p->v = v;
    }
    uint32_t before = x->sink->all.n;
    vec_push(x->a, &x->called, f.function);
    const active_call here = {f.function, x->calls};
    x->calls = &here;
    value r = infer_expr(x, inner, f.function->def.value);
    x->calls = here.outer;
    for (uint32_t k = before; k < x->sink->all.n; k++) {
        if (x->sink->all.at[k]->labels.n < 6) {
            diag_label_at(x->sink, x->sink->all.at[k], e->at, "in this call of `%s`", lhs->id);
        }
    }
    r.at = e->at;
    return r;
}

value infer_call(infer *x, scope *s, const expr *e)
{
    value f = infer_expr(x, s, e->call.base);
    switch (f.kind) {
    case V_ERROR: return f;
    case V_BUILTIN: return call_builtin(x, s, (builtin_id)f.builtin, e);
    case V_FUNCTION: return call_function(x, s, f, e);
    case V_CURVE: return call_curve(x, s, f, e);
    case V_SET: return infer_set(x, s, e);
    case V_TRANSFORM: {
        value *args = arena_array(x->a, value, e->call.n + 1);
        for (uint32_t k = 0; k < e->call.n; k++) {
            args[k] = infer_expr(x, s, e->call.arg[k].value);
            if (args[k].kind == V_ERROR) {
                return value_error(e->at);
            }
        }
        instance *inst = infer_instantiate(x, f.transform, args, e->call.n, e->at);
        if (inst) {
            inst->site = param_site(x, s, e, f.transform);
        }
        return inst ? (value){.kind = V_RECORD, .at = e->at, .record = inst, .def = SETIR_NONE} : value_error(e->at);
    }
    case V_NOT_YET: {
        diag *d = infer_report(x, D_NOT_YET, e->at, f.what);
        diag_label_primary(x->sink, d, "not implemented yet");
        return value_error(e->at);
    }
    case V_NODE: case V_TENSOR: case V_ROW: case V_SLOT: case V_CELL: case V_RECORD: case V_LIST: case V_GIVEN:
    case V_FILE:
    case V_PARTS: case V_PART:
        break;
    }
    diag *d = infer_report(x, D_NOT_CALLABLE, e->call.base->at);
    diag_label_primary(x->sink, d, f.kind == V_TENSOR ? "is indexed with brackets" : "is not a function");
    if (f.kind == V_TENSOR && e->call.base->kind == E_NAME) {
        diag_help(x->sink, d, "%s[...]", e->call.base->ident.id);
    } else if (f.kind == V_NODE && e->call.base->kind == E_NAME) {
        diag_help(x->sink, d, "%s * (...)   for a product", e->call.base->ident.id);
    }
    return value_error(e->at);
}
