/* SPDX-License-Identifier: Apache-2.0
 *
 * infer_read.c: In: `read "file"`, and calls of the functions that a file holds. Out: a value with members: the sets of
 * its keys, a table per column, functions as curves. Embedded-atom tables become the piecewise cubics that LAMMPS makes
 * of them. Not here: reading files (table_file.c, setfl_file.c).
 */
#include "curve.h"
#include "infer_internal.h"
#include "table_file.h"

#include <math.h>
#include <string.h>

static void add_member(infer *x, scope *members, const char *id, value v)
{
    entry *e = scope_add(x, members, intern_s(x->names, id), v.at);
    e->state = ENTRY_DONE;
    e->v = v;
}

static value set_value(set_id s, span at)
{
    return (value){.kind = V_SET, .at = at, .set = s, .row = SETIR_NONE, .to = SETIR_NONE, .def = SETIR_NONE};
}

/* plain numbers over sets, as a value that is indexed */
static value numbers_value(infer *x, const curve *c, span at)
{
    ivar_id *iv = arena_array(x->a, ivar_id, c->n_domain + 1);
    node_id *index = arena_array(x->a, node_id, c->n_domain + 1);
    for (uint32_t k = 0; k < c->n_domain; k++) {
        iv[k] = bind_one(x, NULL, NULL, set_value(c->domain[k], at), at);
        index[k] = node_ivar(x->p, iv[k], at);
    }
    node_imm imm = {.curve = program_curve(x->p, *c)};
    node_id body = mk(x, OP_TABLE, elem_real(0), index, c->n_domain, &imm, at);
    value v = {.kind = V_TENSOR, .at = at, .def = SETIR_NONE, .node = body, .ivar = iv, .n = c->n_domain};
    v.domain = arena_copy(x->a, c->domain, sizeof(set_id) * c->n_domain);
    return v;
}

/* ---- parameters ---------------------------------------------------------------------------------------- */

static void table_members(infer *x, scope *members, const table_file *t, span at)
{
    set_id domain[TABLE_KEYS], element = SETIR_NONE, index = SETIR_NONE;
    for (uint32_t k = 0; k < t->n_keys; k++) {
        if (t->by_element[k] && element == SETIR_NONE) element = set_species(x, t->species, t->n_species, at);
        if (!t->by_element[k] && index == SETIR_NONE) index = set_range(x, t->lo, t->hi, at);
        domain[k] = t->by_element[k] ? element : index;
    }
    if (element != SETIR_NONE) add_member(x, members, "element", set_value(element, at));
    if (index != SETIR_NONE) add_member(x, members, "index", set_value(index, at));
    for (uint32_t k = 0; k < t->n_columns; k++) {
        curve c = {.id = t->column[k].id, .domain = domain, .n_domain = t->n_keys, .places = t->places,
                   .unit = t->column[k].unit, .data = t->column[k].value};
        add_member(x, members, t->column[k].id, numbers_value(x, &c, at));
    }
}

/* ---- embedded atoms ------------------------------------------------------------------------------------ */

/* The slope at point m, per step, as LAMMPS's PairEAM::interpolate has it: differences over five points, three beside
 * the ends, two at the ends. */
static double slope_at(const double *f, uint32_t n, uint32_t m)
{
    if (m == 0) return f[1] - f[0];
    if (m == n - 1) return f[n - 1] - f[n - 2];
    if (m == 1 || m == n - 2) return 0.5 * (f[m + 1] - f[m - 1]);
    return ((f[m - 2] - f[m + 2]) + 8 * (f[m + 1] - f[m - 1])) / 12;
}

/* Cubics through n points one step apart, from 0; beyond the last a straight line. Data: [cells][n]. */
static uint32_t cubics(infer *x, curve c, const double *f, uint32_t n, double step)
{
    enum { TERMS = 4 };
    c.pieces = n;
    c.terms = TERMS;
    c.rate = 1 / step;
    c.order = 1;
    c.data = arena_array(x->a, double, (size_t)n * TERMS * c.places);
    for (uint32_t cell = 0; cell < c.places; cell++, f += n)
        for (uint32_t m = 0; m < n; m++) {
            double a = slope_at(f, n, m), b = m + 1 < n ? slope_at(f, n, m + 1) : a, rise = m + 1 < n ? f[m + 1] - f[m] : a;
            const double to[TERMS] = {f[m], a, 3 * rise - 2 * a - b, a + b - 2 * rise};
            for (uint32_t j = 0; j < TERMS; j++) c.data[((size_t)m * TERMS + j) * c.places + cell] = to[j];
        }
    return program_curve(x->p, c);
}

static value curve_named(uint32_t id, span at)
{
    return (value){.kind = V_CURVE, .at = at, .curve = id, .def = SETIR_NONE, .node = SETIR_NONE};
}

static void setfl_members(infer *x, scope *members, const setfl_file *t, span at)
{
    set_id z = set_species(x, t->species, t->n_species, at), pair[2] = {z, z};
    uint32_t n = (uint32_t)t->n_species;
    unit length, energy, mass;
    double scale;
    units_lookup("Å", &length, &scale);
    units_lookup("eV", &energy, &scale);
    units_lookup("amu", &mass, &scale);
    const curve one = {.domain = pair, .n_domain = 1, .places = n}, two = {.domain = pair, .n_domain = 2, .places = n * n};
    curve f = one, rho = one, phi = two, m = one;
    f.id = "embedding";
    f.unit = energy;
    f.unit_x = unit_none();
    rho.id = "density";
    rho.unit = unit_none();
    rho.unit_x = length;
    phi.id = "pair";
    phi.unit = unit_mul(energy, length);
    phi.unit_x = length;
    m.id = "mass";
    m.unit = mass;
    m.unit_x = unit_none();
    m.data = t->mass;
    add_member(x, members, "element", set_value(z, at));
    add_member(x, members, "cutoff", value_node(mk_const(x, t->cutoff, length, at), at));
    add_member(x, members, "mass", numbers_value(x, &m, at));
    add_member(x, members, f.id, curve_named(cubics(x, f, t->embedding, t->densities, t->density_step), at));
    add_member(x, members, rho.id, curve_named(cubics(x, rho, t->density, t->points, t->step), at));
    add_member(x, members, phi.id, curve_named(cubics(x, phi, t->pair, t->points, t->step), at));
}

/* ---- the expression ------------------------------------------------------------------------------------ */

static value report_missing(infer *x, const expr *e, diag_id id)
{
    diag *d = infer_report(x, id, e->at, e->string.value);
    diag_label_primary(x->sink, d, id == D_TABLE_FILE ? "neither beside this file nor in the standard library"
                                                      : "its ending names no kind of table");
    if (id == D_TABLE_FORMAT) diag_help(x->sink, d, "parameters.csv, Cu.eam.alloy, Cu.setfl, Si.sw, Si.tersoff");
    return value_error(e->at);
}

value infer_read(infer *x, const expr *e)
{
    table_format format = table_format_of(e->string.value);
    if (format == TABLE_UNKNOWN) return report_missing(x, e, D_TABLE_FORMAT);
    const source *src = module_find(x->a, e->at.src, e->string.value, x->m->read, x->m->user);
    if (!src) return report_missing(x, e, D_TABLE_FILE);
    uint32_t before = x->sink->all.n;
    scope *members = scope_new(x, NULL, NULL);
    table_file *t = format == TABLE_SETFL ? NULL : table_file_read(x->a, x->names, x->sink, src, format);
    setfl_file *s = format == TABLE_SETFL ? setfl_read(x->a, x->sink, src) : NULL;
    if (!t && !s) {
        for (uint32_t k = before; k < x->sink->all.n; k++)
            diag_label_at(x->sink, x->sink->all.at[k], e->at, "read here");
        return value_error(e->at);
    }
    if (t) table_members(x, members, t, e->at);
    if (s) setfl_members(x, members, s, e->at);
    return (value){.kind = V_FILE, .at = e->at, .members = members, .def = SETIR_NONE, .node = SETIR_NONE};
}

value infer_file_member(infer *x, value file, name id, span at)
{
    entry *found = scope_find(file.members, id);
    if (found) {
        value v = found->v;
        v.at = at;
        return v;
    }
    VEC(const char *) known = {0};
    for (uint32_t k = 0; k < file.members->entries.n; k++) vec_push(x->a, &known, file.members->entries.at[k]->id);
    const char *near = text_closest(id, known.at, known.n);
    diag *d = infer_report(x, D_NO_MEMBER, at, "table", id);
    diag_label_primary(x->sink, d, "no such column");
    if (near) diag_help(x->sink, d, "%s", near);
    return value_error(at);
}

/* alloy.density(s.Z[b.j], norm(b.d)): indices first, then the number */
value call_curve(infer *x, scope *s, value f, const expr *e)
{
    const curve c = x->p->curves.at[f.curve];
    if (e->call.n != c.n_domain + 1) {
        diag *d = infer_report(x, D_ARGUMENT_COUNT, e->at, c.id, arena_printf(x->a, "%u elements and a number", c.n_domain));
        diag_label_primary(x->sink, d, "%u given", e->call.n);
        return value_error(e->at);
    }
    node_id args[1 + CURVE_TERMS];
    args[0] = infer_real(x, s, e->call.arg[c.n_domain].value, 0);
    for (uint32_t k = 0; k < c.n_domain; k++) {
        const expr *arg = e->call.arg[k].value;
        args[1 + k] = index_into(x, infer_node(x, s, arg), c.domain[k], arg->at);
        if (args[1 + k] == SETIR_NONE) return value_error(e->at);
    }
    if (args[0] == SETIR_NONE) return value_error(e->at);
    if (elem_of(x, args[0]).channels) {
        diag *d = infer_report(x, D_NOT_A_SCALAR, e->call.arg[c.n_domain].value->at);
        diag_label_primary(x->sink, d, "this is a %s", elem_text(x, elem_of(x, args[0])));
        return value_error(e->at);
    }
    node_imm imm = {.curve = f.curve};
    node_id n = mk(x, OP_SPLINE, elem_real(0), args, 1 + c.n_domain, &imm, e->at);
    return n == SETIR_NONE ? value_error(e->at) : value_node(n, e->at);
}
