/* SPDX-License-Identifier: Apache-2.0
 *
 * io.h: what the readers and writers of data files share: a byte stream that unpacks, the table of formats,
 * the way problems get their place, files that appear only when complete. Users see only mtxrt.h.
 */
#ifndef MTX_RUNTIME_IO_H
#define MTX_RUNTIME_IO_H

#include "number.h"
#include "rt.h"

#include <stdio.h>

/* ------------------------------------------------------------------------------------------------ streams */

/* Zero bytes kept readable behind the last byte of the buffer, for parsers that look ahead. */
enum { IO_SLACK = 64 };

/* A line, or one record of a JSON file, may be this long: a guard against files that are something else. */
#define IO_LINE_LIMIT   ((size_t)256 << 20)
#define IO_RECORD_LIMIT ((size_t)1 << 30)

typedef struct io_source io_source;

/** Unpacked bytes: data[begin .. end) are read and not used yet, followed by IO_SLACK zero bytes. */
typedef struct io_stream {
    char      *data;
    size_t     begin, end, lines_end;      /* lines_end: behind the last newline before `end`      */
    size_t     capacity;
    int64_t    line;                       /* 1-based number of the line that starts at `begin`   */
    bool       at_end;                     /* nothing follows data[end)                            */
    io_source *source;
    const char *name;                      /* as the user gave it; owned by the reader             */
} io_stream;

/** Opens a file, or `size` bytes of memory when `bytes` is not NULL; gzip and xz are recognised by their
 * content. */
mtx_status io_stream_open(io_stream *s, const char *name, const void *bytes, size_t size,
                          mtx_problem *problem);
void       io_stream_close(io_stream *s);
/** More bytes behind `end`; the buffer moves. MTX_END when there are none. */
mtx_status io_stream_fill(io_stream *s, size_t limit, mtx_problem *problem);
/** At least one whole line in data[begin .. lines_end); a newline is added to a last line without one.
 * MTX_END. */
mtx_status io_stream_lines(io_stream *s, mtx_problem *problem);
/** The next line without its end (\n or \r\n), valid until the next call; the stream moves behind it. */
mtx_status io_stream_line(io_stream *s, char **line, size_t *length, mtx_problem *problem);
/** Everything that is left, as one block that ends with a zero byte. */
mtx_status io_stream_rest(io_stream *s, char **text, size_t *length, mtx_problem *problem);
/** Whether the bytes were packed, so that the file cannot be handed to a library as it is. */
bool       io_stream_is_packed(const io_stream *s);
/** Share of the packed bytes that has been read, 0..1; -1 unknown. */
double     io_stream_progress(const io_stream *s);

/* ------------------------------------------------------------------------------------------------ readers */

typedef struct io_format {
    const char *name;
    const char *names;                     /* more names, and file name endings: "|xyz|extxyz|"    */
    bool (*recognise)(const char *text, size_t length);      /* by the first bytes; NULL: never    */
    mtx_status (*open)(mtx_reader *r, mtx_problem *problem);
    mtx_status (*next)(mtx_reader *r, mtx_structure *s, mtx_problem *problem);
    void (*close)(mtx_reader *r);
} io_format;

extern const io_format io_format_extxyz, io_format_poscar, io_format_cif, io_format_json, io_format_asedb;

struct mtx_reader {
    const io_format *format;
    io_stream        stream;
    void            *state;                /* the format's own                                     */
    char            *name;                 /* path as given                                        */
    bool             from_memory;
    int64_t          frame;                /* number of the frame being read                       */
    int64_t          skipped;
    bool             skip_bad, only_wanted;
    uint8_t          needs_cell[3];
    mtx_wanted      *wanted;               /* copies, names included                               */
    int32_t          n_wanted;
    void           (*on_skip)(void *user, const mtx_problem *problem);
    void            *user;
};

/** The request for that name, or NULL. */
const mtx_wanted *io_wanted(const mtx_reader *r, const char *name, size_t length, bool per_atom);
/** Whether a column of that name is to be kept at all. */
bool io_keeps(const mtx_reader *r, const char *name, size_t length, bool per_atom);

/**
 * Fill a problem of a reader: place, code, status; returns the status. line, atom: -1 unknown; field: NULL
 * none, else `field_length` bytes. Texts quoted from a file go through io_quote.
 */
mtx_status io_problem(const mtx_reader *r, mtx_problem *problem, mtx_status status, const char *code,
                      int64_t line, int64_t atom, const char *format, ...) RT_PRINTF(7, 8);
void       io_problem_field(mtx_problem *problem, const char *field, size_t length);

/** At most 40 bytes of a token in backquotes, control characters and broken UTF-8 replaced. */
typedef struct io_quoted { char text[64]; } io_quoted;
io_quoted io_quote(const char *token, size_t length);

mtx_status io_no_memory(mtx_problem *problem);

/** Checks of finished structures: atoms there, cell finite, periodic vectors independent. */
mtx_status io_check_cell(const mtx_reader *r, const mtx_structure *s, int64_t line, mtx_problem *problem);

/** A copy of `length` bytes with a zero byte at the end; NULL: memory exhausted. */
char *io_text(const char *text, size_t length);

#endif
