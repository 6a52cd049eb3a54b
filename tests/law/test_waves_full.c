/* SPDX-License-Identifier: Apache-2.0
 *
 * test_waves_full.c: test_waves.c many times over.
 */
