/* SPDX-License-Identifier: Apache-2.0
 *
 * infer_param.c: `param` lines. In: names, a type over sets of fixed size, how training is to begin. Out: parameters of
 * the program, a value for each. One belongs to the place in the text where its transform is called (a site), so that a
 * function that contains a call is one function however often it is called. Paths: params_finish. Not here: derivatives by
 * parameters (infer_grad.c), values (files, read when a transform is run).
 */
#include "infer_internal.h"

#include <math.h>
#include <string.h>

/* ---- sites --------------------------------------------------------------------------------------------- */

/* the name on the left where the right side is the call alone, else that of the transform */
static name word_of(const instance *in, const expr *call, const decl *d)
{
    for (uint32_t k = 0; in && k < in->d->n; k++) {
        const stmt *st = in->d->body[k];
        if ((st->kind == S_LET || st->kind == S_GIVES) && st->def.value == call) {
            return st->def.lhs.id;
        }
    }
    return d->id.id;
}

/* in a test all calls of a transform are of that one: its parameters are the ones that are tested */
call_site *param_site(infer *x, const scope *s, const expr *call, const decl *d)
{
    const instance *in = s->inst;
    const void *written = !in || in->d->kind == D_TEST ? (const void *)d : call;
    call_site *outer = in ? in->site : NULL;
    for (uint32_t k = 0; k < x->sites.n; k++) {
        call_site *o = x->sites.at[k];
        if (o->place == written && o->outer == outer) {
            return o;
        }
    }
    call_site *made = arena_new(x->a, call_site);
    *made = (call_site){.outer = outer, .place = written, .word = word_of(in, call, d), .at = call->at};
    vec_push(x->a, &x->sites, made);
    return made;
}

/* ---- one line ------------------------------------------------------------------------------------------ */

static bool refuse_type(infer *x, const ast_type *t, elem e, bool pseudo, bool point)
{
    const char *why = NULL;
    if (e.kind != ELEM_REAL) {
        why = "only real numbers can be trained";
    } else if (e.irreps || e.rank) {
        why = "what is trained is the same for every structure: it would not turn with one";
    } else if (pseudo || point) {
        why = "what is trained is the same for every structure: it would not move with one";
    }
    if (!why) {
        return false;
    }
    diag *d = infer_report(x, D_PARAM_TYPE, t->at, point ? "point" : pseudo ? "pseudoscalar" : elem_text(x, e));
    diag_label_primary(x->sink, d, "%s", why);
    if (e.kind == ELEM_REAL) {
        diag_help(x->sink, d, "scalar, or scalar^n   that weigh vectors of the structure:  w * b.d");
    }
    return true;
}

static bool refuse_set(infer *x, const ast_type *t, uint32_t k, set_id s)
{
    if (parameter_set_size(x->p, s)) {
        return false;
    }
    diag *d = infer_report(x, D_PARAM_SET, t->domain[k].at, set_text(x, s));
    diag_label_primary(x->sink, d, "each structure has its own");
    diag_help(x->sink, d, "set z = species(Mo, S)   param w : z -> scalar   ... w[s.Z[i]]");
    return true;
}

/* factors of the type may be powers: the one that gave set number k */
static uint32_t factor_of(infer *x, scope *s, const ast_type *t, uint32_t k)
{
    uint32_t f = 0;
    for (uint32_t used = 0; f + 1 < t->n_domain; f++) {
        used += (uint32_t)domain_power(x, s, &t->domain[f]);
        if (k < used) {
            break;
        }
    }
    return f;
}

static bool read_param_type(infer *x, scope *s, const stmt *st, parameter *w)
{
    const ast_type *t = st->decl.type;
    bool pseudo, point;
    if (!t || !type_domain(x, s, t, &w->domain, &w->n_domain) || !type_elem(x, s, t, &w->elem, &w->unit, &w->scale, &pseudo, &point) ||
        refuse_type(x, t, w->elem, pseudo, point)) {
        return false;
    }
    for (uint32_t k = 0; k < w->n_domain; k++) {
        if (refuse_set(x, t, factor_of(x, s, t, k), w->domain[k])) {
            return false;
        }
    }
    if (w->n_domain > DOMAIN_POWER_MOST) {
        diag *d = infer_report(x, D_NOT_YET, t->at, "parameters over more than eight sets");
        diag_label_primary(x->sink, d, "too many indices");
        return false;
    }
    uint64_t n = parameter_numbers(x->p, w);
    if (!n || n + program_param_numbers(x->p) > PARAM_NUMBERS_MOST) {
        infer_complain(x, D_PARAM_SIZE, t->at, "too many numbers");
        return false;
    }
    return true;
}

/* ---- init ---------------------------------------------------------------------------------------------- */

static bool init_fault(infer *x, const stmt *st, const char *label, const char *help)
{
    diag *d = infer_report(x, D_PARAM_INIT, st->decl.init_at, st->decl.init);
    diag_label_primary(x->sink, d, "%s", label);
    if (help) {
        diag_help(x->sink, d, "init %s", help);
    }
    return false;
}

static bool unknown_init(infer *x, const stmt *st)
{
    const char *words[INIT_COUNT_];
    for (int k = 1; k < INIT_COUNT_; k++) {
        words[k - 1] = init_table[k].word;
    }
    const char *near = text_closest(st->decl.init, words, INIT_COUNT_ - 1);
    return init_fault(x, st, "zeros, ones, constant(x), normal(deviation), uniform(least, most) and glorot are known", near);
}

static bool read_init_value(infer *x, scope *s, const stmt *st, uint32_t k, parameter *w)
{
    const expr *e = st->decl.init_arg[k].value;
    node_id n = infer_real(x, s, e, 0);
    if (n == SETIR_NONE) {
        return false;
    }
    if (!unit_equal(infer_unit(x, n), w->unit)) {
        diag *d = infer_report(x, D_UNIT_DECLARED, e->at, infer_unit_text(x, w->unit), infer_unit_text(x, infer_unit(x, n)));
        diag_label_primary(x->sink, d, "has the unit %s", infer_unit_text(x, infer_unit(x, n)));
        diag_label_at(x->sink, d, st->decl.type->at, "the parameter's unit");
        return false;
    }
    return (const_value(x, n, &w->init_value[k]) && isfinite(w->init_value[k])) || init_fault(x, st, "this is no number known when compiling", NULL);
}

static bool read_init(infer *x, scope *s, const stmt *st, parameter *w)
{
    if (!st->decl.init) {
        return true;
    }
    while (w->init < INIT_COUNT_ && strcmp(init_table[w->init].word, st->decl.init) != 0) {
        w->init++;
    }
    if (w->init == INIT_COUNT_) {
        return unknown_init(x, st);
    }
    const init_row *row = &init_table[w->init];
    if (st->decl.n_init != row->args) {
        return init_fault(x, st, row->args ? "a number is missing, or one too many" : "takes no number", row->sig);
    }
    for (uint32_t k = 0; k < row->args; k++) {
        if (!read_init_value(x, s, st, k, w)) {
            return false;
        }
    }
    const double *v = w->init_value;
    if (w->init == INIT_GLOROT && w->n_domain + (w->elem.channels > 1) < 2) {
        return init_fault(x, st, "goes by the sizes of two sets: numbers in and numbers out", "normal(0.1)");
    }
    if ((w->init == INIT_NORMAL && v[0] <= 0) || (w->init == INIT_UNIFORM && v[1] <= v[0])) {
        return init_fault(x, st, w->init == INIT_NORMAL ? "a deviation is positive" : "least comes before most", row->sig);
    }
    return true;
}

/* ---- values -------------------------------------------------------------------------------------------- */

static value value_of(infer *x, param_id id, span at)
{
    const parameter w = x->p->params.at[id];
    ivar_id *iv = arena_array(x->a, ivar_id, w.n_domain + 1);
    node_id *index = arena_array(x->a, node_id, w.n_domain + 1);
    for (uint32_t k = 0; k < w.n_domain; k++) {
        iv[k] = bind_one(x, NULL, NULL, (value){.kind = V_SET, .set = w.domain[k]}, at);
        index[k] = node_ivar(x->p, iv[k], at);
    }
    node_imm imm = {.param = id};
    node_id body = mk(x, OP_PARAM, w.elem, index, w.n_domain, &imm, at);
    if (!w.n_domain) {
        return value_node(body, at);
    }
    return (value){.kind = V_TENSOR, .at = at, .def = SETIR_NONE, .node = body, .ivar = iv, .n = w.n_domain, .domain = w.domain};
}

value infer_param(infer *x, scope *s, const entry *e)
{
    const call_site *site = s->inst ? s->inst->site : NULL;
    for (uint32_t k = 0; k < x->trained.n; k++) {
        const trained *t = &x->trained.at[k];
        if (t->site == site && t->st == e->st && x->p->params.at[t->id].id == e->id) {
            return value_of(x, t->id, e->at);
        }
    }
    parameter w = {.id = e->id, .path = e->id, .at = e->at};
    if (e->st->decl.type) {
        w.type_at = e->st->decl.type->at;
    }
    if (!read_param_type(x, s, e->st, &w) || !read_init(x, s, e->st, &w)) {
        return value_error(e->at);
    }
    trained made = {.site = site, .st = e->st, .id = program_param(x->p, w)};
    vec_push(x->a, &x->trained, made);
    return value_of(x, made.id, e->at);
}

/* ---- when a transform is read -------------------------------------------------------------------------- */

/* sites that hold parameters, or sites that do */
static void mark_holding(infer *x)
{
    for (uint32_t k = 0; k < x->trained.n; k++) {
        for (const call_site *c = x->trained.at[k].site; c; c = c->outer) {
            for (uint32_t j = 0; j < x->sites.n; j++) {
                x->sites.at[j]->holds |= x->sites.at[j] == c;
            }
        }
    }
}

/* by the place in the text, whatever was read first */
static name site_name(infer *x, const call_site *c)
{
    uint32_t before = 0, alike = 0;
    for (uint32_t k = 0; k < x->sites.n; k++) {
        const call_site *o = x->sites.at[k];
        if (o->holds && o->outer == c->outer && o->word == c->word) {
            alike++;
            before += o->at.start < c->at.start;
        }
    }
    return alike > 1 ? arena_printf(x->a, "%s[%u]", c->word, before) : c->word;
}

static name path_of(infer *x, const call_site *c, name id)
{
    for (; c; c = c->outer) {
        id = arena_printf(x->a, "%s.%s", site_name(x, c), id);
    }
    return id;
}

/* what the outputs are made of */
typedef struct reach {
    infer *x;
    bool *node, *def, *param;
} reach;

static void reach_def(reach *r, def_id id);

static void reach_node(reach *r, node_id n)
{
    if (n == SETIR_NONE || r->node[n]) {
        return;
    }
    r->node[n] = true;
    const node *d = &r->x->p->nodes.at[n];
    for (uint32_t k = 0; k < d->n_args; k++) {
        reach_node(r, d->arg[k]);
    }
    for (uint32_t k = 0; k < d->imm.n_ivars; k++) {
        reach_node(r, r->x->p->ivars.at[d->imm.ivars[k]].row);
    }
    if (d->op == OP_PARAM) {
        r->param[d->imm.param] = true;
    } else if (d->op == OP_ACCESS || d->op == OP_PADGET) {
        reach_def(r, d->imm.def);
    }
}

static void reach_def(reach *r, def_id id)
{
    if (r->def[id]) {
        return;
    }
    r->def[id] = true;
    const def *d = &r->x->p->defs.at[id];
    if (d->lib == LIB_NONE) {
        reach_node(r, d->body);
        return;
    }
    reach_def(r, d->lib_arg);
    if (d->lib == LIB_ALONG) {
        reach_def(r, d->along);
    }
}

static reach reach_new(infer *x)
{
    return (reach){x, arena_array(x->a, bool, x->p->nodes.n + 1), arena_array(x->a, bool, x->p->defs.n + 1),
                   arena_array(x->a, bool, x->p->params.n + 1)};
}

/* one that the value depends on; arguments of functions that are read alone have no path */
param_id param_mentioned(infer *x, node_id n)
{
    if (!x->p->params.n) {
        return SETIR_NONE;
    }
    reach r = reach_new(x);
    reach_node(&r, n);
    param_id k = 0;
    while (k < x->p->params.n && !(r.param[k] && x->p->params.at[k].path)) {
        k++;
    }
    return k < x->p->params.n ? k : SETIR_NONE;
}

static void warn_unused(infer *x)
{
    reach r = reach_new(x);
    for (uint32_t k = 0; k < x->p->defs.n; k++) {
        if (x->p->defs.at[k].output) {
            reach_def(&r, k);
        }
    }
    for (uint32_t k = 0; k < x->trained.n; k++) {
        const trained *t = &x->trained.at[k];
        const parameter *w = &x->p->params.at[t->id];
        if (r.param[t->id]) {
            continue;
        }
        diag *d = diag_report(x->sink, D_PARAM_UNUSED, w->at, w->path);
        diag_label_primary(x->sink, d, "no output depends on it");
        if (t->site) {
            diag_label_at(x->sink, d, t->site->at, "in this call");
        }
    }
}

void params_finish(infer *x, bool whole)
{
    mark_holding(x);
    for (uint32_t k = 0; k < x->trained.n; k++) {
        parameter *w = &x->p->params.at[x->trained.at[k].id];
        w->path = intern_s(x->names, path_of(x, x->trained.at[k].site, w->id));
    }
    if (whole) {
        warn_unused(x);
    }
}
