/* SPDX-License-Identifier: Apache-2.0
 *
 * units.h: names of units to powers of base units, and the unit of every operation.
 */
#ifndef MTX_UNITS_H
#define MTX_UNITS_H

#include "ast.h"
#include "setir.h"

/* A unit name as written. False when unknown. */
bool units_lookup(const char *word, unit *u, double *scale);

/* A whole unit expression; unknown names are reported (with the closest known one) and false is returned. An absent
 * unit gives the unit 1. `scale` converts a number in that unit to base units. */
bool units_resolve(diag_sink *sink, const ast_unit *written, unit *u, double *scale);

/* The unit of an operation from those of its arguments: the one table of unit rules. On failure `false`, and
 * *culprit is the argument that is wrong (or -1: the two disagree). Arguments of kinds other than ELEM_REAL have
 * unit 1. PAIR_D and its like need no arguments: their unit is a length. */
bool units_of_op(const program *p, node_op op, const node_imm *imm, const unit *arg, uint32_t n_args, unit *out,
                 int *culprit);

#endif
