/* SPDX-License-Identifier: Apache-2.0
 *
 * intern.c: one copy of every name. In: bytes. Out: a pointer that is equal for equal bytes. Open addressing, FNV-1a.
 */
#include "support.h"

#include <string.h>

struct intern_slot { const char *s; uint32_t n, hash; };

static uint32_t intern_hash(const char *s, size_t n)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)s[i]) * 16777619u;
    return h;
}

void intern_init(intern *t, arena *memory)
{
    *t = (intern){.memory = memory};
}

/* the slot that holds the name, or the free one where it belongs */
static struct intern_slot *intern_find(const intern *t, const char *s, size_t n, uint32_t hash)
{
    for (uint32_t i = hash & (t->cap - 1);; i = (i + 1) & (t->cap - 1)) {
        struct intern_slot *slot = &t->slot[i];
        if (!slot->s || (slot->hash == hash && slot->n == n && memcmp(slot->s, s, n) == 0))
            return slot;
    }
}

static void intern_grow(intern *t)
{
    intern bigger = *t;
    bigger.cap = t->cap ? t->cap * 2 : 256;
    bigger.slot = arena_array(t->memory, struct intern_slot, bigger.cap);
    for (uint32_t i = 0; i < t->cap; i++)
        if (t->slot[i].s)
            *intern_find(&bigger, t->slot[i].s, t->slot[i].n, t->slot[i].hash) = t->slot[i];
    *t = bigger;
}

name intern_n(intern *t, const char *s, size_t n)
{
    if (2 * (t->n + 1) > t->cap)
        intern_grow(t);
    uint32_t hash = intern_hash(s, n);
    struct intern_slot *slot = intern_find(t, s, n, hash);
    if (!slot->s) {
        *slot = (struct intern_slot){arena_strndup(t->memory, s, n), (uint32_t)n, hash};
        t->n++;
    }
    return slot->s;
}

name intern_s(intern *t, const char *s)
{
    return intern_n(t, s, strlen(s));
}
