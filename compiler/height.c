/* SPDX-License-Identifier: Apache-2.0
 *
 * height.c: how deep operations nest. In: a program. Out: the longest way down from a node, through tensors too, since
 * they may be inlined. Passes walk programs recursively: what nests deeper than SETIR_HEIGHT is refused where it is made.
 */
#include "setir.h"

static uint32_t def_height(const program *p, const uint32_t *height, def_id id)
{
    uint32_t above = 1;
    const def *d = &p->defs.at[id];
    for (; d->lib != LIB_NONE; d = &p->defs.at[d->lib_arg]) above++;
    return d->body == SETIR_NONE ? above : above + height[d->body];
}

static uint32_t higher(uint32_t most, const uint32_t *height, node_id n)
{
    return n != SETIR_NONE && height[n] > most ? height[n] : most;
}

uint32_t node_height(const program *p, const uint32_t *height, node_id id)
{
    const node *n = &p->nodes.at[id];
    uint32_t most = 0;
    for (uint32_t k = 0; k < n->n_args; k++) most = higher(most, height, n->arg[k]);
    for (uint32_t k = 0; n->op == OP_REDUCE && k < n->imm.n_ivars; k++) {
        const ivar *v = &p->ivars.at[n->imm.ivars[k]];
        most = higher(higher(most, height, v->row), height, v->to);
    }
    if (n->op == OP_ACCESS || n->op == OP_PADGET) {
        uint32_t inside = def_height(p, height, n->imm.def);
        most = inside > most ? inside : most;
    }
    return most + 1;
}

/* Derivatives are written out behind their uses: again until nothing changes, or it is too high anyway. */
uint32_t program_height(const program *p, node_id *highest)
{
    uint32_t *height = arena_array(p->memory, uint32_t, p->nodes.n + 1), most = 0;
    for (bool changed = true; changed && most <= SETIR_HEIGHT;) {
        changed = false;
        for (node_id n = 0; n < p->nodes.n; n++) {
            uint32_t now = node_height(p, height, n);
            changed |= now != height[n];
            height[n] = now;
            if (now <= most) continue;
            most = now;
            *highest = n;
        }
    }
    return most;
}
