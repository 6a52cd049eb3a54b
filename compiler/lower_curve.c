/* SPDX-License-Identifier: Apache-2.0
 *
 * lower_curve.c: tables over sets of fixed size. In: nodes that look up numbers, parameters, pieces of polynomials, places of
 * elements. Out: loads from tables of the program and from the caller's parameters, sums by Horner's rule. The piece that an argument falls into is found once for all
 * curves with the same knots and for all derivatives.
 */
#include "lower.h"

#include "curve.h"

#include <math.h>

enum { ELEMENTS = 119 };

/* curves with the same knots share the search: the first of them stands for all */
static uint32_t same_knots(const program *p, uint32_t id)
{
    const curve *c = &p->curves.at[id];
    for (uint32_t k = 0; k < id; k++) {
        const curve *o = &p->curves.at[k];
        if (o->pieces == c->pieces && o->lo == c->lo && o->rate == c->rate) return k;
    }
    return id;
}

static buffer_id curve_buffer(lowering *x, uint32_t id)
{
    lexpr **made = cache_slot(x, x->kernel_scope, CACHE_CURVE, id, SETIR_NONE);
    const curve *c = &x->p->curves.at[id];
    if (!*made) *made = ix(x, kernel_table(x->k, c->data, (uint32_t)curve_numbers(c), c->id ? c->id : "table"));
    return (buffer_id)(*made)->i64;
}

/* row-major; sets of fixed size are numbered from 0 in each frame */
static lexpr *place_of_indices(lowering *x, scope *at, const node_id *index, const set_id *domain, uint32_t n)
{
    lexpr *cell = ix(x, 0);
    for (uint32_t k = 0; k < n; k++)
        cell = ix_add(x, ix_mul(x, cell, ix(x, curve_set_size(x->p, domain[k]))), lower_index(x, at, index[k]));
    return cell;
}

/* the number of the piece and the place in it, made where the argument is */
static void find_piece(lowering *x, scope *at, const node *n, lexpr **piece, lexpr **u)
{
    const curve *c = &x->p->curves.at[n->imm.curve];
    uint32_t knots = same_knots(x->p, n->imm.curve);
    scope *home = place_of(x, at, home_of(x, at, n->arg[0]), is_shared(x, n->arg[0]));
    lexpr **known_piece = cache_slot(x, home, CACHE_CURVE, 2 * knots, n->arg[0]);
    if (!*known_piece) {
        lexpr *t = op2(x, L_MUL, op2(x, L_SUB, lower_scalar(x, home, n->arg[0]), f64(x, c->lo)), f64(x, c->rate));
        t = let(x, home, "t", t);
        lexpr *k = op2(x, L_IMIN, op2(x, L_IMAX, op1(x, L_TO_I64, t), ix(x, 0)), ix(x, (int64_t)c->pieces - 1));
        *known_piece = let(x, home, "piece", k);
        lexpr *cell = let(x, home, "u", op2(x, L_SUB, t, op1(x, L_TO_F64, *known_piece)));
        *cache_slot(x, home, CACHE_CURVE, 2 * knots + 1, n->arg[0]) = cell;
    }
    *piece = *known_piece;
    *u = *cache_slot(x, home, CACHE_CURVE, 2 * knots + 1, n->arg[0]);
}

vals lower_curve(lowering *x, scope *at, const node *n)
{
    const curve *c = &x->p->curves.at[n->imm.curve];
    uint32_t k = (uint32_t)n->imm.k;
    vals v = vals_new(x, 1);
    v.at[0] = f64(x, 0);
    lexpr *cell = place_of_indices(x, at, n->arg + (n->op == OP_SPLINE), c->domain, c->n_domain), *piece, *u;
    buffer_id b = curve_buffer(x, n->imm.curve);
    if (n->op == OP_TABLE) {
        v.at[0] = lx_load(x->k, b, cell);
        return v;
    }
    if (k >= c->terms) return v;
    find_piece(x, at, n, &piece, &u);
    lexpr *row = let(x, at, "row", ix_add(x, ix_mul(x, piece, ix(x, (int64_t)c->terms * c->places)), cell));
    lexpr *sum = NULL;
    for (uint32_t j = c->terms; j-- > k;) {
        double factor = curve_falling(j, n->imm.k) * pow(c->rate, n->imm.k);
        lexpr *term = lx_load(x->k, b, ix_add(x, row, ix(x, (int64_t)j * c->places)));
        if (factor != 1) term = op2(x, L_MUL, f64(x, factor), term);
        sum = sum ? op2(x, L_ADD, term, op2(x, L_MUL, sum, u)) : term;
    }
    v.at[0] = sum;
    return v;
}

static lexpr *param_row(lowering *x, scope *at, const node *n)
{
    const parameter *w = &x->p->params.at[n->imm.param];
    lexpr *row = place_of_indices(x, at, n->arg, w->domain, w->n_domain);
    return ix_add(x, ix_mul(x, row, ix(x, elem_components(w->elem))), ix(x, (int64_t)w->first));
}

vals lower_param(lowering *x, scope *at, const node *n)
{
    vals v = vals_new(x, elem_components(n->elem));
    lexpr *row = v.n > 1 ? let(x, at, "row", param_row(x, at, n)) : param_row(x, at, n);
    for (uint32_t c = 0; c < v.n; c++)
        v.at[c] = lx_load(x->k, view_buffer(x, BUF_PARAM, 0), ix_add(x, row, ix(x, c)));
    return v;
}

lexpr *lower_param_channel(lowering *x, scope *at, const node *n, lexpr *channel)
{
    lexpr *row = param_row(x, at, n);
    return lx_load(x->k, view_buffer(x, BUF_PARAM, 0), ix_add(x, row, channel));
}

/* data are refused when they have other elements: those stand for the first place */
vals lower_species_index(lowering *x, scope *at, const node *n)
{
    const set *s = &x->p->sets.at[n->imm.set];
    double cell[ELEMENTS] = {0};
    for (int32_t k = 0; k < s->count; k++)
        if (s->species[k] >= 0 && s->species[k] < ELEMENTS) cell[s->species[k]] = k;
    lexpr **made = cache_slot(x, x->kernel_scope, CACHE_CURVE, n->imm.set, SETIR_NONE - 1);
    if (!*made) {
        buffer b = {.kind = BUF_CONST, .type = LT_I32, .n_data = ELEMENTS, .label = "place_of_element"};
        b.data = arena_copy(x->a, cell, sizeof cell);
        *made = ix(x, kernel_buffer(x->k, b));
    }
    vals v = vals_new(x, 1);
    v.at[0] = lx_load(x->k, (buffer_id)(*made)->i64, lower_scalar(x, at, n->arg[0]));
    return v;
}
