/* SPDX-License-Identifier: Apache-2.0
 *
 * neighbors_grid.c: from positions and a lattice to sorted slots (neighbors.h says what those are). In: one
 * structure and a cutoff; out: an nb_grid over memory kept in nb_scratch. Rows are not searched here.
 */
#include "neighbors.h"
#include "exact.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Farthest an atom may be, in angstrom and in cells: beyond it positions carry no digit of the structure. */
#define PLACE_MAX 1e9

/* Widest box: a centimetre. The reach of the single-precision test grows with it, by 6 angstrom per 1e7. */
#define EXTENT_MAX 1e8

/* Least distance between lattice lines or planes: far below any crystal's, far above rounding. */
#define PERIOD_MIN 1e-3

/* Largest shift of an atom, and of an image; a pair's shift is the sum of two of the first and one of
 * the second. */
#define SHIFT_MAX 5e8

/* Images of one structure: their tables take 130 bytes an image. */
#define IMAGES_MAX 200000000

/* Atoms this far apart in the input tell along which axis it runs; more than a unit cell has. */
#define LAG 64

/* An image of an atom before sorting. */
typedef struct nb_sown {
    float u, v, w;
    int32_t j, s[3], bin; /* s: indices of the lattice vectors a1, a2, a3             */
} nb_sown;

void *nb_buffer_reserve(nb_buffer *b, int64_t count, size_t size, size_t keep)
{
    const size_t bytes = ((size_t)count + NB_SLACK) * size;
    if (bytes <= b->bytes) return b->data;
    const size_t grown = bytes + bytes / 4;
    char *data = rt_aligned_alloc(grown);
    if (data == NULL) return NULL;
    if (keep > 0) memcpy(data, b->data, keep);
    rt_aligned_free(b->data);
    b->data = data;
    b->bytes = grown;
    return data;
}

nb_scratch *nb_scratch_new(void)
{
    return calloc(1, sizeof(nb_scratch));
}

void nb_scratch_free(nb_scratch *s)
{
    if (s == NULL) return;
    for (int k = 0; k < NB_BUFFERS; k++) rt_aligned_free(s->buffer[k].data);
    nb_verlet_free(s->verlet);
    free(s);
}

static double dot(const double a[3], const double b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/* ---- the turned frame */

static mtx_status lattice(const double cell[3][3], const uint8_t pbc[3], double row[3][3],
                          int64_t change[3][3], mtx_problem *problem)
{
    double given[3][3];
    for (int k = 0; k < 3; k++) {
        for (int c = 0; c < 3; c++) given[k][c] = pbc[k] ? cell[k][c] : 0.0;
    }
    mtx_cell complete;
    const mtx_status status = mtx_cell_make(given, pbc, &complete, problem);
    if (status != MTX_OK) return status;
    return mtx_cell_reduce(&complete, row, change, problem);
}

/* Extent of the atoms along an open direction, a unit vector. */
static void open_extent(const double (*r)[3], int64_t n, const double axis[3], double *least, double *extent)
{
    double low = HUGE_VAL, high = -HUGE_VAL;
    for (int64_t i = 0; i < n; i++) {
        const double x = dot(r[i], axis);
        low = x < low ? x : low;
        high = x > high ? x : high;
    }
    *least = n > 0 ? low : 0.0;
    *extent = n > 0 ? high - low : 0.0;
}

/* Mean distance along an axis between atoms that are LAG apart in the input, up to 512 of them. */
static double mean_jump(const double (*r)[3], int64_t n, const double row[3])
{
    const int64_t step = (n - LAG) / 512 + 1;
    double sum = 0.0;
    for (int64_t i = 0; i + LAG < n; i += step) {
        const double d[3] = {r[i + LAG][0] - r[i][0], r[i + LAG][1] - r[i][1], r[i + LAG][2] - r[i][2]};
        sum += fabs(dot(d, row));
    }
    return sum / sqrt(dot(row, row));
}

/* Rank of the axes. Runs of slots lie along the first: it has to be long, and of the long ones it is the
 * one along which the input runs fastest, so that atoms that follow each other look at the same slots. */
static void rank_axes(const double (*r)[3], int64_t n, const double row[3][3], const double extent[3],
                      double rank[3])
{
    const double longest = fmax(extent[0], fmax(extent[1], extent[2]));
    for (int k = 0; k < 3; k++) {
        rank[k] = extent[k] - longest;
        if (n > 4 * LAG && extent[k] >= 0.5 * longest) rank[k] = mean_jump(r, n, row[k]);
    }
}

static void order_axes(const double rank[3], int order[3])
{
    for (int k = 0; k < 3; k++) order[k] = k;
    for (int k = 1; k < 3; k++) {
        for (int m = k; m > 0 && rank[order[m]] > rank[order[m - 1]] + 1e-9 * fabs(rank[order[m - 1]]); m--) {
            const int swapped = order[m];
            order[m] = order[m - 1];
            order[m - 1] = swapped;
        }
    }
}

static void frame_turn(nb_frame *f)
{
    memset(f->low, 0, sizeof f->low);
    for (int k = 0; k < 3; k++) {
        double rest[3];
        memcpy(rest, f->row[k], sizeof rest);
        for (int m = 0; m < k; m++) {
            f->low[k][m] = dot(f->row[k], f->turn[m]);
            const double along = dot(rest, f->turn[m]);
            for (int c = 0; c < 3; c++) rest[c] -= along * f->turn[m][c];
        }
        f->low[k][k] = sqrt(dot(rest, rest));
        for (int c = 0; c < 3; c++) f->turn[k][c] = rest[c] / f->low[k][k];
    }
}

static mtx_status too_wide(bool periodic, double extent, mtx_problem *problem)
{
    if (periodic) {
        return rt_problem_set(problem, MTX_EDATA, "E0650", "a lattice vector is %g angstrom long", extent);
    }
    return rt_problem_set(problem, MTX_EDATA, "E0652", "the atoms are spread over %g angstrom", extent);
}

static mtx_status frame_make(nb_frame *f, const double (*r)[3], const double cell[3][3], const uint8_t pbc[3],
                             int64_t n, mtx_problem *problem)
{
    double row[3][3], extent[3], least[3] = {0.0, 0.0, 0.0};
    int64_t change[3][3];
    const mtx_status status = lattice(cell, pbc, row, change, problem);
    if (status != MTX_OK) return status;
    for (int k = 0; k < 3; k++) {
        extent[k] = sqrt(dot(row[k], row[k]));
        if (!pbc[k]) open_extent(r, n, row[k], &least[k], &extent[k]);
        if (extent[k] > EXTENT_MAX) return too_wide(pbc[k], extent[k], problem);
    }
    double rank[3];
    int order[3];
    rank_axes(r, n, (const double(*)[3])row, extent, rank);
    order_axes(rank, order);
    for (int k = 0; k < 3; k++) {
        memcpy(f->row[k], row[order[k]], sizeof f->row[k]);
        f->open[k] = !pbc[order[k]];
        for (int c = 0; c < 3; c++) {
            if (llabs(change[order[k]][c]) > INT32_MAX / 4) {
                return rt_problem_set(problem, MTX_EDATA, "E0615", "the cell is too skewed to be reduced");
            }
            f->change[k][c] = f->open[k] ? 0 : (int32_t)change[order[k]][c];
        }
    }
    frame_turn(f);
    for (int k = 0; k < 3; k++) {
        if (f->low[k][k] < PERIOD_MIN) {
            return rt_problem_set(problem, MTX_EDATA, "E0615", "the lattice repeats every %g angstrom",
                                  f->low[k][k]);
        }
        f->corner[k] = f->open[k] ? least[order[k]] : 0.0;
        f->extent[k] = f->open[k] ? extent[order[k]] : f->low[k][k];
    }
    return MTX_OK;
}

/* ---- atoms into the box */

static void turned(const nb_frame *f, const double r[3], double place[3])
{
    for (int k = 0; k < 3; k++) place[k] = dot(r, f->turn[k]) - f->corner[k];
}

/* Lattice indices of the box that holds a place; the place moves into the home box. False when it is too
 * far. */
static bool box_of(const nb_frame *f, double place[3], double index[3])
{
    for (int k = 2; k >= 0; k--) {
        index[k] = 0.0;
        if (!(fabs(place[k]) <= PLACE_MAX)) return false;
        if (f->open[k] || (place[k] >= 0.0 && place[k] < f->low[k][k])) continue;
        index[k] = floor(place[k] / f->low[k][k]);
        if (!(fabs(index[k]) <= PLACE_MAX)) return false;
        for (int m = 0; m <= k; m++) place[m] -= index[k] * f->low[k][m];
    }
    return true;
}

/* Move the atom by lattice vectors into the box: r = at + shift * given cell. */
static bool atom_home(const nb_frame *f, const double r[3], double at[3], int32_t own[3], double place[3])
{
    double total[3] = {0.0, 0.0, 0.0};
    memcpy(at, r, 3 * sizeof(double));
    turned(f, r, place);
    for (int pass = 0; pass < 3; pass++) {
        double index[3];
        if (!box_of(f, place, index)) return false;
        if (index[0] == 0.0 && index[1] == 0.0 && index[2] == 0.0) break;
        for (int k = 0; k < 3; k++) total[k] -= index[k];
        for (int c = 0; c < 3; c++) at[c] = exact_combination(r[c], total, f->row, c);
        /* near home the place is already good; from far away its digits are lost and it is computed again */
        if (fabs(total[0]) + fabs(total[1]) + fabs(total[2]) < 100.0) break;
        turned(f, at, place);
    }
    for (int c = 0; c < 3; c++) {
        double shift = 0.0;
        for (int k = 0; k < 3; k++) shift -= total[k] * f->change[k][c];
        if (!(fabs(shift) < SHIFT_MAX)) return false;
        own[c] = (int32_t)shift;
    }
    return true;
}

static mtx_status atoms_home(nb_scratch *s, const double (*r)[3], int64_t n, mtx_problem *problem)
{
    nb_atom *atoms = nb_buffer_reserve(&s->buffer[NB_ATOMS], n, sizeof *atoms, 0);
    double(*home)[3] = nb_buffer_reserve(&s->buffer[NB_HOME], n, sizeof *home, 0);
    double(*place)[3] = nb_buffer_reserve(&s->buffer[NB_PLACE], n, sizeof *place, 0);
    if (atoms == NULL || home == NULL || place == NULL) return rt_no_memory(problem);
    for (int64_t i = 0; i < n; i++) {
        if (atom_home(&s->frame, r[i], home[i], atoms[i].shift, place[i])) continue;
        rt_problem_set(problem, MTX_EDATA, "E0652", "atom %lld is at (%g, %g, %g), which is not a place",
                       (long long)i, r[i][0], r[i][1], r[i][2]);
        if (problem != NULL) problem->atom = i;
        return MTX_EDATA;
    }
    return MTX_OK;
}

/* ---- the grid */

/* Reach of the single-precision test: the cutoff and more than the rounding of places, differences and
 * bin edges. */
static double widened(const nb_frame *f, double cutoff)
{
    double largest = 0.0;
    for (int k = 0; k < 3; k++) largest = fmax(largest, f->extent[k] + (f->open[k] ? 0.0 : 2.0 * cutoff));
    return cutoff + 10.0 * (largest + cutoff) * 0x1p-24;
}

/* Grid extent: the box, and the reach on either side of directions that repeat. */
static void grid_extent(const nb_frame *f, double reach, double extent[3])
{
    for (int k = 0; k < 3; k++) extent[k] = f->extent[k] + (f->open[k] ? 0.0 : 2.0 * reach);
}

static int32_t parts(double extent, double edge, double most)
{
    const double count = ceil(extent / edge);
    return count <= 1.0 ? 1 : count < most ? (int32_t)count : (int32_t)most;
}

/* Relative cost of a row with columns of edge reach / split: columns visited, and vectors of 16 candidates
 * (weights measured on silicon at 3, 5 and 10 angstrom). */
static double row_cost(double density, double reach, double split)
{
    const double columns = 0.85 * (2.0 * split + 1.0) * (2.0 * split + 1.0);
    const double run = density * reach * reach / (split * split) * reach * 1.7;
    return columns * (1.0 + 0.6 * (0.5 + run / 16.0));
}

/* Columns wide enough that their runs fill vectors, narrow enough that few candidates are beyond reach. */
static void grid_shape(nb_grid *g, const double extent[3], double slots, double reach)
{
    const double volume = fmax(extent[0], reach) * fmax(extent[1], reach) * fmax(extent[2], reach);
    const double density = slots / volume;
    double split = 0.75;
    while (split < 6.0 && row_cost(density, reach, split + 0.25) < row_cost(density, reach, split))
        split += 0.25;
    const double most = fmin(4096.0, ceil(sqrt(slots) + 1.0));
    g->nw = parts(extent[2], reach / split, most);
    g->nv = parts(extent[1], reach / split, most);
    const double per_column = 2.0 * slots / ((double)g->nw * g->nv) + 4.0;
    g->nu = parts(extent[0], reach / 12.0, fmin(per_column, 1e6));
    g->per_u = (float)(g->nu / fmax(extent[0], 1e-3));
    g->per_v = (float)(g->nv / fmax(extent[1], 1e-3));
    g->per_w = (float)(g->nw / fmax(extent[2], 1e-3));
    g->edge_v = 1.0f / g->per_v;
    g->edge_w = 1.0f / g->per_w;
}

/* ---- images */

/* Whether shifts of images, in given rows, stay within 2 SHIFT_MAX. */
static bool images_countable(const nb_frame *f, double reach)
{
    double sum = 0.0, index[3];
    for (int k = 2; k >= 0; k--) {
        double most = 0.0, length = reach;
        for (int m = k + 1; m < 3; m++) length += index[m] * fabs(f->low[m][k]);
        for (int c = 0; c < 3; c++) most = fmax(most, abs(f->change[k][c]));
        index[k] = f->open[k] ? 0.0 : length / f->low[k][k] + 2.0;
        sum += index[k] * most;
    }
    return sum < 2.0 * SHIFT_MAX;
}

/* First and last index s with -reach <= x + s * period < extent + reach; 0 and 0 for an open direction. */
static void image_range(const nb_frame *f, int k, double x, double reach, int32_t range[2])
{
    range[0] = range[1] = 0;
    if (f->open[k]) return;
    const double period = f->low[k][k];
    range[0] = (int32_t)ceil((-reach - x) / period);
    range[1] = (int32_t)floor((period + reach - x) / period);
}

typedef struct nb_sowing {
    nb_scratch *scratch;
    nb_grid *grid;
    double reach;
    int64_t count, capacity;
    int64_t moved;   /* of which not where the input has them                         */
    float margin[3]; /* from the corner of the grid to that of the box           */
} nb_sowing;

static void sow_image(nb_sowing *sow, nb_sown *sown, int32_t *bins, int32_t j, const double x[3],
                      const int32_t s[3])
{
    nb_grid *g = sow->grid;
    nb_sown *image = &sown[sow->count++];
    image->u = (float)(x[0] + sow->margin[0]);
    image->v = (float)(x[1] + sow->margin[1]);
    image->w = (float)(x[2] + sow->margin[2]);
    image->j = j;
    memcpy(image->s, s, sizeof image->s);
    const int64_t column =
        (int64_t)nb_bin(image->w, g->per_w, g->nw) * g->nv + nb_bin(image->v, g->per_v, g->nv);
    image->bin = (int32_t)(column * g->nu + nb_bin(image->u, g->per_u, g->nu));
    bins[image->bin + 2]++;
    sow->moved += (s[0] | s[1] | s[2]) != 0; /* of the atom itself: sow_atom */
}

/* All images of one atom that are in the grid: w decides first, since a3 moves v and u too. */
static bool sow_atom(nb_sowing *sow, int32_t *bins, int32_t j, const double place[3])
{
    const nb_frame *f = &sow->scratch->frame;
    const int32_t *shift = ((const nb_atom *)sow->scratch->buffer[NB_ATOMS].data)[j].shift;
    int32_t rw[2], rv[2], ru[2], s[3];
    sow->moved += (shift[0] | shift[1] | shift[2]) != 0;
    image_range(f, 2, place[2], sow->reach, rw);
    for (s[2] = rw[0]; s[2] <= rw[1]; s[2]++) {
        double x[3];
        const double v = place[1] + s[2] * f->low[2][1];
        x[2] = place[2] + s[2] * f->low[2][2];
        image_range(f, 1, v, sow->reach, rv);
        for (s[1] = rv[0]; s[1] <= rv[1]; s[1]++) {
            const double u = place[0] + s[2] * f->low[2][0] + s[1] * f->low[1][0];
            x[1] = v + s[1] * f->low[1][1];
            image_range(f, 0, u, sow->reach, ru);
            const int64_t need = sow->count + (ru[1] - ru[0] + 1);
            if (need > sow->capacity) {
                sow->capacity = need + need / 2;
                if (sow->capacity > IMAGES_MAX) return false;
                if (nb_buffer_reserve(&sow->scratch->buffer[NB_SOWN], sow->capacity, sizeof(nb_sown),
                                      (size_t)sow->count * sizeof(nb_sown)) == NULL) {
                    return false;
                }
            }
            for (s[0] = ru[0]; s[0] <= ru[1]; s[0]++) {
                x[0] = u + s[0] * f->low[0][0];
                sow_image(sow, sow->scratch->buffer[NB_SOWN].data, bins, j, x, s);
            }
        }
    }
    return true;
}

/* How far the image is from its atom in the input: the move into the box undone, then the lattice vector. */
static void image_fill(const nb_frame *f, const int32_t s[3], const int32_t shift[3], nb_image *image)
{
    *image = (nb_image){.s = {-shift[0], -shift[1], -shift[2]}};
    if ((s[0] | s[1] | s[2]) == 0) return;
    for (int c = 0; c < 3; c++) {
        /* odd in s, term by term: the reverse pair gets the exact negative */
        image->move[c] = s[0] * f->row[0][c] + (s[1] * f->row[1][c] + s[2] * f->row[2][c]);
        image->s[c] += s[0] * f->change[0][c] + s[1] * f->change[1][c] + s[2] * f->change[2][c];
    }
}

/* Counting sort of the images into slots; equal bins keep the order of atoms. start[b + 1] is where bin b begins, and
 * in the end where the next one does. */
static void slots_fill(const nb_grid *g, nb_scratch *s, int32_t *start, float *const place[3], nb_slot *slots,
                       nb_image *images)
{
    const nb_sown *sown = s->buffer[NB_SOWN].data;
    const double(*home)[3] = s->buffer[NB_HOME].data;
    nb_atom *atoms = s->buffer[NB_ATOMS].data;
    int32_t moved = 0;
    images[0] = (nb_image){0};
    for (int64_t k = 0; k < g->slots; k++) {
        const int32_t at = start[sown[k].bin + 1]++;
        const int32_t *index = sown[k].s;
        nb_atom *atom = &atoms[sown[k].j];
        place[0][at] = sown[k].u;
        place[1][at] = sown[k].v;
        place[2][at] = sown[k].w;
        nb_slot *slot = &slots[at];
        memcpy(slot->at, home[sown[k].j], sizeof slot->at);
        slot->j = sown[k].j;
        slot->image = 0;
        if ((index[0] | index[1] | index[2]) == 0) {
            atom->slot = at;
            if ((atom->shift[0] | atom->shift[1] | atom->shift[2]) == 0) continue;
        }
        slot->image = ++moved;
        image_fill(&s->frame, index, atom->shift, &images[moved]);
    }
}

static bool slots_sort(nb_scratch *s, nb_grid *g, int32_t *start, int64_t bins, int64_t moved)
{
    const int64_t count = g->slots;
    float *u = nb_buffer_reserve(&s->buffer[NB_U], count, sizeof *u, 0);
    float *v = nb_buffer_reserve(&s->buffer[NB_V], count, sizeof *v, 0);
    float *w = nb_buffer_reserve(&s->buffer[NB_W], count, sizeof *w, 0);
    nb_slot *slot = nb_buffer_reserve(&s->buffer[NB_SLOTS], count, sizeof *slot, 0);
    nb_image *image = nb_buffer_reserve(&s->buffer[NB_IMAGES], moved + 1, sizeof *image, 0);
    int32_t *stage = nb_buffer_reserve(&s->buffer[NB_STAGE], count, sizeof *stage, 0);
    if (u == NULL || v == NULL || w == NULL || slot == NULL || image == NULL || stage == NULL) return false;
    /* what a smaller structure finds after its hits must be one of its own slots */
    memset(stage, 0, ((size_t)count + NB_SLACK) * sizeof *stage);
    memset(slot + count, 0, 16 * sizeof *slot); /* a vector of candidates may end after the last slot */
    for (int64_t b = 1; b < bins; b++) start[b + 1] += start[b];
    slots_fill(g, s, start, (float *const[3]){u, v, w}, slot, image);
    g->u = u;
    g->v = v;
    g->w = w;
    g->slot = slot;
    g->image = image;
    g->stage = stage;
    g->start = start;
    return true;
}

static mtx_status too_many(mtx_problem *problem)
{
    rt_problem_set(problem, MTX_EINVAL, "E0654", "the cutoff reaches more than 2e8 images of atoms");
    rt_problem_help(problem, "Take a shorter cutoff.");
    return MTX_EINVAL;
}

mtx_status nb_grid_make(nb_scratch *s, const double (*r)[3], const double cell[3][3], const uint8_t pbc[3],
                        int64_t n, double cutoff, nb_grid *g, mtx_problem *problem)
{
    mtx_status status = frame_make(&s->frame, r, cell, pbc, n, problem);
    if (status == MTX_OK) status = atoms_home(s, r, n, problem);
    if (status != MTX_OK) return status;

    const nb_frame *f = &s->frame;
    const double reach = widened(f, cutoff);
    double extent[3], expected = (double)n;
    grid_extent(f, reach, extent);
    for (int k = 0; k < 3; k++) expected *= f->open[k] ? 1.0 : extent[k] / f->extent[k];
    if (!(expected < IMAGES_MAX) || !images_countable(f, reach)) return too_many(problem);

    *g = (nb_grid){
        .atoms = n, .cutoff2 = cutoff * cutoff, .reach = (float)reach, .atom = s->buffer[NB_ATOMS].data};
    g->reach2 = g->reach * g->reach;
    grid_shape(g, extent, expected, reach);
    const int64_t bins = (int64_t)g->nw * g->nv * g->nu;
    nb_sowing sow = {
        .scratch = s, .grid = g, .reach = reach, .capacity = (int64_t)(1.1 * expected) + NB_SLACK};
    for (int k = 0; k < 3; k++) sow.margin[k] = f->open[k] ? 0.0f : (float)reach;
    int32_t *start = nb_buffer_reserve(&s->buffer[NB_START], bins + 2, sizeof *start, 0);
    if (start == NULL || nb_buffer_reserve(&s->buffer[NB_SOWN], sow.capacity, sizeof(nb_sown), 0) == NULL) {
        return rt_no_memory(problem);
    }
    memset(start, 0, ((size_t)bins + 2) * sizeof *start);
    const double(*place)[3] = s->buffer[NB_PLACE].data;
    for (int64_t j = 0; j < n; j++) {
        if (sow_atom(&sow, start, (int32_t)j, place[j])) continue;
        return sow.capacity > IMAGES_MAX ? too_many(problem) : rt_no_memory(problem);
    }
    g->slots = sow.count;
    if (!slots_sort(s, g, start, bins, sow.moved)) return rt_no_memory(problem);
    return MTX_OK;
}
