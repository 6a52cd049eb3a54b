/* SPDX-License-Identifier: Apache-2.0
 *
 * claims.h: what a spec claims against what the rules give: one verdict per claim.
 */
#ifndef MTX_CLAIMS_H
#define MTX_CLAIMS_H

#include "law.h"
#include "smooth.h"

typedef enum verdict_kind {
    VERDICT_PROVED,              /* by the rules, for all inputs and all elements of the group                 */
    VERDICT_ASSUMED,             /* rests on an `assume`                                                       */
    VERDICT_BROKEN,              /* broken as declared                                                         */
    VERDICT_REFUTED,             /* false: by the rules, or with a witness                                     */
    VERDICT_UNPROVED             /* the rules are not strong enough                                            */
} verdict_kind;
extern const char *const verdict_text[];

typedef struct verdict {
    const program *p;
    const claim   *claim;
    const char    *claim_word;   /* "rotate(z)", "smooth C2", "extensive"                                      */
    verdict_kind   kind;
    const char    *evidence;     /* how it is known, one line                                                  */
    span           blame;        /* src NULL: none                                                             */
    const char    *blame_why;
} verdict;
typedef VEC(verdict) verdict_list;

/* Looks for a counterexample: true with a one-line description when one is found. NULL: none is looked for. */
typedef bool (*claim_refuter)(void *user, const program *p, const claim *c, const law_info *law, arena *a,
                              const char **description);

/* Judges every claim of a program and reports what is refuted or unproved. */
void claims_check(arena *a, const program *p, diag_sink *sink, const law_result *laws, smooth_result *smooth,
                  claim_refuter refute, void *user, verdict_list *out);

#endif
