/* SPDX-License-Identifier: Apache-2.0
 *
 * number.h: decimal text to double, correctly rounded, for the readers. In: a pointer into text that ends with a byte
 * that belongs to no number and is followed by 16 readable bytes; out: the value and the end of the token. The short
 * decimals of data files are converted here, everything else in number.c. No locale, no hexadecimal.
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

extern const double number_power10[23];         /* exact: 10^0 .. 10^22 */

#if defined(__GNUC__) && defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define NUMBER_FAST 1

/* The first 0..8 digits at p as a number; *digits says how many. Eight bytes at a time (little endian). */
static inline uint64_t number_digits8(const char *p, unsigned *digits)
{
    uint64_t chunk;
    memcpy(&chunk, p, 8);
    /* a byte's top bit is set when it is no digit; a carry can only spoil bytes after the first such byte */
    const uint64_t stop = ((chunk + 0x4646464646464646u) | (chunk - 0x3030303030303030u)) & 0x8080808080808080u;
    const unsigned count = stop != 0 ? (unsigned)__builtin_ctzll(stop) >> 3 : 8;
    *digits = count;
    if (count == 0) return 0;
    chunk = (chunk - 0x3030303030303030u) << (64 - 8 * count);
    chunk = chunk * 10 + (chunk >> 8);
    return (((chunk & 0x000000FF000000FFu) * 0x000F424000000064u)
            + (((chunk >> 16) & 0x000000FF000000FFu) * 0x0000271000000001u)) >> 32;
}
#endif

/**
 * The number at p. Mantissas up to 2^53 with at most 22 decimals are one exact integer divided by one exact power of
 * ten, so the quotient is correctly rounded (Clinger 1990).
 */
static inline const char *number_parse(const char *p, double *value)
{
#ifdef NUMBER_FAST
    const char *start = p;
    const int negative = *p == '-';
    p += negative;
    unsigned whole, decimals = 0;
    uint64_t mantissa = number_digits8(p, &whole);
    p += whole;
    if (*p == '.') {
        const uint64_t part = number_digits8(p + 1, &decimals);
        mantissa = mantissa * (uint64_t)number_power10[decimals] + part;
        p += 1 + decimals;
    }
    /* ends at a blank, and is short and not empty; all else is decided in one place */
    if ((unsigned char)*p > ' ' || whole + decimals == 0 || mantissa > (uint64_t)1 << 53) {
        return number_parse_any(start, value);
    }
    const double magnitude = (double)(int64_t)mantissa / number_power10[decimals];
    *value = negative ? -magnitude : magnitude;
    return p;
#else
    return number_parse_any(p, value);
#endif
}

#endif
