/* SPDX-License-Identifier: Apache-2.0
 *
 * emit_c_lanes.c: wide loops as C that compilers vectorise. In: a loop that holds loops and whose iterations are
 * independent. Out: MTX_LANES iterations at once: what stands between the loops inside becomes short loops over the
 * lanes, of fixed length and with conditions in place of an end. Compilers do not vectorise such nests by themselves.
 * Simple loops are left to them.
 */
#include "emit_c_internal.h"

#include <stdlib.h>

/* ---- which loops --------------------------------------------------------------------------------------- */

static bool holds_loop(const lblock *b)
{
    bool holds = false;
    for (uint32_t i = 0; i < b->stmt.n; i++) holds |= b->stmt.at[i]->kind == LOOP_FOR;
    return holds;
}

/* loops stand in blocks of loops alone: not in a condition, which lanes may answer differently */
static bool loops_unconditional(const lblock *b, bool conditional)
{
    for (uint32_t i = 0; i < b->stmt.n; i++) {
        const lstmt *s = b->stmt.at[i];
        bool good = true;
        if (s->kind == LOOP_FOR) good = !conditional && loops_unconditional(&s->loop.body, false);
        if (s->kind == LOOP_IF)
            good = loops_unconditional(&s->branch.then, true) && loops_unconditional(&s->branch.other, true);
        if (s->kind == LOOP_IF_WANTED || s->kind == LOOP_CALL) good = false;
        if (!good) return false;
    }
    return true;
}

/* Of loops over a few constants compilers make better use as they are. */
bool c_in_lanes(c_printer *c, const lstmt *loop)
{
    bool fixed = loop->loop.lo->op == L_I64 && loop->loop.hi->op == L_I64;
    return c->array && loop->loop.wide && !fixed && loops_unconditional(&loop->loop.body, false) &&
           lanes_possible(c->k, loop, c->varies);
}

/* ---- sums ---------------------------------------------------------------------------------------------- */

static void open_part(c_printer *c, lvalue sum)
{
    text_printf(c->out, "%s part_", c_type(c->k->values.at[sum]));
    c_name(c, sum);
    text_add(c->out, "[MTX_LANES] = {0};\n");
    c_line(c);
    c->part[sum] = c->array[sum] = true;
}

static void close_part(c_printer *c, lvalue sum)
{
    c->part[sum] = c->array[sum] = false;
    c_line(c);
    text_add(c->out, "for (int lane = 0; lane < MTX_LANES; lane++) ");
    c_name(c, sum);
    text_add(c->out, " += part_");
    c_name(c, sum);
    text_add(c->out, "[lane];\n");
}

static bool in_lanes(const void *user, const lstmt *loop)
{
    c_printer c = *(const c_printer *)user;
    return c_in_lanes(&c, loop);
}

lifted_parts c_open_parts(c_printer *c, const lstmt *loop)
{
    lifted_parts p = {.n = 0};
    const lblock *body = &loop->loop.body;
    for (uint32_t i = 0; i < body->stmt.n && !c->lanes; i++) {
        const lstmt *s = body->stmt.at[i];
        if (s->kind != LOOP_FOR || !c_in_lanes(c, s)) continue;
        for (uint32_t k = 0; k < s->loop.n_reduction && p.n < PARTS_MOST; k++) {
            lvalue v = s->loop.reduction[k];
            bool inside = false; /* declared in the body */
            for (uint32_t m = 0; m < body->stmt.n; m++)
                inside |= body->stmt.at[m]->kind == LOOP_VAR && body->stmt.at[m]->let.value == v;
            if (inside || c->part[v] || lanes_read(body, v, in_lanes, c)) continue;
            p.sum[p.n++] = v;
            open_part(c, v);
        }
    }
    return p;
}

void c_close_parts(c_printer *c, const lifted_parts *p)
{
    for (uint32_t k = 0; k < p->n; k++) close_part(c, p->sum[k]);
}

/* ---- lanes --------------------------------------------------------------------------------------------- */

/* values of a block that holds loops are arrays, as they are needed in several loops over lanes */
static void declare(c_printer *c, const lblock *b)
{
    for (uint32_t i = 0; i < b->stmt.n; i++) {
        const lstmt *s = b->stmt.at[i];
        if ((s->kind != LOOP_LET && s->kind != LOOP_VAR) || !c->varies[s->let.value]) continue;
        c_line(c);
        text_printf(c->out, "%s ", c_type(c->k->values.at[s->let.value]));
        c_name(c, s->let.value);
        text_add(c->out, "[MTX_LANES];\n");
        c->array[s->let.value] = true;
    }
}

static void forget(c_printer *c, const lblock *b)
{
    for (uint32_t i = 0; i < b->stmt.n; i++) {
        const lstmt *s = b->stmt.at[i];
        if (s->kind == LOOP_LET || s->kind == LOOP_VAR) c->array[s->let.value] = false;
    }
}

/* the same for all lanes: made once */
static bool is_uniform(const c_printer *c, const lstmt *s)
{
    return s->kind == LOOP_LET && !c->varies[s->let.value];
}

static void lane_loop(c_printer *c, const lstmt *loop, const lblock *b, uint32_t first, uint32_t end)
{
    if (first == end) return;
    c_line(c);
    text_add(c->out, "#pragma omp simd\n");
    c_line(c);
    text_add(c->out, "for (int64_t lane = 0; lane < MTX_LANES; lane++) {\n");
    c->indent++;
    c_line(c);
    text_add(c->out, "const int64_t ");
    c_name(c, loop->loop.index);
    text_add(c->out, " = first_");
    c_name(c, loop->loop.index);
    text_add(c->out, " + lane;\n");
    c_line(c);
    text_add(c->out, "const bool in = ");
    c_name(c, loop->loop.index);
    text_add(c->out, " < end_");
    c_name(c, loop->loop.index);
    text_add(c->out, ";\n");
    c_line(c);
    text_add(c->out, "(void)in;\n");
    c->lanes = true;
    for (uint32_t i = first; i < end; i++) c_stmt(c, b->stmt.at[i]);
    c->lanes = false;
    c->indent--;
    c_line(c);
    text_add(c->out, "}\n");
}

static void lane_block(c_printer *c, const lstmt *loop, const lblock *b)
{
    bool loops = holds_loop(b);
    uint32_t first = 0;
    c->indent++;
    if (loops) declare(c, b);
    for (uint32_t i = 0; loops && i < b->stmt.n; i++) {
        const lstmt *s = b->stmt.at[i];
        if (s->kind != LOOP_FOR && !is_uniform(c, s)) continue;
        lane_loop(c, loop, b, first, i);
        first = i + 1;
        if (s->kind != LOOP_FOR) {
            c_stmt(c, s);
            continue;
        }
        c_line(c);
        c_for_head(c, s);
        lane_block(c, loop, &s->loop.body);
        c_line(c);
        text_add(c->out, "}\n");
    }
    lane_loop(c, loop, b, first, b->stmt.n);
    if (loops) forget(c, b);
    c->indent--;
}

static void lane_bounds(c_printer *c, const lstmt *s)
{
    text_add(c->out, "const int64_t end_");
    c_name(c, s->loop.index);
    text_add(c->out, " = ");
    c_expr(c, s->loop.hi, BIND_SELECT);
    text_add(c->out, ";\n");
    c_line(c);
    text_add(c->out, "for (int64_t first_");
    c_name(c, s->loop.index);
    text_add(c->out, " = ");
    c_expr(c, s->loop.lo, BIND_SELECT);
    text_add(c->out, "; first_");
    c_name(c, s->loop.index);
    text_add(c->out, " < end_");
    c_name(c, s->loop.index);
    text_add(c->out, "; first_");
    c_name(c, s->loop.index);
    text_add(c->out, " += MTX_LANES) {\n");
}

void c_lanes(c_printer *c, const lstmt *s)
{
    lvalue *opened = calloc(s->loop.n_reduction + 1u, sizeof *opened);
    uint32_t n = 0;
    for (uint32_t k = 0; opened && k < s->loop.n_reduction; k++) {
        if (c->part[s->loop.reduction[k]]) continue;
        opened[n++] = s->loop.reduction[k];
        open_part(c, s->loop.reduction[k]);
    }
    lane_bounds(c, s);
    lane_block(c, s, &s->loop.body);
    c_line(c);
    text_add(c->out, "}\n");
    for (uint32_t k = 0; k < n; k++) close_part(c, opened[k]);
    free(opened);
}
