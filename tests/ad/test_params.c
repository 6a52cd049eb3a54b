/* SPDX-License-Identifier: Apache-2.0
 *
 * test_params.c: derivatives by parameters, as specs ask for them, beside central differences in every number of the
 * parameter: of numbers, of tables, along a direction, of squared force errors (second derivatives). By the interpreter,
 * on random structures and values.
 */
#include "../smooth/spec.h"

#include <math.h>
#include <stdlib.h>

#include "ad.h"
#include "interp.h"
#include "sample.h"

#define AGREES 2e-7 /* of the largest value; differences of two widths have to agree ten times better */
#define STEP   2e-4
enum { STRUCTURES = 2 };

#define HEAD                                                                                                           \
    "structure Crystal {\n set atom\n field r : atom -> point [Å]\n field Z : atom -> species\n field q : atom -> scalar\n"  \
    " field cell : lattice(xyz) [Å]\n}\nconst rc = 4 Å\n"
#define TRANSFORM                                                                                                      \
    "transform t {\n takes s : Crystal\n set bond = pairs(s.atom) within rc\n set z = species(H, C, N, O, Si, S, Cu, Mo)\n"  \
    " set n = 1..3\n let x[b in bond] = norm(b.d) / rc\n"

typedef struct named_spec { const char *name, *text; uint32_t derivatives; } named_spec;

static const named_spec specs[] = {
    {"numbers", HEAD TRANSFORM " param w : scalar [eV]\n param a : scalar\n"
     " let E = sum b in bond: w * exp(-a * x[b]) * cutoff(norm(b.d), rc, 3) + w * a^2\n"
     " gives gw : scalar = grad(E, w)\n gives ga : scalar [eV] = grad(E, a)\n}\n", 2},
    {"tables over elements and ranges", HEAD TRANSFORM " param A : z * z -> scalar\n param c : n -> scalar\n"
     " let E = sum b in bond, k in n: A[s.Z[b.i], s.Z[b.j]] * c[k] * sin(k * x[b] + A[s.Z[b.j], s.Z[b.i]]) * cutoff(norm(b.d), rc, 3)\n"
     " gives gA[p in z, q in z] : scalar = grad(E, A)[p, q]\n gives gc[k in n] : scalar = grad(E, c)[k]\n}\n", 2},
    {"channels", HEAD TRANSFORM " param v : scalar^3\n param V : z -> scalar^2\n"
     " let e[i in s.atom] = sum b in bond(i): v[0] * cutoff(norm(b.d), rc, 3) + v[1] * x[b]^2 * V[s.Z[b.j]][1]\n"
     " let E = sum i in s.atom: tanh(e[i] + v[2] * V[s.Z[i]][0])\n"
     " gives gv : scalar^3 = grad(E, v)\n gives gV[p in z] : scalar^2 = grad(E, V)[p]\n"
     " gives J[i in s.atom] : scalar^3 = grad(e, v)[i]\n gives K[i in s.atom, p in z] : scalar^2 = grad(e, V)[i, p]\n}\n", 4},
    {"tables by parameters", HEAD TRANSFORM " param a : scalar\n param c : n -> scalar\n"
     " let e[i in s.atom, k in n] = sum b in bond(i): c[k] * exp(-a * x[b] * k) * cutoff(norm(b.d), rc, 3)\n"
     " let f[i in s.atom] = sum b in bond(i): a * b.d * x[b]^2 / 1 [Å]\n"
     " gives Ja[i in s.atom, k in n] : scalar = grad(e, a)[i, k]\n gives Jc[i in s.atom, k in n, m in n] : scalar = grad(e, c)[i, k, m]\n"
     " gives Jf[i in s.atom] : vector = grad(f, a)[i]\n gives u[i in s.atom, k in n] : scalar = grad(e, c, c)[i, k]\n}\n", 4},
    {"along directions", HEAD TRANSFORM " param A : z * z -> scalar\n param C : z * n -> scalar^2\n"
     " let u[p in z, q in z] = A[q, p] - 0.3\n let v[p in z, k in n] : scalar^2 = 0.5 * C[p, k] * k\n"
     " let f[i in s.atom] = sum b in bond(i), k in n: A[s.Z[b.i], s.Z[b.j]]^2 * C[s.Z[b.j], k][0] * C[s.Z[b.i], k][1] * b.d / 1 [Å] * "
     "cutoff(norm(b.d), rc, 3)\n"
     " gives U : s.atom -> vector = grad(f, A, u)\n gives V : s.atom -> vector = grad(f, C, v)\n}\n", 2},
    {"matching forces", HEAD TRANSFORM " takes F0 : s.atom -> vector [1/Å]\n param A : z * z -> scalar\n param a : scalar\n"
     " let e[i in s.atom] = sum b in bond(i): A[s.Z[b.i], s.Z[b.j]] * exp(-a * x[b]) * cutoff(norm(b.d), rc, 4)\n"
     " let E = sum i in s.atom: e[i] + 0.2 * e[i]^2\n let F[i in s.atom] = -grad(E, s.r)[i]\n"
     " let error = sum i in s.atom: norm2(F[i] - F0[i]) * 1 [Å^2]\n let S = norm2(grad(E, strain(s)))\n"
     " gives gA[p in z, q in z] : scalar = grad(error, A)[p, q]\n gives ga : scalar = grad(error, a)\n"
     " gives gS : scalar = grad(S, a)\n}\n", 3},
    {"second derivatives", HEAD TRANSFORM " param c : n -> scalar\n param a : scalar\n param v : scalar^2\n"
     " let E = sum i in s.atom: tanh(sum b in bond(i), k in n: c[k] * exp(-a * k * x[b]) * cutoff(norm(b.d), rc, 3))^2 * v[0] * v[1]^2\n"
     " let gc = grad(E, c)\n let ga = grad(E, a)\n"
     " gives cc[k in n, m in n] : scalar = grad(gc, c)[k, m]\n gives ca[k in n] : scalar = grad(gc, a)[k]\n"
     " gives ac[k in n] : scalar = grad(ga, c)[k]\n gives aa : scalar = grad(ga, a)\n gives va : scalar^2 = grad(ga, v)\n"
     " gives along[k in n] : scalar = grad(gc, c, c)[k]\n}\n", 8},
    {"layers", HEAD "transform layer {\n takes v : scalar\n param w, c : scalar\n param m : scalar^2\n"
     " gives y : scalar = m[0] * tanh(w * v + c) + m[1]\n}\n"
     TRANSFORM " let f(v) = layer(v)\n let g = layer(0.3)\n"
     " let E = (sum b in bond: f(x[b]) * f(x[b]^2)) * g + layer(g).y\n"
     " gives a : scalar = grad(E, g.w)\n gives b : scalar^2 = grad(E, g.m)\n gives c : scalar = grad(E, f(0.1).c)\n}\n", 3},
    {"in conditions, sorted, products", HEAD TRANSFORM " param a : scalar\n param c : n -> scalar\n"
     " let y[i in s.atom] = sum b in bond(i): if x[b] < 0.6 then a * x[b] else a^2 * s.q[i]\n"
     " let o = sort(y)\n let E = (sum i in s.atom: y[i]^2) + (prod k in n: c[k] + a) + (max k in n: c[k] * a) + abs(a)\n"
     " gives ga : scalar = grad(E, a)\n gives gc[k in n] : scalar = grad(E, c)[k]\n}\n", 2},
};

/* ---- values -------------------------------------------------------------------------------------------- */

typedef struct run { const program *p; interp *x; mtx_batch *batch; double *w; uint64_t n_w; } run;

static bool values_of(run *r, def_id d, double *out, int64_t n)
{
    mtx_problem problem;
    mtx_batch_set_param(r->batch, r->w);
    interp_bind(r->x, mtx_batch_view(r->batch), 0);
    return interp_def_size(r->x, d) == n && interp_def(r->x, d, out, &problem) == MTX_OK;
}

static int64_t size_of(run *r, def_id d)
{
    mtx_batch_set_param(r->batch, r->w);
    interp_bind(r->x, mtx_batch_view(r->batch), 0);
    return interp_def_size(r->x, d);
}

static double *numbers(int64_t n)
{
    return calloc((size_t)n + 1, sizeof(double));
}

/* by number `m` of the parameter: fourth order, and what two second-order ones differ by */
static bool difference(run *r, def_id of, uint64_t m, double *out, double *doubt, int64_t n)
{
    double *v[4], kept = r->w[m];
    bool good = true;
    for (int k = 0; k < 4; k++) {
        v[k] = numbers(n);
        r->w[m] = kept + STEP * (double[]){1, -1, 2, -2}[k];
        good = values_of(r, of, v[k], n) && good;
    }
    r->w[m] = kept;
    for (int64_t k = 0; k < n; k++) {
        double near = (v[0][k] - v[1][k]) / (2 * STEP), far = (v[2][k] - v[3][k]) / (4 * STEP);
        out[k] = (4 * near - far) / 3;
        doubt[k] = fabs(near - far);
    }
    for (int k = 0; k < 4; k++) free(v[k]);
    return good;
}

/* ---- one derivative ------------------------------------------------------------------------------------ */

typedef struct shape { int64_t places, wide, q, deep; } shape;   /* of the table, of the parameter             */

/* number m of the parameter is number m % deep of place m / deep: where a derivative of table value k stands */
static int64_t stands_at(const shape *s, int64_t k, int64_t m)
{
    int64_t row = k / s->wide, c = k % s->wide;
    return ((row * s->q + m / s->deep) * s->wide + c) * s->deep + m % s->deep;
}

static int compare(run *r, const program *inferred, def_id id, const char *title)
{
    const def *d = &inferred->defs.at[id], *of = &inferred->defs.at[d->lib_arg];
    const parameter *w = &inferred->params.at[d->wrt.param];
    int64_t n = size_of(r, d->lib_arg), n_w = (int64_t)parameter_numbers(inferred, w);
    shape s = {.wide = elem_components(of->elem), .deep = elem_components(w->elem)};
    s.places = n / s.wide;
    s.q = n_w / s.deep;
    bool along = d->lib == LIB_ALONG;
    int64_t all = along ? n : n * n_w;
    double *g = numbers(all), *slope = numbers(n), *doubt = numbers(n), *sum = numbers(n), *v = numbers(n_w), largest = 0;
    int wrong = !values_of(r, id, g, all) || (along && !values_of(r, d->along, v, n_w));
    for (int64_t k = 0; k < all; k++) largest = fmax(largest, fabs(g[k]));
    if (!largest) print_error("%s: d%u is zero\n", title, id);
    wrong += !largest;
    for (int64_t m = 0; m < n_w && !wrong; m++) {
        wrong += !difference(r, d->lib_arg, w->first + (uint64_t)m, slope, doubt, n);
        for (int64_t k = 0; k < n && !wrong; k++) {
            sum[k] += v[m] * slope[k];
            double mine = along ? slope[k] : g[stands_at(&s, k, m)];
            if (fabs(mine - slope[k]) <= AGREES * largest && doubt[k] < 1e-3 * largest) continue;
            print_error("%s: d%u by number %d of %s: %.12g, differences %.12g (%.2g)\n", title, id, (int)m, w->path, mine,
                        slope[k], doubt[k]);
            wrong++;
        }
    }
    for (int64_t k = 0; k < n && along && !wrong; k++) wrong += fabs(sum[k] - g[k]) > AGREES * largest;
    free(g), free(slope), free(doubt), free(sum), free(v);
    return wrong;
}

/* ---- specs --------------------------------------------------------------------------------------------- */

static int one_structure(const program *p, const program *expanded, uint64_t seed, const char *title, uint32_t *compared)
{
    arena a;
    jmp_buf guard;
    arena_init(&a, &guard);
    mtx_structure s;
    mtx_structure_init(&s);
    mtx_plan plan;
    mtx_problem problem;
    assert_int_equal(setjmp(guard), 0);
    assert_true(plan_from_program(&a, expanded, &plan, NULL));
    assert_true(sample_structures(expanded, &plan, SAMPLE_PLAIN, seed, &s));
    run r = {.p = expanded, .x = interp_new(expanded), .batch = mtx_batch_new(), .n_w = program_param_numbers(p)};
    r.w = numbers((int64_t)r.n_w);
    sample_parameters(seed, r.w, r.n_w);
    const mtx_structure *frames[] = {&s};
    assert_int_equal(interp_prepare(expanded, frames, 1, r.batch, &problem), MTX_OK);
    int wrong = 0;
    for (def_id k = 0; k < p->defs.n; k++) {
        if (!lib_is_derivative(p->defs.at[k].lib) || p->defs.at[k].wrt.kind != WRT_PARAM) continue;
        wrong += compare(&r, p, k, title);
        (*compared)++;
    }
    free(r.w);
    interp_free(r.x);
    mtx_batch_free(r.batch);
    mtx_structure_free(&s);
    arena_free(&a);
    return wrong;
}

static int one_spec(const named_spec *n)
{
    spec s;
    spec_init(&s);
    if (setjmp(s.guard)) return 1;
    assert_true(spec_open(&s, n->name, n->text));
    const program *expanded = ad_expand(&s.a, s.p, &s.sink);
    assert_non_null(expanded);
    text problem;
    text_init(&problem);
    assert_true(program_verify(s.p, &problem) && program_verify(expanded, &problem));
    text_free(&problem);
    int wrong = 0;
    for (uint64_t seed = 1; seed <= STRUCTURES; seed++) {
        uint32_t compared = 0;
        wrong += one_structure(s.p, expanded, seed, n->name, &compared);
        if (compared < n->derivatives) print_error("%s: %u derivatives\n", n->name, compared);
        wrong += compared < n->derivatives;
    }
    arena_free(&s.a);
    return wrong;
}

static void agree_with_differences(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t k = 0; k < sizeof specs / sizeof *specs; k++) wrong += one_spec(&specs[k]);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(agree_with_differences)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
