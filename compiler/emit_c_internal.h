/* SPDX-License-Identifier: Apache-2.0
 *
 * emit_c_internal.h: what emit_c.c (kernels, statements, expressions) and emit_c_lanes.c (loops in lanes) share.
 *
 * A loop in lanes runs MTX_LANES iterations at once: `lane` counts them, `in` says whether there is such an iteration.
 * What differs between the lanes and is needed behind a loop inside is an array over the lanes.
 */
#ifndef MTX_EMIT_C_INTERNAL_H
#define MTX_EMIT_C_INTERNAL_H

#include "emit_c.h"
#include "loop_lanes.h"

enum { EMIT_C_LANES = 8 }; /* MTX_LANES */

typedef struct c_printer {
    const kernel *k;
    text *out;
    int indent;
    bool *array;  /* by lvalue: over the lanes; NULL: there are no lanes */
    bool *part;   /* by lvalue: of those, the parts of a sum */
    bool *varies; /* by lvalue: of the loop that runs in lanes */
    bool lanes;   /* within the loop over lanes */
} c_printer;

/* how tightly an expression binds; an operand that binds more loosely than its place gets parentheses */
enum { BIND_SELECT, BIND_BITS, BIND_COMPARE, BIND_ADD, BIND_MUL, BIND_UNARY, BIND_ATOM };

/* sums that stay parts, a number for each lane, around a loop over such loops */
enum { PARTS_MOST = 24 };
typedef struct lifted_parts {
    lvalue sum[PARTS_MOST];
    uint32_t n;
} lifted_parts;

/* ---- emit_c.c */
const char *c_type(loop_type t);
void c_name(c_printer *c, lvalue v);
void c_value(c_printer *c, lvalue v); /* the name, of an array the lane's element */
void c_expr(c_printer *c, const lexpr *e, int binding);
void c_line(c_printer *c);
void c_stmt(c_printer *c, const lstmt *s);
void c_block(c_printer *c, const lblock *b);
void c_for_head(c_printer *c, const lstmt *s);

/* ---- emit_c_lanes.c */
bool c_in_lanes(c_printer *c, const lstmt *loop); /* is it printed by c_lanes? */
void c_lanes(c_printer *c, const lstmt *loop);
lifted_parts c_open_parts(c_printer *c, const lstmt *loop);
void c_close_parts(c_printer *c, const lifted_parts *p);

#endif
