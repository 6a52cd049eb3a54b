/* SPDX-License-Identifier: Apache-2.0
 *
 * Batches: what mtx_prepare makes of structures (positions, fields in base units, cells, sets) and what it
 * refuses; the sparse graph of a defect pair against its published distances; no allocation in steady state.
 */
#include "build.h"

static mtx_status prepare(const program *p, const mtx_structure *const *frames, int64_t nb, mtx_batch *b,
                          mtx_problem *problem)
{
    memset(problem, 0, sizeof *problem);
    return interp_prepare(p, frames, nb, b, problem);
}

static input_id add_field(bench *t, const char *id, elem e, double scale, bool per_site, const char *key)
{
    set_id *domain = arena_copy(&t->memory, &t->atom, sizeof t->atom);
    return program_input(t->p, (input){.role = IN_FIELD,
                                       .slot = 0,
                                       .id = test_name(t, id),
                                       .elem = e,
                                       .scale = scale,
                                       .domain = domain,
                                       .n_domain = per_site,
                                       .from = per_site ? 2 : 1,
                                       .key = test_name(t, key)});
}

/* -------------------------------------------------------------------------------------- structures, cells */

static void structures_are_concatenated(void **state)
{
    (void)state;
    bench t;
    bench_init(&t, 0);
    mtx_structure a, b;
    water(&a);
    structure_of(&b, 1, (const double[][3]){{7, 8, 9}}, (int32_t[]){42});
    const mtx_structure *frames[4] = {&a, &b, &b, &a};
    mtx_batch *batch = mtx_batch_new();
    mtx_problem problem;
    assert_int_equal(prepare(t.p, frames, 4, batch, &problem), MTX_OK);
    const mtx_view *v = mtx_batch_view(batch);
    const int64_t want[5] = {0, 3, 4, 5, 8};
    for (int k = 0; k < 5; k++) assert_int_equal(v->set[t.atom].ptr[k], want[k]);
    assert_int_equal(v->set[t.atom].max_frame, 3);
    const double *r = v->input[t.r];
    const int32_t *Z = v->input[t.Z];
    assert_true(r[3 * 4 + 2] == 9 && r[3 * 6 + 1] == .7572 && Z[3] == 42 && Z[5] == 8);
    assert_int_equal((uintptr_t)r % 64, 0);
    assert_int_equal(prepare(t.p, NULL, 0, batch, &problem), MTX_OK);
    assert_int_equal(mtx_batch_view(batch)->set[t.atom].n, 0);
    mtx_batch_free(batch);
    mtx_structure_free(&a);
    mtx_structure_free(&b);
    bench_free(&t);
}

static void layers_have_areas_and_wires_lengths(void **state)
{
    (void)state;
    const double cell[3][3] = {{3, 0, 0}, {1, 2, 0}, {0, .5, 20}};
    const uint8_t axes[3] = {3, 4, 7};
    const double want[3] = {6, sqrt(20 * 20 + .25), 120};
    for (int k = 0; k < 3; k++) {
        bench t;
        bench_init(&t, axes[k]);
        mtx_structure s;
        structure_of(&s, 1, (const double[][3]){{0, 0, 0}}, (int32_t[]){6});
        periodic(&s, cell, 7);
        const mtx_structure *frame = &s;
        mtx_batch *batch = mtx_batch_new();
        mtx_problem problem;
        assert_int_equal(prepare(t.p, &frame, 1, batch, &problem), MTX_OK);
        const double *c = mtx_batch_view(batch)->cell[0];
        assert_near(c[18], want[k], ROUNDING);
        assert_near(c[19], k == 0 ? 2 : k == 1 ? 1 : 3, EXACT);
        for (int i = 0; i < 9; i++) { /* rows times inverse: the unit matrix */
            double sum = 0;
            for (int m = 0; m < 3; m++) sum += c[i / 3 * 3 + m] * c[9 + 3 * m + i % 3];
            assert_near(sum, i % 4 == 0, ROUNDING);
        }
        mtx_batch_free(batch);
        mtx_structure_free(&s);
        bench_free(&t);
    }
}

static void refuse(uint8_t axes, int pbc, double x, int32_t Z, mtx_status want, const char *code,
                   int64_t atom)
{
    bench t;
    bench_init(&t, axes);
    mtx_structure good, bad;
    structure_of(&good, 2, (const double[][3]){{0, 0, 0}, {1, 0, 0}}, (int32_t[]){1, 1});
    structure_of(&bad, 2, (const double[][3]){{0, 0, 0}, {x, 0, 0}}, (int32_t[]){1, Z});
    const double cell[3][3] = {{5, 0, 0}, {0, 5, 0}, {0, 0, 5}};
    periodic(&good, cell, axes);
    periodic(&bad, cell, pbc);
    bad.frame = 17;
    const mtx_structure *frames[2] = {&good, &bad};
    mtx_batch *batch = mtx_batch_new();
    mtx_problem problem;
    assert_int_equal(prepare(t.p, frames, 2, batch, &problem), want);
    assert_string_equal(problem.code, code);
    if (want != MTX_OK) assert_int_equal(problem.frame, 17);
    if (atom >= 0) assert_int_equal(problem.atom, atom);
    mtx_batch_free(batch);
    mtx_structure_free(&good);
    mtx_structure_free(&bad);
    bench_free(&t);
}

static void unusable_structures_are_refused(void **state)
{
    (void)state;
    refuse(0, 0, 1, 1, MTX_OK, "", -1);
    refuse(0, 1, 1, 1, MTX_EDATA, "E0661", -1); /* a periodic structure as a molecule */
    refuse(3, 7, 1, 1, MTX_OK, "", -1);         /* a layer ignores the third direction */
    refuse(3, 1, 1, 1, MTX_EDATA, "E0660", -1);
    refuse(7, 3, 1, 1, MTX_EDATA, "E0660", -1);
    refuse(7, 7, NAN, 1, MTX_EDATA, "E0612", 1);
    refuse(7, 7, -INFINITY, 1, MTX_EDATA, "E0612", 1);
    refuse(0, 0, 1, 0, MTX_EDATA, "E0613", 1);
    refuse(0, 0, 1, 119, MTX_EDATA, "E0613", 1);
}

/* ------------------------------------------------------------------------------------------------- fields */

static void fields_come_in_base_units(void **state)
{
    (void)state;
    bench t;
    bench_init(&t, 0);
    input_id gap = add_field(&t, "gap", elem_real(0), 0.001, false, "band_gap");
    input_id push = add_field(&t, "push", elem_real(1), 2, true, "forces");
    input_id kind = add_field(&t, "kind", elem_species(), 1, true, "was");
    input_id held = add_field(&t, "held", elem_bool(), 1, true, "fixed");
    mtx_structure s[2];
    for (int f = 0; f < 2; f++) {
        water(&s[f]);
        mtx_structure_add_info(&s[f], "other", MTX_COL_REAL, 1);
        mtx_structure_add_info(&s[f], "band_gap", MTX_COL_REAL, 1)->real[0] = 500 + f;
        mtx_column *c = mtx_structure_add_column(&s[f], "forces", MTX_COL_REAL, 3);
        for (int k = 0; k < 9; k++) c->real[k] = k + 100 * f;
        c = mtx_structure_add_column(&s[f], "was", f ? MTX_COL_INT : MTX_COL_TEXT, 1);
        for (int k = 0; k < 3; k++) {
            if (f)
                c->real[k] = 42;
            else
                c->text[k] = strcpy(malloc(3), "Mo");
        }
        mtx_structure_add_column(&s[f], "fixed", MTX_COL_BOOL, 1)->real[2] = 1;
    }
    const mtx_structure *frames[2] = {&s[0], &s[1]};
    mtx_batch *batch = mtx_batch_new();
    mtx_problem problem;
    if (prepare(t.p, frames, 2, batch, &problem) != MTX_OK) fail_msg("%s", problem.message);
    const mtx_view *v = mtx_batch_view(batch);
    assert_near(((const double *)v->input[gap])[1], 0.501, ROUNDING);
    assert_near(((const double *)v->input[push])[9 + 4], 208, ROUNDING);
    for (int k = 0; k < 6; k++) assert_int_equal(((const int32_t *)v->input[kind])[k], 42);
    assert_near(((const double *)v->input[held])[5], 1, EXACT);
    mtx_batch_free(batch);
    mtx_structure_free(&s[0]);
    mtx_structure_free(&s[1]);
    bench_free(&t);
}

enum fault { NO_KEY, WRONG_TYPE, WRONG_WIDTH, NOT_FINITE, NOT_ELEMENT };

static void refuse_field(enum fault fault, const char *code, int64_t atom)
{
    bench t;
    bench_init(&t, 0);
    add_field(&t, "q", fault == NOT_ELEMENT ? elem_species() : elem_real(0), 1, true, "charge");
    mtx_structure s;
    water(&s);
    s.frame = 3;
    mtx_column *c =
        mtx_structure_add_column(&s, fault == NO_KEY ? "charges" : "charge",
                                 fault == WRONG_TYPE || fault == NOT_ELEMENT ? MTX_COL_TEXT : MTX_COL_REAL,
                                 fault == WRONG_WIDTH ? 2 : 1);
    if (c->text)
        for (int k = 0; k < 3; k++) c->text[k] = strcpy(malloc(3), k < 2 ? "H" : "Qq");
    else
        c->real[1] = fault == NOT_FINITE ? NAN : 0;
    const mtx_structure *frame = &s;
    mtx_batch *batch = mtx_batch_new();
    mtx_problem problem;
    assert_int_equal(prepare(t.p, &frame, 1, batch, &problem), MTX_EDATA);
    assert_string_equal(problem.code, code);
    assert_string_equal(problem.field, "charge");
    assert_int_equal(problem.frame, 3);
    assert_int_equal(problem.atom, atom);
    if (fault == NO_KEY) assert_non_null(strstr(problem.help, "charges"));
    mtx_batch_free(batch);
    mtx_structure_free(&s);
    bench_free(&t);
}

static void unusable_fields_are_refused(void **state)
{
    (void)state;
    refuse_field(NO_KEY, "E0616", -1);
    refuse_field(WRONG_TYPE, "E0617", -1);
    refuse_field(WRONG_WIDTH, "E0618", -1);
    refuse_field(NOT_FINITE, "E0612", 1);
    refuse_field(NOT_ELEMENT, "E0613", 2);
}

static void cutoffs_must_come_out_positive(void **state)
{
    (void)state;
    bench t;
    bench_init(&t, 0);
    node_id count = program_node(t.p, OP_COUNT, elem_real(0), NULL, 0, &(node_imm){.set = t.atom}, nowhere);
    pairs_of(&t, t.atom, real2(&t, OP_SUB, num(&t, 3), count)); /* 0 for three atoms */
    mtx_structure a, b;
    water(&a);
    structure_of(&b, 1, (const double[][3]){{7, 8, 9}}, (int32_t[]){42});
    const mtx_structure *frames[2] = {&b, &a};
    mtx_batch *batch = mtx_batch_new();
    mtx_problem problem;
    assert_int_equal(prepare(t.p, frames, 2, batch, &problem), MTX_EDATA);
    assert_string_equal(problem.code, "E0662");
    assert_int_equal(problem.frame, 1);
    assert_string_equal(problem.message, "the cutoff of `bond` is 0 here");
    mtx_batch_free(batch);
    mtx_structure_free(&a);
    mtx_structure_free(&b);
    bench_free(&t);
}

/* ----------------------------------------------------------------------------------------- sparse defects */

/* MoS2: one cell, or 8 x 8 with the atoms within 0.01 of the listed fractional places left out */
static void disulfide(mtx_structure *s, int tiles, const double (*vacant)[3], int n_vacant)
{
    const double a = 3.1903157, c = 14.879004,
                 f[3][3] = {{1. / 3, 2. / 3, .25}, {2. / 3, 1. / 3, .144826}, {2. / 3, 1. / 3, .355174}};
    const double row[3][3] = {{a, 0, 0}, {-a / 2, a * sqrt(3) / 2, 0}, {0, 0, c}};
    double(*r)[3] = calloc((size_t)(3 * tiles * tiles), sizeof *r), cell[3][3];
    int32_t *Z = calloc((size_t)(3 * tiles * tiles), sizeof *Z);
    int64_t n = 0;
    for (int k = 0; k < 3 * tiles * tiles; k++) {
        const double g[3] = {(f[k % 3][0] + k / 3 % tiles) / tiles, (f[k % 3][1] + k / 3 / tiles) / tiles,
                             f[k % 3][2]};
        bool left_out = false;
        for (int v = 0; v < n_vacant; v++)
            left_out |=
                fabs(g[0] - vacant[v][0]) + fabs(g[1] - vacant[v][1]) + fabs(g[2] - vacant[v][2]) < .01;
        if (left_out) continue;
        for (int m = 0; m < 3; m++)
            r[n][m] = tiles * (g[0] * row[0][m] + g[1] * row[1][m]) + g[2] * row[2][m];
        Z[n++] = k % 3 ? 16 : 42;
    }
    structure_of(s, n, (const double(*)[3])r, Z);
    for (int k = 0; k < 9; k++) cell[k / 3][k % 3] = row[k / 3][k % 3] * (k < 6 ? tiles : 1);
    periodic(s, (const double(*)[3])cell, 7);
    free(r);
    free(Z);
}

static void two_vacancies_as_a_sparse_graph(void **state)
{
    (void)state;
    bench t;
    bench_init(&t, 3);
    program *p = t.p;
    set_id sample = program_set(p, (set){.kind = SET_BASE,
                                         .slot = 1,
                                         .parent = SETIR_NONE,
                                         .host = SETIR_NONE,
                                         .sample = SETIR_NONE,
                                         .cutoff = SETIR_NONE});
    set_id *domain = arena_copy(&t.memory, &sample, sizeof sample);
    input_id r = program_input(
        p, (input){.role = IN_POSITION, .slot = 1, .elem = elem_real(1), .domain = domain, .n_domain = 1});
    input_id Z = program_input(
        p, (input){.role = IN_SPECIES, .slot = 1, .elem = elem_species(), .domain = domain, .n_domain = 1});
    slot second = {.axes = 3, .base = sample, .position = r, .species = Z};
    vec_push(&t.memory, &p->slots, second);
    set_id spot = program_set(p, (set){.kind = SET_DIFFER,
                                       .slot = 1,
                                       .parent = SETIR_NONE,
                                       .host = t.atom,
                                       .sample = sample,
                                       .cutoff = SETIR_NONE});
    set_id edge = pairs_of(&t, spot, num(&t, 13));
    p->sets.at[edge].slot = 1;
    ivar_id v = over(&t, "p", spot), w = over(&t, "q", spot), e = over(&t, "e", edge),
            g = over(&t, "g", edge);
    node_id vacancy =
        program_node(p, OP_SPECIES_CONST, elem_species(), NULL, 0, &(node_imm){.k = 0}, nowhere);
    def_id was = tensor(&t, "was", &v, 1,
                        field(&t, t.Z, node_1(p, OP_SPOT_HOST, elem_index(t.atom), at(&t, v), nowhere)));
    def_id now = tensor(&t, "now", &w, 1,
                        program_node(p, OP_LOOKUP, elem_species(), (node_id[]){at(&t, w), vacancy}, 2,
                                     &(node_imm){.input = Z}, nowhere));
    def_id len =
        tensor(&t, "len", &e, 1, real1(&t, OP_NORM, node_1(p, OP_PAIR_D, elem_real(1), at(&t, e), nowhere)));
    node_id d = node_1(p, OP_PAIR_D, elem_real(1), at(&t, g), nowhere);
    def_id rise = tensor(&t, "rise", &g, 1,
                         program_node(p, OP_COMP, elem_real(0), &d, 1, &(node_imm){.k = 2}, nowhere));
    mtx_structure host, s;
    disulfide(&host, 1, NULL, 0);
    disulfide(&s, 8, (const double[][3]){{.583333, .416667, .355174}, {.708333, .291667, .144826}}, 2);
    assert_int_equal(s.n, 190);
    for (int64_t k = 0; k < s.n; k++) s.r[k][0] += 1.7;      /* registration finds a rigid shift */
    const mtx_structure *frames[4] = {&host, &host, &s, &s}; /* slots, then frames */
    int64_t n;
    double *a = values_at(p, was, 1, &n, frames, 2), *b = values_at(p, now, 1, &n, frames, 2);
    assert_int_equal(n, 2);
    assert_true(a[0] == 16 && a[1] == 16 && b[0] == 0 && b[1] == 0);
    double *l = values_at(p, len, 1, &n, frames, 2), *z = values_at(p, rise, 1, &n, frames, 2);
    assert_int_equal(n, 2); /* none through the vacuum */
    assert_near(l[0], 6.351, 5e-4);
    assert_near(fabs(z[0]), 3.130, 5e-4);
    assert_near(z[0] + z[1], 0, ROUNDING);
    free(a);
    free(b);
    free(l);
    free(z);
    mtx_structure_free(&host);
    mtx_structure_free(&s);
    bench_free(&t);
}

/* --------------------------------------------------------------------------------------------------- sets */

static void reciprocal_vectors_of_a_cube(void **state)
{
    (void)state;
    bench t;
    bench_init(&t, 7);
    const double b = 2 * acos(-1) / 4;
    set_id g = program_set(t.p, (set){.kind = SET_RECIP,
                                      .id = test_name(&t, "g"),
                                      .parent = SETIR_NONE,
                                      .host = SETIR_NONE,
                                      .sample = SETIR_NONE,
                                      .cutoff = num(&t, b * 1.5)});
    ivar_id k = over(&t, "k", g), m = over(&t, "m", g);
    node_id norm = real1(&t, OP_NORM, node_1(t.p, OP_RECIP_K, elem_real(1), at(&t, k), nowhere));
    def_id sum = tensor(&t, "sum", NULL, 0, reduce(&t, RED_SUM, &k, 1, power(&t, norm, 2), SETIR_NONE));
    node_id where =
        program_node(t.p, OP_CONST, elem_real(1), NULL, 0, &(node_imm){.value = {2, 0, 0}}, nowhere);
    node_id wave = real1(&t, OP_COS, node_2(t.p, OP_PHASE, elem_real(0), at(&t, m), where, nowhere));
    def_id waves = tensor(&t, "waves", NULL, 0, reduce(&t, RED_SUM, &m, 1, wave, SETIR_NONE));
    mtx_structure s;
    structure_of(&s, 1, (const double[][3]){{0, 0, 0}}, (int32_t[]){6});
    periodic(&s, (const double[3][3]){{4, 0, 0}, {0, 4, 0}, {0, 0, 4}}, 7);
    assert_near(scalar_of(t.p, sum, &s), (6 * 1 + 12 * 2) * b * b, ROUNDING);
    assert_near(scalar_of(t.p, waves, &s), (4 - 2) + (4 - 8), ROUNDING); /* (100): 4 - 2, (110): 4 - 8 */
    mtx_structure_free(&s);
    bench_free(&t);
}

static void steady_state_keeps_its_buffers(void **state)
{
    (void)state;
    bench t;
    bench_init(&t, 7);
    set_id bond = pairs_of(&t, t.atom, num(&t, 5));
    mtx_structure s;
    silicon(&s, 5.431);
    const mtx_structure *frames[3] = {&s, &s, &s};
    mtx_batch *batch = mtx_batch_new();
    mtx_problem problem;
    assert_int_equal(prepare(t.p, frames, 3, batch, &problem), MTX_OK);
    const mtx_view *v = mtx_batch_view(batch);
    const void *r = v->input[t.r], *x = v->set[bond].x, *c = v->cell[0];
    const int64_t pairs = v->set[bond].n, longest = v->set[bond].max_row;
    for (int64_t nb = 3; nb > 0; nb--) {
        assert_int_equal(prepare(t.p, frames, nb, batch, &problem), MTX_OK);
        assert_ptr_equal(v->input[t.r], r);
        assert_ptr_equal(v->set[bond].x, x);
        assert_ptr_equal(v->cell[0], c);
        assert_int_equal(v->set[bond].n, pairs / 3 * nb);
        assert_int_equal(v->set[bond].max_row, longest);
        assert_int_equal(v->set[bond].max_frame, pairs / 3);
    }
    mtx_batch_free(batch);
    mtx_structure_free(&s);
    bench_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(structures_are_concatenated),
        cmocka_unit_test(layers_have_areas_and_wires_lengths),
        cmocka_unit_test(unusable_structures_are_refused),
        cmocka_unit_test(fields_come_in_base_units),
        cmocka_unit_test(unusable_fields_are_refused),
        cmocka_unit_test(cutoffs_must_come_out_positive),
        cmocka_unit_test(two_vacancies_as_a_sparse_graph),
        cmocka_unit_test(reciprocal_vectors_of_a_cube),
        cmocka_unit_test(steady_state_keeps_its_buffers),
    };
    if (setjmp(test_landing)) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
