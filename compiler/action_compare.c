/* SPDX-License-Identifier: Apache-2.0
 *
 * action_compare.c: are the values of a changed structure the changed values? In: a tensor's values in two
 * frames of a batch and the group element between them. Out: the largest difference, index by index along the
 * natural bijections. Where the language leaves the law open (powers of the number of copies)
 * every reading is tried and the kindest kept, so that a difference is a difference under all of them.
 */
#include "action.h"
#include "irreps.h"
#include "law.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MATCH_NEAR 1e-5          /* Å: positions and displacements that are the same */

typedef struct matcher {
    const program *p;
    const action  *g;
    const action_values *v;
    int64_t      **map;          /* per set, on demand: element of frame 1 -> element of frame 0, -1 none */
    bool           failed;       /* memory */
} matcher;

static void turn_back(const action *g, const double v[3], double out[3])
{
    for (int k = 0; k < 3; k++)
        out[k] = g->q[0][k] * v[0] + g->q[1][k] * v[1] + g->q[2][k] * v[2];
}

/* -------------------------------------------------------------------------------------- matching elements */

static const mtx_set_view *set_view(const matcher *m, set_id s)
{
    return &m->v->view->set[s];
}

static int64_t set_first(const matcher *m, set_id s, int frame)
{
    return set_view(m, s)->ptr ? set_view(m, s)->ptr[frame] : 0;
}

static int64_t set_size(const matcher *m, set_id s, int frame)
{
    int64_t constant = set_constant(m->p, s);
    const int64_t *ptr = set_view(m, set_counted(m->p, s))->ptr;
    if (constant >= 0) return constant;
    return ptr ? ptr[frame + 1] - ptr[frame] : 0;
}

static const int64_t *set_map(matcher *m, set_id s);

static void map_base(const matcher *m, const set *d, int64_t *map, int64_t n)
{
    for (int64_t e = 0; e < n; e++)
        map[e] = m->g->from[d->slot][e];
}

/* pairs match by their ends and their displacement */
static void map_pairs(matcher *m, set_id s, const set *d, int64_t *map, int64_t n)
{
    const mtx_set_view *v = set_view(m, s);
    const int64_t *parent = set_map(m, d->parent);
    int64_t p0 = set_first(m, d->parent, 0), p1 = set_first(m, d->parent, 1), before = set_first(m, s, 0),
            after = set_first(m, s, 1);
    if (!parent || !v->i || !v->j || !v->x)
        return;
    for (int64_t e = 0; e < n; e++) {
        int64_t at = after + e, i = parent[v->i[at] - p1], j = parent[v->j[at] - p1];
        double back[3];
        turn_back(m->g, (const double[3]){v->x[at], v->y[at], v->z[at]}, back);
        for (int64_t k = i < 0 ? 0 : v->row[p0 + i]; i >= 0 && k < v->row[p0 + i + 1] && map[e] < 0; k++)
            if (v->j[k] - p0 == j && fabs(v->x[k] - back[0]) < MATCH_NEAR &&
                fabs(v->y[k] - back[1]) < MATCH_NEAR && fabs(v->z[k] - back[2]) < MATCH_NEAR)
                map[e] = k - before;
    }
}

/* Is v a lattice vector of the original structure of that slot? */
static bool is_lattice(const matcher *m, uint32_t slot_id, const double v[3])
{
    const double *cell = m->v->view->cell[slot_id], *inverse = cell + 9;
    double rest[3] = {v[0], v[1], v[2]};
    for (int k = 0; k < 3; k++) {
        double f = v[0] * inverse[k] + v[1] * inverse[3 + k] + v[2] * inverse[6 + k];
        for (int c = 0; c < 3 && (m->p->slots.at[slot_id].axes >> k & 1); c++)
            rest[c] -= round(f) * cell[3 * k + c];
    }
    return fabs(rest[0]) + fabs(rest[1]) + fabs(rest[2]) < 0.05;
}

/* spots match by their place, modulo the sample's lattice */
static void map_spots(const matcher *m, set_id s, const set *d, int64_t *map, int64_t n)
{
    const mtx_set_view *v = set_view(m, s);
    uint32_t sample = m->p->sets.at[d->sample].slot;
    int64_t before = set_first(m, s, 0), after = set_first(m, s, 1);
    for (int64_t e = 0; e < n && v->x; e++) {
        const double *t = m->g->t[sample];
        double back[3];
        turn_back(m->g,
                  (const double[3]){v->x[after + e] - t[0], v->y[after + e] - t[1], v->z[after + e] - t[2]},
                  back);
        for (int64_t k = 0; k < set_size(m, s, 0) && map[e] < 0; k++)
            if (is_lattice(m, sample,
                           (const double[3]){back[0] - v->x[before + k], back[1] - v->y[before + k],
                                             back[2] - v->z[before + k]}))
                map[e] = k;
    }
}

static void map_recip(const matcher *m, set_id s, int64_t *map, int64_t n)
{
    const mtx_set_view *v = set_view(m, s);
    int64_t before = set_first(m, s, 0), after = set_first(m, s, 1);
    for (int64_t e = 0; e < n && v->x; e++) {
        double back[3];
        turn_back(m->g, (const double[3]){v->x[after + e], v->y[after + e], v->z[after + e]}, back);
        for (int64_t k = before; k < before + set_size(m, s, 0) && map[e] < 0; k++)
            if (fabs(v->x[k] - back[0]) + fabs(v->y[k] - back[1]) + fabs(v->z[k] - back[2]) < MATCH_NEAR)
                map[e] = k - before;
    }
}

static const int64_t *set_map(matcher *m, set_id s)
{
    if (m->map[s])
        return m->map[s];
    const set *d = &m->p->sets.at[s];
    int64_t n = set_size(m, s, 1), *map = malloc((size_t)(n + 1) * sizeof *map);
    if (!map) {
        m->failed = true;
        return NULL;
    }
    for (int64_t e = 0; e < n; e++)
        map[e] = -1;
    m->map[s] = map;
    switch (d->kind) {
    case SET_BASE: map_base(m, d, map, n); break;
    case SET_PAIRS: map_pairs(m, s, d, map, n); break;
    case SET_DIFFER: map_spots(m, s, d, map, n); break;
    case SET_RECIP: map_recip(m, s, map, n); break;
    case SET_AXIS: case SET_RANGE: case SET_SPECIES: case SET_RANK:
        for (int64_t e = 0; e < n; e++)
            map[e] = e < set_size(m, s, 0) ? e : -1;
        break;
    }
    return map;
}

/* ---------------------------------------------------------------------------------------- changing values */

typedef struct reading {
    double   factor;             /* copies ^ weight */
    int      moving;             /* slot whose translation points follow, -1 none */
} reading;

/* g acting on the components of one value */
static void change_value(const matcher *m, const def *d, const reading *how, const double *value, double *out)
{
    uint32_t n = elem_components(d->elem);
    const double (*q)[3] = m->g->q;
    double sign = d->pseudo && m->g->improper ? -1 : 1;
    for (uint32_t k = 0; k < n; k++)
        out[k] = 0;
    if (d->elem.kind != ELEM_REAL)
        out[0] = value[0];
    else if (d->elem.rank == 1)
        for (int k = 0; k < 9; k++)
            out[k / 3] += q[k / 3][k % 3] * value[k % 3];
    else if (d->elem.rank == 2)
        for (int k = 0; k < 81; k++)
            out[k / 9] += q[k / 27][k % 9 / 3] * value[k % 9] * q[k / 9 % 3][k % 3];
    else if (irreps_turn(m->p, d->elem))
        irreps_rotate(m->p, d->elem, q, value, out);
    else
        memcpy(out, value, n * sizeof *out);
    for (uint32_t k = 0; k < n && d->elem.kind == ELEM_REAL; k++) {
        out[k] *= sign * how->factor;
        if (d->is_point && how->moving >= 0 && k < 3)
            out[k] += m->g->t[how->moving][k];
    }
}

/* indices as numbers of frame 0 */
static double index_back(matcher *m, const def *d, double value)
{
    if (d->elem.kind != ELEM_INDEX)
        return value;
    const int64_t *map = set_map(m, d->elem.set);
    int64_t n = set_size(m, d->elem.set, 1);
    return map && value >= 0 && value < (double)n ? (double)map[(int64_t)value] : NAN;
}

/* ---------------------------------------------------------------------------------------------- comparing */

typedef struct layout {
    uint32_t n, width;           /* index sets, numbers per element */
    const int64_t *map[8];
    int64_t  size[2][8], total[2];
} layout;

static bool layout_of(matcher *m, const def *d, layout *l)
{
    *l = (layout){.n = d->n_param, .width = elem_components(d->elem), .total = {1, 1}};
    if (d->n_param > 8)
        return false;
    for (uint32_t k = 0; k < l->n; k++) {
        set_id s = m->p->ivars.at[d->param[k]].set;
        for (int f = 0; f < 2; f++) {
            l->size[f][k] = set_size(m, s, f);
            l->total[f] *= l->size[f][k];
        }
        l->map[k] = set_map(m, s);
        if (!l->map[k])
            return false;
    }
    return true;
}

/* number of the element of frame 0, -1 without a counterpart */
static int64_t counterpart(const layout *l, int64_t e)
{
    int64_t at = 0, stride = 1;
    for (uint32_t k = l->n; k-- > 0;) {
        int64_t from = l->map[k][e % l->size[1][k]];
        if (from < 0)
            return -1;
        at += from * stride;
        stride *= l->size[0][k];
        e /= l->size[1][k];
    }
    return at;
}

/* a point is the same when it differs by a lattice vector */
static bool same_place(const matcher *m, const def *d, const double *a, const double *b)
{
    bool periodic_change = m->g->sym == SYM_WRAP || m->g->sym == SYM_CELL || m->g->sym == SYM_SUPERCELL ||
                           (law_places_spots(m->p) && (m->g->sym == SYM_TRANSLATE || m->g->sym == SYM_PERMUTE));
    if (!d->is_point || !periodic_change)
        return false;
    for (uint32_t k = 0; k < m->p->slots.n; k++)
        if (m->p->slots.at[k].axes &&
            is_lattice(m, k, (const double[3]){a[0] - b[0], a[1] - b[1], a[2] - b[2]}))
            return true;
    return false;
}

static void note_difference(action_difference *out, double gap, double before, double expected, double after,
                            int64_t at, int64_t e)
{
    if (gap <= out->worst)
        return;
    out->worst = gap;
    out->before = before;
    out->expected = expected;
    out->after = after;
    out->at_before = at;
    out->at_after = e;
}

static action_difference compare_reading(matcher *m, const def *d, const layout *l, const reading *how)
{
    action_difference out = {.comparable = true, .at_before = -1, .at_after = -1};
    double room[512], *expected = l->width <= 512 ? room : malloc(l->width * sizeof *expected);
    if (!expected) {
        m->failed = true;
        return out;
    }
    for (int64_t e = 0; e < l->total[1]; e++) {
        const double *after = m->v->after + e * l->width;
        int64_t at = counterpart(l, e);
        if (at < 0) {
            note_difference(&out, INFINITY, NAN, NAN, after[0], -1, e * l->width);
            continue;
        }
        change_value(m, d, how, m->v->before + at * l->width, expected);
        bool same = same_place(m, d, expected, after);
        for (uint32_t c = 0; c < l->width; c++) {
            double value = index_back(m, d, after[c]);
            if (isnan(value) && isnan(expected[c]))
                continue;
            if (!isfinite(value) || !isfinite(expected[c])) {    /* divided by zero: no evidence either way */
                out.comparable = false;
                continue;
            }
            double gap = same ? 0 : fabs(value - expected[c]);
            out.scale = fmax(out.scale, fmax(fabs(value), fabs(expected[c])));
            note_difference(&out, gap, m->v->before[at * l->width + c], expected[c], value,
                            at * l->width + c, e * l->width + c);
        }
    }
    if (expected != room)
        free(expected);
    return out;
}

/* every reading that the declared type and the claim leave open; the kindest counts */
static action_difference compare_all(matcher *m, const def *d, const layout *l, double n_weight)
{
    double weights[] = {0, 1};
    uint32_t lattices = 0;
    for (uint32_t k = 0; k < m->p->slots.n; k++)
        lattices += m->p->slots.at[k].axes != 0;
    /* grows with one of them */
    bool several = m->g->sym == SYM_SUPERCELL && !isnan(n_weight) && lattices > 1;
    if (several)
        weights[1] = n_weight;
    bool grows = m->g->sym == SYM_SUPERCELL && isnan(n_weight);
    int copies = 1;
    for (uint32_t k = 0; k < m->g->n_slots; k++)
        copies = m->g->copies[k] > copies ? m->g->copies[k] : copies;
    action_difference best = {.worst = INFINITY, .comparable = true};
    bool first = true;
    for (int w = 0; w < (grows || several ? 2 : 1); w++)
        for (uint32_t s = 0; s < (d->is_point ? m->p->slots.n : 1); s++) {
            double weight = grows || several ? weights[w] : isnan(n_weight) ? 0 : n_weight;
            reading how = {.factor = pow(copies, weight), .moving = d->is_point ? (int)s : -1};
            action_difference one = compare_reading(m, d, l, &how);
            one.weight = weight;
            if (first || one.worst < best.worst)
                best = one;
            first = false;
        }
    return best;
}

/* Do the index sets of both frames have as many elements as the bijection says? */
static bool sizes_fit(const matcher *m, const def *d, const layout *l)
{
    for (uint32_t k = 0; k < l->n; k++) {
        const set *s = &m->p->sets.at[m->p->ivars.at[d->param[k]].set];
        if (s->kind == SET_RANK ? l->size[0][k] != l->size[1][k] : l->size[0][k] == 0 && l->size[1][k] > 0)
            return false;
        bool bijective = m->g->sym != SYM_SUPERCELL && l->size[0][k] != l->size[1][k];
        if (bijective)
            return false;
    }
    return true;
}

action_difference action_compare(const program *p, def_id id, const action *g, double n_weight,
                                 const action_values *v)
{
    const def *d = &p->defs.at[id];
    action_difference out = {.at_before = -1, .at_after = -1};
    matcher m = {.p = p, .g = g, .v = v, .map = calloc(p->sets.n + 1, sizeof *m.map)};
    layout l;
    if (m.map && layout_of(&m, d, &l) && !m.failed) {
        bool covered = true;
        for (uint32_t k = 0; k < l.n; k++) /* finer reciprocal lattices have no covering map */
            covered &= g->sym != SYM_SUPERCELL || p->sets.at[p->ivars.at[d->param[k]].set].kind != SET_RECIP;
        if (covered && sizes_fit(&m, d, &l))
            out = compare_all(&m, d, &l, n_weight);
        else if (covered)
            out = (action_difference){.worst = INFINITY,
                                      .comparable = true,
                                      .before = (double)l.total[0],
                                      .after = (double)l.total[1],
                                      .at_before = -1,
                                      .at_after = -1};
        out.comparable &= !m.failed;
    }
    for (uint32_t k = 0; m.map && k < p->sets.n; k++)
        free(m.map[k]);
    free(m.map);
    return out;
}
