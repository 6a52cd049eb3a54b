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
 * frames are concatenated; endpoints are indices into the concatenated parent set. Sets of a fixed size (AXIS, RANGE,
 * SPECIES, RANK with a count) have no arrays: n and max_frame are their size.
 *
 *   ptr  [nb + 1]      first element of each frame
 *   row  [parent + 1]  PAIRS: pairs row[i] .. row[i+1]-1 start at parent element i
 *   i, j [n]           PAIRS: ends; DIFFER: host site, sample atom (-1: vacant)
 *   rev  [n]           PAIRS: the reverse pair
 *   x y z dist [n]     PAIRS: displacement and norm (angstrom); RECIP: k (1/angstrom); DIFFER: position (angstrom)
 * Arrays of doubles are 64-byte aligned with 8 readable elements after the end: vectors compute with those too and
 * drop what they get, so a host that traps floating-point exceptions fills them with 1.
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

/* ------------------------------------------------------------------- processor, what compiled code calls (kernel_*.c) */

/** The x86-64 level that this machine runs: 4 (AVX-512), 3 (AVX2 and FMA) or 1; 0 on another architecture. */
MTX_API int  mtx_cpu_level(void);

/** Sort x [n] in place; NaN comes last in either direction. */
MTX_API void mtx_rt_sort(double *x, int64_t n, int64_t descending);
/** order [n]: x[order[0]], x[order[1]], ... are sorted; equal numbers keep their order, NaN comes last. */
MTX_API void mtx_rt_argsort(const double *x, int64_t n, int64_t descending, int64_t *order);
/**
 * Eigenvalues w [n], ascending, of the symmetric matrix a [n][n] (destroyed; both triangles are read), to about n rounding
 * errors of the largest. work [3 n]. A matrix with an infinite or undefined element has w = NaN.
 */
MTX_API void mtx_rt_eigvals(double *a, int64_t n, double *w, double *work);
/**
 * The same, and orthonormal eigenvectors in the columns of a: component i of vector k in a [i][k]. Their signs, and their
 * choice among those of equal values, are arbitrary. A matrix with an infinite or undefined element has NaN in both.
 */
MTX_API void mtx_rt_eigvecs(double *a, int64_t n, double *w, double *work);
/**
 * Niggli-reduced cell of the lattice vectors in the rows of `cell` [3][3], in the rows of `out` [3][3], right-handed if
 * `cell` is. A cell without volume is copied.
 */
MTX_API void mtx_rt_niggli(const double *cell, double *out);

/* ------------------------------------------------------------------------------------- readers (runtime/io_*.c) */

/**
 * A file of structures, read one frame after the other; memory does not grow with the number of frames. gzip and xz
 * are unpacked on the way, recognised by their content.
 *
 *   extxyz   extended XYZ (libAtoms grammar) and plain XYZ
 *   poscar   VASP 5 POSCAR and CONTCAR, one frame
 *   cif      one frame per block with atoms; symmetry expanded, partial occupancy refused
 *   json     pymatgen Structure (one, a list, one per line) and ASE JSON databases
 *   asedb    ASE SQLite databases
 */
typedef struct mtx_reader mtx_reader;

/** A quantity the caller needs; looked up in the frame's own keys, or its per-atom columns. */
typedef struct mtx_wanted {
    const char     *name;
    bool            per_atom;
    bool            optional;    /* absent is no error                                     */
    mtx_column_type type;        /* INT serves where REAL is wanted, anything where TEXT   */
    int32_t         width;       /* numbers per row, 0: any                                */
} mtx_wanted;

/** All zero: everything is read, the format is found out, a bad frame is an error. Copied on opening. */
typedef struct mtx_reader_options {
    const char       *format;       /* a name from the list above, or NULL                  */
    const mtx_wanted *wanted;
    int32_t           n_wanted;
    bool              only_wanted;  /* leave out every other column                         */
    uint8_t           needs_cell[3];/* 1: this lattice vector must be in the file           */
    bool              skip_bad;     /* count bad frames and go on                           */
    void            (*on_skip)(void *user, const mtx_problem *problem);   /* or NULL        */
    void             *user;
} mtx_reader_options;

/** Open a file; options may be NULL. On failure *reader is NULL and *problem (may be NULL) says why. */
MTX_API mtx_status  mtx_reader_open(mtx_reader **reader, const char *path, const mtx_reader_options *options,
                                    mtx_problem *problem);
/** The same for `size` bytes that stay in place until closing; `name` stands for the path in messages. */
MTX_API mtx_status  mtx_reader_open_memory(mtx_reader **reader, const void *bytes, size_t size, const char *name,
                                           const mtx_reader_options *options, mtx_problem *problem);
/**
 * The next frame, into a structure that is cleared first. MTX_OK, MTX_END, or an error with its place. After an error
 * the reader stands at the next frame it could find, so that calling on collects every bad frame of the file.
 */
MTX_API mtx_status  mtx_reader_next(mtx_reader *reader, mtx_structure *s, mtx_problem *problem);
MTX_API int64_t     mtx_reader_skipped(const mtx_reader *reader);     /* bad frames passed over (skip_bad)    */
MTX_API double      mtx_reader_progress(const mtx_reader *reader);    /* share of the file read, -1: unknown  */
MTX_API const char *mtx_reader_format(const mtx_reader *reader);      /* name of the format                   */
MTX_API void        mtx_reader_close(mtx_reader *reader);             /* NULL allowed                         */

/* ------------------------------------------------------------------------------------ cells (runtime/cell.c) */

/**
 * A lattice made complete: three independent rows whatever was given. Row vectors throughout: x = f row,
 * f = x inverse, that is f[k] = sum_c x[c] inverse[c][k].
 *
 *   row      [3][3]  the lattice vectors; a missing or dependent row of a direction that does not repeat is
 *                    replaced by a unit vector orthogonal to the others                       angstrom
 *   height   [3]     distance between the two faces that vector k crosses                     angstrom
 *   volume           |det row|
 *   handedness       sign of det row: 1, or -1 for a left-handed cell (as good as any other)
 */
typedef struct mtx_cell {
    double  row[3][3];
    double  inverse[3][3];
    double  height[3];
    double  volume;
    int32_t handedness;
    uint8_t pbc[3];
} mtx_cell;

/**
 * Errors: MTX_EDATA when an entry is not finite or the repeating vectors do not span a lattice (zero volume).
 * Any skew is taken.
 */
MTX_API mtx_status mtx_cell_make(const double cell[3][3], const uint8_t pbc[3], mtx_cell *out,
                                 mtx_problem *problem);

/** [n][3] Cartesian to fractional and back; `from` and `to` may be the same array. */
MTX_API void mtx_cell_fractional(const mtx_cell *cell, const double (*from)[3], int64_t n, double (*to)[3]);
MTX_API void mtx_cell_cartesian(const mtx_cell *cell, const double (*from)[3], int64_t n, double (*to)[3]);

/**
 * Move positions into the cell along the directions that repeat: r + shift * row has fractional coordinates in [0, 1)
 * to rounding. `shift` [n][3] may be NULL. Errors: MTX_EDATA, with the atom, when a position is not finite or more
 * than 1e9 cells away; positions before it have been moved.
 */
MTX_API mtx_status mtx_cell_wrap(const mtx_cell *cell, double (*r)[3], int64_t n, int32_t (*shift)[3],
                                 mtx_problem *problem);

/** Rows b_k of the reciprocal lattice, a_i . b_j = 2 pi delta_ij, 1/angstrom. */
MTX_API void mtx_cell_reciprocal(const mtx_cell *cell, double rows[3][3]);

/**
 * A short basis of the same lattice: reduced = change * row, `change` integer with determinant 1 or -1. Only vectors of
 * repeating directions are mixed. Each vector is the shortest modulo the other two, to rounding.
 * Errors: MTX_EDATA when the lattice is so flat that its short vectors drown in rounding.
 */
MTX_API mtx_status mtx_cell_reduce(const mtx_cell *cell, double reduced[3][3], int64_t change[3][3],
                                   mtx_problem *problem);

/**
 * The 21 numbers of a cell that compiled code reads: rows (9), inverse (9), volume (area, length of a layer, a wire), how
 * many axes repeat, 0. Errors: those of mtx_cell_make.
 */
MTX_API mtx_status mtx_cell_numbers(const double cell[3][3], const uint8_t pbc[3], double numbers[21],
                                    mtx_problem *problem);

/* ------------------------------------------------------------------------------- batches (runtime/prepare.c) */

typedef enum mtx_set_kind {       /* the order of set_kind in compiler/setir.h               */
    MTX_SET_BASE,                /* the sites of a structure                                */
    MTX_SET_PAIRS,               /* pairs of `parent` (BASE or DIFFER) within the cutoff    */
    MTX_SET_DIFFER,              /* sites where `sample` differs from `host`                */
    MTX_SET_RECIP,               /* reciprocal vectors 0 < |k| < cutoff                     */
    MTX_SET_AXIS, MTX_SET_RANGE, MTX_SET_SPECIES,          /* `count` elements in each frame */
    MTX_SET_RANK,                /* as many as `parent` has, or `count` when parent is -1   */
    MTX_SET_UNUSED               /* left as it is: nobody reads it                          */
} mtx_set_kind;

/* what the compiled code reads of a PAIRS set; `row` is always there, and of the others at least these */
enum { MTX_NEED_I = 1, MTX_NEED_J = 2, MTX_NEED_SHIFT = 4, MTX_NEED_REV = 8, MTX_NEED_VECTOR = 16, MTX_NEED_DIST = 32 };

typedef struct mtx_set_desc {
    int32_t     kind;            /* mtx_set_kind                                            */
    int32_t     slot;            /* structure whose lattice counts, -1: none                */
    int32_t     parent, host, sample;                      /* earlier sets, -1: none        */
    int32_t     count;
    int32_t     most;            /* elements that a frame may have, 0: any number           */
    uint32_t    need;
    double      cutoff;          /* angstrom or 1/angstrom; NaN: the stage function says    */
    const char *name;
} mtx_set_desc;

typedef enum mtx_input_role { MTX_IN_POSITION, MTX_IN_SPECIES, MTX_IN_FIELD, MTX_IN_UNUSED } mtx_input_role;
typedef enum mtx_input_type { MTX_TYPE_REAL, MTX_TYPE_BOOL, MTX_TYPE_SPECIES, MTX_TYPE_INDEX } mtx_input_type;

typedef struct mtx_input_desc {
    int32_t     role, type;
    int32_t     slot;            /* -1: the first structure that has `key`                  */
    int32_t     rows;            /* BASE set with one row per element, -1: one row a frame  */
    int32_t     width;           /* numbers per row                                         */
    int32_t     from;            /* 0 by name, 1 info key, 2 per-atom column                */
    double      scale;           /* numbers of the file times this are base units           */
    const char *name, *key, *unit;
} mtx_input_desc;

typedef struct mtx_slot_desc {
    const char *name;
    uint8_t     axes;            /* bit k: lattice vector k repeats                         */
    bool        has_cell;
    uint64_t    elements[2];     /* bit z: atoms of atomic number z are taken; both 0: all  */
} mtx_slot_desc;

/** What a compiled transform wants to see of its structures. Sets come after the sets they mention. */
typedef struct mtx_plan {
    int32_t               n_slots, n_sets, n_inputs;
    const mtx_slot_desc  *slots;
    const mtx_set_desc   *sets;
    const mtx_input_desc *inputs;
    const char           *name;
} mtx_plan;

/** Writes the cutoff of `set` for each frame; all earlier sets of `view` stand. 0, or a frame's number + 1 to refuse. */
typedef int (*mtx_stage_fn)(void *user, int32_t set, const mtx_view *view, double *cutoff);

/** Buffers of a batch, reused from call to call: in steady state nothing is allocated. */
typedef struct mtx_batch mtx_batch;
MTX_API mtx_batch *mtx_batch_new(void);                    /* NULL: memory exhausted        */
MTX_API void       mtx_batch_free(mtx_batch *batch);       /* NULL allowed                  */

/**
 * Arrays for compiled code from `nb` frames: concatenated positions (unchanged), species, fields in base units, cells,
 * neighbour rows. `frames[slot * nb + f]` is the structure of a slot in frame f; they may be the same one. `stage`
 * may be NULL when every cutoff is constant. The arrays live until the next call; structures may go.
 *
 * Errors: MTX_EDATA and MTX_EMISMATCH with the frame (mtx_structure.frame, else f) and field in *problem; MTX_ENOMEM.
 * Threads: one batch per thread.
 */
MTX_API mtx_status mtx_prepare(const mtx_plan *plan, const mtx_structure *const *frames, int64_t nb,
                               mtx_stage_fn stage, void *user, mtx_batch *batch, mtx_problem *problem);
MTX_API const mtx_view *mtx_batch_view(const mtx_batch *batch);
/** Trained numbers that the view shows; not copied. */
MTX_API void       mtx_batch_set_param(mtx_batch *batch, const double *param);

/* ------------------------------------------------------------------- neighbour lists (runtime/neighbors*.c) */

/**
 * Directed pairs of atoms closer than a cutoff, over a batch of structures whose atoms are concatenated. Arrays lie
 * at 64-byte boundaries and have at least 8 readable elements after their end (of d and dist: 1). Everything is owned by the struct and
 * reused from call to call: once the largest structure has been seen, nothing is allocated.
 *
 *   row     [atoms + 1]       pairs row[i] .. row[i+1]-1 start at atom i
 *   i, j    [n]               ends of the pair; i with MTX_PAIRS_LEAN only when reverse pairs are asked for too
 *   s[xyz]  [n]               image shift S, in rows of the cell as given and for positions as given:
 *                             d = r[j] - r[i] + S * cell; lean lists as i
 *   d[xyz]  [n]               displacement d, within 1e-12 however far from the cell the atoms lie     angstrom
 *   dist    [n]               |d|, 1e-8 <= |d| < cutoff                                                angstrom
 *   rev     [n]               the pair (j, i, -S), whose d is the exact negative; with MTX_PAIRS_REVERSE
 *   pair_ptr[structures + 1]  first pair of each structure;   atom_ptr [structures + 1] its first atom
 *
 * Order: by i; inside a row by the place of the neighbour's image (plane by plane, column by column, along the
 * column, as the search grid has them), then by j. It depends on the input alone, not on the machine.
 */
typedef struct mtx_pairs {
    int64_t  n, atoms, structures;
    int64_t *row;
    int32_t *i, *j;
    int32_t *sx, *sy, *sz;
    double  *dx, *dy, *dz, *dist;
    int64_t *rev;
    int64_t *pair_ptr, *atom_ptr;
    int64_t  pair_capacity, rev_capacity, atom_capacity, structure_capacity;
    void    *scratch;
} mtx_pairs;

/* Flags of a search. LEAN: what of a pair its row and its displacement tell is left out, i and s[xyz] are NULL; a list of
 * several structures has them for all or for none. PORTABLE and AVX2 force a slower kernel with the same results, for tests
 * and measurements. */
enum { MTX_PAIRS_REVERSE = 1, MTX_PAIRS_PORTABLE = 2, MTX_PAIRS_AVX2 = 4, MTX_PAIRS_LEAN = 8 };

MTX_API void mtx_pairs_init(mtx_pairs *pairs);
MTX_API void mtx_pairs_clear(mtx_pairs *pairs);          /* no structures, memory kept */
MTX_API void mtx_pairs_free(mtx_pairs *pairs);

/**
 * All pairs of one structure; the append form adds a structure to those already there, build starts anew.
 *
 *   r       [n][3]   positions, anywhere                                  angstrom
 *   cell    [3][3]   rows; only those with pbc are read                   angstrom
 *   cutoff           > 0, may exceed the cell many times                  angstrom
 *
 * Errors  MTX_EINVAL (cutoff, n < 0, lean or not unlike the structures before), MTX_EDATA (cell without volume, position not finite, two atoms or images closer
 *         than 1e-8 angstrom: problem->atom and the message name them), MTX_ENOMEM. The batch is then as before.
 * Threads safe for different `out`.      Time   linear in atoms + pairs.
 */
MTX_API mtx_status mtx_neighbors_build(const double (*r)[3], const double cell[3][3], const uint8_t pbc[3], int64_t n,
                                       double cutoff, unsigned flags, mtx_pairs *out, mtx_problem *problem);
MTX_API mtx_status mtx_neighbors_append(const double (*r)[3], const double cell[3][3], const uint8_t pbc[3], int64_t n,
                                        double cutoff, unsigned flags, mtx_pairs *out, mtx_problem *problem);
/**
 * The list of atoms that move a little from call to call, as build gives it but for the order inside rows. Pairs within
 * cutoff + skin are kept in `out` and measured again; they are searched anew (*searched, may be NULL) when an atom has
 * moved half the skin since, or when anything but the positions has changed. Atoms must not be wrapped in between: a
 * jump by a lattice vector is a move. `out` holds this one structure.
 */
MTX_API mtx_status mtx_neighbors_update(const double (*r)[3], const double cell[3][3], const uint8_t pbc[3], int64_t n,
                                        double cutoff, double skin, unsigned flags, mtx_pairs *out, bool *searched,
                                        mtx_problem *problem);
/**
 * Atoms and neighbours of a host program that has its own, as LAMMPS: its own atoms first, then ghosts, copies of atoms
 * that it or another process owns, standing where they are seen.
 *
 *   r        [all][3]       positions; of `all` atoms the first `owned` are the host's          angstrom
 *   row      [owned + 1]    neighbours of atom i are neighbor[row[i]] .. neighbor[row[i+1]-1];
 *   neighbor [row[owned]]   or, with both NULL:
 *   count    [owned]        neighbours of atom i are first[i][0] .. first[i][count[i]-1]
 *   first    [owned]
 *   mask                    the bits of a neighbour that are its number, 0: all of them
 *   owner    [all]          owner[g] of a ghost g: the atom 0..owned-1 that it is an image of; those of the atoms
 *                           themselves are not read. NULL: other processes own the ghosts
 *
 * The list is full (every pair from both of its ends, ghosts have no rows) and reaches at least as far as the cutoff; what
 * lies beyond is left out.
 */
typedef struct mtx_host_list {
    uint32_t size;               /* sizeof(mtx_host_list)                                   */
    int64_t  owned, all;
    const double (*r)[3];
    const int64_t *row;
    const int32_t *neighbor;
    const int32_t *count;
    const int32_t *const *first;
    int32_t  mask;
    const int32_t *owner;
} mtx_host_list;

/**
 * The pairs of a host's list closer than the cutoff, as one structure of `owned` atoms. d is the difference of the
 * positions, shifts are 0. Without owners j is a number below `all`, and there are no reverse pairs. With owners j is the
 * owner, and MTX_PAIRS_REVERSE finds the reverse of every pair, whose d is made the exact negative.
 *
 * Errors  MTX_EINVAL (a number out of range, coincident atoms, a pair whose reverse is missing; problem->atom), MTX_ENOMEM.
 *         `out` is then empty.
 * Threads safe for different `out`.      Time   linear in the list; with reverse pairs times the length of a row.
 */
MTX_API mtx_status mtx_pairs_from_host(const mtx_host_list *list, double cutoff, unsigned flags, mtx_pairs *out,
                                       mtx_problem *problem);

/**
 * Forces, from the derivative of an energy by the displacement of each pair: force[i] += g, force[j] -= g for every pair.
 *   gradient [pairs->n][3]    dE/d(d)                                                eV/angstrom
 *   force    [atoms][3]       added to; as many rows as j reaches (of a host's list: `all`)
 */
MTX_API void mtx_pairs_forces(const mtx_pairs *pairs, const double (*gradient)[3], double (*force)[3]);
/** strain += sum of d (x) gradient: dE/d(strain), the negative of the virial; divided by the volume the stress.     eV */
MTX_API void mtx_pairs_strain(const mtx_pairs *pairs, const double (*gradient)[3], double strain[3][3]);

/** Name of the kernel that these flags select on this machine: "avx512", "avx2" or "portable". */
MTX_API const char *mtx_neighbors_kernel(unsigned flags);

/* ------------------------------------------------------------------------------------- writers (runtime/io_*.c) */

/**
 * A file of results, declared first, then filled batch by batch; memory does not grow with the number of frames. The
 * file appears under its name only when mtx_writer_finish succeeds; nothing is left behind otherwise.
 *
 *   npz    NAME [frames, shape..] per frame; over a set NAME [rows of all frames, shape..] and SET.ptr int64
 *          [frames + 1], the rows of each frame; pairs also SET.i, SET.j int32 [rows] (row of the endpoint in its
 *          frame) and SET.shift int32 [rows, 3]; text is <U; meta.json repeats the declarations
 *   hdf5   the same names as data sets; unit, law, doc, set as their attributes; meta.json as an attribute of the file
 *   csv    OUT.csv: frame, then name, name[k] or name[k,l] for each number; each set has a table of its own,
 *          OUT.SET.csv: frame, row, for pairs i, j, shift[0..2], then the outputs
 *   extxyz the input structures with outputs per frame as keys and outputs over the atoms as columns; no other sets
 */
typedef struct mtx_writer mtx_writer;

typedef enum mtx_dtype { MTX_F64, MTX_I32, MTX_I64, MTX_BOOL, MTX_TEXT } mtx_dtype;   /* BOOL: uint8_t, TEXT: UTF-8 */
typedef enum mtx_rows_kind { MTX_ROWS_PLAIN, MTX_ROWS_ATOMS, MTX_ROWS_PAIRS } mtx_rows_kind;
enum { MTX_OUTPUT_RANK = 8 };

typedef struct mtx_output_set {
    const char  *name;
    mtx_rows_kind kind;          /* ATOMS: rows are the atoms of the input, in its order   */
} mtx_output_set;

typedef struct mtx_output {
    const char *name;
    int32_t     set;             /* index into the sets; -1: one row per frame             */
    mtx_dtype   dtype;
    int32_t     rank;            /* of one row; 0: a single number or text                 */
    int64_t     shape[MTX_OUTPUT_RANK];
    const char *unit, *law, *doc;                 /* metadata, NULL: none                   */
} mtx_output;

typedef struct mtx_writer_options {
    const char *format;          /* npz, hdf5, csv, extxyz; NULL: by the path's ending     */
    bool        deflate;         /* npz, hdf5: packed                                      */
    const char *meta;            /* a JSON object about the spec, kept as it is, or NULL   */
} mtx_writer_options;

/** The rows of one set in a batch. */
typedef struct mtx_set_rows {
    const int64_t *ptr;          /* [frames + 1]; row ptr[f] is the first one of frame f   */
    const int32_t *i, *j;        /* pairs: endpoints of every row                          */
    const int32_t *sx, *sy, *sz; /* pairs: image shift                                     */
    const int64_t *origin;       /* [frames] subtracted from i and j of the frame, or NULL */
} mtx_set_rows;

/** A batch of frames. data[k] holds the rows of output k without gaps (TEXT: const char *const *), from row 0 on:
 *  `frames` of them, or ptr[frames] for a set. */
typedef struct mtx_rows {
    int64_t             frames;
    const void *const  *data;                /* [outputs]                                   */
    const mtx_set_rows *sets;                /* [sets]                                      */
    const mtx_structure *const *structures;  /* [frames], needed by extxyz only             */
} mtx_rows;

/** Declarations and options are copied. On failure *writer is NULL. */
MTX_API mtx_status mtx_writer_open(mtx_writer **writer, const char *path, const mtx_output *outputs, int32_t n_outputs,
                                   const mtx_output_set *sets, int32_t n_sets, const mtx_writer_options *options,
                                   mtx_problem *problem);
MTX_API mtx_status mtx_writer_append(mtx_writer *writer, const mtx_rows *rows, mtx_problem *problem);
/** Completes, syncs and renames the file; the writer is gone afterwards in any case. */
MTX_API mtx_status mtx_writer_finish(mtx_writer *writer, mtx_problem *problem);
/** Gives up: no file appears. NULL allowed. */
MTX_API void       mtx_writer_abort(mtx_writer *writer);

/* ----------------------------------------------------------------------------- arrays (runtime/io_npz_read.c) */

enum { MTX_ARRAY_RANK = 16 };

typedef struct mtx_array {
    const char *name;            /* without .npy                                            */
    char        type[16];        /* as NumPy writes it: <f8, <f4, |b1, ...                  */
    int32_t     rank;            /* 0: a single number                                      */
    int64_t     shape[MTX_ARRAY_RANK];
    int64_t     n;               /* product of the shape                                    */
    double     *values;          /* [n] in C order; NULL where `type` is no float64 or float32 */
} mtx_array;

typedef struct mtx_arrays {
    int32_t    n;
    mtx_array *at;
} mtx_arrays;

/**
 * The arrays of a NumPy file (.npz), read whole, in the order of the file. Numbers in either byte order, C or Fortran layout,
 * stored or deflated; members that are not arrays are left out.
 * Errors  MTX_EIO (E0601), MTX_EFORMAT (E0630: with the member), MTX_EUNSUPPORTED (built without zlib), MTX_ENOMEM.
 * Memory  mtx_arrays_free, also after an error.
 */
MTX_API mtx_status mtx_arrays_read(mtx_arrays *arrays, const char *path, mtx_problem *problem);
MTX_API void       mtx_arrays_free(mtx_arrays *arrays);

/* --------------------------------------------------------------------- reciprocal vectors (runtime/recip.c) */

/**
 * Reciprocal lattice vectors 0 < |G| < cutoff of a batch of lattices, G . a = 2 pi times an integer. Aligned and
 * padded like mtx_pairs. Of a layer or a wire: those of its own plane or line.
 *
 *   x y z [n]  G;  dist [n]  |G|                             1/angstrom
 *   h k l [n]  indices on the cell as given; 0 along directions that do not repeat
 *   ptr [structures + 1]
 *
 * Order: lexicographic in the indices on the reduced cell (mtx_cell_reduce). The vector of -h -k -l is the exact
 * negative. MTX_RECIP_HALF keeps the one of each +-G whose first non-zero reduced index is positive.
 */
typedef struct mtx_recip {
    int64_t  n, structures;
    int64_t *ptr;
    double  *x, *y, *z, *dist;
    int32_t *h, *k, *l;
    int64_t  capacity, structure_capacity;
} mtx_recip;

enum { MTX_RECIP_HALF = 1 };

MTX_API void mtx_recip_init(mtx_recip *recip);
MTX_API void mtx_recip_clear(mtx_recip *recip);
MTX_API void mtx_recip_free(mtx_recip *recip);
/** Errors: MTX_EINVAL (cutoff not positive, more than 1e9 vectors), MTX_EDATA (no volume), MTX_ENOMEM. */
MTX_API mtx_status mtx_recip_append(const double cell[3][3], const uint8_t pbc[3], double cutoff, unsigned flags,
                                    mtx_recip *out, mtx_problem *problem);

/* ---------------------------------------------------------------------- crystal symmetry (runtime/symmetry.c) */

/**
 * The space group of a crystal and what it does to its atoms; owned, free with mtx_symmetry_free.
 *
 *   rotation    [n_operations][3][3]  integers W, acting on fractional columns: f' = W f + w
 *   translation [n_operations][3]     w
 *   cartesian   [n_operations][3][3]  the same rotation on Cartesian columns, orthogonal
 *   equivalent  [n]  first atom of each atom's orbit      orbit [n]  the same for all operations of the group's type
 *   wyckoff     [n]  letter, 'a' ...                      site  [n]  site symmetry symbol
 *   transformation, origin_shift   x_standard = P x + p (mod 1), fractional columns
 */
typedef struct mtx_symmetry {
    int64_t  n;
    int32_t  number, hall_number, n_operations;
    char     international[16], hall[24], pointgroup[8];
    int32_t (*rotation)[3][3];
    double  (*translation)[3], (*cartesian)[3][3];
    int32_t *equivalent, *orbit;
    char    *wyckoff, (*site)[8];
    double   transformation[3][3], origin_shift[3];
} mtx_symmetry;

MTX_API void mtx_symmetry_init(mtx_symmetry *symmetry);
MTX_API void mtx_symmetry_free(mtx_symmetry *symmetry);

/**
 * Computed by spglib, which takes all three directions as repeating; the structure needs three lattice vectors.
 *   symprec  Cartesian tolerance, > 0                                                   angstrom
 * Errors  MTX_EINVAL (no atoms, symprec), MTX_EDATA (no volume), MTX_ENOSYM (search failed), MTX_ENOMEM,
 *         MTX_EUNSUPPORTED (built without spglib).     Threads  one caller at a time.
 */
MTX_API mtx_status mtx_symmetry_find(const mtx_structure *s, double symprec, mtx_symmetry *out, mtx_problem *problem);

/* Cells of the same crystal; `out` is cleared first, per-atom and per-frame columns are not carried over. */
enum { MTX_STANDARD_PRIMITIVE = 1, MTX_STANDARD_AS_IS = 2 };   /* primitive setting; no idealisation or rotation */

MTX_API mtx_status mtx_structure_primitive(const mtx_structure *s, double symprec, mtx_structure *out,
                                           mtx_problem *problem);
MTX_API mtx_status mtx_structure_standard(const mtx_structure *s, double symprec, unsigned flags, mtx_structure *out,
                                          mtx_problem *problem);
/** The same atoms in the Niggli-reduced cell, orientation kept, positions moved into it. */
MTX_API mtx_status mtx_structure_niggli(const mtx_structure *s, double symprec, mtx_structure *out,
                                        mtx_problem *problem);

/* ---------------------------------------------------------------- defects of a known host (runtime/differ.c) */

/**
 * Sites where samples differ from their host, over a batch of samples. Aligned and padded like mtx_pairs.
 *
 *   site [n]      index in the host structure            atom [n]  atom of the sample, -1: vacant
 *   t[xyz] [n]    host cell of the site, in host rows: place = (r_host[site] + t * host rows) + registration
 *   x y z [n]     place of the site in the sample's frame, inside its cell              angstrom
 *   was, now [n]  atomic numbers; now is 0 where vacant
 *   ptr [structures + 1]
 *   shift [structures][3]  the registration: how the sample is moved against the host   angstrom
 *
 * Order within a sample: by site, then by t (x slowest).
 */
typedef struct mtx_spots {
    int64_t  n, structures;
    int64_t *ptr;
    int32_t *site, *atom, *tx, *ty, *tz, *was, *now;
    double  *x, *y, *z;
    double (*shift)[3];
    int64_t  capacity, structure_capacity;
    void    *scratch;
} mtx_spots;

MTX_API void mtx_spots_init(mtx_spots *spots);
MTX_API void mtx_spots_clear(mtx_spots *spots);
MTX_API void mtx_spots_free(mtx_spots *spots);

/**
 * Register a sample on its host and add its spots.
 *
 *   host       any cell of the pristine crystal; the sample's cell must be a whole multiple of it in some basis
 *   axes [3]   1 for the lattice vectors along which the structure type repeats (a layer: 1 1 0), whatever pbc says
 *   tolerance  farthest an atom may be from its site, angstrom; 0: a quarter of the host's shortest distance. The
 *              sample's lattice vectors may differ from the host's multiples by as much; the host is strained to fit.
 *
 * The sample may be shifted rigidly, wrapped and reordered: the registration is the translation that puts every atom
 * on a site, with the most atoms of the right species; equal ones (host with centring) are resolved to the shortest.
 * The last host and cell are remembered in `out`, so that many samples of one host are cheap.
 *
 * Errors  MTX_EMISMATCH (cell no multiple of the host's, atoms on no site or two on one; problem->frame, problem->atom),
 *         MTX_EDATA (no volume, host sites too close), MTX_EINVAL, MTX_ENOMEM. The batch is then as before.
 */
MTX_API mtx_status mtx_differ_append(const mtx_structure *host, const mtx_structure *sample, const uint8_t axes[3],
                                     double tolerance, mtx_spots *out, mtx_problem *problem);

#ifdef __cplusplus
}
#endif
#endif
