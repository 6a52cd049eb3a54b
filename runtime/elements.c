/* SPDX-License-Identifier: Apache-2.0
 *
 * elements.c: element symbols and atomic numbers, both ways (IUPAC names, 1 to 118). No masses, radii or
 * other properties here.
 */
#include "mtx/mtxrt.h"

/* clang-format off */
/* One row per element: number, first letter, second letter; '`', just before 'a', stands for "none". */
#define ELEMENTS \
    ELEMENT(1, 'H', '`') ELEMENT(2, 'H', 'e') ELEMENT(3, 'L', 'i') ELEMENT(4, 'B', 'e') \
    ELEMENT(5, 'B', '`') ELEMENT(6, 'C', '`') ELEMENT(7, 'N', '`') ELEMENT(8, 'O', '`') \
    ELEMENT(9, 'F', '`') ELEMENT(10, 'N', 'e') ELEMENT(11, 'N', 'a') ELEMENT(12, 'M', 'g') \
    ELEMENT(13, 'A', 'l') ELEMENT(14, 'S', 'i') ELEMENT(15, 'P', '`') ELEMENT(16, 'S', '`') \
    ELEMENT(17, 'C', 'l') ELEMENT(18, 'A', 'r') ELEMENT(19, 'K', '`') ELEMENT(20, 'C', 'a') \
    ELEMENT(21, 'S', 'c') ELEMENT(22, 'T', 'i') ELEMENT(23, 'V', '`') ELEMENT(24, 'C', 'r') \
    ELEMENT(25, 'M', 'n') ELEMENT(26, 'F', 'e') ELEMENT(27, 'C', 'o') ELEMENT(28, 'N', 'i') \
    ELEMENT(29, 'C', 'u') ELEMENT(30, 'Z', 'n') ELEMENT(31, 'G', 'a') ELEMENT(32, 'G', 'e') \
    ELEMENT(33, 'A', 's') ELEMENT(34, 'S', 'e') ELEMENT(35, 'B', 'r') ELEMENT(36, 'K', 'r') \
    ELEMENT(37, 'R', 'b') ELEMENT(38, 'S', 'r') ELEMENT(39, 'Y', '`') ELEMENT(40, 'Z', 'r') \
    ELEMENT(41, 'N', 'b') ELEMENT(42, 'M', 'o') ELEMENT(43, 'T', 'c') ELEMENT(44, 'R', 'u') \
    ELEMENT(45, 'R', 'h') ELEMENT(46, 'P', 'd') ELEMENT(47, 'A', 'g') ELEMENT(48, 'C', 'd') \
    ELEMENT(49, 'I', 'n') ELEMENT(50, 'S', 'n') ELEMENT(51, 'S', 'b') ELEMENT(52, 'T', 'e') \
    ELEMENT(53, 'I', '`') ELEMENT(54, 'X', 'e') ELEMENT(55, 'C', 's') ELEMENT(56, 'B', 'a') \
    ELEMENT(57, 'L', 'a') ELEMENT(58, 'C', 'e') ELEMENT(59, 'P', 'r') ELEMENT(60, 'N', 'd') \
    ELEMENT(61, 'P', 'm') ELEMENT(62, 'S', 'm') ELEMENT(63, 'E', 'u') ELEMENT(64, 'G', 'd') \
    ELEMENT(65, 'T', 'b') ELEMENT(66, 'D', 'y') ELEMENT(67, 'H', 'o') ELEMENT(68, 'E', 'r') \
    ELEMENT(69, 'T', 'm') ELEMENT(70, 'Y', 'b') ELEMENT(71, 'L', 'u') ELEMENT(72, 'H', 'f') \
    ELEMENT(73, 'T', 'a') ELEMENT(74, 'W', '`') ELEMENT(75, 'R', 'e') ELEMENT(76, 'O', 's') \
    ELEMENT(77, 'I', 'r') ELEMENT(78, 'P', 't') ELEMENT(79, 'A', 'u') ELEMENT(80, 'H', 'g') \
    ELEMENT(81, 'T', 'l') ELEMENT(82, 'P', 'b') ELEMENT(83, 'B', 'i') ELEMENT(84, 'P', 'o') \
    ELEMENT(85, 'A', 't') ELEMENT(86, 'R', 'n') ELEMENT(87, 'F', 'r') ELEMENT(88, 'R', 'a') \
    ELEMENT(89, 'A', 'c') ELEMENT(90, 'T', 'h') ELEMENT(91, 'P', 'a') ELEMENT(92, 'U', '`') \
    ELEMENT(93, 'N', 'p') ELEMENT(94, 'P', 'u') ELEMENT(95, 'A', 'm') ELEMENT(96, 'C', 'm') \
    ELEMENT(97, 'B', 'k') ELEMENT(98, 'C', 'f') ELEMENT(99, 'E', 's') ELEMENT(100, 'F', 'm') \
    ELEMENT(101, 'M', 'd') ELEMENT(102, 'N', 'o') ELEMENT(103, 'L', 'r') ELEMENT(104, 'R', 'f') \
    ELEMENT(105, 'D', 'b') ELEMENT(106, 'S', 'g') ELEMENT(107, 'B', 'h') ELEMENT(108, 'H', 's') \
    ELEMENT(109, 'M', 't') ELEMENT(110, 'D', 's') ELEMENT(111, 'R', 'g') ELEMENT(112, 'C', 'n') \
    ELEMENT(113, 'N', 'h') ELEMENT(114, 'F', 'l') ELEMENT(115, 'M', 'c') ELEMENT(116, 'L', 'v') \
    ELEMENT(117, 'T', 's') ELEMENT(118, 'O', 'g')
/* clang-format on */

#define SLOT(a, b) (((a) - 'A') * 27 + ((b) - '`'))

#define ELEMENT(z, a, b) [SLOT(a, b)] = (z),
static const uint8_t numbers[26 * 27] = {ELEMENTS};
#undef ELEMENT

#define ELEMENT(z, a, b) [z] = {(a), (b) == '`' ? '\0' : (b), '\0'},
static const char symbols[119][3] = {[0] = "X", ELEMENTS};
#undef ELEMENT

int mtx_element_number(const char *symbol, size_t length)
{
    if (length < 1 || length > 2 || symbol[0] < 'A' || symbol[0] > 'Z') return 0;
    if (length == 1) return numbers[SLOT(symbol[0], '`')];
    if (symbol[1] < 'a' || symbol[1] > 'z') return 0;
    return numbers[SLOT(symbol[0], symbol[1])];
}

const char *mtx_element_symbol(int number)
{
    return number >= 1 && number <= 118 ? symbols[number] : symbols[0];
}
