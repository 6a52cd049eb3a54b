/* SPDX-License-Identifier: Apache-2.0
 *
 * fmt_expr.c: expressions, types and units as text. In: nodes. Out: one line, or several when the width
 * asks for it. Parentheses that the user wrote around an operand stay; those that the grammar needs are
 * added.
 */
#include "fmt_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint32_t fmt_columns(const char *s, size_t n)
{
    uint32_t columns = 0;
    for (size_t i = 0; i < n; i++)
        columns += ((unsigned char)s[i] & 0xc0) != 0x80;
    return columns;
}

uint32_t fmt_column(const text *out)
{
    size_t start = out->n;
    while (start > 0 && out->s[start - 1] != '\n')
        start--;
    return fmt_columns(out->s + start, out->n - start);
}

void fmt_newline(text *out, uint32_t indent)
{
    text_printf(out, "\n%*s", (int)indent, "");
}

/* ---- precedence, as in grammar/mtx.y */

enum {
    LEVEL_OPEN,
    LEVEL_OR,
    LEVEL_AND,
    LEVEL_NOT,
    LEVEL_COMPARE,
    LEVEL_WITHIN,
    LEVEL_RANGE,
    LEVEL_CONCAT,
    LEVEL_SUM,
    LEVEL_PRODUCT,
    LEVEL_NEGATIVE,
    LEVEL_POWER,
    LEVEL_ATOM
};

static const struct { const char *sign; int level;
} binary_sign[] = {
    [B_OR] = {" or ", LEVEL_OR},
    [B_AND] = {" and ", LEVEL_AND},
    [B_EQ] = {" == ", LEVEL_COMPARE},
    [B_NE] = {" != ", LEVEL_COMPARE},
    [B_LT] = {" < ", LEVEL_COMPARE},
    [B_LE] = {" <= ", LEVEL_COMPARE},
    [B_GT] = {" > ", LEVEL_COMPARE},
    [B_GE] = {" >= ", LEVEL_COMPARE},
    [B_WITHIN] = {" within ", LEVEL_WITHIN},
    [B_RANGE] = {"..", LEVEL_RANGE},
    [B_CONCAT] = {" ++ ", LEVEL_CONCAT},
    [B_ADD] = {" + ", LEVEL_SUM},
    [B_SUB] = {" - ", LEVEL_SUM},
    [B_MUL] = {" * ", LEVEL_PRODUCT},
    [B_DIV] = {" / ", LEVEL_PRODUCT},
    [B_POW] = {"^", LEVEL_POWER},
};

static int level_of(const expr *e)
{
    switch (e->kind) {
    case E_BINARY: return binary_sign[e->binary.op].level;
    case E_UNARY:  return e->unary.op == U_NEG ? LEVEL_NEGATIVE : LEVEL_NOT;
    case E_IF: case E_REDUCE: case E_REPEAT: case E_SOFTMAX: case E_TABULATE: return LEVEL_OPEN;
    case E_ERROR:
    case E_NUMBER:
    case E_STRING:
    case E_READ:
    case E_NAME:
    case E_LIST:
    case E_FIELD:
    case E_INDEX:
    case E_CALL: break;
    }
    return LEVEL_ATOM;
}

/* what may stand before . [ ( without parentheses */
static bool is_post(const expr *e)
{
    return e->kind == E_NAME || e->kind == E_LIST || e->kind == E_FIELD || e->kind == E_INDEX ||
           e->kind == E_CALL;
}

static bool has_bare_unit(const expr *e)
{
    return e->kind == E_NUMBER && e->number.unit.n && !e->number.unit.bracketed;
}

/* parentheses of the user that are worth keeping: `outer` reaches beyond the operand on that side */
static bool was_parenthesised(const expr *operand, bool outside)
{
    return outside &&
           (level_of(operand) < LEVEL_ATOM || (operand->kind == E_NUMBER && operand->number.unit.n));
}

static bool lhs_in_parens(const expr *e)
{
    const expr *lhs = e->binary.lhs;
    int level = binary_sign[e->binary.op].level;
    bool left = level == LEVEL_OR || level == LEVEL_AND || level >= LEVEL_CONCAT;
    bool need = left && level != LEVEL_POWER ? level_of(lhs) < level : level_of(lhs) <= level;
    return need || (e->binary.op == B_POW && has_bare_unit(lhs)) ||
           was_parenthesised(lhs, e->at.start < lhs->at.start);
}

static bool rhs_in_parens(const expr *e)
{
    const expr *rhs = e->binary.rhs;
    int level = binary_sign[e->binary.op].level;
    bool need = level == LEVEL_POWER ? level_of(rhs) < LEVEL_NEGATIVE : level_of(rhs) <= level;
    return need || was_parenthesised(rhs, e->at.end > rhs->at.end);
}

static bool arg_in_parens(const expr *e)
{
    return level_of(e->unary.arg) < level_of(e) ||
           was_parenthesised(e->unary.arg, e->at.end > e->unary.arg->at.end);
}

/* ---- one line */

static void put_grouped(text *out, const expr *e, bool parens)
{
    text_add(out, parens ? "(" : "");
    fmt_expr(out, e);
    text_add(out, parens ? ")" : "");
}

void fmt_post(text *out, const expr *e)
{
    put_grouped(out, e, !is_post(e));
}

void fmt_operand(text *out, const expr *e)
{
    put_grouped(out, e, level_of(e) <= LEVEL_WITHIN);
}

static void put_shortest(text *out, double x)
{
    char s[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(s, sizeof s, "%.*g", digits, x);
        if (strtod(s, NULL) == x)
            break;
    }
    text_add(out, s);
}

static void put_unit_factor(text *out, const ast_unit_factor *f)
{
    if (f->unit)
        text_add(out, f->unit);
    else
        put_shortest(out, f->scale);
    if (f->den != 1)
        text_printf(out, "^(%d/%d)", f->num, f->den);
    else if (f->num != 1)
        text_printf(out, "^%d", f->num);
}

static void put_unit(text *out, const ast_unit *u)
{
    if (u->n == 0)
        return;
    text_add(out, u->bracketed ? " [" : " ");
    for (uint32_t i = 0; i < u->n; i++) {
        text_add(out, i == 0 ? "" : u->factor[i].divide ? "/" : "*");
        put_unit_factor(out, &u->factor[i]);
    }
    text_add(out, u->bracketed ? "]" : "");
}

void fmt_string(text *out, name s)
{
    text_add(out, "\"");
    for (; *s; s++) {
        const char *escape = *s == '"'    ? "\\\""
                             : *s == '\\' ? "\\\\"
                             : *s == '\n' ? "\\n"
                             : *s == '\t' ? "\\t"
                                          : NULL;
        if (escape)
            text_add(out, escape);
        else
            text_addn(out, s, 1);
    }
    text_add(out, "\"");
}

static void put_list(text *out, expr *const *item, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        text_add(out, i ? ", " : "");
        fmt_expr(out, item[i]);
    }
}

/* norm2(J by w): a weight is written without a comma */
static bool is_weighted(const ast_arg *arg, uint32_t n)
{
    return n == 2 && !arg[0].label && arg[1].label && strcmp(arg[1].label, "by") == 0;
}

static void put_arg(text *out, const ast_arg *arg, bool weight)
{
    if (arg->label)
        text_printf(out, weight ? "%s " : "%s = ", arg->label);
    fmt_expr(out, arg->value);
}

void fmt_args(text *out, const ast_arg *arg, uint32_t n)
{
    bool weighted = is_weighted(arg, n);
    for (uint32_t i = 0; i < n; i++) {
        text_add(out, i == 0 ? "" : weighted ? " " : ", ");
        put_arg(out, &arg[i], weighted);
    }
}

void fmt_binders(text *out, const ast_binder *binder, uint32_t n)
{
    static const char *const open[] = {[BIND_ONE] = "", [BIND_PAIR] = "(", [BIND_SET] = "{"};
    static const char *const close[] = {[BIND_ONE] = "", [BIND_PAIR] = ")", [BIND_SET] = "}"};
    for (uint32_t i = 0; i < n; i++) {
        text_printf(out, "%s%s", i ? ", " : "", open[binder[i].kind]);
        for (uint32_t k = 0; k < binder[i].n; k++)
            text_printf(out, "%s%s", k ? ", " : "", binder[i].names[k]);
        text_printf(out, "%s in ", close[binder[i].kind]);
        fmt_expr(out, binder[i].set);
    }
}

static void put_reduce_head(text *out, const expr *e)
{
    static const char *const word[] = {[R_SUM] = "sum", [R_MEAN] = "mean", [R_PROD] = "prod", [R_MAX] = "max",
                                       [R_MIN] = "min"};
    text_printf(out, "%s ", word[e->reduce.op]);
    fmt_binders(out, e->reduce.binder, e->reduce.n);
    if (e->reduce.where) {
        text_add(out, " where ");
        fmt_expr(out, e->reduce.where);
    }
    text_add(out, ":");
}

static void put_repeat_head(text *out, const expr *e)
{
    text_add(out, "repeat ");
    fmt_expr(out, e->repeat.count);
    text_add(out, " from (");
    put_list(out, e->repeat.from, e->repeat.n);
    text_add(out, ") :");
}

static void put_tabulate(text *out, const expr *e)
{
    const expr *tolerance = e->tabulate.tolerance;
    text_add(out, "tabulate ");
    fmt_post(out, e->tabulate.call);
    text_add(out, " over ");
    fmt_expr(out, e->tabulate.range);
    text_add(out, " to ");
    put_grouped(out, tolerance, level_of(tolerance) < LEVEL_ATOM);
}

static void put_postfix(text *out, const expr *e)
{
    const expr *base = e->kind == E_FIELD ? e->field.base : e->kind == E_INDEX ? e->index.base : e->call.base;
    fmt_post(out, base);
    if (e->kind == E_FIELD) {
        text_printf(out, ".%s", e->field.field);
    } else if (e->kind == E_INDEX) {
        text_add(out, "[");
        put_list(out, e->index.arg, e->index.n);
        text_add(out, "]");
    } else {
        text_add(out, "(");
        fmt_args(out, e->call.arg, e->call.n);
        text_add(out, ")");
    }
}

/* 1/3 is one number to the eye */
static bool is_fraction(const expr *e)
{
    const expr *a = e->binary.lhs, *b = e->binary.rhs;
    return e->binary.op == B_DIV && a->kind == E_NUMBER && b->kind == E_NUMBER && !a->number.unit.n &&
           !b->number.unit.n;
}

static void put_if(text *out, const expr *e)
{
    text_add(out, "if ");
    fmt_expr(out, e->cond.cond);
    text_add(out, " then ");
    fmt_expr(out, e->cond.then);
    text_add(out, " else ");
    fmt_expr(out, e->cond.other);
}

void fmt_expr(text *out, const expr *e)
{
    switch (e->kind) {
    case E_ERROR:  text_add(out, "_"); break;
    case E_NUMBER:
        text_add(out, e->number.text);
        put_unit(out, &e->number.unit);
        break;
    case E_STRING: fmt_string(out, e->string.value); break;
    case E_READ:
        text_add(out, "read ");
        fmt_string(out, e->string.value);
        break;
    case E_NAME:   text_add(out, e->ident.id); break;
    case E_LIST:
        text_add(out, "[");
        put_list(out, e->list.item, e->list.n);
        text_add(out, "]");
        break;
    case E_FIELD: case E_INDEX: case E_CALL: put_postfix(out, e); break;
    case E_UNARY:
        text_add(out, e->unary.op == U_NEG ? "-" : "not ");
        put_grouped(out, e->unary.arg, arg_in_parens(e));
        break;
    case E_BINARY:
        put_grouped(out, e->binary.lhs, lhs_in_parens(e));
        text_add(out, is_fraction(e) ? "/" : binary_sign[e->binary.op].sign);
        put_grouped(out, e->binary.rhs, rhs_in_parens(e));
        break;
    case E_IF: put_if(out, e); break;
    case E_REDUCE:
        put_reduce_head(out, e);
        text_add(out, " ");
        fmt_expr(out, e->reduce.body);
        break;
    case E_REPEAT:
        put_repeat_head(out, e);
        text_add(out, " ");
        fmt_expr(out, e->repeat.body);
        break;
    case E_SOFTMAX:
        text_add(out, "softmax ");
        fmt_expr(out, e->softmax.value);
        text_add(out, " over ");
        fmt_post(out, e->softmax.over);
        break;
    case E_TABULATE: put_tabulate(out, e); break;
    }
}

/* ---- several lines */

static uint32_t flat_columns(text *out, const expr *e)
{
    text flat;
    text_init(&flat);
    fmt_expr(&flat, e);
    uint32_t n = flat.failed ? 0 : fmt_columns(flat.s, flat.n);
    out->failed = out->failed || flat.failed;
    text_free(&flat);
    return n;
}

static void put_grouped_wrapped(text *out, const expr *e, bool parens, uint32_t tail)
{
    text_add(out, parens ? "(" : "");
    fmt_expr_wrapped(out, e, tail + parens);
    text_add(out, parens ? ")" : "");
}

/* a + b - c: an operand a line, each but the first behind its operator at column `at` */
static void put_chain(text *out, const expr *e, uint32_t at, uint32_t tail)
{
    const expr *lhs = e->binary.lhs;
    int level = binary_sign[e->binary.op].level;
    bool inner = lhs->kind == E_BINARY && binary_sign[lhs->binary.op].level == level && !lhs_in_parens(e);
    if (inner)
        put_chain(out, lhs, at, 0);
    else
        put_grouped_wrapped(out, lhs, lhs_in_parens(e), 0);
    fmt_newline(out, at);
    text_add(out, binary_sign[e->binary.op].sign + 1);
    put_grouped_wrapped(out, e->binary.rhs, rhs_in_parens(e), tail);
}

/* eps * (a long sum): only the last factor breaks, inside its brackets */
static bool put_last_factor(text *out, const expr *e, uint32_t tail)
{
    const expr *last = e->binary.rhs;
    bool bracketed = rhs_in_parens(e) || last->kind == E_CALL;
    bool product = e->binary.op == B_MUL || e->binary.op == B_DIV;
    if (!product || !bracketed || fmt_column(out) + flat_columns(out, e->binary.lhs) + 10 > FMT_WIDTH / 2)
        return false;
    put_grouped(out, e->binary.lhs, lhs_in_parens(e));
    text_add(out, binary_sign[e->binary.op].sign);
    put_grouped_wrapped(out, last, rhs_in_parens(e), tail);
    return true;
}

static bool is_chain(const expr *e)
{
    return e->kind == E_BINARY && e->binary.op != B_POW && e->binary.op != B_RANGE;
}

/* items behind an opening bracket, as many on a line as fit */
static void put_items(text *out, const ast_arg *arg, expr *const *item, uint32_t n, uint32_t tail)
{
    uint32_t indent = fmt_column(out);
    bool weighted = arg && is_weighted(arg, n);
    for (uint32_t i = 0; i < n; i++) {
        const expr *e = arg ? arg[i].value : item[i];
        uint32_t label = arg && arg[i].label ? fmt_columns(arg[i].label, strlen(arg[i].label)) + 3 : 0;
        uint32_t behind = i + 1 < n ? 1 : tail;
        text_add(out, i == 0 ? "" : weighted ? "" : ",");
        if (i && fmt_column(out) + 1 + label + flat_columns(out, e) + behind > FMT_WIDTH)
            fmt_newline(out, indent);
        else if (i)
            text_add(out, " ");
        if (label)
            text_printf(out, weighted ? "%s " : "%s = ", arg[i].label);
        fmt_expr_wrapped(out, e, behind);
    }
}

static void put_postfix_wrapped(text *out, const expr *e, uint32_t tail)
{
    const expr *base = e->kind == E_INDEX ? e->index.base : e->call.base;
    fmt_post(out, base);
    text_add(out, e->kind == E_INDEX ? "[" : "(");
    if (e->kind == E_INDEX)
        put_items(out, NULL, e->index.arg, e->index.n, tail + 1);
    else
        put_items(out, e->call.arg, NULL, e->call.n, tail + 1);
    text_add(out, e->kind == E_INDEX ? "]" : ")");
}

static void put_if_wrapped(text *out, const expr *e, uint32_t tail)
{
    uint32_t at = fmt_column(out);
    for (;; e = e->cond.other) {
        text_add(out, "if ");
        fmt_expr_wrapped(out, e->cond.cond, 5);
        text_add(out, " then ");
        fmt_expr_wrapped(out, e->cond.then, 0);
        fmt_newline(out, at);
        text_add(out, "else ");
        if (e->cond.other->kind != E_IF)
            break;
    }
    fmt_expr_wrapped(out, e->cond.other, tail);
}

static void put_body_wrapped(text *out, const expr *body, uint32_t at, uint32_t tail)
{
    fmt_newline(out, at + 2);
    fmt_expr_wrapped(out, body, tail);
}

void fmt_expr_wrapped(text *out, const expr *e, uint32_t tail)
{
    uint32_t at = fmt_column(out);
    if (at + flat_columns(out, e) + tail <= FMT_WIDTH) {
        fmt_expr(out, e);
        return;
    }
    switch (e->kind) {
    case E_BINARY:
        if (put_last_factor(out, e, tail))
            return;
        if (is_chain(e))
            put_chain(out, e, at, tail);
        else
            fmt_expr(out, e);
        return;
    case E_UNARY:
        text_add(out, e->unary.op == U_NEG ? "-" : "not ");
        put_grouped_wrapped(out, e->unary.arg, arg_in_parens(e), tail);
        return;
    case E_IF: put_if_wrapped(out, e, tail); return;
    case E_REDUCE:
        put_reduce_head(out, e);
        put_body_wrapped(out, e->reduce.body, at, tail);
        return;
    case E_REPEAT:
        put_repeat_head(out, e);
        put_body_wrapped(out, e->repeat.body, at, tail);
        return;
    case E_LIST:
        text_add(out, "[");
        put_items(out, NULL, e->list.item, e->list.n, tail + 1);
        text_add(out, "]");
        return;
    case E_INDEX: case E_CALL: put_postfix_wrapped(out, e, tail); return;
    case E_ERROR: case E_NUMBER: case E_STRING: case E_READ: case E_NAME: case E_FIELD: case E_SOFTMAX: case E_TABULATE:
        fmt_expr(out, e);
        return;
    }
}

#define VALUE_DEEPEST 50u                /* behind a longer left side the value starts on a new line */

void fmt_value_wrapped(text *out, const expr *e, uint32_t indent)
{
    uint32_t at = fmt_column(out) + 1;                   /* a blank stands behind the `=`         */
    if (at + flat_columns(out, e) <= FMT_WIDTH) {
        text_add(out, " ");
        fmt_expr(out, e);
    } else if (is_chain(e) && at <= VALUE_DEEPEST && indent + flat_columns(out, e) > FMT_WIDTH) {
        text_add(out, " ");
        put_chain(out, e, at - 2, 0);
    } else {
        fmt_newline(out, indent);
        fmt_expr_wrapped(out, e, 0);
    }
}

/* ---- types */

static void put_irreps(text *out, const ast_targ *t)
{
    for (uint32_t i = 0; i < t->n_irrep; i++) {
        const ast_irrep *r = &t->irrep[i];
        text_add(out, i ? " + " : "");
        if (r->mult != 1 || !r->parity)
            text_printf(out, "%dx", r->mult);
        text_printf(out, "%d", r->l);
        if (r->parity)
            text_addn(out, &r->parity, 1);
    }
}

static void put_path(text *out, const ast_path *path)
{
    for (uint32_t i = 0; i < path->n; i++)
        text_printf(out, "%s%s", i ? "." : "", path->part[i]);
    text_add(out, path->n_arg ? "(" : "");
    for (uint32_t i = 0; i < path->n_arg; i++) {
        text_add(out, i ? ", " : "");
        if (path->arg[i].kind == TARG_IRREPS)
            put_irreps(out, &path->arg[i]);
        else
            fmt_expr(out, path->arg[i].value);
    }
    text_add(out, path->n_arg ? ")" : "");
    if (path->power_name) {
        text_printf(out, "^%s", path->power_name);
    } else if (path->power != 1) {
        text_add(out, "^");
        put_shortest(out, path->power);
    }
}

static void put_channels(text *out, const ast_type *t)
{
    text_add(out, t->n_channel == 0 ? "" : t->n_channel == 1 ? "^" : "^(");
    for (uint32_t i = 0; i < t->n_channel; i++) {
        text_add(out, i ? ", " : "");
        if (t->channel_name[i])
            text_add(out, t->channel_name[i]);
        else
            put_shortest(out, t->channel[i]);
    }
    text_add(out, t->n_channel > 1 ? ")" : "");
}

void fmt_type(text *out, const ast_type *t)
{
    for (uint32_t i = 0; i < t->n_domain; i++) {
        text_add(out, i ? " * " : "");
        put_path(out, &t->domain[i]);
    }
    text_add(out, t->n_domain ? " -> " : "");
    put_path(out, &t->element);
    for (uint32_t i = 0; i < t->n_more; i++) {
        text_add(out, i ? " ++ " : "(");
        if (t->more_count[i] != 1)
            text_printf(out, "%d ", t->more_count[i]);
        put_path(out, &t->more[i]);
    }
    text_add(out, t->n_more ? ")" : "");
    put_channels(out, t);
    put_unit(out, &t->unit);
}
