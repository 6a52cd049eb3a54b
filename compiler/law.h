/* SPDX-License-Identifier: Apache-2.0
 *
 * law.h: how every value of a program changes when the input is permuted, translated, rotated, reflected,
 * wrapped, written in another cell or repeated as a supercell: by rules, one per operation (law_rules.c). A
 * status that is not LAW_BROKEN is a theorem about all inputs and all elements of the group, given the
 * rules; docs/soundness.md.
 */
#ifndef MTX_LAW_H
#define MTX_LAW_H

#include "setir.h"

#define LAW_SLOTS 4 /* structures in one transform */

typedef enum law_level {
    LAW_BROKEN,  /* the rules do not give it: false, or beyond them */
    LAW_ASSUMED, /* rests on an `assume` */
    LAW_ALMOST,  /* holds where nothing ties; how rare ties are is not known here */
    LAW_EXACT
} law_level;

typedef struct law_status {
    law_level level;
    node_id culprit; /* the operation at which it was lost, SETIR_NONE when exact */
    span at;         /* its place */
    const char *why; /* "component along z", whole words for a label */
} law_status;

/* how a value depends on an index over lattice axes when another basis is chosen */
typedef enum axis_kind { AXIS_BASIS, AXIS_FRACTION, AXIS_PAIRED } axis_kind;
typedef struct axis_law {
    ivar_id ivar;
    axis_kind kind;
} axis_law;

/* Under an element of the group a value v becomes:   translation t_s of slot s       v + sum_s affine[s] t_s
 * (rank 1)   orthogonal Q, det Q = -1        (-1)^odd Q v;   mirror along a: also (-1)^mirror[a]   wrapping,
 * supercell             v + lattice vector of slot `mod`  (rank 1), v + period n, or +-v (`sign`)
 * supercell, k_s copies           v prod_s k_s^size[s]   change of basis                 linear in the axis
 * indices listed */
typedef struct law_info {
    rational affine[LAW_SLOTS];
    rational size[LAW_SLOTS];
    bool odd, mirror[3];
    uint32_t mod;  /* slot, or SETIR_NONE */
    double period; /* 0: none */
    bool sign;
    axis_law axis[2];
    uint32_t n_axis;
    law_status status[SYM_COUNT];
} law_info;

typedef struct law_result {
    law_info *node; /* by node id */
    law_info *def;  /* by def id */
    law_info *used; /* the same of an element: over reciprocal vectors, of those that a supercell keeps */
} law_result;

/* Reports what is an error whatever is claimed: periodic differences, asymmetric bodies of unordered pairs,
 * asymmetric matrices given to eigvals. */
law_result *law_infer(arena *a, const program *p, diag_sink *sink);

/* One row per operation: the rule that law_infer applies. Every row has a property test
 * (tests/law/test_rules.c). */
typedef struct law_cx law_cx;
typedef struct law_rule {
    void (*apply)(law_cx *x, node_id n, law_info *r);
    const char *text;
} law_rule;
extern const law_rule law_rules[OP_COUNT_];

/* Does the program match a sample against a host? The runtime puts the spots into the sample's cell and may
 * choose among registrations: which image of a place is taken then also depends on the origin, the cell and
 * the order of the file. */
bool law_places_spots(const program *p);

/* Is the value of `n` unchanged when the index variables a and b are exchanged? By a normal form:
 * sufficient. */
bool law_symmetric(const program *p, node_id n, ivar_id a, ivar_id b);

#endif
