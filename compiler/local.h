/* SPDX-License-Identifier: Apache-2.0
 *
 * local.h: which outputs can be computed in parts, by processes that each own some of the atoms and see the
 * others as ghosts: those that need, of an atom that is not owned, nothing but inputs.
 */
#ifndef MTX_LOCAL_H
#define MTX_LOCAL_H

#include "loopir.h"

/* The output over atoms or pairs depends on the row of its atom alone; without sets, it is a sum of such
 * terms over atoms or pairs, so that the parts of all processes add up to it. `why`, when not: static. */
bool local_output(const program *p, def_id d, const char **why);
/* The kernel uses second ends of pairs to look up inputs and for nothing else, so that ends beyond the owned
 * atoms are safe. */
bool local_kernel(const kernel *k, const program *p);

#endif
