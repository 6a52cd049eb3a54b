/* SPDX-License-Identifier: Apache-2.0
 *
 * irreps.h: channels that turn with the structure, and the tables of numbers that mix them. In: degrees, copies,
 * parities; terms of a product. Out: ids in a program, generators of rotations, whether a table turns as its
 * operands and its result do. What the components mean: harmonics.h; products of two: coupling.h.
 */
#ifndef MTX_IRREPS_H
#define MTX_IRREPS_H

#include "setir.h"

const irreps *irreps_of(const program *p, elem e);        /* NULL: plain channels or none                        */
uint32_t irreps_channels(const irrep *part, uint32_t n);  /* numbers in all                                      */
/* 0..lmax of natural parity, one copy of each, as spherical harmonics have */
uint16_t irreps_harmonics(program *p, int lmax);
/* Does it turn at all, or change sign in an inversion? */
bool irreps_turn(const program *p, elem e);
/* "irreps(0..6)", "irreps(2x0e + 1o)", as the user writes them */
void irreps_text(const program *p, elem e, text *out);

/* part, copy, degree and component of one channel */
typedef struct irrep_place { uint32_t part, copy; int l, m; bool odd; } irrep_place;
irrep_place irreps_place(const irreps *r, uint32_t channel);

/* One row of a generator of rotations: the change of component `row` under a small turn about `axis` is the angle
 * times the sum of value[k] * component[column[k]]. For scalars, vectors, tensors and irreps. */
typedef struct generator_row { uint32_t n, column[6]; double value[6]; } generator_row;
generator_row generator_of(const program *p, elem e, int axis, uint32_t row);
/* -1 for a component that changes sign in an inversion */
int inversion_of(const program *p, elem e, uint32_t component);

/* A value of that type as it is after the orthogonal q: vectors, tensors, irreps; in and out may be the same. */
void irreps_rotate(const program *p, elem e, const double q[3][3], const double *in, double *out);

/* Does the table give a result that turns (and is inverted) as its type says when its operands do? By the Lie
 * algebra: exact for every rotation up to the rounding of the weights. */
bool table_turns(const program *p, uint32_t table);

/* The same numbers with another argument taken: TABLE_A by (result, b) to a, TABLE_B by (a, result) to b. */
typedef enum table_side { TABLE_A, TABLE_B } table_side;
uint32_t table_exchange(program *p, uint32_t table, table_side side);

/* LINEAR: component from[k] of a value of type `of` as component k of one of type `to` */
uint32_t table_pick(program *p, elem of, elem to, const uint32_t *from);

#endif
