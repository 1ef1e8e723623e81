/* SPDX-License-Identifier: Apache-2.0
 *
 * Items of a set in and out of the catalogue.
 */
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "store/annotation_internal.h"

static wn_status insert_record(wn_workspace *workspace, const wn_annotation_set_record *record, int64_t *id,
                               wn_error *err)
{
    wn_database *database = &workspace->database;
    sqlite3_stmt *insert = NULL;
    wn_status status = wn_database_prepare(database,
                                           "INSERT INTO annotation_sets (role, name, live, task, format, path, "
                                           "created_at, images, items) VALUES (?1, ?2, 0, ?3, ?4, ?5, ?6, ?7, ?8)",
                                           &insert, err);
    if (status == WN_OK) {
        sqlite3_bind_int(insert, 1, (int)record->role);
        wn_database_bind_text(insert, 2, record->name);
        sqlite3_bind_int(insert, 3, (int)record->task);
        wn_database_bind_text(insert, 4, record->format);
        wn_database_bind_text(insert, 5, record->path);
        sqlite3_bind_int64(insert, 6, wn_clock_unix());
        sqlite3_bind_int64(insert, 7, record->images);
        sqlite3_bind_int64(insert, 8, record->items);
        status = wn_database_run(database, insert, err);
        *id = sqlite3_last_insert_rowid(database->handle);
    }
    sqlite3_finalize(insert);
    return status;
}

static wn_status insert_categories(wn_workspace *workspace, int64_t id, const wn_annotations *set, wn_error *err)
{
    wn_database *database = &workspace->database;
    sqlite3_stmt *insert = NULL;
    wn_status status = wn_database_prepare(
        database, "INSERT INTO annotation_categories (set_id, position, id, name) VALUES (?1, ?2, ?3, ?4)", &insert,
        err);
    if (status == WN_OK) sqlite3_bind_int64(insert, 1, id);
    for (size_t i = 0; i < set->category_count && status == WN_OK; i++) {
        sqlite3_bind_int64(insert, 2, (int64_t)i);
        sqlite3_bind_int64(insert, 3, set->categories[i].id);
        wn_database_bind_text(insert, 4, set->categories[i].name);
        status = wn_database_run(database, insert, err);
    }
    sqlite3_finalize(insert);
    return status;
}

static void bind_real(sqlite3_stmt *statement, int at, float value)
{
    if (isfinite(value)) {
        sqlite3_bind_double(statement, at, (double)value);
    } else
        sqlite3_bind_null(statement, at);
}

static void bind_span(sqlite3_stmt *statement, int at, const void *values, wn_annotation_span span)
{
    if (span.count) {
        sqlite3_bind_blob64(statement, at, (const char *)values + span.first * 4, span.count * 4, SQLITE_STATIC);
    } else
        sqlite3_bind_null(statement, at);
}

static void bind_item(sqlite3_stmt *insert, const wn_annotations *set, const wn_annotation_item *item)
{
    bool box = item->flags & WN_ITEM_BOX;
    if (item->category >= 0) {
        sqlite3_bind_int(insert, 4, item->category);
    } else
        sqlite3_bind_null(insert, 4);
    sqlite3_bind_int64(insert, 5, item->flags);
    for (int i = 0; i < 4; i++) bind_real(insert, 6 + i, box ? item->box[i] : NAN);
    bind_real(insert, 10, item->score);
    wn_annotation_span none = {0};
    bind_span(insert, 11, set->numbers, set->task == WN_TASK_CLASSIFICATION ? none : item->probabilities);
    bind_span(insert, 12, set->numbers, item->keypoints);
    bind_span(insert, 13, set->numbers, item->polygon);
    bind_span(insert, 14, set->runs, item->mask);
    if (item->mask.count) {
        sqlite3_bind_int(insert, 15, item->mask_width);
        sqlite3_bind_int(insert, 16, item->mask_height);
    } else {
        sqlite3_bind_null(insert, 15);
        sqlite3_bind_null(insert, 16);
    }
}

typedef struct place {
    int64_t row;
    size_t image;
} place;

static int compare_places(const void *a, const void *b)
{
    const place *x = a, *y = b;
    if (x->row != y->row) return x->row < y->row ? -1 : 1;
    return (x->image > y->image) - (x->image < y->image);
}

/* Images in row order, so that the table grows at its end; two images of one row (two names of one file) follow each
 * other. */
static place *sort_places(const wn_annotations *set, const int64_t *rows, size_t *count)
{
    place *places = wn_alloc(WN_MEMORY_STORE, set->image_count, sizeof *places);
    *count = 0;
    for (size_t i = 0; places && i < set->image_count; i++)
        if (rows[i] >= 0) places[(*count)++] = (place){rows[i], i};
    if (places) qsort(places, *count, sizeof *places, compare_places);
    return places;
}

static wn_status insert_items(wn_workspace *workspace, int64_t id, const wn_annotations *set, const int64_t *rows,
                              wn_error *err)
{
    wn_database *database = &workspace->database;
    sqlite3_stmt *insert = NULL;
    size_t count = 0;
    int64_t position = 0;
    place *places = sort_places(set, rows, &count);
    if (!places) return wn_fail(err, WN_NOMEM, "no memory to store annotations");
    wn_status status = wn_database_prepare(database,
                                           "INSERT INTO annotations (set_id, row, position, category, flags, x, y, "
                                           "width, height, score, probabilities, keypoints, polygon, mask, mask_width, "
                                           "mask_height) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, "
                                           "?13, ?14, ?15, ?16)",
                                           &insert, err);
    if (status == WN_OK) sqlite3_bind_int64(insert, 1, id);
    for (size_t i = 0; i < count && status == WN_OK; i++) {
        const wn_annotation_image *image = &set->images[places[i].image];
        if (i == 0 || places[i].row != places[i - 1].row) position = 0;
        for (size_t j = image->first; j < image->first + image->count && status == WN_OK; j++) {
            if (set->items[j].flags & WN_ITEM_DROPPED) continue;
            sqlite3_bind_int64(insert, 2, places[i].row);
            sqlite3_bind_int64(insert, 3, position++);
            bind_item(insert, set, &set->items[j]);
            status = wn_database_run(database, insert, err);
        }
    }
    sqlite3_finalize(insert);
    wn_free(places);
    return status;
}

wn_status wn_annotation_set_begin(wn_workspace *workspace, const wn_annotation_set_record *record,
                                  const wn_annotations *set, const int64_t *rows, int64_t *id, wn_error *err)
{
    if (!record->name || !*record->name) return wn_fail(err, WN_INVALID, "a set of annotations needs a name");
    WN_TRY(wn_store_begin(workspace, err));
    wn_status status = insert_record(workspace, record, id, err);
    if (status == WN_OK) status = insert_categories(workspace, *id, set, err);
    if (status == WN_OK) status = insert_items(workspace, *id, set, rows, err);
    return wn_store_end(workspace, status, err);
}

/* --- Reading ------------------------------------------------------------------------------------------------------ */

/* Copies a blob of 4-byte values to the end of `out`, which keeps it aligned; its place comes later. */
static size_t copy_blob(wn_buffer *out, sqlite3_stmt *statement, int at)
{
    size_t count = (size_t)sqlite3_column_bytes(statement, at) / 4;
    wn_buffer_add(out, sqlite3_column_blob(statement, at), count * 4);
    return count;
}

static float read_real(sqlite3_stmt *statement, int at)
{
    return sqlite3_column_type(statement, at) == SQLITE_NULL ? NAN : (float)sqlite3_column_double(statement, at);
}

static wn_status read_item(sqlite3_stmt *statement, wn_buffer *values, wn_annotation_record *out, wn_error *err)
{
    *out = (wn_annotation_record){
        .row = sqlite3_column_int64(statement, 0),
        .category = sqlite3_column_type(statement, 1) == SQLITE_NULL ? -1 : sqlite3_column_int(statement, 1),
        .flags = (uint32_t)sqlite3_column_int64(statement, 2),
        .score = read_real(statement, 7),
        .mask_width = sqlite3_column_int(statement, 12),
        .mask_height = sqlite3_column_int(statement, 13)};
    for (int i = 0; i < 4; i++) out->box[i] = read_real(statement, 3 + i);
    wn_buffer_reset(values);
    out->probability_count = copy_blob(values, statement, 8);
    out->keypoint_count = copy_blob(values, statement, 9);
    out->polygon_count = copy_blob(values, statement, 10);
    out->mask_count = copy_blob(values, statement, 11);
    if (values->status) return wn_fail(err, WN_NOMEM, "no memory to read annotations");
    const float *numbers = (const float *)(const void *)values->data;
    if (out->probability_count) out->probabilities = numbers;
    if (out->keypoint_count) out->keypoints = numbers + out->probability_count;
    if (out->polygon_count) out->polygon = numbers + out->probability_count + out->keypoint_count;
    if (out->mask_count)
        out->mask = (const uint32_t *)(const void *)values->data + out->probability_count + out->keypoint_count +
                    out->polygon_count;
    return WN_OK;
}

wn_status wn_annotation_set_visit(wn_workspace *workspace, int64_t set, int64_t row, wn_annotation_visit *visit,
                                  void *context, wn_error *err)
{
    wn_database *database = &workspace->database;
    sqlite3_stmt *statement = NULL;
    wn_buffer values;
    bool found = false;
    wn_buffer_init(&values, WN_MEMORY_STORE, 0);
    wn_status status = wn_database_prepare(
        database,
        "SELECT row, category, flags, x, y, width, height, score, probabilities, keypoints, polygon, mask, mask_width, "
        "mask_height FROM annotations WHERE set_id = ?1 AND row >= ?2 AND row <= ?3 ORDER BY row, position",
        &statement, err);
    if (status == WN_OK) {
        sqlite3_bind_int64(statement, 1, set);
        sqlite3_bind_int64(statement, 2, row < 0 ? 0 : row);
        sqlite3_bind_int64(statement, 3, row < 0 ? INT64_MAX : row);
    }
    while (status == WN_OK && (status = wn_database_step(database, statement, &found, err)) == WN_OK && found) {
        wn_annotation_record record;
        status = read_item(statement, &values, &record, err);
        if (status == WN_OK) status = visit(context, &record);
    }
    sqlite3_finalize(statement);
    wn_buffer_clear(&values);
    return status;
}
