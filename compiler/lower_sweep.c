/* SPDX-License-Identifier: Apache-2.0
 *
 * lower_sweep.c: all that outputs want of the pairs of a structure, in one pass over the rows. In: the outputs of a
 * kernel. Out: a loop over sites with one over the pairs of each inside, where sums over all pairs, sums over rows
 * and what pairs give to their two ends are added up together: an energy, forces and a virial from one evaluation of
 * each pair. A tensor over pairs that is only read in its own row, or at the reverse of a pair by a sum over that one's
 * row, is not stored: its values live in scratch for one row, and sum b in bond(k): G[b.rev] becomes an addition
 * of G[b] to what belongs to b.j. What this file does not take is left to the other ones.
 */
#include "lower.h"
#include "law.h"

#include <math.h>
#include <string.h>

enum { LIST_MOST = 48 };
#define COST_SAVED 15.0 /* an operation that costs less is computed again, not stored */

/* a tensor over the pairs as one row has it */
typedef struct row_tensor {
    def_id def;
    node_id body;     /* at the sweep's variables */
    buffer_id buffer; /* component c of pair b at c * n + b - lo */
    bool wanted;      /* to be stored by the main loop */
    bool there;
} row_tensor;

/* a value summed over pairs: for all of the frame, or for the site */
typedef struct pair_sum {
    node_id of, term; /* SETIR_NONE: a part of what sum `member` has */
    uint32_t member;
    uint32_t like; /* over the row: the first with this term */
    bool there;    /* over the row: in a loop before */
} pair_sum;

/* a sum over all sites, `times` what the cells add up; its terms are pair_sums unless `site` is a value that each site
 * has */
typedef struct member {
    node_id of, site;
    double times;
    lvalue *cell;
} member;

/* sum b in pairs(k): own(b) + times tensor[b.rev] */
typedef struct scattered {
    node_id of, own;
    uint32_t tensor;
    double times;
    buffer_id buffer;
} scattered;

/* a costly value of each pair that the loop over the row which needs it first leaves to the others */
typedef struct saved {
    node_id of;
    buffer_id buffer;
} saved;

struct sweep {
    set_id pairs, sites;
    ivar_id site, pair;
    node_id row;
    scope *at;
    lexpr *lo, *n;
    row_tensor tensor[LIST_MOST];
    pair_sum all[LIST_MOST], row_sum[LIST_MOST];
    member sum[LIST_MOST];
    scattered far[LIST_MOST];
    saved saved[LIST_MOST];
    uint32_t n_tensor, n_all, n_row, n_sum, n_far, n_saved, n_inside;
    bool loops; /* there are loops inside of those over pairs */
    bool *of_site; /* by tensor: over the sites and only read at the site that a loop is at */
};

static const node *look(const lowering *x, node_id n)
{
    return &x->p->nodes.at[n];
}

/* ---- the variables, and tensors of a row --------------------------------------------------------------- */

static bool is_pair(const lowering *x, const sweep *w, node_id id)
{
    return look(x, id)->op == OP_IVAR && look(x, id)->imm.ivar == w->pair;
}

static bool is_reverse(const lowering *x, const sweep *w, node_id id)
{
    return look(x, id)->op == OP_PAIR_REV && is_pair(x, w, look(x, id)->arg[0]);
}

static uint32_t tensor_of(const sweep *w, def_id d)
{
    for (uint32_t k = 0; k < w->n_tensor; k++)
        if (w->tensor[k].def == d) return k;
    return SETIR_NONE;
}

/* the value with `from` replaced by the pair (and a site by the row's) */
static node_id at_pair(lowering *x, const sweep *w, node_id body, ivar_id site, ivar_id pair)
{
    ivar_id from[2] = {pair, site};
    node_id to[2] = {node_ivar(x->p, w->pair, x->p->at), w->row};
    if (pair == w->pair && (site == w->site || site == SETIR_NONE)) return body;
    return rewrite_rename(x->r, body, from, to, site == SETIR_NONE ? 1 : 2);
}

/* the value of such a tensor where the node reads it at the sweep's site, SETIR_NONE: it does not */
static node_id site_body(const lowering *x, const sweep *w, const node *n)
{
    bool here = n->op == OP_ACCESS && n->imm.def < x->n_kept && w->of_site[n->imm.def] && n->arg[0] == w->row;
    return here ? x->p->defs.at[n->imm.def].body : SETIR_NONE;
}

static void find_site_tensors(lowering *x, sweep *w)
{
    w->of_site = arena_array(x->a, bool, x->n_kept + 1);
    for (def_id d = 0; d < x->n_kept; d++) {
        const def *t = &x->p->defs.at[d];
        w->of_site[d] = x->r->kept[d] && t->lib == LIB_NONE && !t->nested && t->n_param == 1 &&
                        t->param[0] == w->site && t->elem.kind == ELEM_REAL;
    }
    for (node_id k = 0; k < x->n_first; k++) {
        const node *n = look(x, k);
        if (!x->sharers[k] || (n->op != OP_ACCESS && n->op != OP_PADGET) || n->imm.def >= x->n_kept) continue;
        if (n->op != OP_ACCESS || !n->n_args || n->arg[0] != w->row) w->of_site[n->imm.def] = false;
    }
}

static void find_tensors(lowering *x, sweep *w)
{
    for (def_id d = 0; d < x->n_kept && w->n_tensor < LIST_MOST; d++) {
        const def *t = &x->p->defs.at[d];
        if (!x->r->kept[d] || t->lib != LIB_NONE || t->nested || t->n_param != 1 || t->output ||
            x->p->ivars.at[t->param[0]].set != w->pairs || t->elem.kind != ELEM_REAL)
            continue;
        const row_loops *rows = &x->r->rows[d];
        bool by_rows = rows->body != SETIR_NONE;
        node_id body = by_rows ? at_pair(x, w, rows->body, rows->site, rows->pair)
                               : at_pair(x, w, x->p->defs.at[d].body, SETIR_NONE, x->p->defs.at[d].param[0]);
        w->tensor[w->n_tensor++] = (row_tensor){.def = d, .body = body, .buffer = SETIR_NONE};
    }
}

/* ---- what a value reads -------------------------------------------------------------------------------- */

/* tensors of the row that are read at the reverse of a pair, or anywhere else than in the row */
static bool reads_elsewhere(const lowering *x, const sweep *w, node_id id, bool *seen)
{
    if (seen[id]) return false;
    seen[id] = true;
    const node *n = look(x, id);
    uint32_t t = n->op == OP_ACCESS ? tensor_of(w, n->imm.def) : SETIR_NONE;
    if (t != SETIR_NONE) {
        const node *arg = look(x, n->arg[0]);
        if (arg->op != OP_IVAR || x->p->ivars.at[arg->imm.ivar].row != w->row) return true;
        if (reads_elsewhere(x, w, w->tensor[t].body, seen)) return true;
    }
    node_id site = site_body(x, w, n);
    if (site != SETIR_NONE && reads_elsewhere(x, w, site, seen)) return true;
    for (uint32_t k = 0; k < n->n_args; k++)
        if (reads_elsewhere(x, w, n->arg[k], seen)) return true;
    return false;
}

static bool stays_in_row(lowering *x, const sweep *w, node_id id)
{
    return !reads_elsewhere(x, w, id, arena_array(x->a, bool, x->p->nodes.n));
}

static bool only_of_site(const lowering *x, const sweep *w, node_id id)
{
    const node *n = look(x, id);
    for (uint32_t k = 0; k < n->n_free; k++)
        if (n->free[k] != w->site) return false;
    return true;
}

/* ---- sums over rows ------------------------------------------------------------------------------------ */

static bool is_plain_sum(const node *n)
{
    return n->op == OP_REDUCE && n->imm.reduce == RED_SUM && n->n_args == 1 && n->elem.kind == ELEM_REAL;
}

/* a sum over two pairs of the row, each two once, as half of the sum over the others that each pair has, when
 * somebody has that inner sum already */
static node_id half_of_others(lowering *x, const sweep *w, const node *n)
{
    const ivar c = x->p->ivars.at[n->imm.ivars[1]];
    if (n->imm.n_ivars != 2 || n->imm.ivars[0] != w->pair || c.partner != w->pair || !c.unordered ||
        c.row != w->row || !law_symmetric(x->p, n->arg[0], w->pair, n->imm.ivars[1]))
        return SETIR_NONE;
    node_id body = n->arg[0];
    ivar_list avoid = {0};
    ivar range = c;
    range.partner = SETIR_NONE;
    range.unordered = false;
    ivar_list_add(x->a, &avoid, w->site);
    ivar_list_add(x->a, &avoid, w->pair);
    ivar_id other = rewrite_canonical(x->r, range, &avoid);
    node_id to = node_ivar(x->p, other, c.at), pair = node_ivar(x->p, w->pair, c.at);
    body = rewrite_rename(x->r, body, &n->imm.ivars[1], &to, 1);
    node_id same = program_node(x->p, OP_INDEX_EQ, elem_bool(), (node_id[]){pair, to}, 2, NULL, c.at);
    node_id args[2] = {body, program_node(x->p, OP_NOT, elem_bool(), &same, 1, NULL, c.at)};
    node_imm imm = {.reduce = RED_SUM, .n_ivars = 1, .ivars = &other};
    node_id sum = rule_node(x->r, OP_REDUCE, n->elem, args, 2, &imm, c.at);
    return rule_node(x->r, OP_MUL, n->elem, (node_id[]){node_const(x->p, 0.5, unit_none(), c.at), sum}, 2, NULL, c.at);
}

/* the sums inside are among those that the outputs have */
static bool sums_exist(const lowering *x, node_id id)
{
    const node *n = look(x, id);
    if (n->op == OP_REDUCE) return id < x->n_first && x->sharers[id] > 0;
    for (uint32_t k = 0; k < n->n_args; k++)
        if (!sums_exist(x, n->arg[k])) return false;
    return true;
}

static bool runs_over_row(const lowering *x, const sweep *w, ivar_id v)
{
    const ivar *i = &x->p->ivars.at[v];
    return i->set == w->pairs && i->row == w->row && i->to == SETIR_NONE && i->partner == SETIR_NONE;
}

/* what each pair of the row adds to the sum, SETIR_NONE: not such a sum */
static node_id term_of(lowering *x, const sweep *w, node_id id)
{
    const node n = *look(x, id);
    if (!is_plain_sum(&n) || !only_of_site(x, w, id)) return SETIR_NONE;
    if (n.imm.n_ivars == 1 && runs_over_row(x, w, n.imm.ivars[0]))
        return at_pair(x, w, n.arg[0], SETIR_NONE, n.imm.ivars[0]);
    node_id half = n.imm.n_ivars == 2 ? half_of_others(x, w, &n) : SETIR_NONE;
    return half != SETIR_NONE && sums_exist(x, half) ? half : SETIR_NONE;
}

static bool add_row_sum(lowering *x, sweep *w, node_id id, node_id term)
{
    for (uint32_t k = 0; k < w->n_row; k++)
        if (w->row_sum[k].of == id) return true;
    if (w->n_row == LIST_MOST || !stays_in_row(x, w, term)) return false;
    uint32_t like = 0;
    while (like < w->n_row && w->row_sum[like].term != term) like++;
    w->row_sum[w->n_row++] = (pair_sum){.of = id, .term = term, .like = like};
    return true;
}

/* the sums over the row that a value of the site is made of; true: there are some */
static bool find_row_sums(lowering *x, sweep *w, node_id id, bool *seen)
{
    if (id >= x->n_first || seen[id]) return false;
    seen[id] = true;
    node_id term = term_of(x, w, id);
    if (term != SETIR_NONE) return add_row_sum(x, w, id, term);
    const node n = *look(x, id);
    node_id site = site_body(x, w, &n);
    bool any = site != SETIR_NONE && find_row_sums(x, w, site, seen);
    for (uint32_t k = 0; k < n.n_args && n.op != OP_REDUCE; k++) any |= find_row_sums(x, w, n.arg[k], seen);
    return any;
}

/* ---- sums over everything ------------------------------------------------------------------------------ */

/* id = sum of numbers times sums over the row: each becomes a sum over all pairs; the number of the first stays outside */
static bool split_linear(lowering *x, sweep *w, node_id id, double times, member *m)
{
    const node n = *look(x, id);
    node_id site = site_body(x, w, &n);
    if (site != SETIR_NONE) return split_linear(x, w, site, times, m);
    if (n.op == OP_ADD || n.op == OP_SUB)
        return split_linear(x, w, n.arg[0], times, m) &&
               split_linear(x, w, n.arg[1], n.op == OP_SUB ? -times : times, m);
    if (n.op == OP_NEG) return split_linear(x, w, n.arg[0], -times, m);
    if (n.op == OP_MUL && look(x, n.arg[0])->op == OP_CONST && elem_components(look(x, n.arg[0])->elem) == 1)
        return split_linear(x, w, n.arg[1], times * look(x, n.arg[0])->imm.value[0], m);
    node_id term = term_of(x, w, id);
    if (term == SETIR_NONE || w->n_all == LIST_MOST) return false;
    if (m->times == 0 && isfinite(1 / times)) m->times = times;
    if (m->times != 0) times /= m->times;
    if (times != 1)
        term = rule_node(x->r, OP_MUL, n.elem, (node_id[]){node_const(x->p, times, unit_none(), n.at), term}, 2,
                         NULL, n.at);
    w->all[w->n_all++] = (pair_sum){.of = SETIR_NONE, .term = term, .member = w->n_sum};
    return true;
}

/* the value of a site that a sum over everything adds up; SETIR_NONE: not over these pairs */
static node_id site_value(lowering *x, const sweep *w, const node *n)
{
    const ivar first = x->p->ivars.at[n->imm.ivars[0]];
    if (first.row != SETIR_NONE || first.to != SETIR_NONE || first.partner != SETIR_NONE) return SETIR_NONE;
    node_imm imm = {.reduce = RED_SUM, .n_ivars = 1, .ivars = arena_copy(x->a, &w->pair, sizeof w->pair)};
    node_id body = n->arg[0];
    if (n->imm.n_ivars == 1 && first.set == w->pairs) {
        body = at_pair(x, w, body, SETIR_NONE, n->imm.ivars[0]);
        return program_node(x->p, OP_REDUCE, n->elem, &body, 1, &imm, n->at);
    }
    if (n->imm.n_ivars == 1 && n->imm.ivars[0] == w->site) return body;
    if (n->imm.n_ivars == 2 && n->imm.ivars[0] == w->site && n->imm.ivars[1] == w->pair)
        return program_node(x->p, OP_REDUCE, n->elem, &body, 1, &imm, n->at);
    return SETIR_NONE;
}

static void take_sum(lowering *x, sweep *w, node_id id)
{
    const node n = *look(x, id);
    for (uint32_t k = 0; k < w->n_sum; k++)
        if (w->sum[k].of == id) return;
    if (!is_plain_sum(&n) || n.n_free || w->n_sum == LIST_MOST) return;
    node_id site = site_value(x, w, &n);
    if (site == SETIR_NONE || !stays_in_row(x, w, site)) return;
    uint32_t before = w->n_all;
    member m = {.of = id, .site = SETIR_NONE};
    if (!split_linear(x, w, site, 1, &m)) {
        w->n_all = before;
        m.times = 0;
        m.site = site;
        if (!find_row_sums(x, w, site, arena_array(x->a, bool, x->p->nodes.n))) return;
    }
    m.times = m.times == 0 ? 1 : m.times;
    w->sum[w->n_sum++] = m;
}

static bool reaches(const lowering *x, node_id from, node_id target, bool *seen)
{
    if (from == target) return true;
    if (seen[from]) return false;
    seen[from] = true;
    const node *n = look(x, from);
    for (uint32_t k = 0; k < n->n_args; k++)
        if (reaches(x, n->arg[k], target, seen)) return true;
    return n->op == OP_ACCESS && n->imm.def < x->n_kept && x->p->defs.at[n->imm.def].lib == LIB_NONE &&
           reaches(x, def_body(x, n->imm.def), target, seen);
}

/* ---- what reaches the other end ------------------------------------------------------------------------ */

static node_id plus(lowering *x, node_id a, node_id b, bool minus)
{
    const node n = *look(x, b);
    if (a == SETIR_NONE) return minus ? rule_node(x->r, OP_NEG, n.elem, &b, 1, NULL, n.at) : b;
    return rule_node(x->r, minus ? OP_SUB : OP_ADD, n.elem, (node_id[]){a, b}, 2, NULL, n.at);
}

/* splits a sum into what it reads at its own pairs and one tensor at the reverse ones */
static bool split_ends(lowering *x, const sweep *w, node_id id, double times, scattered *out)
{
    const node n = *look(x, id);
    if (n.op == OP_ADD || n.op == OP_SUB)
        return split_ends(x, w, n.arg[0], times, out) &&
               split_ends(x, w, n.arg[1], n.op == OP_SUB ? -times : times, out);
    if (n.op == OP_NEG) return split_ends(x, w, n.arg[0], -times, out);
    if (n.op == OP_MUL && look(x, n.arg[0])->op == OP_CONST && elem_components(look(x, n.arg[0])->elem) == 1)
        return split_ends(x, w, n.arg[1], times * look(x, n.arg[0])->imm.value[0], out);
    if (n.op == OP_ACCESS && is_reverse(x, w, n.arg[0])) {
        uint32_t t = tensor_of(w, n.imm.def);
        if (t == SETIR_NONE || (out->tensor != SETIR_NONE && out->tensor != t)) return false;
        out->tensor = t;
        out->times += times;
        return stays_in_row(x, w, w->tensor[t].body);
    }
    if (!stays_in_row(x, w, id)) return false;
    bool minus = times < 0;
    node_id term = id;
    if (times != 1 && times != -1)
        term = rule_node(x->r, OP_MUL, n.elem,
                         (node_id[]){node_const(x->p, minus ? -times : times, unit_none(), n.at), id}, 2, NULL, n.at);
    out->own = plus(x, out->own, term, minus);
    return true;
}

static bool take_scattered(lowering *x, sweep *w, node_id id)
{
    const node n = *look(x, id);
    scattered s = {.of = id, .own = SETIR_NONE, .tensor = SETIR_NONE};
    if (!is_plain_sum(&n) || !only_of_site(x, w, id) || n.imm.n_ivars != 1 || n.imm.ivars[0] != w->pair ||
        w->n_far == LIST_MOST || !split_ends(x, w, n.arg[0], 1, &s) || s.tensor == SETIR_NONE)
        return false;
    w->tensor[s.tensor].wanted = true;
    if (s.own != SETIR_NONE) { /* summed over the row under a name of its own */
        node_imm imm = {.reduce = RED_SUM, .n_ivars = 1, .ivars = arena_copy(x->a, &w->pair, sizeof w->pair)};
        node_id own = program_node(x->p, OP_REDUCE, n.elem, &s.own, 1, &imm, n.at);
        add_row_sum(x, w, own, s.own);
        s.own = own;
    }
    w->far[w->n_far++] = s;
    return true;
}

/* the sums of an output's element that reach the other end; true: there are some */
static bool find_scattered(lowering *x, sweep *w, node_id id, bool *seen)
{
    if (seen[id]) return false;
    seen[id] = true;
    if (look(x, id)->op == OP_REDUCE) return take_scattered(x, w, id);
    const node n = *look(x, id);
    node_id site = site_body(x, w, &n);
    bool any = site != SETIR_NONE && find_scattered(x, w, site, seen);
    for (uint32_t k = 0; k < n.n_args; k++) any |= find_scattered(x, w, n.arg[k], seen);
    return any;
}

/* ---- the plan ------------------------------------------------------------------------------------------ */

static bool over_sites(const lowering *x, const sweep *w, def_id id)
{
    const def *d = &x->p->defs.at[id];
    return d->lib == LIB_NONE && d->n_param == 1 && d->param[0] == w->site && d->elem.kind == ELEM_REAL &&
           !(id < x->n_kept && x->r->kept[id] && !w->of_site[id]) && def_body(x, id) == d->body;
}

bool sweep_takes(lowering *x, sweep *w, def_id id)
{
    if (!over_sites(x, w, id)) return false;
    node_id body = x->p->defs.at[id].body;
    if (find_scattered(x, w, body, arena_array(x->a, bool, x->p->nodes.n))) {
        w->n_inside++;
        return false;
    }
    if (!stays_in_row(x, w, body)) return false;
    bool any = find_row_sums(x, w, body, arena_array(x->a, bool, x->p->nodes.n));
    w->n_inside += any;
    return any;
}

sweep *sweep_plan(lowering *x, set_id pairs)
{
    const set *s = &x->p->sets.at[pairs];
    if (s->kind != SET_PAIRS || x->p->sets.at[s->parent].kind != SET_BASE) return NULL;
    sweep *w = arena_new(x->a, sweep);
    ivar_list avoid = {0};
    ivar range = {.set = s->parent, .row = SETIR_NONE, .to = SETIR_NONE, .partner = SETIR_NONE};
    w->pairs = pairs;
    w->sites = s->parent;
    w->site = rewrite_canonical(x->r, range, &avoid);
    ivar_list_add(x->a, &avoid, w->site);
    w->row = range.row = node_ivar(x->p, w->site, x->p->at);
    range.set = pairs;
    w->pair = rewrite_canonical(x->r, range, &avoid);
    find_site_tensors(x, w);
    find_tensors(x, w);
    for (uint32_t k = 0; k < x->group.n; k++) take_sum(x, w, x->group.at[k]);
    for (uint32_t k = w->n_sum; k-- > 0;) /* one that is part of another is made before */
        for (uint32_t m = 0; m < w->n_sum; m++)
            if (m != k && reaches(x, look(x, w->sum[m].of)->arg[0], w->sum[k].of,
                                  arena_array(x->a, bool, x->p->nodes.n)))
                return NULL;
    return w;
}

/* sums over others for each pair */
static bool has_loops(const lowering *x, const sweep *w)
{
    bool loops = false;
    for (uint32_t k = 0; k < w->n_all; k++) loops |= has_reduce(x, w->all[k].term, w->pair);
    for (uint32_t k = 0; k < w->n_row; k++) loops |= has_reduce(x, w->row_sum[k].term, w->pair);
    for (uint32_t k = 0; k < w->n_tensor; k++) loops |= has_reduce(x, w->tensor[k].body, w->pair);
    return loops;
}

bool sweep_pays(const lowering *x, const sweep *w)
{
    bool loops = w->n_inside > 0;
    for (uint32_t k = 0; k < w->n_all; k++) loops |= has_reduce(x, w->all[k].term, w->pair);
    return w->n_far > 0 || (loops && w->n_inside + w->n_sum > 1);
}

/* Sums over the row that terms read as one number of the site: they are made in a loop before. */
static void find_inside(lowering *x, sweep *w, node_id id, bool *seen, uint32_t n_seen)
{
    if (id >= n_seen || seen[id]) return;
    seen[id] = true;
    const node n = *look(x, id);
    node_id term = n.op == OP_REDUCE && n.imm.n_ivars == 1 ? term_of(x, w, id) : SETIR_NONE;
    if (term != SETIR_NONE && add_row_sum(x, w, id, term)) return;
    node_id site = site_body(x, w, &n);
    uint32_t t = n.op == OP_ACCESS ? tensor_of(w, n.imm.def) : SETIR_NONE;
    if (site != SETIR_NONE) find_inside(x, w, site, seen, n_seen);
    if (t != SETIR_NONE) find_inside(x, w, w->tensor[t].body, seen, n_seen);
    for (uint32_t k = 0; k < n.n_args; k++) find_inside(x, w, n.arg[k], seen, n_seen);
}

static void find_all_inside(lowering *x, sweep *w)
{
    uint32_t n = x->p->nodes.n;
    bool *seen = arena_array(x->a, bool, n);
    for (uint32_t k = 0; k < w->n_all; k++) find_inside(x, w, w->all[k].term, seen, n);
    for (uint32_t k = 0; k < w->n_tensor; k++)
        if (w->tensor[k].wanted) find_inside(x, w, w->tensor[k].body, seen, n);
    for (uint32_t k = 0; k < w->n_row; k++) find_inside(x, w, w->row_sum[k].term, seen, n);
}

static bool needs(const lowering *x, const sweep *w, node_id id, node_id sum, bool *seen)
{
    if (id == sum) return true;
    if (seen[id]) return false;
    seen[id] = true;
    const node *n = look(x, id);
    node_id site = site_body(x, w, n);
    uint32_t t = n->op == OP_ACCESS ? tensor_of(w, n->imm.def) : SETIR_NONE;
    bool found = (site != SETIR_NONE && needs(x, w, site, sum, seen)) ||
                 (t != SETIR_NONE && needs(x, w, w->tensor[t].body, sum, seen));
    for (uint32_t k = 0; k < n->n_args && !found; k++) found = needs(x, w, n->arg[k], sum, seen);
    return found;
}

/* does the value read that sum over the row? */
static bool reads_sum(const lowering *x, const sweep *w, node_id value, uint32_t sum)
{
    bool found = false;
    for (uint32_t k = sum; k < w->n_row && !found; k++)
        found = w->row_sum[k].like == sum &&
                needs(x, w, value, w->row_sum[k].of, arena_array(x->a, bool, x->p->nodes.n));
    return found;
}

static bool is_pending(const sweep *w, uint32_t k)
{
    return w->row_sum[k].like == k && !w->row_sum[k].there;
}

/* do values of the main loop, or other sums that are still to be made, read this one? */
static bool is_read(const lowering *x, const sweep *w, uint32_t sum)
{
    bool read = false;
    for (uint32_t k = 0; k < w->n_all && !read; k++) read = reads_sum(x, w, w->all[k].term, sum);
    for (uint32_t k = 0; k < w->n_row && !read; k++)
        read = k != sum && is_pending(w, k) && reads_sum(x, w, w->row_sum[k].term, sum);
    for (uint32_t k = 0; k < w->n_tensor && !read; k++)
        read = w->tensor[k].wanted && reads_sum(x, w, w->tensor[k].body, sum);
    return read;
}

/* does it read others that are still to be made? */
static bool reads_others(const lowering *x, const sweep *w, uint32_t sum)
{
    bool read = false;
    for (uint32_t k = 0; k < w->n_row && !read; k++)
        read = k != sum && is_pending(w, k) && reads_sum(x, w, w->row_sum[sum].term, k);
    return read;
}

/* ---- the loops ----------------------------------------------------------------------------------------- */

static void open_far(lowering *x, sweep *w)
{
    for (uint32_t k = 0; k < w->n_far; k++) {
        uint32_t parts = elem_components(look(x, w->far[k].of)->elem);
        buffer_size size = {.constant = parts};
        add_extent(x->p, &size, w->sites, false);
        w->far[k].buffer = kernel_scratch(x->k, LT_F64, size, "ends");
        scope *s = scope_loop(x, x->frame, "k", ix(x, 0), ix_mul(x, set_count(x, w->sites), ix(x, parts)));
        lb_store(x->k, s->block, w->far[k].buffer, scope_index(x, s), f64(x, 0));
        loop_finish(x, s, NULL, 0);
    }
}

static lexpr *tensor_element(lowering *x, const sweep *w, uint32_t c, lexpr *pair)
{
    return ix_add(x, ix_mul(x, ix(x, c), w->n), ix_sub(x, pair, w->lo));
}

static void store_tensor(lowering *x, sweep *w, row_tensor *t, scope *s, lexpr *pair)
{
    uint32_t parts = elem_components(look(x, t->body)->elem);
    vals v = lower_node(x, s, t->body);
    buffer_size size = {.constant = parts};
    add_extent(x->p, &size, w->pairs, true);
    t->buffer = kernel_scratch(x->k, LT_F64, size, "row");
    for (uint32_t c = 0; c < parts; c++)
        lb_store(x->k, s->block, t->buffer, tensor_element(x, w, c, pair), v.at[v.n == 1 ? 0 : c]);
    t->there = true;
}

static scope *pair_loop(lowering *x, sweep *w, lexpr **pair)
{
    lexpr *none;
    scope *s = loop_over(x, w->at, w->pair, &none);
    s->in_row = true;
    s->holds_loops = w->loops;
    scope_of_ivar(s, w->pair, pair);
    for (uint32_t k = 0; k < w->n_saved; k++) {
        vals v = vals_new(x, 1);
        v.at[0] = let(x, s, "saved", lx_load(x->k, w->saved[k].buffer, tensor_element(x, w, 0, *pair)));
        known_put(x, w->saved[k].of, s, v);
    }
    return s;
}

static void fill_tensor(lowering *x, sweep *w, row_tensor *t)
{
    lexpr *pair = NULL;
    scope *s = pair_loop(x, w, &pair);
    store_tensor(x, w, t, s, pair);
    loop_finish(x, s, NULL, 0);
}

/* Tensors that pairs of the row read of one another are made before the main loop, each in a loop of its own, and so
 * is what those read at their own pair: it is wanted there and in the main loop. */
static void fill_before(lowering *x, sweep *w, node_id id, bool before, bool *seen)
{
    if (seen[id]) return;
    seen[id] = true;
    const node n = *look(x, id);
    for (uint32_t k = 0; k < n.n_args; k++) fill_before(x, w, n.arg[k], before, seen);
    uint32_t k = n.op == OP_ACCESS ? tensor_of(w, n.imm.def) : SETIR_NONE;
    if (k == SETIR_NONE || w->tensor[k].there) return;
    if (!before && is_pair(x, w, n.arg[0])) {
        fill_before(x, w, w->tensor[k].body, false, seen);
        return;
    }
    fill_before(x, w, w->tensor[k].body, true, arena_array(x->a, bool, x->p->nodes.n));
    if (!w->tensor[k].there) fill_tensor(x, w, &w->tensor[k]);
}

static void fill_tensors(lowering *x, sweep *w)
{
    bool *seen = arena_array(x->a, bool, x->p->nodes.n);
    for (uint32_t k = 0; k < w->n_all; k++) fill_before(x, w, w->all[k].term, false, seen);
    for (uint32_t k = 0; k < w->n_row; k++) fill_before(x, w, w->row_sum[k].term, false, seen);
    for (uint32_t k = 0; k < w->n_tensor; k++)
        if (w->tensor[k].wanted) fill_before(x, w, w->tensor[k].body, false, seen);
}

static lvalue *new_cells(lowering *x, scope *at, elem e)
{
    lvalue *cell = arena_array(x->a, lvalue, elem_components(e));
    for (uint32_t c = 0; c < elem_components(e); c++) cell[c] = lb_var(x->k, at->block, "sum", f64(x, 0));
    return cell;
}

/* components that share a cell are added once */
static bool is_first(const lvalue *cell, uint32_t c)
{
    for (uint32_t k = 0; k < c; k++)
        if (cell[k] == cell[c]) return false;
    return true;
}

static void add_to(lowering *x, scope *s, const lvalue *cell, const vals *v, uint32_t parts)
{
    for (uint32_t c = 0; c < parts; c++)
        if (is_first(cell, c)) lb_set(x->k, s->block, cell[c], op2(x, L_ADD, lx_value(x->k, cell[c]), v->at[v->n == 1 ? 0 : c]));
}

static vals cell_values(lowering *x, const lvalue *cell, uint32_t parts, double times)
{
    vals v = vals_new(x, parts);
    for (uint32_t c = 0; c < parts; c++) {
        v.at[c] = lx_value(x->k, cell[c]);
        if (times != 1) v.at[c] = op2(x, L_MUL, f64(x, times), v.at[c]);
    }
    return v;
}

/* components of a sum that are the same number for every pair, as of symmetric tensors, are added up once */
static void share_cells(lowering *x, sweep *w, uint32_t number, const vals *term)
{
    uint32_t parts = elem_components(look(x, w->sum[number].of)->elem);
    for (uint32_t c = 0; c < parts; c++)
        for (uint32_t m = 0; m < c; m++) {
            bool same = w->sum[number].site == SETIR_NONE;
            for (uint32_t k = 0; k < w->n_all; k++)
                same &= w->all[k].member != number || (term[k].n == parts && term[k].at[c] == term[k].at[m]);
            if (!same) continue;
            w->sum[number].cell[c] = w->sum[number].cell[m];
            break;
        }
}

/* the nodes that values of loops still to come are made of */
static bool *needed_later(lowering *x, const sweep *w, const bool *now)
{
    bool *needed = arena_array(x->a, bool, x->p->nodes.n);
    for (uint32_t k = 0; k < w->n_all; k++) needs(x, w, w->all[k].term, SETIR_NONE, needed);
    for (uint32_t k = 0; k < w->n_row; k++)
        if (is_pending(w, k) && !now[k]) needs(x, w, w->row_sum[k].term, SETIR_NONE, needed);
    for (uint32_t k = 0; k < w->n_tensor; k++)
        if (w->tensor[k].wanted) needs(x, w, w->tensor[k].body, SETIR_NONE, needed);
    return needed;
}

/* saves costly values of the pair, below `id`, that are needed later */
static void save_costly(lowering *x, sweep *w, scope *s, node_id id, const bool *needed, bool *seen, lexpr *pair)
{
    if (seen[id] || !program_depends(x->p, id, w->pair) || w->n_saved == LIST_MOST) return;
    seen[id] = true;
    const node n = *look(x, id);
    bool plain = n.elem.kind == ELEM_REAL && elem_components(n.elem) == 1 && n.op != OP_REDUCE && n.op != OP_ACCESS;
    if (!plain || !needed[id] || op_cost(x->p, &n) < COST_SAVED) {
        for (uint32_t k = 0; k < n.n_args && n.op != OP_REDUCE; k++)
            save_costly(x, w, s, n.arg[k], needed, seen, pair);
        return;
    }
    buffer_size size = {.constant = 1};
    add_extent(x->p, &size, w->pairs, true);
    saved *v = &w->saved[w->n_saved++];
    *v = (saved){id, kernel_scratch(x->k, LT_F64, size, "saved")};
    lb_store(x->k, s->block, v->buffer, tensor_element(x, w, 0, pair), lower_scalar(x, s, id));
}

/* sums over the row as a loop adds them up */
typedef struct adding {
    const bool *now; /* by row sum: it is among them */
    vals value[LIST_MOST];
    lvalue *cell[LIST_MOST];
    VEC(lvalue) cells;
} adding;

static elem sum_elem(const lowering *x, const sweep *w, uint32_t k)
{
    return look(x, w->row_sum[k].of)->elem;
}

static void add_row(lowering *x, sweep *w, scope *s, adding *r)
{
    for (uint32_t k = 0; k < w->n_row; k++) {
        uint32_t parts = elem_components(sum_elem(x, w, k));
        if (!r->now[k]) continue;
        add_to(x, s, r->cell[k], &r->value[k], parts);
        for (uint32_t c = 0; c < parts; c++) vec_push(x->a, &r->cells, r->cell[k][c]);
    }
}

static void add_all(lowering *x, sweep *w, scope *s, const vals *value, adding *r)
{
    for (uint32_t k = 0; k < w->n_sum; k++) share_cells(x, w, k, value);
    for (uint32_t k = 0; k < w->n_all; k++) {
        const member *m = &w->sum[w->all[k].member];
        uint32_t parts = elem_components(look(x, m->of)->elem);
        add_to(x, s, m->cell, &value[k], parts);
        bool again = k > 0 && w->all[k - 1].member == w->all[k].member;
        for (uint32_t c = 0; c < parts && !again; c++)
            if (is_first(m->cell, c)) vec_push(x->a, &r->cells, m->cell[c]);
    }
}

/* a loop over the pairs of the row: some of the sums over it, and in the main one all that is over everything too */
static void pairs_loop(lowering *x, sweep *w, const bool *now, bool main)
{
    lexpr *pair = NULL;
    vals all[LIST_MOST];
    adding r = {.now = now};
    for (uint32_t k = 0; k < w->n_row; k++)
        if (now[k]) r.cell[k] = new_cells(x, w->at, sum_elem(x, w, k));
    scope *s = pair_loop(x, w, &pair);
    for (uint32_t k = 0; main && k < w->n_all; k++) all[k] = lower_node(x, s, w->all[k].term);
    for (uint32_t k = 0; k < w->n_row; k++)
        if (now[k]) r.value[k] = lower_node(x, s, w->row_sum[k].term);
    for (uint32_t k = 0; main && k < w->n_tensor; k++)
        if (w->tensor[k].wanted && !w->tensor[k].there) store_tensor(x, w, &w->tensor[k], s, pair);
    bool *needed = main ? NULL : needed_later(x, w, now), *seen = arena_array(x->a, bool, x->p->nodes.n);
    for (uint32_t k = 0; !main && k < w->n_row; k++)
        if (now[k]) save_costly(x, w, s, w->row_sum[k].term, needed, seen, pair);
    if (main) add_all(x, w, s, all, &r);
    add_row(x, w, s, &r);
    loop_finish(x, s, r.cells.at, r.cells.n);
    for (uint32_t k = 0; k < w->n_row; k++) {
        uint32_t like = w->row_sum[k].like;
        if (!now[like]) continue;
        w->row_sum[k].there = true;
        known_put(x, w->row_sum[k].of, w->at, cell_values(x, r.cell[like], elem_components(sum_elem(x, w, k)), 1));
    }
}

/* those that other values of the row read, in as many loops as they need one another */
static void sums_before(lowering *x, sweep *w)
{
    bool now[LIST_MOST], any = true;
    while (any) {
        any = false;
        for (uint32_t k = 0; k < w->n_row; k++) {
            now[k] = is_pending(w, k) && is_read(x, w, k) && !reads_others(x, w, k);
            any |= now[k];
        }
        if (any) pairs_loop(x, w, now, false);
    }
}

static void main_loop(lowering *x, sweep *w)
{
    bool now[LIST_MOST];
    for (uint32_t k = 0; k < w->n_row; k++) now[k] = is_pending(w, k);
    pairs_loop(x, w, now, true);
}

/* what the row's pairs give to their other ends, and to the site itself */
static void scatter_row(lowering *x, sweep *w, const scattered *f)
{
    const row_tensor *t = &w->tensor[f->tensor];
    uint32_t parts = elem_components(look(x, f->of)->elem);
    lexpr *none, *pair = NULL, *site = NULL;
    scope *s = loop_over(x, w->at, w->pair, &none);
    scope_of_ivar(s, w->pair, &pair);
    lexpr *end = in_frame(x, w->sites, lx_load(x->k, view_buffer(x, BUF_SET_J, w->pairs), pair));
    end = let(x, s, "end", ix_mul(x, end, ix(x, parts)));
    for (uint32_t c = 0; c < parts; c++) {
        lexpr *e = lx_load(x->k, t->buffer, tensor_element(x, w, c, pair));
        if (f->times != 1) e = op2(x, L_MUL, f64(x, f->times), e);
        lb_add(x->k, s->block, f->buffer, ix_add(x, end, ix(x, c)), e);
    }
    scope_close(x, s);
    if (f->own == SETIR_NONE) return;
    vals own = lower_node(x, w->at, f->own);
    scope_of_ivar(w->at, w->site, &site);
    site = let(x, w->at, "own", ix_mul(x, in_frame(x, w->sites, site), ix(x, parts)));
    for (uint32_t c = 0; c < parts; c++)
        lb_add(x->k, w->at->block, f->buffer, ix_add(x, site, ix(x, c)), own.at[own.n == 1 ? 0 : c]);
}

/* beside loops a product costs less than what is kept over them for a sum that it is taken out of */
static void put_numbers_back(lowering *x, sweep *w)
{
    for (uint32_t k = 0; k < w->n_all; k++) {
        const node n = *look(x, w->all[k].term);
        node_id times = node_const(x->p, w->sum[w->all[k].member].times, unit_none(), n.at);
        w->all[k].term = rule_node(x->r, OP_MUL, n.elem, (node_id[]){times, w->all[k].term}, 2, NULL, n.at);
    }
    for (uint32_t k = 0; k < w->n_sum; k++) w->sum[k].times = 1;
}

scope *sweep_open(lowering *x, sweep *w)
{
    lexpr *none, *hi;
    find_all_inside(x, w);
    for (uint32_t k = 0; k < w->n_sum; k++) w->sum[k].cell = new_cells(x, x->frame, look(x, w->sum[k].of)->elem);
    open_far(x, w);
    w->at = loop_over(x, x->frame, w->site, &none);
    w->at->holds_loops = true;
    row_range(x, w->at, w->pairs, w->row, &w->lo, &hi);
    w->n = let(x, w->at, "n", ix_sub(x, hi, w->lo));
    x->sweep = w;
    w->loops = has_loops(x, w);
    if (w->loops) put_numbers_back(x, w);
    sums_before(x, w);
    fill_tensors(x, w);
    main_loop(x, w);
    for (uint32_t k = 0; k < w->n_far; k++) scatter_row(x, w, &w->far[k]);
    for (uint32_t k = 0; k < w->n_sum; k++) {
        const member *m = &w->sum[k];
        if (m->site == SETIR_NONE) continue;
        vals v = lower_node(x, w->at, m->site);
        add_to(x, w->at, m->cell, &v, elem_components(look(x, m->of)->elem));
    }
    return w->at;
}

void sweep_close(lowering *x, sweep *w)
{
    scope_close(x, w->at);
    x->sweep = NULL;
    for (uint32_t k = 0; k < w->n_sum; k++) {
        const member *m = &w->sum[k];
        known_put(x, m->of, x->frame, cell_values(x, m->cell, elem_components(look(x, m->of)->elem), m->times));
    }
    for (uint32_t k = 0; k < w->n_far; k++)
        vec_push(x->a, &x->swept, ((swept){w->far[k].of, w->far[k].buffer, w->site, w->sites}));
}

/* ---- reading ------------------------------------------------------------------------------------------- */

bool sweep_access(lowering *x, scope *at, const node *n, vals *out)
{
    sweep *w = x->sweep;
    node_id site = w && scope_within(at, w->at) ? site_body(x, w, n) : SETIR_NONE;
    if (site != SETIR_NONE) {
        *out = lower_node(x, at, site);
        return true;
    }
    uint32_t k = w ? tensor_of(w, n->imm.def) : SETIR_NONE;
    if (k == SETIR_NONE || look(x, n->arg[0])->op != OP_IVAR) return false;
    ivar_id v = look(x, n->arg[0])->imm.ivar;
    lexpr *pair = NULL;
    scope *bound_at = scope_of_ivar(at, v, &pair);
    if (!bound_at || x->p->ivars.at[v].row != w->row || !scope_within(bound_at, w->at)) return false;
    row_tensor *t = &w->tensor[k];
    if (!t->there && v == w->pair) {
        *out = lower_node(x, at, t->body);
        return true;
    }
    if (!t->there) fill_tensor(x, w, t);
    uint32_t parts = elem_components(n->elem);
    *out = vals_new(x, parts);
    for (uint32_t c = 0; c < parts; c++) out->at[c] = lx_load(x->k, t->buffer, tensor_element(x, w, c, pair));
    return true;
}

bool sweep_waits(const lowering *x, node_id id)
{
    if (!x->sweep) return false;
    bool *seen = arena_array(x->a, bool, id + 1);
    seen[id] = true;
    for (node_id k = id + 1; k-- > 0;) {
        const node *n = look(x, k);
        if (!seen[k]) continue;
        uint32_t t = n->op == OP_ACCESS ? tensor_of(x->sweep, n->imm.def) : SETIR_NONE;
        if (t != SETIR_NONE && !x->sweep->tensor[t].there) return true;
        for (uint32_t m = 0; m < n->n_args; m++) seen[n->arg[m]] = true;
    }
    return false;
}

bool sweep_read(lowering *x, scope *at, node_id id, vals *out)
{
    for (uint32_t k = 0; k < x->swept.n; k++) {
        const swept *s = &x->swept.at[k];
        lexpr *site = NULL;
        if (s->of != id || !scope_of_ivar(at, s->site, &site)) continue;
        uint32_t parts = elem_components(look(x, id)->elem);
        *out = vals_new(x, parts);
        lexpr *row = let(x, at, "end", ix_mul(x, in_frame(x, s->sites, site), ix(x, parts)));
        for (uint32_t c = 0; c < parts; c++) out->at[c] = lx_load(x->k, s->buffer, ix_add(x, row, ix(x, c)));
        return true;
    }
    return false;
}
