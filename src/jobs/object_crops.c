/* SPDX-License-Identifier: Apache-2.0
 *
 * From objects to embeddings: images are read by windows, each once for all its objects, in the order of the rows;
 * what lies in tars is read in a walk over each tar.
 */
#include "jobs/find_model.h"
#include "jobs/objects.h"
#include "jobs/open_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "winnow/log.h"
#include "winnow/memory.h"

enum { WINDOW_CROPS = 512, NAMED_BAD = 3 };
static const uint64_t HELD_BYTES = (uint64_t)64 << 20; /* members of compressed tars, until they are read */

/* An image with objects to embed: list->items[first .. first + count), some of which may have a slot. */
typedef struct image {
    uint32_t position, first, count;
    char *path, *member; /* member points into path */
    wn_entry entry;
    uint64_t size; /* when the workspace read it */
    int64_t mtime_ns;
    size_t crop, crops; /* its place in the window */
    wn_status status;
    char reason[160];
} image;

typedef struct embedding {
    const wn_job *job;
    const wn_object_embedding *given;
    wn_roots roots;
    wn_model *model;
    size_t side, dim;
    wn_reader **readers;
    unsigned reader_count;
    image *images; /* all; those of plain files first, then by tar */
    size_t image_count, tars;
    size_t walk, walk_end; /* of the tar that is walked */
    /* the window */
    image **window;
    size_t window_len, crops, capacity;
    uint64_t held;
    wn_crop *boxes;
    uint32_t *which;
    uint8_t *squares;
    float *aspects, *vectors;
    uint64_t done, total;
    size_t unreadable;
} embedding;

/* ---- the images ---- */

/* The boxes are those of the pixels that the workspace has read: other pixels are not cut by them. */
static void compare_file(image *one, uint64_t size, int64_t mtime_ns)
{
    if (size == one->size && mtime_ns == one->mtime_ns) return;
    one->status = WN_INVALID;
    snprintf(one->reason, sizeof one->reason, "has changed since it was read; 'winnow add' reads it again");
}

/* Where a row's file is, and whether it is the one that was read. */
static wn_status locate(embedding *e, image *one, wn_error *err)
{
    wn_sample *sample = NULL;
    struct stat info;
    WN_TRY(wn_workspace_get_sample(e->given->workspace, e->given->rows->rows[one->position], &sample, err));
    const wn_root *root = wn_roots_find(&e->roots, sample->source);
    one->path = root ? wn_sample_path(root->kind, root->path, sample->name, sample->name_len) : NULL;
    one->size = sample->size;
    one->mtime_ns = sample->mtime_ns;
    wn_free(sample);
    if (!root) return wn_fail(err, WN_CORRUPT, "row %lld of the workspace is in no source", (long long)one->position);
    if (!one->path) return wn_fail(err, WN_NOMEM, "out of memory");
    wn_sample_path_split(one->path, &one->member);
    one->entry = (wn_entry){.path = one->path, .name = one->path};
    if (!one->member && stat(one->path, &info) == 0)
        compare_file(one, (uint64_t)info.st_size, (int64_t)info.st_mtim.tv_sec * 1000000000 + info.st_mtim.tv_nsec);
    return WN_OK;
}

static bool is_new(const wn_object_list *list, size_t i, size_t first)
{
    const wn_object *object = &list->items[i];
    return object->slot < 0 && (i == first || memcmp(&object->key, &object[-1].key, sizeof object->key) != 0);
}

static int compare_images(const void *a, const void *b)
{
    const image *x = a, *y = b;
    if (!x->member != !y->member) return x->member ? 1 : -1;
    if (x->member) {
        int order = strcmp(x->path, y->path);
        if (!order) order = strcmp(x->member, y->member);
        if (order) return order;
    }
    return x->position < y->position ? -1 : x->position > y->position;
}

static wn_status list_images(embedding *e, wn_error *err)
{
    const wn_object_list *list = e->given->list;
    size_t most = 0;
    for (size_t i = 0; i < list->len; i++) most += i == 0 || list->items[i].position != list->items[i - 1].position;
    if (!(e->images = wn_calloc(WN_MEMORY_GENERAL, most, sizeof *e->images)))
        return wn_fail(err, WN_NOMEM, "no memory for a list of %zu images", most);
    for (size_t first = 0, end; first < list->len; first = end) {
        size_t fresh = 0;
        for (end = first; end < list->len && list->items[end].position == list->items[first].position; end++)
            fresh += is_new(list, end, first);
        if (!fresh) continue;
        image *one = &e->images[e->image_count++];
        one->position = list->items[first].position;
        one->first = (uint32_t)first;
        one->count = (uint32_t)(end - first);
        one->crops = fresh;
        e->total += fresh;
        WN_TRY(locate(e, one, err));
    }
    qsort(e->images, e->image_count, sizeof *e->images, compare_images);
    for (size_t i = 0; i < e->image_count; i++) e->tars += e->images[i].member != NULL;
    return WN_OK;
}

/* ---- one window ---- */

static wn_status reserve(embedding *e, size_t crops, wn_error *err)
{
    if (crops <= e->capacity) return WN_OK;
    wn_free(e->boxes);
    wn_free(e->which);
    wn_free(e->squares);
    wn_free(e->aspects);
    wn_free(e->vectors);
    e->capacity = crops;
    e->boxes = wn_alloc(WN_MEMORY_IMAGE, crops, sizeof *e->boxes);
    e->which = wn_alloc(WN_MEMORY_IMAGE, crops, sizeof *e->which);
    e->squares = wn_alloc(WN_MEMORY_IMAGE, crops, e->side * e->side * 3);
    e->aspects = wn_alloc(WN_MEMORY_IMAGE, crops, sizeof *e->aspects);
    e->vectors = wn_alloc(WN_MEMORY_MATRIX, crops, e->dim * sizeof *e->vectors);
    if (!e->boxes || !e->which || !e->squares || !e->aspects || !e->vectors)
        return wn_fail(err, WN_NOMEM, "no memory for %zu objects at a time", crops);
    return WN_OK;
}

/* The crops of the window's images, one after the other. */
static void place_crops(embedding *e)
{
    const wn_object_list *list = e->given->list;
    size_t at = 0;
    for (size_t i = 0; i < e->window_len; i++) {
        image *one = e->window[i];
        one->crop = at;
        for (size_t j = one->first; j < (size_t)one->first + one->count; j++) {
            if (!is_new(list, j, one->first)) continue;
            e->which[at] = (uint32_t)j;
            e->boxes[at] = list->items[j].crop;
            e->aspects[at] = list->items[j].crop.width / list->items[j].crop.height;
            at++;
        }
    }
}

static void read_images(void *context, size_t begin, size_t end, unsigned worker)
{
    embedding *e = context;
    for (size_t i = begin; i < end; i++) {
        image *one = e->window[i];
        wn_error why = {0};
        const wn_image_size size = e->given->list->sizes[one->position];
        wn_crop_request request = {e->boxes + one->crop, one->crops, size.width, size.height, (int)e->side};
        uint8_t *out = e->squares + one->crop * e->side * e->side * 3;
        if (one->status) continue;
        one->status = wn_reader_read_crops(e->readers[worker], &one->entry, &request, out, &why);
        if (one->status) snprintf(one->reason, sizeof one->reason, "%.150s", why.message);
    }
}

/* Moves the crops of the images that could be read together, and says what became of the others. */
static size_t drop_unreadable(embedding *e)
{
    const size_t bytes = e->side * e->side * 3;
    size_t kept = 0;
    for (size_t i = 0; i < e->window_len; i++) {
        const image *one = e->window[i];
        if (one->status) {
            const wn_log_level level = e->unreadable++ < NAMED_BAD ? WN_LOG_WARNING : WN_LOG_VERBOSE;
            wn_log(level, "%s: %s; its objects are left out", one->path, one->reason);
            continue;
        }
        if (kept != one->crop) {
            memmove(e->squares + kept * bytes, e->squares + one->crop * bytes, one->crops * bytes);
            memmove(e->which + kept, e->which + one->crop, one->crops * sizeof *e->which);
            memmove(e->aspects + kept, e->aspects + one->crop, one->crops * sizeof *e->aspects);
        }
        kept += one->crops;
    }
    return kept;
}

/* Reads, cuts and embeds what the window holds, and empties it. */
static wn_status flush(embedding *e, wn_error *err)
{
    if (!e->window_len) return WN_OK;
    WN_TRY(reserve(e, e->crops, err));
    place_crops(e);
    wn_pool_for(e->job->pool, e->window_len, 1, read_images, e);
    const size_t crops = drop_unreadable(e);
    for (size_t i = 0; i < e->window_len; i++) {
        wn_free((void *)(uintptr_t)e->window[i]->entry.bytes);
        e->window[i]->entry.bytes = NULL;
    }
    e->done += e->crops;
    e->window_len = e->crops = 0;
    e->held = 0;
    if (crops) {
        wn_model_fit(e->model, e->job->pool, e->squares, crops, e->aspects);
        WN_TRY(wn_model_embed(e->model, e->job->pool, e->squares, crops, e->vectors, err));
        WN_TRY(e->given->sink(e->given->context, e->which, e->vectors, crops, err));
    }
    wn_progress_report report = {.stage = "objects", .unit = "objects", .done = e->done, .total = e->total};
    if (wn_progress_tell(e->job->progress, &report) && e->done < e->total)
        return wn_fail(err, WN_CANCELLED, "stopped while embedding objects");
    return WN_OK;
}

static wn_status note_image(embedding *e, image *one, wn_error *err)
{
    if (e->window_len && e->crops + one->crops > WINDOW_CROPS) WN_TRY(flush(e, err));
    e->window[e->window_len++] = one;
    e->crops += one->crops;
    return e->held > HELD_BYTES ? flush(e, err) : WN_OK;
}

/* ---- tars ---- */

static wn_status note_member(void *context, const wn_entry *entry, wn_error *err)
{
    embedding *e = context;
    if (!entry->member) return WN_OK;
    image wanted = {.path = e->images[e->walk].path, .member = (char *)(uintptr_t)entry->member};
    for (size_t low = e->walk, high = e->walk_end; low < high;) {
        size_t middle = low + (high - low) / 2;
        image *one = &e->images[middle];
        int order = strcmp(wanted.member, one->member);
        if (order < 0) {
            high = middle;
        } else if (order > 0) {
            low = middle + 1;
        } else {
            if (one->entry.member) return WN_OK; /* a later member of the same name */
            one->entry = *entry;
            one->entry.path = one->path;
            one->entry.name = one->entry.member = one->member;
            one->entry.bytes = NULL;
            compare_file(one, entry->size, entry->mtime_ns);
            if (entry->bytes) {
                void *bytes = wn_alloc(WN_MEMORY_IMAGE, entry->size, 1);
                if (!bytes) return wn_fail(err, WN_NOMEM, "no memory for '%s'", entry->name);
                memcpy(bytes, entry->bytes, entry->size);
                one->entry.bytes = bytes;
                e->held += entry->size;
            }
            return note_image(e, one, err);
        }
    }
    return WN_OK;
}

static wn_status embed_tars(embedding *e, wn_error *err)
{
    for (e->walk = e->image_count - e->tars; e->walk < e->image_count; e->walk = e->walk_end) {
        const char *tar = e->images[e->walk].path;
        for (e->walk_end = e->walk; e->walk_end < e->image_count; e->walk_end++)
            if (strcmp(e->images[e->walk_end].path, tar) != 0) break;
        WN_TRY(wn_source_walk(&tar, 1, NULL, NULL, note_member, e, NULL, err));
        WN_TRY(flush(e, err));
        for (size_t i = e->walk; i < e->walk_end; i++) e->unreadable += !e->images[i].entry.member;
    }
    return WN_OK;
}

/* ---- all ---- */

static wn_status open_model(embedding *e, wn_error *err)
{
    char *name = NULL, *file = NULL;
    const unsigned threads = wn_pool_threads(e->job->pool);
    wn_read_request request = {.thumb_side = -1, .input_side = -1};
    wn_read_limits limits = {.readers = threads};
    wn_status status = wn_find_model(e->given->workspace, e->given->model, &name, &file, err);
    if (!status) status = wn_open_model(file, WN_PRECISION_AUTO, NULL, &e->model, err);
    wn_free(name);
    wn_free(file);
    WN_TRY(status);
    e->side = wn_model_get_info(e->model)->side;
    e->dim = wn_model_get_info(e->model)->dim;
    const uint64_t window = (uint64_t)WINDOW_CROPS * (e->side * e->side * 3 + e->dim * sizeof(float));
    WN_TRY(wn_job_plan(e->job, "embedding objects",
                       wn_model_get_memory(e->model, threads) + window + threads * ((uint64_t)64 << 20), err));
    if (!(e->readers = wn_calloc(WN_MEMORY_IMAGE, threads, sizeof *e->readers)))
        return wn_fail(err, WN_NOMEM, "out of memory");
    for (; e->reader_count < threads; e->reader_count++)
        WN_TRY(wn_reader_new(&limits, &request, &e->readers[e->reader_count], err));
    return WN_OK;
}

static wn_status run(embedding *e, wn_error *err)
{
    WN_TRY(wn_media_init(err));
    WN_TRY(wn_roots_load(e->given->workspace, NULL, 0, WN_ROOTS_KNOWN, &e->roots, err));
    WN_TRY(list_images(e, err));
    WN_TRY(open_model(e, err));
    if (!(e->window = wn_alloc(WN_MEMORY_GENERAL, e->image_count, sizeof(image *))))
        return wn_fail(err, WN_NOMEM, "out of memory");
    for (size_t i = 0; i + e->tars < e->image_count; i++) WN_TRY(note_image(e, &e->images[i], err));
    WN_TRY(flush(e, err));
    return embed_tars(e, err);
}

wn_status wn_object_embed(const wn_job *job, const wn_object_embedding *given, size_t *unreadable, wn_error *err)
{
    embedding e = {.job = job, .given = given};
    wn_status status = run(&e, err);
    *unreadable = e.unreadable;
    for (unsigned i = 0; i < e.reader_count; i++) wn_reader_free(&e.readers[i]);
    for (size_t i = 0; i < e.image_count; i++) {
        wn_free((void *)(uintptr_t)e.images[i].entry.bytes);
        wn_free(e.images[i].path);
    }
    wn_free(e.readers);
    wn_free(e.images);
    wn_free(e.window);
    wn_free(e.boxes);
    wn_free(e.which);
    wn_free(e.squares);
    wn_free(e.aspects);
    wn_free(e.vectors);
    wn_model_close(&e.model);
    wn_roots_clear(&e.roots);
    if (!status && e.unreadable)
        wn_log(WN_LOG_WARNING, "the objects of %zu images could not be read; those images count as without objects",
               e.unreadable);
    return status;
}
