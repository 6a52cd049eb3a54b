/* SPDX-License-Identifier: Apache-2.0
 *
 * support.h: memory, names, growing arrays and text. Knows nothing of mtx.
 */
#ifndef MTX_SUPPORT_H
#define MTX_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- arena: bump allocation, freed as a whole. Never returns NULL: on exhaustion it jumps to arena->guard. */
typedef struct arena_block arena_block;
typedef struct arena {
    arena_block *head;
    jmp_buf     *guard;          /* where exhaustion lands; set by mtx_compile, required     */
    size_t       total;          /* bytes handed out, for --time-passes                      */
} arena;

void  arena_init(arena *a, jmp_buf *guard);
void  arena_free(arena *a);
void *arena_alloc(arena *a, size_t size);                     /* zeroed, 16-byte aligned      */
void *arena_copy(arena *a, const void *from, size_t size);
char *arena_strndup(arena *a, const char *s, size_t n);
char *arena_printf(arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(arena *a, const char *format, va_list ap);
#define arena_new(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define arena_array(a, type, n) ((type *)arena_alloc((a), sizeof(type) * (size_t)(n)))

/* ---- vec: a growing array in an arena. Declare as  VEC(ast *) stmts;  */
#define VEC(type) struct { type *at; uint32_t n, cap; }
void *vec_grow_(arena *a, void *at, uint32_t *cap, uint32_t need, size_t size);
#define vec_push(a, v, x)                                                                                       \
    ((v)->n == (v)->cap ? (void)((v)->at = vec_grow_((a), (v)->at, &(v)->cap, (v)->n + 1, sizeof *(v)->at)) : (void)0, \
     (v)->at[(v)->n++] = (x))

/* ---- intern: equal names have equal pointers */
typedef const char *name;        /* interned: compare with == */
typedef struct intern { arena *memory; struct intern_slot *slot; uint32_t n, cap; } intern;
void intern_init(intern *t, arena *memory);
name intern_n(intern *t, const char *s, size_t n);
name intern_s(intern *t, const char *s);

/* ---- text: a growing string in malloc memory, for printers */
typedef struct text { char *s; size_t n, cap; bool failed; } text;
void text_init(text *t);
void text_free(text *t);
/* what was written, in the arena; frees the text, and ends in the guard when it had failed */
char *text_keep(arena *a, text *t);
void text_add(text *t, const char *s);
void text_addn(text *t, const char *s, size_t n);
void text_printf(text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_json(text *t, const char *s);                       /* a quoted, escaped JSON string */
/** Closest candidate by edit distance, or NULL when none is near enough. */
const char *text_closest(const char *word, const char *const *candidates, size_t n);

#endif
