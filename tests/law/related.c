/* SPDX-License-Identifier: Apache-2.0
 *
 * related.c: laws against numbers (related.h). The natural bijections of index sets are those of
 * action_compare.c. A difference counts when neither atoms moved by 1e-9 Å nor results rounded up or down
 * change the values much: else rounding decides.
 */
#include "related.h"

#include <fenv.h>

#include "action_compare.c"
#include "law_internal.h"

#define RELATIVE 1e-7 /* of the values compared                                                   */
#define ABSOLUTE 1e-9 /* fields are of order one                                                  */
#define SHAKE    1e-9 /* Å                                                                        */
#define STEADY   1e-4 /* a value that the shake changes by more is no evidence                    */
enum { SHAKES = 4 };

bool world_open(world *w, const program *p, const law_result *laws)
{
    *w = (world){.p = p, .laws = laws};
    for (int k = 0; k < ACTION_SLOTS; k++) {
        mtx_structure_init(&w->first[k]);
        mtx_structure_init(&w->second[k]);
        mtx_structure_init(&w->shaken[k]);
    }
    arena_init(&w->memory, &w->guard);
    w->batch = mtx_batch_new();
    w->interp = interp_new(p);
    if (!w->batch || !w->interp || setjmp(w->guard) || !plan_from_program(&w->memory, p, &w->plan, NULL))
        return false;
    mtx_set_desc *sets = arena_copy(&w->memory, w->plan.sets, (size_t)w->plan.n_sets * sizeof *sets);
    for (int32_t k = 0; k < w->plan.n_sets; k++)
        if (sets[k].kind == MTX_SET_PAIRS) sets[k].need |= MTX_NEED_I | MTX_NEED_J | MTX_NEED_VECTOR;
    w->plan.sets = sets;
    const size_t n = (size_t)program_param_numbers(p);
    w->parameters = arena_array(&w->memory, double, n + 1);
    sample_parameters(1, w->parameters, n);
    return true;
}

void world_close(world *w)
{
    for (int k = 0; k < ACTION_SLOTS; k++) {
        mtx_structure_free(&w->first[k]);
        mtx_structure_free(&w->second[k]);
        mtx_structure_free(&w->shaken[k]);
    }
    action_free(&w->g);
    mtx_batch_free(w->batch);
    interp_free(w->interp);
    arena_free(&w->memory);
}

static bool prepare(world *w, const mtx_structure *first, const mtx_structure *second)
{
    const mtx_structure *frames[2 * ACTION_SLOTS];
    for (uint32_t k = 0; k < w->p->slots.n; k++) {
        frames[2 * k] = &first[k];
        frames[2 * k + 1] = &second[k];
    }
    mtx_problem problem;
    if (mtx_prepare(&w->plan, frames, 2, interp_stage, w->interp, w->batch, &problem) != MTX_OK) return false;
    mtx_batch_set_param(w->batch, w->parameters);
    return true;
}

/* in the arena of the world; NULL where the interpreter refuses */
static double *values(world *w, def_id d, int frame, int64_t *n)
{
    interp_bind(w->interp, mtx_batch_view(w->batch), frame);
    *n = interp_def_size(w->interp, d);
    double *out = malloc((size_t)(*n + 1) * sizeof *out);
    if (out && *n > 0 && interp_def(w->interp, d, out, NULL) != MTX_OK) {
        free(out);
        out = NULL;
    }
    return out;
}

/* Was the sample matched to its host in the same way in both frames? Which way is right where several are is
 * not for the laws to say. */
static bool matched_alike(const world *w)
{
    action_values v = {.view = mtx_batch_view(w->batch)};
    matcher m = {.p = w->p, .g = &w->g, .v = &v, .map = calloc(w->p->sets.n + 1, sizeof *m.map)};
    bool alike = m.map != NULL;
    for (uint32_t s = 0; s < w->p->sets.n && alike; s++) {
        if (w->p->sets.at[s].kind != SET_DIFFER) continue;
        const int64_t *map = set_map(&m, s);
        alike = map && (w->g.sym == SYM_SUPERCELL || set_size(&m, s, 0) == set_size(&m, s, 1));
        for (int64_t e = 0; e < set_size(&m, s, 1) && alike; e++) alike = map[e] >= 0;
    }
    for (uint32_t s = 0; m.map && s < w->p->sets.n; s++) free(m.map[s]);
    free(m.map);
    return alike;
}

bool world_draw(world *w, symmetry sym, sample_shape shape, uint64_t seed)
{
    uint64_t rng = seed ^ 0x5851f42d4c957f2du;
    action_free(&w->g);
    w->seed = seed;
    return sample_structures(w->p, &w->plan, shape, seed, w->first) &&
           action_draw(w->p, &w->plan, sym, &rng, w->first, w->second, &w->g) &&
           prepare(w, w->first, w->second) && matched_alike(w);
}

/* ------------------------------------------------------------------------------------ the law applied */

static bool over_waves(const world *w, ivar_id v)
{
    return w->p->sets.at[w->p->ivars.at[v].set].kind == SET_RECIP;
}

const law_info *world_law(const world *w, def_id d)
{
    bool waves = false;
    for (uint32_t k = 0; k < w->p->defs.at[d].n_param; k++) waves |= over_waves(w, w->p->defs.at[d].param[k]);
    return waves && w->g.sym == SYM_SUPERCELL ? &w->laws->used[d] : &w->laws->def[d];
}

typedef struct asked {
    const world *w;
    const def *d;
    const law_info *law;
    matcher m;
    layout l;
    bool zero[8]; /* by parameter: said to be zero on reciprocal vectors that a supercell adds */
} asked;

/* copies^size, signs of mirrors */
static double factor_of(const asked *q)
{
    const action *g = &q->w->g;
    double f = 1;
    for (uint32_t s = 0; s < g->n_slots && g->sym == SYM_SUPERCELL; s++)
        f *= pow(g->copies[s], (double)q->law->size[s].num / q->law->size[s].den);
    bool minus = g->sym == SYM_REFLECT ? q->law->odd
                                       : g->sym >= SYM_REFLECT_X && g->sym <= SYM_REFLECT_Z &&
                                             q->law->odd != q->law->mirror[g->sym - SYM_REFLECT_X];
    return minus ? -f : f;
}

/* one value turned, scaled and moved */
static void transform(const asked *q, const double *value, double *out)
{
    const action *g = &q->w->g;
    def plain = {.elem = q->d->elem};
    change_value(&q->m, &plain, &(reading){.factor = factor_of(q), .moving = -1}, value, out);
    for (int k = 0; k < 3 && q->d->elem.kind == ELEM_REAL && q->d->elem.rank == 1 && g->sym == SYM_TRANSLATE;
         k++)
        for (uint32_t s = 0; s < g->n_slots; s++)
            out[k] += (double)q->law->affine[s].num / q->law->affine[s].den * g->t[s][k];
}

/* where is this index variable among the parameters? */
static int place_of(const asked *q, ivar_id v)
{
    for (uint32_t k = 0; k < q->d->n_param; k++)
        if (q->d->param[k] == v) return (int)k;
    return -1;
}

static int64_t stride_of(const asked *q, int slot_at)
{
    int64_t stride = 1;
    for (uint32_t k = q->l.n; k-- > (uint32_t)slot_at + 1;) stride *= q->l.size[0][k];
    return stride;
}

/* inverse transpose of an integer basis change, in terms of the periodic axes */
static double fraction_change(int32_t b[3][3], int row, int column)
{
    int r1 = (row + 1) % 3, r2 = (row + 2) % 3, c1 = (column + 1) % 3, c2 = (column + 2) % 3;
    double det = 0;
    for (int k = 0; k < 3; k++) {
        int a = (k + 1) % 3, c = (k + 2) % 3;
        det += b[0][k] * (b[1][a] * b[2][c] - b[1][c] * b[2][a]);
    }
    return (b[r1][c1] * b[r2][c2] - b[r1][c2] * b[r2][c1]) / det;
}

/* coefficient of old element k in new element j along a lattice axis */
static double mixing(const asked *q, axis_kind kind, set_id axes, int64_t j, int64_t k)
{
    const set *s = &q->w->p->sets.at[axes];
    int list[3], n = 0;
    for (int a = 0; a < 3; a++)
        if (q->w->p->slots.at[s->slot].axes >> a & 1) list[n++] = a;
    int32_t basis[3][3];
    memcpy(basis, q->w->g.basis[s->slot], sizeof basis);
    return kind == AXIS_BASIS ? basis[list[j]][list[k]] : fraction_change(basis, list[j], list[k]);
}

/* element `at` of frame 0 as frame 1 should have it, mixed along the axes from `axis` on */
static void expected(const asked *q, const double *before, int64_t at, uint32_t axis, double *out)
{
    uint32_t width = q->l.width;
    while (axis < q->law->n_axis &&
           (place_of(q, q->law->axis[axis].ivar) < 0 || q->law->axis[axis].kind == AXIS_PAIRED))
        axis++;
    if (q->w->g.sym != SYM_CELL || axis >= q->law->n_axis || q->d->elem.kind != ELEM_REAL)
        return transform(q, before + at * width, out);
    int slot_at = place_of(q, q->law->axis[axis].ivar);
    int64_t stride = stride_of(q, slot_at), size = q->l.size[0][slot_at], own = at / stride % size;
    double part[512];
    memset(out, 0, width * sizeof *out);
    for (int64_t k = 0; k < size; k++) {
        expected(q, before, at + (k - own) * stride, axis + 1, part);
        double c = mixing(q, q->law->axis[axis].kind, q->w->p->ivars.at[q->d->param[slot_at]].set, own, k);
        for (uint32_t j = 0; j < width; j++) out[j] += c * part[j];
    }
}

/* `PAIRED` axes: only the sum over them is said to stay; every element becomes that sum */
static void sum_pairs(const asked *q, double *value, int frame)
{
    for (uint32_t a = 0; a < q->law->n_axis && q->w->g.sym == SYM_CELL; a++) {
        int slot_at = q->law->axis[a].kind == AXIS_PAIRED ? place_of(q, q->law->axis[a].ivar) : -1;
        if (slot_at < 0) continue;
        int64_t stride = 1, size = q->l.size[frame][slot_at];
        for (uint32_t k = q->l.n; k-- > (uint32_t)slot_at + 1;) stride *= q->l.size[frame][k];
        for (int64_t e = 0; e < q->l.total[frame]; e++) {
            if (e / stride % size) continue;
            for (uint32_t c = 0; c < q->l.width; c++) {
                double sum = 0;
                for (int64_t k = 0; k < size; k++) sum += value[(e + k * stride) * q->l.width + c];
                for (int64_t k = 0; k < size; k++) value[(e + k * stride) * q->l.width + c] = sum;
            }
        }
    }
}

/* distance of v from the nearest lattice vector of the original structure */
static double off_lattice(const asked *q, uint32_t s, const double v[3])
{
    const double *cell = mtx_batch_view(q->w->batch)->cell[s], *inverse = cell + 9;
    double rest[3] = {v[0], v[1], v[2]};
    for (int k = 0; k < 3; k++) {
        double f = v[0] * inverse[k] + v[1] * inverse[3 + k] + v[2] * inverse[6 + k];
        for (int c = 0; c < 3 && (q->w->p->slots.at[s].axes >> k & 1); c++)
            rest[c] -= round(f) * cell[3 * k + c];
    }
    return fabs(rest[0]) + fabs(rest[1]) + fabs(rest[2]);
}

/* symmetries under which values modulo something may take another representative */
static bool loose(const asked *q)
{
    symmetry s = q->w->g.sym;
    return s == SYM_WRAP || s == SYM_SUPERCELL || (law_places_spots(q->w->p) && s < SYM_ROTATE) ||
           (law_places_spots(q->w->p) && s == SYM_CELL);
}

/* |want - got| of one element, by the law; sign: +-, period: modulo, mod: modulo the lattice */
static double gap_of(const asked *q, const double *want, const double *got, uint32_t c)
{
    double gap = fabs(want[c] - got[c]);
    if (!loose(q)) return gap;
    if (q->law->mod != SETIR_NONE && q->d->elem.rank == 1) {
        double off = off_lattice(q, q->law->mod,
                                 (const double[3]){want[0] - got[0], want[1] - got[1], want[2] - got[2]});
        return fmin(gap, off);
    }
    double period = q->law->period, least = gap;
    for (int s = 1; s >= (q->law->sign ? -1 : 1); s -= 2) {
        bool minus = s < 0;
        double difference = (minus ? -want[c] : want[c]) - got[c];
        if (minus && q->d->elem.rank) { /* one sign for all components               */
            double whole = 0;
            for (uint32_t k = 0; k < q->l.width; k++) whole = fmax(whole, fabs(want[k] + got[k]));
            difference = whole;
        }
        least = fmin(least, fabs(difference));
        if (period != 0) least = fmin(least, fabs(difference - period * round(difference / period)));
    }
    return least;
}

/* ------------------------------------------------------------------------------------ verdicts */

/* fields moved a little, each by itself */
static void shake_fields(const world *w, uint32_t slot_id, mtx_structure *s, uint64_t *rng)
{
    for (int32_t k = 0; k < w->plan.n_inputs; k++) {
        const mtx_input_desc *d = &w->plan.inputs[k];
        if (d->role != MTX_IN_FIELD || (uint32_t)(d->slot < 0 ? 0 : d->slot) != slot_id ||
            d->type != MTX_TYPE_REAL)
            continue;
        mtx_column *c =
            (mtx_column *)(d->rows < 0 ? mtx_structure_info(s, d->key) : mtx_structure_column(s, d->key));
        for (int64_t e = 0; c && e < c->rows * c->width; e++)
            c->real[e] += sample_uniform(rng, -SHAKE, SHAKE);
    }
}

/* the structures of a frame with atoms, cells and fields moved a little, twice as both frames */
static bool prepare_shaken(world *w, int frame, int turn)
{
    const mtx_structure *from = frame ? w->second : w->first;
    uint64_t rng = w->seed + 77 + (uint64_t)turn;
    double strain[9];
    for (int k = 0; k < 9; k++) strain[k] = (k % 4 == 0) + sample_uniform(&rng, -0.1 * SHAKE, 0.1 * SHAKE);
    for (uint32_t k = 0; k < w->p->slots.n; k++) {
        mtx_structure *to = &w->shaken[k];
        if (mtx_structure_copy(to, &from[k]) != MTX_OK) return false;
        shake_fields(w, k, to, &rng);
        for (int64_t i = 0; i < to->n + 3; i++) {
            double *v = i < 3 ? to->cell[i] : to->r[i - 3], old[3] = {v[0], v[1], v[2]};
            for (int c = 0; c < 3; c++)
                v[c] = old[0] * strain[c] + old[1] * strain[3 + c] + old[2] * strain[6 + c] +
                       (i < 3 ? 0 : sample_uniform(&rng, -SHAKE, SHAKE));
        }
    }
    return prepare(w, w->shaken, w->shaken);
}

/* How much number `e` of the tensor changes at most when atoms are moved a little or results rounded
 * otherwise, and its own size. */
static double unsteadiness(world *w, def_id d, int frame, int64_t e, int64_t n, double *size_of_value)
{
    const mtx_structure *from = frame ? w->second : w->first;
    int64_t same;
    double most = 0, value, *own = prepare(w, from, from) ? values(w, d, 0, &same) : NULL;
    if (!own) return INFINITY;
    value = own[e];
    *size_of_value = fmax(*size_of_value, fabs(value));
    free(own);
    static const int rounding[2] = {FE_UPWARD, FE_DOWNWARD};
    for (int turn = -2; turn < SHAKES && most < INFINITY; turn++) {
        int64_t size;
        if (turn < 0) fesetround(rounding[turn + 2]);
        double *now = (turn < 0 ? prepare(w, from, from) : prepare_shaken(w, frame, turn))
                          ? values(w, d, 0, &size)
                          : NULL;
        fesetround(FE_TONEAREST);
        most = now && size == n ? fmax(most, fabs(now[e] - value)) : INFINITY;
        if (isnan(most)) most = INFINITY;
        free(now);
    }
    return most;
}

/* Are there as many elements of every set of the program when atoms are moved a little? */
static bool steady_sets(world *w)
{
    bool same = true;
    for (int frame = 0; frame < 2; frame++) {
        int64_t size[64];
        for (int turn = -1; turn < SHAKES && same; turn++) {
            same = turn < 0 ? prepare(w, frame ? w->second : w->first, frame ? w->second : w->first)
                            : prepare_shaken(w, frame, turn);
            if (!same) break;
            interp_bind(w->interp, mtx_batch_view(w->batch), 0);
            for (uint32_t s = 0; s < w->p->sets.n && s < 64; s++) {
                int64_t now = interp_set_size(w->interp, s);
                same = same && (turn < 0 || now == size[s]);
                size[s] = now;
            }
        }
    }
    return prepare(w, w->first, w->second) && same;
}

static bool finite_values(world *w, def_id id, int frame)
{
    int64_t size;
    bool good = true;
    double *all = values(w, id, frame, &size);
    for (int64_t k = 0; all && k < size; k++) good = good && isfinite(all[k]);
    free(all);
    return good;
}

/* the indices of element `e` of a tensor; false: not known (e < 0) */
static bool indices_of(const world *w, const def *d, int64_t e, int64_t index[8])
{
    e /= elem_components(d->elem);
    for (uint32_t k = d->n_param; k-- > 0 && e >= 0;) {
        int64_t size = interp_set_size(w->interp, w->p->ivars.at[d->param[k]].set);
        index[k & 7] = size ? e % size : 0;
        e = size ? e / size : 0;
    }
    return e >= 0;
}

/* Is every part of the tensor that its own indices settle a number, and every tensor that it is made of? A
 * division by exactly zero is not followed. e < 0: any element. */
static bool well_defined(world *w, def_id id, int frame, int64_t e)
{
    const def *d = &w->p->defs.at[id];
    if (d->lib != LIB_NONE)
        return finite_values(w, d->lib_arg, frame) && well_defined(w, d->lib_arg, frame, -1);
    bool *reached = calloc((size_t)d->body + 1, sizeof *reached), good = reached != NULL;
    int64_t index[8] = {0};
    interp_bind(w->interp, mtx_batch_view(w->batch), frame);
    bool known = indices_of(w, d, e, index);
    if (good) reached[d->body] = true;
    for (node_id n = d->body + 1; n-- > 0 && good;) {
        const node *x = &w->p->nodes.at[n];
        if (!reached[n]) continue;
        for (uint32_t k = 0; k < x->n_args; k++) reached[x->arg[k]] = true;
        bool own = x->elem.kind == ELEM_REAL && x->op != OP_SELECT && (known || x->n_free == 0);
        for (uint32_t k = 0; k < x->n_free; k++) own = own && ivar_list_has(d->param, d->n_param, x->free[k]);
        double value[512];
        if (own && elem_components(x->elem) <= 512 &&
            interp_node(w->interp, n, d->param, index, known ? d->n_param : 0, value, NULL) == MTX_OK)
            for (uint32_t c = 0; c < elem_components(x->elem); c++) good = good && isfinite(value[c]);
        bool steep = x->op == OP_LOG || x->op == OP_POWV || (x->op == OP_POW && x->imm.value[0] < 1);
        if (own && good && steep && !x->elem.channels && /* of what is zero but for rounding */
            interp_node(w->interp, x->arg[0], d->param, index, known ? d->n_param : 0, value, NULL) == MTX_OK)
            good = fabs(value[0]) > 1e-12;
        if ((x->op == OP_ACCESS || x->op == OP_PADGET) && good) {
            good = finite_values(w, x->imm.def, frame) && well_defined(w, x->imm.def, frame, -1);
            interp_bind(w->interp, mtx_batch_view(w->batch), frame);
        }
    }
    free(reached);
    return good;
}

/* Is the difference more than rounding? Prepares other structures: the caller prepares again. */
static bool confirmed(world *w, def_id d, double gap, const int64_t at[2], const int64_t n[2])
{
    double most = 0,
           blur = fmax(unsteadiness(w, d, 0, at[0], n[0], &most), unsteadiness(w, d, 1, at[1], n[1], &most));
    if (!prepare(w, w->first, w->second) || !well_defined(w, d, 0, at[0]) || !well_defined(w, d, 1, at[1]))
        return false;
    return blur <= STEADY * most && gap > 10 * blur;
}

/* components that a rotation mixes: rounding of the largest is in each */
static double mixed_size(const asked *q, const double *want, const double *got)
{
    double most = 0;
    bool mixes = q->d->elem.irreps || q->d->elem.rank;
    for (uint32_t c = 0; c < q->l.width && mixes; c++)
        if (isfinite(want[c]) && isfinite(got[c])) most = fmax(most, fmax(fabs(want[c]), fabs(got[c])));
    return most;
}

/* Is element `e` one on added reciprocal vectors: is it said to be zero there? */
static bool on_added(const asked *q, int64_t e, bool *zero)
{
    bool added = false;
    *zero = false;
    for (uint32_t k = q->l.n; k-- > 0; e /= q->l.size[1][k]) {
        bool lost = q->l.map[k][e % q->l.size[1][k]] < 0;
        if (lost && !over_waves(q->w, q->d->param[k])) return false;
        added |= lost;
        *zero |= lost && q->zero[k];
    }
    return added;
}

/* Is everything a number in the original, which has waves of every kind? What depends on no wave is then seen. */
static bool all_numbers(const asked *q, const double *before)
{
    bool all = true;
    for (uint32_t s = 0; s < q->w->p->sets.n; s++)
        all &= q->w->p->sets.at[s].kind != SET_RECIP || set_size(&q->m, s, 0) > 0;
    for (int64_t e = 0; e < q->l.total[0] * q->l.width; e++) all = all && isfinite(before[e]);
    return all;
}

static related compare(world *w, def_id id, asked *q, double *before, double *after)
{
    const int64_t n[2] = {q->l.total[0] * q->l.width, q->l.total[1] * q->l.width};
    double want[512];
    int64_t at[2] = {-1, -1};
    bool missing = false, undefined = false;
    w->worst = 0;
    sum_pairs(q, before, 0);
    sum_pairs(q, after, 1);
    for (int64_t e = 0; e < q->l.total[1]; e++) {
        int64_t from = counterpart(&q->l, e);
        bool zero = false;
        if (from < 0) {
            missing |= w->g.sym != SYM_SUPERCELL || !on_added(q, e, &zero);
            if (!zero || n[0] == 0) continue;
            from = 0;
        }
        expected(q, before, from, 0, want);
        if (zero) memset(want, 0, q->l.width * sizeof *want);
        const double *got = after + e * q->l.width;
        double noise = 1e-12 * mixed_size(q, want, got);
        for (uint32_t c = 0; c < q->l.width; c++) {
            double value = index_back(&q->m, q->d, got[c]);
            if (!isfinite(want[c])) continue;
            if (!isfinite(value)) {
                undefined |= w->strict && all_numbers(q, before);
                continue;
            }
            double gap = q->d->elem.kind == ELEM_REAL ? gap_of(q, want, got, c) : fabs(value - want[c]);
            if (gap > RELATIVE * fmax(fabs(value), fabs(want[c])) + ABSOLUTE + noise && gap > w->worst) {
                w->worst = gap;
                w->before = want[c];
                w->after = value;
                at[0] = from * q->l.width + c;
                at[1] = e * q->l.width + c;
            }
        }
    }
    if (missing || undefined) return steady_sets(w) ? UNRELATED : NO_EVIDENCE;
    if (at[0] < 0) return RELATED;
    return confirmed(w, id, w->worst, at, n) ? UNRELATED : NO_EVIDENCE;
}

/* Do both frames have as many elements as the bijections say? */
static bool fits(const asked *q)
{
    for (uint32_t k = 0; k < q->l.n; k++) {
        const set *s = &q->w->p->sets.at[q->w->p->ivars.at[q->d->param[k]].set];
        bool covering = q->w->g.sym == SYM_SUPERCELL && s->kind != SET_RANK;
        if (covering && s->kind == SET_RECIP) continue; /* some have no original */
        if (covering ? q->l.size[0][k] == 0 && q->l.size[1][k] > 0 : q->l.size[0][k] != q->l.size[1][k])
            return false;
    }
    return true;
}

bool world_tied(world *w)
{
    bool tied = false;
    for (def_id k = 0; k < w->p->defs.n && !tied; k++) {
        if (w->p->defs.at[k].lib != LIB_SORTROWS) continue;
        int64_t total;
        double *m = values(w, w->p->defs.at[k].lib_arg, 0, &total);
        int64_t n = (int64_t)lround(sqrt((double)total));
        for (int64_t e = 0; m && e < n * n; e++) {
            double a = 0, b = 0;
            for (int64_t j = 0; j < n; j++) {
                a += m[e / n * n + j] * m[e / n * n + j];
                b += m[e % n * n + j] * m[e % n * n + j];
            }
            tied |= e / n != e % n && !(fabs(a - b) > 1e-6 * (a + b));
        }
        free(m);
    }
    return tied;
}

related world_related(world *w, def_id id)
{
    const def *d = &w->p->defs.at[id];
    asked q = {.w = w, .d = d, .law = world_law(w, id)};
    law_cx laws = {.a = &w->memory, .p = w->p, .r = (law_result *)w->laws};
    for (uint32_t k = 0; k < d->n_param && w->strict && q.law != &w->laws->def[id]; k++)
        q.zero[k & 7] = over_waves(w, d->param[k]) && law_vanishes(&laws, d->body, d->param[k]);
    int64_t n[2];
    double *before = values(w, id, 0, &n[0]), *after = values(w, id, 1, &n[1]);
    action_values v = {.view = mtx_batch_view(w->batch), .before = before, .after = after};
    q.m = (matcher){.p = w->p, .g = &w->g, .v = &v, .map = calloc(w->p->sets.n + 1, sizeof *q.m.map)};
    related out = NO_EVIDENCE;
    if (before && after && q.m.map && layout_of(&q.m, d, &q.l) && !q.m.failed)
        out = !fits(&q) ? (steady_sets(w) ? UNRELATED : NO_EVIDENCE) : compare(w, id, &q, before, after);
    for (uint32_t k = 0; q.m.map && k < w->p->sets.n; k++) free(q.m.map[k]);
    free(q.m.map);
    free(before);
    free(after);
    return out;
}
