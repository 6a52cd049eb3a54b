/* SPDX-License-Identifier: Apache-2.0
 *
 * sqlite_module.c: rows of an ASE SQLite database (ase.db, versions 5 to 9), loaded when first needed. In:
 * the table `systems`, in order of id; out: structures. Arrays are little-endian blobs (numbers int32, the
 * rest float64), pbc is a bit mask, key_value_pairs is JSON. A packed database is unpacked into memory; any
 * other is read row by row.
 */
#include "io.h"
#include "module.h"

#include <stdlib.h>

#if defined(MTX_HAVE_SQLITE3) && defined(MTX_HAVE_JANSSON)

#include "io_json.h"

#include <sqlite3.h>

typedef struct database {
    sqlite3      *handle;
    sqlite3_stmt *rows;
    int           id, numbers, positions, cell, pbc, pairs;        /* column numbers, -1 absent */
    bool          ended;
} database;

/* Numbers per atom (0: per frame) and type of the other columns. */
static const struct { const char *name; int width; bool int32;
} quantities[] = {
    {"forces", 3, false}, {"initial_magmoms", 1, false}, {"initial_charges", 1, false}, {"masses", 1, false},
    {"tags", 1, true},    {"momenta", 3, false},         {"magmoms", 1, false},         {"charges", 1, false},
    {"energy", 0, false}, {"free_energy", 0, false},     {"stress", 0, false},          {"dipole", 0, false},
    {"magmom", 0, false}};

static mtx_status broken(mtx_reader *r, const database *d, mtx_problem *problem)
{
    return io_problem(r, problem, MTX_EFORMAT, "E0622", -1, -1, "SQLite: %.200s", sqlite3_errmsg(d->handle));
}

static int column_number(const database *d, const char *name)
{
    for (int k = 0; k < sqlite3_column_count(d->rows); k++) {
        if (strcmp(sqlite3_column_name(d->rows, k), name) == 0) return k;
    }
    return -1;
}

/* The unpacked bytes as a database in memory, which SQLite then owns. */
static mtx_status open_unpacked(mtx_reader *r, database *d, mtx_problem *problem)
{
    char *text;
    size_t length;
    const mtx_status status = io_stream_rest(&r->stream, &text, &length, problem);
    if (status != MTX_OK) return status;
    unsigned char *copy = sqlite3_malloc64(length);
    if (copy == NULL) return io_no_memory(problem);
    memcpy(copy, text, length);
    if (sqlite3_open_v2(":memory:", &d->handle, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK) {
        sqlite3_free(copy);
        return broken(r, d, problem);
    }
    const int code =
        sqlite3_deserialize(d->handle, "main", copy, (sqlite3_int64)length, (sqlite3_int64)length,
                            SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_READONLY);
    return code == SQLITE_OK ? MTX_OK : broken(r, d, problem);
}

static mtx_status database_open(mtx_reader *r, mtx_problem *problem)
{
    database *d = calloc(1, sizeof *d);
    if (d == NULL) return io_no_memory(problem);
    r->state = d;
    mtx_status status = MTX_OK;
    if (r->from_memory || io_stream_is_packed(&r->stream)) status = open_unpacked(r, d, problem);
    else if (sqlite3_open_v2(r->name, &d->handle, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK) {
        status = broken(r, d, problem);
    }
    if (status != MTX_OK) return status;
    if (sqlite3_prepare_v2(d->handle, "SELECT * FROM systems ORDER BY id", -1, &d->rows, NULL) != SQLITE_OK) {
        broken(r, d, problem);
        rt_problem_help(problem,
                        "an ASE database has a table `systems`; this SQLite file may be something else");
        return MTX_EFORMAT;
    }
    d->id = column_number(d, "id");
    d->numbers = column_number(d, "numbers");
    d->positions = column_number(d, "positions");
    d->cell = column_number(d, "cell");
    d->pbc = column_number(d, "pbc");
    d->pairs = column_number(d, "key_value_pairs");
    if (d->numbers >= 0 && d->positions >= 0 && d->cell >= 0 && d->pbc >= 0) return MTX_OK;
    return io_problem(r, problem, MTX_EFORMAT, "E0622", -1, -1,
                      "the table `systems` lacks the columns of ASE");
}

static void database_close(mtx_reader *r)
{
    database *d = r->state;
    if (d == NULL) return;
    sqlite3_finalize(d->rows);
    sqlite3_close(d->handle);
    free(d);
}

/* Little-endian numbers of a blob; -1 when the cell holds something else. */
static int64_t blob_count(const database *d, int column, size_t size)
{
    if (sqlite3_column_type(d->rows, column) != SQLITE_BLOB) return -1;
    const int bytes = sqlite3_column_bytes(d->rows, column);
    return bytes % (int)size == 0 ? bytes / (int)size : -1;
}

static uint64_t little_endian(const uint8_t *p, int bytes)
{
    uint64_t value = 0;
    for (int k = bytes - 1; k >= 0; k--) value = value << 8 | p[k];
    return value;
}

static void blob_doubles(const database *d, int column, double *to, int64_t count)
{
    const uint8_t *p = sqlite3_column_blob(d->rows, column);
    for (int64_t k = 0; k < count; k++) {
        const uint64_t bits = little_endian(p + 8 * k, 8);
        memcpy(&to[k], &bits, 8);
    }
}

static int32_t blob_int32(const database *d, int column, int64_t k)
{
    const uint8_t *p = sqlite3_column_blob(d->rows, column);
    return (int32_t)little_endian(p + 4 * k, 4);
}

static bool all_finite(const double *x, int64_t count)
{
    for (int64_t k = 0; k < count; k++) {
        if (!(x[k] - x[k] == 0.0)) return false;
    }
    return true;
}

static mtx_status read_atoms(mtx_reader *r, const database *d, mtx_structure *s, mtx_problem *problem)
{
    const int64_t n = blob_count(d, d->numbers, 4);
    if (n < 0 || blob_count(d, d->positions, 8) != 3 * n || blob_count(d, d->cell, 8) != 9) {
        return io_problem(r, problem, MTX_EFORMAT, "E0622", -1, -1,
                          "the blobs `numbers`, `positions` and `cell` do not fit together");
    }
    if (mtx_structure_reserve(s, n) != MTX_OK) return io_no_memory(problem);
    for (int64_t i = 0; i < n; i++) {
        s->Z[i] = blob_int32(d, d->numbers, i);
        if (s->Z[i] >= 1 && s->Z[i] <= 118) continue;
        return io_problem(r, problem, MTX_EDATA, "E0613", -1, i, "unknown element %d", (int)s->Z[i]);
    }
    if (n > 0) blob_doubles(d, d->positions, s->r[0], 3 * n);
    for (int64_t i = 0; i < n; i++) {
        if (all_finite(s->r[i], 3)) continue;
        return io_problem(r, problem, MTX_EDATA, "E0612", -1, i, "a position is not finite");
    }
    s->n = n;
    blob_doubles(d, d->cell, s->cell[0], 9);
    const int pbc = sqlite3_column_int(d->rows, d->pbc);
    for (int k = 0; k < 3; k++) s->pbc[k] = pbc >> k & 1;
    return MTX_OK;
}

static mtx_status read_quantity(mtx_reader *r, const database *d, int which, mtx_structure *s,
                                mtx_problem *problem)
{
    const char *name = quantities[which].name;
    const bool per_atom = quantities[which].width > 0, whole = quantities[which].int32;
    const int column = column_number(d, name);
    if (column < 0 || sqlite3_column_type(d->rows, column) == SQLITE_NULL) return MTX_OK;
    if (!io_keeps(r, name, strlen(name), per_atom)) return MTX_OK;
    const int type = sqlite3_column_type(d->rows, column);
    const bool number = type == SQLITE_FLOAT || type == SQLITE_INTEGER;
    const int64_t count = number ? 1 : blob_count(d, column, whole ? 4 : 8);
    if (count <= 0 || count > INT32_MAX || (per_atom && (s->n == 0 || count % s->n != 0))) {
        if (count == 0) return MTX_OK;
        return io_problem(r, problem, MTX_EFORMAT, "E0622", -1, -1, "the blob `%s` does not fit the atoms",
                          name);
    }
    mtx_column *c = per_atom ? mtx_structure_add_column(s, name, whole ? MTX_COL_INT : MTX_COL_REAL,
                                                        (int32_t)(count / s->n))
                             : mtx_structure_add_info(s, name, MTX_COL_REAL, (int32_t)count);
    if (c == NULL) return io_no_memory(problem);
    if (number) c->real[0] = sqlite3_column_double(d->rows, column);
    else if (!whole) blob_doubles(d, column, c->real, count);
    for (int64_t k = 0; whole && k < count; k++) c->real[k] = blob_int32(d, column, k);
    if (all_finite(c->real, count)) return MTX_OK;
    io_problem(r, problem, MTX_EDATA, "E0612", -1, -1, "`%s` is not finite", name);
    io_problem_field(problem, name, strlen(name));
    return MTX_EDATA;
}

static mtx_status read_pairs(mtx_reader *r, const database *d, mtx_structure *s, mtx_problem *problem)
{
    const char *text = d->pairs >= 0 ? (const char *)sqlite3_column_text(d->rows, d->pairs) : NULL;
    if (text == NULL || *text == '\0') return MTX_OK;
    json_error_t error;
    json_t *pairs = json_loads(text, 0, &error);
    if (pairs == NULL) {
        return io_problem(r, problem, MTX_EFORMAT, "E0622", -1, -1, "key_value_pairs: %.200s", error.text);
    }
    const json_place at = {r, -1};
    mtx_status status = MTX_OK;
    for (void *it = json_object_iter(pairs); it != NULL && status == MTX_OK;
         it = json_object_iter_next(pairs, it)) {
        status = json_keep_info(at, s, json_object_iter_key(it), json_object_iter_value(it), problem);
    }
    json_decref(pairs);
    return status;
}

static mtx_status database_next(mtx_reader *r, mtx_structure *s, mtx_problem *problem)
{
    database *d = r->state;
    if (d->ended) return MTX_END;
    const int code = sqlite3_step(d->rows);
    d->ended = code != SQLITE_ROW;
    if (code == SQLITE_DONE) return MTX_END;
    if (code != SQLITE_ROW) return broken(r, d, problem);
    mtx_status status = read_atoms(r, d, s, problem);
    for (int k = 0; k < (int)(sizeof quantities / sizeof quantities[0]) && status == MTX_OK; k++) {
        status = read_quantity(r, d, k, s, problem);
    }
    if (status == MTX_OK && d->id >= 0 && io_keeps(r, "id", 2, false)) {
        mtx_column *c = mtx_structure_add_info(s, "id", MTX_COL_INT, 1);
        if (c == NULL) return io_no_memory(problem);
        c->real[0] = (double)sqlite3_column_int64(d->rows, d->id);
    }
    return status == MTX_OK ? read_pairs(r, d, s, problem) : status;
}

#else

static mtx_status database_open(mtx_reader *r, mtx_problem *problem)
{
    io_problem(r, problem, MTX_EUNSUPPORTED, "E0603", -1, -1,
               "this build of mtx cannot read SQLite databases");
    rt_problem_help(problem, "install SQLite and jansson (libsqlite3-dev, libjansson-dev) and build again");
    return MTX_EUNSUPPORTED;
}

static mtx_status database_next(mtx_reader *r, mtx_structure *s, mtx_problem *problem)
{
    (void)s;
    return database_open(r, problem);
}

static void database_close(mtx_reader *r)
{
    (void)r;
}

#endif

extern MTX_API const io_format mtxrt_sqlite;
const io_format mtxrt_sqlite = {.name = "asedb", .names = "|asedb|db|", .open = database_open,
                                        .next = database_next, .close = database_close};
