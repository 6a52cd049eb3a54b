/* SPDX-License-Identifier: Apache-2.0
 *
 * units.c: In: unit expressions of the AST, operations of the set IR. Out: exponents over the base units and factors.
 * Not here: where a mismatch is reported (infer.c has the places).
 */
#include "units.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

typedef struct unit_row { const char *word; double scale; int power[UNIT_COUNT]; const char *doc; } unit_row;
static const unit_row table[] = {
#define UNIT(word, scale, l, e, q, temperature, t, doc) {word, scale, {l, e, q, temperature, t}, doc},
#include "units.def"
#undef UNIT
};
#define TABLE_SIZE (sizeof table / sizeof table[0])

bool units_lookup(const char *word, unit *u, double *scale)
{
    for (size_t k = 0; k < TABLE_SIZE; k++) {
        if (strcmp(table[k].word, word) == 0) {
            for (int d = 0; d < UNIT_COUNT; d++) {
                u->power[d] = rational_new(table[k].power[d], 1);
            }
            *scale = table[k].scale;
            return true;
        }
    }
    return false;
}

/* `word` written out, as in "nanometers" for "nanometre" */
static bool is_spelled(const char *word, const char *full)
{
    size_t n = strlen(full), have = strlen(word), same = 0;
    while (same < n && tolower((unsigned char)word[same]) == tolower((unsigned char)full[same])) {
        same++;
    }
    if (same + 2 == n && !strcmp(full + same, "re") && !strncmp(word + same, "er", 2)) {
        same = n;
    }
    return same == n && (have == n || (have == n + 1 && word[n] == 's'));
}

static const char *spelled_out(const char *word)
{
    for (size_t k = 0; k < TABLE_SIZE; k++) {
        if (is_spelled(word, table[k].doc)) {
            return table[k].word;
        }
    }
    return strcmp(word, "A") ? NULL : "Å";
}

static void report_unknown(diag_sink *sink, const ast_unit *written, const ast_unit_factor *f)
{
    const char *words[TABLE_SIZE];
    for (size_t k = 0; k < TABLE_SIZE; k++) {
        words[k] = table[k].word;
    }
    const char *near = spelled_out(f->unit);
    near = near ? near : text_closest(f->unit, words, TABLE_SIZE);
    diag *d = diag_report(sink, D_UNKNOWN_UNIT, f->at, f->unit);
    diag_label_primary(sink, d, "not a unit");
    if (near) {
        diag_help(sink, d, "%s", near);
    }
    if (!written->bracketed) {
        diag_help(sink, d, "2 * %s   if `%s` is a quantity: a number followed by a word is a number with a unit",
                  f->unit, f->unit);
    }
}

bool units_resolve(diag_sink *sink, const ast_unit *written, unit *u, double *scale)
{
    *u = unit_none();
    *scale = 1;
    bool good = true;
    for (uint32_t k = 0; k < written->n; k++) {
        const ast_unit_factor *f = &written->factor[k];
        unit one = unit_none();
        double s = f->scale;
        if (f->unit && !units_lookup(f->unit, &one, &s)) {
            report_unknown(sink, written, f);
            good = false;
            continue;
        }
        rational power = rational_new(f->divide ? -f->num : f->num, f->den ? f->den : 1);
        *u = unit_mul(*u, unit_pow(one, power));
        *scale *= pow(s, (double)power.num / power.den);
    }
    return good;
}

static unit length_power(int n)
{
    unit u = unit_none();
    u.power[UNIT_LENGTH] = rational_new(n, 1);
    return u;
}

static bool all_none(const unit *arg, uint32_t n, int *culprit)
{
    for (uint32_t k = 0; k < n; k++) {
        if (!unit_is_none(arg[k])) {
            *culprit = (int)k;
            return false;
        }
    }
    return true;
}

static bool same(unit a, unit b, unit *out, int *culprit)
{
    *out = a;
    *culprit = -1;
    return unit_equal(a, b);
}

/* x^p as a rational power with a small denominator; false for powers such as 2.4 of a quantity with a unit */
static bool power_of(unit a, double p, unit *out)
{
    for (int den = 1; den <= 12; den++) {
        double num = p * den;
        if (fabs(num - nearbyint(num)) < 1e-12 && fabs(num) < 1e6) {
            *out = unit_pow(a, rational_new((int64_t)nearbyint(num), den));
            return true;
        }
    }
    return false;
}

static int lattice_dimension(const program *p, uint32_t slot_index)
{
    uint8_t axes = p->slots.at[slot_index].axes;
    return (axes & 1) + (axes >> 1 & 1) + (axes >> 2 & 1);
}

bool units_of_op(const program *p, node_op op, const node_imm *imm, const unit *arg, uint32_t n_args, unit *out,
                 int *culprit)
{
    *out = unit_none();
    *culprit = -1;
    switch (op) {
    case OP_CONST:
        *out = imm->unit;
        return true;
    case OP_NAMED:
        *out = arg[0];
        return true;
    case OP_ASCRIBE:
        *out = imm->unit;
        *culprit = 0;
        return unit_equal(arg[0], imm->unit);
    case OP_INPUT:
        *out = p->inputs.at[imm->input].unit;
        return true;
    case OP_LOOKUP:
        return same(p->inputs.at[imm->input].unit, arg[1], out, culprit);
    case OP_PAIR_D: case OP_SPOT_R: case OP_CELL_VEC: case OP_NIGGLI_VEC:
        *out = length_power(1);
        return true;
    case OP_RECIP_K:
        *out = length_power(-1);
        return true;
    case OP_VOLUME:
        *out = length_power(lattice_dimension(p, imm->slot));
        return true;
    case OP_FRAC: case OP_NEAREST:
        *culprit = 0;
        *out = op == OP_FRAC ? unit_none() : length_power(1);
        return unit_equal(arg[0], length_power(1));
    case OP_PHASE:
        *culprit = 1;
        return unit_equal(arg[1], length_power(1));
    case OP_NEG: case OP_ABS: case OP_NORM: case OP_COMP: case OP_TRANSPOSE: case OP_TRACE: case OP_CHANNEL_GET:
    case OP_CHANNEL_AT: case OP_CHANNEL_PUT: case OP_LINEAR:
        *out = arg[0];
        return true;
    case OP_ADD: case OP_SUB: case OP_MIN2: case OP_MAX2:
        return same(arg[0], arg[1], out, culprit);
    case OP_LT: case OP_LE: case OP_EQ: {
        unit ignored;
        return same(arg[0], arg[1], &ignored, culprit);
    }
    case OP_ATAN2: {
        unit ignored;
        return same(arg[0], arg[1], &ignored, culprit);
    }
    case OP_SELECT:
        *out = arg[1];
        return unit_equal(arg[1], arg[2]);
    case OP_VEC3: case OP_CHANNEL_CAT:
        *out = arg[0];
        for (uint32_t k = 1; k < n_args; k++) {
            if (!unit_equal(arg[0], arg[k])) {
                *culprit = (int)k;
                return false;
            }
        }
        return true;
    case OP_MUL: case OP_DOT: case OP_CROSS: case OP_OUTER: case OP_MATVEC: case OP_MATMUL:
    case OP_BILINEAR:
        *out = unit_mul(arg[0], arg[1]);
        return true;
    case OP_DIV:
        *out = unit_div(arg[0], arg[1]);
        return true;
    case OP_DET:
        *out = unit_pow(arg[0], rational_new(3, 1));
        return true;
    case OP_POW:
        *culprit = 0;
        return unit_is_none(arg[0]) || power_of(arg[0], imm->value[0], out);
    case OP_EXP: case OP_LOG: case OP_SIN: case OP_COS: case OP_TAN: case OP_ASIN: case OP_ACOS: case OP_ATAN:
    case OP_SINH: case OP_COSH: case OP_TANH: case OP_ERF: case OP_ERFC: case OP_FLOOR: case OP_CUTOFF: case OP_POWV:
    case OP_SOLID:
        return all_none(arg, n_args, culprit);
    case OP_REDUCE:
        *out = arg[0];
        *culprit = 0;
        return imm->reduce != RED_PROD || unit_is_none(arg[0]);
    case OP_ELEMENT_DATA:
        *out = imm->unit;
        return true;
    case OP_PARAM:
        *out = p->params.at[imm->param].unit;
        return true;
    case OP_TABLE:
        *out = p->curves.at[imm->curve].unit;
        return true;
    case OP_SPLINE:
        *culprit = 0;
        *out = unit_mul(p->curves.at[imm->curve].unit,
                        unit_pow(p->curves.at[imm->curve].unit_x, rational_new(-imm->k, 1)));
        return unit_equal(arg[0], p->curves.at[imm->curve].unit_x);
    case OP_ACCESS: case OP_PADGET:
    case OP_BOOL_CONST: case OP_SPECIES_CONST: case OP_IVAR: case OP_INDEX_CONST: case OP_PAIR_I: case OP_PAIR_J:
    case OP_PAIR_REV: case OP_SPOT_HOST: case OP_INDEX_REAL: case OP_INDEX_SPECIES: case OP_SPECIES_INDEX:
    case OP_INDEX_EQ: case OP_INDEX_LT:
    case OP_COUNT: case OP_PROTONS: case OP_SIGN: case OP_IDENTITY: case OP_SPECIES_EQ: case OP_AND: case OP_OR:
    case OP_NOT:
        return true;             /* a tensor's unit is known to infer.c                                      */
    case OP_COUNT_:
        break;
    }
    return false;
}
