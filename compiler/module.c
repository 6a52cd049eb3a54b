/* SPDX-License-Identifier: Apache-2.0
 *
 * module.c: In: a spec and a way to read files. Out: it and everything that it uses, parsed once each; the prelude last.
 */
#include "infer.h"
#include "parse.h"
#include "stdlib_files.h"

#include <stdlib.h>
#include <string.h>

#define FILES_MOST 200u

typedef struct loader { arena *a; intern *names; diag_sink *sink; spec_module *m; module_reader read; void *user; } loader;

static const source *find_embedded(arena *a, const char *path)
{
    for (size_t k = 0; k < stdlib_file_count; k++) {
        const char *have = stdlib_files[k].path;
        const char *tail = strrchr(have, '/');
        if (strcmp(have, path) == 0 || (tail && strcmp(tail + 1, path) == 0)) {
            source *s = source_new(a, arena_printf(a, "stdlib/%s", have), stdlib_files[k].text, stdlib_files[k].length);
            s->builtin = true;
            return s;
        }
    }
    return NULL;
}

static const source *find_beside(arena *a, const source *user_of, const char *path, module_reader read, void *user)
{
    const char *slash = strrchr(user_of->path, '/');
    const char *full = slash && path[0] != '/'
                           ? arena_printf(a, "%.*s/%s", (int)(slash - user_of->path), user_of->path, path) : path;
    size_t n = 0;
    char *text_ = user_of->builtin || !read ? NULL : read(user, full, &n);
    if (!text_) {
        return NULL;
    }
    const source *s = source_new(a, full, text_, n);
    free(text_);
    return s;
}

const source *module_find(arena *a, const source *user_of, const char *path, module_reader read, void *user)
{
    const source *s = find_beside(a, user_of, path, read, user);
    return s ? s : find_embedded(a, path);
}

/* the file of the standard library whose path or last part is meant */
static void suggest_file(loader *l, diag *d, const char *asked)
{
    VEC(const char *) known = {0};
    for (size_t k = 0; k < stdlib_file_count; k++) {
        const char *slash = strrchr(stdlib_files[k].path, '/');
        vec_push(l->a, &known, stdlib_files[k].path);
        vec_push(l->a, &known, slash ? slash + 1 : stdlib_files[k].path);
    }
    const char *near = text_closest(asked, known.at, known.n);
    if (!near) {
        near = text_closest(arena_printf(l->a, "%s.mtx", asked), known.at, known.n);
    }
    if (near) {
        diag_help(l->sink, d, "use \"%s\"", near);
    } else {
        diag_note(l->sink, d, "`mtx stdlib list` shows what the standard library has.");
    }
}

static bool loaded(const loader *l, const char *path)
{
    for (uint32_t k = 0; k < l->m->files.n; k++) {
        if (strcmp(l->m->files.at[k]->src->path, path) == 0) {
            return true;
        }
    }
    return false;
}

static void add_file(loader *l, const source *src)
{
    const ast_file *f = parse_file(l->a, l->names, src, l->sink);
    vec_push(l->a, &l->m->files, f);
    for (uint32_t k = 0; k < f->n; k++) {
        vec_push(l->a, &l->m->decls, ((module_decl){f->decl[k], f}));
    }
    for (uint32_t k = 0; k < f->n; k++) {
        const decl *d = f->decl[k];
        if (d->kind != D_USE || !d->id.id) {
            continue;
        }
        const source *used = module_find(l->a, src, d->id.id, l->read, l->user);
        if (!used || l->m->files.n > FILES_MOST) {
            diag *e = diag_report(l->sink, D_USE_NOT_FOUND, d->id.at, d->id.id);
            diag_label_primary(l->sink, e, "neither beside this file nor in the standard library");
            suggest_file(l, e, d->id.id);
        } else if (!loaded(l, used->path)) {
            add_file(l, used);
        }
    }
}

spec_module *module_load(arena *a, intern *names, diag_sink *sink, const source *src, module_reader read, void *user)
{
    loader l = {a, names, sink, arena_new(a, spec_module), read, user};
    add_file(&l, src);
    const source *prelude = find_embedded(a, "prelude.mtx");
    if (prelude && !loaded(&l, prelude->path)) {
        add_file(&l, prelude);
    }
    l.m->read = read;
    l.m->user = user;
    return l.m;
}
