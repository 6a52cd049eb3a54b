/* SPDX-License-Identifier: Apache-2.0
 *
 * Random programs through the lowering and both back ends, against the interpreter; many kernels per
 * compilation. MTX_RANDOM_FIRST and MTX_RANDOM_COUNT choose others, MTX_DUMP prints the program and its loops
 * when one fails.
 */
#include "check.h"
#include "gen_program.c"
#include "rewrite.h"

#include <sys/stat.h>
#include <unistd.h>

#ifndef RANDOM_FIRST /* the full tier includes this file with more                         */
#define RANDOM_FIRST 1
#define RANDOM_C     500
#define RANDOM_LLVM  120
#endif

#ifndef RANDOM_PROGRAM /* tests/ad has others                                                  */
#define RANDOM_PROGRAM random_program
#define RANDOM_MAIN    main
#endif

enum { TOGETHER = 60, FRAMES = 4, ATOMS_MOST = 6 };

static jmp_buf landing;

/* a C compiler that does not optimise much: most of the time would go there */
static char quick_cc[] = "/tmp/mtx-cc-XXXXXX";

static bool make_quick_cc(void)
{
    static const char script[] = "#!/bin/sh\nexec cc \"$@\" -O0\n";
    int file = mkstemp(quick_cc);
    bool good =
        file >= 0 && write(file, script, sizeof script - 1) == sizeof script - 1 && fchmod(file, 0700) == 0;
    if (file >= 0) close(file);
    return good;
}

typedef struct made {
    arena memory;
    program *p;
    module *m;
    uint32_t first;
} made;

static bool make(made *x, uint64_t seed)
{
    arena_init(&x->memory, &landing);
    diag_sink sink;
    diag_sink_init(&sink, &x->memory);
    x->p = RANDOM_PROGRAM(&x->memory, seed);
    text problem;
    text_init(&problem);
    bool good = program_verify(x->p, &problem);
    x->m = good ? lower_program(&x->memory, x->p, &sink) : NULL;
    if (good && x->m) good = kernel_verify(x->m->main, &problem);
    if (!x->m) diag_print_text(&sink, &problem, false, 3);
    if (!good || !x->m) print_error("seed %d: %s\n", (int)seed, problem.s ? problem.s : "not lowered");
    text_free(&problem);
    return good && x->m;
}

static void dump(const made *x)
{
    text words;
    text_init(&words);
    program_dump(x->p, &words);
    text_add(&words, "---- rewritten\n");
    program_dump(rewrite_program((arena *)&x->memory, x->p)->p, &words);
    kernel_dump(x->m->main, &words);
    fputs(words.s, stderr);
    text_free(&words);
}

/* the computed cutoffs of a batch, by stage kernels and by the interpreter */
static bool stages_agree(const made *x, kernel_fn const *fn, const mtx_view *view)
{
    interp *in = interp_new(x->p);
    double want[FRAMES], got[FRAMES];
    bool good = true;
    for (set_id s = 0; s < x->p->sets.n; s++) {
        uint32_t stage = x->m->stage_of[s];
        if (stage == SETIR_NONE) continue;
        void *out[1] = {got};
        size_t bytes = kernel_scratch_bytes(x->m->stages.at[stage], view, 0, view->nb);
        char *scratch = aligned_alloc(64, (bytes + 127) / 64 * 64);
        fn[stage](view, out, scratch, 0, view->nb);
        free(scratch);
        good &= interp_stage(in, (int32_t)s, view, want) == 0;
        for (int64_t f = 0; f < view->nb; f++) good &= near(got[f], want[f], fabs(want[f]));
    }
    interp_free(in);
    if (!good) print_error("cutoffs differ\n");
    return good;
}

static int run_some(uint64_t seed, uint32_t n, backend_kind backend)
{
    made *x = calloc(n, sizeof *x);
    VEC(const kernel *) kernels = {0};
    arena memory;
    arena_init(&memory, &landing);
    int wrong = 0;
    for (uint32_t k = 0; k < n; k++) {
        wrong += !make(&x[k], seed + k);
        x[k].first = kernels.n;
        for (uint32_t s = 0; x[k].m && s < x[k].m->stages.n; s++)
            vec_push(&memory, &kernels, x[k].m->stages.at[s]);
        if (x[k].m) vec_push(&memory, &kernels, x[k].m->main);
    }
    jit_code code;
    text problem;
    text_init(&problem);
    if (!wrong && jit_kernels(kernels.at, kernels.n, &(jit_options){.backend = backend, .cc = quick_cc},
                              &code, &problem) == MTX_OK) {
        for (uint32_t k = 0; k < n; k++) {
            sample s;
            bool good = sample_make(&s, x[k].p, seed + k, FRAMES, ATOMS_MOST) &&
                        stages_agree(&x[k], code.kernel + x[k].first, mtx_batch_view(s.batch)) &&
                        kernel_agrees(x[k].p, x[k].m, code.kernel[x[k].first + x[k].m->stages.n], &s);
            if (!good) {
                print_error("seed %d\n", (int)(seed + k));
                if (getenv("MTX_DUMP")) dump(&x[k]);
                wrong++;
            }
            sample_free(&s);
        }
        jit_free(&code);
    } else {
        print_error("%s\n", problem.s ? problem.s : "");
        wrong++;
    }
    text_free(&problem);
    for (uint32_t k = 0; k < n; k++) arena_free(&x[k].memory);
    arena_free(&memory);
    free(x);
    return wrong;
}

static long setting(const char *id, long otherwise)
{
    const char *s = getenv(id);
    return s ? atol(s) : otherwise;
}

static void random_programs_agree(void **state)
{
    backend_kind backend = (backend_kind)(intptr_t)*state;
    if (backend == BACKEND_LLVM) {
        text problem;
        text_init(&problem);
        bool there = backend_llvm(&problem) != NULL;
        text_free(&problem);
        if (!there) skip();
    }
    long first = setting("MTX_RANDOM_FIRST", RANDOM_FIRST), wrong = 0;
    long count = setting("MTX_RANDOM_COUNT", backend == BACKEND_C ? RANDOM_C : RANDOM_LLVM);
    for (long k = 0; k < count; k += TOGETHER)
        wrong +=
            run_some((uint64_t)(first + k), (uint32_t)(count - k < TOGETHER ? count - k : TOGETHER), backend);
    assert_int_equal(wrong, 0);
}

int RANDOM_MAIN(void)
{
    if (setjmp(landing)) {
        print_error("memory exhausted\n");
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(random_programs_agree, (void *)(intptr_t)BACKEND_C),
        cmocka_unit_test_prestate(random_programs_agree, (void *)(intptr_t)BACKEND_LLVM),
    };
    if (!make_quick_cc()) return 1;
    int wrong = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(quick_cc);
    return wrong;
}
