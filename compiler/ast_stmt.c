/* SPDX-License-Identifier: Apache-2.0
 *
 * ast_stmt.c: builds statements and declarations and attaches doc comments. In: what the grammar's actions
 * hold. Out: nodes of ast.h in the arena. Statements in the wrong block are reported here, because the grammar
 * takes every statement in every block. Expressions, parts and types: ast.c.
 */
#include "ast_build.h"

#include "lex.h"

#include <string.h>

/* ---- statements */

static stmt *statement(builder *b, span at, span word, stmt_kind kind, stmt s)
{
    stmt *n = arena_new(b->memory, stmt);
    *n = s;
    n->kind = kind;
    n->at = at;
    n->keyword_at = word;
    return n;
}

stmt *ast_stmt_error(builder *b, span at)
{
    return statement(b, at, at, S_ERROR, (stmt){0});
}

stmt *ast_decl_stmt(builder *b, span at, span word, stmt_kind kind, name_list *names, ast_type *type,
                    column from, ast_args init)
{
    stmt s = {.decl = {.names = names->v.at,
                       .n = names->v.n,
                       .type = type,
                       .from = from.kind,
                       .key = from.key,
                       .key_at = from.key_at,
                       .init = init.id.id,
                       .init_at = init.id.at,
                       .init_arg = init.arg,
                       .n_init = init.n}};
    return statement(b, at, word, kind, s);
}

stmt *ast_set(builder *b, span at, span word, ast_name id, expr *value)
{
    return statement(b, at, word, S_SET, (stmt){.set = {id, value}});
}

stmt *ast_def(builder *b, span at, span word, stmt_kind kind, ast_lhs *lhs, ast_type *type, expr *value)
{
    return statement(b, at, word, kind, (stmt){.def = {*lhs, type, value}});
}

stmt *ast_minimise(builder *b, span at, span word, expr *value)
{
    return statement(b, at, word, S_MINIMISE, (stmt){.value = {value}});
}

stmt *ast_claim(builder *b, span at, span word, stmt_kind kind, sym_list *syms, expr *strength,
                ast_name subject, name because)
{
    stmt s = {.claim = {syms->v.at, syms->v.n, strength, subject, because}};
    return statement(b, at, word, kind, s);
}

stmt *ast_information(builder *b, span at, span word, stmt_kind kind, expr_list *paths, sym_list *syms,
                      ast_args by, name because)
{
    stmt s = {.info = {.path = paths->v.at, .n = paths->v.n, .by = by.id, .by_arg = by.arg, .n_by = by.n,
                       .because = because}};
    if (syms) {
        s.info.sym = syms->v.at;
        s.info.n_sym = syms->v.n;
    }
    return statement(b, at, word, kind, s);
}

stmt *ast_about(builder *b, span at, span word, stmt_kind kind, name_list *names, ast_name order)
{
    return statement(b, at, word, kind, (stmt){.about = {names->v.at, names->v.n, order}});
}

stmt *ast_cites(builder *b, span at, span word, name quoted)
{
    return statement(b, at, word, S_CITES, (stmt){.cites = {quoted}});
}

stmt *ast_format(builder *b, span at, span word, ast_args format)
{
    return statement(b, at, word, S_FORMAT, (stmt){.format = {format.id, format.arg, format.n}});
}

stmt *ast_setting(builder *b, span at, ast_name word, expr *value, span where_at, expr *where, ast_name by)
{
    bool filters = strcmp(word.id, "data") == 0 || strcmp(word.id, "validate") == 0;
    if (where && !filters)
        diag_report(b->sink, D_SETTING_CLAUSE, where_at, word.id, "where");
    if (by.id && strcmp(word.id, "scale") != 0)
        diag_report(b->sink, D_SETTING_CLAUSE, by.at, word.id, "by");
    return statement(b, at, word.at, S_SETTING, (stmt){.setting = {word, value, where, by}});
}

stmt *ast_given(builder *b, span at, span word, ast_name id, expr *value)
{
    return statement(b, at, word, S_GIVEN, (stmt){.given = {id, value, value->kind == E_READ}});
}

/* x near y within t: `within` is an operator, so y arrives as (y within t) */
stmt *ast_expect(builder *b, span at, span word, expect_kind kind, expr *lhs, expr *rhs)
{
    stmt s = {.expect = {kind, lhs, rhs, NULL}};
    if (kind == EXPECT_NEAR && rhs->kind == E_BINARY && rhs->binary.op == B_WITHIN) {
        s.expect.rhs = rhs->binary.lhs;
        s.expect.within = rhs->binary.rhs;
    } else if (kind == EXPECT_NEAR && rhs->kind != E_ERROR) {
        diag *d = diag_report(b->sink, D_NEAR_WITHIN, rhs->at);
        diag_help(b->sink, d, "near ... within 1e-6");
    }
    return statement(b, at, word, S_EXPECT, s);
}

stmt_list *ast_stmts(builder *b, stmt_list *list, stmt *s)
{
    list = list ? list : arena_new(b->memory, stmt_list);
    if (s)
        vec_push(b->memory, &list->v, s);
    return list;
}

/* ---- declarations */

static const char *block_name(decl_kind kind)
{
    switch (kind) {
    case D_STRUCTURE: return "a structure";
    case D_TRANSFORM: return "a transform";
    case D_LOSS:      return "a loss";
    case D_DATASET:   return "a dataset";
    case D_TRAIN:     return "a training run";
    case D_TEST:      return "a test";
    case D_ERROR:
    case D_CONST:
    case D_USE:       break;
    }
    return "this block";
}

/* statements of every kind parse in every block, so that the message can say where they belong */
static void check_place(builder *b, decl_kind kind, const stmt *s)
{
    uint32_t n = s->keyword_at.end - s->keyword_at.start;
    const char *word = arena_strndup(b->memory, b->src->text + s->keyword_at.start, n);
    const keyword *k = s->kind == S_ERROR ? NULL : keyword_find(word);
    if (!k || (k->in & (1u << kind)))
        return;
    diag *d = diag_report(b->sink, D_MISPLACED, s->keyword_at, word, block_name(kind));
    if (kind == D_STRUCTURE && s->kind == S_TAKES)
        diag_help(b->sink, d, "field    for a quantity of the structure");
    else if (kind == D_TRANSFORM && s->kind == S_MINIMISE)
        diag_help(b->sink, d, "loss NAME { ... }    instead of a transform");
    else if (kind == D_TRANSFORM && s->kind == S_FIELD)
        diag_help(b->sink, d, "takes    for an input,  gives  for an output");
}

void ast_block(builder *b, span at, decl_kind kind, ast_name id, stmt_list *body)
{
    decl *d = arena_new(b->memory, decl);
    *d = (decl){.kind = kind, .at = at, .id = id, .body = body->v.at, .n = body->v.n};
    for (uint32_t i = 0; i < d->n; i++)
        check_place(b, kind, d->body[i]);
    vec_push(b->memory, &b->decls, d);
}

void ast_const(builder *b, span at, ast_name id, ast_type *type, expr *value)
{
    decl *d = arena_new(b->memory, decl);
    *d = (decl){.kind = D_CONST, .at = at, .id = id, .value = value, .type = type};
    vec_push(b->memory, &b->decls, d);
}

void ast_use(builder *b, span at, ast_name path)
{
    decl *d = arena_new(b->memory, decl);
    *d = (decl){.kind = D_USE, .at = at, .id = path};
    vec_push(b->memory, &b->decls, d);
}

/* ---- doc comments */

/* the own-line comments on the lines right above `at`, without their `# ` */
static name doc_above(const ast_file *file, intern *names, arena *memory, span at)
{
    uint32_t low = 0, high = file->n_comment;            /* first comment behind at.start         */
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (file->comment[middle].at.start < at.start)
            low = middle + 1;
        else
            high = middle;
    }
    uint32_t line = source_place(file->src, at.start).line, first = low;
    while (first > 0 && file->comment[first - 1].own_line
           && source_place(file->src, file->comment[first - 1].at.start).line + 1 == line) {
        first--;
        line--;
    }
    if (first == low)
        return NULL;
    size_t room = 0, n = 0;
    for (uint32_t i = first; i < low; i++)
        room += file->comment[i].at.end - file->comment[i].at.start + 1;
    char *doc = arena_alloc(memory, room);
    for (uint32_t i = first; i < low; i++) {
        const char *s = file->src->text + file->comment[i].at.start + 1;
        size_t length = file->comment[i].at.end - file->comment[i].at.start - 1;
        bool blank = length && *s == ' ';
        memcpy(doc + n, s + blank, length - blank);
        n += length - blank;
        doc[n++] = i + 1 < low ? '\n' : '\0';
    }
    return intern_n(names, doc, n - 1);
}

void ast_attach_docs(ast_file *file, intern *names, arena *memory)
{
    for (uint32_t i = 0; i < file->n; i++) {
        decl *d = file->decl[i];
        d->doc = doc_above(file, names, memory, d->at);
        for (uint32_t k = 0; k < d->n; k++)
            d->body[k]->doc = doc_above(file, names, memory, d->body[k]->at);
    }
}
