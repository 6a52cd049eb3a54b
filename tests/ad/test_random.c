/* SPDX-License-Identifier: Apache-2.0
 *
 * Random programs differentiated. Each gets a number made of its tensors and the derivatives of that by positions,
 * strain, a field of numbers, one of vectors, one of the structure, a constant, and two tables of parameters. By the interpreter these are
 * compared with central differences along random directions; then the kernels of both back ends with the interpreter.
 * Where differences with two steps do not agree (a kink, a jump, a change of neighbours) nothing can be said.
 * MTX_RANDOM_FIRST, MTX_RANDOM_COUNT choose others; MTX_DUMP prints the program.
 */
#define ROUNDING 1e-11 /* of derivatives; see check.h */

#include "ad.h"

#ifndef RANDOM_FIRST /* the full tier includes this file with more                         */
#define RANDOM_FIRST 1
#define RANDOM_C     24
#define RANDOM_LLVM  24
#define RANDOM_DIFFERENCES 60
#endif
#define RANDOM_PROGRAM differentiated
#define RANDOM_MAIN    compare_kernels
static program *differentiated(arena *a, uint64_t seed);
static int compare_kernels(void);
#include "../lower/test_random.c"

enum { PARTS = 3, BY = 8, TRAINED = 3, WORK_MOST = 300 };
#define STEP   1e-5
#define AGREES 1e-6 /* of derivatives and differences, relative to the largest of the program          */

typedef struct made_of { def_id energy, by[BY]; program *p; } made_of;

/* ---- the number and its derivatives -------------------------------------------------------------------- */

static bool usable(const gen *g, def_id id)
{
    const def *d = &g->p->defs.at[id];
    double size = 1;
    for (uint32_t k = 0; k < d->n_param; k++) {
        if (g->p->ivars.at[d->param[k]].row != SETIR_NONE) return false;
        size *= size_of(g, g->p->ivars.at[d->param[k]].set);
    }
    return d->elem.kind == ELEM_REAL && !d->elem.channels && !d->nested && size <= WORK_MOST;
}

/* the sum over all elements of a squashed value; vectors and tensors by their components */
static node_id sum_of(gen *g, def_id id)
{
    const def d = g->p->defs.at[id];
    ivar_id *v = arena_array(g->a, ivar_id, d.n_param + 1);
    node_id *index = arena_array(g->a, node_id, d.n_param + 1);
    for (uint32_t k = 0; k < d.n_param; k++) {
        v[k] = program_ivar(g->p, (ivar){.set = g->p->ivars.at[d.param[k]].set, .row = SETIR_NONE, .to = SETIR_NONE,
                                         .partner = SETIR_NONE});
        index[k] = var(g, v[k]);
    }
    node_id x = program_node(g->p, OP_ACCESS, d.elem, index, d.n_param, &(node_imm){.def = id}, here);
    if (d.elem.rank)
        x = program_node(g->p, OP_COMP, elem_real(0), &x, 1,
                         &(node_imm){.k = gen_pick(g, d.elem.rank == 1 ? 3 : 9)}, here);
    node_id body = squash(g, two(g, OP_MUL, num(g, 0.5), x));
    if (gen_pick(g, 3) == 0) body = two(g, OP_MUL, body, body);
    return d.n_param ? reduction_over(g, RED_SUM, v, d.n_param, body, SETIR_NONE) : body;
}

static def_id derivative_over(gen *g, def_id of, wrt by, elem e, const set_id *over, uint32_t n, const char *id)
{
    def d = {.id = gen_name(g, id), .lib = LIB_GRAD, .lib_arg = of, .wrt = by, .elem = e, .declared = e,
             .body = SETIR_NONE, .output = true, .out_scale = 1, .param = arena_array(g->a, ivar_id, n + 1)};
    for (uint32_t k = 0; k < n; k++)
        d.param[d.n_param++] = program_ivar(g->p, (ivar){.set = over[k], .row = SETIR_NONE, .to = SETIR_NONE, .partner = SETIR_NONE});
    return program_def(g->p, d);
}

static def_id derivative(gen *g, def_id of, wrt by, elem e, set_id over, const char *id)
{
    return derivative_over(g, of, by, e, &over, over != SETIR_NONE, id);
}

static def_id by_table(gen *g, def_id of, param_id table, const char *id)
{
    const parameter w = g->p->params.at[table];
    const wrt by = {.kind = WRT_PARAM, .slot = SETIR_NONE, .input = SETIR_NONE, .set = SETIR_NONE, .param = table};
    return derivative_over(g, of, by, w.elem, w.domain, w.n_domain, id);
}

static wrt by_field(input_id in)
{
    return (wrt){.kind = WRT_INPUT, .slot = 0, .input = in, .set = SETIR_NONE};
}

/* what gen_start of gen_program.c named: found again in a program that is made */
static input_id input_called(const program *p, const char *id)
{
    for (uint32_t k = 0; k < p->inputs.n; k++)
        if (p->inputs.at[k].slot == 0 && !strcmp(p->inputs.at[k].id, id)) return k;
    return SETIR_NONE;
}

static param_id param_called(const program *p, const char *id)
{
    param_id k = 0;
    while (strcmp(p->params.at[k].id, id) != 0) k++;
    return k;
}

/* what each part is multiplied by, for which derivatives are taken: a constant, or one of a table of parameters */
static node_id weight(gen *g, node_id named, param_id trained)
{
    if (gen_pick(g, 2)) return gen_pick(g, 2) ? named : num(g, gen_between(g, -1, 1));
    set_id s = g->p->params.at[trained].domain[0];
    node_id at = program_node(g->p, OP_INDEX_CONST, elem_index(s), NULL, 0, &(node_imm){.k = gen_pick(g, TRAINED), .set = s}, here);
    node_id one_of = program_node(g->p, OP_PARAM, elem_real(0), &at, 1, &(node_imm){.param = trained}, here);
    if (gen_pick(g, 2)) return one_of;
    ivar_id v = program_ivar(g->p, (ivar){.set = s, .row = SETIR_NONE, .to = SETIR_NONE, .partner = SETIR_NONE});
    node_id index = var(g, v), each = program_node(g->p, OP_PARAM, elem_real(0), &index, 1, &(node_imm){.param = trained}, here);
    return two(g, OP_ADD, one_of, reduction_over(g, RED_SUM, &v, 1, two(g, OP_MUL, each, each), SETIR_NONE));
}

static param_id trained_table(gen *g)
{
    set_id s = program_set(g->p, (set){.kind = SET_RANGE, .lo = 0, .hi = TRAINED - 1, .slot = SETIR_NONE, .parent = SETIR_NONE,
                                       .host = SETIR_NONE, .sample = SETIR_NONE, .cutoff = SETIR_NONE});
    const name w = gen_name(g, "w");
    return program_param(g->p, (parameter){.id = w, .path = w, .elem = elem_real(0), .domain = &s, .n_domain = 1, .scale = 1});
}

static node_id energy_body(gen *g, double moved, param_id trained)
{
    node_id scale = num(g, gen_between(g, 0.5, 1.5) + moved), sum = SETIR_NONE;
    node_id named = program_node(g->p, OP_NAMED, elem_real(0), &scale, 1, &(node_imm){.named = 0}, here);
    uint32_t n = g->p->defs.n;
    for (uint32_t k = n, parts = 0; k-- > 0 && parts < PARTS;) {
        if (!usable(g, k) || gen_pick(g, 4) == 0) continue;
        node_id one_of = two(g, OP_MUL, weight(g, named, trained), sum_of(g, k));
        if (gen_pick(g, 4) == 0) one_of = one(g, OP_SIN, two(g, OP_MUL, named, one_of));
        sum = sum == SETIR_NONE ? one_of : two(g, OP_ADD, sum, one_of);
        parts++;
    }
    return sum;
}

/* moved: by how much the constant is another */
static bool make_derivatives(arena *a, uint64_t seed, double moved, made_of *out)
{
    gen g = {.a = a, .state = seed * 77, .p = random_program(a, seed)};
    intern_init(&g.names, a);
    for (uint32_t k = 0; k < g.p->ivars.n; k++) /* bodies here are not symmetric, as those of unordered pairs have to be */
        g.p->ivars.at[k].unordered = false;
    param_id trained = trained_table(&g);
    node_id body = energy_body(&g, moved, trained);
    if (body == SETIR_NONE) return false;
    for (uint32_t k = 0; k < g.p->defs.n; k++) g.p->defs.at[k].output = false;
    def e = {.id = gen_name(&g, "E"), .lib_arg = SETIR_NONE, .elem = elem_real(0), .declared = elem_real(0), .body = body,
             .output = true, .out_scale = 1, .param = arena_array(a, ivar_id, 1)};
    out->energy = program_def(g.p, e);
    uint32_t last = g.p->slots.n - 1; /* a host stays as it is, its sample moves; their fields are the host's */
    set_id atoms = g.p->slots.at[0].base;
    const wrt strain = {.kind = WRT_STRAIN, .slot = 0, .input = SETIR_NONE, .set = SETIR_NONE};
    const wrt named = {.kind = WRT_NAMED, .slot = SETIR_NONE, .input = SETIR_NONE, .set = SETIR_NONE};
    bool lattice = g.p->slots.at[0].axes != 0 && !last; /* a layer's spots are not strained */
    wrt position = by_field(g.p->slots.at[last].position);
    position.slot = last;
    out->by[0] = derivative(&g, out->energy, position, elem_real(1), g.p->slots.at[last].base, "F");
    out->by[1] = lattice ? derivative(&g, out->energy, strain, elem_real(2), SETIR_NONE, "W") : SETIR_NONE;
    out->by[2] = derivative(&g, out->energy, by_field(input_called(g.p, "charge")), elem_real(0), atoms, "Q");
    out->by[3] = derivative(&g, out->energy, by_field(input_called(g.p, "dipole")), elem_real(1), atoms, "U");
    out->by[4] = derivative(&g, out->energy, by_field(input_called(g.p, "field")), elem_real(0), SETIR_NONE, "f");
    out->by[5] = derivative(&g, out->energy, named, elem_real(0), SETIR_NONE, "c");
    out->by[6] = by_table(&g, out->energy, trained, "w");
    out->by[7] = by_table(&g, out->energy, param_called(g.p, "pair"), "P");
    diag_sink sink;
    diag_sink_init(&sink, a);
    text problem;
    text_init(&problem);
    if (!program_verify(g.p, &problem)) fail_msg("seed %d: %s", (int)seed, problem.s);
    out->p = ad_expand(a, g.p, &sink);
    if (out->p && !program_verify(out->p, &problem)) fail_msg("seed %d, derivatives: %s", (int)seed, problem.s);
    text_free(&problem);
    return out->p != NULL;
}

/* the first from that seed on which has derivatives */
static made_of made_from(arena *a, uint64_t seed, double moved)
{
    made_of out;
    for (uint64_t k = 0; !make_derivatives(a, 1000 * seed + k, moved, &out); k++) continue;
    return out;
}

static program *differentiated(arena *a, uint64_t seed)
{
    return made_from(a, seed, 0).p;
}

/* ---- differences --------------------------------------------------------------------------------------- */

enum { STEPS = 6, ATOMS = 4, MOVING = 4 * ATOMS, SLOTS = 2, WEIGHTS = 16 };
static const double steps[STEPS] = {1, -1, 2, -2, 4, -4};

typedef struct direction {
    double r[3 * MOVING], q[ATOMS], u[3 * ATOMS], f, e[9], w[WEIGHTS];
} direction;
typedef struct tally {
    long compared, unclear, wrong, nothing;
} tally;

static direction random_direction(uint64_t seed)
{
    dice d = {seed};
    direction out;
    double *all[] = {out.r, out.q, out.u, out.e, &out.f, out.w};
    const int n[] = {3 * MOVING, ATOMS, 3 * ATOMS, 9, 1, WEIGHTS};
    for (int k = 0; k < 6; k++)
        for (int m = 0; m < n[k]; m++) all[k][m] = uniform(&d, -1, 1);
    for (int a = 0; a < 3; a++)
        for (int b = 0; b < a; b++) out.e[3 * a + b] = out.e[3 * b + a];
    return out;
}

static void move(const mtx_structure *from, mtx_structure *to, int by, const direction *d, double h)
{
    mtx_structure_init(to);
    mtx_structure_copy(to, from);
    mtx_column *charge = (mtx_column *)mtx_structure_column(to, "charge");
    mtx_column *dipole = (mtx_column *)mtx_structure_column(to, "dipole");
    for (int64_t i = 0; i < to->n; i++) {
        if (by == 2) charge->real[i] += h * d->q[i];
        for (int c = 0; c < 3; c++) {
            if (by == 0) to->r[i][c] += h * d->r[3 * i + c];
            if (by == 3) dipole->real[3 * i + c] += h * d->u[3 * i + c];
            for (int k = 0; k < 3 && by == 1; k++) to->r[i][c] += h * d->e[3 * c + k] * from->r[i][k];
        }
    }
    for (int row = 0; row < 3 && by == 1; row++)
        for (int c = 0; c < 3; c++)
            for (int k = 0; k < 3; k++) to->cell[row][c] += h * d->e[3 * c + k] * from->cell[row][k];
    if (by == 4) ((mtx_column *)mtx_structure_info(to, "field"))->real[0] += h * d->f;
}

/* a table of parameters that is moved, by that much along w; h == 0: none */
static struct { const char *table; const double *w; double h; } training;

static void train(const program *p, double *param)
{
    if (training.h == 0) return;
    const parameter *table = &p->params.at[param_called(p, training.table)];
    for (uint64_t k = 0; k < parameter_numbers(p, table); k++) param[table->first + k] += training.h * training.w[k];
}

/* the values of a tensor; false: the program cannot be evaluated there */
static bool values_of(const program *p, def_id id, const mtx_structure *const *s, double *out, int64_t most)
{
    mtx_batch *batch = mtx_batch_new();
    interp *x = interp_new(p);
    mtx_problem problem;
    double *param = check_params(p, batch);
    bool good = x && interp_prepare(p, s, 1, batch, &problem) == MTX_OK;
    if (good) {
        train(p, param);
        interp_bind(x, mtx_batch_view(batch), 0);
        good = interp_def_size(x, id) <= most &&
               interp_def(x, id, out, &problem) == MTX_OK;
    }
    interp_free(x);
    mtx_batch_free(batch);
    free(param);
    return good;
}

static double along(const direction *d, int by, const double *g, int64_t atoms)
{
    const double one = 1, *v = (const double *[]){d->r, d->e, d->q, d->u, &d->f, &one, d->w, d->w}[by];
    const int64_t n = (const int64_t[]){3 * atoms, 9, atoms, 3 * atoms, 1, 1, TRAINED, WEIGHTS}[by];
    double sum = 0;
    for (int64_t k = 0; k < n; k++) sum += g[k] * v[k];
    return sum;
}

/* E with another constant */
static double with_constant(uint64_t seed, double moved, const mtx_structure *const *s)
{
    arena a;
    arena_init(&a, &landing);
    made_of m = made_from(&a, seed, moved);
    double out = NAN;
    values_of(m.p, m.energy, s, &out, 1);
    arena_free(&a);
    return out;
}

/* what is moved by that: the sample's positions, the host's fields */
static uint32_t slot_moved(const made_of *m, int by)
{
    return by < 2 ? m->p->slots.n - 1 : 0;
}

static double energy_at(const made_of *m, uint64_t seed, const mtx_structure *const *s, int by, const direction *d, double h)
{
    if (by == 5) return with_constant(seed, h, s);
    mtx_structure moved;
    double out = NAN;
    if (by >= 6) {
        training.table = by == 6 ? "w" : "pair";
        training.w = d->w;
        training.h = h;
    }
    const mtx_structure *all[SLOTS] = {s[0], s[1]};
    all[slot_moved(m, by)] = &moved;
    move(s[slot_moved(m, by)], &moved, by, d, h);
    values_of(m->p, m->energy, all, &out, 1);
    mtx_structure_free(&moved);
    training.h = 0;
    return out;
}

/* differences of three widths, two extrapolations: where these are not the same nothing is known */
static void compare(const made_of *m, uint64_t seed, const mtx_structure *const *s, int by, double E, tally *t)
{
    const direction d = random_direction(seed * BY + (uint64_t)by);
    double g[3 * MOVING], slope[3];
    if (!values_of(m->p, m->by[by], s, g, 3 * MOVING)) {
        t->nothing++;
        return;
    }
    double mine = along(&d, by, g, s[slot_moved(m, by)]->n);
    for (int k = 0; k < 3; k++) {
        double up = energy_at(m, seed, s, by, &d, steps[2 * k] * STEP);
        double down = energy_at(m, seed, s, by, &d, steps[2 * k + 1] * STEP);
        slope[k] = (up - down) / (2 * steps[2 * k] * STEP);
    }
    double best = (4 * slope[0] - slope[1]) / 3, other = (4 * slope[1] - slope[2]) / 3;
    double scale = fmax(fmax(fabs(best), fabs(mine)), fmax(fabs(E), 1));
    bool known = fabs(best - other) <= 0.2 * AGREES * scale;
    bool same = fabs(best - mine) <= AGREES * scale;
    t->compared += known;
    t->unclear += !known;
    if (!known || same) return;
    t->wrong++;
    print_error("seed %d, by %d: %.12g, differences %.12g and %.12g\n", (int)seed, by, mine, best, other);
}

static void one_program(uint64_t seed, tally *t)
{
    arena a;
    arena_init(&a, &landing);
    made_of m = made_from(&a, seed, 0);
    dice d = {seed};
    mtx_structure s[SLOTS];
    const mtx_structure *all[SLOTS] = {&s[0], &s[1]};
    check_pool pool = check_elements(m.p, 0);
    check_structure(&s[0], &d, 2 + pick(&d, ATOMS - 1), m.p->slots.at[0].axes, &pool);
    check_defects(&s[1], &d, &s[0], m.p->slots.at[0].axes, 1);
    for (int64_t i = 0; i < s[1].n; i++)
        for (int c = 0; c < 3; c++) s[1].r[i][c] += uniform(&d, -0.02, 0.02);
    double E;
    long wrong = t->wrong;
    if (values_of(m.p, m.energy, all, &E, 1) && isfinite(E)) {
        for (int by = 0; by < BY; by++)
            if (m.by[by] != SETIR_NONE) compare(&m, seed, all, by, E, t);
    } else {
        t->nothing++;
    }
    if (t->wrong > wrong && getenv("MTX_DUMP")) {
        text words;
        text_init(&words);
        program_dump(m.p, &words);
        fputs(words.s, stderr);
        text_free(&words);
    }
    for (int k = 0; k < SLOTS; k++) mtx_structure_free(&s[k]);
    arena_free(&a);
}

static void derivatives_agree_with_differences(void **state)
{
    (void)state;
    tally t = {0};
    uint64_t first = (uint64_t)setting("MTX_RANDOM_FIRST", RANDOM_FIRST);
    long count = setting("MTX_RANDOM_COUNT", RANDOM_DIFFERENCES);
    for (long k = 0; k < count; k++) one_program(first + (uint64_t)k, &t);
    printf("%ld programs: %ld derivatives like differences, %ld unclear, %ld without a value, %ld wrong\n", count,
           t.compared - t.wrong, t.unclear, t.nothing, t.wrong);
    assert_int_equal(t.wrong, 0);
    assert_true(t.compared > 2 * t.unclear + count);
}

int main(void)
{
    if (setjmp(landing)) {
        print_error("memory exhausted\n");
        return 1;
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(derivatives_agree_with_differences)};
    int wrong = cmocka_run_group_tests(tests, NULL, NULL);
    return wrong + compare_kernels();
}
