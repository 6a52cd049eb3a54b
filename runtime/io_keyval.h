/* SPDX-License-Identifier: Apache-2.0
 *
 * io_keyval.h: the key=value pairs on the second line of an extended XYZ frame. In: the line; out: one typed
 * pair after the other. What a key means is decided in io_xyz.c.
 */
#ifndef MTX_RUNTIME_IO_KEYVAL_H
#define MTX_RUNTIME_IO_KEYVAL_H

#include "io.h"

typedef struct io_item { size_t at, length; bool quoted; } io_item;     /* in io_keyval.chars */

/** A scanner over one line; its memory is reused from line to line. */
typedef struct io_keyval {
    const char *p, *end;
    const char *key;                       /* decoded, key_length bytes                            */
    size_t      key_length;
    const char *raw;                       /* the value as it stands in the line, without quotes    */
    size_t      raw_length;
    bool        bare;                      /* a key without a value: logical true                  */
    bool        assigned;                  /* the line has at least one `key=`                     */
    mtx_column_type type;
    int32_t     count, rows;               /* values; rows of a two-dimensional array, else 0      */
    double     *numbers;                   /* [count], not for TEXT                                */
    io_item    *items;                     /* [count]                                              */
    char       *chars;                     /* decoded texts, zero-terminated                       */
    size_t      chars_used, chars_room;
    int32_t     room;
    char        what[96];                  /* after an error: what is wrong at p                   */
} io_keyval;

void io_keyval_start(io_keyval *k, const char *line, size_t length);
/** MTX_OK: a pair; MTX_END; MTX_EFORMAT: see what and p; MTX_ENOMEM. */
mtx_status io_keyval_next(io_keyval *k);
const char *io_keyval_text(const io_keyval *k, int32_t item);
void io_keyval_free(io_keyval *k);

#endif
