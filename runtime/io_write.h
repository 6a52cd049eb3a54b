/* SPDX-License-Identifier: Apache-2.0
 *
 * io_write.h: what the writers share: a file under a temporary name, the table of formats, results split into
 * plain growing arrays. Internal.
 */
#ifndef MTX_RUNTIME_IO_WRITE_H
#define MTX_RUNTIME_IO_WRITE_H

#include "io.h"

/* -------------------------------------------------------------------------------------- files (io_file.c) */

enum { IO_FILE_BUFFER = 1 << 20 };

/** A file written in order. Errors stick: they are told once, by io_file_commit or io_file_failed. */
typedef struct io_file {
    int      fd;                           /* -1: none                                              */
    char    *path, *temporary;             /* temporary NULL: an unnamed file                       */
    uint8_t *buffer;
    size_t   used;
    int64_t  size;                         /* bytes written, those in the buffer included           */
    int      error;                        /* errno of the first failure                            */
} io_file;

/** A file that io_file_commit will give the name `path`; unnamed: one that vanishes when closed, beside
 * `path`. */
mtx_status io_file_create(io_file *f, const char *path, bool unnamed, mtx_problem *problem);
void       io_file_put(io_file *f, const void *bytes, size_t length);
void       io_file_text(io_file *f, const char *text);
bool       io_file_flush(io_file *f);
/** Overwrites bytes at a place before the end. */
void       io_file_patch(io_file *f, int64_t at, const void *bytes, size_t length);
/** Reads back from a place on; 0 at the end, or after an error, which sticks. */
size_t     io_file_read(io_file *f, int64_t at, void *to, size_t most);
mtx_status io_file_failed(const io_file *f, mtx_problem *problem);
/** Everything on the disk, then the rename. The file is closed in any case. */
mtx_status io_file_commit(io_file *f, mtx_problem *problem);
void       io_file_discard(io_file *f);
/** A name beside `path` that no file has; the file is made and empty. NULL: see problem. */
char      *io_file_temporary_name(const char *path, int *fd, mtx_problem *problem);
mtx_status io_file_rename(const char *temporary, const char *path, mtx_problem *problem);
mtx_status io_write_problem(mtx_problem *problem, const char *path, const char *what, int error);

/* ------------------------------------------------------------------------------------------------ writers */

typedef struct io_writer_format {
    const char *name, *names;
    mtx_status (*open)(mtx_writer *w, mtx_problem *problem);
    mtx_status (*append)(mtx_writer *w, const mtx_rows *rows, mtx_problem *problem);
    mtx_status (*finish)(mtx_writer *w, mtx_problem *problem);
    void (*close)(mtx_writer *w);          /* after finish, and to give up                          */
} io_writer_format;

extern const io_writer_format io_writer_npz, io_writer_hdf5, io_writer_csv, io_writer_extxyz;

struct mtx_writer {
    const io_writer_format *format;
    void           *state;
    char           *path, *meta;
    mtx_output     *outputs;               /* copies, texts included                                */
    int32_t         n_outputs, n_sets;
    mtx_output_set *sets;
    int64_t         frames;                /* written so far                                        */
    bool            deflate;
};

/** Numbers in one row of an output. */
int64_t io_output_width(const mtx_output *o);
size_t  io_dtype_size(mtx_dtype dtype);
/** First row and number of rows of output k in a batch. */
int64_t io_output_rows(const mtx_writer *w, const mtx_rows *rows, int32_t k);
/** The declarations as JSON, to be freed; NULL: memory exhausted. */
char   *io_meta_json(const mtx_writer *w);

/* ------------------------------------------------------------------------ results as arrays (io_arrays.c) */

/** One array of the result: an output, or SET.ptr, SET.i, SET.j, SET.shift. Rows pass through a buffer. */
typedef struct io_array {
    char             *name;
    const mtx_output *output;              /* NULL for the arrays that belong to a set              */
    const char       *set;                 /* name of the set, NULL: per frame                      */
    mtx_dtype         dtype;
    int32_t           rank;
    int64_t           shape[MTX_OUTPUT_RANK];
    int64_t           rows, buffered;      /* in all; in the buffer                                 */
    int64_t           set_rows;            /* SET.ptr: rows of the set so far                       */
    size_t            row_bytes, buffer_bytes;
    uint8_t          *buffer;              /* TEXT: each row's texts, zero-terminated               */
    size_t            used;
    void             *state;               /* the format's own                                      */
} io_array;

typedef struct io_arrays {
    io_array *at;
    int32_t   count;
    int32_t  *first_of_set;                /* index of SET.ptr                                      */
    /** Takes the buffered rows of one array. */
    mtx_status (*flush)(mtx_writer *w, io_array *a, mtx_problem *problem);
} io_arrays;

mtx_status io_arrays_make(io_arrays *all, const mtx_writer *w, mtx_problem *problem);
mtx_status io_arrays_append(io_arrays *all, mtx_writer *w, const mtx_rows *rows, mtx_problem *problem);
/** Gives SET.ptr its 0 when no batch came, so that every array is as the format promises. */
mtx_status io_arrays_complete(io_arrays *all, mtx_writer *w, mtx_problem *problem);
/** Completes, and hands on what is still in the buffers. */
mtx_status io_arrays_flush(io_arrays *all, mtx_writer *w, mtx_problem *problem);
void       io_arrays_free(io_arrays *all);

/** Numbers and texts for people's files (io_format.c). */
enum { IO_NUMBER_ROOM = 32 };
size_t io_format_number(char *to, double value);     /* fewest digits that read back the same         */
/** Element `index` of an output's data as text, into `to` (not for TEXT). */
size_t io_format_element(char *to, mtx_dtype dtype, const void *data, int64_t index);

#endif
