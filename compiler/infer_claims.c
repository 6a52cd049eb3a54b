/* SPDX-License-Identifier: Apache-2.0
 *
 * infer_claims.c: In: the claim lines of a transform. Out: one claim of the program per output and symmetry.
 * Not here: whether they hold (claims.c).
 */
#include "infer_internal.h"

#include <stdlib.h>
#include <string.h>

void infer_claims(infer *x, const decl *d);

static const struct { const char *word; symmetry sym; bool axes; } words[] = {
    {"permute", SYM_PERMUTE, false}, {"translate", SYM_TRANSLATE, false}, {"rotate", SYM_ROTATE, true},
    {"reflect", SYM_REFLECT, true},  {"wrap", SYM_WRAP, false},           {"cell", SYM_CELL, false},
    {"supercell", SYM_SUPERCELL, false}};

static const struct { const char *word, *here; } others[] = {
    {"permutation", "permute"}, {"permutations", "permute"}, {"translation", "translate"}, {"translations", "translate"},
    {"mirror", "reflect"}, {"inversion", "rotate, reflect"}, {"parity", "reflect"}, {"O3", "rotate, reflect"}, {"SO3", "rotate"},
    {"E3", "translate, rotate, reflect"}, {"periodic", "wrap, cell"}, {"unimodular", "cell"},
    {"all", "permute, translate, rotate, reflect, cell, supercell"}};

static bool read_symmetry(infer *x, const ast_sym *s, symmetry *out)
{
    const char *known[sizeof words / sizeof words[0]];
    for (size_t k = 0; k < sizeof words / sizeof words[0]; k++) {
        known[k] = words[k].word;
        if (strcmp(words[k].word, s->id) != 0) {
            continue;
        }
        *out = words[k].sym;
        if (s->n == 0 || words[k].sym == SYM_PERMUTE) {
            return true;
        }
        const expr *arg = s->arg[0];
        if (words[k].axes && s->n == 1 && arg->kind == E_NAME && strlen(arg->ident.id) == 1 && arg->ident.id[0] >= 'x' &&
            arg->ident.id[0] <= 'z') {
            *out = (symmetry)((int)words[k].sym + 1 + (arg->ident.id[0] - 'x'));
            return true;
        }
        diag *d = diag_report(x->sink, D_SYMMETRY_AXIS, s->at, s->id);
        diag_label_primary(x->sink, d, words[k].axes ? "about x, y or z" : "takes no argument");
        return false;
    }
    const char *near = NULL;
    for (size_t k = 0; k < sizeof others / sizeof others[0] && !near; k++) {
        near = strcmp(others[k].word, s->id) ? NULL : others[k].here;
    }
    near = near ? near : text_closest(s->id, known, sizeof words / sizeof words[0]);
    diag *d = diag_report(x->sink, D_UNKNOWN_SYMMETRY, s->at, s->id);
    diag_label_primary(x->sink, d, "not a symmetry");
    if (near) {
        diag_help(x->sink, d, "%s", near);
    }
    diag_note(x->sink, d, "The symmetries are permute, translate, rotate, rotate(z), reflect, reflect(z), wrap, cell and supercell.");
    return false;
}

static bool any_lattice(const program *p)
{
    for (uint32_t k = 0; k < p->slots.n; k++) {
        if (p->slots.at[k].axes) {
            return true;
        }
    }
    return false;
}

static void add_claim(infer *x, claim c)
{
    for (uint32_t k = 0; k < x->p->claims.n; k++) {
        const claim *o = &x->p->claims.at[k];
        if (o->subject == c.subject && o->kind == c.kind && o->sym == c.sym && o->kind <= CLAIM_ASSUME) {
            return;                               /* written twice: harmless                                  */
        }
        bool contrary = o->subject == c.subject && o->sym == c.sym &&
                        ((o->kind == CLAIM_RESPECTS && c.kind == CLAIM_BREAKS) || (o->kind == CLAIM_BREAKS && c.kind == CLAIM_RESPECTS));
        if (contrary) {
            diag *d = diag_report(x->sink, D_CONTRARY_CLAIMS, c.at, symmetry_text[c.sym]);
            diag_label_primary(x->sink, d, "and the contrary");
            diag_label_at(x->sink, d, o->at, "claimed here");
            return;
        }
    }
    vec_push(x->a, &x->p->claims, c);
}

/* `respects`, `breaks`: of every output */
static void claim_symmetries(infer *x, const stmt *st)
{
    for (uint32_t k = 0; k < st->claim.n; k++) {
        symmetry sym;
        const ast_sym *s = &st->claim.sym[k];
        if (!read_symmetry(x, s, &sym)) {
            continue;
        }
        bool lattice = sym == SYM_WRAP || sym == SYM_CELL || sym == SYM_SUPERCELL;
        if (lattice && !any_lattice(x->p)) {
            if (x->sink->errors) {
                continue;                         /* there may be one                                         */
            }
            diag *d = diag_report(x->sink, D_VACUOUS_CLAIM, s->at, s->id);
            diag_label_primary(x->sink, d, "no structure here has a lattice");
            continue;
        }
        for (uint32_t j = 0; j < x->p->defs.n; j++) {
            if (!x->p->defs.at[j].output) {
                continue;
            }
            claim c = {.kind = st->kind == S_BREAKS ? CLAIM_BREAKS : CLAIM_RESPECTS, .sym = sym, .subject = j, .at = s->at,
                       .because = st->claim.because};
            add_claim(x, c);
            if (sym == SYM_CELL && st->kind == S_RESPECTS) {     /* the choice of cell includes that of images */
                c.sym = SYM_WRAP;
                add_claim(x, c);
            }
        }
    }
}

static def_id find_subject(infer *x, ast_name n, bool outputs_only)
{
    VEC(const char *) known = {0};
    for (uint32_t j = 0; j < x->p->defs.n; j++) {
        const def *d = &x->p->defs.at[j];
        if (d->id == n.id && (d->output || !outputs_only)) {
            return j;
        }
        if (d->id && (d->output || !outputs_only)) {
            vec_push(x->a, &known, d->id);
        }
    }
    if (x->sink->errors) {
        return SETIR_NONE;                        /* it may exist but have failed                             */
    }
    const char *near = text_closest(n.id, known.at, known.n);
    diag *d = diag_report(x->sink, D_NO_SUCH_OUTPUT, n.at, n.id);
    diag_label_primary(x->sink, d, "no such output");
    if (near) {
        diag_help(x->sink, d, "%s", near);
    } else if (known.n) {
        diag_note(x->sink, d, "It has %s%s.", known.at[0], known.n > 1 ? " and others" : "");
    }
    return SETIR_NONE;
}

static bool read_order(infer *x, ast_name n, int *order)
{
    const char *s = n.id;
    if (s && s[0] == 'C' && (strcmp(s + 1, "inf") == 0 || strcmp(s + 1, "infinity") == 0 || strcmp(s + 1, "∞") == 0)) {
        *order = SMOOTH_INFINITE;
        return true;
    }
    if (s && s[0] == 'C' && s[1] >= '0' && s[1] <= '9' && strlen(s) <= 3) {
        *order = atoi(s + 1);
        return true;
    }
    diag *d = diag_report(x->sink, D_SMOOTH_ORDER, n.at);
    diag_label_primary(x->sink, d, "C0, C1, C2, ... or Cinf");
    return false;
}

static void claim_about(infer *x, const stmt *st)
{
    int order = 0;
    if (st->kind == S_SMOOTH && !read_order(x, st->about.order, &order)) {
        return;
    }
    for (uint32_t k = 0; k < st->about.n; k++) {
        def_id subject = find_subject(x, st->about.names[k], true);
        if (subject == SETIR_NONE) {
            continue;
        }
        span at = st->kind == S_SMOOTH ? st->about.order.at : st->about.names[k].at;
        claim c = {.kind = st->kind == S_SMOOTH ? CLAIM_SMOOTH : st->kind == S_EXTENSIVE ? CLAIM_EXTENSIVE : CLAIM_INTENSIVE,
                   .sym = SYM_COUNT, .subject = subject, .order = order, .at = at};
        if (st->kind != S_SMOOTH) {
            c.sym = SYM_SUPERCELL;
            if (!any_lattice(x->p)) {
                c.kind = st->kind == S_EXTENSIVE ? CLAIM_EXTENSIVE : CLAIM_INTENSIVE;
            }
        }
        vec_push(x->a, &x->p->claims, c);
    }
}

static void not_checked(infer *x, const stmt *st, const char *what)
{
    diag *d = diag_report(x->sink, D_NOT_CHECKED, st->at, what);
    diag_label_primary(x->sink, d, "read, not checked yet");
}

void infer_claims(infer *x, const decl *d)
{
    for (uint32_t k = 0; k < d->n; k++) {
        const stmt *st = d->body[k];
        switch (st->kind) {
        case S_RESPECTS: case S_BREAKS: claim_symmetries(x, st); break;
        case S_SMOOTH: case S_EXTENSIVE: case S_INTENSIVE: claim_about(x, st); break;
        case S_ASSUME: {
            def_id subject = find_subject(x, st->claim.subject, false);
            for (uint32_t j = 0; subject != SETIR_NONE && j < st->claim.n; j++) {
                symmetry sym;
                if (read_symmetry(x, &st->claim.sym[j], &sym)) {
                    add_claim(x, (claim){.kind = CLAIM_ASSUME, .sym = sym, .subject = subject, .at = st->claim.sym[j].at,
                                         .because = st->claim.because});
                }
            }
            break;
        }
        case S_SOFTLY: not_checked(x, st, "`softly respects`"); break;
        case S_PRESERVES: not_checked(x, st, "`preserves`"); break;
        case S_LOSES: not_checked(x, st, "`loses`"); break;
        case S_ERROR: case S_FIELD: case S_SET: case S_TAKES: case S_PARAM: case S_LET: case S_GIVES:
        case S_MINIMISE: case S_CITES: case S_FORMAT: case S_READS: case S_KEY: case S_SETTING: case S_GIVEN: case S_EXPECT:
            break;
        }
    }
}
