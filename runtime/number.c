/* SPDX-License-Identifier: Apache-2.0
 *
 * number.c: the general decimal parser behind number.h. Up to 19 significant digits and moderate exponents
 * are rounded with exact 128-bit integers; the rest goes to strtod in the C locale. Grammar: [+-] digits [.
 * digits] [(e|E|d|D) [+-] digits]. Integers of the compiler's own language are not parsed here.
 */
#define _GNU_SOURCE
#include "number.h"

#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

const double number_power10[23] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                   1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
const uint64_t number_whole10[20] = {1u,
                                     10u,
                                     100u,
                                     1000u,
                                     10000u,
                                     100000u,
                                     1000000u,
                                     10000000u,
                                     100000000u,
                                     1000000000u,
                                     10000000000u,
                                     100000000000u,
                                     1000000000000u,
                                     10000000000000u,
                                     100000000000000u,
                                     1000000000000000u,
                                     10000000000000000u,
                                     100000000000000000u,
                                     1000000000000000000u,
                                     10000000000000000000u};

/* A decimal taken apart: value = mantissa * 10^exponent when exact. */
typedef struct decimal {
    const char *end;
    uint64_t    mantissa;
    int64_t     exponent;
    bool        negative;
    bool        exact;           /* no more than 19 significant digits              */
    bool        fortran;         /* the exponent letter is d or D                    */
    bool        whole;           /* neither point nor exponent                       */
} decimal;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads digits into the mantissa; returns how many there were. Digits beyond the 19th only clear `exact`. */
static int64_t scan_digits(decimal *d, const char **p, bool after_point)
{
    const char *start = *p;
    for (; is_digit(**p); ++*p) {
        if (d->mantissa < UINT64_C(1000000000000000000)) {
            d->mantissa = d->mantissa * 10 + (uint64_t)(**p - '0');
            d->exponent -= after_point;
        } else {
            if (**p != '0') d->exact = false;
            d->exponent += !after_point;
        }
    }
    return *p - start;
}

static bool scan_exponent(decimal *d, const char *p)
{
    const char letter = *p;
    const char *q = p + 1;
    const bool negative = *q == '-';
    if (*q == '-' || *q == '+') q++;
    if (!is_digit(*q)) return false;
    int64_t exponent = 0;
    for (; is_digit(*q); q++) {
        if (exponent < 1000000) exponent = exponent * 10 + (*q - '0');
    }
    d->exponent += negative ? -exponent : exponent;
    d->fortran = letter == 'd' || letter == 'D';
    d->end = q;
    return true;
}

/* Longest decimal at p; false when there is none. A letter after it is the caller's business. */
static bool scan_decimal(const char *p, decimal *d)
{
    *d = (decimal){.exact = true, .whole = true};
    d->negative = *p == '-';
    if (*p == '-' || *p == '+') p++;
    int64_t digits = scan_digits(d, &p, false);
    if (*p == '.') {
        p++;
        d->whole = false;
        digits += scan_digits(d, &p, true);
    }
    if (digits == 0) return false;
    d->end = p;
    if (*p == 'e' || *p == 'E' || *p == 'd' || *p == 'D') {
        if (!scan_exponent(d, p)) return false;
        d->whole = false;
    }
    return true;
}

#ifdef __SIZEOF_INT128__
__extension__ typedef unsigned __int128 wide;

static int wide_bits(wide x)
{
    const uint64_t high = (uint64_t)(x >> 64), low = (uint64_t)x;
    return high != 0 ? 128 - __builtin_clzll(high) : low != 0 ? 64 - __builtin_clzll(low) : 0;
}

/* x * 2^shift (plus something below one unit when sticky) to the nearest double, ties to even; x has >= 55
 * bits or is exact. The results of 19 digits and |exponent| <= 19 are normal numbers, so no other range
 * check is needed. */
static double round_wide(wide x, bool sticky, int shift)
{
    const int drop = wide_bits(x) - 53;
    if (drop <= 0) return ldexp((double)(uint64_t)x, shift);
    const wide half = (wide)1 << (drop - 1), rest = x & (((wide)1 << drop) - 1);
    uint64_t top = (uint64_t)(x >> drop);
    if (rest > half || (rest == half && (sticky || (top & 1) != 0))) top++;
    return ldexp((double)top, shift + drop);
}

static bool convert_exactly(const decimal *d, double *value)
{
    if (!d->exact || d->exponent > 19 || d->exponent < -19) return false;
    if (d->exponent >= 0) {
        *value = round_wide((wide)d->mantissa * number_whole10[d->exponent], false, 0);
        return true;
    }
    /* the quotient keeps at least 128 - 64 bits because the dividend is shifted to the top */
    const int shift = 128 - wide_bits(d->mantissa);
    if (shift == 128) {
        *value = 0.0;
        return true;
    }
    const wide dividend = (wide)d->mantissa << shift, divisor = number_whole10[-d->exponent];
    const wide quotient = dividend / divisor;
    *value = round_wide(quotient, quotient * divisor != dividend, -shift);
    return true;
}
#else
static bool convert_exactly(const decimal *d, double *value)
{
    (void)d, (void)value;
    return false;
}
#endif

static locale_t c_locale;
static pthread_once_t c_locale_once = PTHREAD_ONCE_INIT;

static void make_c_locale(void)
{
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

/* strtod with a point for a point, and e for Fortran's d. The token was checked, so strtod stops where it
 * ends. */
static bool convert_by_library(const char *p, const decimal *d, double *value)
{
    char copy[512];
    pthread_once(&c_locale_once, make_c_locale);
    if (d->fortran) {
        const size_t length = (size_t)(d->end - p);
        if (length >= sizeof copy) return false;
        memcpy(copy, p, length);
        copy[length] = '\0';
        copy[strcspn(copy, "dD")] = 'e';
        p = copy;
    }
    *value = c_locale != (locale_t)0 ? strtod_l(p, NULL, c_locale) : strtod(p, NULL);
    return isfinite(*value);
}

const char *number_parse_any(const char *p, double *value)
{
    decimal d;
    if (!scan_decimal(p, &d)) return NULL;
    if (convert_exactly(&d, value)) *value = d.negative ? -*value : *value;
    else if (!convert_by_library(p, &d, value)) return NULL;
    return d.end;
}

static bool is_word(const char *p, const char *end, const char *word)
{
    for (; p < end && *word != '\0'; p++, word++) {
        if ((*p | 0x20) != *word) return false;
    }
    return p == end && *word == '\0';
}

number_kind number_classify(const char *p, const char *end)
{
    decimal d;
    double value;
    if (scan_decimal(p, &d) && d.end == end) {
        if (d.whole) return NUMBER_INTEGER;
        return number_parse_any(p, &value) != NULL ? NUMBER_REAL : NUMBER_NOT_FINITE;
    }
    if (p < end && (*p == '-' || *p == '+')) p++;
    const bool word = is_word(p, end, "nan") || is_word(p, end, "inf") || is_word(p, end, "infinity");
    return word ? NUMBER_NOT_FINITE : NUMBER_NONE;
}

int number_parse_int64(const char *p, const char *end, int64_t *value)
{
    decimal d;
    if (!scan_decimal(p, &d) || d.end != end || !d.whole || !d.exact || d.exponent != 0) return 0;
    if (d.mantissa > (uint64_t)INT64_MAX) return 0;
    *value = d.negative ? -(int64_t)d.mantissa : (int64_t)d.mantissa;
    return 1;
}
