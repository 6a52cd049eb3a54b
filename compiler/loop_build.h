/* SPDX-License-Identifier: Apache-2.0
 *
 * loop_build.h: building kernels of the loop IR, one call per node. In: a kernel and the block to append to.
 * Out: nodes in the kernel's arena, with result types filled in from loop_op_table. Nothing is checked here:
 * kernel_verify does.
 */
#ifndef MTX_LOOP_BUILD_H
#define MTX_LOOP_BUILD_H

#include "loopir.h"

kernel *kernel_new(arena *a, const char *words, uint32_t n_outputs); /* binds KERNEL_F0, KERNEL_F1 */
lvalue kernel_value(kernel *k, loop_type type, const char *words);   /* NULL: no name */
buffer_id kernel_buffer(kernel *k, buffer b);
buffer_id kernel_view_buffer(kernel *k, buffer_kind kind, loop_type type, uint32_t index, const char *label);
buffer_id kernel_scratch(kernel *k, loop_type type, buffer_size size, const char *label);
buffer_id kernel_local(kernel *k, loop_type type, int64_t count, const char *label);
buffer_id kernel_table(kernel *k, const double *data, uint32_t n, const char *label); /* copies the data */

/* ---- expressions */
lexpr *lx_f64(kernel *k, double x);
lexpr *lx_i64(kernel *k, int64_t x);
lexpr *lx_bool(kernel *k, bool x);
lexpr *lx_value(kernel *k, lvalue v);
lexpr *lx_extent(kernel *k, extent x);
lexpr *lx_load(kernel *k, buffer_id b, lexpr *index);
lexpr *lx_1(kernel *k, loop_op op, lexpr *a);
lexpr *lx_2(kernel *k, loop_op op, lexpr *a, lexpr *b);
lexpr *lx_3(kernel *k, loop_op op, lexpr *a, lexpr *b, lexpr *c);

/* ---- statements, appended to `to`. For, if and wanted return the statement: fill its block(s). */
lvalue lb_let(kernel *k, lblock *to, const char *words, lexpr *e);
lvalue lb_var(kernel *k, lblock *to, const char *words, lexpr *e);
void lb_set(kernel *k, lblock *to, lvalue v, lexpr *e);
void lb_store(kernel *k, lblock *to, buffer_id b, lexpr *index, lexpr *e);
void lb_add(kernel *k, lblock *to, buffer_id b, lexpr *index, lexpr *e);
lstmt *lb_for(kernel *k, lblock *to, const char *words, lexpr *lo, lexpr *hi); /* index in ->loop.index */
void lb_vector(kernel *k, lstmt *loop, bool simple, const lvalue *cells, uint32_t n); /* mark it: simd or wide */
lstmt *lb_if(kernel *k, lblock *to, lexpr *cond);
lstmt *lb_wanted(kernel *k, lblock *to, uint32_t output);
void lb_call(kernel *k, lblock *to, loop_callee callee, const call_arg *arg, uint32_t n);
void lb_comment(kernel *k, lblock *to, const char *words);
call_arg lb_buffer_arg(buffer_id b, lexpr *offset);
call_arg lb_value_arg(lexpr *e);

#endif
