/* SPDX-License-Identifier: Apache-2.0
 *
 * params.c: a built library with parameters (params.mtx). Values change with the parameters as NAME_jvp says and as differences do;
 * NAME_vjp is its transpose, frame by frame; a missing array is refused before anything is written. With -DFORCES forces are
 * among the outputs: what training on them needs. Exit code 0: all agree.
 */
#include "hosts.h"
#include "trained.h"
#include "trained_jvp.h"
#include "trained_vjp.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef FORCES
#define WITH_F(...) __VA_ARGS__
enum { FIELDS = 3 };
#else
#define WITH_F(...)
enum { FIELDS = 0 };
#endif
enum { FRAMES = 2, EACH = 6, ATOMS = FRAMES * EACH, PAD = 8, NUMBERS = trained_params };
static const uint8_t pbc[3] = {1, 1, 1};

/* outputs one after the other; the motion: of positions, of every parameter in every frame */
typedef union results {
    struct {
        double E[FRAMES], near[ATOMS][3];
#ifdef FORCES
        double F[ATOMS][3];
#endif
    };
    double all[FRAMES + (FIELDS + 3) * ATOMS];
} results;
enum { WIDTH = sizeof(results) / sizeof(double) };
typedef struct motion {
    double r[ATOMS][3];
    double depth[FRAMES][4], steep[FRAMES], mix[FRAMES][8], out[FRAMES][6], x_w[FRAMES], x_c[FRAMES];
} motion;
enum { MOTION = sizeof(motion) / sizeof(double) };
typedef struct crystals {
    double cell[3][3], r[ATOMS][3], param[NUMBERS];
    int32_t Z[ATOMS + PAD];
} crystals;

/* of frame f in a motion, the table that lies at `at` */
typedef struct table {
    int at, n;
    size_t offset;
} table;
static const table tables[] = {{trained_param_at_depth, trained_param_n_depth, offsetof(motion, depth)},
                               {trained_param_at_steep, trained_param_n_steep, offsetof(motion, steep)},
                               {trained_param_at_mix, trained_param_n_mix, offsetof(motion, mix)},
                               {trained_param_at_out, trained_param_n_out, offsetof(motion, out)},
                               {trained_param_at_x_w, trained_param_n_x_w, offsetof(motion, x_w)},
                               {trained_param_at_x_c, trained_param_n_x_c, offsetof(motion, x_c)}};
enum { TABLES = sizeof tables / sizeof *tables };

static void expect(const char *what, int status, int wanted)
{
    if (status == wanted) return;
    printf("%s: %s\n", what, mtx_strerror(status));
    faults++;
}

/* a copy with readable elements behind its end, as the headers ask */
static double *padded(const void *from, size_t n)
{
    double *at = memory((n + PAD) * sizeof *at);
    memcpy(at, from, n * sizeof *at);
    return at;
}

static void make(crystals *c)
{
    for (int k = 0; k < 3; k++)
        for (int x = 0; x < 3; x++) c->cell[k][x] = (k == x ? 5 : 0) + 0.5 * uniform();
    for (int i = 0; i < ATOMS; i++) {
        c->Z[i] = uniform() < 0 ? 14 : 8;
        for (int x = 0; x < 3; x++)
            c->r[i][x] = 0.3 * uniform() + (i % 3 * c->cell[0][x]) / 3 + (i % EACH / 3 * c->cell[1][x]) / 2;
    }
    for (int k = 0; k < NUMBERS; k++) c->param[k] = uniform();
    c->param[trained_param_at_steep] = 0.6 + 0.1 * uniform();
}

static crystals moved(const crystals *c, const motion *m, double h, int frame)
{
    crystals d = *c;
    for (int i = 0; i < ATOMS; i++)
        for (int x = 0; x < 3; x++) d.r[i][x] += i / EACH == frame ? h * m->r[i][x] : 0;
    for (int t = 0; t < TABLES; t++)
        for (int k = 0; k < tables[t].n; k++)
            d.param[tables[t].at + k] += h * ((const double *)((const char *)m + tables[t].offset))[frame * tables[t].n + k];
    return d;
}

static mtx_pairs list_of(const crystals *c)
{
    mtx_pairs pairs;
    mtx_pairs_init(&pairs);
    for (int f = 0; f < FRAMES; f++)
        expect("neighbours", mtx_neighbors_append(c->r + f * EACH, c->cell, pbc, EACH, trained_bond_cutoff, MTX_PAIRS_REVERSE, &pairs, NULL),
               MTX_OK);
    return pairs;
}

static int run(const crystals *c, const double *param, results *to)
{
    mtx_pairs pairs = list_of(c);
    trained_shape shape = {.size = sizeof shape};
    trained_in in = {.size = sizeof in, .in_Z = c->Z, .param = param};
    trained_use_bond(&shape, &in, &pairs);
    const trained_out out = {.E = to->E, .near = to->near[0], WITH_F(.F = to->F[0])};
    size_t bytes;
    expect("plan", trained_plan(&shape, &bytes), MTX_OK);
    void *scratch = memory(bytes);
    const int status = trained_run(&shape, &in, &out, scratch, bytes);
    free(scratch);
    mtx_pairs_free(&pairs);
    return status;
}

static void values(const crystals *c, results *to)
{
    expect("run", run(c, c->param, to), MTX_OK);
}

static void forwards(const crystals *c, const motion *m, results *dot)
{
    mtx_pairs pairs = list_of(c);
    double strain[FRAMES * 9 + PAD] = {0}, *r = padded(m->r, 3 * ATOMS);
    trained_jvp_shape shape = {.size = sizeof shape};
    trained_jvp_in in = {.size = sizeof in, .in_Z = c->Z, .param = c->param, .in_r_dot = r, .in_strain_dot = strain,
                         .in_depth_dot = m->depth[0], .in_steep_dot = m->steep, .in_mix_dot = m->mix[0], .in_out_dot = m->out[0],
                         .in_x_w_dot = m->x_w, .in_x_c_dot = m->x_c};
    trained_jvp_use_bond(&shape, &in, &pairs);
    const trained_jvp_out out = {.E_dot = dot->E, .near_dot = dot->near[0], WITH_F(.F_dot = dot->F[0])};
    size_t bytes;
    expect("plan of the jvp", trained_jvp_plan(&shape, &bytes), MTX_OK);
    void *scratch = memory(bytes);
    expect("jvp", trained_jvp_run(&shape, &in, &out, scratch, bytes), MTX_OK);
    free(scratch);
    free(r);
    mtx_pairs_free(&pairs);
}

static void backwards(const crystals *c, const results *cot, motion *bar)
{
    mtx_pairs pairs = list_of(c);
    double *E = padded(cot->E, FRAMES), *near = padded(cot->near, 3 * ATOMS);
    WITH_F(double *F = padded(cot->F, 3 * ATOMS);)
    trained_vjp_shape shape = {.size = sizeof shape};
    trained_vjp_in in = {.size = sizeof in, .in_Z = c->Z, .param = c->param, .in_cot_E = E, .in_cot_near = near,
                         WITH_F(.in_cot_F = F)};
    trained_vjp_use_bond(&shape, &in, &pairs);
    const trained_vjp_out out = {.r_bar = bar->r[0], .depth_bar = bar->depth[0], .steep_bar = bar->steep, .mix_bar = bar->mix[0],
                                 .out_bar = bar->out[0], .x_w_bar = bar->x_w, .x_c_bar = bar->x_c};
    size_t bytes;
    expect("plan of the vjp", trained_vjp_plan(&shape, &bytes), MTX_OK);
    void *scratch = memory(bytes);
    expect("vjp", trained_vjp_run(&shape, &in, &out, scratch, bytes), MTX_OK);
    free(scratch);
    free(E);
    free(near);
    WITH_F(free(F);)
    mtx_pairs_free(&pairs);
}

/* how fast the results of one frame change, fourth order in the step; those of the other stay 0 */
static void slopes(const crystals *c, const motion *m, int frame, results *to)
{
    const double h = 2e-4, weight[4] = {8, -8, -1, 1}, step[4] = {h, -h, 2 * h, -2 * h};
    results sum = {.all = {0}};
    for (int s = 0; s < 4; s++) {
        crystals d = moved(c, m, step[s], frame);
        results r;
        values(&d, &r);
        for (int k = 0; k < WIDTH; k++) sum.all[k] += weight[s] * r.all[k] / (12 * h);
    }
    to->E[frame] = sum.E[frame];
    memcpy(to->near + frame * EACH, sum.near + frame * EACH, sizeof sum.near / FRAMES);
    WITH_F(memcpy(to->F + frame * EACH, sum.F + frame * EACH, sizeof sum.F / FRAMES);)
}

static void check_missing(const crystals *c)
{
    results r, before;
    memset(&r, 0x5a, sizeof r);
    before = r;
    expect("run without parameters", run(c, NULL, &r), MTX_EINVAL);
    if (memcmp(&r, &before, sizeof r) == 0) return;
    printf("something was written without parameters\n");
    faults++;
}

static double dot_of(const double *a, const double *b, int n)
{
    double sum = 0;
    for (int k = 0; k < n; k++) sum += a[k] * b[k];
    return sum;
}

int main(void)
{
    for (int trial = 0; trial < 4; trial++) {
        crystals c;
        motion m, bar;
        results dot, slope, cot;
        make(&c);
        for (int k = 0; k < MOTION; k++) ((double *)&m)[k] = uniform();
        for (int k = 0; k < WIDTH; k++) cot.all[k] = uniform();
        forwards(&c, &m, &dot);
        for (int f = 0; f < FRAMES; f++) slopes(&c, &m, f, &slope);
        backwards(&c, &cot, &bar);
        compare("jvp", dot.all, slope.all, WIDTH, 1e-8);
        const double left = dot_of(cot.all, dot.all, WIDTH), right = dot_of((double *)&m, (double *)&bar, MOTION);
        compare("vjp", &right, &left, 1, 1e-11);
        if (!trial) check_missing(&c);
    }
    return faults != 0;
}
