/* SPDX-License-Identifier: Apache-2.0
 *
 * io_xyz.h: what the two halves of the extended XYZ reader share: the columns of the atom lines as the second line of
 * a frame declares them (io_xyz_head.c), and where io_xyz.c puts what it reads from those lines. Internal.
 */
#ifndef MTX_RUNTIME_IO_XYZ_H
#define MTX_RUNTIME_IO_XYZ_H

#include "io.h"
#include "io_keyval.h"

typedef enum field_kind {
    FIELD_SPECIES,
    FIELD_NUMBER,
    FIELD_POSITION,
    FIELD_REAL,
    FIELD_INT,
    FIELD_BOOL,
    FIELD_TEXT,
    FIELD_SKIP
} field_kind;

/* One entry of Properties; a column under construction. Grows with the atoms read, not with the count
 * claimed. */
typedef struct field {
    field_kind kind;
    int32_t    width;
    char      *name;
    double    *values;                     /* [rows][width]; REAL, INT, BOOL                       */
    char      *chars;                      /* texts one after the other, each with a zero byte     */
    size_t     chars_used, chars_room;
} field;

typedef struct species_slot { uint16_t key; uint8_t Z; } species_slot;

typedef struct xyz {
    io_keyval    pairs;
    char        *layout;                   /* the Properties text that `fields` was compiled from  */
    field       *fields;
    int32_t      n_fields, width;          /* width: tokens of an atom line                         */
    int64_t      rows_room;                /* rows that every field's `values` has room for         */
    bool         open_ended;               /* plain XYZ: more tokens may follow                     */
    species_slot slots[64];                /* element symbols seen lately                           */
    bool         pending;                  /* a failure of the stream met while looking ahead       */
    mtx_status   pending_status;
    mtx_problem  pending_problem;
} xyz;

/** Reads the second line of a frame: cell, pbc and info of the structure, and the fields of its atom lines. */
mtx_status xyz_read_head(mtx_reader *r, mtx_structure *s, const char *line, size_t length, int64_t at,
                         mtx_problem *problem);
/** Frees the fields. */
void xyz_drop_layout(xyz *x);

#endif
