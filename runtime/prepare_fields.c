/* SPDX-License-Identifier: Apache-2.0
 *
 * prepare_fields.c: fields of a batch. In: the frames' extra columns and a description of what is wanted.
 * Out: rows of doubles in base units, or atomic numbers. A missing key, another shape or type, a number that
 * is not finite is a problem that names frame, field and atom.
 */
#include "batch.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static mtx_status refuse(const preparing *p, int32_t slot, int64_t frame, const char *key, mtx_status status)
{
    if (p->problem != NULL) snprintf(p->problem->field, sizeof p->problem->field, "%s", key);
    if (p->frames != NULL && slot >= 0) batch_blame(p, slot, frame);
    return status;
}

/* names of the columns there are, for the help line */
static void list_columns(const preparing *p, const mtx_column *columns, int32_t count)
{
    char names[200];
    size_t used = 0;
    names[0] = '\0';
    for (int32_t k = 0; k < count && used < sizeof names; k++) {
        const int wrote =
            snprintf(names + used, sizeof names - used, "%s%s", k > 0 ? ", " : "", columns[k].name);
        if (wrote < 0) break;
        used += (size_t)wrote;
    }
    if (count > 0)
        rt_problem_help(p->problem, "There are: %s.", names);
    else
        rt_problem_help(p->problem, "This frame has no extra columns of that kind.");
}

static const mtx_column *find_column(const mtx_structure *s, const mtx_input_desc *d, int32_t *hint)
{
    const bool per_atom = d->rows >= 0;
    const mtx_column *columns = per_atom ? s->columns : s->info;
    const int32_t count = per_atom ? s->n_columns : s->n_info;
    if (*hint < count && strcmp(columns[*hint].name, d->key) == 0) return &columns[*hint];
    for (int32_t k = 0; k < count; k++) {
        if (strcmp(columns[k].name, d->key) != 0) continue;
        *hint = k;
        return &columns[k];
    }
    return NULL;
}

/* The column of a frame, with the slot it comes from; NULL after a problem. */
static const mtx_column *column_of(const preparing *p, int32_t id, int64_t f, int32_t *slot)
{
    const mtx_input_desc *d = &p->plan->inputs[id];
    const int32_t first = d->slot < 0 ? 0 : d->slot, last = d->slot < 0 ? p->plan->n_slots - 1 : d->slot;
    for (*slot = first; *slot <= last; ++*slot) {
        const mtx_column *column = find_column(p->frames[*slot * p->nb + f], d, &p->batch->hint[id]);
        if (column != NULL) return column;
    }
    *slot = first;
    rt_problem_set(p->problem, MTX_EDATA, "E0616", "`%s` needs the %s `%s`, which this structure lacks",
                   d->name, d->rows >= 0 ? "per-atom column" : "key", d->key);
    if (p->plan->n_slots > 0) {
        const mtx_structure *s = p->frames[first * p->nb + f];
        list_columns(p, d->rows >= 0 ? s->columns : s->info, d->rows >= 0 ? s->n_columns : s->n_info);
    }
    refuse(p, p->plan->n_slots > 0 ? first : -1, f, d->key, MTX_EDATA);
    return NULL;
}

static bool check_shape(const preparing *p, const mtx_input_desc *d, const mtx_column *c, int64_t rows)
{
    const bool text = c->type == MTX_COL_TEXT;
    if (text != (d->type == MTX_TYPE_SPECIES && text) ||
        (d->type == MTX_TYPE_SPECIES && c->type == MTX_COL_REAL)) {
        rt_problem_set(p->problem, MTX_EDATA, "E0617", "`%s` holds %s, `%s` wants %s", d->key,
                       text ? "text" : "reals", d->name,
                       d->type == MTX_TYPE_SPECIES ? "elements" : "numbers");
        return false;
    }
    if (c->width != d->width || c->rows != rows) {
        rt_problem_set(p->problem, MTX_EDATA, "E0618", "`%s` has %lld rows of %d, `%s` wants %lld of %d",
                       d->key, (long long)c->rows, c->width, d->name, (long long)rows, d->width);
        return false;
    }
    return true;
}

static bool copy_numbers(const preparing *p, const mtx_input_desc *d, const mtx_column *c, double *out)
{
    const int64_t n = c->rows * c->width;
    for (int64_t k = 0; k < n; k++) {
        out[k] = d->type == MTX_TYPE_BOOL ? c->real[k] != 0 : c->real[k] * d->scale;
        if (isfinite(out[k])) continue;
        rt_problem_set(p->problem, MTX_EDATA, "E0612", "`%s` is %g", d->key, c->real[k]);
        if (p->problem != NULL && d->rows >= 0) p->problem->atom = k / c->width;
        return false;
    }
    return true;
}

static bool copy_elements(const preparing *p, const mtx_input_desc *d, const mtx_column *c, int32_t *out)
{
    const int64_t n = c->rows * c->width;
    for (int64_t k = 0; k < n; k++) {
        const char *symbol = c->type == MTX_COL_TEXT ? c->text[k] : "";
        const double number =
            c->type == MTX_COL_TEXT ? mtx_element_number(symbol, strlen(symbol)) : c->real[k];
        const bool known = number >= 1 && number <= 118 && number == floor(number);
        out[k] = known ? (int32_t)number : 0;
        if (known) continue;
        if (c->type == MTX_COL_TEXT)
            rt_problem_set(p->problem, MTX_EDATA, "E0613", "`%s` is `%.40s`, which is no element", d->key,
                           symbol);
        else
            rt_problem_set(p->problem, MTX_EDATA, "E0613", "`%s` is %g, which is no atomic number", d->key,
                           number);
        if (p->problem != NULL && d->rows >= 0) p->problem->atom = k / c->width;
        return false;
    }
    return true;
}

mtx_status batch_field(const preparing *p, int32_t id)
{
    const mtx_input_desc *d = &p->plan->inputs[id];
    const int64_t *ptr = d->rows >= 0 ? p->batch->slot[d->slot].ptr.at : NULL;
    const int64_t rows = ptr != NULL ? ptr[p->nb] : p->nb;
    const bool elements = d->type == MTX_TYPE_SPECIES;
    void *data =
        rt_buffer_room(&p->batch->input[id], rows * d->width, elements ? sizeof(int32_t) : sizeof(double));
    if (data == NULL) return rt_problem_set(p->problem, MTX_ENOMEM, "E0600", "memory exhausted");
    for (int64_t f = 0; f < p->nb; f++) {
        int32_t slot;
        const mtx_column *c = column_of(p, id, f, &slot);
        if (c == NULL) return MTX_EDATA;
        const int64_t at = (ptr != NULL ? ptr[f] : f) * d->width,
                      count = ptr != NULL ? ptr[f + 1] - ptr[f] : 1;
        const bool good =
            check_shape(p, d, c, count) && (elements ? copy_elements(p, d, c, (int32_t *)data + at)
                                                     : copy_numbers(p, d, c, (double *)data + at));
        if (!good) return refuse(p, slot, f, d->key, MTX_EDATA);
    }
    p->batch->input_view[id] = data;
    return MTX_OK;
}
