/* SPDX-License-Identifier: Apache-2.0
 *
 * neighbors_match.h: the reverse of every pair by looking it up in the row of its other end, written once and
 * compiled into each kernel. The including file defines
 *   NB_MATCH         name of the function
 *   NB_TARGET        attributes of its functions
 *   NB_MATCH_WIDTH   entries of a row that are compared at once, at most 32
 *   nb_equal(...)    bit m: entry m is the atom looked for
 */

/* The pair of row j, entries m .. end-1, that goes back along pair k, told by its shift; -1: none. */
static NB_TARGET int64_t nb_find_image(const mtx_pairs *p, int64_t k, int64_t m, int64_t end)
{
    for (; m < end; m += NB_MATCH_WIDTH) {
        uint64_t same = nb_equal(p->j + m, p->i[k]);
        if (end - m < NB_MATCH_WIDTH) same &= (UINT64_C(1) << (end - m)) - 1u;
        for (; same != 0; same &= same - 1u) {
            const int64_t at = m + __builtin_ctzll(same);
            if (((p->sx[at] + p->sx[k]) | (p->sy[at] + p->sy[k]) | (p->sz[at] + p->sz[k])) == 0) return at;
        }
    }
    return -1;
}

/* Lists are symmetric: where row j has atom i once, that is the pair. Every pair looks for itself: to write
 * at the other end too would halve the looking, but spread the stores over the rows of all neighbours. */
NB_TARGET bool NB_MATCH(mtx_pairs *p, int64_t first)
{
    const int64_t *row = p->row, n = p->n;
    const int32_t *from = p->i, *to = p->j;
    int64_t *rev = p->rev;
    for (int64_t k = first; k < n; k++) {
        const int64_t begin = row[to[k]], length = row[to[k] + 1] - begin;
        uint64_t same = nb_equal(to + begin, from[k]);
        if (length < 64) {
            for (int m = NB_MATCH_WIDTH; m < length; m += NB_MATCH_WIDTH)
                same |= (uint64_t)nb_equal(to + begin + m, from[k]) << m;
            same &= (UINT64_C(1) << length) - 1u;
        }
        const bool once = length < 64 && same != 0 && (same & (same - 1u)) == 0;
        rev[k] = once ? begin + __builtin_ctzll(same) : nb_find_image(p, k, begin, begin + length);
        if (rev[k] < 0) return false;
    }
    return true;
}
