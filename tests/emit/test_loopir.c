/* SPDX-License-Identifier: Apache-2.0
 *
 * test_loopir.c: the verifier refuses what is wrong and takes what is right, dumps are exact, guarded
 * reductions change their form but not their sum, and scratch memory is shared only by buffers that are never
 * alive together.
 */
#include "emit_fixture.h"

static text problem;

static void expect_bad(const kernel *k, const char *words)
{
    problem.n = 0;
    assert_false(kernel_verify(k, &problem));
    if (!strstr(problem.s, words)) fail_msg("expected `%s`, found `%s`", words, problem.s);
}

static void expect_good(const kernel *k)
{
    problem.n = 0;
    if (!kernel_verify(k, &problem)) fail_msg("%s", problem.s);
}

static void dump_is_exact(void **state)
{
    (void)state;
    kernel *k = kernel_new(&fixture_arena, "sum", 1);
    buffer_id in = kernel_view_buffer(k, BUF_INPUT, LT_F64, 0, "x"),
              out = kernel_view_buffer(k, BUF_OUT, LT_F64, 0, "y");
    lvalue acc = lb_var(k, &k->body, "acc", lx_f64(k, 0.5));
    lstmt *loop = lb_for(k, &k->body, "i", lx_value(k, KERNEL_F0), lx_value(k, KERNEL_F1));
    lb_set(k, &loop->loop.body, acc,
           lx_2(k, L_ADD, lx_value(k, acc), lx_1(k, L_EXP, lx_load(k, in, lx_value(k, loop->loop.index)))));
    lb_vector(k, loop, true, &acc, 1);
    lb_store(k, &k->body, out, lx_i64(k, 0), lx_value(k, acc));
    expect_good(k);
    text t;
    text_init(&t);
    kernel_dump(k, &t);
    assert_string_equal(t.s, "kernel sum outputs 1\n"
                             "  b0 = input(0) f64  # x\n"
                             "  b1 = out(0) f64  # y\n"
                             "  var %2:acc = 0.5\n"
                             "  for %3:i = %0:f0 .. %1:f1 simd sum %2:acc\n"
                             "    set %2:acc = (%2:acc + exp(b0[%3:i]))\n"
                             "  b1[0i] = %2:acc\n");
    text_free(&t);
}

static void types_are_checked(void **state)
{
    (void)state;
    kernel *k = kernel_new(&fixture_arena, "types", 1);
    lb_let(k, &k->body, "x", lx_2(k, L_ADD, lx_f64(k, 1), lx_i64(k, 1)));
    expect_bad(k, "`i64` is i64 where f64 belongs");
    k = kernel_new(&fixture_arena, "types", 1);
    buffer_id out = kernel_view_buffer(k, BUF_OUT, LT_I32, 0, NULL);
    lb_store(k, &k->body, out, lx_i64(k, 0), lx_f64(k, 1));
    expect_bad(k, "f64 where i64 belongs");
    k = kernel_new(&fixture_arena, "types", 0);
    lb_if(k, &k->body, lx_i64(k, 1));
    expect_bad(k, "i64 where bool belongs");
}

static void scopes_are_checked(void **state)
{
    (void)state;
    kernel *k = kernel_new(&fixture_arena, "scopes", 0);
    lstmt *guard = lb_if(k, &k->body, lx_bool(k, true));
    lvalue inside = lb_let(k, &guard->branch.then, "x", lx_f64(k, 1));
    lb_let(k, &k->body, "y", lx_value(k, inside));
    expect_bad(k, "out of its block");
    k = kernel_new(&fixture_arena, "scopes", 0);
    lvalue later = kernel_value(k, LT_F64, "later");
    lb_let(k, &k->body, "y", lx_value(k, later));
    expect_bad(k, "before its definition");
    k = kernel_new(&fixture_arena, "scopes", 0);
    lvalue fixed = lb_let(k, &k->body, "x", lx_f64(k, 1));
    lb_set(k, &k->body, fixed, lx_f64(k, 2));
    expect_bad(k, "is no cell here");
}

static void simd_loops_are_checked(void **state)
{
    (void)state;
    for (int wrong = 0; wrong < 4; wrong++) {
        kernel *k = kernel_new(&fixture_arena, "simd", 1);
        lvalue acc = lb_var(k, &k->body, "acc", lx_f64(k, 0));
        lstmt *loop = lb_for(k, &k->body, "i", lx_i64(k, 0), lx_i64(k, 9));
        lexpr *twice = lx_2(k, L_MUL, lx_value(k, acc), lx_f64(k, 2)),
              *more = lx_2(k, L_ADD, lx_value(k, acc), lx_f64(k, 2));
        lb_set(k, &loop->loop.body, acc, wrong == 1 ? twice : more);
        if (wrong == 2) lb_let(k, &loop->loop.body, "y", lx_value(k, acc));
        lb_vector(k, loop, true, &acc, wrong != 0);
        if (wrong == 0)
            expect_bad(k, "is no reduction");
        else if (wrong == 1)
            expect_bad(k, "is not set to itself plus a term");
        else if (wrong == 2)
            expect_bad(k, "is read inside its loop");
        else
            expect_good(k);
    }
}

static void buffers_are_checked(void **state)
{
    (void)state;
    kernel *k = kernel_new(&fixture_arena, "buffers", 1);
    buffer_id in = kernel_view_buffer(k, BUF_INPUT, LT_F64, 0, NULL);
    lb_store(k, &k->body, in, lx_i64(k, 0), lx_f64(k, 1));
    expect_bad(k, "read-only buffer");
    k = kernel_new(&fixture_arena, "buffers", 1);
    kernel_view_buffer(k, BUF_OUT, LT_F64, 1, NULL);
    expect_bad(k, "output 1 of 1");
    k = kernel_new(&fixture_arena, "buffers", 1);
    kernel_local(k, LT_F64, 1 << 20, NULL);
    expect_bad(k, "local buffer");
    k = kernel_new(&fixture_arena, "calls", 1);
    call_arg wrong[] = {lb_value_arg(lx_i64(k, 0)), lb_value_arg(lx_i64(k, 3)), lb_value_arg(lx_i64(k, 0))};
    lb_call(k, &k->body, CALL_SORT, wrong, 3);
    expect_bad(k, "wrong kind");
}

static void guarded_sums_take_a_plain_form(void **state)
{
    (void)state;
    fixture_parts p = fixture_kernel("guarded", 1);
    fixture_atoms(&p);
    kernel *k = p.k;
    lvalue acc = lb_var(k, p.atoms, "acc", lx_f64(k, 0));
    lstmt *row = fixture_row(&p, p.atoms, "b");
    lexpr *d = lx_load(k, p.dist, lx_value(k, row->loop.index));
    lstmt *guard = lb_if(k, &row->loop.body, lx_2(k, L_LT, d, lx_f64(k, 2)));
    lb_set(k, &guard->branch.then, acc, lx_2(k, L_SUB, lx_value(k, acc), d));
    lb_vector(k, row, true, &acc, 1);
    expect_good(k);
    kernel_finish(k);
    expect_good(k);
    const lblock *body = &row->loop.body;
    assert_int_equal(body->stmt.n, 3);
    assert_int_equal(body->stmt.at[0]->kind, LOOP_VAR);
    assert_true(signbit(body->stmt.at[0]->let.expr->f64));
    assert_int_equal(body->stmt.at[1]->kind, LOOP_IF);
    assert_int_equal(body->stmt.at[1]->branch.then.stmt.at[0]->let.expr->op, L_SUB);
    assert_int_equal(body->stmt.at[2]->kind, LOOP_SET);
    assert_int_equal(body->stmt.at[2]->let.value, acc);
}

static void scratch_is_shared_when_it_may_be(void **state)
{
    (void)state;
    fixture_parts p = fixture_kernel("memory", 1);
    kernel *k = p.k;
    buffer_size size = {.constant = 3, .factor = {{EXT_MAX_FRAME, 0}}, .n_factor = 1};
    buffer_id a = kernel_scratch(k, LT_F64, size, "a"), b = kernel_scratch(k, LT_F64, size, "b");
    buffer_id c = kernel_scratch(k, LT_F64, size, "c"), whole = kernel_scratch(k, LT_F64, size, "whole");
    buffer_id order = kernel_scratch(k, LT_I64, size, "order");
    lexpr *zero = lx_i64(k, 0);
    lstmt *before = k->body.stmt.at[0];
    k->body.stmt.n = 0;
    lb_store(k, &k->body, whole, zero, lx_f64(k, 1));
    vec_push(k->memory, &k->body.stmt, before);
    lb_store(k, p.frames, a, zero, lx_load(k, whole, zero));
    lb_store(k, p.frames, b, zero, lx_load(k, a, zero));
    lb_store(k, p.frames, c, zero, lx_load(k, b, zero));
    lb_store(k, p.frames, order, zero, lx_1(k, L_TO_I64, lx_load(k, c, zero)));
    kernel_finish(k);
    expect_good(k);
    const buffer *at = k->buffers.at;
    assert_int_not_equal(at[a].slot, at[b].slot); /* read while the other is written */
    assert_int_not_equal(at[b].slot, at[c].slot);
    assert_int_equal(at[a].slot, at[c].slot);
    assert_int_not_equal(at[whole].slot, at[a].slot); /* lives across the frames */
    assert_int_not_equal(at[whole].slot, at[b].slot);
    assert_int_not_equal(at[order].slot, at[a].slot); /* another type */
    fixture_batch *batch = fixture_batch_new();
    size_t one = (3 * FIXTURE_ATOMS_MOST * 8 + 127) / 64 * 64;
    assert_int_equal(kernel_scratch_bytes(k, &batch->view, 0, FIXTURE_FRAMES), 4 * one);
    batch->set[0].max_frame = INT64_MAX / 4;
    assert_true(kernel_scratch_bytes(k, &batch->view, 0, FIXTURE_FRAMES) == SIZE_MAX);
    fixture_batch_free(batch);
}

static int open_fixture(void **state)
{
    (void)state;
    text_init(&problem);
    fixture_open();
    return 0;
}

static int close_fixture(void **state)
{
    (void)state;
    text_free(&problem);
    arena_free(&fixture_arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(dump_is_exact),
                                       cmocka_unit_test(types_are_checked),
                                       cmocka_unit_test(scopes_are_checked),
                                       cmocka_unit_test(simd_loops_are_checked),
                                       cmocka_unit_test(buffers_are_checked),
                                       cmocka_unit_test(guarded_sums_take_a_plain_form),
                                       cmocka_unit_test(scratch_is_shared_when_it_may_be)};
    return cmocka_run_group_tests(tests, open_fixture, close_fixture);
}
