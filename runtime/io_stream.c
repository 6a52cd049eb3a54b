/* SPDX-License-Identifier: Apache-2.0
 *
 * io_stream.c: bytes of a file or of memory, unpacked, in one sliding buffer. In: a path or bytes, plain,
 * gzip or xz (several members in a row too), recognised by their first bytes; out: whole lines or the whole
 * rest. Memory is the buffer: a quarter of a megabyte, or the longest line. Nothing is parsed here.
 */
#define _GNU_SOURCE
#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef MTX_HAVE_ZLIB
#include <zlib.h>
#endif
#ifdef MTX_HAVE_LZMA
#include <lzma.h>
#endif

enum { BUFFER_BYTES = 256 << 10, PACKED_BYTES = 64 << 10 };

typedef enum packing { PACKING_NONE, PACKING_GZIP, PACKING_XZ } packing;

/* Where bytes come from. `packed` holds raw bytes when they must be unpacked, and the first ones before
 * that. */
struct io_source {
    int            fd;                     /* -1: memory                                            */
    const uint8_t *memory;
    size_t         memory_left;
    int64_t        size, raw;              /* of the packed file, -1 unknown; read so far           */
    packing        packing;
    uint8_t       *packed;
    size_t         packed_begin, packed_end;
    bool           raw_end, unpacked_end, between;         /* between: at the border of two gzip members */
#ifdef MTX_HAVE_ZLIB
    z_stream       gzip;
    bool           gzip_on;
#endif
#ifdef MTX_HAVE_LZMA
    lzma_stream    xz;
    bool           xz_on;
#endif
};

static mtx_status stream_problem(const io_stream *s, mtx_problem *problem, mtx_status status,
                                 const char *code, const char *text)
{
    rt_problem_set(problem, status, code, "%s: %s", s->name, text);
    if (problem != NULL) snprintf(problem->file, sizeof problem->file, "%s", s->name);
    return status;
}

static mtx_status refused(const io_stream *s, mtx_problem *problem, const char *what)
{
    char text[160];
    snprintf(text, sizeof text, "%s: %s", what, strerror(errno));
    return stream_problem(s, problem, MTX_EIO, "E0601", text);
}

/* Raw bytes as the system gives them; *got == 0 at the end. */
static mtx_status read_raw(io_stream *s, void *to, size_t most, size_t *got, mtx_problem *problem)
{
    io_source *src = s->source;
    *got = 0;
    if (src->fd < 0) {
        *got = src->memory_left < most ? src->memory_left : most;
        if (*got > 0) memcpy(to, src->memory, *got);
        src->memory += *got;
        src->memory_left -= *got;
    } else {
        ssize_t n;
        do n = read(src->fd, to, most);
        while (n < 0 && errno == EINTR);
        if (n < 0) return refused(s, problem, "cannot read");
        *got = (size_t)n;
    }
    src->raw += (int64_t)*got;
    if (*got == 0) src->raw_end = true;
    return MTX_OK;
}

#if defined(MTX_HAVE_ZLIB) || defined(MTX_HAVE_LZMA)
static mtx_status refill_packed(io_stream *s, mtx_problem *problem)
{
    io_source *src = s->source;
    if (src->packed_begin < src->packed_end || src->raw_end) return MTX_OK;
    size_t got;
    const mtx_status status = read_raw(s, src->packed, PACKED_BYTES, &got, problem);
    src->packed_begin = 0;
    src->packed_end = got;
    return status;
}
#endif

#ifdef MTX_HAVE_ZLIB
static mtx_status unpack_gzip(io_stream *s, char *to, size_t most, size_t *got, mtx_problem *problem)
{
    io_source *src = s->source;
    z_stream *z = &src->gzip;
    z->next_out = (Bytef *)to;
    z->avail_out = (uInt)(most < (1u << 30) ? most : (1u << 30));
    const uInt room = z->avail_out;
    while (z->avail_out == room && !src->unpacked_end) {
        mtx_status status = refill_packed(s, problem);
        if (status != MTX_OK) return status;
        if (src->packed_begin == src->packed_end) {
            src->unpacked_end = true;
            if (src->between) break;
            return stream_problem(s, problem, MTX_EFORMAT, "E0602", "the gzip data ends early");
        }
        /* what follows a member and does not start another one is padding, as gzip itself takes it */
        if (src->between && src->packed[src->packed_begin] != 0x1f) {
            src->unpacked_end = true;
            break;
        }
        src->between = false;
        z->next_in = src->packed + src->packed_begin;
        z->avail_in = (uInt)(src->packed_end - src->packed_begin);
        const int code = inflate(z, Z_NO_FLUSH);
        src->packed_begin = src->packed_end - z->avail_in;
        if (code == Z_STREAM_END) {
            src->between = true;
            inflateReset(z);
        } else if (code == Z_MEM_ERROR) {
            return io_no_memory(problem);
        } else if (code != Z_OK && code != Z_BUF_ERROR) {
            return stream_problem(s, problem, MTX_EFORMAT, "E0602", "the gzip data is damaged");
        }
    }
    *got = room - z->avail_out;
    return MTX_OK;
}
#endif

#ifdef MTX_HAVE_LZMA
static mtx_status unpack_xz(io_stream *s, char *to, size_t most, size_t *got, mtx_problem *problem)
{
    io_source *src = s->source;
    lzma_stream *z = &src->xz;
    z->next_out = (uint8_t *)to;
    z->avail_out = most;
    while (z->avail_out == most && !src->unpacked_end) {
        mtx_status status = refill_packed(s, problem);
        if (status != MTX_OK) return status;
        z->next_in = src->packed + src->packed_begin;
        z->avail_in = src->packed_end - src->packed_begin;
        const lzma_ret code = lzma_code(z, src->raw_end ? LZMA_FINISH : LZMA_RUN);
        src->packed_begin = src->packed_end - z->avail_in;
        if (code == LZMA_STREAM_END) src->unpacked_end = true;
        else if (code == LZMA_MEM_ERROR) return io_no_memory(problem);
        else if (code == LZMA_BUF_ERROR) {
            return stream_problem(s, problem, MTX_EFORMAT, "E0602", "the xz data ends early");
        } else if (code != LZMA_OK) {
            return stream_problem(s, problem, MTX_EFORMAT, "E0602", "the xz data is damaged");
        }
    }
    *got = most - z->avail_out;
    return MTX_OK;
}
#endif

static mtx_status read_plain(io_stream *s, char *to, size_t most, size_t *got, mtx_problem *problem)
{
    io_source *src = s->source;
    const size_t held = src->packed_end - src->packed_begin;
    if (held == 0) return read_raw(s, to, most, got, problem);
    *got = held < most ? held : most;
    memcpy(to, src->packed + src->packed_begin, *got);
    src->packed_begin += *got;
    return MTX_OK;
}

static mtx_status read_unpacked(io_stream *s, char *to, size_t most, size_t *got, mtx_problem *problem)
{
    *got = 0;
    switch (s->source->packing) {
    case PACKING_NONE: return read_plain(s, to, most, got, problem);
    case PACKING_GZIP:
#ifdef MTX_HAVE_ZLIB
        return unpack_gzip(s, to, most, got, problem);
#else
        return stream_problem(s, problem, MTX_EUNSUPPORTED, "E0603",
                              "this build of mtx cannot unpack gzip (zlib)");
#endif
    case PACKING_XZ:
#ifdef MTX_HAVE_LZMA
        return unpack_xz(s, to, most, got, problem);
#else
        return stream_problem(s, problem, MTX_EUNSUPPORTED, "E0603",
                              "this build of mtx cannot unpack xz (liblzma)");
#endif
    }
    return MTX_EINVAL;
}

/* Looks at the first bytes; starts the unpacker they ask for. */
static mtx_status start_unpacking(io_stream *s, mtx_problem *problem)
{
    io_source *src = s->source;
    while (src->packed_end < 6 && !src->raw_end) {
        size_t got;
        const mtx_status status =
            read_raw(s, src->packed + src->packed_end, PACKED_BYTES - src->packed_end, &got, problem);
        if (status != MTX_OK) return status;
        src->packed_end += got;
    }
    src->raw_end = false;                  /* asked again when needed: a terminal may have more           */
    const uint8_t *b = src->packed;
    const size_t n = src->packed_end;
    if (n >= 2 && b[0] == 0x1f && b[1] == 0x8b) src->packing = PACKING_GZIP;
    else if (n >= 6 && memcmp(b, "\xfd" "7zXZ", 6) == 0) src->packing = PACKING_XZ;
    else if ((n >= 4 && memcmp(b, "\x28\xb5\x2f\xfd", 4) == 0) || (n >= 4 && memcmp(b, "BZh", 3) == 0)
             || (n >= 4 && memcmp(b, "PK\x03\x04", 4) == 0)) {
        return stream_problem(s, problem, MTX_EUNSUPPORTED, "E0603",
                              "packed with something other than gzip or xz");
    }
#ifdef MTX_HAVE_ZLIB
    if (src->packing == PACKING_GZIP) {
        if (inflateInit2(&src->gzip, 15 + 16) != Z_OK) return io_no_memory(problem);
        src->gzip_on = true;
    }
#endif
#ifdef MTX_HAVE_LZMA
    if (src->packing == PACKING_XZ) {
        src->xz = (lzma_stream)LZMA_STREAM_INIT;
        if (lzma_stream_decoder(&src->xz, UINT64_MAX, LZMA_CONCATENATED) != LZMA_OK)
            return io_no_memory(problem);
        src->xz_on = true;
    }
#endif
    return MTX_OK;
}

static mtx_status open_file(io_stream *s, mtx_problem *problem)
{
    struct stat about;
    s->source->fd = open(s->name, O_RDONLY | O_CLOEXEC);
    if (s->source->fd < 0) return refused(s, problem, "cannot open");
    if (fstat(s->source->fd, &about) != 0) return refused(s, problem, "cannot read");
    if (S_ISDIR(about.st_mode)) {
        errno = EISDIR;
        return refused(s, problem, "cannot read");
    }
    if (S_ISREG(about.st_mode)) s->source->size = about.st_size;
    return MTX_OK;
}

mtx_status io_stream_open(io_stream *s, const char *name, const void *bytes, size_t size,
                          mtx_problem *problem)
{
    *s = (io_stream){.name = name, .line = 1, .capacity = BUFFER_BYTES};
    s->source = calloc(1, sizeof *s->source);
    if (s->source == NULL) return io_no_memory(problem);
    *s->source = (io_source){.fd = -1, .memory = bytes, .memory_left = size, .size = -1};
    s->data = calloc(1, s->capacity + IO_SLACK);
    s->source->packed = malloc(PACKED_BYTES);
    mtx_status status = MTX_OK;
    if (s->data == NULL || s->source->packed == NULL) status = io_no_memory(problem);
    if (status == MTX_OK && bytes == NULL) status = open_file(s, problem);
    if (status == MTX_OK && bytes != NULL) s->source->size = (int64_t)size;
    if (status == MTX_OK) status = start_unpacking(s, problem);
    if (status != MTX_OK) io_stream_close(s);
    return status;
}

void io_stream_close(io_stream *s)
{
    io_source *src = s->source;
    if (src != NULL) {
        if (src->fd >= 0) close(src->fd);
#ifdef MTX_HAVE_ZLIB
        if (src->gzip_on) inflateEnd(&src->gzip);
#endif
#ifdef MTX_HAVE_LZMA
        if (src->xz_on) lzma_end(&src->xz);
#endif
        free(src->packed);
        free(src);
    }
    free(s->data);
    s->data = NULL;
    s->source = NULL;
    s->begin = s->end = s->lines_end = 0;
    s->at_end = true;
}

/* Room for more bytes: first by moving what is left to the front, then by growing. */
static mtx_status make_room(io_stream *s, size_t limit, mtx_problem *problem)
{
    if (s->begin > 0) {
        memmove(s->data, s->data + s->begin, s->end - s->begin);
        s->end -= s->begin;
        s->lines_end = s->lines_end > s->begin ? s->lines_end - s->begin : 0;
        s->begin = 0;
    }
    if (s->capacity - s->end >= s->capacity / 2) return MTX_OK;
    if (s->capacity >= limit) {
        char text[120];
        snprintf(text, sizeof text, "line %lld is longer than %zu MiB", (long long)s->line, limit >> 20);
        s->at_end = true;
        return stream_problem(s, problem, MTX_EFORMAT, "E0604", text);
    }
    char *grown = realloc(s->data, 2 * s->capacity + IO_SLACK);
    if (grown == NULL) return io_no_memory(problem);
    s->data = grown;
    s->capacity *= 2;
    return MTX_OK;
}

mtx_status io_stream_fill(io_stream *s, size_t limit, mtx_problem *problem)
{
    if (s->at_end) return MTX_END;
    mtx_status status = make_room(s, limit, problem);
    if (status != MTX_OK) return status;
    size_t got;
    status = read_unpacked(s, s->data + s->end, s->capacity - s->end, &got, problem);
    s->end += got;
    memset(s->data + s->end, 0, IO_SLACK);
    if (status != MTX_OK || got == 0) s->at_end = true;
    if (status != MTX_OK) {
        s->begin = s->end = s->lines_end = 0;      /* what is left of a broken stream is not to be trusted */
        return status;
    }
    return got > 0 ? MTX_OK : MTX_END;
}

mtx_status io_stream_lines(io_stream *s, mtx_problem *problem)
{
    size_t searched = s->begin;
    while (s->lines_end <= s->begin) {
        const char *newline = s->end > searched ? memrchr(s->data + searched, '\n', s->end - searched) : NULL;
        if (newline != NULL) {
            s->lines_end = (size_t)(newline - s->data) + 1;
            break;
        }
        const size_t held = s->end - s->begin;
        const mtx_status status = io_stream_fill(s, IO_LINE_LIMIT, problem);
        searched = s->begin + held;
        if (status == MTX_OK) continue;
        if (status != MTX_END || held == 0) return status;
        s->data[s->end++] = '\n';          /* one byte of the slack, which stays 63 zero bytes long */
        s->lines_end = s->end;
    }
    return MTX_OK;
}

mtx_status io_stream_line(io_stream *s, char **line, size_t *length, mtx_problem *problem)
{
    const mtx_status status = io_stream_lines(s, problem);
    if (status != MTX_OK) return status;
    char *start = s->data + s->begin;
    char *newline = memchr(start, '\n', s->lines_end - s->begin);
    *line = start;
    *length = (size_t)(newline - start);
    s->begin = (size_t)(newline - s->data) + 1;
    s->line++;
    if (*length > 0 && start[*length - 1] == '\r') --*length;
    return MTX_OK;
}

mtx_status io_stream_rest(io_stream *s, char **text, size_t *length, mtx_problem *problem)
{
    mtx_status status;
    do status = io_stream_fill(s, IO_RECORD_LIMIT, problem);
    while (status == MTX_OK);
    if (status != MTX_END) return status;
    *text = s->data + s->begin;
    *length = s->end - s->begin;
    s->begin = s->lines_end = s->end;
    return MTX_OK;
}

bool io_stream_is_packed(const io_stream *s)
{
    return s->source->packing != PACKING_NONE;
}

double io_stream_progress(const io_stream *s)
{
    if (s->source == NULL || s->source->size <= 0) return -1.0;
    const double share = (double)s->source->raw / (double)s->source->size;
    return share < 1.0 ? share : 1.0;
}
