/* SPDX-License-Identifier: Apache-2.0
 *
 * parse_error.c: words for syntax errors. In: the token at which bison found no rule, what it could take
 * there, and the whole token list around. Out: one message. Slips that people make have a function each,
 * tried in the order of the table at the end; the last one only says what could have stood there. Golden
 * examples: grammar/errors/.
 */
#include "lex.h"
#include "parse_internal.h"

#include <stdio.h>
#include <string.h>

typedef struct slip {                    /* everything that a message may look at                 */
    parser       *p;
    arena        *memory;
    diag_sink    *sink;
    const token  *got, *before, *after;  /* before, after: kind 0 at the ends                     */
    const token  *word;                  /* the keyword that started the statement, or NULL       */
    uint32_t      i, first;              /* indices of got and word                               */
    const char *const *expected;
    size_t        n;
} slip;

static bool expects(const slip *s, const char *symbol)
{
    for (size_t i = 0; i < s->n; i++)
        if (strcmp(s->expected[i], symbol) == 0)
            return true;
    return false;
}

static bool expects_value(const slip *s)
{
    return expects(s, "a number") && expects(s, "a name") && expects(s, "'('");
}

static const char *text_of(const slip *s, span at)
{
    return arena_strndup(s->memory, at.src->text + at.start, at.end - at.start);
}

static const char *quoted(const slip *s, const token *t)
{
    return t->kind ? arena_printf(s->memory, "`%s`", text_of(s, t->at)) : "the end of the file";
}

static bool is_operand_end(const token *t)
{
    return t->kind == T_NAME || t->kind == T_NUMBER || t->kind == T_STRING || t->kind == T_IRREP ||
           t->kind == ')' || t->kind == ']';
}

static bool is_word(const slip *s, int kind)
{
    return s->word && s->word->kind == kind;
}

static const char *keyword_text(const slip *s)
{
    return s->word ? (s->word->value.id ? s->word->value.id : text_of(s, s->word->at)) : "this";
}

/* where something is missing: at the token in hand, or behind the last one when that is on an earlier line */
static span gap(const slip *s)
{
    bool earlier = s->before->kind && (s->got->starts_line || s->got->kind == 0);
    if (!earlier)
        return s->got->at;
    return (span){s->before->at.src, s->before->at.end, s->before->at.end};
}

/* the line with [from, to) replaced, as something to type */
static void help_edit(const slip *s, diag *d, uint32_t from, uint32_t to, const char *with)
{
    const source *src = s->got->at.src;
    uint32_t line = source_place(src, from).line;
    uint32_t start = src->line_start[line - 1],
             end = line < src->n_lines ? src->line_start[line] - 1 : (uint32_t)src->n;
    while (start < from && (src->text[start] == ' ' || src->text[start] == '\t'))
        start++;
    const char *comment = memchr(src->text + to, '#', end > to ? end - to : 0);
    if (comment)
        end = (uint32_t)(comment - src->text);
    while (end > to && strchr(" \t\r", src->text[end - 1]))
        end--;
    if (end < to || end - start > 90)
        return;
    uint32_t left = from;
    while (left > start && *with == ' ' && src->text[left - 1] == ' ')
        left--;
    diag_help(s->sink, d, "%.*s%s%.*s", (int)(left - start), src->text + start, with, (int)(end - to),
              src->text + to);
}

/* the bracket inside which the token in hand stands, as an index; UINT32_MAX outside */
static uint32_t innermost(const slip *s)
{
    int depth = 0;
    for (uint32_t i = s->i; i-- > 0 && i + 1 > s->first;) {
        int kind = s->p->tokens[i].kind;
        depth += (kind == ')' || kind == ']' || kind == '}') - (kind == '(' || kind == '[' || kind == '{');
        if (depth < 0)
            return i;
    }
    return UINT32_MAX;
}

/* the reduction or repeat whose head the token in hand belongs to: no `:` came yet */
static const token *open_reduction(const slip *s)
{
    int depth = 0;
    for (uint32_t i = s->i; i-- > 0 && i + 1 > s->first;) {
        const token *t = &s->p->tokens[i];
        depth += (t->kind == ')' || t->kind == ']' || t->kind == '}');
        depth -= depth > 0 && (t->kind == '(' || t->kind == '[' || t->kind == '{');
        if (depth == 0 && t->kind == ':')
            return NULL;
        if (depth == 0 && (t->kind == T_REDUCE || t->kind == T_REPEAT))
            return t;
    }
    return NULL;
}

/* the last token of a kind in this statement before the one in hand */
static const token *earlier(const slip *s, int kind)
{
    for (uint32_t k = s->i; k-- > s->first;)
        if (s->p->tokens[k].kind == kind)
            return &s->p->tokens[k];
    return NULL;
}

/* ---- blocks and first words */

static bool slip_outside(slip *s)
{
    if (s->p->in_block || !s->got->sync || s->got->heads || s->got->kind == '}')
        return false;
    if (s->i > 0 && !is_operand_end(s->before) && s->before->kind != '}')
        return false;
    diag *d = diag_report(s->sink, D_OUTSIDE_BLOCK, s->got->at, text_of(s, s->got->at));
    if (s->before->kind == '}')
        diag_label_at(s->sink, d, s->before->at, "the block ended here");
    else if (s->got->kind == T_LET)
        help_edit(s, d, s->got->at.start, s->got->at.end, "const");
    return true;
}

static const char *closest_keyword(const slip *s, const char *word)
{
    const char *known[96];
    size_t n = 0;
    for (size_t i = 0; i < keyword_count && n < 96; i++)
        if (keyword_table[i].role == (s->p->in_block ? KW_STMT : KW_DECL))
            known[n++] = keyword_table[i].word;
    return text_closest(word, known, n);
}

static bool slip_first_word(slip *s)
{
    bool starts =
        s->got->kind == T_NAME && s->got->starts_line &&
        (is_operand_end(s->before) || s->before->kind == '{' || s->before->kind == '}' || s->i == 0);
    if (!starts || innermost(s) != UINT32_MAX)
        return false;
    const char *word = s->got->value.id;
    diag *d =
        diag_report(s->sink, D_NOT_A_KEYWORD, s->got->at, word, s->p->in_block ? "statement" : "declaration");
    const char *near = closest_keyword(s, word);
    if (near)
        diag_help(s->sink, d, "%s", near);
    else if (s->after->kind == '=')
        diag_help(s->sink, d, s->p->in_block ? "let %s = ..." : "const %s = ...", word);
    return true;
}

static bool slip_keyword_as_name(slip *s)
{
    bool reserved = s->got->kind >= T_STRUCTURE && s->got->kind <= T_WITHIN && s->got->value.id;
    if (!reserved || !expects(s, "a name") || expects_value(s) || s->got->starts_line)
        return false;
    diag_report(s->sink, D_KEYWORD_AS_NAME, s->got->at, s->got->value.id);
    return true;
}

static bool slip_name(slip *s)
{
    if (!s->word || s->i != s->first + 1 || !expects(s, "a name") || expects_value(s))
        return false;
    diag *d = diag_report(s->sink, D_MISSING_NAME, gap(s), keyword_text(s));
    diag_label_primary(s->sink, d, "expected a name, found %s", quoted(s, s->got));
    return true;
}

/* ---- definitions */

static bool slip_comma_in_names(slip *s)
{
    bool names =
        expects(s, "','") && s->before->kind == T_NAME && s->got->kind == T_NAME && !s->got->starts_line;
    if (!names || (s->after->kind != ':' && s->after->kind != ','))
        return false;
    diag *d = diag_report(s->sink, D_MISSING_COMMA, s->got->at, quoted(s, s->before), quoted(s, s->got));
    help_edit(s, d, s->before->at.end, s->before->at.end, ",");
    return true;
}

static bool slip_gives_type(slip *s)
{
    if (!is_word(s, T_GIVES) || s->got->kind != '=' || !expects(s, "':'") || expects(s, "'+'"))
        return false;
    diag *d = diag_report(s->sink, D_GIVES_TYPE, s->got->at);
    diag_label_primary(s->sink, d, "expected `:` and a type before this");
    help_edit(s, d, s->before->at.end, s->before->at.end, " : scalar");
    return true;
}

static bool slip_colon(slip *s)
{
    bool typed = is_word(s, T_FIELD) || is_word(s, T_TAKES) || is_word(s, T_PARAM) || is_word(s, T_READS)
                 || is_word(s, T_GIVES);
    if (!typed || !expects(s, "':'") || open_reduction(s))
        return false;
    diag *d = diag_report(s->sink, D_MISSING_COLON, gap(s));
    diag_label_primary(s->sink, d, "expected `:` here");
    if (s->got->kind == T_NAME && !s->got->starts_line)
        help_edit(s, d, s->got->at.start, s->got->at.start, " : ");
    else if (s->got->kind == '=' || s->got->kind == T_IN)
        help_edit(s, d, s->got->at.start, s->got->at.end, ":");
    return true;
}

static bool slip_equals(slip *s)
{
    bool defines = is_word(s, T_LET) || is_word(s, T_GIVES) || is_word(s, T_CONST) || is_word(s, T_GIVEN);
    if (!defines || !expects(s, "'='") || innermost(s) != UINT32_MAX)
        return false;
    diag *d = diag_report(s->sink, D_MISSING_EQUALS, gap(s), keyword_text(s));
    if (s->got->kind == T_EQ) {
        diag_label_primary(s->sink, d, "`==` compares, `=` defines");
        help_edit(s, d, s->got->at.start, s->got->at.end, "=");
    } else {
        diag_label_primary(s->sink, d, "expected `=` here");
    }
    return true;
}

static bool slip_equals_for_equal(slip *s)
{
    if (s->got->kind != '=' || expects(s, "'='") || !is_operand_end(s->before))
        return false;
    diag *d = diag_report(s->sink, D_EQUALS_FOR_EQUAL, s->got->at);
    help_edit(s, d, s->got->at.start, s->got->at.end, "==");
    return true;
}

static bool slip_arrow(slip *s)
{
    if (!expects(s, "'->'") && !expects(s, "->"))
        return false;
    if (s->got->kind != T_NAME || s->got->starts_line)
        return false;
    diag *d = diag_report(s->sink, D_MISSING_ARROW, s->got->at);
    diag_label_primary(s->sink, d, "expected `->` here");
    help_edit(s, d, s->got->at.start, s->got->at.start, " -> ");
    return true;
}

static bool slip_type(slip *s)
{
    bool opens = s->before->kind == ':' || s->before->kind == T_ARROW || s->before->kind == '*';
    if (!opens || !expects(s, "a name") || expects(s, "a number"))
        return false;
    diag *d = diag_report(s->sink, D_MISSING_TYPE, gap(s), text_of(s, s->before->at));
    diag_label_primary(s->sink, d, "expected a type, found %s", quoted(s, s->got));
    return true;
}

/* ---- binders and reductions */

static bool slip_sum_call(slip *s)
{
    const token *r = open_reduction(s);
    bool binder = expects(s, "in") && s->got->kind == T_NAME && !s->got->starts_line;
    if (!r || r->kind != T_REDUCE || r[1].kind != '(' || binder || expects(s, "':'"))
        return false;
    diag *d = diag_report(s->sink, D_SUM_CALL, r->at, text_of(s, r->at));
    diag_help(s->sink, d, "%s i in S: x[i]", text_of(s, r->at));
    return true;
}

static bool slip_in(slip *s)
{
    if (!expects(s, "in"))
        return false;
    const token *r = open_reduction(s);
    const char *what = s->before->kind == T_NAME ? text_of(s, s->before->at)
                       : r                       ? text_of(s, r->at)
                                                 : keyword_text(s);
    diag *d = diag_report(s->sink, D_MISSING_IN, gap(s), what);
    diag_label_primary(s->sink, d, "expected `in` here");
    if (s->got->kind == T_NAME && !s->got->starts_line)
        help_edit(s, d, s->got->at.start, s->got->at.start, " in ");
    else if (s->got->kind == ',' && r)
        diag_help(s->sink, d, "(i, j) in S   for two indices, {i, j} in S   for each pair once");
    else if (s->got->kind == ':' || s->got->kind == ']')
        help_edit(s, d, s->before->at.end, s->before->at.end, " in S");
    if (is_word(s, T_GIVES) && s->got->kind == ']' && !r)
        diag_help(s->sink, d, ": scalar [%s]   if that is a unit: it stands behind the type", what);
    return true;
}

static bool slip_body(slip *s)
{
    const token *r = open_reduction(s);
    if (!r || !expects(s, "':'") || s->got->kind == ':')
        return false;
    const char *word = text_of(s, r->at);
    diag *d = diag_report(s->sink, D_MISSING_BODY, gap(s), word);
    diag_label_primary(s->sink, d, "expected `:` here");
    diag_label_at(s->sink, d, r->at, "this %s", r->kind == T_REPEAT ? "repetition" : "reduction");
    if (s->got->kind == T_IF)
        help_edit(s, d, s->got->at.start, s->got->at.end, "where");
    return true;
}

/* ---- claims */

static bool slip_because(slip *s)
{
    if (!expects(s, "because"))
        return false;
    diag *d = diag_report(s->sink, D_MISSING_BECAUSE, s->word ? s->word->at : gap(s), keyword_text(s));
    diag_label_at(s->sink, d, gap(s), "expected `because \"...\"` here");
    return true;
}

static bool slip_string(slip *s)
{
    bool only = expects(s, "a string") && s->n == 1;
    if (!only)
        return false;
    diag *d = diag_report(s->sink, D_MISSING_STRING, gap(s), text_of(s, s->before->at));
    diag_label_primary(s->sink, d, "expected a string, found %s", quoted(s, s->got));
    if (s->got->kind == T_NAME && !s->got->starts_line)
        diag_help(s->sink, d, "%s \"%s\"", text_of(s, s->before->at), s->got->value.id);
    return true;
}

/* words that a statement or an operator cannot do without */
static bool slip_word(slip *s)
{
    static const struct { int after; const char *symbol, *why; } needed[] = {
        {T_SOFTLY, "respects", "behind it"},
        {T_SOFTLY, "by", "and a strength"},
        {T_ASSUME, "respects", "behind the name"},
        {T_SMOOTH, "to", "and an order, such as C2"},
        {T_SOFTMAX, "over", "and a set"},
        {T_REPEAT, "from", "and the first values in parentheses"},
        {T_TABULATE, "over", "and a range"},
        {T_TABULATE, "to", "and a tolerance"},
    };
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        const token *word = expects(s, needed[i].symbol) ? earlier(s, needed[i].after) : NULL;
        if (!word)
            continue;
        diag *d = diag_report(s->sink, D_MISSING_WORD, gap(s), text_of(s, word->at), needed[i].symbol,
                              needed[i].why);
        diag_label_primary(s->sink, d, "expected `%s` here", needed[i].symbol);
        return true;
    }
    return false;
}

/* ---- expressions */

static bool slip_decimal_comma(slip *s)
{
    bool joined = s->got->kind == ',' && s->before->kind == T_NUMBER && s->after->kind == T_NUMBER &&
                  s->got->glued && s->after->glued;
    if (!joined)
        return false;
    diag *d = diag_report(s->sink, D_DECIMAL_COMMA, span_join(s->before->at, s->after->at));
    diag_help(s->sink, d, "%s.%s", s->before->value.number.text, s->after->value.number.text);
    return true;
}

static bool slip_trailing_comma(slip *s)
{
    bool starts = is_operand_end(s->got) && s->got->kind != ')' && s->got->kind != ']';
    if (s->before->kind != ',' || (starts && !s->got->starts_line))
        return false;
    diag *d = diag_report(s->sink, D_TRAILING_COMMA, s->before->at);
    if (s->got->kind == ',')
        diag_label_at(s->sink, d, s->got->at, "another comma");
    return true;
}

static bool slip_tuple(slip *s)
{
    if (s->got->kind != ',' || !expects(s, "')'"))
        return false;
    uint32_t open = innermost(s);
    if (open == UINT32_MAX || s->p->tokens[open].kind != '(')
        return false;
    diag *d = diag_report(s->sink, D_NO_TUPLES, s->got->at);
    diag_label_at(s->sink, d, s->p->tokens[open].at, "opened here");
    return true;
}

static bool is_comparison(int kind)
{
    return kind == T_EQ || kind == T_NE || kind == T_LE || kind == T_GE || kind == '<' || kind == '>';
}

static bool slip_chained(slip *s)
{
    if (!is_comparison(s->got->kind) || !is_operand_end(s->before))
        return false;
    const token *first = NULL;
    for (uint32_t k = s->i; k-- > s->first && !first;)
        first = is_comparison(s->p->tokens[k].kind) ? &s->p->tokens[k] : NULL;
    if (!first)
        return false;
    diag *d = diag_report(s->sink, D_CHAINED_COMPARISON, s->got->at);
    diag_label_at(s->sink, d, first->at, "the first comparison");
    diag_help(s->sink, d, "a %s b and b %s c", text_of(s, first->at), text_of(s, s->got->at));
    return true;
}

/* the word of other languages, read as a name or as the unit of the number before it */
static bool is_elif(const slip *s, diag *d)
{
    static const char *const words[] = {"elif", "elseif", "elsif"};
    const char *last = s->before->at.src ? text_of(s, s->before->at) : "", *got = text_of(s, s->got->at);
    for (size_t k = 0; k < sizeof words / sizeof *words; k++) {
        if (strcmp(last, words[k]) && strcmp(got, words[k]))
            continue;
        diag_help(s->sink, d, "else if   in place of `%s`", words[k]);
        return true;
    }
    return false;
}

static bool slip_then_else(slip *s)
{
    bool then = expects(s, "then"), other = expects(s, "else");
    if (!then && !other)
        return false;
    diag *d = diag_report(s->sink, then ? D_MISSING_THEN : D_MISSING_ELSE, gap(s));
    diag_label_primary(s->sink, d, "expected `%s`, found %s", then ? "then" : "else", quoted(s, s->got));
    const token *word = earlier(s, T_IF);
    if (word)
        diag_label_at(s->sink, d, word->at, "this `if`");
    if (other && !is_elif(s, d))
        diag_help(s->sink, d, "if c then a else 0");
    return true;
}

static bool slip_empty(slip *s)
{
    bool pair = (s->before->kind == '(' && s->got->kind == ')') ||
                (s->before->kind == '[' && s->got->kind == ']') ||
                (s->before->kind == '{' && s->got->kind == '}' && !s->got->blocks);
    if (!pair)
        return false;
    diag_report(s->sink, D_EMPTY_BRACKETS, span_join(s->before->at, s->got->at));
    return true;
}

static bool slip_braces(slip *s)
{
    if (s->got->kind != '{' || (!expects_value(s) && !(is_operand_end(s->before) && s->p->in_block)))
        return false;
    diag *d = diag_report(s->sink, D_BRACED_BODY, s->got->at);
    diag_help(s->sink, d, "( ... )   or, where a set is meant, without braces: sum b in bond: x[b]");
    return true;
}

static bool slip_unit(slip *s)
{
    uint32_t open = innermost(s);
    bool unit = open != UINT32_MAX && open > 0 && s->p->tokens[open].kind == '[' && !expects(s, "'('")
                && (s->p->tokens[open - 1].kind == T_NUMBER || expects(s, "a number") || expects(s, "'*'"))
                && !expects(s, "','") && !expects(s, "'+'");
    unit = unit || (s->before->kind == '^' && expects(s, "a number") && !expects(s, "a string") &&
                    open != UINT32_MAX);
    if (!unit)
        return false;
    diag *d = diag_report(s->sink, D_BAD_UNIT, s->got->at);
    if (s->got->kind == T_NAME && s->before->kind == T_NAME)
        diag_help(s->sink, d, "%s*%s", s->before->value.id, s->got->value.id);
    else
        diag_label_primary(s->sink, d, "expected a unit such as eV/Å^2, found %s", quoted(s, s->got));
    return true;
}

static bool slip_operand(slip *s)
{
    if (!expects_value(s) || s->before->kind == 0 || is_operand_end(s->before))
        return false;
    diag *d = diag_report(s->sink, D_MISSING_OPERAND, gap(s), quoted(s, s->before));
    diag_label_primary(s->sink, d, "expected a value, found %s", quoted(s, s->got));
    return true;
}

static bool slip_comma(slip *s)
{
    bool operands = is_operand_end(s->before) && (s->got->kind == T_NAME || s->got->kind == T_NUMBER
                                                  || s->got->kind == T_STRING);
    bool list = innermost(s) != UINT32_MAX || !expects(s, "'+'");
    if (!operands || !expects(s, "','") || !list || s->got->starts_line)
        return false;
    diag *d = diag_report(s->sink, D_MISSING_COMMA, s->got->at, quoted(s, s->before), quoted(s, s->got));
    help_edit(s, d, s->before->at.end, s->before->at.end, ",");
    if (s->before->kind == T_NAME && innermost(s) != UINT32_MAX)
        diag_help(s->sink, d, "%s(...)   if it is a function", text_of(s, s->before->at));
    return true;
}

/* `summ b in bond(i)`: a name where the word of a reduction is meant */
static bool slip_reduction(slip *s)
{
    static const char *const words[] = {"sum", "mean", "prod", "max", "min"};
    if (s->before->kind != T_NAME || s->got->kind != T_NAME || s->after->kind != T_IN || s->got->starts_line)
        return false;
    const char *word = text_of(s, s->before->at), *near = text_closest(word, words, sizeof words / sizeof *words);
    diag *d = diag_report(s->sink, D_SYNTAX, s->before->at, arena_printf(s->memory, "`%s` does not run over a set", word));
    diag_label_primary(s->sink, d, "the words for that are sum, mean, prod, max and min");
    help_edit(s, d, s->before->at.start, s->before->at.end, near ? near : "sum");
    return true;
}

/* `smooth E to 2` */
static bool slip_order(slip *s)
{
    if (!is_word(s, T_SMOOTH) || s->got->kind != T_NUMBER || s->before->kind != T_TO)
        return false;
    diag *d = diag_report(s->sink, D_SMOOTH_ORDER, s->got->at);
    diag_label_primary(s->sink, d, "how often differentiable");
    help_edit(s, d, s->got->at.start, s->got->at.start, "C");
    return true;
}

static bool slip_irreps(slip *s)
{
    if (s->got->kind != T_IRREP || !s->word)
        return false;
    char parity = s->got->value.irrep.parity;
    diag *d = diag_report(s->sink, D_SYNTAX, s->got->at, "irreps stand in types only");
    const char *digits = text_of(s, s->got->at);
    if (parity && !strchr(digits, 'x'))
        diag_help(s->sink, d, "%.*s %c    if the unit is meant", (int)strlen(digits) - 1, digits, parity);
    return true;
}

/* ---- anything else */

static const char *shown_symbol(const slip *s, const char *symbol)
{
    size_t n = strlen(symbol);
    if (n == 3 && symbol[0] == '\'')
        return arena_printf(s->memory, "`%c`", symbol[1]);
    if (strncmp(symbol, "a ", 2) == 0 || strcmp(symbol, "irreps") == 0)
        return symbol;
    return arena_printf(s->memory, "`%s`", symbol);
}

static bool slip_other(slip *s)
{
    const char *what = s->got->kind ? arena_printf(s->memory, "%s cannot stand here", quoted(s, s->got))
                                    : "the file ends too early";
    diag *d = diag_report(s->sink, D_SYNTAX, s->got->at, what);
    if (s->n == 0 || s->n > 5) {
        if (expects_value(s))
            diag_label_primary(s->sink, d, "expected a value");
        else if (is_operand_end(s->before))
            diag_label_primary(s->sink, d, "expected an operator or the next statement");
        return true;
    }
    const char *list = "";
    for (size_t i = 0; i < s->n; i++)
        list = arena_printf(s->memory, "%s%s%s", list, i == 0 ? "" : i + 1 < s->n ? ", " : " or ",
                            shown_symbol(s, s->expected[i]));
    diag_label_primary(s->sink, d, "expected %s", list);
    if (s->got->kind == '(' && expects(s, "'{'"))
        diag_help(s->sink, d, "takes s : Crystal    inside the block");
    return true;
}

static bool (*const slips[])(slip *) = {
    slip_outside,         slip_decimal_comma,  slip_irreps,    slip_gives_type, slip_equals_for_equal,
    slip_keyword_as_name, slip_comma_in_names, slip_arrow,     slip_first_word, slip_empty,
    slip_trailing_comma,  slip_name,           slip_sum_call,  slip_in,         slip_body,
    slip_colon,           slip_type,           slip_equals,    slip_because,    slip_string,
    slip_tuple,           slip_chained,        slip_then_else, slip_word,       slip_unit,
    slip_braces,          slip_operand,        slip_comma,     slip_reduction,  slip_order,
    slip_other,
};

/* a message about this statement that left a gap: what follows from it stays unsaid */
static bool already_said(const slip *s)
{
    static const diag_id gaps[] = {D_BAD_CHARACTER, D_FOREIGN_OPERATOR, D_BARS,       D_UNCLOSED,
                                   D_MISMATCHED,    D_STRAY_CLOSE,      D_BAD_NUMBER, D_OPEN_STRING,
                                   D_TERNARY,       D_TOO_DEEP,         D_BAD_UTF8};
    uint32_t from = s->word ? s->word->at.start : 0;
    for (uint32_t i = 0; i < s->sink->all.n; i++) {
        const diag *d = s->sink->all.at[i];
        span at = d->labels.at[0].at;
        if (at.src != s->got->at.src || at.start < from || at.start > s->got->at.end)
            continue;
        for (size_t k = 0; k < sizeof gaps / sizeof *gaps; k++)
            if (d->id == gaps[k])
                return true;
    }
    return false;
}

void parse_syntax_error(void *parse, const char *const *expected, size_t n)
{
    static const token nothing;
    parser *p = parse;
    p->failed = true;
    uint32_t i = p->index;
    slip s = {.p = p, .memory = p->build.memory, .sink = p->build.sink, .got = &p->tokens[i], .i = i,
              .expected = expected, .n = n, .before = i ? &p->tokens[i - 1] : &nothing,
              .after = i < p->n ? &p->tokens[i + 1] : &nothing};
    for (uint32_t k = i; k-- > 0 && !s.word && p->tokens[k].kind != '}';)
        if (p->tokens[k].sync) {
            s.word = &p->tokens[k];
            s.first = k;
        }
    bool made_up = s.got->at.start == s.got->at.end && s.got->kind;
    if (s.got->said || s.got->kind == T_FOREIGN || made_up || already_said(&s))
        return;
    for (size_t k = 0; k < sizeof slips / sizeof *slips; k++)
        if (slips[k](&s))
            return;
}

void parse_stack_error(void *parse, span at)
{
    parser *p = parse;
    p->failed = true;
    if (!p->build.deep)
        diag_report(p->build.sink, D_TOO_DEEP, at, AST_MOST_DEPTH);
    p->build.deep = true;
}
