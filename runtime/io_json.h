/* SPDX-License-Identifier: Apache-2.0
 *
 * io_json.h: JSON values to columns and numbers, for the two JSON formats (io_pymatgen.c, io_ase.c).
 * Internal; only for builds with jansson.
 */
#ifndef MTX_RUNTIME_IO_JSON_H
#define MTX_RUNTIME_IO_JSON_H

#include "io.h"

#include <jansson.h>

/** Where a record starts, for messages. */
typedef struct json_place { const mtx_reader *r; int64_t line; } json_place;

/** A problem about `field` (NULL: none) of a record. */
mtx_status json_problem(json_place at, mtx_problem *problem, mtx_status status, const char *code,
                        const char *field, int64_t atom, const char *format, ...) RT_PRINTF(7, 8);

/** The array inside {"__ndarray__": [shape, type, [..]]} or {"array": ..}; any other value as it is. */
json_t *json_unwrap(json_t *value);
/** Number of leaves of nested arrays; -1 when they hold anything but numbers. */
int64_t json_count_numbers(json_t *value);
/** The leaves in order, exactly `count`. */
mtx_status json_numbers(json_place at, json_t *value, double *to, int64_t count, const char *field,
                        int64_t atom, mtx_problem *problem);
/** Three truth values. */
mtx_status json_pbc(json_place at, json_t *value, uint8_t pbc[3], mtx_problem *problem);

/** Keep a value as info when it is a number, truth value, text or an array of one of these; else leave it
 * out. */
mtx_status json_keep_info(json_place at, mtx_structure *s, const char *name, json_t *value,
                          mtx_problem *problem);
/** A per-atom column from one value per atom; left out when they differ in type or width. */
mtx_status json_keep_column(json_place at, mtx_structure *s, const char *name, json_t *const *values,
                            mtx_problem *problem);

/** A record that io_pymatgen.c understands. */
bool       json_is_pymatgen(json_t *record);
mtx_status json_read_pymatgen(json_place at, json_t *record, mtx_structure *s, mtx_problem *problem);
/** A row of an ASE database; key: its id. */
mtx_status json_read_ase(json_place at, const char *key, json_t *record, mtx_structure *s,
                         mtx_problem *problem);

#endif
