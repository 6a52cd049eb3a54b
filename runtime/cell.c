/* SPDX-License-Identifier: Apache-2.0
 *
 * cell.c: lattices. In: three rows and the directions that repeat; out: a completed cell with its inverse,
 * heights and volume, coordinates both ways, wrapping, the reciprocal rows and a reduced basis. No atoms'
 * neighbours here (neighbors.c) and no symmetry (symmetry.c: Niggli and standard cells).
 */
#include "rt.h"
#include "exact.h"

#include <math.h>
#include <string.h>

/* A vector shorter than this share of its length above the span of the others is taken as dependent on
 * them. */
#define DEPENDENT 1e-10

/* Cells an atom may be away from its home; beyond it positions carry no digit of the structure any more. */
#define SHIFT_MAX 1e9

static double dot(const double a[3], const double b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static void cross(const double a[3], const double b[3], double out[3])
{
    const double x = a[1] * b[2] - a[2] * b[1];
    const double y = a[2] * b[0] - a[0] * b[2];
    const double z = a[0] * b[1] - a[1] * b[0];
    out[0] = x;
    out[1] = y;
    out[2] = z;
}

/* Subtract from v its part along the unit vectors in `frame`; twice, which is enough in floating point. */
static void project_out(double v[3], double frame[3][3], int count)
{
    for (int pass = 0; pass < 2; pass++) {
        for (int k = 0; k < count; k++) {
            const double along = dot(v, frame[k]);
            for (int c = 0; c < 3; c++) v[c] -= along * frame[k][c];
        }
    }
}

/* Add v, made orthogonal and of unit length, to the frame; false when it depends on what is there. */
static bool frame_add(double frame[3][3], int *count, const double v[3])
{
    const double length = sqrt(dot(v, v));
    if (!(length > 0.0)) return false;
    double rest[3];
    for (int c = 0; c < 3; c++) rest[c] = v[c] / length;
    project_out(rest, frame, *count);
    const double height = sqrt(dot(rest, rest));
    if (height < DEPENDENT) return false;
    for (int c = 0; c < 3; c++) frame[*count][c] = rest[c] / height;
    ++*count;
    return true;
}

/* A unit vector orthogonal to the frame: the coordinate axis that sticks out most, made orthogonal. */
static void frame_complete(double frame[3][3], int *count, double out[3])
{
    int best = 0;
    double best_height = -1.0;
    double axis[3];
    for (int c = 0; c < 3; c++) {
        double trial[3] = {c == 0, c == 1, c == 2};
        project_out(trial, frame, *count);
        const double height = dot(trial, trial);
        if (height > best_height + 1e-6) {
            best = c;
            best_height = height;
        }
    }
    memset(axis, 0, sizeof axis);
    axis[best] = 1.0;
    if (frame_add(frame, count, axis)) memcpy(out, frame[*count - 1], sizeof axis);
}

/* The rows made independent; repeating rows first, they must be so already. */
static bool complete_rows(const double cell[3][3], const uint8_t pbc[3], double row[3][3])
{
    double frame[3][3];
    bool kept[3] = {false, false, false};
    int count = 0;
    for (int k = 0; k < 3; k++) {
        if (!pbc[k]) continue;
        kept[k] = frame_add(frame, &count, cell[k]);
        if (!kept[k]) return false;
    }
    for (int k = 0; k < 3; k++) {
        if (!pbc[k]) kept[k] = frame_add(frame, &count, cell[k]);
    }
    memcpy(row, cell, 9 * sizeof(double));
    for (int k = 0; k < 3; k++) {
        if (!kept[k]) frame_complete(frame, &count, row[k]);
    }
    return true;
}

/* Inverse by cofactors, of rows scaled to length one so that no product over- or underflows. */
static void invert(mtx_cell *cell)
{
    double unit[3][3], length[3], cofactor[3][3];
    for (int k = 0; k < 3; k++) {
        length[k] = hypot(hypot(cell->row[k][0], cell->row[k][1]), cell->row[k][2]);
        for (int c = 0; c < 3; c++) unit[k][c] = cell->row[k][c] / length[k];
    }
    for (int k = 0; k < 3; k++) cross(unit[(k + 1) % 3], unit[(k + 2) % 3], cofactor[k]);
    const double det = dot(unit[0], cofactor[0]);
    for (int k = 0; k < 3; k++) {
        for (int c = 0; c < 3; c++) cell->inverse[c][k] = cofactor[k][c] / det / length[k];
        cell->height[k] = fabs(det) * length[k] / sqrt(dot(cofactor[k], cofactor[k]));
    }
    cell->volume = fabs(det) * length[0] * length[1] * length[2];
    cell->handedness = det > 0.0 ? 1 : -1;
}

mtx_status mtx_cell_make(const double cell[3][3], const uint8_t pbc[3], mtx_cell *out, mtx_problem *problem)
{
    for (int k = 0; k < 3; k++) {
        for (int c = 0; c < 3; c++) {
            if (isfinite(cell[k][c]) && fabs(cell[k][c]) < 1e150) continue;
            return rt_problem_set(problem, MTX_EDATA, "E0650", "lattice vector %d has the component %g",
                                  k + 1, cell[k][c]);
        }
    }
    double row[3][3];
    if (!complete_rows(cell, pbc, row)) {
        rt_problem_set(
            problem, MTX_EDATA, "E0615",
            "the cell has no volume: the lattice vectors along which it repeats are zero or dependent");
        rt_problem_help(problem, "Give independent lattice vectors, or mark the direction as not periodic.");
        return MTX_EDATA;
    }
    memcpy(out->row, row, sizeof row);
    for (int k = 0; k < 3; k++) out->pbc[k] = pbc[k] != 0;
    invert(out);
    return MTX_OK;
}

static void multiply(const double matrix[3][3], const double (*from)[3], int64_t n, double (*to)[3])
{
    for (int64_t i = 0; i < n; i++) {
        const double x = from[i][0], y = from[i][1], z = from[i][2];
        for (int c = 0; c < 3; c++) to[i][c] = x * matrix[0][c] + y * matrix[1][c] + z * matrix[2][c];
    }
}

void mtx_cell_fractional(const mtx_cell *cell, const double (*from)[3], int64_t n, double (*to)[3])
{
    multiply(cell->inverse, from, n, to);
}

void mtx_cell_cartesian(const mtx_cell *cell, const double (*from)[3], int64_t n, double (*to)[3])
{
    multiply(cell->row, from, n, to);
}

/* The shift that brings r home, and r moved; false when it is too far or not a number. */
static bool wrap_one(const mtx_cell *cell, double r[3], int32_t shift[3])
{
    double total[3] = {0.0, 0.0, 0.0}, moved[3] = {r[0], r[1], r[2]};
    /* far away, the first fractional coordinate has lost the digits that decide the last step: look again */
    for (int pass = 0; pass < 3; pass++) {
        bool inside = true;
        for (int k = 0; k < 3; k++) {
            if (!cell->pbc[k]) continue;
            const double f = moved[0] * cell->inverse[0][k] + moved[1] * cell->inverse[1][k] +
                             moved[2] * cell->inverse[2][k];
            if (!(fabs(f) <= SHIFT_MAX)) return false;
            const double down = floor(f);
            if (down != 0.0) inside = false;
            total[k] -= down;
        }
        if (inside) break;
        for (int c = 0; c < 3; c++) moved[c] = exact_combination(r[c], total, cell->row, c);
    }
    for (int k = 0; k < 3; k++) {
        if (!isfinite(r[k])) return false;
        shift[k] = (int32_t)total[k];
    }
    memcpy(r, moved, sizeof moved);
    return true;
}

mtx_status mtx_cell_wrap(const mtx_cell *cell, double (*r)[3], int64_t n, int32_t (*shift)[3],
                         mtx_problem *problem)
{
    for (int64_t i = 0; i < n; i++) {
        int32_t own[3];
        if (!wrap_one(cell, r[i], own)) {
            rt_problem_set(problem, MTX_EDATA, "E0652", "atom %lld is at (%g, %g, %g), which is not a place",
                           (long long)i, r[i][0], r[i][1], r[i][2]);
            if (problem != NULL) problem->atom = i;
            return MTX_EDATA;
        }
        if (shift != NULL) memcpy(shift[i], own, sizeof own);
    }
    return MTX_OK;
}

void mtx_cell_reciprocal(const mtx_cell *cell, double rows[3][3])
{
    for (int k = 0; k < 3; k++) {
        for (int c = 0; c < 3; c++) rows[k][c] = 2.0 * 3.14159265358979323846 * cell->inverse[c][k];
    }
}

/* ---- reduction: each vector in turn is made the shortest modulo the other repeating ones (greedy,
 * Semaev 2001) */

typedef struct reduction {
    const double (*row)[3];
    double change[3][3]; /* integers, held as doubles so that products stay exact below 2^53 */
    double basis[3][3];
} reduction;

static void basis_update(reduction *s, int k)
{
    for (int c = 0; c < 3; c++) s->basis[k][c] = exact_combination(0.0, s->change[k], s->row, c);
}

/* Real x, y that make v - x a - y b orthogonal to a and b (b NULL: to a alone). */
static void nearest_coefficients(const double v[3], const double a[3], const double *b, double out[2])
{
    const double aa = dot(a, a), av = dot(a, v);
    out[0] = av / aa;
    out[1] = 0.0;
    if (b == NULL) return;
    const double bb = dot(b, b), ab = dot(a, b), bv = dot(b, v), det = aa * bb - ab * ab;
    if (!(det > 0.0)) return;
    out[0] = (av * bb - bv * ab) / det;
    out[1] = (bv * aa - av * ab) / det;
}

/* Try the four integer points around the real solution; keep the one that shortens vector k most. */
static bool shorten(reduction *s, int k, int i, int j)
{
    double real[2], best = dot(s->basis[k], s->basis[k]) * (1.0 - 1e-9), best_x = 0.0, best_y = 0.0;
    nearest_coefficients(s->basis[k], s->basis[i], j >= 0 ? s->basis[j] : NULL, real);
    if (!(fabs(real[0]) < 1e15 && fabs(real[1]) < 1e15)) return false;
    for (int corner = 0; corner < (j >= 0 ? 4 : 2); corner++) {
        const double x = floor(real[0]) + (corner & 1), y = j >= 0 ? floor(real[1]) + (corner >> 1) : 0.0;
        double v[3];
        for (int c = 0; c < 3; c++) {
            exact_sum sum = exact_add_product((exact_sum){s->basis[k][c], 0.0}, -x, s->basis[i][c]);
            if (j >= 0) sum = exact_add_product(sum, -y, s->basis[j][c]);
            v[c] = exact_round(sum);
        }
        const double length2 = dot(v, v);
        if (length2 < best) {
            best = length2;
            best_x = x;
            best_y = y;
        }
    }
    if (best_x == 0.0 && best_y == 0.0) return false;
    for (int c = 0; c < 3; c++) {
        s->change[k][c] -= best_x * s->change[i][c] + (j >= 0 ? best_y * s->change[j][c] : 0.0);
    }
    basis_update(s, k);
    return true;
}

static void reduce_all(reduction *s, const int *axis, int count)
{
    for (int step = 0, idle = 0; idle < count && step < 600; step++) {
        const int k = axis[step % count];
        const int i = axis[(step + 1) % count];
        const int j = axis[(step + 2) % count];
        idle = shorten(s, k, i, count == 3 ? j : -1) ? 0 : idle + 1;
    }
}

/* The reduced rows must stand out of rounding: each far longer than the last digit of the longest row
 * given. */
static bool basis_sound(const reduction *s)
{
    double longest = 0.0;
    for (int k = 0; k < 3; k++) longest = fmax(longest, dot(s->row[k], s->row[k]));
    for (int k = 0; k < 3; k++) {
        if (!(dot(s->basis[k], s->basis[k]) > 1e-24 * longest)) return false;
        for (int c = 0; c < 3; c++) {
            if (!(fabs(s->change[k][c]) < 4503599627370496.0)) return false;
        }
    }
    return true;
}

mtx_status mtx_cell_reduce(const mtx_cell *cell, double reduced[3][3], int64_t change[3][3],
                           mtx_problem *problem)
{
    reduction s = {.row = cell->row};
    int axis[3], count = 0;
    for (int k = 0; k < 3; k++) {
        s.change[k][k] = 1.0;
        if (cell->pbc[k]) axis[count++] = k;
    }
    memcpy(s.basis, cell->row, sizeof s.basis);
    if (count >= 2) reduce_all(&s, axis, count);
    if (!basis_sound(&s)) {
        return rt_problem_set(problem, MTX_EDATA, "E0615",
                              "the cell has no volume: its shortest lattice vectors are lost in rounding");
    }
    memcpy(reduced, s.basis, sizeof s.basis);
    for (int k = 0; k < 3; k++) {
        for (int c = 0; c < 3; c++) change[k][c] = (int64_t)s.change[k][c];
    }
    return MTX_OK;
}

/* ---- as compiled code reads it ------------------------------------------------------------------------- */

/* volume, area or length that the periodic rows span */
static double spanned(const double row[3][3], const uint8_t pbc[3])
{
    double product[3][3];
    int n = 0;
    for (int k = 0; k < 3; k++)
        if (pbc[k]) memcpy(product[n++], row[k], sizeof product[0]);
    const double *a = product[0], *b = product[1], *c = product[2];
    if (n == 1) return sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2]);
    const double x[3] = {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
    if (n == 2) return sqrt(x[0] * x[0] + x[1] * x[1] + x[2] * x[2]);
    return fabs(x[0] * c[0] + x[1] * c[1] + x[2] * c[2]);
}

mtx_status mtx_cell_numbers(const double cell[3][3], const uint8_t pbc[3], double numbers[21],
                            mtx_problem *problem)
{
    double given[3][3] = {{0}};
    for (int k = 0; k < 3; k++)
        if (pbc[k]) memcpy(given[k], cell[k], sizeof given[k]);
    mtx_cell made;
    mtx_status status = mtx_cell_make((const double(*)[3])given, pbc, &made, problem);
    if (status != MTX_OK) return status;
    memcpy(numbers, made.row, sizeof made.row);
    memcpy(numbers + 9, made.inverse, sizeof made.inverse);
    numbers[18] = spanned((const double(*)[3])made.row, pbc);
    numbers[19] = pbc[0] + pbc[1] + pbc[2];
    numbers[20] = 0;
    return MTX_OK;
}
