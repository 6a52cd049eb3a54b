/* SPDX-License-Identifier: Apache-2.0
 *
 * lower_irreps.c: spherical harmonics, tables of products, channels picked by an index. In: nodes. Out: straight-line
 * arithmetic, one expression per component, so that a loop around it runs in vector lanes.
 */
#include "harmonics.h"
#include "lower.h"

/* ---- solid harmonics: the recurrence of harmonics.h, written out --------------------------------------- */

typedef struct solid {
    lowering *x;
    scope *at;
    lexpr *z, *square;
    harmonics_recurrence r;
} solid;

static lexpr *scaled(lowering *x, double factor, lexpr *e)
{
    return op2(x, L_MUL, f64(x, factor), e);
}

/* Q(l, m) from the two degrees before; NULL for what is zero */
static lexpr *next_degree(const solid *s, int l, int m, lexpr *now, lexpr *before)
{
    lowering *x = s->x;
    lexpr *up = op2(x, L_MUL, scaled(x, s->r.up[l][m], s->z), now);
    if (!before) return let(x, s->at, NULL, up);
    lexpr *down = op2(x, L_MUL, scaled(x, s->r.down[l][m], s->square), before);
    return let(x, s->at, NULL, op2(x, L_SUB, up, down));
}

vals lower_solid(lowering *x, scope *at, const node *n)
{
    int lmax = n->imm.k;
    vals a = lower_node(x, at, n->arg[0]), v = vals_new(x, elem_components(n->elem));
    lexpr *c[3];
    for (int k = 0; k < 3; k++) c[k] = let(x, at, "xyz", a.at[k]);
    solid s = {.x = x, .at = at, .z = c[2]};
    harmonics_recurrence_fill(&s.r);
    lexpr *square = op2(x, L_ADD, op2(x, L_MUL, c[0], c[0]), op2(x, L_MUL, c[1], c[1]));
    s.square = let(x, at, NULL, op2(x, L_ADD, square, op2(x, L_MUL, c[2], c[2])));
    lexpr *cosine = NULL, *sine = NULL; /* of m phi, times rho^m */
    for (int m = 0; m <= lmax; m++) {
        lexpr *before = NULL, *now = f64(x, s.r.start[m]);
        for (int l = m; l <= lmax; l++) {
            if (l > m) {
                lexpr *next = next_degree(&s, l, m, now, before);
                before = now;
                now = next;
            }
            v.at[l * l + l + m] = m ? op2(x, L_MUL, now, cosine) : now;
            if (m) v.at[l * l + l - m] = op2(x, L_MUL, now, sine);
        }
        if (m == 0) {
            cosine = c[0];
            sine = c[1];
            continue;
        }
        lexpr *turned = op2(x, L_SUB, op2(x, L_MUL, c[0], cosine), op2(x, L_MUL, c[1], sine));
        sine = let(x, at, NULL, op2(x, L_ADD, op2(x, L_MUL, c[0], sine), op2(x, L_MUL, c[1], cosine)));
        cosine = let(x, at, NULL, turned);
    }
    return v;
}

/* ---- tables -------------------------------------------------------------------------------------------- */

static lexpr *weighed(lowering *x, double weight, lexpr *e)
{
    return weight == 1 ? e : weight == -1 ? op1(x, L_NEG, e) : scaled(x, weight, e);
}

/* component `only` of the product, or all (SETIR_NONE) */
static vals product_terms(lowering *x, scope *at, const node *n, uint32_t only)
{
    const product_table t = x->p->tables.at[n->imm.table];
    vals a = lower_node(x, at, n->arg[0]), v = vals_new(x, elem_components(n->elem)), b = a;
    if (n->n_args > 1) b = lower_node(x, at, n->arg[1]);
    for (uint32_t k = 0; k < t.n; k++) {
        const product_term *w = &t.term[k];
        if (only != SETIR_NONE && w->k != only) continue;
        uint32_t i = a.n == 1 ? 0 : w->i, j = b.n == 1 ? 0 : w->j;
        lexpr *e = a.at[i] = let(x, at, NULL, a.at[i]);
        if (n->n_args > 1) e = op2(x, L_MUL, e, b.at[j] = let(x, at, NULL, b.at[j]));
        e = weighed(x, w->weight, e);
        v.at[w->k] = v.at[w->k] ? op2(x, L_ADD, v.at[w->k], e) : e;
    }
    for (uint32_t k = 0; k < v.n; k++)
        if (!v.at[k]) v.at[k] = f64(x, 0);
    return v;
}

vals lower_product_table(lowering *x, scope *at, const node *n)
{
    return product_terms(x, at, n, SETIR_NONE);
}

/* ---- channels by index --------------------------------------------------------------------------------- */

/* number of the channel that the indices from the first on select, row-major */
static lexpr *channel_number(lowering *x, scope *at, const node *n)
{
    lexpr *number = ix(x, 0);
    for (uint32_t k = 1; k < n->n_args; k++) {
        set_id s = x->p->nodes.at[n->arg[k]].elem.set;
        number = ix_add(x, ix_mul(x, number, ix(x, set_constant(x->p, s))), lower_index(x, at, n->arg[k]));
    }
    return number;
}

static lexpr *one_of(lowering *x, scope *at, const vals *v, lexpr *number)
{
    number = let(x, at, NULL, number);
    lexpr *e = v->at[0];
    for (uint32_t c = 1; c < v->n; c++) e = choose(x, op2(x, L_IEQ, number, ix(x, c)), v->at[c], e);
    return e;
}

/* Where loops over the number lie inside, the channels are put into an array first. (Not in the block of the same
 * loop: its lanes would share the array.) */
vals lower_channel_at(lowering *x, scope *at, const node *n)
{
    vals out = vals_new(x, 1);
    lexpr *number = channel_number(x, at, n);
    const node of = x->p->nodes.at[n->arg[0]];
    if (number->op == L_I64 && of.op == OP_BILINEAR && !known_find(x, n->arg[0], home_of(x, at, n->arg[0]), at)) {
        out.at[0] = product_terms(x, at, &of, (uint32_t)number->i64).at[number->i64];
        return out;
    }
    if (of.op == OP_PARAM) {
        out.at[0] = lower_param_channel(x, at, &of, number);
        return out;
    }
    vals v = lower_node(x, at, n->arg[0]);
    if (number->op == L_I64 || v.n == 1) {
        out.at[0] = v.at[v.n == 1 ? 0 : (uint32_t)number->i64];
        return out;
    }
    scope *home = place_of(x, at, home_of(x, at, n->arg[0]), is_shared(x, n->arg[0]));
    if (home == at) {
        out.at[0] = one_of(x, at, &v, number);
        return out;
    }
    lexpr **array = cache_slot(x, home, CACHE_CHANNELS, n->arg[0], 0);
    if (!*array) {
        buffer_id b = kernel_local(x->k, LT_F64, v.n, "channels");
        for (uint32_t c = 0; c < v.n; c++) lb_store(x->k, home->block, b, ix(x, c), v.at[c]);
        *array = ix(x, b);
    }
    out.at[0] = lx_load(x->k, (buffer_id)(*array)->i64, number);
    return out;
}

vals lower_channel_put(lowering *x, scope *at, const node *n)
{
    lexpr *number = let(x, at, NULL, channel_number(x, at, n));
    lexpr *e = let(x, at, NULL, lower_scalar(x, at, n->arg[0]));
    vals v = vals_new(x, elem_components(n->elem));
    for (uint32_t c = 0; c < v.n; c++)
        v.at[c] = number->op == L_I64 ? number->i64 == c ? e : f64(x, 0)
                                      : choose(x, op2(x, L_IEQ, number, ix(x, c)), e, f64(x, 0));
    return v;
}
