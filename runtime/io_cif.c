/* SPDX-License-Identifier: Apache-2.0
 *
 * io_cif.c: crystals from CIF. In: the whole text, parsed by gemmi (cif_module.cc, loaded when first needed);
 * out: one structure per block that has fractional coordinates, with the full cell. The operations come from
 * the symmetry loop, else from the group's symbol or number, else P1 is taken. Images of a site closer than
 * 0.1 angstrom are one atom, put at their mean, which is the special position that rounded coordinates meant.
 * Partial occupancy is refused. Column `label` repeats the site's label; info `name` is the block's name;
 * info `_tag` is any tag that is wanted.
 */
#define _POSIX_C_SOURCE 200809L
#include "cif_shim.h"
#include "io.h"
#include "module.h"

#include <math.h>
#include <stdlib.h>

enum { OPERATIONS_MAX = 192 * 4 };
static const double merge_distance = 0.1;      /* angstrom */

typedef struct cif_state {
    const cif_shim *gemmi;
    void           *document;
    int             block;
    double        (*operation)[12];        /* rotation, row by row, then shift; fractional           */
    int             operations;
} cif_state;

static const char *text_of(const cif_state *c, const char *tag)
{
    return c->gemmi->count(c->document, c->block, tag) == 1 ? c->gemmi->value(c->document, c->block, tag, 0)
                                                            : NULL;
}

/* The first of several tags that has values; NULL: none. */
static const char *first_tag(const cif_state *c, const char *const *tags)
{
    for (; *tags != NULL; tags++) {
        if (c->gemmi->count(c->document, c->block, *tags) > 0) return *tags;
    }
    return NULL;
}

static mtx_status cif_problem(const mtx_reader *r, mtx_problem *problem, mtx_status status, const char *code,
                              const char *field, int64_t atom, const char *text)
{
    const cif_state *c = r->state;
    const char *name = c->gemmi->name(c->document, c->block);
    io_problem(r, problem, status, code, c->gemmi->line(c->document, c->block), atom, "%s, in block %s", text,
               io_quote(name, strlen(name)).text);
    io_problem_field(problem, field, strlen(field));
    return status;
}

/* A number, perhaps with its uncertainty: 5.4309(2). */
static bool parse_number(const char *text, double *value)
{
    char padded[80];
    const size_t length = strcspn(text, "(");
    if (length == 0 || length >= sizeof padded - 16) return false;
    memset(padded, 0, sizeof padded);
    memcpy(padded, text, length);
    return number_parse_any(padded, value) == padded + length;
}

static mtx_status read_number(mtx_reader *r, const char *tag, int64_t row, double *value,
                              mtx_problem *problem)
{
    const cif_state *c = r->state;
    const char *text = row < c->gemmi->count(c->document, c->block, tag)
                     ? c->gemmi->value(c->document, c->block, tag, row) : "";
    if (parse_number(text, value)) return MTX_OK;
    char message[120];
    if (*text == '\0') snprintf(message, sizeof message, "%s is missing or unknown", tag);
    else
        snprintf(message, sizeof message, "expected a number for %s, found %s", tag,
                 io_quote(text, strlen(text)).text);
    const bool atom = strncmp(tag, "_atom", 5) == 0;
    return cif_problem(r, problem, MTX_EFORMAT, *text == '\0' ? "E0621" : "E0611", tag, atom ? row : -1,
                       message);
}

/* Cosine of an angle in degrees, exact where it is rational. */
static double cosine(double degrees)
{
    if (degrees == 90.0) return 0.0;
    if (degrees == 60.0) return 0.5;
    if (degrees == 120.0) return -0.5;
    return cos(degrees * 0.017453292519943295);
}

/* a along x, b in the xy plane. */
static mtx_status read_cell(mtx_reader *r, mtx_structure *s, double angles[3], mtx_problem *problem)
{
    static const char *const lengths[] = {"_cell_length_a", "_cell_length_b", "_cell_length_c"};
    static const char *const angle_tags[] = {"_cell_angle_alpha", "_cell_angle_beta", "_cell_angle_gamma"};
    double length[3] = {0}, cosines[3];
    for (int k = 0; k < 3; k++) {
        mtx_status status = read_number(r, lengths[k], 0, &length[k], problem);
        if (status == MTX_OK) status = read_number(r, angle_tags[k], 0, &angles[k], problem);
        if (status != MTX_OK) return status;
        cosines[k] = cosine(angles[k]);
    }
    const double sine = angles[2] == 90.0 ? 1.0 : sqrt(fmax(0.0, 1.0 - cosines[2] * cosines[2]));
    const double x = cosines[1], y = (cosines[0] - cosines[1] * cosines[2]) / sine;
    const double z = sqrt(fmax(0.0, 1.0 - x * x - y * y));
    if (!(length[0] > 0 && length[1] > 0 && length[2] > 0 && sine > 1e-6 && z > 1e-6)) {
        return cif_problem(r, problem, MTX_EDATA, "E0615", "_cell", -1, "the cell has no volume");
    }
    s->cell[0][0] = length[0];
    s->cell[1][0] = length[1] * cosines[2];
    s->cell[1][1] = length[1] * sine;
    s->cell[2][0] = length[2] * x;
    s->cell[2][1] = length[2] * y;
    s->cell[2][2] = length[2] * z;
    memset(s->pbc, 1, sizeof s->pbc);
    return MTX_OK;
}

static mtx_status read_loop_operations(mtx_reader *r, const char *tag, mtx_problem *problem)
{
    cif_state *c = r->state;
    const int64_t count = c->gemmi->count(c->document, c->block, tag);
    if (count > OPERATIONS_MAX) {
        return cif_problem(r, problem, MTX_EFORMAT, "E0621", tag, -1,
                           "there are more symmetry operations than any "
                           "space group has");
    }
    for (int64_t k = 0; k < count; k++) {
        const char *text = c->gemmi->value(c->document, c->block, tag, k);
        if (c->gemmi->triplet(text, c->operation[k], c->operation[k] + 9)) continue;
        char message[120];
        snprintf(message, sizeof message, "%s is no symmetry operation", io_quote(text, strlen(text)).text);
        return cif_problem(r, problem, MTX_EFORMAT, "E0621", tag, -1, message);
    }
    c->operations = (int)count;
    return MTX_OK;
}

static mtx_status read_symmetry(mtx_reader *r, const double angles[3], mtx_problem *problem)
{
    static const char *const loops[] = {"_space_group_symop_operation_xyz",
                                        "_space_group_symop.operation_xyz", "_symmetry_equiv_pos_as_xyz",
                                        NULL};
    static const char *const symbols[] = {"_space_group_name_Hall", "_symmetry_space_group_name_Hall",
                                          "_space_group_name_H-M_alt", "_symmetry_space_group_name_H-M",
                                          "_space_group_IT_number", "_symmetry_Int_Tables_number"};
    static const double identity[12] = {1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0};
    cif_state *c = r->state;
    const char *loop = first_tag(c, loops);
    if (loop != NULL) return read_loop_operations(r, loop, problem);
    for (size_t k = 0; k < sizeof symbols / sizeof symbols[0]; k++) {
        const char *symbol = text_of(c, symbols[k]);
        if (symbol == NULL || *symbol == '\0') continue;
        c->operations = c->gemmi->operations(symbol, angles[0], angles[2], c->operation, OPERATIONS_MAX);
        if (c->operations > 0) return MTX_OK;
        char message[120];
        snprintf(message, sizeof message, "unknown space group %s", io_quote(symbol, strlen(symbol)).text);
        return cif_problem(r, problem, MTX_EDATA, "E0621", symbols[k], -1, message);
    }
    memcpy(c->operation[0], identity, sizeof identity);
    c->operations = 1;
    return MTX_OK;
}

/* Element of "Mo", "Mo4+", "MO" (a type), or of "Mo1", "O2A" (a label). 0: none. */
static int element_of(const char *text, bool label)
{
    char symbol[2] = {text[0], text[0] != '\0' ? text[1] : '\0'};
    if (symbol[0] >= 'a' && symbol[0] <= 'z') symbol[0] = (char)(symbol[0] - 'a' + 'A');
    const bool upper = symbol[1] >= 'A' && symbol[1] <= 'Z';
    if (upper && !label) symbol[1] = (char)(symbol[1] - 'A' + 'a');
    const bool letter = symbol[1] >= 'a' && symbol[1] <= 'z';
    int Z = letter ? mtx_element_number(symbol, 2) : 0;
    if (Z == 0 && (!letter || label)) Z = mtx_element_number(symbol, 1);
    return Z;
}

static mtx_status read_species(mtx_reader *r, int64_t row, int *Z, mtx_problem *problem)
{
    cif_state *c = r->state;
    const char *tag = "_atom_site_type_symbol";
    const bool label = c->gemmi->count(c->document, c->block, tag) <= row;
    if (label) tag = "_atom_site_label";
    const char *text = row < c->gemmi->count(c->document, c->block, tag)
                     ? c->gemmi->value(c->document, c->block, tag, row) : "";
    *Z = element_of(text, label);
    if (*Z > 0) return MTX_OK;
    char message[120];
    snprintf(message, sizeof message, "unknown element %s", io_quote(text, strlen(text)).text);
    return cif_problem(r, problem, MTX_EDATA, "E0613", tag, row, message);
}

static mtx_status check_occupancy(mtx_reader *r, int64_t row, mtx_problem *problem)
{
    static const char tag[] = "_atom_site_occupancy";
    cif_state *c = r->state;
    double occupancy = 1.0;
    if (row >= c->gemmi->count(c->document, c->block, tag)) return MTX_OK;
    const char *text = c->gemmi->value(c->document, c->block, tag, row);
    if (*text == '\0' || (parse_number(text, &occupancy) && occupancy >= 1.0 - 1e-6)) return MTX_OK;
    char message[120];
    snprintf(message, sizeof message, "a site has the occupancy %s", io_quote(text, strlen(text)).text);
    cif_problem(r, problem, MTX_EDATA, "E0623", tag, row, message);
    rt_problem_help(problem, "mtx works on ordered structures; choose an ordered approximant");
    return MTX_EDATA;
}

static double wrap(double x)
{
    x -= floor(x);
    return x < 1.0 ? x : 0.0;
}

static double distance2(const mtx_structure *s, const double d[3])
{
    double sum = 0.0;
    for (int k = 0; k < 3; k++) {
        const double x = d[0] * s->cell[0][k] + d[1] * s->cell[1][k] + d[2] * s->cell[2][k];
        sum += x * x;
    }
    return sum;
}

/* One atom of an orbit: sum of its images, unwrapped next to the first, and how many there are. */
typedef struct image { double first[3], sum[3]; int count; } image;

/* Adds a position to the orbit: to the image it coincides with, or as a new one. */
static void add_image(const mtx_structure *s, image *orbit, int *used, const double x[3])
{
    for (int k = 0; k < *used; k++) {
        double d[3];
        for (int a = 0; a < 3; a++) d[a] = x[a] - orbit[k].first[a] - nearbyint(x[a] - orbit[k].first[a]);
        if (distance2(s, d) > merge_distance * merge_distance) continue;
        for (int a = 0; a < 3; a++) orbit[k].sum[a] += d[a];
        orbit[k].count++;
        return;
    }
    orbit[*used] = (image){.first = {x[0], x[1], x[2]}, .count = 1};
    ++*used;
}

/* All atoms of one site, appended to the structure. */
static mtx_status expand_site(const cif_state *c, mtx_structure *s, const double x[3], int Z, image *orbit,
                              int *used, mtx_problem *problem)
{
    *used = 0;
    for (int k = 0; k < c->operations; k++) {
        const double *op = c->operation[k];
        double y[3];
        for (int a = 0; a < 3; a++)
            y[a] = wrap(op[3 * a] * x[0] + op[3 * a + 1] * x[1] + op[3 * a + 2] * x[2] + op[9 + a]);
        add_image(s, orbit, used, y);
    }
    if (mtx_structure_reserve(s, s->n + *used) != MTX_OK) return io_no_memory(problem);
    for (int k = 0; k < *used; k++, s->n++) {
        double y[3];
        for (int a = 0; a < 3; a++) y[a] = orbit[k].first[a] + orbit[k].sum[a] / orbit[k].count;
        for (int a = 0; a < 3; a++) {
            s->r[s->n][a] = y[0] * s->cell[0][a] + y[1] * s->cell[1][a] + y[2] * s->cell[2][a];
        }
        s->Z[s->n] = Z;
    }
    return MTX_OK;
}

/* Expands every site; site_of[site] is the number of atoms it gave. */
static mtx_status read_sites(mtx_reader *r, mtx_structure *s, int64_t sites, int *atoms_of,
                             mtx_problem *problem)
{
    static const char *const tags[] = {"_atom_site_fract_x", "_atom_site_fract_y", "_atom_site_fract_z"};
    cif_state *c = r->state;
    image *orbit = calloc((size_t)c->operations, sizeof *orbit);
    if (orbit == NULL) return io_no_memory(problem);
    mtx_status status = MTX_OK;
    for (int64_t k = 0; k < sites && status == MTX_OK; k++) {
        double x[3] = {0};
        int Z = 0;
        status = read_species(r, k, &Z, problem);
        if (status == MTX_OK) status = check_occupancy(r, k, problem);
        for (int a = 0; a < 3 && status == MTX_OK; a++) status = read_number(r, tags[a], k, &x[a], problem);
        if (status == MTX_OK) status = expand_site(c, s, x, Z, orbit, &atoms_of[k], problem);
        if (status == MTX_OK && s->n > INT32_MAX / 2) status = io_no_memory(problem);
    }
    free(orbit);
    return status;
}

static mtx_status keep_labels(mtx_reader *r, mtx_structure *s, int64_t sites, const int *atoms_of,
                              mtx_problem *problem)
{
    static const char tag[] = "_atom_site_label";
    const cif_state *c = r->state;
    if (!io_keeps(r, "label", 5, true) || c->gemmi->count(c->document, c->block, tag) < sites) return MTX_OK;
    mtx_column *column = mtx_structure_add_column(s, "label", MTX_COL_TEXT, 1);
    if (column == NULL) return io_no_memory(problem);
    int64_t i = 0;
    for (int64_t k = 0; k < sites; k++) {
        for (int copy = 0; copy < atoms_of[k]; copy++, i++) {
            const char *text = c->gemmi->value(c->document, c->block, tag, k);
            column->text[i] = io_text(text, strlen(text));
            if (column->text[i] == NULL) return io_no_memory(problem);
        }
    }
    return MTX_OK;
}

static mtx_status keep_text(mtx_structure *s, const char *name, const char *text, mtx_problem *problem)
{
    double value;
    mtx_column *column =
        mtx_structure_add_info(s, name, parse_number(text, &value) ? MTX_COL_REAL : MTX_COL_TEXT, 1);
    if (column == NULL) return io_no_memory(problem);
    if (column->type == MTX_COL_REAL) column->real[0] = value;
    else if ((column->text[0] = io_text(text, strlen(text))) == NULL) return io_no_memory(problem);
    return MTX_OK;
}

static mtx_status keep_info(mtx_reader *r, mtx_structure *s, mtx_problem *problem)
{
    const cif_state *c = r->state;
    mtx_status status = MTX_OK;
    if (io_keeps(r, "name", 4, false))
        status = keep_text(s, "name", c->gemmi->name(c->document, c->block), problem);
    for (int32_t k = 0; k < r->n_wanted && status == MTX_OK; k++) {
        const mtx_wanted *w = &r->wanted[k];
        const char *text = !w->per_atom && w->name[0] == '_' ? text_of(c, w->name) : NULL;
        if (text != NULL && *text != '\0') status = keep_text(s, w->name, text, problem);
    }
    return status;
}

static mtx_status parse_document(mtx_reader *r, mtx_problem *problem)
{
    cif_state *c = r->state;
    char *text, error[200] = "";
    size_t length;
    const mtx_status status = io_stream_rest(&r->stream, &text, &length, problem);
    if (status != MTX_OK) return status;
    c->document = c->gemmi->parse(text, length, error, sizeof error);
    if (c->document != NULL) return MTX_OK;
    /* gemmi says ":LINE:COLUMN(BYTE): what" */
    const char *colon = strchr(error, ':');
    const int64_t line = colon != NULL ? strtol(colon + 1, NULL, 10) : -1;
    return io_problem(r, problem, MTX_EFORMAT, "E0621", line > 0 ? line : -1, -1, "CIF syntax %s", error);
}

static mtx_status cif_next(mtx_reader *r, mtx_structure *s, mtx_problem *problem)
{
    static const char coordinate[] = "_atom_site_fract_x";
    cif_state *c = r->state;
    if (c->document == NULL) {
        if (r->frame > 0) return MTX_END;
        const mtx_status status = parse_document(r, problem);
        if (status != MTX_OK) return status;
        c->block = -1;
    }
    do {
        if (++c->block >= c->gemmi->blocks(c->document)) {
            if (r->frame > 0) return MTX_END;
            return io_problem(r, problem, MTX_EFORMAT, "E0621", -1, -1, "no block has %s", coordinate);
        }
    } while (c->gemmi->count(c->document, c->block, coordinate) == 0);
    const int64_t sites = c->gemmi->count(c->document, c->block, coordinate);
    int *atoms_of = calloc((size_t)sites + 1, sizeof *atoms_of);
    if (atoms_of == NULL) return io_no_memory(problem);
    double angles[3] = {90, 90, 90};
    s->line = c->gemmi->line(c->document, c->block);
    mtx_status status = read_cell(r, s, angles, problem);
    if (status == MTX_OK) status = read_symmetry(r, angles, problem);
    if (status == MTX_OK) status = read_sites(r, s, sites, atoms_of, problem);
    if (status == MTX_OK) status = keep_labels(r, s, sites, atoms_of, problem);
    if (status == MTX_OK) status = keep_info(r, s, problem);
    free(atoms_of);
    return status;
}

static mtx_status cif_open(mtx_reader *r, mtx_problem *problem)
{
    const cif_shim *gemmi = mtxrt_module("mtxrt-cif", "mtxrt_cif", problem);
    if (gemmi == NULL) return MTX_EUNSUPPORTED;
    cif_state *c = calloc(1, sizeof *c);
    if (c == NULL) return io_no_memory(problem);
    r->state = c;
    c->gemmi = gemmi;
    c->operation = calloc(OPERATIONS_MAX, sizeof *c->operation);
    return c->operation != NULL ? MTX_OK : io_no_memory(problem);
}

static void cif_close(mtx_reader *r)
{
    cif_state *c = r->state;
    if (c == NULL) return;
    if (c->document != NULL) c->gemmi->free(c->document);
    free(c->operation);
    free(c);
}

/* A block header at the start of a line. */
static bool cif_recognise(const char *text, size_t length)
{
    for (size_t k = 0; k + 5 < length; k++) {
        if ((k == 0 || text[k - 1] == '\n') && memcmp(text + k, "data_", 5) == 0) return true;
    }
    return false;
}

const io_format io_format_cif = {.name = "cif",
                                 .names = "|cif|mcif|",
                                 .recognise = cif_recognise,
                                 .open = cif_open,
                                 .next = cif_next,
                                 .close = cif_close};
