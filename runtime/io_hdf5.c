/* SPDX-License-Identifier: Apache-2.0
 *
 * io_hdf5.c: hands results to the module that writes HDF5 (hdf5_module.c), so that a program that writes
 * something else never loads that library.
 */
#include "io_write.h"
#include "module.h"

static mtx_status hdf5_open(mtx_writer *w, mtx_problem *problem)
{
    const io_writer_format *format = mtxrt_module("mtxrt-hdf5", "mtxrt_hdf5", problem);
    if (format == NULL) return MTX_EUNSUPPORTED;
    w->format = format;
    return format->open(w, problem);
}

const io_writer_format io_writer_hdf5 = {.name = "hdf5", .names = "|hdf5|h5|hdf|", .open = hdf5_open};
