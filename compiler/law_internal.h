/* SPDX-License-Identifier: Apache-2.0
 *
 * law_internal.h: what law.c (the pass) and law_rules.c (the rules) share.
 */
#ifndef MTX_LAW_INTERNAL_H
#define MTX_LAW_INTERNAL_H

#include "law.h"

struct law_cx {
    arena         *a;
    const program *p;
    diag_sink     *sink;
    law_result    *r;
    law_info      *sets;         /* by set id: statuses of membership                       */
};

/* by another table: the tests see that a wrong rule is caught */
law_result *law_infer_by(arena *a, const program *p, diag_sink *sink, const law_rule *rules);

law_info *law_of(law_cx *x, node_id n);
void law_start(law_info *r);                                        /* exact, invariant                        */
void law_meet(law_info *r, const law_info *arg);                    /* statuses only                           */
void law_break(law_cx *x, law_info *r, symmetry g, node_id culprit, const char *why);
void law_break_rotations(law_cx *x, law_info *r, node_id culprit, const char *why);   /* all of them            */
void law_break_reflections(law_cx *x, law_info *r, node_id culprit, const char *why);
void law_lower(law_cx *x, law_info *r, symmetry g, law_level level, node_id culprit, const char *why);
bool law_sign(const law_info *r, int axis);                         /* sign under the mirror along axis        */
bool law_is_zero(const law_cx *x, node_id n);
bool law_constant(const law_cx *x, node_id n, double *value);       /* compile-time number                     */
const char *law_say(law_cx *x, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
