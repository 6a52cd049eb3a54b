/* SPDX-License-Identifier: Apache-2.0
 *
 * cli_weights.c: --weights. In: a NumPy file with an array per parameter, named by path, in the unit and over the sets that the
 * spec declares. Out: the numbers as compiled code reads them, or what is wrong with the file.
 */
#include "cli.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the parameters of a transform, for people ---------------------------------------------------------- */

/* elements by symbol: their order is that of the axis */
static void put_species(const program *p, const bool *used, text *out)
{
    for (set_id s = 0; s < p->sets.n; s++) {
        const set *d = &p->sets.at[s];
        if (!used[s] || d->kind != SET_SPECIES || set_has_all_species(d)) continue;
        text_printf(out, "  %s:", d->id ? d->id : "species");
        for (int32_t k = 0; k < d->count; k++)
            text_printf(out, " %s", d->species[k] ? mtx_element_symbol(d->species[k]) : "vacancy");
        text_add(out, "\n");
    }
}

static void put_domain(const program *p, const parameter *w, bool *used, text *out)
{
    for (uint32_t k = 0; k < w->n_domain; k++) {
        const set *d = &p->sets.at[w->domain[k]];
        used[w->domain[k]] = true;
        text_printf(out, "%s%s", k ? " * " : "  over ", d->id ? d->id : set_has_all_species(d) ? "species" : "a set");
    }
}

static void put_parameters(arena *a, const program *p, text *out)
{
    bool *used = arena_array(a, bool, p->sets.n + 1);
    int width = 0;
    for (uint32_t k = 0; k < p->params.n; k++) {
        int n = (int)strlen(p->params.at[k].path);
        width = n > width ? n : width;
    }
    for (uint32_t k = 0; k < p->params.n; k++) {
        const parameter *w = &p->params.at[k];
        const char *words = cli_unit_words(a, w->type_at);
        text_printf(out, "  %-*s  ", width, w->path);
        parameter_shape(p, w, out);
        if (words) text_printf(out, "  [%s]", words);
        put_domain(p, w, used, out);
        text_add(out, "\n");
    }
    put_species(p, used, out);
}

/* a message about the file, with what the transform has */
static int refuse(arena *a, const program *p, const char *path, const char *code, const char *field, const char *message)
{
    mtx_problem problem = {.frame = -1, .line = -1, .atom = -1};
    snprintf(problem.code, sizeof problem.code, "%s", code);
    snprintf(problem.message, sizeof problem.message, "%s", message);
    if (path) snprintf(problem.file, sizeof problem.file, "%s", path);
    if (field) snprintf(problem.field, sizeof problem.field, "%s", field);
    cli_problem(&problem);
    text list;
    text_init(&list);
    text_printf(&list, "the parameters of %s:\n", p->id);
    put_parameters(a, p, &list);
    fputs(list.s ? list.s : "", stderr);
    text_free(&list);
    return EXIT_WRONG;
}

/* ---- arrays to numbers ---------------------------------------------------------------------------------- */

/* the last one of that name in an archive that was added to, as NumPy has it */
static const mtx_array *find(const mtx_arrays *all, const char *path)
{
    for (int32_t k = all->n; k-- > 0;)
        if (!strcmp(all->at[k].name, path)) return &all->at[k];
    return NULL;
}

static bool same_shape(const program *p, const parameter *w, const mtx_array *a)
{
    uint32_t n = w->n_domain + (w->elem.channels > 0);
    if (a->rank != (int32_t)n) return false;
    for (uint32_t k = 0; k < w->n_domain; k++)
        if ((uint64_t)a->shape[k] != parameter_set_size(p, w->domain[k])) return false;
    return n == w->n_domain || a->shape[w->n_domain] == w->elem.channels;
}

static const char *shape_words(arena *a, const mtx_array *of)
{
    text t;
    text_init(&t);
    for (int32_t k = 0; k < of->rank; k++) text_printf(&t, "%s%lld", k ? ", " : "(", (long long)of->shape[k]);
    text_add(&t, of->rank == 0 ? "()" : of->rank == 1 ? ",)" : ")");
    return text_keep(a, &t);
}

/* numbers of one parameter in base units; an exit code */
static int take(arena *a, const program *p, const parameter *w, const mtx_array *from, const char *path, double *to)
{
    if (!same_shape(p, w, from)) {
        text t;
        text_init(&t);
        parameter_shape(p, w, &t);
        const char *want = text_keep(a, &t);
        return refuse(a, p, path, "E0633", w->path,
                      arena_printf(a, "the array `%s` has the shape %s, the parameter %s", w->path, shape_words(a, from), want));
    }
    if (!from->values) {
        return refuse(a, p, path, "E0634", w->path,
                      arena_printf(a, "the array `%s` holds no float64 or float32, but %s: convert it by .astype(float)", w->path, from->type));
    }
    for (int64_t k = 0; k < from->n; k++) {
        to[k] = from->values[k] * w->scale;
        if (isfinite(to[k])) continue;
        return refuse(a, p, path, "E0635", w->path,
                      arena_printf(a, "the array `%s` holds %g, as number %lld", w->path, from->values[k], (long long)k));
    }
    return EXIT_FINE;
}

/* arrays that belong to no parameter */
static int look_for_others(arena *a, const program *p, const mtx_arrays *all, const char *path)
{
    const char **known = arena_array(a, const char *, p->params.n + 1);
    for (uint32_t k = 0; k < p->params.n; k++) known[k] = p->params.at[k].path;
    for (int32_t k = 0; k < all->n; k++) {
        const char *word = all->at[k].name;
        bool there = false;
        for (uint32_t j = 0; j < p->params.n; j++) there |= !strcmp(known[j], word);
        if (there) continue;
        const char *near = text_closest(word, known, p->params.n);
        return refuse(a, p, path, "E0632", word,
                      arena_printf(a, "no parameter is called `%.80s`%s%s%s", word, near ? "; did you mean `" : "", near ? near : "", near ? "`?" : ""));
    }
    return EXIT_FINE;
}

static int take_all(arena *a, const program *p, const mtx_arrays *all, const char *path, double *to)
{
    int code = look_for_others(a, p, all, path);
    for (uint32_t k = 0; k < p->params.n && code == EXIT_FINE; k++) {
        const parameter *w = &p->params.at[k];
        const mtx_array *from = find(all, w->path);
        if (!from) return refuse(a, p, path, "E0631", NULL, arena_printf(a, "the weights have no array `%s`", w->path));
        code = take(a, p, w, from, path, to + w->first);
    }
    return code;
}

int cli_weights(const char *command, arena *a, const program *p, const char *path, const double **param)
{
    if (!p->params.n) return cli_usage(command, "%s has no parameters: --weights is for transforms that have", p->id);
    mtx_arrays all;
    mtx_problem problem = {.frame = -1, .line = -1, .atom = -1};
    mtx_status status = mtx_arrays_read(&all, path, &problem);
    int code = status == MTX_OK ? EXIT_FINE : cli_problem_code(status);
    if (status != MTX_OK) cli_problem(&problem);
    double *numbers = arena_array(a, double, (size_t)program_param_numbers(p) + 1);
    if (code == EXIT_FINE) code = take_all(a, p, &all, path, numbers);
    mtx_arrays_free(&all);
    *param = numbers;
    return code;
}

int cli_no_weights(const char *command, arena *a, const program *p)
{
    int code = refuse(a, p, NULL, "E0636", NULL, arena_printf(a, "`%s` has parameters, and no weights are given", p->id));
    fprintf(stderr, "  = try: mtx %s --weights FILE.npz, with an array of that name and shape for each: numpy.savez(path, **arrays)\n", command);
    return code;
}
