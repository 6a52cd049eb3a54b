/* SPDX-License-Identifier: Apache-2.0
 *
 * neighbors.h: what the files of the neighbour search share. The search in one paragraph:
 *
 * The lattice is reduced and turned so that its rows are lower triangular: a1 along u, a2 in the u-v plane.
 * Then an upright box l11 x l22 x l33 is a cell, whatever the skew. Atoms are moved into it exactly, and
 * every image within reach of the box becomes a slot; slots are sorted into columns of a grid over (w, v)
 * and by bins of u inside a column. What an atom can reach in a column is therefore one run of consecutive
 * slots. A row is found in two steps: `select` tests runs in single precision with a reach wide enough for
 * its rounding, `expand` computes the displacement of each hit in double precision and keeps those strictly
 * inside the cutoff. Only `expand` decides, so every kernel gives the same bits.
 */
#ifndef MTX_RUNTIME_NEIGHBORS_H
#define MTX_RUNTIME_NEIGHBORS_H

#include "rt.h"

/* Readable elements after every array, for whole-vector loads and stores at its end. */
enum { NB_SLACK = 64 };

/* Functions that are compiled anew for constant arguments. */
#if defined(__GNUC__)
#define NB_INLINE inline __attribute__((always_inline))
#else
#define NB_INLINE inline
#endif

/* Squared distance below which two atoms are at the same place: (1e-8 angstrom)^2. */
#define NB_COINCIDENT2 1e-16

/* One image of one atom, half a cache line: of large structures the slots pass through the caches again and
 * again, and most atoms were in the box and are met there, so what an image adds is kept elsewhere. */
typedef struct nb_slot {
    double at[3];  /* the atom, moved into the box                             */
    int32_t j;     /* the atom                                                 */
    int32_t image; /* its entry among the images; 0 where nothing was moved    */
} nb_slot;

/* How far an image is from its atom in the box: d = (at - r_i) + move, S = s + own shift of i. */
typedef struct nb_image {
    double move[4]; /* lattice vector, an odd function of its indices; [3] is 0 */
    int32_t s[4];   /* that vector and the move into the box, in given rows; [3] is 0 */
    int32_t pad[4];
} nb_image;

typedef struct nb_atom {
    int32_t shift[3]; /* of the move into the box, in given rows                  */
    int32_t slot;     /* the atom's own zero-shift slot                           */
} nb_atom;

typedef struct nb_grid {
    int64_t atoms, slots;
    const nb_atom *atom;
    const float *u, *v, *w; /* [slots] places in the turned frame, from the corner of the grid */
    const nb_slot *slot;
    const nb_image *image; /* [0] is all zero                                      */
    const int32_t *start;  /* [nw * nv * nu + 1] first slot of each bin, u fastest     */
    int32_t *stage;        /* [slots + slack] hits of one row                          */
    int32_t nu, nv, nw;
    float per_u, per_v, per_w; /* bins per angstrom                        */
    float edge_v, edge_w;
    float reach, reach2;
    double cutoff2;
} nb_grid;

/* Where the atom of a row is, in the turned frame. */
typedef struct nb_probe {
    float u, v, w;
} nb_probe;

/* Rows still to do, and where their pairs go: all arrays of `out` have room for `capacity` pairs and
 * slack; those of a lean list are NULL. */
typedef struct nb_rows {
    mtx_pairs *out;
    int64_t capacity;
    int64_t base;    /* first atom of the structure in the batch                 */
    int64_t next;    /* atom of the structure to do next                         */
    int64_t needed;  /* pairs the next row may have                              */
    bool coincident; /* stopped: atom `next` has a neighbour at its own place    */
} nb_rows;

/* Does rows from `next` on until all are done, room runs out, or two atoms coincide. */
typedef void nb_search(const nb_grid *grid, nb_rows *rows);

nb_search nb_rows_portable, nb_rows_avx2, nb_rows_avx512;

/*
 * Measures pairs again: d = kept d + (moved[j] - moved[i]). Those inside the cutoff go to `out`, which has
 * room for all and slack, and is lean when `wide` is; after the last pair of `wide` j must be 0 for a vector.
 * False: two atoms coincide.
 */
typedef bool nb_measure(const mtx_pairs *wide, const double (*moved)[4], double cutoff2, mtx_pairs *out);

nb_measure nb_measure_portable, nb_measure_avx512;

/* rev of the pairs from `first` on, looked up in the row of the other end. False: one has no reverse. */
typedef bool nb_match(mtx_pairs *pairs, int64_t first);

nb_match nb_match_avx2, nb_match_avx512;

/* What is compiled for several processors. */
typedef struct nb_kernels {
    const char *name;
    nb_search *search;
    nb_measure *measure;
    nb_match *match; /* NULL: no faster than dealing pairs out                 */
} nb_kernels;

const nb_kernels *nb_kernels_of(unsigned flags);

/* Bin of a coordinate, clamped to the grid; monotonic in x, so that a range of x is a range of bins. */
static inline int32_t nb_bin(float x, float per, int32_t count)
{
    const float bin = x * per;
    if (!(bin > 0.0f)) return 0;
    return bin < (float)(count - 1) ? (int32_t)bin : count - 1;
}

/* ---- grid: everything before the rows */

/* A buffer that only grows. */
typedef struct nb_buffer {
    void *data;
    size_t bytes;
} nb_buffer;

/* The lattice, reduced and turned. Axis 0 is u, 1 is v, 2 is w. */
typedef struct nb_frame {
    double row[3][3];     /* a1, a2, a3, Cartesian; rows of open directions have length 1 */
    int32_t change[3][3]; /* a_k = sum_c change[k][c] * given row c                   */
    double turn[3][3];    /* unit vectors of u, v, w                                  */
    double low[3][3];     /* a_k in the turned frame, lower triangular                */
    double corner[3];     /* least coordinate of the box: 0, or the least of an open direction */
    double extent[3];     /* of the box                                               */
    bool open[3];         /* the direction does not repeat                            */
} nb_frame;

enum {
    NB_ATOMS,
    NB_HOME,
    NB_PLACE, /* atoms in the box, as given and turned */
    NB_SOWN,
    NB_U,
    NB_V,
    NB_W,
    NB_SLOTS,
    NB_IMAGES,
    NB_START,
    NB_STAGE, /* the grid */
    NB_CURSOR,
    NB_INTO,
    NB_ALONG,
    NB_TABLE, /* reverse pairs */
    NB_BUFFERS
};

typedef struct nb_verlet nb_verlet;

/* What a search keeps between calls. */
typedef struct nb_scratch {
    nb_buffer buffer[NB_BUFFERS];
    nb_frame frame;
    nb_verlet *verlet; /* of mtx_neighbors_update, or NULL                         */
} nb_scratch;

/* Room for count elements and slack; the first `keep` bytes survive. NULL: memory exhausted. */
void *nb_buffer_reserve(nb_buffer *buffer, int64_t count, size_t size, size_t keep);

nb_scratch *nb_scratch_new(void);
void nb_scratch_free(nb_scratch *scratch);

mtx_status nb_grid_make(nb_scratch *scratch, const double (*r)[3], const double cell[3][3],
                        const uint8_t pbc[3], int64_t n, double cutoff, nb_grid *grid, mtx_problem *problem);

/* ---- rows afterwards */

/* rev of the pairs from `first` on, those of atoms `base` and later; false when memory is exhausted. */
bool nb_reverse(nb_scratch *scratch, mtx_pairs *pairs, int64_t base, int64_t first, unsigned flags);

void nb_verlet_free(nb_verlet *verlet);

/* Whether first ends and shifts are left out: reverse pairs are told by them. */
static inline bool nb_lean(unsigned flags)
{
    return (flags & (MTX_PAIRS_LEAN | MTX_PAIRS_REVERSE)) == MTX_PAIRS_LEAN;
}

/* Room in the result for one more structure and so many pairs; false when memory is exhausted. */
bool nb_result_reserve(mtx_pairs *out, int64_t atoms, int64_t pairs, unsigned flags);
/* The rows of the next `atoms` atoms are there: count them and their structure in. */
void nb_result_close(mtx_pairs *out, int64_t atoms);

#endif
