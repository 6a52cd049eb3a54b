/* SPDX-License-Identifier: Apache-2.0
 *
 * loop_plan.h: how plan.c laid out the scratch memory of a kernel, for the emitters. The bytes of a buffer
 * are (count * size of an element + 127) / 64 * 64; a slot has those of its largest member; slots follow one
 * another in the order of their heads (first members).
 */
#ifndef MTX_LOOP_PLAN_H
#define MTX_LOOP_PLAN_H

#include "loopir.h"
#include "mtx/mtxrt.h"

bool plan_is_head(const kernel *k, buffer_id b);      /* a scratch buffer, the first of its slot */
buffer_id plan_head(const kernel *k, buffer_id b);    /* the head of a scratch buffer's slot */
bool plan_is_parameter(const kernel *k, buffer_id b); /* passed from the entry to the loops */
bool kernel_reads(const kernel *k, buffer_kind kind, uint32_t index); /* that array: of a set, slot, input */
bool module_reads(const module *m, buffer_kind kind, uint32_t index); /* some kernel of it */
bool buffer_is_written(const buffer *b);              /* by some kernel: OUT, SCRATCH, LOCAL */
size_t loop_type_bytes(loop_type t);                  /* of an element in memory */

#endif
