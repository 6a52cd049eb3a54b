/* SPDX-License-Identifier: Apache-2.0
 *
 * witness_rough.c: the search for places where a tensor is less smooth than claimed. In: a program and a
 * tensor. Out: two structures a little before and behind a place where the value, its slope or its curvature
 * jumps. First one atom is moved through the cutoffs and the numbers that distances are compared with; then
 * everything moves along random straight paths, which are searched for jumps and kinks wherever they are
 * (ties, changing images, changes of sign).
 */
#include "setir_eval.h"
#include "witness_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    NODES = 6,
    STEPS = 5,
    COMPARED = 3,
    ORDERS = 3,
    DISTANCES = 16,
    GRID = 24,
    HALVINGS = 26,
    KEPT = 16,
    ROUGH_WORK = 1000000
};
/* Å, how far each side is sampled. Those compared for a derivative lie far apart, so that a kink near by
 * but elsewhere does not look the same in all; higher derivatives cannot go as near. */
static const double steps[STEPS] = {0.02, 0.005, 0.00125, 8e-5, 1e-5};
static const int compared[ORDERS][COMPARED] = {{0, 2, 4}, {0, 2, 3}, {0, 1, 2}};
#define ROUGH_AGREE 0.05         /* jumps at two step sizes that are the same */
#define ROUGH_LEAST 1e-6         /* of the values' size per Å^k: smaller jumps are no evidence */

#define DRIFT_FAR 0.5            /* Å, how far atoms move along a random path, to either side */
#define DRIFT_STRAIN 0.04        /* and how much the cell changes meanwhile */
#define DRIFT_OFF    1e-5        /* Å: beside the place that is looked for; where a curvature jumps it shows least */

/* One parameter, two kinds of way: site `moving` of a slot along a direction (from distance 0), or
 * everything. */
typedef struct path {
    uint32_t slot;
    int64_t  fixed, moving;
    double   direction[3], distance;
    bool     drift;
    uint64_t seed;
} path;

/* ------------------------------------------------------------------------------------------ where to look */

static uint32_t distances_of(const program *p, double *list)
{
    uint32_t n = 0;
    double v;
    for (uint32_t k = 0; k < p->sets.n && n < DISTANCES; k++)
        if (p->sets.at[k].kind == SET_PAIRS && eval_constant(p, p->sets.at[k].cutoff, &v))
            list[n++] = v;
    for (uint32_t k = 0; k < p->nodes.n && n < DISTANCES; k++) {
        const node *c = &p->nodes.at[k];
        for (uint32_t a = 0; a < 2 && (c->op == OP_LT || c->op == OP_LE) && n < DISTANCES; a++)
            if (eval_constant(p, c->arg[a], &v) && v > 0.8 && v < 20)
                list[n++] = v;
    }
    return n;
}

/* the pair of different atoms whose distance is nearest to the one wanted */
static bool nearest_pair(const mtx_structure *s, double wanted, path *out)
{
    double best = 2;
    for (int64_t i = 0; i < s->n; i++)
        for (int64_t j = 0; j < s->n; j++)
            for (int m = 0; m < 343 && i != j; m++) {
                const int t[3] = {(m % 7 - 3) * s->pbc[0], (m / 7 % 7 - 3) * s->pbc[1],
                                  (m / 49 - 3) * s->pbc[2]};
                double d[3], d2 = 0;
                for (int c = 0; c < 3; c++) {
                    d[c] = s->r[j][c] - s->r[i][c] + t[0] * s->cell[0][c] + t[1] * s->cell[1][c] +
                           t[2] * s->cell[2][c];
                    d2 += d[c] * d[c];
                }
                double length = sqrt(d2);
                if (fabs(length - wanted) >= best)
                    continue;
                best = fabs(length - wanted);
                *out = (path){.slot = out->slot, .fixed = i, .moving = j, .distance = length,
                              .direction = {d[0] / length, d[1] / length, d[2] / length}};
            }
    return best < 2;
}

/* ----------------------------------------------------------------------------------------- one-sided fits */

/* c[j]: coefficient of x^j of the polynomial through y at the nodes x, by divided differences */
static void fit(const double *x, const double *y, double *c)
{
    double d[NODES];
    memcpy(d, y, sizeof d);
    for (int level = 1; level < NODES; level++)
        for (int k = NODES - 1; k >= level; k--)
            d[k] = (d[k] - d[k - 1]) / (x[k] - x[k - level]);
    memset(c, 0, NODES * sizeof *c);
    for (int k = NODES - 1; k >= 0; k--) {                       /* Horner on Newton's form */
        for (int j = NODES - 1; j > 0; j--)
            c[j] = c[j - 1] - x[k] * c[j];
        c[0] = d[k] - x[k] * c[0];
    }
}

/* the structures at a place of the path */
static void put(const trial *t, mtx_structure *to, const path *w, double spot)
{
    uint64_t rng = w->seed;
    double strain[3][3];
    for (int k = 0; k < 9 && w->drift; k++)
        strain[k / 3][k % 3] = (k / 3 == k % 3) + spot * sample_uniform(&rng, -DRIFT_STRAIN, DRIFT_STRAIN);
    for (uint32_t k = 0; k < t->p->slots.n && w->drift; k++)
        for (int64_t i = 0; i < to[k].n + 3; i++) {
            const double *from = i < 3 ? t->made[0][k].cell[i] : t->made[0][k].r[i - 3];
            double *out = i < 3 ? to[k].cell[i] : to[k].r[i - 3];
            for (int c = 0; c < 3; c++)
                out[c] = from[0] * strain[0][c] + from[1] * strain[1][c] + from[2] * strain[2][c]
                       + (i < 3 ? 0 : spot * sample_uniform(&rng, -1, 1));
        }
    for (int c = 0; c < 3 && !w->drift; c++)
        to[w->slot].r[w->moving][c] =
            t->made[0][w->slot].r[w->moving][c] + (spot - w->distance) * w->direction[c];
}

/* values at two places of the path; false when they cannot be compared */
static bool values_at(trial *t, const path *w, double before, double after, action_values *v, int64_t *count)
{
    int64_t n[2];
    put(t, t->made[1], w, before);
    put(t, t->made[2], w, after);
    if (!trial_values(t, t->made[1], t->made[2], v, n) || n[0] != n[1] || n[0] <= 0 || n[0] > 4096)
        return false;
    bool first = *count == 0, same = first || n[0] == *count;
    *count = n[0];
    return same;
}

typedef struct candidate { int64_t element; double change; } candidate;

static int by_change(const void *x, const void *y)
{
    const candidate *a = x, *b = y;
    return a->change != b->change ? (a->change < b->change) - (a->change > b->change)
                                  : (a->element > b->element) - (a->element < b->element);
}

/* Of a table with many elements keep, among some of them, to those that change most between two places. */
static bool choose_elements(trial *t, const path *w, double a, double b)
{
    candidate all[WITNESS_DRAWN];
    int64_t count = 0, width = elem_components(t->p->defs.at[t->subject].elem);
    action_values v;
    t->n_some = 0;
    t->partial = true;
    if (!values_at(t, w, a, b, &v, &count))
        return false;
    for (int64_t e = 0; e < t->n_some; e++) {
        all[e] = (candidate){t->some[e], 0};
        for (int64_t k = e * width; k < (e + 1) * width; k++)
            all[e].change = fmax(all[e].change, fabs(v.after[k] - v.before[k]));
    }
    qsort(all, (size_t)t->n_some, sizeof *all, by_change);
    t->n_some = t->n_some < KEPT ? t->n_some : KEPT;
    for (int64_t e = 0; e < t->n_some; e++)
        t->some[e] = all[e].element;
    return true;
}

/* [component][node], below and above */
typedef struct samples { double *y[2]; int64_t n; double scale; } samples;

static bool sample_sides(trial *t, const path *w, double spot, double h, samples *s)
{
    action_values v;
    s->scale = 0;
    for (int k = 0; k < NODES; k++) {
        double x = h * (1 - cos(acos(-1.0) * (k + 0.5) / NODES)) / 2;
        if (!values_at(t, w, spot - x, spot + x, &v, &s->n))
            return false;
        for (int side = 0; side < 2; side++) {
            if (!s->y[side])
                s->y[side] = malloc((size_t)s->n * NODES * sizeof *s->y[side]);
            if (!s->y[side])
                return false;
            for (int64_t e = 0; e < s->n; e++) {
                double y = side ? v.after[e] : v.before[e];
                s->y[side][e * NODES + k] = y;
                s->scale = fmax(s->scale, fabs(y));
            }
        }
    }
    return isfinite(s->scale);
}

/* derivative number j just beside the distance, on one side */
static double side_derivative(const samples *s, int side, int64_t e, double h, int j)
{
    double x[NODES], c[NODES];
    for (int k = 0; k < NODES; k++)
        x[k] = (side ? 1 : -1) * (1 - cos(acos(-1.0) * (k + 0.5) / NODES)) / 2;
    fit(x, s->y[side] + e * NODES, c);
    return c[j] * (j == 2 ? 2 : 1) / pow(h, j);
}

/* ------------------------------------------------------------------------------------------------ judging */

typedef struct jump { int64_t at; int order; double below, above; } jump;

/* How much derivative number j seems to jump where the next one does, a little beside the place. */
static double misplaced(const samples *all, int64_t e, int j, double off)
{
    int step = compared[j][1];
    double below = side_derivative(&all[step], 0, e, steps[step], j + 1);
    return off * fabs(side_derivative(&all[step], 1, e, steps[step], j + 1) - below);
}

/* off: how far beside it the place may have been found */
static bool find_jump(const samples *all, int order, double off, jump *out)
{
    static const double noise[ORDERS] = {1e-13, 2e-12, 3e-11};   /* of the fits, relative, times h^-j */
    double strongest = 0;
    for (int64_t e = 0; e < all[0].n; e++)
        for (int j = 0; j <= order && j < ORDERS; j++) {
            double gap[COMPARED], below = 0, above = 0, h = steps[compared[j][COMPARED - 1]];
            for (int k = 0; k < COMPARED; k++) {
                int step = compared[j][k];
                below = side_derivative(&all[step], 0, e, steps[step], j);
                above = side_derivative(&all[step], 1, e, steps[step], j);
                gap[k] = above - below;
            }
            double last = fabs(gap[2]), scale = all[0].scale;
            bool steady =
                fabs(gap[0] - gap[2]) < ROUGH_AGREE * last && fabs(gap[1] - gap[2]) < ROUGH_AGREE * last;
            double least = fmax(ROUGH_LEAST * scale, 100 * noise[j] * scale / pow(h, j));
            if (off > 0) least = fmax(least, misplaced(all, e, j, off));
            if (steady && last > least && last / least > strongest) {
                strongest = last / least;
                *out = (jump){e, j, below, above};
            }
        }
    return strongest > 0;
}

static void describe(trial *t, const path *w, double spot, const jump *found, witness *out)
{
    static const char *const word[ORDERS] = {"", "the slope of ", "the curvature of "};
    text words;
    text_init(&words);
    if (w->drift)
        text_printf(&words, "along a straight path of sites and cell %s", word[found->order]);
    else
        text_printf(&words, "as site %lld moves away from site %lld through %.6g Å, %s", (long long)w->moving,
                    (long long)w->fixed, spot, word[found->order]);
    witness_name(t, 0, found->at, &words);
    text_printf(&words, " jumps from %.5g to %.5g", found->below, found->above);
    if (found->order == 0)
        witness_unit(t, &words);
    snprintf(out->text, sizeof out->text, "%s", words.s ? words.s : "");
    text_free(&words);
    out->violation = fabs(found->above - found->below);
}

/* Is there a jump at this place of the path? */
static bool try_place(trial *t, const path *w, double spot, int order, witness *out)
{
    samples all[STEPS] = {0};
    jump found = {0};
    bool good = true;
    for (int k = 0; k < STEPS && good; k++)
        good = sample_sides(t, w, spot, steps[k], &all[k]) && all[k].n == all[0].n;
    good = good && find_jump(all, order, w->drift ? DRIFT_OFF : 0, &found);
    for (uint32_t k = 0; k < t->p->slots.n && good; k++)
        good = mtx_structure_copy(&out->before[k], &t->made[1][k]) == MTX_OK
            && mtx_structure_copy(&out->after[k], &t->made[2][k]) == MTX_OK;
    if (good) {
        describe(t, w, spot, &found, out);
        out->scale = all[0].scale;
        out->n_slots = t->p->slots.n;
    }
    for (int k = 0; k < STEPS; k++) {
        free(all[k].y[0]);
        free(all[k].y[1]);
    }
    return good;
}

/* made[1] and made[2] become copies that paths may move */
static bool prepare_paths(trial *t)
{
    bool good = true;
    for (uint32_t k = 0; k < t->p->slots.n; k++)
        good &= mtx_structure_copy(&t->made[1][k], &t->made[0][k]) == MTX_OK
             && mtx_structure_copy(&t->made[2][k], &t->made[0][k]) == MTX_OK;
    return good;
}

static bool try_distance(trial *t, double wanted, int order, uint32_t slot_id, witness *out)
{
    path w = {.slot = slot_id};
    return nearest_pair(&t->made[0][slot_id], wanted, &w) && prepare_paths(t) &&
           choose_elements(t, &w, wanted - steps[0], wanted + steps[0]) &&
           try_place(t, &w, wanted, order, out);
}

/* ------------------------------------------------------------------------------------------- random paths */

/* largest second difference of y0, y1, y2 over the components */
static double bend(const double *y0, const double *y1, const double *y2, int64_t n)
{
    double most = 0;
    for (int64_t e = 0; e < n; e++)
        most = fmax(most, fabs(y0[e] - 2 * y1[e] + y2[e]));
    return most;
}

/* Narrow [a, b] to the place where the values bend most: with a jump or a kink inside, that is where it
 * is. */
static bool narrow(trial *t, const path *w, double a, double b, double *five, int64_t n, double *spot)
{
    double *y[5];
    action_values v;
    for (int k = 0; k < 5; k++)
        y[k] = five + k * n;
    if (!values_at(t, w, a, b, &v, &n))
        return false;
    memcpy(y[0], v.before, (size_t)n * sizeof **y);
    memcpy(y[4], v.after, (size_t)n * sizeof **y);
    if (!values_at(t, w, a, (a + b) / 2, &v, &n))
        return false;
    memcpy(y[2], v.after, (size_t)n * sizeof **y);
    for (int turn = 0; turn < HALVINGS; turn++) {
        double quarter = (b - a) / 4;
        if (!values_at(t, w, a + quarter, b - quarter, &v, &n))
            return false;
        memcpy(y[1], v.before, (size_t)n * sizeof **y);
        memcpy(y[3], v.after, (size_t)n * sizeof **y);
        int best = 0;
        for (int k = 1; k < 3; k++)
            if (bend(y[k], y[k + 1], y[k + 2], n) > bend(y[best], y[best + 1], y[best + 2], n))
                best = k;
        a += best * quarter;
        b = a + 2 * quarter;
        double *keep[3] = {y[best], y[best + 1], y[best + 2]};
        double *spare[2] = {y[best > 0 ? 0 : 3], y[best > 1 ? 1 : 4]};
        y[0] = keep[0];
        y[2] = keep[1];
        y[4] = keep[2];
        y[1] = spare[0];
        y[3] = spare[1];
    }
    *spot = (a + b) / 2;
    return true;
}

/* Walk a random path; where neighbouring values bend far more than elsewhere, look closer. */
static bool try_drift(trial *t, int order, uint64_t seed, witness *out)
{
    path w = {.drift = true, .seed = seed};
    action_values v;
    int64_t n = 0;
    if (!prepare_paths(t) || !choose_elements(t, &w, -DRIFT_FAR, DRIFT_FAR) ||
        !values_at(t, &w, 0, 0, &v, &n))
        return false;
    double *y = malloc((size_t)n * (GRID + 6) * sizeof *y), spot = 0, most = -1;
    bool good = y != NULL;
    for (int k = 0; k < GRID && good; k += 2) {
        double at = DRIFT_FAR * (2.0 * k / GRID - 1), step = 2 * DRIFT_FAR / GRID;
        good = values_at(t, &w, at, at + step, &v, &n);
        memcpy(y + k * n, v.before, good ? (size_t)n * sizeof *y : 0);
        memcpy(y + (k + 1) * n, v.after, good ? (size_t)n * sizeof *y : 0);
    }
    int where = 1;
    for (int k = 1; k + 1 < GRID && good; k++) {
        double here = bend(y + (k - 1) * n, y + k * n, y + (k + 1) * n, n);
        where = here > most ? k : where;
        most = fmax(most, here);
    }
    double step = 2 * DRIFT_FAR / GRID, middle = DRIFT_FAR * (2.0 * where / GRID - 1);
    good = good && most > 0 && narrow(t, &w, middle - step, middle + step, y + n * GRID, n, &spot)
        && try_place(t, &w, spot, order < 1 ? order : 1, out);
    free(y);
    return good;
}

bool witness_rough(const program *p, def_id subject, int order, int tries, uint64_t seed, witness *out)
{
    double list[DISTANCES];
    uint32_t n = distances_of(p, list);
    for (uint32_t k = 0; k < p->sets.n; k++)
        if (p->sets.at[k].kind == SET_DIFFER)                    /* a moved site no longer fits its host */
            return false;
    const def *d = &p->defs.at[subject];
    for (uint32_t k = 0; k < d->n_param; k++) {                  /* members that come, go or change places */
        const set *s = &p->sets.at[p->ivars.at[d->param[k]].set];
        if (s->kind == SET_PAIRS || s->kind == SET_RECIP)
            return false;
    }
    trial *t = trial_new(p, subject);
    bool found = false;
    if (t)
        trial_limit(t, ROUGH_WORK);
    for (int k = 0; t && k < tries && !found && t->work < ROUGH_WORK; k++) {
        sample_shape shape = k % 3 == 0 ? SAMPLE_SPARSE : k % 3 == 1 ? SAMPLE_PLAIN : SAMPLE_LARGER;
        if (!sample_structures(p, &t->plan, shape, seed + (uint64_t)k, t->made[0]))
            break;
        for (uint32_t j = 0; j < n && !found; j++)
            for (uint32_t s = 0; s < p->slots.n && !found; s++)
                found = try_distance(t, list[j], order, s, out);
        found = found || try_drift(t, order, seed + (uint64_t)k, out);
    }
    trial_free(t);
    return found;
}
