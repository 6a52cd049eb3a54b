/* SPDX-License-Identifier: Apache-2.0
 *
 * gen_program.h: random well-typed programs of the set IR, for differential tests of whatever reads or
 * rewrites them.
 *
 * The same seed gives the same program. Programs take one structure (molecule, layer or crystal) or a host
 * and a sample, with the fields charge, dipole (per atom) and field (per structure) of check.h's structures.
 * Functions are chosen so that values stay moderate and well conditioned: a difference beyond rounding is a
 * mistake. Frames of the first structure have at most 7 atoms (there is padding to 7 places).
 */
#ifndef MTX_TESTS_GEN_PROGRAM_H
#define MTX_TESTS_GEN_PROGRAM_H

#include "setir.h"

program *random_program(arena *a, uint64_t seed);

#endif
