/* SPDX-License-Identifier: Apache-2.0
 *
 * abi_source.c: the C file behind NAME.h: the plan as tables, the choice of the clone that this processor
 * runs, and the functions of the header. In: an abi, the levels that the kernels were compiled for. Out: C
 * text, the same for kernels from LLVM and from C.
 */
#include "abi.h"

#include "emit_c.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

static void put_string(const char *words, text *out)
{
    text_add(out, "\"");
    for (const unsigned char *p = (const unsigned char *)(words ? words : ""); *p; p++)
        if (*p == '"' || *p == '\\')
            text_printf(out, "\\%c", *p);
        else if (*p < 0x20 || *p >= 0x7f || *p == '?')
            text_printf(out, "\\%03o", *p);
        else
            text_addn(out, (const char *)p, 1);
    text_add(out, "\"");
}

/* a new member must be printed below */
_Static_assert(sizeof(void *) != 8 || (sizeof(mtx_set_desc) == 48 && sizeof(mtx_input_desc) == 56 &&
                                       sizeof(mtx_slot_desc) == 32 && sizeof(mtx_plan) == 48),
               "the plan has members that are not printed");

static void put_member(const char *member, const char *words, text *out)
{
    text_printf(out, ", .%s = ", member);
    put_string(words, out);
}

static void put_set_desc(const mtx_set_desc *s, text *out)
{
    text_printf(out,
                "    {.kind = %d, .slot = %d, .parent = %d, .host = %d, .sample = %d, .count = %d, .most = "
                "%d, .need = %u, .cutoff = ",
                s->kind, s->slot, s->parent, s->host, s->sample, s->count, s->most, s->need);
    if (isnan(s->cutoff))
        text_add(out, "NAN");
    else
        text_printf(out, "%.17g", s->cutoff);
    put_member("name", s->name, out);
    text_add(out, "},\n");
}

static void put_input_desc(const mtx_input_desc *in, text *out)
{
    text_printf(
        out, "    {.role = %d, .type = %d, .slot = %d, .rows = %d, .width = %d, .from = %d, .scale = %.17g",
        in->role, in->type, in->slot, in->rows, in->width, in->from, in->scale);
    put_member("name", in->name, out);
    put_member("key", in->key, out);
    put_member("unit", in->unit, out);
    text_add(out, "},\n");
}

/* tables end with an empty row: C has no empty arrays */
static void put_plan(const abi *x, text *out)
{
    const mtx_plan *p = &x->plan;
    text_add(out, "static const mtx_slot_desc slots[] = {\n");
    for (int32_t k = 0; k < p->n_slots; k++) {
        text_printf(out, "    {.axes = %u, .has_cell = %d", p->slots[k].axes, p->slots[k].has_cell);
        text_printf(out, ", .elements = {UINT64_C(%llu), UINT64_C(%llu)}", (unsigned long long)p->slots[k].elements[0],
                    (unsigned long long)p->slots[k].elements[1]);
        put_member("name", p->slots[k].name, out);
        text_add(out, "},\n");
    }
    text_add(out, "    {.name = \"\"}};\nstatic const mtx_set_desc sets[] = {\n");
    for (int32_t k = 0; k < p->n_sets; k++) put_set_desc(&p->sets[k], out);
    text_add(out, "    {.name = \"\"}};\nstatic const mtx_input_desc inputs[] = {\n");
    for (int32_t k = 0; k < p->n_inputs; k++) put_input_desc(&p->inputs[k], out);
    text_printf(out,
                "    {.name = \"\"}};\nconst mtx_plan %s_program = {.n_slots = %d, .n_sets = %d, .n_inputs = "
                "%d, .slots = slots, "
                ".sets = sets, .inputs = inputs",
                x->prefix, p->n_slots, p->n_sets, p->n_inputs);
    put_member("name", p->name, out);
    text_add(out, "};\n\n");
}

/* one clone per level; `choose` takes the best that runs here */
static void put_clones(const abi *x, const int *level, int n_level, text *out)
{
    text_add(out, "typedef void kernel_fn(const mtx_view *, void *const *, char *, int64_t, int64_t);\n");
    for (int l = 0; l < n_level; l++) {
        for (uint32_t k = 0; k < x->t->loops->stages.n; k++)
            text_printf(out, "kernel_fn %s_stage_%u_v%d;\n", x->prefix, k, level[l]);
        for (uint32_t k = 0; k < x->entries.n; k++)
            text_printf(out, "kernel_fn %s_v%d;\n", x->entries.at[k].symbol, level[l]);
    }
    text_add(out, "\nstatic kernel_fn *choose(");
    for (int l = 0; l < n_level; l++) text_printf(out, "%skernel_fn *v%d", l ? ", " : "", level[l]);
    text_add(out, ")\n{\n");
    for (int l = 0; l < n_level; l++) {
        if (level[l] == 4)
            text_add(out, "    if (__builtin_cpu_supports(\"avx512f\") && "
                          "__builtin_cpu_supports(\"avx512vl\") && __builtin_cpu_supports(\"avx512dq\")"
                          "\n        && __builtin_cpu_supports(\"avx512bw\") && "
                          "__builtin_cpu_supports(\"avx512cd\") && __builtin_cpu_supports(\"fma\")"
                          "\n        && __builtin_cpu_supports(\"bmi2\"))\n        return v4;\n");
        else if (level[l] == 3)
            text_add(out, "    if (__builtin_cpu_supports(\"avx2\") && __builtin_cpu_supports(\"fma\") && "
                          "__builtin_cpu_supports(\"bmi2\"))\n"
                          "        return v3;\n");
        else
            text_printf(out, "    return v%d;\n", level[l]);
    }
    text_add(out, "}\n\n");
}

static void put_choice(const char *symbol, const int *level, int n_level, text *out)
{
    text_add(out, "choose(");
    for (int l = 0; l < n_level; l++) text_printf(out, "%s%s_v%d", l ? ", " : "", symbol, level[l]);
    text_add(out, ")");
}

static void put_entries(const abi *x, const int *level, int n_level, text *out)
{
    text_add(out, "static kernel_fn *kernel_of(int entry)\n{\n    switch (entry) {\n");
    for (uint32_t k = 0; k < x->entries.n; k++) {
        text_printf(out, "    case %u: return ", k);
        put_choice(x->entries.at[k].symbol, level, n_level, out);
        text_add(out, ";\n");
    }
    text_add(out, "    default: return NULL;\n    }\n}\n\n");
}

static void put_stage(const abi *x, const int *level, int n_level, text *out)
{
    const module *m = x->t->loops;
    text_printf(out,
                "int %s_stage(void *unused, int32_t set, const mtx_view *view, double *cutoff)\n{\n"
                "    kernel_fn *fn = NULL;\n    double bytes = 0.0;\n    void *out[1];\n    (void)unused;\n  "
                "  out[0] = cutoff;\n    switch (set) {\n",
                x->prefix);
    for (uint32_t s = 0; s < x->t->p->sets.n; s++) {
        uint32_t k = m->stages.n ? m->stage_of[s] : SETIR_NONE;
        if (k == SETIR_NONE) continue;
        char symbol[256];
        snprintf(symbol, sizeof symbol, "%s_stage_%u", x->prefix, k);
        text_printf(out, "    case %u:\n        fn = ", s);
        put_choice(symbol, level, n_level, out);
        text_printf(out, ";\n        bytes = %s_stage_%u_bytes(view, 0, view->nb);\n        break;\n",
                    x->prefix, k);
    }
    text_add(
        out,
        "    default: break;\n    }\n"
        "    char *memory = fn && bytes < 1e15 ? malloc((size_t)bytes + 64) : NULL;\n"
        "    if (!memory)\n        return 1;\n"
        "    fn(view, out, memory + (64 - (uintptr_t)memory % 64) % 64, 0, view->nb);\n    free(memory);\n"
        "    for (int64_t f = 0; f < view->nb; f++)\n        if (!(cutoff[f] > 0.0 && cutoff[f] < 1e6))\n    "
        "        return (int)f + 1;\n"
        "    return 0;\n}\n\n");
}

static void put_count(const abi *x, text *out)
{
    text_printf(out,
                "int %s_count(const mtx_view *view, %s_counts *count)\n{\n    const mtx_set_view *set = "
                "view->set;\n    (void)set;\n"
                "    memset(count, 0, sizeof *count);\n    for (int64_t f = 0; f < view->nb; f++) {\n",
                x->prefix, x->prefix);
    for (uint32_t o = 0; o < x->outputs.n; o++) {
        const program *p = x->outputs.at[o].p;
        const def *d = &p->defs.at[x->outputs.at[o].def];
        text_printf(out, "        count->%s += %u", x->outputs.at[o].name, elem_components(d->declared));
        for (uint32_t k = 0; k < d->n_param; k++) {
            set_id s = p->ivars.at[d->param[k]].set;
            int64_t fixed = set_constant(p, s);
            if (fixed >= 0)
                text_printf(out, " * INT64_C(%" PRId64 ")", fixed);
            else
                text_printf(out, " * (set[%u].ptr[f + 1] - set[%u].ptr[f])", set_counted(p, s),
                            set_counted(p, s));
        }
        text_add(out, ";\n");
    }
    text_add(out, "    }\n    return MTX_OK;\n}\n\n");
}

/* for programs that load the library by name: the names without the hash */
static void put_plain_names(const abi *x, text *out)
{
    text_add(out, "\n#if defined(__ELF__) && defined(__GNUC__)\n");
    for (size_t k = 0; k < ABI_FUNCTIONS; k++) {
        const char *f = abi_functions[k];
        text_printf(out,
                    "#undef %s_%s\nextern __typeof__(%s_%s_%s) %s_%s __attribute__((alias(\"%s_%s_%s\"), "
                    "visibility(\"default\")));\n",
                    x->prefix, f, x->prefix, f, x->hash, x->prefix, f, x->prefix, f, x->hash);
    }
    text_add(out, "#endif\n");
}

void abi_source(const abi *x, const int *level, int n_level, text *out)
{
    const module *m = x->t->loops;
    text_printf(out, "/* The functions of %s.h. Printed by mtx, do not edit. */\n", x->prefix);
    text_printf(out, "#pragma GCC visibility push(default)\n#include \"%s.h\"\n#pragma GCC visibility pop\n",
                x->prefix);
    text_add(out, "#include <stdlib.h>\n#include <string.h>\n");
    emit_c_prelude(false, out);
    text_printf(out, "const char %s_meta[] =\n    ", x->prefix);
    put_string(x->meta, out);
    text_add(out, ";\n\n");
    put_plan(x, out);
    put_clones(x, level, n_level, out);
    put_entries(x, level, n_level, out);
    for (uint32_t k = 0; k < m->stages.n; k++) {
        text symbol;
        text_init(&symbol);
        text_printf(&symbol, "%s_stage_%u", x->prefix, k);
        if (symbol.s) emit_c_scratch(m->stages.at[k], symbol.s, out);
        text_free(&symbol);
    }
    for (uint32_t k = 0; k < x->entries.n; k++) emit_c_scratch(x->entries.at[k].k, x->entries.at[k].symbol, out);
    put_stage(x, level, n_level, out);
    put_count(x, out);
    abi_run(x, out);
    put_plain_names(x, out);
}
