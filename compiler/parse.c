/* SPDX-License-Identifier: Apache-2.0
 *
 * parse.c: drives the parser. In: a source. Out: a tree and messages. The whole text is cut into tokens
 * first, the list is mended (parse_tokens.c), then pushed; after an error the driver goes on at the next
 * keyword, so that every statement gets its own message.
 */
#include "parse.h"

#include "lex.h"
#include "parse_internal.h"

#include <string.h>

#define PARSE_MOST_BYTES ((size_t)1 << 28)

/* where to go on after an error at token i: the next keyword that can start something, or the block's end */
static uint32_t resume_at(const parser *p, uint32_t i, uint32_t last)
{
    if (i == last)
        i++;                             /* already tried: always move on                         */
    while (i < p->n && !(p->tokens[i].sync && (p->in_block || p->tokens[i].heads)))
        i++;
    return i < p->n ? i : p->n;
}

static void push_all(parser *p, mtx_yypstate *state)
{
    uint32_t i = 0, last = UINT32_MAX;
    for (;;) {
        token *t = &p->tokens[i];
        p->index = i;
        if (t->heads)
            p->in_block = false;
        if (t->said && t->kind == T_FOREIGN && i != last) {      /* reported: spare what came before */
            last = i = resume_at(p, i, i);
            continue;
        }
        int status = mtx_yypush_parse(state, t->kind, &t->value, &t->at, &p->build);
        if (status != YYPUSH_MORE)
            return;
        if (!p->failed) {
            if (t->kind == 0)
                return;
            if (t->blocks)
                p->in_block = t->kind == '{';
            i++;
            continue;
        }
        p->failed = false;
        if (t->kind == 0 && last == i)
            return;
        last = i = resume_at(p, i, last);
    }
}

/* bison's stack is malloc's: give it back when the arena runs out in the middle */
static void push_guarded(parser *p, arena *a)
{
    jmp_buf *outer = a->guard, guard;
    mtx_yypstate *state = mtx_yypstate_new();
    if (!state)
        longjmp(*outer, 1);
    a->guard = &guard;
    if (setjmp(guard) == 0) {
        push_all(p, state);
        a->guard = outer;
        mtx_yypstate_delete(state);
        return;
    }
    a->guard = outer;
    mtx_yypstate_delete(state);
    longjmp(*outer, 1);
}

ast_file *parse_file(arena *a, intern *names, const source *src, diag_sink *sink)
{
    ast_file *file = arena_new(a, ast_file);
    file->src = src;
    if (src->n > PARSE_MOST_BYTES) {
        diag_report(sink, D_FILE_TOO_LARGE, (span){src, 0, 0}, src->n);
        return file;
    }
    lexer *lex = arena_new(a, lexer);
    *lex = (lexer){.memory = a, .names = names, .src = src, .sink = sink};
    if (!lex_check_text(lex))
        return file;
    uint32_t before = sink->errors;
    token_list tokens = lex_all(lex);
    parser *p = arena_new(a, parser);
    p->build = (builder){.memory = a, .names = names, .src = src, .sink = sink, .parse = p};
    parse_mend(p, tokens.at, tokens.n);
    push_guarded(p, a);
    file->decl = p->build.decls.at;
    file->n = p->build.decls.n;
    file->comment = lex->comments.at;
    file->n_comment = lex->comments.n;
    file->n_expr = p->build.n_expr;
    ast_attach_docs(file, names, a);
    if (tokens.n == 0 && sink->errors == before)
        diag_report(sink, D_EMPTY_FILE, (span){src, 0, 0});
    return file;
}
