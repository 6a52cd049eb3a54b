/* SPDX-License-Identifier: Apache-2.0
 *
 * The test of random programs with more of them, for the full tier.
 */
#define RANDOM_FIRST 1001
#define RANDOM_C     2000
#define RANDOM_LLVM  2000
#include "test_random.c"
