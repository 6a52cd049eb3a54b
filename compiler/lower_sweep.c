/* SPDX-License-Identifier: Apache-2.0
 *
 * lower_sweep.c: what outputs want of the pairs of a structure, for one pass over the rows. In: the outputs of a kernel.
 * Out: a plan (lower_sweep.h): sums over all pairs, sums over rows and what pairs give to their two ends, that are
 * added up together: an energy, forces and a virial from one evaluation of each pair. A tensor over pairs that is only
 * read in its own row, or at the reverse of a pair by a sum over that one's row, is not stored: sum b in bond(k):
 * G[b.rev] becomes an addition of G[b] to what belongs to b.j. What a plan does not take is left to the other files;
 * its loops are made by lower_sweep_loops.c.
 */
#include "law.h"
#include "lower_sweep.h"

#include <math.h>
#include <string.h>

/* ---- the variables, and tensors of a row --------------------------------------------------------------- */

bool sweep_is_pair(const lowering *x, const sweep *w, node_id id)
{
    return look(x, id)->op == OP_IVAR && look(x, id)->imm.ivar == w->pair;
}

static bool is_reverse(const lowering *x, const sweep *w, node_id id)
{
    return look(x, id)->op == OP_PAIR_REV && sweep_is_pair(x, w, look(x, id)->arg[0]);
}

uint32_t sweep_tensor(const sweep *w, def_id d)
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
node_id sweep_site_body(const lowering *x, const sweep *w, const node *n)
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
    uint32_t t = n->op == OP_ACCESS ? sweep_tensor(w, n->imm.def) : SETIR_NONE;
    if (t != SETIR_NONE) {
        const node *arg = look(x, n->arg[0]);
        if (arg->op != OP_IVAR || x->p->ivars.at[arg->imm.ivar].row != w->row) return true;
        if (reads_elsewhere(x, w, w->tensor[t].body, seen)) return true;
    }
    node_id site = sweep_site_body(x, w, n);
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
    node_id site = sweep_site_body(x, w, &n);
    bool any = site != SETIR_NONE && find_row_sums(x, w, site, seen);
    for (uint32_t k = 0; k < n.n_args && n.op != OP_REDUCE; k++) any |= find_row_sums(x, w, n.arg[k], seen);
    return any;
}

/* ---- sums over everything ------------------------------------------------------------------------------ */

/* id = sum of numbers times sums over the row: each becomes a sum over all pairs; the first number stays outside */
static bool split_linear(lowering *x, sweep *w, node_id id, double times, member *m)
{
    const node n = *look(x, id);
    node_id site = sweep_site_body(x, w, &n);
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
        uint32_t t = sweep_tensor(w, n.imm.def);
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
    node_id site = sweep_site_body(x, w, &n);
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
bool sweep_has_loops(const lowering *x, const sweep *w)
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
    node_id site = sweep_site_body(x, w, &n);
    uint32_t t = n.op == OP_ACCESS ? sweep_tensor(w, n.imm.def) : SETIR_NONE;
    if (site != SETIR_NONE) find_inside(x, w, site, seen, n_seen);
    if (t != SETIR_NONE) find_inside(x, w, w->tensor[t].body, seen, n_seen);
    for (uint32_t k = 0; k < n.n_args; k++) find_inside(x, w, n.arg[k], seen, n_seen);
}

void sweep_find_inside(lowering *x, sweep *w)
{
    uint32_t n = x->p->nodes.n;
    bool *seen = arena_array(x->a, bool, n);
    for (uint32_t k = 0; k < w->n_all; k++) find_inside(x, w, w->all[k].term, seen, n);
    for (uint32_t k = 0; k < w->n_tensor; k++)
        if (w->tensor[k].wanted) find_inside(x, w, w->tensor[k].body, seen, n);
    for (uint32_t k = 0; k < w->n_row; k++) find_inside(x, w, w->row_sum[k].term, seen, n);
}

bool sweep_needs(const lowering *x, const sweep *w, node_id id, node_id sum, bool *seen)
{
    if (id == sum) return true;
    if (seen[id]) return false;
    seen[id] = true;
    const node *n = look(x, id);
    node_id site = sweep_site_body(x, w, n);
    uint32_t t = n->op == OP_ACCESS ? sweep_tensor(w, n->imm.def) : SETIR_NONE;
    bool found = (site != SETIR_NONE && sweep_needs(x, w, site, sum, seen)) ||
                 (t != SETIR_NONE && sweep_needs(x, w, w->tensor[t].body, sum, seen));
    for (uint32_t k = 0; k < n->n_args && !found; k++) found = sweep_needs(x, w, n->arg[k], sum, seen);
    return found;
}

/* does the value read that sum over the row? */
static bool reads_sum(const lowering *x, const sweep *w, node_id value, uint32_t sum)
{
    bool found = false;
    for (uint32_t k = sum; k < w->n_row && !found; k++)
        found = w->row_sum[k].like == sum &&
                sweep_needs(x, w, value, w->row_sum[k].of, arena_array(x->a, bool, x->p->nodes.n));
    return found;
}

bool sweep_is_pending(const sweep *w, uint32_t k)
{
    return w->row_sum[k].like == k && !w->row_sum[k].there;
}

/* do values of the main loop, or other sums that are still to be made, read this one? */
bool sweep_is_read(const lowering *x, const sweep *w, uint32_t sum)
{
    bool read = false;
    for (uint32_t k = 0; k < w->n_all && !read; k++) read = reads_sum(x, w, w->all[k].term, sum);
    for (uint32_t k = 0; k < w->n_row && !read; k++)
        read = k != sum && sweep_is_pending(w, k) && reads_sum(x, w, w->row_sum[k].term, sum);
    for (uint32_t k = 0; k < w->n_tensor && !read; k++)
        read = w->tensor[k].wanted && reads_sum(x, w, w->tensor[k].body, sum);
    return read;
}

/* does it read others that are still to be made? */
bool sweep_reads_others(const lowering *x, const sweep *w, uint32_t sum)
{
    bool read = false;
    for (uint32_t k = 0; k < w->n_row && !read; k++)
        read = k != sum && sweep_is_pending(w, k) && reads_sum(x, w, w->row_sum[sum].term, k);
    return read;
}
