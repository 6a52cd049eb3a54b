/* SPDX-License-Identifier: Apache-2.0
 *
 * unicode.h: the little that a spec needs of Unicode: reading UTF-8, which code points make names, one
 * spelling for the doubled ones (Å, µ, Ω, K). Private to the front end.
 */
#ifndef MTX_UNICODE_H
#define MTX_UNICODE_H

#include "support/support.h"

/* code point of the sequence at s (n bytes left) and its length; length 0 when it is not UTF-8 */
uint32_t unicode_read(const char *s, size_t n, size_t *length);
size_t   unicode_write(uint32_t c, char out[4]);
bool     unicode_is_letter(uint32_t c);                  /* starts a name                         */
bool     unicode_is_inside(uint32_t c);                  /* goes on with one                      */
bool     unicode_is_space(uint32_t c);                   /* the no-break and typographic spaces   */
uint32_t unicode_fold(uint32_t c);                       /* U+212B Å -> U+00C5, U+00B5 µ -> U+03BC ... */

#endif
