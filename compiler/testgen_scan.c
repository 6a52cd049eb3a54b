/* SPDX-License-Identifier: Apache-2.0
 *
 * testgen_scan.c: outputs claimed smooth, energies and derivatives on the way through cutoffs: of two atoms that move
 * apart (dimers, one for each two elements), and of one atom that moves through others. In: a compiled transform and
 * how smooth its values are, claimed or proved. Out: checks. A negative control adds a jump or a kink.
 */
#include "testgen_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "scan.h"

enum {
    FRAMES = SCAN_WINDOWS * SCAN_POINTS,
    ELEMENTS = 3,
    LINES = 3,
    PLACES = 5,
    PROBES = 33,
    ORDER_MOST = 2,
    WIDTH_MOST = 4096
};
#define NEAREST    0.7 /* Å, and of the cutoff: where dimers begin */
#define CLOSE      0.25
#define BEYOND     1.06 /* of the cutoff: where they end */
#define WAY        1.0  /* Å, that an atom moves through others */
#define FAULT_JUMP 1e-5 /* of the values' size there and of the usual one: what a control adds */
#define FAULT_KINK 1e-2

/* a value whose smoothness is looked at */
typedef struct subject {
    engine *e;
    uint32_t output, slot;
    int order;
    const char *words;
} subject;

/* one way: an atom of the structure in frames[...] from a place in a direction */
typedef struct line {
    tester *x;
    const subject *s;
    mtx_structure *frames; /* [FRAMES] */
    int64_t moving, width;
    double from[3], direction[3];
    double fault_at, jump, kink; /* added to the values behind a place */
    double size;                 /* usual one of the largest value along the way */
} line;

/* ---- along a way --------------------------------------------------------------------------------------- */

static bool on_line(void *user, const double *t, int64_t n, double *value)
{
    line *l = user;
    for (int64_t k = 0; k < n; k++)
        for (int c = 0; c < 3; c++) l->frames[k].r[l->moving][c] = l->from[c] + t[k] * l->direction[c];
    if (!testgen_apply(l->x, l->s->e, l->s->slot, l->frames, n)) return false;
    int64_t at = 0;
    const double *data = l->s->e->output[l->s->output].data;
    for (int64_t k = 0; k < n; k++) {
        if (testgen_numbers(l->s->e, l->s->output, k) != l->width) return false;
        double fault = t[k] > l->fault_at ? l->jump + l->kink * (t[k] - l->fault_at) : 0;
        for (int64_t c = 0; c < l->width; c++, at++) value[at] = data[at] + fault;
    }
    return true;
}

/* size[k]: largest value at place k of a way */
static bool sizes_at(line *l, const double *t, int n, double *size)
{
    double *value = malloc(sizeof *value * (size_t)(l->width * n));
    const bool good = value && on_line(l, t, n, value);
    for (int k = 0; k < n && good; k++) {
        size[k] = 0;
        for (int64_t c = 0; c < l->width; c++) size[k] = fmax(size[k], fabs(value[k * l->width + c]));
    }
    free(value);
    return good;
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Numbers of the value, and their usual size, as the scan sees it: the median, a little of the largest where most is
 * nothing. false: it cannot be evaluated, or is nothing. */
static bool prepare(line *l, double a, double b)
{
    double t[PROBES], size[PROBES];
    l->jump = l->kink = 0;
    if (!testgen_apply(l->x, l->s->e, l->s->slot, l->frames, 1)) return false;
    l->width = testgen_numbers(l->s->e, l->s->output, 0);
    for (int k = 0; k < PROBES; k++) t[k] = a + (k + 0.5) / PROBES * (b - a);
    if (l->width < 1 || l->width > WIDTH_MOST || !sizes_at(l, t, PROBES, size)) return false;
    qsort(size, PROBES, sizeof *size, by_size);
    l->size = fmax(size[PROBES / 2], SCAN_LITTLE * size[PROBES - 1]);
    return isfinite(size[PROBES - 1]) && l->size > 1e-12;
}

typedef struct tally {
    int done, missed; /* ways looked at; those on which an added fault was not seen */
    const char *rough;
} tally;

static const char *power_words(double power)
{
    return power < 0.5 ? "jumps" : power < 1.3 ? "has a kink" : "has a second derivative that jumps";
}

/* a jump or a kink put in at a place of the way is found there; at one of some places, since what is rougher may lie beside */
static bool sees_fault(line *l, double a, double b, int kind)
{
    bool seen = false;
    for (int k = 1; k <= PLACES && !seen; k++) {
        scan_place at;
        double size;
        l->jump = l->kink = 0;
        l->fault_at = a + fmod(0.61803398875 * k, 1) * (b - a);
        if (!sizes_at(l, &l->fault_at, 1, &size)) return false;
        l->jump = kind ? 0 : FAULT_JUMP * (l->size + size);
        l->kink = kind ? FAULT_KINK * (l->size + size) : 0;
        seen = scan_line(on_line, l, l->width, a, b, l->s->order, &at) == SCAN_ROUGH &&
               fabs(at.t - l->fault_at) < 1e-3 * (b - a);
    }
    l->jump = l->kink = 0;
    return seen;
}

static void look(line *l, double a, double b, const char *what, tally *y)
{
    scan_place at;
    if (!prepare(l, a, b)) return;
    scan_verdict v = scan_line(on_line, l, l->width, a, b, l->s->order, &at);
    if (v == SCAN_FAILED) return;
    y->done++;
    if (v == SCAN_ROUGH && !y->rough) {
        y->rough = arena_printf(l->x->a, "%s: %s at %.9g Å (differences fall as the step to the %.1f)", what,
                                power_words(at.power), at.t, at.power);
        mtx_structure_copy(&l->x->after[l->s->slot], &l->frames[0]);
    }
    if (v == SCAN_SMOOTH && y->done == 1) /* one control is enough */
        for (int kind = 0; kind < 2 && kind <= l->s->order; kind++) y->missed += !sees_fault(l, a, b, kind);
}

/* ---- dimers -------------------------------------------------------------------------------------------- */

static double longest_cutoff(const tester *x, uint32_t base)
{
    double most = NAN;
    for (int32_t s = 0; s < x->e.plan.n_sets; s++) {
        const mtx_set_desc *d = &x->e.plan.sets[s];
        if (d->kind == MTX_SET_DIFFER || d->kind == MTX_SET_RECIP) return NAN;
        if (d->kind == MTX_SET_PAIRS && x->t->declared->sets.at[s].slot == base) most = fmax(most, d->cutoff);
    }
    return most;
}

/* two atoms of these elements in a large cell, other fields as in the generated structure */
static bool make_dimer(line *l, double cutoff, int32_t one, int32_t two)
{
    mtx_structure *s = &l->x->before[l->s->slot];
    if (s->n < 2) return false;
    for (int32_t k = 0; k < s->n_columns; k++) s->columns[k].rows = 2;
    s->n = 2;
    s->Z[0] = one;
    s->Z[1] = two;
    testgen_isolate(l->x, l->s->slot, s, 4 * cutoff);
    for (int c = 0; c < 3; c++) s->r[0][c] = l->from[c] = cutoff * (1 + 0.1 * c);
    l->moving = 1;
    l->frames = testgen_copies(s, FRAMES);
    return l->frames != NULL;
}

/* elements of the generated structures, each once */
static int elements_of(tester *x, uint32_t base, int32_t *list)
{
    int n = 0;
    for (int k = 0; k < SAMPLE_SHAPES; k++) {
        if (!testgen_load(x, false, k)) continue;
        for (int64_t i = 0; i < x->before[base].n; i++) {
            bool known = n == ELEMENTS;
            for (int j = 0; j < n; j++) known |= list[j] == x->before[base].Z[i];
            if (!known) list[n++] = x->before[base].Z[i];
        }
    }
    return n;
}

static void dimers(tester *x, const subject *s, tally *y)
{
    int32_t list[ELEMENTS];
    int n = elements_of(x, s->slot, list);
    double cutoff = longest_cutoff(x, s->slot);
    for (int a = 0; a < n && cutoff > 0; a++)
        for (int b = a; b < n; b++) {
            line l = {.x = x, .s = s, .direction = {0.36, 0.48, 0.8}};
            const char *what =
                arena_printf(x->a, "dimer %s-%s", mtx_element_symbol(list[a]), mtx_element_symbol(list[b]));
            if (testgen_load(x, false, SAMPLE_LARGER) && make_dimer(&l, cutoff, list[a], list[b]))
                look(&l, fmax(NEAREST, CLOSE * cutoff), BEYOND * cutoff, what, y);
            testgen_copies_free(l.frames, FRAMES);
        }
}

/* ---- an atom that moves through others ----------------------------------------------------------------- */

static void crossings(tester *x, const subject *s, tally *y)
{
    for (int k = 0; k < (isnan(longest_cutoff(x, s->slot)) ? 1 : LINES); k++) { /* long sums are costly */
        line l = {.x = x, .s = s};
        uint64_t rng = x->o->seed * 6007u + (uint64_t)k;
        const mtx_structure *from = &x->before[s->slot];
        if (!testgen_load(x, false, SAMPLE_SHAPES + k % 2 * SAMPLE_LARGER) || from->n < 2) continue;
        double q[3][3];
        sample_rotation(&rng, q);
        l.moving = sample_below(&rng, from->n);
        memcpy(l.from, from->r[l.moving], sizeof l.from);
        memcpy(l.direction, q[0], sizeof l.direction);
        l.frames = testgen_copies(from, FRAMES);
        if (l.frames)
            look(&l, -WAY / 2, WAY / 2, arena_printf(x->a, "atom %lld moves", (long long)l.moving), y);
        testgen_copies_free(l.frames, FRAMES);
    }
}

/* ---- the checks ---------------------------------------------------------------------------------------- */

static void tell(tester *x, const char *words, const char *kim, const tally *y)
{
    const char *title = arena_printf(x->a, "%s%s", words, kim),
               *control = arena_printf(x->a, "%s, negative control", words);
    if (testgen_wanted(x, title)) {
        testgen_add(x, !y->rough, !y->done, title,
                    y->rough  ? y->rough
                    : y->done ? arena_printf(x->a, "%d ways", y->done)
                              : "no way on which it can be seen",
                    y->rough ? testgen_replay(x, title) : NULL);
        if (y->rough) testgen_save(x, title, true);
    }
    if (testgen_wanted(x, control) && !y->rough)
        testgen_add(x, !y->missed, !y->done, control,
                    !y->done    ? "no way on which it can be seen"
                    : y->missed ? "an added jump or kink is not seen"
                                : "an added jump or kink is seen where it is",
                    y->missed ? testgen_replay(x, control) : NULL);
}

static void check_subject(tester *x, const subject *s)
{
    const char *of[2] = {"along dimers", "while an atom moves through others"};
    for (int kind = 0; kind < 2; kind++) {
        const char *words = arena_printf(x->a, "%s: %s stays C%d %s", x->p->id, s->words, s->order, of[kind]);
        const char *kim = kind == 0 && s->order > 0 ? " (vc-dimer-continuity-c1)" : "";
        tally y = {0};
        if (!testgen_wanted(x, arena_printf(x->a, "%s%s, negative control", words, kim))) continue;
        if (kind == 0)
            dimers(x, s, &y);
        else
            crossings(x, s, &y);
        tell(x, words, kim, &y);
    }
}

/* a table with rows that come and go has no values to compare, and sites that move no longer fit a host */
static bool can_scan(const program *p, def_id id)
{
    const def *d = &p->defs.at[id];
    bool can = d->elem.kind == ELEM_REAL;
    for (uint32_t k = 0; k < d->n_param; k++) {
        set_kind kind = p->sets.at[p->ivars.at[d->param[k]].set].kind;
        can = can && kind != SET_PAIRS && kind != SET_RECIP && kind != SET_DIFFER;
    }
    return can && p->slots.n == 1;
}

static bool mentions(const program *p, node_id id, def_id what, bool *seen)
{
    const node *n = &p->nodes.at[id];
    if (seen[id]) return false;
    seen[id] = true;
    if (n->op == OP_ACCESS && n->imm.def == what) return true;
    for (uint32_t k = 0; k < n->n_args; k++)
        if (mentions(p, n->arg[k], what, seen)) return true;
    return false;
}

/* is it, or what is made of it at once, scanned as a claim */
static bool is_claimed(const tester *x, def_id id)
{
    const program *p = x->t->declared;
    for (uint32_t k = 0; k < p->claims.n; k++) {
        const claim *c = &p->claims.at[k];
        if (c->kind != CLAIM_SMOOTH) continue;
        const def *d = &p->defs.at[c->subject];
        if (testgen_same(p, c->subject, id) ||
            (d->body != SETIR_NONE && mentions(p, d->body, id, arena_array(x->a, bool, p->nodes.n + 1))))
            return true;
    }
    return false;
}

static void check_proved(tester *x, def_id id, uint32_t base)
{
    uint32_t o = testgen_output_of(&x->d.e, id);
    int order = smooth_def(x->t->smooth, id, ORDER_MOST).order_positions;
    if (o == SETIR_NONE || order < 0 || is_claimed(x, id) || !can_scan(x->t->declared, id)) return;
    subject s = {&x->d.e, o, base, order < ORDER_MOST ? order : ORDER_MOST, testgen_words(x, id)};
    check_subject(x, &s);
}

void testgen_scans(tester *x)
{
    const program *p = x->t->declared;
    for (uint32_t k = 0; k < p->claims.n; k++) {
        const claim *c = &p->claims.at[k];
        uint32_t o = testgen_output_of(&x->e, c->subject);
        if (c->kind != CLAIM_SMOOTH || o == SETIR_NONE || !can_scan(p, c->subject)) continue;
        subject s = {&x->e, o, 0, c->order < ORDER_MOST ? c->order : ORDER_MOST, x->e.output[o].name};
        check_subject(x, &s);
    }
    for (def_id k = 0; k < p->defs.n && x->d.open; k++) {
        const def *d = &p->defs.at[k];
        if (d->lib != LIB_GRAD || d->wrt.kind != WRT_INPUT || p->inputs.at[d->wrt.input].role != IN_POSITION)
            continue;
        check_proved(x, d->lib_arg, d->wrt.slot);
        check_proved(x, k, d->wrt.slot);
    }
}
