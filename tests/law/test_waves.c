/* SPDX-License-Identifier: Apache-2.0
 *
 * test_waves.c: sums over reciprocal vectors in supercells. Random structure factors, what is made of them, and
 * sums over waves of that, right ones and near misses: what is said to vanish on the waves that a supercell adds
 * does, what is said to be exact is, and stays a number. A rule that takes every sum to vanish is caught.
 * MTX_WAVES: how many programs, MTX_LAW_FIRST: the first seed, MTX_DUMP: print what fails.
 */
#include "check.h"

#include "gen_law_program.c"
#include "law_internal.h"
#include "related.c"

enum { PROGRAMS = 1200 * LAW_TIMES, DRAWS = 2, CONTROL = 300 };

typedef struct counts {
    long programs, sums, proved, zero;
    tally t;
} counts;

static node_id scalar2(gen *g, node_op op, node_id a, node_id b)
{
    return two(g, op, elem_real(0), a, b);
}

static node_id raised(gen *g, node_id a, double p)
{
    return with(g, OP_POW, elem_real(0), &a, 1, (node_imm){.value = {p}});
}

static node_id vector_at(gen *g, int which, ivar_id site)
{
    node_id at = var(g, site);
    return with(g, OP_INPUT, elem_real(1), &at, 1, (node_imm){.input = g->field[0][which]});
}

static node_id charge(gen *g, ivar_id site)
{
    node_id at = var(g, site);
    return with(g, OP_INPUT, elem_real(0), &at, 1, (node_imm){.input = g->field[0][F_SCALAR]});
}

static node_id wave_vector(gen *g, ivar_id wave)
{
    return node_1(g->p, OP_RECIP_K, elem_real(1), var(g, wave), here);
}

static node_id squared(gen *g, ivar_id wave)
{
    node_id k = wave_vector(g, wave);
    return node_2(g->p, OP_DOT, elem_real(0), k, k, here);
}

/* a number of a wave */
static node_id of_wave(gen *g, ivar_id wave)
{
    node_id k2 = squared(g, wave);
    switch (pick(g, 8)) {
    case 0: return one(g, OP_EXP, scalar2(g, OP_MUL, num(g, -0.3), k2));
    case 1: return scalar2(g, OP_DIV, num(g, 2), k2);
    case 2: return scalar2(g, OP_DIV, num(g, 1), scalar2(g, OP_ADD, k2, num(g, pick(g, 2) ? 0.5 : -0.5)));
    case 3: return one(g, OP_LOG, pick(g, 2) ? k2 : scalar2(g, OP_SUB, k2, num(g, 0.4)));
    case 4: return raised(g, pick(g, 2) ? k2 : scalar2(g, OP_SUB, k2, num(g, 0.4)), pick(g, 2) ? 0.5 : 1.5);
    case 5: return raised(g, scalar2(g, OP_ADD, k2, raised(g, real(g), 2)), -1);
    default: return num(g, 1.5);
    }
}

/* a number of a site and a wave, seldom of more */
static node_id weight(gen *g, ivar_id site, ivar_id wave)
{
    switch (pick(g, 6)) {
    case 0: return node_2(g->p, OP_DOT, elem_real(0), vector_at(g, F_VECTOR, site), wave_vector(g, wave), here);
    case 1: return one(g, OP_EXP, scalar2(g, OP_MUL, charge(g, site), squared(g, wave)));
    case 2: return real(g);
    case 3: return scalar2(g, OP_MUL, charge(g, site), real(g));
    default: return charge(g, site);
    }
}

static node_id location(gen *g, ivar_id site, ivar_id other)
{
    node_id r = vector_at(g, pick(g, 8) ? F_POSITION : F_POINT, site);
    switch (pick(g, 8)) {
    case 0: return r;
    case 1: return two(g, OP_SUB, elem_real(1), r, vector_at(g, F_POSITION, other));
    case 2: return two(g, OP_MUL, elem_real(1), num(g, (double[]){-1, 2, 0.5}[pick(g, 3)]), r);
    case 3: return two(g, OP_ADD, elem_real(1), r, vector_at(g, pick(g, 2) ? F_VECTOR : F_POSITION, site));
    case 4: return two(g, OP_SUB, elem_real(1), vector_at(g, F_VECTOR, site), vector_at(g, F_VECTOR, other));
    default: return two(g, OP_SUB, elem_real(1), vector_at(g, F_POSITION, other), r);
    }
}

static node_id oscillation(gen *g, ivar_id wave, ivar_id site, ivar_id other)
{
    node_id w = pick(g, 12) ? var(g, wave) : index_of(g, g->recip[0]);
    node_id a = two(g, OP_PHASE, elem_real(0), w, location(g, site, other));
    if (pick(g, 4) == 0) a = scalar2(g, OP_ADD, a, pick(g, 2) ? charge(g, site) : real(g));
    if (pick(g, 6) == 0) a = scalar2(g, OP_MUL, num(g, (double[]){2, -1, 0.5}[pick(g, 3)]), a);
    if (pick(g, 8) == 0) a = scalar2(g, OP_ADD, a, two(g, OP_PHASE, elem_real(0), w, location(g, site, other)));
    node_id c = one(g, pick(g, 2) ? OP_COS : OP_SIN, a);
    return pick(g, 10) ? c : pick(g, 2) ? raised(g, c, 2) : one(g, OP_ABS, c);
}

static node_id condition(gen *g, ivar_id wave, ivar_id site, ivar_id other)
{
    int what = pick(g, 3);
    node_id a = what ? charge(g, site) : oscillation(g, wave, site, other);
    return what < 2 ? node_2(g->p, OP_LT, elem_bool(), a, num(g, 0.3), here) : truth(g);
}

/* sum over sites of what oscillates */
static node_id structure_factor(gen *g, ivar_id wave, ivar_id other)
{
    int vars = g->n_var;
    ivar_id site[2] = {open_plain(g, g->atom[0]), SETIR_NONE};
    uint32_t n = 1;
    if (pick(g, 8) == 0) site[n++] = open_plain(g, pick(g, 2) ? g->atom[0] : g->range);
    node_id args[2] = {scalar2(g, OP_MUL, weight(g, site[0], wave), oscillation(g, wave, site[0], other)), SETIR_NONE};
    if (pick(g, 6) == 0)
        args[0] = scalar2(g, OP_ADD, args[0],
                          scalar2(g, OP_MUL, weight(g, site[0], wave), oscillation(g, wave, site[0], other)));
    if (pick(g, 10) == 0) args[0] = scalar2(g, OP_ADD, args[0], of_wave(g, wave));
    if (pick(g, 8) == 0) args[0] = scalar2(g, OP_MUL, args[0], oscillation(g, wave, site[0], other));
    uint32_t n_args = 1;
    if (pick(g, 4) == 0) args[n_args++] = condition(g, wave, site[0], other);
    node_imm imm = {.reduce = (reduction[]){RED_SUM, RED_SUM, RED_SUM, RED_SUM, RED_MEAN, RED_MAX}[pick(g, 6)],
                    .ivars = site, .n_ivars = n};
    g->n_var = vars;
    return with(g, OP_REDUCE, elem_real(0), args, n_args, imm);
}

static node_id made_of(gen *g, node_id a, node_id b, ivar_id wave)
{
    switch (pick(g, 14)) {
    case 0: return scalar2(g, OP_ADD, raised(g, a, 2), raised(g, b, 2));
    case 1: return scalar2(g, OP_MUL, a, b);
    case 2: return scalar2(g, OP_ADD, a, b);
    case 3: return scalar2(g, OP_DIV, a, b);
    case 4: return one(g, (node_op[]){OP_ABS, OP_TANH, OP_EXP, OP_ERF, OP_COS}[pick(g, 5)], a);
    case 5: return scalar2(g, OP_ADD, a, of_wave(g, wave));
    case 6: return node_3(g->p, OP_SELECT, elem_real(0), truth(g), a, pick(g, 2) ? b : num(g, 0), here);
    case 7: return scalar2(g, OP_MUL, a, real(g));
    case 8: return scalar2(g, pick(g, 2) ? OP_MAX2 : OP_MIN2, a, b);
    case 9: return scalar2(g, OP_DIV, a, of_wave(g, wave));
    default: return scalar2(g, OP_MUL, of_wave(g, wave), a);
    }
}

static node_id read_tensor(gen *g, def_id id, ivar_id wave, ivar_id site)
{
    node_id at[2] = {var(g, wave), var(g, site)};
    return with(g, OP_ACCESS, elem_real(0), at, 2, (node_imm){.def = id});
}

/* a table over waves and sites, and the sum of what is made of it over waves */
static void waves(gen *g, def_id made[2])
{
    ivar_id v[2];
    for (int k = 0; k < 2; k++) {
        g->n_var = 0;
        g->depth = 1;
        g->work = 100;
        ivar_id wave = v[0] = open_plain(g, g->recip[0]), site = v[1] = open_plain(g, g->atom[0]);
        node_id a = k ? read_tensor(g, made[0], wave, site) : structure_factor(g, wave, site),
                b = k && pick(g, 2) ? a : structure_factor(g, wave, site);
        def d = {.lib_arg = SETIR_NONE, .elem = elem_real(0), .body = pick(g, 3) || k ? made_of(g, a, b, wave) : a};
        if (k) {
            node_id args[2] = {d.body, SETIR_NONE};
            uint32_t n_args = 1;
            if (pick(g, 4) == 0) args[n_args++] = truth(g);
            d.body = with(g, OP_REDUCE, elem_real(0), args, n_args,
                          (node_imm){.reduce = pick(g, 12) ? RED_SUM : RED_MEAN, .ivars = v, .n_ivars = 1});
        }
        made[k] = add_tensor(g, d, v + k, 2u - (uint32_t)k);
    }
}

static void one_program(uint64_t seed, counts *c, const law_rule *rules)
{
    static jmp_buf landing;
    arena a;
    arena_init(&a, &landing);
    if (setjmp(landing)) fail_msg("memory");
    gen g;
    gen_start(&g, &a, seed, GEN_CRYSTAL);
    g.most_depth = 2;
    def_id made[2];
    waves(&g, made);
    must_verify(g.p, seed);
    diag_sink sink;
    diag_sink_init(&sink, &a);
    law_result *laws = law_infer_by(&a, g.p, &sink, rules);
    law_cx cx = {.a = &a, .p = g.p, .r = laws};
    c->programs++;
    c->zero += law_vanishes(&cx, g.p->defs.at[made[0]].body, g.p->defs.at[made[0]].param[0]);
    c->proved += laws->def[made[1]].status[SYM_SUPERCELL].level == LAW_EXACT;
    world w;
    if (world_open(&w, g.p, laws)) {
        w.strict = true;
        for (uint64_t k = 0; k < DRAWS; k++) {
            if (!world_draw(&w, SYM_SUPERCELL, (sample_shape)((seed + k) % SAMPLE_SHAPES), seed * 31 + k)) continue;
            for (int j = 0; j < 2; j++)
                if (!holds(&w, made[j], &c->t) && rules == law_rules)
                    complain(&w, made[j], j ? "a sum over waves" : "a table over waves", SYM_SUPERCELL, seed);
        }
        world_close(&w);
    }
    arena_free(&a);
}

static void test_random_sums(void **state)
{
    (void)state;
    counts c = {0};
    uint64_t first = (uint64_t)setting("MTX_LAW_FIRST", 1);
    long most = setting("MTX_WAVES", PROGRAMS);
    for (uint64_t k = 0; k < (uint64_t)most; k++) one_program(first + k, &c, law_rules);
    printf("%ld tables over waves, %ld zero on added ones; %ld sums over waves exact in supercells; %ld attacks: %ld "
           "related, %ld unclear, %ld false\n",
           c.programs, c.zero, c.proved, c.t.exact, c.t.checked, c.t.unclear, c.t.wrong);
    assert_int_equal(c.t.wrong, 0);
    assert_true(c.zero * 8 > c.programs && c.proved * 20 > c.programs && c.t.checked > c.programs);
}

/* ------------------------------------------------------------------------------------ negative control */

/* takes every sum over waves to stay */
static void rule_trusting(law_cx *x, node_id n, law_info *r)
{
    law_rules[OP_REDUCE].apply(x, n, r);
    const ivar *v = &x->p->ivars.at[x->p->nodes.at[n].imm.ivars[0]];
    if (x->p->sets.at[v->set].kind == SET_RECIP) r->status[SYM_SUPERCELL].level = LAW_EXACT;
}

static void test_wrong_rule_is_caught(void **state)
{
    (void)state;
    law_rule rules[OP_COUNT_];
    memcpy(rules, law_rules, sizeof rules);
    rules[OP_REDUCE].apply = rule_trusting;
    counts c = {0};
    for (uint64_t seed = 1; seed <= CONTROL; seed++) one_program(seed, &c, rules);
    printf("all sums over waves trusted: %ld of %ld false\n", c.t.wrong, c.t.exact);
    assert_true(c.t.wrong > CONTROL / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_sums), cmocka_unit_test(test_wrong_rule_is_caught)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
