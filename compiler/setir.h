/* SPDX-License-Identifier: Apache-2.0
 *
 * setir.h: the set IR, the middle of the compiler. One `program` per transform: calls are inlined, every value is a
 * pure function of named index variables over named sets. Nodes form a hash-consed DAG (building the same node twice
 * gives the same id), arguments always have smaller ids than their users, so a loop over ids is a bottom-up pass.
 *
 *   infer.c builds it; units.c, law.c, smooth.c annotate it (side arrays by node id); verify.c checks it; setir_text.c
 *   prints it and reads it back; interp.c evaluates it (the oracle); rewrite.c, ad.c transform it; lower.c lowers it.
 */
#ifndef MTX_SETIR_H
#define MTX_SETIR_H

#include "diag.h"
#include "source.h"
#include "support/support.h"

#define SETIR_NONE UINT32_MAX

typedef uint32_t node_id;
typedef uint32_t set_id;
typedef uint32_t ivar_id;
typedef uint32_t def_id;
typedef uint32_t input_id;
typedef uint32_t param_id;

/* ------------------------------------------------------------------------------------------------------- units */

typedef struct rational { int32_t num, den; } rational;           /* den > 0, lowest terms            */
enum { UNIT_LENGTH, UNIT_ENERGY, UNIT_CHARGE, UNIT_TEMPERATURE, UNIT_TIME, UNIT_COUNT };
typedef struct unit { rational power[UNIT_COUNT]; } unit;         /* Å, eV, e, K, fs; mass is eV fs^2/Å^2 */

/* ------------------------------------------------------------------------------------------------ element types */

typedef enum elem_kind { ELEM_REAL, ELEM_BOOL, ELEM_SPECIES, ELEM_INDEX } elem_kind;
typedef struct elem {
    elem_kind kind;
    uint8_t   rank;              /* REAL: Cartesian rank 0, 1 (3 numbers), 2 (9, row-major)  */
    uint16_t  channels;          /* REAL: 0 for none, else channel count (rank must be 0)    */
    uint16_t  irreps;            /* REAL with channels: how they turn, an id of program_irreps; 0: not at all */
    set_id    set;               /* INDEX: of which set                                      */
} elem;
uint32_t elem_components(elem e);                                  /* 1, 3, 9 or channels              */
bool     elem_equal(elem a, elem b);

/* ------------------------------------------------------------------------------------------------------ irreps */

/* Channels that turn with the structure: part after part, of each `copies` values of degree l, of each the 2l + 1
 * components m = -l..l (harmonics.h has the convention). A rotation mixes the components of one l only; an inversion
 * multiplies a part by -1 when it is odd. */
typedef struct irrep { uint16_t copies; uint8_t l; bool odd; } irrep;
typedef struct irreps { irrep *part; uint32_t n; } irreps;
enum { IRREPS_L_MOST = 11, CHANNELS_MOST = 4096 };

/* What LINEAR and BILINEAR do with components:  to[k] = sum weight a[i] b[j]  (LINEAR: b is a plain number, 1).
 * Sorted by k, i, j; each at most once, no zeros. */
typedef struct product_term { uint32_t k, i, j; double weight; } product_term;
typedef struct product_table { elem a, b, to; product_term *term; uint32_t n; } product_table;

/* --------------------------------------------------------------------------------------------------------- sets */

typedef enum set_kind {
    SET_BASE,        /* the sites of a structure slot                                                        */
    SET_PAIRS,       /* pairs(parent) within cutoff; parent is a BASE or DIFFER set                          */
    SET_DIFFER,      /* sites where sample differs from host (two BASE sets)                                 */
    SET_RECIP,       /* reciprocal lattice vectors 0 < |k| < cutoff of a slot                                */
    SET_AXIS,        /* the periodic axes of a slot's lattice: 3, 2 or 1 elements                            */
    SET_RANGE,       /* the integers lo..hi, both included                                                   */
    SET_SPECIES,     /* a list of elements                                                                   */
    SET_RANK         /* places of a sorted order: as many as `parent` has elements, or `count` if parent none*/
} set_kind;

enum { SETIR_SPECIES = 119 };    /* that there are: atomic numbers, 0 is the vacancy                         */

typedef struct set {
    set_kind kind;
    name     id;                 /* the user's name, or NULL for an anonymous set            */
    span     at;
    uint32_t slot;               /* BASE RECIP AXIS, and PAIRS DIFFER: whose lattice         */
    set_id   parent;             /* PAIRS RANK                                               */
    set_id   host, sample;       /* DIFFER                                                   */
    node_id  cutoff;             /* PAIRS RECIP: scalar node without free index variables    */
    int32_t  lo, hi;             /* RANGE                                                    */
    int32_t  count;              /* RANK with no parent, AXIS, SPECIES                       */
    int32_t *species;            /* SPECIES: atomic numbers                                  */
} set;

/* An index variable. `row`: only pairs whose first end is that index (b in bond(i)); `to`: and whose second end is
 * that one (b in bond(i, j)). `partner`: an earlier variable of the same set or row from which it is distinct;
 * `unordered`: and each unordered pair is taken once. */
typedef struct ivar {
    set_id  set;
    node_id row, to;
    ivar_id partner;
    bool    unordered;
    name    id;
    span    at;
} ivar;
typedef VEC(ivar_id) ivar_list;

/* ------------------------------------------------------------------------------------------------------- curves */

/* Numbers known when compiling, over sets of fixed size: plain ones (pieces == 0), or for each place (row-major over
 * the domain) a function of one variable by polynomials on equal intervals (curve.c). */
typedef struct curve {
    name     id;                 /* for people                                                             */
    set_id  *domain; uint32_t n_domain;           /* RANGE, SPECIES, RANK without parent                    */
    uint32_t places;             /* product of their sizes                                                 */
    uint32_t pieces, terms;      /* intervals; coefficients of each                                        */
    double   lo, rate;           /* piece k has u = (x - lo) * rate - k in [0, 1]; the end ones go on       */
    int32_t  order;              /* C^order in x                                                           */
    unit     unit_x, unit;       /* of x; of the value                                                     */
    double  *data;               /* [pieces][terms][places]: value sum_j c[j] u^j; plain: [places]         */
} curve;

/* ------------------------------------------------------------------------------------------------- inputs, defs */

typedef enum input_role { IN_POSITION, IN_SPECIES, IN_FIELD } input_role;
typedef struct input {
    input_role role;
    uint32_t   slot;             /* structure slot it belongs to, SETIR_NONE for a plain `takes`           */
    name       id;
    span       at;
    elem       elem;
    unit       unit;             /* declared unit; `scale` converts file numbers to base units             */
    double     scale;
    set_id    *domain; uint32_t n_domain;
    bool       is_point, pseudo; /* declared point; pseudoscalar or pseudovector                           */
    int        from;             /* from_kind of ast.h: where a file holds it                              */
    name       key;
} input;

/* ------------------------------------------------------------------------------------------------- parameters */

/* How training is to begin (parameter.c: init_table). */
typedef enum init_kind { INIT_NONE, INIT_ZEROS, INIT_ONES, INIT_CONSTANT, INIT_NORMAL, INIT_UNIFORM, INIT_GLOROT, INIT_COUNT_ } init_kind;
typedef struct init_row { const char *word; uint32_t args; const char *sig; } init_row;
extern const init_row init_table[INIT_COUNT_];

/* A table of trainable numbers, the same for every structure. They stand in view->param from number `first` on, row-major
 * over the domain, components innermost, in base units; one that a file states in the declared unit is multiplied by
 * `scale` before, as those of inputs are. The path tells instances of one `param` line apart and is the key in a file. */
typedef struct parameter {
    name      id, path;
    span      at, type_at;       /* the name; the declared type (or nothing)                               */
    set_id   *domain; uint32_t n_domain;          /* RANGE, SPECIES, RANK of a fixed size                   */
    elem      elem;              /* REAL, not irreps                                                       */
    unit      unit;              /* declared unit; `scale` converts numbers in it to base units            */
    double    scale;
    init_kind init; double init_value[2];         /* base units                                             */
    uint64_t  first;             /* set by program_param                                                   */
} parameter;
enum { PARAM_NUMBERS_MOST = 1 << 24 };            /* of a program                                           */

typedef enum lib_op {
    LIB_NONE,                    /* an ordinary def: value is `body`                                       */
    LIB_SORT,                    /* over one set -> rank(set); ascending, or descending when lib_flag      */
    LIB_EIGVALS,                 /* symmetric [i in S, j in S] -> rank(S), ascending                       */
    LIB_SORTROWS,                /* [i, j] -> [rank, rank]: rows and columns by descending row norm        */
    LIB_EIGVECS,                 /* symmetric [i in S, j in S] -> [S, rank(S)]: their vectors, of any sign; made by ad_lib.c */
    LIB_LIST,                    /* the elements in storage order: each set S of the domain -> rank(S)     */
    LIB_GRAD,                    /* derivative of a number (no sets) by `wrt`; ad.c expands it             */
    LIB_JACOBIAN,                /* of a table: a rank more, its sets then those of `wrt`; by pairs, pairs
                                    stand for the sites that are their first ends; ad_jacobian.c           */
    LIB_ALONG                    /* of a table when what `wrt` says moves as the tensor `along` says       */
} lib_op;

/* What a derivative is taken by. The domain of the result: the input's, the axes, the pairs, or none. */
typedef enum wrt_kind {
    WRT_INPUT,                   /* a field: over its sets, of its type                                    */
    WRT_STRAIN,                  /* symmetric strain: r -> (1 + e) r, lattice vectors too; tensor(2)       */
    WRT_CELL,                    /* lattice vectors at fixed fractional positions; vector over the axes    */
    WRT_PAIRS,                   /* displacements of a pair set, each taken alone; vector over the set     */
    WRT_NAMED,                   /* a constant of the spec (OP_NAMED): over its indices, of its type       */
    WRT_PARAM                    /* a parameter: over its sets, of its type                                */
} wrt_kind;
typedef struct wrt { wrt_kind kind; uint32_t slot; input_id input; set_id set; uint32_t named; param_id param; } wrt;

/* A tensor: `let x[i in S, j in T] = body`. Its index variables are its own. */
typedef struct def {
    name     id;
    span     at, type_at;        /* the left side; the declared type (or `at`)                             */
    ivar_id *param; uint32_t n_param;
    elem     elem;
    node_id  body;               /* LIB_NONE                                                               */
    lib_op   lib; def_id lib_arg; bool lib_flag; span lib_at;
    wrt      wrt;                /* LIB_GRAD JACOBIAN ALONG                                                */
    def_id   along;              /* LIB_ALONG: over the sets of what moves, of its type                    */
    bool     output;             /* a `gives`                                                              */
    bool     nested;             /* body refers to index variables of an enclosing def (never so for outputs) */
    unit     out_unit; double out_scale; bool has_unit;   /* gives: declared unit; base value * out_scale is written */
    bool     pseudo;             /* declared pseudoscalar / pseudovector                                   */
    elem     declared;           /* element type as declared (rank, channels)                              */
    bool     is_point;           /* declared `point`                                                       */
    name     doc;
} def;

typedef struct slot {            /* a structure that the transform takes                                   */
    name     id;                 /* the user's name: s, host, sample                                       */
    name     type;               /* Crystal                                                                */
    span     at;
    uint8_t  axes;               /* bit k: the lattice has periodic axis k; 0 for a molecule               */
    set_id   base;
    input_id position, species;  /* SETIR_NONE when the structure has none                                 */
    name     cell_name;          /* NULL for a molecule                                                    */
} slot;

/* --------------------------------------------------------------------------------------------------------- nodes */

typedef enum node_op {
#define OP(id, ...) OP_##id,
#include "setir.def"
#undef OP
    OP_COUNT_
} node_op;
typedef enum op_group { OPS_OTHER, OPS_UNARY, OPS_BINARY, OPS_VECTOR } op_group;
typedef struct op_row { const char *text; int args; uint32_t imm; op_group group; const char *doc; } op_row;
extern const op_row op_table[OP_COUNT_];

/* which members of node_imm an operation uses: the rest is zero (or SETIR_NONE) in a built node */
enum {
    IMM_VALUE = 1, IMM_POWER = 2 /* value[0] */, IMM_UNIT = 4, IMM_K = 8, IMM_SLOT = 16, IMM_IVAR = 32, IMM_SET = 64,
    IMM_INPUT = 128, IMM_DEF = 256, IMM_PARAM = 512, IMM_REDUCE = 1024, IMM_TABLE = 2048, IMM_CURVE = 4096,
    IMM_NAMED = 8192
};

typedef enum reduction { RED_SUM, RED_MEAN, RED_PROD, RED_MAX, RED_MIN } reduction;

typedef struct node_imm {
    double   value[9];
    unit     unit;               /* CONST, ASCRIBE                                                         */
    int32_t  k;
    uint32_t slot;
    ivar_id  ivar;
    set_id   set;
    input_id input;
    def_id   def;
    param_id param;              /* PARAM                                                                  */
    uint32_t named;              /* NAMED: which                                                           */
    uint32_t curve;              /* an id of program_curve                                                 */
    uint32_t table;              /* an id of program_table                                                 */
    reduction reduce;
    ivar_id *ivars; uint32_t n_ivars;     /* REDUCE, outermost first                                       */
} node_imm;

typedef struct node {
    node_op  op;
    elem     elem;
    uint32_t n_args;
    node_id *arg;
    node_imm imm;
    ivar_id *free; uint32_t n_free;       /* free index variables, sorted; computed by the builder         */
    bool     moves;                       /* depends on positions or cell (through any path)               */
    span     at;                          /* first place that built it                                     */
} node;

/* ----------------------------------------------------------------------------------------------- the claims made */

typedef enum symmetry {
    SYM_PERMUTE, SYM_TRANSLATE,
    SYM_ROTATE, SYM_ROTATE_X, SYM_ROTATE_Y, SYM_ROTATE_Z,
    SYM_REFLECT, SYM_REFLECT_X, SYM_REFLECT_Y, SYM_REFLECT_Z,       /* REFLECT: any mirror, hence all of O(3)      */
    SYM_WRAP, SYM_CELL, SYM_SUPERCELL,
    SYM_COUNT
} symmetry;
extern const char *const symmetry_text[SYM_COUNT];                 /* "permute", ..., "rotate(z)", ...            */

typedef enum claim_kind {
    CLAIM_RESPECTS, CLAIM_BREAKS, CLAIM_ASSUME, CLAIM_SMOOTH, CLAIM_EXTENSIVE, CLAIM_INTENSIVE, CLAIM_SYMMETRIC_BODY
} claim_kind;
typedef struct claim {
    claim_kind kind;
    symmetry   sym;              /* RESPECTS BREAKS ASSUME                                                 */
    def_id     subject;          /* an output (or any def for ASSUME); one claim per output                */
    int        order;            /* SMOOTH: k of Ck, SMOOTH_INFINITE                                       */
    span       at;               /* the word(s) of the claim itself                                        */
    name       because;
} claim;
#define SMOOTH_INFINITE 1000

typedef struct program {
    name      id;                /* transform name                                                         */
    span      at;
    name      doc;
    VEC(name) cites;
    VEC(slot)  slots;
    VEC(set)   sets;
    VEC(ivar)  ivars;
    VEC(input) inputs;
    VEC(parameter) params;
    VEC(node)  nodes;
    VEC(def)   defs;             /* a def refers only to earlier ones                                      */
    VEC(claim) claims;
    VEC(curve) curves;
    VEC(irreps) irreps;          /* id - 1 is the place                                                    */
    VEC(product_table) tables;
    uint32_t  *hash; uint32_t hash_cap;                            /* hash-consing table of the builder   */
    arena     *memory;
} program;

/* ---- building (setir.c). Every function returns the id; equal nodes share one id. `at` is kept from the first. */
program *program_new(arena *a, name id, span at);
program *program_copy(arena *a, const program *from);              /* same ids; grows on its own               */
program *program_with_outputs(arena *a, const program *from, const bool *output);   /* by def; to be read only: shares all else */
set_id   program_set(program *p, set s);
ivar_id  program_ivar(program *p, ivar v);
input_id program_input(program *p, input in);
/* parameter.c */
param_id program_param(program *p, parameter w);
uint64_t parameter_set_size(const program *p, set_id s);           /* elements; 0: a structure's own        */
uint64_t parameter_numbers(const program *p, const parameter *w);  /* 0: too many, or a set of no fixed size  */
uint64_t program_param_numbers(const program *p);                  /* of all                                  */
void     parameter_shape(const program *p, const parameter *w, text *out);          /* of its array in a file: (2, 4)   */
const char *parameter_fault(const program *p, param_id id);        /* NULL: well formed                       */
def_id   program_def(program *p, def d);
bool     lib_is_derivative(lib_op lib);
bool     set_is_concatenated(const program *p, set_id s);         /* elements of all frames in one array       */
set_id   set_counted(const program *p, set_id s);                  /* a rank(S) has as many elements as S       */
bool     def_is_whole(const program *p, const def *d);              /* over no set of a structure              */
int64_t  set_constant(const program *p, set_id s);                 /* elements in each frame, -1: varies        */
uint32_t program_pair_param(const program *p, const def *d, set_id pairs);  /* see LIB_JACOBIAN; NONE: no such */
node_id  program_node(program *p, node_op op, elem e, const node_id *args, uint32_t n_args, const node_imm *imm, span at);
uint32_t program_curve(program *p, curve c);      /* curve.c: equal numbers over equal sets share an id      */
/* height.c: how deep operations nest, through tensors too, and where; of one node from those before it */
enum { SETIR_HEIGHT = 3000 };    /* passes walk programs recursively                                          */
uint32_t program_height(const program *p, node_id *highest);
uint32_t node_height(const program *p, const uint32_t *height, node_id n);
/* species_use.c: does it list all that a species can be? what of that element's sources is not in the list (NONE: all
 * are, or are an atom's element); which elements the atoms of a slot may have, bit z of 128. False: any. */
bool     set_has_all_species(const set *s);
node_id  program_species_misfit(const program *p, node_id species, set_id list);
bool     program_elements(const program *p, uint32_t slot, uint64_t bits[2]);
/* equal ones share an id; `parts` is in normal form, terms are sorted and merged first (irreps.c) */
uint16_t program_irreps(program *p, const irrep *part, uint32_t n);
uint32_t program_table(program *p, elem a, elem b, elem to, const product_term *term, uint32_t n);
elem     elem_irreps(const program *p, uint16_t id);
elem     elem_channels(uint32_t n);
elem     elem_real(uint8_t rank);
elem     elem_bool(void);
elem     elem_species(void);
elem     elem_index(set_id s);
node_id  node_const(program *p, double value, unit u, span at);
node_id  node_ivar(program *p, ivar_id v, span at);
node_id  node_1(program *p, node_op op, elem e, node_id a, span at);
node_id  node_2(program *p, node_op op, elem e, node_id a, node_id b, span at);
node_id  node_3(program *p, node_op op, elem e, node_id a, node_id b, node_id c, span at);
/* the node with index variable `from[k]` replaced by the index node `to[k]` (capture-free: bound variables whose row
 * mentions a replaced one are renewed) */
node_id  program_substitute(program *p, node_id n, const ivar_id *from, const node_id *to, uint32_t count);
bool     program_depends(const program *p, node_id n, ivar_id v);
/* sorted lists of index variables; program_def_free adds those of enclosing tensors that a (nested) tensor mentions */
void     ivar_list_add(arena *a, ivar_list *l, ivar_id v);
void     ivar_list_add_free(program *p, ivar_list *l, node_id n);
bool     ivar_list_has(const ivar_id *list, uint32_t n, ivar_id v);
void     program_def_free(program *p, ivar_list *l, def_id id);

unit     unit_none(void);
unit     unit_mul(unit a, unit b);
unit     unit_div(unit a, unit b);
unit     unit_pow(unit a, rational r);
bool     unit_equal(unit a, unit b);
bool     unit_is_none(unit a);
extern const char *const unit_name[UNIT_COUNT];                    /* "Å", "eV", ...                   */
void     unit_text(unit u, text *out);                             /* "eV/Å^2", "1"                       */
rational rational_new(int64_t num, int64_t den);
rational rational_add(rational a, rational b);
rational rational_mul(rational a, rational b);

bool     program_verify(const program *p, text *problem);          /* verify.c                            */
void     program_dump(const program *p, text *out);                /* setir_text.c, deterministic         */
program *program_read(arena *a, intern *names, const source *src, diag_sink *sink);   /* reads a dump back */

#endif
