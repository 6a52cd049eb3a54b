/* SPDX-License-Identifier: Apache-2.0
 *
 * The test of the standard library with every file through the C compiler, for the full tier.
 */
#define C_EVERY 1
#include "test_stdlib.c"
