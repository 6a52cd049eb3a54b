/* SPDX-License-Identifier: Apache-2.0
 *
 * gen_law_program.c: the structures, sets and tensors of random programs (gen_law.h); what stands in the
 * tensors is made by gen_law.c.
 */
#include "gen_law.c"

/* ------------------------------------------------------------------------------------ tensors */

static set_id rank_set(gen *g, set_id parent, int count)
{
    return program_set(g->p, (set){.kind = SET_RANK,
                                   .parent = parent,
                                   .slot = SETIR_NONE,
                                   .host = SETIR_NONE,
                                   .sample = SETIR_NONE,
                                   .cutoff = SETIR_NONE,
                                   .count = parent == SETIR_NONE ? count : 0});
}

static def_id add_tensor(gen *g, def d, const ivar_id *param, uint32_t n)
{
    char words[8] = {'T', (char)('a' + g->p->defs.n / 26 % 26), (char)('a' + g->p->defs.n % 26)};
    d.id = intern_s(&g->names, words);
    d.param = arena_copy(g->a, param, n * sizeof *param);
    d.n_param = n;
    d.declared = d.elem;
    d.output = true;
    d.out_scale = 1;
    def_id id = program_def(g->p, d);
    if (g->n_tensor < GEN_TENSORS) g->tensor[g->n_tensor++] = id;
    return id;
}

static uint32_t open_params(gen *g, ivar_id *param)
{
    uint32_t n = (uint32_t)pick(g, 4), used = 0;
    g->n_var = 0;
    g->work = 1;
    g->depth = 0;
    for (uint32_t k = 0; k < (n == 3 ? 2 : n); k++) {
        set_id s = pick(g, 10) == 0 ? rank_set(g, pick(g, 2) ? g->atom[0] : SETIR_NONE, 6) : some_set(g);
        if (g->work * size_of(g, s) > 200) continue;
        g->work *= size_of(g, s);
        param[used++] = open_plain(g, s);
    }
    return used;
}

bool gen_application(gen *g, node_op op, def_id *made)
{
    ivar_id param[3];
    for (int tries = 0; tries < 20; tries++) {
        uint32_t n = open_params(g, param);
        if (tries > 4 && n < 3) { /* an index over what the operation may need */
            set_id s = some_set(g);
            g->work *= size_of(g, s);
            param[n++] = open_plain(g, s);
        }
        def d = {.lib_arg = SETIR_NONE, .body = make(g, op)};
        if (d.body == SETIR_NONE || g->p->nodes.at[d.body].op != op) continue;
        d.elem = g->p->nodes.at[d.body].elem;
        *made = add_tensor(g, d, param, n);
        return true;
    }
    return false;
}

/* sort or list of a tensor over one set */
static void sort_tensor(gen *g)
{
    const set_id over[] = {g->atom[0], g->bond[0], g->axis[0], g->kinds, g->range, g->spot, g->recip[0]};
    set_id s = over[pick(g, 7)];
    if (s == SETIR_NONE) s = g->atom[0];
    g->n_var = 0;
    g->depth = 0;
    g->work = size_of(g, s);
    ivar_id i = open_plain(g, s);
    bool list = pick(g, 3) == 0;
    def d = {.lib_arg = SETIR_NONE, .body = list && pick(g, 2) ? vector(g) : real(g)};
    d.elem = g->p->nodes.at[d.body].elem;
    def_id from = add_tensor(g, d, &i, 1);
    ivar_id k = program_ivar(
        g->p, (ivar){.set = rank_set(g, s, 0), .row = SETIR_NONE, .to = SETIR_NONE, .partner = SETIR_NONE});
    def lib = {.lib = list ? LIB_LIST : LIB_SORT,
               .lib_arg = from,
               .lib_flag = pick(g, 2),
               .elem = d.elem,
               .body = SETIR_NONE};
    add_tensor(g, lib, &k, 1);
}

static void matrix_tensor(gen *g)
{
    g->n_var = 0;
    g->depth = 0;
    g->work = 36;
    ivar_id ij[2] = {open_plain(g, g->atom[0]), open_plain(g, g->atom[0])};
    node_id body = pick(g, 4) ? symmetrised(g, real(g), ij[0], ij[1]) : real(g);
    node_id same = node_2(g->p, OP_INDEX_EQ, elem_bool(), var(g, ij[0]), var(g, ij[1]), here),
            at = var(g, ij[0]);
    node_id q = with(g, OP_INPUT, elem_real(0), &at, 1, (node_imm){.input = g->field[0][F_SCALAR]});
    def d = {.lib_arg = SETIR_NONE, .elem = elem_real(0)};
    d.body = pick(g, 2) ? body
                        : node_3(g->p, OP_SELECT, elem_real(0), same,
                                 node_2(g->p, OP_MUL, elem_real(0), num(g, 7), q, here), body, here);
    def_id from = add_tensor(g, d, ij, 2);
    lib_op op = (lib_op[]){LIB_EIGVALS, LIB_SORTROWS, LIB_LIST}[pick(g, 3)];
    uint32_t n = op == LIB_EIGVALS ? 1 : 2;
    ivar_id k[2];
    for (uint32_t m = 0; m < n; m++)
        k[m] = program_ivar(g->p, (ivar){.set = rank_set(g, g->atom[0], 0),
                                         .row = SETIR_NONE,
                                         .to = SETIR_NONE,
                                         .partner = SETIR_NONE});
    def lib = {.lib = op, .lib_arg = from, .elem = elem_real(0), .body = SETIR_NONE};
    add_tensor(g, lib, k, n);
}

void gen_tensors(gen *g, int count)
{
    ivar_id param[3];
    for (int k = 0; k < count; k++) {
        int what = pick(g, 10);
        if (what == 0)
            sort_tensor(g);
        else if (what == 1)
            matrix_tensor(g);
        else {
            uint32_t n = open_params(g, param);
            def d = {.lib_arg = SETIR_NONE};
            node_id (*of)(gen *) = (node_id(*[])(gen *)){real,   real,    real,  real,    vector,
                                                         vector, tensor2, truth, channels}[pick(g, 9)];
            d.body = of(g);
            d.elem = g->p->nodes.at[d.body].elem;
            add_tensor(g, d, param, n);
        }
    }
}

/* ------------------------------------------------------------------------------------ programs */

#define NO_SET .parent = SETIR_NONE, .host = SETIR_NONE, .sample = SETIR_NONE, .cutoff = SETIR_NONE

static set_id add_set(gen *g, set s, const char *id)
{
    s.id = intern_s(&g->names, id);
    return program_set(g->p, s);
}

static input_id add_input(gen *g, uint32_t s, input in, set_id rows, set_id columns)
{
    static const char *const words[] = {"r", "Z", "q",     "chi", "mu",   "m",     "site",
                                        "T", "f", "table", "w",   "info", "field", "origin"};
    set_id both[2] = {rows == SETIR_NONE ? columns : rows, columns};
    in.slot = s;
    in.scale = 1;
    in.id = intern_s(&g->names, words[in.from]);
    in.n_domain = (uint32_t)(rows != SETIR_NONE) + (columns != SETIR_NONE);
    in.domain = arena_copy(g->a, both, sizeof both);
    in.from = 0;
    return program_input(g->p, in);
}

static void add_structure(gen *g, uint8_t axes, const char *id)
{
    uint32_t s = g->p->slots.n;
    set_id atom = add_set(g, (set){.kind = SET_BASE, .slot = s, NO_SET}, "atom");
    g->atom[s] = atom;
    g->axis[s] =
        axes ? add_set(g, (set){.kind = SET_AXIS, .slot = s, NO_SET, .count = __builtin_popcount(axes)},
                       "axis")
             : SETIR_NONE;
    input_id *f = g->field[s];
    const elem real0 = elem_real(0), real1 = elem_real(1);
    f[F_POSITION] =
        add_input(g, s, (input){.role = IN_POSITION, .elem = real1, .from = F_POSITION}, atom, SETIR_NONE);
    f[F_SPECIES] = add_input(g, s, (input){.role = IN_SPECIES, .elem = elem_species(), .from = F_SPECIES},
                             atom, SETIR_NONE);
    f[F_SCALAR] =
        add_input(g, s, (input){.role = IN_FIELD, .elem = real0, .from = F_SCALAR}, atom, SETIR_NONE);
    f[F_PSEUDO] = add_input(g, s, (input){.role = IN_FIELD, .elem = real0, .pseudo = true, .from = F_PSEUDO},
                            atom, SETIR_NONE);
    f[F_VECTOR] =
        add_input(g, s, (input){.role = IN_FIELD, .elem = real1, .from = F_VECTOR}, atom, SETIR_NONE);
    f[F_AXIAL] = add_input(g, s, (input){.role = IN_FIELD, .elem = real1, .pseudo = true, .from = F_AXIAL},
                           atom, SETIR_NONE);
    f[F_POINT] = add_input(g, s, (input){.role = IN_FIELD, .elem = real1, .is_point = true, .from = F_POINT},
                           atom, SETIR_NONE);
    f[F_TENSOR] =
        add_input(g, s, (input){.role = IN_FIELD, .elem = elem_real(2), .from = F_TENSOR}, atom, SETIR_NONE);
    f[F_CHANNELS] = add_input(
        g, s, (input){.role = IN_FIELD, .elem = {.kind = ELEM_REAL, .channels = 3}, .from = F_CHANNELS}, atom,
        SETIR_NONE);
    f[F_TABLE] = add_input(g, s, (input){.role = IN_FIELD, .elem = real0, .from = F_TABLE}, atom, g->range);
    f[F_LATTICE] = axes ? add_input(g, s, (input){.role = IN_FIELD, .elem = real0, .from = F_LATTICE},
                                    SETIR_NONE, g->axis[s])
                        : SETIR_NONE;
    f[F_GLOBAL] =
        add_input(g, s, (input){.role = IN_FIELD, .elem = real0, .from = F_GLOBAL}, SETIR_NONE, SETIR_NONE);
    f[F_GLOBAL_VECTOR] = add_input(g, s, (input){.role = IN_FIELD, .elem = real1, .from = F_GLOBAL_VECTOR},
                                   SETIR_NONE, SETIR_NONE);
    f[F_GLOBAL_POINT] =
        add_input(g, s, (input){.role = IN_FIELD, .elem = real1, .is_point = true, .from = F_GLOBAL_POINT},
                  SETIR_NONE, SETIR_NONE);
    slot made = {.id = intern_s(&g->names, id),
                 .type = intern_s(&g->names, "T"),
                 .axes = axes,
                 .base = atom,
                 .position = f[F_POSITION],
                 .species = f[F_SPECIES],
                 .cell_name = axes ? intern_s(&g->names, "cell") : NULL};
    vec_push(g->a, &g->p->slots, made);
}

static set_id add_pairs(gen *g, uint32_t s, set_id parent, node_id cutoff, const char *id)
{
    return add_set(g,
                   (set){.kind = SET_PAIRS,
                         .slot = s,
                         .parent = parent,
                         .host = SETIR_NONE,
                         .sample = SETIR_NONE,
                         .cutoff = cutoff},
                   id);
}

/* between 2 and 3 Å, depending on anything that is known of the whole structure */
static node_id some_cutoff(gen *g)
{
    g->n_var = 0;
    g->depth = 0;
    g->work = 1;
    return two(g, OP_ADD, elem_real(0), num(g, 2.5),
               two(g, OP_MUL, elem_real(0), num(g, 0.5), one(g, OP_TANH, real(g))));
}

void gen_start(gen *g, arena *a, uint64_t seed, gen_kind kind)
{
    *g = (gen){.a = a,
               .state = seed * 0x2545f4914f6cdd1du + 7,
               .work_most = 1500,
               .most_depth = 2,
               .near = SETIR_NONE,
               .spot = SETIR_NONE,
               .edge = SETIR_NONE};
    intern_init(&g->names, a);
    g->p = program_new(a, intern_s(&g->names, "attack"), here);
    for (int s = 0; s < GEN_SLOTS; s++) {
        g->atom[s] = g->bond[s] = g->recip[s] = g->axis[s] = SETIR_NONE;
        for (int f = 0; f < F_COUNT; f++) g->field[s][f] = SETIR_NONE;
    }
    uint8_t axes = (uint8_t[]){0, 7, 7, 7, 3, 3, 4}[pick(g, 7)];
    if (kind != GEN_ANY) axes = kind == GEN_CRYSTAL ? 7 : 3;
    int second = pick(g, 4); /* a host and its sample, or another structure */
    bool defects = kind == GEN_DEFECTS || (second == 0 && axes == 3);
    g->range = add_set(g, (set){.kind = SET_RANGE, NO_SET, .lo = pick(g, 3), .hi = 2 + pick(g, 2)}, "n");
    int32_t *elements = arena_array(a, int32_t, 3);
    memcpy(elements, (int32_t[]){8, 1, 42}, 3 * sizeof *elements);
    g->kinds = add_set(g, (set){.kind = SET_SPECIES, NO_SET, .count = 3, .species = elements}, "z");
    add_structure(g, axes, "s");
    if (defects || second == 1)
        add_structure(g, defects ? axes : (uint8_t[]){0, 7, 3}[pick(g, 3)], defects ? "sample" : "other");
    for (uint32_t s = 0; s < g->p->slots.n; s++) {
        g->bond[s] = add_pairs(g, s, g->atom[s], num(g, between(g, 2, 3)), "bond");
        if (g->p->slots.at[s].axes)
            g->recip[s] = add_set(g,
                                  (set){.kind = SET_RECIP,
                                        .slot = s,
                                        .parent = SETIR_NONE,
                                        .host = SETIR_NONE,
                                        .sample = SETIR_NONE,
                                        .cutoff = num(g, 1.8)},
                                  "g");
    }
    if (defects) {
        g->spot = add_set(g,
                          (set){.kind = SET_DIFFER,
                                .slot = 1,
                                .parent = SETIR_NONE,
                                .host = g->atom[0],
                                .sample = g->atom[1],
                                .cutoff = SETIR_NONE},
                          "spot");
        g->edge = add_pairs(g, 1, g->spot, num(g, 5), "edge");
    }
    if (pick(g, 3) == 0) g->near = add_pairs(g, 0, g->atom[0], some_cutoff(g), "near");
}
