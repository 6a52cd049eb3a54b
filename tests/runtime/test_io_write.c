/* SPDX-License-Identifier: Apache-2.0
 *
 * test_io_write.c: the writers. What is written is taken apart again: ZIP members with their checksums and
 * .npy headers, HDF5 through its own library, CSV as text, extended XYZ through our reader. Files appear only
 * when complete.
 */
#include "io_test.h"

#include <dirent.h>
#include <sys/stat.h>

#ifdef MTX_HAVE_ZLIB
#include <zlib.h>
#endif
#ifdef MTX_HAVE_HDF5
#include <hdf5.h>
#endif

/* A folder of our own, so that what is left behind is seen. */
static char folder[256];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "%s/mtx-write-XXXXXX",
             getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
    return mkdtemp(folder) == NULL;
}

static int count_files(bool delete)
{
    DIR *d = opendir(folder);
    int count = 0;
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        char path[600];
        if (e->d_name[0] == '.') continue;
        count++;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (delete) remove(path);
    }
    closedir(d);
    return count;
}

static int remove_folder(void **state)
{
    (void)state;
    count_files(true);
    return rmdir(folder);
}

static const char *in_folder(const char *name)
{
    static char path[600];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* ----------------------------------------------------------------------------------------- a small result */

static const mtx_output_set sets[] = {{"atom", MTX_ROWS_ATOMS}, {"bond", MTX_ROWS_PAIRS}};
static const mtx_output outputs[] = {
    {.name = "E", .set = -1, .dtype = MTX_F64, .unit = "eV", .law = "scalar", .doc = "say \"energy\"\n"},
    {.name = "T", .set = -1, .dtype = MTX_F64, .rank = 2, .shape = {2, 2}},
    {.name = "id", .set = -1, .dtype = MTX_TEXT},
    {.name = "ok", .set = -1, .dtype = MTX_BOOL},
    {.name = "F", .set = 0, .dtype = MTX_F64, .rank = 1, .shape = {3}, .unit = "eV/\xc3\x85"},
    {.name = "n", .set = 0, .dtype = MTX_I64},
    {.name = "len", .set = 1, .dtype = MTX_F64},
    {.name = "none", .set = 1, .dtype = MTX_F64, .rank = 1, .shape = {0}}};
enum { OUTPUTS = 8, PER_ATOM = 6 };        /* the first PER_ATOM fit extended XYZ */

/* Frame f: f % 3 + 1 atoms and f % 2 bonds. */
static int64_t atoms_of(int64_t f) { return f % 3 + 1; }
static int64_t bonds_of(int64_t f) { return f % 2; }
static double energy_of(int64_t f) { return 0.1 * (double)f; }
static const char *id_of(int64_t f)
{
    return f % 4 == 3 ? "\xc3\x85ngstr\xc3\xb6m, \"x\"" : f % 2 ? "b" : "";
}

static void fill_structure(mtx_structure *s, int64_t f)
{
    mtx_structure_clear(s);
    assert_int_equal(mtx_structure_reserve(s, 3), MTX_OK);
    s->n = atoms_of(f);
    for (int64_t i = 0; i < s->n; i++) {
        s->Z[i] = (int32_t)(i + 6);
        for (int c = 0; c < 3; c++) s->r[i][c] = (double)(f + 1) / 3.0 + (double)i - c;
    }
    for (int c = 0; c < 3; c++) s->cell[c][c] = 5.0 + c;
    s->cell[1][0] = -1.0 / 3.0;
    s->pbc[0] = s->pbc[1] = 1;
    mtx_structure_add_info(s, "gap", MTX_COL_REAL, 1)->real[0] = 1.1;
    mtx_structure_add_info(s, "E", MTX_COL_REAL, 1)->real[0] = -99;          /* replaced by the output */
    mtx_structure_add_info(s, "note", MTX_COL_TEXT, 1)->text[0] = strdup("two words");
    mtx_structure_add_info(s, "flags", MTX_COL_BOOL, 2)->real[1] = 1;
    mtx_column *words = mtx_structure_add_info(s, "words", MTX_COL_TEXT, 2);
    words->text[0] = strdup("a \\ b");
    words->text[1] = strdup("c");
    mtx_structure_add_info(s, "whole", MTX_COL_INT, 1)->real[0] = -7;
    mtx_column *tag = mtx_structure_add_column(s, "tag", MTX_COL_INT, 1),
               *label = mtx_structure_add_column(s, "label", MTX_COL_TEXT, 1);
    for (int64_t i = 0; i < s->n; i++) {
        tag->real[i] = (double)(i - 1);
        label->text[i] = strdup(i ? "x" : "y z");
    }
}

/* Hands frames first .. last-1 to the writer in one batch. */
static mtx_status put_frames(mtx_writer *w, int64_t first, int64_t last, mtx_problem *p)
{
    enum { MOST = 64 };
    static double E[MOST], T[MOST][4], F[3 * MOST][3], len[MOST], none[1];
    static const char *id[MOST];
    static uint8_t ok[MOST];
    static int64_t n[3 * MOST], atom_ptr[MOST + 1], bond_ptr[MOST + 1], origin[MOST];
    static int32_t i[MOST], j[MOST], sx[MOST], sy[MOST], sz[MOST];
    static mtx_structure structures[MOST];
    const mtx_structure *pointers[MOST];
    const int64_t frames = last - first;
    assert_true(frames <= MOST);
    for (int64_t k = 0; k < frames; k++) {
        const int64_t f = first + k;
        E[k] = energy_of(f);
        for (int c = 0; c < 4; c++) T[k][c] = (double)(10 * f + c);
        id[k] = id_of(f);
        ok[k] = f % 2 == 1;
        origin[k] = atom_ptr[k];
        atom_ptr[k + 1] = atom_ptr[k] + atoms_of(f);
        bond_ptr[k + 1] = bond_ptr[k] + bonds_of(f);
        for (int64_t a = atom_ptr[k]; a < atom_ptr[k + 1]; a++) {
            n[a] = (f << 40) + a - atom_ptr[k];
            for (int c = 0; c < 3; c++) F[a][c] = (double)f + 0.25 * c;
        }
        for (int64_t b = bond_ptr[k]; b < bond_ptr[k + 1]; b++) {
            i[b] = (int32_t)origin[k];
            j[b] = (int32_t)(origin[k] + atoms_of(f) - 1);
            sx[b] = (int32_t)f;
            sy[b] = -1;
            sz[b] = 0;
            len[b] = (double)f + 0.5;
        }
        fill_structure(&structures[k], f);
        pointers[k] = &structures[k];
    }
    const void *data[OUTPUTS] = {E, T, id, ok, F, n, len, none};
    const mtx_set_rows rows[2] = {
        {.ptr = atom_ptr}, {.ptr = bond_ptr, .i = i, .j = j, .sx = sx, .sy = sy, .sz = sz, .origin = origin}};
    const mtx_rows batch = {.frames = frames, .data = data, .sets = rows, .structures = pointers};
    const mtx_status status = mtx_writer_append(w, &batch, p);
    for (int64_t k = 0; k < frames; k++) mtx_structure_free(&structures[k]);
    return status;
}

/* Writes `frames` frames in batches of growing size; nothing may be seen before the end. */
static void write_result(const char *name, int n_outputs, int n_sets, int64_t frames, bool deflate)
{
    mtx_problem p;
    mtx_writer *w;
    const mtx_writer_options options = {.deflate = deflate, .meta = "{\"hash\": \"1234\"}"};
    struct stat about;
    remove(in_folder(name));
    mtx_status status = mtx_writer_open(&w, in_folder(name), outputs, n_outputs, sets, n_sets, &options, &p);
    if (status == MTX_EUNSUPPORTED) skip();
    if (status != MTX_OK) fail_msg("%s %s", p.code, p.message);
    for (int64_t f = 0, batch = 0; f < frames; f += batch) {
        batch = f % 7 + (f % 5 == 0 ? 0 : 1);
        if (batch > frames - f) batch = frames - f;
        if (batch == 0) batch = 1;
        if (put_frames(w, f, f + batch, &p) != MTX_OK) fail_msg("%s %s", p.code, p.message);
    }
    assert_int_not_equal(stat(in_folder(name), &about), 0);
    if (mtx_writer_finish(w, &p) != MTX_OK) fail_msg("%s %s", p.code, p.message);
    assert_int_equal(stat(in_folder(name), &about), 0);
}

static int64_t all_atoms(int64_t frames)
{
    int64_t sum = 0;
    for (int64_t f = 0; f < frames; f++) sum += atoms_of(f);
    return sum;
}

/* ---------------------------------------------------------------------------------------------------- npz */

#ifdef MTX_HAVE_ZLIB

static uint32_t get(const uint8_t *p, int bytes)
{
    uint32_t value = 0;
    for (int k = bytes - 1; k >= 0; k--) value = value << 8 | p[k];
    return value;
}

/* The content of a member, checked against its size and checksum; free it. */
static uint8_t *take_member(const uint8_t *zip, size_t length, const char *name, size_t *size)
{
    const uint8_t *end = zip + length - 22;
    assert_int_equal(get(end, 4), 0x06054b50);
    const uint8_t *p = zip + get(end + 16, 4);
    for (uint32_t k = 0; k < get(end + 10, 2); k++) {
        assert_int_equal(get(p, 4), 0x02014b50);
        const uint32_t packed = get(p + 20, 4), plain = get(p + 24, 4), crc = get(p + 16, 4),
                       method = get(p + 10, 2);
        const uint32_t name_length = get(p + 28, 2);
        const uint8_t *local = zip + get(p + 42, 4);
        const bool found = name_length == strlen(name) && memcmp(p + 46, name, name_length) == 0;
        p += 46 + name_length + get(p + 30, 2) + get(p + 32, 2);
        if (!found) continue;
        assert_int_equal(get(local, 4), 0x04034b50);
        assert_int_equal(get(local + 14, 4), crc);
        assert_int_equal(get(local + 18, 4), packed);
        assert_int_equal(get(local + 22, 4), plain);
        const uint8_t *data = local + 30 + get(local + 26, 2) + get(local + 28, 2);
        uint8_t *bytes = malloc(plain + 1);
        assert_non_null(bytes);
        if (method == 0) {
            assert_int_equal(packed, plain);
            memcpy(bytes, data, plain);
        } else {
            z_stream z = {.next_in = (Bytef *)(uintptr_t)data,
                          .avail_in = packed,
                          .next_out = bytes,
                          .avail_out = plain + 1};
            assert_int_equal(inflateInit2(&z, -15), Z_OK);
            assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
            inflateEnd(&z);
            assert_int_equal(z.total_out, plain);
        }
        assert_int_equal(crc32(crc32(0, NULL, 0), bytes, plain), crc);
        bytes[plain] = 0;
        *size = plain;
        return bytes;
    }
    fail_msg("there is no %s", name);
    return NULL;
}

/* The data of an array whose header is exactly this; free *bytes. */
static const void *take_array(const char *zip, size_t length, const char *name, const char *descr,
                              const char *shape, uint8_t **bytes)
{
    char member[100], expected[300];
    size_t size;
    snprintf(member, sizeof member, "%s.npy", name);
    snprintf(expected, sizeof expected, "{'descr': '%s', 'fortran_order': False, 'shape': %s, }", descr,
             shape);
    *bytes = take_member((const uint8_t *)zip, length, member, &size);
    assert_memory_equal(*bytes, "\x93NUMPY\x01\x00", 8);
    const uint32_t header = get(*bytes + 8, 2);
    assert_int_equal((header + 10) % 64, 0);
    assert_int_equal((*bytes)[9 + header], '\n');
    if (memcmp(*bytes + 10, expected, strlen(expected)) != 0)
        fail_msg("%.*s instead of %s", (int)header, *bytes + 10, expected);
    return *bytes + 10 + header;
}

static void check_npz(const char *name, int64_t frames)
{
    size_t length;
    char *zip = read_file(in_folder(name), &length), shape[60];
    uint8_t *bytes;
    const int64_t atoms = all_atoms(frames), bonds = frames / 2;
    snprintf(shape, sizeof shape, "(%d,)", (int)frames);
    const double *E = take_array(zip, length, "E", "<f8", shape, &bytes);
    for (int64_t f = 0; f < frames; f++) assert_true(E[f] == energy_of(f));
    free(bytes);
    const uint8_t *ok = take_array(zip, length, "ok", "|b1", shape, &bytes);
    for (int64_t f = 0; f < frames; f++) assert_int_equal(ok[f], f % 2);
    free(bytes);
    const uint32_t *id = take_array(zip, length, "id", frames > 3 ? "<U13" : "<U1", shape, &bytes);
    for (int64_t f = 0; f < frames; f++)
        assert_int_equal(id[f * (frames > 3 ? 13 : 1)], f % 4 == 3 ? 0xc5 : f % 2 ? 'b' : 0);
    free(bytes);
    snprintf(shape, sizeof shape, "(%d, 2, 2)", (int)frames);
    const double *T = take_array(zip, length, "T", "<f8", shape, &bytes);
    for (int64_t f = 0; f < frames; f++) assert_true(T[4 * f + 3] == (double)(10 * f + 3));
    free(bytes);
    snprintf(shape, sizeof shape, "(%d, 3)", (int)atoms);
    const double *F = take_array(zip, length, "F", "<f8", shape, &bytes);
    for (int64_t f = 0, a = 0; f < frames; a += atoms_of(f), f++)
        assert_true(F[3 * a + 2] == (double)f + 0.5);
    free(bytes);
    snprintf(shape, sizeof shape, "(%d,)", (int)frames + 1);
    const int64_t *ptr = take_array(zip, length, "atom.ptr", "<i8", shape, &bytes);
    for (int64_t f = 0; f < frames; f++) assert_int_equal(ptr[f + 1] - ptr[f], atoms_of(f));
    assert_int_equal(ptr[0], 0);
    free(bytes);
    const int64_t *bond_ptr = take_array(zip, length, "bond.ptr", "<i8", shape, &bytes);
    assert_int_equal(bond_ptr[frames], bonds);
    free(bytes);
    snprintf(shape, sizeof shape, "(%d,)", (int)bonds);
    const int32_t *j = take_array(zip, length, "bond.j", "<i4", shape, &bytes);
    for (int64_t b = 0; b < bonds; b++) assert_int_equal(j[b], atoms_of(2 * b + 1) - 1);
    free(bytes);
    take_array(zip, length, "bond.i", "<i4", shape, &bytes);
    free(bytes);
    snprintf(shape, sizeof shape, "(%d, 3)", (int)bonds);
    const int32_t *shift = take_array(zip, length, "bond.shift", "<i4", shape, &bytes);
    for (int64_t b = 0; b < bonds; b++)
        assert_true(shift[3 * b] == 2 * b + 1 && shift[3 * b + 1] == -1 && shift[3 * b + 2] == 0);
    free(bytes);
    snprintf(shape, sizeof shape, "(%d, 0)", (int)bonds);
    take_array(zip, length, "none", "<f8", shape, &bytes);
    free(bytes);
    size_t size;
    char *meta = (char *)take_member((const uint8_t *)zip, length, "meta.json", &size);
    assert_non_null(strstr(meta, "\"law\": \"scalar\", \"doc\": \"say \\\"energy\\\"\\u000a\""));
    assert_non_null(strstr(meta, "\"spec\": {\"hash\": \"1234\"}"));
    free(meta);
    free(zip);
}

static void npz_holds_everything(void **state)
{
    (void)state;
    static const int64_t sizes[] = {0, 1, 5, 20000};       /* the last one leaves the buffers */
    for (int k = 0; k < 4; k++) {
        for (int deflate = 0; deflate < 2; deflate++) {
            write_result("a.npz", OUTPUTS, 2, sizes[k], deflate);
            check_npz("a.npz", sizes[k]);
        }
    }
    assert_int_equal(count_files(true), 1);
}

/* A text longer than the buffer that pieces of spooled texts are read into. */
static void npz_long_texts(void **state)
{
    (void)state;
    enum { LONG = 700000 };
    const mtx_output text = {.name = "t", .set = -1, .dtype = MTX_TEXT};
    mtx_writer *w;
    mtx_problem p;
    assert_int_equal(mtx_writer_open(&w, in_folder("t.npz"), &text, 1, NULL, 0, NULL, &p), MTX_OK);
    char *longest = malloc(LONG + 1);
    assert_non_null(longest);
    memset(longest, 'z', LONG);
    longest[LONG] = '\0';
    const char *texts[3] = {"short", longest, "\xf0\x9f\x98\x80"};
    const void *data[1] = {texts};
    const mtx_rows batch = {.frames = 3, .data = data};
    assert_int_equal(mtx_writer_append(w, &batch, &p), MTX_OK);
    assert_int_equal(mtx_writer_finish(w, &p), MTX_OK);
    size_t length;
    char *zip = read_file(in_folder("t.npz"), &length);
    uint8_t *bytes;
    const uint32_t *cells = take_array(zip, length, "t", "<U700000", "(3,)", &bytes);
    assert_int_equal(cells[0], 's');
    assert_int_equal(cells[5], 0);
    assert_int_equal(cells[LONG + LONG - 1], 'z');
    assert_int_equal(cells[2 * LONG], 0x1f600);
    free(bytes);
    free(zip);
    free(longest);
    count_files(true);
}

#endif

/* --------------------------------------------------------------------------------------------------- HDF5 */

#ifdef MTX_HAVE_HDF5

static void check_attribute(hid_t where, const char *name, const char *part)
{
    char *text = NULL;
    const hid_t attribute = H5Aopen(where, name, H5P_DEFAULT), type = H5Aget_type(attribute);
    assert_true(attribute >= 0 && H5Aread(attribute, type, &text) >= 0);
    assert_non_null(strstr(text, part));
    H5free_memory(text);
    H5Tclose(type);
    H5Aclose(attribute);
}

/* Reads a whole data set of `rank` dimensions, the first of which must be `rows`. */
static void take_set(hid_t file, const char *name, hid_t type, int rank, hsize_t rows, void *to)
{
    hsize_t shape[8];
    const hid_t set = H5Dopen2(file, name, H5P_DEFAULT), space = H5Dget_space(set);
    assert_true(set >= 0);
    assert_int_equal(H5Sget_simple_extent_ndims(space), rank);
    H5Sget_simple_extent_dims(space, shape, NULL);
    assert_int_equal(shape[0], rows);
    assert_true(to == NULL || H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, to) >= 0);
    H5Sclose(space);
    H5Dclose(set);
}

static void hdf5_holds_everything(void **state)
{
    (void)state;
    enum { FRAMES = 20000 };
    for (int deflate = 0; deflate < 2; deflate++) {
        write_result("a.h5", OUTPUTS, 2, FRAMES, deflate);
        const hid_t file = H5Fopen(in_folder("a.h5"), H5F_ACC_RDONLY, H5P_DEFAULT);
        assert_true(file >= 0);
        double *E = malloc(FRAMES * sizeof *E);
        int64_t *ptr = malloc((FRAMES + 1) * sizeof *ptr);
        int32_t *shift = malloc(FRAMES / 2 * 3 * sizeof *shift);
        char **id = malloc(FRAMES * sizeof *id);
        assert_true(E != NULL && ptr != NULL && shift != NULL && id != NULL);
        take_set(file, "E", H5T_NATIVE_DOUBLE, 1, FRAMES, E);
        take_set(file, "T", H5T_NATIVE_DOUBLE, 3, FRAMES, NULL);
        take_set(file, "F", H5T_NATIVE_DOUBLE, 2, (hsize_t)all_atoms(FRAMES), NULL);
        take_set(file, "none", H5T_NATIVE_DOUBLE, 2, FRAMES / 2, NULL);
        take_set(file, "atom.ptr", H5T_NATIVE_INT64, 1, FRAMES + 1, ptr);
        take_set(file, "bond.shift", H5T_NATIVE_INT32, 2, FRAMES / 2, shift);
        const hid_t text = H5Tcopy(H5T_C_S1);
        H5Tset_size(text, H5T_VARIABLE);
        H5Tset_cset(text, H5T_CSET_UTF8);
        take_set(file, "id", text, 1, FRAMES, id);
        for (int64_t f = 0; f < FRAMES; f++) {
            assert_true(E[f] == energy_of(f) && ptr[f + 1] - ptr[f] == atoms_of(f));
            assert_string_equal(id[f], id_of(f));
            H5free_memory(id[f]);
        }
        assert_int_equal(shift[3 * 4], 9);
        const hid_t set = H5Dopen2(file, "E", H5P_DEFAULT);
        check_attribute(set, "unit", "eV");
        check_attribute(set, "law", "scalar");
        check_attribute(file, "meta.json", "\"hash\"");
        H5Dclose(set);
        H5Tclose(text);
        H5Fclose(file);
        free(E);
        free(ptr);
        free(shift);
        free(id);
    }
    assert_int_equal(count_files(true), 1);
}

#endif

/* ---------------------------------------------------------------------------------------------------- CSV */

static void csv_tables(void **state)
{
    (void)state;
    write_result("a.b.csv", OUTPUTS, 2, 4, false);
    size_t length;
    char *text = read_file(in_folder("a.b.csv"), &length);
    assert_string_equal(
        text, "frame,E,\"T[0,0]\",\"T[0,1]\",\"T[1,0]\",\"T[1,1]\",id,ok\n0,0.0,0.0,1.0,2.0,3.0,,F\n"
              "1,0.1,10.0,11.0,12.0,13.0,b,T\n2,0.2,20.0,21.0,22.0,23.0,,F\n"
              "3,0.30000000000000004,30.0,31.0,32.0,33.0,\"\xc3\x85ngstr\xc3\xb6m, \"\"x\"\"\",T\n");
    free(text);
    text = read_file(in_folder("a.b.atom.csv"), &length);
    static const char start[] =
        "frame,row,F[0],F[1],F[2],n\n0,0,0.0,0.25,0.5,0\n1,0,1.0,1.25,1.5,1099511627776\n"
        "1,1,1.0,1.25,1.5,1099511627777\n";
    assert_memory_equal(text, start, sizeof start - 1);
    free(text);
    text = read_file(in_folder("a.b.bond.csv"), &length);
    assert_string_equal(
        text, "frame,row,i,j,shift[0],shift[1],shift[2],len\n1,0,0,1,1,-1,0,1.5\n3,0,0,0,3,-1,0,3.5\n");
    free(text);
    assert_int_equal(count_files(true), 3);
}

static void csv_of_too_many_columns(void **state)
{
    (void)state;
    const mtx_output wide = {.name = "wide", .set = -1, .dtype = MTX_F64, .rank = 2, .shape = {1000, 1000}};
    mtx_writer *w;
    mtx_problem p;
    assert_int_equal(mtx_writer_open(&w, in_folder("w.csv"), &wide, 1, NULL, 0, NULL, &p), MTX_EINVAL);
    assert_string_equal(p.code, "E0641");
    assert_int_equal(count_files(true), 0);
}

/* ------------------------------------------------------------------------------------------- extended XYZ */

static void xyz_reads_back(void **state)
{
    (void)state;
    enum { FRAMES = 9 };
    write_result("a.xyz", PER_ATOM, 1, FRAMES, false);
    mtx_reader *r;
    mtx_problem p;
    mtx_structure s, expected;
    mtx_structure_init(&s);
    mtx_structure_init(&expected);
    assert_int_equal(mtx_reader_open(&r, in_folder("a.xyz"), NULL, &p), MTX_OK);
    for (int64_t f = 0; f < FRAMES; f++) {
        if (mtx_reader_next(r, &s, &p) != MTX_OK) fail_msg("%s %s", p.code, p.message);
        fill_structure(&expected, f);
        assert_int_equal(s.n, expected.n);
        assert_memory_equal(s.r, expected.r, (size_t)s.n * sizeof *s.r);
        assert_memory_equal(s.Z, expected.Z, (size_t)s.n * sizeof *s.Z);
        assert_memory_equal(s.cell, expected.cell, sizeof s.cell);
        assert_memory_equal(s.pbc, expected.pbc, sizeof s.pbc);
        assert_true(need_info(&s, "E", MTX_COL_REAL, 1)->real[0] == energy_of(f));
        assert_true(need_info(&s, "gap", MTX_COL_REAL, 1)->real[0] == 1.1);
        assert_true(need_info(&s, "T", MTX_COL_REAL, 4)->real[3] == (double)(10 * f + 3));
        assert_true(need_info(&s, "ok", MTX_COL_BOOL, 1)->real[0] == f % 2);
        assert_string_equal(need_info(&s, "id", MTX_COL_TEXT, 1)->text[0], id_of(f));
        assert_string_equal(need_info(&s, "note", MTX_COL_TEXT, 1)->text[0], "two words");
        assert_string_equal(need_info(&s, "words", MTX_COL_TEXT, 2)->text[0], "a \\ b");
        assert_true(need_info(&s, "flags", MTX_COL_BOOL, 2)->real[1] == 1);
        assert_true(need_info(&s, "whole", MTX_COL_INT, 1)->real[0] == -7);
        assert_true(mtx_structure_column(&s, "F")->real[1] == (double)f + 0.25);
        assert_true(mtx_structure_column(&s, "tag")->real[0] == -1);
        assert_string_equal(mtx_structure_column(&s, "label")->text[0], "y_z");
        assert_true(mtx_structure_column(&s, "n")->real[0] == (double)((int64_t)f << 40));
    }
    assert_int_equal(mtx_reader_next(r, &s, &p), MTX_END);
    mtx_structure_free(&s);
    mtx_structure_free(&expected);
    mtx_reader_close(r);
    assert_int_equal(count_files(true), 1);
}

static void xyz_holds_no_pairs(void **state)
{
    (void)state;
    mtx_writer *w;
    mtx_problem p;
    assert_int_equal(mtx_writer_open(&w, in_folder("a.xyz"), outputs, OUTPUTS, sets, 2, NULL, &p),
                     MTX_EINVAL);
    assert_string_equal(p.code, "E0641");
    assert_non_null(strstr(p.message, "`len`"));
    assert_null(w);
    assert_int_equal(count_files(true), 0);
}

/* ----------------------------------------------------------------------------------------------- refusals */

static void giving_up_leaves_nothing(void **state)
{
    (void)state;
    static const char *const names[] = {"a.npz", "a.h5", "a.csv", "a.xyz"};
    for (int k = 0; k < 4; k++) {
        mtx_writer *w;
        mtx_problem p;
        const bool xyz = k == 3;
        write_file(in_folder(names[k]), "old", 3);
        const mtx_status status = mtx_writer_open(&w, in_folder(names[k]), outputs, xyz ? PER_ATOM : OUTPUTS,
                                                  sets, xyz ? 1 : 2, NULL, &p);
        if (status == MTX_EUNSUPPORTED) continue;
        assert_int_equal(status, MTX_OK);
        for (int f = 0; f < 2000; f += 50) assert_int_equal(put_frames(w, f, f + 50, &p), MTX_OK);
        mtx_writer_abort(w);
        size_t length;
        char *old = read_file(in_folder(names[k]), &length);
        assert_string_equal(old, "old");
        free(old);
        assert_int_equal(count_files(true), 1);
    }
    mtx_writer_abort(NULL);
}

static void places_that_cannot_be_written(void **state)
{
    (void)state;
    static const char *const names[] = {"/nowhere/at/all.npz", "/nowhere/at/all.csv", "/nowhere/at/all.xyz",
                                        "/nowhere/at/all.h5"};
    mtx_writer *w;
    mtx_problem p;
    for (int k = 0; k < 4; k++) {
        const mtx_status status = mtx_writer_open(&w, names[k], outputs, 1, NULL, 0, NULL, &p);
        if (status == MTX_EUNSUPPORTED) continue;
        assert_int_equal(status, MTX_EIO);
        assert_string_equal(p.code, "E0640");
        assert_non_null(strstr(p.message, names[k]));
        assert_null(w);
    }
    assert_int_equal(mkdir(in_folder("d.csv"), 0777), 0);
    assert_int_equal(mtx_writer_open(&w, in_folder("d.csv"), outputs, 1, NULL, 0, NULL, &p), MTX_EIO);
    rmdir(in_folder("d.csv"));
    assert_int_equal(mtx_writer_open(&w, in_folder("a.pdf"), outputs, 1, NULL, 0, NULL, &p), MTX_EINVAL);
    assert_string_equal(p.code, "E0643");
    assert_int_equal(mtx_writer_open(&w, in_folder("noending"), outputs, 1, NULL, 0, NULL, &p), MTX_EINVAL);
    assert_int_equal(count_files(true), 0);
}

static void declarations_that_do_not_fit(void **state)
{
    (void)state;
    const mtx_output twice[] = {{.name = "E", .set = -1}, {.name = "E", .set = -1}},
                     lost[] = {{.name = "E", .set = 2}};
    const mtx_output deep[] = {{.name = "E", .set = -1, .rank = 99}},
                     huge[] = {{.name = "E", .set = -1, .rank = 2, .shape = {1 << 20, 1 << 20}}};
    const mtx_output clash[] = {{.name = "bond.ptr", .set = -1}};
    const struct {
        const mtx_output *outputs;
        int count;
    } cases[] = {{twice, 2}, {lost, 1}, {deep, 1}, {huge, 1}, {clash, 1}};
    mtx_writer *w;
    mtx_problem p;
    for (int k = 0; k < 5; k++) {
        const mtx_status status =
            mtx_writer_open(&w, in_folder("a.npz"), cases[k].outputs, cases[k].count, sets, 2, NULL, &p);
        if (status == MTX_EUNSUPPORTED) continue;
        assert_int_equal(status, MTX_EINVAL);
        assert_string_equal(p.code, "E0642");
    }
    assert_int_equal(mtx_writer_open(&w, in_folder("a.csv"), outputs, OUTPUTS, sets, 2, NULL, &p), MTX_OK);
    const int64_t back[] = {0, 2, 1}, one[] = {0, 1, 1};
    const void *data[OUTPUTS] = {0};
    const mtx_set_rows backwards[2] = {{.ptr = back}, {.ptr = back}},
                       missing[2] = {{.ptr = one}, {.ptr = one}};
    mtx_rows batch = {.frames = 2, .data = data, .sets = backwards};
    assert_int_equal(mtx_writer_append(w, &batch, &p), MTX_EINVAL);
    batch.sets = missing;
    assert_int_equal(mtx_writer_append(w, &batch, &p), MTX_EINVAL);
    assert_string_equal(p.code, "E0642");
    mtx_writer_abort(w);
    assert_int_equal(count_files(true), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#ifdef MTX_HAVE_ZLIB
        cmocka_unit_test(npz_holds_everything),
        cmocka_unit_test(npz_long_texts),
#endif
#ifdef MTX_HAVE_HDF5
        cmocka_unit_test(hdf5_holds_everything),
#endif
        cmocka_unit_test(csv_tables),
        cmocka_unit_test(csv_of_too_many_columns),
        cmocka_unit_test(xyz_reads_back),
        cmocka_unit_test(xyz_holds_no_pairs),
        cmocka_unit_test(giving_up_leaves_nothing),
        cmocka_unit_test(places_that_cannot_be_written),
        cmocka_unit_test(declarations_that_do_not_fit)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
