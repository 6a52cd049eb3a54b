/* SPDX-License-Identifier: Apache-2.0
 *
 * gen_law.h: random programs to attack the laws with. In: a seed. Out: programs that verify.c accepts and
 * that mix what transforms differently: scalars with pseudoscalars, vectors with components, positions with
 * differences, atoms with copies, lattice axes with numbers, one or two structures, a host and its sample.
 * Unlike tests/lower/gen_program.c nothing is done to keep values well conditioned or laws simple: related.h
 * leaves out what rounding decides.
 */
#ifndef MTX_TESTS_GEN_LAW_H
#define MTX_TESTS_GEN_LAW_H

#include "setir.h"

enum { GEN_VARS = 14, GEN_TENSORS = 40, GEN_SLOTS = 2, GEN_NAMED = 1000 };

/* the fields that a structure has */
enum {
    F_POSITION,
    F_SPECIES,
    F_SCALAR,
    F_PSEUDO,
    F_VECTOR,
    F_AXIAL,
    F_POINT,
    F_TENSOR,
    F_CHANNELS,
    F_TABLE,
    F_LATTICE,
    F_GLOBAL,
    F_GLOBAL_VECTOR,
    F_GLOBAL_POINT,
    F_COUNT
};

typedef struct gen {
    program *p;
    arena *a;
    intern names;
    uint64_t state;
    int depth, most_depth;
    double work; /* how often the place being written is evaluated            */
    double work_most;
    ivar_id var[GEN_VARS];
    int n_var; /* index variables in scope                                  */
    set_id atom[GEN_SLOTS], bond[GEN_SLOTS], recip[GEN_SLOTS], axis[GEN_SLOTS];
    set_id near, range, kinds, spot, edge; /* SETIR_NONE: the program has none                          */
    input_id field[GEN_SLOTS][F_COUNT];
    uint32_t named; /* constants with names: made where `naming` says so          */
    bool naming;
    def_id tensor[GEN_TENSORS];
    int n_tensor;
} gen;

typedef enum gen_kind { GEN_ANY, GEN_CRYSTAL, GEN_DEFECTS } gen_kind;

/** Structures, fields and sets, no tensors yet. */
void gen_start(gen *g, arena *a, uint64_t seed, gen_kind kind);

/** One random application of `op` under random index variables, as a new tensor: false where the program has
 * nothing to apply it to (no lattice, no spots). */
bool gen_application(gen *g, node_op op, def_id *made);

/** A few tensors of random expressions, library tensors among them. */
void gen_tensors(gen *g, int count);

#endif
