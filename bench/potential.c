/* SPDX-License-Identifier: Apache-2.0
 *
 * potential.c: potential [--by-hand|--subsets] SPEC:TRANSFORM [cells [repeats]]
 * Times a compiled potential on silicon crystals of cells^3 unit cells (8 atoms each) whose atoms are shaken until they
 * have 6.4 neighbours within 3.77 angstrom, the neighbour list excluded; a potential that does not take silicon gets
 * its own elements in turn, one that wants charges 1 and -1. A number is the energy; a vector over atoms is the force; a tensor the stress. Prints
 * microseconds an atom, the energy alone and everything; by hand, also those of a Stillinger-Weber kernel written by
 * hand in C (reference_sw.h) and the largest differences from it; subsets, those of every set of outputs that a
 * caller of the library could want, as the kernel that the library would take (abi_entries.c).
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "abi.h"
#include "cli.h"
#include "engine.h"
#include "reference_sw.h"

#define LATTICE 5.431
#define SHAKE   0.10
#define TIMED_ATOMS 4096 /* of one timing, at least: short ones find gaps between what others do */
#define REPEATS     100

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double shake(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return SHAKE * (2 * ((double)((z ^ (z >> 31)) >> 11) * 0x1p-53) - 1);
}

/* numbers that a potential wants of each atom, as charges: 1 and -1 in turn */
static void put_columns(mtx_structure *s, const mtx_plan *plan)
{
    for (int32_t k = 0; k < plan->n_inputs; k++) {
        const mtx_input_desc *in = &plan->inputs[k];
        if (in->role != MTX_IN_FIELD || in->type != MTX_TYPE_REAL || in->rows < 0 || in->width != 1) continue;
        mtx_column *c = mtx_structure_add_column(s, in->key, MTX_COL_REAL, 1);
        for (int64_t i = 0; c && i < s->n; i++) c->real[i] = i % 2 ? -1 : 1;
    }
}

/* the elements that the transform has places for, in turn; silicon where it takes that or any */
static void put_elements(mtx_structure *s, const uint64_t *allowed)
{
    int32_t list[128], n = 0;
    if (!(allowed[0] | allowed[1]) || allowed[0] >> 14 & 1) return;
    for (int32_t z = 1; z < 128; z++)
        if (allowed[z / 64] >> z % 64 & 1) list[n++] = z;
    for (int64_t k = 0; k < s->n; k++) s->Z[k] = list[k % n];
}

static void silicon(mtx_structure *s, int cells)
{
    static const double at[8][3] = {{0, 0, 0},          {0, 0.5, 0.5},      {0.5, 0, 0.5},      {0.5, 0.5, 0},
                                    {0.25, 0.25, 0.25}, {0.25, 0.75, 0.75}, {0.75, 0.25, 0.75}, {0.75, 0.75, 0.25}};
    uint64_t state = 7;
    mtx_structure_init(s);
    mtx_structure_reserve(s, 8 * (int64_t)cells * cells * cells);
    for (int k = 0; k < 3; k++) {
        s->cell[k][k] = LATTICE * cells;
        s->pbc[k] = 1;
    }
    for (int64_t c = 0; c < (int64_t)cells * cells * cells; c++) {
        const int64_t shift[3] = {c / cells / cells, c / cells % cells, c % cells};
        for (int k = 0; k < 8; k++) {
            for (int x = 0; x < 3; x++) s->r[s->n][x] = LATTICE * ((double)shift[x] + at[k][x]) + shake(&state);
            s->Z[s->n++] = 14;
        }
    }
}

/* the best of some timings, in microseconds an atom: others share the machine */
static double best(const engine *e, kernel_fn fn, void *const *out, int64_t atoms, int repeats)
{
    double least = INFINITY;
    for (int k = 0; k < repeats; k++) {
        double start = now();
        int64_t done = 0;
        do {
            fn(e->view, out, e->scratch, 0, e->view->nb);
            done += atoms;
        } while (done < TIMED_ATOMS);
        double each = (now() - start) / (double)done;
        least = each < least ? each : least;
    }
    return least * 1e6;
}

static double best_by_hand(const mtx_set_view *bond, double *E, double *F, double *W, double *g, int64_t atoms,
                           int repeats)
{
    double least = INFINITY;
    for (int k = 0; k < repeats; k++) {
        double start = now();
        int64_t done = 0;
        do {
            reference_sw(bond, atoms, E, F, W, g);
            done += atoms;
        } while (done < TIMED_ATOMS);
        double each = (now() - start) / (double)done;
        least = each < least ? each : least;
    }
    return least * 1e6;
}

static double apart(const double *a, const double *b, int64_t n)
{
    double most = 0, scale = 0;
    for (int64_t k = 0; k < n; k++) {
        most = fmax(most, fabs(a[k] - b[k]));
        scale = fmax(scale, fabs(b[k]));
    }
    return most / scale;
}

/* the virial may have been divided by a volume */
static void scale(double *W, const double *like)
{
    double times = (like[0] + like[4] + like[8]) / (W[0] + W[4] + W[8]);
    for (int k = 0; k < 9; k++) W[k] *= times;
}

static uint32_t pair_set(const program *p)
{
    for (uint32_t k = 0; k < p->sets.n; k++)
        if (p->sets.at[k].kind == SET_PAIRS) return k;
    return SETIR_NONE;
}

/* the same transform with some of its outputs */
static compiled *with_outputs(arena *a, const compiled *t, const bool *keep)
{
    compiled *some = arena_copy(a, t, sizeof *t);
    program *p = arena_copy(a, t->p, sizeof *t->p);
    diag_sink sink;
    p->defs.at = arena_copy(a, p->defs.at, p->defs.n * sizeof *p->defs.at);
    for (uint32_t k = 0; k < p->defs.n; k++) p->defs.at[k].output &= keep[k];
    diag_sink_init(&sink, a);
    some->p = p;
    some->loops = lower_program(a, p, &sink);
    return some;
}

/* with its energy alone: what a library does for a caller who wants no more */
static compiled *energy_alone(arena *a, const compiled *t)
{
    bool *keep = arena_array(a, bool, t->p->defs.n + 1), found = false;
    for (uint32_t k = 0; k < t->p->defs.n; k++) {
        keep[k] = t->p->defs.at[k].output && !found && t->p->defs.at[k].n_param == 0;
        found |= keep[k];
    }
    return with_outputs(a, t, keep);
}

/* beside the kernel by hand: its times, and how far the outputs are from its values */
static void compare(const engine *e, int64_t atoms, int repeats)
{
    const mtx_set_view *bond = &e->view->set[pair_set(e->p)];
    double E, W[9], *F = calloc((size_t)atoms * 3, sizeof *F), *g = calloc((size_t)bond->n * 3, sizeof *g);
    double energy = best_by_hand(bond, &E, NULL, NULL, g, atoms, repeats);
    printf("  by hand: E %.4f  all %.4f us/atom", energy, best_by_hand(bond, &E, F, W, g, atoms, repeats));
    for (uint32_t k = 0; k < e->n_outputs; k++) {
        const engine_output *o = &e->output[k];
        bool each = e->p->defs.at[o->def].n_param > 0;
        if (each && o->components != 3) continue;
        if (o->components == 9) scale(W, o->data); /* stress or virial */
        printf("  %s %.1e", o->name,
               apart(o->data, o->components == 9 ? W : each ? F : &E, each ? 3 * atoms : o->components));
    }
    free(F);
    free(g);
}

static bool prepare(engine *e, const mtx_structure *s)
{
    mtx_problem problem = {.frame = -1};
    bool good = engine_apply(e, &s, 1, &problem) == MTX_OK;
    if (!good) fprintf(stderr, "potential: %s\n", problem.message);
    return good;
}

static int measure(engine *e, engine *first, const mtx_structure *s, int repeats, bool by_hand)
{
    if (!prepare(e, s) || !prepare(first, s)) return 1;
    double energy = INFINITY, all = INFINITY;
    for (int k = 0; k < repeats; k++) { /* in turn: others are busy for both */
        energy = fmin(energy, best(first, first->code.main, first->out, s->n, 1));
        all = fmin(all, best(e, e->code.main, e->out, s->n, 1));
    }
    printf("%7lld atoms %.2f neighbours  E %.4f  all %.4f us/atom (%.2f x)", (long long)s->n,
           (double)e->view->set[pair_set(e->p)].n / (double)s->n, energy, all, all / energy);
    if (by_hand) compare(e, s->n, repeats);
    printf("\n");
    return 0;
}

/* ---- every set of outputs ------------------------------------------------------------------------------ */

/* the smallest kernel of the library that has what is wanted */
static uint32_t entry_for(const abi *x, uint32_t wanted)
{
    uint32_t found = 0;
    for (uint32_t k = 0; k < x->entries.n; k++) {
        const abi_entry *t = &x->entries.at[k];
        uint32_t has = 0;
        for (uint32_t o = 0; o < t->n; o++) has |= 1u << t->output[o];
        if (!t->extra && (wanted & ~has) == 0 && t->n < x->entries.at[found].n) found = k;
    }
    return found;
}

static double best_of_entry(const engine *e, const abi_entry *t, kernel_fn fn, uint32_t wanted, int repeats,
                            int64_t atoms)
{
    void *out[32], *room = NULL;
    engine with = *e;
    for (uint32_t o = 0; o < t->n; o++) out[o] = wanted >> t->output[o] & 1 ? e->out[t->output[o]] : NULL;
    size_t bytes = kernel_scratch_bytes(t->k, e->view, 0, e->view->nb);
    with.scratch = room = aligned_alloc(64, (bytes + 127) / 64 * 64);
    double least = best(&with, fn, out, atoms, repeats);
    free(room);
    return least;
}

/* microseconds an atom for every set of outputs */
static int subsets(engine *e, arena *a, const compiled *t, const mtx_structure *s, int repeats)
{
    abi x;
    jit_code code;
    text why;
    text_init(&why);
    if (!prepare(e, s) || !abi_make(a, t, "subsets", &x, &why)) return 1;
    const kernel **k = arena_array(a, const kernel *, x.entries.n);
    for (uint32_t n = 0; n < x.entries.n; n++) k[n] = x.entries.at[n].k;
    if (jit_kernels(k, x.entries.n, NULL, &code, &why) != MTX_OK) return 1;
    for (uint32_t wanted = 1; wanted < 1u << e->n_outputs; wanted++) {
        uint32_t entry = entry_for(&x, wanted);
        double least = best_of_entry(e, &x.entries.at[entry], code.kernel[entry], wanted, repeats, s->n);
        printf("%.4f us/atom  kernel %u ", least, entry);
        for (uint32_t o = 0; o < e->n_outputs; o++)
            if (wanted >> o & 1) printf(" %s", e->output[o].name);
        printf("\n");
    }
    jit_free(&code);
    return 0;
}

static int whole(int argc, char **argv)
{
    bool by_hand = argc > 1 && !strcmp(argv[1], "--by-hand"), sets = argc > 1 && !strcmp(argv[1], "--subsets");
    argc -= by_hand || sets;
    argv += by_hand || sets;
    if (argc < 2) {
        fputs("usage: potential [--by-hand|--subsets] SPEC:TRANSFORM [cells [repeats]]\n", stderr);
        return 2;
    }
    const char *path, *transform;
    char *copy = cli_split_spec(argv[1], &path, &transform);
    static compilation c;
    if (cli_compile(&c, path, STAGE_LOWER, false, false) != EXIT_FINE) return 1;
    compiled *t = driver_find(&c, transform);
    engine e, first;
    text why;
    text_init(&why);
    const char *backend = getenv("MTX_BACKEND");
    backend_kind kind = backend && !strcmp(backend, "c") ? BACKEND_C : BACKEND_ANY;
    double start = now();
    if (!t || engine_open(&e, &c.memory, t, kind, &why) != MTX_OK ||
        engine_open(&first, &c.memory, energy_alone(&c.memory, t), kind, &why) != MTX_OK) {
        fprintf(stderr, "potential: %s\n", why.s ? why.s : "no such transform");
        return 1;
    }
    printf("code of both in %.0f ms\n", 1e3 * (now() - start));
    int wrong = 0, repeats = argc > 3 ? atoi(argv[3]) : REPEATS;
    int first_size = argc > 2 ? atoi(argv[2]) : sets ? 8 : 4, last = argc > 2 || sets ? first_size : 16;
    for (int cells = first_size; cells <= last && !wrong; cells *= 2) {
        mtx_structure s;
        silicon(&s, cells);
        put_elements(&s, e.plan.slots[0].elements);
        put_columns(&s, &e.plan);
        wrong = sets ? subsets(&e, &c.memory, t, &s, repeats) : measure(&e, &first, &s, repeats, by_hand);
        mtx_structure_free(&s);
    }
    engine_close(&e);
    engine_close(&first);
    driver_free(&c);
    free(copy);
    text_free(&why);
    return wrong;
}

int main(int argc, char **argv)
{
    return cli_guarded(whole, argc, argv);
}
