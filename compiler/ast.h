/* SPDX-License-Identifier: Apache-2.0
 *
 * ast.h: the tree that the parser builds and everything else only reads. Immutable after parsing: what later passes
 * learn goes to their own tables. Comments are kept beside the tree, for the formatter and for doc comments.
 */
#ifndef MTX_AST_H
#define MTX_AST_H

#include "source.h"
#include "support/support.h"

typedef enum expr_kind {
    E_ERROR,          /* a hole left by error recovery: silent in later passes                        */
    E_NUMBER,         /* 5   5 Å   2 [eV/Å]                                                           */
    E_STRING,         /* "path"                                                                       */
    E_READ,           /* read "path"                                                                  */
    E_NAME,           /* rc                                                                           */
    E_LIST,           /* [a, b, c]                                                                    */
    E_FIELD,          /* s.r                                                                          */
    E_INDEX,          /* x[i, j]                                                                      */
    E_CALL,           /* f(a, k = b)                                                                  */
    E_UNARY,          /* -a   not a                                                                   */
    E_BINARY,         /* a + b ... see binary_op                                                      */
    E_IF,             /* if c then a else b                                                           */
    E_REDUCE,         /* sum b in bond(i) where c: e                                                  */
    E_REPEAT,         /* repeat 3 from (v0, e0) : layer(v, e)                                         */
    E_SOFTMAX,        /* softmax x over bond(i)                                                       */
    E_TABULATE        /* tabulate f(x) over a..b to 1e-10                                             */
} expr_kind;

typedef enum binary_op {
    B_OR, B_AND, B_EQ, B_NE, B_LT, B_LE, B_GT, B_GE,
    B_WITHIN,         /* pairs(atom) within 5 Å                                                       */
    B_RANGE,          /* 0..8                                                                         */
    B_CONCAT,         /* a ++ b                                                                       */
    B_ADD, B_SUB, B_MUL, B_DIV, B_POW
} binary_op;

typedef enum unary_op { U_NEG, U_NOT } unary_op;
typedef enum reduce_op { R_SUM, R_MEAN, R_PROD, R_MAX, R_MIN } reduce_op;

/* one factor of a unit as written: name^num/den, or the plain number `scale` (name == NULL) */
typedef struct ast_unit_factor { name unit; double scale; int num, den; bool divide; span at; } ast_unit_factor;
typedef struct ast_unit { ast_unit_factor *factor; uint32_t n; span at; bool bracketed; } ast_unit;   /* n == 0: none */

typedef struct expr expr;
typedef struct ast_arg { name label; span label_at; expr *value; } ast_arg;    /* label NULL unless written k = v */

/* how the names of a binder relate */
typedef enum binder_kind {
    BIND_ONE,         /* i in S                                                                       */
    BIND_PAIR,        /* (b, c) in S    ordered, distinct                                             */
    BIND_SET          /* {b, c} in S    unordered, distinct: each pair once                           */
} binder_kind;
typedef struct ast_binder { binder_kind kind; name *names; span *names_at; uint32_t n; expr *set; span at; } ast_binder;

struct expr {
    expr_kind kind;
    uint32_t  id;                                    /* dense, unique in the file: key of side tables */
    span      at;
    union {
        struct { double value; ast_unit unit; name text; } number;    /* text: the digits as written  */
        struct { name value; } string;                                                    /* STRING READ */
        struct { name id; } ident;                                                        /* E_NAME   */
        struct { expr **item; uint32_t n; } list;
        struct { expr *base; name field; span field_at; } field;
        struct { expr *base; expr **arg; uint32_t n; } index;
        struct { expr *base; ast_arg *arg; uint32_t n; } call;
        struct { unary_op op; expr *arg; } unary;
        struct { binary_op op; expr *lhs, *rhs; span op_at; } binary;
        struct { expr *cond, *then, *other; } cond;
        struct { reduce_op op; ast_binder *binder; uint32_t n; expr *where; expr *body; } reduce;
        struct { expr *count; expr **from; uint32_t n; expr *body; } repeat;
        struct { expr *value; expr *over; } softmax;
        struct { expr *call; expr *range; expr *tolerance; } tabulate;
    };
};

/* ---- types: atom -> point [Å]      scalar^(64, 32)      orbit(site * site within 13 Å) * species^4 -> scalar [eV] */
typedef struct ast_type ast_type;
typedef enum targ_kind { TARG_NAME, TARG_NUMBER, TARG_RANGE, TARG_IRREPS, TARG_EXPR } targ_kind;
typedef struct ast_irrep { int mult; int l; char parity; } ast_irrep;            /* 8x1o; parity 'e', 'o' or 0 */
typedef struct ast_targ {
    targ_kind kind; span at;
    name id;                                         /* TARG_NAME                                     */
    double lo, hi;                                   /* TARG_NUMBER (lo), TARG_RANGE                  */
    ast_irrep *irrep; uint32_t n_irrep;              /* TARG_IRREPS                                   */
    expr *value;                                     /* TARG_EXPR: anything else, e.g. in orbit(...)  */
} ast_targ;

/* a dotted name with arguments and powers: one factor of a domain, or the element type */
typedef struct ast_path {
    name *part; uint32_t n;                          /* s.atom  ->  "s", "atom"                       */
    ast_targ *arg; uint32_t n_arg;
    double power; name power_name;                   /* domain power species^4; 1 when absent         */
    span at;
} ast_path;

struct ast_type {
    ast_path *domain; uint32_t n_domain;             /* factors before ->, none for a global          */
    ast_path  element;                               /* point, scalar, tensor(2), Crystal, mlp(64,32) */
    double   *channel; name *channel_name; uint32_t n_channel;   /* ^32 or ^(64, 32) or ^n            */
    ast_path *more; int *more_count; uint32_t n_more;            /* operator(2 scalar ++ 2 plane)     */
    ast_unit  unit;
    span      at;
};

/* ---- statements */
typedef enum stmt_kind {
    S_ERROR,
    /* structure */  S_FIELD,            S_SET,
    /* transform */  S_TAKES, S_PARAM, S_LET, S_GIVES, S_MINIMISE,
    /* claims    */  S_RESPECTS, S_SOFTLY, S_PRESERVES, S_LOSES, S_ASSUME, S_BREAKS, S_SMOOTH, S_EXTENSIVE, S_INTENSIVE,
    /* about     */  S_CITES,
    /* dataset   */  S_FORMAT, S_READS, S_KEY,
    /* train     */  S_SETTING,          /* data validate scale batch epochs optimiser schedule seed  */
    /* test      */  S_GIVEN, S_EXPECT
} stmt_kind;

typedef struct ast_name { name id; span at; } ast_name;
typedef struct ast_sym {                             /* rotate(z), permute(s.atom), rotate(encode)    */
    name id; expr **arg; uint32_t n; span at;
} ast_sym;
typedef struct ast_param { name id; ast_type *type; span at; } ast_param;        /* type may be NULL  */

typedef enum lhs_kind { LHS_NAME, LHS_INDEXED, LHS_FUNCTION } lhs_kind;
typedef struct ast_lhs {
    lhs_kind kind; name id; span at, name_at;
    ast_binder *binder; uint32_t n_binder;           /* LHS_INDEXED: x[i in S, j in T]                */
    ast_param  *param;  uint32_t n_param;            /* LHS_FUNCTION: f(x, d : scalar [Å])            */
} ast_lhs;

typedef enum expect_kind { EXPECT_TRUE, EXPECT_DIFFERS, EXPECT_NEAR } expect_kind;
typedef enum from_kind { FROM_NONE, FROM_INFO, FROM_FIELD } from_kind;

typedef struct stmt stmt;
struct stmt {
    stmt_kind kind;
    span at, keyword_at;
    name doc;                                        /* the # comment lines right above, or NULL      */
    union {
        struct { ast_name *names; uint32_t n; ast_type *type;          /* FIELD TAKES PARAM READS     */
                 from_kind from; name key; span key_at;                /* from info "k" / field "k"   */
                 name init; span init_at; ast_arg *init_arg; uint32_t n_init; } decl;   /* PARAM ... init glorot */
        struct { ast_name id; expr *value; } set;                      /* value NULL: set atom        */
        struct { ast_lhs lhs; ast_type *type; expr *value; } def;      /* LET (type may be NULL) GIVES*/
        struct { expr *value; } value;                                 /* MINIMISE                    */
        struct { ast_sym *sym; uint32_t n; expr *strength;             /* RESPECTS SOFTLY ASSUME BREAKS*/
                 ast_name subject; name because; } claim;              /* ASSUME subject respects ... */
        struct { expr **path; uint32_t n; ast_sym *sym; uint32_t n_sym;/* PRESERVES LOSES             */
                 ast_name by; ast_arg *by_arg; uint32_t n_by; name because; } info;
        struct { ast_name *names; uint32_t n; ast_name order; } about; /* SMOOTH x to C2; EXTENSIVE   */
        struct { name text; } cites;
        struct { ast_name id; ast_arg *arg; uint32_t n; } format;
        struct { ast_name keyword; expr *value; expr *where; ast_name by; } setting;   /* data m where c; scale g by s */
        struct { ast_name id; expr *value; bool read; } given;         /* read: value is E_READ       */
        struct { expect_kind kind; expr *lhs, *rhs, *within; } expect;
    };
};

/* ---- declarations */
typedef enum decl_kind { D_ERROR, D_STRUCTURE, D_TRANSFORM, D_LOSS, D_CONST, D_USE, D_DATASET, D_TRAIN, D_TEST } decl_kind;

typedef struct decl {
    decl_kind kind;
    span at;
    ast_name id;                                     /* D_USE, D_TEST: the string                     */
    name doc;                                        /* the # comment lines right above, or NULL      */
    stmt **body; uint32_t n;                         /* all but CONST and USE, in source order        */
    expr *value; ast_type *type;                     /* D_CONST (type may be NULL)                    */
} decl;

typedef struct ast_comment { span at; bool own_line; } ast_comment;            /* text with its '#'   */

typedef struct ast_file {
    const source *src;
    decl **decl; uint32_t n;
    ast_comment *comment; uint32_t n_comment;        /* all, in source order                          */
    uint32_t n_expr;                                 /* ids run 0 .. n_expr-1                         */
} ast_file;

#endif
