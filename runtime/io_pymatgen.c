/* SPDX-License-Identifier: Apache-2.0
 *
 * io_pymatgen.c: one structure from the JSON that pymatgen's Structure.as_dict and Molecule.as_dict give. In:
 * a parsed record; out: atoms, cell (rows of lattice.matrix), per-site properties as columns, frame
 * properties as info. A record may also wrap a structure, {"structure": {..}, "band_gap": 1.2}: its other
 * keys become info. A site shared by several species, or not fully occupied, is refused.
 */
#ifdef MTX_HAVE_JANSSON

#include "io_json.h"

#include <math.h>
#include <stdlib.h>

bool json_is_pymatgen(json_t *record)
{
    return json_is_array(json_object_get(record, "sites")) ||
           json_is_object(json_object_get(record, "structure"));
}

static mtx_status read_lattice(json_place at, json_t *record, mtx_structure *s, mtx_problem *problem)
{
    json_t *lattice = json_object_get(record, "lattice");
    if (lattice == NULL || json_is_null(lattice)) return MTX_OK;       /* a molecule */
    json_t *matrix = json_is_object(lattice) ? json_object_get(lattice, "matrix") : lattice;
    if (json_count_numbers(matrix) != 9) {
        return json_problem(at, problem, MTX_EFORMAT, "E0614", "lattice", -1,
                            "`lattice.matrix` is not three rows of three numbers");
    }
    const mtx_status status = json_numbers(at, matrix, &s->cell[0][0], 9, "lattice", -1, problem);
    if (status != MTX_OK) return status;
    memset(s->pbc, 1, sizeof s->pbc);
    json_t *pbc = json_object_get(lattice, "pbc");
    return pbc != NULL ? json_pbc(at, pbc, s->pbc, problem) : MTX_OK;
}

static mtx_status read_species(json_place at, json_t *site, int64_t i, int32_t *Z, mtx_problem *problem)
{
    json_t *species = json_object_get(site, "species"), *one = json_array_get(species, 0);
    const char *symbol = json_string_value(json_object_get(one, "element"));
    if (symbol == NULL) {
        return json_problem(at, problem, MTX_EFORMAT, "E0620", "species", i,
                            "the site has no `species` with `element`");
    }
    json_t *occupancy = json_object_get(one, "occu");
    if (json_array_size(species) != 1 ||
        (json_is_number(occupancy) && json_number_value(occupancy) < 1.0 - 1e-8)) {
        json_problem(at, problem, MTX_EDATA, "E0623", "species", i,
                     "the site is partially occupied or shared");
        rt_problem_help(problem, "mtx works on ordered structures; choose an ordered approximant");
        return MTX_EDATA;
    }
    *Z = mtx_element_number(symbol, strlen(symbol));
    if (*Z > 0) return MTX_OK;
    return json_problem(at, problem, MTX_EDATA, "E0613", "species", i, "unknown element %s",
                        io_quote(symbol, strlen(symbol)).text);
}

/* Fractional coordinates are the ones pymatgen itself goes by; molecules have Cartesian ones only. */
static mtx_status read_position(json_place at, json_t *site, bool crystal, mtx_structure *s, int64_t i,
                                mtx_problem *problem)
{
    json_t *fractional = crystal ? json_object_get(site, "abc") : NULL;
    if (fractional == NULL)
        return json_numbers(at, json_object_get(site, "xyz"), s->r[i], 3, "xyz", i, problem);
    double x[3] = {0};
    const mtx_status status = json_numbers(at, fractional, x, 3, "abc", i, problem);
    for (int c = 0; c < 3; c++)
        s->r[i][c] = x[0] * s->cell[0][c] + x[1] * s->cell[1][c] + x[2] * s->cell[2][c];
    return status;
}

static mtx_status read_sites(json_place at, json_t *sites, bool crystal, mtx_structure *s,
                             mtx_problem *problem)
{
    const size_t count = json_array_size(sites);
    if (count > INT32_MAX || mtx_structure_reserve(s, (int64_t)count) != MTX_OK) return io_no_memory(problem);
    for (size_t i = 0; i < count; i++) {
        json_t *site = json_array_get(sites, i);
        mtx_status status = read_species(at, site, (int64_t)i, &s->Z[i], problem);
        if (status == MTX_OK) status = read_position(at, site, crystal, s, (int64_t)i, problem);
        if (status != MTX_OK) return status;
    }
    s->n = (int64_t)count;
    return MTX_OK;
}

static mtx_status read_properties(json_place at, json_t *sites, mtx_structure *s, mtx_problem *problem)
{
    json_t *known = json_object_get(json_array_get(sites, 0), "properties");
    json_t **values = calloc((size_t)s->n + 1, sizeof *values);
    if (values == NULL) return io_no_memory(problem);
    mtx_status status = MTX_OK;
    for (void *it = json_object_iter(known); it != NULL && status == MTX_OK;
         it = json_object_iter_next(known, it)) {
        const char *name = json_object_iter_key(it);
        for (size_t i = 0; i < (size_t)s->n; i++) {
            values[i] = json_object_get(json_object_get(json_array_get(sites, i), "properties"), name);
        }
        status = json_keep_column(at, s, name, values, problem);
    }
    free(values);
    return status;
}

static mtx_status keep_keys(json_place at, json_t *object, const char *const *except, mtx_structure *s,
                            mtx_problem *problem)
{
    for (void *it = json_object_iter(object); it != NULL; it = json_object_iter_next(object, it)) {
        const char *key = json_object_iter_key(it);
        bool left_out = key[0] == '@';
        for (const char *const *e = except; *e != NULL; e++) left_out = left_out || strcmp(key, *e) == 0;
        if (left_out) continue;
        const mtx_status status = json_keep_info(at, s, key, json_object_iter_value(it), problem);
        if (status != MTX_OK) return status;
    }
    return MTX_OK;
}

mtx_status json_read_pymatgen(json_place at, json_t *record, mtx_structure *s, mtx_problem *problem)
{
    static const char *const wrapper_keys[] = {"structure", NULL};
    static const char *const structure_keys[] = {"lattice", "sites", "properties", NULL};
    static const char *const none[] = {NULL};
    json_t *inner = json_object_get(record, "structure");
    json_t *structure = json_is_object(inner) ? inner : record;
    json_t *sites = json_object_get(structure, "sites");
    if (!json_is_array(sites)) {
        return json_problem(at, problem, MTX_EFORMAT, "E0620", "sites", -1,
                            "the structure has no list `sites`");
    }
    mtx_status status = read_lattice(at, structure, s, problem);
    json_t *lattice = json_object_get(structure, "lattice");
    if (status == MTX_OK)
        status = read_sites(at, sites, lattice != NULL && !json_is_null(lattice), s, problem);
    if (status == MTX_OK) status = read_properties(at, sites, s, problem);
    if (status == MTX_OK) status = keep_keys(at, structure, structure_keys, s, problem);
    if (status == MTX_OK) status = keep_keys(at, json_object_get(structure, "properties"), none, s, problem);
    if (status == MTX_OK && structure != record) status = keep_keys(at, record, wrapper_keys, s, problem);
    return status;
}

#else
typedef int io_pymatgen_is_empty;          /* built without jansson */
#endif
