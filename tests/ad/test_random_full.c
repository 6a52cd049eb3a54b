/* SPDX-License-Identifier: Apache-2.0
 *
 * The test of random programs differentiated with more of them, for the full tier.
 */
#define RANDOM_FIRST 1001
#define RANDOM_C     400
#define RANDOM_LLVM  1000
#define RANDOM_DIFFERENCES 2500
#include "test_random.c"
