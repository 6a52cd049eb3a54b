/* SPDX-License-Identifier: Apache-2.0
 *
 * verify.h: what verify.c (sets, slots, inputs), verify_node.c (nodes) and verify_def.c (tensors) share.
 */
#ifndef MTX_VERIFY_H
#define MTX_VERIFY_H

#include "setir.h"

typedef struct verifier {
    const program *p;
    text *out;
    bool ok;
    const node *n; /* being checked */
    uint32_t id;
    uint32_t *top_set; /* per node: 1 + the latest set reached from it */
} verifier;

/* the first fault is told, the others follow from it */
void verify_fault(verifier *v, const char *format, ...) __attribute__((format(printf, 2, 3)));
void verify_elem(verifier *v, const char *what, uint32_t id, elem e);
bool verify_set_is(const program *p, set_id s, set_kind kind);

/* ---- verify_node.c */
void verify_node(verifier *v, node_id id);
void verify_table(verifier *v, uint32_t id);

/* ---- verify_def.c */
void verify_def(verifier *v, def_id id);
void verify_scope(verifier *v, def_id id);

#endif
