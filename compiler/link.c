/* SPDX-License-Identifier: Apache-2.0
 *
 * link.c: `mtx build`. In: a lowered transform and a folder. Out: files, made in a temporary folder inside it
 * and renamed when all are complete. The texts come from abi_*.c and emit_c.c, object code from the LLVM
 * module or, without it, from the C compiler run once per processor level; the C compiler also links. Not
 * here: deciding what is printed to whom.
 */
#include "link.h"

#include "abi.h"
#include "emit_c.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct linker {
    const link_request *r;
    arena *a;
    abi x;
    const llvm_backend *llvm;           /* NULL: C alone */
    const char *cc, *include, *runtime; /* runtime: libmtxrt.a, or NULL */
    const char *folder;                 /* temporary */
    int level[3], n_level;
    VEC(const char *) done; /* finished files of the folder */
    text *problem;
} linker;

static const char *in_folder(const linker *l, const char *suffix)
{
    return arena_printf(l->a, "%s/%s%s", l->folder, l->x.prefix, suffix);
}

/* ---- what the machine has ------------------------------------------------------------------------------ */

static bool have_file(const char *path)
{
    return access(path, R_OK) == 0;
}

/* beside the program in a build tree, beside its folder when installed, then where the compiler itself
 * looks */
static const char *find_beside(linker *l, const char *const *places, size_t n, const char *file)
{
    char self[4096];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    while (length > 0 && self[length - 1] != '/') length--;
    for (size_t k = 0; length > 0 && k < n; k++) {
        const char *path = arena_printf(l->a, "%.*s%s", (int)length, self, places[k]);
        if (have_file(arena_printf(l->a, "%s/%s", path, file))) return path;
    }
    return NULL;
}

static bool find_tools(linker *l)
{
    static const char *const headers[] = {"include", "../include", "../../include", "../../../include"};
    static const char *const libraries[] = {".", "../lib", "../lib64", "../lib/x86_64-linux-gnu", ".."};
    const char *cc = getenv("CC");
    l->cc = l->r->cc ? l->r->cc : cc && *cc ? cc : "cc";
    l->include = l->r->include ? l->r->include
                               : find_beside(l, headers, sizeof headers / sizeof *headers, "mtx/mtxrt.h");
    const char *lib = find_beside(l, libraries, sizeof libraries / sizeof *libraries, "libmtxrt.a");
    l->runtime = lib ? arena_printf(l->a, "%s/libmtxrt.a", lib) : NULL;
    if (!(l->r->files & (LINK_OBJECT | LINK_LIBRARY))) return true;
    const char *argv[] = {l->cc, "--version", NULL};
    text why;
    text_init(&why);
    mtx_status status = cc_run(argv, &why);
    text_free(&why);
    if (status != MTX_OK)
        text_printf(l->problem,
                    "no C compiler: `%s` cannot be run; install one (gcc or clang) or name it in CC", l->cc);
    return status == MTX_OK;
}

static bool find_backend(linker *l)
{
    bool needed = l->r->backend == BACKEND_LLVM || (l->r->files & (LINK_LL | LINK_ASM));
    text why;
    text_init(&why);
    if (l->r->backend != BACKEND_C || needed) l->llvm = backend_llvm(&why);
    if (!l->llvm && needed) text_printf(l->problem, "%s", why.s ? why.s : "no LLVM back end");
    text_free(&why);
#if defined(__x86_64__)
    static const int levels[3] = {4, 3, 1}; /* best first: the order that they are tried in */
    memcpy(l->level, levels, sizeof levels);
    l->n_level = 3;
#else
    l->level[0] = 0;
    l->n_level = 1;
#endif
    return l->llvm || !needed;
}

/* ---- writing ------------------------------------------------------------------------------------------- */

static mtx_status system_problem(linker *l, const char *path)
{
    text_printf(l->problem, "%s: %s", path, strerror(errno));
    return MTX_EIO;
}

static mtx_status write_text(linker *l, const char *path, const text *t)
{
    if (t->failed) return MTX_ENOMEM;
    FILE *file = fopen(path, "w");
    if (!file) return system_problem(l, path);
    bool written = fwrite(t->s, 1, t->n, file) == t->n;
    if (fclose(file) != 0 || !written) return system_problem(l, path);
    return MTX_OK;
}

/* the stages, then the entries */
static void kernel_list(linker *l, const kernel ***k, const char ***symbol, uint32_t *n)
{
    const module *m = l->x.t->loops;
    uint32_t stages = m->stages.n;
    *n = stages + l->x.entries.n;
    *k = arena_array(l->a, const kernel *, *n);
    *symbol = arena_array(l->a, const char *, *n);
    for (uint32_t i = 0; i < *n; i++) {
        (*k)[i] = i < stages ? m->stages.at[i] : l->x.entries.at[i - stages].k;
        (*symbol)[i] = i < stages ? arena_printf(l->a, "%s_stage_%u", l->x.prefix, i) : l->x.entries.at[i - stages].symbol;
    }
}

static void put_kernels(linker *l, text *out)
{
    const kernel **k;
    const char **symbol;
    uint32_t n;
    kernel_list(l, &k, &symbol, &n);
    emit_c(k, symbol, n, l->x.t->p->id, out);
}

static mtx_status write_llvm(linker *l, object_kind kind, const char *path)
{
    const kernel **k;
    const char **symbol;
    uint32_t n;
    kernel_list(l, &k, &symbol, &n);
    return l->llvm->write(k, symbol, n, l->level, (uint32_t)l->n_level, kind, path, l->problem);
}

static mtx_status compile_c(linker *l, const char *source_path, const char *object, int level,
                            const char *define)
{
    const char *argv[CC_FLAGS_MOST + 12] = {l->cc};
    int n = 1 + cc_flags(level, argv + 1);
    argv[n++] = "-fvisibility=hidden";
    argv[n++] = "-w";
    if (define) argv[n++] = define;
    if (l->include) argv[n++] = arena_printf(l->a, "-I%s", l->include);
    argv[n++] = arena_printf(l->a, "-I%s", l->folder);
    argv[n++] = "-c";
    argv[n++] = "-o";
    argv[n++] = object;
    argv[n++] = source_path;
    argv[n] = NULL;
    return cc_run(argv, l->problem);
}

/* the kernels as object files; *n of them */
static mtx_status make_kernels(linker *l, const char **object, int *n)
{
    *n = 0;
    if (l->llvm && l->r->backend != BACKEND_C) {
        object[(*n)++] = in_folder(l, "-kernels.o");
        return write_llvm(l, OBJECT_OBJ, object[0]);
    }
    const char *source_path = in_folder(l, "-kernels.c");
    text t;
    text_init(&t);
    put_kernels(l, &t);
    mtx_status status = write_text(l, source_path, &t);
    text_free(&t);
    for (int v = 0; v < l->n_level && status == MTX_OK; v++) {
        const char *define = arena_printf(l->a, "-DMTX_KERNEL(symbol)=symbol##_v%d", l->level[v]);
        object[*n] = arena_printf(l->a, "%s/kernels-v%d.o", l->folder, l->level[v]);
        status = compile_c(l, source_path, object[(*n)++], l->level[v], define);
    }
    return status;
}

static mtx_status make_wrapper(linker *l, const char *object)
{
    const char *source_path = in_folder(l, "-library.c");
    text t;
    text_init(&t);
    abi_source(&l->x, l->level, l->n_level, &t);
    mtx_status status = write_text(l, source_path, &t);
    text_free(&t);
    return status == MTX_OK ? compile_c(l, source_path, object, 0, NULL) : status;
}

static bool calls_runtime(const lblock *b)
{
    bool calls = false;
    for (uint32_t i = 0; i < b->stmt.n && !calls; i++) {
        const lstmt *s = b->stmt.at[i];
        switch (s->kind) {
        case LOOP_CALL: calls = true; break;
        case LOOP_FOR: calls = calls_runtime(&s->loop.body); break;
        case LOOP_IF: calls = calls_runtime(&s->branch.then) || calls_runtime(&s->branch.other); break;
        case LOOP_IF_WANTED: calls = calls_runtime(&s->wanted.body); break;
        case LOOP_LET:
        case LOOP_VAR:
        case LOOP_SET:
        case LOOP_STORE:
        case LOOP_COMMENT: break;
        }
    }
    return calls;
}

static bool any_calls(const abi *x)
{
    bool calls = false;
    for (uint32_t k = 0; k < x->entries.n; k++) calls = calls || calls_runtime(&x->entries.at[k].k->body);
    const module *m = x->t->loops;
    for (uint32_t k = 0; k < m->stages.n; k++) calls = calls || calls_runtime(&m->stages.at[k]->body);
    return calls;
}

/* all objects to one, or to a library that needs nothing but libm: what it calls of the runtime goes into
 * it */
static mtx_status link_objects(linker *l, const char **object, int n_object, const char *path, bool library)
{
    const char *argv[24] = {l->cc};
    int n = 1;
    argv[n++] = library ? "-shared" : "-r";
    if (!library) argv[n++] = "-nostdlib";
    if (library) argv[n++] = arena_printf(l->a, "-Wl,-soname,lib%s.so,--exclude-libs,ALL", l->x.prefix);
    argv[n++] = "-o";
    argv[n++] = path;
    for (int k = 0; k < n_object; k++) argv[n++] = object[k];
    if (library && l->runtime && any_calls(&l->x)) argv[n++] = l->runtime;
    if (library) argv[n++] = "-lm";
    argv[n] = NULL;
    return cc_run(argv, l->problem);
}

/* ---- the files ----------------------------------------------------------------------------------------- */

static void finished(linker *l, const char *path)
{
    vec_push(l->a, &l->done, path);
}

static mtx_status make_header(linker *l)
{
    const char *path = in_folder(l, ".h");
    text t;
    text_init(&t);
    abi_header(&l->x, &t);
    mtx_status status = write_text(l, path, &t);
    text_free(&t);
    if (status == MTX_OK && (l->r->files & LINK_HEADER)) finished(l, path);
    return status;
}

static mtx_status make_texts(linker *l)
{
    mtx_status status = make_header(l); /* always: the C file includes it */
    if (status == MTX_OK && (l->r->files & LINK_C)) {
        text t;
        text_init(&t);
        put_kernels(l, &t);
        status = write_text(l, in_folder(l, ".c"), &t);
        text_free(&t);
        finished(l, in_folder(l, ".c"));
    }
    if (status == MTX_OK && (l->r->files & LINK_LL)) {
        status = write_llvm(l, OBJECT_LL, in_folder(l, ".ll"));
        finished(l, in_folder(l, ".ll"));
    }
    if (status == MTX_OK && (l->r->files & LINK_ASM)) {
        status = write_llvm(l, OBJECT_ASM, in_folder(l, ".s"));
        finished(l, in_folder(l, ".s"));
    }
    return status;
}

static mtx_status make_objects(linker *l)
{
    if (!(l->r->files & (LINK_OBJECT | LINK_LIBRARY))) return MTX_OK;
    const char *object[8], *one = in_folder(l, ".o");
    const char *library = arena_printf(l->a, "%s/lib%s.so", l->folder, l->x.prefix);
    int n;
    mtx_status status = make_kernels(l, object, &n);
    if (status == MTX_OK) status = make_wrapper(l, object[n++] = in_folder(l, "-library.o"));
    if (status == MTX_OK && (l->r->files & LINK_OBJECT)) {
        status = link_objects(l, object, n, one, false);
        finished(l, one);
    }
    if (status == MTX_OK && (l->r->files & LINK_LIBRARY)) {
        status = link_objects(l, object, n, library, true);
        finished(l, library);
    }
    return status;
}

static mtx_status rename_all(linker *l, text *written)
{
    for (uint32_t k = 0; k < l->done.n; k++) /* a compiler that says yes and writes nothing */
        if (!have_file(l->done.at[k])) return system_problem(l, l->done.at[k]);
    for (uint32_t k = 0; k < l->done.n; k++) {
        const char *from = l->done.at[k],
                   *to = arena_printf(l->a, "%s/%s", l->r->directory, strrchr(from, '/') + 1);
        if (rename(from, to) != 0) return system_problem(l, to);
        text_printf(written, "%s\n", to);
    }
    return MTX_OK;
}

static bool make_folders(linker *l)
{
    if (mkdir(l->r->directory, 0777) != 0 && errno != EEXIST) {
        system_problem(l, l->r->directory);
        return false;
    }
    char *folder = arena_printf(l->a, "%s/.mtx-XXXXXX", l->r->directory);
    if (!mkdtemp(folder)) {
        system_problem(l, l->r->directory);
        return false;
    }
    l->folder = folder;
    return true;
}

static void remove_folder(const linker *l)
{
    DIR *d = l->folder ? opendir(l->folder) : NULL;
    if (!d) return;
    for (struct dirent *entry; (entry = readdir(d));)
        if (entry->d_name[0] != '.') unlinkat(dirfd(d), entry->d_name, 0);
    closedir(d);
    rmdir(l->folder);
}

static mtx_status build_all(linker *l, text *written)
{
    const link_request *r = l->r;
    text t;
    text_init(&t);
    c_identifier(r->name ? r->name : r->t->p->id, &t);
    const char *prefix = text_keep(l->a, &t);
    if (!find_backend(l) || !find_tools(l) || !abi_make(l->a, r->t, prefix, &l->x, l->problem))
        return MTX_EUNSUPPORTED;
    if (!make_folders(l)) return MTX_EIO;
    mtx_status status = make_texts(l);
    if (status == MTX_OK) status = make_objects(l);
    return status == MTX_OK ? rename_all(l, written) : status;
}

mtx_status link_build(arena *a, const link_request *r, text *written, text *problem)
{
    linker l = {.r = r, .a = a, .problem = problem};
    jmp_buf here, *outer = a->guard;
    a->guard = &here;
    mtx_status status = setjmp(here) ? MTX_ENOMEM : build_all(&l, written);
    a->guard = outer;
    if (status == MTX_ENOMEM) text_add(problem, "memory exhausted");
    remove_folder(&l);
    return status;
}
