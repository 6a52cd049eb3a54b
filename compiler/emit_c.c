/* SPDX-License-Identifier: Apache-2.0
 *
 * emit_c.c: loop IR to readable C99. In: a verified kernel. Out: for each kernel a static function with the
 * loops, whose arrays are restrict parameters, and an entry function of the kernel type that finds the arrays
 * in the view and lays out the scratch memory. No checks here, no compiling (cc.c).
 */
#include "emit_c_internal.h"

#include "loop_plan.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *c_type(loop_type t)
{
    switch (t) {
    case LT_F64: return "double";
    case LT_I64: return "int64_t";
    case LT_I32: return "int32_t";
    case LT_BOOL: return "bool";
    }
    return "double";
}

/* ---- names: a value is NAME_number, a buffer NAME_bnumber, so the two never meet and no C keyword does */

static void c_word(const char *words, text *out)
{
    for (const char *p = words ? words : ""; *p; p++) {
        bool letter = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || *p == '_';
        bool digit = *p >= '0' && *p <= '9' && p != words;
        text_addn(out, letter || digit ? p : "_", 1);
    }
}

void c_identifier(const char *words, text *out)
{
    if (!words || !*words) text_add(out, "_");
    c_word(words, out);
}

void c_name(c_printer *c, lvalue v)
{
    const char *words = c->k->value_names.at[v];
    if (v <= KERNEL_F1) {
        text_add(c->out, v == KERNEL_F0 ? "f0" : "f1");
        return;
    }
    c_word(words && *words ? words : "t", c->out);
    text_printf(c->out, "_%u", v);
}

void c_value(c_printer *c, lvalue v)
{
    bool array = c->array && c->array[v];
    text_add(c->out, array && c->part[v] ? "part_" : "");
    c_name(c, v);
    text_add(c->out, array ? "[lane]" : "");
}

static void c_buffer(c_printer *c, buffer_id b)
{
    const char *label = c->k->buffers.at[b].label;
    c_word(label && *label ? label : "a", c->out);
    text_printf(c->out, "_b%u", b);
}

static const char *extent_word(extent_kind kind)
{
    return kind == EXT_TOTAL ? "total" : kind == EXT_MAX_ROW ? "max_row" : "max_frame";
}

/* ---- expressions --------------------------------------------------------------------------------------- */

static void c_number(double x, text *out)
{
    char digits[40];
    if (isnan(x) || isinf(x)) {
        text_add(out, isnan(x) ? "NAN" : x > 0 ? "INFINITY" : "-INFINITY");
        return;
    }
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, x);
        if (strtod(digits, NULL) == x) break;
    }
    text_add(out, digits);
    if (!strpbrk(digits, ".e")) text_add(out, ".0");
}

static int c_binding(const c_printer *c, const lexpr *e)
{
    switch (e->op) {
    case L_SELECT: return BIND_SELECT;
    case L_AND:
    case L_OR: return BIND_BITS;
    case L_LT:
    case L_LE:
    case L_EQ:
    case L_ILT:
    case L_ILE:
    case L_IEQ: return BIND_COMPARE;
    case L_ADD:
    case L_SUB:
    case L_IADD:
    case L_ISUB:
    case L_FMA: return BIND_ADD;
    case L_MUL:
    case L_DIV:
    case L_IMUL: return BIND_MUL;
    case L_NEG:
    case L_NOT:
    case L_TO_F64: return BIND_UNARY;
    case L_F64: return e->f64 < 0 || signbit(e->f64) ? BIND_UNARY : BIND_ATOM;
    case L_I64: return e->i64 < 0 ? BIND_UNARY : BIND_ATOM;
    case L_LOAD: return c->k->buffers.at[e->buffer].type == LT_I32 ? BIND_UNARY : BIND_ATOM;
    case L_BOOL:
    case L_VALUE:
    case L_EXTENT:
    case L_SQRT:
    case L_ABS:
    case L_MIN:
    case L_MAX:
    case L_FLOOR:
    case L_EXP:
    case L_LOG:
    case L_SIN:
    case L_COS:
    case L_TAN:
    case L_ASIN:
    case L_ACOS:
    case L_ATAN:
    case L_ATAN2:
    case L_SINH:
    case L_COSH:
    case L_TANH:
    case L_ERF:
    case L_ERFC:
    case L_POW:
    case L_IMIN:
    case L_IMAX:
    case L_TO_I64: return BIND_ATOM;
    }
    return BIND_ATOM;
}

static void c_infix(c_printer *c, const lexpr *e, int left, int right)
{
    c_expr(c, e->arg[0], left);
    text_printf(c->out, " %s ", loop_op_table[e->op].text);
    c_expr(c, e->arg[1], right);
}

static void c_function(c_printer *c, const lexpr *e, const char *function)
{
    text_printf(c->out, "%s(", function);
    for (int i = 0; i < loop_op_table[e->op].args; i++) {
        if (i) text_add(c->out, ", ");
        c_expr(c, e->arg[i], BIND_SELECT);
    }
    text_add(c->out, ")");
}

static void c_load(c_printer *c, const lexpr *e)
{
    bool guarded = c->lanes && lanes_differ(e->arg[0], c->varies); /* idle lanes may be behind the end */
    text_add(c->out, guarded ? "(in ? " : "");
    if (c->k->buffers.at[e->buffer].type == LT_I32) text_add(c->out, "(int64_t)");
    c_buffer(c, e->buffer);
    text_add(c->out, "[");
    c_expr(c, e->arg[0], BIND_SELECT);
    text_add(c->out, "]");
    if (guarded) text_add(c->out, e->type == LT_F64 ? " : 1.0)" : " : 0)");
}

static void c_select(c_printer *c, const lexpr *e)
{
    c_expr(c, e->arg[0], BIND_BITS);
    text_add(c->out, " ? ");
    c_expr(c, e->arg[1], BIND_BITS);
    text_add(c->out, " : ");
    c_expr(c, e->arg[2], BIND_BITS);
}

static void c_integer(int64_t x, text *out)
{
    if (x == INT64_MIN)
        text_add(out, "INT64_MIN");
    else
        text_printf(out, x > INT32_MAX || x < -INT32_MAX ? "INT64_C(%" PRId64 ")" : "%" PRId64, x);
}

/* whole-number arithmetic on two constants must not happen in int */
static void c_whole(c_printer *c, const lexpr *e, int left, int right)
{
    if (e->arg[0]->op == L_I64) text_add(c->out, "(int64_t)");
    c_infix(c, e, e->arg[0]->op == L_I64 ? BIND_UNARY : left, right);
}

static void c_bare(c_printer *c, const lexpr *e)
{
    switch (e->op) {
    case L_F64: c_number(e->f64, c->out); return;
    case L_I64: c_integer(e->i64, c->out); return;
    case L_BOOL: text_add(c->out, e->i64 ? "true" : "false"); return;
    case L_VALUE: c_value(c, e->value); return;
    case L_LOAD: c_load(c, e); return;
    case L_EXTENT: text_printf(c->out, "%s_%u", extent_word(e->extent.kind), e->extent.set); return;
    case L_ADD:
    case L_SUB: c_infix(c, e, BIND_ADD, BIND_MUL); return;
    case L_MUL:
    case L_DIV: c_infix(c, e, BIND_MUL, BIND_UNARY); return;
    case L_IADD:
    case L_ISUB: c_whole(c, e, BIND_ADD, BIND_MUL); return;
    case L_IMUL: c_whole(c, e, BIND_MUL, BIND_UNARY); return;
    case L_FMA:
        c_expr(c, e->arg[0], BIND_MUL);
        text_add(c->out, " * ");
        c_expr(c, e->arg[1], BIND_UNARY);
        text_add(c->out, " + ");
        c_expr(c, e->arg[2], BIND_MUL);
        return;
    case L_LT:
    case L_LE:
    case L_EQ:
    case L_ILT:
    case L_ILE:
    case L_IEQ: c_infix(c, e, BIND_ADD, BIND_ADD); return;
    case L_AND:
    case L_OR: c_infix(c, e, BIND_UNARY, BIND_UNARY); return;
    case L_NEG:
        text_add(c->out, "-");
        c_expr(c, e->arg[0], BIND_ATOM);
        return;
    case L_NOT:
        text_add(c->out, "!");
        c_expr(c, e->arg[0], BIND_ATOM);
        return;
    case L_TO_F64:
        text_add(c->out, "(double)");
        c_expr(c, e->arg[0], BIND_UNARY);
        return;
    case L_SELECT: c_select(c, e); return;
    case L_ABS: c_function(c, e, "fabs"); return;
    case L_MIN: c_function(c, e, "mtx_min"); return;
    case L_MAX: c_function(c, e, "mtx_max"); return;
    case L_IMIN: c_function(c, e, "mtx_imin"); return;
    case L_IMAX: c_function(c, e, "mtx_imax"); return;
    case L_TO_I64: c_function(c, e, "mtx_to_i64"); return;
    case L_SQRT:
    case L_FLOOR:
    case L_EXP:
    case L_LOG:
    case L_SIN:
    case L_COS:
    case L_TAN:
    case L_ASIN:
    case L_ACOS:
    case L_ATAN:
    case L_ATAN2:
    case L_SINH:
    case L_COSH:
    case L_TANH:
    case L_ERF:
    case L_ERFC:
    case L_POW: c_function(c, e, loop_op_table[e->op].text); return;
    }
}

void c_expr(c_printer *c, const lexpr *e, int binding)
{
    bool wrap = c_binding(c, e) < binding;
    text_add(c->out, wrap ? "(" : "");
    c_bare(c, e);
    text_add(c->out, wrap ? ")" : "");
}

/* ---- statements ---------------------------------------------------------------------------------------- */

void c_line(c_printer *c)
{
    text_printf(c->out, "%*s", 4 * c->indent, "");
}

static void c_comment(const char *words, text *out)
{
    text_add(out, "/* ");
    for (const char *p = words; *p; p++) /* no comment ends early, whatever a doc text holds */
        text_addn(out, (p[0] == '*' && p[1] == '/') || *p == '\n' ? " " : p, 1);
    text_add(out, " */");
}

static void c_let(c_printer *c, const lstmt *s)
{
    bool declared = c->array && c->array[s->let.value];
    if (s->kind != LOOP_SET && !declared)
        text_printf(c->out, "%s%s ", s->kind == LOOP_LET ? "const " : "",
                    c_type(c->k->values.at[s->let.value]));
    c_value(c, s->let.value);
    bool part = c->lanes && c->part[s->let.value]; /* idle lanes add nothing */
    const lexpr *term = s->kind == LOOP_SET ? reduction_term(s->let.expr, s->let.value) : NULL;
    bool difference = s->let.expr->op == L_SUB || s->let.expr->op == L_ISUB;
    text_add(c->out, !term ? " = " : difference ? " -= " : " += ");
    text_add(c->out, part ? "in ? " : "");
    c_expr(c, term ? term : s->let.expr, part ? BIND_BITS : BIND_SELECT);
    text_add(c->out, part ? " : 0;\n" : ";\n");
}

static void c_store(c_printer *c, const lstmt *s)
{
    if (c->lanes) text_add(c->out, "if (in) ");
    c_buffer(c, s->store.buffer);
    text_add(c->out, "[");
    c_expr(c, s->store.index, BIND_SELECT);
    text_add(c->out, s->store.add ? "] += " : "] = ");
    bool narrow = c->k->buffers.at[s->store.buffer].type == LT_I32;
    text_add(c->out, narrow ? "(int32_t)" : "");
    c_expr(c, s->store.expr, narrow ? BIND_UNARY : BIND_SELECT);
    text_add(c->out, ";\n");
}

static void c_simd(c_printer *c, const lstmt *s)
{
    text_add(c->out, "#pragma omp simd");
    for (uint32_t i = 0; i < s->loop.n_reduction; i++) {
        text_add(c->out, i ? ", " : " reduction(+:");
        c_value(c, s->loop.reduction[i]);
    }
    text_add(c->out, s->loop.n_reduction ? ")\n" : "\n");
    c_line(c);
}

void c_for_head(c_printer *c, const lstmt *s)
{
    text_add(c->out, "for (int64_t ");
    c_value(c, s->loop.index);
    text_add(c->out, " = ");
    c_expr(c, s->loop.lo, BIND_SELECT);
    text_add(c->out, "; ");
    c_value(c, s->loop.index);
    text_add(c->out, " < ");
    c_expr(c, s->loop.hi, BIND_ADD);
    text_add(c->out, "; ");
    c_value(c, s->loop.index);
    text_add(c->out, "++) {\n");
}

static void c_for(c_printer *c, const lstmt *s)
{
    if (!c->lanes && c_in_lanes(c, s)) {
        c_lanes(c, s);
        return;
    }
    lifted_parts open = c_open_parts(c, s);
    if (s->loop.simd && !c->lanes) c_simd(c, s);
    c_for_head(c, s);
    c_block(c, &s->loop.body);
    c_line(c);
    text_add(c->out, "}\n");
    c_close_parts(c, &open);
}

static void c_if(c_printer *c, const lstmt *s)
{
    text_add(c->out, "if (");
    c_expr(c, s->branch.cond, BIND_SELECT);
    text_add(c->out, ") {\n");
    c_block(c, &s->branch.then);
    c_line(c);
    if (s->branch.other.stmt.n) {
        text_add(c->out, "} else {\n");
        c_block(c, &s->branch.other);
        c_line(c);
    }
    text_add(c->out, "}\n");
}

static void c_call(c_printer *c, const lstmt *s)
{
    text_printf(c->out, "%s(", loop_callee_table[s->call.callee].symbol);
    for (uint32_t i = 0; i < s->call.n; i++) {
        const call_arg *a = &s->call.arg[i];
        text_add(c->out, i ? ", " : "");
        if (a->is_buffer) c_buffer(c, a->buffer);
        if (a->is_buffer) text_add(c->out, " + ");
        c_expr(c, a->value, a->is_buffer ? BIND_MUL : BIND_SELECT);
    }
    text_add(c->out, ");\n");
}

/* the first buffer of that output tells whether it is wanted */
static void c_wanted(c_printer *c, const lstmt *s)
{
    text_printf(c->out, "if (wanted_%u) {\n", s->wanted.output);
    c_block(c, &s->wanted.body);
    c_line(c);
    text_add(c->out, "}\n");
}

void c_stmt(c_printer *c, const lstmt *s)
{
    c_line(c);
    switch (s->kind) {
    case LOOP_LET:
    case LOOP_VAR:
    case LOOP_SET: c_let(c, s); return;
    case LOOP_STORE: c_store(c, s); return;
    case LOOP_FOR: c_for(c, s); return;
    case LOOP_IF: c_if(c, s); return;
    case LOOP_CALL: c_call(c, s); return;
    case LOOP_IF_WANTED: c_wanted(c, s); return;
    case LOOP_COMMENT:
        c_comment(s->comment, c->out);
        text_add(c->out, "\n");
        return;
    }
}

void c_block(c_printer *c, const lblock *b)
{
    c->indent++;
    for (uint32_t i = 0; i < b->stmt.n; i++) c_stmt(c, b->stmt.at[i]);
    c->indent--;
}

/* ---- functions ----------------------------------------------------------------------------------------- */

/* where the entry finds a buffer that is not scratch */
static void c_view_place(const buffer *b, text *out)
{
    static const char *const member[] = {
        [BUF_SET_PTR] = "ptr", [BUF_SET_ROW] = "row", [BUF_SET_I] = "i",
        [BUF_SET_J] = "j",     [BUF_SET_REV] = "rev", [BUF_SET_X] = "x",
        [BUF_SET_Y] = "y",     [BUF_SET_Z] = "z",     [BUF_SET_DIST] = "dist"};
    if (b->kind <= BUF_SET_DIST)
        text_printf(out, "view->set[%u].%s", b->index, member[b->kind]);
    else if (b->kind == BUF_INPUT)
        text_printf(out, "(const %s *)view->input[%u]", c_type(b->type), b->index);
    else if (b->kind == BUF_CELL)
        text_printf(out, "view->cell[%u]", b->index);
    else if (b->kind == BUF_PARAM)
        text_add(out, "view->param");
    else
        text_printf(out, "(%s *)out[%u]", c_type(b->type), b->index);
}

static void c_table(c_printer *c, buffer_id id, const char *symbol)
{
    const buffer *b = &c->k->buffers.at[id];
    text_printf(c->out, "static const %s %s_", c_type(b->type), symbol);
    c_buffer(c, id);
    text_printf(c->out, "[%u] = {", b->n_data);
    for (uint32_t i = 0; i < b->n_data; i++) {
        text_add(c->out, i % 6 ? " " : "\n    ");
        if (b->type == LT_F64)
            c_number(b->data[i], c->out);
        else
            c_integer((int64_t)b->data[i], c->out);
        text_add(c->out, ",");
    }
    text_add(c->out, "\n};\n\n");
}

/* the heads of slots, the view's arrays, the extents, then which outputs are wanted: parameters of the
 * loops */
static void c_loops_head(c_printer *c, const char *symbol)
{
    const kernel_uses *u = c->k->uses;
    text_printf(c->out, "static void %s_loops(int64_t f0, int64_t f1", symbol);
    for (buffer_id b = 0; b < c->k->buffers.n; b++) {
        const buffer *buf = &c->k->buffers.at[b];
        if (!plan_is_parameter(c->k, b)) continue;
        text_printf(c->out, ",\n    %s%s *restrict ", buffer_is_written(buf) ? "" : "const ",
                    c_type(buf->type));
        c_buffer(c, b);
    }
    for (uint32_t i = 0; i < u->n_extent; i++)
        text_printf(c->out, ",\n    int64_t %s_%u", extent_word(u->extent[i].kind), u->extent[i].set);
    for (uint32_t i = 0; i < c->k->n_outputs; i++)
        if (u->output[i]) text_printf(c->out, ",\n    bool wanted_%u", i);
    text_add(c->out, ")\n{\n");
}

/* a buffer behind the head of its slot is another name of it, a local one an array, a table a shorter name */
static void c_loops_locals(c_printer *c, const char *symbol)
{
    for (buffer_id b = 0; b < c->k->buffers.n; b++) {
        const buffer *buf = &c->k->buffers.at[b];
        if (!c->k->uses->buffer[b]) continue;
        if (buf->kind == BUF_SCRATCH && !plan_is_head(c->k, b)) {
            text_printf(c->out, "    %s *const ", c_type(buf->type));
            c_buffer(c, b);
            text_add(c->out, " = ");
            c_buffer(c, plan_head(c->k, b));
        } else if (buf->kind == BUF_LOCAL) {
            text_printf(c->out, "    %s ", c_type(buf->type));
            c_buffer(c, b);
            text_printf(c->out, "[%" PRId64 "]", buf->size.constant);
        } else if (buf->kind == BUF_CONST) {
            text_printf(c->out, "    const %s *const ", c_type(buf->type));
            c_buffer(c, b);
            text_printf(c->out, " = %s_", symbol);
            c_buffer(c, b);
        } else {
            continue;
        }
        text_add(c->out, ";\n");
    }
}

static void c_extent(const extent *x, text *out)
{
    if (x->kind == EXT_TOTAL)
        text_printf(out, "mtx_total(&view->set[%u], f0, f1)", x->set);
    else
        text_printf(out, "view->set[%u].%s", x->set, extent_word(x->kind));
}

static void c_bytes(const buffer *b, text *out)
{
    text_printf(out, "mtx_bytes(%zu, %" PRId64, loop_type_bytes(b->type), b->size.constant);
    for (uint32_t i = 0; i < b->size.n_factor; i++) {
        text_add(out, " * ");
        c_extent(&b->size.factor[i], out);
    }
    text_add(out, ")");
}

static void c_entry_scratch(c_printer *c)
{
    for (buffer_id b = 0; b < c->k->buffers.n; b++) {
        const buffer *buf = &c->k->buffers.at[b];
        if (!plan_is_head(c->k, b)) continue;
        text_printf(c->out, "    %s *", c_type(buf->type));
        c_buffer(c, b);
        text_printf(c->out, " = (%s *)scratch;\n    scratch += ", c_type(buf->type));
        uint32_t most = 0;
        for (buffer_id o = b + 1; buf->slot && o < c->k->buffers.n; o++)
            most += c->k->buffers.at[o].kind == BUF_SCRATCH && plan_head(c->k, o) == b;
        for (uint32_t i = 0; i < most; i++) text_add(c->out, "mtx_most(");
        c_bytes(buf, c->out);
        for (buffer_id o = b + 1; most && o < c->k->buffers.n; o++) {
            if (c->k->buffers.at[o].kind != BUF_SCRATCH || plan_head(c->k, o) != b) continue;
            text_add(c->out, ", ");
            c_bytes(&c->k->buffers.at[o], c->out);
            text_add(c->out, ")");
        }
        text_add(c->out, ";\n");
    }
}

static void c_entry(c_printer *c, const char *symbol)
{
    const kernel_uses *u = c->k->uses;
    text_printf(c->out,
                "void MTX_KERNEL(%s)(const mtx_view *view, void *const *out, char *scratch, int64_t f0, "
                "int64_t f1);\n",
                symbol);
    text_printf(c->out,
                "void MTX_KERNEL(%s)(const mtx_view *view, void *const *out, char *scratch, int64_t f0, "
                "int64_t f1)\n{\n",
                symbol);
    c_entry_scratch(c);
    text_add(c->out, "    (void)view, (void)out, (void)scratch;\n");
    text_printf(c->out, "    %s_loops(f0, f1", symbol);
    for (buffer_id b = 0; b < c->k->buffers.n; b++) {
        const buffer *buf = &c->k->buffers.at[b];
        if (!plan_is_parameter(c->k, b)) continue;
        text_add(c->out, ",\n        ");
        if (buf->kind == BUF_SCRATCH)
            c_buffer(c, b);
        else
            c_view_place(buf, c->out);
    }
    for (uint32_t i = 0; i < u->n_extent; i++) {
        text_add(c->out, ",\n        ");
        c_extent(&u->extent[i], c->out);
    }
    for (uint32_t i = 0; i < c->k->n_outputs; i++)
        if (u->output[i]) text_printf(c->out, ",\n        out[%u] != NULL", i);
    text_add(c->out, ");\n}\n\n");
}

void emit_c_kernel(const kernel *k, const char *symbol, text *out)
{
    c_printer c = {.k = k, .out = out};
    c.array = calloc(3 * (k->values.n + 1u), sizeof *c.array);
    if (c.array) { /* without that memory no loop becomes lanes */
        c.part = c.array + k->values.n + 1;
        c.varies = c.part + k->values.n + 1;
    }
    for (buffer_id b = 0; b < k->buffers.n; b++)
        if (k->buffers.at[b].kind == BUF_CONST && k->uses->buffer[b]) c_table(&c, b, symbol);
    c_loops_head(&c, symbol);
    c_loops_locals(&c, symbol);
    c_block(&c, &k->body);
    text_add(out, "}\n\n");
    c_entry(&c, symbol);
    free(c.array);
}

static void c_real_bytes(const buffer *b, text *out)
{
    text_printf(out, "%zu.0 * %" PRId64, loop_type_bytes(b->type), b->size.constant);
    for (uint32_t i = 0; i < b->size.n_factor; i++) {
        text_add(out, " * (double)");
        c_extent(&b->size.factor[i], out);
    }
}

void emit_c_scratch(const kernel *k, const char *symbol, text *out)
{
    text_printf(out,
                "static double %s_bytes(const mtx_view *view, int64_t f0, int64_t f1)\n{\n    double all = "
                "0.0, most;\n"
                "    (void)view, (void)f0, (void)f1, (void)most;\n",
                symbol);
    for (buffer_id b = 0; b < k->buffers.n; b++) {
        if (!plan_is_head(k, b)) continue;
        text_add(out, "    most = ");
        c_real_bytes(&k->buffers.at[b], out);
        text_add(out, ";\n");
        for (buffer_id o = b + 1; k->buffers.at[b].slot && o < k->buffers.n; o++) {
            if (k->buffers.at[o].kind != BUF_SCRATCH || plan_head(k, o) != b) continue;
            text_add(out, "    most = mtx_max(most, ");
            c_real_bytes(&k->buffers.at[o], out);
            text_add(out, ");\n");
        }
        text_add(out, "    all += floor((most + 127.0) / 64.0) * 64.0;\n");
    }
    text_add(out, "    return all;\n}\n\n");
}

/* ---- the file ------------------------------------------------------------------------------------------ */

/* The part of mtxrt.h that kernels need, for compilers that run where the header is not. The assertions hold
 * it to the header that this file was compiled with. */
static void c_view_types(text *out)
{
    text_add(out, "typedef struct mtx_set_view {\n"
                  "    int64_t n, max_row, max_frame;\n"
                  "    const int64_t *ptr, *row, *rev;\n"
                  "    const int32_t *i, *j, *sx, *sy, *sz;\n"
                  "    const double *x, *y, *z, *dist;\n"
                  "} mtx_set_view;\n"
                  "typedef struct mtx_view {\n"
                  "    int64_t nb;\n"
                  "    const mtx_set_view *set;\n"
                  "    const void *const *input;\n"
                  "    const double *const *cell;\n"
                  "    const double *param;\n"
                  "} mtx_view;\n");
    text_printf(out,
                "typedef char mtx_view_fits[sizeof(mtx_set_view) == %zu && offsetof(mtx_set_view, max_row) "
                "== %zu &&\n"
                "    offsetof(mtx_set_view, ptr) == %zu && offsetof(mtx_set_view, rev) == %zu &&\n"
                "    offsetof(mtx_set_view, i) == %zu && offsetof(mtx_set_view, dist) == %zu && "
                "sizeof(mtx_view) == %zu &&\n"
                "    offsetof(mtx_view, cell) == %zu ? 1 : -1];\n",
                sizeof(mtx_set_view), offsetof(mtx_set_view, max_row), offsetof(mtx_set_view, ptr),
                offsetof(mtx_set_view, rev), offsetof(mtx_set_view, i), offsetof(mtx_set_view, dist),
                sizeof(mtx_view), offsetof(mtx_view, cell));
    /* pointers, which the loader sets; names of their own, since a program or library that exports those of the
     * runtime would take their place */
    for (size_t k = 0; k < LOOP_CALLEE_COUNT; k++)
        text_printf(out, "#define %s bound_%s\n", loop_callee_table[k].symbol, loop_callee_table[k].symbol);
    text_add(out, "void (*mtx_rt_sort)(double *x, int64_t n, int64_t descending);\n"
                  "void (*mtx_rt_argsort)(const double *x, int64_t n, int64_t descending, int64_t *order);\n"
                  "void (*mtx_rt_eigvals)(double *a, int64_t n, double *w, double *work);\n"
                  "void (*mtx_rt_eigvecs)(double *a, int64_t n, double *w, double *work);\n"
                  "void (*mtx_rt_niggli)(const double *cell, double *out);\n");
}

/* glibc's libmvec has these for vectors of 2, 4 and 8; its own header says so only under -ffast-math */
static void c_vector_math(text *out)
{
    static const char *const unary[] = {"exp",  "log",  "sin",  "cos",  "tan", "asin", "acos",
                                        "atan", "sinh", "cosh", "tanh", "erf", "erfc"};
    text_add(out,
             "#if defined(__GLIBC__) && defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)\n"
             "#if __GLIBC_PREREQ(2, 35)\n"
             "#define MTX_SIMD __attribute__((simd(\"notinbranch\")))\n");
    for (size_t i = 0; i < sizeof unary / sizeof *unary; i++)
        text_printf(out, "MTX_SIMD double %s(double);\n", unary[i]);
    text_add(out, "MTX_SIMD double pow(double, double);\n"
                  "MTX_SIMD double atan2(double, double);\n"
                  "#endif\n"
                  "#endif\n\n");
}

void emit_c_prelude(bool alone, text *out)
{
    text_add(out, "#include <math.h>\n#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n");
    if (alone)
        c_view_types(out);
    else
        text_add(out, "#include \"mtx/mtxrt.h\"\n\n");
    c_vector_math(out);
    text_printf(out, "/* iterations of a loop that run at once */\nenum { MTX_LANES = %d };\n", EMIT_C_LANES);
    text_add(out,
             "#ifndef MTX_KERNEL\n"
             "#define MTX_KERNEL(symbol) symbol\n"
             "#endif\n"
             "static inline double mtx_min(double a, double b) { return a < b ? a : b; }\n"
             "static inline double mtx_max(double a, double b) { return a > b ? a : b; }\n"
             "static inline int64_t mtx_imin(int64_t a, int64_t b) { return a < b ? a : b; }\n"
             "static inline int64_t mtx_imax(int64_t a, int64_t b) { return a > b ? a : b; }\n"
             "static inline size_t mtx_most(size_t a, size_t b) { return a > b ? a : b; }\n"
             "/* truncated; 0 for NaN and what int64 cannot hold */\n"
             "static inline int64_t mtx_to_i64(double x) { return fabs(x) < 9.2e18 ? (int64_t)x : 0; }\n"
             "/* elements of a set in the frames f0 <= f < f1 */\n"
             "static inline int64_t mtx_total(const mtx_set_view *s, int64_t f0, int64_t f1)\n"
             "{\n    return s->ptr ? s->ptr[f1] - s->ptr[f0] : s->n;\n}\n"
             "/* of an array in the scratch memory: whole cache lines and room to read behind the end */\n"
             "static inline size_t mtx_bytes(size_t size, int64_t n) { return (size * (size_t)n + 127) / 64 "
             "* 64; }\n\n");
}

void emit_c(const kernel *const *k, const char *const *symbol, uint32_t n, const char *words, text *out)
{
    text_printf(out, "/* Kernels of the transform %s, printed by mtx. Do not edit. */\n", words);
    emit_c_prelude(false, out);
    for (uint32_t i = 0; i < n; i++) emit_c_kernel(k[i], symbol[i], out);
}
