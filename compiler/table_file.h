/* SPDX-License-Identifier: Apache-2.0
 *
 * table_file.h: files of numbers that a spec reads when it is compiled: parameters by element, pair or triple of
 * elements or by number, and embedded-atom tables. Every message is at its place in the file.
 */
#ifndef MTX_TABLE_FILE_H
#define MTX_TABLE_FILE_H

#include "diag.h"
#include "setir.h"

enum { TABLE_KEYS = 6, TABLE_COLUMNS = 64, TABLE_PLACES = 1 << 20 };

typedef struct table_column {
    name    id;
    span    at;
    unit    unit;
    double *value;               /* in base units; [places], row-major over the keys                       */
} table_column;

/* one list of elements for all element keys, one range for all number keys */
typedef struct table_file {
    uint32_t n_keys, n_columns, places;
    bool     by_element[TABLE_KEYS];
    int32_t *species, n_species;
    int32_t  lo, hi;
    table_column column[TABLE_COLUMNS];
} table_file;

/* What setfl holds, in eV and Å: [elements][densities], [elements][points], [elements][elements][points]. */
typedef struct setfl_file {
    int32_t *species, n_species;
    double  *mass;               /* in base units                                                           */
    uint32_t densities, points;
    double   density_step, step, cutoff;
    double  *embedding, *density, *pair;
} setfl_file;

typedef enum table_format { TABLE_UNKNOWN, TABLE_CSV, TABLE_SW, TABLE_TERSOFF, TABLE_SETFL } table_format;

table_format table_format_of(const char *path);          /* by its ending                                   */
/* NULL: reported */
table_file *table_file_read(arena *a, intern *names, diag_sink *sink, const source *src, table_format format);
setfl_file *setfl_read(arena *a, diag_sink *sink, const source *src);

/* one field of a file */
typedef struct field { span at; const char *s; uint32_t n; } field;
bool field_number(const field *f, double *out);          /* finite, decimal                                 */
bool field_whole(const field *f, int64_t *out);
const char *field_text(arena *a, const field *f);

#endif
