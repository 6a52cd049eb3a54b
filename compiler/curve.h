/* SPDX-License-Identifier: Apache-2.0
 *
 * curve.h: values of the constant tables of a program (setir.h, curve).
 */
#ifndef MTX_CURVE_H
#define MTX_CURVE_H

#include "setir.h"

enum { CURVE_TERMS = 8 };

int64_t curve_set_size(const program *p, set_id s);       /* elements of a set of fixed size; 0: another set  */
size_t curve_numbers(const curve *c);                     /* in `data`                                         */
double curve_value(const curve *c, uint32_t cell, double x, int32_t k); /* derivative k; plain ones ignore x  */
uint32_t curve_piece(const curve *c, double x, double *u);
double curve_falling(uint32_t j, int32_t k);              /* j (j - 1) ... (j - k + 1)                          */
/* Taylor coefficients, by powers of x, of derivative k of a piece at its u; and the magnitudes that went into them */
void curve_expand(const curve *c, uint32_t cell, uint32_t piece, double u, int32_t k, double *to, double *size);
bool curve_symmetric(const curve *c);                     /* of two indices over one set: do they exchange?    */
const char *curve_fault(const program *p, const curve *c); /* NULL: well formed                               */

#endif
