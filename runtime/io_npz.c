/* SPDX-License-Identifier: Apache-2.0
 *
 * io_npz.c: results as a NumPy .npz: a ZIP archive of .npy members (format 1.0), stored or deflated, zip64
 * where a member or the archive needs it. In: arrays (io_arrays.c); out: one file. Since a .npy begins with
 * its shape and ZIP members cannot be interleaved, rows beyond a buffer wait in unnamed files beside the
 * target, and the archive is put together at the end. Texts become fixed-width <U arrays, as wide as the
 * longest one.
 */
#include "io_write.h"

#include <stdlib.h>

#ifdef MTX_HAVE_ZLIB

#include <zlib.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define ORDER ">"
#else
#define ORDER "<"
#endif

enum { MEMBER_NAME = 300, LIMIT_16 = 0xffff };
#define LIMIT_32 UINT64_C(0xffffffff)

/* Rows of one array that left its buffer. */
typedef struct spool {
    io_file file;
    bool    open;
    int64_t longest;                       /* TEXT: characters of the longest one                   */
} spool;

/* What the central directory says of a member. */
typedef struct member {
    char     name[MEMBER_NAME];
    uint64_t offset, packed, size;
    uint32_t crc;
} member;

typedef struct npz {
    io_arrays arrays;
    io_file   out;
    member   *members;
    int32_t   n_members;
    uint32_t  crc;                         /* of the member being written                           */
    uint64_t  size;
    z_stream  deflate;
    bool      deflating;
} npz;

/* --------------------------------------------------------------------------------------------- text width */

static int64_t count_characters(const char *text)
{
    int64_t count = 0;
    for (; *text != '\0'; text++) count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}

static void note_widths(const io_array *a, spool *s)
{
    for (size_t at = 0; a->dtype == MTX_TEXT && at < a->used;) {
        const char *text = (const char *)a->buffer + at;
        const int64_t count = count_characters(text);
        if (count > s->longest) s->longest = count;
        at += strlen(text) + 1;
    }
}

static mtx_status flush_rows(mtx_writer *w, io_array *a, mtx_problem *problem)
{
    spool *s = a->state;
    if (!s->open) {
        const mtx_status status = io_file_create(&s->file, w->path, true, problem);
        if (status != MTX_OK) return status;
        s->open = true;
    }
    note_widths(a, s);
    io_file_put(&s->file, a->buffer, a->used);
    return io_file_failed(&s->file, problem);
}

/* ---------------------------------------------------------------------------------------------------- zip */

static void put16(uint8_t **p, unsigned value)
{
    *(*p)++ = (uint8_t)value;
    *(*p)++ = (uint8_t)(value >> 8);
}

static void put32(uint8_t **p, uint64_t value)
{
    put16(p, (unsigned)(value & LIMIT_16));
    put16(p, (unsigned)(value >> 16 & LIMIT_16));
}

static void put64(uint8_t **p, uint64_t value)
{
    put32(p, value & LIMIT_32);
    put32(p, value >> 32);
}

/* Fields that the local and the central header share, from `version needed` to the name's length.
 * 2000-01-01. */
static void put_common(uint8_t **p, const member *m, bool deflated, bool large)
{
    put16(p, large ? 45 : 20);
    put16(p, 0x0800);                      /* the name is UTF-8 */
    put16(p, deflated ? 8 : 0);
    put16(p, 0);
    put16(p, 20 << 9 | 1 << 5 | 1);
    put32(p, m->crc);
    put32(p, large ? LIMIT_32 : m->packed);
    put32(p, large ? LIMIT_32 : m->size);
    put16(p, (unsigned)strlen(m->name));
}

/* A member whose size alone asks for zip64 fields; deflate may add a little to what it cannot pack. */
static bool is_large(uint64_t size)
{
    return size > LIMIT_32 - (LIMIT_32 >> 8);
}

static size_t local_header(uint8_t *to, const member *m, bool deflated)
{
    const bool large = is_large(m->size);
    uint8_t *p = to;
    put32(&p, 0x04034b50);
    put_common(&p, m, deflated, large);
    put16(&p, large ? 20 : 0);
    memcpy(p, m->name, strlen(m->name));
    p += strlen(m->name);
    if (large) {
        put16(&p, 1);
        put16(&p, 16);
        put64(&p, m->size);
        put64(&p, m->packed);
    }
    return (size_t)(p - to);
}

static size_t central_header(uint8_t *to, const member *m, bool deflated)
{
    const bool large = is_large(m->size) || m->offset >= LIMIT_32;
    uint8_t *p = to;
    put32(&p, 0x02014b50);
    put16(&p, 3 << 8 | 45);
    put_common(&p, m, deflated, large);
    put16(&p, large ? 28 : 0);
    put16(&p, 0);
    put16(&p, 0);
    put16(&p, 0);
    put32(&p, (uint64_t)0100644 << 16);
    put32(&p, large ? LIMIT_32 : m->offset);
    memcpy(p, m->name, strlen(m->name));
    p += strlen(m->name);
    if (large) {
        put16(&p, 1);
        put16(&p, 24);
        put64(&p, m->size);
        put64(&p, m->packed);
        put64(&p, m->offset);
    }
    return (size_t)(p - to);
}

static void put_directory(npz *z, bool deflated)
{
    uint8_t bytes[MEMBER_NAME + 160];
    const uint64_t start = (uint64_t)z->out.size;
    for (int32_t k = 0; k < z->n_members; k++) {
        io_file_put(&z->out, bytes, central_header(bytes, &z->members[k], deflated));
    }
    const uint64_t end = (uint64_t)z->out.size, count = (uint64_t)z->n_members;
    const bool large = end >= LIMIT_32 || count >= LIMIT_16;
    uint8_t *p = bytes;
    if (large) {
        put32(&p, 0x06064b50);
        put64(&p, 44);
        put16(&p, 3 << 8 | 45);
        put16(&p, 45);
        put32(&p, 0);
        put32(&p, 0);
        put64(&p, count);
        put64(&p, count);
        put64(&p, end - start);
        put64(&p, start);
        put32(&p, 0x07064b50);
        put32(&p, 0);
        put64(&p, end);
        put32(&p, 1);
    }
    put32(&p, 0x06054b50);
    put32(&p, 0);
    put16(&p, large ? LIMIT_16 : (unsigned)count);
    put16(&p, large ? LIMIT_16 : (unsigned)count);
    put32(&p, large ? LIMIT_32 : end - start);
    put32(&p, large ? LIMIT_32 : start);
    put16(&p, 0);
    io_file_put(&z->out, bytes, (size_t)(p - bytes));
}

/* ------------------------------------------------------------------------------------------------ members */

static void put_deflated(npz *z, const void *bytes, size_t length, int flush)
{
    uint8_t piece[1 << 15];
    z->deflate.next_in = (Bytef *)(uintptr_t)bytes;
    z->deflate.avail_in = (uInt)length;    /* pieces of at most a buffer's size */
    do {
        z->deflate.next_out = piece;
        z->deflate.avail_out = sizeof piece;
        deflate(&z->deflate, flush);
        io_file_put(&z->out, piece, sizeof piece - z->deflate.avail_out);
    } while (z->deflate.avail_out == 0);
}

static void put_data(npz *z, const void *bytes, size_t length)
{
    z->crc = (uint32_t)crc32_z(z->crc, bytes, length);
    z->size += length;
    for (const uint8_t *p = bytes; z->deflating && length > 0;) {
        const size_t some = length < (1u << 30) ? length : (1u << 30);
        put_deflated(z, p, some, Z_NO_FLUSH);
        p += some;
        length -= some;
    }
    if (!z->deflating) io_file_put(&z->out, bytes, length);
}

/* `size` must be the exact number of bytes that follow by put_data. */
static member *start_member(mtx_writer *w, const char *name, const char *ending, uint64_t size)
{
    npz *z = w->state;
    uint8_t bytes[MEMBER_NAME + 64];
    member *m = &z->members[z->n_members++];
    *m = (member){.offset = (uint64_t)z->out.size, .size = size, .packed = size};
    snprintf(m->name, sizeof m->name, "%s%s", name, ending);
    io_file_put(&z->out, bytes, local_header(bytes, m, w->deflate));
    z->crc = (uint32_t)crc32_z(0, NULL, 0);
    z->size = 0;
    if (z->deflating) deflateReset(&z->deflate);
    return m;
}

static void end_member(mtx_writer *w, member *m)
{
    npz *z = w->state;
    uint8_t bytes[MEMBER_NAME + 64];
    const uint64_t start = m->offset + local_header(bytes, m, w->deflate);
    if (z->deflating) put_deflated(z, NULL, 0, Z_FINISH);
    m->packed = (uint64_t)z->out.size - start;
    m->size = z->size;
    m->crc = z->crc;
    const size_t length = local_header(bytes, m, w->deflate);
    io_file_patch(&z->out, (int64_t)m->offset, bytes, length);
}

/* ---------------------------------------------------------------------------------------------------- npy */

/* The header of format 1.0, padded to a multiple of 64 bytes. */
static size_t npy_header(char *to, size_t room, const io_array *a, int64_t longest)
{
    char descr[32], shape[300];
    switch (a->dtype) {
    case MTX_F64: snprintf(descr, sizeof descr, ORDER "f8"); break;
    case MTX_I32: snprintf(descr, sizeof descr, ORDER "i4"); break;
    case MTX_I64: snprintf(descr, sizeof descr, ORDER "i8"); break;
    case MTX_BOOL: snprintf(descr, sizeof descr, "|b1"); break;
    case MTX_TEXT: snprintf(descr, sizeof descr, ORDER "U%lld", (long long)longest); break;
    }
    size_t used = (size_t)snprintf(shape, sizeof shape, "(%lld,", (long long)a->rows);
    for (int32_t d = 0; d < a->rank; d++) {
        used += (size_t)snprintf(shape + used, sizeof shape - used, "%s%lld", d > 0 ? ", " : " ",
                                 (long long)a->shape[d]);
    }
    memcpy(to, "\x93NUMPY\x01\x00", 8);
    size_t length =
        10 + (size_t)snprintf(to + 10, room - 10, "{'descr': '%s', 'fortran_order': False, 'shape': %s), }",
                              descr, shape);
    while ((length + 1) % 64 != 0) to[length++] = ' ';
    to[length++] = '\n';
    to[8] = (char)((length - 10) & 0xff);
    to[9] = (char)((length - 10) >> 8);
    return length;
}

/* The next character of UTF-8; a byte that starts none stands for itself (Latin-1). */
static uint32_t take_character(const unsigned char **p)
{
    const unsigned char *b = *p;
    int more = *b >= 0xf0 ? 3 : *b >= 0xe0 ? 2 : *b >= 0xc0 ? 1 : 0;
    uint32_t c = more == 3 ? *b & 7u : more == 2 ? *b & 15u : more == 1 ? *b & 31u : *b;
    for (b++; more > 0 && (*b & 0xc0) == 0x80; more--, b++) c = c << 6 | (*b & 63u);
    while ((*b & 0xc0) == 0x80) b++;       /* stray bytes were not counted as characters */
    *p = b;
    return c <= 0x10ffff ? c : '?';
}

/* Zero-terminated texts as UTF-32, each padded to `longest`. `cell` has room for one. */
static void put_texts(npz *z, const uint8_t *bytes, size_t length, uint32_t *cell, int64_t longest)
{
    for (size_t at = 0; at < length;) {
        const unsigned char *p = bytes + at;
        memset(cell, 0, (size_t)longest * sizeof *cell);
        for (int64_t k = 0; k < longest && *p != '\0'; k++) {
            while ((*p & 0xc0) == 0x80) p++;
            cell[k] = *p != '\0' ? take_character(&p) : 0;
        }
        put_data(z, cell, (size_t)longest * sizeof *cell);
        at += strlen((const char *)bytes + at) + 1;
    }
}

enum { PIECE = 256 << 10 };

/* Texts may straddle the pieces that are read back, so each piece is used up to its last whole text. */
static mtx_status put_spooled_texts(npz *z, spool *s, uint32_t *cell, mtx_problem *problem)
{
    size_t room = PIECE, held = 0;
    uint8_t *piece = malloc(room);
    bool failed = piece == NULL;
    for (int64_t at = 0; !failed && at < s->file.size;) {
        if (held == room) {                /* one text longer than the buffer */
            uint8_t *grown = realloc(piece, 2 * room);
            failed = grown == NULL;
            if (failed) break;
            piece = grown;
            room *= 2;
        }
        const size_t got = io_file_read(&s->file, at, piece + held, room - held);
        if (got == 0) break;               /* an error, which the file keeps */
        at += (int64_t)got;
        held += got;
        size_t whole = held;
        while (whole > 0 && piece[whole - 1] != 0) whole--;
        put_texts(z, piece, whole, cell, s->longest);
        memmove(piece, piece + whole, held - whole);
        held -= whole;
    }
    free(piece);
    return failed ? io_no_memory(problem) : MTX_OK;
}

static mtx_status put_spool(npz *z, spool *s, mtx_problem *problem)
{
    uint8_t *piece = malloc(PIECE);
    if (piece == NULL) return io_no_memory(problem);
    for (int64_t at = 0; at < s->file.size;) {
        const size_t got = io_file_read(&s->file, at, piece, PIECE);
        if (got == 0) break;
        put_data(z, piece, got);
        at += (int64_t)got;
    }
    free(piece);
    return MTX_OK;
}

static mtx_status put_array(mtx_writer *w, const io_array *a, mtx_problem *problem)
{
    npz *z = w->state;
    spool *s = a->state;
    char header[640];
    note_widths(a, s);
    const bool text = a->dtype == MTX_TEXT;
    if (text && s->longest == 0) s->longest = 1;       /* numpy has no empty strings type of its own */
    const size_t head = npy_header(header, sizeof header, a, s->longest);
    const uint64_t row =
        text ? (uint64_t)a->row_bytes / sizeof(char *) * (uint64_t)s->longest * 4 : a->row_bytes;
    uint32_t *cell = calloc((size_t)s->longest + 1, sizeof *cell);
    if (cell == NULL) return io_no_memory(problem);
    member *m = start_member(w, a->name, ".npy", head + (uint64_t)a->rows * row);
    put_data(z, header, head);
    mtx_status status = MTX_OK;
    if (s->open) status = text ? put_spooled_texts(z, s, cell, problem) : put_spool(z, s, problem);
    if (text) put_texts(z, a->buffer, a->used, cell, s->longest);
    else put_data(z, a->buffer, a->used);
    end_member(w, m);
    free(cell);
    return status == MTX_OK && s->open ? io_file_failed(&s->file, problem) : status;
}

/* ------------------------------------------------------------------------------------------------- format */

static mtx_status npz_open(mtx_writer *w, mtx_problem *problem)
{
    npz *z = calloc(1, sizeof *z);
    if (z == NULL) return io_no_memory(problem);
    w->state = z;
    z->out.fd = -1;
    z->arrays.flush = flush_rows;
    mtx_status status = io_arrays_make(&z->arrays, w, problem);
    if (status != MTX_OK) return status;
    z->members = calloc((size_t)z->arrays.count + 1, sizeof *z->members);
    if (z->members == NULL) return io_no_memory(problem);
    for (int32_t k = 0; k < z->arrays.count; k++) {
        io_array *a = &z->arrays.at[k];
        if (strlen(a->name) > MEMBER_NAME - 8) {
            return rt_problem_set(problem, MTX_EINVAL, "E0642",
                                  "the name of an output is longer than %d bytes", MEMBER_NAME - 8);
        }
        a->state = calloc(1, sizeof(spool));
        if (a->state == NULL) return io_no_memory(problem);
    }
    if (w->deflate) {
        if (deflateInit2(&z->deflate, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK)
            return io_no_memory(problem);
        z->deflating = true;
    }
    return io_file_create(&z->out, w->path, false, problem);
}

static mtx_status npz_append(mtx_writer *w, const mtx_rows *rows, mtx_problem *problem)
{
    npz *z = w->state;
    return io_arrays_append(&z->arrays, w, rows, problem);
}

static mtx_status npz_finish(mtx_writer *w, mtx_problem *problem)
{
    npz *z = w->state;
    mtx_status status = io_arrays_complete(&z->arrays, w, problem);
    for (int32_t k = 0; k < z->arrays.count && status == MTX_OK; k++)
        status = put_array(w, &z->arrays.at[k], problem);
    char *meta = status == MTX_OK ? io_meta_json(w) : NULL;
    if (status == MTX_OK && meta == NULL) status = io_no_memory(problem);
    if (status == MTX_OK) {
        member *m = start_member(w, "meta", ".json", strlen(meta));
        put_data(z, meta, strlen(meta));
        end_member(w, m);
        put_directory(z, w->deflate);
        status = io_file_commit(&z->out, problem);
    }
    free(meta);
    return status;
}

static void npz_close(mtx_writer *w)
{
    npz *z = w->state;
    if (z == NULL) return;
    for (int32_t k = 0; k < z->arrays.count; k++) {
        spool *s = z->arrays.at[k].state;
        if (s != NULL && s->open) io_file_discard(&s->file);
        free(s);
    }
    io_arrays_free(&z->arrays);
    if (z->deflating) deflateEnd(&z->deflate);
    io_file_discard(&z->out);
    free(z->members);
    free(z);
}

#else

static mtx_status npz_open(mtx_writer *w, mtx_problem *problem)
{
    (void)w;
    rt_problem_set(problem, MTX_EUNSUPPORTED, "E0643", "this build of mtx cannot write npz");
    rt_problem_help(problem, "install zlib (zlib1g-dev) and build again");
    return MTX_EUNSUPPORTED;
}

static mtx_status npz_append(mtx_writer *w, const mtx_rows *rows, mtx_problem *problem)
{
    (void)rows;
    return npz_open(w, problem);
}

static mtx_status npz_finish(mtx_writer *w, mtx_problem *problem)
{
    return npz_open(w, problem);
}

static void npz_close(mtx_writer *w)
{
    (void)w;
}

#endif

const io_writer_format io_writer_npz = {.name = "npz",
                                        .names = "|npz|",
                                        .open = npz_open,
                                        .append = npz_append,
                                        .finish = npz_finish,
                                        .close = npz_close};
