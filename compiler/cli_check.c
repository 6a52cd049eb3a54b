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

/* One line per symmetry and verdict, outputs that share both in one list. */
static void print_table(const compilation *c)
{
    const int width = claim_width(c);
    for (uint32_t k = 0; k < c->transforms.n; k++) {
        const compiled *t = &c->transforms.at[k];
        printf("%s\n", t->p->id);
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

static int check_one(const char *path, bool search, bool strict, bool times, text *json, bool *first_diag, bool *first_claim,
                     text *claims)
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
        report_diagnostics(&c, json, first_diag);
        report_claims(&c, claims, first_claim);
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
    text diags, claims;
    text_init(&diags);
    text_init(&claims);
    bool first_diag = true, first_claim = true;
    int worst = EXIT_FINE;
    for (int k = 0; k < n; k++) {
        int code = check_one(rest[k], !no_search, strict, times, as_json ? &diags : NULL, &first_diag, &first_claim, &claims);
        worst = code > worst ? code : worst;
    }
    if (as_json) {
        cli_need(!diags.failed && !claims.failed);
        printf("{\"diagnostics\": [%s], \"claims\": [%s]}\n", diags.s ? diags.s : "", claims.s ? claims.s : "");
    }
    text_free(&diags);
    text_free(&claims);
    return worst;
}
