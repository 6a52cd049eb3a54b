/* SPDX-License-Identifier: Apache-2.0
 *
 * consumer.c: a program that knows only the installed headers; compiled as C11 and as C++17. In: nothing; out: a line,
 * exit code 0 when the runtime answers as its header says.
 */
#include <mtx/mtxrt.h>

#include <stdio.h>

int main(void)
{
    mtx_structure s;
    mtx_structure_init(&s);
    if (mtx_structure_reserve(&s, 3) != MTX_OK || s.capacity < 3) return 1;
    mtx_column *energy = mtx_structure_add_info(&s, "energy", MTX_COL_REAL, 1);
    if (energy == NULL || mtx_structure_info(&s, "energy") != energy) return 2;
    const int number = mtx_element_number("Mo", 2);
    printf("%s %d %s\n", mtx_element_symbol(number), number, mtx_strerror(MTX_OK));
    mtx_structure_free(&s);
    return number == 42 ? 0 : 3;
}
