/* SPDX-License-Identifier: Apache-2.0
 *
 * setir.c: the builder of the set IR. In: operations, sets, index variables. Out: hash-consed nodes that know
 * their free index variables and whether they follow the atoms. Also the little algebra of units. Substitution
 * is in substitute.c; nothing is checked here beyond what keeps memory safe: verify.c does that.
 */
#include "setir.h"

#include <stdlib.h>
#include <string.h>

const op_row op_table[OP_COUNT_] = {
#define OP(id, ...) [OP_##id] = {__VA_ARGS__},
#include "setir.def"
#undef OP
};

const char *const symmetry_text[SYM_COUNT] = {
    [SYM_PERMUTE] = "permute",
    [SYM_TRANSLATE] = "translate",
    [SYM_ROTATE] = "rotate",
    [SYM_ROTATE_X] = "rotate(x)",
    [SYM_ROTATE_Y] = "rotate(y)",
    [SYM_ROTATE_Z] = "rotate(z)",
    [SYM_REFLECT] = "reflect",
    [SYM_REFLECT_X] = "reflect(x)",
    [SYM_REFLECT_Y] = "reflect(y)",
    [SYM_REFLECT_Z] = "reflect(z)",
    [SYM_WRAP] = "wrap",
    [SYM_CELL] = "cell",
    [SYM_SUPERCELL] = "supercell",
};

/* -------------------------------------------------------------------------------------------------- units */

static int64_t gcd64(int64_t a, int64_t b)
{
    while (b) {
        int64_t t = a % b;
        a = b;
        b = t;
    }
    return a < 0 ? -a : a;
}

rational rational_new(int64_t num, int64_t den)
{
    if (den == 0 || num == INT64_MIN || den == INT64_MIN) return (rational){0, 1};
    int64_t g = gcd64(num, den);
    if (den < 0) g = -g;
    num /= g;
    den /= g;
    while (num > INT32_MAX || num < -INT32_MAX ||
           den > INT32_MAX) { /* no real unit comes here: keep the value near */
        num /= 2;
        den = den / 2 ? den / 2 : 1;
    }
    return (rational){(int32_t)num, (int32_t)den};
}

rational rational_add(rational a, rational b)
{
    return rational_new((int64_t)a.num * b.den + (int64_t)b.num * a.den, (int64_t)a.den * b.den);
}

rational rational_mul(rational a, rational b)
{
    return rational_new((int64_t)a.num * b.num, (int64_t)a.den * b.den);
}

unit unit_none(void)
{
    unit u;
    for (int k = 0; k < UNIT_COUNT; k++) u.power[k] = (rational){0, 1};
    return u;
}

/* a unit that came from zeroed memory has denominators 0: read them as powers 0 */
static rational power_of(unit u, int k)
{
    return u.power[k].den == 0 ? (rational){0, 1} : u.power[k];
}

static unit unit_clean(unit u)
{
    for (int k = 0; k < UNIT_COUNT; k++) u.power[k] = power_of(u, k);
    return u;
}

unit unit_mul(unit a, unit b)
{
    unit u;
    for (int k = 0; k < UNIT_COUNT; k++) u.power[k] = rational_add(power_of(a, k), power_of(b, k));
    return u;
}

unit unit_pow(unit a, rational r)
{
    unit u;
    for (int k = 0; k < UNIT_COUNT; k++) u.power[k] = rational_mul(power_of(a, k), r);
    return u;
}

unit unit_div(unit a, unit b)
{
    return unit_mul(a, unit_pow(b, (rational){-1, 1}));
}

bool unit_equal(unit a, unit b)
{
    for (int k = 0; k < UNIT_COUNT; k++) {
        rational x = power_of(a, k), y = power_of(b, k);
        if (x.num != y.num || x.den != y.den) return false;
    }
    return true;
}

bool unit_is_none(unit a)
{
    return unit_equal(a, unit_none());
}

const char *const unit_name[UNIT_COUNT] = {
    [UNIT_LENGTH] = "Å",      [UNIT_ENERGY] = "eV", [UNIT_CHARGE] = "e",
    [UNIT_TEMPERATURE] = "K", [UNIT_TIME] = "fs",
};

static void unit_factor_text(text *out, int k, rational power)
{
    text_add(out, unit_name[k]);
    if (power.den != 1)
        text_printf(out, "^(%d/%d)", power.num, power.den);
    else if (power.num != 1)
        text_printf(out, "^%d", power.num);
}

void unit_text(unit u, text *out)
{
    static const int order[UNIT_COUNT] = {UNIT_ENERGY, UNIT_CHARGE, UNIT_LENGTH, UNIT_TEMPERATURE, UNIT_TIME};
    bool any = false;
    for (int o = 0; o < UNIT_COUNT; o++) {
        rational power = power_of(u, order[o]);
        if (power.num <= 0) continue;
        if (any) text_add(out, "*");
        unit_factor_text(out, order[o], power);
        any = true;
    }
    if (!any) text_add(out, "1");
    for (int o = 0; o < UNIT_COUNT; o++) {
        rational power = power_of(u, order[o]);
        if (power.num >= 0) continue;
        text_add(out, "/");
        unit_factor_text(out, order[o], (rational){-power.num, power.den});
    }
}

/* ------------------------------------------------------------------------------------------ element types */

uint32_t elem_components(elem e)
{
    if (e.kind != ELEM_REAL) return 1;
    if (e.channels) return e.channels;
    return e.rank == 0 ? 1 : e.rank == 1 ? 3 : 9;
}

elem elem_real(uint8_t rank)
{
    return (elem){.kind = ELEM_REAL, .rank = rank, .set = SETIR_NONE};
}

elem elem_channels(uint32_t n)
{
    return (elem){.kind = ELEM_REAL, .channels = (uint16_t)n, .set = SETIR_NONE};
}

elem elem_bool(void)
{
    return (elem){.kind = ELEM_BOOL, .set = SETIR_NONE};
}

elem elem_species(void)
{
    return (elem){.kind = ELEM_SPECIES, .set = SETIR_NONE};
}

elem elem_index(set_id s)
{
    return (elem){.kind = ELEM_INDEX, .set = s};
}

/* one spelling per type, so that equal nodes hash equal however their builder filled the unused fields */
static elem elem_clean(elem e)
{
    if (e.kind != ELEM_REAL) e.rank = 0, e.channels = 0;
    if (!e.channels) e.irreps = 0;
    if (e.kind != ELEM_INDEX) e.set = SETIR_NONE;
    return e;
}

bool elem_equal(elem a, elem b)
{
    a = elem_clean(a);
    b = elem_clean(b);
    return a.kind == b.kind && a.rank == b.rank && a.channels == b.channels && a.irreps == b.irreps &&
           a.set == b.set;
}

/* -------------------------------------------------------------------------------------------- small lists */

void ivar_list_add(arena *a, ivar_list *l, ivar_id v) /* sorted, each once */
{
    uint32_t at = 0;
    while (at < l->n && l->at[at] < v) at++;
    if (at < l->n && l->at[at] == v) return;
    vec_push(a, l, v);
    memmove(l->at + at + 1, l->at + at, (l->n - 1 - at) * sizeof *l->at);
    l->at[at] = v;
}

void ivar_list_add_free(program *p, ivar_list *l, node_id n)
{
    if (n == SETIR_NONE) return;
    for (uint32_t k = 0; k < p->nodes.at[n].n_free; k++) ivar_list_add(p->memory, l, p->nodes.at[n].free[k]);
}

bool ivar_list_has(const ivar_id *list, uint32_t n, ivar_id v)
{
    for (uint32_t k = 0; k < n; k++)
        if (list[k] == v) return true;
    return false;
}

/* ------------------------------------------------------------------------------------------------- tables */

program *program_new(arena *a, name id, span at)
{
    program *p = arena_new(a, program);
    p->id = id;
    p->at = at;
    p->memory = a;
    return p;
}

program *program_with_outputs(arena *a, const program *from, const bool *output)
{
    program *p = arena_copy(a, from, sizeof *from);
    p->defs.at = arena_copy(a, from->defs.at, from->defs.n * sizeof *from->defs.at);
    for (def_id k = 0; k < p->defs.n; k++) p->defs.at[k].output = output[k];
    return p;
}

set_id program_set(program *p, set s)
{
    vec_push(p->memory, &p->sets, s);
    return p->sets.n - 1;
}

ivar_id program_ivar(program *p, ivar v)
{
    vec_push(p->memory, &p->ivars, v);
    return p->ivars.n - 1;
}

input_id program_input(program *p, input in)
{
    in.elem = elem_clean(in.elem);
    in.unit = unit_clean(in.unit);
    vec_push(p->memory, &p->inputs, in);
    return p->inputs.n - 1;
}

/* which parameter of the table a pair stands for: that of its first end or of itself */
uint32_t program_pair_param(const program *p, const def *d, set_id pairs)
{
    for (uint32_t k = 0; k < d->n_param; k++) {
        const ivar *v = &p->ivars.at[d->param[k]];
        if (v->row == SETIR_NONE && (v->set == pairs || v->set == p->sets.at[pairs].parent)) return k;
    }
    return SETIR_NONE;
}

bool set_is_concatenated(const program *p, set_id s)
{
    set_kind k = p->sets.at[s].kind;
    return k == SET_BASE || k == SET_PAIRS || k == SET_DIFFER || k == SET_RECIP;
}

set_id set_counted(const program *p, set_id s)
{
    while (p->sets.at[s].kind == SET_RANK && p->sets.at[s].parent != SETIR_NONE) s = p->sets.at[s].parent;
    return s;
}

int64_t set_constant(const program *p, set_id s)
{
    const set *t = &p->sets.at[set_counted(p, s)];
    switch (t->kind) {
    case SET_RANGE: return (int64_t)t->hi - t->lo + 1 > 0 ? (int64_t)t->hi - t->lo + 1 : 0;
    case SET_AXIS:
    case SET_SPECIES:
    case SET_RANK: return t->count;
    case SET_BASE:
    case SET_PAIRS:
    case SET_DIFFER:
    case SET_RECIP: return -1;
    }
    return -1;
}

bool def_is_whole(const program *p, const def *d)
{
    bool whole = true;
    for (uint32_t k = 0; k < d->n_param; k++) whole = whole && parameter_set_size(p, p->ivars.at[d->param[k]].set) > 0;
    return whole;
}

bool lib_is_derivative(lib_op lib)
{
    return lib == LIB_GRAD || lib == LIB_JACOBIAN || lib == LIB_ALONG;
}

def_id program_def(program *p, def d)
{
    d.elem = elem_clean(d.elem);
    d.declared = elem_clean(d.declared);
    d.out_unit = unit_clean(d.out_unit);
    vec_push(p->memory, &p->defs, d);
    return p->defs.n - 1;
}

/* --------------------------------------------------------------------------------- what a node is made of */

/* keeps the members that the operation uses and zeroes the rest, so that hashing may look at all of it */
static node_imm imm_clean(node_op op, elem e, const node_imm *imm)
{
    node_imm m = {.unit = unit_none(),
                  .slot = SETIR_NONE,
                  .ivar = SETIR_NONE,
                  .set = SETIR_NONE,
                  .input = SETIR_NONE,
                  .def = SETIR_NONE,
                  .param = SETIR_NONE,
                  .named = SETIR_NONE,
                  .curve = SETIR_NONE,
                  .table = SETIR_NONE};
    if (!imm) return m;
    uint32_t use = op_table[op].imm;
    if (use & IMM_VALUE)
        for (uint32_t k = 0; k < elem_components(e) && k < 9; k++) m.value[k] = imm->value[k];
    if (use & IMM_POWER) m.value[0] = imm->value[0];
    if (use & IMM_UNIT) m.unit = unit_clean(imm->unit);
    if (use & IMM_K) m.k = imm->k;
    if (use & IMM_SLOT) m.slot = imm->slot;
    if (use & IMM_IVAR) m.ivar = imm->ivar;
    if (use & IMM_SET) m.set = imm->set;
    if (use & IMM_INPUT) m.input = imm->input;
    if (use & IMM_DEF) m.def = imm->def;
    if (use & IMM_PARAM) m.param = imm->param;
    if (use & IMM_NAMED) m.named = imm->named;
    if (use & IMM_CURVE) m.curve = imm->curve;
    if (use & IMM_TABLE) m.table = imm->table;
    if (use & IMM_REDUCE) {
        m.reduce = imm->reduce;
        m.ivars = imm->ivars;
        m.n_ivars = imm->n_ivars;
    }
    return m;
}

/* free index variables of a tensor: those of an enclosing one that its body mentions */
void program_def_free(program *p, ivar_list *l, def_id id)
{
    const def *d = &p->defs.at[id];
    while (d->lib != LIB_NONE) d = &p->defs.at[d->lib_arg];
    if (!d->nested) return;
    ivar_list own = {0};
    ivar_list_add_free(p, &own, d->body);
    for (uint32_t k = 0; k < d->n_param; k++) {
        ivar_list_add_free(p, &own, p->ivars.at[d->param[k]].row);
        ivar_list_add_free(p, &own, p->ivars.at[d->param[k]].to);
    }
    for (uint32_t k = 0; k < own.n; k++)
        if (!ivar_list_has(d->param, d->n_param, own.at[k])) ivar_list_add(p->memory, l, own.at[k]);
}

static void free_of(program *p, node *n)
{
    ivar_list l = {0};
    for (uint32_t k = 0; k < n->n_args; k++) ivar_list_add_free(p, &l, n->arg[k]);
    if (n->op == OP_IVAR) {
        ivar_list_add(p->memory, &l, n->imm.ivar);
        ivar_list_add_free(p, &l, p->ivars.at[n->imm.ivar].row);
        ivar_list_add_free(p, &l, p->ivars.at[n->imm.ivar].to);
    } else if (n->op == OP_ACCESS || n->op == OP_PADGET) {
        program_def_free(p, &l, n->imm.def);
    } else if (n->op == OP_REDUCE) {
        ivar_list kept = {0};
        for (uint32_t k = 0; k < n->imm.n_ivars; k++) {
            const ivar *v = &p->ivars.at[n->imm.ivars[k]];
            ivar_list_add_free(p, &l, v->row);
            ivar_list_add_free(p, &l, v->to);
            if (v->partner != SETIR_NONE) ivar_list_add(p->memory, &l, v->partner);
        }
        for (uint32_t k = 0; k < l.n; k++)
            if (!ivar_list_has(n->imm.ivars, n->imm.n_ivars, l.at[k])) vec_push(p->memory, &kept, l.at[k]);
        l = kept;
    }
    n->free = l.at;
    n->n_free = l.n;
}

/* Is membership of the set decided by distances? Matched sites (DIFFER) count as fixed: they change only
 * by jumps of whole sites, which no derivative sees. */
static bool set_moves(const program *p, set_id s)
{
    const set *x = &p->sets.at[s];
    return x->kind == SET_PAIRS || x->kind == SET_RECIP ||
           (x->kind == SET_RANK && x->parent != SETIR_NONE && set_moves(p, x->parent));
}

static bool def_moves(const program *p, def_id id)
{
    const def *d = &p->defs.at[id];
    while (d->lib != LIB_NONE) d = &p->defs.at[d->lib_arg];
    return d->body != SETIR_NONE && p->nodes.at[d->body].moves;
}

static bool moves_of(const program *p, const node *n)
{
    for (uint32_t k = 0; k < n->n_args; k++)
        if (p->nodes.at[n->arg[k]].moves) return true;
    switch ((int)n->op) {
    case OP_PAIR_D:
    case OP_SPOT_R:
    case OP_RECIP_K:
    case OP_CELL_VEC:
    case OP_NIGGLI_VEC:
    case OP_VOLUME:
    case OP_FRAC:
    case OP_PHASE:
    case OP_NEAREST: return true;
    case OP_INPUT: return p->inputs.at[n->imm.input].role == IN_POSITION;
    case OP_LOOKUP: return p->inputs.at[n->imm.input].role == IN_POSITION;
    case OP_COUNT: return set_moves(p, n->imm.set);
    case OP_ACCESS:
    case OP_PADGET: return def_moves(p, n->imm.def);
    case OP_REDUCE:
        for (uint32_t k = 0; k < n->imm.n_ivars; k++)
            if (set_moves(p, p->ivars.at[n->imm.ivars[k]].set)) return true;
        return false;
    default: return false;
    }
}

/* ------------------------------------------------------------------------------------------- hash-consing */

static uint32_t mix(uint32_t h, const void *data, size_t n)
{
    const unsigned char *b = data;
    for (size_t k = 0; k < n; k++) h = (h ^ b[k]) * 16777619u;
    return h;
}

static uint32_t node_hash(const node *n)
{
    const node_imm *m = &n->imm;
    uint32_t word[] = {n->op,     n->elem.kind,   n->elem.rank, n->elem.channels, n->elem.set,
                       n->n_args, (uint32_t)m->k, m->slot,      m->ivar,          m->set,
                       m->input,  m->def,         m->param,     m->reduce,        m->n_ivars,
                       m->curve,  m->table,        m->named,     n->elem.irreps};
    uint32_t h = mix(2166136261u, word, sizeof word);
    h = mix(h, n->arg, n->n_args * sizeof *n->arg);
    h = mix(h, m->ivars, m->n_ivars * sizeof *m->ivars);
    if (op_table[n->op].imm & (IMM_VALUE | IMM_POWER)) h = mix(h, m->value, sizeof m->value);
    if (op_table[n->op].imm & IMM_UNIT) h = mix(h, &m->unit, sizeof m->unit);
    return h;
}

static bool node_same(const node *a, const node *b)
{
    const node_imm *m = &a->imm, *o = &b->imm;
    return a->op == b->op && elem_equal(a->elem, b->elem) && a->n_args == b->n_args && m->k == o->k &&
           m->slot == o->slot && m->ivar == o->ivar && m->set == o->set && m->input == o->input &&
           m->def == o->def && m->param == o->param && m->curve == o->curve && m->table == o->table &&
           m->named == o->named &&
           m->reduce == o->reduce && m->n_ivars == o->n_ivars &&
           (!a->n_args || !memcmp(a->arg, b->arg, a->n_args * sizeof *a->arg)) &&
           (!m->n_ivars || !memcmp(m->ivars, o->ivars, m->n_ivars * sizeof *m->ivars)) &&
           !memcmp(m->value, o->value, sizeof m->value) && unit_equal(m->unit, o->unit);
}

/* the table holds id + 1; the bucket of an equal node or the free one */
static uint32_t *hash_find(program *p, const node *n)
{
    uint32_t mask = p->hash_cap - 1;
    for (uint32_t k = node_hash(n) & mask;; k = (k + 1) & mask)
        if (!p->hash[k] || node_same(&p->nodes.at[p->hash[k] - 1], n)) return &p->hash[k];
}

/* room for the nodes of now and as many again */
static void hash_grow(program *p)
{
    if (!p->hash_cap) p->hash_cap = 256;
    while (p->hash_cap < 4 * (p->nodes.n + 1)) p->hash_cap *= 2;
    p->hash = arena_array(p->memory, uint32_t, p->hash_cap);
    for (uint32_t k = 0; k < p->nodes.n; k++) *hash_find(p, &p->nodes.at[k]) = k + 1;
}

node_id program_node(program *p, node_op op, elem e, const node_id *args, uint32_t n_args,
                     const node_imm *imm, span at)
{
    if (2 * (p->nodes.n + 1) > p->hash_cap) hash_grow(p);
    node n = {.op = op, .elem = elem_clean(e), .n_args = n_args, .arg = (node_id *)args, .at = at};
    n.imm = imm_clean(op, n.elem, imm);
    uint32_t *bucket = hash_find(p, &n);
    if (*bucket) return *bucket - 1;
    n.arg = n_args ? arena_copy(p->memory, args, n_args * sizeof *args) : NULL;
    if (n.imm.n_ivars) n.imm.ivars = arena_copy(p->memory, n.imm.ivars, n.imm.n_ivars * sizeof *n.imm.ivars);
    free_of(p, &n);
    n.moves = moves_of(p, &n);
    vec_push(p->memory, &p->nodes, n);
    *bucket = p->nodes.n;
    return p->nodes.n - 1;
}

#define COPY_VEC(a, to, from)                                                                                    \
    for (uint32_t copy_k = 0; copy_k < (from)->n; copy_k++) vec_push((a), (to), (from)->at[copy_k])

program *program_copy(arena *a, const program *from)
{
    program *p = program_new(a, from->id, from->at);
    p->doc = from->doc;
    COPY_VEC(a, &p->cites, &from->cites);
    COPY_VEC(a, &p->slots, &from->slots);
    COPY_VEC(a, &p->sets, &from->sets);
    COPY_VEC(a, &p->ivars, &from->ivars);
    COPY_VEC(a, &p->inputs, &from->inputs);
    COPY_VEC(a, &p->params, &from->params);
    COPY_VEC(a, &p->nodes, &from->nodes);
    COPY_VEC(a, &p->defs, &from->defs);
    COPY_VEC(a, &p->claims, &from->claims);
    COPY_VEC(a, &p->curves, &from->curves);
    COPY_VEC(a, &p->irreps, &from->irreps);
    COPY_VEC(a, &p->tables, &from->tables);
    hash_grow(p);
    return p;
}

node_id node_const(program *p, double value, unit u, span at)
{
    return program_node(p, OP_CONST, elem_real(0), NULL, 0, &(node_imm){.value = {value}, .unit = u}, at);
}

node_id node_ivar(program *p, ivar_id v, span at)
{
    return program_node(p, OP_IVAR, elem_index(p->ivars.at[v].set), NULL, 0, &(node_imm){.ivar = v}, at);
}

node_id node_1(program *p, node_op op, elem e, node_id a, span at)
{
    return program_node(p, op, e, &a, 1, NULL, at);
}

node_id node_2(program *p, node_op op, elem e, node_id a, node_id b, span at)
{
    return program_node(p, op, e, (node_id[]){a, b}, 2, NULL, at);
}

node_id node_3(program *p, node_op op, elem e, node_id a, node_id b, node_id c, span at)
{
    return program_node(p, op, e, (node_id[]){a, b, c}, 3, NULL, at);
}

bool program_depends(const program *p, node_id n, ivar_id v)
{
    return ivar_list_has(p->nodes.at[n].free, p->nodes.at[n].n_free, v);
}
