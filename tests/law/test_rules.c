/* SPDX-License-Identifier: Apache-2.0
 *
 * test_rules.c: every rule of the table is a lemma: applied to arguments that transform as their laws say,
 * the operation gives a value that does. For each operation, random applications to random arguments; for
 * each symmetry that is said to be exact, a random structure and its image. Then each rule in turn is
 * replaced by one that breaks nothing, and must be caught. MTX_LAW_APPLICATIONS: how many per operation,
 * MTX_LAW_FIRST: the first seed, MTX_DUMP: print what fails.
 */
#include "check.h"

#include "gen_law_program.c"
#include "law_internal.h"
#include "related.c"

enum { TOGETHER = 5, OF_EACH = 5, SYMMETRIES = 6, APPLICATIONS = 1000 * LAW_TIMES, MUTANT_PROGRAMS = 4000 };

static tally of_op[OP_COUNT_], of_sym[SYM_COUNT];

/* the operations that a program applies, all of them in turn */
static node_op operation(uint64_t seed, int k)
{
    return (node_op)((seed * TOGETHER + (uint64_t)k) % OP_COUNT_);
}

static gen_kind kind_for(node_op op)
{
    return op == OP_SPOT_HOST || op == OP_SPOT_R || op == OP_LOOKUP ? GEN_DEFECTS
           : op == OP_NIGGLI_VEC                                    ? GEN_CRYSTAL
                                                                    : GEN_ANY;
}

static void check_all(world *w, const def_id *d, const node_op *op, int n, symmetry sym, uint64_t seed)
{
    for (int k = 0; k < n; k++) {
        long related_before = of_op[op[k]].checked;
        bool good = holds(w, d[k], &of_op[op[k]]);
        of_sym[sym].checked += of_op[op[k]].checked - related_before;
        of_sym[sym].wrong += !good;
        if (!good && of_op[op[k]].wrong <= 3) complain(w, d[k], op_table[op[k]].text, sym, seed);
    }
}

static void one_program(uint64_t seed, long wanted)
{
    static jmp_buf landing;
    arena a;
    arena_init(&a, &landing);
    if (setjmp(landing)) fail_msg("memory");
    gen g;
    gen_kind kind = GEN_ANY;
    for (int k = 0; k < TOGETHER; k++)
        kind = kind_for(operation(seed, k)) > kind ? kind_for(operation(seed, k)) : kind;
    gen_start(&g, &a, seed, kind);
    def_id made[TOGETHER * OF_EACH];
    node_op op[TOGETHER * OF_EACH];
    int n = 0;
    gen_tensors(&g, 2); /* something to access                       */
    for (int k = 0; k < TOGETHER; k++) {
        node_op one_op = operation(seed, k);
        for (int j = 0; j < OF_EACH && of_op[one_op].applied < wanted; j++)
            if (gen_application(&g, one_op, &made[n])) {
                of_op[one_op].applied++;
                op[n++] = one_op;
            }
    }
    must_verify(g.p, seed);
    diag_sink sink;
    diag_sink_init(&sink, &a);
    world w;
    if (n && world_open(&w, g.p, law_infer(&a, g.p, &sink))) {
        for (int k = 0; k < SYMMETRIES; k++) {
            symmetry sym = (symmetry)((seed * SYMMETRIES + (uint64_t)k) % SYM_COUNT);
            sample_shape shape = (sample_shape)((seed + (uint64_t)k) % SAMPLE_SHAPES);
            if (world_draw(&w, sym, shape, seed * 31 + (uint64_t)k)) check_all(&w, made, op, n, sym, seed);
        }
        world_close(&w);
    }
    arena_free(&a);
}

static void test_every_rule(void **state)
{
    (void)state;
    long wanted = setting("MTX_LAW_APPLICATIONS", APPLICATIONS), wrong = 0;
    uint64_t first = (uint64_t)setting("MTX_LAW_FIRST", 0),
             rounds = (uint64_t)(wanted * OP_COUNT_ / (TOGETHER * OF_EACH)) * 4;
    for (uint64_t k = 0; k < rounds; k++) {
        one_program(first + k, wanted);
        bool done = true;
        for (int op = 0; op < OP_COUNT_; op++) done &= of_op[op].applied >= wanted;
        if (done) break;
    }
    long related_all = 0;
    for (int op = 0; op < OP_COUNT_; op++) {
        const tally *t = &of_op[op];
        if (getenv("MTX_DUMP") || t->wrong)
            printf("%-14s applied %ld, exact %ld, related %ld, unclear %ld, wrong %ld\n", op_table[op].text,
                   t->applied, t->exact, t->checked, t->unclear, t->wrong);
        wrong += t->wrong;
        related_all += t->checked;
        if (t->applied < wanted) print_error("%s: only %ld applications\n", op_table[op].text, t->applied);
        assert_true(t->applied >= wanted && law_rules[op].apply && law_rules[op].text);
        assert_true(t->checked > wanted / 8); /* what proves nothing is no test            */
    }
    printf("%ld applications of each of %d operations, %ld times related as said, %ld times not\n", wanted,
           OP_COUNT_, related_all, wrong);
    for (int s = 0; s < SYM_COUNT; s++) assert_true(of_sym[s].checked > wanted);
    assert_int_equal(wrong, 0);
}

/* ------------------------------------------------------------------------------------ negative control */

/* breaks nothing: statuses of the arguments, the way of the first */
static void rule_blind(law_cx *x, node_id n, law_info *r)
{
    const node *d = &x->p->nodes.at[n];
    law_status keep[SYM_COUNT];
    if (!d->n_args || x->p->nodes.at[d->arg[0]].elem.kind != ELEM_REAL || d->elem.kind != ELEM_REAL) return;
    memcpy(keep, r->status, sizeof keep);
    *r = *law_of(x, d->arg[0]);
    memcpy(r->status, keep, sizeof keep);
}

/* products forget the signs of mirrors of one factor */
static void rule_unsigned(law_cx *x, node_id n, law_info *r)
{
    const node *d = &x->p->nodes.at[n];
    law_rules[d->op].apply(x, n, r);
    r->odd = law_of(x, d->arg[0])->odd;
}

/* a program of applications of one operation, judged by those rules: is it caught? */
static bool caught_by(node_op op, const law_rule *rules, uint64_t seed)
{
    static jmp_buf landing;
    arena a;
    arena_init(&a, &landing);
    if (setjmp(landing)) fail_msg("memory");
    gen g;
    gen_start(&g, &a, 1000000 + seed, kind_for(op));
    gen_tensors(&g, 1);
    def_id made[OF_EACH];
    int n = 0;
    while (n < OF_EACH && gen_application(&g, op, &made[n])) n++;
    diag_sink sink;
    diag_sink_init(&sink, &a);
    world w;
    tally t = {0};
    if (n && world_open(&w, g.p, law_infer_by(&a, g.p, &sink, rules))) {
        for (uint64_t k = 0; k < 3 && !t.wrong; k++) {
            symmetry sym = (symmetry)((seed * 3 + k) % SYM_COUNT);
            if (!world_draw(&w, sym, (sample_shape)(seed % SAMPLE_SHAPES), seed * 31 + k)) continue;
            for (int j = 0; j < n && !t.wrong; j++) holds(&w, made[j], &t);
        }
        world_close(&w);
    }
    arena_free(&a);
    return t.wrong > 0;
}

/* programs needed, -1: not caught */
static long caught_after(node_op op, const law_rule *rules)
{
    for (long seed = 0; seed < MUTANT_PROGRAMS; seed++)
        if (caught_by(op, rules, (uint64_t)seed)) return seed + 1;
    return -1;
}

/* operations for which a rule that breaks nothing is right */
static bool harmless(node_op op)
{
    switch ((int)op) {
    case OP_IVAR:      /* what binds it says the same               */
    case OP_SPOT_HOST: /* no sample's host repeats within its cell  */
    case OP_BOOL_CONST:
    case OP_SPECIES_CONST:
    case OP_PAIR_I:
    case OP_PAIR_J:
    case OP_PAIR_REV:
    case OP_INDEX_REAL:
    case OP_INDEX_SPECIES:
    case OP_SPECIES_INDEX:
    case OP_TABLE:
    case OP_NAMED:     /* its constant has broken it                */
    case OP_PAIR_D:
    case OP_RECIP_K:
    case OP_PROTONS:
    case OP_ELEMENT_DATA:
    case OP_TRANSPOSE:
    case OP_TRACE:
    case OP_IDENTITY:
    case OP_CHANNEL_GET:
    case OP_SPECIES_EQ:
    case OP_AND:
    case OP_OR:
    case OP_NOT:
    case OP_ASCRIBE: return true;
    default: return false;
    }
}

static void test_wrong_rules(void **state)
{
    (void)state;
    int mutants = 0, missed = 0;
    long most = 0;
    for (int op = 0; op < OP_COUNT_; op++) {
        law_rule rules[OP_COUNT_];
        memcpy(rules, law_rules, sizeof rules);
        for (int how = 0; how < 2; how++) {
            bool product = op == OP_BILINEAR || op == OP_MUL || op == OP_DIV || op == OP_DOT || op == OP_OUTER ||
                           op == OP_MATVEC || op == OP_CROSS;
            if (how == 0 ? harmless((node_op)op) : !product) continue;
            rules[op].apply = how ? rule_unsigned : rule_blind;
            long after = caught_after((node_op)op, rules);
            mutants++;
            most = after > most ? after : most;
            if (after < 0) print_error("a wrong rule for %s is not caught\n", op_table[op].text);
            if (getenv("MTX_DUMP")) printf("%s: caught after %ld\n", op_table[op].text, after);
            missed += after < 0;
        }
    }
    printf("%d wrong rules, %d not caught, the last after %ld programs\n", mutants, missed, most);
    assert_int_equal(missed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_rule), cmocka_unit_test(test_wrong_rules)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
