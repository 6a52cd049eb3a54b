/* SPDX-License-Identifier: Apache-2.0
 *
 * io_file.c: files that appear only when complete. In: bytes, in order; out: a file written under a name of
 * its own beside the target, synced and renamed at the end, or removed. Errors stick and are told once.
 */
#define _GNU_SOURCE
#include "io_write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

mtx_status io_write_problem(mtx_problem *problem, const char *path, const char *what, int error)
{
    rt_problem_set(problem, MTX_EIO, "E0640", "cannot %s %s: %s", what, path, strerror(error));
    if (problem != NULL) snprintf(problem->file, sizeof problem->file, "%s", path);
    return MTX_EIO;
}

char *io_file_temporary_name(const char *path, int *fd, mtx_problem *problem)
{
    static atomic_uint counter;
    struct stat about;
    const size_t room = strlen(path) + 48;
    char *name = malloc(room);
    if (name == NULL) {
        io_no_memory(problem);
        return NULL;
    }
    if (stat(path, &about) == 0 && !S_ISREG(about.st_mode)) {
        io_write_problem(problem, path, "write", S_ISDIR(about.st_mode) ? EISDIR : EINVAL);
        free(name);
        return NULL;
    }
    do {
        snprintf(name, room, "%s.part-%ld-%u", path, (long)getpid(), atomic_fetch_add(&counter, 1u));
        *fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    } while (*fd < 0 && errno == EEXIST);
    if (*fd >= 0) return name;
    io_write_problem(problem, path, "create", errno);
    free(name);
    return NULL;
}

mtx_status io_file_create(io_file *f, const char *path, bool unnamed, mtx_problem *problem)
{
    *f = (io_file){.fd = -1};
    f->path = io_text(path, strlen(path));
    f->buffer = malloc(IO_FILE_BUFFER);
    if (f->path == NULL || f->buffer == NULL) {
        io_file_discard(f);
        return io_no_memory(problem);
    }
    f->temporary = io_file_temporary_name(path, &f->fd, problem);
    if (f->temporary == NULL) {
        io_file_discard(f);
        return MTX_EIO;
    }
    if (!unnamed) return MTX_OK;
    unlink(f->temporary);
    free(f->temporary);
    f->temporary = NULL;
    return MTX_OK;
}

static void write_all(io_file *f, const uint8_t *bytes, size_t length)
{
    while (length > 0 && f->error == 0) {
        const ssize_t n = write(f->fd, bytes, length);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            f->error = errno;
            return;
        }
        bytes += n;
        length -= (size_t)n;
    }
}

bool io_file_flush(io_file *f)
{
    write_all(f, f->buffer, f->used);
    f->used = 0;
    return f->error == 0;
}

void io_file_put(io_file *f, const void *bytes, size_t length)
{
    f->size += (int64_t)length;
    if (length > IO_FILE_BUFFER - f->used) {
        io_file_flush(f);
        if (length >= IO_FILE_BUFFER) {
            write_all(f, bytes, length);
            return;
        }
    }
    if (length > 0) memcpy(f->buffer + f->used, bytes, length);
    f->used += length;
}

void io_file_text(io_file *f, const char *text)
{
    io_file_put(f, text, strlen(text));
}

void io_file_patch(io_file *f, int64_t at, const void *bytes, size_t length)
{
    io_file_flush(f);
    const uint8_t *p = bytes;
    while (length > 0 && f->error == 0) {
        const ssize_t n = pwrite(f->fd, p, length, at);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            f->error = errno;
            return;
        }
        p += n;
        at += n;
        length -= (size_t)n;
    }
}

size_t io_file_read(io_file *f, int64_t at, void *to, size_t most)
{
    io_file_flush(f);
    ssize_t n = 0;
    do n = f->error == 0 ? pread(f->fd, to, most, at) : 0;
    while (n < 0 && errno == EINTR);
    if (n < 0) f->error = errno;
    if (n == 0 && at < f->size && f->error == 0) f->error = EIO;
    return n > 0 ? (size_t)n : 0;
}

mtx_status io_file_failed(const io_file *f, mtx_problem *problem)
{
    return f->error == 0 ? MTX_OK : io_write_problem(problem, f->path, "write", f->error);
}

/* The rename itself must survive a power cut, so the folder is synced too; some file systems cannot,
 * which is fine. */
static void sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL   ? io_text(".", 1)
                   : slash == path ? io_text("/", 1)
                                   : io_text(path, (size_t)(slash - path));
    const int fd = folder != NULL ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    free(folder);
}

mtx_status io_file_rename(const char *temporary, const char *path, mtx_problem *problem)
{
    if (rename(temporary, path) != 0) {
        const mtx_status status = io_write_problem(problem, path, "create", errno);
        unlink(temporary);
        return status;
    }
    sync_folder(path);
    return MTX_OK;
}

mtx_status io_file_commit(io_file *f, mtx_problem *problem)
{
    if (io_file_flush(f) && fsync(f->fd) != 0 && errno != EINVAL) f->error = errno;
    if (close(f->fd) != 0 && f->error == 0) f->error = errno;
    f->fd = -1;
    mtx_status status = io_file_failed(f, problem);
    if (status == MTX_OK) {
        status = io_file_rename(f->temporary, f->path, problem);
        free(f->temporary);
        f->temporary = NULL;
    }
    io_file_discard(f);
    return status;
}

void io_file_discard(io_file *f)
{
    if (f->fd >= 0) close(f->fd);
    if (f->temporary != NULL) unlink(f->temporary);
    free(f->temporary);
    free(f->path);
    free(f->buffer);
    *f = (io_file){.fd = -1};
}
