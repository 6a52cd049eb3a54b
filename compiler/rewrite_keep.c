/* SPDX-License-Identifier: Apache-2.0
 *
 * rewrite_keep.c: which tensors are stored, and which are computed where they are used. In: a program. Out: a flag per tensor,
 * from what its operations cost and how often and in which loops it is used.
 */
#include "rewrite.h"

#define COST_KEEP 40.0 /* tensors cheaper than this are recomputed rather than stored                  */
#define COST_TABLE 8.0 /* the same for small tables that follow from parameters alone                    */
#define COST_MOST 1e12

enum { TRAINED_MOST = 1024 }; /* places of such a table: it is made anew for every frame                */

/* ---- what an operation costs --------------------------------------------------------------------------- */

static bool is_integer(double x)
{
    return x == (double)(int64_t)x;
}

static double power_cost(double power)
{
    if (is_integer(2 * power) && power > -65 && power < 65) return is_integer(power) && power > 0 ? 2 : 8;
    return 40;
}

double op_cost(const program *p, const node *n)
{
    double parts = elem_components(n->elem);
    switch ((int)n->op) {
    case OP_CONST:
    case OP_BOOL_CONST:
    case OP_SPECIES_CONST:
    case OP_IVAR:
    case OP_INDEX_CONST:
    case OP_IDENTITY:
    case OP_VOLUME:
    case OP_COMP:
    case OP_VEC3:
    case OP_CHANNEL_CAT:
    case OP_CHANNEL_GET:
    case OP_TRANSPOSE:
    case OP_CHANNEL_AT: return 0;
    case OP_SOLID: return 3 * parts;
    case OP_LINEAR:
    case OP_BILINEAR: return 2.0 * p->tables.at[n->imm.table].n;
    case OP_EXP:
    case OP_LOG:
    case OP_SIN:
    case OP_COS:
    case OP_TANH:
    case OP_ATAN: return 20 * parts;
    case OP_TAN:
    case OP_ASIN:
    case OP_ACOS:
    case OP_ATAN2:
    case OP_SINH:
    case OP_COSH:
    case OP_ERF:
    case OP_ERFC:
    case OP_POWV: return 35 * parts;
    case OP_POW: return power_cost(n->imm.value[0]) * parts;
    case OP_DIV: return 4 + parts;
    case OP_NORM: return p->nodes.at[n->arg[0]].op == OP_PAIR_D ? 1 : 8;
    case OP_CUTOFF: return 2.0 * n->imm.k + 4;
    case OP_NEAREST: return 400;
    case OP_DOT:
    case OP_FRAC:
    case OP_PHASE:
    case OP_TRACE: return 5;
    case OP_CROSS:
    case OP_DET:
    case OP_OUTER: return 9;
    case OP_MATVEC: return 15;
    case OP_MATMUL: return 45;
    case OP_SPLINE: return 8 + 2.0 * p->curves.at[n->imm.curve].terms;
    case OP_PADGET:
    case OP_LOOKUP:
    case OP_ACCESS:
    case OP_INPUT:
    case OP_PARAM: return 1 + parts;
    default: return parts;
    }
}

/* ---- what the source says: reachable nodes, costs, which tensors to keep ------------------------------- */

typedef struct use {
    bool reached, reversed, other_index, shared, from_other_set;
    bool again; /* used inside a loop over something else that stands outside one of its indices */
    double cost;
} use; /* of a def; reversed: at the reverse of a pair */

typedef struct survey {
    const program *p;
    arena *memory;
    double *cost;   /* by node, < 0: not yet                                                   */
    uint32_t *seen; /* by node: number of the def + 1 that walked it last                      */
    use *def;
    VEC(ivar_id) open; /* variables of the loops around, outermost first                        */
} survey;

static double survey_cost(survey *s, node_id id)
{
    const node *n = &s->p->nodes.at[id];
    if (s->cost[id] >= 0) return s->cost[id];
    double sum = op_cost(s->p, n);
    for (uint32_t k = 0; k < n->n_args; k++) sum += survey_cost(s, n->arg[k]);
    if (n->op == OP_ACCESS || n->op == OP_PADGET) {
        const def *d = &s->p->defs.at[n->imm.def];
        sum += d->lib != LIB_NONE ? COST_KEEP : survey_cost(s, d->body);
    }
    if (n->op == OP_REDUCE) sum = 10 + 10 * sum;
    return s->cost[id] = sum < COST_MOST ? sum : COST_MOST;
}

/* the set over which the loops of a def are outermost, SETIR_NONE for a single number */
static set_id first_set(const program *p, def_id id)
{
    const def *d = &p->defs.at[id];
    return d->n_param ? p->ivars.at[d->param[0]].set : SETIR_NONE;
}

static void survey_def(survey *s, def_id id);

static bool computed_again(const survey *s, const node *n)
{
    uint32_t met = 0;
    for (uint32_t k = 0; k < s->open.n && met < n->n_free; k++) {
        if (!ivar_list_has(n->free, n->n_free, s->open.at[k])) return true;
        met++;
    }
    return false;
}

static void survey_access(survey *s, const node *n, def_id user)
{
    const program *p = s->p;
    use *u = &s->def[n->imm.def];
    const def *by = &p->defs.at[user];
    for (uint32_t k = 0; k < n->n_args; k++) {
        const node *arg = &p->nodes.at[n->arg[k]];
        bool reverse = arg->op == OP_PAIR_REV && p->nodes.at[arg->arg[0]].op == OP_IVAR;
        u->reversed |= reverse;
        u->other_index |= !reverse && arg->op != OP_IVAR;
    }
    /* used at the user's own outermost index: the loops over it can be one */
    bool own = n->n_args && by->n_param && p->nodes.at[n->arg[0]].op == OP_IVAR &&
               p->nodes.at[n->arg[0]].imm.ivar == by->param[0];
    u->from_other_set |= !own || first_set(p, user) != first_set(p, n->imm.def);
    u->shared |= u->reached;
    u->again |= own && n->n_args > 1 && computed_again(s, n);
    survey_def(s, n->imm.def);
}

static void survey_node(survey *s, node_id id, def_id user)
{
    if (id == SETIR_NONE || s->seen[id] == user + 1) return;
    s->seen[id] = user + 1;
    const node *n = &s->p->nodes.at[id];
    uint32_t open = s->open.n;
    for (uint32_t k = 0; k < n->imm.n_ivars; k++) {
        survey_node(s, s->p->ivars.at[n->imm.ivars[k]].row, user);
        survey_node(s, s->p->ivars.at[n->imm.ivars[k]].to, user);
        vec_push(s->memory, &s->open, n->imm.ivars[k]);
    }
    for (uint32_t k = 0; k < n->n_args; k++) survey_node(s, n->arg[k], user);
    s->open.n = open;
    if (n->op == OP_ACCESS || n->op == OP_PADGET) survey_access(s, n, user);
}

static void survey_def(survey *s, def_id id)
{
    if (s->def[id].reached) return;
    s->def[id].reached = true;
    const def *d = &s->p->defs.at[id];
    if (d->lib != LIB_NONE) {
        survey_def(s, d->lib_arg);
        return;
    }
    VEC(ivar_id) around = {s->open.at, s->open.n, s->open.cap};
    s->open.at = NULL;
    s->open.n = s->open.cap = 0;
    for (uint32_t k = 0; k < d->n_param; k++) vec_push(s->memory, &s->open, d->param[k]);
    survey_node(s, d->body, id);
    s->open.at = around.at;
    s->open.n = around.n;
    s->open.cap = around.cap;
}

/* a tensor over a row (x[i, b in bond(i)]) has no rectangular store */
static bool is_rectangular(const program *p, const def *d)
{
    for (uint32_t k = 0; k < d->n_param; k++)
        if (p->ivars.at[d->param[k]].row != SETIR_NONE || p->ivars.at[d->param[k]].partner != SETIR_NONE)
            return false;
    return true;
}

/* sums, but those in tensors that are kept */
static bool has_sums(survey *s, const bool *kept, node_id id, bool *seen)
{
    const node *n = &s->p->nodes.at[id];
    if (seen[id]) return false;
    seen[id] = true;
    if (n->op == OP_REDUCE || n->op == OP_NEAREST) return true;
    if ((n->op == OP_ACCESS || n->op == OP_PADGET) && !kept[n->imm.def] &&
        has_sums(s, kept, s->p->defs.at[n->imm.def].body, seen))
        return true;
    for (uint32_t k = 0; k < n->n_args; k++)
        if (has_sums(s, kept, n->arg[k], seen)) return true;
    return false;
}

/* of structures, not the same for all of them */
static bool reads_data(const program *p, node_id id, bool *seen)
{
    const node *n = &p->nodes.at[id];
    if (seen[id]) return false;
    seen[id] = true;
    if (n->moves || n->op == OP_INPUT || n->op == OP_LOOKUP || n->op == OP_COUNT) return true;
    for (uint32_t k = 0; k < n->imm.n_ivars; k++)
        if (set_constant(p, p->ivars.at[n->imm.ivars[k]].set) < 0) return true;
    for (uint32_t k = 0; k < n->n_args; k++)
        if (reads_data(p, n->arg[k], seen)) return true;
    if (n->op != OP_ACCESS && n->op != OP_PADGET) return false;
    const def *d = &p->defs.at[n->imm.def];
    return d->lib != LIB_NONE || reads_data(p, d->body, seen);
}

static bool reads_params(const program *p, node_id id, bool *seen)
{
    const node *n = &p->nodes.at[id];
    if (seen[id]) return false;
    seen[id] = true;
    if (n->op == OP_PARAM || (n->op == OP_ACCESS && reads_params(p, p->defs.at[n->imm.def].body, seen))) return true;
    for (uint32_t k = 0; k < n->n_args; k++)
        if (reads_params(p, n->arg[k], seen)) return true;
    return false;
}

/* a small table made of parameters, as x[a, b] = exp(w[a, b]): pairs that read it are many more than its places */
static bool is_trained(const survey *s, const def *d)
{
    const program *p = s->p;
    int64_t places = 1;
    for (uint32_t k = 0; k < d->n_param; k++) {
        int64_t size = set_constant(p, p->ivars.at[d->param[k]].set);
        if (size < 1 || (places *= size) > TRAINED_MOST) return false;
    }
    return !reads_data(p, d->body, arena_array(s->memory, bool, p->nodes.n + 1)) &&
           reads_params(p, d->body, arena_array(s->memory, bool, p->nodes.n + 1));
}

/* Tensors over pairs, read at a pair or at its reverse, of which memory is far away: what needs no sums is computed
 * where it is read, mostly the same numbers for both directions. */
static void keep_pairs(survey *s, bool *kept)
{
    const program *p = s->p;
    for (uint32_t k = 0; k < p->defs.n; k++) {
        const def *d = &p->defs.at[k];
        set_id first = first_set(p, k);
        bool pairs = d->n_param == 1 && p->sets.at[first].kind == SET_PAIRS && is_rectangular(p, d);
        if (!pairs || s->def[k].other_index || d->lib != LIB_NONE || d->nested) continue;
        if (kept[k] || s->def[k].reversed)
            kept[k] = has_sums(s, kept, d->body, arena_array(s->memory, bool, p->nodes.n));
    }
}

bool *rewrite_keep(arena *a, const program *p)
{
    survey s = {.p = p, .memory = a};
    s.cost = arena_array(a, double, p->nodes.n + 1);
    s.seen = arena_array(a, uint32_t, p->nodes.n + 1);
    s.def = arena_array(a, use, p->defs.n + 1);
    for (uint32_t k = 0; k < p->nodes.n; k++) s.cost[k] = -1;
    for (uint32_t k = 0; k < p->defs.n; k++)
        if (p->defs.at[k].output) survey_def(&s, k);
    bool *kept = arena_array(a, bool, p->defs.n + 1);
    for (uint32_t k = 0; k < p->defs.n; k++) {
        const def *d = &p->defs.at[k];
        const use *u = &s.def[k];
        if (d->lib != LIB_NONE) {
            kept[k] = true;
            continue;
        }
        bool elsewhere = u->other_index || u->again || ((u->shared || d->output) && u->from_other_set);
        kept[k] = u->reached && !d->nested && is_rectangular(p, d) && elsewhere;
        if (kept[k])
            kept[k] = survey_cost(&s, d->body) >= (p->params.n && is_trained(&s, d) ? COST_TABLE : COST_KEEP);
    }
    keep_pairs(&s, kept);
    return kept;
}
