/* SPDX-License-Identifier: Apache-2.0
 *
 * lower.c: from a program to kernels. In: set IR. Out: a module: one kernel that writes all outputs, and a
 * small one for each set whose cutoff is computed. Outputs over the same sites share their outermost loop; a
 * padded output runs over what there is and fills the rest with zeros. The values themselves are made by the
 * other lower_*.c.
 */
#include "lower.h"
#include "known.h"
#include "setir_eval.h"

#include <string.h>

enum { SPLITS = 2, EACH_MOST = 12 };

/* an output to be written */
typedef struct job {
    def_id def;
    uint32_t output;
    lvalue start;
    bool has_start;
    bool done;
} job;

/* ---- facts about the program --------------------------------------------------------------------------- */

typedef struct marking {
    lowering *x;
    uint32_t *seen;
    uint32_t stamp;
} marking;

static void mark_node(marking *m, node_id id, bool exact);

static void mark_def(marking *m, def_id id, bool exact)
{
    const def *d = &m->x->p->defs.at[id];
    if (d->lib != LIB_NONE)
        mark_def(m, d->lib_arg, exact);
    else
        mark_node(m, def_body(m->x, id), exact);
}

static bool is_discrete(node_op op)
{
    return op == OP_FLOOR || op == OP_SIGN || op == OP_LT || op == OP_LE || op == OP_EQ;
}

/* walks what an output needs; a node is seen once per output, and again when it turns out to be exact */
static void mark_node(marking *m, node_id id, bool exact)
{
    lowering *x = m->x;
    if (id == SETIR_NONE) return;
    bool again = m->seen[id] == m->stamp, more = exact && !x->exact[id];
    if (again && !more) return;
    const node *n = &x->p->nodes.at[id];
    if (!again) {
        m->seen[id] = m->stamp;
        x->sharers[id] += x->sharers[id] < 2;
        if (n->op == OP_REDUCE) vec_push(x->a, &x->group, id);
    }
    x->exact[id] |= exact;
    for (uint32_t k = 0; k < n->n_args; k++) mark_node(m, n->arg[k], exact || is_discrete(n->op));
    for (uint32_t k = 0; k < n->imm.n_ivars; k++) mark_node(m, x->p->ivars.at[n->imm.ivars[k]].row, false);
    if (n->op == OP_ACCESS || n->op == OP_PADGET) mark_def(m, n->imm.def, exact);
}

static void count_uses(lowering *x)
{
    for (uint32_t k = 0; k < x->n_first; k++) {
        const node *n = &x->p->nodes.at[k];
        if (!x->sharers[k]) continue;
        for (uint32_t a = 0; a < n->n_args; a++) x->uses[n->arg[a]]++;
        if (n->op == OP_DIV) x->divisions[n->arg[1]]++;
    }
}

static void mark_outputs(lowering *x, const job *jobs, uint32_t n)
{
    marking m = {.x = x, .seen = arena_array(x->a, uint32_t, x->n_first + 1)};
    x->uses = arena_array(x->a, uint32_t, x->n_first + 1);
    x->sharers = arena_array(x->a, uint8_t, x->n_first + 1);
    x->divisions = arena_array(x->a, uint16_t, x->n_first + 1);
    x->exact = arena_array(x->a, bool, x->n_first + 1);
    for (uint32_t k = 0; k < n; k++) {
        m.stamp = k + 1;
        mark_def(&m, jobs[k].def, false);
    }
    count_uses(x);
}

/* ---- one kernel ---------------------------------------------------------------------------------------- */

static lowering *lowering_new(arena *a, rewriter *r, const char *words, uint32_t n_outputs, diag_sink *sink)
{
    lowering *x = arena_new(a, lowering);
    x->a = a;
    x->r = r;
    x->p = r->p;
    x->sink = sink;
    x->k = kernel_new(a, words, n_outputs);
    x->n_first = r->p->nodes.n;
    x->n_kept = r->p->defs.n;
    uint32_t most = r->p->sets.n;
    most = r->p->inputs.n > most ? r->p->inputs.n : most;
    most = r->p->slots.n > most ? r->p->slots.n : most;
    x->n_index = most + 1;
    x->view_buffer = arena_array(a, buffer_id, (BUF_CONST + 1) * x->n_index);
    for (uint32_t k = 0; k < (BUF_CONST + 1) * x->n_index; k++) x->view_buffer[k] = SETIR_NONE;
    x->kernel_scope = scope_open(x, NULL, SCOPE_KERNEL, &x->k->body, NULL);
    return x;
}

static void open_frames(lowering *x)
{
    x->frame = scope_loop(x, x->kernel_scope, "f", lx_value(x->k, KERNEL_F0), lx_value(x->k, KERNEL_F1));
    x->frame->kind = SCOPE_FRAME;
    x->f = scope_index(x, x->frame);
}

/* ---- where an output's rows start ---------------------------------------------------------------------- */

static set_id *domain_of(lowering *x, const def *d)
{
    set_id *s = arena_array(x->a, set_id, d->n_param + 1);
    for (uint32_t k = 0; k < d->n_param; k++) s[k] = x->p->ivars.at[d->param[k]].set;
    return s;
}

/* how many rows the output has in frame g */
static lexpr *rows_of_frame(lowering *x, const def *d, lexpr *g, scope *at)
{
    lexpr *rows = ix(x, 1);
    for (uint32_t k = 0; k < d->n_param; k++) {
        set_id s = x->p->ivars.at[d->param[k]].set;
        int64_t constant = set_constant(x->p, s);
        if (constant >= 0) {
            rows = ix_mul(x, rows, ix(x, constant));
            continue;
        }
        while (x->p->sets.at[s].kind == SET_RANK) s = x->p->sets.at[s].parent;
        buffer_id ptr = view_buffer(x, BUF_SET_PTR, s);
        lexpr *n = ix_sub(x, lx_load(x->k, ptr, ix_add(x, g, ix(x, 1))), lx_load(x->k, ptr, g));
        rows = ix_mul(x, rows, let(x, at, "n", n));
    }
    return rows;
}

/* outputs with two factors of varying size: rows of the frames before f0, then a running sum */
static void count_start(lowering *x, job *j)
{
    const def *d = &x->p->defs.at[j->def];
    j->has_start = domain_varying(x->p, domain_of(x, d), d->n_param) > 1;
    if (!j->has_start) return;
    scope *top = x->kernel_scope;
    j->start = lb_var(x->k, top->block, "start", ix(x, 0));
    scope *s = scope_loop(x, top, "g", ix(x, 0), lx_value(x->k, KERNEL_F0));
    lexpr *rows = rows_of_frame(x, d, scope_index(x, s), s);
    lb_set(x->k, s->block, j->start, ix_add(x, lx_value(x->k, j->start), rows));
    scope_close(x, s);
}

static void advance_start(lowering *x, const job *j)
{
    if (j->has_start) {
        lexpr *rows = rows_of_frame(x, &x->p->defs.at[j->def], x->f, x->frame);
        lb_set(x->k, x->frame->block, j->start, ix_add(x, lx_value(x->k, j->start), rows));
    }
}

/* ---- writing an output --------------------------------------------------------------------------------- */

static vals output_value(lowering *x, scope *s, const job *j)
{
    const def d = x->p->defs.at[j->def];
    if (d.lib == LIB_NONE && !(j->def < x->n_kept && x->r->kept[j->def])) return lower_node(x, s, def_body(x, j->def));
    node_id *args = arena_array(x->a, node_id, d.n_param + 1);
    for (uint32_t k = 0; k < d.n_param; k++) args[k] = node_ivar(x->p, d.param[k], d.at);
    return lower_node(
        x, s, program_node(x->p, OP_ACCESS, d.elem, args, d.n_param, &(node_imm){.def = j->def}, d.at));
}

static lexpr *output_number(lowering *x, const def *d, lexpr *e)
{
    if (d->elem.kind == ELEM_INDEX) return in_frame(x, d->elem.set, e);
    if (d->elem.kind == ELEM_REAL && d->has_unit && d->out_scale != 1)
        return op2(x, L_MUL, f64(x, d->out_scale), e);
    return e;
}

static void write_element(lowering *x, scope *s, const job *j)
{
    const def d = x->p->defs.at[j->def];
    vals v = output_value(x, s, j);
    lexpr **index = arena_array(x->a, lexpr *, d.n_param + 1);
    for (uint32_t k = 0; k < d.n_param; k++) scope_of_ivar(s, d.param[k], &index[k]);
    lexpr *row =
        domain_row(x, domain_of(x, &d), d.n_param, index, j->has_start ? lx_value(x->k, j->start) : NULL);
    uint32_t parts = elem_components(d.elem);
    if (parts > 1) row = let(x, s, "row", row);
    for (uint32_t c = 0; c < parts; c++) {
        lexpr *e = output_number(x, &d, v.at[v.n == 1 ? 0 : c]);
        lb_store(x->k, s->block, x->out_buffer[j->output], ix_add(x, ix_mul(x, row, ix(x, parts)), ix(x, c)),
                 e);
    }
}

/* the sets whose sizes limit the padded tensors that are read at place `v` */
static void find_pads(lowering *x, scope *s, node_id id, ivar_id v, uint32_t *seen, set_id *size, uint32_t *n)
{
    if (seen[id] || !program_depends(x->p, id, v)) return;
    seen[id] = 1;
    const node *e = &x->p->nodes.at[id];
    for (uint32_t k = 0; k < e->n_args; k++) {
        const node *a = &x->p->nodes.at[e->arg[k]];
        find_pads(x, s, e->arg[k], v, seen, size, n);
        if (e->op != OP_PADGET || a->op != OP_IVAR || a->imm.ivar != v || *n == SPLITS) continue;
        set_id of = pad_size_of(x, e, k);
        bool have = set_constant(x->p, of) >= 0;
        for (uint32_t m = 0; m < *n; m++) have |= size[m] == of;
        if (!have) size[(*n)++] = of;
    }
}

/* sizes at which the loop over v is cut in two; none when everything padded is zero already */
static uint32_t pads_of(lowering *x, scope *s, const def *d, ivar_id v, set_id *size)
{
    uint32_t n = 0;
    if (d->lib != LIB_NONE || x->p->sets.at[x->p->ivars.at[v].set].kind != SET_RANK) return 0;
    for (scope *o = s; o; o = o->outer)
        for (uint32_t k = 0; k < o->facts.n; k++)
            if (!o->facts.at[k].inside) return 0;
    find_pads(x, s, d->body, v, arena_array(x->a, uint32_t, x->p->nodes.n + 1), size, &n);
    return n == 1 ? 1 : 0;
}

static void write_over(lowering *x, scope *outer, const job *j, uint32_t k);

static void write_range(lowering *x, scope *outer, const job *j, uint32_t k, lexpr *lo, lexpr *hi,
                        const fact *known_fact)
{
    const ivar v = x->p->ivars.at[x->p->defs.at[j->def].param[k]];
    scope *s = scope_loop(x, outer, v.id ? v.id : "k", lo, hi);
    scope_bind(x, s, x->p->defs.at[j->def].param[k], scope_index(x, s));
    if (known_fact) vec_push(x->a, &s->facts, *known_fact);
    write_over(x, s, j, k + 1);
    loop_finish(x, s, NULL, 0);
}

static bool selects_channel(const lowering *x, node_id id, ivar_id v, bool *seen)
{
    const node *n = &x->p->nodes.at[id];
    if (seen[id] || !program_depends(x->p, id, v)) return false;
    seen[id] = true;
    for (uint32_t k = 1; n->op == OP_CHANNEL_AT && k < n->n_args; k++)
        if (program_depends(x->p, n->arg[k], v)) return true;
    for (uint32_t k = 0; k < n->n_args; k++)
        if (selects_channel(x, n->arg[k], v, seen)) return true;
    return false;
}

/* pieces of work when the loops over parameters that select channels are written out, up to parameter k;
 * 0: k selects none */
static int64_t pieces_of_work(lowering *x, const job *j, uint32_t k)
{
    const def d = x->p->defs.at[j->def];
    node_id body = def_body(x, j->def);
    int64_t pieces = 1;
    for (uint32_t m = 1; m <= k; m++) {
        int64_t count = set_constant(x->p, x->p->ivars.at[d.param[m]].set);
        bool selects = count > 0 && selects_channel(x, body, d.param[m], arena_array(x->a, bool, body + 1));
        if (m == k && !selects) return 0;
        if (selects && count <= EACH_MOST) pieces *= count;
        if (selects && count > EACH_MOST) return 0;
    }
    return pieces;
}

/* once for each value of parameter k where it selects channels: each has straight-line work of its own */
static bool write_each(lowering *x, scope *outer, const job *j, uint32_t k)
{
    const def d = x->p->defs.at[j->def];
    if (d.lib != LIB_NONE || k == 0) return false;
    int64_t count = set_constant(x->p, x->p->ivars.at[d.param[k]].set), pieces = pieces_of_work(x, j, k);
    if (pieces == 0 || pieces > EACH_MOST) return false;
    for (int64_t c = 0; c < count; c++) {
        scope *s = scope_open(x, outer, SCOPE_IF, outer->block, NULL); /* in the outer block: nothing to close */
        scope_bind(x, s, d.param[k], ix(x, c));
        write_over(x, s, j, k + 1);
    }
    return true;
}

static void write_over(lowering *x, scope *outer, const job *j, uint32_t k)
{
    const def d = x->p->defs.at[j->def];
    if (k == d.n_param) {
        write_element(x, outer, j);
        return;
    }
    if (k == 0 && def_body(x, j->def) != d.body && !x->r->kept[j->def]) {
        scope *s = param_loop(x, outer, j->def, 0);
        write_over(x, s, j, 1);
        param_finish(x, s);
        return;
    }
    if (write_each(x, outer, j, k)) return;
    ivar_id v = d.param[k];
    lexpr *lo, *hi;
    set_id size[SPLITS];
    row_range(x, outer, x->p->ivars.at[v].set, x->p->ivars.at[v].row, &lo, &hi);
    if (!pads_of(x, outer, &d, v, size)) {
        write_range(x, outer, j, k, lo, hi, NULL);
        return;
    }
    lexpr *end = let(x, x->frame, "end", op2(x, L_IMIN, set_count(x, size[0]), hi));
    write_range(x, outer, j, k, lo, end, &(fact){v, size[0], true});
    write_range(x, outer, j, k, end, hi, &(fact){v, size[0], false});
}

static scope *open_wanted(lowering *x, scope *outer, uint32_t output)
{
    lblock detached = {0};
    lstmt *stmt = lb_wanted(x->k, &detached, output);
    return scope_open(x, outer, SCOPE_WANTED, &stmt->wanted.body, stmt);
}

static void write_alone(lowering *x, const job *j)
{
    scope *s = open_wanted(x, x->frame, j->output);
    write_over(x, s, j, 0);
    scope_close(x, s);
}

/* ---- outputs that share a loop ------------------------------------------------------------------------- */

/* outputs over the same sites (pairs, spots), whose first variables are one by canonical naming */
static bool shares_loop(const lowering *x, const job *a, const job *b)
{
    const def *d = &x->p->defs.at[a->def], *e = &x->p->defs.at[b->def];
    bool by_rows = def_body(x, a->def) != d->body || def_body(x, b->def) != e->body;
    return !b->done && !by_rows && e->n_param && d->param[0] == e->param[0] &&
           set_is_concatenated(x->p, x->p->ivars.at[d->param[0]].set);
}

static void write_group(lowering *x, job *jobs, uint32_t n, uint32_t first)
{
    uint32_t count = 0;
    for (uint32_t k = first; k < n && x->p->defs.at[jobs[first].def].n_param; k++)
        count += shares_loop(x, &jobs[first], &jobs[k]);
    if (count <= 1) {
        write_alone(x, &jobs[first]);
        jobs[first].done = true;
        return;
    }
    lexpr *not_partner;
    scope *s = loop_over(x, x->frame, x->p->defs.at[jobs[first].def].param[0], &not_partner);
    for (uint32_t k = first; k < n; k++) {
        if (k != first && !shares_loop(x, &jobs[first], &jobs[k])) continue;
        scope *w = open_wanted(x, s, jobs[k].output);
        write_over(x, w, &jobs[k], 1);
        scope_close(x, w);
        jobs[k].done = true;
    }
    loop_finish(x, s, NULL, 0);
}

/* what outputs want of pairs, in one pass over each set of them where that pays */
static void write_sweeps(lowering *x, job *jobs, uint32_t n)
{
    bool *inside = arena_array(x->a, bool, n + 1);
    for (set_id s = 0; s < x->p->sets.n; s++) {
        sweep *w = sweep_plan(x, s);
        if (!w) continue;
        for (uint32_t k = 0; k < n; k++) inside[k] = !jobs[k].done && sweep_takes(x, w, jobs[k].def);
        if (!sweep_pays(x, w)) continue;
        scope *at = sweep_open(x, w);
        for (uint32_t k = 0; k < n; k++) {
            if (!inside[k]) continue;
            scope *wanted = open_wanted(x, at, jobs[k].output);
            write_over(x, wanted, &jobs[k], 1);
            scope_close(x, wanted);
            jobs[k].done = true;
        }
        sweep_close(x, w);
    }
}

static kernel *lower_main(arena *a, rewriter *r, diag_sink *sink)
{
    job *jobs = arena_array(a, job, r->p->defs.n + 1);
    uint32_t n = 0;
    for (uint32_t k = 0; k < r->p->defs.n; k++)
        if (r->p->defs.at[k].output) {
            jobs[n] = (job){.def = k, .output = n};
            n++;
        }
    lowering *x = lowering_new(a, r, "kernel", n, sink);
    mark_outputs(x, jobs, n);
    x->out_buffer = arena_array(a, buffer_id, n + 1);
    for (uint32_t k = 0; k < n; k++) {
        const def *d = &r->p->defs.at[jobs[k].def];
        loop_type type = d->elem.kind == ELEM_REAL ? LT_F64 : LT_I32;
        x->out_buffer[k] = kernel_view_buffer(x->k, BUF_OUT, type, k, d->id);
    }
    for (uint32_t k = 0; k < n; k++) count_start(x, &jobs[k]);
    open_frames(x);
    write_sweeps(x, jobs, n);
    for (uint32_t k = 0; k < n; k++)
        if (!jobs[k].done) write_group(x, jobs, n, k);
    for (uint32_t k = 0; k < n; k++) advance_start(x, &jobs[k]);
    scope_close(x, x->frame);
    return x->failed ? NULL : x->k;
}

/* ---- cutoffs ------------------------------------------------------------------------------------------- */

static kernel *lower_stage(arena *a, rewriter *r, set_id s, diag_sink *sink)
{
    lowering *x = lowering_new(a, r, "stage", 1, sink);
    mark_outputs(x, NULL, 0);
    buffer_id out = kernel_view_buffer(x->k, BUF_OUT, LT_F64, 0, "cutoff");
    open_frames(x);
    lb_store(x->k, x->frame->block, out, x->f, lower_scalar(x, x->frame, r->p->sets.at[s].cutoff));
    scope_close(x, x->frame);
    return x->failed ? NULL : x->k;
}

module *lower_program(arena *a, const program *p, diag_sink *sink)
{
    rewriter *r = rewrite_program(a, known_tables(a, p));
    module *m = arena_new(a, module);
    m->p = p;
    m->stage_of = arena_array(a, uint32_t, p->sets.n + 1);
    bool failed = false;
    for (uint32_t s = 0; s < p->sets.n; s++) {
        m->stage_of[s] = SETIR_NONE;
        node_id cutoff = p->sets.at[s].cutoff;
        double fixed;
        if (cutoff == SETIR_NONE || eval_constant(p, cutoff, &fixed)) continue;
        kernel *k = lower_stage(a, r, s, sink);
        failed |= !k;
        m->stage_of[s] = m->stages.n;
        vec_push(a, &m->stages, k);
    }
    m->main = failed ? NULL : lower_main(a, r, sink);
    if (!m->main) return NULL;
    for (uint32_t k = 0; k < m->stages.n; k++) kernel_finish(m->stages.at[k]);
    kernel_finish(m->main);
    return m;
}
