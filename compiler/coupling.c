/* SPDX-License-Identifier: Apache-2.0
 *
 * coupling.c: Clebsch-Gordan coefficients in the real basis, and tables of products made from them. The complex
 * coefficients are Racah's sum (Varshalovich, Moskalev, Khersonskii, Quantum Theory of Angular Momentum (1988),
 * 8.2.1); the real ones come from the unitary change of basis. Whether a table turns as it should does not rest on
 * this file: irreps.c tests it.
 */
#include "coupling.h"

#include <math.h>
#include <stdlib.h>

enum { MS = 2 * IRREPS_L_MOST + 1, FACTORIALS = 3 * IRREPS_L_MOST + 2 };

/* the coefficients <l1 m1 l2 m2 | l m1+m2> with the phases of Condon and Shortley */
typedef struct complex_block { int l1, l2, l; double of[MS][MS]; } complex_block;

static double racah(const long double *f, const complex_block *b, int m1, int m2)
{
    int l1 = b->l1, l2 = b->l2, l = b->l, m = m1 + m2;
    if (abs(m) > l) return 0;
    long double norm = (2 * l + 1) * f[l1 + l2 - l] * f[l1 - l2 + l] * f[l2 - l1 + l] / f[l1 + l2 + l + 1];
    norm *= f[l + m] * f[l - m] * f[l1 - m1] * f[l1 + m1] * f[l2 - m2] * f[l2 + m2];
    long double sum = 0;
    for (int k = 0; k <= l1 + l2 - l; k++) {
        const int d[5] = {l1 + l2 - l - k, l1 - m1 - k, l2 + m2 - k, l - l2 + m1 + k, l - l1 - m2 + k};
        long double under = f[k];
        for (int j = 0; j < 5; j++) under = d[j] < 0 ? 0 : under * f[d[j]];
        if (under != 0) sum += (k % 2 ? -1 : 1) / under;
    }
    return (double)(sum * sqrtl(norm));
}

static bool triangle(int l1, int l2, int l)
{
    return l >= abs(l1 - l2) && l <= l1 + l2;
}

static void block_fill(complex_block *b, int l1, int l2, int l)
{
    long double f[FACTORIALS + 1] = {1};
    for (int k = 1; k <= FACTORIALS; k++) f[k] = f[k - 1] * k;
    *b = (complex_block){l1, l2, l, {{0}}};
    for (int m1 = -l1; m1 <= l1 && triangle(l1, l2, l); m1++)
        for (int m2 = -l2; m2 <= l2; m2++) b->of[l1 + m1][l2 + m2] = racah(f, b, m1, m2);
}

/* Y_lm of the real basis in terms of complex ones: at most two, at m[0] and m[1] */
typedef struct mixture { int n, m[2]; double re[2], im[2]; } mixture;

static mixture real_basis(int m)
{
    const double h = sqrt(0.5);
    int a = abs(m), phase = a % 2 ? -1 : 1;
    if (m == 0) return (mixture){.n = 1, .re = {1}};
    if (m > 0) return (mixture){.n = 2, .m = {-a, a}, .re = {h, phase * h}};
    return (mixture){.n = 2, .m = {-a, a}, .im = {h, -phase * h}};
}

/* conj(U1) conj(U2) U3 applied to the complex coefficients: real for an even sum of degrees, else imaginary */
static double block_real(const complex_block *block, int m1, int m2, int m)
{
    mixture a = real_basis(m1), b = real_basis(m2), c = real_basis(m);
    double re = 0, im = 0;
    for (int x = 0; x < a.n; x++)
        for (int y = 0; y < b.n; y++)
            for (int z = 0; z < c.n; z++) {
                if (a.m[x] + b.m[y] != c.m[z]) continue;
                double w = block->of[block->l1 + a.m[x]][block->l2 + b.m[y]];
                double ab_re = a.re[x] * b.re[y] - a.im[x] * b.im[y],
                       ab_im = -a.re[x] * b.im[y] - a.im[x] * b.re[y];
                re += w * (ab_re * c.re[z] - ab_im * c.im[z]);
                im += w * (ab_re * c.im[z] + ab_im * c.re[z]);
            }
    return (block->l1 + block->l2 + block->l) % 2 ? im : re;
}

double coupling_real(int l1, int m1, int l2, int m2, int l, int m)
{
    complex_block b;
    block_fill(&b, l1, l2, l);
    return block_real(&b, m1, m2, m);
}

/* ------------------------------------------------------------------------------------------------- tables */

typedef VEC(product_term) term_list;

/* one copy of a part of each operand, at channels at_a and at_b, to degree l at channel `to` */
static void add_block(arena *memory, term_list *out, const complex_block *b, uint32_t at_a, uint32_t at_b,
                      uint32_t to, double scale)
{
    for (int m = -b->l; m <= b->l; m++)
        for (int m1 = -b->l1; m1 <= b->l1; m1++)
            for (int m2 = -b->l2; m2 <= b->l2; m2++) {
                if (abs(m) != abs(abs(m1) - abs(m2)) && abs(m) != abs(m1) + abs(m2)) continue;
                double w = block_real(b, m1, m2, m);
                if (fabs(w) < 1e-14) continue;
                product_term t = {to + (uint32_t)(b->l + m), at_a + (uint32_t)(b->l1 + m1),
                                  at_b + (uint32_t)(b->l2 + m2), scale * w};
                vec_push(memory, out, t);
            }
}

/* first channel of each part */
static uint32_t *starts_of(arena *memory, const irreps *r)
{
    uint32_t *at = arena_array(memory, uint32_t, r->n + 1);
    for (uint32_t k = 0; k < r->n; k++) at[k + 1] = at[k] + irreps_channels(&r->part[k], 1);
    return at;
}

/* plain channels are that many invariant parts of one number */
static irreps parts_of(program *p, elem e)
{
    const irreps *r = irreps_of(p, e);
    if (r) return *r;
    irrep *one = arena_new(p->memory, irrep);
    *one = (irrep){(uint16_t)elem_components(e), 0, false};
    return (irreps){one, 1};
}

/* all copies of part x of a with part y of b to degree l, from channel `to` on */
static uint32_t add_parts(program *p, term_list *out, const irrep *x, uint32_t at_a, const irrep *y, uint32_t at_b,
                          int l, uint32_t to)
{
    complex_block *block = arena_new(p->memory, complex_block);
    block_fill(block, x->l, y->l, l);
    for (uint32_t c = 0; c < x->copies; c++)
        for (uint32_t d = 0; d < y->copies; d++, to += 2 * (uint32_t)l + 1)
            add_block(p->memory, out, block, at_a + c * (2u * x->l + 1), at_b + d * (2u * y->l + 1), to, 1);
    return to;
}

uint32_t coupling_product(program *p, elem a, elem b, int lmax)
{
    irreps ra = parts_of(p, a), rb = parts_of(p, b);
    uint32_t *at_a = starts_of(p->memory, &ra), *at_b = starts_of(p->memory, &rb), to = 0, made = 0;
    term_list terms = {0};
    irrep *part = arena_array(p->memory, irrep, 2 * (size_t)lmax + 2);
    for (int l = 0; l <= lmax; l++)
        for (int odd = 0; odd < 2; odd++) {
            uint32_t copies = 0;
            for (uint32_t x = 0; x < ra.n; x++)
                for (uint32_t y = 0; y < rb.n; y++) {
                    const irrep *s = &ra.part[x], *t = &rb.part[y];
                    if ((s->odd != t->odd) != (odd != 0) || !triangle(s->l, t->l, l)) continue;
                    copies += (uint32_t)s->copies * t->copies;
                    if (to + copies * (2 * (uint32_t)l + 1) > CHANNELS_MOST) return SETIR_NONE;
                }
            if (!copies) continue;
            part[made++] = (irrep){(uint16_t)copies, (uint8_t)l, odd != 0};
            for (uint32_t x = 0; x < ra.n; x++)
                for (uint32_t y = 0; y < rb.n; y++)
                    if ((ra.part[x].odd != rb.part[y].odd) == (odd != 0) && triangle(ra.part[x].l, rb.part[y].l, l))
                        to = add_parts(p, &terms, &ra.part[x], at_a[x], &rb.part[y], at_b[y], l, to);
        }
    if (!made) return SETIR_NONE;
    return program_table(p, a, b, elem_irreps(p, program_irreps(p, part, made)), terms.at, terms.n);
}

uint32_t coupling_dots(program *p, elem a, elem b, uint32_t first, uint32_t n)
{
    irreps ra = parts_of(p, a), rb = parts_of(p, b);
    uint32_t *at_a = starts_of(p->memory, &ra), *at_b = starts_of(p->memory, &rb);
    term_list terms = {0};
    for (uint32_t k = first; k < first + n; k++)
        for (uint32_t c = 0; c < irreps_channels(&ra.part[k], 1); c++) {
            product_term t = {k - first, at_a[k] + c, at_b[k] + c, 1};
            vec_push(p->memory, &terms, t);
        }
    return program_table(p, a, b, elem_channels(n), terms.at, terms.n);
}

/* ---- three parts: pairs of parts to every degree that c has, then the scalar product with c */

typedef struct path { uint32_t x, y, z, at; } path; /* places in the ranges; first channel of the pair */

bool coupling_triples(program *p, const elem of[3], const part_range range[3], bool alike, uint32_t *pairs,
                      uint32_t *triples)
{
    irreps r[3];
    uint32_t *at[3];
    for (int k = 0; k < 3; k++) {
        r[k] = parts_of(p, of[k]);
        at[k] = starts_of(p->memory, &r[k]);
    }
    VEC(path) paths = {0};
    VEC(irrep) part = {0};
    term_list first = {0}, second = {0};
    uint32_t to = 0, total = alike ? range[0].n : range[0].n * range[1].n * range[2].n;
    for (uint32_t x = 0; x < range[0].n; x++)
        for (uint32_t y = 0; y < range[1].n; y++)
            for (uint32_t z = 0; z < range[2].n; z++) {
                if (alike && (x != y || y != z)) continue;
                const irrep *s = &r[0].part[range[0].first + x], *t = &r[1].part[range[1].first + y],
                            *u = &r[2].part[range[2].first + z];
                if (!triangle(s->l, t->l, u->l) || (s->odd != t->odd) != u->odd || (s->l + t->l + u->l) % 2) continue;
                irrep one = {1, u->l, u->odd};
                path made = {x, y, z, to};
                vec_push(p->memory, &paths, made);
                vec_push(p->memory, &part, one);
                to = add_parts(p, &first, s, at[0][range[0].first + x], t, at[1][range[1].first + y], u->l, to);
                if (to > CHANNELS_MOST) return false;
            }
    if (!paths.n || total > CHANNELS_MOST) return false;
    for (uint32_t k = 0; k < paths.n; k++) {
        const path *w = &paths.at[k];
        uint32_t channel = alike ? w->x : (w->x * range[1].n + w->y) * range[2].n + w->z, l = part.at[k].l;
        for (uint32_t m = 0; m < 2 * l + 1; m++) {
            product_term t = {channel, w->at + m, at[2][range[2].first + w->z] + m, 1 / sqrt(2.0 * l + 1)};
            vec_push(p->memory, &second, t);
        }
    }
    elem between = elem_irreps(p, program_irreps(p, part.at, part.n));
    *pairs = program_table(p, of[0], of[1], between, first.at, first.n);
    *triples = program_table(p, between, of[2], elem_channels(total), second.at, second.n);
    return true;
}
