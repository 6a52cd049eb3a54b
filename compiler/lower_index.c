/* SPDX-License-Identifier: Apache-2.0
 *
 * lower_index.c: indices, sizes and geometry. In: index and geometry nodes. Out: loads from the view of a
 * batch.
 *
 * Elements of sites, pairs, spots and reciprocal vectors are numbered through all frames (as the view's
 * arrays are); those of ranges, axes, species and ranks from 0 in each frame.
 */
#include "lower.h"

#include <string.h>

enum { CELL_ROW = 21, CELL_INVERSE = 9, CELL_VOLUME = 18 }; /* of a slot in the view, see mtxrt.h  */

/* ---- the view's arrays --------------------------------------------------------------------------------- */

static loop_type view_type(const lowering *x, buffer_kind kind, uint32_t index)
{
    switch (kind) {
    case BUF_SET_PTR:
    case BUF_SET_ROW:
    case BUF_SET_REV: return LT_I64;
    case BUF_SET_I:
    case BUF_SET_J: return LT_I32;
    case BUF_INPUT: return x->p->inputs.at[index].elem.kind == ELEM_SPECIES ? LT_I32 : LT_F64;
    case BUF_OUT: return LT_F64;
    case BUF_SET_X:
    case BUF_SET_Y:
    case BUF_SET_Z:
    case BUF_SET_DIST:
    case BUF_CELL:
    case BUF_PARAM:
    case BUF_SCRATCH:
    case BUF_LOCAL:
    case BUF_CONST: return LT_F64;
    }
    return LT_F64;
}

static const char *view_label(const lowering *x, buffer_kind kind, uint32_t index)
{
    static const char *const part[] = {[BUF_SET_PTR] = "ptr", [BUF_SET_ROW] = "row", [BUF_SET_I] = "i",
                                       [BUF_SET_J] = "j",     [BUF_SET_REV] = "rev", [BUF_SET_X] = "x",
                                       [BUF_SET_Y] = "y",     [BUF_SET_Z] = "z",     [BUF_SET_DIST] = "dist"};
    if (kind == BUF_INPUT) return x->p->inputs.at[index].id;
    if (kind == BUF_CELL) return "cell";
    if (kind == BUF_PARAM) return "param";
    name id = x->p->sets.at[index].id;
    return arena_printf(x->a, "%s_%s", id ? id : "set", part[kind]);
}

buffer_id view_buffer(lowering *x, buffer_kind kind, uint32_t index)
{
    buffer_id *made = &x->view_buffer[(uint32_t)kind * x->n_index + index];
    if (*made == SETIR_NONE)
        *made = kernel_view_buffer(x->k, kind, view_type(x, kind, index), index, view_label(x, kind, index));
    return *made;
}

static lexpr *view_load(lowering *x, buffer_kind kind, uint32_t index, lexpr *at)
{
    return lx_load(x->k, view_buffer(x, kind, index), at);
}

/* ---- sizes --------------------------------------------------------------------------------------------- */

lexpr *set_base(lowering *x, set_id s)
{
    if (!set_is_concatenated(x->p, s)) return ix(x, 0);
    lexpr **e = cache_slot(x, x->frame, CACHE_BASE, s, 0);
    if (!*e) *e = let(x, x->frame, "first", view_load(x, BUF_SET_PTR, s, x->f));
    return *e;
}

static lexpr *set_end(lowering *x, set_id s)
{
    lexpr **e = cache_slot(x, x->frame, CACHE_BASE, s, 1);
    if (!*e) *e = let(x, x->frame, "end", view_load(x, BUF_SET_PTR, s, ix_add(x, x->f, ix(x, 1))));
    return *e;
}

lexpr *set_count(lowering *x, set_id s)
{
    int64_t constant = set_constant(x->p, s);
    if (constant >= 0) return ix(x, constant);
    if (x->p->sets.at[s].kind == SET_RANK) return set_count(x, x->p->sets.at[s].parent);
    lexpr **e = cache_slot(x, x->frame, CACHE_COUNT, s, 0);
    if (!*e) *e = let(x, x->frame, "n", ix_sub(x, set_end(x, s), set_base(x, s)));
    return *e;
}

void row_range(lowering *x, scope *cur, set_id s, node_id row, lexpr **lo, lexpr **hi)
{
    if (row == SETIR_NONE) {
        *lo = set_base(x, s);
        *hi = set_is_concatenated(x->p, s) ? set_end(x, s) : set_count(x, s);
        return;
    }
    scope *home = home_of(x, cur, row);
    scope *at = place_of(x, cur, home, true);
    lexpr **first = cache_slot(x, at, CACHE_ROW_LO, s, row), **end = cache_slot(x, at, CACHE_ROW_HI, s, row);
    if (!*first) {
        lexpr *i = let(x, at, "i", lower_index(x, at, row));
        *first = let(x, at, "lo", view_load(x, BUF_SET_ROW, s, i));
        *end = let(x, at, "hi", view_load(x, BUF_SET_ROW, s, ix_add(x, i, ix(x, 1))));
    }
    *lo = *first;
    *hi = *end;
}

lexpr *in_frame(lowering *x, set_id s, lexpr *index)
{
    return set_is_concatenated(x->p, s) ? ix_sub(x, index, set_base(x, s)) : index;
}

/* multiplies a buffer's size by the elements of a set, in the longest row or the largest frame of the
 * batch */
bool add_extent(const program *p, buffer_size *size, set_id s, bool row)
{
    int64_t constant = set_constant(p, s);
    if (constant >= 0) {
        size->constant *= constant > 0 ? constant : 1;
        return true;
    }
    if (size->n_factor == 3) return false;
    while (p->sets.at[s].kind == SET_RANK) s = p->sets.at[s].parent;
    size->factor[size->n_factor++] = (extent){row ? EXT_MAX_ROW : EXT_MAX_FRAME, s};
    return true;
}

/* ---- rows of inputs and outputs ---------------------------------------------------------------------------
 * Values over a domain are dense in each frame, row-major, frames one after the other. With at most one
 * factor whose
 * size varies the first row of a frame follows from `ptr`; otherwise the caller has it in `start`. */

uint32_t domain_varying(const program *p, const set_id *domain, uint32_t n)
{
    uint32_t varying = 0;
    for (uint32_t k = 0; k < n; k++) varying += set_constant(p, domain[k]) < 0;
    return varying;
}

static set_id concatenated_under(const program *p, set_id s)
{
    while (p->sets.at[s].kind == SET_RANK && p->sets.at[s].parent != SETIR_NONE) s = p->sets.at[s].parent;
    return s;
}

static lexpr *domain_start(lowering *x, const set_id *domain, uint32_t n)
{
    lexpr *start = NULL;
    int64_t constant = 1;
    for (uint32_t k = 0; k < n; k++) {
        int64_t count = set_constant(x->p, domain[k]);
        if (count >= 0)
            constant *= count;
        else
            start = set_base(x, concatenated_under(x->p, domain[k]));
    }
    return ix_mul(x, start ? start : x->f, ix(x, constant));
}

lexpr *domain_row(lowering *x, const set_id *domain, uint32_t n, lexpr *const *index, lexpr *start)
{
    uint32_t varying = domain_varying(x->p, domain, n);
    lexpr *row = ix(x, 0);
    bool whole =
        !start && varying == 1 && set_constant(x->p, domain[0]) < 0; /* numbered through all frames */
    for (uint32_t k = 0; k < n; k++) {
        lexpr *number = whole && k == 0 ? index[0] : in_frame(x, domain[k], index[k]);
        if (whole && k == 0 && !set_is_concatenated(x->p, domain[0]))
            number = ix_add(x, set_base(x, concatenated_under(x->p, domain[0])), number);
        row = ix_add(x, ix_mul(x, row, k ? set_count(x, domain[k]) : ix(x, 1)), number);
    }
    if (whole) return row;
    return ix_add(x, start ? start : domain_start(x, domain, n), row);
}

/* ---- indices ------------------------------------------------------------------------------------------- */

/* an element by number; one that a frame has not is kept inside the arrays (its value is never chosen) */
static lexpr *index_const(lowering *x, const node *n)
{
    set_id s = n->imm.set;
    if (set_constant(x->p, s) >= 0) return ix(x, n->imm.k);
    lexpr *count = set_count(x, s);
    lexpr *last = op2(x, L_IMAX, ix_sub(x, count, ix(x, 1)), ix(x, 0));
    return ix_add(x, set_base(x, s), op2(x, L_IMIN, ix(x, n->imm.k), last));
}

lexpr *lower_index(lowering *x, scope *at, node_id id)
{
    return lower_scalar(x, at, id);
}

static lexpr *lower_ivar(lowering *x, scope *at, const node *n)
{
    lexpr *value = NULL;
    if (!scope_of_ivar(at, n->imm.ivar, &value)) {
        lower_fail(x, n->at, "this use of an index variable");
        value = ix(x, 0);
    }
    return value;
}

static vals one(lowering *x, lexpr *e)
{
    vals v = vals_new(x, 1);
    v.at[0] = e;
    return v;
}

static vals vector_load(lowering *x, set_id s, lexpr *i)
{
    vals v = vals_new(x, 3);
    for (uint32_t c = 0; c < 3; c++) v.at[c] = view_load(x, (buffer_kind)(BUF_SET_X + c), s, i);
    return v;
}

/* ---- the cell ------------------------------------------------------------------------------------------ */

static lexpr *cell_load(lowering *x, uint32_t of, lexpr *offset)
{
    lexpr *row = ix_add(x, ix_mul(x, x->f, ix(x, CELL_ROW)), offset);
    return view_load(x, BUF_CELL, of, row);
}

/* which of x, y, z of the lattice an axis element is: the periodic ones in order */
static lexpr *axis_number(lowering *x, uint32_t of, lexpr *axis)
{
    uint8_t mask = x->p->slots.at[of].axes;
    double which[3] = {0};
    uint32_t n = 0;
    for (int k = 0; k < 3; k++)
        if (mask & (1u << k)) which[n++] = k;
    if (n == 3 || n == 0) return axis;
    if (axis->op == L_I64)
        return ix(x, axis->i64 >= 0 && axis->i64 < (int64_t)n ? (int64_t)which[axis->i64] : 0);
    bool leading = true; /* xy, x: the first ones */
    for (uint32_t k = 0; k < n; k++) leading &= which[k] == k;
    if (leading) return axis;
    buffer b = {.kind = BUF_CONST, .type = LT_I64, .n_data = 3, .label = "axis"};
    b.data = arena_copy(x->a, which, sizeof which);
    return lx_load(x->k, kernel_buffer(x->k, b), axis);
}

static vals lower_cell_vec(lowering *x, scope *at, const node *n)
{
    lexpr *axis = axis_number(x, n->imm.slot, lower_index(x, at, n->arg[0]));
    vals v = vals_new(x, 3);
    for (uint32_t c = 0; c < 3; c++)
        v.at[c] = cell_load(x, n->imm.slot, ix_add(x, ix_mul(x, axis, ix(x, 3)), ix(x, c)));
    return v;
}

static vals lower_niggli_vec(lowering *x, scope *at, const node *n)
{
    lexpr **reduced = cache_slot(x, x->frame, CACHE_NIGGLI, n->imm.slot, 0);
    if (!*reduced) {
        buffer_id b = kernel_local(x->k, LT_F64, 9, "niggli");
        call_arg args[2] = {
            lb_buffer_arg(view_buffer(x, BUF_CELL, n->imm.slot), ix_mul(x, x->f, ix(x, CELL_ROW))),
            lb_buffer_arg(b, ix(x, 0))};
        lb_call(x->k, x->frame->block, CALL_NIGGLI, args, 2);
        *reduced = ix(x, b); /* remembers the buffer */
    }
    buffer_id b = (buffer_id)(*reduced)->i64;
    lexpr *axis = axis_number(x, n->imm.slot, lower_index(x, at, n->arg[0]));
    vals v = vals_new(x, 3);
    for (uint32_t c = 0; c < 3; c++)
        v.at[c] = lx_load(x->k, b, ix_add(x, ix_mul(x, axis, ix(x, 3)), ix(x, c)));
    return v;
}

static lexpr *dot3(lowering *x, lexpr *const *a, lexpr *const *b)
{
    lexpr *sum = op2(x, L_MUL, a[0], b[0]);
    for (int c = 1; c < 3; c++) sum = op2(x, L_ADD, sum, op2(x, L_MUL, a[c], b[c]));
    return sum;
}

static void inverse_column(lowering *x, uint32_t of, lexpr *axis, lexpr **column)
{
    for (int c = 0; c < 3; c++) column[c] = cell_load(x, of, ix_add(x, ix(x, CELL_INVERSE + 3 * c), axis));
}

static vals lower_frac(lowering *x, scope *at, const node *n)
{
    vals v = lower_node(x, at, n->arg[0]);
    lexpr *axis = axis_number(x, n->imm.slot, lower_index(x, at, n->arg[1])), *column[3];
    inverse_column(x, n->imm.slot, axis, column);
    return one(x, dot3(x, v.at, column));
}

/* ---- the nearest image ------------------------------------------------------------------------------------
 * Rounding in fractions gives an image u; any shorter one differs by s lattice vectors with |g_k + s_k| <=
 * |u| |b_k|,
 * g the fractions of u and b_k the columns of the inverse: all of these are looked at. */

typedef struct nearest {
    uint32_t slot;
    int axis[3];
    uint32_t n_axes;
    lexpr *g[3], *reach[3], *row[3][3];
    lvalue best, v[3];
} nearest;

static void nearest_search(lowering *x, nearest *t, scope *at, uint32_t depth, lexpr *const *u)
{
    if (depth == t->n_axes) {
        lexpr *d2 = let(x, at, "d2", dot3(x, u, u));
        lblock detached = {0};
        lstmt *better = lb_if(x->k, &detached, op2(x, L_LT, d2, lx_value(x->k, t->best)));
        scope *s = scope_open(x, at, SCOPE_IF, &better->branch.then, better);
        lb_set(x->k, s->block, t->best, d2);
        for (int c = 0; c < 3; c++) lb_set(x->k, s->block, t->v[c], u[c]);
        scope_close(x, s);
        return;
    }
    lexpr *middle = op1(x, L_NEG, t->g[depth]), *reach = t->reach[depth];
    lexpr *lo = op1(x, L_TO_I64, op1(x, L_FLOOR, op2(x, L_SUB, middle, reach)));
    lexpr *hi = op1(x, L_TO_I64, op1(x, L_FLOOR, op2(x, L_ADD, middle, reach)));
    scope *s = scope_loop(x, at, "image", let(x, at, "lo", lo), ix_add(x, let(x, at, "hi", hi), ix(x, 2)));
    lexpr *shift = let(x, s, "shift", op1(x, L_TO_F64, scope_index(x, s))), *w[3];
    for (int c = 0; c < 3; c++)
        w[c] = let(x, s, "u", op2(x, L_ADD, u[c], op2(x, L_MUL, shift, t->row[depth][c])));
    nearest_search(x, t, s, depth + 1, w);
    scope_close(x, s);
}

static vals lower_nearest(lowering *x, scope *at, const node *n)
{
    nearest t = {.slot = n->imm.slot};
    vals v = lower_node(x, at, n->arg[0]);
    lexpr *u[3], *g[3];
    for (int c = 0; c < 3; c++) u[c] = let(x, at, "u", v.at[c]);
    for (int k = 0; k < 3; k++)
        if (x->p->slots.at[t.slot].axes & (1u << k)) t.axis[t.n_axes++] = k;
    for (uint32_t a = 0; a < t.n_axes; a++) {
        lexpr *column[3];
        inverse_column(x, t.slot, ix(x, t.axis[a]), column);
        g[a] = let(x, at, "g", dot3(x, v.at, column));
        t.reach[a] = let(x, at, "height", op1(x, L_SQRT, dot3(x, column, column)));
        for (int c = 0; c < 3; c++)
            t.row[a][c] = let(x, at, "row", cell_load(x, t.slot, ix(x, 3 * t.axis[a] + c)));
    }
    for (uint32_t a = 0; a < t.n_axes; a++) {
        lexpr *round = let(x, at, "round", op1(x, L_FLOOR, op2(x, L_ADD, g[a], f64(x, 0.5))));
        t.g[a] = let(x, at, "g", op2(x, L_SUB, g[a], round));
        for (int c = 0; c < 3; c++)
            u[c] = let(x, at, "u", op2(x, L_SUB, u[c], op2(x, L_MUL, round, t.row[a][c])));
    }
    lexpr *d2 = let(x, at, "d2", dot3(x, u, u)), *d = let(x, at, "d", op1(x, L_SQRT, d2));
    for (uint32_t a = 0; a < t.n_axes; a++) t.reach[a] = let(x, at, "reach", op2(x, L_MUL, d, t.reach[a]));
    t.best = lb_var(x->k, at->block, "best", d2);
    for (int c = 0; c < 3; c++) t.v[c] = lb_var(x->k, at->block, "nearest", u[c]);
    nearest_search(x, &t, at, 0, u);
    vals out = vals_new(x, 3);
    for (int c = 0; c < 3; c++) out.at[c] = lx_value(x->k, t.v[c]);
    return out;
}

/* ---- everything else about places ---------------------------------------------------------------------- */

static vals lower_count(lowering *x, scope *at, const node *n)
{
    if (!n->n_args) return one(x, op1(x, L_TO_F64, set_count(x, n->imm.set)));
    lexpr *lo, *hi;
    row_range(x, at, n->imm.set, n->arg[0], &lo, &hi);
    return one(x, op1(x, L_TO_F64, ix_sub(x, hi, lo)));
}

static vals lower_index_real(lowering *x, scope *at, const node *n)
{
    const set *s = &x->p->sets.at[x->p->nodes.at[n->arg[0]].elem.set];
    lexpr *number = in_frame(x, x->p->nodes.at[n->arg[0]].elem.set, lower_index(x, at, n->arg[0]));
    return one(x, op1(x, L_TO_F64, ix_add(x, number, ix(x, s->kind == SET_RANGE ? s->lo : 0))));
}

static vals lower_index_species(lowering *x, scope *at, const node *n)
{
    const set *s = &x->p->sets.at[x->p->nodes.at[n->arg[0]].elem.set];
    double *z = arena_array(x->a, double, s->count + 1);
    for (int32_t k = 0; k < s->count; k++) z[k] = s->species[k];
    buffer b = {.kind = BUF_CONST,
                .type = LT_I32,
                .data = z,
                .n_data = s->count ? (uint32_t)s->count : 1,
                .label = "element"};
    return one(x, lx_load(x->k, kernel_buffer(x->k, b), lower_index(x, at, n->arg[0])));
}

vals lower_geometry(lowering *x, scope *at, const node *n)
{
    set_id s = n->n_args ? x->p->nodes.at[n->arg[0]].elem.set : SETIR_NONE;
    switch ((int)n->op) {
    case OP_IVAR: return one(x, lower_ivar(x, at, n));
    case OP_INDEX_CONST: return one(x, index_const(x, n));
    case OP_PAIR_I:
    case OP_SPOT_HOST: return one(x, view_load(x, BUF_SET_I, s, lower_index(x, at, n->arg[0])));
    case OP_PAIR_J: return one(x, view_load(x, BUF_SET_J, s, lower_index(x, at, n->arg[0])));
    case OP_PAIR_REV: return one(x, view_load(x, BUF_SET_REV, s, lower_index(x, at, n->arg[0])));
    case OP_PAIR_D:
    case OP_SPOT_R:
    case OP_RECIP_K: return vector_load(x, s, lower_index(x, at, n->arg[0]));
    case OP_INDEX_REAL: return lower_index_real(x, at, n);
    case OP_INDEX_SPECIES: return lower_index_species(x, at, n);
    case OP_INDEX_EQ:
        return one(x, op2(x, L_IEQ, lower_index(x, at, n->arg[0]), lower_index(x, at, n->arg[1])));
    case OP_INDEX_LT:
        return one(x, op2(x, L_ILT, lower_index(x, at, n->arg[0]), lower_index(x, at, n->arg[1])));
    case OP_CELL_VEC: return lower_cell_vec(x, at, n);
    case OP_NIGGLI_VEC: return lower_niggli_vec(x, at, n);
    case OP_VOLUME: return one(x, cell_load(x, n->imm.slot, ix(x, CELL_VOLUME)));
    case OP_FRAC: return lower_frac(x, at, n);
    case OP_NEAREST: return lower_nearest(x, at, n);
    case OP_COUNT: return lower_count(x, at, n);
    case OP_PHASE: {
        vals v = lower_node(x, at, n->arg[1]), k = vector_load(x, s, lower_index(x, at, n->arg[0]));
        return one(x, dot3(x, k.at, v.at));
    }
    default: break;
    }
    lower_fail(x, n->at, "this expression");
    return one(x, f64(x, 0));
}
