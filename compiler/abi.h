/* SPDX-License-Identifier: Apache-2.0
 *
 * abi.h: the C face of a built library: the text of its header, of the C file that puts the kernels behind
 * it, and of its metadata. link.c writes and compiles them.
 */
#ifndef MTX_ABI_H
#define MTX_ABI_H

#include "driver.h"

typedef struct abi {
    const compiled *t;
    const char *prefix; /* NAME of the symbols: letters of a C identifier */
    const char *hash;   /* 16 hexadecimal digits over the interface and the kernels */
    mtx_plan plan;
    const char **set, **input, **slot, **output; /* C names; output by number, the others by id */
    def_id *output_def;
    uint32_t n_outputs;
    const char *meta; /* JSON */
} abi;

/* NAME_program, NAME_stage, ...: what a library exports besides NAME_meta */
#define ABI_FUNCTIONS 7
extern const char *const abi_functions[ABI_FUNCTIONS];

/* Everything in the arena. False, with the reason: the program takes what no file holds. */
bool abi_make(arena *a, const compiled *t, const char *prefix, abi *out, text *problem);
void abi_header(const abi *x, text *out);                                /* abi_header.c: NAME.h */
void abi_source(const abi *x, const int *level, int n_level, text *out); /* abi_source.c */

/* does the main kernel read that array (of a set, slot or input) */
bool abi_reads(const abi *x, buffer_kind kind, uint32_t index);

/* size of output `o` for readers: "[s.atom][s.atom][3]" */
void abi_shape(const abi *x, uint32_t o, text *out);
/* number of elements of a set in every frame, -1 when the data say */
int64_t abi_fixed(const program *p, set_id s);
/* the BASE, PAIRS, DIFFER or RECIP set whose elements a set of varying size counts */
set_id abi_counted(const program *p, set_id s);

#endif
