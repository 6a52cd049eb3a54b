/* SPDX-License-Identifier: Apache-2.0
 *
 * lex.c: what the pieces cut by grammar/mtx.l mean. In: the bytes of a piece. Out: a token, or a message
 * when the piece comes from another language (then the token that was meant, so that the rest of the line
 * is still read). Keywords are marked here; where a keyword is only a name is decided in parse_tokens.c.
 */
#include "lex.h"

#include "unicode.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define YYSTYPE MTX_YYSTYPE              /* the spelling that flex uses in its header             */
#define YYLTYPE MTX_YYLTYPE
#include "mtx_lexer.h"

#define IRREP_MOST_L      11             /* the largest degree the angular library knows          */
#define IRREP_MOST_COPIES 65536

const keyword keyword_table[] = {
#define KEYWORD(id, ...) {.token = T_##id, __VA_ARGS__},
#include "keywords.def"
#undef KEYWORD
};
const size_t keyword_count = sizeof keyword_table / sizeof *keyword_table;

const keyword *keyword_find(const char *word)
{
    for (size_t i = 0; i < keyword_count; i++)
        if (keyword_table[i].word[0] == word[0] && strcmp(keyword_table[i].word, word) == 0)
            return &keyword_table[i];
    return NULL;
}

/* ---- places */

static span lex_span(const lexer *lex, size_t from, size_t to)
{
    return (span){lex->src, (uint32_t)from, (uint32_t)to};
}

static span lex_here(const lexer *lex)
{
    return lex_span(lex, lex->start, lex->start + lex->used);
}

void lex_begin(lexer *lex, size_t n, span *at)
{
    lex->start = lex->next;
    lex->next += n;
    lex->used = n;
    *at = lex_here(lex);
}

void lex_end(lexer *lex, span *at)
{
    lex->next = lex->start + lex->used;
    *at = lex_here(lex);
}

void lex_fatal(void *scanner)
{
    longjmp(*mtx_yyget_extra(scanner)->memory->guard, 1);
}

/* ---- the text as a whole */

bool lex_check_text(lexer *lex)
{
    const char *s = lex->src->text;
    size_t n = lex->src->n, bad = 0, length = 0;
    diag *utf8 = NULL;
    for (size_t i = 0; i < n; i += length ? length : 1) {
        uint32_t c = unicode_read(s + i, n - i, &length);
        if (length == 0 && bad++ == 0)
            utf8 = diag_report(lex->sink, D_BAD_UTF8, lex_span(lex, i, i + 1), (unsigned char)s[i]);
        bool control = length && (c < 0x20 || c == 0x7f) && c != '\t' && c != '\n' && c != '\r';
        if (control) {
            diag *d = diag_report(lex->sink, D_CONTROL_CHARACTER, lex_span(lex, i, i + 1), c);
            bool wide = n > 1 && (!memcmp(s, "\xff\xfe", 2) || !memcmp(s, "\xfe\xff", 2));
            if (c == 0 && wide)
                diag_help(lex->sink, d, "iconv -f utf-16 -t utf-8    since the file begins as one in UTF-16 does");
            else if (c == 0)
                diag_note(lex->sink, d, "A zero byte means that this is not a text file, or one in UTF-16.");
            return c != 0;
        }
    }
    if (utf8 && bad > 1)
        diag_note(lex->sink, utf8, "%zu bytes of the file are not UTF-8.", bad);
    if (utf8)
        diag_help(lex->sink, utf8, "iconv -f latin1 -t utf-8    if the file came from an old editor");
    return true;
}

token_list lex_all(lexer *lex)
{
    token_list list = {0};
    yyscan_t scanner;
    if (mtx_yylex_init_extra(lex, &scanner))
        longjmp(*lex->memory->guard, 1);
    mtx_yy_scan_bytes(lex->src->text, (int)lex->src->n, scanner);
    size_t end = 0;
    for (;;) {
        token t = {0};
        t.kind = mtx_yylex(&t.value, &t.at, scanner);
        if (t.kind == 0)
            return list;
        t.glued = list.n > 0 && t.at.start == end;
        t.starts_line = list.n == 0 || memchr(lex->src->text + end, '\n', t.at.start - end);
        vec_push(lex->memory, &list, t);
        end = t.at.end;
    }
}

int lex_comment(lexer *lex, const char *s, size_t n, MTX_YYSTYPE *value)
{
    (void)value;
    size_t length = n;
    while (length > 1 && (s[length - 1] == '\r' || s[length - 1] == ' ' || s[length - 1] == '\t'))
        length--;
    bool own_line = true;
    for (size_t i = lex->start; i > 0 && lex->src->text[i - 1] != '\n' && own_line; i--)
        own_line = lex->src->text[i - 1] == ' ' || lex->src->text[i - 1] == '\t';
    ast_comment c = {lex_span(lex, lex->start, lex->start + length), own_line};
    vec_push(lex->memory, &lex->comments, c);
    return 0;
}

/* ---- words */

/* signs that people paste from papers: some are read as what they mean, the rest get a message */
typedef struct sign { uint32_t c; int token; const char *instead; } sign;
static const sign signs[] = {
    {0xb7, '*', NULL},           {0x22c5, '*', NULL},          {0xd7, '*', NULL},           /* · ⋅ ×        */
    {0x2192, T_ARROW, NULL},     {0x2264, T_LE, NULL},         {0x2265, T_GE, NULL},        /* → ≤ ≥        */
    {0x2260, T_NE, NULL},        {0x2212, '-', NULL},          {0x2208, T_IN, NULL},        /* ≠ − ∈        */
    {0x2211, T_REDUCE, NULL},    {0x220f, T_REDUCE, NULL},                                  /* ∑ ∏          */
    {0x2013, '-', "-"},          {0x2014, '-', "-"},           {0xf7, '/', "/"},            /* – — ÷        */
    {0xb2, 0, "^2"},             {0xb3, 0, "^3"},              {0x221a, 0, "sqrt(x)"},      /* ² ³ √        */
    {0x2227, T_AND, "and"},      {0x2228, T_OR, "or"},         {0xac, T_NOT, "not"},        /* ∧ ∨ ¬        */
    {0x2207, 0, "grad(E, s.r)"}, {0x2202, 0, "grad(E, s.r)"},  {0x222b, 0, "sum i in S: x[i]"},   /* ∇ ∂ ∫  */
    {0x2016, 0, "norm(v)"},      {0xb0, 0, "a number in radians"},                          /* ‖ °          */
};

static int lex_sign(lexer *lex, uint32_t c, const char *s, MTX_YYSTYPE *value)
{
    const sign *found = NULL;
    for (size_t i = 0; i < sizeof signs / sizeof *signs && !found; i++)
        if (signs[i].c == c)
            found = &signs[i];
    bool invisible = c == 0xfeff || (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e);
    if (found && found->token == T_REDUCE)
        value->id = intern_s(lex->names, c == 0x2211 ? "sum" : "prod");
    if (found && found->token == T_IN)
        value->id = intern_s(lex->names, "in");
    if (found && !found->instead)
        return found->token;
    const char *shown =
        invisible ? arena_printf(lex->memory, "U+%04X", c) : arena_strndup(lex->memory, s, lex->used);
    diag *d = diag_report(lex->sink, D_BAD_CHARACTER, lex_here(lex), shown);
    if (found)
        diag_help(lex->sink, d, "%s", found->instead);
    if (invisible)
        diag_note(lex->sink, d, "The character is invisible; delete it.");
    return found ? found->token : 0;
}

static bool lex_is_ascii_word(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)s[i] >= 0x80)
            return false;
    return true;
}

/* bytes of the name at the start of s, its folded spelling in `spelt` (room for n bytes) */
static size_t lex_name(const char *s, size_t n, char *spelt, size_t *spelt_n)
{
    size_t i = 0, length, next;
    *spelt_n = 0;
    while (i < n) {
        uint32_t c = unicode_read(s + i, n - i, &length);
        if (length == 0 || !(i ? unicode_is_inside(c) : unicode_is_letter(c)))
            break;
        uint32_t mark = unicode_read(s + i + length, n - i - length, &next);
        if ((c == 'A' || c == 'a') && next && mark == 0x30a) {   /* A and a ring above: Å         */
            c = c == 'A' ? 0xc5 : 0xe5;
            length += next;
        }
        *spelt_n += unicode_write(unicode_fold(c), spelt + *spelt_n);
        i += length;
    }
    return i;
}

int lex_word(lexer *lex, const char *s, size_t n, MTX_YYSTYPE *value)
{
    if (lex_is_ascii_word(s, n)) {
        const keyword *k = keyword_find(s);              /* flex ends the piece with a NUL        */
        value->id = intern_n(lex->names, s, n);
        return k ? k->token : T_NAME;
    }
    size_t spelt_n, length;
    char *spelt = arena_alloc(lex->memory, n + 1);
    lex->used = lex_name(s, n, spelt, &spelt_n);
    if (lex->used) {
        const keyword *k = keyword_find(spelt);
        value->id = intern_n(lex->names, spelt, spelt_n);
        return k ? k->token : T_NAME;
    }
    uint32_t c = unicode_read(s, n, &length);
    lex->used = length ? length : 1;
    bool mark = c == 0xfeff && lex->start == 0;          /* a byte order mark opens some files    */
    if (length == 0 || mark || unicode_is_space(c))
        return 0;                                        /* invalid bytes: lex_check_text reports */
    return lex_sign(lex, c, s, value);
}

/* ---- numbers */

static size_t lex_digits(const char *s)
{
    size_t n = 0;
    while (s[n] >= '0' && s[n] <= '9')
        n++;
    return n;
}

size_t lex_number_length(const char *s)
{
    size_t n = lex_digits(s), fraction = s[n] == '.' ? lex_digits(s + n + 1) : 0;
    if (fraction)
        n += 1 + fraction;
    if (s[n] != 'e' && s[n] != 'E')
        return n;
    size_t sign_n = s[n + 1] == '+' || s[n + 1] == '-';
    size_t exponent = lex_digits(s + n + 1 + sign_n);
    return exponent ? n + 1 + sign_n + exponent : n;
}

/* 8x1o, 4x0, 1o: bytes used, 0 when it is something else. 0e+1o is a sum of two, not a power of ten */
static size_t lex_irrep(const char *s, ast_irrep *out)
{
    size_t first = lex_digits(s), second = s[first] == 'x' ? lex_digits(s + first + 1) : 0;
    size_t n = second ? first + 1 + second : first;
    char parity = s[n] == 'e' || s[n] == 'o' ? s[n] : '\0';
    n += parity != 0;
    if ((!second && !parity) || s[n] == '_' || (unsigned char)s[n] >= 0x80 || (s[n] >= '0' && s[n] <= '9')
        || (s[n] >= 'a' && s[n] <= 'z') || (s[n] >= 'A' && s[n] <= 'Z'))
        return 0;
    size_t next = s[n] == '+' || s[n] == '-' ? lex_digits(s + n + 1) : 0;
    char after = s[n + 1 + next];
    bool sum = s[n] == '+' && (after == 'e' || after == 'o' || after == 'x');
    if (parity == 'e' && !second && next && !sum)
        return 0;                                        /* 1e-5                                  */
    long copies = second ? strtol(s, NULL, 10) : 1;
    long degree = strtol(second ? s + first + 1 : s, NULL, 10);
    *out = (ast_irrep){-1, -1, parity};
    if (copies >= 1 && copies <= IRREP_MOST_COPIES && degree <= IRREP_MOST_L)
        *out = (ast_irrep){(int)copies, (int)degree, parity};
    return n;
}

static int lex_bad_number(lexer *lex, const char *shown, const char *instead)
{
    diag *d = diag_report(lex->sink, D_BAD_NUMBER, lex_here(lex), shown);
    if (instead)
        diag_help(lex->sink, d, "%s", instead);
    return T_NUMBER;
}

/* the match takes in all that looks like a number; here it is cut back to what is one */
int lex_number(lexer *lex, const char *s, size_t n, MTX_YYSTYPE *value)
{
    (void)n;
    ast_irrep irrep;
    size_t irrep_n = lex_irrep(s, &irrep);
    if (irrep_n) {
        lex->used = irrep_n;
        value->irrep = irrep;
        if (irrep.mult < 0)
            diag_report(lex->sink, D_BAD_IRREPS, lex_here(lex), arena_strndup(lex->memory, s, irrep_n));
        return T_IRREP;
    }
    size_t length = lex->used = lex_number_length(s);
    value->number.text = intern_n(lex->names, s, length);
    value->number.value = strtod(value->number.text, NULL);
    if (isinf(value->number.value))
        diag_report(lex->sink, D_NUMBER_RANGE, lex_here(lex), value->number.text);
    if (s[length] == '.' && s[length + 1] != '.') {      /* "1." of C and Python, or 1.2.3        */
        lex->used += 1 + lex_digits(s + length + 1);
        bool two_points = lex->used > length + 1 || memchr(s, '.', length);
        return lex_bad_number(lex, arena_strndup(lex->memory, s, lex->used),
                              two_points ? NULL : arena_printf(lex->memory, "%s.0", value->number.text));
    }
    if (s[length] == '_' && lex_digits(s + length + 1)) {
        lex->used += 1 + lex_digits(s + length + 1);
        return lex_bad_number(lex, arena_strndup(lex->memory, s, lex->used), "digits without `_`");
    }
    return T_NUMBER;
}

int lex_bare_fraction(lexer *lex, const char *s, size_t n, MTX_YYSTYPE *value)
{
    const char *fixed = arena_printf(lex->memory, "0%s", s);
    value->number.text = intern_n(lex->names, fixed, n + 1);
    value->number.value = strtod(fixed, NULL);
    return lex_bad_number(lex, arena_strndup(lex->memory, s, n), fixed);
}

/* ---- strings */

/* the text between the quotes with escapes resolved */
static name lex_unescape(lexer *lex, const char *s, size_t n)
{
    char *out = arena_alloc(lex->memory, n + 1);
    size_t m = 0, length;
    for (size_t i = 0; i < n; i++) {
        if (s[i] != '\\' || i + 1 == n) {
            out[m++] = s[i];
            continue;
        }
        i++;
        static const char escapes[][2] = {{'n', '\n'}, {'t', '\t'}, {'"', '"'}, {'\\', '\\'}};
        size_t k = 0;
        while (k < 4 && escapes[k][0] != s[i])
            k++;
        out[m++] = k < 4 ? escapes[k][1] : s[i];
        if (k < 4)
            continue;
        unicode_read(s + i, n - i, &length);
        size_t at = lex->start + i;                      /* s starts one byte behind the quote    */
        diag_report(lex->sink, D_BAD_ESCAPE, lex_span(lex, at, at + 1 + (length ? length : 1)),
                    arena_strndup(lex->memory, s + i, length ? length : 1));
    }
    return intern_n(lex->names, out, m);
}

int lex_string(lexer *lex, const char *s, size_t n, MTX_YYSTYPE *value)
{
    value->id = lex_unescape(lex, s + 1, n - 2);
    return T_STRING;
}

int lex_open_string(lexer *lex, const char *s, size_t n, MTX_YYSTYPE *value)
{
    while (n > 1 && (s[n - 1] == '\r' || s[n - 1] == ' '))
        n--;
    lex->used = n;
    diag_report(lex->sink, D_OPEN_STRING, lex_here(lex));
    value->id = lex_unescape(lex, s + 1, n - 1);
    return T_STRING;
}

int lex_single_quotes(lexer *lex, const char *s, size_t n, MTX_YYSTYPE *value)
{
    if (n < 2 || s[n - 1] != '\'') {                     /* x' of a formula                       */
        lex->used = 1;
        diag *d = diag_report(lex->sink, D_BAD_CHARACTER, lex_here(lex), "'");
        diag_note(lex->sink, d, "Names have letters, digits and `_`; strings are written in double quotes.");
        return 0;
    }
    diag *d = diag_report(lex->sink, D_SINGLE_QUOTES, lex_here(lex));
    diag_help(lex->sink, d, "\"%.*s\"", (int)(n - 2), s + 1);
    value->id = lex_unescape(lex, s + 1, n - 2);
    return T_STRING;
}

/* “ ” „ ‘ ’ ‚ « »: what word processors and other languages make of quotes */
static bool is_foreign_quote(uint32_t c)
{
    return (c >= 0x2018 && c <= 0x201e) || c == 0xab || c == 0xbb;
}

int lex_foreign_quotes(lexer *lex, const char *s, size_t n, MTX_YYSTYPE *value)
{
    size_t opening, length;
    const bool apostrophe = unicode_read(s, n, &opening) == 0x2019; /* x’ of a formula: opens nothing */
    size_t end = apostrophe ? n : opening;
    for (; end < n; end += length ? length : 1) {
        uint32_t c = unicode_read(s + end, n - end, &length);
        if (length && (c == '"' || is_foreign_quote(c)))
            break;
    }
    lex->used = end < n ? end + length : opening;
    diag *d = diag_report(lex->sink, D_BAD_CHARACTER, lex_here(lex), arena_strndup(lex->memory, s, opening));
    if (end == n) {
        diag_note(lex->sink, d, "Strings are written in double quotes: \".");
        return 0;
    }
    diag_help(lex->sink, d, "\"%.*s\"", (int)(end - opening), s + opening);
    value->id = intern_n(lex->names, s + opening, end - opening);
    return T_STRING;
}

/* ---- other languages */

int lex_foreign_comment(lexer *lex, const char *s, size_t n, MTX_YYSTYPE *value)
{
    (void)value;
    span at = lex_span(lex, lex->start, lex->start + 2);
    diag *d = diag_report(lex->sink, D_FOREIGN_COMMENT, at);
    while (n > 2 && (s[n - 1] == '\r' || s[n - 1] == ' '))
        n--;
    if (s[1] == '/')
        diag_help(lex->sink, d, "#%.*s", (int)(n - 2), s + 2);
    return 0;
}

/* an operator of another language: what to say, what to write, and the token that was meant */
typedef struct foreign { const char *text; diag_id id; int token; const char *instead; } foreign;
static const foreign foreigns[] = {
    {"**", D_FOREIGN_OPERATOR, '^', "x^2"},
    {"&&", D_FOREIGN_OPERATOR, T_AND, "a and b"},
    {"||", D_FOREIGN_OPERATOR, T_OR, "a or b"},
    {"!", D_FOREIGN_OPERATOR, T_NOT, "not a"},
    {"<>", D_FOREIGN_OPERATOR, T_NE, "a != b"},
    {"===", D_FOREIGN_OPERATOR, T_EQ, "a == b"},
    {"%", D_FOREIGN_OPERATOR, 0, NULL},
    {"&", D_FOREIGN_OPERATOR, T_AND, "a and b"},
    {"~", D_FOREIGN_OPERATOR, 0, NULL},
    {"@", D_FOREIGN_OPERATOR, '*', "dot(a, b)"},
    {"=>", D_FOREIGN_ARROW, T_ARROW, "->"},
    {":=", D_FOREIGN_ASSIGNMENT, '=', "let x = a"},
    {"+=", D_FOREIGN_ASSIGNMENT, '=', "let total = sum i in S: x[i]"},
    {"-=", D_FOREIGN_ASSIGNMENT, '=', NULL},
    {"*=", D_FOREIGN_ASSIGNMENT, '=', "let total = prod i in S: x[i]"},
    {"/=", D_FOREIGN_ASSIGNMENT, '=', NULL},
    {"?", D_TERNARY, T_FOREIGN, "if c then a else b"},
    {";", D_SEMICOLON, 0, NULL},
};

int lex_foreign(lexer *lex, const char *s, size_t n, MTX_YYSTYPE *value)
{
    (void)n;
    (void)value;
    for (size_t i = 0; i < sizeof foreigns / sizeof *foreigns; i++) {
        const foreign *f = &foreigns[i];
        if (strcmp(f->text, s) != 0)
            continue;
        diag *d = diag_report(lex->sink, f->id, lex_here(lex), s);
        if (f->instead)
            diag_help(lex->sink, d, "%s", f->instead);
        return f->token;
    }
    diag_report(lex->sink, D_BAD_CHARACTER, lex_here(lex), s);
    return 0;
}

int lex_bar(lexer *lex, const char *s, size_t n, MTX_YYSTYPE *value)
{
    (void)s;
    (void)n;
    (void)value;
    const char *whole = lex->src->text;
    span first = lex->last_bar;
    lex->last_bar = (span){0};
    if (first.src && !memchr(whole + first.end, '\n', lex->start - first.end))
        return 0;                                        /* the second of a pair: already said    */
    const char *other = strpbrk(whole + lex->start + 1, "|\n#");
    bool paired = other && *other == '|';
    if (paired)
        lex->last_bar = lex_here(lex);
    size_t inside = paired ? (size_t)(other - whole) - lex->start - 1 : 0;
    diag *d =
        diag_report(lex->sink, D_BARS, lex_span(lex, lex->start, lex->start + 1 + inside + (paired ? 1 : 0)));
    if (paired) {
        diag_help(lex->sink, d, "norm(%.*s)    for the length of a vector", (int)inside,
                  whole + lex->start + 1);
        diag_help(lex->sink, d, "abs(%.*s)    for a number", (int)inside, whole + lex->start + 1);
    }
    return 0;
}
