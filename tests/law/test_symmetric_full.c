/* SPDX-License-Identifier: Apache-2.0
 *
 * test_symmetric_full.c: test_symmetric.c with ten times as much: exchanged index variables, more bodies.
 */
#define LAW_TIMES 10
#include "test_symmetric.c"
