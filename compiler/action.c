/* SPDX-License-Identifier: Apache-2.0
 *
 * action.c: random elements of the symmetry groups and what they do to structures. In: structures. Out: the
 * changed ones, fields included, and which site came from which. What happens to values: action_compare.c.
 */
#include "action.h"
#include "irreps.h"
#include "sample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double identity[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};

/* --------------------------------------------------------------------------------------- drawing elements */

static void rotation_about(const double axis[3], double angle, double q[3][3])
{
    double c = cos(angle), s = sin(angle);
    const double *u = axis;
    const double m[3][3] = {
        {c + u[0] * u[0] * (1 - c), u[0] * u[1] * (1 - c) - u[2] * s, u[0] * u[2] * (1 - c) + u[1] * s},
        {u[1] * u[0] * (1 - c) + u[2] * s, c + u[1] * u[1] * (1 - c), u[1] * u[2] * (1 - c) - u[0] * s},
        {u[2] * u[0] * (1 - c) - u[1] * s, u[2] * u[1] * (1 - c) + u[0] * s, c + u[2] * u[2] * (1 - c)}};
    memcpy(q, m, sizeof m);
}

static void random_direction(uint64_t *rng, double v[3])
{
    double n = 0;
    while (n < 1e-3) {
        n = 0;
        for (int k = 0; k < 3; k++) {
            v[k] = sample_normal(rng);
            n += v[k] * v[k];
        }
    }
    for (int k = 0; k < 3; k++)
        v[k] /= sqrt(n);
}

static void draw_turn(action *g, uint64_t *rng)
{
    int axis = g->sym == SYM_ROTATE_X || g->sym == SYM_REFLECT_X   ? 0
               : g->sym == SYM_ROTATE_Y || g->sym == SYM_REFLECT_Y ? 1
                                                                   : 2;
    if (g->sym == SYM_ROTATE || g->sym == SYM_REFLECT)
        random_direction(rng, g->axis);
    else
        for (int k = 0; k < 3; k++)
            g->axis[k] = k == axis;
    if (g->sym < SYM_REFLECT) {
        const double degree = acos(-1.0) / 180;                  /* whole degrees, for people */
        g->angle = degree * (double)(20 + sample_below(rng, 140));
        rotation_about(g->axis, g->angle, g->q);
        return;
    }
    g->improper = true;
    for (int k = 0; k < 3; k++)
        for (int c = 0; c < 3; c++)
            g->q[k][c] = (k == c) - 2 * g->axis[k] * g->axis[c];
}

/* a product of a few shears and a swap, determinant 1 or -1 */
static void draw_basis(int32_t basis[3][3], uint8_t axes, uint64_t *rng)
{
    int list[3], n = 0;
    for (int k = 0; k < 3; k++)
        if (axes >> k & 1)
            list[n++] = k;
    if (n == 1)
        basis[list[0]][list[0]] = -1;
    for (int turn = 0; turn < 3 && n > 1; turn++) {
        int k = list[sample_below(rng, n)], j = list[sample_below(rng, n)],
            times = sample_below(rng, 2) ? 1 : -1;
        for (int c = 0; c < 3 && k != j; c++)
            basis[k][c] += times * basis[j][c];
    }
    if (n > 1) {                                                 /* never the identity */
        int k = list[sample_below(rng, n)], j = list[(k == list[0]) ? 1 : 0];
        for (int c = 0; c < 3; c++) {
            int32_t old = basis[k][c];
            basis[k][c] = basis[j][c];
            basis[j][c] = old + basis[k][c];
        }
    }
}

static int32_t determinant(int32_t m[3][3])
{
    return m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) -
           m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) +
           m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]);
}

/* a general integer matrix of determinant 2 or 3 */
static void draw_supercell(int32_t basis[3][3], uint8_t axes, uint64_t *rng)
{
    int list[3], n = 0;
    for (int k = 0; k < 3; k++)
        if (axes >> k & 1)
            list[n++] = k;
    if (n == 0)
        return;
    int k = list[sample_below(rng, n)];
    basis[k][k] = 2 + (int32_t)sample_below(rng, 2);
    for (int m = 0; m < n; m++)
        if (list[m] != k)
            basis[list[m]][k] = (int32_t)sample_below(rng, 2);
}

/* matched against a host: the host's own cell stays, the sample's may be any multiple */
static bool is_host(const program *p, uint32_t slot_id)
{
    for (uint32_t k = 0; k < p->sets.n; k++)
        if (p->sets.at[k].kind == SET_DIFFER && p->sets.at[p->sets.at[k].host].slot == slot_id)
            return true;
    return false;
}

static void draw_slot(const program *p, action *g, uint32_t k, uint64_t *rng)
{
    uint8_t axes = p->slots.at[k].axes;
    if (g->sym == SYM_TRANSLATE)
        for (int c = 0; c < 3; c++)
            g->t[k][c] = 0.01 * (double)(sample_below(rng, 600) - 300);
    if (g->sym == SYM_CELL)
        draw_basis(g->basis[k], axes, rng);
    if (g->sym == SYM_SUPERCELL && !is_host(p, k))
        draw_supercell(g->basis[k], axes, rng);
    g->copies[k] = abs(determinant(g->basis[k]));
}

/* ----------------------------------------------------------------------------------------------- applying */

static void turn_vector(const double q[3][3], const double *v, double *out)
{
    double w[3];
    for (int k = 0; k < 3; k++)
        w[k] = q[k][0] * v[0] + q[k][1] * v[1] + q[k][2] * v[2];
    memcpy(out, w, sizeof w);
}

static void turn_tensor(const double q[3][3], const double *v, double *out)
{
    double w[9] = {0};
    for (int k = 0; k < 9; k++)
        for (int i = 0; i < 3; i++)
            for (int j = 0; j < 3; j++)
                w[k] += q[k / 3][i] * v[3 * i + j] * q[k % 3][j];
    memcpy(out, w, sizeof w);
}

/* numbers of one row of a field, by the field's own type */
static void turn_field(const program *p, const action *g, const input *in, const double *t, double *row, int32_t width)
{
    double sign = in->pseudo && g->improper ? -1 : 1;
    if (in->elem.kind != ELEM_REAL)
        return;
    uint32_t step = elem_components(in->elem);
    for (int32_t k = 0; k + (int32_t)step <= width; k += (int32_t)step) {
        if (in->elem.rank == 1)
            turn_vector(g->q, row + k, row + k);
        if (in->elem.rank == 2)
            turn_tensor(g->q, row + k, row + k);
        if (in->elem.irreps)
            irreps_rotate(p, in->elem, g->q, row + k, row + k);
        for (uint32_t c = 0; c < step; c++)
            row[k + (int32_t)c] = sign * row[k + (int32_t)c] + (in->is_point && c < 3 ? t[c] / in->scale : 0);
    }
}

static bool copy_fields(const program *p, const mtx_plan *plan, const action *g, uint32_t slot_id,
                        const mtx_structure *x, mtx_structure *y)
{
    for (int32_t k = 0; k < plan->n_inputs; k++) {
        const mtx_input_desc *d = &plan->inputs[k];
        if (d->role != MTX_IN_FIELD || (uint32_t)(d->slot < 0 ? 0 : d->slot) != slot_id)
            continue;
        const mtx_column *from =
            d->rows < 0 ? mtx_structure_info(x, d->key) : mtx_structure_column(x, d->key);
        mtx_column *to = !from         ? NULL
                         : d->rows < 0 ? mtx_structure_add_info(y, d->key, from->type, from->width)
                                       : mtx_structure_add_column(y, d->key, from->type, from->width);
        if (!to)
            return false;
        for (int64_t i = 0; i < to->rows; i++) {
            double *row = to->real + i * to->width;
            memcpy(row, from->real + (d->rows < 0 ? i : g->from[slot_id][i]) * to->width,
                   (size_t)to->width * sizeof *row);
            turn_field(p, g, &p->inputs.at[k], g->t[slot_id], row, to->width);
        }
    }
    return true;
}

/* all copies: lattice translations of the old cell that differ modulo the new one, by their fractions in
 * it */
static int32_t copy_shifts(int32_t basis[3][3], int32_t (*shift)[3], int32_t most)
{
    int32_t n = 0, det = determinant(basis), reach = 4;
    for (int32_t a = 0; a < reach; a++)
        for (int32_t b = 0; b < reach; b++)
            for (int32_t c = 0; c < reach; c++) {
                const int32_t v[3] = {a, b, c};
                bool fresh = n < most;
                for (int32_t m = 0; m < n && fresh; m++) {
                    bool same = true;                            /* v - shift[m] = integers * basis? */
                    for (int j = 0; j < 3 && same; j++) {
                        int32_t change[3][3];                    /* Cramer: row j of the basis replaced */
                        memcpy(change, basis, sizeof change);
                        for (int k = 0; k < 3; k++)
                            change[j][k] = v[k] - shift[m][k];
                        same = determinant(change) % det == 0;
                    }
                    fresh = !same;
                }
                if (fresh)
                    memcpy(shift[n++], v, sizeof v);
            }
    return n;
}

static void shuffle(int32_t *from, int64_t n, uint64_t *rng)
{
    for (int64_t i = n - 1; i > 0; i--) {
        int64_t j = sample_below(rng, i + 1);
        int32_t keep = from[i];
        from[i] = from[j];
        from[j] = keep;
    }
    bool moved = false;
    for (int64_t i = 0; i < n; i++)
        moved |= from[i] != i;
    if (!moved && n > 1) {
        from[0] = 1;
        from[1] = 0;
    }
}

static bool apply(const program *p, const mtx_plan *plan, action *g, uint32_t k, uint64_t *rng,
                  const mtx_structure *x, mtx_structure *y)
{
    int32_t shift[32][3] = {{0}}, copies = g->copies[k] < 1 || g->copies[k] > 31 ? 1 : g->copies[k];
    if (copies > 1)
        copies = copy_shifts(g->basis[k], shift, 32);
    mtx_structure_clear(y);
    if (mtx_structure_reserve(y, x->n * copies + 1) != MTX_OK)
        return false;
    g->from[k] = malloc((size_t)(x->n * copies + 1) * sizeof **g->from);
    if (!g->from[k])
        return false;
    y->n = x->n * copies;
    for (int64_t i = 0; i < y->n; i++)
        g->from[k][i] = (int32_t)(i / copies);
    if (g->sym == SYM_PERMUTE)
        shuffle(g->from[k], y->n, rng);
    memcpy(y->pbc, x->pbc, sizeof y->pbc);
    for (int j = 0; j < 3; j++) {
        double row[3] = {0, 0, 0};
        for (int m = 0; m < 3; m++)
            for (int c = 0; c < 3; c++)
                row[c] += g->basis[k][j][m] * x->cell[m][c];
        turn_vector(g->q, row, y->cell[j]);
    }
    for (int64_t i = 0; i < y->n; i++) {
        double r[3];
        memcpy(r, x->r[g->from[k][i]], sizeof r);
        for (int j = 0; j < 3; j++) {
            double times =
                g->sym == SYM_WRAP && x->pbc[j] ? (double)(sample_below(rng, 5) - 2) : shift[i % copies][j];
            for (int c = 0; c < 3; c++)
                r[c] += times * x->cell[j][c];
        }
        turn_vector(g->q, r, y->r[i]);
        for (int c = 0; c < 3; c++)
            y->r[i][c] += g->t[k][c];
        y->Z[i] = x->Z[g->from[k][i]];
    }
    return copy_fields(p, plan, g, k, x, y);
}

bool action_draw(const program *p, const mtx_plan *plan, symmetry sym, uint64_t *rng,
                 const mtx_structure *original, mtx_structure *changed, action *g)
{
    *g = (action){.sym = sym, .n_slots = p->slots.n < ACTION_SLOTS ? p->slots.n : ACTION_SLOTS};
    if (p->slots.n > ACTION_SLOTS)
        return false;
    memcpy(g->q, identity, sizeof identity);
    if (sym >= SYM_ROTATE && sym <= SYM_REFLECT_Z)
        draw_turn(g, rng);
    for (uint32_t k = 0; k < g->n_slots; k++) {
        for (int j = 0; j < 3; j++)
            g->basis[k][j][j] = 1;
        draw_slot(p, g, k, rng);
        if (!apply(p, plan, g, k, rng, &original[k], &changed[k]))
            return false;
    }
    return true;
}

void action_free(action *g)
{
    for (uint32_t k = 0; k < g->n_slots; k++)
        free(g->from[k]);
    *g = (action){0};
}

/* -------------------------------------------------------------------------------------------------- words */

static void direction_text(const double v[3], text *out)
{
    for (int k = 0; k < 3; k++)
        if (fabs(fabs(v[k]) - 1) < 1e-12) {
            text_printf(out, "%c", "xyz"[k]);
            return;
        }
    text_printf(out, "(%.2f, %.2f, %.2f)", v[0], v[1], v[2]);
}

static void basis_text(const program *p, const action *g, text *out)
{
    uint32_t k = 0;
    while (k + 1 < g->n_slots && (p->slots.at[k].axes == 0 || (g->sym == SYM_SUPERCELL && g->copies[k] == 1)))
        k++;
    static const char *const word[] = {"a", "b", "c"};
    bool any = false;
    for (int j = 0; j < 3; j++) {
        bool first = true;
        if (!(p->slots.at[k].axes >> j & 1))
            continue;
        text_add(out, any ? ", " : "");
        any = true;
        for (int m = 0; m < 3; m++) {
            int32_t times = g->basis[k][j][m];
            if (!times)
                continue;
            text_add(out, times < 0 ? "-" : first ? "" : "+");
            if (abs(times) != 1)
                text_printf(out, "%d", abs(times));
            text_add(out, word[m]);
            first = false;
        }
    }
}

void action_text(const program *p, const action *g, text *out)
{
    switch (g->sym) {
    case SYM_PERMUTE: text_add(out, "listing the sites in another order"); break;
    case SYM_TRANSLATE:
        text_printf(out, "moving every site of %s by (%.2f, %.2f, %.2f) Å",
                    p->slots.at[0].id ? p->slots.at[0].id : "it", g->t[0][0], g->t[0][1], g->t[0][2]);
        break;
    case SYM_ROTATE: case SYM_ROTATE_X: case SYM_ROTATE_Y: case SYM_ROTATE_Z:
        text_printf(out, "rotating by %.0f degrees about ", g->angle * 180 / acos(-1.0));
        direction_text(g->axis, out);
        break;
    case SYM_REFLECT: case SYM_REFLECT_X: case SYM_REFLECT_Y: case SYM_REFLECT_Z:
        text_add(out, "mirroring along ");
        direction_text(g->axis, out);
        break;
    case SYM_WRAP: text_add(out, "moving sites by lattice vectors"); break;
    case SYM_CELL:
        text_add(out, "taking the lattice vectors ");
        basis_text(p, g, out);
        break;
    case SYM_SUPERCELL:
        text_add(out, "repeating the cell (");
        basis_text(p, g, out);
        text_add(out, ")");
        break;
    case SYM_COUNT: break;
    }
}
