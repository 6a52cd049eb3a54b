/* SPDX-License-Identifier: Apache-2.0
 *
 * interp.c: the oracle. In: a program, a batch view, a frame. Out: values of nodes and tensors, by plain
 * recursion over the definitions. Each node remembers its last value and the bindings of its free index
 * variables at the time, each tensor its elements, so that shared parts are computed once; nothing else is
 * clever. Operations are in interp_node.c, those of the library in interp_lib.c.
 */
#include "interp_internal.h"

#include "setir_eval.h"


#include <math.h>
#include <stdlib.h>
#include <string.h>

#define INTERP_DEPTH 5000               /* nested evaluations; a frame of the C stack each */
#define INTERP_MEMO  (INT64_C(1) << 24) /* larger tensors are computed where they are used */

void interp_fail(interp *x, mtx_status status, const char *message)
{
    x->problem.status = status;
    strncpy(x->problem.message, message, sizeof x->problem.message - 1);
    longjmp(x->landing, 2);
}

/* ----------------------------------------------------------------------------------------------- contexts */

interp *interp_new(const program *p)
{
    interp *x = calloc(1, sizeof *x);
    if (!x) return NULL;
    x->p = p;
    arena_init(&x->memory, &x->landing);
    x->index = calloc(p->ivars.n + 1, sizeof *x->index);
    x->stamp = calloc(p->ivars.n + 1, sizeof *x->stamp);
    x->memo = calloc(p->nodes.n + 1, sizeof *x->memo);
    x->tensor = calloc(p->defs.n + 1, sizeof *x->tensor);
    if (x->index && x->stamp && x->memo && x->tensor) return x;
    interp_free(x);
    return NULL;
}

void interp_free(interp *x)
{
    if (!x) return;
    arena_free(&x->memory);
    free(x->index);
    free(x->stamp);
    free(x->memo);
    free(x->tensor);
    free(x);
}

void interp_bind(interp *x, const mtx_view *view, int64_t frame)
{
    arena_free(&x->memory);
    memset(x->memo, 0, x->p->nodes.n * sizeof *x->memo);
    memset(x->tensor, 0, x->p->defs.n * sizeof *x->tensor);
    memset(x->stamp, 0, x->p->ivars.n * sizeof *x->stamp);
    x->view = view;
    x->frame = frame;
    x->clock = 0;
    x->work = 0;
}

int64_t interp_set_size(const interp *x, set_id s)
{
    int64_t constant = set_constant(x->p, s);
    const int64_t *ptr = x->view->set[set_counted(x->p, s)].ptr;
    if (constant >= 0) return constant;
    return ptr ? ptr[x->frame + 1] - ptr[x->frame] : 0;
}

static int64_t def_elements(const interp *x, def_id d)
{
    int64_t n = 1;
    for (uint32_t k = 0; k < x->p->defs.at[d].n_param; k++) {
        int64_t size = interp_set_size(x, x->p->ivars.at[x->p->defs.at[d].param[k]].set);
        n = size && n > INT64_MAX / 4096 / size ? INT64_MAX / 4096 : n * size;
    }
    return n;
}

int64_t interp_def_size(const interp *x, def_id d)
{
    return def_elements(x, d) * elem_components(x->p->defs.at[d].elem);
}

/* first element of the frame in the batch's arrays; 0 for sets of fixed size */
int64_t interp_first(const interp *x, set_id s)
{
    const set *d = &x->p->sets.at[s];
    if (d->kind > SET_RECIP) return 0;
    const int64_t *ptr = x->view->set[s].ptr;
    return ptr ? ptr[x->frame] : 0;
}

/* ---------------------------------------------------------------------------------------- index variables */

typedef struct binding {
    int64_t index;
    uint64_t stamp;
} binding;

static binding bind(interp *x, ivar_id v, int64_t index)
{
    binding old = {x->index[v], x->stamp[v]};
    x->index[v] = index;
    x->stamp[v] = ++x->clock;
    return old;
}

static void unbind(interp *x, ivar_id v, binding old)
{
    x->index[v] = old.index;
    x->stamp[v] = old.stamp;
}

int64_t interp_index(interp *x, node_id n)
{
    return (int64_t)*interp_eval(x, n);
}

/* does index e of its set satisfy the row, the second end and the partner of the variable? */
static bool admits(interp *x, const ivar *v, int64_t e)
{
    if (v->partner != SETIR_NONE) {
        int64_t other = x->index[v->partner];
        if (v->unordered ? e <= other : e == other) return false;
    }
    if (v->row == SETIR_NONE) return true;
    const mtx_set_view *pairs = &x->view->set[v->set];
    int64_t at = e + interp_first(x, v->set), base = interp_first(x, x->p->sets.at[v->set].parent);
    return pairs->i[at] - base == interp_index(x, v->row) &&
           (v->to == SETIR_NONE || pairs->j[at] - base == interp_index(x, v->to));
}

/* the elements that a variable may take, before `admits`: the row where one is given, else all */
static void bounds(interp *x, const ivar *v, int64_t *lo, int64_t *hi)
{
    *lo = 0;
    *hi = interp_set_size(x, v->set);
    if (v->row == SETIR_NONE || *hi == 0) return;
    const mtx_set_view *pairs = &x->view->set[v->set];
    int64_t i = interp_index(x, v->row) + interp_first(x, x->p->sets.at[v->set].parent);
    int64_t first = interp_first(x, v->set);
    *lo = pairs->row[i] - first;
    *hi = pairs->row[i + 1] - first;
}

/* --------------------------------------------------------------------------------------------- reductions */

typedef struct reducing {
    const node *n;
    double *out;
    uint32_t components;
    int64_t count;
} reducing;

static void reduce_one(interp *x, reducing *r)
{
    if (r->n->n_args == 2 && *interp_eval(x, r->n->arg[1]) == 0) return;
    const double *v = interp_eval(x, r->n->arg[0]);
    r->count++;
    for (uint32_t c = 0; c < r->components; c++) switch (r->n->imm.reduce) {
        case RED_SUM:
        case RED_MEAN: r->out[c] += v[c]; break;
        case RED_PROD: r->out[c] *= v[c]; break;
        case RED_MAX: r->out[c] = eval_binary(OP_MAX2, r->out[c], v[c]); break;
        case RED_MIN: r->out[c] = eval_binary(OP_MIN2, r->out[c], v[c]); break;
        }
}

static void reduce_from(interp *x, reducing *r, uint32_t k)
{
    if (k == r->n->imm.n_ivars) return reduce_one(x, r);
    ivar_id id = r->n->imm.ivars[k];
    const ivar *v = &x->p->ivars.at[id];
    int64_t lo, hi;
    bounds(x, v, &lo, &hi);
    for (int64_t e = lo; e < hi; e++) {
        if (!admits(x, v, e)) continue;
        binding old = bind(x, id, e);
        reduce_from(x, r, k + 1);
        unbind(x, id, old);
    }
}

void interp_reduce(interp *x, const node *n, double *out)
{
    static const double empty[] = {
        [RED_SUM] = 0, [RED_MEAN] = 0, [RED_PROD] = 1, [RED_MAX] = -INFINITY, [RED_MIN] = INFINITY,
    };
    reducing r = {.n = n, .components = elem_components(n->elem)};
    r.out = out; /* the body cannot read it: no node contains itself */
    for (uint32_t c = 0; c < r.components; c++) r.out[c] = empty[n->imm.reduce];
    reduce_from(x, &r, 0);
    for (uint32_t c = 0; c < r.components; c++)
        if (n->imm.reduce == RED_MEAN && r.count) out[c] /= (double)r.count;
}

/* ------------------------------------------------------------------------------------------------ tensors */

static void def_value(interp *x, def_id id, const int64_t *index, double *out)
{
    const def *d = &x->p->defs.at[id];
    uint32_t components = elem_components(d->elem);
    if (d->lib != LIB_NONE) {
        const double *all = interp_library(x, id);
        int64_t at = 0;
        for (uint32_t k = 0; k < d->n_param; k++)
            at = at * interp_set_size(x, x->p->ivars.at[d->param[k]].set) + index[k];
        memcpy(out, all + at * components, components * sizeof *out);
        return;
    }
    binding old[INTERP_SETS];
    for (uint32_t k = 0; k < d->n_param; k++) old[k] = bind(x, d->param[k], index[k]);
    bool fits = true;
    for (uint32_t k = 0; k < d->n_param && fits; k++)
        fits = admits(x, &x->p->ivars.at[d->param[k]], index[k]);
    const double *v = fits ? interp_eval(x, d->body) : NULL;
    for (uint32_t c = 0; c < components; c++) out[c] = fits ? v[c] : NAN;
    for (uint32_t k = d->n_param; k-- > 0;) unbind(x, d->param[k], old[k]);
}

/* is every value settled by the frame alone? */
static bool def_closed(const interp *x, def_id id)
{
    const def *d = &x->p->defs.at[id];
    while (d->lib != LIB_NONE) d = &x->p->defs.at[d->lib_arg];
    return !d->nested;
}

void interp_element(interp *x, def_id id, const int64_t *index, double *out)
{
    const def *d = &x->p->defs.at[id];
    interp_tensor *t = &x->tensor[id];
    uint32_t components = elem_components(d->elem);
    int64_t at = 0, n = def_elements(x, id);
    for (uint32_t k = 0; k < d->n_param; k++) {
        int64_t size = interp_set_size(x, x->p->ivars.at[d->param[k]].set);
        if (index[k] < 0 || index[k] >= size) interp_fail(x, MTX_EDATA, "an index beyond the end of its set");
        at = at * size + index[k];
    }
    if (!def_closed(x, id) || d->lib != LIB_NONE || n > INTERP_MEMO / components)
        return def_value(x, id, index, out);
    if (!t->known) {
        t->value = arena_array(&x->memory, double, n *components);
        t->known = arena_array(&x->memory, bool, n);
    }
    if (!t->known[at]) {
        def_value(x, id, index, t->value + at * components);
        t->known[at] = true;
    }
    memcpy(out, t->value + at * components, components * sizeof *out);
}

void interp_access(interp *x, const node *n, double *out)
{
    const def *d = &x->p->defs.at[n->imm.def];
    int64_t index[INTERP_SETS];
    if (n->n_args > INTERP_SETS)
        interp_fail(x, MTX_EUNSUPPORTED, "a tensor over too many sets for the interpreter");
    for (uint32_t k = 0; k < n->n_args; k++) {
        index[k] = interp_index(x, n->arg[k]);
        if (n->op == OP_PADGET && index[k] >= interp_set_size(x, x->p->ivars.at[d->param[k]].set)) {
            memset(out, 0, elem_components(n->elem) * sizeof *out);
            return;
        }
    }
    interp_element(x, n->imm.def, index, out);
}

const double *interp_eval(interp *x, node_id id)
{
    const node *n = &x->p->nodes.at[id];
    interp_memo *m = &x->memo[id];
    if (!m->value) {
        m->value = arena_array(&x->memory, double, elem_components(n->elem));
        m->stamp = arena_array(&x->memory, uint64_t, n->n_free);
    }
    bool same = m->known;
    for (uint32_t k = 0; k < n->n_free && same; k++) same = m->stamp[k] == x->stamp[n->free[k]];
    if (same) return m->value;
    if (++x->depth > INTERP_DEPTH)
        interp_fail(x, MTX_EUNSUPPORTED, "the program is nested too deeply for the interpreter");
    interp_operation(x, n, m->value);
    if (++x->work == x->work_most) interp_fail(x, MTX_EUNSUPPORTED, "more effort than was asked for");
    x->depth--;
    for (uint32_t k = 0; k < n->n_free; k++) m->stamp[k] = x->stamp[n->free[k]];
    m->known = true;
    return m->value;
}

/* ------------------------------------------------------------------------------------------- entry points */

/* after a jump: 1 from the arena, 2 from interp_fail */
static mtx_status landed(interp *x, int how, mtx_problem *problem)
{
    if (how == 1) {
        x->problem.status = MTX_ENOMEM;
        strcpy(x->problem.message, "memory exhausted");
    }
    x->problem.frame = x->frame;
    x->problem.line = x->problem.atom = -1;
    if (problem) *problem = x->problem;
    mtx_status status = x->problem.status;
    interp_bind(x, x->view, x->frame);
    return status;
}

mtx_status interp_def(interp *x, def_id d, double *out, mtx_problem *problem)
{
    return interp_some(x, d, NULL, def_elements(x, d), out, problem);
}

mtx_status interp_some(interp *x, def_id d, const int64_t *which, int64_t n, double *out,
                       mtx_problem *problem)
{
    int how = setjmp(x->landing);
    if (how) return landed(x, how, problem);
    x->depth = 0;
    const def *t = &x->p->defs.at[d];
    uint32_t components = elem_components(t->elem);
    int64_t index[INTERP_SETS];
    if (t->n_param > INTERP_SETS)
        interp_fail(x, MTX_EUNSUPPORTED, "a tensor over too many sets for the interpreter");
    for (int64_t at = 0; at < n; at++) {
        int64_t rest = which ? which[at] : at;
        for (uint32_t k = t->n_param; k-- > 0;) {
            int64_t size = interp_set_size(x, x->p->ivars.at[t->param[k]].set);
            index[k] = rest % size;
            rest /= size;
        }
        interp_element(x, d, index, out + at * components);
    }
    return MTX_OK;
}

mtx_status interp_node(interp *x, node_id n, const ivar_id *v, const int64_t *index, uint32_t count,
                       double *out, mtx_problem *problem)
{
    int how = setjmp(x->landing);
    if (how) return landed(x, how, problem);
    x->depth = 0;
    for (uint32_t k = 0; k < count; k++) bind(x, v[k], index[k]);
    memcpy(out, interp_eval(x, n), elem_components(x->p->nodes.at[n].elem) * sizeof *out);
    for (uint32_t k = 0; k < count; k++) x->stamp[v[k]] = 0;
    return MTX_OK;
}

int interp_stage(void *user, int32_t s, const mtx_view *view, double *cutoff)
{
    interp *x = user;
    for (int64_t f = 0; f < view->nb; f++) {
        interp_bind(x, view, f);
        if (interp_node(x, x->p->sets.at[s].cutoff, NULL, NULL, 0, &cutoff[f], NULL) != MTX_OK)
            return (int)f + 1;
    }
    return 0;
}
