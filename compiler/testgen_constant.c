/* SPDX-License-Identifier: Apache-2.0
 *
 * testgen_constant.c: constants that grow by a step. In: a derivative by a constant. Out: an engine for what it is a derivative
 * of, in which each element of the constant has a number times the step added, a number of the structure. Sets of pairs stay
 * as the constant has them.
 */
#include "ad.h"
#include "curve.h"
#include "testgen_motion.h"

/* u of the element that the name stands for: over the indices after the first argument */
static node_id share_of(program *p, const node *named, const double *u)
{
    uint32_t n = named->n_args - 1, places = 1;
    if (!n) return node_const(p, u[0], unit_none(), named->at);
    curve c = {.n_domain = n, .domain = arena_array(p->memory, set_id, n), .unit = unit_none(), .unit_x = unit_none()};
    for (uint32_t k = 0; k < n; k++) {
        c.domain[k] = p->nodes.at[named->arg[k + 1]].elem.set;
        places *= (uint32_t)curve_set_size(p, c.domain[k]);
    }
    c.places = places;
    c.data = arena_copy(p->memory, u, places * sizeof *u);
    return program_node(p, OP_TABLE, elem_real(0), named->arg + 1, n, &(node_imm){.curve = program_curve(p, c)}, named->at);
}

/* every tensor with value + step u for the constant's value */
static void grow(program *p, uint32_t constant, node_id step, const double *u)
{
    uint32_t n_nodes = p->nodes.n;
    node_id *to = arena_array(p->memory, node_id, n_nodes + 1);
    for (node_id k = 0; k < n_nodes; k++) {
        const node n = p->nodes.at[k];
        node_id *args = arena_array(p->memory, node_id, n.n_args + 1);
        bool same = true;
        for (uint32_t j = 0; j < n.n_args; j++) {
            args[j] = to[n.arg[j]];
            same &= args[j] == n.arg[j];
        }
        to[k] = same ? k : program_node(p, n.op, n.elem, args, n.n_args, &n.imm, n.at);
        if (n.op != OP_NAMED || n.imm.named != constant) continue;
        const node named = p->nodes.at[to[k]];
        node_id grown[2] = {named.arg[0], node_2(p, OP_MUL, elem_real(0), step, share_of(p, &named, u), n.at)};
        to[k] = program_node(p, OP_ADD, elem_real(0), grown, 2, NULL, n.at);
    }
    for (def_id k = 0; k < p->defs.n; k++)
        if (p->defs.at[k].lib == LIB_NONE) p->defs.at[k].body = to[p->defs.at[k].body];
}

bool constant_engine(tester *x, def_id g, const double *u, engine *e)
{
    const def d = x->t->declared->defs.at[g];
    program *p = program_copy(x->a, x->t->inferred);
    input_id at = program_input(p, (input){.role = IN_FIELD, .slot = 0, .id = CONSTANT_STEP, .at = p->at, .elem = elem_real(0),
                                           .unit = unit_none(), .scale = 1, .key = CONSTANT_STEP, .from = 1});
    node_id step = program_node(p, OP_INPUT, elem_real(0), NULL, 0, &(node_imm){.input = at}, p->at);
    grow(p, d.wrt.named, step, u);
    for (def_id k = 0; k < p->defs.n; k++) p->defs.at[k].output = k == d.lib_arg;
    def *of = &p->defs.at[d.lib_arg];
    of->declared = of->elem;
    of->out_scale = 1;
    of->has_unit = false;
    diag_sink sink;
    text why;
    text_init(&why);
    diag_sink_init(&sink, x->a);
    compiled *t = arena_copy(x->a, x->t, sizeof *t);
    t->p = ad_expand(x->a, p, &sink);
    t->loops = t->p ? lower_program(x->a, t->p, &sink) : NULL;
    bool good = t->loops && engine_open(e, x->a, t, x->backend, &why) == MTX_OK;
    if (good) engine_set_param(e, x->param);
    text_free(&why);
    return good;
}
