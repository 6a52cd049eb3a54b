/* SPDX-License-Identifier: Apache-2.0
 *
 * abi_run.c: the functions of a built library that run kernels: which kernel for what is wanted, whether its
 * arrays are there, and the way from plain arrays to a view. In: an abi. Out: C text for abi_source.c.
 */
#include "abi.h"

#include <inttypes.h>

enum { SET_ARRAYS = 9 };
static const struct {
    buffer_kind kind;
    const char *member;
} set_array[SET_ARRAYS] = {{BUF_SET_PTR, "ptr"}, {BUF_SET_ROW, "row"}, {BUF_SET_I, "i"},
                           {BUF_SET_J, "j"},     {BUF_SET_REV, "rev"}, {BUF_SET_X, "x"},
                           {BUF_SET_Y, "y"},     {BUF_SET_Z, "z"},     {BUF_SET_DIST, "dist"}};

/* ---- the kernel for what is wanted --------------------------------------------------------------------- */

/* those with fewer outputs come first, those made for ghosts last */
static void put_entry_for(const abi *x, text *out)
{
    text_printf(out,
                "/* the smallest kernel that computes what is wanted; -1: none does with ghosts */\n"
                "static int entry_for(const %s_out *w, int ghosts)\n{\n    (void)w;\n",
                x->prefix);
    for (uint32_t n = 0; n < 2 * (x->outputs.n + 1); n++)
        for (uint32_t e = 0; e < x->entries.n; e++) {
            const abi_entry *entry = &x->entries.at[e];
            if (entry->n + (entry->extra ? x->outputs.n + 1 : 0) != n) continue;
            text_printf(out, "    if (%s", entry->local ? "1" : "!ghosts");
            for (uint32_t o = 0; o < x->outputs.n; o++)
                if (!abi_entry_has(entry, o)) text_printf(out, " && !w->%s", x->outputs.at[o].name);
            text_printf(out, ")\n        return %u;\n", e);
        }
    text_add(out, "    return -1;\n}\n\n");
}

/* an array may be missing where it would be empty */
static void put_array_check(const abi *x, const abi_entry *e, text *out)
{
    const program *p = x->t->p;
    text_add(out, "1");
    for (uint32_t s = 0; s < p->sets.n; s++)
        for (size_t a = 0; a < SET_ARRAYS; a++) {
            if (!abi_entry_reads(e, set_array[a].kind, s)) continue;
            text_printf(out, "\n            && (view->set[%u].%s || ", s, set_array[a].member);
            if (set_array[a].kind == BUF_SET_PTR)
                text_add(out, "!view->nb)");
            else
                text_printf(out, "!view->set[%u].n)",
                            set_array[a].kind == BUF_SET_ROW ? p->sets.at[s].parent : s);
        }
    for (uint32_t k = 0; k < p->inputs.n; k++)
        if (abi_entry_reads(e, BUF_INPUT, k)) {
            int32_t rows = x->plan.inputs[k].rows;
            text_printf(out, "\n            && (view->input[%u] || ", k);
            if (rows < 0)
                text_add(out, "!view->nb)");
            else
                text_printf(out, "!view->set[%d].n)", rows);
        }
    for (uint32_t k = 0; k < p->slots.n; k++)
        if (abi_entry_reads(e, BUF_CELL, k))
            text_printf(out, "\n            && (view->cell[%u] || !view->nb)", k);
    if (abi_entry_reads(e, BUF_PARAM, 0)) text_add(out, "\n            && view->param");
}

static void put_has_arrays(const abi *x, text *out)
{
    text_add(
        out,
        "static int has_arrays(int entry, const mtx_view *view)\n{\n    (void)view;\n    switch (entry) {\n");
    for (uint32_t e = 0; e < x->entries.n; e++) {
        text_printf(out, "    case %u:\n        return ", e);
        put_array_check(x, &x->entries.at[e], out);
        text_add(out, ";\n");
    }
    text_add(out, "    default: return 0;\n    }\n}\n\n");
}

static void put_outputs(const abi *x, text *out)
{
    text_printf(out,
                "static void set_outputs(int entry, const %s_out *wanted, void **out)\n{\n    (void)wanted, "
                "(void)out;\n    switch (entry) {\n",
                x->prefix);
    for (uint32_t e = 0; e < x->entries.n; e++) {
        const abi_entry *entry = &x->entries.at[e];
        text_printf(out, "    case %u:\n", e);
        for (uint32_t o = 0; o < entry->n; o++)
            text_printf(out, "        out[%u] = wanted->%s;\n", o, x->outputs.at[entry->output[o]].name);
        text_add(out, "        break;\n");
    }
    text_add(out, "    default: break;\n    }\n}\n\n");
}

static void put_bytes(const abi *x, text *out)
{
    text_add(out, "/* of scratch memory, for the kernel that needs most */\n"
                  "static double most_bytes(const mtx_view *view)\n{\n    double most = 0.0;\n");
    for (uint32_t e = 0; e < x->entries.n; e++)
        text_printf(out, "    most = mtx_max(most, %s_bytes(view, 0, view->nb));\n", x->entries.at[e].symbol);
    text_add(out, "    return most;\n}\n\n");
}

static void put_compute(const abi *x, text *out)
{
    const char *n = x->prefix;
    text_printf(
        out,
        "static int compute(const mtx_view *view, const %s_out *wanted, int ghosts, void *scratch, size_t "
        "bytes)\n{\n"
        "    int entry = entry_for(wanted, ghosts);\n    void *out[%u];\n    if (entry < 0)\n        return "
        "MTX_EUNSUPPORTED;\n"
        "    if (!has_arrays(entry, view) || most_bytes(view) > (scratch ? (double)bytes : 0.0) || (bytes && "
        "(uintptr_t)scratch "
        "%% 64))\n        return MTX_EINVAL;\n"
        "    set_outputs(entry, wanted, out);\n"
        "    kernel_of(entry)(view, out, scratch, 0, view->nb);\n    return MTX_OK;\n}\n\n",
        n, x->outputs.n + 1);
    text_printf(
        out,
        "int %s_scratch(const mtx_view *view, size_t *bytes)\n{\n    double need = most_bytes(view);\n"
        "    *bytes = need < 1e15 ? (size_t)need : SIZE_MAX;\n    return need < 1e15 ? MTX_OK : "
        "MTX_ENOMEM;\n}\n\n"
        "int %s_compute(const mtx_view *view, const %s_out *wanted, void *scratch, size_t bytes)\n{\n"
        "    return compute(view, wanted, 0, scratch, bytes);\n}\n\n",
        n, n, n);
}

/* ---- plain arrays -------------------------------------------------------------------------------------- */

/* the arrays of NAME_shape and NAME_in as a view */
static void put_view(const abi *x, text *out)
{
    const program *p = x->t->p;
    text_printf(out,
                "typedef struct plain { mtx_view view; mtx_set_view set[%u]; const void *input[%u]; const "
                "double *cell[%u]; } plain;\n\n",
                p->sets.n + 1, p->inputs.n + 1, p->slots.n + 1);
    text_printf(out,
                "static void plain_sizes(plain *v, const %s_shape *shape)\n{\n    memset(v, 0, sizeof *v);\n"
                "    v->view.nb = shape->frames;\n    v->view.set = v->set;\n    v->view.input = v->input;\n "
                "   v->view.cell = v->cell;\n",
                x->prefix);
    for (uint32_t s = 0; s < p->sets.n; s++) {
        const char *w = x->set[s];
        int64_t fixed = set_constant(p, s);
        if (p->sets.at[s].kind <= SET_RECIP)
            text_printf(out,
                        "    v->set[%u].n = shape->n_%s;\n    v->set[%u].max_row = shape->max_row_%s;\n"
                        "    v->set[%u].max_frame = shape->max_frame_%s;\n",
                        s, w, s, w, s, w);
        else if (fixed >= 0)
            text_printf(out, "    v->set[%u].n = v->set[%u].max_frame = %" PRId64 ";\n", s, s, fixed);
        else
            text_printf(out, "    v->set[%u] = v->set[%u];\n", s, set_counted(p, s));
    }
    text_printf(out, "}\n\nstatic void plain_arrays(plain *v, const %s_in *in)\n{\n    (void)v, (void)in;\n",
                x->prefix);
    for (uint32_t s = 0; s < p->sets.n; s++)
        for (size_t a = 0; a < SET_ARRAYS; a++)
            if (abi_reads(x, set_array[a].kind, s))
                text_printf(out, "    v->set[%u].%s = in->%s_%s;\n", s, set_array[a].member, x->set[s],
                            set_array[a].member);
    for (uint32_t k = 0; k < p->inputs.n; k++)
        if (abi_reads(x, BUF_INPUT, k)) text_printf(out, "    v->input[%u] = in->in_%s;\n", k, x->input[k]);
    for (uint32_t k = 0; k < p->slots.n; k++)
        if (abi_reads(x, BUF_CELL, k)) text_printf(out, "    v->cell[%u] = in->cell_%s;\n", k, x->slot[k]);
    if (abi_reads(x, BUF_PARAM, 0)) text_add(out, "    v->view.param = in->param;\n");
    text_add(out, "}\n\n");
}

static void put_plain(const abi *x, text *out)
{
    const char *n = x->prefix;
    put_view(x, out);
    text_printf(
        out,
        "int %s_plan(const %s_shape *shape, size_t *bytes)\n{\n    plain v;\n"
        "    if (shape->size != sizeof *shape || shape->frames < 0)\n        return MTX_EINVAL;\n"
        "    plain_sizes(&v, shape);\n    return %s_scratch(&v.view, bytes);\n}\n\n"
        "int %s_run(const %s_shape *shape, const %s_in *in, const %s_out *out, void *scratch, size_t "
        "bytes)\n{\n    plain v;\n"
        "    if (shape->size != sizeof *shape || shape->frames < 0 || in->size != sizeof *in)\n        "
        "return "
        "MTX_EINVAL;\n"
        "    plain_sizes(&v, shape);\n    plain_arrays(&v, in);\n    return compute(&v.view, out, %s, "
        "scratch, bytes);\n}\n",
        n, n, n, n, n, n, n, abi_ghosts(x, SETIR_NONE) ? "shape->ghosts != 0" : "0");
}

void abi_run(const abi *x, text *out)
{
    put_entry_for(x, out);
    put_has_arrays(x, out);
    put_outputs(x, out);
    put_bytes(x, out);
    put_compute(x, out);
    put_plain(x, out);
}
