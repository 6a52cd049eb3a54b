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

/* The program with values in place of the names of constants: whose laws are inferred; `p` itself when it has no
 * names. Which tensors of `p` are or use derivatives by constants: their laws are those in `p`, where a constant may
 * have any value, since E may have a law for one value only, such as 2 pi. False: none. */
program *ad_values(arena *a, program *p);
bool ad_by_names(const program *p, bool *which);

/* The same with derivatives by constants and parameters written out, others left: how smooth they are is not to be read
 * off from E, whose pieces may fit together for one value only. What has no rule is left too. */
program *ad_numbers_expand(arena *a, program *p);

#endif
