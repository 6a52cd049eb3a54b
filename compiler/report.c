/* SPDX-License-Identifier: Apache-2.0
 *
 * report.c: In: a judged spec. Out: its messages, verdicts and parameters as JSON, for programs.
 */
#include "report.h"

#include "setir_text.h"

#include <string.h>

void report_diagnostics(const compilation *c, text *out, bool *first)
{
    text all;
    text_init(&all);
    diag_print_json(&c->sink, &all);
    const char *from = all.s ? strchr(all.s, '[') : NULL, *to = all.s ? strrchr(all.s, ']') : NULL;
    if (from && to && strspn(from + 1, " \n") < (size_t)(to - from - 1)) {
        text_add(out, *first ? "" : ",");
        text_addn(out, from + 1, (size_t)(to - from - 1));
        *first = false;
    }
    text_free(&all);
}

static void json_place(text *out, span at, const char *why)
{
    if (!at.src) {
        text_add(out, "null");
        return;
    }
    place from = source_place(at.src, at.start), to = source_place(at.src, at.end);
    text_add(out, "{\"file\": ");
    text_json(out, at.src->path);
    text_printf(out, ", \"line\": %u, \"column\": %u, \"end_line\": %u, \"end_column\": %u, \"text\": ", from.line, from.column,
                to.line, to.column);
    text_json(out, why ? why : "");
    text_add(out, "}");
}

void report_claims(const compilation *c, text *out, bool *first)
{
    for (uint32_t k = 0; k < c->transforms.n; k++) {
        const compiled *t = &c->transforms.at[k];
        for (uint32_t j = 0; j < t->verdicts.n; j++) {
            const verdict *v = &t->verdicts.at[j];
            text_add(out, *first ? "\n  {\"transform\": " : ",\n  {\"transform\": ");
            *first = false;
            text_json(out, t->p->id);
            text_add(out, ", \"subject\": ");
            text_json(out, t->p->defs.at[v->claim->subject].id);
            text_add(out, ", \"claim\": ");
            text_json(out, v->claim_word);
            text_add(out, ", \"verdict\": ");
            text_json(out, verdict_text[v->kind]);
            text_add(out, ", \"evidence\": ");
            text_json(out, v->evidence);
            text_add(out, ", \"blame\": ");
            json_place(out, v->blame, v->blame_why);
            text_add(out, "}");
        }
    }
}

static void json_shape(const program *p, const parameter *w, text *out)
{
    const char *comma = "";
    for (uint32_t k = 0; k < w->n_domain; k++, comma = ", ")
        text_printf(out, "%s%llu", comma, (unsigned long long)parameter_set_size(p, w->domain[k]));
    if (w->elem.channels) text_printf(out, "%s%u", comma, w->elem.channels);
}

void report_parameters(const compilation *c, text *out, bool *first)
{
    for (uint32_t k = 0; k < c->transforms.n; k++) {
        const program *p = c->transforms.at[k].declared;
        for (uint32_t j = 0; j < p->params.n; j++) {
            const parameter *w = &p->params.at[j];
            text_add(out, *first ? "\n  {\"transform\": " : ",\n  {\"transform\": ");
            *first = false;
            text_json(out, p->id);
            text_add(out, ", \"path\": ");
            text_json(out, w->path);
            text_add(out, ", \"shape\": [");
            json_shape(p, w, out);
            text_add(out, "], \"unit\": \"");
            unit_text(w->unit, out);
            text_add(out, "\", \"scale\": ");
            setir_number_text(out, w->scale);
            text_printf(out, ", \"init\": \"%s\", \"init_values\": [", init_table[w->init].word);
            for (uint32_t m = 0; m < init_table[w->init].args; m++) {
                text_add(out, m ? ", " : "");
                setir_number_text(out, w->init_value[m] / w->scale);
            }
            text_add(out, "]}");
        }
    }
}
