/* SPDX-License-Identifier: Apache-2.0
 *
 * loop_lanes.c: In: a loop of a kernel. Out: whether its iterations can be lanes of vectors, and whether what it adds up
 * can stay a vector around it. Making such code is done by the emitters.
 */
#include "loop_lanes.h"

#include <string.h>

typedef struct scan {
    const kernel *k;
    bool *varies;
    bool bad;
} scan;

bool lanes_differ(const lexpr *x, const bool *varies)
{
    if (x->op == L_VALUE) return varies[x->value];
    for (int i = 0; i < loop_op_table[x->op].args; i++)
        if (lanes_differ(x->arg[i], varies)) return true;
    return false;
}

static void scan_block(scan *s, const lblock *b)
{
    for (uint32_t i = 0; i < b->stmt.n && !s->bad; i++) {
        const lstmt *st = b->stmt.at[i];
        switch (st->kind) {
        case LOOP_LET: s->varies[st->let.value] = lanes_differ(st->let.expr, s->varies); break;
        case LOOP_VAR: s->varies[st->let.value] = true; break;
        case LOOP_SET: break;
        case LOOP_STORE: s->bad = !lanes_differ(st->store.index, s->varies); break;
        case LOOP_FOR:
            s->bad = lanes_differ(st->loop.lo, s->varies) || lanes_differ(st->loop.hi, s->varies);
            scan_block(s, &st->loop.body);
            break;
        case LOOP_IF:
            scan_block(s, &st->branch.then);
            scan_block(s, &st->branch.other);
            break;
        case LOOP_IF_WANTED: scan_block(s, &st->wanted.body); break;
        case LOOP_CALL: s->bad = true; break;
        case LOOP_COMMENT: break;
        }
    }
}

bool lanes_possible(const kernel *k, const lstmt *loop, bool *varies)
{
    scan s = {.k = k, .varies = varies};
    memset(varies, 0, (k->values.n + 1u) * sizeof *varies);
    varies[loop->loop.index] = true;
    scan_block(&s, &loop->loop.body);
    return !s.bad;
}

static bool expr_reads(const lexpr *x, lvalue v)
{
    if (x->op == L_VALUE) return x->value == v;
    for (int i = 0; i < loop_op_table[x->op].args; i++)
        if (expr_reads(x->arg[i], v)) return true;
    return false;
}

static bool reduces(const lstmt *s, lvalue v)
{
    for (uint32_t i = 0; i < s->loop.n_reduction; i++)
        if (s->loop.reduction[i] == v) return true;
    return false;
}

bool lanes_read(const lblock *b, lvalue v, lanes_test *in_lanes, const void *user)
{
    for (uint32_t i = 0; i < b->stmt.n; i++) {
        const lstmt *s = b->stmt.at[i];
        bool reads = false;
        switch (s->kind) {
        case LOOP_LET:
        case LOOP_VAR: reads = expr_reads(s->let.expr, v); break;
        case LOOP_SET: reads = s->let.value == v || expr_reads(s->let.expr, v); break;
        case LOOP_STORE: reads = expr_reads(s->store.index, v) || expr_reads(s->store.expr, v); break;
        case LOOP_FOR:
            reads = expr_reads(s->loop.lo, v) || expr_reads(s->loop.hi, v) ||
                    (!(reduces(s, v) && in_lanes(user, s)) && lanes_read(&s->loop.body, v, in_lanes, user));
            break;
        case LOOP_IF:
            reads = expr_reads(s->branch.cond, v) || lanes_read(&s->branch.then, v, in_lanes, user) ||
                    lanes_read(&s->branch.other, v, in_lanes, user);
            break;
        case LOOP_CALL:
            for (uint32_t k = 0; k < s->call.n; k++) reads |= expr_reads(s->call.arg[k].value, v);
            break;
        case LOOP_IF_WANTED: reads = lanes_read(&s->wanted.body, v, in_lanes, user); break;
        case LOOP_COMMENT: break;
        }
        if (reads) return true;
    }
    return false;
}
