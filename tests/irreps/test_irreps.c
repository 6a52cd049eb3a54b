/* SPDX-License-Identifier: Apache-2.0
 *
 * Spherical harmonics, rotations and products against what they must be: closed forms, the addition theorem,
 * orthonormality by quadrature, gradients by differences, rotation matrices found independently from values at
 * turned points, invariants of environments whose answers are known.
 */
#include "../setir/build.h"

#include "coupling.h"
#include "harmonics.h"
#include "infer.h"

#define PI 3.14159265358979323846
enum { L = IRREPS_L_MOST, N = (L + 1) * (L + 1), WIDE = 2 * L + 1 };

static uint64_t rng_state = 1;

static double uniform(void)
{
    rng_state = rng_state * 6364136223846793005u + 1442695040888963407u;
    return (double)(rng_state >> 11) / 9007199254740992.0 * 2 - 1;
}

static void direction(double v[3])
{
    double n = 2;
    while (n > 1 || n < 1e-2) {
        n = 0;
        for (int k = 0; k < 3; k++) {
            v[k] = uniform();
            n += v[k] * v[k];
        }
    }
    for (int k = 0; k < 3; k++) v[k] /= sqrt(n);
}

static double dot3(const double *a, const double *b)
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static double legendre(int l, double x)
{
    double before = 1, now = x;
    if (l == 0) return 1;
    for (int k = 2; k <= l; k++) {
        double next = ((2 * k - 1) * x * now - (k - 1) * before) / k;
        before = now;
        now = next;
    }
    return now;
}

/* proper, or with a mirror */
static void random_orthogonal(double q[3][3], bool improper)
{
    double w[3];
    direction(q[0]);
    direction(w);
    double along = dot3(q[0], w), n = 0;
    for (int k = 0; k < 3; k++) q[1][k] = w[k] - along * q[0][k];
    n = sqrt(dot3(q[1], q[1]));
    for (int k = 0; k < 3; k++) q[1][k] /= n;
    for (int k = 0; k < 3; k++) {
        int a = (k + 1) % 3, b = (k + 2) % 3;
        q[2][k] = (improper ? -1 : 1) * (q[0][a] * q[1][b] - q[0][b] * q[1][a]);
    }
}

static void turned(const double q[3][3], const double v[3], double out[3])
{
    for (int k = 0; k < 3; k++) out[k] = dot3(q[k], v);
}

/* ------------------------------------------------------------------------------------------- harmonics */

static void test_closed_forms(void **state)
{
    (void)state;
    double v[3], y[9];
    for (int k = 0; k < 20; k++) {
        direction(v);
        harmonics_solid(2, v, y);
        const double c1 = sqrt(3 / (4 * PI)), c2 = sqrt(15 / (4 * PI));
        const double want[9] = {sqrt(1 / (4 * PI)),
                                c1 * v[1],
                                c1 * v[2],
                                c1 * v[0],
                                c2 * v[0] * v[1],
                                c2 * v[1] * v[2],
                                sqrt(5 / (16 * PI)) * (3 * v[2] * v[2] - 1),
                                c2 * v[0] * v[2],
                                c2 / 2 * (v[0] * v[0] - v[1] * v[1])};
        for (int c = 0; c < 9; c++) assert_near(y[c], want[c], 1e-15);
    }
}

/* sum_m Y_lm(a) Y_lm(b) = (2l + 1)/(4 pi) P_l(a . b), poles included */
static void test_addition_theorem(void **state)
{
    (void)state;
    double a[3] = {0, 0, 1}, b[3] = {0, 0, -1}, ya[N], yb[N];
    for (int k = 0; k < 50; k++) {
        harmonics_solid(L, a, ya);
        harmonics_solid(L, b, yb);
        for (int l = 0; l <= L; l++) {
            double sum = 0;
            for (int m = 0; m < 2 * l + 1; m++) sum += ya[l * l + m] * yb[l * l + m];
            assert_near(sum, (2 * l + 1) / (4 * PI) * legendre(l, dot3(a, b)), 1e-12);
        }
        direction(b);
        if (k > 10) direction(a);
    }
}

/* the product of two of degree <= L is of degree 2L: exact by 2L + 2 Gauss points in z, as many in phi */
static void test_orthonormal(void **state)
{
    (void)state;
    enum { POINTS = 2 * L + 2 };
    static double gram[N][N];
    memset(gram, 0, sizeof gram);
    for (int i = 0; i < POINTS; i++) {
        double z = cos(PI * (i + 0.75) / (POINTS + 0.5)), slope = 0;
        for (int turn = 0; turn < 50; turn++) {
            double p = legendre(POINTS, z);
            slope = POINTS * (z * p - legendre(POINTS - 1, z)) / (z * z - 1);
            z -= p / slope;
        }
        double weight = 2 / ((1 - z * z) * slope * slope) * 2 * PI / POINTS, rho = sqrt(1 - z * z), y[N];
        for (int j = 0; j < POINTS; j++) {
            harmonics_solid(L, (double[3]){rho * cos(2 * PI * j / POINTS), rho * sin(2 * PI * j / POINTS), z}, y);
            for (int a = 0; a < N; a++)
                for (int b = 0; b < N; b++) gram[a][b] += weight * y[a] * y[b];
        }
    }
    for (int a = 0; a < N; a++)
        for (int b = 0; b < N; b++) assert_near(gram[a][b], a == b, 1e-12);
}

static void table_apply(const product_table *t, const double *a, const double *b, double *out)
{
    memset(out, 0, elem_components(t->to) * sizeof *out);
    for (uint32_t k = 0; k < t->n; k++)
        out[t->term[k].k] += t->term[k].weight * a[t->term[k].i] * (b ? b[t->term[k].j] : 1);
}

/* by differences, at the pole and at the origin too; and the derivative along a vector by the exchanged table */
static void test_gradient(void **state)
{
    (void)state;
    bench t;
    bench_init(&t, 0);
    const double places[4][3] = {{0.3, -0.7, 0.4}, {0, 0, 1.1}, {0, 0, 0}, {-0.9, 0.2, -0.5}}, h = 1e-3;
    uint32_t table = harmonics_gradient(t.p, L), along = table_exchange(t.p, table, TABLE_A);
    assert_true(table_turns(t.p, table) && table_turns(t.p, along));
    double weight[N], below[N], got[3], y[4][N], change[N];
    for (int k = 0; k < N; k++) weight[k] = uniform();
    for (int p = 0; p < 4; p++) {
        harmonics_solid(L - 1, places[p], below);
        table_apply(&t.p->tables.at[table], weight, below, got);
        for (int c = 0; c < 3; c++) {
            double along_c[3] = {c == 0, c == 1, c == 2}, sum = 0;
            for (int s = 0; s < 4; s++) { /* fourth order */
                double v[3] = {places[p][0], places[p][1], places[p][2]};
                v[c] += (double[4]){-2, -1, 1, 2}[s] * h;
                harmonics_solid(L, v, y[s]);
            }
            table_apply(&t.p->tables.at[along], along_c, below, change);
            for (int k = 0; k < N; k++) {
                double slope = (y[0][k] - 8 * y[1][k] + 8 * y[2][k] - y[3][k]) / (12 * h);
                assert_near(change[k], slope, 1e-7);
                sum += weight[k] * change[k];
            }
            assert_near(got[c], sum, 1e-12);
        }
    }
    bench_free(&t);
}

/* -------------------------------------------------------------------------------------------- rotations */

/* D with Y_l(Q x) = D Y_l(x): from 2l + 1 points, by elimination */
static void wigner(int l, const double q[3][3], double d[WIDE][WIDE])
{
    int n = 2 * l + 1;
    double a[WIDE][2 * WIDE], y[N], v[3], w[3];
    for (int p = 0; p < n; p++) { /* rows: Y(x_p) | Y(Q x_p) */
        direction(v);
        turned(q, v, w);
        harmonics_solid(l, v, y);
        for (int m = 0; m < n; m++) a[p][m] = y[l * l + m];
        harmonics_solid(l, w, y);
        for (int m = 0; m < n; m++) a[p][n + m] = y[l * l + m];
    }
    for (int c = 0; c < n; c++) {
        int best = c;
        for (int r = c; r < n; r++) best = fabs(a[r][c]) > fabs(a[best][c]) ? r : best;
        for (int k = 0; k < 2 * n; k++) {
            double keep = a[c][k];
            a[c][k] = a[best][k];
            a[best][k] = keep;
        }
        for (int r = 0; r < n; r++) {
            double f = r == c ? 0 : a[r][c] / a[c][c];
            for (int k = c; k < 2 * n && r != c; k++) a[r][k] -= f * a[c][k];
        }
    }
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) d[j][i] = a[i][n + j] / a[i][i];
}

static void test_rotations(void **state)
{
    (void)state;
    bench t;
    bench_init(&t, 0);
    double q[3][3], d[WIDE][WIDE], in[N], out[N];
    elem e = elem_irreps(t.p, irreps_harmonics(t.p, L));
    for (int k = 0; k < 12; k++) {
        random_orthogonal(q, k % 2);
        for (int c = 0; c < N; c++) in[c] = uniform();
        irreps_rotate(t.p, e, q, in, out);
        for (int l = 0; l <= 6; l++) {
            wigner(l, q, d);
            for (int i = 0; i < 2 * l + 1; i++) {
                double want = 0;
                for (int j = 0; j < 2 * l + 1; j++) want += d[i][j] * in[l * l + j];
                assert_near(out[l * l + i], want, 1e-8);
            }
        }
        double v[3], w[3], y[N], z[N]; /* the high degrees: harmonics of the turned point */
        direction(v);
        turned(q, v, w);
        harmonics_solid(L, v, y);
        harmonics_solid(L, w, z);
        irreps_rotate(t.p, e, q, y, y);
        for (int c = 0; c < N; c++) assert_near(y[c], z[c], 1e-10);
    }
    const double about_z[3][3] = {{0, -1, 0}, {1, 0, 0}, {0, 0, 1}}, half[3][3] = {{1, 0, 0}, {0, -1, 0}, {0, 0, -1}};
    for (int k = 0; k < 2; k++) { /* where Euler angles are not unique */
        double v[3], w[3], y[N], z[N];
        direction(v);
        turned(k ? half : about_z, v, w);
        harmonics_solid(L, v, y);
        harmonics_solid(L, w, z);
        irreps_rotate(t.p, e, k ? half : about_z, y, y);
        for (int c = 0; c < N; c++) assert_near(y[c], z[c], 1e-10);
    }
    bench_free(&t);
}

/* --------------------------------------------------------------------------------------------- products */

static void test_coupling(void **state)
{
    (void)state;
    const int cases[][3] = {{1, 1, 0}, {1, 1, 1}, {1, 1, 2}, {2, 3, 4}, {3, 3, 3}, {4, 2, 5}, {6, 6, 6}, {11, 4, 9}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        int a = cases[k][0], b = cases[k][1], c = cases[k][2];
        for (int m = -c; m <= c; m += c > 6 ? c : 1)
            for (int n = -c; n <= c; n += c > 6 ? c : 1) {
                double sum = 0;
                for (int i = -a; i <= a; i++)
                    for (int j = -b; j <= b; j++)
                        sum += coupling_real(a, i, b, j, c, m) * coupling_real(a, i, b, j, c, n);
                assert_near(sum, m == n, 1e-11);
            }
    }
    assert_near(fabs(coupling_real(1, 0, 1, 0, 0, 0)), sqrt(1.0 / 3), 1e-14);
    assert_near(coupling_real(2, 0, 0, 0, 2, 0), 1, 1e-14);
    assert_near(fabs(coupling_real(1, -1, 1, 0, 1, 1)), sqrt(0.5), 1e-14); /* y x z = x */
}

/* a table turns exactly when random values say so */
static void check_product(bench *t, uint32_t table, bool turns)
{
    const product_table *p = &t->p->tables.at[table];
    double a[N], b[N], one[CHANNELS_MOST], two[CHANNELS_MOST], q[3][3], worst = 0;
    assert_int_equal(table_turns(t->p, table), turns);
    for (int k = 0; k < 2; k++) {
        random_orthogonal(q, k);
        for (int c = 0; c < N; c++) {
            a[c] = uniform();
            b[c] = uniform();
        }
        table_apply(p, a, b, one);
        irreps_rotate(t->p, p->to, q, one, one);
        irreps_rotate(t->p, p->a, q, a, a);
        irreps_rotate(t->p, p->b, q, b, b);
        table_apply(p, a, b, two);
        for (uint32_t c = 0; c < elem_components(p->to); c++) worst = fmax(worst, fabs(one[c] - two[c]));
    }
    assert_int_equal(worst < 1e-10, turns);
}

static void test_tables(void **state)
{
    (void)state;
    bench t;
    bench_init(&t, 0);
    const irrep mixed[] = {{2, 0, false}, {1, 1, true}, {1, 1, false}, {2, 2, false}, {1, 3, false}};
    elem e = elem_irreps(t.p, program_irreps(t.p, mixed, 5)), y = elem_irreps(t.p, irreps_harmonics(t.p, 4));
    check_product(&t, coupling_product(t.p, e, y, 4), true);
    check_product(&t, coupling_product(t.p, y, y, 11), true);
    check_product(&t, coupling_dots(t.p, y, y, 0, 5), true);
    uint32_t table = coupling_product(t.p, y, y, 2), pairs, triples;
    for (int k = 0; k < 6; k++) { /* one weight wrong, one sign wrong, one place wrong: seen */
        product_table p = t.p->tables.at[table];
        product_term *term = arena_copy(&t.memory, p.term, p.n * sizeof *term);
        product_term *one = &term[(uint32_t)((uniform() + 1) / 2 * (p.n - 1))];
        if (k % 3 == 0) one->weight *= 1.001;
        if (k % 3 == 1) one->weight *= -1;
        if (k % 3 == 2) one->i = one->i ? one->i - 1 : 1;
        check_product(&t, program_table(t.p, p.a, p.b, p.to, term, p.n), false);
    }
    const elem of[3] = {y, y, y};
    const part_range all[3] = {{0, 5}, {0, 5}, {1, 3}};
    assert_true(coupling_triples(t.p, of, all, false, &pairs, &triples));
    check_product(&t, pairs, true);
    assert_true(table_turns(t.p, triples));
    assert_int_equal(elem_components(t.p->tables.at[triples].to), 75);
    bench_free(&t);
}

/* ---------------------------------------------------------------------------------------------- programs */

static program *spec_open(bench *b, const char *lines)
{
    static const char start[] = "structure Molecule {\n set atom\n field r : atom -> point [Å]\n"
                                " field Z : atom -> species\n}\ntransform t {\n takes s : Molecule\n"
                                " set bond = pairs(s.atom) within 9 Å\n set l = 0..5\n"
                                " let c[i in s.atom] : irreps(0..5) =\n"
                                "  sum b in bond(i): exp(-norm(b.d) / (3 Å)) * Y(b.d, 5)\n";
    char words[4096];
    snprintf(words, sizeof words, "%s%s}\n", start, lines);
    arena_init(&b->memory, &test_landing);
    intern_init(&b->names, &b->memory);
    diag_sink sink;
    diag_sink_init(&sink, &b->memory);
    const source *src = source_new(&b->memory, "test.mtx", words, strlen(words));
    infer_result *found = infer_module(&b->memory, &b->names, &sink,
                                       module_load(&b->memory, &b->names, &sink, src, NULL, NULL));
    text out, again;
    text_init(&out);
    text_init(&again);
    diag_print_text(&sink, &out, false, 20);
    if (sink.errors || found->programs.n != 1) fail_msg("%s", out.s ? out.s : "no program");
    text_free(&out);
    assert_verified(found->programs.at[0]);
    program_dump(found->programs.at[0], &out); /* what is written reads back */
    program *p = program_read(&b->memory, &b->names, source_new(&b->memory, "test.ir", out.s, out.n), &sink);
    if (!p) fail_msg("%s", sink.all.at[sink.all.n - 1]->message);
    program_dump(p, &again);
    assert_string_equal(out.s, again.s);
    text_free(&out);
    text_free(&again);
    return p;
}

static double *output(const program *p, const char *id, const mtx_structure *m, int64_t n)
{
    for (uint32_t k = 0; k < p->defs.n; k++) {
        if (!p->defs.at[k].output || strcmp(p->defs.at[k].id, id) != 0) continue;
        int64_t got;
        double *v = values(p, k, m, &got);
        assert_int_equal(got, n);
        return v;
    }
    fail_msg("no output %s", id);
    return NULL;
}

enum { ATOMS = 5, DEGREES = 6 };

static void cluster(mtx_structure *m, const double q[3][3])
{
    static const double at[ATOMS][3] = {{0, 0, 0}, {1.1, 0.2, -0.4}, {-0.7, 1.3, 0.5}, {0.1, -1.2, 0.9}, {0, 0, 1.4}};
    double r[ATOMS][3];
    for (int k = 0; k < ATOMS; k++) turned(q, at[k], r[k]);
    structure_of(m, ATOMS, (const double(*)[3])r, (int32_t[]){6, 1, 1, 1, 8});
}

static const double straight[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};

/* c_lm of the neighbours of atom i, written out */
static void density(const mtx_structure *m, int i, double c[DEGREES * DEGREES])
{
    memset(c, 0, DEGREES * DEGREES * sizeof *c);
    for (int j = 0; j < ATOMS; j++) {
        double d[3], y[DEGREES * DEGREES];
        for (int k = 0; k < 3; k++) d[k] = m->r[j][k] - m->r[i][k];
        double length = sqrt(dot3(d, d));
        if (j == i) continue;
        for (int k = 0; k < 3; k++) d[k] /= length;
        harmonics_solid(DEGREES - 1, d, y);
        for (int k = 0; k < DEGREES * DEGREES; k++) c[k] += exp(-length / 3) * y[k];
    }
}

/* sum over m of c_lm^2 is a double sum of Legendre polynomials of the angles between neighbours */
static void test_power_spectrum(void **state)
{
    (void)state;
    bench b;
    program *p = spec_open(&b, " gives x[i in s.atom, m in l] : scalar = norm2(c[i].part[m])\n"
                               " gives whole[i in s.atom] : scalar = norm2(c[i])\n");
    mtx_structure m;
    cluster(&m, straight);
    double *x = output(p, "x", &m, ATOMS * DEGREES), *whole = output(p, "whole", &m, ATOMS);
    for (int i = 0; i < ATOMS; i++) {
        double all = 0;
        for (int l = 0; l < DEGREES; l++) {
            double want = 0;
            for (int j = 0; j < ATOMS * ATOMS; j++) {
                double d[2][3], n[2];
                int of[2] = {j / ATOMS, j % ATOMS};
                if (of[0] == i || of[1] == i) continue;
                for (int s = 0; s < 2; s++) {
                    for (int k = 0; k < 3; k++) d[s][k] = m.r[of[s]][k] - m.r[i][k];
                    n[s] = sqrt(dot3(d[s], d[s]));
                }
                want += exp(-(n[0] + n[1]) / 3) * (2 * l + 1) / (4 * PI) * legendre(l, dot3(d[0], d[1]) / n[0] / n[1]);
            }
            assert_near(x[i * DEGREES + l], want, 1e-12);
            all += want;
        }
        assert_near(whole[i], all, 1e-12);
    }
    free(x);
    free(whole);
    mtx_structure_free(&m);
    bench_free(&b);
}

static double triple_sum(const double *c, int a, int b, int l)
{
    double sum = 0;
    for (int i = -a; i <= a; i++)
        for (int j = -b; j <= b; j++)
            for (int k = -l; k <= l; k++)
                sum += coupling_real(a, i, b, j, l, k) / sqrt(2 * l + 1) * c[a * a + a + i] * c[b * b + b + j] *
                       c[l * l + l + k];
    return sum;
}

/* the sums written out; and they stay when the cluster is turned and mirrored, while the channels turn */
static void test_triples(void **state)
{
    (void)state;
    bench b;
    program *p = spec_open(&b, " set n = 1..3\n gives x[i in s.atom, u in l, v in l, w in l] : scalar =\n"
                               "  triple(c[i].part[u], c[i].part[v], c[i].part[w])\n"
                               " gives some[i in s.atom, u in n] : scalar = triple(c[i].part[u], c[i].part[2], c[i].part[u])\n"
                               " gives alike[i in s.atom, u in n] : scalar = triple(c[i].part[u], c[i].part[u], c[i].part[u])\n"
                               " gives y[i in s.atom] : irreps(1o + 3o) = c[i].part[1] ++ c[i].part[3]\n"
                               " gives z[i in s.atom] : irreps(1o + 2o) = product(c[i].part[1], c[i].part[2], 2)\n");
    mtx_structure m;
    double q[3][3], c[DEGREES * DEGREES], *first = NULL, *channels[2];
    enum { MANY = DEGREES * DEGREES * DEGREES };
    for (int k = 0; k < 3; k++) {
        random_orthogonal(q, k % 2);
        cluster(&m, k ? q : straight);
        double *x = output(p, "x", &m, ATOMS * MANY), *some = output(p, "some", &m, ATOMS * 3);
        double *alike = output(p, "alike", &m, ATOMS * 3);
        for (int i = 0; i < ATOMS; i++) {
            density(&m, i, c);
            for (int t = 0; t < MANY; t++) {
                int u = t / DEGREES / DEGREES, v = t / DEGREES % DEGREES, w = t % DEGREES;
                bool fits = (u + v + w) % 2 == 0 && abs(u - v) <= w && w <= u + v;
                assert_near(x[i * MANY + t], fits ? triple_sum(c, u, v, w) : 0, 1e-12);
                if (first) assert_near(x[i * MANY + t], first[i * MANY + t], 1e-12);
            }
            for (int u = 1; u < 4; u++) {
                assert_near(some[3 * i + u - 1], x[i * MANY + (u * DEGREES + 2) * DEGREES + u], 1e-14);
                assert_near(alike[3 * i + u - 1], x[i * MANY + (u * DEGREES + u) * DEGREES + u], 1e-14);
            }
        }
        free(some);
        free(alike);
        channels[0] = output(p, "y", &m, ATOMS * 10);
        channels[1] = output(p, "z", &m, ATOMS * 8);
        density(&m, 0, c);
        for (int s = 0; s < 10; s++) assert_near(channels[0][s], c[s < 3 ? 1 + s : 9 + s - 3], 1e-12);
        for (int l = 1; l < 3; l++)
            for (int k1 = -l; k1 <= l; k1++) {
                double want = 0;
                for (int i = -1; i <= 1; i++)
                    for (int j = -2; j <= 2; j++) want += coupling_real(1, i, 2, j, l, k1) * c[2 + i] * c[6 + j];
                assert_near(channels[1][(l == 1 ? 1 : 5) + k1], want, 1e-12);
            }
        free(channels[0]);
        free(channels[1]);
        if (first) free(x);
        else first = x;
        mtx_structure_free(&m);
    }
    free(first);
    bench_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_closed_forms),    cmocka_unit_test(test_addition_theorem),
        cmocka_unit_test(test_orthonormal),     cmocka_unit_test(test_gradient),
        cmocka_unit_test(test_rotations),       cmocka_unit_test(test_coupling),
        cmocka_unit_test(test_tables),          cmocka_unit_test(test_power_spectrum),
        cmocka_unit_test(test_triples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
