/* SPDX-License-Identifier: Apache-2.0
 *
 * number.h: decimal text to double, correctly rounded, for the readers. In: a pointer into text that ends
 * with a byte that belongs to no number and is followed by 24 readable bytes; out: the value and the end of
 * the token. The short decimals of data files are converted here, everything else in number.c. No locale, no
 * hexadecimal.
 */
#ifndef MTX_RUNTIME_NUMBER_H
#define MTX_RUNTIME_NUMBER_H

#include <stdint.h>
#include <string.h>

/** Every decimal number, with Fortran's d exponents; NULL when there is none at p or it is not finite. */
const char *number_parse_any(const char *p, double *value);

/** Classes of the token [p, end): what an error message calls it. */
typedef enum number_kind { NUMBER_NONE, NUMBER_INTEGER, NUMBER_REAL, NUMBER_NOT_FINITE } number_kind;
number_kind number_classify(const char *p, const char *end);

/** Decimal integer that fits int64, the whole token [p, end). */
int number_parse_int64(const char *p, const char *end, int64_t *value);

extern const double   number_power10[23];       /* exact: 10^0 .. 10^22 */
extern const uint64_t number_whole10[20];       /* 10^0 .. 10^19        */

#if defined(__GNUC__) && defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define NUMBER_FAST 1

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/**
 * Length of the token at p (bytes above the blank) and offset of its first point (the length, if none). The
 * next token's place depends on this alone, so the conversion of one number overlaps with the search for the
 * next. False: 16 bytes or more.
 */
static inline int number_measure(const char *p, unsigned *length, unsigned *point)
{
#ifdef __SSE2__
    const __m128i text = _mm_loadu_si128((const __m128i *)(const void *)p);
    const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(text, _mm_set1_epi8(' ')), text);
    const unsigned blank = (unsigned)_mm_movemask_epi8(low);
    if (blank == 0) return 0;
    const unsigned points = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(text, _mm_set1_epi8('.')));
    *length = (unsigned)__builtin_ctz(blank);
    *point = (unsigned)__builtin_ctz(blank | points);
#else
    unsigned n = 0, dot = 16;
    for (; n < 16 && (unsigned char)p[n] > ' '; n++) {
        if (p[n] == '.' && dot == 16) dot = n;
    }
    if (n == 16) return 0;
    *length = n;
    *point = dot < n ? dot : n;
#endif
    return 1;
}

/* The first `count` (1..8) bytes of a chunk as a number, all digits at once; *bad gets bits when one is
 * no digit. */
static inline uint64_t number_convert(uint64_t chunk, unsigned count, uint64_t *bad)
{
    /* digits move to the top, zeros come in below; a borrow can only spoil bytes after a byte that is no
     * digit */
    chunk = (chunk - 0x3030303030303030u) << (64 - 8 * count);
    *bad |= (chunk | (chunk + 0x7676767676767676u)) & 0x8080808080808080u;
    chunk = chunk * 10 + (chunk >> 8);
    return (((chunk & 0x000000FF000000FFu) * 0x000F424000000064u)
            + (((chunk >> 16) & 0x000000FF000000FFu) * 0x0000271000000001u)) >> 32;
}

/* `whole` (1..8) digits, a point and `decimals` (0..8) digits at p as one integer. */
static inline uint64_t number_mantissa(const char *p, unsigned whole, unsigned decimals, uint64_t *bad)
{
    uint64_t first, behind;
    memcpy(&first, p, 8);
    if (whole + decimals <= 8) { /* the point is cut out by taking what follows it one byte further on */
        memcpy(&behind, p + 1, 8);
        const uint64_t above = UINT64_MAX >> (64 - 8 * whole);
        return number_convert(behind ^ ((first ^ behind) & above), whole + decimals, bad);
    }
    memcpy(&behind, p + whole + 1, 8);
    return number_convert(first, whole, bad) * number_whole10[decimals] +
           number_convert(behind, decimals, bad);
}
#endif

/**
 * The number at p. Mantissas up to 2^53 with at most 22 decimals are one exact integer divided by one exact
 * power of ten, so the quotient is correctly rounded (Clinger 1990).
 */
static inline const char *number_parse(const char *p, double *value)
{
#ifdef NUMBER_FAST
    unsigned length, point;
    if (!number_measure(p, &length, &point)) return number_parse_any(p, value);
    const unsigned negative = *p == '-';
    const unsigned whole = point - negative, decimals = length - point - (point < length);
    /* short, with a digit before the point; all else (other signs, exponents, words) is decided in one
     * place */
    if (whole - 1 > 7 || decimals > 8) return number_parse_any(p, value);
    uint64_t bad = 0;
    const uint64_t mantissa = number_mantissa(p + negative, whole, decimals, &bad);
    if (bad != 0 || mantissa > (uint64_t)1 << 53) return number_parse_any(p, value);
    const double magnitude = (double)(int64_t)mantissa / number_power10[decimals];
    uint64_t bits; /* the sign by its bit: signs come at random, and a branch would be missed */
    memcpy(&bits, &magnitude, 8);
    bits |= (uint64_t)negative << 63;
    memcpy(value, &bits, 8);
    return p + length;
#else
    return number_parse_any(p, value);
#endif
}

#endif
