/* SPDX-License-Identifier: Apache-2.0
 *
 * test_tree.c: what the passes behind the parser rely on: spans, dense ids, doc comments, kept comments,
 * limits, and that recovery keeps the statements around a mistake.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ast_build.h"
#include "parse.h"

#include <stdlib.h>
#include <string.h>

typedef struct fixture {
    arena memory;
    jmp_buf guard;
    intern names;
    diag_sink sink;
    ast_file *file;
} fixture;

static int start(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    arena_init(&f->memory, &f->guard);
    *state = f;
    return 0;
}

static int stop(void **state)
{
    fixture *f = *state;
    arena_free(&f->memory);
    free(f);
    return 0;
}

static ast_file *read_spec(fixture *f, const char *spec)
{
    assert_int_equal(setjmp(f->guard), 0);
    intern_init(&f->names, &f->memory);
    diag_sink_init(&f->sink, &f->memory);
    f->file =
        parse_file(&f->memory, &f->names, source_new(&f->memory, "t.mtx", spec, strlen(spec)), &f->sink);
    return f->file;
}

static const char *slice(fixture *f, span at)
{
    return arena_strndup(&f->memory, at.src->text + at.start, at.end - at.start);
}

#define SLICE(at, want) assert_string_equal(slice(*state, at), want)

static void test_spans_of_expressions(void **state)
{
    ast_file *file = read_spec(*state, "const a = (1 + f(x, k = 2 [eV/\u00c5])).r[i, j] * -(b)   # c\n");
    const expr *product = file->decl[0]->value;
    SLICE(product->at, "(1 + f(x, k = 2 [eV/\u00c5])).r[i, j] * -(b)");
    SLICE(product->binary.op_at, "*");
    const expr *index = product->binary.lhs, *negative = product->binary.rhs;
    SLICE(index->at, "(1 + f(x, k = 2 [eV/\u00c5])).r[i, j]");
    SLICE(index->index.base->at, "(1 + f(x, k = 2 [eV/\u00c5])).r");
    SLICE(index->index.base->field.field_at, "r");
    const expr *call = index->index.base->field.base->binary.rhs;
    SLICE(call->at, "f(x, k = 2 [eV/\u00c5])");
    SLICE(call->call.arg[1].label_at, "k");
    SLICE(call->call.arg[1].value->number.unit.at, "[eV/\u00c5]");
    SLICE(negative->at, "-(b)");
    SLICE(negative->unary.arg->at, "b");
    SLICE(file->decl[0]->id.at, "a");
    SLICE(file->comment[0].at, "# c");
    assert_false(file->comment[0].own_line);
}

static void test_spans_of_statements(void **state)
{
    ast_file *file = read_spec(
        *state, "transform t {\n"
                "  takes s, t : Crystal\n"
                "  gives p[i in s.atom, {b, c} in bond(i)] : s.atom * species^2 -> scalar^(2, n) [eV]\n"
                "    = sum j in s.atom where j == i: 1\n"
                "  breaks reflect(z), cell because \"x\"\n"
                "}\n");
    stmt *const *body = file->decl[0]->body;
    SLICE(body[0]->at, "takes s, t : Crystal");
    SLICE(body[0]->keyword_at, "takes");
    SLICE(body[0]->decl.names[1].at, "t");
    SLICE(body[0]->decl.type->at, "Crystal");
    SLICE(body[1]->def.lhs.at, "p[i in s.atom, {b, c} in bond(i)]");
    SLICE(body[1]->def.lhs.name_at, "p");
    SLICE(body[1]->def.lhs.binder[1].at, "{b, c} in bond(i)");
    SLICE(body[1]->def.lhs.binder[1].names_at[1], "c");
    SLICE(body[1]->def.type->at, "s.atom * species^2 -> scalar^(2, n) [eV]");
    SLICE(body[1]->def.type->domain[1].at, "species^2");
    SLICE(body[1]->def.value->at, "sum j in s.atom where j == i: 1");
    SLICE(body[2]->claim.sym[0].at, "reflect(z)");
    SLICE(file->decl[0]->at, slice(*state, (span){file->src, 0, (uint32_t)file->src->n - 1}));
    assert_int_equal(body[1]->def.type->n_channel, 2);
    assert_true(body[1]->def.type->channel[0] == 2);
    assert_string_equal(body[1]->def.type->channel_name[1], "n");
    assert_true(body[1]->def.type->domain[1].power == 2);
}

/* marks every id below e; each may occur once */
static void mark(const expr *e, unsigned char *seen)
{
    assert_int_equal(seen[e->id], 0);
    seen[e->id] = 1;
    if (e->kind == E_BINARY) {
        mark(e->binary.lhs, seen);
        mark(e->binary.rhs, seen);
    } else if (e->kind == E_CALL) {
        mark(e->call.base, seen);
        for (uint32_t i = 0; i < e->call.n; i++) mark(e->call.arg[i].value, seen);
    } else if (e->kind == E_IF) {
        mark(e->cond.cond, seen);
        mark(e->cond.then, seen);
        mark(e->cond.other, seen);
    }
}

static void test_ids_are_dense(void **state)
{
    ast_file *file = read_spec(*state, "const a = if x < 1 then f(1, 2) else 3 * y\nconst b = a + 1");
    assert_int_equal(file->n_expr, 14);
    unsigned char seen[14] = {0};
    mark(file->decl[0]->value, seen);
    mark(file->decl[1]->value, seen);
    for (size_t i = 0; i < sizeof seen; i++) assert_int_equal(seen[i], 1);
}

static void test_docs(void **state)
{
    ast_file *file = read_spec(
        *state, "# not a doc: a blank line follows\n\n# What it is.\n#   more\n"
                "transform t { # trailing\n  # the input\n  takes s : Crystal  # no\n  let a = 1\n}\n");
    assert_string_equal(file->decl[0]->doc, "What it is.\n  more");
    assert_string_equal(file->decl[0]->body[0]->doc, "the input");
    assert_null(file->decl[0]->body[1]->doc);
    assert_int_equal(file->n_comment, 6);
}

static void test_limits(void **state)
{
    fixture *f = *state;
    static const struct {
        const char *before, *piece, *after;
        size_t n;
        uint32_t errors;
    } cases[] = {
        {"const a = ", "(", "1", 100000, 1},
        {"const a = ", "-", "1", 100000, 1},
        {"const a = 1", " + 1", "", 20000, 1},
        {"const a = 1", "^1", "", 20000, 1},
        {"const a = ", "f(", "1", 400, 1},
        {"const a = ", "[", "1", 20000, 1},
        {"const a = ", "if x then y else ", "1", 5000, 1},
        {"const a = 1", " + 1", "", 498, 0},
        {"const a = ", "sum i in S: ", "1", 20000, 1},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        text spec;
        text_init(&spec);
        text_add(&spec, cases[c].before);
        for (size_t i = 0; i < cases[c].n; i++) text_add(&spec, cases[c].piece);
        text_add(&spec, cases[c].after);
        read_spec(f, spec.s);
        text_free(&spec);
        assert_int_equal(f->sink.errors, cases[c].errors);
        if (cases[c].errors == 1)
            assert_int_equal(f->sink.all.at[0]->id, cases[c].n == 400 ? D_UNCLOSED : D_TOO_DEEP);
    }
}

static void test_recovery_keeps_neighbours(void **state)
{
    fixture *f = *state;
    read_spec(f,
              "transform t {\n  takes s : Crystal\n  let a = sum {b, c} bond(i): f({1})\n  let b = 1\n"
              "  let c = )\n  let d = [1, 2\n  gives n : scalar = d\n}\nconst k = 3\nconst = 4\nuse \"x\"\n");
    assert_int_equal(f->sink.errors, 4);
    assert_int_equal(f->file->n, 3);
    uint32_t good = 0;
    for (uint32_t i = 0; i < f->file->decl[0]->n; i++) good += f->file->decl[0]->body[i]->kind != S_ERROR;
    assert_int_equal(good, 4);
    assert_string_equal(f->file->decl[1]->id.id, "k");
    assert_int_equal(f->file->decl[2]->kind, D_USE);
}

/* what stands last has nothing behind it to look at; the sanitizers see it */
static void test_texts_that_end_anywhere(void **state)
{
    fixture *f = *state;
    const char *const end_in[] = {
        "use", "test", "const", "transform", "use x", "transform t", "transform t {\n set"};
    for (size_t k = 0; k < sizeof end_in / sizeof *end_in; k++) {
        read_spec(f, end_in[k]);
        assert_true(f->sink.errors > 0);
        if (k == 0) assert_int_equal(f->sink.all.at[0]->id, D_MISSING_STRING);
    }
}

static void test_names_that_are_keywords(void **state)
{
    fixture *f = *state;
    read_spec(f, "transform t {\n  let a = b.in + s.set[x.by].to\n  let b = f(set = 1, to = 2, seed = 3)\n  "
                 "let c = 5 min\n"
                 "  let d = max(1, 2) + (max (p, q) in S: p)\n  let seed = 2 [1/min]\n  let batch = near + "
                 "init + read\n}\n");
    assert_int_equal(f->sink.errors, 0);
    const expr *sum = f->file->decl[0]->body[3]->def.value;
    assert_int_equal(sum->binary.lhs->kind, E_CALL);
    assert_int_equal(sum->binary.rhs->kind, E_REDUCE);
    assert_int_equal(sum->binary.rhs->reduce.binder[0].kind, BIND_PAIR);
}

static void test_units(void **state)
{
    fixture *f = *state;
    read_spec(f, "const a = 2 [1/eV^(1/2) * \u00c5^-3]\nconst b = 5 \u00c5\nconst c = 1");
    const ast_unit *u = &f->file->decl[0]->value->number.unit;
    assert_int_equal(u->n, 3);
    assert_null(u->factor[0].unit);
    assert_true(u->factor[1].divide && u->factor[1].num == 1 && u->factor[1].den == 2);
    assert_true(!u->factor[2].divide && u->factor[2].num == -3 && u->factor[2].den == 1);
    assert_true(u->bracketed && !f->file->decl[1]->value->number.unit.bracketed);
    assert_int_equal(f->file->decl[2]->value->number.unit.n, 0);
}

static void test_operator_laws(void **state)
{
    fixture *f = *state;
    read_spec(f, "transform t {\n  param H : orbit(host.site * host.site within 13 \u00c5) -> operator(2 "
                 "scalar ++ plane) [eV]\n"
                 "  param W : scalar^(64, 32) init glorot(2)\n  takes x : irreps(8x0e + 1o)\n}");
    assert_int_equal(f->sink.errors, 0);
    const ast_type *t = f->file->decl[0]->body[0]->decl.type;
    assert_int_equal(t->n_more, 2);
    assert_int_equal(t->more_count[0], 2);
    assert_int_equal(t->more_count[1], 1);
    assert_string_equal(t->more[1].part[0], "plane");
    assert_int_equal(t->domain[0].arg[0].kind, TARG_EXPR);
    assert_string_equal(f->file->decl[0]->body[1]->decl.init, "glorot");
    assert_int_equal(f->file->decl[0]->body[2]->decl.type->element.arg[0].kind, TARG_IRREPS);
    assert_int_equal(f->file->decl[0]->body[2]->decl.type->element.arg[0].n_irrep, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_spans_of_expressions, start, stop),
        cmocka_unit_test_setup_teardown(test_spans_of_statements, start, stop),
        cmocka_unit_test_setup_teardown(test_ids_are_dense, start, stop),
        cmocka_unit_test_setup_teardown(test_docs, start, stop),
        cmocka_unit_test_setup_teardown(test_limits, start, stop),
        cmocka_unit_test_setup_teardown(test_recovery_keeps_neighbours, start, stop),
        cmocka_unit_test_setup_teardown(test_texts_that_end_anywhere, start, stop),
        cmocka_unit_test_setup_teardown(test_names_that_are_keywords, start, stop),
        cmocka_unit_test_setup_teardown(test_units, start, stop),
        cmocka_unit_test_setup_teardown(test_operator_laws, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
