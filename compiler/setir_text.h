/* SPDX-License-Identifier: Apache-2.0
 *
 * setir_text.h: the words of the textual set IR, shared by its printer and its reader. Lists end with NULL.
 */
#ifndef MTX_SETIR_TEXT_H
#define MTX_SETIR_TEXT_H

#include "setir.h"

extern const char *const setir_set_word[], *const setir_reduction_word[], *const setir_role_word[],
                                                                              *const setir_lib_word[], *const setir_wrt_word[],
                                                                                  *const setir_claim_word[];

void setir_number_text(text *out, double x);

#endif
