/* SPDX-License-Identifier: Apache-2.0
 *
 * differ.c: the sites where a sample differs from its host. In: the host in any of its cells, a sample that
 * may be shifted, wrapped and reordered; out: vacant and substituted sites (mtx_spots). Graphs over them
 * are made by specs.
 *
 * The sample's lattice must be M times the host's, M a matrix of integers. A site of the sample is then a
 * host site and a host cell t modulo the rows of M; t is brought to a number by the Hermite form of M. A
 * registration is a translation that puts the sample's first atom on one of the host's sites: there are as
 * many as the host has sites. The best puts every atom on a site, and the most on a site of its species. A
 * registration with so many right that no other can have more (the `rival` bound of the host) is taken
 * without looking at the others.
 */
#include "differ.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLACK = 16, NAMED_MAX = 4 };

/* Lengths (angstrom) and squared lengths closer than this are equal: registrations of one sample differ
 * by rounding. */
#define SAME 1e-6

/* How one sample lattice is made of host cells. */
typedef struct tile_plan {
    bool ready;
    double cell[3][3];
    mtx_cell sample;       /* rows along the axes, orthogonal units elsewhere          */
    mtx_cell host;         /* the host's reduced rows, strained to fit the sample      */
    int64_t hermite[3][3]; /* lower triangular, spans the rows of M                    */
    int64_t tiles;
} tile_plan;

typedef struct scratch {
    differ_host host;
    tile_plan tile;
    double shift[3];    /* last registration, tried first                           */
    int32_t *occupant;  /* [tiles * sites] atom or -1                               */
    int32_t *place;     /* [atoms] instance of each atom or -1                      */
    int32_t (*cell)[3]; /* [tiles * sites] host cell t of each instance, on the reduced lattice */
    int64_t occupant_capacity, place_capacity;
} scratch;

/* What a registration achieves. */
typedef struct score {
    int64_t lost, doubled, right;
    double square; /* summed squared distances                                 */
    double farthest;
    double centre[3]; /* mean of atom minus site: the translation that suits best */
} score;

/* ---- memory */

void mtx_spots_init(mtx_spots *p)
{
    *p = (mtx_spots){0};
}

void mtx_spots_clear(mtx_spots *p)
{
    p->n = p->structures = 0;
}

void mtx_spots_free(mtx_spots *p)
{
    if (p == NULL) return;
    void *all[] = {p->ptr, p->site, p->atom, p->tx, p->ty, p->tz, p->was, p->now, p->x, p->y, p->z, p->shift};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) rt_aligned_free(all[k]);
    scratch *s = p->scratch;
    if (s != NULL) {
        differ_host_free(&s->host);
        free(s->occupant);
        free(s->place);
        free(s->cell);
        free(s);
    }
    mtx_spots_init(p);
}

static bool spots_reserve(mtx_spots *p, int64_t n)
{
    if (p->x != NULL && n <= p->capacity) return true;
    const int64_t capacity = n + n / 2 + 64;
    RT_GROW(p->site, p->n, capacity + SLACK);
    RT_GROW(p->atom, p->n, capacity + SLACK);
    RT_GROW(p->tx, p->n, capacity + SLACK);
    RT_GROW(p->ty, p->n, capacity + SLACK);
    RT_GROW(p->tz, p->n, capacity + SLACK);
    RT_GROW(p->was, p->n, capacity + SLACK);
    RT_GROW(p->now, p->n, capacity + SLACK);
    RT_GROW(p->x, p->n, capacity + SLACK);
    RT_GROW(p->y, p->n, capacity + SLACK);
    RT_GROW(p->z, p->n, capacity + SLACK);
    p->capacity = capacity;
    return true;
}

static bool structures_reserve(mtx_spots *p)
{
    if (p->ptr != NULL && p->structures < p->structure_capacity) return true;
    const int64_t capacity = 2 * p->structures + 8;
    RT_GROW(p->ptr, p->ptr == NULL ? 0 : p->structures + 1, capacity + 1 + SLACK);
    RT_GROW(p->shift, p->structures, capacity + SLACK);
    p->structure_capacity = capacity;
    return true;
}

/* ---- the sample's lattice in host cells */

static void swap_rows(int64_t m[3][3], int a, int b)
{
    int64_t row[3];
    memcpy(row, m[a], sizeof row);
    memcpy(m[a], m[b], sizeof row);
    memcpy(m[b], row, sizeof row);
}

/* Lower triangular rows of the same integer lattice, positive on the diagonal: Euclid, column by column
 * from the last. */
static void hermite_form(int64_t m[3][3])
{
    for (int k = 2; k >= 0; k--) {
        for (int i = 0; i < k; i++) {
            while (m[i][k] != 0) {
                const int64_t times = m[k][k] / m[i][k];
                for (int c = 0; c < 3; c++) m[k][c] -= times * m[i][c];
                swap_rows(m, i, k);
            }
        }
        if (m[k][k] < 0) {
            for (int c = 0; c < 3; c++) m[k][c] = -m[k][c];
        }
    }
}

static int64_t floor_divide(int64_t a, int64_t b)
{
    const int64_t q = a / b;
    return q - (a % b != 0 && (a < 0) != (b < 0));
}

/* Number of the host cell t among the tiles of one sample cell. */
static int64_t tile_number(const tile_plan *p, const int32_t t[3])
{
    int64_t rest[3] = {t[0], t[1], t[2]}, number = 0;
    for (int k = 2; k >= 0; k--) {
        const int64_t times = floor_divide(rest[k], p->hermite[k][k]);
        for (int c = 0; c <= k; c++) rest[c] -= times * p->hermite[k][c];
    }
    for (int k = 0; k < 3; k++) number = number * p->hermite[k][k] + rest[k];
    return number;
}

static mtx_status no_multiple(const differ_host *h, const mtx_structure *sample, int k, double off,
                              mtx_problem *problem)
{
    rt_problem_set(
        problem, MTX_EMISMATCH, "E0670",
        "lattice vector %d of the sample is no sum of whole lattice vectors of the host: %.3g angstrom off",
        k + 1, off);
    rt_problem_help(
        problem,
        "The sample's cell must be a supercell of the host's, in the same orientation, to %.3g angstrom.",
        h->tolerance);
    if (problem != NULL) {
        problem->frame = sample->frame;
        problem->line = sample->line;
    }
    return MTX_EMISMATCH;
}

/* M = sample rows * inverse host rows, whole numbers; the host's rows are then M^-1 * sample rows. */
static mtx_status tile_make(tile_plan *p, const differ_host *h, const mtx_structure *sample,
                            mtx_problem *problem)
{
    double given[3][3], m[3][3];
    p->ready = false;
    memcpy(p->cell, sample->cell, sizeof p->cell);
    differ_along((const double(*)[3])sample->cell, h->axes, given);
    mtx_status status = mtx_cell_make((const double(*)[3])given, h->axes, &p->sample, problem);
    if (status != MTX_OK) return status;
    mtx_cell_fractional(&h->lattice, (const double(*)[3])p->sample.row, 3, m);
    for (int k = 0; k < 3; k++) {
        double off[3], x[3];
        for (int c = 0; c < 3; c++) {
            /* an open direction has one layer of cells, whatever sign its unit vector took */
            const double whole = h->axes[k] ? (h->axes[c] ? floor(m[k][c] + 0.5) : 0.0) : (double)(k == c);
            if (!(fabs(whole) < 1e6)) return no_multiple(h, sample, k, HUGE_VAL, problem);
            off[c] = m[k][c] - whole;
            p->hermite[k][c] = (int64_t)whole;
            m[k][c] = whole;
        }
        const double distance = sqrt(differ_length2(&h->lattice, off, x));
        if (h->axes[k] && distance > h->tolerance) return no_multiple(h, sample, k, distance, problem);
        if (!h->axes[k]) memcpy(p->sample.row[k], h->lattice.row[k], sizeof p->sample.row[k]);
    }
    mtx_cell whole;
    double rows[3][3];
    status = mtx_cell_make((const double(*)[3])m, (const uint8_t[3]){1, 1, 1}, &whole, NULL);
    if (status != MTX_OK) return no_multiple(h, sample, 0, HUGE_VAL, problem);
    for (int k = 0; k < 3; k++) {
        for (int c = 0; c < 3; c++) {
            rows[k][c] = whole.inverse[k][0] * p->sample.row[0][c] +
                         whole.inverse[k][1] * p->sample.row[1][c] +
                         whole.inverse[k][2] * p->sample.row[2][c];
        }
    }
    status = mtx_cell_make((const double(*)[3])rows, h->axes, &p->host, problem);
    if (status == MTX_OK)
        status = mtx_cell_make((const double(*)[3])p->sample.row, h->axes, &p->sample, problem);
    if (status != MTX_OK) return status;
    hermite_form(p->hermite);
    p->tiles = p->hermite[0][0] * p->hermite[1][1] * p->hermite[2][2];
    if (p->tiles > INT32_MAX / 4 / h->n) {
        return rt_problem_set(problem, MTX_EINVAL, "E0655", "the sample's cell has %lld cells of the host",
                              (long long)p->tiles);
    }
    p->ready = true;
    return MTX_OK;
}

static bool scratch_reserve(scratch *s, int64_t instances, int64_t atoms)
{
    if (instances > s->occupant_capacity) {
        free(s->occupant);
        free(s->cell);
        s->occupant = malloc((size_t)instances * sizeof *s->occupant);
        s->cell = malloc((size_t)instances * sizeof *s->cell);
        s->occupant_capacity = s->occupant != NULL && s->cell != NULL ? instances : 0;
        if (s->occupant_capacity == 0) return false;
    }
    if (atoms + 1 > s->place_capacity) {
        free(s->place);
        s->place = malloc((size_t)(atoms + 1) * sizeof *s->place);
        s->place_capacity = s->place != NULL ? atoms + 1 : 0;
        if (s->place == NULL) return false;
    }
    return true;
}

/* ---- registration */

/* Put every atom of the sample on its site under the translation `shift`. */
static score register_at(scratch *s, const mtx_structure *sample, const double shift[3], double radius,
                         int64_t lost_max)
{
    const differ_host *h = &s->host;
    const tile_plan *p = &s->tile;
    const double(*inverse)[3] = (const double(*)[3])p->host.inverse;
    score got = {0};
    memset(s->occupant, 0xff, (size_t)(p->tiles * h->n) * sizeof *s->occupant);
    for (int64_t a = 0; a < sample->n; a++) {
        double f[3], off[3];
        int32_t t[3];
        const double x = sample->r[a][0] - shift[0], y = sample->r[a][1] - shift[1],
                     z = sample->r[a][2] - shift[2];
        for (int k = 0; k < 3; k++) f[k] = x * inverse[0][k] + y * inverse[1][k] + z * inverse[2][k];
        const int32_t site = fabs(f[0]) < 1e9 && fabs(f[1]) < 1e9 && fabs(f[2]) < 1e9
                                 ? differ_site(h, &p->host, f, radius * radius, t, off)
                                 : -1;
        s->place[a] = -1;
        if (site < 0) {
            if (++got.lost > lost_max) return got;
            continue;
        }
        const int64_t instance = tile_number(p, t) * h->n + site;
        s->place[a] = (int32_t)instance;
        if (s->occupant[instance] >= 0) {
            got.doubled++;
            continue;
        }
        s->occupant[instance] = (int32_t)a;
        memcpy(s->cell[instance], t, sizeof s->cell[instance]);
        got.right += sample->Z[a] == h->Z[site];
        const double square = off[0] * off[0] + off[1] * off[1] + off[2] * off[2];
        got.square += square;
        got.farthest = square > got.farthest ? square : got.farthest;
        /* from the site itself, not from the trial: the same bits whatever translation was tried */
        const double g[3] = {h->f[site][0] + t[0], h->f[site][1] + t[1], h->f[site][2] + t[2]};
        double at[3];
        differ_length2(&p->host, g, at);
        for (int c = 0; c < 3; c++) got.centre[c] += sample->r[a][c] - at[c];
    }
    const int64_t placed = sample->n - got.lost - got.doubled;
    for (int c = 0; c < 3; c++) got.centre[c] /= placed > 0 ? (double)placed : 1.0;
    got.farthest = sqrt(got.farthest);
    return got;
}

/* Register, centre on the mean distance, and register again unless no atom can have changed its site. */
static score register_centred(scratch *s, const mtx_structure *sample, double shift[3], int64_t lost_max)
{
    const double tolerance = s->host.tolerance;
    score got = register_at(s, sample, shift, DIFFER_FIRST_LOOK * tolerance, lost_max);
    for (int pass = 0; pass < 2; pass++) {
        if (got.lost > lost_max) return got;
        double moved2 = 0.0;
        for (int c = 0; c < 3; c++) {
            const double step = got.centre[c] - shift[c];
            shift[c] = got.centre[c];
            moved2 += step * step;
        }
        if (got.farthest + sqrt(moved2) < tolerance) return got;
        got = register_at(s, sample, shift, tolerance, lost_max);
    }
    return got;
}

/* Shorter, or equally long and further along the first axis that tells them apart. */
static bool shorter(const double a[3], const double b[3])
{
    const double a2 = a[0] * a[0] + a[1] * a[1] + a[2] * a[2], b2 = b[0] * b[0] + b[1] * b[1] + b[2] * b[2];
    if (fabs(a2 - b2) > SAME) return a2 < b2;
    for (int c = 0; c < 3; c++) {
        if (fabs(a[c] - b[c]) > SAME) return a[c] > b[c];
    }
    return false;
}

/* Fewer atoms without a site, then more of the right species, then closer to the sites, then the shorter
 * shift. */
static bool better(const score *a, const double shift_a[3], const score *b, const double shift_b[3])
{
    const int64_t bad_a = a->lost + a->doubled, bad_b = b->lost + b->doubled;
    if (bad_a != bad_b) return bad_a < bad_b;
    if (a->right != b->right) return a->right > b->right;
    if (fabs(a->square - b->square) > SAME) return a->square < b->square;
    return shorter(shift_a, shift_b);
}

/* Every atom on its own site, and more of the right species than any other registration could have. */
static bool decisive(const scratch *s, const mtx_structure *sample, const score *got)
{
    if (got->lost != 0 || got->doubled != 0) return false;
    return got->right > s->host.rival * s->tile.tiles + (sample->n - got->right);
}

static void combine(const double f[3], const double row[3][3], double x[3])
{
    for (int c = 0; c < 3; c++) x[c] = f[0] * row[0][c] + f[1] * row[1][c] + f[2] * row[2][c];
}

/* Of the registrations that the host's own translations make equal: the shortest. */
static void shortest_shift(const scratch *s, double shift[3])
{
    const differ_host *h = &s->host;
    double f[1][3], best[3] = {0.0, 0.0, 0.0};
    mtx_cell_fractional(&s->tile.host, (const double(*)[3])(double(*)[3])shift, 1, f);
    for (int64_t k = 0; k < h->centrings; k++) {
        double trial[3] = {f[0][0] + h->centring[k][0], f[0][1] + h->centring[k][1],
                           f[0][2] + h->centring[k][2]},
               x[3];
        int32_t image[3];
        differ_nearest(h->axes, trial, image);
        differ_length2(&s->tile.host, trial, x);
        if (k == 0 || shorter(x, best)) memcpy(best, x, sizeof best);
    }
    memcpy(shift, best, sizeof best);
}

/* The shift that puts an atom on a site, as short as the lattice allows. */
static void candidate_shift(const scratch *s, const mtx_structure *sample, int64_t anchor, int32_t site,
                            double shift[3])
{
    double at[3];
    combine(s->host.f[site], (const double(*)[3])s->tile.host.row, at);
    for (int c = 0; c < 3; c++) shift[c] = sample->r[anchor][c] - at[c];
    shortest_shift(s, shift);
}

/* Equally good, and not the same registration up to the host's own translations: nothing invariant tells them apart. */
static bool rivals(const scratch *s, const score *a, const double shift_a[3], const score *b,
                   const double shift_b[3])
{
    if (a->lost + a->doubled + b->lost + b->doubled > 0 || a->right != b->right) return false;
    if (fabs(a->square - b->square) > SAME) return false;
    double apart[3];
    for (int c = 0; c < 3; c++) apart[c] = shift_a[c] - shift_b[c];
    shortest_shift(s, apart);
    return apart[0] * apart[0] + apart[1] * apart[1] + apart[2] * apart[2] >
           s->host.tolerance * s->host.tolerance;
}

static score register_best(scratch *s, const mtx_structure *sample, double shift[3], bool *ambiguous)
{
    *ambiguous = false;
    memcpy(shift, s->shift, sizeof s->shift);
    score best = register_centred(s, sample, shift, 0);
    if (sample->n == 0 || decisive(s, sample, &best)) return best;
    best = (score){.lost = sample->n + 1};
    double best_shift[3] = {0.0, 0.0, 0.0};
    /* when an anchor is on no site in the end, another one is tried: the best answer names the stray atoms */
    const int64_t step = sample->n / 8 + 1;
    for (int64_t anchor = 0; anchor < sample->n && best.lost + best.doubled > 0; anchor += step) {
        for (int64_t k = 0; k < s->host.candidates; k++) {
            double trial[3];
            candidate_shift(s, sample, anchor, s->host.candidate[k], trial);
            const score got = register_centred(s, sample, trial, best.lost + best.doubled);
            const bool tie = best.lost <= sample->n && rivals(s, &got, trial, &best, best_shift);
            const bool won = best.lost > sample->n || better(&got, trial, &best, best_shift);
            *ambiguous = tie || (*ambiguous && !won);
            if (!won) continue;
            best = got;
            memcpy(best_shift, trial, sizeof best_shift);
            if (decisive(s, sample, &got)) break;
        }
    }
    memcpy(shift, best_shift, sizeof best_shift);
    return best;
}

/* ---- what does not fit */

/* The nearest site of an atom that is on none, by looking at all of them. */
static int32_t nearest_site(const scratch *s, const double r[3], const double shift[3], double *distance)
{
    const differ_host *h = &s->host;
    int32_t best = 0;
    *distance = HUGE_VAL;
    double x[1][3] = {{r[0] - shift[0], r[1] - shift[1], r[2] - shift[2]}}, f[1][3];
    mtx_cell_fractional(&s->tile.host, (const double(*)[3])x, 1, f);
    for (int64_t i = 0; i < h->n; i++) {
        double df[3] = {f[0][0] - h->f[i][0], f[0][1] - h->f[i][1], f[0][2] - h->f[i][2]}, off[3];
        int32_t t[3];
        differ_nearest(h->axes, df, t);
        const double d = sqrt(differ_length2(&s->tile.host, df, off));
        if (d < *distance) {
            *distance = d;
            best = (int32_t)i;
        }
    }
    return best;
}

static void append_text(char *text, size_t size, const char *more)
{
    const size_t used = strlen(text), length = strlen(more);
    if (used + length + 1 <= size) memcpy(text + used, more, length + 1);
}

static mtx_status misfit(scratch *s, const mtx_structure *sample, const double shift[3], const score *got,
                         mtx_problem *problem)
{
    char list[400] = "", one[96];
    int named = 0;
    int64_t first = -1;
    for (int64_t a = 0; a < sample->n && named < NAMED_MAX; a++) {
        const char *symbol = mtx_element_symbol(sample->Z[a]);
        const int32_t place = s->place[a];
        if (place >= 0 && s->occupant[place] == a) continue;
        if (place >= 0) {
            snprintf(one, sizeof one, "%satoms %lld and %lld are both on host site %lld",
                     named > 0 ? "; " : "", (long long)s->occupant[place], (long long)a,
                     (long long)(place % s->host.n));
        } else {
            double distance;
            const int32_t site = nearest_site(s, sample->r[a], shift, &distance);
            snprintf(one, sizeof one, "%satom %lld (%s) is %.3g angstrom from host site %d (%s)",
                     named > 0 ? "; " : "", (long long)a, symbol, distance, site,
                     mtx_element_symbol(s->host.Z[site]));
        }
        append_text(list, sizeof list, one);
        if (named++ == 0) first = a;
    }
    const int64_t bad = got->lost + got->doubled;
    if (bad > named) {
        snprintf(one, sizeof one, "; and %lld more", (long long)(bad - named));
        append_text(list, sizeof list, one);
    }
    rt_problem_set(problem, MTX_EMISMATCH, "E0671", "the sample does not fit the host: %s", list);
    rt_problem_help(problem,
                    "Each atom must be within %.3g angstrom of a site of its own; interstitials have none.",
                    s->host.tolerance);
    if (problem != NULL) {
        problem->frame = sample->frame;
        problem->line = sample->line;
        problem->atom = first;
    }
    return MTX_EMISMATCH;
}

/* ---- spots */

/* The host cell of every tile number, for sites that no atom tells it: one walk over the Hermite box. */
static void vacant_cell(const tile_plan *p, int64_t tile, int32_t t[3])
{
    for (int k = 2; k >= 0; k--) {
        t[k] = (int32_t)(tile % p->hermite[k][k]);
        tile /= p->hermite[k][k];
    }
}

/* Place of a site instance in the sample's cell; t on the reduced lattice becomes t on the given host
 * rows. */
static void spot_place(const scratch *s, const double shift[3], int32_t site, const int32_t t[3], double x[3],
                       int32_t given[3])
{
    const differ_host *h = &s->host;
    const tile_plan *p = &s->tile;
    double f[3] = {h->f[site][0] + t[0], h->f[site][1] + t[1], h->f[site][2] + t[2]}, u[1][3], down[3],
           back[1][3];
    double at[1][3];
    combine(f, (const double(*)[3])p->host.row, at[0]);
    for (int c = 0; c < 3; c++) at[0][c] += shift[c];
    mtx_cell_fractional(&p->sample, (const double(*)[3])at, 1, u);
    for (int k = 0; k < 3; k++) {
        /* a site on the face is on the near one, whatever the last digit says */
        down[k] = h->axes[k] ? -floor(u[0][k] + 1e-9) : 0.0;
    }
    double moved[3];
    combine(down, (const double(*)[3])p->sample.row, moved);
    for (int c = 0; c < 3; c++) x[c] = at[0][c] + moved[c];
    mtx_cell_fractional(&p->host, (const double(*)[3])(double(*)[3])moved, 1, back);
    int64_t whole[3];
    for (int k = 0; k < 3; k++) whole[k] = t[k] + (h->axes[k] ? (int64_t)floor(back[0][k] + 0.5) : 0);
    for (int c = 0; c < 3; c++) {
        given[c] =
            (int32_t)(whole[0] * h->change[0][c] + whole[1] * h->change[1][c] + whole[2] * h->change[2][c]);
    }
}

static bool spot_before(const mtx_spots *p, int64_t a, int64_t b)
{
    if (p->site[a] != p->site[b]) return p->site[a] < p->site[b];
    if (p->tx[a] != p->tx[b]) return p->tx[a] < p->tx[b];
    if (p->ty[a] != p->ty[b]) return p->ty[a] < p->ty[b];
    return p->tz[a] < p->tz[b];
}

#define SWAP(type, a, b)                                                                                     \
    do {                                                                                                     \
        const type swapped = (a);                                                                            \
        (a) = (b);                                                                                           \
        (b) = swapped;                                                                                       \
    } while (0)

static void spot_swap(mtx_spots *p, int64_t a, int64_t b)
{
    SWAP(int32_t, p->site[a], p->site[b]);
    SWAP(int32_t, p->atom[a], p->atom[b]);
    SWAP(int32_t, p->tx[a], p->tx[b]);
    SWAP(int32_t, p->ty[a], p->ty[b]);
    SWAP(int32_t, p->tz[a], p->tz[b]);
    SWAP(int32_t, p->was[a], p->was[b]);
    SWAP(int32_t, p->now[a], p->now[b]);
    SWAP(double, p->x[a], p->x[b]);
    SWAP(double, p->y[a], p->y[b]);
    SWAP(double, p->z[a], p->z[b]);
}

/* Heap sort of the new spots: few as a rule, all sites of a large cell at worst. */
static void sift(mtx_spots *p, int64_t first, int64_t root, int64_t count)
{
    for (;;) {
        int64_t child = 2 * root + 1;
        if (child >= count) return;
        if (child + 1 < count && spot_before(p, first + child, first + child + 1)) child++;
        if (!spot_before(p, first + root, first + child)) return;
        spot_swap(p, first + root, first + child);
        root = child;
    }
}

static void spots_sort(mtx_spots *p, int64_t first)
{
    const int64_t count = p->n - first;
    for (int64_t k = count / 2 - 1; k >= 0; k--) sift(p, first, k, count);
    for (int64_t k = count - 1; k > 0; k--) {
        spot_swap(p, first, first + k);
        sift(p, first, 0, k);
    }
}

static bool spots_add(scratch *s, const mtx_structure *sample, const double shift[3], mtx_spots *out)
{
    const differ_host *h = &s->host;
    const int64_t first = out->n;
    for (int64_t tile = 0, instance = 0; tile < s->tile.tiles; tile++) {
        for (int32_t site = 0; site < h->n; site++, instance++) {
            const int32_t atom = s->occupant[instance];
            if (atom >= 0 && sample->Z[atom] == h->Z[site]) continue;
            if (!spots_reserve(out, out->n + 1)) return false;
            int32_t t[3], given[3];
            double x[3];
            if (atom >= 0)
                memcpy(t, s->cell[instance], sizeof t);
            else
                vacant_cell(&s->tile, tile, t);
            spot_place(s, shift, site, t, x, given);
            const int64_t at = out->n++;
            out->site[at] = site;
            out->atom[at] = atom;
            out->tx[at] = given[0];
            out->ty[at] = given[1];
            out->tz[at] = given[2];
            out->was[at] = h->Z[site];
            out->now[at] = atom >= 0 ? sample->Z[atom] : 0;
            out->x[at] = x[0];
            out->y[at] = x[1];
            out->z[at] = x[2];
        }
    }
    spots_sort(out, first);
    return true;
}

static mtx_status places_known(const mtx_structure *s, mtx_problem *problem)
{
    for (int64_t i = 0; i < s->n; i++) {
        if (fabs(s->r[i][0]) < 1e9 && fabs(s->r[i][1]) < 1e9 && fabs(s->r[i][2]) < 1e9) continue;
        rt_problem_set(problem, MTX_EDATA, "E0652", "atom %lld is at (%g, %g, %g), which is not a place",
                       (long long)i, s->r[i][0], s->r[i][1], s->r[i][2]);
        if (problem != NULL) {
            problem->frame = s->frame;
            problem->line = s->line;
            problem->atom = i;
        }
        return MTX_EDATA;
    }
    return MTX_OK;
}

mtx_status mtx_differ_append(const mtx_structure *host, const mtx_structure *sample, const uint8_t axes[3],
                             double tolerance, mtx_spots *out, mtx_problem *problem)
{
    if (!(tolerance >= 0.0) || !isfinite(tolerance) || sample->n < 0 || sample->n > INT32_MAX / 4) {
        return rt_problem_set(problem, MTX_EINVAL, "E0655", "site tolerance %g angstrom, %lld atoms",
                              tolerance, (long long)sample->n);
    }
    if (out->scratch == NULL) out->scratch = calloc(1, sizeof(scratch));
    scratch *s = out->scratch;
    if (s == NULL || !spots_reserve(out, out->n + 1) || !structures_reserve(out))
        return rt_no_memory(problem);
    mtx_status status = MTX_OK;
    if (!differ_host_same(&s->host, host, axes, tolerance)) {
        s->tile.ready = false;
        memset(s->shift, 0, sizeof s->shift);
        status = differ_host_make(&s->host, host, axes, tolerance, problem);
    }
    if (status == MTX_OK &&
        (!s->tile.ready || memcmp(s->tile.cell, sample->cell, sizeof s->tile.cell) != 0)) {
        status = tile_make(&s->tile, &s->host, sample, problem);
    }
    if (status == MTX_OK) status = places_known(sample, problem);
    if (status != MTX_OK) return status;
    if (!scratch_reserve(s, s->tile.tiles * s->host.n, sample->n)) return rt_no_memory(problem);

    double shift[3];
    bool ambiguous;
    score got = register_best(s, sample, shift, &ambiguous);
    if (s->host.centrings > 1 || got.lost + got.doubled > 0 || !decisive(s, sample, &got)) {
        /* the tables are those of the last trial: make them those of the best */
        shortest_shift(s, shift);
        got = register_at(s, sample, shift, s->host.tolerance, sample->n);
    }
    if (got.lost + got.doubled > 0) return misfit(s, sample, shift, &got, problem);
    if (ambiguous) {
        mtx_status refused =
            rt_problem_set(problem, MTX_EMISMATCH, "E0676",
                           "the sample fits the host equally well in two ways: %lld of %lld sites",
                           (long long)got.right, (long long)(s->tile.tiles * s->host.n));
        rt_problem_help(problem, "Defects are told apart only while most sites are as in the host.");
        return refused;
    }
    memcpy(s->shift, shift, sizeof s->shift);
    const int64_t first = out->n;
    if (!spots_add(s, sample, shift, out)) {
        out->n = first;
        return rt_no_memory(problem);
    }
    memcpy(out->shift[out->structures], shift, sizeof shift);
    out->ptr[0] = 0;
    out->ptr[++out->structures] = out->n;
    return MTX_OK;
}
