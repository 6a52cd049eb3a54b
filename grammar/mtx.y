/* SPDX-License-Identifier: Apache-2.0
 *
 * mtx.y: the grammar of a spec (docs/spec.md, syntax). In: tokens pushed by compiler/parse.c. Out: calls of
 * ast_* (compiler/ast_build.h), nothing else. Recovery stands on the lists only; the driver skips to the next
 * keyword.
 */
%require "3.8"
%define api.pure full
%define api.push-pull push
%define api.prefix {mtx_yy}
%define api.token.prefix {T_}
%define api.location.type {span}
%define parse.lac full
%define parse.error custom
%locations
%parse-param {builder *b}

%code requires {
#include "ast_build.h"
}

%code {
#include "parse_internal.h"

/* a rule spans its symbols; an empty one stands behind what came before */
#define YYLLOC_DEFAULT(current, rhs, n)                                                                      \
    ((current) = (n) ? span_join(YYRHSLOC(rhs, 1), YYRHSLOC(rhs, n))                                         \
                     : (span){YYRHSLOC(rhs, 0).src, YYRHSLOC(rhs, 0).end, YYRHSLOC(rhs, 0).end})
#define NAMED(text, place) ((ast_name){.id = (text), .at = (place)})
#define NOBODY ((ast_name){0})
#define NOTHING ((ast_args){0})
static void yyerror(const span *at, builder *b, const char *message);
#define YYMAXDEPTH 10000                 /* reached by chains of prefix operators only: E0023     */
}

%union {
    name             id;
    ast_name         named;
    ast_digits       number;
    ast_irrep        irrep;
    expr            *expr;
    expr_list       *exprs;
    ast_arg          arg;
    arg_list        *args;
    ast_args         named_args;
    ast_binder       binder;
    binder_list     *binders;
    name_list       *names;
    sym_list        *syms;
    param_list      *params;
    irrep_list      *irreps;
    ast_unit         unit;
    ast_unit_factor  unit_factor;
    unit_list       *units;
    ratio            ratio;
    power            power;
    power_list      *powers;
    targ_list       *targs;
    factor          *factor;
    factor_list     *factors;
    ast_type        *type;
    ast_lhs         *lhs;
    column           column;
    stmt            *stmt;
    stmt_list       *stmts;
}

%token <id> NAME "a name" STRING "a string"
%token <number> NUMBER "a number"
%token <irrep> IRREP "irreps"
%token STRUCTURE "structure" TRANSFORM "transform" LOSS "loss" CONST "const" USE "use" DATASET "dataset"
%token TRAIN "train" TEST "test"
%token SET "set" FIELD "field" TAKES "takes" PARAM "param" LET "let" GIVES "gives" MINIMISE "minimise"
%token RESPECTS "respects" SOFTLY "softly" PRESERVES "preserves" LOSES "loses" ASSUME "assume" BREAKS "breaks"
%token SMOOTH "smooth" EXTENSIVE "extensive" INTENSIVE "intensive" CITES "cites"
%token FORMAT "format" READS "reads" KEY "key" GIVEN "given" EXPECT "expect"
%token <id> SETTING "a setting" REDUCE "a reduction"
%token READ "read" DIFFERS "differs" NEAR "near" INIT "init" FROM "from" BY "by" TO "to" UPTO "up to"
%token BECAUSE "because" IN "in" WHERE "where" OVER "over"
%token REPEAT "repeat" SOFTMAX "softmax" TABULATE "tabulate"
%token IF "if" THEN "then" ELSE "else" AND "and" OR "or" NOT "not" WITHIN "within"
%token ARROW "->" DOTS ".." CONCAT "++" EQ "==" NE "!=" LE "<=" GE ">="
%token FOREIGN "a foreign operator"      /* never in a rule: what the lexer could not translate */

/* what a body that extends to the right gives way to, then loose to tight */
%precedence OPEN
%left OR
%left AND
%precedence NOT
%nonassoc EQ NE '<' LE '>' GE
%nonassoc WITHIN
%nonassoc DOTS
%left CONCAT
%left '+' '-'
%left '*' '/'
%precedence NEGATIVE
%right '^'

%type <expr>    expr term post where
%type <exprs>   exprs paths
%type <arg>     arg
%type <args>    args call_args
%type <binder>  binder
%type <binders> binders
%type <names>   names pair
%type <syms>    syms up_to
%type <params>  params
%type <type>    type optional_type
%type <factor>  factor path
%type <factors> domain
%type <targs>   targs type_args
%type <powers>  power_of power_list
%type <power>   power
%type <irreps>  irreps
%type <unit>    unit in_brackets
%type <units>   unit_factors
%type <unit_factor> unit_factor
%type <ratio>   unit_power unit_ratio
%type <lhs>     lhs
%type <column>  from
%type <named_args> init by call
%type <named>   by_name
%type <stmt>    stmt
%type <stmts>   stmts block

%%
file
  : decls
  ;
decls
  : %empty
  | decls decl
  | decls error                         { yyerrok; yyclearin; }
  ;
decl
  : STRUCTURE NAME block                { ast_block(b, @$, D_STRUCTURE, NAMED($2, @2), $3); }
  | TRANSFORM NAME block                { ast_block(b, @$, D_TRANSFORM, NAMED($2, @2), $3); }
  | LOSS NAME block                     { ast_block(b, @$, D_LOSS, NAMED($2, @2), $3); }
  | DATASET NAME block                  { ast_block(b, @$, D_DATASET, NAMED($2, @2), $3); }
  | TRAIN NAME block                    { ast_block(b, @$, D_TRAIN, NAMED($2, @2), $3); }
  | TEST STRING block                   { ast_block(b, @$, D_TEST, NAMED($2, @2), $3); }
  | CONST NAME optional_type '=' expr   { ast_const(b, @$, NAMED($2, @2), $3, $5); }
  | USE STRING                          { ast_use(b, @$, NAMED($2, @2)); }
  ;
block
  : '{' stmts '}'                       { $$ = $2; }
  ;
stmts
  : %empty                              { $$ = ast_stmts(b, NULL, NULL); }
  | stmts stmt                          { $$ = ast_stmts(b, $1, $2); }
  | stmts error                         { $$ = ast_stmts(b, $1, ast_stmt_error(b, @2)); yyerrok; yyclearin; }
  ;

stmt
  : SET NAME                            { $$ = ast_set(b, @$, @1, NAMED($2, @2), NULL); }
  | SET NAME '=' expr                   { $$ = ast_set(b, @$, @1, NAMED($2, @2), $4); }
  | FIELD names ':' type from           { $$ = ast_decl_stmt(b, @$, @1, S_FIELD, $2, $4, $5, NOTHING); }
  | TAKES names ':' type
          { $$ = ast_decl_stmt(b, @$, @1, S_TAKES, $2, $4, (column){0}, NOTHING); }
  | PARAM names ':' type init           { $$ = ast_decl_stmt(b, @$, @1, S_PARAM, $2, $4, (column){0}, $5); }
  | LET lhs optional_type '=' expr      { $$ = ast_def(b, @$, @1, S_LET, $2, $3, $5); }
  | GIVES lhs ':' type '=' expr         { $$ = ast_def(b, @$, @1, S_GIVES, $2, $4, $6); }
  | MINIMISE expr                       { $$ = ast_minimise(b, @$, @1, $2); }
  | RESPECTS syms                       { $$ = ast_claim(b, @$, @1, S_RESPECTS, $2, NULL, NOBODY, NULL); }
  | SOFTLY RESPECTS syms BY expr        { $$ = ast_claim(b, @$, @1, S_SOFTLY, $3, $5, NOBODY, NULL); }
  | ASSUME NAME RESPECTS syms BECAUSE STRING
          { $$ = ast_claim(b, @$, @1, S_ASSUME, $4, NULL, NAMED($2, @2), $6); }
  | BREAKS syms BECAUSE STRING          { $$ = ast_claim(b, @$, @1, S_BREAKS, $2, NULL, NOBODY, $4); }
  | PRESERVES paths up_to by            { $$ = ast_information(b, @$, @1, S_PRESERVES, $2, $3, $4, NULL); }
  | LOSES paths BECAUSE STRING          { $$ = ast_information(b, @$, @1, S_LOSES, $2, NULL, NOTHING, $4); }
  | SMOOTH names TO NAME                { $$ = ast_about(b, @$, @1, S_SMOOTH, $2, NAMED($4, @4)); }
  | EXTENSIVE names                     { $$ = ast_about(b, @$, @1, S_EXTENSIVE, $2, NOBODY); }
  | INTENSIVE names                     { $$ = ast_about(b, @$, @1, S_INTENSIVE, $2, NOBODY); }
  | CITES STRING                        { $$ = ast_cites(b, @$, @1, $2); }
  | FORMAT call                         { $$ = ast_format(b, @$, @1, $2); }
  | READS names ':' type from           { $$ = ast_decl_stmt(b, @$, @1, S_READS, $2, $4, $5, NOTHING); }
  | KEY names optional_type from        { $$ = ast_decl_stmt(b, @$, @1, S_KEY, $2, $3, $4, NOTHING); }
  | SETTING expr where by_name          { $$ = ast_setting(b, @$, NAMED($1, @1), $2, @3, $3, $4); }
  | GIVEN NAME '=' expr                 { $$ = ast_given(b, @$, @1, NAMED($2, @2), $4); }
  | EXPECT expr                         { $$ = ast_expect(b, @$, @1, EXPECT_TRUE, $2, NULL); }
  | EXPECT expr DIFFERS expr            { $$ = ast_expect(b, @$, @1, EXPECT_DIFFERS, $2, $4); }
  | EXPECT expr NEAR expr               { $$ = ast_expect(b, @$, @1, EXPECT_NEAR, $2, $4); }
  ;

/* ---- parts of statements */
names
  : NAME                                { $$ = ast_names(b, NULL, NAMED($1, @1)); }
  | names ',' NAME                      { $$ = ast_names(b, $1, NAMED($3, @3)); }
  ;
paths
  : post                                { $$ = ast_exprs(b, NULL, $1); }
  | paths ',' post                      { $$ = ast_exprs(b, $1, $3); }
  ;
syms
  : NAME                                { $$ = ast_syms(b, NULL, @$, NAMED($1, @1), NULL); }
  | NAME '(' exprs ')'                  { $$ = ast_syms(b, NULL, @$, NAMED($1, @1), $3); }
  | syms ',' NAME                       { $$ = ast_syms(b, $1, @3, NAMED($3, @3), NULL); }
  | syms ',' NAME '(' exprs ')'         { $$ = ast_syms(b, $1, span_join(@3, @6), NAMED($3, @3), $5); }
  ;
up_to
  : %empty                              { $$ = NULL; }
  | UPTO syms                           { $$ = $2; }
  ;
by
  : %empty                              { $$ = NOTHING; }
  | BY call                             { $$ = $2; }
  ;
call
  : NAME                                { $$ = ast_named_args(NAMED($1, @1), NULL); }
  | NAME '(' call_args ')'              { $$ = ast_named_args(NAMED($1, @1), $3); }
  ;
by_name
  : %empty                              { $$ = NOBODY; }
  | BY NAME                             { $$ = NAMED($2, @2); }
  ;
init
  : %empty                              { $$ = NOTHING; }
  | INIT call                           { $$ = $2; }
  ;
from
  : %empty                              { $$ = (column){0}; }
  | FROM NAME STRING                    { $$ = ast_column(b, NAMED($2, @2), NAMED($3, @3)); }
  ;
where
  : %empty                              { $$ = NULL; }
  | WHERE expr                          { $$ = $2; }
  ;
lhs
  : NAME                                { $$ = ast_left(b, @$, LHS_NAME, NAMED($1, @1), NULL, NULL); }
  | NAME '[' binders ']'                { $$ = ast_left(b, @$, LHS_INDEXED, NAMED($1, @1), $3, NULL); }
  | NAME '(' params ')'                 { $$ = ast_left(b, @$, LHS_FUNCTION, NAMED($1, @1), NULL, $3); }
  ;
params
  : NAME optional_type                  { $$ = ast_params(b, NULL, @$, NAMED($1, @1), $2); }
  | params ',' NAME optional_type       { $$ = ast_params(b, $1, span_join(@3, @4), NAMED($3, @3), $4); }
  ;
binders
  : binder                              { $$ = ast_binders(b, NULL, $1); }
  | binders ',' binder                  { $$ = ast_binders(b, $1, $3); }
  ;
binder
  : NAME IN expr
          { $$ = ast_bind(b, @$, BIND_ONE, ast_names(b, NULL, NAMED($1, @1)), $3); }
  | '{' pair '}' IN expr                { $$ = ast_bind(b, @$, BIND_SET, $2, $5); }
  | '(' pair ')' IN expr                { $$ = ast_bind(b, @$, BIND_PAIR, $2, $5); }
  ;
pair
  : names                               { $$ = $1; }
  ;

/* ---- types */
optional_type
  : %empty                              { $$ = NULL; }
  | ':' type                            { $$ = $2; }
  ;
type
  : factor unit                         { $$ = ast_type_of(b, @$, NULL, $1, $2); }
  | domain ARROW factor unit            { $$ = ast_type_of(b, @$, $1, $3, $4); }
  ;
domain
  : factor                              { $$ = ast_factors(b, NULL, $1); }
  | domain '*' factor                   { $$ = ast_factors(b, $1, $3); }
  ;
factor
  : path type_args power_of             { $$ = ast_factor(@$, $1, $2, $3); }
  ;
path
  : NAME                                { $$ = ast_path_step(b, NULL, NAMED($1, @1)); }
  | path '.' NAME                       { $$ = ast_path_step(b, $1, NAMED($3, @3)); }
  ;
type_args
  : %empty                              { $$ = NULL; }
  | '(' targs ')'                       { $$ = $2; }
  ;
targs
  : expr                                { $$ = ast_targs(b, NULL, $1, NULL, @1); }
  | irreps                              { $$ = ast_targs(b, NULL, NULL, $1, @1); }
  | targs ',' expr                      { $$ = ast_targs(b, $1, $3, NULL, @3); }
  | targs ',' irreps                    { $$ = ast_targs(b, $1, NULL, $3, @3); }
  ;
irreps
  : IRREP                               { $$ = ast_irreps(b, NULL, @1, $1); }
  | irreps '+' IRREP                    { $$ = ast_irreps(b, $1, @3, $3); }
  ;
power_of
  : %empty                              { $$ = NULL; }
  | '^' power                           { $$ = ast_powers(b, NULL, $2); }
  | '^' '(' power_list ')'              { $$ = $3; }
  ;
power_list
  : power                               { $$ = ast_powers(b, NULL, $1); }
  | power_list ',' power                { $$ = ast_powers(b, $1, $3); }
  ;
power
  : NUMBER                              { $$ = (power){$1.value, NULL, @1}; }
  | NAME                                { $$ = (power){0, $1, @1}; }
  ;

/* ---- units */
unit
  : %empty                              { $$ = (ast_unit){0}; }
  | in_brackets
  ;
in_brackets
  : '[' unit_factors ']'                { $$ = ast_unit_of(@$, $2, true); }
  ;
unit_factors
  : unit_factor                         { $$ = ast_unit_factors(b, NULL, $1, false); }
  | unit_factors '*' unit_factor        { $$ = ast_unit_factors(b, $1, $3, false); }
  | unit_factors '/' unit_factor        { $$ = ast_unit_factors(b, $1, $3, true); }
  ;
unit_factor
  : NUMBER                              { $$ = ast_unit_plain(@$, NULL, $1.value); }
  | NAME                                { $$ = ast_unit_plain(@$, $1, 1); }
  | NAME '^' unit_power                 { $$ = ast_unit_power(@$, $1, $3); }
  ;
unit_power
  : NUMBER                              { $$ = ast_ratio(b, @$, false, $1, NULL); }
  | '-' NUMBER                          { $$ = ast_ratio(b, @$, true, $2, NULL); }
  | '(' unit_ratio ')'                  { $$ = $2; }
  ;
unit_ratio
  : NUMBER                              { $$ = ast_ratio(b, @$, false, $1, NULL); }
  | '-' NUMBER                          { $$ = ast_ratio(b, @$, true, $2, NULL); }
  | NUMBER '/' NUMBER                   { $$ = ast_ratio(b, @$, false, $1, &$3); }
  | '-' NUMBER '/' NUMBER               { $$ = ast_ratio(b, @$, true, $2, &$4); }
  ;

/* ---- expressions */
expr
  : term
  | expr OR expr                        { $$ = ast_binary(b, @$, B_OR, $1, @2, $3); }
  | expr AND expr                       { $$ = ast_binary(b, @$, B_AND, $1, @2, $3); }
  | NOT expr                            { $$ = ast_unary(b, @$, U_NOT, $2); }
  | expr EQ expr                        { $$ = ast_binary(b, @$, B_EQ, $1, @2, $3); }
  | expr NE expr                        { $$ = ast_binary(b, @$, B_NE, $1, @2, $3); }
  | expr '<' expr                       { $$ = ast_binary(b, @$, B_LT, $1, @2, $3); }
  | expr LE expr                        { $$ = ast_binary(b, @$, B_LE, $1, @2, $3); }
  | expr '>' expr                       { $$ = ast_binary(b, @$, B_GT, $1, @2, $3); }
  | expr GE expr                        { $$ = ast_binary(b, @$, B_GE, $1, @2, $3); }
  | expr WITHIN expr                    { $$ = ast_binary(b, @$, B_WITHIN, $1, @2, $3); }
  | expr DOTS expr                      { $$ = ast_binary(b, @$, B_RANGE, $1, @2, $3); }
  | expr CONCAT expr                    { $$ = ast_binary(b, @$, B_CONCAT, $1, @2, $3); }
  | expr '+' expr                       { $$ = ast_binary(b, @$, B_ADD, $1, @2, $3); }
  | expr '-' expr                       { $$ = ast_binary(b, @$, B_SUB, $1, @2, $3); }
  | expr '*' expr                       { $$ = ast_binary(b, @$, B_MUL, $1, @2, $3); }
  | expr '/' expr                       { $$ = ast_binary(b, @$, B_DIV, $1, @2, $3); }
  | '-' expr                %prec NEGATIVE { $$ = ast_unary(b, @$, U_NEG, $2); }
  | expr '^' expr                       { $$ = ast_power(b, @$, @1, $1, @2, $3); }
  | IF expr THEN expr ELSE expr %prec OPEN { $$ = ast_if(b, @$, $2, $4, $6); }
  | REDUCE binders where ':' expr %prec OPEN { $$ = ast_reduce(b, @$, $1, $2, $3, $5); }
  | REPEAT expr FROM '(' exprs ')' ':' expr %prec OPEN { $$ = ast_repeat(b, @$, $2, $5, $8); }
  | SOFTMAX expr OVER post              { $$ = ast_softmax(b, @$, $2, $4); }
  | TABULATE post OVER expr TO term     { $$ = ast_tabulate(b, @$, $2, $4, $6); }
  ;
term
  : NUMBER                              { $$ = ast_number(b, @$, $1, (ast_unit){0}); }
  | NUMBER NAME                         { $$ = ast_number(b, @$, $1, ast_unit_single(b, NAMED($2, @2))); }
  | NUMBER in_brackets                  { $$ = ast_number(b, @$, $1, $2); }
  | STRING                              { $$ = ast_string(b, @$, $1); }
  | READ STRING                         { $$ = ast_read(b, @$, $2); }
  | post
  ;
post
  : NAME                                { $$ = ast_ident(b, @$, $1); }
  | '(' expr ')'                        { $$ = $2; }
  | '[' exprs ']'                       { $$ = ast_list(b, @$, $2); }
  | post '.' NAME                       { $$ = ast_field(b, @$, $1, NAMED($3, @3)); }
  | post '[' exprs ']'                  { $$ = ast_index(b, @$, $1, $3); }
  | post '(' call_args ')'              { $$ = ast_call(b, @$, $1, $3); }
  ;
exprs
  : expr                                { $$ = ast_exprs(b, NULL, $1); }
  | exprs ',' expr                      { $$ = ast_exprs(b, $1, $3); }
  ;
call_args
  : %empty                              { $$ = NULL; }
  | args                                { $$ = $1; }
  | expr BY expr                        { $$ = ast_weighted(b, $1, @2, $3); }
  ;
args
  : arg                                 { $$ = ast_arguments(b, NULL, $1); }
  | args ',' arg                        { $$ = ast_arguments(b, $1, $3); }
  ;
arg
  : expr                                { $$ = (ast_arg){.value = $1}; }
  | NAME '=' expr                       { $$ = (ast_arg){$1, @1, $3}; }
  ;
%%

/* bison calls this with the parser's state; the words are found in compiler/parse_error.c */
static int yyreport_syntax_error(const yypcontext_t *context, builder *b)
{
    enum { MOST = YYNTOKENS };
    yysymbol_kind_t symbols[MOST];
    const char *expected[MOST];
    int n = yypcontext_expected_tokens(context, symbols, MOST);
    for (int i = 0; i < n; i++)
        expected[i] = yysymbol_name(symbols[i]);
    parse_syntax_error(b->parse, expected, n < 0 ? 0 : (size_t)n);
    return 0;
}

/* only for exhausted memory or stack; syntax errors come through yyreport_syntax_error */
static void yyerror(const span *at, builder *b, const char *message)
{
    (void)message;
    parse_stack_error(b->parse, *at);
}
