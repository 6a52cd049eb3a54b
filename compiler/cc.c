/* SPDX-License-Identifier: Apache-2.0
 *
 * cc.c: kernels through the C compiler of the machine. In: kernels. Out: functions from a shared object that
 * was made in a temporary folder and is gone again from the disk when they can be called. Also runs the
 * compiler for link.c.
 */
#include "backend.h"
#include "emit_c.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

int cc_flags(int level, const char *flags[CC_FLAGS_MOST])
{
    int n = 0;
    flags[n++] = "-std=c99";
    flags[n++] = "-O3";
    flags[n++] = "-fPIC";
    flags[n++] = "-fno-math-errno";    /* nobody reads errno of exp; without it loops do not vectorise */
    flags[n++] = "-fno-trapping-math"; /* nobody reads the flags: lets conditions become selects */
    flags[n++] = "-ffp-contract=fast";
    flags[n++] = "-fopenmp-simd";
    if (level == 3) flags[n++] = "-march=x86-64-v3";
    if (level == 4) {
        flags[n++] = "-march=x86-64-v4";
        flags[n++] = "-mprefer-vector-width=512";
    }
    return n;
}

/* ---- running a program --------------------------------------------------------------------------------- */

static void read_messages(int fd, text *problem)
{
    char part[512];
    size_t most = 4000; /* the first errors say it */
    lseek(fd, 0, SEEK_SET);
    for (ssize_t n; most && (n = read(fd, part, sizeof part)) > 0;) {
        size_t keep = (size_t)n < most ? (size_t)n : most;
        text_addn(problem, part, keep);
        most -= keep;
    }
}

static mtx_status wait_for(pid_t child, const char *command, int messages, text *problem)
{
    int state = 0;
    while (waitpid(child, &state, 0) < 0)
        if (errno != EINTR) {
            text_printf(problem, "waiting for %s: %s", command, strerror(errno));
            return MTX_EIO;
        }
    if (WIFEXITED(state) && WEXITSTATUS(state) == 0) return MTX_OK;
    if (WIFEXITED(state) && WEXITSTATUS(state) == 127) { /* where posix_spawn itself cannot tell */
        text_printf(problem, "%s cannot be run", command);
        return MTX_EUNSUPPORTED;
    }
    text_printf(problem, "%s failed:\n", command);
    read_messages(messages, problem);
    return MTX_EIO;
}

mtx_status cc_run(const char *const *argv, text *problem)
{
    FILE *messages = tmpfile();
    if (!messages) {
        text_printf(problem, "no temporary file: %s", strerror(errno));
        return MTX_EIO;
    }
    int fd = fileno(messages);
    posix_spawn_file_actions_t actions;
    mtx_status status = MTX_ENOMEM;
    if (posix_spawn_file_actions_init(&actions) == 0) {
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_adddup2(&actions, fd, 1);
        posix_spawn_file_actions_adddup2(&actions, fd, 2);
        pid_t child;
        int error = posix_spawnp(&child, argv[0], &actions, NULL, (char *const *)argv, environ);
        if (error) {
            text_printf(problem, "%s cannot be run: %s", argv[0], strerror(error));
            status = error == ENOENT ? MTX_EUNSUPPORTED : MTX_EIO;
        } else {
            status = wait_for(child, argv[0], fd, problem);
        }
        posix_spawn_file_actions_destroy(&actions);
    }
    fclose(messages);
    return status;
}

/* ---- kernels to a loaded object ------------------------------------------------------------------------ */

typedef struct cc_job {
    char folder[256], source[300], object[300];
} cc_job;

static bool job_open(cc_job *job, text *problem)
{
    const char *base = getenv("TMPDIR");
    int n = snprintf(job->folder, sizeof job->folder, "%s/mtx-XXXXXX", base && *base ? base : "/tmp");
    if (n < 0 || (size_t)n >= sizeof job->folder || !mkdtemp(job->folder)) {
        text_printf(problem, "no temporary folder: %s", strerror(errno));
        job->folder[0] = '\0';
        return false;
    }
    snprintf(job->source, sizeof job->source, "%s/kernels.c", job->folder);
    snprintf(job->object, sizeof job->object, "%s/kernels.so", job->folder);
    return true;
}

static void job_close(const cc_job *job)
{
    if (!job->folder[0]) return;
    unlink(job->source);
    unlink(job->object);
    rmdir(job->folder);
}

static mtx_status job_write(const cc_job *job, const kernel *const *k, uint32_t n, text *problem)
{
    text out;
    text_init(&out);
    emit_c_prelude(true, &out);
    for (uint32_t i = 0; i < n; i++) {
        char symbol[32];
        snprintf(symbol, sizeof symbol, "kernel_%u", i);
        emit_c_kernel(k[i], symbol, &out);
    }
    mtx_status status = out.failed ? MTX_ENOMEM : MTX_OK;
    FILE *file = status == MTX_OK ? fopen(job->source, "w") : NULL;
    if (file) {
        bool written = fwrite(out.s, 1, out.n, file) == out.n;
        if (fclose(file) != 0 || !written) status = MTX_EIO;
    } else if (status == MTX_OK) {
        status = MTX_EIO;
    }
    if (status != MTX_OK)
        text_printf(problem, "%s: %s", job->source, status == MTX_EIO ? strerror(errno) : "memory exhausted");
    text_free(&out);
    return status;
}

static mtx_status job_compile(const cc_job *job, int level, const char *cc, text *problem)
{
    const char *argv[CC_FLAGS_MOST + 8] = {cc ? cc : "cc"};
    int n = 1 + cc_flags(level, argv + 1);
    argv[n++] = "-shared";
    argv[n++] = "-w";
    argv[n++] = "-o";
    argv[n++] = job->object;
    argv[n++] = job->source;
    argv[n++] = "-lm"; /* on glibc a script that adds libmvec as needed */
    argv[n] = NULL;
    return cc_run(argv, problem);
}

static bool bind_runtime(void *handle)
{
    const struct {
        const char *symbol;
        void *function;
    } table[] = {{"bound_mtx_rt_sort", (void *)(uintptr_t)mtx_rt_sort},
                 {"bound_mtx_rt_argsort", (void *)(uintptr_t)mtx_rt_argsort},
                 {"bound_mtx_rt_eigvals", (void *)(uintptr_t)mtx_rt_eigvals},
                 {"bound_mtx_rt_eigvecs", (void *)(uintptr_t)mtx_rt_eigvecs},
                 {"bound_mtx_rt_niggli", (void *)(uintptr_t)mtx_rt_niggli}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        void **pointer = dlsym(handle, table[i].symbol);
        if (!pointer) return false;
        *pointer = table[i].function;
    }
    return true;
}

static void cc_release(void *state)
{
    dlclose(state);
}

static mtx_status job_load(const cc_job *job, uint32_t n, jit_code *out, text *problem)
{
    out->state = dlopen(job->object, RTLD_NOW | RTLD_LOCAL);
    if (!out->state) {
        text_printf(problem, "the compiled kernels cannot be loaded: %s", dlerror());
        return MTX_EIO;
    }
    out->release = cc_release;
    out->kernel = calloc(n, sizeof *out->kernel);
    if (!out->kernel) return MTX_ENOMEM;
    bool found = bind_runtime(out->state);
    for (uint32_t i = 0; i < n; i++) {
        char symbol[32];
        snprintf(symbol, sizeof symbol, "kernel_%u", i);
        *(void **)&out->kernel[i] = dlsym(out->state, symbol);
        found = found && out->kernel[i];
    }
    if (!found) {
        text_add(problem, "the compiled kernels lack a symbol");
        return MTX_EIO;
    }
    out->n = n;
    out->main = out->kernel[n - 1];
    out->backend = BACKEND_C;
    return MTX_OK;
}

mtx_status cc_jit(const kernel *const *k, uint32_t n, int level, const char *cc, jit_code *out, text *problem)
{
    cc_job job = {{0}, {0}, {0}};
    *out = (jit_code){0};
    if (!job_open(&job, problem)) return MTX_EIO;
    mtx_status status = job_write(&job, k, n, problem);
    if (status == MTX_OK) status = job_compile(&job, level, cc, problem);
    if (status == MTX_OK) status = job_load(&job, n, out, problem);
    if (status != MTX_OK) jit_free(out);
    job_close(&job);
    return status;
}
