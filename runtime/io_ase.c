/* SPDX-License-Identifier: Apache-2.0
 *
 * io_ase.c: one structure from a row of an ASE database in JSON form. In: a parsed row; out: atoms, cell,
 * periodic directions, per-atom arrays (forces, tags, ...) as columns, energies and the user's
 * key_value_pairs as info, the row's number as info `id`. `data`, constraints and calculator settings are
 * left out. SQLite rows: io_asedb.c.
 */
#ifdef MTX_HAVE_JANSSON

#include "io_json.h"

#include <stdlib.h>

/* What a row may hold beside the atoms, and its numbers per atom (0: per frame). */
static const struct { const char *name; int width;
} quantities[] = {{"forces", 3}, {"initial_magmoms", 1}, {"initial_charges", 1}, {"masses", 1},
                  {"tags", 1},   {"momenta", 3},         {"magmoms", 1},         {"charges", 1},
                  {"energy", 0}, {"free_energy", 0},     {"stress", 0},          {"dipole", 0},
                  {"magmom", 0}};

static mtx_status read_atoms(json_place at, json_t *row, mtx_structure *s, mtx_problem *problem)
{
    json_t *numbers = json_unwrap(json_object_get(row, "numbers"));
    const int64_t n = numbers != NULL ? json_count_numbers(numbers) : -1;
    if (n < 0 || n > INT32_MAX || !json_is_array(numbers)) {
        return json_problem(at, problem, MTX_EFORMAT, "E0620", "numbers", -1,
                            "the row has no list `numbers`");
    }
    if (mtx_structure_reserve(s, n) != MTX_OK) return io_no_memory(problem);
    for (int64_t i = 0; i < n; i++) {
        const double Z = json_number_value(json_array_get(numbers, (size_t)i));
        if (!(Z >= 1 && Z <= 118) || Z != (int32_t)Z) {
            return json_problem(at, problem, MTX_EDATA, "E0613", "numbers", i, "unknown element %g", Z);
        }
        s->Z[i] = (int32_t)Z;
    }
    double none;
    const mtx_status status = json_numbers(at, json_object_get(row, "positions"), n > 0 ? s->r[0] : &none,
                                           3 * n, "positions", -1, problem);
    if (status == MTX_OK) s->n = n;
    return status;
}

static mtx_status read_quantity(json_place at, json_t *row, const char *name, int width, mtx_structure *s,
                                mtx_problem *problem)
{
    json_t *value = json_object_get(row, name);
    if (value == NULL || json_is_null(value)) return MTX_OK;
    if (width == 0) return json_keep_info(at, s, name, value, problem);
    if (!io_keeps(at.r, name, strlen(name), true)) return MTX_OK;
    json_t *array = json_unwrap(value);
    const int64_t count = json_count_numbers(array);
    if (count < 0 || s->n == 0 || count % s->n != 0) {
        if (count == 0) return MTX_OK;
        return json_problem(at, problem, MTX_EDATA, "E0618", name, -1, "`%s` has %lld numbers for %lld atoms",
                            name, (long long)count, (long long)s->n);
    }
    mtx_column *c = mtx_structure_add_column(s, name, strcmp(name, "tags") == 0 ? MTX_COL_INT : MTX_COL_REAL,
                                             (int32_t)(count / s->n));
    if (c == NULL) return io_no_memory(problem);
    return json_numbers(at, array, c->real, count, name, -1, problem);
}

mtx_status json_read_ase(json_place at, const char *key, json_t *row, mtx_structure *s, mtx_problem *problem)
{
    mtx_status status = read_atoms(at, row, s, problem);
    if (status == MTX_OK) {
        status = json_numbers(at, json_object_get(row, "cell"), &s->cell[0][0], 9, "cell", -1, problem);
    }
    json_t *pbc = json_object_get(row, "pbc");
    if (status == MTX_OK && pbc != NULL) status = json_pbc(at, pbc, s->pbc, problem);
    for (size_t k = 0; k < sizeof quantities / sizeof quantities[0] && status == MTX_OK; k++) {
        status = read_quantity(at, row, quantities[k].name, quantities[k].width, s, problem);
    }
    if (status == MTX_OK && key != NULL && io_keeps(at.r, "id", 2, false)) {
        mtx_column *c = mtx_structure_add_info(s, "id", MTX_COL_INT, 1);
        if (c == NULL) return io_no_memory(problem);
        c->real[0] = strtod(key, NULL);
    }
    json_t *pairs = json_object_get(row, "key_value_pairs");
    for (void *it = json_object_iter(pairs); it != NULL && status == MTX_OK;
         it = json_object_iter_next(pairs, it)) {
        status = json_keep_info(at, s, json_object_iter_key(it), json_object_iter_value(it), problem);
    }
    return status;
}

#else
typedef int io_ase_is_empty;               /* built without jansson */
#endif
