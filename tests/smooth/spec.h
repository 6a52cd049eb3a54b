/* SPDX-License-Identifier: Apache-2.0
 *
 * spec.h: what tests of analyses share: from the text of a spec to the program of its last transform.
 */
#ifndef MTX_TESTS_SPEC_H
#define MTX_TESTS_SPEC_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "infer.h"

/* Set `guard` with setjmp after spec_init, before spec_open; free with arena_free(&s.a). */
typedef struct spec { arena a; jmp_buf guard; intern names; diag_sink sink; program *p; def_id output; } spec;

static inline void spec_init(spec *s)
{
    arena_init(&s->a, &s->guard);
}

/* false, with what is wrong printed, unless there is one, without errors; `output`: its first */
static inline bool spec_open(spec *s, const char *title, const char *words)
{
    intern_init(&s->names, &s->a);
    diag_sink_init(&s->sink, &s->a);
    const source *src = source_new(&s->a, "test.mtx", words, strlen(words));
    infer_result *found =
        infer_module(&s->a, &s->names, &s->sink, module_load(&s->a, &s->names, &s->sink, src, NULL, NULL));
    if (s->sink.errors || !found->programs.n) {
        text out;
        text_init(&out);
        diag_print_text(&s->sink, &out, false, 20);
        print_error("%s: the spec is wrong\n%s", title, out.s ? out.s : "");
        text_free(&out);
        return false;
    }
    s->p = found->programs.at[found->programs.n - 1];
    s->output = 0;
    while (s->output < s->p->defs.n && !s->p->defs.at[s->output].output)
        s->output++;
    return s->output < s->p->defs.n;
}

#endif
