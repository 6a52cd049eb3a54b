/* SPDX-License-Identifier: Apache-2.0
 *
 * setir_eval.h: what the scalar operations of the set IR mean, as plain functions: for the interpreter and
 * for folding constants.
 */
#ifndef MTX_SETIR_EVAL_H
#define MTX_SETIR_EVAL_H

#include "setir.h"

double eval_unary(node_op op, double x);            /* NEG EXP ... FLOOR; NaN for any other operation */
double eval_binary(node_op op, double x, double y); /* ADD SUB MUL DIV POWV ATAN2 MIN2 MAX2; likewise */
double eval_power(double x, double p);              /* POW: whole powers by multiplication */
double eval_cutoff(double x, int32_t n);            /* CUTOFF */
double eval_element(int32_t property, int32_t Z);   /* ELEMENT_DATA in base units; NaN where not tabulated */
bool eval_constant(const program *p, node_id n, double *value); /* a closed scalar that no data enters */

#endif
