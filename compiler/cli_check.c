/* SPDX-License-Identifier: Apache-2.0
 *
 * cli_check.c: mtx check. Verdicts as a table for people or as JSON for programs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "report.h"

/* The column of claims: as wide as most of them are, or as the widest. */
static int claim_width(const compilation *c)
{
    int width = 12;
    for (uint32_t k = 0; k < c->transforms.n; k++) {
        for (uint32_t j = 0; j < c->transforms.at[k].verdicts.n; j++) {
            int own = (int)strlen(c->transforms.at[k].verdicts.at[j].claim_word);
            width = own > width ? own : width;
        }
    }
    return width;
}

/* What is to be trained: the claims below it hold for every value. */
static void print_parameters(const program *p)
{
    enum { SHOWN = 8 };
    text t;
    text_init(&t);
    for (uint32_t k = 0; k < p->params.n && k < SHOWN; k++) {
        const parameter *w = &p->params.at[k];
        text_printf(&t, "%s%s ", k ? ", " : "", w->path);
        if (w->n_domain || w->elem.channels) {
            parameter_shape(p, w, &t);
            text_add(&t, " ");
        }
        const char *words = cli_unit_words(p->memory, w->type_at);
        text_printf(&t, "[%s]", words ? words : "1");
    }
    cli_need(!t.failed);
    if (p->params.n) {
        printf("  parameters          %s%s  (%llu number%s)\n", t.s, p->params.n > SHOWN ? ", ..." : "",
               (unsigned long long)program_param_numbers(p), program_param_numbers(p) > 1 ? "s" : "");
    }
    text_free(&t);
}

/* One line per symmetry and verdict, outputs that share both in one list. */
static void print_table(const compilation *c)
{
    const int width = claim_width(c);
    for (uint32_t k = 0; k < c->transforms.n; k++) {
        const compiled *t = &c->transforms.at[k];
        printf("%s\n", t->p->id);
        print_parameters(t->declared);
        for (uint32_t j = 0; j < t->verdicts.n; j++) {
            const verdict *v = &t->verdicts.at[j];
            bool shown = false;
            for (uint32_t i = 0; i < j && !shown; i++) {
                const verdict *o = &t->verdicts.at[i];
                shown = !strcmp(o->claim_word, v->claim_word) && o->kind == v->kind && !strcmp(o->evidence, v->evidence);
            }
            if (shown) {
                continue;
            }
            printf("  %-18s  %-*s  ", verdict_text[v->kind], width, v->claim_word);
            const char *comma = "";
            for (uint32_t i = j; i < t->verdicts.n; i++) {
                const verdict *o = &t->verdicts.at[i];
                if (!strcmp(o->claim_word, v->claim_word) && o->kind == v->kind && !strcmp(o->evidence, v->evidence)) {
                    printf("%s%s", comma, t->p->defs.at[o->claim->subject].id);
                    comma = ", ";
                }
            }
            printf("  (%s)\n", v->evidence);
        }
        if (!t->verdicts.n) {
            puts("  nothing is claimed");
        }
    }
}

/* the arrays of a JSON object as they grow: NULL for a table */
typedef struct lists { text diags, claims, params; bool first_diag, first_claim, first_param; } lists;

static int check_one(const char *path, bool search, bool strict, bool times, lists *json)
{
    compilation c;
    int code = cli_compile(&c, path, STAGE_CHECK, search, json != NULL);
    if (code == EXIT_SYSTEM) {
        driver_free(&c);
        return code;
    }
    for (uint32_t k = 0; strict && k < c.transforms.n; k++) {
        for (uint32_t j = 0; j < c.transforms.at[k].verdicts.n; j++) {
            if (c.transforms.at[k].verdicts.at[j].kind == VERDICT_ASSUMED) {
                code = EXIT_WRONG;
            }
        }
    }
    if (json) {
        report_diagnostics(&c, &json->diags, &json->first_diag);
        report_claims(&c, &json->claims, &json->first_claim);
        report_parameters(&c, &json->params, &json->first_param);
    } else {
        print_table(&c);
    }
    for (int k = 0; times && k < 8 && driver_times[k].pass; k++) {
        fprintf(stderr, "%8.3f ms  %s\n", 1e3 * driver_times[k].seconds, driver_times[k].pass);
    }
    driver_free(&c);
    return code;
}

int cli_check(int argc, char **argv)
{
    bool as_json = false, no_search = false, strict = false, times = false;
    const cli_option options[] = {{"json", 0, CLI_FLAG, &as_json}, {"no-search", 0, CLI_FLAG, &no_search},
                                  {"strict", 0, CLI_FLAG, &strict}, {"time-passes", 0, CLI_FLAG, &times}, {NULL, 0, CLI_FLAG, NULL}};
    char *rest[256];
    int n;
    if (argc > 256) {
        return cli_usage("check", "too many arguments");
    }
    if (!cli_options("check", argc, argv, options, rest, &n)) {
        return EXIT_USAGE;
    }
    if (n == 0) {
        return cli_usage("check", "which spec?");
    }
    for (int k = 0; k < n; k++) {
        const char *path, *transform;
        char *copy = cli_split_spec(rest[k], &path, &transform);
        if (copy) {
            int code = cli_usage("check", "all transforms of a spec are judged: leave out `:%s`", transform);
            free(copy);
            return code;
        }
    }
    lists l = {.first_diag = true, .first_claim = true, .first_param = true};
    text_init(&l.diags);
    text_init(&l.claims);
    text_init(&l.params);
    int worst = EXIT_FINE;
    for (int k = 0; k < n; k++) {
        int code = check_one(rest[k], !no_search, strict, times, as_json ? &l : NULL);
        worst = code > worst ? code : worst;
    }
    if (as_json) {
        cli_need(!l.diags.failed && !l.claims.failed && !l.params.failed);
        printf("{\"diagnostics\": [%s], \"claims\": [%s], \"parameters\": [%s]}\n", l.diags.s ? l.diags.s : "",
               l.claims.s ? l.claims.s : "", l.params.s ? l.params.s : "");
    }
    text_free(&l.diags);
    text_free(&l.claims);
    text_free(&l.params);
    return worst;
}
