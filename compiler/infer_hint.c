/* SPDX-License-Identifier: Apache-2.0
 *
 * infer_hint.c: what may have been meant. In: a message about a name or a type that is not known. Out: its help, in
 * the order of likelihood: a file of the standard library that has it, the word of other languages, a member of a
 * structure, the closest name in sight.
 */
#include "infer_internal.h"
#include "stdlib_files.h"

#include <ctype.h>
#include <string.h>

typedef struct foreign { const char *word, *here; } foreign;

static const foreign functions[] = {
    {"length", "norm(v)"}, {"len", "count(S)"}, {"size", "count(S)"}, {"magnitude", "norm(v)"}, {"mag", "norm(v)"},
    {"distance", "norm(b.d)   for b in pairs(s.atom) within 5 Å"}, {"dist", "norm(b.d)   for b in pairs(s.atom) within 5 Å"},
    {"ln", "log(x)"}, {"log10", "log(x) / log(10)"}, {"pow", "x^2"}, {"sqr", "x^2"}, {"square", "x^2"}, {"fabs", "abs(x)"},
    {"arccos", "acos(x)"}, {"arcsin", "asin(x)"}, {"arctan", "atan(x)"}, {"inner", "dot(a, b)"}, {"matmul", "apply(T, v)"},
    {"average", "mean i in S: x[i]"}, {"avg", "mean i in S: x[i]"}, {"total", "sum i in S: x[i]"}, {"product_of", "prod i in S: x[i]"},
    {"gradient", "grad(E, s.r)"}, {"derivative", "grad(E, s.r)"}, {"neighbors", "pairs(s.atom) within 5 Å"},
    {"neighbours", "pairs(s.atom) within 5 Å"}, {"eigenvalues", "eigvals(C)"}, {"eig", "eigvals(C)"}, {"cell_volume", "volume(s)"},
    {"PI", "pi"}, {"Pi", "pi"}, {"true", "1 == 1"}, {"false", "1 == 0"}, {"round", "floor(x + 0.5)"}, {"Σ", "sum i in S: x[i]"},
    {"range", "lo..hi   both ends included: k in 0..9"}, {"π", "pi"}, {"np", "exp(x), sqrt(x), ...   without the name of a module"},
    {"numpy", "exp(x), sqrt(x), ...   without the name of a module"}, {"math", "exp(x), sqrt(x), ...   without the name of a module"},
    {NULL, NULL}};

static const foreign types[] = {
    {"float", "scalar"}, {"double", "scalar"}, {"real", "scalar"}, {"number", "scalar"}, {"int", "scalar"}, {"integer", "scalar"},
    {"vec", "vector"}, {"vec3", "vector"}, {"vector3", "vector"}, {"position", "point"}, {"matrix", "tensor(2)"}, {"array", "scalar   and the indices on the left: x[i in S]"},
    {"list", "scalar   and the indices on the left: x[i in S]"}, {"boolean", "bool"},
    {"element", "species"}, {"string", "species   for an element; other texts are not values"}, {NULL, NULL}};

static const char *word_for(const foreign *table, const char *word)
{
    while (table->word && strcmp(table->word, word)) {
        table++;
    }
    return table->here;
}

/* the file of the standard library that declares it, in a line of its own; NULL: none does */
static const char *stdlib_with(infer *x, const char *declares, const char *word)
{
    const char *line = arena_printf(x->a, "\n%s %s", declares, word);
    size_t n = strlen(line);
    for (size_t k = 0; k < stdlib_file_count; k++) {
        for (const char *at = strstr(stdlib_files[k].text, line); at; at = strstr(at + 1, line)) {
            if (at[n] == ' ' || at[n] == '\n') {
                return stdlib_files[k].path;
            }
        }
    }
    return NULL;
}

static bool hint_stdlib(infer *x, diag *d, const char *word)
{
    static const char *const declares[] = {"transform", "structure", "const"};
    for (size_t k = 0; k < sizeof declares / sizeof *declares; k++) {
        const char *path = stdlib_with(x, declares[k], word);
        if (path) {
            diag_help(x->sink, d, "use \"%s\"   at the top: the standard library has it", path);
            return true;
        }
    }
    return false;
}

/* a member of a structure written without it */
static bool hint_member(infer *x, scope *s, diag *d, name id)
{
    for (scope *k = s; k; k = k->outer) {
        for (uint32_t j = 0; j < k->entries.n; j++) {
            const entry *e = k->entries.at[j];
            if (e->state == ENTRY_DONE && e->v.kind == V_SLOT && scope_find(x->slot_scopes.at[e->v.slot].members, id)) {
                diag_help(x->sink, d, "%s.%s", e->id, id);
                return true;
            }
        }
    }
    return false;
}

static const char *closest_in_sight(infer *x, scope *s, name id)
{
    VEC(const char *) known = {0};
    for (scope *k = s; k; k = k->outer) {
        for (uint32_t j = 0; j < k->entries.n; j++) {
            vec_push(x->a, &known, k->entries.at[j]->id);
        }
    }
    for (int k = 0; k < BI_COUNT_; k++) {
        vec_push(x->a, &known, builtin_table[k].name);
    }
    return text_closest(id, known.at, known.n);
}

const char *hint_element(infer *x, const char *word)
{
    char *symbol = arena_strndup(x->a, word, strlen(word));
    for (size_t k = 0; symbol[k]; k++) {
        symbol[k] = (char)(k ? tolower((unsigned char)symbol[k]) : toupper((unsigned char)symbol[k]));
    }
    return element_number(symbol) ? symbol : NULL;
}

void hint_name(infer *x, scope *s, diag *d, name id)
{
    const char *word = word_for(functions, id);
    const char *symbol = strlen(id) > 1 ? hint_element(x, id) : NULL;
    if (hint_member(x, s, d, id) || hint_stdlib(x, d, id)) {
        return;
    }
    unit u;
    double scale;
    if (!word && strlen(id) > 1 && units_lookup(id, &u, &scale)) {
        diag_help(x->sink, d, "5 %s   a unit follows its number", id);
        return;
    }
    const char *near = word ? word : symbol ? symbol : closest_in_sight(x, s, id);
    if (near) {
        diag_help(x->sink, d, "%s%s", near, near == symbol ? "   if the element is meant" : "");
    } else if (strlen(id) < 3) {
        diag_note(x->sink, d, "An index is bound where it is used:  sum %s in S: ...   or on the left:  x[%s in S] = ...", id, id);
    }
}

void hint_of_structure(infer *x, diag *d, name slot_id, name field)
{
    static const char *const functions_of[] = {"volume", "strain"};
    for (size_t k = 0; k < sizeof functions_of / sizeof *functions_of; k++) {
        if (!strcmp(functions_of[k], field)) {
            diag_help(x->sink, d, "%s(%s)", field, slot_id);
        }
    }
}

void hint_indices(infer *x, diag *d, value tensor)
{
    uint32_t length = tensor.at.end - tensor.at.start;
    const char *written = tensor.at.src ? tensor.at.src->text + tensor.at.start : NULL, *index = "i";
    static const char *const more[] = {"", "j", "k", "l"};
    for (uint32_t k = 1; k < tensor.n && k < 4; k++) {
        index = arena_printf(x->a, "%s, %s", index, more[k]);
    }
    if (written && length < 60 && !memchr(written, '\n', length) && tensor.n <= 4) {
        diag_help(x->sink, d, "%.*s[%s]   for %s in %s%s", (int)length, written, index, tensor.n > 1 ? "indices" : "i",
                  set_text(x, tensor.domain[0]), tensor.n > 1 ? ", ..." : "");
    }
}

void hint_type(infer *x, diag *d, name word)
{
    static const char *const elements[] = {"scalar", "pseudoscalar", "vector", "pseudovector", "point", "tensor", "species",
                                           "bool", "irreps"};
    VEC(const char *) known = {0};
    for (size_t k = 0; k < sizeof elements / sizeof *elements; k++) {
        vec_push(x->a, &known, elements[k]);
    }
    for (uint32_t k = 0; k < x->m->decls.n; k++) {
        const decl *o = x->m->decls.at[k].d;
        if (o->kind == D_STRUCTURE && o->id.id) {
            vec_push(x->a, &known, o->id.id);
        }
    }
    const char *near = word_for(types, word);
    near = near ? near : text_closest(word, known.at, known.n);
    if (!hint_stdlib(x, d, word) && near) {
        diag_help(x->sink, d, "%s", near);
    }
}

void hint_members(infer *x, diag *d, const char *what, const char *before, scope *members, name field)
{
    VEC(const char *) known = {0};
    const char *all = "";
    for (uint32_t k = 0; k < members->entries.n; k++) {
        const char *id = members->entries.at[k]->id;
        vec_push(x->a, &known, id);
        all = arena_printf(x->a, "%s%s%s", all, !k ? "" : k + 1 < members->entries.n ? ", " : " and ", id);
    }
    const char *near = text_closest(field, known.at, known.n);
    if (near) {
        diag_help(x->sink, d, "%s.%s", before, near);
    } else if (known.n) {
        diag_note(x->sink, d, "%s has %s.", what, all);
    }
}
