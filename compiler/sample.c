/* SPDX-License-Identifier: Apache-2.0
 *
 * sample.c: random structures for a program (sample.h). In: a program and its plan, a shape, a seed. Out:
 * structures whose density keeps the program's neighbour rows short, so that the interpreter is quick on
 * them.
 */
#include "sample.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLE_MOST = 24, SAMPLE_ROW = 18, SAMPLE_ROW_SPARSE = 6, SAMPLE_TRIES = 400 };
#define SAMPLE_CLOSEST 0.7       /* Å, between any two atoms or images                                      */
#define SAMPLE_WIDTH (1 << 12)   /* widest field                                                            */

/* ----------------------------------------------------------------------------------------- random numbers */

static uint64_t sample_next(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

double sample_uniform(uint64_t *state, double lo, double hi)
{
    return lo + (hi - lo) * (double)(sample_next(state) >> 11) * 0x1p-53;
}

int64_t sample_below(uint64_t *state, int64_t n)
{
    return n > 0 ? (int64_t)(sample_next(state) % (uint64_t)n) : 0;
}

double sample_normal(uint64_t *state)
{
    double u = sample_uniform(state, 0x1p-53, 1), v = sample_uniform(state, 0, 1);
    return sqrt(-2 * log(u)) * cos(2 * acos(-1.0) * v);
}

void sample_rotation(uint64_t *state, double q[3][3])
{
    double w[4], n = 0;
    for (int k = 0; k < 4; k++) {
        w[k] = sample_normal(state);
        n += w[k] * w[k];
    }
    double a = w[0], b = w[1], c = w[2], d = w[3], s = 2 / n;      /* a unit quaternion as a matrix */
    const double m[3][3] = {{1 - s * (c * c + d * d), s * (b * c - a * d), s * (b * d + a * c)},
                            {s * (b * c + a * d), 1 - s * (b * b + d * d), s * (c * d - a * b)},
                            {s * (b * d - a * c), s * (c * d + a * b), 1 - s * (b * b + c * c)}};
    memcpy(q, m, sizeof m);
}

void sample_parameters(uint64_t seed, double *value, size_t n)
{
    for (size_t k = 0; k < n; k++)
        value[k] = sample_uniform(&seed, -1, 1);
}

/* -------------------------------------------------------------------------------------- what is asked for */

/* elements that the program names, so that conditions on them are met; else a few common ones; none that it refuses */
static int32_t species_pool(const program *p, int32_t *pool, int32_t most)
{
    uint64_t all[2] = {~UINT64_C(0), ~UINT64_C(0)}, bits[2];
    bool limited = false;
    for (uint32_t k = 0; k < p->slots.n; k++) {
        if (!program_elements(p, k, bits))
            continue;
        limited = true;
        all[0] &= bits[0];
        all[1] &= bits[1];
    }
    int32_t taken = 0;
    for (int32_t z = 1; limited && z < 119 && taken < most; z++)
        if (all[z / 64] >> z % 64 & 1)
            pool[taken++] = z;
    if (taken > 0)
        return taken;
    static const int32_t common[] = {1, 6, 8, 14, 42};
    int32_t n = 0;
    for (uint32_t k = 0; k < p->sets.n; k++) {
        const set *s = &p->sets.at[k];
        for (int32_t j = 0; s->kind == SET_SPECIES && !set_has_all_species(s) && j < s->count && n < most; j++)
            pool[n++] = s->species[j];
    }
    if (n > 0)
        return n;
    for (uint32_t k = 0; k < p->nodes.n && n < most - 5; k++)
        if (p->nodes.at[k].op == OP_SPECIES_CONST && p->nodes.at[k].imm.k > 0)
            pool[n++] = p->nodes.at[k].imm.k;
    for (size_t k = 0; k < sizeof common / sizeof *common && n < most; k++)
        pool[n++] = common[k];
    return n;
}

/* Å^3 per atom for rows of about that many pairs at the longest cutoff, and not too many reciprocal
 * vectors */
static double atom_volume(const mtx_plan *plan, int64_t atoms, int row)
{
    double volume = 22, cutoff = 0, reach = 0;
    const double pi = acos(-1.0);
    for (int32_t k = 0; k < plan->n_sets; k++) {
        const mtx_set_desc *d = &plan->sets[k];
        if (d->kind == MTX_SET_PAIRS && d->cutoff > cutoff)
            cutoff = d->cutoff;
        if (d->kind == MTX_SET_RECIP && d->cutoff > reach)
            reach = d->cutoff;
    }
    volume = fmax(volume, 4 * pi / 3 * cutoff * cutoff * cutoff / row);
    if (reach > 0)
        volume = fmin(volume, 400 * 6 * pi * pi / (reach * reach * reach) / (double)atoms);
    return fmax(volume, 4);
}

static int64_t atom_count(sample_shape shape, uint64_t *rng)
{
    switch (shape) {
    case SAMPLE_PLAIN: return 4 + sample_below(rng, 2);
    case SAMPLE_TINY: return 1 + sample_below(rng, 2);
    case SAMPLE_SKEWED: return 3;
    case SAMPLE_LARGER: return 6;
    case SAMPLE_SPARSE: return 3;
    case SAMPLE_SHAPES: break;
    }
    return 3;
}

/* ----------------------------------------------------------------------------------------------- geometry */

static double determinant(const double m[3][3])
{
    return m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) -
           m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) +
           m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]);
}

/* Shortest vector of v plus lattice vectors near by; `self`: v itself does not count when it is zero. */
static double image_distance(const mtx_structure *s, const double v[3], bool self)
{
    double best = INFINITY;
    int reach[3] = {2 * s->pbc[0], 2 * s->pbc[1], 2 * s->pbc[2]};
    for (int a = -reach[0]; a <= reach[0]; a++)
        for (int b = -reach[1]; b <= reach[1]; b++)
            for (int c = -reach[2]; c <= reach[2]; c++) {
                if (self && a == 0 && b == 0 && c == 0)
                    continue;
                double d2 = 0;
                for (int k = 0; k < 3; k++) {
                    double x = v[k] + a * s->cell[0][k] + b * s->cell[1][k] + c * s->cell[2][k];
                    d2 += x * x;
                }
                best = fmin(best, sqrt(d2));
            }
    return best;
}

/* a cell of that volume per atom, edges within a factor of each other, angles away from flat */
static void make_cell(mtx_structure *s, uint8_t axes, double volume, uint64_t *rng)
{
    double edge = cbrt(volume), q[3][3], m[3][3] = {{0}};
    for (int k = 0; k < 3; k++) {
        m[k][k] = sample_uniform(rng, 0.8, 1.25);
        for (int j = 0; j < k; j++)
            m[k][j] = sample_uniform(rng, -0.35, 0.35);
    }
    sample_rotation(rng, q);
    double scale = edge / cbrt(fabs(determinant((const double(*)[3])m)));
    memset(s->cell, 0, sizeof s->cell);
    bool layered = axes != 7 && axes != 0; /* a layer keeps its plane, a wire its line */
    for (int k = 0; k < 3; k++) {
        s->pbc[k] = axes >> k & 1;
        for (int c = 0; c < 3 && s->pbc[k]; c++)
            for (int j = 0; j < 3; j++)
                s->cell[k][c] += scale * m[k][j] * (layered ? (j == c) * (axes >> j & 1) : q[j][c]);
    }
}

/* a basis of the same lattice that is far from short */
static void skew_cell(mtx_structure *s, uint64_t *rng)
{
    for (int turn = 0; turn < 2; turn++)
        for (int k = 0; k < 3; k++) {
            int other = (k + 1 + (int)sample_below(rng, 2)) % 3, times = sample_below(rng, 2) ? 1 : -1;
            for (int c = 0; c < 3 && s->pbc[k] && s->pbc[other]; c++)
                s->cell[k][c] += times * s->cell[other][c];
        }
}

static void random_place(const mtx_structure *s, double edge, uint64_t *rng, double r[3])
{
    double f[3];
    for (int k = 0; k < 3; k++)
        f[k] = sample_uniform(rng, 0, 1);
    for (int c = 0; c < 3; c++) {
        r[c] = 0;
        for (int k = 0; k < 3; k++)
            r[c] += f[k] * (s->pbc[k] ? s->cell[k][c] : k == c ? 0.8 * edge : 0);
    }
}

/* Atoms at random, as far apart as a number of tries allows; the cell grows when even the least distance
 * fails. */
static bool place_atoms(mtx_structure *s, int64_t n, double edge, const int32_t *pool, int32_t n_pool,
                        uint64_t *rng)
{
    double wanted = 1.7;
    const double zero[3] = {0, 0, 0};
    if (mtx_structure_reserve(s, n) != MTX_OK)
        return false;
    while (image_distance(s, zero, true) < SAMPLE_CLOSEST * 2)
        for (int k = 0; k < 9; k++)
            s->cell[k / 3][k % 3] *= 1.2;
    for (s->n = 0; s->n < n; s->n++) {
        for (int tries = 0;; tries++) {
            bool clear = true;
            random_place(s, edge, rng, s->r[s->n]);
            for (int64_t j = 0; j < s->n && clear; j++) {
                const double d[3] = {s->r[s->n][0] - s->r[j][0], s->r[s->n][1] - s->r[j][1],
                                     s->r[s->n][2] - s->r[j][2]};
                clear = image_distance(s, d, false) >= wanted;
            }
            if (clear)
                break;
            if (tries % 20 == 19 && wanted > SAMPLE_CLOSEST)
                wanted = fmax(SAMPLE_CLOSEST, wanted * 0.9);
            if (tries > SAMPLE_TRIES)
                return false;
        }
        s->Z[s->n] = pool[sample_below(rng, n_pool)];
    }
    return true;
}

static void shift_atoms(mtx_structure *s, uint64_t *rng, bool out_of_cell)
{
    double t[3];
    for (int c = 0; c < 3; c++)
        t[c] = sample_uniform(rng, -2, 2);
    for (int64_t i = 0; i < s->n; i++)
        for (int c = 0; c < 3; c++)
            s->r[i][c] += t[c];
    for (int64_t i = 0; i < s->n && out_of_cell; i++)
        for (int k = 0; k < 3; k++) {
            int64_t times = sample_below(rng, 5) - 2;
            for (int c = 0; c < 3 && s->pbc[k]; c++)
                s->r[i][c] += (double)times * s->cell[k][c];
        }
}

static bool make_structure(mtx_structure *s, const slot *d, const mtx_plan *plan, sample_shape shape,
                           const int32_t *pool, int32_t n_pool, uint64_t *rng)
{
    int64_t n = atom_count(shape, rng);
    double volume = atom_volume(plan, n, shape == SAMPLE_SPARSE ? SAMPLE_ROW_SPARSE : SAMPLE_ROW) * (double)n;
    for (int tries = 0; tries < 8; tries++) {
        mtx_structure_clear(s);
        make_cell(s, d->axes, volume, rng);
        if (place_atoms(s, n, cbrt(volume), pool, n_pool, rng)) {
            if (shape == SAMPLE_SKEWED)                          /* after the search for close images */
                skew_cell(s, rng);
            shift_atoms(s, rng, shape == SAMPLE_SKEWED);
            return true;
        }
        volume *= 1.5;
    }
    return false;
}

/* -------------------------------------------------------------------------------------- hosts and samples */

/* the set that matches this slot's sites against another's, or NULL */
static const set *matching(const program *p, uint32_t slot_id)
{
    for (uint32_t k = 0; k < p->sets.n; k++)
        if (p->sets.at[k].kind == SET_DIFFER && p->sets.at[p->sets.at[k].sample].slot == slot_id)
            return &p->sets.at[k];
    return NULL;
}

/* `s` becomes a diagonal supercell of the host with a vacancy and a substitution, shifted and slightly
 * shaken */
static bool make_sample(mtx_structure *s, const mtx_structure *host, uint8_t axes, const int32_t *pool,
                        int32_t n_pool, uint64_t *rng)
{
    int times[3], copies = 1;
    for (int k = 0; k < 3; k++) {
        times[k] = axes >> k & 1 ? 2 : 1;
        copies *= times[k];
    }
    mtx_structure_clear(s);
    if (mtx_structure_reserve(s, host->n * copies) != MTX_OK)
        return false;
    memcpy(s->pbc, host->pbc, sizeof s->pbc);
    for (int k = 0; k < 9; k++)
        s->cell[k / 3][k % 3] = host->cell[k / 3][k % 3] * times[k / 3];
    for (int64_t i = 0; i < host->n; i++)
        for (int m = 0; m < copies; m++) {
            int n[3] = {m % times[0], m / times[0] % times[1], m / times[0] / times[1]};
            for (int c = 0; c < 3; c++)
                s->r[s->n][c] = host->r[i][c] + n[0] * host->cell[0][c] + n[1] * host->cell[1][c] +
                                n[2] * host->cell[2][c] + sample_uniform(rng, -0.02, 0.02);
            s->Z[s->n++] = host->Z[i];
        }
    s->Z[sample_below(rng, s->n)] = pool[sample_below(rng, n_pool)];
    if (s->n > 3) {
        int64_t gone = sample_below(rng, s->n);
        s->n--;
        memcpy(s->r[gone], s->r[s->n], sizeof s->r[gone]);
        s->Z[gone] = s->Z[s->n];
    }
    shift_atoms(s, rng, false);
    return true;
}

/* ------------------------------------------------------------------------------------------------- fields */

static bool fill_field(const program *p, const mtx_plan *plan, uint32_t in, mtx_structure *out,
                       const int32_t *pool, int32_t n_pool, uint64_t *rng)
{
    const mtx_input_desc *d = &plan->inputs[in];
    if (d->role != MTX_IN_FIELD)
        return true;
    if (d->width <= 0 || d->width > SAMPLE_WIDTH)
        return false;
    mtx_structure *s = &out[d->slot < 0 ? 0 : d->slot];
    elem e = p->inputs.at[in].elem;
    mtx_column *c = d->rows < 0 ? mtx_structure_add_info(s, d->key, MTX_COL_REAL, d->width)
                                : mtx_structure_add_column(s, d->key, MTX_COL_REAL, d->width);
    if (!c)
        return false;
    for (int64_t k = 0; k < c->rows * c->width; k++)
        c->real[k] = e.kind == ELEM_REAL ? sample_uniform(rng, -1.5, 1.5) / d->scale
                   : e.kind == ELEM_BOOL ? (double)sample_below(rng, 2) : pool[sample_below(rng, n_pool)];
    return true;
}

bool sample_structures(const program *p, const mtx_plan *plan, sample_shape shape, uint64_t seed,
                       mtx_structure *out)
{
    uint64_t rng = seed * 0x2545f4914f6cdd1du + 1;
    int32_t pool[SAMPLE_MOST], n_pool = species_pool(p, pool, SAMPLE_MOST);
    for (uint32_t k = 0; k < p->slots.n; k++) { /* hosts before what is matched against them */
        if (matching(p, k))
            continue;
        bool host = false;
        for (uint32_t j = 0; j < p->sets.n; j++)
            host |= p->sets.at[j].kind == SET_DIFFER && p->sets.at[p->sets.at[j].host].slot == k;
        sample_shape as = host && shape != SAMPLE_TINY ? SAMPLE_SKEWED : shape;
        if (!make_structure(&out[k], &p->slots.at[k], plan, as, pool, n_pool, &rng))
            return false;
    }
    for (uint32_t k = 0; k < p->slots.n; k++) {
        const set *m = matching(p, k);
        if (m &&
            !make_sample(&out[k], &out[p->sets.at[m->host].slot], p->slots.at[k].axes, pool, n_pool, &rng))
            return false;
    }
    for (uint32_t k = 0; k < p->inputs.n; k++)
        if (!fill_field(p, plan, k, out, pool, n_pool, &rng))
            return false;
    return true;
}
