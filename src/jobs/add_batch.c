/* SPDX-License-Identifier: Apache-2.0
 *
 * Facts become columns, names and times become catalogue rows. A file that failed for a reason outside of itself (it
 * vanished, it may not be read) is remembered with an impossible time, so that the next run tries it again.
 */
#include "jobs/add_batch.h"

#include <string.h>

#include "base/error.h"
#include "winnow/memory.h"

static const struct {
    const char *name;
    wn_column_type type;
    size_t width, bytes;
} columns[WN_FACT_COLUMN_COUNT] = {
#define BYTES_HASH128            16
#define BYTES_I64                8
#define BYTES_F32                4
#define X(id, name, type, width) {name, WN_COLUMN_##type, width, BYTES_##type * width},
    WN_FACT_COLUMN_MAP(X)
#undef X
};

wn_status wn_add_batch_create_columns(wn_workspace *workspace, int64_t input_side, wn_error *err)
{
    for (size_t i = 0; i < WN_FACT_COLUMN_COUNT; i++)
        WN_TRY(wn_column_create(workspace, columns[i].name, columns[i].type, columns[i].width, err));
    return wn_column_create(workspace, WN_INPUT_COLUMN, WN_COLUMN_U8, (size_t)(input_side * input_side * 3), err);
}

void wn_add_batch_init(wn_add_batch *batch, int64_t input_side)
{
    *batch = (wn_add_batch){.input_bytes = (size_t)(input_side * input_side * 3)};
}

void wn_add_batch_clear(wn_add_batch *batch)
{
    wn_free(batch->samples);
    wn_free(batch->thumbs);
    wn_free(batch->bad);
    wn_free(batch->gone);
    wn_free(batch->inputs);
    for (size_t i = 0; i < WN_FACT_COLUMN_COUNT; i++) wn_free(batch->columns[i]);
    *batch = (wn_add_batch){0};
}

static wn_status reserve(wn_add_batch *batch, size_t count, wn_error *err)
{
    if (count <= batch->capacity) return WN_OK;
    size_t input_bytes = batch->input_bytes;
    wn_add_batch_clear(batch);
    batch->input_bytes = input_bytes;
    batch->samples = wn_calloc(WN_MEMORY_STORE, count, sizeof *batch->samples);
    batch->thumbs = wn_calloc(WN_MEMORY_STORE, count, sizeof *batch->thumbs);
    batch->bad = wn_calloc(WN_MEMORY_STORE, count, sizeof *batch->bad);
    batch->gone = wn_calloc(WN_MEMORY_STORE, count, sizeof *batch->gone);
    batch->inputs = wn_alloc(WN_MEMORY_STORE, count, input_bytes);
    bool good = batch->samples && batch->thumbs && batch->bad && batch->gone && batch->inputs;
    for (size_t i = 0; i < WN_FACT_COLUMN_COUNT; i++) {
        batch->columns[i] = wn_alloc(WN_MEMORY_STORE, count, columns[i].bytes);
        good = good && batch->columns[i];
    }
    if (!good) return wn_fail(err, WN_NOMEM, "no memory for a batch of %zu files", count);
    batch->capacity = count;
    return WN_OK;
}

static void fill_columns(wn_add_batch *batch, size_t at, const wn_read_result *result)
{
    const wn_facts *facts = &result->facts;
    const void *values[WN_FACT_COLUMN_COUNT] = {
        [WN_FACT_COLUMN_BYTE_HASH] = facts->byte_hash,
        [WN_FACT_COLUMN_PIXEL_HASH] = facts->pixel_hash,
        [WN_FACT_COLUMN_PHASH] = &facts->phash,
        [WN_FACT_COLUMN_LUMINANCE] = &facts->luminance,
        [WN_FACT_COLUMN_CONTRAST] = &facts->contrast,
        [WN_FACT_COLUMN_SHARPNESS] = &facts->sharpness,
        [WN_FACT_COLUMN_NOISE] = &facts->signal_to_noise,
        [WN_FACT_COLUMN_UNIFORM] = &facts->uniform_row_ratio,
        [WN_FACT_COLUMN_MEAN] = facts->mean,
        [WN_FACT_COLUMN_DEVIATION] = facts->deviation,
    };
    for (size_t i = 0; i < WN_FACT_COLUMN_COUNT; i++)
        memcpy((char *)batch->columns[i] + at * columns[i].bytes, values[i], columns[i].bytes);
    memcpy(batch->inputs + at * batch->input_bytes, result->input, batch->input_bytes);
}

static void fill_sample(wn_add_batch *batch, size_t at, const wn_roots *roots, const wn_read_result *result)
{
    const wn_entry *entry = result->entry;
    const wn_facts *facts = &result->facts;
    batch->samples[at] = (wn_sample){
        .source = roots->items[entry->root].source,
        .name = entry->name,
        .name_len = strlen(entry->name),
        .size = entry->size,
        .mtime_ns = entry->mtime_ns,
        .width = (int32_t)facts->width,
        .height = (int32_t)facts->height,
        .format = facts->format,
        .captured_at = facts->captured[0] ? facts->captured_unix : WN_CAPTURED_UNKNOWN,
        .camera = facts->model[0]  ? facts->model
                  : facts->make[0] ? facts->make
                                   : NULL,
    };
    batch->thumbs[at] = (wn_sample_thumb){result->thumb, result->thumb_len};
    fill_columns(batch, at, result);
}

static bool may_mend(wn_status status)
{
    return status == WN_IO || status == WN_NOTFOUND || status == WN_NOMEM;
}

static void fill_bad(wn_bad_file *bad, const wn_roots *roots, const wn_read_result *result)
{
    const wn_entry *entry = result->entry;
    *bad = (wn_bad_file){
        .source = roots->items[entry->root].source,
        .name = entry->name,
        .name_len = strlen(entry->name),
        .size = entry->size,
        .mtime_ns = may_mend(result->status) ? WN_RETRY_TIME : entry->mtime_ns,
        .reason = result->reason,
    };
}

wn_status wn_add_batch_write(wn_add_batch *batch, wn_workspace *workspace, const wn_roots *roots,
                             const wn_read_result *results, const int64_t *replaced, size_t count, wn_error *err)
{
    wn_sample_column given[WN_FACT_COLUMN_COUNT + 1];
    size_t good = 0, bad = 0, gone = 0;
    WN_TRY(reserve(batch, count, err));
    for (size_t i = 0; i < count; i++) {
        if (replaced[i] >= 0) batch->gone[gone++] = replaced[i];
        if (results[i].status)
            fill_bad(&batch->bad[bad++], roots, &results[i]);
        else
            fill_sample(batch, good++, roots, &results[i]);
    }
    for (size_t i = 0; i < WN_FACT_COLUMN_COUNT; i++) given[i] = (wn_sample_column){columns[i].name, batch->columns[i]};
    given[WN_FACT_COLUMN_COUNT] = (wn_sample_column){WN_INPUT_COLUMN, batch->inputs};
    wn_sample_batch all = {.samples = batch->samples,
                           .sample_count = good,
                           .columns = given,
                           .column_count = good ? WN_FACT_COLUMN_COUNT + 1 : 0,
                           .thumbs = batch->thumbs,
                           .bad = batch->bad,
                           .bad_count = bad,
                           .gone = batch->gone,
                           .gone_count = gone};
    return wn_workspace_append(workspace, &all, NULL, err);
}
