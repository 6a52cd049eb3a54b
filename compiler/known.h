/* SPDX-License-Identifier: Apache-2.0
 *
 * known.h: tables whose numbers follow from the spec alone, computed when compiling.
 */
#ifndef MTX_KNOWN_H
#define MTX_KNOWN_H

#include "setir.h"

/* A copy of p, with the same ids, in which such tensors are constant tables: those with sums over ranges and lists in them. */
program *known_tables(arena *a, const program *p);

#endif
