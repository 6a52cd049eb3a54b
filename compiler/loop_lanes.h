/* SPDX-License-Identifier: Apache-2.0
 *
 * loop_lanes.h: which loops can run several iterations at once, as the lanes of vectors; for both emitters.
 */
#ifndef MTX_LOOP_LANES_H
#define MTX_LOOP_LANES_H

#include "loopir.h"

/* Is every bound inside the same for all lanes, does every store have a place of its own in each lane? `varies`, by
 * lvalue, is filled: what differs between the lanes. */
bool lanes_possible(const kernel *k, const lstmt *loop, bool *varies);
bool lanes_differ(const lexpr *x, const bool *varies);

/* Is the sum read in the block, but for being added to by those loops that `in_lanes` tells? */
typedef bool lanes_test(const void *user, const lstmt *loop);
bool lanes_read(const lblock *b, lvalue sum, lanes_test *in_lanes, const void *user);

#endif
