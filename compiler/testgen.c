/* SPDX-License-Identifier: Apache-2.0
 *
 * testgen.c: In: a transform with its claims, perhaps structures of the user. Out: checks: every claim sampled on the
 * compiled code, each with a negative control (a structure that is not the image must be told apart); then those of the
 * other files testgen_*.c. Checks that OpenKIM has as well carry its name for them. Not here: group elements (action.c),
 * random structures (sample.c), how results are shown (cli_test.c).
 */
#include "testgen_internal.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CLOSE   1e-9  /* relative to the largest value; the bound on what rounding may do */
#define NOTHING 1e-12 /* differences below are none, whatever the values */

typedef enum outcome { SAME, DIFFERENT, CANNOT } outcome;

void testgen_add(tester *x, bool passed, bool skipped, const char *title, const char *detail,
                 const char *replay)
{
    check c = {title, passed, skipped, detail, replay};
    x->good = x->good && passed;
    x->report(x->user, &c);
}

bool testgen_wanted(const tester *x, const char *title)
{
    return !x->o->only || strstr(title, x->o->only);
}

/* Both frames through the compiled code; values of one output as doubles, frame by frame. */
bool testgen_evaluate(tester *x, const mtx_structure *one, const mtx_structure *two, uint32_t output,
                      action_values *v, int64_t n[2], mtx_problem *problem)
{
    const mtx_structure *frames[2 * ACTION_SLOTS];
    for (uint32_t s = 0; s < x->p->slots.n; s++) {
        frames[2 * s] = &one[s];
        frames[2 * s + 1] = &two[s];
    }
    if (engine_apply(&x->e, frames, 2, problem) != MTX_OK) return false;
    const engine_output *o = &x->e.output[output];
    size_t at = 0;
    for (int f = 0; f < 2; f++) {
        n[f] = engine_rows(x->p, x->e.view, &x->p->defs.at[o->def], f) * o->components;
        if ((size_t)n[f] > x->room[f]) {
            free(x->values[f]);
            x->room[f] = (size_t)n[f] * 2;
            x->values[f] = malloc(sizeof(double) * x->room[f]);
        }
        for (int64_t k = 0; x->values[f] && k < n[f]; k++, at++) {
            x->values[f][k] =
                o->real ? ((const double *)o->data)[at] : (double)((const int32_t *)o->data)[at];
        }
    }
    static const double none = 0;
    *v = (action_values){x->e.view, x->values[0] ? x->values[0] : &none, x->values[1] ? x->values[1] : &none};
    return true;
}

static outcome compare(tester *x, uint32_t output, const action *g, double weight, const mtx_structure *one,
                       const mtx_structure *two, action_difference *d)
{
    action_values v;
    int64_t n[2];
    mtx_problem problem = {.frame = -1, .line = -1, .atom = -1};
    if (!testgen_evaluate(x, one, two, output, &v, n, &problem)) return CANNOT;
    *d = action_compare(x->p, x->e.output[output].def, g, weight, &v);
    if (!d->comparable) return CANNOT;
    return d->worst > CLOSE * d->scale + NOTHING || !(d->worst == d->worst) ? DIFFERENT : SAME;
}

static void jitter(mtx_structure *s, double size, uint64_t *rng)
{
    for (int64_t k = 0; k < s->n; k++) {
        for (int c = 0; c < 3; c++) s->r[k][c] += sample_uniform(rng, -size, size);
    }
}

/* One structure and one element. A difference counts when it is there for the sites moved a little as well: what
 * happens only on ties and exactly at a cutoff is not what a claim is about. */
static outcome one_case(tester *x, uint32_t output, symmetry sym, double weight, uint64_t seed,
                        action_difference *d, action *g)
{
    for (int attempt = 0; attempt < 2; attempt++) {
        uint64_t rng = seed;
        if (attempt) {
            for (uint32_t s = 0; s < x->p->slots.n; s++) {
                uint64_t j = seed + 17 + s;
                jitter(&x->before[s], 1e-4, &j);
            }
        }
        action_free(g);
        if (!action_draw(x->p, &x->e.plan, sym, &rng, x->before, x->after, g)) return CANNOT;
        outcome r = compare(x, output, g, weight, x->before, x->after, d);
        if (r != DIFFERENT) return r;
    }
    return DIFFERENT;
}

bool testgen_load(tester *x, bool data, int k)
{
    if (!data) {
        return sample_structures(x->p, &x->e.plan, (sample_shape)(k % SAMPLE_SHAPES),
                                 x->o->seed * 1000003u + (uint64_t)k, x->before);
    }
    for (uint32_t s = 0; s < x->p->slots.n; s++) {
        if (mtx_structure_copy(&x->before[s], x->o->data[s * (uint32_t)x->o->n_data + (uint32_t)k]) !=
            MTX_OK) {
            return false;
        }
    }
    return true;
}

static void save_one(const mtx_structure *m, const char *path)
{
    FILE *f = fopen(path, "w");
    if (!f) return;
    fprintf(f, "%lld\nLattice=\"", (long long)m->n);
    for (int k = 0; k < 9; k++) fprintf(f, "%s%.17g", k ? " " : "", m->cell[k / 3][k % 3]);
    fprintf(f, "\" Properties=species:S:1:pos:R:3 pbc=\"%c %c %c\"\n", m->pbc[0] ? 'T' : 'F',
            m->pbc[1] ? 'T' : 'F', m->pbc[2] ? 'T' : 'F');
    for (int64_t k = 0; k < m->n; k++)
        fprintf(f, "%s %.17g %.17g %.17g\n", mtx_element_symbol(m->Z[k]), m->r[k][0], m->r[k][1], m->r[k][2]);
    fclose(f);
}

void testgen_save(tester *x, const char *title, bool both)
{
    if (!x->o->save || (mkdir(x->o->save, 0777) != 0 && errno != EEXIST)) return;
    char *stem = arena_printf(x->a, "%.120s", title);
    for (char *c = stem; *c; c++)
        if (!isalnum((unsigned char)*c) && *c != '_') *c = '-';
    for (uint32_t s = 0; s < x->p->slots.n; s++)
        for (int side = 0; side < 1 + both; side++)
            save_one(side ? &x->after[s] : &x->before[s],
                     arena_printf(x->a, "%s/%s.%s.%s.xyz", x->o->save, stem, x->p->slots.at[s].id,
                                  !both  ? "at"
                                  : side ? "after"
                                         : "before"));
}

static const char *describe(tester *x, uint32_t output, const action *g, const action_difference *d)
{
    text t;
    text_init(&t);
    action_text(x->p, g, &t);
    const char *s = arena_printf(x->a, "%s changes %s from %.6g to %.6g, expected %.6g", t.s ? t.s : "",
                                 x->e.output[output].name, d->before, d->after, d->expected);
    text_free(&t);
    return s;
}

const char *testgen_replay(tester *x, const char *title)
{
    return arena_printf(x->a, "%s --only '%s' --seed %llu", x->o->command, title,
                        (unsigned long long)x->o->seed);
}

/* what OpenKIM calls that among its verification checks */
static const char *kim_name(symmetry sym)
{
    switch ((int)sym) {
    case SYM_PERMUTE: return " (vc-permutation-symmetry)";
    case SYM_TRANSLATE:
    case SYM_ROTATE: return " (vc-objectivity)";
    case SYM_REFLECT: return " (vc-inversion-symmetry)";
    case SYM_WRAP:
    case SYM_SUPERCELL: return " (vc-periodicity-support)";
    default: return "";
    }
}

/* A claim on generated or on the user's structures. */
static void check_claim(tester *x, uint32_t output, symmetry sym, double weight, const char *word, bool data)
{
    const char *title = arena_printf(x->a, "%s: %s %s on %s structures%s", x->p->id, x->e.output[output].name,
                                     word, data ? "the given" : "generated", kim_name(sym));
    if (!testgen_wanted(x, title)) return;
    int cases = data ? x->o->n_data : x->o->tries, done = 0;
    double worst = 0;
    action g = {0};
    for (int k = 0; k < cases; k++) {
        action_difference d = {0};
        if (!testgen_load(x, data, k)) continue;
        outcome r = one_case(x, output, sym, weight, x->o->seed * 7919u + (uint64_t)k, &d, &g);
        if (r == DIFFERENT) {
            testgen_save(x, title, true);
            testgen_add(x, false, false, title, describe(x, output, &g, &d), testgen_replay(x, title));
            action_free(&g);
            return;
        }
        if (r == SAME) {
            double relative = d.worst / fmax(d.scale, NOTHING / CLOSE); /* where values cancel there is no size */
            worst = relative > worst ? relative : worst;
            done++;
        }
    }
    action_free(&g);
    testgen_add(x, true, done == 0, title,
                done
                    ? arena_printf(x->a, "%d cases, largest deviation %.1e of the largest value", done, worst)
                    : "no structure on which it can be compared",
                NULL);
}

/* one site moved and, where any will do, changed into another element */
static void spoil(tester *x, uint64_t *rng)
{
    uint64_t bits[2];
    uint32_t base = x->p->slots.n - 1;
    mtx_structure *s = &x->after[base];
    if (s->n == 0) return;
    int64_t victim = sample_below(rng, s->n);
    s->r[victim][0] += 0.13;
    s->r[victim][2] -= 0.07;
    if (!program_elements(x->p, base, bits)) s->Z[victim] = s->Z[victim] == 8 ? 16 : 8;
}

/* The same comparison with an image that is spoiled must fail. */
static void check_control(tester *x, uint32_t output, symmetry sym, double weight, const char *word)
{
    const char *title =
        arena_printf(x->a, "%s: %s %s, negative control", x->p->id, x->e.output[output].name, word);
    if (!testgen_wanted(x, title)) return;
    action g = {0};
    int tried = 0;
    for (int k = 0; k < x->o->tries; k++) {
        uint64_t rng = x->o->seed * 104729u + (uint64_t)k;
        if (!testgen_load(x, false, k) ||
            !action_draw(x->p, &x->e.plan, sym, &rng, x->before, x->after, &g)) {
            continue;
        }
        spoil(x, &rng);
        action_difference d;
        outcome r = compare(x, output, &g, weight, x->before, x->after, &d);
        action_free(&g);
        tried++;
        if (r == DIFFERENT) {
            testgen_add(x, true, false, title, "a spoiled image is told apart", NULL);
            return;
        }
    }
    testgen_add(x, true, true, title,
                tried ? "the output does not change with one site: nothing to tell apart"
                      : "no structure to spoil",
                NULL);
}

/* Declared broken: say whether it is seen to be. */
static void check_broken(tester *x, uint32_t output, symmetry sym)
{
    const char *title = arena_printf(x->a, "%s: %s breaks %s as declared", x->p->id, x->e.output[output].name,
                                     symmetry_text[sym]);
    if (!testgen_wanted(x, title)) return;
    action g = {0};
    for (int k = 0; k < x->o->tries; k++) {
        action_difference d = {0};
        if (testgen_load(x, false, k) &&
            one_case(x, output, sym, NAN, x->o->seed * 7919u + (uint64_t)k, &d, &g) == DIFFERENT) {
            testgen_add(x, true, false, title, describe(x, output, &g, &d), NULL);
            action_free(&g);
            return;
        }
    }
    action_free(&g);
    testgen_add(x, true, true, title, "no case was seen in which it is broken", NULL);
}

static void check_smooth(tester *x, uint32_t output, int order)
{
    const char *title = arena_printf(x->a, "%s: %s smooth to C%d across cutoffs", x->p->id,
                                     x->e.output[output].name, order > 2 ? 2 : order);
    if (!testgen_wanted(x, title)) return;
    witness w;
    witness_init(&w);
    bool rough = witness_rough(x->p, x->e.output[output].def, order > 2 ? 2 : order, 6, x->o->seed, &w);
    testgen_add(x, !rough, false, title,
                rough ? arena_printf(x->a, "%s", w.text) : "values fitted on both sides agree",
                rough ? testgen_replay(x, title) : NULL);
    witness_free(&w);
}

/* ---- all of it ----------------------------------------------------------------------------------------- */

static void check_one_claim(tester *x, const verdict *v)
{
    const claim *c = v->claim;
    uint32_t output = 0;
    while (output < x->e.n_outputs && x->e.output[output].def != c->subject) output++;
    if (output == x->e.n_outputs) return;
    double weight = NAN;
    const char *word = arena_printf(x->a, "respects %s", v->claim_word);
    symmetry sym = c->sym;
    switch (c->kind) {
    case CLAIM_BREAKS:
        if (v->kind == VERDICT_BROKEN) check_broken(x, output, c->sym);
        return;
    case CLAIM_SMOOTH: check_smooth(x, output, c->order); return;
    case CLAIM_EXTENSIVE:
    case CLAIM_INTENSIVE:
        weight = c->kind == CLAIM_EXTENSIVE ? 1 : 0;
        word = arena_printf(x->a, "is %s", v->claim_word);
        sym = SYM_SUPERCELL;
        break;
    case CLAIM_RESPECTS: weight = sym == SYM_SUPERCELL && !def_is_whole(x->p, &x->p->defs.at[c->subject]) ? 0 : NAN; break;
    case CLAIM_ASSUME:
    case CLAIM_SYMMETRIC_BODY: return;
    }
    check_claim(x, output, sym, weight, word, false);
    if (x->o->n_data) check_claim(x, output, sym, weight, word, true);
    check_control(x, output, sym, weight, word);
}

static void check_all(tester *x)
{
    for (uint32_t k = 0; k < x->t->verdicts.n; k++) check_one_claim(x, &x->t->verdicts.at[k]);
    testgen_extensive(x);
    if (testgen_derive(x)) {
        testgen_gradients(x);
        testgen_sums(x);
    }
    testgen_scans(x);
    for (uint32_t k = 0; k < x->e.n_outputs; k++) testgen_code(x, k);
    testgen_threads(x);
}

static void start(tester *x)
{
    for (uint32_t s = 0; s < ACTION_SLOTS; s++) {
        mtx_structure_init(&x->before[s]);
        mtx_structure_init(&x->after[s]);
        mtx_structure_init(&x->moved[s]);
    }
}

/* the user's, or some: claims hold whatever they are */
static void choose_parameters(tester *x)
{
    size_t n = (size_t)program_param_numbers(x->p);
    x->param = arena_array(x->a, double, n + 1);
    if (x->o->param)
        memcpy(x->param, x->o->param, n * sizeof *x->param);
    else
        sample_parameters(x->o->seed, x->param, n);
}

static void finish(tester *x)
{
    for (uint32_t s = 0; s < ACTION_SLOTS; s++) {
        mtx_structure_free(&x->before[s]);
        mtx_structure_free(&x->after[s]);
        mtx_structure_free(&x->moved[s]);
    }
    if (x->d.open) engine_close(&x->d.e);
    engine_close(&x->e);
    free(x->values[0]);
    free(x->values[1]);
}

bool testgen_run(arena *a, const compiled *t, backend_kind backend, const testgen_options *o,
                 testgen_report report, void *user)
{
    tester *x = arena_new(a, tester);
    *x = (tester){
        .a = a, .t = t, .p = t->p, .backend = backend, .o = o, .report = report, .user = user, .good = true};
    text why;
    text_init(&why);
    start(x);
    choose_parameters(x);
    if (t->p->slots.n > ACTION_SLOTS || t->p->slots.n == 0)
        testgen_add(x, true, true, arena_printf(a, "%s", t->p->id),
                    "a transform of one to four structures can be sampled", NULL);
    else if (engine_open(&x->e, a, t, backend, &why) != MTX_OK)
        testgen_add(x, false, false, arena_printf(a, "%s compiles", t->p->id),
                    arena_printf(a, "%s", why.s ? why.s : ""), NULL);
    else {
        engine_set_param(&x->e, x->param);
        check_all(x);
    }
    text_free(&why);
    finish(x);
    return x->good;
}
