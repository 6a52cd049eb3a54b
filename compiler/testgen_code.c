/* SPDX-License-Identifier: Apache-2.0
 *
 * testgen_code.c: the compiled code by itself. In: a compiled transform. Out: checks of every output: against the
 * interpreter, of a frame alone against the same frame in a batch, of several threads at once against one.
 */
#include "testgen_internal.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "interp.h"

#define AGREE   1e-11 /* compiled code against the interpreter */
#define NOTHING 1e-12 /* differences below are none: forces that cancel have no size to compare with */

/* the interpreter reads more of the sets than the kernels were made to */
static bool bind_interpreter(const tester *x, interp *in, mtx_batch *batch)
{
    const mtx_structure *frames[ACTION_SLOTS];
    mtx_problem problem;
    for (uint32_t s = 0; s < x->p->slots.n; s++) frames[s] = &x->before[s];
    mtx_batch_set_param(batch, x->param);
    if (interp_prepare(x->p, frames, 1, batch, &problem) != MTX_OK) return false;
    interp_bind(in, mtx_batch_view(batch), 0);
    return true;
}

static void check_interpreter(tester *x, uint32_t output)
{
    const char *title =
        arena_printf(x->a, "%s: %s compiled equals interpreted", x->p->id, x->e.output[output].name);
    const def *d = &x->p->defs.at[x->e.output[output].def];
    if (!testgen_wanted(x, title)) return;
    interp *in = interp_new(x->p);
    mtx_batch *batch = mtx_batch_new();
    int done = 0;
    double worst = 0;
    for (int k = 0; in && batch && k < x->o->tries / 2 + 1; k++) {
        action_values v;
        int64_t n[2];
        mtx_problem problem;
        if (!testgen_load(x, false, k) ||
            !testgen_evaluate(x, x->before, x->before, output, &v, n, &problem) || !bind_interpreter(x, in, batch)) {
            continue;
        }
        double *oracle = malloc(sizeof(double) * (size_t)(n[0] + 1)), scale = 0, most = 0;
        if (oracle && interp_def(in, x->e.output[output].def, oracle, NULL) == MTX_OK) {
            for (int64_t j = 0; j < n[0]; j++) {
                double want = oracle[j] * (d->declared.kind == ELEM_REAL ? d->out_scale : 1);
                double off = fabs(want - v.before[j]);
                bool both_odd = want != want && v.before[j] != v.before[j];
                most = both_odd || want == v.before[j] ? most : off > most || off != off ? off : most;
                scale = fabs(want) > scale && isfinite(want) ? fabs(want) : scale;
            }
            double relative = scale > 0 && !(most <= NOTHING) ? most / scale : most;
            worst = relative > worst || relative != relative ? relative : worst;
            done++;
        }
        free(oracle);
    }
    interp_free(in);
    mtx_batch_free(batch);
    testgen_add(x, worst <= AGREE, done == 0, title,
                arena_printf(x->a, "%d structures, largest difference %.1e", done, worst), NULL);
}

static void check_batch(tester *x, uint32_t output)
{
    const char *title =
        arena_printf(x->a, "%s: %s alone equals in a batch", x->p->id, x->e.output[output].name);
    if (!testgen_wanted(x, title)) return;
    int done = 0;
    bool same = true;
    for (int k = 0; k + 1 < x->o->tries && k < 6; k++) {
        action_values v;
        int64_t n[2], m[2];
        mtx_problem problem;
        if (!testgen_load(x, false, k + 1)) continue;
        for (uint32_t s = 0; s < x->p->slots.n; s++) mtx_structure_copy(&x->moved[s], &x->before[s]);
        if (!testgen_load(x, false, k) ||
            !testgen_evaluate(x, x->before, x->before, output, &v, n, &problem)) {
            continue;
        }
        double *alone = malloc(sizeof(double) * (size_t)(n[0] + 1));
        for (int64_t j = 0; alone && j < n[0]; j++) alone[j] = v.before[j];
        if (alone && testgen_evaluate(x, x->moved, x->before, output, &v, m, &problem)) {
            for (int64_t j = 0; j < m[1] && same; j++) {
                same = m[1] == n[0] && (fabs(alone[j] - v.after[j]) <= 1e-12 * (1 + fabs(alone[j])) ||
                                        alone[j] == v.after[j] || alone[j] != alone[j]);
            }
            done++;
        }
        free(alone);
    }
    testgen_add(x, same, done == 0, title, arena_printf(x->a, "%d pairs of structures", done), NULL);
}

/* ---- threads ------------------------------------------------------------------------------------------- */

enum { THREADS = 4, RUNS = 25, AT_ONCE = 8 };

typedef struct worker {
    const engine *e;
    char *scratch;
    void **out; /* by output, of this thread */
    bool same;
    pthread_t id;
} worker;

static size_t output_bytes(const engine *e, uint32_t o)
{
    size_t n = 0;
    for (int64_t f = 0; f < e->view->nb; f++) n += (size_t)testgen_numbers(e, o, f);
    return n * (e->output[o].real ? sizeof(double) : sizeof(int32_t));
}

static void *work(void *user)
{
    worker *w = user;
    for (int k = 0; k < RUNS; k++) {
        w->e->code.main(w->e->view, w->out, w->scratch, 0, w->e->view->nb);
        for (uint32_t o = 0; o < w->e->n_outputs; o++)
            w->same &= !memcmp(w->out[o], w->e->output[o].data, output_bytes(w->e, o));
    }
    return NULL;
}

static bool worker_new(const engine *e, worker *w)
{
    size_t scratch = kernel_scratch_bytes(e->loops->main, e->view, 0, e->view->nb);
    *w = (worker){.e = e, .same = true, .out = calloc(e->n_outputs + 1, sizeof(void *))};
    w->scratch = scratch < SIZE_MAX / 2 ? aligned_alloc(64, (scratch + 127) / 64 * 64) : NULL;
    bool good = w->out && w->scratch;
    for (uint32_t o = 0; o < e->n_outputs && w->out; o++)
        good &= (w->out[o] = aligned_alloc(64, (output_bytes(e, o) + 127) / 64 * 64)) != NULL;
    return good;
}

static void worker_free(worker *w)
{
    for (uint32_t o = 0; w->out && o < w->e->n_outputs; o++) free(w->out[o]);
    free(w->out);
    free(w->scratch);
}

/* the last batch by several threads at once; false: not everywhere the same numbers. `ran`: how many threads */
static bool run_threads(const engine *e, int *ran)
{
    worker w[THREADS] = {{.e = NULL}};
    bool same = true;
    int made = 0;
    *ran = 0;
    while (made < THREADS && worker_new(e, &w[made++]) && !pthread_create(&w[*ran].id, NULL, work, &w[*ran]))
        ++*ran;
    for (int k = 0; k < *ran; k++) {
        pthread_join(w[k].id, NULL);
        same &= w[k].same;
    }
    for (int k = 0; k < made; k++) worker_free(&w[k]);
    return same;
}

void testgen_threads(tester *x)
{
    const char *title = arena_printf(x->a, "%s: compiled code on threads at once (vc-thread-safe)", x->p->id);
    mtx_structure *frames = NULL;
    int ran = 0;
    if (!testgen_wanted(x, title)) return;
    if (testgen_load(x, false, SAMPLE_LARGER)) frames = testgen_copies(&x->before[0], AT_ONCE);
    bool same = !frames || !testgen_apply(x, &x->e, 0, frames, AT_ONCE) || run_threads(&x->e, &ran);
    testgen_copies_free(frames, AT_ONCE);
    testgen_add(x, same, !ran, title,
                ran ? arena_printf(x->a, "%d threads, bit by bit", ran) : "no thread to be had",
                same ? NULL : testgen_replay(x, title));
}

void testgen_code(tester *x, uint32_t output)
{
    check_interpreter(x, output);
    check_batch(x, output);
}
