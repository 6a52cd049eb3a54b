/* SPDX-License-Identifier: Apache-2.0
 *
 * tabulate.h: a function of one variable as pieces of polynomials with a checked error.
 */
#ifndef MTX_TABULATE_H
#define MTX_TABULATE_H

#include "jet.h"

typedef struct tabulation {
    double lo, hi;
    double tolerance;
    bool   relative;             /* to the largest |f| in the range, for each place; else in f's unit      */
} tabulation;

typedef struct tabulate_report {
    enum { TABULATE_FINE, TABULATE_NOT_FINITE, TABULATE_TOO_ROUGH } how;
    double x, reached;           /* where it is worst; the error there, as `tolerance` counts              */
    uint32_t pieces;
} tabulate_report;

/* Fills c's pieces, terms, lo, rate, order and data; its domain and places are those of f's indices. */
tabulate_report tabulate(arena *a, jet_function *f, const int64_t *size, uint32_t n_index, tabulation t, curve *c);

#endif
