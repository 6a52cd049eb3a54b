/* SPDX-License-Identifier: Apache-2.0
 *
 * fmt_stmt.c: statements as text. In: nodes. Out: the columns of a statement that neighbours align (name, type,
 * value), or the wrapped text behind the keyword of a statement that is not aligned.
 */
#include "fmt_internal.h"

#include <string.h>

uint32_t fmt_columns_of(const char *s)
{
    return s ? fmt_columns(s, strlen(s)) : 0;
}

static void put_names(text *out, const ast_name *names, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        text_printf(out, "%s%s", i ? ", " : "", names[i].id);
}

static void put_named_args(text *out, name id, const ast_arg *arg, uint32_t n)
{
    text_add(out, id);
    if (n == 0)
        return;
    text_add(out, "(");
    fmt_args(out, arg, n);
    text_add(out, ")");
}

static const char *type_text(arena *a, const ast_type *type)
{
    if (!type)
        return NULL;
    text t;
    text_init(&t);
    fmt_type(&t, type);
    return text_keep(a, &t);
}

static void put_lhs(text *out, const ast_lhs *lhs)
{
    text_add(out, lhs->id);
    if (lhs->kind == LHS_INDEXED) {
        text_add(out, "[");
        fmt_binders(out, lhs->binder, lhs->n_binder);
        text_add(out, "]");
    }
    for (uint32_t i = 0; i < lhs->n_param; i++) {
        text_printf(out, "%s%s", i ? ", " : "(", lhs->param[i].id);
        if (lhs->param[i].type) {
            text_add(out, " : ");
            fmt_type(out, lhs->param[i].type);
        }
    }
    text_add(out, lhs->n_param ? ")" : "");
}

static fmt_parts decl_stmt_parts(arena *a, const char *word, const stmt *s)
{
    text left, right;
    text_init(&left);
    text_init(&right);
    put_names(&left, s->decl.names, s->decl.n);
    if (s->decl.type)
        fmt_type(&right, s->decl.type);
    if (s->decl.from != FROM_NONE) {
        text_add(&right, s->decl.from == FROM_INFO ? " from info " : " from field ");
        fmt_string(&right, s->decl.key);
    }
    if (s->decl.init) {
        text_add(&right, " init ");
        put_named_args(&right, s->decl.init, s->decl.init_arg, s->decl.n_init);
    }
    if (!s->decl.type) {                                 /* key id from info "id": one piece      */
        text_addn(&left, right.s ? right.s : "", right.n);
        text_free(&right);
        return (fmt_parts){.word = word, .left = text_keep(a, &left)};
    }
    const char *type = text_keep(a, &right);
    return (fmt_parts){.word = word, .left = text_keep(a, &left), .type = type, .aligned = true};
}

static fmt_parts def_parts(arena *a, const char *word, const stmt *s)
{
    text left;
    text_init(&left);
    put_lhs(&left, &s->def.lhs);
    return (fmt_parts){.word = word,
                   .left = text_keep(a, &left),
                   .type = type_text(a, s->def.type),
                   .value = s->def.value,
                   .aligned = true};
}

static void put_sym(text *out, const ast_sym *sym)
{
    text_add(out, sym->id);
    for (uint32_t i = 0; i < sym->n; i++) {
        text_add(out, i ? ", " : "(");
        fmt_expr(out, sym->arg[i]);
    }
    text_add(out, sym->n ? ")" : "");
}

/* ---- statements without columns: lists that wrap behind their keyword */

/* one item of a list at its place, on a new line when it does not fit */
static void put_item(text *out, const char *s, bool first, uint32_t indent)
{
    if (!first)
        text_add(out, ",");
    if (!first && fmt_column(out) + 2 + fmt_columns_of(s) > FMT_WIDTH)
        fmt_newline(out, indent);
    else if (!first)
        text_add(out, " ");
    text_add(out, s);
}

static void put_syms(arena *a, text *out, const ast_sym *sym, uint32_t n)
{
    uint32_t indent = fmt_column(out);
    for (uint32_t i = 0; i < n; i++) {
        text one;
        text_init(&one);
        put_sym(&one, &sym[i]);
        put_item(out, text_keep(a, &one), i == 0, indent);
    }
}

/* a further clause: on the line when it fits, else on the next */
static void put_clause(text *out, const char *s, uint32_t indent)
{
    if (fmt_column(out) + 1 + fmt_columns_of(s) > FMT_WIDTH)
        fmt_newline(out, indent);
    else
        text_add(out, " ");
    text_add(out, s);
}

static void put_because(arena *a, text *out, name because, uint32_t indent)
{
    if (!because)
        return;
    text t;
    text_init(&t);
    text_add(&t, "because ");
    fmt_string(&t, because);
    put_clause(out, text_keep(a, &t), indent);
}

static void put_claim(arena *a, text *out, const stmt *s)
{
    uint32_t indent = fmt_column(out);
    if (s->kind == S_SOFTLY)
        text_add(out, "respects ");
    if (s->kind == S_ASSUME)
        text_printf(out, "%s respects ", s->claim.subject.id);
    put_syms(a, out, s->claim.sym, s->claim.n);
    if (s->claim.strength) {
        text t;
        text_init(&t);
        text_add(&t, "by ");
        fmt_expr(&t, s->claim.strength);
        put_clause(out, text_keep(a, &t), indent);
    }
    put_because(a, out, s->claim.because, indent);
}

static void put_information(arena *a, text *out, const stmt *s)
{
    uint32_t indent = fmt_column(out);
    for (uint32_t i = 0; i < s->info.n; i++) {
        text one;
        text_init(&one);
        fmt_post(&one, s->info.path[i]);
        put_item(out, text_keep(a, &one), i == 0, indent);
    }
    if (s->info.n_sym) {
        put_clause(out, "up to ", indent);
        put_syms(a, out, s->info.sym, s->info.n_sym);
    }
    if (s->info.by.id) {
        text t;
        text_init(&t);
        text_add(&t, "by ");
        put_named_args(&t, s->info.by.id, s->info.by_arg, s->info.n_by);
        put_clause(out, text_keep(a, &t), indent);
    }
    put_because(a, out, s->info.because, indent);
}

static void put_expect(arena *a, text *out, const stmt *s)
{
    uint32_t indent = fmt_column(out);
    fmt_expr_wrapped(out, s->expect.lhs, 0);
    if (s->expect.kind == EXPECT_TRUE)
        return;
    text t;
    text_init(&t);
    if (s->expect.within) {
        text_add(&t, "near ");
        fmt_operand(&t, s->expect.rhs);
        text_add(&t, " within ");
        fmt_operand(&t, s->expect.within);
    } else {
        text_add(&t, "differs ");
        fmt_expr(&t, s->expect.rhs);
    }
    put_clause(out, text_keep(a, &t), indent);
}

static void put_setting(text *out, const stmt *s)
{
    fmt_expr_wrapped(out, s->setting.value, 0);
    if (s->setting.where) {
        text_add(out, " where ");
        fmt_expr_wrapped(out, s->setting.where, 0);
    }
    if (s->setting.by.id)
        text_printf(out, " by %s", s->setting.by.id);
}

static void put_about(text *out, const stmt *s)
{
    put_names(out, s->about.names, s->about.n);
    if (s->about.order.id)
        text_printf(out, " to %s", s->about.order.id);
}

/* what follows the keyword of a statement that is not aligned; out stands behind the keyword */
void fmt_plain(arena *a, text *out, const stmt *s, const char *left)
{
    switch (s->kind) {
    case S_RESPECTS: case S_SOFTLY: case S_ASSUME: case S_BREAKS: put_claim(a, out, s); break;
    case S_PRESERVES: case S_LOSES: put_information(a, out, s); break;
    case S_SMOOTH: case S_EXTENSIVE: case S_INTENSIVE: put_about(out, s); break;
    case S_MINIMISE: fmt_expr_wrapped(out, s->value.value, 0); break;
    case S_CITES: fmt_string(out, s->cites.text); break;
    case S_FORMAT: put_named_args(out, s->format.id.id, s->format.arg, s->format.n); break;
    case S_SETTING: put_setting(out, s); break;
    case S_EXPECT: put_expect(a, out, s); break;
    case S_ERROR:
    case S_FIELD:
    case S_SET:
    case S_TAKES:
    case S_PARAM:
    case S_LET:
    case S_GIVES:
    case S_READS:
    case S_KEY: case S_GIVEN: text_add(out, left); break;
    }
}

fmt_parts fmt_parts_of(arena *a, const stmt *s, const decl *constant)
{
    if (!s)
        return (fmt_parts){.word = "const", .left = constant->id.id, .type = type_text(a, constant->type),
                           .value = constant->value, .aligned = true};
    switch (s->kind) {
    case S_FIELD:     return decl_stmt_parts(a, "field", s);
    case S_TAKES:     return decl_stmt_parts(a, "takes", s);
    case S_PARAM:     return decl_stmt_parts(a, "param", s);
    case S_READS:     return decl_stmt_parts(a, "reads", s);
    case S_KEY:       return decl_stmt_parts(a, "key", s);
    case S_LET:       return def_parts(a, "let", s);
    case S_GIVES:     return def_parts(a, "gives", s);
    case S_SET:
        return (fmt_parts){.word = "set", .left = s->set.id.id, .value = s->set.value, .aligned = true};
    case S_GIVEN:
        return (fmt_parts){.word = "given", .left = s->given.id.id, .value = s->given.value,
                           .aligned = true};
    case S_MINIMISE:  return (fmt_parts){.word = "minimise"};
    case S_RESPECTS:  return (fmt_parts){.word = "respects"};
    case S_SOFTLY:    return (fmt_parts){.word = "softly"};
    case S_PRESERVES: return (fmt_parts){.word = "preserves"};
    case S_LOSES:     return (fmt_parts){.word = "loses"};
    case S_ASSUME:    return (fmt_parts){.word = "assume"};
    case S_BREAKS:    return (fmt_parts){.word = "breaks"};
    case S_SMOOTH:    return (fmt_parts){.word = "smooth"};
    case S_EXTENSIVE: return (fmt_parts){.word = "extensive"};
    case S_INTENSIVE: return (fmt_parts){.word = "intensive"};
    case S_CITES:     return (fmt_parts){.word = "cites"};
    case S_FORMAT:    return (fmt_parts){.word = "format"};
    case S_SETTING:   return (fmt_parts){.word = s->setting.keyword.id};
    case S_EXPECT:    return (fmt_parts){.word = "expect"};
    case S_ERROR:     break;
    }
    return (fmt_parts){.word = "", .left = ""};
}
