/* SPDX-License-Identifier: Apache-2.0
 *
 * hdf5_module.c: results as HDF5, loaded when first needed. In: arrays (io_arrays.c); out: one file with a
 * data set per array, chunked and growing along its first dimension, attributes unit, law, doc and set where
 * there are any, and the attribute meta.json of the file. Truth values are the enumeration that h5py and
 * PyTables use; texts are UTF-8 of variable length.
 */
#include "io_write.h"
#include "module.h"

#include <stdlib.h>

#ifdef MTX_HAVE_HDF5

#include <fcntl.h>
#include <hdf5.h>
#include <unistd.h>

enum { CHUNK_BYTES = 64 << 10 };

typedef struct h5 {
    io_arrays arrays;
    hid_t     file, text, truth;           /* the file; types of texts and truth values              */
    hid_t    *sets;                        /* [arrays]                                               */
    char     *temporary;
} h5;

/* HDF5 prints its errors unless told not to; the host program's wish is put back afterwards. */
typedef struct silence { H5E_auto2_t report; void *data; } silence;

static silence be_silent(void)
{
    silence s = {0};
    H5Eget_auto2(H5E_DEFAULT, &s.report, &s.data);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    return s;
}

static void speak_again(silence s)
{
    H5Eset_auto2(H5E_DEFAULT, s.report, s.data);
}

static mtx_status refused(const mtx_writer *w, const char *what, mtx_problem *problem)
{
    rt_problem_set(problem, MTX_EIO, "E0640", "cannot write %s: HDF5 %s", w->path, what);
    if (problem != NULL) snprintf(problem->file, sizeof problem->file, "%s", w->path);
    return MTX_EIO;
}

static hid_t memory_type(const h5 *h, mtx_dtype dtype)
{
    switch (dtype) {
    case MTX_F64: return H5T_NATIVE_DOUBLE;
    case MTX_I32: return H5T_NATIVE_INT32;
    case MTX_I64: return H5T_NATIVE_INT64;
    case MTX_BOOL: return h->truth;
    case MTX_TEXT: return h->text;
    }
    return H5T_NATIVE_DOUBLE;
}

static bool make_types(h5 *h)
{
    const int8_t no = 0, yes = 1;
    h->text = H5Tcopy(H5T_C_S1);
    h->truth = H5Tenum_create(H5T_NATIVE_INT8);
    return H5Tset_size(h->text, H5T_VARIABLE) >= 0 && H5Tset_cset(h->text, H5T_CSET_UTF8) >= 0
        && H5Tenum_insert(h->truth, "FALSE", &no) >= 0 && H5Tenum_insert(h->truth, "TRUE", &yes) >= 0;
}

static bool put_attribute(const h5 *h, hid_t where, const char *name, const char *text)
{
    if (text == NULL) return true;
    const hid_t space = H5Screate(H5S_SCALAR);
    const hid_t attribute = H5Acreate2(where, name, h->text, space, H5P_DEFAULT, H5P_DEFAULT);
    const bool written = attribute >= 0 && H5Awrite(attribute, h->text, &text) >= 0;
    if (attribute >= 0) H5Aclose(attribute);
    H5Sclose(space);
    return written;
}

static void row_dimensions(const io_array *a, hsize_t rows, hsize_t *dimensions)
{
    dimensions[0] = rows;
    for (int32_t d = 0; d < a->rank; d++) dimensions[d + 1] = (hsize_t)a->shape[d];
}

static bool make_set(mtx_writer *w, h5 *h, int32_t k)
{
    const io_array *a = &h->arrays.at[k];
    hsize_t now[MTX_OUTPUT_RANK + 1], most[MTX_OUTPUT_RANK + 1], chunk[MTX_OUTPUT_RANK + 1];
    row_dimensions(a, 0, now);
    row_dimensions(a, H5S_UNLIMITED, most);
    const size_t rows = a->row_bytes > 0 ? CHUNK_BYTES / a->row_bytes : 1;
    row_dimensions(a, rows > 0 ? rows : 1, chunk);
    for (int32_t d = 1; d <= a->rank; d++) {
        if (chunk[d] == 0) chunk[d] = 1;
    }
    const hid_t space = H5Screate_simple(a->rank + 1, now, most);
    const hid_t layout = H5Pcreate(H5P_DATASET_CREATE);
    bool made = H5Pset_chunk(layout, a->rank + 1, chunk) >= 0;
    if (w->deflate && H5Zfilter_avail(H5Z_FILTER_DEFLATE) > 0) {
        made = made && H5Pset_shuffle(layout) >= 0 && H5Pset_deflate(layout, 6) >= 0;
    }
    h->sets[k] =
        made ? H5Dcreate2(h->file, a->name, memory_type(h, a->dtype), space, H5P_DEFAULT, layout, H5P_DEFAULT)
             : -1;
    H5Pclose(layout);
    H5Sclose(space);
    made = h->sets[k] >= 0 && put_attribute(h, h->sets[k], "set", a->set);
    if (!made || a->output == NULL) return made;
    return put_attribute(h, h->sets[k], "unit", a->output->unit) &&
           put_attribute(h, h->sets[k], "law", a->output->law) &&
           put_attribute(h, h->sets[k], "doc", a->output->doc);
}

/* The buffer's rows, behind those written before. */
static bool write_rows(h5 *h, int32_t k, const void *data)
{
    const io_array *a = &h->arrays.at[k];
    hsize_t all[MTX_OUTPUT_RANK + 1], start[MTX_OUTPUT_RANK + 1] = {0}, count[MTX_OUTPUT_RANK + 1];
    row_dimensions(a, (hsize_t)a->rows, all);
    row_dimensions(a, (hsize_t)a->buffered, count);
    start[0] = (hsize_t)(a->rows - a->buffered);
    if (H5Dset_extent(h->sets[k], all) < 0) return false;
    if (data == NULL) return true;
    const hid_t space = H5Dget_space(h->sets[k]), memory = H5Screate_simple(a->rank + 1, count, NULL);
    const bool written = H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL) >= 0
        && H5Dwrite(h->sets[k], memory_type(h, a->dtype), memory, space, H5P_DEFAULT, data) >= 0;
    H5Sclose(memory);
    H5Sclose(space);
    return written;
}

static mtx_status flush_rows(mtx_writer *w, io_array *a, mtx_problem *problem)
{
    h5 *h = w->state;
    const int32_t k = (int32_t)(a - h->arrays.at);
    const char **texts = NULL;
    if (a->dtype == MTX_TEXT) { /* pointers to the texts that lie in the buffer one after the other */
        const size_t count = (size_t)a->buffered * (a->row_bytes / sizeof(char *));
        texts = calloc(count + 1, sizeof *texts);
        if (texts == NULL) return io_no_memory(problem);
        const char *p = (const char *)a->buffer;
        for (size_t t = 0; t < count; t++, p += strlen(p) + 1) texts[t] = p;
    }
    const bool written = write_rows(h, k, texts != NULL ? (const void *)texts : a->buffer);
    free(texts);
    return written ? MTX_OK : refused(w, "refused the rows", problem);
}

static mtx_status open_file(mtx_writer *w, h5 *h, mtx_problem *problem)
{
    int fd;
    h->temporary = io_file_temporary_name(w->path, &fd, problem);
    if (h->temporary == NULL) return MTX_EIO;
    close(fd);
    h->file = H5Fcreate(h->temporary, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    if (h->file < 0 || !make_types(h)) return refused(w, "cannot make the file", problem);
    for (int32_t k = 0; k < h->arrays.count; k++) {
        if (!make_set(w, h, k)) return refused(w, "refused a data set", problem);
    }
    return MTX_OK;
}

static mtx_status hdf5_open(mtx_writer *w, mtx_problem *problem)
{
    h5 *h = calloc(1, sizeof *h);
    if (h == NULL) return io_no_memory(problem);
    w->state = h;
    h->file = h->text = h->truth = -1;
    h->arrays.flush = flush_rows;
    mtx_status status = io_arrays_make(&h->arrays, w, problem);
    if (status != MTX_OK) return status;
    h->sets = malloc(((size_t)h->arrays.count + 1) * sizeof *h->sets);
    if (h->sets == NULL) return io_no_memory(problem);
    for (int32_t k = 0; k < h->arrays.count; k++) h->sets[k] = -1;
    const silence before = be_silent();
    status = open_file(w, h, problem);
    speak_again(before);
    return status;
}

static mtx_status hdf5_append(mtx_writer *w, const mtx_rows *rows, mtx_problem *problem)
{
    h5 *h = w->state;
    const silence before = be_silent();
    const mtx_status status = io_arrays_append(&h->arrays, w, rows, problem);
    speak_again(before);
    return status;
}

/* Closes what is open; false when closing the file itself failed, which is when its last bytes are
 * written. */
static bool close_file(h5 *h)
{
    for (int32_t k = 0; h->sets != NULL && k < h->arrays.count; k++) {
        if (h->sets[k] >= 0) H5Dclose(h->sets[k]);
        h->sets[k] = -1;
    }
    if (h->text >= 0) H5Tclose(h->text);
    if (h->truth >= 0) H5Tclose(h->truth);
    const bool closed = h->file < 0 || H5Fclose(h->file) >= 0;
    h->file = h->text = h->truth = -1;
    return closed;
}

static mtx_status complete(mtx_writer *w, h5 *h, mtx_problem *problem)
{
    mtx_status status = io_arrays_flush(&h->arrays, w, problem);
    for (int32_t k = 0; k < h->arrays.count && status == MTX_OK; k++) {
        const io_array *a = &h->arrays.at[k];
        if (a->row_bytes == 0 && !write_rows(h, k, NULL)) status = refused(w, "refused the rows", problem);
    }
    char *meta = status == MTX_OK ? io_meta_json(w) : NULL;
    if (status == MTX_OK && meta == NULL) status = io_no_memory(problem);
    if (status == MTX_OK && !put_attribute(h, h->file, "meta.json", meta))
        status = refused(w, "refused meta.json", problem);
    free(meta);
    const bool closed = close_file(h);
    return status == MTX_OK && !closed ? refused(w, "cannot close the file", problem) : status;
}

static mtx_status hdf5_finish(mtx_writer *w, mtx_problem *problem)
{
    h5 *h = w->state;
    const silence before = be_silent();
    mtx_status status = complete(w, h, problem);
    speak_again(before);
    if (status != MTX_OK) return status;
    const int fd = open(h->temporary, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0) status = refused(w, "left a file that cannot be synced", problem);
    if (fd >= 0) close(fd);
    if (status == MTX_OK) {
        status = io_file_rename(h->temporary, w->path, problem);
        free(h->temporary);
        h->temporary = NULL;
    }
    return status;
}

static void hdf5_close(mtx_writer *w)
{
    h5 *h = w->state;
    if (h == NULL) return;
    const silence before = be_silent();
    close_file(h);
    speak_again(before);
    io_arrays_free(&h->arrays);
    if (h->temporary != NULL) unlink(h->temporary);
    free(h->temporary);
    free(h->sets);
    free(h);
}

#else

static mtx_status hdf5_open(mtx_writer *w, mtx_problem *problem)
{
    (void)w;
    rt_problem_set(problem, MTX_EUNSUPPORTED, "E0643", "this build of mtx cannot write HDF5");
    rt_problem_help(problem, "install HDF5 (libhdf5-dev) and build again");
    return MTX_EUNSUPPORTED;
}

static mtx_status hdf5_append(mtx_writer *w, const mtx_rows *rows, mtx_problem *problem)
{
    (void)rows;
    return hdf5_open(w, problem);
}

static mtx_status hdf5_finish(mtx_writer *w, mtx_problem *problem)
{
    return hdf5_open(w, problem);
}

static void hdf5_close(mtx_writer *w)
{
    (void)w;
}

#endif

extern MTX_API const io_writer_format mtxrt_hdf5;
const io_writer_format mtxrt_hdf5 = {.name = "hdf5",
                                     .names = "|hdf5|h5|hdf|",
                                     .open = hdf5_open,
                                     .append = hdf5_append,
                                     .finish = hdf5_finish,
                                     .close = hdf5_close};
