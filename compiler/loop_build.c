/* SPDX-License-Identifier: Apache-2.0
 *
 * loop_build.c: building kernels of the loop IR. In: parts. Out: nodes in the kernel's arena. No checks
 * (loopir.c).
 */
#include "loop_build.h"

#include <string.h>

lvalue kernel_value(kernel *k, loop_type type, const char *words)
{
    vec_push(k->memory, &k->values, type);
    vec_push(k->memory, &k->value_names, words);
    return k->values.n - 1;
}

kernel *kernel_new(arena *a, const char *words, uint32_t n_outputs)
{
    kernel *k = arena_new(a, kernel);
    k->name = words;
    k->n_outputs = n_outputs;
    k->memory = a;
    kernel_value(k, LT_I64, "f0");
    kernel_value(k, LT_I64, "f1");
    return k;
}

buffer_id kernel_buffer(kernel *k, buffer b)
{
    vec_push(k->memory, &k->buffers, b);
    return k->buffers.n - 1;
}

buffer_id kernel_view_buffer(kernel *k, buffer_kind kind, loop_type type, uint32_t index, const char *label)
{
    return kernel_buffer(k, (buffer){.kind = kind, .type = type, .index = index, .label = label});
}

buffer_id kernel_scratch(kernel *k, loop_type type, buffer_size size, const char *label)
{
    return kernel_buffer(k, (buffer){.kind = BUF_SCRATCH, .type = type, .size = size, .label = label});
}

buffer_id kernel_local(kernel *k, loop_type type, int64_t count, const char *label)
{
    return kernel_buffer(
        k, (buffer){.kind = BUF_LOCAL, .type = type, .size = {.constant = count}, .label = label});
}

buffer_id kernel_table(kernel *k, const double *data, uint32_t n, const char *label)
{
    const double *copy = arena_copy(k->memory, data, n * sizeof *data);
    return kernel_buffer(
        k, (buffer){.kind = BUF_CONST, .type = LT_F64, .data = copy, .n_data = n, .label = label});
}

/* ---- expressions --------------------------------------------------------------------------------------- */

static lexpr *lx_new(kernel *k, loop_op op, loop_type type)
{
    lexpr *e = arena_new(k->memory, lexpr);
    e->op = op;
    e->type = type;
    return e;
}

lexpr *lx_f64(kernel *k, double x)
{
    lexpr *e = lx_new(k, L_F64, LT_F64);
    e->f64 = x;
    return e;
}

lexpr *lx_i64(kernel *k, int64_t x)
{
    lexpr *e = lx_new(k, L_I64, LT_I64);
    e->i64 = x;
    return e;
}

lexpr *lx_bool(kernel *k, bool x)
{
    lexpr *e = lx_new(k, L_BOOL, LT_BOOL);
    e->i64 = x;
    return e;
}

lexpr *lx_value(kernel *k, lvalue v)
{
    lexpr *e = lx_new(k, L_VALUE, k->values.at[v]);
    e->value = v;
    return e;
}

lexpr *lx_extent(kernel *k, extent x)
{
    lexpr *e = lx_new(k, L_EXTENT, LT_I64);
    e->extent = x;
    return e;
}

lexpr *lx_load(kernel *k, buffer_id b, lexpr *index)
{
    loop_type stored = k->buffers.at[b].type;
    lexpr *e = lx_new(k, L_LOAD, stored == LT_I32 ? LT_I64 : stored);
    e->buffer = b;
    e->arg[0] = index;
    return e;
}

lexpr *lx_3(kernel *k, loop_op op, lexpr *a, lexpr *b, lexpr *c)
{
    lexpr *e = lx_new(k, op, op == L_SELECT ? b->type : loop_op_table[op].result);
    e->arg[0] = a;
    e->arg[1] = b;
    e->arg[2] = c;
    return e;
}

lexpr *lx_2(kernel *k, loop_op op, lexpr *a, lexpr *b)
{
    return lx_3(k, op, a, b, NULL);
}

lexpr *lx_1(kernel *k, loop_op op, lexpr *a)
{
    return lx_3(k, op, a, NULL, NULL);
}

/* ---- statements ---------------------------------------------------------------------------------------- */

static lstmt *lb_append(kernel *k, lblock *to, loop_kind kind)
{
    lstmt *s = arena_new(k->memory, lstmt);
    s->kind = kind;
    vec_push(k->memory, &to->stmt, s);
    return s;
}

static lvalue lb_bind(kernel *k, lblock *to, loop_kind kind, const char *words, lexpr *e)
{
    lstmt *s = lb_append(k, to, kind);
    s->let.value = kernel_value(k, e->type, words);
    s->let.expr = e;
    return s->let.value;
}

lvalue lb_let(kernel *k, lblock *to, const char *words, lexpr *e)
{
    return lb_bind(k, to, LOOP_LET, words, e);
}

lvalue lb_var(kernel *k, lblock *to, const char *words, lexpr *e)
{
    return lb_bind(k, to, LOOP_VAR, words, e);
}

void lb_set(kernel *k, lblock *to, lvalue v, lexpr *e)
{
    lstmt *s = lb_append(k, to, LOOP_SET);
    s->let.value = v;
    s->let.expr = e;
}

static void lb_write(kernel *k, lblock *to, buffer_id b, lexpr *index, lexpr *e, bool add)
{
    lstmt *s = lb_append(k, to, LOOP_STORE);
    s->store.buffer = b;
    s->store.index = index;
    s->store.expr = e;
    s->store.add = add;
}

void lb_store(kernel *k, lblock *to, buffer_id b, lexpr *index, lexpr *e)
{
    lb_write(k, to, b, index, e, false);
}

void lb_add(kernel *k, lblock *to, buffer_id b, lexpr *index, lexpr *e)
{
    lb_write(k, to, b, index, e, true);
}

lstmt *lb_for(kernel *k, lblock *to, const char *words, lexpr *lo, lexpr *hi)
{
    lstmt *s = lb_append(k, to, LOOP_FOR);
    s->loop.index = kernel_value(k, LT_I64, words);
    s->loop.lo = lo;
    s->loop.hi = hi;
    return s;
}

void lb_vector(kernel *k, lstmt *loop, bool simple, const lvalue *cells, uint32_t n)
{
    loop->loop.simd = simple;
    loop->loop.wide = !simple;
    loop->loop.reduction = arena_copy(k->memory, cells, n * sizeof *cells);
    loop->loop.n_reduction = n;
}

lstmt *lb_if(kernel *k, lblock *to, lexpr *cond)
{
    lstmt *s = lb_append(k, to, LOOP_IF);
    s->branch.cond = cond;
    return s;
}

lstmt *lb_wanted(kernel *k, lblock *to, uint32_t output)
{
    lstmt *s = lb_append(k, to, LOOP_IF_WANTED);
    s->wanted.output = output;
    return s;
}

void lb_call(kernel *k, lblock *to, loop_callee callee, const call_arg *arg, uint32_t n)
{
    lstmt *s = lb_append(k, to, LOOP_CALL);
    s->call.callee = callee;
    s->call.n = n;
    memcpy(s->call.arg, arg, n * sizeof *arg);
}

void lb_comment(kernel *k, lblock *to, const char *words)
{
    lb_append(k, to, LOOP_COMMENT)->comment = words;
}

call_arg lb_buffer_arg(buffer_id b, lexpr *offset)
{
    return (call_arg){.is_buffer = true, .buffer = b, .value = offset};
}

call_arg lb_value_arg(lexpr *e)
{
    return (call_arg){.value = e};
}
