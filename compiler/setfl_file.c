/* SPDX-License-Identifier: Apache-2.0
 *
 * setfl_file.c: embedded-atom tables in the format that LAMMPS calls setfl (pair_style eam/alloy; its documentation of
 * pair_style eam describes it). In: the text: three lines of comment, the elements, the grids and the cutoff, then per
 * element a line about it and the values of F(rho) and rho(r), then r phi(r) of the pairs 1-1, 2-1, 2-2, ... Out: the
 * numbers. Units are eV and Å, as in LAMMPS's metal units; polynomials are made by infer_read.c.
 */
#include "table_file.h"

#include <math.h>
#include <string.h>

#include <mtx/mtxrt.h>

#define AMU 103.64269652680505 /* eV fs^2/Å^2, as units.def                                                 */
enum { POINTS_MOST = 1 << 18, ELEMENTS_MOST = 40 };

typedef struct reading {
    arena *a;
    diag_sink *sink;
    const source *src;
    uint32_t at;
    bool bad;
} reading;

static void *fault(reading *r, span at, const char *what)
{
    if (!r->bad) {
        diag *d = diag_report(r->sink, D_SETFL, at);
        diag_label_primary(r->sink, d, "%s", what);
    }
    r->bad = true;
    return NULL;
}

static void skip_line(reading *r)
{
    while (r->at < r->src->n && r->src->text[r->at] != '\n') r->at++;
    r->at += r->at < r->src->n;
}

static field next_field(reading *r)
{
    const char *s = r->src->text;
    while (r->at < r->src->n && (unsigned char)s[r->at] <= ' ') r->at++;
    uint32_t start = r->at;
    while (r->at < r->src->n && (unsigned char)s[r->at] > ' ') r->at++;
    return (field){{r->src, start, r->at > start ? r->at : start + 1}, s + start, r->at - start};
}

static double next_number(reading *r, const char *what)
{
    double x = 0;
    field f = next_field(r);
    if (!r->bad && !field_number(&f, &x)) fault(r, f.at, f.n ? what : "the file ends before its last number");
    return x;
}

static uint32_t next_count(reading *r, const char *what)
{
    int64_t n = 0;
    field f = next_field(r);
    if (!r->bad && (!field_whole(&f, &n) || n < 6 || n > POINTS_MOST)) fault(r, f.at, what);
    return (uint32_t)n;
}

static double next_positive(reading *r, const char *what)
{
    field f = next_field(r);
    double x = 1;
    if (!r->bad && (!field_number(&f, &x) || !(x > 0))) fault(r, f.at, what);
    return x;
}

static void numbers(reading *r, double *to, uint32_t n, const char *what)
{
    for (uint32_t k = 0; k < n && !r->bad; k++) to[k] = next_number(r, what);
}

static bool read_elements(reading *r, setfl_file *t)
{
    int64_t n = 0;
    field f = next_field(r);
    if (!field_whole(&f, &n) || n < 1 || n > ELEMENTS_MOST)
        return fault(r, f.at, "the fourth line begins with the number of elements") != NULL;
    t->n_species = (int32_t)n;
    t->species = arena_array(r->a, int32_t, n);
    for (int32_t k = 0; k < t->n_species; k++) {
        f = next_field(r);
        t->species[k] = mtx_element_number(f.s, f.n);
        if (!t->species[k]) return fault(r, f.at, "not a chemical symbol") != NULL;
        for (int32_t j = 0; j < k; j++)
            if (t->species[j] == t->species[k]) return fault(r, f.at, "named twice") != NULL;
    }
    skip_line(r);
    return true;
}

setfl_file *setfl_read(arena *a, diag_sink *sink, const source *src)
{
    reading r = {.a = a, .sink = sink, .src = src};
    setfl_file *t = arena_new(a, setfl_file);
    for (int k = 0; k < 3; k++) skip_line(&r);
    if (!read_elements(&r, t)) return NULL;
    t->densities = next_count(&r, "the number of densities, 6 to 262144, comes first in the fifth line");
    t->density_step = next_positive(&r, "the step of the density is positive");
    t->points = next_count(&r, "the number of distances, 6 to 262144, comes third in the fifth line");
    t->step = next_positive(&r, "the step of the distance is positive");
    t->cutoff = next_positive(&r, "the cutoff is positive");
    if (r.bad) return NULL;
    skip_line(&r);
    uint32_t n = (uint32_t)t->n_species;
    t->mass = arena_array(a, double, n);
    t->embedding = arena_array(a, double, (size_t)n * t->densities);
    t->density = arena_array(a, double, (size_t)n * t->points);
    t->pair = arena_array(a, double, (size_t)n * n * t->points);
    for (uint32_t k = 0; k < n && !r.bad; k++) {
        next_number(&r, "an atomic number begins the block of an element");
        t->mass[k] = next_number(&r, "the mass of the element") * AMU;
        skip_line(&r);
        numbers(&r, t->embedding + (size_t)k * t->densities, t->densities, "a value of the embedding energy");
        numbers(&r, t->density + (size_t)k * t->points, t->points, "a value of the density");
    }
    for (uint32_t i = 0; i < n && !r.bad; i++)
        for (uint32_t j = 0; j <= i && !r.bad; j++) {
            double *to = t->pair + ((size_t)i * n + j) * t->points;
            numbers(&r, to, t->points, "a value of r phi(r)");
            memcpy(t->pair + ((size_t)j * n + i) * t->points, to, t->points * sizeof *to);
        }
    field rest = next_field(&r);
    if (!r.bad && rest.n) return fault(&r, rest.at, "more numbers than the fifth line promises");
    return r.bad ? NULL : t;
}
