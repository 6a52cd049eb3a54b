/* SPDX-License-Identifier: Apache-2.0
 *
 * ast.c: builds expressions, types and their parts (statements: ast_stmt.c). In: what the grammar's actions
 * hold. Out: nodes of ast.h in the arena. Also reports what the grammar lets through so that the message can be
 * a good one. No names are looked up here.
 */
#include "ast_build.h"

#include "lex.h"

#include <math.h>
#include <string.h>

/* ---- nodes: ids and nesting */

static uint16_t depth_of(const builder *b, const expr *e)
{
    return e ? b->depth.at[e->id] : 0;
}

static uint16_t deeper(uint16_t a, uint16_t b)
{
    return a > b ? a : b;
}

/* a node over children that nest `below` levels; too deep a tree is cut here */
static expr *node(builder *b, span at, uint16_t below, expr e)
{
    if (below >= AST_MOST_DEPTH) {
        if (!b->deep)
            diag_report(b->sink, D_TOO_DEEP, at, AST_MOST_DEPTH);
        b->deep = true;
        return ast_error(b, at);
    }
    expr *n = arena_new(b->memory, expr);
    *n = e;
    n->at = at;
    n->id = b->n_expr++;
    vec_push(b->memory, &b->depth, (uint16_t)(below + 1));
    return n;
}

static uint16_t depth_of_list(const builder *b, const expr_list *list)
{
    uint16_t d = 0;
    for (uint32_t i = 0; list && i < list->v.n; i++)
        d = deeper(d, depth_of(b, list->v.at[i]));
    return d;
}

expr *ast_error(builder *b, span at)
{
    return node(b, at, 0, (expr){.kind = E_ERROR});
}

expr *ast_number(builder *b, span at, ast_digits digits, ast_unit unit)
{
    return node(b, at, 0, (expr){.kind = E_NUMBER, .number = {digits.value, unit, digits.text}});
}

expr *ast_string(builder *b, span at, name value)
{
    return node(b, at, 0, (expr){.kind = E_STRING, .string = {value}});
}

expr *ast_read(builder *b, span at, name path)
{
    return node(b, at, 0, (expr){.kind = E_READ, .string = {path}});
}

expr *ast_ident(builder *b, span at, name id)
{
    return node(b, at, 0, (expr){.kind = E_NAME, .ident = {id}});
}

expr *ast_list(builder *b, span at, expr_list *items)
{
    return node(b, at, depth_of_list(b, items), (expr){.kind = E_LIST, .list = {items->v.at, items->v.n}});
}

expr *ast_field(builder *b, span at, expr *base, ast_name field)
{
    return node(b, at, depth_of(b, base), (expr){.kind = E_FIELD, .field = {base, field.id, field.at}});
}

expr *ast_index(builder *b, span at, expr *base, expr_list *args)
{
    uint16_t below = deeper(depth_of(b, base), depth_of_list(b, args));
    return node(b, at, below, (expr){.kind = E_INDEX, .index = {base, args->v.at, args->v.n}});
}

expr *ast_call(builder *b, span at, expr *base, arg_list *args)
{
    uint16_t below = depth_of(b, base);
    for (uint32_t i = 0; args && i < args->v.n; i++)
        below = deeper(below, depth_of(b, args->v.at[i].value));
    expr e = {.kind = E_CALL, .call = {.base = base}};
    if (args) {
        e.call.arg = args->v.at;
        e.call.n = args->v.n;
    }
    return node(b, at, below, e);
}

expr *ast_unary(builder *b, span at, unary_op op, expr *arg)
{
    return node(b, at, depth_of(b, arg), (expr){.kind = E_UNARY, .unary = {op, arg}});
}

expr *ast_binary(builder *b, span at, binary_op op, expr *lhs, span op_at, expr *rhs)
{
    uint16_t below = deeper(depth_of(b, lhs), depth_of(b, rhs));
    return node(b, at, below, (expr){.kind = E_BINARY, .binary = {op, lhs, rhs, op_at}});
}

/* 5 Å^2 would square the 5 as well: nobody means that */
expr *ast_power(builder *b, span at, span lhs_at, expr *lhs, span op_at, expr *rhs)
{
    bool bare_unit = lhs->kind == E_NUMBER && lhs->number.unit.n && !lhs->number.unit.bracketed
                     && lhs_at.start == lhs->at.start;                   /* not (5 Å)             */
    if (bare_unit) {
        const char *digits = lhs->number.text, *unit = lhs->number.unit.factor[0].unit;
        diag *d = diag_report(b->sink, D_UNIT_POWER, at);
        if (rhs->kind == E_NUMBER && rhs->number.unit.n == 0)
            diag_help(b->sink, d, "%s [%s^%s]", digits, unit, rhs->number.text);
        diag_help(b->sink, d, "(%s %s)^...    if the number is meant too", digits, unit);
    }
    return ast_binary(b, at, B_POW, lhs, op_at, rhs);
}

expr *ast_if(builder *b, span at, expr *cond, expr *then, expr *other)
{
    uint16_t below = deeper(depth_of(b, cond), deeper(depth_of(b, then), depth_of(b, other)));
    return node(b, at, below, (expr){.kind = E_IF, .cond = {cond, then, other}});
}

static uint16_t depth_of_binders(const builder *b, const binder_list *list)
{
    uint16_t d = 0;
    for (uint32_t i = 0; list && i < list->v.n; i++)
        d = deeper(d, depth_of(b, list->v.at[i].set));
    return d;
}

expr *ast_reduce(builder *b, span at, name word, binder_list *binders, expr *where, expr *body)
{
    const keyword *k = keyword_find(word);
    reduce_op op = k ? (reduce_op)k->value : R_SUM;
    uint16_t below = deeper(depth_of_binders(b, binders), deeper(depth_of(b, where), depth_of(b, body)));
    return node(b, at, below,
                (expr){.kind = E_REDUCE, .reduce = {op, binders->v.at, binders->v.n, where, body}});
}

expr *ast_repeat(builder *b, span at, expr *count, expr_list *from, expr *body)
{
    uint16_t below = deeper(depth_of(b, count), deeper(depth_of_list(b, from), depth_of(b, body)));
    return node(b, at, below, (expr){.kind = E_REPEAT, .repeat = {count, from->v.at, from->v.n, body}});
}

expr *ast_softmax(builder *b, span at, expr *value, expr *over)
{
    uint16_t below = deeper(depth_of(b, value), depth_of(b, over));
    return node(b, at, below, (expr){.kind = E_SOFTMAX, .softmax = {value, over}});
}

expr *ast_tabulate(builder *b, span at, expr *call, expr *range, expr *tolerance)
{
    uint16_t below = deeper(depth_of(b, call), deeper(depth_of(b, range), depth_of(b, tolerance)));
    return node(b, at, below, (expr){.kind = E_TABULATE, .tabulate = {call, range, tolerance}});
}

/* ---- parts */

expr_list *ast_exprs(builder *b, expr_list *list, expr *e)
{
    list = list ? list : arena_new(b->memory, expr_list);
    vec_push(b->memory, &list->v, e);
    return list;
}

arg_list *ast_arguments(builder *b, arg_list *list, ast_arg arg)
{
    list = list ? list : arena_new(b->memory, arg_list);
    vec_push(b->memory, &list->v, arg);
    return list;
}

arg_list *ast_weighted(builder *b, expr *value, span by_at, expr *weight)
{
    arg_list *list = ast_arguments(b, NULL, (ast_arg){.value = value});
    return ast_arguments(b, list, (ast_arg){intern_s(b->names, "by"), by_at, weight});
}

ast_binder ast_bind(builder *b, span at, binder_kind kind, name_list *names, expr *set)
{
    uint32_t n = names->v.n;
    ast_binder binder = {.kind = kind, .n = n, .set = set, .at = at};
    binder.names = arena_array(b->memory, name, n);
    binder.names_at = arena_array(b->memory, span, n);
    for (uint32_t i = 0; i < n; i++) {
        binder.names[i] = names->v.at[i].id;
        binder.names_at[i] = names->v.at[i].at;
    }
    if (kind != BIND_ONE && n < 2)
        diag_report(b->sink, D_BINDER_NAMES, binder.names_at[0], kind == BIND_SET ? "{ }" : "( )");
    return binder;
}

binder_list *ast_binders(builder *b, binder_list *list, ast_binder binder)
{
    list = list ? list : arena_new(b->memory, binder_list);
    vec_push(b->memory, &list->v, binder);
    return list;
}

name_list *ast_names(builder *b, name_list *list, ast_name id)
{
    list = list ? list : arena_new(b->memory, name_list);
    vec_push(b->memory, &list->v, id);
    return list;
}

sym_list *ast_syms(builder *b, sym_list *list, span at, ast_name id, expr_list *args)
{
    list = list ? list : arena_new(b->memory, sym_list);
    ast_sym sym = {.id = id.id, .at = at};
    if (args) {
        sym.arg = args->v.at;
        sym.n = args->v.n;
    }
    vec_push(b->memory, &list->v, sym);
    return list;
}

param_list *ast_params(builder *b, param_list *list, span at, ast_name id, ast_type *type)
{
    list = list ? list : arena_new(b->memory, param_list);
    ast_param param = {id.id, type, at};
    vec_push(b->memory, &list->v, param);
    return list;
}

irrep_list *ast_irreps(builder *b, irrep_list *list, span at, ast_irrep irrep)
{
    list = list ? list : arena_new(b->memory, irrep_list);
    list->at = span_join(list->at, at);
    vec_push(b->memory, &list->v, irrep);
    return list;
}

unit_list *ast_unit_factors(builder *b, unit_list *list, ast_unit_factor f, bool divide)
{
    list = list ? list : arena_new(b->memory, unit_list);
    f.divide = divide;
    vec_push(b->memory, &list->v, f);
    return list;
}

ast_unit ast_unit_of(span at, unit_list *list, bool bracketed)
{
    return (ast_unit){list->v.at, list->v.n, at, bracketed};
}

ast_unit_factor ast_unit_plain(span at, name unit, double scale)
{
    return (ast_unit_factor){.unit = unit, .scale = scale, .num = 1, .den = 1, .at = at};
}

ast_unit ast_unit_single(builder *b, ast_name unit)
{
    return ast_unit_of(unit.at, ast_unit_factors(b, NULL, ast_unit_plain(unit.at, unit.id, 1), false), false);
}

#define UNIT_MOST_POWER 64               /* beyond any physics; keeps the exponents' arithmetic exact */

ratio ast_ratio(builder *b, span at, bool negative, ast_digits num, const ast_digits *den)
{
    double n = num.value, d = den ? den->value : 1;
    bool whole = n == floor(n) && d == floor(d) && n <= UNIT_MOST_POWER && d >= 1 && d <= UNIT_MOST_POWER;
    if (!whole) {
        const char *shown = den ? arena_printf(b->memory, "%s/%s", num.text, den->text) : num.text;
        diag_report(b->sink, D_BAD_POWER, at, shown);
        return (ratio){1, 1};
    }
    return (ratio){negative ? -(int)n : (int)n, (int)d};
}

ast_unit_factor ast_unit_power(span at, name unit, ratio r)
{
    return (ast_unit_factor){.unit = unit, .scale = 1, .num = r.num, .den = r.den, .at = at};
}

ast_lhs *ast_left(builder *b, span at, lhs_kind kind, ast_name id, binder_list *binders, param_list *params)
{
    ast_lhs *lhs = arena_new(b->memory, ast_lhs);
    *lhs = (ast_lhs){.kind = kind, .id = id.id, .at = at, .name_at = id.at};
    if (binders) {
        lhs->binder = binders->v.at;
        lhs->n_binder = binders->v.n;
    }
    if (params) {
        lhs->param = params->v.at;
        lhs->n_param = params->v.n;
    }
    return lhs;
}

column ast_column(builder *b, ast_name kind, ast_name key)
{
    column c = {FROM_INFO, key.id, key.at};
    if (strcmp(kind.id, "field") == 0)
        c.kind = FROM_FIELD;
    else if (strcmp(kind.id, "info") != 0)
        diag_report(b->sink, D_MISSING_WORD, kind.at, "from", "info", "or `field` before the key");
    return c;
}

ast_args ast_named_args(ast_name id, arg_list *args)
{
    ast_args call = {.id = id};
    if (args) {
        call.arg = args->v.at;
        call.n = args->v.n;
    }
    return call;
}

/* ---- types */

power_list *ast_powers(builder *b, power_list *list, power p)
{
    list = list ? list : arena_new(b->memory, power_list);
    vec_push(b->memory, &list->v, p);
    return list;
}

static bool is_plain_number(const expr *e)
{
    return e->kind == E_NUMBER && e->number.unit.n == 0;
}

/* an argument of a type is read as an expression; the simple ones get a kind of their own */
static ast_targ targ_of(span at, expr *value)
{
    ast_targ t = {.kind = TARG_EXPR, .at = at, .value = value};
    bool range = value->kind == E_BINARY && value->binary.op == B_RANGE && is_plain_number(value->binary.lhs)
                 && is_plain_number(value->binary.rhs);
    if (value->kind == E_NAME) {
        t.kind = TARG_NAME;
        t.id = value->ident.id;
    } else if (is_plain_number(value)) {
        t.kind = TARG_NUMBER;
        t.lo = t.hi = value->number.value;
    } else if (range) {
        t.kind = TARG_RANGE;
        t.lo = value->binary.lhs->number.value;
        t.hi = value->binary.rhs->number.value;
    }
    return t;
}

targ_list *ast_targs(builder *b, targ_list *list, expr *value, irrep_list *irreps, span at)
{
    list = list ? list : arena_new(b->memory, targ_list);
    ast_targ t =
        value ? targ_of(at, value)
              : (ast_targ){.kind = TARG_IRREPS, .at = at, .irrep = irreps->v.at, .n_irrep = irreps->v.n};
    vec_push(b->memory, &list->v, t);
    return list;
}

factor *ast_path_step(builder *b, factor *path, ast_name part)
{
    factor *longer = arena_new(b->memory, factor);
    uint32_t n = path ? path->path.n : 0;
    name *parts = arena_array(b->memory, name, n + 1);   /* paths have two or three steps         */
    if (n)
        memcpy(parts, path->path.part, n * sizeof *parts);
    parts[n] = part.id;
    longer->path = (ast_path){.part = parts, .n = n + 1, .power = 1};
    return longer;
}

factor *ast_factor(span at, factor *path, targ_list *args, power_list *powers)
{
    path->path.at = at;
    path->powers = powers;
    if (args) {
        path->path.arg = args->v.at;
        path->path.n_arg = args->v.n;
    }
    return path;
}

factor_list *ast_factors(builder *b, factor_list *list, factor *f)
{
    list = list ? list : arena_new(b->memory, factor_list);
    vec_push(b->memory, &list->v, f);
    return list;
}

static ast_path domain_path(builder *b, const factor *f)
{
    ast_path path = f->path;
    if (!f->powers)
        return path;
    power p = f->powers->v.at[0];
    path.power = p.id ? 1 : p.value;
    path.power_name = p.id;
    if (f->powers->v.n > 1 || path.power < 1 || path.power != floor(path.power))
        diag_report(b->sink, D_DOMAIN_POWER, f->path.at);
    return path;
}

/* operator(2 scalar ++ 2 plane): the sum was read as an expression of numbers with units */
static bool law_sum(builder *b, const expr *e, ast_path *path, int *count, uint32_t *n)
{
    if (e->kind == E_BINARY && e->binary.op == B_CONCAT)
        return law_sum(b, e->binary.lhs, path, count, n) && law_sum(b, e->binary.rhs, path, count, n);
    bool counted = e->kind == E_NUMBER && e->number.unit.n == 1 && e->number.unit.factor[0].unit
                   && !e->number.unit.bracketed && e->number.value >= 1 && e->number.value <= 4096
                   && e->number.value == floor(e->number.value);
    if (!counted && e->kind != E_NAME)
        return false;
    if (path) {
        name *part = arena_new(b->memory, name);
        *part = counted ? e->number.unit.factor[0].unit : e->ident.id;
        path[*n] = (ast_path){.part = part, .n = 1, .power = 1, .at = e->at};
        count[*n] = counted ? (int)e->number.value : 1;
    }
    ++*n;
    return true;
}

static void operator_laws(builder *b, ast_type *t)
{
    uint32_t n = 0;
    bool is_operator =
        t->element.n == 1 && strcmp(t->element.part[0], "operator") == 0 && t->element.n_arg == 1;
    const expr *sum = is_operator ? t->element.arg[0].value : NULL;
    if (!sum || !law_sum(b, sum, NULL, NULL, &n))
        return;
    t->more = arena_array(b->memory, ast_path, n);
    t->more_count = arena_array(b->memory, int, n);
    law_sum(b, sum, t->more, t->more_count, &t->n_more);
    t->element.n_arg = 0;
}

ast_type *ast_type_of(builder *b, span at, factor_list *domain, factor *element, ast_unit unit)
{
    ast_type *t = arena_new(b->memory, ast_type);
    *t = (ast_type){.element = element->path, .unit = unit, .at = at};
    t->n_domain = domain ? domain->v.n : 0;
    t->domain = arena_array(b->memory, ast_path, t->n_domain);
    for (uint32_t i = 0; i < t->n_domain; i++)
        t->domain[i] = domain_path(b, domain->v.at[i]);
    t->n_channel = element->powers ? element->powers->v.n : 0;
    t->channel = arena_array(b->memory, double, t->n_channel);
    t->channel_name = arena_array(b->memory, name, t->n_channel);
    for (uint32_t i = 0; i < t->n_channel; i++) {
        t->channel[i] = element->powers->v.at[i].value;
        t->channel_name[i] = element->powers->v.at[i].id;
    }
    operator_laws(b, t);
    return t;
}
