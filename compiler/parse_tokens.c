/* SPDX-License-Identifier: Apache-2.0
 *
 * parse_tokens.c: mends the token list before parsing. In: tokens with every reserved word marked. Out:
 * tokens where words that are only names are names, brackets match, headers are whole, and the places to
 * resume after an error are marked. What had to be changed is reported, so the parser sees a text in which
 * the next mistakes can still be found.
 */
#include "lex.h"
#include "parse_internal.h"

#include <string.h>

/* ---- words */

/* words of other languages at the start of a line, and what mtx writes */
typedef struct foreign_word { const char *word, *keyword, *advice; } foreign_word;
static const foreign_word foreign_words[] = {
    {"def", "let", "let f(x) = ..."},            {"fn", "let", "let f(x) = ..."},
    {"func", "let", "let f(x) = ..."},           {"function", "let", "let f(x) = ..."},
    {"var", "let", "let x = ..."},               {"val", "let", "let x = ..."},
    {"double", "let", "let x = ..."},            {"float", "let", "let x = ..."},
    {"return", "gives", "gives x : scalar = ..."}, {"output", "gives", "gives x : scalar = ..."},
    {"input", "takes", "takes s : Crystal"},     {"import", "use", "use \"crystal.mtx\""},
    {"include", "use", "use \"crystal.mtx\""},   {"struct", "structure", "structure Name { ... }"},
    {"class", "transform", "transform name { ... }"}, {"module", "transform", "transform name { ... }"},
    {"model", "transform", "transform name { ... }"}, {"constant", "const", "const x = 1"},
    {"for", NULL, "sum i in S: x[i]    or    let y[i in S] = ..."}, {"while", NULL, NULL},
    {"assert", "expect", "test \"name\" { expect ... }"}, {"invariant", "respects", "respects rotate"},
};

static const foreign_word *foreign_find(const char *word)
{
    for (size_t i = 0; i < sizeof foreign_words / sizeof *foreign_words; i++)
        if (strcmp(foreign_words[i].word, word) == 0)
            return &foreign_words[i];
    return NULL;
}

static bool is_keyword(const token *t)
{
    return t->kind >= T_STRUCTURE && t->kind <= T_WITHIN && t->value.id;
}

static const keyword *keyword_of(const token *t)
{
    return is_keyword(t) ? keyword_find(t->value.id) : NULL;
}

/* where the state machine stands while words are sorted out */
typedef struct words {
    parser  *p;
    token   *t;
    uint32_t n;
    unsigned block;                      /* bit of the declaration we are in, 0 outside           */
    int      stmt;                       /* keyword of the statement                              */
    int      depth;                      /* of ( and [                                            */
} words;

static int kind_at(const words *w, uint32_t i)
{
    return i < w->n ? w->t[i].kind : 0;
}

static unsigned block_of(int kind)
{
    switch (kind) {
    case T_STRUCTURE: return IN_STRUCTURE;
    case T_TRANSFORM: return IN_TRANSFORM;
    case T_LOSS:      return IN_LOSS;
    case T_DATASET:   return IN_DATASET;
    case T_TRAIN:     return IN_TRAIN;
    case T_TEST:      return IN_TEST;
    default:          return 0;
    }
}

static const char *block_word(unsigned block)
{
    static const char *const word[] = {"structure", "transform", "loss", "dataset", "training run", "test"};
    static const unsigned bit[] = {IN_STRUCTURE, IN_TRANSFORM, IN_LOSS, IN_DATASET, IN_TRAIN, IN_TEST};
    for (size_t i = 0; i < sizeof bit / sizeof *bit; i++)
        if (block & bit[i])
            return word[i];
    return "file";
}

/* max(a, b) is a call; max (a, b) in S: e runs over pairs */
static bool is_call(const words *w, uint32_t i)
{
    bool extreme = strcmp(w->t[i].value.id, "max") == 0 || strcmp(w->t[i].value.id, "min") == 0;
    if (!extreme || kind_at(w, i + 1) != '(')
        return false;
    int depth = 0;
    for (uint32_t k = i + 1; k < w->n; k++) {
        depth += (w->t[k].kind == '(') - (w->t[k].kind == ')');
        if (depth == 0)
            return kind_at(w, k + 1) != T_IN && kind_at(w, k + 1) != T_NAME;
        if (w->t[k].kind >= T_STRUCTURE && w->t[k].kind <= T_CITES)
            break;
    }
    return true;
}

static bool is_unit_operator(int kind)
{
    return kind == '*' || kind == '/' || kind == '[' || kind == ']' || kind == '^';
}

/* a reserved word that is only a name where it stands */
static bool is_name_here(const words *w, uint32_t i, const keyword *k)
{
    int before = i ? w->t[i - 1].kind : 0, after = kind_at(w, i + 1);
    if (before == '.' || before == T_FROM)
        return true;
    if (k->token == T_READ && after == T_STRING)
        return false;                    /* read "file": a table anywhere                         */
    if ((k->only && !(k->only & w->block)) || (k->stmt && k->stmt != w->stmt))
        return true;
    if (after == '=' && (before == '(' || before == ','))
        return true;                     /* the label of an argument                              */
    if (k->token != T_REDUCE)
        return false;
    bool unit = before == T_NUMBER || (is_unit_operator(before) && is_unit_operator(after));
    return unit || is_call(w, i);
}

/* takes set : Crystal */
static bool is_keyword_as_name(const words *w, uint32_t i, const keyword *k)
{
    int before = i ? w->t[i - 1].kind : 0, after = kind_at(w, i + 1);
    bool starts = before >= T_SET && before <= T_GIVES && w->t[i - 1].sync;
    bool goes_on = after == '=' || after == ':' || after == '[' || (after == ',' && k->role == KW_STMT);
    return starts && goes_on && !w->t[i].starts_line;
}

static bool ends_operand(int kind)
{
    return kind == T_NAME || kind == T_NUMBER || kind == T_STRING || kind == T_IRREP || kind == ')' ||
           kind == ']' || kind == '}' || kind == '{' || kind == 0;
}

/* candidates for a misspelt first word: what may start something in this block */
static const char *closest_start(const words *w, const char *word, bool declares)
{
    const char *known[64];
    size_t n = 0;
    for (size_t i = 0; i < keyword_count && n < 64; i++) {
        const keyword *k = &keyword_table[i];
        if (declares ? k->role == KW_DECL : k->role == KW_STMT && (!w->block || (k->in & w->block)))
            known[n++] = k->word;
    }
    return text_closest(word, known, n);
}

static void set_keyword(words *w, token *t, const keyword *k)
{
    t->kind = k->token;
    t->value.id = intern_s(w->p->build.names, k->word);
    t->mended = true;
}

/* two names in a row at the start of a line: the first should have been a keyword */
static void mend_start(words *w, uint32_t i)
{
    token *t = &w->t[i];
    int before = i ? w->t[i - 1].kind : 0, after = kind_at(w, i + 1);
    const keyword *known = keyword_find(t->value.id);    /* reserved elsewhere                    */
    bool header = kind_at(w, i + 2) == '{' && (after == T_NAME || after == T_STRING);
    bool juxtaposed = after == T_NAME || after == T_STRING || (known && after == T_NUMBER);
    if (!t->starts_line || w->depth || !juxtaposed || !ends_operand(before))
        return;
    diag_sink *sink = w->p->build.sink;
    bool declares = header || before == 0 || w->block == 0;
    const foreign_word *foreign = foreign_find(t->value.id);
    const char *near = foreign ? foreign->keyword : closest_start(w, t->value.id, declares);
    diag *d;
    if (known && w->block && known->in && !header) {
        d = diag_report(sink, D_MISPLACED, t->at, t->value.id,
                        arena_printf(w->p->build.memory, "a %s", block_word(w->block)));
        diag_note(sink, d, "`%s` stands in a %s.", t->value.id, block_word(known->in));
        near = NULL;
    } else if (foreign) {
        d = diag_report(sink, D_FOREIGN_WORD, t->at, t->value.id);
        if (foreign->advice)
            diag_help(sink, d, "%s", foreign->advice);
    } else {
        d = diag_report(sink, D_NOT_A_KEYWORD, t->at, t->value.id, declares ? "declaration" : "statement");
        if (near)
            diag_help(sink, d, "%s", near);
    }
    if (near)
        set_keyword(w, t, keyword_find(near));
    else
        t->kind = T_FOREIGN;
    t->said = !near;
    t->mended = true;
}

/* one word: what is it here */
static void settle_word(words *w, uint32_t i)
{
    token *t = &w->t[i];
    const keyword *k = keyword_of(t);
    if (k && is_name_here(w, i, k))
        t->kind = T_NAME;
    else if (k && is_keyword_as_name(w, i, k)) {
        diag_report(w->p->build.sink, D_KEYWORD_AS_NAME, t->at, t->value.id);
        t->kind = T_NAME;
        t->mended = true;
    }
    if (t->kind == T_NAME)
        mend_start(w, i);
    k = keyword_of(t);
    if (!k || k->role == KW_WORD)
        return;
    int before = i ? w->t[i - 1].kind : 0, two_before = i > 1 ? w->t[i - 2].kind : 0;
    bool inner = t->kind == T_RESPECTS && (before == T_SOFTLY || two_before == T_ASSUME);
    if (inner)
        return;
    t->sync = true;
    t->heads = k->role == KW_DECL;
    w->stmt = t->kind;
    w->depth = 0;
    if (t->heads)
        w->block = block_of(t->kind);
}

static void settle_words(words *w)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < w->n; i++) {                /* `up` and `to` are one token           */
        token *t = &w->t[i];
        bool up =
            t->kind == T_NAME && i + 1 < w->n && w->t[i + 1].kind == T_TO && strcmp(t->value.id, "up") == 0;
        w->t[kept] = *t;
        if (up) {
            w->t[kept].kind = T_UPTO;
            w->t[kept].at = span_join(t->at, w->t[++i].at);
        }
        kept++;
    }
    w->n = kept;
    for (uint32_t i = 0; i < w->n; i++) {
        int kind = w->t[i].kind;
        w->depth += (kind == '(' || kind == '[') - ((kind == ')' || kind == ']') && w->depth > 0);
        settle_word(w, i);
    }
}

/* ---- brackets and headers */

typedef struct mend {
    parser    *p;
    token_list out;
    struct { token *at; uint32_t n, cap; } open;
    bool       inside;                   /* the lowest bracket is the brace of a block            */
} mend;

static int partner(int kind)
{
    return kind == '(' ? ')' : kind == '[' ? ']' : '}';
}

static void emit(mend *m, token t)
{
    vec_push(m->p->build.memory, &m->out, t);
}

/* a token that is not in the text, at the start of `at` */
static void emit_missing(mend *m, int kind, span at, bool blocks, const char *id)
{
    token t = {.kind = kind, .at = {at.src, at.start, at.start}, .mended = true, .blocks = blocks};
    t.sync = blocks && kind == '}';
    if (id)
        t.value.id = intern_s(m->p->build.names, id);
    emit(m, t);
}

static const char *shown(int kind)
{
    return kind == '('   ? "("
           : kind == ')' ? ")"
           : kind == '[' ? "["
           : kind == ']' ? "]"
           : kind == '{' ? "{"
                         : "}";
}

/* close what is open above `keep` brackets, because `next` cannot stand inside */
static void close_open(mend *m, uint32_t keep, const token *next, const char *why)
{
    diag_sink *sink = m->p->build.sink;
    bool said = false;
    while (m->open.n > keep) {
        token o = m->open.at[--m->open.n];
        if (!said || o.blocks) {                         /* the innermost speaks for its statement */
            diag *d = diag_report(sink, D_UNCLOSED, o.at, shown(o.kind));
            if (next->kind)
                diag_label_at(sink, d, next->at, "%s", why);
        }
        said = true;
        span at = next->at;
        if (m->out.n)
            at.start = at.end = m->out.at[m->out.n - 1].at.end;
        emit_missing(m, partner(o.kind), at, o.blocks, NULL);
    }
}

static void mend_close(mend *m, token t)
{
    diag_sink *sink = m->p->build.sink;
    uint32_t floor = m->open.n && m->open.at[0].blocks ? 1 : 0, match = m->open.n;
    while (match > 0 && partner(m->open.at[match - 1].kind) != t.kind)
        match--;
    if (match == 0 && m->open.n <= floor) {
        diag_report(sink, D_STRAY_CLOSE, t.at, shown(t.kind));
        return;
    }
    if (match == 0) {                                    /* ( ... ]: take it for the right one    */
        token o = m->open.at[m->open.n - 1];
        diag *d = diag_report(sink, D_MISMATCHED, o.at, shown(o.kind), shown(t.kind));
        diag_label_at(sink, d, t.at, "closed here");
        t.kind = partner(o.kind);
        t.mended = true;
        match = m->open.n;
    }
    close_open(m, match, &t, "this closes an outer one");
    token o = m->open.at[--m->open.n];
    t.blocks = t.sync = o.blocks;
    emit(m, t);
}

/* the name of a declaration and its brace, when one of them is missing or a keyword */
static uint32_t mend_header(mend *m, const token *t, uint32_t i)
{
    diag_sink *sink = m->p->build.sink;
    const token *head = &t[i];
    emit(m, t[i++]);
    bool quoted = head->kind == T_TEST || head->kind == T_USE;
    const char *word = head->value.id;
    int want = quoted ? T_STRING : T_NAME;
    token next = t[i];
    const bool end = !next.kind;                         /* of the text: there is none behind      */
    if (next.kind == '{' || (next.sync && (end || t[i + 1].kind != '{'))) {
        diag *d = diag_report(sink, quoted ? D_MISSING_STRING : D_MISSING_NAME, head->at, word);
        diag_help(sink, d, quoted ? "%s \"...\"" : "%s name", word);
        emit_missing(m, want, next.at, false, "");
    } else if (quoted && next.kind == T_NAME) {
        diag *d = diag_report(sink, D_MISSING_STRING, next.at, word);
        diag_help(sink, d, head->kind == T_USE ? "use \"%s.mtx\"" : "test \"%s\"", next.value.id);
        next.kind = T_STRING;
        next.mended = true;
        emit(m, next);
        i++;
    } else if (is_keyword(&next) && !quoted) {
        diag_report(sink, D_KEYWORD_AS_NAME, next.at, next.value.id);
        next.kind = T_NAME;
        next.sync = next.heads = false;
        next.mended = true;
        emit(m, next);
        i++;
    } else if (next.kind == want) {
        emit(m, next);
        i++;
    }
    bool whole = m->out.at[m->out.n - 1].kind == want;
    if (whole && block_of(head->kind) && t[i].sync && !t[i].heads) {
        diag *d = diag_report(sink, D_MISSING_BRACE, t[i].at, word);
        diag_label_at(sink, d, head->at, "this declaration");
        token brace = {
            .kind = '{', .at = {t[i].at.src, t[i].at.start, t[i].at.start}, .mended = true, .blocks = true};
        emit(m, brace);
        vec_push(m->p->build.memory, &m->open, brace);
    }
    return i;
}

/* one token; returns the index of the next */
static uint32_t mend_token(mend *m, const token *t, uint32_t i)
{
    token now = t[i];
    if (now.heads) {
        close_open(m, 0, &now, "the next declaration starts here");
        return mend_header(m, t, i);
    }
    if (now.sync)
        close_open(m, m->open.n && m->open.at[0].blocks, &now, "the next statement starts here");
    if (now.kind == ')' || now.kind == ']' || now.kind == '}') {
        mend_close(m, now);
        return i + 1;
    }
    if (now.kind == '(' || now.kind == '[' || now.kind == '{') {
        now.blocks = now.kind == '{' && m->open.n == 0;
        vec_push(m->p->build.memory, &m->open, now);
    }
    emit(m, now);
    return i + 1;
}

void parse_mend(parser *p, token *tokens, uint32_t n)
{
    words w = {.p = p, .t = tokens, .n = n};
    settle_words(&w);
    uint32_t end = (uint32_t)p->build.src->n;
    token last = {.kind = 0, .at = {p->build.src, end, end}, .sync = true, .heads = true};
    token_list in = {tokens, w.n, n};
    vec_push(p->build.memory, &in, last);
    mend m = {.p = p};
    for (uint32_t i = 0; i < w.n;) {
        if (m.open.n > AST_MOST_DEPTH) {
            diag_report(p->build.sink, D_TOO_DEEP, in.at[i].at, AST_MOST_DEPTH);
            p->build.deep = true;
            while (m.open.n) {                           /* nothing behind can be trusted         */
                token o = m.open.at[--m.open.n];
                emit_missing(&m, partner(o.kind), in.at[i].at, o.blocks, NULL);
            }
            break;
        }
        i = mend_token(&m, in.at, i);
    }
    close_open(&m, 0, &last, "");
    p->n = m.out.n;
    vec_push(p->build.memory, &m.out, last);
    p->tokens = m.out.at;
}
