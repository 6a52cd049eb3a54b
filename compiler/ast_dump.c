/* SPDX-License-Identifier: Apache-2.0
 *
 * ast_dump.c: prints the tree. In: a file's tree. Out: one S-expression a declaration, statements indented.
 * Numbers and units are printed as written, so a dump shows what the parser saw and nothing that later
 * passes find out.
 */
#include "ast_dump.h"

static void dump_expr(text *out, const expr *e);

static void dump_number(text *out, double x)
{
    text_printf(out, " %.17g", x);
}

static void dump_unit(text *out, const ast_unit *u)
{
    if (u->n == 0)
        return;
    text_add(out, u->bracketed ? " [" : " (unit");
    for (uint32_t i = 0; i < u->n; i++) {
        const ast_unit_factor *f = &u->factor[i];
        text_add(out, f->divide ? " /" : " ");
        if (f->unit)
            text_add(out, f->unit);
        else
            text_printf(out, "%.17g", f->scale);
        if (f->num != 1 || f->den != 1)
            text_printf(out, "^%d/%d", f->num, f->den);
    }
    text_add(out, u->bracketed ? "]" : ")");
}

static void dump_exprs(text *out, expr *const *e, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        text_add(out, " ");
        dump_expr(out, e[i]);
    }
}

static void dump_args(text *out, const ast_arg *arg, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        text_add(out, " ");
        if (arg[i].label)
            text_printf(out, "%s=", arg[i].label);
        dump_expr(out, arg[i].value);
    }
}

static void dump_binders(text *out, const ast_binder *binder, uint32_t n)
{
    static const char *const kind[] = {[BIND_ONE] = "in", [BIND_PAIR] = "pair", [BIND_SET] = "set"};
    for (uint32_t i = 0; i < n; i++) {
        text_printf(out, " (%s", kind[binder[i].kind]);
        for (uint32_t k = 0; k < binder[i].n; k++)
            text_printf(out, " %s", binder[i].names[k]);
        text_add(out, " ");
        dump_expr(out, binder[i].set);
        text_add(out, ")");
    }
}

static void dump_reduce(text *out, const expr *e)
{
    static const char *const op[] = {[R_SUM] = "sum", [R_MEAN] = "mean", [R_PROD] = "prod", [R_MAX] = "max",
                                     [R_MIN] = "min"};
    text_printf(out, "(%s", op[e->reduce.op]);
    dump_binders(out, e->reduce.binder, e->reduce.n);
    if (e->reduce.where) {
        text_add(out, " (where ");
        dump_expr(out, e->reduce.where);
        text_add(out, ")");
    }
    text_add(out, " ");
    dump_expr(out, e->reduce.body);
    text_add(out, ")");
}

/* (head a b c) */
static void dump_form(text *out, const char *head, expr *const *e, uint32_t n)
{
    text_printf(out, "(%s", head);
    dump_exprs(out, e, n);
    text_add(out, ")");
}

static void dump_binary(text *out, const expr *e)
{
    static const char *const op[] = {
        [B_OR] = "or",         [B_AND] = "and",  [B_EQ] = "==",     [B_NE] = "!=",
        [B_LT] = "<",          [B_LE] = "<=",    [B_GT] = ">",      [B_GE] = ">=",
        [B_WITHIN] = "within", [B_RANGE] = "..", [B_CONCAT] = "++", [B_ADD] = "+",
        [B_SUB] = "-",         [B_MUL] = "*",    [B_DIV] = "/",     [B_POW] = "^"};
    dump_form(out, op[e->binary.op], (expr *const[]){e->binary.lhs, e->binary.rhs}, 2);
}

static void dump_literal(text *out, const expr *e)
{
    text_printf(out, "(number %s", e->number.text);
    dump_unit(out, &e->number.unit);
    text_add(out, ")");
}

static void dump_expr(text *out, const expr *e)
{
    switch (e->kind) {
    case E_ERROR:  text_add(out, "(error)"); break;
    case E_NUMBER: dump_literal(out, e); break;
    case E_STRING: text_json(out, e->string.value); break;
    case E_READ:
        text_add(out, "(read ");
        text_json(out, e->string.value);
        text_add(out, ")");
        break;
    case E_NAME:   text_add(out, e->ident.id); break;
    case E_LIST:   dump_form(out, "list", e->list.item, e->list.n); break;
    case E_FIELD:
        text_add(out, "(. ");
        dump_expr(out, e->field.base);
        text_printf(out, " %s)", e->field.field);
        break;
    case E_INDEX:
        text_add(out, "(index ");
        dump_expr(out, e->index.base);
        dump_exprs(out, e->index.arg, e->index.n);
        text_add(out, ")");
        break;
    case E_CALL:
        text_add(out, "(call ");
        dump_expr(out, e->call.base);
        dump_args(out, e->call.arg, e->call.n);
        text_add(out, ")");
        break;
    case E_UNARY:  dump_form(out, e->unary.op == U_NEG ? "neg" : "not", &e->unary.arg, 1); break;
    case E_BINARY: dump_binary(out, e); break;
    case E_IF:     dump_form(out, "if", (expr *const[]){e->cond.cond, e->cond.then, e->cond.other}, 3); break;
    case E_REDUCE: dump_reduce(out, e); break;
    case E_REPEAT:
        text_add(out, "(repeat ");
        dump_expr(out, e->repeat.count);
        text_add(out, " ");
        dump_form(out, "from", e->repeat.from, e->repeat.n);
        text_add(out, " ");
        dump_expr(out, e->repeat.body);
        text_add(out, ")");
        break;
    case E_SOFTMAX: dump_form(out, "softmax", (expr *const[]){e->softmax.value, e->softmax.over}, 2); break;
    case E_TABULATE:
        dump_form(out, "tabulate",
                  (expr *const[]){e->tabulate.call, e->tabulate.range, e->tabulate.tolerance}, 3);
        break;
    }
}

/* ---- types */

static void dump_irreps(text *out, const ast_targ *t)
{
    text_add(out, " (irreps");
    for (uint32_t i = 0; i < t->n_irrep; i++)
        text_printf(out, " %dx%d%s", t->irrep[i].mult, t->irrep[i].l,
                    t->irrep[i].parity == 'e' ? "e" : t->irrep[i].parity == 'o' ? "o" : "");
    text_add(out, ")");
}

static void dump_path(text *out, const ast_path *path)
{
    text_add(out, path->n_arg ? "(" : "");
    for (uint32_t i = 0; i < path->n; i++)
        text_printf(out, "%s%s", i ? "." : "", path->part[i]);
    for (uint32_t i = 0; i < path->n_arg; i++) {
        if (path->arg[i].kind == TARG_IRREPS) {
            dump_irreps(out, &path->arg[i]);
        } else {
            text_add(out, " ");
            dump_expr(out, path->arg[i].value);
        }
    }
    text_add(out, path->n_arg ? ")" : "");
    if (path->power_name)
        text_printf(out, "^%s", path->power_name);
    else if (path->power != 1)
        text_printf(out, "^%.17g", path->power);
}

static void dump_type(text *out, const ast_type *t)
{
    if (!t)
        return;
    text_add(out, " (type");
    for (uint32_t i = 0; i < t->n_domain; i++) {
        text_add(out, i ? " * " : " ");
        dump_path(out, &t->domain[i]);
    }
    text_add(out, t->n_domain ? " -> " : " ");
    dump_path(out, &t->element);
    for (uint32_t i = 0; i < t->n_more; i++) {
        text_printf(out, " (%d ", t->more_count[i]);
        dump_path(out, &t->more[i]);
        text_add(out, ")");
    }
    text_add(out, t->n_channel ? " (channels" : "");
    for (uint32_t i = 0; i < t->n_channel; i++) {
        if (t->channel_name[i])
            text_printf(out, " %s", t->channel_name[i]);
        else
            dump_number(out, t->channel[i]);
    }
    text_add(out, t->n_channel ? ")" : "");
    dump_unit(out, &t->unit);
    text_add(out, ")");
}

/* ---- statements */

static void dump_names(text *out, const ast_name *names, uint32_t n)
{
    text_add(out, " (");
    for (uint32_t i = 0; i < n; i++)
        text_printf(out, "%s%s", i ? " " : "", names[i].id);
    text_add(out, ")");
}

static void dump_value(text *out, const expr *e)
{
    if (!e)
        return;
    text_add(out, " ");
    dump_expr(out, e);
}

static void dump_quoted(text *out, const char *word, name s)
{
    if (!s)
        return;
    text_printf(out, " (%s ", word);
    text_json(out, s);
    text_add(out, ")");
}

static void dump_decl_stmt(text *out, const stmt *s)
{
    static const char *const from[] = {[FROM_NONE] = "", [FROM_INFO] = "info", [FROM_FIELD] = "field"};
    dump_names(out, s->decl.names, s->decl.n);
    dump_type(out, s->decl.type);
    dump_quoted(out, from[s->decl.from], s->decl.from == FROM_NONE ? NULL : s->decl.key);
    if (s->decl.init) {
        text_printf(out, " (init %s", s->decl.init);
        dump_args(out, s->decl.init_arg, s->decl.n_init);
        text_add(out, ")");
    }
}

static void dump_def(text *out, const stmt *s)
{
    const ast_lhs *l = &s->def.lhs;
    text_printf(out, " %s", l->id);
    if (l->kind == LHS_INDEXED) {
        text_add(out, " (over");
        dump_binders(out, l->binder, l->n_binder);
        text_add(out, ")");
    }
    if (l->kind == LHS_FUNCTION) {
        text_add(out, " (params");
        for (uint32_t i = 0; i < l->n_param; i++) {
            text_printf(out, " (%s", l->param[i].id);
            dump_type(out, l->param[i].type);
            text_add(out, ")");
        }
        text_add(out, ")");
    }
    dump_type(out, s->def.type);
    dump_value(out, s->def.value);
}

static void dump_syms(text *out, const ast_sym *sym, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        text_printf(out, sym[i].n ? " (%s" : " %s", sym[i].id);
        dump_exprs(out, sym[i].arg, sym[i].n);
        text_add(out, sym[i].n ? ")" : "");
    }
}

static void dump_claim(text *out, const stmt *s)
{
    if (s->claim.subject.id)
        text_printf(out, " %s", s->claim.subject.id);
    dump_syms(out, s->claim.sym, s->claim.n);
    if (s->claim.strength) {
        text_add(out, " (by");
        dump_value(out, s->claim.strength);
        text_add(out, ")");
    }
    dump_quoted(out, "because", s->claim.because);
}

static void dump_information(text *out, const stmt *s)
{
    dump_exprs(out, s->info.path, s->info.n);
    if (s->info.n_sym) {
        text_add(out, " (upto");
        dump_syms(out, s->info.sym, s->info.n_sym);
        text_add(out, ")");
    }
    if (s->info.by.id) {
        text_printf(out, " (by %s", s->info.by.id);
        dump_args(out, s->info.by_arg, s->info.n_by);
        text_add(out, ")");
    }
    dump_quoted(out, "because", s->info.because);
}

static void dump_setting(text *out, const stmt *s)
{
    text_printf(out, " %s", s->setting.keyword.id);
    dump_value(out, s->setting.value);
    if (s->setting.where) {
        text_add(out, " (where");
        dump_value(out, s->setting.where);
        text_add(out, ")");
    }
    if (s->setting.by.id)
        text_printf(out, " (by %s)", s->setting.by.id);
}

static void dump_expect(text *out, const stmt *s)
{
    static const char *const kind[] = {
        [EXPECT_TRUE] = "true", [EXPECT_DIFFERS] = "differs", [EXPECT_NEAR] = "near"};
    text_printf(out, " %s", kind[s->expect.kind]);
    dump_value(out, s->expect.lhs);
    dump_value(out, s->expect.rhs);
    dump_value(out, s->expect.within);
}

static const char *stmt_word(stmt_kind kind)
{
    static const char *const word[] = {
        [S_ERROR] = "error",         [S_FIELD] = "field",         [S_SET] = "set",
        [S_TAKES] = "takes",         [S_PARAM] = "param",         [S_LET] = "let",
        [S_GIVES] = "gives",         [S_MINIMISE] = "minimise",   [S_RESPECTS] = "respects",
        [S_SOFTLY] = "softly",       [S_PRESERVES] = "preserves", [S_LOSES] = "loses",
        [S_ASSUME] = "assume",       [S_BREAKS] = "breaks",       [S_SMOOTH] = "smooth",
        [S_EXTENSIVE] = "extensive", [S_INTENSIVE] = "intensive", [S_CITES] = "cites",
        [S_FORMAT] = "format",       [S_READS] = "reads",         [S_KEY] = "key",
        [S_SETTING] = "setting",     [S_GIVEN] = "given",         [S_EXPECT] = "expect"};
    return word[kind];
}

static void dump_stmt(text *out, const stmt *s)
{
    text_printf(out, "\n  (%s", stmt_word(s->kind));
    switch (s->kind) {
    case S_ERROR: break;
    case S_FIELD: case S_TAKES: case S_PARAM: case S_READS: case S_KEY: dump_decl_stmt(out, s); break;
    case S_SET:
        text_printf(out, " %s", s->set.id.id);
        dump_value(out, s->set.value);
        break;
    case S_LET: case S_GIVES: dump_def(out, s); break;
    case S_MINIMISE: dump_value(out, s->value.value); break;
    case S_RESPECTS: case S_SOFTLY: case S_ASSUME: case S_BREAKS: dump_claim(out, s); break;
    case S_PRESERVES: case S_LOSES: dump_information(out, s); break;
    case S_SMOOTH: case S_EXTENSIVE: case S_INTENSIVE:
        dump_names(out, s->about.names, s->about.n);
        if (s->about.order.id)
            text_printf(out, " %s", s->about.order.id);
        break;
    case S_CITES:
        text_add(out, " ");
        text_json(out, s->cites.text);
        break;
    case S_FORMAT:
        text_printf(out, " %s", s->format.id.id);
        dump_args(out, s->format.arg, s->format.n);
        break;
    case S_SETTING: dump_setting(out, s); break;
    case S_GIVEN:
        text_printf(out, " %s", s->given.id.id);
        dump_value(out, s->given.value);
        break;
    case S_EXPECT: dump_expect(out, s); break;
    }
    text_add(out, ")");
}

/* ---- declarations */

static void dump_decl(text *out, const decl *d)
{
    static const char *const word[] = {
        [D_ERROR] = "error",     [D_STRUCTURE] = "structure", [D_TRANSFORM] = "transform",
        [D_LOSS] = "loss",       [D_CONST] = "const",         [D_USE] = "use",
        [D_DATASET] = "dataset", [D_TRAIN] = "train",         [D_TEST] = "test"};
    text_printf(out, "(%s ", word[d->kind]);
    if (d->kind == D_USE || d->kind == D_TEST)
        text_json(out, d->id.id);
    else
        text_add(out, d->id.id);
    dump_type(out, d->type);
    dump_value(out, d->value);
    for (uint32_t i = 0; i < d->n; i++)
        dump_stmt(out, d->body[i]);
    text_add(out, ")\n");
}

void ast_dump(const ast_file *file, text *out)
{
    for (uint32_t i = 0; i < file->n; i++)
        dump_decl(out, file->decl[i]);
}
