/* SPDX-License-Identifier: Apache-2.0
 *
 * infer.h: from the AST to the typed set IR. Names are resolved on demand (the order of lines does not matter), calls of
 * functions and transforms are inlined, index notation becomes nodes. Kinds, ranks and units are checked here, where the
 * places are known; symmetry and smoothness are later passes over the IR (law.c, smooth.c).
 */
#ifndef MTX_INFER_H
#define MTX_INFER_H

#include "ast.h"
#include "setir.h"

/* ---- module.c: a spec with everything it uses */
typedef char *(*module_reader)(void *user, const char *path, size_t *n);   /* malloc'd text or NULL             */
typedef struct module_decl { decl *d; const ast_file *file; } module_decl;
typedef struct spec_module {
    VEC(const ast_file *) files;          /* [0] is the spec itself, the rest what it uses; the prelude last    */
    VEC(module_decl) decls;               /* all declarations of all files                                      */
    module_reader read; void *user;       /* how other files are read                                           */
} spec_module;
/* a file named in `user_of`: beside it, else in the standard library; NULL: neither */
const source *module_find(arena *a, const source *user_of, const char *path, module_reader read, void *user);
/* Parse `src` and, transitively, its `use`s: first beside the using file (through `read`), then the standard library. */
spec_module *module_load(arena *a, intern *names, diag_sink *sink, const source *src, module_reader read, void *user);

/* ---- infer.c */
/* A `test` block: what it expects are tensors of a program over the files that it reads. */
typedef struct test_expect {
    expect_kind kind;
    span   at;
    VEC(def_id) lhs, rhs;                 /* TRUE: lhs is one truth value; NEAR: one number or table each;      */
    def_id within;                        /* DIFFERS: the outputs of two calls, in the same order               */
} test_expect;
typedef struct test_program {
    name     id;
    span     at;
    program *p;
    VEC(name) path;                       /* by slot: the file to read, as written                              */
    VEC(test_expect) expects;
} test_program;

typedef struct infer_result {
    VEC(program *) programs;              /* transforms of files[0] without errors, in order                    */
    VEC(test_program *) tests;            /* the `test` blocks of files[0]                                      */
    VEC(program *) partial;               /* those with errors: what could be read, well-formed, incomplete     */
} infer_result;
infer_result *infer_module(arena *a, intern *names, diag_sink *sink, const spec_module *m);

#endif
