/* SPDX-License-Identifier: Apache-2.0
 *
 * mtxrt.h: the runtime of mtx, plain C, no LLVM. Structures, readers and writers, neighbour lists, crystal symmetry,
 * batches. Compiled specs and programs that call them need only this header and libmtxrt.
 *
 * Conventions, fixed once (docs/spec.md, "Conventions"): positions in angstrom, row-major [n][3]; row k of `cell` is
 * lattice vector k; a pair (i, j, S) has the displacement d = r[j] - r[i] + S * cell, strictly |d| < cutoff, every
 * periodic image, never an atom with its own zero-shift image.
 */
#ifndef MTX_MTXRT_H
#define MTX_MTXRT_H

#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef MTX_API
#define MTX_API
#endif

/* ------------------------------------------------------------------------------------------------ status, errors */

typedef enum mtx_status {
    MTX_OK = 0,
    MTX_END,        /* no more frames                                                        */
    MTX_EINVAL,     /* an argument is out of its documented range                            */
    MTX_ENOMEM,     /* memory exhausted                                                      */
    MTX_EIO,        /* the operating system refused: open, read, write, rename               */
    MTX_EFORMAT,    /* a file's content is malformed                                         */
    MTX_EDATA,      /* well-formed but unusable: zero volume, coincident atoms, unknown ...  */
    MTX_ENOSYM,     /* the symmetry search failed                                            */
    MTX_EMISMATCH,  /* a sample does not fit the host                                        */
    MTX_EUNSUPPORTED/* this build lacks the feature                                          */
} mtx_status;

/** English name of a status, never NULL; static storage. */
MTX_API const char *mtx_strerror(mtx_status status);

/**
 * Where and what went wrong with a piece of data, for people. `message` is complete without the other fields.
 * Unknown numbers are -1, unknown names "". Plain value, nothing to free.
 */
typedef struct mtx_problem {
    mtx_status status;
    int64_t    frame;            /* 0-based frame in the file                               */
    int64_t    line;             /* 1-based line in the (unpacked) text                     */
    int64_t    atom;             /* 0-based atom in the frame                               */
    char       code[8];          /* "E06xx", see docs/errors.md                             */
    char       field[64];        /* the key or column, in the file's own spelling           */
    char       file[256];        /* path as given (tail, when longer)                       */
    char       message[512];     /* headline, lower case, no period                         */
    char       help[256];        /* how to mend it, or ""                                   */
} mtx_problem;

/* ---------------------------------------------------------------------------------------------------- structures */

typedef enum mtx_column_type { MTX_COL_REAL, MTX_COL_INT, MTX_COL_BOOL, MTX_COL_TEXT } mtx_column_type;

/** A named extra quantity: per frame (rows == 1) or per atom (rows == n). Owned by its structure. */
typedef struct mtx_column {
    char           *name;        /* the file's own key                                      */
    mtx_column_type type;
    int64_t         rows;
    int32_t         width;       /* numbers per row                                         */
    double         *real;        /* [rows][width], REAL, INT and BOOL columns               */
    char          **text;        /* [rows * width], TEXT columns                            */
} mtx_column;

/**
 * One structure (a frame of a file). Owned arrays; free with mtx_structure_free, reuse with mtx_structure_clear.
 *
 *   r     [n][3]  Cartesian positions                                        angstrom
 *   Z     [n]     atomic numbers, 1..118
 *   cell  [3][3]  row k is lattice vector k; zero rows where there is none   angstrom
 *   pbc   [3]     1 where the structure repeats along that lattice vector
 *   info          per-frame columns;   columns: per-atom columns (without species and positions)
 */
typedef struct mtx_structure {
    int64_t     n;
    double    (*r)[3];
    int32_t    *Z;
    double      cell[3][3];
    uint8_t     pbc[3];
    int32_t     n_info, n_columns;
    mtx_column *info, *columns;
    int64_t     frame;           /* 0-based position in its file, -1 if built in memory     */
    int64_t     line;            /* first line in its file, -1 unknown                      */
    int64_t     capacity;        /* allocated atoms in r and Z                              */
} mtx_structure;

MTX_API void       mtx_structure_init(mtx_structure *s);
MTX_API void       mtx_structure_clear(mtx_structure *s);     /* n = 0, columns dropped, memory kept */
MTX_API void       mtx_structure_free(mtx_structure *s);
MTX_API mtx_status mtx_structure_reserve(mtx_structure *s, int64_t n);
MTX_API mtx_status mtx_structure_copy(mtx_structure *to, const mtx_structure *from);
/** The column of that name, or NULL. */
MTX_API const mtx_column *mtx_structure_info(const mtx_structure *s, const char *name);
MTX_API const mtx_column *mtx_structure_column(const mtx_structure *s, const char *name);
/** Add a column (replaces one of the same name); storage is allocated, zeroed. NULL when memory is exhausted. */
MTX_API mtx_column *mtx_structure_add_info(mtx_structure *s, const char *name, mtx_column_type type, int32_t width);
MTX_API mtx_column *mtx_structure_add_column(mtx_structure *s, const char *name, mtx_column_type type, int32_t width);

/** Atomic number of an element symbol ("Mo", exact case), 0 if unknown. */
MTX_API int         mtx_element_number(const char *symbol, size_t length);
/** Symbol of an atomic number 1..118; "X" otherwise. Static storage. */
MTX_API const char *mtx_element_symbol(int number);

/* ------------------------------------------------------------------------------ what compiled code sees of a batch */

/**
 * A set of a batch of frames, as plain arrays (no ownership; NULL where a set has no such array). Elements of all
 * frames are concatenated; endpoints are indices into the concatenated parent set.
 *
 *   ptr  [nb + 1]      first element of each frame
 *   row  [parent + 1]  PAIRS: pairs row[i] .. row[i+1]-1 start at parent element i
 *   i, j [n]           PAIRS: ends; DIFFER: host site, sample atom (-1: vacant)
 *   rev  [n]           PAIRS: the reverse pair
 *   x y z dist [n]     PAIRS: displacement and norm (angstrom); RECIP: k (1/angstrom); DIFFER: position (angstrom)
 * Arrays of doubles are 64-byte aligned with 8 readable elements after the end.
 */
typedef struct mtx_set_view {
    int64_t        n;
    int64_t        max_row;      /* longest row of the batch (PAIRS)                        */
    int64_t        max_frame;    /* most elements in one frame                              */
    const int64_t *ptr;
    const int64_t *row;
    const int64_t *rev;
    const int32_t *i, *j;
    const int32_t *sx, *sy, *sz; /* PAIRS: image shifts; DIFFER: host tile                  */
    const double  *x, *y, *z, *dist;
} mtx_set_view;

typedef struct mtx_view {
    int64_t             nb;      /* frames                                                  */
    const mtx_set_view *set;     /* one per set of the program                              */
    const void *const  *input;   /* one per input: f64 rows, or int32 for species           */
    const double *const *cell;   /* one per slot: [nb][21] rows, inverse (frac_k = sum_c v_c inv[c][k]), volume, axes, spare */
    const double       *param;
} mtx_view;

#ifdef __cplusplus
}
#endif
#endif
