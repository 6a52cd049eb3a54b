/* SPDX-License-Identifier: Apache-2.0
 *
 * io_npz_read.c: arrays of a NumPy .npz. In: a file, a ZIP archive (zip64 too) of .npy members (formats 1.0 to 3.0). Out: its
 * arrays of numbers as doubles in C order. What they are for is not known here (weights: compiler/cli_weights.c).
 */
#include "io.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void mtx_arrays_free(mtx_arrays *arrays)
{
    for (int32_t k = 0; k < arrays->n; k++) {
        free((char *)arrays->at[k].name);
        free(arrays->at[k].values);
    }
    free(arrays->at);
    *arrays = (mtx_arrays){0};
}

#ifdef MTX_HAVE_ZLIB

#include <zlib.h>

enum { LOCAL_SIZE = 30, CENTRAL_SIZE = 46, END_SIZE = 22, END64_SIZE = 56, LOCATOR_SIZE = 20, COMMENT_MOST = 65535 };
enum { MEMBERS_MOST = 1 << 16, DEFLATE_MOST = 1032 /* bytes of one: see zlib.net/zlib_tech.html */ };
#define LIMIT_32  UINT64_C(0xffffffff)
#define BYTES_MOST ((uint64_t)1 << 31) /* of a member, unpacked */
#define FILE_MOST  ((size_t)1 << 33)
#define BLOCK      ((size_t)1 << 16)

typedef struct archive {
    const uint8_t *bytes;
    uint64_t       size;
    const char    *path;
    mtx_problem   *problem;
} archive;

typedef struct member {
    const char *name;                      /* not terminated                                         */
    size_t      name_length;
    uint64_t    packed, size, offset;
    uint32_t    crc;
    unsigned    method, flags;
} member;

static mtx_status damaged(const archive *z, const member *m, const char *why)
{
    const io_quoted name = m ? io_quote(m->name, m->name_length) : (io_quoted){""};
    rt_problem_set(z->problem, MTX_EFORMAT, "E0630", "%s cannot be read as NumPy arrays: %s%s%s", z->path, name.text, m ? ": " : "", why);
    rt_problem_help(z->problem, "write it with numpy.savez(path, **arrays)");
    if (z->problem) snprintf(z->problem->file, sizeof z->problem->file, "%s", z->path);
    return MTX_EFORMAT;
}

static uint64_t little(const uint8_t *p, int bytes)
{
    uint64_t v = 0;
    for (int k = bytes; k-- > 0;) v = v << 8 | p[k];
    return v;
}

/* ---- zip ------------------------------------------------------------------------------------------------ */

/* where the central directory lies and how many members it has */
static bool find_directory(const archive *z, uint64_t *at, uint64_t *count)
{
    if (z->size < END_SIZE) return false;
    uint64_t end = z->size - END_SIZE, lowest = end > COMMENT_MOST ? end - COMMENT_MOST : 0;
    while (little(z->bytes + end, 4) != 0x06054b50)
        if (end-- == lowest) return false;
    *count = little(z->bytes + end + 10, 2);
    *at = little(z->bytes + end + 16, 4);
    if (*count != 0xffff && *at != LIMIT_32) return *at <= end;
    if (end < LOCATOR_SIZE || little(z->bytes + end - LOCATOR_SIZE, 4) != 0x07064b50) return *at <= end;
    const uint64_t end64 = little(z->bytes + end - LOCATOR_SIZE + 8, 8);
    if (end64 > z->size || z->size - end64 < END64_SIZE || little(z->bytes + end64, 4) != 0x06064b50) return false;
    *count = little(z->bytes + end64 + 32, 8);
    *at = little(z->bytes + end64 + 48, 8);
    return *at <= end64;
}

/* sizes that do not fit 32 bits stand in an extra field, in this order */
static void read_zip64(const uint8_t *extra, size_t length, member *m)
{
    uint64_t *const wide[] = {&m->size, &m->packed, &m->offset};
    for (size_t at = 0; at + 4 <= length;) {
        const size_t n = (size_t)little(extra + at + 2, 2);
        if (little(extra + at, 2) == 1 && n <= length - at - 4) {
            size_t used = 0;
            for (int k = 0; k < 3; k++)
                if (*wide[k] == LIMIT_32 && used + 8 <= n) {
                    *wide[k] = little(extra + at + 4 + used, 8);
                    used += 8;
                }
        }
        at += 4 + n;
    }
}

/* the member at *at of the directory; *at moves to the next one */
static bool read_entry(const archive *z, uint64_t *at, member *m)
{
    if (*at > z->size || z->size - *at < CENTRAL_SIZE) return false;
    const uint8_t *p = z->bytes + *at;
    const uint64_t name = little(p + 28, 2), extra = little(p + 30, 2), comment = little(p + 32, 2);
    if (little(p, 4) != 0x02014b50 || z->size - *at - CENTRAL_SIZE < name + extra + comment) return false;
    *m = (member){.name = (const char *)p + CENTRAL_SIZE, .name_length = name, .flags = (unsigned)little(p + 8, 2),
                  .method = (unsigned)little(p + 10, 2), .crc = (uint32_t)little(p + 16, 4), .packed = little(p + 20, 4),
                  .size = little(p + 24, 4), .offset = little(p + 42, 4)};
    read_zip64(p + CENTRAL_SIZE + name, extra, m);
    *at += CENTRAL_SIZE + name + extra + comment;
    return true;
}

static bool unpack(const uint8_t *from, const member *m, uint8_t *to)
{
    z_stream s = {0};
    if (inflateInit2(&s, -15) != Z_OK) return false;
    s.next_in = (uint8_t *)from;
    s.avail_in = (uInt)m->packed;
    s.next_out = to;
    s.avail_out = (uInt)m->size;
    const bool good = inflate(&s, Z_FINISH) == Z_STREAM_END && s.total_out == m->size;
    inflateEnd(&s);
    return good;
}

/* the bytes of a member, to be freed */
static mtx_status read_member(const archive *z, const member *m, uint8_t **bytes)
{
    if (m->flags & 1) return damaged(z, m, "it is encrypted");
    if (m->method != 0 && m->method != 8) return damaged(z, m, "it is packed in a way that NumPy does not use");
    if (m->size > BYTES_MOST || m->packed > BYTES_MOST) return damaged(z, m, "it is larger than 2 GiB");
    if (m->offset > z->size || z->size - m->offset < LOCAL_SIZE || little(z->bytes + m->offset, 4) != 0x04034b50)
        return damaged(z, m, "the archive is damaged");
    const uint8_t *p = z->bytes + m->offset;
    const uint64_t start = LOCAL_SIZE + little(p + 26, 2) + little(p + 28, 2), left = z->size - m->offset;
    if (left < start || left - start < m->packed || (m->method == 0 && m->packed != m->size))
        return damaged(z, m, "the archive ends early");
    if (m->size / DEFLATE_MOST > m->packed) return damaged(z, m, "it claims more bytes than it can have");
    *bytes = malloc((size_t)m->size + 1);
    if (*bytes == NULL) return rt_no_memory(z->problem);
    if (m->method == 0)
        memcpy(*bytes, p + start, (size_t)m->size);
    else if (!unpack(p + start, m, *bytes))
        return damaged(z, m, "the packed data are damaged");
    (*bytes)[m->size] = 0;
    if (crc32_z(0, *bytes, (size_t)m->size) != m->crc) return damaged(z, m, "its check sum is wrong");
    return MTX_OK;
}

/* ---- npy ------------------------------------------------------------------------------------------------ */

/* the value of a key of the header, a Python dict of literals: behind "'key':" and blanks */
static const char *value_of(const char *header, const char *key)
{
    const char *at = strstr(header, key);
    if (at == NULL) return NULL;
    at += strlen(key);
    while (*at == '\'' || *at == ' ' || *at == ':') at++;
    return at;
}

static bool read_shape(const char *at, mtx_array *a)
{
    if (at == NULL || *at++ != '(') return false;
    a->n = 1;
    while (*at != ')') {
        if (*at < '0' || *at > '9' || a->rank == MTX_ARRAY_RANK) return false;
        char *end;
        const long long size = strtoll(at, &end, 10);
        if (size < 0 || (size > 0 && a->n > (int64_t)BYTES_MOST / size)) return false;
        a->shape[a->rank++] = size;
        a->n *= size;
        at = end;
        while (*at == ',' || *at == ' ' || *at == 'L') at++;
    }
    return true;
}

/* `f8` of a type quoted as '<f8'; other types are named only */
static bool read_type(const char *at, mtx_array *a)
{
    if (at == NULL) return false;
    size_t n = strcspn(at, "',}");
    if (*at == '[') {
        snprintf(a->type, sizeof a->type, "a record");
        return true;
    }
    snprintf(a->type, sizeof a->type, "%.*s", (int)(n < 15 ? n : 15), at);
    return n > 0;
}

static double number_at(const uint8_t *p, int bytes, bool big)
{
    uint8_t turned[8];
    for (int k = 0; k < bytes; k++) turned[k] = p[big ? bytes - 1 - k : k];
    const uint64_t bits = little(turned, bytes);
    if (bytes == 4) {
        const uint32_t half = (uint32_t)bits;
        float x;
        memcpy(&x, &half, sizeof x);
        return x;
    }
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* where number k of the C order stands in Fortran's */
static int64_t fortran_place(const mtx_array *a, int64_t k)
{
    int64_t index[MTX_ARRAY_RANK], place = 0;
    for (int32_t d = a->rank; d-- > 0;) {
        index[d] = k % a->shape[d];
        k /= a->shape[d];
    }
    for (int32_t d = a->rank; d-- > 0;) place = place * a->shape[d] + index[d];
    return place;
}

static mtx_status read_values(const archive *z, const member *m, const uint8_t *data, uint64_t length, bool fortran, mtx_array *a)
{
    const bool big = a->type[0] == '>';
    const int bytes = !strcmp(a->type + 1, "f8") ? 8 : !strcmp(a->type + 1, "f4") ? 4 : 0;
    if (!bytes) return MTX_OK;
    if (length / (uint64_t)bytes < (uint64_t)a->n) return damaged(z, m, "the array ends early");
    a->values = malloc(sizeof(double) * (size_t)(a->n + 1));
    if (a->values == NULL) return rt_no_memory(z->problem);
    for (int64_t k = 0; k < a->n; k++) {
        const int64_t place = fortran ? fortran_place(a, k) : k;
        a->values[k] = number_at(data + place * bytes, bytes, big);
    }
    return MTX_OK;
}

static mtx_status read_array(const archive *z, const member *m, const uint8_t *bytes, mtx_array *a)
{
    if (m->size < 12 || memcmp(bytes, "\x93NUMPY", 6) != 0) return damaged(z, m, "this is no .npy array");
    const int wide = bytes[6] > 1 ? 4 : 2;
    const uint64_t length = little(bytes + 8, wide), start = 8 + (uint64_t)wide + length;
    if (start > m->size) return damaged(z, m, "its header ends early");
    char *header = io_text((const char *)bytes + 8 + wide, (size_t)length);
    if (header == NULL) return rt_no_memory(z->problem);
    const char *order = value_of(header, "'fortran_order'");
    const bool good = order != NULL && read_type(value_of(header, "'descr'"), a) && read_shape(value_of(header, "'shape'"), a);
    const bool fortran = good && order[0] == 'T';
    free(header);
    if (!good) return damaged(z, m, "its header is not as NumPy writes it");
    return read_values(z, m, bytes + start, m->size - start, fortran, a);
}

/* ---- all of it ------------------------------------------------------------------------------------------ */

static bool is_array(const member *m)
{
    return m->name_length > 4 && memcmp(m->name + m->name_length - 4, ".npy", 4) == 0;
}

static mtx_status add_member(const archive *z, const member *m, mtx_arrays *out)
{
    mtx_array *a = &out->at[out->n];
    uint8_t *bytes = NULL;
    *a = (mtx_array){.name = io_text(m->name, m->name_length - 4)};
    out->n++;
    if (a->name == NULL) return rt_no_memory(z->problem);
    mtx_status status = read_member(z, m, &bytes);
    if (status == MTX_OK) status = read_array(z, m, bytes, a);
    free(bytes);
    return status;
}

static mtx_status read_archive(const archive *z, mtx_arrays *out)
{
    uint64_t at, count;
    if (!find_directory(z, &at, &count)) return damaged(z, NULL, "it is no .npz archive");
    if (count > MEMBERS_MOST) return damaged(z, NULL, "it has more than 65536 members");
    out->at = calloc((size_t)count + 1, sizeof *out->at);
    if (out->at == NULL) return rt_no_memory(z->problem);
    mtx_status status = MTX_OK;
    uint64_t packed = 0;
    for (uint64_t k = 0; k < count && status == MTX_OK; k++) {
        member m;
        if (!read_entry(z, &at, &m)) return damaged(z, NULL, "its list of members is damaged");
        if (!is_array(&m)) continue;
        if (m.packed <= z->size && m.packed > z->size - packed)
            return damaged(z, &m, "its bytes are those of other members too");
        status = add_member(z, &m, out);
        packed += m.packed;
    }
    return status;
}

static mtx_status refused(const char *path, mtx_problem *problem)
{
    rt_problem_set(problem, MTX_EIO, "E0601", "%s: %s", path, strerror(errno));
    if (problem) snprintf(problem->file, sizeof problem->file, "%s", path);
    return MTX_EIO;
}

/* the bytes of a file, to be freed */
static mtx_status read_whole(FILE *f, const char *path, uint8_t **bytes, size_t *size, mtx_problem *problem)
{
    size_t room = 0, got = 1;
    while (got > 0) {
        if (*size + BLOCK > room) {
            room = 2 * room + BLOCK;
            uint8_t *grown = room > FILE_MOST ? NULL : realloc(*bytes, room);
            if (grown == NULL) return rt_no_memory(problem);
            *bytes = grown;
        }
        got = fread(*bytes + *size, 1, BLOCK, f);
        *size += got;
    }
    return ferror(f) ? refused(path, problem) : MTX_OK;
}

mtx_status mtx_arrays_read(mtx_arrays *arrays, const char *path, mtx_problem *problem)
{
    *arrays = (mtx_arrays){0};
    uint8_t *bytes = NULL;
    size_t size = 0;
    FILE *f = fopen(path, "rb");
    if (f == NULL) return refused(path, problem);
    mtx_status status = read_whole(f, path, &bytes, &size, problem);
    fclose(f);
    const archive z = {.bytes = bytes, .size = size, .path = path, .problem = problem};
    if (status == MTX_OK) status = read_archive(&z, arrays);
    free(bytes);
    return status;
}

#else

mtx_status mtx_arrays_read(mtx_arrays *arrays, const char *path, mtx_problem *problem)
{
    *arrays = (mtx_arrays){0};
    return rt_problem_set(problem, MTX_EUNSUPPORTED, "E0630", "%s cannot be read: mtx was built without zlib", path);
}

#endif
