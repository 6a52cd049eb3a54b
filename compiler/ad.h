/* SPDX-License-Identifier: Apache-2.0
 *
 * ad.h: derivatives on the set IR, by reverse accumulation. In: a program whose tensors may be derivatives
 * (LIB_GRAD). Out: the same program with those written out as ordinary tensors: closed, so that a derivative
 * of a derivative is the same pass once more.
 */
#ifndef MTX_AD_H
#define MTX_AD_H

#include "setir.h"

/* A program with the ids of `p` (sets, inputs, nodes, tensors), every LIB_GRAD replaced by a body; helper
 * tensors come after those of `p`. `p` itself when it has no derivatives. Reports what has no derivative
 * rule; then the result is NULL. */
program *ad_expand(arena *a, program *p, diag_sink *sink);

#endif
