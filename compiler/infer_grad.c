/* SPDX-License-Identifier: Apache-2.0
 *
 * infer_grad.c: calls of `grad`. In: what is differentiated, by what, along which direction. Out: a tensor
 * (LIB_GRAD of one number, LIB_JACOBIAN of a table, LIB_ALONG with a direction) that ad.c writes out.
 */
#include "infer_internal.h"

#include <string.h>

/* ---- by what ------------------------------------------------------------------------------------------- */

value infer_grad_by_fault(infer *x, const expr *by)
{
    diag *d = infer_report(x, D_GRAD_BY, by->at);
    diag_label_primary(x->sink, d, "not something to take a derivative by");
    diag_help(x->sink, d, "grad(E, s.r), grad(E, strain(s)), grad(E, s.cell), grad(E, bond.d), grad(E, a_constant), grad(E, a_param)");
    return value_error(by->at);
}

/* strain(s): the word alone, not a value */
static bool by_strain(infer *x, scope *s, const expr *by, wrt *w)
{
    if (by->kind != E_CALL || by->call.base->kind != E_NAME || by->call.n != 1) return false;
    value f = infer_expr(x, s, by->call.base);
    if (f.kind != V_BUILTIN || f.builtin != BI_STRAIN) return false;
    w->kind = WRT_STRAIN;
    value of = infer_expr(x, s, by->call.arg[0].value);
    if (of.kind == V_SLOT) w->slot = of.slot;
    return true;
}

static bool by_pairs(infer *x, scope *s, const expr *by, wrt *w)
{
    if (by->kind != E_FIELD || strcmp(by->field.field, "d") != 0) return false;
    value base = infer_expr(x, s, by->field.base);
    if (base.kind != V_SET || x->p->sets.at[base.set].kind != SET_PAIRS) return false;
    w->kind = WRT_PAIRS;
    w->set = base.set;
    w->slot = x->p->sets.at[base.set].slot;
    return true;
}

static bool by_value(infer *x, value v, wrt *w)
{
    if (v.kind == V_CELL && x->p->slots.at[v.slot].axes) {
        w->kind = WRT_CELL;
        w->slot = v.slot;
        return true;
    }
    node_id n = v.kind == V_NODE || (v.kind == V_TENSOR && v.def == SETIR_NONE) ? v.node : SETIR_NONE;
    if (n == SETIR_NONE) return false;
    const node *d = &x->p->nodes.at[n];
    if (d->op == OP_PARAM && d->n_args == (v.kind == V_TENSOR ? v.n : 0)) {
        w->kind = WRT_PARAM;
        w->param = d->imm.param;
        return true;
    }
    const input *in = d->op == OP_INPUT ? &x->p->inputs.at[d->imm.input] : NULL;
    if (!in || in->elem.kind != ELEM_REAL || d->n_args != (v.kind == V_TENSOR ? v.n : 0)) return false;
    w->kind = WRT_INPUT;
    w->input = d->imm.input;
    w->slot = in->slot;
    return true;
}

static unit wrt_unit(infer *x, const wrt *w)
{
    if (w->kind == WRT_NAMED) return x->constants.at[w->named].unit;
    if (w->kind == WRT_PARAM) return x->p->params.at[w->param].unit;
    unit length = unit_none();
    length.power[UNIT_LENGTH] = (rational){1, 1};
    return w->kind == WRT_INPUT ? x->p->inputs.at[w->input].unit : w->kind == WRT_STRAIN ? unit_none() : length;
}

/* ---- of what ------------------------------------------------------------------------------------------- */

static value of_fault(infer *x, const expr *of, span at, const char *why, const char *help)
{
    diag *d = infer_report(x, D_GRAD_OF, of->at);
    diag_label_primary(x->sink, d, "%s", why);
    diag_help(x->sink, d, "%s", help);
    return value_error(at);
}

/* a number or table as a tensor */
static bool as_tensor(infer *x, value v, value *out)
{
    if (v.kind == V_TENSOR) {
        *out = v;
        return true;
    }
    if (v.kind != V_NODE) return false;
    const node *d = &x->p->nodes.at[v.node];
    if (d->n_free) return false;
    *out = d->op == OP_ACCESS && !d->n_args ? (value){.kind = V_TENSOR, .at = v.at, .def = d->imm.def}
                                            : (value){.kind = V_TENSOR, .at = v.at, .def = SETIR_NONE, .node = v.node};
    return true;
}

static bool is_nested(infer *x, def_id id)
{
    ivar_list outer = {0};
    program_def_free(x->p, &outer, id);
    return outer.n > 0;
}

/* the sets that `w` runs over, and the type of what moves */
static uint32_t sets_of(infer *x, const wrt *w, span at, set_id domain[8], elem *e)
{
    uint32_t n = 0;
    *e = elem_real(w->kind == WRT_STRAIN ? 2 : 1);
    if (w->kind == WRT_NAMED) {
        const constant *c = &x->constants.at[w->named];
        for (; n < c->n_domain && n < 8; n++) domain[n] = c->domain[n];
        *e = c->elem;
    } else if (w->kind == WRT_PARAM) {
        const parameter *q = &x->p->params.at[w->param];
        for (; n < q->n_domain && n < 8; n++) domain[n] = q->domain[n];
        *e = q->elem;
    } else if (w->kind == WRT_INPUT) {
        const input *in = &x->p->inputs.at[w->input];
        for (; n < in->n_domain && n < 8; n++) domain[n] = in->domain[n];
        *e = in->elem;
    } else if (w->kind != WRT_STRAIN) {
        domain[n++] = w->kind == WRT_CELL ? set_axis(x, w->slot, at) : w->set;
    }
    return n;
}

static value made_of(infer *x, def d, unit u)
{
    d.declared = d.elem;
    d.body = SETIR_NONE;
    d.out_scale = 1;
    def_id made = program_def(x->p, d);
    while (x->def_unit.n <= made) vec_push(x->a, &x->def_unit, unit_none());
    x->def_unit.at[made] = u;
    return tensor_of_def(x, made, d.at);
}

static void bind_over(infer *x, def *d, set_id s)
{
    value over = {.kind = V_SET, .set = s};
    d->param[d->n_param++] = bind_one(x, NULL, NULL, over, d->at);
}

/* the parameters of `from`, under names of their own; the one at `replaced` over `by` */
static void bind_like(infer *x, def *d, const def *from, uint32_t replaced, set_id by)
{
    for (uint32_t k = 0; k < from->n_param; k++)
        bind_over(x, d, k == replaced ? by : x->p->ivars.at[from->param[k]].set);
}

static value by_elements(infer *x, const expr *of, def_id arg, wrt w, span at)
{
    const def from = x->p->defs.at[arg];
    set_id domain[8];
    elem moving;
    uint32_t n = sets_of(x, &w, at, domain, &moving);
    bool number = !from.n_param && !from.elem.rank && !from.elem.channels;
    if ((w.kind == WRT_NAMED || w.kind == WRT_PARAM) && n > 1 && !number)
        return of_fault(x, of, at, w.kind == WRT_NAMED ? "a table has no derivative by a constant with several indices"
                                                       : "a table has no derivative by a parameter over several sets",
                        "take it of one number");
    bool by_channels = moving.channels && w.kind == WRT_PARAM && !from.elem.rank;
    if (from.elem.channels || (moving.channels && !by_channels))
        return of_fault(x, of, at, "channels have no derivative as a whole", "name one: x[i][0]");
    if (from.elem.rank + moving.rank > 2)
        return of_fault(x, of, at, "its derivative would have more than two Cartesian indices", "take its components one by one: v.x");
    if (!number && n > 1)
        return of_fault(x, of, at, "a table has no derivative by a field over two sets", "grad(x, w, v)   along a direction");
    def d = {.at = at, .type_at = at, .lib_at = at, .lib = number ? LIB_GRAD : LIB_JACOBIAN, .lib_arg = arg, .wrt = w,
             .elem = by_channels ? moving : elem_real(from.elem.rank + moving.rank), .param = arena_array(x->a, ivar_id, from.n_param + n + 1)};
    uint32_t replaced = w.kind == WRT_PAIRS ? program_pair_param(x->p, &from, w.set) : SETIR_NONE;
    bind_like(x, &d, &from, replaced, w.set);
    for (uint32_t k = 0; k < n && replaced == SETIR_NONE; k++) bind_over(x, &d, domain[k]);
    return made_of(x, d, unit_div(x->def_unit.at[arg], wrt_unit(x, &w)));
}

/* ---- along a direction --------------------------------------------------------------------------------- */

static value direction_fault(infer *x, const wrt *w, const expr *e, span at)
{
    bool number = w->kind == WRT_NAMED || w->kind == WRT_PARAM;
    diag *d = infer_report(x, D_GRAD_ALONG, e->at);
    diag_label_primary(x->sink, d, "not of the kind of what moves");
    diag_help(x->sink, d, "%s", number ? "let v[a in z, b in z] : scalar = ...      grad(x, A, v)      the sets and the type of A"
                                       : "let v[i in s.atom] : vector = ...      grad(x, s.r, v)");
    return value_error(at);
}

static value along(infer *x, scope *s, const expr *e, def_id arg, wrt w)
{
    const expr *by = e->call.arg[2].value;
    value v = value_single_output(x, infer_expr(x, s, by));
    if (v.kind == V_ERROR) return v;
    set_id domain[8];
    elem moving;
    uint32_t n = sets_of(x, &w, e->at, domain, &moving);
    if (w.kind == WRT_CELL || !as_tensor(x, v, &v)) return direction_fault(x, &w, by, e->at);
    def_id direction = tensor_to_def(x, v, NULL, by->at);
    const def t = x->p->defs.at[direction], from = x->p->defs.at[arg];
    bool fits = t.n_param == n && elem_equal(t.elem, moving) && !is_nested(x, direction);
    for (uint32_t k = 0; fits && k < n; k++) {
        const ivar *q = &x->p->ivars.at[t.param[k]];
        fits = q->set == domain[k] && q->row == SETIR_NONE;
    }
    if (!fits) return direction_fault(x, &w, by, e->at);
    def d = {.at = e->at, .type_at = e->at, .lib_at = e->at, .lib = LIB_ALONG, .lib_arg = arg, .wrt = w, .elem = from.elem,
             .along = direction, .param = arena_array(x->a, ivar_id, from.n_param + 1)};
    bind_like(x, &d, &from, SETIR_NONE, 0);
    unit u = unit_div(unit_mul(x->def_unit.at[arg], x->def_unit.at[direction]), wrt_unit(x, &w));
    return made_of(x, d, u);
}

/* ---- the call ------------------------------------------------------------------------------------------ */

static bool by_what(infer *x, scope *s, const expr *by, wrt *w)
{
    if (by_strain(x, s, by, w)) {
        if (w->slot != SETIR_NONE && x->p->slots.at[w->slot].axes) return true;
        if (w->slot == SETIR_NONE)
            infer_grad_by_fault(x, by);
        else
            infer_complain(x, D_GRAD_BY, by->at, "this structure has no lattice that could be strained");
        return false;
    }
    if (by_pairs(x, s, by, w)) return true;
    value t = infer_expr(x, s, by);
    if (t.kind == V_ERROR) return false;
    if (by_value(x, t, w)) return true;
    bool again;
    if (grad_by_constant(x, s, by, t, w, &again)) return !again;
    infer_grad_by_fault(x, by);
    return false;
}

value infer_grad(infer *x, scope *s, const expr *e)
{
    const expr *of = e->call.arg[0].value;
    value v = value_single_output(x, infer_expr(x, s, of));
    if (v.kind == V_ERROR) return v;
    if (!as_tensor(x, v, &v))
        return of_fault(x, of, e->at, "this depends on an index of its surroundings, or is no number",
                        "let f[i in s.atom] = ...      grad(f, s.r)[i]");
    def_id arg = tensor_to_def(x, v, NULL, of->at);
    const def from = x->p->defs.at[arg];
    bool rows = false;
    for (uint32_t k = 0; k < from.n_param; k++) rows |= x->p->ivars.at[from.param[k]].row != SETIR_NONE;
    if (from.elem.kind != ELEM_REAL || rows || is_nested(x, arg))
        return of_fault(x, of, e->at, from.elem.kind != ELEM_REAL ? "this is no number" : "this is a table of rows",
                        "let f[i in s.atom] = ...      grad(f, s.r)[i]");
    wrt w = {.slot = SETIR_NONE, .input = SETIR_NONE, .set = SETIR_NONE};
    if (!by_what(x, s, e->call.arg[1].value, &w)) return value_error(e->at);
    return e->call.n > 2 ? along(x, s, e, arg, w) : by_elements(x, of, arg, w, e->at);
}
