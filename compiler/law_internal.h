/* SPDX-License-Identifier: Apache-2.0
 *
 * law_internal.h: what law.c (the pass), law_use.c and law_rules*.c (the rules) share.
 */
#ifndef MTX_LAW_INTERNAL_H
#define MTX_LAW_INTERNAL_H

#include "law.h"

typedef struct law_answers law_answers;

struct law_cx {
    arena *a;
    const program *p;
    diag_sink *sink;
    law_result *r;
    law_info *sets; /* by set id: statuses of membership                       */
    signed char *table_turns; /* by table: 1 commutes with rotations, -1 not, 0 not asked yet */
    law_answers *answers;     /* of law_waves.c */
};

/* by another table: the tests see that a wrong rule is caught */
law_result *law_infer_by(arena *a, const program *p, diag_sink *sink, const law_rule *rules);

law_info *law_of(law_cx *x, node_id n);
void law_start(law_info *r);                     /* exact, invariant                        */
void law_meet(law_info *r, const law_info *arg); /* statuses only                           */
void law_break(law_cx *x, law_info *r, symmetry g, node_id culprit, const char *why);
void law_break_rotations(law_cx *x, law_info *r, node_id culprit,
                         const char *why); /* all of them            */
void law_break_reflections(law_cx *x, law_info *r, node_id culprit, const char *why);
void law_lower(law_cx *x, law_info *r, symmetry g, law_level level, node_id culprit, const char *why);
bool law_sign(const law_info *r, int axis); /* sign under the mirror along axis        */
bool law_is_zero(const law_cx *x, node_id n);
bool law_constant(const law_cx *x, node_id n, double *value); /* compile-time number                     */
const char *law_say(law_cx *x, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- law_use.c */
const node *law_node(law_cx *x, node_id n);
const law_info *law_arg(law_cx *x, node_id n, uint32_t k);
bool law_same_rational(rational a, rational b);
bool law_has_size(const law_info *a);
bool law_same_size(const law_info *a, const law_info *b);
bool law_moves(const law_info *a);
void law_still(law_info *a);
void law_carry(law_info *r, const law_info *a);
void law_lose_images(law_cx *x, law_info *r, node_id n, const char *why);
void law_use_order(law_cx *x, law_info *r, node_id n, set_kind kind, const char *why);
void law_use_vector(law_cx *x, law_info *r, node_id n, node_id v, const char *use);
void law_use_number(law_cx *x, law_info *r, node_id n, const law_info *a, const char *use);
void law_need_even(law_cx *x, law_info *r, node_id n, const law_info *a, const char *use);
void law_add_axes(law_cx *x, law_info *r, node_id n, const law_info *a, const law_info *b);
void law_product(law_cx *x, law_info *r, node_id n, const law_info *a, const law_info *b, bool divide);
uint32_t law_set_slot(law_cx *x, set_id s);
void law_unify_laws(law_cx *x, node_id n, law_info *r, const law_info *a, const law_info *b, const char *use);
void law_unify(law_cx *x, node_id n, law_info *r, node_id left, node_id right, const char *use);

/* ---- law_turn.c: rotations that the parts lose and the whole keeps */
void law_restore_sum(law_cx *x, node_id n, law_info *r);
void law_restore_vector(law_cx *x, node_id n, law_info *r);

/* ---- law_waves.c: what is zero on the reciprocal vectors that a supercell adds */
bool law_vanishes(law_cx *x, node_id n, ivar_id wave);
bool law_sums_waves(law_cx *x, node_id reduce, ivar_id wave);
extern const char law_more_waves[];

/* ---- law_derivative.c */
void law_derivative(law_cx *x, const def *d, law_info *r);

/* ---- law_rules_*.c */
void law_rule_plain(law_cx *x, node_id n, law_info *r);
void law_rule_ivar(law_cx *x, node_id n, law_info *r);
void law_rule_index_const(law_cx *x, node_id n, law_info *r);
void law_rule_const(law_cx *x, node_id n, law_info *r);
void law_rule_param(law_cx *x, node_id n, law_info *r);
void law_rule_named(law_cx *x, node_id n, law_info *r);
void law_rule_spot_host(law_cx *x, node_id n, law_info *r);
void law_rule_input(law_cx *x, node_id n, law_info *r);
void law_rule_access(law_cx *x, node_id n, law_info *r);
void law_rule_padget(law_cx *x, node_id n, law_info *r);
void law_rule_index_eq(law_cx *x, node_id n, law_info *r);
void law_rule_index_lt(law_cx *x, node_id n, law_info *r);
void law_rule_spot_r(law_cx *x, node_id n, law_info *r);
void law_rule_cell_vec(law_cx *x, node_id n, law_info *r);
void law_rule_niggli(law_cx *x, node_id n, law_info *r);
void law_rule_volume(law_cx *x, node_id n, law_info *r);
void law_rule_frac(law_cx *x, node_id n, law_info *r);
void law_rule_phase(law_cx *x, node_id n, law_info *r);
void law_rule_nearest(law_cx *x, node_id n, law_info *r);
void law_rule_count(law_cx *x, node_id n, law_info *r);
void law_rule_lookup(law_cx *x, node_id n, law_info *r);
void law_rule_same(law_cx *x, node_id n, law_info *r);
void law_rule_add(law_cx *x, node_id n, law_info *r);
void law_rule_neg(law_cx *x, node_id n, law_info *r);
void law_rule_mul(law_cx *x, node_id n, law_info *r);
void law_rule_div(law_cx *x, node_id n, law_info *r);
void law_rule_pow(law_cx *x, node_id n, law_info *r);
void law_rule_sin(law_cx *x, node_id n, law_info *r);
void law_rule_tan(law_cx *x, node_id n, law_info *r);
void law_rule_odd(law_cx *x, node_id n, law_info *r);
void law_rule_even(law_cx *x, node_id n, law_info *r);
void law_rule_any(law_cx *x, node_id n, law_info *r);
void law_rule_spline(law_cx *x, node_id n, law_info *r);
void law_rule_abs(law_cx *x, node_id n, law_info *r);
void law_rule_signum(law_cx *x, node_id n, law_info *r);
void law_rule_compare(law_cx *x, node_id n, law_info *r);
void law_rule_minmax(law_cx *x, node_id n, law_info *r);
void law_rule_atan2(law_cx *x, node_id n, law_info *r);
void law_rule_bilinear(law_cx *x, node_id n, law_info *r);
void law_rule_norm(law_cx *x, node_id n, law_info *r);
void law_rule_comp(law_cx *x, node_id n, law_info *r);
void law_rule_vec3(law_cx *x, node_id n, law_info *r);
void law_rule_linear_tensor(law_cx *x, node_id n, law_info *r);
void law_rule_det(law_cx *x, node_id n, law_info *r);
void law_rule_cat(law_cx *x, node_id n, law_info *r);
void law_rule_channel(law_cx *x, node_id n, law_info *r);
void law_rule_channel_at(law_cx *x, node_id n, law_info *r);
void law_rule_channel_put(law_cx *x, node_id n, law_info *r);
void law_rule_solid(law_cx *x, node_id n, law_info *r);
void law_rule_table(law_cx *x, node_id n, law_info *r);
void law_guard_irreps(law_cx *x, node_id n, law_info *r); /* after every rule */
void law_rule_select(law_cx *x, node_id n, law_info *r);
void law_rule_reduce(law_cx *x, node_id n, law_info *r);

#endif
