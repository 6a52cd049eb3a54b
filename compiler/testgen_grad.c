/* SPDX-License-Identifier: Apache-2.0
 *
 * testgen_grad.c: derivatives against differences of what they are of. In: compiled numbers and tables with their
 * derivatives (testgen_derived.c), and how they move (testgen_motion.c). Out: a check for each derivative. The differences
 * are central ones, for steps from 0.1 to 1e-8: the large ones err by truncation (as the step squared), the small ones
 * by rounding (as its inverse), and what two neighbouring steps extrapolate to is compared where that changes least.
 */
#include "testgen_motion.h"

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

/* ---- differences --------------------------------------------------------------------------------------- */

static double step_size(int k)
{
    return pow(STEP_RATIO, -2 - k);
}

/* frame 2k+1 and 2k+2: step k forth and back; frame 0 has not moved */
static double step_of(int f)
{
    return f ? (f % 2 ? 1 : -1) * step_size((f - 1) / 2) : 0;
}

/* what is differentiated, by `e`, in all frames; parameters are the same in all of a batch, so they are moved batch by batch */
static bool values_at(tester *x, const motion *m, engine *e, const mtx_structure *frames, double *value)
{
    const bool trained = m->by.kind == WRT_PARAM;
    const uint32_t output = testgen_output_of(e, m->d->lib_arg);
    bool good = trained || testgen_apply(x, e, m->base, frames, FRAMES);
    for (int f = 0; f < FRAMES && good; f++) {
        motion_train(x, m, step_of(f));
        good = !trained || testgen_apply(x, e, m->base, frames, 1);
        if (good) value[f] = motion_value(m, e, output, trained ? 0 : f);
    }
    motion_train(x, m, 0);
    return good;
}

static bool measure(tester *x, def_id g, const motion *m, engine *e, mtx_structure *frames, slope *s)
{
    along a;
    double value[FRAMES];
    for (int f = 0; f < FRAMES; f++) {
        if (mtx_structure_copy(&frames[f], &x->before[m->base]) != MTX_OK) return false;
        motion_apply(x, m, &frames[f], step_of(f));
    }
    if (!testgen_apply(x, &x->d.e, m->base, frames, 1) || !motion_slope(x, m, g, &a)) return false;
    if (!values_at(x, m, e, frames, value)) return false;
    s->claimed = a.claimed;
    s->size = a.size;
    s->rounding = 4 * DBL_EPSILON * fabs(value[0]);
    bool good = isfinite(s->size);
    for (int k = 0; k < STEPS; k++) {
        s->at[k] = (value[2 * k + 1] - value[2 * k + 2]) / (2 * step_size(k));
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

/* the engine that gives what is differentiated; one of its own, made when it is needed, where a constant moves */
static engine *values_of(tester *x, def_id g, const motion *m, engine *own)
{
    if (m->by.kind != WRT_NAMED) return &x->d.e;
    return own->n_outputs || constant_engine(x, g, m->u, own) ? own : NULL;
}

static void try_structure(tester *x, def_id g, uint64_t seed, engine *own, study *y)
{
    const wrt *by = &x->t->declared->defs.at[g].wrt;
    uint32_t base = !motion_of_structure(by) ? 0 : by->kind == WRT_PAIRS ? x->p->sets.at[by->set].slot : by->slot;
    mtx_structure *frames = testgen_copies(&x->before[base], FRAMES);
    for (int k = 0; k < DIRECTIONS && frames; k++) {
        slope s = {0};
        motion m = {0};
        engine *e = NULL;
        bool drawn = testgen_apply(x, &x->d.e, base, &x->before[base], 1) && motion_draw(x, g, k, &seed, &m);
        if (drawn) e = values_of(x, g, &m, own);
        if (e && measure(x, g, &m, e, frames, &s)) {
            extrapolate(&s);
            judge(x, &s, y);
        }
        motion_free(&m);
    }
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
    engine own = {0};
    for (int k = 0; k < STRUCTURES; k++)
        if (testgen_load(x, false, k)) try_structure(x, g, x->o->seed * 7331u + (uint64_t)k, &own, &y);
    for (int k = 0; k < STRUCTURES && k < x->o->n_data; k++)
        if (testgen_load(x, true, k)) try_structure(x, g, x->o->seed * 7333u + (uint64_t)k, &own, &y);
    engine_close(&own);
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
        if (lib_is_derivative(p->defs.at[k].lib) && testgen_output_of(&x->d.e, k) != SETIR_NONE && motion_possible(x, k))
            check_gradient(x, k);
}
