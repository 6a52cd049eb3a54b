/* SPDX-License-Identifier: Apache-2.0
 *
 * module.c: In: a spec and a way to read files. Out: it and everything that it uses, parsed once each; the prelude last.
 */
#include "infer.h"
#include "parse.h"
#include "stdlib_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILES_MOST 200u

typedef struct loader { arena *a; intern *names; diag_sink *sink; spec_module *m; module_reader read; void *user; } loader;

const stdlib_file *stdlib_find(const char *path)
{
    for (size_t k = 0; k < stdlib_file_count; k++) {
        const char *tail = strrchr(stdlib_files[k].path, '/');
        if (strcmp(stdlib_files[k].path, path) == 0 || (tail && strcmp(tail + 1, path) == 0)) {
            return &stdlib_files[k];
        }
    }
    return NULL;
}

const char *stdlib_closest(const char *path)
{
    const char *known[2 * 256];
    char with_ending[256];
    size_t n = 0;
    for (size_t k = 0; k < stdlib_file_count && n + 2 <= sizeof known / sizeof *known; k++) {
        const char *slash = strrchr(stdlib_files[k].path, '/');
        known[n++] = stdlib_files[k].path;
        known[n++] = slash ? slash + 1 : stdlib_files[k].path;
    }
    snprintf(with_ending, sizeof with_ending, "%s.mtx", path);
    const char *near = text_closest(with_ending, known, n);
    return near ? near : text_closest(path, known, n);
}

static const source *find_embedded(arena *a, const char *path)
{
    const stdlib_file *f = stdlib_find(path);
    if (!f) {
        return NULL;
    }
    source *s = source_new(a, arena_printf(a, "stdlib/%s", f->path), f->text, f->length);
    s->builtin = true;
    return s;
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
            const char *near = stdlib_closest(d->id.id);
            if (near) {
                diag_help(l->sink, e, "use \"%s\"", near);
            } else {
                diag_note(l->sink, e, "`mtx stdlib list` shows what the standard library has.");
            }
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
