/* SPDX-License-Identifier: Apache-2.0
 *
 * symmetry.c: space groups and other cells of a crystal, computed by spglib. In: a structure with three
 * lattice vectors; out: plain tables, or another structure. spglib keeps lattice vectors as columns and
 * positions as fractions; both are converted here and nowhere else.
 */
#include "rt.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void mtx_symmetry_init(mtx_symmetry *y)
{
    *y = (mtx_symmetry){0};
}

void mtx_symmetry_free(mtx_symmetry *y)
{
    if (y == NULL) return;
    free(y->rotation);
    free(y->translation);
    free(y->cartesian);
    free(y->equivalent);
    free(y->orbit);
    free(y->wyckoff);
    free(y->site);
    mtx_symmetry_init(y);
}

#ifdef MTX_HAVE_SPGLIB

#include <spglib.h>

/* A crystal in spglib's terms. Standardising may need four times the atoms. */
typedef struct crystal {
    mtx_cell cell;
    double lattice[3][3]; /* columns */
    double (*position)[3];
    int *type;
    int n;
} crystal;

static const uint8_t periodic[3] = {1, 1, 1};

static void crystal_free(crystal *c)
{
    free(c->position);
    free(c->type);
}

static void transpose(const double from[3][3], double to[3][3])
{
    for (int k = 0; k < 3; k++) {
        for (int c = 0; c < 3; c++) to[c][k] = from[k][c];
    }
}

static mtx_status crystal_make(const mtx_structure *s, double symprec, crystal *c, mtx_problem *problem)
{
    *c = (crystal){.n = (int)s->n};
    if (!(symprec > 0.0) || !isfinite(symprec)) {
        return rt_problem_set(problem, MTX_EINVAL, "E0655",
                              "the symmetry tolerance is %g, not a positive length", symprec);
    }
    if (s->n < 1 || s->n > INT32_MAX / 8) {
        return rt_problem_set(problem, MTX_EINVAL, "E0655", "a structure of %lld atoms has no space group",
                              (long long)s->n);
    }
    const mtx_status status = mtx_cell_make((const double(*)[3])s->cell, periodic, &c->cell, problem);
    if (status != MTX_OK) return status;
    c->position = malloc(4 * (size_t)s->n * sizeof *c->position);
    c->type = malloc(4 * (size_t)s->n * sizeof *c->type);
    if (c->position == NULL || c->type == NULL) {
        crystal_free(c);
        return rt_no_memory(problem);
    }
    transpose((const double(*)[3])c->cell.row, c->lattice);
    mtx_cell_fractional(&c->cell, (const double(*)[3])s->r, s->n, c->position);
    for (int64_t i = 0; i < s->n; i++) c->type[i] = s->Z[i];
    return MTX_OK;
}

static mtx_status search_failed(const char *what, double symprec, mtx_problem *problem)
{
    rt_problem_set(problem, MTX_ENOSYM, "E0657", "%s failed at tolerance %g angstrom: %s", what, symprec,
                   spg_get_error_message(spg_get_error_code()));
    rt_problem_help(problem,
                    "Atoms closer than the tolerance, or a cell distorted by about as much, do this.");
    return MTX_ENOSYM;
}

/* ---- space group */

/* R = A^T W A^-T for lattice rows A: the rotation on Cartesian columns. */
static void cartesian_rotation(const mtx_cell *cell, int w[3][3], double out[3][3])
{
    for (int a = 0; a < 3; a++) {
        for (int b = 0; b < 3; b++) {
            double sum = 0.0;
            for (int k = 0; k < 3; k++) {
                for (int m = 0; m < 3; m++) sum += cell->row[k][a] * w[k][m] * cell->inverse[b][m];
            }
            out[a][b] = sum;
        }
    }
}

static void text_copy(char *to, size_t size, const char *from)
{
    size_t length = strnlen(from, size - 1);
    while (length > 0 && from[length - 1] == ' ') length--;
    memcpy(to, from, length);
    to[length] = '\0';
}

static bool symmetry_allocate(mtx_symmetry *out, int64_t n, int operations)
{
    const size_t atoms = (size_t)n, count = (size_t)operations;
    out->rotation = malloc(count * sizeof *out->rotation);
    out->translation = malloc(count * sizeof *out->translation);
    out->cartesian = malloc(count * sizeof *out->cartesian);
    out->equivalent = malloc(atoms * sizeof *out->equivalent);
    out->orbit = malloc(atoms * sizeof *out->orbit);
    out->wyckoff = malloc(atoms);
    out->site = malloc(atoms * sizeof *out->site);
    out->n = n;
    out->n_operations = operations;
    return out->rotation != NULL && out->translation != NULL && out->cartesian != NULL &&
           out->equivalent != NULL && out->orbit != NULL && out->wyckoff != NULL && out->site != NULL;
}

static void symmetry_fill(mtx_symmetry *out, const mtx_cell *cell, SpglibDataset *data)
{
    out->number = data->spacegroup_number;
    out->hall_number = data->hall_number;
    text_copy(out->international, sizeof out->international, data->international_symbol);
    text_copy(out->hall, sizeof out->hall, data->hall_symbol);
    text_copy(out->pointgroup, sizeof out->pointgroup, data->pointgroup_symbol);
    memcpy(out->transformation, data->transformation_matrix, sizeof out->transformation);
    memcpy(out->origin_shift, data->origin_shift, sizeof out->origin_shift);
    for (int k = 0; k < out->n_operations; k++) {
        for (int m = 0; m < 9; m++) out->rotation[k][m / 3][m % 3] = data->rotations[k][m / 3][m % 3];
        memcpy(out->translation[k], data->translations[k], sizeof out->translation[k]);
        cartesian_rotation(cell, data->rotations[k], out->cartesian[k]);
    }
    for (int64_t i = 0; i < out->n; i++) {
        out->equivalent[i] = data->equivalent_atoms[i];
        out->orbit[i] = data->crystallographic_orbits[i];
        /* spglib counts letters from 0; Pmmm has a 27th, written A */
        out->wyckoff[i] = (char)(data->wyckoffs[i] < 26 ? 'a' + data->wyckoffs[i] : 'A');
        text_copy(out->site[i], sizeof out->site[i], data->site_symmetry_symbols[i]);
    }
}

mtx_status mtx_symmetry_find(const mtx_structure *s, double symprec, mtx_symmetry *out, mtx_problem *problem)
{
    crystal c;
    mtx_symmetry_free(out);
    mtx_status status = crystal_make(s, symprec, &c, problem);
    if (status != MTX_OK) return status;
    SpglibDataset *data = spg_get_dataset(c.lattice, c.position, c.type, c.n, symprec);
    if (data == NULL || data->spacegroup_number == 0) {
        status = search_failed("the search for the space group", symprec, problem);
    } else if (!symmetry_allocate(out, s->n, data->n_operations)) {
        mtx_symmetry_free(out);
        status = rt_no_memory(problem);
    } else {
        symmetry_fill(out, &c.cell, data);
    }
    if (data != NULL) spg_free_dataset(data);
    crystal_free(&c);
    return status;
}

/* ---- other cells */

/* The crystal as a structure; fractions become positions in the lattice that stands in c->lattice. */
static mtx_status crystal_out(crystal *c, int n, mtx_structure *out, mtx_problem *problem)
{
    mtx_structure_clear(out);
    if (mtx_structure_reserve(out, n) != MTX_OK) return rt_no_memory(problem);
    transpose((const double(*)[3])c->lattice, out->cell);
    memset(out->pbc, 1, sizeof out->pbc);
    out->n = n;
    mtx_cell cell;
    mtx_status status = mtx_cell_make((const double(*)[3])out->cell, periodic, &cell, problem);
    if (status != MTX_OK) return status;
    mtx_cell_cartesian(&cell, (const double(*)[3])c->position, n, out->r);
    for (int i = 0; i < n; i++) out->Z[i] = c->type[i];
    return mtx_cell_wrap(&cell, out->r, n, NULL, problem);
}

mtx_status mtx_structure_standard(const mtx_structure *s, double symprec, unsigned flags, mtx_structure *out,
                                  mtx_problem *problem)
{
    crystal c;
    mtx_status status = crystal_make(s, symprec, &c, problem);
    if (status != MTX_OK) return status;
    const int n =
        spg_standardize_cell(c.lattice, c.position, c.type, c.n, (flags & MTX_STANDARD_PRIMITIVE) != 0,
                             (flags & MTX_STANDARD_AS_IS) != 0, symprec);
    status =
        n > 0 ? crystal_out(&c, n, out, problem) : search_failed("standardising the cell", symprec, problem);
    crystal_free(&c);
    return status;
}

mtx_status mtx_structure_primitive(const mtx_structure *s, double symprec, mtx_structure *out,
                                   mtx_problem *problem)
{
    return mtx_structure_standard(s, symprec, MTX_STANDARD_PRIMITIVE | MTX_STANDARD_AS_IS, out, problem);
}

mtx_status mtx_structure_niggli(const mtx_structure *s, double symprec, mtx_structure *out,
                                mtx_problem *problem)
{
    crystal c;
    mtx_status status = crystal_make(s, symprec, &c, problem);
    if (status != MTX_OK) return status;
    if (spg_niggli_reduce(c.lattice, symprec) == 0) {
        status = search_failed("Niggli reduction", symprec, problem);
    } else {
        /* same points, other fractions */
        double rows[3][3];
        mtx_cell reduced;
        transpose((const double(*)[3])c.lattice, rows);
        status = mtx_cell_make((const double(*)[3])rows, periodic, &reduced, problem);
        if (status == MTX_OK) {
            mtx_cell_fractional(&reduced, (const double(*)[3])s->r, s->n, c.position);
            status = crystal_out(&c, c.n, out, problem);
        }
    }
    crystal_free(&c);
    return status;
}

#else

static mtx_status unsupported(mtx_problem *problem)
{
    rt_problem_set(problem, MTX_EUNSUPPORTED, "E0658", "this build of mtx has no crystal symmetry (spglib)");
    rt_problem_help(problem, "Install libsymspg-dev and build again.");
    return MTX_EUNSUPPORTED;
}

mtx_status mtx_symmetry_find(const mtx_structure *s, double symprec, mtx_symmetry *out, mtx_problem *problem)
{
    (void)s;
    (void)symprec;
    mtx_symmetry_free(out);
    return unsupported(problem);
}

mtx_status mtx_structure_standard(const mtx_structure *s, double symprec, unsigned flags, mtx_structure *out,
                                  mtx_problem *problem)
{
    (void)s;
    (void)symprec;
    (void)flags;
    mtx_structure_clear(out);
    return unsupported(problem);
}

mtx_status mtx_structure_primitive(const mtx_structure *s, double symprec, mtx_structure *out,
                                   mtx_problem *problem)
{
    return mtx_structure_standard(s, symprec, 0, out, problem);
}

mtx_status mtx_structure_niggli(const mtx_structure *s, double symprec, mtx_structure *out,
                                mtx_problem *problem)
{
    return mtx_structure_standard(s, symprec, 0, out, problem);
}

#endif
