/* SPDX-License-Identifier: Apache-2.0
 *
 * test_stdlib_full.c: every verdict `proved` of the standard library is attacked with random structures and
 * group elements, and every proved order of smoothness with fits along paths.
 */
#include "../smooth/spec.h"
#include "claims.h"
#include "stdlib_files.h"
#include "witness.h"

#include <math.h>

enum { TRIES = 4 };

static bool found_against(const program *p, const claim *c, const law_info *law, witness *w)
{
    switch (c->kind) {
    case CLAIM_RESPECTS: return witness_find(p, c->subject, c->sym, NAN, TRIES, 11, w);
    case CLAIM_EXTENSIVE: case CLAIM_INTENSIVE:
        return law->status[SYM_SUPERCELL].level == LAW_EXACT
            && witness_find(p, c->subject, SYM_SUPERCELL, c->kind == CLAIM_EXTENSIVE, TRIES, 11, w);
    case CLAIM_SMOOTH: return witness_rough(p, c->subject, c->order < 2 ? c->order : 2, 2, 11, w);
    case CLAIM_BREAKS: case CLAIM_ASSUME: case CLAIM_SYMMETRIC_BODY: break;
    }
    return false;
}

static int attack_program(spec *s, const program *p, const char *path, int *attacked)
{
    law_result *laws = law_infer(&s->a, p, &s->sink);
    verdict_list verdicts = {0};
    claims_check(&s->a, p, &s->sink, laws, smooth_analyse(&s->a, p, NULL), NULL, NULL, &verdicts);
    int wrong = 0;
    for (uint32_t k = 0; k < verdicts.n; k++) {
        const verdict *v = &verdicts.at[k];
        witness w;
        witness_init(&w);
        if (v->kind == VERDICT_PROVED) {
            ++*attacked;
            if (found_against(p, v->claim, &laws->def[v->claim->subject], &w)) {
                print_error("%s: %s %s of %s is proved, but %s\n", path, p->id, v->claim_word,
                            p->defs.at[v->claim->subject].id, w.text);
                wrong++;
            }
        }
        witness_free(&w);
    }
    return wrong;
}

static void proofs_survive(void **state)
{
    (void)state;
    int wrong = 0, attacked = 0;
    for (size_t f = 0; f < stdlib_file_count; f++) {
        if (!strstr(stdlib_files[f].path, ".mtx")) continue; /* tables that they read */
        spec s;
        spec_init(&s);
        assert_int_equal(setjmp(s.guard), 0);
        intern_init(&s.names, &s.a);
        diag_sink_init(&s.sink, &s.a);
        const source *src =
            source_new(&s.a, stdlib_files[f].path, stdlib_files[f].text, strlen(stdlib_files[f].text));
        infer_result *r =
            infer_module(&s.a, &s.names, &s.sink, module_load(&s.a, &s.names, &s.sink, src, NULL, NULL));
        for (uint32_t k = 0; k < r->programs.n; k++)
            wrong += attack_program(&s, r->programs.at[k], stdlib_files[f].path, &attacked);
        arena_free(&s.a);
    }
    assert_true(attacked > 20);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(proofs_survive)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
