/* SPDX-License-Identifier: Apache-2.0
 *
 * loopir.c: tables, verifier and dump of the loop IR, and the shaping of guarded reductions. In: a kernel.
 * Out: yes or what is wrong; text. Building is in loop_build.c, printing as a program in emit_*.c.
 */
#include "loop_build.h"
#include "loop_plan.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define F LT_F64
#define I LT_I64
#define B LT_BOOL
const loop_op_row loop_op_table[LOOP_OP_COUNT] = {
    [L_F64] = {"f64", 0, F, F},       [L_I64] = {"i64", 0, I, I},       [L_BOOL] = {"bool", 0, B, B},
    [L_VALUE] = {"value", 0, F, F},   [L_LOAD] = {"load", 1, I, F},     [L_ADD] = {"+", 2, F, F},
    [L_SUB] = {"-", 2, F, F},         [L_MUL] = {"*", 2, F, F},         [L_DIV] = {"/", 2, F, F},
    [L_NEG] = {"neg", 1, F, F},       [L_FMA] = {"fma", 3, F, F},       [L_SQRT] = {"sqrt", 1, F, F},
    [L_ABS] = {"abs", 1, F, F},       [L_MIN] = {"min", 2, F, F},       [L_MAX] = {"max", 2, F, F},
    [L_FLOOR] = {"floor", 1, F, F},   [L_EXP] = {"exp", 1, F, F},       [L_LOG] = {"log", 1, F, F},
    [L_SIN] = {"sin", 1, F, F},       [L_COS] = {"cos", 1, F, F},       [L_TAN] = {"tan", 1, F, F},
    [L_ASIN] = {"asin", 1, F, F},     [L_ACOS] = {"acos", 1, F, F},     [L_ATAN] = {"atan", 1, F, F},
    [L_ATAN2] = {"atan2", 2, F, F},   [L_SINH] = {"sinh", 1, F, F},     [L_COSH] = {"cosh", 1, F, F},
    [L_TANH] = {"tanh", 1, F, F},     [L_ERF] = {"erf", 1, F, F},       [L_ERFC] = {"erfc", 1, F, F},
    [L_POW] = {"pow", 2, F, F},       [L_IADD] = {"+", 2, I, I},        [L_ISUB] = {"-", 2, I, I},
    [L_IMUL] = {"*", 2, I, I},        [L_IMIN] = {"imin", 2, I, I},     [L_IMAX] = {"imax", 2, I, I},
    [L_LT] = {"<", 2, F, B},          [L_LE] = {"<=", 2, F, B},         [L_EQ] = {"==", 2, F, B},
    [L_ILT] = {"<", 2, I, B},         [L_ILE] = {"<=", 2, I, B},        [L_IEQ] = {"==", 2, I, B},
    [L_AND] = {"&", 2, B, B},         [L_OR] = {"|", 2, B, B},          [L_NOT] = {"not", 1, B, B},
    [L_SELECT] = {"select", 3, F, F}, [L_TO_F64] = {"to_f64", 1, I, F}, [L_TO_I64] = {"to_i64", 1, F, I},
    [L_EXTENT] = {"extent", 0, I, I},
};
#undef F
#undef I
#undef B

const loop_callee_row loop_callee_table[LOOP_CALLEE_COUNT] = {
    [CALL_SORT] = {"mtx_rt_sort", "wnn"},
    [CALL_EIGVALS] = {"mtx_rt_eigvals", "wnww"},
    [CALL_EIGVECS] = {"mtx_rt_eigvecs", "wnww"},
    [CALL_ARGSORT] = {"mtx_rt_argsort", "rnno"},
    [CALL_NIGGLI] = {"mtx_rt_niggli", "rw"},
};

/* ---- verifier ------------------------------------------------------------------------------------------ */

#define LOCAL_BYTES_MOST 131072 /* of one LOCAL buffer: kernels run on threads with small stacks */

typedef enum value_state { VS_UNSEEN, VS_LET, VS_CELL, VS_GONE } value_state;

typedef struct verifier {
    const kernel *k;
    text *problem;
    uint8_t *state;  /* value_state of each lvalue */
    uint32_t *depth; /* number of the innermost simd loop open where it was declared */
    bool *reduces;   /* listed by an open simd loop */
    uint32_t simd;   /* open simd loops */
    bool bad;
} verifier;

static bool verify_fail(verifier *v, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool verify_fail(verifier *v, const char *format, ...)
{
    char words[256];
    va_list ap;
    va_start(ap, format);
    vsnprintf(words, sizeof words, format, ap);
    va_end(ap);
    if (!v->bad) /* the first is the cause, the rest follows from it */
        text_printf(v->problem, "kernel %s: %s", v->k->name ? v->k->name : "?", words);
    v->bad = true;
    return false;
}

static const char *type_text(loop_type t)
{
    static const char *const names[] = {
        [LT_F64] = "f64", [LT_I64] = "i64", [LT_I32] = "i32", [LT_BOOL] = "bool"};
    return (unsigned)t <= LT_BOOL ? names[t] : "?";
}

static bool verify_expr(verifier *v, const lexpr *e, loop_type want);

static bool verify_load(verifier *v, const lexpr *e)
{
    if (e->buffer >= v->k->buffers.n)
        return verify_fail(v, "load from buffer %u of %u", e->buffer, v->k->buffers.n);
    loop_type stored = v->k->buffers.at[e->buffer].type;
    if (e->type != (stored == LT_I32 ? LT_I64 : stored))
        return verify_fail(v, "a load of %s is said to be %s", type_text(stored), type_text(e->type));
    return verify_expr(v, e->arg[0], LT_I64);
}

static bool verify_read(verifier *v, const lexpr *e)
{
    if (e->value >= v->k->values.n) return verify_fail(v, "value %u of %u", e->value, v->k->values.n);
    value_state state = v->state[e->value];
    if (state == VS_UNSEEN || state == VS_GONE)
        return verify_fail(v, "value %u is used %s", e->value,
                           state == VS_GONE ? "out of its block" : "before its definition");
    if (e->type != v->k->values.at[e->value])
        return verify_fail(v, "value %u is %s, read as %s", e->value, type_text(v->k->values.at[e->value]),
                           type_text(e->type));
    if (v->reduces[e->value]) return verify_fail(v, "reduction cell %u is read inside its loop", e->value);
    return true;
}

static bool verify_expr(verifier *v, const lexpr *e, loop_type want)
{
    if (!e) return verify_fail(v, "missing expression");
    if ((unsigned)e->op >= LOOP_OP_COUNT) return verify_fail(v, "operation %d", (int)e->op);
    if (e->type != want)
        return verify_fail(v, "`%s` is %s where %s belongs", loop_op_table[e->op].text, type_text(e->type),
                           type_text(want));
    if (e->op == L_VALUE) return verify_read(v, e);
    if (e->op == L_LOAD) return verify_load(v, e);
    const loop_op_row *row = &loop_op_table[e->op];
    if (e->op == L_SELECT)
        return verify_expr(v, e->arg[0], LT_BOOL) && verify_expr(v, e->arg[1], want) &&
               verify_expr(v, e->arg[2], want);
    if (row->result != want)
        return verify_fail(v, "`%s` gives %s, not %s", row->text, type_text(row->result), type_text(want));
    for (int i = 0; i < row->args; i++)
        if (!verify_expr(v, e->arg[i], row->arg)) return false;
    return true;
}

static void verify_declare(verifier *v, lvalue value, value_state state)
{
    if (value >= v->k->values.n)
        verify_fail(v, "value %u of %u", value, v->k->values.n);
    else if (v->state[value] != VS_UNSEEN)
        verify_fail(v, "value %u is defined twice", value);
    else if (v->k->values.at[value] == LT_I32)
        verify_fail(v, "value %u is i32: only buffers are", value);
    else {
        v->state[value] = (uint8_t)state;
        v->depth[value] = v->simd;
    }
}

const lexpr *reduction_term(const lexpr *e, lvalue cell)
{
    bool sum = e->op == L_ADD || e->op == L_IADD, difference = e->op == L_SUB || e->op == L_ISUB;
    if ((sum || difference) && e->arg[0]->op == L_VALUE && e->arg[0]->value == cell) return e->arg[1];
    if (sum && e->arg[1]->op == L_VALUE && e->arg[1]->value == cell) return e->arg[0];
    return NULL;
}

static void verify_set(verifier *v, const lstmt *s)
{
    lvalue cell = s->let.value;
    if (cell >= v->k->values.n || v->state[cell] != VS_CELL) {
        verify_fail(v, "value %u is set but is no cell here", cell);
    } else if (v->reduces[cell]) {
        const lexpr *term = s->let.expr ? reduction_term(s->let.expr, cell) : NULL;
        if (term)
            verify_expr(v, term, v->k->values.at[cell]);
        else
            verify_fail(v, "reduction cell %u is not set to itself plus a term", cell);
    } else if (v->depth[cell] < v->simd) {
        verify_fail(v, "cell %u of outside is set in a simd loop and is no reduction", cell);
    } else {
        verify_expr(v, s->let.expr, v->k->values.at[cell]);
    }
}

static void verify_store(verifier *v, const lstmt *s)
{
    if (s->store.buffer >= v->k->buffers.n) {
        verify_fail(v, "store to buffer %u of %u", s->store.buffer, v->k->buffers.n);
        return;
    }
    const buffer *b = &v->k->buffers.at[s->store.buffer];
    if (!buffer_is_written(b)) verify_fail(v, "store to the read-only buffer %u", s->store.buffer);
    if (s->store.add && b->type == LT_BOOL) verify_fail(v, "bool buffer %u is added to", s->store.buffer);
    loop_type want = b->type;
    if (want == LT_I32) /* species and counts from i64, truths from bool */
        want = s->store.expr && s->store.expr->type == LT_BOOL && !s->store.add ? LT_BOOL : LT_I64;
    verify_expr(v, s->store.index, LT_I64);
    verify_expr(v, s->store.expr, want);
}

static void verify_call(verifier *v, const lstmt *s)
{
    if ((unsigned)s->call.callee >= LOOP_CALLEE_COUNT) {
        verify_fail(v, "callee %d", (int)s->call.callee);
        return;
    }
    const char *args = loop_callee_table[s->call.callee].args;
    if (v->simd) verify_fail(v, "call in a simd loop");
    uint32_t n = 0;
    for (; args[n] && n < s->call.n; n++) {
        const call_arg *a = &s->call.arg[n];
        verify_expr(v, a->value, LT_I64);
        if (a->is_buffer != (args[n] != 'n'))
            verify_fail(v, "argument %u of %s is of the wrong kind", n,
                        loop_callee_table[s->call.callee].symbol);
        if (!a->is_buffer || v->bad) continue;
        const buffer *b = a->buffer < v->k->buffers.n ? &v->k->buffers.at[a->buffer] : NULL;
        if (!b || b->type != (args[n] == 'o' ? LT_I64 : LT_F64) || (args[n] != 'r' && !buffer_is_written(b)))
            verify_fail(v, "argument %u of %s has the wrong buffer", n,
                        loop_callee_table[s->call.callee].symbol);
    }
    if (args[n] || n != s->call.n)
        verify_fail(v, "%u arguments for %s", s->call.n, loop_callee_table[s->call.callee].symbol);
}

static void verify_block(verifier *v, const lblock *b);

static void verify_for(verifier *v, const lstmt *s)
{
    verify_expr(v, s->loop.lo, LT_I64);
    verify_expr(v, s->loop.hi, LT_I64);
    if (!s->loop.simd && !s->loop.wide && s->loop.n_reduction)
        verify_fail(v, "a loop that is neither simd nor wide lists reductions");
    if (s->loop.simd && s->loop.wide) verify_fail(v, "a loop is both simd and wide");
    for (uint32_t i = 0; i < s->loop.n_reduction && !v->bad; i++) {
        lvalue cell = s->loop.reduction[i];
        if (cell >= v->k->values.n || v->state[cell] != VS_CELL || v->k->values.at[cell] == LT_BOOL)
            verify_fail(v, "reduction %u is no number cell here", cell);
        else
            v->reduces[cell] = true;
    }
    v->simd += s->loop.simd;
    verify_declare(v, s->loop.index, VS_LET);
    if (!v->bad) {
        verify_block(v, &s->loop.body);
        v->state[s->loop.index] = VS_GONE;
    }
    v->simd -= s->loop.simd;
    for (uint32_t i = 0; i < s->loop.n_reduction && !v->bad; i++) v->reduces[s->loop.reduction[i]] = false;
}

static void verify_stmt(verifier *v, const lstmt *s)
{
    switch (s->kind) {
    case LOOP_LET:
    case LOOP_VAR:
        if (s->let.value < v->k->values.n) verify_expr(v, s->let.expr, v->k->values.at[s->let.value]);
        verify_declare(v, s->let.value, s->kind == LOOP_LET ? VS_LET : VS_CELL);
        return;
    case LOOP_SET: verify_set(v, s); return;
    case LOOP_STORE: verify_store(v, s); return;
    case LOOP_FOR: verify_for(v, s); return;
    case LOOP_IF:
        verify_expr(v, s->branch.cond, LT_BOOL);
        verify_block(v, &s->branch.then);
        verify_block(v, &s->branch.other);
        return;
    case LOOP_CALL: verify_call(v, s); return;
    case LOOP_IF_WANTED:
        if (s->wanted.output >= v->k->n_outputs)
            verify_fail(v, "output %u of %u", s->wanted.output, v->k->n_outputs);
        verify_block(v, &s->wanted.body);
        return;
    case LOOP_COMMENT:
        if (!s->comment) verify_fail(v, "a comment without words");
        return;
    }
    verify_fail(v, "statement %d", (int)s->kind);
}

static void verify_block(verifier *v, const lblock *b)
{
    for (uint32_t i = 0; i < b->stmt.n && !v->bad; i++) verify_stmt(v, b->stmt.at[i]);
    for (uint32_t i = 0; i < b->stmt.n && !v->bad; i++) {
        const lstmt *s = b->stmt.at[i];
        if (s->kind == LOOP_LET || s->kind == LOOP_VAR) v->state[s->let.value] = VS_GONE;
    }
}

static void verify_buffer(verifier *v, uint32_t id)
{
    const buffer *b = &v->k->buffers.at[id];
    if ((unsigned)b->kind > BUF_CONST || (unsigned)b->type > LT_BOOL)
        verify_fail(v, "buffer %u has no kind or type", id);
    else if (b->kind == BUF_OUT && b->index >= v->k->n_outputs)
        verify_fail(v, "buffer %u is output %u of %u", id, b->index, v->k->n_outputs);
    else if (b->kind == BUF_CONST && (!b->data || !b->n_data || b->type == LT_BOOL))
        verify_fail(v, "table %u is empty", id);
    else if ((b->kind == BUF_SCRATCH || b->kind == BUF_LOCAL) &&
             (b->size.constant < 0 || b->size.n_factor > 3))
        verify_fail(v, "buffer %u has no size", id);
    else if (b->kind == BUF_LOCAL &&
             (b->size.n_factor || !b->size.constant || b->size.constant > LOCAL_BYTES_MOST / 8))
        verify_fail(v, "local buffer %u has %" PRId64 " elements", id, b->size.constant);
}

bool kernel_verify(const kernel *k, text *problem)
{
    size_t n = k->values.n;
    verifier v = {.k = k, .problem = problem};
    v.state = calloc(n + 1, sizeof *v.state);
    v.depth = calloc(n + 1, sizeof *v.depth);
    v.reduces = calloc(n + 1, sizeof *v.reduces);
    if (!v.state || !v.depth || !v.reduces || k->value_names.n != n) {
        verify_fail(&v,
                    k->value_names.n != n ? "values and their names differ in number" : "memory exhausted");
    } else {
        for (uint32_t i = 0; i < k->buffers.n; i++) verify_buffer(&v, i);
        verify_declare(&v, KERNEL_F0, VS_LET);
        verify_declare(&v, KERNEL_F1, VS_LET);
        if (!v.bad && (k->values.at[KERNEL_F0] != LT_I64 || k->values.at[KERNEL_F1] != LT_I64))
            verify_fail(&v, "values 0 and 1 are not the frames");
        verify_block(&v, &k->body);
    }
    free(v.state);
    free(v.depth);
    free(v.reduces);
    return !v.bad;
}

/* ---- guarded reductions -----------------------------------------------------------------------------------
 * LLVM and gcc vectorise `acc = acc + t` but not the same under a condition, unless told to ignore NaN. So in
 * a simd loop   if c { acc = acc + e }   becomes   t = -0.0; if c { t = t + e }; acc = acc + t   (x + -0.0 is
 * x, also for -0.0). */

typedef struct guarded {
    lvalue cell, term;
} guarded;

typedef struct shaper {
    kernel *k;
    const lstmt *loop; /* the simd loop whose reductions are moved */
    VEC(guarded) moved;
} shaper;

static bool is_reduction(const lstmt *loop, lvalue cell)
{
    for (uint32_t i = 0; i < loop->loop.n_reduction; i++)
        if (loop->loop.reduction[i] == cell) return true;
    return false;
}

static lexpr *plus(kernel *k, lvalue cell, lexpr *term)
{
    loop_op op = k->values.at[cell] == LT_F64 ? L_ADD : L_IADD;
    return lx_2(k, op, lx_value(k, cell), term);
}

static lvalue guarded_term(shaper *s, lvalue cell)
{
    for (uint32_t i = 0; i < s->moved.n; i++)
        if (s->moved.at[i].cell == cell) return s->moved.at[i].term;
    guarded g = {cell, kernel_value(s->k, s->k->values.at[cell], s->k->value_names.at[cell])};
    vec_push(s->k->memory, &s->moved, g);
    return g.term;
}

/* redirect the additions below a condition to the term of this iteration */
static void redirect_block(shaper *s, lblock *b)
{
    for (uint32_t i = 0; i < b->stmt.n; i++) {
        lstmt *st = b->stmt.at[i];
        if (st->kind == LOOP_IF) {
            redirect_block(s, &st->branch.then);
            redirect_block(s, &st->branch.other);
        } else if (st->kind == LOOP_FOR) {
            redirect_block(s, &st->loop.body);
        } else if (st->kind == LOOP_SET && is_reduction(s->loop, st->let.value)) {
            lexpr *term = (lexpr *)reduction_term(st->let.expr, st->let.value);
            bool minus = st->let.expr->op == L_SUB || st->let.expr->op == L_ISUB;
            st->let.value = guarded_term(s, st->let.value);
            lexpr *sum = plus(s->k, st->let.value, term);
            if (minus) sum->op = sum->op == L_ADD ? L_SUB : L_ISUB;
            st->let.expr = sum;
        }
    }
}

static void shape_simd(kernel *k, lstmt *loop)
{
    lblock body = {0};
    for (uint32_t i = 0; i < loop->loop.body.stmt.n; i++) {
        lstmt *st = loop->loop.body.stmt.at[i];
        shaper s = {.k = k, .loop = loop};
        lblock one = {0};
        vec_push(k->memory, &one.stmt, st);
        if (st->kind == LOOP_IF || st->kind == LOOP_FOR) redirect_block(&s, &one);
        for (uint32_t m = 0; m < s.moved.n; m++) {
            lstmt *zero = arena_new(k->memory, lstmt);
            zero->kind = LOOP_VAR;
            zero->let.value = s.moved.at[m].term;
            zero->let.expr = k->values.at[zero->let.value] == LT_F64 ? lx_f64(k, -0.0) : lx_i64(k, 0);
            vec_push(k->memory, &body.stmt, zero);
        }
        vec_push(k->memory, &body.stmt, st);
        for (uint32_t m = 0; m < s.moved.n; m++)
            lb_set(k, &body, s.moved.at[m].cell,
                   plus(k, s.moved.at[m].cell, lx_value(k, s.moved.at[m].term)));
    }
    loop->loop.body = body;
}

static void shape_block(kernel *k, lblock *b)
{
    for (uint32_t i = 0; i < b->stmt.n; i++) {
        lstmt *s = b->stmt.at[i];
        if (s->kind == LOOP_FOR) {
            if (s->loop.simd) shape_simd(k, s);
            shape_block(k, &s->loop.body);
        } else if (s->kind == LOOP_IF) {
            shape_block(k, &s->branch.then);
            shape_block(k, &s->branch.other);
        } else if (s->kind == LOOP_IF_WANTED) {
            shape_block(k, &s->wanted.body);
        }
    }
}

void kernel_reductions(kernel *k)
{
    shape_block(k, &k->body);
}

/* ---- dump ---------------------------------------------------------------------------------------------- */

static const char *const extent_text[] = {
    [EXT_TOTAL] = "total", [EXT_MAX_ROW] = "max_row", [EXT_MAX_FRAME] = "max_frame"};

static void dump_value(const kernel *k, lvalue v, text *out)
{
    const char *words = v < k->value_names.n ? k->value_names.at[v] : NULL;
    text_printf(out, "%%%u%s%s", v, words ? ":" : "", words ? words : "");
}

static void dump_expr(const kernel *k, const lexpr *e, text *out)
{
    if (!e) {
        text_add(out, "?");
        return;
    }
    if (e->op == L_F64) {
        text_printf(out, "%.17g", e->f64);
    } else if (e->op == L_I64) {
        text_printf(out, "%" PRId64 "i", e->i64);
    } else if (e->op == L_BOOL) {
        text_add(out, e->i64 ? "true" : "false");
    } else if (e->op == L_VALUE) {
        dump_value(k, e->value, out);
    } else if (e->op == L_EXTENT) {
        text_printf(out, "%s(%u)", extent_text[e->extent.kind], e->extent.set);
    } else if (e->op == L_LOAD) {
        text_printf(out, "b%u[", e->buffer);
        dump_expr(k, e->arg[0], out);
        text_add(out, "]");
    } else {
        const loop_op_row *row = &loop_op_table[e->op];
        bool infix = row->args == 2 && (row->text[0] < 'a' || row->text[0] > 'z');
        text_add(out, infix ? "" : row->text);
        text_add(out, "(");
        for (int i = 0; i < row->args; i++) {
            if (i) text_printf(out, infix ? " %s " : ", ", row->text);
            dump_expr(k, e->arg[i], out);
        }
        text_add(out, ")");
    }
}

static void dump_block(const kernel *k, const lblock *b, int indent, text *out);

static void dump_for(const kernel *k, const lstmt *s, int indent, text *out)
{
    text_printf(out, "for ");
    dump_value(k, s->loop.index, out);
    text_add(out, " = ");
    dump_expr(k, s->loop.lo, out);
    text_add(out, " .. ");
    dump_expr(k, s->loop.hi, out);
    text_add(out, s->loop.simd ? " simd" : s->loop.wide ? " wide" : "");
    for (uint32_t i = 0; i < s->loop.n_reduction; i++) {
        text_add(out, i ? ", " : " sum ");
        dump_value(k, s->loop.reduction[i], out);
    }
    text_add(out, "\n");
    dump_block(k, &s->loop.body, indent + 1, out);
}

static void dump_call(const kernel *k, const lstmt *s, text *out)
{
    text_printf(out, "call %s(", loop_callee_table[s->call.callee].symbol);
    for (uint32_t i = 0; i < s->call.n; i++) {
        text_add(out, i ? ", " : "");
        if (s->call.arg[i].is_buffer) text_printf(out, "b%u + ", s->call.arg[i].buffer);
        dump_expr(k, s->call.arg[i].value, out);
    }
    text_add(out, ")\n");
}

static void dump_let(const kernel *k, const lstmt *s, const char *word, text *out)
{
    text_add(out, word);
    dump_value(k, s->let.value, out);
    text_add(out, " = ");
    dump_expr(k, s->let.expr, out);
    text_add(out, "\n");
}

static void dump_stmt(const kernel *k, const lstmt *s, int indent, text *out)
{
    text_printf(out, "%*s", 2 * indent, "");
    switch (s->kind) {
    case LOOP_LET: dump_let(k, s, "let ", out); return;
    case LOOP_VAR: dump_let(k, s, "var ", out); return;
    case LOOP_SET: dump_let(k, s, "set ", out); return;
    case LOOP_STORE:
        text_printf(out, "b%u[", s->store.buffer);
        dump_expr(k, s->store.index, out);
        text_add(out, s->store.add ? "] += " : "] = ");
        dump_expr(k, s->store.expr, out);
        text_add(out, "\n");
        return;
    case LOOP_FOR: dump_for(k, s, indent, out); return;
    case LOOP_IF:
        text_add(out, "if ");
        dump_expr(k, s->branch.cond, out);
        text_add(out, "\n");
        dump_block(k, &s->branch.then, indent + 1, out);
        if (s->branch.other.stmt.n) {
            text_printf(out, "%*selse\n", 2 * indent, "");
            dump_block(k, &s->branch.other, indent + 1, out);
        }
        return;
    case LOOP_CALL: dump_call(k, s, out); return;
    case LOOP_IF_WANTED:
        text_printf(out, "if wanted %u\n", s->wanted.output);
        dump_block(k, &s->wanted.body, indent + 1, out);
        return;
    case LOOP_COMMENT: text_printf(out, "# %s\n", s->comment); return;
    }
}

static void dump_block(const kernel *k, const lblock *b, int indent, text *out)
{
    for (uint32_t i = 0; i < b->stmt.n; i++) dump_stmt(k, b->stmt.at[i], indent, out);
}

static void dump_buffer(const kernel *k, uint32_t id, text *out)
{
    static const char *const kinds[] = {
        [BUF_SET_PTR] = "set.ptr",   [BUF_SET_ROW] = "set.row", [BUF_SET_I] = "set.i", [BUF_SET_J] = "set.j",
        [BUF_SET_REV] = "set.rev",   [BUF_SET_X] = "set.x",     [BUF_SET_Y] = "set.y", [BUF_SET_Z] = "set.z",
        [BUF_SET_DIST] = "set.dist", [BUF_INPUT] = "input",     [BUF_CELL] = "cell",   [BUF_PARAM] = "param",
        [BUF_OUT] = "out",           [BUF_SCRATCH] = "scratch", [BUF_LOCAL] = "local", [BUF_CONST] = "table"};
    const buffer *b = &k->buffers.at[id];
    text_printf(out, "  b%u = %s", id, kinds[b->kind]);
    if (b->kind == BUF_CONST) {
        text_printf(out, " %s [%u]", type_text(b->type), b->n_data);
    } else if (b->kind == BUF_SCRATCH || b->kind == BUF_LOCAL) {
        text_printf(out, " %s [%" PRId64, type_text(b->type), b->size.constant);
        for (uint32_t i = 0; i < b->size.n_factor; i++)
            text_printf(out, " * %s(%u)", extent_text[b->size.factor[i].kind], b->size.factor[i].set);
        text_add(out, "]");
        if (b->slot) text_printf(out, " slot %u", b->slot);
    } else {
        text_printf(out, "(%u) %s", b->index, type_text(b->type));
    }
    text_printf(out, "%s%s\n", b->label ? "  # " : "", b->label ? b->label : "");
}

void kernel_dump(const kernel *k, text *out)
{
    text_printf(out, "kernel %s outputs %u\n", k->name, k->n_outputs);
    for (uint32_t i = 0; i < k->buffers.n; i++) dump_buffer(k, i, out);
    dump_block(k, &k->body, 1, out);
}
