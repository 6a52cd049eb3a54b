/* SPDX-License-Identifier: Apache-2.0
 *
 * test_gradients.c: the law of derivatives on random programs: one number of random expressions, its
 * derivatives by everything that it can be derived by, written out and evaluated on structures and on their
 * images. A wrong rule is caught. MTX_GRADIENTS: how many programs, MTX_LAW_FIRST: first seed.
 */
#include "check.h"

#include "ad.h"
#include "gen_law_program.c"
#include "related.c"

enum { PROGRAMS = 400 * LAW_TIMES, DRAWS = 4, NAMED = 3, TRAINED = 3, KINDS = 3 + NAMED + TRAINED, MOST = 27 };

/* a number over nothing that varies with much: a sum over atoms or pairs of random things */
static def_id random_number(gen *g)
{
    g->n_var = 0;
    g->depth = 0;
    g->work = 1;
    node_id body = pick(g, 6) ? reduce(g, real, pick(g, 4) ? RED_SUM : (reduction)pick(g, 5)) : real(g);
    if (body == SETIR_NONE) body = real(g);
    if (pick(g, 3) == 0) body = like(g, body, real);
    def d = {.lib_arg = SETIR_NONE, .body = body, .elem = elem_real(0)};
    return add_tensor(g, d, NULL, 0);
}

/* a number or vector for each element of a set or two */
static def_id random_table(gen *g)
{
    const set_id sets[] = {g->atom[0], g->atom[0], g->bond[0], g->axis[0], g->range, g->kinds, g->atom[1]};
    ivar_id v[2];
    uint32_t n = 0, want = 1 + (pick(g, 5) == 0);
    g->n_var = 0;
    g->depth = 0;
    g->work = 1;
    for (int tries = 0; tries < 8 && n < want; tries++) {
        set_id s = sets[pick(g, 7)];
        if (s == SETIR_NONE || g->work * size_of(g, s) > 60) continue;
        g->work *= size_of(g, s);
        v[n++] = open_plain(g, s);
    }
    node_id body = pick(g, 3) ? reduce(g, real, RED_SUM) : pick(g, 2) ? vector(g) : real(g);
    if (body == SETIR_NONE) body = real(g);
    def d = {.lib_arg = SETIR_NONE, .body = body, .elem = g->p->nodes.at[body].elem};
    if (d.elem.channels) d.body = make(g, OP_CHANNEL_GET), d.elem = elem_real(0);
    return d.body == SETIR_NONE ? random_number(g) : add_tensor(g, d, v, n);
}

/* what a derivative is taken by, with its type and sets */
typedef struct moving {
    wrt by;
    elem type;
    set_id over[2];
    uint32_t n;
} moving;

static int everything(const gen *g, uint32_t s, moving *m)
{
    int n = 0;
    for (int f = 0; f < F_COUNT && n < MOST - KINDS; f++) {
        input_id in = g->field[s][f];
        const input *d = in == SETIR_NONE ? NULL : &g->p->inputs.at[in];
        if (!d || d->elem.kind != ELEM_REAL) continue;
        m[n] = (moving){{.kind = WRT_INPUT, .slot = s, .input = in, .set = SETIR_NONE}, d->elem, {0}, d->n_domain};
        for (uint32_t k = 0; k < d->n_domain; k++) m[n].over[k] = d->domain[k];
        n++;
    }
    if (g->p->slots.at[s].axes) {
        m[n++] = (moving){{.kind = WRT_STRAIN, .slot = s, .input = SETIR_NONE, .set = SETIR_NONE}, elem_real(2), {0}, 0};
        m[n++] = (moving){{.kind = WRT_CELL, .slot = s, .input = SETIR_NONE, .set = SETIR_NONE},
                          elem_real(1), {g->axis[s]}, 1};
    }
    for (uint32_t k = 0; k < g->named && k < NAMED; k++)
        m[n++] = (moving){{.kind = WRT_NAMED, .slot = SETIR_NONE, .input = SETIR_NONE, .set = SETIR_NONE,
                           .named = GEN_NAMED + g->named - 1 - k}, elem_real(0), {0}, 0};
    for (uint32_t k = 0; k < g->p->params.n && k < TRAINED; k++) { /* the latest are those of the number itself */
        param_id id = g->p->params.n - 1 - k;
        const parameter *w = &g->p->params.at[id];
        m[n] = (moving){{.kind = WRT_PARAM, .slot = SETIR_NONE, .input = SETIR_NONE, .set = SETIR_NONE, .param = id}, w->elem, {0}, w->n_domain};
        for (uint32_t j = 0; j < w->n_domain; j++) m[n].over[j] = w->domain[j];
        n++;
    }
    m[n++] = (moving){{.kind = WRT_PAIRS, .slot = s, .input = SETIR_NONE, .set = g->bond[s]},
                      elem_real(1), {g->bond[s]}, 1};
    return n;
}

/* a random tensor over the same sets and of the same type */
static def_id direction(gen *g, const moving *m)
{
    ivar_id v[2];
    g->n_var = 0;
    g->depth = 0;
    g->work = 1;
    for (uint32_t k = 0; k < m->n; k++) v[k] = open_plain(g, m->over[k]);
    node_id body = m->type.rank == 2 ? tensor2(g) : m->type.rank == 1 ? vector(g) : real(g);
    if (m->type.channels || m->by.kind == WRT_CELL) body = SETIR_NONE;
    if (body == SETIR_NONE || !elem_equal(g->p->nodes.at[body].elem, m->type)) return SETIR_NONE;
    def d = {.lib_arg = SETIR_NONE, .body = body, .elem = m->type};
    return add_tensor(g, d, v, m->n);
}

/* of a number, of a table, or along a direction; SETIR_NONE where that is not well typed */
static def_id derivative(gen *g, lib_op lib, def_id of, const moving *m)
{
    const def a = g->p->defs.at[of];
    def d = {.lib = lib, .lib_arg = of, .elem = lib == LIB_ALONG ? a.elem : m->type, .body = SETIR_NONE, .wrt = m->by};
    d.along = lib == LIB_ALONG ? direction(g, m) : SETIR_NONE;
    bool fits = lib == LIB_GRAD || (!a.elem.channels && (lib == LIB_ALONG || a.elem.rank + m->type.rank <= 2));
    fits = fits && !(lib == LIB_JACOBIAN && (m->type.channels || m->n > 1));
    if (!fits || (lib == LIB_ALONG && d.along == SETIR_NONE))
        return SETIR_NONE;
    if (lib == LIB_JACOBIAN) d.elem = elem_real(a.elem.rank + m->type.rank);
    uint32_t n = 0, row = SETIR_NONE;
    if (lib == LIB_JACOBIAN && m->by.kind == WRT_PAIRS) row = program_pair_param(g->p, &a, m->by.set);
    ivar_id v[4];
    g->n_var = 0;
    for (uint32_t k = 0; k < a.n_param; k++) {
        set_id s = k == row ? m->by.set : g->p->ivars.at[a.param[k]].set;
        v[n++] = open_plain(g, s);
    }
    for (uint32_t k = 0; k < m->n && lib != LIB_ALONG && row == SETIR_NONE; k++) v[n++] = open_plain(g, m->over[k]);
    return add_tensor(g, d, v, n);
}

/* the derivatives of one number or table by one structure; what is refused is refused for all, so by pairs apart */
static int derivatives(gen *g, uint64_t seed, def_id *made)
{
    static const lib_op kinds[] = {LIB_GRAD, LIB_GRAD, LIB_JACOBIAN, LIB_ALONG, LIB_ALONG};
    lib_op lib = kinds[seed % 5];
    def_id of = lib == LIB_JACOBIAN || seed % 5 == 3 ? random_table(g) : random_number(g);
    moving m[MOST];
    int n = 0, most = everything(g, g->p->slots.n > 1 ? (uint32_t)pick(g, 2) : 0, m);
    bool pairs = lib == LIB_JACOBIAN && pick(g, 2);
    for (int k = 0; k < most; k++) {
        if (lib == LIB_JACOBIAN && pairs != (m[k].by.kind == WRT_PAIRS)) continue;
        made[n] = derivative(g, lib, of, &m[k]);
        n += made[n] != SETIR_NONE;
    }
    return n;
}

typedef struct counts { long programs, refused, tensors; tally t; } counts;
typedef void (*spoiler)(const program *p, law_result *laws);

static void verified(const program *p, uint64_t seed)
{
    text problem;
    text_init(&problem);
    if (!program_verify(p, &problem)) {
        dump(p);
        fail_msg("seed %lu: %s", (unsigned long)seed, problem.s);
    }
    text_free(&problem);
}

static void one_program(uint64_t seed, counts *c, spoiler spoil)
{
    static jmp_buf landing;
    arena a;
    arena_init(&a, &landing);
    if (setjmp(landing)) fail_msg("memory");
    gen g;
    gen_start(&g, &a, seed, (gen_kind)(seed % 7 < 5 ? GEN_CRYSTAL : GEN_ANY));
    if (pick(&g, 2)) gen_tensors(&g, 1);
    g.naming = pick(&g, 2);
    def_id made[MOST];
    int n = derivatives(&g, seed, made);
    verified(g.p, seed);
    diag_sink sink;
    diag_sink_init(&sink, &a);
    law_result *laws = law_infer(&a, g.p, &sink);
    if (spoil) spoil(g.p, laws);
    program *p = ad_expand(&a, g.p, &sink);
    world w;
    c->programs++;
    c->refused += p == NULL;
    if (p) verified(p, seed);
    if (p && world_open(&w, p, laws)) {
        for (uint64_t k = 0; k < DRAWS && !(spoil && c->t.wrong); k++) {
            symmetry sym = (symmetry)((seed * DRAWS + k) % SYM_COUNT);
            if (k == 0 && spoil) sym = SYM_SUPERCELL;
            if (!world_draw(&w, sym, (sample_shape)((seed + k) % SAMPLE_SHAPES), seed * 31 + k)) continue;
            for (int j = 0; j < n; j++) {
                c->tensors++;
                if (!holds(&w, made[j], &c->t) && !spoil) {
                    static const char *const by[] = {"a field", "strain", "lattice", "pairs", "a constant", "a parameter"};
                    const wrt *r = &g.p->defs.at[made[j]].wrt;
                    complain(&w, made[j], r->kind == WRT_INPUT ? g.p->inputs.at[r->input].id : by[r->kind], sym, seed);
                }
            }
        }
        world_close(&w);
    }
    arena_free(&a);
}

static void test_random_gradients(void **state)
{
    (void)state;
    counts c = {0};
    uint64_t first = (uint64_t)setting("MTX_LAW_FIRST", 1);
    long most = setting("MTX_GRADIENTS", PROGRAMS);
    for (uint64_t seed = first; c.programs < most; seed++) one_program(seed, &c, NULL);
    printf("%ld numbers (%ld without derivative rules), %ld derivatives looked at, %ld said to be exact: %ld related, "
           "%ld unclear, %ld false\n", c.programs, c.refused, c.tensors, c.t.exact, c.t.checked, c.t.unclear,
           c.t.wrong);
    assert_int_equal(c.t.wrong, 0);
    assert_true(c.t.checked > 5 * most);
}

/* ------------------------------------------------------------------------------------ wrong rules */

static bool is_gradient(const program *p, def_id d)
{
    return lib_is_derivative(p->defs.at[d].lib);
}

/* what belongs to the whole structure counts as what belongs to an atom */
static void shared_like_atoms(const program *p, law_result *laws)
{
    for (def_id d = 0; d < p->defs.n; d++)
        if (is_gradient(p, d) && p->defs.at[d].wrt.kind == WRT_INPUT && p->defs.at[d].n_param == 0)
            laws->def[d].size[p->defs.at[d].wrt.slot] =
                rational_add(laws->def[d].size[p->defs.at[d].wrt.slot], (rational){-1, 1});
}

/* derivatives by atoms grow as the number does */
static void not_shared(const program *p, law_result *laws)
{
    for (def_id d = 0; d < p->defs.n; d++)
        if (is_gradient(p, d) && p->defs.at[d].wrt.kind == WRT_INPUT && p->defs.at[d].n_param == 1)
            laws->def[d].size[p->defs.at[d].wrt.slot] = laws->def[p->defs.at[d].lib_arg].size[p->defs.at[d].wrt.slot];
}

/* a pseudo field's derivative is an ordinary one */
static void without_parity(const program *p, law_result *laws)
{
    for (def_id d = 0; d < p->defs.n; d++)
        if (is_gradient(p, d)) laws->def[d].odd = laws->def[p->defs.at[d].lib_arg].odd;
}

/* everything that the number loses is kept */
static void without_status(const program *p, law_result *laws)
{
    for (def_id d = 0; d < p->defs.n; d++)
        for (int g = 0; g < SYM_COUNT && is_gradient(p, d); g++) laws->def[d].status[g].level = LAW_EXACT;
}

static void test_wrong_gradients(void **state)
{
    (void)state;
    static const struct { const char *name; spoiler spoil; } wrong[] = {
        {"a shared field counts as an atom's", shared_like_atoms},
        {"derivatives by atoms grow", not_shared},
        {"parity forgotten", without_parity},
        {"statuses forgotten", without_status},
    };
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
        counts c = {0};
        for (uint64_t seed = 1; c.programs < 10 * PROGRAMS && !c.t.wrong; seed++) one_program(seed, &c, wrong[k].spoil);
        printf("%s: caught after %ld programs\n", wrong[k].name, c.programs);
        if (!c.t.wrong) fail_msg("%s: not caught", wrong[k].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_gradients),
                                       cmocka_unit_test(test_wrong_gradients)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
