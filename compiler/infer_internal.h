/* SPDX-License-Identifier: Apache-2.0
 *
 * infer_internal.h: what infer.c (declarations, scopes), infer_statement.c (lines), infer_expr.c (expressions),
 * infer_set.c (sets, binders), infer_call.c (functions) and their kin share.
 */
#ifndef MTX_INFER_INTERNAL_H
#define MTX_INFER_INTERNAL_H

#include "infer.h"
#include "units.h"

typedef struct scope scope;
typedef struct instance instance;
typedef struct value value;

typedef enum value_kind {
    V_ERROR,                     /* reported already: silences what follows                               */
    V_NODE,                      /* a number, vector, index, species, truth value                         */
    V_TENSOR,                    /* not yet indexed: a function over sets                                 */
    V_SET,
    V_ROW,                       /* bond(i), bond(i, j)                                                   */
    V_SLOT,                      /* a structure                                                           */
    V_CELL,                      /* the lattice of a structure                                            */
    V_FUNCTION,                  /* let f(x) = ...                                                        */
    V_TRANSFORM,                 /* a declared transform, to be called                                    */
    V_RECORD,                    /* the result of calling one                                             */
    V_BUILTIN,
    V_LIST,
    V_FILE,                      /* what a file holds: its members                                        */
    V_CURVE,                     /* a function that a file holds: called                                  */
    V_PARTS,                     /* c.part: the parts of irreps                                           */
    V_PART,                      /* c.part[m], m an index                                                  */
    V_GIVEN,                     /* a file of a test: a structure once a transform says of which type     */
    V_NOT_YET                    /* parses, has a meaning that is not implemented: reported when used     */
} value_kind;

/* V_TENSOR: node with index variables `ivar` to be replaced, or (def != NONE) a def */
typedef struct given { name path; uint32_t slot; ast_name id; } given;
struct value {
    value_kind kind;
    span       at;
    node_id    node;             /* NODE; TENSOR without def: the body over `ivar`                        */
    set_id     set;              /* SET ROW                                                               */
    node_id    row, to;          /* ROW                                                                   */
    uint32_t   slot;             /* SLOT CELL                                                             */
    const stmt *function; scope *home;                                   /* FUNCTION                      */
    const decl *transform;
    instance  *record;
    int        builtin;
    def_id     def;              /* TENSOR of a def, else SETIR_NONE                                      */
    ivar_id   *ivar; set_id *domain; uint32_t n;                         /* TENSOR                        */
    value     *item;             /* LIST, n of them                                                       */
    const char *what;            /* NOT_YET: what it is                                                   */
    scope     *members;          /* FILE                                                                  */
    uint32_t   curve;            /* CURVE                                                                 */
    given     *file;             /* GIVEN                                                                 */
};

typedef enum entry_state { ENTRY_NEW, ENTRY_BUSY, ENTRY_DONE } entry_state;
typedef struct entry { name id; span at; const stmt *st; const decl *d; entry_state state; value v; } entry;
struct scope { scope *outer; instance *inst; VEC(entry *) entries; };

/* where a transform is called in the text of one that is called at `outer` (NULL: the transform that is read): its
 * instances there share their parameters. In a test: all calls of the transform */
typedef struct call_site {
    struct call_site *outer;
    const void *place;           /* the call, or a declaration                                            */
    name        word;
    span        at;
    bool        holds;           /* parameters                                                            */
} call_site;
typedef struct trained { const call_site *site; const stmt *st; param_id id; } trained;

/* one inlined transform */
struct instance {
    const decl *d;
    scope      *top;
    call_site  *site;
    instance   *caller; span call_at;
    uint32_t    depth;
};

typedef struct slot_scope { scope *members; const decl *structure; } slot_scope;

typedef struct active_call { const stmt *function; const struct active_call *outer; } active_call;

/* a constant that derivatives are taken by: its declaration or `let`, and the column of a file */
typedef struct mark { const void *declared; name column; } mark;
typedef struct constant { name id; span at; set_id *domain; uint32_t n_domain; elem elem; unit unit; } constant;
typedef struct held { uint32_t constant; span at; } held;

typedef struct infer {
    arena      *a;
    intern     *names;
    diag_sink  *sink;
    const spec_module *m;
    scope      *global;
    program    *p;               /* the program being built                                               */
    VEC(unit)   node_unit;       /* by node id                                                            */
    VEC(unit)   def_unit;
    VEC(uint32_t) height;        /* by node id                                                            */
    VEC(slot_scope) slot_scopes; /* by slot                                                               */
    uint32_t    depth, steps;
    instance   *inst;            /* whose text is being read, for call notes                              */
    const span *arg_at;          /* places of the arguments of the function whose nodes are being made    */
    const struct active_call *calls;      /* functions whose bodies are being read                            */
    VEC(const stmt *) called;    /* functions                                                             */
    bool        gave_up;
    VEC(mark)   marks;           /* of this transform; it is read again when there are more               */
    VEC(constant) constants;     /* by imm.named of OP_NAMED                                              */
    VEC(call_site *) sites;
    VEC(trained) trained;        /* which parameter a line is, at a site                                  */
    VEC(held)   held;            /* where one had to be known: a size, an exponent, an index              */
} infer;

/* infer.c */
/* a message, with the calls that led here as further labels */
#define infer_report(x, ...) infer_in_call((x), diag_report((x)->sink, __VA_ARGS__))
diag  *infer_in_call(infer *x, diag *d);
value  value_error(span at);
value  value_node(node_id n, span at);
value  value_done(node_id n, span at);                            /* SETIR_NONE: reported already           */
value  infer_complain(infer *x, diag_id id, span at, const char *label);  /* a message that takes no words  */
value  infer_lookup(infer *x, scope *s, name id, span at, bool quiet);
entry *scope_add(infer *x, scope *s, name id, span at);
entry *scope_find(scope *s, name id);
scope *scope_new(infer *x, scope *outer, instance *inst);
unit   infer_unit(infer *x, node_id n);

test_program *infer_test(infer *x, const decl *d);                /* infer_test.c                           */
void   infer_begin(infer *x, const decl *d);                      /* an empty program, the global scope     */
value  eval_entry(infer *x, scope *s, entry *e, span at);

/* infer_structure.c */
const decl *find_structure(infer *x, name id);                    /* its declaration, or NULL               */
uint32_t infer_structure(infer *x, const decl *structure, ast_name n);    /* a new slot                     */
value  input_value(infer *x, input_id id, const set_id *domain, uint32_t n, elem e, span at);
void   add_value(infer *x, scope *s, ast_name n, value v);        /* a name whose value is known            */

/* infer_statement.c */
value  eval_statement(infer *x, scope *s, const stmt *st);
instance *infer_instantiate(infer *x, const decl *d, const value *args, uint32_t n, span at);

/* infer_hint.c: the help of a message */
void   hint_name(infer *x, scope *s, diag *d, name id);
const char *hint_element(infer *x, const char *word);              /* the symbol in its own case, or NULL     */
void   hint_of_structure(infer *x, diag *d, name slot_id, name field);    /* volume(s) where s.volume is written */
void   hint_indices(infer *x, diag *d, value tensor);              /* of what needs them                      */
void   hint_type(infer *x, diag *d, name word);
/* `what` and its `members` where one of them was asked for that does not exist, written behind `before` */
void   hint_members(infer *x, diag *d, const char *what, const char *before, scope *members, name field);

/* infer_unused.c */
void   infer_uncalled(infer *x, scope *top);                      /* functions that nothing calls           */
void   infer_unused(infer *x);                                    /* structures and constants of the spec   */

/* infer_node.c: nodes with their units; reports and returns SETIR_NONE when the unit rule fails */
node_id mk(infer *x, node_op op, elem e, const node_id *args, uint32_t n, const node_imm *imm, span at);
node_id mk1(infer *x, node_op op, elem e, node_id a, span at);
node_id mk2(infer *x, node_op op, elem e, node_id a, node_id b, span at);
node_id mk_const(infer *x, double value, unit u, span at);
void    infer_units_of_new(infer *x);                              /* after program_substitute               */
elem    elem_of(infer *x, node_id n);
const char *elem_text(infer *x, elem e);
const char *elem_words(infer *x, elem e);                         /* "an index of s.atom", "a vector"       */
const char *infer_unit_text(infer *x, unit u);                    /* "eV/Å", "no unit"                      */
bool    const_value(infer *x, node_id n, double *out);            /* folds constant arithmetic              */
node_id as_real(infer *x, node_id n, span at);                    /* range and rank indices become numbers  */
node_id ascribe(infer *x, node_id n, unit u, elem e, span at, span type_at);

/* infer_expr.c */
value   infer_expr(infer *x, scope *s, const expr *e);

/* infer_value.c */
node_id infer_node(infer *x, scope *s, const expr *e);            /* a V_NODE of any kind or SETIR_NONE     */
node_id infer_real(infer *x, scope *s, const expr *e, int rank);  /* rank -1: any                           */
node_id value_to_node(infer *x, value v);
value   tensor_apply(infer *x, value t, const node_id *index, uint32_t n, span at);
value   tensor_of_def(infer *x, def_id d, span at);
/* a number of the vector `of` for each lattice vector, or a vector of the lattice itself (NONE) */
value   tensor_over_axes(infer *x, node_op op, node_id of, uint32_t slot, span at);
def_id  tensor_to_def(infer *x, value t, name id, span at);       /* for whole-tensor functions             */
bool    infer_int(infer *x, scope *s, const expr *e, int *out);
value   value_single_output(infer *x, value v);
value   map_values(infer *x, value *v, uint32_t n, span at, value (*f)(infer *, void *, const node_id *, span), void *user);

/* infer_operator.c */
value   infer_unary(infer *x, scope *s, const expr *e);
value   infer_binary(infer *x, scope *s, const expr *e);
value   infer_if(infer *x, scope *s, const expr *e);
value   infer_reduce(infer *x, scope *s, const expr *e);

/* infer_member.c */
value   infer_index(infer *x, scope *s, const expr *e);
node_id index_into(infer *x, node_id n, set_id want, span at);    /* coerce to an index of `want`           */
value   infer_member(infer *x, value base, name field, span at);

/* infer_grad.c */
value   infer_grad(infer *x, scope *s, const expr *e);
value   infer_grad_by_fault(infer *x, const expr *by);

/* infer_list.c */
node_id species_of(infer *x, node_id n, span at);                 /* an index of a list of elements becomes its element */
node_id index_by_species(infer *x, node_id species, set_id want, span at);
value   list_at(infer *x, value list, node_id index, span at);

/* infer_read.c */
value   infer_read(infer *x, const expr *e);
value   infer_file_member(infer *x, value file, name id, span at);
value   call_curve(infer *x, scope *s, value f, const expr *e);

/* infer_constant.c */
value   constant_named(infer *x, const entry *e, value v);       /* v under its name, where a derivative is taken by it */
bool    grad_by_constant(infer *x, scope *s, const expr *by, value v, wrt *w, bool *again);
void    constant_held(infer *x, node_id n, span at);              /* its value has to be known here: no derivative by it */
bool    constant_mentioned(infer *x, node_id n);
void    constants_check(infer *x);

/* infer_param.c */
call_site *param_site(infer *x, const scope *s, const expr *call, const decl *d);
value   infer_param(infer *x, scope *s, const entry *e);
param_id param_mentioned(infer *x, node_id n);                    /* one that the value depends on, or NONE */
void    params_finish(infer *x, bool whole);                      /* paths; whole: and what no output needs */

/* infer_matrix.c */
value   infer_orthonormal(infer *x, value overlaps, span at);

/* infer_tabulate.c */
value   infer_tabulate(infer *x, scope *s, const expr *e);

/* infer_set.c */
value   infer_set(infer *x, scope *s, const expr *e);             /* V_SET or V_ROW or V_ERROR              */
set_id  set_range(infer *x, int lo, int hi, span at);
set_id  set_rank(infer *x, set_id parent, int count, span at);
set_id  set_species(infer *x, const int32_t *species, int32_t n, span at);
set_id  set_axis(infer *x, uint32_t slot, span at);
ivar_id bind_one(infer *x, scope *s, name id, value set, span at);
uint32_t bind_all(infer *x, scope *inner, const ast_binder *b, uint32_t n, ivar_id **out);
const char *set_text(infer *x, set_id s);
enum { DOMAIN_POWER_MOST = 8 };
int     domain_power(infer *x, scope *s, const ast_path *path);   /* of species^4; 0: reported               */
bool    type_domain(infer *x, scope *s, const ast_type *t, set_id **domain, uint32_t *n);
bool    type_elem(infer *x, scope *s, const ast_type *t, elem *e, unit *u, double *scale, bool *pseudo, bool *point);
int     element_number(name id);

/* infer_irreps.c */
bool    infer_irreps_type(infer *x, scope *s, const ast_path *path, elem *e);
node_id infer_concat(infer *x, const expr *e, node_id a, node_id b);      /* a ++ b                          */
value   infer_parts(infer *x, value base, span at);
value   infer_part(infer *x, value parts, node_id index, span at);
node_id infer_part_alone(infer *x, value part);                   /* the other parts zero                   */
node_id infer_part_scaled(infer *x, node_op op, node_id part, node_id number, span at);   /* NONE: not such */
node_id infer_sum_of_parts(infer *x, node_id body, ivar_id over, span at);                /* NONE: not such */
value   infer_dot_parts(infer *x, value *v, uint32_t n, span at);
value   infer_triple(infer *x, value *v, span at);
value   infer_harmonics(infer *x, const node_id *n, bool direction, span at);
value   infer_product(infer *x, const node_id *n, uint32_t count, span at);

/* infer_call.c */
typedef enum builtin_id {
#define BUILTIN(id, ...) BI_##id,
#include "builtins.def"
#undef BUILTIN
    BI_COUNT_
} builtin_id;
typedef struct builtin_row { const char *name; int least, most; node_op op; const char *sig, *doc; } builtin_row;
extern const builtin_row builtin_table[BI_COUNT_];
value   infer_call(infer *x, scope *s, const expr *e);

#endif
