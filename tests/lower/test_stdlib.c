/* SPDX-License-Identifier: Apache-2.0
 *
 * Every transform of the standard library and of the examples, compiled by both back ends and compared with
 * the interpreter on small random structures (elements outside a transform's own list included), derivatives
 * expanded.
 */
#include "ad.h"
#include "check.h"
#include "driver.h"
#include "stdlib_files.h"

#include <glob.h>

enum { FRAMES = 4, ATOMS_MOST = 4 };

#ifndef C_EVERY /* the C compiler takes its time: every so many files, all in the full tier */
#define C_EVERY 5
#endif

static jmp_buf landing;

static bool transform_agrees(arena *a, diag_sink *sink, const program *p, backend_kind backend)
{
    module *m = lower_program(a, p, sink);
    jit_code code;
    text problem;
    text_init(&problem);
    bool good = m && kernel_verify(m->main, &problem) &&
                jit_compile(m, &(jit_options){.backend = backend}, &code, &problem) == MTX_OK;
    if (good) {
        sample s;
        good = sample_make(&s, p, 11, FRAMES, ATOMS_MOST) && kernel_agrees(p, m, code.main, &s);
        sample_free(&s);
        jit_free(&code);
    }
    if (problem.n) print_error("%s\n", problem.s);
    text_free(&problem);
    return good;
}

static int file_disagrees(const char *path, const char *words_of_file, size_t length, backend_kind backend)
{
    arena a;
    intern names;
    diag_sink sink;
    arena_init(&a, &landing);
    intern_init(&names, &a);
    diag_sink_init(&sink, &a);
    source *src = source_new(&a, path, words_of_file, length);
    spec_module *trees = module_load(&a, &names, &sink, src, driver_read_file, NULL);
    infer_result *r = infer_module(&a, &names, &sink, trees);
    int wrong = sink.errors > 0;
    for (uint32_t k = 0; k < r->programs.n; k++) {
        const program *p = ad_expand(&a, r->programs.at[k], &sink);
        bool good = p && transform_agrees(&a, &sink, p, backend);
        if (!good) print_error("%s: %s\n", path, r->programs.at[k]->id);
        wrong += !good;
    }
    text words;
    text_init(&words);
    diag_print_text(&sink, &words, false, 5);
    if (wrong && words.n) print_error("%s", words.s);
    text_free(&words);
    arena_free(&a);
    return wrong;
}

static bool have_llvm(void)
{
    text problem;
    text_init(&problem);
    bool there = backend_llvm(&problem) != NULL;
    text_free(&problem);
    return there;
}

static void library_agrees(void **state)
{
    backend_kind backend = (backend_kind)(intptr_t)*state;
    if (backend == BACKEND_LLVM && !have_llvm()) skip();
    int wrong = 0, files = 0;
    const char *only = getenv("MTX_ONLY");
    for (size_t k = 0; k < stdlib_file_count; k++) {
        if (!strstr(stdlib_files[k].path, ".mtx")) continue; /* tables that they read */
        if (!strchr(stdlib_files[k].path, '/') || (only && !strstr(stdlib_files[k].path, only))) continue;
        if (files++ % C_EVERY && backend == BACKEND_C && !only) continue;
        wrong += file_disagrees(stdlib_files[k].path, stdlib_files[k].text, stdlib_files[k].length, backend);
    }
    assert_int_equal(wrong, 0);
    assert_true(files > 0);
}

static void examples_agree(void **state)
{
    backend_kind backend = (backend_kind)(intptr_t)*state;
    if (backend == BACKEND_LLVM && !have_llvm()) skip();
    char pattern[4000];
    snprintf(pattern, sizeof pattern, "%s/examples/*.mtx", getenv("MTX_ROOT") ? getenv("MTX_ROOT") : ".");
    glob_t found;
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    int wrong = 0;
    for (size_t k = 0; k < found.gl_pathc; k++) {
        size_t n;
        char *words = driver_read_file(NULL, found.gl_pathv[k], &n);
        assert_non_null(words);
        wrong += file_disagrees(found.gl_pathv[k], words, n, backend);
        free(words);
    }
    globfree(&found);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    if (setjmp(landing)) {
        print_error("memory exhausted\n");
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(library_agrees, (void *)(intptr_t)BACKEND_C),
        cmocka_unit_test_prestate(library_agrees, (void *)(intptr_t)BACKEND_LLVM),
        cmocka_unit_test_prestate(examples_agree, (void *)(intptr_t)BACKEND_C),
        cmocka_unit_test_prestate(examples_agree, (void *)(intptr_t)BACKEND_LLVM),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
