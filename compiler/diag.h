/* SPDX-License-Identifier: Apache-2.0
 *
 * diag.h: what the compiler tells people. Passes report here and go on; printing is the command line's business
 * (diag_print_text, diag_print_json). One row of diag.def per message.
 */
#ifndef MTX_DIAG_H
#define MTX_DIAG_H

#include "source.h"

typedef enum severity { SEV_ERROR, SEV_WARNING, SEV_NOTE } severity;

/* rows of diag.def:  DIAG(UNIT_MISMATCH, .code = "E0107", .severity = SEV_ERROR, .clause = "units.3",
 *                         .text = "adding %s and %s", .explain = "longer text for mtx explain, with an example") */
typedef enum diag_id {
#define DIAG(id, ...) D_##id,
#include "diag.def"
#undef DIAG
    D_COUNT
} diag_id;
typedef struct diag_row { const char *name, *code; severity severity; const char *clause, *text, *explain; } diag_row;
extern const diag_row diag_table[D_COUNT];

typedef struct diag_label { span at; const char *text; bool primary; } diag_label;
typedef struct diag {
    diag_id     id;
    severity    severity;
    const char *message;
    VEC(diag_label)   labels;    /* labels.at[0] is the primary one: the cause                */
    VEC(const char *) notes;     /* whole sentences, printed after `= `                       */
    VEC(const char *) helps;     /* fixes in the user's names: `= try: ...`                   */
} diag;

typedef struct diag_sink {
    arena *memory;
    VEC(diag *) all;
    uint32_t errors, warnings;
} diag_sink;

void  diag_sink_init(diag_sink *s, arena *memory);
/* report: the row's text is a printf format for the arguments that follow */
diag *diag_report(diag_sink *s, diag_id id, span at, ...);
void  diag_label_primary(diag_sink *s, diag *d, const char *format, ...) __attribute__((format(printf, 3, 4)));
void  diag_label_at(diag_sink *s, diag *d, span at, const char *format, ...) __attribute__((format(printf, 4, 5)));
void  diag_note(diag_sink *s, diag *d, const char *format, ...) __attribute__((format(printf, 3, 4)));
void  diag_help(diag_sink *s, diag *d, const char *format, ...) __attribute__((format(printf, 3, 4)));
void  diag_sort(diag_sink *s);                                  /* by file and place; drops exact repeats          */
void  diag_print_text(const diag_sink *s, text *out, bool colour, uint32_t most);   /* rustc-like, most = 20       */
void  diag_print_json(const diag_sink *s, text *out);           /* the array of the "diagnostics" key     */
const diag_row *diag_find(const char *code);                    /* for mtx explain                                */

#endif
