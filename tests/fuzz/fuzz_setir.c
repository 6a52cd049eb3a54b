/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_setir.c: any bytes as set IR text. Accepted programs are well formed and read back from their dump.
 */
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "setir.h"

static jmp_buf landing;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    arena a;
    arena_init(&a, &landing);
    if (setjmp(landing)) {
        arena_free(&a);
        return 0;
    }
    intern names;
    diag_sink sink;
    intern_init(&names, &a);
    diag_sink_init(&sink, &a);
    const program *p = program_read(&a, &names, source_new(&a, "fuzz.ir", (const char *)data, size), &sink);
    if (!p && !sink.errors) abort();
    if (p) {
        text out;
        text_init(&out);
        program_dump(p, &out);
        if (!program_read(&a, &names, source_new(&a, "again.ir", out.s, out.n), &sink)) abort();
        text_free(&out);
    }
    arena_free(&a);
    return 0;
}
