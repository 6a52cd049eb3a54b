/* SPDX-License-Identifier: Apache-2.0
 *
 * parameter.c: the trainable numbers of a program (setir.h, parameter). In: tables over sets of fixed size. Out: their
 * places in view->param, how many there are, whether they are well formed. Made from `param` lines: infer_param.c.
 */
#include "setir.h"

const init_row init_table[INIT_COUNT_] = {
    [INIT_NONE] = {"", 0, ""},
    [INIT_ZEROS] = {"zeros", 0, "zeros"},
    [INIT_ONES] = {"ones", 0, "ones"},
    [INIT_CONSTANT] = {"constant", 1, "constant(value)"},
    [INIT_NORMAL] = {"normal", 1, "normal(deviation)"},
    [INIT_UNIFORM] = {"uniform", 2, "uniform(least, most)"},
    [INIT_GLOROT] = {"glorot", 0, "glorot"},
};

uint64_t parameter_set_size(const program *p, set_id s)
{
    set_kind kind = p->sets.at[set_counted(p, s)].kind;
    int64_t size = kind == SET_RANGE || kind == SET_SPECIES || kind == SET_RANK ? set_constant(p, s) : 0;
    return size > 0 ? (uint64_t)size : 0;
}

uint64_t parameter_numbers(const program *p, const parameter *w)
{
    uint64_t n = elem_components(w->elem);
    for (uint32_t k = 0; k < w->n_domain; k++) {
        n *= parameter_set_size(p, w->domain[k]);
        if (n > PARAM_NUMBERS_MOST) return 0;
    }
    return n;
}

uint64_t program_param_numbers(const program *p)
{
    if (!p->params.n) return 0;
    const parameter *last = &p->params.at[p->params.n - 1];
    return last->first + parameter_numbers(p, last);
}

param_id program_param(program *p, parameter w)
{
    w.domain = arena_copy(p->memory, w.domain, w.n_domain * sizeof *w.domain);
    w.first = program_param_numbers(p);
    vec_push(p->memory, &p->params, w);
    return p->params.n - 1;
}

const char *parameter_fault(const program *p, param_id id)
{
    const parameter *w = &p->params.at[id], *before = id ? w - 1 : NULL;
    uint64_t first = before ? before->first + parameter_numbers(p, before) : 0, n = parameter_numbers(p, w);
    if (w->elem.kind != ELEM_REAL || w->elem.irreps) return "parameters are plain reals";
    if (!n || first + n > PARAM_NUMBERS_MOST) return "a parameter is over sets of fixed size, and not too many of them";
    if (w->first != first) return "parameters lie one after the other";
    return w->init < INIT_COUNT_ ? NULL : "no such initialiser";
}

void parameter_shape(const program *p, const parameter *w, text *out)
{
    uint32_t n = w->n_domain + (w->elem.channels > 0);
    text_add(out, "(");
    for (uint32_t k = 0; k < n; k++) {
        uint64_t size = k < w->n_domain ? parameter_set_size(p, w->domain[k]) : w->elem.channels;
        text_printf(out, "%s%llu", k ? ", " : "", (unsigned long long)size);
    }
    text_add(out, n == 1 ? ",)" : ")");
}
