/* SPDX-License-Identifier: Apache-2.0
 *
 * test_attack_full.c: test_attack.c with ten times as much: random programs against the laws, more of them.
 */
#define LAW_TIMES 10
#include "test_attack.c"
