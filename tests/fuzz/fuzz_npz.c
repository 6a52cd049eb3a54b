/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_npz.c: any bytes as a NumPy file. The first byte chooses: the rest is the archive, or the one member of an archive
 * whose check sum is right, so that what lies behind it is reached. The reader must leave arrays that are consistent and
 * say what is wrong with a file.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "mtx/mtxrt.h"

enum { LOCAL = 30, CENTRAL = 46, END = 22, NAME = 5, ADDED = LOCAL + CENTRAL + END + 2 * NAME };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void need(bool condition)
{
    if (!condition) abort();
}

static void put(uint8_t *to, size_t value, int bytes)
{
    for (int k = 0; k < bytes; k++) to[k] = (uint8_t)(value >> (8 * k));
}

/* what local and central headers say of the member a.npy, stored as it is */
static void describe(uint8_t *to, const uint8_t *bytes, size_t size)
{
    put(to, crc32(0, bytes, (uInt)size), 4);
    put(to + 4, size, 4);
    put(to + 8, size, 4);
    put(to + 12, NAME, 2);
}

/* [size + ADDED] */
static void archive_of(uint8_t *to, const uint8_t *bytes, size_t size)
{
    uint8_t *central = to + LOCAL + NAME + size, *end = central + CENTRAL + NAME;
    memset(to, 0, size + ADDED);
    memcpy(to, "PK\3\4", 4);
    describe(to + 14, bytes, size);
    memcpy(to + LOCAL, "a.npy", NAME);
    memcpy(to + LOCAL + NAME, bytes, size);
    memcpy(central, "PK\1\2", 4);
    describe(central + 16, bytes, size);
    memcpy(central + CENTRAL, "a.npy", NAME);
    memcpy(end, "PK\5\6", 4);
    put(end + 8, 1, 2);
    put(end + 10, 1, 2);
    put(end + 12, CENTRAL + NAME, 4);
    put(end + 16, (size_t)(central - to), 4);
}

static void check_array(const mtx_array *a)
{
    int64_t n = 1;
    need(a->name != NULL && a->rank >= 0 && a->rank <= MTX_ARRAY_RANK && memchr(a->type, 0, sizeof a->type) != NULL);
    for (int32_t d = 0; d < a->rank; d++) {
        need(a->shape[d] >= 0);
        n = a->shape[d] ? n * a->shape[d] : 0;
    }
    need(n == a->n);
    volatile double sum = 0;
    for (int64_t k = 0; a->values != NULL && k < n; k++) sum = sum + a->values[k];
}

static void read_bytes(const uint8_t *bytes, size_t size)
{
    char path[64];
    const int file = memfd_create("fuzz", 0);
    need(file >= 0 && write(file, bytes, size) == (ssize_t)size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    mtx_arrays all;
    mtx_problem p = {0};
    const mtx_status status = mtx_arrays_read(&all, path, &p);
    for (int32_t k = 0; status == MTX_OK && k < all.n; k++) check_array(&all.at[k]);
    if (status != MTX_OK) need(p.status == status && p.code[0] == 'E' && p.message[0] != '\0');
    mtx_arrays_free(&all);
    close(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size == 0) return 0;
    if (bytes[0] & 1) {
        read_bytes(bytes + 1, size - 1);
        return 0;
    }
    uint8_t *made = malloc(size - 1 + ADDED);
    need(made != NULL);
    archive_of(made, bytes + 1, size - 1);
    read_bytes(made, size - 1 + ADDED);
    free(made);
    return 0;
}
