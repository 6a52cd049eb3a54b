/* SPDX-License-Identifier: Apache-2.0
 *
 * refute.c: from a claim to the search that can refute it. In: a claim that the rules do not prove. Out: a sentence about
 * a counterexample, or nothing. The searches are in witness.c and witness_rough.c.
 */
#include "refute.h"

#include "witness.h"

#include <math.h>
#include <string.h>

enum { REFUTE_TRIES = 6, REFUTE_SEED = 1 };

bool refute_by_witness(void *user, const program *p, const claim *c, const law_info *law, arena *a, const char **description)
{
    (void)user;
    (void)law;
    witness w;
    bool found = false;
    witness_init(&w);
    switch (c->kind) {
    case CLAIM_RESPECTS: case CLAIM_ASSUME:
        found = witness_find(p, c->subject, c->sym, NAN, REFUTE_TRIES, REFUTE_SEED, &w);
        break;
    case CLAIM_EXTENSIVE: case CLAIM_INTENSIVE:
        found = witness_find(p, c->subject, SYM_SUPERCELL, c->kind == CLAIM_EXTENSIVE, REFUTE_TRIES, REFUTE_SEED, &w);
        break;
    case CLAIM_SMOOTH:
        found = witness_rough(p, c->subject, c->order, REFUTE_TRIES, REFUTE_SEED, &w);
        break;
    case CLAIM_BREAKS: case CLAIM_SYMMETRIC_BODY: break;
    }
    char words[sizeof w.text];
    memcpy(words, w.text, sizeof words);
    witness_free(&w);
    if (found)
        *description = arena_strndup(a, words, strlen(words));
    return found;
}
