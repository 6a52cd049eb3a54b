/* SPDX-License-Identifier: Apache-2.0
 *
 * products.c: vector-Jacobian and Jacobian-vector products of a transform. In: a transform as inferred. Out: one
 * whose outputs are the products, by the derivatives that specs can write: the gradient of a number with given
 * weights, the derivative along given directions. From here it is compiled as any other.
 */
#include "products.h"

#include "ad.h"
#include "emit_c.h"

#include <string.h>

/* something that moves: positions, a field of numbers, a strain, a table of parameters */
typedef struct source_of {
    wrt by;
    elem elem;
    set_id *domain;
    uint32_t n;
    unit unit;
    double scale;
    span at;
    const char *name; /* host_r, strain */
} source_of;

typedef struct products {
    arena *a;
    program *p;
    product_kind kind;
    VEC(source_of) moves;
    VEC(def_id) outputs;
} products;

static bool takes_products(const program *p, const def *d)
{
    if (!d->output || d->elem.kind != ELEM_REAL) return false;
    for (uint32_t k = 0; k < d->n_param; k++) {
        const set *s = &p->sets.at[p->ivars.at[d->param[k]].set];
        bool fixed = s->kind == SET_RANGE || s->kind == SET_SPECIES || s->kind == SET_AXIS ||
                     (s->kind == SET_RANK && s->parent == SETIR_NONE);
        if (!fixed && !(k == 0 && s->kind == SET_BASE)) return false;
    }
    return true;
}

static const char *last_word(const char *id)
{
    const char *dot = id ? strrchr(id, '.') : NULL;
    return dot ? dot + 1 : id ? id : "x";
}

static const char *name_in(const products *x, uint32_t of, const char *words)
{
    const program *p = x->p;
    if (of == SETIR_NONE || p->slots.n < 2) return words;
    return arena_printf(x->a, "%s_%s", p->slots.at[of].id ? p->slots.at[of].id : "s", words);
}

/* a parameter by its path; one that is called like a field is set apart */
static const char *param_name(const products *x, const parameter *w)
{
    text t;
    text_init(&t);
    c_identifier(w->path, &t);
    const char *words = text_keep(x->a, &t);
    for (uint32_t k = 0; k < x->moves.n; k++)
        if (!strcmp(x->moves.at[k].name, words)) return arena_printf(x->a, "param_%s", words);
    return words;
}

static void find_params(products *x)
{
    for (uint32_t k = 0; k < x->p->params.n; k++) {
        const parameter *w = &x->p->params.at[k];
        source_of m = {.by = {.kind = WRT_PARAM, .slot = SETIR_NONE, .input = SETIR_NONE, .set = SETIR_NONE, .param = k},
                       .elem = w->elem, .domain = w->domain, .n = w->n_domain, .unit = w->unit, .scale = 1, .at = w->at,
                       .name = param_name(x, w)};
        vec_push(x->a, &x->moves, m);
    }
}

static void find_moves(products *x)
{
    program *p = x->p;
    for (uint32_t k = 0; k < p->inputs.n; k++) {
        const input *in = &p->inputs.at[k];
        if (in->elem.kind != ELEM_REAL || in->elem.channels) continue;
        source_of m = {.by = {.kind = WRT_INPUT, .slot = in->slot, .input = k, .set = SETIR_NONE}, .elem = in->elem,
                       .domain = in->domain, .n = in->n_domain, .unit = in->unit, .scale = in->scale, .at = in->at,
                       .name = name_in(x, in->slot, last_word(in->id))};
        vec_push(x->a, &x->moves, m);
    }
    for (uint32_t k = 0; k < p->slots.n; k++) {
        if (!p->slots.at[k].axes) continue;
        source_of m = {.by = {.kind = WRT_STRAIN, .slot = k, .input = SETIR_NONE, .set = SETIR_NONE},
                       .elem = elem_real(2), .unit = unit_none(), .scale = 1, .at = p->slots.at[k].at,
                       .name = name_in(x, k, "strain")};
        vec_push(x->a, &x->moves, m);
    }
    find_params(x);
}

/* ---- tensors ------------------------------------------------------------------------------------------- */

static ivar_id *params_over(products *x, const set_id *domain, uint32_t n)
{
    ivar_id *q = arena_array(x->a, ivar_id, n + 1);
    for (uint32_t k = 0; k < n; k++)
        q[k] = program_ivar(x->p, (ivar){.set = domain[k], .row = SETIR_NONE, .to = SETIR_NONE, .partner = SETIR_NONE});
    return q;
}

static set_id *domain_of(products *x, const def *d)
{
    set_id *s = arena_array(x->a, set_id, d->n_param + 1);
    for (uint32_t k = 0; k < d->n_param; k++) s[k] = x->p->ivars.at[d->param[k]].set;
    return s;
}

static node_id *indices(products *x, const ivar_id *q, uint32_t n, span at)
{
    node_id *index = arena_array(x->a, node_id, n + 1);
    for (uint32_t k = 0; k < n; k++) index[k] = node_ivar(x->p, q[k], at);
    return index;
}

static def_id tensor(products *x, def d, const char *words)
{
    d.id = words;
    d.type_at = d.lib_at = d.at;
    d.declared = d.elem;
    d.out_scale = 1;
    d.out_unit = unit_none();
    if (d.lib == LIB_NONE)
        d.lib_arg = SETIR_NONE;
    else
        d.body = SETIR_NONE;
    return program_def(x->p, d);
}

/* what a caller hands over: of a set's elements, or of the structure */
static input_id given(products *x, const char *words, elem e, set_id *domain, uint32_t n, uint32_t of, double scale,
                      span at)
{
    bool sites = n && x->p->sets.at[domain[0]].kind == SET_BASE;
    input in = {.role = IN_FIELD, .slot = of, .id = words, .at = at, .elem = e, .unit = unit_none(), .scale = scale,
                .domain = domain, .n_domain = n, .from = sites ? FROM_FIELD : FROM_INFO, .key = words};
    return program_input(x->p, in);
}

static node_id input_at(products *x, input_id in, const node_id *index, span at)
{
    const input *d = &x->p->inputs.at[in];
    return program_node(x->p, OP_INPUT, d->elem, index, d->n_domain, &(node_imm){.input = in}, at);
}

static node_id access_to(products *x, def_id id, const node_id *index)
{
    const def *d = &x->p->defs.at[id];
    return program_node(x->p, OP_ACCESS, d->elem, index, d->n_param, &(node_imm){.def = id}, d->at);
}

/* the slot whose data a table over these sets belongs to */
static uint32_t slot_of(const products *x, const set_id *domain, uint32_t n)
{
    if (n && x->p->sets.at[domain[0]].kind == SET_BASE) return x->p->sets.at[domain[0]].slot;
    return x->p->slots.n ? 0 : SETIR_NONE;
}

/* ---- from the left: weights of the outputs -------------------------------------------------------------- */

static node_id contracted(products *x, node_id a, node_id b, span at)
{
    elem e = x->p->nodes.at[a].elem, one = elem_real(0);
    if (e.rank) return node_2(x->p, OP_DOT, one, a, b, at);
    if (!e.channels) return node_2(x->p, OP_MUL, one, a, b, at);
    node_id sum = SETIR_NONE;
    for (int k = 0; k < e.channels; k++) {
        const node_imm imm = {.k = k};
        node_id left = program_node(x->p, OP_CHANNEL_GET, one, &a, 1, &imm, at);
        node_id right = program_node(x->p, OP_CHANNEL_GET, one, &b, 1, &imm, at);
        node_id both = node_2(x->p, OP_MUL, one, left, right, at);
        sum = sum == SETIR_NONE ? both : node_2(x->p, OP_ADD, one, sum, both, at);
    }
    return sum;
}

static node_id weighted(products *x, def_id id)
{
    const def d = x->p->defs.at[id];
    set_id *domain = domain_of(x, &d);
    elem e = d.elem;
    e.irreps = 0;
    input_id cot = given(x, arena_printf(x->a, "cot_%s", last_word(d.id)), e, domain, d.n_param,
                         slot_of(x, domain, d.n_param), 1, d.at);
    ivar_id *q = params_over(x, domain, d.n_param);
    node_id *index = indices(x, q, d.n_param, d.at);
    node_id each = contracted(x, input_at(x, cot, index, d.at), access_to(x, id, index), d.at);
    if (d.out_scale != 1)
        each = node_2(x->p, OP_MUL, elem_real(0), node_const(x->p, d.out_scale, unit_none(), d.at), each, d.at);
    if (!d.n_param) return each;
    const node_imm imm = {.reduce = RED_SUM, .ivars = q, .n_ivars = d.n_param};
    return program_node(x->p, OP_REDUCE, elem_real(0), &each, 1, &imm, d.at);
}

static void from_left(products *x)
{
    node_id sum = SETIR_NONE;
    span at = x->p->at;
    for (uint32_t k = 0; k < x->outputs.n; k++) {
        node_id one = weighted(x, x->outputs.at[k]);
        sum = sum == SETIR_NONE ? one : node_2(x->p, OP_ADD, elem_real(0), sum, one, at);
        x->p->defs.at[x->outputs.at[k]].output = false;
    }
    def_id total = tensor(x, (def){.at = at, .body = sum}, "weighted");
    for (uint32_t k = 0; k < x->moves.n; k++) {
        const source_of *m = &x->moves.at[k];
        def d = {.at = m->at, .elem = m->elem, .lib = LIB_GRAD, .lib_arg = total, .wrt = m->by, .n_param = m->n,
                 .param = params_over(x, m->domain, m->n), .output = true,
                 .doc = arena_printf(x->a, "Derivative of the weighted outputs by %s.", m->name)};
        def_id made = tensor(x, d, arena_printf(x->a, "%s_bar", m->name));
        x->p->defs.at[made].out_scale = m->scale; /* by the number that a caller gives */
        x->p->defs.at[made].has_unit = m->scale != 1;
    }
}

/* ---- from the right: motion ---------------------------------------------------------------------------- */

static def_id direction(products *x, const source_of *m)
{
    input_id dot = given(x, arena_printf(x->a, "%s_dot", m->name), m->elem, m->domain, m->n,
                         m->by.kind == WRT_PARAM ? slot_of(x, m->domain, m->n) : m->by.slot, m->scale, m->at);
    ivar_id *q = params_over(x, m->domain, m->n);
    node_id body = input_at(x, dot, indices(x, q, m->n, m->at), m->at);
    return tensor(x, (def){.at = m->at, .elem = m->elem, .param = q, .n_param = m->n, .body = body}, m->name);
}

static void from_right(products *x)
{
    def_id *along = arena_array(x->a, def_id, x->moves.n + 1);
    for (uint32_t k = 0; k < x->moves.n; k++) along[k] = direction(x, &x->moves.at[k]);
    for (uint32_t k = 0; k < x->outputs.n; k++) {
        const def d = x->p->defs.at[x->outputs.at[k]];
        set_id *domain = domain_of(x, &d);
        ivar_id *q = params_over(x, domain, d.n_param);
        node_id *index = indices(x, q, d.n_param, d.at), sum = SETIR_NONE;
        for (uint32_t m = 0; m < x->moves.n; m++) {
            def part = {.at = d.at, .elem = d.elem, .lib = LIB_ALONG, .lib_arg = x->outputs.at[k], .along = along[m],
                        .wrt = x->moves.at[m].by, .n_param = d.n_param, .param = params_over(x, domain, d.n_param)};
            node_id one = access_to(x, tensor(x, part, NULL), index);
            sum = sum == SETIR_NONE ? one : node_2(x->p, OP_ADD, d.elem, sum, one, d.at);
        }
        def rate = {.at = d.at, .elem = d.elem, .param = q, .n_param = d.n_param, .body = sum, .output = true,
                    .doc = arena_printf(x->a, "How fast %s changes.", last_word(d.id))};
        def_id made = tensor(x, rate, arena_printf(x->a, "%s_dot", last_word(d.id)));
        def *r = &x->p->defs.at[made];
        r->out_unit = d.out_unit;
        r->out_scale = d.out_scale;
        r->has_unit = d.has_unit;
        r->declared = d.declared;
    }
}

/* ---- the transform ------------------------------------------------------------------------------------- */

compiled *products_make(arena *a, const compiled *t, product_kind kind, diag_sink *sink, text *problem)
{
    products x = {.a = a, .p = program_copy(a, t->inferred), .kind = kind};
    program *p = x.p;
    p->id = arena_printf(a, "%s_%s", t->p->id, kind == PRODUCT_VJP ? "vjp" : "jvp");
    p->claims.n = 0;
    for (uint32_t k = 0; k < p->defs.n; k++) {
        def *d = &p->defs.at[k];
        if (takes_products(p, d))
            vec_push(a, &x.outputs, k);
        else
            d->output = false;
    }
    find_moves(&x);
    if (!x.outputs.n || !x.moves.n) {
        text_printf(problem, x.outputs.n ? "`%s` takes nothing that moves" : "`%s` gives no numbers of the structure or of its sites",
                    t->p->id);
        return NULL;
    }
    if (kind == PRODUCT_VJP)
        from_left(&x);
    else
        from_right(&x);
    compiled *made = arena_new(a, compiled);
    *made = (compiled){.inferred = p, .declared = p, .product = true};
    made->p = ad_expand(a, p, sink);
    if (!made->p) return NULL;
    made->runs = true;
    made->loops = lower_program(a, made->p, sink);
    return made->loops ? made : NULL;
}
