/* SPDX-License-Identifier: Apache-2.0
 *
 * cli_check.c: mtx check. Verdicts as a table for people or as JSON for programs.
 */
#include <stdio.h>
#include <string.h>

#include "cli.h"

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

static void json_claims(const compilation *c, text *out, bool *first)
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

/* One line per symmetry and verdict, outputs that share both in one list. */
static void print_table(const compilation *c)
{
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
            printf("  %-19s %-14s", verdict_text[v->kind], v->claim_word);
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
        text one;
        text_init(&one);
        diag_print_json(&c.sink, &one);
        const char *from = one.s ? strchr(one.s, '[') : NULL, *to = one.s ? strrchr(one.s, ']') : NULL;
        if (from && to && strspn(from + 1, " \n") < (size_t)(to - from - 1)) {
            text_add(json, *first_diag ? "" : ",");
            text_addn(json, from + 1, (size_t)(to - from - 1));
            *first_diag = false;
        }
        text_free(&one);
        json_claims(&c, claims, first_claim);
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
        printf("{\"diagnostics\": [%s], \"claims\": [%s]}\n", diags.s ? diags.s : "", claims.s ? claims.s : "");
    }
    text_free(&diags);
    text_free(&claims);
    return worst;
}
