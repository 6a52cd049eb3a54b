/* SPDX-License-Identifier: Apache-2.0
 *
 * products.c: calls the products of products.mtx (mtx build --vjp --jvp): motion forwards against central
 * differences of the transform itself, weights backwards against motion forwards. Exit code 0: all agree.
 */
#include "hosts.h"
#include "shapes.h"
#include "shapes_jvp.h"
#include "shapes_vjp.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ATOMS = 9, WIDTH = 1 + 3 * ATOMS + 3 * ATOMS + 2 * ATOMS + 9, MOTION = 3 * ATOMS + ATOMS + 3 * ATOMS + 9 };
static const uint8_t pbc[3] = {1, 1, 1};

/* E, p, v, w, T one after the other; r, q, u, strain */
typedef union results {
    struct {
        double E[1], p[ATOMS][3], v[ATOMS][3], w[ATOMS][2], T[9];
    };
    double all[WIDTH];
} results;
typedef union motion {
    struct {
        double r[ATOMS][3], q[ATOMS], u[ATOMS][3], strain[9];
    };
    double all[MOTION];
} motion;
typedef struct crystal {
    double cell[3][3];
    motion at; /* strain: of nothing */
} crystal;
/* padded as the headers ask */
typedef struct arrays {
    double r[ATOMS * 3 + 8], q[ATOMS + 8], u[ATOMS * 3 + 8], strain[9 + 8];
} arrays;
typedef struct weights {
    double E[1 + 8], p[ATOMS * 3 + 8], v[ATOMS * 3 + 8], w[ATOMS * 2 + 8], T[9 + 8];
} weights;

static void expect(const char *what, int status)
{
    if (status == MTX_OK) return;
    printf("%s: %s\n", what, mtx_strerror(status));
    faults++;
}

static void make(crystal *c)
{
    for (int k = 0; k < 3; k++)
        for (int x = 0; x < 3; x++) c->cell[k][x] = (k == x ? 5.5 : 0) + uniform();
    for (int i = 0; i < ATOMS; i++)
        for (int x = 0; x < 3; x++) {
            const int f[3] = {i % 3, i / 3, 0};
            c->at.r[i][x] = 0.2 * uniform() + (f[0] * c->cell[0][x] + f[1] * c->cell[1][x]) / 3;
            c->at.u[i][x] = uniform();
        }
    for (int i = 0; i < ATOMS; i++) c->at.q[i] = uniform();
    memset(c->at.strain, 0, sizeof c->at.strain);
}

static void strained(double v[3], const double e[9], double h)
{
    double w[3];
    for (int x = 0; x < 3; x++) w[x] = v[x] + h * (e[3 * x] * v[0] + e[3 * x + 1] * v[1] + e[3 * x + 2] * v[2]);
    memcpy(v, w, sizeof w);
}

static crystal moved(const crystal *c, const motion *m, double h)
{
    crystal d = *c;
    for (int i = 0; i < ATOMS; i++) {
        strained(d.at.r[i], m->strain, h);
        for (int x = 0; x < 3; x++) {
            d.at.r[i][x] += h * m->r[i][x];
            d.at.u[i][x] += h * m->u[i][x];
        }
        d.at.q[i] += h * m->q[i];
    }
    for (int k = 0; k < 3; k++) strained(d.cell[k], m->strain, h);
    return d;
}

static mtx_pairs list_of(const crystal *c, double numbers[21])
{
    mtx_pairs pairs;
    mtx_pairs_init(&pairs);
    expect("cell", mtx_cell_numbers((const double(*)[3])c->cell, pbc, numbers, NULL));
    expect("neighbours", mtx_neighbors_append(c->at.r, c->cell, pbc, ATOMS, shapes_bond_cutoff, MTX_PAIRS_REVERSE,
                                              &pairs, NULL));
    return pairs;
}

static void fill(arrays *to, const motion *from)
{
    memset(to, 0, sizeof *to);
    memcpy(to->r, from->r, sizeof from->r);
    memcpy(to->q, from->q, sizeof from->q);
    memcpy(to->u, from->u, sizeof from->u);
    memcpy(to->strain, from->strain, sizeof from->strain);
}

static void values(const crystal *c, results *to)
{
    double numbers[21];
    mtx_pairs pairs = list_of(c, numbers);
    arrays *data = memory(sizeof *data);
    fill(data, &c->at);
    shapes_shape shape = {.size = sizeof shape};
    shapes_in in = {.size = sizeof in, .cell_s = numbers, .in_q = data->q, .in_u = data->u};
    shapes_use_bond(&shape, &in, &pairs);
    const shapes_out out = {.E = to->E, .p = to->p[0], .v = to->v[0], .w = to->w[0], .T = to->T};
    size_t bytes;
    expect("plan", shapes_plan(&shape, &bytes));
    void *scratch = memory(bytes);
    expect("run", shapes_run(&shape, &in, &out, scratch, bytes));
    free(scratch);
    free(data);
    mtx_pairs_free(&pairs);
}

static void forwards(const crystal *c, const motion *m, results *now, results *dot)
{
    double numbers[21];
    mtx_pairs pairs = list_of(c, numbers);
    arrays *data = memory(sizeof *data), *motions = memory(sizeof *motions);
    fill(data, &c->at);
    fill(motions, m);
    shapes_jvp_shape shape = {.size = sizeof shape};
    shapes_jvp_in in = {.size = sizeof in, .cell_s = numbers, .in_q = data->q, .in_u = data->u, .in_r_dot = motions->r,
                        .in_q_dot = motions->q, .in_u_dot = motions->u, .in_strain_dot = motions->strain};
    shapes_jvp_use_bond(&shape, &in, &pairs);
    const shapes_jvp_out out = {.E = now->E, .p = now->p[0], .v = now->v[0], .w = now->w[0], .T = now->T,
                                .E_dot = dot->E, .p_dot = dot->p[0], .v_dot = dot->v[0], .w_dot = dot->w[0],
                                .T_dot = dot->T};
    size_t bytes;
    expect("plan of the jvp", shapes_jvp_plan(&shape, &bytes));
    void *scratch = memory(bytes);
    expect("jvp", shapes_jvp_run(&shape, &in, &out, scratch, bytes));
    free(scratch);
    free(data);
    free(motions);
    mtx_pairs_free(&pairs);
}

static void backwards(const crystal *c, const results *cot, motion *bar)
{
    double numbers[21];
    mtx_pairs pairs = list_of(c, numbers);
    arrays *data = memory(sizeof *data);
    weights *w = memory(sizeof *w);
    fill(data, &c->at);
    memcpy(w->E, cot->E, sizeof cot->E);
    memcpy(w->p, cot->p, sizeof cot->p);
    memcpy(w->v, cot->v, sizeof cot->v);
    memcpy(w->w, cot->w, sizeof cot->w);
    memcpy(w->T, cot->T, sizeof cot->T);
    shapes_vjp_shape shape = {.size = sizeof shape};
    shapes_vjp_in in = {.size = sizeof in, .cell_s = numbers, .in_q = data->q, .in_u = data->u, .in_cot_E = w->E,
                        .in_cot_p = w->p, .in_cot_v = w->v, .in_cot_w = w->w, .in_cot_T = w->T};
    shapes_vjp_use_bond(&shape, &in, &pairs);
    const shapes_vjp_out out = {.r_bar = bar->r[0], .q_bar = bar->q, .u_bar = bar->u[0], .strain_bar = bar->strain};
    size_t bytes;
    expect("plan of the vjp", shapes_vjp_plan(&shape, &bytes));
    void *scratch = memory(bytes);
    expect("vjp", shapes_vjp_run(&shape, &in, &out, scratch, bytes));
    free(scratch);
    free(data);
    free(w);
    mtx_pairs_free(&pairs);
}

/* fourth order in the step */
static void slopes(const crystal *c, const motion *m, results *to)
{
    const double h = 1e-4, weight[4] = {8, -8, -1, 1}, step[4] = {h, -h, 2 * h, -2 * h};
    memset(to, 0, sizeof *to);
    for (int s = 0; s < 4; s++) {
        crystal d = moved(c, m, step[s]);
        results r;
        values(&d, &r);
        for (int k = 0; k < WIDTH; k++) to->all[k] += weight[s] * r.all[k] / (12 * h);
    }
}

int main(void)
{
    for (int trial = 0; trial < 5; trial++) {
        crystal c;
        motion m, bar;
        results now, again, dot, slope, cot;
        make(&c);
        for (int k = 0; k < MOTION; k++) m.all[k] = uniform();
        for (int k = 0; k < 3; k++) /* a strain is symmetric */
            for (int x = 0; x < k; x++) m.strain[3 * k + x] = m.strain[3 * x + k];
        for (int k = 0; k < WIDTH; k++) cot.all[k] = uniform();
        values(&c, &now);
        forwards(&c, &m, &again, &dot);
        slopes(&c, &m, &slope);
        backwards(&c, &cot, &bar);
        compare("values of the jvp", again.all, now.all, WIDTH, 1e-13);
        compare("jvp", dot.all, slope.all, WIDTH, 1e-9);
        double left = 0, right = 0;
        for (int k = 0; k < WIDTH; k++) left += cot.all[k] * dot.all[k];
        for (int k = 0; k < MOTION; k++) right += m.all[k] * bar.all[k];
        compare("vjp", &right, &left, 1, 1e-11);
    }
    return faults != 0;
}
