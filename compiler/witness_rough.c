/* SPDX-License-Identifier: Apache-2.0
 *
 * witness_rough.c: the search for places where a tensor is less smooth than claimed. In: a program and a tensor. Out: two
 * structures a little before and behind a distance (a cutoff, or a number that distances are compared with) at which the
 * value, its slope or its curvature jumps. Other places (ties, changing images) are not searched.
 */
#include "setir_eval.h"
#include "witness_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NODES = 6, STEPS = 3, ORDERS = 3, DISTANCES = 16 };
/* Å, how far each side is sampled; far apart, so that a kink near by but elsewhere does not look the same in all */
static const double steps[STEPS] = {0.02, 0.005, 0.00125};
#define ROUGH_AGREE 0.05         /* jumps at two step sizes that are the same                                 */
#define ROUGH_LEAST 1e-6         /* of the values' size per Å^k: smaller jumps are no evidence                */

typedef struct path { uint32_t slot; int64_t fixed, moving; double direction[3], distance; } path;

/* ------------------------------------------------------------------------------------------------- where to look */

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
                const int t[3] = {(m % 7 - 3) * s->pbc[0], (m / 7 % 7 - 3) * s->pbc[1], (m / 49 - 3) * s->pbc[2]};
                double d[3], d2 = 0;
                for (int c = 0; c < 3; c++) {
                    d[c] = s->r[j][c] - s->r[i][c] + t[0] * s->cell[0][c] + t[1] * s->cell[1][c] + t[2] * s->cell[2][c];
                    d2 += d[c] * d[c];
                }
                double length = sqrt(d2);
                if (fabs(length - wanted) >= best)
                    continue;
                best = fabs(length - wanted);
                *out = (path){out->slot, i, j, {d[0] / length, d[1] / length, d[2] / length}, length};
            }
    return best < 2;
}

/* ------------------------------------------------------------------------------------------------- one-sided fits */

/* c[j]: coefficient of x^j of the polynomial through y at the nodes x, by divided differences */
static void fit(const double *x, const double *y, double *c)
{
    double d[NODES];
    memcpy(d, y, sizeof d);
    for (int level = 1; level < NODES; level++)
        for (int k = NODES - 1; k >= level; k--)
            d[k] = (d[k] - d[k - 1]) / (x[k] - x[k - level]);
    memset(c, 0, NODES * sizeof *c);
    for (int k = NODES - 1; k >= 0; k--) {                       /* Horner on Newton's form                   */
        for (int j = NODES - 1; j > 0; j--)
            c[j] = c[j - 1] - x[k] * c[j];
        c[0] = d[k] - x[k] * c[0];
    }
}

static void put(const mtx_structure *from, mtx_structure *to, const path *w, double distance)
{
    for (int c = 0; c < 3; c++)
        to->r[w->moving][c] = from->r[w->moving][c] + (distance - w->distance) * w->direction[c];
}

typedef struct samples { double *y[2]; int64_t n; double scale; } samples;    /* [component][node], below and above */

static bool sample_sides(trial *t, const path *w, double wanted, double h, samples *s)
{
    action_values v;
    int64_t n[2];
    s->scale = 0;
    for (int k = 0; k < NODES; k++) {
        double x = h * (1 - cos(acos(-1.0) * (k + 0.5) / NODES)) / 2;
        put(&t->made[0][w->slot], &t->made[1][w->slot], w, wanted - x);
        put(&t->made[0][w->slot], &t->made[2][w->slot], w, wanted + x);
        if (!trial_values(t, t->made[1], t->made[2], &v, n) || n[0] != n[1] || (s->y[0] && n[0] != s->n) || n[0] == 0
            || n[0] > 4096)
            return false;
        for (int side = 0; side < 2; side++) {
            if (!s->y[side])
                s->y[side] = malloc((size_t)n[0] * NODES * sizeof *s->y[side]);
            s->n = n[0];
            for (int64_t e = 0; s->y[side] && e < n[0]; e++) {
                double y = side ? v.after[e] : v.before[e];
                s->y[side][e * NODES + k] = y;
                s->scale = fmax(s->scale, fabs(y));
            }
            if (!s->y[side])
                return false;
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

/* ---------------------------------------------------------------------------------------------------------- judging */

typedef struct jump { int64_t at; int order; double below, above; } jump;

static bool find_jump(const samples *all, int order, jump *out)
{
    static const double noise[ORDERS] = {1e-13, 2e-12, 3e-11};   /* of the fits, relative, times h^-j          */
    double strongest = 0;
    for (int64_t e = 0; e < all[0].n; e++)
        for (int j = 0; j <= order && j < ORDERS; j++) {
            double gap[STEPS], below = 0, above = 0;
            for (int k = 0; k < STEPS; k++) {
                below = side_derivative(&all[k], 0, e, steps[k], j);
                above = side_derivative(&all[k], 1, e, steps[k], j);
                gap[k] = above - below;
            }
            double last = fabs(gap[STEPS - 1]), scale = all[0].scale;
            bool steady = fabs(gap[0] - gap[2]) < ROUGH_AGREE * last && fabs(gap[1] - gap[2]) < ROUGH_AGREE * last;
            double least = fmax(ROUGH_LEAST * scale, 100 * noise[j] * scale / pow(steps[STEPS - 1], j));
            if (steady && last > least && last / least > strongest) {
                strongest = last / least;
                *out = (jump){e, j, below, above};
            }
        }
    return strongest > 0;
}

static void describe(trial *t, const path *w, double wanted, const jump *found, witness *out)
{
    static const char *const word[ORDERS] = {"", "the slope of ", "the curvature of "};
    text words;
    text_init(&words);
    text_printf(&words, "as site %lld moves away from site %lld through %.6g Å, %s", (long long)w->moving, (long long)w->fixed,
                wanted, word[found->order]);
    witness_name(t, 0, found->at, &words);
    text_printf(&words, " jumps from %.5g to %.5g", found->below, found->above);
    if (found->order == 0)
        witness_unit(t, &words);
    snprintf(out->text, sizeof out->text, "%s", words.s ? words.s : "");
    text_free(&words);
    out->violation = fabs(found->above - found->below);
}

static bool try_distance(trial *t, double wanted, int order, uint32_t slot_id, witness *out)
{
    path w = {.slot = slot_id};
    if (!nearest_pair(&t->made[0][slot_id], wanted, &w))
        return false;
    samples all[STEPS] = {0};
    bool good = true;
    for (uint32_t k = 0; k < t->p->slots.n; k++)
        good &= mtx_structure_copy(&t->made[1][k], &t->made[0][k]) == MTX_OK
             && mtx_structure_copy(&t->made[2][k], &t->made[0][k]) == MTX_OK;
    for (int k = 0; k < STEPS && good; k++)
        good = sample_sides(t, &w, wanted, steps[k], &all[k]) && all[k].n == all[0].n;
    jump found;
    good = good && find_jump(all, order, &found);
    for (uint32_t k = 0; k < t->p->slots.n && good; k++)
        good = mtx_structure_copy(&out->before[k], &t->made[1][k]) == MTX_OK
            && mtx_structure_copy(&out->after[k], &t->made[2][k]) == MTX_OK;
    if (good) {
        describe(t, &w, wanted, &found, out);
        out->scale = all[0].scale;
        out->n_slots = t->p->slots.n;
    }
    for (int k = 0; k < STEPS; k++) {
        free(all[k].y[0]);
        free(all[k].y[1]);
    }
    return good;
}

bool witness_rough(const program *p, def_id subject, int order, int tries, uint64_t seed, witness *out)
{
    double list[DISTANCES];
    uint32_t n = distances_of(p, list);
    for (uint32_t k = 0; k < p->sets.n; k++)
        if (p->sets.at[k].kind == SET_DIFFER)                    /* a moved site no longer fits its host      */
            n = 0;
    trial *t = n ? trial_new(p, subject) : NULL;
    bool found = false;
    for (int k = 0; t && k < tries && !found; k++) {
        sample_shape shape = k % 2 ? SAMPLE_LARGER : SAMPLE_PLAIN;
        if (!sample_structures(p, &t->plan, shape, seed + (uint64_t)k, t->made[0]))
            break;
        for (uint32_t j = 0; j < n && !found; j++)
            for (uint32_t s = 0; s < p->slots.n && !found; s++)
                found = try_distance(t, list[j], order, s, out);
    }
    trial_free(t);
    return found;
}
