/* SPDX-License-Identifier: Apache-2.0
 *
 * unicode.c: UTF-8 and the classes of code points. The letter ranges are the scripts that occur in formulas
 * and in people's names of things; a missing script is one row here.
 */
#include "unicode.h"

uint32_t unicode_read(const char *s, size_t n, size_t *length)
{
    const unsigned char *p = (const unsigned char *)s;
    *length = 0;
    if (n == 0)
        return 0;
    if (p[0] < 0x80) {
        *length = 1;
        return p[0];
    }
    size_t want = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || n < want)
        return 0;
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t c = p[0] & (0x7fu >> want);
    for (size_t i = 1; i < want; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3fu);
    }
    if (c < least[want] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    *length = want;
    return c;
}

size_t unicode_write(uint32_t c, char out[4])
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n; i-- > 1; c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    out[0] = (char)(lead[n] | c);
    return n;
}

typedef struct unicode_range { uint32_t from, to; } unicode_range;

static const unicode_range letters[] = {
    {'A', 'Z'},         {'_', '_'},         {'a', 'z'},         {0xb5, 0xb5},
    {0xc0, 0xd6},       {0xd8, 0xf6},       {0xf8, 0x2af}, /* Latin */
    {0x370, 0x373},     {0x376, 0x377},     {0x37b, 0x37d},     {0x386, 0x386},
    {0x388, 0x3f5},     {0x3f7, 0x3ff},                                           /* Greek        */
    {0x400, 0x481},     {0x48a, 0x52f},     {0x531, 0x556},     {0x561, 0x587},   /* Cyrillic ... */
    {0x5d0, 0x5ea},     {0x620, 0x64a},     {0x905, 0x939},     {0x1e00, 0x1fbc}, /* Hebrew ... */
    {0x2102, 0x2102},   {0x210a, 0x2113},   {0x2115, 0x2115},   {0x2119, 0x211d},
    {0x2124, 0x2124}, /* letterlike */
    {0x2126, 0x2126},   {0x2128, 0x2128},   {0x212a, 0x212d},   {0x212f, 0x2139},
    {0x3041, 0x3096},   {0x30a1, 0x30fa},   {0x4e00, 0x9fff},   {0xac00, 0xd7a3},
    {0x1d400, 0x1d6c0}, {0x1d6c2, 0x1d6da}, {0x1d6dc, 0x1d6fa}, {0x1d6fc, 0x1d714},
    {0x1d716, 0x1d734}, {0x1d736, 0x1d74e},
};

static const unicode_range inside[] = {
    {'0', '9'}, {0x300, 0x36f}, {0x2080, 0x2089}, {0x2090, 0x209c},      /* combining marks, subscripts */
};

static bool in_ranges(uint32_t c, const unicode_range *r, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (c >= r[i].from && c <= r[i].to)
            return true;
    return false;
}

bool unicode_is_letter(uint32_t c)
{
    return in_ranges(c, letters, sizeof letters / sizeof *letters);
}

bool unicode_is_inside(uint32_t c)
{
    return unicode_is_letter(c) || in_ranges(c, inside, sizeof inside / sizeof *inside);
}

bool unicode_is_space(uint32_t c)
{
    return c == 0xa0 || (c >= 0x2000 && c <= 0x200a) || c == 0x202f || c == 0x205f || c == 0x3000;
}

uint32_t unicode_fold(uint32_t c)
{
    switch (c) {
    case 0x212b: return 0xc5;            /* ANGSTROM SIGN -> Å           */
    case 0xb5:   return 0x3bc;           /* MICRO SIGN -> μ              */
    case 0x2126: return 0x3a9;           /* OHM SIGN -> Ω                */
    case 0x212a: return 'K';             /* KELVIN SIGN                  */
    default:     return c;
    }
}
