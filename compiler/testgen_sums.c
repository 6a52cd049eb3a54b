/* SPDX-License-Identifier: Apache-2.0
 *
 * testgen_sums.c: what follows for derivatives and energies from the laws that the rules give: forces add up to nothing
 * when the energy is the same after a translation; they exert no torque on a cluster, and its stress is symmetric and
 * is the virial of its forces, when it is the same after a rotation; the energy of two clusters is the sum of both
 * when they are far apart and it is extensive. In: compiled energies and derivatives. Out: checks, each with a negative
 * control that goes the same way.
 */
#include "testgen_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CASES = 10 };
#define NET_AGREE    1e-12 /* of the sum of sizes */
#define TORQUE_AGREE 1e-11
#define STRESS_AGREE 1e-12
#define APART_AGREE  1e-11
#define SPOIL        1e-6 /* of the largest force, in negative controls */

/* What a check found: how far off the worst case was, in units of what it is compared with. */
typedef struct outcome_of {
    int done;
    double worst, control; /* relative; control: the least that a spoiled case was off */
    bool may_skip;
} tally;

static void count(tally *t, double off, double spoiled)
{
    t->worst = t->done ? fmax(t->worst, off) : off;
    t->control = t->done ? fmin(t->control, spoiled) : spoiled;
    t->done++;
}

static void tell(tester *x, const char *words, const char *kim, const tally *t, double most)
{
    const char *title = arena_printf(x->a, "%s%s", words, kim),
               *control = arena_printf(x->a, "%s, negative control", words);
    bool good = t->worst <= most, told = t->control > most;
    if (testgen_wanted(x, title))
        testgen_add(x, good, !t->done, title,
                    t->done ? arena_printf(x->a, "%d structures, off by %.1e of the sizes", t->done, t->worst)
                            : "no structure on which it can be seen",
                    good ? NULL : testgen_replay(x, title));
    if (testgen_wanted(x, control))
        testgen_add(x, told || !t->done, !t->done, control,
                    !t->done ? "no structure on which it can be seen"
                    : told   ? "a spoiled result is told apart"
                             : arena_printf(x->a, "a spoiled result is off by %.1e only", t->control),
                    told || !t->done ? NULL : testgen_replay(x, control));
}

static bool wanted(tester *x, const char *words)
{
    return testgen_wanted(x, arena_printf(x->a, "%s (vc-), negative control", words));
}

static bool holds(const tester *x, def_id energy, symmetry sym)
{
    return x->t->laws->def[energy].status[sym].level != LAW_BROKEN;
}

/* values of a derivative by positions on x->moved; a copy in the arena; NULL: there are none, or all is zero */
static double *forces_on(tester *x, def_id g, uint32_t base, const mtx_structure *s)
{
    int64_t n;
    if (!testgen_apply(x, &x->d.e, base, s, 1)) return NULL;
    const double *G = testgen_values(&x->d.e, testgen_output_of(&x->d.e, g), 0, &n);
    double *copy = n == 3 * s->n && n > 0 ? arena_array(x->a, double, n) : NULL, most = 0;
    for (int64_t k = 0; k < n && copy; k++) {
        copy[k] = G[k];
        most = fabs(G[k]) > most || G[k] != G[k] ? fabs(G[k]) : most;
    }
    return copy && isfinite(most) && most > 1e-9 ? copy : NULL;
}

/* the largest component grows a little */
static void spoil(double *G, int64_t n)
{
    int64_t largest = 0;
    for (int64_t k = 0; k < n; k++)
        if (fabs(G[k]) > fabs(G[largest])) largest = k;
    G[largest] *= 1 + SPOIL;
}

/* ---- forces add up to nothing -------------------------------------------------------------------------- */

static double net(const double *G, int64_t n)
{
    double sum[3] = {0}, size = 0;
    for (int64_t k = 0; k < n; k++) {
        sum[k % 3] += G[k];
        size += fabs(G[k]);
    }
    return fmax(fmax(fabs(sum[0]), fabs(sum[1])), fabs(sum[2])) / size;
}

static void check_net(tester *x, def_id g)
{
    const def *d = &x->t->declared->defs.at[g];
    const char *words = arena_printf(x->a, "%s: %s adds up to nothing", x->p->id, testgen_words(x, g));
    if (!holds(x, d->lib_arg, SYM_TRANSLATE) || !wanted(x, words)) return;
    tally t = {0};
    for (int k = 0; k < CASES; k++) {
        double *G = testgen_load(x, false, k) ? forces_on(x, g, d->wrt.slot, &x->before[d->wrt.slot]) : NULL;
        if (!G) continue;
        int64_t n = 3 * x->before[d->wrt.slot].n;
        double off = net(G, n);
        spoil(G, n);
        count(&t, off, net(G, n));
    }
    tell(x, words, "", &t, NET_AGREE);
}

/* ---- clusters: no torque, stress from forces ----------------------------------------------------------- */

/* the structure of the slot without images, far from the origin of nothing; its size */
static bool cluster(tester *x, uint32_t base, double reach, int k)
{
    if (!testgen_load(x, false, k)) return false;
    mtx_structure *s = &x->before[base];
    double size_of = 0;
    for (int64_t i = 0; i < s->n; i++)
        for (int c = 0; c < 3; c++) size_of = fmax(size_of, fabs(s->r[i][c] - s->r[0][c]));
    testgen_isolate(x, base, s, 4 * (size_of + reach));
    return s->n > 1;
}

/* sum over the atoms of place times force, places from their centre */
static void moments(const mtx_structure *s, const double *G, double m[9], double *size)
{
    double middle[3] = {0};
    memset(m, 0, 9 * sizeof *m);
    *size = 0;
    for (int64_t k = 0; k < 3 * s->n; k++) middle[k % 3] += s->r[k / 3][k % 3] / (double)s->n;
    for (int64_t i = 0; i < s->n; i++)
        for (int k = 0; k < 9; k++) {
            double term = (s->r[i][k / 3] - middle[k / 3]) * G[3 * i + k % 3];
            m[k] += term;
            *size += fabs(term);
        }
}

static double torque(const mtx_structure *s, const double *G)
{
    double m[9], size;
    moments(s, G, m, &size);
    return size > 0 ? fmax(fmax(fabs(m[1] - m[3]), fabs(m[2] - m[6])), fabs(m[5] - m[7])) / size : 0;
}

/* the forces turned by a small angle about (1, 1, 1) */
static void turn(double *G, int64_t n)
{
    for (int64_t k = 0; k < n; k += 3) {
        const double g[3] = {G[k], G[k + 1], G[k + 2]};
        for (int c = 0; c < 3; c++) G[k + c] += SPOIL * (g[(c + 2) % 3] - g[(c + 1) % 3]);
    }
}

static void check_torque(tester *x, def_id g)
{
    const def *d = &x->t->declared->defs.at[g];
    const char *words =
        arena_printf(x->a, "%s: %s exerts no torque on a cluster", x->p->id, testgen_words(x, g));
    double reach = testgen_reach(x, d->lib_arg, d->wrt.slot);
    if (!holds(x, d->lib_arg, SYM_ROTATE) || isnan(reach) || !wanted(x, words)) return;
    tally t = {0};
    for (int k = 0; k < CASES; k++) {
        const mtx_structure *s = &x->before[d->wrt.slot];
        double *G = cluster(x, d->wrt.slot, reach, k) ? forces_on(x, g, d->wrt.slot, s) : NULL;
        if (!G || s->n < 3) continue;
        double off = torque(s, G);
        turn(G, 3 * s->n);
        count(&t, off, torque(s, G));
    }
    tell(x, words, "", &t, TORQUE_AGREE);
}

static double asymmetry(const double *W)
{
    double size = 0;
    for (int k = 0; k < 9; k++) size += fabs(W[k]);
    return (fabs(W[1] - W[3]) + fabs(W[2] - W[6]) + fabs(W[5] - W[7])) / size;
}

static double difference(const double *A, const double *B)
{
    double size = 0, off = 0;
    for (int k = 0; k < 9; k++) {
        size += fabs(A[k]);
        off = fmax(off, fabs(A[k] - B[k]));
    }
    return off / size;
}

/* derivative by strain of the same energy as `g`, a derivative by positions; SETIR_NONE: not in the transform */
static def_id strain_of(const tester *x, def_id g)
{
    const program *p = x->t->declared;
    for (def_id k = 0; k < p->defs.n; k++) {
        const def *d = &p->defs.at[k];
        if (d->lib == LIB_GRAD && d->wrt.kind == WRT_STRAIN &&
            testgen_same(p, d->lib_arg, p->defs.at[g].lib_arg) && d->wrt.slot == p->defs.at[g].wrt.slot &&
            testgen_output_of(&x->d.e, k) != SETIR_NONE)
            return k;
    }
    return SETIR_NONE;
}

/* the derivative by strain on what was evaluated last */
static bool strain_values(const tester *x, def_id w, double W[9])
{
    int64_t n;
    double size = 0;
    const double *v = testgen_values(&x->d.e, testgen_output_of(&x->d.e, w), 0, &n);
    for (int k = 0; k < 9 && n == 9; k++) {
        W[k] = v[k];
        size += fabs(v[k]);
    }
    return n == 9 && isfinite(size) && size > 1e-9;
}

static void check_symmetric(tester *x, def_id w)
{
    const def *d = &x->t->declared->defs.at[w];
    const char *words = arena_printf(x->a, "%s: %s is symmetric", x->p->id, testgen_words(x, w));
    if (!wanted(x, words)) return;
    tally t = {0};
    for (int k = 0; k < CASES; k++) {
        double W[9];
        if (!testgen_load(x, false, k) ||
            !testgen_apply(x, &x->d.e, d->wrt.slot, &x->before[d->wrt.slot], 1) || !strain_values(x, w, W))
            continue;
        double off = asymmetry(W);
        for (int c = 1; c < 3; c++) W[c] += SPOIL * (fabs(W[0]) + fabs(W[4]) + fabs(W[8]) + fabs(W[c]));
        count(&t, off, asymmetry(W));
    }
    tell(x, words, "", &t, STRESS_AGREE);
}

static void check_virial(tester *x, def_id g)
{
    const def *d = &x->t->declared->defs.at[g];
    def_id w = strain_of(x, g);
    double reach = testgen_reach(x, d->lib_arg, d->wrt.slot);
    if (w == SETIR_NONE || isnan(reach) || !holds(x, d->lib_arg, SYM_ROTATE)) return;
    const char *words = arena_printf(x->a, "%s: %s is the virial of %s in a cluster", x->p->id,
                                     testgen_words(x, w), testgen_words(x, g));
    if (!wanted(x, words)) return;
    tally t = {0};
    for (int k = 0; k < CASES; k++) {
        const mtx_structure *s = &x->before[d->wrt.slot];
        double W[9], m[9], size;
        double *G = cluster(x, d->wrt.slot, reach, k) ? forces_on(x, g, d->wrt.slot, s) : NULL;
        if (!G || !strain_values(x, w, W)) continue;
        moments(s, G, m, &size);
        double off = difference(W, m);
        spoil(G, 3 * s->n);
        moments(s, G, m, &size);
        count(&t, off, difference(W, m));
    }
    tell(x, words, "", &t, TORQUE_AGREE);
}

/* ---- far fragments add --------------------------------------------------------------------------------- */

static void keep_rows(mtx_column *c, int64_t n, const bool *keep)
{
    int64_t to = 0;
    for (int64_t i = 0; i < n && c->real; i++)
        if (keep[i]) {
            memmove(c->real + to * c->width, c->real + i * c->width, (size_t)c->width * sizeof *c->real);
            to++;
        }
    if (c->real) c->rows = to;
}

/* only some of the atoms, with their fields */
static void keep_atoms(mtx_structure *s, const bool *keep)
{
    int64_t to = 0;
    for (int32_t k = 0; k < s->n_columns; k++) keep_rows(&s->columns[k], s->n, keep);
    for (int64_t i = 0; i < s->n; i++)
        if (keep[i]) {
            memmove(s->r[to], s->r[i], sizeof *s->r);
            s->Z[to++] = s->Z[i];
        }
    s->n = to;
}

/* x->before as: all, far apart; the first half; the second; all as they are */
static bool fragments(tester *x, uint32_t base, double reach, mtx_structure *frames)
{
    const mtx_structure *s = &x->before[base];
    bool *keep = arena_array(x->a, bool, s->n + 1);
    double size_of = 0;
    for (int64_t i = 0; i < s->n; i++)
        for (int c = 0; c < 3; c++) size_of = fmax(size_of, fabs(s->r[i][c] - s->r[0][c]));
    for (int f = 0; f < 4; f++) {
        if (mtx_structure_copy(&frames[f], s) != MTX_OK) return false;
        testgen_isolate(x, base, &frames[f], 8 * (size_of + reach));
    }
    for (int64_t i = s->n / 2; i < s->n; i++)
        for (int c = 0; c < 3; c++) frames[0].r[i][c] += 2.5 * size_of + reach;
    for (int half = 0; half < 2; half++) {
        for (int64_t i = 0; i < s->n; i++) keep[i] = (i >= s->n / 2) == half;
        keep_atoms(&frames[1 + half], keep);
    }
    return s->n > 1;
}

static bool is_extensive(const tester *x, def_id energy, uint32_t base)
{
    const rational size = x->t->laws->def[energy].size[base];
    return holds(x, energy, SYM_SUPERCELL) && size.num == 1 && size.den == 1;
}

static void check_fragments(tester *x, engine *e, def_id energy, uint32_t base)
{
    const char *words =
        arena_printf(x->a, "%s: %s of far fragments adds up", x->p->id, testgen_words(x, energy));
    double reach = testgen_reach(x, energy, base);
    if (isnan(reach) || !is_extensive(x, energy, base) || !wanted(x, words)) return;
    tally t = {0};
    uint32_t o = testgen_output_of(e, energy);
    for (int k = 0; k < CASES; k++) {
        mtx_structure *frames = testgen_load(x, false, k) ? testgen_copies(&x->before[base], 4) : NULL;
        if (frames && fragments(x, base, reach, frames) && testgen_apply(x, e, base, frames, 4)) {
            const double *E = (const double *)e->output[o].data;
            double size = fabs(E[0]) + fabs(E[1]) + fabs(E[2]), near = fabs(E[3] - E[1] - E[2]);
            if (isfinite(size) && size > 1e-9 && near > 1e-6 * size)
                count(&t, fabs(E[0] - E[1] - E[2]) / size, near / size);
        }
        testgen_copies_free(frames, 4);
    }
    tell(x, words, "", &t, APART_AGREE);
}

static bool is_number(const def *d)
{
    return d->elem.kind == ELEM_REAL && !d->elem.rank && !d->elem.channels && !d->n_param;
}

/* numbers claimed extensive */
static bool is_claimed(const tester *x, def_id energy)
{
    const program *p = x->t->declared;
    bool claimed = false;
    for (uint32_t k = 0; k < p->claims.n; k++)
        claimed |=
            p->claims.at[k].kind == CLAIM_EXTENSIVE && testgen_same(p, p->claims.at[k].subject, energy);
    return claimed;
}

void testgen_extensive(tester *x)
{
    const program *p = x->t->declared;
    for (uint32_t o = 0; o < x->e.n_outputs && p->slots.n == 1; o++)
        if (is_number(&p->defs.at[x->e.output[o].def]) && is_claimed(x, x->e.output[o].def))
            check_fragments(x, &x->e, x->e.output[o].def, 0);
}

void testgen_sums(tester *x)
{
    const program *p = x->t->declared;
    for (def_id k = 0; k < p->defs.n; k++) {
        const def *d = &p->defs.at[k];
        if (d->lib != LIB_GRAD || testgen_output_of(&x->d.e, k) == SETIR_NONE) continue;
        if (d->wrt.kind == WRT_STRAIN) check_symmetric(x, k);
        if (d->wrt.kind != WRT_INPUT || p->inputs.at[d->wrt.input].role != IN_POSITION) continue;
        check_net(x, k);
        check_torque(x, k);
        check_virial(x, k);
        if (!is_claimed(x, d->lib_arg)) check_fragments(x, &x->d.e, d->lib_arg, d->wrt.slot);
    }
}
