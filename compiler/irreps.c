/* SPDX-License-Identifier: Apache-2.0
 *
 * irreps.c: how channels turn: layouts and tables of a program, generators of rotations in the real basis of
 * harmonics.h, and the test that a table commutes with rotations and the inversion. Not here: the laws of values
 * (law_rules_irreps.c), the coefficients of products (coupling.c).
 */
#include "irreps.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------------------------------ layouts */

const irreps *irreps_of(const program *p, elem e)
{
    bool has = e.kind == ELEM_REAL && e.channels && e.irreps && e.irreps <= p->irreps.n;
    return has ? &p->irreps.at[e.irreps - 1] : NULL;
}

uint32_t irreps_channels(const irrep *part, uint32_t n)
{
    uint32_t sum = 0;
    for (uint32_t k = 0; k < n; k++) sum += part[k].copies * (2u * part[k].l + 1);
    return sum;
}

static bool same_part(irrep a, irrep b)
{
    return a.copies == b.copies && a.l == b.l && a.odd == b.odd;
}

uint16_t program_irreps(program *p, const irrep *part, uint32_t n)
{
    for (uint32_t k = 0; k < p->irreps.n; k++) {
        bool same = p->irreps.at[k].n == n;
        for (uint32_t j = 0; j < n && same; j++) same = same_part(p->irreps.at[k].part[j], part[j]);
        if (same) return (uint16_t)(k + 1);
    }
    irreps made = {arena_copy(p->memory, part, n * sizeof *part), n};
    vec_push(p->memory, &p->irreps, made);
    return (uint16_t)p->irreps.n;
}

uint16_t irreps_harmonics(program *p, int lmax)
{
    irrep part[IRREPS_L_MOST + 1];
    for (int l = 0; l <= lmax; l++) part[l] = (irrep){1, (uint8_t)l, l % 2 != 0};
    return program_irreps(p, part, (uint32_t)lmax + 1);
}

elem elem_irreps(const program *p, uint16_t id)
{
    elem e = elem_real(0);
    e.irreps = id;
    e.channels = (uint16_t)irreps_channels(p->irreps.at[id - 1].part, p->irreps.at[id - 1].n);
    return e;
}

bool irreps_turn(const program *p, elem e)
{
    const irreps *r = irreps_of(p, e);
    for (uint32_t k = 0; r && k < r->n; k++)
        if (r->part[k].l || r->part[k].odd) return true;
    return false;
}

void irreps_text(const program *p, elem e, text *out)
{
    const irreps *r = irreps_of(p, e);
    bool natural = r && r->n > 1;
    for (uint32_t k = 0; natural && k < r->n; k++)
        natural = r->part[k].copies == 1 && r->part[k].l == k && r->part[k].odd == (k % 2 != 0);
    if (natural) {
        text_printf(out, "irreps(0..%u)", r->n - 1);
        return;
    }
    text_add(out, "irreps(");
    for (uint32_t k = 0; r && k < r->n; k++) {
        text_add(out, k ? " + " : "");
        if (r->part[k].copies > 1) text_printf(out, "%ux", r->part[k].copies);
        text_printf(out, "%u%c", r->part[k].l, r->part[k].odd ? 'o' : 'e');
    }
    text_add(out, ")");
}

irrep_place irreps_place(const irreps *r, uint32_t channel)
{
    uint32_t first = 0;
    for (uint32_t k = 0; k < r->n; k++) {
        uint32_t width = 2u * r->part[k].l + 1, size = r->part[k].copies * width;
        if (channel < first + size) {
            uint32_t in = channel - first;
            return (irrep_place){k, in / width, r->part[k].l, (int)(in % width) - r->part[k].l, r->part[k].odd};
        }
        first += size;
    }
    return (irrep_place){0};
}

/* --------------------------------------------------------------------------------------------- generators */

static void put(generator_row *g, uint32_t column, double value)
{
    if (value == 0) return;
    g->column[g->n] = column;
    g->value[g->n++] = value;
}

static double raise(int l, int m)
{
    return sqrt((double)(l * (l + 1) - m * (m + 1)));
}

/* The functions (e x r) . grad Y_lm in terms of Y_lm': for x and y from the ladder operators, in the real basis
 * cos(m phi) at m, sin(m phi) at -m. */
static void degree_row(generator_row *g, uint32_t first, int l, int axis, int m)
{
    uint32_t zero = first + (uint32_t)l;
    int a = abs(m), sine = m < 0;
    if (axis == 2) {
        put(g, (uint32_t)((int)zero - m), -m);
        return;
    }
    /* x turns cosines into sines; y keeps them */
    int up = (a + 1) * (axis == 0 ? (sine ? 1 : -1) : (sine ? -1 : 1)),
        down = (a - 1) * (axis == 0 ? (sine ? 1 : -1) : (sine ? -1 : 1));
    if (a == 0) {
        put(g, (uint32_t)((int)zero + (axis == 0 ? -1 : 1)), (axis == 0 ? 1 : -1) * raise(l, 0) / sqrt(2));
        return;
    }
    double sign_up = axis == 0 ? (sine ? -0.5 : 0.5) : -0.5, sign_down = axis == 0 ? sign_up : 0.5;
    if (a < l) put(g, (uint32_t)((int)zero + up), sign_up * raise(l, a));
    bool to_zero = a == 1;
    if (!to_zero)
        put(g, (uint32_t)((int)zero + down), sign_down * raise(l, a - 1));
    else if ((axis == 0) == (sine != 0)) /* the sine of 0 is none */
        put(g, zero, sign_down * sqrt(2) * raise(l, 0));
}

/* (e_axis x v)_row */
static void vector_row(generator_row *g, uint32_t first, uint32_t stride, int axis, int row)
{
    if (row == (axis + 1) % 3) put(g, first + stride * (uint32_t)((axis + 2) % 3), -1);
    if (row == (axis + 2) % 3) put(g, first + stride * (uint32_t)((axis + 1) % 3), 1);
}

generator_row generator_of(const program *p, elem e, int axis, uint32_t row)
{
    generator_row g = {0};
    const irreps *r = irreps_of(p, e);
    if (e.rank == 1) vector_row(&g, 0, 1, axis, (int)row);
    if (e.rank == 2) {
        vector_row(&g, row % 3, 3, axis, (int)row / 3);
        vector_row(&g, row / 3 * 3, 1, axis, (int)row % 3);
    }
    if (!r) return g;
    irrep_place at = irreps_place(r, row);
    degree_row(&g, row - (uint32_t)(at.l + at.m), at.l, axis, at.m);
    return g;
}

int inversion_of(const program *p, elem e, uint32_t component)
{
    const irreps *r = irreps_of(p, e);
    if (!r) return e.rank == 1 ? -1 : 1;
    return irreps_place(r, component).odd ? -1 : 1;
}

/* ---------------------------------------------------------------------------------------------- rotations */

enum { WIDEST_BLOCK = 2 * IRREPS_L_MOST + 1, ROTATE_TERMS = 19 };

/* components that only mix among themselves: one copy of one degree, a vector, a tensor */
typedef struct block {
    uint32_t first, n;
    int degree;
    bool odd;
} block;

static block block_at(const program *p, elem e, uint32_t first)
{
    const irreps *r = irreps_of(p, e);
    if (!r) return (block){first, e.rank ? elem_components(e) : 1, e.rank, e.rank == 1};
    irrep_place at = irreps_place(r, first);
    return (block){first, 2u * (uint32_t)at.l + 1, at.l, at.odd};
}

/* exp(angle G) by Taylor series, in steps of norm 1 at most */
static void turn_about(const program *p, elem e, block b, int axis, double angle, double *v)
{
    generator_row g[WIDEST_BLOCK];
    double now[WIDEST_BLOCK], next[WIDEST_BLOCK];
    int steps = (int)ceil(fabs(angle) * b.degree);
    for (uint32_t r = 0; r < b.n; r++) g[r] = generator_of(p, e, axis, b.first + r);
    for (int s = 0; s < steps; s++) {
        memcpy(now, v, b.n * sizeof *v);
        for (int term = 1; term <= ROTATE_TERMS; term++) {
            for (uint32_t r = 0; r < b.n; r++) {
                next[r] = 0;
                for (uint32_t k = 0; k < g[r].n; k++)
                    next[r] += g[r].value[k] * now[g[r].column[k] - b.first] * angle / steps / term;
            }
            for (uint32_t r = 0; r < b.n; r++) v[r] += now[r] = next[r];
        }
    }
}

/* R = Rz(a) Ry(b) Rz(c) */
static void euler_angles(const double r[3][3], double angle[3])
{
    double sine = hypot(r[0][2], r[1][2]);
    angle[1] = atan2(sine, r[2][2]);
    angle[0] = sine > 1e-8 ? atan2(r[1][2], r[0][2]) : 0;
    double ca = cos(angle[0]), sa = sin(angle[0]), cb = cos(angle[1]), sb = sin(angle[1]);
    double first = cb * (ca * r[0][0] + sa * r[1][0]) - sb * r[2][0], second = ca * r[1][0] - sa * r[0][0];
    angle[2] = atan2(second, first);
}

void irreps_rotate(const program *p, elem e, const double q[3][3], const double *in, double *out)
{
    double r[3][3], angle[3], det = 0;
    for (int k = 0; k < 3; k++)
        det += q[0][k] * (q[1][(k + 1) % 3] * q[2][(k + 2) % 3] - q[1][(k + 2) % 3] * q[2][(k + 1) % 3]);
    for (int k = 0; k < 9; k++) r[k / 3][k % 3] = det < 0 ? -q[k / 3][k % 3] : q[k / 3][k % 3];
    euler_angles(r, angle);
    for (uint32_t first = 0; first < elem_components(e);) {
        block b = block_at(p, e, first);
        double v[WIDEST_BLOCK];
        memcpy(v, in + first, b.n * sizeof *v);
        for (int k = 3; k-- > 0;) turn_about(p, e, b, k == 1 ? 1 : 2, angle[k], v);
        for (uint32_t k = 0; k < b.n; k++) out[first + k] = det < 0 && b.odd ? -v[k] : v[k];
        first += b.n;
    }
}

/* ------------------------------------------------------------------------------------------------- tables */

static int by_place(const void *x, const void *y)
{
    const product_term *a = x, *b = y;
    if (a->k != b->k) return a->k < b->k ? -1 : 1;
    if (a->i != b->i) return a->i < b->i ? -1 : 1;
    return a->j < b->j ? -1 : a->j > b->j;
}

static uint32_t merge(product_term *t, uint32_t n)
{
    uint32_t made = 0;
    if (n) qsort(t, n, sizeof *t, by_place);
    for (uint32_t k = 0; k < n; k++) {
        if (made && by_place(&t[made - 1], &t[k]) == 0)
            t[made - 1].weight += t[k].weight;
        else
            t[made++] = t[k];
    }
    uint32_t kept = 0;
    for (uint32_t k = 0; k < made; k++)
        if (t[k].weight != 0) t[kept++] = t[k];
    return kept;
}

static bool same_table(const product_table *a, const product_table *b)
{
    if (a->n != b->n || !elem_equal(a->a, b->a) || !elem_equal(a->b, b->b) || !elem_equal(a->to, b->to))
        return false;
    for (uint32_t k = 0; k < a->n; k++)
        if (by_place(&a->term[k], &b->term[k]) != 0 || a->term[k].weight != b->term[k].weight) return false;
    return true;
}

uint32_t program_table(program *p, elem a, elem b, elem to, const product_term *term, uint32_t n)
{
    product_table t = {.a = a, .b = b, .to = to};
    t.term = arena_copy(p->memory, term, n * sizeof *term);
    t.n = merge(t.term, n);
    for (uint32_t k = 0; k < p->tables.n; k++)
        if (same_table(&p->tables.at[k], &t)) return k;
    vec_push(p->memory, &p->tables, t);
    return p->tables.n - 1;
}

uint32_t table_exchange(program *p, uint32_t table, table_side side)
{
    product_table t = p->tables.at[table];
    product_term *term = arena_array(p->memory, product_term, t.n + 1);
    for (uint32_t k = 0; k < t.n; k++) {
        product_term x = t.term[k];
        term[k] = side == TABLE_A ? (product_term){x.i, x.k, x.j, x.weight}
                                  : (product_term){x.j, x.i, x.k, x.weight};
    }
    return side == TABLE_A ? program_table(p, t.to, t.b, t.a, term, t.n)
                           : program_table(p, t.a, t.to, t.b, term, t.n);
}

uint32_t table_pick(program *p, elem of, elem to, const uint32_t *from)
{
    uint32_t n = elem_components(to);
    product_term *term = arena_array(p->memory, product_term, n + 1);
    for (uint32_t k = 0; k < n; k++) term[k] = (product_term){k, from[k], 0, 1};
    return program_table(p, of, elem_real(0), to, term, n);
}

/* ------------------------------------------------------------------------------------ do tables turn? */

#define TURNS_NEAR 1e-10 /* relative to the largest weight: what rounding leaves of zero */

/* T(g a, b) + T(a, g b) - g T(a, b) as terms: all must be zero */
static void add_turned(const program *p, const product_table *t, int axis, product_term *out, uint32_t *n)
{
    for (uint32_t k = 0; k < t->n; k++) {
        product_term x = t->term[k];
        generator_row a = generator_of(p, t->a, axis, x.i), b = generator_of(p, t->b, axis, x.j),
                      to = generator_of(p, t->to, axis, x.k);
        for (uint32_t c = 0; c < a.n; c++)
            out[(*n)++] = (product_term){x.k, a.column[c], x.j, x.weight * a.value[c]};
        for (uint32_t c = 0; c < b.n; c++)
            out[(*n)++] = (product_term){x.k, x.i, b.column[c], x.weight * b.value[c]};
        /* the generators are antisymmetric: rows that mention x.k */
        for (uint32_t c = 0; c < to.n; c++)
            out[(*n)++] = (product_term){to.column[c], x.i, x.j, x.weight * to.value[c]};
    }
}

bool table_turns(const program *p, uint32_t table)
{
    const product_table *t = &p->tables.at[table];
    double most = 0;
    for (uint32_t k = 0; k < t->n; k++) {
        const product_term *x = &t->term[k];
        most = fmax(most, fabs(x->weight));
        if (inversion_of(p, t->a, x->i) * inversion_of(p, t->b, x->j) != inversion_of(p, t->to, x->k))
            return false;
    }
    if (!isfinite(most)) return false;
    product_term *sum = arena_array(p->memory, product_term, 18 * (size_t)t->n + 1);
    for (int axis = 0; axis < 3; axis++) {
        uint32_t n = 0;
        add_turned(p, t, axis, sum, &n);
        n = merge(sum, n);
        for (uint32_t k = 0; k < n; k++)
            if (fabs(sum[k].weight) > TURNS_NEAR * most) return false;
    }
    return true;
}
