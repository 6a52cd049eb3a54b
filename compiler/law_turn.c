/* SPDX-License-Identifier: Apache-2.0
 *
 * law_turn.c: components whose sum survives rotations. In: a sum, or a vector written by its components.
 * Out: the rotations (and mirrors) that the single components lose and the whole keeps: it is written as
 * sum c u^T M v + rest, M numbers, and u^T M v is kept by the rotations with which M commutes, such as
 * u.x v.x + u.y v.y and u.x v.y - u.y v.x by those about z. Numbers that are equal to rounding are taken as
 * equal. Not here: signs in mirrors, sizes and the other symmetries, which the rules of + and * give.
 */
#include "law_internal.h"

#include <stdlib.h>
#include <string.h>

enum { FACTORS = 8, GROUPS = 16, TERMS = 64 };

/* number * product of the factors * the Cartesian components part[0..n_part-1] */
typedef struct term {
    double number;
    node_id factor[FACTORS], part[2];
    bool below[FACTORS]; /* divides */
    uint32_t n_factor, n_part;
} term;

/* all terms with the same factors and vectors (right: none for a tensor, and for one vector alone) */
typedef struct group {
    term of;
    node_id left, right;
    double m[3][3];
} group;

typedef struct turning {
    law_cx *x;
    group group[GROUPS];
    node_id rest[GROUPS];
    uint32_t row_of[GROUPS]; /* the component that a rest stands in */
    uint32_t n_group, n_rest, n_term;
    uint32_t row; /* of a vector: the component being read */
    bool vector, failed;
} turning;

/* ------------------------------------------------------------------------------------ one term */

static bool add_factor(term *t, node_id n, bool below)
{
    if (t->n_factor == FACTORS) { return false; }
    uint32_t k = t->n_factor++;
    for (; k > 0 && t->factor[k - 1] > n; k--) {
        t->factor[k] = t->factor[k - 1];
        t->below[k] = t->below[k - 1];
    }
    t->factor[k] = n;
    t->below[k] = below;
    return true;
}

static bool read_term(law_cx *x, node_id n, bool below, term *t)
{
    const node *d = law_node(x, n);
    double c;
    if (law_constant(x, n, &c)) {
        t->number = below ? t->number / c : t->number * c;
        return !below || c != 0;
    }
    switch ((int)d->op) {
    case OP_ASCRIBE: return read_term(x, d->arg[0], below, t);
    case OP_NEG: t->number = -t->number; return read_term(x, d->arg[0], below, t);
    case OP_MUL: return read_term(x, d->arg[0], below, t) && read_term(x, d->arg[1], below, t);
    case OP_DIV: return read_term(x, d->arg[0], below, t) && read_term(x, d->arg[1], !below, t);
    case OP_POW:
        if (d->imm.value[0] == 2) {
            return read_term(x, d->arg[0], below, t) && read_term(x, d->arg[0], below, t);
        }
        break;
    case OP_COMP:
        if (!below && t->n_part < 2) {
            t->part[t->n_part++] = n;
            return true;
        }
        break;
    default: break;
    }
    return add_factor(t, n, below);
}

static bool same_factors(const term *a, const term *b)
{
    return a->n_factor == b->n_factor &&
           memcmp(a->factor, b->factor, a->n_factor * sizeof *a->factor) == 0 &&
           memcmp(a->below, b->below, a->n_factor * sizeof *a->below) == 0;
}

/* ------------------------------------------------------------------------------------ sums of terms */

static void add_rest(turning *w, node_id n)
{
    if (w->n_rest == GROUPS) {
        w->failed = true;
        return;
    }
    w->row_of[w->n_rest] = w->row;
    w->rest[w->n_rest++] = n;
}

static group *group_of(turning *w, const term *t, node_id left, node_id right)
{
    for (uint32_t k = 0; k < w->n_group; k++) {
        group *g = &w->group[k];
        if (g->left == left && g->right == right && same_factors(&g->of, t)) { return g; }
    }
    if (w->n_group == GROUPS) {
        w->failed = true;
        return NULL;
    }
    w->group[w->n_group] = (group){.of = *t, .left = left, .right = right};
    return &w->group[w->n_group++];
}

/* entries add up without rounding, or the sum is not followed */
static void add_entry(turning *w, group *g, int i, int j, double number)
{
    double *m = &g->m[i][j], sum = *m + number;
    w->failed = w->failed || sum - number != *m || sum - *m != number;
    *m = sum;
}

static void add_term(turning *w, node_id n, double sign)
{
    term t = {.number = sign};
    const node *a, *b;
    if (++w->n_term > TERMS) { w->failed = true; }
    bool good = !w->failed && read_term(w->x, n, false, &t) && t.n_part == (w->vector ? 1u : t.n_part);
    a = good && t.n_part > 0 ? law_node(w->x, t.part[0]) : NULL;
    b = good && t.n_part > 1 ? law_node(w->x, t.part[1]) : NULL;
    uint8_t rank = a ? law_node(w->x, a->arg[0])->elem.rank : 0;
    bool pair = a && b && rank == 1 && law_node(w->x, b->arg[0])->elem.rank == 1;
    if (!a || (w->vector ? rank != 1 : !pair && (b || rank != 2))) {
        add_rest(w, n);
        return;
    }
    int i = w->vector ? (int)w->row : rank == 2 ? a->imm.k / 3 : a->imm.k;
    int j = w->vector ? a->imm.k : rank == 2 ? a->imm.k % 3 : b->imm.k;
    node_id left = a->arg[0], right = pair ? b->arg[0] : SETIR_NONE;
    if (pair && right < left) {
        left = b->arg[0];
        right = a->arg[0];
        int swap = i;
        i = j;
        j = swap;
    }
    group *g = group_of(w, &t, left, right);
    if (g) { add_entry(w, g, i, j, t.number); }
}

static void add_sum(turning *w, node_id n, double sign)
{
    const node *d = law_node(w->x, n);
    if (w->failed || law_is_zero(w->x, n)) { return; }
    if (d->op == OP_ADD || d->op == OP_SUB) {
        add_sum(w, d->arg[0], sign);
        add_sum(w, d->arg[1], d->op == OP_SUB ? -sign : sign);
    } else if (d->op == OP_NEG || d->op == OP_ASCRIBE) {
        add_sum(w, d->arg[0], d->op == OP_NEG ? -sign : sign);
    } else {
        add_term(w, n, sign);
    }
}

/* ------------------------------------------------------------------------------------ what it keeps */

/* Does M commute with rotations about the axis? Of one vector with itself only the symmetric part counts. */
static bool keeps_axis(const group *g, int axis)
{
    double m[3][3];
    int p = (axis + 1) % 3, q = (axis + 2) % 3;
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            m[i][j] = g->left == g->right ? g->m[i][j] + g->m[j][i] : 2 * g->m[i][j];
        }
    }
    return m[axis][p] == 0 && m[axis][q] == 0 && m[p][axis] == 0 && m[q][axis] == 0 && m[p][p] == m[q][q] &&
           m[p][q] == -m[q][p];
}

static bool keeps(const group *g, symmetry sym)
{
    if (sym >= SYM_ROTATE_X && sym <= SYM_ROTATE_Z) { return keeps_axis(g, sym - SYM_ROTATE_X); }
    return keeps_axis(g, 0) && keeps_axis(g, 1);
}

static void lower_to(law_status *s, const law_status *other)
{
    if (other->level < s->level) { *s = *other; }
}

/* the status of the whole under one symmetry, from what it is made of */
static law_status status_under(turning *w, symmetry sym)
{
    law_status s = {.level = LAW_EXACT, .culprit = SETIR_NONE};
    const law_status lost = {.level = LAW_BROKEN};
    for (uint32_t k = 0; k < w->n_group; k++) {
        const group *g = &w->group[k];
        lower_to(&s, keeps(g, sym) ? &law_of(w->x, g->left)->status[sym] : &lost);
        if (g->right != SETIR_NONE) { lower_to(&s, &law_of(w->x, g->right)->status[sym]); }
        for (uint32_t f = 0; f < g->of.n_factor; f++) {
            lower_to(&s, &law_of(w->x, g->of.factor[f])->status[sym]);
        }
    }
    for (uint32_t k = 0; k < w->n_rest; k++) {
        bool along = !w->vector || sym == SYM_ROTATE_X + (symmetry)w->row_of[k];
        lower_to(&s, along ? &law_of(w->x, w->rest[k])->status[sym] : &lost);
    }
    return s;
}

static bool any_lost(const law_info *r)
{
    for (int g = SYM_ROTATE; g <= SYM_REFLECT; g++) {
        if (r->status[g].level < LAW_EXACT) { return true; }
    }
    return false;
}

static void restore(turning *w, law_info *r)
{
    for (int g = SYM_ROTATE; g <= SYM_REFLECT && !w->failed && w->n_group; g++) {
        law_status s = status_under(w, (symmetry)g);
        if (s.level > r->status[g].level) { r->status[g] = s; }
    }
}

void law_restore_sum(law_cx *x, node_id n, law_info *r)
{
    if (law_node(x, n)->elem.rank || law_node(x, n)->elem.channels || !any_lost(r)) { return; }
    turning w = {.x = x};
    add_sum(&w, n, 1);
    restore(&w, r);
}

/* A vector of which all three mirrors say the same is odd in all of them, or in none. */
void law_restore_vector(law_cx *x, node_id n, law_info *r)
{
    turning w = {.x = x, .vector = true};
    for (w.row = 0; w.row < 3; w.row++) { add_sum(&w, law_node(x, n)->arg[w.row], 1); }
    bool same = r->mirror[0] == r->mirror[1] && r->mirror[1] == r->mirror[2];
    law_status mirrors = r->status[SYM_REFLECT];
    restore(&w, r);
    if (!same) {
        r->status[SYM_REFLECT] = mirrors;
    } else if (r->status[SYM_REFLECT].level > mirrors.level) {
        r->odd = r->mirror[0];
        r->mirror[0] = r->mirror[1] = r->mirror[2] = false;
    }
}
