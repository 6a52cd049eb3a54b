/* SPDX-License-Identifier: Apache-2.0
 *
 * refute.h: the search for counterexamples, as claims.c asks for it.
 */
#ifndef MTX_REFUTE_H
#define MTX_REFUTE_H

#include "claims.h"

bool refute_by_witness(void *runnable, const program *declared, const claim *c, const law_info *law, arena *a,
                       const char **description);

#endif
