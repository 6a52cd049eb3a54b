/* SPDX-License-Identifier: Apache-2.0
 *
 * testgen_grad.c: derivatives against differences of the energy. In: compiled energies and their derivatives
 * (testgen_derived.c). Out: a check for each derivative by positions, fields, strain or lattice vectors. The differences
 * are central ones, for steps from 0.1 to 1e-8: the large ones err by truncation (as the step squared), the small ones
 * by rounding (as its inverse), and what two neighbouring steps extrapolate to is compared where that changes least.
 * Not here: derivatives by single pairs, which no change of a structure can show.
 */
#include "testgen_internal.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 15, FRAMES = 2 * STEPS + 1, STRUCTURES = 6, DIRECTIONS = 2 };
#define STEP_RATIO  3.1622776601683795 /* sqrt(10) */
#define GRAD_AGREE  1e-8               /* of the length of the gradient */
#define GRAD_NOISE  10.0               /* times the change from one step to the next */
#define GRAD_UNSURE 1e-6 /* such a change: the energy is too rough there, or too large, to tell */
#define GRAD_SPOIL  1e-4 /* the negative control's factor */

/* a direction in the space of what the derivative is taken by, of length 1 */
typedef struct direction {
    double *u;
    int64_t n;
} direction;

/* derivative along a direction, from differences and as claimed */
typedef struct slope {
    double at[STEPS];     /* central difference for each step */
    double rounding;      /* of one, times its step */
    double found, change; /* extrapolated, and how much that is worth */
    double claimed, size; /* of the derivative along the direction; its length */
} slope;

typedef struct study {
    int done, unsure;
    double worst;                 /* relative to the length */
    int64_t falls, rises, looked; /* directions in which truncation, rounding were seen */
    bool wrong, missed;           /* a difference too large; a spoiled derivative that passed */
    char seen[160];
} study;

/* ---- moving -------------------------------------------------------------------------------------------- */

static mtx_column *field_of(mtx_structure *s, const mtx_input_desc *in)
{
    for (int32_t k = 0; k < s->n_columns && in->rows >= 0; k++)
        if (!strcmp(s->columns[k].name, in->key)) return &s->columns[k];
    for (int32_t k = 0; k < s->n_info && in->rows < 0; k++)
        if (!strcmp(s->info[k].name, in->key)) return &s->info[k];
    return NULL;
}

/* v += h u v, for a symmetric u */
static void stretch(double v[3], const double *u, double h)
{
    const double w[3] = {v[0], v[1], v[2]};
    for (int a = 0; a < 3; a++)
        for (int b = 0; b < 3; b++) v[a] += h * u[3 * a + b] * w[b];
}

/* lattice vector k moves by h u[k]; what it is a combination of follows */
static void drag(const mtx_structure *from, mtx_structure *to, const double *u, double h)
{
    double numbers[21];
    if (mtx_cell_numbers((const double(*)[3])from->cell, from->pbc, numbers, NULL) != MTX_OK) return;
    for (int64_t i = 0; i < to->n; i++)
        for (int k = 0; k < 3; k++) {
            double f = 0;
            for (int c = 0; c < 3; c++) f += from->r[i][c] * numbers[9 + 3 * c + k];
            for (int c = 0; c < 3; c++) to->r[i][c] += h * f * u[3 * k + c];
        }
    for (int k = 0; k < 9; k++) to->cell[k / 3][k % 3] += h * u[k];
}

static void move(const tester *x, const wrt *by, const mtx_structure *from, mtx_structure *to,
                 const double *u, double h)
{
    if (by->kind == WRT_CELL) drag(from, to, u, h);
    if (by->kind == WRT_STRAIN) {
        for (int k = 0; k < 3; k++) stretch(to->cell[k], u, h);
        for (int64_t i = 0; i < to->n; i++) stretch(to->r[i], u, h);
    }
    if (by->kind != WRT_INPUT) return;
    const mtx_input_desc *in = &x->e.plan.inputs[by->input];
    if (in->role == MTX_IN_POSITION) {
        for (int64_t k = 0; k < 3 * to->n; k++) to->r[k / 3][k % 3] += h * u[k];
        return;
    }
    mtx_column *c = field_of(to, in);
    for (int64_t k = 0; c && k < c->rows * c->width; k++) c->real[k] += h * u[k] / in->scale;
}

static bool can_move(const tester *x, const wrt *by)
{
    if (by->kind == WRT_PAIRS || by->slot >= x->p->slots.n) return false;
    if (by->kind == WRT_CELL) return x->p->slots.at[by->slot].axes == 7;
    return by->kind != WRT_INPUT || x->p->inputs.at[by->input].elem.kind == ELEM_REAL;
}

/* all coordinates at once, or a single one */
static void draw(direction *d, const wrt *by, bool single, uint64_t *rng)
{
    double sum = 0;
    int64_t only = sample_below(rng, d->n);
    for (int64_t k = 0; k < d->n; k++) d->u[k] = single ? k == only : sample_normal(rng);
    for (int k = 0; k < 9 && by->kind == WRT_STRAIN; k++)
        if (k / 3 > k % 3) d->u[k] = d->u[3 * (k % 3) + k / 3] = 0.5 * (d->u[k] + d->u[3 * (k % 3) + k / 3]);
    for (int64_t k = 0; k < d->n; k++) sum += d->u[k] * d->u[k];
    for (int64_t k = 0; k < d->n; k++) d->u[k] /= sqrt(sum);
}

/* ---- differences --------------------------------------------------------------------------------------- */

static double step_size(int k)
{
    return pow(STEP_RATIO, -2 - k);
}

/* the energy of frame 2k+1 and 2k+2: step k forth and back; frame 0 has not moved */
static bool measure(tester *x, def_id g, const direction *d, mtx_structure *frames, slope *s)
{
    const def *grad = &x->t->declared->defs.at[g];
    uint32_t base = grad->wrt.slot;
    for (int f = 0; f < FRAMES; f++) {
        if (mtx_structure_copy(&frames[f], &x->before[base]) != MTX_OK) return false;
        if (f)
            move(x, &grad->wrt, &x->before[base], &frames[f], d->u,
                 (f % 2 ? 1 : -1) * step_size((f - 1) / 2));
    }
    if (!testgen_apply(x, &x->d.e, base, frames, FRAMES)) return false;
    int64_t n;
    const double *G = testgen_values(&x->d.e, testgen_output_of(&x->d.e, g), 0, &n);
    const double *E = testgen_values(&x->d.e, testgen_output_of(&x->d.e, grad->lib_arg), 0, &n);
    double sum = 0;
    s->claimed = 0;
    for (int64_t k = 0; k < d->n; k++) {
        s->claimed += d->u[k] * G[k];
        sum += G[k] * G[k];
    }
    s->size = sqrt(sum);
    s->rounding = 4 * DBL_EPSILON * fabs(E[0]);
    bool good = isfinite(s->size);
    for (int k = 0; k < STEPS; k++) {
        s->at[k] = (E[2 * k + 1] - E[2 * k + 2]) / (2 * step_size(k));
        good = good && isfinite(s->at[k]);
    }
    return good;
}

/* the error of truncation taken out, where the result changes least from step to step */
static void extrapolate(slope *s)
{
    double last = 0;
    s->change = INFINITY;
    for (int k = 0; k + 1 < STEPS; k++) {
        double now = s->at[k + 1] + (s->at[k + 1] - s->at[k]) / (STEP_RATIO * STEP_RATIO - 1);
        double change = fmax(fabs(now - last), s->rounding / step_size(k + 1));
        if (k > 0 && change < s->change) {
            s->change = change;
            s->found = now;
        }
        last = now;
    }
}

/* which branches of the error are to be seen: it falls a hundredfold with two steps, and rises again at the end */
static void look_at_branches(const slope *s, study *y)
{
    double off[STEPS], least = INFINITY;
    int best = 0;
    bool falls = false;
    for (int k = 0; k < STEPS; k++) {
        off[k] = fabs(s->at[k] - s->found);
        if (off[k] < least) least = off[best = k];
    }
    for (int k = 0; k + 2 <= best; k++) {
        double ratio = off[k] / off[k + 2];
        falls |= ratio > 70 && ratio < 140;
    }
    y->looked++;
    y->falls += falls;
    y->rises += best + 1 < STEPS && off[STEPS - 1] > 10 * (least + 1e-16 * s->size);
}

static bool agrees(const slope *s, double claimed)
{
    return fabs(s->found - claimed) <= GRAD_AGREE * s->size + GRAD_NOISE * s->change;
}

static void judge(tester *x, const slope *s, study *y)
{
    if (!(s->change <= GRAD_UNSURE * s->size)) {
        y->unsure++;
        return;
    }
    if (s->size == 0) return;
    y->done++;
    y->worst = fmax(y->worst, fabs(s->found - s->claimed) / s->size);
    y->missed |= agrees(s, s->claimed + GRAD_SPOIL * s->size);
    look_at_branches(s, y);
    if (agrees(s, s->claimed) || y->wrong) return;
    y->wrong = true;
    for (uint32_t k = 0; k < x->p->slots.n; k++) mtx_structure_copy(&x->after[k], &x->before[k]);
    const char *seen = arena_printf(x->a, "%.10g along a direction, differences give %.10g +- %.1g",
                                    s->claimed, s->found, s->change);
    strncpy(y->seen, seen, sizeof y->seen - 1);
}

/* ---- the checks ---------------------------------------------------------------------------------------- */

static void try_structure(tester *x, def_id g, uint64_t seed, study *y)
{
    const wrt *by = &x->t->declared->defs.at[g].wrt;
    mtx_structure *frames = testgen_copies(&x->before[by->slot], FRAMES);
    direction d = {0};
    if (frames && testgen_apply(x, &x->d.e, by->slot, frames, 1))
        d.n = testgen_numbers(&x->d.e, testgen_output_of(&x->d.e, g), 0);
    d.u = d.n > 0 ? malloc(sizeof *d.u * (size_t)d.n) : NULL;
    for (int k = 0; k < DIRECTIONS && d.u; k++) {
        slope s = {0};
        draw(&d, by, k % 2, &seed);
        if (!measure(x, g, &d, frames, &s)) continue;
        extrapolate(&s);
        judge(x, &s, y);
    }
    free(d.u);
    testgen_copies_free(frames, FRAMES);
}

static void tell(tester *x, const char *title, const study *y)
{
    bool good = !y->wrong;
    const char *detail =
        y->wrong
            ? arena_printf(x->a, "%s", y->seen)
            : arena_printf(
                  x->a,
                  "%d directions, largest difference %.1e of its length; truncation seen in %lld, rounding "
                  "in %lld%s",
                  y->done, y->worst, (long long)y->falls, (long long)y->rises,
                  y->unsure ? arena_printf(x->a, "; %d too rough to tell", y->unsure) : "");
    testgen_add(x, good, !y->done, title,
                y->done ? detail : "no structure on which the energy is smooth and changes",
                good ? NULL : testgen_replay(x, title));
    if (!good) testgen_save(x, title, true);
}

static void check_gradient(tester *x, def_id g)
{
    const def *d = &x->t->declared->defs.at[g];
    bool force = d->wrt.kind == WRT_INPUT && x->p->inputs.at[d->wrt.input].role == IN_POSITION;
    const char *words = arena_printf(x->a, "%s: %s", x->p->id, testgen_words(x, g));
    const char *title = arena_printf(x->a, "%s equals central differences%s", words,
                                     force ? " (vc-forces-numerical-derivative)" : "");
    const char *control = arena_printf(x->a, "%s equals central differences, negative control", words);
    if (!testgen_wanted(x, title) && !testgen_wanted(x, control)) return;
    study y = {0};
    for (int k = 0; k < STRUCTURES; k++)
        if (testgen_load(x, false, k)) try_structure(x, g, x->o->seed * 7331u + (uint64_t)k, &y);
    for (int k = 0; k < STRUCTURES && k < x->o->n_data; k++)
        if (testgen_load(x, true, k)) try_structure(x, g, x->o->seed * 7333u + (uint64_t)k, &y);
    if (testgen_wanted(x, title)) tell(x, title, &y);
    if (testgen_wanted(x, control))
        testgen_add(x, !y.missed, !y.done, control,
                    y.missed ? "a derivative that is wrong by 1e-4 passes"
                             : "one that is wrong by 1e-4 is told apart",
                    y.missed ? testgen_replay(x, control) : NULL);
}

void testgen_gradients(tester *x)
{
    const program *p = x->t->declared;
    for (def_id k = 0; k < p->defs.n; k++)
        if (p->defs.at[k].lib == LIB_GRAD && testgen_output_of(&x->d.e, k) != SETIR_NONE &&
            can_move(x, &p->defs.at[k].wrt))
            check_gradient(x, k);
}
