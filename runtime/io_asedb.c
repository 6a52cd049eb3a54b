/* SPDX-License-Identifier: Apache-2.0
 *
 * io_asedb.c: knows an ASE SQLite database when it sees one, and hands it to the module that reads it
 * (sqlite_module.c), so that programs that read other files never load SQLite.
 */
#include "io.h"
#include "module.h"

static const char magic[16] = "SQLite format 3";

static bool asedb_recognise(const char *text, size_t length)
{
    return length >= sizeof magic && memcmp(text, magic, sizeof magic) == 0;
}

static mtx_status asedb_open(mtx_reader *r, mtx_problem *problem)
{
    const io_stream *in = &r->stream;
    if (!asedb_recognise(in->data + in->begin, in->end - in->begin)) {
        return io_problem(r, problem, MTX_EFORMAT, "E0622", -1, -1, "this is no SQLite database");
    }
    const io_format *format = mtxrt_module("mtxrt-sqlite", "mtxrt_sqlite", problem);
    if (format == NULL) return MTX_EUNSUPPORTED;
    r->format = format;
    return format->open(r, problem);
}

static mtx_status asedb_next(mtx_reader *r, mtx_structure *s, mtx_problem *problem)
{
    (void)s;
    return asedb_open(r, problem);         /* unreachable: opening replaces the format */
}

const io_format io_format_asedb = {.name = "asedb", .names = "|asedb|db|", .recognise = asedb_recognise,
                                   .open = asedb_open, .next = asedb_next};
