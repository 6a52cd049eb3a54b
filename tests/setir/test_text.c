/* SPDX-License-Identifier: Apache-2.0
 *
 * Text of the set IR: what is printed reads back to the same text, what is wrong is reported and never
 * crashes; and the verifier names the fault.
 */
#include "build.h"

static program *read_text(bench *t, const char *s, size_t n, diag_sink *sink)
{
    diag_sink_init(sink, &t->memory);
    return program_read(&t->memory, &t->names, source_new(&t->memory, "test.ir", s, n), sink);
}

/* a program with every kind of line */
static const char all_lines[] =
    "program \"all \\\"lines\\\"\"\n"
    "doc \"one of each\\nkind\"\n"
    "cites \"doi 10.1\"\n"
    "slot 0 \"h\" : \"Layer\" axes xy base S0 position in0 species in1 cell \"cell\"\n"
    "slot 1 \"s\" : \"Layer\" axes xy base S1 position in2 species in3 cell \"cell\"\n"
    "set S0 \"h.site\" = base slot 0\n"
    "set S1 \"s.site\" = base slot 1\n"
    "set S2 \"spot\" = differ host S0 sample S1 slot 1\n"
    "set S3 \"edge\" = pairs S2 slot 1 cutoff %0\n"
    "set S4 \"g\" = recip slot 1 cutoff %1\n"
    "set S5 = axis 2 slot 1\n"
    "set S6 \"n\" = range -1 3\n"
    "set S7 \"z\" = species 42 16 34\n"
    "set S8 = rank S1\n"
    "set S9 = rank 7\n"
    "ivar i0 \"p\" in S2\n"
    "ivar i1 \"e\" in S3 row %2\n"
    "ivar i2 \"f\" in S3 row %2 partner i1 unordered\n"
    "ivar i3 in S9\n"
    "ivar i4 \"a\" in S1\n"
    "ivar i5 \"b\" in S8\n"
    "input in0 \"r\" = position real(1) [Å] slot 0 over S0 point scale 1\n"
    "input in1 \"Z\" = species species [1] slot 0 over S0 scale 1\n"
    "input in2 \"r\" = position real(1) [Å] slot 1 over S1 point scale 1\n"
    "input in3 \"Z\" = species species [1] slot 1 over S1 scale 1\n"
    "input in4 \"charge\" = field real [e] slot 1 over S1 scale 1 from 2 key \"q\"\n"
    "input in5 \"mu\" = field real(1) [e*Å] pseudo scale 0.20819433 from 1 key \"dipole\"\n"
    "def d0 \"c\" : real = body %8 over i0 output unit [eV/Å^2] scale 0.1 doc \"what it is\"\n"
    "def d1 \"q\" : real = body %10 over i4\n"
    "def d2 \"sorted\" : real = sort d1 flag over i5 output\n"
    "def d3 \"x\" : real = body %12 over i3 output pseudo declared real(2)\n"
    "%0 = const real 15 [Å]\n"
    "%1 = const real 2.5 [1/Å]\n"
    "%2 = ivar index(S2) i0 : free(p)\n"
    "%3 = ivar index(S3) i1 : free(p e)\n"
    "%4 = pair.d real(1) %3 : free(p e) moves\n"
    "%5 = ivar index(S3) i2 : free(p f)\n"
    "%6 = pair.d real(1) %5 : free(p f) moves\n"
    "%7 = dot real %4 %6 : free(p e f) moves\n"
    "%8 = reduce real sum(i1 i2) %7 : free(p) moves\n"
    "%9 = ivar index(S1) i4 : free(a)\n"
    "%10 = input real in4 %9 : free(a)\n"
    "%11 = ivar index(S9) i3 : free(i3)\n"
    "%12 = padget real d2 %11 : free(i3)\n"
    "claim respects rotate(z) d0\n"
    "claim breaks rotate d0 because \"axes\"\n"
    "claim smooth d0 order 2\n"
    "claim extensive d3\n";

static void dump_of(const program *p, text *out)
{
    text_init(out);
    program_dump(p, out);
}

static void every_line_reads_back(void **state)
{
    (void)state;
    bench t;
    bench_init(&t, 0);
    diag_sink sink;
    program *p = read_text(&t, all_lines, sizeof all_lines - 1, &sink);
    if (!p) fail_msg("%s", sink.all.at[0]->message);
    text out;
    dump_of(p, &out);
    assert_string_equal(out.s, all_lines);
    text_free(&out);
    bench_free(&t);
}

static void built_programs_read_back(void **state)
{
    (void)state;
    bench t;
    bench_init(&t, 7);
    set_id bond = pairs_of(&t, t.atom, num(&t, 1.0 / 3));
    ivar_id i = over(&t, "i", t.atom), b = in_row(&t, "b", bond, at(&t, i), SETIR_NONE);
    elem three = {.kind = ELEM_REAL, .channels = 3};
    node_id d = node_1(t.p, OP_PAIR_D, elem_real(1), at(&t, b), nowhere);
    node_id cat = node_3(t.p, OP_CHANNEL_CAT, three, power(&t, real1(&t, OP_NORM, d), -2.5), num(&t, 1e-300),
                         num(&t, -0.1), nowhere);
    tensor(&t, "x", &i, 1, reduce(&t, RED_MEAN, &b, 1, cat, SETIR_NONE));
    text first, second;
    dump_of(t.p, &first);
    diag_sink sink;
    program *p = read_text(&t, first.s, first.n, &sink);
    if (!p) fail_msg("%s\n%s", sink.all.at[0]->message, first.s);
    dump_of(p, &second);
    assert_string_equal(first.s, second.s);
    assert_int_equal(p->nodes.n, t.p->nodes.n);
    for (uint32_t k = 0; k < p->nodes.n; k++) assert_int_equal(p->nodes.at[k].moves, t.p->nodes.at[k].moves);
    text_free(&first);
    text_free(&second);
    bench_free(&t);
}

/* the program with line `at` replaced (NULL: removed) is refused with a message that holds `words` */
static void refuse(const char *old, const char *new, const char *words)
{
    bench t;
    bench_init(&t, 0);
    const char *found = strstr(all_lines, old);
    if (!found) fail_msg("no line %s", old);
    size_t before = (size_t)(found - all_lines), cap = sizeof all_lines + strlen(new) + 1;
    char *s = calloc(cap, 1);
    memcpy(s, all_lines, before);
    strcat(s, new);
    strcat(s, found + strlen(old));
    diag_sink sink;
    program *p = read_text(&t, s, strlen(s), &sink);
    if (p) fail_msg("accepted: %s", new);
    if (!sink.all.n || !strstr(sink.all.at[0]->message, words))
        fail_msg("%s: %s, not %s", new, sink.all.n ? sink.all.at[0]->message : "silence", words);
    free(s);
    bench_free(&t);
}

static void faults_are_named(void **state)
{
    (void)state;
    refuse("set S9 = rank 7", "set S10 = rank 7", "expected the next set");
    refuse("%7 = dot real %4 %6", "%7 = dto real %4 %6", "expected an operation");
    refuse("%7 = dot real %4 %6", "%7 = dot real %4 %8", "%8 is not defined");
    refuse("%7 = dot real %4 %6", "%7 = dot real %4", "another number of arguments");
    refuse("%7 = dot real %4 %6", "%7 = dot real(1) %4 %6", "%7 (dot): the result has another type");
    refuse("%7 = dot real %4 %6", "%7 = dot real %4 %0", "two of one rank");
    refuse("%6 = pair.d real(1) %5", "%6 = pair.d real(1) %3", "this node is the same as %4");
    refuse("%6 = pair.d real(1) %5", "%6 = pair.d real(1) %2", "an index of a pair set");
    refuse("%8 = reduce real sum(i1 i2) %7", "%8 = reduce real sum(i2) %7", "depends on i1");
    refuse("%10 = input real in4 %9", "%10 = input real in4 %2", "an index belongs to another set");
    refuse("set S3 \"edge\" = pairs S2 slot 1 cutoff %0", "set S3 \"edge\" = pairs S2 slot 1 cutoff %4",
           "cutoff %4 depends");
    refuse("set S3 \"edge\" = pairs S2 slot 1 cutoff %0", "set S3 \"edge\" = pairs S3 slot 1 cutoff %0",
           "S3 is not defined");
    refuse("over i3 output pseudo", "over i3 nested output", "end of the line");
    refuse("def d2 \"sorted\" : real = sort d1 flag over i5",
           "def d2 \"sorted\" : real = sort d0 flag over i5", "rank of the argument");
    refuse("%11 = ivar index(S9) i3", "%11 = ivar index(S8) i3", "the result has another type");
    refuse("row %2 partner i1 unordered", "partner i1 unordered", "over the same elements");
    refuse("[eV/Å^2]", "[furlong]", "expected a base unit");
    refuse("%0 = const real 15 [Å]", "%0 = const real fifteen [Å]", "expected a number");
    refuse("\"doi 10.1\"", "\"doi 10.1", "the end of the string");
    refuse("claim respects rotate(z) d0", "claim respects rotate(w) d0", "expected a symmetry");
}

/* a cutoff through a sum over its own pairs */
static void circular_sets_are_refused(void **state)
{
    (void)state;
    bench t;
    bench_init(&t, 7);
    set_id bond = pairs_of(&t, t.atom, num(&t, 3));
    ivar_id b = over(&t, "b", bond);
    t.p->sets.at[bond].cutoff = reduce(&t, RED_SUM, &b, 1, num(&t, 1), SETIR_NONE);
    text problem;
    text_init(&problem);
    assert_false(program_verify(t.p, &problem));
    assert_non_null(strstr(problem.s, "depends on the set itself"));
    text_free(&problem);
    bench_free(&t);
}

/* Damaged text: cut anywhere, bytes changed. Any outcome but a crash; what is accepted reads back. */
static void damaged_text_is_survived(void **state)
{
    (void)state;
    uint64_t seed = 12345;
    for (int round = 0; round < 3000; round++) {
        char s[sizeof all_lines];
        memcpy(s, all_lines, sizeof s);
        size_t n = sizeof s - 1;
        for (int hits = 1 + round % 3; hits > 0; hits--) {
            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
            size_t to = (size_t)(seed >> 33) % n, from = (size_t)(seed >> 13) % n;
            s[to] = round % 2 ? all_lines[from] : (char)(seed >> 56);
        }
        if (round % 7 == 0) n = (size_t)(seed >> 20) % n;
        bench t;
        bench_init(&t, 0);
        diag_sink sink;
        program *p = read_text(&t, s, n, &sink);
        assert_true(p != NULL || sink.errors > 0);
        if (p) {
            text first, second;
            dump_of(p, &first);
            program *again = read_text(&t, first.s, first.n, &sink);
            if (!again) fail_msg("%s\n%s", sink.all.at[0]->message, first.s);
            dump_of(again, &second);
            size_t same = 0;
            while (first.s[same] && first.s[same] == second.s[same]) same++;
            if (first.s[same] != second.s[same]) fail_msg("%.60s\n%.60s", first.s + same, second.s + same);
            text_free(&first);
            text_free(&second);
        }
        bench_free(&t);
    }
}

static void units_as_text(void **state)
{
    (void)state;
    unit u = unit_none();
    text out;
    text_init(&out);
    unit_text(u, &out);
    assert_string_equal(out.s, "1");
    u.power[UNIT_ENERGY] = rational_new(1, 1);
    u.power[UNIT_LENGTH] = rational_new(-4, 2);
    text_free(&out);
    unit_text(u, &out);
    assert_string_equal(out.s, "eV/Å^2");
    text_free(&out);
    u = unit_pow(u, rational_new(3, 4));
    unit_text(u, &out);
    assert_string_equal(out.s, "eV^(3/4)/Å^(3/2)");
    assert_true(unit_is_none(unit_div(u, u)));
    assert_false(unit_equal(u, unit_mul(u, u)));
    text_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_reads_back),    cmocka_unit_test(built_programs_read_back),
        cmocka_unit_test(faults_are_named),         cmocka_unit_test(circular_sets_are_refused),
        cmocka_unit_test(damaged_text_is_survived), cmocka_unit_test(units_as_text),
    };
    if (setjmp(test_landing)) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
