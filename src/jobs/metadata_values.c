/* SPDX-License-Identifier: Apache-2.0
 *
 * Metadata by name: imported fields, and the facts that winnow measured itself under the reserved prefix "lightly.".
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"
#include "jobs/job.h"
#include "winnow/annotation_records.h"
#include "winnow/memory.h"
#include "winnow/option.h"

/* A fact of a column, or (column NULL) one of the catalogue. */
static const struct fact {
    const char *name, *column;
    size_t part, width;
} facts[] = {
    {"lightly.sharpness", "sharpness", 0, 1},
    {"lightly.luminance", "luminance", 0, 1},
    {"lightly.contrast", "contrast", 0, 1},
    {"lightly.snr", "signal_to_noise", 0, 1},
    {"lightly.uniformRowRatio", "uniform_row_ratio", 0, 1},
    {"lightly.meanRed", "mean_rgb", 0, 3},
    {"lightly.meanGreen", "mean_rgb", 1, 3},
    {"lightly.meanBlue", "mean_rgb", 2, 3},
    {"lightly.width", NULL, 0, 0},
    {"lightly.height", NULL, 1, 0},
    {"lightly.sizeInBytes", NULL, 2, 0},
};

enum { FACTS = sizeof facts / sizeof *facts };

const char *wn_metadata_fact_at(size_t i)
{
    return i < FACTS ? facts[i].name : NULL;
}

static const struct fact *find_fact(const char *name)
{
    for (size_t i = 0; i < FACTS; i++)
        if (strcmp(facts[i].name, name) == 0) return &facts[i];
    return NULL;
}

/* --- Facts -------------------------------------------------------------------------------------------------------- */

typedef struct sample_facts {
    float *values; /* of all rows */
    size_t part;
} sample_facts;

static wn_status take_sample(void *context, const wn_sample *sample)
{
    sample_facts *all = context;
    all->values[sample->row] = all->part == 0   ? (float)sample->width
                               : all->part == 1 ? (float)sample->height
                                                : (float)sample->size;
    return WN_OK;
}

static wn_status load_catalogue_fact(wn_workspace *workspace, size_t part, wn_rows rows, float *out, wn_error *err)
{
    wn_workspace_counts counts;
    WN_TRY(wn_workspace_count(workspace, &counts, err));
    sample_facts all = {wn_alloc(WN_MEMORY_GENERAL, (size_t)counts.rows, sizeof *all.values), part};
    if (!all.values) return wn_fail(err, WN_NOMEM, "no memory for a fact of %lld images", (long long)counts.rows);
    wn_status status = wn_workspace_visit_samples(workspace, 0, counts.rows, take_sample, &all, err);
    for (size_t i = 0; i < rows.len && !status; i++)
        out[i] = rows.data[i] >= 0 && rows.data[i] < counts.rows ? all.values[rows.data[i]] : NAN;
    wn_free(all.values);
    return status;
}

static wn_status load_fact(wn_workspace *workspace, const struct fact *fact, wn_rows rows, float *out, wn_error *err)
{
    void *values = NULL;
    wn_row_list list = {(int64_t *)rows.data, rows.len};
    if (!fact->column) return load_catalogue_fact(workspace, fact->part, rows, out, err);
    WN_TRY(wn_rows_gather(workspace, fact->column, &list, &values, err));
    const float *numbers = values;
    for (size_t i = 0; i < rows.len; i++) out[i] = numbers[i * fact->width + fact->part];
    wn_free(values);
    return WN_OK;
}

/* --- Imported fields ---------------------------------------------------------------------------------------------- */

static wn_status no_such_field(wn_workspace *workspace, const char *name, wn_error *err)
{
    wn_metadata_record *fields = NULL;
    size_t count = 0;
    WN_TRY(wn_metadata_list(workspace, &fields, &count, err));
    const char **names = wn_calloc(WN_MEMORY_GENERAL, count + 1, sizeof *names);
    for (size_t i = 0; names && i < count; i++) names[i] = fields[i].name;
    const char *near = names ? wn_nearest_word(name, names) : NULL;
    wn_status status = wn_fail(err, WN_NOTFOUND, "%s has no metadata '%s'%s%s%s", wn_workspace_path(workspace), name,
                               near ? "; did you mean '" : "; 'winnow import PATH --as metadata' adds fields",
                               near ? near : "", near ? "'?" : "");
    wn_free(names);
    wn_free(fields);
    return status;
}

/* The field of that name; strings live in `fields`, released with wn_free. */
static wn_status find_field(wn_workspace *workspace, const char *name, wn_metadata_record **fields,
                            const wn_metadata_record **out, wn_error *err)
{
    size_t count = 0;
    *out = NULL;
    WN_TRY(wn_metadata_list(workspace, fields, &count, err));
    for (size_t i = 0; i < count && !*out; i++)
        if (strcmp((*fields)[i].name, name) == 0) *out = &(*fields)[i];
    if (*out) return WN_OK;
    wn_free(*fields);
    *fields = NULL;
    wn_status status = no_such_field(workspace, name, err);
    return status ? status : WN_NOTFOUND;
}

wn_status wn_metadata_load_numbers(wn_workspace *workspace, const char *name, wn_rows rows, float *out, wn_error *err)
{
    wn_metadata_record *fields = NULL;
    const wn_metadata_record *field;
    const struct fact *fact = find_fact(name);
    if (fact) return load_fact(workspace, fact, rows, out, err);
    WN_TRY(find_field(workspace, name, &fields, &field, err));
    wn_status status = field->numeric
                           ? wn_annotation_values(workspace, field->column, WN_COLUMN_F32, 1, rows, out, err)
                           : wn_fail(err, WN_INVALID, "the metadata '%s' are words, numbers are needed", name);
    wn_free(fields);
    return status;
}

static wn_status load_words(wn_workspace *workspace, const wn_metadata_record *field, wn_rows rows, int32_t *out,
                            const char ***words, size_t *count, wn_error *err)
{
    WN_TRY(wn_annotation_set_list_words(workspace, field->set, field->name, words, count, err));
    wn_status status = wn_annotation_values(workspace, field->column, WN_COLUMN_I32, 1, rows, out, err);
    for (size_t i = 0; i < rows.len && !status; i++) out[i]--;
    if (!status) return WN_OK;
    wn_free(*words);
    *words = NULL;
    return status;
}

static int compare_floats(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Distinct finite numbers, rising; the answer is how many. */
static size_t distinct(float *values, size_t len)
{
    size_t kept = 0, finite = 0;
    for (size_t i = 0; i < len; i++)
        if (isfinite(values[i])) values[finite++] = values[i];
    if (finite) qsort(values, finite, sizeof *values, compare_floats);
    for (size_t i = 0; i < finite; i++)
        if (kept == 0 || values[i] != values[kept - 1]) values[kept++] = values[i];
    return kept;
}

/* One block of `count` pointers and the numbers as text behind them. */
static const char **print_numbers(const float *values, size_t count)
{
    enum { TEXT = 24 };
    char *block = wn_alloc(WN_MEMORY_TEXT, count * (sizeof(char *) + TEXT) + 1, 1);
    const char **words = (const char **)(void *)block;
    for (size_t i = 0; block && i < count; i++) {
        char *text = block + count * sizeof(char *) + i * TEXT;
        snprintf(text, TEXT, "%.9g", (double)values[i]);
        words[i] = text;
    }
    return words;
}

/* Numbers as words: codes in rising order of the numbers. */
static wn_status code_numbers(const float *values, size_t len, int32_t *out, const char ***words, size_t *count,
                              wn_error *err)
{
    float *sorted = wn_alloc(WN_MEMORY_GENERAL, len, sizeof *sorted);
    *words = NULL;
    if (!sorted) return wn_fail(err, WN_NOMEM, "no memory for %zu values", len);
    if (len) memcpy(sorted, values, len * sizeof *sorted);
    *count = distinct(sorted, len);
    *words = print_numbers(sorted, *count);
    for (size_t i = 0; i < len; i++) {
        const float *found =
            isfinite(values[i]) ? bsearch(&values[i], sorted, *count, sizeof *sorted, compare_floats) : NULL;
        out[i] = found ? (int32_t)(found - sorted) : -1;
    }
    wn_free(sorted);
    return *words ? WN_OK : wn_fail(err, WN_NOMEM, "no memory for %zu values", len);
}

wn_status wn_metadata_load_codes(wn_workspace *workspace, const char *name, wn_rows rows, int32_t *out,
                                 const char ***words, size_t *word_count, wn_error *err)
{
    wn_metadata_record *fields = NULL;
    const wn_metadata_record *field = NULL;
    *words = NULL;
    if (!find_fact(name)) WN_TRY(find_field(workspace, name, &fields, &field, err));
    wn_status status = WN_OK;
    if (field && !field->numeric) {
        status = load_words(workspace, field, rows, out, words, word_count, err);
    } else {
        float *values = wn_alloc(WN_MEMORY_GENERAL, rows.len, sizeof *values);
        status = values ? wn_metadata_load_numbers(workspace, name, rows, values, err)
                        : wn_fail(err, WN_NOMEM, "no memory for '%s'", name);
        if (!status) status = code_numbers(values, rows.len, out, words, word_count, err);
        wn_free(values);
    }
    wn_free(fields);
    return status;
}

/* --- The list ----------------------------------------------------------------------------------------------------- */

static int compare_records(const void *a, const void *b)
{
    const wn_metadata_record *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    if (order != 0) return order;
    return (x->set < y->set) - (x->set > y->set); /* the newest first */
}

wn_status wn_metadata_list(wn_workspace *workspace, wn_metadata_record **out, size_t *count, wn_error *err)
{
    wn_metadata_record *imported = NULL;
    size_t found = 0, kept = 0, texts = 0;
    WN_TRY(wn_annotation_list_fields(workspace, &imported, &found, err));
    if (found) qsort(imported, found, sizeof *imported, compare_records);
    for (size_t i = 0; i < found; i++)
        if (kept == 0 || strcmp(imported[kept - 1].name, imported[i].name) != 0) imported[kept++] = imported[i];
    for (size_t i = 0; i < kept; i++) texts += strlen(imported[i].name) + strlen(imported[i].column) + 2;
    char *block = wn_alloc(WN_MEMORY_GENERAL, (kept + FACTS) * sizeof **out + texts, 1);
    if (!block) {
        wn_free(imported);
        return wn_fail(err, WN_NOMEM, "no memory for the list of metadata");
    }
    wn_metadata_record *records = (wn_metadata_record *)(void *)block;
    char *text = block + (kept + FACTS) * sizeof **out;
    for (size_t i = 0; i < kept; i++) {
        records[i] = imported[i];
        records[i].name = text;
        text = stpcpy(text, imported[i].name) + 1;
        records[i].column = text;
        text = stpcpy(text, imported[i].column) + 1;
    }
    for (size_t i = 0; i < FACTS; i++)
        records[kept + i] = (wn_metadata_record){.name = facts[i].name, .numeric = true, .column = facts[i].column};
    wn_free(imported);
    *out = records;
    *count = kept + FACTS;
    return WN_OK;
}
