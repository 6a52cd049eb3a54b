/* SPDX-License-Identifier: Apache-2.0
 *
 * build.h: what the set IR tests share: an arena that fails the test when memory runs out, programs over one
 * molecule or crystal, short names for the builder, structures, and values through the interpreter.
 */
#ifndef MTX_TESTS_SETIR_BUILD_H
#define MTX_TESTS_SETIR_BUILD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "interp.h"
#include "setir.h"

/* names of steps in accuracy */
#define EXACT     0.0
#define ROUNDING  1e-12
#define PUBLISHED 1e-6 /* goldens with six decimals */

static jmp_buf test_landing;
static const span nowhere = {0};

/* ----------------------------------------------------------------------------------------------- programs */

typedef struct bench {
    arena memory;
    intern names;
    program *p;
    set_id atom;
    input_id r, Z;
} bench;

static inline name test_name(bench *t, const char *s)
{
    return intern_s(&t->names, s);
}

/* a program that takes one structure with positions and species */
static inline void bench_init(bench *t, uint8_t axes)
{
    arena_init(&t->memory, &test_landing);
    intern_init(&t->names, &t->memory);
    program *p = t->p = program_new(&t->memory, test_name(t, "test"), nowhere);
    t->atom = program_set(p, (set){.kind = SET_BASE,
                                   .id = test_name(t, "s.atom"),
                                   .parent = SETIR_NONE,
                                   .host = SETIR_NONE,
                                   .sample = SETIR_NONE,
                                   .cutoff = SETIR_NONE});
    set_id *domain = arena_copy(&t->memory, &t->atom, sizeof t->atom);
    t->r = program_input(p, (input){.role = IN_POSITION,
                                    .id = test_name(t, "r"),
                                    .elem = elem_real(1),
                                    .scale = 1,
                                    .domain = domain,
                                    .n_domain = 1});
    t->Z = program_input(p, (input){.role = IN_SPECIES,
                                    .id = test_name(t, "Z"),
                                    .elem = elem_species(),
                                    .scale = 1,
                                    .domain = domain,
                                    .n_domain = 1});
    slot s = {.id = test_name(t, "s"),
              .type = test_name(t, "T"),
              .axes = axes,
              .base = t->atom,
              .position = t->r,
              .species = t->Z,
              .cell_name = axes ? test_name(t, "cell") : NULL};
    vec_push(&t->memory, &p->slots, s);
}

static inline void bench_free(bench *t)
{
    arena_free(&t->memory);
}

static inline node_id num(bench *t, double x)
{
    return node_const(t->p, x, unit_none(), nowhere);
}

static inline ivar_id over(bench *t, const char *id, set_id s)
{
    return program_ivar(
        t->p,
        (ivar){.set = s, .row = SETIR_NONE, .to = SETIR_NONE, .partner = SETIR_NONE, .id = test_name(t, id)});
}

static inline ivar_id in_row(bench *t, const char *id, set_id s, node_id row, node_id to)
{
    return program_ivar(
        t->p, (ivar){.set = s, .row = row, .to = to, .partner = SETIR_NONE, .id = test_name(t, id)});
}

static inline node_id at(bench *t, ivar_id v)
{
    return node_ivar(t->p, v, nowhere);
}

static inline node_id real1(bench *t, node_op op, node_id a)
{
    return node_1(t->p, op, elem_real(0), a, nowhere);
}

static inline node_id real2(bench *t, node_op op, node_id a, node_id b)
{
    return node_2(t->p, op, elem_real(0), a, b, nowhere);
}

static inline node_id power(bench *t, node_id a, double p)
{
    return program_node(t->p, OP_POW, elem_real(0), &a, 1, &(node_imm){.value = {p}}, nowhere);
}

static inline node_id field(bench *t, input_id in, node_id index)
{
    return program_node(t->p, OP_INPUT, t->p->inputs.at[in].elem, &index, 1, &(node_imm){.input = in},
                        nowhere);
}

static inline node_id reduce(bench *t, reduction r, const ivar_id *v, uint32_t n, node_id body, node_id where)
{
    node_id args[2] = {body, where};
    node_imm imm = {.reduce = r, .ivars = (ivar_id *)v, .n_ivars = n};
    return program_node(t->p, OP_REDUCE, t->p->nodes.at[body].elem, args, where == SETIR_NONE ? 1 : 2, &imm,
                        nowhere);
}

static inline set_id pairs_of(bench *t, set_id parent, node_id cutoff)
{
    return program_set(t->p, (set){.kind = SET_PAIRS,
                                   .id = test_name(t, "bond"),
                                   .parent = parent,
                                   .host = SETIR_NONE,
                                   .sample = SETIR_NONE,
                                   .cutoff = cutoff});
}

static inline set_id rank_of(bench *t, set_id parent, int32_t count)
{
    return program_set(t->p, (set){.kind = SET_RANK,
                                   .parent = parent,
                                   .slot = SETIR_NONE,
                                   .host = SETIR_NONE,
                                   .sample = SETIR_NONE,
                                   .cutoff = SETIR_NONE,
                                   .count = count});
}

static inline def_id tensor(bench *t, const char *id, const ivar_id *params, uint32_t n, node_id body)
{
    return program_def(t->p, (def){.id = test_name(t, id),
                                   .elem = t->p->nodes.at[body].elem,
                                   .body = body,
                                   .param = arena_copy(&t->memory, params, n * sizeof *params),
                                   .n_param = n,
                                   .lib_arg = SETIR_NONE,
                                   .declared = t->p->nodes.at[body].elem,
                                   .output = true});
}

static inline def_id library(bench *t, const char *id, lib_op op, bool flag, def_id arg,
                             const ivar_id *params, uint32_t n)
{
    return program_def(t->p, (def){.id = test_name(t, id),
                                   .elem = t->p->defs.at[arg].elem,
                                   .body = SETIR_NONE,
                                   .param = arena_copy(&t->memory, params, n * sizeof *params),
                                   .n_param = n,
                                   .lib = op,
                                   .lib_arg = arg,
                                   .lib_flag = flag,
                                   .declared = elem_real(0),
                                   .output = true});
}

static inline node_id access(bench *t, node_op op, def_id d, const node_id *index, uint32_t n)
{
    return program_node(t->p, op, t->p->defs.at[d].elem, index, n, &(node_imm){.def = d}, nowhere);
}

static inline void assert_verified(const program *p)
{
    text problem;
    text_init(&problem);
    if (!program_verify(p, &problem)) fail_msg("%s", problem.s);
    text_free(&problem);
}

/* --------------------------------------------------------------------------------------------- structures */

static inline void structure_of(mtx_structure *s, int64_t n, const double (*r)[3], const int32_t *Z)
{
    mtx_structure_init(s);
    assert_int_equal(mtx_structure_reserve(s, n), MTX_OK);
    s->n = n;
    if (n) memcpy(s->r, r, (size_t)n * sizeof *r);
    if (n) memcpy(s->Z, Z, (size_t)n * sizeof *Z);
}

static inline void periodic(mtx_structure *s, const double cell[3][3], int axes)
{
    memcpy(s->cell, cell, sizeof s->cell);
    for (int k = 0; k < 3; k++) s->pbc[k] = axes >> k & 1;
}

static inline void water(mtx_structure *s)
{
    structure_of(s, 3, (const double[][3]){{0, 0, .1173}, {0, .7572, -.4692}, {0, -.7572, -.4692}},
                 (int32_t[]){8, 1, 1});
}

/* conventional cell of diamond, 8 atoms */
static inline void silicon(mtx_structure *s, double a)
{
    static const double f[8][3] = {{0, 0, 0},       {0, .5, .5},     {.5, 0, .5},     {.5, .5, 0},
                                   {.25, .25, .25}, {.25, .75, .75}, {.75, .25, .75}, {.75, .75, .25}};
    double r[8][3];
    for (int k = 0; k < 24; k++) r[k / 3][k % 3] = a * f[k / 3][k % 3];
    structure_of(s, 8, (const double(*)[3])r, (int32_t[]){14, 14, 14, 14, 14, 14, 14, 14});
    periodic(s, (const double[3][3]){{a, 0, 0}, {0, a, 0}, {0, 0, a}}, 7);
}

/* ------------------------------------------------------------------------------------------------- values */

/* Values of a tensor in frame f of a batch of structures; NULL-terminated list. Caller frees. */
static inline double *values_at(const program *p, def_id d, int64_t f, int64_t *n,
                                const mtx_structure *const *frames, int64_t nb)
{
    assert_verified(p);
    mtx_batch *batch = mtx_batch_new();
    assert_non_null(batch);
    mtx_problem problem = {0};
    if (interp_prepare(p, frames, nb, batch, &problem) != MTX_OK)
        fail_msg("%s %s", problem.code, problem.message);
    interp *x = interp_new(p);
    assert_non_null(x);
    interp_bind(x, mtx_batch_view(batch), f);
    *n = interp_def_size(x, d);
    double *out = calloc((size_t)*n + 1, sizeof *out);
    if (interp_def(x, d, out, &problem) != MTX_OK) fail_msg("%s", problem.message);
    interp_free(x);
    mtx_batch_free(batch);
    return out;
}

static inline double *values(const program *p, def_id d, const mtx_structure *s, int64_t *n)
{
    return values_at(p, d, 0, n, &s, 1);
}

static inline double scalar_of(const program *p, def_id d, const mtx_structure *s)
{
    int64_t n;
    double *v = values(p, d, s, &n), x = v[0];
    assert_int_equal(n, 1);
    free(v);
    return x;
}

static inline void assert_near(double got, double want, double relative)
{
    double scale = fabs(want) > 1 ? fabs(want) : 1;
    if (!(fabs(got - want) <= relative * scale)) fail_msg("got %.17g, want %.17g", got, want);
}

#endif
