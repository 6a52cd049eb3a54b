/* SPDX-License-Identifier: Apache-2.0
 *
 * abi_header.c: the header NAME.h of a built library. In: an abi. Out: C11 and C++17 text that documents
 * every input and output with shape, unit and law. Its functions are macros for symbols that carry the hash,
 * so that a header from another build does not link.
 */
#include "abi.h"

#include "loop_plan.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* words inside a comment: no end of it, no line break */
static void put_words(const char *words, text *out)
{
    for (const char *p = words ? words : ""; *p; p++)
        text_addn(out, (p[0] == '*' && p[1] == '/') || *p == '\n' ? " " : p, 1);
}

#define HEADER_WIDTH 110

/* the same as lines of a comment that start with `margin`; the first goes on after `used` characters */
static void put_wrapped(const char *words, const char *margin, size_t used, text *out)
{
    const char *p = words ? words : "";
    while (*p) {
        while (*p == ' ' || *p == '\n') p++;
        size_t n = strcspn(p, " \n");
        if (!n) break;
        if (used > strlen(margin) && used + n + 1 > HEADER_WIDTH) {
            text_printf(out, "\n%s", margin);
            used = strlen(margin);
        } else if (used > strlen(margin)) {
            text_add(out, " ");
            used++;
        }
        for (size_t k = 0; k < n; k++, p++) text_addn(out, p[0] == '*' && p[1] == '/' ? " " : p, 1);
        used += n;
    }
    text_add(out, "\n");
}

static void put_unit(unit u, double scale, text *out)
{
    unit_text(u, out);
    if (scale != 1.0) text_printf(out, " times %.9g", 1.0 / scale);
}

static const char *kind_word(const program *p, const def *d)
{
    if (d->declared.kind == ELEM_BOOL) return "truth value, 0 or 1";
    if (d->declared.kind == ELEM_SPECIES) return "atomic number, 0: vacancy";
    if (d->declared.kind == ELEM_INDEX)
        return p->sets.at[d->declared.set].id ? "index in its frame" : "index";
    if (d->declared.rank == 2) return "tensor, row-major";
    if (d->declared.rank == 1) return d->is_point ? "position" : "vector";
    return d->declared.channels ? "channels" : "scalar";
}

static void put_claims(const abi *x, def_id subject, text *out)
{
    for (uint32_t k = 0; k < x->t->verdicts.n; k++) {
        const verdict *v = &x->t->verdicts.at[k];
        if (v->claim->subject != subject) continue;
        text_add(out, " *     ");
        put_words(v->claim_word, out);
        text_printf(out, ": %s", verdict_text[v->kind]);
        if (v->evidence && *v->evidence) {
            text_add(out, " (");
            put_words(v->evidence, out);
            text_add(out, ")");
        }
        text_add(out, "\n");
    }
}

static void put_outputs_doc(const abi *x, text *out)
{
    for (uint32_t o = 0; o < x->outputs.n; o++) {
        const program *p = x->outputs.at[o].p;
        const def *d = &p->defs.at[x->outputs.at[o].def];
        text_printf(out, " *   %s ", x->outputs.at[o].name);
        abi_shape(x, o, out);
        text_printf(out, "  %s", kind_word(p, d));
        if (d->declared.kind == ELEM_REAL) {
            text_add(out, "  [");
            put_unit(d->out_unit, d->has_unit ? d->out_scale : 1.0, out);
            text_add(out, "]");
        }
        text_add(out, "\n");
        if (d->doc && *d->doc) {
            text_add(out, " *     ");
            put_wrapped(d->doc, " *     ", 7, out);
        }
        put_claims(x, x->outputs.at[o].def, out);
        if (abi_ghosts(x, SETIR_NONE) && !abi_ghosts(x, o))
            text_printf(out, " *     not with ghosts%s%s\n", *x->outputs.at[o].why ? ": " : "", x->outputs.at[o].why);
    }
}

static void put_top(const abi *x, text *out)
{
    const program *p = x->t->p;
    text_printf(out, "/* %s.h: the transform ", x->prefix);
    put_words(p->id, out);
    text_add(out, ", compiled by mtx. Do not edit.\n *\n");
    if (p->doc && *p->doc) {
        text_add(out, " * ");
        put_wrapped(p->doc, " * ", 3, out);
        text_add(out, " *\n");
    }
    for (uint32_t k = 0; k < p->cites.n; k++) {
        text_add(out, " * Source:");
        put_wrapped(p->cites.at[k], " *     ", 10, out);
    }
    text_add(out, " * Outputs, with what is known of their behaviour:\n");
    put_outputs_doc(x, out);
    text_add(out, " * Elements of all frames are concatenated; [set] counts those of a frame, so a matrix "
                  "over two sets has the n x n\n"
                  " * rows of the first frame, then those of the second. Numbers are in base units "
                  "(angstrom, eV, e, K, fs; mass eV fs^2/angstrom^2)\n"
                  " * unless a unit is named.\n"
                  " *\n"
                  " * Threads: every function may run on any number of threads, each with scratch memory of "
                  "its own. Nothing is\n"
                  " * allocated, nothing has state, except inside mtx_prepare and the computing of cutoffs.\n"
                  " */\n");
}

static void put_set_arrays(const abi *x, set_id s, text *out)
{
    static const struct {
        buffer_kind kind;
        const char *type, *member, *doc;
    } rows[] = {{BUF_SET_PTR, "int64_t", "ptr", "[frames + 1] first element of each frame"},
                {BUF_SET_ROW, "int64_t", "row", "[parent + 1] pairs row[i] .. row[i+1]-1 start at element i"},
                {BUF_SET_I, "int32_t", "i", "[n] first end; of a site that differs: host site"},
                {BUF_SET_J, "int32_t", "j", "[n] second end; of a site that differs: sample atom, -1 vacant"},
                {BUF_SET_REV, "int64_t", "rev", "[n] the reverse pair"},
                {BUF_SET_X, "double", "x", "[n] displacement, wave vector or position"},
                {BUF_SET_Y, "double", "y", "[n]"},
                {BUF_SET_Z, "double", "z", "[n]"},
                {BUF_SET_DIST, "double", "dist", "[n] length of the displacement"}};
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
        if (abi_reads(x, rows[r].kind, s))
            text_printf(out, "    const %s *%s_%s;  /* %s */\n", rows[r].type, x->set[s], rows[r].member,
                        rows[r].doc);
}

/* the tables of `param`: where each lies in the array, and what its axes are */
static void put_param(const abi *x, uint32_t k, text *out)
{
    const program *p = x->t->p;
    const parameter *w = &p->params.at[k];
    text_printf(out, "#define %s_param_at_%s %" PRIu64 "  /* ", x->prefix, x->param[k], w->first);
    put_words(w->path, out);
    for (uint32_t j = 0; j < w->n_domain; j++)
        text_printf(out, "%s[%s %" PRId64 "]", j ? "" : ": ", x->set[w->domain[j]], set_constant(p, w->domain[j]));
    if (w->elem.channels) text_printf(out, "%s[%u]", w->n_domain ? "" : ": ", w->elem.channels);
    text_add(out, ", ");
    unit_text(w->unit, out);
    if (w->scale != 1) text_printf(out, "; a file of weights has numbers that times %.9g are these", w->scale);
    text_printf(out, " */\n#define %s_param_n_%s %" PRIu64 "\n", x->prefix, x->param[k], parameter_numbers(p, w));
}

static void put_elements(const abi *x, set_id s, text *out)
{
    const set *d = &x->t->p->sets.at[s];
    if (d->kind != SET_SPECIES || set_has_all_species(d)) return;
    text_printf(out, "\n *   %s:", x->set[s]);
    for (int32_t k = 0; k < d->count; k++)
        text_printf(out, " %s", d->species[k] ? mtx_element_symbol(d->species[k]) : "vacancy");
}

static void put_params(const abi *x, text *out)
{
    const program *p = x->t->p;
    if (!p->params.n) return;
    text_printf(out, "/* Parameters: one table after the other in one array of doubles, each row-major over its sets, channels last, in base "
                     "units.\n * NAME_param_at_W is where W begins, NAME_param_n_W how many numbers it has, NAME_params how many all "
                     "have. Nobody copies\n * or writes them; they may change from call to call.");
    bool *used = arena_array(p->memory, bool, p->sets.n + 1);
    for (uint32_t k = 0; k < p->params.n; k++)
        for (uint32_t j = 0; j < p->params.at[k].n_domain; j++) used[p->params.at[k].domain[j]] = true;
    for (set_id s = 0; s < p->sets.n; s++)
        if (used[s]) put_elements(x, s, out);
    text_printf(out, " */\n#define %s_params %" PRIu64 "\n", x->prefix, program_param_numbers(p));
    for (uint32_t k = 0; k < p->params.n; k++) put_param(x, k, out);
    text_add(out, "\n");
}

static void put_numbers(const abi *x, const input *in, text *out)
{
    text_add(out, "atomic numbers");
    if (in->role != IN_SPECIES) return;
    const uint64_t *taken = x->plan.slots[in->slot].elements;
    if (!(taken[0] | taken[1])) return;
    text_add(out, taken[0] > 1 || taken[1] ? " of" : " of no element"); /* bit 0 is no element */
    for (int z = 1; z < SETIR_SPECIES; z++)
        if (taken[z / 64] >> z % 64 & 1) text_printf(out, " %s", mtx_element_symbol(z));
    text_add(out, ", which a run does not check");
}

static void put_in(const abi *x, text *out)
{
    const program *p = x->t->p;
    text_printf(out,
                "/* What the kernel reads. Arrays of doubles over sets are 64-byte aligned with 8 readable "
                "elements behind the end:\n * vectors compute with those too and drop what they get, so a host that traps floating-point exceptions fills "
                "them with 1.\n * Only members that are here are read; one that a run needs and that is NULL is MTX_EINVAL. */\n"
                "typedef struct %s_in {\n    uint32_t size;  /* sizeof(%s_in) */\n",
                x->prefix, x->prefix);
    for (uint32_t k = 0; k < p->slots.n; k++)
        if (abi_reads(x, BUF_CELL, k))
            text_printf(out,
                        "    const double *cell_%s;  /* [frames][21]: lattice vectors as rows (angstrom), "
                        "inverse, volume,"
                        " periodic axes, spare */\n",
                        x->slot[k]);
    for (uint32_t k = 0; k < p->inputs.n; k++) {
        if (!abi_reads(x, BUF_INPUT, k)) continue;
        bool real = p->inputs.at[k].elem.kind == ELEM_REAL;
        text_printf(out, "    const %s *in_%s;  /* ", real ? "double" : "int32_t", x->input[k]);
        int32_t rows = x->plan.inputs[k].rows;
        text_printf(out, "[%s][%d] ", rows < 0 ? "frames" : x->set[rows], x->plan.inputs[k].width);
        if (real)
            put_unit(p->inputs.at[k].unit, 1.0, out);
        else if (p->inputs.at[k].elem.kind == ELEM_SPECIES)
            put_numbers(x, &p->inputs.at[k], out);
        else
            text_add(out, "0 or 1");
        text_add(out, " */\n");
    }
    if (abi_reads(x, BUF_PARAM, 0))
        text_printf(out, "    const double *param;  /* [%s_params], the same for all frames, in base units: see above */\n", x->prefix);
    for (uint32_t s = 0; s < p->sets.n; s++) put_set_arrays(x, s, out);
    text_printf(out, "} %s_in;\n\n", x->prefix);
}

static void put_shape(const abi *x, text *out)
{
    const program *p = x->t->p;
    text_printf(
        out,
        "/* Sizes of a batch: elements in all, in the longest row (pairs of one element), in the largest "
        "frame. */\n"
        "typedef struct %s_shape {\n    uint32_t size;  /* sizeof(%s_shape) */\n    int64_t frames;\n",
        x->prefix, x->prefix);
    for (uint32_t s = 0; s < p->sets.n; s++)
        if (p->sets.at[s].kind <= SET_RECIP)
            text_printf(out, "    int64_t n_%s, max_row_%s, max_frame_%s;\n", x->set[s], x->set[s],
                        x->set[s]);
    if (abi_ghosts(x, SETIR_NONE))
        text_printf(out, "    int64_t ghosts;  /* atoms that are only seen: see %s_run; else 0 */\n", x->prefix);
    text_printf(out, "} %s_shape;\n\n", x->prefix);
}

static void put_out(const abi *x, text *out)
{
    text_printf(out, "/* Results; NULL: not wanted, and then not computed. */\ntypedef struct %s_out {\n",
                x->prefix);
    for (uint32_t o = 0; o < x->outputs.n; o++) {
        const def *d = &x->outputs.at[o].p->defs.at[x->outputs.at[o].def];
        text_printf(out, "    %s *%s;  /* ", d->declared.kind == ELEM_REAL ? "double" : "int32_t",
                    x->outputs.at[o].name);
        abi_shape(x, o, out);
        text_add(out, " */\n");
    }
    text_printf(
        out, "} %s_out;\n\n/* How many numbers each output has in a batch. */\ntypedef struct %s_counts {\n",
        x->prefix, x->prefix);
    for (uint32_t o = 0; o < x->outputs.n; o++)
        text_printf(out, "    int64_t %s;\n", x->outputs.at[o].name);
    text_printf(out, "} %s_counts;\n\n", x->prefix);
}

static void put_names(const abi *x, text *out)
{
    text_add(out,
             "/* another build of the library has other names: an old header does not link with it */\n");
    for (size_t k = 0; k < ABI_FUNCTIONS; k++)
        text_printf(out, "#define %s_%s %s_%s_%s\n", x->prefix, abi_functions[k], x->prefix, abi_functions[k],
                    x->hash);
    text_add(out, "\n");
}

static void put_functions(const abi *x, text *out)
{
    const char *n = x->prefix;
    text_printf(out,
                "/** Metadata as JSON: types, units, laws, verdicts, hash, compiler. */\n"
                "extern const char %s_meta[];\n\n"
                "/**\n"
                " * The easy way, with libmtxrt: a batch is made of structures (mtx_prepare with %s_program "
                "and %s_stage), then\n"
                " *     %s_count(view, &count)            how large the outputs are\n"
                " *     %s_scratch(view, &bytes)          how much scratch memory a call needs\n"
                " *     %s_compute(view, &out, scratch, bytes)\n"
                " * where view = mtx_batch_view(batch), and scratch is 64-byte aligned%s. All return a status "
                "of mtxrt.h: MTX_EINVAL\n"
                " * when the scratch memory is too small or not aligned, MTX_ENOMEM when no memory can be "
                "that large.\n"
                " */\n"
                "extern const mtx_plan %s_program;\n"
                "int %s_stage(void *unused, int32_t set, const mtx_view *view, double *cutoff);\n"
                "int %s_count(const mtx_view *view, %s_counts *count);\n"
                "int %s_scratch(const mtx_view *view, size_t *bytes);\n"
                "int %s_compute(const mtx_view *view, const %s_out *out, void *scratch, size_t bytes);\n\n",
                n, n, n, n, n, n, abi_reads(x, BUF_PARAM, 0) ? "; mtx_batch_set_param gives the view its parameters" : "",
                n, n, n, n, n, n, n);
}

/* the cutoff of a set of pairs, and how to hand over a list of the runtime's */
static void put_pairs(const abi *x, set_id s, text *out)
{
    const char *n = x->prefix, *w = x->set[s], *base = x->set[x->t->p->sets.at[s].parent];
    const mtx_set_desc *d = &x->plan.sets[s];
    if (!isnan(d->cutoff)) text_printf(out, "#define %s_%s_cutoff %.17g  /* angstrom */\n", n, w, d->cutoff);
    const char *rest = d->need & (MTX_NEED_I | MTX_NEED_SHIFT) ? "0" : "MTX_PAIRS_LEAN";
    text_printf(out, "#define %s_%s_flags %s  /* of the neighbour search */\n", n, w,
                abi_reads(x, BUF_SET_REV, s) ? "MTX_PAIRS_REVERSE" : rest);
    text_printf(out,
                "/** The sizes and arrays of `%s` and of its atoms, from a list; which has to stay as it is until the run. */\n"
                "static inline void %s_use_%s(%s_shape *shape, %s_in *in, const mtx_pairs *pairs)\n{\n"
                "    int64_t k, length;\n    (void)in;\n    shape->frames = pairs->structures;\n"
                "    shape->n_%s = pairs->atoms;\n    shape->n_%s = pairs->n;\n"
                "    shape->max_row_%s = shape->max_frame_%s = shape->max_frame_%s = shape->max_row_%s = 0;\n",
                w, n, w, n, n, base, w, w, w, base, base);
    static const struct {
        const char *index, *count, *most, *ptr;
        bool of_base;
    } longest[] = {{"row", "atoms", "max_row", "row", false},
                   {"frame", "structures", "max_frame", "pair_ptr", false},
                   {"frame", "structures", "max_frame", "atom_ptr", true}};
    for (size_t k = 0; k < sizeof longest / sizeof *longest; k++)
        text_printf(out,
                    "    for (k = 0; k < pairs->%s; k++) {\n"
                    "        length = pairs->%s[k + 1] - pairs->%s[k];\n"
                    "        if (length > shape->%s_%s) shape->%s_%s = length;\n    }\n",
                    longest[k].count, longest[k].ptr, longest[k].ptr, longest[k].most, longest[k].of_base ? base : w,
                    longest[k].most, longest[k].of_base ? base : w);
    if (abi_reads(x, BUF_SET_PTR, x->t->p->sets.at[s].parent))
        text_printf(out, "    in->%s_ptr = pairs->atom_ptr;\n", base);
    static const struct {
        buffer_kind kind;
        const char *member, *of;
    } arrays[] = {{BUF_SET_PTR, "ptr", "pair_ptr"}, {BUF_SET_ROW, "row", "row"}, {BUF_SET_I, "i", "i"},
                  {BUF_SET_J, "j", "j"},            {BUF_SET_REV, "rev", "rev"}, {BUF_SET_X, "x", "dx"},
                  {BUF_SET_Y, "y", "dy"},           {BUF_SET_Z, "z", "dz"},      {BUF_SET_DIST, "dist", "dist"}};
    for (size_t k = 0; k < sizeof arrays / sizeof *arrays; k++)
        if (abi_reads(x, arrays[k].kind, s))
            text_printf(out, "    in->%s_%s = pairs->%s;\n", w, arrays[k].member, arrays[k].of);
    text_add(out, "}\n\n");
}

static void put_plain(const abi *x, text *out)
{
    const char *n = x->prefix;
    text_add(out,
                "/**\n"
                " * The plain way, without any library: bytes of scratch memory for sizes, whatever outputs are wanted, then a "
                "run on plain\n"
                " * arrays, which are all the caller's. NULL outputs are not computed, and arrays that only they need may be "
                "NULL; the\n"
                " * cheapest output alone has a kernel of its own, the cheapest two, and so on, where that saves work.\n"
                " * Errors  MTX_EINVAL: a `size` is not that of this header, the scratch memory is too small or not 64-byte "
                "aligned, an\n"
                " *         array is missing; MTX_ENOMEM: no memory can be that large");
    if (abi_ghosts(x, SETIR_NONE))
        text_add(out, "; MTX_EUNSUPPORTED: an output that cannot be had with ghosts,\n"
                      " *         with ghosts or beside a derivative by pairs (OUTPUT_by_SET).\n"
                      " *\n"
                      " * Ghosts: a process of a host that is divided in space has atoms of its own, and sees others. The own ones "
                      "are the elements\n"
                      " * here, rows of pairs start at them only; j may name a ghost, which has rows of inputs (species, fields) "
                      "behind those of the\n"
                      " * own atoms: `ghosts` of them. Outputs over atoms and pairs are those of the own atoms and of the pairs "
                      "that start there;\n"
                      " * outputs of the whole structure are this process's part of a sum over all. mtx_pairs_from_host makes the "
                      "pairs of a\n"
                      " * host's list, mtx_pairs_forces forces on own atoms and ghosts from derivatives by pairs.\n");
    else
        text_add(out, ".\n");
    text_printf(out,
                " */\n"
                "int %s_plan(const %s_shape *shape, size_t *bytes);\n"
                "int %s_run(const %s_shape *shape, const %s_in *in, const %s_out *out, void *scratch, size_t "
                "bytes);\n\n",
                n, n, n, n, n, n);
    for (uint32_t s = 0; s < x->t->p->sets.n; s++) {
        const set *d = &x->t->p->sets.at[s];
        if (d->kind == SET_PAIRS && x->t->p->sets.at[d->parent].kind == SET_BASE) put_pairs(x, s, out);
    }
}

void abi_header(const abi *x, text *out)
{
    put_top(x, out);
    text_printf(out, "#ifndef MTX_BUILT_%s_H\n#define MTX_BUILT_%s_H\n\n", x->prefix, x->prefix);
    text_add(out, "#include <mtx/mtxrt.h>\n\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n");
    put_names(x, out);
    put_shape(x, out);
    put_params(x, out);
    put_in(x, out);
    put_out(x, out);
    put_functions(x, out);
    put_plain(x, out);
    text_add(out, "\n#ifdef __cplusplus\n}\n#endif\n#endif\n");
}
