/* SPDX-License-Identifier: Apache-2.0
 *
 * test_waves_full.c: test_waves.c many times over.
 */
#define LAW_TIMES 20
#include "test_waves.c"
