/* SPDX-License-Identifier: Apache-2.0
 *
 * module.c: loads a module (module.h) and hands back its table of functions. In: names; out: an address. What the
 * table holds is between its two sides; nothing is cached here, since dlopen counts and finds loaded objects itself.
 */
#include "module.h"
#include "rt.h"

#include <dlfcn.h>
#include <stdio.h>

const void *mtxrt_module(const char *name, const char *symbol, mtx_problem *problem)
{
    char file[512];
    snprintf(file, sizeof file, "lib%s.so", name);
    /* a bare file name is looked up along the RUNPATH of the object that holds this code: $ORIGIN and lib/mtx */
    void *handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) {
        snprintf(file, sizeof file, "%s/lib%s.so", MTX_MODULE_PATH, name);
        handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    }
    const void *table = handle != NULL ? dlsym(handle, symbol) : NULL;
    if (table == NULL) {
        const char *why = dlerror();
        rt_problem_set(problem, MTX_EUNSUPPORTED, "E0690", "module %s cannot be loaded: %s", name,
                       why != NULL ? why : "no reason given");
        rt_problem_help(problem, "Install the library it needs and build again (`./dev setup`, `./dev doctor`).");
    }
    return table;
}
