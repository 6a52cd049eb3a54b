/* SPDX-License-Identifier: Apache-2.0
 *
 * The normal form of a program means the same as the program: random programs through the interpreter before
 * and after. Single rules by what they are for.
 */
#include "../lower/check.h"
#include "../lower/gen_program.c"
#include "curve.h"
#include "rewrite.h"

enum { PROGRAMS = 3000, FRAMES = 3, ATOMS_MOST = 6 };

static jmp_buf landing;

/* ---- whole programs ------------------------------------------------------------------------------------ */

static bool agrees(program *p, const program *q, uint64_t seed)
{
    sample s;
    bool good = sample_make(&s, p, seed, FRAMES, ATOMS_MOST);
    if (good) {
        outputs o, o2;
        outputs_make(&o, p, mtx_batch_view(s.batch), ALL_OUTPUTS);
        outputs_make(&o2, q, mtx_batch_view(s.batch), ALL_OUTPUTS);
        for (uint32_t k = 0; k < o.n; k++) {
            double written =
                p->defs.at[output_def(p, k)].has_unit ? p->defs.at[output_def(p, k)].out_scale : 1;
            for (int64_t i = 0; i < o.size[k]; i++) {
                if (o.real[k])
                    ((double *)o.data[k])[i] = o2.want[k][i] * written;
                else
                    ((int32_t *)o.data[k])[i] = (int32_t)o2.want[k][i];
            }
        }
        good = outputs_agree(p, &s, &o);
        outputs_free(&o);
        outputs_free(&o2);
    }
    sample_free(&s);
    return good;
}

static void rewriting_keeps_the_meaning(void **state)
{
    (void)state;
    int wrong = 0;
    for (uint64_t seed = 1; seed <= PROGRAMS; seed++) {
        arena a;
        arena_init(&a, &landing);
        program *p = random_program(&a, seed);
        rewriter *r = rewrite_program(&a, p);
        text problem;
        text_init(&problem);
        bool good = program_verify(r->p, &problem) && agrees(p, r->p, seed);
        if (!good) print_error("seed %d: %s\n", (int)seed, problem.s ? problem.s : "");
        wrong += !good;
        text_free(&problem);
        arena_free(&a);
    }
    assert_int_equal(wrong, 0);
}

static void rewriting_twice_changes_nothing(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= PROGRAMS; seed += 7) {
        arena a;
        arena_init(&a, &landing);
        program *once = rewrite_program(&a, random_program(&a, seed))->p,
                *twice = rewrite_program(&a, once)->p;
        for (uint32_t k = 0; k < once->defs.n; k++)
            if (once->defs.at[k].output && once->defs.at[k].lib == LIB_NONE)
                assert_int_equal(once->nodes.at[once->defs.at[k].body].op,
                                 twice->nodes.at[twice->defs.at[k].body].op);
        arena_free(&a);
    }
}

/* ---- single rules -------------------------------------------------------------------------------------- */

typedef struct bench {
    arena memory;
    intern names;
    program *p;
    rewriter *r;
    set_id atom, bond, g;
    input_id r_in;
} bench;

static void bench_open(bench *t)
{
    arena_init(&t->memory, &landing);
    intern_init(&t->names, &t->memory);
    program *p = t->p = program_new(&t->memory, intern_s(&t->names, "t"), here);
    set blank = {.parent = SETIR_NONE, .host = SETIR_NONE, .sample = SETIR_NONE, .cutoff = SETIR_NONE};
    set atom = blank, bond = blank, recip = blank;
    atom.kind = SET_BASE;
    t->atom = program_set(p, atom);
    bond.kind = SET_PAIRS;
    bond.parent = t->atom;
    bond.cutoff = node_const(p, 3, unit_none(), here);
    t->bond = program_set(p, bond);
    recip.kind = SET_RECIP;
    recip.cutoff = node_const(p, 2, unit_none(), here);
    t->g = program_set(p, recip);
    t->r_in = program_input(p, (input){.role = IN_POSITION,
                                       .elem = elem_real(1),
                                       .domain = arena_copy(&t->memory, &t->atom, sizeof t->atom),
                                       .n_domain = 1});
    t->r = arena_new(&t->memory, rewriter);
    *t->r = (rewriter){.p = p, .memory = &t->memory, .kept = arena_array(&t->memory, bool, 8)};
}

static ivar_id over(bench *t, set_id s)
{
    return program_ivar(t->p, (ivar){.set = s, .row = SETIR_NONE, .to = SETIR_NONE, .partner = SETIR_NONE});
}

static node_id rule1(bench *t, node_op op, elem e, node_id a)
{
    return rule_node(t->r, op, e, &a, 1, NULL, here);
}

static node_id rule2(bench *t, node_op op, elem e, node_id a, node_id b)
{
    return rule_node(t->r, op, e, (node_id[]){a, b}, 2, NULL, here);
}

static node_op op_at(const bench *t, node_id n)
{
    return t->p->nodes.at[n].op;
}

static node_id number(bench *t, double x)
{
    return node_const(t->p, x, unit_none(), here);
}

/* how many multiplications the value is made of */
static int multiplications(const bench *t, node_id n, bool *seen)
{
    const node *e = &t->p->nodes.at[n];
    if (seen[n]) return 0;
    seen[n] = true;
    int sum = e->op == OP_MUL;
    for (uint32_t k = 0; k < e->n_args; k++) sum += multiplications(t, e->arg[k], seen);
    return sum;
}

static void whole_powers_are_products(void **state)
{
    (void)state;
    bench t;
    bench_open(&t);
    node_id b = node_ivar(t.p, over(&t, t.bond), here);
    node_id d = rule1(&t, OP_NORM, elem_real(0), rule1(&t, OP_PAIR_D, elem_real(1), b));
    const struct {
        double power;
        int products;
    } want[] = {{2, 1}, {3, 2}, {6, 3}, {12, 4}, {16, 4}};
    for (size_t k = 0; k < sizeof want / sizeof *want; k++) {
        bool seen[200] = {false};
        node_id n = rule_node(t.r, OP_POW, elem_real(0), &d, 1, &(node_imm){.value = {want[k].power}}, here);
        assert_int_equal(multiplications(&t, n, seen), want[k].products);
    }
    node_id inverse = rule_node(t.r, OP_POW, elem_real(0), &d, 1, &(node_imm){.value = {-6}}, here);
    bool seen[200] = {false};
    assert_int_equal(multiplications(&t, inverse, seen), 3); /* of one reciprocal */
    node_id root = rule_node(t.r, OP_POW, elem_real(0), &d, 1, &(node_imm){.value = {2.4}}, here);
    assert_int_equal(op_at(&t, root), OP_POW);
    arena_free(&t.memory);
}

static node_id power(bench *t, node_id base, double n)
{
    return rule_node(t->r, OP_POW, elem_real(0), &base, 1, &(node_imm){.value = {n}}, here);
}

/* what derivatives of powers are made of */
static void powers_and_divisions_meet(void **state)
{
    (void)state;
    bench t;
    bench_open(&t);
    elem e = elem_real(0);
    node_id b = node_ivar(t.p, over(&t, t.bond), here);
    node_id d = rule1(&t, OP_NORM, e, rule1(&t, OP_PAIR_D, elem_real(1), b)), s = rule1(&t, OP_EXP, e, d);
    node_id five = rule2(&t, OP_MUL, e, power(&t, d, 5), s), six = rule2(&t, OP_MUL, e, power(&t, d, 6), s);
    assert_int_equal(rule2(&t, OP_MUL, e, five, d), six);
    assert_int_equal(rule2(&t, OP_MUL, e, power(&t, d, 3), power(&t, d, 3)), power(&t, d, 6));
    node_id inverse = rule2(&t, OP_DIV, e, number(&t, 1), d);
    assert_int_equal(rule2(&t, OP_DIV, e, s, power(&t, d, 4)),
                     rule2(&t, OP_MUL, e, s, power(&t, inverse, 4)));
    node_id half = rule2(&t, OP_DIV, e, d, number(&t, 2)), ratio = rule2(&t, OP_DIV, e, s, d);
    assert_int_equal(rule2(&t, OP_DIV, e, s, half), rule2(&t, OP_MUL, e, number(&t, 2), ratio));
    node_id difference = rule2(&t, OP_SUB, e, s, number(&t, 3)), over_d = rule2(&t, OP_DIV, e, difference, d);
    assert_int_equal(rule2(&t, OP_SUB, e, ratio, rule2(&t, OP_MUL, e, number(&t, 3), inverse)), over_d);
    node_id back = rule2(&t, OP_SUB, e, number(&t, 3), s);
    assert_int_equal(rule2(&t, OP_SUB, e, back, difference),
                     rule2(&t, OP_MUL, e, number(&t, -2), difference));
    arena_free(&t.memory);
}

static void constants_are_folded(void **state)
{
    (void)state;
    bench t;
    bench_open(&t);
    node_id two = number(&t, 2), three = number(&t, 3);
    node_id six = rule2(&t, OP_MUL, elem_real(0), two, three);
    assert_int_equal(six, number(&t, 6));
    assert_int_equal(rule1(&t, OP_EXP, elem_real(0), number(&t, 0)), number(&t, 1));
    assert_int_equal(op_at(&t, rule2(&t, OP_LT, elem_bool(), two, three)), OP_BOOL_CONST);
    node_id x = rule1(&t, OP_NORM, elem_real(0),
                      rule1(&t, OP_PAIR_D, elem_real(1), node_ivar(t.p, over(&t, t.bond), here)));
    assert_int_equal(rule2(&t, OP_ADD, elem_real(0), x, number(&t, 0)), x);
    assert_int_equal(rule2(&t, OP_MUL, elem_real(0), number(&t, 1), x), x);
    assert_int_equal(op_at(&t, rule2(&t, OP_MUL, elem_real(0), number(&t, 0), x)),
                     OP_MUL); /* x may be infinite */
    arena_free(&t.memory);
}

static void phases_are_split_by_atom(void **state)
{
    (void)state;
    bench t;
    bench_open(&t);
    node_id i = node_ivar(t.p, over(&t, t.atom), here), j = node_ivar(t.p, over(&t, t.atom), here);
    node_id k = node_ivar(t.p, over(&t, t.g), here), r[2];
    r[0] = program_node(t.p, OP_INPUT, elem_real(1), &i, 1, &(node_imm){.input = t.r_in}, here);
    r[1] = program_node(t.p, OP_INPUT, elem_real(1), &j, 1, &(node_imm){.input = t.r_in}, here);
    node_id d = rule2(&t, OP_SUB, elem_real(1), r[0], r[1]);
    node_id c = rule1(&t, OP_COS, elem_real(0), rule2(&t, OP_PHASE, elem_real(0), k, d));
    assert_int_equal(op_at(&t, c), OP_ADD);
    node_id own = rule2(&t, OP_SUB, elem_real(1), r[0], rule2(&t, OP_MUL, elem_real(1), number(&t, 2), r[0]));
    assert_int_equal(op_at(&t, rule1(&t, OP_COS, elem_real(0), rule2(&t, OP_PHASE, elem_real(0), k, own))),
                     OP_COS);
    arena_free(&t.memory);
}

static void chosen_sides_use_what_the_choice_says(void **state)
{
    (void)state;
    bench t;
    bench_open(&t);
    ivar_id v[2] = {over(&t, t.atom), over(&t, t.atom)};
    node_id i = node_ivar(t.p, v[0], here), j = node_ivar(t.p, v[1], here);
    node_id rj = program_node(t.p, OP_INPUT, elem_real(1), &j, 1, &(node_imm){.input = t.r_in}, here);
    node_id same = rule2(&t, OP_INDEX_EQ, elem_bool(), i, j);
    node_id n =
        rule_node(t.r, OP_SELECT, elem_real(1),
                  (node_id[]){same, rj, node_2(t.p, OP_ADD, elem_real(1), rj, rj, here)}, 3, NULL, here);
    assert_false(program_depends(t.p, t.p->nodes.at[n].arg[1], v[1]));
    assert_true(program_depends(t.p, t.p->nodes.at[n].arg[2], v[1]));
    arena_free(&t.memory);
}

/* terms of the table of a product */
static uint32_t terms_of(const bench *t, node_id n)
{
    assert_int_equal(op_at(t, n), OP_BILINEAR);
    return t->p->tables.at[t->p->nodes.at[n].imm.table].n;
}

static node_id multiply(bench *t, node_id a, node_id b, elem to, const product_term *term, uint32_t n)
{
    elem ea = t->p->nodes.at[a].elem, eb = t->p->nodes.at[b].elem;
    node_imm imm = {.table = program_table(t->p, ea, eb, to, term, n)};
    return rule_node(t->r, OP_BILINEAR, to, (node_id[]){a, b}, 2, &imm, here);
}

static void products_of_a_node_with_itself_count_each_pair_once(void **state)
{
    (void)state;
    bench t;
    bench_open(&t);
    node_id one[3] = {number(&t, 2), number(&t, 3), number(&t, 5)};
    node_id x = program_node(t.p, OP_CHANNEL_CAT, elem_channels(3), one, 3, NULL, here),
            y = program_node(t.p, OP_CHANNEL_CAT, elem_channels(3), (node_id[]){one[0], one[2], one[1]}, 3,
                             NULL, here);
    product_term all[9],
        cross[] = {{0, 1, 2, 1}, {0, 2, 1, -1}, {1, 0, 2, -1}, {1, 2, 0, 1}, {2, 0, 1, 1}, {2, 1, 0, -1}};
    for (uint32_t k = 0; k < 9; k++) all[k] = (product_term){k, k / 3, k % 3, 1};
    assert_int_equal(terms_of(&t, multiply(&t, x, y, elem_channels(3), cross, 6)), 6);
    assert_int_equal(terms_of(&t, multiply(&t, x, x, elem_channels(3), cross, 6)), 0);
    for (uint32_t k = 0; k < 9; k++) all[k].k = 0; /* (sum of x)^2: 3 squares and 3 products */
    assert_int_equal(terms_of(&t, multiply(&t, x, x, elem_channels(1), all, 9)), 6);
    for (uint32_t k = 0; k < 9; k++) all[k].k = k; /* its cube: 10 products of three */
    node_id squares = multiply(&t, x, x, elem_channels(9), all, 9);
    product_term cube[27];
    for (uint32_t k = 0; k < 27; k++) cube[k] = (product_term){0, k / 3, k % 3, 1};
    node_id n = multiply(&t, squares, x, elem_channels(1), cube, 27);
    assert_int_equal(terms_of(&t, t.p->nodes.at[n].arg[0]), 10);
    assert_int_equal(terms_of(&t, n), 3);
    arena_free(&t.memory);
}

static void numbers_put_among_channels_are_lists(void **state)
{
    (void)state;
    bench t;
    bench_open(&t);
    set three = {.kind = SET_RANGE,
                 .count = 3,
                 .parent = SETIR_NONE,
                 .host = SETIR_NONE,
                 .sample = SETIR_NONE,
                 .cutoff = SETIR_NONE};
    set_id s = program_set(t.p, three);
    node_id x = rule1(&t, OP_NORM, elem_real(0),
                      rule1(&t, OP_PAIR_D, elem_real(1), node_ivar(t.p, over(&t, t.bond), here)));
    node_id sum = SETIR_NONE;
    for (int32_t k = 0; k < 3; k++) {
        node_id index =
            program_node(t.p, OP_INDEX_CONST, elem_index(s), NULL, 0, &(node_imm){.set = s, .k = k}, here);
        node_id put = rule2(&t, OP_CHANNEL_PUT, elem_channels(3),
                            rule2(&t, OP_MUL, elem_real(0), number(&t, k + 2), x), index);
        assert_int_equal(op_at(&t, put), OP_CHANNEL_CAT);
        sum = k ? rule2(&t, OP_ADD, elem_channels(3), sum, put) : put;
    }
    assert_int_equal(op_at(&t, sum), OP_CHANNEL_CAT);
    for (uint32_t k = 0; k < 3; k++) {
        const node *each = &t.p->nodes.at[t.p->nodes.at[sum].arg[k]];
        assert_int_equal(each->op, OP_MUL);
        assert_true(t.p->nodes.at[each->arg[0]].imm.value[0] == k + 2);
    }
    arena_free(&t.memory);
}

/* a table over two kinds: the same numbers both ways are one look-up, others are two */
static void symmetric_tables_are_looked_up_once(void **state)
{
    (void)state;
    bench t;
    bench_open(&t);
    set two = {.kind = SET_RANGE, .hi = 1, .parent = SETIR_NONE, .host = SETIR_NONE, .sample = SETIR_NONE, .cutoff = SETIR_NONE};
    set_id kinds[2] = {program_set(t.p, two)};
    kinds[1] = kinds[0];
    node_id at[3] = {node_const(t.p, 0.5, unit_none(), here), node_ivar(t.p, over(&t, kinds[0]), here),
                     node_ivar(t.p, over(&t, kinds[0]), here)},
            back[3] = {at[0], at[2], at[1]};
    double numbers[8] = {1, 2, 2, 3, 4, 5, 5, 6};
    for (int which = 0; which < 4; which++) { /* plain numbers and two terms of a piece, symmetric and not */
        curve c = {.domain = kinds, .n_domain = 2, .places = 4, .data = numbers};
        bool piece = which & 1, symmetric = which < 2;
        if (piece) c.pieces = 1, c.terms = 2, c.rate = 1;
        numbers[piece ? 5 : 2] = symmetric ? numbers[piece ? 6 : 1] : -1;
        node_imm imm = {.curve = program_curve(t.p, c)};
        t.r->symmetric = arena_array(&t.memory, bool, imm.curve + 1);
        t.r->symmetric[imm.curve] = curve_symmetric(&t.p->curves.at[imm.curve]);
        node_op op = piece ? OP_SPLINE : OP_TABLE;
        node_id one = rule_node(t.r, op, elem_real(0), at + !piece, 2 + piece, &imm, here);
        node_id other = rule_node(t.r, op, elem_real(0), back + !piece, 2 + piece, &imm, here);
        assert_int_equal(one == other, symmetric);
    }
    arena_free(&t.memory);
}

/* how many divisions the value is made of, and whether one is by `divisor` */
static int divisions(const bench *t, node_id n, node_id divisor, bool *by, bool *seen)
{
    const node *e = &t->p->nodes.at[n];
    if (seen[n]) return 0;
    seen[n] = true;
    *by |= e->op == OP_DIV && e->arg[1] == divisor;
    int sum = e->op == OP_DIV;
    for (uint32_t k = 0; k < e->n_args; k++) sum += divisions(t, e->arg[k], divisor, by, seen);
    return sum;
}

/* A derivative of a power of (3.4/d)^6 by a place reads 1/d in even powers alone: c^2/(d d) will do. Not so when something
 * else needs the distance, or an odd power. */
static void distances_in_even_powers_are_squared(void **state)
{
    (void)state;
    elem e = elem_real(0);
    for (int which = 0; which < 3; which++) {
        bench t;
        bench_open(&t);
        ivar_id pair = over(&t, t.bond);
        node_id d = rule1(&t, OP_NORM, e, rule1(&t, OP_PAIR_D, elem_real(1), node_ivar(t.p, pair, here)));
        node_id x = power(&t, rule2(&t, OP_DIV, e, number(&t, 3.4), d), 6);
        node_id slope = rule2(&t, OP_MUL, e, x, rule2(&t, OP_SUB, e, rule2(&t, OP_MUL, e, number(&t, 2), x), number(&t, 1)));
        node_id g = rule2(&t, OP_DIV, e, rule2(&t, OP_DIV, e, slope, d), d);
        if (which == 1) g = rule2(&t, OP_ADD, e, g, rule1(&t, OP_EXP, e, d));
        if (which == 2) g = rule2(&t, OP_DIV, e, g, d);
        def_id id = program_def(t.p, (def){.elem = e, .declared = e, .body = g, .param = &pair, .n_param = 1, .output = true, .lib_arg = SETIR_NONE});
        rewrite_even(t.r);
        node_id after = t.p->defs.at[id].body;
        assert_int_equal(after != g, which == 0);
        assert_int_equal(t.r->squares, which == 0);
        bool seen[400] = {false}, by = false;
        double at[2] = {2.1, 5.3}, want[2], got[2];
        assert_true(t.p->nodes.n < 400);
        if (which == 0) assert_int_equal(divisions(&t, after, rule2(&t, OP_MUL, e, d, d), &by, seen), 1);
        assert_int_equal(by, which == 0);
        assert_true(fold_over(t.p, g, d, at, want, 2) && fold_over(t.p, after, d, at, got, 2));
        for (int k = 0; k < 2; k++) assert_true(fabs(got[k] - want[k]) <= 1e-14 * fabs(want[k]));
        arena_free(&t.memory);
    }
}

int main(void)
{
    if (setjmp(landing)) {
        print_error("memory exhausted\n");
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constants_are_folded),
        cmocka_unit_test(whole_powers_are_products),
        cmocka_unit_test(powers_and_divisions_meet),
        cmocka_unit_test(phases_are_split_by_atom),
        cmocka_unit_test(chosen_sides_use_what_the_choice_says),
        cmocka_unit_test(products_of_a_node_with_itself_count_each_pair_once),
        cmocka_unit_test(numbers_put_among_channels_are_lists),
        cmocka_unit_test(symmetric_tables_are_looked_up_once),
        cmocka_unit_test(distances_in_even_powers_are_squared),
        cmocka_unit_test(rewriting_keeps_the_meaning),
        cmocka_unit_test(rewriting_twice_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
