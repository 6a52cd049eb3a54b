/* SPDX-License-Identifier: Apache-2.0
 *
 * lower_node.c: the value of a node, made where it belongs. In: a node and the scope that asks. Out: scalar
 * expressions, one per component; what is used more than once is bound. Vectors, tensors and channels are
 * scalars here.
 */
#include "lower.h"

#include <math.h>
#include <string.h>

#define COST_ARM  150.0 /* a side of a choice that costs more is computed only when it is chosen    */
#define COST_MOST 1e12
enum { DEPTH_MOST = SETIR_HEIGHT + 500 }; /* nesting of expressions; rewriting adds little to it */

/* ---- costs --------------------------------------------------------------------------------------------- */

double lower_cost(lowering *x, node_id id)
{
    while (x->cost.n <= id) vec_push(x->a, &x->cost, -1.0);
    if (x->cost.at[id] >= 0) return x->cost.at[id];
    const node *n = &x->p->nodes.at[id];
    double sum = op_cost(x->p, n);
    for (uint32_t k = 0; k < n->n_args; k++) sum += lower_cost(x, n->arg[k]);
    if (n->op == OP_REDUCE) sum = 10 + 10 * sum;
    return x->cost.at[id] = sum < COST_MOST ? sum : COST_MOST;
}

/* ---- elementwise arithmetic ---------------------------------------------------------------------------- */

static lexpr *part(const vals *v, uint32_t c)
{
    return v->at[v->n == 1 ? 0 : c];
}

static vals map1(lowering *x, loop_op op, vals a)
{
    vals v = vals_new(x, a.n);
    for (uint32_t c = 0; c < a.n; c++) v.at[c] = op1(x, op, a.at[c]);
    return v;
}

/* equal components (one expression, see outer) stay equal */
static void bind_all(lowering *x, scope *at, vals *v, const char *words)
{
    lexpr **from = arena_copy(x->a, v->at, v->n * sizeof *v->at);
    for (uint32_t c = 0; c < v->n; c++) {
        uint32_t same = 0;
        while (from[same] != from[c]) same++;
        v->at[c] = same < c ? v->at[same] : let(x, at, words, v->at[c]);
    }
}

/* a scalar that meets several components is computed once */
static vals map2(lowering *x, scope *at, loop_op op, vals a, vals b)
{
    vals v = vals_new(x, a.n > b.n ? a.n : b.n);
    if (a.n < v.n) bind_all(x, at, &a, NULL);
    if (b.n < v.n) bind_all(x, at, &b, NULL);
    for (uint32_t c = 0; c < v.n; c++) v.at[c] = op2(x, op, part(&a, c), part(&b, c));
    return v;
}

static vals single(lowering *x, lexpr *e)
{
    vals v = vals_new(x, 1);
    v.at[0] = e;
    return v;
}

/* asin, acos: rounding just outside their range is forgiven */
static vals clamp_unit(lowering *x, scope *at, vals a)
{
    vals v = vals_new(x, a.n);
    for (uint32_t c = 0; c < a.n; c++) {
        lexpr *y = let(x, at, NULL, a.at[c]);
        lexpr *near = op2(x, L_LT, op1(x, L_ABS, y), f64(x, 1 + 1e-9));
        lexpr *inside = op2(x, L_MAX, op2(x, L_MIN, y, f64(x, 1)), f64(x, -1));
        v.at[c] = choose(x, near, inside, y);
    }
    return v;
}

/* Vector libraries leave arguments whose exponential underflows to slow scalar code: such are 0 here. */
static vals exponential(lowering *x, scope *at, vals a)
{
    const double least = -708; /* exp of it is the smallest normal number or so */
    vals v = vals_new(x, a.n);
    for (uint32_t c = 0; c < a.n; c++) {
        lexpr *y = let(x, at, NULL, a.at[c]);
        lexpr *e = op1(x, L_EXP, op2(x, L_MAX, f64(x, least), y)); /* in this order a NaN stays */
        v.at[c] = choose(x, op2(x, L_LT, y, f64(x, least)), f64(x, 0), e);
    }
    return v;
}

static vals sign_of(lowering *x, scope *at, vals a)
{
    vals v = vals_new(x, a.n);
    for (uint32_t c = 0; c < a.n; c++) {
        lexpr *y = let(x, at, NULL, a.at[c]);
        lexpr *low = choose(x, op2(x, L_LT, y, f64(x, 0)), f64(x, -1), op2(x, L_MUL, y, f64(x, 0)));
        v.at[c] = choose(x, op2(x, L_LT, f64(x, 0), y), f64(x, 1), low);
    }
    return v;
}

static lexpr *power_by_squaring(lowering *x, scope *at, lexpr *base, int n)
{
    lexpr *result = NULL, *square = let(x, at, NULL, base);
    for (; n; n >>= 1) {
        if (n & 1) result = result ? let(x, at, NULL, op2(x, L_MUL, result, square)) : square;
        if (n > 1) square = let(x, at, NULL, op2(x, L_MUL, square, square));
    }
    return result ? result : f64(x, 1);
}

/* (1 - x)^n sum_{k < n} C(n-1+k, k) x^k below 1, else 0; the sum by Horner's rule */
static vals envelope(lowering *x, scope *at, const node *n, vals a)
{
    int order = n->imm.k;
    lexpr *y = let(x, at, NULL, a.at[0]);
    double *c = arena_array(x->a, double, order + 1);
    c[0] = 1;
    for (int k = 1; k < order; k++) c[k] = c[k - 1] * (order - 1 + k) / k;
    lexpr *sum = f64(x, order ? c[order - 1] : 0);
    for (int k = order - 2; k >= 0; k--) sum = op2(x, L_ADD, f64(x, c[k]), op2(x, L_MUL, y, sum));
    lexpr *power = power_by_squaring(x, at, op2(x, L_SUB, f64(x, 1), y), order);
    return single(x, choose(x, op2(x, L_LT, y, f64(x, 1)), op2(x, L_MUL, power, sum), f64(x, 0)));
}

static vals lower_pow(lowering *x, scope *at, const node *n, vals a)
{
    double power = n->imm.value[0];
    if (power == 0.5) return map1(x, L_SQRT, a);
    return map2(x, at, L_POW, a, single(x, f64(x, power)));
}

/* ---- division: one reciprocal for a divisor that stands still or serves several ------------------------ */

static bool divides_twice(const lowering *x, node_id divisor)
{
    return divisor < x->n_first && x->divisions[divisor] > 1;
}

static vals lower_div(lowering *x, scope *at, const node *n, node_id id)
{
    const node *top = &x->p->nodes.at[n->arg[0]];
    bool inverse = top->op == OP_CONST && top->imm.value[0] == 1;
    bool exact = id < x->n_first && x->exact[id];
    bool scalar = elem_components(x->p->nodes.at[n->arg[1]].elem) == 1;
    bool still = scalar && home_of(x, at, n->arg[1])->depth < home_of(x, at, id)->depth;
    vals a = lower_node(x, at, n->arg[0]);
    if (inverse || exact || !scalar || (!still && !divides_twice(x, n->arg[1]))) {
        vals b = lower_node(x, at, n->arg[1]);
        return map2(x, at, L_DIV, a, b);
    }
    node_id unity = node_const(x->p, 1, unit_none(), n->at);
    node_id reciprocal = node_2(x->p, OP_DIV, elem_real(0), unity, n->arg[1], n->at);
    return map2(x, at, L_MUL, lower_node(x, at, reciprocal), a);
}

/* ---- vectors and tensors ------------------------------------------------------------------------------- */

static lexpr *dot(lowering *x, const vals *a, const vals *b)
{
    lexpr *sum = NULL;
    for (uint32_t c = 0; c < a->n; c++) {
        lexpr *term = op2(x, L_MUL, a->at[c], b->at[c]);
        sum = sum ? op2(x, L_ADD, sum, term) : term;
    }
    return sum;
}

static lexpr *minor(lowering *x, lexpr *a, lexpr *d, lexpr *b, lexpr *c)
{
    return op2(x, L_SUB, op2(x, L_MUL, a, d), op2(x, L_MUL, b, c));
}

static vals cross(lowering *x, vals a, vals b)
{
    vals v = vals_new(x, 3);
    for (int c = 0; c < 3; c++) {
        int p = (c + 1) % 3, q = (c + 2) % 3;
        v.at[c] = minor(x, a.at[p], b.at[q], a.at[q], b.at[p]);
    }
    return v;
}

/* a is [rows][3], b is [3][columns] */
static vals product(lowering *x, vals a, vals b, uint32_t columns)
{
    vals v = vals_new(x, a.n / 3 * columns);
    for (uint32_t i = 0; i < a.n / 3; i++)
        for (uint32_t j = 0; j < columns; j++) {
            lexpr *sum = op2(x, L_MUL, a.at[3 * i], b.at[j]);
            for (uint32_t k = 1; k < 3; k++)
                sum = op2(x, L_ADD, sum, op2(x, L_MUL, a.at[3 * i + k], b.at[k * columns + j]));
            v.at[i * columns + j] = sum;
        }
    return v;
}

static lexpr *determinant(lowering *x, const vals *t)
{
    vals row0 = {3, t->at}, row1 = {3, t->at + 3}, row2 = {3, t->at + 6};
    vals normal = cross(x, row1, row2);
    return dot(x, &row0, &normal);
}

static vals transpose(lowering *x, vals t)
{
    vals v = vals_new(x, 9);
    for (uint32_t c = 0; c < 9; c++) v.at[c] = t.at[c % 3 * 3 + c / 3];
    return v;
}

static vals lower_norm(lowering *x, scope *at, const node *n)
{
    const node *a = &x->p->nodes.at[n->arg[0]];
    if (a->op == OP_PAIR_D) {
        set_id s = x->p->nodes.at[a->arg[0]].elem.set;
        return single(x, lx_load(x->k, view_buffer(x, BUF_SET_DIST, s), lower_index(x, at, a->arg[0])));
    }
    vals v = lower_node(x, at, n->arg[0]);
    bind_all(x, at, &v, NULL);
    return single(x, op1(x, L_SQRT, dot(x, &v, &v)));
}

/* a b^T; symmetric when a is a number times b: then three of the products are there already */
static vals outer(lowering *x, const node *n, vals a, vals b)
{
    const node *u = &x->p->nodes.at[n->arg[0]];
    bool symmetric = n->arg[0] == n->arg[1] || (u->op == OP_MUL && u->arg[1] == n->arg[1]);
    vals v = vals_new(x, 9);
    for (uint32_t c = 0; c < 9; c++) {
        uint32_t i = c / 3, j = c % 3;
        v.at[c] = symmetric && j < i ? v.at[3 * j + i] : op2(x, L_MUL, a.at[i], b.at[j]);
    }
    return v;
}

static vals lower_tensor(lowering *x, scope *at, const node *n)
{
    vals a = n->n_args ? lower_node(x, at, n->arg[0]) : vals_new(x, 9);
    vals b = n->n_args > 1 ? lower_node(x, at, n->arg[1]) : a;
    bool reused =
        n->op == OP_CROSS || n->op == OP_OUTER || n->op == OP_MATVEC || n->op == OP_MATMUL || n->op == OP_DET;
    if (reused || (n->op == OP_DOT && n->arg[0] == n->arg[1])) {
        bind_all(x, at, &a, NULL);
        b = n->n_args > 1 && n->arg[1] != n->arg[0] ? b : a;
        bind_all(x, at, &b, NULL);
    }
    switch ((int)n->op) {
    case OP_DOT: return single(x, dot(x, &a, &b));
    case OP_CROSS: return cross(x, a, b);
    case OP_MATVEC: return product(x, a, b, 1);
    case OP_MATMUL: return product(x, a, b, 3);
    case OP_TRANSPOSE: return transpose(x, a);
    case OP_TRACE: return single(x, op2(x, L_ADD, op2(x, L_ADD, a.at[0], a.at[4]), a.at[8]));
    case OP_DET: return single(x, determinant(x, &a));
    case OP_OUTER: return outer(x, n, a, b);
    default: break; /* IDENTITY */
    }
    for (uint32_t c = 0; c < 9; c++) a.at[c] = f64(x, c % 4 == 0);
    return a;
}

static vals lower_parts(lowering *x, scope *at, const node *n)
{
    if (n->op == OP_COMP || n->op == OP_CHANNEL_GET) {
        vals a = lower_node(x, at, n->arg[0]);
        return single(x, a.at[(uint32_t)n->imm.k < a.n ? (uint32_t)n->imm.k : 0]);
    }
    vals v = vals_new(x, elem_components(n->elem));
    uint32_t m = 0;
    for (uint32_t k = 0; k < n->n_args; k++) {
        vals a = lower_node(x, at, n->arg[k]);
        for (uint32_t c = 0; c < a.n && m < v.n; c++) v.at[m++] = a.at[c];
    }
    return v;
}

/* ---- choices ------------------------------------------------------------------------------------------- */

/* does the value need a loop that cannot be put before the loops that are open? */
static bool needs_loop(lowering *x, scope *cur, const scope *home, node_id id)
{
    const node *n = &x->p->nodes.at[id];
    if (home_of(x, cur, id)->depth < home->depth) return false;
    if (n->op == OP_REDUCE && reduce_is_outside(x, cur, id)) return false;
    if (n->op == OP_REDUCE || n->op == OP_NEAREST) return true;
    for (uint32_t k = 0; k < n->n_args; k++)
        if (needs_loop(x, cur, home, n->arg[k])) return true;
    return false;
}

/* `usual`: the arm is nearly always the chosen one, so that its cost is no reason to branch and lose
 * vector loops */
static bool is_heavy(lowering *x, scope *at, node_id arm, bool usual)
{
    scope *home = home_of(x, at, arm);
    return scope_within(at, home) &&
           ((!usual && cost_left(x, at, home, arm, COST_ARM) > COST_ARM) || needs_loop(x, at, home, arm));
}

static void lower_arm(lowering *x, scope *at, lstmt *branch, lblock *block, node_id arm, const lvalue *cell,
                      uint32_t n)
{
    scope *s = scope_open(x, at, SCOPE_IF, block, branch);
    vals v = lower_node(x, s, arm);
    for (uint32_t c = 0; c < n; c++) lb_set(x->k, block, cell[c], part(&v, c));
}

static lexpr *zero_of(lowering *x, elem e)
{
    return e.kind == ELEM_REAL ? f64(x, 0) : e.kind == ELEM_BOOL ? lx_bool(x->k, false) : ix(x, 0);
}

static vals lower_branch(lowering *x, scope *at, const node *n, lexpr *condition)
{
    uint32_t parts = elem_components(n->elem);
    lvalue *cell = arena_array(x->a, lvalue, parts);
    vals out = vals_new(x, parts);
    for (uint32_t c = 0; c < parts; c++) cell[c] = lb_var(x->k, at->block, "chosen", zero_of(x, n->elem));
    lblock detached = {0};
    lstmt *branch = lb_if(x->k, &detached, condition);
    lower_arm(x, at, branch, &branch->branch.then, n->arg[1], cell, parts);
    lower_arm(x, at, branch, &branch->branch.other, n->arg[2], cell, parts);
    vec_push(x->a, &at->block->stmt, branch);
    for (uint32_t c = 0; c < parts; c++) out.at[c] = lx_value(x->k, cell[c]);
    return out;
}

static vals lower_select(lowering *x, scope *at, const node *n)
{
    lexpr *condition = let(x, at, NULL, lower_scalar(x, at, n->arg[0]));
    const node *test = &x->p->nodes.at[n->arg[0]];
    bool seldom = test->op == OP_INDEX_EQ; /* i == j among many */
    if (is_heavy(x, at, n->arg[1], false) || is_heavy(x, at, n->arg[2], seldom))
        return lower_branch(x, at, n, condition);
    vals a = lower_node(x, at, n->arg[1]), b = lower_node(x, at, n->arg[2]),
         v = vals_new(x, a.n > b.n ? a.n : b.n);
    for (uint32_t c = 0; c < v.n; c++) v.at[c] = choose(x, condition, part(&a, c), part(&b, c));
    return v;
}

/* ---- data ---------------------------------------------------------------------------------------------- */

static vals lower_input(lowering *x, scope *at, const node *n)
{
    const input *in = &x->p->inputs.at[n->imm.input];
    lexpr *index[MAX_DIMS];
    if (n->n_args > MAX_DIMS || domain_varying(x->p, in->domain, n->n_args) > 1) {
        lower_fail(x, n->at, "data over so many sets");
        return single(x, f64(x, 0));
    }
    for (uint32_t k = 0; k < n->n_args; k++) index[k] = lower_index(x, at, n->arg[k]);
    lexpr *row = domain_row(x, in->domain, n->n_args, index, NULL);
    uint32_t parts = elem_components(n->elem);
    if (parts > 1) row = let(x, at, NULL, row);
    buffer_id b = view_buffer(x, BUF_INPUT, n->imm.input);
    vals v = vals_new(x, parts);
    for (uint32_t c = 0; c < parts; c++)
        v.at[c] = lx_load(x->k, b, ix_add(x, ix_mul(x, row, ix(x, parts)), ix(x, c)));
    if (n->elem.kind == ELEM_BOOL) v.at[0] = op1(x, L_NOT, op2(x, L_EQ, v.at[0], f64(x, 0)));
    return v;
}

/* the sample's value at a spot: the atom there, or the other value where there is none */
static vals lower_lookup(lowering *x, scope *at, const node *n)
{
    set_id s = x->p->nodes.at[n->arg[0]].elem.set;
    lexpr *atom =
        let(x, at, "atom", lx_load(x->k, view_buffer(x, BUF_SET_J, s), lower_index(x, at, n->arg[0])));
    lexpr *there = let(x, at, "there", op2(x, L_ILE, ix(x, 0), atom));
    lexpr *row = let(x, at, NULL, op2(x, L_IMAX, atom, ix(x, 0)));
    buffer_id b = view_buffer(x, BUF_INPUT, n->imm.input);
    uint32_t parts = elem_components(n->elem);
    vals other = lower_node(x, at, n->arg[1]), v = vals_new(x, parts);
    for (uint32_t c = 0; c < parts; c++) {
        lexpr *value = lx_load(x->k, b, ix_add(x, ix_mul(x, row, ix(x, parts)), ix(x, c)));
        if (n->elem.kind == ELEM_BOOL) value = op1(x, L_NOT, op2(x, L_EQ, value, f64(x, 0)));
        v.at[c] = choose(x, there, value, part(&other, c));
    }
    return v;
}

static vals lower_const(lowering *x, const node *n)
{
    if (n->op == OP_BOOL_CONST) return single(x, lx_bool(x->k, n->imm.k != 0));
    if (n->op == OP_SPECIES_CONST) return single(x, ix(x, n->imm.k));
    vals v = vals_new(x, elem_components(n->elem));
    for (uint32_t c = 0; c < v.n; c++) v.at[c] = f64(x, c < 9 ? n->imm.value[c] : 0);
    return v;
}

/* ---- operations ---------------------------------------------------------------------------------------- */

static loop_op function_of(node_op op)
{
    switch ((int)op) {
    case OP_EXP: return L_EXP;
    case OP_LOG: return L_LOG;
    case OP_SIN: return L_SIN;
    case OP_COS: return L_COS;
    case OP_TAN: return L_TAN;
    case OP_ASIN: return L_ASIN;
    case OP_ACOS: return L_ACOS;
    case OP_ATAN: return L_ATAN;
    case OP_ATAN2: return L_ATAN2;
    case OP_SINH: return L_SINH;
    case OP_COSH: return L_COSH;
    case OP_TANH: return L_TANH;
    case OP_ERF: return L_ERF;
    case OP_ERFC: return L_ERFC;
    case OP_ABS: return L_ABS;
    case OP_FLOOR: return L_FLOOR;
    case OP_NEG: return L_NEG;
    case OP_ADD: return L_ADD;
    case OP_SUB: return L_SUB;
    case OP_MUL: return L_MUL;
    case OP_POWV: return L_POW;
    case OP_MIN2: return L_MIN;
    case OP_MAX2: return L_MAX;
    case OP_LT: return L_LT;
    case OP_LE: return L_LE;
    case OP_EQ: return L_EQ;
    case OP_SPECIES_EQ: return L_IEQ;
    case OP_AND: return L_AND;
    case OP_OR: return L_OR;
    case OP_NOT: return L_NOT;
    case OP_PROTONS: return L_TO_F64;
    default: return L_VALUE; /* none */
    }
}

static vals lower_special(lowering *x, scope *at, const node *n, node_id id)
{
    switch ((int)n->op) {
    case OP_CONST:
    case OP_BOOL_CONST:
    case OP_SPECIES_CONST: return lower_const(x, n);
    case OP_INPUT: return lower_input(x, at, n);
    case OP_LOOKUP: return lower_lookup(x, at, n);
    case OP_TABLE:
    case OP_SPLINE: return lower_curve(x, at, n);
    case OP_SPECIES_INDEX: return lower_species_index(x, at, n);
    case OP_ACCESS: return lower_access(x, at, n);
    case OP_PADGET: return lower_padget(x, at, n);
    case OP_DIV: return lower_div(x, at, n, id);
    case OP_POW: return lower_pow(x, at, n, lower_node(x, at, n->arg[0]));
    case OP_SIGN: return sign_of(x, at, lower_node(x, at, n->arg[0]));
    case OP_CUTOFF: return envelope(x, at, n, lower_node(x, at, n->arg[0]));
    case OP_NORM: return lower_norm(x, at, n);
    case OP_DOT:
    case OP_CROSS:
    case OP_OUTER:
    case OP_MATVEC:
    case OP_MATMUL:
    case OP_TRANSPOSE:
    case OP_TRACE:
    case OP_DET:
    case OP_IDENTITY: return lower_tensor(x, at, n);
    case OP_COMP:
    case OP_VEC3:
    case OP_CHANNEL_CAT:
    case OP_CHANNEL_GET: return lower_parts(x, at, n);
    case OP_CHANNEL_AT: return lower_channel_at(x, at, n);
    case OP_CHANNEL_PUT: return lower_channel_put(x, at, n);
    case OP_SOLID: return lower_solid(x, at, n);
    case OP_LINEAR:
    case OP_BILINEAR: return lower_product_table(x, at, n);
    case OP_SELECT: return lower_select(x, at, n);
    case OP_REDUCE: return lower_reduce(x, at, id);
    case OP_ASCRIBE: return lower_node(x, at, n->arg[0]);
    case OP_PARAM: return lower_param(x, at, n);
    case OP_ELEMENT_DATA: /* element data is always a table, see lower_table.c */
        lower_fail(x, n->at, "this use of element data");
        return single(x, f64(x, 0));
    default: return lower_geometry(x, at, n);
    }
}

static vals lower_op(lowering *x, scope *at, const node *n, node_id id)
{
    loop_op op = function_of(n->op);
    if (op == L_VALUE) return lower_special(x, at, n, id);
    vals a = lower_node(x, at, n->arg[0]);
    if (n->op == OP_EXP) return exponential(x, at, a);
    if (n->op == OP_ASIN || n->op == OP_ACOS) a = clamp_unit(x, at, a);
    if (n->n_args == 1) return map1(x, op, a);
    vals b = lower_node(x, at, n->arg[1]);
    bool swapped =
        n->op == OP_MIN2 || n->op == OP_MAX2; /* of equal numbers (0 and -0) the first, as eval_binary */
    return swapped ? map2(x, at, op, b, a) : map2(x, at, op, a, b);
}

/* what is used again, or outside the scope that asked, gets a name */
static void keep_value(lowering *x, scope *cur, scope *at, node_id id, vals *v)
{
    bool once = id < x->n_first && x->uses[id] <= 1 && cur == at && !x->written_out;
    if (!once) bind_all(x, at, v, NULL);
}

vals lower_node(lowering *x, scope *cur, node_id id)
{
    scope *home = home_of(x, cur, id);
    vals *ready = known_find(x, id, home, cur);
    if (ready) return *ready;
    node n = x->p->nodes.at[id]; /* a copy: nodes may be added below */
    if (x->failed || x->depth > DEPTH_MOST) {
        lower_fail(x, n.at, "so deep an expression");
        vals v = vals_new(x, elem_components(n.elem));
        for (uint32_t c = 0; c < v.n; c++) v.at[c] = zero_of(x, n.elem);
        return v;
    }
    x->depth++;
    scope *at = place_of(x, cur, home, is_shared(x, id));
    vals v;
    bool made = n.op == OP_REDUCE && sweep_read(x, at, id, &v);
    if (!made && !lower_by_table(x, cur, at, home, id, &v) && !lower_by_constants(x, at, id, &v))
        v = lower_op(x, at, &n, id);
    keep_value(x, cur, at, id, &v);
    known_put(x, id, at, v);
    x->depth--;
    return v;
}

lexpr *lower_scalar(lowering *x, scope *cur, node_id n)
{
    return lower_node(x, cur, n).at[0];
}
