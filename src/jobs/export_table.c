/* SPDX-License-Identifier: Apache-2.0
 *
 * export: scores of predictions and metadata as a table that `import --as metadata` reads. Values are loaded for some
 * thousand rows at a time, all columns of them.
 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "interop/text_sink.h"
#include "jobs/export.h"
#include "winnow/memory.h"

enum { ROWS_AT_ONCE = 1 << 14 };

typedef struct column {
    const char *name;
    bool score, numeric; /* of predictions, else a metadata field; of numbers, else of words */
    float *numbers;      /* ROWS_AT_ONCE, NaN = none */
    int32_t *codes;      /* the same for words, -1 = none */
    const char **words;  /* of the rows at hand */
} column;

typedef struct table {
    wn_exporting *run;
    const char **score_names;
    size_t score_count;
    wn_metadata_record *fields;
    size_t field_count;
    column *columns;
    size_t count;
    int64_t rows[ROWS_AT_ONCE], first; /* the rows at hand */
    wn_text_sink *sink;                /* NULL = only count */
} table;

wn_status wn_export_table_check(const wn_export_options *options, wn_error *err)
{
    const char *format = options->format;
    if (format && strcmp(format, "csv") != 0 && strcmp(format, "list") != 0)
        return wn_fail(err, WN_INVALID, "scores and metadata are exported as csv, not as %s", format);
    if (options->bare || (options->set && (options->role != WN_ROLE_PREDICTIONS || !options->scores)))
        return wn_fail(err, WN_INVALID, "a table of scores or metadata holds no labels; export those by themselves");
    return WN_OK;
}

/* Whether an imported field has the name of a measured one, which hides it wherever fields are read by name. */
static bool is_hidden(const table *t, size_t field)
{
    for (size_t i = field + 1; i < t->field_count; i++)
        if (strcmp(t->fields[i].name, t->fields[field].name) == 0) return true;
    return false;
}

static wn_status find_scores(table *t, wn_error *err)
{
    wn_annotation_set_record *set = NULL;
    wn_workspace *workspace = t->run->workspace;
    WN_TRY(wn_annotation_set_find(workspace, WN_ROLE_PREDICTIONS, t->run->options->set, &set, err));
    t->run->out->set = wn_text_copy(set->name);
    wn_free(set);
    if (!t->run->out->set) return wn_fail(err, WN_NOMEM, "out of memory");
    return wn_scores_list(workspace, t->run->out->set, &t->score_names, &t->score_count, err);
}

static wn_status find_columns(table *t, wn_error *err)
{
    const wn_export_options *options = t->run->options;
    if (options->scores) WN_TRY(find_scores(t, err));
    if (options->metadata) WN_TRY(wn_metadata_list(t->run->workspace, &t->fields, &t->field_count, err));
    t->columns = wn_calloc(WN_MEMORY_GENERAL, t->score_count + t->field_count + 1, sizeof *t->columns);
    if (!t->columns) return wn_fail(err, WN_NOMEM, "no memory for a table");
    for (size_t i = 0; i < t->score_count; i++)
        t->columns[t->count++] = (column){.name = t->score_names[i], .score = true, .numeric = true};
    for (size_t i = 0; i < t->field_count; i++)
        if (!is_hidden(t, i))
            t->columns[t->count++] = (column){.name = t->fields[i].name, .numeric = t->fields[i].numeric};
    for (size_t i = 0; i < t->count; i++) {
        column *c = &t->columns[i];
        if (c->numeric) c->numbers = wn_alloc(WN_MEMORY_GENERAL, ROWS_AT_ONCE, sizeof *c->numbers);
        if (!c->numeric) c->codes = wn_alloc(WN_MEMORY_GENERAL, ROWS_AT_ONCE, sizeof *c->codes);
        if (!c->numbers && !c->codes) return wn_fail(err, WN_NOMEM, "no memory for a table of %zu columns", t->count);
    }
    return WN_OK;
}

static wn_status load_rows(table *t, size_t count, wn_error *err)
{
    wn_workspace *workspace = t->run->workspace;
    for (size_t i = 0; i < count; i++) t->rows[i] = t->first + (int64_t)i;
    const wn_rows rows = {t->rows, count};
    for (size_t i = 0; i < t->count; i++) {
        column *c = &t->columns[i];
        size_t words;
        if (c->score) {
            WN_TRY(wn_scores_load(workspace, t->run->out->set, c->name, rows, c->numbers, err));
        } else if (c->numeric) {
            WN_TRY(wn_metadata_load_numbers(workspace, c->name, rows, c->numbers, err));
        } else {
            wn_free(c->words);
            c->words = NULL;
            WN_TRY(wn_metadata_load_codes(workspace, c->name, rows, c->codes, &c->words, &words, err));
        }
    }
    return WN_OK;
}

static void add_value(wn_buffer *text, const column *c, size_t row)
{
    wn_buffer_text(text, ",");
    if (c->numeric) {
        if (isfinite(c->numbers[row])) wn_buffer_format(text, "%.9g", wn_text_decimal(c->numbers[row]));
    } else if (c->codes[row] >= 0)
        wn_text_add_csv(text, c->words[c->codes[row]]);
}

static wn_status take_sample(void *context, const wn_sample *sample)
{
    table *t = context;
    wn_exporting *run = t->run;
    if (sample->row >= run->row_count || run->images[sample->row] < 0 || sample->status != WN_SAMPLE_OK) return WN_OK;
    run->out->images++;
    if (!t->sink) return WN_OK;
    char *path = wn_export_path(run, sample);
    if (!path) return wn_fail(run->err, WN_NOMEM, "out of memory");
    wn_text_add_csv(&t->sink->text, path);
    wn_free(path);
    for (size_t i = 0; i < t->count; i++) add_value(&t->sink->text, &t->columns[i], (size_t)(sample->row - t->first));
    wn_buffer_text(&t->sink->text, "\n");
    return wn_text_sink_flush(t->sink, run->err);
}

static wn_status write_rows(table *t, wn_error *err)
{
    wn_exporting *run = t->run;
    for (t->first = 0; t->first < run->row_count; t->first += ROWS_AT_ONCE) {
        int64_t count = run->row_count - t->first < ROWS_AT_ONCE ? run->row_count - t->first : ROWS_AT_ONCE;
        if (t->sink) WN_TRY(load_rows(t, (size_t)count, err));
        WN_TRY(wn_workspace_visit_samples(run->workspace, t->first, count, take_sample, t, err));
    }
    return WN_OK;
}

static wn_status write_table(table *t, wn_error *err)
{
    wn_text_sink sink;
    WN_TRY(wn_text_sink_begin(&sink, t->run->options->out, err));
    t->sink = &sink;
    wn_buffer_text(&sink.text, "path");
    for (size_t i = 0; i < t->count; i++) {
        wn_buffer_text(&sink.text, ",");
        wn_text_add_csv(&sink.text, t->columns[i].name);
    }
    wn_buffer_text(&sink.text, "\n");
    return wn_text_sink_end(&sink, write_rows(t, err), err);
}

static void clear(table *t)
{
    for (size_t i = 0; i < t->count; i++) {
        wn_free(t->columns[i].numbers);
        wn_free(t->columns[i].codes);
        wn_free(t->columns[i].words);
    }
    wn_free(t->columns);
    wn_free(t->fields);
    wn_free(t->score_names);
    wn_free(t);
}

wn_status wn_export_table(wn_exporting *run, bool dry_run, wn_error *err)
{
    table *t = wn_calloc(WN_MEMORY_GENERAL, 1, sizeof *t);
    if (!t) return wn_fail(err, WN_NOMEM, "no memory for a table");
    t->run = run;
    wn_status status = wn_roots_load(run->workspace, NULL, 0, WN_ROOTS_KNOWN, &run->roots, err);
    if (!status) status = wn_export_choose_rows(run, err);
    if (!status) status = find_columns(t, err);
    if (!status) status = dry_run ? write_rows(t, err) : write_table(t, err);
    run->out->columns = (int64_t)t->count;
    clear(t);
    return status;
}
