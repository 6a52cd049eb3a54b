/* SPDX-License-Identifier: Apache-2.0
 *
 * io_format.c: numbers as text in files for people: the fewest digits that read back as the same double, a
 * point whatever the locale. In: values; out: characters in a caller's buffer.
 */
#include "io_write.h"

#include <math.h>

/* Whole numbers and short decimals, which are most of what is written: digits by integer division. */
static size_t format_short(char *to, double value)
{
    const double magnitude = fabs(value);
    if (!(magnitude < 1e9) || (magnitude < 1e-3 && magnitude != 0.0)) return 0;
    const double scaled = magnitude * 1e6;
    const double rounded = nearbyint(scaled);
    /* the nearest multiple of a millionth is the value only if dividing gives it back: both are then
     * exact decimals */
    if (rounded > 9007199254740992.0 || rounded / 1e6 != magnitude) return 0;
    uint64_t digits = (uint64_t)rounded, whole = digits / 1000000, part = digits % 1000000;
    size_t used = 0;
    if (signbit(value)) to[used++] = '-';
    used += (size_t)snprintf(to + used, IO_NUMBER_ROOM - used, "%llu", (unsigned long long)whole);
    to[used++] = '.';
    for (uint64_t place = 100000; place > 0; place /= 10) to[used++] = (char)('0' + part / place % 10);
    while (to[used - 1] == '0' && to[used - 2] != '.') used--;
    to[used] = '\0';
    return used;
}

size_t io_format_number(char *to, double value)
{
    if (isnan(value)) return (size_t)snprintf(to, IO_NUMBER_ROOM, "nan");
    if (isinf(value)) return (size_t)snprintf(to, IO_NUMBER_ROOM, value > 0 ? "inf" : "-inf");
    size_t used = format_short(to, value);
    if (used > 0) return used;
    for (int digits = 15; digits <= 17; digits++) {
        double back = 0.0;
        used = (size_t)snprintf(to, IO_NUMBER_ROOM, "%.*g", digits, value);
        for (size_t k = 0; k < used; k++) {
            if (to[k] == ',') to[k] = '.';
        }
        if (number_parse_any(to, &back) != NULL && back == value) break;
    }
    return used;
}

size_t io_format_element(char *to, mtx_dtype dtype, const void *data, int64_t index)
{
    switch (dtype) {
    case MTX_F64: return io_format_number(to, ((const double *)data)[index]);
    case MTX_I32: return (size_t)snprintf(to, IO_NUMBER_ROOM, "%ld", (long)((const int32_t *)data)[index]);
    case MTX_I64:
        return (size_t)snprintf(to, IO_NUMBER_ROOM, "%lld", (long long)((const int64_t *)data)[index]);
    case MTX_BOOL:
        return (size_t)snprintf(to, IO_NUMBER_ROOM, "%s", ((const uint8_t *)data)[index] != 0 ? "T" : "F");
    case MTX_TEXT: break;
    }
    to[0] = '\0';
    return 0;
}
