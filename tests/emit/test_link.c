/* SPDX-License-Identifier: Apache-2.0
 *
 * test_link.c: a spec built to a library by both back ends; C11 and C++17 programs that call it, by the easy
 * and by the plain way, print what the spec's formulas give; a stale header does not link; failures are told
 * and leave no file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "link.h"

#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char spec[] = "structure Molecule {\n"
                           "  set   atom\n"
                           "  field r : atom -> point [Å]\n"
                           "  field Z : atom -> species\n"
                           "  set   bond = pairs(atom) within 4 Å\n"
                           "}\n"
                           "transform probe {\n"
                           "  takes m : Molecule\n"
                           "  let   C[i in m.atom, j in m.atom] =\n"
                           "          if i == j then 0.5 * protons(m.Z[i])^2.4\n"
                           "          else protons(m.Z[i]) * protons(m.Z[j]) * 1 Å / norm(m.r[i] - m.r[j])\n"
                           "  gives x : rank(4) -> scalar = pad(eigvals(C), 4)\n"
                           "  gives g[i in m.atom] : scalar = sum b in m.bond(i): exp(-norm(b.d) / 1 Å)\n"
                           "  respects permute, translate, rotate, reflect\n"
                           "}\n";

/* water: trace of C, the two radial sums of H */
static const char caller[] =
    "#include \"probe.h\"\n"
    "#include <stdio.h>\n"
    "#include <stdlib.h>\n"
    "#include <string.h>\n"
    "int main(void)\n"
    "{\n"
    "    mtx_structure s;\n"
    "    mtx_structure_init(&s);\n"
    "    if (mtx_structure_reserve(&s, 3)) return 1;\n"
    "    const double r[3][3] = {{0, 0, 0}, {0.9572, 0, 0}, {-0.239987, 0.926627, 0}};\n"
    "    s.n = 3;\n"
    "    memcpy(s.r, r, sizeof r);\n"
    "    s.Z[0] = 8, s.Z[1] = 1, s.Z[2] = 1;\n"
    "    const mtx_structure *frames[2] = {&s, &s};\n"
    "    mtx_problem problem;\n"
    "    mtx_batch *batch = mtx_batch_new();\n"
    "    if (mtx_prepare(&probe_program, frames, 2, probe_stage, NULL, batch, &problem)) { "
    "puts(problem.message); return 2; }\n"
    "    const mtx_view *view = mtx_batch_view(batch);\n"
    "    probe_counts count;\n"
    "    size_t bytes;\n"
    "    if (probe_count(view, &count) || count.x != 8 || count.g != 6 || probe_scratch(view, &bytes)) "
    "return 3;\n"
    "    double x[8], g[6];\n"
    "    memset(x, 0, sizeof x);\n"
    "    void *scratch = aligned_alloc(64, (bytes + 127) / 64 * 64);\n"
    "    probe_out out;\n"
    "    out.x = x, out.g = g;\n"
    "    if (bytes && probe_compute(view, &out, scratch, bytes - 1) != MTX_EINVAL) return 4;\n"
    "    if (bytes && probe_compute(view, &out, NULL, bytes) != MTX_EINVAL) return 10;\n"
    "    if (probe_compute(view, &out, scratch, bytes)) return 5;\n"
    "    for (int k = 0; k < 4; k++) printf(\"%.12g \", x[4 + k]);\n"
    "    for (int k = 0; k < 3; k++) printf(\"%.12g \", g[3 + k]);\n"
    "    int32_t bond = 0;\n"
    "    while (strcmp(probe_program.sets[bond].name, \"bond\")) bond++;\n"
    "    const mtx_set_view *a = &view->set[0], *b = &view->set[bond];\n"
    "    probe_shape shape;\n"
    "    probe_in in;\n"
    "    double again[6];\n"
    "    size_t plain;\n"
    "    shape.size = sizeof shape, shape.frames = view->nb;\n"
    "    shape.n_atom = a->n, shape.max_row_atom = 0, shape.max_frame_atom = a->max_frame;\n"
    "    shape.n_bond = b->n, shape.max_row_bond = b->max_row, shape.max_frame_bond = b->max_frame;\n"
    "    in.size = sizeof in, in.atom_ptr = a->ptr, in.bond_row = b->row, in.bond_dist = b->dist;\n"
    "    in.in_r = (const double *)view->input[0], in.in_Z = (const int32_t *)view->input[1];\n"
    "    probe_out some;\n"
    "    some.x = NULL, some.g = again;\n"
    "    if (probe_plan(&shape, &plain) || plain != bytes || probe_run(&shape, &in, &some, scratch, bytes)) "
    "return 7;\n"
    "    if (memcmp(again, g, sizeof g)) return 8;\n"
    "    in.size--;\n"
    "    if (probe_run(&shape, &in, &some, scratch, bytes) != MTX_EINVAL) return 9;\n"
    "    out.x = NULL;\n"
    "    if (probe_compute(view, &out, scratch, bytes)) return 6;\n"
    "    printf(\"%d\\n\", probe_meta[0] == '{');\n"
    "    free(scratch);\n"
    "    mtx_batch_free(batch);\n"
    "    mtx_structure_free(&s);\n"
    "    return 0;\n"
    "}\n";

static char folder[200];
static char tools[4096]; /* flags to compile and link a caller */

static void put_file(const char *file, const char *words)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", folder, file);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(words, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static char *run(const char *command)
{
    static char out[2000];
    FILE *p = popen(command, "r");
    assert_non_null(p);
    size_t n = fread(out, 1, sizeof out - 1, p);
    out[n] = '\0';
    if (pclose(p) != 0) return NULL;
    return out;
}

static void compile_spec(compilation *c, const char *words)
{
    assert_int_equal(driver_run(c, "probe.mtx", words, strlen(words), STAGE_LOWER, false), MTX_OK);
    if (c->sink.errors) {
        text t;
        text_init(&t);
        diag_print_text(&c->sink, &t, false, 20);
        fail_msg("%s", t.s);
    }
}

static mtx_status build(const char *words, backend_kind backend, unsigned files, const char *cc,
                        text *problem)
{
    compilation c;
    compile_spec(&c, words);
    char include[300];
    snprintf(include, sizeof include, "%s/include", getenv("MTX_ROOT") ? getenv("MTX_ROOT") : ".");
    link_request r = {.t = driver_find(&c, NULL),
                      .directory = folder,
                      .files = files,
                      .backend = backend,
                      .cc = cc,
                      .include = include};
    text written;
    text_init(&written);
    jmp_buf guard;
    mtx_status status = MTX_ENOMEM;
    c.memory.guard = &guard;
    if (!setjmp(guard)) status = link_build(&c.memory, &r, &written, problem);
    text_free(&written);
    driver_free(&c);
    return status;
}

static void build_and_call(backend_kind backend)
{
    text problem;
    text_init(&problem);
    mtx_status status =
        build(spec, backend, LINK_HEADER | LINK_LIBRARY | LINK_C | LINK_OBJECT, NULL, &problem);
    if (status != MTX_OK) fail_msg("%s", problem.s ? problem.s : mtx_strerror(status));
    text_free(&problem);
    put_file("caller.c", caller);
    put_file("caller.cc", caller);
    /* eigenvalues of [[73.5167, 8.3577, 8.3577], [., .5, .6605], [., ., .5]]: trace 74.5167, and exp sums */
    static const char *const how[] = {"cc -std=gnu11 caller.c", "c++ -std=c++17 caller.cc"};
    for (int k = 0; k < 2; k++) {
        char command[6000];
        snprintf(command, sizeof command,
                 "cd '%s' && %s -Wall -Wextra -Wpedantic -Werror -o caller -L. -lprobe -Wl,-rpath,. %s 2>&1 "
                 "&& ./caller",
                 folder, how[k], tools);
        char *out = run(command);
        if (!out) fail_msg("%s", how[k]);
        double x[4], g[3];
        int meta;
        assert_int_equal(
            sscanf(out, "%lf %lf %lf %lf %lf %lf %lf %d", x, x + 1, x + 2, x + 3, g, g + 1, g + 2, &meta), 8);
        assert_int_equal(meta, 1);
        double oh = 0.9572, oh2 = hypot(0.239987, 0.926627), hh = hypot(0.9572 + 0.239987, 0.926627);
        assert_true(fabs(x[0] + x[1] + x[2] - (0.5 * pow(8, 2.4) + 1)) < 1e-9 && x[0] < x[1] && x[1] < x[2] &&
                    x[3] == 0);
        double squares =
            pow(0.5 * pow(8, 2.4), 2) + 0.5 + 2 * (64 / (oh * oh) + 64 / (oh2 * oh2) + 1 / (hh * hh));
        assert_true(fabs(x[0] * x[0] + x[1] * x[1] + x[2] * x[2] - squares) < 1e-8 * squares);
        assert_true(fabs(g[0] - exp(-oh) - exp(-oh2)) < 1e-11 && fabs(g[1] - exp(-oh) - exp(-hh)) < 1e-11);
    }
}

static void c_library(void **state)
{
    (void)state;
    build_and_call(BACKEND_C);
}

static void llvm_library(void **state)
{
    (void)state;
    text problem;
    text_init(&problem);
    bool have = backend_llvm(&problem) != NULL;
    text_free(&problem);
    if (!have) skip();
    build_and_call(BACKEND_LLVM);
}

/* by name, without the header */
static void loaded_library(void **state)
{
    (void)state;
    text problem;
    text_init(&problem);
    assert_int_equal(build(spec, BACKEND_C, LINK_LIBRARY, NULL, &problem), MTX_OK);
    char path[300];
    snprintf(path, sizeof path, "%s/libprobe.so", folder);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    assert_non_null(library);
    const char *meta = dlsym(library, "probe_meta");
    assert_non_null(meta);
    assert_non_null(strstr(meta, "\"transform\": \"probe\""));
    assert_non_null(dlsym(library, "probe_run"));
    assert_non_null(dlsym(library, "probe_program"));
    assert_null(dlsym(library, "probe_kernel_v1")); /* clones are nobody's business                     */
    dlclose(library);
    text_free(&problem);
}

/* the header of one build, the library of another */
static void stale_header(void **state)
{
    (void)state;
    text problem;
    text_init(&problem);
    char *other = strdup(spec), command[6000];
    *strstr(other, "4 Å") = '5';
    assert_int_equal(build(spec, BACKEND_C, LINK_HEADER, NULL, &problem), MTX_OK);
    assert_int_equal(build(other, BACKEND_C, LINK_LIBRARY, NULL, &problem), MTX_OK);
    put_file("caller.c", caller);
    snprintf(command, sizeof command, "cd '%s' && cc -std=gnu11 caller.c -o stale -L. -lprobe %s 2>/dev/null",
             folder, tools);
    assert_null(run(command));
    free(other);
    text_free(&problem);
}

static void failures(void **state)
{
    (void)state;
    text problem;
    text_init(&problem);
    char command[300];
    snprintf(command, sizeof command, "rm -f '%s'/*", folder);
    assert_non_null(run(command));
    assert_int_equal(build(spec, BACKEND_C, LINK_LIBRARY, "no-such-compiler", &problem), MTX_EUNSUPPORTED);
    assert_non_null(strstr(problem.s, "no-such-compiler"));
    problem.n = 0;
    assert_int_equal(build(spec, BACKEND_C, LINK_LIBRARY | LINK_HEADER, "echo", &problem), MTX_EIO);
    snprintf(command, sizeof command, "ls -A '%s'", folder);
    assert_string_equal(run(command), ""); /* neither files nor the temporary folder */
    text_free(&problem);
}

static int open_folder(void **state)
{
    (void)state;
    const char *base = getenv("TMPDIR"), *root = getenv("MTX_ROOT"), *made = getenv("MTX_BUILD"),
               *sanitize = getenv("MTX_SANITIZE"); /* a sanitized runtime wants callers that are, too */
    snprintf(folder, sizeof folder, "%s/mtx-link-XXXXXX", base ? base : "/tmp");
    sanitize = sanitize ? sanitize : "";
    snprintf(tools, sizeof tools, "%s%s -I'%s/include' -L'%s' -lmtxrt -lm -ldl -lz -llzma -Wl,-rpath,'%s'",
             *sanitize ? "-fsanitize=" : "", sanitize, root ? root : ".", made ? made : ".", made ? made : ".");
    return mkdtemp(folder) ? 0 : 1;
}

static int close_folder(void **state)
{
    (void)state;
    char command[300];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return run(command) ? 0 : 1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(c_library), cmocka_unit_test(llvm_library),
                                       cmocka_unit_test(loaded_library), cmocka_unit_test(stale_header),
                                       cmocka_unit_test(failures)};
    return cmocka_run_group_tests(tests, open_folder, close_folder);
}
