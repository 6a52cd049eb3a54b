/* SPDX-License-Identifier: Apache-2.0
 *
 * test_rules_full.c: test_rules.c with ten times as much: every rule, on more applications.
 */
#define LAW_TIMES 10
#include "test_rules.c"
