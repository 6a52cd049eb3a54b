/* SPDX-License-Identifier: Apache-2.0
 *
 * module.h: parts that are loaded when first needed, because the libraries behind them cost every program start
 * milliseconds (HDF5, OpenBLAS, LLVM). A module NAME is built by CMake from runtime/NAME_module.c into libmtxrt-NAME.so
 * and exports one object, a table of functions:
 *
 *     MTX_API extern const struct hdf5_interface mtxrt_hdf5;      in hdf5_module.c, symbol "mtxrt_hdf5"
 *
 * The caller includes the header that declares the table's type and calls through it. Internal: not installed.
 */
#ifndef MTX_RUNTIME_MODULE_H
#define MTX_RUNTIME_MODULE_H

#include "mtx/mtxrt.h"

/**
 * The object `symbol` of module `name` (file libNAME.so), loading it on first use; it stays loaded.
 * NULL when this build has no such module or its libraries are missing; `problem` then says which (MTX_EUNSUPPORTED).
 * Looked for where the calling library or program lies, in lib/mtx beside it, then where the project was installed.
 * Threads: safe.
 */
MTX_API const void *mtxrt_module(const char *name, const char *symbol, mtx_problem *problem);

#endif
