/* SPDX-License-Identifier: Apache-2.0
 *
 * loopir.h: the loop IR, explicit loops over plain arrays. lower.c builds it from the set IR; fuse.c and plan.c shape it;
 * emit_c.c prints C99 from it and emit_llvm.c LLVM IR. Scalar values are SSA (each LOOP_LET binds one), mutable cells
 * are explicit (LOOP_VAR), so both emitters are a single walk.
 *
 * A kernel is one function   void kernel(const mtx_view *view, void *const *out, char *scratch, int64_t f0, int64_t f1)
 * that works on the frames f0 <= f < f1 of a batch. It never allocates and has no state.
 */
#ifndef MTX_LOOPIR_H
#define MTX_LOOPIR_H

#include "setir.h"

typedef uint32_t lvalue;         /* an SSA scalar or a mutable cell of the kernel, dense                       */
typedef uint32_t buffer_id;

typedef enum loop_type { LT_F64, LT_I64, LT_I32, LT_BOOL } loop_type;

/* Where a buffer's bytes are. The view fields are those of mtx_view in mtxrt.h. */
typedef enum buffer_kind {
    BUF_SET_PTR,                 /* view->set[set].ptr   int64 [frames + 1]                                    */
    BUF_SET_ROW,                 /* view->set[set].row   int64 [parent elements + 1]                           */
    BUF_SET_I, BUF_SET_J,        /* int32 endpoints (absolute in the batch); DIFFER: host site, sample atom or -1 */
    BUF_SET_REV,                 /* int64                                                                      */
    BUF_SET_X, BUF_SET_Y, BUF_SET_Z, BUF_SET_DIST,   /* PAIRS: displacement, norm; RECIP: k; DIFFER: position    */
    BUF_INPUT,                   /* view->input[input]: f64 (positions [n][3]; int32 for species), rows of the batch */
    BUF_CELL,                    /* view->cell[slot]: f64 [frames][21]: 9 lattice rows, 9 inverse (frac_k = sum_c v_c inv[c][k]), volume, n periodic axes, spare */
    BUF_PARAM,                   /* view->param: f64                                                           */
    BUF_OUT,                     /* out[index]: f64 or int32, may be NULL: see LOOP_IF_WANTED                  */
    BUF_SCRATCH,                 /* scratch + offset; `size` elements, a polynomial of set sizes (plan.c)      */
    BUF_LOCAL,                   /* small array on the stack, `size.constant` elements                         */
    BUF_CONST                    /* read-only table in the program: `data`                                     */
} buffer_kind;

/* How many elements a scratch buffer has: constant * product of the sizes of up to 3 quantities, each the total size of a set in
 * the chunk [f0, f1) or the largest row / frame of it (known from the view: view->set[s].n, .max_row, .max_frame). */
typedef enum extent_kind { EXT_TOTAL, EXT_MAX_ROW, EXT_MAX_FRAME } extent_kind;
typedef struct extent { extent_kind kind; set_id set; } extent;
typedef struct buffer_size { int64_t constant; extent factor[3]; uint32_t n_factor; } buffer_size;

typedef struct buffer {
    buffer_kind kind;
    loop_type   type;
    uint32_t    index;           /* set, input, slot or output number                                          */
    buffer_size size;            /* SCRATCH, LOCAL                                                             */
    const double *data; uint32_t n_data;               /* CONST: int32 and int64 tables are kept as doubles too */
    const char *label;           /* for dumps and C names                                                      */
    uint32_t    slot;            /* SCRATCH: buffers of one slot (> 0) share memory; 0: memory of its own (plan.c) */
} buffer;

/* A SCRATCH or LOCAL buffer lives within the smallest block that holds all its uses, and carries nothing from one run of that
 * block to the next: plan.c gives its bytes to others outside. A scratch buffer over EXT_TOTAL is indexed from 0 at frame f0. */

typedef enum loop_op {
    L_F64, L_I64, L_BOOL,        /* constants                                                                  */
    L_VALUE,                     /* value of an lvalue                                                         */
    L_LOAD,                      /* buffer[arg 0]                                                              */
    /* f64; FMA is a * b + c, fused where the CPU can; MIN is a < b ? a : b, MAX is a > b ? a : b */
              L_ADD, L_SUB, L_MUL, L_DIV, L_NEG, L_FMA, L_SQRT, L_ABS, L_MIN, L_MAX, L_FLOOR,
              L_EXP, L_LOG, L_SIN, L_COS, L_TAN, L_ASIN, L_ACOS, L_ATAN, L_ATAN2, L_SINH, L_COSH, L_TANH,
              L_ERF, L_ERFC, L_POW,
    /* i64 */ L_IADD, L_ISUB, L_IMUL, L_IMIN, L_IMAX,
    /* compare -> bool */ L_LT, L_LE, L_EQ, L_ILT, L_ILE, L_IEQ,
    /* bool */ L_AND, L_OR, L_NOT,
    L_SELECT,                    /* both sides are evaluated: lower.c guards with LOOP_IF where that matters   */
    L_TO_F64,                    /* i64 -> f64                                                                 */
    L_TO_I64,                    /* f64 -> i64 truncates, 0 for NaN and beyond int64 (int32 buffers load as i64) */
    L_EXTENT                     /* i64: lexpr.extent of this call, such as the stride of a scratch table      */
} loop_op;
#define LOOP_OP_COUNT (L_EXTENT + 1)

typedef struct loop_op_row { const char *text; int args; loop_type arg, result; } loop_op_row;   /* SELECT: arg 0 is bool */
extern const loop_op_row loop_op_table[LOOP_OP_COUNT];                                    /* loopir.c */

typedef struct lexpr lexpr;
struct lexpr {
    loop_op  op;
    loop_type type;
    double   f64; int64_t i64;   /* constants                                                                  */
    lvalue   value;              /* L_VALUE                                                                    */
    buffer_id buffer;            /* L_LOAD                                                                     */
    extent   extent;             /* L_EXTENT                                                                   */
    lexpr   *arg[3];
};

/* runtime functions that kernels may call; arguments are buffers with offsets and i64 values (loop_call.args) */
typedef enum loop_callee {
    CALL_SORT,                   /* (f64 *x, n, descending)        in place                                    */
    CALL_EIGVALS,                /* (f64 *a [n][n] row-major, destroyed, n, f64 *w [n], f64 *work [3 n])  ascending */
    CALL_EIGVECS,                /* the same; vectors in the columns of a                                      */
    CALL_ARGSORT,                /* (const f64 *x, n, descending, i64 *order) ties by position                 */
    CALL_NIGGLI                  /* (const f64 *cell9, f64 *out9)                                              */
} loop_callee;
#define LOOP_CALLEE_COUNT (CALL_NIGGLI + 1)
typedef struct loop_callee_row { const char *symbol, *args; } loop_callee_row;   /* args: 'w' f64 written, 'r' f64 read, 'o' i64 written, 'n' i64 */
extern const loop_callee_row loop_callee_table[LOOP_CALLEE_COUNT];                        /* loopir.c */
typedef struct call_arg { bool is_buffer; buffer_id buffer; lexpr *value; } call_arg;   /* buffer: value is the offset */

typedef enum loop_kind { LOOP_LET, LOOP_VAR, LOOP_SET, LOOP_STORE, LOOP_FOR, LOOP_IF, LOOP_CALL, LOOP_IF_WANTED, LOOP_COMMENT } loop_kind;

typedef struct lstmt lstmt;
typedef struct lblock { VEC(lstmt *) stmt; } lblock;
struct lstmt {
    loop_kind kind;
    union {
        struct { lvalue value; lexpr *expr; } let;               /* LET: bind; VAR: declare cell = expr; SET: cell = expr */
        struct { buffer_id buffer; lexpr *index, *expr; bool add; } store;   /* add: +=                        */
        struct {
            lvalue index; lexpr *lo, *hi;                        /* lo <= index < hi, i64                      */
            lblock body;
            bool simd;           /* iterations are independent but for the reductions: vectorise               */
            bool wide;           /* not simd, as it holds loops, but independent like that; nothing is stored */
                                 /* inside those: an emitter may run several iterations at once                */
            lvalue *reduction; uint32_t n_reduction;             /* cells that accumulate by + (reassociable)  */
        } loop;
        struct { lexpr *cond; lblock then, other; } branch;
        struct { loop_callee callee; call_arg arg[6]; uint32_t n; } call;
        struct { uint32_t output; lblock body; } wanted;         /* runs unless out[output] is NULL            */
        const char *comment;
    };
};

/* the first two values of every kernel, bound at entry: the frames f0 <= f < f1 */
#define KERNEL_F0 0u
#define KERNEL_F1 1u

/* what a kernel touches: only that is passed to its loops */
typedef struct kernel_uses { bool *buffer, *output; extent *extent; uint32_t n_extent; } kernel_uses;   /* output: WANTED */

typedef struct kernel {
    const char *name;
    lblock      body;
    VEC(loop_type) values;       /* type of each lvalue                                                        */
    VEC(const char *) value_names;
    VEC(buffer) buffers;
    uint32_t    n_outputs;
    arena      *memory;
    kernel_uses *uses;           /* NULL before kernel_finish                                                  */
} kernel;

/* What a program lowers to: one stage kernel per set whose cutoff is computed (it writes out[0][frame]), then main. */
typedef struct module {
    const program *p;
    VEC(kernel *) stages;        /* in set order; stage_of[set] or SETIR_NONE                                  */
    uint32_t    *stage_of;
    kernel      *main;
} module;

module *lower_program(arena *a, const program *p, diag_sink *sink);                       /* lower.c  */
bool    kernel_verify(const kernel *k, text *problem);                                    /* loopir.c */
void    kernel_dump(const kernel *k, text *out);                                          /* loopir.c, --emit=loops */
const lexpr *reduction_term(const lexpr *e, lvalue cell);    /* t of `cell + t`, `t + cell`, `cell - t`, else NULL */
void    kernel_reductions(kernel *k);       /* loopir.c: guarded `cell = cell + e` of simd loops become plain ones */
void    plan_scratch(kernel *k);                                                          /* plan.c: liveness, shares slots */
void    kernel_finish(kernel *k);           /* plan.c: reductions, slots and uses; the last step before an emitter */
/* Bytes of scratch that a call on frames [f0, f1) of that batch needs; plan.c. SIZE_MAX: more than memory can be. */
struct mtx_view;
size_t  kernel_scratch_bytes(const kernel *k, const struct mtx_view *view, int64_t f0, int64_t f1);

#endif
