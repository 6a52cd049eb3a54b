/* SPDX-License-Identifier: Apache-2.0
 *
 * infer_irreps.c: In: types irreps(...), channels joined by `++`, parts of irreps, calls of Y, solid, product,
 * triple, and of dot and norm2 on parts. Out: element types, nodes with their tables. A part picked by an index
 * (V_PART) has another size for each value of the index: functions that make numbers of it look at the part alone,
 * elsewhere it is the whole with the other parts zero, so that sums over the index put parts together.
 */
#include "coupling.h"
#include "harmonics.h"
#include "infer_internal.h"

#include <math.h>
#include <string.h>

/* --------------------------------------------------------------------------------------------------- types */

/* adds a part, merged with the one before when they turn alike; false: too many channels */
static bool add_part(irrep *part, uint32_t *n, irrep one)
{
    irrep *last = *n ? &part[*n - 1] : NULL;
    if (last && last->l == one.l && last->odd == one.odd) {
        if (last->copies + one.copies > CHANNELS_MOST) {
            return false;
        }
        last->copies = (uint16_t)(last->copies + one.copies);
    } else {
        part[(*n)++] = one;
    }
    return irreps_channels(part, *n) <= CHANNELS_MOST;
}

static bool bad_type(infer *x, span at, const char *label)
{
    diag *d = infer_report(x, D_BAD_IRREPS, at, "this");
    diag_label_primary(x->sink, d, "%s", label);
    diag_help(x->sink, d, "irreps(0..6)      degrees 0 to 6, as spherical harmonics have");
    diag_help(x->sink, d, "irreps(8x0e + 4x1o)      copies, x, degree, parity e or o");
    return false;
}

static bool range_parts(infer *x, scope *s, const ast_targ *g, irrep *part, uint32_t *n)
{
    int lo = (int)g->lo, hi = (int)g->hi;
    if (g->kind == TARG_EXPR) {
        const expr *e = g->value;
        if (e->kind != E_BINARY || e->binary.op != B_RANGE) {
            return bad_type(x, g->at, "a range of degrees or a sum of irreps is needed here");
        }
        if (!infer_int(x, s, e->binary.lhs, &lo) || !infer_int(x, s, e->binary.rhs, &hi)) {
            return false;
        }
    }
    if (g->kind == TARG_RANGE && (g->lo != floor(g->lo) || g->hi != floor(g->hi))) {
        return bad_type(x, g->at, "degrees are whole numbers");
    }
    if (lo < 0 || hi < lo || hi > IRREPS_L_MOST) {
        return bad_type(x, g->at, "degrees run from 0 to 11");
    }
    for (int l = lo; l <= hi; l++) {
        add_part(part, n, (irrep){1, (uint8_t)l, l % 2 != 0});
    }
    return true;
}

bool infer_irreps_type(infer *x, scope *s, const ast_path *path, elem *e)
{
    uint32_t most = 0, n = 0;
    for (uint32_t k = 0; k < path->n_arg; k++) {
        most += path->arg[k].kind == TARG_IRREPS ? path->arg[k].n_irrep : IRREPS_L_MOST + 1;
    }
    if (path->n_arg != 1) {
        return bad_type(x, path->at, "which degrees?");
    }
    irrep *part = arena_array(x->a, irrep, most + 1);
    const ast_targ *g = &path->arg[0];
    if (g->kind == TARG_RANGE || g->kind == TARG_EXPR) {
        if (!range_parts(x, s, g, part, &n)) {
            return false;
        }
    } else if (g->kind == TARG_IRREPS) {
        for (uint32_t k = 0; k < g->n_irrep; k++) {
            const ast_irrep *r = &g->irrep[k];
            bool odd = r->parity ? r->parity == 'o' : r->l % 2 != 0;
            irrep one = {(uint16_t)r->mult, (uint8_t)r->l, odd};
            if (r->mult < 1 || r->mult > CHANNELS_MOST || !add_part(part, &n, one)) {
                return r->mult < 1 ? false : bad_type(x, g->at, "more than 4096 channels");
            }
        }
    } else {
        return bad_type(x, g->at, "a range of degrees or a sum of irreps is needed here");
    }
    *e = elem_irreps(x->p, program_irreps(x->p, part, n));
    return true;
}

static elem joined(infer *x, const elem *of, uint32_t n)
{
    uint32_t most = 0, made = 0, channels = 0;
    bool any = false;
    for (uint32_t k = 0; k < n; k++) {
        const irreps *r = irreps_of(x->p, of[k]);
        any = any || r;
        most += r ? r->n : 1;
        channels += elem_components(of[k]);
    }
    irrep *part = arena_array(x->a, irrep, most + 1);
    for (uint32_t k = 0; k < n; k++) {
        const irreps *r = irreps_of(x->p, of[k]);
        irrep plain = {(uint16_t)elem_components(of[k]), 0, false};
        for (uint32_t j = 0; j < (r ? r->n : 1); j++) {
            add_part(part, &made, r ? r->part[j] : plain);
        }
    }
    return any ? elem_irreps(x->p, program_irreps(x->p, part, made)) : elem_channels(channels);
}

node_id infer_concat(infer *x, const expr *e, node_id a, node_id b)
{
    node_id part[2] = {as_real(x, a, e->binary.lhs->at), as_real(x, b, e->binary.rhs->at)};
    VEC(node_id) all = {0};
    uint32_t channels = 0;
    for (int k = 0; k < 2; k++) {
        if (part[k] == SETIR_NONE) {
            return SETIR_NONE;
        }
        elem pe = elem_of(x, part[k]);
        if (pe.rank) {
            diag *d = infer_report(x, D_NOT_A_SCALAR, k ? e->binary.rhs->at : e->binary.lhs->at);
            diag_label_primary(x->sink, d, "`++` joins scalars and channels, this is a %s", elem_text(x, pe));
            return SETIR_NONE;
        }
        const node *d = &x->p->nodes.at[part[k]];
        if (d->op == OP_CHANNEL_CAT) {
            for (uint32_t j = 0; j < d->n_args; j++) {
                vec_push(x->a, &all, d->arg[j]);
            }
        } else {
            vec_push(x->a, &all, part[k]);
        }
        channels += pe.channels ? pe.channels : 1;
    }
    if (channels > 4096) {
        diag *d = infer_report(x, D_NOT_YET, e->at, "more than 4096 channels");
        diag_label_primary(x->sink, d, "%u channels", channels);
        return SETIR_NONE;
    }
    elem *of = arena_array(x->a, elem, all.n);
    for (uint32_t k = 0; k < all.n; k++) {
        of[k] = elem_of(x, all.at[k]);
    }
    elem out = joined(x, of, all.n);
    return mk(x, OP_CHANNEL_CAT, out, all.at, all.n, NULL, e->at);
}

/* --------------------------------------------------------------------------------------------------- parts */

value infer_parts(infer *x, value base, span at)
{
    (void)x;
    base.kind = V_PARTS;
    base.at = at;
    return base;
}

/* part k: a number, plain channels or irreps of one degree */
static value slice(infer *x, node_id n, uint32_t k, span at)
{
    const irreps r = *irreps_of(x->p, elem_of(x, n));
    irrep one = r.part[k];
    uint32_t first = irreps_channels(r.part, k), width = irreps_channels(&one, 1);
    if (width == 1) {
        node_imm imm = {.k = (int32_t)first};
        return value_done(mk(x, OP_CHANNEL_GET, elem_real(0), &n, 1, &imm, at), at);
    }
    uint32_t *from = arena_array(x->a, uint32_t, width);
    for (uint32_t c = 0; c < width; c++) {
        from[c] = first + c;
    }
    elem to = one.l || one.odd ? elem_irreps(x->p, program_irreps(x->p, &one, 1)) : elem_channels(width);
    node_imm imm = {.table = table_pick(x->p, elem_of(x, n), to, from)};
    return value_done(mk(x, OP_LINEAR, to, &n, 1, &imm, at), at);
}

value infer_part(infer *x, value parts, node_id index, span at)
{
    if (index == SETIR_NONE) {
        return value_error(at);
    }
    uint32_t count = irreps_of(x->p, elem_of(x, parts.node))->n;
    double number;
    elem e = elem_of(x, index);
    const set *s = e.kind == ELEM_INDEX ? &x->p->sets.at[e.set] : NULL;
    bool range = s && s->kind == SET_RANGE;
    bool fixed = const_value(x, index, &number);
    bool inside = range ? s->lo >= 0 && s->hi < (int32_t)count
                        : fixed && number == floor(number) && number >= 0 && number < count;
    constant_held(x, fixed ? index : SETIR_NONE, at);
    if ((range || fixed) && !inside) {
        diag *d = infer_report(x, D_INDEX_RANGE, at);
        const char *label = range ? "runs over %d..%d, the parts are 0..%d" : "the parts are numbered from 0";
        diag_label_primary(x->sink, d, label, range ? s->lo : 0, range ? s->hi : 0, (int)count - 1);
        return value_error(at);
    }
    if (fixed) {
        return slice(x, parts.node, (uint32_t)number, at);
    }
    if (!range) {
        diag *d = infer_report(x, D_WRONG_INDEX, at, arena_printf(x->a, "0..%u", count - 1), elem_words(x, e));
        diag_label_primary(x->sink, d, "a number or an index of a range is needed here");
        return value_error(at);
    }
    return (value){.kind = V_PART, .at = at, .node = parts.node, .row = index, .def = SETIR_NONE};
}

/* one number for each part of the range: all of a part's components take it */
static uint32_t spread(infer *x, elem e, part_range range)
{
    const irreps r = *irreps_of(x->p, e);
    product_term *term = arena_array(x->a, product_term, elem_components(e) + 1u);
    uint32_t n = 0;
    for (uint32_t k = range.first; k < range.first + range.n; k++) {
        uint32_t first = irreps_channels(r.part, k), width = irreps_channels(&r.part[k], 1);
        for (uint32_t c = first; c < first + width; c++) {
            term[n++] = (product_term){c, k - range.first, c, 1};
        }
    }
    return program_table(x->p, elem_channels(range.n), e, e, term, n);
}

static part_range range_of(infer *x, node_id index)
{
    const set *s = &x->p->sets.at[elem_of(x, index).set];
    return (part_range){(uint32_t)s->lo, (uint32_t)(s->hi - s->lo) + 1};
}

node_id infer_part_alone(infer *x, value part)
{
    part_range range = range_of(x, part.row);
    node_id put[2] = {mk_const(x, 1, unit_none(), part.at), part.row};
    node_id args[2] = {mk(x, OP_CHANNEL_PUT, elem_channels(range.n), put, 2, NULL, part.at), part.node};
    node_imm imm = {.table = spread(x, elem_of(x, part.node), range)};
    return args[0] == SETIR_NONE ? SETIR_NONE : mk(x, OP_BILINEAR, elem_of(x, part.node), args, 2, &imm, part.at);
}

/* numbers put at the part's place, times the whole */
static bool is_part(infer *x, node_id n)
{
    const node *d = &x->p->nodes.at[n];
    return d->op == OP_BILINEAR && x->p->nodes.at[d->arg[0]].op == OP_CHANNEL_PUT &&
           x->p->nodes.at[d->arg[0]].n_args == 2;
}

node_id infer_part_scaled(infer *x, node_op op, node_id part, node_id number, span at)
{
    if (!is_part(x, part) || elem_of(x, number).channels || elem_of(x, number).rank) {
        return SETIR_NONE;
    }
    const node d = x->p->nodes.at[part], w = x->p->nodes.at[d.arg[0]];
    bool one = op == OP_MUL && x->p->nodes.at[w.arg[0]].op == OP_CONST && x->p->nodes.at[w.arg[0]].imm.value[0] == 1;
    node_id put[2] = {one ? number : mk2(x, op, elem_real(0), w.arg[0], number, at), w.arg[1]};
    if (put[0] == SETIR_NONE) {
        return SETIR_NONE;
    }
    node_id args[2] = {mk(x, OP_CHANNEL_PUT, w.elem, put, 2, NULL, at), d.arg[1]};
    return args[0] == SETIR_NONE ? SETIR_NONE : mk(x, OP_BILINEAR, d.elem, args, 2, &d.imm, at);
}

/* sum m in l: f(m) * c.part[m]   has the numbers f(0), f(1), ... side by side, times c */
node_id infer_sum_of_parts(infer *x, node_id body, ivar_id over, span at)
{
    if (!is_part(x, body)) {
        return SETIR_NONE;
    }
    const node d = x->p->nodes.at[body], w = x->p->nodes.at[d.arg[0]], index = x->p->nodes.at[w.arg[1]];
    if (index.op != OP_IVAR || index.imm.ivar != over || program_depends(x->p, d.arg[1], over)) {
        return SETIR_NONE;
    }
    node_id *each = arena_array(x->a, node_id, w.elem.channels);
    for (uint32_t k = 0; k < w.elem.channels; k++) {
        node_imm member = {.k = (int32_t)k, .set = index.elem.set};
        node_id m = mk(x, OP_INDEX_CONST, index.elem, NULL, 0, &member, at);
        each[k] = program_substitute(x->p, w.arg[0], &over, &m, 1);
        infer_units_of_new(x);
    }
    node_id args[2] = {mk(x, OP_CHANNEL_CAT, w.elem, each, w.elem.channels, NULL, at), d.arg[1]};
    return args[0] == SETIR_NONE ? SETIR_NONE : mk(x, OP_BILINEAR, d.elem, args, 2, &d.imm, at);
}

/* parts that one call takes: by index, or a whole value of one part */
typedef struct taken { node_id node, index; elem e; part_range range; } taken;

static bool take_part(infer *x, value v, taken *out)
{
    if (v.kind == V_PART) {
        *out = (taken){v.node, v.row, elem_of(x, v.node), range_of(x, v.row)};
        return true;
    }
    node_id n = as_real(x, value_to_node(x, v), v.at);
    if (n == SETIR_NONE) {
        return false;
    }
    const irreps *r = irreps_of(x->p, elem_of(x, n));
    if (elem_of(x, n).rank || (r ? r->n > 1 : elem_of(x, n).channels > 1)) {
        infer_complain(x, D_NOT_A_PART, v.at, "one part of irreps is needed here:  c.part[l]");
        return false;
    }
    *out = (taken){n, SETIR_NONE, elem_of(x, n), {0, 1}};
    return true;
}

static value pick_channel(infer *x, node_id channels, const taken *t, uint32_t n, span at)
{
    node_id args[4] = {channels};
    uint32_t used = 1;
    for (uint32_t k = 0; k < n; k++) {
        if (t[k].index != SETIR_NONE) {
            args[used++] = t[k].index;
        }
    }
    node_imm imm = {.k = 0};
    return used == 1 ? value_done(mk(x, OP_CHANNEL_GET, elem_real(0), args, 1, &imm, at), at)
                     : value_done(mk(x, OP_CHANNEL_AT, elem_real(0), args, used, NULL, at), at);
}

static bool same_parts(infer *x, const taken *a, const taken *b)
{
    const irreps *r = irreps_of(x->p, a->e), *s = irreps_of(x->p, b->e);
    for (uint32_t k = a->range.first; k < a->range.first + a->range.n; k++) {
        const irrep *u = &r->part[k], *v = &s->part[k];
        if (u->l != v->l || u->copies != v->copies || u->odd != v->odd) {
            return false;
        }
    }
    return true;
}

/* dot(a.part[m], b.part[m]), norm2(a.part[m]): all parts of the range at once, then the one at m */
value infer_dot_parts(infer *x, value *v, uint32_t n, span at)
{
    taken t[2];
    if (!take_part(x, v[0], &t[0]) || !take_part(x, v[n - 1], &t[1])) {
        return value_error(at);
    }
    if (t[0].index != t[1].index || !same_parts(x, &t[0], &t[1])) {
        return infer_complain(x, D_NOT_A_PART, at, "both sides must be the same part: one index for both");
    }
    node_imm imm = {.table = coupling_dots(x->p, t[0].e, t[1].e, t[0].range.first, t[0].range.n)};
    node_id args[2] = {t[0].node, t[1].node};
    node_id all = mk(x, OP_BILINEAR, elem_channels(t[0].range.n), args, 2, &imm, at);
    return all == SETIR_NONE ? value_error(at) : pick_channel(x, all, t, 1, at);
}

value infer_triple(infer *x, value *v, span at)
{
    taken t[3];
    elem of[3];
    part_range range[3];
    for (int k = 0; k < 3; k++) {
        if (!take_part(x, v[k], &t[k])) {
            return value_error(at);
        }
        of[k] = t[k].e;
        range[k] = t[k].range;
        const irreps *r = irreps_of(x->p, of[k]);
        for (uint32_t m = range[k].first; r && m < range[k].first + range[k].n; m++) {
            if (r->part[m].copies > 1) {
                return infer_complain(x, D_NOT_A_PART, v[k].at, "this part has several copies");
            }
        }
    }
    node_imm first = {0}, second = {0};
    bool alike = t[0].index != SETIR_NONE && t[0].index == t[1].index && t[1].index == t[2].index;
    if (!coupling_triples(x->p, of, range, alike, &first.table, &second.table)) {
        return infer_complain(x, D_NOT_A_PART, at, "no such three degrees fit together, or more than 4096 channels");
    }
    const product_table pairs = x->p->tables.at[first.table], triples = x->p->tables.at[second.table];
    node_id args[2] = {t[0].node, t[1].node};
    args[0] = mk(x, OP_BILINEAR, pairs.to, args, 2, &first, at);
    args[1] = t[2].node;
    node_id all = mk(x, OP_BILINEAR, triples.to, args, 2, &second, at);
    return all == SETIR_NONE ? value_error(at) : pick_channel(x, all, t, alike ? 1 : 3, at);
}

/* --------------------------------------------------------------------------------------------------- calls */

/* Y(v, L): of the direction of v; solid(v, L): r^l Y, of a vector without unit */
value infer_harmonics(infer *x, const node_id *n, bool direction, span at)
{
    double number;
    if (!const_value(x, n[1], &number) || number != floor(number) || number < 0 || number > IRREPS_L_MOST) {
        return infer_complain(x, D_NOT_AN_INTEGER, at, "the second argument is the highest degree, from 0 to 11");
    }
    constant_held(x, n[1], at);
    if (elem_of(x, n[0]).kind != ELEM_REAL || elem_of(x, n[0]).rank != 1) {
        return infer_complain(x, D_NOT_A_VECTOR, at, arena_printf(x->a, "of a %s", elem_text(x, elem_of(x, n[0]))));
    }
    node_id v = n[0];
    if (direction) {
        v = mk2(x, OP_DIV, elem_real(1), v, mk1(x, OP_NORM, elem_real(0), v, at), at);
    }
    node_imm imm = {.k = (int32_t)number};
    return value_done(mk(x, OP_SOLID, elem_irreps(x->p, irreps_harmonics(x->p, (int)number)), &v, 1, &imm, at), at);
}

value infer_product(infer *x, const node_id *n, uint32_t count, span at)
{
    double number = IRREPS_L_MOST;
    for (int k = 0; k < 2; k++) {
        elem e = elem_of(x, n[k]);
        if (e.kind != ELEM_REAL || e.rank || !irreps_of(x->p, e)) {
            return infer_complain(x, D_NOT_A_PART, at,
                            arena_printf(x->a, "a product of irreps, not of a %s", elem_text(x, e)));
        }
    }
    bool known = count < 3 || const_value(x, n[2], &number);
    constant_held(x, count < 3 ? SETIR_NONE : n[2], at);
    if (!known || number != floor(number) || number < 0 || number > IRREPS_L_MOST) {
        return infer_complain(x, D_NOT_AN_INTEGER, at, "the third argument is the highest degree kept, from 0 to 11");
    }
    node_imm imm = {.table = coupling_product(x->p, elem_of(x, n[0]), elem_of(x, n[1]), (int)number)};
    if (imm.table == SETIR_NONE) {
        return infer_complain(x, D_NOT_A_PART, at, "no part up to that degree, or more than 4096 channels");
    }
    return value_done(mk(x, OP_BILINEAR, x->p->tables.at[imm.table].to, n, 2, &imm, at), at);
}
