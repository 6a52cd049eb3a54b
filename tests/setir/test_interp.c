/* SPDX-License-Identifier: Apache-2.0
 *
 * The interpreter against closed forms, published numbers and brute force written here: every kind of set and
 * reduction, library operations, batches, and that empty frames give no NaN.
 */
#include "build.h"

/* ----------------------------------------------------------------------------------------- Coulomb matrix */

/* C[i, j] = if i == j then 0.5 q^2.4 else q_i q_j / |r_i - r_j| */
static def_id coulomb(bench *t)
{
    ivar_id v[2] = {over(t, "i", t->atom), over(t, "j", t->atom)};
    node_id i = at(t, v[0]), j = at(t, v[1]);
    node_id qi = real1(t, OP_PROTONS, field(t, t->Z, i)), qj = real1(t, OP_PROTONS, field(t, t->Z, j));
    node_id d = node_2(t->p, OP_SUB, elem_real(1), field(t, t->r, i), field(t, t->r, j), nowhere);
    node_id off = real2(t, OP_DIV, real2(t, OP_MUL, qi, qj), real1(t, OP_NORM, d));
    node_id on = real2(t, OP_MUL, num(t, 0.5), power(t, qi, 2.4));
    node_id same = node_2(t->p, OP_INDEX_EQ, elem_bool(), i, j, nowhere);
    return tensor(t, "C", v, 2, node_3(t->p, OP_SELECT, elem_real(0), same, on, off, nowhere));
}

static void coulomb_matrix_of_water(void **state)
{
    (void)state;
    bench t;
    bench_init(&t, 0);
    def_id C = coulomb(&t);
    set_id ranks = rank_of(&t, t.atom, 0);
    ivar_id w[1] = {over(&t, "k", ranks)}, rows[2] = {over(&t, "a", ranks), over(&t, "b", ranks)};
    def_id eig = library(&t, "eig", LIB_EIGVALS, false, C, w, 1);
    def_id sorted = library(&t, "sorted", LIB_SORTROWS, false, C, rows, 2);
    mtx_structure s;
    water(&s);
    int64_t n;
    double *c = values(t.p, C, &s, &n);
    assert_int_equal(n, 9);
    assert_near(c[0], 73.516695, PUBLISHED);
    assert_near(c[1], 8.352687, PUBLISHED);
    assert_near(c[5], 0.660328, PUBLISHED);
    double *e = values(t.p, eig, &s, &n);
    assert_int_equal(n, 3);
    assert_near(e[0], -0.719284, PUBLISHED); /* the published list gives magnitudes */
    assert_near(e[1], -0.160328, PUBLISHED);
    assert_near(e[2], 75.396306, PUBLISHED);
    double *r = values(t.p, sorted, &s, &n);
    for (int k = 0; k < 9; k++) assert_near(r[k], c[k], EXACT); /* oxygen is first, ties as stored */
    free(c);
    free(e);
    free(r);
    mtx_structure_free(&s);
    bench_free(&t);
}

static void sorting_rows_follows_their_norm(void **state)
{
    (void)state;
    bench t;
    bench_init(&t, 0);
    def_id C = coulomb(&t);
    set_id ranks = rank_of(&t, t.atom, 0);
    ivar_id rows[2] = {over(&t, "a", ranks), over(&t, "b", ranks)};
    def_id sorted = library(&t, "sorted", LIB_SORTROWS, false, C, rows, 2);
    mtx_structure s;
    structure_of(&s, 3, (const double[][3]){{0, .7572, -.4692}, {0, 0, .1173}, {0, -.7572, -.4692}},
                 (int32_t[]){1, 8, 1});
    int64_t n;
    double *c = values(t.p, C, &s, &n), *r = values(t.p, sorted, &s, &n);
    const int order[3] = {1, 0, 2};
    for (int a = 0; a < 3; a++)
        for (int b = 0; b < 3; b++) assert_near(r[3 * a + b], c[3 * order[a] + order[b]], EXACT);
    free(c);
    free(r);
    mtx_structure_free(&s);
    bench_free(&t);
}

static void padding_fills_with_zeros(void **state)
{
    (void)state;
    bench t;
    bench_init(&t, 0);
    ivar_id i = over(&t, "i", t.atom);
    def_id q = tensor(&t, "q", &i, 1, real1(&t, OP_PROTONS, field(&t, t.Z, at(&t, i))));
    set_id ranks = rank_of(&t, t.atom, 0), five = rank_of(&t, SETIR_NONE, 5);
    ivar_id a = over(&t, "a", ranks), k = over(&t, "k", five), l = over(&t, "l", ranks);
    def_id down = library(&t, "down", LIB_SORT, true, q, &a, 1);
    def_id list = library(&t, "list", LIB_LIST, false, q, &l, 1);
    node_id index = at(&t, k);
    def_id x = tensor(&t, "x", &k, 1, access(&t, OP_PADGET, down, &index, 1));
    ivar_id m = over(&t, "m", five);
    index = at(&t, m);
    def_id y = tensor(&t, "y", &m, 1, access(&t, OP_PADGET, list, &index, 1));
    mtx_structure s;
    structure_of(&s, 3, (const double[][3]){{0, 0, 0}, {1, 0, 0}, {2, 0, 0}}, (int32_t[]){1, 8, 3});
    int64_t n;
    double *v = values(t.p, x, &s, &n), *w = values(t.p, y, &s, &n);
    assert_int_equal(n, 5);
    const double want[5] = {8, 3, 1, 0, 0}, listed[5] = {1, 8, 3, 0, 0};
    for (int c = 0; c < 5; c++) assert_near(v[c], want[c], EXACT);
    for (int c = 0; c < 5; c++) assert_near(w[c], listed[c], EXACT);
    free(v);
    free(w);
    mtx_structure_free(&s);
    bench_free(&t);
}

/* ---------------------------------------------------------------------------------------- pairs, triplets */

static node_id length_of(bench *t, node_id b)
{
    return real1(t, OP_NORM, node_1(t->p, OP_PAIR_D, elem_real(1), b, nowhere));
}

/* sum over all images of 1/d^6 below the cutoff, by brute force */
static double lattice_sum(const mtx_structure *s, double cutoff, int64_t *count)
{
    double sum = 0;
    *count = 0;
    for (int64_t i = 0; i < s->n; i++)
        for (int64_t j = 0; j < s->n; j++)
            for (int k = 0; k < 11 * 11 * 11; k++) {
                double shift[3] = {k % 11 - 5, k / 11 % 11 - 5, k / 121 - 5}, d2 = 0;
                for (int c = 0; c < 3; c++) {
                    double d = s->r[j][c] - s->r[i][c];
                    for (int m = 0; m < 3; m++) d += shift[m] * s->cell[m][c];
                    d2 += d * d;
                }
                if (d2 == 0 || sqrt(d2) >= cutoff) continue;
                sum += 1 / (d2 * d2 * d2);
                ++*count;
            }
    return sum;
}

static void pair_sums_of_diamond(void **state)
{
    (void)state;
    bench t;
    bench_init(&t, 7);
    set_id bond = pairs_of(&t, t.atom, num(&t, 6.0));
    ivar_id b = over(&t, "b", bond), b2 = over(&t, "b2", bond);
    node_id body = power(&t, length_of(&t, at(&t, b)), -6);
    def_id E = tensor(&t, "E", NULL, 0, reduce(&t, RED_SUM, &b, 1, body, SETIR_NONE));
    ivar_id i = over(&t, "i", t.atom), row = in_row(&t, "b", bond, at(&t, i), SETIR_NONE);
    node_id by_row = reduce(&t, RED_SUM, &row, 1, power(&t, length_of(&t, at(&t, row)), -6), SETIR_NONE);
    def_id e = tensor(&t, "e", &i, 1, by_row);
    def_id N = tensor(&t, "N", NULL, 0,
                      program_node(t.p, OP_COUNT, elem_real(0), NULL, 0, &(node_imm){.set = bond}, nowhere));
    def_id back = tensor(
        &t, "back", NULL, 0,
        reduce(
            &t, RED_MAX, &b2, 1,
            real1(&t, OP_NORM,
                  node_2(t.p, OP_ADD, elem_real(1), node_1(t.p, OP_PAIR_D, elem_real(1), at(&t, b2), nowhere),
                         node_1(t.p, OP_PAIR_D, elem_real(1),
                                node_1(t.p, OP_PAIR_REV, elem_index(bond), at(&t, b2), nowhere), nowhere),
                         nowhere)),
            SETIR_NONE));
    mtx_structure s;
    silicon(&s, 5.431);
    int64_t count, n;
    double want = lattice_sum(&s, 6.0, &count);
    assert_near(scalar_of(t.p, E, &s), want, ROUNDING);
    assert_near(scalar_of(t.p, N, &s), (double)count, EXACT);
    assert_near(scalar_of(t.p, back, &s), 0, ROUNDING);
    double *rows = values(t.p, e, &s, &n), sum = 0;
    for (int64_t k = 0; k < n; k++) sum += rows[k];
    assert_near(sum, want, ROUNDING);
    free(rows);
    mtx_structure_free(&s);
    bench_free(&t);
}

/* Diamond has 6 angles of arccos(-1/3) at each atom: unordered pairs count 6, ordered ones 12, all ones
 * 16. */
static void triplets_of_diamond(void **state)
{
    (void)state;
    bench t;
    bench_init(&t, 7);
    set_id bond = pairs_of(&t, t.atom, num(&t, 2.6));
    def_id result[3];
    for (int kind = 0; kind < 3; kind++) {
        ivar_id i = over(&t, "i", t.atom), b = in_row(&t, "b", bond, at(&t, i), SETIR_NONE);
        ivar_id c = in_row(&t, "c", bond, at(&t, i), SETIR_NONE);
        if (kind) t.p->ivars.at[c].partner = b;
        t.p->ivars.at[c].unordered = kind == 2;
        node_id db = node_1(t.p, OP_PAIR_D, elem_real(1), at(&t, b), nowhere);
        node_id dc = node_1(t.p, OP_PAIR_D, elem_real(1), at(&t, c), nowhere);
        node_id cosine = real2(&t, OP_DIV, real2(&t, OP_DOT, db, dc),
                               real2(&t, OP_MUL, length_of(&t, at(&t, b)), length_of(&t, at(&t, c))));
        node_id square = power(&t, real2(&t, OP_ADD, cosine, num(&t, 1.0 / 3)), 2);
        node_id one = real2(&t, OP_ADD, num(&t, 1), square);
        result[kind] =
            tensor(&t, "n", NULL, 0, reduce(&t, RED_SUM, (ivar_id[]){i, b, c}, 3, one, SETIR_NONE));
    }
    mtx_structure s;
    silicon(&s, 5.431);
    assert_near(scalar_of(t.p, result[0], &s), 8 * (16 + 4 * 16.0 / 9), ROUNDING);
    assert_near(scalar_of(t.p, result[1], &s), 8 * 12, ROUNDING);
    assert_near(scalar_of(t.p, result[2], &s), 8 * 6, ROUNDING);
    mtx_structure_free(&s);
    bench_free(&t);
}

/* b in bond(i, j): only the pairs between two given atoms; the sum over j of them is the whole row */
static void pairs_between_two_atoms(void **state)
{
    (void)state;
    bench t;
    bench_init(&t, 7);
    set_id bond = pairs_of(&t, t.atom, num(&t, 5.0));
    ivar_id ij[2] = {over(&t, "i", t.atom), over(&t, "j", t.atom)};
    ivar_id b = in_row(&t, "b", bond, at(&t, ij[0]), at(&t, ij[1]));
    def_id m = tensor(&t, "m", ij, 2,
                      reduce(&t, RED_SUM, &b, 1, power(&t, length_of(&t, at(&t, b)), -2), SETIR_NONE));
    ivar_id k = over(&t, "k", t.atom), c = in_row(&t, "c", bond, at(&t, k), SETIR_NONE);
    def_id row = tensor(&t, "row", &k, 1,
                        reduce(&t, RED_SUM, &c, 1, power(&t, length_of(&t, at(&t, c)), -2), SETIR_NONE));
    mtx_structure s;
    silicon(&s, 5.431);
    int64_t n;
    double *matrix = values(t.p, m, &s, &n), *rows = values(t.p, row, &s, &n);
    for (int i = 0; i < 8; i++) {
        double sum = 0;
        for (int j = 0; j < 8; j++) {
            sum += matrix[8 * i + j];
            assert_near(matrix[8 * i + j], matrix[8 * j + i], ROUNDING);
        }
        assert_near(sum, rows[i], ROUNDING);
    }
    free(matrix);
    free(rows);
    mtx_structure_free(&s);
    bench_free(&t);
}

/* per element of a species set, with a filter; rows without that element are empty */
static void filters_and_empty_rows(void **state)
{
    (void)state;
    bench t;
    bench_init(&t, 0);
    int32_t *list = arena_copy(&t.memory, (int32_t[]){1, 8, 79}, 3 * sizeof(int32_t));
    set_id species = program_set(t.p, (set){.kind = SET_SPECIES,
                                            .slot = SETIR_NONE,
                                            .parent = SETIR_NONE,
                                            .host = SETIR_NONE,
                                            .sample = SETIR_NONE,
                                            .cutoff = SETIR_NONE,
                                            .count = 3,
                                            .species = list});
    set_id bond = pairs_of(&t, t.atom, num(&t, 1.2));
    static const reduction how[5] = {RED_SUM, RED_MEAN, RED_PROD, RED_MAX, RED_MIN};
    def_id d[5];
    for (int k = 0; k < 5; k++) {
        ivar_id v[2] = {over(&t, "i", t.atom), over(&t, "z", species)};
        ivar_id b = in_row(&t, "b", bond, at(&t, v[0]), SETIR_NONE);
        node_id j = node_1(t.p, OP_PAIR_J, elem_index(t.atom), at(&t, b), nowhere);
        node_id z = node_1(t.p, OP_INDEX_SPECIES, elem_species(), at(&t, v[1]), nowhere);
        node_id where = node_2(t.p, OP_SPECIES_EQ, elem_bool(), field(&t, t.Z, j), z, nowhere);
        d[k] = tensor(&t, "d", v, 2, reduce(&t, how[k], &b, 1, length_of(&t, at(&t, b)), where));
    }
    mtx_structure s;
    water(&s);
    const double oh = sqrt(.7572 * .7572 + .5865 * .5865);
    const double at_oxygen[5] = {2 * oh, oh, oh * oh, oh, oh}, empty[5] = {0, 0, 1, -INFINITY, INFINITY};
    for (int k = 0; k < 5; k++) {
        int64_t n;
        double *v = values(t.p, d[k], &s, &n);
        assert_int_equal(n, 9);
        assert_near(v[0], at_oxygen[k], ROUNDING);         /* O sees two H */
        assert_near(v[4], oh, ROUNDING);                   /* H sees one O */
        assert_true(v[2] == empty[k] && v[5] == empty[k]); /* nothing sees gold */
        free(v);
    }
    mtx_structure_free(&s);
    bench_free(&t);
}

/* a frame without atoms between two others: no NaN, no element of a neighbour frame */
static void batches_with_an_empty_frame(void **state)
{
    (void)state;
    bench t;
    bench_init(&t, 0);
    set_id bond = pairs_of(&t, t.atom, num(&t, 2.0));
    ivar_id b = over(&t, "b", bond), i = over(&t, "i", t.atom);
    def_id mean =
        tensor(&t, "mean", NULL, 0, reduce(&t, RED_MEAN, &b, 1, length_of(&t, at(&t, b)), SETIR_NONE));
    def_id q =
        tensor(&t, "q", NULL, 0,
               reduce(&t, RED_SUM, &i, 1, real1(&t, OP_PROTONS, field(&t, t.Z, at(&t, i))), SETIR_NONE));
    mtx_structure s[3];
    water(&s[0]);
    structure_of(&s[1], 0, NULL, NULL);
    structure_of(&s[2], 2, (const double[][3]){{5, 0, 0}, {6.5, 0, 0}}, (int32_t[]){6, 6});
    const mtx_structure *frames[3] = {&s[0], &s[1], &s[2]};
    const double want_q[3] = {10, 0, 12};
    for (int f = 0; f < 3; f++) {
        int64_t n;
        double *v = values_at(t.p, q, f, &n, frames, 3), *m = values_at(t.p, mean, f, &n, frames, 3);
        assert_near(v[0], want_q[f], EXACT);
        if (f == 1) assert_near(m[0], 0, EXACT);
        if (f == 2) assert_near(m[0], 1.5, ROUNDING);
        free(v);
        free(m);
    }
    for (int f = 0; f < 3; f++) mtx_structure_free(&s[f]);
    bench_free(&t);
}

/* a cutoff that depends on the volume and the number of atoms */
static void computed_cutoff(void **state)
{
    (void)state;
    bench t;
    bench_init(&t, 7);
    node_id volume = program_node(t.p, OP_VOLUME, elem_real(0), NULL, 0, &(node_imm){.slot = 0}, nowhere);
    node_id count = program_node(t.p, OP_COUNT, elem_real(0), NULL, 0, &(node_imm){.set = t.atom}, nowhere);
    set_id bond = pairs_of(
        &t, t.atom, real2(&t, OP_MUL, num(&t, 1.2), power(&t, real2(&t, OP_DIV, volume, count), 1.0 / 3)));
    def_id N = tensor(&t, "N", NULL, 0,
                      program_node(t.p, OP_COUNT, elem_real(0), NULL, 0, &(node_imm){.set = bond}, nowhere));
    mtx_structure s;
    silicon(&s, 5.431); /* 1.2 (V/N)^(1/3) = 3.259: first shell only */
    assert_near(scalar_of(t.p, N, &s), 8 * 4, EXACT);
    mtx_structure_free(&s);
    bench_free(&t);
}

/* -------------------------------------------------------------------------------------- lattices, tensors */

static node_id axis_vector(bench *t, node_op op, set_id axes, int k)
{
    node_id index = program_node(t->p, OP_INDEX_CONST, elem_index(axes), NULL, 0,
                                 &(node_imm){.set = axes, .k = k}, nowhere);
    return program_node(t->p, op, elem_real(1), &index, 1, &(node_imm){.slot = 0}, nowhere);
}

static void cells_fractions_and_nearest_images(void **state)
{
    (void)state;
    bench t;
    bench_init(&t, 7);
    set_id axes = program_set(t.p, (set){.kind = SET_AXIS,
                                         .parent = SETIR_NONE,
                                         .host = SETIR_NONE,
                                         .sample = SETIR_NONE,
                                         .cutoff = SETIR_NONE,
                                         .count = 3});
    node_id a = axis_vector(&t, OP_CELL_VEC, axes, 0), b = axis_vector(&t, OP_CELL_VEC, axes, 1);
    node_id c = axis_vector(&t, OP_CELL_VEC, axes, 2);
    node_id triple = real2(&t, OP_DOT, a, node_2(t.p, OP_CROSS, elem_real(1), b, c, nowhere));
    def_id V = tensor(&t, "V", NULL, 0, real1(&t, OP_ABS, triple));
    def_id V2 = tensor(&t, "V2", NULL, 0,
                       program_node(t.p, OP_VOLUME, elem_real(0), NULL, 0, &(node_imm){.slot = 0}, nowhere));
    node_id mixed =
        node_2(t.p, OP_ADD, elem_real(1), node_2(t.p, OP_MUL, elem_real(1), num(&t, 0.25), a, nowhere),
               node_2(t.p, OP_MUL, elem_real(1), num(&t, -1.5), c, nowhere), nowhere);
    ivar_id k = over(&t, "k", axes);
    def_id f = tensor(&t, "f", &k, 1,
                      program_node(t.p, OP_FRAC, elem_real(0), (node_id[]){mixed, at(&t, k)}, 2,
                                   &(node_imm){.slot = 0}, nowhere));
    node_id far = node_2(
        t.p, OP_ADD, elem_real(1), node_2(t.p, OP_MUL, elem_real(1), num(&t, 7), a, nowhere),
        program_node(t.p, OP_CONST, elem_real(1), NULL, 0, &(node_imm){.value = {.1, .2, -.3}}, nowhere),
        nowhere);
    def_id near =
        tensor(&t, "near", NULL, 0,
               program_node(t.p, OP_NEAREST, elem_real(1), &far, 1, &(node_imm){.slot = 0}, nowhere));
    def_id niggli[3];
    for (int m = 0; m < 3; m++) niggli[m] = tensor(&t, "n", NULL, 0, axis_vector(&t, OP_NIGGLI_VEC, axes, m));
    mtx_structure s;
    structure_of(&s, 1, (const double[][3]){{0, 0, 0}}, (int32_t[]){14});
    /* a skewed basis of the lattice 3 x 4 x 5 */
    periodic(&s, (const double[3][3]){{3, 4, 0}, {6, 12, 0}, {3, -4, 5}}, 7);
    assert_near(scalar_of(t.p, V, &s), 60, ROUNDING);
    assert_near(scalar_of(t.p, V2, &s), 60, ROUNDING);
    int64_t n;
    double *fractions = values(t.p, f, &s, &n), *shortest = values(t.p, near, &s, &n);
    const double want[3] = {0.25, 0, -1.5}, v[3] = {.1, .2, -.3};
    for (int m = 0; m < 3; m++) assert_near(fractions[m], want[m], ROUNDING);
    for (int m = 0; m < 3; m++) assert_near(shortest[m], v[m], 10 * ROUNDING);
    for (int m = 0; m < 3; m++) {
        double *row = values(t.p, niggli[m], &s, &n);
        assert_near(sqrt(row[0] * row[0] + row[1] * row[1] + row[2] * row[2]), 3 + m, ROUNDING);
        free(row);
    }
    free(fractions);
    free(shortest);
    mtx_structure_free(&s);
    bench_free(&t);
}

static void tensor_algebra(void **state)
{
    (void)state;
    bench t;
    bench_init(&t, 0);
    node_id u = program_node(t.p, OP_CONST, elem_real(1), NULL, 0, &(node_imm){.value = {1, 2, 3}}, nowhere);
    node_id v =
        program_node(t.p, OP_CONST, elem_real(1), NULL, 0, &(node_imm){.value = {-1, 0.5, 2}}, nowhere);
    node_id m = program_node(t.p, OP_CONST, elem_real(2), NULL, 0,
                             &(node_imm){.value = {2, 1, 0, -1, 3, 1, 0.5, 0, 4}}, nowhere);
    node_id outer = node_2(t.p, OP_OUTER, elem_real(2), u, v, nowhere);
    node_id mm = node_2(t.p, OP_MATMUL, elem_real(2), m, m, nowhere);
    node_id inverse_check[] = {
        real1(&t, OP_DET, m),                                                         /* 28.5 */
        real1(&t, OP_TRACE, outer),                                                   /* u.v = 6 */
        real2(&t, OP_SUB, real1(&t, OP_DET, mm), power(&t, real1(&t, OP_DET, m), 2)), /* 0 */
        real2(&t, OP_DOT, node_2(t.p, OP_CROSS, elem_real(1), u, v, nowhere), u),     /* 0 */
        real2(&t, OP_SUB, real2(&t, OP_DOT, u, node_2(t.p, OP_MATVEC, elem_real(1), m, v, nowhere)),
              real2(&t, OP_DOT, v,
                    node_2(t.p, OP_MATVEC, elem_real(1), node_1(t.p, OP_TRANSPOSE, elem_real(2), m, nowhere),
                           u, nowhere))),                                                         /* 0 */
        real1(&t, OP_NORM, program_node(t.p, OP_IDENTITY, elem_real(2), NULL, 0, NULL, nowhere)), /* sqrt 3 */
        program_node(t.p, OP_CUTOFF, elem_real(0), (node_id[]){num(&t, 0.5)}, 1, &(node_imm){.k = 3},
                     nowhere),                  /* 1/2 */
        real1(&t, OP_ACOS, num(&t, 1 + 1e-12)), /* 0 */
    };
    const double want[] = {28.5, 6, 0, 0, 0, sqrt(3), 0.5, 0};
    mtx_structure s;
    water(&s);
    for (size_t k = 0; k < sizeof want / sizeof *want; k++)
        assert_near(scalar_of(t.p, tensor(&t, "x", NULL, 0, inverse_check[k]), &s), want[k], 10 * ROUNDING);
    mtx_structure_free(&s);
    bench_free(&t);
}

static void channels_spread_scalars(void **state)
{
    (void)state;
    bench t;
    bench_init(&t, 0);
    elem two = {.kind = ELEM_REAL, .channels = 2};
    node_id cat = node_2(t.p, OP_CHANNEL_CAT, two, num(&t, 3), num(&t, 4), nowhere);
    node_id sum = node_2(t.p, OP_ADD, two, cat, num(&t, 1), nowhere);
    node_id doubled = node_2(t.p, OP_MUL, two, num(&t, 2), sum, nowhere);
    def_id d = tensor(&t, "d", NULL, 0, doubled);
    def_id second =
        tensor(&t, "second", NULL, 0,
               program_node(t.p, OP_CHANNEL_GET, elem_real(0), &doubled, 1, &(node_imm){.k = 1}, nowhere));
    mtx_structure s;
    water(&s);
    int64_t n;
    double *v = values(t.p, d, &s, &n);
    assert_int_equal(n, 2);
    assert_near(v[0], 8, EXACT);
    assert_near(v[1], 10, EXACT);
    assert_near(scalar_of(t.p, second, &s), 10, EXACT);
    free(v);
    mtx_structure_free(&s);
    bench_free(&t);
}

/* Nested tensor: x[i] = sum_j y[j] with y[j] = q[i] q[j] defined inside. And substitution of i by another
 * variable. */
static void nested_tensors_and_substitution(void **state)
{
    (void)state;
    bench t;
    bench_init(&t, 0);
    ivar_id i = over(&t, "i", t.atom), j = over(&t, "j", t.atom), k = over(&t, "k", t.atom);
    node_id qi = real1(&t, OP_PROTONS, field(&t, t.Z, at(&t, i))),
            qj = real1(&t, OP_PROTONS, field(&t, t.Z, at(&t, j)));
    def_id y = tensor(&t, "y", &j, 1, real2(&t, OP_MUL, qi, qj));
    t.p->defs.at[y].output = false;
    t.p->defs.at[y].nested = true;
    node_id index = at(&t, k);
    node_id inside = access(&t, OP_ACCESS, y, &index, 1);
    assert_true(program_depends(t.p, inside, i));
    node_id total = reduce(&t, RED_SUM, &k, 1, inside, SETIR_NONE);
    assert_true(program_depends(t.p, total, i) && !program_depends(t.p, total, k));
    def_id x = tensor(&t, "x", &i, 1, total);
    /* x[k'] with k' the very variable that x binds inside: no capture */
    node_id at_k = program_substitute(t.p, total, &i, &index, 1);
    assert_true(at_k != total && program_depends(t.p, at_k, k) && !program_depends(t.p, at_k, i));
    def_id z = tensor(&t, "z", &k, 1, at_k);
    mtx_structure s;
    water(&s);
    int64_t n;
    double *a = values(t.p, x, &s, &n), *b = values(t.p, z, &s, &n);
    const double want[3] = {80, 10, 10};
    for (int m = 0; m < 3; m++) {
        assert_near(a[m], want[m], EXACT);
        assert_near(b[m], want[m], EXACT);
    }
    free(a);
    free(b);
    mtx_structure_free(&s);
    bench_free(&t);
}

static void rows_follow_a_substitution(void **state)
{
    (void)state;
    bench t;
    bench_init(&t, 0);
    set_id bond = pairs_of(&t, t.atom, num(&t, 1.2));
    ivar_id i = over(&t, "i", t.atom), b = in_row(&t, "b", bond, at(&t, i), SETIR_NONE);
    node_id n_i =
        reduce(&t, RED_SUM, &b, 1, num(&t, 1), SETIR_NONE); /* coordination number; b not in the body */
    assert_true(program_depends(t.p, n_i, i));
    ivar_id e = over(&t, "e", bond);
    node_id end = node_1(t.p, OP_PAIR_J, elem_index(t.atom), at(&t, e), nowhere);
    node_id n_j = program_substitute(t.p, n_i, &i, &end, 1);
    assert_true(program_depends(t.p, n_j, e) && !program_depends(t.p, n_j, i));
    def_id d = tensor(&t, "d", NULL, 0, reduce(&t, RED_SUM, &e, 1, n_j, SETIR_NONE));
    mtx_structure s;
    water(&s);
    assert_near(scalar_of(t.p, d, &s), 2 * 1 + 2 * 2, EXACT); /* O-H: H has 1; H-O: O has 2; twice each */
    mtx_structure_free(&s);
    bench_free(&t);
}

/* sum b: d(b) * (sum b: d(b)), both sums over the same variable: the outer value survives the inner sum */
static void a_variable_may_be_bound_again_inside(void **state)
{
    (void)state;
    bench t;
    bench_init(&t, 0);
    ivar_id i = over(&t, "i", t.atom);
    node_id q = real1(&t, OP_PROTONS, field(&t, t.Z, at(&t, i)));
    node_id inner = reduce(&t, RED_SUM, &i, 1, q, SETIR_NONE);
    def_id left =
        tensor(&t, "left", NULL, 0, reduce(&t, RED_SUM, &i, 1, real2(&t, OP_SUB, q, inner), SETIR_NONE));
    mtx_structure s;
    water(&s);
    assert_near(scalar_of(t.p, left, &s), 10 - 3 * 10, EXACT);
    mtx_structure_free(&s);
    bench_free(&t);
}

static void missing_elements_are_errors(void **state)
{
    (void)state;
    bench t;
    bench_init(&t, 0);
    node_id first =
        program_node(t.p, OP_INDEX_CONST, elem_index(t.atom), NULL, 0, &(node_imm){.set = t.atom}, nowhere);
    def_id d = tensor(&t, "d", NULL, 0, real1(&t, OP_PROTONS, field(&t, t.Z, first)));
    mtx_structure s;
    structure_of(&s, 0, NULL, NULL);
    const mtx_structure *frame = &s;
    mtx_batch *batch = mtx_batch_new();
    interp *x = interp_new(t.p);
    assert_int_equal(interp_prepare(t.p, &frame, 1, batch, NULL), MTX_OK);
    interp_bind(x, mtx_batch_view(batch), 0);
    double out;
    mtx_problem problem;
    assert_int_equal(interp_def(x, d, &out, &problem), MTX_EDATA);
    assert_string_equal(problem.message, "an element beyond the end of its set");
    interp_free(x);
    mtx_batch_free(batch);
    mtx_structure_free(&s);
    bench_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(coulomb_matrix_of_water),
        cmocka_unit_test(sorting_rows_follows_their_norm),
        cmocka_unit_test(padding_fills_with_zeros),
        cmocka_unit_test(pair_sums_of_diamond),
        cmocka_unit_test(triplets_of_diamond),
        cmocka_unit_test(pairs_between_two_atoms),
        cmocka_unit_test(filters_and_empty_rows),
        cmocka_unit_test(batches_with_an_empty_frame),
        cmocka_unit_test(computed_cutoff),
        cmocka_unit_test(cells_fractions_and_nearest_images),
        cmocka_unit_test(tensor_algebra),
        cmocka_unit_test(channels_spread_scalars),
        cmocka_unit_test(nested_tensors_and_substitution),
        cmocka_unit_test(rows_follow_a_substitution),
        cmocka_unit_test(a_variable_may_be_bound_again_inside),
        cmocka_unit_test(missing_elements_are_errors),
    };
    if (setjmp(test_landing)) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
