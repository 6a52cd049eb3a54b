/* SPDX-License-Identifier: Apache-2.0
 *
 * host.c: a program that calls a library made of potentials.mtx in every way of its header, and says where
 * the results differ: whole crystals, few outputs, batches, threads, atoms that move, and a host that is
 * divided in space with ghost atoms, as LAMMPS is. NAME is the transform, its header is included on the
 * command line, LISTS is the number of its pair sets. Exit code 0: all agree.
 */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ATOMS = 48, IMAGES = 2, SEEN = 20000, LONG_ROW = 1000, STEPS = 40 };
static const uint8_t pbc[3] = {1, 1, 1};
/* three_body_run for N(run) */
#define JOIN(a, b)   a##_##b
#define JOINED(a, b) JOIN(a, b)
#define N(word)      JOINED(NAME, word)

#if LISTS == 2
static const double cutoff[LISTS] = {N(bond_cutoff), N(near_cutoff)};
static const unsigned flags[LISTS] = {N(bond_flags), N(near_flags)};
#else
static const double cutoff[LISTS] = {N(bond_cutoff)};
static const unsigned flags[LISTS] = {N(bond_flags)};
#endif
static const double reach = N(bond_cutoff) + 0.3; /* the longest */
static int faults;

typedef struct crystal {
    int64_t n;
    double r[ATOMS][3], cell[3][3], numbers[21];
    int32_t Z[ATOMS];
} crystal;

typedef struct lists {
    mtx_pairs of[LISTS];
} lists;

typedef struct result {
    double E, Ea[ATOMS], F[ATOMS][3], S[9];
} result;

static void fault(const char *what, double off)
{
    printf("%s: off by %.3g\n", what, off);
    faults++;
}

static void lists_init(lists *l)
{
    for (int k = 0; k < LISTS; k++) mtx_pairs_init(&l->of[k]);
}

static void lists_free(lists *l)
{
    for (int k = 0; k < LISTS; k++) mtx_pairs_free(&l->of[k]);
}

/* relative to the largest of them */
static void compare(const char *what, const double *a, const double *b, int64_t n, double most)
{
    double scale = 0, off = 0;
    for (int64_t k = 0; k < n; k++) {
        scale = fmax(scale, fabs(a[k]));
        off = fmax(off, a[k] == b[k] ? 0 : isfinite(a[k] - b[k]) ? fabs(a[k] - b[k]) : INFINITY);
    }
    if (!(off <= most * scale) || !(scale > 0)) fault(what, off / scale);
}

static void expect(const char *what, int status, int want)
{
    if (status != want) {
        printf("%s: %s, not %s\n", what, mtx_strerror(status), mtx_strerror(want));
        faults++;
    }
}

static void *memory(size_t bytes)
{
    void *at = aligned_alloc(64, (bytes + 127) / 64 * 64);
    if (!at) exit(2);
    return at;
}

static double uniform(double low, double high)
{
    return low + (high - low) * (rand() / (RAND_MAX + 1.0));
}

/* a sheared, displaced lattice of two elements */
static void make_crystal(crystal *c)
{
    static const double a = 2.7;
    c->n = ATOMS;
    const int count[3] = {4, 4, 3};
    for (int k = 0; k < 3; k++)
        for (int x = 0; x < 3; x++) c->cell[k][x] = (k == x ? a * count[k] : 0) + uniform(-0.9, 0.9);
    for (int i = 0; i < ATOMS; i++) {
        const double f[3] = {(i % 4) / 4.0, (i / 4 % 4) / 4.0, (i / 16) / 3.0};
        for (int x = 0; x < 3; x++)
            c->r[i][x] =
                f[0] * c->cell[0][x] + f[1] * c->cell[1][x] + f[2] * c->cell[2][x] + uniform(-0.15, 0.15);
        c->Z[i] = i % 3 ? 14 : 6;
    }
    expect("cell", mtx_cell_numbers((const double(*)[3])c->cell, pbc, c->numbers, NULL), MTX_OK);
}

static void start(N(shape) * shape, N(in) * in, const double *numbers, const int32_t *Z, const lists *pairs)
{
    memset(shape, 0, sizeof *shape);
    memset(in, 0, sizeof *in);
    shape->size = sizeof *shape;
    in->size = sizeof *in;
    in->cell_s = numbers;
    in->in_Z = Z;
    N(use_bond)(shape, in, &pairs->of[0]);
#if LISTS == 2
    N(use_near)(shape, in, &pairs->of[1]);
#endif
}

static int run(const N(shape) * shape, const N(in) * in, const N(out) * out)
{
    size_t bytes;
    int status = N(plan)(shape, &bytes);
    if (status != MTX_OK) return status;
    void *scratch = memory(bytes);
    status = N(run)(shape, in, out, scratch, bytes);
    free(scratch);
    return status;
}

static void all_outputs(const crystal *c, const lists *pairs, result *to)
{
    N(shape) shape;
    N(in) in;
    start(&shape, &in, c->numbers, c->Z, pairs);
    const N(out) out = {.E = &to->E, .Ea = to->Ea, .F = to->F[0], .S = to->S};
    expect("run", run(&shape, &in, &out), MTX_OK);
}

/* adds a crystal to the lists */
static void append(const crystal *c, lists *pairs)
{
    for (int k = 0; k < LISTS; k++)
        expect("neighbours",
               mtx_neighbors_append(c->r, c->cell, pbc, c->n, cutoff[k], flags[k], &pairs->of[k], NULL),
               MTX_OK);
}

static void find(const crystal *c, lists *pairs)
{
    for (int k = 0; k < LISTS; k++) mtx_pairs_clear(&pairs->of[k]);
    append(c, pairs);
}

/* ---- whole crystals ------------------------------------------------------------------------------------ */

/* forces are what the energy says, and every set of wanted outputs gives the same numbers */
static void whole(const crystal *c, result *want)
{
    lists pairs;
    lists_init(&pairs);
    find(c, &pairs);
    all_outputs(c, &pairs, want);
    double sum = 0, net[3] = {0}, most = 0;
    for (int i = 0; i < ATOMS; i++) {
        sum += want->Ea[i];
        for (int x = 0; x < 3; x++) net[x] += want->F[i][x], most = fmax(most, fabs(want->F[i][x]));
    }
    compare("energies of atoms", &want->E, &sum, 1, 1e-12);
    for (int x = 0; x < 3; x++)
        if (fabs(net[x]) > 1e-12 * most * ATOMS) fault("net force", net[x] / most);
    crystal moved = *c;
    double e[2];
    for (int k = 0; k < 2; k++) {
        moved.r[5][1] = c->r[5][1] + (k ? 1e-5 : -1e-5);
        result at;
        find(&moved, &pairs);
        all_outputs(&moved, &pairs, &at);
        e[k] = at.E;
    }
    double slope = (e[0] - e[1]) / 2e-5;
    compare("force by differences", &want->F[5][1], &slope, 1, 1e-7);
    lists_free(&pairs);
}

/* energies know the pairs of this list by their lengths */
static void without_directions(N(in) * in)
{
    in->bond_x = NULL;
}

static void few_outputs(const crystal *c, const result *want)
{
    lists pairs;
    N(shape) shape;
    N(in) in;
    result got;
    lists_init(&pairs);
    find(c, &pairs);
    for (int wanted = 0; wanted < 16; wanted++) {
        start(&shape, &in, c->numbers, c->Z, &pairs);
        const N(out) out = {.E = wanted & 1 ? &got.E : NULL,
                            .Ea = wanted & 2 ? got.Ea : NULL,
                            .F = wanted & 4 ? got.F[0] : NULL,
                            .S = wanted & 8 ? got.S : NULL};
        if (!(wanted & 12)) /* energies do not pay for forces: what only forces need is not read */
            without_directions(&in), in.cell_s = NULL;
        expect("few outputs", run(&shape, &in, &out), MTX_OK);
        if (out.E) compare("E", &want->E, out.E, 1, 1e-13);
        if (out.Ea) compare("Ea", want->Ea, out.Ea, ATOMS, 1e-13);
        if (out.F) compare("F", want->F[0], out.F, 3 * ATOMS, 1e-13);
        if (out.S) compare("S", want->S, out.S, 9, 1e-13);
        without_directions(&in);
        if (wanted & 12) expect("no directions of pairs", run(&shape, &in, &out), MTX_EINVAL);
    }
    lists_free(&pairs);
}

static void batch(const crystal *c, const result *want)
{
    lists pairs;
    lists_init(&pairs);
    double numbers[3][21], E[3], S[3][9];
    double(*F)[ATOMS][3] = memory(3 * sizeof *F);
    int32_t Z[3 * ATOMS];
    for (int k = 0; k < 3; k++) {
        append(&c[k], &pairs);
        memcpy(numbers[k], c[k].numbers, sizeof numbers[k]);
        memcpy(Z + k * ATOMS, c[k].Z, sizeof c[k].Z);
    }
    N(shape) shape;
    N(in) in;
    start(&shape, &in, numbers[0], Z, &pairs);
    expect("batch", run(&shape, &in, &(N(out)){.E = E, .F = F[0][0], .S = S[0]}), MTX_OK);
    for (int k = 0; k < 3; k++) {
        compare("E in a batch", &want[k].E, &E[k], 1, 1e-13);
        compare("F in a batch", want[k].F[0], F[k][0], 3 * ATOMS, 1e-13);
        compare("S in a batch", want[k].S, S[k], 9, 1e-13);
    }
    free(F);
    lists_free(&pairs);
}

typedef struct job {
    const crystal *c;
    result first, again;
} job;

static void *work(void *user)
{
    job *j = user;
    lists pairs;
    lists_init(&pairs);
    find(j->c, &pairs);
    all_outputs(j->c, &pairs, &j->first);
    for (int k = 0; k < 50; k++) all_outputs(j->c, &pairs, &j->again);
    lists_free(&pairs);
    return NULL;
}

static void threads(const crystal *c, const result *want)
{
    pthread_t thread[3];
    job *jobs = memory(3 * sizeof *jobs);
    for (int k = 0; k < 3; k++) {
        jobs[k].c = &c[k];
        if (pthread_create(&thread[k], NULL, work, &jobs[k])) exit(2);
    }
    for (int k = 0; k < 3; k++) {
        pthread_join(thread[k], NULL);
        compare("F in a thread", want[k].F[0], jobs[k].again.F[0], 3 * ATOMS, 0);
    }
    free(jobs);
}

/* a list that is kept while atoms move is as good as a new one */
static void moving(const crystal *c)
{
    crystal now = *c;
    lists kept, fresh;
    lists_init(&kept);
    lists_init(&fresh);
    int searches = 0;
    for (int step = 0; step < STEPS; step++) {
        result a, b;
        bool searched;
        for (int i = 0; i < ATOMS; i++)
            for (int x = 0; x < 3; x++) now.r[i][x] += uniform(-0.01, 0.012);
        for (int k = 0; k < LISTS; k++)
            expect("update",
                   mtx_neighbors_update((const double(*)[3])now.r, (const double(*)[3])now.cell, pbc, now.n,
                                        cutoff[k], 0.4, flags[k], &kept.of[k], &searched, NULL),
                   MTX_OK);
        searches += searched;
        find(&now, &fresh);
        all_outputs(&now, &kept, &a);
        all_outputs(&now, &fresh, &b);
        compare("E with a kept list", &b.E, &a.E, 1, 1e-12);
        compare("F with a kept list", b.F[0], a.F[0], 3 * ATOMS, 1e-12);
        compare("S with a kept list", b.S, a.S, 9, 1e-12);
    }
    if (searches < 1 || searches > STEPS / 4) fault("searches", searches);
    lists_free(&kept);
    lists_free(&fresh);
}

/* mtx_prepare looks for the reverses of pairs only where kernels read them, as the flags of the header say */
static void reverses(void)
{
    int asked = 0, wanted = 0;
    for (int k = 0; k < LISTS; k++) wanted += (flags[k] & MTX_PAIRS_REVERSE) != 0;
    for (int32_t s = 0; s < N(program).n_sets; s++) asked += (N(program).sets[s].need & MTX_NEED_REV) != 0;
    if (asked != wanted) fault("reverses", asked - wanted);
}

/* ---- a host that is divided in space ------------------------------------------------------------------- */

typedef struct part {
    int64_t owned, all;
    double (*r)[3];
    int32_t *Z, *tag; /* tag: atom of the crystal */
    int32_t *neighbor, *count, **first;
} part;

static double distance(const double *a, const double *b)
{
    return sqrt((a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1]) +
                (a[2] - b[2]) * (a[2] - b[2]));
}

static int part_of(int atom, int parts)
{
    return parts == 1 ? 0 : (atom * 7 + 3) / 5 % parts; /* any division will do */
}

static void see(part *p, const crystal *c, int atom, const double *r)
{
    memcpy(p->r[p->all], r, sizeof *p->r);
    p->Z[p->all] = c->Z[atom];
    p->tag[p->all++] = atom;
}

static void add_ghosts(part *p, const crystal *c, int which, int parts, const int s[3])
{
    for (int j = 0; j < c->n; j++) {
        double at[3], least = 1e9;
        if (!s[0] && !s[1] && !s[2] && part_of(j, parts) == which) continue;
        for (int x = 0; x < 3; x++)
            at[x] = c->r[j][x] + s[0] * c->cell[0][x] + s[1] * c->cell[1][x] + s[2] * c->cell[2][x];
        for (int64_t i = 0; i < p->owned; i++) least = fmin(least, distance(at, p->r[i]));
        if (least < reach) see(p, c, j, at);
    }
}

static void make_part(part *p, const crystal *c, int which, int parts)
{
    *p = (part){.r = memory(SEEN * sizeof *p->r),
                .Z = memory(SEEN * sizeof(int32_t)),
                .tag = memory(SEEN * sizeof(int32_t)),
                .neighbor = memory(ATOMS * LONG_ROW * sizeof(int32_t)),
                .count = memory(ATOMS * sizeof(int32_t)),
                .first = memory(ATOMS * sizeof(int32_t *))};
    for (int i = 0; i < c->n; i++)
        if (part_of(i, parts) == which) see(p, c, i, c->r[i]);
    p->owned = p->all;
    int s[3];
    for (s[0] = -IMAGES; s[0] <= IMAGES; s[0]++)
        for (s[1] = -IMAGES; s[1] <= IMAGES; s[1]++)
            for (s[2] = -IMAGES; s[2] <= IMAGES; s[2]++) add_ghosts(p, c, which, parts, s);
    for (int64_t i = 0, n = 0; i < p->owned; i++) {
        p->first[i] = p->neighbor + n;
        for (int32_t j = 0; j < p->all; j++)
            if (j != i && distance(p->r[i], p->r[j]) < reach) p->neighbor[n++] = j;
        p->count[i] = (int32_t)(p->neighbor + n - p->first[i]);
    }
}

static void free_part(part *p)
{
    free(p->r);
    free(p->Z);
    free(p->tag);
    free(p->neighbor);
    free(p->count);
    free(p->first);
}

static mtx_host_list list_of(const part *p, const int32_t *owner)
{
    return (mtx_host_list){.size = sizeof(mtx_host_list),
                           .owned = p->owned,
                           .all = p->all,
                           .r = (const double(*)[3])p->r,
                           .count = p->count,
                           .first = (const int32_t *const *)p->first,
                           .owner = owner};
}

/* every process: energies of its atoms, forces on its atoms and ghosts; the latter are sent home */
static void one_process(const crystal *c, const part *p, result *sum, double strain[3][3])
{
    lists pairs;
    N(shape) shape;
    N(in) in;
    result own;
    lists_init(&pairs);
    mtx_host_list list = list_of(p, NULL);
    double(*G[LISTS])[3], (*f)[3] = memory((size_t)p->all * sizeof *f);
    for (int k = 0; k < LISTS; k++) {
        expect("list", mtx_pairs_from_host(&list, cutoff[k], 0, &pairs.of[k], NULL), MTX_OK);
        G[k] = memory((size_t)pairs.of[k].n * sizeof *G[k]);
    }
    memset(f, 0, (size_t)p->all * sizeof *f);
    start(&shape, &in, c->numbers, p->Z, &pairs);
    shape.ghosts = p->all - p->owned;
    N(out) out = {.E = &own.E, .Ea = own.Ea, .E_by_bond = G[0][0]};
#if LISTS == 2
    out.E_by_near = G[1][0];
#endif
    expect("ghosts", run(&shape, &in, &out), MTX_OK);
    expect("F with ghosts", run(&shape, &in, &(N(out)){.F = own.F[0]}), MTX_EUNSUPPORTED);
    double rough;
    expect("neighbours of neighbours", run(&shape, &in, &(N(out)){.rough = &rough}), MTX_EUNSUPPORTED);
    sum->E += own.E;
    for (int k = 0; k < LISTS; k++) {
        mtx_pairs_forces(&pairs.of[k], (const double(*)[3])G[k], f);
        mtx_pairs_strain(&pairs.of[k], (const double(*)[3])G[k], strain);
        free(G[k]);
    }
    for (int64_t i = 0; i < p->owned; i++) sum->Ea[p->tag[i]] = own.Ea[i];
    for (int64_t i = 0; i < p->all; i++)
        for (int x = 0; x < 3; x++) sum->F[p->tag[i]][x] += f[i][x];
    free(f);
    lists_free(&pairs);
}

static void divided(const crystal *c, const result *want, int parts)
{
    result sum = {0};
    double strain[3][3] = {{0}}, volume = c->numbers[18];
    for (int which = 0; which < parts; which++) {
        part p;
        make_part(&p, c, which, parts);
        one_process(c, &p, &sum, strain);
        free_part(&p);
    }
    for (int k = 0; k < 9; k++) sum.S[k] = strain[k / 3][k % 3] / volume;
    compare("E with ghosts", &want->E, &sum.E, 1, 1e-12);
    compare("Ea with ghosts", want->Ea, sum.Ea, ATOMS, 1e-12);
    compare("F with ghosts", want->F[0], sum.F[0], 3 * ATOMS, 1e-12);
    compare("S with ghosts", want->S, sum.S, 9, 1e-12);
}

/* one process that knows whose images its ghosts are needs no sending */
static void with_owners(const crystal *c, const result *want)
{
    part p;
    lists pairs;
    result got;
    lists_init(&pairs);
    make_part(&p, c, 0, 1);
    mtx_host_list list = list_of(&p, p.tag);
    for (int k = 0; k < LISTS; k++)
        expect("owners", mtx_pairs_from_host(&list, cutoff[k], flags[k], &pairs.of[k], NULL), MTX_OK);
    all_outputs(c, &pairs, &got);
    compare("E with owners", &want->E, &got.E, 1, 1e-12);
    compare("F with owners", want->F[0], got.F[0], 3 * ATOMS, 1e-12);
    compare("S with owners", want->S, got.S, 9, 1e-12);
    free_part(&p);
    lists_free(&pairs);
}

int main(void)
{
    static crystal c[3];
    static result want[3];
    srand(7);
    for (int k = 0; k < 3; k++) {
        make_crystal(&c[k]);
        whole(&c[k], &want[k]);
        few_outputs(&c[k], &want[k]);
        divided(&c[k], &want[k], 1);
        divided(&c[k], &want[k], 4);
        with_owners(&c[k], &want[k]);
        moving(&c[k]);
    }
    reverses();
    batch(c, want);
    threads(c, want);
    if (!faults) puts("all agree");
    return faults != 0;
}
