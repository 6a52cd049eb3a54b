/* SPDX-License-Identifier: Apache-2.0
 *
 * smooth_fact.h: what the smoothness analysis knows of one value, and the arithmetic of that knowledge.
 *
 * The domain of a value is all structures without coincident atoms, together with the places where something
 * enters or leaves: its *edges*. An edge (a pair at its cutoff, the place where a condition changes) has a
 * distance t > 0 from it. Near the edges a value is   t1^m1 * t2^m2 * ... * h   where every derivative of h
 * costs at most one power of some t (h is conormal). m > 0: it vanishes, m < 0: a pole, +inf: flat (faster
 * than every power), -inf: nothing is known. A value extended by zero beyond an edge is then C^k for every k
 * < m, and products add their m: corners included.
 *
 * A value that depends on one moving quantity only (its *base*, such as norm(b.d)) also has a series in t at
 * each edge of the base, in which cancellations such as cos(pi) + 1 are seen. Not done here: programs
 * (smooth.c).
 */
#ifndef MTX_SMOOTH_FACT_H
#define MTX_SMOOTH_FACT_H

#include "series.h"
#include "setir.h"

#define FACT_LOG  1e-9           /* log t grows slower than every power: t^-FACT_LOG bounds it              */

/* Is the end of a range reached? EDGE: only on an edge. Ordered by how open the end is. */
typedef enum range_end { END_CLOSED, END_EDGE, END_OPEN } range_end;
typedef struct range { double lo, hi; range_end lo_end, hi_end; } range;

typedef struct edge {
    uint32_t key;
    double   m;
    bool     known;              /* `at` holds                                                             */
    series   at;
} edge;

/* why an order is no higher */
typedef struct blame {
    node_id     node;            /* what to point at                                                        */
    node_id     origin;          /* the operation that is no smoother                                       */
    const char *reason;
    bool        certain;         /* it really is no smoother: not just beyond the rules                     */
    set_id      boundary;        /* PAIRS or RECIP set whose cutoff limits, or SETIR_NONE                   */
    double      vanish;          /* the m of the body there                                                */
    int         derivatives;     /* taken of it since                                                      */
} blame;

/* A value f >= 0 whose derivatives of number j are O(f^(1 - j/power)) where it comes to zero: a term that
 * vanishes as t^power where a condition ends it and is zero beyond, a sum of terms that do so or that come and
 * go so. f^p is then C^k there for every k < p power. power 0: not known to be so. `floor`: at an edge that the value does not have, f is at least of order t^floor, because one
 * of the terms is that edge's. */
typedef struct touch {
    double power, floor;
    bool   exact;                /* one term alone can come to zero in this way                             */
} touch;

typedef struct fact {
    int          order;          /* proved; SMOOTH_INFINITE, -1: may jump                                  */
    const blame *blame;          /* of `order`, NULL when infinite                                         */
    bool         constant;       /* the same number always: `value` (sum of magnitudes: `size`)            */
    double       value, size;
    range        r;              /* scalars                                                                */
    bool         nonzero;        /* off the edges                                                          */
    bool         definite;       /* h is nonzero, edges included                                           */
    touch        touch;          /* how it comes to zero, off the edges                                    */
    node_id      base;           /* SETIR_NONE, or the quantity it is a function of                        */
    int          power;          /* symbolic edges: the series times the base's symbol to this power       */
    bool         affine;         /* symbolic edges: exactly at[0] + at[1] t, 0 < t < 1                     */
    uint32_t     n_edges;
    edge        *edge;
} fact;

extern const range range_all;
range range_point(double v);
range range_of(double lo, range_end lo_end, double hi, range_end hi_end);
range range_hull(range a, range b);
range range_meet(range a, range b);
bool  range_nonzero(range r, bool edges);        /* edges: count them as reached                            */
int   range_sign(range r);                       /* off the edges: -1, 1, 0 unknown                         */
bool  range_reaches(range r, double v);          /* v lies in the closed range                              */

fact  fact_opaque(void);
fact  fact_constant(double value, double size);
bool  fact_is_zero(const fact *f);
bool  fact_is_nonzero(const fact *f);            /* off the edges                                           */
range_end fact_zero_end(const fact *f);          /* does its size reach zero?                               */
const edge *fact_edge(const fact *f, uint32_t key); /* NULL: none                                          */
double fact_vanish(const fact *f, uint32_t key); /* m at an edge                                            */
bool  fact_series(const fact *f, uint32_t key, series *out);
/* of a value f >= 0: as touch.power, but where it comes to zero at its edges, too. 0: not known; infinite: it
 * comes to zero nowhere, or is zero everywhere */
double fact_touch(const fact *f);
void  fact_limit(fact *f, int order, const blame *why);
void  fact_settle(fact *f);                      /* m and definite from series and range                    */
void  fact_drop(fact *f, uint32_t key);          /* forget an edge                                          */

/* a value that is known without y, which nevertheless has to be a number: 0 * sqrt(-1) is none */
fact  fact_beside(fact f, const fact *y);
fact  fact_add(arena *a, const fact *x, const fact *y);
fact  fact_negate(arena *a, const fact *x);
fact  fact_multiply(arena *a, const fact *x, const fact *y);
/* x^p where that is defined for every value of x; *problem is set (and nothing claimed) otherwise */
fact  fact_power(arena *a, const fact *x, double p, const char **problem);
fact  fact_function(arena *a, node_op op, const fact *x, const char **problem);
/* values that are pieces of both; keeps what holds for both */
fact  fact_join(arena *a, const fact *x, const fact *y);
/* several arguments, no cancellation known: order and m of the worst */
fact  fact_worst(arena *a, const fact *x, const fact *y);

#endif
