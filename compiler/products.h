/* SPDX-License-Identifier: Apache-2.0
 *
 * products.h: the products of a transform's Jacobian with a vector, from either side, as transforms of their own.
 */
#ifndef MTX_PRODUCTS_H
#define MTX_PRODUCTS_H

#include "driver.h"

typedef enum product_kind {
    PRODUCT_VJP, /* takes cot_X for every output X, a number for each of its; gives r_bar, strain_bar, q_bar:
                    the derivative of sum cot_X X by positions, by a symmetric strain, by every field of numbers */
    PRODUCT_JVP  /* takes r_dot, strain_dot, q_dot; gives every output X, and X_dot: how fast X changes */
} product_kind;

/* What a transform gives that has such products: numbers of the structure, or of its sites and fixed sets. Names
 * with several structures are host_r_bar, sample_r_bar. The result is lowered, nothing is claimed of it; NULL,
 * with the reason in `sink` or `problem`: an operation without a derivative, no output or nothing to move. */
compiled *products_make(arena *a, const compiled *t, product_kind kind, diag_sink *sink, text *problem);

#endif
