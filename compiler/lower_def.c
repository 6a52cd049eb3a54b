/* SPDX-License-Identifier: Apache-2.0
 *
 * lower_def.c: tensors that are stored in scratch memory, and library calls. In: accesses to tensors that the
 * rewriting left. Out: loops that fill the store once in each frame (or outer element), before the loop that
 * is open, and loads. Sorted rows are the matrix and an order; a list in storage order is its source seen
 * through `first element + place`.
 */
#include "lower.h"

#include <string.h>

enum { CHANNELS_ALONG = 16 };

/* ---- what is what -------------------------------------------------------------------------------------- */

static set_id param_set(const lowering *x, const def *d, uint32_t k)
{
    return x->p->ivars.at[d->param[k]].set;
}

/* the set whose size the k-th dimension has: a rank of a set has that set's */
static set_id size_set(const program *p, set_id s)
{
    while (p->sets.at[s].kind == SET_RANK && p->sets.at[s].parent != SETIR_NONE) s = p->sets.at[s].parent;
    return s;
}

set_id pad_size_of(const lowering *x, const node *padget, uint32_t k)
{
    return size_set(x->p, param_set(x, &x->p->defs.at[padget->imm.def], k));
}

static bool is_kept(const lowering *x, def_id d)
{
    return x->p->defs.at[d].lib != LIB_NONE || (d < x->n_kept && x->r->kept[d]);
}

/* the outermost scope in which a tensor means one thing: the frame, or where its outer variables are bound */
static scope *def_home(lowering *x, scope *cur, def_id id)
{
    ivar_list outer = {0};
    program_def_free(x->p, &outer, id);
    scope *home = x->frame;
    for (uint32_t k = 0; k < outer.n; k++) {
        scope *s = scope_of_ivar(cur, outer.at[k], NULL);
        if (s && s->depth > home->depth) home = s;
    }
    return home;
}

/* ---- loops over parameters ----------------------------------------------------------------------------- */

static const row_loops *rows_of(const lowering *x, def_id id)
{
    return id < x->n_kept && x->r->rows[id].body != SETIR_NONE ? &x->r->rows[id] : NULL;
}

node_id def_body(const lowering *x, def_id id)
{
    const row_loops *rows = rows_of(x, id);
    return rows ? rows->body : x->p->defs.at[id].body;
}

/* the variable in def_body that stands for parameter k */
ivar_id param_ivar(const lowering *x, def_id id, uint32_t k)
{
    const row_loops *rows = k == 0 ? rows_of(x, id) : NULL;
    return rows ? rows->pair : x->p->defs.at[id].param[k];
}

/* the loop over parameter k: over sites and the pairs of each where that has sums over the row */
scope *param_loop(lowering *x, scope *s, def_id id, uint32_t k)
{
    lexpr *none;
    const row_loops *rows = k == 0 ? rows_of(x, id) : NULL;
    if (!rows) return loop_over(x, s, x->p->defs.at[id].param[k], &none);
    scope *site = loop_over(x, s, rows->site, &none);
    site->holds_loops = true;
    scope *pair = loop_over(x, site, rows->pair, &none);
    scope_bind(x, pair, x->p->defs.at[id].param[k], scope_index(x, pair));
    pair->in_row = pair->holds_loops = true;
    return pair;
}

void param_finish(lowering *x, scope *s)
{
    loop_finish(x, s, NULL, 0);
    if (s->in_row) scope_close(x, s->outer);
}

/* ---- filling ------------------------------------------------------------------------------------------- */

typedef struct shape {
    uint32_t n;
    set_id set[MAX_DIMS];
    lexpr *extent[MAX_DIMS];
    lexpr *total;
    buffer_size size;
} shape;

static bool shape_of(lowering *x, scope *at, const def *d, shape *s)
{
    *s = (shape){.n = d->n_param, .total = ix(x, 1), .size = {.constant = elem_components(d->elem)}};
    if (d->n_param > MAX_DIMS) {
        lower_fail(x, d->at, "storing this tensor");
        return false;
    }
    for (uint32_t k = 0; k < d->n_param; k++) {
        s->set[k] = param_set(x, d, k);
        s->extent[k] = set_count(x, s->set[k]);
        s->total = ix_mul(x, s->total, s->extent[k]);
        if (!add_extent(x->p, &s->size, s->set[k], false)) {
            lower_fail(x, d->at, "storing a tensor over so many sets");
            return false;
        }
    }
    s->total = let(x, at, "size", s->total);
    return true;
}

/* Channels stand before a short last index, so that loops over it run along memory. */
static bool channels_first(const lowering *x, const def *d)
{
    int64_t last = d->n_param > 1 ? set_constant(x->p, param_set(x, d, d->n_param - 1)) : 0;
    return d->lib == LIB_NONE && d->elem.channels > 1 && last > 1 && last <= CHANNELS_ALONG;
}

/* component c of the element at `row` (of all indices but the last) and `last` */
static lexpr *stored_at(lowering *x, const def *d, lexpr *row, lexpr *last, uint32_t c)
{
    lexpr *parts = ix(x, elem_components(d->elem));
    if (!last) return ix_add(x, ix_mul(x, row, parts), ix(x, c));
    int64_t count = set_constant(x->p, param_set(x, d, d->n_param - 1));
    return ix_add(x, ix_mul(x, ix_add(x, ix_mul(x, row, parts), ix(x, c)), ix(x, count)), last);
}

/* the tensor's value where its parameters are bound */
static vals value_at_params(lowering *x, scope *s, def_id id)
{
    const def d = x->p->defs.at[id];
    if (d.lib == LIB_NONE) return lower_node(x, s, def_body(x, id));
    node_id *args = arena_array(x->a, node_id, d.n_param + 1);
    for (uint32_t k = 0; k < d.n_param; k++) args[k] = node_ivar(x->p, d.param[k], d.at);
    return lower_node(x, s,
                      program_node(x->p, OP_ACCESS, d.elem, args, d.n_param, &(node_imm){.def = id}, d.at));
}

/* loops over the parameters of `id` that store its values, row-major, components last */
static void fill(lowering *x, scope *at, def_id id, const shape *sh, buffer_id b)
{
    const def d = x->p->defs.at[id];
    scope *s = at, *opened[MAX_DIMS];
    lexpr *row = ix(x, 0), *last = NULL;
    for (uint32_t k = 0; k < d.n_param; k++) {
        lexpr *value = NULL;
        opened[k] = s = param_loop(x, s, id, k);
        scope_of_ivar(s, d.param[k], &value);
        if (k + 1 == d.n_param && channels_first(x, &d)) {
            last = in_frame(x, sh->set[k], value);
            break;
        }
        row = ix_add(x, ix_mul(x, row, k ? sh->extent[k] : ix(x, 1)), in_frame(x, sh->set[k], value));
        if (k + 1 < d.n_param) row = let(x, s, "row", row);
    }
    vals v = value_at_params(x, s, id);
    uint32_t parts = elem_components(d.elem);
    for (uint32_t c = 0; c < parts; c++)
        lb_store(x->k, s->block, b, stored_at(x, &d, row, last, c), v.at[v.n == 1 ? 0 : c]);
    for (uint32_t k = d.n_param; k-- > 0;) param_finish(x, opened[k]);
}

static buffer_id fill_new(lowering *x, scope *at, def_id id, shape *sh)
{
    const def *d = &x->p->defs.at[id];
    if (!shape_of(x, at, d, sh)) return SETIR_NONE;
    loop_type type = d->elem.kind == ELEM_REAL ? LT_F64 : d->elem.kind == ELEM_BOOL ? LT_BOOL : LT_I64;
    buffer_id b = kernel_scratch(x->k, type, sh->size, d->id ? d->id : "tensor");
    fill(x, at, id, sh, b);
    return b;
}

/* ---- the library --------------------------------------------------------------------------------------- */

static void call_sort(lowering *x, scope *at, const def *d, buffer_id b, lexpr *n)
{
    call_arg args[3] = {lb_buffer_arg(b, ix(x, 0)), lb_value_arg(n), lb_value_arg(ix(x, d->lib_flag))};
    lb_call(x->k, at->block, CALL_SORT, args, 3);
}

/* the buffer of the eigenvalues; vectors: they are left in the matrix */
static buffer_id call_eigen(lowering *x, scope *at, const shape *sh, buffer_id matrix, bool vectors)
{
    buffer_size line = {.constant = 1}, work = {.constant = 3};
    add_extent(x->p, &line, sh->set[0], false);
    add_extent(x->p, &work, sh->set[0], false);
    buffer_id w = kernel_scratch(x->k, LT_F64, line, "eigenvalues"),
              help = kernel_scratch(x->k, LT_F64, work, "work");
    call_arg args[4] = {lb_buffer_arg(matrix, ix(x, 0)), lb_value_arg(sh->extent[0]),
                        lb_buffer_arg(w, ix(x, 0)), lb_buffer_arg(help, ix(x, 0))};
    lb_call(x->k, at->block, vectors ? CALL_EIGVECS : CALL_EIGVALS, args, 4);
    return w;
}

/* order of the rows of a matrix by descending norm */
static buffer_id order_rows(lowering *x, scope *at, const shape *sh, buffer_id matrix)
{
    buffer_size line = {.constant = 1};
    add_extent(x->p, &line, sh->set[0], false);
    buffer_id norms = kernel_scratch(x->k, LT_F64, line, "norm"),
              order = kernel_scratch(x->k, LT_I64, line, "order");
    lexpr *n = sh->extent[0];
    scope *row = scope_loop(x, at, "i", ix(x, 0), n);
    lvalue sum = lb_var(x->k, row->block, "sum", f64(x, 0));
    lexpr *start = let(x, row, "start", ix_mul(x, scope_index(x, row), n));
    scope *column = scope_loop(x, row, "j", ix(x, 0), n);
    lexpr *e = let(x, column, "e", lx_load(x->k, matrix, ix_add(x, start, scope_index(x, column))));
    lb_set(x->k, column->block, sum, op2(x, L_ADD, lx_value(x->k, sum), op2(x, L_MUL, e, e)));
    loop_finish(x, column, &sum, 1);
    lb_store(x->k, row->block, norms, scope_index(x, row), op1(x, L_SQRT, lx_value(x->k, sum)));
    scope_close(x, row);
    call_arg args[4] = {lb_buffer_arg(norms, ix(x, 0)), lb_value_arg(n), lb_value_arg(ix(x, 1)),
                        lb_buffer_arg(order, ix(x, 0))};
    lb_call(x->k, at->block, CALL_ARGSORT, args, 4);
    return order;
}

static void make_store(lowering *x, scope *at, def_id id, stored *st)
{
    const def d = x->p->defs.at[id];
    shape sh;
    st->order = SETIR_NONE;
    st->buffer = fill_new(x, at, d.lib == LIB_NONE ? id : d.lib_arg, &sh);
    if (st->buffer == SETIR_NONE) return;
    for (uint32_t k = 0; k < sh.n; k++) st->extent[k] = sh.extent[k];
    switch (d.lib) {
    case LIB_NONE:
    case LIB_LIST: break;
    case LIB_GRAD:
    case LIB_JACOBIAN:
    case LIB_ALONG: lower_fail(x, d.lib_at, "a derivative that has not been written out"); break;
    case LIB_SORT: call_sort(x, at, &d, st->buffer, sh.extent[0]); break;
    case LIB_EIGVALS: st->buffer = call_eigen(x, at, &sh, st->buffer, false); break;
    case LIB_EIGVECS: call_eigen(x, at, &sh, st->buffer, true); break;
    case LIB_SORTROWS: st->order = order_rows(x, at, &sh, st->buffer); break;
    }
}

stored *ensure_stored(lowering *x, scope *cur, def_id d)
{
    while (x->stores.n <= d) vec_push(x->a, &x->stores, NULL);
    scope *home = def_home(x, cur, d);
    for (stored *s = x->stores.at[d]; s; s = s->next)
        if (s->at->depth >= home->depth && scope_within(cur, s->at)) return s;
    stored *s = arena_new(x->a, stored);
    s->at = place_of(x, cur, home, true);
    x->storing++;
    make_store(x, s->at, d, s);
    x->storing--;
    while (x->stores.n <= d) vec_push(x->a, &x->stores, NULL);
    s->next = x->stores.at[d];
    x->stores.at[d] = s;
    return s;
}

/* ---- reading ------------------------------------------------------------------------------------------- */

static vals none(lowering *x, elem e)
{
    vals v = vals_new(x, elem_components(e));
    for (uint32_t c = 0; c < v.n; c++)
        v.at[c] = e.kind == ELEM_REAL ? f64(x, 0) : e.kind == ELEM_BOOL ? lx_bool(x->k, false) : ix(x, 0);
    return v;
}

/* the element at places counted from 0 in the frame */
static vals read_store(lowering *x, scope *at, const stored *st, const def *d, lexpr **number)
{
    if (st->buffer == SETIR_NONE) return none(x, d->elem);
    lexpr *row = ix(x, 0), *last = NULL;
    for (uint32_t k = 0; k < d->n_param; k++) {
        if (k + 1 == d->n_param && channels_first(x, d)) {
            last = number[k];
            break;
        }
        if (st->order != SETIR_NONE) number[k] = let(x, at, "from", lx_load(x->k, st->order, number[k]));
        row = ix_add(x, ix_mul(x, row, k ? st->extent[k] : ix(x, 1)), number[k]);
    }
    vals v = vals_new(x, elem_components(d->elem));
    if (v.n > 1) row = let(x, at, NULL, row);
    for (uint32_t c = 0; c < v.n; c++)
        v.at[c] = lx_load(x->k, st->buffer, stored_at(x, d, row, last, c));
    return v;
}

/* sorted rows: each index is put in order where its own loop is, so that rows are looked up once */
static vals read_sorted(lowering *x, scope *at, const stored *st, const node *n)
{
    lexpr *number[2];
    for (uint32_t k = 0; k < 2; k++) {
        scope *home = place_of(x, at, home_of(x, at, n->arg[k]), true);
        if (!scope_within(home, st->at)) home = at;
        lexpr **slot_of = cache_slot(x, home, CACHE_ORDER, st->order, n->arg[k]);
        if (!*slot_of)
            *slot_of = let(x, home, "from", lx_load(x->k, st->order, lower_index(x, home, n->arg[k])));
        number[k] = *slot_of;
    }
    vals v = vals_new(x, 1);
    v.at[0] = lx_load(x->k, st->buffer, ix_add(x, ix_mul(x, number[0], st->extent[1]), number[1]));
    return v;
}

/* A variable over the set whose elements the places `rank` number: it is bound beside `rank` to first +
 * place. */
static ivar_id alias_of(lowering *x, scope *cur, ivar_id rank, set_id s)
{
    lexpr *value;
    scope *at = scope_of_ivar(cur, rank, &value);
    ivar_list taken = {0};
    for (scope *o = cur; o; o = o->outer)
        for (uint32_t k = 0; k < o->bound.n; k++) {
            const bound *b = &o->bound.at[k];
            if (o == at && x->p->ivars.at[b->v].set == s && b->alias_of == rank) return b->v;
            ivar_list_add(x->a, &taken, b->v);
        }
    ivar range = {.set = s, .row = SETIR_NONE, .to = SETIR_NONE, .partner = SETIR_NONE};
    ivar_id v = rewrite_canonical(x->r, range, &taken);
    if (at) {
        scope_bind(x, at, v, let(x, at, "element", ix_add(x, set_base(x, s), value)));
        at->bound.at[at->bound.n - 1].alias_of = rank;
    }
    return v;
}

/* the node whose value a list has at a place: its source's body there. NONE: the place is no plain
 * variable or number */
static node_id list_element(lowering *x, scope *cur, const node *n)
{
    const def *list = &x->p->defs.at[n->imm.def], from = x->p->defs.at[list->lib_arg];
    node_id *to = arena_array(x->a, node_id, n->n_args + 1);
    for (uint32_t k = 0; k < n->n_args; k++) {
        const node arg = x->p->nodes.at[n->arg[k]];
        set_id s = param_set(x, &from, k);
        if (arg.op == OP_IVAR && set_is_concatenated(x->p, s))
            to[k] = node_ivar(x->p, alias_of(x, cur, arg.imm.ivar, s), n->at);
        else if (arg.op == OP_INDEX_CONST)
            to[k] = program_node(x->p, OP_INDEX_CONST, elem_index(s), NULL, 0,
                                 &(node_imm){.k = arg.imm.k, .set = s}, n->at);
        else
            return SETIR_NONE;
    }
    if (is_kept(x, x->p->defs.at[n->imm.def].lib_arg))
        return program_node(x->p, OP_ACCESS, n->elem, to, n->n_args,
                            &(node_imm){.def = x->p->defs.at[n->imm.def].lib_arg}, n->at);
    return rewrite_rename(x->r, from.body, from.param, to, n->n_args);
}

vals lower_access(lowering *x, scope *at, const node *n)
{
    const def d = x->p->defs.at[n->imm.def];
    if (d.lib == LIB_LIST) {
        node_id e = list_element(x, at, n);
        if (e != SETIR_NONE) return lower_node(x, at, e);
    }
    if (n->n_args > MAX_DIMS) {
        lower_fail(x, n->at, "a tensor over so many sets");
        return none(x, n->elem);
    }
    if (!is_kept(x, n->imm.def)) /* read through `pad`: its places are its own indices */
        return lower_node(x, at, rewrite_rename(x->r, d.body, d.param, n->arg, n->n_args));
    vals row;
    if (sweep_access(x, at, n, &row)) return row;
    stored *st = ensure_stored(x, at, n->imm.def);
    if (st->order != SETIR_NONE) return read_sorted(x, at, st, n);
    lexpr *number[MAX_DIMS];
    for (uint32_t k = 0; k < n->n_args; k++)
        number[k] = in_frame(x, param_set(x, &d, k), lower_index(x, at, n->arg[k]));
    return read_store(x, at, st, &d, number);
}

/* ---- padding ------------------------------------------------------------------------------------------- */

/* what the open loops say of a place: 1 it is inside, -1 it is beyond, 0 nothing */
static int pad_fact(const lowering *x, scope *cur, const node *n, uint32_t k)
{
    const node *arg = &x->p->nodes.at[n->arg[k]];
    if (arg->op != OP_IVAR) return 0;
    const scope *s = scope_of_ivar(cur, arg->imm.ivar, NULL);
    for (uint32_t f = 0; s && f < s->facts.n; f++)
        if (s->facts.at[f].place == arg->imm.ivar && s->facts.at[f].size_of == pad_size_of(x, n, k))
            return s->facts.at[f].inside ? 1 : -1;
    return 0;
}

/* 0 beyond the size: the place is kept inside for the load, then the value is chosen */
static vals pad_guarded(lowering *x, scope *at, const node *n)
{
    const def d = x->p->defs.at[n->imm.def];
    stored *st = ensure_stored(x, at, n->imm.def);
    lexpr *inside = NULL, *number[MAX_DIMS];
    for (uint32_t k = 0; k < n->n_args; k++) {
        lexpr *place_of_arg = let(x, at, NULL, lower_index(x, at, n->arg[k])),
              *count = set_count(x, param_set(x, &d, k));
        inside = truth_and(x, inside, op2(x, L_ILT, place_of_arg, count));
        lexpr *last = op2(x, L_IMAX, ix_sub(x, count, ix(x, 1)), ix(x, 0));
        number[k] = let(x, at, NULL, op2(x, L_IMIN, place_of_arg, last));
    }
    if (!inside) return read_store(x, at, st, &d, number);
    inside = let(x, at, "inside", inside);
    if (st->order != SETIR_NONE) { /* beyond the size the order holds no row          */
        uint32_t parts = elem_components(d.elem);
        lvalue *cell = arena_array(x->a, lvalue, parts);
        vals out = vals_new(x, parts);
        for (uint32_t c = 0; c < parts; c++) cell[c] = lb_var(x->k, at->block, "padded", f64(x, 0));
        lblock detached = {0};
        lstmt *branch = lb_if(x->k, &detached, inside);
        scope *s = scope_open(x, at, SCOPE_IF, &branch->branch.then, branch);
        vals v = read_store(x, s, st, &d, number);
        for (uint32_t c = 0; c < parts; c++) {
            lb_set(x->k, s->block, cell[c], v.at[c]);
            out.at[c] = lx_value(x->k, cell[c]);
        }
        scope_close(x, s);
        return out;
    }
    vals v = read_store(x, at, st, &d, number), beyond = none(x, d.elem);
    for (uint32_t c = 0; c < v.n; c++) v.at[c] = choose(x, inside, v.at[c], beyond.at[c]);
    return v;
}

vals lower_padget(lowering *x, scope *at, const node *n)
{
    bool all_inside = true;
    for (uint32_t k = 0; k < n->n_args; k++) {
        int known_fact = pad_fact(x, at, n, k);
        if (known_fact < 0) return none(x, n->elem);
        all_inside &= known_fact > 0;
    }
    if (n->n_args > MAX_DIMS) {
        lower_fail(x, n->at, "a tensor over so many sets");
        return none(x, n->elem);
    }
    if (all_inside) return lower_access(x, at, n);
    return pad_guarded(x, at, n);
}
