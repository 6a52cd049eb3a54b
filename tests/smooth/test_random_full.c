/* SPDX-License-Identifier: Apache-2.0
 *
 * test_random_full.c: test_rough.c with many more random transforms, for the full tier.
 */
#define RANDOM_PROGRAMS 2500
#define RANDOM_SEED 100000
#include "test_rough.c"
