/* SPDX-License-Identifier: Apache-2.0
 *
 * Embeddings of objects in a workspace: two columns for each model, one of keys and one of vectors, whose rows are
 * objects in the order in which they were first asked for. A key without its vector cannot be: vectors are appended
 * first, and a kill between the two leaves vectors that nobody names.
 */
#include "jobs/objects.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "winnow/log.h"
#include "winnow/memory.h"

typedef struct kept_key {
    wn_hash128 key;
    int64_t slot;
} kept_key;

typedef struct keeping {
    const wn_job *job;
    wn_workspace *workspace;
    char vectors[WN_COLUMN_NAME_MAX + 1], keys[WN_COLUMN_NAME_MAX + 1]; /* names of the columns */
    size_t dim;
    wn_object_list list;
    wn_objects *out;
} keeping;

void wn_objects_clear(wn_objects *objects)
{
    wn_free(objects->vectors);
    wn_free(objects->owners);
    *objects = (wn_objects){0};
}

static int compare_keys(const void *a, const void *b)
{
    const kept_key *x = a, *y = b;
    return memcmp(&x->key, &y->key, sizeof x->key);
}

/* All keys that are kept, sorted; `*count` 0 where nothing is. */
static wn_status load_keys(keeping *k, kept_key **out, size_t *count, wn_error *err)
{
    wn_column_info info;
    wn_column *column = NULL;
    *out = NULL;
    *count = 0;
    wn_status status = wn_column_find(k->workspace, k->keys, &info, err);
    if (status == WN_NOTFOUND || (!status && !info.rows)) return WN_OK;
    WN_TRY(status);
    WN_TRY(wn_column_open(k->workspace, k->keys, &column, err));
    const size_t rows = (size_t)info.rows;
    wn_hash128 *keys = wn_alloc(WN_MEMORY_GENERAL, rows, sizeof *keys);
    kept_key *kept = wn_alloc(WN_MEMORY_GENERAL, rows, sizeof *kept);
    status = keys && kept ? wn_column_read(column, 0, rows, keys, err)
                          : wn_fail(err, WN_NOMEM, "no memory for the keys of %zu objects", rows);
    for (size_t i = 0; i < rows && !status; i++) kept[i] = (kept_key){keys[i], (int64_t)i};
    wn_column_close(&column);
    wn_free(keys);
    if (status) {
        wn_free(kept);
        return status;
    }
    qsort(kept, rows, sizeof *kept, compare_keys);
    *out = kept;
    *count = rows;
    return WN_OK;
}

/* Slots of the objects that are kept; `*missing` = those of the others that differ from the one before. */
static wn_status find_slots(keeping *k, size_t *missing, wn_error *err)
{
    kept_key *kept = NULL;
    size_t count = 0;
    *missing = 0;
    WN_TRY(load_keys(k, &kept, &count, err));
    for (size_t i = 0; i < k->list.len; i++) {
        wn_object *object = &k->list.items[i];
        const kept_key wanted = {object->key, 0};
        const kept_key *found = count ? bsearch(&wanted, kept, count, sizeof *kept, compare_keys) : NULL;
        object->slot = found ? found->slot : -1;
        *missing += !found && (i == 0 || memcmp(&object->key, &object[-1].key, sizeof object->key) != 0);
    }
    wn_free(kept);
    return WN_OK;
}

static wn_status keep_block(void *context, const uint32_t *which, const float *vectors, size_t count, wn_error *err)
{
    keeping *k = context;
    wn_column_info by_vector, by_key;
    WN_TRY(wn_column_find(k->workspace, k->vectors, &by_vector, err));
    WN_TRY(wn_column_find(k->workspace, k->keys, &by_key, err));
    const int64_t first = by_vector.rows > by_key.rows ? by_vector.rows : by_key.rows;
    wn_hash128 *keys = wn_alloc(WN_MEMORY_GENERAL, count, sizeof *keys);
    if (!keys) return wn_fail(err, WN_NOMEM, "out of memory");
    for (size_t i = 0; i < count; i++) keys[i] = k->list.items[which[i]].key;
    wn_status status = wn_column_append(k->workspace, k->vectors, first, vectors, count, err);
    if (!status) status = wn_column_append(k->workspace, k->keys, first, keys, count, err);
    wn_free(keys);
    k->out->fresh += count;
    return status;
}

static wn_status embed_missing(keeping *k, const wn_objects_request *request, size_t missing, wn_error *err)
{
    wn_object_embedding embedding = {.workspace = k->workspace,
                                     .rows = request->rows,
                                     .model = request->model,
                                     .list = &k->list,
                                     .sink = keep_block,
                                     .context = k};
    wn_log(WN_LOG_INFO, "embedding %zu objects of '%s' that have no embedding yet", missing,
           request->made ? request->made->name : request->task);
    WN_TRY(wn_column_create(k->workspace, k->vectors, WN_COLUMN_F32, k->dim, err));
    WN_TRY(wn_column_create(k->workspace, k->keys, WN_COLUMN_HASH128, 1, err));
    WN_TRY(wn_object_embed(k->job, &embedding, &k->out->unreadable, err));
    return find_slots(k, &missing, err);
}

/* The vectors of all objects that have one, and their owners. */
static wn_status gather(keeping *k, wn_error *err)
{
    wn_objects *out = k->out;
    wn_column *column = NULL;
    const uint64_t bytes = (uint64_t)k->list.len * (k->dim * sizeof(float) + 16);
    WN_TRY(wn_job_plan(k->job, "loading the embeddings of objects", bytes, err));
    int64_t *slots = wn_alloc(WN_MEMORY_GENERAL, k->list.len, sizeof *slots);
    out->owners = wn_alloc(WN_MEMORY_SELECTION, k->list.len, sizeof *out->owners);
    out->vectors = wn_alloc(WN_MEMORY_MATRIX, k->list.len, k->dim * sizeof *out->vectors);
    wn_status status = slots && out->owners && out->vectors
                           ? WN_OK
                           : wn_fail(err, WN_NOMEM, "no memory for the embeddings of %zu objects", k->list.len);
    for (size_t i = 0; i < k->list.len && !status; i++) {
        const wn_object *object = &k->list.items[i];
        if (object->slot < 0) continue;
        out->images += out->len == 0 || out->owners[out->len - 1] != (int64_t)object->position;
        out->owners[out->len] = (int64_t)object->position;
        slots[out->len++] = object->slot;
    }
    if (!status && out->len) status = wn_column_open(k->workspace, k->vectors, &column, err);
    if (!status && out->len) status = wn_column_gather(column, slots, out->len, out->vectors, err);
    wn_column_close(&column);
    wn_free(slots);
    return status;
}

/* "embedding.HASH" gives "objects.HASH" and "object_keys.HASH". */
static void name_columns(keeping *k, const char *column)
{
    const char *dot = strchr(column, '.'), *hash = dot ? dot : "";
    snprintf(k->vectors, sizeof k->vectors, "objects%s", hash);
    snprintf(k->keys, sizeof k->keys, "object_keys%s", hash);
}

/* The objects that are asked for, with the slots of those that have an embedding; `*missing` = how many have none. */
static wn_status list_objects(keeping *k, const wn_objects_request *request, size_t *missing, wn_error *err)
{
    name_columns(k, request->column);
    if (request->made)
        WN_TRY(wn_object_regions(k->workspace, request->made, request->rows, &k->list, err));
    else
        WN_TRY(wn_object_boxes(k->workspace, request->task, request->rows, &k->list, err));
    return find_slots(k, missing, err);
}

static wn_status run(keeping *k, const wn_objects_request *request, wn_error *err)
{
    size_t missing = 0;
    wn_column_info info;
    WN_TRY(wn_column_find(k->workspace, request->column, &info, err));
    k->dim = info.width;
    WN_TRY(list_objects(k, request, &missing, err));
    k->out->small = k->list.small + k->list.outside;
    k->out->dim = k->dim;
    if (missing) WN_TRY(embed_missing(k, request, missing, err));
    return gather(k, err);
}

wn_status wn_stage_objects(const wn_job *job, wn_workspace *workspace, const wn_objects_request *request,
                           wn_objects *out, wn_error *err)
{
    keeping k = {.job = job, .workspace = workspace, .out = out};
    *out = (wn_objects){0};
    wn_status status = run(&k, request, err);
    wn_object_list_clear(&k.list);
    if (status) wn_objects_clear(out);
    return status;
}

wn_status wn_objects_count_missing(wn_workspace *workspace, const wn_objects_request *request, size_t *missing,
                                   wn_error *err)
{
    keeping k = {.workspace = workspace};
    wn_status status = list_objects(&k, request, missing, err);
    wn_object_list_clear(&k.list);
    return status;
}
