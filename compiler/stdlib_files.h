/* SPDX-License-Identifier: Apache-2.0
 *
 * stdlib_files.h: the standard library as it was at build time, embedded by cmake/embed.cmake. Sorted by path; a row of
 * NULLs ends the table.
 */
#ifndef MTX_STDLIB_FILES_H
#define MTX_STDLIB_FILES_H

#include <stddef.h>

typedef struct stdlib_file {
    const char *path;            /* relative to stdlib/, as in `use "descriptors/soap.mtx"`  */
    const char *text;            /* UTF-8, NUL-terminated                                    */
    size_t      length;          /* bytes without the NUL                                    */
} stdlib_file;

extern const stdlib_file stdlib_files[];
extern const size_t      stdlib_file_count;

/* module.c: the file of that path or last part; the path that is closest to a wrong one. NULL: there is none. */
const stdlib_file *stdlib_find(const char *path);
const char        *stdlib_closest(const char *path);

#endif
