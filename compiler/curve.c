/* SPDX-License-Identifier: Apache-2.0
 *
 * curve.c: numbers known when compiling (setir.h, curve). In: numbers over sets of fixed size. Out: curves that a
 * program owns, each once; their values and derivatives in the plainest form; whether they are well formed. Making
 * curves from functions: tabulate.c; from files: table_file.c.
 */
#include "curve.h"

#include <math.h>
#include <string.h>

#define CURVE_PLACES (1 << 20)
#define CURVE_NUMBERS (1 << 22)
#define CURVE_CLOSE 1e-8 /* of the magnitudes that meet at a knot                                           */

int64_t curve_set_size(const program *p, set_id id)
{
    const set *s = id < p->sets.n ? &p->sets.at[id] : NULL;
    if (s && s->kind == SET_RANGE) return (int64_t)s->hi - s->lo + 1;
    bool listed = s && (s->kind == SET_SPECIES || (s->kind == SET_RANK && s->parent == SETIR_NONE));
    return listed ? s->count : 0;
}

size_t curve_numbers(const curve *c)
{
    return (size_t)c->places * (c->pieces ? (size_t)c->pieces * c->terms : 1);
}

static bool same_curve(const curve *a, const curve *b)
{
    return a->n_domain == b->n_domain && a->places == b->places && a->pieces == b->pieces && a->terms == b->terms &&
           a->lo == b->lo && a->rate == b->rate && a->order == b->order && unit_equal(a->unit, b->unit) &&
           unit_equal(a->unit_x, b->unit_x) && !memcmp(a->domain, b->domain, a->n_domain * sizeof *a->domain) &&
           !memcmp(a->data, b->data, curve_numbers(a) * sizeof *a->data);
}

uint32_t program_curve(program *p, curve c)
{
    c.domain = arena_copy(p->memory, c.domain, c.n_domain * sizeof *c.domain);
    for (uint32_t k = 0; k < p->curves.n; k++)
        if (same_curve(&p->curves.at[k], &c)) return k;
    c.data = arena_copy(p->memory, c.data, curve_numbers(&c) * sizeof *c.data);
    vec_push(p->memory, &p->curves, c);
    return p->curves.n - 1;
}

uint32_t curve_piece(const curve *c, double x, double *u)
{
    double t = (x - c->lo) * c->rate, most = (double)c->pieces - 1;
    double piece = t > 0 ? t < most ? floor(t) : most : 0; /* NaN: the first */
    *u = t - piece;
    return (uint32_t)piece;
}

double curve_falling(uint32_t j, int32_t k)
{
    double product = 1;
    for (int32_t i = 0; i < k; i++) product *= (double)((int64_t)j - i);
    return product;
}

double curve_value(const curve *c, uint32_t cell, double x, int32_t k)
{
    double u, sum = 0;
    if (!c->pieces) return c->data[cell];
    uint32_t piece = curve_piece(c, x, &u);
    const double *a = c->data + (size_t)piece * c->terms * c->places + cell;
    for (uint32_t j = c->terms; j-- > (uint32_t)k;) sum = sum * u + a[(size_t)j * c->places] * curve_falling(j, k);
    return isnan(x) ? x : sum * pow(c->rate, k);
}

bool curve_symmetric(const curve *c)
{
    if (c->n_domain != 2 || c->domain[0] != c->domain[1] || !c->places) return false;
    uint32_t n = 1;
    while (n * n < c->places) n++;
    for (size_t block = 0; block < curve_numbers(c) / c->places; block++) {
        const double *a = c->data + block * c->places;
        for (uint32_t i = 0; i < n; i++)
            for (uint32_t j = 0; j < i; j++)
                if (a[i * n + j] != a[j * n + i]) return false;
    }
    return true;
}

void curve_expand(const curve *c, uint32_t cell, uint32_t piece, double u, int32_t k, double *to, double *size)
{
    const double *a = c->data + (size_t)piece * c->terms * c->places + cell;
    for (uint32_t j = 0; j < c->terms; j++) {
        to[j] = size[j] = 0;
        double binomial = 1, power = 1; /* C(i, j + k) u^(i - j - k), times (j + k)! / j! */
        for (uint32_t i = j + (uint32_t)k; i < c->terms; i++) {
            double term = a[(size_t)i * c->places] * binomial * power * curve_falling(j + (uint32_t)k, k);
            to[j] += term;
            size[j] += fabs(term);
            power *= u;
            binomial *= (double)(i + 1) / (double)(i + 1 - j - (uint32_t)k);
        }
        double scale = pow(c->rate, k + (double)j);
        to[j] *= scale;
        size[j] *= scale;
    }
}

/* do the pieces on both sides of every knot agree as `order` says? */
static bool joins(const curve *c)
{
    double left[CURVE_TERMS], right[CURVE_TERMS], sl[CURVE_TERMS], sr[CURVE_TERMS];
    for (uint32_t piece = 1; piece < c->pieces; piece++)
        for (uint32_t cell = 0; cell < c->places; cell++) {
            curve_expand(c, cell, piece - 1, 1, 0, left, sl);
            curve_expand(c, cell, piece, 0, 0, right, sr);
            for (uint32_t j = 0; j < c->terms && (int32_t)j <= c->order; j++) {
                double most = 0; /* of the derivatives, as far as they move the value within a piece */
                for (uint32_t i = 0; i < c->terms; i++)
                    most = fmax(most, (sl[i] + sr[i]) * pow(c->rate, (double)j - (double)i));
                if (!(fabs(left[j] - right[j]) <= CURVE_CLOSE * most)) return false;
            }
        }
    return true;
}

const char *curve_fault(const program *p, const curve *c)
{
    int64_t places = 1;
    for (uint32_t k = 0; k < c->n_domain; k++) {
        int64_t size = curve_set_size(p, c->domain[k]);
        if (size <= 0 || (places *= size) > CURVE_PLACES) return "its sets have fixed sizes, not too large";
    }
    if (places != c->places) return "a place for every element of its sets";
    if (c->pieces && (c->terms < 1 || c->terms > CURVE_TERMS || !isfinite(c->lo) || !(c->rate > 0) || isinf(c->rate)))
        return "pieces with 1 to 8 coefficients on equal intervals";
    if (curve_numbers(c) > CURVE_NUMBERS) return "too many numbers";
    for (size_t k = 0; k < curve_numbers(c); k++)
        if (!isfinite(c->data[k])) return "a number that is not finite";
    if (c->pieces && (c->order < -1 || c->order > SMOOTH_INFINITE || !joins(c)))
        return "its pieces do not join as smoothly as it says";
    return NULL;
}
