/* SPDX-License-Identifier: Apache-2.0
 *
 * report.h: messages, verdicts and parameters as elements of JSON arrays; `first` says whether a comma is needed.
 */
#ifndef MTX_REPORT_H
#define MTX_REPORT_H

#include "driver.h"

void report_diagnostics(const compilation *c, text *out, bool *first);
void report_claims(const compilation *c, text *out, bool *first);
void report_parameters(const compilation *c, text *out, bool *first);

#endif
