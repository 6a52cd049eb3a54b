/* SPDX-License-Identifier: Apache-2.0
 *
 * abi.h: the C face of a built library: the text of its header, of the C file that puts the kernels behind
 * it, and of its metadata. link.c writes and compiles them.
 */
#ifndef MTX_ABI_H
#define MTX_ABI_H

#include "driver.h"

/* a member of NAME_out */
typedef struct abi_output {
    const char *name;
    const program *p; /* that computes it: the transform's, or one made from it with the same ids */
    def_id def;
    def_id of;        /* derivatives by pairs: of that output; else SETIR_NONE */
    bool local;       /* local.h */
    const char *why;  /* not local: because of that */
} abi_output;

/* a kernel for some of the outputs: those that are not wanted by a caller cost least in the smallest one */
typedef struct abi_entry {
    const char *symbol;
    const kernel *k;
    const uint32_t *output; /* [n] members of NAME_out, in the order of the kernel's outputs */
    uint32_t n;
    bool local;
    bool extra; /* made for ghosts: taken when no other does */
} abi_entry;

typedef struct abi {
    const compiled *t;
    const char *prefix; /* NAME of the symbols: letters of a C identifier */
    const char *hash;   /* 16 hexadecimal digits over the interface and the kernels */
    mtx_plan plan;
    const char **set, **input, **slot, **param; /* C names by id */
    VEC(abi_output) outputs;
    VEC(abi_entry) entries; /* the first has every output of the transform, the others fewer or more */
    const char *meta;       /* JSON */
} abi;

/* NAME_program, NAME_stage, ...: what a library exports besides NAME_meta */
#define ABI_FUNCTIONS 7
extern const char *const abi_functions[ABI_FUNCTIONS];

/* Everything in the arena. False, with the reason: the program takes what no file holds. */
bool abi_make(arena *a, const compiled *t, const char *prefix, abi *out, text *problem);
void abi_header(const abi *x, text *out);                                /* abi_header.c: NAME.h */
void abi_source(const abi *x, const int *level, int n_level, text *out); /* abi_source.c */

/* abi_entries.c: the outputs are there; adds derivatives by pairs, and the kernels */
void abi_entries(arena *a, abi *x);

/* does the kernel, or any kernel, read that array (of a set, slot or input) */
bool abi_entry_reads(const abi_entry *e, buffer_kind kind, uint32_t index);
bool abi_reads(const abi *x, buffer_kind kind, uint32_t index);

void abi_run(const abi *x, text *out); /* abi_run.c: the functions that run kernels */

/* is an output computed by that kernel */
bool abi_entry_has(const abi_entry *e, uint32_t o);
/* can a host with ghost atoms ask for that output (SETIR_NONE: for any) */
bool abi_ghosts(const abi *x, uint32_t o);

/* size of output `o` for readers: "[s.atom][s.atom][3]" */
void abi_shape(const abi *x, uint32_t o, text *out);

#endif
