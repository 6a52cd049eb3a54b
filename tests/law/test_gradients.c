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

enum { PROGRAMS = 400 * LAW_TIMES, DRAWS = 4, KINDS = 4, MOST = 24 };

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

static def_id derivative(gen *g, def_id of, wrt by, elem e, const set_id *over, uint32_t n)
{
    ivar_id v[2];
    g->n_var = 0;
    for (uint32_t k = 0; k < n; k++) v[k] = open_plain(g, over[k]);
    def d = {.lib = LIB_GRAD, .lib_arg = of, .elem = e, .body = SETIR_NONE, .wrt = by};
    return add_tensor(g, d, v, n);
}

/* derivatives of `of` by the positions, the strain, the lattice, pairs and the fields of a structure */
static int derivatives(gen *g, def_id of, uint32_t s, def_id *made)
{
    int n = 0;
    bool lattice = g->p->slots.at[s].axes != 0;
    for (int f = 0; f < F_COUNT && n < MOST - KINDS; f++) {
        input_id in = g->field[s][f];
        const input *d = in == SETIR_NONE ? NULL : &g->p->inputs.at[in];
        if (d && d->elem.kind == ELEM_REAL)
            made[n++] = derivative(g, of, (wrt){.kind = WRT_INPUT, .slot = s, .input = in, .set = SETIR_NONE},
                                   d->elem, d->domain, d->n_domain);
    }
    if (lattice) {
        made[n++] = derivative(g, of, (wrt){.kind = WRT_STRAIN, .slot = s, .input = SETIR_NONE, .set = SETIR_NONE},
                               elem_real(2), NULL, 0);
        made[n++] = derivative(g, of, (wrt){.kind = WRT_CELL, .slot = s, .input = SETIR_NONE, .set = SETIR_NONE},
                               elem_real(1), &g->axis[s], 1);
    }
    made[n++] = derivative(g, of, (wrt){.kind = WRT_PAIRS, .slot = s, .input = SETIR_NONE, .set = g->bond[s]},
                           elem_real(1), &g->bond[s], 1);
    return n;
}

typedef struct counts { long programs, refused, tensors; tally t; } counts;
typedef void (*spoiler)(const program *p, law_result *laws);

static void one_program(uint64_t seed, counts *c, spoiler spoil)
{
    static jmp_buf landing;
    arena a;
    arena_init(&a, &landing);
    if (setjmp(landing)) fail_msg("memory");
    gen g;
    gen_start(&g, &a, seed, (gen_kind)(seed % 3 ? GEN_CRYSTAL : GEN_ANY));
    if (pick(&g, 2)) gen_tensors(&g, 1);
    def_id made[MOST], of = random_number(&g);
    int n = derivatives(&g, of, g.p->slots.n > 1 ? (uint32_t)pick(&g, 2) : 0, made);
    diag_sink sink;
    diag_sink_init(&sink, &a);
    law_result *laws = law_infer(&a, g.p, &sink);
    if (spoil) spoil(g.p, laws);
    program *p = ad_expand(&a, g.p, &sink);
    world w;
    c->programs++;
    c->refused += p == NULL;
    if (p && world_open(&w, p, laws)) {
        for (uint64_t k = 0; k < DRAWS && !(spoil && c->t.wrong); k++) {
            symmetry sym = (symmetry)((seed * DRAWS + k) % SYM_COUNT);
            if (k == 0 && spoil) sym = SYM_SUPERCELL;
            if (!world_draw(&w, sym, (sample_shape)((seed + k) % SAMPLE_SHAPES), seed * 31 + k)) continue;
            for (int j = 0; j < n; j++) {
                c->tensors++;
                if (!holds(&w, made[j], &c->t) && !spoil) {
                    static const char *const by[] = {"a field", "strain", "lattice", "pairs"};
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
    return p->defs.at[d].lib == LIB_GRAD;
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
