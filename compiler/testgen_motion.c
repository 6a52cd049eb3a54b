/* SPDX-License-Identifier: Apache-2.0
 *
 * testgen_motion.c: how structures move while differences are taken, and what a derivative says of that. In: a derivative in
 * a transform. Out: structures moved by a step along a direction; the slope along it as the derivative has it. Elements of a
 * table are added up with weights of no meaning. Derivatives by the displacements of pairs are looked at through what moves
 * them all: atoms and strain. Constants are not moved here (testgen_constant.c); parameters are, but not by structures.
 */
#include "testgen_motion.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- moving -------------------------------------------------------------------------------------------- */

static mtx_column *field_of(mtx_structure *s, const mtx_input_desc *in)
{
    for (int32_t k = 0; k < s->n_columns && in->rows >= 0; k++)
        if (!strcmp(s->columns[k].name, in->key)) return &s->columns[k];
    for (int32_t k = 0; k < s->n_info && in->rows < 0; k++)
        if (!strcmp(s->info[k].name, in->key)) return &s->info[k];
    return NULL;
}

/* v += h u v, for a symmetric u */
static void stretch(double v[3], const double *u, double h)
{
    const double w[3] = {v[0], v[1], v[2]};
    for (int a = 0; a < 3; a++)
        for (int b = 0; b < 3; b++) v[a] += h * u[3 * a + b] * w[b];
}

/* lattice vector k moves by h u[k]; what it is a combination of follows */
static void drag(const mtx_structure *from, mtx_structure *to, const double *u, double h)
{
    double numbers[21];
    if (mtx_cell_numbers((const double(*)[3])from->cell, from->pbc, numbers, NULL) != MTX_OK) return;
    for (int64_t i = 0; i < to->n; i++)
        for (int k = 0; k < 3; k++) {
            double f = 0;
            for (int c = 0; c < 3; c++) f += from->r[i][c] * numbers[9 + 3 * c + k];
            for (int c = 0; c < 3; c++) to->r[i][c] += h * f * u[3 * k + c];
        }
    for (int k = 0; k < 9; k++) to->cell[k / 3][k % 3] += h * u[k];
}

static void move(const tester *x, const wrt *by, const mtx_structure *from, mtx_structure *to,
                 const double *u, double h)
{
    if (by->kind == WRT_CELL) drag(from, to, u, h);
    if (by->kind == WRT_STRAIN) {
        for (int k = 0; k < 3; k++) stretch(to->cell[k], u, h);
        for (int64_t i = 0; i < to->n; i++) stretch(to->r[i], u, h);
    }
    if (by->kind != WRT_INPUT) return;
    const mtx_input_desc *in = &x->e.plan.inputs[by->input];
    if (in->role == MTX_IN_POSITION) {
        for (int64_t k = 0; k < 3 * to->n; k++) to->r[k / 3][k % 3] += h * u[k];
        return;
    }
    mtx_column *c = field_of(to, in);
    for (int64_t k = 0; c && k < c->rows * c->width; k++) c->real[k] += h * u[k] / in->scale;
}

/* ---- which ---------------------------------------------------------------------------------------------- */

/* does the value see positions other than as displacements of those pairs */
static bool other_motion(const program *p, node_id id, set_id pairs, bool *seen)
{
    if (seen[id]) return false;
    seen[id] = true;
    const node *n = &p->nodes.at[id];
    if (n->op == OP_PAIR_D && p->nodes.at[n->arg[0]].elem.set != pairs) return true;
    if (n->op == OP_ACCESS || n->op == OP_PADGET) {
        const def *d = &p->defs.at[n->imm.def];
        while (d->lib != LIB_NONE && !lib_is_derivative(d->lib)) d = &p->defs.at[d->lib_arg];
        if (d->lib != LIB_NONE || other_motion(p, d->body, pairs, seen)) return true;
    }
    for (uint32_t k = 0; k < n->n_args; k++)
        if (other_motion(p, n->arg[k], pairs, seen)) return true;
    return false;
}

/* the first index of the table is the atom that pairs start at, or they come last */
static bool pairs_possible(const tester *x, const def *d)
{
    const program *p = x->t->declared;
    const def *t = &p->defs.at[d->lib_arg];
    const set *pairs = &p->sets.at[d->wrt.set];
    uint32_t at = program_pair_param(p, t, d->wrt.set);
    if (p->sets.at[pairs->parent].kind != SET_BASE || (at != SETIR_NONE && at != 0) || t->lib != LIB_NONE) return false;
    return !testgen_sees_more(x, d->lib_arg) &&
           !other_motion(p, t->body, d->wrt.set, arena_array(x->a, bool, p->nodes.n + 1));
}

bool motion_of_structure(const wrt *by)
{
    return by->kind != WRT_NAMED && by->kind != WRT_PARAM;
}

bool motion_possible(const tester *x, def_id g)
{
    const def *d = &x->t->declared->defs.at[g];
    const wrt *by = &d->wrt;
    if (by->kind == WRT_NAMED) return d->lib != LIB_ALONG && x->t->declared->defs.at[d->lib_arg].elem.kind == ELEM_REAL;
    if (by->kind == WRT_PARAM) return x->t->declared->defs.at[d->lib_arg].elem.kind == ELEM_REAL;
    if (by->kind == WRT_PAIRS) return d->lib != LIB_ALONG && pairs_possible(x, d);
    if (by->slot >= x->p->slots.n) return false;
    if (by->kind == WRT_CELL) return x->p->slots.at[by->slot].axes == 7;
    return by->kind != WRT_INPUT || x->p->inputs.at[by->input].elem.kind == ELEM_REAL;
}

/* ---- drawing -------------------------------------------------------------------------------------------- */

static wrt moved_by(const tester *x, const def *d, int turn)
{
    if (d->wrt.kind != WRT_PAIRS) return d->wrt;
    wrt by = {.kind = turn % 2 ? WRT_STRAIN : WRT_INPUT, .slot = x->p->sets.at[d->wrt.set].slot};
    while (by.input < x->p->inputs.n &&
           (x->p->inputs.at[by.input].role != IN_POSITION || x->p->inputs.at[by.input].slot != by.slot))
        by.input++;
    return by;
}

/* their length before */
static double normalise(double *u, int64_t n)
{
    double sum = 0;
    for (int64_t k = 0; k < n; k++) sum += u[k] * u[k];
    for (int64_t k = 0; k < n && sum > 0; k++) u[k] /= sqrt(sum);
    return sqrt(sum);
}

/* all coordinates at once, or a single one */
static void draw_free(motion *m, bool single, uint64_t *rng)
{
    int64_t only = sample_below(rng, m->n);
    for (int64_t k = 0; k < m->n; k++) m->u[k] = single ? k == only : sample_normal(rng);
    for (int k = 0; k < 9 && m->by.kind == WRT_STRAIN; k++)
        if (k / 3 > k % 3) m->u[k] = m->u[3 * (k % 3) + k / 3] = 0.5 * (m->u[k] + m->u[3 * (k % 3) + k / 3]);
    normalise(m->u, m->n);
}

/* the direction that the spec names; a strain that turns as well is left alone */
static bool draw_given(const tester *x, motion *m)
{
    int64_t n;
    memcpy(m->u, testgen_values(&x->d.e, testgen_output_of(&x->d.e, m->d->along), 0, &n), sizeof *m->u * (size_t)m->n);
    m->length = normalise(m->u, m->n);
    for (int k = 0; k < 9 && m->by.kind == WRT_STRAIN; k++)
        if (fabs(m->u[k] - m->u[3 * (k % 3) + k / 3]) > 1e-12) return false;
    return m->length > 0 && isfinite(m->length);
}

/* how many numbers describe the motion */
static int64_t freedom(const tester *x, const motion *m, def_id g)
{
    const engine *e = &x->d.e;
    if (m->d->lib == LIB_ALONG) return testgen_numbers(e, testgen_output_of(e, m->d->along), 0);
    if (m->by.kind == WRT_STRAIN) return 9;
    if (m->d->wrt.kind == WRT_PAIRS) return 3 * x->before[m->base].n;
    int64_t of = testgen_numbers(e, testgen_output_of(e, m->d->lib_arg), 0);
    return of > 0 ? testgen_numbers(e, testgen_output_of(e, g), 0) / of : 0;
}

static double *moved_numbers(const tester *x, const motion *m)
{
    return x->param + x->p->params.at[m->by.param].first;
}

bool motion_draw(tester *x, def_id g, int turn, uint64_t *rng, motion *m)
{
    const def *d = &x->t->declared->defs.at[g];
    const engine *e = &x->d.e;
    *m = (motion){.d = d, .by = moved_by(x, d, turn)};
    m->base = motion_of_structure(&d->wrt) ? m->by.slot : 0;
    m->n = freedom(x, m, g);
    m->n_weights = testgen_numbers(e, testgen_output_of(e, d->lib_arg), 0);
    if (m->n <= 0 || m->n_weights <= 0) return false;
    m->u = malloc(sizeof *m->u * (size_t)m->n);
    m->weight = malloc(sizeof *m->weight * (size_t)m->n_weights);
    m->rest = malloc(sizeof *m->rest * (size_t)m->n);
    if (!m->u || !m->weight || !m->rest) return false;
    if (m->by.kind == WRT_PARAM) memcpy(m->rest, moved_numbers(x, m), sizeof *m->rest * (size_t)m->n);
    uint64_t same = 3; /* the code that moves a constant is made for one direction */
    m->length = 1;
    if (d->lib == LIB_ALONG && !draw_given(x, m)) return false;
    if (d->lib != LIB_ALONG) draw_free(m, turn % 2 && d->wrt.kind != WRT_NAMED, d->wrt.kind == WRT_NAMED ? &same : rng);
    for (int64_t k = 0; k < m->n_weights; k++) m->weight[k] = d->lib == LIB_GRAD ? 1 : sample_normal(rng);
    return true;
}

void motion_free(motion *m)
{
    free(m->u);
    free(m->weight);
    free(m->rest);
    m->u = m->weight = m->rest = NULL;
}

void motion_train(tester *x, const motion *m, double h)
{
    for (int64_t k = 0; k < m->n && m->by.kind == WRT_PARAM; k++) moved_numbers(x, m)[k] = m->rest[k] + h * m->u[k];
}

void motion_apply(const tester *x, const motion *m, mtx_structure *to, double h)
{
    if (m->by.kind != WRT_NAMED) {
        move(x, &m->by, &x->before[m->base], to, m->u, h);
        return;
    }
    mtx_column *c = mtx_structure_add_info(to, CONSTANT_STEP, MTX_COL_REAL, 1);
    if (c) c->real[0] = h;
}

double motion_value(const motion *m, const engine *e, uint32_t output, int64_t f)
{
    int64_t n;
    const double *v = testgen_values(e, output, f, &n);
    double sum = 0;
    if (n != m->n_weights) return NAN;
    for (int64_t k = 0; k < n; k++) sum += m->weight[k] * v[k];
    return sum;
}

/* ---- what the derivative says --------------------------------------------------------------------------- */

/* how fast the displacement of pair b changes */
static void displaced(const motion *m, const mtx_set_view *v, int64_t b, double out[3])
{
    const double d[3] = {v->x[b], v->y[b], v->z[b]};
    for (int a = 0; a < 3; a++) {
        out[a] = m->by.kind == WRT_STRAIN ? 0 : m->u[3 * v->j[b] + a] - m->u[3 * v->i[b] + a];
        for (int c = 0; c < 3 && m->by.kind == WRT_STRAIN; c++) out[a] += m->u[3 * a + c] * d[c];
    }
}

/* rows: of the table for one atom, components included. J[b][row][xyz], or J[row][b][component][xyz] where no index of the
 * table is an atom. */
static bool slope_by_pairs(tester *x, const motion *m, const double *J, int64_t n, along *a)
{
    const program *p = x->t->declared;
    const def *t = &p->defs.at[m->d->lib_arg];
    const mtx_set_view *v = &x->d.e.view->set[m->d->wrt.set];
    bool first = program_pair_param(p, t, m->d->wrt.set) == 0, itself = first && p->ivars.at[t->param[0]].set == m->d->wrt.set;
    int64_t pairs = v->ptr ? v->ptr[1] : 0, parts = elem_components(t->elem);
    int64_t heads = !first ? 1 : itself ? pairs : x->before[m->base].n, rows = heads ? m->n_weights / heads : 0;
    double squares = 0;
    if (!v->i || !v->j || !v->x || n != 3 * rows * pairs) return false;
    for (int64_t b = 0; b < pairs; b++) {
        double u[3];
        displaced(m, v, b, u);
        for (int64_t r = 0; r < rows; r++) {
            int64_t at = first ? b * rows + r : (r / parts * pairs + b) * parts + r % parts;
            double w = m->weight[(itself ? b : first ? v->i[b] : 0) * rows + r];
            for (int c = 0; c < 3; c++) {
                a->claimed += w * J[3 * at + c] * u[c];
                squares += pow(w * J[3 * at + c] * u[c], 2);
            }
        }
    }
    a->size = sqrt(squares);
    return true;
}

/* J[row][what moves][component of the table][of what moves] */
static bool slope_of_table(const tester *x, const motion *m, const double *J, int64_t n, along *a)
{
    const program *p = x->t->declared;
    int64_t parts = elem_components(p->defs.at[m->d->lib_arg].elem), deep = elem_components(m->d->elem) / parts;
    int64_t rows = m->n_weights / parts;
    double squares = 0;
    if (deep < 1 || n != m->n_weights * m->n) return false;
    for (int64_t k = 0; k < m->n; k++) {
        double sum = 0;
        for (int64_t r = 0; r < rows; r++)
            for (int64_t c = 0; c < parts; c++)
                sum += m->weight[r * parts + c] * J[((r * (m->n / deep) + k / deep) * parts + c) * deep + k % deep];
        a->claimed += m->u[k] * sum;
        squares += sum * sum;
    }
    a->size = sqrt(squares);
    return true;
}

bool motion_slope(tester *x, const motion *m, def_id g, along *a)
{
    int64_t n;
    const double *J = testgen_values(&x->d.e, testgen_output_of(&x->d.e, g), 0, &n);
    *a = (along){0};
    if (m->d->lib == LIB_ALONG) {
        double squares = 0;
        for (int64_t k = 0; k < n && n == m->n_weights; k++) {
            a->claimed += m->weight[k] * J[k] / m->length;
            squares += pow(m->weight[k] * J[k] / m->length, 2);
        }
        a->size = sqrt(squares);
        return n == m->n_weights;
    }
    return m->d->wrt.kind == WRT_PAIRS ? slope_by_pairs(x, m, J, n, a) : slope_of_table(x, m, J, n, a);
}
