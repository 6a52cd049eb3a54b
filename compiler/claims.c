/* SPDX-License-Identifier: Apache-2.0
 *
 * claims.c: In: the claims of a program, the laws and orders that the rules gave. Out: a verdict per claim, messages for
 * what fails, with the expression to blame. Not here: the rules (law_rules.c), the search for witnesses (witness.c).
 */
#include "claims.h"

#include <math.h>
#include <string.h>

const char *const verdict_text[] = {"proved", "assumed", "broken as declared", "refuted", "unproved"};

typedef struct failure {     /* a claim of symmetry that is refuted, or (witness NULL) unproved                 */
    const claim *claim;
    law_status   status;
    const char  *witness;
} failure;

typedef struct judge {
    arena            *a;
    const program    *p;
    diag_sink        *sink;
    const law_result *laws;
    smooth_result    *smooth;
    claim_refuter     refute;
    void             *user;
    verdict_list     *out;
    VEC(failure)      failures;
} judge;

static law_status broken(node_id culprit, span at, const char *why)
{
    return (law_status){LAW_BROKEN, culprit, at, why};
}

static bool changes_sign(const law_info *l, symmetry mirror)
{
    return mirror == SYM_REFLECT ? l->odd : l->odd != l->mirror[mirror - SYM_REFLECT_X];
}

/* A number that changes sign in a mirror: the innermost part of its expression from which the sign comes, as the
 * triple product in a sum of such times numbers that keep theirs. */
static node_id where_sign_comes_from(const judge *x, node_id n, symmetry mirror)
{
    for (;;) {
        const node *d = &x->p->nodes.at[n];
        node_id next = SETIR_NONE;
        int found = 0;
        for (uint32_t k = 0; k < d->n_args; k++) {
            const node *a = &x->p->nodes.at[d->arg[k]];
            if (a->elem.kind == ELEM_REAL && a->elem.rank == 0 && !a->elem.irreps && a->at.src == d->at.src &&
                changes_sign(&x->laws->node[d->arg[k]], mirror)) {
                next = d->arg[k];
                found++;
            }
        }
        if (found != 1) { return n; }
        n = next;
    }
}

static node_id sign_blame(const judge *x, const def *d, symmetry mirror)
{
    bool number = d->body != SETIR_NONE && d->declared.rank == 0 && !d->declared.irreps && !d->pseudo;
    return number ? where_sign_comes_from(x, d->body, mirror) : d->body;
}

/* Does the law agree with the declared type? The expression's own status, or what the declaration gets wrong. */
static law_status against_declaration(judge *x, const claim *c)
{
    const def *d = &x->p->defs.at[c->subject];
    const law_info *l = &x->laws->def[c->subject];
    law_status s = l->status[c->sym];
    span at = x->p->nodes.at[d->body].at;
    if (s.level == LAW_BROKEN) {
        return s;
    }
    switch (c->sym) {
    case SYM_TRANSLATE: {
        int points = 0;
        bool other = false;
        for (int k = 0; k < LAW_SLOTS; k++) {
            points += l->affine[k].num == 1 && l->affine[k].den == 1;
            other = other || (l->affine[k].num && !(l->affine[k].num == 1 && l->affine[k].den == 1));
        }
        if (other || points != (d->is_point ? 1 : 0)) {
            return broken(d->body, at, d->is_point ? "does not move with the origin as a point does"
                                                   : "a position moves with the origin");
        }
        break;
    }
    case SYM_REFLECT:
        if (l->odd != d->pseudo) {
            node_id part = sign_blame(x, d, c->sym);
            return broken(part, x->p->nodes.at[part].at,
                          l->odd ? "changes sign in every mirror" : "does not change sign in a mirror");
        }
        break;
    case SYM_REFLECT_X: case SYM_REFLECT_Y: case SYM_REFLECT_Z:
        if ((l->odd != l->mirror[c->sym - SYM_REFLECT_X]) != d->pseudo) {
            node_id part = sign_blame(x, d, c->sym);
            return broken(part, x->p->nodes.at[part].at,
                          arena_printf(x->a, "becomes its negative in %s", symmetry_text[c->sym]));
        }
        break;
    case SYM_WRAP:
        if ((l->mod != SETIR_NONE && !d->is_point) || l->period != 0 || l->sign) {
            return broken(d->body, at, l->mod != SETIR_NONE ? "is defined only up to a lattice vector"
                                       : l->sign ? "is defined only up to its sign" : "is defined only up to whole periods");
        }
        break;
    case SYM_CELL:
        if (l->n_axis) {
            return broken(d->body, at, "is a component along a lattice vector");
        }
        break;
    case SYM_SUPERCELL:
        if (l->mod != SETIR_NONE || l->period != 0 || l->sign) {
            return broken(d->body, at, "is defined only up to lattice vectors of the cell");
        }
        for (int k = 0; k < LAW_SLOTS; k++) {
            bool whole = l->size[k].den == 1 && (l->size[k].num == 0 || (l->size[k].num == 1 && def_is_whole(x->p, d)));
            if (!whole) {
                return broken(d->body, at, arena_printf(x->a, "grows as N^%d%s%s", l->size[k].num, l->size[k].den == 1 ? "" : "/",
                              l->size[k].den == 1 ? "" : arena_printf(x->a, "%d", l->size[k].den)));
            }
        }
        break;
    case SYM_PERMUTE: case SYM_ROTATE: case SYM_ROTATE_X: case SYM_ROTATE_Y: case SYM_ROTATE_Z: case SYM_COUNT:
        break;
    }
    return s;
}

static verdict *add_verdict(judge *x, const claim *c, const char *word, verdict_kind kind)
{
    vec_push(x->a, x->out, ((verdict){.p = x->p, .claim = c, .claim_word = word, .kind = kind, .evidence = ""}));
    return &x->out->at[x->out->n - 1];
}

static const char *size_text(judge *x, const law_info *l)
{
    for (int k = 0; k < LAW_SLOTS; k++) {
        if (l->size[k].num) {
            return l->size[k].den == 1 ? arena_printf(x->a, "grows as N^%d with the number N of cells", l->size[k].num)
                                       : arena_printf(x->a, "grows as N^(%d/%d)", l->size[k].num, l->size[k].den);
        }
    }
    return "is the same for every supercell";
}

/* --------------------------------------------------------------------------------------- symmetry claims */

/* is a derivative by lattice vectors written there? */
static bool by_lattice(const program *p, span at)
{
    for (uint32_t k = 0; k < p->defs.n; k++) {
        const def *d = &p->defs.at[k];
        if (lib_is_derivative(d->lib) && d->wrt.kind == WRT_CELL && d->lib_at.src == at.src && d->lib_at.start == at.start) {
            return true;
        }
    }
    return false;
}

static const char *fix_for(judge *x, const claim *c, const law_status *s)
{
    node_op op = s->culprit == SETIR_NONE ? OP_COUNT_ : x->p->nodes.at[s->culprit].op;
    const def *d = &x->p->defs.at[c->subject];
    if ((c->sym == SYM_CELL || c->sym == SYM_SUPERCELL) && by_lattice(x->p, s->at)) {
        return "grad(E, strain(s))      which is the same for every choice of lattice vectors";
    }
    if (op == OP_COMP && c->sym >= SYM_REFLECT) {
        return "abs(...)      if the two sides are equivalent";
    }
    if (op == OP_COMP && c->sym == SYM_ROTATE) {
        return "rotate(z)      if z is a direction of its own, as in a layer";
    }
    if ((op == OP_INDEX_CONST || op == OP_INDEX_LT) && c->sym == SYM_PERMUTE) {
        return "a sum, a mean, sort(...) or max over the set does not depend on the order";
    }
    if (c->sym == SYM_PERMUTE && s->culprit == SETIR_NONE) {
        return "sort(...) instead of list(...), or eigvals(...) of a matrix";
    }
    if (c->sym == SYM_TRANSLATE || c->sym == SYM_WRAP) {
        return "use displacements: b.d for b in pairs(...)";
    }
    if (c->sym >= SYM_REFLECT && c->sym <= SYM_REFLECT_Z && d->declared.rank == 0 && !d->declared.irreps && !d->pseudo) {
        return arena_printf(x->a, "%s : pseudoscalar      or its square", d->id);
    }
    return NULL;
}

static span blamed(const judge *x, const failure *f)
{
    return f->status.at.src ? f->status.at : x->p->defs.at[f->claim->subject].at;
}

/* one message tells of both: the same expression of the same output, the same certainty */
static bool same_blame(const judge *x, const failure *f, const failure *g)
{
    span a = blamed(x, f), b = blamed(x, g);
    return f->claim->subject == g->claim->subject && (f->witness != NULL) == (g->witness != NULL) && a.src == b.src &&
           a.start == b.start && a.end == b.end;
}

/* "rotate, wrap and cell" */
static const char *list_symmetries(judge *x, const failure *const *group, uint32_t n)
{
    const char *list = symmetry_text[group[0]->claim->sym];
    for (uint32_t k = 1; k < n; k++) {
        list = arena_printf(x->a, "%s%s%s", list, k + 1 < n ? ", " : " and ", symmetry_text[group[k]->claim->sym]);
    }
    return list;
}

/* is one of the first n texts of a group equal to this one? */
static bool among(const char *const *said, uint32_t n, const char *one)
{
    bool found = false;
    for (uint32_t k = 0; k < n && !found; k++) {
        found = said[k] && !strcmp(said[k], one);
    }
    return found;
}

static void label_group(judge *x, diag *e, const failure *const *group, uint32_t n)
{
    const char *said[SYM_COUNT] = {0};
    const char *all = NULL;
    for (uint32_t k = 0; k < n; k++) {
        const char *why = group[k]->status.why;
        if (why && !among(said, k, why)) {
            all = all ? arena_printf(x->a, "%s; %s", all, why) : why;
        }
        said[k] = why;
    }
    diag_label_primary(x->sink, e, "%s", all ? all : "");
    uint32_t last = 0;           /* the rightmost says what all of them are */
    for (uint32_t k = 1; k < n; k++) {
        last = group[k]->claim->at.start > group[last]->claim->at.start ? k : last;
    }
    for (uint32_t k = 0; k < n; k++) {
        diag_label_at(x->sink, e, group[k]->claim->at, "%s", k == last ? "claimed here" : "");
    }
}

static void help_group(judge *x, diag *e, const failure *const *group, uint32_t n)
{
    const char *said[SYM_COUNT] = {0};
    const char *list = symmetry_text[group[0]->claim->sym];
    for (uint32_t k = 0; k < n; k++) {
        said[k] = fix_for(x, group[k]->claim, &group[k]->status);
        if (said[k] && !among(said, k, said[k])) {
            diag_help(x->sink, e, "%s", said[k]);
        }
        if (k > 0) {
            list = arena_printf(x->a, "%s, %s", list, symmetry_text[group[k]->claim->sym]);
        }
    }
    if (group[0]->witness) {
        diag_help(x->sink, e, "breaks %s because \"...\"      if it is meant to", list);
    } else {
        diag_note(x->sink, e, x->refute ? "The rules do not give it, and no counterexample was found: it may hold."
                                        : "The rules do not give it. `mtx check` also looks for a counterexample.");
    }
    for (uint32_t k = 0; k < n; k++) {
        if (group[k]->witness) {
            diag_note(x->sink, e, "witness: %s", group[k]->witness);
        }
    }
}

static void report_failures(judge *x)
{
    for (uint32_t k = 0; k < x->failures.n; k++) {
        const failure *f = &x->failures.at[k], *group[SYM_COUNT] = {f};
        bool told = false;
        for (uint32_t j = 0; j < k && !told; j++) {
            told = same_blame(x, f, &x->failures.at[j]);
        }
        if (told) {
            continue;
        }
        uint32_t n = 1;
        for (uint32_t j = k + 1; j < x->failures.n && n < SYM_COUNT; j++) {
            if (same_blame(x, f, &x->failures.at[j])) {
                group[n++] = &x->failures.at[j];
            }
        }
        const char *id = x->p->defs.at[f->claim->subject].id, *list = list_symmetries(x, group, n);
        diag *e = f->witness ? diag_report(x->sink, D_CLAIM_REFUTED, blamed(x, f), id, list, n > 1 ? "them" : "it")
                             : diag_report(x->sink, D_CLAIM_UNPROVED, blamed(x, f), id, list);
        label_group(x, e, group, n);
        help_group(x, e, group, n);
    }
}

static void judge_respects(judge *x, const claim *c)
{
    law_status s = against_declaration(x, c);
    const law_info *l = &x->laws->def[c->subject];
    const char *word = symmetry_text[c->sym];
    if (s.level == LAW_EXACT) {
        verdict *v = add_verdict(x, c, word, VERDICT_PROVED);
        v->evidence = c->sym == SYM_SUPERCELL ? arena_printf(x->a, "by rules: %s", size_text(x, l)) : "by rules, for all elements";
        return;
    }
    if (s.level == LAW_ALMOST) {
        verdict *v = add_verdict(x, c, word, VERDICT_PROVED);
        v->evidence = arena_printf(x->a, "by rules, almost everywhere: %s", s.why);
        v->blame = s.at;
        v->blame_why = s.why;
        return;
    }
    if (s.level == LAW_ASSUMED) {
        verdict *v = add_verdict(x, c, word, VERDICT_ASSUMED);
        v->evidence = arena_printf(x->a, "assumed because %s", s.why);
        v->blame = s.at;
        v->blame_why = s.why;
        return;
    }
    const char *witness = NULL;
    bool refuted = x->refute && x->refute(x->user, x->p, c, l, x->a, &witness);
    vec_push(x->a, &x->failures, ((failure){c, s, refuted ? witness : NULL}));
    verdict *v = add_verdict(x, c, word, refuted ? VERDICT_REFUTED : VERDICT_UNPROVED);
    v->evidence = refuted ? arena_printf(x->a, "witness: %s", witness) : x->refute ? "the rules do not give it; no counterexample found" : "the rules do not give it";
    v->blame = s.at.src ? s.at : x->p->defs.at[c->subject].at;
    v->blame_why = s.why;
}

/* `breaks g` stands for the whole transform: outputs that keep it are simply proved. */
static void judge_breaks(judge *x, const claim *c)
{
    law_status s = against_declaration(x, c);
    if (s.level >= LAW_ALMOST) {
        bool any = false, first = true;
        for (uint32_t k = 0; k < x->p->claims.n; k++) {
            const claim *o = &x->p->claims.at[k];
            if (o->kind == CLAIM_BREAKS && o->sym == c->sym) {
                any = any || against_declaration(x, o).level < LAW_ALMOST;
                first = first && (o >= c);
            }
        }
        if (!any && first) {
            diag *e = diag_report(x->sink, D_BREAKS_NOTHING, c->at, symmetry_text[c->sym]);
            diag_label_primary(x->sink, e, "declared broken here");
            diag_help(x->sink, e, "respects %s", symmetry_text[c->sym]);
        }
        verdict *v = add_verdict(x, c, symmetry_text[c->sym], VERDICT_PROVED);
        v->evidence = "by rules: this output respects it";
        return;
    }
    verdict *v = add_verdict(x, c, symmetry_text[c->sym], VERDICT_BROKEN);
    v->evidence = arena_printf(x->a, "declared: %s", c->because ? c->because : "");
    v->blame = s.at;
    v->blame_why = s.why;
}

/* ------------------------------------------------------------------------------------------ size, smoothness */

static void judge_size(judge *x, const claim *c)
{
    const def *d = &x->p->defs.at[c->subject];
    const law_info *l = &x->laws->def[c->subject];
    bool extensive = c->kind == CLAIM_EXTENSIVE;
    const char *word = extensive ? "extensive" : "intensive";
    law_status s = l->status[SYM_SUPERCELL];
    if (s.level != LAW_BROKEN && (l->mod != SETIR_NONE || l->period != 0 || l->sign)) {
        s = broken(d->body, x->p->nodes.at[d->body].at, "is defined only up to lattice vectors of the cell");
    }
    int want = extensive ? 1 : 0;
    bool lattice = false, right = true;
    for (uint32_t k = 0; k < x->p->slots.n && k < LAW_SLOTS; k++) {
        bool counts = x->p->slots.at[k].axes != 0 || x->p->slots.n == 1;
        lattice = lattice || counts;
        bool host = extensive && x->p->slots.n > 1 && l->size[k].num == 0;   /* grows with one of several */
        right = right && (host || (l->size[k].num == want && l->size[k].den == 1));
    }
    if (extensive && x->p->slots.n > 1) {
        bool any = false;
        for (uint32_t k = 0; k < LAW_SLOTS; k++) {
            any = any || l->size[k].num == 1;
        }
        right = right && any;
    }
    if (s.level == LAW_EXACT && right && lattice) {
        add_verdict(x, c, word, VERDICT_PROVED)->evidence = arena_printf(x->a, "by rules: %s", size_text(x, l));
        return;
    }
    if (s.level == LAW_ASSUMED && right) {
        add_verdict(x, c, word, VERDICT_ASSUMED)->evidence = arena_printf(x->a, "assumed because %s", s.why);
        return;
    }
    const char *witness = NULL;
    bool by_rule = s.level == LAW_EXACT && !right;
    bool refuted = x->refute && x->refute(x->user, x->p, c, l, x->a, &witness);
    span at = x->p->nodes.at[d->body].at;
    if (s.level != LAW_EXACT && s.at.src) {
        at = s.at;
    }
    refuted = refuted || by_rule;
    diag *e = diag_report(x->sink, D_NOT_EXTENSIVE, at, d->id, word,
                          by_rule ? size_text(x, l) : refuted ? "changes otherwise" : "the rules do not show it");
    diag_label_primary(x->sink, e, "%s", by_rule ? size_text(x, l) : s.why ? s.why : "");
    diag_label_at(x->sink, e, c->at, "claimed here");
    const node *body = &x->p->nodes.at[d->body];
    if (by_rule && extensive && body->op == OP_REDUCE && body->imm.reduce == RED_MEAN) {
        diag_help(x->sink, e, "sum      doubles when the cell doubles");
    } else if (by_rule && !extensive) {
        diag_help(x->sink, e, "divide by the number of atoms or the volume, or use `mean`");
    }
    if (witness) {
        diag_note(x->sink, e, "witness: %s", witness);
    }
    verdict *v = add_verdict(x, c, word, refuted ? VERDICT_REFUTED : VERDICT_UNPROVED);
    v->evidence = witness ? arena_printf(x->a, "witness: %s", witness)
                : by_rule ? arena_printf(x->a, "by rules: %s", size_text(x, l)) : "the rules do not give it";
    v->blame = at;
    v->blame_why = s.why ? s.why : size_text(x, l);
}

static const char *order_text(judge *x, int order)
{
    return order >= SMOOTH_INFINITE ? "-infinity" : arena_printf(x->a, "%d", order);
}

/* Derivatives up to this one are compared in the search for jumps. */
enum { SEARCHED_ORDER = 2 };

static const char *forces_text(int order)
{
    return order < 0    ? "Forces are infinite"
           : order == 0 ? "Forces jump"
           : order == 1 ? "Forces have a kink"
                        : "A higher derivative of the forces jumps";
}

/* what crosses the cutoff as t^vanish must do so with a higher power, one more for each derivative taken */
static void advise_at_cutoff(judge *x, diag *e, const claim *c, const smooth_info *s)
{
    diag_note(x->sink, e, "%s whenever an atom crosses the cutoff.",
              forces_text(s->vanish > 0 ? (int)ceil(s->vanish) - 1 : -1));
    int power = c->order + 1 + s->derivatives;
    if (c->order == SMOOTH_INFINITE) {
        diag_help(x->sink, e, "... * exp(1 Å / (norm(b.d) - rc))      vanishes with all its derivatives");
    } else if (s->vanish > 0) {
        diag_help(x->sink, e, "... * cutoff(norm(b.d), rc, %d)      or a power that vanishes as t^%d", power, power);
    } else {
        diag_help(x->sink, e, "... * cutoff(norm(b.d), rc, %d)", power);
    }
}

/* an order is what it is only where the rules say so; else it is the least there is */
static const char *smooth_evidence(judge *x, const smooth_info *s, bool refuted, const char *witness)
{
    if (refuted && witness) return arena_printf(x->a, "witness: %s", witness);
    if (refuted) return arena_printf(x->a, "by rules: %s", smooth_order_text(x->a, s->order));
    if (s->order < 0) return "by rules: not shown to be continuous";
    return arena_printf(x->a, "by rules: only %s is shown", smooth_order_text(x->a, s->order));
}

static void judge_smooth(judge *x, const claim *c)
{
    const def *d = &x->p->defs.at[c->subject];
    const char *word = arena_printf(x->a, "smooth C%s", order_text(x, c->order));
    smooth_info s = smooth_def(x->smooth, c->subject, c->order);
    if (s.order >= c->order) {
        add_verdict(x, c, word, VERDICT_PROVED)->evidence =
            arena_printf(x->a, "by rules: %s", smooth_order_text(x->a, s.order));
        return;
    }
    const char *witness = NULL;
    bool searched = !s.exact && x->refute && s.order < SEARCHED_ORDER;
    bool refuted = s.exact || (searched && x->refute(x->user, x->p, c, &x->laws->def[c->subject], x->a, &witness));
    span at = s.at.src ? s.at : d->at;
    diag *e = refuted ? diag_report(x->sink, D_NOT_SMOOTH, at, d->id, order_text(x, c->order),
                                    s.boundary != SETIR_NONE ? " at the cutoff" : "")
                      : diag_report(x->sink, D_SMOOTH_UNPROVED, at, d->id, order_text(x, c->order));
    diag_label_primary(x->sink, e, "%s", s.reason ? s.reason : "");
    diag_label_at(x->sink, e, c->at, "claimed here");
    if (s.boundary != SETIR_NONE) {
        advise_at_cutoff(x, e, c, &s);
    }
    if (witness) {
        diag_note(x->sink, e, "witness: %s", witness);
    }
    verdict *v = add_verdict(x, c, word, refuted ? VERDICT_REFUTED : VERDICT_UNPROVED);
    v->evidence = smooth_evidence(x, &s, refuted, witness);
    v->blame = at;
    v->blame_why = s.reason;
}

void claims_check(arena *a, const program *p, diag_sink *sink, const law_result *laws, smooth_result *smooth,
                  claim_refuter refute, void *user, verdict_list *out)
{
    judge x = {a, p, sink, laws, smooth, refute, user, out, {0}};
    for (uint32_t k = 0; k < p->defs.n; k++) {
        const law_info *l = &laws->def[k];
        const def *d = &p->defs.at[k];
        bool moves = l->affine[0].num || l->affine[1].num || l->affine[2].num || l->affine[3].num;
        if (d->output && l->mod != SETIR_NONE && !moves && l->status[SYM_WRAP].level == LAW_EXACT) {
            diag *e = diag_report(sink, D_PERIODIC_DIFFERENCE, p->nodes.at[d->body].at);
            diag_label_primary(sink, e, "%s repeats: this is defined only up to a lattice vector", p->slots.at[l->mod].type);
        }
    }
    for (uint32_t k = 0; k < p->claims.n; k++) {
        const claim *c = &p->claims.at[k];
        switch (c->kind) {
        case CLAIM_RESPECTS: judge_respects(&x, c); break;
        case CLAIM_BREAKS: judge_breaks(&x, c); break;
        case CLAIM_EXTENSIVE: case CLAIM_INTENSIVE: judge_size(&x, c); break;
        case CLAIM_SMOOTH: judge_smooth(&x, c); break;
        case CLAIM_ASSUME: case CLAIM_SYMMETRIC_BODY: break;
        }
    }
    report_failures(&x);
}
