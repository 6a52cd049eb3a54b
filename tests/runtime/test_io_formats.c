/* SPDX-License-Identifier: Apache-2.0
 *
 * test_io_formats.c: POSCAR, CIF, pymatgen JSON and ASE databases, files that other codes wrote
 * (data/make_data.py) and texts that must fail; packed files; how a format is found.
 */
#include "io_test.h"

#ifdef MTX_HAVE_ZLIB
#include <zlib.h>
#endif
#ifdef MTX_HAVE_LZMA
#include <lzma.h>
#endif

#define CLOSE 1e-9

static void check_atom(const mtx_structure *s, int64_t i, int Z, double x, double y, double z,
                       double tolerance)
{
    if (s->Z[i] == Z && fabs(s->r[i][0] - x) < tolerance && fabs(s->r[i][1] - y) < tolerance &&
        fabs(s->r[i][2] - z) < tolerance)
        return;
    fail_msg("atom %d is %d at %.12g %.12g %.12g, expected %d at %.12g %.12g %.12g", (int)i, (int)s->Z[i],
             s->r[i][0], s->r[i][1], s->r[i][2], Z, x, y, z);
}

/* The MoS2 layer of make_data.py, from whatever file; tolerance: its file's digits. */
static void check_layer(const mtx_structure *s, double tolerance)
{
    static const double a = 3.19, c = 14.9;
    assert_int_equal(s->n, 3);
    assert_true(s->pbc[0] && s->pbc[1] && s->pbc[2]);
    assert_true(fabs(s->cell[0][0] - a) < tolerance && fabs(s->cell[1][0] + a / 2) < tolerance);
    assert_true(fabs(s->cell[1][1] - a * sqrt(0.75)) < tolerance && fabs(s->cell[2][2] - c) < tolerance);
    check_atom(s, 0, 42, 0, a / sqrt(3), 0.25 * c, tolerance);
    check_atom(s, 1, 16, a / 2, a / sqrt(12), 0.1448 * c, tolerance);
    check_atom(s, 2, 16, a / 2, a / sqrt(12), 0.3552 * c, tolerance);
}

/* Opens a file of data/; skips the test when this build cannot read its format. */
static mtx_reader *open_data(const char *path, const mtx_reader_options *options)
{
    mtx_reader *r;
    mtx_problem p;
    const mtx_status status = mtx_reader_open(&r, path, options, &p);
    if (status == MTX_EUNSUPPORTED) skip();
    if (status != MTX_OK) fail_msg("%s %s", p.code, p.message);
    return r;
}

static void need_next(mtx_reader *r, mtx_structure *s)
{
    mtx_problem p;
    const mtx_status status = mtx_reader_next(r, s, &p);
    if (status == MTX_EUNSUPPORTED) skip();
    if (status != MTX_OK) fail_msg("%s %s", status == MTX_END ? "end" : p.code, p.message);
}

static void need_end(mtx_reader *r, mtx_structure *s)
{
    assert_int_equal(mtx_reader_next(r, s, NULL), MTX_END);
    assert_int_equal(mtx_reader_next(r, s, NULL), MTX_END);
    mtx_structure_free(s);
    mtx_reader_close(r);
}

/* ------------------------------------------------------------------------------------------------- POSCAR */

#define CUBE "cube\n1.0\n4 0 0\n0 4 0\n0 0 4\n"

static void poscar_of_pymatgen(void **state)
{
    (void)state;
    mtx_structure s;
    mtx_structure_init(&s);
    mtx_reader *r = open_data(data_path("layer.poscar"), NULL);
    assert_string_equal(mtx_reader_format(r), "poscar");
    need_next(r, &s);
    check_layer(&s, CLOSE);
    assert_string_equal(need_info(&s, "comment", MTX_COL_TEXT, 1)->text[0], "Mo1 S2");
    need_end(r, &s);
}

static void poscar_forms(void **state)
{
    (void)state;
    mtx_structure s;
    read_first("scaled\n 2.0 \n1 0 0\n0 2 0\n0 0 3\nNa_pv Cl/1a2b3c\n1 1\nCartesian\n0.5 0.5 0.5\n1 1 1\n",
               "POSCAR", NULL, &s);
    assert_true(s.cell[1][1] == 4 && s.cell[2][2] == 6);
    check_atom(&s, 0, 11, 1, 1, 1, CLOSE);
    check_atom(&s, 1, 17, 2, 2, 2, CLOSE);
    mtx_structure_free(&s);
    read_first("three scales\n2 3 4\n1 0 0\n0 1 0\n0 0 1\nC\n1\nk\n1 1 1\n", "CONTCAR", NULL, &s);
    assert_true(s.cell[0][0] == 2 && s.cell[1][1] == 3 && s.cell[2][2] == 4);
    check_atom(&s, 0, 6, 2, 3, 4, CLOSE);
    mtx_structure_free(&s);
    read_first("volume\n-216.0\n1 0 0\n0 1 0\n0 0 1\nC\n1\ndirect\n.5 .5 .5 C\n", "x.vasp", NULL, &s);
    assert_true(fabs(s.cell[0][0] - 6) < CLOSE && fabs(s.cell[2][2] - 6) < CLOSE);
    check_atom(&s, 0, 6, 3, 3, 3, CLOSE);
    mtx_structure_free(&s);
    read_first(CUBE "Mo S\r\n1 1\r\nSelective dynamics\r\nDirect\r\n0 0 0 T F T\r\n.5 .5 .5 .TRUE. .FALSE. "
                    "F\r\n\r\n0 0 0\n0 0 0\n",
               "POSCAR", NULL, &s);
    const mtx_column *flags = mtx_structure_column(&s, "selective_dynamics");
    const double expected[6] = {1, 0, 1, 1, 0, 0};
    for (int k = 0; k < 6; k++) assert_true(flags->real[k] == expected[k]);
    check_atom(&s, 1, 16, 2, 2, 2, CLOSE);
    mtx_structure_free(&s);
}

static void poscar_errors(void **state)
{
    (void)state;
    static const bad_case cases[] = {
        {"c\n", "E0606", "before the scale", NULL, 0, 2, -1},
        {"c\nx\n", "E0611", "expected a number, found `x`", "scale", 0, 2, -1},
        {"c\n0\n", "E0619", "expected a scale", NULL, 0, 2, -1},
        {"c\n1 -2 3\n", "E0619", "expected a scale", NULL, 0, 2, -1},
        {"c\n1\n1 0\n", "E0610", "expected 3 numbers, found 2", "lattice vector 1", 0, 3, -1},
        {"c\n1\n1 0 0\n0 1 nan\n", "E0612", "`nan` is not a finite number", "lattice vector 2", 0, 4, -1},
        {"c\n1\n1 0 0\n0 1 0\n1 1 0\nH\n1\nd\n0 0 0\n", "E0615", "no volume", NULL, 0, 3, -1},
        {CUBE "1 2\nDirect\n", "E0619", "expected element symbols, found `1 2`", NULL, 0, 6, -1},
        {CUBE "Mo Xx\n1 1\n", "E0613", "unknown element `Xx`", "symbols", 0, 6, -1},
        {CUBE "\n1 1\n", "E0619", "expected element symbols", NULL, 0, 6, -1},
        {CUBE "Mo S\n1\n", "E0605", "expected 2 numbers of atoms", NULL, 0, 7, -1},
        {CUBE "Mo S\n1 2 3\n", "E0605", "expected 2 numbers", NULL, 0, 7, -1},
        {CUBE "Mo\n-1\n", "E0605", "expected 1 numbers", NULL, 0, 7, -1},
        {CUBE "Mo\n1\nsomewhere\nx\n", "E0619", "found `x`", NULL, 0, 9, -1},
        {CUBE "Mo\n2\nD\n0 0 0\n", "E0606", "before the last atom's position", NULL, 0, 10, -1},
        {CUBE "Mo\n2\nD\n0 0 0\n0 0\n", "E0610", "expected 3 numbers, found 2", "position", 0, 10, 1},
        {CUBE "Mo\n1\nD\n0 x 0\n", "E0611", "found `x`", "position", 0, 9, 0},
        {CUBE "Mo\n1\nD\n0 inf 0\n", "E0612", "`inf`", "position", 0, 9, 0},
        {CUBE "Mo\n1\nS\nD\n0 0 0 T T\n", "E0611", "expected T or F", "selective dynamics", 0, 10, 0}};
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) check_bad(&cases[k], "POSCAR", NULL);
    mtx_reader *r = open_text(CUBE "1 2\nDirect\n", "POSCAR", NULL);
    mtx_problem p;
    mtx_structure s;
    mtx_structure_init(&s);
    assert_int_equal(mtx_reader_next(r, &s, &p), MTX_EFORMAT);
    assert_non_null(strstr(p.help, "VASP 4"));
    need_end(r, &s);
}

/* ---------------------------------------------------------------------------------------------------- CIF */

#define CELL(a, c, gamma)                                                                                    \
    "_cell_length_a " a "\n_cell_length_b " a "\n_cell_length_c " c                                          \
    "\n_cell_angle_alpha 90\n_cell_angle_beta 90\n_cell_angle_gamma " gamma "\n"
#define ATOMS "loop_\n_atom_site_label\n_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\n"

/* Skips the test when this build reads no CIF. */
static void need_cif(void)
{
    mtx_reader *r;
    mtx_problem p;
    if (mtx_reader_open_memory(&r, "data_a\n", 7, "a.cif", NULL, &p) == MTX_EUNSUPPORTED) skip();
    mtx_reader_close(r);
}

static void cif_of_pymatgen(void **state)
{
    (void)state;
    mtx_structure s;
    mtx_structure_init(&s);
    mtx_reader *r = open_data(data_path("layer_p1.cif"), NULL);
    assert_string_equal(mtx_reader_format(r), "cif");
    need_next(r, &s);
    check_layer(&s, 1e-6);
    assert_string_equal(need_info(&s, "name", MTX_COL_TEXT, 1)->text[0], "MoS2");
    assert_string_equal(mtx_structure_column(&s, "label")->text[0], "Mo0");
    need_end(r, &s);
    mtx_structure_init(&s);
    r = open_data(data_path("layer.cif"), NULL);           /* shifted along z: the mirror plane lies at 0 */
    need_next(r, &s);
    assert_int_equal(s.n, 3);
    check_atom(&s, 0, 42, 0, 3.19 / sqrt(3), 0, CLOSE);    /* 0.33333333 becomes 1/3: the special position */
    const double above = s.r[1][2] < 7 ? s.r[1][2] : s.r[2][2], below = s.r[1][2] < 7 ? s.r[2][2] : s.r[1][2];
    assert_true(fabs(above - 0.1052 * 14.9) < 1e-6 && fabs(below - 0.8948 * 14.9) < 1e-6);
    need_end(r, &s);
}

static void cif_symmetry_by_name(void **state)
{
    (void)state;
    need_cif();
    mtx_structure s;
    static const char *const groups[] = {
        "_symmetry_space_group_name_H-M 'F m -3 m'\n", "_space_group_name_H-M_alt 'F m -3 m'\n",
        "_space_group_name_Hall '-F 4 2 3'\n", "_symmetry_Int_Tables_number 225\n"};
    for (size_t k = 0; k < 4; k++) {
        char text[800];
        snprintf(text, sizeof text,
                 "data_salt\n%s" CELL("5.6402(2)", "5.6402(2)", "90") ATOMS "Na1 0 0 0\nCl1 0.5 0.5 0.5\n",
                 groups[k]);
        read_first(text, "salt.cif", NULL, &s);
        assert_int_equal(s.n, 8);
        int sodium = 0;
        for (int i = 0; i < 8; i++) sodium += s.Z[i] == 11;
        assert_int_equal(sodium, 4);
        check_atom(&s, 0, 11, 0, 0, 0, CLOSE);
        assert_true(s.cell[0][0] == 5.6402 && s.cell[1][0] == 0.0);
        mtx_structure_free(&s);
    }
}

static void cif_quartz(void **state)
{
    (void)state;
    need_cif();
    /* alpha-quartz, P3_2 2 1: 3 Si and 6 O; nearest Si-O distances of 1.605 and 1.614 angstrom */
    static const char text[] =
        "# left-handed quartz\ndata_quartz\n_space_group_name_H-M_alt 'P 32 2 1'\n" CELL(
            "4.9137", "5.4047", "120") "loop_\n_atom_site_type_symbol\n_atom_site_fract_x\n_atom_site_fract_"
                                       "y\n_atom_site_fract_z\n_atom_site_occupancy\n"
                                       "Si4+ 0.4697 0.0000 0.6667 1\nO2- 0.4135 0.2669 0.7858 1.0\n";
    mtx_structure s;
    read_first(text, "q.cif", NULL, &s);
    assert_int_equal(s.n, 9);
    assert_true(s.Z[0] == 14 && s.Z[3] == 8);
    double nearest = 1e9;
    for (int i = 3; i < 9; i++) {
        for (int image = 0; image < 27; image++) {
            double d2 = 0;
            for (int c = 0; c < 3; c++) {
                const double d = s.r[i][c] - s.r[0][c] + (image % 3 - 1) * s.cell[0][c] +
                                 (image / 3 % 3 - 1) * s.cell[1][c] + (image / 9 - 1) * s.cell[2][c];
                d2 += d * d;
            }
            if (d2 < nearest) nearest = d2;
        }
    }
    assert_true(fabs(sqrt(nearest) - 1.605) < 0.005);
    mtx_structure_free(&s);
}

static void cif_blocks_are_frames(void **state)
{
    (void)state;
    need_cif();
    static const char text[] =
        "data_global\n_journal_name_full 'nowhere'\ndata_one\n" CELL("3", "3", "90") ATOMS
        "C1 0 0 0\n"
        "data_two\n" CELL(
            "4", "4", "90") "_my_gap 1.25(3)\nloop_\n_symmetry_equiv_pos_as_xyz\n'x,y,z'\n'-x,-y,-z'\n" ATOMS
                            "O1A 0.1 0 0\nH2 0.25 0.25 .25\n";
    const mtx_wanted gap = {"_my_gap", false, true, MTX_COL_REAL, 1};
    const mtx_reader_options options = {.wanted = &gap, .n_wanted = 1};
    mtx_reader *r = open_text(text, "two.cif", &options);
    mtx_structure s;
    mtx_structure_init(&s);
    need_next(r, &s);
    assert_int_equal(s.n, 1);
    need_next(r, &s);
    assert_int_equal(s.n, 4);
    assert_int_equal(s.frame, 1);
    check_atom(&s, 1, 8, 3.6, 0, 0, CLOSE);
    assert_string_equal(mtx_structure_column(&s, "label")->text[3], "H2");
    assert_true(need_info(&s, "_my_gap", MTX_COL_REAL, 1)->real[0] == 1.25);
    need_end(r, &s);
}

static void cif_errors(void **state)
{
    (void)state;
    need_cif();
    static const bad_case cases[] = {
        {"data_a\n_tag\n", "E0621", "CIF syntax", NULL, 0, 2, -1},
        {"data_a\n_tag 1\n", "E0621", "no block has", NULL, 0, -1, -1},
        {"data_a\n" ATOMS "C1 0 0 0\n", "E0621", "_cell_length_a is missing", "_cell_length_a", 0, 2, -1},
        {"data_a\n" CELL("x", "3", "90") ATOMS "C1 0 0 0\n", "E0611", "found `x`", "_cell_length_a", 0, 2,
         -1},
        {"data_a\n" CELL("3", "3", "180") ATOMS "C1 0 0 0\n", "E0615", "no volume", "_cell", 0, 2, -1},
        {"data_a\n" CELL("3", "3", "90") ATOMS "C1 0 ? 0\n", "E0621",
         "_atom_site_fract_y is missing or unknown", "_atom_site_fract_y", 0, 2, 0},
        {"data_a\n" CELL("3", "3", "90") ATOMS "C1 0 0 0\nQ9 0 0 0\n", "E0613", "unknown element `Q9`",
         "_atom_site_label", 0, 2, 1},
        {"data_a\n" CELL("3", "3", "90") "_symmetry_space_group_name_H-M 'P nonsense'\n" ATOMS "C1 0 0 0\n",
         "E0621", "unknown space group", NULL, 0, 2, -1},
        {"data_a\n" CELL("3", "3", "90") "loop_\n_symmetry_equiv_pos_as_xyz\nx,y,w\n" ATOMS "C1 0 0 0\n",
         "E0621", "`x,y,w` is no symmetry", NULL, 0, 2, -1},
        {"data_a\n" CELL("3", "3", "90") "loop_\n_atom_site_label\n_atom_site_fract_x\n_atom_site_fract_y\n_"
                                         "atom_site_fract_z\n_atom_site_occupancy\n"
                                         "C1 0 0 0 1\nN1 .5 .5 .5 0.5(1)\n",
         "E0623", "occupancy `0.5(1)`", "_atom_site_occupancy", 0, 2, 1}};
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) check_bad(&cases[k], "bad.cif", NULL);
}

static void cif_goes_on_with_the_next_block(void **state)
{
    (void)state;
    need_cif();
    const mtx_reader_options options = {.skip_bad = true};
    mtx_reader *r = open_text("data_a\n" CELL("3", "x", "90") ATOMS "C1 0 0 0\ndata_b\n" CELL("3", "3", "90")
                                  ATOMS "C1 0 0 0\n",
                              "b.cif", &options);
    mtx_structure s;
    mtx_structure_init(&s);
    need_next(r, &s);
    assert_int_equal(mtx_reader_skipped(r), 1);
    need_end(r, &s);
}

/* --------------------------------------------------------------------------------------------------- JSON */

static void pymatgen_structures(void **state)
{
    (void)state;
    mtx_structure s;
    mtx_structure_init(&s);
    mtx_reader *r = open_data(data_path("pymatgen.json"), NULL);
    need_next(r, &s);
    check_layer(&s, CLOSE);
    assert_true(need_info(&s, "gap", MTX_COL_REAL, 1)->real[0] == 1.8);
    assert_true(mtx_structure_column(&s, "magmom")->real[2] == -0.5);
    assert_string_equal(mtx_structure_column(&s, "site")->text[1], "b");
    need_end(r, &s);
    mtx_structure_init(&s);
    r = open_data(data_path("pymatgen_list.json"), NULL);
    need_next(r, &s);
    check_layer(&s, CLOSE);
    need_next(r, &s);
    assert_true(s.n == 2 && s.Z[0] == 8 && s.r[1][2] == 0.97 && !s.pbc[0]);
    need_next(r, &s);
    check_layer(&s, CLOSE);
    assert_int_equal(s.frame, 2);
    need_end(r, &s);
    mtx_structure_init(&s);
    r = open_data(data_path("pymatgen.jsonl"), NULL);
    for (int k = 0; k < 3; k++) {
        need_next(r, &s);
        check_layer(&s, CLOSE);
        assert_int_equal(s.line, k + 1);
        assert_true(need_info(&s, "band_gap", MTX_COL_REAL, 1)->real[0] == k + 0.5);
        need_info(&s, "id", MTX_COL_TEXT, 1);
    }
    need_end(r, &s);
}

#define SITE(x) "{\"species\": [{\"element\": \"C\", \"occu\": 1}], \"xyz\": [" x "]}"

static void json_errors(void **state)
{
    (void)state;
#ifndef MTX_HAVE_JANSSON
    skip();
#endif
    static const bad_case cases[] = {
        {"{\"a\": }", "E0620", "unexpected token", NULL, 0, 1, -1},
        {"{\"a\": 1", "E0620", "", NULL, 0, 1, -1},
        {"[1, 2]", "E0620", "no structure", NULL, 0, 1, -1},
        {"{\"sites\": [" SITE("0, 0, NaN") "]}", "E0612", "not a finite number", NULL, 0, 1, -1},
        {"{\"sites\": [\n" SITE("0, 0, 0") ",\n" SITE("0, \"x\", 0") "]}", "E0611", "other than numbers",
         "xyz", 0, 1, 1},
        {"{\"sites\": [" SITE("0, 0") "]}", "E0618", "has 2 numbers, expected 3", "xyz", 0, 1, 0},
        {"{\"sites\": [{\"species\": [{\"element\": \"C\"}]}]}", "E0620", "`xyz` is missing", "xyz", 0, 1, 0},
        {"{\"sites\": [{\"xyz\": [0, 0, 0]}]}", "E0620", "no `species`", "species", 0, 1, 0},
        {"{\"sites\": [{\"species\": [{\"element\": \"Qq\"}], \"xyz\": [0, 0, 0]}]}", "E0613", "`Qq`",
         "species", 0, 1, 0},
        {"{\"sites\": [{\"species\": [{\"element\": \"C\", \"occu\": 0.5}], \"xyz\": [0, 0, 0]}]}", "E0623",
         "partially occupied", "species", 0, 1, 0},
        {"{\"lattice\": {\"matrix\": [[1, 0, 0], [0, 1, 0]]}, \"sites\": []}", "E0614", "three rows",
         "lattice", 0, 1, -1},
        {"{\"lattice\": {\"matrix\": [[1, 0, 0], [0, 1, 0], [1, 1, 0]]}, \"sites\": []}", "E0615",
         "no volume", NULL, 0, 1, -1},
        {"{\"sites\": []} x", "E0620", "", NULL, 1, 1, -1},
        {"[{\"sites\": []}] x", "E0620", "expected the end of the file", NULL, 1, 1, -1},
        {"[{\"sites\": []} {\"sites\": []}]", "E0620", "expected `,` or `]`", NULL, 1, 1, -1},
        {"{\"1\": {\"numbers\": [1], \"positions\": [[0, 0]], \"cell\": [[0,0,0],[0,0,0],[0,0,0]]}}", "E0618",
         "expected 3", "positions", 0, 1, -1},
        {"{\"1\": {\"numbers\": [300], \"positions\": [[0, 0, 0]]}}", "E0613", "unknown element 300",
         "numbers", 0, 1, 0},
        {"{\"1\": {\"positions\": [[0, 0, 0]]}}", "E0620", "no list `numbers`", "numbers", 0, 1, -1},
        {"{\"1\" {}}", "E0620", "", NULL, 0, 1, -1}};
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) check_bad(&cases[k], "bad.json", NULL);
}

static void json_goes_on_with_the_next_record(void **state)
{
    (void)state;
#ifndef MTX_HAVE_JANSSON
    skip();
#endif
    static const struct { const char *text; int good, bad;
    } cases[] = {{"[{\"sites\": []}, {\"sites\": [}, {\"sites\": [[]]}, {\"sites\": []}]", 2, 2},
                 {"{\"sites\": []}\n{\"a\": 1}\n{bad}\n{\"sites\": []}\n", 2, 2},
                 {"[1, 2, {\"sites\": []}", 1, 3},
                 {"{\"sites\": []}}{\"sites\": []}", 2, 1},
                 {"[{\"sites\": []}, \"a ] b\", {\"sites\": []}]", 2, 1}};
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        mtx_reader *r = open_text(cases[k].text, "list.json", NULL);
        mtx_structure s;
        mtx_structure_init(&s);
        int good = 0, bad = 0;
        mtx_status status;
        while ((status = mtx_reader_next(r, &s, NULL)) != MTX_END && good + bad < 20) {
            good += status == MTX_OK;
            bad += status != MTX_OK;
        }
        if (good != cases[k].good || bad != cases[k].bad)
            fail_msg("%d good, %d bad in: %s", good, bad, cases[k].text);
        mtx_structure_free(&s);
        mtx_reader_close(r);
    }
}

/* Records longer than the buffer. */
static void json_list_larger_than_the_buffer(void **state)
{
    (void)state;
#ifndef MTX_HAVE_JANSSON
    skip();
#endif
    enum { SITES = 20000 };
    char *text = malloc(2 * SITES * 100 + 100);
    assert_non_null(text);
    size_t used = (size_t)sprintf(text, "[");
    for (int record = 0; record < 2; record++) {
        used += (size_t)sprintf(text + used, "%s{\"sites\": [", record ? ",\n " : "");
        for (int k = 0; k < SITES; k++) {
            used += (size_t)sprintf(
                text + used, "%s{\"species\": [{\"element\": \"C\", \"occu\": 1}], \"xyz\": [%d, 0.5, %d]}",
                k ? ", " : "", k, record);
        }
        used += (size_t)sprintf(text + used, "]}");
    }
    sprintf(text + used, "]");
    mtx_reader *r = open_text(text, "large.json", NULL);
    mtx_structure s;
    mtx_structure_init(&s);
    for (int record = 0; record < 2; record++) {
        need_next(r, &s);
        assert_int_equal(s.n, SITES);
        check_atom(&s, SITES - 1, 6, SITES - 1, 0.5, record, CLOSE);
    }
    need_end(r, &s);
    free(text);
}

/* ---------------------------------------------------------------------------------------------------- ASE */

/* The three rows of make_data.py. */
static void check_ase(mtx_reader *r)
{
    mtx_structure s;
    mtx_structure_init(&s);
    need_next(r, &s);
    assert_int_equal(s.n, 2);
    check_atom(&s, 1, 17, 2.82, 2.82, 2.82, CLOSE);
    assert_true(s.pbc[0] && s.pbc[1] && s.pbc[2] && s.cell[0][1] == 2.82 && s.cell[0][0] == 0);
    assert_true(need_info(&s, "id", MTX_COL_INT, 1)->real[0] == 1);
    assert_true(need_info(&s, "gap", MTX_COL_REAL, 1)->real[0] == 8.5);
    assert_true(need_info(&s, "energy", MTX_COL_REAL, 1)->real[0] == -1.5);
    assert_true(need_info(&s, "ok", MTX_COL_BOOL, 1)->real[0] == 1);
    assert_true(need_info(&s, "n", MTX_COL_INT, 1)->real[0] == 3);
    assert_string_equal(need_info(&s, "name", MTX_COL_TEXT, 1)->text[0], "salt");
    const mtx_column *forces = mtx_structure_column(&s, "forces");
    assert_true(forces != NULL && forces->width == 3 && forces->real[5] == 5.0);
    need_next(r, &s);
    assert_true(s.n == 3 && !s.pbc[0] && s.cell[0][0] == 0);
    assert_string_equal(need_info(&s, "name", MTX_COL_TEXT, 1)->text[0], "wa\"ter");
    assert_true(mtx_structure_column(&s, "tags")->type == MTX_COL_INT &&
                mtx_structure_column(&s, "tags")->real[2] == 3);
    check_atom(&s, 1, 1, 0, 0.763239, -0.477047, CLOSE);
    need_next(r, &s);
    assert_true(s.pbc[0] && s.pbc[1] && !s.pbc[2] && s.cell[2][2] == 0 && s.cell[1][0] == -1.59);
    assert_true(mtx_structure_column(&s, "initial_magmoms")->real[0] == 1);
    need_end(r, &s);
}

static void ase_json(void **state)
{
    (void)state;
    check_ase(open_data(data_path("ase.json"), NULL));
}

static void ase_sqlite(void **state)
{
    (void)state;
    mtx_reader *packed = open_data(data_path("ase.db.gz"), NULL);
    assert_string_equal(mtx_reader_format(packed), "asedb");
    check_ase(packed);
#ifdef MTX_HAVE_ZLIB
    gzFile in = gzopen(data_path("ase.db.gz"), "rb");
    char *bytes = malloc(1 << 20);
    assert_true(in != NULL && bytes != NULL);
    const int length = gzread(in, bytes, 1 << 20);
    gzclose(in);
    const char *path = scratch_path("plain.db");
    write_file(path, bytes, (size_t)length);
    check_ase(open_data(path, NULL));
    memset(bytes + 4096, 0x55, 8192);      /* inside the pages of the tables */
    write_file(path, bytes, (size_t)length);
    mtx_reader *r = NULL;
    mtx_structure s;
    mtx_structure_init(&s);
    mtx_problem p;
    mtx_status status = mtx_reader_open(&r, path, NULL, &p);
    for (int k = 0; status == MTX_OK && k < 10; k++) status = mtx_reader_next(r, &s, &p);
    assert_int_equal(status, MTX_EFORMAT);
    assert_string_equal(p.code, "E0622");
    mtx_structure_free(&s);
    mtx_reader_close(r);
    remove(path);
    free(bytes);
#endif
}

static void a_database_of_something_else(void **state)
{
    (void)state;
    mtx_reader *r;
    mtx_problem p;
    assert_int_not_equal(mtx_reader_open_memory(&r, "not a database", 14, "x.db", NULL, &p), MTX_OK);
    assert_string_equal(p.code, "E0622");
    assert_null(r);
    char page[512] = "SQLite format 3";
    const mtx_status status = mtx_reader_open_memory(&r, page, sizeof page, "x.db", NULL, &p);
    if (status == MTX_EUNSUPPORTED) skip();
    assert_int_equal(status, MTX_EFORMAT);
    assert_string_equal(p.code, "E0622");
}

/* --------------------------------------------------------------------------------------- packing, finding */

static const char cube_text[] = "1\nLattice=\"4 0 0 0 4 0 0 0 4\" Properties=species:S:1:pos:R:3\nMo 1 2 3\n";

static void check_cubes(const char *path, int frames)
{
    mtx_reader *r;
    mtx_problem p;
    mtx_structure s;
    mtx_structure_init(&s);
    if (mtx_reader_open(&r, path, NULL, &p) != MTX_OK) fail_msg("%s", p.message);
    for (int k = 0; k < frames; k++) {
        need_next(r, &s);
        check_atom(&s, 0, 42, 1, 2, 3, CLOSE);
    }
    need_end(r, &s);
}

/* Reads to the end, which must be the error given. */
static void check_broken(const char *path, const char *code)
{
    mtx_reader *r;
    mtx_problem p;
    mtx_structure s;
    mtx_structure_init(&s);
    mtx_status status = mtx_reader_open(&r, path, NULL, &p);
    while (status == MTX_OK) status = mtx_reader_next(r, &s, &p);
    if (status == MTX_END || strcmp(p.code, code) != 0)
        fail_msg("%s instead of %s", status == MTX_END ? "end" : p.code, code);
    assert_non_null(strstr(p.file, path));
    if (r != NULL) assert_int_equal(mtx_reader_next(r, &s, NULL), MTX_END);
    mtx_structure_free(&s);
    mtx_reader_close(r);
}

static void gzip_in_several_members(void **state)
{
    (void)state;
#ifdef MTX_HAVE_ZLIB
    const char *path = scratch_path("cubes.xyz.gz");
    remove(path);
    for (int k = 0; k < 3; k++) {
        gzFile out = gzopen(path, "ab");
        for (int copy = 0; copy < 1000; copy++) gzwrite(out, cube_text, sizeof cube_text - 1);
        gzclose(out);
    }
    check_cubes(path, 3000);
    size_t length;
    char *bytes = read_file(path, &length);
    write_file(path, bytes, length - 10);
    check_broken(path, "E0602");
    bytes[length / 2] ^= 0x20;
    bytes[length / 2 + 1] ^= 0x41;
    write_file(path, bytes, length);
    check_broken(path, "E0602");
    free(bytes);
    remove(path);
#else
    skip();
#endif
}

static void xz(void **state)
{
    (void)state;
#ifdef MTX_HAVE_LZMA
    const char *path = scratch_path("cubes.xyz.xz");
    uint8_t packed[4096];
    size_t used = 0;
    for (int k = 0; k < 2; k++) {          /* two streams in a row */
        assert_int_equal(lzma_easy_buffer_encode(6, LZMA_CHECK_CRC64, NULL, (const uint8_t *)cube_text,
                                                 sizeof cube_text - 1, packed, &used, sizeof packed),
                         LZMA_OK);
    }
    write_file(path, packed, used);
    check_cubes(path, 2);
    write_file(path, packed, used - 8);
    check_broken(path, "E0602");
    remove(path);
#else
    skip();
#endif
}

static void formats_are_found(void **state)
{
    (void)state;
    static const struct { const char *name, *text, *format;
    } cases[] = {{"a.xyz", "1\n\nH 0 0 0\n", "extxyz"},
                 {"noname", "1\n\nH 0 0 0\n", "extxyz"},
                 {"dir.cif/noname", "  2 \n\nH 0 0 0\n", "extxyz"},
                 {"POSCAR_relaxed", CUBE "C\n1\nd\n0 0 0\n", "poscar"},
                 {"noname", CUBE "C\n1\nd\n0 0 0\n", "poscar"},
                 {"x.VASP", "bad", "poscar"},
                 {"noname", "\n [ ]", "json"},
                 {"a.json", "{}", "json"},
                 {"a.jsonl.gz", "{}", "json"}};
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        mtx_reader *r;
        const mtx_status status =
            mtx_reader_open_memory(&r, cases[k].text, strlen(cases[k].text), cases[k].name, NULL, NULL);
        if (status == MTX_EUNSUPPORTED) continue;
        assert_int_equal(status, MTX_OK);
        assert_string_equal(mtx_reader_format(r), cases[k].format);
        mtx_reader_close(r);
    }
    const mtx_reader_options forced = {.format = "xyz"}, unknown = {.format = "pdb"};
    mtx_reader *r = open_text("1\n\nH 0 0 0\n", "a.cif", &forced);
    assert_string_equal(mtx_reader_format(r), "extxyz");
    mtx_reader_close(r);
    mtx_problem p;
    assert_int_equal(mtx_reader_open_memory(&r, "x", 1, "a.xyz", &unknown, &p), MTX_EINVAL);
    assert_string_equal(p.code, "E0603");
    assert_int_equal(mtx_reader_open_memory(&r, "hello\nworld\n", 12, "noname", NULL, &p), MTX_EFORMAT);
    assert_string_equal(p.code, "E0603");
    assert_int_equal(mtx_reader_open_memory(&r, "BZh91AY&SY", 10, "a.xyz.bz2", NULL, &p), MTX_EUNSUPPORTED);
    assert_string_equal(p.code, "E0603");
}

static void files_that_cannot_be_read(void **state)
{
    (void)state;
    mtx_reader *r;
    mtx_problem p;
    assert_int_equal(mtx_reader_open(&r, "/nowhere/at/all.xyz", NULL, &p), MTX_EIO);
    assert_null(r);
    assert_string_equal(p.code, "E0601");
    assert_non_null(strstr(p.message, "No such file"));
    assert_string_equal(p.file, "/nowhere/at/all.xyz");
    assert_int_equal(mtx_reader_open(&r, "/", NULL, &p), MTX_EIO);
    assert_string_equal(p.code, "E0601");
    assert_int_equal(mtx_reader_open(&r, "/dev/null", NULL, &p), MTX_EFORMAT);
    assert_string_equal(p.code, "E0603");
    assert_int_equal(mtx_reader_open(&r, "/nowhere/at/all.xyz", NULL, NULL), MTX_EIO);
    mtx_reader_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(poscar_of_pymatgen),
                                       cmocka_unit_test(poscar_forms),
                                       cmocka_unit_test(poscar_errors),
                                       cmocka_unit_test(cif_of_pymatgen),
                                       cmocka_unit_test(cif_symmetry_by_name),
                                       cmocka_unit_test(cif_quartz),
                                       cmocka_unit_test(cif_blocks_are_frames),
                                       cmocka_unit_test(cif_errors),
                                       cmocka_unit_test(cif_goes_on_with_the_next_block),
                                       cmocka_unit_test(pymatgen_structures),
                                       cmocka_unit_test(json_errors),
                                       cmocka_unit_test(json_goes_on_with_the_next_record),
                                       cmocka_unit_test(json_list_larger_than_the_buffer),
                                       cmocka_unit_test(ase_json),
                                       cmocka_unit_test(ase_sqlite),
                                       cmocka_unit_test(a_database_of_something_else),
                                       cmocka_unit_test(gzip_in_several_members),
                                       cmocka_unit_test(xz),
                                       cmocka_unit_test(formats_are_found),
                                       cmocka_unit_test(files_that_cannot_be_read)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
