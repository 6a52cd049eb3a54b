/* SPDX-License-Identifier: Apache-2.0
 *
 * ast_build.h: one function per node, called by the actions of grammar/mtx.y and by nothing else. They only
 * build; the few mistakes that the grammar lets through for the sake of a better message are reported here
 * (misplaced statements, nesting, powers of units).
 */
#ifndef MTX_AST_BUILD_H
#define MTX_AST_BUILD_H

#include "ast.h"
#include "diag.h"

#define AST_MOST_DEPTH 500               /* later passes recurse over expressions: keeps their stacks small */

typedef struct builder {
    arena        *memory;
    intern       *names;
    const source *src;
    diag_sink    *sink;
    uint32_t      n_expr;
    VEC(uint16_t) depth;                 /* of every expression, by id                            */
    bool          deep;                  /* said once                                             */
    VEC(decl *)   decls;
    void         *parse;                 /* the driver, for the reporting of syntax errors        */
} builder;

/* lists while they grow */
typedef struct ast_digits { double value; name text; } ast_digits;
typedef struct expr_list { VEC(expr *) v; } expr_list;
typedef struct arg_list { VEC(ast_arg) v; } arg_list;
typedef struct binder_list { VEC(ast_binder) v; } binder_list;
typedef struct name_list { VEC(ast_name) v; } name_list;
typedef struct sym_list { VEC(ast_sym) v; } sym_list;
typedef struct param_list { VEC(ast_param) v; } param_list;
typedef struct irrep_list { VEC(ast_irrep) v; span at; } irrep_list;
typedef struct targ_list { VEC(ast_targ) v; } targ_list;
typedef struct stmt_list { VEC(stmt *) v; } stmt_list;
typedef struct unit_list { VEC(ast_unit_factor) v; } unit_list;
typedef struct power { double value; name id; span at; } power;          /* ^32  ^n               */
typedef struct power_list { VEC(power) v; } power_list;
typedef struct ratio { int num, den; } ratio;                            /* of a unit's power     */
typedef struct factor { ast_path path; power_list *powers; } factor;    /* of a type             */
typedef struct factor_list { VEC(factor *) v; } factor_list;
typedef struct column { from_kind kind; name key; span key_at; } column;         /* from info "k" */
typedef struct ast_args { ast_name id; ast_arg *arg; uint32_t n; } ast_args;     /* glorot(2)     */

/* ---- expressions */
expr *ast_error(builder *b, span at);
expr *ast_number(builder *b, span at, ast_digits digits, ast_unit unit);
expr *ast_string(builder *b, span at, name value);
expr *ast_read(builder *b, span at, name path);
expr *ast_ident(builder *b, span at, name id);
expr *ast_list(builder *b, span at, expr_list *items);
expr *ast_field(builder *b, span at, expr *base, ast_name field);
expr *ast_index(builder *b, span at, expr *base, expr_list *args);
expr *ast_call(builder *b, span at, expr *base, arg_list *args);
expr *ast_unary(builder *b, span at, unary_op op, expr *arg);
expr *ast_binary(builder *b, span at, binary_op op, expr *lhs, span op_at, expr *rhs);
expr *ast_power(builder *b, span at, span lhs_at, expr *lhs, span op_at, expr *rhs);
expr *ast_if(builder *b, span at, expr *cond, expr *then, expr *other);
expr *ast_reduce(builder *b, span at, name word, binder_list *binders, expr *where, expr *body);
expr *ast_repeat(builder *b, span at, expr *count, expr_list *from, expr *body);
expr *ast_softmax(builder *b, span at, expr *value, expr *over);
expr *ast_tabulate(builder *b, span at, expr *call, expr *range, expr *tolerance);

/* ---- parts */
expr_list   *ast_exprs(builder *b, expr_list *list, expr *e);
arg_list    *ast_arguments(builder *b, arg_list *list, ast_arg arg);
arg_list    *ast_weighted(builder *b, expr *value, span by_at, expr *weight);           /* f(J by w)    */
ast_binder   ast_bind(builder *b, span at, binder_kind kind, name_list *names, expr *set);
binder_list *ast_binders(builder *b, binder_list *list, ast_binder binder);
name_list   *ast_names(builder *b, name_list *list, ast_name id);
sym_list    *ast_syms(builder *b, sym_list *list, span at, ast_name id, expr_list *args);
param_list  *ast_params(builder *b, param_list *list, span at, ast_name id, ast_type *type);
irrep_list  *ast_irreps(builder *b, irrep_list *list, span at, ast_irrep irrep);
unit_list   *ast_unit_factors(builder *b, unit_list *list, ast_unit_factor f, bool divide);
ast_unit     ast_unit_of(span at, unit_list *list, bool bracketed);
ast_unit     ast_unit_single(builder *b, ast_name unit);                                /* 5 Å          */
ast_unit_factor ast_unit_plain(span at, name unit, double scale);
ratio        ast_ratio(builder *b, span at, bool negative, ast_digits num, const ast_digits *den);
ast_unit_factor ast_unit_power(span at, name unit, ratio r);
ast_lhs *ast_left(builder *b, span at, lhs_kind kind, ast_name id, binder_list *binders, param_list *params);
column       ast_column(builder *b, ast_name kind, ast_name key);
ast_args     ast_named_args(ast_name id, arg_list *args);

/* ---- types */
power_list *ast_powers(builder *b, power_list *list, power p);
targ_list  *ast_targs(builder *b, targ_list *list, expr *value, irrep_list *irreps, span at);
factor     *ast_path_step(builder *b, factor *path, ast_name part);
factor     *ast_factor(span at, factor *path, targ_list *args, power_list *powers);
factor_list *ast_factors(builder *b, factor_list *list, factor *f);
ast_type   *ast_type_of(builder *b, span at, factor_list *domain, factor *element, ast_unit unit);

/* ---- statements; `word` is the place of the keyword */
stmt *ast_stmt_error(builder *b, span at);
stmt *ast_decl_stmt(builder *b, span at, span word, stmt_kind kind, name_list *names, ast_type *type,
                    column from, ast_args init);
stmt *ast_set(builder *b, span at, span word, ast_name id, expr *value);
stmt *ast_def(builder *b, span at, span word, stmt_kind kind, ast_lhs *lhs, ast_type *type, expr *value);
stmt *ast_minimise(builder *b, span at, span word, expr *value);
stmt *ast_claim(builder *b, span at, span word, stmt_kind kind, sym_list *syms, expr *strength,
                ast_name subject, name because);
stmt *ast_information(builder *b, span at, span word, stmt_kind kind, expr_list *paths, sym_list *syms,
                      ast_args by, name because);
stmt *ast_about(builder *b, span at, span word, stmt_kind kind, name_list *names, ast_name order);
stmt *ast_cites(builder *b, span at, span word, name text);
stmt *ast_format(builder *b, span at, span word, ast_args format);
stmt *ast_setting(builder *b, span at, ast_name word, expr *value, span where_at, expr *where, ast_name by);
stmt *ast_given(builder *b, span at, span word, ast_name id, expr *value);
stmt *ast_expect(builder *b, span at, span word, expect_kind kind, expr *lhs, expr *rhs);
stmt_list *ast_stmts(builder *b, stmt_list *list, stmt *s);

/* ---- declarations: added to b->decls */
void ast_block(builder *b, span at, decl_kind kind, ast_name id, stmt_list *body);
void ast_const(builder *b, span at, ast_name id, ast_type *type, expr *value);
void ast_use(builder *b, span at, ast_name path);
/** Attach the comments that stand right above declarations and statements. */
void ast_attach_docs(ast_file *file, intern *names, arena *memory);

#endif
