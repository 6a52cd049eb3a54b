/* SPDX-License-Identifier: Apache-2.0
 *
 * rewrite_sums.c: rules of reductions. In: a reduction in normal form. Out: an equal one that costs less:
 * numbers that a factor or a choice makes 0 are not counted, whatever the other factors are (so that
 * lower_reduce.c sees what selects them), and a double sum of a product is a product of sums (structure
 * factors: the work of N atoms, not of N^2 pairs).
 */
#include "rewrite.h"

#include <math.h>
#include <string.h>

enum { FACTORS_MOST = 24, VARS_MOST = 6, TAME_MOST = 200 };

typedef struct summed {
    rewriter *r;
    program *p;
    elem e;
    node_id body, where;
    const node_imm *imm;
    span at;
} summed;

static const node *look(const summed *x, node_id n)
{
    return &x->p->nodes.at[n];
}

static bool all_equal(const node *n, double value)
{
    if (n->op != OP_CONST || n->elem.channels) return false;
    for (uint32_t k = 0; k < elem_components(n->elem); k++)
        if (n->imm.value[k] != value) return false;
    return true;
}

static bool is_number(elem e)
{
    return e.kind == ELEM_REAL && e.rank == 0 && e.channels == 0;
}

static node_id product(const summed *x, node_id a, node_id b)
{
    return rule_node(x->r, OP_MUL, look(x, b)->elem, (node_id[]){a, b}, 2, NULL, x->at);
}

static node_id both(const summed *x, node_id a, node_id b)
{
    return a == SETIR_NONE ? b : rule_node(x->r, OP_AND, elem_bool(), (node_id[]){a, b}, 2, NULL, x->at);
}

static node_id negation(const summed *x, node_id a)
{
    return rule_node(x->r, OP_NOT, elem_bool(), &a, 1, NULL, x->at);
}

static node_id rebuilt(const summed *x, reduction op, node_id body, node_id where)
{
    node_imm imm = *x->imm;
    imm.reduce = op;
    node_id args[2] = {body, where};
    return rule_node(x->r, OP_REDUCE, x->e, args, where == SETIR_NONE ? 1 : 2, &imm, x->at);
}

/* ---- conditions hidden in the body --------------------------------------------------------------------- */

/* body = (condition ? *rest : 0), as a choice or as a factor that is 1 or 0 */
static bool guarded_body(const summed *x, node_id body, node_id *condition, node_id *rest)
{
    const node *n = look(x, body);
    if (n->op == OP_SELECT && all_equal(look(x, n->arg[2]), 0)) {
        *condition = n->arg[0];
        *rest = n->arg[1];
        return true;
    }
    if (n->op == OP_SELECT && all_equal(look(x, n->arg[1]), 0)) {
        *condition = negation(x, n->arg[0]);
        *rest = n->arg[2];
        return true;
    }
    for (uint32_t k = 0; n->op == OP_MUL && k < 2; k++) {
        node_id inner, other = n->arg[1 - k];
        if (!guarded_body(x, n->arg[k], condition, &inner)) continue;
        *rest = k == 0 ? product(x, inner, other) : product(x, other, inner);
        return true;
    }
    return false;
}

static bool mentions_bound(const summed *x, node_id n)
{
    for (uint32_t k = 0; k < x->imm->n_ivars; k++)
        if (program_depends(x->p, n, x->imm->ivars[k])) return true;
    return false;
}

/* mean over one set: the sum over the number of elements, also of those that add nothing */
static node_id mean_of_guarded(const summed *x, node_id condition, node_id rest)
{
    const ivar v = x->p->ivars.at[x->imm->ivars[0]];
    if (x->imm->n_ivars != 1 || x->where != SETIR_NONE || v.partner != SETIR_NONE) return SETIR_NONE;
    node_id count = program_node(x->p, OP_COUNT, elem_real(0), &v.row, v.row != SETIR_NONE,
                                 &(node_imm){.set = v.set}, x->at);
    node_id sum = rebuilt(x, RED_SUM, rest, condition), zero = node_const(x->p, 0, unit_none(), x->at);
    node_id ratio = rule_node(x->r, OP_DIV, x->e, (node_id[]){sum, count}, 2, NULL, x->at);
    node_id any = rule_node(x->r, OP_LT, elem_bool(), (node_id[]){zero, count}, 2, NULL, x->at);
    node_id none = program_node(x->p, OP_CONST, x->e, NULL, 0, &(node_imm){.unit = unit_none()}, x->at);
    return rule_node(x->r, OP_SELECT, x->e, (node_id[]){any, ratio, none}, 3, NULL, x->at);
}

static node_id rule_guarded(const summed *x)
{
    node_id condition, rest;
    if (x->e.channels || !guarded_body(x, x->body, &condition, &rest) || !mentions_bound(x, condition))
        return SETIR_NONE;
    if (x->imm->reduce == RED_MEAN) return mean_of_guarded(x, condition, rest);
    return rebuilt(x, RED_SUM, rest, both(x, x->where, condition));
}

/* ---- sums of products ---------------------------------------------------------------------------------- */

typedef struct factors {
    node_id at[FACTORS_MOST];
    uint32_t n;
    bool too_many;
} factors;

static void split_factors(const summed *x, node_id n, factors *f)
{
    const node *e = look(x, n);
    if (e->op == OP_MUL && is_number(e->elem)) {
        split_factors(x, e->arg[0], f);
        split_factors(x, e->arg[1], f);
    } else if (f->n < FACTORS_MOST) {
        f->at[f->n++] = n;
    } else {
        f->too_many = true;
    }
}

/* part[k]: number of the part that variable k belongs to; variables that one factor or range mentions are
 * in one part */
typedef struct parts {
    uint8_t of[VARS_MOST];
    uint32_t n;
} parts;

static void join(parts *p, uint32_t n_vars, uint8_t a, uint8_t b)
{
    if (a == b) return;
    for (uint32_t k = 0; k < n_vars; k++)
        if (p->of[k] == b) p->of[k] = a;
    p->n--;
}

static void join_mentioned(const summed *x, parts *p, node_id n, uint32_t first)
{
    for (uint32_t k = 0; n != SETIR_NONE && k < x->imm->n_ivars; k++)
        if (program_depends(x->p, n, x->imm->ivars[k])) {
            if (first == SETIR_NONE) first = k;
            join(p, x->imm->n_ivars, p->of[first], p->of[k]);
        }
}

static parts parts_of(const summed *x, const factors *f)
{
    parts p = {.n = x->imm->n_ivars};
    for (uint32_t k = 0; k < x->imm->n_ivars; k++) p.of[k] = (uint8_t)k;
    for (uint32_t k = 0; k < x->imm->n_ivars; k++)
        join_mentioned(x, &p, x->p->ivars.at[x->imm->ivars[k]].row, k);
    for (uint32_t k = 0; k < f->n; k++) join_mentioned(x, &p, f->at[k], SETIR_NONE);
    return p;
}

/* the sum over some of the variables, with the names it would have had alone */
static node_id sum_over(const summed *x, const ivar_id *v, uint32_t n, node_id body)
{
    ivar_list avoid = {0};
    const node *b = look(x, body);
    for (uint32_t k = 0; k < b->n_free; k++)
        if (!ivar_list_has(v, n, b->free[k])) ivar_list_add(x->p->memory, &avoid, b->free[k]);
    ivar_id fresh[VARS_MOST];
    node_id to[VARS_MOST];
    for (uint32_t k = 0; k < n; k++) {
        ivar range = x->p->ivars.at[v[k]];
        if (range.row != SETIR_NONE) range.row = rewrite_rename(x->r, range.row, v, to, k);
        ivar_list_add_free(x->p, &avoid, range.row);
        fresh[k] = rewrite_canonical(x->r, range, &avoid);
        ivar_list_add(x->p->memory, &avoid, fresh[k]);
        to[k] = node_ivar(x->p, fresh[k], x->at);
    }
    body = rewrite_rename(x->r, body, v, to, n);
    node_imm imm = {.reduce = RED_SUM, .ivars = fresh, .n_ivars = n};
    return rule_node(x->r, OP_REDUCE, elem_real(0), &body, 1, &imm, x->at);
}

static node_id product_of_sums(const summed *x, const factors *f, const parts *p)
{
    node_id out = SETIR_NONE;
    for (uint32_t k = 0; k < f->n; k++)
        if (!mentions_bound(x, f->at[k])) out = out == SETIR_NONE ? f->at[k] : product(x, out, f->at[k]);
    for (uint32_t part = 0; part < x->imm->n_ivars; part++) {
        ivar_id v[VARS_MOST];
        uint32_t n = 0;
        node_id body = SETIR_NONE;
        for (uint32_t k = 0; k < x->imm->n_ivars; k++)
            if (p->of[k] == part) v[n++] = x->imm->ivars[k];
        for (uint32_t k = 0; n && k < f->n; k++)
            for (uint32_t m = 0; m < n; m++)
                if (program_depends(x->p, f->at[k], v[m])) {
                    body = body == SETIR_NONE ? f->at[k] : product(x, body, f->at[k]);
                    break;
                }
        if (!n) continue;
        node_id sum = sum_over(x, v, n, body == SETIR_NONE ? node_const(x->p, 1, unit_none(), x->at) : body);
        out = out == SETIR_NONE ? sum : product(x, out, sum);
    }
    return out;
}

/* the product with factor number `at` replaced by the factors of `term` */
static factors with_term(const summed *x, const factors *f, uint32_t at, node_id term)
{
    factors g = {.n = 0};
    for (uint32_t k = 0; k < f->n; k++)
        if (k != at) g.at[g.n++] = f->at[k];
    split_factors(x, term, &g);
    return g;
}

static node_id rule_separable(const summed *x)
{
    factors f = {.n = 0};
    if (x->where != SETIR_NONE || !is_number(x->e) || x->imm->n_ivars < 2 || x->imm->n_ivars > VARS_MOST)
        return SETIR_NONE;
    for (uint32_t k = 0; k < x->imm->n_ivars; k++)
        if (x->p->ivars.at[x->imm->ivars[k]].partner != SETIR_NONE) return SETIR_NONE;
    split_factors(x, x->body, &f);
    parts p = parts_of(x, &f);
    if (f.too_many) return SETIR_NONE;
    if (p.n > 1) return product_of_sums(x, &f, &p);
    for (uint32_t k = 0; k < f.n; k++) { /* c (a_i b_j + d_i e_j): two products */
        const node *sum = look(x, f.at[k]);
        if (sum->op != OP_ADD && sum->op != OP_SUB) continue;
        factors side[2] = {with_term(x, &f, k, sum->arg[0]), with_term(x, &f, k, sum->arg[1])};
        parts q[2] = {parts_of(x, &side[0]), parts_of(x, &side[1])};
        if (side[0].too_many || side[1].too_many || q[0].n < 2 || q[1].n < 2) continue;
        node_op op = sum->op;
        node_id a = product_of_sums(x, &side[0], &q[0]), b = product_of_sums(x, &side[1], &q[1]);
        return rule_node(x->r, op, elem_real(0), (node_id[]){a, b}, 2, NULL, x->at);
    }
    return SETIR_NONE;
}

/* ---- factors that stand still -------------------------------------------------------------------------- */

/* c f(k) summed over k is c times a sum: `still` takes c, its numbers in *number, `left` the rest */
typedef struct pulled {
    factors still, left;
    double number;
} pulled;

static bool is_tame(const program *p, node_id id, bool overflow, int *budget)
{
    const node *n = &p->nodes.at[id];
    if (--*budget < 0) return false;
    switch ((int)n->op) {
    case OP_CONST: return isfinite(n->imm.value[0]);
    case OP_EXP: return overflow;
    case OP_PAIR_D:
    case OP_RECIP_K:
    case OP_CELL_VEC:
    case OP_INPUT:
    case OP_PARAM:
    case OP_INDEX_REAL:
    case OP_PROTONS:
    case OP_ELEMENT_DATA: return true;
    case OP_DIV: {
        const node *d = &p->nodes.at[n->arg[1]];
        bool pole = !(d->op == OP_CONST && d->imm.value[0] != 0) &&
                    !(d->op == OP_NORM && p->nodes.at[d->arg[0]].op == OP_PAIR_D); /* atoms never coincide */
        if (pole) return false;
        break;
    }
    case OP_ADD:
    case OP_SUB:
    case OP_MUL:
    case OP_NEG:
    case OP_NORM:
    case OP_DOT:
    case OP_SIN:
    case OP_COS:
    case OP_CUTOFF: break;
    case OP_PHASE: return is_tame(p, n->arg[1], overflow, budget);
    case OP_SELECT: return is_tame(p, n->arg[1], overflow, budget) && is_tame(p, n->arg[2], overflow, budget);
    default: return false;
    }
    for (uint32_t k = 0; k < n->n_args; k++)
        if (!is_tame(p, n->arg[k], overflow, budget)) return false;
    return true;
}

bool rewrite_tame(const program *p, node_id n, bool overflow)
{
    int budget = TAME_MOST;
    return is_tame(p, n, overflow, &budget);
}

static factors *place_for(const summed *x, pulled *out, node_id n, bool depends)
{
    /* Before a sum without elements, which is 0, an infinite factor would make NaN of it; an exponential that
     * overflows does so beside the sum, too. */
    return depends || !rewrite_tame(x->p, n, true) ? &out->left : &out->still;
}

static void put_factor(factors *f, node_id n)
{
    f->too_many |= f->n == FACTORS_MOST;
    if (!f->too_many) f->at[f->n++] = n;
}

static void pull(const summed *x, node_id n, pulled *out)
{
    const node e = *look(x, n);
    bool depends = mentions_bound(x, n);
    if (e.op == OP_CONST && is_number(e.elem)) {
        out->number *= e.imm.value[0];
    } else if (e.op == OP_NEG && is_number(e.elem)) {
        out->number = -out->number;
        pull(x, e.arg[0], out);
    } else if (depends && e.op == OP_MUL && is_number(e.elem)) {
        pull(x, e.arg[0], out);
        pull(x, e.arg[1], out);
    } else if (depends && e.op == OP_DIV && is_number(e.elem) && !mentions_bound(x, e.arg[1])) {
        node_id one = node_const(x->p, 1, unit_none(), x->at);
        node_id inverse = rule_node(x->r, OP_DIV, e.elem, (node_id[]){one, e.arg[1]}, 2, NULL, x->at);
        pull(x, e.arg[0], out);
        put_factor(place_for(x, out, inverse, false), inverse);
    } else {
        put_factor(place_for(x, out, n, depends), n);
    }
}

/* a pair's distance times its inverse, which derivatives of angles are full of */
static void cancel_distances(const summed *x, factors *f)
{
    for (uint32_t k = 0; k < f->n; k++) {
        const node *d = look(x, f->at[k]);
        if (d->op != OP_DIV || look(x, d->arg[0])->op != OP_CONST || look(x, d->arg[0])->imm.value[0] != 1) continue;
        const node *norm = look(x, d->arg[1]);
        if (norm->op != OP_NORM || look(x, norm->arg[0])->op != OP_PAIR_D) continue;
        for (uint32_t m = 0; m < f->n; m++) {
            if (f->at[m] != d->arg[1]) continue;
            uint32_t first = k < m ? k : m, second = k < m ? m : k;
            f->at[second] = f->at[--f->n];
            f->at[first] = f->at[--f->n];
            k = first - 1; /* what stands there now is looked at next */
            break;
        }
    }
}

/* the product in the order of the nodes: equal products are one node */
static node_id product_sorted(const summed *x, factors *f)
{
    node_id all = SETIR_NONE;
    cancel_distances(x, f);
    for (uint32_t k = 1; k < f->n; k++)
        for (uint32_t m = k; m > 0 && f->at[m - 1] > f->at[m]; m--) {
            node_id before = f->at[m - 1];
            f->at[m - 1] = f->at[m];
            f->at[m] = before;
        }
    for (uint32_t k = 0; k < f->n; k++) all = all == SETIR_NONE ? f->at[k] : product(x, all, f->at[k]);
    return all;
}

/* Numbers, and what no variable of the sum changes, stand before it: sums that differ in them only are one. */
static node_id rule_still(const summed *x)
{
    node_id body = x->body, vector = SETIR_NONE;
    pulled f = {.number = 1};
    bool negative = false;
    if (x->e.channels || x->imm->reduce != RED_SUM || !mentions_bound(x, body)) return SETIR_NONE;
    if (look(x, body)->op == OP_NEG) {
        negative = true;
        body = look(x, body)->arg[0];
    }
    if (is_number(x->e)) {
        pull(x, body, &f);
    } else {
        const node *n = look(x, body);
        if (n->op == OP_MUL && is_number(look(x, n->arg[0])->elem) && mentions_bound(x, n->arg[1])) {
            vector = n->arg[1];
            pull(x, n->arg[0], &f);
        } else if (!negative) {
            return SETIR_NONE;
        } else {
            vector = body;
        }
    }
    if ((!f.still.n && f.number == 1 && !negative) || f.still.too_many || f.left.too_many) return SETIR_NONE;
    node_id left = product_sorted(x, &f.left), still = product_sorted(x, &f.still);
    if (vector != SETIR_NONE) left = left == SETIR_NONE ? vector : product(x, left, vector);
    if (left == SETIR_NONE) left = node_const(x->p, 1, unit_none(), x->at);
    node_id sum = rebuilt(x, RED_SUM, left, x->where);
    if (still != SETIR_NONE) sum = product(x, still, sum);
    if (negative) f.number = -f.number;
    return f.number == 1 ? sum : product(x, node_const(x->p, f.number, unit_none(), x->at), sum);
}

/* ---- sums that one atom's part of a sum keeps apart ------------------------------------------------------ */

/* what a sum over the variables needs, and what stands before it */
static bool split_still(const summed *x, const factors *f, factors *needed, factors *still)
{
    *needed = *still = (factors){.n = 0};
    for (uint32_t k = 0; k < f->n; k++) {
        if (mentions_bound(x, f->at[k]))
            put_factor(needed, f->at[k]);
        else if (rewrite_tame(x->p, f->at[k], true))
            put_factor(still, f->at[k]);
        else
            return false;
    }
    return needed->n > 0 && !f->too_many;
}

static bool any_depends(const summed *x, const factors *f, ivar_id u)
{
    for (uint32_t k = 0; k < f->n; k++)
        if (program_depends(x->p, f->at[k], u)) return true;
    return false;
}

/* a site that the sum depends on and neither of its two sides does, rows included */
static bool sets_free(const summed *x, const factors needed[2])
{
    const node *body = look(x, x->body);
    for (uint32_t k = 0; k < body->n_free; k++) {
        ivar_id u = body->free[k];
        bool bound = ivar_list_has(x->imm->ivars, x->imm->n_ivars, u);
        if (bound || x->p->sets.at[x->p->ivars.at[u].set].kind != SET_BASE) continue;
        bool rows = false;
        for (uint32_t m = 0; m < x->imm->n_ivars; m++) {
            const ivar *v = &x->p->ivars.at[x->imm->ivars[m]];
            rows |= v->partner != SETIR_NONE || (v->row != SETIR_NONE && program_depends(x->p, v->row, u));
        }
        if (!rows && !any_depends(x, &needed[0], u) && !any_depends(x, &needed[1], u)) return true;
    }
    return false;
}

/* sum over j of c_j (a_i b_j + d_i e_j) is a_i (sum of c_j b_j) + d_i (sum of c_j e_j): two sums for all i */
static node_id rule_distributed(const summed *x)
{
    factors f = {.n = 0};
    if (x->where != SETIR_NONE || !is_number(x->e)) return SETIR_NONE;
    split_factors(x, x->body, &f);
    for (uint32_t k = 0; k < f.n && !f.too_many; k++) {
        const node sum = *look(x, f.at[k]);
        if ((sum.op != OP_ADD && sum.op != OP_SUB) || !mentions_bound(x, f.at[k])) continue;
        factors needed[2], still[2];
        bool good = true;
        for (int s = 0; s < 2 && good; s++) {
            factors side = with_term(x, &f, k, sum.arg[s]);
            good = split_still(x, &side, &needed[s], &still[s]);
        }
        if (!good || !sets_free(x, needed)) continue;
        node_id side[2];
        for (int s = 0; s < 2; s++) {
            node_id before = product_sorted(x, &still[s]);
            side[s] = rebuilt(x, RED_SUM, product_sorted(x, &needed[s]), SETIR_NONE);
            if (before != SETIR_NONE) side[s] = product(x, before, side[s]);
        }
        return rule_node(x->r, sum.op, x->e, side, 2, NULL, x->at);
    }
    return SETIR_NONE;
}

/* factors of a scalar or of a vector, its sign, and what is left: another sum, or a vector that no variable changes */
static node_id peel(const summed *x, node_id id, factors *f, bool *negative)
{
    for (;;) {
        const node *n = look(x, id);
        if (n->op == OP_NEG) {
            *negative = !*negative;
            id = n->arg[0];
        } else if (n->op == OP_MUL && is_number(look(x, n->arg[0])->elem)) {
            split_factors(x, n->arg[0], f);
            id = n->arg[1];
        } else {
            return id;
        }
    }
}

/* Sum over sites j of a sum over k of c_k (...): the sum over k of c_k (sum over j of ...), where the inner one then is
 * of use for all sites, as rule_distributed sees it. There is a site j wherever there is the other one. */
static node_id rule_exchanged(const summed *x)
{
    factors f = {.n = 0}, needed = {.n = 0}, still = {.n = 0};
    bool negative = false, other = false;
    if (x->where != SETIR_NONE || x->e.channels || x->imm->n_ivars != 1) return SETIR_NONE;
    set_id sites = x->p->ivars.at[x->imm->ivars[0]].set;
    const node *body = look(x, x->body);
    for (uint32_t k = 0; k < body->n_free; k++)
        other |= body->free[k] != x->imm->ivars[0] && x->p->ivars.at[body->free[k]].set == sites;
    const node inner = *look(x, peel(x, x->body, &f, &negative));
    if (!other || inner.op != OP_REDUCE || inner.imm.reduce != RED_SUM || inner.n_args > 1) return SETIR_NONE;
    for (uint32_t k = 0; k < inner.imm.n_ivars; k++) {
        const ivar *v = &x->p->ivars.at[inner.imm.ivars[k]];
        bool another = any_depends(x, &f, inner.imm.ivars[k]); /* of the same name, from a sum around both */
        if (another || v->row != SETIR_NONE || v->partner != SETIR_NONE) return SETIR_NONE;
    }
    node_id last = peel(x, inner.arg[0], &f, &negative);
    bool vector = !is_number(x->e);
    if (!vector) split_factors(x, last, &f);
    if ((vector && mentions_bound(x, last)) || f.too_many) return SETIR_NONE;
    for (uint32_t k = 0; k < f.n; k++) put_factor(mentions_bound(x, f.at[k]) ? &needed : &still, f.at[k]);
    if (needed.n == 0) return SETIR_NONE;
    summed sum = *x;
    sum.e = elem_real(0);
    sum.body = product_sorted(x, &needed);
    node_id apart = rule_distributed(&sum), before = product_sorted(x, &still);
    if (apart == SETIR_NONE) return SETIR_NONE;
    if (before != SETIR_NONE) apart = product(x, before, apart);
    if (vector) apart = product(x, apart, last);
    node_id out = rule_node(x->r, OP_REDUCE, x->e, &apart, 1, &inner.imm, x->at);
    return negative ? rule_node(x->r, OP_NEG, x->e, &out, 1, NULL, x->at) : out;
}

/* ---- the order of factors ------------------------------------------------------------------------------ */

static bool over_numbers(const summed *x, node_id n)
{
    const node *e = look(x, n);
    for (uint32_t k = 0; k < e->n_free; k++) {
        set_kind kind = x->p->sets.at[x->p->ivars.at[e->free[k]].set].kind;
        if ((kind == SET_RANGE || kind == SET_SPECIES) &&
            !ivar_list_has(x->imm->ivars, x->imm->n_ivars, e->free[k]))
            return true;
    }
    return false;
}

/* the loop in which a factor can be made, counted inwards; those over numbers around the sum come to run
 * innermost */
static uint32_t depth_of(const summed *x, node_id n)
{
    uint32_t depth = 0;
    for (uint32_t k = 0; k < x->imm->n_ivars; k++)
        if (program_depends(x->p, n, x->imm->ivars[k])) depth = k + 1;
    return depth + (over_numbers(x, n) ? VARS_MOST * 4 : 0);
}

/* factors that vary less come first: their product stands outside the inner loops */
static node_id rule_order(const summed *x)
{
    factors f = {.n = 0};
    if (!is_number(x->e) || look(x, x->body)->op != OP_MUL) return SETIR_NONE;
    split_factors(x, x->body, &f);
    if (f.n < 3 || f.too_many) return SETIR_NONE;
    uint32_t depth[FACTORS_MOST];
    for (uint32_t k = 0; k < f.n; k++) {
        node_id moved = f.at[k];
        uint32_t own = depth_of(x, moved), at = k;
        for (; at > 0 && depth[at - 1] > own; at--) {
            f.at[at] = f.at[at - 1];
            depth[at] = depth[at - 1];
        }
        f.at[at] = moved;
        depth[at] = own;
    }
    node_id all = SETIR_NONE;
    for (uint32_t k = 0; k < f.n;) {
        node_id part = f.at[k];
        uint32_t end = k + 1;
        for (; end < f.n && depth[end] == depth[k]; end++)
            part = program_node(x->p, OP_MUL, elem_real(0), (node_id[]){part, f.at[end]}, 2, NULL, x->at);
        all = all == SETIR_NONE
                  ? part
                  : program_node(x->p, OP_MUL, elem_real(0), (node_id[]){all, part}, 2, NULL, x->at);
        k = end;
    }
    return all == x->body ? SETIR_NONE : rebuilt(x, x->imm->reduce, all, x->where);
}

/* ---- pairs by rows ------------------------------------------------------------------------------------- */

/* a sum over all pairs whose body has sums over the row of its pair: over the sites and their rows */
static node_id rule_rows(const summed *x)
{
    node_imm imm = *x->imm;
    for (uint32_t k = 0; k < imm.n_ivars; k++) {
        ivar_id v = imm.ivars[k];
        node_id truth = x->where == SETIR_NONE ? x->body : x->where;
        if (!rewrite_needs_row(x->p, x->body, v) && !rewrite_needs_row(x->p, truth, v)) continue;
        for (uint32_t m = k + 1; m < imm.n_ivars; m++)
            if (x->p->ivars.at[imm.ivars[m]].row != SETIR_NONE ||
                x->p->ivars.at[imm.ivars[m]].partner != SETIR_NONE)
                return SETIR_NONE;
        ivar_list avoid = {0};
        for (uint32_t m = 0; m < imm.n_ivars; m++) ivar_list_add(x->p->memory, &avoid, imm.ivars[m]);
        ivar_list_add_free(x->p, &avoid, truth);
        row_loops rows = rewrite_rows(x->r, x->body, v, &avoid);
        node_id to = node_ivar(x->p, rows.pair, x->at), args[2] = {rows.body, SETIR_NONE};
        if (x->where != SETIR_NONE) args[1] = rewrite_rename(x->r, x->where, &v, &to, 1);
        ivar_id *list = arena_array(x->p->memory, ivar_id, imm.n_ivars + 1);
        for (uint32_t m = 0, at = 0; m < imm.n_ivars; m++) {
            if (m == k) list[at++] = rows.site;
            list[at++] = m == k ? rows.pair : imm.ivars[m];
        }
        imm.ivars = list;
        imm.n_ivars++;
        return rule_node(x->r, OP_REDUCE, x->e, args, x->where == SETIR_NONE ? 1 : 2, &imm, x->at);
    }
    return SETIR_NONE;
}

node_id rule_sum(rewriter *r, elem e, const node_id *args, uint32_t n, const node_imm *imm, span at)
{
    summed x = {r, r->p, e, args[0], n > 1 ? args[1] : SETIR_NONE, imm, at};
    node_id better = rule_rows(&x);
    if (better != SETIR_NONE || (imm->reduce != RED_SUM && imm->reduce != RED_MEAN)) return better;
    better = rule_guarded(&x);
    if (better == SETIR_NONE && imm->reduce == RED_SUM) better = rule_separable(&x);
    if (better == SETIR_NONE && imm->reduce == RED_SUM) better = rule_distributed(&x);
    if (better == SETIR_NONE && imm->reduce == RED_SUM) better = rule_exchanged(&x);
    if (better == SETIR_NONE) better = rule_still(&x);
    return better != SETIR_NONE ? better : rule_order(&x);
}
