/* SPDX-License-Identifier: Apache-2.0
 *
 * witness.c: the search for counterexamples to symmetry claims (witness.h). In: a program and a tensor of it.
 * Out: two structures that a group element relates and whose values it does not. Smoothness: witness_rough.c.
 */
#include "interp_internal.h"
#include "witness_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* effort after which a search starts no further try */
enum { WITNESS_WORK = 1000000, TRIAL_COST = 300 };
#define WITNESS_RELATIVE 1e-8    /* of the largest value: below, nothing is a violation */
#define WITNESS_SHAKE    1e-9    /* Å: how far atoms are moved to see how ill-conditioned the values are */
#define WITNESS_SHARE    1e-3    /* of what that does: rounding is a thousand times smaller than the shake */
#define WITNESS_LEAST    1e-13   /* base units: what is always zero may round to this */
#define WITNESS_CONFIRM  1e-6    /* Å: the violation must outlive this */

void witness_init(witness *w)
{
    *w = (witness){0};
    for (int k = 0; k < ACTION_SLOTS; k++) {
        mtx_structure_init(&w->before[k]);
        mtx_structure_init(&w->after[k]);
    }
}

void witness_free(witness *w)
{
    for (int k = 0; k < ACTION_SLOTS; k++) {
        mtx_structure_free(&w->before[k]);
        mtx_structure_free(&w->after[k]);
    }
    witness_init(w);
}

/* ------------------------------------------------------------------------------------------------- trials */

/* the plan with what is needed to match pairs */
static bool trial_describe(trial *t)
{
    if (!plan_from_program(&t->memory, t->p, &t->plan, NULL))
        return false;
    mtx_set_desc *sets = arena_copy(&t->memory, t->plan.sets, (size_t)t->plan.n_sets * sizeof *sets);
    for (int32_t k = 0; k < t->plan.n_sets; k++)
        if (sets[k].kind == MTX_SET_PAIRS)
            sets[k].need |= MTX_NEED_I | MTX_NEED_J | MTX_NEED_VECTOR;
    t->plan.sets = sets;
    const size_t n = (size_t)program_param_numbers(t->p);
    t->parameters = arena_array(&t->memory, double, n + 1);
    sample_parameters(1, t->parameters, n);
    return true;
}

trial *trial_new(const program *p, def_id subject)
{
    trial *t = calloc(1, sizeof *t);
    if (!t || p->slots.n > ACTION_SLOTS || p->slots.n == 0) {
        free(t);
        return NULL;
    }
    t->p = p;
    t->subject = subject;
    arena_init(&t->memory, &t->guard);
    for (int k = 0; k < ACTION_SLOTS; k++)
        for (int f = 0; f < 3; f++)
            mtx_structure_init(&t->made[f][k]);
    t->batch = mtx_batch_new();
    t->interp = interp_new(p);
    bool good = t->batch && t->interp;
    if (good && !setjmp(t->guard))
        good = trial_describe(t);
    else
        good = false;
    if (good)
        return t;
    trial_free(t);
    return NULL;
}

void trial_free(trial *t)
{
    if (!t)
        return;
    for (int k = 0; k < ACTION_SLOTS; k++)
        for (int f = 0; f < 3; f++)
            mtx_structure_free(&t->made[f][k]);
    mtx_batch_free(t->batch);
    interp_free(t->interp);
    arena_free(&t->memory);
    free(t->value[0]);
    free(t->value[1]);
    free(t);
}

const mtx_plan *trial_plan(const trial *t)
{
    return &t->plan;
}

void trial_limit(trial *t, uint64_t most)
{
    t->work_most = most;
}

/* some elements of a table, spread over it */
static void draw_elements(trial *t, int64_t elements)
{
    uint64_t rng = 1;
    for (t->n_some = 0; t->n_some < WITNESS_DRAWN; t->n_some++) {
        int64_t from = t->n_some * elements / WITNESS_DRAWN, to = (t->n_some + 1) * elements / WITNESS_DRAWN;
        t->some[t->n_some] = from + sample_below(&rng, to - from);
    }
}

/* the values of one frame of the batch, in t->value[f] */
static bool frame_values(trial *t, int f, int64_t *n)
{
    mtx_problem problem;
    uint32_t width = elem_components(t->p->defs.at[t->subject].elem);
    interp_bind(t->interp, mtx_batch_view(t->batch), f);
    int64_t elements = interp_def_size(t->interp, t->subject) / width;
    if (t->partial && !t->n_some && elements > WITNESS_DRAWN)
        draw_elements(t, elements);
    for (int64_t k = 0; k < t->n_some; k++)
        if (t->some[k] >= elements)
            return false;
    elements = t->n_some ? t->n_some : elements;
    *n = elements * width;
    if (*n > t->room[f]) {
        double *bigger = realloc(t->value[f], (size_t)*n * sizeof *bigger);
        if (!bigger)
            return false;
        t->value[f] = bigger;
        t->room[f] = *n;
    }
    t->interp->work_most = t->work_most && t->work < t->work_most ? t->work_most - t->work : t->work_most > 0;
    bool good = elements == 0 || interp_some(t->interp, t->subject, t->n_some ? t->some : NULL, elements,
                                             t->value[f], &problem) == MTX_OK;
    t->work += t->interp->work + TRIAL_COST;
    t->interp->work_most = 0;
    return good;
}

bool trial_values(trial *t, const mtx_structure *before, const mtx_structure *after, action_values *v,
                  int64_t n[2])
{
    const mtx_structure *frames[2 * ACTION_SLOTS];
    for (uint32_t k = 0; k < t->p->slots.n; k++) {
        frames[2 * k] = &before[k];
        frames[2 * k + 1] = &after[k];
    }
    mtx_problem problem;
    if (mtx_prepare(&t->plan, frames, 2, interp_stage, t->interp, t->batch, &problem) != MTX_OK)
        return false;
    mtx_batch_set_param(t->batch, t->parameters);
    for (int f = 0; f < 2; f++)
        if (!frame_values(t, f, &n[f]))
            return false;
    *v = (action_values){.view = mtx_batch_view(t->batch), .before = t->value[0], .after = t->value[1]};
    return true;
}

/* ------------------------------------------------------------------------------------------- conditioning */

/* Atoms and cells moved a little: also where values do not depend on where atoms are, as with one atom in
 * a cell, every rounding falls differently. */
static bool shake(const program *p, const mtx_structure *from, mtx_structure *to, double most, uint64_t seed)
{
    double strain[3][3];
    for (int k = 0; k < 9; k++)
        strain[k / 3][k % 3] = (k / 3 == k % 3) + sample_uniform(&seed, -0.1 * most, 0.1 * most);
    for (uint32_t k = 0; k < p->slots.n; k++) {
        if (mtx_structure_copy(&to[k], &from[k]) != MTX_OK)
            return false;
        for (int64_t i = 0; i < to[k].n + 3; i++) {
            double *v = i < 3 ? to[k].cell[i] : to[k].r[i - 3], old[3] = {v[0], v[1], v[2]};
            for (int c = 0; c < 3; c++)
                v[c] = old[0] * strain[0][c] + old[1] * strain[1][c] + old[2] * strain[2][c]
                     + (i < 3 ? 0 : sample_uniform(&seed, -most, most));
        }
    }
    return true;
}

/* How much do the values change when atoms move by WITNESS_SHAKE? INFINITY: beyond all proportion, or not
 * at all known. */
static double response(trial *t, const mtx_structure *x, double scale, uint64_t seed)
{
    action_values v;
    int64_t n[2];
    double most = 0;
    for (int turn = 0; turn < 3; turn++) {
        if (!shake(t->p, x, t->made[2], WITNESS_SHAKE, seed + (uint64_t)turn) ||
            !trial_values(t, x, t->made[2], &v, n) || n[0] != n[1])
            return INFINITY;
        for (int64_t k = 0; k < n[0]; k++)
            most = fmax(most, fabs(v.after[k] - v.before[k]));
    }
    return most > 1e-4 * scale ? INFINITY : most;
}

/* ---------------------------------------------------------------------------------------------- searching */

static bool compare_once(trial *t, symmetry sym, double n_weight, uint64_t rng, mtx_structure *before,
                         mtx_structure *after, action *g, action_difference *diff)
{
    action_values v;
    int64_t n[2];
    bool good =
        action_draw(t->p, &t->plan, sym, &rng, before, after, g) && trial_values(t, before, after, &v, n);
    if (good)
        *diff = action_compare(t->p, t->subject, g, n_weight, &v);
    return good && diff->comparable;
}

bool trial_violates(trial *t, symmetry sym, double n_weight, sample_shape shape, uint64_t seed,
                    double tolerance, action_difference *diff, witness *out)
{
    action g = {0}, again = {0};
    action_difference second;
    uint64_t rng = seed ^ 0x5851f42d4c957f2du;
    bool found = sample_structures(t->p, &t->plan, shape, seed, t->made[0])
        && compare_once(t, sym, n_weight, rng, t->made[0], t->made[1], &g, diff)
        && diff->worst > fmax(tolerance * diff->scale, WITNESS_LEAST);
    if (found && isfinite(diff->worst)) {
        double blur =
            response(t, t->made[0], diff->scale, seed) + response(t, t->made[1], diff->scale, seed + 1);
        found = diff->worst > tolerance * diff->scale + WITNESS_SHARE * blur;
    }
    if (found) /* again with the same element, atoms moved a little */
        found = shake(t->p, t->made[0], t->made[2], WITNESS_CONFIRM, seed + 2)
            && compare_once(t, sym, n_weight, rng, t->made[2], t->made[1], &again, &second)
            && second.worst >= 0.5 * diff->worst;
    if (found && out) {
        action_free(&again);
        rng = seed ^ 0x5851f42d4c957f2du;
        found = action_draw(t->p, &t->plan, sym, &rng, t->made[0], t->made[1], &again)
            && witness_fill(t, &g, n_weight, diff, out);
    }
    action_free(&g);
    action_free(&again);
    return found;
}

bool witness_find(const program *p, def_id subject, symmetry sym, double n_weight, int tries, uint64_t seed,
                  witness *out)
{
    static const sample_shape order[] = {SAMPLE_SPARSE, SAMPLE_PLAIN,  SAMPLE_TINY,
                                         SAMPLE_SKEWED, SAMPLE_LARGER, SAMPLE_PLAIN};
    trial *t = trial_new(p, subject);
    bool found = false;
    if (t)
        trial_limit(t, 2 * WITNESS_WORK);
    for (int k = 0; t && k < tries && !found && (k == 0 || t->work < WITNESS_WORK); k++) {
        action_difference diff = {0};
        found =
            trial_violates(t, sym, n_weight, order[k % 6], seed + (uint64_t)k, WITNESS_RELATIVE, &diff, out);
    }
    trial_free(t);
    return found;
}

/* -------------------------------------------------------------------------------------------------- words */

static void number_pair(char a[32], char b[32], double x, double y)
{
    for (int digits = 4; digits <= 14; digits++) {
        snprintf(a, 32, "%.*g", digits, x);
        snprintf(b, 32, "%.*g", digits, y);
        if (strcmp(a, b) != 0)
            return;
    }
}

void witness_name(const trial *t, int frame, int64_t at, text *out)
{
    const def *d = &t->p->defs.at[t->subject];
    int64_t width = elem_components(d->elem), part = at % width, e = at / width, index[8] = {0};
    e = t->n_some ? t->some[e] : e;
    const mtx_view *view = mtx_batch_view(t->batch);
    text_add(out, d->id ? d->id : "it");
    for (uint32_t k = d->n_param; k-- > 0;) {
        set_id s = t->p->ivars.at[d->param[k]].set;
        int64_t size = interp_set_size(t->interp, s);
        if (t->p->sets.at[s].kind <= SET_RECIP && view->set[s].ptr)
            size = view->set[s].ptr[frame + 1] - view->set[s].ptr[frame];
        index[k & 7] = size > 0 ? e % size : 0;
        e = size > 0 ? e / size : 0;
    }
    for (uint32_t k = 0; k < d->n_param; k++)
        text_printf(out, "%s%lld%s", k ? ", " : "[", (long long)index[k & 7], k + 1 == d->n_param ? "]" : "");
    if (d->elem.rank == 1)
        text_printf(out, ".%c", "xyz"[part]);
    else if (d->elem.rank == 2)
        text_printf(out, ".%c%c", "xyz"[part / 3], "xyz"[part % 3]);
    else if (width > 1)
        text_printf(out, "[channel %lld]", (long long)part);
}

void witness_unit(const trial *t, text *out)
{
    const def *d = &t->p->defs.at[t->subject];
    if (!d->has_unit || unit_is_none(d->out_unit))
        return;
    text_add(out, " ");
    unit_text(d->out_unit, out);
}

static void describe_values(const trial *t, const action *g, double n_weight, const action_difference *diff,
                            text *out)
{
    char a[32], b[32];
    bool plain = fabs(diff->before - diff->expected) <= 1e-12 * diff->scale;
    number_pair(a, b, plain ? diff->before : diff->expected, diff->after);
    text_add(out, plain ? " changes " : " gives ");
    witness_name(t, 0, diff->at_before, out);
    text_printf(out, plain ? " from %s" : " = %s", plain ? a : b);
    witness_unit(t, out);
    text_printf(out, plain ? " to %s" : " instead of %s", plain ? b : a);
    witness_unit(t, out);
    if (g->sym == SYM_SUPERCELL && isnan(n_weight))
        text_add(out, ", neither the same nor as many times it as there are copies");
}

bool witness_fill(trial *t, const action *g, double n_weight, const action_difference *diff, witness *out)
{
    text words;
    text_init(&words);
    action_text(t->p, g, &words);
    if (diff->at_before >= 0) {
        describe_values(t, g, n_weight, diff, &words);
    } else if (isnan(diff->before)) {
        text_add(&words, " gives ");
        witness_name(t, 1, diff->at_after, &words);
        text_add(&words, " without a counterpart");
    } else {
        text_printf(&words, " gives %.0f elements of %s instead of %.0f", diff->after,
                    t->p->defs.at[t->subject].id ? t->p->defs.at[t->subject].id : "it", diff->before);
    }
    snprintf(out->text, sizeof out->text, "%s", words.s ? words.s : "");
    bool good = !words.failed;
    text_free(&words);
    out->violation = diff->worst;
    out->scale = diff->scale;
    out->n_slots = t->p->slots.n;
    for (uint32_t k = 0; k < out->n_slots && good; k++)
        good = mtx_structure_copy(&out->before[k], &t->made[0][k]) == MTX_OK
            && mtx_structure_copy(&out->after[k], &t->made[1][k]) == MTX_OK;
    return good;
}
