/* SPDX-License-Identifier: Apache-2.0
 *
 * refute.c: the search for counterexamples, as claims.c asks for it: claims to the searches of witness.h.
 */
#include "refute.h"

#include <math.h>
#include <string.h>

#include "witness.h"

#define TRIES 6
#define SEED 1u

bool refute_by_witness(void *runnable, const program *declared, const claim *c, const law_info *law, arena *a,
                       const char **description)
{
    (void)declared;
    const program *p = runnable; /* derivatives written out */
    witness w;
    witness_init(&w);
    bool found = false;
    switch (c->kind) {
    case CLAIM_RESPECTS:
        found = witness_find(p, c->subject, c->sym,
                             c->sym == SYM_SUPERCELL && !def_is_whole(p, &p->defs.at[c->subject]) ? 0 : NAN, TRIES, SEED,
                             &w);
        break;
    case CLAIM_EXTENSIVE: case CLAIM_INTENSIVE:
        found =
            witness_find(p, c->subject, SYM_SUPERCELL, c->kind == CLAIM_EXTENSIVE ? 1 : 0, TRIES, SEED, &w);
        break;
    case CLAIM_SMOOTH:
        found = witness_rough(p, c->subject, c->order < 2 ? c->order : 2, TRIES, SEED, &w);
        break;
    case CLAIM_BREAKS: case CLAIM_ASSUME: case CLAIM_SYMMETRIC_BODY:
        break;
    }
    (void)law;
    if (found) {
        *description = arena_strndup(a, w.text, strlen(w.text));
    }
    witness_free(&w);
    return found;
}
