/* SPDX-License-Identifier: Apache-2.0
 *
 * neighbors_reverse.c: the reverse of every pair, in time linear in the pairs. In: rows of an mtx_pairs;
 * out: its rev.
 *
 * Where rows are short, a pair is looked up in the row of its other end (neighbors_match.h). Else, pairs dealt
 * out by j, in order, are those that come into each atom, sorted by where they come from (`into`). These dealt
 * out by i, in order, are the rows sorted by where they go (`along`). The list is symmetric, so the two have
 * the same atoms in the same places; only several images of one atom must be told apart by their shifts.
 */
#include "neighbors.h"

#include <string.h>

/* Rows of so many pairs (weighted with their length) and so many images of one atom in a row: measured, a
 * pair is then looked up in 2.5 to 5 ns, and dealt out in 3 to 12. */
#define ROW_MOST    60.0
#define IMAGES_MOST 3.0

static uint32_t shift_hash(int32_t x, int32_t y, int32_t z)
{
    const uint32_t h = (uint32_t)x * 0x9e3779b1u ^ (uint32_t)y * 0x85ebca77u ^ (uint32_t)z * 0xc2b2ae3du;
    return h ^ h >> 15;
}

static void deal_out(const int32_t *key, const int64_t *row, int64_t base, int64_t atoms, int64_t first,
                     int64_t n, const int64_t *from, int64_t *cursor, int64_t *to)
{
    for (int64_t a = 0; a < atoms; a++) cursor[a] = row[base + a] - first;
    for (int64_t m = 0; m < n; m++) {
        const int64_t k = from == NULL ? first + m : from[m];
        to[cursor[key[k] - base]++] = k;
    }
}

/* `count` images of one atom: the outgoing ones are hashed by their shift, the incoming ones look up its
 * negative. */
static bool match_images(nb_scratch *s, mtx_pairs *p, const int64_t *along, const int64_t *into,
                         int64_t count)
{
    uint32_t size = 4;
    while (size < 2 * count) size *= 2;
    int64_t *table = nb_buffer_reserve(&s->buffer[NB_TABLE], size, sizeof *table, 0);
    if (table == NULL) return false;
    memset(table, 0xff, size * sizeof *table);
    for (int64_t m = 0; m < count; m++) {
        const int64_t k = along[m];
        uint32_t at = shift_hash(p->sx[k], p->sy[k], p->sz[k]) & (size - 1);
        while (table[at] >= 0) at = (at + 1) & (size - 1);
        table[at] = k;
    }
    for (int64_t m = 0; m < count; m++) {
        const int64_t k = into[m];
        uint32_t at = shift_hash(-p->sx[k], -p->sy[k], -p->sz[k]) & (size - 1);
        while (table[at] >= 0 && (p->sx[table[at]] != -p->sx[k] || p->sy[table[at]] != -p->sy[k] ||
                                  p->sz[table[at]] != -p->sz[k])) {
            at = (at + 1) & (size - 1);
        }
        p->rev[k] = table[at];
    }
    return true;
}

/* Whether looking up is the faster way. */
static bool rows_are_short(const int64_t *row, int64_t atoms, int64_t n)
{
    double visited = 0.0;
    for (int64_t i = 0; i < atoms; i++)
        visited += (double)(row[i + 1] - row[i]) * (double)(row[i + 1] - row[i]);
    return visited <= ROW_MOST * (double)n && (double)n <= IMAGES_MOST * (double)atoms * (double)atoms;
}

bool nb_reverse(nb_scratch *s, mtx_pairs *p, int64_t base, int64_t first, unsigned flags)
{
    const int64_t n = p->n - first;
    if (n == 0) return true;
    const int64_t atoms =
        p->i[p->n - 1] - base + 1; /* atoms after the last row with pairs are nobody's end */
    nb_match *match = nb_kernels_of(flags)->match;
    if (match != NULL && rows_are_short(p->row + base, atoms, n) && match(p, first)) return true;
    int64_t *cursor = nb_buffer_reserve(&s->buffer[NB_CURSOR], atoms, sizeof *cursor, 0);
    int64_t *into = nb_buffer_reserve(&s->buffer[NB_INTO], n, sizeof *into, 0);
    int64_t *along = nb_buffer_reserve(&s->buffer[NB_ALONG], n, sizeof *along, 0);
    if (cursor == NULL || into == NULL || along == NULL) return false;
    deal_out(p->j, p->row, base, atoms, first, n, NULL, cursor, into);
    deal_out(p->i, p->row, base, atoms, first, n, into, cursor, along);
    for (int64_t m = 0; m < n;) {
        const int32_t i = p->i[along[m]], j = p->j[along[m]];
        int64_t end = m + 1;
        while (end < n && p->j[along[end]] == j && p->i[along[end]] == i) end++;
        if (end == m + 1) {
            p->rev[along[m]] = into[m];
        } else if (!match_images(s, p, along + m, into + m, end - m)) {
            return false;
        }
        m = end;
    }
    return true;
}
