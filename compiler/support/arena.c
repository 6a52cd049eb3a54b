/* SPDX-License-Identifier: Apache-2.0
 *
 * arena.c: bump allocation in growing blocks. In: sizes. Out: zeroed, 16-byte aligned memory that lives until
 * arena_free. Exhaustion jumps to the guard instead of returning NULL, so no pass checks for it. The address
 * sanitizer sees the pieces of a block as if each came from malloc.
 */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) && !defined(__SANITIZE_ADDRESS__)
#define __SANITIZE_ADDRESS__ 1           /* clang before 21                                     */
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#define ARENA_GAP 16u                    /* bytes after every piece that nobody may touch       */
#define arena_hide(p, n) __asan_poison_memory_region(p, n)
#define arena_show(p, n) __asan_unpoison_memory_region(p, n)
#else
#define ARENA_GAP 0u
#define arena_hide(p, n) ((void)(p), (void)(n))
#define arena_show(p, n) ((void)(p), (void)(n))
#endif

#define ARENA_ALIGN 16u
#define ARENA_FIRST 8192u                /* later blocks double up to ARENA_MOST                */
#define ARENA_MOST  (1u << 20)

struct arena_block {
    arena_block *next;
    size_t       used, size;             /* bytes of data                                       */
    _Alignas(16) unsigned char data[];
};

void arena_init(arena *a, jmp_buf *guard)
{
    *a = (arena){.guard = guard};
}

void arena_free(arena *a)
{
    for (arena_block *b = a->head; b;) {
        arena_block *next = b->next;
        free(b);
        b = next;
    }
    a->head = NULL;
    a->total = 0;
}

static arena_block *arena_grow(arena *a, size_t size)
{
    size_t want = a->head ? a->head->size * 2 : ARENA_FIRST;
    if (want > ARENA_MOST)
        want = ARENA_MOST;
    bool big = size > want / 4;          /* a block of its own, so that the current one is not wasted */
    if (big)
        want = size;
    arena_block *b = want <= SIZE_MAX - sizeof *b ? calloc(1, sizeof *b + want) : NULL;
    if (!b)
        longjmp(*a->guard, 1);
    b->size = want;
    arena_hide(b->data, want);
    if (big && a->head) {
        b->next = a->head->next;
        a->head->next = b;
    } else {
        b->next = a->head;
        a->head = b;
    }
    return b;
}

void *arena_alloc(arena *a, size_t size)
{
    if (size > SIZE_MAX - ARENA_ALIGN - ARENA_GAP)
        longjmp(*a->guard, 1);
    const size_t asked = size;
    size = (size + ARENA_GAP + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
    arena_block *b = a->head;
    if (!b || b->size - b->used < size)
        b = arena_grow(a, size);
    void *p = b->data + b->used;
    arena_show(p, asked);
    b->used += size;
    a->total += size;
    return p;
}

void *arena_copy(arena *a, const void *from, size_t size)
{
    void *p = arena_alloc(a, size);
    if (size)
        memcpy(p, from, size);
    return p;
}

char *arena_strndup(arena *a, const char *s, size_t n)
{
    char *p = arena_alloc(a, n + 1);
    memcpy(p, s, n);
    return p;
}

char *arena_vprintf(arena *a, const char *format, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (n < 0)
        return arena_strndup(a, "", 0);
    char *p = arena_alloc(a, (size_t)n + 1);
    vsnprintf(p, (size_t)n + 1, format, ap);
    return p;
}

char *arena_printf(arena *a, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    char *p = arena_vprintf(a, format, ap);
    va_end(ap);
    return p;
}
